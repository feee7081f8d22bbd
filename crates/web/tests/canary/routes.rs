//! Which requests the walk sends on each route. A route of the table that is not here stops the
//! walk: whoever adds a route says how a secret could come out of it.

#![allow(clippy::match_same_arms, reason = "one line a route, in the order of the table")]

use crate::ground::Ask;
use axum::http::Method;
use domain::pack::Pack;
use serde_json::json;

/// Stands where the number of a case is filled in.
pub const NUMBER: &str = "⟦number⟧";
/// Where a piece of a secret is.
pub const WORD: &str = "⟦word⟧";
/// The same where something is looked for: there every piece is tried.
pub const QUERY: &str = "⟦query⟧";
/// Where the token of a request is.
pub const TOKEN: &str = "⟦token⟧";

/// Units whose boards are looked at.
const BOARDS: [&str; 6] =
    ["hotline-9901", "wf-9901", "wf-990101", "wf-990101001", "wf-990121", "police-990101"];

/// What really exists beside the cases that are tried.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Some account.
    pub account: i64,
    /// The number of a case of the control group.
    pub control: String,
    /// The secret receipt of nobody.
    pub receipt: String,
}

/// The requests of a route; none when the route is not in the walk.
pub fn asks(pack: &Pack, facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    public(facts, route)
        .or_else(|| lists(pack, facts, route))
        .or_else(|| numbers(pack, facts, route))
        .or_else(|| cases(facts, route))
        .or_else(|| administration(pack, facts, route))
        .or_else(|| programs(pack, facts, route))
}

/// A form that is not taken, because it does not carry the secret of the session.
fn forged(route: &str) -> Ask {
    Ask::get(route).by(Method::POST)
}

/// What anybody and whoever appealed may ask for.
fn public(facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    let word = &[("summary", WORD), ("narrative", WORD), ("contact_name", WORD)];
    Some(match route {
        "/news" | "/news/feed" => vec![Ask::get(route)],
        "/news/{number}" => {
            vec![Ask::get(format!("/news/{NUMBER}")), Ask::get(format!("/news/{}", facts.control))]
        }
        "/" | "/about" | "/privacy" | "/accessibility" | "/healthz" | "/readyz" | "/metrics"
        | "/leave" | "/my" | "/projects/public" => vec![Ask::get(route)],
        "/look" => vec![Ask::get("/look?lang=en"), Ask::get("/look?lang=zh-Hans&to=/desk")],
        "/static/{name}" => vec![Ask::get("/static/xiaohe.css"), Ask::get("/static/none")],
        "/help" => vec![
            Ask::get(route),
            Ask::post(route, word),
            Ask::post(route, &[("step", "area"), ("find", WORD), ("contact_phone", WORD)]),
        ],
        "/track" => vec![
            Ask::get(route),
            Ask::post(route, &[("number", NUMBER), ("receipt", &facts.receipt)]),
        ],
        "/my/copy" | "/my/copy/docx" | "/my/copy/json" | "/my/copy/zip" => vec![Ask::get(route)],
        "/my/rights/{right}" => vec![forged("/my/rights/copy"), forged("/my/rights/none")],
        "/my/{action}" => vec![forged("/my/rate"), forged("/my/none")],
        "/my/papers/{ordinal}" => vec![Ask::get("/my/papers/1"), Ask::get("/my/papers/9")],
        "/my/papers/{ordinal}/docx" => vec![Ask::get("/my/papers/1/docx")],
        _ => return None,
    })
}

