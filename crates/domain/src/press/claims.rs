//! What a release says without a figure behind it: that something is the first, the only, the best,
//! and numbers that were typed in. Decides that each stands in the register, with evidence, checked by
//! another person; never decides whether the evidence is good.

use super::{
    marks::ends_sentence,
    words::{Press, longest, narrow},
};
use crate::case::AccountId;
use jiff::civil::Date;
use std::ops::Range;

/// Characters that an entry of the register holds beyond the claiming word: who is first at what.
const SUBJECT: usize = 4;

/// What is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 首个, 唯一, 率先.
    Superlative,
    /// A number that no place has filled in.
    Typed,
}

/// A claim in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it claims.
    pub kind: Kind,
    /// The words that claim it.
    pub words: String,
    /// The sentence.
    pub sentence: String,
    /// Where the words stand in the text, in characters.
    pub at: Range<usize>,
    /// Where the sentence begins in the text.
    begins: usize,
}

/// An entry of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The words as the release says them, with the claiming word in them.
    pub says: String,
    /// The paper that shows it: issuer, number, date.
    pub evidence: String,
    /// Who entered it.
    pub entered_by: AccountId,
    /// Who checked it; none before that.
    pub checked_by: Option<AccountId>,
    /// The day of the check.
    pub checked_on: Option<Date>,
    /// The last day on which it may be said; somebody else may be first then.
    pub until: Option<Date>,
}

/// Why a claim cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unproved {
    /// It is not in the register.
    #[error("it is not in the register of claims")]
    Unregistered,
    /// The entry has nothing but the claiming word.
    #[error("its entry in the register does not say who is first at what")]
    Bare,
    /// The entry names no paper.
    #[error("its entry names no evidence")]
    NoEvidence,
    /// The claim may not be made any longer.
    #[error("its entry has run out")]
    Expired,
    /// Nobody has checked it by that day.
    #[error("nobody has checked its entry")]
    Unchecked,
    /// Whoever entered it has checked it.
    #[error("whoever entered it has checked it")]
    SamePerson,
}

impl Claim {
    /// The entry as one line: facts and texts hold no tables.
    pub fn line(&self) -> String {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let day = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
        let who = self.checked_by.map_or(String::new(), |who| who.to_string());
        [
            plain(&self.says),
            plain(&self.evidence),
            self.entered_by.to_string(),
            who,
            day(self.checked_on),
            day(self.until),
        ]
        .join("\t")
    }

    /// Reads what [`line`](Self::line) writes.
    pub fn parse(line: &str) -> Option<Self> {
        let parts: Vec<&str> = line.split('\t').collect();
        let [says, evidence, entered, checked, on, until] = parts.as_slice() else { return None };
        Some(Self {
            says: (*says).to_owned(),
            evidence: (*evidence).to_owned(),
            entered_by: entered.parse().ok()?,
            checked_by: checked.parse().ok(),
            checked_on: on.parse().ok(),
            until: until.parse().ok(),
        })
    }

    /// Why the entry does not prove what the text says; none if it does.
    fn fault(&self, found: &Found, day: Date) -> Option<Unproved> {
        let length = self.says.chars().count();
        if length < found.words.chars().count() + SUBJECT {
            return Some(Unproved::Bare);
        }
        if self.evidence.trim().is_empty() {
            return Some(Unproved::NoEvidence);
        }
        if self.until.is_some_and(|until| until < day) {
            return Some(Unproved::Expired);
        }
        match (self.checked_by, self.checked_on) {
            (Some(who), Some(on)) if on <= day => {
                (who == self.entered_by).then_some(Unproved::SamePerson)
            }
            _ => Some(Unproved::Unchecked),
        }
    }
}

impl Found {
    /// Why the register does not prove this claim; none if it does.
    pub fn unproved(&self, register: &[Claim], day: Date) -> Option<Unproved> {
        let entries = register.iter().filter(|claim| self.is_said_by(claim));
        let faults: Vec<Option<Unproved>> = entries.map(|claim| claim.fault(self, day)).collect();
        if faults.contains(&None) {
            return None;
        }
        // The entry that comes nearest says best what is missing.
        Some(faults.into_iter().flatten().max().unwrap_or(Unproved::Unregistered))
    }

