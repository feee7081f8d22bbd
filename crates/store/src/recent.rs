//! The newest cases as far as a dry run of the routing rules needs them: codes only, no text and
//! no answer to a danger question.

use crate::{
    Store,
    db::{Error, Stmt},
};
use domain::{
    access::{self, Viewer},
    case::CaseId,
    pack::Pack,
    workflow::Code,
};

static NEWEST: Stmt =
    Stmt::new("SELECT id, body FROM cases WHERE id < $1 ORDER BY id DESC LIMIT $2");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&NEWEST];

/// Cases read at a time.
const CHUNK: i64 = 500;
/// Cases looked at before a viewer who may open few of them gets what was found.
const MOST: usize = 5_000;

/// A case as the routing rules see it, and where it really went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCase {
    /// Its number.
    pub number: String,
    /// Workflow.
    pub workflow: Code,
    /// Category.
    pub category: Code,
    /// Risk grade.
    pub grade: Code,
    /// Channel of intake.
    pub channel: Code,
    /// Region code.
    pub place: Code,
    /// The responsible unit.
    pub unit: Code,
    /// The unit that handles or handled it.
    pub handling: Option<Code>,
}

impl Store {
    /// The newest cases that the viewer may know of, newest first, at most `limit` of the newest
    /// five thousand.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn past_cases(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        limit: usize,
    ) -> Result<Vec<PastCase>, Error> {
        let mut reader = self.db.read().await?;
        let mut found = Vec::new();
        let (mut below, mut looked) = (CaseId::MAX, 0);
        while looked < MOST {
            let rows = reader.rows(&NEWEST, &[below.into(), CHUNK.into()]).await?;
            for row in &rows {
                below = row.int(0)?;
                let case = crate::parse_case(row, 1)?;
                if !access::may_open(pack, viewer, &case) {
                    continue;
                }
                found.push(PastCase {
                    number: self.number_of(pack, &case),
                    workflow: case.workflow,
                    category: case.category,
                    grade: case.grade,
                    channel: case.channel,
                    place: case.place,
                    unit: case.unit,
                    handling: case.handling,
                });
                if found.len() == limit {
                    return Ok(found);
                }
            }
            looked += rows.len();
            if i64::try_from(rows.len()).is_ok_and(|n| n < CHUNK) {
                break;
            }
        }
        Ok(found)
    }
}
