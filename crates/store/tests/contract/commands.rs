//! Commands said twice, at once, and by the wrong people.

use crate::{
    cast::*,
    common::{Gate, all_at_once},
    raw,
};
use domain::{case::Actor, refusal::Bar};
use std::{collections::BTreeSet, sync::Arc};
use store::{Act, No, db::WriteError};
use testkit::{Appeal, Stand, command_id, step, unit};
use tokio::task::JoinSet;

testkit::both!(
    a_repeated_command_answers_the_first_result,
    a_command_id_belongs_to_its_actor_and_case,
    duplicates_at_once_write_once,
    one_of_fifty_signs,
    a_retry_shows_the_receipt_that_opens_the_case,
    imports_come_once,
    a_number_keeps_its_year,
);

/// Rows of every table that a command writes.
async fn everything(stand: &Stand) -> Vec<i64> {
    let mut sizes = Vec::new();
    for table in ["entries", "cases", "desk", "texts", "people", "outbox", "files", "words"] {
        sizes.push(raw::number(stand, &format!("SELECT COUNT(*) FROM {table}")).await);
    }
    sizes.push(raw::number(stand, "SELECT CAST(SUM(n) AS BIGINT) FROM counts").await);
    sizes
}

async fn a_repeated_command_answers_the_first_result(stand: Stand) {
    let appeal = Appeal::new("0101", "重复提交").file("证据.txt", "text/plain", b"x");
    let first = stand.open(&appeal).await;
    let before = everything(&stand).await;
    stand.clock.advance_hours(1);
    let again = stand.open(&appeal).await;
    assert!(again.done.repeated && !first.done.repeated);
    assert_eq!((again.done.case, again.done.seq), (first.done.case, 1));
    assert_eq!(again.number, first.number);
    assert_eq!(everything(&stand).await, before);

    let act = || Act {
        command: *b"the same command",
        actor: operator(),
        case: first.done.case,
        steps: vec![step("appeal", "note", &[("note", "电话已接通")])],
        files: Vec::new(),
    };
    let now = stand.clock.now();
    let done = stand.store.act(&stand.pack, now, act()).await.unwrap();
    let before = everything(&stand).await;
    let again = stand.store.act(&stand.pack, now, act()).await.unwrap();
    assert_eq!((done.seq, done.repeated, again.seq, again.repeated), (2, false, 2, true));
    assert_eq!(everything(&stand).await, before);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_command_id_belongs_to_its_actor_and_case(stand: Stand) {
    let (one, other) = (Appeal::new("0101", "甲"), Appeal::new("0101", "乙"));
    let (one, other) = (stand.open(&one).await.done.case, stand.open(&other).await.done.case);
    let command = command_id();
    let act = |actor: Actor, case| Act {
        command,
        actor,
        case,
        steps: vec![step("appeal", "note", &[("note", "记录")])],
        files: Vec::new(),
    };
    let now = stand.clock.now();
    stand.store.act(&stand.pack, now, act(operator(), one)).await.unwrap();
    for wrong in [act(triage(), one), act(operator(), other)] {
        let answer = stand.store.act(&stand.pack, now, wrong).await;
        assert_eq!(answer, Err(WriteError::Refused(No::Misused)));
    }
    let opening = Appeal::new("0101", "丙").by(&operator()).command(command);
    let answer = stand.try_open(&opening).await;
    assert_eq!(answer, Err(WriteError::Refused(No::Misused)));
    assert_eq!(stand.page(other).await.version, 1);
}

async fn duplicates_at_once_write_once(stand: Stand) {
    let stand = Arc::new(stand);
    let appeals: Arc<Vec<Appeal>> =
        Arc::new((0..10).map(|n| Appeal::new("0101", &format!("第{n}件"))).collect());
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let (stand, appeals) = (stand.clone(), appeals.clone());
        tasks.spawn(async move {
            let opened = stand.open(&appeals[n % 10]).await;
            (n % 10, opened.done.case, opened.done.repeated)
        });
    }
    let answers = tasks.join_all().await;
    let cases: BTreeSet<(usize, i64)> = answers.iter().map(|(n, case, _)| (*n, *case)).collect();
    assert_eq!(cases.len(), 10, "everybody who sent the same was told the same");
    assert_eq!(answers.iter().filter(|(_, _, repeated)| !repeated).count(), 10);
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM cases").await, 10);
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM entries").await, 10);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_retry_shows_the_receipt_that_opens_the_case(stand: Stand) {
    let command = command_id();
    let ask = async || {
        let mut new = Appeal::new("0101", "断网重发").command(command).new_case();
        new.receipt = stand.store.receipt_for(&command);
        let receipt = new.receipt.clone();
        let opened = stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap();
        (opened, receipt)
    };
    let (first, _) = ask().await;
    let (again, receipt) = ask().await;
    assert!(again.done.repeated);
    let tracked = stand.store.track(&stand.pack, &again.number, &receipt).await.unwrap();
    assert_eq!(tracked, Some(first.done.case));
}

