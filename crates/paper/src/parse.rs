//! Reads the TOML of a template and names every mistake with its line and what to do.
//!
//! It decides which keys and kinds exist. It goes on after a mistake, so that an officer sees all
//! of them at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::template::{Fault, Form, Template};
use crate::text::{Braces, Locator, Text};

const KINDS: &str = "heading, salutation, paragraph, table, figures, signature, note";

pub(crate) fn template(source: &str, file: &str) -> Result<Template, Vec<Fault>> {
    // Editors on Windows put a byte order mark in front.
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let (document, errors) = DeTable::parse_recoverable(source);
    let mut reading = Reading { source, file, faults: Vec::new() };
    for error in errors {
        let line = error.span().map_or(1, |span| reading.line(&span));
        reading.fault(
            line,
            format!("this is not valid TOML: {}", error.message()),
            "close every quote and bracket; put a text of several lines between \"\"\" and \"\"\"",
        );
    }
    if reading.faults.is_empty() {
        let template = reading.document(document.get_ref());
        if let (Some(template), true) = (template, reading.faults.is_empty()) {
            return Ok(template);
        }
    }
    let mut faults = reading.faults;
    faults.sort_by_key(|fault| fault.line);
    Err(faults)
}

struct Reading<'s> {
    source: &'s str,
    file: &'s str,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn document(&mut self, table: &DeTable<'_>) -> Option<Template> {
        self.refuse_other_keys(table, &["code", "title", "en", "header", "number", "block"]);
        let code = self.code(table);
        let title = self.text(table, "title", Braces::Double, 1);
        // A single town may do without; a pack asks for it.
        let en = table.get("en").and_then(|_| self.string(table, "en", 1));
        let header = self.text(table, "header", Braces::Double, 1);
        let number = self.text(table, "number", Braces::Single, 1);
        let blocks = self.blocks(table);
        Some(Template {
            code: code?,
            file: self.file.to_owned(),
            title: title?,
            en: en.map(|(name, _)| name).unwrap_or_default(),
            header: header?,
            number: number?,
            blocks: blocks?,
        })
    }

    fn code(&mut self, table: &DeTable<'_>) -> Option<String> {
        let (value, span) = self.string(table, "code", 1)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if value.chars().all(plain) {
            return Some(value);
        }
        let line = self.line(&span);
        self.fault(
            line,
            format!("the code {value:?} has other characters than letters and digits"),
            "use small letters, digits, _ and - only, for example code = \"acceptance\"",
        );
        None
    }

    fn blocks(&mut self, table: &DeTable<'_>) -> Option<Vec<Form>> {
        let entries = table.get("block").and_then(|value| value.get_ref().as_array());
        let Some(entries) = entries.filter(|entries| !entries.is_empty()) else {
            self.fault(1, "the template has no block", "add at least one [[block]] with a kind");
            return None;
        };
        // Every block is read before the first failure counts, so that all faults are found.
        let forms: Vec<Option<Form>> = entries.iter().map(|entry| self.block(entry)).collect();
        forms.into_iter().collect()
    }

    fn block(&mut self, entry: &Spanned<DeValue<'_>>) -> Option<Form> {
        let line = self.line(&entry.span());
        let Some(table) = entry.get_ref().as_table() else {
            self.fault(line, "a block is not a table", "write [[block]] on a line of its own");
            return None;
        };
        let (kind, span) = self.string(table, "kind", line)?;
        let keys: &[&str] = match kind.as_str() {
            "table" => &["kind", "rows"],
            "figures" => &["kind"],
            _ => &["kind", "text"],
        };
        self.refuse_other_keys(table, keys);
        let text = |form: fn(Text) -> Form, reading: &mut Self| {
            reading.text(table, "text", Braces::Double, line).map(form)
        };
        match kind.as_str() {
            "heading" => text(Form::Heading, self),
            "salutation" => text(Form::Salutation, self),
            "paragraph" => text(Form::Paragraph, self),
            "signature" => text(Form::Signature, self),
            "note" => text(Form::Note, self),
            "table" => self.rows(table, line).map(Form::Table),
            "figures" => Some(Form::Figures),
            _ => {
                let line = self.line(&span);
                let what = format!("there is no block of the kind {kind:?}");
                self.fault(line, what, format!("use one of: {KINDS}"));
                None
            }
        }
    }

    fn rows(&mut self, table: &DeTable<'_>, block_line: usize) -> Option<Vec<(Text, Text)>> {
        let advice = "write rows = [[\"事项编号\", \"{{case_number}}\"], …]: a label and a value";
        let value = table.get("rows");
        let rows = value.and_then(|value| value.get_ref().as_array());
        let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
            let line = value.map_or(block_line, |value| self.line(&value.span()));
            self.fault(line, "a table has no rows", advice);
            return None;
        };
        let read: Vec<Option<(Text, Text)>> = rows
            .iter()
            .map(|row| {
                let pair = row.get_ref().as_array().map(|cells| cells.iter().collect::<Vec<_>>());
                if let Some([label, value]) = pair.as_deref()
                    && let (Some(label_text), Some(value_text)) =
                        (label.get_ref().as_str(), value.get_ref().as_str())
                {
                    let label = self.read(label_text, &label.span(), Braces::Double);
                    let value = self.read(value_text, &value.span(), Braces::Double);
                    return Some((label?, value?));
                }
                let line = self.line(&row.span());
                self.fault(line, "a row is not a pair of two texts", advice);
                None
            })
            .collect();
        read.into_iter().collect()
    }

    fn text(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        braces: Braces,
        table_line: usize,
    ) -> Option<Text> {
        let (value, span) = self.string(table, key, table_line)?;
        self.read(&value, &span, braces)
    }

    fn read(&mut self, value: &str, span: &Range<usize>, braces: Braces) -> Option<Text> {
        let raw = self.source.get(span.clone()).unwrap_or_default();
        let locator = Locator::new(raw, self.line(span));
        match Text::parse(value, braces, locator, self.file) {
            Ok(text) => Some(text),
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        }
    }

    /// A string that must be there and not blank; a fault otherwise.
    fn string(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        table_line: usize,
    ) -> Option<(String, Range<usize>)> {
        let Some(value) = table.get(key) else {
            let what = format!("`{key}` is missing");
            self.fault(table_line, what, format!("add a line {key} = \"…\""));
            return None;
        };
        let span = value.span();
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some((text.to_owned(), span)),
            other => {
                let line = self.line(&span);
                let what = if other.is_some() { "blank" } else { "not a text" };
                let advice = format!("write it between quotes: {key} = \"…\"");
                self.fault(line, format!("`{key}` is {what}"), advice);
                None
            }
        }
    }

    fn refuse_other_keys(&mut self, table: &DeTable<'_>, allowed: &[&str]) {
        for key in table.keys().filter(|key| !allowed.contains(&key.get_ref().as_ref())) {
            let line = self.line(&key.span());
            let what = format!("`{}` means nothing here", key.get_ref());
            self.fault(line, what, format!("use one of: {}", allowed.join(", ")));
        }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        1 + self.source.get(..span.start).unwrap_or_default().matches('\n').count()
    }

    fn fault(&mut self, line: usize, what: impl Into<String>, advice: impl Into<String>) {
        self.faults.push(Fault::new(self.file, line, what, advice));
    }
}
