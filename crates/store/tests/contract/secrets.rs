//! What somebody who has the database, but not the keys, can read: nothing about people.

use crate::{cast::*, raw};
use store::Act;
use testkit::{Appeal, Stand, command_id, step, unit, viewer};

testkit::both!(nothing_readable_lies_in_the_database, files_come_back_whole);

const SECRETS: [&str; 8] = [
    "诸葛如意",
    "10000004433",
    "昨夜摔门而去",
    "样板小区十七号楼",
    "只在周三来电",
    "病历第三页",
    "手写的欠条",
    "当面向其说明",
];

async fn planted(stand: &Stand) -> i64 {
    let appeal = Appeal::new("0201", "昨夜摔门而去的人又回来了")
        .with("narrative", "他昨夜摔门而去，今早又来了")
        .with("address", "样板小区十七号楼")
        .with("contact_name", "诸葛如意")
        .with("contact_phone", "10000004433")
        .with("safe_contact", "只在周三来电")
        .file("手写的欠条.txt", "text/plain", "病历第三页".as_bytes());
    let case = stand.open(&appeal).await.done.case;
    let now = stand.clock.now();
    let act = Act {
        command: command_id(),
        actor: operator(),
        case,
        steps: vec![step("appeal", "note", &[("note", "当面向其说明")])],
        files: vec![store::Attachment {
            name: "病历第三页.pdf".to_owned(),
            kind: "application/pdf".to_owned(),
            body: b"second".to_vec(),
        }],
    };
    stand.store.act(&stand.pack, now, act).await.unwrap();
    case
}

/// Everything the database holds, as bytes: its files, or every row of every table.
async fn all_bytes(stand: &Stand) -> Vec<u8> {
    if let Some(path) = raw::path(stand) {
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        return bytes;
    }
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    let mut bytes = Vec::new();
    for table in raw::rows(stand, tables).await {
        for row in raw::rows(stand, &format!("SELECT t::text FROM {} t", table[0])).await {
            bytes.extend(row[0].as_bytes());
        }
    }
    bytes
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

async fn nothing_readable_lies_in_the_database(stand: Stand) {
    let case = planted(&stand).await;
    let number = stand.page(case).await.number;
    let bytes = all_bytes(&stand).await;
    assert!(holds(&bytes, b"appeal:received"), "the search would find a word that is there");
    for secret in SECRETS {
        let hex = raw::hex(secret.as_bytes());
        assert!(!holds(&bytes, secret.as_bytes()), "{secret}");
        assert!(!holds(&bytes, hex.as_bytes()), "{secret} in hexadecimal");
    }
    let receipt = Appeal::new("1302", "收据").receipt().to_owned();
    let appeal = Appeal::new("1302", "收据");
    stand.open(&appeal).await;
    assert_ne!(receipt, appeal.receipt());
    let bytes = all_bytes(&stand).await;
    assert!(!holds(&bytes, appeal.receipt().as_bytes()), "a receipt is kept as a tag alone");
    assert!(!number.is_empty());
}

async fn files_come_back_whole(stand: Stand) {
    let body: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    let appeal = Appeal::new("1302", "附照片").file("一.jpg", "image/jpeg", &body).file(
        "二.txt",
        "text/plain",
        b"",
    );
    let case = handling(&stand, &appeal).await;
    let eyes = viewer(11, unit::EAST, "handler");
    let page = stand.seen(&eyes, case).await.unwrap();
    let listed: Vec<(&str, &str, i64)> =
        page.files.iter().map(|f| (f.name.as_str(), f.kind.as_str(), f.size)).collect();
    assert_eq!(listed, [("一.jpg", "image/jpeg", 300_000), ("二.txt", "text/plain", 0)]);
    let file = async |place| stand.store.file(&stand.pack, &eyes, place).await.unwrap();
    let (kind, name, found) = file((case, 1, 0)).await.unwrap();
    assert_eq!((kind.as_str(), name.as_str()), ("image/jpeg", "一.jpg"));
    assert!(found == body);
    assert_eq!(file((case, 1, 1)).await.unwrap().2, b"");
    assert_eq!(file((case, 1, 2)).await, None);
    // Bytes moved to another place of the same case do not open there.
    raw::run(&stand, "UPDATE files SET seq = 2 WHERE n = 0").await;
    assert!(stand.store.file(&stand.pack, &eyes, (case, 2, 0)).await.is_err());
}
