//! Administrative divisions down to the village.

use crate::workflow::Code;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The level of a region or of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 市
    City,
    /// 区县
    County,
    /// 镇街
    Town,
    /// 村社
    Village,
}

impl Level {
    /// All levels from the top down.
    pub const ALL: [Self; 4] = [Self::City, Self::County, Self::Town, Self::Village];

    /// Digits of a division code that are significant on this level (GB/T 2260, GB/T 10114).
    pub fn digits(self) -> usize {
        match self {
            Self::City => 4,
            Self::County => 6,
            Self::Town => 9,
            Self::Village => 12,
        }
    }
}

/// One administrative division.
#[derive(Debug, Clone)]
pub struct Region {
    /// Twelve-digit code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// Level.
    pub level: Level,
    /// Code of the division above; none for the city.
    pub parent: Option<Code>,
}

/// All divisions of a city.
#[derive(Debug, Default)]
pub struct Regions {
    by_code: BTreeMap<Code, Region>,
    root: Code,
}

impl Regions {
    /// Takes divisions whose parents are known to exist; `root` is the city.
    pub fn new(root: Code, regions: impl IntoIterator<Item = Region>) -> Self {
        Self { by_code: regions.into_iter().map(|r| (r.code.clone(), r)).collect(), root }
    }

    /// The division with this code.
    pub fn get(&self, code: &str) -> Option<&Region> {
        self.by_code.get(code)
    }

    /// Code of the city.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// All divisions in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.by_code.values()
    }

    /// The divisions directly below.
    pub fn children<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Region> {
        self.by_code.values().filter(move |r| r.parent.as_deref() == Some(code))
    }

    /// The division itself and those above it, from the bottom up.
    pub fn upward<'a>(&'a self, code: &str) -> impl Iterator<Item = &'a Region> {
        let mut next = self.get(code);
        std::iter::from_fn(move || {
            let here = next?;
            next = here.parent.as_deref().and_then(|p| self.get(p));
            Some(here)
        })
    }

    /// The division on the given level that contains this one.
    pub fn at_level(&self, code: &str, level: Level) -> Option<&Region> {
        self.upward(code).find(|r| r.level == level)
    }

    /// Names from the county down, as a resident would say them.
    pub fn full_name(&self, code: &str) -> String {
        let mut names: Vec<_> = self
            .upward(code)
            .filter(|r| r.level != Level::City || r.code == code)
            .map(|r| r.name.as_str())
            .collect();
        names.reverse();
        names.concat()
    }
}
