//! The records behind one number. What the viewer may not open is shown as a line that says so: the
//! number counts it.

use super::{NONE, number, parts, period_name, standing, trend};
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, view};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    access::Viewer,
    figure::{Figure, Period},
};
use jiff::civil::Date;
use serde::Deserialize;
use store::{FigureAsk, FigurePart, FigureRecord, FigureValue, RecordCursor, may_count};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    pub(super) period: String,
    #[serde(default)]
    after: String,
    /// A part of it: what has this category, or belongs to this programme.
    #[serde(default)]
    category: String,
    #[serde(default)]
    programme: String,
}

/// A record as its line shows it.
pub(super) struct RecordView {
    pub(super) number: String,
    pub(super) href: String,
    pub(super) category: String,
    pub(super) state: String,
    pub(super) unit: String,
    pub(super) day: String,
    pub(super) amount: String,
}

#[derive(Template)]
#[template(path = "staff/figure.html")]
struct RecordsPage<'a> {
    page: &'a Page,
    name: String,
    note: String,
    unit: String,
    period: String,
    total: String,
    unknown: String,
    version: String,
    back: String,
    code: String,
    /// Unit and period, as the addresses of the files write them.
    asked: [String; 2],
    typed: String,
    trend: Option<trend::TrendView>,
    parts: Vec<parts::PartsView>,
    /// The part of it that is shown; empty for all of it.
    part: String,
    records: Vec<RecordView>,
    next: String,
}

/// A number and its figure, for a unit that the viewer may count.
pub(super) struct One<'a> {
    pub(super) figure: &'a Figure,
    pub(super) unit: String,
    pub(super) period: Period,
    pub(super) value: FigureValue,
}

impl<'a> One<'a> {
    /// Asks for it: figure, unit and period as the address has them.
    pub(super) async fn ask(
        app: &App,
        page: &'a Page,
        me: &LoggedIn,
        (code, unit, period): (&str, &str, &str),
    ) -> Result<Self, Oops> {
        let pack = &page.pack;
        let figure = pack.figures.get(code).ok_or(Oops::NotFound)?;
        let today = pack.date_of(app.now());
        let period = match period {
            "" => Period::month(today),
            given => Period::parse(given).ok_or(Oops::NotFound)?,
        };
        let unit = if unit.is_empty() { me.account.unit.clone() } else { unit.to_owned() };
        // A unit that is not theirs is answered like one that does not exist.
        if pack.units.get(&unit).is_none() || !may_count(pack, &me.viewer(), &unit) {
            return Err(Oops::NotFound);
        }
        let ask = FigureAsk { figure, unit: &unit, period };
        let value = app.store().figures_for(&me.viewer(), &[ask], today).await?;
        let value = value.into_iter().next().ok_or(Oops::NotFound)?;
        Ok(Self { figure, unit, period, value })
    }

    pub(super) fn asked(&self) -> FigureAsk<'_> {
        FigureAsk { figure: self.figure, unit: &self.unit, period: self.period }
    }

    /// A part of it alone.
    async fn only(
        self,
        app: &App,
        (viewer, part): (&Viewer, FigurePart<'_>),
        today: Date,
    ) -> Result<Self, Oops> {
        if part == FigurePart::Whole {
            return Ok(self);
        }
        let values = app.store().figure_parts(viewer, self.asked(), &[part], today).await?;
        let value = values.into_iter().next().ok_or(Oops::NotFound)?;
        Ok(Self { value, ..self })
    }

    /// The number with its word.
    pub(super) fn total(&self, page: &Page) -> String {
        self.value.amount.map_or_else(
            || NONE.to_owned(),
            |amount| standing::amount(page, self.figure, amount.count()),
        )
    }

    /// What is not in the number.
    pub(super) fn unknown(&self, page: &Page) -> String {
        unknown(page, &self.value)
    }

    /// By which definition.
    pub(super) fn version(&self, page: &Page) -> String {
        version(page, &self.value)
    }
}

/// By which definition a number was told; empty where there was none yet.
pub(super) fn version(page: &Page, value: &FigureValue) -> String {
    if value.versions.is_empty() {
        return String::new();
    }
    page.tf("figures.version", &[("v", &versions(page, value))])
}

