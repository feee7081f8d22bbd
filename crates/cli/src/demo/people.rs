//! Who acts in a demonstration: an account for every role and unit that is needed, made when it
//! is needed first, so that every name in a history belongs to somebody.

use super::{dice::Dice, texts::Texts};
use crate::{
    failure::{Doing, Failure},
    settings::now,
};
use domain::{
    case::{AccountId, Actor, Case, Staff},
    decide::{self, Ctx},
    pack::{Pack, Unit},
    workflow::{Action, Relation, Who},
};
use jiff::Timestamp;
use std::{collections::HashMap, sync::Arc};
use store::{NewAccount, Store};
use tokio::sync::Mutex;

/// Where one person may not act twice, a second and a third are there.
const PERSONS: u8 = 3;

/// The staff of the demonstration.
pub struct People {
    store: Store,
    pack: Arc<Pack>,
    texts: Option<Arc<Texts>>,
    password: String,
    known: Mutex<HashMap<String, AccountId>>,
}

/// Log-in name of a person: `handler@wf-3701`, the second one `handler2@wf-3701`.
fn username(role: &str, unit: &str, person: u8) -> String {
    match person {
        0 => format!("{role}@{unit}"),
        n => format!("{role}{}@{unit}", n + 1),
    }
}

impl People {
    /// Begins with whoever is there already. `password` is the hash that all share.
    pub fn new(store: Store, pack: Arc<Pack>, texts: Option<Arc<Texts>>, password: String) -> Self {
        Self { store, pack, texts, password, known: Mutex::default() }
    }

    /// The account of a role in a unit, made if need be.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn staff(&self, role: &str, unit: &Unit, person: u8) -> Result<Staff, Failure> {
        let username = username(role, &unit.code, person);
        let staff =
            |account| Staff { account, unit: unit.code.clone(), roles: vec![role.to_owned()] };
        let mut known = self.known.lock().await;
        if let Some(account) = known.get(&username) {
            return Ok(staff(*account));
        }
        let there = self.store.account(&username).await.doing("an account")?;
        let account = if let Some(account) = there {
            account.id
        } else {
            let new = NewAccount {
                username: username.clone(),
                password: self.password.clone(),
                name: self.name(&username, role, unit),
                unit: unit.code.clone(),
                roles: vec![role.to_owned()],
            };
            self.store.create_account(new).await.doing("making an account")?
        };
        known.insert(username, account);
        Ok(staff(account))
    }

    /// Gives the promise of confidentiality for an invented person, so that a visitor of the
    /// demonstration comes straight in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn promise(&self, staff: &Staff, pack: &Pack) -> Result<(), Failure> {
        let version = &pack.pledge.version;
        if self.store.pledged(staff.account).await.doing("an account")? == *version {
            return Ok(());
        }
        self.store.pledge(now(), staff, version).await.doing("a pledge")
    }

    fn name(&self, username: &str, role: &str, unit: &Unit) -> String {
        let Some(texts) = &self.texts else {
            let name = self.pack.roles.get(role).map_or(role, |r| r.name.as_str());
            return format!("{}{name}", unit.short);
        };
        let seed = username.bytes().fold(0, |sum, b| (sum * 31 + usize::from(b)) % 1_000_003);
        let mut dice = Dice::of(seed);
        let kinds = ["female_middle", "female_young", "female_middle", "male_middle"];
        texts.name(dice.pick(&kinds).copied().unwrap_or_default(), &mut dice)
    }

    /// Somebody who may do the action to the case now, if there is anybody.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn who_may(
        &self,
        case: &Case,
        action: &Action,
        now: Timestamp,
    ) -> Result<Option<Actor>, Failure> {
        let permits = |actor: &Actor| {
            let ctx = Ctx::bare(now, &self.pack, actor);
            decide::permit(ctx, case, action, None).is_ok()
        };
        for who in &action.by {
            if who.relation == Relation::Appellant {
                let actor = Actor::Appellant(case.id);
                if permits(&actor) {
                    return Ok(Some(actor));
                }
                continue;
            }
            for unit in self.seats(case, who) {
                for person in 0..PERSONS {
                    let actor = Actor::Staff(self.staff(&who.role, unit, person).await?);
                    if permits(&actor) {
                        return Ok(Some(actor));
                    }
                    if !self.would_help(case, action, &actor, now) {
                        break;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether another person of the same unit and role might pass where this one may not.
    fn would_help(&self, case: &Case, action: &Action, actor: &Actor, now: Timestamp) -> bool {
        let ctx = Ctx::bare(now, &self.pack, actor);
        decide::permit(ctx, case, action, None) == Err(domain::refusal::Bar::SamePerson)
    }

    /// The units in which somebody would stand to the case as the action asks.
    fn seats(&self, case: &Case, who: &Who) -> Vec<&Unit> {
        let units = &self.pack.units;
        let own = units.get(&case.unit);
        let found: Vec<&Unit> = match who.relation {
            Relation::Responsible => own.into_iter().collect(),
            Relation::Covering => units.upward(&case.unit).collect(),
            Relation::Above => units.upward(&case.unit).skip(1).collect(),
            Relation::Task => case.open_tasks().filter_map(|t| units.get(&t.unit)).collect(),
            Relation::Anywhere => self.anywhere(&who.role, &case.place),
            Relation::Appellant => Vec::new(),
        };
        found.into_iter().filter(|unit| self.pack.can_hold(&who.role, unit)).collect()
    }

    /// The units for a place in which a role may be held, those nearest to the place first.
    pub fn anywhere(&self, role: &str, place: &str) -> Vec<&Unit> {
        let Some(role) = self.pack.roles.get(role) else { return Vec::new() };
        let levels = role.levels.iter().rev();
        let all = levels.flat_map(|level| role.kinds.iter().map(move |kind| (kind, *level)));
        all.filter_map(|(kind, level)| self.pack.units.of(kind, level, place)).collect()
    }
}
