//! How a project stands, in words: number, goal, light, forecast. Decides what is told to whom of a
//! small number of people; the rest is `domain::figure`'s.

use super::{NONE, number, word};
use crate::{page::Page, view::LightView};
use domain::{
    field::FieldKind,
    figure::{
        Figure, Nature, Period, Plan, Promise, Reached, Stage, Target, TargetLight, Word, is_few,
        promised_on,
    },
    workflow::Workflow,
};
use jiff::civil::Date;
use store::{Project, Reading};

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Staff, who may open the records.
    Staff,
    /// Anybody: small numbers of people are not told, whoever promised them.
    Everybody,
    /// Anybody, of a number from which a small one could be found: it is kept back.
    KeptBack,
}

/// A project as a line or a card shows it.
pub(crate) struct Standing {
    pub(crate) number: String,
    pub(crate) goal: String,
    pub(crate) budget: String,
    pub(crate) share: String,
    pub(crate) bar: &'static str,
    pub(crate) light: Option<LightView>,
    pub(crate) forecast: String,
    pub(crate) typed: bool,
}

/// A milestone as a project shows it.
pub(crate) struct StageView {
    pub(crate) what: String,
    pub(crate) day: String,
    pub(crate) number: String,
    /// Whether it is reached, in words; empty where the number is not told.
    pub(crate) word: String,
    pub(crate) class: &'static str,
}

/// The milestones of the target that holds, and how they stand with this number.
pub(crate) fn stages(
    page: &Page,
    (flow, figure, promises): (&Workflow, &Figure, &[Promise]),
    reading: Reading,
    reader: Reader,
) -> Vec<StageView> {
    let Some(target) = promises.last().map(|p| &p.target) else { return Vec::new() };
    let plan = Plan::new(figure.nature, target);
    let told = plan.zip(reading.value.filter(|_| !is_hidden(page, figure, reading, reader)));
    let view = |stage: &Stage| {
        let reached = told.as_ref().map(|(plan, n)| plan.reached(stage, reading.day, *n));
        let (class, key) = match reached {
            Some(Reached::Yes) => ("light", Some("project.stage.yes")),
            Some(Reached::NotYet) => ("soft", Some("project.stage.not_yet")),
            Some(Reached::Missed) => ("light light-red", Some("project.stage.missed")),
            None => ("", None),
        };
        StageView {
            what: stage.what.as_ref().map_or(String::new(), |what| stage_name(page, flow, what)),
            day: day_words(page, stage.on),
            number: amount(page, figure, stage.value),
            word: key.map_or("", |key| page.t(key)).to_owned(),
            class,
        }
    };
    target.steps.iter().map(view).collect()
}

/// The name of a milestone, from the fields in which it is chosen.
fn stage_name(page: &Page, flow: &Workflow, what: &str) -> String {
    let fields = flow.targets().flat_map(|t| t.steps.iter().filter_map(|s| s.what.as_ref()));
    let mut options = fields.filter_map(|code| flow.fields.get(code)).flat_map(|f| match &f.kind {
        FieldKind::Choice(options) => options.as_slice(),
        _ => &[],
    });
    let found = options.find(|option| option.value == what);
    found.map_or(String::new(), |option| page.either(&option.label, &option.en).to_owned())
}

/// Whether the number is kept from whoever reads it.
fn is_hidden(page: &Page, figure: &Figure, reading: Reading, reader: Reader) -> bool {
    let few = |n: i64| is_few(n, page.pack.targets.small);
    match reader {
        Reader::Staff => false,
        Reader::Everybody => is_of_people(figure) && reading.value.is_some_and(few),
        Reader::KeptBack => true,
    }
}

/// A day in the words of the page.
pub(crate) fn day_words(page: &Page, day: Date) -> String {
    let [y, m, d] = [i64::from(day.year()), i64::from(day.month()), i64::from(day.day())];
    let [y, m, d] = [y, m, d].map(|n| n.to_string());
    page.tf("time.day", &[("y", &y), ("m", &m), ("d", &d)])
}

/// An amount with its word.
pub(crate) fn amount(page: &Page, figure: &Figure, n: i64) -> String {
    match figure.word {
        Word::Yuan => money(page, n),
        _ => format!("{n} {}", word(page, figure)),
    }
}

/// An amount of money with its word.
pub(crate) fn money(page: &Page, yuan: i64) -> String {
    page.tf("project.yuan", &[("n", &number(page, Word::Yuan, yuan))])
}

