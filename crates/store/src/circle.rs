//! The people of the circle of a sealed case, as they are when something is decided about it. Asked
//! for sealed cases alone, so that nothing else is slower for it. Decides nothing.

use crate::{
    accounts::{ACTIVE, account},
    answer::No,
    command::{Command, Want},
    db::{Error, Reader, Tx, WriteError},
    people::ONE,
    verify::Report,
};
use domain::{
    case::{AccountId, Actor, Case, Staff},
    circle::{Hands, hands},
    decide::Ctx,
    pack::Pack,
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

/// Whether a sealed case still has somebody who may let others in. No command takes the last of them
/// away; a pack that takes rights from a role does, and the program is started with it all the same.
pub(crate) async fn check(
    reader: &mut Reader,
    (pack, case): (&Pack, &Case),
    report: &mut Report,
) -> Result<(), Error> {
    if !case.guarded.is_sealed() {
        return Ok(());
    }
    let mut people = Vec::new();
    for id in case.guarded.circle.iter().flatten() {
        if let Some(row) = reader.row(&ACTIVE, &[(*id).into()]).await? {
            people.push(account(&row)?.staff());
        }
    }
    let ctx = Ctx::bare(case.entered, pack, &Actor::System);
    if hands(ctx, case, &people) == Hands::Lost {
        let what = "it is sealed, and by these rules nobody in its circle may let others in";
        report.trouble(format!("case {}", case.id), what);
    }
    Ok(())
}

impl Command {
    /// The people who are in the circle or come into it; none for a case that is and stays open to
    /// whomever roles let in.
    pub(crate) async fn circle(
        &self,
        tx: &mut Tx,
        case: &Case,
    ) -> Result<Option<Vec<Staff>>, WriteError<No>> {
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
