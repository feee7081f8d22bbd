//! What a release said: a text whose places were filled with numbers that were frozen with their
//! records. Decides that a text which is not true of its numbers is not signed.
//!
//! Invariant: an edition is never written again. What was signed stays with its signature, and a
//! correction is another edition after it.

use super::{
    claims::Claim,
    compose::{Composed, Counted, Material, Need, Refused, compose, compose_english},
    fit::Setting,
    hiding::Rule,
    place::Template,
    split::{Number, Parts, Scene, Spot, Told},
};
use crate::{
    case::Stamp,
    case::{Case, Fact},
    decide::{Ctx, Draft},
    field::Checked,
    figure::{Asked, Frozen, Period},
    pack::{Level, Pack},
    refusal::Refusal,
    workflow::{Code, Effect},
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name under which the register of claims, as it was when a text was signed, stands beside it.
pub const CLAIMS: &str = "signed_claims";
/// The name under which the digest of a signed text stands beside it.
pub const DIGEST: &str = "signed_digest";

/// Where a workflow keeps the text that is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// Its headline.
    pub title: Code,
    /// The text with places.
    pub body: Code,
    /// The English text, which may be left out.
    pub english: Code,
    /// The day on which it goes out.
    pub day: Code,
    /// What an entry of the register of claims says.
    pub says: Code,
    /// The paper that shows it.
    pub evidence: Code,
    /// The last day on which it may be said.
    pub until: Code,
    /// The action by which another person checks text and register.
    pub check: Code,
}

/// A place of a signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// The place, without its brackets.
    #[serde(rename = "p")]
    pub place: String,
    /// What stands there.
    #[serde(rename = "s")]
    pub said: String,
    /// The same in English, without the counting word.
    #[serde(rename = "e")]
    pub english: String,
    /// Which of the numbers that were frozen with it.
    #[serde(rename = "n")]
    pub number: usize,
    /// Which of them is the whole of which this is a part.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<usize>,
}

/// A number of a signed text by the units below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Which of the numbers that were frozen with it.
    #[serde(rename = "n")]
    pub number: usize,
    /// The part of each unit.
    #[serde(rename = "p")]
    pub parts: Parts,
}

/// A signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// When it was signed.
    pub at: Timestamp,
    /// The day on which it goes out.
    pub day: Date,
    /// Which freezing of the case holds its numbers; none when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freezing: Option<usize>,
    /// SHA-256 over headline and texts, in hexadecimal.
    pub digest: String,
    /// Its places, in order.
    pub places: Vec<Filled>,
    /// Its numbers by the units below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// When it went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
}

/// A number that two editions say differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The place, without its brackets and without how it is said.
    pub of: String,
    /// What the earlier edition said; nothing when it did not say the number.
    pub before: String,
    /// What the later one says; nothing when it says the number no more.
    pub after: String,
}

impl Filled {
    /// Figure, period and unit: what is counted, however it is said.
    fn of(&self) -> String {
        let template = Template::parse(&format!("{{{}}}", self.place)).ok();
        let place = template.and_then(|t| t.places().next().cloned());
        place.map_or_else(
            || self.place.clone(),
            |place| {
                let unit = place.unit.unwrap_or_default();
                let whole = place.whole.map(|whole| format!("/{whole}")).unwrap_or_default();
                format!("{}{whole} {} {unit}", place.figure, place.period.code()).trim().to_owned()
            },
        )
    }
}

impl Edition {
    /// The text with the numbers that were signed; none when the words are not those that were.
    pub fn text(&self, template: &str) -> Option<String> {
        let template = Template::parse(template).ok()?;
        let mut places = self.places.iter();
        template.fill(|place| {
            let next = places.next().filter(|filled| filled.place == place.code());
            next.map(|filled| filled.said.clone())
        })
    }

    /// The same in English.
    pub fn english(&self, template: &str) -> Option<String> {
        let template = Template::parse(template).ok()?;
        template.fill(|place| {
            let code = place.code();
            let same = self.places.iter().find(|filled| filled.place == code);
            same.map(|filled| filled.english.clone())
        })
    }

    /// All that it tells of figures, on the day of its signature: its numbers, and their parts; each with
    /// its figure.
    pub fn told(&self, values: &[Frozen], on: Date) -> Vec<(Code, Told)> {
        let mut told = Vec::new();
        for (n, value) in values.iter().enumerate() {
            let Some(period) = Period::parse(&value.period) else { continue };
            let mut one = |spot: Spot, amount: Option<i64>| {
                told.push((value.figure.clone(), Told { spot, period, on, amount }));
            };
            one(Spot { unit: value.unit.clone(), own: false }, value.amount);
            for (unit, amount) in
                self.tables.iter().filter(|t| t.number == n).flat_map(|t| &t.parts)
            {
                one(Spot { own: *unit == value.unit, unit: unit.clone() }, *amount);
            }
        }
        told
    }

