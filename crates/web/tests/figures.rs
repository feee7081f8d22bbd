//! The figures of a unit, and the way from a number to its records, as browsers get them.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod town;

use axum::http::StatusCode;
use domain::{
    case::Actor,
    field,
    figure::{Figures, Word},
};
use std::{io::Read, sync::Arc};
use store::{Attachment, NewCase};
use testkit::unit;
use town::{Answer, Town};

/// A family matter, dispatched to the county.
const FAMILY: &str = "0101";
/// How the line of a record begins.
const RECORD: &str = "<th scope=\"row\" class=\"all num\"";
const EAST: &str = "990101000000";
const WEST: &str = "990121000000";

fn ok(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

/// The address behind a number that is named so for those who listen.
fn link(page: &str, name: &str) -> (String, String) {
    let (before, after) = page.split_once(&format!("<span class=\"hide\">{name} </span>")).unwrap();
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    let href = href.split('"').next().unwrap().replace("&#38;", "&");
    (href, after.split('<').next().unwrap().to_owned())
}

#[tokio::test]
async fn each_number_leads_to_as_many_records() {
    let town = Town::new().await;
    for place in [EAST, EAST, WEST] {
        town.dispatched(FAMILY, place).await;
    }
    let leader = town.cookie("leader", unit::CITY).await;
    let page = ok(&town.get("/figures", &leader).await);
    for (figure, number) in [("收到诉求", "3"), ("在办诉求", "3"), ("办结诉求", "0")] {
        let month = format!("{figure} {}", figure_month(&page));
        if figure == "在办诉求" {
            let (href, found) = link(&page, &format!("{figure} {}", since(&page)));
            assert_eq!(found, number, "{figure}");
            let records = ok(&town.get(&href, &leader).await);
            assert_eq!(records.matches(RECORD).count(), 3, "{records}");
            continue;
        }
        let (href, found) = link(&page, &month);
        assert_eq!(found, number, "{figure}");
        let records = ok(&town.get(&href, &leader).await);
        assert_eq!(records.matches(RECORD).count().to_string(), number, "{records}");
    }
    let county = ok(&town.get("/figures?unit=wf-990101", &leader).await);
    let (href, found) = link(&county, &format!("收到诉求 {}", figure_month(&county)));
    assert_eq!(found, "2");
    let records = ok(&town.get(&href, &leader).await);
    assert!(records.contains("2 件") && records.contains("href=\"/cases/"), "{records}");
}

/// From a record back to each figure that counts it; nothing for whoever may not ask for the figure.
#[tokio::test]
async fn a_record_leads_to_every_figure_that_counts_it() {
    let town = Town::new().await;
    let (opened, county) = town.dispatched(FAMILY, EAST).await;
    let leader = town.cookie("leader", unit::CITY).await;
    let case = format!("/cases/{}", opened.number);
    let page = ok(&town.get(&case, &leader).await);
    let (_, card) = page.split_once("计入的指标").unwrap();
    let card = card.split("</section>").next().unwrap();
    let hrefs: Vec<String> = card
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(card.contains("收到诉求") && card.contains("在办诉求"), "{card}");
    for href in hrefs {
        let records = ok(&town.get(&href.replace("&#38;", "&"), &leader).await);
        assert!(records.contains(&format!("href=\"{case}\"")), "{href}: {records}");
    }
    let handler = town.cookie("handler", &county).await;
    let theirs = ok(&town.get(&case, &handler).await);
    let counted = theirs.contains("计入的指标");
    let asks = ok(&town.get("/figures", &handler).await).contains("收到诉求");
    assert!(!counted || asks, "{theirs}");
}

fn heading(page: &str, n: usize) -> String {
    let cells = page.split("<th scope=\"col\" class=\"n\">").skip(1);
    cells.map(|cell| cell.split('<').next().unwrap().to_owned()).nth(n).unwrap()
}

fn figure_month(page: &str) -> String {
    heading(page, 0)
}

fn since(page: &str) -> String {
    heading(page, 2)
}

#[tokio::test]
async fn what_is_not_theirs_is_answered_like_nothing() {
    let town = Town::new().await;
    town.dispatched(FAMILY, WEST).await;
    let county = town.cookie("leader", "wf-990101").await;
    let none = ok(&town.get("/figures?unit=wf-990121", &county).await);
    assert!(none.contains("这里没有您可以查看的指标"), "{none}");
    assert_eq!(ok(&town.get("/figures?unit=no-such-unit", &county).await), none);
    let known = "/figures/appeals_received?unit=wf-990121&period=2025";
    let unknown = "/figures/appeals_received?unit=no-such-unit&period=2025";
    let [known, unknown] = [town.get(known, &county).await, town.get(unknown, &county).await];
    assert_eq!((known.status, unknown.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(known.text(), unknown.text());
    for wrong in
        ["period=x", "period=2025-13", "period=2025&after=x", "period=2025&after=1.a.b.c.d"]
    {
        let path = format!("/figures/appeals_received?unit=wf-990101&{wrong}");
        assert_eq!(town.get(&path, &county).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(town.get("/figures/nothing", &county).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_figure_is_drawn_by_district_with_its_number_in_each_tile() {
    let town = Town::new().await;
    for place in [EAST, EAST, WEST] {
        town.dispatched(FAMILY, place).await;
    }
    let leader = town.cookie("leader", unit::CITY).await;
    let path = |period: &str| format!("/figures/appeals_received?unit=wf-9901&period={period}");
    let page = ok(&town.get(&path("2026"), &leader).await);
    let map = page.split("<svg class=\"tiles\"").nth(1).unwrap().split("</svg>").next().unwrap();
    // The east stands right of the west and above it, as the pack lays them.
    let tile = |name: &str| {
        let tile = map.split("<g class=\"").skip(1).find(|tile| tile.contains(name)).unwrap();
        let number = tile.rsplit("</text>").nth(1).unwrap().rsplit('>').next().unwrap();
        let place = tile.split("translate(").nth(1).unwrap().split(')').next().unwrap();
        (tile.split('"').next().unwrap().to_owned(), place.to_owned(), number.to_owned())
    };
    assert_eq!(tile("东区"), ("s4".into(), "208 0".into(), "2".into()));
    assert_eq!(tile("西县"), ("s2".into(), "0 108".into(), "1".into()));
    assert!(map.contains("2 个地区（件）：最多 2（东区），最少 1（西县）"), "{map}");
    assert!(page.contains("2</a>") && page.contains("下级单位比较"), "the table stands beside");
    // What nobody counted is hatched and has no number, and no zero.
    let page = ok(&town.get(&path("2010"), &leader).await);
    let map = page.split("<svg class=\"tiles\"").nth(1).unwrap().split("</svg>").next().unwrap();
    assert_eq!(map.matches("<g class=\"none\"").count(), 2);
    assert_eq!(map.matches("url(#hatch)").count(), 2);
    assert!(map.contains("2 个地区都没有数") && !map.contains(">0<"), "{map}");
    // A town has no district below it to be laid side by side.
    let page = ok(&town.get("/figures/appeals_received?unit=wf-990121100", &leader).await);
    assert!(!page.contains("class=\"tiles\""));
}

/// The sample city, in which appeals are counted by another definition from 2026 on.
fn redefined() -> packs::City {
    let mut pack = Arc::into_inner(testkit::own_pack()).unwrap();
    let mut figures: Vec<_> = pack.figures.iter().cloned().collect();
    let received = figures.iter_mut().find(|f| f.code == "appeals_received").unwrap();
    let mut next = received.versions[0].clone();
    (next.number, next.since) = (2, "2026-01-01".parse().unwrap());
    received.versions.push(next);
    pack.figures = Figures::new(figures);
    packs::City { pack: Arc::new(pack), ..testkit::city().clone() }
}

/// The rows of a table below a heading: name, then each number with the address behind it.
fn rows(page: &str, heading: &str) -> Vec<(String, Vec<(String, String)>)> {
    let (_, after) = page.split_once(&format!("{heading}</h2>")).unwrap();
    let (_, body) = after.split_once("<tbody>").unwrap();
    let rows = body.split("</tbody>").next().unwrap().split("<tr>").skip(1);
    let row = |row: &str| {
        let name = row.split("<th scope=\"row\">").nth(1).unwrap().split('<').next().unwrap();
        let cells = row.split("<td class=\"n\">").skip(1).map(|cell| {
            let href = cell.split("href=\"").nth(1).map_or("", |h| h.split('"').next().unwrap());
            let number = cell.replace("</a>", "").replace("</td>", "");
            let number = number.split("</span>").last().unwrap().split('<').next().unwrap().trim();
            (number.to_owned(), href.replace("&#38;", "&"))
        });
        (name.to_owned(), cells.collect())
    };
    rows.map(row).collect()
}

/// Bars, their description and a table in which each month leads to its records, beside the same month
/// of the year before; flagged where that was counted by another definition.
#[tokio::test]
async fn a_trend_is_drawn_told_and_compared_with_the_year_before() {
    let start = "2025-05-12T02:00:00Z".parse().unwrap();
    let town = Town::of(Town::folder(), start, redefined()).await;
    for _ in 0..3 {
        town.dispatched(FAMILY, EAST).await;
    }
    town.wait(24 * 365);
    for place in [EAST, WEST] {
        town.dispatched(FAMILY, place).await;
    }
    town.wait(24 * 31);
    town.dispatched(FAMILY, WEST).await;
    let leader = town.cookie("leader", unit::CITY).await;
    let path = "/figures/appeals_received?unit=wf-9901&period=2026-06";
    let page = ok(&town.get(path, &leader).await);
    let picture =
        page.split("<svg class=\"trend\"").nth(1).unwrap().split("</svg>").next().unwrap();
    let heights: Vec<i64> = picture
        .split("<rect ")
        .skip(1)
        .map(|rect| rect.split("height=\"").nth(1).unwrap().split('"').next().unwrap())
        .map(|height| height.parse().unwrap())
        .collect();
    assert_eq!(heights, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120, 60]);
    assert!(picture.contains("最多 2（2026年5月），最少 0（2025年7月）。"), "{picture}");
    let months = rows(&page, "近十二个月");
    assert_eq!(months.len(), 12);
    for (name, now, before) in
        [("2026年5月", "2", "3"), ("2026年6月", "1", "0"), ("2025年12月", "0", "0")]
    {
        let (_, numbers) = months.iter().find(|(month, _)| month == name).unwrap();
        let found: Vec<&str> = numbers.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(found, [now, before], "{name}");
        for (n, href) in numbers {
            let records = ok(&town.get(href, &leader).await);
            assert_eq!(records.matches(RECORD).count().to_string(), *n, "{href}");
        }
    }
    // Five months of 2026 and June are set beside months of the old definition.
    assert_eq!(page.matches("口径不同，不能比较").count(), 6, "{page}");
}

#[tokio::test]
async fn a_number_is_split_by_category_down_to_the_records() {
    let town = Town::new().await;
    for category in [FAMILY, FAMILY, FAMILY, "0102", "0102"] {
        town.dispatched(category, EAST).await;
    }
    town.dispatched("0102", WEST).await;
    let leader = town.cookie("leader", unit::CITY).await;
    for (unit, numbers) in [("wf-9901", &["3", "3"][..]), ("wf-990101", &["3", "2"])] {
        let path = format!("/figures/appeals_received?unit={unit}&period=2026");
        let parts = rows(&ok(&town.get(&path, &leader).await), "按类别");
        let found: Vec<&str> = parts.iter().map(|(_, cells)| cells[0].0.as_str()).collect();
        assert_eq!(found, numbers, "{unit}");
        for (name, cells) in parts {
            let (number, href) = &cells[0];
            let records = ok(&town.get(href, &leader).await);
            assert_eq!(records.matches(RECORD).count().to_string(), *number, "{href}");
            assert!(records.contains(&format!("· {name}</dt>")), "{records}");
            assert_eq!(records.matches(&format!(">{name}</td>")).count().to_string(), *number);
        }
    }
    // No figure is split by what its definition does not name, nor by what is not there.
    for wrong in [
        "appeals_open?unit=wf-9901&period=2026&category=1302",
        "appeals_received?unit=wf-9901&period=2026&category=9999",
        "appeals_received?unit=wf-9901&period=2026&programme=mediation",
    ] {
        let answer = town.get(&format!("/figures/{wrong}"), &leader).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

/// The numbers that somebody finds when they ask for the appeals of the county by category, with the
/// addresses behind them.
async fn by_category(town: &Town, cookie: &str) -> (Vec<String>, Vec<String>) {
    let path = "/figures/appeals_received?unit=wf-990101&period=2026";
    let parts = rows(&ok(&town.get(path, cookie).await), "按类别");
    parts.into_iter().map(|(_, mut cells)| cells.remove(0)).unzip()
}

/// Whoever may open every record reads it anyway, so no part is kept from them. Where one record of a
/// small part is closed to the reader, its number would say what that record is: it is told only with
/// the next one, and neither has a page of its own.
#[tokio::test]
async fn a_small_part_with_a_closed_record_is_told_only_with_another() {
    let town = Town::new().await;
    let mut last = None;
    for (category, n) in [("0102", 6), ("0103", 5), (FAMILY, 2)] {
        for _ in 0..n {
            last = Some(town.dispatched(category, EAST).await);
        }
    }
    let above = town.cookie("statistician", unit::CITY).await;
    let county = town.cookie("statistician", unit::EAST).await;
    let (numbers, hrefs) = by_category(&town, &county).await;
    assert_eq!(numbers, ["6", "5", "2"]);
    for href in &hrefs {
        assert_eq!(town.get(href, &county).await.status, StatusCode::OK, "{href}");
    }

    // One of the two has been answered and lies with the city until somebody has called the person.
    let (case, east) = last.map(|(opened, unit)| (opened.done.case, unit)).unwrap();
    town.act(case, ("handler", &east), "sign", &[]).await;
    let reply = [("answer", "已上门调解"), ("outcome", "resolved")];
    town.act(case, ("handler", &east), "submit_reply", &reply).await;
    town.act(case, ("reviewer", &east), "approve_reply", &[]).await;
    let (numbers, told) = by_category(&town, &county).await;
    assert_eq!(numbers, ["6", "7"], "two and five are told together");
    assert_eq!(told[1], "", "and lead nowhere");
    for (href, told) in hrefs.iter().zip([true, false, false]) {
        let status = town.get(href, &county).await.status;
        assert_eq!(status == StatusCode::OK, told, "{href}: {status}");
    }
    assert_eq!(by_category(&town, &above).await.0, ["6", "5", "2"], "they may open all of them");
}

/// A number that somebody typed in, with its evidence, and that another one confirmed.
async fn typed_in(town: &Town) {
    typed(town, "4800").await;
}

async fn typed(town: &Town, amount: &str) {
    let flow = town.pack.workflow("hand_entry").unwrap();
    let fields = [
        ("item", "online_views"),
        ("held_on", "2026-06-02"),
        ("amount", amount),
        ("source", "直播后台导出"),
    ];
    let raw = fields.map(|(k, v)| (k.to_owned(), vec![v.to_owned()])).into_iter().collect();
    let (name, kind) = ("后台.csv".to_owned(), "text/csv".to_owned());
    let new = NewCase {
        command: store::digest(amount),
        actor: Actor::Staff(town.staff("handler", unit::EAST).await),
        workflow: flow.code.clone(),
        programme: None,
        given: field::check(&town.pack, flow, &flow.opening.fields, &raw).unwrap(),
        then: Vec::new(),
        files: vec![Attachment { name, kind, body: b"views,4800".to_vec() }],
        receipt: store::new_receipt(),
        imported: None,
    };
    let opened = town.store.open_case(&town.pack, town.now(), new).await.unwrap();
    town.act(opened.done.case, ("reviewer", unit::CITY), "confirm", &[]).await;
}

/// Everything that is written in a workbook or a Word file.
fn file_text(bytes: Vec<u8>) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for n in 0..zip.len() {
        let mut part = zip.by_index(n).unwrap();
        if part.name().unwrap().ends_with(".xml") {
            part.read_to_string(&mut text).unwrap();
        }
    }
    text
}

/// Wherever a number that was typed in is shown, it says so; of others nothing says it.
#[tokio::test]
async fn what_was_typed_in_says_so_on_every_page_and_file() {
    const MARK: &str = "手工填报";
    let town = Town::new().await;
    typed_in(&town).await;
    town.dispatched(FAMILY, EAST).await;
    let leader = town.cookie("leader", unit::CITY).await;
    let page = ok(&town.get("/figures", &leader).await);
    let row = |name: &str| page.split("<tr>").find(|row| row.contains(name)).unwrap().to_owned();
    let mark = format!("<span class=\"state\">{MARK}</span>");
    assert!(row("线上观看").contains(&mark), "{page}");
    assert!(!row("收到诉求").contains(MARK), "{page}");
    let asked = "unit=wf-9901&period=2026-06";
    for (figure, typed) in [("online_views", true), ("appeals_received", false)] {
        let page = ok(&town.get(&format!("/figures/{figure}?{asked}"), &leader).await);
        assert_eq!(page.contains(&mark), typed, "{figure}: {page}");
        for kind in ["xlsx", "docx"] {
            let path = format!("/figures/{figure}/table.{kind}?{asked}");
            let file = town.get(&path, &leader).await;
            assert_eq!(file.status, StatusCode::OK, "{path}");
            assert_eq!(file_text(file.bytes).contains(MARK), typed, "{path}");
        }
    }
    for kind in ["xlsx", "docx"] {
        let file = town.get(&format!("/figures/board.{kind}?unit=wf-9901"), &leader).await;
        let text = file_text(file.bytes);
        assert!(text.contains(MARK), "{kind}: {text}");
    }
    for (body, typed) in [
        ("今年，线上宣讲观看{online_views 2026}人次。", true),
        ("今年，收到诉求{appeals_received 2026}件。", false),
    ] {
        let number = town.released(body).await.number;
        for (path, cookie) in [("releases", &*leader), ("news", "")] {
            let page = ok(&town.get(&format!("/{path}/{number}"), cookie).await);
            assert_eq!(page.contains(MARK), typed, "{path}: {page}");
        }
    }
}

/// The sample city, in which what is typed in is money that was paid.
fn paid() -> packs::City {
    let mut pack = Arc::into_inner(testkit::own_pack()).unwrap();
    let mut figures: Vec<_> = pack.figures.iter().cloned().collect();
    figures.iter_mut().find(|f| f.code == "online_views").unwrap().word = Word::Yuan;
    pack.figures = Figures::new(figures);
    packs::City { pack: Arc::new(pack), ..testkit::city().clone() }
}

/// Money is read as a press text says it: in 万 where two decimals are enough, else in threes, and so in
/// English; a workbook has the number itself.
#[tokio::test]
async fn money_is_told_in_its_word() {
    let town = Town::of(Town::folder(), town::START.parse().unwrap(), paid()).await;
    let leader = town.cookie("leader", unit::CITY).await;
    let english = format!("{leader}; lang=en");
    let asked = "/figures/online_views?unit=wf-9901&period=2026";
    for (paid, said, figures) in
        [("2014000", "201.4万", "2,014,000"), ("331567", "2,345,567", "2,345,567")]
    {
        typed(&town, paid).await;
        let board = ok(&town.get("/figures", &leader).await);
        let (_, row) = board.split_once("线上观看").unwrap();
        let row = row.split("</tr>").next().unwrap();
        assert!(row.contains(&format!("</span>{said}</a>")), "{row}");
        let page = ok(&town.get(asked, &leader).await);
        assert!(page.contains(&format!("{said}元")), "{page}");
        assert!(!page.contains(&figures.replace(',', "")), "nowhere bare: {page}");
        let page = ok(&town.get(asked, &english).await);
        assert!(page.contains(&format!("{figures} yuan")), "{page}");
    }
    let file = town.get("/figures/online_views/table.xlsx?unit=wf-9901&period=2026", &leader).await;
    assert!(file_text(file.bytes).contains("<v>2345567</v>"));
}
