//! Whole lives of an appeal, looked at after every step: state, unit, clocks, lists, counts,
//! documents, messages.

use crate::{cast::*, raw};
use domain::{
    access::Viewer,
    case::{Actor, Case, CaseId, Staff, is_running},
    refusal::Bar,
};
use testkit::{Appeal, Stand, unit};

testkit::both!(the_full_round, a_hotline_call, danger_is_dispatched_at_once);

/// What must be true of the only case after a step.
struct After<'a> {
    state: &'a str,
    unit: &'a str,
    running: &'a [&'a str],
    tasks: &'a [(&'a str, &'a str)],
    messages: &'a [(&'a str, &'a str)],
    documents: &'a [&'a str],
}

impl Default for After<'_> {
    fn default() -> Self {
        Self {
            state: "",
            unit: unit::HOTLINE,
            running: &[],
            tasks: &[],
            messages: &[],
            documents: &[],
        }
    }
}

/// Compares, and counts messages and documents from the last call on.
struct Story<'a> {
    stand: &'a Stand,
    case: CaseId,
    messages: usize,
    documents: usize,
}

impl Story<'_> {
    async fn step(&mut self, who: &Actor, action: &str, fields: &[(&str, &str)], after: After<'_>) {
        self.stand.clock.advance_hours(1);
        self.stand.act(who, self.case, action, fields).await;
        self.check(action, &after).await;
    }

    async fn check(&mut self, step: &str, after: &After<'_>) {
        let case = self.stand.page(self.case).await.case;
        assert_eq!((case.state.as_str(), case.unit.as_str()), (after.state, after.unit), "{step}");
        let running: Vec<&str> = case
            .clocks
            .values()
            .filter(|c| is_running(c))
            .map(domain::clock::Clock::code)
            .collect();
        assert_eq!(running, after.running, "clocks after {step}");
        assert_eq!(case.documents[self.documents..], *after.documents, "documents of {step}");
        self.documents = case.documents.len();
        self.check_lists(step, after, &case).await;
        let sql = "SELECT message, unit FROM outbox ORDER BY id";
        let all = raw::rows(self.stand, sql).await;
        let new: Vec<(&str, &str)> =
            all[self.messages..].iter().map(|m| (m[0].as_str(), m[1].as_str())).collect();
        assert_eq!(new, after.messages, "messages of {step}");
        self.messages = all.len();
        assert_eq!(self.stand.troubles().await, Vec::<String>::new(), "{step}");
    }

    /// The case stands in the list of its unit, of every unit above, of those who owe a task, and of
    /// whoever took it, and nowhere else; and so it is counted.
    async fn check_lists(&self, step: &str, after: &After<'_>, case: &Case) {
        let pack = &self.stand.pack;
        let covering: Vec<&str> = pack.units.upward(after.unit).map(|u| u.code.as_str()).collect();
        let mut lists: Vec<Vec<String>> = covering
            .iter()
            .map(|u| {
                let above = if *u == after.unit { "" } else { "^" };
                vec![(*u).to_owned(), format!("{above}appeal:{}", after.state)]
            })
            .chain(after.tasks.iter().map(|(u, k)| vec![(*u).to_owned(), format!("~appeal:{k}")]))
            .chain(
                case.owner
                    .filter(|_| case.is_open(pack))
                    .map(|account| vec![after.unit.to_owned(), format!("@appeal:{account}")]),
            )
            .collect();
        lists.sort();
        let mut found = raw::rows(self.stand, "SELECT unit, state FROM desk").await;
        found.sort();
        assert_eq!(found, lists, "lists after {step}");

        let mut counted: Vec<Vec<String>> = covering
            .iter()
            .map(|u| vec![format!("appeal:{}", after.state), (*u).to_owned(), "1".to_owned()])
            .collect();
        let flow = self.stand.pack.workflow("appeal").unwrap();
        if flow.state(after.state).unwrap().is_open() {
            let edition = self.stand.pack.edition.clone();
            counted.push(vec!["edition".to_owned(), edition, "1".to_owned()]);
        }
        counted.sort();
        let sql = "SELECT name, unit, CAST(SUM(n) AS BIGINT) FROM counts
                   WHERE name NOT LIKE '%:opened' AND name NOT LIKE 'figure %' AND name <> 'wrapped'
                   GROUP BY name, unit HAVING SUM(n) <> 0";
        let mut found = raw::rows(self.stand, sql).await;
        found.sort();
        assert_eq!(found, counted, "counts after {step}");
    }
}

