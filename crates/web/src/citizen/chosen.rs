//! Files that somebody has chosen in a form that was not accepted yet: they wait, so that nobody
//! has to look for them again on a small screen.

use crate::{app::App, error::Oops, form::Form, upload::MOST_FILES};
use store::{Attachment, KeptFile};

/// A file that waits, as the form shows it.
#[derive(Debug, Clone)]
pub(super) struct KeptView {
    /// By what it is named when it is taken out.
    pub(super) n: i64,
    /// Name.
    pub(super) name: String,
    /// Size in KiB, at least one.
    pub(super) size: i64,
}

impl From<KeptFile> for KeptView {
    fn from(file: KeptFile) -> Self {
        Self { n: file.n, name: file.name, size: (file.size / 1024).max(1) }
    }
}

/// The secret under which files of a form wait: the id that our own page gave it. Anything else
/// could be guessed, and strangers would find each other's files.
fn secret(form: &Form) -> Option<&str> {
    let id = form.get("command");
    (id.len() == 32 && u128::from_str_radix(id, 16).is_ok()).then_some(id)
}

/// Takes out what was marked, and answers what waits besides.
pub(super) async fn waiting(app: &App, form: &Form) -> Result<Vec<KeptView>, Oops> {
    let Some(secret) = secret(form) else { return Ok(Vec::new()) };
    for n in form.all("drop").iter().filter_map(|n| n.parse().ok()) {
        app.store().forget_files(secret, Some(n)).await?;
    }
    let kept = app.store().kept_names(secret, app.now()).await?;
    Ok(kept.into_iter().map(KeptView::from).collect())
}

/// Keeps what came with a form that is shown again; answers everything that waits, and whether
/// something had to be left behind.
pub(super) async fn keep(app: &App, form: &Form) -> Result<(Vec<KeptView>, bool), Oops> {
    let Some(secret) = secret(form) else { return Ok((Vec::new(), !form.files.is_empty())) };
    let before = waiting(app, form).await?;
    let room = MOST_FILES.saturating_sub(before.len()).min(form.files.len());
    let (fits, rest) = form.files.split_at(room);
    if fits.is_empty() {
        return Ok((before, !rest.is_empty()));
    }
    let days = app.pack().retention.drafts_days;
    let kept = app.store().keep_files(secret, (app.now(), days), fits).await?;
    let now = app.store().kept_names(secret, app.now()).await?;
    Ok((now.into_iter().map(KeptView::from).collect(), !kept || !rest.is_empty()))
}

/// Everything that goes with a form: what waited, then what came with it.
///
/// # Errors
/// When they are too many together.
pub(super) async fn all(app: &App, form: &Form) -> Result<Vec<Attachment>, Oops> {
    // Marked files are taken out first.
    if waiting(app, form).await?.len() + form.files.len() > MOST_FILES {
        return Err(Oops::Bad("error.too_many_files"));
    }
    let mut files = match secret(form) {
        Some(secret) => app.store().kept_files(secret, app.now()).await?,
        None => Vec::new(),
    };
    files.extend(form.files.iter().cloned());
    Ok(files)
}

/// The form was taken: its files live with the case now.
pub(super) async fn done(app: &App, form: &Form) {
    let Some(secret) = secret(form) else { return };
    // They would end by themselves; a taken form must not fail over this.
    if let Err(error) = app.store().forget_files(secret, None).await {
        tracing::warn!(%error, "files of a finished form wait for their end");
    }
}
