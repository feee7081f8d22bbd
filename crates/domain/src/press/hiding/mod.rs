//! Which cells of published tables stay hidden. Decides it for all tables together: a small cell is
//! hidden, and so many others with it that nobody who knows every number shown, every sum and that
//! nothing is below zero can find a hidden one or narrow it down.
//!
//! Invariant: each hidden cell has a proof: other tables of whole numbers that show the very same
//! numbers, in which the cell is larger and, unless it is zero, smaller. The proofs are checked by
//! plain addition before the answer is given, however they were found. Who cannot be given a proof is
//! not published at all.

mod cheapest;

use cheapest::{Ways, cheapest};
use std::collections::{BTreeMap, BTreeSet};

/// More numbers that are not known yet are not published at once, rather than waited for.
const MOST_CELLS: usize = 1_000;

/// How many steps are tried before a whole table is made larger or smaller.
const FARTHER: i64 = 4;

/// A cell, by the order in which it was added.
pub type CellId = usize;

/// What is small, and how well it is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// A number above zero and below this one is small.
    pub small_below: i64,
    /// What is hidden may be any of a range of numbers at least so wide.
    pub width: i64,
}

/// How a cell is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is shown unless it must be hidden.
    Open,
    /// It was shown before, elsewhere, and cannot be hidden any more.
    Known,
    /// It is not published, but part of a sum that is.
    Unseen,
    /// It was kept back before, elsewhere, and stays so.
    Kept,
    /// It is not published, and whoever looks finds it all the same.
    Lost,
}

#[derive(Debug, Clone)]
struct Cell {
    name: String,
    value: i64,
    standing: Standing,
    /// How dear it is to hide it.
    cost: i64,
}

#[derive(Debug, Clone)]
struct Sum {
    total: CellId,
    parts: Vec<CellId>,
}

/// Published tables: cells with names, and the sums that hold among them. A cell that stands in several
/// tables is one cell.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    cells: Vec<Cell>,
    by_name: BTreeMap<String, CellId>,
    sums: Vec<Sum>,
}

/// Why tables cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpublishable {
    /// A number below zero.
    #[error("`{0}` is below zero")]
    BelowZero(String),
    /// Two tables give one cell two numbers.
    #[error("`{0}` has two numbers")]
    TwoNumbers(String),
    /// The parts are not the total.
    #[error("the parts of `{0}` do not add up to it")]
    Sum(String),
    /// Too many cells.
    #[error("{0} cells are too many to be published at once")]
    TooMany(usize),
    /// Nothing could hide the cell: too much is known already.
    #[error("`{0}` could be found by whoever knows what was published before")]
    Open(String),
}

/// What stays hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    cells: BTreeSet<CellId>,
    ranges: BTreeMap<CellId, (i64, i64)>,
}

/// What is added to each cell to make another table that shows the same numbers.
type Move = BTreeMap<CellId, i64>;

