//! The cheapest other table: given that one cell changes by so much, which cells must change with it
//! so that every sum still holds. A linear programme, solved by the simplex method with bounds.
//!
//! Its answers are only proposals. They are whole numbers or none, and whoever uses them adds them up
//! again, so that an error of rounding can make a table unpublishable and never unsafe.

use super::{CellId, Move, Tables};
use std::collections::BTreeMap;

const NEAR: f64 = 1e-7;
/// After so many steps the rule changes to one that cannot go in circles, and then it ends.
const QUICK_STEPS: usize = 400;
const MOST_STEPS: usize = 8_000;

/// In which directions the other cells may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ways {
    /// Up and down: what one gains, others lose.
    Both,
    /// As the cell itself: the table as a whole becomes larger or smaller.
    Same,
}

/// What must change with the cell when it changes by `step`; `cost` says how dear a change of a cell
/// by one is, none that it cannot change. None when no such change in whole numbers is found.
pub(super) fn cheapest(
    tables: &Tables,
    (cell, step): (CellId, i64),
    ways: Ways,
    cost: impl Fn(CellId) -> Option<f64>,
) -> Option<Move> {
    let mut program = Program::new(tables, (cell, step), ways, cost)?;
    program.solve()?;
    program.answer(cell, step)
}

/// A way in which a cell can change.
struct Column {
    cell: CellId,
    /// +1 or −1.
    sign: f64,
    /// How far it can go.
    most: f64,
    cost: f64,
    /// Whether it has gone so far.
    at_most: bool,
}

struct Program {
    columns: Vec<Column>,
    /// A row for each sum, a value for each column.
    rows: Vec<Vec<f64>>,
    /// The column that each row decides, none for what is not yet balanced; and its amount.
    basis: Vec<Option<usize>>,
    amounts: Vec<f64>,
}

impl Program {
    fn new(
        tables: &Tables,
        (cell, step): (CellId, i64),
        ways: Ways,
        cost: impl Fn(CellId) -> Option<f64>,
    ) -> Option<Self> {
        let step = exact(step)?;
        let mut columns = Vec::new();
        let mut of: BTreeMap<CellId, Vec<usize>> = BTreeMap::new();
        for id in (0..tables.len()).filter(|id| *id != cell) {
            let Some(cost) = cost(id) else { continue };
            let value = exact(tables.value(id))?;
            for (sign, most) in [(1.0, f64::INFINITY), (-1.0, value)] {
                if most > 0.0 && (ways == Ways::Both || sign * step > 0.0) {
                    of.entry(id).or_default().push(columns.len());
                    columns.push(Column { cell: id, sign, most, cost, at_most: false });
                }
            }
        }
        let mut rows = Vec::new();
        let mut amounts = Vec::new();
        for (total, parts) in tables.sums() {
            let mut row = vec![0.0; columns.len()];
            let mut right = 0.0;
            for (id, weight) in parts.iter().map(|id| (*id, 1.0)).chain([(total, -1.0)]) {
                if id == cell {
                    right -= weight * step;
                }
                for column in of.get(&id).into_iter().flatten() {
                    row[*column] += weight * columns[*column].sign;
                }
            }
            if right < 0.0 {
                right = -right;
                for value in &mut row {
                    *value = -*value;
                }
            }
            rows.push(row);
            amounts.push(right);
        }
        let basis = vec![None; rows.len()];
        Some(Self { columns, rows, basis, amounts })
    }

    /// First balances all sums, then makes it cheap; none when there is no balance.
    fn solve(&mut self) -> Option<()> {
        let mut unbalanced = vec![0.0; self.columns.len()];
        for row in &self.rows {
            for (sum, value) in unbalanced.iter_mut().zip(row) {
                *sum -= value;
            }
        }
        self.descend(unbalanced, f64::INFINITY)?;
        let rest = self.basis.iter().zip(&self.amounts).filter(|(column, _)| column.is_none());
        if rest.map(|(_, amount)| amount).sum::<f64>() > NEAR {
            return None;
        }
        let mut costs: Vec<f64> = self.columns.iter().map(|column| column.cost).collect();
        for (row, column) in self.rows.iter().zip(&self.basis) {
            let Some(cost) = column.map(|column| self.columns[column].cost) else { continue };
            for (sum, value) in costs.iter_mut().zip(row) {
                *sum -= cost * value;
            }
        }
        self.descend(costs, 0.0)
    }

