//! A way into the database past the store: what an intruder, or a broken disk, could do.

use std::fmt::Write as _;
use testkit::Stand;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Runs statements.
pub async fn run(stand: &Stand, sql: &str) {
    match path(stand) {
        Some(path) => {
            let conn = rusqlite::Connection::open(path).unwrap();
            conn.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            conn.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
        None => drop(simple(stand, sql).await),
    }
}

/// Every row of an answer, each value as text; bytes in hexadecimal.
pub async fn rows(stand: &Stand, sql: &str) -> Vec<Vec<String>> {
    let Some(path) = path(stand) else { return simple(stand, sql).await };
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut stmt = conn.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let columns = stmt.column_count();
    let mut found = stmt.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = found.next().unwrap() {
        all.push((0..columns).map(|n| shown(row.get_ref(n).unwrap())).collect());
    }
    all
}

/// The one number of an answer.
pub async fn number(stand: &Stand, sql: &str) -> i64 {
    rows(stand, sql).await[0][0].parse().unwrap()
}

/// Bytes given in hexadecimal, as a literal of this database.
pub fn blob(stand: &Stand, hex: &str) -> String {
    if path(stand).is_some() { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
}

/// The file of a SQLite database.
pub fn path(stand: &Stand) -> Option<&str> {
    stand.url.strip_prefix("sqlite:")
}

async fn simple(stand: &Stand, sql: &str) -> Vec<Vec<String>> {
    let (client, connection) = tokio_postgres::connect(&stand.url, NoTls).await.unwrap();
    let line = tokio::spawn(connection);
    let found = client.simple_query(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let rows = found.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let text = |value: Option<&str>| {
        let value = value.unwrap_or("NULL");
        value.strip_prefix("\\x").unwrap_or(value).to_owned()
    };
    let all = rows.map(|row| (0..row.len()).map(|n| text(row.get(n))).collect()).collect();
    drop(client);
    line.await.unwrap().unwrap();
    all
}

fn shown(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(x) => x.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => hex(bytes),
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
