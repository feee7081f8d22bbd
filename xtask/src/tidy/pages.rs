//! Rules about pages: nothing inline that the content security policy would refuse.
//!
//! Reads templates as far as tags, quotes and template marks go; it never judges the page's sense.

use super::Finding;
use super::code::live_sources;
use super::rust::is_word;
use super::tree::{Tree, has_ending};

/// No inline style, script or handler in a template.
pub fn inline(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pages = tree
        .under("crates/web/templates/")
        .filter(|(path, _)| has_ending(path, &["html", "svg", "xml", "txt"]));
    for (path, text) in pages {
        for tag in tags(text) {
            findings.extend(tag.inline().map(|advice| Finding::new(path, tag.line, advice)));
        }
    }
    findings
}

/// The same for the few places where the web crate writes a tag itself.
pub fn inline_in_rust(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = live_sources(tree);
    for (path, source) in sources.iter().filter(|(path, _)| path.starts_with("crates/web/")) {
        for (at, text) in source.live_quoted() {
            for tag in tags(&text.replace("\\\"", "\"")) {
                findings.extend(tag.inline().map(|advice| Finding::new(path, at, advice)));
            }
        }
    }
    findings
}

struct Tag {
    /// Where it opens, from 1.
    line: usize,
    name: String,
    /// Its attributes by name, with what stands in their quotes.
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn inline(&self) -> Option<String> {
        let value = |name: &str| {
            let found = self.attributes.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.as_str())
        };
        if self.name == "style" {
            return Some("`<style>`: put it into the style sheet".into());
        }
        // Data blocks are not run, so the policy lets them stand.
        let data = value("type").is_some_and(|kind| kind.ends_with("json"));
        if self.name == "script" && value("src").is_none() && !data {
            return Some("inline `<script>`: make it an island with a `src`".into());
        }
        for (name, value) in &self.attributes {
            if name == "style" {
                return Some("`style=`: use a class".into());
            }
            if name.len() > 2 && name.starts_with("on") {
                return Some(format!("`{name}=`: let an island listen, found by `data-*`"));
            }
            if value.trim_start().to_ascii_lowercase().starts_with("javascript:") {
                return Some(format!("`{name}` holds a script: link to a page that works without"));
            }
            let loads = name == "src" || (name == "href" && self.name == "link");
            if loads && ["http:", "https:", "//"].iter().any(|it| value.starts_with(it)) {
                return Some(format!("`{name}` loads from elsewhere: serve it from this program"));
            }
        }
        None
    }
}

/// Every opening tag of a page, template marks left out.
fn tags(text: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        if let Some(end) = rest.strip_prefix("<!--").and_then(|it| it.find("-->")) {
            at = start + 4 + end;
            continue;
        }
        at = start + 1;
        if rest[1..].starts_with(|char: char| char.is_ascii_alphabetic()) {
            let (tag, length) = read_tag(rest);
            let line = text[..start].matches('\n').count() + 1;
            tags.push(Tag { line, ..tag });
            at = start + length;
        }
    }
    tags
}

/// The tag at the start of `text`, and its length in bytes.
fn read_tag(text: &str) -> (Tag, usize) {
    let name: String = text[1..].chars().take_while(|&it| is_word(it) || it == '-').collect();
    let mut at = 1 + name.len();
    let mut attributes: Vec<(String, String)> = Vec::new();
    while let Some(char) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(length) = template_mark(rest) {
            at += length;
        } else if char == '>' {
            at += 1;
            break;
        } else if is_attribute(char) {
            let own: String = rest.chars().take_while(|&it| is_attribute(it)).collect();
            at += own.len();
            let (value, length) = read_value(&text[at..]);
            at += length;
            attributes.push((own.to_ascii_lowercase(), value));
        } else {
            at += char.len_utf8();
        }
    }
    (Tag { line: 0, name: name.to_ascii_lowercase(), attributes }, at)
}

fn is_attribute(char: char) -> bool {
    is_word(char) || "-:@.".contains(char)
}

/// The value of the attribute whose name has just been read, if `= …` follows.
fn read_value(text: &str) -> (String, usize) {
    let trimmed = text.trim_start();
    let Some(rest) = trimmed.strip_prefix('=') else { return (String::new(), 0) };
    let rest = rest.trim_start();
    let lead = text.len() - rest.len();
    let quote = rest.chars().next().filter(|&it| it == '"' || it == '\'');
    let mut at = usize::from(quote.is_some());
    let mut value = String::new();
    while let Some(char) = rest[at..].chars().next() {
        if let Some(length) = template_mark(&rest[at..]) {
            at += length;
            continue;
        }
        let ends = quote.map_or(char.is_whitespace() || char == '>', |quote| char == quote);
        if ends {
            return (value, lead + at + usize::from(quote.is_some()));
        }
        value.push(char);
        at += char.len_utf8();
    }
    (value, lead + at)
}

/// The length of the template mark that starts here; quotes inside it are not the page's.
fn template_mark(text: &str) -> Option<usize> {
    let marks = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
    let (_, close) = marks.into_iter().find(|(open, _)| text.starts_with(open))?;
    Some(text.find(close).map_or(text.len(), |end| end + close.len()))
}
