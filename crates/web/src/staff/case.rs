//! The page of one case: what may be done, what was done, and what is known, as far as the
//! viewer may see it.

use super::{
    actions::{self, Actions, Tried},
    counted,
    history::{self, Step, Words},
    letters::{self, LetterView},
    panels::{self, ClockView, LinkView, PersonLine, TaskView},
    protection::{self, PaperView, PlanView, RiskView},
    reveal::{self, MaskedView},
    secrecy, traces,
};
use crate::{
    app::App,
    error::{Oops, field_words},
    page::Page,
    session::LoggedIn,
    view::{GradeView, LightView, category_name, state_name},
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    field::{FieldFault, Meaning},
    workflow::Workflow,
};
use std::collections::BTreeMap;
use store::CasePage;

/// A banner above the case.
struct Notice {
    class: &'static str,
    title: String,
    text: String,
}

/// A line of the error summary.
pub(super) struct Wrong {
    /// The field to go to.
    pub(super) id: String,
    /// What to do.
    pub(super) text: String,
}

#[derive(Template)]
#[template(path = "staff/case.html")]
struct CaseView<'a> {
    page: &'a Page,
    number: String,
    version: i64,
    title: String,
    about: Vec<String>,
    state: String,
    state_class: &'static str,
    grade: GradeView,
    light: Option<LightView>,
    unit: String,
    owner: String,
    helping: String,
    notices: Vec<Notice>,
    sent: bool,
    wrong: Vec<Wrong>,
    actions: Actions,
    story: String,
    story_hidden: bool,
    tasks: Vec<TaskView>,
    steps: Vec<Step>,
    clocks: Vec<ClockView>,
    plan: Option<PlanView>,
    risks: Vec<RiskView>,
    laws: Vec<PaperView>,
    people: Vec<PersonLine>,
    letters: Vec<LetterView>,
    papers: Vec<LinkView>,
    files: Vec<LinkView>,
    files_hidden: usize,
    related: Vec<LinkView>,
    counted: Vec<LinkView>,
    numbers: bool,
    project: Option<super::project::ProjectView>,
    sample: Option<crate::figures::sample::SampleView>,
    readers: String,
    rights: super::rights::Told,
    secrecy: String,
    masked: Vec<MaskedView>,
}

/// What is shown beside the case itself.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// A form that must be shown again.
    pub(super) tried: Option<Tried<'a>>,
    /// What went wrong as a whole.
    pub(super) error: String,
    /// What was just done.
    pub(super) done: String,
    /// Something was sent just now and taken, so that its draft is done.
    pub(super) sent: bool,
    /// A masked field that was just asked for.
    pub(super) revealed: Option<reveal::Shown>,
}

pub(super) async fn page(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Path(number): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    let shown = find(&app, &me, &number).await?;
    let flow = page.pack.flow_of(&shown.case).ok_or(Oops::NotFound)?;
    let done = query.get("done").and_then(|code| flow.action(code));
    let done = done.map_or(String::new(), |a| {
        page.tf("case.done", &[("action", page.either(&a.name, &a.en))])
    });
    let sent = query.contains_key("done");
    show(&app, &me, &page, &shown, Beside { done, sent, ..Beside::default() }).await
}

/// The case with this number. Unknown, foreign and sealed ones cannot be told apart.
pub(crate) async fn find(app: &App, me: &LoggedIn, number: &str) -> Result<CasePage, Oops> {
    let found = app.store().case(&app.pack(), &me.viewer(), number).await?;
    found.ok_or(Oops::NotFound)
}

