//! Requests that arrived by an open interface, as anybody may see them: number, service, whether
//! they are open, two instants. Nothing else of the case leaves this module, and a case whose
//! category has become sensitive is answered like one that does not exist.
//!
//! They are found among the imports, one source a month, so that a question reads no more than
//! the months it asks about, however large the city is.

use crate::{
    Store,
    db::{Batch, Error, Row, Stmt},
    even::even,
    numbers,
    request::NewCase,
};
use domain::{
    case::{Case, CaseId},
    field::Value,
    pack::{Pack, Sensitivity},
};
use jiff::{Timestamp, ToSpan};

static NEWEST: Stmt = Stmt::new(
    "SELECT c.body, e.at FROM imports i
     JOIN cases c ON c.id = i.case_id
     JOIN entries e ON e.case_id = c.id AND e.seq = c.version
     JOIN entries o ON o.case_id = c.id AND o.seq = 1
     WHERE i.source = $1 AND o.at >= $2 AND o.at <= $3 ORDER BY i.case_id DESC LIMIT 5000",
);
static ONE: Stmt = Stmt::new(
    "SELECT c.body, e.at FROM cases c
     JOIN entries e ON e.case_id = c.id AND e.seq = c.version WHERE c.id = $1",
);
static BY_COMMAND: Stmt = Stmt::new("SELECT case_id FROM entries WHERE command = $1 AND seq = 1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&NEWEST, &ONE, &BY_COMMAND];

/// The coded value that names the service; set here alone, never by a form.
const SERVICE: &str = "open311";

/// What anybody may know of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRequest {
    /// Number of the case.
    pub number: String,
    /// Service it was opened for.
    pub service: String,
    /// Whether it is still being dealt with.
    pub open: bool,
    /// When it was opened.
    pub opened: Timestamp,
    /// When something happened to it last.
    pub updated: Timestamp,
}

/// Which requests are asked for.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Opened at or after this instant.
    pub from: Timestamp,
    /// Opened at or before this instant.
    pub to: Timestamp,
    /// Services; all when empty.
    pub services: Vec<String>,
    /// Only open or only closed ones.
    pub open: Option<bool>,
    /// The most answers.
    pub limit: usize,
}

impl NewCase {
    /// Marks an opening as a request for a service of the open interface.
    pub fn requested(&mut self, pack: &Pack, now: Timestamp, service: &str) {
        self.given.coded.insert(SERVICE.to_owned(), Value::One(service.to_owned()));
        let id = format!("{:032x}", u128::from_be_bytes(self.command));
        self.imported = Some((source(pack, now), id));
    }
}

/// The source under which the requests of a month are kept.
fn source(pack: &Pack, at: Timestamp) -> String {
    let day = pack.date_of(at);
    format!("{SERVICE}:{:04}-{:02}", day.year(), day.month())
}

impl Store {
    /// The newest requests of a span, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn feed(&self, pack: &Pack, feed: &Feed) -> Result<Vec<PublicRequest>, Error> {
        let sources = months(pack, feed.from, feed.to);
        let (from, to) = (feed.from.as_microsecond(), feed.to.as_microsecond());
        let mut batch = Batch::new();
        for source in &sources {
            batch.add(&NEWEST, &[source.into(), from.into(), to.into()]);
        }
        let answers = self.db.read().await?.rows_all(batch).await?;
        let mut found = Vec::new();
        for row in answers.iter().flatten() {
            let Some(one) = self.public(pack, row)? else { continue };
            let wanted = feed.services.is_empty() || feed.services.contains(&one.service);
            if wanted && feed.open.is_none_or(|open| open == one.open) {
                found.push(one);
            }
        }
        found.sort_by(|a, b| (b.opened, &b.number).cmp(&(a.opened, &a.number)));
        found.truncate(feed.limit);
        Ok(found)
    }

    /// One request by its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requested(
        &self,
        pack: &Pack,
        number: &str,
    ) -> Result<Option<PublicRequest>, Error> {
        let Some(id) = numbers::case_of(&self.keys, number) else { return Ok(None) };
        even(async {
            let mut reader = self.db.read().await?;
            // One case is read and judged whether or not the number is one.
            let Some(head) = self.nearest(&mut reader, id).await? else { return Ok(None) };
            if service_of(pack, &head.case).is_none() || head.case.id != id {
                return Ok(None);
            }
            drop(reader);
            let found = self.requested_by_id(pack, id).await?;
            Ok(found.filter(|one| crate::case_page::same_number(&one.number, number)))
        })
        .await
    }

    /// One request by the command that opened it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requested_by_command(
        &self,
        pack: &Pack,
        command: &[u8; 16],
    ) -> Result<Option<PublicRequest>, Error> {
        even(async {
            let row = self.db.read().await?.row(&BY_COMMAND, &[command.into()]).await?;
            match row {
                Some(row) => self.requested_by_id(pack, row.int(0)?).await,
                None => Ok(None),
            }
        })
        .await
    }

    async fn requested_by_id(
        &self,
        pack: &Pack,
        id: CaseId,
    ) -> Result<Option<PublicRequest>, Error> {
        let row = self.db.read().await?.row(&ONE, &[id.into()]).await?;
        row.map_or(Ok(None), |row| self.public(pack, &row))
    }

    fn public(&self, pack: &Pack, row: &Row) -> Result<Option<PublicRequest>, Error> {
        let case = crate::parse_case(row, 0)?;
        let updated =
            Timestamp::from_microsecond(row.int(1)?).map_err(|e| row.corrupt(1, e.to_string()))?;
        Ok(service_of(pack, &case).map(|service| PublicRequest {
            number: self.number_of(pack, &case),
            service: service.to_owned(),
            open: case.is_open(pack),
            opened: case.opened,
            updated,
        }))
    }
}

/// The service of a case that anybody may know of: one that is neither sensitive nor sealed.
fn service_of<'a>(pack: &Pack, case: &'a Case) -> Option<&'a str> {
    let service = case.coded.get(SERVICE).map(Value::one)?;
    let known = pack.categories.contains_key(&case.category);
    (known && case.sensitivity(pack) == Sensitivity::Ordinary).then_some(service)
}

/// The sources of a span; a span is short, so these are few.
fn months(pack: &Pack, from: Timestamp, to: Timestamp) -> Vec<String> {
    let (mut day, last) = (pack.date_of(from).first_of_month(), pack.date_of(to));
    let mut all = Vec::new();
    while day <= last && all.len() < 24 {
        all.push(format!("{SERVICE}:{:04}-{:02}", day.year(), day.month()));
        let Ok(next) = day.checked_add(1.month()) else { break };
        day = next;
    }
    all
}