/// Versions of a definition, in words.
pub(super) fn versions(page: &Page, value: &FigureValue) -> String {
    let versions: Vec<String> = value.versions.iter().map(ToString::to_string).collect();
    versions.join(page.t("board.comma"))
}

/// What is not in a number; empty when nothing is.
pub(super) fn unknown(page: &Page, value: &FigureValue) -> String {
    let unknown = value.unknown.to_string();
    if value.unknown == 0 { String::new() } else { page.tf("figures.unknown", &[("n", &unknown)]) }
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let (pack, today) = (page.pack.clone(), page.today());
    let one = One::ask(&app, &page, &me, (&code, &asked.unit, &asked.period)).await?;
    let (figure, ask) = (one.figure, one.asked());
    let cursor = (!asked.after.is_empty()).then(|| parse(&asked.after).ok_or(Oops::NotFound));
    let cursor = cursor.transpose()?;
    let viewer = me.viewer();
    let part = parts::asked(&page, figure, (&asked.category, &asked.programme))?;
    if !parts::is_told(&app, &page, (&viewer, ask), part).await? {
        return Err(Oops::NotFound);
    }
    let found =
        app.store().records_in((&pack, &viewer), (ask, part), today, cursor.as_ref()).await?;
    let whole = cursor.is_none() && part == FigurePart::Whole;
    let (trend, parts) = if whole {
        let parts = parts::of(&app, &page, (&viewer, ask)).await?;
        (Some(trend::of(&app, &page, (&viewer, ask)).await?), parts)
    } else {
        (None, Vec::new())
    };
    let one = one.only(&app, (&viewer, part), today).await?;
    let (unit, period) = (&one.unit, one.period);
    let base = parts::href(figure, (unit, period), part);
    let next = found.next.map_or(String::new(), |c| format!("{base}&after={}", written(&c)));
    page.show(&RecordsPage {
        name: page.either(&figure.name, &figure.en).to_owned(),
        note: page.either(&figure.note, &figure.note_en).to_owned(),
        unit: page.unit(unit).to_owned(),
        period: period_name(&page, period),
        total: one.total(&page),
        unknown: one.unknown(&page),
        version: one.version(&page),
        code: code.clone(),
        asked: [unit.clone(), period.code()],
        back: format!("/figures?unit={unit}"),
        typed: super::typed(&page, figure).to_owned(),
        part: parts::name(&page, part),
        parts,
        trend,
        records: found.records.iter().map(|r| record(&page, figure, r)).collect(),
        next,
        page: &page,
    })
}

/// The line of a record.
pub(super) fn record(page: &Page, figure: &Figure, record: &FigureRecord) -> RecordView {
    let amount = record.amount.map(|n| number(page, figure.word, n));
    let amount = amount.unwrap_or_else(|| NONE.to_owned());
    let Some(case) = &record.case else {
        let hidden = || NONE.to_owned();
        return RecordView {
            number: page.t("figures.hidden").to_owned(),
            href: String::new(),
            category: hidden(),
            state: hidden(),
            unit: hidden(),
            day: hidden(),
            amount,
        };
    };
    RecordView {
        href: format!("/cases/{}", case.number),
        number: case.number.clone(),
        category: view::category_name(page, &case.category),
        state: view::state_name(page, &figure.workflow, &case.state),
        unit: page.unit(&case.unit).to_owned(),
        day: format!("{:04}-{:02}-{:02}", case.day / 10_000, case.day / 100 % 100, case.day % 100),
        amount,
    }
}

fn written(c: &RecordCursor) -> String {
    format!("{}.{}.{}.{}.{}", c.version, c.unit, c.rank, c.case, c.n)
}

fn parse(text: &str) -> Option<RecordCursor> {
    let parts: Vec<&str> = text.split('.').collect();
    let [version, unit, rank, case, n] = parts.as_slice() else { return None };
    Some(RecordCursor {
        version: version.parse().ok()?,
        unit: (*unit).to_owned(),
        rank: rank.parse().ok()?,
        case: case.parse().ok()?,
        n: n.parse().ok()?,
    })
}
