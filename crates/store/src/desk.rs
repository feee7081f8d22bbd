//! Work lists: the cases and tasks of a unit, the most urgent first.
//!
//! Rows are read in the order of one index per state and merged, so a page costs the same among
//! a thousand and among a million cases.

use crate::{
    Store,
    db::{Batch, Error, Reader, Row, Stmt},
    dossier,
    merge::{self, Cursor, Merge, Place},
    numbers, project, sight,
};
use domain::{
    access::{self, Viewer},
    case::{Actor, Case, CaseId, Staff},
    clock::Light,
    decide::{self, Ctx},
    pack::{Pack, Scope, Sight},
    rights, waiting,
    workflow::{Relation, State, Tone, Workflow},
};
use jiff::Timestamp;
use std::{collections::BTreeSet, sync::LazyLock};

static LINE: Stmt = Stmt::new(
    "SELECT c.key, c.body, e.command, t.body FROM cases c
     LEFT JOIN entries e ON e.case_id = c.id AND e.seq = 1
     LEFT JOIN texts t ON t.case_id = c.id AND t.seq = 1 WHERE c.id = $1",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&LINE];

/// Requests under the rights of the person stand in lists of their own, like tasks.
static RIGHTS: LazyLock<String> = LazyLock::new(|| rights::KIND.to_owned());

/// The most rows of a page.
pub const PAGE: usize = 50;

/// Whose cases a list holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CasesOf {
    /// Those of a unit and of the units below it.
    #[default]
    Area,
    /// Those that the unit holds itself, and its tasks.
    Unit,
    /// Those that wait for a role or a task that the viewer holds, and those that the viewer took
    /// and can still do something about.
    Mine,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct DeskFilter {
    /// Workflow; the appeals of all workflows when empty.
    pub workflow: Option<String>,
    /// One state, or `~` and a kind of task; every open state and every task when none.
    pub state: Option<String>,
    /// Another unit below the viewer's own; not asked for what is the viewer's.
    pub unit: Option<String>,
    /// Whose cases.
    pub whose: CasesOf,
    /// Time light.
    pub light: Option<Light>,
    /// Risk grade.
    pub grade: Option<String>,
    /// Category or the beginning of one.
    pub category: Option<String>,
    /// After this row.
    pub cursor: Option<Cursor>,
}

/// One page of a list.
#[derive(Debug, Clone, Default)]
pub struct DeskPage {
    /// Cases, in order: the grades that need an answer at once before all others, then by their
    /// nearest deadline; closed cases newest first.
    pub cases: Vec<DeskCase>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A case in a list.
#[derive(Debug, Clone)]
pub struct DeskCase {
    /// The case.
    pub case: Case,
    /// Its number.
    pub number: String,
    /// One line of the story, if the viewer may see it.
    pub summary: String,
    /// Whether it is here for a task, and of which kind.
    pub task: Option<String>,
    /// The light and its end.
    pub lamp: Lamp,
}

/// A light and the instant that matters for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lamp {
    /// Colour.
    pub light: Light,
    /// When it is due or, for a closed case, when it was closed.
    pub due: Timestamp,
}

/// Who looks, at what, when.
#[derive(Clone, Copy)]
struct Look<'a> {
    pack: &'a Pack,
    staff: &'a Staff,
    now: Timestamp,
    filter: &'a DeskFilter,
}

