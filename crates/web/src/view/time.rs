//! Times in the city's own time, as people say them.

use crate::page::Page;
use jiff::Timestamp;

/// `2026-01-06 17:30`.
pub(crate) fn clock_time(page: &Page, at: Timestamp) -> String {
    let local = page.pack.work_time.offset().to_datetime(at);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute()
    )
}

/// `2026年1月6日` or `6 January 2026`, by the language of the page.
pub(crate) fn day(page: &Page, at: Timestamp) -> String {
    let date = page.pack.date_of(at);
    let (y, m, d) = (date.year().to_string(), date.month().to_string(), date.day().to_string());
    page.tf("time.day", &[("y", &y), ("m", &m), ("d", &d)])
}

/// How long it is until `due`, or since.
pub(crate) fn left(page: &Page, due: Timestamp, now: Timestamp) -> String {
    let seconds = due.as_second() - now.as_second();
    let (minutes, hours, days) =
        (seconds.abs() / 60, seconds.abs() / 3_600, seconds.abs() / 86_400);
    let (unit, n) = if days >= 2 {
        ("days", days)
    } else if hours >= 1 {
        ("hours", hours)
    } else {
        ("minutes", minutes)
    };
    let way = if seconds >= 0 { "left" } else { "late" };
    page.tf(&format!("time.{way}.{unit}"), &[("n", &n.to_string())])
}
