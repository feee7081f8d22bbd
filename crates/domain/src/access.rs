//! Who sees which case, and how much of it. Pure: given viewer and case it answers, and the
//! store and the pages strip what the answer does not name before a view exists.

use crate::{
    case::{Actor, By, Case, CaseId, Staff},
    field::Meaning,
    pack::{Grant, Pack, Right, Scope, Sees, Sensitivity, Sight, Standing},
    workflow::{Code, Workflow},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// A member of staff, at an instant: what opens a door for a while has an end.
    Staff(Staff, Timestamp),
    /// The person who appealed, shown by the receipt of this case.
    Appellant(CaseId),
    /// Anybody.
    Public,
    /// The program itself: verification, reminders, figures.
    System,
}

impl Viewer {
    /// Who acts, as somebody who looks.
    pub fn of(actor: &Actor, at: Timestamp) -> Self {
        match actor {
            Actor::Staff(s) => Self::Staff(s.clone(), at),
            Actor::Appellant(id) => Self::Appellant(*id),
            Actor::Public => Self::Public,
            Actor::System => Self::System,
        }
    }
}

/// What somebody sees of a case and may do with it. Nobody has these of a case that they may not
/// know of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// What is seen.
    pub sees: Sees,
    /// What may be done.
    pub may: BTreeSet<Right>,
}

impl Rights {
    /// Whether this may be done.
    pub fn may(&self, right: Right) -> bool {
        self.may.contains(&right)
    }
}

/// The widest scope among the roles that somebody holds.
pub fn scope(pack: &Pack, staff: &Staff) -> Scope {
    let roles = staff.roles.iter().filter_map(|r| pack.roles.get(r));
    roles.map(crate::pack::Role::scope).max().unwrap_or(Scope::None)
}

/// How far somebody's lists of one workflow reach: whoever may lead its cases has those of the own unit.
/// Figures are not asked by it: what a unit leads is counted for the unit that promised it.
pub fn scope_in(pack: &Pack, staff: &Staff, flow: &Workflow) -> Scope {
    let mut roles = staff.roles.iter().filter_map(|r| pack.roles.get(r));
    let leads = flow.names_leads() && roles.any(|r| r.ever_stands(Standing::Lead));
    scope(pack, staff).max(if leads { Scope::Unit } else { Scope::None })
}

/// The unit whose list of cases the viewer may read as a whole; the top unit for a scope that
/// covers the city; none when only single cases are visible.
pub fn list_root(pack: &Pack, staff: &Staff) -> Option<Code> {
    match scope(pack, staff) {
        Scope::City => pack.units.upward(&staff.unit).last().map(|u| u.code.clone()),
        Scope::Subtree | Scope::Unit | Scope::Tasks => Some(staff.unit.clone()),
        Scope::None => None,
    }
}

/// How somebody stands to a case. A sealed one is open to those only who were let in by name.
pub fn standings(pack: &Pack, staff: &Staff, at: Timestamp, case: &Case) -> BTreeSet<Standing> {
    let guarded = &case.guarded;
    let mut all: BTreeSet<Standing> =
        Standing::ALL.into_iter().filter(|s| stands(pack, staff, at, case, *s)).collect();
    if guarded.is_sealed() {
        all.retain(|s| s.opens_sealed() || *s == Standing::Lent);
    }
    all
}

/// Whether the hour of a case is still to come, of a kind that has one: then named readers alone know
/// of it. What never went out stays so.
pub fn is_early(pack: &Pack, case: &Case) -> bool {
    let named = pack.flow_of(case).is_some_and(|flow| flow.readers.is_some());
    named && (case.is_open(pack) || case.published().next().is_none())
}

/// Whether a case is in no count: too few know of it.
pub fn is_uncounted(pack: &Pack, case: &Case) -> bool {
    case.guarded.is_sealed() || is_early(pack, case)
}

/// Whether the case names this unit as a reader.
fn names(pack: &Pack, unit: &str, case: &Case) -> bool {
    let field = pack.flow_of(case).and_then(|flow| flow.readers.as_ref());
    let value = field.and_then(|field| case.coded.get(field));
    value.is_some_and(|units| units.all().iter().any(|named| named == unit))
}

/// Whether a case before its hour is open to this person: it names their unit, it waits for them, or
/// they had a part in it. The circle of a sealed case is named already, and broken glass is judged.
fn is_let_in(pack: &Pack, (staff, at): (&Staff, Timestamp), case: &Case) -> bool {
    if case.guarded.is_sealed() || !is_early(pack, case) {
        return true;
    }
    let acted = |by: &By| matches!(by, By::Staff(account, _) if *account == staff.account);
    let waits = || {
        let state = pack.flow_of(case).and_then(|flow| flow.state(&case.state));
        case.unit == staff.unit && state.is_some_and(|state| state.expects(&staff.roles))
    };
    case.opener == Some(staff.account)
        || case.deeds.iter().any(|deed| acted(&deed.by))
        || waits()
        || names(pack, &staff.unit, case)
        || case.guarded.shows_through_glass(staff.account, at)
}

