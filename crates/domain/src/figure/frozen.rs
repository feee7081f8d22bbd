//! Numbers that somebody stood for: what a figure said at one instant, with the records behind it.
//!
//! Invariant: what is frozen is never written again. A later change of the records is told beside
//! it, and a later freezing of the same number stands after it as a revision.

use super::{period::Period, promise::Promise, sampling::Sitting};
use crate::{
    case::{Case, Fact, Stamp},
    decide::{Ctx, Draft},
    field::Checked,
    pack::Pack,
    press,
    refusal::Refusal,
    workflow::{Code, Effect},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is asked for: a figure for a unit and a period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The figure.
    pub figure: Code,
    /// The unit; it stands for everything below it too.
    pub unit: Code,
    /// The period.
    pub period: Period,
}

/// A number as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Figure.
    #[serde(rename = "f")]
    pub figure: Code,
    /// Unit.
    #[serde(rename = "u")]
    pub unit: Code,
    /// Period, as an address writes it.
    #[serde(rename = "p")]
    pub period: String,
    /// Versions of the definition that had a part in it.
    #[serde(rename = "v")]
    pub versions: Vec<u32>,
    /// How many or how much; none where nothing was counted, which is not zero.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// Records of which nobody said how much, or whom nothing tells apart.
    #[serde(rename = "k", default, skip_serializing_if = "is_zero")]
    pub unknown: i64,
    /// Records behind it.
    #[serde(rename = "r")]
    pub records: u64,
    /// SHA-256 over the list of the records, in hexadecimal.
    #[serde(rename = "h")]
    pub digest: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

/// Numbers that were frozen by one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freezing {
    /// When.
    pub at: Timestamp,
    /// By which action.
    pub action: Code,
    /// The numbers.
    pub values: Vec<Frozen>,
    /// What was looked at of the records behind them, in order; of a record only the last time.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub looked: Vec<Sitting>,
}

impl Asked {
    /// How it is written in a field: figure, unit and period.
    pub fn code(&self) -> String {
        format!("{} {} {}", self.figure, self.unit, self.period.code())
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(code: &str) -> Option<Self> {
        let mut parts = code.split(' ');
        let (figure, unit) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let period = Period::parse(parts.next()?)?;
        parts.next().is_none().then_some(Self { figure, unit, period })
    }

    /// Whether the city knows its figure and its unit.
    pub fn is_known(&self, pack: &Pack) -> bool {
        pack.figures.get(&self.figure).is_some() && pack.units.get(&self.unit).is_some()
    }
}

impl Frozen {
    /// Whether this is the number that was asked for.
    pub fn answers(&self, asked: &Asked) -> bool {
        self.figure == asked.figure && self.unit == asked.unit && self.period == asked.period.code()
    }

    /// What it was asked as.
    pub fn asked(&self) -> Option<Asked> {
        let (figure, unit) = (self.figure.clone(), self.unit.clone());
        Some(Asked { figure, unit, period: Period::parse(&self.period)? })
    }
}

/// The numbers that an effect freezes: those named in a field, or those of a form or one figure for
/// the unit that handles the case. Empty for every other effect.
pub fn asked(pack: &Pack, case: &Case, given: &Checked, effect: &Effect) -> Vec<Asked> {
    let value = |field: &str| given.coded.get(field).or_else(|| case.coded.get(field));
    match effect {
        Effect::Freeze(field) => {
            let all = value(field).map_or(&[][..], |v| v.all());
            all.iter().filter_map(|code| Asked::parse(code)).collect()
        }
        Effect::FreezeForm { form, period } => {
            let form = value(form).and_then(|v| pack.forms.get(v.one()));
            let period = value(period).and_then(|v| Period::parse(v.one()));
            let (Some(form), Some(period)) = (form, period) else { return Vec::new() };
            let unit = case.handling.as_ref().unwrap_or(&case.unit);
            form.asked(unit, period)
        }
        Effect::Fill(fill) => {
            let text = given.texts.get(&fill.body).map_or("", String::as_str);
            press::asked(pack, press::releasing(case), text)
        }
        Effect::FreezeFigure { figure, period } => {
            let period = value(period).and_then(|v| Period::parse(v.one()));
            let (Some(figure), Some(period)) = (value(figure), period) else { return Vec::new() };
            let unit = case.handling.as_ref().unwrap_or(&case.unit).clone();
            vec![Asked { figure: figure.one().to_owned(), unit, period }]
        }
        _ => Vec::new(),
    }
}

impl Case {
    /// Numbers that somebody stood for, and what was promised of them.
    pub(crate) fn stand_for(&mut self, stamp: &Stamp, fact: &Fact) {
        match fact {
            Fact::Froze { values } => self.frozen.push(Freezing {
                at: stamp.at,
                action: self.deeds.last().map(|d| d.action.clone()).unwrap_or_default(),
                values: values.clone(),
                looked: Vec::new(),
            }),
            Fact::Looked { freezing, looks } => {
                let sitting =
                    Sitting { by: stamp.by.clone(), deed: self.deeds.len(), looks: looks.clone() };
                if let Some(frozen) = self.frozen.get_mut(*freezing) {
                    frozen.look(sitting);
                }
            }
            Fact::Promised { target } => {
                self.promises.push(Promise { since: stamp.day, target: target.clone() });
            }
            _ => {}
        }
    }
}

/// Freezes numbers, all of them or none: a report that leaves one out would be another report.
pub(crate) fn freeze(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    effect: &Effect,
) -> Result<(), Refusal> {
    let wanted = asked(ctx.pack, &draft.case, given, effect);
    let found = |one| ctx.frozen.iter().find(|f| f.answers(one)).cloned();
    let values: Option<Vec<Frozen>> = wanted.iter().map(found).collect();
    let values = values.filter(|v| !v.is_empty()).ok_or(Refusal::NothingCounted)?;
    draft.push(Fact::Froze { values });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_again() {
        let asked = Asked::parse("appeals_received 370100-wf 2024-03").expect("asked");
        assert_eq!(asked.code(), "appeals_received 370100-wf 2024-03");
        for wrong in ["", "a", "a b", "a b 2024-13", "a b 2024 c"] {
            assert_eq!(Asked::parse(wrong), None, "{wrong}");
        }
    }
}
