//! Reads `open311.toml`: services that anybody may use through the Open311 `GeoReport` standard.

use domain::workflow::Code;
use serde::Deserialize;

use crate::{
    document::{Document, Entry, Worded, lay},
    faults::Faults,
    folder::Folders,
};

/// What anybody may ask for: a service of Open311 `GeoReport` v2.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Service code.
    pub code: Code,
    /// Category of the appeals that arrive by it; never a sensitive one.
    pub category: Code,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Group of services.
    pub group: String,
    /// Words to find it by, between commas.
    pub keywords: String,
    /// How the answer arrives.
    pub kind: Timing,
    /// What is asked for.
    pub attributes: Vec<Attribute>,
}

/// How the answer to a request arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// The number comes at once.
    Realtime,
    /// A token comes at once, the number later.
    Batch,
    /// Nothing comes back.
    Blackbox,
}

impl Timing {
    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Batch => "batch",
            Self::Blackbox => "blackbox",
        }
    }
}

/// One question of a service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Whether an answer is expected; otherwise the text is only shown.
    pub variable: bool,
    /// Code.
    pub code: Code,
    /// What may be answered.
    pub datatype: Datatype,
    /// Whether the request is refused without it.
    pub required: bool,
    /// Place in the form, from 1.
    pub order: u32,
    /// The question.
    pub description: String,
    /// Help for the answer.
    pub datatype_description: String,
    /// Answers to choose from; empty for free answers.
    pub values: Vec<Answer>,
}

/// One answer to choose.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Stored value.
    pub key: String,
    /// Words shown.
    pub name: String,
}

/// What may be answered to a question of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datatype {
    /// One line.
    String,
    /// A number.
    Number,
    /// Date and time.
    DateTime,
    /// Several lines.
    Text,
    /// One of the values.
    SingleValueList,
    /// Some of the values.
    MultiValueList,
}

impl Datatype {
    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::DateTime => "datetime",
            Self::Text => "text",
            Self::SingleValueList => "singlevaluelist",
            Self::MultiValueList => "multivaluelist",
        }
    }

    fn is_list(self) -> bool {
        matches!(self, Self::SingleValueList | Self::MultiValueList)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffer {
    category: Code,
    name: String,
    description: String,
    group: String,
    keywords: String,
    #[serde(rename = "type")]
    kind: Timing,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

impl Worded for RawOffer {}

/// The services; a pack may have none.
pub(crate) fn services(folders: &Folders, faults: &mut Faults) -> Vec<Entry<Offer>> {
    let mut services = Vec::new();
    for file in folders.files("open311.toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        lay(&mut services, document.list::<RawOffer>("service", faults));
        document.end(faults);
    }
    let service = |Entry { code, at, value: raw }: Entry<RawOffer>| {
        let RawOffer { category, name, description, group, keywords, kind, attributes } = raw;
        let value = Offer {
            code: code.clone(),
            category,
            name,
            description,
            group,
            keywords,
            kind,
            attributes,
        };
        Entry { code, at, value }
    };
    let services: Vec<_> = services.into_iter().map(service).collect();
    for Entry { code, at, value } in &services {
        for one in value.attributes.iter().filter(|a| a.datatype.is_list() == a.values.is_empty()) {
            let what = format!("the values of `{}` in service `{code}` do not fit", one.code);
            faults.add(at, what, "give values for a value list, and for nothing else");
        }
    }
    services
}
