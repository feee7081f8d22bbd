//! Statements: SQL text written once for both databases, and batches of them.
//!
//! Decides how one text becomes the text of each database. Never runs anything.
//!
//! The shared dialect: `$1 … $n` for parameters; columns BIGINT/INTEGER, TEXT and BLOB/BYTEA only;
//! `CAST(SUM(n) AS BIGINT)` because PostgreSQL sums to NUMERIC; a flag is 0 or 1.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use super::value::P;

/// One SQL statement, declared as a `static` beside the question it answers.
#[derive(Debug)]
pub struct Stmt {
    pg: &'static str,
    lite: &'static str,
    locks: bool,
    pg_text: OnceLock<String>,
    lite_text: OnceLock<String>,
    columns: OnceLock<Box<[Box<str>]>>,
}

/// The longest label of a statement in an error, in characters.
const LABEL_CHARS: usize = 80;

impl Stmt {
    /// The same text on both databases.
    pub const fn new(sql: &'static str) -> Self {
        Self::split(sql, sql)
    }

    /// One text for each, for the few statements that have no shared form. Columns and
    /// parameters must mean the same in both.
    pub const fn split(pg: &'static str, lite: &'static str) -> Self {
        Self::with(pg, lite, false)
    }

    /// A `SELECT` whose rows nobody else may change until this work ends. PostgreSQL gets
    /// ` FOR UPDATE`; SQLite has one writer and needs nothing.
    pub const fn locking(select: &'static str) -> Self {
        Self::with(select, select, true)
    }

    const fn with(pg: &'static str, lite: &'static str, locks: bool) -> Self {
        Self {
            pg,
            lite,
            locks,
            pg_text: OnceLock::new(),
            lite_text: OnceLock::new(),
            columns: OnceLock::new(),
        }
    }

    /// A statement put together at run time from a *closed* set of parts (list filters), never
    /// from input: each different text is prepared once and kept until the program ends.
    pub fn composed(sql: &str) -> &'static Self {
        static KNOWN: LazyLock<Mutex<HashMap<String, &'static Stmt>>> =
            LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stmt) = known.get(sql) {
            return stmt;
        }
        let stmt: &'static Stmt = Box::leak(Box::new(Stmt::new(String::leak(sql.to_owned()))));
        known.insert(sql.to_owned(), stmt);
        stmt
    }

    /// The text for PostgreSQL.
    pub fn pg(&self) -> &str {
        if !self.locks {
            return self.pg;
        }
        self.pg_text.get_or_init(|| format!("{} FOR UPDATE", self.pg))
    }

    /// The text for SQLite, its parameters rewritten to `?1 … ?n`. Left as `$n` SQLite would take
    /// them for *names* and number them by first appearance: `$2, $1` would bind crosswise.
    pub fn lite(&self) -> &str {
        self.lite_text.get_or_init(|| question_marks(self.lite))
    }

    /// The first words, to name the statement in an error. Holds no data: parameters are apart.
    pub fn label(&self) -> String {
        let words = self.pg.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.char_indices().nth(LABEL_CHARS) {
            Some((end, _)) => format!("{}…", &words[..end]),
            None => words,
        }
    }

    /// Remembers the column names when the statement first runs, for errors alone.
    pub(super) fn learn<'a>(&self, names: impl FnOnce() -> Vec<&'a str>) {
        self.columns.get_or_init(|| names().into_iter().map(Box::from).collect());
    }

    /// The name of a column, or its number while the statement has not run.
    pub(super) fn column(&self, index: usize) -> String {
        let known = self.columns.get().and_then(|names| names.get(index));
        known.map_or_else(|| format!("#{index}"), ToString::to_string)
    }
}

