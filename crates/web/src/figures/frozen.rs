//! The numbers of a case that freezes some: as they are now, as they were each time, and the records
//! of each. Whoever may open the case may see its numbers; what of a record is shown is decided by
//! the rights to that record.

use super::{NONE, form, period_name, records, sample, standing, word};
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, staff, traces, view};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    case::Case,
    field::Checked,
    figure::{self, AnyAmount, Asked, Frozen, Period, Sample, asked},
};
use serde::Deserialize;
use store::{CasePage, FigureAsk, FrozenAt};

/// Records of a page.
const PAGE: u64 = 20;

struct ValueView {
    text: String,
    href: String,
    changed: bool,
}

struct LineView {
    name: String,
    note: String,
    word: String,
    typed: bool,
    now: ValueView,
    frozen: Vec<ValueView>,
    sample: String,
    /// How far the sample was looked at.
    looked: String,
}

struct ColumnView {
    title: String,
    when: String,
}

#[derive(Template)]
#[template(path = "staff/frozen.html")]
struct FrozenPage<'a> {
    page: &'a Page,
    number: &'a str,
    title: String,
    /// Where the form of a locked report is; empty for everything else.
    form: String,
    columns: Vec<ColumnView>,
    lines: Vec<LineView>,
    sample: Option<sample::SampleView>,
}

#[derive(Template)]
#[template(path = "staff/frozen_records.html")]
struct RecordsPage<'a> {
    page: &'a Page,
    number: &'a str,
    name: String,
    note: String,
    unit: String,
    period: String,
    total: String,
    digest: String,
    about: String,
    records: Vec<records::RecordView>,
    /// Drawn records with what was found of them, in place of `records`.
    rows: Vec<sample::RowView>,
    look: Option<sample::FormView>,
    next: String,
}

/// The numbers that a case freezes with its next step, or has frozen last.
fn wanted(page: &Page, case: &Case) -> Vec<Asked> {
    let flow = page.pack.flow_of(case);
    let effects = flow.into_iter().flat_map(|f| &f.actions).flat_map(|a| &a.effects);
    let pending = effects.map(|e| asked(&page.pack, case, &Checked::default(), e));
    let pending = pending.max_by_key(Vec::len).unwrap_or_default();
    if !pending.is_empty() {
        return pending;
    }
    let last = case.frozen.last().map_or(&[][..], |f| &f.values);
    last.iter().filter_map(Frozen::asked).collect()
}

/// Whether a case has to do with numbers at all.
pub(crate) fn has_numbers(page: &Page, case: &Case) -> bool {
    !wanted(page, case).is_empty()
}

/// What a report is called: its form, period and unit; a project by its programme and year.
pub(crate) fn title(page: &Page, case: &Case) -> Option<String> {
    let flow = page.pack.flow_of(case)?;
    if flow.promises() {
        let programme = page.pack.programmes.get(case.programme.as_ref()?)?;
        let year = Period::Year(staff::project::year_of(flow, case)?);
        let name = page.either(&programme.name, &programme.en);
        return Some(format!("{name} · {}", period_name(page, year)));
    }
    let value = |kind: &domain::field::FieldKind| {
        let field = flow.fields.values().find(|f| f.kind == *kind)?;
        case.coded.get(&field.code).map(domain::field::Value::one)
    };
    let form = page.pack.forms.get(value(&domain::field::FieldKind::Form)?)?;
    let period = Period::parse(value(&domain::field::FieldKind::Period)?)?;
    let unit = case.handling.as_deref().unwrap_or(&case.unit);
    let name = page.either(&form.name, &form.en);
    Some(format!("{} · {name} · {}", page.unit(unit), period_name(page, period)))
}

