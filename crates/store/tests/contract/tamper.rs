//! What `verify` finds: each case breaks one thing in a sound database, and names what must be
//! found.

use crate::{cast::*, raw, releases};
use domain::pack::{Pack, Units};
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, sync::Arc};
use store::SignedText;
use testkit::{Appeal, Stand, own_pack, unit};

testkit::both!(
    changed_entries_are_found,
    missing_entries_are_found,
    moved_and_added_entries_are_found,
    changed_projections_are_found,
    forged_checkpoints_are_found,
    broken_promises_are_found,
    a_forged_number_of_a_release_is_found,
);

/// Three cases with some history, sealed by a checkpoint, and sound.
async fn sealed(stand: &Stand) -> [i64; 3] {
    let mut cases = [0; 3];
    for case in &mut cases {
        *case = handling(stand, &Appeal::new("1302", "原来的说法")).await;
    }
    assert_eq!(stand.store.checkpoint(stand.clock.now()).await.unwrap(), 15);
    assert_eq!(stand.store.checkpoint(stand.clock.now()).await.unwrap(), 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    cases
}

/// Breaks something, wants it to be found, and mends it.
async fn finds(stand: &Stand, what: &str, (broken, mended): (&str, &str)) {
    raw::run(stand, broken).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains(what)), "{broken}\n{what}\n{troubles:#?}");
    raw::run(stand, mended).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new(), "after {mended}");
}

async fn changed_entries_are_found(stand: Stand) {
    let [case, ..] = sealed(&stand).await;
    let other_command = raw::blob(&stand, &"ab".repeat(16));
    let row =
        format!("SELECT facts, by, at, command FROM entries WHERE case_id = {case} AND seq = 3");
    let row = raw::rows(&stand, &row).await.remove(0);
    let own_command = raw::blob(&stand, &row[3]);
    let changes = [
        ("facts", "replace(facts, 'triage', 'closed')".to_owned(), quoted(&row[0])),
        ("facts", "facts || ' '".to_owned(), quoted(&row[0])),
        ("by", "'{\"s\":[99,\"wf-9901\"]}'".to_owned(), quoted(&row[1])),
        ("at", "at - 1000000".to_owned(), row[2].clone()),
        ("command", other_command, own_command),
    ];
    for (column, value, before) in changes {
        let set = |value| {
            format!("UPDATE entries SET {column} = {value} WHERE case_id = {case} AND seq = 3")
        };
        finds(&stand, "entry 3 of case", (&set(&value), &set(&before))).await;
    }
}

/// The end of a chain, and a whole chain, with everything else put right: the checkpoint knows.
async fn missing_entries_are_found(stand: Stand) {
    let [case, whole, _] = sealed(&stand).await;
    let before =
        raw::rows(&stand, &format!("SELECT body, head FROM cases WHERE id = {case}")).await;
    stand.act(&east_handler(), case, "take", &[]).await;
    stand.store.checkpoint(stand.clock.now()).await.unwrap();
    let after = raw::rows(&stand, &format!("SELECT body, head FROM cases WHERE id = {case}")).await;
    let kept = raw::rows(&stand, &format!(
        "SELECT pos, at, by, command, facts, hash FROM entries WHERE case_id = {case} AND seq = 6"
    ))
    .await
    .remove(0);
    let set = |version: u32, row: &[String]| {
        let head = raw::blob(&stand, &row[1]);
        format!(
            "UPDATE cases SET version = {version}, head = {head}, body = {} WHERE id = {case};",
            quoted(&row[0])
        )
    };
    let delete = format!("DELETE FROM entries WHERE case_id = {case} AND seq = 6;");
    let (command, hash) = (raw::blob(&stand, &kept[3]), raw::blob(&stand, &kept[5]));
    let override_pos = if raw::path(&stand).is_some() { "" } else { "OVERRIDING SYSTEM VALUE" };
    let insert = format!(
        "INSERT INTO entries (pos, case_id, seq, at, by, command, facts, hash) {override_pos}
         VALUES ({}, {case}, 6, {}, {}, {command}, {}, {hash});",
        kept[0],
        kept[1],
        quoted(&kept[2]),
        quoted(&kept[4])
    );
    finds(&stand, "its last entries are missing", (&delete, &insert)).await;
    let broken = format!("{delete}{}", set(5, &before[0]));
    let mended = format!("{insert}{}", set(6, &after[0]));
    finds(&stand, "checkpoint 2: entries were changed", (&broken, &mended)).await;
    let middle = format!("UPDATE entries SET seq = 60 WHERE case_id = {case} AND seq = 6");
    let back = format!("UPDATE entries SET seq = 6 WHERE case_id = {case} AND seq = 60");
    finds(&stand, "is missing; found 60", (&middle, &back)).await;

    let mut gone = String::new();
    for table in ["entries", "texts", "desk", "outbox", "people", "marks"] {
        let _ = write!(gone, "DELETE FROM {table} WHERE case_id = {whole};");
    }
    let _ = write!(gone, "DELETE FROM cases WHERE id = {whole};");
    let wrapped = raw::rows(&stand, "SELECT unit FROM counts WHERE name = 'wrapped'").await;
    let figures = ["appeals_received.1", "appeals_open.1"].into_iter().flat_map(|figure| {
        [unit::EAST, unit::CITY].map(|unit| (format!("figure {figure} {unit} "), "2025-03"))
    });
    let parts = [unit::EAST, unit::CITY]
        .map(|unit| (format!("figure appeals_received.1 {unit} c1302"), "2025-03"));
    let counted = [
        ("appeal:handling", unit::EAST),
        ("appeal:handling", unit::CITY),
        ("appeal:opened", "1302"),
        ("edition", stand.pack.edition.as_str()),
        ("wrapped", wrapped[0][0].as_str()),
    ];
    let counted = counted.map(|(name, unit)| (name.to_owned(), unit));
    for (name, unit) in counted.into_iter().chain(figures).chain(parts) {
        let _ = write!(
            gone,
            "UPDATE counts SET n = n - 1 WHERE name = '{name}' AND unit = '{unit}'
             AND slot = (SELECT MAX(slot) FROM counts
                         WHERE name = '{name}' AND unit = '{unit}');"
        );
    }
    raw::run(&stand, &gone).await;
    let troubles = stand.troubles().await;
    let known = "checkpoint 1: entries were changed, added or removed after it was sealed";
    assert_eq!(troubles, [known], "all else was put right");
}

