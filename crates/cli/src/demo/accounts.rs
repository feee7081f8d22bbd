//! One account for every role of the pack, in the units where a visitor of the demonstration
//! would look for it, in the first three counties and their first towns. The passwords are known
//! to all, which is why they exist on loopback only.

use super::people::People;
use crate::failure::{Doing, Failure};
use domain::pack::{Level, Pack, Unit};
use web::DemoAccount;

/// The password of every account of a demonstration.
const PASSWORD: &str = "xiaohe-demo";
/// In so many counties there is somebody for every role.
const COUNTIES: usize = 3;

/// The hash that all accounts share: hashing each alone would take a demonstration minutes.
///
/// # Errors
/// When the system gives no randomness.
pub fn password() -> Result<String, Failure> {
    web::password::hash(PASSWORD).doing("hashing the password")
}

/// Makes the accounts that are missing. Answers those of the first county, one a role and level.
///
/// # Errors
/// When the store fails.
pub async fn make(people: &People, pack: &Pack) -> Result<Vec<DemoAccount>, Failure> {
    let mut main = Vec::new();
    for county in 0..COUNTIES {
        for (role, unit) in seats(pack, county) {
            let staff = people.staff(&role, unit, 0).await?;
            people.promise(&staff, pack).await?;
            let username = format!("{role}@{}", unit.code);
            if county == 0 {
                main.push(DemoAccount {
                    username,
                    password: PASSWORD.to_owned(),
                    role,
                    unit: unit.code.clone(),
                });
            }
        }
    }
    Ok(main)
}

/// Role by role, the first unit of each level and kind in which it may be held.
fn seats(pack: &Pack, county: usize) -> Vec<(String, &Unit)> {
    let mut seats = Vec::new();
    for role in pack.roles.values() {
        for kind in &role.kinds {
            for level in &role.levels {
                if let Some(unit) = sample_unit(pack, kind, *level, county) {
                    seats.push((role.code.clone(), unit));
                }
            }
        }
    }
    seats
}

/// The unit of a kind and level on the way down to the first village of a county.
fn sample_unit<'a>(pack: &'a Pack, kind: &str, level: Level, county: usize) -> Option<&'a Unit> {
    let mut region = pack.regions.root();
    while pack.regions.get(region)?.level < level {
        let which = if region == pack.regions.root() { county } else { 0 };
        region = &pack.regions.children(region).nth(which)?.code;
    }
    pack.units.of(kind, level, region)
}
