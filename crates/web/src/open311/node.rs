//! One tree, printed as XML or as JSON, with its parts in the order of the standard.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Known to the standard, and never told here.
    Nothing,
    Text(String),
    Int(u16),
    Flag(bool),
    /// Several of one kind; the name is that of each element in XML.
    List(&'static str, Vec<Node>),
    Map(Vec<(&'static str, Node)>),
}

impl Node {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => to.serialize_none(),
            Self::Text(text) => to.serialize_str(text),
            Self::Int(n) => to.serialize_u16(*n),
            Self::Flag(yes) => to.serialize_bool(*yes),
            Self::List(_, all) => to.collect_seq(all),
            Self::Map(fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// The two forms of every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Xml,
    Json,
}

impl Format {
    /// The form that the end of a path asks for; XML when it does not say.
    pub(super) fn of(path: &str) -> Self {
        match path.rsplit_once('.') {
            Some((_, "json")) => Self::Json,
            _ => Self::Xml,
        }
    }

    /// The last part of a path without the ending that names the form.
    pub(super) fn split(last: &str) -> (&str, Self) {
        let bare = last.strip_suffix(".json").or_else(|| last.strip_suffix(".xml"));
        (bare.unwrap_or(last), Self::of(last))
    }

    /// Prints an answer; `name` is that of the outermost element in XML.
    pub(super) fn print(self, name: &str, node: &Node) -> Response {
        let (kind, body) = match self {
            Self::Json => {
                ("application/json; charset=utf-8", serde_json::to_string(node).unwrap_or_default())
            }
            Self::Xml => {
                let mut body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
                write(&mut body, name, node);
                body.push('\n');
                ("text/xml; charset=utf-8", body)
            }
        };
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

fn write(out: &mut String, name: &str, node: &Node) {
    if *node == Node::Nothing {
        out.extend(["<", name, "/>"]);
        return;
    }
    out.extend(["<", name, ">"]);
    match node {
        Node::Nothing => {}
        Node::Text(text) => escape(out, text),
        Node::Int(n) => out.push_str(&n.to_string()),
        Node::Flag(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Node::List(item, all) => all.iter().for_each(|one| write(out, item, one)),
        Node::Map(fields) => fields.iter().for_each(|(name, value)| write(out, name, value)),
    }
    out.extend(["</", name, ">"]);
}

/// Text that no reader of XML 1.0 takes for a mark; characters that it forbids are left out.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_printed_in_both_forms() {
        let node = Node::List(
            "request",
            vec![Node::Map(vec![
                ("status", Node::text("a<b>&\u{0}c")),
                ("code", Node::Int(404)),
                ("lat", Node::Nothing),
                ("metadata", Node::Flag(true)),
            ])],
        );
        let mut xml = String::new();
        write(&mut xml, "requests", &node);
        let inner = "<status>a&lt;b&gt;&amp;c</status><code>404</code><lat/>\
            <metadata>true</metadata>";
        assert_eq!(xml, format!("<requests><request>{inner}</request></requests>"));
        let json = serde_json::to_string(&node).unwrap();
        assert_eq!(json, r#"[{"status":"a<b>&\u0000c","code":404,"lat":null,"metadata":true}]"#);
    }

    #[test]
    fn the_end_of_the_path_names_the_form() {
        assert_eq!(Format::split("praise.json"), ("praise", Format::Json));
        assert_eq!(Format::split("praise.xml"), ("praise", Format::Xml));
        assert_eq!(Format::split("praise"), ("praise", Format::Xml));
    }
}
