//! Looks at the head of a file and decides what it is and in which encoding.
//!
//! The content decides, never the name: offices rename files. Only text whose content allows two
//! readings is decided by the name.

use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::fault::SheetFault;
use crate::hanzi;
use crate::lines::Ending;

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8 without a byte order mark; plain ASCII too.
    Utf8,
    /// UTF-8 with a byte order mark, as spreadsheet programs write it.
    Utf8Bom,
    /// UTF-16, low byte first, with a byte order mark ("Unicode text").
    Utf16Le,
    /// UTF-16, high byte first, with a byte order mark.
    Utf16Be,
    /// GB 18030, which holds GBK and GB 2312.
    Gb18030,
    /// Big5 with the Hong Kong characters.
    Big5,
}

impl Encoding {
    /// The name to show, as in the WHATWG Encoding Standard.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 (BOM)",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Gb18030 => "GB18030",
            Self::Big5 => "Big5",
        }
    }

    pub(crate) fn rules(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 | Self::Utf8Bom => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Gb18030 => GB18030,
            Self::Big5 => BIG5,
        }
    }
}

/// What the head of a file says.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A zip file; whether it is a workbook is seen inside.
    Archive,
    Json(Reading),
    Delimited(Reading, char),
}

/// How to read a text file.
#[derive(Debug)]
pub(crate) struct Reading {
    pub encoding: Encoding,
    pub ending: Ending,
    /// The decoded head; its last line may be cut.
    pub head: String,
}

/// `whole` says whether the head is the whole file.
pub(crate) fn kind(head: &[u8], whole: bool, file_name: &str) -> Result<Kind, SheetFault> {
    const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Archive);
    }
    if head.starts_with(OLE) {
        return Err(SheetFault::OldWorkbook);
    }
    if head.starts_with(b"%PDF-") {
        return Err(SheetFault::Binary);
    }
    let reading = text(head, whole)?;
    let start = reading.head.trim_start();
    if start.is_empty() && whole {
        return Err(SheetFault::Empty);
    }
    let lower: String = start.chars().take(16).collect::<String>().to_ascii_lowercase();
    if ["<html", "<!doctype", "<?xml", "<table", "<meta"].iter().any(|tag| lower.starts_with(tag)) {
        return Err(SheetFault::Markup);
    }
    let extension = Path::new(file_name).extension().unwrap_or_default().to_ascii_lowercase();
    let named_json = ["jsonl", "ndjson", "json"].iter().any(|name| extension == *name);
    if start.starts_with('[')
        && (named_json || start.get(1..).unwrap_or_default().trim_start().starts_with('{'))
    {
        return Err(SheetFault::JsonArray);
    }
    if start.starts_with('{')
        && (named_json || start.get(1..).unwrap_or_default().trim_start().starts_with('"'))
    {
        return Ok(Kind::Json(reading));
    }
    let delimiter = delimiter(&reading.head, extension == "tsv");
    Ok(Kind::Delimited(reading, delimiter))
}

fn text(head: &[u8], whole: bool) -> Result<Reading, SheetFault> {
    let encoding = encoding(head, whole)?;
    let head = decode(encoding, head, whole);
    let controls = head
        .chars()
        .filter(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1a}'))
        .count();
    if head.contains('\0') || controls * 100 > head.len() {
        return Err(SheetFault::Binary);
    }
    let ending =
        if head.contains('\r') && !head.contains('\n') { Ending::Return } else { Ending::Feed };
    Ok(Reading { encoding, ending, head })
}

fn encoding(head: &[u8], whole: bool) -> Result<Encoding, SheetFault> {
    for (mark, encoding) in [
        (&[0xef, 0xbb, 0xbf][..], Encoding::Utf8Bom),
        (&[0xff, 0xfe][..], Encoding::Utf16Le),
        (&[0xfe, 0xff][..], Encoding::Utf16Be),
    ] {
        if head.starts_with(mark) {
            return Ok(encoding);
        }
    }
    if head.contains(&0) {
        return Err(SheetFault::Binary);
    }
    if !decode(Encoding::Utf8, head, whole).contains('\u{fffd}') {
        return Ok(Encoding::Utf8);
    }
    let detected = {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(head, whole);
        detector.guess(None, Utf8Detection::Allow)
    };
    // The detector is good on long text and guesses on a name and a telephone number. So the
    // decoding that reads like Chinese wins, and the detector only settles a draw.
    let best = [Encoding::Gb18030, Encoding::Big5, Encoding::Utf8]
        .into_iter()
        .map(|encoding| {
            let reading = hanzi::weigh(&decode(encoding, head, whole));
            (reading.score(), encoding.rules() == detected, reading, encoding)
        })
        // The first of equals stays: GB 18030 is the likeliest by far.
        .reduce(|best, next| if (next.0, next.1) > (best.0, best.1) { next } else { best });
    match best {
        Some((_, _, reading, encoding)) if reading.is_plausible() => Ok(encoding),
        _ => Err(SheetFault::UnknownEncoding),
    }
}

fn decode(encoding: Encoding, bytes: &[u8], whole: bool) -> String {
    let mut decoder = encoding.rules().new_decoder_with_bom_removal();
    let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(0);
    let mut text = String::with_capacity(room);
    // A character cut by the end of the head is no mistake: `last` is false then.
    let _ = decoder.decode_to_string(bytes, &mut text, whole);
    text
}

/// The mark that cuts the first lines into equally many cells. A mark that merely stands in the
/// prose of some cell stands there unevenly.
fn delimiter(head: &str, named_tsv: bool) -> char {
    const LINES: usize = 20;
    let preferred = if named_tsv { '\t' } else { ',' };
    let lines = unquoted_lines(head, LINES);
    let mut best = ((0, false, 0), preferred);
    for mark in ['\t', ',', ';', '|'] {
        let counts: Vec<usize> = lines
            .iter()
            .map(|line| line.matches(mark).count())
            .filter(|count| *count > 0)
            .collect();
        let alike = |count: &usize| counts.iter().filter(|other| *other == count).count();
        let Some(most) = counts.iter().map(alike).max() else { continue };
        let rank = (most, mark == preferred, counts.iter().sum());
        if rank > best.0 {
            best = (rank, mark);
        }
    }
    best.1
}

/// The first rows without what stands between quotation marks.
fn unquoted_lines(head: &str, most: usize) -> Vec<String> {
    let mut quoted = false;
    let mut lines = vec![String::new()];
    for c in head.chars() {
        match (c, lines.last_mut()) {
            ('"', _) => quoted = !quoted,
            ('\n' | '\r', Some(line)) if !quoted && !line.is_empty() => {
                if lines.len() >= most {
                    break;
                }
                lines.push(String::new());
            }
            (_, Some(line)) if !quoted => line.push(c),
            _ => {}
        }
    }
    lines
}
