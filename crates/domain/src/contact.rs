//! When and by which way a person may be contacted without danger: the safe-contact plan.
//!
//! Decides from codes alone (ways, days, hours), so that one answer draws the page, refuses the
//! action and holds back the message. What the plan says in words (code word, who may pick up,
//! numbers never to be called) stays sealed with the case and is for people to read.

use crate::{
    case::Case,
    field::Value,
    pack::Pack,
    workflow::{Code, Locus},
};
use jiff::{Timestamp, ToSpan, civil::Weekday, tz::Offset};
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// Bits of a week, Monday first.
const WEEK: u8 = 0b111_1111;

/// A way to reach somebody. The list is closed, because each way is a danger of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A telephone call.
    Phone,
    /// A short message that the program sends.
    Sms,
    /// A visit.
    Visit,
    /// A letter.
    Letter,
    /// Through somebody whom the person has named.
    Through,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::Phone, Self::Sms, Self::Visit, Self::Letter, Self::Through];

    /// The value by which a pack names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Sms => "sms",
            Self::Visit => "visit",
            Self::Letter => "letter",
            Self::Through => "through",
        }
    }

    /// The way with this value; none for anything else, such as a call that the person made.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.code() == code)
    }

    /// Whether the program goes this way alone, with nobody who could read the plan's words.
    fn is_blind(self) -> bool {
        self == Self::Sms
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// Which fields and flags of a workflow hold the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// Ways that are allowed; nothing chosen allows all.
    pub ways: Code,
    /// Days that are allowed, `1` for Monday; nothing chosen allows all.
    pub days: Code,
    /// From what time of day.
    pub from: Code,
    /// Until what time of day.
    pub until: Code,
    /// Yes or no: nobody may contact the person at all.
    pub none: Code,
    /// The flag that says so in the rules.
    pub none_flag: Code,
    /// The flag of a plan that says something only in words.
    pub words_flag: Code,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// A plan, as far as rules can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    never: bool,
    words: bool,
    ways: u8,
    days: u8,
    from: u16,
    until: u16,
}

/// Why somebody may not be contacted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// Not before this instant, the next one that the plan allows.
    Until(Timestamp),
    /// Never by this way.
    Never,
}

impl Default for Plan {
    /// Nothing was agreed: every way at every time.
    fn default() -> Self {
        Self { never: false, words: false, ways: 0, days: WEEK, from: 0, until: DAY }
    }
}

impl Plan {
    /// The plan of a case. Without one, everything is allowed.
    pub fn of(pack: &Pack, case: &Case) -> Self {
        let Some(fields) = pack.flow_of(case).and_then(|w| w.contact.as_ref()) else {
            return Self::default();
        };
        let all = |code: &Code| case.coded.get(code).map_or(&[][..], Value::all);
        let time = |code: &Code| all(code).first().and_then(|t| minutes(t));
        let ways: Vec<Way> = all(&fields.ways).iter().filter_map(|w| Way::named(w)).collect();
        let days: Vec<Weekday> = all(&fields.days).iter().filter_map(|d| weekday(d)).collect();
        let mut plan = Self::default().by(&ways).on(&days);
        plan = plan.between(time(&fields.from), time(&fields.until));
        plan.never = case.flags.contains(&fields.none_flag);
        plan.words = case.flags.contains(&fields.words_flag);
        plan
    }

    /// The same plan for nobody at any time.
    #[must_use]
    pub fn never(self) -> Self {
        Self { never: true, ..self }
    }

    /// The same plan, of which part is said only in words.
    #[must_use]
    pub fn with_words(self) -> Self {
        Self { words: true, ..self }
    }

    /// The same plan by these ways only; none named allows all.
    #[must_use]
    pub fn by(self, ways: &[Way]) -> Self {
        Self { ways: ways.iter().fold(0, |bits, w| bits | w.bit()), ..self }
    }

    /// The same plan on these days only; none named allows all.
    #[must_use]
    pub fn on(self, days: &[Weekday]) -> Self {
        let days = days.iter().fold(0, |bits, d| bits | day_bit(*d));
        Self { days: if days == 0 { WEEK } else { days }, ..self }
    }

    /// The same plan between two times of day, in minutes; an end before its beginning lies on
    /// the next day. Two equal times are the whole day.
    #[must_use]
    pub fn between(self, from: Option<u16>, until: Option<u16>) -> Self {
        let (from, until) = (from.unwrap_or(0), until.unwrap_or(DAY));
        if from == until {
            Self { from: 0, until: DAY, ..self }
        } else {
            Self { from, until, ..self }
        }
    }

