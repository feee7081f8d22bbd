//! For every rule: snippets that break it, with the line where, and snippets that must pass.
//! A rule without a breaking snippet fails the last test here: a check that cannot fail is none.

use super::{RULES, Tree, check};

/// Rule, file, its text, and the line of the only finding.
const BROKEN: &[(&str, &str, &str, usize)] = &[
    ("head", "crates/web/src/a.rs", "/// A.\nfn a() {}", 1),
    ("head", "xtask/src/a.rs", "", 1),
    ("panic", "crates/web/src/a.rs", "//! A\nfn a() { b().unwrap() }", 2),
    ("panic", "crates/web/src/a.rs", "//! A\n\n  .expect(\"is there\")", 3),
    ("panic", "crates/web/src/a.rs", "//! A\n#[cfg(test)]\nmod t { }\nfn a() { b().unwrap() }", 4),
    ("words", "crates/web/src/a.rs", "//! A\npub struct CaseManager<T>(T);", 2),
    ("words", "crates/web/src/a.rs", "//! A\nmod string_utils;", 2),
    ("words", "crates/web/src/a.rs", "//! A\nenum Dto {}", 2),
    ("words", "crates/web/tests/a.rs", "trait EntityLike {}", 1),
    ("unfinished", "crates/web/src/a.rs", "//! A\nfn a() { todo!() }", 2),
    ("unfinished", "crates/web/src/a.rs", "//! A\nfn a() { dbg!(1); }", 2),
    ("unfinished", "crates/web/src/a.rs", "//! A\nfn a() { std::unimplemented!() }", 2),
    ("unfinished", "crates/web/tests/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}", 2),
    ("unfinished", "crates/web/src/a.rs", "//! A\n// FIXME: later", 2),
    ("unfinished", "crates/web/templates/a.html", "<p>\n<!-- TODO -->", 2),
    ("clock", "crates/web/src/a.rs", "//! A\nfn a() { jiff::Timestamp::now(); }", 2),
    ("clock", "crates/web/tests/a.rs", "fn a() { SystemTime::now(); }", 1),
    ("clock", "crates/store/src/a.rs", "//! A\nconst A: &str = \"SELECT now()\";", 2),
    ("clock", "crates/store/sql/a.sql", "CREATE TABLE a (\nb TEXT DEFAULT CURRENT_TIMESTAMP)", 2),
    ("routes", "crates/web/src/a.rs", "//! A\nfn a() { b\n.route(\"/c\", get(d)) }", 3),
    ("routes", "crates/web/src/a/b.rs", "//! A\nfn a() { b.merge(c) }", 2),
    ("routes", "crates/web/src/a.rs", "//! A\nfn a() { b.nest(\"/c\", d) }", 2),
    ("routes", "crates/web/src/a.rs", "//! A\nfn a() { Router::new() }", 2),
    ("sql", "crates/web/src/a.rs", "//! A\nconst A: &str = \"SELECT id FROM cases\";", 2),
    ("sql", "crates/web/src/a.rs", "//! A\nconst A: &str = \"\n  update cases set a = 1\";", 3),
    ("sql", "crates/web/src/a.rs", "//! A\nuse rusqlite::Connection;", 2),
    ("sql", "crates/web/sql/a.sql", "", 1),
    ("names", "crates/web/src/a.rs", "//! A\n// as in 济南", 2),
    ("names", "crates/web/text/en.toml", "\"a\" = \"Welcome to ZiBo\"", 1),
    ("names", "crates/web/static/jinan.bin", "", 1),
    ("docs", "docs/A.md", "See\n`crates/web/src/gone.rs`.", 2),
    ("docs", "README.md", "Copy packs/gone/<city>.", 1),
    ("docs", "docs/decisions/0001-a.md", "[why](../gone.md#here)", 1),
    ("inline", "crates/web/templates/a.html", "<p>\n<b\n style=\"color:red\">", 2),
    ("inline", "crates/web/templates/a.html", "<script>alert(1)</script>", 1),
    ("inline", "crates/web/templates/a.html", "<style>p{}</style>", 1),
    (
        "inline",
        "crates/web/templates/a.html",
        "<a {% if b == \">\" %}x{% endif %} onclick='c()'>",
        1,
    ),
    ("inline", "crates/web/templates/a.html", "<a href=\" javascript:a()\">", 1),
    ("inline", "crates/web/templates/a.html", "<img src=\"https://example.org/a.png\">", 1),
    ("inline-rust", "crates/web/src/a.rs", "//! A\nconst A: &str = \"<g style=\\\"a\\\">\";", 2),
    ("keys", "crates/web/templates/a.html", "<h1>\n{{ t(\"a.gone\") }}", 2),
    ("keys", "crates/web/templates/a.html", "{{ text.tf(\"a.gone\", 1) }}", 1),
    ("keys", "crates/web/src/a.rs", "//! A\nfn a() { text.t(\"a.gone\"); }", 2),
    ("languages", "crates/web/text/en.toml", "\"a.title\" = \"A\"\n\"a.new\" = \"New\"", 2),
    ("languages", "crates/web/text/en.toml", "\"a.title\" = \"A\"\n\"a.title\" = \"B\"", 2),
    ("languages", "crates/web/text/en.toml", "[a]\n\"a.title\" = \"A\"", 1),
    ("languages", "crates/web/text/en.toml", "\"a.title\" = \"\"", 1),
    ("migrations", "crates/store/migrations/sqlite/0003_c.sql", "", 1),
    ("migrations", "crates/store/migrations/sqlite/0001_b.sql", "", 1),
    ("migrations", "crates/store/migrations/sqlite/first.sql", "", 1),
    ("migrations", "crates/store/migrations/sqlite/0002_only_here.sql", "", 1),
    ("lockfiles", "e2e/package-lock.json", "{\n  \"resolved\": \"https://example.org/a.tgz\"", 2),
    ("skipped", "e2e/a.test.mjs", "test('a', () => {});\ntest.skip('b', () => {});", 2),
    ("skipped", "islands/a.test.ts", "test('a', { only: true }, () => {});", 1),
    ("allow", "xtask/tidy/allow.txt", "# why\nclock crates/web/src/fine.rs no longer asks", 2),
    ("allow", "xtask/tidy/allow.txt", "names crates/web/src/fine.rs a name is never excused", 1),
    ("allow", "xtask/tidy/allow.txt", "clock crates/web/src/fine.rs", 1),
];