async fn moved_and_added_entries_are_found(stand: Stand) {
    let [case, other, _] = sealed(&stand).await;
    if raw::path(&stand).is_none() {
        raw::run(&stand, "ALTER TABLE entries ALTER pos DROP IDENTITY").await;
    }
    let seq = format!(
        "UPDATE entries SET seq = -2 WHERE case_id = {case} AND seq = 2;
         UPDATE entries SET seq = 2 WHERE case_id = {case} AND seq = 3;
         UPDATE entries SET seq = 3 WHERE case_id = {case} AND seq = -2;"
    );
    finds(&stand, "entry 2 of case", (&seq, &seq)).await;
    let pos = format!("SELECT pos FROM entries WHERE case_id IN ({case}, {other}) AND seq = 2");
    let pos = raw::rows(&stand, &pos).await;
    let swap = format!(
        "UPDATE entries SET pos = -1 WHERE pos = {a}; UPDATE entries SET pos = {a} WHERE pos = {b};
         UPDATE entries SET pos = {b} WHERE pos = -1;",
        a = pos[0][0],
        b = pos[1][0]
    );
    finds(&stand, "checkpoint 1: entries were changed", (&swap, &swap)).await;
    // An entry of another case, as it stands there, with the row of the case put right.
    let command = raw::blob(&stand, &"cd".repeat(16));
    let add = format!(
        "INSERT INTO entries (pos, case_id, seq, at, by, command, facts, hash)
         SELECT 1000000, {case}, 6, at, by, {command}, facts, hash
         FROM entries WHERE case_id = {other} AND seq = 2;"
    );
    let grown = format!(
        "{add} UPDATE cases SET version = 6, head = (SELECT hash FROM entries
         WHERE case_id = {case} AND seq = 6) WHERE id = {case};"
    );
    let shrunk = format!(
        "DELETE FROM entries WHERE case_id = {case} AND seq = 6;
         UPDATE cases SET version = 5, head = (SELECT hash FROM entries
         WHERE case_id = {case} AND seq = 5) WHERE id = {case};"
    );
    finds(&stand, "entry 6 of case", (&grown, &shrunk)).await;
    let stray = format!("UPDATE entries SET case_id = 7777 WHERE case_id = {case} AND seq = 5");
    let back =
        "UPDATE entries SET case_id = 0 WHERE case_id = 7777".replace("= 0", &format!("= {case}"));
    finds(&stand, "entries of case 7777: the case is gone", (&stray, &back)).await;
}

