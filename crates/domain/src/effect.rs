//! What effects mean: each variant of the closed list, turned into facts.

mod clocks;
mod tasks;

use clocks::{extend_clock, pause, resume, start_clock_at};
pub(crate) use tasks::{drop_tasks, drop_tasks_of, open_tasks};

use crate::{
    case::{Actor, Case, CaseId, Cause, ClockChange, Fact, is_paused, is_running},
    clock::Clock,
    decide::{Ctx, Draft, Open},
    field::{Checked, Meaning, Value},
    figure, milestone,
    pack::{Answer, Assessment, Matter, Pack, Route, Unit},
    press::release,
    refusal::Refusal,
    reporter,
    workflow::{AssignTo, Code, Effect, Workflow},
};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Runs one effect on the draft.
///
/// # Errors
/// When no unit can be found, a limit is passed or a link is impossible.
pub(crate) fn run(
    ctx: Ctx<'_>,
    flow: &Workflow,
    draft: &mut Draft,
    effect: &Effect,
    given: &Checked,
) -> Result<(), Refusal> {
    match effect {
        Effect::Assign(to) => assign(ctx, draft, to, given),
        Effect::StartClock(code) => start_clock(ctx, flow, draft, code),
        Effect::StartClockAt { .. } => start_clock_at(ctx, draft, given, effect),
        Effect::StopClock(code) => stop_clock(ctx, draft, code),
        Effect::ExtendClock { clock, field, max_days, times } => {
            extend_clock(ctx, draft, clock, days_in(given, draft, field), (*max_days, *times))
        }
        Effect::PauseClocks { until, max_days } => pause(ctx, draft, given, until, *max_days),
        Effect::ResumeClocks => resume(ctx, draft),
        Effect::OpenTasks { kind, units, clock } => {
            let units = match units {
                Some(field) => given.coded.get(field).map_or(vec![], |v| v.all().to_vec()),
                None => vec![draft.case.unit.clone()],
            };
            open_tasks(ctx, flow, draft, kind, (&units, clock))
        }
        Effect::OpenRoutedTasks { kind, clock } => {
            let mut co = route(ctx, draft).map_or(vec![], |r| r.co);
            co.retain(|unit| !draft.case.guarded.units.contains(unit));
            open_tasks(ctx, flow, draft, kind, (&co, clock))
        }
        Effect::Link { kind, field } => link(ctx, draft, kind, field),
        Effect::AnswerTask(_) | Effect::DropTasks(_) | Effect::AssessRisk(_) => {
            surely(ctx, draft, given, effect);
            Ok(())
        }
        Effect::RepeatRisk { field, clock } => repeat_risk(ctx, flow, draft, given, (field, clock)),
        Effect::Hear { flag, message, clock } => {
            hear(ctx, flow, draft, given, (flag, message, clock))
        }
        Effect::Milestone(kind) => milestone::record(flow, draft, kind, given),
        Effect::Breach(kind) => {
            milestone::breach(ctx, flow, draft, kind);
            Ok(())
        }
        Effect::KeepContact => {
            keep_contact(flow, draft, given);
            Ok(())
        }
        Effect::Freeze(_) | Effect::FreezeForm { .. } | Effect::FreezeFigure { .. } => {
            figure::freeze(ctx, draft, given, effect)
        }
        Effect::Look { field, .. } => figure::look(ctx, draft, given, field),
        Effect::Propose(fields) => figure::propose(ctx, draft, given, fields),
        Effect::Promise(fields) => figure::promise(ctx, draft, given, fields),
        Effect::Fill(_) | Effect::Publish | Effect::Withdraw => release(ctx, draft, given, effect),
        Effect::SetCategory(field) => {
            if let Some(value) = given.coded.get(field) {
                categorise(ctx, draft, value.one());
            }
            Ok(())
        }
        Effect::TakeOwner
        | Effect::MarkHandling
        | Effect::SetGrade(_)
        | Effect::SetPlace(_)
        | Effect::Flag(_)
        | Effect::Unflag(_)
        | Effect::Document(_)
        | Effect::Notify(_) => {
            if let Some(fact) = plain(ctx, draft, effect, given) {
                draft.push(fact);
            }
            Ok(())
        }
    }
}

/// What cannot be refused, though it may be several facts.
fn surely(ctx: Ctx<'_>, draft: &mut Draft, given: &Checked, effect: &Effect) {
    match effect {
        Effect::AnswerTask(kind) => tasks::answer_task(ctx, draft, kind),
        Effect::DropTasks(kind) => drop_tasks(draft, Some(kind)),
        Effect::AssessRisk(field) => assess(ctx, draft, given, field),
        _ => {}
    }
}

