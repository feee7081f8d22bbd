//! Where the states of a workflow stand, and how the arrows run between them.
//!
//! The usual way (from the first state along the primary actions) is a column in the middle; every
//! other state stands beside, as near as there is room to the states it is connected with. All
//! numbers are whole pixels.

use std::collections::BTreeMap;

use domain::workflow::{Action, State, Target, Tone, Workflow};

pub(super) const BOX_WIDTH: i32 = 168;
pub(super) const BOX_HEIGHT: i32 = 54;
pub(super) const LINE_HEIGHT: i32 = 14;
/// From the middle of one box to the next: down the column, and from column to column.
const ROW: i32 = 122;
const COLUMN: i32 = 480;
const MARGIN: i32 = 44;
const FOOT: i32 = 44;
/// Characters of a label before it is cut.
const LABEL_CHARS: usize = 13;
/// Names on one arrow before the rest is counted.
const LABEL_LINES: usize = 3;

/// A drawing, ready to be written down.
pub(super) struct Plan<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) lines: Vec<Line<'a>>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A state and its place; `x` and `y` are its middle.
pub(super) struct Node<'a> {
    pub(super) state: &'a State,
    pub(super) x: i32,
    pub(super) y: i32,
    column: i32,
    /// Half rows from the top.
    row: i32,
}

/// All actions from one state to another.
pub(super) struct Line<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) curve: [Point; 4],
    pub(super) label: Label,
    pub(super) main: bool,
    pub(super) back: bool,
    pub(super) by_itself: bool,
    from: usize,
    to: usize,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// Words on an arrow; `at` is the middle of their upper edge.
#[derive(Default)]
pub(super) struct Label {
    pub(super) lines: Vec<String>,
    pub(super) at: Point,
    width: i32,
    height: i32,
}

/// Actions that lead from a state to another, with its code.
pub(super) fn leading<'a>(
    flow: &'a Workflow,
    state: &'a State,
) -> impl Iterator<Item = (&'a Action, &'a str)> {
    flow.actions_from(&state.code).filter_map(|action| match &action.to {
        Target::State(to) if *to != state.code => Some((action, to.as_str())),
        Target::State(_) | Target::Same => None,
    })
}

/// Names of the actions that leave the case in its state.
pub(super) fn staying<'a>(flow: &'a Workflow, state: &'a State) -> impl Iterator<Item = &'a str> {
    let stays = |action: &&Action| match &action.to {
        Target::State(to) => *to == state.code,
        Target::Same => true,
    };
    flow.actions_from(&state.code).filter(stays).map(|a| a.name.as_str())
}

/// Lays the workflow out.
pub(super) fn plan(flow: &Workflow) -> Plan<'_> {
    let path = usual_way(flow);
    let mut nodes = column(flow, &path);
    beside(flow, &mut nodes);
    let least = nodes.iter().map(|n| n.column).min().unwrap_or(0);
    let most = nodes.iter().map(|n| n.column).max().unwrap_or(0);
    for node in &mut nodes {
        node.x = MARGIN + 110 + BOX_WIDTH / 2 + (node.column - least) * COLUMN;
        node.y = MARGIN + BOX_HEIGHT / 2 + node.row * ROW / 2;
    }
    let mut lines = lines(flow, &nodes, &path);
    bend(&nodes, &mut lines);
    name(&nodes, &mut lines);
    let lowest = nodes.iter().map(|n| n.y + BOX_HEIGHT / 2).max().unwrap_or(0);
    let lowest = lines.iter().map(|l| l.label.at.y + l.label.height).fold(lowest, i32::max);
    let width = 2 * (MARGIN + 110) + BOX_WIDTH + (most - least) * COLUMN;
    Plan { nodes, lines, width, height: lowest + MARGIN + FOOT }
}

/// From the first state on along primary actions, or whatever leads to a state not yet seen.
fn usual_way(flow: &Workflow) -> Vec<&str> {
    let mut path: Vec<&str> = Vec::new();
    let mut next = flow.state(&flow.initial);
    while let Some(here) = next {
        path.push(&here.code);
        let onward: Vec<_> = leading(flow, here).filter(|(_, to)| !path.contains(to)).collect();
        let primary = onward.iter().find(|(action, _)| action.tone == Tone::Primary);
        let automatic = onward.iter().find(|(action, _)| action.auto.is_some());
        let chosen = primary.or(automatic).or(onward.first());
        next = chosen.and_then(|(_, to)| flow.state(to));
    }
    path
}

