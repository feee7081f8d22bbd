//! The figures of a unit, and the way from a number to its records, as browsers get them.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod town;

use axum::http::StatusCode;
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