/// Lists, searches and counts of staff.
fn lists(pack: &Pack, facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    Some(match route {
        "/login" => vec![Ask::get(route), forged(route)],
        "/login/passkey"
        | "/login/passkey/new"
        | "/login/provider"
        | "/login/provider/back"
        | "/me/passkeys"
        | "/me/passkeys/remove"
        | "/me/provider"
        | "/me/provider/unbind" => {
            vec![Ask::get(route), forged(route)]
        }
        "/login/pledge" | "/login/code" | "/login/factor" | "/login/password" | "/login/unlock" => {
            vec![Ask::get(route), forged(route)]
        }
        "/logout" | "/me/password" | "/me/codes" | "/me/devices" | "/me/absence" | "/me/lock"
        | "/me/home" => {
            vec![forged(route)]
        }
        "/me" | "/notices" | "/board" | "/exports" | "/traces" | "/traces/mine" => {
            vec![Ask::get(route)]
        }
        "/desk/export" => ["xlsx", "csv"]
            .iter()
            .flat_map(|form| pack.workflows.keys().map(move |flow| (form, flow)))
            // Nobody may take out more than some twenty lists, and the walk looks twice: each in one
            // form, that of the appeals as a workbook.
            .filter(|(form, flow)| (**form == "xlsx") == (*flow == "appeal"))
            .map(|(form, flow)| {
                Ask::post(route, &[("form", form), ("flow", flow), ("own", "area")])
            })
            .collect(),
        // The files that were made are fetched by the names that the list gives them.
        "/exports/{export}" => vec![Ask::get("/exports/none")],
        "/desk" => desk(pack),
        "/desk/bulk" => ["archive", "sign", "dispatch", "to_triage"]
            .map(|action| {
                let fields = [("flow", "appeal"), ("action", action), ("pick", NUMBER)];
                Ask::post(route, &fields)
            })
            .into(),
        "/board/{unit}" => BOARDS.map(|unit| Ask::get(format!("/board/{unit}"))).into(),
        "/visits" => vec![Ask::get(route), Ask::get("/visits?flow=appeal")],
        "/new/{workflow}" => {
            let each = pack.workflows.keys().flat_map(|flow| {
                let path = format!("/new/{flow}");
                let fields = [("summary", WORD), ("contact_phone", WORD)];
                [Ask::get(path.as_str()), Ask::post(path, &fields)]
            });
            each.collect()
        }
        "/call" => vec![
            Ask::get(route),
            Ask::post(route, &[("do", "register"), ("contact_phone", WORD), ("category", "x")]),
        ],
        "/call/check" => vec![
            Ask::get(route),
            Ask::post(route, &[("contact_phone", QUERY), ("category", "0101")]),
            Ask::post(route, &[("contact_name", WORD), ("summary", WORD), ("address", WORD)]),
        ],
        "/search" => vec![
            Ask::get(route),
            Ask::post(route, &[("q", QUERY)]),
            Ask::post(route, &[("q", NUMBER)]),
        ],
        "/traces/tag" => vec![Ask::get(format!("{route}?tag={WORD}"))],
        "/traces/people/{account}" => {
            vec![Ask::get(format!("/traces/people/{}", facts.account))]
        }
        _ => return None,
    })
}

/// Figures, reports, projects and releases.
fn numbers(pack: &Pack, facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    Some(match route {
        "/figures" | "/figures/board.xlsx" | "/figures/board.docx" => {
            let units = BOARDS.map(|unit| Ask::get(format!("{route}?unit={unit}")));
            [Ask::get(route)].into_iter().chain(units).collect()
        }
        "/figures/{figure}/table.xlsx" | "/figures/{figure}/table.docx" => {
            let path = |figure: &str| route.replace("{figure}", figure);
            let ask = |figure: &str| format!("{}?unit=wf-9901&period=2025", path(figure));
            pack.figures.iter().map(|figure| Ask::get(ask(&figure.code))).collect()
        }
        // One, because nobody may take out more than some twenty lists: that of the appeals.
        "/figures/{figure}/records" => {
            let path = route.replace("{figure}", "appeals_received");
            vec![Ask::post(path, &[("unit", ""), ("period", "2025")])]
        }
        "/figures/{figure}" => {
            let periods = ["2025-03", "2025", "to-2025-03"];
            let each = pack.figures.iter().flat_map(|figure| {
                let code = &figure.code;
                periods.map(|p| Ask::get(format!("/figures/{code}?unit=wf-9901&period={p}")))
            });
            each.collect()
        }
        "/reports" => vec![Ask::get(route), Ask::get("/reports?form=monthly&period=2025-03")],
        "/projects" => vec![Ask::get(route), Ask::get("/projects?unit=wf-990101")],
        "/releases" => vec![Ask::get(route)],
        "/releases/claims" => vec![Ask::get(route), Ask::get("/releases/claims?show=expired")],
        "/releases/try" => vec![
            Ask::get(route),
            Ask::post(route, &[("text", WORD), ("day", "2025-03-08")]),
            Ask::post(
                route,
                &[("text", "今年收到诉求{appeals_received 2025}"), ("day", "2025-03-08")],
            ),
        ],
        "/releases/{number}" => vec![
            Ask::get(format!("/releases/{NUMBER}")),
            Ask::get(format!("/releases/{}", facts.control)),
        ],
        _ => return None,
    })
}

/// The work list with every filter that it knows.
fn desk(pack: &Pack) -> Vec<Ask> {
    let mut all = vec![Ask::get("/desk")];
    for (code, flow) in &pack.workflows {
        for own in ["area", "unit", "mine", "tasks"] {
            all.push(Ask::get(format!("/desk?flow={code}&own={own}")));
        }
        for state in &flow.states {
            all.push(Ask::get(format!("/desk?flow={code}&own=area&state={}", state.code)));
        }
    }
    for filter in ["light=red", "grade=orange", "category=01", "category=0201", "unit=wf-990101"] {
        all.push(Ask::get(format!("/desk?flow=appeal&own=area&{filter}")));
    }
    all
}