impl Tables {
    /// A cell; the same name is the same cell.
    ///
    /// # Errors
    /// When it is below zero, or has another number already.
    pub fn cell(&mut self, name: &str, value: i64) -> Result<CellId, Unpublishable> {
        if value < 0 {
            return Err(Unpublishable::BelowZero(name.to_owned()));
        }
        if let Some(id) = self.by_name.get(name) {
            let same = self.cells[*id].value == value;
            return if same { Ok(*id) } else { Err(Unpublishable::TwoNumbers(name.to_owned())) };
        }
        let id = self.cells.len();
        let cell = Cell { name: name.to_owned(), value, standing: Standing::Open, cost: 1 };
        self.cells.push(cell);
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Says how a cell is published.
    pub fn stands(&mut self, cell: CellId, standing: Standing) {
        self.cells[cell].standing = standing;
    }

    /// Says that a cell is the sum of others.
    ///
    /// # Errors
    /// When it is not.
    pub fn sum(&mut self, total: CellId, parts: Vec<CellId>) -> Result<(), Unpublishable> {
        let sum: i64 = parts.iter().map(|part| self.cells[*part].value).sum();
        if sum != self.cells[total].value {
            return Err(Unpublishable::Sum(self.cells[total].name.clone()));
        }
        // A total says more than its parts: it is hidden after them.
        let dearest = parts.iter().map(|part| self.cells[*part].cost).max().unwrap_or(1);
        let cost = &mut self.cells[total].cost;
        *cost = (*cost).max(dearest.saturating_mul(4));
        self.sums.push(Sum { total, parts });
        Ok(())
    }

    /// A table of rows and columns with a total for each and one for all, which are added up here. The
    /// cell in row `a` and column `b` is named `a|b`; a total has an empty name for what it adds up.
    ///
    /// # Errors
    /// When a number is below zero, or a cell has another number already.
    pub fn grid(
        &mut self,
        (rows, columns): (&[String], &[String]),
        value: impl Fn(usize, usize) -> i64,
    ) -> Result<(), Unpublishable> {
        let name = |row: &str, column: &str| format!("{row}|{column}");
        let mut inside = Vec::new();
        for (r, row) in rows.iter().enumerate() {
            let mut line = Vec::new();
            for (c, column) in columns.iter().enumerate() {
                line.push(self.cell(&name(row, column), value(r, c))?);
            }
            inside.push(line);
        }
        let total = |tables: &mut Self, name: &str, parts: Vec<CellId>| {
            let sum = parts.iter().map(|part| tables.cells[*part].value).sum();
            let total = tables.cell(name, sum)?;
            tables.sum(total, parts)?;
            Ok(total)
        };
        let mut ends = Vec::new();
        for (row, line) in rows.iter().zip(&inside) {
            ends.push(total(self, &name(row, ""), line.clone())?);
        }
        let mut feet = Vec::new();
        for (c, column) in columns.iter().enumerate() {
            let parts = inside.iter().map(|line| line[c]).collect();
            feet.push(total(self, &name("", column), parts)?);
        }
        total(self, &name("", ""), ends)?;
        total(self, &name("", ""), feet)?;
        Ok(())
    }

    /// How a cell is published.
    pub fn standing(&self, cell: CellId) -> Standing {
        self.cells[cell].standing
    }

    /// The cell of that name.
    pub fn find(&self, name: &str) -> Option<CellId> {
        self.by_name.get(name).copied()
    }

    /// The number of a cell.
    pub fn value(&self, cell: CellId) -> i64 {
        self.cells[cell].value
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The sums: each total with its parts.
    pub fn sums(&self) -> impl Iterator<Item = (CellId, &[CellId])> {
        self.sums.iter().map(|sum| (sum.total, sum.parts.as_slice()))
    }

    /// The cells that are small, or not published, before anything else is hidden.
    pub fn small(&self, rule: Rule) -> BTreeSet<CellId> {
        let all = self.cells.iter().enumerate();
        let small = all.filter(|(_, cell)| match cell.standing {
            Standing::Open => cell.value > 0 && cell.value < rule.small_below,
            Standing::Known => false,
            Standing::Unseen | Standing::Kept | Standing::Lost => true,
        });
        small.map(|(id, _)| id).collect()
    }

    /// Decides what stays hidden.
    ///
    /// # Errors
    /// When the tables cannot be published safely.
    pub fn hide(&self, rule: Rule) -> Result<Hidden, Unpublishable> {
        let unknown = self.cells.iter().filter(|cell| cell.standing != Standing::Known).count();
        if unknown > MOST_CELLS {
            return Err(Unpublishable::TooMany(unknown));
        }
        let mut search = Search::new(self, rule);
        while let Some(cell) = search.unprotected() {
            search.protect(cell)?;
        }
        let spare = search.spare();
        search.show_again(spare);
        search.checked()
    }
}

impl Hidden {
    /// Whether a cell stays hidden.
    pub fn contains(&self, cell: CellId) -> bool {
        self.cells.contains(&cell)
    }

    /// The hidden cells.
    pub fn cells(&self) -> impl Iterator<Item = CellId> {
        self.cells.iter().copied()
    }

    /// The smallest and the largest number that a hidden cell is proved to be able to be.
    pub fn range(&self, cell: CellId) -> Option<(i64, i64)> {
        self.ranges.get(&cell).copied()
    }
}

/// What is hidden so far, and why that is enough.
struct Search<'a> {
    tables: &'a Tables,
    rule: Rule,
    hidden: BTreeSet<CellId>,
    moves: Vec<Move>,
}

impl<'a> Search<'a> {
    fn new(tables: &'a Tables, rule: Rule) -> Self {
        Self { tables, rule, hidden: tables.small(rule), moves: Vec::new() }
    }

    /// Whether a hidden cell may be found without harm: it is not published and not small.
    fn is_harmless(&self, cell: CellId) -> bool {
        let Cell { value, standing, .. } = &self.tables.cells[cell];
        let small = *value > 0 && *value < self.rule.small_below;
        match standing {
            Standing::Lost => true,
            Standing::Unseen => !small,
            Standing::Open | Standing::Known | Standing::Kept => false,
        }
    }

    /// How far the moves take a cell down and up.
    fn reach(&self, cell: CellId) -> (i64, i64) {
        let steps = self.moves.iter().filter_map(|moved| moved.get(&cell).copied());
        steps.fold((0, 0), |(down, up), step| (down.min(step), up.max(step)))
    }

