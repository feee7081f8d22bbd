//! Seals, exclusions, broken glass, lent identities, through every question of the store.

use crate::{
    access::{PHONE, meets, ready},
    cast::*,
};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff, is_running},
    clock::Clock,
    guarded::{Barred, Judgement},
    pack::Right,
    people::NotSo,
    refusal::{Bar, Refusal},
    secrecy::{Change, Closed, Ground},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use store::{AccountChange, Done, No, Whose, db::WriteError};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(
    a_sealed_case_is_known_to_its_circle_alone,
    a_seal_leaves_the_counts_and_comes_back_to_them,
    an_opened_seal_is_found_again,
    a_sealed_case_speaks_to_its_circle,
    somebody_in_the_circle_can_go_on,
    a_sealed_case_is_not_passed_to_nobody,
    nobody_leaves_a_circle_that_needs_them,
    a_circle_is_told_when_nobody_can_go_on,
    a_merged_case_does_not_name_a_sealed_one,
    verify_finds_a_circle_that_nobody_can_widen,
    who_is_kept_out_meets_nothing,
    a_unit_that_is_kept_out_loses_the_case_to_the_one_above,
    the_board_of_somebody_kept_out_adds_up,
    glass_shows_for_a_while_and_is_told,
    wrong_glass_of_a_sealed_case_names_the_person_alone,
    broken_glass_is_told_above_at_once_and_judged_the_next_working_day,
    a_lent_identity_takes_a_second_person,
    a_reveal_is_remembered_before_it_is_shown,
    insiders_are_proposed,
    who_works_for_it_or_near_it_is_proposed,
    the_newest_of_many_is_proposed_too,
);

fn who(actor: &Actor) -> Staff {
    let Actor::Staff(staff) = actor else { panic!("staff") };
    staff.clone()
}

fn after(stand: &Stand, hours: i64) -> Timestamp {
    stand.clock.now() + SignedDuration::from_hours(hours)
}

fn closed(why: Closed) -> Result<Done, WriteError<No>> {
    Err(WriteError::Refused(No::Refused(Refusal::Secrecy(why))))
}

fn gone() -> Result<Done, WriteError<No>> {
    Err(WriteError::Refused(No::NotFound))
}

/// Gives these people accounts: a circle is made of people who may come in.
pub async fn hire(stand: &Stand, people: &[Actor]) {
    for actor in people {
        let Staff { account, unit, roles } = who(actor);
        let roles = roles.join("\",\"");
        let values = format!("{account}, 'u{account}', '', 'n', '{unit}', '[\"{roles}\"]', 1");
        let insert = "INSERT INTO accounts (id, username, password, name, unit, roles, active)";
        let lite = crate::raw::path(stand).is_some();
        let given = if lite { "" } else { "OVERRIDING SYSTEM VALUE" };
        crate::raw::run(stand, &format!("{insert} {given} VALUES ({values})")).await;
    }
}

/// A case of the east whose people have accounts.
async fn staffed(stand: &Stand) -> CaseId {
    let statistician = Actor::Staff(staff(15, unit::EAST, "statistician"));
    hire(stand, &[east_handler(), east_leader(), east_reviewer(), triage(), statistician]).await;
    ready(stand).await
}

/// Sealed by the eastern leader; the eastern handler knows of it.
async fn sealed(stand: &Stand) -> CaseId {
    let case = staffed(stand).await;
    let circle = vec![who(&east_handler())];
    stand.guard(&east_leader(), case, Change::Seal { circle }).await.unwrap();
    case
}

