//! The records behind one number as a file: for roles to which the pack gives that right, and with
//! what the page shows of each, nothing more. A record that the viewer may not open is a line that
//! says so. The file lies with the other lists that somebody took out, and is judged like them.

use super::{
    period_name,
    records::{self, One},
    sheet,
};
use crate::{
    app::App,
    error::Oops,
    form::Form,
    outlet::{self, MOST_ROWS, Outlet},
    page::Page,
    session::LoggedIn,
    traces,
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use sheets::{Cell, Form as FileForm, Head};
use store::FigureRecord;

/// So many are read at a time.
const TURN: usize = 500;

/// Keys of the names of the columns, in their order.
const COLUMNS: &[&str] = &[
    "figures.record",
    "figures.day",
    "export.unit_code",
    "figures.unit",
    "export.category_code",
    "figures.category",
    "figures.state",
    "figures.amount",
    "export.tag",
];

pub(super) async fn records(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(code): Path<String>,
    form: Form,
) -> Result<Response, Oops> {
    if !page.pack.exports(&me.account.roles) {
        return Err(Oops::NotFound);
    }
    let asked = (code.as_str(), form.get("unit"), form.get("period"));
    let one = One::ask(&app, &page, &me, asked).await?;
    let mark = app.store().export_mark();
    let head = head(&app, &page, &me, (&one, &mark.tag));
    let tag = mark.tag.clone();
    let kept = (mark, page.pack.export_hours);
    let mut outlet = Outlet::begin(app.store(), app.now(), kept, (FileForm::Xlsx, &head))?;
    let cut = Box::pin(all(&app, &page, &me, (&one, &tag, &mut outlet))).await?;
    let line = cut.then(|| outlet::cut_line(&page, MOST_ROWS));
    let kept = outlet.end((app.now(), &me.staff()), "records", line.as_deref()).await?;
    let done = match (kept, cut) {
        (false, _) => "full",
        (true, true) => "long",
        (true, false) => "made",
    };
    Ok(Redirect::to(&format!("/exports?done={done}")).into_response())
}

fn head(app: &App, page: &Page, me: &LoggedIn, (one, tag): (&One<'_>, &str)) -> Head {
    let name = page.either(&one.figure.name, &one.figure.en);
    let title = format!("{name} · {}", page.unit(&one.unit));
    Head {
        mark: traces::mark(app, page, me, ("export.mark", tag)),
        tag: tag.to_owned(),
        author: sheet::author(me),
        about: vec![
            format!("{title} · {}", period_name(page, one.period)),
            [one.total(page), one.unknown(page), one.version(page)].join(" "),
        ],
        columns: COLUMNS.iter().map(|key| page.t(key).to_owned()).collect(),
        widths: vec![20, 12, 18, 24, 12, 24, 16, 8, 16],
        title,
    }
}

/// Every record, page by page; answers whether there were too many.
async fn all(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (one, tag, outlet): (&One<'_>, &str, &mut Outlet<'_>),
) -> Result<bool, Oops> {
    let (viewer, today) = (me.viewer(), page.today());
    let mut cursor = None;
    loop {
        let turn = (cursor.as_ref(), TURN.min(outlet.room(MOST_ROWS)));
        let found = app.store().records_up_to((&page.pack, &viewer), one.asked(), today, turn);
        let found = found.await?;
        for record in &found.records {
            let case = record.case.as_ref().map(|case| case.id);
            outlet.row(case, row(page, (one, tag), record))?;
        }
        outlet.lay_away().await?;
        cursor = found.next;
        if cursor.is_none() || outlet.room(MOST_ROWS) == 0 {
            return Ok(cursor.is_some());
        }
    }
}

/// The cells of a record, in the order of the columns.
fn row(page: &Page, (one, tag): (&One<'_>, &str), record: &FigureRecord) -> Vec<Cell> {
    let shown = records::record(page, one.figure, record);
    let case = record.case.as_ref();
    let unit = case.map_or("", |c| c.unit.as_str());
    let category = case.map_or("", |c| c.category.as_str());
    let amount =
        record.amount.map_or_else(|| Cell::from(page.t("figures.no_number")), Cell::Number);
    let texts: [&str; 6] =
        [&shown.number, &shown.day, unit, &shown.unit, category, &shown.category];
    let after = [Cell::from(shown.state.as_str()), amount, Cell::from(tag)];
    texts.into_iter().map(Cell::from).chain(after).collect()
}
