//! A million rows leave in the memory of a few. A program of its own, so that nothing else is
//! measured with it.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use calamine::{Data, DataRef, Reader, Xlsx, open_workbook};
use sheets::{Book, Cell, Head};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

const ROWS: i64 = 1_000_000;
/// A table that were kept would need many times as much.
const MOST_KIB: u64 = 16 * 1024;

/// Memory of this program that is not a file, in KiB, as the system counts it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn write(to: &Path) -> u64 {
    let columns = ["编号", "类别", "单位", "日期", "数量"].map(str::to_owned).to_vec();
    let head = Head { title: "清单".to_owned(), columns, ..Head::default() };
    let out = BufWriter::new(File::create(to).unwrap());
    let mut book = Book::begin(out, &head).unwrap();
    let (before, mut most) = (memory(), 0);
    for n in 0..ROWS {
        book.row([
            Cell::Text(format!("26-{n:08}")),
            Cell::Text("=1+1".to_owned()),
            Cell::Text("某区妇联".to_owned()),
            Cell::Text("2026-01-05".to_owned()),
            Cell::Number(n),
        ])
        .unwrap();
        if n % 20_000 == 0 {
            most = most.max(memory());
        }
    }
    most = most.max(memory());
    book.end().unwrap().flush().unwrap();
    most.saturating_sub(before)
}

#[test]
fn a_million_rows_need_no_more_memory_than_a_few() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("million.xlsx");
    let grown = write(&path);
    assert!(grown < MOST_KIB, "{grown} KiB");
    let mut book: Xlsx<_> = open_workbook(&path).unwrap();
    assert_eq!(book.sheet_names(), ["清单"]);
    let mut cells = book.worksheet_cells_reader("清单").unwrap();
    let (mut count, mut sum, mut last) = (0_u64, 0.0, Data::Empty);
    while let Some(cell) = cells.next_cell().unwrap() {
        count += 1;
        match cell.get_value() {
            DataRef::Float(n) => {
                sum += n;
                last = Data::Float(*n);
            }
            DataRef::Int(n) => {
                sum += f64::from(i32::try_from(*n).unwrap());
                last = Data::Float(f64::from(i32::try_from(*n).unwrap()));
            }
            _ => {}
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(last, Data::Float(999_999.0));
    assert!((sum - 499_999_500_000.0).abs() < 0.5, "{sum}");
    // Five a row, the five names of the columns; the mark and its line are empty here.
    assert!(count >= 5_000_005, "{count}");
}