async fn a_sealed_case_is_known_to_its_circle_alone(stand: Stand) {
    let case = sealed(&stand).await;
    let outside = [
        operator(),
        triage(),
        dispatcher(),
        city_visitor(),
        city_leader(),
        archivist(),
        east_reviewer(),
        east_visitor(),
        east_police(),
        west_handler(),
        Actor::Staff(staff(18, unit::EAST, "handler")),
    ];
    for actor in outside {
        assert_eq!(meets(&stand, &who(&actor), case).await, [false; 6], "{actor:?}");
        let act = stand.try_act(&actor, case, "note", &[("note", "记")]).await;
        assert_eq!(act, gone(), "{actor:?}");
        assert_eq!(stand.guard(&actor, case, Change::Unseal).await, gone());
    }
    // Inside: by number and in the own lists; no search finds it and no other case is near it.
    for actor in [east_handler(), east_leader()] {
        let met = meets(&stand, &who(&actor), case).await;
        assert_eq!((met[0], met[1], met[2], met[3], met[4]), (true, false, true, false, true));
    }
    // The next entry is in no shared index either.
    stand.act(&east_handler(), case, "note", &[("note", "转移到安全住处")]).await;
    let eyes = testkit::eyes(who(&east_handler()));
    let hits = stand.store.search(&stand.pack, &eyes, "转移到安全住处", 9).await.unwrap().hits;
    assert!(hits.is_empty());
    assert_eq!(stand.troubles().await, [""; 0]);
}

async fn a_seal_leaves_the_counts_and_comes_back_to_them(stand: Stand) {
    let case = staffed(&stand).await;
    let flow = stand.pack.workflow("appeal").unwrap();
    let total = async || {
        let counts = stand.store.state_counts(&stand.pack, &Viewer::System, (flow, unit::CITY));
        counts.await.unwrap().iter().map(|c| c.cases).sum::<i64>()
    };
    assert_eq!(total().await, 1);
    let seal = Change::Seal { circle: vec![who(&east_handler())] };
    stand.guard(&east_leader(), case, seal.clone()).await.unwrap();
    assert_eq!(total().await, 0);
    assert_eq!(stand.guard(&east_leader(), case, seal).await, closed(Closed::Sealed));
    stand.guard(&east_leader(), case, Change::Unseal).await.unwrap();
    assert_eq!(total().await, 1);
    assert_eq!(stand.troubles().await, [""; 0]);
}

async fn an_opened_seal_is_found_again(stand: Stand) {
    let case = sealed(&stand).await;
    stand.act(&east_handler(), case, "note", &[("note", "转移到安全住处")]).await;
    stand.guard(&east_leader(), case, Change::Unseal).await.unwrap();
    let handler = who(&east_handler());
    assert_eq!(meets(&stand, &handler, case).await, [true; 6]);
    let eyes = testkit::eyes(handler);
    for words in ["转移到安全住处", "摔了碗筷", "欧阳如意", PHONE] {
        let hits = stand.store.search(&stand.pack, &eyes, words, 9).await.unwrap().hits;
        assert_eq!(hits.len(), 1, "{words}");
    }
    assert_eq!(stand.troubles().await, [""; 0]);
}

async fn a_sealed_case_speaks_to_its_circle(stand: Stand) {
    let case = sealed(&stand).await;
    stand.clock.advance_hours(24 * 40);
    assert!(stand.tick().await > 0);
    let now = stand.clock.now();
    let notices = async |actor: &Actor| {
        let all = stand.store.notices(&stand.pack, &who(actor), now).await.unwrap();
        all.iter().filter(|m| m.case == case).count()
    };
    assert!(notices(&east_handler()).await > 0 && notices(&east_leader()).await > 0);
    assert_eq!(notices(&east_reviewer()).await + notices(&city_leader()).await, 0);
    // And never to a gateway.
    let lease = SignedDuration::from_hours(1);
    let claimed =
        stand.store.claim_messages(store::Audience::Units, now, lease, 500).await.unwrap();
    assert!(claimed.is_empty(), "{claimed:?}");
}