/// Single cases.
fn cases(facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    let at = |rest: &str| format!("/cases/{NUMBER}{rest}");
    Some(match route {
        "/cases/{number}" => vec![
            Ask::get(at("")),
            Ask::get(at("")).by(Method::HEAD),
            Ask::get(at("?done=note")),
            Ask::get(format!("/cases/{}", facts.control)),
        ],
        "/cases/{number}/{action}" => {
            let mut all: Vec<Ask> = ["note", "take", "register", "none"]
                .map(|action| {
                    Ask::post(at(&format!("/{action}")), &[("note", "记录"), ("version", "1")])
                })
                .into();
            // The number of another case in a form of a case that one may see.
            let merge = format!("/cases/{}/merge", facts.control);
            all.push(Ask::post(merge, &[("main", NUMBER), ("version", "1")]));
            all
        }
        "/cases/{number}/files/{seq}/{n}" => {
            ["/files/1/0", "/files/2/0", "/files/99/0"].map(|f| Ask::get(at(f))).into()
        }
        "/cases/{number}/papers/{ordinal}" => {
            vec![Ask::get(at("/papers/1")), Ask::post(at("/papers/1"), &[])]
        }
        "/cases/{number}/papers/{ordinal}/docx" => vec![Ask::get(at("/papers/1/docx"))],
        "/cases/{number}/copy" => vec![Ask::get(at("/copy"))],
        "/cases/{number}/copy/docx" => vec![Ask::get(at("/copy/docx"))],
        "/cases/{number}/copy/json" => vec![Ask::get(at("/copy/json"))],
        "/cases/{number}/copy/zip" => vec![Ask::get(at("/copy/zip"))],
        "/cases/{number}/rights" => vec![Ask::get(at("/rights"))],
        "/cases/{number}/rights/ask/{right}" => vec![Ask::post(at("/rights/ask/copy"), &[])],
        "/cases/{number}/rights/{wish}" => {
            vec![Ask::post(at("/rights/1"), &[]), Ask::post(at("/rights/compare"), &[("id", "1")])]
        }
        "/cases/{number}/readers" => vec![Ask::get(at("/readers"))],
        "/cases/{number}/figures" => vec![Ask::get(at("/figures"))],
        "/cases/{number}/figures/form.xlsx" => vec![Ask::get(at("/figures/form.xlsx"))],
        "/cases/{number}/figures/{freezing}/{n}" => {
            vec![Ask::get(at("/figures/0/0")), Ask::get(at("/figures/0/0?sample=1"))]
        }
        "/cases/{number}/why" => {
            vec![Ask::get(at("/why")), Ask::get(at("/why?who=operator-0%40hotline-9901"))]
        }
        "/cases/{number}/reveal" => ["contact_name", "contact_phone", "none"]
            .map(|field| Ask::post(at("/reveal"), &[("seq", "1"), ("field", field)]))
            .into(),
        "/cases/{number}/secrecy" => vec![Ask::get(at("/secrecy"))],
        "/cases/{number}/secrecy/{what}" => ["unseal", "bar", "judge", "ask", "none"]
            .map(|what| {
                Ask::post(at(&format!("/secrecy/{what}")), &[("who", "9"), ("reason", "试")])
            })
            .into(),
        "/glass" => vec![
            Ask::get(route),
            // Without a reason it is not taken; with one, see `same::glass`.
            Ask::post(route, &[("number", NUMBER), ("why", "danger_to_life")]),
        ],
        _ => return None,
    })
}

