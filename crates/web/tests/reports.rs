//! A report through its pages: opened once, submitted with its records, checked against a sample, and
//! what has changed since is told beside it.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[allow(dead_code, reason = "these tests use a part of the office")]
mod office;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use calamine::Reader;
use office::{Office, Page};
use std::io::Cursor;

const TRIAGE: &str = "triage@hotline-9901";
const TOWN: &str = "handler@wf-990101001";
const REVIEWER: &str = "reviewer@wf-990101";
const LEADER: &str = "leader@wf-990101";
const STORY: &[(&str, &str)] = &[
    ("contact_name", "样小燕"),
    ("place", "990101001000"),
    ("summary", "村里的路"),
    ("narrative", "村口的路坑多，孩子上学难走。"),
];
const WHICH: &[(&str, &str)] = &[("form", "monthly"), ("period", "2026-01")];

async fn dispatched(office: &Office) -> String {
    let (number, _) = office.call(STORY).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101001")]).await;
    number
}

async fn opened(office: &Office) -> Page {
    office.post(TOWN, "/new/report", WHICH).await
}

fn number_of(page: &Page) -> String {
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.words());
    page.to.trim_start_matches("/cases/").split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_report_goes_from_its_unit_to_the_lock_and_tells_what_changed() {
    let office = Office::open(Vec::new()).await;
    let appeal = dispatched(&office).await;
    let list = office.get(LEADER, "/reports?form=monthly&period=2026-01").await;
    assert!(list.has("未报"), "{}", list.words());
    let mine = office.get(TOWN, "/reports?form=monthly&period=2026-01").await;
    assert!(mine.has("/new/report?form=monthly&#38;period=2026-01"), "{}", mine.body);
    let form = office.get(TOWN, "/new/report?form=monthly&period=2026-01").await;
    assert!(form.has("value=\"2026-01\" selected"), "{}", form.body);

    let report = number_of(&opened(&office).await);
    let again = opened(&office).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.words());
    assert!(again.has("本单位已经有一份相同的"), "{}", again.words());

    let numbers = office.get(TOWN, &format!("/cases/{report}/figures")).await;
    assert!(numbers.has("收到诉求"), "{}", numbers.words());
    office.must(TOWN, &report, "submit", &[]).await;
    let records = office.get(TOWN, &format!("/cases/{report}/figures/0/0")).await;
    assert!(records.has(&format!("href=\"/cases/{appeal}\"")), "{}", records.words());
    let sample = office.get(REVIEWER, &format!("/cases/{report}/figures/0/0?sample=1")).await;
    assert!(sample.has("从 1 条记录中随机抽出 1 条"), "{}", sample.words());

    assert!(sample.has("与原件相符") && sample.has("不符"), "{}", sample.words());
    let own = office.get(TOWN, &format!("/cases/{report}/figures/0/0?sample=1")).await;
    assert!(!own.has("type=\"radio\""), "whoever submits does not look: {}", own.words());
    let case = office.get(REVIEWER, &format!("/cases/{report}")).await;
    let version = case.value("version");
    let check = [("version", version.as_str())];
    let refused = office.post(REVIEWER, &format!("/cases/{report}/check"), &check).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.words());
    let (all, page) = (drawn(&office, REVIEWER, &report).await.len(), refused.words());
    assert!(page.contains(&format!("还有 {all} 条没有核查，0 条与原件不符")), "{page}");
    look(&office, REVIEWER, &report).await;
    let case = office.get(REVIEWER, &format!("/cases/{report}")).await;
    let told = format!("已核查 {all} 条，应核查 {all} 条，其中不符 0 条");
    assert!(case.has(&told) && case.has("reviewer某"), "{}", case.words());
    let table = office.get(LEADER, &format!("/cases/{report}/figures")).await;
    assert!(table.has(&told), "{}", table.words());
    office.must(REVIEWER, &report, "check", &[]).await;
    office.must(LEADER, &report, "approve", &[]).await;
    dispatched(&office).await;
    let numbers = office.get(LEADER, &format!("/cases/{report}/figures")).await;
    assert!(numbers.has("有变化"), "{}", numbers.words());
    let records = office.get(LEADER, &format!("/cases/{report}/figures/0/0")).await;
    assert!(records.has("固定时的记录，共 1 条"), "{}", records.words());
    let list = office.get(LEADER, "/reports?form=monthly&period=2026-01").await;
    assert!(list.has("已审定，待锁定"), "{}", list.words());
}

