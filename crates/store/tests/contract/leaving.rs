//! What leaves the system: lists that lie ready for a while, the way back from their tags, and the
//! promise that everybody gives first.

use crate::{cast::*, guard::hire, raw};
use domain::{case::Staff, guarded::Barred, secrecy::Change};
use store::{Fetched, NewAccount, NewExport, Store, Whose};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(
    a_list_lies_sealed_for_its_maker_and_its_hours,
    a_list_is_judged_again_when_it_is_fetched,
    a_large_list_lies_in_pieces_and_is_judged_whole,
    a_tag_leads_back_to_the_deed_after_the_file_is_gone,
    nobody_fills_the_disk_with_lists,
    a_promise_counts_for_its_version,
);

const BODY: &[u8] = "导出的正文不该明文留在库里".as_bytes();

fn list(rows: u32) -> NewExport {
    NewExport {
        what: "desk_csv".to_owned(),
        kind: "csv".to_owned(),
        rows,
        hours: 24,
        cases: Vec::new(),
        body: BODY.to_vec(),
    }
}

/// All of a file, piece after piece.
async fn whole(store: &Store, found: Option<Fetched>) -> Vec<u8> {
    let Some(Fetched::File(_, file)) = found else { panic!("no file: {found:?}") };
    let mut all = Vec::new();
    for n in 0.. {
        let Some(piece) = store.export_piece(&file, n).await.unwrap() else { break };
        all.extend(piece);
    }
    all
}

fn leader() -> Staff {
    staff(7, unit::CITY, "leader")
}

async fn kept(stand: &Stand, who: &Staff) -> String {
    let mark = stand.store.export_mark();
    let tag = mark.tag.clone();
    let now = stand.clock.now();
    assert!(stand.store.keep_export(now, who, mark, list(3)).await.unwrap());
    tag
}

