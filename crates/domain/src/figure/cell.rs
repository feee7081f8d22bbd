//! Where marks are added up: one cell for each figure, unit, part and period. A board reads a cell,
//! or the twelve of a year that lie side by side; nothing is added up from records.

use super::{
    mark::Mark,
    period::{Part, Period},
};
use crate::{pack::Pack, workflow::Code};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// The part of a figure that is the whole.
pub const WHOLE: &str = "";
/// The part that counts records of which nobody said how much, or whom nothing tells apart.
pub const UNKNOWN: &str = "?";
/// The mark behind the name of cells that count whoever came for the first time.
const FIRST: &str = "1";
/// The mark behind the name of cells that count whoever came for the first time in a year.
const FIRST_IN_YEAR: &str = "y";

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Figure, version, unit and part, as one name.
    pub name: String,
    /// Month `2026-03`, or, of persons, quarter `2026-q1`, half `2026-h1` or year `2026`.
    pub period: String,
}

/// One person or household among those that a figure counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Somebody {
    /// Figure and version, as one name.
    pub figure: String,
    /// The person's tag.
    pub key: String,
}

/// Where and when somebody was counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// The unit that is credited and those above it at the time, each between two spaces.
    pub units: String,
    /// The month, as a cell writes it.
    pub month: String,
}

/// How often somebody is counted where and when. For each unit a person counts once in a month, a
/// quarter, half a year, a year, and once for ever, in the month in which she came first.
pub type Visits = BTreeMap<Visit, i64>;

/// What marks add to cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Amounts by cell.
    pub cells: BTreeMap<Cell, i64>,
    /// By how much the visits of somebody change.
    pub visits: BTreeMap<Somebody, Visits>,
}

/// A figure and a version of its definition, as one name.
pub fn numbered(figure: &str, version: u32) -> String {
    format!("{figure}.{version}")
}

/// The name under which a figure is counted for a unit.
pub fn name_of(figure: &str, version: u32, unit: &str, part: &str) -> String {
    name_in(&numbered(figure, version), unit, part)
}

fn name_in(figure: &str, unit: &str, part: &str) -> String {
    format!("figure {figure} {unit} {part}")
}

/// The part of a figure that has this category.
pub fn category_part(category: &str) -> String {
    format!("c{category}")
}

/// The part of a figure that has this programme.
pub fn programme_part(programme: &str) -> String {
    format!("p{programme}")
}

/// The month of a day, as a cell writes it.
pub fn month_of(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// The name of the cells that count whoever came for the first time, by month: added up to the end
/// of any month they say how many different people there had been by then.
pub fn first_name(name: &str) -> String {
    format!("{name}{FIRST}")
}

/// The quarter, the half and the year in which a month lies.
fn around(month: &str) -> Vec<String> {
    let Some(Period::Month(year, month)) = Period::parse(month) else { return Vec::new() };
    let parts = Part::ALL.into_iter().filter(|part| part.holds(month));
    let parts = parts.map(|part| Period::Part(year, part));
    parts.chain([Period::Year(year)]).map(Period::code).collect()
}

/// The name of the cells that count whoever came for the first time in a year, by month: added up from
/// January they say how many different people there had been in the year by then.
pub fn first_in_year_name(name: &str) -> String {
    format!("{name}{FIRST_IN_YEAR}")
}

/// What changes in the cells of a figure when the visits of somebody change from one to the other.
pub fn people_cells(figure: &str, before: &Visits, after: &Visits) -> BTreeMap<Cell, i64> {
    let (before, after) = (months_by_unit(before), months_by_unit(after));
    let units: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut cells: BTreeMap<Cell, i64> = BTreeMap::new();
    for unit in units {
        let (old, new) = (before.get(unit), after.get(unit));
        if old == new {
            continue;
        }
        let name = name_in(figure, unit, WHOLE);
        for (months, sign) in [(old, -1), (new, 1)] {
            for cell in months.into_iter().flat_map(|months| cells_of(&name, months)) {
                *cells.entry(cell).or_default() += sign;
            }
        }
    }
    cells.retain(|_, n| *n != 0);
    cells
}

/// The months in which somebody is counted for each unit.
fn months_by_unit(visits: &Visits) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (visit, _) in visits.iter().filter(|(_, n)| **n > 0) {
        for unit in visit.units.split_whitespace() {
            all.entry(unit).or_default().insert(&visit.month);
        }
    }
    all
}

