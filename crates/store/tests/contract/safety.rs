//! What keeps people safe, in whole lives of an appeal: the contact plan, danger asked again,
//! alarms, papers that expire, duties of the law, withdrawal.

use crate::{cast::*, raw};
use domain::{
    case::{Actor, CaseId, Fact, is_running},
    refusal::{Bar, Refusal},
};
use jiff::SignedDuration;
use testkit::{Appeal, Stand, actor, unit};

testkit::both!(
    a_contact_outside_the_plan_is_refused,
    a_plan_replaces_the_one_before,
    whoever_must_not_be_contacted_is_not,
    red_starts_a_day_and_tells_the_supervisor,
    every_asking_is_kept,
    emergency_words_page_the_duty_desk,
    a_paper_alarms_once_at_each_threshold,
    a_warning_alarms_and_its_breach_is_red,
    a_safety_plan_is_looked_at_again_and_kept_from_those_who_see_a_part,
    what_needs_protection_is_forwarded_with_consent_or_a_duty,
    a_child_waits_for_no_answer_before_the_report,
    an_incapable_adult_in_danger_is_reported,
    nobody_suspected_consents,
    a_withdrawal_in_danger_needs_somebody_new,
);

/// On weekdays from nine to eleven by telephone.
fn mornings(appeal: Appeal) -> Appeal {
    let days = ["1", "2", "3", "4", "5"];
    let appeal = days.into_iter().fold(appeal, |a, day| a.also("contact_days", day));
    appeal.with("contact_ways", "phone").with("contact_from", "9:00").with("contact_until", "11:00")
}

async fn messages(stand: &Stand, code: &str) -> Vec<String> {
    let sql = "SELECT message, unit FROM outbox ORDER BY id";
    let all = raw::rows(stand, sql).await;
    all.into_iter().filter(|m| m[0] == code).map(|m| m[1].clone()).collect()
}

