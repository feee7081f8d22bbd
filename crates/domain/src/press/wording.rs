//! How an exact number is said in the Chinese press, and in English. Decides which sayings of a number
//! are true; never rounds in silence and never finds the number.
//!
//! Invariant: a number that stands without 余, 多, 超 or 约 is the exact one. 余, 多 and 超 stand only
//! where the exact number is larger than what is written, by less than one step of its last digit; 约
//! only where the two differ. So a reader always knows which of the three was meant.

use std::fmt;

/// So many make one 万.
const WAN: i64 = 10_000;
/// More decimals than this say single things again.
const WAN_DECIMALS: u8 = 4;
const PERCENT_DECIMALS: u8 = 2;

/// How a number is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// What is written.
    pub form: Form,
    /// How what is written stands to the exact number.
    pub hedge: Hedge,
}

/// What is written of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All digits.
    Whole,
    /// So many leading digits, then zeros.
    Digits(u8),
    /// In 万, with at most so many decimals.
    Wan(u8),
    /// One figure as a part of another, in percent with at most so many decimals.
    Percent(u8),
}

/// How what is written stands to the exact number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hedge {
    /// It is the exact number.
    Exactly,
    /// The exact number is larger.
    Over(Over),
    /// 约: the exact number is near.
    About,
}

/// The words for “more than”.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// 余, after the number.
    Yu,
    /// 多, after the number.
    Duo,
    /// 超, before the number.
    Chao,
}

/// A decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All its digits.
    pub digits: i64,
    /// How many of them stand behind the point.
    pub decimals: u8,
}

/// A number as it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The words: `20.14万`, `700余`, `80%`.
    pub text: String,
    /// The number that these words name.
    pub stated: Decimal,
    /// How it stands to the exact one.
    pub hedge: Hedge,
}

/// Part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Part.
    pub part: i64,
    /// Whole.
    pub whole: i64,
}

/// Why a number cannot be said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// 余 where nothing exceeds what is written.
    #[error("the number is exactly {exact}: nothing exceeds {stated}, so it cannot be said to")]
    NotOver {
        /// The exact number.
        exact: Decimal,
        /// What would be written.
        stated: Decimal,
    },
    /// 约 where the exact number is what is written.
    #[error("the number is exactly {exact}: it is not about {exact}")]
    NotAbout {
        /// The exact number.
        exact: Decimal,
    },
    /// Digits would be cut off without a word.
    #[error("the number is {exact}; {stated} would be a rounding without a word that says so")]
    Rounded {
        /// The exact number, or a few decimals more of it.
        exact: Decimal,
        /// What would be written.
        stated: Decimal,
    },
    /// Less than one 万.
    #[error("{exact} is less than 10000 and is not said in 万")]
    BelowWan {
        /// The exact number.
        exact: Decimal,
    },
    /// Less than nothing.
    #[error("a number below zero is not said in a release")]
    BelowZero,
    /// A part of nothing.
    #[error("there is no whole of which this could be a part")]
    NoWhole,
    /// More than the whole.
    #[error("{part} is more than the whole of {whole}")]
    OverWhole {
        /// Part.
        part: i64,
        /// Whole.
        whole: i64,
    },
    /// All or none is said where it is nearly all or hardly any.
    #[error("{part} of {whole} is neither all nor none, and would be said so")]
    AllOrNone {
        /// Part.
        part: i64,
        /// Whole.
        whole: i64,
    },
    /// A percentage of one number, or a number as a percentage.
    #[error("a percentage needs two figures, and two figures are said as a percentage alone")]
    OtherForm,
    /// It is not true, and whoever asks is kept out of a record: the number is not theirs to know.
    #[error("the number cannot be said so")]
    Withheld,
}

impl Decimal {
    /// A whole number.
    pub fn whole(n: i64) -> Self {
        Self { digits: n, decimals: 0 }
    }

    /// Without zeros at the end of its decimals.
    fn trimmed(mut self) -> Self {
        while self.decimals > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.decimals -= 1;
        }
        self
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digits, decimals } = self.trimmed();
        let unit = power(decimals);
        let width = usize::from(decimals);
        match decimals {
            0 => write!(f, "{digits}"),
            _ => write!(f, "{}.{:0width$}", digits / unit, digits % unit),
        }
    }
}

