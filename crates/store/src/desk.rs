//! Work lists: the cases and tasks of a unit, the most urgent first.
//!
//! Rows are read in the order of one index per state and merged, so a page costs the same among
//! a thousand and among a million cases.

use crate::{
    Store,
    case_page::{CASE, FIRST_TEXTS},
    db::{Batch, Error, Reader, Row, Stmt},
    dossier, project, sight,
};
use domain::{
    access::{self, Viewer},
    case::{Case, CaseId, Staff},
    clock::Light,
    pack::{Pack, Scope, Sight},
};
use jiff::Timestamp;

static FORWARD: Stmt = Stmt::new(
    "SELECT rank, case_id, yellow, state, grade, category FROM desk
     WHERE unit = $1 AND state = $2 AND (rank, case_id) > ($3, $4) AND rank < $5
     ORDER BY rank, case_id LIMIT $6",
);
static BACKWARD: Stmt = Stmt::new(
    "SELECT rank, case_id, yellow, state, grade, category FROM desk
     WHERE unit = $1 AND state = $2 AND (rank, case_id) < ($3, $4)
     ORDER BY rank DESC, case_id DESC LIMIT $5",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&FORWARD, &BACKWARD];

/// The most rows of a page.
pub const PAGE: usize = 50;
/// So many stretches are read for a page before a narrow filter answers with what it has; the
/// next page goes on from there.
const PATIENCE: u32 = 20;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct DeskFilter {
    /// Workflow; the appeals of all workflows when empty.
    pub workflow: Option<String>,
    /// One state, or `~` and a kind of task; every open state and every task when none.
    pub state: Option<String>,
    /// Another unit below the viewer's own.
    pub unit: Option<String>,
    /// Only what the unit itself must do: its own cases and tasks.
    pub own: bool,
    /// Time light.
    pub light: Option<Light>,
    /// Risk grade.
    pub grade: Option<String>,
    /// Category or the beginning of one.
    pub category: Option<String>,
    /// After this row.
    pub cursor: Option<(i64, CaseId)>,
}

/// One page of a list.
#[derive(Debug, Clone, Default)]
pub struct DeskPage {
    /// Cases, in order.
    pub cases: Vec<DeskCase>,
    /// Where the next page begins, if there is one.
    pub next: Option<(i64, CaseId)>,
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

struct Place {
    rank: i64,
    case: CaseId,
    yellow: i64,
    state: String,
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
        let Some(unit) = listed_unit(pack, staff, filter) else { return Ok(DeskPage::default()) };
        let scope = access::scope(pack, staff);
        let (lists, newest_first) = lists(pack, scope, filter);
        let viewer = Viewer::Staff(staff.clone());
        let mut reader = self.db.page().await?;
        let mut page = DeskPage { cases: Vec::new(), next: filter.cursor };
        for _ in 0..PATIENCE {
            let run = read(&mut reader, &unit, &lists, (page.next, newest_first), now, filter);
            let run = run.await?;
            for place in run.places {
                let here = (place.rank, place.case);
                // A case may stand in two lists at one instant; a cursor cannot fall between.
                if page.cases.len() >= PAGE && page.next != Some(here) {
                    return Ok(page);
                }
                page.next = Some(here);
                page.cases.extend(self.row(&mut reader, pack, &viewer, place, now).await?);
            }
            page.next = run.end;
            if run.end.is_none() {
                break;
            }
        }
        Ok(page)
    }

    async fn row(
        &self,
        reader: &mut Reader,
        pack: &Pack,
        viewer: &Viewer,
        place: Place,
        now: Timestamp,
    ) -> Result<Option<DeskCase>, Error> {
        let Some((case, summary)) = self.line(reader, pack, viewer, place.case).await? else {
            return Ok(None);
        };
        let due = Timestamp::from_microsecond(place.rank).unwrap_or(now);
        Ok(Some(DeskCase {
            number: self.number_of(pack, &case),
            summary,
            task: project::task_of(&place.state).map(str::to_owned),
            lamp: Lamp { light: project::light(place.rank, place.yellow, now), due },
            case,
        }))
    }

    /// A case and the one line that stands for it, if the viewer may know of it.
    pub(crate) async fn line(
        &self,
        reader: &mut Reader,
        pack: &Pack,
        viewer: &Viewer,
        id: CaseId,
    ) -> Result<Option<(Case, String)>, Error> {
        let mut batch = Batch::new();
        batch.add(&CASE, &[id.into()]);
        batch.add(&FIRST_TEXTS, &[id.into()]);
        let mut answers = reader.rows_all(batch).await?;
        let (texts, head) = (answers.pop().unwrap_or_default(), answers.pop().unwrap_or_default());
        let Some(head) = head.first() else { return Ok(None) };
        let mut case = crate::parse_case(head, 3)?;
        if !access::may_open(pack, viewer, &case) {
            return Ok(None);
        }
        let flow = pack.flow_of(&case);
        let sees = access::sees(pack, viewer, &case);
        let mut summary = String::new();
        if let (Some(row), Some(wrapped)) = (texts.first(), head.opt_blob(2)?) {
            let key = self.keys.unwrap(&id.to_be_bytes(), wrapped);
            let key = key.map_err(|e| head.corrupt(2, e.to_string()))?;
            let texts = dossier::open(&key, id, &row.array(0)?, row.blob(1)?)
                .map_err(|e| row.corrupt(1, e.to_string()))?;
            let (mut shown, _) = sight::strip(flow, sees, texts);
            summary = shown
                .get_mut(sight::OPENING)
                .and_then(|t| t.remove("summary").or_else(|| t.remove("household_name")))
                .unwrap_or_default();
        }
        if sees.evidence == Sight::None {
            sight::forget_danger(&mut case, &sight::risk_fields(flow));
        }
        Ok(Some((case, summary)))
    }
}

/// The unit whose list is shown: the viewer's own, or one below it that was asked for. Who reads
/// single cases only is not told by a cursor what lies in the lists below.
fn listed_unit(pack: &Pack, staff: &Staff, filter: &DeskFilter) -> Option<String> {
    let root = access::list_root(pack, staff)?;
    let wide = access::scope(pack, staff) > Scope::Unit;
    match &filter.unit {
        Some(unit) if *unit == staff.unit => Some(unit.clone()),
        Some(unit) => (wide && pack.units.covers(&root, unit)).then(|| unit.clone()),
        None if filter.own => Some(staff.unit.clone()),
        None => Some(root),
    }
}

/// The lists to merge, and whether the newest come first.
fn lists(pack: &Pack, scope: Scope, filter: &DeskFilter) -> (Vec<String>, bool) {
    let wanted_task = filter.state.as_ref().map(|code| code.strip_prefix('~'));
    let flows = pack
        .workflows
        .values()
        .filter(|w| filter.workflow.as_ref().is_none_or(|wanted| *wanted == w.code));
    let mut keys: Vec<String> = Vec::new();
    let mut closed = false;
    for flow in flows {
        for state in &flow.states {
            let wanted = match &filter.state {
                Some(code) => *code == state.code,
                None => state.is_open(),
            };
            if !wanted || scope <= Scope::Tasks {
                continue;
            }
            closed |= !state.is_open();
            keys.push(project::own_list(&flow.code, &state.code));
            if !filter.own && scope > Scope::Unit {
                keys.push(project::below_list(&flow.code, &state.code));
            }
        }
        let kinds = flow.task_kinds().filter(|k| wanted_task.is_none_or(|w| w == Some(k.as_str())));
        keys.extend(kinds.map(|kind| project::task_list(&flow.code, kind)));
    }
    keys.sort_unstable();
    keys.dedup();
    (keys, closed)
}

/// A stretch of the merged lists.
struct Run {
    /// What the filter lets through, in order.
    places: Vec<Place>,
    /// Where the stretch ends, if there may be more behind it.
    end: Option<(i64, CaseId)>,
}

async fn read(
    reader: &mut Reader,
    unit: &str,
    lists: &[String],
    (cursor, newest_first): (Option<(i64, CaseId)>, bool),
    now: Timestamp,
    filter: &DeskFilter,
) -> Result<Run, Error> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let (first, end) = bounds(now, filter);
    let mut batch = Batch::new();
    for list in lists {
        if newest_first {
            let (rank, case) = cursor.unwrap_or((i64::MAX, i64::MAX));
            let row = [unit.into(), list.into(), rank.into(), case.into(), limit.into()];
            batch.add(&BACKWARD, &row);
        } else {
            let (rank, case) = cursor.unwrap_or((first, i64::MIN));
            let row =
                [unit.into(), list.into(), rank.into(), case.into(), end.into(), limit.into()];
            batch.add(&FORWARD, &row);
        }
    }
    let mut run = Run { places: Vec::new(), end: None };
    for rows in reader.rows_all(batch).await? {
        // Beyond the end of a list that was cut short, the other lists must not be believed yet.
        if rows.len() > PAGE {
            let last = rows.last().map(|r| Ok::<_, Error>((r.int(0)?, r.int(1)?))).transpose()?;
            run.end = nearest(run.end, last, newest_first);
        }
        for row in &rows {
            run.places.extend(place(row, now, filter)?);
        }
    }
    run.places.sort_unstable_by_key(|p| (p.rank, p.case));
    if newest_first {
        run.places.reverse();
    }
    if let Some(end) = run.end {
        run.places.retain(|p| {
            let here = (p.rank, p.case);
            if newest_first { here >= end } else { here <= end }
        });
    }
    Ok(run)
}

