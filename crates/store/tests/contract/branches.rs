//! The ways of an appeal beside the main road: each keeps its rule, and says so to whoever breaks it.

use crate::cast::*;
use domain::{
    case::{Actor, CaseId, Staff, is_running},
    refusal::Bar,
};
use jiff::Timestamp;
use testkit::{Appeal, Stand, actor, unit};

testkit::both!(
    nobody_of_the_handling_unit_visits,
    tries_of_an_earlier_round_do_not_count,
    after_two_returns_the_leader_decides,
    the_deadline_of_a_partner_is_kept,
    what_is_forwarded_waits_for_its_receipt,
    whoever_stays_anonymous_is_answered_and_closed,
    an_answer_on_the_spot_is_checked_by_another,
    a_supervision_is_answered_in_its_own_time,
    the_second_dissatisfaction_ends_with_a_review,
    a_refusal_is_approved_by_another,
);

async fn state(stand: &Stand, case: CaseId) -> String {
    stand.page(case).await.case.state
}

const RESULT: [(&str, &str); 3] = [("attitude", "4"), ("result", "5"), ("visit_note", "已解决")];
const UNHAPPY: [(&str, &str); 3] = [("attitude", "2"), ("result", "1"), ("visit_note", "没办")];
const REPLY: [(&str, &str); 2] = [("answer", "已经办好"), ("outcome", "resolved")];

/// Whoever signed or answered does not visit, in whatever role, nor does anybody of that unit.
async fn nobody_of_the_handling_unit_visits(stand: Stand) {
    let case = assigned(&stand, &Appeal::new("1302", "请独立回访"), unit::CITY).await;
    let (handler, reviewer) = (actor(7, unit::CITY, "handler"), actor(8, unit::CITY, "reviewer"));
    stand.act(&handler, case, "sign", &[]).await;
    reply(&stand, case, &handler, &reviewer).await;
    let visitor = actor(9, unit::HOTLINE, "visitor");
    for day in 4..7 {
        stand.clock.set(&format!("2025-03-{day:02}T10:00+08:00"));
        stand.act(&visitor, case, "try_contact", &[("try_channel", "phone")]).await;
    }
    let roles = ["handler", "visitor"].map(str::to_owned).to_vec();
    let himself = Actor::Staff(Staff { account: 7, unit: unit::CITY.to_owned(), roles });
    let colleague = city_visitor();
    let ways: [(&str, &[(&str, &str)]); 4] = [
        ("try_contact", &[("try_channel", "phone")]),
        ("record_visit", &RESULT),
        ("visit_dissatisfied", &UNHAPPY),
        ("close_unreachable", &[]),
    ];
    for (action, fields) in ways {
        let refused = stand.try_act(&himself, case, action, fields).await;
        assert_eq!(bar(refused).0, Bar::SamePerson, "{action}");
        let refused = stand.try_act(&colleague, case, action, fields).await;
        assert_eq!(bar(refused).0, Bar::SameUnit, "{action}");
    }
    stand.act(&visitor, case, "close_unreachable", &[]).await;
    assert_eq!(state(&stand, case).await, "closed");
}

async fn tries_of_an_earlier_round_do_not_count(stand: Stand) {
    let case = visiting(&stand, &Appeal::new("1302", "第一次打不通")).await;
    let try_on = async |day: u8| {
        stand.clock.set(&format!("2025-03-{day:02}T10:00+08:00"));
        stand.act(&city_visitor(), case, "try_contact", &[("try_channel", "phone")]).await;
    };
    for day in 4..7 {
        try_on(day).await;
    }
    // Then she is reached after all, and is not satisfied: the city handles it now.
    stand.act(&city_visitor(), case, "visit_dissatisfied", &UNHAPPY).await;
    let (handler, reviewer) = (actor(7, unit::CITY, "handler"), actor(8, unit::CITY, "reviewer"));
    reply(&stand, case, &handler, &reviewer).await;
    let visitor = actor(9, unit::HOTLINE, "visitor");
    let early = stand.try_act(&visitor, case, "close_unreachable", &[]).await;
    assert_eq!(bar(early).0, Bar::TooFewDays);
    for day in 7..10 {
        let early = stand.try_act(&visitor, case, "close_unreachable", &[]).await;
        assert_eq!(bar(early).0, Bar::TooFewDays, "{day}");
        stand.clock.set(&format!("2025-03-{day:02}T10:00+08:00"));
        stand.act(&visitor, case, "try_contact", &[("try_channel", "phone")]).await;
    }
    stand.act(&visitor, case, "close_unreachable", &[]).await;
    assert_eq!(state(&stand, case).await, "closed");
}

