//! A city as checked data: regions, units, roles, categories, risk, routing, clocks, workflows.
//!
//! A `Pack` only exists after `packs` has parsed it and `soundness` has proved it, so the rest
//! of the program never asks whether a reference is valid. Nothing here reads files.

mod form;
mod processing;
mod region;
mod risk;
mod routing;
mod rules;
mod secrecy;
mod sight;
mod tiles;
mod unit;

pub use form::{Every, Form, FormCell, Span, filled, report_flow};
pub use processing::{Assessment as ImpactAssessment, Ground, Processing, Purpose};
pub use region::{Level, Region, Regions};
pub use risk::{Answer, Assessment, EmergencyWord, Grade, Question, Risk};
pub use routing::{Matter, Route, RouteTo, Routing, Rule};
pub use rules::Rules;
pub use secrecy::{Reason, Secrecy};
pub use sight::{Grant, Right, Scope, Sees, Sensitivity, Sight, Standing};
pub use tiles::{Tile, Tiles};
pub use unit::{Admin, Role, Unit, UnitKind, Units};

use crate::{
    retention::Retention,
    rights::Policy,
    workflow::{Code, Workflow},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use std::{collections::BTreeMap, sync::Arc};

/// Everything that makes the program a given city's.
#[derive(Debug)]
pub struct Pack {
    /// Code of the city, for example in file names.
    pub code: Code,
    /// Name of the city.
    pub name: String,
    /// English name of the city.
    pub en: String,
    /// Version of the data, as people know it; see [`Rules::edition`] for what a case keeps.
    pub version: String,
    /// Names under which the platform is known.
    pub brand: Brand,
    /// A session of staff is locked after so many minutes without a sign of life.
    pub idle_minutes: u32,
    /// A list that was taken out lies ready for so many hours.
    pub export_hours: u32,
    /// What everybody promises before they see a case.
    pub pledge: Pledge,
    /// The administrative divisions.
    pub regions: Regions,
    /// The organisation tree and the partner agencies.
    pub units: Units,
    /// Roles by code.
    pub roles: BTreeMap<Code, Role>,
    /// Categories by code; a parent's code is a prefix of its children's.
    pub categories: BTreeMap<Code, Category>,
    /// Risk grades, questions and emergency words.
    pub risk: Risk,
    /// Dispatch rules.
    pub routing: Routing,
    /// Seals, broken glass and lent identities.
    pub secrecy: Secrecy,
    /// Channels of intake by code.
    pub channels: BTreeMap<Code, Channel>,
    /// English names of the holidays, by the name that the calendar gives them.
    pub holidays: BTreeMap<String, String>,
    /// Message texts by code.
    pub messages: BTreeMap<Code, Message>,
    /// Programmes by code.
    pub programmes: BTreeMap<Code, Programme>,
    /// When targets of figures turn yellow and red.
    pub targets: crate::figure::TargetRules,
    /// What is counted.
    pub figures: crate::figure::Figures,
    /// Where districts stand when numbers are drawn by district.
    pub tiles: Tiles,
    /// Forms of figures that units report, by code.
    pub forms: BTreeMap<Code, Form>,
    /// The words of the press.
    pub press: crate::press::Press,
    /// Who answers requests of the person, how fast, and on which grounds.
    pub rights: Policy,
    /// How long cases are kept.
    pub retention: Retention,
    /// Why which data are processed.
    pub processing: Processing,
    /// The rules under which cases are opened today; the pack reads as these.
    pub rules: Rules,
    /// Rules of earlier packs, by edition, for the cases that still run under them.
    pub past: BTreeMap<String, Arc<Rules>>,
}

/// The promise to keep what one learns to oneself.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pledge {
    /// Whoever has promised this version is not asked again; a new one asks everybody.
    pub version: Code,
    /// Title.
    pub title: String,
    /// English title.
    pub title_en: String,
    /// Its sentences.
    pub points: Vec<String>,
    /// The same in English.
    pub points_en: Vec<String>,
}

/// Names under which the platform is known.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// Full name of the platform.
    pub platform: String,
    /// Short name.
    pub short: String,
    /// English short name.
    pub short_en: String,
    /// The body that runs it.
    pub owner: String,
    /// Its English name.
    pub owner_en: String,
    /// The short form used in document numbers.
    pub owner_short: String,
    /// Hotline number.
    pub hotline: String,
    /// A line below the name.
    pub motto: String,
    /// The same in English.
    pub motto_en: String,
    /// Full English name of the platform.
    pub english: String,
    /// The page that quick exit leads to; says nothing about who came from here.
    pub leave: String,
}

