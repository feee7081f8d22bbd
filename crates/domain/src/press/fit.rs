//! Whether the words around a place are true of its figure: the counting word, what is said of time,
//! and whether the number is called new or summed up so far. Knows no number; a text that fits may
//! still say one wrongly, which `wording` refuses.

use super::{
    marks::{Mark, PLACE, Sense, Span, bracketed, ends_clause, ends_sentence, marks},
    place::{Piece, Place, Position, Template},
    words::{Press, ends, longest, narrow},
};
use crate::{
    figure::{Figure, Figures, Nature, Period},
    pack::{Pack, Units},
    workflow::Code,
};
use jiff::civil::Date;

/// What a text is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The words of the press.
    pub press: &'a Press,
    /// The figures.
    pub figures: &'a Figures,
    /// The units.
    pub units: &'a Units,
    /// The unit that releases the text: it tells its own numbers and those of the units below.
    pub unit: Option<&'a str>,
    /// The day on which the text goes out; 今年 is its year.
    pub day: Date,
}

impl<'a> Setting<'a> {
    /// What a city gives for a text that goes out on a day.
    pub fn of(pack: &'a Pack, day: Date) -> Self {
        let (press, figures, units) = (&pack.press, &pack.figures, &pack.units);
        Self { press, figures, units, unit: None, day }
    }

    /// The same for a text of this unit.
    #[must_use]
    pub fn by(self, unit: &'a str) -> Self {
        Self { unit: Some(unit), ..self }
    }
}

/// A place whose sentence is not true of its figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, character {}, in “{sentence}”: {why}", at.line, at.column)]
pub struct Misfit {
    /// Where the place stands.
    pub at: Position,
    /// The sentence, with its places as they are written.
    pub sentence: String,
    /// The figure.
    pub figure: Code,
    /// Why.
    pub why: Why,
    /// What would fit instead; may be empty.
    pub fits: Vec<String>,
}

/// Why a sentence is not true of a figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// No such figure.
    #[error("there is no figure `{0}`")]
    NoFigure(Code),
    /// No such unit, or none below the one that releases the text.
    #[error("there is no unit `{0}` below the one that releases the text")]
    NoUnit(Code),
    /// The period has not begun on the day of the release.
    #[error("the period {0} has not begun on the day of the release")]
    Ahead(String),
    /// The figure is not counted in the period.
    #[error("the figure is counted from {0} on")]
    Before(Date),
    /// The counting word belongs to another kind of figure.
    #[error("the figure counts {word}, and the sentence says {said}")]
    Word {
        /// What the sentence says.
        said: String,
        /// What the figure counts.
        word: &'static str,
    },
    /// A word that belongs into the place stands beside it.
    #[error("“{0}” stands outside the place, where nobody can tell whether it is true")]
    Outside(String),
    /// Part and whole that do not go together.
    #[error(
        "`{0}` is no whole of which the figure could be a part: another word or another nature"
    )]
    Unlike(Code),
    /// A number so far, without a word that says so.
    #[error("the number counts from the beginning, and the sentence does not say so")]
    SoFarUnsaid,
    /// A number so far, said as one of a single period.
    #[error("the number counts from the beginning, and the sentence says it of “{0}”")]
    SoFarOfPeriod(String),
    /// What happened in a period, said as so far.
    #[error("the number counts one period, and the sentence says “{0}”")]
    PeriodSoFar(String),
    /// What stands on a day, said as so far.
    #[error("the number counts what there is on a day, and the sentence says “{0}”")]
    StockSoFar(String),
    /// Not new, said as new.
    #[error("the number does not count new ones, and the sentence says “{0}”")]
    NotNew(String),
    /// Another period is said.
    #[error("the place counts {period}, and the sentence says “{said}”")]
    OtherPeriod {
        /// What the sentence says.
        said: String,
        /// What is counted.
        period: String,
    },
    /// Another beginning is said.
    #[error("the figure is counted from {since} on, and the sentence says “{said}”")]
    OtherStart {
        /// What the sentence says.
        said: String,
        /// The first day.
        since: Date,
    },
    /// Another end is said.
    #[error("the place counts up to {last}, and the sentence says “{said}”")]
    OtherEnd {
        /// What the sentence says.
        said: String,
        /// The last day.
        last: Date,
    },
}

