//! Fills in the forms of a demonstration: something plausible for every field that an action asks
//! for, so that any workflow of a pack can be walked without knowing it.

use super::{dice::Dice, texts::Texts};
use domain::{
    field::{Field, FieldKind, Meaning, Raw},
    figure::Period,
    pack::{Level, Pack},
    workflow::{FieldUse, Guard, Workflow},
};
use jiff::{ToSpan, civil::Date};

/// What a form is about.
pub struct About<'a> {
    /// The city.
    pub pack: &'a Pack,
    /// Invented words.
    pub texts: &'a Texts,
    /// The workflow.
    pub flow: &'a Workflow,
    /// The day of the form.
    pub today: Date,
    /// Category of the case; may be empty.
    pub category: &'a str,
    /// Region of the case.
    pub place: &'a str,
}

impl About<'_> {
    /// Fills the required fields of an action, after what is `said` already.
    pub fn fill(
        &self,
        action: &str,
        (uses, guards): (&[FieldUse], &[Guard]),
        mut said: Raw,
        dice: &mut Dice,
    ) -> Raw {
        for one in uses.iter().filter(|u| u.required) {
            let Some(field) = self.flow.fields.get(&one.code) else { continue };
            if said.contains_key(&one.code) {
                continue;
            }
            let wanted = guards.iter().find_map(|guard| match guard {
                Guard::FieldIn { field, values } if *field == one.code => dice.pick(values),
                _ => None,
            });
            let values = match wanted {
                Some(value) => vec![value.clone()],
                None => self.values(action, field, dice),
            };
            said.insert(one.code.clone(), values);
        }
        said
    }

    fn values(&self, action: &str, field: &Field, dice: &mut Dice) -> Vec<String> {
        let pack = self.pack;
        let one = match &field.kind {
            FieldKind::Line { max } | FieldKind::Text { max } => {
                self.text(action, field, dice).chars().take(*max).collect()
            }
            FieldKind::Choice(options) => {
                // The first option is the usual one.
                let usual = options.first().filter(|_| dice.percent(60));
                let one = usual.or_else(|| dice.pick(options));
                one.map(|o| o.value.clone()).unwrap_or_default()
            }
            FieldKind::Choices(options) => {
                return dice.pick(options).map(|o| o.value.clone()).into_iter().collect();
            }
            FieldKind::Channel => "call".to_owned(),
            FieldKind::Category => self.category.to_owned(),
            FieldKind::Grade => "orange".to_owned(),
            FieldKind::Place => self.place.to_owned(),
            FieldKind::Unit => self.unit("wf").unwrap_or_default(),
            FieldKind::Units => {
                let kinds = ["justice", "civil", "police", "education", "health"];
                let kind = dice.pick(&kinds).copied().unwrap_or("civil");
                return self.unit(kind).into_iter().collect();
            }
            FieldKind::Case => String::new(),
            FieldKind::Date => {
                let days = i64::try_from(dice.below(40)).unwrap_or(0) + 7;
                self.today.saturating_add(days.days()).to_string()
            }
            FieldKind::Time => "09:00".to_owned(),
            FieldKind::Number { min, max } => number(*min, *max, dice).to_string(),
            FieldKind::Flag => "yes".to_owned(),
            FieldKind::Figure => {
                pack.figures.iter().next().map(|f| f.code.clone()).unwrap_or_default()
            }
            FieldKind::Form => pack.forms.keys().next().cloned().unwrap_or_default(),
            FieldKind::Period => {
                let back = i64::try_from(dice.below(18)).unwrap_or(0);
                Period::month(self.today.saturating_sub(back.months())).code()
            }
            // Which records were drawn is known only to the case.
            FieldKind::Figures | FieldKind::Sample => return Vec::new(),
            FieldKind::Risk => {
                return pack.risk.questions.iter().map(|q| format!("{}=no", q.code)).collect();
            }
        };
        vec![one]
    }

    /// A unit of the county.
    fn unit(&self, kind: &str) -> Option<String> {
        self.pack.units.nearest(kind, self.place, Level::County).map(|u| u.code.clone())
    }

    fn text(&self, action: &str, field: &Field, dice: &mut Dice) -> String {
        let kind = match (field.code.as_str(), field.meaning) {
            (_, Meaning::Name) => return self.texts.name("female_middle", dice),
            (_, Meaning::Phone) => return self.texts.phone(dice),
            (_, Meaning::Address) => return self.pack.regions.full_name(self.place),
            ("body", _) => {
                let unit = self.unit("hrss").and_then(|u| self.pack.units.get(&u));
                return unit.map_or_else(String::new, |u| u.name.clone());
            }
            (_, Meaning::Answer) | ("where_to_go", _) => "reply",
            ("opinion" | "finding" | "check_note", _) => "opinion",
            ("visit_note" | "safety_check", _) => "visit_note",
            ("instruction" | "rectify_what", _) => "supervision_note",
            ("reason", _) if action.contains("extension") => "extension_reason",
            ("reason", _) if action.contains("return") => "return_reason",
            _ => "note",
        };
        self.texts.reply(self.category, kind, dice)
    }
}

/// Scores are good, numbers of people and days moderate.
fn number(min: i64, max: i64, dice: &mut Dice) -> i64 {
    let lot = i64::try_from(dice.below(20)).unwrap_or(0);
    let value = match (min, max) {
        (0, 100) => 78 + lot,
        (0, _) => 20 + lot,
        (_, 0..=40) => 5 + lot / 2,
        _ => 40 + lot,
    };
    value.clamp(min, max)
}
