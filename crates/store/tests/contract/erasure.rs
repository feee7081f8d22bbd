//! Erasure: texts, key, words, tags and files are gone, the history of codes stays whole, and
//! nothing readable is left in the files of the database or in a fresh backup.

use crate::{cast::*, raw};
use domain::{
    access::Viewer,
    case::{Actor, CaseId},
    refusal::{Bar, Refusal},
    rights::{self, REASON, Right, Wish},
};
use std::collections::BTreeMap;
use store::{DeskFilter, Done, No, RightWish, db::WriteError};
use testkit::{Appeal, Stand, command_id, staff, unit, viewer};

testkit::both!(
    an_erased_case_leaves_its_history,
    an_erasure_leaves_nothing_behind,
    a_lost_key_is_no_erasure,
    an_erasure_without_its_certificate_is_found,
);

/// Wishes something now.
pub async fn wish(
    stand: &Stand,
    actor: &Actor,
    case: CaseId,
    (wish, texts): (Wish, &[(&str, &str)]),
) -> Result<Done, WriteError<No>> {
    let own = |(field, text): &(&str, &str)| ((*field).to_owned(), (*text).to_owned());
    let texts: BTreeMap<String, String> = texts.iter().map(own).collect();
    let (command, actor) = (command_id(), actor.clone());
    let seen = seen(stand, &actor, case, &wish).await;
    let wished = RightWish { command, actor, case, wish, texts, seen };
    stand.store.right(&stand.pack, stand.clock.now(), wished).await
}

/// Looks at what a correction replaces by what, where there is something to look at.
async fn seen(stand: &Stand, actor: &Actor, case: CaseId, wish: &Wish) -> String {
    let (Actor::Staff(staff), Wish::Grant { id, .. } | Wish::Refuse { id, .. }) = (actor, wish)
    else {
        return String::new();
    };
    let eyes = (staff, stand.clock.now());
    let found = stand.store.compare(&stand.pack, eyes, (case, *id)).await.unwrap();
    found.map_or(String::new(), |c| c.code)
}

/// Why it was refused.
pub fn barred(done: Result<Done, WriteError<No>>) -> rights::Bar {
    match refusal(done) {
        Refusal::Right(bar) => bar,
        other => panic!("refused for another reason: {other:?}"),
    }
}

/// Grants a request.
pub fn grant(id: u32) -> Wish {
    Wish::Grant { id, online: false, list: String::new() }
}

/// Closed after a visit, with a file.
pub async fn closed(stand: &Stand, appeal: &Appeal) -> CaseId {
    let case = visiting(stand, appeal).await;
    visited(stand, case, &city_visitor(), "record_visit", "5").await;
    case
}

/// Erased as the person asked, by two people.
pub async fn erased(stand: &Stand, case: CaseId) {
    let ask = Wish::Ask { right: Right::Erase, field: None };
    wish(stand, &Actor::Appellant(case), case, (ask, &[])).await.unwrap();
    let check = Wish::Check { id: 1 };
    wish(stand, &east_handler(), case, (check, &[(REASON, "已当面核实")])).await.unwrap();
    wish(stand, &east_leader(), case, (grant(1), &[])).await.unwrap();
    stand.store.certify(stand.clock.now()).await.unwrap();
}