/// The choices beside the records that were drawn.
async fn drawn(office: &Office, who: &str, report: &str) -> Vec<String> {
    let mut names = Vec::new();
    for n in 0.. {
        let page = office.get(who, &format!("/cases/{report}/figures/0/{n}?sample=1")).await;
        if page.status == StatusCode::NOT_FOUND {
            break;
        }
        let fields = page.body.split("name=\"seen.").skip(1).filter_map(|s| s.split('"').next());
        names.extend(fields.map(|name| format!("seen.{name}")));
    }
    names.dedup();
    names
}

/// Says of every record that was drawn that it agrees with the original.
async fn look(office: &Office, who: &str, report: &str) {
    let names = drawn(office, who, report).await;
    assert!(!names.is_empty(), "nothing to look at");
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "sound")).collect();
    let done = office.post(who, &format!("/cases/{report}/look"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    assert_eq!(done.to, format!("/cases/{report}/figures"));
}

#[tokio::test]
async fn a_frozen_number_says_nothing_of_what_one_is_kept_out_of() {
    let office = Office::open(Vec::new()).await;
    let hidden = dispatched(&office).await;
    dispatched(&office).await;
    let report = number_of(&opened(&office).await);
    office.must(TOWN, &report, "submit", &[]).await;
    let path = format!("/cases/{report}/figures/0/0");
    assert!(office.get(TOWN, &path).await.has("<b>2 件</b>"));
    let who = office.hire(TOWN).await.to_string();
    let out = [("who", who.as_str()), ("reason", "与当事人同村")];
    let barred = office.post(LEADER, &format!("/cases/{hidden}/secrecy/bar"), &out).await;
    assert_eq!(barred.status, StatusCode::SEE_OTHER, "{}", barred.words());
    let list = office.get(TOWN, &path).await;
    assert!(list.has("<b>1 件</b>") && list.has("共 1 条"), "{}", list.words());
    assert!(!list.has(&hidden), "{}", list.words());
    let sample = office.get(TOWN, &format!("{path}?sample=1")).await;
    assert!(sample.has("从 1 条记录中"), "{}", sample.words());
    let table = office.get(TOWN, &format!("/cases/{report}/figures")).await;
    assert!(!table.has(">2</a>"), "{}", table.words());
    assert!(office.get(LEADER, &path).await.has("<b>2 件</b>"));
}

#[tokio::test]
async fn numbers_of_others_are_as_unknown_as_none() {
    let office = Office::open(Vec::new()).await;
    let report = number_of(&opened(&office).await);
    office.must(TOWN, &report, "submit", &[]).await;
    let stranger = "handler@wf-990121";
    for path in ["/figures", "/figures/0/0"] {
        let known = office.get(stranger, &format!("/cases/{report}{path}")).await;
        let unknown = office.get(stranger, &format!("/cases/26-0000-0000-0{path}")).await;
        assert_eq!(known.status, StatusCode::NOT_FOUND);
        assert_eq!((known.status, known.words()), (unknown.status, unknown.words()));
    }
    for path in ["/figures/9/0", "/figures/0/99", "/figures/x/y", "/figures/0/0?from=999999999"] {
        let answer = office.get(TOWN, &format!("/cases/{report}{path}")).await;
        assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    let (appeal, _) = office.call(STORY).await;
    let none = office.get("operator@hotline-9901", &format!("/cases/{appeal}/figures")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "an appeal freezes no numbers");
}

const COUNTY: &str = "handler@wf-990101";
const CITY_LEADER: &str = "leader@wf-9901";
const CITY_REVIEWER: &str = "reviewer@wf-9901";

/// The cells of the form of a report, and whether it is there at all.
async fn form(office: &Office, who: &str, report: &str) -> Result<Vec<Vec<String>>, StatusCode> {
    let session = office.session(who).await;
    let path = format!("/cases/{report}/figures/form.xlsx");
    let request = Request::get(path).header(header::COOKIE, session.cookie);
    let answer = office.raw(request.body(Body::empty()).unwrap()).await;
    if answer.status() != StatusCode::OK {
        return Err(answer.status());
    }
    let body = to_bytes(answer.into_body(), 8 << 20).await.unwrap().to_vec();
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(body)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    Ok(sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect())
}

#[tokio::test]
async fn a_locked_report_fills_the_form_of_the_upper_level_cell_by_cell() {
    let office = Office::open(Vec::new()).await;
    dispatched(&office).await;
    let which = [("form", "province_annual"), ("period", "2026")];
    let report = number_of(&office.post(COUNTY, "/new/report", &which).await);
    office.must(COUNTY, &report, "submit", &[]).await;
    assert_eq!(form(&office, COUNTY, &report).await.unwrap_err(), StatusCode::NOT_FOUND);
    look(&office, CITY_REVIEWER, &report).await;
    office.must(CITY_REVIEWER, &report, "check", &[]).await;
    office.must(CITY_LEADER, &report, "approve", &[]).await;
    // The lock falls in its time.
    office.pass(8 * 24 * 3_600);
    office.come_in_anew();
    office.app.store().tick(&office.app.pack(), office.app.now(), 100).await.unwrap();
    let page = office.get(CITY_LEADER, &format!("/cases/{report}/figures")).await;
    assert!(page.has("form.xlsx"), "{}", page.body);
    let rows = form(&office, CITY_LEADER, &report).await.unwrap();
    assert!(rows[0][0].contains("leader某（leader@wf-9901）"), "{:?}", rows[0]);
    assert_eq!(rows[1][0], "妇联工作年度统计表");
    assert!(rows[2][0].contains("2026年 · 省妇女联合会布置"), "{:?}", rows[2]);
    assert_eq!(rows[3], ["编号", "指标名称", "计量单位", "数", "备注"]);
    let cells = &office.app.pack().forms["province_annual"].cells;
    assert_eq!(rows.len(), 4 + cells.len(), "one row for each cell, in the order of the form");
    for (row, cell) in rows[4..].iter().zip(cells) {
        assert_eq!((&row[0], &row[1]), (&cell.number, &cell.label));
    }
    assert_eq!(rows[4], ["A1", "收到诉求（本年）", "件", "1", ""]);
    assert_eq!(rows[5][..4], ["A2", "收到诉求（上年）", "件", "0"]);
    let views = rows.iter().find(|row| row[0] == "D1").unwrap();
    assert!(views[4].contains("手工填报"), "{views:?}");

    // One more comes, and what was released stays where it is, with the revision beside it.
    dispatched(&office).await;
    let reason = [("reason", "补录一件")];
    office.must(CITY_REVIEWER, &report, "propose_revision", &reason).await;
    assert_eq!(form(&office, COUNTY, &report).await.unwrap_err(), StatusCode::NOT_FOUND);
    office.must(CITY_LEADER, &report, "accept_revision", &[]).await;
    let rows = form(&office, CITY_LEADER, &report).await.unwrap();
    assert_eq!(rows[4][3], "1");
    assert_eq!(rows[4][4], "更正为 2（2026年1月13日）");
    assert_eq!(rows[5][4], "", "what did not change says nothing");
    let other = form(&office, "leader@wf-990121", &report).await;
    assert_eq!(other.unwrap_err(), StatusCode::NOT_FOUND);
}
