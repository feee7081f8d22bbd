//! The list of figures of one unit: this month, this year, since the beginning.

use super::{period_name, records_href, typed, word};
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, view::OptionView};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::{
    access,
    figure::{Figure, Nature, Period},
};
use jiff::{ToSpan, civil::Date};
use serde::Deserialize;
use store::{FigureAsk, FigureValue, may_count};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    unit: String,
    /// The month up to which is told; this one when empty.
    #[serde(default)]
    month: String,
}

struct LinkView {
    name: String,
    href: String,
    current: bool,
}

/// A number and the way to its records.
struct NumberView {
    label: String,
    number: String,
    unknown: String,
    href: String,
}

struct FigureView {
    name: String,
    word: String,
    note: String,
    nature: String,
    typed: String,
    numbers: Vec<NumberView>,
}

struct GroupView {
    id: String,
    name: String,
    figures: Vec<FigureView>,
}

#[derive(Template)]
#[template(path = "staff/figures.html")]
struct FiguresPage<'a> {
    page: &'a Page,
    unit: String,
    as_of: String,
    code: String,
    /// What is asked for, as the addresses of the files write it.
    files: String,
    months: Vec<OptionView>,
    crumbs: Vec<LinkView>,
    below: Vec<LinkView>,
    columns: [String; 3],
    groups: Vec<GroupView>,
}

#[derive(Template)]
#[template(path = "staff/figures_none.html")]
struct NothingPage<'a> {
    page: &'a Page,
}

/// What the list tells: every figure of a unit, in three periods each.
pub(super) struct Board<'a> {
    pub(super) unit: String,
    root: String,
    months: Vec<Period>,
    month: Period,
    pub(super) end: Date,
    pub(super) periods: [Period; 3],
    pub(super) figures: Vec<&'a Figure>,
    values: Vec<FigureValue>,
}

impl<'a> Board<'a> {
    /// Asks for it; none for a unit whose figures the viewer may not see.
    pub(super) async fn ask(
        app: &App,
        page: &'a Page,
        me: &LoggedIn,
        asked: &Asked,
    ) -> Result<Option<Self>, Oops> {
        let pack = &page.pack;
        let root = access::list_root(pack, &me.staff()).unwrap_or_default();
        let unit = if asked.unit.is_empty() { root.clone() } else { asked.unit.clone() };
        if pack.units.get(&unit).is_none() || !may_count(pack, &me.viewer(), &unit) {
            return Ok(None);
        }
        let today = pack.date_of(app.now());
        let months = months(today, pack.figures.iter().filter_map(Figure::since).min());
        let wanted = Period::parse(&asked.month).filter(|p| months.contains(p));
        let month = wanted.unwrap_or(Period::month(today));
        let end = month.last().min(today);
        let periods = [month, Period::year(end), Period::up_to(end)];
        let figures: Vec<&Figure> = pack.figures.iter().collect();
        let asks: Vec<FigureAsk<'_>> = figures
            .iter()
            .flat_map(|figure| periods.map(|period| FigureAsk { figure, unit: &unit, period }))
            .collect();
        let values = app.store().figures_for(&me.viewer(), &asks, today).await?;
        Ok(Some(Self { unit, root, months, month, end, periods, figures, values }))
    }

    /// Each figure with what it says in the three periods.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&'a Figure, &[FigureValue])> {
        self.figures.iter().copied().zip(self.values.chunks(3))
    }
}

/// Own unit, or one below it.
pub(super) async fn own_unit(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let Some(board) = Board::ask(&app, &page, &me, &asked).await? else {
        return page.show(&NothingPage { page: &page });
    };
    let (unit, month) = (&board.unit, board.month);
    let shown = Shown { page: &page, unit, periods: board.periods };
    let groups = groups(&page, board.rows().map(|(f, v)| (f, shown.figure(f, v))).collect());
    let below = page.pack.units.children(unit).filter(|u| !u.agency);
    page.show(&FiguresPage {
        page: &page,
        unit: page.unit(unit).to_owned(),
        as_of: as_of(&page, board.end),
        months: board
            .months
            .iter()
            .map(|p| OptionView::new(&p.code(), &period_name(&page, *p), *p == month))
            .collect(),
        crumbs: crumbs(&page, &board.root, unit, month),
        below: below.map(|u| link(&page, (&u.code, month), unit)).collect(),
        files: format!("unit={unit}&month={}", month.code()),
        code: unit.clone(),
        columns: board.periods.map(|period| period_name(&page, period)),
        groups,
    })
}

