//! The secrets that are planted: four groups of cases, each with words of its own in every field,
//! and for each secret a decoy of the same shape that was never planted.

use domain::field::{Field, Meaning};
use testkit::mark::Mark;

/// Cases that are treated alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Known to a circle of named people.
    Sealed,
    /// Kept from those who walk, by name or with their unit.
    Excluded,
    /// Of the other county.
    Foreign,
    /// Seen by whoever has the right: shows that the walk looks in the right places.
    Control,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Sealed, Self::Excluded, Self::Foreign, Self::Control];

    /// Two characters that nobody writes; with a third one they stand for a kind of secret.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Sealed => "龘靐",
            Self::Excluded => "爩鱻",
            Self::Foreign => "齾麤",
            Self::Control => "灪驫",
        }
    }

    /// The first seven digits of its telephones.
    pub fn phones(self) -> &'static str {
        match self {
            Self::Sealed => "1991731",
            Self::Excluded => "1992842",
            Self::Foreign => "1993953",
            Self::Control => "1994064",
        }
    }

    /// The last digits of the person's telephone, and of that of somebody else in the case.
    pub fn tails(self) -> [&'static str; 2] {
        match self {
            Self::Sealed => ["0042", "0735"],
            Self::Excluded => ["1153", "1846"],
            Self::Foreign => ["2264", "2957"],
            Self::Control => ["3375", "3068"],
        }
    }

    /// How its stem sounds, whole and by initials.
    fn sounds(self) -> [&'static str; 2] {
        match self {
            Self::Sealed => ["dabing", "db"],
            Self::Excluded => ["yuxian", "yx"],
            Self::Foreign => ["yacu", "yc"],
            Self::Control => ["yubiao", "yb"],
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Excluded => "excluded",
            Self::Foreign => "foreign",
            Self::Control => "control",
        }
    }
}

/// What stands in place of a stem or a telephone that was never planted.
const DECOY: &str = "鱺虋";
const DECOY_PHONES: &str = "1998597";
const DECOY_TAILS: [&str; 2] = ["6153", "8264"];

/// The kinds of secret, each with its sign and its name.
pub const KINDS: [(char, &str); 12] = [
    ('甲', "name"),
    ('乙', "address"),
    ('丙', "story"),
    ('丁', "summary"),
    ('戊', "safe contact"),
    ('己', "answer"),
    ('庚', "work"),
    ('辛', "external number"),
    ('壬', "file name"),
    ('癸', "file"),
    ('子', "id number"),
    ('丑', "reporter"),
];

/// The sign of what a field holds.
fn sign(meaning: Meaning) -> char {
    match meaning {
        Meaning::Name => '甲',
        Meaning::Address => '乙',
        Meaning::Story | Meaning::Phone => '丙',
        Meaning::Summary => '丁',
        Meaning::SafeContact => '戊',
        Meaning::Answer => '己',
        Meaning::Work | Meaning::Public => '庚',
        Meaning::ExternalNumber => '辛',
        Meaning::IdNumber => '子',
        Meaning::Reporter => '丑',
    }
}

/// A secret for a text field. Whoever sees it knows which field it came from.
pub fn text(group: Group, field: &Field) -> String {
    let stem = format!("{}{}", group.stem(), sign(field.meaning));
    match field.meaning {
        Meaning::Phone => {
            let own = field.code.starts_with("contact");
            format!("{}{}", group.phones(), group.tails()[usize::from(!own)])
        }
        Meaning::Name => format!("{stem}氏"),
        // The mask of an address keeps its first six characters.
        Meaning::Address => format!("东边第三个路口{stem}{}", field.code),
        _ => format!("{stem}{}", field.code),
    }
}

/// The same for a field that tells who reported.
pub fn reporter(group: Group, field: &Field) -> String {
    match field.meaning {
        Meaning::Phone => text(group, field),
        _ => format!("{}{}{}", group.stem(), sign(Meaning::Reporter), field.code),
    }
}

pub fn file_name(group: Group) -> String {
    format!("{}壬伤情.txt", group.stem())
}

pub fn file_body(group: Group) -> String {
    format!("{}癸照片里的内容", group.stem())
}

/// What people would type to find it, each with a decoy of the same shape: whole secrets, pieces of
/// them, telephones and their ends, and how names sound.
pub fn probes(group: Group) -> Vec<(String, String)> {
    let real = group.stem();
    let mut all: Vec<(String, String)> =
        KINDS.iter().map(|(sign, _)| (format!("{real}{sign}"), format!("{DECOY}{sign}"))).collect();
    all.push((real.to_owned(), DECOY.to_owned()));
    let singles = real.chars().zip(DECOY.chars());
    all.extend(singles.map(|(real, decoy)| (real.to_string(), decoy.to_string())));
    for (real, decoy) in group.tails().into_iter().zip(DECOY_TAILS) {
        all.push((format!("{}{real}", group.phones()), format!("{DECOY_PHONES}{decoy}")));
        all.push((real.to_owned(), decoy.to_owned()));
    }
    let sounds = group.sounds().into_iter().zip(["limen", "lm"]);
    all.extend(sounds.map(|(real, decoy)| (real.to_owned(), decoy.to_owned())));
    all
}

/// Everything that must not be seen of a group, apart from the numbers of its cases.
pub fn marks(group: Group) -> Vec<Mark> {
    let (name, stem) = (group.name(), group.stem());
    let mut all: Vec<Mark> = KINDS
        .iter()
        .map(|(sign, kind)| Mark::new(format!("{name} {kind}"), format!("{stem}{sign}")))
        .collect();
    let first: String = stem.chars().take(1).collect();
    all.push(Mark::new(format!("{name} masked name"), format!("{first}某某")));
    for tail in group.tails() {
        let phone = format!("{}{tail}", group.phones());
        all.push(Mark::new(format!("{name} masked phone"), format!("{}****{tail}", &phone[..3])));
        all.push(Mark::new(format!("{name} phone"), phone));
    }
    all
}

/// What is shown in part only: names, addresses, telephones.
pub fn masked(group: Group) -> Vec<Mark> {
    let kinds = ["name", "address", "phone"].map(|kind| format!("{} {kind}", group.name()));
    marks(group).into_iter().filter(|m| kinds.contains(&m.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::mark::Watch;

    #[test]
    fn a_decoy_has_the_shape_of_its_secret_and_nothing_of_its_content() {
        for group in Group::ALL {
            let watch = Watch::new(marks(group));
            for (real, decoy) in probes(group) {
                assert_ne!(real, decoy);
                assert_eq!(real.chars().count() > 2, decoy.chars().count() > 2, "{real} {decoy}");
                assert!(watch.look(decoy.as_bytes()).is_empty(), "{decoy}");
            }
        }
    }

    #[test]
    fn no_group_is_taken_for_another() {
        for group in Group::ALL {
            let others = Group::ALL.into_iter().filter(|g| *g != group).flat_map(marks);
            let text: String = marks(group).into_iter().map(|m| m.text + "\n").collect();
            assert_eq!(Watch::new(others).look(text.as_bytes()), []);
        }
    }
}