impl Style {
    /// All digits of the exact number.
    pub const WHOLE: Self = Self { form: Form::Whole, hedge: Hedge::Exactly };

    /// How it is written in a place: nothing, `万2`, `余1`, `万0余`, `%0`, `%1约`.
    pub fn code(self) -> String {
        let hedge = match self.hedge {
            Hedge::Exactly => "",
            Hedge::Over(over) => over.text(),
            Hedge::About => "约",
        };
        match self.form {
            Form::Whole => hedge.to_owned(),
            Form::Digits(n) => format!("{hedge}{n}"),
            Form::Wan(n) => format!("万{n}{hedge}"),
            Form::Percent(n) => format!("%{n}{hedge}"),
        }
    }

    /// Reads what [`code`](Self::code) writes; `万` alone means all its decimals, `%` alone none.
    pub fn parse(code: &str) -> Option<Self> {
        let mut chars = code.chars().peekable();
        let Some(first) = chars.next() else { return Some(Self::WHOLE) };
        let digit = chars.peek().and_then(|c| c.to_digit(10)).and_then(|d| u8::try_from(d).ok());
        if digit.is_some() {
            chars.next();
        }
        let form = match first {
            '万' => Form::Wan(digit.unwrap_or(WAN_DECIMALS)),
            '%' | '％' => Form::Percent(digit.unwrap_or(0)),
            _ => Form::Digits(digit?),
        };
        let hedge = match form {
            Form::Digits(_) => Hedge::of(first)?,
            Form::Whole | Form::Wan(_) | Form::Percent(_) => match chars.next() {
                None => Hedge::Exactly,
                Some(word) => Hedge::of(word)?,
            },
        };
        let fits = match form {
            Form::Whole => true,
            Form::Digits(n) => n > 0,
            Form::Wan(n) => n <= WAN_DECIMALS,
            // 80%余 is no Chinese.
            Form::Percent(n) => {
                let after = matches!(hedge, Hedge::Over(Over::Yu | Over::Duo));
                n <= PERCENT_DECIMALS && !after
            }
        };
        (fits && chars.next().is_none()).then_some(Self { form, hedge })
    }

    /// Says a number.
    ///
    /// # Errors
    /// When what would be written is not true of it.
    pub fn say(self, amount: i64) -> Result<Said, Unsayable> {
        if amount < 0 {
            return Err(Unsayable::BelowZero);
        }
        let step = match self.form {
            Form::Whole => 1,
            Form::Digits(n) => power(length(amount).saturating_sub(n)),
            Form::Wan(n) => power(WAN_DECIMALS.saturating_sub(n)),
            Form::Percent(_) => return Err(Unsayable::OtherForm),
        };
        let exact = Decimal::whole(amount);
        let stated = self.hedge.stated(amount, step);
        self.hedge.holds(exact, Decimal::whole(stated), amount == stated)?;
        let number = match self.form {
            Form::Wan(_) if stated < WAN => return Err(Unsayable::BelowWan { exact }),
            Form::Wan(_) => format!("{}万", Decimal { digits: stated, decimals: WAN_DECIMALS }),
            _ => stated.to_string(),
        };
        let text = self.hedge.around(&number);
        Ok(Said { text, stated: Decimal::whole(stated), hedge: self.hedge })
    }

    /// Says a part of a whole in percent.
    ///
    /// # Errors
    /// When what would be written is not true of it.
    pub fn say_ratio(self, Ratio { part, whole }: Ratio) -> Result<Said, Unsayable> {
        let Form::Percent(decimals) = self.form else { return Err(Unsayable::OtherForm) };
        if part < 0 || whole < 0 {
            return Err(Unsayable::BelowZero);
        }
        if whole == 0 {
            return Err(Unsayable::NoWhole);
        }
        if part > whole {
            return Err(Unsayable::OverWhole { part, whole });
        }
        // Hundredths of a percent, and what is left of the division: enough to tell equal from near.
        let fine = |decimals: u8| {
            let many = i128::from(part) * 100 * i128::from(power(decimals));
            let (n, rest) = (many / i128::from(whole), many % i128::from(whole));
            (i64::try_from(n).unwrap_or(0), rest * 2 >= i128::from(whole), rest == 0)
        };
        let (floor, near_next, even) = fine(decimals);
        let up = self.hedge == Hedge::About && near_next;
        let stated = Decimal { digits: floor + i64::from(up), decimals };
        let exact = Decimal { digits: fine(decimals + 2).0, decimals: decimals + 2 };
        self.hedge.holds(exact, stated, even)?;
        if !even && (stated.digits == 0 || stated.digits == 100 * power(decimals)) {
            return Err(Unsayable::AllOrNone { part, whole });
        }
        let text = self.hedge.around(&format!("{stated}%"));
        Ok(Said { text, stated: stated.trimmed(), hedge: self.hedge })
    }

