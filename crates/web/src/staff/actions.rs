//! The forms of what may be done to a case now. What may be done is asked of the domain; here it
//! only becomes forms.

use super::offers::{self, Near};
use crate::{
    figures::sample,
    form::{Form, fresh_command},
    page::Page,
    session::LoggedIn,
    view::{FieldView, field_views},
};
use domain::{
    case::Case,
    decide::{self, Ctx},
    field::{FieldFault, FieldKind, Meaning},
    workflow::{Action, Effect, Tone, Workflow},
};
use jiff::Timestamp;

/// A form for one action.
#[derive(Debug, Clone)]
pub(super) struct ActionView {
    /// Action code.
    pub(super) code: String,
    /// Words on the button.
    pub(super) name: String,
    /// CSS class of the button.
    pub(super) class: &'static str,
    /// Fields.
    pub(super) fields: Vec<FieldView>,
    /// Files may be added.
    pub(super) files: bool,
    /// It does not go without one.
    pub(super) evidence: bool,
    /// The form is shown open.
    pub(super) open: bool,
    /// Unique id of the command.
    pub(super) command: String,
}

/// All forms of a case page.
#[derive(Debug, Clone, Default)]
pub(super) struct Actions {
    /// The usual next step.
    pub(super) first: Option<ActionView>,
    /// Steps that ask for nothing.
    pub(super) quick: Vec<ActionView>,
    /// The other steps.
    pub(super) more: Vec<ActionView>,
}

/// What somebody has tried and must see again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried<'a> {
    /// Action code.
    pub(super) action: &'a str,
    /// What was typed.
    pub(super) form: &'a Form,
    /// What is wrong with it.
    pub(super) faults: &'a [FieldFault],
}

/// The forms that this viewer may use now.
pub(super) fn of(
    page: &Page,
    me: &LoggedIn,
    (flow, case): (&Workflow, &Case),
    now: Timestamp,
    tried: Option<Tried<'_>>,
) -> Actions {
    let actor = me.actor();
    let ctx = Ctx::bare(now, &page.pack, &actor);
    let near = Near { place: &case.place, own: &me.account.unit, case: Some(case) };
    let mut all = Actions::default();
    // What was found of records is said beside them.
    for action in decide::allowed(ctx, case).filter(|a| !sample::is_look(a)) {
        let mine = tried.filter(|t| t.action == action.code);
        let view = view(page, (flow, action), near, mine);
        if action.tone == Tone::Primary && all.first.is_none() {
            all.first = Some(view);
        } else if action.fields.is_empty() && action.tone != Tone::Danger {
            all.quick.push(view);
        } else {
            all.more.push(view);
        }
    }
    all
}

fn view(
    page: &Page,
    (flow, action): (&Workflow, &Action),
    near: Near<'_>,
    tried: Option<Tried<'_>>,
) -> ActionView {
    let mut form = tried.map(|t| t.form.clone()).unwrap_or_default();
    if let (None, Some(case)) = (tried, near.case) {
        suggest(flow, action, case, &mut form);
        let told = sample::told(page, flow, case);
        if let Some((field, words)) =
            told.filter(|(f, _)| action.fields.iter().any(|u| u.code == *f))
        {
            form.suggest(&field, &words);
        }
    }
    let faults = tried.map_or(&[][..], |t| t.faults);
    let prefix = format!("{}-", action.code);
    let mut fields = field_views(page, flow, &action.fields, &prefix, (&form, faults));
    offers::fill(page, flow, near, &form, &mut fields);
    let told = |code: &str| {
        flow.fields.get(code).is_some_and(|f| {
            f.meaning == Meaning::Story && matches!(f.kind, FieldKind::Text { .. })
        })
    };
    ActionView {
        code: action.code.clone(),
        name: page.either(&action.name, &action.en).to_owned(),
        class: match action.tone {
            Tone::Primary => "btn-main",
            Tone::Danger => "btn-danger",
            Tone::Normal | Tone::Quiet => "",
        },
        files: action.evidence || action.fields.iter().any(|f| told(&f.code)),
        evidence: action.evidence,
        fields,
        open: tried.is_some(),
        command: fresh_command(),
    }
}

/// Fields that correct something start with what is known.
fn suggest(flow: &Workflow, action: &Action, case: &Case, form: &mut Form) {
    // A plan replaces the one before, so what stands is the beginning of what will.
    if action.effects.contains(&Effect::KeepContact) {
        for one in &action.fields {
            let known = case.coded.get(&one.code).map_or(&[][..], |v| v.all());
            form.suggest_all(&one.code, known);
        }
    }
    for one in &action.fields {
        match flow.fields.get(&one.code).map(|f| &f.kind) {
            Some(FieldKind::Category) => form.suggest(&one.code, &case.category),
            Some(FieldKind::Place) => form.suggest(&one.code, &case.place),
            _ => {}
        }
    }
}
