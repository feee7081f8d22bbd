//! An attacker with a linear solver, who knows all that is published, cannot find what is hidden.
//!
//! The solver is not the one that the rules use. It is asked for the smallest and the largest number
//! that each hidden cell can be, given every shown number of every table, every sum, and that nothing
//! is below zero.

use domain::press::{CellId, Rule, Standing, Tables, Unpublishable};
use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};
use proptest::{prelude::*, strategy::ValueTree};
use std::collections::BTreeSet;

const RULE: Rule = Rule { small_below: 5, width: 5 };

/// The range to which the attacker can narrow a cell, when these cells are not shown.
fn range(tables: &Tables, hidden: &BTreeSet<CellId>, cell: CellId) -> (f64, f64) {
    let bound = |direction| {
        let mut problem = Problem::new(direction);
        let vars: Vec<_> = (0..tables.len())
            .map(|id| {
                let weight = if id == cell { 1.0 } else { 0.0 };
                #[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
                let value = tables.value(id) as f64;
                let limits =
                    if hidden.contains(&id) { (0.0, f64::INFINITY) } else { (value, value) };
                problem.add_var(weight, limits)
            })
            .collect();
        for (total, parts) in tables.sums() {
            let terms = parts.iter().map(|part| (vars[*part], 1.0)).chain([(vars[total], -1.0)]);
            let terms: Vec<_> = terms.collect();
            problem.add_constraint(terms.as_slice(), ComparisonOp::Eq, 0.0);
        }
        match problem.solve() {
            Ok(SolveOutcome::Solution(solution)) => solution.objective(),
            Ok(other) => panic!("no limit was set: {other:?}"),
            Err(microlp::Error::Unbounded) => f64::INFINITY,
            Err(error) => panic!("the true table is a solution: {error}"),
        }
    };
    (bound(OptimizationDirection::Minimize), bound(OptimizationDirection::Maximize))
}

/// The hidden cells whose number the attacker narrows down too far.
fn found(tables: &Tables, hidden: &BTreeSet<CellId>) -> Vec<CellId> {
    let open = |cell: &CellId| {
        let (least, most) = range(tables, hidden, *cell);
        most - least < f64::from(5) - 1e-6
    };
    hidden.iter().copied().filter(open).collect()
}

fn hidden(tables: &Tables) -> BTreeSet<CellId> {
    tables.hide(RULE).unwrap_or_else(|why| panic!("{why}")).cells().collect()
}

fn names(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|i| format!("{prefix}{i}")).collect()
}

/// A table of units and categories.
fn flat(rows: usize, columns: usize, values: &[i64]) -> Tables {
    let mut tables = Tables::default();
    let heads = (names("u", rows), names("c", columns));
    let value = |r: usize, c: usize| values[(r * columns + c) % values.len()];
    tables.grid((&heads.0, &heads.1), value).expect("a table");
    tables
}

/// Towns in counties in a city, by category: one table a county and one for the city.
fn tree(counties: usize, towns: usize, columns: usize, values: &[i64]) -> Tables {
    let mut tables = Tables::default();
    let heads = names("c", columns);
    let value = |k: usize, t: usize, c: usize| {
        values[(k * towns * columns + t * columns + c) % values.len()]
    };
    let add = |tables: &mut Tables, name: String, parts: Vec<CellId>| {
        let sum = parts.iter().map(|part| tables.value(*part)).sum();
        let total = tables.cell(&name, sum).expect("a total");
        tables.sum(total, parts).expect("a sum");
        total
    };
    let mut city: Vec<Vec<CellId>> = vec![Vec::new(); columns + 1];
    for k in 0..counties {
        let mut below: Vec<Vec<CellId>> = vec![Vec::new(); columns + 1];
        for t in 0..towns {
            let cells: Vec<CellId> = (0..columns)
                .map(|c| {
                    tables.cell(&format!("k{k}t{t}|{}", heads[c]), value(k, t, c)).expect("a cell")
                })
                .collect();
            cells.iter().zip(&mut below).for_each(|(cell, column)| column.push(*cell));
            below[columns].push(add(&mut tables, format!("k{k}t{t}|"), cells));
        }
        let row: Vec<CellId> = (0..columns)
            .map(|c| add(&mut tables, format!("k{k}|{}", heads[c]), below[c].clone()))
            .collect();
        row.iter().zip(&mut city).for_each(|(cell, column)| column.push(*cell));
        add(&mut tables, format!("k{k}|"), below[columns].clone());
        city[columns].push(add(&mut tables, format!("k{k}|"), row));
    }
    let row: Vec<CellId> =
        (0..columns).map(|c| add(&mut tables, format!("|{}", heads[c]), city[c].clone())).collect();
    add(&mut tables, "|".to_owned(), city[columns].clone());
    add(&mut tables, "|".to_owned(), row);
    tables
}

