//! What becomes of the appeals of a demonstration: a table of destinies, so that every state,
//! light and turn of the life cycle has real examples.

use super::dice::Dice;

/// The turn that makes a story different from the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    /// None.
    Usual,
    /// Sent back by the unit once.
    Return,
    /// Sent back twice.
    ReturnTwice,
    /// The leader decides who handles it.
    Direct,
    /// Others are asked for their part.
    Invite,
    /// The level above supervises.
    Supervise,
    /// More time is asked for and granted.
    Extend,
    /// Suspended for a while.
    Suspend,
    /// Merged into another case.
    Merge,
    /// Sent on to a body outside.
    Forward,
    /// Not accepted.
    Refuse,
    /// Answered on the spot.
    Spot,
    /// The reviewer sends the answer back.
    Rework,
    /// Calling is not safe.
    Unsafe,
    /// Dissatisfied: once more, one level higher.
    Dissatisfied,
    /// Never reached.
    Unreachable,
    /// The person rates it.
    Rate,
    /// The person has news after the end.
    Reopen,
    /// The person withdraws.
    Withdraw,
    /// The person adds something.
    Supplement,
}

/// What becomes of one appeal.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// Its turn.
    pub twist: Twist,
    /// The state in which it stays; it goes to its end when empty.
    pub rest: &'static str,
    /// Days from its opening until now.
    pub age: f64,
    /// Everybody takes three times as long.
    pub slow: bool,
    /// May lie around past its time; the others go on before they are overdue.
    pub late: bool,
    /// May wait until little time is left.
    pub tight: bool,
}

/// Of a hundred stories, those that may wait until little time is left.
const TIGHT: usize = 45;

/// Count, twist, state of rest, youngest and oldest in days.
type Line = (u16, Twist, &'static str, f64, f64);

/// What lies around past its time: some of everything that people forget.
const LATE: &[Line] = &[
    (1, Twist::Usual, "triage", 4.0, 6.0),
    (3, Twist::Forward, "forwarded", 25.0, 32.0),
    (2, Twist::Usual, "assigned", 4.0, 8.0),
    (4, Twist::Usual, "handling", 26.0, 36.0),
    (1, Twist::Refuse, "not_accepted", 2.5, 6.0),
    (1, Twist::Return, "returned", 7.0, 9.0),
    (2, Twist::Usual, "visiting", 18.0, 24.0),
];

/// Everything else.
const LINES: &[Line] = &[
    (7, Twist::Usual, "received", 0.02, 1.2),
    (6, Twist::Usual, "registered", 0.1, 1.5),
    (9, Twist::Usual, "triage", 0.2, 1.2),
    (6, Twist::Spot, "answered", 0.3, 1.8),
    (8, Twist::Refuse, "not_accepted", 0.5, 5.0),
    (5, Twist::Forward, "forwarded", 4.0, 16.0),
    (10, Twist::Usual, "assigned", 0.4, 1.5),
    (4, Twist::Return, "returned", 1.2, 3.0),
    (3, Twist::ReturnTwice, "returned", 2.0, 5.0),
    (26, Twist::Usual, "handling", 2.0, 9.0),
    (10, Twist::Usual, "handling", 11.0, 19.0),
    (6, Twist::Supervise, "handling", 6.0, 16.0),
    (5, Twist::Extend, "handling", 9.0, 22.0),
    (4, Twist::Return, "handling", 6.0, 14.0),
    (4, Twist::Supplement, "handling", 5.0, 12.0),
    (3, Twist::Direct, "handling", 5.0, 12.0),
    (5, Twist::Dissatisfied, "handling", 15.0, 28.0),
    (14, Twist::Invite, "consulting", 4.0, 12.0),
    (9, Twist::Extend, "extension_pending", 2.5, 13.0),
    (12, Twist::Usual, "review", 4.0, 8.5),
    (4, Twist::Rework, "review", 8.0, 13.0),
    (7, Twist::Suspend, "suspended", 10.0, 45.0),
    (8, Twist::Merge, "merged", 3.0, 30.0),
    (14, Twist::Usual, "visiting", 5.0, 11.0),
    (6, Twist::Unreachable, "visiting", 6.0, 11.0),
    (4, Twist::Dissatisfied, "visiting", 14.0, 26.0),
    (30, Twist::Usual, "closed", 14.0, 40.0),
    (8, Twist::Rate, "closed", 14.0, 40.0),
    (8, Twist::Spot, "closed", 5.0, 40.0),
    (6, Twist::Reopen, "", 40.0, 70.0),
    (6, Twist::Withdraw, "closed", 5.0, 40.0),
    (6, Twist::Unreachable, "closed", 20.0, 60.0),
    (5, Twist::Unsafe, "closed", 16.0, 60.0),
    (5, Twist::Refuse, "", 12.0, 90.0),
    (5, Twist::Forward, "", 40.0, 100.0),
    (8, Twist::Spot, "", 20.0, 119.0),
    (6, Twist::Return, "", 40.0, 110.0),
    (4, Twist::ReturnTwice, "", 45.0, 110.0),
    (7, Twist::Invite, "", 30.0, 110.0),
    (6, Twist::Supervise, "", 40.0, 110.0),
    (4, Twist::Extend, "", 60.0, 118.0),
    (4, Twist::Suspend, "", 70.0, 118.0),
    (4, Twist::Merge, "", 60.0, 110.0),
    (6, Twist::Dissatisfied, "", 60.0, 118.0),
    (8, Twist::Rate, "", 40.0, 118.0),
    (4, Twist::Withdraw, "", 20.0, 110.0),
    (5, Twist::Rework, "", 40.0, 118.0),
    (34, Twist::Usual, "", 40.0, 119.0),
];

/// One plot for each appeal.
pub fn plots() -> Vec<Plot> {
    let mut dice = Dice::of(0);
    let mut plots = Vec::new();
    let lines = LINES.iter().map(|line| (line, false)).chain(LATE.iter().map(|line| (line, true)));
    for ((count, twist, rest, from, to), late) in lines {
        let part = (to - from) / f64::from(*count);
        for n in 0..*count {
            // Spread over the whole stretch, and not in a heap by chance.
            let age = from + part * (f64::from(n) + dice.between(0.05, 0.95));
            let slow = dice.percent(8) && rest.is_empty();
            let tight = dice.percent(TIGHT);
            plots.push(Plot { twist: *twist, rest, age, slow, late, tight });
        }
    }
    plots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_four_hundred_and_none_older_than_asked() {
        let plots = plots();
        assert!((380..=420).contains(&plots.len()), "{}", plots.len());
        assert!(plots.iter().all(|p| p.age > 0.0 && p.age < 120.0));
    }
}
