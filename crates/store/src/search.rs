//! Full-text search over sealed texts: the index finds candidates by keyed hashes, newest first;
//! each is then opened and compared, so that what is shown really holds what was typed and the
//! viewer may really see the part that holds it.

use crate::{
    Store, Texts,
    db::{Error, P, Reader, Row, Stmt},
    dossier, sight,
};
use domain::{
    access::{self, Viewer},
    case::{Case, CaseId},
    field::Meaning,
    pack::{Pack, Sees, Sight},
    workflow::Workflow,
};
use std::collections::BTreeSet;
use vault::{CaseKey, Query, WordHash, normalise_phone};

/// On PostgreSQL the index is asked first; otherwise the planner walks the newest documents one
/// by one in search of a rare word.
static FIND: Stmt = Stmt::split(
    "WITH hits AS MATERIALIZED (SELECT doc FROM words WHERE line @@ CAST(CAST($1 AS TEXT) AS tsquery))
     SELECT h.doc, e.case_id, e.seq, e.command FROM hits h JOIN entries e ON e.pos = h.doc
     WHERE h.doc < $2 ORDER BY h.doc DESC LIMIT $3",
    "SELECT w.rowid, e.case_id, e.seq, e.command FROM words w JOIN entries e ON e.pos = w.rowid
     WHERE words MATCH $1 AND w.rowid < $2 ORDER BY w.rowid DESC LIMIT $3",
);
static TEXT: Stmt = Stmt::new("SELECT body FROM texts WHERE case_id = $1 AND seq = $2");
static OPENING: Stmt = Stmt::new(
    "SELECT e.command, t.body FROM texts t JOIN entries e ON e.case_id = t.case_id AND e.seq = t.seq
     WHERE t.case_id = $1 AND t.seq = 1",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&FIND, &TEXT, &OPENING];

/// Candidates read at a time.
const CHUNK: i64 = 64;
/// Documents of the viewer's own cases that are opened, and documents that are looked at in all, before a
/// search says that older ones may hold the words too.
const MOST: Looked = Looked { opened: 2_000, seen: 20_000 };

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

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The newest cases, each once.
    pub hits: Vec<Hit>,
    /// Not everything was looked at: older cases may hold the words too.
    pub cut: bool,
}

/// How many documents of the index were looked at.
#[derive(Default)]
struct Looked {
    /// Those whose text was opened.
    opened: usize,
    /// All, those of cases included that the viewer may not open.
    seen: usize,
}

