//! The exhaustive matrix: what the access table of every pack and `domain::access` answer for every
//! role, standing and sensitivity, beside a table that was written without looking at either.

mod cases;
mod table;

use cases::{Kept, Wanted};
use domain::{
    access::{self, Rights, Viewer},
    pack::{Grant, Pack, Right, Sees, Sensitivity, Sight, Standing},
};
use jiff::SignedDuration;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};
use table::{Cell, PARTS, Place, Table};

const EXPECTED: &str = include_str!("expected.txt");
const APART: &str = include_str!("apart.txt");

fn load(dir: &Path) -> Arc<Pack> {
    packs::load(dir).expect("a sound pack").pack
}

/// Every city, and the neutral one.
fn cities() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = std::fs::read_dir(root.join("packs")).expect("packs");
    let mut all: Vec<PathBuf> = found.filter_map(|e| e.ok().map(|e| e.path())).collect();
    all.retain(|dir| dir.join("pack.toml").is_file());
    all.push(root.join("crates/testkit/city"));
    assert!(all.len() > 1, "{all:?}");
    all
}

/// The neutral city: it has the roles of `packs/common`, as every city has.
fn sample() -> Arc<Pack> {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city"))
}

/// What every pack is held to: the handbook, and what is written to be apart from it.
fn agreed() -> Table {
    table::agreed(table::written(EXPECTED), &table::written_apart(APART))
}

#[test]
fn the_packs_say_what_the_handbook_says() {
    let (handbook, known) = (table::written(EXPECTED), table::written_apart(APART));
    for dir in cities() {
        let found = table::apart(&handbook, &table::of(&load(&dir)));
        let dir = dir.display();
        let new: Vec<_> = found.difference(&known).collect();
        let gone: Vec<_> = known.difference(&found).collect();
        assert!(new.is_empty(), "{dir} is apart from expected.txt: {new:#?}");
        assert!(gone.is_empty(), "{dir} is no longer apart, strike it from apart.txt: {gone:#?}");
    }
}

/// What holds whatever the cells are.
#[test]
fn no_cell_breaks_a_promise() {
    let pack = sample();
    for ((role, standing, of), cell) in table::of(&pack) {
        let what = format!("{role} {standing:?} {of:?}");
        let known = &pack.roles[&role];
        assert!(known.administers.is_none(), "{what}: an administrator sees no case");
        if of == Sensitivity::Sealed {
            let named = [Standing::Circle, Standing::Glass, Standing::Lent];
            assert!(named.contains(&standing), "{what}: nobody knows of it unless named");
        }
        if [Standing::Glass, Standing::Lent].contains(&standing) {
            assert!(cell.may.is_empty(), "{what}: what opens for a while is for reading");
        }
        if cell.sees.evidence == Sight::Full {
            assert!(known.second_factor, "{what}: all evidence takes a second factor");
        }
        if role == "handler" || role == "agency" || role == "assistant" {
            let lent = standing == Standing::Lent;
            assert!(cell.sees.reporter == Sight::None || lent, "{what}: who reported it is sealed");
        }
        let blind = [cell.sees.identity, cell.sees.contact] == [Sight::None; 2];
        assert!(!blind || !cell.may.contains(&Right::Reveal), "{what}: there is nothing to reveal");
    }
}

/// What the table says about somebody who stands so, with every row that applies.
fn expected(table: &Table, roles: &[&str], wanted: &Wanted) -> Option<Cell> {
    if wanted.kept != Kept::No {
        return None;
    }
    let mut all = Cell::default();
    let mut opened = false;
    for role in roles {
        for standing in &wanted.standings {
            let Some(cell) = table.get(&((*role).to_owned(), *standing, wanted.of)) else {
                continue;
            };
            all.sees = all.sees.or(cell.sees);
            all.may.extend(&cell.may);
            opened |= *standing != Standing::Lent;
        }
    }
    opened.then_some(all)
}

#[expect(clippy::option_option, reason = "no such case can be built, or nobody knows of it")]
/// What `access` answers. A circle is there only where there is a seal.
fn answered(pack: &Pack, roles: &[&str], wanted: &Wanted) -> Option<Option<Cell>> {
    let (case, staff, at) = cases::build(pack, roles, wanted)?;
    let viewer = Viewer::Staff(staff, at);
    let rights = access::rights(pack, &viewer, &case);
    assert_eq!(access::may_open(pack, &viewer, &case), rights.is_some());
    assert_eq!(access::sees(pack, &viewer, &case), rights.clone().unwrap_or_default().sees);
    for right in Right::ALL {
        let may = rights.as_ref().is_some_and(|r| r.may(right));
        assert_eq!(access::may(pack, &viewer, &case, right), may);
    }
    Some(rights.map(|Rights { sees, may }| Cell { sees, may }))
}

