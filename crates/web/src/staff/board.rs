//! The supervision board: how much every unit holds and how much of it is late. Every number
//! leads to its records. Which units may be looked at is decided by the store.

use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use domain::{
    access,
    workflow::{StateKind, Workflow},
};
use jiff::Timestamp;
use serde::Deserialize;
use store::{BoardRow, StateCount};

/// The workflow that is shown when none is asked for.
const FIRST: &str = "appeal";
/// Bars of the chart; more could not be told apart.
const BARS: usize = 14;
/// Distance of two bars and width of the longest, in units of the drawing.
const BAR_STEP: i64 = 24;
const BAR_WIDTH: i64 = 130;
/// Letters of a name beside a bar.
const LETTERS: usize = 9;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/board", get(own_unit)).add(
        Access::Staff,
        "/board/{unit}",
        get(one_unit),
    )
}

#[derive(Deserialize)]
struct Asked {
    flow: Option<String>,
}

struct LinkView {
    name: String,
    href: String,
    current: bool,
}

struct FigureView {
    class: &'static str,
    label: String,
    number: String,
    href: String,
    unit: String,
    note: String,
}

/// One line of the table.
struct RowView {
    name: String,
    drill: String,
    late: bool,
    open: String,
    soon: String,
    overdue: String,
    open_href: String,
    soon_href: String,
    overdue_href: String,
    oldest: String,
    bar: Vec<String>,
    bar_label: String,
}

struct StateView {
    name: String,
    cases: i64,
    href: String,
    ended: bool,
}

struct BarView {
    y: i64,
    text_y: i64,
    name: String,
    pieces: Vec<PieceView>,
    end: i64,
    number: i64,
}

struct PieceView {
    x: i64,
    width: i64,
    fill: &'static str,
}

#[derive(Template)]
#[template(path = "staff/board.html")]
struct BoardPage<'a> {
    page: &'a Page,
    unit: String,
    as_of: String,
    crumbs: Vec<LinkView>,
    flows: Vec<LinkView>,
    figures: Vec<FigureView>,
    rows: Vec<RowView>,
    total: Option<RowView>,
    quiet: String,
    states: Vec<StateView>,
    bars: Vec<BarView>,
    height: i64,
    words: String,
}

#[derive(Template)]
#[template(path = "staff/board_none.html")]
struct NothingPage<'a> {
    page: &'a Page,
}

async fn own_unit(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let root = access::list_root(&page.pack, &me.staff());
    let unit = root.unwrap_or_else(|| me.account.unit.clone());
    show(&app, &page, &me, &unit, &asked).await
}

async fn one_unit(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(unit): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    show(&app, &page, &me, &unit, &asked).await
}

async fn show(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    unit: &str,
    asked: &Asked,
) -> Result<Response, Oops> {
    let pack = &page.pack;
    let wanted = asked.flow.as_deref().unwrap_or(FIRST);
    let flow = pack.workflow(wanted).or_else(|| pack.workflows.values().next());
    let flow = flow.ok_or(Oops::NotFound)?;
    let (staff, now) = (me.staff(), app.now());
    let rows = app.store().board(pack, &staff, (flow, unit), now).await?;
    let Some((total, below)) = rows.split_first() else {
        return page.show(&NothingPage { page });
    };
    let states = app.store().state_counts(pack, &me.viewer(), (flow, unit)).await?;
    let root = access::list_root(pack, &staff).unwrap_or_default();
    let board = Board { page, flow, now };
    let (mut busy, idle): (Vec<&BoardRow>, Vec<&BoardRow>) = below.iter().partition(|r| r.open > 0);
    busy.sort_by_key(|r| (std::cmp::Reverse(r.late), std::cmp::Reverse(r.open)));
    let mut lines: Vec<RowView> = board.own(total, below).into_iter().collect();
    lines.extend(busy.iter().map(|r| board.row(r, true)));
    let bars = bars(page, own_part(total, below), &busy);
    let quiet = if idle.is_empty() {
        String::new()
    } else {
        page.tf("board.quiet", &[("n", &idle.len().to_string())])
    };
    page.show(&BoardPage {
        page,
        unit: page.unit(unit).to_owned(),
        as_of: page.tf("board.as_of", &[("time", &view::clock_time(page, now))]),
        crumbs: crumbs(page, &root, unit, flow),
        flows: flows(page, unit, flow),
        figures: board.figures(total),
        total: (!lines.is_empty()).then(|| board.row(total, false)),
        rows: lines,
        quiet,
        states: states.iter().filter_map(|s| board.state(unit, s)).collect(),
        height: BAR_STEP * i64::try_from(bars.len()).unwrap_or_default() + 4,
        words: bars
            .iter()
            .map(|b| format!("{} {}", b.name, b.number))
            .collect::<Vec<_>>()
            .join(page.t("board.comma")),
        bars,
    })
}

