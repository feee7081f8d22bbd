//! A number by district: one equal tile for each, at about the place where it lies. Each tile says
//! its name and its number; the colour only repeats the number, and what is not known is hatched.
//! The table beside it says the same. One figure has one word, so that unlike words never meet here.

use super::trend::count;
use crate::page::Page;
use domain::{figure::Figure, pack::Tile};
use store::FigureValue;

/// Room of a tile, and of the space between two.
const WIDTH: u32 = 100;
const HEIGHT: u32 = 104;
const GAP: u32 = 4;
/// Signs of a line of a name, and lines of it.
const LINE: usize = 5;
const LINES: usize = 3;
/// Height of a line.
const STEP: u32 = 20;
/// Steps of colour for numbers above zero.
const STEPS: i64 = 4;

/// A line of a name in a tile.
pub(super) struct NameView {
    pub(super) y: u32,
    pub(super) text: String,
}

/// A tile.
pub(super) struct TileView {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) class: String,
    pub(super) names: Vec<NameView>,
    pub(super) number: String,
}

/// What a colour stands for.
pub(super) struct LegendView {
    pub(super) class: String,
    pub(super) text: String,
}

/// The picture.
pub(super) struct MapView {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) words: String,
    pub(super) tiles: Vec<TileView>,
    pub(super) legend: Vec<LegendView>,
}

/// The picture of these units and their numbers; none where there is nothing to lay side by side.
pub(super) fn of(
    page: &Page,
    figure: &Figure,
    above: &str,
    beside: &[(&str, &FigureValue)],
) -> Option<MapView> {
    let units = &page.pack.units;
    let own = units.get(above).map(|unit| unit.region.as_str());
    let districts: Vec<(&str, Option<i64>)> = beside
        .iter()
        .filter_map(|(unit, value)| Some((units.get(unit)?.region.as_str(), count(value))))
        .filter(|(region, _)| Some(*region) != own)
        .collect();
    if districts.len() < 2 {
        return None;
    }
    let regions: Vec<&str> = districts.iter().map(|(region, _)| *region).collect();
    let laid = page.pack.tiles.lay(&regions);
    let most = districts.iter().filter_map(|(_, number)| *number).max().unwrap_or(0);
    let side = |of: fn(&Tile) -> u8| laid.iter().map(of).max().map_or(1, u32::from);
    let tiles = districts.iter().zip(&laid).map(|((region, number), place)| TileView {
        x: (u32::from(place.column) - 1) * (WIDTH + GAP),
        y: (u32::from(place.row) - 1) * (HEIGHT + GAP),
        class: number.map_or_else(|| "none".to_owned(), |n| format!("s{}", step(n, most))),
        names: name(region_name(page, region)),
        number: super::amount(page, number.map(|n| figure.word.amount(n))),
    });
    Some(MapView {
        width: side(|tile| tile.column) * (WIDTH + GAP) - GAP,
        height: side(|tile| tile.row) * (HEIGHT + GAP) - GAP,
        words: words(page, figure, &districts),
        legend: legend(page, figure, (&districts, most)),
        tiles: tiles.collect(),
    })
}

fn region_name<'a>(page: &'a Page, region: &'a str) -> &'a str {
    page.pack.regions.get(region).map_or(region, |region| region.name.as_str())
}

/// A name in lines that fit into a tile; what does not fit is cut, the table has it whole.
fn name(name: &str) -> Vec<NameView> {
    let signs: Vec<char> = name.chars().collect();
    let lines = (0..).zip(signs.chunks(LINE).take(LINES));
    let view =
        |(n, line): (u32, &[char])| NameView { y: 24 + n * STEP, text: line.iter().collect() };
    lines.map(view).collect()
}

/// The step of a number: 0 for nothing, then in equal parts of the largest.
fn step(n: i64, most: i64) -> i64 {
    (1..=STEPS).find(|step| n <= upper(*step, most)).filter(|_| n > 0).unwrap_or(0)
}

/// The largest number of a step.
fn upper(step: i64, most: i64) -> i64 {
    if step == STEPS { most } else { most.saturating_mul(step) / STEPS }
}

/// What each colour stands for that is there.
fn legend(
    page: &Page,
    figure: &Figure,
    (districts, most): (&[(&str, Option<i64>)], i64),
) -> Vec<LegendView> {
    let said = |n| super::number(page, figure.word, n);
    let has = |wanted: Option<i64>| {
        districts.iter().any(|(_, number)| number.map(|n| step(n, most)) == wanted)
    };
    let mut all = Vec::new();
    for at in (0..=STEPS).filter(|at| has(Some(*at))) {
        let (from, to) = if at == 0 { (0, 0) } else { (upper(at - 1, most) + 1, upper(at, most)) };
        let text = if from == to { said(to) } else { format!("{}–{}", said(from), said(to)) };
        all.push(LegendView { class: format!("s{at}"), text });
    }
    if has(None) {
        let text = page.t("figures.no_number").to_owned();
        all.push(LegendView { class: "none".to_owned(), text });
    }
    all
}

/// The picture in a sentence, for whoever does not see it.
fn words(page: &Page, figure: &Figure, districts: &[(&str, Option<i64>)]) -> String {
    let told = districts.iter().filter_map(|(region, number)| Some((*region, (*number)?)));
    let all = districts.len().to_string();
    let none = (districts.len() - told.clone().count()).to_string();
    let (Some(most), Some(least)) =
        (told.clone().max_by_key(|(_, n)| *n), told.min_by_key(|(_, n)| *n))
    else {
        return page.tf("figures.map_none", &[("n", &all)]);
    };
    page.tf(
        "figures.map_words",
        &[
            ("n", &all),
            ("word", super::word(page, figure)),
            ("most", &super::number(page, figure.word, most.1)),
            ("where", region_name(page, most.0)),
            ("least", &super::number(page, figure.word, least.1)),
            ("there", region_name(page, least.0)),
            ("none", &none),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_divide_what_is_above_zero() {
        let steps = |most: i64| (0..=most).map(|n| step(n, most)).collect::<Vec<_>>();
        assert_eq!(steps(0), [0]);
        assert_eq!(steps(1), [0, 4]);
        assert_eq!(steps(8), [0, 1, 1, 2, 2, 3, 3, 4, 4]);
        assert_eq!(step(100, 201_400), 1);
        assert_eq!(step(201_400, 201_400), 4);
    }

    #[test]
    fn a_long_name_takes_several_lines() {
        let lines = |text: &str| name(text).into_iter().map(|l| l.text).collect::<Vec<_>>();
        assert_eq!(lines("东城区"), ["东城区"]);
        assert_eq!(lines("东城高新技术产业开发区"), ["东城高新技", "术产业开发", "区"]);
    }
}