async fn somebody_in_the_circle_can_go_on(stand: Stand) {
    let case = staffed(&stand).await;
    let nobody = Change::Seal { circle: vec![staff(15, unit::EAST, "statistician")] };
    let alone = stand.guard(&east_reviewer(), case, nobody).await;
    assert_eq!(alone, closed(Closed::NobodyGoesOn));
    let seal = Change::Seal { circle: vec![who(&east_handler())] };
    stand.guard(&east_leader(), case, seal).await.unwrap();
    // Letting in, putting out; the last one stays.
    stand.guard(&east_leader(), case, Change::Admit(who(&east_reviewer()))).await.unwrap();
    assert!(stand.seen(&testkit::eyes(who(&east_reviewer())), case).await.is_some());
    stand.guard(&east_leader(), case, Change::Dismiss(12)).await.unwrap();
    let unknown = stand.guard(&east_leader(), case, Change::Dismiss(12)).await;
    assert_eq!(unknown, closed(Closed::Unknown));
    // Neither the only one who handles it, nor the only one who may let others in.
    let handler = stand.guard(&east_leader(), case, Change::Dismiss(11)).await;
    assert_eq!(handler, closed(Closed::NobodyGoesOn));
    let leader = stand.guard(&east_leader(), case, Change::Dismiss(13)).await;
    assert_eq!(leader, closed(Closed::NobodyAdmits));
    let by_name = Change::Bar(Barred::Person(11));
    let barred = stand.guard(&east_leader(), case, by_name).await;
    assert_eq!(barred, closed(Closed::NobodyGoesOn));
    // Whoever is let in must be there.
    let ghost = Change::Admit(staff(18, unit::EAST, "handler"));
    assert_eq!(stand.guard(&east_leader(), case, ghost).await, closed(Closed::Unknown));
    // A handler in the circle may act, and does not decide about the seal.
    let unseal = stand.guard(&east_handler(), case, Change::Unseal).await;
    assert_eq!(unseal, closed(Closed::NotYours));
}

/// What is passed on is passed on to somebody who knows of it.
async fn a_sealed_case_is_not_passed_to_nobody(stand: Stand) {
    let case = to_triage(&stand, &Appeal::new("0201", "请保密"), "0201").await;
    hire(&stand, &[triage(), east_handler(), east_leader(), east_reviewer()]).await;
    let seal = Change::Seal { circle: vec![who(&east_leader())] };
    stand.guard(&triage(), case, seal).await.unwrap();
    let to = [("unit", unit::EAST)];
    let refused = stand.try_act(&triage(), case, "dispatch_to", &to).await;
    assert_eq!(refused, closed(Closed::PassedToNobody));
    stand.guard(&triage(), case, Change::Admit(who(&east_handler()))).await.unwrap();
    stand.act(&triage(), case, "dispatch_to", &to).await;
    // Nor is it sent back to where nobody is left.
    stand.guard(&east_leader(), case, Change::Dismiss(2)).await.unwrap();
    let back = [("return_reason", "not_ours"), ("reason", "不属本单位")];
    let returned = stand.try_act(&east_handler(), case, "return", &back).await;
    assert_eq!(returned, closed(Closed::PassedToNobody));
    stand.act(&east_handler(), case, "sign", &[]).await;
    let answer = [("answer", "已安置"), ("outcome", "resolved")];
    let unread = stand.try_act(&east_handler(), case, "submit_reply", &answer).await;
    assert_eq!(unread, closed(Closed::PassedToNobody));
    stand.guard(&east_leader(), case, Change::Admit(who(&east_reviewer()))).await.unwrap();
    stand.act(&east_handler(), case, "submit_reply", &answer).await;
    assert_eq!(stand.troubles().await, [""; 0]);
}

/// Nobody leaves, and nobody gets other roles, who alone can go on with a sealed case.
async fn nobody_leaves_a_circle_that_needs_them(stand: Stand) {
    let case = sealed(&stand).await;
    hire(&stand, &[Actor::Staff(staff(18, unit::EAST, "handler"))]).await;
    let now = stand.clock.now();
    let roles = |role: &str| AccountChange::Roles(vec![role.to_owned()]);
    for (whom, change) in [
        (11, AccountChange::Close),
        (11, roles("statistician")),
        (13, AccountChange::Close),
        (13, roles("handler")),
    ] {
        let left = stand.store.administer((&stand.pack, now), None, whom, change).await;
        assert_eq!(left, Err(WriteError::Refused(NotSo::OnlyInsider)), "{whom}");
    }
    // Another handler knows of it, and has it: the first may go.
    let other = Actor::Staff(staff(18, unit::EAST, "handler"));
    stand.guard(&east_leader(), case, Change::Admit(who(&other))).await.unwrap();
    stand.act(&other, case, "take", &[]).await;
    let left = stand.store.administer((&stand.pack, now), None, 11, AccountChange::Close).await;
    assert_eq!(left, Ok(11));
    // Who is gone does not count, though the circle still names them.
    let last = stand.guard(&east_leader(), case, Change::Dismiss(18)).await;
    assert_eq!(last, closed(Closed::NobodyGoesOn));
}

