//! Forms that units report upward: which figures, for which periods, by units of which levels.

use super::{Pack, Unit, region::Level};
use crate::{
    field::FieldKind,
    figure::{Asked, Period, Share},
    workflow::{AssignTo, Code, Locus, Workflow},
};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A form of figures.
#[derive(Debug, Clone)]
pub struct Form {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// What it is for.
    pub note: String,
    /// The same in English.
    pub note_en: String,
    /// How long its periods are.
    pub every: Every,
    /// The kind of unit that reports.
    pub kind: Code,
    /// The levels on which units report.
    pub levels: BTreeSet<Level>,
    /// Its figures, each once, in the order of its lines.
    pub figures: Vec<Code>,
    /// The cells of a form that an upper level asks for, in its order; empty for a form of one's own.
    pub cells: Vec<FormCell>,
    /// Who asks for it; empty for a form of one's own.
    pub asked_by: String,
    /// The same in English.
    pub asked_by_en: String,
    /// Opens by itself for every unit that owes it, on the day after its period has ended.
    pub opens_itself: bool,
    /// So many records are looked at again by whoever checks it.
    pub sample: Share,
    /// Where it is written.
    pub at: Locus,
}

/// One cell of a form that an upper level asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormCell {
    /// The code that the upper level gave it.
    pub number: String,
    /// What the upper level calls it.
    pub label: String,
    /// The same in English.
    pub label_en: String,
    /// What is counted, by the unit that reports and all below it.
    pub figure: Code,
    /// In which span.
    #[serde(default)]
    pub span: Span,
}

/// For which time a cell asks, told from the period of its form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// In the period.
    #[default]
    Within,
    /// In the period before it.
    Before,
    /// From the beginning to the end of the period.
    UpTo,
}

impl Span {
    /// The time that it means.
    pub fn of(self, period: Period) -> Period {
        match self {
            Self::Within => period,
            Self::UpTo => Period::up_to(period.last()),
            Self::Before => {
                let eve = period.first().and_then(|day| day.yesterday().ok());
                match period {
                    Period::Year(_) => eve.map_or(period, Period::year),
                    Period::Part(_, part) if part.is_half() => eve.map_or(period, Period::half),
                    Period::Part(..) => eve.map_or(period, Period::quarter),
                    Period::Month(..) => eve.map_or(period, Period::month),
                    Period::UpTo(..) => period,
                }
            }
        }
    }
}

impl Form {
    /// Whether this unit reports it.
    pub fn is_owed_by(&self, unit: &Unit) -> bool {
        unit.kind == self.kind && self.levels.contains(&unit.level)
    }

    /// The numbers that the form asks of a unit for a period, each once, in the order of its lines.
    pub fn asked(&self, unit: &str, period: Period) -> Vec<Asked> {
        let asked =
            |figure: &Code, period| Asked { figure: figure.clone(), unit: unit.to_owned(), period };
        if self.cells.is_empty() {
            return self.figures.iter().map(|figure| asked(figure, period)).collect();
        }
        let mut all: Vec<Asked> = Vec::new();
        for cell in &self.cells {
            let one = asked(&cell.figure, cell.span.of(period));
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }
}

/// The workflow whose cases are reports: one for each unit, form and period.
pub fn report_flow(pack: &Pack) -> Option<&Workflow> {
    pack.workflows.values().find(|flow| {
        let kind = |code: &Code| flow.fields.get(code).map(|field| &field.kind);
        flow.opening.only.iter().any(|code| kind(code) == Some(&FieldKind::Form))
    })
}

/// What the program fills in when it opens a report, field by field; none where the workflow asks
/// for more than the form and its period, or does not let the program open anything.
pub fn filled(flow: &Workflow, form: &Form, period: Period) -> Option<Vec<(Code, String)>> {
    let opening = &flow.opening;
    let may = opening.by.iter().any(|who| who.role == "system");
    let own = opening.unit == AssignTo::ActorUnit && !opening.evidence;
    let value = |code: &Code| match flow.fields.get(code)?.kind {
        FieldKind::Form => Some((code.clone(), form.code.clone())),
        FieldKind::Period => Some((code.clone(), period.code())),
        _ => None,
    };
    let required = opening.fields.iter().filter(|field| field.required).map(|field| &field.code);
    let asked = required.filter(|code| !opening.only.contains(code));
    if !may || !own || asked.count() > 0 {
        return None;
    }
    opening.only.iter().map(value).collect()
}

/// How long a period of a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// Half a year.
    Half,
    /// A year.
    Year,
}

impl Every {
    /// Whether a period is as long as those of the form.
    pub fn takes(self, period: Period) -> bool {
        match self {
            Self::Month => matches!(period, Period::Month(..)),
            Self::Quarter => matches!(period, Period::Part(_, part) if !part.is_half()),
            Self::Half => matches!(period, Period::Part(_, part) if part.is_half()),
            Self::Year => matches!(period, Period::Year(_)),
        }
    }

    /// The period in which a day lies.
    fn of(self, day: Date) -> Period {
        match self {
            Self::Month => Period::month(day),
            Self::Quarter => Period::quarter(day),
            Self::Half => Period::half(day),
            Self::Year => Period::year(day),
        }
    }

    /// The newest period that is over on a day.
    pub fn newest_ended(self, today: Date) -> Option<Period> {
        let eve = self.of(today).first()?.yesterday().ok()?;
        Some(self.of(eve))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_ended_from_the_next_day_on() {
        for (every, today, ended) in [
            (Every::Month, "2025-03-31", "2025-02"),
            (Every::Quarter, "2025-04-01", "2025-q1"),
            (Every::Half, "2025-06-30", "2024-h2"),
            (Every::Month, "2025-04-01", "2025-03"),
            (Every::Month, "2026-01-15", "2025-12"),
            (Every::Year, "2025-12-31", "2024"),
            (Every::Year, "2026-01-01", "2025"),
        ] {
            let today = today.parse().expect("a day");
            assert_eq!(every.newest_ended(today).expect("a period").code(), ended);
        }
    }

    #[test]
    fn a_cell_asks_for_the_time_that_its_span_means() {
        for (span, period, meant) in [
            (Span::Within, "2025", "2025"),
            (Span::Before, "2025", "2024"),
            (Span::UpTo, "2025", "to-2025-12"),
            (Span::Before, "2025-01", "2024-12"),
            (Span::Before, "2025-h1", "2024-h2"),
            (Span::Before, "2025-q2", "2025-q1"),
            (Span::UpTo, "2025-h1", "to-2025-06"),
            (Span::UpTo, "2025-02", "to-2025-02"),
        ] {
            let period = Period::parse(period).expect("period");
            assert_eq!(span.of(period).code(), meant);
        }
    }
}
