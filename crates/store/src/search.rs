//! Full-text search over sealed texts: the index finds candidates by keyed hashes, newest first;
//! each is then opened and compared, so that what is shown really holds what was typed and the
//! viewer may really see the part that holds it.

use crate::{
    Store,
    command::{case_of, doc_of},
    db::{Error, P, Stmt},
};
use domain::{
    access::Viewer,
    case::{Case, CaseId},
    field::Meaning,
    pack::Pack,
    workflow::Workflow,
};
use vault::{Query, WordHash};

/// On PostgreSQL the index is asked first; otherwise the planner walks the newest documents one
/// by one in search of a rare word.
static FIND: Stmt = Stmt::split(
    "WITH hits AS MATERIALIZED (SELECT doc FROM words WHERE line @@ CAST($1 AS tsquery))
     SELECT doc FROM hits WHERE doc < $2 ORDER BY doc DESC LIMIT $3",
    "SELECT rowid FROM words WHERE words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
);

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
        let query = Query::parse(typed);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let words = self.index_query(&query);
        let mut hits: Vec<Hit> = Vec::new();
        let mut below = i64::MAX;
        let mut seen: Option<CaseId> = None;
        let mut opened = 0;
        while hits.len() < limit && opened < MOST {
            let params = [P::Text(&words), below.into(), CHUNK.into()];
            let rows = self.db.read().await?.rows(&FIND, &params).await?;
            for row in &rows {
                let doc = row.int(0)?;
                below = doc;
                let case = case_of(doc);
                if seen == Some(case) || hits.len() == limit {
                    continue;
                }
                opened += 1;
                if let Some(hit) = self.verified(pack, viewer, case, &query).await? {
                    hits.push(hit);
                    // Further documents of a case that is shown already are passed over.
                    seen = Some(case);
                    below = doc_of(case, 0);
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
        pack: &Pack,
        viewer: &Viewer,
        id: CaseId,
        query: &Query,
    ) -> Result<Option<Hit>, Error> {
        let Some(page) = self.case_by_id(pack, viewer, id).await? else { return Ok(None) };
        let flow = pack.workflow(&page.case.workflow);
        // Each entry is a document of its own, as it was indexed.
        let found = page.entries.iter().any(|entry| {
            let (mut texts, mut names) = (Vec::new(), Vec::new());
            for (field, text) in entry.texts.values().flatten() {
                match meaning(flow, field) {
                    Meaning::Name => names.push(text.as_str()),
                    Meaning::SafeContact => {}
                    _ => texts.push(text.as_str()),
                }
            }
            query.matches(&texts, &names)
        });
        let summary = page.entries.first().and_then(|e| e.texts.get("open"));
        let summary = summary.and_then(|t| t.get("summary")).cloned().unwrap_or_default();
        Ok(found.then(|| Hit { number: page.number.clone(), summary, case: page.case }))
    }
}

fn meaning(flow: Option<&Workflow>, field: &str) -> Meaning {
    flow.and_then(|f| f.fields.get(field)).map(|f| f.meaning).unwrap_or_default()
}

