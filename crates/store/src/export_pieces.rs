//! Large files on their way out, piece by piece: each piece is sealed, written and gone from memory
//! before the next is made, and is read the same way. A piece knows its place, and the end of the file
//! knows how many there are, so none is left out, doubled or moved.

use crate::{
    Store,
    db::{Error, P, Row, Stmt, Tx, Work, WriteError},
    exports::{Export, ExportMark, bundled, place, place_with_cases, unbundled},
};
use domain::case::CaseId;
use jiff::{SignedDuration, Timestamp};
use std::{convert::Infallible, fmt, sync::Arc};
use vault::CaseKey;

static ADD: Stmt =
    Stmt::new("INSERT INTO export_pieces (id, n, until, body) VALUES ($1, $2, $3, $4)");
static ONE: Stmt = Stmt::new("SELECT body FROM export_pieces WHERE id = $1 AND n = $2");
static COUNT: Stmt = Stmt::new("SELECT COUNT(*) FROM export_pieces WHERE id = $1");
pub(crate) static FORGET: Stmt = Stmt::new("DELETE FROM export_pieces WHERE id = $1");
pub(crate) static SWEEP: Stmt = Stmt::new("DELETE FROM export_pieces WHERE until <= $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&ADD, &ONE, &COUNT, &FORGET, &SWEEP];

/// A file that is being written.
#[derive(Debug)]
pub struct Outgoing {
    pub(crate) mark: ExportMark,
    pub(crate) key: CaseKey,
    pub(crate) wrapped: Vec<u8>,
    /// When its pieces are gone, whether it was finished or not; microseconds.
    pub(crate) until: i64,
    /// Pieces that were written.
    pub(crate) pieces: i64,
}

impl Outgoing {
    /// The end of the file, sealed so that it opens behind exactly these pieces.
    pub(crate) fn end(&self, cases: &[CaseId], body: &[u8]) -> Vec<u8> {
        self.key.seal(&end_place(&self.mark.id, self.pieces), &bundled(cases, body))
    }
}

/// A file that lies ready, to be read piece by piece.
#[derive(Clone)]
pub struct Content {
    id: [u8; 16],
    key: Arc<CaseKey>,
    pieces: i64,
    end: Vec<u8>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("pieces", &self.pieces).finish_non_exhaustive()
    }
}

/// What somebody finds who fetches a file.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// The file.
    File(Export, Content),
    /// It is gone, because it holds what its maker may no longer see: it is to be made again.
    Gone,
}

fn piece_place(id: &[u8; 16], n: i64) -> Vec<u8> {
    [b"piece of export ".as_slice(), id, &n.to_be_bytes()].concat()
}

fn end_place(id: &[u8; 16], pieces: i64) -> Vec<u8> {
    if pieces == 0 {
        return place_with_cases(id);
    }
    [b"end of export and cases ".as_slice(), id, &pieces.to_be_bytes()].concat()
}

struct Add {
    id: [u8; 16],
    n: i64,
    until: i64,
    body: Vec<u8>,
}

impl Work for Add {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        let row = [P::Blob(&self.id), self.n.into(), self.until.into(), P::Blob(&self.body)];
        tx.exec(&ADD, &row).await?;
        Ok(())
    }
}

impl Store {
    /// Begins a file that lies ready for so many hours.
    pub fn begin_export(&self, now: Timestamp, mark: ExportMark, hours: u32) -> Outgoing {
        let (key, wrapped) = self.keys.new_case_key(&place(&mark.id));
        let hours = SignedDuration::from_hours(i64::from(hours));
        let until = now.checked_add(hours).unwrap_or(now).as_microsecond();
        Outgoing { mark, key, wrapped, until, pieces: 0 }
    }

    /// Adds a piece of a file, with the cases in it.
    ///
    /// # Errors
    /// When the database fails. What was written of the file is gone after its hours.
    pub async fn add_piece(
        &self,
        out: &mut Outgoing,
        (cases, body): (&[CaseId], &[u8]),
    ) -> Result<(), Error> {
        let (id, n) = (out.mark.id, out.pieces);
        let body = out.key.seal(&piece_place(&id, n), &bundled(cases, body));
        self.db.write_bulk(Add { id, n, until: out.until, body }).await.map_err(Error::from)?;
        out.pieces += 1;
        Ok(())
    }

    /// A piece of a file that somebody fetches, counted from 0; none behind its end.
    ///
    /// # Errors
    /// When the database fails, the piece was altered, or the file is gone by now.
    pub async fn export_piece(&self, file: &Content, n: i64) -> Result<Option<Vec<u8>>, Error> {
        if n < file.pieces {
            return self.piece(file, n).await.map(|(_, body)| Some(body));
        }
        Ok((n == file.pieces).then(|| file.end.clone()))
    }

    async fn piece(&self, file: &Content, n: i64) -> Result<(Vec<CaseId>, Vec<u8>), Error> {
        let params = [P::Blob(&file.id), n.into()];
        let row = self.db.read().await?.row(&ONE, &params).await?;
        let row = row.ok_or(Error::Conflict("the file is gone".into()))?;
        let bundle = file.key.open(&piece_place(&file.id, n), row.blob(0)?);
        let bundle = bundle.map_err(|e| row.corrupt(0, e.to_string()))?;
        let (cases, body) =
            unbundled(&bundle).ok_or_else(|| row.corrupt(0, "not a piece and its cases"))?;
        Ok((cases, body.to_vec()))
    }

    /// The file in this row (id first, key and end at 5 and 6) with the cases of its end; none for one
    /// that was made before cases were kept with it.
    pub(crate) async fn content(
        &self,
        id: [u8; 16],
        row: &Row,
    ) -> Result<Option<(Content, Vec<CaseId>)>, Error> {
        let aad = place(&id);
        let key = self.keys.unwrap(&aad, row.blob(5)?);
        let key = key.map_err(|e| row.corrupt(5, e.to_string()))?;
        let count = self.db.read().await?.row(&COUNT, &[P::Blob(&id)]).await?;
        let pieces = count.map_or(Ok(0), |row| row.int(0))?;
        let bundle = match key.open(&end_place(&id, pieces), row.blob(6)?) {
            Ok(bundle) => bundle,
            Err(e) if key.open(&aad, row.blob(6)?).is_err() => {
                return Err(row.corrupt(6, e.to_string()));
            }
            Err(_) => return Ok(None),
        };
        let (cases, end) =
            unbundled(&bundle).ok_or_else(|| row.corrupt(6, "not a file and its cases"))?;
        Ok(Some((Content { id, key: Arc::new(key), pieces, end: end.to_vec() }, cases)))
    }

    /// The cases of one piece.
    pub(crate) async fn cases_of_piece(
        &self,
        file: &Content,
        n: i64,
    ) -> Result<Option<Vec<CaseId>>, Error> {
        if n >= file.pieces {
            return Ok(None);
        }
        self.piece(file, n).await.map(|(cases, _)| Some(cases))
    }
}
