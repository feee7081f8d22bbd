//! From one row of a table to the wish to open a case. A reason never holds what a cell says: it
//! ends in a report that people pass on.

use super::words::Lexicon;
use domain::{
    field::{self, Checked, Raw, Why},
    pack::Pack,
    workflow::{FieldUse, Workflow},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};
use sheets::{Mapping, Moment, parse_moment};

/// The longest summary; what is longer moves into the story.
const SUMMARY_CHARS: usize = 80;

/// What every row is read with.
pub struct Reading<'a> {
    /// The city.
    pub pack: &'a Pack,
    /// The workflow of appeals.
    pub flow: &'a Workflow,
    /// Words of the city.
    pub lexicon: &'a Lexicon,
    /// Which column holds which field.
    pub mapping: &'a Mapping,
    /// Channel of rows that name none.
    pub channel: &'a str,
    /// The instant of the import.
    pub now: Timestamp,
}

/// A row that can be taken.
#[derive(Debug)]
pub struct Ready {
    /// What was filled in.
    pub given: Checked,
    /// When the appeal was made.
    pub opened: Timestamp,
    /// It was made in a year without holiday data, and is opened now instead.
    pub redated: bool,
    /// The number in the other system, or a hash of the content.
    pub number: String,
}

impl Reading<'_> {
    /// Reads a row.
    ///
    /// # Errors
    /// Why the row cannot be taken, without what its cells say.
    pub fn row(&self, cells: &[String]) -> Result<Ready, String> {
        let whole = cells.join("\n");
        let simple = self.lexicon.simplified(&whole).map(|_| {
            let convert = |cell: &String| self.lexicon.simplified(cell).unwrap_or(cell.clone());
            cells.iter().map(convert).collect::<Vec<_>>()
        });
        let cells = simple.as_deref().unwrap_or(cells);
        let (opened, redated) = self.opened(cells)?;
        let raw = self.raw(cells)?;
        let given = field::check(self.pack, self.flow, &self.flow.opening.fields, &raw)
            .map_err(|faults| reasons(&faults))?;
        let number =
            self.cell(cells, "external_number").map_or_else(|| digest(&whole), str::to_owned);
        Ok(Ready { given, opened, redated, number })
    }

    fn cell<'c>(&self, cells: &'c [String], field: &str) -> Option<&'c str> {
        self.mapping.cell(cells, field).filter(|cell| !self.lexicon.is_blank(cell))
    }

    fn raw(&self, cells: &[String]) -> Result<Raw, String> {
        let mut raw = Raw::new();
        let mut set = |field: &str, value: String| {
            // A city may ask for less than this program knows.
            if self.asks(field) {
                raw.insert(field.to_owned(), vec![value]);
            }
        };
        for field in ["external_number", "contact_name", "contact_phone", "safe_contact"] {
            if let Some(cell) = self.cell(cells, field) {
                set(field, cell.to_owned());
            }
        }
        let channel = self.cell(cells, "channel").and_then(|c| self.lexicon.channel(self.pack, c));
        set("channel", channel.unwrap_or_else(|| self.channel.to_owned()));
        let category = self.cell(cells, "category");
        if let Some(code) = category.and_then(|c| self.lexicon.category(self.pack, c)) {
            set("category", code);
        }
        let (summary, narrative) = self.story(cells)?;
        set("summary", summary);
        if !narrative.is_empty() {
            set("narrative", narrative);
        }
        let (place, address) = self.place(cells);
        if let Some(place) = place {
            set("place", place);
        }
        if let Some(address) = address {
            set("address", address);
        }
        let relation = self.cell(cells, "relation");
        if let Some(value) = relation.and_then(|c| self.lexicon.choice("relation", c)) {
            set("relation", value.to_owned());
        }
        if self.cell(cells, "anonymous").is_some_and(|c| self.lexicon.is_yes(c)) {
            set("anonymous", "yes".to_owned());
        }
        if let Some(cell) = self.cell(cells, "external_due") {
            let due = parse_moment(cell).map_err(|e| format!("external_due: {e}"))?;
            set("external_due", date_of(due).ok_or("external_due: no such day")?.to_string());
        }
        Ok(raw)
    }

    fn asks(&self, field: &str) -> bool {
        self.flow.opening.fields.iter().any(|one: &FieldUse| one.code == field)
    }

    /// Summary and story. A row with only one of them has the summary made of it.
    fn story(&self, cells: &[String]) -> Result<(String, String), String> {
        let summary = self.cell(cells, "summary").map(|s| s.replace(['\r', '\n', '\t'], " "));
        let narrative = self.cell(cells, "narrative").unwrap_or_default().replace('\t', " ");
        let Some(summary) = summary.or_else(|| first_sentence(&narrative)) else {
            return Err("neither summary nor narrative is filled in".to_owned());
        };
        if summary.chars().count() <= SUMMARY_CHARS {
            return Ok((summary, narrative));
        }
        let mut short: String = summary.chars().take(SUMMARY_CHARS - 1).collect();
        short.push('…');
        let narrative = if narrative.contains(&summary) {
            narrative
        } else {
            format!("{summary}\n{narrative}")
        };
        Ok((short, narrative.trim_end().to_owned()))
    }

    /// The division, and the address. A division that the city does not know stays readable as
    /// part of the address.
    fn place(&self, cells: &[String]) -> (Option<String>, Option<String>) {
        let address = self.cell(cells, "address").map(str::to_owned);
        let Some(cell) = self.cell(cells, "place") else { return (None, address) };
        match self.lexicon.place(self.pack, cell) {
            Some(code) => (Some(code), address),
            None => (None, Some(format!("{cell}{}", address.unwrap_or_default()))),
        }
    }

    /// When it was made, unless that lies in the future; and whether it could not be kept.
    fn opened(&self, cells: &[String]) -> Result<(Timestamp, bool), String> {
        let Some(cell) = self.cell(cells, "created_at") else { return Ok((self.now, false)) };
        let moment = parse_moment(cell).map_err(|e| format!("created_at: {e}"))?;
        let at = self.instant(moment).ok_or("created_at: no such time")?;
        if at > self.now {
            return Ok((self.now, false));
        }
        let year = self.pack.date_of(at).year();
        let known = self.pack.work_time.calendar().years().any(|y| y == year);
        Ok(if known { (at, false) } else { (self.now, true) })
    }

    fn instant(&self, m: Moment) -> Option<Timestamp> {
        let part = |n: u8| i8::try_from(n).ok();
        let (hour, minute, second) = (part(m.hour)?, part(m.minute)?, part(m.second)?);
        let civil = DateTime::from_parts(
            date_of(m)?,
            jiff::civil::Time::new(hour, minute, second, 0).ok()?,
        );
        let offset = match m.offset_minutes {
            None => self.pack.work_time.offset(),
            Some(minutes) => Offset::from_seconds(i32::from(minutes) * 60).ok()?,
        };
        offset.to_timestamp(civil).ok()
    }
}

