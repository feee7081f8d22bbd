//! Wrapping keys rotate while everybody works: what was wrapped under the old one is wrapped again,
//! a stop in the middle is gone on from, and then the old key may go.

use crate::{cast::*, erasure, raw};
use domain::access::Viewer;
use std::{path::PathBuf, sync::Arc};
use store::{Attachment, Store};
use testkit::{Appeal, Stand};
use vault::{Keys, Suite};

testkit::both!(
    keys_rotate_under_writing,
    a_stop_in_the_middle_is_gone_on_from,
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