/// What the time brings reaches the circle when nobody in it can go on.
async fn a_circle_is_told_when_nobody_can_go_on(stand: Stand) {
    let case = sealed(&stand).await;
    // The leader suspends, and the handler is gone when the time is over: the office was closed
    // from outside, which no rule here can refuse.
    let until = [("reason", "等待鉴定"), ("pause_until", "2025-03-20")];
    stand.act(&east_leader(), case, "suspend", &until).await;
    crate::raw::run(&stand, "UPDATE accounts SET active = 0 WHERE id = 11").await;
    stand.clock.advance_hours(24 * 20);
    stand.tick().await;
    assert_eq!(stand.page(case).await.case.state, "handling");
    let now = stand.clock.now();
    let told = stand.store.notices(&stand.pack, &who(&east_leader()), now).await.unwrap();
    assert!(told.iter().any(|m| m.message == "nobody_acts" && m.case == case), "{told:?}");
    assert_eq!(stand.troubles().await, [""; 0]);
}

/// A pack that takes from every role the right to seal leaves a sealed case without anybody who could
/// let others in: `verify` says so, and says nothing under the pack as it is.
async fn verify_finds_a_circle_that_nobody_can_widen(stand: Stand) {
    let case = sealed(&stand).await;
    let found = |report: store::Report| {
        let about = report.troubles.into_iter().filter(|t| t.what.contains("circle"));
        about.map(|t| t.at).collect::<Vec<_>>()
    };
    assert_eq!(found(stand.store.verify(&stand.pack).await.unwrap()), Vec::<String>::new());
    let mut bare = testkit::own_pack();
    let rules = Arc::get_mut(&mut bare).expect("nobody else has it");
    for grant in rules.roles.values_mut().flat_map(|role| &mut role.grants) {
        grant.may.retain(|right| *right != Right::Seal);
    }
    assert_eq!(found(stand.store.verify(&bare).await.unwrap()), [format!("case {case}")]);
}

/// A case that was merged into one that is sealed later keeps its number from whoever may not know.
async fn a_merged_case_does_not_name_a_sealed_one(stand: Stand) {
    hire(&stand, &[triage(), operator()]).await;
    let main = to_triage(&stand, &Appeal::new("0201", "主件"), "0201").await;
    let number = stand.page(main).await.number;
    let other = stand.open(&Appeal::new("0201", "从件")).await.done.case;
    stand.act(&operator(), other, "register", &[("category", "0201")]).await;
    stand.act(&operator(), other, "merge", &[("main", &number)]).await;
    let names = async |viewer: &Viewer| {
        let page = stand.seen(viewer, other).await.unwrap();
        format!("{page:?}").contains(&number)
    };
    let staff = |actor: &Actor| testkit::eyes(who(actor));
    assert!(names(&staff(&operator())).await, "it is open to her");
    assert!(!names(&Viewer::Appellant(other)).await, "whose case it is, is nobody's business");
    stand.guard(&triage(), main, Change::Seal { circle: Vec::new() }).await.unwrap();
    for actor in [operator(), dispatcher(), archivist(), city_visitor()] {
        assert!(!names(&staff(&actor)).await, "{actor:?}");
    }
    assert!(names(&staff(&triage())).await, "who knows of it may know the number");
    stand.guard(&triage(), main, Change::Unseal).await.unwrap();
    stand.guard(&triage(), main, Change::Bar(Barred::Person(1))).await.unwrap();
    assert!(!names(&staff(&operator())).await, "nor one that she is kept out of");
    // The person is answered all the same.
    let own = stand.seen(&Viewer::Appellant(other), other).await.unwrap();
    assert_eq!(own.case.main_case(), Some(main));
}

