//! What protects the person, on top of a case page: how they may be reached, every asking of the
//! danger questions, papers of the law, and duties that stand open. Decides nothing.

use super::{
    history::Words,
    panels::{self, PersonLine},
};
use crate::{
    page::Page,
    view::{GradeView, clock_time, contact},
};
use domain::{
    case::{Case, Cause, Fact},
    contact::{Plan, Way, may_reach},
    milestone::Milestone,
    pack::Sight,
};
use jiff::Timestamp;
use store::CasePage;

/// The plan of safe contact.
pub(super) struct PlanView {
    /// Nobody may contact the person.
    pub(super) never: bool,
    /// By which ways.
    pub(super) how: String,
    /// On which days, at what hours.
    pub(super) when: String,
    /// Whether it is allowed now, or when next.
    pub(super) now: String,
    /// Whether it is allowed now.
    pub(super) open: bool,
    /// What was agreed in words.
    pub(super) lines: Vec<PersonLine>,
}

/// One asking of the danger questions, or another change of the grade.
pub(super) struct RiskView {
    /// When.
    pub(super) at: String,
    /// Who.
    pub(super) who: String,
    /// The grade that followed.
    pub(super) grade: GradeView,
    /// What it followed from.
    pub(super) cause: String,
    /// Questions of which one "yes" decided.
    pub(super) decisive: Vec<String>,
    /// Other questions answered "yes".
    pub(super) yes: Vec<String>,
    /// Questions that could not be answered.
    pub(super) unknown: Vec<String>,
    /// How many of each, for eyes that may not read them.
    pub(super) counts: String,
}

/// A paper of the law.
pub(super) struct PaperView {
    /// What it is.
    pub(super) name: String,
    /// From when until when.
    pub(super) dates: String,
    /// How long it still counts, or that it does not.
    pub(super) state: String,
    /// Class of the state.
    pub(super) class: &'static str,
    /// Whether it has been broken.
    pub(super) breached: bool,
}

/// The plan, when anything was agreed.
pub(super) fn plan(words: &Words<'_>, shown: &CasePage, now: Timestamp) -> Option<PlanView> {
    let (page, case) = (words.page, &shown.case);
    let plan = Plan::of(&page.pack, case);
    let lines = agreed(words, shown);
    if !plan.is_some() && lines.is_empty() {
        return None;
    }
    let reach = |way: Way| may_reach(&page.pack, case, way, now);
    // The hours are the same for every way, so one way that is allowed speaks for all.
    let way = plan.ways().next().unwrap_or(Way::Phone);
    let (open, state) = match reach(way) {
        Ok(()) => (true, page.t("contact.now").to_owned()),
        Err(domain::contact::Barred::Until(at)) => {
            (false, page.tf("contact.later", &[("at", &clock_time(page, at))]))
        }
        Err(domain::contact::Barred::Never) => (false, page.t("contact.never").to_owned()),
    };
    Some(PlanView {
        never: plan.is_never(),
        how: contact::ways(page, plan),
        when: contact::times(page, plan),
        now: state,
        open,
        lines,
    })
}

/// What was agreed in words, and whether a message may be left.
fn agreed(words: &Words<'_>, shown: &CasePage) -> Vec<PersonLine> {
    let mut lines: Vec<PersonLine> =
        panels::people(words, shown).into_iter().filter(|line| line.safe).collect();
    let message = words.flow.opening.fields.iter().find(|f| f.code == "contact_message");
    if let Some(one) = message
        && let (Some(value), Some(field)) =
            (shown.case.coded.get(&one.code), words.flow.fields.get(&one.code))
    {
        let text = words.value(&field.kind, value.one());
        lines.push(PersonLine { label: words.label(&one.code), text, hidden: false, safe: true });
    }
    lines
}

/// Every version of the grade, newest first.
pub(super) fn risks(words: &Words<'_>, shown: &CasePage) -> Vec<RiskView> {
    let page = words.page;
    let asked = |codes: &[String]| -> Vec<String> {
        let known = codes.iter().filter_map(|q| page.pack.risk.question(q));
        known.map(|q| page.either(&q.text, &q.en).to_owned()).collect()
    };
    let mut all = Vec::new();
    for entry in &shown.entries {
        for fact in &entry.facts {
            let Fact::Graded { grade, yes, unknown, decisive, cause } = fact else { continue };
            let answers = *cause == Cause::Answers;
            let whole = answers && words.evidence == Sight::Full;
            let others: Vec<String> =
                yes.iter().filter(|q| !decisive.contains(q)).cloned().collect();
            let (n, m) = (yes.len().to_string(), unknown.len().to_string());
            let show = |codes: &[String]| if whole { asked(codes) } else { Vec::new() };
            all.push(RiskView {
                at: clock_time(page, entry.at),
                who: words.who(&entry.by),
                grade: GradeView::new(page, grade),
                cause: cause_words(page, *cause).to_owned(),
                decisive: show(decisive),
                yes: show(&others),
                unknown: show(unknown),
                counts: match words.evidence {
                    Sight::Masked if answers => {
                        page.tf("history.risk_counts", &[("yes", &n), ("unknown", &m)])
                    }
                    Sight::Masked | Sight::Full => String::new(),
                    Sight::None => page.t("staff.hidden").to_owned(),
                },
            });
        }
    }
    all.reverse();
    all
}

fn cause_words(page: &Page, cause: Cause) -> &str {
    page.t(match cause {
        Cause::Answers => "risk.cause.answers",
        Cause::Hand => "risk.cause.hand",
        Cause::Category => "risk.cause.category",
        Cause::Breach => "risk.cause.breach",
    })
}

/// Papers of the law, those that count first.
pub(super) fn papers(words: &Words<'_>, case: &Case, now: Timestamp) -> Vec<PaperView> {
    let page = words.page;
    let today = page.pack.date_of(now);
    let view = |m: &Milestone| {
        let spec = words.flow.milestones.get(&m.kind);
        let name = spec.map_or(m.kind.as_str(), |s| page.either(&s.name, &s.en));
        let left = today.until(m.expires).map_or(0, |span| span.get_days());
        let soon = spec.and_then(|s| s.alarms.first()).copied().unwrap_or_default();
        let n = left.to_string();
        let (class, state) = match left {
            ..0 => ("state-end", page.t("paper.expired").to_owned()),
            0 => ("state-wait", page.t("paper.last_day").to_owned()),
            left if left <= i32::from(soon) => ("state-wait", page.tf("paper.left", &[("n", &n)])),
            _ => ("", page.tf("paper.left", &[("n", &n)])),
        };
        let (from, until) = (m.issued.to_string(), m.expires.to_string());
        PaperView {
            name: name.to_owned(),
            dates: page.tf("paper.dates", &[("from", &from), ("until", &until)]),
            state,
            class,
            breached: m.breached,
        }
    };
    case.live_milestones().map(view).collect()
}

/// Banners for duties that stand open: what is owed, and what to do.
pub(super) fn duties(words: &Words<'_>, case: &Case) -> Vec<(String, String)> {
    let page = words.page;
    let owed = words.flow.duties.iter().filter(|d| case.owed.contains(&d.code));
    owed.map(|d| {
        let due = case.clocks.get(&d.clock).map_or(String::new(), |c| clock_time(page, c.due()));
        let title = page.tf("duty.owed", &[("name", page.either(&d.name, &d.en)), ("due", &due)]);
        (title, page.either(&d.help, &d.help_en).to_owned())
    })
    .collect()
}
