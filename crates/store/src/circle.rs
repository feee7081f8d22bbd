//! The people of the circle of a sealed case, as they are when something is decided about it. Asked
//! for sealed cases alone, so that nothing else is slower for it. Decides nothing.

use crate::{
    accounts::account,
    answer::No,
    command::{Command, Want},
    db::{Error, Tx, WriteError},
    people::ONE,
};
use domain::{
    case::{AccountId, Actor, Case, Staff},
    refusal::Refusal,
    secrecy::{Change, Closed},
};
use std::collections::BTreeSet;

/// Those of these accounts that may still come in. Their rows are held until the work ends: nobody
/// leaves meanwhile.
pub(crate) async fn people(tx: &mut Tx, ids: &BTreeSet<AccountId>) -> Result<Vec<Staff>, Error> {
    let mut all = Vec::new();
    for id in ids {
        if let Some(row) = tx.row(&ONE, &[(*id).into()]).await? {
            all.push(account(&row)?.staff());
        }
    }
    Ok(all)
}

impl Command {
    /// The people who are in the circle or come into it; none for a case that is and stays open to
    /// whomever roles let in.
    pub(crate) async fn circle(
        &self,
        tx: &mut Tx,
        case: Option<&Case>,
    ) -> Result<Option<Vec<Staff>>, WriteError<No>> {
        let Some(case) = case else { return Ok(None) };
        let mut new = BTreeSet::new();
        if let Want::Guard { change, .. } = &self.want {
            match change {
                Change::Seal { circle } => {
                    new.extend(circle.iter().map(|s| s.account));
                    if let Actor::Staff(me) = &self.actor {
                        new.insert(me.account);
                    }
                }
                Change::Admit(staff) => drop(new.insert(staff.account)),
                _ => {}
            }
        }
        let mut ids = new.clone();
        ids.extend(case.guarded.circle.iter().flatten());
        if ids.is_empty() {
            return Ok(None);
        }
        let people = people(tx, &ids).await?;
        let is_there = |id: &AccountId| people.iter().any(|s| s.account == *id);
        if new.iter().all(is_there) {
            Ok(Some(people))
        } else {
            Err(Refusal::from(Closed::Unknown).into())
        }
    }
}