/// The one fact that a plain effect is; none when it has nothing to work with.
fn plain(ctx: Ctx<'_>, draft: &Draft, effect: &Effect, given: &Checked) -> Option<Fact> {
    let value = |field: &str| given.coded.get(field).map(|v| v.one().to_owned());
    Some(match effect {
        Effect::TakeOwner => match ctx.actor {
            Actor::Staff(me) => Fact::Taken { account: me.account },
            Actor::Appellant(_) | Actor::Public | Actor::System => return None,
        },
        Effect::MarkHandling => Fact::Handling { unit: draft.case.unit.clone() },
        Effect::SetGrade(field) => Fact::Graded {
            grade: value(field)?,
            yes: draft.case.risk_yes.clone(),
            unknown: Vec::new(),
            decisive: Vec::new(),
            cause: Cause::Hand,
        },
        Effect::SetPlace(field) => Fact::Placed { place: value(field)? },
        Effect::Flag(flag) => Fact::Flagged { flag: flag.clone() },
        Effect::Unflag(flag) => Fact::Unflagged { flag: flag.clone() },
        Effect::Document(template) => Fact::Issued {
            template: template.clone(),
            ordinal: u32::try_from(draft.case.documents.len()).unwrap_or(u32::MAX - 1) + 1,
        },
        Effect::Notify(message) => Fact::Queued { message: message.clone() },
        // These are more than one fact, or can be refused: `run` has arms of their own for them.
        Effect::Assign(_)
        | Effect::StartClock(_)
        | Effect::StartClockAt { .. }
        | Effect::StopClock(_)
        | Effect::ExtendClock { .. }
        | Effect::PauseClocks { .. }
        | Effect::ResumeClocks
        | Effect::AssessRisk(_)
        | Effect::KeepContact
        | Effect::RepeatRisk { .. }
        | Effect::Hear { .. }
        | Effect::Milestone(_)
        | Effect::Breach(_)
        | Effect::Freeze(_)
        | Effect::FreezeForm { .. }
        | Effect::Fill(_)
        | Effect::Publish
        | Effect::Withdraw
        | Effect::FreezeFigure { .. }
        | Effect::Look { .. }
        | Effect::Propose(_)
        | Effect::Promise(_)
        | Effect::SetCategory(_)
        | Effect::OpenTasks { .. }
        | Effect::OpenRoutedTasks { .. }
        | Effect::AnswerTask(_)
        | Effect::DropTasks(_)
        | Effect::Link { .. } => return None,
    })
}

/// Sets the category. Its usual grade raises that of the case, but only a leader lowers a grade.
fn categorise(ctx: Ctx<'_>, draft: &mut Draft, category: &str) {
    draft.push(Fact::Categorised { category: category.to_owned() });
    let Some(usual) = ctx.pack.categories.get(category).map(|c| &c.grade) else { return };
    if ctx.pack.risk.order(usual) > ctx.pack.risk.order(&draft.case.grade) {
        let yes = draft.case.risk_yes.clone();
        let (grade, unknown, decisive) = (usual.clone(), Vec::new(), Vec::new());
        draft.push(Fact::Graded { grade, yes, unknown, decisive, cause: Cause::Category });
    }
}

/// A plan replaces the one before, so days and hours that are not given again are gone; its
/// flags follow what was filled in.
fn keep_contact(flow: &Workflow, draft: &mut Draft, given: &Checked) {
    let Some(fields) = &flow.contact else { return };
    let gone: BTreeMap<Code, Value> = [&fields.ways, &fields.days, &fields.from, &fields.until]
        .into_iter()
        .filter(|code| draft.case.coded.contains_key(*code) && !given.coded.contains_key(*code))
        .map(|code| (code.clone(), Value::Many(Vec::new())))
        .collect();
    if !gone.is_empty() {
        draft.push(Fact::Given { coded: gone, texts: Vec::new() });
    }
    let is_words = |code: &Code| {
        flow.fields.get(reporter::asked(code)).is_some_and(|f| f.meaning == Meaning::SafeContact)
    };
    let none = given.coded.get(&fields.none).map(|v| v.one() == "yes");
    let words = given.texts.keys().any(is_words).then_some(true);
    for (flag, wanted) in [(&fields.none_flag, none), (&fields.words_flag, words)] {
        let is = draft.case.flags.contains(flag);
        let fact = match wanted {
            Some(true) if !is => Fact::Flagged { flag: flag.clone() },
            Some(false) if is => Fact::Unflagged { flag: flag.clone() },
            Some(_) | None => continue,
        };
        draft.push(fact);
    }
}

