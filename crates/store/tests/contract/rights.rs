//! Requests under the rights of the person: each with a clock that cannot be forgotten, decided by
//! a person, on a ground; a correction beside what it corrects; a hold; two people for an erasure.

use crate::{
    cast::*,
    erasure::{barred, closed, grant, wish},
};
use domain::{
    access::Viewer,
    case::Actor,
    clock::Light,
    rights::{ANSWERED, Bar, HOLD_REASON, KIND, REASON, Right, WISH, Wish},
};
use store::{CasesOf, DeskFilter, RightWish, Whose};
use testkit::{Appeal, Stand, actor, command_id, staff, unit, viewer};

testkit::both!(
    a_request_waits_in_the_work_list_until_it_is_answered,
    an_overdue_request_climbs_though_the_case_is_closed,
    a_correction_stands_beside_what_it_corrects,
    who_decides_on_a_correction_has_seen_it,
    a_copy_holds_the_files_of_the_person_alone,
    consent_once_withdrawn_stops_messages,
    an_erasure_needs_two_people_and_a_closed_case,
    a_hold_keeps_what_it_holds,
    the_person_reads_own_words_and_answers_alone,
);

fn ask(right: Right) -> Wish {
    Wish::Ask { right, field: None }
}

fn refuse(id: u32, basis: &str) -> Wish {
    Wish::Refuse { id, basis: basis.to_owned() }
}

async fn listed(stand: &Stand, account: i64, unit: &str, role: &str) -> Vec<(String, Light)> {
    let filter = DeskFilter { whose: CasesOf::Mine, ..DeskFilter::default() };
    let who = staff(account, unit, role);
    let page = stand.store.desk(&stand.pack, &who, stand.clock.now(), &filter).await.unwrap();
    let rows = page.cases.into_iter().filter(|c| c.task.as_deref() == Some(KIND));
    rows.map(|c| (c.number, c.lamp.light)).collect()
}

