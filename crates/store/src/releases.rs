//! Press texts: what stands beside a signature, what has gone out, and what the numbers say today.
//!
//! The text that is signed is the one that was checked: it is taken from the history of the case and
//! not from the form, and a copy of it stays with the signature.

use crate::{
    Act, Store,
    answer::No,
    case_page::{CasePage, EntryPage, same_number},
    db::{Batch, Error, Reader, Stmt, WriteError},
    dossier::Texts,
    even::even,
    hex, numbers,
    verify::Report,
};
use domain::{
    access::{self, Viewer},
    case::{AccountId, By, Case, CaseId, Fact},
    figure::Frozen,
    pack::Pack,
    press::{CLAIMS, Claim, DIGEST, Edition, Fill},
    workflow::{Code, Effect, Workflow},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

static OUT: Stmt = Stmt::new(
    "INSERT INTO releases (case_id, at) VALUES ($1, $2) ON CONFLICT (case_id) DO NOTHING",
);
static NEWEST: Stmt =
    Stmt::new("SELECT case_id FROM releases ORDER BY at DESC, case_id DESC LIMIT $1");
static ONE: Stmt = Stmt::new("SELECT case_id FROM releases WHERE case_id = $1");
static STRAYS: Stmt = Stmt::new(
    "SELECT r.case_id FROM releases r LEFT JOIN cases c ON c.id = r.case_id
     WHERE c.id IS NULL LIMIT 10",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&OUT, &NEWEST, &ONE, &STRAYS];

/// A signed text with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// Its numbers, and when it was signed and went out.
    pub edition: Edition,
    /// The headline.
    pub title: String,
    /// The text, filled; empty for a reader who must not be told its numbers yet.
    pub text: String,
    /// The English text, filled; empty when there is none.
    pub english: String,
    /// The numbers that were frozen with it.
    pub values: Vec<Frozen>,
    /// The claims that were proved when it was signed.
    pub claims: Vec<Claim>,
    /// SHA-256 over what it says and the lists of records behind it, in hexadecimal.
    pub seal: String,
    /// Why it was corrected; empty for the first one.
    pub reason: String,
}

/// Somebody said where a number of a release was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The day.
    pub on: String,
    /// In which speech, article or paper.
    pub place: String,
    /// Which number, in which words.
    pub words: String,
}

/// A release as a reader sees it.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its case.
    pub case: Case,
    /// Its number.
    pub number: String,
    /// Its signed texts, the oldest first.
    pub signed: Vec<SignedText>,
    /// Where its numbers were used.
    pub uses: Vec<Use>,
    /// Who read it before its hour, and when first.
    pub read: BTreeMap<AccountId, Timestamp>,
}

impl Release {
    /// What everybody reads of it: what has gone out, and nothing of how it was made. A sealed case is
    /// none, whatever it says of itself.
    fn for_everybody(mut self) -> Option<Self> {
        self.signed.retain(|signed| signed.edition.published.is_some());
        self.uses.clear();
        self.read.clear();
        let shown = !self.case.guarded.is_sealed() && !self.signed.is_empty();
        shown.then_some(self)
    }
}

impl SignedText {
    /// Whether its words are those that were signed.
    fn of(case: &Case, entry: &EntryPage, edition: &Edition, fill: &Fill) -> Option<Self> {
        let said = |field: &str| {
            let texts = entry.texts.values().find_map(|fields| fields.get(field));
            texts.map_or("", String::as_str)
        };
        let (title, body, english) = (said(&fill.title), said(&fill.body), said(&fill.english));
        if digest_of(title, body, english) != edition.digest {
            return None;
        }
        let text = edition.text(body)?;
        let english = edition.english(english)?;
        let values = edition.freezing.and_then(|n| case.frozen.get(n));
        let values = values.map_or(Vec::new(), |freezing| freezing.values.clone());
        let mut hash = Sha256::new();
        for part in [title, &text, &english] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(crate::text_of(&values));
        Some(Self {
            edition: edition.clone(),
            title: title.to_owned(),
            seal: hex(&hash.finalize()),
            text,
            english,
            values,
            claims: said(CLAIMS).lines().filter_map(Claim::parse).collect(),
            reason: String::new(),
        })
    }
}

/// SHA-256 over the words that are signed.
fn digest_of(title: &str, body: &str, english: &str) -> String {
    let mut hash = Sha256::new();
    for part in [title, body, english] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

/// What an action fills, if it does.
fn fill_of<'a>(flow: &'a Workflow, action: &str) -> Option<&'a Fill> {
    flow.action(action)?.effects.iter().find_map(|effect| match effect {
        Effect::Fill(fill) => Some(fill),
        _ => None,
    })
}

