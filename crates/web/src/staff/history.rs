//! The history of a case in words: who did what, what was written, and what is kept from these
//! eyes.

use crate::{
    figures::standing,
    page::Page,
    view::{GradeView, category_name, clock_time, day},
};
use domain::{
    case::{AccountId, By, ClockChange, Fact, TaskEnd},
    field::{FieldKind, Meaning, Value},
    figure::{Period, Target},
    pack::Sight,
    reporter,
    rights::{self, Event},
    workflow::Workflow,
};
use std::collections::BTreeMap;
use store::{CasePage, EntryPage};

/// One step of the history.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// What was done.
    pub(super) title: String,
    /// When.
    pub(super) time: String,
    /// Who.
    pub(super) who: String,
    /// What was written and what followed.
    pub(super) lines: Vec<Line>,
    /// Fields that exist but are not shown, in words; may be empty.
    pub(super) hidden: String,
    /// The newest step.
    pub(super) newest: bool,
}

/// One line of a step.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// What it is.
    pub(super) label: String,
    /// The words.
    pub(super) text: String,
}

/// What words need beside the pack.
pub(super) struct Words<'a> {
    /// The page.
    pub(super) page: &'a Page,
    /// The workflow of the case.
    pub(super) flow: &'a Workflow,
    /// Names of the accounts in the history.
    pub(super) names: BTreeMap<AccountId, String>,
    /// Titles of documents by template.
    pub(super) papers: BTreeMap<String, String>,
    /// How much of the evidence, and so of the danger questions, is shown.
    pub(super) evidence: Sight,
}

