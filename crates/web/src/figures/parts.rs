//! What a figure is split by, beside units and months: its categories and programmes beside one another,
//! each leading to its records. Decides which of them are told only together.

use super::{number, records_href, trend};
use crate::{app::App, error::Oops, page::Page, view};
use domain::{
    access::Viewer,
    figure::{Dimension, Figure, Period, is_few, keep_back},
};
use std::collections::BTreeSet;
use store::{FigureAsk, FigurePart, FigureValue};

/// One way in which a figure is split.
pub(super) struct PartsView {
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) column: String,
    pub(super) lines: Vec<trend::LineView>,
}

/// The part that an address asks for; none of a figure that is not split by it.
pub(super) fn asked<'a>(
    page: &Page,
    figure: &Figure,
    (category, programme): (&'a str, &'a str),
) -> Result<FigurePart<'a>, Oops> {
    let (pack, splits) = (&page.pack, &figure.dimensions);
    match (category, programme) {
        ("", "") => Ok(FigurePart::Whole),
        (code, "")
            if splits.contains(&Dimension::Category) && pack.categories.contains_key(code) =>
        {
            Ok(FigurePart::Category(code))
        }
        ("", code)
            if splits.contains(&Dimension::Programme) && pack.programmes.contains_key(code) =>
        {
            Ok(FigurePart::Programme(code))
        }
        _ => Err(Oops::NotFound),
    }
}

/// Where the records of a part are.
pub(super) fn href(
    figure: &Figure,
    (unit, period): (&str, Period),
    part: FigurePart<'_>,
) -> String {
    let base = records_href(figure, unit, period);
    match part {
        FigurePart::Whole => base,
        FigurePart::Category(code) => format!("{base}&category={code}"),
        FigurePart::Programme(code) => format!("{base}&programme={code}"),
    }
}

/// A part in words; empty for all of it.
pub(super) fn name(page: &Page, part: FigurePart<'_>) -> String {
    match part {
        FigurePart::Whole => String::new(),
        FigurePart::Category(code) => view::category_name(page, code),
        FigurePart::Programme(code) => {
            let known = page.pack.programmes.get(code);
            known.map_or(String::new(), |p| page.either(&p.name, &p.en).to_owned())
        }
    }
}

/// The parts in which a figure is split one way.
fn all(page: &Page, dimension: Dimension) -> Vec<FigurePart<'_>> {
    let pack = &page.pack;
    match dimension {
        Dimension::Category => {
            pack.categories.keys().map(|code| FigurePart::Category(code)).collect()
        }
        Dimension::Programme => {
            pack.programmes.keys().map(|code| FigurePart::Programme(code)).collect()
        }
    }
}

/// What is told of the parts of a number.
struct Split<'a> {
    told: Vec<(FigurePart<'a>, FigureValue)>,
    /// What is told of all the others together.
    rest: i64,
}

/// Each part that is not nothing. Of a small one of which the viewer may not open every record, the
/// number would tell what those records are; it is told together with others.
async fn split<'a>(
    app: &App,
    page: &'a Page,
    (viewer, ask): (&Viewer, FigureAsk<'_>),
    dimension: Dimension,
) -> Result<Split<'a>, Oops> {
    let (parts, today) = (all(page, dimension), page.today());
    let values = app.store().figure_parts(viewer, ask, &parts, today).await?;
    let mut found: Vec<_> = parts.into_iter().zip(values).collect();
    found.retain(|(_, value)| trend::count(value).unwrap_or(0) != 0);
    let numbers: Vec<i64> = found.iter().filter_map(|(_, value)| trend::count(value)).collect();
    let small = page.pack.targets.small;
    let mut must = BTreeSet::new();
    for (n, (part, _)) in found.iter().enumerate() {
        if numbers.get(n).is_some_and(|number| is_few(*number, small)) {
            let asked = (ask, *part);
            let page = app.store().records_in((&page.pack, viewer), asked, today, None).await?;
            if page.records.iter().any(|record| record.case.is_none()) {
                must.insert(n);
            }
        }
    }
    let kept = keep_back(&numbers, &must, small);
    let rest = kept.iter().filter_map(|n| numbers.get(*n)).sum();
    let told = found.into_iter().enumerate().filter(|(n, _)| !kept.contains(n));
    Ok(Split { told: told.map(|(_, part)| part).collect(), rest })
}

/// Whether a part is told by itself.
pub(super) async fn is_told(
    app: &App,
    page: &Page,
    who: (&Viewer, FigureAsk<'_>),
    part: FigurePart<'_>,
) -> Result<bool, Oops> {
    let dimension = match part {
        FigurePart::Whole => return Ok(true),
        FigurePart::Category(_) => Dimension::Category,
        FigurePart::Programme(_) => Dimension::Programme,
    };
    let split = split(app, page, who, dimension).await?;
    Ok(split.rest == 0 || split.told.iter().any(|(told, _)| *told == part))
}

/// Each way in which a figure is split, the largest part first; parts of nothing are left out.
pub(super) async fn of(
    app: &App,
    page: &Page,
    (viewer, ask): (&Viewer, FigureAsk<'_>),
) -> Result<Vec<PartsView>, Oops> {
    let mut views = Vec::new();
    for dimension in &ask.figure.dimensions {
        let (id, title, column) = match dimension {
            Dimension::Category => ("h-categories", "figures.by_category", "figures.category"),
            Dimension::Programme => ("h-programmes", "figures.by_programme", "figures.programme"),
        };
        let Split { told, rest } = split(app, page, (viewer, ask), *dimension).await?;
        let line = |(part, value): &(FigurePart<'_>, FigureValue)| {
            let href = href(ask.figure, (ask.unit, ask.period), *part);
            trend::line(page, name(page, *part), value, href)
        };
        let mut lines = trend::beside(told.iter().map(|one| (line(one), &one.1)).collect());
        if rest != 0 {
            let name = page.t("figures.other_parts").to_owned();
            let (number, href) = (number(page, ask.figure.word, rest), String::new());
            lines.push(trend::LineView { name, number, share: 0, href });
        }
        let (name, column) = (page.t(title).to_owned(), page.t(column).to_owned());
        views.push(PartsView { id, name, column, lines });
    }
    views.retain(|view| !view.lines.is_empty());
    Ok(views)
}
