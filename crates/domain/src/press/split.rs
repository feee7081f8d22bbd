//! The numbers of a release by the units below, judged with every number that ever went out of the same
//! figure: the months of a year, everything up to a month, a county's tables beside the city's.
//!
//! Invariant: what was kept back once is kept back for ever, and no later number lets anybody find it.

use super::hiding::{Rule, Standing, Tables, Unpublishable};
use crate::{
    figure::{Figure, Nature, Period},
    pack::Units,
    workflow::Code,
};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// The part of each unit right below, none where it is kept back. Under the unit of the number itself
/// stands what belongs to none of them.
pub type Parts = BTreeMap<Code, Option<i64>>;

/// How much is credited to which unit in which month, written yyyymm; of a stock, how much stands at
/// the end of it.
pub type Counts = BTreeMap<(Code, i64), i64>;

/// What a number is of: a unit with everything below it, or what belongs to none of the units below.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The unit.
    pub unit: Code,
    /// Only what belongs to none of the units below.
    pub own: bool,
}

/// A number that went out, or was kept back where others of its table went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of what.
    pub spot: Spot,
    /// Of when.
    pub period: Period,
    /// On which day it was told: what happened later was not in it.
    pub on: Date,
    /// What was said; none where it was kept back.
    pub amount: Option<i64>,
}

/// What is known of a figure when a text that tells it is signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// The figure.
    pub figure: Code,
    /// What went out before, the oldest first.
    pub before: Vec<Told>,
    /// What is credited to whom.
    pub counts: Counts,
}

/// A figure of a release, and what surrounds it.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The figure; it counts no persons apart, who could be one in two units.
    pub figure: &'a Figure,
    /// The tree of units.
    pub units: &'a Units,
    /// What is small.
    pub rule: Rule,
    /// What went out before, and what is counted now.
    pub past: &'a Past,
    /// The day on which it is signed.
    pub today: Date,
}

/// A number that a text tells, and whether it is told by the units below too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a> {
    /// The unit.
    pub unit: &'a str,
    /// The period.
    pub period: Period,
    /// Whether a table of the units below goes with it.
    pub splits: bool,
}

/// Months from the first one to the one before `until`; from the beginning where `from` is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: i64,
    until: i64,
}

type Key = (Spot, Span);

/// The sums that hold among the numbers of a figure, and how each number stands.
struct Web<'a> {
    scene: &'a Scene<'a>,
    stands: BTreeMap<Key, Standing>,
    values: BTreeMap<Spot, BTreeMap<i64, i64>>,
    sums: Vec<(Key, Vec<Key>)>,
}

impl Spot {
    fn of(unit: &str) -> Self {
        Self { unit: unit.to_owned(), own: false }
    }

    fn own(unit: &str) -> Self {
        Self { unit: unit.to_owned(), own: true }
    }

    fn name(&self) -> String {
        if self.own { format!("{}/", self.unit) } else { self.unit.clone() }
    }
}

impl Told {
    /// Whether this number was kept back and another one, told on a day, is of it or a part of it: of
    /// the same unit or one below, in months of which both say something.
    pub fn keeps_back(
        &self,
        units: &Units,
        nature: Nature,
        (unit, period): (&str, Period),
        today: Date,
    ) -> bool {
        let (old, new) = (Span::of(nature, self.period, self.on), Span::of(nature, period, today));
        let kept = self.amount.is_none() && !self.spot.own;
        kept && units.covers(&self.spot.unit, unit) && old.from < new.until && new.from < old.until
    }
}

fn month_number(day: Date) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month()) - 1
}

/// The month of a key of [`Counts`].
fn month_of(key: i64) -> i64 {
    key / 100 * 12 + key % 100 - 1
}

impl Span {
    /// The months of which a number says something that is told on a day: everybody knows that the
    /// later ones were still to come.
    fn of(nature: Nature, period: Period, told: Date) -> Self {
        let last = match nature {
            Nature::Flow | Nature::Cumulative => period.last().min(told),
            Nature::Stock => period.last(),
        };
        let until = month_number(last) + 1;
        let from = match nature {
            Nature::Flow => period.first().map_or(i64::MIN, month_number),
            Nature::Stock => until - 1,
            Nature::Cumulative => i64::MIN,
        };
        Self { from, until }
    }

    fn covers(self, other: Self) -> bool {
        self.from <= other.from && other.until <= self.until
    }
}

