//! Cookies: reading one, and writing one that scripts and other sites cannot use.

use axum::http::{HeaderMap, HeaderValue, header};

/// The value of a cookie.
pub(crate) fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// A cookie that ends with the browser session, or after `seconds`. `Secure` is left to the
/// proxy that terminates TLS, because the program itself speaks plain HTTP on loopback.
pub(crate) fn set(name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
    let life = seconds.map_or(String::new(), |s| format!("; Max-Age={s}"));
    written(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{life}"))
}

/// A cookie that a browser also shows when another site sends it here by a link, below one path and
/// for so many seconds: for somebody who comes back from the provider. It opens nothing by itself.
pub(crate) fn set_across(name: &str, value: &str, (path, seconds): (&str, u32)) -> HeaderValue {
    written(&format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}"))
}

fn written(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("x=; Max-Age=0"))
}