    /// What this edition says otherwise than an earlier one.
    pub fn differences(&self, before: &Self) -> Vec<Difference> {
        let by = |edition: &Self| -> BTreeMap<String, String> {
            edition.places.iter().map(|filled| (filled.of(), filled.said.clone())).collect()
        };
        let (old, new) = (by(before), by(self));
        let mut all: Vec<&String> = old.keys().chain(new.keys()).collect();
        all.sort();
        all.dedup();
        let said =
            |of: &BTreeMap<String, String>, key: &str| of.get(key).cloned().unwrap_or_default();
        all.into_iter()
            .map(|key| Difference {
                of: key.clone(),
                before: said(&old, key),
                after: said(&new, key),
            })
            .filter(|difference| difference.before != difference.after)
            .collect()
    }
}

/// The unit that releases a text: the one that wrote it, whoever checks and signs it.
pub fn releasing(case: &Case) -> &str {
    case.handling.as_ref().unwrap_or(&case.unit)
}

/// The number that a place needs, with its unit: the one that releases the text, where it names none.
pub fn asked_for(need: &Need, own: &str) -> Asked {
    let unit = need.unit.clone().unwrap_or_else(|| own.to_owned());
    Asked { figure: need.figure.clone(), unit, period: need.period }
}

/// The numbers that a text needs, whose figures and units are known.
pub fn asked(pack: &Pack, unit: &str, text: &str) -> Vec<Asked> {
    let needs = Template::parse(text).map(|template| template.needs()).unwrap_or_default();
    let asked = needs.iter().map(|need| asked_for(need, unit));
    asked.filter(|asked| asked.is_known(pack)).collect()
}

/// What was frozen, as the press asks for it.
pub fn numbers(frozen: &[Frozen], own: &str) -> BTreeMap<Need, Counted> {
    let mut numbers = BTreeMap::new();
    for one in frozen {
        let Some(period) = Period::parse(&one.period) else { continue };
        let counted =
            Counted { amount: one.amount, unknown: one.unknown, versions: one.versions.clone() };
        let need = |unit| Need { figure: one.figure.clone(), period, unit };
        if one.unit == own {
            numbers.insert(need(None), counted.clone());
        }
        numbers.insert(need(Some(one.unit.clone())), counted);
    }
    numbers
}

/// What an effect of the press does; nothing for any other.
///
/// # Errors
/// When there is no text, or it is not true of its numbers.
pub(crate) fn release(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    effect: &Effect,
) -> Result<(), Refusal> {
    match effect {
        Effect::Fill(wanted) => fill(ctx, draft, given, wanted),
        Effect::Publish => publish(draft),
        Effect::Withdraw => withdraw(draft),
        _ => Ok(()),
    }
}

/// Freezes the numbers of a text and fills them in; refuses a text that is not true of them.
fn fill(ctx: Ctx<'_>, draft: &mut Draft, given: &Checked, fill: &Fill) -> Result<(), Refusal> {
    let text = |field: &str| given.texts.get(field).map_or("", String::as_str);
    let coded = |field: &str| given.coded.get(field).or_else(|| draft.case.coded.get(field));
    let day = coded(&fill.day).and_then(|value| value.one().parse::<Date>().ok());
    let body = text(&fill.body);
    let day = day.filter(|_| !body.trim().is_empty()).ok_or(Refusal::NoText)?;
    let register: Vec<Claim> = text(CLAIMS).lines().filter_map(Claim::parse).collect();

    let own = releasing(&draft.case).to_owned();
    let asked = asked(ctx.pack, &own, body);
    let values = asked.iter().filter_map(|one| ctx.frozen.iter().find(|f| f.answers(one)));
    let values: Vec<Frozen> = values.cloned().collect();
    let material = Material {
        setting: Setting::of(ctx.pack, day).by(&own),
        numbers: &numbers(&values, &own),
        register: &register,
    };
    let composed = compose(body, &material).map_err(Refusal::Press)?;
    let english = text(&fill.english);
    compose_english(english, &composed).map_err(Refusal::Press)?;
    let places = places(&composed, &values, &own);
    let tables = tables(ctx, &values).map_err(Refusal::Press)?;
    if !values.is_empty() {
        draft.push(Fact::Froze { values });
    }
    draft.push(Fact::Filled { day, digest: text(DIGEST).to_owned(), places, tables });
    Ok(())
}

