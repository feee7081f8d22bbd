//! The side of a case page: clocks, people, tasks, documents, attachments, related cases.

use super::history::{Words, clock_name, task_name};
use crate::{
    page::Page,
    view::{LightView, clock_time, state_name},
};
use domain::{
    case::{Case, Fact, TaskEnd, is_paused, is_running},
    clock::{Clock, Light},
    field::{Meaning, Value},
    pack::Sight,
    reporter::REPORTER,
    workflow::StateKind,
};
use jiff::Timestamp;
use store::{CasePage, KnownCase};

/// A clock with its bar.
#[derive(Debug, Clone)]
pub(super) struct ClockView {
    /// Name.
    pub(super) name: String,
    /// Light.
    pub(super) light: LightView,
    /// Class of the bar.
    pub(super) bar: &'static str,
    /// Share of the time that is used, in percent.
    pub(super) used: i64,
    /// When it is due.
    pub(super) due: String,
}

/// A task of another unit.
#[derive(Debug, Clone)]
pub(super) struct TaskView {
    /// Kind, in words.
    pub(super) name: String,
    /// Unit, in words.
    pub(super) unit: String,
    /// Where it stands.
    pub(super) state: String,
    /// Whether it is done.
    pub(super) done: bool,
    /// Light while it is open.
    pub(super) light: Option<LightView>,
}

/// A fact about a person.
#[derive(Debug, Clone)]
pub(super) struct PersonLine {
    /// What it is.
    pub(super) label: String,
    /// The words.
    pub(super) text: String,
    /// Kept from these eyes.
    pub(super) hidden: bool,
    /// How to reach somebody safely: shown with a lock.
    pub(super) safe: bool,
}

/// A link to something.
#[derive(Debug, Clone)]
pub(super) struct LinkView {
    /// Address.
    pub(super) href: String,
    /// Words.
    pub(super) name: String,
    /// State of a case, in words; empty for other things.
    pub(super) state: String,
    /// What is said beside.
    pub(super) note: String,
    /// Whether it is finished.
    pub(super) ended: bool,
}

/// The light of a clock.
pub(super) fn light(page: &Page, case: &Case, clock: &Clock, now: Timestamp) -> LightView {
    if let Some(until) = clock.resumes_at() {
        return paused(page, until);
    }
    // A year without calendar data must not hide a case: its light is then by the end alone.
    let by_end = if now >= clock.due() { Light::Red } else { Light::Green };
    let rules = page.pack.of(case);
    let light = clock.light(now, rules.lights, &rules.work_time).unwrap_or(by_end);
    LightView::new(page, light, clock.due(), now)
}

/// The light of an approved pause.
pub(super) fn paused(page: &Page, until: Timestamp) -> LightView {
    let rest = page.tf("staff.until", &[("day", &crate::view::day(page, until))]);
    LightView { class: "light-pause", word: page.t("staff.pause").to_owned(), rest }
}

/// Running and paused clocks, the most urgent first.
pub(super) fn clocks(words: &Words<'_>, case: &Case, now: Timestamp) -> Vec<ClockView> {
    let mut live: Vec<&Clock> =
        case.clocks.values().filter(|c| is_running(c) || is_paused(c)).collect();
    live.sort_by_key(|c| c.due());
    let view = |clock: &Clock| {
        let light = light(words.page, case, clock, now);
        let (start, end) = (clock.started().as_second(), clock.due().as_second());
        let used = (now.as_second() - start).clamp(0, (end - start).max(1));
        ClockView {
            name: clock_name(words.page, words.flow, clock.code()),
            bar: match light.class {
                "light-yellow" => "yellow",
                "light-red" => "red",
                _ => "",
            },
            used: used * 100 / (end - start).max(1),
            due: words.page.tf("case.due", &[("at", &clock_time(words.page, clock.due()))]),
            light,
        }
    };
    live.into_iter().map(view).collect()
}

/// The light that stands for the case; none when it is closed.
pub(super) fn case_light(page: &Page, case: &Case, now: Timestamp) -> Option<LightView> {
    let running = case.clocks.values().filter(|c| is_running(c)).min_by_key(|c| c.due());
    let one = running.or_else(|| case.clocks.values().find(|c| is_paused(c)));
    one.map(|c| light(page, case, c, now))
}

/// The tasks of other units, open ones first.
pub(super) fn tasks(page: &Page, case: &Case, now: Timestamp) -> Vec<TaskView> {
    let mut all: Vec<TaskView> = case
        .tasks
        .iter()
        .map(|t| TaskView {
            name: task_name(page, &t.kind),
            unit: page.unit(&t.unit).to_owned(),
            state: page
                .t(match t.end {
                    None => "task.open",
                    Some(TaskEnd::Answered) => "task.answered",
                    Some(TaskEnd::Dropped) => "task.dropped",
                })
                .to_owned(),
            done: t.end.is_some(),
            light: t.end.is_none().then(|| light(page, case, &t.clock, now)),
        })
        .collect();
    all.sort_by_key(|t| t.done);
    all
}

