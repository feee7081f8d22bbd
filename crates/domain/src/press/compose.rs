//! A press text with its numbers filled in. Decides whether the text may be said as a whole: every place
//! can be read, fits its sentence, has a number that may be said so, and every claim is proved. All
//! that is wrong is told at once. Never asks for numbers: they are handed in.

use super::{
    claims::{Claim, Found, Unproved, claims},
    fit::{Misfit, Setting},
    marks::ends_sentence,
    place::{Piece, Place, Position, Template, Unreadable},
    wording::{Decimal, Hedge, Ratio, Said, Style, Unsayable},
    words::narrow,
};
use crate::{
    figure::{Figure, Period},
    workflow::Code,
};
use std::{collections::BTreeMap, ops::Range};

/// A number that a text needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The figure.
    pub figure: Code,
    /// The period.
    pub period: Period,
    /// The unit; none for the whole city.
    pub unit: Option<Code>,
}

/// What a figure says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The number; none where nothing was counted, which is not zero.
    pub amount: Option<i64>,
    /// Records of which nobody said how much; not in the number.
    pub unknown: i64,
    /// Versions of the definition that had a part in it.
    pub versions: Vec<u32>,
}

/// One number of a finished text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The place that it fills.
    pub place: Place,
    /// Its words, with the counting word where the place brought it along: `20.14万人次`.
    pub text: String,
    /// The number that these words name.
    pub stated: Decimal,
    /// How it stands to the exact one.
    pub hedge: Hedge,
    /// The exact number; the part, where it is a share.
    pub exact: i64,
    /// The whole, where it is a share.
    pub whole: Option<i64>,
    /// Where it stands in the text, in characters.
    pub at: Range<usize>,
}

/// A finished text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The text.
    pub text: String,
    /// Its numbers, in order.
    pub statements: Vec<Statement>,
    /// Its claims, each of them proved.
    pub claims: Vec<Found>,
}

/// Why a text cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A place cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A sentence is not true of its figure.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A number cannot be said so.
    #[error("line {}, character {}, {{{place}}} in “{sentence}”: {why}", at.line, at.column)]
    Unsayable {
        /// Where the place stands.
        at: Position,
        /// What the place holds.
        place: String,
        /// The sentence, with its places.
        sentence: String,
        /// Its figure.
        figure: Code,
        /// Why.
        why: Unsayable,
        /// Ways to say it that would be true: what to write, and what would be read.
        fits: Vec<(String, String)>,
    },
    /// With what went out before, the number would let somebody find what was kept back.
    #[error("the numbers of `{figure}` would tell what was kept back in an earlier table")]
    Reveals {
        /// Its figure.
        figure: Code,
    },
    /// There is no number.
    #[error("line {}, character {}: there is no number for {{{place}}}; that is not zero", at.line, at.column)]
    Missing {
        /// Where the place stands.
        at: Position,
        /// What the place holds.
        place: String,
        /// Its figure.
        figure: Code,
    },
    /// A claim is not proved.
    #[error("“{}” in “{}”: {why}", found.words, found.sentence)]
    Claim {
        /// The claim.
        found: Found,
        /// What is missing.
        why: Unproved,
    },
}

/// Everything that a text needs to be finished.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Words, figures, units and the day.
    pub setting: Setting<'a>,
    /// The numbers.
    pub numbers: &'a BTreeMap<Need, Counted>,
    /// The register of claims.
    pub register: &'a [Claim],
}

impl Template {
    /// The numbers that the text needs, each once.
    pub fn needs(&self) -> Vec<Need> {
        let needs = self.places().flat_map(|place| {
            let whole = place.whole.as_ref().map(|whole| place.need(whole));
            [Some(place.need(&place.figure)), whole].into_iter().flatten()
        });
        let mut needs: Vec<Need> = needs.collect();
        needs.sort();
        needs.dedup();
        needs
    }

