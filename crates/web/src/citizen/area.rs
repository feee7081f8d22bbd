//! Where it happened: county, town and village step by step, or a place name that is typed. All
//! of it may be left out. Settles what was chosen into one region code; keeps no other trace.

use crate::{form::Form, page::Page, view::OptionView};
use domain::pack::{Level, Pack, Region, Regions};

/// So many places are offered for a typed name.
const MOST_FOUND: usize = 12;
/// The value that says: none of the places that were offered.
const NONE: &str = "none";

/// The choice of an area, ready to be printed.
#[derive(Debug, Default)]
pub(super) struct AreaView {
    /// Full name of the area chosen so far.
    pub(super) chosen: String,
    /// Counties.
    pub(super) counties: Vec<OptionView>,
    /// Towns of the county.
    pub(super) towns: Vec<OptionView>,
    /// Villages of the town.
    pub(super) villages: Vec<OptionView>,
    /// The name that was typed.
    pub(super) find: String,
    /// Places that fit the name.
    pub(super) found: Vec<OptionView>,
    /// Whether a name was typed and nothing fits.
    pub(super) unknown: bool,
}

/// Settles what was chosen into the field `place`. Answers false when a typed name fits several
/// places and none of them was picked.
pub(super) fn settle(pack: &Pack, form: &mut Form) -> bool {
    let place = below(&pack.regions, form).unwrap_or_default();
    form.set("place", &place);
    let find = form.get("find").trim().to_owned();
    let picked = form.get("found").to_owned();
    if find.is_empty() {
        return true;
    }
    let found = fitting(&pack.regions, &find);
    let one = if found.len() == 1 { found.first().copied() } else { None };
    let region = pack.regions.get(&picked).or(one);
    if let Some(region) = region {
        form.set("place", &region.code);
        form.set("find", "");
    } else if picked == NONE {
        keep_as_address(form, &find);
    }
    region.is_some() || picked == NONE || found.is_empty()
}

/// A name that no list knows still says where it is.
pub(super) fn keep_as_address(form: &mut Form, find: &str) {
    if !find.is_empty() && form.get("address").trim().is_empty() {
        form.set("address", find);
    }
    form.set("find", "");
}

/// The deepest of the chosen divisions that lies in the one above it.
fn below(regions: &Regions, form: &Form) -> Option<String> {
    let mut above = regions.root().to_owned();
    let mut deepest = None;
    for name in ["county", "town", "village"] {
        let Some(region) = regions.get(form.get(name)) else { break };
        if region.parent.as_deref() != Some(above.as_str()) {
            break;
        }
        above.clone_from(&region.code);
        deepest = Some(region.code.clone());
    }
    deepest
}

/// Places whose name contains what was typed, or that stand in it; exact names first.
fn fitting<'a>(regions: &'a Regions, typed: &str) -> Vec<&'a Region> {
    let below_city = |r: &&Region| r.level != Level::City;
    let exact: Vec<_> = regions.iter().filter(below_city).filter(|r| r.name == typed).collect();
    if !exact.is_empty() {
        return exact;
    }
    let mut found: Vec<_> = regions
        .iter()
        .filter(below_city)
        .filter(|r| r.name.contains(typed) || regions.full_name(&r.code) == typed)
        .collect();
    found.sort_by_key(|r| (r.level, r.name.chars().count()));
    found
}

/// The view of what is chosen so far.
pub(super) fn view(page: &Page, form: &Form) -> AreaView {
    let regions = &page.pack.regions;
    let place = form.get("place");
    let at = |level: Level| regions.at_level(place, level).map_or("", |r| r.code.as_str());
    let (county, town) = (at(Level::County), at(Level::Town));
    let under = |above: &str, chosen: &str| -> Vec<OptionView> {
        let children = regions.iter().filter(|r| r.parent.as_deref() == Some(above));
        children.map(|r| OptionView::new(&r.code, &r.name, r.code == chosen)).collect()
    };
    let find = form.get("find").trim();
    let fits = if find.is_empty() { Vec::new() } else { fitting(regions, find) };
    let mut found: Vec<OptionView> = fits
        .iter()
        .take(MOST_FOUND)
        .map(|r| OptionView::new(&r.code, &regions.full_name(&r.code), r.code == form.get("found")))
        .collect();
    if !found.is_empty() {
        found.push(OptionView::new(NONE, page.t("help.area.none"), form.get("found") == NONE));
    }
    AreaView {
        chosen: regions.get(place).map_or(String::new(), |r| regions.full_name(&r.code)),
        counties: under(regions.root(), county),
        towns: if county.is_empty() { Vec::new() } else { under(county, town) },
        villages: if town.is_empty() { Vec::new() } else { under(town, at(Level::Village)) },
        find: find.to_owned(),
        unknown: !find.is_empty() && found.is_empty(),
        found,
    }
}
