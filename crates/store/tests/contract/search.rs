//! Search over sealed texts finds everything that a reader of the opened texts would find, and
//! nothing else.

use crate::cast::*;
use domain::access::Viewer;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRng, TestRunner},
};
use std::collections::BTreeSet;
use testkit::{Appeal, Stand, city, unit, viewer};
use vault::Query;

testkit::both!(
    every_piece_of_a_text_finds_it,
    names_sound_and_numbers_have_dashes,
    other_scripts_find_the_same,
    what_is_sealed_is_not_found,
    words_of_later_entries_are_found,
    the_newest_come_first_and_not_twice,
    a_place_is_found_by_its_name,
    cases_of_others_hide_none_of_ones_own,
);

/// By any part of the name of its county, town or village, together with its words; and where the place
/// is corrected, by the right one alone.
async fn a_place_is_found_by_its_name(stand: Stand) {
    let name = |code: &str| stand.pack.regions.get(code).unwrap().name.clone();
    let east = Appeal::new("1302", "楼道的灯坏了").with("place", unit::EAST_STREET);
    let west = Appeal::new("1302", "楼道的灯坏了").with("place", unit::WEST_PLACE);
    let (east, west) = (stand.open(&east).await.done.case, stand.open(&west).await.done.case);
    let words = |code: &str| format!("{} 楼道", name(code));
    assert_eq!(found(&stand, &words(unit::EAST_STREET)).await, BTreeSet::from([east]));
    assert_eq!(found(&stand, &name(unit::WEST_PLACE)).await, BTreeSet::from([west]));
    let above = stand.pack.regions.get(unit::EAST_STREET).unwrap().parent.clone().unwrap();
    assert_eq!(found(&stand, &name(&above)).await, BTreeSet::from([east]));
    stand.act(&operator(), west, "register", &[("category", "1302")]).await;
    stand.act(&operator(), west, "to_triage", &[]).await;
    let right = [("category", "1302"), ("place", unit::EAST_STREET)];
    stand.act(&triage(), west, "recategorise", &right).await;
    assert_eq!(found(&stand, &name(unit::EAST_STREET)).await, BTreeSet::from([east, west]));
    assert_eq!(found(&stand, &name(unit::WEST_PLACE)).await, BTreeSet::new());
}

/// A town looks for its one old case behind a thousand newer ones of others, all with the same words.
async fn cases_of_others_hide_none_of_ones_own(stand: Stand) {
    let own = Appeal::new("1302", "电梯停运").with("place", unit::WEST_PLACE);
    let own = assigned(&stand, &own, unit::WEST).await;
    let stand = std::sync::Arc::new(stand);
    let mut others = tokio::task::JoinSet::new();
    for n in 0..2_100 {
        let stand = stand.clone();
        let appeal = Appeal::new("1302", &format!("电梯停运 {n}"));
        others.spawn(async move { stand.open(&appeal).await });
    }
    others.join_all().await;
    let west = viewer(9, unit::WEST, "leader");
    let found = stand.store.search(&stand.pack, &west, "电梯停运", 10).await.unwrap();
    let cases: Vec<i64> = found.hits.iter().map(|hit| hit.case.id).collect();
    assert_eq!((cases, found.cut), (vec![own], false));
}

/// Every person these tests ask as sees everything in these cases.
fn operator_eyes() -> Viewer {
    viewer(1, unit::HOTLINE, "operator")
}

async fn found(stand: &Stand, typed: &str) -> BTreeSet<i64> {
    let eyes = operator_eyes();
    let hits = stand.store.search(&stand.pack, &eyes, typed, 1_000).await.unwrap().hits;
    let cases: BTreeSet<i64> = hits.iter().map(|hit| hit.case.id).collect();
    assert_eq!(cases.len(), hits.len(), "each case once");
    cases
}

/// The invented appeals of the demonstration: summary and narrative.
fn texts() -> Vec<(String, String)> {
    let file = std::fs::read_to_string(city().demo.join("appeals.toml")).unwrap();
    let table: toml::Table = file.parse().unwrap();
    let appeals = table["appeal"].as_array().unwrap();
    let text = |appeal: &toml::Value, key: &str| appeal[key].as_str().unwrap().to_owned();
    appeals.iter().map(|a| (text(a, "summary"), text(a, "narrative").trim().to_owned())).collect()
}

async fn every_piece_of_a_text_finds_it(stand: Stand) {
    let texts = texts();
    assert!(texts.len() >= 200);
    let mut cases: Vec<(i64, &str, &str)> = Vec::new();
    for (summary, narrative) in &texts {
        let appeal = Appeal::new("1302", summary)
            .with("narrative", narrative)
            .with("contact_name", "")
            .with("contact_phone", "");
        cases.push((stand.open(&appeal).await.done.case, summary, narrative));
    }
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let pieces = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 2..9_usize);
    let (mut asked, mut most) = (0, 0);
    while asked < 200 {
        let (of, from, length) = pieces.new_tree(&mut runner).unwrap().current();
        let (_, narrative) = &texts[of.index(texts.len())];
        let characters: Vec<char> = narrative.chars().collect();
        let from = from.index(characters.len());
        let piece: String = characters[from..].iter().take(length).collect();
        let query = Query::parse(&piece);
        let is_chinese = piece.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        if !is_chinese || piece.chars().count() < 2 || !query.reaches_texts() {
            continue;
        }
        asked += 1;
        let holds = |text: &str| text.contains(&piece);
        let expected: BTreeSet<i64> =
            cases.iter().filter(|(_, s, n)| holds(s) || holds(n)).map(|(id, ..)| *id).collect();
        most = most.max(expected.len());
        assert_eq!(found(&stand, &piece).await, expected, "{piece}");
    }
    assert!(most > 5, "some pieces were common: {most}");
    let (first, second) = ("离婚", "孩子");
    let both: BTreeSet<i64> = cases
        .iter()
        .filter(|(_, s, n)| [first, second].iter().all(|w| s.contains(w) || n.contains(w)))
        .map(|(id, ..)| *id)
        .collect();
    assert!(!both.is_empty());
    assert_eq!(found(&stand, "离婚 孩子").await, both);
    assert_eq!(found(&stand, "").await, BTreeSet::new());
}