async fn a_request_waits_in_the_work_list_until_it_is_answered(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "要副本")).await;
    let number = stand.page(case).await.number;
    assert!(listed(&stand, 11, unit::EAST, "handler").await.is_empty());
    let person = Actor::Appellant(case);
    wish(&stand, &person, case, (ask(Right::Copy), &[(WISH, "请给我一份")])).await.unwrap();
    assert_eq!(
        barred(wish(&stand, &person, case, (ask(Right::Copy), &[])).await),
        Bar::Twice,
        "one at a time"
    );
    for who in [(11, "handler"), (12, "reviewer")] {
        let found = listed(&stand, who.0, unit::EAST, who.1).await;
        assert_eq!(found, [(number.clone(), Light::Green)]);
    }
    assert!(listed(&stand, 31, unit::WEST, "handler").await.is_empty());
    let due = stand.page(case).await.case.rights.requests[0].clock.due();
    assert_eq!(due.to_string(), "2025-03-24T09:30:00Z", "fifteen working days");
    // Another county, a statistician and the person may not decide.
    for who in [actor(31, unit::WEST, "handler"), actor(9, unit::EAST, "statistician"), person] {
        assert!(wish(&stand, &who, case, (grant(1), &[])).await.is_err(), "{who:?}");
    }
    let no_ground = refuse(1, "open_case");
    let done = wish(&stand, &east_handler(), case, (no_ground, &[(REASON, "不给")])).await;
    assert_eq!(barred(done), Bar::NoBasis);
    let done = wish(&stand, &east_handler(), case, (refuse(1, "others_rights"), &[])).await;
    assert_eq!(barred(done), Bar::NoWords, "a refusal says why");
    wish(&stand, &east_handler(), case, (grant(1), &[(REASON, "可以来取")])).await.unwrap();
    assert!(listed(&stand, 11, unit::EAST, "handler").await.is_empty());
    let again = wish(&stand, &east_reviewer(), case, (grant(1), &[])).await;
    assert_eq!(barred(again), Bar::NoRequest);
    // Whoever writes a request down for somebody does not answer it.
    wish(&stand, &east_handler(), case, (ask(Right::Withdraw), &[])).await.unwrap();
    assert_eq!(barred(wish(&stand, &east_handler(), case, (grant(2), &[])).await), Bar::SamePerson);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn an_overdue_request_climbs_though_the_case_is_closed(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "要副本")).await;
    let person = Actor::Appellant(case);
    wish(&stand, &person, case, (ask(Right::Copy), &[])).await.unwrap();
    let rows = listed(&stand, 12, unit::EAST, "reviewer").await;
    assert_eq!(rows.len(), 1, "the unit that handled it answers: {rows:?}");
    stand.clock.set("2025-03-25T10:00+08:00");
    assert_eq!(stand.tick().await, 1);
    let page = stand.page(case).await;
    assert_eq!(page.case.climbed.get("right-1"), Some(&1));
    assert_eq!(listed(&stand, 12, unit::EAST, "reviewer").await[0].1, Light::Red);
    assert_eq!(stand.tick().await, 0, "once a step");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_correction_stands_beside_what_it_corrects(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "电话写错了")).await;
    let person = Actor::Appellant(case);
    let correct = |field: &str| Wish::Ask { right: Right::Correct, field: Some(field.to_owned()) };
    for (field, why) in [("note", Bar::NoField), ("safe_contact", Bar::NoField)] {
        let done = wish(&stand, &person, case, (correct(field), &[(WISH, "改")])).await;
        assert_eq!(barred(done), why, "{field}");
    }
    let texts = [("wanted.contact_phone", "10000000077"), (WISH, "上次写错一位")];
    wish(&stand, &person, case, (correct("contact_phone"), &texts)).await.unwrap();
    let handler = viewer(11, unit::EAST, "handler");
    let number = stand.page(case).await.number;
    let old = async |phone: &str| {
        let found = stand.store.same_phone(&stand.pack, &handler, phone).await.unwrap();
        found.iter().any(|p| p.number == number)
    };
    assert_eq!(stand.page(case).await.text("contact_phone"), Some("10000000001"));
    // A leader sees the wanted number as little as the old one.
    let leader = stand.seen(&viewer(13, unit::EAST, "leader"), case).await.unwrap();
    assert_eq!(leader.text("wanted.contact_phone"), None);
    wish(&stand, &east_handler(), case, (grant(1), &[(REASON, "已核实")])).await.unwrap();
    let page = stand.page(case).await;
    assert_eq!(page.text("contact_phone"), Some("10000000077"));
    let first = page.entries.first().unwrap();
    assert_eq!(first.texts["open"]["contact_phone"], "10000000001", "the old one stays sealed");
    assert!(old("10000000077").await, "found by the new number");
    assert!(!old("10000000001").await, "and no longer by the one that was never theirs");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn consent_once_withdrawn_stops_messages(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "不想再收短信")).await;
    wish(&stand, &operator(), case, (ask(Right::Withdraw), &[])).await.unwrap();
    wish(&stand, &east_reviewer(), case, (grant(1), &[(REASON, "不再发短信")])).await.unwrap();
    let page = stand.page(case).await;
    assert_eq!(page.case.rights.withdrawn.unwrap().to_string(), "2025-03-03");
    let verdict = domain::sending::to_person(
        &stand.pack,
        &page.case,
        domain::sending::Reach { phone: true, words: false, blocked: false },
        stand.clock.now(),
        stand.clock.now(),
    );
    assert_eq!(verdict, domain::sending::Verdict::Withheld(domain::sending::Why::Consent));
}

