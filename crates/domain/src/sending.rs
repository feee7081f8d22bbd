//! Whether a queued message may leave now, in which words, and when a failed one is tried again.
//!
//! Decides and never sends. A telephone may lie in other hands, so a message to a person leaves
//! only when nothing speaks against it; a plan written in words cannot be read by a program, and
//! holds every message back for a human to follow.

use crate::{
    case::Case,
    contact::{self, Barred, Plan, Way},
    pack::{Pack, Recipient},
};
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// The flag of a case whose person must not be contacted.
pub const UNSAFE: &str = "unsafe_contact";
/// A message that could not leave for so long would only confuse whoever gets it. Longer than a
/// week, so that a plan of one morning a week is waited for.
pub const STALE: SignedDuration = SignedDuration::from_hours(8 * 24);
/// After so many failures a message is given up: about thirty hours.
pub const MOST_FAILURES: u32 = 10;

const FIRST_DELAY: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(6);

/// What is to be done with a message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    Go,
    /// It may not leave before this instant.
    NotBefore(Timestamp),
    /// It must never leave.
    Withheld(Why),
}

/// Why a message was not sent and never will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The case is marked: contact may put the person in danger.
    Unsafe,
    /// What the person said about being contacted does not allow it.
    Plan,
    /// Grave or sensitive, and the person did not say that messages are welcome
    /// (反家庭暴力法 §5: privacy and the true wishes of the victim).
    Grave,
    /// The person has withdrawn their consent.
    Consent,
    /// Nobody left a telephone number, or it was erased.
    NoPhone,
    /// It waited too long.
    Stale,
    /// The pack has no such text, or the text names a day that was never set.
    NoText,
    /// The unit has been kept out of the case since.
    Barred,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Unsafe,
        Self::Plan,
        Self::Grave,
        Self::Consent,
        Self::NoPhone,
        Self::Stale,
        Self::NoText,
        Self::Barred,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unsafe => "unsafe",
            Self::Plan => "plan",
            Self::Grave => "grave",
            Self::Consent => "consent",
            Self::NoPhone => "no_phone",
            Self::Stale => "stale",
            Self::NoText => "no_text",
            Self::Barred => "barred",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What the sealed side of a case says about reaching the person; never the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// There is a number that can be dialled.
    pub phone: bool,
    /// The person wrote in words how to be contacted safely.
    pub words: bool,
    /// The number stands among those that must not be called.
    pub blocked: bool,
}

/// Whether a message that was queued at `queued` may go to a unit: not to one that is kept out of
/// the case by now.
pub fn to_unit(case: &Case, unit: &str, queued: Timestamp, now: Timestamp) -> Verdict {
    if case.guarded.units.contains(unit) {
        return Verdict::Withheld(Why::Barred);
    }
    in_time(queued, now)
}

fn in_time(queued: Timestamp, now: Timestamp) -> Verdict {
    if now.duration_since(queued) > STALE { Verdict::Withheld(Why::Stale) } else { Verdict::Go }
}

/// Whether a message that was queued at `queued` may go to the person who appealed.
pub fn to_person(
    pack: &Pack,
    case: &Case,
    reach: Reach,
    queued: Timestamp,
    now: Timestamp,
) -> Verdict {
    let plan = Plan::of(pack, case);
    let welcome = plan.ways().any(|way| way == Way::Sms);
    let may = contact::may(&plan, Way::Sms, now, pack.work_time.offset());
    let why = if case.flags.contains(UNSAFE) {
        Why::Unsafe
    } else if reach.blocked || reach.words && !welcome || may == Err(Barred::Never) {
        Why::Plan
    } else if is_grave(pack, case) && !welcome {
        Why::Grave
    } else if case.rights.withdrawn.is_some() {
        Why::Consent
    } else if case.anonymous || !reach.phone {
        Why::NoPhone
    } else {
        return match (in_time(queued, now), may) {
            (Verdict::Go, Err(Barred::Until(at))) => Verdict::NotBefore(at),
            (verdict, _) => verdict,
        };
    };
    Verdict::Withheld(why)
}

/// Whether silence is no consent: the matter is sensitive, or graded as dangerous. The group of a
/// category counts, because the finer choice may still be missing.
fn is_grave(pack: &Pack, case: &Case) -> bool {
    let group = case.category.get(..2).unwrap_or_default();
    let dangerous = pack.risk.order(&case.grade) >= pack.risk.order(&pack.risk.many_grade);
    dangerous || pack.is_sensitive(&case.category) || pack.is_sensitive(group)
}

/// How long after its n-th failure a message is tried again; none when it is given up. The wait
/// grows fourfold, so that a gateway that comes back is neither flooded nor forgotten.
pub fn retry_after(failures: u32) -> Option<SignedDuration> {
    if failures >= MOST_FAILURES {
        return None;
    }
    let factor = 4_i32.checked_pow(failures.saturating_sub(1));
    let delay = factor.and_then(|f| FIRST_DELAY.checked_mul(f)).unwrap_or(LONGEST_DELAY);
    Some(delay.min(LONGEST_DELAY))
}

/// What a message may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// Number of the case.
    pub number: &'a str,
    /// When that which it asks for is due, in words.
    pub due: Option<&'a str>,
    /// The step that an overdue clock climbed.
    pub step: u8,
    /// The short name of the platform.
    pub sender: &'a str,
}

/// The text of a message in the neutral words of the pack; none when the pack has no such text or
/// it names a day that is not known.
pub fn words(pack: &Pack, message: &str, said: Said<'_>) -> Option<String> {
    filled(pack, &pack.messages.get(message)?.text, said)
}

/// The same for one text of a message: an office may read another language.
pub fn filled(pack: &Pack, text: &str, said: Said<'_>) -> Option<String> {
    if said.due.is_none() && text.contains("{{due_date}}") {
        return None;
    }
    let step = said.step.to_string();
    let values = [
        ("{{case_number}}", said.number),
        ("{{platform_short}}", said.sender),
        ("{{hotline}}", &pack.brand.hotline),
        ("{{due_date}}", said.due.unwrap_or_default()),
        ("{{step}}", &step),
    ];
    Some(values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value)))
}

/// When something is due, as a message says it: the day for a person, the minute for an office.
pub fn due_words(pack: &Pack, due: Timestamp, to: Recipient) -> String {
    let local = pack.work_time.offset().to_datetime(due);
    let day = format!("{}月{}日", local.month(), local.day());
    match to {
        Recipient::Appellant => day,
        Recipient::Unit
        | Recipient::Leader
        | Recipient::Task
        | Recipient::Supervisor
        | Recipient::Duty
        | Recipient::Owner
        | Recipient::Security => {
            format!("{day}{:02}:{:02}", local.hour(), local.minute())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_ends() {
        let waits: Vec<i64> = (1..).map_while(retry_after).map(|d| d.as_secs() / 60).collect();
        assert_eq!(waits, [1, 4, 16, 64, 256, 360, 360, 360, 360]);
        assert_eq!(retry_after(u32::MAX), None);
    }

    #[test]
    fn codes_are_all_different() {
        let codes: std::collections::BTreeSet<_> = Why::ALL.iter().map(|w| w.code()).collect();
        assert_eq!(codes.len(), Why::ALL.len());
    }
}