/// The unit for which a case is opened: one's own, or the one that the program names.
pub(crate) fn own_unit<'a>(ctx: Ctx<'a>, wish: &'a Open) -> Option<&'a str> {
    match ctx.actor {
        Actor::Staff(staff) => Some(&staff.unit),
        Actor::System => wish.unit.as_deref(),
        Actor::Appellant(_) | Actor::Public => None,
    }
}

/// Where a case is that does not say it: where the unit is that opens it.
pub(crate) fn place_of<'a>(pack: &'a Pack, own: Option<&str>) -> &'a str {
    let unit = own.and_then(|code| pack.units.get(code));
    unit.map_or_else(|| pack.regions.root(), |unit| unit.region.as_str())
}

/// The unit that is responsible for a new case.
pub(crate) fn first_unit(
    pack: &Pack,
    flow: &Workflow,
    (place, own): (&str, Option<&str>),
) -> Result<Code, Refusal> {
    let unit = match &flow.opening.unit {
        AssignTo::ActorUnit => own.map(str::to_owned),
        AssignTo::Desk(kind) => {
            let region = pack.regions.get(place);
            region.and_then(|r| pack.units.nearest(kind, &r.code, r.level)).map(|u| u.code.clone())
        }
        _ => None,
    };
    unit.ok_or(Refusal::NoUnit)
}

fn assign(ctx: Ctx<'_>, draft: &mut Draft, to: &AssignTo, given: &Checked) -> Result<(), Refusal> {
    let units = &ctx.pack.units;
    let case = &draft.case;
    let parent = |code: &str| units.get(code).and_then(|u| u.parent.clone());
    let here = units.get(&case.unit);
    let desk = |kind: &str| {
        here.and_then(|u: &Unit| units.nearest(kind, &u.region, u.level)).map(|u| u.code.clone())
    };
    let handling = case.handling.clone().unwrap_or_else(|| case.unit.clone());
    let mut rule = None;
    let unit = match to {
        AssignTo::Field(field) => given.coded.get(field).map(|v| v.one().to_owned()),
        AssignTo::Desk(kind) => desk(kind),
        AssignTo::Parent => parent(&case.unit),
        AssignTo::AboveHandling => Some(parent(&handling).unwrap_or(handling)),
        AssignTo::AboveHandlingOrDesk(kind) => parent(&handling).or_else(|| desk(kind)),
        AssignTo::Handling => Some(handling),
        AssignTo::Routed => route(ctx, draft).map(|r| {
            rule = Some(r.rule);
            r.unit
        }),
        AssignTo::ActorUnit => match ctx.actor {
            Actor::Staff(s) => Some(s.unit.clone()),
            _ => None,
        },
        AssignTo::Previous => case.previous_unit.clone(),
        AssignTo::Lead => case.lead().map(str::to_owned).or_else(|| case.previous_unit.clone()),
    };
    let unit = unit.ok_or(Refusal::NoUnit)?;
    // What somebody chose is refused; what the program works out goes to the next unit above.
    if matches!(to, AssignTo::Field(_)) && case.guarded.units.contains(&unit) {
        return Err(Refusal::UnitBarred);
    }
    let unit = open_to(ctx, case, &unit).ok_or(Refusal::NoUnit)?;
    draft.push(Fact::Assigned { unit, rule });
    Ok(())
}

/// The unit, or the nearest above it that is not kept out of the case.
pub(crate) fn open_to(ctx: Ctx<'_>, case: &Case, unit: &str) -> Option<Code> {
    if !case.guarded.units.contains(unit) {
        return Some(unit.to_owned());
    }
    let mut above = ctx.pack.units.upward(unit);
    above.find(|u| !case.guarded.units.contains(&u.code)).map(|u| u.code.clone())
}

/// The route of the case as it stands.
fn route(ctx: Ctx<'_>, draft: &Draft) -> Option<Route> {
    let case = &draft.case;
    ctx.pack.routing.route(
        ctx.pack,
        Matter {
            category: &case.category,
            grade: &case.grade,
            channel: &case.channel,
            place: &case.place,
        },
    )
}

