//! Numbered documents of a case: to print, and as a Word file. A document says what was so when it
//! was issued: its values come from the history up to that entry, in Chinese whatever the language
//! of the page. What the reader may not see stays blank. Staff read it with masks, like the case; whoever
//! may take it out asks for it whole, which is remembered field by field before it is shown.

use super::{issue::Issue, reveal};
use crate::{
    app::App,
    download,
    error::Oops,
    form::Form,
    lang::Lang,
    page::Page,
    routes::{Access, Routes},
    session::{LoggedIn, Pass},
    traces, view,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
    routing::get,
};
use domain::{
    access::Viewer,
    case::By,
    field::{FieldKind, Value},
    pack::Right,
    workflow::Workflow,
};
use jiff::{Timestamp, civil::Date};
use paper::{Block, Paper};
use std::collections::BTreeMap;
use store::CasePage;

/// Documents that are addressed to the person who appealed.
const FOR_APPELLANT: &[&str] = &[
    "accept_notice",
    "reject_notice",
    "extension_notice",
    "suspension_notice",
    "answer_letter",
    "closing_report",
];

/// Variables that are texts of the case, as they last were.
const NEWEST: &[(&str, &str)] = &[
    ("summary", "summary"),
    ("narrative", "narrative"),
    ("contact_name", "contact_name"),
    ("external_number", "external_number"),
    ("reply", "answer"),
];
/// Variables that are texts of the very step, or of the one that asked for it: an older reason was
/// given for something else, perhaps among staff only.
const OF_STEP: &[&str] = &["reason", "where_to_go", "instruction"];
/// Variables that are choices, and the field of each.
const CHOICES: &[(&str, &str)] = &[
    ("outcome", "outcome"),
    ("satisfaction_attitude", "attitude"),
    ("satisfaction_result", "result"),
    ("supervision_level", "level"),
];
/// The media type of a Word file.
pub(crate) const DOCX: &str =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// The clock that starts when a case is accepted.
const OVERALL: &str = "overall";

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/cases/{number}/papers/{ordinal}", get(of_case).post(of_case_whole))
        .add(Access::Staff, "/cases/{number}/papers/{ordinal}/docx", get(of_case_docx))
        .add(Access::Appellant, "/my/papers/{ordinal}", get(mine))
        .add(Access::Appellant, "/my/papers/{ordinal}/docx", get(mine_docx))
}

async fn of_case(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((number, ordinal)): Path<(String, String)>,
) -> Result<Response, Oops> {
    let found = app.store().case(&page.pack, &me.viewer(), &number).await?;
    let paper = for_staff(&app, &page, found, &ordinal)?;
    let (case, may) = (&paper.case, paper.case.rights.may(Right::Export));
    if !may {
        traces::reading(&app, &me, [case]).await?;
    }
    // It can be printed from the screen, masks or not: it counts as taken out, and carries the mark.
    let mark = traces::taking_out_marked(&app, &chinese(&page), &me, ("print", case)).await?;
    let whole = may && !paper.cut.is_empty();
    paper.show(&page, &ordinal, mark, whole)
}

/// The same without masks, for whoever may take it out.
async fn of_case_whole(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((number, ordinal)): Path<(String, String)>,
    _form: Form,
) -> Result<Response, Oops> {
    let paper = revealed(&app, &page, &me, (&number, &ordinal)).await?;
    let mark =
        traces::taking_out_marked(&app, &chinese(&page), &me, ("print", &paper.case)).await?;
    paper.show(&page, &ordinal, mark, false)
}

/// The paper without masks, once it is remembered of each masked field that it is shown.
async fn revealed(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (number, ordinal): (&str, &str),
) -> Result<StaffPaper, Oops> {
    let found = app.store().case_in_clear(&page.pack, &me.viewer(), number).await?;
    let paper = for_staff(app, page, found, ordinal)?;
    traces::revealing(app, me, paper.case.case.id, &paper.cut).await?;
    Ok(paper)
}

