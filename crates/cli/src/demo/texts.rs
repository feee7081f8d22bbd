//! The invented words of a demonstration: stories, names, answers, from the `demo` folder of the
//! pack. Without that folder there are no stories, and the demonstration stays empty.

use super::dice::Dice;
use crate::failure::{Doing, Failure};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fs, path::Path};

/// All texts.
#[derive(Debug)]
pub struct Texts {
    /// Stories of appeals.
    pub stories: Vec<Story>,
    names: Names,
    replies: BTreeMap<(String, String), Vec<String>>,
}

/// An appeal that somebody could make.
#[derive(Debug, Clone, Deserialize)]
pub struct Story {
    /// Category code.
    pub category: String,
    /// Channel code.
    pub channel: String,
    /// One line.
    pub summary: String,
    /// The story, with slots.
    pub narrative: String,
    /// Whether the person stays unknown.
    pub anonymous: bool,
    /// Who speaks.
    pub relation: String,
    /// Danger questions answered with yes.
    #[serde(default)]
    pub yes: Vec<String>,
}

#[derive(Deserialize)]
struct StoryFile {
    appeal: Vec<Story>,
}

#[derive(Debug, Deserialize)]
struct Names {
    phone_prefix: String,
    phone_digits: usize,
    given: BTreeMap<String, Vec<String>>,
    surname: Vec<Surname>,
}

#[derive(Debug, Deserialize)]
struct Surname {
    name: String,
    weight: usize,
}

#[derive(Deserialize)]
struct ReplyFile {
    reply: Vec<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    group: String,
    kind: String,
    text: String,
}

impl Texts {
    /// Reads the folder; none when there is no such folder.
    ///
    /// # Errors
    /// When a file is missing or cannot be read as what it should be.
    pub fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut replies: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for reply in read::<ReplyFile>(folder, "replies.toml")?.reply {
            replies.entry((reply.group, reply.kind)).or_default().push(reply.text);
        }
        let stories = read::<StoryFile>(folder, "appeals.toml")?.appeal;
        Ok(Some(Self { stories, names: read(folder, "names.toml")?, replies }))
    }

    /// What somebody writes on a matter of this group: a note, a reply, a reason, an opinion.
    pub fn reply(&self, category: &str, kind: &str, dice: &mut Dice) -> String {
        let group = category.get(..2).unwrap_or("01");
        let of = |group: &str| self.replies.get(&(group.to_owned(), kind.to_owned()));
        let texts = of(group).or_else(|| of("01"));
        texts.and_then(|t| dice.pick(t)).cloned().unwrap_or_default()
    }

    /// A whole name of a kind of person: `female_middle`, `male_young` …
    pub fn name(&self, kind: &str, dice: &mut Dice) -> String {
        format!("{}{}", self.surname(dice), self.given(kind, dice))
    }

    /// A surname, the common ones more often.
    pub fn surname(&self, dice: &mut Dice) -> &str {
        let total: usize = self.names.surname.iter().map(|s| s.weight).sum();
        let mut lot = dice.below(total);
        for surname in &self.names.surname {
            if lot < surname.weight {
                return &surname.name;
            }
            lot -= surname.weight;
        }
        ""
    }

    /// A given name.
    pub fn given(&self, kind: &str, dice: &mut Dice) -> &str {
        self.names.given.get(kind).and_then(|names| dice.pick(names)).map_or("", String::as_str)
    }

    /// A telephone number that no subscriber has.
    pub fn phone(&self, dice: &mut Dice) -> String {
        let mut phone = self.names.phone_prefix.clone();
        for _ in 0..self.names.phone_digits {
            phone.push_str(&dice.below(10).to_string());
        }
        phone
    }

    /// The story with its slots filled.
    pub fn narrative(&self, story: &Story, place: &str, name: &str, dice: &mut Dice) -> String {
        let year = 2006 + dice.below(11);
        let amount = (20 + dice.below(101)) * 1000;
        story
            .narrative
            .trim()
            .replace("{place}", place)
            .replace("{name}", name)
            .replace("{child}", self.given("child", dice))
            .replace("{days}", &(3 + dice.below(28)).to_string())
            .replace("{year}", &year.to_string())
            .replace("{amount}", &amount.to_string())
    }
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T, Failure> {
    let path = folder.join(name);
    let doing = format!("reading {}", path.display());
    let text = fs::read_to_string(&path).doing(&doing)?;
    toml::from_str(&text).doing(&doing)
}
