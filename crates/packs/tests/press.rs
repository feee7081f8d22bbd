//! The sentences that cities keep: at the numbers with which they were printed they read as they were
//! printed, a number that has changed changes them, and 余 is refused where nothing exceeds it.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use domain::{
    pack::Pack,
    press::{Printed, Refused, Standard, Unsayable},
};
use std::{path::Path, sync::Arc};

/// Every city with a pack.
fn cities() -> Vec<Arc<Pack>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let dirs = root.read_dir().unwrap().map(|dir| dir.unwrap().path());
    let dirs = dirs.filter(|dir| dir.join("pack.toml").exists() && !dir.ends_with("common"));
    dirs.map(|dir| packs::load(&dir).unwrap().pack).collect()
}

/// Every sentence that was printed.
fn printed(pack: &Pack) -> impl Iterator<Item = (&Standard, &Printed)> {
    pack.press.sentences.iter().filter_map(|s| Some((s, s.printed.as_ref()?)))
}

#[test]
fn sentences_read_as_they_were_printed() {
    let mut read = 0;
    for pack in cities() {
        for (sentence, printed) in printed(&pack) {
            assert_eq!(sentence.at(&pack, &printed.numbers).as_ref(), Ok(&printed.reads));
            read += printed.numbers.len();
        }
    }
    assert!(read >= 18, "only {read} numbers of the articles are said");
}

#[test]
fn another_number_is_another_sentence_or_none() {
    for pack in cities() {
        for (sentence, printed) in printed(&pack) {
            for (figure, n) in &printed.numbers {
                let mut other = printed.numbers.clone();
                other.insert(figure.clone(), n * 2);
                let reads = sentence.at(&pack, &other);
                assert_ne!(reads.as_ref(), Ok(&printed.reads), "{figure} does not matter");
            }
        }
    }
}

#[test]
fn nothing_is_said_to_be_more_than_it_is() {
    let mut tried = 0;
    for pack in cities() {
        for (sentence, printed) in printed(&pack).filter(|(s, _)| s.text.contains(" 余")) {
            // Without what is left over beyond the first digit, or the first two, it is just that.
            let mut exact = printed.numbers.clone();
            for n in exact.values_mut().filter(|n| **n > 100) {
                *n -= *n % if *n < 500 { 10 } else { 100 };
            }
            let refused = sentence.at(&pack, &exact).unwrap_err();
            let over = |no: &Refused| {
                matches!(no, Refused::Unsayable { why: Unsayable::NotOver { .. }, .. })
            };
            assert!(refused.iter().any(over), "{}: {refused:?}", sentence.code);
            tried += 1;
        }
    }
    assert!(tried >= 3, "{tried}");
}
