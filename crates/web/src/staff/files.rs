//! Attachments: handed out as files to be saved, never shown inside the site, because what
//! somebody has sent must not run here.

use super::case;
use crate::{app::App, download, error::Oops, session::LoggedIn, traces};
use axum::{
    extract::{Path, State},
    response::Response,
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
    Ok(download::file(&kind, &name, body))
}