fn column<'a>(flow: &'a Workflow, path: &[&str]) -> Vec<Node<'a>> {
    let states = path.iter().filter_map(|code| flow.state(code));
    let node = |(row, state)| Node { state, x: 0, y: 0, column: 0, row: 2 * row };
    (0..).zip(states).map(node).collect()
}

/// Places every other state where it is nearest to those it is connected with.
fn beside<'a>(flow: &'a Workflow, nodes: &mut Vec<Node<'a>>) {
    let main_rows = nodes.iter().map(|n| n.row).max().unwrap_or(0);
    let placed = |nodes: &[Node<'_>], code: &str| nodes.iter().any(|n| n.state.code == code);
    let mut waiting: Vec<&State> = flow.states.iter().filter(|s| !placed(nodes, &s.code)).collect();
    while !waiting.is_empty() {
        // The best connected first; it has most to lose by a bad place.
        let ties = |state: &State| neighbours(flow, state, nodes).len();
        let best = (0..waiting.len())
            .max_by_key(|i| (waiting.get(*i).map_or(0, |s| ties(s)), std::cmp::Reverse(*i)));
        let state = waiting.remove(best.unwrap_or(0));
        let near = neighbours(flow, state, nodes);
        let wish = match count(near.len()) {
            0 => main_rows,
            n => near.iter().map(|at| at.0).sum::<i32>() / n,
        };
        let lean: i32 = near.iter().map(|at| at.1).sum();
        let (column, row) = nearest_free(nodes, wish, lean.signum(), main_rows);
        nodes.push(Node { state, x: 0, y: 0, column, row });
    }
}