    /// Whether nobody may contact the person.
    pub fn is_never(&self) -> bool {
        self.never
    }

    /// Whether anything at all was agreed.
    pub fn is_some(&self) -> bool {
        *self != Self::default()
    }

    /// The ways that are allowed, when they are limited.
    pub fn ways(&self) -> impl Iterator<Item = Way> {
        let bits = self.ways;
        Way::ALL.into_iter().filter(move |w| bits & w.bit() != 0)
    }

    /// The days that are allowed, when they are limited; 1 is Monday.
    pub fn days(&self) -> impl Iterator<Item = i8> {
        let bits = if self.days == WEEK { 0 } else { self.days };
        (1..=7_i8).filter(move |n| bits & (1 << (n - 1)) != 0)
    }

    /// From when until when, in minutes of the day, when the hours are limited.
    pub fn hours(&self) -> Option<(u16, u16)> {
        (self.from, self.until).ne(&(0, DAY)).then_some((self.from, self.until))
    }

    fn allows_way(self, way: Way) -> bool {
        if self.ways == 0 { !(self.words && way.is_blind()) } else { self.ways & way.bit() != 0 }
    }
}

/// Whether the plan lets somebody be contacted this way now; `offset` is that of the city's wall.
///
/// # Errors
/// `Until` the next instant that is allowed, or `Never` when none will be.
pub fn may(plan: &Plan, way: Way, now: Timestamp, offset: Offset) -> Result<(), Barred> {
    if plan.never || !plan.allows_way(way) {
        return Err(Barred::Never);
    }
    let today = offset.to_datetime(now).date();
    let night = if plan.until <= plan.from { DAY } else { 0 };
    // The window of yesterday may reach into today; a week later every day has come once.
    for ahead in -1..=7_i64 {
        let Ok(day) = today.checked_add(ahead.days()) else { continue };
        if plan.days & day_bit(day.weekday()) == 0 {
            continue;
        }
        let at = |minute: u16| {
            let midnight = day.at(0, 0, 0, 0);
            let local = midnight.checked_add(i64::from(minute).minutes()).ok()?;
            offset.to_timestamp(local).ok()
        };
        let (Some(from), Some(until)) = (at(plan.from), at(plan.until + night)) else { continue };
        if now < from {
            return Err(Barred::Until(from));
        }
        if now < until {
            return Ok(());
        }
    }
    Err(Barred::Never)
}

/// The same question for a case.
///
/// # Errors
/// As [`may`].
pub fn may_reach(pack: &Pack, case: &Case, way: Way, now: Timestamp) -> Result<(), Barred> {
    may(&Plan::of(pack, case), way, now, pack.work_time.offset())
}

/// Whether a number stands among those that must not be called, as they were typed. Only the
/// digits count; a number of another length is another number.
pub fn is_blocked(numbers: &str, phone: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let phone = digits(phone);
    let glue = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+');
    let mut typed = numbers.split(|c| !glue(c)).map(digits);
    // 138 0000 1234 is one number with spaces; two numbers never share one line's digits.
    let lines = || numbers.lines().map(digits);
    !phone.is_empty() && (typed.any(|n| n == phone) || lines().any(|n| n == phone))
}

/// A time of day as it is stored, `09:30`, in minutes; `24:00` is the end of the day.
pub fn minutes(time: &str) -> Option<u16> {
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && total <= DAY).then_some(total)
}

/// Monday is `1`, Sunday `7`.
fn weekday(code: &str) -> Option<Weekday> {
    code.parse().ok().and_then(|n: i8| Weekday::from_monday_one_offset(n).ok())
}

