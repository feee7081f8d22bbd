//! Fields that actions ask for, and the check of what was typed into them.
//!
//! Text goes to the sealed dossier and never into events; everything else is a code that an
//! event may carry. The check decides which is which, once, at the edge.

use crate::{
    contact,
    figure::{Asked, Look, Period},
    pack::Pack,
    workflow::{Code, FieldUse, Locus, Workflow},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A field of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Stable code.
    pub code: Code,
    /// Label.
    #[serde(rename = "~label")]
    pub label: String,
    /// English label.
    #[serde(rename = "~en")]
    pub en: String,
    /// One sentence of help.
    #[serde(rename = "~help")]
    pub help: String,
    /// The same in English.
    #[serde(rename = "~help_en", default)]
    pub help_en: String,
    /// What may be typed.
    pub kind: FieldKind,
    /// What the words of a text field are, for search and duplicates.
    pub meaning: Meaning,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// What may be typed into a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line of free text, sealed.
    Line {
        /// The most characters.
        max: usize,
    },
    /// Free text of several lines, sealed.
    Text {
        /// The most characters.
        max: usize,
    },
    /// One of the options.
    Choice(Vec<Choice>),
    /// Any of the options.
    Choices(Vec<Choice>),
    /// One of the channels of the pack.
    Channel,
    /// One of the categories of the pack.
    Category,
    /// One of the risk grades of the pack.
    Grade,
    /// A region code.
    Place,
    /// A unit code.
    Unit,
    /// Several unit codes.
    Units,
    /// The number of another case.
    Case,
    /// A civil date.
    Date,
    /// A time of day, stored as `09:30`.
    Time,
    /// A whole number within bounds.
    Number {
        /// Smallest accepted value.
        min: i64,
        /// Largest accepted value.
        max: i64,
    },
    /// Yes or no.
    Flag,
    /// Answers to the risk questions.
    Risk,
    /// One of the forms of figures.
    Form,
    /// A month or a year.
    Period,
    /// Numbers: figure, unit and period of each.
    Figures,
    /// One of the figures of the pack.
    Figure,
    /// Records of a sample, each with what was found.
    Sample,
}

impl FieldKind {
    /// Whether the content is sealed and kept out of events.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Line { .. } | Self::Text { .. })
    }

    /// Whether this is one of the options.
    pub fn offers(&self, value: &str) -> bool {
        self.place_of(value).is_some()
    }

    /// Where it stands among the options.
    pub fn place_of(&self, value: &str) -> Option<usize> {
        match self {
            Self::Choice(options) | Self::Choices(options) => {
                options.iter().position(|option| option.value == value)
            }
            _ => None,
        }
    }
}

/// One option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Stored value.
    pub value: String,
    /// Words shown.
    #[serde(rename(serialize = "~label"), alias = "~label")]
    pub label: String,
    /// English words.
    #[serde(rename(serialize = "~en"), alias = "~en", default)]
    pub en: String,
}

/// What a text field holds, so that it can be searched, compared or masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Part of the story.
    #[default]
    Story,
    /// A short line that stands for the story in lists.
    Summary,
    /// A person's name.
    Name,
    /// A telephone number.
    Phone,
    /// A resident identity number.
    IdNumber,
    /// Where somebody lives or something happened.
    Address,
    /// How the person may be reached without danger.
    SafeContact,
    /// What the unit answers to the resident.
    Answer,
    /// The number that a partner gave to the matter.
    ExternalNumber,
    /// Who reported it, where that is somebody else than the person concerned; kept from whoever
    /// handles it.
    Reporter,
    /// What staff need from one another to work: reasons, instructions, feedback.
    Work,
    /// What is written for everybody; it is read by everybody once it is approved.
    Public,
}

impl Meaning {
    /// Whether it tells who somebody is or where they are.
    pub fn is_personal(self) -> bool {
        match self {
            Self::Name
            | Self::Phone
            | Self::IdNumber
            | Self::Address
            | Self::SafeContact
            | Self::Reporter => true,
            Self::Story
            | Self::Summary
            | Self::Answer
            | Self::ExternalNumber
            | Self::Work
            | Self::Public => false,
        }
    }
}

/// A checked value that an event may carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// One code, date or number.
    One(String),
    /// Several codes.
    Many(Vec<String>),
}

