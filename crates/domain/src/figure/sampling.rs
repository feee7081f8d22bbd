//! The sample of a report: which of its records are looked at again by somebody who did not report,
//! what they found, and how much is missing. Decides nothing about who may look.
//!
//! Invariant: what was looked at belongs to one freezing and one stay. After a new submission, and
//! when the case comes back to be looked at, everything is to be looked at again.

use crate::{
    case::{By, Case},
    decide::{Ctx, Draft},
    fact::Fact,
    field::Checked,
    figure::Freezing,
    pack::Pack,
    refusal::{Bar, Refusal},
    workflow::{Action, Effect, Target, Workflow},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// So many in a hundred are drawn when no form says how many, and no form may ask for fewer.
pub const LEAST_PERCENT: u32 = 10;

/// What was found of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(usize, u64, bool)", into = "(usize, u64, bool)")]
pub struct Look {
    /// Ordinal of the number in its freezing.
    pub n: usize,
    /// Place of the record in the list behind the number.
    pub place: u64,
    /// Whether the record agrees with what it was made from.
    pub sound: bool,
}

impl From<(usize, u64, bool)> for Look {
    fn from((n, place, sound): (usize, u64, bool)) -> Self {
        Self { n, place, sound }
    }
}

impl From<Look> for (usize, u64, bool) {
    fn from(look: Look) -> Self {
        (look.n, look.place, look.sound)
    }
}

impl Look {
    /// How it is written in a field, with the ordinal of the freezing.
    pub fn code(self, freezing: usize) -> String {
        let found = if self.sound { "sound" } else { "wrong" };
        format!("{freezing}.{}.{}={found}", self.n, self.place)
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(code: &str) -> Option<(usize, Self)> {
        let (at, found) = code.split_once('=')?;
        let mut parts = at.split('.');
        let freezing = parts.next()?.parse().ok()?;
        let (n, place) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let sound = match found {
            "sound" => true,
            "wrong" => false,
            _ => return None,
        };
        parts.next().is_none().then_some((freezing, Self { n, place, sound }))
    }
}

/// What somebody looked at in one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// Who.
    #[serde(rename = "b")]
    pub by: By,
    /// So many actions had been done on the case, this one included.
    #[serde(rename = "d")]
    pub deed: usize,
    /// The records.
    #[serde(rename = "l")]
    pub looks: Vec<Look>,
}

impl Freezing {
    /// A later look at the same record takes the place of the earlier one.
    pub(crate) fn look(&mut self, sitting: Sitting) {
        let again: BTreeSet<(usize, u64)> = sitting.looks.iter().map(|l| (l.n, l.place)).collect();
        for earlier in &mut self.looked {
            earlier.looks.retain(|l| !again.contains(&(l.n, l.place)));
        }
        self.looked.retain(|earlier| !earlier.looks.is_empty());
        self.looked.push(sitting);
    }
}

/// How far a sample has been looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records that were drawn.
    pub drawn: u64,
    /// Those that were found sound.
    pub sound: u64,
    /// Those that were found wrong.
    pub wrong: u64,
}

impl Progress {
    /// How many nobody has looked at yet.
    pub fn missing(self) -> u64 {
        self.drawn.saturating_sub(self.sound + self.wrong)
    }
}

/// The records that were drawn from the newest numbers of a case, and what was found of them.
#[derive(Debug)]
pub struct Sample<'a> {
    /// Ordinal of the freezing in the case.
    pub freezing: usize,
    drawn: Vec<Vec<u64>>,
    found: BTreeMap<(usize, u64), (bool, &'a By)>,
}

impl<'a> Sample<'a> {
    /// The sample of a case; none where its newest numbers are not looked at again.
    pub fn of(pack: &Pack, case: &'a Case) -> Option<Self> {
        let flow = pack.flow_of(case)?;
        let freezing = case.frozen.len().checked_sub(1)?;
        let last = case.frozen.get(freezing)?;
        let brings = |code: &str| flow.action(code).is_some_and(|a| brings_to_look(flow, a));
        if !brings(&last.action) {
            return None;
        }
        let share = self::share(pack, case);
        let drawn = last.values.iter().map(|v| sample(&v.digest, v.records, share)).collect();
        let arrival = case.deeds.iter().rposition(|d| brings(&d.action)).unwrap_or(0);
        let mut one = Self { freezing, drawn, found: BTreeMap::new() };
        for sitting in last.looked.iter().filter(|s| s.deed > arrival + 1) {
            let drawn = sitting.looks.iter().filter(|l| one.draws(l.n, l.place));
            let found: Vec<_> = drawn.map(|l| ((l.n, l.place), (l.sound, &sitting.by))).collect();
            one.found.extend(found);
        }
        Some(one)
    }

