//! People of the sample city, by account, unit and role.

use crate::sample::pack;
use domain::{
    access::Viewer,
    case::{Actor, Staff},
};
use jiff::Timestamp;

/// A member of staff. Their role must exist and be one that their unit can have.
///
/// # Panics
/// When there is no such unit or role, or the two do not go together.
pub fn staff(account: i64, unit: &str, role: &str) -> Staff {
    let pack = pack();
    let known = pack.units.get(unit).unwrap_or_else(|| panic!("no unit {unit}"));
    let held = pack.roles.get(role).unwrap_or_else(|| panic!("no role {role}"));
    let fits = held.kinds.contains(&known.kind) && held.levels.contains(&known.level);
    assert!(fits, "nobody in {unit} can be {role}");
    Staff { account, unit: unit.to_owned(), roles: vec![role.to_owned()] }
}

/// The same as somebody who acts.
///
/// # Panics
/// As [`staff`].
pub fn actor(account: i64, unit: &str, role: &str) -> Actor {
    Actor::Staff(staff(account, unit, role))
}

/// Somebody who looks, at an instant at which nothing is open for a while.
pub fn eyes(staff: Staff) -> Viewer {
    Viewer::Staff(staff, Timestamp::MAX)
}

/// The same as somebody who looks.
///
/// # Panics
/// As [`staff`].
pub fn viewer(account: i64, unit: &str, role: &str) -> Viewer {
    eyes(staff(account, unit, role))
}