impl Template {
    /// Everything that the words around its places say wrongly of their figures.
    pub fn misfits(&self, setting: &Setting<'_>) -> Vec<Misfit> {
        sentences(self).iter().flat_map(|sentence| sentence.misfits(setting)).collect()
    }
}

/// A sentence as characters, and the places in it.
#[derive(Default)]
struct Sentence<'a> {
    /// As they were written, with one character for each place.
    written: Vec<char>,
    /// The same with narrow digits and signs.
    chars: Vec<char>,
    places: Vec<(usize, &'a Place)>,
}

fn sentences(template: &Template) -> Vec<Sentence<'_>> {
    let mut all = Vec::new();
    let mut now = Sentence::default();
    for piece in &template.pieces {
        match piece {
            Piece::Place(place) => {
                now.places.push((now.chars.len(), place));
                now.push(PLACE);
            }
            Piece::Words(words) => {
                for char in words.chars() {
                    // Nothing but a place looks like one.
                    now.push(if char == PLACE { ' ' } else { char });
                    if ends_sentence(char) {
                        all.push(std::mem::take(&mut now));
                    }
                }
            }
        }
    }
    all.push(now);
    all.retain(|sentence| !sentence.places.is_empty());
    all
}

impl Sentence<'_> {
    fn push(&mut self, char: char) {
        self.written.push(char);
        self.chars.push(narrow(char));
    }

    /// As it was written.
    fn text(&self) -> String {
        let mut places = self.places.iter();
        let mut text = String::new();
        for char in &self.written {
            match places.as_slice().first().filter(|_| *char == PLACE) {
                Some((_, place)) => {
                    text.extend(["{", place.code().as_str(), "}"]);
                    places.next();
                }
                None => text.push(*char),
            }
        }
        text.trim().to_owned()
    }

    fn misfits(&self, setting: &Setting<'_>) -> Vec<Misfit> {
        let marks = marks(&self.chars, setting.press, setting.day);
        let mut all = Vec::new();
        for (at, place) in &self.places {
            let Some(figure) = setting.figures.get(&place.figure) else {
                all.push(self.misfit(place, Why::NoFigure(place.figure.clone()), Vec::new()));
                continue;
            };
            let one = One { setting, sentence: self, marks: &marks, at: *at, place, figure };
            all.extend(one.whys().into_iter().map(|(why, fits)| self.misfit(place, why, fits)));
        }
        all
    }

    fn misfit(&self, place: &Place, why: Why, fits: Vec<String>) -> Misfit {
        Misfit { at: place.at, sentence: self.text(), figure: place.figure.clone(), why, fits }
    }
}

/// One place in its sentence.
struct One<'a> {
    setting: &'a Setting<'a>,
    sentence: &'a Sentence<'a>,
    marks: &'a [Mark],
    at: usize,
    place: &'a Place,
    figure: &'a Figure,
}

type Told = (Why, Vec<String>);