    /// Fills the numbers in.
    ///
    /// # Errors
    /// Everything for which the text cannot be said; never an empty list.
    pub fn compose(&self, material: &Material<'_>) -> Result<Composed, Vec<Refused>> {
        let mut refused: Vec<Refused> =
            self.misfits(&material.setting).into_iter().map(Refused::Misfit).collect();
        let mut done = Composed { text: String::new(), statements: Vec::new(), claims: Vec::new() };
        let mut length = 0;
        for (n, piece) in self.pieces.iter().enumerate() {
            let words = match piece {
                Piece::Words(words) => words.clone(),
                Piece::Place(place) => match self.statement(material, (n, place), length) {
                    Ok(Some(statement)) => {
                        let text = statement.text.clone();
                        done.statements.push(statement);
                        text
                    }
                    // Its figure does not exist, which has been told.
                    Ok(None) => continue,
                    Err(why) => {
                        refused.push(*why);
                        continue;
                    }
                },
            };
            length += words.chars().count();
            done.text.push_str(&words);
        }
        let filled: Vec<Range<usize>> = done.statements.iter().map(|s| s.at.clone()).collect();
        done.claims = claims(material.setting.press, &done.text, &filled);
        refused.extend(done.claims.iter().filter_map(|found| {
            let why = found.unproved(material.register, material.setting.day)?;
            Some(Refused::Claim { found: found.clone(), why })
        }));
        if refused.is_empty() { Ok(done) } else { Err(refused) }
    }

    fn statement(
        &self,
        material: &Material<'_>,
        (n, place): (usize, &Place),
        from: usize,
    ) -> Result<Option<Statement>, Box<Refused>> {
        let figures = material.setting.figures;
        let Some(figure) = figures.get(&place.figure) else { return Ok(None) };
        let amount = |code: &Code| material.numbers.get(&place.need(code)).and_then(|n| n.amount);
        let missing =
            || Refused::Missing { at: place.at, place: place.code(), figure: place.figure.clone() };
        let exact = amount(&place.figure).ok_or_else(missing)?;
        let whole = match &place.whole {
            Some(whole) => Some(amount(whole).ok_or_else(missing)?),
            None => None,
        };
        let said = place.say(exact, whole).map_err(|(why, fits)| {
            Box::new(Refused::Unsayable {
                at: place.at,
                place: place.code(),
                sentence: self.sentence_of(n),
                figure: place.figure.clone(),
                why,
                fits,
            })
        })?;
        let word = if self.brings_word(material, n, figure) { figure.word.text() } else { "" };
        let text = format!("{}{word}", said.text);
        Ok(Some(Statement {
            place: place.clone(),
            at: from..from + text.chars().count(),
            text,
            stated: said.stated,
            hedge: said.hedge,
            exact,
            whole,
        }))
    }

    /// Whether the place writes the counting word itself, because none stands behind it.
    fn brings_word(&self, material: &Material<'_>, n: usize, figure: &Figure) -> bool {
        let Some(Piece::Place(Place { whole: None, .. })) = self.pieces.get(n) else {
            return false;
        };
        let Some(Piece::Words(words)) = self.pieces.get(n + 1) else { return true };
        let behind: Vec<char> = words.chars().map(narrow).collect();
        let own = material.setting.press.counted(&behind);
        own.is_none_or(|(_, word)| word != Some(figure.word))
    }

    /// The sentence in which a piece stands, with its places.
    fn sentence_of(&self, n: usize) -> String {
        let written = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Place(place) => format!("{{{}}}", place.code()),
        };
        let before: String = self.pieces[..n].iter().map(written).collect();
        let behind: String = self.pieces[n..].iter().map(written).collect();
        let before = before.rsplit(ends_sentence).next().unwrap_or_default();
        let behind = behind.split(ends_sentence).next().unwrap_or_default();
        format!("{before}{behind}").trim().to_owned()
    }
}

impl Place {
    fn need(&self, figure: &Code) -> Need {
        Need { figure: figure.clone(), period: self.period, unit: self.unit.clone() }
    }

    /// The words of its number, or why they would not be true and which ones would.
    fn say(
        &self,
        exact: i64,
        whole: Option<i64>,
    ) -> Result<Said, (Unsayable, Vec<(String, String)>)> {
        let read = |style: &Style| match whole {
            Some(whole) => style.say_ratio(Ratio { part: exact, whole }),
            None => style.say(exact),
        };
        read(&self.style).map_err(|why| {
            let fitting = match whole {
                Some(whole) => Style::fitting_ratio(Ratio { part: exact, whole }),
                None => Style::fitting(exact),
            };
            let told = fitting.into_iter().filter_map(|style| {
                let text = read(&style).ok()?.text;
                Some((format!("{{{}}}", Self { style, ..self.clone() }.code()), text))
            });
            (why, told.collect())
        })
    }
}