fn board_href(unit: &str, flow: &str) -> String {
    if flow == FIRST { format!("/board/{unit}") } else { format!("/board/{unit}?flow={flow}") }
}

/// The way from the viewer's own unit down to this one.
fn crumbs(page: &Page, root: &str, unit: &str, flow: &Workflow) -> Vec<LinkView> {
    let mut way: Vec<LinkView> = Vec::new();
    for step in page.pack.units.upward(unit) {
        way.push(LinkView {
            name: page.unit(&step.code).to_owned(),
            href: board_href(&step.code, &flow.code),
            current: step.code == unit,
        });
        if step.code == root {
            break;
        }
    }
    way.reverse();
    way
}

fn flows(page: &Page, unit: &str, current: &Workflow) -> Vec<LinkView> {
    let tab = |flow: &Workflow| LinkView {
        name: page.either(&flow.name, &flow.en).to_owned(),
        href: board_href(unit, &flow.code),
        current: flow.code == current.code,
    };
    page.pack.workflows.values().map(tab).collect()
}

struct Board<'a> {
    page: &'a Page,
    flow: &'a Workflow,
    now: Timestamp,
}

impl Board<'_> {
    fn desk(&self, unit: &str, more: &str) -> String {
        format!("/desk?flow={}&unit={unit}{more}", self.flow.code)
    }

    fn oldest(&self, row: &BoardRow) -> String {
        row.oldest.map_or_else(|| "—".to_owned(), |at| view::left(self.page, at, self.now))
    }

    fn figures(&self, total: &BoardRow) -> Vec<FigureView> {
        let share = if total.open > 0 {
            let tenths = total.late * 1_000 / total.open;
            let share = format!("{}.{}%", tenths / 10, tenths % 10);
            self.page.tf("board.share", &[("share", &share)])
        } else {
            String::new()
        };
        let figure = |class, key: &str, number: String, more: &str, note: String| FigureView {
            class,
            label: self.page.t(key).to_owned(),
            number,
            href: self.desk(&total.unit, more),
            unit: self.page.t("board.pieces").to_owned(),
            note,
        };
        let note = |key: &str| self.page.t(key).to_owned();
        let mut figures = vec![
            figure("", "board.open", total.open.to_string(), "", note("board.open_note")),
            figure(
                "figure-yellow",
                "board.soon",
                total.soon.to_string(),
                "&light=yellow",
                note("board.soon_note"),
            ),
            figure("figure-red", "board.late", total.late.to_string(), "&light=red", share),
        ];
        figures.push(FigureView {
            unit: String::new(),
            ..figure(
                "",
                "board.oldest",
                self.oldest(total),
                "&light=red",
                note("board.oldest_note"),
            )
        });
        figures
    }

    fn row(&self, row: &BoardRow, drills: bool) -> RowView {
        let units = &self.page.pack.units;
        let deeper = drills && units.children(&row.unit).any(|u| !u.agency);
        RowView {
            name: if drills {
                self.page.unit(&row.unit).to_owned()
            } else {
                self.page.t("board.total").to_owned()
            },
            drill: if deeper { board_href(&row.unit, &self.flow.code) } else { String::new() },
            open_href: self.desk(&row.unit, ""),
            soon_href: self.desk(&row.unit, "&light=yellow"),
            overdue_href: self.desk(&row.unit, "&light=red"),
            oldest: self.oldest(row),
            ..self.numbers((row.open, row.soon, row.late))
        }
    }

    /// What the unit holds itself.
    fn own(&self, total: &BoardRow, below: &[BoardRow]) -> Option<RowView> {
        let (open, soon, late) = own_part(total, below);
        let unit = self.page.unit(&total.unit);
        (open > 0).then(|| RowView {
            name: self.page.tf("board.own", &[("unit", unit)]),
            open_href: self.desk(&total.unit, "&own=1"),
            soon_href: self.desk(&total.unit, "&own=1&light=yellow"),
            overdue_href: self.desk(&total.unit, "&own=1&light=red"),
            ..self.numbers((open, soon, late))
        })
    }

    fn numbers(&self, (open, soon, late): (i64, i64, i64)) -> RowView {
        let calm = (open - soon - late).max(0);
        let (calm_text, soon_text, late_text) =
            (calm.to_string(), soon.to_string(), late.to_string());
        RowView {
            name: String::new(),
            drill: String::new(),
            late: late > 0,
            bar: bar(open, calm, soon, late),
            bar_label: self.page.tf(
                "board.bar",
                &[("calm", &calm_text), ("soon", &soon_text), ("late", &late_text)],
            ),
            open: open.to_string(),
            soon: soon_text,
            overdue: late_text,
            open_href: String::new(),
            soon_href: String::new(),
            overdue_href: String::new(),
            oldest: String::new(),
        }
    }

    fn state(&self, unit: &str, count: &StateCount) -> Option<StateView> {
        let state = self.flow.state(&count.state).filter(|_| count.cases > 0)?;
        Some(StateView {
            name: self.page.either(&state.name, &state.en).to_owned(),
            cases: count.cases,
            href: self.desk(unit, &format!("&state={}", state.code)),
            ended: matches!(state.kind, StateKind::Closed | StateKind::End),
        })
    }
}

