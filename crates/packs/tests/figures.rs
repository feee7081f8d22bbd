//! What is counted in the real packs: by the day of the plate, so far and new apart, valid and named
//! apart; and a definition that changes from a day on.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as loudly as the tests themselves")]

use domain::{
    case::{By, Case, Fact, Stamp},
    field::Value,
    figure::{Counted, Mark, Sums, Tally},
    pack::{Level, Pack, Unit},
};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A city that names villages.
fn city() -> Arc<Pack> {
    packs::load(&city_dir()).unwrap_or_else(|faults| panic!("{faults:?}")).pack
}

fn city_dir() -> PathBuf {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut dirs: Vec<_> = fs::read_dir(packs).unwrap().map(|e| e.unwrap().path()).collect();
    dirs.retain(|dir| dir.join("figures/model_villages_new.toml").exists());
    dirs.sort();
    dirs.swap_remove(0)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The first federation of a level.
fn unit(pack: &Pack, level: Level) -> &Unit {
    pack.units.iter().find(|u| u.kind == "wf" && u.level == level).unwrap()
}

/// A case that is told fact by fact.
struct Told {
    pack: Arc<Pack>,
    case: Case,
    tally: Tally,
}

impl Told {
    fn opened(pack: &Arc<Pack>, day: &str, programme: &str) -> Self {
        let village = unit(pack, Level::Village);
        let fact = Fact::Opened {
            workflow: "recognition".to_owned(),
            programme: Some(programme.to_owned()),
            pack: pack.edition.clone(),
            state: "declared".to_owned(),
            unit: village.code.clone(),
            channel: "visit".to_owned(),
            category: String::new(),
            place: village.region.clone(),
            grade: "green".to_owned(),
            anonymous: false,
        };
        let stamp = stamp(pack, day);
        let case = Case::begin(1, &stamp, &fact).unwrap();
        let mut tally = Tally::default();
        tally.apply(pack.flow_of(&case), &stamp, &fact);
        tally.keys.insert("contact_phone".to_owned(), "aa".repeat(16));
        Self { pack: pack.clone(), case, tally }
    }

    fn then(&mut self, day: &str, fact: &Fact) -> &mut Self {
        let stamp = stamp(&self.pack, day);
        self.case.apply(&stamp, fact);
        self.tally.apply(self.pack.flow_of(&self.case), &stamp, fact);
        self
    }

    fn acted(&mut self, day: &str, action: &str, to: &str) -> &mut Self {
        let (action, from) = (action.to_owned(), self.case.state.clone());
        self.then(day, &Fact::Acted { action, from, to: to.to_owned() })
    }

    /// Awarded, with the day that stands on the plate.
    fn awarded(&mut self, entered: &str, plate: &str) -> &mut Self {
        let coded = BTreeMap::from([("awarded_on".to_owned(), Value::One(plate.to_owned()))]);
        self.acted(entered, "award", "awarded")
            .then(entered, &Fact::Given { coded, texts: Vec::new() })
    }

    fn counted(&self) -> Counted {
        Counted::of(&self.pack, &self.case, &self.tally)
    }

    fn marks(&self, figure: &str) -> Vec<Mark> {
        self.counted().marks.into_iter().filter(|m| m.figure == figure).collect()
    }

    /// The sum of the cells of a figure for a unit up to a month.
    fn stock(&self, figure: &str, unit: &str, month: &str) -> i64 {
        let mut sums = Sums::default();
        self.counted().add_to(&mut sums, 1);
        let name = domain::figure::name_of(figure, 1, unit, domain::figure::WHOLE);
        let cells = sums.cells.iter().filter(|(c, _)| c.name == name && c.period.as_str() <= month);
        cells.map(|(_, n)| n).sum()
    }
}

fn stamp(pack: &Pack, day: &str) -> Stamp {
    let at: Timestamp = format!("{day}T10:00:00+08:00").parse().unwrap();
    Stamp { at, day: pack.date_of(at), by: By::Staff(1, unit(pack, Level::County).code.clone()) }
}

#[test]
fn a_plate_counts_on_its_own_day_however_late_it_is_entered() {
    let pack = city();
    let mut told = Told::opened(&pack, "2024-02-01", "model_household");
    assert!(told.marks("model_households_new").is_empty());
    told.awarded("2025-01-10", "2024-12-20");
    for figure in ["model_households_new", "model_households_named"] {
        let [mark] = told.marks(figure).try_into().unwrap();
        assert_eq!((mark.day.to_string().as_str(), mark.amount), ("2024-12-20", Some(1)));
        assert_eq!(mark.unit, unit(&pack, Level::Village).code, "{figure}");
        assert_eq!(mark.key.as_deref(), Some("aa".repeat(16).as_str()));
    }
    // The day is corrected: the same plate, in another year.
    let coded = BTreeMap::from([("awarded_on".to_owned(), Value::One("2025-01-05".to_owned()))]);
    told.then("2025-02-01", &Fact::Given { coded, texts: Vec::new() });
    assert_eq!(told.marks("model_households_new")[0].day.to_string(), "2025-01-05");
    assert!(told.marks("model_villages_new").is_empty(), "a household is no village");
}

#[test]
fn what_was_named_stays_named_and_is_valid_no_more() {
    let pack = city();
    let mut told = Told::opened(&pack, "2024-02-01", "model_village");
    told.awarded("2024-05-06", "2024-05-06");
    told.acted("2025-05-06", "begin_recheck", "rechecking");
    told.acted("2025-05-20", "report_recheck", "recheck_review");
    told.acted("2025-06-02", "propose_revocation", "revoking");
    told.acted("2025-07-01", "confirm_revocation", "revoked");
    let valid =
        |month: &str| told.stock("model_villages_valid", &unit(&pack, Level::City).code, month);
    assert_eq!(["2024-04", "2024-05", "2025-06", "2025-07"].map(valid), [0, 1, 1, 0]);
    let named =
        |month: &str| told.stock("model_villages_named", &unit(&pack, Level::City).code, month);
    assert_eq!(["2024-04", "2024-05", "2030-01"].map(named), [0, 1, 1]);
    // Somebody without a telephone is somebody, and cannot be told from others.
    told.tally.keys.clear();
    let mut house = Told::opened(&pack, "2024-02-01", "model_household");
    house.tally.keys.clear();
    house.awarded("2024-05-06", "2024-05-06");
    assert_eq!(house.marks("model_households_new")[0].amount, None);
}

#[test]
fn a_definition_counts_from_its_day_to_the_next() {
    let mut pack = Arc::into_inner(city()).unwrap();
    let mut figures: Vec<_> = pack.figures.iter().cloned().collect();
    for figure in &mut figures {
        let mut next = figure.versions[0].clone();
        (next.number, next.since) = (2, "2025-01-01".parse().unwrap());
        figure.versions.push(next);
    }
    pack.figures = domain::figure::Figures::new(figures);
    let mut told = Told::opened(&Arc::new(pack), "2024-02-01", "model_village");
    told.awarded("2024-05-06", "2024-05-06");
    let shown = |figure: &str| -> Vec<(u32, String, Option<String>)> {
        let marks = told.marks(figure).into_iter();
        marks.map(|m| (m.version, m.day.to_string(), m.until.map(|d| d.to_string()))).collect()
    };
    let day = |d: &str| d.to_owned();
    assert_eq!(shown("model_villages_new"), [(1, day("2024-05-06"), None)]);
    assert_eq!(
        shown("model_villages_valid"),
        [(1, day("2024-05-06"), Some(day("2025-01-01"))), (2, day("2025-01-01"), None)]
    );
}

/// A figure that nobody had thought of, and what the press says of it: a file and a few lines of a pack.
const TAKEN_BACK: &str = "
code = \"plates_taken_back\"
name = \"撤销命名\"
en = \"Names taken back\"
note = \"经复核撤销命名的，按撤销的日期计。\"
note_en = \"Names that were taken back after a second look, by the day of that.\"
word = \"个\"
nature = \"flow\"
workflow = \"recognition\"
owner = \"wf\"
verifier = \"wf\"
source = \"S53\"

[[version]]
number = 1
since = \"2018-01-01\"
measure = { entered = { states = [\"revoked\"], take = \"first\" } }
";
const SAID: &str = "
[[sentence]]
code = \"plates_taken_back\"
day = \"2026-03-07\"
text = \"去年，撤销命名{plates_taken_back 2025}个。\"
";

#[test]
fn a_figure_and_its_sentence_are_added_by_the_pack_alone() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("added");
    let _ = fs::remove_dir_all(&root);
    let here = city_dir();
    copy(&here.parent().unwrap().join("common"), &root.join("common"));
    copy(&here, &root.join("city"));
    fs::write(root.join("city/figures/plates_taken_back.toml"), TAKEN_BACK).unwrap();
    let press = root.join("city/press.toml");
    let sentences = fs::read_to_string(&press).unwrap() + SAID;
    fs::write(&press, sentences).unwrap();
    let pack = packs::load(&root.join("city")).unwrap_or_else(|f| panic!("{f:?}")).pack;
    let _ = fs::remove_dir_all(&root);

    let mut told = Told::opened(&pack, "2024-02-01", "model_village");
    told.awarded("2024-05-06", "2024-05-06");
    told.acted("2025-05-06", "begin_recheck", "rechecking");
    told.acted("2025-05-20", "report_recheck", "recheck_review");
    told.acted("2025-06-02", "propose_revocation", "revoking");
    let top = unit(&pack, Level::City).code.clone();
    assert_eq!(told.stock("plates_taken_back", &top, "2025-12"), 0);
    told.acted("2025-07-01", "confirm_revocation", "revoked");
    let counted = told.stock("plates_taken_back", &top, "2025-12");
    let numbers = BTreeMap::from([("plates_taken_back".to_owned(), counted)]);
    let sentence = pack.press.sentences.iter().find(|s| s.code == "plates_taken_back").unwrap();
    assert_eq!(sentence.at(&pack, &numbers).unwrap(), "去年，撤销命名1个。");
}
