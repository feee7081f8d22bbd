//! Static files, embedded in the binary.

use crate::routes::{Access, Routes};
use axum::{
    extract::Path,
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

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, "/static/{name}", get(file))
}

async fn file(Path(name): Path<String>) -> Response {
    let Some((_, kind, body)) = FILES.iter().find(|(known, _, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // A day, not for good: the names carry no hash, and an update must reach old phones.
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, *body).into_response()
}
