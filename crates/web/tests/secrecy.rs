//! Who may know of a case, through the pages: masks and reveals, the seal, exclusions, broken glass,
//! lent identities, and why somebody sees something.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "other tests use more of it")]
mod office;

use axum::http::StatusCode;
use domain::{access::Viewer, case::Actor, decide::Step, field::Checked};
use office::Office;
use std::collections::BTreeMap;
use store::{Act, Attachment, Record, Whose};
use vault::totp;

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const COUNTY: &str = "handler@wf-990101";
const LEADER: &str = "leader@wf-990101";
const CITY: &str = "leader@wf-9901";
const AGENCY: &str = "agency@justice-990101";

async fn office() -> Office {
    Office::open(Vec::new()).await
}

/// A case that the county has signed for.
async fn signed(office: &Office) -> String {
    let (number, _) = office.call(&[("address", "柳荫小区三号楼二单元")]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(COUNTY, &number, "sign", &[]).await;
    number
}

/// The numbers of answers that must be alike for a case that is hidden and one that is not there.
async fn hidden(office: &Office, who: &str, number: &str) -> bool {
    let asked = [format!("/cases/{number}"), format!("/cases/{number}/secrecy")];
    for path in asked {
        let (found, unknown) =
            (office.get(who, &path).await, office.get(who, &path.replace(number, UNKNOWN)).await);
        let plain = found.body.replace(number, "N") == unknown.body.replace(UNKNOWN, "N");
        if (found.status, plain) != (StatusCode::NOT_FOUND, true) {
            return false;
        }
    }
    !office.get(who, "/desk").await.has(number) && !office.get(who, "/notices").await.has(number)
}

const UNKNOWN: &str = "26-0000-0000-0";

#[tokio::test]
async fn a_masked_field_is_shown_on_demand_and_remembered() {
    let office = office().await;
    let number = signed(&office).await;
    let path = format!("/cases/{number}");
    let shown = office.get(COUNTY, &path).await;
    assert!(shown.has("138****1234") && !shown.has("138 0000 1234"), "{}", shown.words());
    let ask = [("seq", "1"), ("field", "contact_phone")];
    let revealed = office.post(COUNTY, &format!("{path}/reveal"), &ask).await;
    assert_eq!(revealed.status, StatusCode::OK);
    assert!(revealed.has("138 0000 1234") && revealed.has("林某某"), "one field and no other");
    assert!(!office.get(COUNTY, &path).await.has("138 0000 1234"), "and only this once");
    let account = office.hire(COUNTY).await;
    let staff = office.app.store().account_by_id(account).await.unwrap().unwrap().staff();
    let (pack, whose) = (office.app.pack(), Whose::Account(account));
    let deeds = office.app.store().deeds(&pack, &staff, &whose, None).await;
    let lines = deeds.unwrap().unwrap().lines;
    assert!(lines.iter().any(|l| l.kind == "revealed" && l.detail == "contact_phone"));
    // Whoever sees it masked is not offered more and gets no more.
    assert!(!office.get(LEADER, &path).await.has("/reveal\""));
    let refused = office.post(LEADER, &format!("{path}/reveal"), &ask).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let forged = office.session(COUNTY).await;
    let forged = office.send(Some(&forged), &format!("{path}/reveal"), &ask).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_paper_shows_in_part_until_it_is_asked_for_whole() {
    let office = office().await;
    let number = signed(&office).await;
    let path = format!("/cases/{number}/papers/1");
    let account = office.hire(COUNTY).await;
    let staff = office.app.store().account_by_id(account).await.unwrap().unwrap().staff();
    let whole = async || {
        let (pack, whose) = (office.app.pack(), Whose::Account(account));
        let deeds = office.app.store().deeds(&pack, &staff, &whose, None).await.unwrap().unwrap();
        let shown = |l: &&store::DeedLine| l.kind == "revealed" && l.detail == "contact_name";
        deeds.lines.iter().filter(shown).count()
    };
    let paper = office.get(COUNTY, &path).await;
    assert!(paper.has("林某某") && !paper.has("林小禾"), "{}", paper.words());
    assert_eq!(whole().await, 0);
    let asked = office.post(COUNTY, &path, &[]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.words());
    assert!(asked.has("林小禾") && asked.has("doc-mark"), "{}", asked.words());
    assert_eq!(whole().await, 1, "remembered field by field");
    assert!(!office.get(COUNTY, &path).await.has("林小禾"), "and only this once");
    office.get(COUNTY, &format!("{path}/docx")).await;
    assert_eq!(whole().await, 2, "a file shows it whole too");
    // Whoever may not take it out is not offered more and gets no more.
    assert!(!office.get(LEADER, &path).await.has(&format!("action=\"{path}\"")));
    assert_eq!(office.post(LEADER, &path, &[]).await.status, StatusCode::NOT_FOUND);
    let forged = office.session(COUNTY).await;
    let forged = office.send(Some(&forged), &path, &[]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_case_is_sealed_and_opened_again() {
    let office = office().await;
    let number = signed(&office).await;
    let path = format!("/cases/{number}/secrecy");
    office.hire(COUNTY).await;
    let shown = office.get(LEADER, &path).await;
    assert!(shown.has("定为密件") && shown.has("没有人破例查看过"), "{}", shown.words());
    let unknown = [("who", "nobody@nowhere"), ("reason", "当事人有顾虑")];
    let refused = office.post(LEADER, &format!("{path}/seal"), &unknown).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let circle = [("who", COUNTY), ("reason", "当事人有顾虑")];
    let sealed = office.post(LEADER, &format!("{path}/seal"), &circle).await;
    assert_eq!(sealed.status, StatusCode::SEE_OTHER, "{}", sealed.words());
    for who in [OPERATOR, TRIAGE, CITY, "reviewer@wf-990101", "visitor@wf-9901", AGENCY] {
        assert!(hidden(&office, who, &number).await, "{who}");
    }
    let inside = office.get(COUNTY, &format!("/cases/{number}")).await;
    assert!(inside.has("密件：只有知情人知道"), "{}", inside.words());
    assert!(office.get(COUNTY, "/desk").await.has(&number));
    assert!(!inside.has("定为密件"));
    let not_theirs = office.post(COUNTY, &format!("{path}/unseal"), &[("reason", "试")]).await;
    assert_eq!(not_theirs.status, StatusCode::CONFLICT);
    let opened = office.post(LEADER, &format!("{path}/unseal"), &[("reason", "顾虑已消除")]).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.words());
    assert!(!hidden(&office, OPERATOR, &number).await);
}

#[tokio::test]
async fn somebody_is_kept_out_and_let_back() {
    let office = office().await;
    let number = signed(&office).await;
    let path = format!("/cases/{number}/secrecy");
    office.hire(CITY).await;
    let bar = [("who", CITY), ("reason", "是当事人的亲属")];
    let done = office.post(LEADER, &format!("{path}/bar"), &bar).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    assert!(hidden(&office, CITY, &number).await);
    let shown = office.get(LEADER, &path).await;
    assert!(shown.has("不再回避"), "{}", shown.words());
    let account = office.hire(CITY).await.to_string();
    let back = [("who", account.as_str())];
    office.post(LEADER, &format!("{path}/unbar"), &back).await;
    assert!(!hidden(&office, CITY, &number).await);
    let unit = [("who", "wf-990101"), ("reason", "投诉本单位")];
    let own = office.post(LEADER, &format!("{path}/bar-unit"), &unit).await;
    assert_eq!(own.status, StatusCode::CONFLICT, "nobody keeps their own unit out");
    let done = office.post(CITY, &format!("{path}/bar-unit"), &unit).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    assert!(hidden(&office, COUNTY, &number).await && hidden(&office, LEADER, &number).await);
}

#[tokio::test]
async fn a_household_on_file_is_proposed_and_shown_to_nobody() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(COUNTY, &number, "sign", &[]).await;
    let path = format!("/cases/{number}/secrecy");
    let ground = "家庭电话与事项中的电话相同";
    let shown = office.get("reviewer@wf-990101", &path).await;
    assert!(!shown.has(ground), "{}", shown.words());
    for wrong in [("无此村", ""), ("", "abc")] {
        let fields = [("village", wrong.0), ("home_phone", wrong.1)];
        let refused = office.post(AGENCY, "/me/home", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.words());
    }
    let fields = [("village", "乙村"), ("home_phone", "138-0000-1234")];
    let done = office.post(AGENCY, "/me/home", &fields).await;
    assert_eq!(done.to, "/me?done=home", "{}", done.words());
    let own = office.get(AGENCY, "/me").await;
    assert!(own.has("138-0000-1234") && own.has("乙村"), "{}", own.words());
    let proposed = office.get("reviewer@wf-990101", &path).await;
    let leader = office.get(LEADER, &path).await;
    assert!(proposed.has(ground), "{}", proposed.words());
    assert!(!proposed.has("138-0000-1234") && !leader.has("138-0000-1234"));
    // The administrator fills it in for others, and reads nothing.
    let account = office.hire(AGENCY).await;
    let person = format!("/people/{account}");
    let seen = office.get("system_admin@wf-9901", &person).await;
    assert!(seen.has("已登记") && !seen.has("138-0000-1234") && !seen.has("乙村"));
    let emptied = office.post("system_admin@wf-9901", &format!("{person}/home"), &[]).await;
    assert_eq!(emptied.status, StatusCode::SEE_OTHER, "{}", emptied.words());
    assert!(!office.get(AGENCY, "/me").await.has("138-0000-1234"));
    let not_theirs =
        office.post("security_admin@wf-9901", &format!("{person}/home"), &fields).await;
    assert_eq!(not_theirs.status, StatusCode::FORBIDDEN);
}

/// A file that the county puts beside a case; its address there.
async fn attached(office: &Office, number: &str) -> String {
    let (store, pack) = (office.app.store(), office.app.pack());
    let account = office.hire(COUNTY).await;
    let staff = store.account_by_id(account).await.unwrap().unwrap().staff();
    let known = store.case(&pack, &Viewer::System, number).await.unwrap().unwrap();
    let given = Checked {
        texts: BTreeMap::from([("note".to_owned(), "附伤情照片".to_owned())]),
        ..Checked::default()
    };
    let file = Attachment {
        name: "伤情.txt".to_owned(),
        kind: "text/plain".to_owned(),
        body: b"bytes".to_vec(),
    };
    let act = Act {
        command: [7; 16],
        actor: Actor::Staff(staff),
        case: known.case.id,
        steps: vec![Step { action: "note".to_owned(), given }],
        files: vec![file],
    };
    let done = store.act(&pack, office.app.now(), act).await.unwrap();
    format!("files/{}/0", done.seq)
}

/// An account with a second factor; the secret of its codes.
async fn with_factor(office: &Office, who: &str) -> Vec<u8> {
    let account = office.hire(who).await;
    let store = office.app.store();
    let secret = store.begin_factor(account).await.expect("an answer").expect("a factor");
    let staff = store.account_by_id(account).await.expect("an answer").expect("a factor").staff();
    let record = Record::of(&staff, Vec::new());
    let code = code(office, &secret);
    store
        .confirm_factor(account, &code, office.app.now(), record)
        .await
        .expect("an answer")
        .expect("a factor");
    // A code is taken once.
    office.pass(totp::STEP_SECONDS);
    secret
}

fn code(office: &Office, secret: &[u8]) -> String {
    format!("{:06}", totp::code(secret, office.app.now().as_second() / totp::STEP_SECONDS))
}

#[tokio::test]
async fn glass_is_broken_with_a_reason_and_a_second_proof() {
    let office = office().await;
    let number = signed(&office).await;
    let path = format!("/cases/{number}/secrecy");
    let file = attached(&office, &number).await;
    let circle = [("who", COUNTY), ("reason", "当事人有顾虑")];
    office.post(LEADER, &format!("{path}/seal"), &circle).await;
    let secret = with_factor(&office, CITY).await;
    assert!(hidden(&office, CITY, &number).await);
    let form = |number: &str, code: &str| {
        [
            ("number", number),
            ("why", "danger_to_life"),
            ("reason", "当事人来电求救"),
            ("code", code),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    let send = async |who: &str, number: &str, code: &str| {
        let fields = form(number, code);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        office.post(who, "/glass", &fields).await
    };
    let wrong = send(CITY, &number, "000000").await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.has("验证码不对"));
    assert!(wrong.has("当事人来电求救"), "what was typed is kept");
    assert!(hidden(&office, CITY, &number).await);
    let unknown = send(CITY, UNKNOWN, &code(&office, &secret)).await;
    assert!(unknown.has("没有这个编号"), "{}", unknown.words());
    office.pass(totp::STEP_SECONDS);
    let broken = send(CITY, &number, &code(&office, &secret)).await;
    assert_eq!(broken.status, StatusCode::SEE_OTHER, "{}", broken.words());

    let shown = office.get(CITY, &format!("/cases/{number}")).await;
    assert!(shown.has("您正在破例查看") && shown.has("孩子跟着爷爷奶奶"), "{}", shown.words());
    assert!(!shown.has(&format!("action=\"/cases/{number}/")), "to read and nothing else");
    let paper = office.get(CITY, &format!("/cases/{number}/papers/1")).await;
    assert!(!paper.has("林小禾"));
    // Nothing is taken away from there: what the county may take out does not exist here.
    for rest in ["papers/1/docx", &file, "copy", "copy/docx", "copy/json", "copy/zip"] {
        let path = format!("/cases/{number}/{rest}");
        let taken = office.get(CITY, &path).await;
        assert_eq!(taken.status, StatusCode::NOT_FOUND, "{rest}: {}", taken.words());
        if !rest.starts_with("copy") {
            assert_eq!(office.get(COUNTY, &path).await.status, StatusCode::OK, "{rest}");
        }
    }
    assert!(office.get(COUNTY, "/notices").await.has(&number), "those who have it are told");
    let waits = office.get(LEADER, &path).await;
    assert!(waits.has("不应当") && waits.has("待评判"), "{}", waits.words());
    let account = office.hire(CITY).await.to_string();
    let judged = office.post(LEADER, &format!("{path}/judge-wrong"), &[("who", &account)]).await;
    assert_eq!(judged.status, StatusCode::SEE_OTHER);
    assert!(office.get(LEADER, &path).await.has("评判：不应当"));
    // The security administrator is told whose account it is, and nothing of the case.
    let told = office.get("security_admin@wf-9901", "/notices").await;
    assert!(
        told.has(&format!("href=\"/people/{account}\"")) && !told.has(&number),
        "{}",
        told.words()
    );
    assert!(told.has("被评判为不应当"), "{}", told.words());
    office.pass(2 * 3600);
    assert!(hidden(&office, CITY, &number).await, "and the door is shut again");
    // Whose role has no glass to break is answered like for a number that does not exist.
    let operator = with_factor(&office, OPERATOR).await;
    let none = send(OPERATOR, &number, &code(&office, &operator)).await;
    office.pass(totp::STEP_SECONDS);
    let unknown = send(OPERATOR, UNKNOWN, &code(&office, &operator)).await;
    assert_eq!(none.body.replace(&number, "N"), unknown.body.replace(UNKNOWN, "N"));
}

#[tokio::test]
async fn an_identity_is_lent_by_a_second_person() {
    let office = office().await;
    let number = signed(&office).await;
    let invited = [("units", "justice-990101"), ("instruction", "请派法律援助")];
    office.must(COUNTY, &number, "invite", &invited).await;
    let (path, case) = (format!("/cases/{number}/secrecy"), format!("/cases/{number}"));
    let ask = [("seq", "1"), ("field", "contact_phone")];
    let early = office.post(AGENCY, &format!("{case}/reveal"), &ask).await;
    assert_eq!(early.status, StatusCode::NOT_FOUND);
    let asked = office.post(AGENCY, &format!("{path}/ask"), &[("reason", "需联系本人")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.words());
    let account = office.hire(AGENCY).await.to_string();
    let lent = office.post(COUNTY, &format!("{path}/lend"), &[("who", &account)]).await;
    assert_eq!(lent.status, StatusCode::SEE_OTHER, "{}", lent.words());
    assert!(office.get(AGENCY, &path).await.has("借给身份"));
}

#[tokio::test]
async fn it_is_explained_why_somebody_sees_a_case() {
    let office = office().await;
    let number = signed(&office).await;
    let why = |who: &str| format!("/cases/{number}/why?who={who}");
    for who in [OPERATOR, AGENCY] {
        office.hire(who).await;
    }
    let answer = office.get(LEADER, &why(COUNTY)).await;
    assert!(answer.has("本单位承办") && answer.has("看得到"), "{}", answer.words());
    let answer = office.get(LEADER, &why(AGENCY)).await;
    assert!(answer.has("看不到") && answer.has("全市"), "{}", answer.words());
    assert!(office.get(LEADER, &why("nobody")).await.has("没有这个登录名"));
    let not_asked = office.get(COUNTY, &why(OPERATOR)).await;
    assert_eq!(not_asked.status, StatusCode::NOT_FOUND);
}
