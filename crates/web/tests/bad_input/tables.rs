//! Bad paths, questions, headers and values, as data.

use serde_json::{Value, json};

/// Every method that somebody might send.
pub const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"];

/// What may stand where a path has a parameter.
pub const PATHS: [&str; 20] = [
    "%",
    "%zz",
    "%ff%fe",
    "%00",
    "%C4%E3%BA%C3",
    "%ED%A0%80",
    "%E2%80%AE",
    "..",
    "%2e%2e",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cwin.ini",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "'%20OR%201=1--",
    "-1",
    "9223372036854775808",
    "99999999999999999999999999",
    "1e309",
    "%EF%BC%91%EF%BC%92",
    "%0d%0aX-Evil:1",
    "%7B%7B7*7%7D%7D;$(id)",
];

/// What may stand as a value in a question.
pub const VALUES: [&str; 9] = [
    "%00",
    "%ff%C4%E3%BA%C3",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "..%2f..%2fetc%2fpasswd",
    "-9223372036854775809",
    "9223372036854775807_-9223372036854775808",
    "999999999-99-99",
    "2026-02-31T25:61:61Z",
    "//evil.example/%0d%0aX-Evil:1",
];

/// The names under which some route reads a value.
pub const NAMES: [&str; 29] = [
    "q",
    "state",
    "unit",
    "light",
    "cursor",
    "after",
    "grade",
    "category",
    "programme",
    "period",
    "show",
    "year",
    "month",
    "to",
    "from",
    "flow",
    "workflow",
    "lang",
    "large",
    "number",
    "receipt",
    "c",
    "start_date",
    "end_date",
    "service_code",
    "service_request_id",
    "status",
    "jurisdiction_id",
    "action",
];

/// Whole questions.
pub const QUERIES: [&str; 7] =
    ["%", "%zz=%zz", "=&=&&&==", "a[]=1&a[b][c]=2", "q=1&q=2&q=3&year=1&year=2", "?", "%00=%00"];

/// One header each, instead of what the caller would send.
pub const HEADERS: [(&str, &[u8]); 34] = [
    ("host", b"evil.example"),
    ("host", b""),
    ("cookie", b"\xff\xfe"),
    ("cookie", b"staff=../../etc/passwd; pass=%00"),
    ("cookie", b"staff=\xff; pass=\xff; lang=\xff; large=\xff"),
    ("cookie", b";;;===;staff;pass=;lang=../..;large=9"),
    ("cookie", b"pass=9223372036854775808.99999999999999999999.AAAA"),
    ("cookie", b"pass=-1.-1."),
    ("authorization", b""),
    ("authorization", b"Bearer"),
    ("authorization", b"Bearer \xff\xfe"),
    ("authorization", b"Basic ../../:' OR 1=1--"),
    ("accept-language", b"\xff"),
    ("accept-language", b"zh;q=NaN, *;q=9e999, en;q=-1"),
    ("accept", b"\xff"),
    ("accept", b"text/<script>alert(1)</script>"),
    ("accept-encoding", b"gzip;q=abc, \xff, bomb"),
    ("content-type", b""),
    ("content-type", b"\xff"),
    ("content-type", b"multipart/form-data; boundary="),
    ("content-type", b"multipart/form-data; boundary=\"<script>alert(1)</script>"),
    ("content-type", b"application/x-www-form-urlencoded; charset=gb18030"),
    ("content-encoding", b"gzip"),
    ("transfer-encoding", b"chunked, gzip, identity"),
    ("expect", b"200-everything"),
    ("range", b"bytes=0-,-1,99999999999999999999-"),
    ("if-none-match", b"\"\xff"),
    ("if-modified-since", b"Thu, 99 Foo 0000 99:99:99"),
    ("idempotency-key", b"\xff"),
    ("idempotency-key", b"../../<script>alert(1)</script>"),
    ("x-forwarded-for", b"<script>alert(1)</script>, ::1"),
    ("x-http-method-override", b"DELETE"),
    ("upgrade", b"h2c, websocket"),
    ("referer", b"javascript:alert(1)"),
];

/// Values that no field of this kind may have; none for fields that take any words.
pub fn misfits(kind: &str) -> Vec<Value> {
    let long = json!("长".repeat(20_000));
    let mut all = vec![json!("\u{0}"), long, json!({ "a": { "b": [] } }), json!([[1], {}])];
    let words = [
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "=1+1",
        "NaN",
        "-1e309",
        "99999999999999999999",
        "１２",
        "2026-02-31",
        "0000-00-00",
        "+999999-01-01",
        "99999-12-31",
        "2026-1-1T00:00:00Z[Mars/Base]",
    ];
    match kind {
        "line" | "text" => {}
        "flag" => all.extend([json!("maybe"), json!(9e300)]),
        "risk" => all.extend([json!({ "none_such": "yes" }), json!(["x=y"])]),
        _ => all.extend(words.map(Value::from)),
    }
    all
}
