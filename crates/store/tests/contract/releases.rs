//! Press texts: true of their numbers when they are signed, and as they were signed ever after.

use crate::{cast::*, figures::told, guard::hire, raw};
use domain::{
    access::Viewer,
    case::{Actor, CaseId},
    figure::AnyAmount,
    guarded::Barred,
    press::{self, Composed, Material, Refused, Setting, Template, Unsayable},
    refusal::{Bar, Refusal},
    secrecy::Change,
};
use store::{Act, DeskFilter, Done, FrozenAt, NewCase, No, Release, db::WriteError};
use testkit::{Appeal, Stand, actor, checked, command_id, step, unit};

testkit::both!(
    a_sentence_changes_with_its_records,
    a_text_that_is_not_true_of_its_numbers_is_not_signed,
    what_was_signed_stays_when_records_change,
    what_is_signed_waits_for_its_hour,
    a_claim_needs_evidence_and_another_person,
    a_correction_stands_beside_what_was_said,
    a_county_tells_no_number_of_another,
    named_readers_alone_know_of_a_sealed_release,
    nothing_is_out_before_its_hour,
    before_its_hour_a_release_is_known_to_those_it_names,
    who_is_kept_out_of_a_record_is_told_no_number_with_it,
    a_forged_list_of_releases_is_found,
);

const TEXT: &str = "今年，全市收到诉求{appeals_received 2025 余1}件，其中城东{appeals_received 2025 wf-990101}件。";

fn press_writer() -> Actor {
    actor(51, unit::CITY, "handler")
}

fn press_checker() -> Actor {
    actor(52, unit::CITY, "reviewer")
}

pub(crate) fn press_leader() -> Actor {
    actor(53, unit::CITY, "leader")
}

fn given(fields: &[(&str, &str)], stand: &Stand, by: &Actor) -> NewCase {
    let uses = &stand.pack.workflow("release").unwrap().opening.fields;
    NewCase {
        command: command_id(),
        actor: by.clone(),
        workflow: "release".to_owned(),
        programme: None,
        given: checked("release", uses, fields),
        then: Vec::new(),
        files: Vec::new(),
        receipt: stand.store.receipt_for(&command_id()),
        imported: None,
    }
}

pub(crate) async fn draft(stand: &Stand, body: &str) -> CaseId {
    draft_for(stand, body, "2025-03-08").await
}

/// A text that goes out on a day.
pub(crate) async fn draft_for(stand: &Stand, body: &str, day: &str) -> CaseId {
    let english = "Appeals this year: {appeals_received 2025 余1}.";
    let english = if body == TEXT { english } else { "" };
    let fields =
        [("title", "今年的诉求"), ("body", body), ("english", english), ("goes_out_on", day)];
    let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let new = given(&fields, stand, &press_writer());
    stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap().done.case
}

pub(crate) async fn try_step(
    stand: &Stand,
    (by, case): (&Actor, CaseId),
    (action, fields): (&str, &[(&str, &str)]),
) -> Result<Done, WriteError<No>> {
    let steps = vec![step("release", action, fields)];
    let act = Act { command: command_id(), actor: by.clone(), case, steps, files: Vec::new() };
    stand.store.act(&stand.pack, stand.clock.now(), act).await
}

pub(crate) async fn does(
    stand: &Stand,
    who: (&Actor, CaseId),
    action: &str,
    fields: &[(&str, &str)],
) {
    let done = try_step(stand, who, (action, fields)).await;
    done.unwrap_or_else(|no| panic!("{action} is refused: {no:?}"));
}

pub(crate) async fn checked_by_another(stand: &Stand, case: CaseId) {
    does(stand, (&press_writer(), case), "submit", &[]).await;
    does(stand, (&press_checker(), case), "check", &[]).await;
}

async fn appeals(stand: &Stand, n: usize) {
    for i in 0..n {
        stand.open(&Appeal::new("1302", &format!("第{i}件"))).await;
    }
}

/// A text as the editor shows it, with the numbers of today.
async fn composed(stand: &Stand, body: &str) -> Result<Composed, Vec<Refused>> {
    let today = stand.pack.date_of(stand.clock.now());
    let template = Template::parse(body).unwrap();
    let numbers = stand
        .store
        .numbers_today((&stand.pack, &Viewer::System), unit::CITY, &template, today)
        .await
        .unwrap();
    let setting = Setting::of(&stand.pack, today);
    press::compose(body, &Material { setting, numbers: &numbers, register: &[] })
}