    /// Whether an entry holds these very words of this sentence.
    fn is_said_by(&self, claim: &Claim) -> bool {
        let sentence: Vec<char> = self.sentence.chars().collect();
        let says: Vec<char> = claim.says.trim().chars().collect();
        if says.is_empty() || says.len() > sentence.len() {
            return false;
        }
        let (from, to) = (self.at.start - self.begins, self.at.end - self.begins);
        let covers = |at: usize| at <= from && to <= at + says.len();
        let places = sentence.windows(says.len()).enumerate();
        places.filter(|(at, _)| covers(*at)).any(|(_, words)| words == says)
    }
}

/// The claims of a text; `filled` are the parts of it that came from figures, in characters.
pub fn claims(press: &Press, text: &str, filled: &[Range<usize>]) -> Vec<Found> {
    let written: Vec<char> = text.chars().collect();
    let chars: Vec<char> = written.iter().copied().map(narrow).collect();
    let mut found = Vec::new();
    let mut begins = 0;
    let mut at = 0;
    while at < chars.len() {
        if ends_sentence(chars[at]) {
            begins = at + 1;
        }
        if let Some(range) = filled.iter().find(|range| range.contains(&at)) {
            at = range.end;
            continue;
        }
        let (length, kind) = claim_at(press, &chars, at);
        if let Some(kind) = kind {
            let end = chars[at..].iter().position(|c| ends_sentence(*c));
            let end = end.map_or(chars.len(), |n| at + n);
            found.push(Found {
                kind,
                words: written[at..at + length].iter().collect(),
                sentence: written[begins..end].iter().collect(),
                at: at..at + length,
                begins,
            });
        }
        at += length.max(1);
    }
    found
}

/// How many characters belong together here, and what they claim.
fn claim_at(press: &Press, chars: &[char], at: usize) -> (usize, Option<Kind>) {
    let rest = &chars[at..];
    let claiming = longest(rest, &press.superlatives).map_or(0, |word| word.chars().count());
    let harmless = longest(rest, &press.not_superlatives).map_or(0, |word| word.chars().count());
    if harmless >= claiming.max(1) {
        return (harmless, None);
    }
    if claiming > 0 {
        return (claiming, Some(Kind::Superlative));
    }
    typed(press, &chars[..at], rest)
}

/// A number that is counted: 81场, 1,500元, 4.8万名, 两千余名, 80%. Days, ages and the like are not.
fn typed(press: &Press, before: &[char], rest: &[char]) -> (usize, Option<Kind>) {
    let numeral = numeral(rest);
    if numeral == 0 {
        return (1, None);
    }
    let ordinal = before.last().is_some_and(|c| *c == '第' || c.is_ascii_alphanumeric());
    let mut length = numeral;
    let more = matches!(rest.get(length), Some('余' | '多'));
    length += usize::from(more);
    let behind = &rest[length..];
    let wordy = !rest[0].is_ascii_digit();
    // 千家万户 and 一件件 count nothing; 二十场, 两千余名 and 十余场 do.
    let idle =
        wordy && !more && (numeral < 2 || !rest[..numeral].iter().any(|c| is_unit_digit(*c)));
    if ordinal || idle {
        return (length, None);
    }
    if behind.first() == Some(&'%') {
        return (length + 1, Some(Kind::Typed));
    }
    let counted = press.counted(behind).map_or(0, |(word, _)| word.chars().count());
    let not = longest(behind, &press.not_counted).map_or(0, |word| word.chars().count());
    if counted == 0 || not >= counted {
        return (length, None);
    }
    (length + counted, Some(Kind::Typed))
}

/// Characters of the number that begins here.
fn numeral(rest: &[char]) -> usize {
    let scale = |c: &char| matches!(c, '十' | '百' | '千' | '万' | '亿');
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits > 0 {
        let tail = rest[digits..].iter().enumerate().take_while(|(n, c)| {
            let next = rest.get(digits + n + 1).is_some_and(char::is_ascii_digit);
            c.is_ascii_digit() || (matches!(c, '.' | ',') && next)
        });
        let digits = digits + tail.count();
        return digits + rest[digits..].iter().take_while(|c| scale(c)).count();
    }
    rest.iter().take_while(|c| scale(c) || is_unit_digit(**c) || **c == '零' || **c == '〇').count()
}