/// The accounts that a history names.
pub(super) fn accounts(entries: &[EntryPage]) -> Vec<AccountId> {
    let mut all: Vec<AccountId> = entries
        .iter()
        .filter_map(|e| if let By::Staff(account, _) = &e.by { Some(*account) } else { None })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The steps, newest first.
pub(super) fn steps(words: &Words<'_>, shown: &CasePage) -> Vec<Step> {
    let mut steps: Vec<Step> = shown.entries.iter().rev().map(|e| words.step(e)).collect();
    if let Some(first) = steps.first_mut() {
        first.newest = true;
    }
    steps
}

impl Words<'_> {
    fn step(&self, entry: &EntryPage) -> Step {
        let mut titles = Vec::new();
        let mut lines = Vec::new();
        for fact in &entry.facts {
            match fact {
                Fact::Opened { .. } => titles.push(self.page.t("history.opened").to_owned()),
                Fact::Acted { action, .. } => titles.push(self.action(action)),
                Fact::Right { event } => titles.push(self.right(event)),
                fact => lines.extend(self.line(fact)),
            }
        }
        let texts =
            entry.texts.iter().flat_map(|(action, texts)| texts.iter().map(move |t| (action, t)));
        let mut written: Vec<Line> = texts
            .filter(|(action, (field, _))| *action != "open" || !self.stands_above(field))
            .map(|(_, (field, text))| Line { label: self.label(field), text: text.clone() })
            .collect();
        for line in lines {
            // An opening and its registration tell the same category and place.
            if written.iter().all(|w| (&w.label, &w.text) != (&line.label, &line.text)) {
                written.push(line);
            }
        }
        if titles.is_empty() && entry.facts.iter().any(|f| matches!(f, Fact::Repacked { .. })) {
            titles.push(self.page.t("moving.moved").to_owned());
        }
        if titles.is_empty() {
            titles.push(self.page.t("history.time").to_owned());
        }
        let hidden: Vec<String> = entry.hidden.iter().map(|f| self.label(f)).collect();
        Step {
            title: titles.join(self.page.t("staff.and")),
            time: clock_time(self.page, entry.at),
            who: self.who(&entry.by),
            lines: written,
            hidden: hidden.join(self.page.t("staff.comma")),
            newest: false,
        }
    }

    /// Whether a field of the opening has a place of its own on the page.
    fn stands_above(&self, field: &str) -> bool {
        self.flow.fields.get(field).is_some_and(|f| {
            !matches!(f.meaning, Meaning::Work | Meaning::ExternalNumber | Meaning::Answer)
        })
    }

    /// Who did something.
    pub(super) fn who(&self, by: &By) -> String {
        match by {
            By::Staff(account, unit) => {
                let name = self.names.get(account).map_or("", String::as_str);
                let unit = self.page.unit(unit);
                // The accounts of a demonstration are called after their unit.
                if name.starts_with(unit) { name.to_owned() } else { format!("{unit} {name}") }
            }
            By::Appellant => self.page.t("history.appellant").to_owned(),
            By::Public => self.page.t("history.public").to_owned(),
            By::System => self.page.t("history.system").to_owned(),
        }
    }

    fn action(&self, code: &str) -> String {
        self.flow
            .action(code)
            .map_or_else(|| code.to_owned(), |a| self.page.either(&a.name, &a.en).to_owned())
    }

    /// The label of a field.
    pub(super) fn label(&self, code: &str) -> String {
        match (self.flow.fields.get(reporter::asked(code)), code) {
            (Some(field), _) if reporter::is_apart(code) => {
                let label = self.page.either(&field.label, &field.en);
                self.page.tf("case.reporter", &[("label", label)])
            }
            (Some(field), _) => self.page.either(&field.label, &field.en).to_owned(),
            (None, rights::WISH) => self.page.t("rights.wish").to_owned(),
            (None, rights::REASON) => self.page.t("rights.reason").to_owned(),
            (None, rights::HOLD_REASON) => self.page.t("rights.hold_reason").to_owned(),
            (None, _) => code.to_owned(),
        }
    }

    /// The title of a document.
    pub(super) fn paper(&self, template: &str) -> String {
        self.papers.get(template).map_or_else(|| template.to_owned(), Clone::clone)
    }

    fn line(&self, fact: &Fact) -> Vec<Line> {
        let page = self.page;
        let short = |unit: &str| page.unit(unit).to_owned();
        let line = |key: &str, text: String| vec![Line { label: page.t(key).to_owned(), text }];
        match fact {
            Fact::Given { coded, texts: _ } => self.coded(coded),
            Fact::Assigned { unit, rule: _ } => line("history.unit", short(unit)),
            Fact::Taken { account } => {
                line("history.owner", self.names.get(account).cloned().unwrap_or_default())
            }
            Fact::Graded { grade, yes, unknown, .. } => self.graded(grade, yes, unknown),
            Fact::Clock { change: ClockChange::Extended, clock } => {
                line("history.extended", day(page, clock.due()))
            }
            Fact::Clock { change: ClockChange::Paused, clock } => {
                let until = clock.resumes_at().unwrap_or_else(|| clock.due());
                line("history.paused", day(page, until))
            }
            Fact::Clock { change: ClockChange::Moved, clock }
            | Fact::TaskMoved { id: _, clock } => {
                let due = clock_time(page, clock.due());
                let name = clock_name(page, self.flow, clock.code());
                line("moving.now_due", page.tf("moving.due_of", &[("clock", &name), ("due", &due)]))
            }
            Fact::Repacked { pack } => line("moving.rules", pack.clone()),
            Fact::TaskOpened { task } => {
                let due = clock_time(page, task.clock.due());
                let text =
                    page.tf("history.task_due", &[("unit", &short(&task.unit)), ("due", &due)]);
                vec![Line { label: task_name(page, &task.kind), text }]
            }
            Fact::TaskEnded { end: TaskEnd::Dropped, .. } => {
                line("history.task", page.t("task.dropped").to_owned())
            }
            Fact::Issued { template, ordinal: _ } => line("history.paper", self.paper(template)),
            Fact::Owed { duty } => line("history.owed", self.duty(duty)),
            Fact::Met { duty } => line("history.met", self.duty(duty)),
            Fact::MilestoneSet { milestone } => {
                let (from, until) = (milestone.issued.to_string(), milestone.expires.to_string());
                let text = page.tf("paper.dates", &[("from", &from), ("until", &until)]);
                vec![Line { label: self.milestone(&milestone.kind), text }]
            }
            Fact::Breached { kind } => line("paper.breached", self.milestone(kind)),
            Fact::Alarmed { kind, days } => {
                let text = page.tf("paper.left", &[("n", &days.to_string())]);
                vec![Line { label: self.milestone(kind), text }]
            }
            Fact::Froze { values } => {
                let n = values.len().to_string();
                line("history.froze", page.tf("history.froze_n", &[("n", &n)]))
            }
            Fact::Looked { looks, .. } => {
                line("history.looked", crate::figures::sample::looked(page, looks))
            }
            Fact::Filled { day, digest: _, places, tables: _ } => {
                let (n, day) = (places.len().to_string(), day.to_string());
                line("history.filled", page.tf("history.filled_n", &[("n", &n), ("day", &day)]))
            }
            Fact::Published => line("history.published", String::new()),
            Fact::Withdrawn => line("history.withdrawn", String::new()),
            Fact::Promised { target } => self.target(target),
            Fact::Climbed { clock, step: _, unit } => {
                let name = clock_name(page, self.flow, clock);
                let text =
                    page.tf("history.climbed_to", &[("clock", &name), ("unit", &short(unit))]);
                line("history.climbed", text)
            }
            _ => Vec::new(),
        }
    }

    /// A target in words.
    fn target(&self, target: &Target) -> Vec<Line> {
        let page = self.page;
        let figure = page.pack.figures.get(&target.figure);
        let goal = figure.map(|figure| standing::goal(page, figure, target));
        let lead = target.lead.as_ref().map(|lead| page.unit(lead).to_owned());
        let budget = target.budget.map(|n| standing::money(page, n));
        let all = [("history.promised", goal), ("project.lead", lead), ("project.budget", budget)];
        let line = |(key, text): (&str, Option<String>)| {
            Some(Line { label: page.t(key).to_owned(), text: text? })
        };
        all.into_iter().filter_map(line).collect()
    }

    /// What happened under the rights of the person.
    fn right(&self, event: &Event) -> String {
        let page = self.page;
        let key = match event {
            Event::Asked { right, .. } => {
                let name = page.t(crate::citizen::rights::key(*right));
                return page.tf("history.right.asked", &[("name", name)]);
            }
            Event::Checked { .. } => "history.right.checked",
            Event::Granted { .. } => "history.right.granted",
            Event::Refused { .. } => "history.right.refused",
            Event::Held { .. } => "history.right.held",
            Event::Released => "history.right.released",
            Event::Erased { .. } => "history.right.erased",
        };
        page.t(key).to_owned()
    }

    fn duty(&self, code: &str) -> String {
        let duty = self.flow.duties.iter().find(|d| d.code == code);
        duty.map_or(code, |d| self.page.either(&d.name, &d.en)).to_owned()
    }

    fn milestone(&self, code: &str) -> String {
        let spec = self.flow.milestones.get(code);
        spec.map_or(code, |s| self.page.either(&s.name, &s.en)).to_owned()
    }

    fn graded(&self, grade: &str, yes: &[String], unknown: &[String]) -> Vec<Line> {
        let page = self.page;
        let name = GradeView::new(page, grade).name;
        let mut lines = vec![Line { label: page.t("history.grade").to_owned(), text: name }];
        if yes.is_empty() && unknown.is_empty() {
            return lines;
        }
        let (n, m) = (yes.len().to_string(), unknown.len().to_string());
        let text = match self.evidence {
            Sight::Full => {
                let asked = yes.iter().filter_map(|q| page.pack.risk.question(q));
                asked.map(|q| page.either(&q.text, &q.en)).collect::<Vec<_>>().join("\n")
            }
            Sight::Masked => page.tf("history.risk_counts", &[("yes", &n), ("unknown", &m)]),
            Sight::None => page.t("staff.hidden").to_owned(),
        };
        lines.push(Line { label: page.t("history.risk").to_owned(), text });
        lines
    }

    fn coded(&self, coded: &BTreeMap<String, Value>) -> Vec<Line> {
        let known = coded.iter().filter_map(|(code, value)| {
            let kind = &self.flow.fields.get(code)?.kind;
            // The danger questions follow with the grade that they led to, and what was found of a
            // sample with the fact that it is.
            if matches!(kind, FieldKind::Risk | FieldKind::Sample) {
                return None;
            }
            let words: Vec<String> = value.all().iter().map(|v| self.value(kind, v)).collect();
            let text = words.join(self.page.t("staff.comma"));
            Some(Line { label: self.label(code), text })
        });
        known.filter(|l| !l.text.is_empty()).collect()
    }

    /// A coded value in words.
    pub(super) fn value(&self, kind: &FieldKind, value: &str) -> String {
        let page = self.page;
        let pack = &page.pack;
        let known = match kind {
            FieldKind::Choice(options) | FieldKind::Choices(options) => options
                .iter()
                .find(|o| o.value == value)
                .map(|o| page.either(&o.label, &o.en).to_owned()),
            FieldKind::Channel => {
                pack.channels.get(value).map(|c| page.either(&c.name, &c.en).to_owned())
            }
            FieldKind::Category => Some(category_name(page, value)),
            FieldKind::Figure => {
                pack.figures.get(value).map(|f| page.either(&f.name, &f.en).to_owned())
            }
            FieldKind::Form => {
                pack.forms.get(value).map(|f| page.either(&f.name, &f.en).to_owned())
            }
            FieldKind::Period => Period::parse(value).map(|p| crate::figures::period_name(page, p)),
            FieldKind::Grade => Some(GradeView::new(page, value).name),
            FieldKind::Place => Some(pack.regions.full_name(value)),
            FieldKind::Unit | FieldKind::Units => Some(page.unit(value).to_owned()),
            FieldKind::Flag => Some(page.t(if value == "yes" { "yes" } else { "no" }).to_owned()),
            _ => None,
        };
        known.unwrap_or_else(|| value.to_owned())
    }
}

/// The name of a kind of task.
pub(super) fn task_name(page: &Page, kind: &str) -> String {
    let key = format!("task.{kind}");
    let name = page.t(&key);
    // A pack may bring kinds that have no words here; their code is better than nothing.
    if name == key { kind.to_owned() } else { name.to_owned() }
}

/// The name of a clock.
pub(super) fn clock_name(page: &Page, flow: &Workflow, code: &str) -> String {
    let spec = flow.clocks.get(code);
    spec.map_or_else(|| code.to_owned(), |c| page.either(&c.name, &c.en).to_owned())
}