async fn an_erased_case_leaves_its_history(stand: Stand) {
    let appeal = Appeal::new("1302", "请求删除").file("一.txt", "text/plain", b"x");
    let case = closed(&stand, &appeal).await;
    let before = stand.page(case).await.entries.len();
    erased(&stand, case).await;
    let eyes = viewer(11, unit::EAST, "handler");
    for who in [&eyes, &Viewer::System, &Viewer::Appellant(case)] {
        let page = stand.seen(who, case).await.unwrap();
        assert!(page.erased && page.files.is_empty());
        assert!(page.entries.iter().all(|e| e.texts.is_empty()));
        assert_eq!(page.entries.len(), before + 3, "the history stays");
    }
    assert_eq!(stand.store.file(&stand.pack, &eyes, (case, 1, 0)).await.unwrap(), None);
    assert!(stand.store.search(&stand.pack, &eyes, "请求删除", 9).await.unwrap().hits.is_empty());
    assert!(stand.store.same_phone(&stand.pack, &eyes, "10000000001").await.unwrap().is_empty());
    let leader = staff(5, unit::CITY, "leader");
    let filter = DeskFilter { state: Some("closed".to_owned()), ..DeskFilter::default() };
    let desk = stand.store.desk(&stand.pack, &leader, stand.clock.now(), &filter).await.unwrap();
    assert_eq!((desk.cases.len(), desk.cases[0].summary.as_str()), (1, ""));
    // Nothing can be written or taken up again; putting it into the archive is all that is left.
    let again =
        stand.try_act(&city_leader(), case, "reopen_by_leader", &[("reason", "再办")]).await;
    assert_eq!(bar(again).0, Bar::Erased);
    stand.act(&archivist(), case, "archive", &[]).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Everything the files of the database hold, and what a backup made now holds.
async fn all_bytes(stand: &Stand) -> Vec<u8> {
    if let Some(path) = raw::path(stand) {
        stand.store.scrub().await.unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        let copy = stand.folder().join("copy.db");
        let _ = std::fs::remove_file(&copy);
        stand.store.db().backup(&copy).await.unwrap();
        bytes.extend(std::fs::read(&copy).unwrap());
        return bytes;
    }
    // A dump is what every row says; the files themselves are looked at below.
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    let mut bytes = Vec::new();
    for table in raw::rows(stand, tables).await {
        for row in raw::rows(stand, &format!("SELECT t::text FROM {} t", table[0])).await {
            bytes.extend(row[0].as_bytes());
        }
    }
    stand.store.scrub().await.unwrap();
    for table in ["cases", "texts", "files", "people", "words"] {
        raw::run(stand, &format!("VACUUM FULL {table}")).await;
        let file =
            format!("SELECT encode(pg_read_binary_file(pg_relation_filepath('{table}')), 'hex')");
        bytes.extend(raw::rows(stand, &file).await[0][0].as_bytes());
    }
    bytes
}

fn holds(stand: &Stand, bytes: &[u8], wanted: &[u8]) -> bool {
    let hex = raw::hex(wanted);
    let found = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    if raw::path(stand).is_some() { found(wanted) } else { found(hex.as_bytes()) }
}

async fn an_erasure_leaves_nothing_behind(stand: Stand) {
    let body: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    let appeal = Appeal::new("1302", "请求删除").file("一.txt", "text/plain", &body);
    let other = closed(&stand, &Appeal::new("1302", "另一件")).await;
    let case = closed(&stand, &appeal).await;
    let sql = |what: &str, case: CaseId| match what {
        "key" => format!("SELECT key FROM cases WHERE id = {case}"),
        "tag" => format!("SELECT tag FROM people WHERE case_id = {case} ORDER BY tag LIMIT 1"),
        table => format!("SELECT body FROM {table} WHERE case_id = {case} AND seq = 1"),
    };
    let mut sealed = Vec::new();
    for what in ["key", "texts", "files"] {
        let hex = raw::rows(&stand, &sql(what, case)).await[0][0].clone();
        // The end of it is enough, and lies on an overflow page where it is long.
        sealed.push((what, unhex(&hex[hex.len() - 60..])));
    }
    let kept = raw::rows(&stand, &sql("key", other)).await[0][0].clone();
    let before = all_bytes(&stand).await;
    for (what, bytes) in &sealed {
        assert!(holds(&stand, &before, bytes), "the search would find {what} that is there");
    }
    erased(&stand, case).await;
    let after = all_bytes(&stand).await;
    for (what, bytes) in &sealed {
        assert!(!holds(&stand, &after, bytes), "{what} of the erased case");
    }
    assert!(holds(&stand, &after, &unhex(&kept)), "the other case is whole");
    assert_eq!(stand.page(other).await.text("summary"), Some("另一件"));
    assert_eq!(raw::rows(&stand, &sql("tag", case)).await.len(), 0);
    let words = if raw::path(&stand).is_some() {
        format!(
            "SELECT COUNT(*) FROM entries e JOIN words w ON w.rowid = e.pos WHERE e.case_id = {case}"
        )
    } else {
        format!(
            "SELECT COUNT(*) FROM entries e JOIN words w ON w.doc = e.pos WHERE e.case_id = {case}"
        )
    };
    assert_eq!(raw::number(&stand, &words).await, 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

async fn a_lost_key_is_no_erasure(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "丢了钥匙")).await;
    raw::run(&stand, &format!("UPDATE cases SET key = NULL WHERE id = {case}")).await;
    let found = stand.troubles().await.join("\n");
    assert!(found.contains("its key is gone, and no entry says that it was erased"), "{found}");
    assert!(found.contains("count wrapped"), "{found}");
}

async fn an_erasure_without_its_certificate_is_found(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "请求删除")).await;
    erased(&stand, case).await;
    let certificate = stand.store.certificate(1).await.unwrap().unwrap();
    assert_eq!((certificate.total, certificate.genuine), (1, true));
    assert_eq!(certificate.rules, BTreeMap::from([(rights::BY_REQUEST.to_owned(), 1)]));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    raw::run(&stand, "UPDATE certificates SET total = 2").await;
    let found = stand.troubles().await.join("\n");
    assert!(found.contains("certificate 1: the seal was not made with this key"), "{found}");
    assert!(found.contains("certificate 1: the entries tell of other erasures"), "{found}");
    raw::run(&stand, "DELETE FROM certificates").await;
    let found = stand.troubles().await.join("\n");
    assert!(found.contains("was erased and no certificate says so"), "{found}");
    // A text that somebody puts back is found too.
    let sealed = raw::blob(&stand, "00");
    raw::run(
        &stand,
        &format!("INSERT INTO texts (case_id, seq, body) VALUES ({case}, 1, {sealed})"),
    )
    .await;
    let found = stand.troubles().await.join("\n");
    assert!(found.contains("was erased, and something of it is still there"), "{found}");
}