async fn a_list_lies_sealed_for_its_maker_and_its_hours(stand: Stand) {
    let tag = kept(&stand, &leader()).await;
    let (store, now) = (&stand.store, stand.clock.now());
    let ready = store.exports(7, now).await.unwrap();
    assert_eq!((ready.len(), ready[0].rows, ready[0].tag.as_str()), (1, 3, tag.as_str()));
    let handle = ready[0].handle.clone();
    let fetch = async |account: i64, handle: &str| {
        let who = staff(account, unit::CITY, "leader");
        store.export(&stand.pack, (&who, stand.clock.now()), handle).await
    };
    let found = fetch(7, &handle).await.unwrap();
    assert_eq!(whole(store, found).await, BODY);
    for (account, handle) in [(8, handle.as_str()), (7, "00"), (7, ""), (7, &"0".repeat(32))] {
        assert!(fetch(account, handle).await.unwrap().is_none(), "{account} {handle}");
    }
    assert!(store.exports(8, now).await.unwrap().is_empty());
    let rows = raw::rows(&stand, "SELECT body FROM exports").await;
    assert!(!rows[0][0].contains(&raw::hex(BODY)), "it lies sealed");
    // Bytes that were moved to another file do not open there.
    kept(&stand, &leader()).await;
    let first = "(SELECT body FROM exports ORDER BY id LIMIT 1)";
    raw::run(&stand, &format!("UPDATE exports SET body = {first}")).await;
    let mut opened = 0;
    for one in store.exports(7, now).await.unwrap() {
        opened += usize::from(fetch(7, &one.handle).await.is_ok());
    }
    assert_eq!(opened, 1);
    stand.clock.advance(jiff::SignedDuration::from_hours(24));
    let now = stand.clock.now();
    assert!(store.exports(7, now).await.unwrap().is_empty());
    assert!(fetch(7, &handle).await.unwrap().is_none());
    store.sweep_exports(now).await.unwrap();
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM exports").await, 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// A case in it was sealed since, or its maker is kept out of one: the file is gone, and stays so.
async fn a_list_is_judged_again_when_it_is_fetched(stand: Stand) {
    hire(&stand, &[triage()]).await;
    let now = stand.clock.now();
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(to_triage(&stand, &Appeal::new("0201", "清单里的事"), "0201").await);
    }
    let fetch = async |handle: &str| {
        stand.store.export(&stand.pack, (&leader(), now), handle).await.unwrap()
    };
    let made = async |cases: Vec<i64>| {
        let new = NewExport { cases, ..list(3) };
        let mark = stand.store.export_mark();
        assert!(stand.store.keep_export(now, &leader(), mark, new).await.unwrap());
    };
    made(cases.clone()).await;
    made(cases[2..].to_vec()).await;
    let ready = stand.store.exports(7, now).await.unwrap();
    for one in &ready {
        assert!(matches!(fetch(&one.handle).await, Some(Fetched::File(..))));
    }
    let seal = Change::Seal { circle: Vec::new() };
    stand.guard(&triage(), cases[1], seal).await.unwrap();
    let mut answers = Vec::new();
    for one in &ready {
        answers.push(matches!(fetch(&one.handle).await, Some(Fetched::Gone)));
    }
    assert_eq!(answers.iter().filter(|gone| **gone).count(), 1, "only the one that holds it");
    let left = stand.store.exports(7, now).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(matches!(fetch(&left[0].handle).await, Some(Fetched::File(..))));
    stand.guard(&triage(), cases[2], Change::Bar(Barred::Person(7))).await.unwrap();
    assert!(matches!(fetch(&left[0].handle).await, Some(Fetched::Gone)));
    assert!(fetch(&left[0].handle).await.is_none());
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// A file in pieces of two cases each, with one at its end.
async fn in_pieces(stand: &Stand, cases: &[i64]) -> String {
    stand.clock.advance_hours(1);
    let (store, now) = (&stand.store, stand.clock.now());
    let mut out = store.begin_export(now, store.export_mark(), 24);
    let (last, before) = cases.split_last().unwrap();
    for (n, some) in before.chunks(2).enumerate() {
        store.add_piece(&mut out, (some, format!("第{n}段").as_bytes())).await.unwrap();
    }
    let new = NewExport { cases: vec![*last], body: "末段".into(), ..list(5) };
    assert!(store.end_export(now, &leader(), out, new).await.unwrap());
    store.exports(7, now).await.unwrap()[0].handle.clone()
}

/// Pieces come out in their order; one that is missing or stands elsewhere opens nothing; a case in any of
/// them decides for all.
async fn a_large_list_lies_in_pieces_and_is_judged_whole(stand: Stand) {
    hire(&stand, &[triage()]).await;
    let mut cases = Vec::new();
    for _ in 0..5 {
        cases.push(to_triage(&stand, &Appeal::new("0201", "清单里的事"), "0201").await);
    }
    let fetch = async |handle: &str| {
        stand.store.export(&stand.pack, (&leader(), stand.clock.now()), handle).await
    };
    let handle = in_pieces(&stand, &cases).await;
    let found = fetch(&handle).await.unwrap();
    assert_eq!(whole(&stand.store, found).await, "第0段第1段末段".as_bytes());
    let rows = raw::rows(&stand, "SELECT body FROM export_pieces").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| !row[0].contains(&raw::hex("段".as_bytes()))), "sealed");
    for (broken, mended) in [
        (
            "UPDATE export_pieces SET n = n + 7 WHERE n = 1",
            "UPDATE export_pieces SET n = 1 WHERE n = 8",
        ),
        ("UPDATE export_pieces SET id = body WHERE n = 1", ""),
    ] {
        raw::run(&stand, broken).await;
        assert!(fetch(&handle).await.is_err(), "{broken}");
        if !mended.is_empty() {
            raw::run(&stand, mended).await;
        }
    }
    let handle = in_pieces(&stand, &cases).await;
    assert!(matches!(fetch(&handle).await, Ok(Some(Fetched::File(..)))));
    stand.guard(&triage(), cases[2], Change::Seal { circle: Vec::new() }).await.unwrap();
    assert!(matches!(fetch(&handle).await, Ok(Some(Fetched::Gone))));
    let mut out = stand.store.begin_export(stand.clock.now(), stand.store.export_mark(), 24);
    stand.store.add_piece(&mut out, (&[], b"never finished")).await.unwrap();
    stand.clock.advance(jiff::SignedDuration::from_hours(24));
    stand.store.sweep_exports(stand.clock.now()).await.unwrap();
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM export_pieces").await, 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_tag_leads_back_to_the_deed_after_the_file_is_gone(stand: Stand) {
    let tag = kept(&stand, &leader()).await;
    kept(&stand, &staff(9, unit::EAST, "reviewer")).await;
    stand.clock.advance(jiff::SignedDuration::from_hours(48));
    stand.store.sweep_exports(stand.clock.now()).await.unwrap();
    let spoken = tag.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    for typed in [tag.as_str(), &spoken] {
        let found = stand.store.trace(typed).await.unwrap();
        let found: Vec<_> = found.iter().map(|t| (t.account, t.what.as_str(), t.rows)).collect();
        assert_eq!(found, [(7, "desk_csv", 3)], "{typed}");
    }
    let mut other = tag.clone();
    other.replace_range(..1, if tag.starts_with('A') { "B" } else { "A" });
    for wrong in [other.as_str(), "", "' OR 1=1", &tag[..9]] {
        assert_eq!(stand.store.trace(wrong).await.unwrap(), [], "{wrong}");
    }
    let ask = async |who: &Staff| {
        let whose = Whose::Tag(tag.clone());
        stand.store.deeds(&stand.pack, who, &whose, None).await.unwrap()
    };
    let lines = ask(&staff(3, unit::CITY, "audit_admin")).await.unwrap().lines;
    assert_eq!((lines.len(), lines[0].account), (1, 7));
    assert!(ask(&leader()).await.is_none(), "tags are the auditor's");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn nobody_fills_the_disk_with_lists(stand: Stand) {
    for _ in 0..20 {
        kept(&stand, &leader()).await;
    }
    let (mark, now) = (stand.store.export_mark(), stand.clock.now());
    assert!(!stand.store.keep_export(now, &leader(), mark.clone(), list(1)).await.unwrap());
    assert_eq!(stand.store.trace(&mark.tag).await.unwrap(), [], "nothing was taken out");
    kept(&stand, &staff(9, unit::EAST, "reviewer")).await;
}

