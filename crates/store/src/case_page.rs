//! Everything about one case, as far as the viewer may see it.

use crate::{
    Store, Texts,
    db::{Batch, Error, Reader, Row, Stmt},
    dossier,
    even::even,
    numbers, sight,
};
use domain::{
    access::{self, Rights, Viewer},
    case::{By, Case, CaseId, Fact},
    field::Meaning,
    pack::{Pack, Right, Sees, Sight},
    workflow::{Code, Workflow},
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use vault::CaseKey;

static CASE: Stmt = Stmt::new("SELECT version, receipt, key, body FROM cases WHERE id = $1");
/// The case with this id, or the one before it: whoever asks by number has one case read, parsed and
/// judged, whether there is such a case or not.
static NEAREST: Stmt = Stmt::new(
    "SELECT version, receipt, key, body, id FROM cases WHERE id <= $1 ORDER BY id DESC LIMIT 1",
);
static ENTRIES: Stmt = Stmt::new(
    "SELECT seq, at, by, command, facts FROM entries WHERE case_id = $1 ORDER BY seq LIMIT 2000",
);
static TEXTS: Stmt =
    Stmt::new("SELECT seq, body FROM texts WHERE case_id = $1 ORDER BY seq LIMIT 2000");
static FILES: Stmt = Stmt::new(
    "SELECT f.seq, f.n, f.kind, f.size, f.name, e.command FROM files f
     JOIN entries e ON e.case_id = f.case_id AND e.seq = f.seq
     WHERE f.case_id = $1 ORDER BY f.seq, f.n LIMIT 200",
);
static FILE: Stmt = Stmt::new(
    "SELECT f.kind, f.name, f.body, e.command FROM files f
     JOIN entries e ON e.case_id = f.case_id AND e.seq = f.seq
     WHERE f.case_id = $1 AND f.seq = $2 AND f.n = $3",
);
static LINKED: Stmt = Stmt::new("SELECT case_id, kind FROM links WHERE other = $1 LIMIT 100");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&CASE, &NEAREST, &ENTRIES, &TEXTS, &FILES, &FILE, &LINKED];

/// A case as one viewer sees it.
#[derive(Debug, Clone)]
pub struct CasePage {
    /// The case: codes and clocks only.
    pub case: Case,
    /// Its number.
    pub number: String,
    /// Entries so far; named by whoever acts on what this page showed.
    pub version: i64,
    /// How much this page shows: of who it is and how to reach them only a part, at first.
    pub sees: Sees,
    /// What the viewer may see and do.
    pub rights: Rights,
    /// The history, oldest first.
    pub entries: Vec<EntryPage>,
    /// Attachments; their names only for those who may open them.
    pub files: Vec<FilePage>,
    /// Cases that were merged into this one.
    pub merged: Vec<CaseId>,
    /// Whether the texts were erased on request or by retention.
    pub erased: bool,
    /// Tag of the person's telephone, for eyes that may see it whole.
    pub(crate) phone: Option<[u8; 16]>,
}

/// The telephones among opened texts, by field.
fn phones_in(flow: Option<&Workflow>, opened: &Texts) -> Vec<(Code, String)> {
    let texts = opened.values().flatten();
    let phones = texts.filter(|(field, _)| sight::meaning(flow, field) == Meaning::Phone);
    phones.map(|(field, text)| (field.clone(), text.clone())).collect()
}

/// One entry of the history.
#[derive(Debug, Clone)]
pub struct EntryPage {
    /// Position.
    pub seq: i64,
    /// Instant.
    pub at: Timestamp,
    /// Who.
    pub by: By,
    /// What happened.
    pub facts: Vec<Fact>,
    /// Texts that the viewer may see, by action and field.
    pub texts: Texts,
    /// Fields that exist but are hidden from this viewer.
    pub hidden: Vec<String>,
}

/// One attachment.
#[derive(Debug, Clone)]
pub struct FilePage {
    /// Entry that brought it.
    pub seq: i64,
    /// Position in the entry.
    pub n: i64,
    /// Media type.
    pub kind: String,
    /// Bytes, before encryption.
    pub size: i64,
    /// Name.
    pub name: String,
}

impl CasePage {
    /// The newest visible text of a field.
    pub fn text(&self, field: &str) -> Option<&str> {
        let newest = self.entries.iter().rev();
        newest.flat_map(|e| e.texts.values()).find_map(|t| t.get(field)).map(String::as_str)
    }
}

/// How a page shows what its viewer may see whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Masked {
    /// Names, telephones and addresses in part, until they are revealed one by one.
    AtFirst,
    /// Nothing.
    Nothing,
}

pub(crate) struct Head {
    pub(crate) case: Case,
    pub(crate) version: i64,
    pub(crate) receipt: [u8; 16],
    pub(crate) key: Option<CaseKey>,
}