async fn changed_projections_are_found(stand: Stand) {
    let [case, ..] = sealed(&stand).await;
    let number = stand.page(case).await.number;
    let merged = to_triage(&stand, &Appeal::new("1302", "从件"), "1302").await;
    stand.act(&triage(), merged, "merge", &[("main", &number)]).await;
    let row = raw::rows(&stand, &format!("SELECT body, wake FROM cases WHERE id = {case}")).await;
    let body = format!("UPDATE cases SET body = {} WHERE id = {case}", quoted(&row[0][0]));
    let changed =
        format!("UPDATE cases SET body = replace(body, 'green', 'red') WHERE id = {case}");
    let broken = format!("UPDATE cases SET body = '{{' WHERE id = {case}");
    let text = format!("SELECT body FROM texts WHERE case_id = {case} AND seq = 1");
    let text = raw::blob(&stand, &raw::rows(&stand, &text).await[0][0]);
    let desk = format!("UPDATE desk SET grade = '%' WHERE case_id = {case} AND unit = 'wf-9901'");
    let of_east = format!("WHERE case_id = {case} AND unit = 'wf-990101'");
    let east = |change: &str| format!("UPDATE desk SET {change} {of_east}");
    let table: [(&str, &str, &str); 12] = [
        ("the stored case differs", &changed, &body),
        ("the stored case differs", &broken, &body),
        (
            "nobody will ask",
            &format!("UPDATE cases SET wake = NULL WHERE id = {case}"),
            &format!("UPDATE cases SET wake = {} WHERE id = {case}", row[0][1]),
        ),
        ("is missing or differs", &desk.replace('%', "red"), &desk.replace('%', "green")),
        ("is missing or differs", &east("rank = rank + 1"), &east("rank = rank - 1")),
        ("is missing or differs", &east("tier = 0"), &east("tier = 1")),
        (
            "desk: holds",
            "INSERT INTO desk VALUES ('wf-990121', 'appeal:handling', 1, 1, 1, 1, 'green', '1302')",
            "DELETE FROM desk WHERE unit = 'wf-990121'",
        ),
        (
            "a recount gives",
            "UPDATE counts SET n = n + 1 WHERE unit = 'wf-990101'",
            "UPDATE counts SET n = n - 1 WHERE unit = 'wf-990101'",
        ),
        (
            "count appeal:opened of 1302",
            "UPDATE counts SET n = n + 1 WHERE name = 'appeal:opened'",
            "UPDATE counts SET n = n - 1 WHERE name = 'appeal:opened'",
        ),
        (
            "count appeal:closed of wf-9901: is 5",
            "INSERT INTO counts (name, unit, slot, n) VALUES ('appeal:closed', 'wf-9901', 3, 5)",
            "DELETE FROM counts WHERE name = 'appeal:closed'",
        ),
        (
            "texts are missing",
            &format!("DELETE FROM texts WHERE case_id = {case} AND seq = 1"),
            &format!("INSERT INTO texts (case_id, seq, body) VALUES ({case}, 1, {text})"),
        ),
        (
            "a link is missing",
            "DELETE FROM links",
            &format!(
                "INSERT INTO links (other, case_id, kind) VALUES ({case}, {merged}, 'merged_into')"
            ),
        ),
    ];
    for (what, broken, mended) in table {
        finds(&stand, what, (broken, mended)).await;
    }
}

