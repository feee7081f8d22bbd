//! The work list: what waits for somebody, the most urgent first.

use super::panels;
use crate::{
    app::App,
    error::Oops,
    form::fresh_command,
    page::Page,
    session::LoggedIn,
    view::{GradeView, LightView, OptionView, category_name, day, state_name},
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::{
    access,
    case::Staff,
    clock::Light,
    decide::{self, Ctx},
    pack::{Pack, Scope, Unit},
    rights, waiting,
    workflow::{StateKind, Workflow},
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use store::{CasesOf, Cursor, DeskCase, DeskFilter};

#[derive(Template)]
#[template(path = "staff/queue.html")]
struct DeskView<'a> {
    page: &'a Page,
    moved: bool,
    flow: String,
    wanted: Wanted,
    flows: Vec<Tab>,
    new: Vec<Tab>,
    tabs: Vec<Tab>,
    whose: Vec<OptionView>,
    lights: Vec<OptionView>,
    grades: Vec<OptionView>,
    categories: Vec<OptionView>,
    units: Vec<OptionView>,
    rows: Vec<Row>,
    bulk: Vec<Tab>,
    command: String,
    next: String,
    first: String,
    clear: String,
}

/// A link with a name and a count.
struct Tab {
    href: String,
    name: String,
    count: String,
    current: bool,
}

/// A line of the list.
struct Row {
    number: String,
    summary: String,
    category: String,
    place: String,
    grade: GradeView,
    state: String,
    state_class: &'static str,
    task: String,
    unit: String,
    light: Option<LightView>,
    closed: String,
    late: bool,
}

/// The fields that choose what a list holds.
pub(super) const FILTERS: &[&str] = &["flow", "own", "state", "light", "grade", "category", "unit"];

/// What was asked for, as far as the city knows the codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    flow: String,
    whose: CasesOf,
    state: String,
    light: String,
    grade: String,
    category: String,
    unit: String,
}

pub(super) async fn page(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    let (pack, staff, now) = (&page.pack, me.staff(), app.now());
    let wanted = Wanted::read(pack, &staff, &query);
    let flow = pack.workflow(&wanted.flow).ok_or(Oops::NotFound)?;
    let cursor = query.get("after").and_then(|text| app.store().cursor_of(text));
    let filter = wanted.filter(cursor);
    let found = app.store().desk(pack, &staff, now, &filter).await?;
    let next =
        found.next.map(|n| format!("{}&after={}", wanted.href(), app.store().cursor_text(n)));
    let view = DeskView {
        page: &page,
        moved: query.get("done").is_some_and(|d| d == "moved"),
        flow: flow.code.clone(),
        flows: flows(&page, &wanted),
        new: new_records(&page, &staff),
        tabs: tabs(&app, &page, &me, (flow, &wanted)).await?,
        lights: lights(&page, &wanted),
        grades: pack
            .risk
            .grades
            .iter()
            .map(|g| OptionView::of(&g.code, page.either(&g.name, &g.en), &wanted.grade))
            .collect(),
        categories: pack
            .categories
            .values()
            .filter(|c| c.code.len() == 2)
            .map(|c| OptionView::of(&c.code, page.either(&c.name, &c.en), &wanted.category))
            .collect(),
        units: units(&page, &staff, &wanted),
        bulk: bulk(&page, &me, (flow, &found.cases), now),
        rows: found.cases.iter().map(|c| row(&page, c, now)).collect(),
        command: fresh_command(),
        next: next.unwrap_or_default(),
        first: if cursor.is_some() { wanted.href() } else { String::new() },
        clear: Wanted { flow: wanted.flow.clone(), whose: wanted.whose, ..Wanted::default() }
            .href(),
        whose: whose(&page, &wanted),
        wanted,
    };
    page.show(&view)
}

impl Wanted {
    /// Reads what was asked for; codes that the city does not know ask for nothing.
    pub(super) fn read(pack: &Pack, staff: &Staff, query: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| query.get(name).map_or("", String::as_str);
        let known = |name: &str, ok: &dyn Fn(&str) -> bool| {
            Some(get(name)).filter(|v| !v.is_empty() && ok(v)).unwrap_or_default().to_owned()
        };
        let mut flow = known("flow", &|v| pack.workflows.contains_key(v));
        if flow.is_empty() {
            flow = pack.workflows.keys().next().cloned().unwrap_or_default();
        }
        let own = pack.workflow(&flow);
        let state = known("state", &|v| match v.strip_prefix('~') {
            Some(rights::KIND) => true,
            Some(kind) => own.is_some_and(|f| f.task_kinds().any(|k| k == kind)),
            None => own.is_some_and(|f| f.state(v).is_some()),
        });
        let first = own.filter(|_| state.is_empty() && get("unit").is_empty());
        Self {
            whose: whose_of(get("own"))
                .unwrap_or_else(|| first.map_or(CasesOf::Area, |flow| usual(pack, staff, flow))),
            state,
            light: known("light", &|v| light_of(v).is_some()),
            grade: known("grade", &|v| pack.risk.grade(v).is_some()),
            category: known("category", &|v| pack.categories.contains_key(v)),
            unit: known("unit", &|v| pack.units.get(v).is_some()),
            flow,
        }
    }

