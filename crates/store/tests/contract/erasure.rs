//! A key that was erased: the texts are gone, the history stays whole.

use crate::{cast::*, raw};
use domain::access::Viewer;
use store::{DeskFilter, No, db::WriteError};
use testkit::{Appeal, Stand, staff, unit, viewer};

testkit::both!(an_erased_key_takes_the_texts_and_leaves_the_history);

async fn an_erased_key_takes_the_texts_and_leaves_the_history(stand: Stand) {
    let appeal = Appeal::new("1302", "请求删除").file("一.txt", "text/plain", b"x");
    let case = handling(&stand, &appeal).await;
    raw::run(&stand, &format!("UPDATE cases SET key = NULL WHERE id = {case}")).await;
    let eyes = viewer(11, unit::EAST, "handler");
    for who in [&eyes, &Viewer::System, &Viewer::Appellant(case)] {
        let page = stand.seen(who, case).await.unwrap();
        assert!(page.erased && page.files.is_empty());
        assert!(page.entries.iter().all(|e| e.texts.is_empty()));
        assert_eq!(page.entries.len(), 5, "the history stays");
    }
    assert_eq!(stand.store.file(&stand.pack, &eyes, (case, 1, 0)).await.unwrap(), None);
    assert!(stand.store.search(&stand.pack, &eyes, "请求删除", 9).await.unwrap().is_empty());
    let handler = staff(11, unit::EAST, "handler");
    let (now, filter) = (stand.clock.now(), DeskFilter::default());
    let desk = stand.store.desk(&stand.pack, &handler, now, &filter).await.unwrap();
    assert_eq!((desk.cases.len(), desk.cases[0].summary.as_str()), (1, ""));
    // It can still be moved on, but nothing can be sealed for it any more.
    let note = stand.try_act(&east_handler(), case, "note", &[("note", "补记")]).await;
    assert_eq!(note, Err(WriteError::Refused(No::NotFound)));
    stand.act(&east_handler(), case, "take", &[]).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
