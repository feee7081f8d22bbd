//! `xiaohe pack move`: what a changed pack would do to open cases, and doing exactly that.

use crate::{
    failure::{Doing, Failure},
    rules,
    settings::{Place, block_on, now},
};
use clap::Args;
use domain::{case::Actor, clock::Light, moving::Shift, pack::Pack};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Listed, MoveList, NoMove, Store, db::WriteError};

/// How many cases are moved before it looks again.
const AT_ONCE: u32 = 2_000;

/// Open cases go on under the rules they began with. Lists what moving them under the rules of
/// `--pack` would change; moves nothing unless that very list is confirmed.
#[derive(Debug, Clone, Args)]
pub struct Move {
    #[command(flatten)]
    place: Place,
    /// Name of the list that is confirmed, as it was printed.
    #[arg(long, value_name = "LIST", requires = "reason")]
    confirm: Option<String>,
    /// Why, in a few words without names.
    #[arg(long)]
    reason: Option<String>,
}

impl Move {
    /// Does it.
    ///
    /// # Errors
    /// When the pack has faults, the list is not what was confirmed, or the database fails.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        block_on(async {
            let place = self.place.complete()?;
            let mut city = place.city()?;
            let store = place.existing_store(place.load_keys()?).await?;
            rules::lend(&store, &mut city).await?;
            match (&self.confirm, &self.reason) {
                (Some(list), Some(reason)) => carry(&store, &city.pack, (list, reason), json).await,
                _ => list(&store, &city.pack, json).await,
            }
        })
    }
}

async fn list(store: &Store, pack: &Pack, json: bool) -> Result<(), Failure> {
    let list = store.move_list(pack, now()).await.doing("looking at open cases")?;
    if json {
        println!("{}", as_json(&list));
        return Ok(());
    }
    print(pack, &list);
    if list.cases.is_empty() {
        println!("nothing to move: every open case lives under {}", list.edition);
    } else {
        println!("nothing was moved; to move exactly these:");
        println!("  xiaohe pack move --confirm {} --reason \"…\"", list.id);
    }
    Ok(())
}

async fn carry(
    store: &Store,
    pack: &std::sync::Arc<Pack>,
    confirmed: (&str, &str),
    json: bool,
) -> Result<(), Failure> {
    let total = match store.confirm_move(pack, now(), &Actor::System, confirmed).await {
        Ok(total) => total,
        Err(WriteError::Refused(why @ (NoMove::Changed | NoMove::NoReason))) => {
            return Err(Failure::Plain(format!("nothing was moved: {why}")));
        }
        Err(WriteError::Db(error)) => return Err(Failure::while_doing("confirming", &error)),
    };
    while store.carry_moves(pack, now(), AT_ONCE).await.doing("moving")? > 0 {}
    let rest = store.move_list(pack, now()).await.doing("looking at open cases")?;
    let (left, stuck) = (rest.cases.len(), rest.stuck.len());
    if json {
        println!("{}", json!({ "confirmed": total, "left": left, "stuck": stuck }));
    } else {
        println!("{total} cases were confirmed; {left} have changed since and {stuck} cannot move");
    }
    Ok(())
}

fn print(pack: &Pack, list: &MoveList) {
    println!("rules of today: {}", list.edition);
    for ((flow, clock), lines) in list.by_clock() {
        println!("{flow} · {clock}: {} deadlines", lines.len());
        for (case, shift) in lines {
            println!("  {}", line(pack, case, shift));
        }
    }
    for (case, why) in &list.stuck {
        println!("  {} stays under {}: {why}", case.number, case.edition);
    }
    println!(
        "{} cases to move, {} of them without a change of deadline; {} cannot move",
        list.cases.len(),
        list.unchanged(),
        list.stuck.len()
    );
}

fn line(pack: &Pack, case: &Listed, shift: &Shift) -> String {
    format!(
        "{}  {} → {}  {} → {}",
        case.number,
        time(pack, shift.due),
        time(pack, shift.then),
        word(shift.light),
        word(shift.light_then)
    )
}

/// The city's own time, to the minute.
fn time(pack: &Pack, at: Timestamp) -> String {
    pack.work_time.offset().to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn word(light: Option<Light>) -> &'static str {
    match light {
        Some(Light::Green) => "green",
        Some(Light::Yellow) => "yellow",
        Some(Light::Red) => "red",
        None => "unknown",
    }
}

fn as_json(list: &MoveList) -> Value {
    let shift = |s: &Shift| {
        json!({ "clock": s.clock, "task": s.task, "due": s.due, "then": s.then,
            "light": s.light, "light_then": s.light_then })
    };
    let case = |c: &Listed| {
        json!({ "number": c.number, "workflow": c.workflow, "edition": c.edition,
            "deadlines": c.shifts.iter().map(shift).collect::<Vec<_>>() })
    };
    let stuck = |c: &Listed, why: String| json!({ "number": c.number, "why": why });
    json!({
        "list": list.id,
        "edition": list.edition,
        "cases": list.cases.iter().map(case).collect::<Vec<_>>(),
        "stuck": list.stuck.iter().map(|(c, why)| stuck(c, why.to_string())).collect::<Vec<_>>(),
        "clocks": list.by_clock().into_iter()
            .map(|((flow, clock), l)| json!({ "workflow": flow, "clock": clock, "deadlines": l.len() }))
            .collect::<Vec<_>>(),
    })
}
