//! A locked report as a workbook in the layout of its form: code, name, word, number and remark, each
//! cell where the upper level looks for it. The number is the one that was released; a revision
//! stands beside it in the remark, and so does that a number was typed in.

use super::{frozen, is_typed, period_name, sheet::Sheet, word};
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, view};
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    case::Case,
    field::{FieldKind, Value},
    figure::{Asked, Freezing, Frozen, Period},
    pack::Form,
    workflow::{Target, Workflow},
};
use sheets::Cell;

/// A locked report with its form and period.
struct Locked<'a> {
    page: &'a Page,
    flow: &'a Workflow,
    case: &'a Case,
    form: &'a Form,
    period: Period,
}

/// Whether a case is a report that was locked.
pub(super) fn is_locked(page: &Page, case: &Case) -> bool {
    Locked::of(page, case).is_some()
}

impl<'a> Locked<'a> {
    fn of(page: &'a Page, case: &'a Case) -> Option<Self> {
        let flow = page.pack.flow_of(case)?;
        let value = |kind: &FieldKind| {
            let field = flow.fields.values().find(|f| f.kind == *kind)?;
            case.coded.get(&field.code).map(Value::one)
        };
        let form = page.pack.forms.get(value(&FieldKind::Form)?)?;
        let period = Period::parse(value(&FieldKind::Period)?)?;
        let locked = flow.state(&case.state).is_some_and(|state| !state.is_open());
        (locked && !case.frozen.is_empty()).then_some(Self { page, flow, case, form, period })
    }

    /// Whether a freezing revises what was locked: its step leads back to the lock.
    fn is_revision(&self, freezing: &Freezing) -> bool {
        let to = self.flow.action(&freezing.action).map(|action| &action.to);
        let Some(Target::State(to)) = to else { return false };
        self.flow.state(to).is_some_and(|state| !state.is_open())
    }

    /// The number that was released, and each that revised it since.
    fn values(&self, asked: &Asked) -> (Option<&'a Frozen>, Vec<(&'a Freezing, &'a Frozen)>) {
        let of = |one: &'a Freezing| one.values.iter().find(|v| v.answers(asked));
        let frozen = &self.case.frozen;
        let released = frozen.iter().rev().find(|one| !self.is_revision(one)).and_then(of);
        let revisions = frozen.iter().filter(|one| self.is_revision(one));
        (released, revisions.filter_map(|one| Some((one, of(one)?))).collect())
    }

    /// Number of the upper level, name and what was asked, line by line.
    fn lines(&self) -> Vec<(String, String, Asked)> {
        let (page, form) = (self.page, self.form);
        let unit = self.case.handling.as_ref().unwrap_or(&self.case.unit);
        if form.cells.is_empty() {
            let name = |asked: &Asked| {
                let figure = page.pack.figures.get(&asked.figure);
                figure.map_or("", |f| page.either(&f.name, &f.en)).to_owned()
            };
            let asked = form.asked(unit, self.period).into_iter();
            return (1..).zip(asked).map(|(n, a): (u32, _)| (n.to_string(), name(&a), a)).collect();
        }
        let line = |cell: &domain::pack::FormCell| {
            let (figure, unit) = (cell.figure.clone(), unit.clone());
            let asked = Asked { figure, unit, period: cell.span.of(self.period) };
            (cell.number.clone(), page.either(&cell.label, &cell.label_en).to_owned(), asked)
        };
        form.cells.iter().map(line).collect()
    }

    fn row(&self, (number, label, asked): (String, String, Asked)) -> Vec<Cell> {
        let page = self.page;
        let figure = page.pack.figures.get(&asked.figure);
        let (released, revisions) = self.values(&asked);
        let text = |n: Option<i64>| {
            n.map_or_else(|| page.t("figures.no_number").to_owned(), |n| n.to_string())
        };
        let mut remarks = Vec::new();
        if figure.is_some_and(|figure| is_typed(page, figure)) {
            remarks.push(page.t("frozen.typed").to_owned());
        }
        if let Some(unknown) = released.map(|v| v.unknown).filter(|n| *n > 0) {
            remarks.push(page.tf("figures.unknown", &[("n", &unknown.to_string())]));
        }
        let mut last = released.and_then(|v| v.amount);
        for (freezing, value) in revisions {
            if value.amount != last {
                let when = view::day(page, freezing.at);
                let values = [("n", text(value.amount)), ("day", when)];
                let values = values.each_ref().map(|(key, value)| (*key, value.as_str()));
                remarks.push(page.tf("frozen.revised", &values));
            }
            last = value.amount;
        }
        let amount = released.and_then(|v| v.amount);
        vec![
            number.into(),
            label.into(),
            figure.map_or("", |figure| word(page, figure)).into(),
            amount.map_or_else(|| Cell::from(page.t("figures.no_number")), Cell::Number),
            remarks.join(page.t("staff.comma")).into(),
        ]
    }

    fn sheet(&self) -> Sheet {
        let page = self.page;
        let name = page.either(&self.form.name, &self.form.en);
        let unit = self.case.handling.as_deref().unwrap_or(&self.case.unit);
        let unit = page.pack.units.get(unit).map_or(unit, |u| page.either(&u.name, &u.en));
        let by = page.either(&self.form.asked_by, &self.form.asked_by_en);
        let by =
            if by.is_empty() { String::new() } else { page.tf("frozen.asked_by", &[("by", by)]) };
        let about = [unit, &period_name(page, self.period), &by];
        let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
        let columns = ["number", "label", "word", "amount", "remark"];
        Sheet {
            title: name.to_owned(),
            about: vec![name.to_owned(), about.join(" · ")],
            columns: columns.iter().map(|c| page.t(&format!("form.{c}")).to_owned()).collect(),
            widths: vec![10, 44, 10, 14, 44],
            rows: self.lines().into_iter().map(|line| self.row(line)).collect(),
        }
    }
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let (_, case) = frozen::read(&app, &me, &number).await?;
    let locked = Locked::of(&page, &case).ok_or(Oops::NotFound)?;
    let name = frozen::title(&page, &case).unwrap_or_else(|| number.clone());
    locked.sheet().send((&app, &page, &me), "form_xlsx", &name.replace(" · ", " ")).await
}
