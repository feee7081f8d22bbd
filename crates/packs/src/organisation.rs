//! Reads `regions.csv`, `units.toml` and `roles.toml`: where, which offices, who.
//!
//! Units are not listed: each kind of unit exists once in each region of its levels, so a city of
//! six thousand offices is written in a page.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    pack::{Admin, Level, Region, Regions, Role, Unit, UnitKind, Units},
    workflow::{Code, Locus},
};
use serde::Deserialize;

use crate::{
    access::{self, RawGrant},
    document::{Document, Entry, Worded, Words, lay},
    faults::Faults,
    folder::{File, Folders, Head},
};

/// Digits of a division code (GB/T 2260 with GB/T 10114).
const DIGITS: usize = 12;
const COLUMNS: &str = "code,name,level,parent";

/// A kind of unit as it is written.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKind {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    names: BTreeMap<Level, String>,
    #[serde(default)]
    names_en: BTreeMap<Level, String>,
    short: String,
    #[serde(default)]
    short_en: String,
    levels: Vec<Level>,
    #[serde(default)]
    parent: Option<String>,
    #[serde(default)]
    agency: bool,
}

impl Worded for RawKind {
    const WORDS: Words = &[("name", "en"), ("names", "names_en"), ("short", "short_en")];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRole {
    name: String,
    #[serde(default)]
    en: String,
    kinds: Vec<Code>,
    levels: Vec<Level>,
    #[serde(default)]
    sees: Vec<RawGrant>,
    #[serde(default)]
    second_factor: bool,
    #[serde(default)]
    exports: bool,
    #[serde(default)]
    administers: Option<Admin>,
}

impl RawRole {
    /// Why a role is not sound, if it is not: nobody takes out what they do not see, and whoever can
    /// open doors or remove traces must neither look inside nor come in with a password alone.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.exports && self.sees.is_empty() {
            return Some(("exports lists and sees no case", "remove exports = true"));
        }
        self.administers?;
        if !self.sees.is_empty() {
            let advice = "remove every [[role.sees]] of the role";
            return Some(("administers and sees cases", advice));
        }
        if !self.second_factor {
            return Some(("administers with a password alone", "add second_factor = true"));
        }
        None
    }
}

impl Worded for RawRole {
    const WORDS: Words = &[("name", "en")];
}

/// The regions, the units in them, and the codes of the kinds of units.
pub(crate) fn tree(
    folders: &Folders,
    head: &Head,
    faults: &mut Faults,
) -> (Regions, Units, Vec<Code>) {
    let regions = regions(folders, head, faults);
    let kinds = kinds(folders, faults);
    let units = units(&regions, &kinds, head, faults);
    (regions, units, kinds.into_iter().map(|kind| kind.code).collect())
}

/// The divisions of the city.
fn regions(folders: &Folders, head: &Head, faults: &mut Faults) -> Regions {
    let mut rows: Vec<(Locus, Region)> = Vec::new();
    let files = folders.needed("regions.csv", faults);
    let Some(file) = files.last() else { return Regions::default() };
    for (line, text) in lines(file) {
        let at = file.line(line);
        if line == 1 {
            if text != COLUMNS {
                faults.add(&at, "the columns are not as expected", format!("write {COLUMNS}"));
            }
            continue;
        }
        match region(text) {
            Ok(region) => rows.push((at, region)),
            Err(advice) => {
                faults.add(&at, "the row is no region", advice);
                faults.breaks("region");
            }
        }
    }
    let mut seen: BTreeMap<&str, &Region> = BTreeMap::new();
    for (at, region) in &rows {
        if seen.insert(&region.code, region).is_some() {
            let what = format!("the region `{}` is given twice", region.code);
            faults.add(at, what, "delete one of the two rows");
        }
    }
    let root = &head.region;
    for (at, region) in &rows {
        if region.code != *root {
            parent(at, region, &seen, faults);
        }
    }
    if !seen.get(root.as_str()).is_some_and(|r| r.level == Level::City && r.parent.is_none()) {
        let what = format!("the city's own region `{root}` is not in regions.csv");
        faults.add(&head.region_at, what, "set region to the code of the row with level city");
    }
    Regions::new(root.clone(), rows.into_iter().map(|(_, region)| region))
}

