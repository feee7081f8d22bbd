//! What effects do to clocks: an end that was given, more time, a pause.

use super::date_in;
use crate::{
    case::{ClockChange, Fact, is_paused, is_running},
    clock::{Clock, Span},
    decide::{Ctx, Draft},
    field::Checked,
    refusal::Refusal,
    workflow::Effect,
};
use jiff::civil::Time;

/// Starts a clock whose end was given: a day, or a day and an hour.
pub(super) fn start_clock_at(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    effect: &Effect,
) -> Result<(), Refusal> {
    let Effect::StartClockAt { clock: code, field, time } = effect else { return Ok(()) };
    let Some(date) = date_in(given, field) else { return Ok(()) };
    let time = time.as_ref().and_then(|time| given.coded.get(time)?.one().parse::<Time>().ok());
    let end = match time {
        Some(time) => ctx.pack.instant_of(date.to_datetime(time)),
        None => ctx.pack.end_of(date),
    };
    if end <= ctx.now {
        return Err(Refusal::DateInPast(field.clone()));
    }
    let minutes = (end.as_second() - ctx.now.as_second()) / 60;
    let span = Span::CalendarMinutes(u32::try_from(minutes).unwrap_or(u32::MAX));
    let clock = Clock::start(code, ctx.now, span, &ctx.pack.of(&draft.case).work_time)?;
    draft.push(Fact::Clock { change: ClockChange::Started, clock });
    Ok(())
}

pub(super) fn extend_clock(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    code: &str,
    days: u32,
    (max_days, times): (u32, u8),
) -> Result<(), Refusal> {
    if days > max_days {
        return Err(Refusal::OverLimit { what: "extension_days", max: max_days });
    }
    let Some(clock) = draft.case.clocks.get(code).filter(|c| is_running(c)).cloned() else {
        return Ok(());
    };
    if clock.extended() >= times {
        return Err(Refusal::OverLimit { what: "extension_times", max: u32::from(times) });
    }
    let by = Span::CalendarDays { days, roll: true };
    let clock = clock.extend(by, &ctx.pack.of(&draft.case).work_time)?;
    draft.push(Fact::Clock { change: ClockChange::Extended, clock });
    Ok(())
}

pub(super) fn pause(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    until: &str,
    max_days: u32,
) -> Result<(), Refusal> {
    let date = date_in(given, until).ok_or_else(|| Refusal::DateInPast(until.to_owned()))?;
    let end = ctx.pack.end_of(date);
    if end <= ctx.now {
        return Err(Refusal::DateInPast(until.to_owned()));
    }
    if (end.as_second() - ctx.now.as_second()) / 86_400 > i64::from(max_days) {
        return Err(Refusal::OverLimit { what: "pause_days", max: max_days });
    }
    let running: Vec<Clock> =
        draft.case.clocks.values().filter(|c| is_running(c)).cloned().collect();
    for clock in running {
        let clock = clock.pause(ctx.now, end)?;
        draft.push(Fact::Clock { change: ClockChange::Paused, clock });
    }
    Ok(())
}

pub(super) fn resume(ctx: Ctx<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let paused: Vec<Clock> = draft.case.clocks.values().filter(|c| is_paused(c)).cloned().collect();
    for clock in paused {
        let clock = clock.resume(ctx.now, &ctx.pack.of(&draft.case).work_time)?;
        draft.push(Fact::Clock { change: ClockChange::Resumed, clock });
    }
    Ok(())
}
