//! Bad bodies: too large, not what they claim to be, wrongly encoded, packed like bombs.

use axum::body::Bytes;
use std::io::{Cursor, Write};
use std::sync::LazyLock;
use zip::{ZipWriter, write::SimpleFileOptions};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const PARTS: &str = "multipart/form-data; boundary=B";

/// What it is, its content type, its bytes.
pub type Sent = (String, &'static str, Bytes);

/// Everything that is tried on one route by somebody whose forms carry this secret.
pub fn all(csrf: &str) -> Vec<Sent> {
    let mut all = forms(csrf);
    all.extend(json());
    all.extend(parts(csrf));
    all.extend(others());
    all
}

static HUGE: LazyLock<Bytes> = LazyLock::new(|| vec![b' '; 53 * 1024 * 1024].into());
static TEN: LazyLock<String> = LazyLock::new(|| "x".repeat(10 * 1024 * 1024));

/// Names of fields that some form has.
const FIELDS: [&str; 24] = [
    "do",
    "step",
    "go",
    "command",
    "version",
    "group",
    "category",
    "summary",
    "narrative",
    "place",
    "county",
    "find",
    "contact_phone",
    "contact_name",
    "anonymous",
    "relation",
    "consent",
    "number",
    "receipt",
    "username",
    "password",
    "flow",
    "action",
    "pick",
];

/// Percent-encoded values that a form may carry.
const VALUES: [&str; 12] = [
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "=HYPERLINK(%22http%3A%2F%2Fevil%22)",
    "..%2F..%2Fetc%2Fpasswd",
    "'%20OR%201%3D1--",
    "%00%07",
    "%zz%",
    "%C4%E3%BA%C3",
    "%ED%A0%80",
    "%FF%FE",
    "99999999999999999999",
    "-1e309",
    "9999-99-99",
];

fn forms(csrf: &str) -> Vec<Sent> {
    let pairs = |value: &str| FIELDS.map(|name| format!("&{name}={value}")).concat();
    let mut all: Vec<(String, String)> =
        VALUES.iter().map(|v| (format!("a form of {v}"), pairs(v))).collect();
    all.extend([
        ("an empty form".to_owned(), String::new()),
        ("5000 fields".to_owned(), "&a=1&b[]=2".repeat(2_500)),
        ("300 KB of a field".to_owned(), format!("&summary={}", "x".repeat(300_000))),
        ("3 MB of a field".to_owned(), format!("&summary={}", "x".repeat(3_000_000))),
        ("10 MB of a field".to_owned(), format!("&summary={}", *TEN)),
        ("signs alone".to_owned(), "&=&&==&%&+".to_owned()),
    ]);
    let form = |(what, rest): (String, String)| (what, FORM, format!("csrf={csrf}{rest}").into());
    let mut all: Vec<Sent> = all.into_iter().map(form).collect();
    all.push(("a form of bytes".to_owned(), FORM, Bytes::from_static(b"\xff\xfe\x00=\xc4\xe3")));
    all.push(("a forged form".to_owned(), FORM, "csrf=x&action=register".into()));
    all.push(("53 MB".to_owned(), FORM, HUGE.clone()));
    all
}

fn json() -> Vec<Sent> {
    let deep = format!("{{\"summary\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"summary\":\"{}\"}}", *TEN);
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"[{},{}]".to_vec(),
        b"\"text\"".to_vec(),
        b"1e999999".to_vec(),
        b"{\"summary\":1e999999}".to_vec(),
        b"{\"summary\":-99999999999999999999999999}".to_vec(),
        b"{\"channel\":\"\\ud800\"}".to_vec(),
        b"{\"channel\":\"\\u0000\"}".to_vec(),
        b"{\"channel\":\"\xc4\xe3\"}".to_vec(),
        b"{\"channel\":\"web\",\"channel\":\"web\"}".to_vec(),
        b"{\"__proto__\":{\"a\":1},\"fields\":{\"constructor\":1}}".to_vec(),
        b"{\"channel\":{},\"category\":[],\"summary\":true,\"contact\":7}".to_vec(),
        b"{\"username\":[],\"password\":{}}".to_vec(),
        b"{\"workflow\":\"../..\",\"fields\":{\"a\":{\"b\":{}}},\"then\":[{}]}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"a\":NaN,\"b\":Infinity}".to_vec(),
        b"{} {}".to_vec(),
        deep.into_bytes(),
        long.into_bytes(),
    ];
    let name =
        |body: &[u8]| format!("JSON {}", String::from_utf8_lossy(&body[..body.len().min(60)]));
    let mut all: Vec<Sent> = bodies.into_iter().map(|b| (name(&b), JSON, b.into())).collect();
    all.push(("53 MB of JSON".to_owned(), JSON, HUGE.clone()));
    all
}

