//! Full-text search over sealed texts: the index finds candidates by keyed hashes, newest first;
//! each is then opened and compared, so that what is shown really holds what was typed and the
//! viewer may really see the part that holds it.

use crate::{
    Store,
    db::{Error, P, Reader, Stmt},
    sight,
};
use domain::{
    access::Viewer,
    case::{Case, CaseId},
    field::Meaning,
    pack::Pack,
};
use std::collections::BTreeSet;
use vault::{Query, WordHash, normalise_phone};

/// On PostgreSQL the index is asked first; otherwise the planner walks the newest documents one
/// by one in search of a rare word.
static FIND: Stmt = Stmt::split(
    "WITH hits AS MATERIALIZED (SELECT doc FROM words WHERE line @@ CAST(CAST($1 AS TEXT) AS tsquery))
     SELECT h.doc, e.case_id FROM hits h JOIN entries e ON e.pos = h.doc
     WHERE h.doc < $2 ORDER BY h.doc DESC LIMIT $3",
    "SELECT w.rowid, e.case_id FROM words w JOIN entries e ON e.pos = w.rowid
     WHERE words MATCH $1 AND w.rowid < $2 ORDER BY w.rowid DESC LIMIT $3",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&FIND];

/// Candidates read at a time.
const CHUNK: i64 = 64;
/// Candidates opened before a search says that it shows only the newest.
const MOST: usize = 2_000;

/// A case that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The case.
    pub case: Case,
    /// Its number.
    pub number: String,
    /// One line of the story, if the viewer may see it.
    pub summary: String,
}

impl Store {
    /// The newest cases that hold every word of the query in a part that the viewer may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        typed: &str,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        if let Some(hit) = self.by_number(pack, viewer, typed).await? {
            return Ok(vec![hit]);
        }
        if let Some(number) = dialled(typed) {
            let hits = self.find(pack, viewer, &Query::parse(&number), limit).await?;
            if !hits.is_empty() || number == typed {
                return Ok(hits);
            }
        }
        self.find(pack, viewer, &Query::parse(typed), limit).await
    }

    async fn find(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        query: &Query,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let words = self.index_query(query);
        let mut hits: Vec<Hit> = Vec::new();
        let mut seen: BTreeSet<CaseId> = BTreeSet::new();
        let mut below = i64::MAX;
        let mut reader = self.db.page().await?;
        while hits.len() < limit && seen.len() < MOST {
            let params = [P::Text(&words), below.into(), CHUNK.into()];
            let rows = reader.rows(&FIND, &params).await?;
            for row in &rows {
                below = row.int(0)?;
                let case = row.int(1)?;
                if hits.len() < limit && seen.insert(case) {
                    hits.extend(self.verified(&mut reader, pack, viewer, (case, query)).await?);
                }
            }
            if i64::try_from(rows.len()).is_ok_and(|n| n < CHUNK) {
                break;
            }
        }
        Ok(hits)
    }

    fn index_query(&self, query: &Query) -> String {
        let hashes = query.hashes(&self.keys);
        WordHash::joined(&hashes, if self.db.is_lite() { " " } else { " & " })
    }

    async fn by_number(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        typed: &str,
    ) -> Result<Option<Hit>, Error> {
        let Some(page) = self.case(pack, viewer, typed).await? else { return Ok(None) };
        let summary = page.text("summary").unwrap_or_default().to_owned();
        Ok(Some(Hit { number: page.number, summary, case: page.case }))
    }

    async fn verified(
        &self,
        reader: &mut Reader,
        pack: &Pack,
        viewer: &Viewer,
        (id, query): (CaseId, &Query),
    ) -> Result<Option<Hit>, Error> {
        let Some(page) = self.page_with(reader, pack, viewer, id).await? else { return Ok(None) };
        let flow = pack.flow_of(&page.case);
        // Each entry is a document of its own, as it was indexed.
        let found = page.entries.iter().any(|entry| {
            let (mut texts, mut names, mut phones) = (Vec::new(), Vec::new(), Vec::new());
            for (field, text) in entry.texts.values().flatten() {
                match sight::meaning(flow, field) {
                    Meaning::Name => names.push(text.as_str()),
                    Meaning::SafeContact => {}
                    Meaning::Phone => {
                        texts.push(text.as_str());
                        phones.extend(dialled(text));
                    }
                    _ => texts.push(text.as_str()),
                }
            }
            texts.extend(phones.iter().map(String::as_str));
            query.matches(&texts, &names)
        });
        let summary = page.entries.first().and_then(|e| e.texts.get(sight::OPENING));
        let summary = summary.and_then(|t| t.get("summary")).cloned().unwrap_or_default();
        Ok(found.then(|| Hit { number: page.number.clone(), summary, case: page.case }))
    }
}

/// A telephone number as it is dialled, if that is all somebody wrote. Masked ones are none.
fn dialled(written: &str) -> Option<String> {
    let is_phone = |c: char| c.is_numeric() || " +-－—()（）转".contains(c);
    let alone = written.chars().all(is_phone) && written.chars().any(char::is_numeric);
    alone.then(|| normalise_phone(written).ok()).flatten()
}
