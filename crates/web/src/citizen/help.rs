//! Asking for help: small pages that carry all answers along as hidden fields, so that it works
//! without scripts and the server keeps nothing before it is sent.
//!
//! Each step is checked by the same rule that the opening itself uses; the last one checks them
//! all again, because hidden fields can be changed.

use super::{
    FLOW, area, chosen,
    help_page::{self, Trouble},
    receipt,
};
use crate::{
    app::App,
    edge::Visitor,
    error::Oops,
    form::{Form, Kept, fresh_command},
    pace::Pace,
    page::Page,
};
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    case::Actor,
    field::{self, Checked, FieldFault, Raw, Why},
    workflow::{FieldUse, Workflow},
};
use serde::Deserialize;
use store::NewCase;

/// Every answer that travels from page to page.
pub(super) const CARRIED: &[&str] = &[
    "command",
    "group",
    "category",
    "summary",
    "narrative",
    "place",
    "address",
    "anonymous",
    "contact_name",
    "contact_phone",
    "safe_contact",
    "relation",
    "no_contact",
    "contact_ways",
    "contact_days",
    "contact_from",
    "contact_until",
    "contact_message",
    "code_word",
    "who_answers",
    "blocked_numbers",
    ALARM_SEEN,
];
/// Said once the words that call for help at once have been answered with the numbers to call.
const ALARM_SEEN: &str = "alarm_seen";
/// The channel of these pages.
const CHANNEL: &str = "web";
/// What is left out when somebody wishes to stay unknown.
const IDENTITY: &[&str] = &["contact_name", "contact_phone"];

/// A page of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Which group of categories.
    Group,
    /// Which category of the group.
    Kind,
    /// What happened, and where.
    Story,
    /// How to reach the person safely.
    Contact,
    /// Files, and everything once more.
    Review,
}

impl Step {
    pub(super) const ALL: [Self; 5] =
        [Self::Group, Self::Kind, Self::Story, Self::Contact, Self::Review];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Kind => "kind",
            Self::Story => "story",
            Self::Contact => "contact",
            Self::Review => "review",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.name() == name).unwrap_or(Self::Group)
    }

    fn after(self) -> Self {
        match self {
            Self::Group => Self::Kind,
            Self::Kind => Self::Story,
            Self::Story => Self::Contact,
            Self::Contact | Self::Review => Self::Review,
        }
    }

    fn before(self) -> Self {
        match self {
            Self::Group | Self::Kind => Self::Group,
            Self::Story => Self::Kind,
            Self::Contact => Self::Story,
            Self::Review => Self::Contact,
        }
    }

    /// The fields of the workflow that the step shows.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Group | Self::Kind => &["category"],
            Self::Story => &["summary", "narrative", "place", "address"],
            Self::Contact => &[
                "anonymous",
                "contact_name",
                "contact_phone",
                "contact_ways",
                "contact_days",
                "contact_from",
                "contact_until",
                "no_contact",
                "contact_message",
                "code_word",
                "who_answers",
                "blocked_numbers",
                "safe_contact",
                "relation",
            ],
            Self::Review => &[],
        }
    }

    /// What the step asks for, as the opening does; a telephone whoever wants to be called.
    fn uses(self, flow: &Workflow, form: &Form) -> Vec<FieldUse> {
        let asked = flow.opening.fields.iter().filter(|u| self.fields().contains(&u.code.as_str()));
        asked
            .map(|u| FieldUse {
                code: u.code.clone(),
                required: u.required
                    || matches!(u.code.as_str(), "category" | "anonymous")
                    || (u.code == "contact_phone" && form.get("anonymous") == "no"),
            })
            .collect()
    }
}

#[derive(Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    c: String,
}

pub(super) async fn start(page: Page, Query(start): Query<Start>) -> Result<Response, Oops> {
    let mut form = Form::default();
    form.set("command", &fresh_command());
    let known = page.pack.categories.get(&start.c).is_some_and(|c| c.public);
    let step = if known && start.c.len() == 2 {
        form.set("group", &start.c);
        Step::Kind
    } else {
        Step::Group
    };
    help_page::show(&page, step, &form, &Trouble::none())
}

/// What an answer leads to.
enum Turn {
    /// A step is shown.
    Show(Step, Trouble),
    /// It was sent.
    Sent(Response),
}

pub(super) async fn next(
    State(app): State<App>,
    page: Page,
    visitor: Visitor,
    kept: Kept,
) -> Result<Response, Oops> {
    let Kept { mut form, trouble } = kept;
    let turned = match pace(&page, &form).take(&app, visitor) {
        Ok(()) => turn(&app, &page, &mut form, trouble).await?,
        // Everything that was typed stays, and so do the numbers to call.
        Err(slow) => {
            let step = Step::named(form.get("step"));
            Turn::Show(step, Trouble { file: Some(slow), ..Trouble::none() })
        }
    };
    match turned {
        Turn::Sent(response) => Ok(response),
        Turn::Show(step, mut trouble) => {
            // Files come with the last page alone, and are shown there again.
            if step == Step::Review || !form.files.is_empty() {
                let (kept, lost) = chosen::keep(&app, &form).await?;
                (trouble.kept, trouble.lost) = (kept, lost);
            }
            help_page::show(&page, step, &form, &trouble)
        }
    }
}

/// How often this may be done: sending is rarer than going from page to page, and words that call
/// for help at once have room of their own.
fn pace(page: &Page, form: &Form) -> Pace {
    let sends = Step::named(form.get("step")) == Step::Review && form.get("go").is_empty();
    match (help_page::is_emergency(page, form), sends) {
        (true, _) => Pace::Alarm,
        (false, true) => Pace::Appeal,
        (false, false) => Pace::Step,
    }
}