impl Scene<'_> {
    /// The tables that go with the numbers of a text, in their order; none where a number has none, or
    /// could only be told by units if somebody could be found in it.
    ///
    /// # Errors
    /// When the numbers alone would let somebody find what was kept back before.
    pub fn split(&self, numbers: &[Number<'_>]) -> Result<Vec<Option<Parts>>, Unpublishable> {
        let mut open: Vec<Number<'_>> = numbers.to_vec();
        loop {
            let tables = Web::of(self, &open)?;
            match self.judge(&tables, &open) {
                Err(Unpublishable::Open(_) | Unpublishable::TooMany(_))
                    if open.iter().any(|number| number.splits) =>
                {
                    for number in &mut open {
                        number.splits = false;
                    }
                }
                // Below zero are corrections of money, in which nobody is counted.
                Err(Unpublishable::BelowZero(_)) => return Ok(vec![None; numbers.len()]),
                judged => return judged,
            }
        }
    }

    fn judge(
        &self,
        web: &Web<'_>,
        numbers: &[Number<'_>],
    ) -> Result<Vec<Option<Parts>>, Unpublishable> {
        let mut tables = web.tables(numbers)?;
        let hidden = loop {
            match tables.hide(self.rule) {
                Err(Unpublishable::Open(name)) => {
                    // What nobody published, and everybody could find before, is no reason.
                    let cell =
                        tables.find(&name).filter(|c| tables.standing(*c) == Standing::Unseen);
                    let cell = cell.ok_or(Unpublishable::Open(name))?;
                    tables.stands(cell, Standing::Lost);
                }
                judged => break judged?,
            }
        };
        let table = |number: &Number<'_>| {
            let (_, parts) = self.cells(number);
            let parts = parts.into_iter().map(|key| {
                let cell = tables.find(&name(&key))?;
                let shown = (!hidden.contains(cell)).then(|| tables.value(cell));
                Some((key.0.unit, shown))
            });
            parts.collect::<Option<Parts>>()
        };
        Ok(numbers.iter().map(|n| n.splits.then(|| table(n)).flatten()).collect())
    }

    /// The cell of a number, and those of the table that goes with it.
    fn cells(&self, number: &Number<'_>) -> (Key, Vec<Key>) {
        let span = Span::of(self.figure.nature, number.period, self.today);
        let parts = if number.splits { self.parts(number.unit) } else { Vec::new() };
        let parts = parts.into_iter().map(|spot| (spot, span));
        ((Spot::of(number.unit), span), parts.collect())
    }

    /// The units right below, and what belongs to none of them.
    fn parts(&self, unit: &str) -> Vec<Spot> {
        let below = self.units.children(unit).filter(|child| !child.agency);
        let mut parts: Vec<Spot> = below.map(|child| Spot::of(&child.code)).collect();
        parts.push(Spot::own(unit));
        parts
    }
}

fn name((spot, span): &Key) -> String {
    format!("{} {}..{}", spot.name(), span.from, span.until)
}

