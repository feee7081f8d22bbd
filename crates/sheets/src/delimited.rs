//! Rows of a CSV or TSV file after RFC 4180, forgiving where offices are careless.
//!
//! It decides which lines make a row. A row is bounded, so one lost quotation mark costs one row
//! and not the rest of the file.

use std::collections::VecDeque;
use std::io;

use crate::lines::{Line, Lines, State};
use crate::{MAX_CELL_BYTES, MAX_COLUMNS, Record, RowFault, Why};

/// The most lines of one row; more means that a quotation mark was lost.
const MAX_ROW_LINES: usize = 500;

pub(crate) struct Delimited<'a> {
    lines: Lines<'a>,
    /// Lines read ahead of a lost quotation mark, to be read again on their own.
    again: VecDeque<Line>,
    delimiter: char,
    failed: bool,
}

impl<'a> Delimited<'a> {
    pub(crate) fn new(lines: Lines<'a>, delimiter: char) -> Self {
        Self { lines, again: VecDeque::new(), delimiter, failed: false }
    }

    pub(crate) fn next_row(&mut self) -> Option<Result<Record, RowFault>> {
        if self.failed {
            return None;
        }
        let first = match self.line() {
            Ok(line) => line?,
            Err(error) => return Some(Err(self.fail(&error))),
        };
        let line = first.number;
        let why = match first.state {
            State::Whole => return Some(self.row(&first)),
            State::TooLong => Why::TooLong,
            State::Unreadable => Why::Unreadable,
        };
        Some(Err(RowFault { line, why }))
    }

    fn row(&mut self, first: &Line) -> Result<Record, RowFault> {
        let mut split = Split::new(self.delimiter);
        split.feed(&first.text);
        let mut bytes = first.text.len();
        let mut more = VecDeque::new();
        while split.is_open() {
            let next = self.line().map_err(|error| self.fail(&error))?;
            let fits = match &next {
                Some(line) => {
                    bytes += line.text.len() + 1;
                    line.state == State::Whole
                        && more.len() < MAX_ROW_LINES
                        && bytes <= MAX_CELL_BYTES
                }
                None => false,
            };
            if let (true, Some(line)) = (fits, &next) {
                split.cell.push('\n');
                split.feed(&line.text);
            }
            more.extend(next);
            if !fits {
                // The lines wait in front of those that wait already.
                while let Some(line) = more.pop_back() {
                    self.again.push_front(line);
                }
                return Err(RowFault { line: first.number, why: Why::OpenQuote });
            }
        }
        split.finish(first.number)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        match self.again.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }

    fn fail(&mut self, error: &io::Error) -> RowFault {
        self.failed = true;
        RowFault { line: self.lines.next_number(), why: Why::Io(error.kind()) }
    }
}

/// Cuts lines into cells; remembers between two lines whether a quote is open.
struct Split {
    delimiter: char,
    cells: Vec<String>,
    cell: String,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Bare,
    Quoted,
    /// After a quotation mark that closes the cell, or is the first of two.
    Closed,
}

impl Split {
    fn new(delimiter: char) -> Self {
        Self { delimiter, cells: Vec::new(), cell: String::new(), place: Place::Start }
    }

    fn is_open(&self) -> bool {
        self.place == Place::Quoted
    }

    fn feed(&mut self, line: &str) {
        for c in line.chars() {
            self.place = match (self.place, c) {
                (Place::Start, '"') => Place::Quoted,
                (Place::Quoted, '"') => Place::Closed,
                (Place::Closed, '"') => {
                    self.cell.push('"');
                    Place::Quoted
                }
                (Place::Quoted, _) => {
                    self.cell.push(c);
                    Place::Quoted
                }
                (Place::Start | Place::Bare | Place::Closed, _) if c == self.delimiter => {
                    self.end_cell();
                    Place::Start
                }
                // Text after a closing quote is kept: it is a careless export, not a new cell.
                (Place::Start | Place::Bare | Place::Closed, _) => {
                    self.cell.push(c);
                    Place::Bare
                }
            };
        }
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if self.cells.len() <= MAX_COLUMNS {
            self.cells.push(cell);
        }
    }

    fn finish(mut self, line: u64) -> Result<Record, RowFault> {
        self.end_cell();
        if self.cells.len() > MAX_COLUMNS {
            return Err(RowFault { line, why: Why::TooManyCells });
        }
        Ok(Record { line, cells: self.cells })
    }
}