async fn of_case_docx(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((number, ordinal)): Path<(String, String)>,
) -> Result<Response, Oops> {
    // A file leaves the program, masks or not; broken glass, for one, is for reading alone.
    let StaffPaper { case, mut paper, .. } =
        revealed(&app, &page, &me, (&number, &ordinal)).await?;
    let words = chinese(&page);
    let mark = traces::taking_out_marked(&app, &words, &me, ("paper", &case)).await?;
    paper.blocks.push(Block::Note(mark));
    Ok(word_file(&case.number, &ordinal, &paper))
}

async fn mine(
    State(app): State<App>,
    page: Page,
    pass: Pass,
    Path(ordinal): Path<String>,
) -> Result<Response, Oops> {
    let (case, paper) = for_appellant(&app, &page, pass, &ordinal).await?;
    page.show(&MyPaperPage {
        page: &page,
        number: case.number,
        docx_href: format!("/my/papers/{ordinal}/docx"),
        paper: PaperView::new(paper),
    })
}

async fn mine_docx(
    State(app): State<App>,
    page: Page,
    pass: Pass,
    Path(ordinal): Path<String>,
) -> Result<Response, Oops> {
    let (case, paper) = for_appellant(&app, &page, pass, &ordinal).await?;
    Ok(word_file(&case.number, &ordinal, &paper))
}

/// A paper as somebody of the staff gets it.
struct StaffPaper {
    case: CasePage,
    paper: Paper,
    /// Fields in it that show in part at first.
    cut: Vec<&'static str>,
}

impl StaffPaper {
    /// The page; `whole` says whether more of it can be asked for.
    fn show(self, page: &Page, ordinal: &str, mark: String, whole: bool) -> Result<Response, Oops> {
        let number = self.case.number.clone();
        let href = format!("/cases/{number}/papers/{ordinal}");
        let may = self.case.rights.may(Right::Export);
        page.show(&PaperPage {
            page,
            mark,
            case_href: format!("/cases/{number}"),
            docx_href: if may { format!("{href}/docx") } else { String::new() },
            whole_href: if whole { href } else { String::new() },
            number,
            paper: PaperView::new(self.paper),
        })
    }
}

fn for_staff(
    app: &App,
    page: &Page,
    found: Option<CasePage>,
    ordinal: &str,
) -> Result<StaffPaper, Oops> {
    let case = found.ok_or(Oops::NotFound)?;
    let issue = Issue::find(&page.pack, &case, ordinal).ok_or(Oops::NotFound)?;
    let paper = fill(app, page, &case, &issue)?;
    let cut = cut(app, page, &case, &issue);
    Ok(StaffPaper { case, paper, cut })
}

/// The fields of a paper that its reader sees in part at first and may see whole.
fn cut(app: &App, page: &Page, case: &CasePage, issue: &Issue) -> Vec<&'static str> {
    let flow = page.pack.flow_of(&case.case);
    let city = app.city();
    let variables =
        city.papers.get(issue.template).map(paper::Template::variables).unwrap_or_default();
    let sees = case.rights.sees;
    let is_cut = |field: &str| {
        let known = flow.and_then(|flow| flow.fields.get(field));
        known.is_some_and(|known| reveal::is_cut(known.meaning, sees.at_first(), sees))
    };
    let named = NEWEST.iter().filter(|(name, _)| variables.contains(name));
    let fields = named.map(|(_, field)| *field);
    fields.filter(|field| issue.newest(field).is_some() && is_cut(field)).collect()
}

