//! Values in and out of the database: integers, text, bytes and nothing else.
//!
//! Decides that a value of another kind than asked for is an error with a name. Never guesses,
//! never replaces a missing value by a default, never prints what a value holds.

use std::any::type_name;
use std::fmt;
use std::str::FromStr;

use super::error::{Corrupt, Error};
use super::stmt::Stmt;

/// A borrowed parameter of a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum P<'a> {
    /// SQL NULL.
    Null,
    /// A whole number, and the only kind of number.
    Int(i64),
    /// Text without NUL characters (PostgreSQL cannot hold them).
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// An owned value of a row.
#[derive(Clone, PartialEq, Eq)]
pub enum Val {
    /// SQL NULL.
    Null,
    /// A whole number; flags are 0 and 1.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Val {
    /// The same value as a parameter.
    pub fn as_p(&self) -> P<'_> {
        match self {
            Val::Null => P::Null,
            Val::Int(n) => P::Int(*n),
            Val::Text(text) => P::Text(text),
            Val::Blob(bytes) => P::Blob(bytes),
        }
    }
}

/// Kind and length only: values may be personal and end up in logs.
impl fmt::Debug for P<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            P::Null => f.write_str("null"),
            P::Int(_) => f.write_str("an integer"),
            P::Text(text) => write!(f, "text of {} bytes", text.len()),
            P::Blob(bytes) => write!(f, "a blob of {} bytes", bytes.len()),
        }
    }
}

impl fmt::Debug for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_p().fmt(f)
    }
}

macro_rules! into_param {
    ($($from:ty, $value:ident => $to:expr;)*) => {$(
        impl<'a> From<$from> for P<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        }
    )*};
}

into_param! {
    i64, n => P::Int(n);
    i32, n => P::Int(n.into());
    u32, n => P::Int(n.into());
    bool, flag => P::Int(flag.into());
    &'a str, text => P::Text(text);
    &'a String, text => P::Text(text);
    &'a [u8], bytes => P::Blob(bytes);
    &'a Vec<u8>, bytes => P::Blob(bytes);
    &'a Val, value => value.as_p();
}

impl<'a, const N: usize> From<&'a [u8; N]> for P<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        P::Blob(bytes)
    }
}

impl<'a, T: Into<P<'a>>> From<Option<T>> for P<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(P::Null, Into::into)
    }
}

/// One row of an answer. Getters take the column's position, from 0, and fail by name.
#[derive(Debug, Clone)]
pub struct Row {
    pub(super) stmt: &'static Stmt,
    pub(super) vals: Vec<Val>,
}

impl Row {
    /// A whole number.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| self.wrong(column, "an integer"))
    }

    /// A whole number or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.val(column)? {
            Val::Null => Ok(None),
            Val::Int(n) => Ok(Some(*n)),
            Val::Text(_) | Val::Blob(_) => Err(self.wrong(column, "an integer")),
        }
    }

    /// A number of a narrower type, say `u32`, when it fits.
    pub fn narrow<T: TryFrom<i64>>(&self, column: usize) -> Result<T, Error> {
        let n = self.int(column)?;
        T::try_from(n).map_err(|_| self.wrong(column, type_name::<T>()))
    }

    /// A flag: 0 or 1.
    pub fn flag(&self, column: usize) -> Result<bool, Error> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong(column, "0 or 1")),
        }
    }

    /// Text.
    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.opt_text(column)?.ok_or_else(|| self.wrong(column, "text"))
    }

    /// Text or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.val(column)? {
            Val::Null => Ok(None),
            Val::Text(text) => Ok(Some(text)),
            Val::Int(_) | Val::Blob(_) => Err(self.wrong(column, "text")),
        }
    }

    /// Text parsed into a type of the domain. The parser's own message is dropped, as it may
    /// repeat the text.
    pub fn parse<T: FromStr>(&self, column: usize) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| self.wrong(column, type_name::<T>()))
    }

    /// Bytes.
    pub fn blob(&self, column: usize) -> Result<&[u8], Error> {
        self.opt_blob(column)?.ok_or_else(|| self.wrong(column, "a blob"))
    }

    /// Bytes or NULL.
    pub fn opt_blob(&self, column: usize) -> Result<Option<&[u8]>, Error> {
        match self.val(column)? {
            Val::Null => Ok(None),
            Val::Blob(bytes) => Ok(Some(bytes)),
            Val::Int(_) | Val::Text(_) => Err(self.wrong(column, "a blob")),
        }
    }

    /// Exactly `N` bytes, as of a hash or an id.
    pub fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], Error> {
        let found = self.blob(column)?.try_into();
        found.map_err(|_| self.wrong(column, &format!("{N} bytes")))
    }

    /// The value of whatever kind, for dumps and comparisons.
    pub fn val(&self, column: usize) -> Result<&Val, Error> {
        self.vals.get(column).ok_or_else(|| self.corrupt(column, "no such column"))
    }

    /// All values, for dumps and moves between databases.
    pub fn into_vals(self) -> Vec<Val> {
        self.vals
    }

    /// The error for a value that has the right kind and the wrong meaning (an unknown code, a
    /// negative amount). `why` must not repeat the value.
    pub fn corrupt(&self, column: usize, why: impl Into<String>) -> Error {
        corrupt(self.stmt, column, why)
    }

    fn wrong(&self, column: usize, expected: &str) -> Error {
        let found = self.vals.get(column).map_or("no column".to_owned(), |v| format!("{v:?}"));
        self.corrupt(column, format!("expected {expected}, found {found}"))
    }
}

/// Names a wrong value by statement and column.
pub(super) fn corrupt(stmt: &Stmt, column: usize, why: impl Into<String>) -> Error {
    let (statement, column) = (stmt.label(), stmt.column(column));
    Corrupt { statement, column, why: why.into() }.into()
}
