//! Views that many pages share: lights, grades, states, fields, times. Finished values only;
//! templates print them.

pub(crate) mod contact;
mod field;
mod time;

pub(crate) use field::{FieldView, OptionView, field_views};
pub(crate) use time::{clock_time, day, left};

use crate::page::Page;
use domain::{clock::Light, workflow::Workflow};

/// A time light: class, word, and the time that is left or passed.
#[derive(Debug, Clone)]
pub(crate) struct LightView {
    /// End of the CSS class.
    pub(crate) class: &'static str,
    /// Word.
    pub(crate) word: String,
    /// Time left or passed.
    pub(crate) rest: String,
}

impl LightView {
    /// The view of a light whose end is known.
    pub(crate) fn new(
        page: &Page,
        light: Light,
        due: jiff::Timestamp,
        now: jiff::Timestamp,
    ) -> Self {
        let (class, key) = match light {
            Light::Green => ("", "light.green"),
            Light::Yellow => ("light-yellow", "light.yellow"),
            Light::Red => ("light-red", "light.red"),
        };
        Self { class, word: page.t(key).to_owned(), rest: left(page, due, now) }
    }
}

/// A risk grade: class, name and what it asks.
#[derive(Debug, Clone)]
pub(crate) struct GradeView {
    /// CSS class.
    pub(crate) class: String,
    /// Name.
    pub(crate) name: String,
}

impl GradeView {
    /// The view of a grade.
    pub(crate) fn new(page: &Page, code: &str) -> Self {
        let grade = page.pack.risk.grade(code);
        Self {
            class: format!("grade-{code}"),
            name: grade.map_or_else(|| code.to_owned(), |g| page.either(&g.name, &g.en).to_owned()),
        }
    }
}

/// The name of a state.
pub(crate) fn state_name(page: &Page, workflow: &str, state: &str) -> String {
    page.pack
        .workflow(workflow)
        .and_then(|w| w.state(state))
        .map_or_else(|| state.to_owned(), |s| page.either(&s.name, &s.en).to_owned())
}

/// What the public reads while a case is in a state.
pub(crate) fn public_state(page: &Page, flow: &Workflow, state: &str) -> String {
    let found = flow.state(state);
    found.map_or(String::new(), |s| page.either(&s.public, &s.public_en).to_owned())
}

/// The name of a category with its group.
pub(crate) fn category_name(page: &Page, code: &str) -> String {
    let own =
        |code: &str| page.pack.categories.get(code).map(|c| page.either(&c.name, &c.en).to_owned());
    let name = own(code).unwrap_or_default();
    match code.get(..2).filter(|p| *p != code).and_then(own) {
        Some(group) => format!("{group} · {name}"),
        None => name,
    }
}