impl Store {
    /// One page of a work list.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn desk(
        &self,
        pack: &Pack,
        staff: &Staff,
        now: Timestamp,
        filter: &DeskFilter,
    ) -> Result<DeskPage, Error> {
        let look = Look { pack, staff, now, filter };
        let (lists, newest_first) = look.lists();
        let mut reader = self.db.page().await?;
        let lists = merge::standing(&mut reader, lists).await?;
        let mut merge = Merge::new(&lists, newest_first, now, filter);
        let mut page = DeskPage::default();
        while page.cases.len() < PAGE {
            let places = merge.run(&mut reader, PAGE - page.cases.len()).await?;
            let Some(end) = places.last().map(|p| p.at) else { break };
            page.cases.extend(self.desk_cases(&mut reader, look, places).await?);
            page.next = merge.next_page(Some(end));
        }
        page.next = merge.next_page(page.next);
        Ok(page)
    }

    /// A place in a list as an address may hold it: no case is named but by its public number.
    pub fn cursor_text(&self, cursor: Cursor) -> String {
        let number = numbers::digits_of(&self.keys, cursor.case);
        format!("{}.{}.{number}", cursor.tier, cursor.rank)
    }

    /// The place that [`cursor_text`](Self::cursor_text) wrote.
    pub fn cursor_of(&self, text: &str) -> Option<Cursor> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next()?.parse::<i64>().ok();
        let (tier, rank, number) = (next()?, next()?, next()?);
        let case = numbers::case_of_digits(&self.keys, number)?;
        Some(Cursor { tier, rank, case })
    }

    /// What the viewer may know of these places, in their order, read in one flight.
    async fn desk_cases(
        &self,
        reader: &mut Reader,
        look: Look<'_>,
        places: Vec<Place>,
    ) -> Result<Vec<DeskCase>, Error> {
        let mut batch = Batch::new();
        for place in &places {
            batch.add(&LINE, &[place.at.case.into()]);
        }
        let viewer = Viewer::Staff(look.staff.clone(), look.now);
        let mut cases = Vec::with_capacity(places.len());
        for (place, rows) in places.into_iter().zip(reader.rows_all(batch).await?) {
            let Some(row) = rows.first() else { continue };
            let Some((case, summary)) = self.line(look.pack, &viewer, row, place.at.case)? else {
                continue;
            };
            if project::is_taken_list(&place.list) && !look.can_go_on(&case) {
                continue;
            }
            let due = Timestamp::from_microsecond(place.at.rank).unwrap_or(look.now);
            cases.push(DeskCase {
                number: self.number_of(look.pack, &case),
                summary,
                task: project::task_of(&place.list).map(str::to_owned),
                lamp: Lamp { light: project::light(place.at.rank, place.yellow, look.now), due },
                case,
            });
        }
        Ok(cases)
    }

    /// A case and the one line that stands for it, if the viewer may know of it.
    fn line(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        row: &Row,
        id: CaseId,
    ) -> Result<Option<(Case, String)>, Error> {
        let mut case = crate::parse_case(row, 1)?;
        if !access::may_open(pack, viewer, &case) {
            return Ok(None);
        }
        let flow = pack.flow_of(&case);
        let sees = access::sees(pack, viewer, &case).at_first();
        let mut summary = String::new();
        if let (Some(wrapped), Some(body)) = (row.opt_blob(0)?, row.opt_blob(3)?) {
            let key = self.keys.unwrap(&id.to_be_bytes(), wrapped);
            let key = key.map_err(|e| row.corrupt(0, e.to_string()))?;
            let line = dossier::open_line(&key, id, &row.array(2)?, body)
                .map_err(|e| row.corrupt(3, e.to_string()))?;
            summary = line
                .and_then(|(field, text)| access::shown(sees, sight::meaning(flow, field), &text))
                .unwrap_or_default();
        }
        if sees.evidence == Sight::None {
            sight::forget_danger(&mut case, &sight::risk_fields(flow));
        }
        Ok(Some((case, summary)))
    }
}

