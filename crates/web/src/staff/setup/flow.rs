//! One workflow for people: its picture, its states with role and clock, its actions with who may
//! do them, where they lead and under which conditions.

use super::{clocks, version};
use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::{self, GradeView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::workflow::{Action, Guard, Relation, StateKind, Target, Who, Workflow};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/setup/workflows", get(|| async { Redirect::to("/setup") }))
        .add(Access::Staff, "/setup/workflows/{code}", get(one))
        .add(Access::Staff, "/setup/workflows/{code}/picture.svg", get(picture))
}

struct TabView {
    name: String,
    href: String,
    current: bool,
}

struct StateView {
    name: String,
    public: String,
    kind: String,
    ended: bool,
    role: String,
    clock: String,
    next: String,
}

struct ActionView {
    name: String,
    from: String,
    to: String,
    by: String,
    guards: Vec<String>,
    bulk: bool,
    auto: bool,
}

#[derive(Template)]
#[template(path = "staff/setup_flow.html")]
struct FlowPage<'a> {
    page: &'a Page,
    version: String,
    name: String,
    picture: String,
    checked: String,
    tabs: Vec<TabView>,
    states: Vec<StateView>,
    actions: Vec<ActionView>,
}

async fn picture(
    State(app): State<App>,
    _: LoggedIn,
    Path(code): Path<String>,
) -> Result<Response, Oops> {
    let pack = app.pack();
    let flow = pack.workflow(&code).ok_or(Oops::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], packs::draw(flow)).into_response())
}

async fn one(page: Page, _: LoggedIn, Path(code): Path<String>) -> Result<Response, Oops> {
    let flow = page.pack.workflow(&code).ok_or(Oops::NotFound)?;
    let words = Words { page: &page, flow };
    let tabs = page.pack.workflows.values().map(|f| TabView {
        name: page.either(&f.name, &f.en).to_owned(),
        href: format!("/setup/workflows/{}", f.code),
        current: f.code == flow.code,
    });
    page.show(&FlowPage {
        page: &page,
        version: version(&page),
        name: page.either(&flow.name, &flow.en).to_owned(),
        picture: format!("/setup/workflows/{}/picture.svg", flow.code),
        checked: page.tf(
            "setup.checked",
            &[
                ("states", &flow.states.len().to_string()),
                ("promises", &flow.mandatory.len().to_string()),
            ],
        ),
        tabs: tabs.collect(),
        states: flow.states.iter().map(|s| words.state(s)).collect(),
        actions: flow.actions.iter().map(|a| words.action(a)).collect(),
    })
}

/// Puts parts of a workflow into words.
struct Words<'a> {
    page: &'a Page,
    flow: &'a Workflow,
}

