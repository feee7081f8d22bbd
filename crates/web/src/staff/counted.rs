//! From a record to the figures that count it: the way back from a number. Only numbers that the
//! viewer may ask for, so that a figure never says of a case what its page keeps back.

use super::panels::LinkView;
use crate::{app::App, error::Oops, figures::records_href, page::Page, session::LoggedIn};
use domain::figure::{Mark, Period};
use jiff::civil::Date;
use store::{CasePage, may_count};

/// A link for each figure that counts the case now.
pub(super) async fn of(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    shown: &CasePage,
) -> Result<Vec<LinkView>, Oops> {
    let (pack, viewer) = (&page.pack, me.viewer());
    let marks = app.store().figures_of((pack, &viewer), shown.case.id).await?.unwrap_or_default();
    let told = marks.iter().filter(|mark| may_count(pack, &viewer, &mark.unit));
    Ok(told.filter_map(|mark| line(page, mark)).collect())
}

fn line(page: &Page, mark: &Mark) -> Option<LinkView> {
    let figure = page.pack.figures.get(&mark.figure)?;
    Some(LinkView {
        href: records_href(figure, &mark.unit, period(mark, page.today())),
        name: page.either(&figure.name, &figure.en).to_owned(),
        state: String::new(),
        note: format!("{} · {}", page.unit(&mark.unit), when(page, mark)),
        ended: false,
    })
}

/// A month of which the number still counts it.
fn period(mark: &Mark, today: Date) -> Period {
    Period::month(if mark.stands && mark.until.is_none() { today } else { mark.day })
}

fn when(page: &Page, mark: &Mark) -> String {
    let from = mark.day.to_string();
    match mark.until.filter(|_| mark.stands) {
        Some(until) => page.tf("counted.until", &[("from", &from), ("until", &until.to_string())]),
        None if mark.stands => page.tf("counted.since", &[("from", &from)]),
        None => from,
    }
}
