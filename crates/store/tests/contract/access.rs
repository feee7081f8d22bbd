//! Who sees what, through every question of the store.

use crate::{
    cast::*,
    erasure::{grant, wish},
};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff},
    pack::Sight,
    rights::{REASON, Right, WISH, Wish},
    secrecy::Change,
};
use store::{Address, Audience, CasePage, DeskFilter, No, db::WriteError};
use testkit::{Appeal, Stand, staff, unit, viewer};

testkit::both!(
    another_county_sees_nothing,
    an_agency_sees_its_task,
    a_leader_sees_the_outline,
    the_hotline_sees_its_own,
    a_task_shows_the_task,
    a_receipt_shows_the_own_words_and_the_answer,
    lists_below_are_for_those_who_lead,
    who_reported_is_sealed_from_those_who_handle_it,
    what_lies_at_the_hotline_is_lent_by_the_city,
    a_relative_is_kept_apart_who_asks_for_it,
    a_correction_of_a_reporter_tells_nobody,
);

pub const PHONE: &str = "10000007788";

pub fn appeal() -> Appeal {
    Appeal::new("0201", "丈夫酒后动手")
        .with("narrative", "昨晚喝酒以后摔了碗筷")
        .with("contact_name", "欧阳如意")
        .with("contact_phone", PHONE)
        .with("safe_contact", "只在上午打电话")
        .file("伤情照片.jpg", "image/jpeg", b"bytes")
}

/// Signed for by the eastern county, with answers about danger, a file and a staff note.
pub async fn ready(stand: &Stand) -> CaseId {
    let case = stand.open(&appeal()).await.done.case;
    let fields = [("category", "0201"), ("risk", "control=yes"), ("risk", "pregnant=unknown")];
    stand.act(&operator(), case, "register", &fields).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    stand.act(&dispatcher(), case, "dispatch", &[]).await;
    stand.act(&east_handler(), case, "sign", &[]).await;
    stand.act(&east_handler(), case, "note", &[("note", "邻居证实听到争吵")]).await;
    case
}

/// Whether the viewer meets the case in any of the questions.
pub async fn meets(stand: &Stand, who: &Staff, case: CaseId) -> [bool; 6] {
    let (store, pack) = (&stand.store, &stand.pack);
    let eyes = testkit::eyes(who.clone());
    let number = stand.page(case).await.number;
    let now = stand.clock.now();
    let desk = store.desk(pack, who, now, &DeskFilter::default()).await.unwrap();
    [
        store.case(pack, &eyes, &number).await.unwrap().is_some(),
        store
            .search(pack, &eyes, "酒后动手", 10)
            .await
            .unwrap()
            .hits
            .iter()
            .any(|h| h.case.id == case),
        store
            .search(pack, &eyes, &number, 10)
            .await
            .unwrap()
            .hits
            .iter()
            .any(|h| h.case.id == case),
        store.same_phone(pack, &eyes, PHONE).await.unwrap().iter().any(|p| p.id == case),
        desk.cases.iter().any(|c| c.case.id == case) || desk.next.is_some(),
        store.notices(pack, who, now).await.unwrap().iter().any(|m| m.case == case),
    ]
}

async fn another_county_sees_nothing(stand: Stand) {
    let case = ready(&stand).await;
    for role in ["handler", "reviewer", "leader", "county_visitor", "statistician"] {
        let western = staff(31, unit::WEST, role);
        assert_eq!(meets(&stand, &western, case).await, [false; 6], "{role}");
        let eyes = testkit::eyes(western.clone());
        assert_eq!(stand.store.file(&stand.pack, &eyes, (case, 1, 0)).await.unwrap(), None);
        let act = stand.try_act(&Actor::Staff(western), case, "note", &[("note", "记")]).await;
        assert_eq!(act, Err(WriteError::Refused(No::NotFound)), "{role}");
    }
    // The answers for a case that does not exist are the same.
    let act = stand.try_act(&west_handler(), 99_999, "note", &[("note", "记")]).await;
    assert_eq!(act, Err(WriteError::Refused(No::NotFound)));
    let handler = staff(11, unit::EAST, "handler");
    assert_eq!(meets(&stand, &handler, case).await, [true; 6]);
    assert!(stand.seen(&Viewer::Public, case).await.is_none());
    assert!(stand.seen(&viewer(8, unit::CITY, "system_admin"), case).await.is_none());
}

