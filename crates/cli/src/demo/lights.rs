//! The lights of a small demonstration, whatever the day on which it is built.

use super::{accounts, cases, people::People, stage::Stage, texts::Texts};
use domain::case::Staff;
use jiff::Timestamp;
use std::{path::Path, sync::Arc};
use store::Store;
use vault::Keys;

/// Open, yellow and red cases of the whole city, all workflows together.
async fn lights(end: Timestamp) -> (i64, i64, i64) {
    let city = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    let city = packs::load(&city).expect("a sound pack");
    let name = format!("xiaohe-lights-{}-{}", std::process::id(), end.as_second());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let keys = format!("root={}\nwrap.1={}", "01".repeat(32), "02".repeat(32));
    let keys = Arc::new(Keys::parse(&keys).expect("keys"));
    let url = format!("sqlite:{}", folder.join("city.db").display());
    let store = Store::open(&url, keys).await.expect("a store");
    let texts = Texts::read(&city.demo).ok().flatten().map(Arc::new);
    let password = accounts::password().expect("a password");
    let people = Arc::new(People::new(store.clone(), city.pack.clone(), texts.clone(), password));
    let pack = city.pack.clone();
    let texts = texts.expect("texts");
    let stage = Stage { store: store.clone(), pack: pack.clone(), people, texts, end };
    cases::build(&stage).await.expect("a city");
    let top = pack.units.top().expect("a top").code.clone();
    let leader = Staff { account: 1, unit: top.clone(), roles: vec!["leader".to_owned()] };
    let (mut open, mut yellow, mut red) = (0, 0, 0);
    for flow in pack.workflows.values() {
        let rows = store.board(&pack, &leader, (flow, &top), end).await.expect("a board");
        let row = rows.first().expect("a row");
        open += row.open;
        yellow += row.soon;
        red += row.late;
    }
    drop(stage);
    drop(store);
    let _ = std::fs::remove_dir_all(&folder);
    (open, yellow, red)
}

/// A city in which half of the work is overdue would be a lie about the people who do it, and so
/// would be one in which nothing is.
#[tokio::test(flavor = "multi_thread")]
async fn most_work_is_done_in_time() {
    // A working morning, a Sunday night, the day after a long holiday, the last evening of a year.
    let ends = [
        "2026-06-10T02:30:00Z",
        "2026-03-15T14:00:00Z",
        "2026-10-08T01:00:00Z",
        "2026-12-31T10:00:00Z",
    ];
    for end in ends {
        let (open, yellow, red) = lights(end.parse().expect("a time")).await;
        assert!(open > 150, "{end}: {open} open");
        let red_share = 100 * red / open;
        assert!((6..=10).contains(&red_share), "{end}: {red} of {open} red");
        // A stage of two working days is yellow from its first hour.
        let yellow_share = 100 * yellow / open;
        assert!((5..=27).contains(&yellow_share), "{end}: {yellow} of {open} yellow");
    }
}
