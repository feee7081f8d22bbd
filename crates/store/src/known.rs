//! Other cases of the same person, and those that a case names: what a link to them says, as far as
//! the viewer may know of them. Their histories are not read, because a page shows up to twenty.

use crate::{
    CasePage, Store,
    db::{Error, Stmt},
    dossier,
};
use domain::{
    access::{self, Viewer},
    case::{Case, CaseId},
    field::Meaning,
    pack::{Level, Pack},
    workflow::Code,
};

static SAME_PERSON: Stmt = Stmt::new(
    "SELECT c.body FROM people p JOIN cases c ON c.id = p.case_id
     WHERE p.tag = $1 ORDER BY p.case_id DESC LIMIT $2",
);
/// The newest cases of a telephone that are shown.
const MOST_SAME: i64 = 20;
/// The newest cases of a name that are looked at: most are of somebody else of that name.
const MOST_NAMED: i64 = 200;
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&SAME_PERSON];

/// What a link to a case says to somebody who may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCase {
    /// Its id.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// Workflow.
    pub workflow: Code,
    /// Where it stands.
    pub state: Code,
    /// Category.
    pub category: Code,
    /// Where it happened.
    pub place: Code,
    /// Whether anything is still to be done.
    pub is_open: bool,
}

impl Store {
    /// Earlier cases of the same telephone that the viewer may know of, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn same_phone(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        phone: &str,
    ) -> Result<Vec<KnownCase>, Error> {
        let Some(tag) = dossier::phone_tag(&self.keys, phone) else { return Ok(Vec::new()) };
        self.tagged(pack, viewer, (tag, MOST_SAME)).await
    }

    /// Cases of somebody of this name in the county of a place, as far as the viewer may know of them: the
    /// same person may call from another telephone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn same_name(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        (name, place): (&str, &str),
    ) -> Result<Vec<KnownCase>, Error> {
        let county = |place: &str| pack.regions.at_level(place, Level::County).map(|r| &r.code);
        let Some(here) = county(place) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for tag in dossier::tags_of(&self.keys, Meaning::Name, name) {
            found.extend(self.tagged(pack, viewer, (tag, MOST_NAMED)).await?);
        }
        found.retain(|one| county(&one.place) == Some(here));
        Ok(found)
    }

    async fn tagged(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        (tag, most): ([u8; 16], i64),
    ) -> Result<Vec<KnownCase>, Error> {
        let rows = self.db.read().await?.rows(&SAME_PERSON, &[(&tag).into(), most.into()]).await?;
        let cases = rows.iter().map(|row| crate::parse_case(row, 0));
        let known = |case| self.as_known(pack, viewer, case);
        cases.map(|case| case.map(known)).filter_map(Result::transpose).collect()
    }

    /// Other cases of the telephone in this one, as far as the viewer may know of them. Only for
    /// eyes that may see it whole.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn same_phones(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        page: &CasePage,
    ) -> Result<Vec<KnownCase>, Error> {
        let Some(tag) = page.phone else { return Ok(Vec::new()) };
        let mut others = self.tagged(pack, viewer, (tag, MOST_SAME)).await?;
        others.retain(|other| other.id != page.case.id);
        Ok(others)
    }

    /// Cases with these ids, without their histories, as far as the viewer may know of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_cases(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        ids: impl IntoIterator<Item = CaseId>,
    ) -> Result<Vec<KnownCase>, Error> {
        let mut reader = self.db.page().await?;
        let mut found = Vec::new();
        for id in ids {
            let head = self.head(&mut reader, id).await?;
            found.extend(head.and_then(|head| self.as_known(pack, viewer, head.case)));
        }
        Ok(found)
    }

    fn as_known(&self, pack: &Pack, viewer: &Viewer, case: Case) -> Option<KnownCase> {
        access::rights(pack, viewer, &case)?;
        Some(KnownCase {
            id: case.id,
            number: self.number_of(pack, &case),
            is_open: case.is_open(pack),
            workflow: case.workflow,
            state: case.state,
            category: case.category,
            place: case.place,
        })
    }
}