fn account(by: &By) -> Option<i64> {
    match by {
        By::Staff(account, _) => Some(*account),
        By::Appellant | By::Public | By::System => None,
    }
}

/// The register of claims of a release: who entered what, and who checked it on which day.
fn register(pack: &Pack, page: &CasePage, fill: &Fill) -> Vec<Claim> {
    let mut register: Vec<Claim> = Vec::new();
    for entry in &page.entries {
        let said = |texts: &Texts, field: &str| {
            texts.values().find_map(|fields| fields.get(field)).cloned()
        };
        if let (Some(says), Some(by)) = (said(&entry.texts, &fill.says), account(&entry.by)) {
            let until = entry.facts.iter().find_map(|fact| match fact {
                Fact::Given { coded, .. } => coded.get(&fill.until)?.one().parse().ok(),
                _ => None,
            });
            register.push(Claim {
                says,
                evidence: said(&entry.texts, &fill.evidence).unwrap_or_default(),
                entered_by: by,
                checked_by: None,
                checked_on: None,
                until,
            });
        }
        let checks =
            |fact: &Fact| matches!(fact, Fact::Acted { action, .. } if *action == fill.check);
        if entry.facts.iter().any(checks) {
            for claim in register.iter_mut().filter(|claim| claim.checked_by.is_none()) {
                claim.checked_by = account(&entry.by);
                claim.checked_on = Some(pack.date_of(entry.at));
            }
        }
    }
    register
}

/// What went out is found by the public from then on.
pub(crate) fn out(batch: &mut Batch<'_>, case: &Case, facts: &[Fact]) {
    let out = facts.iter().any(|fact| matches!(fact, Fact::Published));
    if let Some(at) = case.published().last().and_then(|last| last.published).filter(|_| out) {
        batch.add(&OUT, &[case.id.into(), at.as_microsecond().into()]);
    }
}

/// Whether the public finds a case if, and only if, it has gone out.
pub(crate) async fn check(
    reader: &mut Reader,
    case: &Case,
    report: &mut Report,
) -> Result<(), Error> {
    let out = case.published().next().is_some();
    if case.editions.is_empty() && case.frozen.is_empty() {
        // Only what was signed could have gone out; the others are not asked for one by one.
        return Ok(());
    }
    let found = reader.row(&ONE, &[case.id.into()]).await?.is_some();
    if out != found {
        let what = if out {
            "it has gone out and is not listed"
        } else {
            "it is listed and has not gone out"
        };
        report.trouble(format!("release of case {}", case.id), what);
    }
    Ok(())
}

/// Lines of the list that belong to no case.
pub(crate) async fn check_strays(reader: &mut Reader, report: &mut Report) -> Result<(), Error> {
    for row in reader.rows(&STRAYS, &[]).await? {
        report.trouble("releases", format!("case {} is listed and does not exist", row.int(0)?));
    }
    Ok(())
}

impl Store {
    /// The wish with the words that are signed: those that were written last, whatever the form says,
    /// with the register of claims and a digest.
    pub(crate) async fn as_signed(&self, pack: &Pack, mut act: Act) -> Result<Act, WriteError<No>> {
        let signs = |action: &str| pack.workflows.values().any(|w| fill_of(w, action).is_some());
        if !act.steps.iter().any(|step| signs(&step.action)) {
            return Ok(act);
        }
        let page = self.case_by_id(pack, &Viewer::System, act.case).await?;
        let Some(page) = page else { return Ok(act) };
        let Some(flow) = pack.flow_of(&page.case) else { return Ok(act) };
        for step in &mut act.steps {
            let Some(fill) = fill_of(flow, &step.action) else { continue };
            let texts = &mut step.given.texts;
            for field in [&fill.title, &fill.body, &fill.english] {
                texts.remove(field);
                if let Some(text) = page.text(field) {
                    texts.insert(field.clone(), text.to_owned());
                }
            }
            let said = |field: &Code| page.text(field).unwrap_or_default();
            let digest = digest_of(said(&fill.title), said(&fill.body), said(&fill.english));
            texts.insert(DIGEST.to_owned(), digest);
            let lines: Vec<String> = register(pack, &page, fill).iter().map(Claim::line).collect();
            texts.insert(CLAIMS.to_owned(), lines.join("\n"));
        }
        Ok(act)
    }