fn day_bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CITY: Offset = jiff::tz::offset(8);

    fn at(text: &str) -> Timestamp {
        CITY.to_timestamp(text.parse().expect("a time")).expect("in range")
    }

    fn morning() -> Plan {
        use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
        let days = [Monday, Tuesday, Wednesday, Thursday, Friday];
        Plan::default().by(&[Way::Phone]).on(&days).between(Some(9 * 60), Some(11 * 60))
    }

    #[test]
    fn a_plan_says_when_and_how() {
        let night = Plan::default().between(Some(22 * 60), Some(2 * 60));
        let friday_night = night.on(&[Weekday::Friday]);
        let until = |text| Err(Barred::Until(at(text)));
        for (plan, way, now, expected) in [
            (Plan::default(), Way::Sms, "2026-03-02T03:00", Ok(())),
            (Plan::default().with_words(), Way::Sms, "2026-03-02T03:00", Err(Barred::Never)),
            (Plan::default().with_words(), Way::Phone, "2026-03-02T03:00", Ok(())),
            (morning().never(), Way::Phone, "2026-03-02T09:30", Err(Barred::Never)),
            (morning(), Way::Phone, "2026-03-02T09:00", Ok(())),
            (morning(), Way::Phone, "2026-03-02T08:59", until("2026-03-02T09:00")),
            (morning(), Way::Phone, "2026-03-02T11:00", until("2026-03-03T09:00")),
            (morning(), Way::Phone, "2026-03-06T12:00", until("2026-03-09T09:00")),
            (morning(), Way::Sms, "2026-03-02T09:30", Err(Barred::Never)),
            (night, Way::Phone, "2026-03-02T23:00", Ok(())),
            (night, Way::Phone, "2026-03-02T01:59", Ok(())),
            (night, Way::Phone, "2026-03-02T02:00", until("2026-03-02T22:00")),
            // Saturday at one in the morning still belongs to Friday night.
            (friday_night, Way::Phone, "2026-03-07T01:00", Ok(())),
            (friday_night, Way::Phone, "2026-03-07T22:30", until("2026-03-13T22:00")),
        ] {
            assert_eq!(may(&plan, way, at(now), CITY), expected, "{plan:?} {way:?} {now}");
        }
    }

    #[test]
    fn blocked_numbers_are_found_however_they_are_written() {
        for (typed, phone, blocked) in [
            ("13800001234", "138 0000 1234", true),
            ("138 0000 1234", "13800001234", true),
            ("他的手机：13800001234，座机 0531-12345678", "0531-12345678", true),
            ("13800001234", "3800001234", false),
            ("", "13800001234", false),
            ("没有号码", "", false),
        ] {
            assert_eq!(is_blocked(typed, phone), blocked, "{typed} {phone}");
        }
    }

    #[test]
    fn times_of_day_are_read() {
        for (text, expected) in [
            ("09:30", Some(570)),
            ("0:00", Some(0)),
            ("24:00", Some(1440)),
            ("24:01", None),
            ("9:60", None),
            ("65000:59", None),
            ("九点", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }

    fn plans() -> impl Strategy<Value = Plan> {
        (any::<u8>(), any::<u8>(), 0..DAY, 0..=DAY, any::<[bool; 2]>()).prop_map(
            |(ways, days, from, until, [never, words])| {
                let plan = Plan::default().between(Some(from), Some(until));
                let days = if days & WEEK == 0 { WEEK } else { days & WEEK };
                Plan { ways: ways & 0b1_1111, days, never, words, ..plan }
            },
        )
    }

    /// Read off the wall, independently of the windows: this minute lies inside the plan.
    fn inside(plan: Plan, now: Timestamp) -> bool {
        let local = CITY.to_datetime(now);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()))
            .expect("a minute");
        let today = plan.days & day_bit(local.weekday()) != 0;
        let before = plan.days & day_bit(local.weekday().previous()) != 0;
        if plan.from < plan.until {
            today && (plan.from..plan.until).contains(&minute)
        } else {
            today && minute >= plan.from || before && minute < plan.until
        }
    }

    proptest! {
        #[test]
        fn the_answer_is_what_the_wall_says(
            plan in plans(),
            way in proptest::sample::select(Way::ALL.to_vec()),
            minute in 0..20_i64 * 1440,
            probe in 0..20_i64 * 1440,
        ) {
            let now = at("2026-03-02T00:00") + minute.minutes();
            let shut = plan.never || !plan.allows_way(way);
            match may(&plan, way, now, CITY) {
                Ok(()) => prop_assert!(!shut && inside(plan, now)),
                Err(Barred::Never) => prop_assert!(shut),
                Err(Barred::Until(then)) => {
                    prop_assert!(!shut && !inside(plan, now) && now < then);
                    prop_assert_eq!(may(&plan, way, then, CITY), Ok(()));
                    let between = now + (probe % ((then.as_second() - now.as_second()) / 60)).minutes();
                    prop_assert!(!inside(plan, between), "{between} would have been earlier");
                }
            }
        }
    }
}
