//! Checks the streams of deeds: chains as for cases, and the list against the entries it is made
//! of. A stream grows for years, so it is followed in pieces.

use crate::{
    Store,
    db::{Error, Reader, Row, Stmt},
    deeds::{DeedRow, deed_rows, unit_of},
    past_deeds,
    verify::{Chain, Report},
};
use domain::{audit::Deed, case::By};

static STREAMS: Stmt = Stmt::new(
    "SELECT id, version, head, cut, cut_head, cut_seal FROM streams WHERE id > $1
     ORDER BY id LIMIT 500",
);
static PIECE: Stmt = Stmt::new(
    "SELECT seq, at, by, command, facts, hash FROM entries
     WHERE case_id = $1 AND seq > $2 ORDER BY seq LIMIT 2000",
);
static LISTED: Stmt = Stmt::new(
    "SELECT seq, n, at, unit, kind, case_id, whom, detail, amount FROM deeds
     WHERE stream = $1 AND seq > $2 AND seq <= $3 ORDER BY seq, n",
);
static STRAY: Stmt = Stmt::new(
    "SELECT case_id FROM entries WHERE NOT EXISTS
       (SELECT 1 FROM streams WHERE streams.id = entries.case_id)
     AND case_id < 0 ORDER BY case_id LIMIT 20",
);
static STRAY_LISTED: Stmt = Stmt::new(
    "SELECT stream FROM deeds WHERE NOT EXISTS
       (SELECT 1 FROM streams WHERE streams.id = deeds.stream) LIMIT 20",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&STREAMS, &PIECE, &LISTED, &STRAY, &STRAY_LISTED];

impl Store {
    /// Follows every stream of deeds.
    pub(crate) async fn verify_deeds(
        &self,
        reader: &mut Reader,
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut after = i64::MIN;
        loop {
            let rows = reader.rows(&STREAMS, &[after.into()]).await?;
            let Some(last) = rows.last() else { break };
            after = last.int(0)?;
            for row in &rows {
                self.verify_stream(reader, row, report).await?;
            }
        }
        for (stmt, table) in [(&STRAY, "entries"), (&STRAY_LISTED, "deeds")] {
            for row in reader.rows(stmt, &[]).await? {
                report.trouble(format!("{table} of stream {}", row.int(0)?), "the stream is gone");
            }
        }
        Ok(())
    }

    async fn verify_stream(
        &self,
        reader: &mut Reader,
        row: &Row,
        report: &mut Report,
    ) -> Result<(), Error> {
        let id = row.int(0)?;
        let kept = (row.int(3)?, row.opt_blob(4)?, row.opt_blob(5)?);
        let Some((seq, head)) = past_deeds::anchor(&self.keys, id, kept) else {
            report.trouble(format!("stream {id}"), "its beginning was cut off without these keys");
            return Ok(());
        };
        let mut chain = Chain { id, seq, head };
        // Nothing may stand before the beginning either.
        let mut from = i64::MIN;
        loop {
            let piece = reader.rows(&PIECE, &[id.into(), from.into()]).await?;
            let mut made = Vec::new();
            for entry in &piece {
                if !chain.follow(&self.keys, entry, report)? {
                    return Ok(());
                }
                let Some(rows) = listed_by(entry)? else {
                    let at = format!("entry {} of stream {id}", chain.seq);
                    report.trouble(at, "holds deeds that cannot be read");
                    return Ok(());
                };
                made.extend(rows);
            }
            // After the last entry nothing may be listed either.
            let upto = if piece.is_empty() { i64::MAX } else { chain.seq };
            let listed = reader.rows(&LISTED, &[id.into(), from.into(), upto.into()]).await?;
            let found = listed.iter().map(listed_row).collect::<Result<Vec<_>, _>>()?;
            if found != made {
                let at = format!("deeds of stream {id}");
                report.trouble(at, format!("the list differs from the entries after {from}"));
            }
            if piece.is_empty() {
                break;
            }
            from = chain.seq;
        }
        if chain.seq != row.int(1)? || row.blob(2)? != chain.head {
            report.trouble(format!("stream {id}"), "its last entries are missing");
        }
        Ok(())
    }
}

/// A line of the list with its place: entry, position, instant, unit.
type Listed = ((i64, i64, i64, String), (String, Option<i64>, Option<i64>, String, i64));

/// The lines that an entry makes; none when it cannot be read.
fn listed_by(entry: &Row) -> Result<Option<Vec<Listed>>, Error> {
    let (seq, at) = (entry.int(0)?, entry.int(1)?);
    let (Ok(by), Ok(deeds)) = (
        serde_json::from_str::<By>(entry.text(2)?),
        serde_json::from_str::<Vec<Deed>>(entry.text(4)?),
    ) else {
        return Ok(None);
    };
    let line = |(n, row): (i64, DeedRow)| {
        let what = (row.kind.to_owned(), row.case, row.whom, row.detail, i64::from(row.amount));
        ((seq, n, at, unit_of(&by).to_owned()), what)
    };
    Ok(Some((0..).zip(deed_rows(&deeds)).map(line).collect()))
}

fn listed_row(row: &Row) -> Result<Listed, Error> {
    let place = (row.int(0)?, row.int(1)?, row.int(2)?, row.text(3)?.to_owned());
    let text = |column: usize| row.text(column).map(str::to_owned);
    Ok((place, (text(4)?, row.opt_int(5)?, row.opt_int(6)?, text(7)?, row.int(8)?)))
}