    /// How far down and up a cell must be able to go. Its true number is never the end of its range,
    /// unless it is zero.
    fn needs(&self, cell: CellId) -> (i64, i64) {
        let value = self.tables.cells[cell].value;
        let down = value.min(self.rule.width / 2).max(value.min(1));
        (-down, (self.rule.width - down).max(1))
    }

    fn unprotected(&self) -> Option<CellId> {
        let open = |cell: &CellId| {
            let ((down, up), (least, most)) = (self.reach(*cell), self.needs(*cell));
            !self.is_harmless(*cell) && (down > least || up < most)
        };
        self.hidden.iter().copied().find(open)
    }

    fn protect(&mut self, cell: CellId) -> Result<(), Unpublishable> {
        let (least, most) = self.needs(cell);
        let (down, up) = self.reach(cell);
        for (step, done) in [(least, down <= least), (most, up >= most)] {
            if !done {
                let moved = self.find(cell, step)?;
                self.hidden.extend(moved.keys());
                self.moves.push(moved);
            }
        }
        Ok(())
    }

    /// The cheapest move that takes the cell so far.
    fn find(&self, cell: CellId, step: i64) -> Result<Move, Unpublishable> {
        let cost = |id: CellId| {
            let Cell { value, standing, cost, .. } = &self.tables.cells[id];
            match standing {
                Standing::Known => None,
                _ if self.hidden.contains(&id) => Some(0.001),
                // What is zero may be known to be: nobody can have such a case.
                _ => {
                    let cost = u32::try_from(*cost).map_or(f64::MAX, f64::from);
                    Some(cost * if *value == 0 { 8.0 } else { 1.0 })
                }
            }
        };
        // Where tables cross in three ways the cheapest change may be no whole number. One that goes a
        // little farther often is; one that makes the whole table larger or smaller is almost always.
        let value = self.tables.cells[cell].value;
        let farther = (0..FARTHER).map(|more| step + more * step.signum());
        let mut tries = farther.filter(|step| value + step >= 0).map(|step| (step, Ways::Both));
        let both = tries.find_map(|(step, ways)| cheapest(self.tables, (cell, step), ways, cost));
        let found = both.or_else(|| cheapest(self.tables, (cell, step), Ways::Same, cost));
        found.ok_or_else(|| self.open(cell))
    }

    /// Cells that were hidden for the sake of others, the dearest first.
    fn spare(&self) -> Vec<CellId> {
        let small = self.tables.small(self.rule);
        let mut spare: Vec<CellId> = self.hidden.difference(&small).copied().collect();
        spare.sort_by_key(|id| {
            let cell = &self.tables.cells[*id];
            std::cmp::Reverse((cell.cost, cell.value))
        });
        spare
    }

    /// Shows cells again that turn out not to be needed: what was hidden first was chosen without
    /// knowing what would be hidden later.
    fn show_again(&mut self, spare: Vec<CellId>) {
        for cell in spare {
            let mut hidden = self.hidden.clone();
            hidden.remove(&cell);
            let moves = self.moves.iter().filter(|moved| !moved.contains_key(&cell));
            let moves = moves.cloned().collect();
            let mut without = Search { tables: self.tables, rule: self.rule, hidden, moves };
            if without.holds() {
                *self = without;
            }
        }
    }

    /// Whether proofs are found without hiding anything more.
    fn holds(&mut self) -> bool {
        let most = self.hidden.len();
        while let Some(open) = self.unprotected() {
            if self.protect(open).is_err() || self.hidden.len() > most {
                return false;
            }
        }
        true
    }

    /// The answer, after every proof was added up again.
    fn checked(self) -> Result<Hidden, Unpublishable> {
        let mut ranges = BTreeMap::new();
        for moved in &self.moves {
            for sum in &self.tables.sums {
                let of = |cell: &CellId| moved.get(cell).copied().unwrap_or(0);
                let parts: i64 = sum.parts.iter().map(of).sum();
                if parts != of(&sum.total) {
                    return Err(self.open(sum.total));
                }
            }
            for (cell, step) in moved {
                if !self.hidden.contains(cell) || self.tables.cells[*cell].value + step < 0 {
                    return Err(self.open(*cell));
                }
            }
        }
        for cell in &self.hidden {
            let value = self.tables.cells[*cell].value;
            let (down, up) = self.reach(*cell);
            if !self.is_harmless(*cell) && up - down < self.rule.width {
                return Err(self.open(*cell));
            }
            ranges.insert(*cell, (value + down, value + up));
        }
        Ok(Hidden { cells: self.hidden, ranges })
    }

    fn open(&self, cell: CellId) -> Unpublishable {
        Unpublishable::Open(self.tables.cells[cell].name.clone())
    }
}