/// A goal and its last day, in words.
pub(crate) fn goal(page: &Page, figure: &Figure, target: &Target) -> String {
    let (until, goal) = (day_words(page, target.until), amount(page, figure, target.goal));
    page.tf("project.goal_by", &[("goal", &goal), ("day", &until)])
}

/// Whether a figure counts people, of whom small numbers are not told to the public.
pub(crate) fn is_of_people(figure: &Figure) -> bool {
    matches!(figure.word, Word::Person | Word::Household | Word::PersonTime)
}

/// The period that tells what a figure says of a year so far.
pub(crate) fn period_of(figure: &Figure, year: i16, today: Date) -> Period {
    match figure.nature {
        Nature::Flow => Period::Year(year),
        Nature::Stock | Nature::Cumulative => Period::up_to(last_day(year, today)),
    }
}

/// Today, or the last day of a year that is over.
pub(crate) fn last_day(year: i16, today: Date) -> Date {
    Period::Year(year).last().min(today)
}

/// The figure of a project: that of its target.
pub(crate) fn figure_of<'a>(page: &'a Page, project: &Project) -> Option<&'a Figure> {
    page.pack.figures.get(&project.case.promises.last()?.target.figure)
}

/// The light of a number on a day, by the target that held then.
pub(crate) fn light_on(
    page: &Page,
    (figure, promises): (&Figure, &[Promise]),
    reading: Reading,
) -> Option<(TargetLight, Plan)> {
    let promise = promised_on(promises, reading.day)?;
    let plan = Plan::new(figure.nature, &promise.target)?;
    let light = plan.light(reading.day, reading.value?, &page.pack.targets);
    Some((light, plan))
}

/// A light as pages show it.
pub(crate) fn light_view(
    page: &Page,
    light: TargetLight,
    plan: &Plan,
    reading: Reading,
) -> LightView {
    let (class, key) = match light {
        TargetLight::Green => ("", "project.green"),
        TargetLight::Yellow => ("light-yellow", "project.yellow"),
        TargetLight::Red => ("light-red", "project.red"),
    };
    let value = reading.value.unwrap_or_default();
    let behind = plan.behind(reading.day, value);
    let rest = if plan.is_met(value) {
        page.t("project.met").to_owned()
    } else if behind > 0 && light != TargetLight::Green {
        page.tf("project.behind", &[("n", &behind.to_string())])
    } else {
        String::new()
    };
    LightView { class, word: page.t(key).to_owned(), rest }
}

/// How a target stands with this number.
pub(crate) fn standing(
    page: &Page,
    (figure, promises): (&Figure, &[Promise]),
    reading: Reading,
    reader: Reader,
) -> Standing {
    let target = promises.last().map(|p| &p.target);
    let hidden = is_hidden(page, figure, reading, reader);
    let told = if hidden { None } else { light_on(page, (figure, promises), reading) };
    let number = match reading.value {
        None => page.t("project.no_number").to_owned(),
        Some(_) if hidden => page.t("project.few").to_owned(),
        Some(n) => amount(page, figure, n),
    };
    Standing {
        number,
        goal: target.map_or(String::new(), |t| goal(page, figure, t)),
        budget: target.and_then(|t| t.budget).map_or(String::new(), |n| money(page, n)),
        share: told.as_ref().map_or(String::new(), |(_, plan)| {
            plan.share(reading.value.unwrap_or_default()).to_string()
        }),
        bar: match told.as_ref().map(|t| t.0) {
            Some(TargetLight::Yellow) => "yellow",
            Some(TargetLight::Red) => "red",
            Some(TargetLight::Green) | None => "",
        },
        forecast: told
            .as_ref()
            .map_or_else(|| NONE.to_owned(), |(_, plan)| forecast(page, figure, plan, reading)),
        light: told.map(|(light, plan)| light_view(page, light, &plan, reading)),
        typed: super::is_typed(page, figure),
    }
}

/// Where it goes, in words.
fn forecast(page: &Page, figure: &Figure, plan: &Plan, reading: Reading) -> String {
    let value = reading.value.unwrap_or_default();
    if plan.is_met(value) {
        return page.t("project.met").to_owned();
    }
    if reading.day >= plan.until() {
        return page.t("project.over").to_owned();
    }
    let Some(found) = plan.forecast(reading.day, value, &page.pack.targets) else {
        return page.t("project.too_early").to_owned();
    };
    let end = amount(page, figure, found.end);
    match found.met {
        Some(day) => {
            let day = day_words(page, day);
            page.tf("project.forecast", &[("end", &end), ("day", &day)])
        }
        None => page.tf("project.forecast_never", &[("end", &end)]),
    }
}