/// Files that look like trouble and are none.
const FINE: &[(&str, &str)] = &[
    (
        "crates/web/src/fine.rs",
        "//! A\nfn a() { b.unwrap_or(1); expect(2); \"todo!() .unwrap()\"; }",
    ),
    ("crates/web/src/tests_inside.rs", "//! A\n#[cfg(test)]\nmod t { fn a() { b().unwrap() } }"),
    (
        "crates/web/src/lib.rs",
        "//! A\n// .unwrap() here is only told about\n#[cfg(test)]\nmod far;",
    ),
    ("crates/web/src/far.rs", "//! A\nfn a() { b().expect(\"in a test\"); }"),
    ("crates/web/src/far/deep.rs", "//! A\nfn a() { b().unwrap() }"),
    ("crates/web/tests/a.rs", "fn a() { b().unwrap(); run(\"DELETE FROM events WHERE id = 1\"); }"),
    ("crates/testkit/src/lib.rs", "//! A\nfn a() { b().unwrap() }"),
    ("crates/web/src/words.rs", "//! A\nstruct Management; struct Utility; fn helper() {}"),
    ("crates/web/src/sql.rs", "//! A\nconst A: &str = \"Select a file, then go on\";"),
    (
        "crates/web/src/key.rs",
        "//! A\n// t(\"a.gone\")\nfn a() { text.t(\"a.title\"); format(\"b\"); }",
    ),
    ("crates/web/src/routes.rs", "//! A\nfn a() { Router::new().route(\"/c\", d) }"),
    ("crates/web/src/unit.rs", "//! A\nfn a() { pack.routing.route(pack, b) }"),
    ("crates/testkit/src/gate.rs", "//! A\nfn a() { Router::new().route(\"/c\", d) }"),
    ("crates/store/src/lib.rs", "//! A\nuse rusqlite::Row;\nconst A: &str = \"SELECT a FROM b\";"),
    ("crates/store/migrations/sqlite/0001_a.sql", "CREATE TABLE a (b TEXT);"),
    ("crates/store/migrations/postgres/0001_a.sql", "CREATE TABLE a (b TEXT);"),
    ("crates/web/text/zh-Hans.toml", "# 页面\n\"a.title\" = \"{count} 件\"\n"),
    ("crates/web/text/en.toml", "\"a.title\" = \"\"\"\n{count} cases\"\"\"\n"),
    (
        "crates/web/templates/fine.html",
        "<p class=\"{% if a == \"b\" %}on{% endif %}\" data-style=\"x\">{{ t(\"a.title\") }} style=</p>\n\
         <script src=\"/static/a.js\"></script><script type=\"application/ld+json\">{}</script>\n\
         <a href=\"https://example.org/\">there</a><!-- <b style=\"x\"> --> {{ get(\"a\") }} 1 < 2",
    ),
    (
        "docs/FINE.md",
        "`crates/web/src/lib.rs:12`, crates/<name>/src, packs/*/texts, docs/decisions/NNNN-*.md,\n\
         https://example.org/docs/elsewhere, [up](../README.md#top), [out](https://example.org)",
    ),
    ("docs/decisions/0000-a.md", "Pictures land in `e2e/shots/`."),
    ("packs/jinan/pack.toml", "name = \"济南\" # TODO is a word here"),
    ("e2e/package-lock.json", "{ \"funding\": { \"url\": \"https://example.org\" } }"),
    ("README.md", "See docs/."),
];

