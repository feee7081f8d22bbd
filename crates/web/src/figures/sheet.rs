//! The numbers of a page as a workbook: the same numbers that this viewer sees on it, with their
//! words, the versions of their definitions and the moment. Where there is no number stands a word,
//! never a zero. Each file says who took it out, and the deed is remembered before it goes.

use super::{
    list::{self, Board},
    period_name,
    records::{self, One},
    trend, typed, word,
};
use crate::{app::App, download, error::Oops, page::Page, session::LoggedIn, traces};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    audit::Deed,
    figure::{AnyAmount, Figure},
};
use sheets::{Book, Broken, Cell, Form as FileForm, Head};
use store::{FigureAsk, FigureValue};

/// A table that is about to become a workbook.
pub(super) struct Sheet {
    /// Name of the sheet.
    pub(super) title: String,
    /// What it is about, a row each.
    pub(super) about: Vec<String>,
    /// Names of the columns.
    pub(super) columns: Vec<String>,
    /// Widths of the first columns.
    pub(super) widths: Vec<u8>,
    /// Rows.
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Sheet {
    fn file(self, mark: String, tag: String, author: String) -> Result<Vec<u8>, Broken> {
        let Self { title, about, columns, widths, rows } = self;
        let head = Head { title, mark, tag, author, about, columns, widths };
        let mut book = Book::begin(Vec::new(), &head)?;
        for row in rows {
            book.row(row)?;
        }
        book.end()
    }

    /// Remembers that it is taken out, and answers it as a file to be saved.
    pub(super) async fn send(
        self,
        (app, page, me): (&App, &Page, &LoggedIn),
        what: &str,
        name: &str,
    ) -> Result<Response, Oops> {
        let tag = app.store().export_mark().tag;
        let mark = traces::mark(app, page, me, ("export.mark", &tag));
        let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let body = self.file(mark, tag.clone(), author(me)).map_err(|e| Oops::fault(&e))?;
        let deed = Deed::Exported { what: what.to_owned(), case: None, rows, tag };
        traces::note(app, me, deed).await?;
        Ok(download::file(FileForm::Xlsx.media_type(), &format!("{name}.xlsx"), body))
    }
}

/// Who takes something out, for the properties of a file.
pub(super) fn author(me: &LoggedIn) -> String {
    format!("{}（{}）", me.account.name, me.account.username)
}

/// A number, or the word for none.
pub(super) fn cell(page: &Page, amount: Option<AnyAmount>) -> Cell {
    let none = || Cell::from(page.t("figures.no_number"));
    amount.map_or_else(none, |amount| Cell::Number(amount.count()))
}

fn columns(page: &Page, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| page.t(key).to_owned()).collect()
}

pub(super) async fn board(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<list::Asked>,
) -> Result<Response, Oops> {
    let board = Board::ask(&app, &page, &me, &asked).await?.ok_or(Oops::NotFound)?;
    let mut names = columns(&page, &["figures.group", "figures.code", "figures.figure"]);
    names.extend(columns(&page, &["figures.word", "figures.nature"]));
    names.extend(board.periods.map(|period| period_name(&page, period)));
    names.extend(columns(&page, &["figures.versions", "figures.remark", "figures.definition"]));
    let title = format!("{} · {}", page.t("figures.title"), page.unit(&board.unit));
    let sheet = Sheet {
        title: title.clone(),
        about: vec![title.clone(), list::as_of(&page, board.end)],
        columns: names,
        widths: vec![16, 24, 30, 8, 14, 14, 14, 20, 10, 30, 60],
        rows: board.rows().map(|(figure, values)| row(&page, &board, figure, values)).collect(),
    };
    let name = format!("{} {}", title.replace(" · ", " "), board.end);
    sheet.send((&app, &page, &me), "board_xlsx", &name).await
}

fn row(page: &Page, board: &Board<'_>, figure: &Figure, values: &[FigureValue]) -> Vec<Cell> {
    let flow = page.pack.workflow(&figure.workflow);
    let group = flow.map_or("", |flow| page.either(&flow.name, &flow.en));
    let numbers = board.periods.iter().zip(values).map(|(period, value)| {
        let once = list::is_once(figure, *period);
        if once { Cell::from(page.t("figures.once")) } else { cell(page, value.amount) }
    });
    let remarks = board.periods.iter().zip(values).filter_map(|(period, value)| {
        let unknown = records::unknown(page, value);
        let told = !unknown.is_empty() && !list::is_once(figure, *period);
        told.then(|| format!("{} {unknown}", period_name(page, *period)))
    });
    let typed = Some(typed(page, figure).to_owned()).filter(|typed| !typed.is_empty());
    let remarks: Vec<String> = typed.into_iter().chain(remarks).collect();
    let versions = values.last().map_or(String::new(), |value| records::versions(page, value));
    let texts = [
        group,
        &figure.code,
        page.either(&figure.name, &figure.en),
        word(page, figure),
        list::nature(page, figure),
    ];
    let after =
        [versions.as_str(), &remarks.join("; "), page.either(&figure.note, &figure.note_en)];
    texts.map(Cell::from).into_iter().chain(numbers).chain(after.map(Cell::from)).collect()
}

/// A figure of the unit and of those below it, each in twelve months and in the period.
pub(super) async fn figure(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(code): Path<String>,
    Query(asked): Query<records::Asked>,
) -> Result<Response, Oops> {
    let one = One::ask(&app, &page, &me, (&code, &asked.unit, &asked.period)).await?;
    let months = trend::months(one.figure, one.period, page.today());
    let below = page.pack.units.children(&one.unit).filter(|u| !u.agency);
    let units: Vec<&str> =
        std::iter::once(one.unit.as_str()).chain(below.map(|u| u.code.as_str())).collect();
    let periods: Vec<_> = months.iter().copied().chain([one.period]).collect();
    let asks: Vec<FigureAsk<'_>> = units
        .iter()
        .flat_map(|unit| periods.iter().map(|p| FigureAsk { unit, period: *p, ..one.asked() }))
        .collect();
    let values = app.store().figures_for(&me.viewer(), &asks, page.today()).await?;
    let rows = units.iter().zip(values.chunks(periods.len())).map(|(unit, values)| {
        let texts = [*unit, page.unit(unit)].map(Cell::from);
        texts.into_iter().chain(values.iter().map(|v| cell(&page, v.amount))).collect()
    });
    let mut names = columns(&page, &["export.unit_code", "figures.unit"]);
    names.extend(periods.iter().map(|period| period_name(&page, *period)));
    let name = page.either(&one.figure.name, &one.figure.en);
    let note = page.either(&one.figure.note, &one.figure.note_en);
    let title = format!("{name} · {}", page.unit(&one.unit));
    let sheet = Sheet {
        about: vec![
            format!("{title} · {}", period_name(&page, one.period)),
            [&one.total(&page), typed(&page, one.figure), &one.unknown(&page), &one.version(&page)]
                .join(" "),
            format!("{}{}{note}", page.t("figures.word_of"), word(&page, one.figure)),
        ],
        columns: names,
        widths: vec![18, 24],
        rows: rows.collect(),
        title,
    };
    let name = format!("{name} {} {}", page.unit(&one.unit), one.period.code());
    sheet.send((&app, &page, &me), "figure_xlsx", &name).await
}