    /// Ways to say a number that are true of it, the plainest first.
    pub fn fitting(amount: i64) -> Vec<Self> {
        let over = Hedge::Over(Over::Yu);
        let mut ways = vec![Self { form: Form::Wan(WAN_DECIMALS), hedge: Hedge::Exactly }];
        ways.push(Self::WHOLE);
        for hedge in [over, Hedge::About] {
            ways.extend((0..=2).map(|n| Self { form: Form::Wan(n), hedge }));
            ways.extend((1..=2).map(|n| Self { form: Form::Digits(n), hedge }));
        }
        let mut said: Vec<String> = Vec::new();
        ways.retain(|way| match way.say(amount) {
            Ok(one) if !said.contains(&one.text) => {
                said.push(one.text);
                true
            }
            Ok(_) | Err(_) => false,
        });
        ways
    }

    /// The same for a part of a whole.
    pub fn fitting_ratio(ratio: Ratio) -> Vec<Self> {
        let hedges = [Hedge::Exactly, Hedge::About, Hedge::Over(Over::Chao)];
        let ways = hedges.into_iter().flat_map(|hedge| {
            (0..=PERCENT_DECIMALS).map(move |n| Self { form: Form::Percent(n), hedge })
        });
        let mut said: Vec<String> = Vec::new();
        ways.filter(|way| match way.say_ratio(ratio) {
            Ok(one) if !said.contains(&one.text) => {
                said.push(one.text);
                true
            }
            Ok(_) | Err(_) => false,
        })
        .collect()
    }
}

impl Hedge {
    fn of(word: char) -> Option<Self> {
        match word {
            '余' => Some(Self::Over(Over::Yu)),
            '多' => Some(Self::Over(Over::Duo)),
            '超' => Some(Self::Over(Over::Chao)),
            '约' => Some(Self::About),
            _ => None,
        }
    }

    /// What is written of a number whose last written digit counts `step`.
    fn stated(self, amount: i64, step: i64) -> i64 {
        let floor = amount - amount % step;
        match self {
            Self::About if amount % step * 2 >= step => floor.saturating_add(step),
            Self::Exactly | Self::Over(_) | Self::About => floor,
        }
    }

    fn holds(self, exact: Decimal, stated: Decimal, same: bool) -> Result<(), Unsayable> {
        match (self, same) {
            (Self::Exactly, true) | (Self::Over(_) | Self::About, false) => Ok(()),
            (Self::Exactly, false) => Err(Unsayable::Rounded { exact, stated }),
            (Self::Over(_), true) => Err(Unsayable::NotOver { exact, stated }),
            (Self::About, true) => Err(Unsayable::NotAbout { exact }),
        }
    }

    fn around(self, number: &str) -> String {
        match self {
            Self::Exactly => number.to_owned(),
            Self::Over(Over::Chao) => format!("超{number}"),
            Self::Over(over) => format!("{number}{}", over.text()),
            Self::About => format!("约{number}"),
        }
    }

    /// The word before a number in English.
    fn english(self) -> &'static str {
        match self {
            Self::Exactly => "",
            Self::Over(_) => "more than ",
            Self::About => "about ",
        }
    }
}

impl Over {
    /// The word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Yu => "余",
            Self::Duo => "多",
            Self::Chao => "超",
        }
    }
}

