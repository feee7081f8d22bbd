//! A safe-contact plan in words: how and when somebody may be reached, and what is said when it
//! stands in the way. Reads codes only; what the person wrote in words is shown by the case page.

use super::clock_time;
use crate::page::Page;
use domain::contact::Plan;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The ways that are allowed.
pub(crate) fn ways(page: &Page, plan: Plan) -> String {
    let names: Vec<&str> = plan
        .ways()
        .map(|way| match way {
            domain::contact::Way::Phone => page.t("contact.way.phone"),
            domain::contact::Way::Sms => page.t("contact.way.sms"),
            domain::contact::Way::Visit => page.t("contact.way.visit"),
            domain::contact::Way::Letter => page.t("contact.way.letter"),
            domain::contact::Way::Through => page.t("contact.way.through"),
        })
        .collect();
    if names.is_empty() {
        page.t("contact.any_way").to_owned()
    } else {
        names.join(page.t("staff.comma"))
    }
}

/// The days and hours that are allowed.
pub(crate) fn times(page: &Page, plan: Plan) -> String {
    let days: Vec<String> =
        plan.days().map(|day| page.t(&format!("contact.day.{day}")).to_owned()).collect();
    let days = if days.is_empty() {
        page.t("contact.any_day").to_owned()
    } else {
        days.join(page.t("staff.comma"))
    };
    match plan.hours() {
        Some((from, until)) => {
            let next = if until <= from { page.t("contact.next_day") } else { "" };
            let (from, until) = (clock(from), format!("{next}{}", clock(until)));
            page.tf("contact.hours", &[("days", &days), ("from", &from), ("until", &until)])
        }
        None => days,
    }
}

/// Why a contact is refused: when and how it is allowed instead.
pub(crate) fn refusal(page: &Page, plan: Plan, until: Option<Timestamp>) -> String {
    if plan.is_never() {
        return page.t("refusal.contact_never").to_owned();
    }
    let (how, when) = (ways(page, plan), times(page, plan));
    let allowed = page.tf("refusal.contact", &[("how", &how), ("when", &when)]);
    match until {
        Some(at) => {
            let next = page.tf("refusal.contact_next", &[("at", &clock_time(page, at))]);
            format!("{allowed}{next}")
        }
        None => allowed,
    }
}

/// The plan for a program.
pub(crate) fn json(plan: Plan, until: Option<Timestamp>) -> Value {
    let hours =
        plan.hours().map(|(from, until)| json!({ "from": clock(from), "until": clock(until) }));
    json!({
        "never": plan.is_never(),
        "ways": plan.ways().map(domain::contact::Way::code).collect::<Vec<_>>(),
        "days": plan.days().collect::<Vec<_>>(),
        "hours": hours,
        "next": until.map(|at| at.to_string()),
    })
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