impl Value {
    /// The single value, or the first of several.
    pub fn one(&self) -> &str {
        match self {
            Self::One(v) => v,
            Self::Many(v) => v.first().map_or("", String::as_str),
        }
    }

    /// All values.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(v) => std::slice::from_ref(v),
            Self::Many(v) => v,
        }
    }
}

/// What was typed, before the check: field code → values.
pub type Raw = BTreeMap<Code, Vec<String>>;

/// What was typed, after the check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Codes that events may carry.
    pub coded: BTreeMap<Code, Value>,
    /// Text that must be sealed.
    pub texts: BTreeMap<Code, String>,
}

/// Why a field was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// Field code.
    pub field: Code,
    /// Label, to be put into the sentence.
    pub label: String,
    /// The same in English.
    pub label_en: String,
    /// The reason.
    pub why: Why,
}

impl FieldFault {
    /// A fault of a field that the workflow knows.
    pub fn of(field: &Field, why: Why) -> Self {
        let Field { code, label, en, .. } = field;
        Self { field: code.clone(), label: label.clone(), label_en: en.clone(), why }
    }

    /// A fault of something that has no label but its code.
    pub fn bare(code: &str, why: Why) -> Self {
        let [field, label, label_en] = [code; 3].map(str::to_owned);
        Self { field, label, label_en, why }
    }
}

/// Reasons for refusing a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing was given.
    Missing,
    /// More than `max` characters.
    TooLong {
        /// The most characters.
        max: usize,
    },
    /// Not one of the options.
    NotAnOption,
    /// Not a date of the form 2026-01-31.
    NotADate,
    /// Not a time of day of the form 09:30.
    NotATime,
    /// Not a whole number between the bounds.
    NotANumber {
        /// Smallest accepted value.
        min: i64,
        /// Largest accepted value.
        max: i64,
    },
    /// Not a telephone number.
    NotAPhone,
    /// The action does not ask for this field.
    Unknown,
    /// Control characters or the like.
    Unreadable,
}

/// Checks what was typed for the fields that an action or opening uses.
///
/// # Errors
/// One fault for each field that cannot be accepted.
pub fn check(
    pack: &Pack,
    workflow: &Workflow,
    uses: &[FieldUse],
    raw: &Raw,
) -> Result<Checked, Vec<FieldFault>> {
    let mut checked = Checked::default();
    let mut faults = Vec::new();
    for code in raw.keys().filter(|k| !uses.iter().any(|u| u.code == **k)) {
        faults.push(FieldFault::bare(code, Why::Unknown));
    }
    for one in uses {
        let Some(field) = workflow.fields.get(&one.code) else { continue };
        let given: Vec<&str> = raw
            .get(&one.code)
            .map(|v| v.iter().map(|s| s.trim()).filter(|s| !s.is_empty()).collect())
            .unwrap_or_default();
        let fault = |why| FieldFault::of(field, why);
        if given.is_empty() {
            if one.required {
                faults.push(fault(Why::Missing));
            }
            continue;
        }
        if field.kind.is_text() {
            match check_text(field, &given.join("\n")) {
                Ok(text) => drop(checked.texts.insert(field.code.clone(), text)),
                Err(why) => faults.push(fault(why)),
            }
        } else {
            match check_coded(pack, &field.kind, &given) {
                Ok(value) => drop(checked.coded.insert(field.code.clone(), value)),
                Err(why) => faults.push(fault(why)),
            }
        }
    }
    faults.extend(period_fault(pack, workflow, &checked));
    faults.extend(figure_fault(pack, workflow, &checked));
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

/// A month for a form of months, a year for one of years; a target is for a year.
fn period_fault(pack: &Pack, workflow: &Workflow, checked: &Checked) -> Option<FieldFault> {
    let of = |kind: FieldKind| {
        let mut given = checked.coded.iter().filter_map(|(code, value)| {
            Some((workflow.fields.get(code).filter(|f| f.kind == kind)?, value.one()))
        });
        given.next()
    };
    let (field, period) = of(FieldKind::Period)?;
    let period = Period::parse(period)?;
    let fits = match of(FieldKind::Form) {
        Some((_, form)) => pack.forms.get(form)?.every.takes(period),
        None if of(FieldKind::Figure).is_some() => matches!(period, Period::Year(_)),
        None => true,
    };
    (!fits).then(|| FieldFault::of(field, Why::NotAnOption))
}

/// A workflow that promises something may name any figure, every other one only those that count it.
fn figure_fault(pack: &Pack, workflow: &Workflow, checked: &Checked) -> Option<FieldFault> {
    let stray = |code: &Code, value: &Value| {
        let field = workflow.fields.get(code).filter(|f| f.kind == FieldKind::Figure)?;
        let figure = pack.figures.get(value.one())?;
        (!figure.may_be_named_by(workflow)).then(|| FieldFault::of(field, Why::NotAnOption))
    };
    checked.coded.iter().find_map(|(code, value)| stray(code, value))
}

fn check_text(field: &Field, text: &str) -> Result<String, Why> {
    let max = match field.kind {
        FieldKind::Line { max } | FieldKind::Text { max } => max,
        _ => 0,
    };
    // Four bytes a character at most, so the length in bytes refuses huge input cheaply.
    if text.len() > max * 4 || text.chars().count() > max {
        return Err(Why::TooLong { max });
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Why::Unreadable);
    }
    if field.meaning == Meaning::Phone {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let odd = text.chars().any(|c| !(c.is_ascii_digit() || " +-()（）转".contains(c)));
        if odd || !(3..=20).contains(&digits) {
            return Err(Why::NotAPhone);
        }
    }
    Ok(text.replace("\r\n", "\n"))
}

