//! The register of processing, the rules of keeping, and the certificates of erasure: for
//! administrators, who see here what is done with data and never the data.

use super::version;
use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::clock_time,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
    routing::get,
};
use domain::{case::By, rights::BY_REQUEST};
use store::{Certificate, DeedCertificate};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/setup/processing", get(register))
        .add(Access::Staff, "/setup/certificates", get(certificates))
        .add(Access::Staff, "/setup/certificates/{number}", get(certificate))
}

/// The ways to these pages, for those who may take them.
pub(super) fn tiles(page: &Page, me: &LoggedIn) -> Vec<super::TileView> {
    let tile = |name: &str, note: &str, href: &str| super::TileView {
        name: page.t(name).to_owned(),
        href: href.to_owned(),
        note: page.t(note).to_owned(),
    };
    if may(page, me).is_err() {
        return Vec::new();
    }
    vec![
        tile("processing.title", "processing.note", "/setup/processing"),
        tile("certificates.title", "certificates.note", "/setup/certificates"),
    ]
}

/// For everybody else there are no such pages.
fn may(page: &Page, me: &LoggedIn) -> Result<(), Oops> {
    page.pack.administers(&me.account.roles).map(drop).ok_or(Oops::NotFound)
}

/// One purpose in words.
pub(crate) struct PurposeView {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) ground: String,
    pub(crate) law: String,
    pub(crate) data: String,
    pub(crate) sensitive: bool,
    pub(crate) recipients: String,
    pub(crate) keeping: Vec<String>,
    pub(crate) workflows: String,
    pub(crate) assessed: String,
    pub(crate) result: String,
}

/// The register in words; the public page shows a part of the same.
pub(crate) fn purposes(page: &Page) -> Vec<PurposeView> {
    let pack = &page.pack;
    let view = |p: &domain::pack::Purpose| {
        let rules = pack.retention.rules.iter().filter(|r| p.retention.contains(&r.code));
        let keeping = rules.map(|r| {
            let (name, years) = (page.either(&r.name, &r.en), r.years.to_string());
            page.tf("processing.years", &[("name", name), ("n", &years)])
        });
        let flows = p.workflows.iter().filter_map(|code| pack.workflow(code));
        let flows: Vec<&str> = flows.map(|f| page.either(&f.name, &f.en)).collect();
        let role = pack.roles.get(&p.assessment.role);
        let role = role.map_or("", |r| page.either(&r.name, &r.en));
        let date = p.assessment.date.to_string();
        PurposeView {
            code: p.code.clone(),
            name: page.either(&p.name, &p.en).to_owned(),
            purpose: page.either(&p.purpose, &p.purpose_en).to_owned(),
            ground: page.t(&format!("processing.ground.{}", p.ground.code())).to_owned(),
            law: page.either(&p.law, &p.law_en).to_owned(),
            data: page.either(&p.data, &p.data_en).to_owned(),
            sensitive: p.sensitive,
            recipients: page.either(&p.recipients, &p.recipients_en).to_owned(),
            keeping: keeping.collect(),
            workflows: flows.join(page.t("board.comma")),
            assessed: page.tf("processing.assessed_by", &[("date", &date), ("role", role)]),
            result: page.either(&p.assessment.result, &p.assessment.result_en).to_owned(),
        }
    };
    pack.processing.purposes.iter().map(view).collect()
}

struct KeepView {
    name: String,
    years: String,
    why: String,
}

#[derive(Template)]
#[template(path = "staff/setup_processing.html")]
struct ProcessingPage<'a> {
    page: &'a Page,
    version: String,
    purposes: Vec<PurposeView>,
    keeping: Vec<KeepView>,
    others: Vec<String>,
}

async fn register(page: Page, me: LoggedIn) -> Result<Response, Oops> {
    may(&page, &me)?;
    let keep = &page.pack.retention;
    let keeping = keep.rules.iter().map(|r| KeepView {
        name: page.either(&r.name, &r.en).to_owned(),
        years: page.tf("processing.n_years", &[("n", &r.years.to_string())]),
        why: page.either(&r.why, &r.why_en).to_owned(),
    });
    let other = |key: &str, n: u16| page.tf(key, &[("n", &n.to_string())]);
    page.show(&ProcessingPage {
        version: version(&page),
        purposes: purposes(&page),
        keeping: keeping.collect(),
        others: vec![
            other("processing.drafts", keep.drafts_days),
            other("processing.deeds", keep.deeds_years),
            other("processing.sessions", keep.sessions_hours),
        ],
        page: &page,
    })
}

struct CertificateView {
    number: i64,
    at: String,
    total: i64,
    rules: Vec<String>,
    by: String,
    list: String,
    root: String,
    genuine: bool,
}

fn view(page: &Page, one: &Certificate) -> CertificateView {
    let rule = |(code, n): (&String, &u32)| {
        let known = page.pack.retention.rules.iter().find(|r| r.code == *code);
        let name = match known {
            Some(rule) => page.either(&rule.name, &rule.en),
            None if code == BY_REQUEST => page.t("certificates.request"),
            None => code,
        };
        page.tf("certificates.rule", &[("name", name), ("n", &n.to_string())])
    };
    CertificateView {
        number: one.number,
        at: clock_time(page, one.at),
        total: one.total,
        rules: one.rules.iter().map(rule).collect(),
        by: match &one.by {
            By::Staff(_, unit) => page.unit(unit).to_owned(),
            By::System | By::Public | By::Appellant => page.t("certificates.time").to_owned(),
        },
        list: one.list.clone(),
        root: one.root.clone(),
        genuine: one.genuine,
    }
}

#[derive(Template)]
#[template(path = "staff/setup_certificates.html")]
struct CertificatesPage<'a> {
    page: &'a Page,
    version: String,
    certificates: Vec<CertificateView>,
    deeds: Vec<DeedCertificateView>,
}

/// That deeds left because their years were over.
struct DeedCertificateView {
    number: i64,
    at: String,
    total: i64,
    span: String,
    root: String,
    genuine: bool,
}

fn deed_view(page: &Page, one: &DeedCertificate) -> DeedCertificateView {
    let day = |at| page.pack.date_of(at).to_string();
    let years = one.years.to_string();
    let span = [("from", &*day(one.since)), ("to", &*day(one.until)), ("n", &*years)];
    DeedCertificateView {
        number: one.number,
        at: clock_time(page, one.at),
        total: one.total,
        span: page.tf("certificates.span", &span),
        root: one.root.clone(),
        genuine: one.genuine,
    }
}

async fn certificates(State(app): State<App>, page: Page, me: LoggedIn) -> Result<Response, Oops> {
    may(&page, &me)?;
    let found = app.store().certificates(i64::MAX).await?;
    let certificates = found.iter().map(|c| view(&page, c)).collect();
    let deeds = app.store().deed_certificates(i64::MAX).await?;
    let deeds = deeds.iter().map(|c| deed_view(&page, c)).collect();
    page.show(&CertificatesPage { version: version(&page), certificates, deeds, page: &page })
}

#[derive(Template)]
#[template(path = "staff/setup_certificate.html")]
struct CertificatePage<'a> {
    page: &'a Page,
    one: CertificateView,
}

async fn certificate(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    may(&page, &me)?;
    let number = number.parse().map_err(|_| Oops::NotFound)?;
    let found = app.store().certificate(number).await?.ok_or(Oops::NotFound)?;
    page.show(&CertificatePage { one: view(&page, &found), page: &page })
}