    pub(super) fn filter(&self, cursor: Option<Cursor>) -> DeskFilter {
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        DeskFilter {
            workflow: some(&self.flow),
            state: some(&self.state),
            unit: some(&self.unit),
            whose: self.whose,
            light: light_of(&self.light),
            grade: some(&self.grade),
            category: some(&self.category),
            cursor,
        }
    }

    /// Whose cases, as a form says it.
    fn own(&self) -> &'static str {
        code_of(self.whose)
    }

    /// Whether more than tab and scope was chosen.
    fn is_narrow(&self) -> bool {
        [&self.light, &self.grade, &self.category, &self.unit].iter().any(|v| !v.is_empty())
    }

    /// The address of this list; holds codes only.
    fn href(&self) -> String {
        let mut href = format!("/desk?flow={}&own={}", self.flow, code_of(self.whose));
        let parts = [
            ("state", &self.state),
            ("light", &self.light),
            ("grade", &self.grade),
            ("category", &self.category),
            ("unit", &self.unit),
        ];
        for (name, value) in parts.into_iter().filter(|(_, v)| !v.is_empty()) {
            for part in ["&", name, "=", value] {
                href.push_str(part);
            }
        }
        href
    }
}

/// The list that opens by itself: everything for whoever looks after offices below, else what waits
/// for the viewer, else, when nothing ever does, what the unit holds.
fn usual(pack: &Pack, staff: &Staff, flow: &Workflow) -> CasesOf {
    let alone = access::scope(pack, staff) <= Scope::Unit
        || !pack.units.children(&staff.unit).any(|u| !u.agency);
    match (alone, waiting::concerns(flow, &staff.roles)) {
        (false, _) => CasesOf::Area,
        (true, true) => CasesOf::Mine,
        (true, false) => CasesOf::Unit,
    }
}

/// How an address says whose cases are listed.
fn code_of(whose: CasesOf) -> &'static str {
    match whose {
        CasesOf::Area => "0",
        CasesOf::Unit => "1",
        CasesOf::Mine => "me",
    }
}

fn whose_of(code: &str) -> Option<CasesOf> {
    [CasesOf::Area, CasesOf::Unit, CasesOf::Mine].into_iter().find(|w| code_of(*w) == code)
}

fn whose(page: &Page, wanted: &Wanted) -> Vec<OptionView> {
    let all =
        [(CasesOf::Mine, "desk.mine"), (CasesOf::Unit, "desk.own"), (CasesOf::Area, "desk.area")];
    let option = |(whose, key): (CasesOf, &str)| {
        OptionView::of(code_of(whose), page.t(key), code_of(wanted.whose))
    };
    all.into_iter().map(option).collect()
}

fn light_of(code: &str) -> Option<Light> {
    match code {
        "green" => Some(Light::Green),
        "yellow" => Some(Light::Yellow),
        "red" => Some(Light::Red),
        _ => None,
    }
}

fn lights(page: &Page, wanted: &Wanted) -> Vec<OptionView> {
    let all = [("green", "light.green"), ("yellow", "light.yellow"), ("red", "light.red")];
    all.into_iter().map(|(code, key)| OptionView::of(code, page.t(key), &wanted.light)).collect()
}

/// One switch for each workflow, unless there is only one.
fn flows(page: &Page, wanted: &Wanted) -> Vec<Tab> {
    let all = page.pack.workflows.values().map(|w| Tab {
        href: format!("/desk?flow={}", w.code),
        name: page.either(&w.name, &w.en).to_owned(),
        count: String::new(),
        current: w.code == wanted.flow,
    });
    all.collect()
}

/// Records that this person may open.
fn new_records(page: &Page, staff: &Staff) -> Vec<Tab> {
    let may = |w: &&Workflow| w.opening.by.iter().any(|who| staff.roles.contains(&who.role));
    let all = page.pack.workflows.values().filter(may).map(|w| Tab {
        href: format!("/new/{}", w.code),
        name: page.tf("desk.new", &[("name", page.either(&w.name, &w.en))]),
        count: String::new(),
        current: false,
    });
    all.collect()
}