async fn the_full_round(stand: Stand) {
    let appeal =
        Appeal::new("0503", "房子只写了他一个人的名字").with("narrative", "婚后一起还贷十年");
    let opened = stand.open(&appeal).await;
    let case = opened.done.case;
    assert_eq!((opened.done.seq, opened.done.repeated), (1, false));
    let mut story = Story { stand: &stand, case, messages: 0, documents: 0 };
    let after = After {
        state: "received",
        running: &["register"],
        messages: &[("received", "")],
        ..After::default()
    };
    story.check("opening", &after).await;
    dispatched(&mut story).await;
    first_answer(&mut story).await;
    second_answer(&mut story).await;

    let page = stand.page(case).await;
    assert_eq!(page.number, opened.number);
    assert_eq!(page.version, 17);
    assert_eq!(page.case.handling.as_deref(), Some(unit::EAST));
    let tracked = stand.store.track(&stand.pack, &opened.number, appeal.receipt()).await.unwrap();
    assert_eq!(tracked, Some(case));
    let own = stand.seen(&Viewer::Appellant(case), case).await.unwrap();
    assert_eq!(own.text("answer"), Some("依法分割，已协助申请法律援助"));
}

async fn dispatched(story: &mut Story<'_>) {
    let fields = [("category", "0503")];
    let after = After { state: "registered", running: &["register"], ..After::default() };
    story.step(&operator(), "register", &fields, after).await;
    let after = After { state: "triage", running: &["triage"], ..After::default() };
    story.step(&operator(), "to_triage", &[], after).await;
    let after = After {
        state: "assigned",
        unit: unit::EAST,
        running: &["overall", "sign"],
        tasks: &[(unit::EAST_JUSTICE, "co")],
        messages: &[
            ("task_opened", unit::EAST_JUSTICE),
            ("accepted", ""),
            ("assigned", unit::EAST),
        ],
        documents: &["accept_notice", "dispatch_order"],
    };
    story.step(&dispatcher(), "dispatch", &[("instruction", "请依法办理")], after).await;
    let fields = [("return_reason", "not_ours"), ("reason", "当事人在镇街可以调解")];
    let after = After {
        state: "returned",
        running: &["decide", "overall"],
        messages: &[("returned_by_unit", unit::HOTLINE)],
        ..After::default()
    };
    story.step(&east_handler(), "return", &fields, after).await;
    let after = After {
        state: "assigned",
        unit: unit::EAST_TOWN,
        running: &["overall", "sign"],
        messages: &[("assigned", unit::EAST_TOWN)],
        documents: &["dispatch_order"],
        ..After::default()
    };
    story.step(&dispatcher(), "redispatch", &[("unit", unit::EAST_TOWN)], after).await;
}

async fn first_answer(story: &mut Story<'_>) {
    let at_town = |state: &'static str, running: &'static [&'static str]| After {
        state,
        unit: unit::EAST_TOWN,
        running,
        ..After::default()
    };
    story.step(&town_handler(), "sign", &[], at_town("handling", &["handle", "overall"])).await;
    let fields = [("units", unit::EAST_JUSTICE), ("instruction", "请提供法律意见")];
    let after = After {
        tasks: &[(unit::EAST_JUSTICE, "co")],
        messages: &[("task_opened", unit::EAST_JUSTICE)],
        ..at_town("consulting", &["handle", "overall"])
    };
    story.step(&town_handler(), "invite", &fields, after).await;
    let waiting = story.stand.try_act(&town_handler(), story.case, "gather", &[]).await;
    assert_eq!(bar(waiting).0, Bar::Tasks);
    let after = After {
        messages: &[("task_answered", unit::EAST_TOWN)],
        ..at_town("consulting", &["handle", "overall"])
    };
    let fields = [("opinion", "属于夫妻共同财产")];
    story.step(&east_justice(), "give_opinion", &fields, after).await;
    story.step(&town_handler(), "gather", &[], at_town("handling", &["handle", "overall"])).await;
    let fields = [("answer", "已调解，双方同意加名"), ("outcome", "resolved")];
    let after = at_town("review", &["overall", "review"]);
    story.step(&town_handler(), "submit_reply", &fields, after).await;

    let roles = vec!["handler".to_owned(), "reviewer".to_owned()];
    let myself = Actor::Staff(Staff { account: 21, unit: unit::EAST_TOWN.to_owned(), roles });
    let own = story.stand.try_act(&myself, story.case, "approve_reply", &[]).await;
    assert_eq!(bar(own).0, Bar::SamePerson);
    let after = After {
        state: "visiting",
        unit: unit::EAST,
        running: &["overall", "visit"],
        messages: &[("answered", "")],
        documents: &["answer_letter"],
        ..After::default()
    };
    story.step(&east_reviewer(), "approve_reply", &[], after).await;
}