fn is_unit_digit(char: char) -> bool {
    "一二两三四五六七八九".contains(char)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use jiff::civil::date;

    fn found(text: &str) -> Vec<String> {
        claims(&sample::press(), text, &[]).into_iter().map(|f| f.words).collect()
    }

    #[test]
    fn claims_are_found() {
        for (text, words) in [
            ("出台全国首个方案，数量居全省首位。", "全国首个|首位"),
            ("率先完成；作为唯一案例入选", "率先|唯一"),
            ("第一时间到场，建设“第一课堂”", ""),
            ("开展活动81场，获1,500元，4.8万名妇女受益", "81场|1,500元|4.8万名"),
            ("两千余名、十余场、二十户、一百二十三件", "两千余名|十余场|二十户|一百二十三件"),
            ("走进千家万户，千千万万个家庭，一件件实事，一户一策", ""),
            ("第3批3个月，2024年3月6日12时，49岁，每天4—5小时，拨打12338", ""),
            ("覆盖率80%，超过７０％", "80%|７０％"),
            ("A4纸，5G基站3个", "3个"),
        ] {
            assert_eq!(found(text).join("|"), words, "{text}");
        }
    }

    #[test]
    fn what_figures_filled_in_is_no_claim() {
        let text = "调处700余件，开展81场";
        let filled = Range { start: 2, end: 7 };
        let all = claims(&sample::press(), text, &[filled]);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].words, "81场");
    }

    const DAY: Date = date(2024, 3, 7);

    fn entry(says: &str) -> Claim {
        Claim {
            says: says.to_owned(),
            evidence: "某某〔2023〕9号".to_owned(),
            entered_by: 1,
            checked_by: Some(2),
            checked_on: Some(date(2024, 3, 1)),
            until: None,
        }
    }

    fn verdict(register: &[Claim]) -> Option<Unproved> {
        let text = "去年平安。我市出台全国首个儿童友好方案，成立联盟。";
        let all = claims(&sample::press(), text, &[]);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].sentence, "我市出台全国首个儿童友好方案，成立联盟");
        all[0].unproved(register, DAY)
    }

    #[test]
    fn each_claim_needs_an_entry_that_proves_it() {
        let good = entry("全国首个儿童友好方案");
        assert_eq!(verdict(std::slice::from_ref(&good)), None);
        assert_eq!(verdict(&[]), Some(Unproved::Unregistered));
        let change = |change: &dyn Fn(&mut Claim)| {
            let mut claim = good.clone();
            change(&mut claim);
            verdict(&[claim])
        };
        assert_eq!(
            change(&|c| c.says = "全国首个另一方案".to_owned()),
            Some(Unproved::Unregistered)
        );
        assert_eq!(
            change(&|c| c.says = "儿童友好方案，成立联盟".to_owned()),
            Some(Unproved::Unregistered)
        );
        assert_eq!(change(&|c| c.says = String::new()), Some(Unproved::Unregistered));
        assert_eq!(change(&|c| c.says = "全国首个".to_owned()), Some(Unproved::Bare));
        assert_eq!(change(&|c| c.evidence = " ".to_owned()), Some(Unproved::NoEvidence));
        assert_eq!(change(&|c| c.until = Some(date(2024, 3, 6))), Some(Unproved::Expired));
        assert_eq!(change(&|c| c.until = Some(DAY)), None);
        assert_eq!(change(&|c| c.checked_by = None), Some(Unproved::Unchecked));
        assert_eq!(change(&|c| c.checked_on = Some(date(2024, 3, 8))), Some(Unproved::Unchecked));
        assert_eq!(change(&|c| c.checked_by = Some(1)), Some(Unproved::SamePerson));
        let unchecked = Claim { checked_by: None, ..good.clone() };
        assert_eq!(verdict(&[unchecked, good]), None);
    }

    #[test]
    fn an_entry_is_read_as_it_is_written() {
        let plain = Claim { checked_by: None, checked_on: None, ..entry("率先完成任务") };
        for claim in [entry("全国首个方案"), plain] {
            assert_eq!(Claim::parse(&claim.line()), Some(claim));
        }
        assert_eq!(Claim::parse(""), None);
        assert_eq!(Claim::parse("a\tb\tc\t\t\t"), None);
    }

    #[test]
    fn an_entry_speaks_of_its_own_words_alone() {
        let text = "率先在全市完成任务，率先推进建设";
        let all = claims(&sample::press(), text, &[]);
        let register = [entry("率先在全市完成任务")];
        let verdicts: Vec<_> = all.iter().map(|f| f.unproved(&register, DAY)).collect();
        assert_eq!(verdicts, [None, Some(Unproved::Unregistered)]);
    }
}
