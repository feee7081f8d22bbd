//! The page that shows number and secret, once, in the answer to the last step: neither is ever
//! part of an address, and the picture to scan holds the number only.

use crate::{app::App, cookies, error::Oops, page::Page, session, view};
use askama::Template;
use axum::{
    http::header,
    response::{AppendHeaders, IntoResponse, Response},
};
use domain::access::Viewer;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;
use store::Opened;

/// The white border that readers need.
const QUIET: usize = 4;

/// A picture to scan: one path in a square.
pub(crate) struct Picture {
    pub(crate) side: usize,
    pub(crate) path: String,
}

#[derive(Template)]
#[template(path = "citizen/receipt.html")]
struct ReceiptPage<'a> {
    page: &'a Page,
    number: &'a str,
    secret: Vec<&'a str>,
    picture: Option<Picture>,
    at: String,
    repeated: bool,
    alarm: bool,
}

/// Shows the receipt and lets its holder follow the case for a while.
pub(super) async fn show(
    app: &App,
    page: &Page,
    opened: &Opened,
    secret: &str,
    alarm: bool,
) -> Result<Response, Oops> {
    let (now, case) = (app.now(), opened.done.case);
    let mut first = now;
    if opened.done.repeated {
        let before = app.store().case_by_id(&page.pack, &Viewer::Appellant(case), case).await?;
        first = before.map_or(now, |b| b.case.opened);
    }
    let view = ReceiptPage {
        page,
        number: &opened.number,
        secret: groups(secret),
        picture: picture(&opened.number),
        at: view::clock_time(page, first),
        repeated: opened.done.repeated,
        alarm,
    };
    let pass = app.store().write_pass(case, now, session::PASS_SECONDS);
    let cookie = cookies::set(app.edge(), session::PASS_COOKIE, &pass, Some(session::PASS_SECONDS));
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), page.show(&view)?).into_response())
}

/// 26 characters as people copy them: five and five, the last group of six.
fn groups(secret: &str) -> Vec<&str> {
    [0..5, 5..10, 10..15, 15..20, 20..secret.len()]
        .into_iter()
        .filter_map(|range| secret.get(range))
        .collect()
}

/// A text as a picture that a telephone reads.
pub(crate) fn picture(number: &str) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(number, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, c)| **c == Color::Dark) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Some(Picture { side: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_cut_into_groups() {
        let groups = groups("ABCDEFGHJKMNPQRSTVWXYZ0123");
        assert_eq!(groups, ["ABCDE", "FGHJK", "MNPQR", "STVWX", "YZ0123"]);
    }

    #[test]
    fn the_picture_is_small() {
        let picture = picture("26-4839-2071-6").unwrap();
        assert!(picture.path.len() < 6_000 && picture.side > 20);
    }
}