/// One part of a multipart body, with its head as given.
fn part(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n");
    [head.as_bytes(), body, b"\r\n"].concat()
}

fn parts(csrf: &str) -> Vec<Sent> {
    let file =
        |name: &str, body: &[u8]| part(&format!("name=\"files\"; filename=\"{name}\""), body);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("no end", b"--B\r\nnonsense".to_vec()),
        ("a part without a name", part("x=1", b"y")),
        ("a part without a head", b"--B\r\n\r\nx\r\n".to_vec()),
        ("a head without an end", b"--B\r\nContent-Disposition: form-data; name=\"a".to_vec()),
        ("a head of bytes", b"--B\r\n\xff\xfe: \x00\r\n\r\nx\r\n".to_vec()),
        ("GB18030", part("name=\"summary\"", b"\xc4\xe3\xba\xc3")),
        ("a lone surrogate", part("name=\"summary\"", b"\xed\xa0\x80")),
        ("NUL", part("name=\"summary\"", b"a\0b")),
        (
            "a name of bytes",
            [
                &b"--B\r\nContent-Disposition: form-data; name=\""[..],
                b"\xff\xc4",
                b"\"; filename=\"\xe3.png\"\r\n\r\nx\r\n",
            ]
            .concat(),
        ),
        ("ten megabytes of text", part("name=\"summary\"", TEN.as_bytes())),
        ("a thousand parts", part("name=\"a\"", b"1").repeat(1_000)),
        ("a path as a name", file("../../etc/passwd\0.png", b"#!/bin/sh")),
        ("a program as a picture", file("a.jpg", b"MZ\x90\0\x03\0\0\0")),
        ("a page as a picture", file("a.png", b"<html><script>alert(1)</script>")),
        ("a drawing with a script", file("a.svg", b"<svg onload=\"alert(1)\"/>")),
        ("eleven megabytes", file("a.png", &[&*PNG, TEN.as_bytes(), TEN.as_bytes()].concat())),
        ("six files", file("a.png", &PNG).repeat(6)),
        ("a picture of four thousand million points", file("a.png", &PNG)),
        ("a broken picture", file("a.png", &PNG[..20])),
        ("a document packed like a bomb", file("a.docx", &bomb("word/document.xml"))),
        ("a workbook packed like a bomb", file("a.xlsx", &bomb("xl/workbook.xml"))),
    ];
    let whole =
        |body: Vec<u8>| [&part("name=\"csrf\"", csrf.as_bytes())[..], &body, b"--B--\r\n"].concat();
    let named = |(what, body): (&str, Vec<u8>)| (what.to_owned(), PARTS, whole(body).into());
    let mut all: Vec<Sent> = bodies.into_iter().map(named).collect();
    all.push(("53 MB of parts".to_owned(), PARTS, HUGE.clone()));
    all
}

/// A few bytes that claim to be 65,000 points wide and high.
pub static PNG: LazyLock<Vec<u8>> = LazyLock::new(|| picture(65_000, 65_000));

/// A PNG of this size on paper: its head, no points, its end.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 0]);
    let chunk = |kind: &[u8], data: &[u8]| {
        let sum = checksum(&[kind, data].concat()).to_be_bytes();
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], kind, data, &sum].concat()
    };
    let mark = b"\x89PNG\r\n\x1a\n".to_vec();
    [mark, chunk(b"IHDR", &head), chunk(b"IDAT", b""), chunk(b"IEND", b"")].concat()
}

/// CRC-32 as PNG has it.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut sum, byte| {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
        sum
    })
}

/// A hundred megabytes of nothing, packed into a hundred kilobytes.
fn bomb(name: &str) -> Vec<u8> {
    static PACKED: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a/b.xml", SimpleFileOptions::default()).unwrap();
        (0..100).for_each(|_| zip.write_all(&vec![b' '; 1 << 20]).unwrap());
        zip.finish().unwrap().into_inner()
    });
    // What looks into the archive only by its first name sees the kind of document.
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(&PACKED).unwrap();
    zip.finish().unwrap().into_inner()
}

