//! The public board of practical projects: name, for whom, goal, progress, light in words, last
//! change. Nothing of staff or cases, and no number is told that a release would keep back.

use crate::{
    app::App,
    error::Oops,
    figures::{
        projects::{self, Asked, LinkView},
        standing::{self, Reader, StageView, Standing},
    },
    page::Page,
    view,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::{
    access::Viewer,
    field::FieldKind,
    figure::{AnyAmount, Figure, Promise, Target, is_few, stand_beside},
    press,
    workflow::{Code, Workflow},
};
use std::collections::{BTreeMap, BTreeSet};
use store::{FigureAsk, Project, Reading};

struct ChangeView {
    words: Vec<String>,
    note: String,
}

struct CardView {
    name: String,
    note: String,
    state: String,
    standing: Option<Standing>,
    stages: Vec<StageView>,
    changes: Vec<ChangeView>,
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
    let told = Told { app: &app, page: &page, flow, year };
    let readers = told.readers(unit, found.iter().zip(&read)).await?;
    let one = |(project, (reading, reader))| (project, reading, reader);
    let found: Vec<Found<'_>> = found.iter().zip(read.into_iter().zip(readers)).map(one).collect();
    let day = standing::day_words(&page, standing::last_day(year, page.today()));
    page.show(&BoardPage {
        year: page.tf("figures.year", &[("y", &year.to_string())]),
        as_of: page.tf("figures.as_of", &[("day", &day)]),
        unit: page.unit(unit).to_owned(),
        years: projects::years(&page, &format!("/projects/public?unit={unit}&"), year),
        groups: groups(&page, flow, &found),
        page: &page,
    })
}

/// A project, its number, and how much of the number is told.
type Found<'a> = (&'a Project, Option<Reading>, Reader);

fn groups(page: &Page, flow: &Workflow, found: &[Found<'_>]) -> Vec<GroupView> {
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
            .filter(|(project, ..)| is(project, &option.value))
            .map(|found| card(page, flow, *found))
            .collect(),
    });
    group.filter(|g| !g.cards.is_empty()).collect()
}

fn card(page: &Page, flow: &Workflow, (project, reading, reader): Found<'_>) -> CardView {
    let programme = page.pack.programmes.get(&project.programme);
    let figure = standing::figure_of(page, project);
    let promises = &project.case.promises;
    CardView {
        name: projects::name(page, project),
        note: programme.map_or(String::new(), |p| page.either(&p.note, &p.note_en).to_owned()),
        state: view::public_state(page, flow, &project.case.state),
        standing: figure
            .zip(reading)
            .map(|told| standing::standing(page, (told.0, promises), told.1, reader)),
        stages: figure.zip(reading).map_or(Vec::new(), |(figure, reading)| {
            standing::stages(page, (flow, figure, promises), reading, reader)
        }),
        changes: figure.map_or(Vec::new(), |figure| changes(page, figure, project)),
    }
}

/// What was changed after it had been made public, each with its note. No unit is named.
fn changes(page: &Page, figure: &Figure, project: &Project) -> Vec<ChangeView> {
    let promises = &project.case.promises;
    let pairs = promises.windows(2).zip(project.notes.iter().skip(1));
    let change = |(pair, note): (&[Promise], &String)| {
        let [before, after] = pair else { return None };
        let words = words(page, figure, (&before.target, after));
        (!words.is_empty()).then(|| ChangeView { words, note: note.clone() })
    };
    pairs.filter_map(change).collect()
}

fn words(page: &Page, figure: &Figure, (before, after): (&Target, &Promise)) -> Vec<String> {
    let (day, after) = (standing::day_words(page, after.since), &after.target);
    let say = |key: &str, from: &str, to: &str| {
        page.tf(key, &[("day", &day), ("from", from), ("to", to)])
    };
    let goal = |target: &Target| {
        if before.until == after.until {
            standing::amount(page, figure, target.goal)
        } else {
            standing::goal(page, figure, target)
        }
    };
    let budget = |target: &Target| {
        target
            .budget
            .map_or_else(|| page.t("project.no_budget").to_owned(), |n| standing::money(page, n))
    };
    let mut words = Vec::new();
    if (before.goal, before.until) != (after.goal, after.until) {
        words.push(say("project.changed", &goal(before), &goal(after)));
    }
    if before.steps != after.steps {
        words.push(say("project.changed.stages", "", ""));
    }
    if before.budget != after.budget {
        words.push(say("project.changed.budget", &budget(before), &budget(after)));
    }
    if before.lead.is_some() && before.lead != after.lead {
        words.push(say("project.changed.lead", "", ""));
    }
    words
}

/// What of the numbers of a year is told to everybody.
struct Told<'a> {
    app: &'a App,
    page: &'a Page,
    flow: &'a Workflow,
    year: i16,
}