async fn an_agency_sees_its_task(stand: Stand) {
    let case = ready(&stand).await;
    let police = staff(41, unit::EAST_POLICE, "agency");
    let justice = staff(42, unit::EAST_JUSTICE, "agency");
    assert_eq!(meets(&stand, &justice, case).await, [false; 6]);
    let page = stand.seen(&testkit::eyes(police.clone()), case).await.unwrap();
    assert_eq!(page.text("summary"), Some("丈夫酒后动手"));
    assert_eq!(page.text("contact_name"), Some("欧某某"));
    assert_eq!(page.text("contact_phone"), Some("100****7788"));
    assert_eq!(page.text("narrative"), None);
    assert_eq!(page.text("safe_contact"), None);
    let now = stand.clock.now();
    let filter = DeskFilter::default();
    let desk = stand.store.desk(&stand.pack, &police, now, &filter).await.unwrap();
    assert_eq!(desk.cases[0].task.as_deref(), Some("co"));
    // Found by what may be seen of it, not by what is hidden.
    let eyes = testkit::eyes(police.clone());
    let search = async |words: &str| {
        stand.store.search(&stand.pack, &eyes, words, 10).await.unwrap().hits.len()
    };
    assert_eq!((search("酒后动手").await, search("摔了碗筷").await), (1, 0));
    let invite = [("units", unit::EAST_JUSTICE), ("instruction", "请协助")];
    stand.act(&east_handler(), case, "invite", &invite).await;
    assert!(stand.seen(&testkit::eyes(justice), case).await.is_some());
}

async fn a_leader_sees_the_outline(stand: Stand) {
    let case = ready(&stand).await;
    let page = stand.seen(&viewer(13, unit::EAST, "leader"), case).await.unwrap();
    assert_eq!(page.text("summary"), Some("丈夫酒后动手"));
    assert_eq!(page.text("contact_name"), Some("欧某某"));
    for hidden in ["narrative", "contact_phone", "safe_contact", "note"] {
        assert_eq!(page.text(hidden), None, "{hidden}");
        assert!(page.entries.iter().any(|e| e.hidden.iter().any(|h| h == hidden)), "{hidden}");
    }
    assert_eq!(page.sees.evidence, Sight::None);
    assert_no_danger(&page);
    assert!(page.files.is_empty());
    let city = staff(5, unit::CITY, "leader");
    let found =
        stand.store.search(&stand.pack, &testkit::eyes(city), "酒后动手", 9).await.unwrap().hits;
    assert!(found[0].case.risk_yes.is_empty() && !found[0].case.coded.contains_key("risk"));

    let whole = stand.seen(&viewer(11, unit::EAST, "handler"), case).await.unwrap();
    // Who it is shows in part until it is asked for; how to reach her safely is of use only whole.
    assert_eq!(whole.text("contact_name"), Some("欧某某"));
    assert_eq!(whole.text("contact_phone"), Some("100****7788"));
    assert_eq!(whole.text("safe_contact"), Some("只在上午打电话"));
    let number = stand.page(case).await.number;
    let handler = viewer(11, unit::EAST, "handler");
    let clear = stand.store.case_in_clear(&stand.pack, &handler, &number).await.unwrap();
    assert_eq!(clear.unwrap().text("contact_name"), Some("欧阳如意"));
    let leader = viewer(13, unit::EAST, "leader");
    assert!(stand.store.case_in_clear(&stand.pack, &leader, &number).await.unwrap().is_none());
    assert_eq!(whole.case.risk_yes, ["control"]);
    assert_eq!(whole.files[0].name, "伤情照片.jpg");
    // Who may not open a file is not told its name either.
    let dispatcher = stand.seen(&viewer(3, unit::HOTLINE, "dispatcher"), case).await.unwrap();
    assert_eq!((dispatcher.files.len(), dispatcher.files[0].name.as_str()), (1, ""));
    let statistics = stand.seen(&viewer(15, unit::EAST, "statistician"), case).await.unwrap();
    assert!(statistics.entries.iter().all(|e| e.texts.is_empty()));
}

