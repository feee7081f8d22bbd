//! Danger questions and the grade that follows from their answers.
//!
//! The grade is a help for the person who decides, with its reasons; it is not proof, and it is
//! never lowered by answers: an operator may raise it, lowering needs a supervisor.

use crate::workflow::Code;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Grades, questions and words that call for help at once.
#[derive(Debug, Default)]
pub struct Risk {
    /// Grades, from the mildest up.
    pub grades: Vec<Grade>,
    /// Questions in the order in which they are asked.
    pub questions: Vec<Question>,
    /// So many answers "yes" make at least `many_grade`.
    pub many: u32,
    /// The grade that many answers make.
    pub many_grade: Code,
    /// The grade that one answer to a decisive question makes.
    pub decisive_grade: Code,
    /// Kind of unit that is on duty for alarms.
    pub duty: Code,
    /// Words that show the emergency number at once.
    pub emergency_words: Vec<EmergencyWord>,
}

/// A risk grade.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    #[serde(default)]
    pub en: String,
    /// Higher is more dangerous.
    pub order: u8,
    /// What it asks of the staff.
    #[serde(default)]
    pub meaning: String,
    /// The same in English.
    #[serde(default)]
    pub meaning_en: String,
}

/// One danger question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable code.
    pub code: Code,
    /// The question as it is asked.
    pub text: String,
    /// English question.
    #[serde(default)]
    pub en: String,
    /// Counts so many times towards `many`.
    #[serde(default = "one")]
    pub weight: u32,
    /// One "yes" is decisive.
    #[serde(default)]
    pub red: bool,
    /// Advice to the person who asks.
    #[serde(default)]
    pub help: String,
    /// The same in English.
    #[serde(default)]
    pub help_en: String,
}

fn one() -> u32 {
    1
}

/// A word that shows the emergency number at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyWord {
    /// The word.
    pub word: String,
}

/// An answer to a danger question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Not known, which is noted as a risk of its own.
    Unknown,
}

/// A grade with the reasons that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The grade.
    pub grade: Code,
    /// Codes of the questions answered "yes".
    pub yes: Vec<Code>,
    /// Codes of the questions with unknown answers.
    pub unknown: Vec<Code>,
    /// Codes of the questions of which one "yes" decides.
    pub decisive: Vec<Code>,
}

impl Risk {
    /// The question with this code.
    pub fn question(&self, code: &str) -> Option<&Question> {
        self.questions.iter().find(|q| q.code == code)
    }

    /// The grade with this code.
    pub fn grade(&self, code: &str) -> Option<&Grade> {
        self.grades.iter().find(|g| g.code == code)
    }

    /// How dangerous a grade is; unknown grades are the mildest.
    pub fn order(&self, code: &str) -> u8 {
        self.grade(code).map_or(0, |g| g.order)
    }

    /// Whether cases of this grade stand before all others, however late those are: the grade that
    /// one decisive answer makes, and any above it.
    pub fn is_first(&self, grade: &str) -> bool {
        self.grade(grade).is_some_and(|g| g.order >= self.order(&self.decisive_grade))
    }

    /// The more dangerous of two grades.
    pub fn worse<'a>(&self, a: &'a str, b: &'a str) -> &'a str {
        if self.order(b) > self.order(a) { b } else { a }
    }

    /// Grades the answers, starting from the category's own grade.
    pub fn assess(&self, base: &str, answers: &BTreeMap<Code, Answer>) -> Assessment {
        let with = |wanted: Answer| {
            self.questions
                .iter()
                .filter(move |q| answers.get(&q.code) == Some(&wanted))
                .map(|q| q.code.clone())
                .collect::<Vec<_>>()
        };
        let yes = with(Answer::Yes);
        let asked = |code: &Code| self.question(code);
        let decisive: Vec<Code> =
            yes.iter().filter_map(asked).filter(|q| q.red).map(|q| q.code.clone()).collect();
        let points: u32 = yes.iter().filter_map(asked).map(|q| q.weight).sum();
        let mut grade = base;
        if points >= self.many {
            grade = self.worse(grade, &self.many_grade);
        }
        if !decisive.is_empty() {
            grade = self.worse(grade, &self.decisive_grade);
        }
        Assessment { grade: grade.to_owned(), yes, unknown: with(Answer::Unknown), decisive }
    }

    /// Whether a text holds a word that calls for help at once. Spaces and marks between the
    /// characters do not hide it.
    pub fn is_emergency(&self, text: &str) -> bool {
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        self.emergency_words.iter().any(|w| plain.contains(&w.word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn risk() -> Risk {
        let grade = |code: &str, order| Grade {
            code: code.to_owned(),
            name: code.to_owned(),
            en: String::new(),
            order,
            meaning: String::new(),
            meaning_en: String::new(),
        };
        let question = |code: &str, red| Question {
            code: code.to_owned(),
            text: code.to_owned(),
            en: String::new(),
            weight: 1,
            red,
            help: String::new(),
            help_en: String::new(),
        };
        Risk {
            grades: vec![
                grade("green", 1),
                grade("yellow", 2),
                grade("orange", 3),
                grade("red", 4),
            ],
            questions: (0..6).map(|n| question(&format!("q{n}"), n == 5)).collect(),
            many: 4,
            many_grade: "orange".to_owned(),
            decisive_grade: "red".to_owned(),
            duty: "desk".to_owned(),
            emergency_words: ["刀", "自杀"]
                .map(|word| EmergencyWord { word: word.to_owned() })
                .to_vec(),
        }
    }

    fn answers(text: &str) -> BTreeMap<Code, Answer> {
        let read = |c| match c {
            'y' => Answer::Yes,
            'u' => Answer::Unknown,
            _ => Answer::No,
        };
        text.chars().enumerate().map(|(n, c)| (format!("q{n}"), read(c))).collect()
    }

    #[test]
    fn answers_grade_as_the_rule_says() {
        for (base, given, expected) in [
            ("yellow", "nnnnnn", "yellow"),
            ("yellow", "yyynnn", "yellow"),
            ("yellow", "yyyynn", "orange"),
            ("yellow", "nnnnny", "red"),
            ("red", "nnnnnn", "red"),
            ("yellow", "uuuuuu", "yellow"),
            ("green", "yyyyuy", "red"),
        ] {
            let found = risk().assess(base, &answers(given));
            assert_eq!(found.grade, expected, "{base} {given}");
            assert_eq!(found.yes.len(), given.matches('y').count());
            assert_eq!(found.decisive.is_empty(), !given.ends_with('y'), "{given}");
            assert_eq!(found.unknown.len(), given.matches('u').count());
        }
    }

    #[test]
    fn the_decisive_grade_comes_first() {
        for (grade, first) in
            [("green", false), ("yellow", false), ("orange", false), ("red", true), ("?", false)]
        {
            assert_eq!(risk().is_first(grade), first, "{grade}");
        }
    }

    #[test]
    fn dangerous_words_are_heard() {
        assert!(risk().is_emergency("他拿着刀站在门口"));
        assert!(risk().is_emergency("想自 杀"));
        assert!(risk().is_emergency("自…杀"));
        assert!(!risk().is_emergency("想咨询抚养费"));
    }

    proptest! {
        #[test]
        fn answers_never_lower_a_grade(given in "[ynu]{6}", base in 0usize..4) {
            let risk = risk();
            let base = risk.grades[base].code.clone();
            let found = risk.assess(&base, &answers(&given));
            prop_assert!(risk.order(&found.grade) >= risk.order(&base));
        }
    }
}