/// The last step of asking for help, with everything filled in.
const APPEAL: &str = "step=review&group=01&category=0101&narrative=x&place=990101001000&anonymous=no\
    &contact_name=x&contact_phone=13800000000&safe_contact=x&relation=self&consent=yes";

fn as_form(what: &str, more: &str) -> Sent {
    (what.to_owned(), FORM, format!("{APPEAL}&{more}").into())
}

fn as_parts(what: &str, more: &[Vec<u8>]) -> Sent {
    let pairs = APPEAL.split('&').filter_map(|pair| pair.split_once('='));
    let mut body: Vec<u8> =
        pairs.flat_map(|(name, v)| part(&format!("name=\"{name}\""), v.as_bytes())).collect();
    body.extend(more.concat());
    body.extend(b"--B--\r\n");
    (what.to_owned(), PARTS, body.into())
}

fn summary(bytes: &[u8]) -> Vec<u8> {
    part("name=\"summary\"", bytes)
}

fn file(name: &str, body: &[u8]) -> Vec<u8> {
    part(&format!("name=\"files\"; filename=\"{name}\""), body)
}

/// Appeals with one thing wrong, and the status of their refusal.
pub fn wrong_appeals() -> Vec<(Sent, u16)> {
    let with =
        |what: &str, files: &[Vec<u8>]| as_parts(what, &[&[summary(b"x")][..], files].concat());
    let small = picture(10, 10);
    let large = [&small[..], TEN.as_bytes()].concat();
    vec![
        (as_form("no summary", ""), 422),
        (as_form("GB18030", "summary=%C4%E3%BA%C3"), 400),
        (as_form("a lone surrogate", "summary=%ED%A0%80"), 400),
        (as_form("NUL", "summary=a%00b"), 422),
        (as_form("10 MB of words", &format!("summary={}", *TEN)), 413),
        (as_parts("GB18030 in parts", &[summary(b"\xc4\xe3\xba\xc3")]), 400),
        (as_parts("a surrogate in parts", &[summary(b"\xed\xa0\x80")]), 400),
        (as_parts("10 MB of words in parts", &[summary(TEN.as_bytes())]), 413),
        (with("65,000 by 65,000 points", &[file("a.png", &PNG)]), 422),
        (with("half a picture", &[file("a.png", &small[..20])]), 422),
        (with("a program", &[file("a.png", b"MZ\x90\0\x03\0\0\0")]), 422),
        (with("a document like a bomb", &[file("a.docx", &bomb("word/document.xml"))]), 422),
        (with("a workbook like a bomb", &[file("a.xlsx", &bomb("xl/workbook.xml"))]), 422),
        (with("six pictures", &vec![file("a.png", &small); 6]), 422),
        (with("more than ten megabytes", &[file("a.png", &large)]), 422),
    ]
}

/// The same with nothing wrong.
pub fn right_appeals() -> Vec<Sent> {
    let tricks = ["../../etc/passwd", "C:\\\\win.ini", "a%0d%0aX-Evil:1.png"];
    let pictures: Vec<Vec<u8>> =
        tricks.iter().map(|name| file(name, &picture(1_000, 1_000))).collect();
    let more = [&[summary("你好".as_bytes())][..], &pictures].concat();
    vec![as_form("a form", "summary=%E4%BD%A0%E5%A5%BD"), as_parts("parts", &more)]
}

fn others() -> Vec<Sent> {
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">\
        <!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&b;&x;</l>";
    [
        ("text", "text/plain", &b"hello"[..]),
        ("XML that laughs", "application/xml", laughs.as_bytes()),
        ("a picture", "image/png", &PNG),
        ("JSON in GB18030", "application/json; charset=gb18030", b"{\"summary\":\"\xc4\xe3\"}"),
        ("parts without a boundary", "multipart/form-data", b"--B--"),
        ("mixed parts", "multipart/mixed; boundary=B", b"--B--"),
        ("nonsense", "a/b/c;;=", b"x"),
    ]
    .map(|(what, kind, body)| (what.to_owned(), kind, Bytes::copy_from_slice(body)))
    .into()
}
