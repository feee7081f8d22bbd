//! Reads `map.csv`: one line for each district, with the place of its tile. A city without one has
//! its districts drawn in order.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    pack::{Level, Regions, Tile, Tiles},
    workflow::{Code, Locus},
};

use crate::{faults::Faults, folder::Folders, organisation::lines};

const COLUMNS: &str = "code,column,row";

/// The tiles of a city.
pub(crate) fn tiles(folders: &Folders, regions: &Regions, faults: &mut Faults) -> Tiles {
    let mut read: BTreeMap<Code, (Tile, Locus)> = BTreeMap::new();
    let files = folders.files("map.csv", faults);
    for (line, text) in files.last().into_iter().flat_map(lines) {
        let Some(file) = files.last() else { break };
        let at = file.line(line);
        if line == 1 {
            if text != COLUMNS {
                faults.add(&at, "the columns are not as expected", format!("write {COLUMNS}"));
            }
            continue;
        }
        let Some((code, tile)) = tile(text) else {
            let advice = format!("write code,column,row, each place from 1 to {}", Tiles::MOST);
            faults.add(&at, "the row is no tile", advice);
            continue;
        };
        let level = regions.get(&code).map(|region| region.level);
        let drawn = matches!(level, Some(Level::County | Level::Town));
        faults.known(&at, drawn, "region", &code);
        if read.insert(code.clone(), (tile, at.clone())).is_some() {
            faults.add(
                &at,
                format!("the tile of `{code}` is given twice"),
                "delete one of the two",
            );
        }
    }
    check(regions, &read, faults);
    Tiles::new(read.into_iter().map(|(code, (tile, _))| (code, tile)))
}

fn tile(text: &str) -> Option<(Code, Tile)> {
    let mut cells = text.split(',').map(str::trim);
    let (code, column, row) = (cells.next()?, cells.next()?, cells.next()?);
    let place = |text: &str| text.parse().ok().filter(|n| (1..=Tiles::MOST).contains(n));
    let tile = Tile { column: place(column)?, row: place(row)? };
    cells.next().is_none().then(|| (code.to_owned(), tile))
}

/// Divisions of the same one above stand on tiles of their own, and none of them is left out.
fn check(regions: &Regions, read: &BTreeMap<Code, (Tile, Locus)>, faults: &mut Faults) {
    let mut taken: BTreeMap<(&str, Tile), &str> = BTreeMap::new();
    let mut parents: BTreeMap<&str, &Locus> = BTreeMap::new();
    for (code, (tile, at)) in read {
        let Some(parent) = regions.get(code).and_then(|r| r.parent.as_deref()) else { continue };
        if let Some(other) = taken.insert((parent, *tile), code) {
            let what = format!("`{code}` stands on the tile of `{other}`");
            faults.add(at, what, "give each a column and row of its own");
        }
        parents.insert(parent, at);
    }
    for (parent, at) in parents {
        let below = regions.iter().filter(|r| r.parent.as_deref() == Some(parent));
        let missing: BTreeSet<&str> =
            below.map(|r| r.code.as_str()).filter(|code| !read.contains_key(*code)).collect();
        for code in missing {
            faults.add(at, format!("the map leaves out `{code}`"), "add a row for it");
        }
    }
}