/// Two tables of the same units, by category and by channel: they share the totals of the units. The
/// second splits the same records, so its last channel takes what is left.
fn sharing(rows: usize, columns: usize, values: &[i64]) -> Tables {
    let mut tables = flat(rows, columns, values);
    let units = names("u", rows);
    let channels = names("h", 3);
    let total = |r: usize| tables.value(tables.find(&format!("u{r}|")).expect("a total"));
    let totals: Vec<i64> = (0..rows).map(total).collect();
    let value = |r: usize, c: usize| {
        let first = values[r % values.len()].min(totals[r]);
        let second = values[(r * 7 + 3) % values.len()].min(totals[r] - first);
        [first, second, totals[r] - first - second][c]
    };
    tables.grid((&units, &channels), value).expect("it has the same totals");
    tables
}

/// Months that add up to a year, each a table of units and categories.
fn months(rows: usize, columns: usize, values: &[i64]) -> Tables {
    let mut tables = Tables::default();
    let heads = |m: &str| {
        let rows: Vec<String> = (0..rows).map(|r| format!("u{r}@{m}")).collect();
        (rows, names("c", columns))
    };
    let value = |m: usize, r: usize, c: usize| {
        values[(m * rows * columns + r * columns + c) % values.len()]
    };
    let parts = ["01", "02"];
    for (m, month) in parts.iter().enumerate() {
        let (rows, columns) = heads(month);
        // The foot of a month has a name of its own, because the year has one too.
        let mut named = rows.clone();
        named.push(format!("all@{month}"));
        let inside = |r: usize, c: usize| value(m, r, c);
        line_up(&mut tables, (&named, &columns), inside);
    }
    let (year, columns) = heads("year");
    let mut named = year.clone();
    named.push("all@year".to_owned());
    line_up(&mut tables, (&named, &columns), |r, c| value(0, r, c) + value(1, r, c));
    for row in named {
        for column in columns.iter().map(String::as_str).chain([""]) {
            let name = |m: &str| format!("{}|{column}", row.replace("year", m));
            let id = |m: &str| tables.find(&name(m)).expect("a cell");
            let (total, parts) = (id("year"), parts.map(id).to_vec());
            tables.sum(total, parts).expect("months are the year");
        }
    }
    tables
}

/// A table whose last row is the sum of the others.
fn line_up(
    tables: &mut Tables,
    (rows, columns): (&[String], &[String]),
    value: impl Fn(usize, usize) -> i64,
) {
    let last = rows.len() - 1;
    let mut feet: Vec<Vec<CellId>> = vec![Vec::new(); columns.len() + 1];
    for (r, row) in rows.iter().enumerate() {
        let cells: Vec<CellId> = columns
            .iter()
            .enumerate()
            .map(|(c, column)| {
                let n = if r < last { value(r, c) } else { (0..last).map(|r| value(r, c)).sum() };
                tables.cell(&format!("{row}|{column}"), n).expect("a cell")
            })
            .collect();
        let n = cells.iter().map(|cell| tables.value(*cell)).sum();
        let end = tables.cell(&format!("{row}|"), n).expect("an end");
        tables.sum(end, cells.clone()).expect("a row");
        for (column, cell) in feet.iter_mut().zip(cells.into_iter().chain([end])) {
            column.push(cell);
        }
    }
    for mut column in feet {
        let foot = column.pop().expect("the last row");
        tables.sum(foot, column).expect("a column");
    }
}

