//! The public board of practical projects: name, for whom, goal, progress, light in words, last
//! change. Nothing of staff or cases, and small numbers of people are not told.

use crate::{
    app::App,
    error::Oops,
    figures::{
        projects::{self, Asked, LinkView},
        standing::{self, Reader, Standing},
    },
    page::Page,
    view,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::{access::Viewer, field::FieldKind, workflow::Workflow};
use store::{Project, Reading};

struct ChangeView {
    words: String,
    note: String,
}

struct CardView {
    name: String,
    note: String,
    state: String,
    standing: Option<Standing>,
    change: Option<ChangeView>,
}

struct GroupView {
    id: String,
    name: String,
    cards: Vec<CardView>,
}

#[derive(Template)]
#[template(path = "citizen/projects.html")]
struct BoardPage<'a> {
    page: &'a Page,
    unit: String,
    year: String,
    as_of: String,
    years: Vec<LinkView>,
    groups: Vec<GroupView>,
}

pub(super) async fn board(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let flow = projects::workflow(&page).ok_or(Oops::NotFound)?;
    let top = projects::top(&page).ok_or(Oops::NotFound)?;
    let unit = projects::promising(&page, asked.unit()).unwrap_or(top);
    let unit = &unit.code;
    let year = projects::year_of(asked.year(), page.today());
    let found = app.store().projects((&page.pack, &Viewer::Public), flow, (unit, year)).await?;
    let read = projects::readings(&app, (&page, &Viewer::Public), (unit, year), &found).await?;
    let day = standing::day_words(&page, standing::last_day(year, page.today()));
    page.show(&BoardPage {
        year: page.tf("figures.year", &[("y", &year.to_string())]),
        as_of: page.tf("figures.as_of", &[("day", &day)]),
        unit: page.unit(unit).to_owned(),
        years: projects::years(&page, &format!("/projects/public?unit={unit}&"), year),
        groups: groups(&page, flow, &found.iter().zip(read).collect::<Vec<_>>()),
        page: &page,
    })
}

fn groups(page: &Page, flow: &Workflow, found: &[(&Project, Option<Reading>)]) -> Vec<GroupView> {
    let kinds = flow.fields.get("for_whom").map(|f| &f.kind);
    let Some(FieldKind::Choice(options)) = kinds else { return Vec::new() };
    let is = |project: &Project, value: &str| {
        project.case.coded.get("for_whom").is_some_and(|v| v.one() == value)
    };
    let group = options.iter().map(|option| GroupView {
        id: option.value.clone(),
        name: page.tf("project.for", &[("whom", page.either(&option.label, &option.en))]),
        cards: found
            .iter()
            .filter(|(project, _)| is(project, &option.value))
            .map(|(project, reading)| card(page, flow, project, *reading))
            .collect(),
    });
    group.filter(|g| !g.cards.is_empty()).collect()
}

fn card(page: &Page, flow: &Workflow, project: &Project, reading: Option<Reading>) -> CardView {
    let programme = page.pack.programmes.get(&project.programme);
    let figure = standing::figure_of(page, project);
    let promises = &project.case.promises;
    let changed = promises.iter().zip(&project.notes).skip(1).next_back();
    CardView {
        name: projects::name(page, project),
        note: programme.map_or(String::new(), |p| page.either(&p.note, &p.note_en).to_owned()),
        state: view::public_state(page, flow, &project.case.state),
        standing: figure.zip(reading).map(|(figure, reading)| {
            standing::standing(page, (figure, promises), reading, Reader::Everybody)
        }),
        change: changed.zip(figure).and_then(|((promise, note), figure)| {
            let before = promises.iter().rev().nth(1)?;
            let from = standing::amount(page, figure, before.target.goal);
            let to = standing::amount(page, figure, promise.target.goal);
            let day = standing::day_words(page, promise.since);
            let told = [("day", day.as_str()), ("from", &from), ("to", &to)];
            Some(ChangeView { words: page.tf("project.changed", &told), note: note.clone() })
        }),
    }
}
