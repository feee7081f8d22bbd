//! The messages to the person on the page of a case: which left, which wait, which were withheld
//! and why. Sends nothing and shows no telephone.

use crate::{app::App, error::Oops, page::Page, view};
use store::{Audience, CasePage, Told, ToldState};

/// A message to the person.
#[derive(Debug, Clone)]
pub(super) struct LetterView {
    /// When it was queued.
    pub(super) at: String,
    /// Its neutral words.
    pub(super) words: String,
    /// Where it stands.
    pub(super) state: String,
    /// Class of the mark.
    pub(super) class: &'static str,
}

/// The messages of a case whose page the viewer may see.
pub(super) async fn of(app: &App, page: &Page, shown: &CasePage) -> Result<Vec<LetterView>, Oops> {
    let told = app.store().told(&page.pack, shown).await?;
    let has_way = app.way(Audience::Persons).is_some();
    Ok(told.iter().map(|letter| view(page, letter, has_way)).collect())
}

fn view(page: &Page, letter: &Told, has_way: bool) -> LetterView {
    let (state, class) = match &letter.state {
        ToldState::Waiting if has_way => (page.t("send.told.waiting").to_owned(), "state-wait"),
        ToldState::Waiting => (page.t("send.told.no_way").to_owned(), "state-wait"),
        ToldState::Sent(at) => {
            (page.tf("send.told.sent", &[("at", &view::clock_time(page, *at))]), "")
        }
        ToldState::Withheld(why) => (withheld(page, why), "state-end"),
        ToldState::Dead => (page.t("send.told.dead").to_owned(), "state-wait"),
    };
    LetterView { at: view::clock_time(page, letter.at), words: letter.words.clone(), state, class }
}

/// Why it did not leave; a code of another version of the program has no words of its own.
fn withheld(page: &Page, why: &str) -> String {
    let key = format!("send.told.withheld.{why}");
    let words = page.t(&key);
    if words == key { page.t("send.told.withheld").to_owned() } else { words.to_owned() }
}
