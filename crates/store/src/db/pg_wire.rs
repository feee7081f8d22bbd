//! PostgreSQL's values and error codes, seen as ours.
//!
//! Decides which types may pass and what each error code means. Invariant: no text of an error
//! that may repeat a stored or given value leaves this file.

use std::error::Error as StdError;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::error::{Error, FaultKind};
use super::stmt::Stmt;
use super::value::{P, Row, Val, corrupt};

impl ToSql for P<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (*self, ty) {
            (P::Null, _) => Ok(IsNull::Yes),
            (P::Int(n), &Type::INT8) => n.to_sql(ty, out),
            (P::Int(n), &Type::INT4) => i32::try_from(n)?.to_sql(ty, out),
            (P::Int(n), &Type::INT2) => i16::try_from(n)?.to_sql(ty, out),
            (P::Int(n @ 0..=1), &Type::BOOL) => (n == 1).to_sql(ty, out),
            (P::Text(text), ty) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            (P::Blob(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (given, wanted) => Err(format!("{given:?} given where {wanted} is wanted").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Decided value by value above.
        true
    }

    to_sql_checked!();
}

/// The parameters in the form the driver takes.
pub(super) fn as_params<'p>(params: &'p [P<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

/// Copies a row out of the driver.
pub(super) fn read(stmt: &'static Stmt, row: &tokio_postgres::Row) -> Result<Row, Error> {
    let vals = (0..row.len()).map(|column| value(stmt, row, column)).collect::<Result<_, _>>()?;
    Ok(Row { stmt, vals })
}

fn value(stmt: &Stmt, row: &tokio_postgres::Row, column: usize) -> Result<Val, Error> {
    let ty = row.columns().get(column).map_or(&Type::UNKNOWN, tokio_postgres::Column::type_);
    let int = |found: Option<i64>| found.map_or(Val::Null, Val::Int);
    let val = match *ty {
        Type::INT8 => row.try_get(column).map(int),
        Type::INT4 => row.try_get(column).map(|n: Option<i32>| int(n.map(i64::from))),
        Type::INT2 => row.try_get(column).map(|n: Option<i16>| int(n.map(i64::from))),
        Type::BOOL => row.try_get(column).map(|b: Option<bool>| int(b.map(i64::from))),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
            row.try_get(column).map(|text: Option<String>| text.map_or(Val::Null, Val::Text))
        }
        Type::BYTEA => row.try_get(column).map(|b: Option<Vec<u8>>| b.map_or(Val::Null, Val::Blob)),
        _ => {
            let why = format!("type {ty}; cast it to BIGINT, TEXT or BYTEA");
            return Err(corrupt(stmt, column, why));
        }
    };
    val.map_err(|e| corrupt(stmt, column, e.to_string()))
}

/// What an error means, naming what was being done.
pub(super) fn classify(doing: &str, error: &tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else {
        // Without an answer of the server it is the line that broke, or a value we gave that does
        // not fit; the latter names kinds and no contents.
        let broken = error.is_closed() || caused_by_io(error);
        let kind = if broken { FaultKind::Lost } else { FaultKind::Program };
        return Error::fault(kind, format!("`{doing}`: {error}{}", cause(error)));
    };
    let code = db.code().code();
    let name = db.constraint().or(db.table()).unwrap_or_default();
    let kind = match code {
        "23505" | "23P01" => return Error::conflict(format!("{name} ({code})")),
        "40001" | "40P01" => return Error::conflict(format!("concurrent change ({code})")),
        "55P03" | "53300" => return Error::Busy,
        "53100" => FaultKind::Full,
        "57014" => FaultKind::Timeout,
        // Shutting down, a standby, or a plan made before a migration: a new connection helps.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P03" => FaultKind::Lost,
        "0A000" if db.message().starts_with("cached plan") => FaultKind::Lost,
        code if code.starts_with("08") => FaultKind::Lost,
        code if code.starts_with("58") => FaultKind::Disk,
        _ => FaultKind::Program,
    };
    // Classes 22 (data) and 23 (integrity) quote values in their message.
    let quotes_values = matches!(code.get(..2), Some("22" | "23" | "P0"));
    let text = if quotes_values { db.column().unwrap_or(name) } else { db.message() };
    Error::fault(kind, format!("`{doing}`: {text} (PostgreSQL code {code})"))
}

fn caused_by_io(error: &tokio_postgres::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// The driver's own text often lacks the reason.
fn cause(error: &tokio_postgres::Error) -> String {
    let text = error.to_string();
    let cause = error.source().map(ToString::to_string).filter(|cause| !text.contains(cause));
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}