/// Reads a text and finishes it.
///
/// # Errors
/// Everything for which it cannot be said; never an empty list.
pub fn compose(text: &str, material: &Material<'_>) -> Result<Composed, Vec<Refused>> {
    let template = Template::parse(text);
    let template = template.map_err(|faults| faults.into_iter().map(Refused::Unreadable));
    template.map_err(Iterator::collect::<Vec<_>>)?.compose(material)
}

/// Finishes the English text of a release. It says no number that the Chinese text does not say, and
/// each as truly: with all digits, “more than” for 余 and “about” for 约.
///
/// # Errors
/// Everything for which it cannot be said; never an empty list.
pub fn compose_english(text: &str, chinese: &Composed) -> Result<String, Vec<Refused>> {
    let template = Template::parse(text);
    let template = template.map_err(|faults| faults.into_iter().map(Refused::Unreadable));
    let template = template.map_err(Iterator::collect::<Vec<_>>)?;
    let mut refused = Vec::new();
    let mut done = String::new();
    for piece in &template.pieces {
        match piece {
            Piece::Words(words) => done.push_str(words),
            Piece::Place(place) => {
                let same = |statement: &&Statement| statement.place.code() == place.code();
                match chinese.statements.iter().find(same) {
                    Some(statement) => done.push_str(&statement.english()),
                    None => refused.push(Refused::Missing {
                        at: place.at,
                        place: place.code(),
                        figure: place.figure.clone(),
                    }),
                }
            }
        }
    }
    if refused.is_empty() { Ok(done) } else { Err(refused) }
}