async fn one_of_fifty_signs(stand: Stand) {
    let case = assigned(&stand, &Appeal::new("1302", "请签收"), unit::EAST).await;
    let stand = Arc::new(stand);
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let stand = stand.clone();
        tasks.spawn(async move {
            let handler = testkit::actor(100 + n, unit::EAST, "handler");
            stand.try_act(&handler, case, "sign", &[]).await
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for refused in lost {
        let (why, allowed) = bar(refused);
        assert_eq!(why, Bar::State);
        assert!(allowed.contains(&"submit_reply".to_owned()), "{allowed:?}");
    }
    assert_eq!(stand.page(case).await.case.times("sign"), 1);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Two that looked at the case before either of them wrote: the writer was held meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_worked_out_before_the_case_changed_is_decided_anew() {
    let stand = Stand::sqlite().await;
    let case = stand.open(&Appeal::new("0101", "两人同时记录")).await.done.case;
    let (mut gate, held) = Gate::new();
    let db = stand.store.db().clone();
    let holder = tokio::spawn(async move { db.write(held).await });
    gate.entered().await;
    let say = |who: Actor, what: &str| Act {
        command: command_id(),
        actor: who,
        case,
        steps: vec![step("appeal", "note", &[("note", what)])],
        files: Vec::new(),
    };
    let acts = [say(operator(), "先来的"), say(triage(), "后到的")];
    let now = stand.clock.now();
    let acts = acts.into_iter().map(|act| stand.store.act(&stand.pack, now, act)).collect();
    let done = all_at_once(acts, || gate.open()).await;
    holder.await.unwrap().unwrap();
    let seqs: Vec<i64> = done.into_iter().map(|done| done.unwrap().seq).collect();
    assert_eq!(seqs, [2, 3]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn imports_come_once(stand: Stand) {
    let stand = Arc::new(stand);
    let import =
        |number: &str| Appeal::new("0101", "转来的件").by(&operator()).imported("热线平台", number);
    let now = stand.clock.now();
    let first = stand.store.import_case(&stand.pack, now, import("GD-1").new_case()).await.unwrap();
    let again = stand.store.import_case(&stand.pack, now, import("GD-1").new_case()).await;
    assert_eq!(again, Err(WriteError::Refused(No::Imported(first.done.case))));
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let (stand, new) = (stand.clone(), import(&format!("GD-{}", n % 8)).new_case());
        tasks.spawn(async move { stand.store.import_case(&stand.pack, now, new).await });
    }
    for answer in tasks.join_all().await {
        let right = matches!(answer, Ok(_) | Err(WriteError::Refused(No::Imported(_))));
        assert!(right, "{answer:?}");
    }
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM cases").await, 8);
    let elsewhere = Appeal::new("0101", "别处同号").by(&operator()).imported("信访系统", "GD-1");
    stand.store.import_case(&stand.pack, now, elsewhere.new_case()).await.unwrap();
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// A retry over New Year must not invent another number.
async fn a_number_keeps_its_year(stand: Stand) {
    stand.clock.set("2025-12-31T23:59:59+08:00");
    let appeal = Appeal::new("0101", "跨年");
    let first = stand.open(&appeal).await;
    stand.clock.advance_hours(1);
    let again = stand.open(&appeal).await;
    assert_eq!(again.number, first.number);
    assert!(first.number.starts_with("25-"), "{}", first.number);
    let found = stand.store.case(&stand.pack, &domain::access::Viewer::System, &first.number).await;
    assert_eq!(found.unwrap().unwrap().case.id, first.done.case);
    let other_year = format!("26{}", &first.number[2..]);
    let found = stand.store.case(&stand.pack, &domain::access::Viewer::System, &other_year).await;
    assert!(found.unwrap().is_none());
}