async fn an_erasure_needs_two_people_and_a_closed_case(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "请删除")).await;
    let person = Actor::Appellant(case);
    wish(&stand, &person, case, (ask(Right::Erase), &[])).await.unwrap();
    let check = || (Wish::Check { id: 1 }, [(REASON, "已核实")]);
    let looked = async |who: &Actor| {
        let (wanted, texts) = check();
        wish(&stand, who, case, (wanted, &texts)).await
    };
    assert_eq!(barred(looked(&east_handler()).await), Bar::Open);
    reply(&stand, case, &east_handler(), &east_reviewer()).await;
    visited(&stand, case, &city_visitor(), "record_visit", "5").await;
    assert_eq!(barred(wish(&stand, &east_leader(), case, (grant(1), &[])).await), Bar::Unchecked);
    looked(&east_leader()).await.unwrap();
    assert_eq!(barred(wish(&stand, &east_leader(), case, (grant(1), &[])).await), Bar::SamePerson);
    assert_eq!(barred(wish(&stand, &east_handler(), case, (grant(1), &[])).await), Bar::NotYours);
    wish(&stand, &person, case, (ask(Right::Copy), &[])).await.unwrap();
    let second = actor(15, unit::EAST, "leader");
    assert_eq!(barred(wish(&stand, &second, case, (grant(1), &[])).await), Bar::Others);
    let no = (refuse(2, "identity"), [(REASON, "请携证件当面办理")]);
    wish(&stand, &east_reviewer(), case, (no.0, &no.1)).await.unwrap();
    wish(&stand, &second, case, (grant(1), &[])).await.unwrap();
    assert!(stand.page(case).await.erased);
    let done = wish(&stand, &person, case, (ask(Right::Copy), &[])).await;
    assert_eq!(barred(done), Bar::Gone);
    assert_eq!(stand.store.certify(stand.clock.now()).await.unwrap(), 1);
    assert_eq!(stand.store.certify(stand.clock.now()).await.unwrap(), 0, "once");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_hold_keeps_what_it_holds(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "官司在打")).await;
    let hold = |basis: &str| Wish::Hold { basis: basis.to_owned() };
    let why = [(HOLD_REASON, "法院调卷")];
    for (who, wanted, bar) in [
        (east_handler(), hold("legal_hold"), Bar::NotYours),
        (east_leader(), hold("identity"), Bar::NoBasis),
        (east_leader(), Wish::Release, Bar::NotHeld),
    ] {
        assert_eq!(barred(wish(&stand, &who, case, (wanted, &why)).await), bar);
    }
    let done = wish(&stand, &east_leader(), case, (hold("legal_hold"), &[])).await;
    assert_eq!(barred(done), Bar::NoWords);
    wish(&stand, &east_leader(), case, (hold("legal_hold"), &why)).await.unwrap();
    let person = Actor::Appellant(case);
    wish(&stand, &person, case, (ask(Right::Erase), &[])).await.unwrap();
    let check = (Wish::Check { id: 1 }, [(REASON, "已核实")]);
    let done = wish(&stand, &east_reviewer(), case, (check.0.clone(), &check.1)).await;
    assert_eq!(barred(done), Bar::Held);
    // The reason of a hold is among staff; the person is told nothing of it.
    let seen = stand.seen(&Viewer::Appellant(case), case).await.unwrap();
    assert_eq!(seen.text(HOLD_REASON), None);
    wish(&stand, &east_leader(), case, (Wish::Release, &[(HOLD_REASON, "已结案")])).await.unwrap();
    wish(&stand, &east_reviewer(), case, (check.0, &check.1)).await.unwrap();
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn the_person_reads_own_words_and_answers_alone(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "我的话")).await;
    // Written down by staff for somebody who came in person: still the person's own words.
    let texts = [(WISH, "我要我的材料")];
    wish(&stand, &operator(), case, (ask(Right::Copy), &texts)).await.unwrap();
    wish(&stand, &east_handler(), case, (ask(Right::Erase), &[])).await.unwrap();
    let check = (Wish::Check { id: 2 }, [(REASON, "内部意见")]);
    let done = wish(&stand, &east_leader(), case, (check.0, &check.1)).await;
    assert_eq!(barred(done), Bar::Others);
    wish(&stand, &east_reviewer(), case, (grant(1), &[(REASON, "请来取件")])).await.unwrap();
    let check = (Wish::Check { id: 2 }, [(REASON, "内部意见")]);
    wish(&stand, &east_leader(), case, (check.0, &check.1)).await.unwrap();
    let page = stand.seen(&Viewer::Appellant(case), case).await.unwrap();
    let said: Vec<&str> = page
        .entries
        .iter()
        .flat_map(|e| e.texts.values())
        .flat_map(|t| t.values().map(String::as_str))
        .collect();
    for (words, told) in [
        ("我的话", true),
        ("我要我的材料", true),
        ("请来取件", true),
        ("已上门调解并落实帮扶", true),
        ("内部意见", false),
        ("回访时本人接听", false),
    ] {
        assert_eq!(said.contains(&words), told, "{words}: {said:?}");
    }
    assert!(page.entries.iter().any(|e| e.texts.contains_key(ANSWERED)));
}