async fn who_is_kept_out_meets_nothing(stand: Stand) {
    let case = ready(&stand).await;
    stand.guard(&east_leader(), case, Change::Bar(Barred::Person(11))).await.unwrap();
    assert_eq!(meets(&stand, &who(&east_handler()), case).await, [false; 6]);
    assert_eq!(stand.try_act(&east_handler(), case, "note", &[("note", "记")]).await, gone());
    assert_eq!(stand.page(case).await.case.owner, None);
    // Whoever leads the city is kept out like anybody else, also through glass.
    stand.guard(&east_leader(), case, Change::Bar(Barred::Person(5))).await.unwrap();
    let glass = Change::BreakGlass { reason: "danger_to_life".to_owned() };
    assert_eq!(stand.guard(&city_leader(), case, glass).await, gone());
    let oneself = stand.guard(&east_leader(), case, Change::Bar(Barred::Person(13))).await;
    assert_eq!(oneself, closed(Closed::Oneself));
    let colleague = Actor::Staff(staff(18, unit::EAST, "handler"));
    assert_eq!(meets(&stand, &who(&colleague), case).await, [true; 6]);
    stand.guard(&east_leader(), case, Change::Unbar(Barred::Person(11))).await.unwrap();
    assert_eq!(meets(&stand, &who(&east_handler()), case).await, [true; 6]);
    assert_eq!(stand.troubles().await, [""; 0]);
}

async fn a_unit_that_is_kept_out_loses_the_case_to_the_one_above(stand: Stand) {
    let case = assigned(&stand, &Appeal::new("1302", "投诉镇里"), unit::EAST_TOWN).await;
    let bar = Change::Bar(Barred::Unit(unit::EAST_TOWN.to_owned()));
    stand.guard(&east_leader(), case, bar).await.unwrap();
    assert_eq!(stand.page(case).await.case.unit, unit::EAST);
    assert_eq!(meets(&stand, &who(&town_handler()), case).await, [false; 6]);
    let unknown = Change::Bar(Barred::Unit("wf-nowhere".to_owned()));
    assert_eq!(stand.guard(&east_leader(), case, unknown).await, closed(Closed::Unknown));
    assert_eq!(stand.troubles().await, [""; 0]);
}

async fn the_board_of_somebody_kept_out_adds_up(stand: Stand) {
    let case = ready(&stand).await;
    let other = assigned(&stand, &Appeal::new("1302", "另一件"), unit::EAST).await;
    stand.clock.advance_hours(24 * 40);
    let flow = stand.pack.workflow("appeal").unwrap();
    let now = stand.clock.now();
    let board = async |actor: Actor| {
        let asked = (flow, unit::CITY);
        let rows = stand.store.board(&stand.pack, &who(&actor), asked, now).await.unwrap();
        (rows[0].open, rows[0].late, rows[0].oldest)
    };
    let whole = board(city_leader()).await;
    assert_eq!((whole.0, whole.1), (2, 2));
    stand.guard(&east_leader(), case, Change::Bar(Barred::Person(5))).await.unwrap();
    let (open, late, oldest) = board(city_leader()).await;
    assert_eq!((open, late), (1, 1));
    let left = stand.page(other).await.case;
    assert_eq!(oldest, left.clocks.values().filter(|c| is_running(c)).map(Clock::due).min());
    let colleague = board(Actor::Staff(staff(55, unit::CITY, "leader"))).await;
    assert_eq!(colleague, whole);
}