/// Prints the page of a case; first it is remembered who reads it.
pub(super) async fn show(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    shown: &CasePage,
    beside: Beside<'_>,
) -> Result<Response, Oops> {
    crate::traces::reading(app, me, [shown]).await?;
    let pack = &page.pack;
    let case = &shown.case;
    let flow = pack.flow_of(case).ok_or(Oops::NotFound)?;
    let now = app.now();
    let words = words(app, page, flow, shown).await?;
    let actions = actions::of(page, me, (flow, case), now, beside.tried);
    let tasks = panels::tasks(page, case, now);
    let open: Vec<&str> = tasks.iter().filter(|t| !t.done).map(|t| t.unit.as_str()).collect();
    let (story, story_hidden) = story(flow, shown);
    let files = panels::files(page, shown);
    let view = CaseView {
        page,
        number: shown.number.clone(),
        version: shown.version,
        title: title(page, flow, shown),
        about: about(page, shown),
        state: state_name(page, &case.workflow, &case.state),
        state_class: panels::state_class(page, case),
        grade: GradeView::new(page, &case.grade),
        light: panels::case_light(page, case, now),
        unit: page.unit(&case.unit).to_owned(),
        owner: match case.owner {
            Some(account) => name_of(app, account).await?,
            None => String::new(),
        },
        helping: open.join(page.t("staff.comma")),
        notices: notices(&words, (me, shown), &beside, &tasks),
        sent: beside.sent,
        wrong: wrong(page, beside.tried),
        actions,
        story,
        story_hidden,
        steps: history::steps(&words, shown),
        clocks: panels::clocks(&words, case, now),
        plan: protection::plan(&words, shown, now),
        risks: protection::risks(&words, shown),
        laws: protection::papers(&words, case, now),
        people: panels::people(&words, shown).into_iter().filter(|line| !line.safe).collect(),
        letters: letters::of(app, page, shown).await?,
        papers: panels::papers(&words, shown),
        files_hidden: if files.is_empty() { shown.files.len() } else { 0 },
        files,
        related: related(app, me, page, shown).await?,
        counted: counted::of(app, me, page, shown).await?,
        numbers: crate::figures::frozen::has_numbers(page, &shown.case),
        project: super::project::of((app, me), &words, shown).await?,
        sample: crate::figures::sample::of(app, page, case).await?,
        readers: traces::readers_href(page, shown),
        rights: super::rights::told(page, shown),
        secrecy: secrecy::href(page, me, shown),
        masked: reveal::masked(&words, shown, beside.revealed.as_ref()),
        tasks,
    };
    page.show(&view)
}

/// The page of a case with another status.
pub(super) async fn show_with(
    status: StatusCode,
    (app, me, page): (&App, &LoggedIn, &Page),
    shown: &CasePage,
    beside: Beside<'_>,
) -> Result<Response, Oops> {
    let body = show(app, me, page, shown, beside).await?;
    Ok((status, body).into_response())
}

async fn words<'a>(
    app: &App,
    page: &'a Page,
    flow: &'a Workflow,
    shown: &CasePage,
) -> Result<Words<'a>, Oops> {
    let mut names = BTreeMap::new();
    for account in history::accounts(&shown.entries) {
        names.insert(account, name_of(app, account).await?);
    }
    let city = app.city();
    let title = |t: &paper::Template| page.either(&t.title(), t.english()).to_owned();
    let papers = city.papers.iter().map(|(code, t)| (code.clone(), title(t))).collect();
    Ok(Words { page, flow, names, papers, evidence: shown.sees.evidence })
}

async fn name_of(app: &App, account: i64) -> Result<String, Oops> {
    let found = app.store().account_by_id(account).await?;
    Ok(found.map(|a| a.name).unwrap_or_default())
}

/// The line that stands for the case, or its category for eyes that may not read it.
fn title(page: &Page, flow: &Workflow, shown: &CasePage) -> String {
    let mut summary = flow.fields.values().filter(|f| f.meaning == Meaning::Summary);
    let found = summary.find_map(|f| shown.text(&f.code));
    found.map_or_else(
        || {
            let name = category_name(page, &shown.case.category);
            let kind = || page.either(&flow.name, &flow.en).to_owned();
            let report = || crate::figures::frozen::title(page, &shown.case).unwrap_or_else(kind);
            if name.is_empty() { report() } else { name }
        },
        str::to_owned,
    )
}

fn about(page: &Page, shown: &CasePage) -> Vec<String> {
    let pack = &page.pack;
    let case = &shown.case;
    let channel = pack.channels.get(&case.channel);
    // Where nobody is asked for, nobody is anonymous.
    let asks_who = pack
        .flow_of(case)
        .is_some_and(|flow| flow.fields.values().any(|f| f.meaning == Meaning::Name));
    let programme = case.programme.as_ref().and_then(|p| pack.programmes.get(p));
    let all = [
        shown.number.clone(),
        programme.map_or(String::new(), |p| page.either(&p.name, &p.en).to_owned()),
        category_name(page, &case.category),
        pack.regions.full_name(&case.place),
        channel.map_or(String::new(), |c| page.either(&c.name, &c.en).to_owned()),
        if case.anonymous && asks_who {
            page.t("case.anonymous").to_owned()
        } else {
            String::new()
        },
    ];
    all.into_iter().filter(|s| !s.is_empty()).collect()
}