/// What is known of the people, as far as the viewer may see it.
pub(super) fn people(words: &Words<'_>, shown: &CasePage) -> Vec<PersonLine> {
    let about = |m: Meaning| {
        matches!(
            m,
            Meaning::Name
                | Meaning::Phone
                | Meaning::IdNumber
                | Meaning::Address
                | Meaning::SafeContact
        )
    };
    let fields = words.flow.opening.fields.iter().filter_map(|f| words.flow.fields.get(&f.code));
    let mut lines: Vec<PersonLine> = fields
        .filter(|f| f.kind.is_text() && about(f.meaning))
        .flat_map(|f| [(f, f.code.clone()), (f, format!("{REPORTER}{}", f.code))])
        .filter_map(|(f, code)| {
            let text = shown.text(&code);
            let exists = |e: &store::EntryPage| e.hidden.contains(&code);
            let hidden = text.is_none() && shown.entries.iter().any(exists);
            (text.is_some() || hidden).then(|| PersonLine {
                label: words.label(&code),
                text: text.unwrap_or_default().to_owned(),
                hidden,
                safe: f.meaning == Meaning::SafeContact,
            })
        })
        .collect();
    lines.extend(shown.entries.iter().filter_map(|e| added_person(words, e)));
    lines
}

/// The person whom a later entry added: what was written, under the role that was chosen with it.
fn added_person(words: &Words<'_>, entry: &store::EntryPage) -> Option<PersonLine> {
    let is_name =
        |code: &String| words.flow.fields.get(code).is_some_and(|f| f.meaning == Meaning::Name);
    let (action, texts) = entry
        .texts
        .iter()
        .find(|(action, texts)| action.as_str() != "open" && texts.keys().any(is_name))?;
    let roles = entry.facts.iter().find_map(|fact| match fact {
        Fact::Given { coded, .. } => Some(coded),
        _ => None,
    })?;
    let uses = &words.flow.action(action)?.fields;
    let role = uses.iter().find_map(|u| {
        let kind = &words.flow.fields.get(&u.code)?.kind;
        roles.get(&u.code).map(|v: &Value| words.value(kind, v.one()))
    });
    let parts: Vec<&str> =
        uses.iter().filter_map(|u| texts.get(&u.code)).map(String::as_str).collect();
    Some(PersonLine {
        label: role.unwrap_or_default(),
        text: parts.join(words.page.t("staff.comma")),
        hidden: false,
        safe: false,
    })
}

/// The documents issued so far.
pub(super) fn papers(words: &Words<'_>, shown: &CasePage) -> Vec<LinkView> {
    let one = |(index, template): (usize, &String)| LinkView {
        href: format!("/cases/{}/papers/{}", shown.number, index + 1),
        name: words.paper(template),
        state: String::new(),
        note: String::new(),
        ended: false,
    };
    shown.case.documents.iter().enumerate().map(one).collect()
}

/// Attachments; only for eyes that may see evidence.
pub(super) fn files(page: &Page, shown: &CasePage) -> Vec<LinkView> {
    if shown.sees.evidence != Sight::Full {
        return Vec::new();
    }
    let one = |f: &store::FilePage| {
        let kilobytes = ((f.size + 1_023) / 1_024).to_string();
        LinkView {
            href: format!("/cases/{}/files/{}/{}", shown.number, f.seq, f.n),
            name: f.name.clone(),
            state: String::new(),
            note: page.tf("case.file_size", &[("n", &kilobytes)]),
            ended: false,
        }
    };
    shown.files.iter().map(one).collect()
}

/// A link to another case.
pub(super) fn case_link(page: &Page, other: &KnownCase, note: &str) -> LinkView {
    LinkView {
        href: format!("/cases/{}", other.number),
        name: other.number.clone(),
        state: state_name(page, &other.workflow, &other.state),
        note: note.to_owned(),
        ended: !other.is_open,
    }
}

/// The CSS class of a state: waiting for somebody, in hand, or over.
pub(super) fn state_class(page: &Page, case: &Case) -> &'static str {
    let state = page.pack.flow_of(case).and_then(|w| w.state(&case.state));
    match state.map(|s| &s.kind) {
        Some(StateKind::Closed | StateKind::End) => "state-end",
        Some(StateKind::Open { .. }) if case.owner.is_none() && case.handling.is_none() => {
            "state-wait"
        }
        _ => "",
    }
}
