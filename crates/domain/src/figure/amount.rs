//! What is counted, as types: persons are not person-times, and neither is a household.
//!
//! Invariant: amounts of unlike words cannot be added, because no such addition exists. Persons and
//! households cannot be added at all: whoever comes in two months is one person in both.
//!
//! ```compile_fail
//! use domain::figure::{Amount, word};
//! let persons: Amount<word::Person> = Amount::of(3);
//! let times: Amount<word::PersonTime> = Amount::of(5);
//! let wrong = persons + times;
//! ```
//!
//! ```compile_fail
//! use domain::figure::{Amount, word};
//! let january: Amount<word::Person> = Amount::of(3);
//! let february: Amount<word::Person> = Amount::of(5);
//! let wrong = january + february;
//! ```
//!
//! ```
//! use domain::figure::{Amount, word};
//! let cases: Amount<word::Matter> = Amount::of(3);
//! assert_eq!((cases + Amount::of(5)).count(), 8);
//! ```

use serde::Deserialize;
use std::{marker::PhantomData, ops::Add};

/// A number of one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount<W> {
    count: i64,
    word: PhantomData<W>,
}

impl<W> Amount<W> {
    /// So many.
    pub fn of(count: i64) -> Self {
        Self { count, word: PhantomData }
    }

    /// How many.
    pub fn count(self) -> i64 {
        self.count
    }
}

/// A word whose amounts may be added: each thing is in one of them only.
pub trait Additive {}

impl<W: Additive> Add for Amount<W> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::of(self.count.saturating_add(other.count))
    }
}

/// The words themselves; each is a type of its own.
pub mod word {
    use super::Additive;

    macro_rules! words {
        ($($(#[$doc:meta])* $name:ident $($additive:ident)?),* $(,)?) => {
            $(
                $(#[$doc])*
                #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
                pub struct $name;
                $(impl $additive for $name {})?
            )*
        };
    }

    words! {
        /// 人: distinct persons.
        Person,
        /// 户: distinct households.
        Household,
        /// 人次: attendances, one row each.
        PersonTime Additive,
        /// 次: acts.
        Time Additive,
        /// 件: matters; merged ones once.
        Matter Additive,
        /// 场次: sessions.
        Session Additive,
        /// 期: courses.
        Course Additive,
        /// 个: things.
        Thing Additive,
        /// 处: places.
        Place Additive,
        /// 家: firms and bodies.
        Firm Additive,
        /// 项: projects and results.
        Project Additive,
        /// 份: papers.
        Paper Additive,
        /// 天: days that were added up.
        Day Additive,
        /// 元: money that was paid, shown as 万元 where it is much.
        Yuan Additive,
    }
}

macro_rules! amounts {
    ($($name:ident: $chinese:literal, $english:literal),* $(,)?) => {
        /// The word of a figure, as data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum Word {
            $(#[doc = $chinese] #[serde(rename = $chinese)] $name),*
        }

        impl Word {
            /// All words.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word itself.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $chinese),* }
            }

            /// The same in English.
            pub fn english(self) -> &'static str {
                match self { $(Self::$name => $english),* }
            }

            /// A number with this word.
            pub fn amount(self, count: i64) -> AnyAmount {
                match self { $(Self::$name => AnyAmount::$name(Amount::of(count))),* }
            }
        }

        /// An amount whose word is known only when it is read. It has no addition: whoever wants to
        /// add takes the typed amounts out, and meets two arms that do not fit together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum AnyAmount {
            $(#[doc = $chinese] $name(Amount<word::$name>)),*
        }

        impl AnyAmount {
            /// Its word.
            pub fn word(self) -> Word {
                match self { $(Self::$name(_) => Word::$name),* }
            }

            /// How many.
            pub fn count(self) -> i64 {
                match self { $(Self::$name(amount) => amount.count()),* }
            }
        }
    };
}

amounts! {
    Person: "人", "persons",
    Household: "户", "households",
    PersonTime: "人次", "person-times",
    Time: "次", "times",
    Matter: "件", "cases",
    Session: "场次", "sessions",
    Course: "期", "courses",
    Thing: "个", "items",
    Place: "处", "places",
    Firm: "家", "bodies",
    Project: "项", "projects",
    Paper: "份", "papers",
    Day: "天", "days",
    Yuan: "元", "yuan",
}

impl Word {
    /// Whether each is counted once however often it comes.
    pub fn is_distinct(self) -> bool {
        matches!(self, Self::Person | Self::Household)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_a_text_of_its_own() {
        for (n, word) in Word::ALL.iter().enumerate() {
            let others = Word::ALL.iter().skip(n + 1);
            assert!(others.clone().all(|o| o.text() != word.text()), "{word:?}");
            assert_eq!(word.amount(7).word(), *word);
            assert_eq!(word.amount(7).count(), 7);
        }
    }
}
