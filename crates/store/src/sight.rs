//! What is taken from a page before the viewer gets it. Pure; `access` says what each role sees,
//! this module applies it to texts, answers about danger, and to what staff write for one another.

use crate::{
    Texts,
    case_page::{CasePage, EntryPage},
};
use domain::{
    access::{self, Viewer},
    case::{By, Case, Fact},
    field::{FieldKind, Meaning, Value},
    pack::{Sees, Sight},
    reporter, rights,
    workflow::{Code, Workflow},
};
use std::collections::BTreeSet;

/// The action under which the texts of an opening are kept.
pub const OPENING: &str = "open";

/// Takes away what these eyes may not see, and says which fields that were. `at_first` is what is
/// shown before anything is revealed; a plan of how to reach somebody safely must be read in time
/// and goes by all that may be seen.
pub fn strip(
    flow: Option<&Workflow>,
    (at_first, all): (Sees, Sees),
    texts: Texts,
) -> (Texts, Vec<String>) {
    let mut hidden = Vec::new();
    let mut kept = Texts::new();
    for (action, fields) in texts {
        for (field, text) in fields {
            let meaning = meaning(flow, &field);
            let sees = if meaning == Meaning::SafeContact { all } else { at_first };
            match access::shown(sees, meaning, &text) {
                Some(text) => {
                    kept.entry(action.clone()).or_default().insert(field, text);
                }
                None => hidden.push(field),
            }
        }
    }
    (kept, hidden)
}

/// The field in which somebody says why they change who may know of a case.
pub const SECRECY_REASON: &str = "secrecy_reason";

/// What a field holds, as far as the workflow knows it.
pub fn meaning(flow: Option<&Workflow>, field: &str) -> Meaning {
    if field == SECRECY_REASON {
        return Meaning::Work;
    }
    if reporter::is_apart(field) {
        return Meaning::Reporter;
    }
    let known = flow.and_then(|f| f.fields.get(reporter::asked(field))).map(|f| f.meaning);
    known.or_else(|| rights::meaning(field)).unwrap_or_default()
}

/// Takes from a page whose texts are stripped already what else this viewer must not have.
pub fn narrow(page: &mut CasePage, flow: Option<&Workflow>, viewer: &Viewer) {
    if matches!(viewer, Viewer::Appellant(_)) {
        own_words_and_answers(page, flow);
        let given: BTreeSet<i64> = page.entries.iter().filter(|e| gave(e)).map(|e| e.seq).collect();
        page.files.retain(|file| given.contains(&file.seq));
    }
    if page.sees.evidence < Sight::Full {
        // A name such as “injuries of …” is evidence itself.
        page.files.iter_mut().for_each(|f| f.name.clear());
    }
    if page.sees.evidence == Sight::None {
        page.files.clear();
        let risk = risk_fields(flow);
        forget_danger(&mut page.case, &risk);
        for fact in page.entries.iter_mut().flat_map(|e| &mut e.facts) {
            match fact {
                Fact::Graded { yes, unknown, decisive, .. } => {
                    decisive.clear();
                    yes.clear();
                    unknown.clear();
                }
                Fact::Given { coded, .. } => coded.retain(|field, _| !risk.contains(field)),
                _ => {}
            }
        }
    }
}

/// Whether the person brought what came with an entry: it is theirs, or it is what the case was
/// opened with. Files that staff or others put beside it later are not for the person.
fn gave(entry: &EntryPage) -> bool {
    let opened = entry.facts.iter().any(|f| matches!(f, Fact::Opened { .. }));
    opened || matches!(entry.by, By::Appellant | By::Public)
}

/// The case without the answers to the danger questions.
pub fn forget_danger(case: &mut Case, risk: &BTreeSet<Code>) {
    case.risk_yes.clear();
    case.coded.retain(|field, _| !risk.contains(field));
}

/// The fields that hold answers to the danger questions.
pub fn risk_fields(flow: Option<&Workflow>) -> BTreeSet<Code> {
    let fields = flow.into_iter().flat_map(|f| f.fields.values());
    fields.filter(|f| f.kind == FieldKind::Risk).map(|f| f.code.clone()).collect()
}

/// The fields that hold numbers of other cases.
fn case_fields(flow: Option<&Workflow>) -> BTreeSet<&str> {
    let fields = flow.into_iter().flat_map(|f| f.fields.values());
    fields.filter(|f| f.kind == FieldKind::Case).map(|f| f.code.as_str()).collect()
}

/// The numbers of other cases that stand in a page.
pub fn named_cases(page: &CasePage, flow: Option<&Workflow>) -> BTreeSet<String> {
    let fields = case_fields(flow);
    let given = page.entries.iter().flat_map(|e| &e.facts).filter_map(|fact| match fact {
        Fact::Given { coded, .. } => Some(coded),
        _ => None,
    });
    let values = given.chain([&page.case.coded]).flatten();
    let named = values.filter(|(code, _)| fields.contains(code.as_str()));
    named.flat_map(|(_, value)| value.all().iter().cloned()).collect()
}

/// Takes from a page the numbers of other cases that these eyes may not know of.
pub fn forget_numbers(
    page: &mut CasePage,
    flow: Option<&Workflow>,
    known: impl Fn(&String) -> bool,
) {
    let fields = case_fields(flow);
    let stays = |code: &Code, value: &Value| {
        !fields.contains(code.as_str()) || value.all().iter().all(&known)
    };
    page.case.coded.retain(|code, value| stays(code, value));
    for fact in page.entries.iter_mut().flat_map(|e| &mut e.facts) {
        if let Fact::Given { coded, .. } = fact {
            coded.retain(|code, value| stays(code, value));
        }
    }
}

/// A receipt shows what the person wrote, and answers once they are given: with a public action,
/// or by the first public action after them that issues a document. Notes of staff, drafts, and
/// what others said are nobody's but theirs, even if a violent relative holds the receipt.
fn own_words_and_answers(page: &mut CasePage, flow: Option<&Workflow>) {
    let is_public =
        |action: &str| flow.and_then(|f| f.action(action)).is_some_and(|a| !a.public.is_empty());
    let mut given = false;
    for entry in page.entries.iter_mut().rev() {
        let acted = entry.facts.iter().filter_map(|fact| match fact {
            Fact::Acted { action, .. } => Some(action.as_str()),
            _ => None,
        });
        let public = acted.into_iter().any(is_public);
        given |= public && entry.facts.iter().any(|f| matches!(f, Fact::Issued { .. }));
        let own = matches!(entry.by, By::Appellant | By::Public);
        let mut answers = false;
        for (action, fields) in &mut entry.texts {
            let open = given || is_public(action);
            fields.retain(|field, _| {
                let told = rights::is_the_persons(action);
                let answer = meaning(flow, field) == Meaning::Answer && !told;
                answers |= answer;
                own || told || action == OPENING || (answer && open)
            });
        }
        // Only the newest draft before the document is the answer.
        given &= !answers;
        entry.texts.retain(|_, fields| !fields.is_empty());
        entry.hidden.clear();
    }
}
