//! Every statement fits both databases, and the ones that pages wait for never read a whole table.

use crate::raw;
use std::path::Path;
use store::db::Stmt;
use testkit::{Appeal, Stand, unit};

testkit::both!(
    every_statement_can_be_prepared,
    work_lists_are_read_in_the_order_of_their_key,
    records_are_read_in_the_order_of_their_key,
);

async fn every_statement_can_be_prepared(stand: Stand) {
    let all: Vec<&Stmt> = store::statements().collect();
    for stmt in all {
        let checked = stand.store.db().check(&[stmt]).await;
        assert_eq!(checked, Ok(()), "{}", stmt.label());
    }
}

/// A statement that is in no list would not be checked.
#[test]
fn every_statement_is_listed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut declared = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(path).unwrap();
            declared +=
                text.lines().filter(|l| l.contains("static ") && l.contains(": Stmt")).count();
        }
    }
    assert_eq!(store::statements().count(), declared);
}

/// What only maintenance asks may read everything; what a page asks may not.
#[tokio::test]
async fn no_page_waits_for_a_whole_table() {
    /// `verify`, what a start reads, the list of all accounts, and a search by words.
    const WHOLE: [&str; 29] = [
        "SELECT body FROM rules",
        "SELECT (SELECT COUNT(*) FROM desk)",
        "SELECT COUNT(*) FROM marks",
        "SELECT case_id FROM entries WHERE NOT EXISTS",
        "SELECT stream FROM deeds WHERE NOT EXISTS",
        "SELECT id, version, head FROM streams",
        "SELECT name, unit, CAST(SUM(n) AS BIGINT)",
        "SELECT id, upto",
        "SELECT id, username, password, name, unit, roles FROM accounts WHERE active = 1",
        "SELECT id, username, password, name, unit, roles FROM accounts WHERE unit",
        "SELECT COUNT(*) FROM accounts WHERE active = 1 AND pledge",
        "SELECT id FROM accounts WHERE active = 1 AND roles LIKE",
        "WITH hits",
        // Who came first in which month of a year, from one stretch of an index: as long as one figure
        // has people.
        "SELECT month, COUNT(*) FROM (",
        // Small tables: second factors, confirmed moves, waiting files, erasures under way.
        "SELECT account, key FROM factors",
        "SELECT id, key FROM moves",
        "SELECT draft, n, key FROM kept_files",
        "SELECT id, key FROM exports",
        "SELECT token, key FROM exchanges",
        "SELECT account, key FROM staff_homes",
        "SELECT id, key, account FROM passkeys",
        "SELECT s.id FROM streams s",
        // `verify`; and the newest releases, read from the end of an index no further than a page.
        "SELECT r.case_id FROM releases r",
        "SELECT case_id FROM releases ORDER BY at DESC",
        "SELECT CAST((SELECT COALESCE(SUM(cut), 0) FROM streams)",
        "SELECT pos FROM gone WHERE NOT EXISTS",
        "SELECT list FROM erasing",
        "SELECT case_id, list FROM erasing",
        "SELECT case_id FROM erasing",
    ];
    let stand = Stand::sqlite().await;
    let mut asked = 0;
    for stmt in store::statements().filter(|s| s.lite().trim_start().starts_with("SELECT")) {
        if WHOLE.iter().any(|whole| stmt.label().starts_with(whole)) {
            continue;
        }
        for step in plan(&stand, stmt).await {
            let whole = step.contains("SCAN") && !step.contains("CONSTANT ROW");
            // A counted stretch of an index is a table of its own, and small.
            assert!(
                !whole || step.contains("late") || step.contains("soon"),
                "{step}: {}",
                stmt.lite()
            );
        }
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
}

async fn plan(stand: &Stand, stmt: &Stmt) -> Vec<String> {
    let sql = if raw::path(stand).is_some() {
        let text = numbered(stmt.lite(), '?');
        format!("EXPLAIN QUERY PLAN {text}")
    } else {
        let text = numbered(stmt.pg(), '$');
        format!("SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN {text}")
    };
    raw::rows(stand, &sql).await.iter().map(|row| row.last().unwrap().clone()).collect()
}

/// The parameters as a number, which every column of a key can be compared with.
fn numbered(sql: &str, mark: char) -> String {
    let mut text = sql.to_owned();
    for n in (1..=9).rev() {
        text = text.replace(&format!("{mark}{n}"), if mark == '?' { "7" } else { "'7'" });
    }
    text
}

async fn work_lists_are_read_in_the_order_of_their_key(stand: Stand) {
    for n in 0..30 {
        stand.open(&Appeal::new("1302", &format!("第{n}件")).with("place", unit::WEST_PLACE)).await;
    }
    let lists: Vec<&Stmt> =
        store::statements().filter(|s| s.label().starts_with("SELECT rank, case_id")).collect();
    assert_eq!(lists.len(), 2, "forward and backward");
    for stmt in lists {
        let plan = plan(&stand, stmt).await.join("\n");
        let keyed = if raw::path(&stand).is_some() {
            plan.contains("USING PRIMARY KEY (unit=? AND state=? AND tier=? AND (rank,case_id)")
        } else {
            plan.contains("Index Scan")
                && plan.contains("desk_pkey")
                && plan.contains("ROW(rank, case_id)")
        };
        assert!(keyed, "{plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
    }
}

async fn records_are_read_in_the_order_of_their_key(stand: Stand) {
    for n in 0..30 {
        stand.open(&Appeal::new("1302", &format!("第{n}件")).with("place", unit::WEST_PLACE)).await;
    }
    let pages: Vec<&Stmt> =
        store::statements().filter(|s| s.label().starts_with("SELECT day, amount, rank")).collect();
    assert_eq!(pages.len(), 2, "what happened and what stood");
    for stmt in pages {
        let plan = plan(&stand, stmt).await.join("\n");
        let keyed = if raw::path(&stand).is_some() {
            plan.contains("USING PRIMARY KEY (figure=? AND unit=? AND (rank,case_id,n)")
                || plan.contains("USING PRIMARY KEY (figure=? AND unit=? AND rank")
        } else {
            plan.contains("Index Scan") && plan.contains("marks_pkey")
        };
        assert!(keyed, "{plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
    }
}
