//! The organisation tree, partner agencies, and the roles that people hold in them.

use super::{
    region::Level,
    sight::{Grant, Right, Scope, Sensitivity, Standing},
};
use crate::workflow::Code;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A kind of unit that exists once in each region of some levels.
#[derive(Debug, Clone)]
pub struct UnitKind {
    /// Stable code.
    pub code: Code,
    /// Levels on which it exists.
    pub levels: Vec<Level>,
    /// A partner agency, which sees only its own part.
    pub agency: bool,
}

/// A node of the organisation tree or a partner agency.
#[derive(Debug, Clone)]
pub struct Unit {
    /// `kind-region`, with the significant digits of the region.
    pub code: Code,
    /// Full name.
    pub name: String,
    /// English name; the region in it keeps its own.
    pub en: String,
    /// Short name for lists.
    pub short: String,
    /// The same in English.
    pub short_en: String,
    /// Kind.
    pub kind: Code,
    /// Level.
    pub level: Level,
    /// Region it works in.
    pub region: Code,
    /// The unit above; none for the top.
    pub parent: Option<Code>,
    /// A partner agency.
    pub agency: bool,
}

/// All units of a city.
#[derive(Debug, Default)]
pub struct Units {
    by_code: BTreeMap<Code, Unit>,
    kinds: BTreeMap<Code, UnitKind>,
}

impl Units {
    /// Takes units whose parents are known to exist.
    pub fn new(
        kinds: impl IntoIterator<Item = UnitKind>,
        units: impl IntoIterator<Item = Unit>,
    ) -> Self {
        Self {
            kinds: kinds.into_iter().map(|k| (k.code.clone(), k)).collect(),
            by_code: units.into_iter().map(|u| (u.code.clone(), u)).collect(),
        }
    }

    /// The code of the unit of a kind in a region.
    pub fn code_of(kind: &str, level: Level, region: &str) -> Code {
        format!("{kind}-{}", region.get(..level.digits()).unwrap_or(region))
    }

    /// The unit with this code.
    pub fn get(&self, code: &str) -> Option<&Unit> {
        self.by_code.get(code)
    }

    /// The short name, or the code itself for a unit that no longer exists.
    pub fn short<'a>(&'a self, code: &'a str) -> &'a str {
        self.get(code).map_or(code, |u| u.short.as_str())
    }

    /// The kind with this code.
    pub fn kind(&self, code: &str) -> Option<&UnitKind> {
        self.kinds.get(code)
    }

    /// All units in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.by_code.values()
    }

    /// The unit above all others.
    pub fn top(&self) -> Option<&Unit> {
        self.by_code.values().find(|unit| unit.parent.is_none())
    }

    /// The units directly below.
    pub fn children<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Unit> {
        self.by_code.values().filter(move |u| u.parent.as_deref() == Some(code))
    }

    /// The unit itself and those above it, from the bottom up.
    pub fn upward<'a>(&'a self, code: &str) -> impl Iterator<Item = &'a Unit> {
        let mut next = self.get(code);
        std::iter::from_fn(move || {
            let here = next?;
            next = here.parent.as_deref().and_then(|p| self.get(p));
            Some(here)
        })
    }

    /// Whether `upper` is `lower` itself or stands above it.
    pub fn covers(&self, upper: &str, lower: &str) -> bool {
        self.upward(lower).any(|u| u.code == upper)
    }

    /// The unit of a kind on a level for a region, if there is one.
    pub fn of(&self, kind: &str, level: Level, region: &str) -> Option<&Unit> {
        self.get(&Self::code_of(kind, level, region))
    }

    /// The nearest unit of a kind, from this region's level upward.
    pub fn nearest(&self, kind: &str, region: &str, level: Level) -> Option<&Unit> {
        Level::ALL.iter().rev().filter(|l| **l <= level).find_map(|l| self.of(kind, *l, region))
    }
}

/// A role that people hold in a unit.
#[derive(Debug, Clone)]
pub struct Role {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// Kinds of unit in which it may be held; empty for residents and the program itself.
    pub kinds: Vec<Code>,
    /// Levels on which it may be held.
    pub levels: Vec<Level>,
    /// What its holder sees of a case and may do with it: the rows of the access table.
    pub grants: Vec<Grant>,
    /// Its holder must prove who they are with something beside the password.
    pub second_factor: bool,
    /// Its holder may take whole lists out of the system, as far as they see them.
    pub exports: bool,
    /// The kind of administration it is, if it is one.
    pub administers: Option<Admin>,
}

impl Role {
    /// How far its lists reach.
    pub fn scope(&self) -> Scope {
        Scope::of(&self.grants)
    }

    /// The row for somebody who stands so to a case of such sensitivity; at most one does.
    pub fn grant(&self, standing: Standing, sensitivity: Sensitivity) -> Option<&Grant> {
        self.grants.iter().find(|g| g.holds(standing, sensitivity))
    }

    /// Whether any of its rows is for whoever stands so.
    pub fn ever_stands(&self, standing: Standing) -> bool {
        self.grants.iter().any(|g| g.standings.contains(&standing))
    }

    /// Whether any of its rows gives the right.
    pub fn ever_may(&self, right: Right) -> bool {
        self.grants.iter().any(|g| g.may.contains(&right))
    }
}

/// The three kinds of administration that no account may hold together, so that nobody can both
/// open a door and remove the trace of it (MLPS level 3, separation of the three administrators).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admin {
    /// Accounts, units and the pack.
    System,
    /// Roles, second factors, sessions and exclusions.
    Security,
    /// Reads what everybody did.
    Audit,
}

impl Admin {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::System, Self::Security, Self::Audit];
}