impl Statement {
    /// Its number in English, without the counting word.
    pub fn english(&self) -> String {
        let share = if self.whole.is_some() { "%" } else { "" };
        let said = Said { text: share.to_owned(), stated: self.stated, hedge: self.hedge };
        said.english()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use jiff::civil::date;

    fn numbers(of: &[(&str, &str, i64)]) -> BTreeMap<Need, Counted> {
        let one = |(figure, period, amount): &(&str, &str, i64)| {
            let period = Period::parse(period).expect("a period");
            let need = Need { figure: (*figure).to_owned(), period, unit: None };
            (need, Counted { amount: Some(*amount), unknown: 0, versions: vec![1] })
        };
        of.iter().map(one).collect()
    }

    fn said(
        text: &str,
        of: &[(&str, &str, i64)],
        register: &[Claim],
    ) -> Result<Composed, Vec<Refused>> {
        let numbers = numbers(of);
        sample::with(|setting| {
            compose(text, &Material { setting: *setting, numbers: &numbers, register })
        })
    }

    fn text(text: &str, of: &[(&str, &str, i64)]) -> String {
        match said(text, of, &[]) {
            Ok(done) => done.text,
            Err(why) => why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        }
    }

    #[test]
    fn numbers_are_filled_in_with_their_words() {
        let of = [
            ("placements", "2023", 201_400),
            ("homes_new", "2023", 181_200),
            ("homes_named", "to-2023-12", 239_000),
            ("disputes", "2023", 712),
            ("girls", "2023", 2_300),
            ("fund", "2023", 2_000_000),
            ("covered", "2023", 80),
            ("bodies", "2023", 100),
        ];
        for (template, full) in [
            ("去年安置妇女就业{placements 2023 万2}", "去年安置妇女就业20.14万人次"),
            (
                "安置{placements 2023 万2}人次，服务家庭{homes_new 2023 万2}户",
                "安置20.14万人次，服务家庭18.12万户",
            ),
            ("推动{homes_named to-2023-12 万1}个家庭达标", "推动23.9万个家庭达标"),
            ("调处{disputes 2023 余1}。", "调处700余件。"),
            ("调处矛盾纠纷{disputes 2023 余1}件", "调处矛盾纠纷700余件"),
            ("救助{girls 2023}名女童", "救助2300名女童"),
            ("争取{fund 2023 万0}资金", "争取200万元资金"),
            ("覆盖率{covered/bodies 2023 %0}", "覆盖率80%"),
            ("{girls 2023}{disputes 2023}", "2300人712件"),
            ("没有数字", "没有数字"),
        ] {
            assert_eq!(text(template, &of), full, "{template}");
        }
    }

    #[test]
    fn one_more_record_changes_the_words_or_the_answer() {
        let sentence = "去年调处矛盾纠纷{disputes 2023 余1}件";
        let refusal = text(sentence, &[("disputes", "2023", 700)]);
        assert!(refusal.contains("exactly 700") && refusal.contains(sentence), "{refusal}");
        assert_eq!(text(sentence, &[("disputes", "2023", 701)]), "去年调处矛盾纠纷700余件");
        assert_eq!(text(sentence, &[("disputes", "2023", 801)]), "去年调处矛盾纠纷800余件");
    }

    #[test]
    fn a_refusal_offers_what_would_be_true() {
        let refused = said("安置{placements 2023 万2}", &[("placements", "2023", 201_412)], &[]);
        let refused = refused.expect_err("a rounding");
        let [Refused::Unsayable { fits, why: Unsayable::Rounded { .. }, .. }] = refused.as_slice()
        else {
            panic!("{refused:?}");
        };
        let has = |code: &str, words: &str| fits.contains(&(code.to_owned(), words.to_owned()));
        assert!(has("{placements 2023 万2余}", "20.14万余"), "{fits:?}");
        assert!(has("{placements 2023 万4}", "20.1412万"), "{fits:?}");
        assert!(has("{placements 2023}", "201412"), "{fits:?}");
        assert!(has("{placements 2023 万2约}", "约20.14万"), "{fits:?}");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let wrong = "全国首个平台，安置{placements 2023 万2}人；救助{girls 2023}名；调处{disputes 2023 余1}件，{nothing 2023}件，共81场";
        let refused =
            said(wrong, &[("placements", "2023", 201_400), ("disputes", "2023", 700)], &[]);
        let kinds: Vec<&str> = refused
            .expect_err("five faults")
            .iter()
            .map(|why| match why {
                Refused::Unreadable(_) => "unreadable",
                Refused::Misfit(_) => "misfit",
                Refused::Unsayable { .. } => "unsayable",
                Refused::Missing { .. } => "missing",
                Refused::Claim { .. } => "claim",
                Refused::Reveals { .. } => "reveals",
            })
            .collect();
        assert_eq!(kinds, ["misfit", "misfit", "missing", "unsayable", "claim", "claim"]);
    }

    #[test]
    fn a_proved_claim_is_said() {
        let claim = Claim {
            says: "全国首个儿童友好方案".to_owned(),
            evidence: "某某〔2023〕9号".to_owned(),
            entered_by: 1,
            checked_by: Some(2),
            checked_on: Some(date(2024, 3, 1)),
            until: None,
        };
        let sentence = "出台全国首个儿童友好方案";
        assert!(said(sentence, &[], &[]).is_err());
        let done = said(sentence, &[], &[claim]).expect("proved");
        assert_eq!(done.claims.len(), 1);
    }

    #[test]
    fn statements_know_where_they_stand() {
        let done =
            said("共{disputes 2023 余1}件", &[("disputes", "2023", 712)], &[]).expect("said");
        let one = &done.statements[0];
        assert_eq!((one.at.clone(), one.exact, one.stated), (1..5, 712, Decimal::whole(700)));
        let done = said("共{disputes 2023}！", &[("disputes", "2023", 712)], &[]).expect("said");
        assert_eq!(done.statements[0].text, "712件");
    }

    #[test]
    fn english_says_the_same_numbers() {
        let of = [("disputes", "2023", 712), ("placements", "2023", 201_400)];
        let chinese = "调处{disputes 2023 余1}件，安置{placements 2023 万2}人次";
        let chinese = said(chinese, &of, &[]).expect("said");
        let english = "{disputes 2023 余1} cases, {placements 2023 万2} placements";
        let english = compose_english(english, &chinese);
        assert_eq!(english.as_deref(), Ok("more than 700 cases, 201,400 placements"));
        assert!(compose_english("{disputes 2023} cases", &chinese).is_err());
        assert!(compose_english("{disputes", &chinese).is_err());
    }
}