async fn forged_checkpoints_are_found(stand: Stand) {
    let [case, ..] = sealed(&stand).await;
    stand.act(&east_handler(), case, "take", &[]).await;
    stand.store.checkpoint(stand.clock.now()).await.unwrap();
    let row =
        raw::rows(&stand, "SELECT root, seal, upto FROM checkpoints WHERE id = 2").await.remove(0);
    let zero = raw::blob(&stand, &"00".repeat(32));
    let set = |column: &str, value: &str| {
        format!("UPDATE checkpoints SET {column} = {value} WHERE id = 2")
    };
    let (root, seal) = (raw::blob(&stand, &row[0]), raw::blob(&stand, &row[1]));
    let not_ours = "checkpoint 2: the seal was not made with this key";
    finds(&stand, not_ours, (&set("seal", &zero), &set("seal", &seal))).await;
    finds(&stand, not_ours, (&set("root", &zero), &set("root", &root))).await;
    finds(&stand, not_ours, (&set("entries", "2"), &set("entries", "1"))).await;
    finds(&stand, not_ours, (&set("upto", "99999"), &set("upto", &row[2]))).await;
    let first =
        raw::rows(&stand, "SELECT upto, entries, root, seal, at FROM checkpoints WHERE id = 1")
            .await
            .remove(0);
    let values = format!(
        "{}, {}, {}, {}, {}",
        first[0],
        first[1],
        raw::blob(&stand, &first[2]),
        raw::blob(&stand, &first[3]),
        first[4]
    );
    let overriding = if raw::path(&stand).is_some() { "" } else { "OVERRIDING SYSTEM VALUE" };
    let back = format!(
        "INSERT INTO checkpoints (id, upto, entries, root, seal, at) {overriding} VALUES (1, {values})"
    );
    let gone = "DELETE FROM checkpoints WHERE id = 1";
    finds(&stand, "checkpoint 2: entries were changed", (gone, &back)).await;
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Verified under rules by which a case could never have come to stand as it does.
async fn broken_promises_are_found(stand: Stand) {
    let closed = stand.open(&Appeal::new("0101", "办完了")).await.done.case;
    stand.act(&operator(), closed, "register", &[("category", "0101")]).await;
    stand.act(&operator(), closed, "answer_on_spot", &[("answer", "可以去民政局办理")]).await;
    stand.act(&triage(), closed, "spot_check_passed", &[]).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let mut pack = own_pack();
    let changed = Arc::get_mut(&mut pack).unwrap();
    let flow = changed.rules.workflows.get_mut("appeal").unwrap();
    let running = flow.state("handling").unwrap().kind.clone();
    flow.states.iter_mut().find(|s| s.code == "closed").unwrap().kind = running;
    let found = troubles_under(&stand, &pack).await;
    let what = "is open without a running clock or an approved pause";
    assert!(found.iter().any(|t| t.contains(what)), "{found:#?}");

    let mut pack = own_pack();
    let changed = Arc::get_mut(&mut pack).unwrap();
    let others = changed.units.iter().filter(|u| u.code != unit::HOTLINE).cloned();
    changed.units = Units::new([], others.collect::<Vec<_>>());
    let found = troubles_under(&stand, &pack).await;
    let what = "its responsible unit does not exist";
    assert!(found.iter().any(|t| t.contains(what)), "{found:#?}");
}

async fn troubles_under(stand: &Stand, pack: &Pack) -> Vec<String> {
    let report = stand.store.verify(pack).await.unwrap();
    report.troubles.into_iter().map(|trouble| trouble.what).collect()
}

/// The seal of a signed text, reckoned here from what anybody can read of it.
fn seal_of(signed: &SignedText) -> String {
    let mut hash = Sha256::new();
    for part in [&signed.title, &signed.text, &signed.english] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(serde_json::to_vec(&signed.values).unwrap());
    raw::hex(&hash.finalize())
}

/// What was told stands in the history, in the case and among what was ever told: each is changed by
/// one, and each is named. The seal that was printed with the text is another one then.
async fn a_forged_number_of_a_release_is_found(stand: Stand) {
    for n in 0..11 {
        stand.open(&Appeal::new("1302", &format!("第{n}件"))).await;
    }
    let case = releases::draft(&stand, "今年，全市收到诉求{appeals_received 2025}件。").await;
    releases::checked_by_another(&stand, case).await;
    releases::does(&stand, (&releases::press_leader(), case), "sign_now", &[]).await;
    let signed = releases::release(&stand, case).await.signed.remove(0);
    assert_eq!(signed.text, "今年，全市收到诉求11件。");
    assert_eq!(seal_of(&signed), signed.seal);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let said = |from: u32, to: u32| {
        let (from, to) = (format!("\"n\":{from}"), format!("\"n\":{to}"));
        let entries = format!(
            "UPDATE entries SET facts = replace(facts, '{from}', '{to}') WHERE case_id = {case}"
        );
        let body =
            format!("UPDATE cases SET body = replace(body, '{from}', '{to}') WHERE id = {case}");
        let told = from.replace("\"n\":", "");
        let told = format!(
            "UPDATE told_numbers SET amount = {} WHERE case_id = {case} AND amount = {told}",
            to.replace("\"n\":", "")
        );
        [entries, body, told]
    };
    let forged = said(11, 12).into_iter().zip(said(12, 11));
    let found = [
        format!("of case {case}: was changed"),
        format!("case {case}: the stored case differs"),
        format!("case {case}"),
    ];
    for ((broken, mended), what) in forged.zip(found) {
        finds(&stand, &what, (&broken, &mended)).await;
    }
    let [_, body, _] = said(11, 12);
    raw::run(&stand, &body).await;
    let forged = releases::release(&stand, case).await.signed.remove(0);
    assert_eq!(seal_of(&forged), forged.seal);
    assert_ne!(forged.seal, signed.seal, "whoever kept the old one sees it");
}
