//! Dispatch rules: category × area × risk → lead unit and co-handling units.
//!
//! The first rule that fits decides. The same function answers for a new case and for a dry run
//! over past ones, so the dry run cannot differ from the fact.

use super::{Pack, region::Level};
use crate::workflow::{Code, Locus};
use serde::Deserialize;

/// The rules of a city, in order.
#[derive(Debug, Default)]
pub struct Routing {
    /// Rules; the first that fits decides.
    pub rules: Vec<Rule>,
}

/// One dispatch rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// Category prefixes; empty fits all.
    pub category: Vec<Code>,
    /// Regions, each with all that lies in it; empty fits all.
    pub area: Vec<Code>,
    /// Risk grades; empty fits all.
    pub risk: Vec<Code>,
    /// Channels; empty fits all.
    pub channel: Vec<Code>,
    /// Lead unit.
    pub to: RouteTo,
    /// Co-handling units.
    pub co: Vec<RouteTo>,
    /// Why, in words for the dispatcher.
    pub why: String,
    /// The same in English.
    pub why_en: String,
    /// Where it is written.
    pub at: Locus,
}

/// A kind of unit on a level of the case's place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTo {
    /// Unit kind.
    pub kind: Code,
    /// Level; a place that is only known more coarsely gets the unit of its own level.
    pub level: Level,
}

/// Where a case goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Lead unit.
    pub unit: Code,
    /// Co-handling units.
    pub co: Vec<Code>,
    /// The rule that decided.
    pub rule: Code,
    /// Why, in words for the dispatcher.
    pub why: String,
    /// The same in English.
    pub why_en: String,
}

/// The facts of a case that rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Category code.
    pub category: &'a str,
    /// Risk grade.
    pub grade: &'a str,
    /// Channel of intake.
    pub channel: &'a str,
    /// Region code.
    pub place: &'a str,
}

impl Routing {
    /// The first rule that fits and whose lead unit exists.
    pub fn route(&self, pack: &Pack, matter: Matter<'_>) -> Option<Route> {
        self.rules.iter().filter(|r| r.fits(pack, matter)).find_map(|rule| {
            let unit = find(pack, &rule.to, matter.place)?;
            let mut co: Vec<Code> =
                rule.co.iter().filter_map(|to| find(pack, to, matter.place)).collect();
            co.retain(|c| *c != unit);
            let (why, why_en) = (rule.why.clone(), rule.why_en.clone());
            Some(Route { unit, co, rule: rule.code.clone(), why, why_en })
        })
    }
}

impl Rule {
    fn fits(&self, pack: &Pack, matter: Matter<'_>) -> bool {
        let any = |list: &[Code], hit: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|c| hit(c))
        };
        any(&self.category, &|c| matter.category.starts_with(c))
            && any(&self.area, &|a| pack.regions.upward(matter.place).any(|r| r.code == a))
            && any(&self.risk, &|g| g == matter.grade)
            && any(&self.channel, &|c| c == matter.channel)
    }
}

fn find(pack: &Pack, to: &RouteTo, place: &str) -> Option<Code> {
    let place = pack.regions.get(place).or_else(|| pack.regions.get(pack.regions.root()))?;
    let level = to.level.min(place.level);
    pack.units.nearest(&to.kind, &place.code, level).map(|u| u.code.clone())
}
