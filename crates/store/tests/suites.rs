//! Both cipher suites on both databases: a case goes through its life, and then every byte that lies
//! anywhere is looked through for what was typed. A mark that does lie in clear must be found by the
//! same search, in every way of writing it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "contract/raw.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod raw;

use aho_corasick::AhoCorasick;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use domain::case::Actor;
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};
use store::{Act, Attachment, NewAccount, NewExport};
use testkit::{Appeal, Stand, actor, command_id, postgres, staff, step, unit, viewer};
use vault::Suite;

/// What is typed somewhere and must lie nowhere. Each stands for one field.
const SECRETS: &[(&str, &str)] = &[
    ("name", "欧阳青瓷柳"),
    ("telephone", "10000776655"),
    ("id number", "990101199003077758"),
    ("address", "槐树林深处三十九号院"),
    ("summary", "瓷碗碎在门槛上那夜"),
    ("narrative", "他把灶台边的铁壶砸向窗棂"),
    ("safe contact", "只在逢五赶集日拨打"),
    ("relation of a file", "玉兰胡同的欠据影印"),
    ("content of a file", "兹欠到白银三百两整立据"),
    ("file name of staff", "笔录第七页誊清本"),
    ("content of a file of staff", "据她口述另有目击之人"),
    ("note of staff", "入户时邻居称常闻哭声"),
    ("note of a call", "来电人压低嗓音说不便"),
    ("reason of a move", "换成新办法因市里文件"),
    ("exported list", "清单第九行的事由全文"),
    ("kept file", "尚未提交的照片说明"),
    ("search", "有人搜过的生僻词组"),
];
/// What lies in clear, as it must: the search finds it, or it would find nothing.
const CLEAR: &str = "值班员样板名牌";
/// What stands in the log.
const LOGGED: &str = "lotus-control-mark";

/// Every way in which a text may be written down.
fn writings(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    });
    let percent = bytes.iter().fold(String::new(), |mut all, b| {
        let _ = write!(all, "%{b:02X}");
        all
    });
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let escaped = utf16.iter().fold(String::new(), |mut all, unit| {
        let _ = write!(all, "\\u{unit:04x}");
        all
    });
    let mut all = vec![
        bytes.to_vec(),
        utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        encoding_rs::GB18030.encode(text).0.into_owned(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        percent.into_bytes(),
        escaped.into_bytes(),
    ];
    for shift in 0..3 {
        // Whatever stands before it, three alignments are all there are; the ends vary with it.
        let padded = [vec![b'x'; shift], bytes.to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded).into_bytes();
            all.push(text[(shift * 4).div_ceil(3)..text.len() - 2].to_vec());
        }
    }
    all
}

/// Looks for all marks in all their writings at once.
struct Search {
    machine: AhoCorasick,
    names: Vec<String>,
}

impl Search {
    /// For texts, and for bytes that are no text, in hexadecimal too.
    fn of(marks: &[(String, String)], (name, raw): (&str, &[u8])) -> Self {
        let (mut patterns, mut names) = (Vec::new(), Vec::new());
        if !raw.is_empty() {
            patterns.extend([raw.to_vec(), raw::hex(raw).into_bytes()]);
            patterns.push(STANDARD_NO_PAD.encode(raw).into_bytes());
            names.extend([name.to_owned(), name.to_owned(), name.to_owned()]);
        }
        for (name, mark) in marks {
            for writing in writings(mark) {
                assert!(writing.len() >= 8, "{name} is too short to be searched for");
                patterns.push(writing);
                names.push(name.clone());
            }
        }
        Self { machine: AhoCorasick::new(&patterns).unwrap(), names }
    }

    fn found(&self, bytes: &[u8]) -> BTreeSet<String> {
        let hits = self.machine.find_overlapping_iter(bytes);
        hits.map(|hit| self.names[hit.pattern().as_usize()].clone()).collect()
    }
}

