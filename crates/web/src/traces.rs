//! Remembers what somebody does before the answer goes out: a deed that cannot be remembered is
//! not done. Which deeds those are is decided by `domain::audit`, who may read them by the store.

use crate::{app::App, error::Oops, page::Page, session::LoggedIn, view::clock_time};
use domain::{
    audit::{self, Deed},
    case::{AccountId, By, CaseId},
};
use store::{Account, CasePage, NOBODY, Record};

/// Remembers one deed.
///
/// # Errors
/// When the store fails; then nothing may be shown.
pub(crate) async fn note(app: &App, me: &LoggedIn, deed: Deed) -> Result<(), Oops> {
    Ok(app.store().record(app.now(), Record::of(&me.staff(), vec![deed])).await?)
}

/// Remembers that the content of these cases is about to be shown, as far as readers of them are
/// remembered.
///
/// # Errors
/// As [`note`].
pub(crate) async fn reading<'a>(
    app: &App,
    me: &LoggedIn,
    cases: impl IntoIterator<Item = &'a CasePage>,
) -> Result<(), Oops> {
    let pack = app.pack();
    let deeds = cases.into_iter().filter(|page| audit::remembers_readers(&pack, &page.case));
    let deeds: Vec<Deed> = deeds.map(|page| Deed::Read { case: page.case.id }).collect();
    Ok(app.store().record(app.now(), Record::of(&me.staff(), deeds)).await?)
}

/// Remembers that something of a case leaves the system.
///
/// # Errors
/// As [`note`].
pub(crate) async fn taking_out(
    app: &App,
    me: &LoggedIn,
    what: &str,
    page: &CasePage,
) -> Result<(), Oops> {
    let (what, case) = (what.to_owned(), Some(page.case.id));
    note(app, me, Deed::Exported { what, case, rows: 1, tag: String::new() }).await
}

/// The same for something that can carry a mark: answers the line that says on it who took it out,
/// when, and under which tag.
///
/// # Errors
/// As [`note`].
pub(crate) async fn taking_out_marked(
    app: &App,
    words: &Page,
    me: &LoggedIn,
    (what, page): (&str, &CasePage),
) -> Result<String, Oops> {
    let tag = app.store().export_mark().tag;
    let line = mark(app, words, me, ("paper.mark", &tag));
    let (what, case) = (what.to_owned(), Some(page.case.id));
    note(app, me, Deed::Exported { what, case, rows: 1, tag }).await?;
    Ok(line)
}

/// Who takes something out, for whom, when, and the tag that leads back to the deed; the key names
/// the sentence.
pub(crate) fn mark(app: &App, page: &Page, me: &LoggedIn, (key, tag): (&str, &str)) -> String {
    let values = [
        ("name", me.account.name.as_str()),
        ("username", &me.account.username),
        ("unit", page.unit(&me.account.unit)),
        ("at", &clock_time(page, app.now())),
        ("tag", tag),
    ];
    page.tf(key, &values)
}

/// Remembers that these fields of a case, which show in part at first, are about to be shown whole.
///
/// # Errors
/// As [`note`].
pub(crate) async fn revealing(
    app: &App,
    me: &LoggedIn,
    case: CaseId,
    fields: &[&str],
) -> Result<(), Oops> {
    let deeds = fields.iter().map(|field| Deed::Revealed { case, field: (*field).to_owned() });
    Ok(app.store().record(app.now(), Record::of(&me.staff(), deeds.collect())).await?)
}

/// Remembers that somebody came in, and by which proof.
///
/// # Errors
/// As [`note`].
pub(crate) async fn came_in(app: &App, account: &Account, with: &str) -> Result<(), Oops> {
    let deed = Deed::LoggedIn { with: with.to_owned() };
    Ok(app.store().record(app.now(), Record::of(&account.staff(), vec![deed])).await?)
}

/// Remembers a wrong proof. Names that nobody has share one stream, so that a wrong name takes the
/// same work, and the same time, as a wrong password.
///
/// # Errors
/// As [`note`].
pub(crate) async fn wrong(app: &App, account: Option<AccountId>, with: &str) -> Result<(), Oops> {
    let account = account.unwrap_or(NOBODY);
    let deed = Deed::LogInFailed { with: with.to_owned() };
    Ok(app.store().record(app.now(), Record::about(account, By::Public, deed)).await?)
}
