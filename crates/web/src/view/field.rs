//! Fields of a form, made from the workflow: one mechanism for every form of every programme.

use crate::{error::field_words, form::Form, page::Page};
use domain::{
    field::{Field, FieldFault, FieldKind, Meaning},
    workflow::{FieldUse, Workflow},
};

/// A field ready to be printed.
#[derive(Debug, Clone)]
pub(crate) struct FieldView {
    /// Name in the form.
    pub(crate) code: String,
    /// Identity in the page, unique among several forms.
    pub(crate) id: String,
    /// Label.
    pub(crate) label: String,
    /// One sentence of help; may be empty.
    pub(crate) help: String,
    /// `line`, `text`, `select`, `radio`, `date`, `time`, `number`, `flag`, `units`, `choices`, `risk`, `tel`.
    pub(crate) kind: &'static str,
    /// The most characters of a text.
    pub(crate) max: usize,
    /// Says who somebody is or where to find them: no draft of it is kept in a browser.
    pub(crate) secret: bool,
    /// Whether it must be filled in.
    pub(crate) required: bool,
    /// What was typed.
    pub(crate) value: String,
    /// Options of a choice, or the danger questions.
    pub(crate) options: Vec<OptionView>,
    /// What is wrong with it; empty when nothing is.
    pub(crate) error: String,
}

/// One option.
#[derive(Debug, Clone)]
pub(crate) struct OptionView {
    /// Value that is sent.
    pub(crate) value: String,
    /// Words.
    pub(crate) label: String,
    /// Whether it was chosen.
    pub(crate) chosen: bool,
    /// The answer given to a danger question: `yes`, `no`, `unknown` or empty.
    pub(crate) answer: String,
    /// A danger question whose "yes" alone is decisive.
    pub(crate) hot: bool,
}

impl OptionView {
    /// An option of a plain choice.
    pub(crate) fn new(value: &str, label: &str, chosen: bool) -> Self {
        Self {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen,
            answer: String::new(),
            hot: false,
        }
    }

    /// An option that is chosen when its value is the one given.
    pub(crate) fn of(value: &str, label: &str, given: &str) -> Self {
        Self::new(value, label, value == given)
    }
}

/// The fields that an action or opening asks for, with what was typed and what is wrong.
pub(crate) fn field_views(
    page: &Page,
    flow: &Workflow,
    uses: &[FieldUse],
    prefix: &str,
    (form, faults): (&Form, &[FieldFault]),
) -> Vec<FieldView> {
    uses.iter()
        .filter_map(|one| Some((one, flow.fields.get(&one.code)?)))
        .map(|(one, field)| {
            let fault = faults.iter().find(|f| f.field == field.code);
            FieldView {
                code: field.code.clone(),
                id: format!("{prefix}{}", field.code),
                label: page.either(&field.label, &field.en).to_owned(),
                help: page.either(&field.help, &field.help_en).to_owned(),
                kind: kind(field),
                max: max(field),
                secret: is_secret(field.meaning),
                required: one.required,
                value: form.get(&field.code).to_owned(),
                options: options(page, flow, (field, form)),
                error: fault.map_or(String::new(), |f| field_words(page, f)),
            }
        })
        .collect()
}

fn is_secret(meaning: Meaning) -> bool {
    match meaning {
        Meaning::Name
        | Meaning::Phone
        | Meaning::IdNumber
        | Meaning::Address
        | Meaning::SafeContact
        | Meaning::Story
        | Meaning::Summary
        | Meaning::Reporter => true,
        Meaning::Answer | Meaning::ExternalNumber | Meaning::Work | Meaning::Public => false,
    }
}

fn kind(field: &Field) -> &'static str {
    match &field.kind {
        FieldKind::Line { .. } if field.meaning == Meaning::Phone => "tel",
        // The choices of a sample stand beside its records, and not in a form of their own.
        FieldKind::Line { .. } | FieldKind::Case | FieldKind::Figures | FieldKind::Sample => "line",
        FieldKind::Text { .. } => "text",
        FieldKind::Choice(options) if options.len() <= 6 => "radio",
        FieldKind::Choice(_)
        | FieldKind::Channel
        | FieldKind::Category
        | FieldKind::Grade
        | FieldKind::Place
        | FieldKind::Form
        | FieldKind::Figure
        | FieldKind::Period
        | FieldKind::Unit => "select",
        // What is asked for is worked out from a text and never typed by hand.
        FieldKind::Units => "units",
        FieldKind::Choices(_) => "choices",
        FieldKind::Date => "date",
        FieldKind::Time => "time",
        FieldKind::Number { .. } => "number",
        FieldKind::Flag => "flag",
        FieldKind::Risk => "risk",
    }
}

fn max(field: &Field) -> usize {
    match field.kind {
        FieldKind::Line { max } | FieldKind::Text { max } => max,
        _ => 0,
    }
}

fn options(page: &Page, flow: &Workflow, (field, form): (&Field, &Form)) -> Vec<OptionView> {
    let given = form.all(&field.code);
    let option =
        |value: &str, label: &str| OptionView::new(value, label, given.iter().any(|g| g == value));
    let pack = &page.pack;
    match &field.kind {
        FieldKind::Choice(choices) | FieldKind::Choices(choices) => {
            choices.iter().map(|c| option(&c.value, page.either(&c.label, &c.en))).collect()
        }
        FieldKind::Channel => {
            pack.channels.values().map(|c| option(&c.code, page.either(&c.name, &c.en))).collect()
        }
        FieldKind::Grade => {
            pack.risk.grades.iter().map(|g| option(&g.code, page.either(&g.name, &g.en))).collect()
        }
        FieldKind::Category => pack
            .categories
            .values()
            .filter(|c| c.code.len() > 2)
            .map(|c| option(&c.code, &super::category_name(page, &c.code)))
            .collect(),
        FieldKind::Risk => pack
            .risk
            .questions
            .iter()
            .map(|q| OptionView {
                answer: form.get(&format!("{}.{}", field.code, q.code)).to_owned(),
                hot: q.red,
                ..option(&q.code, page.either(&q.text, &q.en))
            })
            .collect(),
        FieldKind::Form => {
            pack.forms.values().map(|f| option(&f.code, page.either(&f.name, &f.en))).collect()
        }
        FieldKind::Figure => pack
            .figures
            .iter()
            .filter(|f| f.may_be_named_by(flow))
            .map(|f| option(&f.code, page.either(&f.name, &f.en)))
            .collect(),
        FieldKind::Period => crate::figures::recent_periods(page)
            .into_iter()
            .map(|p| option(&p.code(), &crate::figures::period_name(page, p)))
            .collect(),
        // Places and units are thousands: pages that need them offer their own short list.
        _ => Vec::new(),
    }
}
