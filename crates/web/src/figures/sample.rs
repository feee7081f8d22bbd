//! The sample of a case in words: how far it was looked at and by whom, the choices beside its records,
//! and what a step after it is offered to say. Which records were drawn, and whether all are sound, is
//! decided by the domain.

use super::records::RecordView;
use crate::{app::App, error::Oops, form::fresh_command, page::Page, session::LoggedIn};
use domain::{
    case::{By, Case},
    decide::{self, Ctx},
    field::FieldKind,
    figure::{Look, Progress, Sample},
    workflow::{Action, Effect, Workflow},
};
use std::collections::BTreeMap;

/// How far a sample was looked at.
#[derive(Debug, Clone)]
pub(crate) struct SampleView {
    /// How many of how many.
    pub(crate) progress: String,
    /// Who looked, and at how many.
    pub(crate) people: Vec<String>,
    /// Nothing is left, and nothing was found wrong.
    pub(crate) sound: bool,
}

/// A drawn record with what was found of it, and the choice where the viewer may look.
pub(super) struct RowView {
    pub(super) record: RecordView,
    /// What was found last, and by whom; empty when nobody looked.
    pub(super) found: String,
    /// Name of the choice; empty where there is none.
    pub(super) choice: String,
    /// Why there is no choice, where somebody else has to look.
    pub(super) other: String,
}

/// Where the choices of a page go.
pub(super) struct FormView {
    pub(super) action: String,
    pub(super) name: String,
    pub(super) command: String,
    pub(super) version: i64,
}

/// What somebody says about the records of a sample.
pub(crate) fn is_look(action: &Action) -> bool {
    action.effects.iter().any(|effect| matches!(effect, Effect::Look { .. }))
}

/// The names of those who looked.
pub(super) async fn names(
    app: &App,
    page: &Page,
    sample: &Sample<'_>,
) -> Result<BTreeMap<String, String>, Oops> {
    let mut names = BTreeMap::new();
    for (by, _) in sample.people() {
        names.insert(key(by), who(app, page, by).await?);
    }
    Ok(names)
}

fn key(by: &By) -> String {
    match by {
        By::Staff(account, unit) => format!("{account} {unit}"),
        By::Appellant | By::Public | By::System => String::new(),
    }
}

async fn who(app: &App, page: &Page, by: &By) -> Result<String, Oops> {
    let By::Staff(account, unit) = by else { return Ok(page.t("history.system").to_owned()) };
    let unit = page.unit(unit);
    let name = app.store().account_by_id(*account).await?.map(|a| a.name).unwrap_or_default();
    // The accounts of a demonstration are called after their unit.
    Ok(if name.starts_with(unit) { name } else { format!("{unit} {name}").trim_end().to_owned() })
}

/// How far the sample of a case was looked at, and by whom; none where nothing is to be looked at.
pub(crate) async fn of(app: &App, page: &Page, case: &Case) -> Result<Option<SampleView>, Oops> {
    let Some(sample) = Sample::of(&page.pack, case) else { return Ok(None) };
    let progress = sample.progress();
    if progress.drawn == 0 {
        return Ok(None);
    }
    let names = names(app, page, &sample).await?;
    let line = |(by, n): (&By, u64)| {
        let name = names.get(&key(by)).map_or("", String::as_str);
        page.tf("sample.by", &[("who", name), ("n", &n.to_string())])
    };
    Ok(Some(SampleView {
        progress: words(page, progress),
        people: sample.people().into_iter().map(line).collect(),
        sound: progress.missing() == 0 && progress.wrong == 0,
    }))
}

/// How many of how many were looked at, and how many were wrong.
pub(super) fn words(page: &Page, progress: Progress) -> String {
    let n = (progress.sound + progress.wrong).to_string();
    let (all, wrong) = (progress.drawn.to_string(), progress.wrong.to_string());
    page.tf("sample.progress", &[("n", &n), ("all", &all), ("wrong", &wrong)])
}

/// The text field in which a step is offered what was found, and the words.
pub(crate) fn told(page: &Page, flow: &Workflow, case: &Case) -> Option<(String, String)> {
    let field = flow.effects().find_map(|effect| match effect {
        Effect::Look { tells, .. } => Some(tells.clone()),
        _ => None,
    })?;
    let progress = Sample::of(&page.pack, case)?.progress();
    (progress.sound + progress.wrong > 0).then(|| (field, words(page, progress)))
}

/// The page that lists the numbers, after somebody has looked.
pub(crate) fn after(number: &str) -> String {
    format!("/cases/{number}/figures")
}

/// One page of a sample as somebody sees it.
pub(super) struct Rows<'a> {
    pub(super) page: &'a Page,
    pub(super) case: &'a Case,
    pub(super) sample: &'a Sample<'a>,
    pub(super) names: &'a BTreeMap<String, String>,
    pub(super) n: usize,
}

impl Rows<'_> {
    /// The action by which this person may look now, with its field.
    fn look(&self, app: &App, me: &LoggedIn) -> Option<(&Action, &str)> {
        let flow = self.page.pack.flow_of(self.case)?;
        let actor = me.actor();
        let ctx = Ctx::bare(app.now(), &self.page.pack, &actor);
        let action = flow
            .actions_from(&self.case.state)
            .find(|a| is_look(a) && decide::permit(ctx, self.case, a, None).is_ok())?;
        let is_sample =
            |code: &&String| flow.fields.get(*code).is_some_and(|f| f.kind == FieldKind::Sample);
        let field = action.fields.iter().map(|f| &f.code).find(is_sample)?;
        Some((action, field))
    }

    /// Where the choices go; none where this person may not look.
    pub(super) fn form(
        &self,
        app: &App,
        me: &LoggedIn,
        (number, version): (&str, i64),
    ) -> Option<FormView> {
        let (action, _) = self.look(app, me)?;
        Some(FormView {
            action: format!("/cases/{number}/{}", action.code),
            name: self.page.t("sample.save").to_owned(),
            command: fresh_command(),
            version,
        })
    }

    /// The line of a record.
    pub(super) fn row(
        &self,
        (app, me): (&App, &LoggedIn),
        (place, record): (u64, RecordView),
    ) -> RowView {
        let page = self.page;
        let found = self.sample.found(self.n, place).map(|(sound, by)| {
            let key_of = if sound { "sample.sound" } else { "sample.wrong" };
            let name = self.names.get(&key(by)).map_or("", String::as_str);
            page.tf("sample.found", &[("found", page.t(key_of)), ("who", name)])
        });
        let field = self.look(app, me).map(|(_, field)| field);
        let code = Look { n: self.n, place, sound: true }.code(self.sample.freezing);
        let at = code.split('=').next().unwrap_or_default();
        let open = !record.href.is_empty();
        let choice = field.filter(|_| open).map(|field| format!("{field}.{at}"));
        let other = if field.is_some() && !open { page.t("sample.other") } else { "" };
        RowView {
            record,
            found: found.unwrap_or_default(),
            choice: choice.unwrap_or_default(),
            other: other.to_owned(),
        }
    }
}

/// What was found in words, for the history: how many were sound and how many wrong.
pub(crate) fn looked(page: &Page, looks: &[Look]) -> String {
    let sound = looks.iter().filter(|l| l.sound).count();
    let (n, wrong) = (sound.to_string(), (looks.len() - sound).to_string());
    page.tf("history.looked_n", &[("sound", &n), ("wrong", &wrong)])
}
