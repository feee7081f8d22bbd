//! The register over all releases: what they say without a figure behind it, how long that may be said
//! and where it was; and which numbers were told, where and when. It shows what has gone out, of those
//! releases alone that the reader may open.

use super::when;
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, view::OptionView};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::press::Claim;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use store::{Release, SignedText};

/// So many releases are looked through, the newest first.
const LISTED: u32 = 200;
/// An entry that runs out within so many days is one to be renewed now.
const SOON: i64 = 30;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    show: String,
}

/// How an entry of the register stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Expired,
    Expiring,
    Valid,
}

impl Standing {
    const ALL: [Self; 3] = [Self::Expired, Self::Expiring, Self::Valid];

    fn of(until: Option<Date>, today: Date) -> Self {
        let left = until.map(|until| until.duration_since(today).as_hours() / 24);
        match left {
            Some(days) if days < 0 => Self::Expired,
            Some(days) if days <= SOON => Self::Expiring,
            Some(_) | None => Self::Valid,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::Valid => "valid",
        }
    }

    fn name(self, page: &Page) -> &str {
        page.t(match self {
            Self::Expired => "press.claims.expired",
            Self::Expiring => "press.claims.expiring",
            Self::Valid => "press.claims.valid",
        })
    }
}

/// A release that says something.
struct LinkView {
    title: String,
    href: String,
}

struct ClaimView {
    says: String,
    evidence: String,
    checked: String,
    until: String,
    class: &'static str,
    standing: String,
    releases: Vec<LinkView>,
}

/// A number that was told: in a release, or where somebody says that they used it.
struct UseView {
    on: String,
    release: LinkView,
    /// Where it was used beside the release; empty for the release itself.
    place: String,
    figure: String,
    words: String,
}

#[derive(Template)]
#[template(path = "staff/claims.html")]
struct ClaimsPage<'a> {
    page: &'a Page,
    about: String,
    shows: Vec<OptionView>,
    claims: Vec<ClaimView>,
    uses: Vec<UseView>,
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    super::workflow(&page).ok_or(Oops::NotFound)?;
    let viewer = me.viewer();
    let releases = app.store().known_releases((&page.pack, &viewer), LISTED).await?;
    let wanted = Standing::ALL.into_iter().find(|standing| standing.code() == asked.show);
    let option = |standing: Standing| {
        OptionView::new(standing.code(), standing.name(&page), wanted == Some(standing))
    };
    let all = OptionView::new("", page.t("press.claims.all"), wanted.is_none());
    let mut uses: Vec<UseView> = releases.iter().flat_map(|one| uses(&page, one)).collect();
    uses.sort_by(|a, b| b.on.cmp(&a.on));
    page.show(&ClaimsPage {
        about: page
            .tf("press.claims.about", &[("n", &LISTED.to_string()), ("days", &SOON.to_string())]),
        shows: std::iter::once(all).chain(Standing::ALL.map(option)).collect(),
        claims: claims(&page, &releases, wanted),
        uses,
        page: &page,
    })
}

fn link(release: &Release, signed: &SignedText) -> LinkView {
    LinkView { title: signed.title.clone(), href: format!("/releases/{}", release.number) }
}

/// What tells entries apart, in the order of the list: those without an end last, then by the end.
type EntryKey<'a> = (bool, Option<Date>, &'a str, &'a str);

/// Each entry once with all releases that rest on it, the one that runs out first before the others.
fn claims(page: &Page, releases: &[Release], wanted: Option<Standing>) -> Vec<ClaimView> {
    let mut entries: BTreeMap<EntryKey<'_>, (&Claim, Vec<LinkView>)> = BTreeMap::new();
    for release in releases {
        for signed in &release.signed {
            for claim in &signed.claims {
                let key = (claim.until.is_none(), claim.until, &*claim.says, &*claim.evidence);
                let (_, used) = entries.entry(key).or_insert_with(|| (claim, Vec::new()));
                let link = link(release, signed);
                if !used.iter().any(|one| one.href == link.href) {
                    used.push(link);
                }
            }
        }
    }
    let day = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
    let view = |(claim, releases): (&Claim, Vec<LinkView>)| {
        let standing = Standing::of(claim.until, page.today());
        let view = ClaimView {
            says: claim.says.clone(),
            evidence: claim.evidence.clone(),
            checked: day(claim.checked_on),
            until: day(claim.until),
            class: if standing == Standing::Valid { "" } else { " state-wait" },
            standing: standing.name(page).to_owned(),
            releases,
        };
        wanted.is_none_or(|wanted| wanted == standing).then_some(view)
    };
    entries.into_values().filter_map(view).collect()
}

/// What a release told by itself, and where somebody says that they used it.
fn uses(page: &Page, release: &Release) -> Vec<UseView> {
    let mut all = Vec::new();
    for signed in &release.signed {
        let on = signed.edition.published.map_or(String::new(), |at| when(page, at));
        for filled in &signed.edition.places {
            let Some(value) = signed.values.get(filled.number) else { continue };
            let figure = page.pack.figures.get(&value.figure);
            let name = figure.map_or(value.figure.as_str(), |f| page.either(&f.name, &f.en));
            all.push(UseView {
                on: on.clone(),
                release: link(release, signed),
                place: String::new(),
                figure: format!("{name} · {} · {}", page.unit(&value.unit), value.period),
                words: filled.said.clone(),
            });
        }
    }
    if let Some(last) = release.signed.last() {
        all.extend(release.uses.iter().map(|one| UseView {
            on: one.on.clone(),
            release: link(release, last),
            place: one.place.clone(),
            figure: String::new(),
            words: one.words.clone(),
        }));
    }
    all
}