/// Whether a figure says the same in this period as in the last of the three: what stands now, and
/// what has come together since the beginning, is one number.
pub(super) fn is_once(figure: &Figure, period: Period) -> bool {
    figure.nature != Nature::Flow && !matches!(period, Period::UpTo(..))
}

/// What kind of number it is, in words.
pub(super) fn nature<'a>(page: &'a Page, figure: &Figure) -> &'a str {
    page.t(match figure.nature {
        Nature::Flow => "figures.flow",
        Nature::Stock => "figures.stock",
        Nature::Cumulative => "figures.cumulative",
    })
}

pub(super) fn as_of(page: &Page, today: Date) -> String {
    let (y, m, d) = (today.year().to_string(), today.month().to_string(), today.day().to_string());
    let day = page.tf("time.day", &[("y", &y), ("m", &m), ("d", &d)]);
    page.tf("figures.as_of", &[("day", &day)])
}

/// The months that may be asked for: those of two years, and before them the last of each year.
fn months(today: Date, since: Option<Date>) -> Vec<Period> {
    let first = since.unwrap_or(today);
    let this = today.first_of_month();
    let back = (0..24).filter_map(|n| this.checked_sub(n.months()).ok());
    let years = (first.year()..today.year() - 1).rev().filter_map(|y| Date::new(y, 12, 1).ok());
    let mut all: Vec<Period> = back.chain(years).map(Period::month).collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|p| p.last() >= first && seen.insert(*p));
    all
}

fn link(page: &Page, (code, month): (&str, Period), current: &str) -> LinkView {
    LinkView {
        name: page.unit(code).to_owned(),
        href: format!("/figures?unit={code}&month={}", month.code()),
        current: code == current,
    }
}

/// The way from the viewer's own unit down to this one.
fn crumbs(page: &Page, root: &str, unit: &str, month: Period) -> Vec<LinkView> {
    let mut way: Vec<LinkView> = Vec::new();
    for step in page.pack.units.upward(unit) {
        way.push(link(page, (&step.code, month), unit));
        if step.code == root {
            break;
        }
    }
    way.reverse();
    way
}

/// Figures by workflow, in the order of the workflows.
fn groups(page: &Page, figures: Vec<(&Figure, FigureView)>) -> Vec<GroupView> {
    let mut groups: Vec<GroupView> = page
        .pack
        .workflows
        .values()
        .map(|flow| GroupView {
            id: flow.code.clone(),
            name: page.either(&flow.name, &flow.en).to_owned(),
            figures: Vec::new(),
        })
        .collect();
    for (figure, view) in figures {
        if let Some(group) = groups.iter_mut().find(|g| g.id == figure.workflow) {
            group.figures.push(view);
        }
    }
    groups.retain(|group| !group.figures.is_empty());
    groups
}

struct Shown<'a> {
    page: &'a Page,
    unit: &'a str,
    periods: [Period; 3],
}

impl Shown<'_> {
    fn figure(&self, figure: &Figure, values: &[FigureValue]) -> FigureView {
        let page = self.page;
        let numbers = self.periods.iter().zip(values);
        FigureView {
            name: page.either(&figure.name, &figure.en).to_owned(),
            word: word(page, figure).to_owned(),
            note: page.either(&figure.note, &figure.note_en).to_owned(),
            nature: nature(page, figure).to_owned(),
            typed: typed(page, figure).to_owned(),
            numbers: numbers.map(|(period, value)| self.number(figure, *period, value)).collect(),
        }
    }

    fn number(&self, figure: &Figure, period: Period, value: &FigureValue) -> NumberView {
        let once = is_once(figure, period);
        let number = value.amount.filter(|_| !once);
        let unknown = value.unknown.to_string();
        NumberView {
            label: period_name(self.page, period),
            number: super::amount(self.page, number),
            unknown: if once || value.unknown == 0 {
                String::new()
            } else {
                self.page.tf("figures.unknown", &[("n", &unknown)])
            },
            href: if number.is_some() || (!once && value.unknown > 0) {
                records_href(figure, self.unit, period)
            } else {
                String::new()
            },
        }
    }
}