async fn after_two_returns_the_leader_decides(stand: Stand) {
    let case = assigned(&stand, &Appeal::new("1302", "谁都说不是自己的"), unit::EAST).await;
    let back = [("return_reason", "not_ours"), ("reason", "不属于本单位职责")];
    stand.act(&east_handler(), case, "return", &back).await;
    stand.act(&dispatcher(), case, "redispatch", &[("unit", unit::WEST)]).await;
    stand.act(&west_handler(), case, "return", &back).await;
    for (who, action, fields) in
        [(dispatcher(), "redispatch", &[("unit", unit::EAST)][..]), (triage(), "retriage", &[])]
    {
        let (why, _) = bar(stand.try_act(&who, case, action, fields).await);
        assert_eq!(why, Bar::TooOften, "{action}");
    }
    let fields = [("unit", unit::WEST), ("instruction", "由西部区承办")];
    stand.act(&city_leader(), case, "direct", &fields).await;
    // What the leader has given is not sent back.
    let (why, allowed) = bar(stand.try_act(&west_handler(), case, "return", &back).await);
    assert!(matches!(why, Bar::TooOften | Bar::Kind), "{why:?}");
    assert!(allowed.contains(&"sign".to_owned()), "{allowed:?}");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// A transfer comes with a number and a day of its own, which no clock of ours moves.
async fn the_deadline_of_a_partner_is_kept(stand: Stand) {
    let call = Appeal::new("1302", "热线转来")
        .with("channel", "transfer_12345")
        .with("external_number", "ZB20250303-0042")
        .with("external_due", "2025-03-07")
        .by(&operator());
    let case = stand.open(&call).await.done.case;
    let end: Timestamp = "2025-03-08T00:00+08:00".parse().unwrap();
    assert_eq!(stand.page(case).await.case.clocks["external"].due(), end);
    let viewer = testkit::viewer(1, unit::HOTLINE, "operator");
    let found = stand.store.search(&stand.pack, &viewer, "ZB20250303-0042", 9).await.unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.case.id).collect::<Vec<_>>(), [case]);
    stand.act(&operator(), case, "register", &[("category", "1302")]).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    stand.act(&dispatcher(), case, "dispatch_to", &[("unit", unit::EAST)]).await;
    stand.act(&east_handler(), case, "sign", &[]).await;
    assert_eq!(stand.page(case).await.case.clocks["external"].due(), end, "nothing moved it");
    stand.clock.set("2025-03-10T18:00+08:00");
    assert!(stand.tick().await >= 1);
    let overdue =
        crate::raw::rows(&stand, "SELECT unit FROM outbox WHERE message LIKE '%overdue%'");
    assert!(!overdue.await.is_empty(), "those above are told");
    let past = Appeal::new("1302", "期限已过")
        .with("channel", "transfer_12345")
        .with("external_due", "2025-03-09")
        .by(&operator());
    assert!(stand.try_open(&past).await.is_err());
}

