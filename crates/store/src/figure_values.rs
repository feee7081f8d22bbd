//! What a figure says for a unit and a period: one range of one index for each, never a scan.
//!
//! Missing is not zero: before a figure begins and in a period that has not begun there is no number.

use crate::{
    Store,
    db::{Batch, Error, Row, Stmt},
    figure_hidden::Hidden,
};
use domain::access::Viewer;
use domain::figure::{
    AnyAmount, Figure, Nature, Period, UNKNOWN, Version, WHOLE, category_part, first_name,
    month_of, name_of, programme_part,
};
use jiff::civil::Date;

static RANGE: Stmt = Stmt::new(
    "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM counts
     WHERE name = $1 AND unit >= $2 AND unit <= $3",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&RANGE];

/// What is asked: a figure for a unit and a period.
#[derive(Debug, Clone, Copy)]
pub struct FigureAsk<'a> {
    /// The figure.
    pub figure: &'a Figure,
    /// The unit; it stands for everything below it too.
    pub unit: &'a str,
    /// The period.
    pub period: Period,
}

/// A part of a figure that is split by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigurePart<'a> {
    /// All of it.
    Whole,
    /// What has this category now.
    Category(&'a str),
    /// What belongs to this programme.
    Programme(&'a str),
}

impl FigurePart<'_> {
    /// As cells are named.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Whole => WHOLE.to_owned(),
            Self::Category(code) => category_part(code),
            Self::Programme(code) => programme_part(code),
        }
    }

    /// What a case must say to be in it, as its body names it.
    pub(crate) fn said(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Whole => None,
            Self::Category(code) => Some(("category", code)),
            Self::Programme(code) => Some(("programme", code)),
        }
    }
}

/// What a figure says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureValue {
    /// The number; none where nothing was counted, which is not zero.
    pub amount: Option<AnyAmount>,
    /// Records of which nobody said how much, or whom nothing tells apart; not in the number.
    pub unknown: i64,
    /// Versions of the definition that had a part in it.
    pub versions: Vec<u32>,
}

/// A range of cells.
pub(crate) struct Range {
    pub name: String,
    pub from: String,
    pub to: String,
}

impl Range {
    /// What of it somebody is kept out of.
    fn of(&self, hidden: &Hidden) -> i64 {
        let mine = hidden.iter().filter(|(cell, _)| cell.name == self.name);
        mine.filter(|(cell, _)| self.from <= cell.period && cell.period <= self.to)
            .map(|(_, n)| n)
            .sum()
    }
}

impl<'a> FigureAsk<'a> {
    /// The versions that hold in the period, each with the days of the period on which it does.
    pub(crate) fn versions(&self, today: Date) -> Vec<(&'a Version, Date, Date)> {
        let last = self.period.last();
        let first = self.period.first().unwrap_or(Date::MIN);
        if self.figure.nature == Nature::Stock {
            // What stands at the end of the period is told by the definition of that day.
            let on = self.figure.version_on(last.min(today).max(first));
            return on.map(|version| (version, last, last)).into_iter().collect();
        }
        let first = if self.figure.nature == Nature::Cumulative { Date::MIN } else { first };
        let held = self.figure.versions.iter().map(|version| {
            let end = self.figure.end_of(version).and_then(|end| end.yesterday().ok());
            (version, version.since.max(first), end.unwrap_or(Date::MAX).min(last))
        });
        held.filter(|(_, from, to)| from <= to).collect()
    }

    /// Whether there can be a number at all.
    pub(crate) fn is_told(&self, today: Date) -> bool {
        let begun = self.period.first().is_none_or(|first| first <= today);
        begun && self.figure.since().is_some_and(|since| since <= self.period.last().min(today))
    }

