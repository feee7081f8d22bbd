//! Which change of a pack is another edition of its rules, and which old rules still fit.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{clock::Span, pack::Rules, workflow::State};
use packs::City;

fn sample() -> City {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    packs::load(&dir).expect("a sound pack")
}

/// The sample city with one file of the base changed, in a folder of its own.
fn edited(name: &str, file: &str, from: &str, to: &str) -> City {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = std::env::temp_dir().join(format!("xiaohe-edition-{}-{name}", std::process::id()));
    copy(&root.join("packs/common"), &dir.join("common"));
    copy(&root.join("crates/testkit/city"), &dir.join("city"));
    let edit = |path: PathBuf, from: &str, to: &str| {
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{from}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
    };
    edit(dir.join("city/pack.toml"), "../../../packs/common", "../common");
    edit(dir.join("common").join(file), from, to);
    let city = packs::load(&dir.join("city")).expect("a sound pack");
    std::fs::remove_dir_all(dir).expect("removed");
    city
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|e| e.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn words_are_no_rules_and_lengths_are() {
    let edition = sample().pack.edition.clone();
    assert!(edition.starts_with(&sample().pack.version), "{edition}");
    let flow = "workflows/appeal.toml";
    for (name, file, from, to, same) in [
        ("label", flow, "name = \"登记\"", "name = \"录入\"", true),
        ("comment", flow, "[[clock]]", "# 说明\n\n[[clock]]", true),
        ("span", flow, "span = \"4wh\"", "span = \"5wh\"", false),
        ("lights", "clocks.toml", "yellow_percent = 20", "yellow_percent = 30", false),
    ] {
        let found = edited(name, file, from, to).pack.edition.clone();
        assert_eq!(found == edition, same, "{name}: {found}");
    }
}

#[test]
fn rules_in_use_must_fit_and_others_are_left_out() {
    let gone = |rules: &mut Rules| {
        rules.edition = "earlier".to_owned();
        let flow = rules.workflows.get_mut("appeal").expect("the appeal");
        let like: State = flow.states[0].clone();
        let action = flow.actions.iter_mut().find(|a| a.from.contains(&like.code));
        action.expect("an action").from.push("vanished".to_owned());
        let back = flow.actions.iter().find(|a| a.from.contains(&like.code)).cloned();
        let mut back = back.expect("an action");
        back.code = "vanish".to_owned();
        back.to = domain::workflow::Target::State("vanished".to_owned());
        flow.actions.push(back);
        flow.states.push(State { code: "vanished".to_owned(), ..like });
    };
    let mut rules = sample().pack.rules.clone();
    gone(&mut rules);
    let in_use = BTreeSet::from(["earlier".to_owned()]);
    let faults = sample().recall(vec![rules.clone()], &in_use).expect_err("a fault");
    let said = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said.contains("rules earlier") && said.contains("`vanished`"), "{said}");
    let mut city = sample();
    city.recall(vec![rules], &BTreeSet::new()).expect("nobody needs them");
    assert!(!city.pack.knows("earlier"));
}

#[test]
fn what_comes_back_is_what_was_kept_with_the_years_known_since() {
    let mut city = sample();
    let mut written = serde_json::to_value(&city.pack.rules).expect("JSON");
    let years = written["work_time"]["calendar"].as_array_mut().expect("years");
    let last = years.pop().expect("a year")["year"].as_i64().expect("a number");
    written["edition"] = "earlier".into();
    let kept: Rules = serde_json::from_value(written).expect("rules");
    let known =
        |rules: &Rules| rules.work_time.calendar().years().any(|year| i64::from(year) == last);
    assert!(!known(&kept));
    city.recall(vec![kept], &BTreeSet::from(["earlier".to_owned()])).expect("it fits");
    let back: &Arc<Rules> = &city.pack.past["earlier"];
    assert!(known(back), "a year that came later is known to all");
    let span = |rules: &Rules| rules.workflows["appeal"].clocks["register"].span;
    assert_eq!(span(back), Span::WorkingMinutes(240));
}