async fn what_is_forwarded_waits_for_its_receipt(stand: Stand) {
    let case = to_triage(&stand, &Appeal::new("1302", "属于法院的事"), "1302").await;
    let letter = [("body", "court"), ("reason", "诉讼中的事项")];
    stand.act(&triage(), case, "forward", &letter).await;
    let result = [("answer", "法院已立案"), ("outcome", "legal_route")];
    let early = stand.try_act(&triage(), case, "forward_result", &result).await;
    assert_eq!(bar(early).0, Bar::TooFewDays, "nobody has signed for it");
    stand.act(&triage(), case, "forward_back", &[("reason", "管辖不符")]).await;
    assert_eq!(state(&stand, case).await, "triage");
    stand.act(&triage(), case, "forward", &letter).await;
    stand.act(&triage(), case, "forward_receipt", &[("note", "立案庭已签收")]).await;
    stand.act(&triage(), case, "forward_result", &result).await;
    let reviewer = actor(8, unit::CITY, "reviewer");
    stand.act(&reviewer, case, "rework_forwarded", &[("reason", "写明案号")]).await;
    assert_eq!(state(&stand, case).await, "forwarded");
    stand.act(&triage(), case, "forward_result", &result).await;
    stand.act(&reviewer, case, "approve_reply", &[]).await;
    assert_eq!(state(&stand, case).await, "visiting");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn whoever_stays_anonymous_is_answered_and_closed(stand: Stand) {
    let appeal = Appeal::new("1302", "不愿留名")
        .with("anonymous", "yes")
        .with("contact_name", "")
        .with("contact_phone", "");
    let case = handling(&stand, &appeal).await;
    stand.act(&east_handler(), case, "submit_reply", &REPLY).await;
    let nobody = stand.try_act(&east_reviewer(), case, "approve_reply", &[]).await;
    assert_eq!(bar(nobody).0, Bar::Kind, "there is nobody to visit");
    stand.act(&east_reviewer(), case, "approve_without_visit", &[]).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.state, "closed");
    assert!(!page.case.clocks.values().any(is_running));
    let papers: Vec<&str> = page.case.documents.iter().rev().take(2).map(String::as_str).collect();
    assert_eq!(papers, ["closing_report", "answer_letter"]);
}