impl One<'_> {
    fn whys(&self) -> Vec<Told> {
        let mut whys: Vec<Told> = Vec::new();
        whys.extend(self.unit());
        whys.extend(self.whole());
        whys.extend(self.begun());
        whys.extend(self.beside());
        whys.extend(self.word());
        whys.extend(self.time());
        whys.extend(self.newness());
        whys
    }

    fn unit(&self) -> Option<Told> {
        let unit = self.place.unit.as_ref()?;
        let units = self.setting.units;
        let below = self.setting.unit.is_none_or(|top| units.covers(top, unit));
        let known = units.get(unit).is_some() && below;
        (!known).then(|| (Why::NoUnit(unit.clone()), Vec::new()))
    }

    fn whole(&self) -> Option<Told> {
        let code = self.place.whole.as_ref()?;
        let Some(whole) = self.setting.figures.get(code) else {
            return Some((Why::NoFigure(code.clone()), Vec::new()));
        };
        let like = whole.word == self.figure.word && whole.nature == self.figure.nature;
        let fits = self.setting.figures.iter().filter(|other| {
            other.code != self.figure.code
                && other.word == self.figure.word
                && other.nature == self.figure.nature
        });
        (!like).then(|| (Why::Unlike(code.clone()), fits.map(|f| f.code.clone()).collect()))
    }

    fn begun(&self) -> Option<Told> {
        let period = self.place.period;
        if period.first().is_some_and(|first| first > self.setting.day) {
            return Some((Why::Ahead(period.code()), Vec::new()));
        }
        let since = self.figure.since()?;
        (period.last() < since).then(|| (Why::Before(since), Vec::new()))
    }

    /// The characters behind the place, up to the next one.
    fn behind(&self) -> &[char] {
        let rest = &self.sentence.chars[self.at + 1..];
        &rest[..rest.iter().position(|c| *c == PLACE).unwrap_or(rest.len())]
    }

    /// Words beside the place that change what its number says.
    fn beside(&self) -> Option<Told> {
        let press = self.setting.press;
        let before = &self.sentence.chars[..self.at];
        let hedge = press.hedges.iter().filter(|word| ends(before, word));
        let hedge = hedge.max_by_key(|word| word.chars().count()).map(String::as_str);
        let scale = longest(self.behind(), &press.scales);
        let digit = before.last().filter(|c| c.is_ascii_digit()).map(|_| "0–9");
        let word = hedge.or(scale).or(digit)?;
        Some((Why::Outside(word.to_owned()), Vec::new()))
    }

    /// The counting word behind the place. Where there is none, that of the figure is filled in.
    fn word(&self) -> Option<Told> {
        let press = self.setting.press;
        let behind = self.behind();
        if longest(behind, &press.scales).is_some() {
            return None;
        }
        let (said, word) = press.counted(behind)?;
        let shared = self.place.whole.is_some();
        if word == Some(self.figure.word) && !shared {
            return None;
        }
        let fits = press.counting(self.figure.word).map(str::to_owned);
        let fits = if shared { Vec::new() } else { fits.collect() };
        Some((Why::Word { said: said.to_owned(), word: self.figure.word.text() }, fits))
    }

    /// The last thing that is said of time before the place; else what stands in brackets behind it.
    fn said(&self) -> Option<&Mark> {
        let timely = |mark: &&Mark| !matches!(mark.sense, Sense::New | Sense::In(Span::Day(_)));
        let mut before = self.marks.iter().rev().filter(|mark| mark.to <= self.at);
        let found = before.find(timely);
        found.or_else(|| {
            let behind = self.behind();
            let open = behind.iter().position(|c| matches!(c, '(' | '（')).filter(|n| *n <= 6)?;
            let length = bracketed(&behind[open..])?.len();
            let from = self.at + 1 + open;
            let inside = |mark: &&Mark| mark.from >= from && mark.to <= from + length + 1;
            self.marks.iter().filter(inside).find(timely)
        })
    }

    fn time(&self) -> Option<Told> {
        let so_far = self.figure.nature == Nature::Cumulative;
        match (self.figure.nature, self.place.period) {
            (Nature::Stock, _) => self.stock(),
            (Nature::Flow, Period::Month(..) | Period::Part(..) | Period::Year(_)) => self.within(),
            (Nature::Flow, Period::UpTo(..)) | (Nature::Cumulative, _) => self.so_far(so_far),
        }
    }

    /// What has come together since the beginning.
    fn so_far(&self, is_cumulative: bool) -> Option<Told> {
        let fits = || {
            let since = self.figure.since().map_or(String::new(), |day| day.year().to_string());
            vec![
                format!("自{since}年以来累计"),
                format!("截至{}累计", self.chinese(self.place.period)),
            ]
        };
        let Some(mark) = self.said() else {
            let unsaid = is_cumulative && !matches!(self.place.period, Period::UpTo(..));
            return unsaid.then(|| (Why::SoFarUnsaid, fits()));
        };
        match mark.sense {
            Sense::In(_) => Some((Why::SoFarOfPeriod(mark.words.clone()), fits())),
            Sense::Since(span) => self.starts(mark, span),
            Sense::Until(span) => self.ends(mark, span),
            Sense::SoFar | Sense::New => match self.before(mark) {
                Some(Mark { sense: Sense::In(_), words, .. }) => {
                    let words = format!("{words}{}", mark.words);
                    Some((Why::SoFarOfPeriod(words), fits()))
                }
                Some(before @ Mark { sense: Sense::Since(span), .. }) => self.starts(before, *span),
                Some(before @ Mark { sense: Sense::Until(span), .. }) => self.ends(before, *span),
                Some(_) | None => None,
            },
        }
    }

    /// What is said of time before a mark, with no number between the two.
    fn before(&self, mark: &Mark) -> Option<&Mark> {
        let mut earlier = self.marks.iter().rev().filter(|other| other.to <= mark.from);
        let timely = |other: &&Mark| !matches!(other.sense, Sense::New | Sense::In(Span::Day(_)));
        let last = earlier.find(timely)?;
        let between = &self.sentence.chars[last.to..mark.from];
        (!between.contains(&PLACE)).then_some(last)
    }

    fn starts(&self, mark: &Mark, span: Span) -> Option<Told> {
        let since = self.figure.since()?;
        let within = span.days().is_some_and(|(first, last)| first <= since && since <= last);
        let said = mark.words.clone();
        (!within)
            .then(|| (Why::OtherStart { said, since }, vec![format!("自{}年以来", since.year())]))
    }

    fn ends(&self, mark: &Mark, span: Span) -> Option<Told> {
        let last = self.place.period.last();
        let same = span.days().is_some_and(|(_, end)| end == last);
        let said = mark.words.clone();
        let fits = vec![format!("截至{}", self.chinese(self.place.period))];
        (!same).then_some((Why::OtherEnd { said, last }, fits))
    }

    /// What there is at the end of the period.
    fn stock(&self) -> Option<Told> {
        let mark = self.said()?;
        let last = self.place.period.last();
        match mark.sense {
            Sense::SoFar | Sense::Since(_) => {
                let fits = self.siblings(Nature::Cumulative);
                Some((Why::StockSoFar(mark.words.clone()), fits))
            }
            Sense::Until(span) => self.ends(mark, span),
            Sense::In(span) => {
                let within = span.days().is_some_and(|(first, end)| first <= last && last <= end);
                (!within).then(|| self.other_period(mark))
            }
            Sense::New => None,
        }
    }

    /// What happened in a month or a year.
    fn within(&self) -> Option<Told> {
        let mark = self.said()?;
        match mark.sense {
            Sense::SoFar | Sense::Since(_) | Sense::Until(_) => {
                let up_to = format!("to-{}", month_code(self.place.period));
                let mut fits = vec![format!("{{{} {up_to}}}", self.place.figure)];
                fits.extend(self.siblings(Nature::Cumulative));
                Some((Why::PeriodSoFar(mark.words.clone()), fits))
            }
            Sense::In(span) => {
                let same = match (span, self.place.period) {
                    (Span::Year(y), Period::Year(year)) => y == year,
                    (Span::Month(y, m), Period::Month(year, month)) => (y, m) == (year, month),
                    (Span::Part(y, p), Period::Part(year, part)) => (y, p) == (year, part),
                    _ => false,
                };
                (!same).then(|| self.other_period(mark))
            }
            Sense::New => None,
        }
    }

    fn other_period(&self, mark: &Mark) -> Told {
        let period = self.place.period;
        let why = Why::OtherPeriod { said: mark.words.clone(), period: period.code() };
        (why, vec![self.chinese(period)])
    }

    /// A period as a sentence says it.
    fn chinese(&self, period: Period) -> String {
        match period {
            Period::Year(year) => format!("{year}年"),
            Period::Month(year, month) | Period::UpTo(year, month) => format!("{year}年{month}月"),
            Period::Part(year, part) => {
                let words = self.setting.press.parts.get(&part).and_then(|words| words.first());
                format!("{year}年{}", words.map_or(part.code(), String::as_str))
            }
        }
    }

    /// Only what happened in a period is new.
    fn newness(&self) -> Option<Told> {
        let clause = self.sentence.chars[..self.at].iter().rposition(|c| ends_clause(*c));
        let clause = clause.map_or(0, |at| at + 1);
        let mut near =
            self.marks.iter().rev().filter(|mark| mark.from >= clause && mark.to <= self.at);
        let last = near.find(|m| matches!(m.sense, Sense::New | Sense::SoFar | Sense::Since(_)));
        let mark = last.filter(|mark| mark.sense == Sense::New)?;
        let within = !matches!(self.place.period, Period::UpTo(..));
        if self.figure.nature == Nature::Flow && within {
            return None;
        }
        Some((Why::NotNew(mark.words.clone()), self.siblings(Nature::Flow)))
    }

    /// Figures of another nature that count the same kind of record.
    fn siblings(&self, nature: Nature) -> Vec<String> {
        let filter = |figure: &Figure| figure.versions.last().map(|v| v.filter.clone());
        let like = self.setting.figures.iter().filter(|other| {
            other.nature == nature
                && other.workflow == self.figure.workflow
                && filter(other) == filter(self.figure)
        });
        like.map(|other| other.code.clone()).collect()
    }
}