async fn turn(
    app: &App,
    page: &Page,
    form: &mut Form,
    trouble: Option<Oops>,
) -> Result<Turn, Oops> {
    let step = Step::named(form.get("step"));
    // The receipt follows from this id, so it must be one that nobody can guess.
    if form.get("command").len() != 32 || u128::from_str_radix(form.get("command"), 16).is_err() {
        form.set("command", &fresh_command());
    }
    let settled = step != Step::Story || area::settle(&page.pack, form);
    let go = form.get("go").to_owned();
    let other = match go.as_str() {
        "back" => Some(step.before()),
        "area" | "find" => Some(Step::Story),
        edit => edit.strip_prefix("edit-").map(Step::named),
    };
    if let Some(other) = other {
        return Ok(Turn::Show(other, Trouble::none()));
    }
    if step == Step::Story && settled {
        let find = form.get("find").to_owned();
        area::keep_as_address(form, &find);
    }
    if step == Step::Group {
        choose_group(form);
    }
    let mut faults = check(page, step, form).err().unwrap_or_default();
    if !settled {
        faults.push(FieldFault::bare("place", Why::NotAnOption));
    }
    if !faults.is_empty() {
        return Ok(Turn::Show(step, Trouble::fields(faults)));
    }
    // Sending is never held up: the receipt shows the numbers again, and the desk is paged.
    if step == Step::Review {
        return send(app, page, form, trouble).await;
    }
    // Whoever writes of a knife reads the numbers to call before anything else happens.
    if help_page::is_emergency(page, form) && form.get(ALARM_SEEN).is_empty() {
        form.set(ALARM_SEEN, "yes");
        return Ok(Turn::Show(step, Trouble::alarm()));
    }
    Ok(Turn::Show(step.after(), Trouble::none()))
}

/// Another group makes the finer choice of before meaningless.
fn choose_group(form: &mut Form) {
    let group = form.get("group").to_owned();
    if !form.get("category").starts_with(&group) || form.get("category").len() <= 2 {
        form.set("category", "");
    }
}

/// Checks one step by the rule of the opening.
fn check(page: &Page, step: Step, form: &Form) -> Result<Checked, Vec<FieldFault>> {
    let Some(flow) = page.pack.workflow(FLOW) else { return Ok(Checked::default()) };
    let mut uses = step.uses(flow, form);
    if form.get("anonymous") == "yes" {
        uses.retain(|u| !IDENTITY.contains(&u.code.as_str()));
    }
    let mut raw = form.raw(uses.iter().map(|u| u.code.as_str()));
    if step == Step::Group {
        raw.insert("category".to_owned(), vec![form.get("group").to_owned()]);
    }
    public_only(page, &mut raw);
    field::check(&page.pack, flow, &uses, &raw).map_err(|faults| named(page, faults))
}

/// A category that residents may not choose is as unknown as any other word.
fn public_only(page: &Page, raw: &mut Raw) {
    let known = |code: &String| page.pack.categories.get(code).is_none_or(|c| c.public);
    if let Some(codes) = raw.get_mut("category") {
        codes.iter_mut().filter(|c| !known(c)).for_each(|c| "-".clone_into(c));
    }
}

/// Faults that call a field as these pages do.
fn named(page: &Page, faults: Vec<FieldFault>) -> Vec<FieldFault> {
    let label = |f: &FieldFault| {
        let key = format!("help.label.{}", f.field);
        help_page::own(page, &key).map(str::to_owned)
    };
    let one = |fault: FieldFault| match label(&fault) {
        // Already in the language of the page.
        Some(own) => FieldFault { label: own.clone(), label_en: own, ..fault },
        None => fault,
    };
    faults.into_iter().map(one).collect()
}

async fn send(app: &App, page: &Page, form: &Form, trouble: Option<Oops>) -> Result<Turn, Oops> {
    let mut given = Checked::default();
    for step in Step::ALL.into_iter().skip(1) {
        match check(page, step, form) {
            Ok(part) => {
                given.coded.extend(part.coded);
                given.texts.extend(part.texts);
            }
            Err(faults) => return Ok(Turn::Show(step, Trouble::fields(faults))),
        }
    }
    if trouble.is_some() || form.get("consent") != "yes" {
        let trouble =
            Trouble { file: trouble, consent: form.get("consent") != "yes", ..Trouble::none() };
        return Ok(Turn::Show(Step::Review, trouble));
    }
    let again = |oops| Turn::Show(Step::Review, Trouble { file: Some(oops), ..Trouble::none() });
    let files = match chosen::all(app, form).await {
        Ok(files) => files,
        Err(oops) => return Ok(again(oops)),
    };
    given.coded.insert("channel".to_owned(), field::Value::One(CHANNEL.to_owned()));
    let command = form.command();
    let receipt = app.store().receipt_for(&command);
    let new = NewCase {
        command,
        actor: Actor::Public,
        workflow: FLOW.to_owned(),
        programme: None,
        given,
        then: Vec::new(),
        files,
        receipt: receipt.clone(),
        imported: None,
    };
    match app.store().open_case(&page.pack, app.now(), new).await.map_err(Oops::from) {
        Ok(opened) => {
            chosen::done(app, form).await;
            let alarm = help_page::is_alarming(page, form);
            receipt::show(app, page, &opened, &receipt, alarm).await.map(Turn::Sent)
        }
        // Whatever stands in the way, the words that somebody found with effort stay.
        Err(oops) if oops.status() != StatusCode::CONFLICT => Ok(again(oops)),
        Err(oops) => Err(oops),
    }
}
