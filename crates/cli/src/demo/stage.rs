//! Where the stories of a demonstration play: opens cases, lets them act, and lets time pass
//! between, through the same doors as everybody else.

use super::{dice::Dice, form::About, people::People, texts::Texts};
use crate::failure::{Doing, Failure};
use domain::{
    access::Viewer,
    case::{Actor, Case, CaseId, is_running},
    clock::{Clock, Light},
    decide::Step,
    field::{self, Raw},
    figure::{Look, Sample},
    pack::Pack,
    refusal::Refusal,
    workflow::{Action, Effect, Workflow},
};
use jiff::{SignedDuration, Timestamp, civil::Weekday};
use std::sync::Arc;
use store::{Act, Attachment, NewCase, No, Store, db::WriteError};

/// Cases that time moves in one go.
const TICK_CASES: u32 = 10_000;

/// Nobody hurries more than this to keep a deadline.
const LEAST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Store, city, people and words.
#[derive(Clone)]
pub struct Stage {
    /// The store.
    pub store: Store,
    /// The city.
    pub pack: Arc<Pack>,
    /// The people.
    pub people: Arc<People>,
    /// The words.
    pub texts: Arc<Texts>,
    /// The instant up to which the city is told.
    pub end: Timestamp,
}

/// The opening of a case.
pub struct Opening<'a> {
    /// Workflow.
    pub flow: &'a Workflow,
    /// Programme.
    pub programme: Option<String>,
    /// Who.
    pub actor: Actor,
    /// What is filled in.
    pub raw: Raw,
}

/// What comes with what needs evidence.
fn evidence() -> Attachment {
    let (name, kind) = ("佐证.txt".to_owned(), "text/plain".to_owned());
    Attachment { name, kind, body: "虚构的佐证材料".into() }
}

impl Stage {
    /// Opens a case; none when the unit has opened its only one of the kind already.
    ///
    /// # Errors
    /// When what is filled in is not accepted, or the store refuses or fails.
    pub async fn open(
        &self,
        now: Timestamp,
        opening: Opening<'_>,
        dice: &mut Dice,
    ) -> Result<(CaseId, String), Failure> {
        let opened = self.open_once(now, opening, dice).await?;
        opened.ok_or_else(|| Failure::Plain("this unit has opened such a case already".to_owned()))
    }

    /// The same; none where the unit has opened the only such case already.
    ///
    /// # Errors
    /// When what is filled in is not accepted, or the store refuses or fails.
    pub async fn open_once(
        &self,
        now: Timestamp,
        opening: Opening<'_>,
        dice: &mut Dice,
    ) -> Result<Option<(CaseId, String)>, Failure> {
        let flow = opening.flow;
        let given = field::check(&self.pack, flow, &flow.opening.fields, &opening.raw);
        let given = given.map_err(|faults| {
            let fields: Vec<String> =
                faults.iter().map(|f| format!("{} {:?}", f.field, f.why)).collect();
            Failure::Plain(format!("opening {}: {}", flow.code, fields.join(", ")))
        })?;
        let new = NewCase {
            command: dice.command(),
            actor: opening.actor,
            workflow: flow.code.clone(),
            programme: opening.programme,
            given,
            then: Vec::new(),
            files: if flow.opening.evidence { vec![evidence()] } else { Vec::new() },
            receipt: store::new_receipt(),
            imported: None,
        };
        match self.store.open_case(&self.pack, now, new).await {
            Err(WriteError::Refused(No::Refused(Refusal::OnlyOnce))) => Ok(None),
            opened => {
                let opened = opened.doing("opening a case")?;
                Ok(Some((opened.done.case, opened.number)))
            }
        }
    }