async fn glass_shows_for_a_while_and_is_told(stand: Stand) {
    let case = sealed(&stand).await;
    let glass = |reason: &str| Change::BreakGlass { reason: reason.to_owned() };
    assert_eq!(stand.guard(&operator(), case, glass("danger_to_life")).await, gone());
    let unknown = stand.guard(&city_leader(), case, glass("curious")).await;
    assert_eq!(unknown, closed(Closed::Unknown));
    stand.guard(&city_leader(), case, glass("danger_to_life")).await.unwrap();

    let leader = who(&city_leader());
    let at = |hours: i64| Viewer::Staff(leader.clone(), after(&stand, hours));
    let page = stand.seen(&at(1), case).await.unwrap();
    assert_eq!(page.text("narrative"), Some("昨晚喝酒以后摔了碗筷"));
    assert!(page.rights.may.is_empty(), "to be read and nothing else");
    assert!(stand.seen(&at(2), case).await.is_none(), "two hours and no longer");
    let act = stand.try_act(&city_leader(), case, "note", &[("note", "记")]).await;
    let bar = act.map(|_| ()).unwrap_err();
    let refused = matches!(
        &bar,
        WriteError::Refused(No::Refused(Refusal::NotAllowed { why: Bar::Access | Bar::Role, allowed, .. }))
            if allowed.is_empty()
    );
    assert!(refused, "{bar:?}");

    let now = stand.clock.now();
    let told = stand.store.notices(&stand.pack, &who(&east_handler()), now).await.unwrap();
    assert!(told.iter().any(|m| m.message == "glass_broken"), "{told:?}");
    // Nobody judges themselves; a case that nobody judged is told once more.
    stand.clock.advance_hours(24 * 5);
    stand.tick().await;
    let now = stand.clock.now();
    let told = stand.store.notices(&stand.pack, &who(&east_leader()), now).await.unwrap();
    assert_eq!(told.iter().filter(|m| m.message == "glass_unjudged").count(), 1);
    let judge = Change::Judge { account: 5, judgement: Judgement::Wrong };
    assert_eq!(stand.guard(&east_handler(), case, judge.clone()).await, closed(Closed::NotYours));
    assert_eq!(told_to_security(&stand).await, []);
    stand.guard(&east_leader(), case, judge.clone()).await.unwrap();
    assert_eq!(stand.guard(&east_leader(), case, judge).await, closed(Closed::NothingWaits));
    // Who can take roles away learns of whom, and not of which case; nobody else is told.
    let word = |text: &str| text.to_owned();
    let of_five = (word("glass_wrong"), String::new(), Some(5));
    assert_eq!(told_to_security(&stand).await, [of_five]);
    for other in ["system_admin", "audit_admin", "leader", "reviewer"] {
        let other = staff(92, unit::CITY, other);
        let told = stand.store.notices(&stand.pack, &other, stand.clock.now()).await.unwrap();
        assert!(told.iter().all(|m| m.message != "glass_wrong"), "{other:?}: {told:?}");
    }
    let sql = "SELECT COUNT(*) FROM outbox WHERE message = 'glass_wrong' AND due IS NOT NULL";
    assert_eq!(crate::raw::number(&stand, sql).await, 0, "no gateway gets it");
    assert_eq!(stand.troubles().await, [""; 0]);
}

/// What is said to the security administrators: message, number, account.
async fn told_to_security(stand: &Stand) -> Vec<(String, String, Option<i64>)> {
    let security = staff(91, unit::CITY, "security_admin");
    let told = stand.store.notices(&stand.pack, &security, stand.clock.now()).await.unwrap();
    told.into_iter().map(|m| (m.message, m.number, m.whom)).collect()
}

/// The same of a sealed case, of which its circle alone may know; and nobody is told of what was right.
async fn wrong_glass_of_a_sealed_case_names_the_person_alone(stand: Stand) {
    let cases = [staffed(&stand).await, ready(&stand).await];
    let judged = [(Judgement::Right, 0), (Judgement::Wrong, 1)];
    for (case, (judgement, told)) in cases.into_iter().zip(judged) {
        let glass = Change::BreakGlass { reason: "danger_to_life".to_owned() };
        stand.guard(&city_leader(), case, glass).await.unwrap();
        let circle = vec![who(&east_handler()), who(&east_leader())];
        stand.guard(&east_leader(), case, Change::Seal { circle }).await.unwrap();
        let judge = Change::Judge { account: 5, judgement };
        stand.guard(&east_leader(), case, judge).await.unwrap();
        let found = told_to_security(&stand).await;
        assert_eq!(found.len(), told, "{found:?}");
        assert!(found.iter().all(|(_, number, whom)| number.is_empty() && *whom == Some(5)));
    }
    assert_eq!(stand.troubles().await, [""; 0]);
}

