//! Showing one masked field of a case whole. It is remembered before it is shown, field by field.

use super::{
    case::{self, Beside},
    history::Words,
};
use crate::{
    app::App,
    error::Oops,
    form::Form,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
};
use axum::{
    extract::{Path, State},
    response::Response,
    routing::post,
};
use domain::{access, field::Meaning, pack::Right, pack::Sees, reporter};
use store::{CasePage, Revealed};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/cases/{number}/reveal", post(reveal))
}

/// A field that is shown in part, and can be shown whole.
#[derive(Debug, Clone)]
pub(super) struct MaskedView {
    /// Entry.
    pub(super) seq: i64,
    /// Code of the field.
    pub(super) field: String,
    /// Label.
    pub(super) label: String,
    /// The text as it is shown now.
    pub(super) text: String,
    /// Whether it is whole now.
    pub(super) whole: bool,
}

/// The field that has just been revealed.
pub(super) struct Shown {
    seq: i64,
    revealed: Revealed,
}

async fn reveal(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Path(number): Path<String>,
    form: Form,
) -> Result<Response, Oops> {
    let shown = case::find(&app, &me, &number).await?;
    let seq = form.get("seq").parse().map_err(|_| Oops::NotFound)?;
    let eyes = (&me.staff(), app.now());
    let asked = (seq, form.get("field"));
    let found = app.store().reveal(&page.pack, eyes, shown.case.id, asked).await?;
    let revealed = found.ok_or(Oops::NotFound)?;
    let beside = Beside { revealed: Some(Shown { seq, revealed }), ..Beside::default() };
    case::show(&app, &me, &page, &shown, beside).await
}

/// The fields that the viewer may have shown whole, oldest first.
pub(super) fn masked(words: &Words<'_>, shown: &CasePage, just: Option<&Shown>) -> Vec<MaskedView> {
    let mut all = Vec::new();
    if !shown.rights.may(Right::Reveal) {
        return all;
    }
    for entry in &shown.entries {
        for (field, text) in entry.texts.values().flatten() {
            let known = words.flow.fields.get(field).map(|f| f.meaning);
            let apart = reporter::is_apart(field).then_some(Meaning::Reporter);
            let meaning = known.or(apart).unwrap_or_default();
            if !is_cut(meaning, shown.sees, shown.rights.sees) {
                continue;
            }
            let whole = just.filter(|j| j.seq == entry.seq && j.revealed.field == *field);
            all.push(MaskedView {
                seq: entry.seq,
                field: field.clone(),
                label: words.label(field),
                text: whole.map_or_else(|| text.clone(), |j| j.revealed.text.clone()),
                whole: whole.is_some(),
            });
        }
    }
    all
}

/// Whether more of such a text may be shown than is shown at first.
pub(super) fn is_cut(meaning: Meaning, at_first: Sees, all: Sees) -> bool {
    // Long enough that a mask leaves something out.
    const SAMPLE: &str = "10000000000号院三组七号楼";
    access::shown(at_first, meaning, SAMPLE) != access::shown(all, meaning, SAMPLE)
        && meaning != Meaning::SafeContact
}