fn check_coded(pack: &Pack, kind: &FieldKind, given: &[&str]) -> Result<Value, Why> {
    let most = match kind {
        FieldKind::Figures | FieldKind::Sample => 200,
        FieldKind::Units | FieldKind::Risk | FieldKind::Choices(_) => 64,
        _ => 1,
    };
    let many = most > 1;
    if given.len() > most {
        return Err(Why::NotAnOption);
    }
    for value in given {
        check_one(pack, kind, value)?;
    }
    Ok(if many {
        Value::Many(given.iter().map(ToString::to_string).collect())
    } else if *kind == FieldKind::Time {
        let minutes = given.first().and_then(|t| contact::minutes(t)).unwrap_or_default();
        Value::One(format!("{:02}:{:02}", minutes / 60, minutes % 60))
    } else {
        Value::One(given.first().copied().unwrap_or_default().to_owned())
    })
}

fn check_one(pack: &Pack, kind: &FieldKind, value: &str) -> Result<(), Why> {
    let known = match kind {
        FieldKind::Choice(options) | FieldKind::Choices(options) => {
            options.iter().any(|o| o.value == value)
        }
        FieldKind::Channel => pack.channels.contains_key(value),
        FieldKind::Category => pack.categories.contains_key(value),
        FieldKind::Grade => pack.risk.grades.iter().any(|g| g.code == value),
        FieldKind::Place => pack.regions.get(value).is_some(),
        FieldKind::Unit | FieldKind::Units => pack.units.get(value).is_some(),
        FieldKind::Case => {
            value.len() <= 40 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        }
        FieldKind::Flag => matches!(value, "yes" | "no"),
        FieldKind::Risk => value.split_once('=').is_some_and(|(q, a)| {
            pack.risk.question(q).is_some() && matches!(a, "yes" | "no" | "unknown")
        }),
        FieldKind::Form => pack.forms.contains_key(value),
        FieldKind::Period => Period::parse(value).is_some(),
        FieldKind::Figure => pack.figures.get(value).is_some(),
        FieldKind::Figures => Asked::parse(value).is_some_and(|asked| asked.is_known(pack)),
        FieldKind::Sample => Look::parse(value).is_some(),
        FieldKind::Date => {
            return value.parse::<jiff::civil::Date>().map(drop).map_err(|_| Why::NotADate);
        }
        FieldKind::Time => return contact::minutes(value).map(drop).ok_or(Why::NotATime),
        FieldKind::Number { min, max } => {
            let ok = value.parse::<i64>().is_ok_and(|n| (*min..=*max).contains(&n));
            return if ok { Ok(()) } else { Err(Why::NotANumber { min: *min, max: *max }) };
        }
        FieldKind::Line { .. } | FieldKind::Text { .. } => false,
    };
    if known { Ok(()) } else { Err(Why::NotAnOption) }
}