pub(crate) fn start_clock(
    ctx: Ctx<'_>,
    flow: &Workflow,
    draft: &mut Draft,
    code: &str,
) -> Result<(), Refusal> {
    let span = flow
        .clocks
        .get(code)
        .map(|c| c.span_for(&draft.case.grade))
        .ok_or_else(|| Refusal::Unknown { what: "clock", code: code.to_owned() })?;
    let clock = Clock::start(code, ctx.now, span, &ctx.pack.of(&draft.case).work_time)?;
    draft.push(Fact::Clock { change: ClockChange::Started, clock });
    Ok(())
}

pub(crate) fn stop_clock(ctx: Ctx<'_>, draft: &mut Draft, code: &str) -> Result<(), Refusal> {
    let live = draft.case.clocks.get(code).filter(|c| is_running(c) || is_paused(c)).cloned();
    if let Some(clock) = live {
        let clock = clock.stop(ctx.now)?;
        draft.push(Fact::Clock { change: ClockChange::Stopped, clock });
    }
    Ok(())
}

/// Answers raise the grade or leave it; they never lower it.
fn assess(ctx: Ctx<'_>, draft: &mut Draft, given: &Checked, field: &str) {
    let Some(value) = given.coded.get(field) else { return };
    let answers: BTreeMap<Code, Answer> = value
        .all()
        .iter()
        .filter_map(|pair| {
            let (question, answer) = pair.split_once('=')?;
            let answer = match answer {
                "yes" => Answer::Yes,
                "no" => Answer::No,
                _ => Answer::Unknown,
            };
            Some((question.to_owned(), answer))
        })
        .collect();
    let found = ctx.pack.risk.assess(&draft.case.grade, &answers);
    let Assessment { grade, yes, unknown, decisive } = found;
    draft.push(Fact::Graded { grade, yes, unknown, decisive, cause: Cause::Answers });
}

/// Danger is asked for again: a while after each answer, and from the first contact on.
fn repeat_risk(
    ctx: Ctx<'_>,
    flow: &Workflow,
    draft: &mut Draft,
    given: &Checked,
    (field, clock): (&str, &str),
) -> Result<(), Refusal> {
    if !draft.case.is_in_danger(ctx.pack) {
        return stop_clock(ctx, draft, clock);
    }
    let answered = given.coded.get(field).is_some_and(|v| !v.all().is_empty());
    let waits = draft.case.clocks.get(clock).is_some_and(|c| is_running(c) || is_paused(c));
    if answered || !waits { start_clock(ctx, flow, draft, clock) } else { Ok(()) }
}

/// Raises the alarm over words that call for help. What a program brings in was written long ago
/// or has been heard elsewhere: it is marked, and nobody is called out of bed for it.
fn hear(
    ctx: Ctx<'_>,
    flow: &Workflow,
    draft: &mut Draft,
    given: &Checked,
    (flag, message, clock): (&str, &str, &str),
) -> Result<(), Refusal> {
    if !given.texts.values().any(|text| ctx.pack.risk.is_emergency(text)) {
        return Ok(());
    }
    if !draft.case.flags.contains(flag) {
        draft.push(Fact::Flagged { flag: flag.to_owned() });
    }
    if *ctx.actor == Actor::System {
        return Ok(());
    }
    if !draft.case.clocks.get(clock).is_some_and(is_running) {
        start_clock(ctx, flow, draft, clock)?;
    }
    draft.push(Fact::Queued { message: message.to_owned() });
    Ok(())
}

fn link(ctx: Ctx<'_>, draft: &mut Draft, kind: &str, field: &str) -> Result<(), Refusal> {
    let bad = || Refusal::BadLink(field.to_owned());
    let other = ctx.linked.ok_or_else(bad)?;
    let mine: CaseId = draft.case.id;
    let fits = other.id != mine
        && other.workflow == draft.case.workflow
        && other.main_case().is_none()
        && other.is_open(ctx.pack);
    if !fits {
        return Err(bad());
    }
    draft.push(Fact::Linked { kind: kind.to_owned(), case: other.id });
    Ok(())
}

fn date_in(given: &Checked, field: &str) -> Option<Date> {
    given.coded.get(field).and_then(|v| v.one().parse().ok())
}

/// Days asked for now, or earlier when the approval repeats no number.
fn days_in(given: &Checked, draft: &Draft, field: &str) -> u32 {
    let value = given.coded.get(field).or_else(|| draft.case.coded.get(field));
    value.map_or("", Value::one).parse().unwrap_or(0)
}