/// Whole while it lies at their desk or when they wrote it down themselves; afterwards enough to
/// recognise whoever calls again, and nothing to reveal.
async fn the_hotline_sees_its_own(stand: Stand) {
    let case = stand.open(&appeal().by(&operator())).await.done.case;
    let phone = async |account: i64| {
        let who = staff(account, unit::HOTLINE, "operator");
        let eyes = (&who, stand.clock.now());
        let shown = stand.store.reveal(&stand.pack, eyes, case, (1, "contact_phone")).await;
        shown.unwrap().map(|r| r.text)
    };
    let whole = Some(PHONE.to_owned());
    assert_eq!((phone(1).await, phone(9).await), (whole.clone(), whole.clone()), "at their desk");
    let fields = [("category", "0201"), ("risk", "control=yes")];
    stand.act(&operator(), case, "register", &fields).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    stand.act(&dispatcher(), case, "dispatch", &[]).await;
    assert_eq!((phone(1).await, phone(9).await), (whole, None), "passed on");
    for role in ["operator", "triage"] {
        let past = stand.seen(&viewer(9, unit::HOTLINE, role), case).await.unwrap();
        assert_eq!(past.text("contact_name"), Some("欧某某"));
        assert_eq!(past.text("contact_phone"), Some("100****7788"));
        assert_eq!((past.text("narrative"), past.files.len()), (None, 0));
        assert_no_danger(&past);
        // Whoever calls again is recognised by the number that the operator types.
        let eyes = viewer(9, unit::HOTLINE, role);
        assert_eq!(stand.store.same_phone(&stand.pack, &eyes, PHONE).await.unwrap().len(), 1);
    }
}

/// Who owes a part of a case sees the part.
async fn a_task_shows_the_task(stand: Stand) {
    let case = ready(&stand).await;
    let invite = [("units", unit::EAST_TOWN), ("instruction", "请上门看看")];
    stand.act(&east_handler(), case, "invite", &invite).await;
    for role in ["handler", "assistant"] {
        let page = stand.seen(&viewer(22, unit::EAST_TOWN, role), case).await.unwrap();
        assert_eq!(page.text("summary"), Some("丈夫酒后动手"), "{role}");
        assert_eq!(page.text("contact_name"), Some("欧某某"));
        for hidden in ["narrative", "contact_phone", "safe_contact"] {
            assert_eq!(page.text(hidden), None, "{role} {hidden}");
        }
        assert!(page.files.is_empty());
    }
}

/// Neither the case nor its history says what was answered about danger.
fn assert_no_danger(page: &CasePage) {
    assert!(page.case.risk_yes.is_empty());
    let all = format!("{:?} {:?}", page.case, page.entries);
    assert!(!all.contains("control") && !all.contains("pregnant"), "{all}");
}

async fn a_receipt_shows_the_own_words_and_the_answer(stand: Stand) {
    let case = ready(&stand).await;
    let person =
        [("person_role", "respondent"), ("person_name", "钱某"), ("person_phone", "10000009999")];
    stand.act(&east_handler(), case, "add_person", &person).await;
    let appellant = Actor::Appellant(case);
    stand.act(&appellant, case, "supplement", &[("narrative", "今天又来敲门")]).await;
    let draft = [("answer", "初稿：不予处理"), ("outcome", "explained")];
    stand.act(&east_police(), case, "give_opinion", &[("opinion", "已训诫")]).await;
    stand.act(&east_handler(), case, "submit_reply", &draft).await;

    let eyes = Viewer::Appellant(case);
    let own = async || stand.seen(&eyes, case).await.unwrap();
    let page = own().await;
    assert_eq!(page.text("summary"), Some("丈夫酒后动手"));
    assert_eq!(page.text("contact_name"), Some("欧阳如意"));
    assert_eq!(page.text("safe_contact"), Some("只在上午打电话"));
    assert_eq!(page.text("narrative"), Some("今天又来敲门"));
    for theirs in ["note", "person_name", "person_phone", "opinion", "answer"] {
        assert_eq!(page.text(theirs), None, "{theirs}");
        assert!(page.entries.iter().all(|e| e.hidden.is_empty()));
    }
    stand.act(&east_reviewer(), case, "rework", &[("reason", "语气生硬")]).await;
    reply(&stand, case, &east_handler(), &east_reviewer()).await;
    let page = own().await;
    assert_eq!(page.text("answer"), Some("已上门调解并落实帮扶"));
    assert_eq!(page.text("reason"), None);
    let all = format!("{:?}", page.entries.iter().map(|e| &e.texts).collect::<Vec<_>>());
    assert!(!all.contains("初稿"), "a draft that was sent back is no answer");

    let other = stand.open(&appeal()).await.done.case;
    assert!(stand.seen(&eyes, other).await.is_none());
    let act = stand.try_act(&appellant, other, "supplement", &[("narrative", "冒名")]).await;
    assert_eq!(act, Err(WriteError::Refused(No::NotFound)));
}

