//! The configuration of the city as people read it: workflows, categories, units, roles, clocks
//! and routing. Everything comes from the checked pack; nothing can be changed here.

mod clocks;
mod flow;
mod messages;
mod moving;
pub(crate) mod processing;
mod units;

use crate::{
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::{self, GradeView},
};
use askama::Template;
use axum::{response::Response, routing::get};
use domain::pack::{Category, Grant, Level, RouteTo, Rule, Sight};

pub(crate) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .add(Access::Staff, "/setup", get(index))
        .add(Access::Staff, "/setup/categories", get(categories))
        .add(Access::Staff, "/setup/roles", get(roles))
        .add(Access::Staff, "/setup/routing", get(routing));
    let routes = flow::routes(routes);
    let routes = units::routes(routes);
    let routes = moving::routes(routes);
    let routes = messages::routes(routes);
    let routes = processing::routes(routes);
    clocks::routes(routes)
}

struct TileView {
    name: String,
    href: String,
    note: String,
}

#[derive(Template)]
#[template(path = "staff/setup.html")]
struct IndexPage<'a> {
    page: &'a Page,
    version: String,
    flows: Vec<TileView>,
    tiles: Vec<TileView>,
}

/// How many there are of something, in words.
fn counted(page: &Page, key: &str, n: usize) -> String {
    page.tf(key, &[("n", &n.to_string())])
}

/// The version line above every page of the configuration.
fn version(page: &Page) -> String {
    page.tf(
        "setup.version",
        &[("city", page.either(&page.pack.name, &page.pack.en)), ("version", &page.pack.version)],
    )
}

async fn index(page: Page, me: LoggedIn) -> Result<Response, Oops> {
    let pack = &page.pack;
    let flows = pack.workflows.values().map(|flow| TileView {
        name: page.either(&flow.name, &flow.en).to_owned(),
        href: format!("/setup/workflows/{}", flow.code),
        note: page.tf(
            "setup.flow_note",
            &[
                ("states", &flow.states.len().to_string()),
                ("actions", &flow.actions.len().to_string()),
            ],
        ),
    });
    let tile = |name: &str, path: &str, key: &str, n: usize| TileView {
        name: page.t(name).to_owned(),
        href: format!("/setup/{path}"),
        note: counted(&page, key, n),
    };
    let mut tiles = vec![
        tile("setup.categories", "categories", "setup.categories_n", pack.categories.len()),
        tile("setup.units", "units", "setup.units_n", pack.units.iter().count()),
        tile("setup.roles", "roles", "setup.roles_n", pack.roles.len()),
        tile("setup.clocks", "clocks", "setup.years_n", pack.work_time.calendar().years().count()),
        tile("setup.routing", "routing", "setup.rules_n", pack.routing.rules.len()),
        TileView {
            name: page.t("send.title").to_owned(),
            href: "/setup/messages".to_owned(),
            note: page.t("send.note").to_owned(),
        },
        TileView {
            name: page.t("dry.title").to_owned(),
            href: "/setup/routing/dry-run".to_owned(),
            note: page.t("dry.note").to_owned(),
        },
    ];
    tiles.extend(moving::tile(&page, &me));
    tiles.extend(processing::tiles(&page, &me));
    page.show(&IndexPage { page: &page, version: version(&page), flows: flows.collect(), tiles })
}

#[expect(clippy::struct_excessive_bools, reason = "a category is marked in four ways")]
struct CategoryView {
    code: String,
    name: String,
    group: bool,
    grade: GradeView,
    sensitive: bool,
    public: bool,
    emergency: bool,
    advice: String,
}

#[derive(Template)]
#[template(path = "staff/setup_categories.html")]
struct CategoriesPage<'a> {
    page: &'a Page,
    version: String,
    categories: Vec<CategoryView>,
}

async fn categories(page: Page, _: LoggedIn) -> Result<Response, Oops> {
    let all = &page.pack.categories;
    let view = |one: &Category| {
        let above = one.code.get(..2).filter(|p| *p != one.code).and_then(|p| all.get(p));
        // Advice that is handed down is said once, at the group.
        let told = above.is_some_and(|a| a.advice == one.advice);
        CategoryView {
            code: one.code.clone(),
            name: page.either(&one.name, &one.en).to_owned(),
            group: above.is_none(),
            grade: GradeView::new(&page, &one.grade),
            sensitive: one.sensitive,
            public: one.public,
            emergency: one.emergency,
            advice: if told {
                String::new()
            } else {
                page.either(&one.advice, &one.advice_en).to_owned()
            },
        }
    };
    let categories = all.values().map(view).collect();
    page.show(&CategoriesPage { page: &page, version: version(&page), categories })
}

/// One row of the access table.
struct GrantView {
    role: String,
    code: String,
    held: String,
    standings: String,
    of: String,
    sees: [SightView; 5],
    may: String,
}

struct SightView {
    class: &'static str,
    label: String,
    word: String,
}

#[derive(Template)]
#[template(path = "staff/setup_roles.html")]
struct RolesPage<'a> {
    page: &'a Page,
    version: String,
    rows: Vec<GrantView>,
}