async fn a_promise_counts_for_its_version(stand: Stand) {
    let new = |name: &str| NewAccount {
        username: name.to_owned(),
        password: String::new(),
        name: "某某".to_owned(),
        unit: unit::EAST.to_owned(),
        roles: vec!["handler".to_owned()],
    };
    let (store, now) = (&stand.store, stand.clock.now());
    let one = store.create_account(new("one")).await.unwrap();
    let two = store.create_account(new("two")).await.unwrap();
    let names = async |version: &str| {
        let (people, count) = store.unpledged(version).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), people.len());
        people.into_iter().map(|a| a.username).collect::<Vec<_>>()
    };
    assert_eq!(names("1").await, ["one", "two"]);
    let staff = store.account_by_id(one).await.unwrap().unwrap().staff();
    store.pledge(now, &staff, "1").await.unwrap();
    assert_eq!(names("1").await, ["two"]);
    assert_eq!(names("2").await, ["one", "two"], "a new version asks everybody");
    assert_eq!(store.pledged(one).await.unwrap(), "1");
    assert_eq!(store.pledged(two).await.unwrap(), "");
    let token = store.log_in(one, now).await.unwrap();
    assert_eq!(store.session(&token, now).await.unwrap().unwrap().pledge, "1");
    let mine = store.deeds(&stand.pack, &staff, &Whose::Account(one), None).await.unwrap().unwrap();
    assert_eq!((mine.lines[0].kind.as_str(), mine.lines[0].detail.as_str()), ("pledged", "1"));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