/// The case behind a page of numbers, with those as this reader is told them; that it was read is
/// remembered.
pub(super) async fn read(app: &App, me: &LoggedIn, number: &str) -> Result<(CasePage, Case), Oops> {
    let shown = staff::case::find(app, me, number).await?;
    traces::reading(app, me, [&shown]).await?;
    let mut case = shown.case.clone();
    app.store().frozen_for(&me.viewer(), &mut case).await?;
    Ok((shown, case))
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let (shown, case) = read(&app, &me, &number).await?;
    let case = &case;
    let wanted = wanted(&page, case);
    if wanted.is_empty() {
        return Err(Oops::NotFound);
    }
    let known = |a: &Asked| page.pack.figures.get(&a.figure);
    let asks: Vec<FigureAsk<'_>> = wanted
        .iter()
        .filter_map(|a| Some(FigureAsk { figure: known(a)?, unit: &a.unit, period: a.period }))
        .collect();
    let values = app.store().figures_for(&me.viewer(), &asks, page.today()).await?;
    let columns = case.frozen.iter().map(|f| ColumnView {
        title: page
            .pack
            .flow_of(case)
            .and_then(|w| w.action(&f.action))
            .map_or_else(|| f.action.clone(), |a| page.either(&a.name, &a.en).to_owned()),
        when: view::clock_time(&page, f.at),
    });
    // What was drawn follows from the whole list, whatever of it this viewer is told.
    let drawn = Sample::of(&page.pack, &shown.case);
    let one = Numbers { page: &page, case, number: &number, sample: drawn.as_ref() };
    let lines = asks.iter().zip(&wanted).zip(values);
    page.show(&FrozenPage {
        page: &page,
        number: &number,
        title: title(&page, case).unwrap_or_else(|| number.clone()),
        form: if form::is_locked(&page, case) {
            format!("/cases/{number}/figures/form.xlsx")
        } else {
            String::new()
        },
        columns: columns.collect(),
        sample: sample::of(&app, &page, &shown.case).await?,
        lines: lines.map(|((ask, a), value)| one.line(ask, a, value.amount)).collect(),
    })
}

struct Numbers<'a> {
    page: &'a Page,
    case: &'a Case,
    number: &'a str,
    sample: Option<&'a Sample<'a>>,
}

