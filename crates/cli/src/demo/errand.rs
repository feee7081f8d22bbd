//! What an appeal asks for beside its stages: danger asked again, a first contact, a report that
//! the law demands. Decides who is reminded of what by when; the store decides whether it may be.

use super::dice::Dice;
use domain::{
    case::{Case, is_running},
    clock::Clock,
    workflow::Workflow,
};
use jiff::{SignedDuration, Timestamp};

/// Something to be done before a clock beside the stages runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Action code.
    pub action: &'static str,
    /// When somebody does it.
    pub at: Timestamp,
}

/// A clock, the actions that serve it, and in which part of its time people act.
type Line = (&'static str, &'static [&'static str], f64, f64);

/// What must not wait comes first.
const LINES: [Line; 6] = [
    ("emergency", &["emergency_seen"], 0.05, 0.5),
    ("report", &["file_report"], 0.1, 0.8),
    ("reach", &["contact", "confirm_safe"], 0.02, 0.6),
    ("guardian", &["record_basis"], 0.1, 0.6),
    ("reassess", &["assess"], 0.5, 0.9),
    ("milestone", &["follow_milestone"], 0.2, 0.8),
];

/// Whoever is reminded of something overdue does it within these hours.
const OVERDUE: (f64, f64) = (0.5, 6.0);

/// Of a hundred appeals, those whose clocks beside the stages nobody thinks of.
const FORGOTTEN: usize = 4;

/// The errands of one appeal.
#[derive(Debug)]
pub struct Errands {
    forgotten: bool,
    refused: Vec<&'static str>,
}

impl Errands {
    /// Those of a new appeal; few are forgotten.
    pub fn of(dice: &mut Dice) -> Self {
        Self { forgotten: dice.percent(FORGOTTEN), refused: Vec::new() }
    }

    /// Somebody thinks of them at last; false when nobody had forgotten them.
    pub fn remember(&mut self) -> bool {
        std::mem::take(&mut self.forgotten)
    }

    /// The next errand, the one that must be done first.
    pub fn next(
        &self,
        (flow, case): (&Workflow, &Case),
        now: Timestamp,
        dice: &mut Dice,
    ) -> Option<Errand> {
        let mut found: Vec<Errand> = Vec::new();
        for (clock, action, from, to) in self.running(flow, case) {
            let left = clock.duration_since(now).as_secs_f64();
            let wait = if left > 0.0 {
                left * dice.between(from, to)
            } else {
                dice.between(OVERDUE.0, OVERDUE.1) * 3_600.0
            };
            let at = now.saturating_add(SignedDuration::from_secs_f64(wait.round()));
            found.push(Errand { action, at: at.unwrap_or(now) });
        }
        found.into_iter().min_by_key(|errand| errand.at)
    }

    /// The clocks that somebody looks after, so that nobody need hurry the stages for them.
    pub fn served(&self, flow: &Workflow, case: &Case) -> Vec<&'static str> {
        let lines = LINES.iter().filter(|line| self.action(flow, case, line).is_some());
        lines.map(|line| line.0).collect()
    }

    /// What was refused is not tried again.
    pub fn refused(&mut self, action: &'static str) {
        self.refused.push(action);
    }

    fn running(&self, flow: &Workflow, case: &Case) -> Vec<(Timestamp, &'static str, f64, f64)> {
        let due = |code: &str| case.clocks.get(code).filter(|c| is_running(c)).map(Clock::due);
        LINES
            .iter()
            .filter_map(|line| Some((due(line.0)?, self.action(flow, case, line)?, line.2, line.3)))
            .collect()
    }

    fn action(&self, flow: &Workflow, case: &Case, line: &Line) -> Option<&'static str> {
        if self.forgotten {
            return None;
        }
        let offered = |code: &&&str| {
            flow.action(code).is_some_and(|a| a.from.contains(&case.state))
                && !self.refused.contains(*code)
        };
        line.1.iter().find(offered).copied()
    }
}