async fn second_answer(story: &mut Story<'_>) {
    let fields = [("attitude", "3"), ("result", "2"), ("visit_note", "对方没有去办手续")];
    let after = After {
        state: "handling",
        unit: unit::EAST,
        running: &["handle", "overall"],
        messages: &[("reopened", ""), ("assigned", unit::EAST)],
        ..After::default()
    };
    story.step(&east_visitor(), "visit_dissatisfied", &fields, after).await;
    let case = story.stand.page(story.case).await.case;
    assert_eq!(case.handling.as_deref(), Some(unit::EAST), "one level higher answers now");
    assert!(case.flags.contains("reopened"));

    let fields = [("answer", "依法分割，已协助申请法律援助"), ("outcome", "legal_route")];
    let after = After {
        state: "review",
        unit: unit::EAST,
        running: &["overall", "review"],
        ..After::default()
    };
    story.step(&east_handler(), "submit_reply", &fields, after).await;
    let after = After {
        state: "visiting",
        unit: unit::CITY,
        running: &["overall", "visit"],
        messages: &[("answered", "")],
        documents: &["answer_letter"],
        ..After::default()
    };
    story.step(&east_reviewer(), "approve_reply", &[], after).await;
    let fields = [("attitude", "5"), ("result", "4"), ("visit_note", "手续已办")];
    let after = After {
        state: "closed",
        unit: unit::CITY,
        messages: &[("closed", "")],
        documents: &["closing_report"],
        ..After::default()
    };
    story.step(&city_visitor(), "record_visit", &fields, after).await;
    let after = After { state: "archived", unit: unit::CITY, ..After::default() };
    story.step(&archivist(), "archive", &[], after).await;
}

async fn a_hotline_call(stand: Stand) {
    let call = Appeal::new("", "想问离婚怎么分房子")
        .with("channel", "call")
        .by(&operator())
        .then("register", &[("category", "0101"), ("place", unit::WEST_PLACE)]);
    let case = stand.open(&call).await.done.case;
    let page = stand.page(case).await;
    assert_eq!(page.entries.len(), 1, "opened and registered in one entry");
    assert_eq!(page.case.state, "registered");
    assert_eq!((page.case.category.as_str(), page.case.grade.as_str()), ("0101", "yellow"));
    assert_eq!(page.case.place, unit::WEST_PLACE);
    let counted = "SELECT unit, CAST(SUM(n) AS BIGINT) FROM counts
                   WHERE name = 'appeal:opened' GROUP BY unit";
    assert_eq!(raw::rows(&stand, counted).await, [["0101", "1"]]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn danger_is_dispatched_at_once(stand: Stand) {
    let call = Appeal::new("0201", "丈夫拿刀堵在门口")
        .with("channel", "call")
        .by(&operator())
        .then(
            "register",
            &[("category", "0201"), ("risk", "weapon_used=yes"), ("risk", "control=no")],
        )
        .then("urgent", &[]);
    let case = stand.open(&call).await.done.case;
    let page = stand.page(case).await;
    assert_eq!((page.case.grade.as_str(), page.case.state.as_str()), ("red", "handling"));
    assert_eq!(page.case.unit, unit::EAST);
    assert_eq!(page.case.risk_yes, ["weapon_used"]);
    let due = page.case.clocks["handle"].due();
    assert_eq!(due, stand.clock.now() + jiff::SignedDuration::from_hours(24));
    let tasks: Vec<&str> = page.case.open_tasks().map(|t| t.unit.as_str()).collect();
    assert_eq!(tasks, [unit::EAST_POLICE, "civil-990101"]);
    assert_eq!(page.case.documents, ["accept_notice", "dispatch_order"]);
    let told = raw::rows(&stand, "SELECT message, unit FROM outbox ORDER BY id").await;
    assert!(told.contains(&vec!["assigned".to_owned(), unit::EAST.to_owned()]), "{told:?}");
    // Somebody whose case is not red has no such button.
    let quiet = stand.open(&Appeal::new("0101", "咨询")).await.done.case;
    stand.act(&operator(), quiet, "register", &[("category", "0101")]).await;
    let (why, allowed) = bar(stand.try_act(&operator(), quiet, "urgent", &[]).await);
    assert_eq!(why, Bar::Grade);
    assert!(allowed.contains(&"to_triage".to_owned()) && !allowed.contains(&"urgent".to_owned()));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
