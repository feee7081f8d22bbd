//! The queue of return visits: answered cases that wait for a call, the most urgent first. Who may
//! make the call is decided in the domain; this page only asks.

use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    traces,
    view::{LightView, clock_time, contact},
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
    routing::get,
};
use domain::{
    contact::{Barred, Plan, Way, may_reach},
    decide::{self, Ctx},
    field::{Field, FieldKind, Meaning},
    workflow::{Guard, Relation, Target, Tone, Workflow},
};
use serde::Deserialize;
use store::{CasePage, DeskCase, DeskFilter};

/// The state in which an answered case waits for its return visit.
const VISITING: &str = "visiting";

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/visits", get(queue))
}

#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
}

#[expect(clippy::struct_excessive_bools, reason = "each says what the page draws or not")]
struct VisitView {
    number: String,
    href: String,
    summary: String,
    unit: String,
    contact: String,
    warn: bool,
    tries: String,
    light: LightView,
    mine: bool,
    shut: bool,
    late: bool,
}

struct QuestionView {
    label: String,
    answers: String,
}

#[derive(Template)]
#[template(path = "staff/visits.html")]
struct VisitsPage<'a> {
    page: &'a Page,
    visits: Vec<VisitView>,
    questions: Vec<QuestionView>,
    rule: String,
    next: String,
}

async fn queue(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let (pack, now) = (&page.pack, app.now());
    let filter = DeskFilter {
        state: Some(VISITING.to_owned()),
        cursor: asked.after.as_deref().and_then(|text| app.store().cursor_of(text)),
        ..DeskFilter::default()
    };
    let list = app.store().desk(pack, &me.staff(), now, &filter).await?;
    let (mut visits, mut shown) = (Vec::new(), Vec::new());
    for case in &list.cases {
        shown.push(app.store().case_by_id(pack, &me.viewer(), case.case.id).await?);
    }
    traces::reading(&app, &me, shown.iter().flatten()).await?;
    for (case, whole) in list.cases.iter().zip(&shown) {
        let actor = me.actor();
        let ctx = Ctx::bare(now, pack, &actor);
        let mine = decide::allowed(ctx, &case.case).any(|a| a.tone == Tone::Primary);
        visits.push(visit(&page, case, whole.as_ref(), (mine, now)));
    }
    let flow = pack.workflows.values().find(|w| w.state(VISITING).is_some());
    page.show(&VisitsPage {
        page: &page,
        visits,
        questions: flow.map(|f| questions(&page, f)).unwrap_or_default(),
        rule: flow.and_then(tries_needed).map_or_else(String::new, |(_, days)| {
            page.tf("visits.rule", &[("days", &days.to_string())])
        }),
        next: list.next.map_or_else(String::new, |next| {
            format!("/visits?after={}", app.store().cursor_text(next))
        }),
    })
}

fn visit(
    page: &Page,
    row: &DeskCase,
    whole: Option<&CasePage>,
    (mine, now): (bool, jiff::Timestamp),
) -> VisitView {
    let case = &row.case;
    let flow = page.pack.flow_of(case);
    let handled_by = case.handling.as_deref().unwrap_or(&case.unit);
    let plan = Plan::of(&page.pack, case);
    let way = plan.ways().next().unwrap_or(Way::Phone);
    let reach = may_reach(&page.pack, case, way, now);
    let mut lines: Vec<String> = Vec::new();
    if plan.is_never() {
        lines.push(page.t("visits.unsafe").to_owned());
    } else {
        if let Err(Barred::Until(at)) = reach {
            lines.push(page.tf("contact.later", &[("at", &clock_time(page, at))]));
        }
        if plan.ways().next().is_some() || plan.days().next().is_some() || plan.hours().is_some() {
            lines.push(format!("{} {}", contact::ways(page, plan), contact::times(page, plan)));
        }
        lines.extend(whole.map(|w| agreed(page, flow, w)).unwrap_or_default());
    }
    if lines.is_empty() {
        lines.push(page.t("visits.no_plan").to_owned());
    }
    VisitView {
        number: row.number.clone(),
        href: format!("/cases/{}", row.number),
        summary: row.summary.clone(),
        unit: page.unit(handled_by).to_owned(),
        contact: lines.join(page.t("contact.and")),
        warn: reach.is_err(),
        tries: flow
            .and_then(|flow| Some((flow, tries_needed(flow)?)))
            .map_or_else(String::new, |(flow, (action, days))| {
                format!("{} / {days}", case.days_of(flow, action))
            }),
        late: row.lamp.light == domain::clock::Light::Red,
        light: LightView::new(page, row.lamp.light, row.lamp.due, now),
        // Outside the plan nobody is called, whoever would do it.
        shut: reach.is_err(),
        mine,
    }
}

/// What the person agreed in words. Each line says what it is: a number never to be called must
/// not be taken for the number to call.
fn agreed(page: &Page, flow: Option<&Workflow>, case: &CasePage) -> Vec<String> {
    let fields = flow.into_iter().flat_map(|f| f.fields.values());
    let plan = fields.filter(|f| f.meaning == Meaning::SafeContact);
    let line = |f: &Field| {
        let label = page.either(&f.label, &f.en);
        case.text(&f.code).map(|text| format!("{label}{}{text}", page.t("staff.colon")))
    };
    plan.filter_map(line).collect()
}

/// The action that records a failed call and the different days on which it must be tried.
fn tries_needed(flow: &Workflow) -> Option<(&str, u32)> {
    flow.actions_from(VISITING).flat_map(|a| &a.guards).find_map(|g| match g {
        Guard::OnDays { action, days } => Some((action.as_str(), *days)),
        _ => None,
    })
}

/// What the person is asked: the choices of the form in which they rate by themselves.
fn questions(page: &Page, flow: &Workflow) -> Vec<QuestionView> {
    let mut asked: Vec<&str> = Vec::new();
    let rating = flow
        .actions_from(VISITING)
        .filter(|a| a.by.iter().any(|w| w.relation == Relation::Appellant))
        .filter(|a| matches!(a.to, Target::State(_)));
    let mut found = Vec::new();
    for one in rating.flat_map(|a| &a.fields) {
        let Some(field) =
            flow.fields.get(&one.code).filter(|_| !asked.contains(&one.code.as_str()))
        else {
            continue;
        };
        if let FieldKind::Choice(options) = &field.kind {
            asked.push(&one.code);
            let answers: Vec<&str> = options.iter().map(|o| page.either(&o.label, &o.en)).collect();
            found.push(QuestionView {
                label: page.either(&field.label, &field.en).to_owned(),
                answers: answers.join(page.t("board.comma")),
            });
        }
    }
    found
}
