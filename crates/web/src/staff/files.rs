//! Attachments: handed out as files to be saved, never shown inside the site, because what
//! somebody has sent must not run here.

use super::case;
use crate::{app::App, error::Oops, session::LoggedIn, traces};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

pub(super) async fn download(
    State(app): State<App>,
    me: LoggedIn,
    Path((number, seq, n)): Path<(String, String, String)>,
) -> Result<Response, Oops> {
    let shown = case::find(&app, &me, &number).await?;
    let place = |text: &str| text.parse::<i64>().map_err(|_| Oops::NotFound);
    let at = (shown.case.id, place(&seq)?, place(&n)?);
    let found = app.store().file(&app.pack(), &me.viewer(), at).await?;
    let (kind, name, body) = found.ok_or(Oops::NotFound)?;
    traces::taking_out(&app, &me, "file", &shown).await?;
    let kind = HeaderValue::from_str(&kind)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let disposition = format!("attachment; filename=\"file\"; filename*=UTF-8''{}", encoded(&name));
    let disposition = HeaderValue::from_str(&disposition)
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, body).into_response())
}

/// A name for a header (RFC 8187): everything but letters and digits as percent signs.
fn encoded(name: &str) -> String {
    let one = |byte: u8| {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn names_are_safe_in_headers() {
        for (name, expected) in [
            ("a-1.pdf", "a-1.pdf"),
            ("伤.jpg", "%E4%BC%A4.jpg"),
            ("a\"\r\nX: y", "a%22%0D%0AX%3A%20y"),
        ] {
            assert_eq!(encoded(name), expected);
        }
    }
}
