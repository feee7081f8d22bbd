//! The figures of a unit, the records behind each number, and both as files. Which units may be asked for, and what
//! of a record is shown, is decided by the store.

mod form;
pub(crate) mod frozen;
mod list;
mod map;
mod parts;
pub(crate) mod projects;
mod records;
mod report;
mod reports;
pub(crate) mod sample;
mod sheet;
pub(crate) mod standing;
mod takeout;
mod trend;

use crate::{
    page::Page,
    routes::{Access, Routes},
};
use axum::routing::{get, post};
use domain::{
    figure::{AnyAmount, Figure, Part, Period, Word},
    press::{Form, Hedge, Said, Style},
};
use jiff::ToSpan;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/figures", get(list::own_unit))
        .add(Access::Staff, "/figures/board.xlsx", get(sheet::board))
        .add(Access::Staff, "/figures/board.docx", get(report::board))
        .add(Access::Staff, "/figures/{figure}", get(records::page))
        .add(Access::Staff, "/figures/{figure}/table.xlsx", get(sheet::figure))
        .add(Access::Staff, "/figures/{figure}/table.docx", get(report::figure))
        .add(Access::Staff, "/figures/{figure}/records", post(takeout::records))
        .add(Access::Staff, "/reports", get(reports::page))
        .add(Access::Staff, "/projects", get(projects::page))
        .add(Access::Staff, "/cases/{number}/figures", get(frozen::page))
        .add(Access::Staff, "/cases/{number}/figures/form.xlsx", get(form::page))
        .add(Access::Staff, "/cases/{number}/figures/{freezing}/{n}", get(frozen::records))
}

/// Where the records of a number are.
pub(crate) fn records_href(figure: &Figure, unit: &str, period: Period) -> String {
    format!("/figures/{}?unit={unit}&period={}", figure.code, period.code())
}

/// The periods that a form may be for: the months up to this one, quarters, halves and years.
pub(crate) fn recent_periods(page: &Page) -> Vec<Period> {
    let today = page.today();
    let back = |n: i64| today.first_of_month().checked_sub(n.months()).unwrap_or(today);
    let months = (0..15).map(|n| Period::month(back(n)));
    let quarters = (0..5).map(|n| Period::quarter(back(3 * n)));
    let halves = (0..4).map(|n| Period::half(back(6 * n)));
    let years = (0..3).map(|n| Period::Year(today.year() - n));
    months.chain(quarters).chain(halves).chain(years).collect()
}

/// A period in words.
pub(crate) fn period_name(page: &Page, period: Period) -> String {
    let year = |y: i16| y.to_string();
    match period {
        Period::Month(y, m) => page.tf("figures.month", &[("y", &year(y)), ("m", &m.to_string())]),
        Period::Part(y, part) => {
            let name = page.t(match part {
                Part::H1 => "figures.part.h1",
                Part::H2 => "figures.part.h2",
                Part::Q1 => "figures.part.q1",
                Part::Q2 => "figures.part.q2",
                Part::Q3 => "figures.part.q3",
                Part::Q4 => "figures.part.q4",
            });
            page.tf("figures.part", &[("y", &year(y)), ("part", name)])
        }
        Period::Year(y) => page.tf("figures.year", &[("y", &year(y))]),
        Period::UpTo(y, m) => page.tf("figures.up_to", &[("y", &year(y)), ("m", &m.to_string())]),
    }
}

/// The word of a figure in the language of the page.
fn word<'a>(page: &'a Page, figure: &'a Figure) -> &'a str {
    page.either(figure.word.text(), figure.word.english())
}

/// A number of a figure as every page shows it. Money is said as the press says it: in 万 where two
/// decimals are enough; where they are not, and in English, with its digits in threes.
pub(crate) fn number(page: &Page, word: Word, n: i64) -> String {
    if word != Word::Yuan {
        return n.to_string();
    }
    let threes = Style::WHOLE.say(n).as_ref().map_or_else(|_| n.to_string(), Said::english);
    let in_wan = Style { form: Form::Wan(2), hedge: Hedge::Exactly }.say(n);
    let in_wan = in_wan.map_or_else(|_| threes.clone(), |said| said.text);
    page.either(&in_wan, &threes).to_owned()
}

/// The same of an amount, or the sign for none.
fn amount(page: &Page, amount: Option<AnyAmount>) -> String {
    amount.map_or_else(|| NONE.to_owned(), |a| number(page, a.word(), a.count()))
}

/// Whether a figure counts numbers that were typed in.
pub(crate) fn is_typed(page: &Page, figure: &Figure) -> bool {
    page.pack.workflow(&figure.workflow).is_some_and(|flow| flow.opening.evidence)
}

/// What is said of a figure that counts numbers that were typed in; nothing of another one.
pub(crate) fn typed<'a>(page: &'a Page, figure: &Figure) -> &'a str {
    if is_typed(page, figure) { page.t("frozen.typed") } else { "" }
}

/// What a row holds where there is no number.
const NONE: &str = "—";