fn values() -> impl Strategy<Value = Vec<i64>> {
    // Many small ones, many zeros, a few large ones.
    let value = prop_oneof![3 => 0_i64..8, 2 => Just(0), 2 => 5_i64..60, 1 => 50_i64..5_000];
    prop::collection::vec(value, 60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_finds_a_hidden_cell_of_one_table(rows in 1_usize..6, columns in 1_usize..6, values in values()) {
        let tables = flat(rows, columns, &values);
        prop_assert_eq!(found(&tables, &hidden(&tables)), Vec::<CellId>::new());
    }

    #[test]
    fn nobody_finds_a_hidden_cell_in_a_tree(counties in 1_usize..4, towns in 1_usize..4, columns in 1_usize..4, values in values()) {
        let tables = tree(counties, towns, columns, &values);
        prop_assert_eq!(found(&tables, &hidden(&tables)), Vec::<CellId>::new());
    }

    #[test]
    fn nobody_finds_a_hidden_cell_by_laying_tables_side_by_side(rows in 1_usize..5, columns in 1_usize..5, values in values()) {
        let tables = sharing(rows, columns, &values);
        prop_assert_eq!(found(&tables, &hidden(&tables)), Vec::<CellId>::new());
    }

    #[test]
    fn nobody_finds_a_hidden_month_by_the_year(rows in 1_usize..4, columns in 1_usize..4, values in values()) {
        let tables = months(rows, columns, &values);
        prop_assert_eq!(found(&tables, &hidden(&tables)), Vec::<CellId>::new());
    }

    #[test]
    fn proved_ranges_are_no_wider_than_what_the_attacker_must_admit(rows in 1_usize..5, columns in 1_usize..5, values in values()) {
        let tables = flat(rows, columns, &values);
        let answer = tables.hide(RULE).expect("a table");
        let cells: BTreeSet<CellId> = answer.cells().collect();
        for cell in &cells {
            let (least, most) = range(&tables, &cells, *cell);
            let (low, high) = answer.range(*cell).expect("a range");
            let value = tables.value(*cell);
            prop_assert!(low < value || value == 0);
            prop_assert!(value < high);
            #[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
            let (low, high) = (low as f64, high as f64);
            prop_assert!(least <= low + 1e-6 && high <= most + 1e-6);
        }
    }

    #[test]
    fn what_was_shown_before_stays_shown_or_nothing_is(values in values(), known in 0_usize..16) {
        let mut tables = flat(3, 3, &values);
        tables.stands(known, Standing::Known);
        match tables.hide(RULE) {
            Ok(answer) => {
                prop_assert!(!answer.contains(known));
                let cells = answer.cells().collect();
                prop_assert_eq!(found(&tables, &cells), Vec::<CellId>::new());
            }
            Err(why) => prop_assert!(matches!(why, Unpublishable::Open(_))),
        }
    }
}

/// The check above can fail: with the small cells alone hidden the attacker finds them.
#[test]
fn hiding_small_cells_alone_is_found_out() {
    let example = flat(3, 3, &[20, 30, 3, 40, 50, 60, 70, 80, 90]);
    let small = example.small(RULE);
    assert_eq!(small.len(), 1);
    assert_eq!(found(&example, &small), small.iter().copied().collect::<Vec<_>>());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut open = 0;
    for _ in 0..50 {
        let values = values().new_tree(&mut runner).expect("values").current();
        for tables in [flat(4, 4, &values), tree(2, 2, 2, &values), sharing(3, 3, &values)] {
            open += usize::from(!found(&tables, &tables.small(RULE)).is_empty());
        }
    }
    assert!(open > 100, "{open} of 150");
}

/// It can fail for several tables too: each protected alone, the two together are not.
#[test]
fn tables_that_are_hidden_one_by_one_are_found_out_side_by_side() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut open = 0;
    for _ in 0..60 {
        let values = values().new_tree(&mut runner).expect("values").current();
        let both = sharing(3, 3, &values);
        let first = flat(3, 3, &values);
        // The first table as if it were the only one; of the second its small cells.
        let mut cells: BTreeSet<CellId> = hidden(&first);
        cells.extend(both.small(RULE));
        open += usize::from(!found(&both, &cells).is_empty());
    }
    assert!(open > 20, "{open} of 60");
}

#[test]
fn a_small_cell_in_a_large_table_takes_three_others_with_it() {
    let tables = flat(4, 4, &[50, 60, 70, 80, 90, 3, 55, 65, 75, 85, 95, 51, 61, 71, 81, 91]);
    let cells = hidden(&tables);
    assert_eq!(cells.len(), 4, "{cells:?}");
    let totals: Vec<CellId> = tables.sums().map(|(total, _)| total).collect();
    assert!(cells.iter().all(|cell| !totals.contains(cell)), "totals stay");
}

#[test]
fn nothing_is_hidden_where_nothing_is_small() {
    assert!(hidden(&flat(3, 3, &[0, 5, 50, 500, 0, 7])).is_empty());
}

#[test]
fn what_is_not_published_is_not_found_either() {
    // A county shows two of three towns and its total: the third is the difference.
    let mut tables = Tables::default();
    let ids: Vec<CellId> = [("a", 30), ("b", 40), ("rest", 2), ("all", 72)]
        .iter()
        .map(|(name, n)| tables.cell(name, *n).expect("a cell"))
        .collect();
    tables.sum(ids[3], ids[..3].to_vec()).expect("a sum");
    tables.stands(ids[2], Standing::Unseen);
    let cells = hidden(&tables);
    assert!(cells.len() > 1, "{cells:?}");
    assert_eq!(found(&tables, &cells), Vec::<CellId>::new());
}

#[test]
fn what_cannot_be_hidden_is_not_published() {
    let mut tables = Tables::default();
    let ids: Vec<CellId> = [("a", 30), ("b", 2), ("all", 32)]
        .iter()
        .map(|(name, n)| tables.cell(name, *n).expect("a cell"))
        .collect();
    tables.sum(ids[2], ids[..2].to_vec()).expect("a sum");
    tables.stands(ids[0], Standing::Known);
    tables.stands(ids[2], Standing::Known);
    assert_eq!(tables.hide(RULE), Err(Unpublishable::Open("b".to_owned())));
}

#[test]
fn what_is_no_table_is_refused() {
    let mut tables = Tables::default();
    assert_eq!(tables.cell("a", -1), Err(Unpublishable::BelowZero("a".to_owned())));
    let a = tables.cell("a", 1).expect("a cell");
    assert_eq!(tables.cell("a", 1), Ok(a));
    assert_eq!(tables.cell("a", 2), Err(Unpublishable::TwoNumbers("a".to_owned())));
    let b = tables.cell("b", 2).expect("a cell");
    assert_eq!(tables.sum(b, vec![a]), Err(Unpublishable::Sum("b".to_owned())));
}
