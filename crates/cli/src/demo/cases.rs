//! The cases of a small demonstration: some four hundred appeals and the records of the other
//! workflows, played through day by day up to now.

use super::{
    dice::Dice,
    errand::Errands,
    life::{Next, Scene},
    plot::{self, Plot, Twist},
    stage::{Opening, Stage},
    texts::Story,
    walk::{self, Walk},
};
use crate::{
    failure::{Doing, Failure},
    progress::Progress,
};
use domain::{
    case::{Actor, CaseId},
    field::Raw,
    pack::{Level, Pack, Region},
    workflow::Workflow,
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::task::JoinSet;

/// How far back the stories reach, days.
pub const DAYS: i64 = 120;
/// Younger stories than this have just arrived, days.
const FRESH: f64 = 1.0;
/// Time stops so often to let the clocks act, hours.
const SLICE_HOURS: i64 = 12;
/// What the hotline does, it does at any hour.
const AT_ANY_HOUR: [&str; 7] =
    ["register", "to_triage", "urgent", "answer_on_spot", "rate", "supplement", "reopen"];

/// The numbers of cases that others will be merged into, by story.
type Numbers = Arc<Mutex<HashMap<usize, String>>>;

/// One appeal on its way.
struct Appeal {
    plot: Plot,
    story: Story,
    place: String,
    dice: Dice,
    /// Its index, and that of the story it repeats.
    index: usize,
    main: Option<usize>,
    id: Option<CaseId>,
    planned: Option<(&'static str, Raw)>,
    errands: Errands,
    /// What is planned is no step of the story.
    aside: bool,
    next: Timestamp,
    over: bool,
}

/// A record on its way.
enum Life {
    Appeal(Box<Appeal>),
    Walk(Box<Walk>),
}

/// Plays everything.
///
/// # Errors
/// When the store fails, or the texts do not fit the pack.
pub async fn build(stage: &Stage) -> Result<(), Failure> {
    let now = stage.end;
    let mut lives = cast(stage);
    lives.extend(walk::cast(stage, now).into_iter().map(|w| Life::Walk(Box::new(w))));
    let numbers = Numbers::default();
    let start = now.saturating_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(now);
    let slice = SignedDuration::from_hours(SLICE_HOURS);
    let mut at = start;
    let mut progress = Progress::new("days", Some(DAYS as u64));
    while at < now {
        at = at.saturating_add(slice).unwrap_or(now).min(now);
        lives = play(stage, lives, at, &numbers).await?;
        stage.tick(at).await?;
        progress.at(u64::try_from(at.duration_since(start).as_hours() / 24).unwrap_or(0));
    }
    progress.end();
    Ok(())
}

/// Lets every life go on until an instant, all side by side.
async fn play(
    stage: &Stage,
    lives: Vec<Life>,
    until: Timestamp,
    numbers: &Numbers,
) -> Result<Vec<Life>, Failure> {
    let mut waiting = Vec::new();
    let mut playing = JoinSet::new();
    for mut life in lives {
        if life.next() > until {
            waiting.push(life);
            continue;
        }
        let (stage, numbers) = (stage.clone(), numbers.clone());
        playing.spawn(async move {
            while !life.is_over() && life.next() <= until {
                match &mut life {
                    Life::Appeal(appeal) => appeal.step(&stage, &numbers).await?,
                    Life::Walk(walk) => walk.step(&stage).await?,
                }
            }
            Ok::<_, Failure>(life)
        });
    }
    while let Some(played) = playing.join_next().await {
        let life = played.doing("playing")??;
        if !life.is_over() {
            waiting.push(life);
        }
    }
    Ok(waiting)
}

impl Life {
    fn next(&self) -> Timestamp {
        match self {
            Self::Appeal(appeal) => appeal.next,
            Self::Walk(walk) => walk.next,
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Appeal(appeal) => appeal.over,
            Self::Walk(walk) => walk.over,
        }
    }
}

/// Gives every plot its story and its place.
fn cast(stage: &Stage) -> Vec<Life> {
    let places = places(&stage.pack);
    let stories = &stage.texts.stories;
    let mut order: Vec<usize> = (0..stories.len()).collect();
    Dice::of(1).shuffle(&mut order);
    let mut appeals: Vec<Appeal> = Vec::new();
    for (index, plot) in plot::plots().into_iter().enumerate() {
        let mut dice = Dice::of(1_000 + index);
        let fits = |story: &&Story| fits(&stage.pack, story, plot.twist);
        let from = order.iter().cycle().skip(index).take(order.len());
        let story = from.filter_map(|s| stories.get(*s)).find(fits);
        let (Some(story), Some(place)) = (story.cloned(), dice.pick(&places).cloned()) else {
            continue;
        };
        // What has just arrived came at whatever hour it came, and what is over came long ago.
        let next = if plot.age < FRESH || plot.rest.is_empty() {
            Stage::after(stage.end, -24.0 * plot.age)
        } else {
            stage.before_end(plot.age)
        };
        appeals.push(Appeal {
            plot,
            story,
            place,
            index,
            main: None,
            id: None,
            planned: None,
            errands: Errands::of(&mut dice),
            dice,
            aside: false,
            next,
            over: false,
        });
    }
    marry(&mut appeals);
    appeals.into_iter().map(|a| Life::Appeal(Box::new(a))).collect()
}

/// Whether a story can take this turn.
fn fits(pack: &Pack, story: &Story, twist: Twist) -> bool {
    let sensitive = pack.is_sensitive(&story.category);
    let grade = pack.categories.get(&story.category).map_or("", |c| c.grade.as_str());
    let calm = matches!(grade, "green" | "yellow") && story.yes.is_empty();
    match twist {
        Twist::Spot => calm && !sensitive,
        Twist::Refuse | Twist::Forward => calm && !sensitive && !story.anonymous,
        Twist::Unsafe => sensitive && !story.anonymous,
        Twist::Suspend | Twist::Return | Twist::ReturnTwice | Twist::Direct => {
            story.yes.is_empty() && !story.anonymous
        }
        Twist::Merge | Twist::Withdraw => story.yes.is_empty() && !story.anonymous,
        Twist::Usual => true,
        _ => !story.anonymous,
    }
}

/// A case that will be merged repeats the story of an older one that stays open long enough.
fn marry(appeals: &mut [Appeal]) {
    let mut taken = Vec::new();
    for at in 0..appeals.len() {
        let Some(mine) = appeals.get(at).filter(|a| a.plot.twist == Twist::Merge) else { continue };
        let (age, open_for_ever) = (mine.plot.age, mine.plot.rest == "merged");
        let suits = |other: &&Appeal| {
            let stays = matches!(other.plot.rest, "handling" | "consulting");
            let close = if open_for_ever {
                stays && other.plot.age > age + 1.5
            } else {
                other.plot.rest.is_empty() && (1.5..4.0).contains(&(other.plot.age - age))
            };
            close
                && matches!(other.plot.twist, Twist::Usual | Twist::Supervise | Twist::Extend)
                && other.story.yes.is_empty()
                && !other.story.anonymous
                && !taken.contains(&other.index)
        };
        let Some(main) = appeals.iter().find(suits) else { continue };
        let (index, story, place) = (main.index, main.story.clone(), main.place.clone());
        taken.push(index);
        if let Some(mine) = appeals.get_mut(at) {
            mine.main = Some(index);
            mine.story = story;
            mine.place = place;
        }
    }
}

/// Every county with some of its towns and villages; the first counties more often, so that
/// their staff have enough to see.
fn places(pack: &Pack) -> Vec<String> {
    let regions = &pack.regions;
    let mut places = Vec::new();
    let mut dice = Dice::of(2);
    for (n, county) in regions.children(regions.root()).enumerate() {
        let towns: Vec<&Region> = regions.children(&county.code).collect();
        let often = if n < 3 { 12 } else { 5 };
        for _ in 0..often {
            // The first towns of a county are those whose staff a visitor finds first.
            let near = dice.below(towns.len().min(if n < 3 { 2 } else { 6 }));
            let Some(town) = towns.get(near) else {
                places.push(county.code.clone());
                continue;
            };
            let villages: Vec<&Region> = regions.children(&town.code).collect();
            let village = dice.pick(&villages).filter(|_| dice_half(&town.code));
            places.push(village.map_or(town.code.clone(), |v| v.code.clone()));
        }
        places.push(county.code.clone());
    }
    places
}

/// Half of the towns are known down to the village.
fn dice_half(code: &str) -> bool {
    code.bytes().map(u32::from).sum::<u32>() % 2 == 0
}

/// Who is in danger is helped at any hour, in this share of the usual time.
fn hurry(grade: &str) -> Option<f64> {
    match grade {
        "red" => Some(0.1),
        "orange" => Some(0.3),
        _ => None,
    }
}

impl Appeal {
    /// Opens the case or does what was planned, and plans what comes next.
    async fn step(&mut self, stage: &Stage, numbers: &Numbers) -> Result<(), Failure> {
        let Some(flow) = stage.pack.workflow("appeal") else {
            self.over = true;
            return Ok(());
        };
        let id = match self.id {
            None => self.open(stage, flow, numbers).await?,
            Some(id) => {
                self.act(stage, flow, id).await?;
                id
            }
        };
        if !self.over {
            self.plan(stage, id, numbers).await?;
        }
        Ok(())
    }

    async fn act(&mut self, stage: &Stage, flow: &Workflow, id: CaseId) -> Result<(), Failure> {
        let Some((action, said)) = self.planned.take() else { return Ok(()) };
        let (Some(case), Some(done)) = (stage.case(id).await?, flow.action(action)) else {
            self.over = true;
            return Ok(());
        };
        // Time may have moved the case since this was planned.
        if !done.from.contains(&case.state)
            || stage.act(self.next, (&case, done), said, &mut self.dice).await?
        {
            return Ok(());
        }
        if self.aside {
            self.errands.refused(action);
        } else if case.owed.is_empty() || !self.errands.remember() {
            self.over = self.main.take().is_none();
        }
        Ok(())
    }

    async fn plan(&mut self, stage: &Stage, id: CaseId, numbers: &Numbers) -> Result<(), Failure> {
        let Some(case) = stage.case(id).await? else {
            self.over = true;
            return Ok(());
        };
        let main = self.main.and_then(|main| {
            numbers.lock().unwrap_or_else(PoisonError::into_inner).get(&main).cloned()
        });
        let pause = if self.plot.rest == "suspended" { 70 } else { 15 };
        let until = stage.pack.date_of(self.next).saturating_add(pause.days());
        let Some(flow) = stage.pack.flow_of(&case) else { return Ok(()) };
        let served = self.errands.served(flow, &case);
        let scene = Scene {
            pack: &stage.pack,
            case: &case,
            plot: self.plot,
            yes: &self.story.yes,
            main: main.as_deref(),
            pause_until: until.to_string(),
            last_light: stage.last_light(&case, &served),
        };
        let from = self.next;
        self.aside = false;
        match scene.next(&mut self.dice) {
            Next::Rest => self.over = true,
            Next::Wait(hours) => self.next = Stage::after(self.next, hours),
            Next::Act { action, said, hours } => {
                let hours = if self.plot.slow { hours * 3.0 } else { hours };
                // Three tries a day would be no three tries.
                let hurry = hurry(&case.grade).filter(|_| action != "try_contact");
                let hours = hours * hurry.unwrap_or(1.0);
                let any_hour = hurry.is_some() || AT_ANY_HOUR.contains(&action);
                let wanted = if any_hour {
                    Stage::after(self.next, hours)
                } else {
                    stage.at_work(self.next, hours)
                };
                let slow = self.plot.slow || self.plot.late;
                self.next = if slow { wanted } else { Stage::in_time(&case, self.next, wanted) };
                self.planned = Some((action, scene.said(&said, action, &mut self.dice)));
            }
        }
        let errand = self.errands.next((flow, &case), from, &mut self.dice);
        if let Some(errand) = errand.filter(|e| e.at < stage.end && (self.over || e.at < self.next))
        {
            self.planned = Some((errand.action, scene.said(&[], errand.action, &mut self.dice)));
            self.next = errand.at;
            (self.over, self.aside) = (false, true);
        }
        Ok(())
    }

    async fn open(
        &mut self,
        stage: &Stage,
        flow: &Workflow,
        numbers: &Numbers,
    ) -> Result<CaseId, Failure> {
        let opening = Opening {
            flow,
            programme: None,
            actor: self.opener(stage).await?,
            raw: self.told(stage),
        };
        let (id, number) = stage.open(self.next, opening, &mut self.dice).await?;
        numbers.lock().unwrap_or_else(PoisonError::into_inner).insert(self.index, number);
        self.id = Some(id);
        Ok(id)
    }

    /// Residents use public channels themselves; a patrol is somebody of the town; everything
    /// else comes over the desk of the hotline.
    async fn opener(&self, stage: &Stage) -> Result<Actor, Failure> {
        let pack = &stage.pack;
        if pack.channels.get(&self.story.channel).is_some_and(|c| c.public) {
            return Ok(Actor::Public);
        }
        let town = pack.units.nearest("wf", &self.place, Level::Town);
        if let Some(town) = town.filter(|_| self.story.channel == "patrol") {
            return Ok(Actor::Staff(stage.people.staff("handler", town, 0).await?));
        }
        match stage.people.anywhere("operator", pack.regions.root()).first() {
            Some(desk) => Ok(Actor::Staff(stage.people.staff("operator", desk, 0).await?)),
            None => Ok(Actor::System),
        }
    }

    fn told(&mut self, stage: &Stage) -> Raw {
        let (pack, texts) = (&stage.pack, &stage.texts);
        let dice = &mut self.dice;
        let story = &self.story;
        let name = texts.name("female_middle", dice);
        let near = pack.regions.get(&self.place).map_or("", |r| r.name.as_str());
        let narrative = texts.narrative(story, near, &name, dice);
        let mut raw = Raw::new();
        let mut set = |field: &str, value: String| drop(raw.insert(field.to_owned(), vec![value]));
        set("channel", story.channel.clone());
        set("category", story.category.clone());
        set("summary", story.summary.clone());
        set("narrative", narrative);
        set("place", self.place.clone());
        set("relation", story.relation.clone());
        if story.anonymous {
            set("anonymous", "yes".to_owned());
        } else {
            set("contact_name", name);
            set("contact_phone", texts.phone(dice));
            if pack.is_sensitive(&story.category) || dice.percent(15) {
                let ways = [
                    "只在工作日上午打电话，不要留言。",
                    "先发短信说是社区通知，等我回电。",
                    "晚上八点以后不要打，他在家。",
                    "打给我妹妹，就说问快递。",
                ];
                set("safe_contact", dice.pick(&ways).copied().unwrap_or_default().to_owned());
            }
        }
        if pack.channels.get(&story.channel).is_some_and(|c| c.external) {
            // What is still open has been given more time.
            let days = if self.plot.rest.is_empty() { 15 } else { 40 };
            let due = pack.date_of(self.next).saturating_add(days.days());
            set("external_number", format!("{}{:05}", due.year(), dice.below(100_000)));
            set("external_due", due.to_string());
        }
        raw.retain(|field, _| {
            let flow = pack.workflow("appeal");
            flow.is_some_and(|w| w.opening.fields.iter().any(|f| f.code == *field))
        });
        raw
    }
}
