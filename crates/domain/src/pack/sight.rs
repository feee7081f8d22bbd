//! The access table of a pack: which role sees what of a case, by how its holder stands to the case
//! and how sensitive the case is. Data only; `access` says what follows from it.

use serde::Deserialize;
use std::collections::BTreeSet;

/// How much of a part of a case is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Nothing.
    #[default]
    None,
    /// With the middle blanked out.
    Masked,
    /// Everything.
    Full,
}

/// What is seen of a case (domain handbook §4, "Who sees what").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sees {
    /// Names and identity numbers.
    pub identity: Sight,
    /// Telephone and address.
    pub contact: Sight,
    /// The narrative.
    pub story: Sight,
    /// Evidence and risk answers.
    pub evidence: Sight,
    /// Who reported it, where that is somebody else than the person concerned.
    pub reporter: Sight,
}

impl Sees {
    /// Everything: for the appellant's own words and for the program itself.
    pub const ALL: Self = Self {
        identity: Sight::Full,
        contact: Sight::Full,
        story: Sight::Full,
        evidence: Sight::Full,
        reporter: Sight::Full,
    };

    /// The better of two sights, part by part.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            identity: self.identity.max(other.identity),
            contact: self.contact.max(other.contact),
            story: self.story.max(other.story),
            evidence: self.evidence.max(other.evidence),
            reporter: self.reporter.max(other.reporter),
        }
    }

    /// What is shown before anybody asks for more: who it is and how to reach them only in part.
    /// The rest takes a reveal, which is remembered.
    #[must_use]
    pub fn at_first(self) -> Self {
        Self {
            identity: self.identity.min(Sight::Masked),
            contact: self.contact.min(Sight::Masked),
            reporter: self.reporter.min(Sight::Masked),
            ..self
        }
    }
}

/// How somebody stands to a case. More than one may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Took it.
    Owner,
    /// Wrote it down.
    Opener,
    /// Belongs to the responsible unit.
    Unit,
    /// Belongs to the unit that leads it by the target that holds; cases without a target have none.
    Lead,
    /// Belongs to a unit that owes a part of it.
    Task,
    /// Belongs to a unit that was responsible, or owed a part, before.
    Past,
    /// Belongs to a unit above the responsible one.
    Above,
    /// Works for the city.
    City,
    /// Was named when the case was sealed, or let in afterwards.
    Circle,
    /// Broke the glass, for a while.
    Glass,
    /// Was lent the identity by a second person, for a while.
    Lent,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Owner,
        Self::Opener,
        Self::Unit,
        Self::Lead,
        Self::Task,
        Self::Past,
        Self::Above,
        Self::City,
        Self::Circle,
        Self::Glass,
        Self::Lent,
    ];

    /// The word for it in packs, texts and answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Opener => "opener",
            Self::Unit => "unit",
            Self::Lead => "lead",
            Self::Task => "task",
            Self::Past => "past",
            Self::Above => "above",
            Self::City => "city",
            Self::Circle => "circle",
            Self::Glass => "glass",
            Self::Lent => "lent",
        }
    }

    /// Whether it opens a sealed case: only being let in by name does.
    pub fn opens_sealed(self) -> bool {
        matches!(self, Self::Circle | Self::Glass)
    }
}

/// How sensitive a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// As most are.
    Ordinary,
    /// Violence, harm, danger: see [`Case::needs_protection`](crate::case::Case::needs_protection).
    Sensitive,
    /// Known to a circle of named people only.
    Sealed,
}

impl Sensitivity {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ordinary, Self::Sensitive, Self::Sealed];

    /// The word for it in packs, texts and answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Sensitive => "sensitive",
            Self::Sealed => "sealed",
        }
    }
}

/// What somebody may do with a case beside reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Take steps of the workflow; which ones, the workflow says.
    Act,
    /// Have a masked part shown whole, which is remembered.
    Reveal,
    /// Take files, papers and tables out.
    Export,
    /// Seal it, open the seal, and say who is in the circle.
    Seal,
    /// Bar people and units from it.
    Exclude,
    /// Lend somebody else the identity for a while.
    Lend,
    /// Ask who read it, and judge a breaking of the glass.
    Supervise,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Act,
        Self::Reveal,
        Self::Export,
        Self::Seal,
        Self::Exclude,
        Self::Lend,
        Self::Supervise,
    ];

    /// The word for it in packs, texts and answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Reveal => "reveal",
            Self::Export => "export",
            Self::Seal => "seal",
            Self::Exclude => "exclude",
            Self::Lend => "lend",
            Self::Supervise => "supervise",
        }
    }
}

/// One row of the table: for holders of a role who stand so to a case of such sensitivity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Standings for which it holds.
    pub standings: BTreeSet<Standing>,
    /// Sensitivities for which it holds.
    pub of: BTreeSet<Sensitivity>,
    /// What is seen.
    pub sees: Sees,
    /// What may be done.
    pub may: BTreeSet<Right>,
}

impl Grant {
    /// Whether the row speaks of such a case.
    pub fn holds(&self, standing: Standing, sensitivity: Sensitivity) -> bool {
        self.standings.contains(&standing) && self.of.contains(&sensitivity)
    }
}

/// How far the lists of a role reach, which follows from its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// No list.
    None,
    /// Cases in which the person or the unit has a part.
    Tasks,
    /// Cases of the own unit.
    Unit,
    /// Cases of the own unit and the units below.
    Subtree,
    /// Every case of the city.
    City,
}

impl Scope {
    /// The widest reach that these rows have.
    pub fn of(grants: &[Grant]) -> Self {
        let reach = |standing: &Standing| match standing {
            Standing::City => Self::City,
            Standing::Above => Self::Subtree,
            Standing::Unit => Self::Unit,
            Standing::Owner
            | Standing::Opener
            | Standing::Lead
            | Standing::Task
            | Standing::Past => Self::Tasks,
            Standing::Circle | Standing::Glass | Standing::Lent => Self::None,
        };
        let all = grants.iter().flat_map(|g| &g.standings);
        all.map(reach).max().unwrap_or(Self::None)
    }
}
