//! Wrapping keys rotate while everybody works: what was wrapped under the old one is wrapped again,
//! a stop in the middle is gone on from, and then the old key may go.

use crate::{cast::*, erasure, raw};
use domain::access::Viewer;
use jiff::SignedDuration;
use std::{path::PathBuf, sync::Arc};
use store::{AccountChange, Attachment, Exchange, Home, NewAccount, NewExport, Store};
use testkit::{Appeal, Stand, staff, unit};
use vault::{Keys, Suite};

testkit::both!(
    keys_rotate_under_writing,
    a_stop_in_the_middle_is_gone_on_from,
    every_wrapped_key_of_the_schema_is_wrapped_again,
    a_copy_from_before_opens_no_more_when_the_old_key_is_gone,
);

/// The same database under keys of a file that can rotate.
struct Rotating {
    stand: Stand,
    file: PathBuf,
}

impl Rotating {
    async fn new(mut stand: Stand) -> Self {
        let file = stand.folder().join("keys");
        Keys::create(&file, Suite::International).unwrap();
        stand.store = open(&stand.url, &file).await;
        Self { stand, file }
    }

    /// Another program on the same database, with the key file as it is now.
    async fn other(&self) -> Store {
        open(&self.stand.url, &self.file).await
    }
}

async fn open(url: &str, file: &std::path::Path) -> Store {
    Store::open(url, Arc::new(Keys::load(file).unwrap())).await.unwrap()
}

async fn all(store: &Store) {
    let mut after = -1;
    while let Some(next) = store.rewrap_cases(after, 7).await.unwrap().next {
        after = next;
    }
    store.rewrap_rest().await.unwrap();
}

async fn keys_rotate_under_writing(stand: Stand) {
    let rotating = Rotating::new(stand).await;
    let stand = &rotating.stand;
    let mut cases = Vec::new();
    for n in 0..30 {
        cases.push(stand.open(&Appeal::new("1302", &format!("第{n}件"))).await.done.case);
    }
    let secret = stand.store.begin_factor(7).await.unwrap();
    let waiting = Attachment {
        name: "一.txt".to_owned(),
        kind: "text/plain".to_owned(),
        body: "等着的".into(),
    };
    assert!(stand.store.keep_files("草稿", (stand.clock.now(), 1), &[waiting]).await.unwrap());
    Keys::rotate(&rotating.file).unwrap();
    let tool = rotating.other().await;
    // The first store still writes under the old key, and reads what the tool wraps under the new.
    let other_writes = async {
        for old in &cases {
            let appeal = Appeal::new("1302", &format!("与{old}同时"));
            let case = stand.open(&appeal).await.done.case;
            stand.act(&operator(), case, "register", &[("category", "1302")]).await;
            stand.act(&operator(), *old, "register", &[("category", "1302")]).await;
            assert!(stand.page(*old).await.text("summary").is_some());
        }
    };
    let wrapping = async {
        all(&tool).await;
        all(&tool).await;
    };
    tokio::join!(other_writes, wrapping);
    // The server has found the new key by itself, because it met something wrapped under it.
    assert_eq!(stand.store.keys().newest_number(), 2);
    all(&tool).await;
    let under = tool.wrapped_under().await.unwrap();
    assert_eq!(under.get(&1).copied().unwrap_or(0), 0, "{under:?}");
    assert_eq!(under[&2], 62, "sixty cases, a second factor and a waiting file");
    assert_eq!(tool.begin_factor(7).await.unwrap(), secret);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    // Now the old key may go, and everything still opens.
    Keys::retire(&rotating.file, 1).unwrap();
    let fresh = rotating.other().await;
    assert_eq!(fresh.missing_keys().await.unwrap(), []);
    for case in cases {
        let page = fresh.case_by_id(&stand.pack, &Viewer::System, case).await.unwrap().unwrap();
        assert!(page.text("summary").is_some());
    }
    assert_eq!(fresh.begin_factor(7).await.unwrap(), secret);
    let files = fresh.kept_files("草稿", stand.clock.now()).await.unwrap();
    assert_eq!(files[0].body, "等着的".as_bytes());
}

async fn a_stop_in_the_middle_is_gone_on_from(stand: Stand) {
    let rotating = Rotating::new(stand).await;
    let stand = &rotating.stand;
    for n in 0..20 {
        stand.open(&Appeal::new("1302", &format!("第{n}件"))).await;
    }
    Keys::rotate(&rotating.file).unwrap();
    let tool = rotating.other().await;
    let step = tool.rewrap_cases(-1, 7).await.unwrap();
    assert_eq!((step.seen, step.wrapped), (7, 7));
    drop(tool);
    let tool = rotating.other().await;
    let under = tool.wrapped_under().await.unwrap();
    assert_eq!((under[&1], under[&2]), (13, 7), "what is done is done");
    // Too early: the key is still needed, and this can be said.
    Keys::retire(&rotating.file, 1).unwrap();
    let early = rotating.other().await;
    assert_eq!(early.missing_keys().await.unwrap(), [(1, 13)]);
    assert!(early.rewrap_cases(7, 7).await.is_err());
    // Put back, it goes on from the beginning and does the rest alone.
    let step = tool.rewrap_cases(-1, 100).await.unwrap();
    assert_eq!((step.seen, step.wrapped), (20, 13));
    assert_eq!(tool.rewrap_cases(-1, 100).await.unwrap().wrapped, 0);
    assert_eq!(rotating.other().await.missing_keys().await.unwrap(), []);
}