impl Said {
    /// The same in English, with all digits: 万 is no word there.
    pub fn english(&self) -> String {
        let percent = if self.text.ends_with('%') { "%" } else { "" };
        let number = self.stated.to_string();
        let (whole, rest) = number.split_once('.').map_or((number.as_str(), ""), |(w, r)| (w, r));
        let mut grouped = String::new();
        for (n, digit) in whole.chars().enumerate() {
            if n > 0 && (whole.len() - n) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let point = if rest.is_empty() { "" } else { "." };
        format!("{}{grouped}{point}{rest}{percent}", self.hedge.english())
    }
}

/// Ten to the power of `n`.
fn power(n: u8) -> i64 {
    10_i64.saturating_pow(u32::from(n))
}

/// Digits of a number.
fn length(amount: i64) -> u8 {
    u8::try_from(amount.checked_ilog10().map_or(1, |n| n + 1)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(amount: i64, style: &str) -> String {
        let style = Style::parse(style).unwrap_or_else(|| panic!("{style} is no style"));
        style.say(amount).map_or_else(|refusal| format!("! {refusal}"), |said| said.text)
    }

    fn share(part: i64, whole: i64, style: &str) -> String {
        let style = Style::parse(style).unwrap_or_else(|| panic!("{style} is no style"));
        let said = style.say_ratio(Ratio { part, whole });
        said.map_or_else(|refusal| format!("! {refusal}"), |said| said.text)
    }

    #[test]
    fn numbers_are_said_as_the_articles_say_them() {
        for (amount, style, text) in [
            (201_400, "万2", "20.14万"),
            (181_200, "万2", "18.12万"),
            (239_000, "万2", "23.9万"),
            (48_000, "万1", "4.8万"),
            (400_000, "万0", "40万"),
            (2_000_000, "万0", "200万"),
            (919, "", "919"),
            (10_000, "", "10000"),
            (712, "余1", "700余"),
            (2_345, "余1", "2000余"),
            (2_345, "多2", "2300多"),
            (10_350, "余1", "10000余"),
            (20_350, "万0余", "2万余"),
            (201_412, "万2余", "20.14万余"),
            (201_412, "万2约", "约20.14万"),
            (201_462, "万2约", "约20.15万"),
            (201_412, "万", "20.1412万"),
            (712, "超1", "超700"),
            (995, "约1", "约1000"),
            (9_999, "万0约", "约1万"),
            (0, "", "0"),
        ] {
            assert_eq!(said(amount, style), text, "{amount} {style}");
        }
    }

    #[test]
    fn what_is_not_true_of_a_number_is_not_said() {
        for (amount, style, why) in [
            (700, "余1", "exactly 700"),
            (700, "多1", "exactly 700"),
            (700, "超1", "exactly 700"),
            (20_000, "万0余", "exactly 20000"),
            (7, "余1", "exactly 7"),
            (0, "余1", "exactly 0"),
            (700, "约1", "not about 700"),
            (201_412, "万2", "would be a rounding"),
            (239_000, "万0", "would be a rounding"),
            (919, "万", "less than 10000"),
            (712, "万0余", "less than 10000"),
            (9_000, "万1约", "not about"),
            (9_210, "万1约", "less than 10000"),
            (-1, "", "below zero"),
            (5, "%0", "needs two figures"),
        ] {
            let answer = said(amount, style);
            assert!(answer.starts_with('!') && answer.contains(why), "{amount} {style}: {answer}");
        }
    }

    #[test]
    fn a_share_is_exact_or_says_that_it_is_not() {
        for (part, whole, style, text) in [
            (80, 100, "%0", "80%"),
            (211, 211, "%0", "100%"),
            (0, 9, "%0", "0%"),
            (1, 8, "%1", "12.5%"),
            (799, 1000, "%1", "79.9%"),
            (2, 3, "%0约", "约67%"),
            (2, 3, "%1约", "约66.7%"),
            (2, 3, "%0超", "超66%"),
        ] {
            assert_eq!(share(part, whole, style), text, "{part}/{whole} {style}");
        }
        for (part, whole, style, why) in [
            (797, 1000, "%0", "would be a rounding"),
            (80, 100, "%0约", "not about"),
            (80, 100, "%0超", "nothing exceeds"),
            (999, 1000, "%0约", "neither all nor none"),
            (1, 1000, "%0约", "neither all nor none"),
            (1, 1000, "%0超", "neither all nor none"),
            (9, 8, "%0", "more than the whole"),
            (1, 0, "%0", "no whole"),
            (-1, 8, "%0", "below zero"),
            (1, 8, "余1", "needs two figures"),
        ] {
            let answer = share(part, whole, style);
            assert!(answer.starts_with('!') && answer.contains(why), "{part}/{whole}: {answer}");
        }
    }

    #[test]
    fn english_has_no_wan() {
        let english = |amount: i64, style: &str| {
            Style::parse(style).and_then(|s| s.say(amount).ok()).map(|said| said.english())
        };
        assert_eq!(english(201_400, "万2").as_deref(), Some("201,400"));
        assert_eq!(english(712, "余1").as_deref(), Some("more than 700"));
        assert_eq!(english(201_412, "万2约").as_deref(), Some("about 201,400"));
        assert_eq!(english(1_234_567, "").as_deref(), Some("1,234,567"));
        let share = Style::parse("%1").and_then(|s| s.say_ratio(Ratio { part: 1, whole: 8 }).ok());
        assert_eq!(share.map(|said| said.english()).as_deref(), Some("12.5%"));
    }

    #[test]
    fn what_is_no_style_is_not_read() {
        for wrong in [
            "余",
            "余0",
            "万5",
            "%3",
            "千1",
            "万2余余",
            "万2.",
            "2",
            "余12",
            "万22",
            "约万2",
            "%0余",
        ] {
            assert_eq!(Style::parse(wrong), None, "{wrong}");
        }
    }

    fn styles() -> impl Strategy<Value = Style> {
        let hedges = [
            Hedge::Exactly,
            Hedge::Over(Over::Yu),
            Hedge::Over(Over::Duo),
            Hedge::Over(Over::Chao),
            Hedge::About,
        ];
        let forms = prop_oneof![
            (1_u8..=9).prop_map(Form::Digits),
            (0..=WAN_DECIMALS).prop_map(Form::Wan),
            (0..=PERCENT_DECIMALS).prop_map(Form::Percent),
        ];
        let some = (forms, prop::sample::select(hedges.to_vec()))
            .prop_map(|(form, hedge)| Style { form, hedge })
            .prop_filter("no such style", |s| {
                let after = matches!(s.hedge, Hedge::Over(Over::Yu | Over::Duo));
                match s.form {
                    Form::Digits(_) => s.hedge != Hedge::Exactly,
                    Form::Percent(_) => !after,
                    Form::Whole | Form::Wan(_) => true,
                }
            });
        prop_oneof![Just(Style::WHOLE), some]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(style in styles()) {
            prop_assert_eq!(Style::parse(&style.code()), Some(style));
        }

        #[test]
        fn whatever_is_said_is_true(amount in prop_oneof![0_i64..2_000_000, any::<i64>()], style in styles()) {
            let Ok(said) = style.say(amount) else { return Ok(()) };
            prop_assert_eq!(said.stated.decimals, 0);
            let stated = said.stated.digits;
            match said.hedge {
                Hedge::Exactly => prop_assert_eq!(stated, amount),
                Hedge::Over(_) => prop_assert!(stated < amount && amount - stated < stated.max(WAN)),
                Hedge::About => prop_assert!(stated != amount),
            }
        }

        #[test]
        fn every_number_can_be_said_somehow(amount in 0_i64..i64::MAX) {
            let ways = Style::fitting(amount);
            prop_assert!(!ways.is_empty());
            for way in ways {
                prop_assert!(way.say(amount).is_ok());
            }
        }

        #[test]
        fn a_share_never_says_more_than_it_is(part in 0_i64..100_000, whole in 1_i64..100_000, n in 0_u8..=2) {
            let over = Style { form: Form::Percent(n), hedge: Hedge::Over(Over::Chao) };
            let ratio = Ratio { part, whole };
            if let Ok(said) = over.say_ratio(ratio) {
                let stated = i128::from(said.stated.digits) * i128::from(whole);
                let exact = i128::from(part) * 100 * i128::from(power(said.stated.decimals));
                prop_assert!(stated < exact);
            }
            for way in Style::fitting_ratio(ratio) {
                prop_assert!(way.say_ratio(ratio).is_ok());
            }
        }
    }
}
