//! How long cases are kept, and when one has been kept long enough. Pure: the rules come from the
//! pack, the day is an argument, and a hold or an open request keeps every case.

use crate::{case::Case, pack::Pack, workflow::Code};
use jiff::{Timestamp, ToSpan as _, civil::Date};

/// How long cases are kept.
#[derive(Debug, Clone, Default)]
pub struct Retention {
    /// Rules in order; the first that fits decides, and the last fits everything.
    pub rules: Vec<Keep>,
    /// The coded field and its values that say that a child was harmed.
    pub child: Option<(Code, Vec<String>)>,
    /// Files of a form that was not sent are kept so many days, and no longer.
    pub drafts_days: u16,
    /// What people did beside cases is kept so many years, and leaves in the month after.
    pub deeds_years: u16,
    /// A session of staff may be so many hours old.
    pub sessions_hours: u16,
}

/// One rule of keeping.
#[derive(Debug, Clone)]
pub struct Keep {
    /// Stable code.
    pub code: Code,
    /// What it is about.
    pub name: String,
    /// The same in English.
    pub en: String,
    /// Why so long.
    pub why: String,
    /// The same in English.
    pub why_en: String,
    /// Beginnings of categories; empty for all.
    pub category: Vec<Code>,
    /// Only categories that are (not) sensitive.
    pub sensitive: Option<bool>,
    /// Only cases in which a child was (not) harmed.
    pub child: Option<bool>,
    /// Years after the case was closed.
    pub years: u16,
}

impl Retention {
    /// The rule that fits a case.
    pub fn of(&self, pack: &Pack, case: &Case) -> Option<&Keep> {
        let child = self.child.as_ref().is_some_and(|(field, values)| {
            let given = case.coded.get(field).map_or(&[][..], |v| v.all());
            given.iter().any(|v| values.contains(v))
        });
        self.rules.iter().find(|rule| {
            let about = rule.category.iter().any(|c| case.category.starts_with(c.as_str()));
            (rule.category.is_empty() || about)
                && rule.sensitive.is_none_or(|s| s == case.needs_protection(pack))
                && rule.child.is_none_or(|c| c == child)
        })
    }
}

/// The last day on which a closed case is kept; none while it is open or when no rule fits. Counted
/// from its last change of state, so that an archive entry never shortens it.
pub fn kept_until(pack: &Pack, case: &Case) -> Option<(Date, Code)> {
    if case.is_open(pack) {
        return None;
    }
    let rule = pack.retention.of(pack, case)?;
    let closed = pack.date_of(case.entered);
    let until = closed.checked_add(i64::from(rule.years).years()).ok()?;
    Some((until, rule.code.clone()))
}

/// The rule under which a case must be erased now; none while it is kept.
pub fn due(pack: &Pack, case: &Case, now: Timestamp) -> Option<Code> {
    let free = case.rights.hold.is_none()
        && case.rights.erased.is_none()
        && case.rights.open().next().is_none();
    let (until, rule) = kept_until(pack, case).filter(|_| free)?;
    (pack.date_of(now) > until).then_some(rule)
}

/// Deeds from before this instant have been kept long enough. They leave by whole months, so that
/// there are a few certificates a month and not some every day.
pub fn deeds_before(pack: &Pack, now: Timestamp) -> Timestamp {
    let years = i64::from(pack.retention.deeds_years);
    let first = pack.date_of(now).checked_sub(years.years()).map(Date::first_of_month);
    let before = first.ok().map(|day| pack.work_time.offset().to_timestamp(day.at(0, 0, 0, 0)));
    before.and_then(Result::ok).unwrap_or(Timestamp::MIN)
}
