//! The numbers of a release by the units below, as they were signed: small ones were kept back so that
//! nobody finds them from the others, or from anything that went out before.

use crate::page::Page;
use store::SignedText;

/// A number by the units below the one that it is of.
pub(super) struct SplitView {
    pub(super) name: String,
    pub(super) rows: Vec<RowView>,
    /// Whether something in it is kept back.
    pub(super) hides: bool,
}

pub(super) struct RowView {
    pub(super) unit: String,
    /// The number, or a mark that it is kept back.
    pub(super) number: String,
}

/// What stands where a number is kept back.
const HIDDEN: &str = "*";

/// The numbers of a signed text by the units below; those that cannot be split are left out.
pub(super) fn split(page: &Page, signed: &SignedText) -> Vec<SplitView> {
    let tables = signed.edition.tables.iter();
    let known = tables.filter_map(|table| Some((table, signed.values.get(table.number)?)));
    let view = known.map(|(table, value)| {
        let figure = page.pack.figures.get(&value.figure);
        let name = figure.map_or(value.figure.as_str(), |f| page.either(&f.name, &f.en));
        let rows = table.parts.iter().map(|(unit, amount)| RowView {
            unit: page.unit(unit).to_owned(),
            number: amount.map_or_else(|| HIDDEN.to_owned(), |n| n.to_string()),
        });
        SplitView {
            name: format!("{name} · {}", value.period),
            rows: rows.collect(),
            hides: table.parts.values().any(Option::is_none),
        }
    });
    view.collect()
}