/// One kind of matter.
#[derive(Debug, Clone)]
pub struct Category {
    /// Stable code; two digits a level.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// Default risk grade.
    pub grade: Code,
    /// Violence, sexual harm, children in danger: kept from wide view and from public feeds.
    pub sensitive: bool,
    /// May be chosen by a resident.
    pub public: bool,
    /// Shows the emergency number at once.
    pub emergency: bool,
    /// What the resident reads after choosing it.
    pub advice: String,
    /// The same in English.
    pub advice_en: String,
}

/// A way in which a matter arrives.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// A resident may use it without staff.
    pub public: bool,
    /// A partner hands over with its own number and deadline.
    pub external: bool,
    /// The workflow that the call screen opens; only the channel of the calls has one.
    pub opens: Option<Code>,
}

/// A neutral text sent to somebody.
#[derive(Debug, Clone)]
pub struct Message {
    /// Stable code.
    pub code: Code,
    /// Who receives it.
    pub to: Recipient,
    /// Text with `{{variables}}` from the closed list.
    pub text: String,
    /// The same in English.
    pub en: String,
}

/// Who receives a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The person who appealed.
    Appellant,
    /// The responsible unit.
    Unit,
    /// The leaders of the units above.
    Leader,
    /// The units that the same step has asked for their part.
    Task,
    /// The unit above the responsible one, at once and not only when a clock has run out.
    Supervisor,
    /// The desk that is on duty for alarms, nearest to the place.
    Duty,
    /// Whoever took the case, or the responsible unit as long as nobody has.
    Owner,
    /// The security administrators of the city. They may know of no case: what is said to them names
    /// none.
    Security,
}

/// A named programme: one workflow under a city's own name.
#[derive(Debug, Clone)]
pub struct Programme {
    /// Stable code.
    pub code: Code,
    /// Name used in the city.
    pub name: String,
    /// English name.
    pub en: String,
    /// Workflow that its records walk.
    pub workflow: Code,
    /// Row of the domain handbook (S01–S75).
    pub source: String,
    /// Unit word of its main figure.
    pub unit: String,
    /// The same in English.
    pub unit_en: String,
    /// One sentence for newcomers.
    pub note: String,
    /// The same in English.
    pub note_en: String,
}

impl Pack {
    /// The civil day of an instant in this city.
    pub fn date_of(&self, at: Timestamp) -> Date {
        self.work_time.offset().to_datetime(at).date()
    }

    /// The instant at which a civil day ends in this city.
    pub fn end_of(&self, date: Date) -> Timestamp {
        let midnight = date.tomorrow().unwrap_or(date).at(0, 0, 0, 0);
        self.work_time.offset().to_timestamp(midnight).unwrap_or(Timestamp::MAX)
    }

    /// The instant at which the clocks of this city show so.
    pub fn instant_of(&self, wall: DateTime) -> Timestamp {
        self.work_time.offset().to_timestamp(wall).unwrap_or(Timestamp::MAX)
    }

    /// Whether somebody may hold the role in this unit.
    pub fn can_hold(&self, role: &str, unit: &Unit) -> bool {
        self.roles
            .get(role)
            .is_some_and(|r| r.kinds.contains(&unit.kind) && r.levels.contains(&unit.level))
    }

    /// The roles among these codes that the pack knows.
    fn held<'a>(&'a self, roles: &'a [Code]) -> impl Iterator<Item = &'a Role> {
        roles.iter().filter_map(|code| self.roles.get(code))
    }

    /// The kind of administration among these roles; an account has at most one.
    pub fn administers(&self, roles: &[Code]) -> Option<Admin> {
        self.held(roles).find_map(|role| role.administers)
    }

    /// Whether one of these roles may ask who read what.
    pub fn supervises(&self, roles: &[Code]) -> bool {
        self.held(roles).any(|role| role.ever_may(Right::Supervise))
    }

    /// Whether whoever holds these roles must have a second factor.
    pub fn needs_second_factor(&self, roles: &[Code]) -> bool {
        self.held(roles).any(|role| role.second_factor)
    }

    /// Whether one of these roles may take whole lists out of the system.
    pub fn exports(&self, roles: &[Code]) -> bool {
        self.held(roles).any(|role| role.exports)
    }

    /// The channel of the calls and the workflow that a call opens, if calls are taken at all.
    pub fn calls(&self) -> Option<(&Channel, &Workflow)> {
        self.channels.values().find_map(|c| Some((c, self.workflow(c.opens.as_deref()?)?)))
    }

    /// Whether the category itself is marked sensitive; a mark on one above it does not count.
    pub fn is_sensitive(&self, category: &str) -> bool {
        self.categories.get(category).is_some_and(|c| c.sensitive)
    }

    /// The category's name with its parent's before it.
    pub fn category_name(&self, code: &str) -> String {
        let own = self.categories.get(code).map_or(code, |c| c.name.as_str());
        match code.get(..2).filter(|p| *p != code).and_then(|p| self.categories.get(p)) {
            Some(parent) => format!("{} · {own}", parent.name),
            None => own.to_owned(),
        }
    }
}