    /// A release with everything that was signed, for staff who may know of it.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn release(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        number: &str,
    ) -> Result<Option<Release>, Error> {
        let Some(id) = numbers::case_of(&self.keys, number) else { return Ok(None) };
        even(async {
            let mut reader = self.db.read().await?;
            let head = self.nearest(&mut reader, id).await?;
            let known = head.is_some_and(|head| {
                head.case.id == id && access::may_open(pack, viewer, &head.case)
            });
            drop(reader);
            let release = if known { self.release_by_id(pack, id).await? } else { None };
            let Some(mut release) = release.filter(|r| same_number(&r.number, number)) else {
                return Ok(None);
            };
            self.tell_to(viewer, &mut release).await?;
            release.read = self.readers_of(id).await?;
            Ok(Some(release))
        })
        .await
    }

    /// A release that has gone out, as everybody reads it: nothing that is only signed, and nothing of
    /// how it was made.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn published(&self, pack: &Pack, number: &str) -> Result<Option<Release>, Error> {
        let Some(id) = numbers::case_of(&self.keys, number) else { return Ok(None) };
        let out = self.db.read().await?.row(&ONE, &[id.into()]).await?.is_some();
        let release = if out { self.release_by_id(pack, id).await? } else { None };
        Ok(release.filter(|r| same_number(&r.number, number)).and_then(Release::for_everybody))
    }

    /// The releases that went out last, newest first.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn newest_releases(&self, pack: &Pack, limit: u32) -> Result<Vec<Release>, Error> {
        let newest = self.last_out(pack, limit).await?;
        Ok(newest.into_iter().filter_map(Release::for_everybody).collect())
    }

    /// The releases that went out last and that this viewer may open, newest first: what has gone out of
    /// each, with what it rests on and where it was used.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn known_releases(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        limit: u32,
    ) -> Result<Vec<Release>, Error> {
        let mut known = self.last_out(pack, limit).await?;
        known.retain(|release| access::may_open(pack, viewer, &release.case));
        for release in &mut known {
            release.signed.retain(|signed| signed.edition.published.is_some());
            self.tell_to(viewer, release).await?;
        }
        Ok(known)
    }

    async fn last_out(&self, pack: &Pack, limit: u32) -> Result<Vec<Release>, Error> {
        let rows = self.db.read().await?.rows(&NEWEST, &[limit.into()]).await?;
        let mut releases = Vec::new();
        for row in rows {
            releases.extend(self.release_by_id(pack, row.int(0)?).await?);
        }
        Ok(releases)
    }

    async fn release_by_id(&self, pack: &Pack, id: CaseId) -> Result<Option<Release>, Error> {
        let Some(page) = self.case_by_id(pack, &Viewer::System, id).await? else { return Ok(None) };
        let Some(flow) = pack.flow_of(&page.case) else { return Ok(None) };
        if !flow.actions.iter().any(|action| fill_of(flow, &action.code).is_some()) {
            return Ok(None);
        }
        let (mut signed, mut uses) = (Vec::new(), Vec::new());
        let mut editions = page.case.editions.iter();
        let mut reason = String::new();
        for entry in &page.entries {
            let texts: BTreeMap<&str, &str> = entry
                .texts
                .values()
                .flatten()
                .map(|(field, text)| (field.as_str(), text.as_str()))
                .collect();
            uses.extend(used(entry, &texts));
            if let Some(said) = texts.get("reason") {
                (*said).clone_into(&mut reason);
            }
            let filled = entry.facts.iter().filter(|fact| matches!(fact, Fact::Filled { .. }));
            for _ in filled {
                let action = entry.facts.iter().find_map(|fact| match fact {
                    Fact::Acted { action, .. } => Some(action.as_str()),
                    _ => None,
                });
                let fill = action.and_then(|action| fill_of(flow, action));
                let (Some(edition), Some(fill)) = (editions.next(), fill) else { continue };
                let one = SignedText::of(&page.case, entry, edition, fill);
                signed.extend(
                    one.map(|one| SignedText { reason: std::mem::take(&mut reason), ..one }),
                );
            }
        }
        let (number, case) = (page.number.clone(), page.case);
        Ok(Some(Release { number, case, signed, uses, read: BTreeMap::new() }))
    }
}

/// Where a number was used, if an entry says so.
fn used(entry: &EntryPage, texts: &BTreeMap<&str, &str>) -> Option<Use> {
    let on = entry.facts.iter().find_map(|fact| match fact {
        Fact::Given { coded, .. } => Some(coded.get("used_on")?.one().to_owned()),
        _ => None,
    });
    let (place, words) = (texts.get("used_in")?, texts.get("used_words")?);
    Some(Use { on: on?, place: (*place).to_owned(), words: (*words).to_owned() })
}