fn wanted() -> impl Iterator<Item = Wanted> {
    let fits = |set: &BTreeSet<Standing>, of| {
        !set.contains(&Standing::Circle) || of == Sensitivity::Sealed
    };
    cases::sets().into_iter().flat_map(move |standings| {
        let of =
            Sensitivity::ALL.into_iter().filter(|of| fits(&standings, *of)).collect::<Vec<_>>();
        of.into_iter().flat_map(move |of| {
            let standings = standings.clone();
            [Kept::No, Kept::ByName, Kept::WithUnit].map(|kept| Wanted {
                standings: standings.clone(),
                of,
                kept,
            })
        })
    })
}

#[test]
fn access_answers_the_table_for_everybody_and_every_case() {
    let (pack, table) = (sample(), agreed());
    let (mut tried, mut opened) = (BTreeMap::new(), 0);
    for wanted in wanted() {
        for role in pack.roles.keys() {
            let roles = [role.as_str()];
            let Some(answer) = answered(&pack, &roles, &wanted) else { continue };
            let expected = expected(&table, &roles, &wanted);
            assert_eq!(answer, expected, "{role} {wanted:?}");
            *tried.entry(role.clone()).or_insert(0) += 1;
            opened += usize::from(expected.is_some());
        }
    }
    // Nobody is in the house without a role, and each role was really tried, both ways.
    let staffed = pack.roles.values().filter(|r| !r.kinds.is_empty()).count();
    assert_eq!(tried.len(), staffed, "{tried:?}");
    assert!(tried.values().all(|n| *n > 500), "{tried:?}");
    assert!(opened > 3_000, "{opened}");
}

