//! What an appeal can be about, as residents may choose it.

use crate::page::Page;
use axum::Json;
use domain::pack::Category;
use serde::Serialize;

/// A kind of matter with the finer kinds below it.
#[derive(Debug, Serialize)]
pub(crate) struct Kind {
    id: String,
    name: String,
    sensitive: bool,
    children: Vec<Kind>,
}

pub(crate) async fn tree(page: Page) -> Json<Vec<Kind>> {
    Json(below(&page, ""))
}

/// The public kinds one level below a code; a level is two digits.
fn below(page: &Page, code: &str) -> Vec<Kind> {
    let is_child =
        |c: &&Category| c.public && c.code.len() == code.len() + 2 && c.code.starts_with(code);
    let kind = |c: &Category| Kind {
        id: c.code.clone(),
        name: page.either(&c.name, &c.en).to_owned(),
        sensitive: c.sensitive,
        children: below(page, &c.code),
    };
    page.pack.categories.values().filter(is_child).map(kind).collect()
}