fn stands(pack: &Pack, staff: &Staff, at: Timestamp, case: &Case, standing: Standing) -> bool {
    let unit = &staff.unit;
    match standing {
        Standing::Owner => case.owner == Some(staff.account),
        Standing::Opener => case.opener == Some(staff.account),
        Standing::Unit => case.unit == *unit,
        Standing::Lead => case.lead() == Some(unit),
        Standing::Task => {
            case.open_tasks().any(|t| t.unit == *unit)
                || (is_early(pack, case) && names(pack, unit, case))
        }
        Standing::Past => {
            let ended = || case.tasks.iter().any(|t| t.end.is_some() && t.unit == *unit);
            case.unit != *unit && (case.been.contains(unit) || ended())
        }
        Standing::Above => case.unit != *unit && pack.units.covers(unit, &case.unit),
        Standing::City => true,
        Standing::Circle => case.guarded.admits(staff.account),
        Standing::Glass => case.guarded.shows_through_glass(staff.account, at),
        Standing::Lent => case.guarded.is_lent(staff.account, at),
    }
}

/// The rows of the access table that apply, each with the role and the standing that it is for.
/// A lent identity adds to what another row opens and opens nothing alone.
pub fn rows<'a>(
    pack: &'a Pack,
    (staff, at): (&Staff, Timestamp),
    case: &Case,
) -> Vec<(&'a str, Standing, &'a Grant)> {
    if case.guarded.bars(staff) || !is_let_in(pack, (staff, at), case) {
        return Vec::new();
    }
    let sensitivity = case.sensitivity(pack);
    let mut all = Vec::new();
    for standing in standings(pack, staff, at, case) {
        for role in staff.roles.iter().filter_map(|r| pack.roles.get(r)) {
            all.extend(
                role.grant(standing, sensitivity).map(|g| (role.code.as_str(), standing, g)),
            );
        }
    }
    if all.iter().all(|(_, standing, _)| *standing == Standing::Lent) {
        all.clear();
    }
    all
}

/// What the viewer sees and may do; none when they may not know that the case exists.
pub fn rights(pack: &Pack, viewer: &Viewer, case: &Case) -> Option<Rights> {
    match viewer {
        Viewer::System => Some(Rights { sees: Sees::ALL, may: BTreeSet::from(Right::ALL) }),
        Viewer::Appellant(id) if *id == case.id => {
            Some(Rights { sees: Sees::ALL, may: BTreeSet::from([Right::Act, Right::Export]) })
        }
        Viewer::Appellant(_) | Viewer::Public => None,
        Viewer::Staff(staff, at) => {
            let rows = rows(pack, (staff, *at), case);
            let mut rights = Rights::default();
            for (_, _, grant) in &rows {
                rights.sees = rights.sees.or(grant.sees);
                rights.may.extend(&grant.may);
            }
            (!rows.is_empty()).then_some(rights)
        }
    }
}

/// Whether the viewer may know that the case exists.
pub fn may_open(pack: &Pack, viewer: &Viewer, case: &Case) -> bool {
    rights(pack, viewer, case).is_some()
}

/// How much of the case the viewer may see. Somebody who may not open it sees nothing.
pub fn sees(pack: &Pack, viewer: &Viewer, case: &Case) -> Sees {
    rights(pack, viewer, case).unwrap_or_default().sees
}

/// Whether the viewer may do this with the case.
pub fn may(pack: &Pack, viewer: &Viewer, case: &Case, right: Right) -> bool {
    rights(pack, viewer, case).is_some_and(|r| r.may(right))
}

/// Whether somebody might break the glass of this case: a role of theirs has a row for it, and they
/// are not kept out.
pub fn may_break_glass(pack: &Pack, staff: &Staff, case: &Case) -> bool {
    !case.guarded.bars(staff) && has_row(pack, staff, case, Standing::Glass)
}

/// Whether a role of theirs gains something by being lent the identity.
pub fn may_ask_identity(pack: &Pack, staff: &Staff, case: &Case) -> bool {
    has_row(pack, staff, case, Standing::Lent)
}

fn has_row(pack: &Pack, staff: &Staff, case: &Case, standing: Standing) -> bool {
    let sensitivity = case.sensitivity(pack);
    let mut roles = staff.roles.iter().filter_map(|r| pack.roles.get(r));
    roles.any(|r| r.grant(standing, sensitivity).is_some())
}

/// Why somebody sees what they see of a case, or does not know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why<'a> {
    /// They are kept out by name.
    BarredByName,
    /// Their unit is kept out.
    BarredWithUnit,
    /// No role of theirs has a row for how they stand to it.
    NoRow {
        /// How they stand to it.
        standings: BTreeSet<Standing>,
        /// How sensitive it is.
        sensitivity: Sensitivity,
    },
    /// These rows open it.
    Rows {
        /// Role, standing and row.
        rows: Vec<(&'a str, Standing, &'a Grant)>,
        /// How sensitive it is.
        sensitivity: Sensitivity,
        /// All of it together.
        rights: Rights,
    },
}

