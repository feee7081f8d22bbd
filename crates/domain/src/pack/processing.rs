//! The register of processing (PIPL articles 51, 55 and 56): for what, on which ground, which data,
//! for whom, for how long, and who has assessed it. Data alone; the loader checks that it is whole.

use crate::workflow::Code;
use jiff::civil::Date;
use serde::Deserialize;

/// Everything that the city does with personal data.
#[derive(Debug, Clone, Default)]
pub struct Processing {
    /// In the order of pages.
    pub purposes: Vec<Purpose>,
}

impl Processing {
    /// The entry of a workflow.
    pub fn of_workflow(&self, flow: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|p| p.workflows.iter().any(|w| w == flow))
    }
}

/// One purpose of processing.
#[derive(Debug, Clone)]
pub struct Purpose {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// What the data are used for.
    pub purpose: String,
    /// The same in English.
    pub purpose_en: String,
    /// Ground in article 13.
    pub ground: Ground,
    /// The law that the ground rests on.
    pub law: String,
    /// The same in English.
    pub law_en: String,
    /// Kinds of data.
    pub data: String,
    /// The same in English.
    pub data_en: String,
    /// Whether sensitive personal information is among them (article 28).
    pub sensitive: bool,
    /// Who receives them.
    pub recipients: String,
    /// The same in English.
    pub recipients_en: String,
    /// Rules of keeping, by code.
    pub retention: Vec<Code>,
    /// Workflows that serve this purpose.
    pub workflows: Vec<Code>,
    /// The impact assessment.
    pub assessment: Assessment,
}

/// An impact assessment: when, by whom, and what was found.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The day.
    pub date: Date,
    /// Role of the author.
    pub role: Code,
    /// What was found and done about it.
    pub result: String,
    /// The same in English.
    pub result_en: String,
}

/// The ground of processing (article 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The person has consented.
    Consent,
    /// A statutory duty or function.
    Duty,
    /// Life, health or property in an emergency.
    Emergency,
    /// A contract with the person, or personnel management.
    Contract,
}

impl Ground {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Duty => "duty",
            Self::Emergency => "emergency",
            Self::Contract => "contract",
        }
    }
}