impl Looked {
    fn is_enough(&self) -> bool {
        self.opened >= MOST.opened || self.seen >= MOST.seen
    }
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
    ) -> Result<Found, Error> {
        // Telephones first: one in ten could be the number of a case, and “none” to such a number is
        // only said at a stroke, while somebody is on the line.
        let phone = dialled(typed);
        if let Some(phone) = &phone {
            let found = self.find(pack, viewer, &Query::parse(phone), limit).await?;
            if !found.hits.is_empty() {
                return Ok(found);
            }
        }
        if let Some(hit) = self.by_number(pack, viewer, typed).await? {
            return Ok(Found { hits: vec![hit], cut: false });
        }
        if phone.is_some_and(|phone| phone == typed) {
            return Ok(Found::default());
        }
        self.find(pack, viewer, &Query::parse(typed), limit).await
    }

    async fn find(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        query: &Query,
        limit: usize,
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        if query.is_empty() {
            return Ok(found);
        }
        let words = self.index_query(query);
        let mut cases: BTreeSet<CaseId> = BTreeSet::new();
        let mut looked = Looked::default();
        let mut below = i64::MAX;
        let mut reader = self.db.page().await?;
        while found.hits.len() < limit {
            found.cut = looked.is_enough();
            if found.cut {
                break;
            }
            let params = [P::Text(&words), below.into(), CHUNK.into()];
            let rows = reader.rows(&FIND, &params).await?;
            looked.seen += rows.len();
            for row in &rows {
                below = row.int(0)?;
                if found.hits.len() >= limit || cases.contains(&row.int(1)?) {
                    continue;
                }
                let Some(head) = self.opens(&mut reader, pack, viewer, row).await? else {
                    continue;
                };
                looked.opened += 1;
                let hit = self.verified(&mut reader, (pack, viewer), head, (row, query)).await?;
                cases.extend(hit.as_ref().map(|hit| hit.case.id));
                found.hits.extend(hit);
            }
            if i64::try_from(rows.len()).is_ok_and(|n| n < CHUNK) {
                break;
            }
        }
        Ok(found)
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

    /// The case of a document and its key, if the viewer may open it.
    async fn opens(
        &self,
        reader: &mut Reader,
        pack: &Pack,
        viewer: &Viewer,
        row: &Row,
    ) -> Result<Option<(Case, CaseKey)>, Error> {
        let head = self.head(reader, row.int(1)?).await?;
        let head = head.filter(|head| access::may_open(pack, viewer, &head.case));
        Ok(head.and_then(|head| Some((head.case, head.key?))))
    }

    /// The case of a document that really holds what was typed, in a part that the viewer may see.
    /// Only that document is opened: another entry of the case that matches is one of its own.
    async fn verified(
        &self,
        reader: &mut Reader,
        (pack, viewer): (&Pack, &Viewer),
        (mut case, key): (Case, CaseKey),
        (row, query): (&Row, &Query),
    ) -> Result<Option<Hit>, Error> {
        let (id, seq, command) = (row.int(1)?, row.int(2)?, row.array(3)?);
        let sees = access::sees(pack, viewer, &case);
        let eyes = Eyes { flow: pack.flow_of(&case), sees, key };
        let text = reader.row(&TEXT, &[id.into(), seq.into()]).await?;
        let texts = match text {
            Some(text) => eyes.read(id, &command, &text, 0)?,
            // Whoever only corrected the place wrote nothing.
            None => Texts::new(),
        };
        if !holds(query, eyes.flow, &texts, &pack.regions.full_name(&case.place)) {
            return Ok(None);
        }
        let opening = match seq {
            1 => Some(texts),
            _ => match reader.row(&OPENING, &[id.into()]).await? {
                Some(first) => Some(eyes.read(id, &first.array(0)?, &first, 1)?),
                None => None,
            },
        };
        let summary = opening.as_ref().and_then(|t| t.get(sight::OPENING)?.get("summary"));
        if eyes.sees.evidence == Sight::None {
            sight::forget_danger(&mut case, &sight::risk_fields(eyes.flow));
        }
        let summary = summary.cloned().unwrap_or_default();
        Ok(Some(Hit { number: self.number_of(pack, &case), summary, case }))
    }
}

/// How one viewer reads the texts of one case.
struct Eyes<'p> {
    flow: Option<&'p Workflow>,
    sees: Sees,
    key: CaseKey,
}

impl Eyes<'_> {
    fn read(
        &self,
        id: CaseId,
        command: &[u8; 16],
        row: &Row,
        column: usize,
    ) -> Result<Texts, Error> {
        let texts = dossier::open(&self.key, id, command, row.blob(column)?)
            .map_err(|e| row.corrupt(column, e.to_string()))?;
        Ok(sight::strip(self.flow, (self.sees, self.sees), texts).0)
    }
}

/// Whether the texts of an entry and the place of its case hold the query, as they were indexed.
fn holds(query: &Query, flow: Option<&Workflow>, entry: &Texts, place: &str) -> bool {
    let (mut texts, mut names, mut phones) = (vec![place], Vec::new(), Vec::new());
    for (field, text) in entry.values().flatten() {
        match sight::meaning(flow, field) {
            Meaning::Name => names.push(text.as_str()),
            Meaning::SafeContact | Meaning::Reporter => {}
            Meaning::Phone => {
                texts.push(text.as_str());
                phones.extend(dialled(text));
            }
            _ => texts.push(text.as_str()),
        }
    }
    texts.extend(phones.iter().map(String::as_str));
    query.matches(&texts, &names)
}

/// A telephone number as it is dialled, if that is all somebody wrote. Masked ones are none.
fn dialled(written: &str) -> Option<String> {
    let is_phone = |c: char| c.is_numeric() || " +-－—()（）转".contains(c);
    let alone = written.chars().all(is_phone) && written.chars().any(char::is_numeric);
    alone.then(|| normalise_phone(written).ok()).flatten()
}