/// The letter belongs to the person it is addressed to, with the reasons that staff wrote into it;
/// therefore it is filled from the whole case, but only these letters are.
async fn for_appellant(
    app: &App,
    page: &Page,
    pass: Pass,
    ordinal: &str,
) -> Result<(CasePage, Paper), Oops> {
    let found = app.store().case_by_id(&page.pack, &Viewer::System, pass.case).await?;
    let case = found.ok_or(Oops::NotFound)?;
    let issue = Issue::find(&page.pack, &case, ordinal)
        .filter(|issue| FOR_APPELLANT.contains(&issue.template))
        .ok_or(Oops::NotFound)?;
    let paper = fill(app, page, &case, &issue)?;
    Ok((case, paper))
}

/// A paper that belongs to no step of the case, for staff.
pub(crate) fn staff_page(
    page: &Page,
    number: &str,
    (case_href, docx_href, mark): (String, String, String),
    paper: Paper,
) -> Result<Response, Oops> {
    let (number, paper) = (number.to_owned(), PaperView::new(paper));
    let whole_href = String::new();
    page.show(&PaperPage { page, mark, number, case_href, docx_href, whole_href, paper })
}

/// The same for the person whose case it is.
pub(crate) fn own_page(
    page: &Page,
    number: &str,
    docx_href: &str,
    paper: Paper,
) -> Result<Response, Oops> {
    let (number, docx_href) = (number.to_owned(), docx_href.to_owned());
    page.show(&MyPaperPage { page, number, docx_href, paper: PaperView::new(paper) })
}

fn word_file(number: &str, ordinal: &str, paper: &Paper) -> Response {
    download::file(DOCX, &format!("{number}-{ordinal}.docx"), paper.docx())
}

/// The label of a value, when the field is a choice.
pub(super) fn choice(page: &Page, flow: &Workflow, field: &str, value: &str) -> String {
    let options = match flow.fields.get(field).map(|f| &f.kind) {
        Some(FieldKind::Choice(options)) => options.as_slice(),
        _ => &[],
    };
    let option = options.iter().find(|o| o.value == value);
    option.map_or_else(|| value.to_owned(), |o| page.either(&o.label, &o.en).to_owned())
}

/// The words of papers, whatever the language of the page.
pub(crate) fn chinese(page: &Page) -> Page {
    let mut chinese = page.clone();
    chinese.lang = Lang::Hans;
    chinese
}

/// Fills the template. What is needed and absent becomes a blank that says why.
fn fill(app: &App, page: &Page, case: &CasePage, issue: &Issue) -> Result<Paper, Oops> {
    let city = app.city();
    let template = city.papers.get(issue.template).ok_or(Oops::NotFound)?;
    let chinese = chinese(page);
    let mut values = values(&chinese, case, issue).ok_or(Oops::NotFound)?;
    let missing = match template.render(&values) {
        Ok(paper) => return Ok(paper),
        Err(missing) => missing,
    };
    let hidden = |name: &str| {
        let field = NEWEST.iter().find(|(n, _)| *n == name).map_or(name, |(_, field)| field);
        issue.entries.iter().any(|e| e.hidden.iter().any(|h| h == field))
    };
    for name in template.variables() {
        if missing.gaps.iter().any(|gap| gap.name == name) {
            let key = if hidden(name) { "paper.hidden" } else { "paper.blank" };
            values.insert(name, chinese.t(key).to_owned());
        }
    }
    template.render(&values).map_err(|e| Oops::fault(&e))
}