fn date_of(m: Moment) -> Option<Date> {
    let year = i16::try_from(m.year).ok()?;
    Date::new(year, i8::try_from(m.month).ok()?, i8::try_from(m.day).ok()?).ok()
}

fn first_sentence(text: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let ends = |c: char| matches!(c, '。' | '！' | '？' | '!' | '?' | '\n' | '；');
    let first = text.split(ends).map(str::trim).find(|s| !s.is_empty())?;
    if first.chars().count() <= LONGEST {
        return Some(first.to_owned());
    }
    let mut short: String = first.chars().take(LONGEST - 1).collect();
    short.push('…');
    Some(short)
}

/// The number of a row that has none: the same content is the same row.
fn digest(content: &str) -> String {
    format!("#{:032x}", u128::from_be_bytes(store::digest(content)))
}

fn reasons(faults: &[field::FieldFault]) -> String {
    let one = |fault: &field::FieldFault| {
        let why = match fault.why {
            Why::Missing => "is missing".to_owned(),
            Why::TooLong { max } => format!("has more than {max} characters"),
            Why::NotAnOption => "is not one of the options".to_owned(),
            Why::NotADate => "is not a date".to_owned(),
            Why::NotATime => "is not a time of day".to_owned(),
            Why::NotANumber { min, max } => format!("is not a number from {min} to {max}"),
            Why::NotAPhone => "is not a telephone number".to_owned(),
            Why::Unknown => "is not asked for".to_owned(),
            Why::Unreadable => "has unreadable characters".to_owned(),
        };
        format!("{} {why}", fault.field)
    };
    faults.iter().map(one).collect::<Vec<_>>().join("; ")
}