/// The pieces of a bar of lights as classes, in steps of five percent; what is there is seen, and
/// the bar is exactly full: what rounding has left over or taken too much is the largest piece's.
fn bar(open: i64, calm: i64, soon: i64, late: i64) -> Vec<String> {
    let width = |n: i64| ((n * 40 / open.max(1) + 1) / 2 * 5).clamp(5, 100);
    let mut pieces = vec![(calm, ""), (soon, "y "), (late, "r ")];
    pieces.retain(|(n, _)| *n > 0);
    let left = 100 - pieces.iter().map(|(n, _)| width(*n)).sum::<i64>();
    let largest = pieces.iter().map(|(n, _)| *n).max().unwrap_or_default();
    let at = pieces.iter().position(|(n, _)| *n == largest);
    let wide = |(i, (n, class)): (usize, &(i64, &str))| {
        let more = if Some(i) == at { left } else { 0 };
        format!("{class}w-{}", width(*n) + more)
    };
    pieces.iter().enumerate().map(wide).collect()
}

/// Open, due soon and overdue of the unit itself: everything less what the units below hold.
fn own_part(total: &BoardRow, below: &[BoardRow]) -> (i64, i64, i64) {
    let less = |of: fn(&BoardRow) -> i64| (of(total) - below.iter().map(of).sum::<i64>()).max(0);
    (less(|r| r.open), less(|r| r.soon), less(|r| r.late))
}

/// The chart of open cases, longest first.
fn bars(page: &Page, own: (i64, i64, i64), rows: &[&BoardRow]) -> Vec<BarView> {
    let of_unit = |r: &&BoardRow| (page.unit(&r.unit).to_owned(), (r.open, r.soon, r.late));
    let mut rows: Vec<(String, (i64, i64, i64))> = rows.iter().map(of_unit).collect();
    rows.push((page.t("board.own_short").to_owned(), own));
    rows.retain(|(_, (open, ..))| *open > 0);
    rows.sort_by_key(|(_, (open, ..))| std::cmp::Reverse(*open));
    rows.truncate(BARS);
    let most = rows.first().map_or(1, |(_, (open, ..))| *open);
    let bar = |(line, (name, (open, soon, late))): (i64, (String, (i64, i64, i64)))| {
        let calm = (open - soon - late).max(0);
        let mut x = 118;
        let mut pieces = Vec::new();
        for (n, fill) in [(calm, "#4f9159"), (soon, "#efb92f"), (late, "#ab2218")] {
            if n > 0 {
                let width = (n * BAR_WIDTH / most).max(2);
                pieces.push(PieceView { x, width, fill });
                x += width;
            }
        }
        BarView {
            y: line * BAR_STEP + 5,
            text_y: line * BAR_STEP + 16,
            name: shortened(&name),
            pieces,
            end: x + 6,
            number: open,
        }
    };
    (0..).zip(rows).map(bar).collect()
}

/// A name that fits beside its bar; the table has the whole one.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    let head: String = name.chars().take(LETTERS - 1).collect();
    head + "…"
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_shows_every_light_that_is_there() {
        for (open, parts, expected) in [
            (0, (0, 0, 0), vec![]),
            (10, (10, 0, 0), vec!["w-100"]),
            (48, (39, 6, 3), vec!["w-80", "y w-15", "r w-5"]),
            (8, (1, 3, 4), vec!["w-15", "y w-40", "r w-45"]),
            (1_000, (999, 0, 1), vec!["w-95", "r w-5"]),
        ] {
            assert_eq!(bar(open, parts.0, parts.1, parts.2), expected);
        }
    }
}