#[test]
fn two_roles_are_as_much_as_both_and_no_more() {
    let (pack, table) = (sample(), agreed());
    let mut tried = 0;
    let few = |w: &Wanted| w.kept == Kept::No && w.standings.len() <= 2;
    for wanted in wanted().filter(few) {
        for one in pack.roles.keys() {
            for other in pack.roles.keys().filter(|r| *r != one) {
                let roles = [one.as_str(), other.as_str()];
                let Some(answer) = answered(&pack, &roles, &wanted) else { continue };
                assert_eq!(answer, expected(&table, &roles, &wanted), "{roles:?} {wanted:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 3_000, "{tried}");
}

/// Broken glass and lent identities end at their instant, not a moment later.
#[test]
fn what_opens_for_a_while_ends() {
    let pack = sample();
    let minutes = SignedDuration::from_mins;
    for (standing, of) in [
        (Standing::Glass, Sensitivity::Sealed),
        (Standing::Glass, Sensitivity::Sensitive),
        (Standing::Lent, Sensitivity::Sensitive),
    ] {
        let standings = BTreeSet::from([standing, Standing::Task, Standing::City]);
        let wanted = Wanted { standings, of, kept: Kept::No };
        let mut told = 0;
        for role in pack.roles.keys() {
            let Some((case, staff, at)) = cases::build(&pack, &[role], &wanted) else { continue };
            let sees = |after| {
                let viewer = Viewer::Staff(staff.clone(), at + minutes(after));
                access::rights(&pack, &viewer, &case)
            };
            let without = BTreeSet::from([Standing::Task, Standing::City]);
            let wanted = Wanted { standings: without, ..wanted.clone() };
            let after = answered(&pack, &[role], &wanted).expect("the same without it");
            let late = sees(30).map(|r| Cell { sees: r.sees, may: r.may });
            assert_eq!(late, after, "{role} {standing:?} {of:?} at the end");
            told += usize::from(sees(29) != sees(30));
        }
        assert!(told > 0, "{standing:?} of {of:?} never opened anything");
    }
}

/// The appellant sees the own case and no other; the public and other cases' appellants none.
#[test]
fn who_holds_no_role_sees_the_own_case_alone() {
    let pack = sample();
    for wanted in wanted().filter(|w| w.kept == Kept::No) {
        let Some((case, ..)) = cases::build(&pack, &["operator"], &wanted) else { continue };
        for viewer in [Viewer::Public, Viewer::Appellant(case.id + 1)] {
            assert_eq!(access::rights(&pack, &viewer, &case), None, "{viewer:?}");
        }
        let own = access::rights(&pack, &Viewer::Appellant(case.id), &case).expect("one's own");
        assert_eq!(own.sees, Sees::ALL);
        assert!(own.may.is_subset(&BTreeSet::from([Right::Act, Right::Export])), "{own:?}");
    }
}

/// Who leads is let in by a target. An appeal has none, whatever happens to it; so about appeals an
/// agency is answered with the row for leading exactly as it is without it.
#[test]
fn leading_a_project_opens_nothing_else() {
    let (mut bare, pack) = (sample(), sample());
    let roles = &mut Arc::get_mut(&mut bare).expect("nobody else has it").roles;
    let grants = &mut roles.get_mut("agency").expect("a role").grants;
    let rows = grants.len();
    grants.retain(|g| !g.standings.contains(&Standing::Lead));
    assert_eq!(grants.len() + 1, rows, "one row is for leading");
    let (mut appeals, mut projects) = (0, 0);
    for wanted in wanted() {
        let without = answered(&bare, &["agency"], &wanted);
        if wanted.standings.contains(&Standing::Lead) {
            projects += usize::from(answered(&pack, &["agency"], &wanted) != without);
        } else {
            assert_eq!(answered(&pack, &["agency"], &wanted), without, "{wanted:?}");
            appeals += usize::from(without.is_some());
        }
    }
    assert!(appeals > 500 && projects > 0, "{appeals} {projects}");
    for pack in cities().iter().map(|dir| load(dir)) {
        let naming: Vec<_> = pack.workflows.values().filter(|w| w.names_leads()).collect();
        assert!(naming.iter().all(|w| w.code == "project"), "{}", pack.code);
        let mut fields = naming.iter().flat_map(|w| w.fields.values());
        assert!(fields.all(|f| !f.meaning.is_personal()), "a project tells of nobody");
    }
}

/// Every change of a single cell.
fn mutants(table: &Table, roles: &[String]) -> Vec<(Place, Option<Cell>)> {
    let mut all = Vec::new();
    for role in roles {
        for standing in Standing::ALL {
            for of in Sensitivity::ALL {
                let place = (role.clone(), standing, of);
                let Some(cell) = table.get(&place) else {
                    let sees = Sees { identity: Sight::Masked, ..Sees::default() };
                    all.push((place, Some(Cell { sees, ..Cell::default() })));
                    continue;
                };
                all.push((place.clone(), None));
                for name in PARTS {
                    for sight in [Sight::None, Sight::Masked, Sight::Full] {
                        let mut other = cell.clone();
                        *table::part(&mut other.sees, name) = sight;
                        all.push((place.clone(), Some(other)));
                    }
                }
                for right in Right::ALL {
                    let mut other = cell.clone();
                    if !other.may.remove(&right) {
                        other.may.insert(right);
                    }
                    all.push((place.clone(), Some(other)));
                }
            }
        }
    }
    all.retain(|(place, cell)| table.get(place) != cell.as_ref());
    all
}

/// Puts a cell into the rows of a role in place of what they say there.
fn put(grants: &[Grant], (_, standing, of): &Place, cell: Option<&Cell>) -> Vec<Grant> {
    let mut rows = Vec::new();
    for grant in grants {
        if !grant.holds(*standing, *of) {
            rows.push(grant.clone());
            continue;
        }
        let mut others = grant.clone();
        others.standings.remove(standing);
        let mut beside = grant.clone();
        beside.standings = BTreeSet::from([*standing]);
        beside.of.remove(of);
        rows.extend([others, beside]);
    }
    rows.extend(cell.map(|cell| Grant {
        standings: BTreeSet::from([*standing]),
        of: BTreeSet::from([*of]),
        sees: cell.sees,
        may: cell.may.clone(),
    }));
    rows
}

#[test]
fn every_change_of_a_cell_is_caught() {
    let (mut pack, table) = (sample(), agreed());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    drop(std::mem::replace(&mut pack, packs::load(&root).expect("a pack").pack));
    let pack = Arc::get_mut(&mut pack).expect("nobody else has it");
    let roles: Vec<String> =
        pack.roles.values().filter(|r| !r.kinds.is_empty()).map(|r| r.code.clone()).collect();
    let (mut killed, mut by_answer, mut hidden) = (0, 0, 0);
    for (place, cell) in mutants(&table, &roles) {
        let (role, standing, of) = &place;
        let before = pack.roles[role].grants.clone();
        pack.roles.get_mut(role).expect("a role").grants = put(&before, &place, cell.as_ref());
        let found = table::apart(&table, &table::of(pack));
        assert!(!found.is_empty() && found.iter().all(|a| a.place == place), "{place:?} {found:?}");
        killed += 1;
        // The answer for a case tells it too, unless another row that always applies says as much.
        let standings = BTreeSet::from([*standing, Standing::City]);
        let wanted = Wanted { standings, of: *of, kept: Kept::No };
        let roles = [role.as_str()];
        if let Some(answer) = answered(pack, &roles, &wanted) {
            if answer == expected(&table, &roles, &wanted) {
                let city = (role.clone(), Standing::City, *of);
                let needless = [Standing::Lent, Standing::Circle].contains(standing)
                    || (*of == Sensitivity::Sealed && *standing != Standing::Glass);
                assert!(table.contains_key(&city) || needless, "{place:?} {cell:?} is not caught");
                hidden += 1;
            } else {
                by_answer += 1;
            }
        }
        pack.roles.get_mut(role).expect("a role").grants = before;
    }
    assert_eq!(table::apart(&table, &table::of(pack)), BTreeSet::new(), "everything is put back");
    assert!(killed > 2_000 && by_answer * 2 > killed, "{killed} {by_answer} {hidden}");
}
