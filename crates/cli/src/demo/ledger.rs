//! Records of programmes at the size of a city, written as whole histories: each is opened by
//! somebody, carried on by others, and counted by what became of it. Which records, how many and of
//! which days is data beside the pack (`ledgers.toml`); no figure is written anywhere.

use super::{abreast, dice::Dice, form::About, stage::Stage};
use crate::{
    failure::{Doing, Failure},
    progress::Progress,
};
use domain::{
    case::{Actor, CaseId, Staff},
    decide::Step,
    field::{self, Raw},
    pack::{Level, Unit},
    workflow::{FieldUse, Guard, Workflow},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};
use store::{Act, NewCase};

/// Villages whose ledgers are entered at the same time.
const NEARBY: usize = 8;

/// What a city of the demonstration holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledgers {
    /// Appeals of a year; hotlines count about one for a hundred residents.
    #[serde(default = "usual")]
    pub appeals: usize,
    ledger: Vec<Ledger>,
}

fn usual() -> usize {
    100_000
}

/// Records of one programme.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    workflow: String,
    programme: Option<String>,
    /// How many.
    records: usize,
    /// The days on which it happened.
    from: Date,
    until: Date,
    /// The days on which it was entered, where that was later.
    recorded: Option<[Date; 2]>,
    /// Who enters it: somebody with these roles in the federation of this level.
    roles: Vec<String>,
    level: Level,
    /// The date field that holds the day.
    day: Option<String>,
    /// The field that holds a name.
    name: Option<String>,
    /// The field that holds a telephone; no two records have the same.
    phone: Option<String>,
    /// What every form says.
    #[serde(default)]
    given: BTreeMap<String, String>,
    /// What whoever enters it does at once.
    #[serde(default)]
    then: Vec<String>,
    /// What others do later.
    #[serde(default)]
    later: Vec<Later>,
}

/// What somebody does later; without an action only time does something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    role: Option<String>,
    level: Option<Level>,
    action: Option<String>,
    /// Days after it was entered.
    days: i64,
}

/// Reads what a city holds; appeals alone when it has no such file.
///
/// # Errors
/// When the file cannot be read as what it should be.
pub fn read(city: &Path) -> Result<Ledgers, Failure> {
    let path = city.join("ledgers.toml");
    if !path.exists() {
        return Ok(Ledgers { appeals: usual(), ledger: Vec::new() });
    }
    let doing = format!("reading {}", path.display());
    let text = fs::read_to_string(&path).doing(&doing)?;
    toml::from_str(&text).doing(&doing)
}

/// What all records of a ledger share.
struct Round {
    stage: Stage,
    ledger: Ledger,
    places: Arc<Vec<String>>,
    /// The number of the first record among those of all ledgers.
    first: usize,
}

/// Writes the ledgers, one after the other.
///
/// # Errors
/// When the store fails, or a record is refused: a demonstration that shows other figures than its
/// data says would be a lie.
pub async fn build(stage: &Stage, ledgers: Ledgers) -> Result<(), Failure> {
    let ledgers = ledgers.ledger;
    let regions = &stage.pack.regions;
    let places = regions.iter().filter(|r| r.level == Level::Village).map(|r| r.code.clone());
    let places: Arc<Vec<String>> = Arc::new(places.collect());
    let all: usize = ledgers.iter().map(|l| l.records).sum();
    let mut progress = Progress::new("records", Some(all as u64));
    let mut first = 0;
    for ledger in ledgers {
        let records = ledger.records;
        let (stage, places) = (stage.clone(), places.clone());
        let round = Arc::new(Round { stage, ledger, places, first });
        first += records;
        let record = |index| {
            let round = round.clone();
            async move { round.record(index).await }
        };
        abreast(records, &mut progress, record).await?;
    }
    progress.end();
    Ok(())
}

impl Round {
    /// One record, from its opening to its end.
    async fn record(&self, index: usize) -> Result<(), Failure> {
        let Self { stage, ledger, .. } = self;
        let mut dice = Dice::of(2_000_000 + self.first + index);
        let Some(flow) = stage.pack.workflow(&ledger.workflow) else {
            return Err(Failure::Plain(format!("a ledger names no workflow: {}", ledger.workflow)));
        };
        let place = self.place(index, &mut dice);
        let day = within(&mut dice, ledger.from, ledger.until);
        let entered = ledger.recorded.map_or(day, |[from, until]| within(&mut dice, from, until));
        let at = self.instant(entered, &mut dice);
        let mut one = Record { round: self, flow, place, at, dice, said: Raw::new() };
        one.say(self.first + index, day);
        let case = one.open().await?;
        for later in &ledger.later {
            one.later(case, later).await?;
        }
        Ok(())
    }

    /// Ledgers are entered place by place, each by whoever keeps it: the next record is of the same
    /// village or of one nearby.
    fn place(&self, index: usize, dice: &mut Dice) -> &str {
        let reached = index * self.places.len() / self.ledger.records.max(1);
        let at = (reached + dice.below(NEARBY)) % self.places.len().max(1);
        self.places.get(at).map_or("", String::as_str)
    }