/// Rows and columns of the placed states that a state is connected with.
fn neighbours(flow: &Workflow, state: &State, nodes: &[Node<'_>]) -> Vec<(i32, i32)> {
    let to = |other: &State| leading(flow, state).any(|(_, to)| to == other.code);
    let from = |other: &State| leading(flow, other).any(|(_, to)| to == state.code);
    let tied = nodes.iter().filter(|n| to(n.state) || from(n.state));
    tied.map(|n| (n.row, n.column)).collect()
}

fn nearest_free(nodes: &[Node<'_>], wish: i32, lean: i32, last_row: i32) -> (i32, i32) {
    let mut best = (i32::MAX, (1, last_row + 2));
    for column in [1, -1, 2, -2] {
        let crowd = count(nodes.iter().filter(|n| n.column == column).count());
        for row in (0..=last_row + 1).rev() {
            let free = nodes.iter().all(|n| n.column != column || (n.row - row).abs() >= 2);
            let far = (row - wish).abs() * 4 + (column.abs() - 1) * 60 + crowd * 2;
            let against = if lean != 0 && lean != column.signum() { 6 } else { 0 };
            if free && far + against < best.0 {
                best = (far + against, (column, row));
            }
        }
    }
    best.1
}

fn lines<'a>(flow: &'a Workflow, nodes: &[Node<'a>], path: &[&str]) -> Vec<Line<'a>> {
    let index: BTreeMap<&str, usize> =
        nodes.iter().enumerate().map(|(i, n)| (n.state.code.as_str(), i)).collect();
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (from, node) in nodes.iter().enumerate() {
        for (action, to) in leading(flow, node.state) {
            let Some(&to) = index.get(to) else { continue };
            let by_itself = action.auto.is_some();
            let same = |l: &&mut Line<'_>| l.from == from && l.to == to;
            if let Some(line) = lines.iter_mut().find(same) {
                line.names.push(&action.name);
                line.by_itself &= by_itself;
                continue;
            }
            let step = path.windows(2).any(|pair| {
                let place = |code: &&str| index.get(*code).copied();
                pair.first().and_then(place) == Some(from)
                    && pair.last().and_then(place) == Some(to)
            });
            let back = nodes.get(to).is_some_and(|next| leads_back(flow, nodes, node, next));
            lines.push(Line {
                names: vec![&action.name],
                curve: Default::default(),
                label: Label::default(),
                main: step,
                back,
                by_itself,
                from,
                to,
            });
        }
    }
    lines
}

/// Whether a step undoes a way: back to a state of the main column that was passed before, or
/// to a side state that has just led here.
fn leads_back(flow: &Workflow, nodes: &[Node<'_>], from: &Node<'_>, to: &Node<'_>) -> bool {
    let earlier = rank(flow, nodes, to) < rank(flow, nodes, from);
    let returns = leading(flow, to.state).any(|(_, code)| code == from.state.code);
    earlier && (to.column == 0 || returns)
}

/// How far on the usual way a state lies; a side state lies after the first that leads to it.
fn rank(flow: &Workflow, nodes: &[Node<'_>], node: &Node<'_>) -> i32 {
    if node.column == 0 {
        return node.row;
    }
    let main = nodes.iter().filter(|n| n.column == 0);
    let leads = |n: &&Node<'_>| leading(flow, n.state).any(|(_, to)| to == node.state.code);
    main.filter(leads).map(|n| n.row).min().map_or(node.row, |row| row + 1)
}

/// The side of a box that an arrow leaves or enters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Top,
    Right,
    Bottom,
    Left,
}

/// An arrow at a side of a box: height of its other end, number, and whether it starts here.
type Arrival = (i32, usize, bool);

/// Bends the arrows, so that they leave and enter boxes at their own points.
fn bend(nodes: &[Node<'_>], lines: &mut [Line<'_>]) {
    let mut ports: BTreeMap<(usize, Side), Vec<Arrival>> = BTreeMap::new();
    let mut sides = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let (Some(a), Some(b)) = (nodes.get(line.from), nodes.get(line.to)) else { continue };
        let (leaves, enters) = sides_of(nodes, a, b, line);
        ports.entry((line.from, leaves)).or_default().push((b.y, number, true));
        ports.entry((line.to, enters)).or_default().push((a.y, number, false));
        sides.push((leaves, enters));
    }
    let mut at: BTreeMap<(usize, bool), Point> = BTreeMap::new();
    for ((node, side), mut list) in ports {
        let Some(node) = nodes.get(node) else { continue };
        list.sort_unstable();
        let n = count(list.len());
        for (place, (_, number, start)) in (1..).zip(list) {
            at.insert((number, start), port(node, side, place, n));
        }
    }
    for (number, line) in lines.iter_mut().enumerate() {
        let (Some(a), Some(b)) = (at.get(&(number, true)), at.get(&(number, false))) else {
            continue;
        };
        let Some((leaves, enters)) = sides.get(number) else { continue };
        let same_column = match (nodes.get(line.from), nodes.get(line.to)) {
            (Some(from), Some(to)) => from.column == to.column,
            _ => false,
        };
        let pull = if same_column && leaves == enters {
            (56 + (a.y - b.y).abs() * 2 / 7).min(COLUMN - BOX_WIDTH - 40)
        } else {
            ((a.x - b.x).abs() / 2).max((a.y - b.y).abs() / 3).clamp(20, 150)
        };
        line.curve = [*a, away(*a, *leaves, pull), away(*b, *enters, pull), *b];
    }
}

/// Which sides of its boxes an arrow uses.
fn sides_of(nodes: &[Node<'_>], a: &Node<'_>, b: &Node<'_>, line: &Line<'_>) -> (Side, Side) {
    if a.column != b.column {
        return if a.column < b.column {
            (Side::Right, Side::Left)
        } else {
            (Side::Left, Side::Right)
        };
    }
    let (low, high) = (a.row.min(b.row), a.row.max(b.row));
    let between = nodes.iter().any(|n| n.column == a.column && n.row > low && n.row < high);
    if !between && a.row < b.row {
        return (Side::Bottom, Side::Top);
    }
    let outer = match a.column {
        0 if line.back => Side::Left,
        0 => Side::Right,
        c if c < 0 => Side::Left,
        _ => Side::Right,
    };
    (outer, outer)
}

fn port(node: &Node<'_>, side: Side, place: i32, of: i32) -> Point {
    let (left, top) = (node.x - BOX_WIDTH / 2, node.y - BOX_HEIGHT / 2);
    let down = top + BOX_HEIGHT * place / (of + 1);
    let along = left + BOX_WIDTH * place / (of + 1);
    match side {
        Side::Top => Point { x: along, y: top },
        Side::Bottom => Point { x: along, y: top + BOX_HEIGHT },
        Side::Left => Point { x: left, y: down },
        Side::Right => Point { x: left + BOX_WIDTH, y: down },
    }
}

fn away(from: Point, side: Side, by: i32) -> Point {
    match side {
        Side::Top => Point { y: from.y - by, ..from },
        Side::Bottom => Point { y: from.y + by, ..from },
        Side::Left => Point { x: from.x - by, ..from },
        Side::Right => Point { x: from.x + by, ..from },
    }
}

/// Puts the names beside the arrows, where they hide neither boxes nor each other.
fn name(nodes: &[Node<'_>], lines: &mut [Line<'_>]) {
    const TRIES: [i64; 13] = [50, 42, 58, 34, 66, 27, 73, 20, 80, 14, 86, 9, 91];
    let mut taken: Vec<(Point, i32, i32)> = nodes
        .iter()
        .map(|n| {
            let corner = Point { x: n.x - BOX_WIDTH / 2, y: n.y - BOX_HEIGHT / 2 };
            (corner, BOX_WIDTH, BOX_HEIGHT)
        })
        .collect();
    // Short arrows have the least choice.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let reach = |l: &Line<'_>| {
        let [a, _, _, d] = l.curve;
        (a.x - d.x).abs() + (a.y - d.y).abs()
    };
    order.sort_by_key(|i| lines.get(*i).map_or(0, reach));
    for number in order {
        let Some(line) = lines.get_mut(number) else { continue };
        let mut label = words(&line.names);
        let corner =
            |middle: Point| Point { x: middle.x - label.width / 2, y: middle.y - label.height / 2 };
        let clash = |t: &i64| {
            let here = corner(on_curve(&line.curve, *t));
            taken
                .iter()
                .map(|other| overlap((here, label.width, label.height), *other))
                .sum::<i32>()
        };
        let t = TRIES.into_iter().min_by_key(clash).unwrap_or(50);
        let middle = on_curve(&line.curve, t);
        taken.push((corner(middle), label.width, label.height));
        label.at = Point { x: middle.x, y: middle.y - label.height / 2 };
        line.label = label;
    }
}

fn words(names: &[&str]) -> Label {
    let mut lines: Vec<String> = names.iter().take(LABEL_LINES).map(|n| cut(n)).collect();
    if names.len() > LABEL_LINES {
        lines.truncate(LABEL_LINES - 1);
        lines.push(format!("……共{}项", names.len()));
    }
    let width = lines.iter().map(|l| text_width(l)).max().unwrap_or(0);
    let height = count(lines.len()) * LINE_HEIGHT;
    Label { lines, at: Point::default(), width: width + 6, height: height + 2 }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LABEL_CHARS {
        return name.to_owned();
    }
    let head: String = name.chars().take(LABEL_CHARS - 1).collect();
    format!("{head}…")
}

/// Chinese characters are as wide as they are high, others about half.
pub(super) fn text_width(text: &str) -> i32 {
    text.chars().map(|c| if c.is_ascii() { 6 } else { 11 }).sum()
}

/// Shared pixels of two rectangles.
fn overlap(a: (Point, i32, i32), b: (Point, i32, i32)) -> i32 {
    let share =
        |a: i32, a_len: i32, b: i32, b_len: i32| ((a + a_len).min(b + b_len) - a.max(b)).max(0);
    share(a.0.x, a.1, b.0.x, b.1) * share(a.0.y, a.2, b.0.y, b.2)
}

/// The point of a cubic curve at `t` percent of its way.
fn on_curve(curve: &[Point; 4], t: i64) -> Point {
    let s = 100 - t;
    let weights = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
    let sum = |part: fn(&Point) -> i32| {
        let total: i64 =
            curve.iter().zip(weights).map(|(point, w)| i64::from(part(point)) * w).sum();
        i32::try_from(total / 1_000_000).unwrap_or_default()
    };
    Point { x: sum(|p| p.x), y: sum(|p| p.y) }
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