impl<'a> Web<'a> {
    fn of(scene: &'a Scene<'a>, numbers: &[Number<'_>]) -> Result<Self, Unpublishable> {
        let mut web =
            Self { scene, stands: BTreeMap::new(), values: BTreeMap::new(), sums: Vec::new() };
        let nature = scene.figure.nature;
        let mut said: BTreeMap<Key, Option<i64>> = BTreeMap::new();
        for told in &scene.past.before {
            said.insert((told.spot.clone(), Span::of(nature, told.period, told.on)), told.amount);
        }
        let mut published: BTreeSet<Key> = said.keys().cloned().collect();
        for number in numbers {
            let (total, parts) = scene.cells(number);
            published.extend(parts.into_iter().chain([total]));
        }
        web.lay(&published);
        for (key, amount) in said {
            let stands = if amount.is_some() { Standing::Known } else { Standing::Kept };
            // What was shown, and is another and a small number now, need not be told again.
            let small = |n: i64| n > 0 && n < scene.rule.small_below;
            let changed = amount.is_some_and(|n| n != web.value(&key)) && small(web.value(&key));
            if !changed {
                web.stands.insert(key, stands);
            }
        }
        for number in numbers {
            let (total, parts) = scene.cells(number);
            if web.stands.insert(total.clone(), Standing::Known) == Some(Standing::Kept) {
                return Err(Unpublishable::Open(name(&total)));
            }
            for part in parts {
                web.stands.entry(part).or_insert(Standing::Open);
            }
        }
        web.deduce();
        Ok(web)
    }

    fn value(&self, (spot, span): &Key) -> i64 {
        let months = self.values.get(spot).into_iter();
        months.flat_map(|months| months.range(span.from..span.until)).map(|(_, n)| n).sum()
    }

    fn standing(&self, key: &Key) -> Standing {
        self.stands.get(key).copied().unwrap_or(Standing::Unseen)
    }

    /// All sums among the numbers: of units in each stretch of months that somebody could tell apart,
    /// and of such stretches for each unit.
    fn lay(&mut self, published: &BTreeSet<Key>) {
        let opened = self.opened(published);
        let mut spots: BTreeSet<Spot> = published.iter().map(|(spot, _)| spot.clone()).collect();
        for unit in &opened {
            spots.insert(Spot::of(unit));
            spots.extend(self.scene.parts(unit));
        }
        self.count(&spots);
        let spans: BTreeSet<Span> = published.iter().map(|(_, span)| *span).collect();
        let ends: BTreeSet<i64> = spans.iter().flat_map(|span| [span.from, span.until]).collect();
        let ends: Vec<i64> = ends.into_iter().collect();
        let stretches: Vec<Span> = ends
            .windows(2)
            .map(|pair| Span { from: pair[0], until: pair[1] })
            .filter(|stretch| spans.iter().any(|span| span.covers(*stretch)))
            .collect();
        for unit in &opened {
            for stretch in &stretches {
                let parts = self.scene.parts(unit).into_iter().map(|spot| (spot, *stretch));
                let sum = ((Spot::of(unit), *stretch), parts.collect());
                self.sums.push(sum);
            }
        }
        for (spot, span) in published.iter().filter(|(_, span)| !stretches.contains(span)) {
            // What goes on where another one ends is that one and the rest.
            let shorter = published.iter().filter(|(other, _)| other == spot).map(|(_, s)| *s);
            let shorter = shorter.filter(|s| s.from == span.from && s.until < span.until).max();
            let rest = Span { from: shorter.map_or(span.from, |s| s.until), ..*span };
            let parts = stretches.iter().copied().filter(|stretch| rest.covers(*stretch));
            let parts = parts.chain(shorter).map(|part| (spot.clone(), part)).collect();
            self.sums.push(((spot.clone(), *span), parts));
        }
    }

    /// The units whose parts somebody could add up: one at or above them was told, and one below.
    fn opened(&self, published: &BTreeSet<Key>) -> BTreeSet<Code> {
        let mut opened = BTreeSet::new();
        let totals: BTreeSet<&str> =
            published.iter().filter(|(s, _)| !s.own).map(|(s, _)| s.unit.as_str()).collect();
        for (spot, _) in published {
            let skipped = usize::from(!spot.own);
            for unit in self.scene.units.upward(&spot.unit).skip(skipped) {
                let mut above = self.scene.units.upward(&unit.code);
                if above.any(|upper| totals.contains(upper.code.as_str())) {
                    opened.insert(unit.code.clone());
                }
            }
        }
        opened
    }

    fn count(&mut self, spots: &BTreeSet<Spot>) {
        for ((unit, month), n) in &self.scene.past.counts {
            let mut below: Option<bool> = None;
            for upper in self.scene.units.upward(unit) {
                // An agency, and what stands below one, is no part of its own.
                let own = below.is_none_or(|agency| agency);
                for spot in [Some(Spot::of(&upper.code)), own.then(|| Spot::own(&upper.code))] {
                    let Some(spot) = spot.filter(|spot| spots.contains(spot)) else { continue };
                    *self.values.entry(spot).or_default().entry(month_of(*month)).or_default() += n;
                }
                below = Some(upper.agency);
            }
        }
    }

    /// What is the only unknown number of a sum is known.
    fn deduce(&mut self) {
        loop {
            let found: Vec<Key> = self
                .sums
                .iter()
                .filter_map(|(total, parts)| {
                    let all = parts.iter().chain([total]);
                    let mut unknown = all.filter(|key| self.standing(key) != Standing::Known);
                    let only = unknown.next().filter(|_| unknown.next().is_none())?;
                    (self.standing(only) == Standing::Unseen).then(|| only.clone())
                })
                .collect();
            if found.is_empty() {
                return;
            }
            self.stands.extend(found.into_iter().map(|key| (key, Standing::Known)));
        }
    }

    /// The sums that the new numbers have a part in, whatever is known already set aside.
    fn tables(&self, numbers: &[Number<'_>]) -> Result<Tables, Unpublishable> {
        let mut holds: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
        for (n, (total, parts)) in self.sums.iter().enumerate() {
            for key in parts.iter().chain([total]) {
                holds.entry(key).or_default().push(n);
            }
        }
        let mut next: Vec<Key> = Vec::new();
        for number in numbers {
            let (total, parts) = self.scene.cells(number);
            next.extend(parts.into_iter().chain([total]));
        }
        let mut tables = Tables::default();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        while let Some(key) = next.pop() {
            for n in holds.get(&key).into_iter().flatten() {
                if done.insert(*n) {
                    let (total, parts) = &self.sums[*n];
                    let unknown = |key: &&Key| self.standing(key) != Standing::Known;
                    next.extend(parts.iter().chain([total]).filter(unknown).cloned());
                }
            }
            self.cell(&mut tables, &key)?;
        }
        for n in done {
            let (total, parts) = &self.sums[n];
            let of: Result<Vec<_>, _> = parts.iter().map(|p| self.cell(&mut tables, p)).collect();
            let total = self.cell(&mut tables, total)?;
            tables.sum(total, of?)?;
        }
        Ok(tables)
    }

    fn cell(&self, tables: &mut Tables, key: &Key) -> Result<usize, Unpublishable> {
        let cell = tables.cell(&name(key), self.value(key))?;
        tables.stands(cell, self.standing(key));
        Ok(cell)
    }
}