async fn lists_below_are_for_those_who_lead(stand: Stand) {
    let case = assigned(&stand, &Appeal::new("1302", "镇上的件"), unit::EAST_TOWN).await;
    let below = DeskFilter { unit: Some(unit::EAST_TOWN.to_owned()), ..DeskFilter::default() };
    let look = async |who: Staff| {
        let now = stand.clock.now();
        stand.store.desk(&stand.pack, &who, now, &below).await.unwrap()
    };
    assert_eq!(look(staff(13, unit::EAST, "leader")).await.cases[0].case.id, case);
    assert_eq!(look(staff(21, unit::EAST_TOWN, "handler")).await.cases[0].case.id, case);
    for who in [staff(11, unit::EAST, "handler"), staff(33, unit::WEST, "leader")] {
        let page = look(who).await;
        assert!(page.cases.is_empty() && page.next.is_none());
    }
}

/// What tells who reported: none of it may reach those who handle the case.
const TELLS: [&str; 5] = ["欧", "7788", PHONE, "只在上午", "图书到期"];

/// Reported by a neighbour, in the hands of the eastern county, where the police have a part in it.
async fn reported(stand: &Stand) -> CaseId {
    let neighbour = appeal().with("relation", "neighbour").with("code_word", "图书到期");
    let case = stand.open(&neighbour).await.done.case;
    stand.act(&operator(), case, "register", &[("category", "0201")]).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    stand.act(&dispatcher(), case, "dispatch", &[]).await;
    stand.act(&east_handler(), case, "sign", &[]).await;
    case
}

async fn revealed(stand: &Stand, actor: &Actor, case: CaseId, field: &str) -> Option<String> {
    let Actor::Staff(staff) = actor else { panic!("staff") };
    let seen = (staff, stand.clock.now());
    let shown = stand.store.reveal(&stand.pack, seen, case, (1, field)).await.unwrap();
    shown.map(|r| r.text)
}