/// The ranks between which a light can be found: from the first, up to and without the second.
fn bounds(now: Timestamp, filter: &DeskFilter) -> (i64, i64) {
    let now = now.as_microsecond();
    match filter.light {
        Some(Light::Red) => (i64::MIN, now.saturating_add(1)),
        Some(Light::Yellow) => (now, i64::MAX),
        // A paused case is green although its pause may have ended a moment ago.
        Some(Light::Green) | None => (i64::MIN, i64::MAX),
    }
}

fn nearest(
    a: Option<(i64, CaseId)>,
    b: Option<(i64, CaseId)>,
    newest_first: bool,
) -> Option<(i64, CaseId)> {
    let both = a.into_iter().chain(b);
    if newest_first { both.max() } else { both.min() }
}

fn place(row: &Row, now: Timestamp, filter: &DeskFilter) -> Result<Option<Place>, Error> {
    let place = Place {
        rank: row.int(0)?,
        case: row.int(1)?,
        yellow: row.int(2)?,
        state: row.text(3)?.to_owned(),
    };
    let light = filter.light.is_none_or(|l| l == project::light(place.rank, place.yellow, now));
    let grade = row.text(4)?;
    let graded = filter.grade.as_ref().is_none_or(|g| g == grade);
    let category = row.text(5)?;
    let fits = filter.category.as_ref().is_none_or(|c| category.starts_with(c.as_str()));
    Ok((light && graded && fits).then_some(place))
}
