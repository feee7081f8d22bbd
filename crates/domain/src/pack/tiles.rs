//! Where districts stand beside one another when numbers are drawn by district: one equal tile for
//! each, at about the place where it lies. It is no map: no border is drawn, and none can be wrong.

use crate::workflow::Code;
use std::collections::BTreeMap;

/// Tiles of a row where nobody has said where districts lie.
const ROW: u8 = 5;

/// The place of a tile, counted from 1: columns from west to east, rows from north to south.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// Column.
    pub column: u8,
    /// Row.
    pub row: u8,
}

/// Tiles by division.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<Code, Tile>);

impl Tiles {
    /// The largest column and row.
    pub const MOST: u8 = 24;

    /// Takes places of divisions that are known to exist.
    pub fn new(places: impl IntoIterator<Item = (Code, Tile)>) -> Self {
        Self(places.into_iter().collect())
    }

    /// The tile of a division.
    pub fn get(&self, region: &str) -> Option<Tile> {
        self.0.get(region).copied()
    }

    /// One tile for each division: its own places when all have one that no other has, otherwise
    /// rows in the order in which they are named.
    pub fn lay(&self, regions: &[&str]) -> Vec<Tile> {
        let own: Vec<Tile> = regions.iter().filter_map(|region| self.get(region)).collect();
        let mut once = own.clone();
        once.sort_unstable();
        once.dedup();
        if once.len() == regions.len() {
            return own;
        }
        let places = (0..=u8::MAX).flat_map(|row| (0..ROW).map(move |column| (column, row)));
        let tile =
            |(column, row): (u8, u8)| Tile { column: column + 1, row: row.saturating_add(1) };
        regions.iter().zip(places).map(|(_, place)| tile(place)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles() -> Tiles {
        let tile = |column, row| Tile { column, row };
        let all = [("a", tile(1, 1)), ("b", tile(3, 2)), ("c", tile(1, 1))];
        Tiles::new(all.map(|(code, tile)| (code.to_owned(), tile)))
    }

    #[test]
    fn districts_stand_where_they_lie() {
        let laid = tiles().lay(&["b", "a"]);
        assert_eq!(laid, [Tile { column: 3, row: 2 }, Tile { column: 1, row: 1 }]);
    }

    #[test]
    fn an_unknown_place_or_two_on_one_tile_make_an_ordered_grid() {
        for regions in [&["a", "b", "x"][..], &["a", "b", "c"]] {
            let laid = tiles().lay(regions);
            assert_eq!(
                laid.iter().map(|t| (t.column, t.row)).collect::<Vec<_>>(),
                [(1, 1), (2, 1), (3, 1)]
            );
        }
        let many = vec!["x"; 12];
        assert_eq!(tiles().lay(&many)[11], Tile { column: 2, row: 3 });
    }
}