/// Everything that a template may name, as far as it is known.
fn values<'a>(page: &Page, case: &CasePage, issue: &Issue) -> Option<BTreeMap<&'a str, String>> {
    let (pack, now) = (&page.pack, issue.at());
    let flow = pack.flow_of(&case.case)?;
    let (before, after) = (&issue.before, &issue.after);
    let day = |at: Timestamp| view::day(page, at);
    let unit =
        |code: &str| pack.units.get(code).map_or_else(|| code.to_owned(), |u| u.name.clone());
    let coded = |field: &str| after.coded.get(field).map(Value::one).unwrap_or_default();
    let overall = after.clocks.get(OVERALL);
    let from_unit = match issue.entry().map(|e| &e.by) {
        Some(By::Staff(_, code)) => unit(code),
        _ => page.brand.owner.clone(),
    };
    let mut values = BTreeMap::from([
        ("accepted_on", overall.map(|c| day(c.started())).unwrap_or_default()),
        ("case_number", case.number.clone()),
        ("category", pack.category_name(&after.category)),
        ("channel", pack.channels.get(&after.channel).map_or_else(String::new, |c| c.name.clone())),
        ("due_date", issue.due(flow).map(day).unwrap_or_default()),
        ("extension_days", coded("days").to_owned()),
        ("from_unit", from_unit),
        ("grade", pack.risk.grade(&after.grade).map_or_else(String::new, |g| g.name.clone())),
        ("hotline", page.brand.hotline.clone()),
        ("opened_on", day(after.opened)),
        ("overall_due", overall.map(|c| day(c.due())).unwrap_or_default()),
        ("owner", page.brand.owner.clone()),
        ("owner_short", page.brand.owner_short.clone()),
        ("pause_until", civil_day(page, coded("pause_until"))),
        ("place", pack.regions.full_name(&after.place)),
        ("platform", page.brand.platform.clone()),
        ("today", day(now)),
        ("unit", unit(issue.unit(flow))),
        ("year", pack.date_of(now).year().to_string()),
    ]);
    for (name, field) in NEWEST {
        values.insert(name, issue.newest(field).unwrap_or_default().to_owned());
    }
    for name in OF_STEP {
        values.insert(name, issue.of_step(name).unwrap_or_default().to_owned());
    }
    for (name, field) in CHOICES {
        values.insert(name, choice(page, flow, field, coded(field)));
    }
    // The number of the document without its letters: the case, and which of its documents.
    let issued = before.documents.len() + 1;
    values.insert("document_number", format!("{}-{issued}", case.number));
    Some(values)
}

/// A date field in words; empty when it was not given.
fn civil_day(page: &Page, text: &str) -> String {
    let Ok(date) = text.parse::<Date>() else { return String::new() };
    let (y, m, d) = (date.year().to_string(), date.month().to_string(), date.day().to_string());
    page.tf("time.day", &[("y", &y), ("m", &m), ("d", &d)])
}

pub(crate) struct PaperView {
    pub(crate) title: String,
    pub(crate) header: String,
    pub(crate) number: String,
    pub(crate) blocks: Vec<BlockView>,
}

/// One block: the kind says which of the others are used.
#[derive(Default)]
pub(crate) struct BlockView {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) lines: Vec<String>,
    pub(crate) rows: Vec<paper::Row>,
    pub(crate) grid: paper::Grid,
}

impl PaperView {
    pub(crate) fn new(paper: Paper) -> Self {
        let text = |kind, text| BlockView { kind, text, ..BlockView::default() };
        let block = |block| match block {
            Block::Heading(line) => text("heading", line),
            Block::Salutation(line) => text("salutation", line),
            Block::Paragraph(line) => text("paragraph", line),
            Block::Note(line) => text("note", line),
            Block::Table(rows) => BlockView { kind: "table", rows, ..BlockView::default() },
            Block::Grid(grid) => BlockView { kind: "grid", grid, ..BlockView::default() },
            Block::Signature(lines) => {
                BlockView { kind: "signature", lines, ..BlockView::default() }
            }
        };
        Self {
            title: paper.title,
            header: paper.header,
            number: paper.number,
            blocks: paper.blocks.into_iter().map(block).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "staff/paper.html")]
struct PaperPage<'a> {
    page: &'a Page,
    mark: String,
    number: String,
    case_href: String,
    docx_href: String,
    /// Where it is asked for without masks; empty when there is no more to see.
    whole_href: String,
    paper: PaperView,
}

#[derive(Template)]
#[template(path = "staff/my_paper.html")]
struct MyPaperPage<'a> {
    page: &'a Page,
    number: String,
    docx_href: String,
    paper: PaperView,
}
