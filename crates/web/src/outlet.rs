//! A file on its way out that is never whole in memory: rows are written, and as soon as there is enough
//! for a piece it is sealed and laid away with the cases in it. Decides nothing about what stands in it.

use crate::{download::Pipe, error::Oops, page::Page};
use domain::case::{CaseId, Staff};
use jiff::Timestamp;
use sheets::{Cell, Form, Head, MAX_SHEET_ROWS, Rows};
use store::{ExportMark, NewExport, Outgoing, Store};

/// So many rows at most: a worksheet has no more, and some of them stand above the table or say that it
/// is cut.
pub(crate) const MOST_ROWS: usize = MAX_SHEET_ROWS - 16;
/// So many bytes are a piece.
const PIECE: usize = 256 * 1024;
/// So many cases are a piece, however few bytes their rows take.
const CASES: usize = 20_000;

/// The last line of a file that is cut.
pub(crate) fn cut_line(page: &Page, most: usize) -> String {
    page.tf("export.cut_here", &[("n", &most.to_string())])
}

/// A file that is being written.
pub(crate) struct Outlet<'a> {
    store: &'a Store,
    out: Outgoing,
    form: Form,
    hours: u32,
    gathered: Pipe,
    rows: Rows<Pipe>,
    cases: Vec<CaseId>,
    count: usize,
}

impl<'a> Outlet<'a> {
    /// Begins a file that lies ready for so many hours.
    pub(crate) fn begin(
        store: &'a Store,
        now: Timestamp,
        (mark, hours): (ExportMark, u32),
        (form, head): (Form, &Head),
    ) -> Result<Self, Oops> {
        let gathered = Pipe::default();
        let rows = Rows::begin(gathered.clone(), form, head).map_err(|e| Oops::fault(&e))?;
        let out = store.begin_export(now, mark, hours);
        Ok(Self { store, out, form, hours, gathered, rows, cases: Vec::new(), count: 0 })
    }

    /// Rows that still fit, where a list has so many at most.
    pub(crate) fn room(&self, most: usize) -> usize {
        most.min(MOST_ROWS).saturating_sub(self.count)
    }

    /// Adds a row about a case, if it is about one that the reader may open.
    pub(crate) fn row(
        &mut self,
        case: Option<CaseId>,
        cells: impl IntoIterator<Item = Cell>,
    ) -> Result<(), Oops> {
        self.cases.extend(case);
        self.count += 1;
        self.rows.row(cells).map_err(|e| Oops::fault(&e))
    }

    /// Lays away what is enough for a piece: asked after each page of rows.
    pub(crate) async fn lay_away(&mut self) -> Result<(), Oops> {
        if self.gathered.len() >= PIECE || self.cases.len() >= CASES {
            let (cases, body) = (std::mem::take(&mut self.cases), self.gathered.take());
            self.store.add_piece(&mut self.out, (&cases, &body)).await?;
        }
        Ok(())
    }

    /// Ends the file, with a line that says so if it is cut; whether there was room for one more.
    pub(crate) async fn end(
        mut self,
        (now, staff): (Timestamp, &Staff),
        what: &str,
        cut: Option<&str>,
    ) -> Result<bool, Oops> {
        if let Some(words) = cut {
            self.rows.row([Cell::from(words)]).map_err(|e| Oops::fault(&e))?;
        }
        self.rows.end().map_err(|e| Oops::fault(&e))?;
        let new = NewExport {
            what: format!("{what}_{}", self.form.code()),
            kind: self.form.code().to_owned(),
            rows: u32::try_from(self.count).unwrap_or(u32::MAX),
            hours: self.hours,
            cases: self.cases,
            body: self.gathered.take().into(),
        };
        Ok(self.store.end_export(now, staff, self.out, new).await?)
    }
}