/// Somebody of another county looks: those who have the case and those above them know in the same
/// moment, and have until the end of the next working day, over a weekend too.
async fn broken_glass_is_told_above_at_once_and_judged_the_next_working_day(stand: Stand) {
    for (now, judge_by) in [
        ("2025-03-03T09:00+08:00", "2025-03-04T17:30+08:00"),
        ("2025-03-07T22:00+08:00", "2025-03-10T17:30+08:00"),
        ("2025-03-08T10:00+08:00", "2025-03-10T17:30+08:00"),
    ] {
        stand.clock.set("2025-03-03T09:00+08:00");
        let case = ready(&stand).await;
        stand.clock.set(now);
        let glass = Change::BreakGlass { reason: "danger_to_life".to_owned() };
        stand.guard(&west_handler(), case, glass).await.unwrap();
        let sql = format!(
            "SELECT message, unit FROM outbox WHERE case_id = {case} AND message LIKE 'glass%' \
             ORDER BY message"
        );
        let told = crate::raw::rows(&stand, &sql).await;
        assert_eq!(told, [["glass_broken", unit::EAST], ["glass_broken_above", unit::CITY]]);
        let now = stand.clock.now();
        let read = stand.store.notices(&stand.pack, &who(&city_leader()), now).await.unwrap();
        assert!(read.iter().any(|m| m.message == "glass_broken_above" && m.case == case));
        let by = stand.page(case).await.case.guarded.glass[0].judge_by;
        assert_eq!(by, judge_by.parse().unwrap(), "broken at {now}");
    }
    assert_eq!(stand.troubles().await, [""; 0]);
}

async fn a_lent_identity_takes_a_second_person(stand: Stand) {
    let case = ready(&stand).await;
    let police = who(&east_police());
    let phone = async |hours: i64| {
        let eyes = (&police, after(&stand, hours));
        let reveal = stand.store.reveal(&stand.pack, eyes, case, (1, "contact_phone")).await;
        reveal.unwrap().map(|r| r.text)
    };
    assert_eq!(phone(0).await, None);
    let lend = Change::Lend { account: 41 };
    let early = stand.guard(&east_handler(), case, lend.clone()).await;
    assert_eq!(early, closed(Closed::NothingWaits));
    stand.guard(&east_police(), case, Change::AskIdentity).await.unwrap();
    assert_eq!(stand.guard(&east_police(), case, lend.clone()).await, closed(Closed::NotYours));
    stand.guard(&east_handler(), case, lend).await.unwrap();
    let number = stand.page(case).await.number;
    let eyes = Viewer::Staff(police.clone(), stand.clock.now());
    let page = stand.store.case(&stand.pack, &eyes, &number).await.unwrap().unwrap();
    assert_eq!(page.rights.sees.contact, domain::pack::Sight::Full);
    assert_eq!(page.text("narrative"), None, "the identity, not the story");
    let later = Viewer::Staff(police.clone(), after(&stand, 25));
    let page = stand.store.case(&stand.pack, &later, &number).await.unwrap().unwrap();
    assert_eq!(page.rights.sees.contact, domain::pack::Sight::Masked);
}

async fn a_reveal_is_remembered_before_it_is_shown(stand: Stand) {
    let case = ready(&stand).await;
    let handler = who(&east_handler());
    let eyes = (&handler, stand.clock.now());
    let shown = stand.store.reveal(&stand.pack, eyes, case, (1, "contact_phone")).await.unwrap();
    assert_eq!(shown.unwrap().text, PHONE);
    let deeds = stand.store.deeds(&stand.pack, &handler, &Whose::Account(11), None).await.unwrap();
    let lines = deeds.unwrap().lines;
    assert_eq!((lines[0].kind.as_str(), lines[0].detail.as_str()), ("revealed", "contact_phone"));
    for actor in [east_leader(), west_handler(), city_visitor()] {
        let someone = who(&actor);
        let eyes = (&someone, stand.clock.now());
        let seen = stand.store.reveal(&stand.pack, eyes, case, (1, "narrative")).await.unwrap();
        assert_eq!(seen, None, "{actor:?}");
    }
}