    /// Goes down as long as a column makes it cheaper; `loose` is how far an unbalanced row may go.
    fn descend(&mut self, mut costs: Vec<f64>, loose: f64) -> Option<()> {
        for steps in 0..MOST_STEPS {
            let Some(enters) = self.enters(&costs, steps < QUICK_STEPS) else { return Some(()) };
            let down = self.columns[enters].at_most;
            let way = if down { -1.0 } else { 1.0 };
            let (far, leaves) = self.leaves(enters, way, loose);
            if !far.is_finite() {
                return None;
            }
            for (amount, row) in self.amounts.iter_mut().zip(&self.rows) {
                *amount -= way * far * row[enters];
            }
            let Some(leaves) = leaves else {
                self.columns[enters].at_most = !down;
                continue;
            };
            let amount = if down { self.columns[enters].most - far } else { far };
            if let Some(left) = self.basis[leaves] {
                self.columns[left].at_most = way * self.rows[leaves][enters] < 0.0;
            }
            self.columns[enters].at_most = false;
            self.pivot(leaves, enters, &mut costs);
            self.basis[leaves] = Some(enters);
            self.amounts[leaves] = amount;
        }
        None
    }

    fn enters(&self, costs: &[f64], quick: bool) -> Option<usize> {
        let gain = |column: usize| {
            let cost = costs[column];
            if self.columns[column].at_most { cost } else { -cost }
        };
        let mut better = (0..self.columns.len())
            .filter(|column| gain(*column) > NEAR && !self.basis.contains(&Some(*column)));
        if quick { better.max_by(|a, b| gain(*a).total_cmp(&gain(*b))) } else { better.next() }
    }

    /// How far the column can go, and the row that stops it; no row when it is its own end.
    fn leaves(&self, enters: usize, way: f64, loose: f64) -> (f64, Option<usize>) {
        let mut far = (self.columns[enters].most, None);
        for (at, row) in self.rows.iter().enumerate() {
            let rate = way * row[enters];
            let amount = self.amounts[at];
            let room = if rate > NEAR {
                amount.max(0.0) / rate
            } else if rate < -NEAR {
                let most = self.basis[at].map_or(loose, |column| self.columns[column].most);
                (most - amount).max(0.0) / -rate
            } else {
                continue;
            };
            let first = |other: usize| self.basis[at] < self.basis[other];
            let same = (room - far.0).abs() <= NEAR && far.1.is_some_and(first);
            if room < far.0 - NEAR || same {
                far = (room, Some(at));
            }
        }
        far
    }

    fn pivot(&mut self, leaves: usize, enters: usize, costs: &mut [f64]) {
        let by = self.rows[leaves][enters];
        self.rows[leaves].iter_mut().for_each(|value| *value /= by);
        let row = self.rows[leaves].clone();
        let clear = |other: &mut [f64]| {
            let times = other[enters];
            if times != 0.0 {
                for (value, own) in other.iter_mut().zip(&row) {
                    *value -= times * own;
                }
                other[enters] = 0.0;
            }
        };
        let others = self.rows.iter_mut().enumerate().filter(|(at, _)| *at != leaves);
        others.for_each(|(_, other)| clear(other));
        clear(costs);
    }

    /// The change in whole numbers.
    fn answer(&self, cell: CellId, step: i64) -> Option<Move> {
        let mut changes: BTreeMap<CellId, f64> = BTreeMap::new();
        let mut add = |column: &Column, amount: f64| {
            *changes.entry(column.cell).or_default() += column.sign * amount;
        };
        for column in self.columns.iter().filter(|column| column.at_most) {
            add(column, column.most);
        }
        for (column, amount) in self.basis.iter().zip(&self.amounts) {
            if let Some(column) = column {
                add(&self.columns[*column], *amount);
            }
        }
        let mut moved = Move::from([(cell, step)]);
        for (id, change) in changes {
            let change = whole(change)?;
            if change != 0 {
                moved.insert(id, change);
            }
        }
        Some(moved)
    }
}

/// A number that a float holds exactly.
fn exact(n: i64) -> Option<f64> {
    let small = i32::try_from(n).ok()?;
    Some(f64::from(small))
}

/// The whole number that a float is near, if it is.
#[expect(clippy::cast_possible_truncation, reason = "checked to be small and near a whole number")]
fn whole(n: f64) -> Option<i64> {
    let near = (n - n.round()).abs() < 1e-4 && n.abs() < f64::from(i32::MAX);
    near.then(|| n.round() as i64)
}