async fn who_reported_is_sealed_from_those_who_handle_it(stand: Stand) {
    let desk = stand.open(&appeal().with("relation", "worker")).await.done.case;
    let field = "reporter.contact_phone";
    let own = stand.seen(&viewer(1, unit::HOTLINE, "operator"), desk).await.unwrap();
    assert_eq!((own.text(field), own.text("contact_phone")), (Some("100****7788"), None));
    assert_eq!(revealed(&stand, &operator(), desk, field).await.as_deref(), Some(PHONE));

    let case = reported(&stand).await;
    assert!(!stand.page(case).await.case.anonymous, "somebody said who they are");
    for actor in [east_handler(), east_leader(), east_police(), city_visitor(), dispatcher()] {
        let Actor::Staff(staff) = &actor else { panic!("staff") };
        let eyes = testkit::eyes(staff.clone());
        let page = stand.seen(&eyes, case).await.unwrap();
        let all = format!("{:?}", page.entries);
        for word in TELLS {
            assert!(!all.contains(word), "{actor:?} reads {word}: {all}");
        }
        for field in ["contact_phone", field] {
            assert_eq!(revealed(&stand, &actor, case, field).await, None, "{actor:?} {field}");
        }
        // Nobody tries a name or a number on the case either.
        for typed in [PHONE, "欧阳如意", "ouyang"] {
            let hits = stand.store.search(&stand.pack, &eyes, typed, 9).await.unwrap();
            assert!(
                hits.hits.iter().all(|hit| hit.case.id != case),
                "{actor:?} finds it by {typed}"
            );
        }
        let near = stand.store.same_phone(&stand.pack, &eyes, PHONE).await.unwrap();
        assert!(near.iter().all(|one| one.id != case), "{actor:?}");
    }
    let reviewer = stand.seen(&viewer(12, unit::EAST, "reviewer"), case).await.unwrap();
    assert_eq!(
        reviewer.text("reporter.contact_name"),
        Some("欧某某"),
        "in part, as the table says"
    );
    assert_eq!(
        revealed(&stand, &east_reviewer(), case, field).await,
        Some("100****7788".to_owned())
    );

    // Whoever must call back is lent it by a second person.
    stand.guard(&east_handler(), case, Change::AskIdentity).await.unwrap();
    stand.guard(&east_reviewer(), case, Change::Lend { account: 11 }).await.unwrap();
    assert_eq!(revealed(&stand, &east_handler(), case, field).await.as_deref(), Some(PHONE));
    stand.clock.advance_hours(25);
    assert_eq!(revealed(&stand, &east_handler(), case, field).await, None, "for a while");

    let person = stand.seen(&Viewer::Appellant(case), case).await.unwrap();
    assert_eq!(person.text("reporter.contact_name"), Some("欧阳如意"), "her own words");
    // Whoever is named later as the one who reported is kept apart as well; a witness is not.
    let add =
        |role| [("person_role", role), ("person_name", "诸葛知"), ("person_phone", "10000006655")];
    stand.act(&operator(), desk, "add_person", &add("reporter")).await;
    assert_eq!(stand.page(desk).await.text("reporter.person_name"), Some("诸葛知"));
    stand.act(&operator(), desk, "add_person", &add("witness")).await;
    assert_eq!(stand.page(desk).await.text("person_name"), Some("诸葛知"));
    // The program still writes to whoever reported, and reads the plan before it does.
    let phone = "10000005544";
    let leak = Appeal::new("1302", "楼上漏水").with("relation", "neighbour");
    stand.open(&leak.with("contact_phone", phone)).await;
    let (now, lease) = (stand.clock.now(), jiff::SignedDuration::from_hours(1));
    let claimed = stand.store.claim_messages(Audience::Persons, now, lease, 50).await.unwrap();
    let mut told = Vec::new();
    for message in &claimed {
        let letter = stand.store.letter(&stand.pack, now, message).await.unwrap();
        told.extend(letter.ok().map(|letter| letter.to));
    }
    assert_eq!(told, [Address::Phone(phone.to_owned())]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// A case that lies at the hotline is lent by those above it: the city's leader has a row for that.
async fn what_lies_at_the_hotline_is_lent_by_the_city(stand: Stand) {
    let case = stand.open(&appeal().with("relation", "neighbour")).await.done.case;
    let field = "reporter.contact_phone";
    assert_eq!(revealed(&stand, &city_visitor(), case, field).await, None);
    stand.guard(&city_visitor(), case, Change::AskIdentity).await.unwrap();
    let Actor::Staff(asker) = city_visitor() else { panic!("staff") };
    let lend = Change::Lend { account: asker.account };
    for own in [operator(), triage(), dispatcher(), city_visitor()] {
        assert!(stand.guard(&own, case, lend.clone()).await.is_err(), "{own:?} lends");
    }
    let Actor::Staff(leader) = city_leader() else { panic!("staff") };
    let told = stand.store.notices(&stand.pack, &leader, stand.clock.now()).await.unwrap();
    assert!(told.iter().any(|m| m.message == "identity_asked" && m.case == case), "{told:?}");
    stand.guard(&city_leader(), case, lend).await.unwrap();
    assert_eq!(revealed(&stand, &city_visitor(), case, field).await.as_deref(), Some(PHONE));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Most relatives are guardians who must be reached; one who asks for it is kept apart.
async fn a_relative_is_kept_apart_who_asks_for_it(stand: Stand) {
    for (relation, apart) in [("relative", false), ("relative_apart", true)] {
        let case = stand.open(&appeal().with("relation", relation)).await.done.case;
        let page = stand.page(case).await;
        assert_eq!(page.text("contact_phone").is_none(), apart, "{relation}");
        assert_eq!(page.text("reporter.contact_phone").is_some(), apart, "{relation}");
        stand.act(&operator(), case, "register", &[("category", "0201")]).await;
        stand.act(&operator(), case, "to_triage", &[]).await;
        stand.act(&dispatcher(), case, "dispatch", &[]).await;
        stand.act(&east_handler(), case, "sign", &[]).await;
        let seen = stand.seen(&viewer(11, unit::EAST, "handler"), case).await.unwrap();
        let all = format!("{:?}", seen.entries);
        assert_eq!(all.contains("7788"), !apart, "{relation}: {all}");
    }
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_correction_of_a_reporter_tells_nobody(stand: Stand) {
    let case = reported(&stand).await;
    let ask = Wish::Ask { right: Right::Correct, field: Some("contact_phone".to_owned()) };
    let texts = [("wanted.contact_phone", "10000004321"), (WISH, "换了号码")];
    wish(&stand, &Actor::Appellant(case), case, (ask, &texts)).await.unwrap();
    let handler = staff(11, unit::EAST, "handler");
    let eyes = (&handler, stand.clock.now());
    let compared = stand.store.compare(&stand.pack, eyes, (case, 1)).await.unwrap().unwrap();
    assert_eq!((compared.old.as_str(), compared.new.as_str()), ("", ""));
    wish(&stand, &east_handler(), case, (grant(1), &[(REASON, "已核实")])).await.unwrap();
    assert_eq!(stand.page(case).await.text("reporter.contact_phone"), Some("10000004321"));
    let page = stand.seen(&viewer(11, unit::EAST, "handler"), case).await.unwrap();
    assert!(!format!("{:?}", page.entries).contains("4321"));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