/// The units above one, each first among those directly below it, with the figures that they have
/// promised everybody.
type Levels = Vec<Vec<(Code, BTreeSet<Code>)>>;

/// What releases kept back, by figure.
type Kept = BTreeMap<Code, Vec<press::Told>>;

impl Told<'_> {
    /// How much is told of each number of a unit. It is kept back where a small one could be found
    /// from it and the numbers of the units above and beside, or what a release kept back.
    async fn readers<'p>(
        &self,
        unit: &str,
        found: impl Iterator<Item = (&'p Project, &'p Option<Reading>)>,
    ) -> Result<Vec<Reader>, Oops> {
        let figures: Vec<Option<&Figure>> =
            found.map(|(project, _)| standing::figure_of(self.page, project)).collect();
        let mut levels = Vec::new();
        for above in self.page.pack.units.upward(unit).skip(1) {
            levels.push(self.level(&above.code).await?);
        }
        let codes = figures.iter().flatten().map(|figure| figure.code.as_str()).collect();
        let kept = self.app.store().kept_back(&self.page.pack, &codes).await?;
        let mut readers = Vec::with_capacity(figures.len());
        for figure in figures {
            readers.push(match figure {
                Some(figure) if !self.is_told(unit, figure, (&levels, &kept)).await? => {
                    Reader::KeptBack
                }
                Some(_) | None => Reader::Everybody,
            });
        }
        Ok(readers)
    }

    /// A unit and those directly below it, each with the figures that it has promised everybody.
    async fn level(&self, above: &str) -> Result<Vec<(Code, BTreeSet<Code>)>, Oops> {
        let units = &self.page.pack.units;
        let kind = units.get(above).map(|u| &u.kind);
        let below = units.children(above).filter(|u| Some(&u.kind) == kind);
        let all: Vec<&str> = std::iter::once(above).chain(below.map(|u| u.code.as_str())).collect();
        let pack = &self.page.pack;
        let promised = self.app.store().promised(pack, self.flow, (&all, self.year)).await?;
        Ok(all.into_iter().map(str::to_owned).zip(promised).collect())
    }

    /// Whether a number of this unit may stand beside those above and beside it: the unit directly
    /// above tells its own, and at each level nobody finds a small number by subtracting, nor one that
    /// a release kept back.
    async fn is_told(
        &self,
        unit: &str,
        figure: &Figure,
        (levels, kept): (&Levels, &Kept),
    ) -> Result<bool, Oops> {
        if self.is_kept(figure, unit, kept) {
            return Ok(false);
        }
        let promises = |level: &&Vec<(Code, BTreeSet<Code>)>| {
            level.first().is_some_and(|(_, figures)| figures.contains(&figure.code))
        };
        let Some(top) = levels.iter().rposition(|level| promises(&level)) else {
            // Nobody above tells a number of which this one is a part, but a release may.
            let small = self.page.pack.targets.small;
            let values = self.values(figure, &[unit]).await?;
            return Ok(levels.is_empty() || !values.iter().any(|n| is_few(*n, small)));
        };
        for level in levels.iter().take(top + 1) {
            if !promises(&level) {
                return Ok(false);
            }
            let beside = level
                .iter()
                .skip(1)
                .filter(|(code, figures)| code == unit || figures.contains(&figure.code));
            let units: Vec<&str> =
                level.iter().take(1).chain(beside).map(|(code, _)| code.as_str()).collect();
            let values = self.values(figure, &units).await?;
            let [above, below @ ..] = values.as_slice() else { return Ok(false) };
            let small = self.page.pack.targets.small;
            let kept = units.iter().any(|unit| self.is_kept(figure, unit, kept));
            if kept || !stand_beside(*above, below, small) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a release kept back the number of a unit, or one of which it is a part.
    fn is_kept(&self, figure: &Figure, unit: &str, kept: &Kept) -> bool {
        let today = self.page.today();
        let number = (unit, standing::period_of(figure, self.year, today));
        let units = &self.page.pack.units;
        let told = kept.get(&figure.code).into_iter().flatten();
        told.into_iter().any(|told| told.keeps_back(units, figure.nature, number, today))
    }

    async fn values(&self, figure: &Figure, units: &[&str]) -> Result<Vec<i64>, Oops> {
        let today = self.page.today();
        let period = standing::period_of(figure, self.year, today);
        let asks: Vec<FigureAsk<'_>> =
            units.iter().map(|unit| FigureAsk { figure, unit, period }).collect();
        let values = self.app.store().figures_for(&Viewer::Public, &asks, today).await?;
        Ok(values.into_iter().map(|v| v.amount.map_or(0, AnyAmount::count)).collect())
    }
}