impl Store {
    /// The case that a number names, if the viewer may know of it.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn case(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        number: &str,
    ) -> Result<Option<CasePage>, Error> {
        let Some(id) = numbers::case_of(&self.keys, number) else { return Ok(None) };
        even(async {
            let page = self.case_by_id(pack, viewer, id).await?;
            // The year is part of the number: another year is another, unknown number.
            Ok(page.filter(|p| same_number(&p.number, number)))
        })
        .await
    }

    /// The case with this id, if the viewer may know of it.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn case_by_id(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        id: CaseId,
    ) -> Result<Option<CasePage>, Error> {
        let mut reader = self.db.page().await?;
        self.page_with(&mut reader, pack, (viewer, Masked::AtFirst), id).await
    }

    /// The same over a connection that is lent already.
    pub(crate) async fn page_with(
        &self,
        reader: &mut Reader,
        pack: &Pack,
        (viewer, masked): (&Viewer, Masked),
        id: CaseId,
    ) -> Result<Option<CasePage>, Error> {
        let rights = match self.nearest(reader, id).await? {
            Some(head) => access::rights(pack, viewer, &head.case).map(|rights| (head, rights)),
            None => None,
        };
        let found = rights.filter(|(head, _)| head.case.id == id);
        let Some((head, rights)) = found else { return Ok(None) };
        let sees = match viewer {
            Viewer::Staff(..) if masked == Masked::AtFirst => rights.sees.at_first(),
            _ => rights.sees,
        };
        let mut batch = Batch::new();
        for stmt in [&ENTRIES, &TEXTS, &FILES, &LINKED] {
            batch.add(stmt, &[id.into()]);
        }
        let mut answers = reader.rows_all(batch).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let (entries, texts, files, linked) = (next(), next(), next(), next());

        let flow = pack.flow_of(&head.case);
        let mut page = CasePage {
            number: self.number_of(pack, &head.case),
            version: head.version,
            sees,
            rights,
            entries: Vec::with_capacity(entries.len()),
            files: Vec::new(),
            merged: Vec::new(),
            erased: head.key.is_none(),
            phone: None,
            case: head.case,
        };
        let mut phones = BTreeMap::new();
        let mut texts = texts.into_iter().peekable();
        for row in &entries {
            let mut entry = entry_of(row)?;
            let command: [u8; 16] = row.array(3)?;
            if texts.peek().is_some_and(|t| t.int(0).ok() == Some(entry.seq))
                && let (Some(text), Some(key)) = (texts.next(), &head.key)
            {
                let opened = dossier::open(key, id, &command, text.blob(1)?)
                    .map_err(|e| text.corrupt(1, e.to_string()))?;
                if page.rights.sees.contact == Sight::Full {
                    phones.extend(phones_in(flow, &opened));
                }
                (entry.texts, entry.hidden) = sight::strip(flow, (sees, page.rights.sees), opened);
            }
            page.entries.push(entry);
        }
        page.phone = phones.values().next().and_then(|p| dossier::phone_tag(&self.keys, p));
        for row in &files {
            let Some(key) = &head.key else { break };
            let aad = dossier::place(id, &row.array(5)?);
            let name = key.open(&aad, row.blob(4)?).map_err(|e| row.corrupt(4, e.to_string()))?;
            page.files.push(FilePage {
                seq: row.int(0)?,
                n: row.int(1)?,
                kind: row.text(2)?.to_owned(),
                size: row.int(3)?,
                name: String::from_utf8_lossy(&name).into_owned(),
            });
        }
        for row in &linked {
            page.merged.push(row.int(0)?);
        }
        self.forget_strangers(reader, pack, viewer, &mut page).await?;
        sight::narrow(&mut page, flow, viewer);
        Ok(Some(page))
    }

    /// The same with names, telephones and addresses whole, for papers that go out; only for those
    /// who may take papers out. Whoever asks remembers that they did.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn case_in_clear(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        number: &str,
    ) -> Result<Option<CasePage>, Error> {
        let Some(id) = numbers::case_of(&self.keys, number) else { return Ok(None) };
        even(async {
            let mut reader = self.db.page().await?;
            let page = self.page_with(&mut reader, pack, (viewer, Masked::Nothing), id).await?;
            let fits = |p: &CasePage| same_number(&p.number, number) && p.rights.may(Right::Export);
            Ok(page.filter(fits))
        })
        .await
    }

    /// Takes from a page every other case that the viewer may not know of.
    async fn forget_strangers(
        &self,
        reader: &mut Reader,
        pack: &Pack,
        viewer: &Viewer,
        page: &mut CasePage,
    ) -> Result<(), Error> {
        if *viewer == Viewer::System {
            return Ok(());
        }
        let own = matches!(viewer, Viewer::Appellant(_));
        let flow = pack.flow_of(&page.case);
        let named = sight::named_cases(page, flow);
        let by_number = |number: &String| numbers::case_of(&self.keys, number);
        let linked = page.case.links.iter().map(|(_, id)| *id).chain(page.merged.iter().copied());
        let others: BTreeSet<CaseId> = linked.chain(named.iter().filter_map(by_number)).collect();
        let mut strangers = BTreeSet::new();
        for id in others {
            let head = self.head(reader, id).await?;
            if !own && !head.is_some_and(|h| access::may_open(pack, viewer, &h.case)) {
                strangers.insert(id);
            }
        }
        // The person is told the answer of a main case, never whose case it is.
        let known =
            |number: &String| !own && by_number(number).is_some_and(|id| !strangers.contains(&id));
        sight::forget_numbers(page, flow, known);
        page.merged.retain(|id| !strangers.contains(id));
        page.case.links.retain(|(_, id)| !strangers.contains(id));
        for entry in &mut page.entries {
            entry.facts.retain(
                |fact| !matches!(fact, Fact::Linked { case, .. } if strangers.contains(case)),
            );
        }
        Ok(())
    }

    /// An attachment: media type, name, content. Only whole stories come with their evidence, and a
    /// person gets what that person gave.
    ///
    /// # Errors
    /// When the database fails or the bytes were altered.
    pub async fn file(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        (id, seq, n): (CaseId, i64, i64),
    ) -> Result<Option<(String, String, Vec<u8>)>, Error> {
        let mut reader = self.db.read().await?;
        let Some(head) = self.head(&mut reader, id).await? else { return Ok(None) };
        let rights = access::rights(pack, viewer, &head.case).unwrap_or_default();
        if rights.sees.evidence != Sight::Full || !rights.may(Right::Export) {
            return Ok(None);
        }
        if matches!(viewer, Viewer::Appellant(_)) {
            let page = self.page_with(&mut reader, pack, (viewer, Masked::Nothing), id).await?;
            let own = |p: &CasePage| p.files.iter().any(|f| (f.seq, f.n) == (seq, n));
            if !page.is_some_and(|page| own(&page)) {
                return Ok(None);
            }
        }
        let row = reader.row(&FILE, &[id.into(), seq.into(), n.into()]).await?;
        let (Some(row), Some(key)) = (row, head.key) else { return Ok(None) };
        let aad = dossier::place(id, &row.array(3)?);
        let open = |column: usize| {
            let bytes = key.open(&aad, row.blob(column)?);
            bytes.map_err(|e| row.corrupt(column, e.to_string()))
        };
        let name = String::from_utf8_lossy(&open(1)?).into_owned();
        Ok(Some((row.text(0)?.to_owned(), name, open(2)?)))
    }

    /// The case whose number and secret receipt somebody presents.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn track(
        &self,
        pack: &Pack,
        number: &str,
        receipt: &str,
    ) -> Result<Option<CaseId>, Error> {
        let tag = numbers::receipt_tag(&self.keys, receipt);
        let id = numbers::case_of(&self.keys, number).unwrap_or(-1);
        even(async {
            let mut reader = self.db.read().await?;
            let Some(head) = self.nearest(&mut reader, id).await? else { return Ok(None) };
            let own = same_number(&self.number_of(pack, &head.case), number);
            Ok((head.receipt == tag && own).then_some(id))
        })
        .await
    }

    pub(crate) async fn head(
        &self,
        reader: &mut Reader,
        id: CaseId,
    ) -> Result<Option<Head>, Error> {
        let row = reader.row(&CASE, &[id.into()]).await?;
        row.map(|row| self.head_of(&row, id)).transpose()
    }

    /// The case with this id, or, where there is none, another one that costs as much to look at:
    /// the caller must compare, after judging.
    pub(crate) async fn nearest(
        &self,
        reader: &mut Reader,
        id: CaseId,
    ) -> Result<Option<Head>, Error> {
        let row = reader.row(&NEAREST, &[id.into()]).await?;
        row.map(|row| self.head_of(&row, row.int(4)?)).transpose()
    }

    fn head_of(&self, row: &Row, id: CaseId) -> Result<Head, Error> {
        let key = match row.opt_blob(2)? {
            Some(wrapped) => Some(
                self.keys
                    .unwrap(&id.to_be_bytes(), wrapped)
                    .map_err(|e| row.corrupt(2, e.to_string()))?,
            ),
            None => None,
        };
        Ok(Head {
            version: row.int(0)?,
            receipt: row.array(1)?,
            key,
            case: crate::parse_case(row, 3)?,
        })
    }
}

pub(crate) fn same_number(ours: &str, typed: &str) -> bool {
    let digits = |s: &str| s.chars().filter_map(|c| c.to_digit(10)).collect::<Vec<_>>();
    let typed: String = typed
        .chars()
        .map(|c| match c {
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
            c => c,
        })
        .collect();
    digits(ours) == digits(&typed)
}

fn entry_of(row: &crate::db::Row) -> Result<EntryPage, Error> {
    let at = Timestamp::from_microsecond(row.int(1)?).map_err(|e| row.corrupt(1, e.to_string()))?;
    let json = |column: usize| row.text(column);
    Ok(EntryPage {
        seq: row.int(0)?,
        at,
        by: serde_json::from_str(json(2)?).map_err(|_| row.corrupt(2, "not an actor"))?,
        facts: serde_json::from_str(json(4)?).map_err(|_| row.corrupt(4, "not facts"))?,
        texts: Texts::new(),
        hidden: Vec::new(),
    })
}