    /// The places that were drawn from the list behind a number.
    pub fn drawn(&self, n: usize) -> &[u64] {
        self.drawn.get(n).map_or(&[], Vec::as_slice)
    }

    /// Whether a record was drawn.
    pub fn draws(&self, n: usize, place: u64) -> bool {
        self.drawn(n).binary_search(&place).is_ok()
    }

    /// Whether a record was found sound, and by whom; none when nobody has looked.
    pub fn found(&self, n: usize, place: u64) -> Option<(bool, &'a By)> {
        self.found.get(&(n, place)).copied()
    }

    /// How far one number has been looked at.
    pub fn progress_of(&self, n: usize) -> Progress {
        let found = self.found.range((n, 0)..=(n, u64::MAX)).map(|(_, (sound, _))| *sound);
        Self::progress_from(self.drawn(n).len(), found)
    }

    /// How far all numbers have been looked at.
    pub fn progress(&self) -> Progress {
        let drawn = self.drawn.iter().map(Vec::len).sum();
        Self::progress_from(drawn, self.found.values().map(|(sound, _)| *sound))
    }

    fn progress_from(drawn: usize, found: impl Iterator<Item = bool>) -> Progress {
        let mut progress = Progress { drawn: drawn as u64, ..Progress::default() };
        for sound in found {
            if sound {
                progress.sound += 1;
            } else {
                progress.wrong += 1;
            }
        }
        progress
    }

    /// Whoever looked, and at how many.
    pub fn people(&self) -> Vec<(&'a By, u64)> {
        let mut people: Vec<(&'a By, u64)> = Vec::new();
        for (_, by) in self.found.values() {
            match people.iter_mut().find(|(known, _)| known == by) {
                Some((_, n)) => *n += 1,
                None => people.push((by, 1)),
            }
        }
        people
    }
}

/// How many of the records behind a number are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// So many in a hundred.
    pub percent: u32,
    /// And no more than this, if anything. Whoever finds nothing wrong in 59 knows with a certainty of 95
    /// in a hundred that fewer than five in a hundred are wrong, however many there are (0.95⁵⁹ < 0.05).
    pub most: Option<u32>,
}

/// How many are drawn for a case.
pub fn share(pack: &Pack, case: &Case) -> Share {
    let form = case.coded.values().find_map(|v| pack.forms.get(v.one()));
    form.map_or(Share { percent: LEAST_PERCENT, most: None }, |form| form.sample)
}

/// The effect by which records are looked at in a state, if there is one.
pub(crate) fn looks_in(flow: &Workflow, state: &str) -> bool {
    let looks = |e: &Effect| matches!(e, Effect::Look { .. });
    flow.actions_from(state).any(|a| a.effects.iter().any(looks))
}

fn brings_to_look(flow: &Workflow, action: &Action) -> bool {
    matches!(&action.to, Target::State(to) if looks_in(flow, to))
}

/// Whether nothing of the sample is left to look at, and nothing was found wrong.
pub(crate) fn sample_sound(ctx: Ctx<'_>, case: &Case) -> Result<(), Bar> {
    let progress = Sample::of(ctx.pack, case).map(|s| s.progress()).unwrap_or_default();
    let (missing, wrong) = (progress.missing(), progress.wrong);
    if missing == 0 && wrong == 0 { Ok(()) } else { Err(Bar::Sample { missing, wrong }) }
}