/// The month with which a period ends.
fn month_code(period: Period) -> String {
    Period::month(period.last()).code()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let template = Template::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        sample::with(|setting| {
            let misfits = template.misfits(setting);
            misfits.iter().map(|m| format!("{} → {}", m.why, m.fits.join("|"))).collect()
        })
    }

    #[test]
    fn sentences_that_are_true_of_their_figures_fit() {
        for text in [
            "安置妇女就业{placements 2023 万2}",
            "去年，发挥职能优势，深化培训，安置妇女就业{placements 2023 万2}人次，服务家庭{homes_new 2023 万2}户。",
            "去年救助{girls 2023}名女童。",
            "为{homes_new 2023 万1}个家庭提供服务",
            "2023年，调处矛盾纠纷{disputes 2023 余1}件",
            "2023年3月调处{disputes 2023-03}件，4月调处{disputes 2023-04}件",
            "去年11月调处{disputes 2023-11}件",
            "上月调处{disputes 2024-02}件，本月{disputes 2024-03}件",
            "今年以来开展活动{talks 2024}场",
            "争取{fund 2023 万0}元资金",
            "自2018年开展创建以来，多措并行，推动{villages_named to-2023-12}个村、{homes_named to-2023-12 万2}个家庭达标。",
            "截至2023年底，累计命名{homes_named 2023 万2}户",
            "截至2023年12月31日有{homes_named to-2023-12}户",
            "2018年至今命名{villages_named to-2024-03}个",
            "去年新创建{villages_new 2023}个，累计达{villages_named to-2023-12}个",
            "今年新创建命名{villages_new 2024}个示范村、{homes_new 2024}户",
            "去年底有{villages_valid 2023}个，截至2024年2月有{villages_valid 2024-02}个",
            "覆盖率{covered/bodies 2023 %0}。",
            "自2023年11月开馆以来，已开展公益活动{centre_events to-2024-02}场",
            "调处{disputes 2023}件，比上年多",
            "调处{disputes 2023}件（2023年）",
            "按《2019年工作方案》，去年调处{disputes 2023}件",
            "3月6日讯：去年调处{disputes 2023}件",
            "２０２３年，城东{disputes 2023 wf-9901}件",
            "二〇二三年调处{disputes 2023}件",
            "去年调处{disputes 2023}件。今年将开展活动。",
            "去年上半年调处{disputes 2023-h1}件",
            "2023年一季度调处{disputes 2023-q1}件",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    const WRONG: &[(&str, &str, &str)] = &[
        ("安置{placements 2023 万2}人", "counts 人次, and the sentence says 人", "人次"),
        ("安置{placements 2023 万2}名妇女", "counts 人次, and the sentence says 名", "人次"),
        ("救助{girls 2023}人次", "counts 人, and the sentence says 人次", "人|名|位"),
        ("{villages_new 2023}个家庭", "counts 个, and the sentence says 个家庭", "个"),
        ("{homes_new 2023}个", "counts 户, and the sentence says 个", "户|个家庭|家庭"),
        ("结成{girls 2023}对", "the sentence says 对", "人"),
        ("争取{fund 2023}万元", "“万” stands outside", ""),
        ("调处{disputes 2023}余件", "“余” stands outside", ""),
        ("调处近{disputes 2023}件", "“近” stands outside", ""),
        ("调处1{disputes 2023}件", "“0–9” stands outside", ""),
        (
            "累计调处{disputes 2023}件",
            "counts one period, and the sentence says “累计”",
            "{disputes to-2023-12}",
        ),
        ("自2018年以来新命名{homes_new 2023}户", "counts one period", "homes_named"),
        ("今年累计调处{disputes 2024}件", "counts one period", ""),
        (
            "命名{homes_named 2023 万2}户",
            "from the beginning, and the sentence does not",
            "自2018年以来累计",
        ),
        ("去年，{homes_named to-2023-12 万2}户蝶变升级", "says it of “去年”", "截至2023年12月累计"),
        ("去年累计命名{homes_named to-2023-12}户", "says it of “去年累计”", ""),
        ("去年累计命名{disputes to-2023-12}件", "says it of “去年累计”", ""),
        (
            "自2019年以来命名{homes_named to-2023-12}户",
            "counted from 2018-01-01 on",
            "自2018年以来",
        ),
        ("自去年11月以来开展{talks to-2024-02}场", "counted from 2018-01-01 on", ""),
        ("截至2023年底命名{homes_named to-2023-11}户", "counts up to 2023-11-30", "截至2023年11月"),
        ("累计建成{villages_valid 2023}个", "what there is on a day", "villages_named"),
        ("截至2023年底有{villages_valid 2024-02}个", "counts up to 2024-02-29", ""),
        ("去年有{villages_valid 2024-02}个", "counts 2024-02, and the sentence says “去年”", ""),
        ("新增{villages_valid 2023}个", "does not count new ones", "villages_new"),
        ("新增户{homes_named to-2023-12}户", "does not count new ones", "homes_new"),
        ("新命名{disputes to-2023-12}件", "does not count new ones", ""),
        ("今年调处{disputes 2023}件", "counts 2023, and the sentence says “今年”", "2023年"),
        ("去年，各方努力；调处{disputes 2024}件", "counts 2024, and the sentence says “去年”", ""),
        (
            "2023年调处{disputes 2023-03}件",
            "counts 2023-03, and the sentence says “2023年”",
            "2023年3月",
        ),
        ("2023年3月调处{disputes 2023}件", "counts 2023, and", ""),
        ("上半年调处{disputes 2023}件", "says “上半年”", ""),
        ("2018—2023年调处{disputes 2023}件", "counts 2023", ""),
        ("2023年1至11月调处{disputes 2023}件", "counts 2023", ""),
        ("调处{disputes 2023}件（2022年）", "says “2022年”", ""),
        ("明年{disputes 2025}件", "has not begun", ""),
        ("去年上半年调处{disputes 2023}件", "says “去年上半年”", "2023年"),
        ("去年调处{disputes 2023-h1}件", "says “去年”", "2023年上半年"),
        ("早年{disputes 2017}件", "counted from 2018-01-01 on", ""),
        ("{nothing 2023}件", "no figure `nothing`", ""),
        ("{disputes 2023 wf-9}件", "no unit `wf-9`", ""),
        ("{covered/disputes 2023 %0}", "no whole", "bodies"),
        ("{covered/homes_named 2023 %0}", "no whole", ""),
        ("覆盖{covered/bodies 2023 %0}个", "the sentence says 个", ""),
    ];

    #[test]
    fn sentences_that_are_not_are_refused_with_what_would_fit() {
        for (text, why, fits) in WRONG {
            let told = told(text);
            assert_eq!(told.len(), 1, "{text}: {told:?}");
            let (said, offered) = told[0].split_once(" → ").expect("two parts");
            assert!(said.contains(why), "{text}: {said}");
            assert!(offered.contains(fits), "{text}: {offered}");
        }
    }

    #[test]
    fn a_refusal_names_sentence_and_place() {
        let template =
            Template::parse("去年平安。\n安置{placements 2023 万2}人，真好。后来").expect("a text");
        let misfits = sample::with(|setting| template.misfits(setting));
        assert_eq!(misfits.len(), 1);
        assert_eq!(misfits[0].sentence, "安置{placements 2023 万2}人，真好。");
        assert_eq!(misfits[0].at, Position { line: 2, column: 3 });
        assert_eq!(misfits[0].figure, "placements");
    }
}