impl Numbers<'_> {
    fn line(&self, ask: &FigureAsk<'_>, asked: &Asked, now: Option<AnyAmount>) -> LineView {
        let (page, figure) = (self.page, ask.figure);
        let now = now.map(AnyAmount::count);
        let frozen: Vec<Option<(usize, &Frozen)>> = self
            .case
            .frozen
            .iter()
            .map(|f| f.values.iter().enumerate().find(|(_, v)| v.answers(asked)))
            .collect();
        let last = frozen.iter().rev().flatten().next();
        let text = |n: Option<i64>| super::amount(page, n.map(|n| figure.word.amount(n)));
        let at =
            |freezing: usize, n: usize| format!("/cases/{}/figures/{freezing}/{n}", self.number);
        let views = frozen.iter().enumerate().map(|(freezing, found)| {
            found.map_or_else(
                || ValueView { text: NONE.to_owned(), href: String::new(), changed: false },
                |(n, value)| ValueView {
                    text: text(value.amount),
                    href: at(freezing, n),
                    changed: false,
                },
            )
        });
        let drawn = frozen.iter().enumerate().rev().find_map(|(freezing, found)| {
            found.filter(|(_, v)| v.records > 0).map(|(n, _)| (freezing, n))
        });
        let looked = drawn.and_then(|(freezing, n)| {
            let sample = self.sample.filter(|sample| sample.freezing == freezing)?;
            Some(sample::words(page, sample.progress_of(n)))
        });
        let sample = drawn.map(|(freezing, n)| {
            let sample = self.sample.filter(|sample| sample.freezing == freezing);
            let open = |place: &&u64| sample.is_some_and(|s| s.found(n, **place).is_none());
            let first = sample.and_then(|s| s.drawn(n).iter().find(open));
            let from = first.map_or(String::new(), |place| format!("&from={place}"));
            format!("{}?sample=1{from}", at(freezing, n))
        });
        LineView {
            name: page.either(&figure.name, &figure.en).to_owned(),
            note: page.either(&figure.note, &figure.note_en).to_owned(),
            word: word(page, figure).to_owned(),
            typed: super::is_typed(page, figure),
            now: ValueView {
                text: text(now),
                href: super::records_href(figure, &asked.unit, asked.period),
                changed: last.is_some_and(|(_, value)| value.amount != now),
            },
            frozen: views.collect(),
            sample: sample.unwrap_or_default(),
            looked: looked.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    from: u64,
    #[serde(default)]
    sample: String,
}

pub(super) async fn records(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((number, freezing, n)): Path<(String, usize, usize)>,
    Query(which): Query<Which>,
) -> Result<Response, Oops> {
    let shown = staff::case::find(&app, &me, &number).await?;
    let value = |case: &Case| case.frozen.get(freezing)?.values.get(n).cloned();
    let whole = value(&shown.case).ok_or(Oops::NotFound)?.records;
    let viewer = me.viewer();
    let mut case = shown.case.clone();
    app.store().frozen_for(&viewer, &mut case).await?;
    let value = value(&case).ok_or(Oops::NotFound)?;
    let asked = value.asked().ok_or(Oops::NotFound)?;
    let figure = page.pack.figures.get(&asked.figure).ok_or(Oops::NotFound)?;
    let drawn = figure::sample(&value.digest, whole, figure::share(&page.pack, &case));
    let is_sample = !which.sample.is_empty();
    let places: Vec<u64> = if is_sample {
        drawn.iter().copied().filter(|p| *p >= which.from).take(20).collect()
    } else {
        (which.from..which.from.saturating_add(PAGE).min(whole)).collect()
    };
    let after = places.last().map_or(0, |last| last + 1);
    let more = if is_sample { drawn.last().is_some_and(|l| *l >= after) } else { after < whole };
    let at = FrozenAt { case: case.id, freezing, n };
    let found = app.store().frozen_records((&page.pack, &viewer), at, &places).await?;
    let base = format!("/cases/{number}/figures/{freezing}/{n}");
    let kind = if is_sample { "&sample=1" } else { "" };
    let about = if is_sample {
        let (n, all) = (drawn.len().to_string(), value.records.to_string());
        page.tf("frozen.sample_of", &[("n", &n), ("all", &all)])
    } else {
        page.tf("frozen.list_of", &[("n", &value.records.to_string())])
    };
    let total = value.amount.map(|amount| standing::amount(&page, figure, amount));
    let total = total.unwrap_or_else(|| NONE.to_owned());
    let lines = found.iter().map(|(p, r)| (*p, records::record(&page, figure, r)));
    let looks = Sample::of(&page.pack, &shown.case).filter(|s| is_sample && s.freezing == freezing);
    let (mut rows, mut look, mut plain) = (Vec::new(), None, Vec::new());
    if let Some(sample) = &looks {
        let names = sample::names(&app, &page, sample).await?;
        let of = sample::Rows { page: &page, case: &shown.case, sample, names: &names, n };
        look = of.form(&app, &me, (&number, shown.version));
        rows.extend(lines.map(|line| of.row((&app, &me), line)));
    } else {
        plain.extend(lines.map(|(_, record)| record));
    }
    page.show(&RecordsPage {
        name: page.either(&figure.name, &figure.en).to_owned(),
        note: page.either(&figure.note, &figure.note_en).to_owned(),
        unit: page.unit(&asked.unit).to_owned(),
        period: period_name(&page, asked.period),
        total,
        digest: value.digest.clone(),
        about,
        records: plain,
        rows,
        look,
        next: if more { format!("{base}?from={after}{kind}") } else { String::new() },
        number: &number,
        page: &page,
    })
}
