//! Reads the rows of the access table that stand inside `roles.toml`, and `secrecy.toml`. Decides
//! which rows may stand there; what follows from them is `domain::access`.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    pack::{Grant, Message, Pack, Recipient, Right, Secrecy, Sees, Sensitivity, Sight, Standing},
    workflow::{Code, Locus, Relation, Workflow},
};
use serde::Deserialize;

use crate::{
    document::{Document, Worded, Words},
    faults::Faults,
    folder::Folders,
};

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGrant {
    r#as: Vec<Standing>,
    of: Vec<Sensitivity>,
    identity: Sight,
    contact: Sight,
    story: Sight,
    evidence: Sight,
    #[serde(default)]
    reporter: Sight,
    #[serde(default)]
    may: Vec<Right>,
}

impl RawGrant {
    fn checked(self) -> Grant {
        let Self { r#as, of, identity, contact, story, evidence, reporter, may } = self;
        Grant {
            standings: r#as.into_iter().collect(),
            of: of.into_iter().collect(),
            sees: Sees { identity, contact, story, evidence, reporter },
            may: may.into_iter().collect(),
        }
    }
}

/// The rows of a role, in their order.
pub(crate) fn grants(
    raw: Vec<RawGrant>,
    at: &Locus,
    role: &str,
    faults: &mut Faults,
) -> Vec<Grant> {
    let grants: Vec<Grant> = raw.into_iter().map(RawGrant::checked).collect();
    let mut seen = BTreeSet::new();
    for grant in &grants {
        if grant.standings.is_empty() || grant.of.is_empty() {
            let what = format!("a row of the role `{role}` speaks of no case");
            faults.add(at, what, "name at least one word in as and in of");
        }
        for standing in &grant.standings {
            for sensitivity in &grant.of {
                if !seen.insert((*standing, *sensitivity)) {
                    let (s, of) = (standing.code(), sensitivity.code());
                    let what = format!("the role `{role}` has two rows for `{s}` of `{of}`");
                    faults.add(at, what, "let one row speak of each; join the two");
                }
                if let Some((what, advice)) = unsound(*standing, *sensitivity, grant) {
                    faults.add(at, format!("a row of the role `{role}` {what}"), advice);
                }
            }
        }
    }
    grants
}

/// Why a row cannot stand, if it cannot.
fn unsound(
    standing: Standing,
    of: Sensitivity,
    grant: &Grant,
) -> Option<(&'static str, &'static str)> {
    let by_name = standing.opens_sealed() || standing == Standing::Lent;
    if of == Sensitivity::Sealed && !by_name {
        let advice = "sealed cases are for as = [\"circle\"], [\"glass\"] or [\"lent\"] alone";
        return Some(("opens sealed cases to people who were not named", advice));
    }
    if standing == Standing::Circle && of != Sensitivity::Sealed {
        return Some(("gives a circle to cases that have none", "write of = [\"sealed\"]"));
    }
    if matches!(standing, Standing::Glass | Standing::Lent) && !grant.may.is_empty() {
        let advice = "remove may: what opens for a while is for reading alone";
        return Some(("lets somebody act through broken glass or a lent identity", advice));
    }
    None
}

/// Whoever a workflow expects to act can also know of the case and act on it; a table that forgot
/// them would leave the case with a clock and nobody who may stop it.
pub(crate) fn workflows(pack: &Pack, faults: &mut Faults) {
    for flow in pack.workflows.values() {
        for action in &flow.actions {
            for who in action.by.iter().filter(|w| w.role != "citizen" && w.role != "system") {
                let Some(role) = pack.roles.get(&who.role) else { continue };
                let acts = |standing, of| {
                    role.grant(standing, of).is_some_and(|g| g.may.contains(&Right::Act))
                };
                // What names who leads tells of nobody, so nobody in it needs protection.
                let of: &[Sensitivity] = if flow.names_leads() {
                    &[Sensitivity::Ordinary]
                } else {
                    &[Sensitivity::Ordinary, Sensitivity::Sensitive]
                };
                let missing = of
                    .iter()
                    .find(|of| !ways(flow, who.relation).any(|standing| acts(standing, **of)));
                if let Some(of) = missing {
                    let (role, of) = (&who.role, of.code());
                    let action = &action.code;
                    let what = format!(
                        "the role `{role}` is expected to do `{action}` and may not act on {of} cases"
                    );
                    let advice = "give the role a row in roles.toml with may = [\"act\"] for how it \
                                  stands to the case there";
                    faults.add(&flow.at, what, advice);
                }
            }
        }
    }
}

/// The standings of somebody who acts by such a relation, any of which may open the case. The unit that
/// leads is responsible too, where a workflow names one.
fn ways(flow: &Workflow, relation: Relation) -> impl Iterator<Item = Standing> {
    let leads = relation == Relation::Responsible && flow.names_leads();
    let usual: &[Standing] = match relation {
        Relation::Responsible => &[Standing::Unit, Standing::City],
        Relation::Above => &[Standing::Above, Standing::City],
        Relation::Covering => &[Standing::Unit, Standing::Above, Standing::City],
        Relation::Task => &[Standing::Task, Standing::City],
        Relation::Anywhere => &[Standing::City, Standing::Above, Standing::Unit],
        Relation::Appellant => &[],
    };
    usual.iter().copied().chain(leads.then_some(Standing::Lead))
}

impl Worded for Secrecy {
    const WORDS: Words = &[("label", "en")];
}

/// Limits, reasons and messages of seals and broken glass.
pub(crate) fn secrecy(
    folders: &Folders,
    messages: &BTreeMap<Code, Message>,
    faults: &mut Faults,
) -> Option<Secrecy> {
    let files = folders.needed("secrecy.toml", faults);
    // A city replaces the file as a whole.
    let file = files.last()?;
    let secrecy: Secrecy = Document::parse(file, faults)?.rest(faults)?;
    let at = file.line(1);
    if !(1..=Secrecy::MOST_GLASS_MINUTES).contains(&secrecy.glass_minutes) {
        let most = Secrecy::MOST_GLASS_MINUTES;
        faults.add(&at, "broken glass shows a case for too long", format!("write 1 to {most}"));
    }
    if secrecy.review_days != Secrecy::REVIEW_DAYS {
        let advice = format!("write review_days = {}", Secrecy::REVIEW_DAYS);
        faults.add(&at, "broken glass is judged too late, or before anybody could", advice);
    }
    if secrecy.glass_reasons.is_empty() {
        faults.add(&at, "there is no reason to break the glass", "add [[glass_reasons]]");
    }
    let told = [
        &secrecy.glass_owner,
        &secrecy.glass_supervisor,
        &secrecy.glass_unjudged,
        &secrecy.glass_wrong,
        &secrecy.nobody_acts,
        &secrecy.identity_asked,
    ];
    for message in told {
        faults.known(&at, messages.contains_key(message), "message", message);
    }
    let judged = messages.get(&secrecy.glass_wrong);
    if judged.is_some_and(|message| message.to != Recipient::Security) {
        let what = "nobody who could act on it is told that the glass was broken wrongly";
        faults.add(&at, what, "write to = \"security\" at the message that `glass_wrong` names");
    }
    Some(secrecy)
}
