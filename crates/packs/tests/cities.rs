//! The packs that are delivered, and the sample city of the tests, are sound.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as loudly as the tests themselves")]

use std::{collections::BTreeSet, fs, path::Path, path::PathBuf};

use domain::pack::Level;
use packs::City;
use toml::{Table, Value};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every pack with a `pack.toml`, and the sample city.
fn cities() -> Vec<City> {
    let packs = fs::read_dir(here().join("packs")).unwrap().map(|e| e.unwrap().path());
    let mut dirs: Vec<PathBuf> = packs.filter(|p| p.join("pack.toml").is_file()).collect();
    assert!(dirs.len() >= 2, "two cities are delivered");
    dirs.push(here().join("crates/testkit/city"));
    let load = |dir: &PathBuf| {
        packs::load(dir).unwrap_or_else(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        })
    };
    dirs.iter().map(load).collect()
}

#[test]
fn every_city_is_sound() {
    for city in cities() {
        let pack = &city.pack;
        assert!(pack.workflows.contains_key("appeal"));
        assert!(city.papers.contains_key("accept_notice"));
        assert!(city.demo.is_dir(), "{}", city.demo.display());
        assert_eq!(city.home.zh.promises.len(), city.home.en.promises.len());
        assert!(city.services.iter().all(|s| !pack.is_sensitive(&s.category)));
        let tops: Vec<_> = pack.units.iter().filter(|u| u.parent.is_none()).collect();
        assert_eq!(tops.len(), 1, "one unit stands at the top");
        for unit in pack.units.iter() {
            let top = pack.units.upward(&unit.code).last().unwrap();
            assert_eq!(top.code, tops[0].code, "{} hangs in the air", unit.code);
            assert!(!unit.name.contains('{'), "{}", unit.name);
        }
    }
}

#[test]
fn units_are_one_of_each_kind_in_each_region_of_its_levels() {
    for city in cities() {
        let units = &city.pack.units;
        for region in city.pack.regions.iter() {
            let federation = units.of("wf", region.level, &region.code).unwrap();
            assert_eq!(federation.region, region.code);
            let above = region.parent.as_deref().map(|p| city.pack.regions.get(p).unwrap());
            let expected = above.map(|p| units.of("wf", p.level, &p.code).unwrap().code.clone());
            assert_eq!(federation.parent, expected);
            let police = units.of("police", region.level, &region.code);
            assert_eq!(police.is_some(), region.level <= Level::County);
        }
    }
}

#[test]
fn every_case_finds_its_unit_wherever_it_happens() {
    use domain::pack::Matter;
    for city in cities() {
        let pack = &city.pack;
        let places: BTreeSet<_> =
            pack.regions.iter().map(|r| r.code.as_str()).step_by(97).collect();
        for place in places {
            for category in pack.categories.keys() {
                for grade in &pack.risk.grades {
                    let matter = Matter { category, grade: &grade.code, channel: "call", place };
                    let route = pack.routing.route(pack, matter).unwrap();
                    assert!(pack.units.get(&route.unit).is_some());
                    assert!(!route.co.contains(&route.unit));
                }
            }
        }
    }
}

#[test]
fn a_year_without_its_notice_is_named_as_provisional() {
    let cities = cities();
    let city = &cities[0];
    assert_eq!(city.provisional_years, [2027]);
    let may_day = "2027-05-03".parse().unwrap();
    assert!(city.pack.work_time.calendar().is_workday(may_day).unwrap());
    let later = "2028-01-03".parse().unwrap();
    assert!(city.pack.work_time.calendar().is_workday(later).is_err());
}

#[test]
fn what_is_told_in_demonstrations_is_known_to_the_pack() {
    for city in cities() {
        let pack = &city.pack;
        let file = city.demo.join("appeals.toml");
        let stories: Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        let stories = stories["appeal"].as_array().unwrap();
        assert!(!stories.is_empty());
        for story in stories {
            let told = story["summary"].as_str().unwrap();
            let category = story["category"].as_str().unwrap();
            assert!(pack.categories.contains_key(category), "{told}: category {category}");
            let channel = story["channel"].as_str().unwrap();
            assert!(pack.channels.contains_key(channel), "{told}: channel {channel}");
            let yes = story.get("yes").and_then(Value::as_array);
            for question in yes.into_iter().flatten().map(|q| q.as_str().unwrap()) {
                let asked = pack.risk.questions.iter().any(|q| q.code == question);
                assert!(asked, "{told}: question {question}");
            }
        }
    }
}