/// The tabs: own work, the states with something in them, tasks, what is late, everything.
async fn tabs(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (flow, wanted): (&Workflow, &Wanted),
) -> Result<Vec<Tab>, Oops> {
    let pack = &page.pack;
    let staff = &me.staff();
    let scope = access::scope_in(pack, staff, flow);
    let base = Wanted { flow: flow.code.clone(), unit: wanted.unit.clone(), ..Wanted::default() };
    let tab = |name: &str, count: String, to: Wanted| Tab {
        href: to.href(),
        name: name.to_owned(),
        count,
        current: (to.whose, &to.state, &to.light) == (wanted.whose, &wanted.state, &wanted.light),
    };
    let mine = Wanted { whose: CasesOf::Mine, unit: String::new(), ..base.clone() };
    let mut tabs = vec![tab(page.t("desk.mine"), String::new(), mine)];
    if scope > Scope::Tasks {
        let counts = counts(app, page, me, (flow, wanted)).await?;
        for state in &flow.states {
            let count = counts.get(&state.code).copied();
            let responsible = state.expects(&staff.roles);
            let chosen = wanted.state == state.code;
            if count.map_or(responsible, |n| n > 0) || chosen {
                let to = Wanted { state: state.code.clone(), ..base.clone() };
                let count = count.map_or(String::new(), |n| n.to_string());
                tabs.push(tab(page.either(&state.name, &state.en), count, to));
            }
        }
    }
    let mut kinds: Vec<&String> =
        flow.task_kinds().filter(|kind| waiting::answers(flow, &staff.roles, kind)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let to = Wanted { state: format!("~{kind}"), whose: CasesOf::Unit, ..base.clone() };
        tabs.push(tab(&super::history::task_name(page, kind), String::new(), to));
    }
    if rights::answers(pack, &staff.roles) {
        let to =
            Wanted { state: format!("~{}", rights::KIND), whose: CasesOf::Unit, ..base.clone() };
        tabs.push(tab(&super::history::task_name(page, rights::KIND), String::new(), to));
    }
    let late = Wanted { light: "red".to_owned(), ..base.clone() };
    tabs.push(tab(page.t("desk.late"), String::new(), late));
    if scope > Scope::Tasks {
        tabs.push(tab(page.t("desk.all"), String::new(), base));
    }
    Ok(tabs)
}

/// Cases by state of the listed unit; nothing for whoever does not read whole areas, because the
/// counts hold the units below.
async fn counts(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (flow, wanted): (&Workflow, &Wanted),
) -> Result<BTreeMap<String, i64>, Oops> {
    let pack = &page.pack;
    let root = access::list_root(pack, &me.staff()).unwrap_or_default();
    let unit = if wanted.unit.is_empty() { &root } else { &wanted.unit };
    let covered = pack.units.covers(&root, unit);
    if access::scope(pack, &me.staff()) < Scope::Subtree || !covered {
        return Ok(BTreeMap::new());
    }
    let counts = app.store().state_counts(pack, &me.viewer(), (flow, unit)).await?;
    Ok(counts.into_iter().map(|c| (c.state, c.cases)).collect())
}

/// The viewer's unit and those directly below it, and the one that is listed.
fn units(page: &Page, staff: &Staff, wanted: &Wanted) -> Vec<OptionView> {
    let pack = &page.pack;
    if access::scope(pack, staff) < Scope::Subtree {
        return Vec::new();
    }
    let root = access::list_root(pack, staff).unwrap_or_default();
    let mut all: Vec<&Unit> = pack.units.children(&root).filter(|u| !u.agency).collect();
    if let Some(listed) = pack.units.get(&wanted.unit)
        && pack.units.covers(&root, &listed.code)
        && !all.iter().any(|u| u.code == listed.code)
    {
        all.push(listed);
    }
    all.into_iter().map(|u| OptionView::of(&u.code, page.unit(&u.code), &wanted.unit)).collect()
}

/// The actions for many cases at once that fit at least one line of the page.
fn bulk(
    page: &Page,
    me: &LoggedIn,
    (flow, cases): (&Workflow, &[DeskCase]),
    now: Timestamp,
) -> Vec<Tab> {
    let actor = me.actor();
    let ctx = Ctx::bare(now, &page.pack, &actor);
    let fits = |a: &&domain::workflow::Action| {
        a.bulk && cases.iter().any(|c| decide::permit(ctx, &c.case, a, None).is_ok())
    };
    let all = flow.actions.iter().filter(fits).map(|a| Tab {
        href: a.code.clone(),
        name: page.either(&a.name, &a.en).to_owned(),
        count: String::new(),
        current: false,
    });
    all.collect()
}

fn row(page: &Page, found: &DeskCase, now: Timestamp) -> Row {
    let pack = &page.pack;
    let case = &found.case;
    let state = pack.flow_of(case).and_then(|w| w.state(&case.state));
    let held = matches!(state.map(|s| &s.kind), Some(StateKind::Held { .. }));
    let open = case.is_open(pack);
    let light = if held && found.task.is_none() {
        panels::paused(page, found.lamp.due)
    } else {
        LightView::new(page, found.lamp.light, found.lamp.due, now)
    };
    Row {
        number: found.number.clone(),
        summary: found.summary.clone(),
        category: category_name(page, &case.category),
        place: pack.regions.get(&case.place).map_or(String::new(), |r| r.name.clone()),
        grade: GradeView::new(page, &case.grade),
        state: state_name(page, &case.workflow, &case.state),
        state_class: panels::state_class(page, case),
        task: found.task.as_ref().map_or(String::new(), |k| super::history::task_name(page, k)),
        unit: page.unit(&case.unit).to_owned(),
        late: (open || found.task.is_some()) && found.lamp.light == Light::Red,
        closed: if open { String::new() } else { day(page, found.lamp.due) },
        light: (open || found.task.is_some()).then_some(light),
    }
}