    /// A case as it stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn case(&self, id: CaseId) -> Result<Option<Case>, Failure> {
        let page = self.store.case_by_id(&self.pack, &Viewer::System, id).await;
        Ok(page.doing("reading a case")?.map(|page| page.case))
    }

    /// Does an action; false when nobody may, or the store refuses it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn act(
        &self,
        now: Timestamp,
        (case, action): (&Case, &Action),
        said: Raw,
        dice: &mut Dice,
    ) -> Result<bool, Failure> {
        let Some(actor) = self.people.who_may(case, action, now).await? else {
            tracing::debug!(
                action = action.code,
                state = case.state,
                unit = case.unit,
                "nobody may"
            );
            return Ok(false);
        };
        let Some(flow) = self.pack.flow_of(case) else { return Ok(false) };
        let about = About {
            pack: &self.pack,
            texts: &self.texts,
            flow,
            today: self.pack.date_of(now),
            category: &case.category,
            place: &case.place,
        };
        let mut raw = about.fill(&action.code, (&action.fields, &action.guards), said, dice);
        for effect in &action.effects {
            if let Effect::Look { field, .. } = effect {
                raw.insert(field.clone(), self.looked(case));
            }
        }
        let given = match field::check(&self.pack, flow, &action.fields, &raw) {
            Ok(given) => given,
            Err(faults) => {
                tracing::debug!(action = action.code, ?faults, "the form is not accepted");
                return Ok(false);
            }
        };
        let steps = vec![Step { action: action.code.clone(), given }];
        let wish = Act { command: dice.command(), actor, case: case.id, steps, files: Vec::new() };
        match self.store.act(&self.pack, now, wish).await {
            Ok(_) => Ok(true),
            Err(WriteError::Refused(No::Refused(why))) => {
                // A plan for safe contact bars invented people as it would bar real ones.
                tracing::debug!(action = action.code, state = case.state, %why, "refused");
                Ok(false)
            }
            Err(error) => Err(Failure::while_doing(&action.code, &error)),
        }
    }

    /// Every record that was drawn is found sound: whoever submits has counted from records.
    fn looked(&self, case: &Case) -> Vec<String> {
        let Some(sample) = Sample::of(&self.pack, case) else { return Vec::new() };
        let numbers = case.frozen.get(sample.freezing).map_or(0, |frozen| frozen.values.len());
        let drawn = (0..numbers).flat_map(|n| sample.drawn(n).iter().map(move |place| (n, *place)));
        drawn.map(|(n, place)| Look { n, place, sound: true }.code(sample.freezing)).collect()
    }

    /// The light of the case when the demonstration begins, should nobody touch it any more but for
    /// the clocks that are `served`.
    pub fn last_light(&self, case: &Case, served: &[&str]) -> Light {
        let rules = self.pack.of(case);
        let open = case.is_open(&self.pack);
        let running = case.clocks.values().filter(|c| is_running(c) && open);
        let running = running.filter(|c| !served.contains(&c.code()));
        let shown = running.filter_map(|c| c.light(self.end, rules.lights, &rules.work_time).ok());
        shown.max().unwrap_or(Light::Green)
    }

    /// An instant at which something can still be done in time: the wanted one, or one before the
    /// first deadline of the case.
    pub fn in_time(case: &Case, from: Timestamp, wanted: Timestamp) -> Timestamp {
        let running = case.clocks.values().filter(|c| is_running(c)).map(Clock::due);
        match running.filter(|due| *due > from).min() {
            // What did not succeed is not tried again and again until the very last moment.
            Some(due) if due <= wanted && due.duration_since(from) > LEAST_WAIT => {
                let half = due.duration_since(from) / 2;
                from.saturating_add(half).unwrap_or(from)
            }
            _ => wanted,
        }
    }

    /// The instant so many days before the end, of which five in seven are worked: what is counted
    /// in working days is as old after a holiday as before it.
    pub fn before_end(&self, days: f64) -> Timestamp {
        let time = &self.pack.work_time;
        let mut worked = days * 5.0 / 7.0;
        let mut at = self.end;
        while worked > 0.0 {
            let works = time.calendar().is_workday(self.pack.date_of(at)).unwrap_or(true);
            let step = if works { worked.min(1.0) } else { 1.0 };
            if works {
                worked -= step;
            }
            at = Self::after(at, -24.0 * step);
        }
        at
    }

    /// Lets time act until it has nothing more to do at this instant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tick(&self, now: Timestamp) -> Result<(), Failure> {
        // A case may be moved a second time by what the first move started.
        for _ in 0..4 {
            if self.store.tick(&self.pack, now, TICK_CASES).await.doing("letting time pass")? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The instant after so many hours.
    pub fn after(from: Timestamp, hours: f64) -> Timestamp {
        from.saturating_add(SignedDuration::from_secs_f64((hours * 3_600.0).round()))
            .unwrap_or(from)
    }

    /// The instant after so many hours, in office hours: people act when they are at work.
    pub fn at_work(&self, from: Timestamp, hours: f64) -> Timestamp {
        let mut at = Self::after(from, hours);
        for _ in 0..4 {
            let local = self.pack.work_time.offset().to_datetime(at);
            let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
            let skip = match local.hour() {
                _ if weekend => 24 - i64::from(local.hour()) + 8,
                0..8 => 8 - i64::from(local.hour()),
                18.. => 24 - i64::from(local.hour()) + 8,
                _ => break,
            };
            at = at.saturating_add(SignedDuration::from_hours(skip)).unwrap_or(at);
        }
        at
    }
}
