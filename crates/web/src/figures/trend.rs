//! How a number came about: the twelve months up to it, and the units below beside one another. Every
//! picture has its table, and every number in the table leads to its records.

use super::{map, number, period_name, records_href};
use crate::{app::App, error::Oops, page::Page};
use domain::access::Viewer;
use domain::figure::{AnyAmount, Figure, Nature, Period};
use jiff::{ToSpan, civil::Date};
use store::{FigureAsk, FigureValue};

/// Months of a trend.
const MONTHS: i64 = 12;
/// Height of the picture in its own units, and the room of a month.
const HEIGHT: i64 = 120;
const STEP: i64 = 48;

/// A bar of the picture.
pub(super) struct BarView {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) height: i64,
    pub(super) label: String,
}

/// A line of a table.
pub(super) struct LineView {
    pub(super) name: String,
    pub(super) number: String,
    pub(super) share: i64,
    pub(super) href: String,
}

/// A month, and the same one of the year before.
pub(super) struct MonthView {
    pub(super) name: String,
    pub(super) lines: [LineView; 2],
    /// Whether the two were counted by other definitions, which cannot be compared.
    pub(super) differs: bool,
}

/// What is shown beside the records of a number.
pub(super) struct TrendView {
    pub(super) bars: Vec<BarView>,
    pub(super) words: String,
    pub(super) months: Vec<MonthView>,
    pub(super) units: Vec<LineView>,
    pub(super) map: Option<map::MapView>,
}

/// The month in which a period ends.
fn end_of(period: Period, today: Date) -> Date {
    period.last().min(today).first_of_month()
}

/// A month as this figure is told by: what stands or has come together is told up to its end.
fn month(figure: &Figure, first: Date) -> Period {
    match figure.nature {
        Nature::Flow => Period::month(first),
        Nature::Stock | Nature::Cumulative => Period::up_to(first),
    }
}

/// The twelve months up to the end of a period, as the figure is told by them.
pub(super) fn months(figure: &Figure, period: Period, today: Date) -> Vec<Period> {
    let last = end_of(period, today);
    (0..MONTHS)
        .rev()
        .filter_map(|back| last.checked_sub(back.months()).ok())
        .map(|first| month(figure, first))
        .collect()
}

/// The same month of the year before.
fn year_before(period: Period) -> Period {
    match period {
        Period::Month(year, month) => Period::Month(year - 1, month),
        Period::UpTo(year, month) => Period::UpTo(year - 1, month),
        Period::Part(year, part) => Period::Part(year - 1, part),
        Period::Year(year) => Period::Year(year - 1),
    }
}

/// The trend up to a period, and the units below in it.
pub(super) async fn of(
    app: &App,
    page: &Page,
    (viewer, ask): (&Viewer, FigureAsk<'_>),
) -> Result<TrendView, Oops> {
    let today = page.today();
    let months = months(ask.figure, ask.period, today);
    let units: Vec<&str> =
        page.pack.units.children(ask.unit).filter(|u| !u.agency).map(|u| u.code.as_str()).collect();
    let before: Vec<Period> = months.iter().map(|period| year_before(*period)).collect();
    let own = months.iter().chain(&before).map(|period| FigureAsk { period: *period, ..ask });
    let below = units.iter().map(|unit| FigureAsk { unit, ..ask });
    let asks: Vec<FigureAsk<'_>> = own.chain(below).collect();
    let values = app.store().figures_for(viewer, &asks, today).await?;
    let (own, below) = values.split_at(2 * months.len());
    let (own, earlier) = own.split_at(months.len());
    let month = |period: &Period, value: &FigureValue| {
        line(page, period_name(page, *period), value, records_href(ask.figure, ask.unit, *period))
    };
    let each = months.iter().zip(own).zip(before.iter().zip(earlier));
    let lines = each.map(|((period, value), (before, earlier))| MonthView {
        name: period_name(page, *period),
        lines: [month(period, value), month(before, earlier)],
        differs: earlier.amount.is_some() && earlier.versions != value.versions,
    });
    let each_unit = units.iter().zip(below).map(|(unit, value)| {
        let href = records_href(ask.figure, unit, ask.period);
        (line(page, page.unit(unit).to_owned(), value, href), value)
    });
    let districts: Vec<(&str, &FigureValue)> = units.iter().copied().zip(below).collect();
    Ok(TrendView {
        map: map::of(page, ask.figure, ask.unit, &districts),
        bars: bars(page, &months, own),
        words: words(page, &months, own),
        months: lines.collect(),
        units: beside(each_unit.collect()),
    })
}

/// Lines beside one another, the largest first, each with its share of the largest.
pub(super) fn beside(lines: Vec<(LineView, &FigureValue)>) -> Vec<LineView> {
    let most = lines.iter().filter_map(|(_, value)| count(value)).max().unwrap_or(0);
    let share = |(view, value): (LineView, &FigureValue)| LineView {
        share: count(value).map_or(0, |n| share(n, most)),
        ..view
    };
    let mut lines: Vec<LineView> = lines.into_iter().map(share).collect();
    lines.sort_by_key(|view| std::cmp::Reverse(view.share));
    lines
}

pub(super) fn count(value: &FigureValue) -> Option<i64> {
    value.amount.map(AnyAmount::count)
}

/// So many of a hundred; nothing is drawn for nothing, and something for the least thing.
fn share(n: i64, most: i64) -> i64 {
    if n <= 0 || most <= 0 { 0 } else { (n.saturating_mul(100) / most).max(1) }
}

pub(super) fn line(page: &Page, name: String, value: &FigureValue, href: String) -> LineView {
    LineView {
        name,
        number: super::amount(page, value.amount),
        share: 0,
        href: if value.amount.is_some() { href } else { String::new() },
    }
}

fn bars(page: &Page, months: &[Period], values: &[FigureValue]) -> Vec<BarView> {
    let most = values.iter().filter_map(count).max().unwrap_or(0);
    let each = (0..).zip(months.iter().zip(values)).map(|(n, (period, value))| {
        let height = count(value).map_or(0, |n| share(n, most) * HEIGHT / 100);
        let m = period.last().month().to_string();
        BarView {
            x: n * STEP,
            y: HEIGHT - height,
            height,
            label: page.tf("figures.m", &[("m", &m)]),
        }
    });
    each.collect()
}

/// The picture in a sentence, for whoever does not see it.
fn words(page: &Page, months: &[Period], values: &[FigureValue]) -> String {
    let told = months.iter().zip(values).filter_map(|(p, v)| Some((*p, v.amount?)));
    let (Some(most), Some(least)) =
        (told.clone().max_by_key(|(_, n)| n.count()), told.min_by_key(|(_, n)| n.count()))
    else {
        return page.t("figures.trend_none").to_owned();
    };
    page.tf(
        "figures.trend_words",
        &[
            ("most", &number(page, most.1.word(), most.1.count())),
            ("when", &period_name(page, most.0)),
            ("least", &number(page, least.1.word(), least.1.count())),
            ("then", &period_name(page, least.0)),
        ],
    )
}
