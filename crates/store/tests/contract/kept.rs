//! Files of unfinished forms: sealed, found by their secret alone, gone after a day.

use crate::raw;
use jiff::SignedDuration;
use store::Attachment;
use testkit::Stand;

testkit::both!(files_wait_sealed_and_end, strangers_cannot_fill_the_disk);

fn file(name: &str, body: &str) -> Attachment {
    let kind = "application/pdf".to_owned();
    Attachment { name: name.to_owned(), kind, body: body.as_bytes().to_vec() }
}

async fn files_wait_sealed_and_end(stand: Stand) {
    let (store, now) = (&stand.store, stand.clock.now());
    assert!(store.keep_files("秘密", (now, 1), &[file("金丝雀一", "金丝雀二")]).await.unwrap());
    assert!(store.keep_files("秘密", (now, 1), &[file("second", "b")]).await.unwrap());
    assert!(store.keep_files("别人", (now, 1), &[file("other", "c")]).await.unwrap());
    let names = store.kept_names("秘密", now).await.unwrap();
    let names: Vec<(i64, &str, i64)> =
        names.iter().map(|f| (f.n, f.name.as_str(), f.size)).collect();
    assert_eq!(names, [(0, "金丝雀一", 12), (1, "second", 1)]);
    let bodies = store.kept_files("秘密", now).await.unwrap();
    assert_eq!(bodies[0].body, "金丝雀二".as_bytes());
    assert_eq!(store.kept_names("猜", now).await.unwrap(), []);

    // As bytes are shown: 金丝雀, 秘密.
    let (hex, secret) = ("e98791e4b89de99b80", "e7a798e5af86");
    for row in raw::rows(&stand, "SELECT draft, key, kind, name, body FROM kept_files").await {
        let row = row.join(" ").to_lowercase();
        assert!(!row.contains(hex) && !row.contains(secret) && !row.contains("金"), "{row}");
    }

    store.forget_files("秘密", Some(0)).await.unwrap();
    assert_eq!(store.kept_names("秘密", now).await.unwrap().len(), 1);
    // A file moved to another form does not open there.
    let moved = "UPDATE kept_files SET n = 7";
    raw::run(&stand, moved).await;
    assert!(store.kept_names("秘密", now).await.is_err());

    let later = now.checked_add(SignedDuration::from_hours(24)).unwrap();
    assert_eq!(store.kept_names("秘密", later).await.unwrap(), []);
    store.sweep_files(now).await.unwrap();
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM kept_files").await, 2);
    store.sweep_files(later).await.unwrap();
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM kept_files").await, 0);
}

async fn strangers_cannot_fill_the_disk(stand: Stand) {
    let (store, now) = (&stand.store, stand.clock.now());
    let many: Vec<Attachment> = (0..100).map(|n| file(&n.to_string(), "x")).collect();
    for n in 0..5 {
        assert!(store.keep_files(&format!("{n}"), (now, 1), &many).await.unwrap());
    }
    assert!(!store.keep_files("last", (now, 1), &many[..1]).await.unwrap());
    assert_eq!(store.kept_names("last", now).await.unwrap(), []);
    store.forget_files("0", None).await.unwrap();
    assert!(store.keep_files("last", (now, 1), &many[..1]).await.unwrap());
}
