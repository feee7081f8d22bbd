//! The rights of the person, through the pages: asked on the status page or at the counter, seen in
//! the work list and on the case, answered on a ground, and carried out.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "these tests use a part of the office")]
mod office;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use office::{Office, Page};

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const HANDLER: &str = "handler@wf-990101";
const REVIEWER: &str = "reviewer@wf-990101";
const LEADER: &str = "leader@wf-990101";
const VISITOR: &str = "visitor@wf-9901";
const SYSTEM: &str = "system_admin@wf-9901";
const DAY: i64 = 86_400;

/// A case in the hands of the county, and its secret.
async fn handled(office: &Office, fields: &[(&str, &str)]) -> (String, String) {
    let (number, secret) = office.call(fields).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(HANDLER, &number, "sign", &[]).await;
    (number, secret)
}

async fn close(office: &Office, number: &str) {
    let answer = [("answer", "已经调解好"), ("outcome", "resolved")];
    office.must(HANDLER, number, "submit_reply", &answer).await;
    office.must(REVIEWER, number, "approve_reply", &[]).await;
    // The plan of these calls is for mornings.
    let visit = [("attitude", "5"), ("result", "5"), ("visit_note", "本人接听")];
    office.must(VISITOR, number, "record_visit", &visit).await;
}

/// A browser of the person, with a pass.
async fn pass(office: &Office, number: &str, receipt: &str) -> String {
    let fields = [("number", number), ("receipt", receipt)];
    let answer = office.raw(form("/track", "", &fields)).await;
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

fn form(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", office::encode(value))).collect();
    Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .unwrap()
}

async fn ask(office: &Office, cookie: &str, right: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/my/rights/{right}");
    office::page(office.raw(form(&path, cookie, fields)).await).await
}

async fn see(office: &Office, cookie: &str, path: &str) -> Page {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    office::page(office.raw(request).await).await
}

async fn decide(
    office: &Office,
    who: &str,
    (number, wish): (&str, &str),
    fields: &[(&str, &str)],
) -> Page {
    office.post(who, &format!("/cases/{number}/rights/{wish}"), fields).await
}

const PLAIN: &[(&str, &str)] = &[("group", "13"), ("category", "1302"), ("safe_contact", "")];

#[tokio::test]
async fn a_copy_is_asked_for_granted_and_fetched() {
    let office = Office::open(Vec::new()).await;
    let (number, receipt) = handled(&office, PLAIN).await;
    office.must(HANDLER, &number, "note", &[("note", "只给同事看的话")]).await;
    let person = pass(&office, &number, &receipt).await;
    let my = see(&office, &person, "/my").await;
    assert!(my.has("个人信息权利") && my.has("/my/rights/copy"), "{}", my.words());
    let asked = ask(&office, &person, "copy", &[("wish", "请给我一份")]).await;
    assert_eq!((asked.status, asked.to.as_str()), (StatusCode::SEE_OTHER, "/my#rights"));
    assert!(
        see(&office, &person, "/my").await.has("2026-01-26")
            || see(&office, &person, "/my").await.has("1月26日")
    );
    let twice = ask(&office, &person, "copy", &[]).await;
    assert!(twice.has("同样的申请已经提出"), "{}", twice.words());
    assert_eq!(see(&office, &person, "/my/copy").await.status, StatusCode::NOT_FOUND);

    // It stands in the list of those who answer, and on the case.
    let list = office.get(HANDLER, "/desk?flow=appeal&own=me").await;
    assert!(list.has("个人信息申请") && list.has(&number), "{}", list.words());
    let case = office.get(HANDLER, &format!("/cases/{number}")).await;
    assert!(case.has("本人申请：查阅、复制"), "{}", case.words());
    assert!(!office.get(OPERATOR, &format!("/cases/{number}/rights")).await.has("/rights/grant"));
    let forged =
        decide(&office, OPERATOR, (&number, "grant"), &[("id", "1"), ("reason", "给")]).await;
    assert_eq!(forged.status, StatusCode::CONFLICT);
    let granted = [("id", "1"), ("reason", "准许网上领取"), ("online", "yes")];
    let done = decide(&office, HANDLER, (&number, "grant"), &granted).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());

    let my = see(&office, &person, "/my").await;
    assert!(my.has("/my/copy/docx") && my.has("准许网上领取"), "{}", my.words());
    for path in ["/my/copy", "/my/copy/json"] {
        let copy = see(&office, &person, path).await;
        for words in ["想离婚又怕见不到孩子", "林小禾", "请给我一份"] {
            assert!(copy.has(words), "{path} {words}");
        }
        assert!(!copy.has("只给同事看的话"), "{path}");
    }
    let word = see(&office, &person, "/my/copy/docx").await;
    assert_eq!(word.status, StatusCode::OK);
    // Whoever sees the whole case may hand it over as well; a leader sees too little for that.
    assert!(office.get(HANDLER, &format!("/cases/{number}/copy")).await.has("林小禾"));
    let leader = office.get(LEADER, &format!("/cases/{number}/copy")).await;
    assert_eq!(leader.status, StatusCode::NOT_FOUND);
    office.pass(31 * DAY);
    let person = pass(&office, &number, &receipt).await;
    assert_eq!(
        see(&office, &person, "/my/copy").await.status,
        StatusCode::NOT_FOUND,
        "not for ever"
    );
}