async fn a_contact_outside_the_plan_is_refused(stand: Stand) {
    let case = visiting(&stand, &mornings(Appeal::new("1302", "只在上午"))).await;
    let by = |way| [("try_channel", way)];
    let visit = [("attitude", "5"), ("result", "5"), ("visit_note", "满意")];
    stand.clock.set("2025-03-07T11:00+08:00");
    for (action, fields) in [("try_contact", &by("phone")[..]), ("record_visit", &visit[..])] {
        let (why, allowed) = bar(stand.try_act(&city_visitor(), case, action, fields).await);
        let Bar::Contact { until, plan } = why else { panic!("{action}: {why:?}") };
        // Friday at eleven is over; Monday at nine is next.
        assert_eq!(until, Some(at("2025-03-10T09:00+08:00")), "{action}");
        assert_eq!(plan.hours(), Some((540, 660)));
        assert!(allowed.contains(&"set_contact".to_owned()), "{allowed:?}");
    }
    stand.clock.set("2025-03-10T10:00+08:00");
    let visited = stand.try_act(&city_visitor(), case, "try_contact", &by("visit")).await;
    assert!(matches!(bar(visited).0, Bar::Contact { until: None, .. }), "a visit is no call");
    stand.act(&city_visitor(), case, "try_contact", &by("phone")).await;
    // Whoever calls us is not held off by their own plan.
    stand.clock.set("2025-03-10T20:00+08:00");
    let called = [&visit[..], &[("reach_way", "incoming")]].concat();
    stand.act(&city_visitor(), case, "record_visit", &called).await;
    assert_eq!(stand.page(case).await.case.state, "closed");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_plan_replaces_the_one_before(stand: Stand) {
    let opened = stand.open(&mornings(Appeal::new("1302", "换个时间"))).await.done.case;
    let me = Actor::Appellant(opened);
    stand.act(&operator(), opened, "register", &[("category", "1302")]).await;
    stand.clock.set("2025-03-03T20:00+08:00");
    let note = [("note", "电话里说好了")];
    let shut = stand.try_act(&operator(), opened, "contact", &note).await;
    assert!(matches!(bar(shut).0, Bar::Contact { .. }));
    let evening = [
        ("no_contact", "no"),
        ("contact_from", "19:00"),
        ("contact_until", "21:00"),
        ("code_word", "图书到期"),
    ];
    stand.act(&me, opened, "set_contact", &evening).await;
    stand.act(&operator(), opened, "contact", &note).await;
    let page = stand.page(opened).await;
    assert!(page.case.flags.contains("contact_words"), "a plan with words is to be read");
    assert!(page.case.coded["contact_ways"].all().is_empty(), "the old ways are gone");
    let facts = raw::rows(&stand, "SELECT facts, by FROM entries").await;
    assert!(facts.iter().all(|f| !f[0].contains("图书到期")), "words stay sealed");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn whoever_must_not_be_contacted_is_not(stand: Stand) {
    let appeal = Appeal::new("1302", "不要联系我").with("no_contact", "yes");
    let case = handling(&stand, &appeal).await;
    assert!(stand.page(case).await.case.flags.contains("unsafe_contact"));
    let note = [("note", "打过电话"), ("reach_way", "letter")];
    let refused = stand.try_act(&east_handler(), case, "contact", &note).await;
    let (Bar::Contact { until, plan }, _) = bar(refused) else { panic!("no contact plan") };
    assert!(until.is_none() && plan.is_never());
    // The case still comes to its end, without a visit.
    stand.act(&east_handler(), case, "submit_reply", &REPLY).await;
    stand.act(&east_reviewer(), case, "approve_unsafe", &[("reason", "本人要求")]).await;
    assert_eq!(stand.page(case).await.case.state, "closed");
}

const REPLY: [(&str, &str); 2] = [("answer", "已经办好"), ("outcome", "resolved")];

async fn red_starts_a_day_and_tells_the_supervisor(stand: Stand) {
    let case = stand.open(&Appeal::new("0101", "离婚")).await.done.case;
    stand.act(&operator(), case, "register", &[("category", "0101")]).await;
    assert_eq!(messages(&stand, "red_alert").await, Vec::<String>::new());
    stand.act(&operator(), case, "assess", &[("risk", "choking=yes")]).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.grade, "red");
    let day = stand.clock.now() + SignedDuration::from_hours(24);
    assert_eq!(page.case.clocks["reach"].due(), day);
    assert_eq!(messages(&stand, "red_alert").await, [unit::CITY], "the unit above the hotline");
    // Red goes straight to the one who handles it, papers after.
    stand.act(&operator(), case, "urgent", &[]).await;
    let page = stand.page(case).await;
    assert_eq!((page.case.state.as_str(), page.case.unit.as_str()), ("handling", unit::EAST));
    assert!(is_running(&page.case.clocks["reach"]), "the day does not begin anew");
    // Only a supervisor lowers a grade.
    let lower = [("grade", "yellow"), ("reason", "核实无危险")];
    let (why, _) = bar(stand.try_act(&east_handler(), case, "lower_grade", &lower).await);
    assert_eq!(why, Bar::Role);
    let (why, _) = bar(stand.try_act(&east_handler(), case, "raise_grade", &lower).await);
    assert_eq!(why, Bar::Grade);
    stand.act(&east_handler(), case, "contact", &[("note", "已接通")]).await;
    assert!(!is_running(&stand.page(case).await.case.clocks["reach"]));
    stand.act(&east_leader(), case, "lower_grade", &lower).await;
    assert_eq!(stand.page(case).await.case.grade, "yellow");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn every_asking_is_kept(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "问了又问")).await;
    let handler = east_handler();
    let asked = [("risk", "control=yes"), ("risk", "jealous=unknown"), ("risk", "choking=no")];
    stand.act(&handler, case, "assess", &asked).await;
    let first = stand.page(case).await.case.clocks["reassess"].due();
    stand.clock.advance_hours(30);
    let contact = [("note", "又问了一次"), ("risk", "weapon_used=yes"), ("risk", "control=yes")];
    stand.act(&handler, case, "contact", &contact).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.grade, "red");
    let again = page.case.clocks["reassess"].due();
    assert_eq!(again, stand.clock.now() + SignedDuration::from_hours(72), "red: three days");
    assert!(again != first);
    let versions: Vec<_> = page
        .entries
        .iter()
        .flat_map(|e| e.facts.iter().map(move |f| (e.at, f)))
        .filter_map(|(at, fact)| match fact {
            Fact::Graded { grade, yes, unknown, decisive, .. } => {
                Some((at, grade.as_str(), yes.len(), unknown.len(), decisive.join(" ")))
            }
            _ => None,
        })
        .collect();
    assert_eq!(versions.len(), 2, "{versions:?}");
    assert!(versions[0].0 < versions[1].0);
    assert_eq!((versions[0].2, versions[0].3), (1, 1));
    assert_eq!((versions[1].1, versions[1].4.as_str()), ("red", "weapon_used"));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn emergency_words_page_the_duty_desk(stand: Stand) {
    let quiet = stand.open(&Appeal::new("1302", "想咨询抚养费")).await.done.case;
    assert!(!stand.page(quiet).await.case.flags.contains("emergency"));
    let case = stand.open(&Appeal::new("1302", "他说要 杀我")).await.done.case;
    let page = stand.page(case).await;
    assert!(page.case.flags.contains("emergency"));
    let soon = stand.clock.now() + SignedDuration::from_mins(30);
    assert_eq!(page.case.clocks["emergency"].due(), soon);
    assert_eq!(messages(&stand, "emergency").await, [unit::HOTLINE]);
    stand.act(&operator(), case, "emergency_seen", &[("note", "已联动110")]).await;
    let page = stand.page(case).await;
    assert!(!page.case.flags.contains("emergency") && !is_running(&page.case.clocks["emergency"]));
    // What is added later is heard as well.
    let more = [("narrative", "我不想活了")];
    stand.act(&Actor::Appellant(case), case, "supplement", &more).await;
    assert!(stand.page(case).await.case.flags.contains("emergency"));
    assert_eq!(messages(&stand, "emergency").await.len(), 2);
    // What a program brings in is marked, and calls nobody.
    let old = Appeal::new("1302", "去年有人自杀").by(&Actor::System).imported("旧系统", "1");
    let old = stand.open(&old).await.done.case;
    assert!(stand.page(old).await.case.flags.contains("emergency"));
    assert_eq!(messages(&stand, "emergency").await.len(), 2);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_paper_alarms_once_at_each_threshold(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "保护令")).await;
    let handler = east_handler();
    let order = |issued, expires| {
        [
            ("order_number", "（2025）人保令1号"),
            ("order_issued", issued),
            ("order_expires", expires),
            ("paper_issuer", "东区人民法院"),
        ]
    };
    let long = order("2025-03-03", "2025-12-03");
    let refused = stand.try_act(&handler, case, "record_order", &long).await;
    assert_eq!(refusal(refused), Refusal::OverLimit { what: "milestone_days", max: 184 });
    let crossed = order("2025-03-03", "2025-03-01");
    let refused = stand.try_act(&handler, case, "record_order", &crossed).await;
    assert_eq!(refusal(refused), Refusal::DatesCross("order_expires".to_owned()));
    stand.act(&handler, case, "record_order", &order("2025-03-03", "2025-04-14")).await;
    let told = async || messages(&stand, "milestone_due").await.len();
    for (now, expected) in [
        ("2025-03-14T23:59+08:00", 0),
        ("2025-03-15T00:00+08:00", 1),
        ("2025-03-15T12:00+08:00", 1),
        // The program slept through the second threshold and the third: one word is enough.
        ("2025-04-08T12:00+08:00", 2),
        ("2025-04-13T12:00+08:00", 2),
        ("2025-04-14T08:00+08:00", 3),
        ("2025-04-20T08:00+08:00", 3),
    ] {
        stand.clock.set(now);
        stand.tick().await;
        stand.tick().await;
        assert_eq!(told().await, expected, "{now}");
    }
    let page = stand.page(case).await;
    assert_eq!(page.case.open_tasks().filter(|t| t.kind == "milestone").count(), 1);
    stand.act(&handler, case, "follow_milestone", &[("note", "已申请延长")]).await;
    // An expired order cannot be broken; its renewal can, and that is red.
    let breach = [("note", "又来骚扰")];
    assert_eq!(bar(stand.try_act(&handler, case, "order_breached", &breach).await).0, Bar::Kind);
    stand.act(&handler, case, "record_order", &order("2025-04-14", "2025-10-13")).await;
    stand.act(&handler, case, "order_breached", &breach).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.grade, "red");
    assert!(page.case.milestones[1].breached && !page.case.milestones[0].breached);
    assert!(messages(&stand, "red_alert").await.contains(&unit::CITY.to_owned()));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Made with a date on which it is looked at again; then the unit is told, and owes a new one.
