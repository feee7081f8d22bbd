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

#[cfg(test)]
mod tests {
    use super::*;
    use store::Fetched;
    use testkit::unit;

    const COUNT: usize = 60_000;
    /// After so many rows the cache of the database (32 MiB) is full, whatever comes.
    const FEW: usize = 30_000;
    /// What comes after them is three times as large.
    const MOST_KIB: u64 = 12 * 1024;

    /// Memory of this program that is not a file, in KiB, as the system counts it.
    fn memory() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn a_large_file_is_written_and_read_in_the_memory_of_a_piece() {
        let folder = std::env::temp_dir().join(format!("xiaohe-outlet-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("outlet.db").display());
        let store = Store::open(&url, testkit::keys()).await.unwrap();
        let (now, staff) =
            ("2026-06-10T02:00:00Z".parse().unwrap(), testkit::staff(7, unit::CITY, "leader"));
        let head = Head { columns: vec!["清单".to_owned(); 3], ..Head::default() };
        let made = (store.export_mark(), 24);
        let mut outlet = Outlet::begin(&store, now, made, (Form::Csv, &head)).unwrap();
        let (mut few, mut most) = (0, 0);
        for n in 0..COUNT {
            let cells = [format!("26-{n:08}"), "某区妇联".repeat(64), "办理中".repeat(48)];
            outlet.row(None, cells.map(Cell::from)).unwrap();
            if n % 500 == 0 {
                outlet.lay_away().await.unwrap();
                most = most.max(memory());
                few = if n <= FEW { most } else { few };
            }
        }
        let grown = most - few;
        assert!(grown < MOST_KIB, "written in {grown} KiB");
        assert_eq!(outlet.room(MOST_ROWS), MOST_ROWS - COUNT);
        assert_eq!(outlet.room(COUNT + 1), 1);
        assert!(outlet.end((now, &staff), "desk", Some("到此为止")).await.unwrap());
        let handle = store.exports(7, now).await.unwrap().remove(0).handle;
        let found = store.export(&testkit::pack(), (&staff, now), &handle).await.unwrap();
        let Some(Fetched::File(one, file)) = found else { panic!("{found:?}") };
        assert_eq!((one.kind.as_str(), one.rows), ("csv", i64::try_from(COUNT).unwrap()));
        let (mut lines, mut bytes, mut last) = (0, 0, Vec::new());
        for n in 0.. {
            let Some(piece) = store.export_piece(&file, n).await.unwrap() else { break };
            lines += piece.split(|b| *b == b'\n').count() - 1;
            bytes += piece.len();
            last = piece;
            most = most.max(memory());
        }
        // A mark, the names, the rows, and the line that says that it is cut.
        assert_eq!(lines, COUNT + 3);
        assert!(last.ends_with("\"到此为止\"\r\n".as_bytes()));
        let grown = most - few;
        assert!(bytes > 64 << 20 && grown < 2 * MOST_KIB, "{bytes} bytes in {grown} KiB");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
