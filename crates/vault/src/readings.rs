//! How a name sounds: every pinyin spelling under which a clerk may look it up.

use pinyin::ToPinyinMulti as _;

use crate::fold::is_han;

/// Surnames read unlike the same character elsewhere, reading as a surname first, one a line;
/// of several characters, the readings of each in order.
const SURNAMES: &str = include_str!("surnames.txt");

/// Names of more characters are spelled only so far; Chinese names have two to four.
const MAX_CHARACTERS: usize = 8;
/// Rare readings beyond these are left out.
const MAX_READINGS: usize = 4;
/// Spellings of the whole name kept when several characters have several readings.
const MAX_SPELLINGS: usize = 24;

/// Calls `each` with every syllable, every whole spelling and every line of initials of a
/// folded name.
pub(crate) fn of_name(name: &str, mut each: impl FnMut(&str)) {
    let readings = readings(name);
    for syllable in readings.iter().flatten() {
        each(syllable);
    }
    if readings.len() < 2 {
        return;
    }
    let initials: Vec<Vec<String>> = readings
        .iter()
        .map(|of_one| {
            let mut letters: Vec<String> = of_one
                .iter()
                .filter_map(|syllable| syllable.chars().next())
                .map(String::from)
                .collect();
            letters.sort();
            letters.dedup();
            letters
        })
        .collect();
    for spelling in joined(&readings).iter().chain(&joined(&initials)) {
        each(spelling);
    }
}

/// The readings of each Chinese character of a name, in order.
fn readings(name: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> =
        name.chars().filter(|&c| is_han(c)).take(MAX_CHARACTERS).map(dictionary).collect();
    for (surname, spoken) in SURNAMES.lines().filter_map(|line| line.split_once(' ')) {
        if !name.starts_with(surname) {
            continue;
        }
        if surname.chars().count() == 1 {
            let Some(first) = all.first_mut() else { continue };
            let mut readings: Vec<String> = spoken.split(' ').map(String::from).collect();
            first.retain(|reading| !readings.contains(reading));
            readings.append(first);
            *first = readings;
        } else {
            for (of_one, reading) in all.iter_mut().zip(spoken.split(' ')) {
                of_one.retain(|other| other != reading);
                of_one.insert(0, reading.to_owned());
            }
        }
    }
    for of_one in &mut all {
        of_one.truncate(MAX_READINGS);
    }
    all.retain(|of_one| !of_one.is_empty());
    all
}

fn dictionary(c: char) -> Vec<String> {
    let mut readings: Vec<String> = Vec::new();
    for reading in c.to_pinyin_multi().into_iter().flatten() {
        // Keyboards write ü as v; passports write it yu.
        let plain = reading.plain();
        for spelled in [plain.replace('ü', "v"), plain.replace('ü', "yu")] {
            if !readings.contains(&spelled) {
                readings.push(spelled);
            }
        }
    }
    readings
}

/// Every choice of one part from each, joined, most usual first.
fn joined(parts: &[Vec<String>]) -> Vec<String> {
    parts.iter().fold(vec![String::new()], |begun, choices| {
        begun
            .iter()
            .flat_map(|start| choices.iter().map(move |choice| format!("{start}{choice}")))
            .take(MAX_SPELLINGS)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(name: &str) -> Vec<String> {
        let mut all = Vec::new();
        of_name(name, |spelling| all.push(spelling.to_owned()));
        all
    }

    #[test]
    fn names_are_found_as_they_sound() {
        for (name, expected) in [
            ("张三", "zhang san zhangsan zs"),
            ("曾小贤", "zeng zengxiaoxian cengxiaoxian zxx cxx"),
            ("单田芳", "shan shantianfang dantianfang stf dtf"),
            ("解晓东", "xiexiaodong jiexiaodong xxd jxd"),
            ("仇英", "qiu qiuying chouying qy cy"),
            ("吕布", "lvbu lyubu lb"),
            ("查良镛", "zhaliangyong chaliangyong"),
            ("区文", "ouwen quwen"),
            ("盖叫天", "gejiaotian gaijiaotian"),
            ("尉迟恭", "yuchigong weichigong"),
            ("万俟雪", "moqixue"),
            ("欧阳修", "ouyangxiu oyx"),
        ] {
            let spelled = spelled(name);
            for spelling in expected.split(' ') {
                assert!(spelled.iter().any(|s| s == spelling), "{name} {spelling} {spelled:?}");
            }
        }
    }

    #[test]
    fn spellings_are_bounded() {
        assert!(spelled(&"长行重".repeat(20)).len() <= 8 * 4 + 2 * MAX_SPELLINGS);
        assert_eq!(spelled("李"), ["li"]);
        assert!(spelled("Smith").is_empty());
    }
}
