//! Lists that leave the system: who may, what is in them, and how a leaked one leads back.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "the staff tests share it")]
mod office;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use calamine::Reader;
use office::{Office, Page};
use std::io::Cursor;

const TRIAGE: &str = "triage@hotline-9901";
const HANDLER: &str = "handler@wf-990101";
const LEADER: &str = "leader@wf-9901";
const EAST: &str = "reviewer@wf-990101";
const WEST: &str = "reviewer@wf-990121";
const STATISTICIAN: &str = "statistician@wf-9901";
const AUDITOR: &str = "audit_admin@wf-9901";

/// The desk's form; answers where it leads.
async fn export(office: &Office, who: &str, form: &str, filter: &[(&str, &str)]) -> Page {
    office.post(who, "/desk/export", &[filter, &[("form", form), ("own", "0")]].concat()).await
}

/// The newest file of somebody.
async fn newest(office: &Office, who: &str) -> (HeaderMap, Vec<u8>) {
    let list = office.get(who, "/exports").await;
    let at = list.body.find("href=\"/exports/").unwrap_or_else(|| panic!("{}", list.words()));
    let path = list.body[at + 6..].split('"').next().unwrap().to_owned();
    fetch(office, who, &path).await.unwrap()
}

async fn fetch(office: &Office, who: &str, path: &str) -> Result<(HeaderMap, Vec<u8>), StatusCode> {
    fetch_packed(office, who, path, "identity").await
}

/// As a browser does that says how it may be packed.
async fn fetch_packed(
    office: &Office,
    who: &str,
    path: &str,
    packed: &str,
) -> Result<(HeaderMap, Vec<u8>), StatusCode> {
    let session = office.session(who).await;
    let request = Request::get(path).header(header::COOKIE, session.cookie);
    let request = request.header(header::ACCEPT_ENCODING, packed);
    let answer = office.raw(request.body(Body::empty()).unwrap()).await;
    if answer.status() != StatusCode::OK {
        return Err(answer.status());
    }
    let headers = answer.headers().clone();
    Ok((headers, to_bytes(answer.into_body(), 8 << 20).await.unwrap().to_vec()))
}

