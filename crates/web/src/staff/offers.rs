//! Short lists for fields whose options are thousands: units and places near the case. A list
//! only offers; what may be chosen is decided in the domain.

use crate::{
    form::Form,
    page::Page,
    view::{FieldView, OptionView},
};
use domain::{
    case::Case,
    field::{FieldKind, Raw},
    pack::{Level, Matter, Pack, Region, Unit},
    workflow::{FieldUse, Workflow},
};

/// The most options that are offered.
const MOST: usize = 80;

/// Where somebody looks from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near<'a> {
    /// Region of the case, or of the viewer's unit.
    pub(super) place: &'a str,
    /// The viewer's unit.
    pub(super) own: &'a str,
    /// The case, once there is one.
    pub(super) case: Option<&'a Case>,
}

/// Puts short lists into the fields that need them, with what was typed.
pub(super) fn fill(
    page: &Page,
    flow: &Workflow,
    near: Near<'_>,
    form: &Form,
    fields: &mut [FieldView],
) {
    for view in fields {
        let Some(field) = flow.fields.get(&view.code) else { continue };
        match field.kind {
            FieldKind::Unit => view.options = units(page, near, false, form.all(&view.code)),
            FieldKind::Units => view.options = units(page, near, true, form.all(&view.code)),
            FieldKind::Place => offer_places(page, near.place, view),
            _ => {}
        }
    }
}

/// Puts region codes in the place of typed names. A name that fits no region, or several, stays
/// as it is and is refused by the check.
pub(super) fn settle(pack: &Pack, flow: &Workflow, uses: &[FieldUse], near: &str, raw: &mut Raw) {
    for one in uses {
        let is_place = flow.fields.get(&one.code).is_some_and(|f| f.kind == FieldKind::Place);
        if let Some(typed) = raw.get_mut(&one.code).filter(|_| is_place).and_then(|v| v.first_mut())
            && let Some(region) = region(pack, near, typed)
        {
            typed.clone_from(&region.code);
        }
    }
}

/// The region that somebody means: by code, by name, or by the end of its full name; among
/// several the only one in the same town or county as `near`.
pub(super) fn region<'a>(pack: &'a Pack, near: &str, typed: &str) -> Option<&'a Region> {
    let regions = &pack.regions;
    let plain: String = typed.chars().filter(|c| !c.is_whitespace()).take(60).collect();
    if plain.is_empty() {
        return None;
    }
    if let Some(region) = regions.get(&plain) {
        return Some(region);
    }
    // The city's own name before a county adds nothing.
    let short = plain.strip_prefix(&pack.name).filter(|s| !s.is_empty()).unwrap_or(&plain);
    let exact: Vec<&Region> = regions.iter().filter(|r| r.name == short).collect();
    let ends = || regions.iter().filter(|r| regions.full_name(&r.code).ends_with(short)).collect();
    let found: Vec<&Region> = if exact.is_empty() { ends() } else { exact };
    if let [only] = found.as_slice() {
        return Some(only);
    }
    [Level::Town, Level::County].iter().find_map(|level| {
        let around = regions.at_level(near, *level)?;
        let here = |r: &&&Region| regions.upward(&r.code).any(|up| up.code == around.code);
        let mut inside = found.iter().filter(here);
        let first = inside.next()?;
        inside.next().is_none().then_some(*first)
    })
}

fn offer_places(page: &Page, near: &str, view: &mut FieldView) {
    let regions = &page.pack.regions;
    let option = |region: &Region| OptionView {
        value: region.code.clone(),
        label: regions.full_name(&region.code),
        chosen: false,
        answer: String::new(),
        hot: false,
    };
    let mut offered: Vec<OptionView> = regions.children(near).map(option).collect();
    for above in regions.upward(near) {
        offered.push(option(above));
        if let Some(parent) = &above.parent {
            offered.extend(regions.children(parent).map(option));
        }
    }
    offered.dedup_by(|a, b| a.value == b.value);
    offered.truncate(4 * MOST);
    view.options = offered;
    view.kind = "place";
    if view.help.is_empty() {
        page.t("staff.place_help").clone_into(&mut view.help);
    }
    if regions.get(&view.value).is_some() {
        view.value = regions.full_name(&view.value);
    }
}

/// Units: the routed one first with its reason, those around the place, those below the viewer
/// or the responsible unit; for a request to help, the partner agencies of the area before them.
fn units(page: &Page, near: Near<'_>, helping: bool, given: &[String]) -> Vec<OptionView> {
    let pack = &page.pack;
    let around: Vec<&str> = pack.regions.upward(near.place).map(|r| r.code.as_str()).collect();
    let here = pack.units.iter().filter(|u| around.contains(&u.region.as_str()));
    let (agencies, mut offices): (Vec<&Unit>, Vec<&Unit>) = here.partition(|u| u.agency);
    offices.sort_by_key(|u| std::cmp::Reverse(u.level));
    let route = near.case.and_then(|c| pack.routing.route(pack, matter(c)));
    let why = route.as_ref().map_or("", |r| page.either(&r.why, &r.why_en));
    let mut wanted: Vec<&Unit> = match &route {
        Some(route) if helping => route.co.iter().filter_map(|c| pack.units.get(c)).collect(),
        Some(route) => pack.units.get(&route.unit).into_iter().collect(),
        None => Vec::new(),
    };
    let routed = wanted.len();
    if helping {
        wanted.extend(agencies);
    }
    wanted.extend(&offices);
    let tops = offices.iter().filter(|u| u.level < Level::Town).map(|u| u.code.as_str());
    for top in std::iter::once(near.own).chain(near.case.map(|c| c.unit.as_str())).chain(tops) {
        wanted.extend(pack.units.children(top).filter(|u| !u.agency));
    }
    wanted.truncate(MOST);
    wanted.extend(given.iter().filter_map(|code| pack.units.get(code)));
    let mut options: Vec<OptionView> = Vec::new();
    for (index, unit) in wanted.into_iter().enumerate() {
        if options.iter().all(|o| o.value != unit.code) {
            let label = if index < routed {
                page.tf("staff.routed", &[("unit", page.unit(&unit.code)), ("why", why)])
            } else {
                page.unit(&unit.code).to_owned()
            };
            options.push(OptionView {
                value: unit.code.clone(),
                label,
                chosen: given.contains(&unit.code),
                answer: String::new(),
                hot: false,
            });
        }
    }
    options
}

fn matter(case: &Case) -> Matter<'_> {
    Matter {
        category: &case.category,
        grade: &case.grade,
        channel: &case.channel,
        place: &case.place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn places_are_found_as_people_write_them() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
        let pack = packs::load(&dir).unwrap().pack;
        let root = pack.regions.root();
        for (typed, expected) in [
            ("990101001001", Some("990101001001")),
            ("东区", Some("990101000000")),
            ("样例市东区", Some("990101000000")),
            (" 东区 东一街道 ", Some("990101001000")),
            ("甲社区", Some("990101001001")),
            ("东一街道甲社区", Some("990101001001")),
            ("样例市", Some("990100000000")),
            ("村", None),
            ("", None),
            ("别处", None),
        ] {
            let found = region(&pack, root, typed).map(|r| r.code.as_str());
            assert_eq!(found, expected, "{typed}");
        }
        // Among several, the one near the case.
        let near = region(&pack, "990121100000", "村").map(|r| r.code.as_str());
        assert_eq!(near, Some("990121100201"));
    }
}
