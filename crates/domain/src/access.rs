//! Who sees which case, and how much of it. Pure: given viewer and case it answers, and the
//! store and the pages strip what the answer does not name before a view exists.

use crate::{
    case::{Actor, Case, CaseId, Staff},
    field::Meaning,
    pack::{Pack, Scope, Sees, Sight},
    workflow::Code,
};

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// A member of staff.
    Staff(Staff),
    /// The person who appealed, shown by the receipt of this case.
    Appellant(CaseId),
    /// Anybody.
    Public,
    /// The program itself: verification, reminders, figures.
    System,
}

impl From<&Viewer> for Actor {
    fn from(viewer: &Viewer) -> Self {
        match viewer {
            Viewer::Staff(s) => Self::Staff(s.clone()),
            Viewer::Appellant(id) => Self::Appellant(*id),
            Viewer::Public => Self::Public,
            Viewer::System => Self::System,
        }
    }
}

/// The widest scope among the roles that somebody holds.
pub fn scope(pack: &Pack, staff: &Staff) -> Scope {
    let scopes = staff.roles.iter().filter_map(|r| pack.roles.get(r)).map(|r| r.scope);
    scopes.max().unwrap_or(Scope::None)
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

/// Whether the viewer may know that the case exists.
pub fn may_open(pack: &Pack, viewer: &Viewer, case: &Case) -> bool {
    match viewer {
        Viewer::System => true,
        Viewer::Public => false,
        Viewer::Appellant(id) => *id == case.id,
        Viewer::Staff(staff) => {
            let took_part = || {
                case.been.contains(&staff.unit) || case.tasks.iter().any(|t| t.unit == staff.unit)
            };
            match scope(pack, staff) {
                Scope::City => true,
                Scope::Subtree => pack.units.covers(&staff.unit, &case.unit) || took_part(),
                Scope::Unit => case.unit == staff.unit || took_part(),
                Scope::Tasks => took_part(),
                Scope::None => false,
            }
        }
    }
}

/// How much of the case the viewer sees. Somebody who may not open it sees nothing.
pub fn sees(pack: &Pack, viewer: &Viewer, case: &Case) -> Sees {
    if !may_open(pack, viewer, case) {
        return Sees::default();
    }
    match viewer {
        Viewer::System | Viewer::Appellant(_) => Sees::ALL,
        Viewer::Public => Sees::default(),
        Viewer::Staff(staff) => staff
            .roles
            .iter()
            .filter_map(|r| pack.roles.get(r))
            .fold(Sees::default(), |all, role| all.or(role.sees)),
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
        Meaning::Work | Meaning::ExternalNumber => Some(text.to_owned()),
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
