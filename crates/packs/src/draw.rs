//! Draws a workflow as an SVG file of its own, for the documentation and the pages of
//! administrators. Decides how the drawing looks; where things stand is decided in `layout`.
//!
//! Styles are classes inside the file, so a strict content policy may serve it.

mod layout;

use std::fmt::Write;

use domain::{
    clock::Span,
    workflow::{State, StateKind, Workflow},
};
use layout::{BOX_HEIGHT, BOX_WIDTH, Label, Line, Node, Plan, Point};

const STYLE: &str = "\
text{font-family:\"PingFang SC\",\"Noto Sans CJK SC\",\"Microsoft YaHei\",sans-serif;fill:#1c2926}\
.page{fill:#fffefb}\
.state rect{fill:#fff;stroke:#1b6153;stroke-width:1.6}\
.held rect{fill:#fdf3d8;stroke:#704c00;stroke-dasharray:7 3}\
.closed rect{fill:#e3efe8;stroke:#103f37}\
.end rect{fill:#e4e2da;stroke:#53605b}\
.first rect{stroke-width:3.2}\
.name{font-size:15px;font-weight:600;text-anchor:middle}\
.code{font-size:11px;text-anchor:middle}\
.code{fill:#53605b}\
.name.long{font-size:12.5px}\
.code.long{font-size:9.5px}\
.edge{fill:none;stroke:#7b8078;stroke-width:1.4}\
.main{stroke:#1b6153;stroke-width:2.6}\
.back{stroke-dasharray:5 4}\
.auto{stroke:#a63d58}\
.tip{fill:#53605b}\
.label{font-size:11px;text-anchor:middle;paint-order:stroke;stroke:#fffefb;stroke-width:4px;\
stroke-linejoin:round}\
.label.byitself{fill:#a63d58}\
.key{font-size:11.5px}";

/// The workflow as an SVG file: states as boxes, actions that lead on as labelled arrows, the
/// usual way in the middle.
pub fn draw(flow: &Workflow) -> String {
    let plan = layout::plan(flow);
    let Plan { width, height, .. } = plan;
    let mut svg = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\" \
         lang=\"zh-Hans\">\n<title id=\"title\">{}（{}）</title>\n<desc id=\"desc\">{}</desc>\n\
         <style>{STYLE}</style>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" \
         refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" \
         orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n",
        escape(&flow.name),
        escape(&flow.code),
        escape(&describe(flow)),
    );
    for line in &plan.lines {
        edge(&mut svg, line);
    }
    for node in &plan.nodes {
        state(&mut svg, flow, node);
    }
    for line in &plan.lines {
        label(&mut svg, &line.label, line.by_itself);
    }
    key(&mut svg, height);
    svg.push_str("</svg>\n");
    svg
}

/// The drawing in words: each state with the states that follow.
fn describe(flow: &Workflow) -> String {
    let mut text = format!("{}从“{}”开始。", flow.name, name_of(flow, &flow.initial));
    for state in &flow.states {
        let mut next: Vec<&str> = layout::leading(flow, state).map(|(_, to)| to).collect();
        next.sort_unstable();
        next.dedup();
        let names: Vec<&str> = next.into_iter().map(|code| name_of(flow, code)).collect();
        let rest = if names.is_empty() { "结束".to_owned() } else { names.join("、") };
        let _ = write!(text, "{} → {rest}。", state.name);
    }
    text
}

fn name_of<'a>(flow: &'a Workflow, code: &'a str) -> &'a str {
    flow.state(code).map_or(code, |s| s.name.as_str())
}

fn edge(svg: &mut String, line: &Line<'_>) {
    let mut classes = String::from("edge");
    for (class, wanted) in [(" main", line.main), (" back", line.back), (" auto", line.by_itself)] {
        if wanted {
            classes.push_str(class);
        }
    }
    let [a, b, c, d] = &line.curve;
    let _ = writeln!(
        svg,
        "<path class=\"{classes}\" marker-end=\"url(#tip)\" d=\"M{} {}C{} {} {} {} {} {}\">\
         <title>{}</title></path>",
        a.x,
        a.y,
        b.x,
        b.y,
        c.x,
        c.y,
        d.x,
        d.y,
        escape(&line.names.join("、")),
    );
}