    /// The cells that hold the number of one version, and those that hold what is unknown.
    fn ranges(&self, version: &Version, part: FigurePart<'_>) -> [Range; 2] {
        let whole = name_of(&self.figure.code, version.number, self.unit, &part.code());
        let unknown = match part {
            FigurePart::Whole => name_of(&self.figure.code, version.number, self.unit, UNKNOWN),
            // What is unknown is told of the whole alone.
            FigurePart::Category(_) | FigurePart::Programme(_) => String::new(),
        };
        let (from, to) = self.period.months();
        let since_ever = match self.figure.nature {
            Nature::Flow => from.is_empty(),
            Nature::Stock | Nature::Cumulative => true,
        };
        let from = if since_ever { String::new() } else { from };
        let number = match (self.figure.is_distinct(), self.period) {
            (true, _) if since_ever => {
                Range { name: first_name(&whole), from: from.clone(), to: to.clone() }
            }
            // Months do not add up to a year of different people: each longer period has a cell of
            // its own.
            (true, Period::Part(..) | Period::Year(_)) => {
                let cell = self.period.code();
                Range { name: whole, from: cell.clone(), to: cell }
            }
            _ => Range { name: whole, from: from.clone(), to: to.clone() },
        };
        [number, Range { name: unknown, from, to }]
    }
}

impl Store {
    /// What figures say, in the order in which they were asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn figure_values(
        &self,
        asked: &[FigureAsk<'_>],
        today: Date,
    ) -> Result<Vec<FigureValue>, Error> {
        self.values_without(asked, today, &Hidden::new()).await
    }

    /// The same for one person: without the cases that this person is kept out of, so that a number
    /// tells nothing of them. They are few, so what they add is taken away again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn figures_for(
        &self,
        viewer: &Viewer,
        asked: &[FigureAsk<'_>],
        today: Date,
    ) -> Result<Vec<FigureValue>, Error> {
        let hidden = self.hidden_cells(viewer).await?;
        self.values_without(asked, today, &hidden).await
    }

    /// The same of some parts of one figure that is split by them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn figure_parts(
        &self,
        viewer: &Viewer,
        ask: FigureAsk<'_>,
        parts: &[FigurePart<'_>],
        today: Date,
    ) -> Result<Vec<FigureValue>, Error> {
        let hidden = self.hidden_cells(viewer).await?;
        let asked: Vec<_> = parts.iter().map(|part| (ask, *part)).collect();
        self.parts_without(&asked, today, &hidden).await
    }

    pub(crate) async fn values_without(
        &self,
        asked: &[FigureAsk<'_>],
        today: Date,
        hidden: &Hidden,
    ) -> Result<Vec<FigureValue>, Error> {
        let asked: Vec<_> = asked.iter().map(|ask| (*ask, FigurePart::Whole)).collect();
        self.parts_without(&asked, today, hidden).await
    }

    async fn parts_without(
        &self,
        asked: &[(FigureAsk<'_>, FigurePart<'_>)],
        today: Date,
        hidden: &Hidden,
    ) -> Result<Vec<FigureValue>, Error> {
        let plans: Vec<Vec<(u32, [Range; 2])>> = asked
            .iter()
            .map(|(ask, part)| {
                let versions = ask.versions(today).into_iter().filter(|_| ask.is_told(today));
                versions.map(|(v, _, _)| (v.number, ask.ranges(v, *part))).collect()
            })
            .collect();
        let mut batch = Batch::new();
        for range in plans.iter().flatten().flat_map(|(_, ranges)| ranges) {
            batch.add(&RANGE, &[(&range.name).into(), (&range.from).into(), (&range.to).into()]);
        }
        let answers = self.db.read().await?.rows_all(batch).await?;
        let mut pairs = answers.chunks(2);
        let mut values = Vec::with_capacity(asked.len());
        for ((ask, _), plan) in asked.iter().zip(&plans) {
            let mut value = FigureValue { amount: None, unknown: 0, versions: Vec::new() };
            let mut number = 0;
            for (version, [whole, silent]) in plan {
                if let Some([found, unknown]) = pairs.next() {
                    number += sum(found)? - whole.of(hidden);
                    value.unknown += sum(unknown)? - silent.of(hidden);
                }
                value.versions.push(*version);
            }
            // Nobody said anything of any record: the number is not known, and it is not zero.
            let silent = number == 0 && value.unknown > 0;
            value.amount = (!plan.is_empty() && !silent).then(|| ask.figure.word.amount(number));
            values.push(value);
        }
        Ok(values)
    }
}

fn sum(rows: &[Row]) -> Result<i64, Error> {
    rows.first().map_or(Ok(0), |r| r.int(0))
}

/// The months of cells as the walk over records needs them.
pub(crate) fn months_between(from: Date, to: Date) -> (String, String) {
    (month_of(from.max(Date::constant(1, 1, 1))), month_of(to))
}