#[test]
fn the_search_finds_a_mark_in_every_writing() {
    let mark = ("mark".to_owned(), CLEAR.to_owned());
    let search = Search::of(std::slice::from_ref(&mark), ("", b""));
    for writing in writings(CLEAR) {
        let hay = [b"before ".as_slice(), &writing, b" after"].concat();
        assert_eq!(search.found(&hay).len(), 1, "{}", String::from_utf8_lossy(&writing));
    }
    for before in ["", "a", "ab", "abc"] {
        let inside = STANDARD_NO_PAD.encode(format!("{before}{CLEAR}后"));
        assert_eq!(search.found(inside.as_bytes()).len(), 1, "{inside}");
    }
    assert!(search.found("值班员样板".as_bytes()).is_empty());
}

/// Everything that the program logs, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn secret(name: &str) -> &'static str {
    SECRETS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn file(name: &str, body: &str) -> Attachment {
    let kind = "application/pdf".to_owned();
    Attachment { name: format!("{name}.pdf"), kind, body: body.as_bytes().to_vec() }
}

fn list(body: &str) -> NewExport {
    NewExport {
        what: "desk_csv".into(),
        kind: "csv".into(),
        rows: 1,
        hours: 24,
        cases: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

/// A case opened, acted on, searched for, with files; a list taken out, a second factor, a move.
/// Answers the secret of the second factor, which lies nowhere either.
async fn live(stand: &mut Stand) -> Vec<u8> {
    let (operator, now) = (actor(1, unit::HOTLINE, "operator"), stand.clock.now());
    let appeal = Appeal::new("0201", secret("summary"))
        .with("narrative", &format!("{}，号码{}", secret("narrative"), secret("id number")))
        .with("address", secret("address"))
        .with("contact_name", secret("name"))
        .with("contact_phone", secret("telephone"))
        .with("safe_contact", secret("safe contact"));
    let mut new = appeal.new_case();
    new.files.push(file(secret("relation of a file"), secret("content of a file")));
    let opened = stand.store.open_case(&stand.pack, now, new).await.unwrap();
    let case = opened.done.case;
    let note = async |who: &Actor, text: &str, files: Vec<Attachment>| {
        let steps = vec![step("appeal", "note", &[("note", text)])];
        let act = Act { command: command_id(), actor: who.clone(), case, steps, files };
        stand.store.act(&stand.pack, now, act).await.unwrap();
    };
    note(&operator, secret("note of a call"), Vec::new()).await;
    let staff_file = file(secret("file name of staff"), secret("content of a file of staff"));
    note(&operator, secret("note of staff"), vec![staff_file]).await;
    stand.act(&operator, case, "register", &[("category", "0201")]).await;
    stand.act(&operator, case, "to_triage", &[]).await;

    // What was written is read, and found by its words, and the files come back.
    let eyes = viewer(1, unit::HOTLINE, "operator");
    let page = stand.page(case).await;
    let told: Vec<&String> =
        page.entries.iter().flat_map(|e| e.texts.values()).flat_map(|t| t.values()).collect();
    for name in ["summary", "note of a call", "note of staff", "name"] {
        assert!(told.iter().any(|text| text.contains(secret(name))), "{name} is readable");
    }
    let all = domain::access::Viewer::System;
    let found = stand.store.file(&stand.pack, &all, (case, 1, 0)).await.unwrap().unwrap();
    assert_eq!(found.2, secret("content of a file").as_bytes());
    let hits = async |words: &str| {
        stand.store.search(&stand.pack, &eyes, words, 10).await.unwrap().hits.len()
    };
    assert_eq!(hits(secret("telephone")).await, 1);
    assert_eq!(hits("铁壶 窗棂").await, 1);
    assert_eq!(hits(secret("search")).await, 0);

    let leader = staff(5, unit::CITY, "leader");
    let (mark, new) = (stand.store.export_mark(), list(secret("exported list")));
    assert!(stand.store.keep_export(now, &leader, mark, new).await.unwrap());
    let kept = [file(secret("kept file"), secret("kept file"))];
    assert!(stand.store.keep_files(&"ab".repeat(16), (now, 1), &kept).await.unwrap());
    let account = NewAccount {
        username: "clear".to_owned(),
        password: "x".to_owned(),
        name: CLEAR.to_owned(),
        unit: unit::CITY.to_owned(),
        roles: vec!["leader".to_owned()],
    };
    let account = stand.store.create_account(account).await.unwrap();
    let factor = stand.store.begin_factor(account).await.unwrap().unwrap();

    stand.store.keep_rules(&stand.pack, now).await.unwrap();
    stand.pack = Arc::new(changed());
    stand.store.keep_rules(&stand.pack, now).await.unwrap();
    let list = stand.store.move_list(&stand.pack, now).await.unwrap();
    let admin = actor(90, unit::CITY, "system_admin");
    let reason = (list.id.as_str(), secret("reason of a move"));
    let confirmed = stand.store.confirm_move(&stand.pack, now, &admin, reason).await;
    assert_eq!(confirmed.unwrap(), 1);
    stand.store.checkpoint(now).await.unwrap();
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    factor
}

/// The sample city with other rules, so that a case can be moved.
fn changed() -> domain::pack::Pack {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    let mut pack = Arc::try_unwrap(packs::load(&dir).unwrap().pack).unwrap();
    let old = pack.rules.clone();
    "later".clone_into(&mut pack.rules.edition);
    let flow = pack.rules.workflows.get_mut("appeal").unwrap();
    for clock in flow.clocks.values_mut() {
        clock.span = domain::clock::Span::WorkingDays(33);
        clock.by_grade.clear();
    }
    pack.recall(old);
    pack
}

/// Every place where bytes lie, by name.
async fn places(stand: &Stand) -> Vec<(String, Vec<u8>)> {
    if let Some(path) = raw::path(stand) {
        let backup = stand.folder().join("copy.db");
        stand.store.db().backup(&backup).await.unwrap();
        let read = |name: &str| std::fs::read(name).unwrap();
        // New rows lie in the log at first; later they are in the file, and the log is empty.
        let fresh = [read(path), read(&format!("{path}-wal"))].concat();
        raw::rows(stand, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        let copy = read(&backup.display().to_string());
        let settled = read(path);
        return [("file and log", fresh), ("file", settled), ("backup", copy)]
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .into();
    }
    raw::run(stand, "CHECKPOINT").await;
    let home = raw::rows(stand, "SHOW data_directory").await[0][0].clone();
    let mut places = vec![("pg_dump".to_owned(), postgres::dump(&stand.url))];
    let mut folders = vec![Path::new(&home).parent().unwrap().to_owned()];
    let mut data = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map_while(Result::ok) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if let Ok(bytes) = std::fs::read(entry.path()) {
                data.extend(bytes);
            }
        }
    }
    assert!(data.len() > 20 << 20, "the files of the server, its log among them");
    places.push(("data directory".to_owned(), data));
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_typed_lies_anywhere() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    subscriber.with_writer(move || writer.clone()).init();
    tracing::info!("{LOGGED}");
    for suite in [Suite::International, Suite::National] {
        for mut stand in Stand::sealed_with(suite).await {
            let factor = live(&mut stand).await;
            let mut marks: Vec<(String, String)> = SECRETS
                .iter()
                .map(|(name, mark)| ((*name).to_owned(), (*mark).to_owned()))
                .collect();
            marks.push(("clear".to_owned(), CLEAR.to_owned()));
            marks.push(("logged".to_owned(), LOGGED.to_owned()));
            let search = Search::of(&marks, ("second factor", &factor));
            let at = |place: &str| format!("{suite:?} {} {place}", stand.url);
            for (place, bytes) in places(&stand).await {
                let found = search.found(&bytes);
                let clear = BTreeSet::from(["clear".to_owned()]);
                assert_eq!(found, clear, "{}", at(&place));
            }
            let outbox = raw::rows(&stand, "SELECT message, unit FROM outbox").await;
            assert_eq!(search.found(format!("{outbox:?}").as_bytes()), BTreeSet::new(), "outbox");
            let logged = search.found(&log.0.lock().unwrap());
            assert_eq!(logged, BTreeSet::from(["logged".to_owned()]), "{}", at("log"));
        }
    }
}