fn cells(xlsx: Vec<u8>) -> Vec<Vec<String>> {
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(xlsx)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

/// A case of the eastern county, as it is told on the telephone.
async fn case(office: &Office, summary: &str) -> String {
    let number = office.call(&[("summary", summary)]).await.0;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    number
}

#[tokio::test]
async fn a_list_holds_what_its_maker_sees_and_nothing_that_runs() {
    let office = Office::open(Vec::new()).await;
    let number = case(&office, "=HYPERLINK(\"http://evil\",\"点我\")").await;
    let made = export(&office, LEADER, "xlsx", &[]).await;
    assert_eq!((made.status, made.to.as_str()), (StatusCode::SEE_OTHER, "/exports?done=made"));
    let (headers, body) = newest(&office, LEADER).await;
    assert!(headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    let rows = cells(body);
    assert!(rows[0][0].contains("leader某（leader@wf-9901）"), "{:?}", rows[0]);
    assert!(rows[0][0].contains("2026-01-05 10:00"), "{:?}", rows[0]);
    let row = rows.iter().find(|row| row[0] == number).unwrap();
    assert_eq!(row[1], "'=HYPERLINK(\"http://evil\",\"点我\")");
    assert_eq!((row[2].as_str(), row[4].as_str()), ("0101", "990101001000"));
    let all = format!("{rows:?}");
    for secret in ["林小禾", "13800001234", "138 0000 1234", "去年冬天", "图书到期"] {
        assert!(!all.contains(secret), "{secret}");
    }
    let tag = row.last().unwrap().clone();
    assert!(rows[0][0].contains(&tag) && tag.len() == 14, "every row carries the tag");
    // Whoever sees no story exports none.
    export(&office, STATISTICIAN, "csv", &[]).await;
    let (headers, body) = newest(&office, STATISTICIAN).await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let text = String::from_utf8(body).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains(&number), "{text}");
    assert!(!text.contains("HYPERLINK"), "{text}");
}

/// What packs an answer on the way asks for more after its end.
#[tokio::test]
async fn a_file_arrives_whole_however_it_is_packed() {
    let office = Office::open(Vec::new()).await;
    let number = case(&office, "路灯坏了").await;
    export(&office, LEADER, "csv", &[]).await;
    let list = office.get(LEADER, "/exports").await;
    let at = list.body.find("href=\"/exports/").unwrap();
    let path = list.body[at + 6..].split('"').next().unwrap().to_owned();
    let (headers, plain) = fetch(&office, LEADER, &path).await.unwrap();
    assert!(!headers.contains_key(header::CONTENT_ENCODING));
    assert!(String::from_utf8(plain.clone()).unwrap().contains(&number));
    let (headers, packed) = fetch_packed(&office, LEADER, &path, "gzip").await.unwrap();
    assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
    // A packed file ends with the length of what it holds (RFC 1952).
    let (_, length) = packed.split_last_chunk().unwrap();
    assert_eq!(u32::from_le_bytes(*length), u32::try_from(plain.len()).unwrap());
}

#[tokio::test]
async fn only_roles_with_the_right_export_and_only_their_own() {
    let office = Office::open(Vec::new()).await;
    let number = case(&office, "想离婚").await;
    for who in [TRIAGE, HANDLER, AUDITOR] {
        assert_eq!(export(&office, who, "csv", &[]).await.status, StatusCode::NOT_FOUND, "{who}");
        assert_eq!(office.get(who, "/exports").await.status, StatusCode::NOT_FOUND, "{who}");
        assert!(!office.get(who, "/desk").await.has("/desk/export"), "{who}");
    }
    for (who, sees) in [(EAST, true), (WEST, false)] {
        export(&office, who, "csv", &[]).await;
        let text = String::from_utf8(newest(&office, who).await.1).unwrap();
        assert_eq!(text.contains(&number), sees, "{who}");
    }
    // Another unit that was typed into the form shows nothing either.
    export(&office, WEST, "csv", &[("unit", "wf-990101")]).await;
    assert!(!String::from_utf8(newest(&office, WEST).await.1).unwrap().contains(&number));
    let list = office.get(EAST, "/exports").await;
    let at = list.body.find("href=\"/exports/").unwrap();
    let path = list.body[at + 6..].split('"').next().unwrap();
    assert_eq!(fetch(&office, WEST, path).await.unwrap_err(), StatusCode::NOT_FOUND);
    assert_eq!(fetch(&office, LEADER, path).await.unwrap_err(), StatusCode::NOT_FOUND);
    for bad in ["pdf", ""] {
        assert_eq!(export(&office, EAST, bad, &[]).await.status, StatusCode::BAD_REQUEST);
    }
    office.pass(24 * 3_600 - 60);
    let token = office.app.store().log_in(office.hire(EAST).await, office.app.now()).await.unwrap();
    let ask = || Request::get(path).header(header::COOKIE, format!("staff={token}"));
    let early = office.raw(ask().body(Body::empty()).unwrap()).await;
    assert_eq!(early.status(), StatusCode::OK);
    office.pass(60);
    let late = office.raw(ask().body(Body::empty()).unwrap()).await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND, "after its hours");
}

#[tokio::test]
async fn filters_of_the_desk_hold_for_the_file_and_no_page_is_left_out() {
    let office = Office::open(Vec::new()).await;
    for n in 0..60 {
        office.call(&[("summary", &format!("第{n}件"))]).await;
    }
    let other = office.call(&[("group", "02"), ("category", "0201"), ("summary", "别的")]).await.0;
    export(&office, LEADER, "csv", &[("category", "01")]).await;
    let text = String::from_utf8(newest(&office, LEADER).await.1).unwrap();
    assert_eq!(text.lines().count(), 62, "a mark, names, sixty cases");
    assert!(!text.contains(&other));
    export(&office, LEADER, "csv", &[]).await;
    let text = String::from_utf8(newest(&office, LEADER).await.1).unwrap();
    assert!(text.contains(&other));
}