async fn an_answer_on_the_spot_is_checked_by_another(stand: Stand) {
    let both = ["operator", "triage"].map(str::to_owned).to_vec();
    let one = Staff { account: 1, unit: unit::HOTLINE.to_owned(), roles: both };
    let answered = async || {
        let case = stand.open(&Appeal::new("0101", "当场能答")).await.done.case;
        stand.act(&operator(), case, "register", &[("category", "0101")]).await;
        stand.act(&operator(), case, "answer_on_spot", &[("answer", "可以去民政局办理")]).await;
        case
    };
    let case = answered().await;
    for (action, fields) in
        [("spot_check_passed", &[][..]), ("spot_check_failed", &[("reason", "答错了")])]
    {
        let own = stand.try_act(&Actor::Staff(one.clone()), case, action, fields).await;
        assert_eq!(bar(own).0, Bar::SamePerson, "{action}");
    }
    stand.act(&triage(), case, "spot_check_failed", &[("reason", "答错了")]).await;
    assert_eq!(state(&stand, case).await, "triage");
    let case = answered().await;
    stand.act(&triage(), case, "spot_check_passed", &[]).await;
    assert_eq!(state(&stand, case).await, "closed");
    let case = answered().await;
    let end = stand.page(case).await.case.clocks["spot_check"].due();
    stand.clock.set(&end.to_string());
    stand.tick().await;
    assert_eq!(state(&stand, case).await, "closed", "the period is over");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_supervision_is_answered_in_its_own_time(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "办得太慢")).await;
    let order = |level| [("level", level), ("instruction", "三日内说明进展")];
    let hasty = stand.try_act(&city_leader(), case, "supervise", &order("notice")).await;
    assert_eq!(bar(hasty).0, Bar::TooFewDays, "they are chased first");
    stand.act(&city_leader(), case, "chase", &[("instruction", "请抓紧")]).await;
    let page = stand.page(case).await;
    assert!(
        page.case.open_tasks().all(|t| t.kind != "supervision")
            && !page.case.flags.contains("supervised")
    );
    assert_ne!(page.case.documents.last().map(String::as_str), Some("supervision_order"));
    let hasty = stand.try_act(&city_leader(), case, "supervise", &order("interview")).await;
    assert_eq!(bar(hasty).0, Bar::Rung, "a notice comes before the interview");
    stand.act(&city_leader(), case, "supervise", &order("notice")).await;
    let page = stand.page(case).await;
    let task = page.case.open_tasks().find(|t| t.kind == "supervision").unwrap();
    assert_eq!(task.unit, unit::EAST);
    let due = task.clock.due();
    // Monday and three working days, in the hours of winter.
    assert_eq!(due, "2025-03-06T17:30+08:00".parse::<Timestamp>().unwrap());
    assert!(page.case.flags.contains("supervised"));
    assert_eq!(page.case.documents.last().map(String::as_str), Some("supervision_order"));
    let said = [("feedback", "本周内办结")];
    assert!(stand.try_act(&west_handler(), case, "answer_supervision", &said).await.is_err());
    stand.act(&east_handler(), case, "answer_supervision", &said).await;
    let page = stand.page(case).await;
    assert!(page.case.open_tasks().all(|t| t.kind != "supervision"));
    let hasty = stand.try_act(&city_leader(), case, "supervise", &order("report")).await;
    assert_eq!(bar(hasty).0, Bar::Rung);
    for level in ["notice", "interview", "report"] {
        stand.act(&city_leader(), case, "supervise", &order(level)).await;
    }
    let page = stand.page(case).await;
    assert_eq!(page.case.documents.iter().filter(|d| *d == "supervision_order").count(), 4);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn the_second_dissatisfaction_ends_with_a_review(stand: Stand) {
    let case = visiting(&stand, &Appeal::new("1302", "两次都不满意")).await;
    stand.act(&city_visitor(), case, "visit_dissatisfied", &UNHAPPY).await;
    let (handler, reviewer) = (actor(7, unit::CITY, "handler"), actor(8, unit::CITY, "reviewer"));
    reply(&stand, case, &handler, &reviewer).await;
    let visitor = actor(9, unit::HOTLINE, "visitor");
    let again = stand.try_act(&visitor, case, "visit_dissatisfied", &UNHAPPY).await;
    assert_eq!(bar(again).0, Bar::TooOften);
    let roles = ["handler", "leader"].map(str::to_owned).to_vec();
    let answered = Actor::Staff(Staff { account: 7, unit: unit::CITY.to_owned(), roles });
    let why = [("reason", "诉求已依法处理完毕")];
    let own = stand.try_act(&answered, case, "final_review", &why).await;
    assert_eq!(bar(own).0, Bar::SamePerson);
    stand.act(&city_leader(), case, "final_review", &why).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.state, "closed");
    assert_eq!(page.case.documents.last().map(String::as_str), Some("closing_report"));
}

async fn a_refusal_is_approved_by_another(stand: Stand) {
    let case = to_triage(&stand, &Appeal::new("1302", "不归这里管"), "1302").await;
    let why = [("reason", "属于诉讼事项"), ("where_to_go", "区人民法院立案庭")];
    let roles = ["triage", "leader"].map(str::to_owned).to_vec();
    let both = Actor::Staff(Staff { account: 2, unit: unit::CITY.to_owned(), roles });
    stand.act(&both, case, "propose_refusal", &why).await;
    let own = stand.try_act(&both, case, "confirm_refusal", &[]).await;
    assert_eq!(bar(own).0, Bar::SamePerson);
    stand.act(&city_leader(), case, "decline_refusal", &[("reason", "应当受理")]).await;
    assert_eq!(state(&stand, case).await, "triage");
    stand.act(&triage(), case, "propose_refusal", &why).await;
    stand.act(&city_leader(), case, "confirm_refusal", &[]).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.state, "closed");
    assert_eq!(page.case.documents.last().map(String::as_str), Some("reject_notice"));
}