async fn who_decides_on_a_correction_has_seen_it(stand: Stand) {
    let new = Appeal::new("1302", "名字写错了").with("contact_name", "林小河");
    let case = handling(&stand, &new).await;
    let correct = Wish::Ask { right: Right::Correct, field: Some("contact_name".to_owned()) };
    let texts = [("wanted.contact_name", "林小荷")];
    wish(&stand, &Actor::Appellant(case), case, (correct, &texts)).await.unwrap();
    let leader = staff(13, unit::EAST, "leader");
    // A leader sees a name in part at most, and decides all the same: not before having seen it.
    let eyes = viewer(13, unit::EAST, "leader");
    let page = stand.store.case_by_id(&stand.pack, &eyes, case).await.unwrap().unwrap();
    assert_ne!(page.text("contact_name"), Some("林小河"));
    let decided = async |by: &domain::case::Staff, wish: Wish, seen: &str| {
        let wished = RightWish {
            command: command_id(),
            actor: Actor::Staff(by.clone()),
            case,
            wish,
            texts: [(REASON.to_owned(), "已核实".to_owned())].into(),
            seen: seen.to_owned(),
        };
        stand.store.right(&stand.pack, stand.clock.now(), wished).await
    };
    for unseen in [grant(1), refuse(1, "not_wrong")] {
        assert_eq!(barred(decided(&leader, unseen, "").await), Bar::Unseen);
    }
    let compare = async |by: &domain::case::Staff| {
        stand.store.compare(&stand.pack, (by, stand.clock.now()), (case, 1)).await.unwrap()
    };
    let found = compare(&leader).await.unwrap();
    assert_eq!((found.old.as_str(), found.new.as_str()), ("林小河", "林小荷"));
    let deeds = stand.store.deeds(&stand.pack, &leader, &Whose::Account(13), None).await.unwrap();
    let lines = deeds.unwrap().lines;
    assert_eq!((lines[0].kind.as_str(), lines[0].detail.as_str()), ("revealed", "contact_name"));
    // Who may not decide is shown nothing, and what one has seen another has not.
    for (account, place, role) in [
        (31, unit::WEST, "handler"),
        (9, unit::EAST, "statistician"),
        (11, unit::HOTLINE, "operator"),
    ] {
        assert_eq!(compare(&staff(account, place, role)).await, None, "{role}");
    }
    let reviewer = staff(12, unit::EAST, "reviewer");
    assert_eq!(barred(decided(&reviewer, grant(1), &found.code).await), Bar::Unseen);
    // What was asked for is one thing, and what it would replace another: both must be as seen.
    let again = [("narrative", "另有补充")];
    stand.act(&east_handler(), case, "note", &[("note", "核对姓名")]).await;
    assert_eq!(compare(&leader).await.unwrap().code, found.code, "{again:?}");
    decided(&leader, grant(1), &found.code).await.unwrap();
    assert_eq!(stand.page(case).await.text("contact_name"), Some("林小荷"));
    assert_eq!(compare(&leader).await, None, "it is decided");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_copy_holds_the_files_of_the_person_alone(stand: Stand) {
    let new = Appeal::new("1302", "有附件").file("借条.txt", "text/plain", "欠条一张".as_bytes());
    let case = handling(&stand, &new).await;
    let steps = vec![testkit::step("appeal", "note", &[("note", "对方的材料")])];
    let theirs = store::Attachment {
        name: "对方陈述.txt".to_owned(),
        kind: "text/plain".to_owned(),
        body: "对方说的话".as_bytes().to_vec(),
    };
    let actor = east_handler();
    let act = store::Act { command: command_id(), actor, case, steps, files: vec![theirs] };
    let done = stand.store.act(&stand.pack, stand.clock.now(), act).await.unwrap();
    let person = Viewer::Appellant(case);
    let own = stand.store.case_by_id(&stand.pack, &person, case).await.unwrap().unwrap();
    let names: Vec<&str> = own.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["借条.txt"]);
    let file =
        async |seq: i64| stand.store.file(&stand.pack, &person, (case, seq, 0)).await.unwrap();
    assert_eq!(file(1).await.unwrap().2, "欠条一张".as_bytes());
    assert_eq!(file(done.seq).await, None, "what others gave is theirs");
    let all = stand.page(case).await;
    assert_eq!(all.files.len(), 2, "staff see both");
}