#[tokio::test]
async fn a_leaked_file_and_a_leaked_paper_lead_back_to_whoever_took_them_out() {
    let office = Office::open(Vec::new()).await;
    let number = case(&office, "想离婚").await;
    office.must(HANDLER, &number, "sign", &[]).await;
    export(&office, LEADER, "csv", &[]).await;
    let text = String::from_utf8(newest(&office, LEADER).await.1).unwrap();
    let tag = text.lines().nth(2).unwrap().rsplit('"').nth(1).unwrap().to_owned();
    let found = office.get(AUDITOR, &format!("/traces/tag?tag={}", tag.to_lowercase())).await;
    assert!(found.has("leader某") && found.has("清单（CSV）"), "{}", found.words());
    assert!(found.has("下载清单"), "each download is remembered: {}", found.words());
    assert!(!found.has(&number));
    let paper = office.get(HANDLER, &format!("/cases/{number}/papers/1")).await;
    assert_eq!(paper.status, StatusCode::OK, "{}", paper.words());
    let mark = paper.body.split("<p class=\"doc-mark\" lang=\"zh-Hans\">").nth(1).unwrap();
    let mark = mark.split('<').next().unwrap();
    assert!(mark.contains("handler某（handler@wf-990101）") && mark.contains("10:00"), "{mark}");
    let tag = &mark[mark.len() - 14..];
    let found = office.get(AUDITOR, &format!("/traces/tag?tag={tag}")).await;
    assert!(found.has("handler某") && found.has("文书打印页"), "{}", found.words());
    let word = fetch(&office, HANDLER, &format!("/cases/{number}/papers/1/docx")).await.unwrap().1;
    let mut word = zip::ZipArchive::new(Cursor::new(word)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut word.by_name("word/document.xml").unwrap(), &mut text)
        .unwrap();
    assert!(text.contains("handler某（handler@wf-990101）"), "the Word file carries the mark");
    let none = office.get(AUDITOR, "/traces/tag?tag=AAAA-AAAA-AAAA").await;
    assert!(none.has("没有资料用过"), "{}", none.words());
    for who in [LEADER, TRIAGE] {
        let shut = office.get(who, &format!("/traces/tag?tag={tag}")).await;
        assert_eq!(shut.status, StatusCode::NOT_FOUND, "{who}");
    }
}

#[tokio::test]
async fn nothing_is_seen_before_the_promise_and_a_new_version_asks_again() {
    let office = Office::open(Vec::new()).await;
    let number = office.call(&[]).await.0;
    let account = office.hire("triage@hotline-9901").await;
    let new = store::NewAccount {
        username: "new".to_owned(),
        password: String::new(),
        name: "新来的".to_owned(),
        unit: "hotline-9901".to_owned(),
        roles: vec!["triage".to_owned()],
    };
    let store = office.app.store();
    let id = store.create_account(new).await.unwrap();
    let now = office.app.now();
    let token = store.log_in(id, now).await.unwrap();
    let csrf = store.session(&token, now).await.unwrap().unwrap().csrf;
    let session = office::Session { cookie: format!("staff={token}"), csrf };
    let get = async |path: &str| {
        let request = Request::get(path).header(header::COOKIE, &session.cookie);
        office::page(office.raw(request.body(Body::empty()).unwrap()).await).await
    };
    for path in ["/desk", "/search", "/me", &format!("/cases/{number}")] {
        assert_eq!(get(path).await.to, "/login/pledge", "{path}");
    }
    let api =
        Request::get("/api/v1/cases").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let api = office.raw(api.body(Body::empty()).unwrap()).await;
    assert_eq!(api.status(), StatusCode::UNAUTHORIZED);
    let page = get("/login/pledge").await;
    assert!(page.has("保密承诺书") && page.has("不拍照"), "{}", page.words());
    let security = office.get("security_admin@wf-9901", "/people/pledges").await;
    assert!(security.has("新来的") && !security.has("triage某"), "{}", security.words());
    for who in ["system_admin@wf-9901", TRIAGE, AUDITOR] {
        let shut = office.get(who, "/people/pledges").await;
        assert_eq!(shut.status, StatusCode::NOT_FOUND, "{who}");
    }
    let csrf = ("csrf", session.csrf.as_str());
    let version = page.value("version");
    for fields in [vec![csrf], vec![csrf, ("agree", "yes"), ("version", "0")]] {
        let answer = office.send(Some(&session), "/login/pledge", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(get("/desk").await.to, "/login/pledge");
    }
    let fields = [csrf, ("agree", "yes"), ("version", &version)];
    let given = office.send(Some(&session), "/login/pledge", &fields).await;
    assert_eq!((given.status, given.to.as_str()), (StatusCode::SEE_OTHER, "/desk"));
    assert_eq!(get("/desk").await.status, StatusCode::OK);
    assert!(get("/traces/mine").await.has("保密承诺"));
    assert!(get("/login/pledge").await.has("您已作出这份承诺"));
    // A new version, and everybody is asked again, whoever is in already too.
    let mut city = (*office.app.city()).clone();
    let dir = city.dir.clone();
    let mut pack = packs::load(&dir).unwrap().pack;
    std::sync::Arc::get_mut(&mut pack).unwrap().pledge.version = "next".to_owned();
    city.pack = pack;
    office.app.reload(city);
    assert_eq!(get("/desk").await.to, "/login/pledge");
    let security = store.unpledged("next").await.unwrap().0;
    assert!(security.iter().any(|a| a.id == account));
}

/// The row of a table that begins with these cells.
fn row<'a>(rows: &'a [Vec<String>], n: usize, is: &str) -> &'a Vec<String> {
    let found = rows.iter().find(|row| row.get(n).is_some_and(|cell| cell == is));
    found.unwrap_or_else(|| panic!("no {is} in {rows:?}"))
}

