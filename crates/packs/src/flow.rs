//! Reads `workflows/*.toml`: states, actions, fields and clocks of one record pattern.
//!
//! Decides how they are written. Whether they hang together is proved in `domain::soundness`.

use std::collections::BTreeMap;

use domain::{
    clock::Span,
    field::{Choice, Field, FieldKind, Meaning},
    workflow::{
        Action, AssignTo, ClockSpec, Code, Effect, FieldUse, Guard, Locus, Mandatory, Opening,
        Pattern, Relation, State, StateKind, Target, Tone, Trigger, Who, Workflow,
    },
};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    document::{Document, Entry, Worded, Words},
    faults::Faults,
    folder::{File, Folders},
    protection,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHead {
    name: String,
    #[serde(default)]
    en: String,
    pattern: Pattern,
    initial: Code,
    readers: Option<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOpening {
    by: Vec<Spanned<String>>,
    unit: AssignTo,
    #[serde(default)]
    fields: Vec<Spanned<String>>,
    #[serde(default)]
    effects: Vec<Effect>,
    #[serde(default)]
    only: Vec<Code>,
    #[serde(default)]
    evidence: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawState {
    name: String,
    #[serde(default)]
    en: String,
    public: String,
    #[serde(default)]
    public_en: String,
    #[serde(default)]
    kind: RawKind,
    role: Option<Code>,
    or: Option<Code>,
    clock: Option<Code>,
}

impl Worded for RawHead {
    const WORDS: Words = &[("name", "en")];
}

impl Worded for RawState {
    const WORDS: Words = &[("name", "en"), ("public", "public_en")];
}

impl Worded for RawAction {
    const WORDS: Words = &[("name", "en"), ("public", "public_en")];
}

impl Worded for RawClock {
    const WORDS: Words = &[("name", "en")];
}

impl Worded for RawField {
    const WORDS: Words = &[("label", "en"), ("help", "help_en")];
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    #[default]
    Open,
    Held,
    Closed,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAction {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    public: String,
    #[serde(default)]
    public_en: String,
    from: Vec<Code>,
    to: Option<Code>,
    by: Vec<Spanned<String>>,
    #[serde(default)]
    fields: Vec<Spanned<String>>,
    #[serde(default)]
    guards: Vec<Guard>,
    #[serde(default)]
    effects: Vec<Effect>,
    auto: Option<Trigger>,
    #[serde(default)]
    bulk: bool,
    #[serde(default)]
    evidence: bool,
    #[serde(default)]
    tone: Tone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClock {
    name: String,
    #[serde(default)]
    en: String,
    span: Span,
    #[serde(default)]
    by_grade: BTreeMap<Code, Span>,
    escalates: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    label: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    help_en: String,
    #[serde(rename = "type")]
    kind: RawType,
    min: Option<i64>,
    max: Option<i64>,
    options: Option<Vec<Choice>>,
    meaning: Option<Meaning>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum RawType {
    Line,
    Text,
    Choice,
    Choices,
    Channel,
    Category,
    Grade,
    Place,
    Unit,
    Units,
    Case,
    Date,
    Time,
    Number,
    Flag,
    Risk,
    Form,
    Period,
    Figures,
    Figure,
    Sample,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMandatory {
    name: Spanned<String>,
    before: Vec<Code>,
    steps: Vec<Code>,
    #[serde(default)]
    since: Vec<Code>,
}

/// All workflows; one that could not be read whole is left out, because proofs about a torso
/// would be wrong.
pub(crate) fn workflows(folders: &Folders, faults: &mut Faults) -> BTreeMap<Code, Workflow> {
    let files = folders.within("workflows", "toml", faults);
    if files.is_empty() {
        let advice = "add at least one workflow, for example workflows/appeal.toml";
        faults.add(&folders.missing("workflows"), "there is no workflow", advice);
    }
    let mut known: BTreeMap<Code, Workflow> = BTreeMap::new();
    for file in &files {
        let before = faults.len();
        let flow = read(file, faults).filter(|_| faults.len() == before);
        let Some(flow) = flow else {
            faults.breaks("workflow");
            continue;
        };
        let folder = |name: &str| name.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        match known.get(&flow.code) {
            Some(old) if folder(&old.at.file) == folder(&file.name) => {
                let what = format!("the workflow `{}` is given twice", flow.code);
                faults.add(&flow.at, what, format!("keep it here or in {}", old.at.file));
            }
            _ => drop(known.insert(flow.code.clone(), flow)),
        }
    }
    known
}

fn read(file: &File, faults: &mut Faults) -> Option<Workflow> {
    let mut document = Document::parse(file, faults)?;
    let states = document.list::<RawState>("state", faults);
    let actions = document.list::<RawAction>("action", faults);
    let clocks = document.list::<RawClock>("clock", faults);
    let fields = document.list::<RawField>("field", faults);
    let mandatory = document.plain::<RawMandatory>("mandatory", faults);
    let opening = document.one::<RawOpening>("open", faults);
    let guards = protection::read(&mut document, faults);
    let code = document.code(faults);
    let head = document.rest::<RawHead>(faults);
    let mandatory = mandatory.into_iter().map(|(_, m)| Mandatory {
        at: file.at(m.name.span().start),
        name: m.name.into_inner(),
        before: m.before,
        steps: m.steps,
        since: m.since,
    });
    let mandatory = mandatory.collect();
    let states = states.into_iter().filter_map(|s| state(s, faults)).collect();
    let actions = actions.into_iter().map(|a| action(file, a, faults)).collect();
    let clocks = clocks.into_iter().map(|c| (c.code.clone(), clock(c))).collect();
    let fields = fields.into_iter().filter_map(|f| field(f, faults));
    let fields = fields.map(|f| (f.code.clone(), f)).collect();
    let opening = opening.map(|(at, raw)| open(file, at, raw, faults));
    let (code, at) = code?;
    if opening.is_none() {
        faults.add(&at, "nothing says how a case is opened", "add [open] with by and unit");
    }
    let (head, opening) = (head?, opening?);
    Some(Workflow {
        code,
        name: head.name,
        en: head.en,
        pattern: head.pattern,
        initial: head.initial,
        opening,
        states,
        actions,
        fields,
        clocks,
        mandatory,
        contact: guards.contact,
        readers: head.readers,
        reporters: guards.reporters,
        on_grade: guards.on_grade,
        milestones: guards.milestones,
        duties: guards.duties,
        at,
    })
}

fn open(file: &File, at: Locus, raw: RawOpening, faults: &mut Faults) -> Opening {
    Opening {
        by: whos(file, raw.by, faults),
        fields: uses(raw.fields),
        unit: raw.unit,
        effects: raw.effects,
        only: raw.only,
        evidence: raw.evidence,
        at,
    }
}

fn state(entry: Entry<RawState>, faults: &mut Faults) -> Option<State> {
    let Entry { code, at, value: raw } = entry;
    let mut need = |key: &str, value: Option<Code>| {
        if value.is_none() {
            let advice = format!("add {key} = \"…\", or say kind = \"closed\"");
            faults.add(&at, format!("the open state `{code}` has no {key}"), advice);
        }
        value
    };
    let kind = match raw.kind {
        RawKind::Open => {
            let (responsible, clock) = (need("role", raw.role), need("clock", raw.clock));
            StateKind::Open { responsible: responsible?, or: raw.or, clock: clock? }
        }
        RawKind::Held => StateKind::Held { responsible: need("role", raw.role)? },
        RawKind::Closed => StateKind::Closed,
        RawKind::End => StateKind::End,
    };
    let RawState { name, en, public, public_en, .. } = raw;
    Some(State { code, name, en, public, public_en, kind, at })
}

fn action(file: &File, entry: Entry<RawAction>, faults: &mut Faults) -> Action {
    let Entry { code, at, value: raw } = entry;
    if raw.from.is_empty() {
        let what = format!("the action `{code}` starts from no state");
        faults.add(&at, what, "name the states in which it is possible in from = […]");
    }
    Action {
        code,
        name: raw.name,
        en: raw.en,
        public: raw.public,
        public_en: raw.public_en,
        from: raw.from,
        to: raw.to.map_or(Target::Same, Target::State),
        by: whos(file, raw.by, faults),
        fields: uses(raw.fields),
        guards: raw.guards,
        effects: raw.effects,
        auto: raw.auto,
        bulk: raw.bulk,
        evidence: raw.evidence,
        tone: raw.tone,
        at,
    }
}

fn clock(entry: Entry<RawClock>) -> ClockSpec {
    let Entry { code, at, value: raw } = entry;
    let RawClock { name, en, span, by_grade, escalates } = raw;
    ClockSpec { code, name, en, span, by_grade, escalates, at }
}

/// `role@relation`
fn whos(file: &File, written: Vec<Spanned<String>>, faults: &mut Faults) -> Vec<Who> {
    let mut by = Vec::new();
    for one in written {
        let at = file.at(one.span().start);
        let Some((role, relation)) = one.get_ref().split_once('@') else {
            let what = format!("`{}` names no relation", one.get_ref());
            faults.add(&at, what, "write role@relation, for example handler@responsible");
            continue;
        };
        let word = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(relation);
        if let Ok(relation) = Relation::deserialize(word) {
            by.push(Who { role: role.to_owned(), relation });
        } else {
            let advice =
                "use responsible, above, covering, task, appellant or anywhere after the @";
            faults.add(&at, format!("there is no relation `{relation}`"), advice);
        }
    }
    by
}

/// `field` or, when it is required, `field!`
fn uses(written: Vec<Spanned<String>>) -> Vec<FieldUse> {
    let one = |text: String| match text.strip_suffix('!') {
        Some(code) => FieldUse { code: code.to_owned(), required: true },
        None => FieldUse { code: text, required: false },
    };
    written.into_iter().map(|w| one(w.into_inner())).collect()
}

fn field(entry: Entry<RawField>, faults: &mut Faults) -> Option<Field> {
    let Entry { code, at, value: mut raw } = entry;
    let kind = field_kind(&mut raw).unwrap_or_else(|advice| {
        faults.add(&at, format!("the field `{code}` is not complete"), advice);
        None
    })?;
    let spare = [
        ("min", raw.min.is_some()),
        ("max", raw.max.is_some()),
        ("options", raw.options.is_some()),
        ("meaning", raw.meaning.is_some() && !kind.is_text()),
    ];
    for (key, _) in spare.iter().filter(|(_, given)| *given) {
        let what = format!("`{key}` means nothing for the type of the field `{code}`");
        faults.add(&at, what, "delete the key or change the type");
    }
    let meaning = raw.meaning.unwrap_or_default();
    let RawField { label, en, help, help_en, .. } = raw;
    Some(Field { code, label, en, help, help_en, kind, meaning, at })
}

/// Takes the keys that belong to the type; what remains in `raw` is too much.
fn field_kind(raw: &mut RawField) -> Result<Option<FieldKind>, &'static str> {
    let mut length = || {
        let max = raw.max.take().and_then(|m| usize::try_from(m).ok()).filter(|m| *m > 0);
        max.ok_or("add max = …, the most characters that are accepted")
    };
    Ok(Some(match raw.kind {
        RawType::Line => FieldKind::Line { max: length()? },
        RawType::Text => FieldKind::Text { max: length()? },
        RawType::Choice => FieldKind::Choice(options(raw)?),
        RawType::Choices => FieldKind::Choices(options(raw)?),
        RawType::Number => match (raw.min.take(), raw.max.take()) {
            (Some(min), Some(max)) if min <= max => FieldKind::Number { min, max },
            _ => return Err("add min = … and max = …, the smallest and largest number"),
        },
        RawType::Channel => FieldKind::Channel,
        RawType::Category => FieldKind::Category,
        RawType::Grade => FieldKind::Grade,
        RawType::Place => FieldKind::Place,
        RawType::Unit => FieldKind::Unit,
        RawType::Units => FieldKind::Units,
        RawType::Case => FieldKind::Case,
        RawType::Date => FieldKind::Date,
        RawType::Time => FieldKind::Time,
        RawType::Flag => FieldKind::Flag,
        RawType::Risk => FieldKind::Risk,
        RawType::Form => FieldKind::Form,
        RawType::Period => FieldKind::Period,
        RawType::Figures => FieldKind::Figures,
        RawType::Figure => FieldKind::Figure,
        RawType::Sample => FieldKind::Sample,
    }))
}

fn options(raw: &mut RawField) -> Result<Vec<Choice>, &'static str> {
    let options = raw.options.take().filter(|o| !o.is_empty());
    let options = options.ok_or("add options = [{ value = \"…\", label = \"…\" }]")?;
    let mut values: Vec<&str> = options.iter().map(|o| o.value.as_str()).collect();
    values.sort_unstable();
    if values.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err("give each option its own value");
    }
    Ok(options)
}