fn label(svg: &mut String, label: &Label, by_itself: bool) {
    let class = if by_itself { "label byitself" } else { "label" };
    let Point { x, y } = label.at;
    for (line, text) in (0..).zip(&label.lines) {
        let y = y + 11 + line * layout::LINE_HEIGHT;
        let _ =
            writeln!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(text));
    }
}

fn state(svg: &mut String, flow: &Workflow, node: &Node<'_>) {
    let Node { state, x, y, .. } = node;
    let kind = match state.kind {
        StateKind::Open { .. } => "open",
        StateKind::Held { .. } => "held",
        StateKind::Closed => "closed",
        StateKind::End => "end",
    };
    let first = if state.code == flow.initial { " first" } else { "" };
    let here: Vec<&str> = layout::staying(flow, state).collect();
    let (left, top) = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2);
    let clock = clock_of(flow, state).map_or_else(String::new, |words| format!(" · {words}"));
    let code = format!("{}{clock}", state.code);
    // At 15 and 11 pixels these many pixels of the measure (11 a character) fill the box.
    let long = |text: &str, most: i32| if layout::text_width(text) > most { " long" } else { "" };
    let _ = writeln!(
        svg,
        "<g class=\"state {kind}{first}\"><rect x=\"{left}\" y=\"{top}\" width=\"{BOX_WIDTH}\" \
         height=\"{BOX_HEIGHT}\" rx=\"9\"/><text class=\"name{}\" x=\"{x}\" y=\"{}\">{}</text>\
         <text class=\"code{}\" x=\"{x}\" y=\"{}\">{}</text><title>{}</title></g>",
        long(&state.name, 112),
        y - 3,
        escape(&state.name),
        long(&code, BOX_WIDTH - 14),
        y + 17,
        escape(&code),
        escape(&format!("{}：{}", state.name, here.join("、"))),
    );
}

fn clock_of(flow: &Workflow, state: &State) -> Option<String> {
    match &state.kind {
        StateKind::Open { clock, .. } => flow.clocks.get(clock).map(|c| in_words(c.span)),
        StateKind::Held { .. } => Some("经批准中止".to_owned()),
        StateKind::Closed | StateKind::End => None,
    }
}

fn in_words(span: Span) -> String {
    match span {
        Span::WorkingDays(n) => format!("{n}个工作日"),
        Span::WorkingMinutes(n) if n.is_multiple_of(60) => format!("{}个工作小时", n / 60),
        Span::WorkingMinutes(n) => format!("{n}个工作分钟"),
        Span::CalendarDays { days, .. } => format!("{days}日"),
        Span::CalendarMinutes(n) if n.is_multiple_of(60) => format!("{}小时", n / 60),
        Span::CalendarMinutes(n) => format!("{n}分钟"),
    }
}

/// What the signs mean, at the foot.
fn key(svg: &mut String, height: i32) {
    let y = height - 22;
    let signs = [
        ("edge main", "通常的下一步"),
        ("edge", "其他操作"),
        ("edge back", "退回、重新办理"),
        ("edge auto", "到期由系统自动"),
    ];
    for (at, (class, words)) in (0..).zip(signs) {
        let x = 24 + at * 170;
        let _ = writeln!(
            svg,
            "<path class=\"{class}\" marker-end=\"url(#tip)\" d=\"M{x} {y}H{}\"/>\
             <text class=\"key\" x=\"{}\" y=\"{}\">{words}</text>",
            x + 42,
            x + 50,
            y + 4,
        );
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no way to write these.
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => safe.push(c),
        }
    }
    safe
}