/// The cells in which somebody is one, who is counted in these months.
fn cells_of(name: &str, months: &BTreeSet<&str>) -> Vec<Cell> {
    let cell = |name: String, period: &str| Cell { name, period: period.to_owned() };
    let longer: BTreeSet<String> = months.iter().flat_map(|month| around(month)).collect();
    let periods = months.iter().copied().chain(longer.iter().map(String::as_str));
    let mut cells: Vec<Cell> = periods.map(|period| cell(name.to_owned(), period)).collect();
    cells.extend(months.first().map(|first| cell(first_name(name), first)));
    let mut firsts: Vec<&str> = months.iter().copied().collect();
    firsts.dedup_by(|later, first| later.get(..4) == first.get(..4));
    cells.extend(firsts.into_iter().map(|first| cell(first_in_year_name(name), first)));
    cells
}

/// A unit and those above it, from the bottom up; one that no longer exists stands alone.
pub fn chain(pack: &Pack, unit: &str) -> Vec<Code> {
    let found: Vec<Code> = pack.units.upward(unit).map(|u| u.code.clone()).collect();
    if found.is_empty() { vec![unit.to_owned()] } else { found }
}

impl Sums {
    /// Adds a mark `times` times, for each unit of its chain; −1 takes it away again.
    pub fn add(&mut self, mark: &Mark, chain: &[Code], times: i64) {
        match (&mark.key, mark.amount) {
            (Some(key), Some(_)) if !chain.is_empty() => {
                let who =
                    Somebody { figure: numbered(&mark.figure, mark.version), key: key.clone() };
                let units = format!(" {} ", chain.join(" "));
                let visit = Visit { units, month: month_of(mark.day) };
                *self.visits.entry(who).or_default().entry(visit).or_default() += times;
            }
            _ => chain.iter().for_each(|unit| self.add_for(mark, unit, times)),
        }
    }

    fn add_for(&mut self, mark: &Mark, unit: &str, times: i64) {
        let name = |part: &str| name_of(&mark.figure, mark.version, unit, part);
        let month = month_of(mark.day);
        let Some(amount) = mark.amount else {
            self.at(name(UNKNOWN), month, times);
            return;
        };
        let category = mark.category.as_ref().map(|c| category_part(c));
        let programme = mark.programme.as_ref().map(|p| programme_part(p));
        let parts = [Some(WHOLE.to_owned()), category, programme];
        let until = mark.until.map(month_of);
        // What came and went within a month was never there at the end of one.
        if mark.stands && until.as_ref() == Some(&month) {
            return;
        }
        for part in parts.into_iter().flatten() {
            self.at(name(&part), month.clone(), amount * times);
            if let Some(until) = &until {
                self.at(name(&part), until.clone(), -amount * times);
            }
        }
    }

    fn at(&mut self, name: String, period: String, n: i64) {
        *self.cells.entry(Cell { name, period }).or_default() += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Visits by unit and month, all below one top.
    fn visits(visits: &[(&str, &str)]) -> Visits {
        let visit = |(unit, month): &(&str, &str)| {
            (Visit { units: format!(" {unit} x "), month: (*month).to_owned() }, 1)
        };
        visits.iter().map(visit).collect()
    }

    #[test]
    fn a_person_is_one_in_a_month_a_quarter_a_half_a_year_and_for_ever() {
        let before = visits(&[("a", "2025-12"), ("a", "2026-03")]);
        let after = visits(&[("b", "2026-03"), ("a", "2026-05")]);
        let cells = people_cells("f.1", &before, &after);
        let told = |unit: &str| -> Vec<_> {
            let start = format!("figure f.1 {unit} ");
            let ours = cells
                .iter()
                .filter_map(|(c, n)| Some((c.name.strip_prefix(&start)?, c.period.as_str(), *n)));
            ours.collect()
        };
        assert_eq!(
            told("x"),
            [
                ("", "2025", -1),
                ("", "2025-12", -1),
                ("", "2025-h2", -1),
                ("", "2025-q4", -1),
                ("", "2026-05", 1),
                ("", "2026-q2", 1),
                ("1", "2025-12", -1),
                ("1", "2026-03", 1),
                ("y", "2025-12", -1),
            ]
        );
        assert_eq!(
            told("b"),
            ["2026", "2026-03", "2026-h1", "2026-q1"]
                .map(|period| ("", period, 1))
                .into_iter()
                .chain([("1", "2026-03", 1), ("y", "2026-03", 1)])
                .collect::<Vec<_>>()
        );
        assert!(people_cells("f.1", &before, &before).is_empty());
    }

    /// Whoever comes in two places of one unit is two there and one above.
    #[test]
    fn a_person_of_two_places_is_one_above_them() {
        let one = visits(&[("a", "2026-03")]);
        let both = visits(&[("a", "2026-03"), ("b", "2026-03")]);
        let cells = people_cells("f.1", &one, &both);
        assert!(cells.keys().all(|cell| cell.name.starts_with("figure f.1 b ")), "{cells:?}");
        assert_eq!(cells.values().sum::<i64>(), 6);
    }
}
