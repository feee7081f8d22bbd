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

/// One person or household among those that a figure counts for a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Somebody {
    /// Figure, version and unit, as one name.
    pub name: String,
    /// The person's tag.
    pub key: String,
}

/// How often somebody is counted in each month. A person counts once in a month, a quarter, half a
/// year, a year, and once for ever, in the month in which she came first.
pub type Visits = BTreeMap<String, i64>;

/// What marks add to cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Amounts by cell.
    pub cells: BTreeMap<Cell, i64>,
    /// By how much the visits of somebody change, by month.
    pub visits: BTreeMap<Somebody, Visits>,
}

/// The name under which a figure is counted for a unit.
pub fn name_of(figure: &str, version: u32, unit: &str, part: &str) -> String {
    format!("figure {figure}.{version} {unit} {part}")
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

/// What changes in the cells when the visits of somebody change from one to the other.
pub fn people_cells(name: &str, before: &Visits, after: &Visits) -> BTreeMap<Cell, i64> {
    let mut cells: BTreeMap<Cell, i64> = BTreeMap::new();
    for (visits, sign) in [(before, -1), (after, 1)] {
        let months: Vec<&String> = visits.iter().filter(|(_, n)| **n > 0).map(|(m, _)| m).collect();
        let mut add = |name: String, period: &str| {
            *cells.entry(Cell { name, period: period.to_owned() }).or_default() += sign;
        };
        let longer: BTreeSet<String> = months.iter().flat_map(|month| around(month)).collect();
        for period in months.iter().copied().chain(&longer) {
            add(name.to_owned(), period);
        }
        if let Some(first) = months.first() {
            add(first_name(name), first);
        }
        let mut firsts = months;
        firsts.dedup_by(|later, first| later.get(..4) == first.get(..4));
        for first in firsts {
            add(first_in_year_name(name), first);
        }
    }
    cells.retain(|_, n| *n != 0);
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
        for unit in chain {
            self.add_for(mark, unit, times);
        }
    }

    fn add_for(&mut self, mark: &Mark, unit: &str, times: i64) {
        let name = |part: &str| name_of(&mark.figure, mark.version, unit, part);
        let month = month_of(mark.day);
        let Some(amount) = mark.amount else {
            self.at(name(UNKNOWN), month, times);
            return;
        };
        if let Some(key) = &mark.key {
            let who = Somebody { name: name(WHOLE), key: key.clone() };
            *self.visits.entry(who).or_default().entry(month).or_default() += times;
            return;
        }
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

    fn visits(months: &[&str]) -> Visits {
        months.iter().map(|m| ((*m).to_owned(), 1)).collect()
    }

    #[test]
    fn a_person_is_one_in_a_month_a_quarter_a_half_a_year_and_for_ever() {
        let cells =
            people_cells("x", &visits(&["2025-12", "2026-03"]), &visits(&["2026-03", "2026-05"]));
        let told: Vec<_> =
            cells.iter().map(|(c, n)| (c.name.as_str(), c.period.as_str(), *n)).collect();
        assert_eq!(
            told,
            [
                ("x", "2025", -1),
                ("x", "2025-12", -1),
                ("x", "2025-h2", -1),
                ("x", "2025-q4", -1),
                ("x", "2026-05", 1),
                ("x", "2026-q2", 1),
                ("x1", "2025-12", -1),
                ("x1", "2026-03", 1),
                ("xy", "2025-12", -1),
            ]
        );
        assert!(people_cells("x", &visits(&["2026-03"]), &visits(&["2026-03"])).is_empty());
    }
}
