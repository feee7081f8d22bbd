//! Decoded text, line by line, in bounded memory.
//!
//! It decides where a line ends. It never stops at bad bytes or at an endless line: the line is
//! marked and the next one is read.

use std::io::{self, Read};

use encoding_rs::Decoder;

use crate::MAX_CELL_BYTES;
use crate::sniff::Encoding;

const CHUNK_BYTES: usize = 64 * 1024;

/// One line without its end.
#[derive(Debug)]
pub(crate) struct Line {
    pub number: u64,
    pub text: String,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Whole,
    /// Longer than the limit; the text is empty.
    TooLong,
    /// Some bytes are no characters of the encoding.
    Unreadable,
}

/// What ends a line. Old Macintosh programs write a carriage return alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Feed,
    Return,
}

pub(crate) struct Lines<'a> {
    source: Box<dyn Read + Send + 'a>,
    decoder: Decoder,
    chunk: Vec<u8>,
    /// Decoded text; what lies before `at` was handed out.
    text: String,
    at: usize,
    ended: bool,
    ending: u8,
    next: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(
        source: Box<dyn Read + Send + 'a>,
        encoding: Encoding,
        ending: Ending,
    ) -> Self {
        Self {
            source,
            decoder: encoding.rules().new_decoder_without_bom_handling(),
            chunk: vec![0; CHUNK_BYTES],
            text: String::new(),
            at: 0,
            ended: false,
            ending: match ending {
                Ending::Feed => b'\n',
                Ending::Return => b'\r',
            },
            next: 1,
        }
    }

    /// The number of the line that comes next.
    pub(crate) const fn next_number(&self) -> u64 {
        self.next
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut too_long = false;
        let mut searched = self.at;
        loop {
            let unseen = self.text.as_bytes().get(searched..).unwrap_or_default();
            if let Some(offset) = unseen.iter().position(|byte| *byte == self.ending) {
                let line = self.take(searched + offset, too_long);
                self.at = searched + offset + 1;
                return Ok(Some(line));
            }
            if self.ended {
                let rest = self.text.len();
                let nothing = self.at == rest && !too_long;
                let line = (!nothing).then(|| self.take(rest, too_long));
                self.at = rest;
                return Ok(line);
            }
            if self.text.len() - self.at > MAX_CELL_BYTES {
                too_long = true;
                self.at = self.text.len();
            }
            self.text.drain(..self.at);
            self.at = 0;
            searched = self.text.len();
            self.fill()?;
        }
    }

    fn take(&mut self, end: usize, too_long: bool) -> Line {
        let number = self.next;
        self.next += 1;
        let mut text = self.text.get(self.at..end).unwrap_or_default();
        text = text.strip_suffix('\r').unwrap_or(text);
        if number == 1 {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        let state = if too_long || text.len() > MAX_CELL_BYTES {
            text = "";
            State::TooLong
        } else if text.contains('\u{fffd}') {
            State::Unreadable
        } else {
            State::Whole
        };
        Line { number, text: text.to_owned(), state }
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = loop {
            match self.source.read(&mut self.chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.ended = read == 0;
        let mut bytes = self.chunk.get(..read).unwrap_or_default();
        loop {
            let room = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(CHUNK_BYTES * 4);
            self.text.reserve(room);
            let (result, used, _) =
                self.decoder.decode_to_string(bytes, &mut self.text, self.ended);
            bytes = bytes.get(used..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}