async fn names_sound_and_numbers_have_dashes(stand: Stand) {
    let opened = stand
        .open(
            &Appeal::new("1302", "问路灯")
                .with("contact_name", "欧阳如意")
                .with("contact_phone", "010-1234 5678"),
        )
        .await;
    let case = opened.done.case;
    let other = Appeal::new("1302", "问路灯").with("contact_name", "司马相");
    stand.open(&other).await;
    let dashed = opened.number.as_str();
    let plain = dashed.replace('-', "");
    let phones = ["01012345678", "010-12345678", "010 1234 5678", "+86 10 1234 5678", "5678"];
    let names = ["欧阳如意", "如意", "ouyangruyi", "oyry", dashed, &plain];
    for typed in names.into_iter().chain(phones) {
        assert_eq!(found(&stand, typed).await, BTreeSet::from([case]), "{typed}");
    }
    assert_eq!(found(&stand, "欧阳相").await, BTreeSet::new());
    let phones =
        stand.store.same_phone(&stand.pack, &operator_eyes(), "01012345678").await.unwrap();
    assert_eq!(phones.iter().map(|p| p.id).collect::<Vec<_>>(), [case]);
}

async fn other_scripts_find_the_same(stand: Stand) {
    let simplified = stand.open(&Appeal::new("1302", "离婚协议书怎么写")).await.done.case;
    let traditional = stand.open(&Appeal::new("1302", "離婚協議書怎麼寫")).await.done.case;
    for typed in ["离婚协议书", "離婚協議書", "離婚协议書"] {
        assert_eq!(
            found(&stand, typed).await,
            BTreeSet::from([simplified, traditional]),
            "{typed}"
        );
    }
}

async fn what_is_sealed_is_not_found(stand: Stand) {
    let appeal = Appeal::new("1302", "问路灯").with("safe_contact", "就说是社区体检通知");
    let case = stand.open(&appeal).await.done.case;
    for typed in ["社区体检", "体检通知", "就说是社区体检通知"] {
        assert_eq!(found(&stand, typed).await, BTreeSet::new(), "{typed}");
    }
    let page = stand.seen(&operator_eyes(), case).await.unwrap();
    assert_eq!(page.text("safe_contact"), Some("就说是社区体检通知"));
}

async fn words_of_later_entries_are_found(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "问路灯")).await;
    let person = [
        ("person_role", "witness"),
        ("person_name", "诸葛静"),
        ("person_phone", "10000006655"),
        ("person_note", "住在隔壁单元"),
    ];
    stand.act(&east_handler(), case, "add_person", &person).await;
    let handler = viewer(11, unit::EAST, "handler");
    let eyes = operator_eyes();
    for typed in ["诸葛静", "zhugejing", "10000006655"] {
        let hits = stand.store.search(&stand.pack, &handler, typed, 10).await.unwrap().hits;
        assert_eq!(hits.iter().map(|h| h.case.id).collect::<Vec<_>>(), [case], "{typed}");
        // What the hotline sees in part it does not find by the whole.
        let passed = stand.store.search(&stand.pack, &eyes, typed, 10).await.unwrap().hits;
        assert!(passed.is_empty(), "{typed}");
    }
    assert_eq!(found(&stand, "隔壁单元").await, BTreeSet::from([case]));
    // Whoever calls is recognised by the number that they call from.
    let same = stand.store.same_phone(&stand.pack, &eyes, "10000006655").await.unwrap();
    assert_eq!(same.len(), 1);
    // Another county finds nothing of it.
    let west = viewer(31, unit::WEST, "reviewer");
    assert!(stand.store.search(&stand.pack, &west, "隔壁单元", 10).await.unwrap().hits.is_empty());
}

async fn the_newest_come_first_and_not_twice(stand: Stand) {
    let mut cases = Vec::new();
    for _ in 0..70 {
        let case = stand.open(&Appeal::new("1302", "广场舞扰民")).await.done.case;
        stand.act(&operator(), case, "note", &[("note", "广场舞扰民，已劝阻")]).await;
        cases.push(case);
    }
    cases.reverse();
    let eyes = operator_eyes();
    for limit in [1, 20, 69, 70, 100] {
        let hits = stand.store.search(&stand.pack, &eyes, "广场舞扰民", limit).await.unwrap().hits;
        let ids: Vec<i64> = hits.iter().map(|h| h.case.id).collect();
        assert_eq!(ids, cases[..limit.min(70)], "{limit}");
    }
}
