//! The numbers of a release by the units below, with small ones hidden so that nobody finds them from
//! the others. What cannot be hidden well enough is not shown at all.

use crate::{app::App, error::Oops, page::Page};
use domain::{
    figure::Frozen,
    pack::Level,
    press::{Rule, Standing, Tables, Unpublishable},
    workflow::Code,
};
use std::collections::BTreeMap;
use store::FrozenAt;

/// A number by the units below the one that it is of.
pub(super) struct SplitView {
    pub(super) name: String,
    pub(super) rows: Vec<RowView>,
    /// Whether something in it is hidden.
    pub(super) hides: bool,
}

pub(super) struct RowView {
    pub(super) unit: String,
    /// The number, or a mark that it is hidden.
    pub(super) number: String,
}

/// What stands where a number is hidden.
const HIDDEN: &str = "*";

/// The numbers of a signed text by the units below; those that cannot be split are left out.
pub(super) async fn split(
    app: &App,
    page: &Page,
    (at, values): (FrozenAt, &[Frozen]),
) -> Result<Vec<SplitView>, Oops> {
    let mut splits: Vec<(&Frozen, BTreeMap<Code, i64>)> = Vec::new();
    for (n, value) in values.iter().enumerate() {
        let known = page.pack.figures.get(&value.figure);
        // Who is one person in two counties would be counted twice.
        let adds_up = known.is_some_and(|figure| !figure.is_distinct());
        let parted = page.pack.units.get(&value.unit).is_some_and(|u| u.level < Level::Town);
        if !adds_up || !parted {
            continue;
        }
        let by_unit = app.store().frozen_by_unit(FrozenAt { n, ..at }).await?;
        let parts = parts(page, &value.unit, &by_unit);
        if Some(parts.values().sum()) == value.amount && parts.len() > 1 {
            splits.push((value, parts));
        }
    }
    let hidden = hide(page, &splits).unwrap_or_default();
    let known = splits.iter().zip(hidden);
    Ok(known.map(|((value, parts), hidden)| view(page, value, parts, &hidden)).collect())
}

/// The numbers of the units right below, and of the unit itself.
fn parts(page: &Page, unit: &str, by_unit: &BTreeMap<Code, i64>) -> BTreeMap<Code, i64> {
    let units = &page.pack.units;
    let below = units.children(unit).filter(|child| !child.agency);
    let mut parts: BTreeMap<Code, i64> = below.map(|child| (child.code.clone(), 0)).collect();
    for (code, n) in by_unit {
        let part = parts.keys().find(|part| units.covers(part, code)).cloned();
        *parts.entry(part.unwrap_or_else(|| unit.to_owned())).or_default() += n;
    }
    parts
}

/// For each number, the units whose part is hidden. All numbers are judged together.
fn hide(
    page: &Page,
    splits: &[(&Frozen, BTreeMap<Code, i64>)],
) -> Result<Vec<Vec<Code>>, Unpublishable> {
    let press = &page.pack.press;
    let rule = Rule { small_below: press.small_below, width: press.hidden_width };
    let name = |value: &Frozen, unit: &str| format!("{} {} {unit}", value.figure, value.period);
    let mut tables = Tables::default();
    for (value, parts) in splits {
        let mut cells = Vec::new();
        for (unit, n) in parts {
            let own = if *unit == value.unit { "own" } else { unit };
            cells.push(tables.cell(&name(value, own), *n)?);
        }
        let total = tables.cell(&name(value, &value.unit), parts.values().sum())?;
        // The text has said it.
        tables.stands(total, Standing::Known);
        tables.sum(total, cells)?;
    }
    let hidden = tables.hide(rule)?;
    let of = |(value, parts): &(&Frozen, BTreeMap<Code, i64>)| {
        let is_hidden = |unit: &&Code| {
            let own = if **unit == value.unit { "own" } else { unit };
            tables.find(&name(value, own)).is_some_and(|cell| hidden.contains(cell))
        };
        parts.keys().filter(is_hidden).cloned().collect()
    };
    Ok(splits.iter().map(of).collect())
}

fn view(page: &Page, value: &Frozen, parts: &BTreeMap<Code, i64>, hidden: &[Code]) -> SplitView {
    let figure = page.pack.figures.get(&value.figure);
    let name = figure.map_or(value.figure.as_str(), |f| page.either(&f.name, &f.en));
    let row = |(unit, n): (&Code, &i64)| RowView {
        unit: page.unit(unit).to_owned(),
        number: if hidden.contains(unit) { HIDDEN.to_owned() } else { n.to_string() },
    };
    SplitView {
        name: format!("{name} · {}", value.period),
        rows: parts.iter().map(row).collect(),
        hides: !hidden.is_empty(),
    }
}