#[tokio::test]
async fn a_copy_of_a_grave_matter_is_handed_over_in_person_only() {
    let office = Office::open(Vec::new()).await;
    let (number, receipt) =
        handled(&office, &[("risk.choking", "yes"), ("safe_contact", "")]).await;
    let person = pass(&office, &number, &receipt).await;
    ask(&office, &person, "copy", &[]).await;
    let shown = office.get(HANDLER, &format!("/cases/{number}/rights")).await;
    assert!(!shown.has("name=\"online\""), "{}", shown.words());
    let online = [("id", "1"), ("reason", "可以"), ("online", "yes")];
    let refused = decide(&office, HANDLER, (&number, "grant"), &online).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("只能当面交付"), "{}", refused.words());
    let done =
        decide(&office, HANDLER, (&number, "grant"), &[("id", "1"), ("reason", "请来")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(see(&office, &person, "/my/copy").await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get(HANDLER, &format!("/cases/{number}/copy")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_correction_written_down_at_the_counter_takes_its_place() {
    let office = Office::open(Vec::new()).await;
    let (number, _) = handled(&office, PLAIN).await;
    let fields = [("field", "narrative"), ("wording", "去年春天开始分居。"), ("wish", "季节写错")];
    let path = format!("/cases/{number}/rights/ask/correct");
    let done = office.post(HANDLER, &path, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    let own = decide(&office, HANDLER, (&number, "grant"), &[("id", "1"), ("reason", "对")]).await;
    assert!(own.has("须由另一人决定"), "{}", own.words());
    let blind = [("id", "1"), ("basis", "not_wrong"), ("reason", "")];
    let unseen = decide(&office, REVIEWER, (&number, "refuse"), &blind).await;
    assert!(unseen.has("请先查看原内容"), "{}", unseen.words());
    let shown = office.get(REVIEWER, &format!("/cases/{number}/rights")).await;
    assert!(!shown.has("/rights/grant") && !shown.has("/rights/refuse"), "{}", shown.words());
    let compared = decide(&office, REVIEWER, (&number, "compare"), &[("id", "1")]).await;
    for words in ["去年冬天开始分居", "去年春天开始分居。", "/rights/grant", "/rights/refuse"]
    {
        assert!(compared.has(words), "{words}: {}", compared.words());
    }
    let seen = compared.value("seen");
    let no = [("id", "1"), ("basis", "not_wrong"), ("reason", ""), ("seen", &*seen)];
    let wordless = decide(&office, REVIEWER, (&number, "refuse"), &no).await;
    assert!(wordless.has("请写明理由"), "{}", wordless.words());
    let yes = [("id", "1"), ("reason", "已核实"), ("seen", &*seen)];
    let done = decide(&office, REVIEWER, (&number, "grant"), &yes).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    let case = office.get(HANDLER, &format!("/cases/{number}")).await;
    let told =
        case.body.split("id=\"h-story\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(told.contains("去年春天开始分居。") && !told.contains("去年冬天"), "{told}");
    assert!(case.has("申请：更正"), "{}", case.words());
}

/// A leader sees names in part and no stories; whoever decides sees what is decided.
#[tokio::test]
async fn a_leader_sees_the_wording_before_deciding_and_this_is_remembered() {
    let office = Office::open(Vec::new()).await;
    let (number, receipt) = handled(&office, PLAIN).await;
    let person = pass(&office, &number, &receipt).await;
    let fields = [("field", "narrative"), ("wording", "去年春天开始分居。")];
    ask(&office, &person, "correct", &fields).await;
    let shown = office.get(LEADER, &format!("/cases/{number}/rights")).await;
    assert!(!shown.has("去年春天") && !shown.has("/rights/grant"), "{}", shown.words());
    let grant = |seen: &str| {
        [("id", "1"), ("reason", "已核实"), ("seen", seen)].map(|(k, v)| (k, v.to_owned()))
    };
    let blind: Vec<(&str, String)> = grant("").into();
    let blind: Vec<(&str, &str)> = blind.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let refused = decide(&office, LEADER, (&number, "grant"), &blind).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.words());
    let compared = decide(&office, LEADER, (&number, "compare"), &[("id", "1")]).await;
    assert!(compared.has("去年冬天") && compared.has("去年春天"), "{}", compared.words());
    assert!(!compared.has("林小禾"), "nothing but the field in question");
    let account = office.hire(LEADER).await;
    let staff = office.app.store().account_by_id(account).await.unwrap().unwrap().staff();
    let (pack, whose) = (office.app.pack(), store::Whose::Account(account));
    let deeds = office.app.store().deeds(&pack, &staff, &whose, None).await.unwrap().unwrap();
    assert!(deeds.lines.iter().any(|l| l.kind == "revealed" && l.detail == "narrative"));
    // Who may not decide is shown nothing.
    let nothing = decide(&office, OPERATOR, (&number, "compare"), &[("id", "1")]).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let seen: Vec<(&str, String)> = grant(&compared.value("seen")).into();
    let seen: Vec<(&str, &str)> = seen.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let done = decide(&office, LEADER, (&number, "grant"), &seen).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
}

/// What lies in a ZIP file, by name.
fn unzipped(bytes: Vec<u8>) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut all = std::collections::BTreeMap::new();
    for n in 0..zip.len() {
        let mut file = zip.by_index(n).unwrap();
        let mut body = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut body).unwrap();
        all.insert(file.name().unwrap().into_owned(), body);
    }
    all
}

async fn bytes(office: &Office, path: &str, cookie: &str) -> (StatusCode, Vec<u8>) {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let answer = office.raw(request).await;
    let status = answer.status();
    (status, axum::body::to_bytes(answer.into_body(), 64 << 20).await.unwrap().to_vec())
}

async fn act_with(
    office: &Office,
    by: domain::case::Actor,
    number: &str,
    (action, field, files): (&str, &str, &[(&str, Vec<u8>)]),
) {
    let pack = office.app.pack();
    let system = domain::access::Viewer::System;
    let case = office.app.store().case(&pack, &system, number).await.unwrap().unwrap().case.id;
    let flow = pack.workflow("appeal").unwrap();
    let raw = [(field.to_owned(), vec!["还有这些".to_owned()])].into();
    let uses = &flow.action(action).unwrap().fields;
    let given = domain::field::check(&pack, flow, uses, &raw).unwrap();
    let file = |(name, body): &(&str, Vec<u8>)| store::Attachment {
        name: (*name).to_owned(),
        kind: "application/octet-stream".to_owned(),
        body: body.clone(),
    };
    let steps = vec![domain::decide::Step { action: action.to_owned(), given }];
    let files = files.iter().map(file).collect();
    let act = store::Act { command: store::new_command(), actor: by, case, steps, files };
    office.app.store().act(&pack, office.app.now(), act).await.unwrap();
}

#[tokio::test]
async fn a_copy_comes_with_the_files_of_the_person_and_no_others() {
    let office = Office::open(Vec::new()).await;
    let (number, receipt) = handled(&office, PLAIN).await;
    let pack = office.app.pack();
    let system = domain::access::Viewer::System;
    let case = office.app.store().case(&pack, &system, &number).await.unwrap().unwrap().case.id;
    let large: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let own = [("../伤情.jpg", large.clone()), ("借条.txt", b"a".to_vec())];
    let person = domain::case::Actor::Appellant(case);
    act_with(&office, person, &number, ("supplement", "narrative", &own)).await;
    let account = office.hire(HANDLER).await;
    let handler = office.app.store().account_by_id(account).await.unwrap().unwrap().staff();
    let theirs = [("对方陈述.txt", "对方说的话".as_bytes().to_vec())];
    act_with(&office, domain::case::Actor::Staff(handler), &number, ("note", "note", &theirs))
        .await;

    let cookie = pass(&office, &number, &receipt).await;
    assert_eq!(bytes(&office, "/my/copy/zip", &cookie).await.0, StatusCode::NOT_FOUND);
    ask(&office, &cookie, "copy", &[]).await;
    let granted = [("id", "1"), ("reason", "准许"), ("online", "yes")];
    decide(&office, HANDLER, (&number, "grant"), &granted).await;
    let (status, zip) = bytes(&office, "/my/copy/zip", &cookie).await;
    assert_eq!(status, StatusCode::OK);
    let all = unzipped(zip);
    let files: Vec<&String> = all.keys().filter(|name| name.starts_with("files/")).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|name| !name.contains("..")), "{files:?}");
    let find = |end: &str| &all[*files.iter().find(|name| name.ends_with(end)).unwrap()];
    assert!(find("伤情.jpg") == &large && find("借条.txt") == b"a");
    let page = String::from_utf8(all["index.html"].clone()).unwrap();
    assert!(page.contains("想离婚又怕见不到孩子") && page.contains("files/"), "{page}");
    let json: serde_json::Value = serde_json::from_slice(&all["copy.json"]).unwrap();
    for file in json["files"].as_array().unwrap() {
        assert!(all.contains_key(file["path"].as_str().unwrap()), "{file}");
    }
    let whole = String::from_utf8_lossy(&all["copy.json"]);
    for words in ["对方", "林小禾"] {
        assert_eq!(page.contains(words), whole.contains(words), "{words}");
    }
    assert!(!page.contains("对方陈述") && page.contains("林小禾"));
    // Handed over at the counter, the copy says by whom, and this is a deed.
    let session = office.session(HANDLER).await;
    let path = format!("/cases/{number}/copy/zip");
    let (status, zip) = bytes(&office, &path, &session.cookie).await;
    assert_eq!(status, StatusCode::OK);
    let page = String::from_utf8(unzipped(zip)["index.html"].clone()).unwrap();
    assert!(page.contains("handler@wf-990101"), "{page}");
    assert_eq!(office.get(LEADER, &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_erasure_by_two_people_leaves_a_certificate() {
    let office = Office::open(Vec::new()).await;
    let (number, receipt) = handled(&office, PLAIN).await;
    close(&office, &number).await;
    let person = pass(&office, &number, &receipt).await;
    ask(&office, &person, "erase", &[("wish", "都删掉")]).await;
    let hold = [("basis", "legal_hold"), ("reason", "法院调卷")];
    let done = decide(&office, LEADER, (&number, "hold"), &hold).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    let check = [("id", "1"), ("reason", "本人到场，证件相符")];
    let shut = decide(&office, REVIEWER, (&number, "check"), &check).await;
    assert!(shut.has("已设定保全"), "{}", shut.words());
    decide(&office, LEADER, (&number, "release"), &[("reason", "已还卷")]).await;
    decide(&office, REVIEWER, (&number, "check"), &check).await;
    let done =
        decide(&office, LEADER, (&number, "grant"), &[("id", "1"), ("reason", "同意")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    let gone = see(&office, &person, "/my").await;
    assert!(gone.has("删除，办理记录只保留代码") && !gone.has("/my/rights/"), "{}", gone.words());
    let case = office.get(REVIEWER, &format!("/cases/{number}")).await;
    assert!(!case.has("想离婚又怕见不到孩子") && case.has("删除全部内容"), "{}", case.words());

    let list = office.get(SYSTEM, "/setup/certificates").await;
    assert!(list.has("本人申请：1 件") && list.has("与密钥相符"), "{}", list.words());
    let one = office.get(SYSTEM, "/setup/certificates/1").await;
    assert!(one.has("删除记录摘要") && !one.has(&number), "{}", one.words());
    assert_eq!(office.get(SYSTEM, "/setup/certificates/2").await.status, StatusCode::NOT_FOUND);
    let report = office.app.store().verify(&office.app.pack()).await.unwrap();
    assert_eq!(report.troubles, []);
}

#[tokio::test]
async fn the_register_is_for_administrators_and_its_summary_for_everybody() {
    let office = Office::open(Vec::new()).await;
    let register = office.get(SYSTEM, "/setup/processing").await;
    for words in [
        "诉求办理",
        "影响评估",
        "剩余风险见威胁模型",
        "未成年人受到侵害的事项",
        "3 年，期满后按整月删除",
    ] {
        assert!(register.has(words), "{words}: {}", register.words());
    }
    for who in [OPERATOR, LEADER] {
        for path in ["/setup/processing", "/setup/certificates", "/setup/certificates/1"] {
            assert_eq!(office.get(who, path).await.status, StatusCode::NOT_FOUND, "{who} {path}");
        }
    }
    let public = see(&office, "", "/privacy").await;
    for words in ["诉求办理", "履行法定职责所必需", "办结后 48 年", "婚姻家庭纠纷调解"]
    {
        assert!(public.has(words), "{words}");
    }
    assert!(!public.has("剩余风险见威胁模型"), "the assessment is not for the public page");
}