async fn a_safety_plan_is_looked_at_again_and_kept_from_those_who_see_a_part(stand: Stand) {
    let handler = east_handler();
    let plan = |made, review| {
        [
            ("safety_plan", "夜里从后门走，证件放在姐姐家"),
            ("safe_place", "小荷三号"),
            ("plan_made", made),
            ("plan_review", review),
        ]
    };
    let soon = plan("2025-03-03", "2025-03-20");
    let lamp = handling(&stand, &Appeal::new("1302", "路灯")).await;
    let refused = bar(stand.try_act(&handler, lamp, "plan_safety", &soon).await);
    assert_eq!(refused.0, Bar::Kind, "where nothing is to be feared there is no plan");
    let case = handling(&stand, &Appeal::new("0201", "家里不安全")).await;
    let late = plan("2025-03-03", "2025-05-03");
    let refused = stand.try_act(&handler, case, "plan_safety", &late).await;
    assert_eq!(refusal(refused), Refusal::OverLimit { what: "milestone_days", max: 31 });
    stand.act(&handler, case, "plan_safety", &soon).await;
    let owed = async || {
        stand.page(case).await.case.open_tasks().filter(|t| t.kind == "plan_review").count()
    };
    for (now, told) in [("2025-03-16T23:59+08:00", 0), ("2025-03-17T00:00+08:00", 1)] {
        stand.clock.set(now);
        stand.tick().await;
        assert_eq!(messages(&stand, "plan_review").await.len(), told, "{now}");
        assert_eq!(owed().await, told, "{now}");
    }
    stand.act(&handler, case, "review_plan", &plan("2025-03-17", "2025-04-10")).await;
    assert_eq!(owed().await, 0);
    stand.clock.set("2025-03-21T09:00+08:00");
    stand.tick().await;
    assert_eq!(messages(&stand, "plan_review").await.len(), 1, "the old date is gone");
    // Who sees how to reach her in part sees nothing of where she is safe, and no fact tells it.
    let invited = [("units", unit::EAST_POLICE), ("instruction", "协助")];
    stand.act(&handler, case, "invite", &invited).await;
    for (who, seen) in [(&handler, true), (&east_police(), false), (&city_leader(), false)] {
        let Actor::Staff(staff) = who else { panic!("staff") };
        let viewer = domain::access::Viewer::Staff(staff.clone(), stand.clock.now());
        let page = stand.store.case_by_id(&stand.pack, &viewer, case).await.unwrap().unwrap();
        assert_eq!(page.text("safe_place").is_some(), seen, "{staff:?}");
        assert_eq!(page.text("safety_plan").is_some(), seen, "{staff:?}");
    }
    let own = domain::access::Viewer::Appellant(case);
    let page = stand.store.case_by_id(&stand.pack, &own, case).await.unwrap().unwrap();
    assert_eq!(page.text("safe_place"), None, "nor whoever holds her receipt");
    let facts = raw::rows(&stand, "SELECT facts, by FROM entries").await;
    assert!(facts.iter().all(|f| !f[0].contains("小荷三号")));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// The person is asked for each body anew; what she does not agree to rests on a duty, in words.
async fn what_needs_protection_is_forwarded_with_consent_or_a_duty(stand: Stand) {
    let case = stand.open(&Appeal::new("0201", "转给谁")).await.done.case;
    stand.act(&operator(), case, "register", &[("category", "0201")]).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    let to = [("body", "市公安局"), ("reason", "依法由其处理")];
    assert_eq!(bar(stand.try_act(&triage(), case, "forward", &to).await).0, Bar::Kind);
    let with = |sharing| [to[0], ("sharing", sharing), to[1]];
    let refused = bar(stand.try_act(&triage(), case, "forward_protected", &with("refused")).await);
    assert!(matches!(refused.0, Bar::Field), "{refused:?}");
    // It cannot be left out, so the answer for one body is none for the next.
    let asked = &stand.pack.workflows["appeal"].action("forward_protected").unwrap().fields;
    assert!(asked.iter().any(|f| f.code == "sharing" && f.required));
    stand.act(&triage(), case, "forward_protected", &with("agreed")).await;
    assert_eq!(stand.page(case).await.case.state, "forwarded");
    stand.act(&triage(), case, "forward_back", &[("reason", "不归他们管")]).await;
    stand.act(&triage(), case, "forward_protected", &with("duty")).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.coded["sharing"].one(), "duty");
    assert_eq!(page.case.documents.len(), 2, "each has its letter");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_warning_alarms_and_its_breach_is_red(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "告诫书")).await;
    let handler = east_handler();
    let breach = [("note", "又动手了")];
    let early = stand.try_act(&handler, case, "warning_breached", &breach).await;
    assert_eq!(bar(early).0, Bar::Kind, "there is no warning yet");
    let warning = [
        ("warning_number", "东公告字〔2025〕1号"),
        ("warning_issued", "2025-03-03"),
        ("warning_expires", "2025-04-14"),
        ("paper_issuer", "东区公安分局"),
    ];
    stand.act(&handler, case, "record_warning", &warning).await;
    let told = async || messages(&stand, "milestone_due").await.len();
    for (now, expected) in [
        ("2025-03-14T23:59+08:00", 0),
        ("2025-03-15T00:00+08:00", 1),
        ("2025-03-31T08:00+08:00", 2),
        ("2025-04-07T08:00+08:00", 3),
    ] {
        stand.clock.set(now);
        stand.tick().await;
        assert_eq!(told().await, expected, "{now}");
    }
    assert!(stand.page(case).await.case.open_tasks().any(|t| t.kind == "milestone"));
    stand.act(&handler, case, "warning_breached", &breach).await;
    let page = stand.page(case).await;
    assert_eq!((page.case.grade.as_str(), page.case.milestones[0].breached), ("red", true));
    assert!(messages(&stand, "red_alert").await.contains(&unit::CITY.to_owned()));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_child_waits_for_no_answer_before_the_report(stand: Stand) {
    let case = child(&stand, "1001").await;
    let page = stand.page(case).await;
    assert!(page.case.owed.contains("report"));
    assert_eq!(messages(&stand, "report_due").await, [unit::HOTLINE], "owed from the first second");
    let (why, allowed) = bar(stand.try_act(&east_handler(), case, "submit_reply", &REPLY).await);
    assert_eq!(why, Bar::Duty);
    assert!(allowed.contains(&"file_report".to_owned()), "{allowed:?}");
    let overdue = messages(&stand, "overdue").await.len();
    stand.clock.advance_hours(1);
    stand.tick().await;
    assert!(messages(&stand, "overdue").await.len() > overdue, "half an hour has passed");
    let report = [
        ("found_on", "2025-03-03"),
        ("found_at", "9:05"),
        ("report_to", "police"),
        ("report_receipt", "东公接字1号"),
    ];
    stand.act(&east_handler(), case, "file_report", &report).await;
    let page = stand.page(case).await;
    assert!(page.case.met.contains("report") && !is_running(&page.case.clocks["report"]));
    stand.act(&east_handler(), case, "recall", &[("reason", "已当面会商")]).await;
    stand.act(&east_handler(), case, "submit_reply", &REPLY).await;

    // What danger questions bring to light shuts the way as well; a leader may say why not.
    let other = handling(&stand, &Appeal::new("1302", "问出来的")).await;
    stand.act(&east_handler(), other, "assess", &[("risk", "children_elders=yes")]).await;
    let shut = stand.try_act(&east_handler(), other, "submit_reply", &REPLY).await;
    assert_eq!(bar(shut).0, Bar::Duty);
    let reason = [("reason", "受害人是成年父母，已另行处理")];
    let own = stand.try_act(&east_handler(), other, "waive_report", &reason).await;
    assert_eq!(bar(own).0, Bar::Role);
    stand.act(&east_leader(), other, "waive_report", &reason).await;
    stand.act(&east_handler(), other, "submit_reply", &REPLY).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn an_incapable_adult_in_danger_is_reported(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "婆婆神志不清")).await;
    let asked = |answer| [("risk", answer), ("victim", "incapable")];
    stand.act(&east_handler(), case, "assess", &asked("control=no")).await;
    assert!(!stand.page(case).await.case.owed.contains("report"), "nobody harms her");
    stand.act(&east_handler(), case, "assess", &asked("control=yes")).await;
    assert!(stand.page(case).await.case.owed.contains("report"));
    let shut = stand.try_act(&east_handler(), case, "submit_reply", &REPLY).await;
    assert_eq!(bar(shut).0, Bar::Duty);
    let report = [
        ("found_on", "2025-03-03"),
        ("found_at", "9:05"),
        ("report_to", "civil"),
        ("report_receipt", "东民接字1号"),
    ];
    stand.act(&east_handler(), case, "file_report", &report).await;
    stand.act(&east_handler(), case, "submit_reply", &REPLY).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// In the hands of the eastern county, dispatched by rule.