impl Words<'_> {
    fn list(&self, names: impl IntoIterator<Item = String>) -> String {
        names.into_iter().collect::<Vec<_>>().join(self.page.t("board.comma"))
    }

    fn state(&self, state: &domain::workflow::State) -> StateView {
        let kind = match state.kind {
            StateKind::Open { .. } => "setup.kind.open",
            StateKind::Held { .. } => "setup.kind.held",
            StateKind::Closed => "setup.kind.closed",
            StateKind::End => "setup.kind.end",
        };
        let clock = match &state.kind {
            StateKind::Open { clock, .. } => self.flow.clocks.get(clock),
            _ => None,
        };
        let next = self.flow.actions_from(&state.code).filter(|a| a.to != Target::Same);
        StateView {
            name: self.page.either(&state.name, &state.en).to_owned(),
            public: self.page.either(&state.public, &state.public_en).to_owned(),
            kind: self.page.t(kind).to_owned(),
            ended: !state.is_open(),
            role: match state.responsible() {
                Some(_) => self.list(state.expected().map(|r| self.role(r))),
                None => "—".to_owned(),
            },
            clock: clock.map_or_else(|| "—".to_owned(), |c| clocks::spans(self.page, c)),
            next: self.list(next.map(|a| self.page.either(&a.name, &a.en).to_owned())),
        }
    }

    fn action(&self, action: &Action) -> ActionView {
        let states = action.from.iter().map(|s| view::state_name(self.page, &self.flow.code, s));
        ActionView {
            name: self.page.either(&action.name, &action.en).to_owned(),
            from: self.list(states),
            to: match &action.to {
                Target::Same => self.page.t("setup.same").to_owned(),
                Target::State(code) => view::state_name(self.page, &self.flow.code, code),
            },
            by: self.list(action.by.iter().map(|w| self.who(w))),
            guards: action.guards.iter().map(|g| self.guard(g)).collect(),
            bulk: action.bulk,
            auto: action.auto.is_some(),
        }
    }

    fn role(&self, code: &str) -> String {
        let role = self.page.pack.roles.get(code);
        role.map_or_else(|| code.to_owned(), |r| self.page.either(&r.name, &r.en).to_owned())
    }

    fn who(&self, who: &Who) -> String {
        let role = self.role(&who.role);
        let key = match who.relation {
            Relation::Responsible => "setup.who.responsible",
            Relation::Above => "setup.who.above",
            Relation::Covering => "setup.who.covering",
            Relation::Task => "setup.who.task",
            Relation::Appellant | Relation::Anywhere => return role,
        };
        self.page.tf(key, &[("role", &role)])
    }

    fn names(&self, actions: &[String]) -> String {
        self.list(actions.iter().map(|code| self.name(code)))
    }

    fn name(&self, action: &str) -> String {
        let found = self.flow.action(action);
        found.map_or_else(|| action.to_owned(), |a| self.page.either(&a.name, &a.en).to_owned())
    }

    fn grades(&self, grades: &[String]) -> String {
        self.list(grades.iter().map(|g| GradeView::new(self.page, g).name))
    }

    fn field(&self, code: &str) -> String {
        let field = self.flow.fields.get(code);
        field.map_or_else(|| code.to_owned(), |f| self.page.either(&f.label, &f.en).to_owned())
    }

    /// The words of a value, when the field is a choice.
    fn value(&self, field: &str, value: &str) -> String {
        super::super::papers::choice(self.page, self.flow, field, value)
    }

    /// The name of a flag or of a kind of task; a pack may bring some that have none here.
    fn named(&self, area: &str, code: &str) -> String {
        let key = format!("{area}.{code}");
        let name = self.page.t(&key);
        if name == key { code.to_owned() } else { name.to_owned() }
    }

    /// A condition in words. Flags and kinds of task have names in the texts of the program.
    fn guard(&self, guard: &Guard) -> String {
        let page = self.page;
        let said = |key: &str, list: String| page.tf(key, &[("list", &list)]);
        let flag = |code: &str| self.named("setup.flag", code);
        let task = |code: &str| self.named("setup.task", code);
        let counted = |key: &str, action: &str, n: u32| {
            page.tf(key, &[("action", &self.name(action)), ("n", &n.to_string())])
        };
        let either = |yes: bool, a: &str, b: &str| page.t(if yes { a } else { b }).to_owned();
        match guard {
            Guard::NotActorOf(actions) => said("setup.guard.not_actor_of", self.names(actions)),
            Guard::NotUnitOf(actions) => said("setup.guard.not_unit_of", self.names(actions)),
            Guard::AtMost { action, times } => counted("setup.guard.at_most", action, *times),
            Guard::AtLeast { action, times } => counted("setup.guard.at_least", action, *times),
            Guard::OnDays { action, days } => counted("setup.guard.on_days", action, *days),
            Guard::FieldIn { field, values } => page.tf(
                "setup.guard.field_in",
                &[
                    ("field", &self.field(field)),
                    ("list", &self.list(values.iter().map(|v| self.value(field, v)))),
                ],
            ),
            Guard::GradeIn(grades) => said("setup.guard.grade_in", self.grades(grades)),
            Guard::GradeNotIn(grades) => said("setup.guard.grade_not_in", self.grades(grades)),
            Guard::Sensitive(yes) => {
                either(*yes, "setup.guard.sensitive", "setup.guard.not_sensitive")
            }
            Guard::Anonymous(yes) => either(*yes, "setup.guard.anonymous", "setup.guard.named"),
            Guard::Flagged(code) => said("setup.guard.flagged", flag(code)),
            Guard::NotFlagged(code) => said("setup.guard.not_flagged", flag(code)),
            Guard::NoOpenTasks(kind) => said("setup.guard.no_open_tasks", task(kind)),
            Guard::HasOpenTasks(kind) => said("setup.guard.has_open_tasks", task(kind)),
            Guard::OwesTask(kind) => said("setup.guard.owes_task", task(kind)),
            Guard::BeforeDue(code) => {
                let clock = self
                    .flow
                    .clocks
                    .get(code)
                    .map_or(code.as_str(), |c| page.either(&c.name, &c.en));
                said("setup.guard.before_due", clock.to_owned())
            }
            Guard::ChannelIn(codes) => {
                let names = codes.iter().map(|c| super::channel_name(page, c));
                said("setup.guard.channel_in", self.list(names))
            }
            Guard::Climbs(field) => said("setup.guard.climbs", self.field(field)),
            Guard::NotLower(_) => page.t("setup.guard.not_lower").to_owned(),
            Guard::WithinDays(days) => said("setup.guard.within_days", days.to_string()),
            Guard::SampleSound => page.t("setup.guard.sample_sound").to_owned(),
            Guard::NotOwner => page.t("setup.guard.not_owner").to_owned(),
            Guard::Contact { .. } => page.t("setup.guard.contact").to_owned(),
            Guard::Protected(yes) => {
                either(*yes, "setup.guard.protected", "setup.guard.not_protected")
            }
            Guard::NotAmong { field, among } => page.tf(
                "setup.guard.not_among",
                &[("field", &self.field(field)), ("among", &self.field(among))],
            ),
            Guard::OtherUnit(field) => said("setup.guard.other_unit", self.field(field)),
            Guard::Milestone(kind) => {
                let name = self.flow.milestones.get(kind).map(|m| page.either(&m.name, &m.en));
                said("setup.guard.milestone", name.unwrap_or(kind).to_owned())
            }
        }
    }
}