async fn insiders_are_proposed(stand: Stand) {
    let case = ready(&stand).await;
    let account = async |name: &str, place: &str| {
        let new = store::NewAccount {
            username: format!("u{}", name.len() + place.len() * 31),
            password: String::new(),
            name: name.to_owned(),
            unit: place.to_owned(),
            roles: Vec::new(),
        };
        stand.store.create_account(new).await.unwrap()
    };
    let same = account("欧阳如意", unit::WEST).await;
    let stranger = account("诸葛亮", unit::EAST_TOWN).await;
    let leader = who(&east_leader());
    let proposals = async |staff: &Staff| {
        let eyes = (staff, stand.clock.now());
        let all = stand.store.exclusion_proposals(&stand.pack, eyes, case).await.unwrap();
        all.into_iter().map(|i| (i.account, i.ground)).collect::<Vec<_>>()
    };
    assert_eq!(proposals(&who(&east_reviewer())).await, [(same, Ground::SameName)]);
    // A leader does not see who it is, and is not told by way of a colleague.
    assert_eq!(proposals(&leader).await, [(same, Ground::Perhaps)]);
    assert!(stranger > 0);
    assert!(proposals(&who(&east_police())).await.is_empty());
    stand.guard(&east_leader(), case, Change::Bar(Barred::Person(same))).await.unwrap();
    assert!(proposals(&leader).await.is_empty());
}

/// An account for somebody of this name in a unit.
async fn employ(stand: &Stand, name: &str, unit: &str) -> i64 {
    let new = store::NewAccount {
        username: format!("{name}@{unit}"),
        password: String::new(),
        name: name.to_owned(),
        unit: unit.to_owned(),
        roles: Vec::new(),
    };
    stand.store.create_account(new).await.unwrap()
}

async fn proposed(stand: &Stand, case: CaseId) -> Vec<(i64, Ground)> {
    let reviewer = who(&east_reviewer());
    let eyes = (&reviewer, stand.clock.now());
    let all = stand.store.exclusion_proposals(&stand.pack, eyes, case).await.unwrap();
    all.into_iter().map(|i| (i.account, i.ground)).collect()
}

/// The unit that somebody complains of, and the town in which a namesake works.
async fn who_works_for_it_or_near_it_is_proposed(stand: Stand) {
    let police = &stand.pack.units.get(unit::EAST_POLICE).unwrap().short;
    let appeal = Appeal::new("1302", "反映情况")
        .with("narrative", &format!("{police}的人不肯受理"))
        .with("contact_name", "林小荷");
    let case = handling(&stand, &appeal).await;
    let officer = employ(&stand, "赵大", unit::EAST_POLICE).await;
    let near = employ(&stand, "林二", unit::EAST_TOWN).await;
    // Neither a namesake who works for the whole county or elsewhere, nor another name nearby.
    for (name, unit) in [("林三", unit::EAST), ("林四", unit::WEST_TOWN), ("王五", unit::EAST_TOWN)]
    {
        employ(&stand, name, unit).await;
    }
    let found = [(officer, Ground::SameUnit), (near, Ground::SameVillage)];
    assert_eq!(proposed(&stand, case).await, found);
}

/// Whoever came last into a large city is no less kin.
async fn the_newest_of_many_is_proposed_too(stand: Stand) {
    let case = ready(&stand).await;
    let many = "INSERT INTO accounts (username, password, name, unit, roles, active)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         SELECT 'u' || i, '', 'n', 'wf-9901', '[]', 1 FROM n";
    crate::raw::run(&stand, many).await;
    let kin = employ(&stand, "欧阳如意", unit::WEST).await;
    assert_eq!(stand.store.accounts().await.unwrap().len(), 1_001);
    assert_eq!(proposed(&stand, case).await, [(kin, Ground::SameName)]);
}