/// Records what was found of records; each must have been drawn from the newest numbers.
pub(crate) fn look(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    field: &str,
) -> Result<(), Refusal> {
    let sample = Sample::of(ctx.pack, &draft.case).ok_or(Refusal::NotDrawn)?;
    let freezing = sample.freezing;
    let mut looks: BTreeMap<(usize, u64), Look> = BTreeMap::new();
    for code in given.coded.get(field).map_or(&[][..], |v| v.all()) {
        let (of, look) = Look::parse(code).ok_or(Refusal::NotDrawn)?;
        if of != freezing || !sample.draws(look.n, look.place) {
            return Err(Refusal::NotDrawn);
        }
        looks.insert((look.n, look.place), look);
    }
    if looks.is_empty() {
        return Err(Refusal::NotDrawn);
    }
    let looks = looks.into_values().collect();
    draft.push(Fact::Looked { freezing, looks });
    Ok(())
}

/// Which of `total` records are looked at again when a report is checked: at least so many in a
/// hundred and never none, unless that is more than can be looked at, drawn by the digest of the list, so that whoever reports cannot choose
/// them and whoever checks sees the same ones each time.
pub fn sample(digest: &str, total: u64, share: Share) -> Vec<u64> {
    let wanted = (total * u64::from(share.percent)).div_ceil(100).min(total);
    let wanted = wanted.min(share.most.map_or(u64::MAX, u64::from));
    // SplitMix64, seeded by the digest: small, well known, and the same on every machine.
    let mut state = digest
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    // Floyd's way to draw without repetition.
    let mut drawn = std::collections::BTreeSet::new();
    for top in total.saturating_sub(wanted)..total {
        let one = next() % (top + 1);
        if !drawn.insert(one) {
            drawn.insert(top);
        }
    }
    drawn.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_look_is_read_as_it_is_written() {
        let look = Look { n: 3, place: 17, sound: false };
        assert_eq!(look.code(1), "1.3.17=wrong");
        assert_eq!(Look::parse("1.3.17=wrong"), Some((1, look)));
        for wrong in ["", "1.3=sound", "1.3.17", "1.3.17=maybe", "1.3.17.2=sound", "x.0.0=sound"] {
            assert_eq!(Look::parse(wrong), None, "{wrong}");
        }
        assert_eq!(serde_json::to_string(&look).expect("json"), "[3,17,false]");
    }

    #[test]
    fn a_later_look_takes_the_place_of_the_earlier() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let (action, values) = ("submit".to_owned(), Vec::new());
        let mut freezing = Freezing { at, action, values, looked: Vec::new() };
        let sitting = |account, looks: &[(u64, bool)]| Sitting {
            by: By::Staff(account, "u".to_owned()),
            deed: 2,
            looks: looks.iter().map(|(place, sound)| Look::from((0, *place, *sound))).collect(),
        };
        freezing.look(sitting(1, &[(4, true)]));
        freezing.look(sitting(1, &[(5, false), (6, true)]));
        freezing.look(sitting(2, &[(4, true), (5, true)]));
        let left: Vec<_> = freezing.looked.iter().map(|s| (&s.by, s.looks.clone())).collect();
        let (one, other) = (By::Staff(1, "u".to_owned()), By::Staff(2, "u".to_owned()));
        assert_eq!(
            left,
            [
                (&one, vec![Look::from((0, 6, true))]),
                (&other, vec![Look::from((0, 4, true)), Look::from((0, 5, true))]),
            ]
        );
    }

    proptest! {
        #[test]
        fn a_sample_is_large_enough_and_draws_nothing_twice(
            digest in "[0-9a-f]{64}", total in 0_u64..3000, percent in 1_u32..100,
            most in prop::option::of(1_u32..100),
        ) {
            let share = Share { percent, most };
            let drawn = sample(&digest, total, share);
            let whole = (total * u64::from(percent)).div_ceil(100);
            prop_assert_eq!(drawn.len() as u64, whole.min(most.map_or(u64::MAX, u64::from)));
            prop_assert!(drawn.windows(2).all(|w| w[0] < w[1]));
            prop_assert!(drawn.iter().all(|n| *n < total));
            prop_assert_eq!(&drawn, &sample(&digest, total, share));
        }
    }

    #[test]
    fn another_list_draws_another_sample() {
        let share = Share { percent: 10, most: None };
        let (one, other) = (sample("aa", 1000, share), sample("ab", 1000, share));
        assert_ne!(one, other);
    }
}