/// Lines with content, counted from 1.
pub(crate) fn lines(file: &File) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(file.text.lines().map(str::trim_end)).filter(|(_, text)| !text.is_empty())
}

fn region(text: &str) -> Result<Region, &'static str> {
    let mut cells = text.split(',').map(str::trim);
    let (Some(code), Some(name), Some(level), Some(parent), None) =
        (cells.next(), cells.next(), cells.next(), cells.next(), cells.next())
    else {
        return Err("write four values between commas: code,name,level,parent");
    };
    if code.len() != DIGITS || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err("write a division code of twelve digits");
    }
    let level = match level {
        "city" => Level::City,
        "county" => Level::County,
        "town" => Level::Town,
        "village" => Level::Village,
        _ => return Err("use city, county, town or village as level"),
    };
    if name.is_empty() {
        return Err("give the region a name");
    }
    let parent = Some(parent).filter(|p| !p.is_empty()).map(str::to_owned);
    Ok(Region { code: code.to_owned(), name: name.to_owned(), level, parent })
}

/// The region above must exist, stand higher, and begin with the same digits: units are found by
/// the digits of a region's code.
fn parent(at: &Locus, region: &Region, all: &BTreeMap<&str, &Region>, faults: &mut Faults) {
    let Some(code) = &region.parent else {
        let what = format!("the region `{}` has no parent", region.code);
        faults.add(at, what, "name the region above in the last column");
        return;
    };
    let Some(above) = all.get(code.as_str()) else {
        faults.known(at, false, "region", code);
        return;
    };
    if above.level >= region.level {
        let what = format!("the region `{}` does not lie below its parent", region.code);
        faults.add(at, what, "name a region of a higher level as parent");
    } else if region.code.get(..above.level.digits()) != above.code.get(..above.level.digits()) {
        let what = format!("the code of `{}` does not begin like its parent's", region.code);
        faults.add(at, what, "correct the code or the parent");
    }
}

/// The kinds of unit.
fn kinds(folders: &Folders, faults: &mut Faults) -> Vec<Entry<RawKind>> {
    let mut kinds = Vec::new();
    for file in folders.needed("units.toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else {
            faults.breaks("unit kind");
            continue;
        };
        let found = document.list::<RawKind>("kind", faults);
        document.end(faults);
        lay(&mut kinds, found);
    }
    let codes: BTreeSet<&str> = kinds.iter().map(|k| k.code.as_str()).collect();
    for kind in &kinds {
        if let Some(parent) = kind.value.parent.as_deref().filter(|p| *p != "up") {
            faults.known(
                &kind.at,
                codes.contains(parent) && parent != kind.code,
                "unit kind",
                parent,
            );
        }
        let RawKind { name, en, names, names_en, short, short_en, .. } = &kind.value;
        // An English one that is not there at all has been refused already.
        let english = names_en.values().chain([en, short_en]).filter(|t| !t.is_empty());
        let texts = names.values().chain([name, short]).chain(english);
        if texts.into_iter().any(|t| !t.contains("{region}")) {
            let what = format!("units of the kind `{}` would all have one name", kind.code);
            faults.add(
                &kind.at,
                what,
                "put {region} into name, names and short, and their English",
            );
        }
        if kind.value.levels.is_empty() {
            let what = format!("units of the kind `{}` exist on no level", kind.code);
            faults.add(&kind.at, what, "add levels = [\"city\", …]");
        }
    }
    kinds
}

