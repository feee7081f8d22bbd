//! The numbers of a page as an official paper in Word: the template is the pack's, the table and the
//! definitions are those of this viewer's page, and the digest tells whether a number was changed
//! afterwards. Papers are Chinese, whatever the language of the page.

use super::{
    list::{self, Board},
    period_name,
    records::{self, One},
    trend, typed, word,
};
use crate::{
    app::App,
    download,
    error::Oops,
    page::Page,
    session::LoggedIn,
    staff::papers::{DOCX, chinese},
    traces, view,
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    audit::Deed,
    figure::{AnyAmount, Figure},
};
use paper::{Block, Grid};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write as _};
use store::{FigureAsk, FigureValue};

/// The template of a table of figures.
const TEMPLATE: &str = "figure_table";

/// What goes into the template.
struct Report {
    what: &'static str,
    title: String,
    unit: String,
    period: String,
    note: String,
    grids: Vec<Grid>,
    definitions: Vec<String>,
}

fn number(page: &Page, amount: Option<AnyAmount>) -> String {
    let none = || page.t("figures.no_number").to_owned();
    amount.map_or_else(none, |a| super::number(page, a.word(), a.count()))
}

fn definition(page: &Page, figure: &Figure, value: &FigureValue) -> String {
    let version = records::version(page, value);
    let word = word(page, figure);
    let about: Vec<&str> =
        [word, typed(page, figure), &version].into_iter().filter(|text| !text.is_empty()).collect();
    let end = if figure.note.ends_with('。') { "" } else { "。" };
    format!(
        "{}（{}）：{}{}{end}",
        figure.name,
        about.join("，"),
        list::nature(page, figure),
        figure.note
    )
}

/// SHA-256 over the cells of the tables, each ended by a sign that none of them holds.
fn digest(grids: &[Grid]) -> String {
    let mut hash = Sha256::new();
    for grid in grids {
        for cell in grid.columns.iter().chain(grid.rows.iter().flatten()) {
            hash.update(cell.as_bytes());
            hash.update(b"\n");
        }
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) async fn board(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<list::Asked>,
) -> Result<Response, Oops> {
    let page = chinese(&page);
    let board = Board::ask(&app, &page, &me, &asked).await?.ok_or(Oops::NotFound)?;
    let names = ["figures.figure", "figures.word"].map(|key| page.t(key).to_owned());
    let row = |(figure, values): (&Figure, &[FigureValue])| {
        let numbers = board.periods.iter().zip(values).map(|(period, value)| {
            let once = list::is_once(figure, *period);
            if once { page.t("figures.once").to_owned() } else { number(&page, value.amount) }
        });
        [figure.name.clone(), word(&page, figure).to_owned()].into_iter().chain(numbers).collect()
    };
    let unit = page.pack.units.get(&board.unit).map_or("", |u| u.name.as_str());
    let definitions = board.rows().filter_map(|(f, v)| Some(definition(&page, f, v.last()?)));
    let report = Report {
        what: "board_docx",
        title: format!("{}{}", page.unit(&board.unit), page.t("figures.title")),
        unit: unit.to_owned(),
        period: list::as_of(&page, board.end),
        note: String::new(),
        grids: vec![Grid {
            columns: names
                .into_iter()
                .chain(board.periods.map(|p| period_name(&page, p)))
                .collect(),
            rows: board.rows().map(row).collect(),
        }],
        definitions: definitions.collect(),
    };
    report.send(&app, &page, &me).await
}

pub(super) async fn figure(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(code): Path<String>,
    Query(asked): Query<records::Asked>,
) -> Result<Response, Oops> {
    let page = chinese(&page);
    let one = One::ask(&app, &page, &me, (&code, &asked.unit, &asked.period)).await?;
    let months = trend::months(one.figure, one.period, page.today());
    let below = page.pack.units.children(&one.unit).filter(|u| !u.agency);
    let units: Vec<&str> =
        std::iter::once(one.unit.as_str()).chain(below.map(|u| u.code.as_str())).collect();
    let by_unit = units.iter().map(|unit| FigureAsk { unit, ..one.asked() });
    let by_month = months.iter().map(|period| FigureAsk { period: *period, ..one.asked() });
    let asks: Vec<FigureAsk<'_>> = by_unit.chain(by_month).collect();
    let values = app.store().figures_for(&me.viewer(), &asks, page.today()).await?;
    let (beside, trend) = values.split_at(units.len());
    let row = |name: String, value: &FigureValue| vec![name, number(&page, value.amount)];
    let amount = page.t("figures.amount").to_owned();
    let grid =
        |name: &str, rows| Grid { columns: vec![page.t(name).to_owned(), amount.clone()], rows };
    let beside = units.iter().zip(beside).map(|(unit, v)| row(page.unit(unit).to_owned(), v));
    let trend = months.iter().zip(trend).map(|(month, v)| row(period_name(&page, *month), v));
    let unit = page.pack.units.get(&one.unit).map_or("", |u| u.name.as_str());
    let report = Report {
        what: "figure_docx",
        title: format!("{}{}", page.unit(&one.unit), one.figure.name),
        unit: unit.to_owned(),
        period: period_name(&page, one.period),
        note: [one.total(&page), one.unknown(&page)].join(" "),
        grids: vec![
            grid("figures.unit", beside.collect()),
            grid("reports.period", trend.collect()),
        ],
        definitions: vec![definition(&page, one.figure, &one.value)],
    };
    report.send(&app, &page, &me).await
}

impl Report {
    /// Fills the template, remembers that it is taken out, and answers it as a file to be saved.
    async fn send(self, app: &App, page: &Page, me: &LoggedIn) -> Result<Response, Oops> {
        let city = app.city();
        let template = city.papers.get(TEMPLATE).ok_or(Oops::NotFound)?;
        let tag = app.store().export_mark().tag;
        let values = BTreeMap::from([
            ("document_number", tag.clone()),
            ("figure_definitions", self.definitions.join("\n")),
            ("figure_digest", digest(&self.grids)),
            ("figure_note", self.note.trim().to_owned()),
            ("figure_period", self.period),
            ("figure_title", self.title.clone()),
            ("owner", page.brand.owner.clone()),
            ("owner_short", page.brand.owner_short.clone()),
            ("platform", page.brand.platform.clone()),
            ("today", view::day(page, app.now())),
            ("unit", self.unit),
            ("year", page.today().year().to_string()),
        ]);
        let mut paper = template.render(&values).map_err(|e| Oops::fault(&e))?;
        let rows: usize = self.grids.iter().map(|grid| grid.rows.len()).sum();
        paper.lay(self.grids);
        let mark = traces::mark(app, page, me, ("paper.mark", &tag));
        paper.blocks.push(Block::Note(mark));
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let deed = Deed::Exported { what: self.what.to_owned(), case: None, rows, tag };
        traces::note(app, me, deed).await?;
        let name = format!("{} {}.docx", self.title, page.today());
        Ok(download::file(DOCX, &name, paper.docx()))
    }
}