impl Look<'_> {
    /// The lists to merge, each named by unit and list, and whether the newest come first.
    fn lists(&self) -> (Vec<(String, String)>, bool) {
        let mut lists = BTreeSet::new();
        let mut taken = Vec::new();
        let mut closed = false;
        let wanted =
            |flow: &&Workflow| self.filter.workflow.as_ref().is_none_or(|w| *w == flow.code);
        for flow in self.pack.workflows.values().filter(wanted) {
            if self.filter.whose == CasesOf::Mine {
                self.mine(flow, &mut lists);
                taken.push((
                    self.staff.unit.clone(),
                    project::taken_list(&flow.code, self.staff.account),
                ));
            } else {
                closed |= self.held(flow, &mut lists);
            }
        }
        // A case that waits for the viewer anyway is found as such before it is found as taken.
        let lists = lists.into_iter().chain(taken).collect();
        (lists, closed)
    }

    fn scope(&self) -> Scope {
        access::scope(self.pack, self.staff)
    }

    fn scope_in(&self, flow: &Workflow) -> Scope {
        access::scope_in(self.pack, self.staff, flow)
    }

    fn is_wanted(&self, state: &State) -> bool {
        self.filter.state.as_ref().map_or(state.is_open(), |code| *code == state.code)
    }

    fn kinds<'a>(&'a self, flow: &'a Workflow) -> impl Iterator<Item = &'a String> {
        let wanted = self.filter.state.as_ref().map(|code| code.strip_prefix('~'));
        flow.task_kinds()
            .chain([&*RIGHTS])
            .filter(move |k| wanted.is_none_or(|w| w == Some(k.as_str())))
    }

    /// What the listed unit holds, and the units below it; answers whether closed ones are among.
    fn held(&self, flow: &Workflow, lists: &mut BTreeSet<(String, String)>) -> bool {
        let mut closed = self.known(flow, lists);
        let Some(unit) = self.listed_unit() else { return closed };
        let states = flow.states.iter().filter(|s| self.is_wanted(s));
        for state in states.filter(|_| self.scope_in(flow) > Scope::Tasks) {
            closed |= !state.is_open();
            let below = self.filter.whose == CasesOf::Area && self.scope() > Scope::Unit;
            let mut all = project::case_lists(flow, state);
            all.truncate(if below { all.len() } else { 1 });
            lists.extend(all.into_iter().map(|list| (unit.clone(), list)));
        }
        let task = |kind: &String| (unit.clone(), project::task_list(&flow.code, kind));
        lists.extend(self.kinds(flow).map(task));
        closed
    }

    /// The sealed cases that the viewer knows of; answers whether closed ones are among.
    fn known(&self, flow: &Workflow, lists: &mut BTreeSet<(String, String)>) -> bool {
        let own = self.filter.unit.as_ref().is_none_or(|unit| *unit == self.staff.unit);
        let mut closed = false;
        for state in flow.states.iter().filter(|s| own && self.is_wanted(s)) {
            closed |= !state.is_open();
            let circle = project::circle_unit(self.staff.account);
            lists.insert((circle, project::own_list(&flow.code, &state.code)));
        }
        closed
    }

    /// What waits for a role that the viewer holds: where the role acts from tells in which lists.
    fn mine(&self, flow: &Workflow, lists: &mut BTreeSet<(String, String)>) {
        let Some(root) = access::list_root(self.pack, self.staff) else { return };
        if self
            .filter
            .state
            .as_ref()
            .is_none_or(|code| flow.state(code).is_some_and(State::is_open))
        {
            self.known(flow, lists);
        }
        let unit = &self.staff.unit;
        let wide = self.scope() > Scope::Unit;
        let expected = |s: &&State| s.expects(&self.staff.roles);
        let states = flow.states.iter().filter(|s| s.is_open() && self.is_wanted(s));
        for state in states.filter(expected).filter(|_| self.scope_in(flow) > Scope::Tasks) {
            for way in waiting::ways(flow, state) {
                if waiting::from_own(way) {
                    lists.insert((unit.clone(), project::own_list(&flow.code, &state.code)));
                }
                if wide && waiting::from_above(way) {
                    lists.insert((unit.clone(), project::brought_list(&flow.code, &state.code)));
                }
                if wide && way == Relation::Anywhere {
                    let all = project::case_lists(flow, state);
                    lists.extend(all.into_iter().map(|list| (root.clone(), list)));
                }
            }
        }
        let roles = &self.staff.roles;
        let right = |k: &str| k == rights::KIND && rights::answers(self.pack, roles);
        let kinds = self.kinds(flow).filter(|k| waiting::answers(flow, roles, k) || right(k));
        lists.extend(kinds.map(|kind| (unit.clone(), project::task_list(&flow.code, kind))));
    }

    /// The unit whose list is shown: the viewer's own, or one below it that was asked for. Who
    /// reads single cases only is not told by a cursor what lies in the lists below.
    fn listed_unit(&self) -> Option<String> {
        let root = access::list_root(self.pack, self.staff)?;
        match &self.filter.unit {
            Some(unit) if *unit == self.staff.unit => Some(unit.clone()),
            Some(unit) => {
                let covered = self.pack.units.covers(&root, unit);
                (self.scope() > Scope::Unit && covered).then(|| unit.clone())
            }
            None if self.filter.whose == CasesOf::Unit => Some(self.staff.unit.clone()),
            None => Some(root),
        }
    }

    /// Whether the viewer, who took this case, can do more to it than to take a note.
    fn can_go_on(&self, case: &Case) -> bool {
        let actor = Actor::Staff(self.staff.clone());
        let ctx = Ctx::bare(self.now, self.pack, &actor);
        let wanted = self.filter.state.as_ref().is_none_or(|code| *code == case.state);
        wanted && decide::allowed(ctx, case).any(|action| action.tone != Tone::Quiet)
    }
}
