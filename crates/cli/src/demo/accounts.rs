//! One account for every role of the pack, in the units where a visitor of the demonstration
//! would look for it. The passwords are known to all, which is why they exist on loopback only.

use crate::failure::Failure;
use domain::pack::{Level, Pack, Unit};
use store::{NewAccount, Store};
use web::DemoAccount;

const PASSWORD: &str = "xiaohe-demo";

/// Makes the accounts that are missing and answers them all.
///
/// # Errors
/// When the store fails.
pub async fn make(store: &Store, pack: &Pack) -> Result<Vec<DemoAccount>, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::while_doing("making the accounts", e);
    let hash = web::password::hash(PASSWORD).map_err(|e| failed(&e))?;
    let mut made = Vec::new();
    for (role, unit) in seats(pack) {
        let username = format!("{role}@{}", unit.code);
        if store.account(&username).await.map_err(|e| failed(&e))?.is_none() {
            let name = pack.roles.get(&role).map_or_else(|| role.clone(), |r| r.name.clone());
            let new = NewAccount {
                username: username.clone(),
                password: hash.clone(),
                name: format!("{}{name}", unit.short),
                unit: unit.code.clone(),
                roles: vec![role.clone()],
            };
            store.create_account(new).await.map_err(|e| failed(&e))?;
        }
        let account =
            DemoAccount { username, password: PASSWORD.to_owned(), role, unit: unit.code.clone() };
        made.push(account);
    }
    Ok(made)
}

/// Role by role, the first unit of each level and kind in which it may be held.
fn seats(pack: &Pack) -> Vec<(String, &Unit)> {
    let mut seats = Vec::new();
    for role in pack.roles.values() {
        for kind in &role.kinds {
            for level in &role.levels {
                if let Some(unit) = sample_unit(pack, kind, *level) {
                    seats.push((role.code.clone(), unit));
                }
            }
        }
    }
    seats
}

/// The unit of a kind and level on the way down to the first village of the first county.
fn sample_unit<'a>(pack: &'a Pack, kind: &str, level: Level) -> Option<&'a Unit> {
    let mut region = pack.regions.root();
    while pack.regions.get(region)?.level < level {
        region = &pack.regions.children(region).next()?.code;
    }
    pack.units.of(kind, level, region)
}
