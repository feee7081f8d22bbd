//! The written table and the cells of a pack, in one shape.

use domain::pack::{Grant, Pack, Right, Sees, Sensitivity, Sight, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// One role, standing and sensitivity.
pub type Place = (String, Standing, Sensitivity);

/// What is seen and may be done there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    pub sees: Sees,
    pub may: BTreeSet<Right>,
}

/// Every cell that holds something; the others do not exist.
pub type Table = BTreeMap<Place, Cell>;

/// A difference between two tables in one cell, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Apart {
    pub place: Place,
    pub what: String,
    pub one: String,
    pub other: String,
}

pub const PARTS: [&str; 5] = ["identity", "contact", "story", "evidence", "reporter"];

pub fn part<'a>(sees: &'a mut Sees, name: &str) -> &'a mut Sight {
    match name {
        "identity" => &mut sees.identity,
        "contact" => &mut sees.contact,
        "story" => &mut sees.story,
        "evidence" => &mut sees.evidence,
        "reporter" => &mut sees.reporter,
        other => panic!("no part {other}"),
    }
}

fn sign(sight: Sight) -> &'static str {
    match sight {
        Sight::Full => "A",
        Sight::Masked => "b",
        Sight::None => "-",
    }
}

fn sight(sign: &str) -> Sight {
    match sign {
        "A" => Sight::Full,
        "b" => Sight::Masked,
        "-" => Sight::None,
        other => panic!("no sight {other}"),
    }
}

fn standing(word: &str) -> Standing {
    let found = Standing::ALL.into_iter().find(|s| s.code() == word);
    found.unwrap_or_else(|| panic!("no standing {word}"))
}

fn sensitivity(word: &str) -> Sensitivity {
    let found = Sensitivity::ALL.into_iter().find(|s| s.code() == word);
    found.unwrap_or_else(|| panic!("no sensitivity {word}"))
}

fn right(word: &str) -> Right {
    let found = Right::ALL.into_iter().find(|r| r.code() == word);
    found.unwrap_or_else(|| panic!("no right {word}"))
}

fn lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let written = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    written.map(|line| line.split('|').map(str::trim).collect())
}

/// Every cell that a line speaks of.
fn places(line: &[&str]) -> Vec<Place> {
    let standings = line[1].split_whitespace().map(standing);
    standings
        .flat_map(|s| line[2].split_whitespace().map(move |of| (s, sensitivity(of))))
        .map(|(s, of)| (line[0].to_owned(), s, of))
        .collect()
}

/// The table as it is written.
pub fn written(text: &str) -> Table {
    let mut table = Table::new();
    for line in lines(text) {
        let mut cell = Cell::default();
        let signs: Vec<&str> = line[3].split_whitespace().collect();
        assert_eq!(signs.len(), PARTS.len(), "{line:?}");
        for (name, sign) in PARTS.into_iter().zip(signs) {
            *part(&mut cell.sees, name) = sight(sign);
        }
        cell.may = line[4].split_whitespace().filter(|w| *w != "silent").map(right).collect();
        for place in places(&line) {
            assert!(table.insert(place.clone(), cell.clone()).is_none(), "twice: {place:?}");
        }
    }
    table
}

/// Differences as they are written.
pub fn written_apart(text: &str) -> BTreeSet<Apart> {
    let mut all = BTreeSet::new();
    for line in lines(text) {
        let [what, one, other] = [3, 4, 5].map(|n| line[n].to_owned());
        all.extend(places(&line).into_iter().map(|place| Apart {
            place,
            what: what.clone(),
            one: one.clone(),
            other: other.clone(),
        }));
    }
    all
}

/// Every cell of a pack.
pub fn of(pack: &Pack) -> Table {
    let mut table = Table::new();
    for (code, role) in &pack.roles {
        for s in Standing::ALL {
            for of in Sensitivity::ALL {
                if let Some(Grant { sees, may, .. }) = role.grant(s, of) {
                    let cell = Cell { sees: *sees, may: may.clone() };
                    table.insert((code.clone(), s, of), cell);
                }
            }
        }
    }
    table
}

/// Everything in which two tables differ.
pub fn apart(one: &Table, other: &Table) -> BTreeSet<Apart> {
    let mut all = BTreeSet::new();
    let places: BTreeSet<&Place> = one.keys().chain(other.keys()).collect();
    for place in places {
        let (a, b) = (one.get(place), other.get(place));
        let mut note = |what: &str, one: &str, other: &str| {
            let [what, one, other] = [what, one, other].map(str::to_owned);
            all.insert(Apart { place: place.clone(), what, one, other })
        };
        let (Some(a), Some(b)) = (a, b) else {
            note("exists", yes(a.is_some()), yes(b.is_some()));
            continue;
        };
        let (mut seen, mut shown) = (a.sees, b.sees);
        for name in PARTS {
            let (a, b) = (*part(&mut seen, name), *part(&mut shown, name));
            if a != b {
                note(name, sign(a), sign(b));
            }
        }
        for right in a.may.symmetric_difference(&b.may) {
            note(right.code(), yes(a.may.contains(right)), yes(b.may.contains(right)));
        }
    }
    all
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// The written table with these differences carried out: what the pack is held to.
pub fn agreed(mut table: Table, apart: &BTreeSet<Apart>) -> Table {
    for one in apart {
        let cell = table.get_mut(&one.place).unwrap_or_else(|| panic!("no cell for {one:?}"));
        if PARTS.contains(&one.what.as_str()) {
            *part(&mut cell.sees, &one.what) = sight(&one.other);
        } else if one.other == "yes" {
            cell.may.insert(right(&one.what));
        } else {
            cell.may.remove(&right(&one.what));
        }
    }
    table
}
