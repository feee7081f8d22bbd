//! “Why can X see Y?”: the rows of the access table that answer it, told to whoever may ask who read
//! the case.

use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    traces,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use domain::{
    access::{self, Why},
    audit::Deed,
    case::{Case, Staff},
    pack::{Sees, Sight},
};
use std::collections::BTreeMap;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/cases/{number}/why", get(page))
}

struct WhyRow {
    role: String,
    standing: String,
    sees: String,
    may: String,
}

#[derive(Template)]
#[template(path = "staff/why.html")]
struct WhyPage<'a> {
    page: &'a Page,
    number: &'a str,
    who: &'a str,
    asked: bool,
    answer: String,
    rows: Vec<WhyRow>,
}

async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    let found = app.store().case_for_why(&page.pack, &me.viewer(), &number).await?;
    let case = found.ok_or(Oops::NotFound)?;
    let who = query.get("who").map_or("", |w| w.trim());
    let account = if who.is_empty() { None } else { app.store().account(who).await? };
    let (answer, rows) = match &account {
        Some(account) => {
            let deed = Deed::Audited { whom: Some(account.id), case: Some(case.id) };
            traces::note(&app, &me, deed).await?;
            explain(&page, &account.staff(), &case, me.at)
        }
        None if who.is_empty() => (String::new(), Vec::new()),
        None => (page.t("why.nobody").to_owned(), Vec::new()),
    };
    let asked = !who.is_empty();
    page.show(&WhyPage { page: &page, number: &number, who, asked, answer, rows })
}

fn explain(page: &Page, staff: &Staff, case: &Case, at: jiff::Timestamp) -> (String, Vec<WhyRow>) {
    match access::why(&page.pack, (staff, at), case) {
        Why::BarredByName => (page.t("why.barred_by_name").to_owned(), Vec::new()),
        Why::BarredWithUnit => (page.t("why.barred_with_unit").to_owned(), Vec::new()),
        Why::NoRow { standings, sensitivity } => {
            let of = page.t(&format!("sensitivity.{}", sensitivity.code())).to_owned();
            let stands = words(page, "standing", standings.iter().map(|s| s.code()));
            (page.tf("why.no_row", &[("of", &of), ("standings", &stands)]), Vec::new())
        }
        Why::Rows { rows, sensitivity, rights } => {
            let of = page.t(&format!("sensitivity.{}", sensitivity.code())).to_owned();
            let sees = sees_words(page, rights.sees);
            let row = |(role, standing, grant): &(&str, _, &domain::pack::Grant)| WhyRow {
                role: page
                    .pack
                    .roles
                    .get(*role)
                    .map_or(*role, |r| page.either(&r.name, &r.en))
                    .to_owned(),
                standing: words(page, "standing", [domain::pack::Standing::code(*standing)]),
                sees: sees_words(page, grant.sees),
                may: words(page, "right", grant.may.iter().map(|r| r.code())),
            };
            let answer = page.tf("why.rows", &[("of", &of), ("sees", &sees)]);
            (answer, rows.iter().map(row).collect())
        }
    }
}

fn words(page: &Page, key: &str, codes: impl IntoIterator<Item = &'static str>) -> String {
    let word = |code: &str| page.t(&format!("{key}.{code}")).to_owned();
    codes.into_iter().map(word).collect::<Vec<_>>().join(page.t("staff.comma"))
}

fn sees_words(page: &Page, sees: Sees) -> String {
    let part = |key: &str, sight: Sight| {
        let word = match sight {
            Sight::Full => "setup.sight.full",
            Sight::Masked => "setup.sight.masked",
            Sight::None => return None,
        };
        Some(format!("{} {}", page.t(key), page.t(word)))
    };
    let parts = [
        part("setup.identity", sees.identity),
        part("setup.contact", sees.contact),
        part("setup.story", sees.story),
        part("setup.evidence", sees.evidence),
        part("setup.reporter", sees.reporter),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        page.t("why.outline").to_owned()
    } else {
        parts.join(page.t("staff.comma"))
    }
}