pub(crate) async fn release(stand: &Stand, case: CaseId) -> Release {
    let number = stand.page(case).await.number;
    let found = stand.store.release(&stand.pack, &Viewer::System, &number).await.unwrap();
    found.unwrap_or_else(|| panic!("no release {number}"))
}

async fn published(stand: &Stand, case: CaseId) -> Option<Release> {
    let number = stand.page(case).await.number;
    stand.store.published(&stand.pack, &number).await.unwrap()
}

pub(crate) fn reasons(refused: Result<Done, WriteError<No>>) -> Vec<Refused> {
    match refusal(refused) {
        Refusal::Press(why) => why,
        other => panic!("another refusal: {other:?}"),
    }
}

async fn a_sentence_changes_with_its_records(stand: Stand) {
    let sentence = "今年收到诉求{appeals_received 2025 余1}件";
    appeals(&stand, 10).await;
    let refused = composed(&stand, sentence).await.unwrap_err();
    let [Refused::Unsayable { why: Unsayable::NotOver { .. }, .. }] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    appeals(&stand, 1).await;
    assert_eq!(composed(&stand, sentence).await.unwrap().text, "今年收到诉求10余件");
    assert_eq!(
        composed(&stand, "今年收到诉求{appeals_received 2025}").await.unwrap().text,
        "今年收到诉求11件"
    );
    appeals(&stand, 10).await;
    assert_eq!(composed(&stand, sentence).await.unwrap().text, "今年收到诉求20余件");
}

