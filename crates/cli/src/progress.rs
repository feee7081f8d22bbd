//! How far long work has come, on standard error: a bar for a person, a line now and then for a
//! log.

use std::{
    io::{IsTerminal, Write},
    time::Instant,
};

const WIDTH: usize = 30;

/// A bar that is drawn when it has visibly moved.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: Option<u64>,
    done: u64,
    drawn: u64,
    since: Instant,
    person: bool,
}

impl Progress {
    /// Begins; without a total only the count is shown.
    pub fn new(what: &'static str, total: Option<u64>) -> Self {
        let person = std::io::stderr().is_terminal();
        Self { what, total, done: 0, drawn: 0, since: Instant::now(), person }
    }

    /// So much is done now.
    pub fn at(&mut self, done: u64) {
        self.done = done;
        let step = match self.total {
            Some(total) if self.person => (total / 200).max(1),
            Some(total) => (total / 10).max(1),
            None if self.person => 100,
            None => 5_000,
        };
        if done >= self.drawn + step {
            self.drawn = done;
            self.draw();
        }
    }

    /// One more is done.
    pub fn one(&mut self) {
        self.at(self.done + 1);
    }

    /// Ends the line of the bar.
    pub fn end(&self) {
        if self.person && self.drawn > 0 {
            eprintln!();
        }
    }

    fn draw(&self) {
        let seconds = self.since.elapsed().as_secs().max(1);
        let (what, done, rate) = (self.what, self.done, self.done / seconds);
        let text = match self.total {
            Some(total) => {
                let total = total.max(1);
                let full = usize::try_from(done.min(total) * WIDTH as u64 / total).unwrap_or(0);
                let bar = "█".repeat(full) + &"·".repeat(WIDTH - full);
                format!("{what} {bar} {:3} % {done} of {total}, {rate}/s", done * 100 / total)
            }
            None => format!("{what} {done}, {rate}/s"),
        };
        if self.person {
            eprint!("\r{text}   ");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{text}");
        }
    }
}
