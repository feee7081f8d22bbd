//! Cookies: reading one, and writing one that scripts and other sites cannot use. Over TLS those
//! that open something carry a prefix by which browsers refuse them from anywhere else.

use crate::edge::Edge;
use axum::http::{HeaderMap, HeaderValue, header};

/// The name under which a browser keeps a cookie.
fn full(edge: &Edge, name: &str) -> String {
    if edge.is_secure() { format!("__Host-{name}") } else { name.to_owned() }
}

/// The value of a cookie.
pub(crate) fn get(edge: &Edge, headers: &HeaderMap, name: &str) -> Option<String> {
    let name = full(edge, name);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// A cookie that ends with the browser session, or after `seconds`. `Secure` only where people come
/// by TLS: the program itself speaks plain HTTP, and a demonstration on loopback has nothing else.
pub(crate) fn set(edge: &Edge, name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
    let life = seconds.map_or(String::new(), |s| format!("; Max-Age={s}"));
    written(
        edge,
        name,
        &format!("={value}; Path=/; HttpOnly; SameSite=Strict{}", secure(edge)),
        &life,
    )
}

/// A cookie that a browser also shows when another site sends it here by a link, for so many seconds:
/// for somebody who comes back from the provider. It opens nothing by itself.
pub(crate) fn set_across(edge: &Edge, name: &str, value: &str, seconds: u32) -> HeaderValue {
    let life = format!("; Max-Age={seconds}");
    written(edge, name, &format!("={value}; Path=/; HttpOnly; SameSite=Lax{}", secure(edge)), &life)
}

fn secure(edge: &Edge) -> &'static str {
    if edge.is_secure() { "; Secure" } else { "" }
}

fn written(edge: &Edge, name: &str, rest: &str, life: &str) -> HeaderValue {
    let text = format!("{}{rest}{life}", full(edge, name));
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("x=; Max-Age=0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_tls_cookies_are_bound_to_this_host() {
        let plain = Edge::default();
        let tls = Edge { address: Some("https://care.example".to_owned()), ..Edge::default() };
        assert_eq!(
            set(&tls, "staff", "t", None),
            "__Host-staff=t; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        let end = set(&plain, "pass", "", Some(0));
        assert_eq!(end, "pass=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "staff=planted; __Host-staff=ours".parse().unwrap());
        assert_eq!(get(&tls, &headers, "staff").as_deref(), Some("ours"));
        assert_eq!(get(&plain, &headers, "staff").as_deref(), Some("planted"));
    }
}