    /// An instant of that day, in the hours of an office.
    fn instant(&self, day: Date, dice: &mut Dice) -> Timestamp {
        let end = self.stage.pack.end_of(day);
        let seconds = i64::try_from(dice.below(9 * 3_600)).unwrap_or(0);
        let back = SignedDuration::from_secs(6 * 3_600 + seconds);
        end.saturating_sub(back).unwrap_or(end)
    }
}

fn within(dice: &mut Dice, from: Date, until: Date) -> Date {
    let days = until.duration_since(from).as_hours() / 24;
    let days = usize::try_from(days).unwrap_or(0) + 1;
    let days = i64::try_from(dice.below(days)).unwrap_or(0);
    from.saturating_add(SignedDuration::from_hours(24 * days))
}

/// One record.
struct Record<'a> {
    round: &'a Round,
    flow: &'a Workflow,
    place: &'a str,
    at: Timestamp,
    dice: Dice,
    said: Raw,
}

impl Record<'_> {
    /// What its forms say, where chance does not.
    fn say(&mut self, number: usize, day: Date) {
        let Round { stage, ledger, .. } = self.round;
        for (field, value) in &ledger.given {
            self.said.insert(field.clone(), vec![value.clone()]);
        }
        if let Some(field) = &ledger.day {
            self.said.insert(field.clone(), vec![day.to_string()]);
        }
        if let Some(field) = &ledger.name {
            let name = stage.texts.name("female_middle", &mut self.dice);
            self.said.insert(field.clone(), vec![name]);
        }
        if let Some(field) = &ledger.phone {
            // Nobody's number begins so.
            self.said.insert(field.clone(), vec![format!("100{number:08}")]);
        }
    }

    fn unit(&self, level: Level) -> Result<&Unit, Failure> {
        let unit = self.round.stage.pack.units.nearest("wf", self.place, level);
        unit.ok_or_else(|| {
            Failure::Plain(format!("no unit of the level {level:?} at {}", self.place))
        })
    }

    async fn somebody(&self, roles: &[String], level: Level) -> Result<Staff, Failure> {
        let unit = self.unit(level)?;
        let first = roles.first().map_or("", String::as_str);
        let mut staff = self.round.stage.people.staff(first, unit, 0).await?;
        staff.roles = roles.to_vec();
        Ok(staff)
    }

    fn filled(&mut self, code: &str, (uses, guards): (&[FieldUse], &[Guard])) -> Raw {
        let stage = &self.round.stage;
        let about = About {
            pack: &stage.pack,
            texts: &stage.texts,
            flow: self.flow,
            today: stage.pack.date_of(self.at),
            category: self.round.ledger.given.get("category").map_or("", String::as_str),
            place: self.place,
        };
        let mut said = self.said.clone();
        said.retain(|field, _| uses.iter().any(|u| u.code == *field));
        about.fill(code, (uses, guards), said, &mut self.dice)
    }

    fn step(&mut self, action: &str) -> Result<Step, Failure> {
        let found = self.flow.action(action);
        let action =
            found.ok_or_else(|| Failure::Plain(format!("a ledger names no action: {action}")))?;
        let raw = self.filled(&action.code, (&action.fields, &action.guards));
        let given = field::check(&self.round.stage.pack, self.flow, &action.fields, &raw);
        let given = given
            .map_err(|faults| Failure::Plain(format!("a form is not accepted: {faults:?}")))?;
        Ok(Step { action: action.code.clone(), given })
    }

    async fn open(&mut self) -> Result<CaseId, Failure> {
        let Round { stage, ledger, .. } = self.round;
        let uses = &self.flow.opening.fields;
        let raw = self.filled("open", (uses, &[]));
        let given = field::check(&stage.pack, self.flow, uses, &raw);
        let given = given
            .map_err(|faults| Failure::Plain(format!("an opening is not accepted: {faults:?}")))?;
        let mut then = Vec::with_capacity(ledger.then.len());
        for action in &ledger.then {
            then.push(self.step(action)?);
        }
        let command = self.dice.command();
        let new = NewCase {
            command,
            actor: Actor::Staff(self.somebody(&ledger.roles, ledger.level).await?),
            workflow: self.flow.code.clone(),
            programme: ledger.programme.clone(),
            given,
            then,
            files: Vec::new(),
            receipt: stage.store.receipt_for(&command),
            imported: None,
        };
        let opened = stage.store.import_case(&stage.pack, self.at, new).await;
        Ok(opened.doing("opening a record of a ledger")?.done.case)
    }

    async fn later(&mut self, case: CaseId, later: &Later) -> Result<(), Failure> {
        let stage = &self.round.stage;
        let after = SignedDuration::from_hours(24 * later.days);
        let at = self.at.saturating_add(after).unwrap_or(self.at);
        let (Some(role), Some(level), Some(action)) = (&later.role, later.level, &later.action)
        else {
            return stage.tick(at).await;
        };
        let steps = vec![self.step(action)?];
        let actor = Actor::Staff(self.somebody(std::slice::from_ref(role), level).await?);
        let act = Act { command: self.dice.command(), actor, case, steps, files: Vec::new() };
        stage.store.import_act(&stage.pack, at, act).await.doing("carrying a ledger on").map(drop)
    }
}