async fn a_copy_from_before_opens_no_more_when_the_old_key_is_gone(stand: Stand) {
    let rotating = Rotating::new(stand).await;
    let stand = &rotating.stand;
    let case = erasure::closed(stand, &Appeal::new("1302", "请删除")).await;
    let sql = format!("SELECT key FROM cases WHERE id = {case}");
    let hex = raw::rows(stand, &sql).await[0][0].clone();
    let copy: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    erasure::erased(stand, case).await;
    let before = Keys::load(&rotating.file).unwrap();
    assert!(before.unwrap(&case.to_be_bytes(), &copy).is_ok(), "an old backup still opens it");
    Keys::rotate(&rotating.file).unwrap();
    all(&rotating.other().await).await;
    Keys::retire(&rotating.file, 1).unwrap();
    let after = Keys::load(&rotating.file).unwrap();
    assert!(after.unwrap(&case.to_be_bytes(), &copy).is_err());
    let fresh = rotating.other().await;
    let report = fresh.verify(&stand.pack).await.unwrap();
    assert_eq!(report.troubles, []);
}

/// The tables of the schema that have a column with a key in it.
async fn tables_with_keys(stand: &Stand) -> Vec<(String, String)> {
    let columns = if raw::path(stand).is_some() {
        "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p
         WHERE m.type = 'table' AND p.type = 'BLOB'
           AND (p.name LIKE '%key%' OR p.name LIKE '%wrap%') ORDER BY 1, 2"
    } else {
        "SELECT table_name, column_name FROM information_schema.columns
         WHERE table_schema = current_schema() AND data_type = 'bytea'
           AND (column_name LIKE '%key%' OR column_name LIKE '%wrap%') ORDER BY 1, 2"
    };
    let rows = raw::rows(stand, columns).await;
    rows.into_iter().map(|mut row| (row.remove(0), row.remove(0))).collect()
}

/// Something with a wrapped key in every table that has one.
async fn one_of_each(stand: &Stand) {
    let (store, now) = (&stand.store, stand.clock.now());
    stand.open(&Appeal::new("1302", "一件")).await;
    let new = NewAccount {
        username: "lin".into(),
        password: "hash".into(),
        name: "林".into(),
        unit: unit::EAST.into(),
        roles: vec!["handler".into()],
    };
    let lin = store.create_account(new).await.unwrap();
    store.begin_factor(lin).await.unwrap();
    let own = store.account_by_id(lin).await.unwrap().unwrap().staff();
    let (passkey, _) = store.new_passkey(lin, (b"one", "v1".into()), "电脑").await.unwrap();
    let home = Home { village: unit::WEST_PLACE.into(), phone: "10000000001".into() };
    let home = store.seal_home(lin, &home);
    for change in [AccountChange::AddPasskey(passkey), AccountChange::Home(home)] {
        store.administer((&stand.pack, now), Some(&own), lin, change).await.unwrap();
    }
    let file = Attachment { name: "a".into(), kind: "text/plain".into(), body: b"a".to_vec() };
    assert!(store.keep_files("草稿", (now, 1), &[file]).await.unwrap());
    let list = NewExport {
        what: "desk_csv".into(),
        kind: "csv".into(),
        rows: 1,
        hours: 24,
        cases: Vec::new(),
        body: b"a".to_vec(),
    };
    let leader = staff(7, unit::CITY, "leader");
    assert!(store.keep_export(now, &leader, store.export_mark(), list).await.unwrap());
    store.begin_exchange((Exchange::Journey, "token"), "body", (now, 600)).await.unwrap();
    let (key, text) = (raw::blob(stand, &kept_key(stand)), raw::blob(stand, "00"));
    // A confirmed move takes a second edition of the rules; its key is any wrapped key.
    raw::run(
        stand,
        &format!(
            "INSERT INTO moves (id, edition, at, by, total, key, reason)
             VALUES ({}, 'e', 1, '\"system\"', 0, {key}, {text})",
            raw::blob(stand, MOVE)
        ),
    )
    .await;
}

const MOVE: &str = "00112233445566778899aabbccddeeff";

/// A key wrapped for the move above, in hexadecimal.
fn kept_key(stand: &Stand) -> String {
    let aad = u128::from_str_radix(MOVE, 16).unwrap().to_be_bytes();
    raw::hex(&stand.store.keys().new_case_key(&aad).1)
}

async fn every_wrapped_key_of_the_schema_is_wrapped_again(stand: Stand) {
    let rotating = Rotating::new(stand).await;
    let stand = &rotating.stand;
    one_of_each(stand).await;
    let tables = tables_with_keys(stand).await;
    assert!(tables.len() >= 8, "{tables:?}");
    Keys::rotate(&rotating.file).unwrap();
    let tool = rotating.other().await;
    let before: i64 = tool.wrapped_under().await.unwrap()[&1];
    assert_eq!(usize::try_from(before).unwrap(), tables.len(), "each is counted: {tables:?}");
    all(&tool).await;
    for (table, column) in &tables {
        let rows = raw::rows(stand, &format!("SELECT {column} FROM {table}")).await;
        assert!(
            !rows.is_empty(),
            "{table}.{column} has a wrapped key: say here how, and rewrap it"
        );
        for row in rows {
            // Suite, then the number of the wrapping key.
            assert_eq!(&row[0].to_lowercase()[2..6], "0002", "{table}.{column}");
        }
    }
    assert_eq!(tool.wrapped_under().await.unwrap().get(&1).copied().unwrap_or(0), 0);
    // What was begun before is finished after, without the old key.
    Keys::retire(&rotating.file, 1).unwrap();
    let (fresh, soon) = (rotating.other().await, stand.clock.now() + SignedDuration::from_secs(1));
    let begun = fresh.take_exchange((Exchange::Journey, "token"), soon).await.unwrap();
    assert_eq!(begun.as_deref(), Some("body"));
    let lin = fresh.account("lin").await.unwrap().unwrap();
    assert_eq!(fresh.home(lin.id).await.unwrap().unwrap().phone, "10000000001");
}