/// One unit for each region and kind.
fn units(regions: &Regions, kinds: &[Entry<RawKind>], head: &Head, faults: &mut Faults) -> Units {
    let of = |kind: &str, level: Level| {
        kinds.iter().any(|k| k.code == kind && k.value.levels.contains(&level))
    };
    let mut orphans: BTreeSet<&str> = BTreeSet::new();
    let mut units = Vec::new();
    for region in regions.iter() {
        for kind in kinds.iter().filter(|k| k.value.levels.contains(&region.level)) {
            let raw = &kind.value;
            let parent = above(regions, region, kind, of);
            if parent.is_none() && (region.parent.is_some() || raw.parent.as_deref() != Some("up"))
            {
                orphans.insert(&kind.code);
            }
            let name = raw.names.get(&region.level).unwrap_or(&raw.name);
            let en = raw.names_en.get(&region.level).unwrap_or(&raw.en);
            // The list of divisions holds no English; only the city itself has an English name.
            let place = if region.code == head.region { &head.en } else { &region.name };
            units.push(Unit {
                code: Units::code_of(&kind.code, region.level, &region.code),
                name: name.replace("{region}", &region.name),
                en: en.replace("{region}", place),
                short: raw.short.replace("{region}", &region.name),
                short_en: raw.short_en.replace("{region}", place),
                kind: kind.code.clone(),
                level: region.level,
                region: region.code.clone(),
                parent,
                agency: raw.agency,
            });
        }
    }
    for kind in kinds.iter().filter(|k| orphans.contains(k.code.as_str())) {
        let what = format!("some units of the kind `{}` have no unit above", kind.code);
        let advice = "name as parent a kind that exists on the same levels; only one kind, with \
                      parent = \"up\" and the level city, ends at the top";
        faults.add(&kind.at, what, advice);
    }
    let tops: Vec<_> = kinds.iter().filter(|k| k.value.parent.as_deref() == Some("up")).collect();
    if let [_, second, ..] = tops.as_slice() {
        let what = format!("the kind `{}` is a second top of the city", second.code);
        faults.add(&second.at, what, "let only one kind have parent = \"up\"");
    }
    let known = kinds.iter().map(|k| UnitKind {
        code: k.code.clone(),
        levels: k.value.levels.clone(),
        agency: k.value.agency,
    });
    Units::new(known, units)
}

/// The unit above: of the same kind further up, or of another kind in the same region.
fn above(
    regions: &Regions,
    region: &Region,
    kind: &Entry<RawKind>,
    exists: impl Fn(&str, Level) -> bool,
) -> Option<Code> {
    match kind.value.parent.as_deref()? {
        "up" => regions
            .upward(&region.code)
            .skip(1)
            .find(|r| exists(&kind.code, r.level))
            .map(|r| Units::code_of(&kind.code, r.level, &r.code)),
        other => {
            exists(other, region.level).then(|| Units::code_of(other, region.level, &region.code))
        }
    }
}

/// The roles, and where each can be held.
pub(crate) fn roles(folders: &Folders, units: &Units, faults: &mut Faults) -> BTreeMap<Code, Role> {
    let mut roles = Vec::new();
    let files = folders.needed("roles.toml", faults);
    let top = files.last().map(|file| file.line(1));
    for file in files {
        let Some(mut document) = Document::parse(&file, faults) else {
            faults.breaks("role");
            continue;
        };
        let found = document.list::<RawRole>("role", faults);
        document.end(faults);
        lay(&mut roles, found);
    }
    let mut known = BTreeMap::new();
    for Entry { code, at, value: raw } in roles {
        for kind in &raw.kinds {
            faults.known(&at, units.kind(kind).is_some(), "unit kind", kind);
        }
        let held = |kind: &UnitKind| raw.levels.iter().any(|l| kind.levels.contains(l));
        let nowhere = !raw.kinds.iter().filter_map(|k| units.kind(k)).any(held);
        if !raw.kinds.is_empty() && nowhere {
            let what = format!("the role `{code}` can be held nowhere");
            faults.add(&at, what, "name levels on which its kinds of unit exist");
        }
        if let Some((what, advice)) = raw.fault() {
            faults.add(&at, format!("the role `{code}` {what}"), advice);
        }
        let grants = access::grants(raw.sees, &at, &code, faults);
        let role = Role {
            code: code.clone(),
            name: raw.name,
            en: raw.en,
            kinds: raw.kinds,
            levels: raw.levels,
            grants,
            second_factor: raw.second_factor,
            exports: raw.exports,
            administers: raw.administers,
        };
        known.insert(code, role);
    }
    if let Some(at) = top {
        three_administrators(&at, &known, faults);
    }
    known
}

/// Each kind of administration is some role's, so that no city comes without one.
fn three_administrators(at: &Locus, roles: &BTreeMap<Code, Role>, faults: &mut Faults) {
    for (word, kind) in
        [("system", Admin::System), ("security", Admin::Security), ("audit", Admin::Audit)]
    {
        if !roles.is_empty() && !roles.values().any(|r| r.administers == Some(kind)) {
            let advice = format!("add administers = \"{word}\" to one role");
            faults.add(at, format!("no role is the {word} administrator"), advice);
        }
    }
}
