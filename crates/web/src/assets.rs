//! Static files, embedded in the binary, and the islands: scripts that were built beside it, or
//! none.

use crate::routes::{Access, Routes};
use axum::{
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// Name, media type, content.
const FILES: &[(&str, &str, &[u8])] = &[
    ("xiaohe.css", "text/css; charset=utf-8", include_bytes!("../static/xiaohe.css")),
    ("logo.svg", "image/svg+xml", include_bytes!("../static/logo.svg")),
    ("lotus.svg", "image/svg+xml", include_bytes!("../static/lotus.svg")),
    ("icons.svg", "image/svg+xml", include_bytes!("../static/icons.svg")),
];

/// Name, version, content of each built island.
const ISLANDS: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/islands.rs"));

const SCRIPT: &str = "text/javascript; charset=utf-8";
/// A day, not for good: these names carry no version, and an update must reach old phones.
const A_DAY: &str = "public, max-age=86400";
/// The version in the address changes with the content.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Where the script of an island is, with its version; nothing when it was not built.
pub(crate) fn script(island: &str) -> Option<String> {
    let (name, version, _) =
        ISLANDS.iter().find(|(name, _, _)| name.strip_suffix(".js") == Some(island))?;
    Some(format!("/static/{name}?v={version}"))
}

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, "/static/{name}", get(file))
}

async fn file(Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (kind, life, body) = if let Some((_, kind, body)) = FILES.iter().find(|f| f.0 == name) {
        (*kind, A_DAY, *body)
    } else if let Some((_, version, body)) = ISLANDS.iter().find(|i| i.0 == name) {
        let asked = query.as_deref().and_then(|q| q.strip_prefix("v="));
        (SCRIPT, if asked == Some(version) { FOR_GOOD } else { A_DAY }, *body)
    } else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, life)], body).into_response()
}