/// The fine tree with one file put in, or put in place of its namesake.
fn tree_with(path: &str, text: &str) -> Tree {
    let mut files: Vec<(&str, &str)> =
        FINE.iter().copied().filter(|(own, _)| *own != path).collect();
    files.push((path, text));
    Tree::of(&files)
}

#[test]
fn what_is_fine_passes_every_rule() {
    assert_eq!(check(&Tree::of(FINE)), []);
}

#[test]
fn what_is_broken_is_found_by_its_own_rule_on_its_line() {
    for (rule, path, text, line) in BROKEN {
        let findings = check(&tree_with(path, text));
        let hit = findings.iter().any(|(found, finding)| {
            found == rule && finding.path == *path && finding.line == *line
        });
        assert!(hit, "`{rule}` is silent about {path}:\n{text}\n{findings:#?}");
    }
}

#[test]
fn only_live_lines_count_towards_the_size() {
    let body = |lines: usize| "fn a() {}\n".repeat(lines);
    let size = |text: &str| {
        let findings = check(&tree_with("crates/web/src/long.rs", text));
        findings.iter().filter(|(rule, _)| *rule == "size").count()
    };
    assert_eq!(size(&format!("//! A\n{}", body(499))), 0);
    assert_eq!(size(&format!("//! A\n{}", body(500))), 1);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", body(600));
    assert_eq!(size(&format!("//! A\n{}{tests}", body(499))), 0);
    assert_eq!(size(&format!("//! A\n{tests}{}", body(500))), 1);
}

#[test]
fn an_excuse_covers_its_rule_and_its_file_alone() {
    let asks = "//! A\nfn a() { Timestamp::now(); b().unwrap() }";
    let mut files = FINE.to_vec();
    files.extend([
        ("crates/cli/src/main.rs", asks),
        ("crates/cli/src/other.rs", asks),
        (super::ALLOW_FILE, "clock crates/cli/src/main.rs the program's edge asks once"),
    ]);
    let found: Vec<(&str, String)> =
        check(&Tree::of(&files)).into_iter().map(|(rule, it)| (rule, it.path)).collect();
    let (main, other) = ("crates/cli/src/main.rs".to_owned(), "crates/cli/src/other.rs".to_owned());
    assert_eq!(found, [("panic", main), ("panic", other.clone()), ("clock", other)]);
}

#[test]
fn every_rule_has_a_snippet_that_breaks_it() {
    for rule in RULES.iter().filter(|rule| rule.name != "size") {
        assert!(BROKEN.iter().any(|(broken, ..)| *broken == rule.name), "{}", rule.name);
    }
}