/// Explains what [`rights`] answers, from the same rows.
pub fn why<'a>(pack: &'a Pack, (staff, at): (&Staff, Timestamp), case: &Case) -> Why<'a> {
    if case.guarded.people.contains(&staff.account) {
        return Why::BarredByName;
    }
    if case.guarded.units.contains(&staff.unit) {
        return Why::BarredWithUnit;
    }
    let sensitivity = case.sensitivity(pack);
    let rows = rows(pack, (staff, at), case);
    match rights(pack, &Viewer::Staff(staff.clone(), at), case) {
        Some(rights) => Why::Rows { rows, sensitivity, rights },
        None => Why::NoRow { standings: standings(pack, staff, at, case), sensitivity },
    }
}

/// The text of a field as these eyes see it: whole, masked, or not at all.
pub fn shown(sees: Sees, meaning: Meaning, text: &str) -> Option<String> {
    let part = |sight: Sight, mask: fn(&str) -> String| match sight {
        Sight::Full => Some(text.to_owned()),
        Sight::Masked => Some(mask(text)),
        Sight::None => None,
    };
    match meaning {
        Meaning::Name => part(sees.identity, mask_name),
        Meaning::IdNumber | Meaning::Phone => part(sees.contact, mask_phone),
        Meaning::Address => part(sees.contact, mask_text),
        // A plan of how to reach somebody safely is of use only whole.
        Meaning::SafeContact => (sees.contact == Sight::Full).then(|| text.to_owned()),
        Meaning::Story => (sees.story == Sight::Full).then(|| text.to_owned()),
        Meaning::Summary | Meaning::Answer => {
            (sees.story >= Sight::Masked).then(|| text.to_owned())
        }
        Meaning::Reporter => part(sees.reporter, mask_reporter),
        Meaning::Work | Meaning::ExternalNumber | Meaning::Public => Some(text.to_owned()),
    }
}

/// 王某某: the first character stays, the length of the name does not.
pub fn mask_name(name: &str) -> String {
    name.chars().next().map_or_else(String::new, |c| format!("{c}某某"))
}

/// 138****1234: the first three and the last four digits stay; short numbers vanish.
pub fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    match (digits.get(..3), digits.len().checked_sub(4).and_then(|n| digits.get(n..))) {
        (Some(head), Some(tail)) if digits.len() >= 8 => {
            format!("{}****{}", String::from_iter(head), String::from_iter(tail))
        }
        _ => "****".to_owned(),
    }
}

/// Who reported, by name or by number.
fn mask_reporter(text: &str) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits * 2 > text.chars().count() { mask_phone(text) } else { mask_name(text) }
}

/// The first characters of a story or an address, and how much is left out.
pub fn mask_text(text: &str) -> String {
    let head: String = text.chars().take(6).collect();
    if text.chars().count() > 6 { format!("{head}…") } else { head }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_little() {
        for (mask, given, expected) in [
            (mask_name as fn(&str) -> String, "王小芳", "王某某"),
            (mask_name, "", ""),
            (mask_phone, "138 0000 1234", "138****1234"),
            (mask_phone, "0531-12345678", "053****5678"),
            (mask_phone, "12345", "****"),
            (mask_reporter, "138 0000 1234", "138****1234"),
            (mask_reporter, "楼下小卖部", "楼某某"),
            (mask_text, "东村三组七号院", "东村三组七号…"),
            (mask_text, "东村", "东村"),
        ] {
            assert_eq!(mask(given), expected, "{given}");
        }
    }

    #[test]
    fn each_meaning_is_shown_by_its_own_sight() {
        let only = |part: fn(&mut Sees) -> &mut Sight, sight| {
            let mut sees = Sees::default();
            *part(&mut sees) = sight;
            sees
        };
        let identity = only(|s| &mut s.identity, Sight::Masked);
        let contact = only(|s| &mut s.contact, Sight::Masked);
        let summary = only(|s| &mut s.story, Sight::Masked);
        let story = only(|s| &mut s.story, Sight::Full);
        for (sees, meaning, expected) in [
            (Sees::default(), Meaning::Name, None),
            (Sees::default(), Meaning::Story, None),
            (Sees::default(), Meaning::Summary, None),
            (Sees::default(), Meaning::Work, Some("原文在这里一二三")),
            (identity, Meaning::Name, Some("原某某")),
            (identity, Meaning::Phone, None),
            (contact, Meaning::Phone, Some("****")),
            (contact, Meaning::Address, Some("原文在这里一…")),
            // A plan for safe contact is whole or absent, never half.
            (contact, Meaning::SafeContact, None),
            (summary, Meaning::Summary, Some("原文在这里一二三")),
            (summary, Meaning::Story, None),
            (story, Meaning::Story, Some("原文在这里一二三")),
            (story, Meaning::Name, None),
            (Sees::ALL, Meaning::SafeContact, Some("原文在这里一二三")),
        ] {
            let seen = shown(sees, meaning, "原文在这里一二三");
            assert_eq!(seen.as_deref(), expected, "{meaning:?} with {sees:?}");
        }
    }
}