/// The story that the case was opened with, and whether there is one that is not shown.
fn story(flow: &Workflow, shown: &CasePage) -> (String, bool) {
    let told = flow.opening.fields.iter().filter_map(|f| flow.fields.get(&f.code));
    let mut told = told.filter(|f| f.kind.is_text() && f.meaning == Meaning::Story);
    let Some(field) = told.next() else { return (String::new(), false) };
    let first = shown.entries.first();
    // A corrected wording takes the place of the first one.
    let corrected = shown
        .entries
        .iter()
        .rev()
        .find_map(|e| e.texts.get(domain::rights::ANSWERED)?.get(&field.code));
    if let Some(text) = corrected {
        return (text.clone(), false);
    }
    let text = first.and_then(|e| e.texts.get("open")).and_then(|t| t.get(&field.code));
    let hidden = first.is_some_and(|e| e.hidden.contains(&field.code));
    (text.cloned().unwrap_or_default(), hidden)
}

fn notices(
    words: &Words<'_>,
    (me, shown): (&LoggedIn, &CasePage),
    beside: &Beside<'_>,
    tasks: &[TaskView],
) -> Vec<Notice> {
    let (page, case) = (words.page, &shown.case);
    let mut all = Vec::new();
    let mut add = |class, title: String, text: String| all.push(Notice { class, title, text });
    if !beside.error.is_empty() {
        add("notice-danger", beside.error.clone(), String::new());
    }
    if !beside.done.is_empty() {
        add("", beside.done.clone(), String::new());
    }
    if let Some(until) = secrecy::through_glass(page, me, shown) {
        let until = crate::view::clock_time(page, until);
        add("notice-danger", page.tf("glass.looking", &[("until", &until)]), String::new());
    }
    if case.guarded.is_sealed() {
        add("notice-warn", page.t("secrecy.is_sealed").to_owned(), String::new());
    }
    if shown.erased {
        add("notice-warn", page.t("case.erased").to_owned(), String::new());
    }
    for text in super::rights::told(page, shown).notices {
        add("notice-warn", text, String::new());
    }
    for (title, text) in protection::duties(words, case) {
        add("notice-danger", title, text);
    }
    for flag in &case.flags {
        let key = format!("flag.{flag}");
        let text = page.t(&key);
        // Flags without words are for the rules of the pack, not for people.
        if text == key {
            continue;
        }
        let supervised = flag == "supervised";
        let owed = case.open_tasks().find(|t| supervised && t.kind == "supervision");
        let rest = owed.map_or(String::new(), |t| {
            let unit = page.unit(&t.unit);
            let due = crate::view::clock_time(page, t.clock.due());
            page.tf("flag.supervised_due", &[("unit", unit), ("due", &due)])
        });
        let open = tasks.iter().any(|t| !t.done);
        let class = match flag.as_str() {
            "unsafe_contact" | "emergency" => "notice-danger",
            "supervised" if open => "notice-danger",
            _ => "notice-warn",
        };
        add(class, text.to_owned(), rest);
    }
    all
}

/// The error summary of a form that was not accepted.
fn wrong(page: &Page, tried: Option<Tried<'_>>) -> Vec<Wrong> {
    let Some(tried) = tried else { return Vec::new() };
    let line = |fault: &FieldFault| Wrong {
        id: format!("{}-{}", tried.action, fault.field),
        text: field_words(page, fault),
    };
    tried.faults.iter().map(line).collect()
}

/// Cases that have to do with this one, as far as the viewer may know of them.
async fn related(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    shown: &CasePage,
) -> Result<Vec<LinkView>, Oops> {
    let (pack, viewer) = (&page.pack, me.viewer());
    let mut all = Vec::new();
    let main = shown.case.main_case().into_iter().collect();
    let merged: Vec<_> = shown.merged.iter().copied().take(20).collect();
    for (ids, key) in [(main, "related.main"), (merged, "related.merged")] {
        for other in app.store().known_cases(pack, &viewer, ids).await? {
            all.push(panels::case_link(page, &other, page.t(key)));
        }
    }
    for other in app.store().same_phones(pack, &viewer, shown).await? {
        let href = format!("/cases/{}", other.number);
        if all.iter().all(|l| l.href != href) {
            all.push(panels::case_link(page, &other, page.t("related.phone")));
        }
    }
    Ok(all)
}