async fn child(stand: &Stand, category: &str) -> CaseId {
    let case = stand.open(&Appeal::new(category, "孩子身上有伤")).await.done.case;
    stand.act(&operator(), case, "register", &[("category", category)]).await;
    stand.act(&operator(), case, "urgent", &[]).await;
    case
}

async fn nobody_suspected_consents(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "孩子还小")).await;
    let handler = east_handler();
    let young = [("risk", "control=no"), ("victim", "under_14")];
    stand.act(&handler, case, "assess", &young).await;
    assert!(stand.page(case).await.case.owed.contains("guardian"));
    let consent = |who| [("consent_by", who), ("note", "当面说明")];
    let nobody = stand.try_act(&handler, case, "record_consent", &consent("mother")).await;
    assert_eq!(bar(nobody).0, Bar::Suspect, "nobody knows yet who is suspected");
    let known = [&consent("father")[..], &[("suspected", "father"), ("suspected", "grandparent")]];
    let father = stand.try_act(&handler, case, "record_consent", &known.concat()).await;
    assert_eq!(bar(father).0, Bar::Suspect);
    let known = [&consent("mother")[..], &[("suspected", "father"), ("suspected", "grandparent")]];
    stand.act(&handler, case, "record_consent", &known.concat()).await;
    let page = stand.page(case).await;
    assert!(page.case.met.contains("guardian"));
    // What is known of suspicion stays known.
    let later = stand.try_act(&handler, case, "record_consent", &consent("grandparent")).await;
    assert_eq!(bar(later).0, Bar::Suspect);

    let other = handling(&stand, &Appeal::new("1302", "监护人有嫌疑")).await;
    stand.act(&handler, other, "assess", &young).await;
    let basis = [("legal_basis", "emergency"), ("reason", "监护人涉嫌侵害")];
    stand.act(&handler, other, "record_basis", &basis).await;
    assert!(
        stand.page(other).await.case.owed.is_empty()
            || !stand.page(other).await.case.owed.contains("guardian")
    );
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_withdrawal_in_danger_needs_somebody_new(stand: Stand) {
    // A divorce that turned out to be dangerous: the category alone would not say so.
    let appeal = Appeal::new("0101", "想撤回").with("contact_ways", "visit").by(&operator());
    let case = stand.open(&appeal).await.done.case;
    let register = [("category", "0101"), ("risk", "control=yes")];
    stand.act(&operator(), case, "register", &register).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    stand.act(&Actor::Appellant(case), case, "request_withdrawal", &[]).await;
    assert_eq!(messages(&stand, "withdrawal_check").await, [unit::HOTLINE]);
    let plain = stand.try_act(&triage(), case, "confirm_withdrawal", &[("note", "同意")]).await;
    assert_eq!(bar(plain).0, Bar::Kind);
    let talk = |way, alone| [("reach_way", way), ("alone", alone), ("safety_check", "单独谈过")];
    let took = actor(1, unit::HOTLINE, "triage");
    let check = "confirm_withdrawal_checked";
    let same = stand.try_act(&took, case, check, &talk("visit", "yes")).await;
    assert_eq!(bar(same).0, Bar::SamePerson, "the one who took the call");
    let near = stand.try_act(&triage(), case, check, &talk("visit", "no")).await;
    assert_eq!(bar(near).0, Bar::Field, "somebody else was in the room");
    let call = stand.try_act(&triage(), case, check, &talk("phone", "yes")).await;
    assert!(matches!(bar(call).0, Bar::Contact { .. }), "the plan holds for the check as well");
    stand.act(&triage(), case, check, &talk("visit", "yes")).await;
    assert_eq!(stand.page(case).await.case.state, "closed");

    let kept = stand.open(&Appeal::new("0201", "被逼着撤回")).await.done.case;
    stand.act(&Actor::Appellant(kept), kept, "request_withdrawal", &[]).await;
    stand.act(&triage(), kept, "keep_after_check", &[("safety_check", "不是自愿")]).await;
    assert!(!stand.page(kept).await.case.flags.contains("withdrawal"));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

fn at(instant: &str) -> jiff::Timestamp {
    instant.parse().unwrap()
}