async fn a_text_that_is_not_true_of_its_numbers_is_not_signed(stand: Stand) {
    appeals(&stand, 10).await;
    let case = draft(&stand, TEXT).await;
    let own = actor(51, unit::CITY, "reviewer");
    does(&stand, (&press_writer(), case), "submit", &[]).await;
    let refused = try_step(&stand, (&own, case), ("check", &[])).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    let refused = try_step(&stand, (&press_leader(), case), ("sign_now", &[])).await;
    let gone = matches!(refused, Err(WriteError::Refused(No::NotFound)));
    assert!(gone, "nobody has checked it, so it is nothing to whoever signs");
    does(&stand, (&press_checker(), case), "check", &[]).await;
    let why = reasons(try_step(&stand, (&press_leader(), case), ("sign_now", &[])).await);
    let [Refused::Unsayable { why: Unsayable::NotOver { .. }, fits, sentence, .. }] =
        why.as_slice()
    else {
        panic!("{why:?}")
    };
    assert!(sentence.starts_with("今年，全市收到诉求{appeals_received 2025 余1}件"), "{sentence}");
    assert!(fits.iter().any(|(_, words)| words == "10"), "{fits:?}");
    // Nothing was frozen, and the case is where it was.
    let page = stand.page(case).await;
    assert_eq!((page.case.state.as_str(), page.case.frozen.len()), ("checked", 0));
    appeals(&stand, 1).await;
    does(&stand, (&press_leader(), case), "sign_now", &[]).await;
    let release = release(&stand, case).await;
    assert_eq!(release.signed[0].text, "今年，全市收到诉求10余件，其中城东0件。");
    assert_eq!(release.signed[0].english, "Appeals this year: more than 10.");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn what_was_signed_stays_when_records_change(stand: Stand) {
    appeals(&stand, 11).await;
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    does(&stand, (&press_leader(), case), "sign_now", &[]).await;
    let before = release(&stand, case).await.signed.remove(0);
    for _ in 0..10 {
        assigned(&stand, &Appeal::new("1302", "后来的一件"), unit::EAST).await;
    }
    assert_eq!(told(&stand, "appeals_received", unit::CITY, "2025").await, Some(21));
    let after = release(&stand, case).await.signed.remove(0);
    assert_eq!(after, before, "text, numbers and seal are those that were signed");
    assert_eq!(
        published(&stand, case).await.unwrap().signed.as_slice(),
        std::slice::from_ref(&before)
    );
    let today = stand.pack.date_of(stand.clock.now());
    let now = stand
        .store
        .said_today((&stand.pack, &Viewer::System), &before.values, today)
        .await
        .unwrap();
    let counts = |value: &store::FigureValue| value.amount.map(AnyAmount::count);
    let now: Vec<Option<i64>> = now.iter().map(|v| v.as_ref().and_then(counts)).collect();
    let then: Vec<Option<i64>> = before.values.iter().map(|value| value.amount).collect();
    assert_eq!((then, now), (vec![Some(11), Some(0)], vec![Some(21), Some(10)]));
    // The number opens to the records that it was counted from.
    let at = FrozenAt { case, freezing: 0, n: 0 };
    let places: Vec<u64> = (0..20).collect();
    let who = (&*stand.pack, &Viewer::System);
    assert_eq!(stand.store.frozen_records(who, at, &places).await.unwrap().len(), 11);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn what_is_signed_waits_for_its_hour(stand: Stand) {
    appeals(&stand, 11).await;
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    let hour = [("goes_out_on", "2025-03-08"), ("goes_out_at", "10:00")];
    does(&stand, (&press_leader(), case), "sign", &hour).await;
    assert_eq!(release(&stand, case).await.signed.len(), 1);
    assert!(published(&stand, case).await.is_none(), "nobody outside sees it");
    assert!(stand.store.newest_releases(&stand.pack, 10).await.unwrap().is_empty());
    stand.clock.set("2025-03-08T09:59+08:00");
    stand.tick().await;
    assert!(published(&stand, case).await.is_none(), "a minute before its hour");
    // What changes between the signature and the hour changes nothing in the text.
    appeals(&stand, 10).await;
    stand.clock.set("2025-03-08T10:00+08:00");
    stand.tick().await;
    let out = published(&stand, case).await.unwrap();
    assert_eq!(out.signed[0].text, "今年，全市收到诉求10余件，其中城东0件。");
    assert_eq!(out.case.state, "published");
    assert_eq!(stand.store.newest_releases(&stand.pack, 10).await.unwrap().len(), 1);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_claim_needs_evidence_and_another_person(stand: Stand) {
    let case = draft(&stand, "我市率先建成诉求平台，举办活动81场。").await;
    checked_by_another(&stand, case).await;
    let why = reasons(try_step(&stand, (&press_leader(), case), ("sign_now", &[])).await);
    let claims: Vec<&str> = why
        .iter()
        .map(|why| match why {
            Refused::Claim { found, .. } => found.words.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(claims, ["率先", "81场"]);
    does(&stand, (&press_leader(), case), "return", &[("reason", "说法没有依据")]).await;
    for says in ["率先建成诉求平台", "举办活动81场"] {
        let entry = [("says", says), ("evidence", "某妇字〔2025〕3号，2025年2月1日")];
        does(&stand, (&press_writer(), case), "claim", &entry).await;
    }
    checked_by_another(&stand, case).await;
    does(&stand, (&press_leader(), case), "sign_now", &[]).await;
    let release = release(&stand, case).await;
    let claims = &release.signed[0].claims;
    assert_eq!(claims.len(), 2);
    assert!(claims.iter().all(|c| c.checked_by == Some(52) && c.entered_by == 51));
}

async fn a_correction_stands_beside_what_was_said(stand: Stand) {
    appeals(&stand, 11).await;
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    does(&stand, (&press_leader(), case), "sign_now", &[]).await;
    appeals(&stand, 10).await;
    does(&stand, (&press_writer(), case), "correct", &[("reason", "补录了十件")]).await;
    assert_eq!(published(&stand, case).await.unwrap().signed.len(), 1, "it stays readable");
    checked_by_another(&stand, case).await;
    assert_eq!(published(&stand, case).await.unwrap().signed.len(), 1);
    does(&stand, (&press_leader(), case), "sign_now", &[]).await;
    let used = [("used_on", "2025-03-09"), ("used_in", "座谈会讲话"), ("used_words", "诉求20余件")];
    does(&stand, (&press_writer(), case), "used", &used).await;
    let release = release(&stand, case).await;
    let [first, second] = release.signed.as_slice() else { panic!("{:?}", release.signed) };
    assert!(first.text.contains("10余件") && second.text.contains("20余件"));
    assert_eq!(second.reason, "补录了十件");
    let told: Vec<_> = second.edition.differences(&first.edition);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].before.as_str(), told[0].after.as_str()), ("10余", "20余"));
    assert_eq!(release.uses.len(), 1);
    assert_eq!(release.uses[0].place, "座谈会讲话");
    let out = published(&stand, case).await.unwrap();
    assert_eq!(out.signed.len(), 2);
    assert!(out.uses.is_empty(), "where it was used is for the office");
    does(&stand, (&press_leader(), case), "withdraw", &[("reason", "口径有误")]).await;
    let out = published(&stand, case).await.unwrap();
    assert!(out.signed.iter().all(|signed| signed.edition.withdrawn.is_some()));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_county_tells_no_number_of_another(stand: Stand) {
    let body = "今年收到诉求{appeals_received 2025 wf-990121}件";
    let new = given(
        &[("title", "邻县"), ("body", body), ("goes_out_on", "2025-03-08")],
        &stand,
        &east_handler(),
    );
    let case = stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap().done.case;
    does(&stand, (&east_handler(), case), "submit", &[]).await;
    does(&stand, (&press_checker(), case), "check", &[]).await;
    let why = reasons(try_step(&stand, (&press_leader(), case), ("sign_now", &[])).await);
    let [Refused::Misfit(misfit)] = why.as_slice() else { panic!("{why:?}") };
    assert_eq!(misfit.why, press::Why::NoUnit("wf-990121".to_owned()));
}

async fn named_readers_alone_know_of_a_sealed_release(stand: Stand) {
    appeals(&stand, 11).await;
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    let hour = [("goes_out_on", "2025-03-08"), ("goes_out_at", "10:00")];
    does(&stand, (&press_leader(), case), "sign", &hour).await;
    let number = stand.page(case).await.number;
    let sees = async |who: Actor| {
        let viewer = Viewer::of(&who, stand.clock.now());
        stand.store.release(&stand.pack, &viewer, &number).await.unwrap().is_some()
    };
    let stranger = || actor(61, unit::CITY, "reviewer");
    let leader = actor(62, unit::CITY, "leader");
    assert!(!sees(stranger()).await, "of the office, but without a part in it");
    assert!(sees(leader).await, "it waits for the leaders of the office");
    hire(&stand, &[press_writer(), press_checker(), press_leader()]).await;
    let Actor::Staff(named) = press_checker() else { panic!("staff") };
    stand.guard(&press_leader(), case, Change::Seal { circle: vec![named] }).await.unwrap();
    assert!(sees(press_checker()).await && sees(press_leader()).await);
    assert!(!sees(stranger()).await && !sees(press_writer()).await);
    assert!(published(&stand, case).await.is_none());
    stand.clock.set("2025-03-08T10:00+08:00");
    stand.tick().await;
    assert_eq!(stand.page(case).await.case.state, "published");
    assert!(published(&stand, case).await.is_none(), "a sealed case is none to everybody");
    assert!(stand.store.newest_releases(&stand.pack, 10).await.unwrap().is_empty());
    stand.guard(&press_leader(), case, Change::Unseal).await.unwrap();
    assert_eq!(published(&stand, case).await.unwrap().signed.len(), 1);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Signed at any second, it is never out before its hour.
async fn nothing_is_out_before_its_hour(stand: Stand) {
    appeals(&stand, 11).await;
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    stand.clock.set("2025-03-03T09:58:20+08:00");
    let hour = [("goes_out_on", "2025-03-03"), ("goes_out_at", "10:00")];
    does(&stand, (&press_leader(), case), "sign", &hour).await;
    for (at, out) in [("09:59:50", false), ("10:00:30", true)] {
        stand.clock.set(&format!("2025-03-03T{at}+08:00"));
        stand.tick().await;
        assert_eq!(published(&stand, case).await.is_some(), out, "{at}");
    }
}

/// Who drafts, who checks, who signs, and the units that it names: nobody else of any office.
async fn before_its_hour_a_release_is_known_to_those_it_names(stand: Stand) {
    appeals(&stand, 11).await;
    let fields = [
        ("title", "今年的诉求"),
        ("body", TEXT),
        ("goes_out_on", "2025-03-08"),
        ("readers", unit::EAST),
    ];
    let new = given(&fields, &stand, &press_writer());
    let opened = stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap();
    let (case, number) = (opened.done.case, opened.number);
    let sees = async |who: &Actor| {
        let viewer = Viewer::of(who, stand.clock.now());
        let release = stand.store.release(&stand.pack, &viewer, &number).await.unwrap();
        let page = stand.seen(&viewer, case).await;
        assert_eq!(release.is_some(), page.is_some(), "one rule for both");
        let Actor::Staff(staff) = who else { panic!("staff") };
        let filter = DeskFilter { workflow: Some("release".to_owned()), ..DeskFilter::default() };
        let (pack, now) = (&stand.pack, stand.clock.now());
        let desk = stand.store.desk(pack, staff, now, &filter).await.unwrap();
        let listed = desk.cases.iter().any(|line| line.case.id == case);
        assert!(release.is_some() || !listed, "nor is it in a list");
        release.is_some()
    };
    let [other_writer, other_checker, other_leader] =
        [(71, "handler"), (72, "reviewer"), (73, "leader")]
            .map(|(n, role)| actor(n, unit::CITY, role));
    let (reader, clerk) = (east_handler(), actor(74, unit::CITY, "statistician"));
    let others = [&other_checker, &other_leader, &clerk];
    for who in others {
        assert!(!sees(who).await, "it is being drafted: {who:?}");
    }
    assert!(sees(&reader).await && sees(&press_writer()).await);
    does(&stand, (&press_writer(), case), "submit", &[]).await;
    assert!(sees(&press_checker()).await && sees(&other_checker).await, "it waits for them");
    assert!(!sees(&other_writer).await && !sees(&other_leader).await && !sees(&clerk).await);
    does(&stand, (&press_checker(), case), "check", &[]).await;
    let hour = [("goes_out_on", "2025-03-08"), ("goes_out_at", "10:00")];
    does(&stand, (&press_leader(), case), "sign", &hour).await;
    for who in [press_writer(), press_checker(), press_leader(), reader.clone()] {
        assert!(sees(&who).await, "{who:?}");
    }
    for who in [&other_writer, &other_checker, &clerk, &actor(75, unit::WEST, "leader")] {
        assert!(!sees(who).await, "before its hour: {who:?}");
    }
    // Nobody counts it either.
    let flow = stand.pack.workflow("release").unwrap();
    let Actor::Staff(staff) = &other_leader else { panic!("staff") };
    let asked = (flow, unit::CITY);
    let rows = stand.store.board(&stand.pack, staff, asked, stand.clock.now()).await.unwrap();
    assert!(rows.iter().all(|row| row.open == 0), "{rows:?}");
    stand.clock.set("2025-03-08T10:00+08:00");
    stand.tick().await;
    assert!(sees(&other_writer).await && sees(&other_checker).await, "then it is everybody's");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// The number that was frozen counts a record that somebody is kept out of: before its hour they read
/// no text that says it, and never the number itself; nor does a refusal tell it.
async fn who_is_kept_out_of_a_record_is_told_no_number_with_it(stand: Stand) {
    appeals(&stand, 9).await;
    let kept = stand.open(&Appeal::new("1302", "第十件")).await.done.case;
    hire(&stand, &[triage(), press_leader(), press_checker()]).await;
    let bar = |n| Change::Bar(Barred::Person(n));
    stand.guard(&triage(), kept, bar(53)).await.unwrap();
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    let why = reasons(try_step(&stand, (&press_leader(), case), ("sign_now", &[])).await);
    let [Refused::Unsayable { why: Unsayable::Withheld, fits, .. }] = why.as_slice() else {
        panic!("{why:?}")
    };
    assert_eq!(fits.as_slice(), [], "what would fit tells it too");
    appeals(&stand, 1).await;
    let other = actor(63, unit::CITY, "leader");
    let hour = [("goes_out_on", "2025-03-08"), ("goes_out_at", "10:00")];
    does(&stand, (&other, case), "sign", &hour).await;
    let number = stand.page(case).await.number;
    let told = async |who: &Actor| {
        let viewer = Viewer::of(who, stand.clock.now());
        let release = stand.store.release(&stand.pack, &viewer, &number).await.unwrap();
        let signed = release.unwrap().signed.remove(0);
        let today = stand.pack.date_of(stand.clock.now());
        let who = (&*stand.pack, &viewer);
        let today = stand.store.said_today(who, &signed.values, today).await.unwrap();
        let today = today[0].as_ref().and_then(|value| value.amount).map(AnyAmount::count);
        (signed.values[0].amount, today, signed.text, signed.seal)
    };
    let whole = told(&other).await;
    assert_eq!((whole.0, whole.1), (Some(11), Some(11)));
    let less = told(&press_leader()).await;
    assert_eq!((less.0, less.1, less.2.as_str()), (Some(10), Some(10), ""));
    assert_eq!(less.3, whole.3, "the seal is that of what was signed");
    stand.clock.set("2025-03-08T10:00+08:00");
    stand.tick().await;
    let less = told(&press_leader()).await;
    assert_eq!((less.0, less.2), (Some(10), whole.2), "the text is everybody's now");
}

async fn a_forged_list_of_releases_is_found(stand: Stand) {
    appeals(&stand, 11).await;
    let case = draft(&stand, TEXT).await;
    checked_by_another(&stand, case).await;
    let hour = [("goes_out_on", "2025-03-08"), ("goes_out_at", "10:00")];
    does(&stand, (&press_leader(), case), "sign", &hour).await;
    let forged = format!("INSERT INTO releases (case_id, at) VALUES ({case}, 1)");
    raw::run(&stand, &forged).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains("has not gone out")), "{troubles:?}");
    // Nor does it show what was only signed.
    assert!(published(&stand, case).await.is_none());
    raw::run(&stand, "DELETE FROM releases").await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    raw::run(&stand, "INSERT INTO releases (case_id, at) VALUES (999999, 1)").await;
    assert!(!stand.troubles().await.is_empty());
}