/// What administrators set up, and what everybody may look up about the city.
fn administration(pack: &Pack, facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    let account = facts.account;
    Some(match route {
        "/people" => vec![Ask::get(route), Ask::post(route, &[("q", WORD)])],
        "/people/new" | "/setup/moving" => vec![Ask::get(route), forged(route)],
        "/people/{account}" => vec![Ask::get(format!("/people/{account}"))],
        "/people/{account}/{what}" => ["close", "roles", "hand", "absence", "home", "none"]
            .map(|what| forged(&format!("/people/{account}/{what}")))
            .into(),
        "/setup"
        | "/setup/categories"
        | "/setup/roles"
        | "/setup/routing"
        | "/setup/clocks"
        | "/setup/workflows"
        | "/setup/units"
        | "/setup/messages"
        | "/people/pledges"
        | "/setup/certificates"
        | "/setup/processing" => {
            vec![Ask::get(route)]
        }
        "/setup/certificates/{number}" => vec![Ask::get("/setup/certificates/1")],
        "/setup/messages/retry" => vec![forged(route)],
        "/setup/units/{code}" => {
            ["wf-9901", "wf-990101"].map(|u| Ask::get(format!("/setup/units/{u}"))).into()
        }
        "/setup/workflows/{code}" => {
            pack.workflows.keys().map(|f| Ask::get(format!("/setup/workflows/{f}"))).collect()
        }
        "/setup/workflows/{code}/picture.svg" => {
            let path = |f: &String| Ask::get(format!("/setup/workflows/{f}/picture.svg"));
            pack.workflows.keys().map(path).collect()
        }
        "/setup/routing/dry-run" => vec![
            Ask::get(route),
            Ask::get("/setup/routing/dry-run?category=0101&place=990101001000&grade=yellow"),
        ],
        _ => return None,
    })
}

/// What programs may ask.
fn programs(pack: &Pack, facts: &Facts, route: &str) -> Option<Vec<Ask>> {
    let api = |rest: &str| format!("/api/v1/cases/{NUMBER}{rest}");
    Some(match route {
        "/api/openapi.json" | "/api/v1/categories" | "/api/v1/demo/accounts" => {
            vec![Ask::get(route)]
        }
        "/api/v1/appeals" => vec![Ask::json(
            route,
            json!({ "channel": "none", "category": "x", "summary": WORD,
                "contact": { "name": WORD, "phone": WORD } }),
        )],
        "/api/v1/appeals/track" => {
            vec![Ask::get(format!("{route}?number={NUMBER}&receipt={}", facts.receipt))]
        }
        "/api/v1/sessions" => vec![forged(route)],
        "/api/v1/sessions/current" => vec![],
        "/api/v1/cases" => vec![
            Ask::get(route),
            Ask::get(format!("{route}?q={QUERY}")),
            Ask::get(format!("{route}?q={NUMBER}")),
            Ask::get(format!("{route}?state=handling")),
            Ask::get(format!("{route}?unit=wf-990101&light=green")),
            Ask::json(route, json!({ "workflow": "appeal", "fields": { "summary": WORD } })),
        ],
        "/api/v1/cases/{number}" => vec![
            Ask::get(api("")),
            Ask::get(api("")).by(Method::HEAD),
            Ask::get(format!("/api/v1/cases/{}", facts.control)),
        ],
        "/api/v1/cases/{number}/reveal" => {
            vec![Ask::json(api("/reveal"), json!({ "version": 1, "field": "contact_phone" }))]
        }
        "/api/v1/cases/{number}/secrecy" => vec![Ask::get(api("/secrecy"))],
        "/api/v1/cases/{number}/secrecy/{what}" => ["unseal", "bar", "judge-right", "ask", "none"]
            .map(|deed| {
                let body = json!({ "who": ["9"], "reason": "试" });
                Ask::json(api(&format!("/secrecy/{deed}")), body)
            })
            .into(),
        "/api/v1/cases/{number}/actions/{action}" => vec![
            Ask::json(api("/actions/note"), json!({ "note": "记录" })),
            Ask::json(api("/actions/none"), json!({})),
            Ask::json(
                format!("/api/v1/cases/{}/actions/merge", facts.control),
                json!({ "main": NUMBER }),
            ),
        ],
        _ => return open311(pack, route),
    })
}

fn open311(_pack: &Pack, route: &str) -> Option<Vec<Ask>> {
    let both = |path: &str| {
        ["xml", "json"].map(|form| Ask::get(format!("/open311/v2/{path}.{form}"))).to_vec()
    };
    Some(match route {
        "/open311/discovery.xml"
        | "/open311/discovery.json"
        | "/open311/v2/discovery.xml"
        | "/open311/v2/discovery.json"
        | "/open311/v2/services.xml"
        | "/open311/v2/services.json" => vec![Ask::get(route)],
        "/open311/v2/services/{code}" => both("services/suggestion"),
        "/open311/v2/requests.xml" | "/open311/v2/requests.json" => vec![
            Ask::get(route),
            Ask::get(format!("{route}?status=open")),
            Ask::get(format!("{route}?service_request_id={NUMBER}")),
            Ask::post(route, &[("service_code", "none"), ("description", WORD)]),
        ],
        "/open311/v2/requests/{id}" => both(&format!("requests/{NUMBER}")),
        "/open311/v2/tokens/{token}" => both(&format!("tokens/{TOKEN}")),
        _ => return None,
    })
}