#[tokio::test]
async fn a_board_of_figures_leaves_as_it_is_on_the_page() {
    let office = Office::open(Vec::new()).await;
    for _ in 0..3 {
        case(&office, "想离婚").await;
    }
    let page = office.get(EAST, "/figures").await;
    let at = page.body.find("href=\"/figures/board.xlsx").unwrap();
    let href = page.body[at + 6..].split('"').next().unwrap().replace("&amp;", "&");
    let href = href.replace("&#38;", "&");
    let (headers, body) = fetch(&office, EAST, &href).await.unwrap();
    assert!(headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    let rows = cells(body);
    assert!(rows[0][0].contains("reviewer某（reviewer@wf-990101）"), "{:?}", rows[0]);
    assert!(rows[1][0].starts_with("指标 · ") && rows[2][0].contains("2026年1月5日"), "{rows:?}");
    let received = row(&rows, 1, "appeals_received");
    assert_eq!(received[2..8], ["收到诉求", "件", "期间发生数。", "3", "3", "3"]);
    assert_eq!(received[8], "1", "the version of the definition");
    // A stock is one number, and what nobody counts is a word and no zero.
    assert_eq!(row(&rows, 1, "appeals_open")[5..8], ["见累计", "见累计", "3"]);
    let tag = rows[0][0].rsplit(' ').next().unwrap();
    let found = office.get(AUDITOR, &format!("/traces/tag?tag={tag}")).await;
    assert!(found.has("reviewer某") && found.has("指标表（Excel）"), "{}", found.words());
    // The western county counts its own, and whoever counts nothing has no such file.
    let west = cells(fetch(&office, WEST, "/figures/board.xlsx").await.unwrap().1);
    assert_eq!(row(&west, 1, "appeals_received")[5..8], ["0", "0", "0"]);
    for (who, path) in [
        (WEST, "/figures/board.xlsx?unit=wf-990101"),
        (AUDITOR, "/figures/board.xlsx"),
        (WEST, "/figures/appeals_received/table.xlsx?unit=wf-990101"),
        (LEADER, "/figures/nothing/table.xlsx"),
    ] {
        assert_eq!(fetch(&office, who, path).await.unwrap_err(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_figure_leaves_by_units_and_months_and_missing_is_no_zero() {
    let office = Office::open(Vec::new()).await;
    case(&office, "想离婚").await;
    let path = "/figures/appeals_received/table.xlsx?unit=wf-9901&period=2026-01";
    let rows = cells(fetch(&office, LEADER, path).await.unwrap().1);
    assert!(rows[1][0].contains("收到诉求") && rows[2][0].contains("1 件"), "{rows:?}");
    let names = &rows[4];
    assert_eq!(names.len(), 2 + 12 + 1);
    assert_eq!((names[13].as_str(), names[14].as_str()), ("2026年1月", "2026年1月"));
    for (unit, number) in [("wf-9901", "1"), ("wf-990101", "1"), ("wf-990121", "0")] {
        let row = row(&rows, 0, unit);
        assert_eq!((row[13].as_str(), row[14].as_str()), (number, number), "{unit}");
    }
    // Before the figure began there is a word.
    let path = "/figures/appeals_received/table.xlsx?unit=wf-9901&period=2015-06";
    let rows = cells(fetch(&office, LEADER, path).await.unwrap().1);
    assert!(row(&rows, 0, "wf-9901")[2..].iter().all(|cell| cell == "没有数"), "{rows:?}");
}

#[tokio::test]
async fn records_behind_a_number_leave_like_every_other_list() {
    let office = Office::open(Vec::new()).await;
    let mut numbers = Vec::new();
    for n in 0..25 {
        numbers.push(case(&office, &format!("第{n}件，想离婚")).await);
    }
    let form = [("unit", "wf-9901"), ("period", "2026")];
    let path = "/figures/appeals_received/records";
    let page = office.get(LEADER, "/figures/appeals_received?unit=wf-9901&period=2026").await;
    assert!(page.body.contains(&format!("action=\"{path}\"")), "{}", page.body);
    let made = office.post(LEADER, path, &form).await;
    assert_eq!((made.status, made.to.as_str()), (StatusCode::SEE_OTHER, "/exports?done=made"));
    let (_, body) = newest(&office, LEADER).await;
    let rows = cells(body);
    assert!(rows[0][0].contains("leader某（leader@wf-9901）"), "{:?}", rows[0]);
    assert_eq!(rows[4].len(), 25 - 16, "nine columns, no name and no story among them");
    for number in &numbers {
        let row = row(&rows, 0, number);
        assert_eq!((row[1].as_str(), row[2].as_str()), ("2026-01-05", "wf-990101"));
        assert_eq!((row[4].as_str(), row[7].as_str()), ("0101", "1"));
        assert!(rows[0][0].contains(&row[8]), "every row carries the tag");
    }
    let all = format!("{rows:?}");
    for secret in ["林小禾", "13800001234", "想离婚"] {
        assert!(!all.contains(secret), "{secret}");
    }
    let found = office.get(AUDITOR, &format!("/traces/tag?tag={}", rows[5][8])).await;
    assert!(found.has("指标的记录清单") && found.has("下载清单"), "{}", found.words());
    // Whoever may not take lists out has neither the form nor the address, nor another's unit.
    for (who, unit) in [(HANDLER, "wf-990101"), (AUDITOR, "wf-9901"), (WEST, "wf-990101")] {
        let form = [("unit", unit), ("period", "2026")];
        assert_eq!(office.post(who, path, &form).await.status, StatusCode::NOT_FOUND, "{who}");
    }
    let mine = office.get(HANDLER, "/figures/appeals_received?unit=wf-990101&period=2026").await;
    assert!(!mine.has(path));
}

/// The words of a Word file, paragraph by paragraph.
fn paragraphs(docx: Vec<u8>) -> Vec<String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut xml = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("word/document.xml").unwrap(), &mut xml)
        .unwrap();
    let text = |p: &str| {
        let runs = p.split("<w:t xml:space=\"preserve\">").skip(1);
        runs.filter_map(|run| run.split("</w:t>").next()).collect::<String>()
    };
    xml.split("</w:p>").map(text).filter(|line| !line.is_empty()).collect()
}

#[tokio::test]
async fn a_board_and_a_figure_leave_as_official_papers() {
    let office = Office::open(Vec::new()).await;
    case(&office, "想离婚").await;
    let (headers, body) = fetch(&office, EAST, "/figures/board.docx").await.unwrap();
    assert!(headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    let lines = paragraphs(body);
    let all = lines.join("\n");
    let at = lines.iter().position(|line| line == "收到诉求").unwrap();
    assert_eq!(lines[at + 1..at + 5], ["件", "1", "1", "1"]);
    assert!(all.contains("收到诉求（件，口径第 1 版）"), "{all}");
    assert!(all.contains("截至 2026年1月5日") && all.contains("校验码（SHA-256）："), "{all}");
    let tag = all.split('〕').nth(1).unwrap().split('号').next().unwrap().to_owned();
    let found = office.get(AUDITOR, &format!("/traces/tag?tag={tag}")).await;
    assert!(found.has("指标表（Word）"), "the number of the paper leads back: {}", found.words());
    // The digest follows the numbers.
    let digest = |all: &str| all.split("SHA-256）：").nth(1).unwrap()[..64].to_owned();
    let again = paragraphs(fetch(&office, EAST, "/figures/board.docx").await.unwrap().1);
    assert_eq!(digest(&again.join("\n")), digest(&all));
    case(&office, "想离婚").await;
    let later = paragraphs(fetch(&office, EAST, "/figures/board.docx").await.unwrap().1);
    assert_ne!(digest(&later.join("\n")), digest(&all));
    let path = "/figures/appeals_received/table.docx?unit=wf-9901&period=2026";
    let lines = paragraphs(fetch(&office, LEADER, path).await.unwrap().1);
    let all = lines.join("\n");
    assert!(all.contains("2 件"), "{all}");
    let at = lines.iter().position(|line| line.contains("东区")).unwrap();
    assert_eq!(lines[at + 1], "2");
    for (who, path) in [(WEST, "/figures/board.docx?unit=wf-990101"), (WEST, path)] {
        assert_eq!(fetch(&office, who, path).await.unwrap_err(), StatusCode::NOT_FOUND, "{path}");
    }
}