/// The name of a level of the administration.
fn level_name(page: &Page, level: Level) -> &str {
    page.t(match level {
        Level::City => "setup.level.city",
        Level::County => "setup.level.county",
        Level::Town => "setup.level.town",
        Level::Village => "setup.level.village",
    })
}

async fn roles(page: Page, _: LoggedIn) -> Result<Response, Oops> {
    let sight = |part: &str, sight: Sight| {
        let (class, key) = match sight {
            Sight::Full => ("state", "setup.sight.full"),
            Sight::Masked => ("state state-wait", "setup.sight.masked"),
            Sight::None => ("state state-end", "setup.sight.none"),
        };
        SightView { class, label: page.t(part).to_owned(), word: page.t(key).to_owned() }
    };
    let words = |key: &str, codes: Vec<&str>| {
        let word = |code: &&str| page.t(&format!("{key}.{code}")).to_owned();
        let words: Vec<String> = codes.iter().map(word).collect();
        words.join(page.t("board.comma"))
    };
    // Residents and the program itself hold no office; what they see is decided elsewhere.
    let held = page.pack.roles.values().filter(|r| !r.kinds.is_empty());
    let rows = held.flat_map(|role| {
        let levels: Vec<&str> = role.levels.iter().map(|l| level_name(&page, *l)).collect();
        let view = |grant: &Grant| GrantView {
            role: page.either(&role.name, &role.en).to_owned(),
            code: role.code.clone(),
            held: levels.join(page.t("board.comma")),
            standings: words("standing", grant.standings.iter().map(|s| s.code()).collect()),
            of: words("sensitivity", grant.of.iter().map(|s| s.code()).collect()),
            sees: [
                sight("setup.identity", grant.sees.identity),
                sight("setup.contact", grant.sees.contact),
                sight("setup.story", grant.sees.story),
                sight("setup.evidence", grant.sees.evidence),
                sight("setup.reporter", grant.sees.reporter),
            ],
            may: words("right", grant.may.iter().map(|r| r.code()).collect()),
        };
        role.grants.iter().map(view).collect::<Vec<_>>()
    });
    let rows = rows.collect();
    page.show(&RolesPage { page: &page, version: version(&page), rows })
}

struct RuleView {
    place: usize,
    name: String,
    when: String,
    to: String,
    co: String,
    why: String,
}

#[derive(Template)]
#[template(path = "staff/setup_routing.html")]
struct RoutingPage<'a> {
    page: &'a Page,
    version: String,
    rules: Vec<RuleView>,
}

async fn routing(page: Page, _: LoggedIn) -> Result<Response, Oops> {
    let rules = page.pack.routing.rules.iter().enumerate().map(|(at, rule)| RuleView {
        place: at + 1,
        name: page.either(&rule.name, &rule.en).to_owned(),
        when: conditions(&page, rule),
        to: target(&page, &rule.to),
        co: rule
            .co
            .iter()
            .map(|to| target(&page, to))
            .collect::<Vec<_>>()
            .join(page.t("board.comma")),
        why: page.either(&rule.why, &rule.why_en).to_owned(),
    });
    page.show(&RoutingPage { page: &page, version: version(&page), rules: rules.collect() })
}

/// What a rule asks of a case, in words.
fn conditions(page: &Page, rule: &Rule) -> String {
    let comma = page.t("board.comma");
    let part = |key: &str, names: Vec<String>| {
        (!names.is_empty()).then(|| page.tf(key, &[("list", &names.join(comma))]))
    };
    let categories = rule.category.iter().map(|c| view::category_name(page, c)).collect();
    let region =
        |code: &String| page.pack.regions.get(code).map_or(code.clone(), |r| r.name.clone());
    let areas = rule.area.iter().map(region).collect();
    let grades = rule.risk.iter().map(|g| GradeView::new(page, g).name).collect();
    let channels = rule.channel.iter().map(|c| channel_name(page, c)).collect();
    let parts = [
        part("setup.rule.category", categories),
        part("setup.rule.area", areas),
        part("setup.rule.grade", grades),
        part("setup.rule.channel", channels),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    if said.is_empty() {
        page.t("setup.rule.any").to_owned()
    } else {
        said.join(page.t("setup.and"))
    }
}

/// The name of a channel.
pub(super) fn channel_name(page: &Page, code: &str) -> String {
    let channel = page.pack.channels.get(code);
    channel.map_or_else(|| code.to_owned(), |c| page.either(&c.name, &c.en).to_owned())
}

/// A kind of unit on a level, by the example of one that exists.
fn target(page: &Page, to: &RouteTo) -> String {
    let unit = page.pack.units.iter().find(|u| u.kind == to.kind && u.level == to.level);
    let region = unit.and_then(|u| page.pack.regions.get(&u.region));
    let region = match region {
        Some(city) if city.code == page.pack.regions.root() => {
            page.either(&city.name, &page.pack.en)
        }
        other => other.map_or("", |r| r.name.as_str()),
    };
    let short = unit.map_or(to.kind.as_str(), |u| page.unit(&u.code));
    let name = short.strip_prefix(region).unwrap_or(short).trim_start();
    page.tf("setup.rule.to", &[("level", level_name(page, to.level)), ("kind", name)])
}
