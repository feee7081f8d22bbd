//! The one case that each of some units has opened with the same values, for lists of who has
//! reported and who has not.

use crate::{
    Store,
    db::{Batch, Error, Stmt},
    imports::{number_of, source_of},
};
use domain::{
    access::{self, Viewer},
    case::CaseId,
    pack::Pack,
    workflow::Code,
};

static BODY: Stmt = Stmt::new("SELECT body FROM cases WHERE id = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&BODY];

/// What a unit has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyCase {
    /// Its number; none if the viewer may not open it.
    pub number: Option<String>,
    /// Its state.
    pub state: Code,
}

impl Store {
    /// The only case of a workflow that each of these units has opened with such values, one answer
    /// for each unit. A sealed case is none for whoever may not know of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn only_cases(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        workflow: &str,
        units: &[&str],
        values: &[String],
    ) -> Result<Vec<Option<OnlyCase>>, Error> {
        let numbers: Vec<String> = units.iter().map(|unit| number_of(unit, values)).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let cases: Vec<Option<CaseId>> = self.imported(&source_of(workflow), &numbers).await?;
        let mut batch = Batch::new();
        for case in &cases {
            batch.add(&BODY, &[case.unwrap_or(-1).into()]);
        }
        let bodies = self.db.read().await?.rows_all(batch).await?;
        let mut found = Vec::with_capacity(cases.len());
        for rows in &bodies {
            let case = rows.first().map(|row| crate::parse_case(row, 0)).transpose()?;
            found.push(case.and_then(|case| {
                let opens = access::may_open(pack, viewer, &case);
                let number = opens.then(|| self.number_of(pack, &case));
                let known = opens || !case.guarded.is_sealed();
                known.then_some(OnlyCase { number, state: case.state })
            }));
        }
        Ok(found)
    }
}