/// The numbers by the units below, so that nobody finds in them, or in all that went out before, what
/// is kept back.
fn tables(ctx: Ctx<'_>, values: &[Frozen]) -> Result<Vec<Table>, Vec<Refused>> {
    let press = &ctx.pack.press;
    let rule = Rule { small_below: press.small_below, width: press.hidden_width };
    let (mut tables, mut refused) = (Vec::new(), Vec::new());
    for past in ctx.told {
        let Some(figure) = ctx.pack.figures.get(&past.figure) else { continue };
        let today = ctx.pack.date_of(ctx.now);
        let scene = Scene { figure, units: &ctx.pack.units, rule, past, today };
        let mine = values.iter().enumerate().filter(|(_, value)| value.figure == past.figure);
        let mine: Vec<(usize, Number<'_>)> = mine
            .filter_map(|(n, value)| {
                let period = Period::parse(&value.period)?;
                let level = ctx.pack.units.get(&value.unit)?.level;
                let splits = value.amount.is_some() && value.unknown == 0 && level < Level::Town;
                Some((n, Number { unit: &value.unit, period, splits }))
            })
            .collect();
        let numbers: Vec<Number<'_>> = mine.iter().map(|(_, number)| *number).collect();
        match scene.split(&numbers) {
            Ok(parts) => tables.extend(mine.iter().zip(parts).filter_map(|((n, _), parts)| {
                Some(Table { number: *n, parts: parts.filter(|parts| parts.len() > 1)? })
            })),
            Err(_) => refused.push(Refused::Reveals { figure: past.figure.clone() }),
        }
    }
    if refused.is_empty() { Ok(tables) } else { Err(refused) }
}

fn places(composed: &Composed, values: &[Frozen], own: &str) -> Vec<Filled> {
    let mut places: Vec<Filled> = Vec::new();
    for statement in &composed.statements {
        let place = &statement.place;
        let number = |figure: &Code| {
            let unit = place.unit.clone();
            let need = Need { figure: figure.clone(), period: place.period, unit };
            values.iter().position(|value| value.answers(&asked_for(&need, own)))
        };
        let code = place.code();
        let Some(n) = number(&place.figure) else { continue };
        places.push(Filled {
            place: code,
            said: statement.text.clone(),
            english: statement.english(),
            number: n,
            whole: place.whole.as_ref().and_then(number),
        });
    }
    places
}

/// The text that was signed last goes out.
fn publish(draft: &mut Draft) -> Result<(), Refusal> {
    let waits = draft.case.editions.last().is_some_and(|last| last.published.is_none());
    if !waits {
        return Err(Refusal::NoText);
    }
    draft.push(Fact::Published);
    Ok(())
}

/// What went out is taken back.
fn withdraw(draft: &mut Draft) -> Result<(), Refusal> {
    if !draft.case.editions.iter().any(|edition| edition.published.is_some()) {
        return Err(Refusal::NoText);
    }
    draft.push(Fact::Withdrawn);
    Ok(())
}

impl Case {
    /// What a fact of frozen numbers, or of the press, changes.
    pub(crate) fn edit(&mut self, stamp: &Stamp, fact: &Fact) {
        match fact {
            Fact::Filled { day, digest, places, tables } => self.editions.push(Edition {
                at: stamp.at,
                day: *day,
                freezing: (!places.is_empty()).then(|| self.frozen.len().saturating_sub(1)),
                digest: digest.clone(),
                places: places.clone(),
                tables: tables.clone(),
                published: None,
                withdrawn: None,
            }),
            Fact::Published => {
                if let Some(last) = self.editions.last_mut() {
                    last.published = Some(stamp.at);
                }
            }
            Fact::Withdrawn => {
                for edition in self.editions.iter_mut().filter(|e| e.published.is_some()) {
                    edition.withdrawn.get_or_insert(stamp.at);
                }
            }
            _ => {}
        }
    }

    /// What has gone out, in order.
    pub fn published(&self) -> impl Iterator<Item = &Edition> {
        self.editions.iter().filter(|edition| edition.published.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(place: &str, said: &str) -> Filled {
        let (place, said) = (place.to_owned(), said.to_owned());
        Filled { place, english: format!("e{said}"), said, number: 0, whole: None }
    }

    fn edition(places: Vec<Filled>) -> Edition {
        Edition {
            at: Timestamp::UNIX_EPOCH,
            day: Date::constant(2024, 3, 7),
            freezing: Some(0),
            digest: String::new(),
            places,
            tables: Vec::new(),
            published: None,
            withdrawn: None,
        }
    }

    #[test]
    fn a_signed_text_is_its_words_and_its_numbers() {
        let one = "disputes 2023 余1";
        let edition = edition(vec![filled(one, "700余"), filled(one, "700余件")]);
        let twice = edition.text("调处{disputes 2023 余1}件，{disputes 2023 余1}。");
        assert_eq!(twice.as_deref(), Some("调处700余件，700余件。"));
        assert_eq!(edition.text("调处{disputes 2023 余1}件。").as_deref(), Some("调处700余件。"));
        assert_eq!(edition.english("{disputes 2023 余1} cases").as_deref(), Some("e700余 cases"));
        assert_eq!(edition.text("调处{disputes 2023}件。"), None);
        assert_eq!(edition.text("调处{disputes"), None);
    }

    #[test]
    fn a_correction_names_old_and_new() {
        let old = edition(vec![filled("disputes 2023 余1", "700余"), filled("talks 2023", "81")]);
        let new = edition(vec![filled("disputes 2023", "712"), filled("girls 2023", "5")]);
        let told: Vec<_> =
            new.differences(&old).into_iter().map(|d| (d.of, d.before, d.after)).collect();
        let row = |of: &str, before: &str, after: &str| {
            (of.to_owned(), before.to_owned(), after.to_owned())
        };
        let expected = [
            row("disputes 2023", "700余", "712"),
            row("girls 2023", "", "5"),
            row("talks 2023", "81", ""),
        ];
        assert_eq!(told, expected);
        assert!(new.differences(&new).is_empty());
    }
}