/// Rewrites `$1` to `?1` outside strings, quoted names and comments.
fn question_marks(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let closing = match first {
            '\'' => Some("'"),
            '"' => Some("\""),
            '-' if rest.starts_with("--") => Some("\n"),
            '/' if rest.starts_with("/*") => Some("*/"),
            _ => None,
        };
        if let Some(closing) = closing {
            // A doubled quote inside a string reads as two strings side by side: same result.
            let opening = if closing.len() == 2 || closing == "\n" { 2 } else { 1 };
            let end = rest[opening..].find(closing).map(|at| opening + at + closing.len());
            let (quoted, after) = rest.split_at(end.unwrap_or(rest.len()));
            out.push_str(quoted);
            rest = after;
            continue;
        }
        rest = &rest[first.len_utf8()..];
        let parameter = first == '$' && rest.starts_with(|c: char| c.is_ascii_digit());
        out.push(if parameter { '?' } else { first });
    }
    out
}

/// Independent writes done at once: one after the other on SQLite, in one network flight on
/// PostgreSQL.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    pub(super) params: Vec<P<'a>>,
    pub(super) items: Vec<Item>,
}

/// One statement of a batch and where its parameters lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) stmt: &'static Stmt,
    start: usize,
    end: usize,
    pub(super) exactly_one: bool,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement that may touch any number of rows.
    pub fn add(&mut self, stmt: &'static Stmt, params: &[P<'a>]) -> &mut Self {
        self.push(stmt, params, false)
    }

    /// Adds a statement that must touch exactly one row, or the whole batch is a
    /// [`Conflict`](super::Error::Conflict): the way to write `… WHERE version = $n`.
    pub fn one(&mut self, stmt: &'static Stmt, params: &[P<'a>]) -> &mut Self {
        self.push(stmt, params, true)
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn push(&mut self, stmt: &'static Stmt, params: &[P<'a>], exactly_one: bool) -> &mut Self {
        let start = self.params.len();
        self.params.extend_from_slice(params);
        self.items.push(Item { stmt, start, end: self.params.len(), exactly_one });
        self
    }

    pub(super) fn params_of(&self, item: Item) -> &[P<'a>] {
        &self.params[item.start..item.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_rewritten_only_where_they_are_parameters() {
        let cases = [
            ("SELECT $2, $1, $2", "SELECT ?2, ?1, ?2"),
            ("a->>'$.x$1' = $1", "a->>'$.x$1' = ?1"),
            ("'it''s $1' || $12", "'it''s $1' || ?12"),
            ("\"$1\" = $1", "\"$1\" = ?1"),
            ("-- $1\n$1", "-- $1\n?1"),
            ("/* $1 '*/ $1", "/* $1 '*/ ?1"),
            ("'没有结尾 $1", "'没有结尾 $1"),
            ("$name $ $$", "$name $ $$"),
            ("汉$1字", "汉?1字"),
            ("a - b / c, $3", "a - b / c, ?3"),
        ];
        for (sql, expected) in cases {
            assert_eq!(question_marks(sql), expected, "{sql}");
        }
    }

    #[test]
    fn locking_adds_the_clause_on_postgres_alone() {
        static S: Stmt = Stmt::locking("SELECT v FROM t WHERE id = $1");
        assert_eq!(S.pg(), "SELECT v FROM t WHERE id = $1 FOR UPDATE");
        assert_eq!(S.lite(), "SELECT v FROM t WHERE id = ?1");
    }

    #[test]
    fn composed_statements_are_kept_once() {
        let first = Stmt::composed("SELECT 1 WHERE 1 = $1");
        let second = Stmt::composed(&String::from("SELECT 1 WHERE 1 = $1"));
        assert!(std::ptr::eq(first, second));
    }

    #[test]
    fn labels_are_short_and_on_one_line() {
        static S: Stmt = Stmt::new("SELECT a,\n       b FROM t");
        assert_eq!(S.label(), "SELECT a, b FROM t");
        let long = Stmt::composed(&"汉".repeat(100));
        assert_eq!(long.label().chars().count(), LABEL_CHARS + 1);
    }
}
