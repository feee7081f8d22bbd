//! The one write path and the read questions, on SQLite and PostgreSQL.
//!
//! Everything that changes a case goes through [`Store::open_case`], [`Store::act`] or
//! [`Store::tick`]; every question about cases takes a [`Viewer`](domain::access::Viewer) and
//! answers with what that viewer may see. Rows never leave this crate raw.

mod account_change;
mod accounts;
mod ahead;
mod answer;
mod board;
mod case_page;
mod certificates;
mod chain;
mod circle;
mod command;
pub mod db;
mod deeds;
mod demonstration;
mod desk;
mod desk_rows;
mod dossier;
mod entry;
mod erase;
mod even;
mod exchanges;
mod expiry;
mod export_pieces;
mod exports;
mod factors;
mod feed;
mod figure_hidden;
mod figure_records;
mod figure_values;
mod figures;
mod freezing;
mod guard;
mod homes;
mod imports;
mod kept;
mod known;
mod let_go;
mod letter;
mod merge;
mod messages;
mod moving;
mod numbers;
mod outbox;
mod passkeys;
mod past_deeds;
mod people;
mod pledges;
mod project;
mod projects;
mod recent;
mod recount;
mod release_numbers;
mod releases;
mod report_openings;
mod reports;
mod request;
mod rewrap;
mod rights;
mod rules;
mod schema;
mod schema_figures;
mod schema_first;
mod schema_keeping;
mod schema_leaving;
mod schema_pieces;
mod schema_proofs;
mod schema_releases;
mod schema_rights;
mod schema_sending;
mod schema_visits;
mod seal;
mod search;
mod sessions;
mod sight;
mod subjects;
mod told;
mod told_numbers;
mod verify;
mod verify_deeds;
mod verify_figures;
mod want;

pub use account_change::AccountChange;
pub use accounts::{Account, FOUND_ACCOUNTS, NewAccount};
pub use answer::{Done, No};
pub use board::{BoardRow, StateCount};
pub use case_page::{CasePage, EntryPage, FilePage};
pub use certificates::Certificate;
pub use deeds::{CaseName, DeedCursor, DeedLine, DeedPage, NOBODY, Record, Whose};
pub use desk::{CasesOf, DeskCase, DeskFilter, DeskPage, Lamp};
pub use dossier::{Attachment, Texts};
pub use exchanges::Exchange;
pub use expiry::{Expiring, ExpiryList, NoExpiry};
pub use export_pieces::{Content, Fetched, Outgoing};
pub use exports::{Export, ExportMark, NewExport, Traced};
pub use factors::{Factor, Proof, RECOVERY_CODES};
pub use feed::{Feed, PublicRequest};
pub use figure_records::{FigureRecord, RecordCase, RecordCursor, RecordPage, may_count};
pub use figure_values::{FigureAsk, FigurePart, FigureValue};
pub use freezing::FrozenAt;
pub use guard::{Guarding, Insider, Revealed};
pub use homes::{Home, SealedHome};
pub use kept::KeptFile;
pub use known::KnownCase;
pub use letter::{Address, Letter};
pub use merge::Cursor;
pub use messages::Message;
pub use moving::{Listed, MoveList, MoveProgress, NoMove};
pub use numbers::{new_command, new_receipt};
pub use outbox::{Audience, Claimed, Fate, SendingStats};
pub use passkeys::{NewPasskey, Passkey};
pub use past_deeds::DeedCertificate;
pub use people::{Absence, Owned};
pub use project::light;
pub use projects::{Project, Reading};
pub use recent::PastCase;
pub use releases::{Release, SignedText, Use};
pub use reports::OnlyCase;
pub use request::{Act, NewCase, Opened};
pub use rewrap::{RewrapStep, Rewrapped};
pub use rights::{Comparison, RightWish};
pub use rules::PastRules;
pub use search::{Found, Hit};
pub use sessions::{Device, Session, Stage};
pub use subjects::Binding;
pub use told::{DeadLetter, OutboxSize, Told, ToldState};
pub use verify::{Report, Trouble};

use db::{Db, Error, Options, Row};
use domain::case::Case;
use numbers::Ids;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, sync::Arc};
use vault::Keys;

/// Every statement that the store may run, so that all can be tried against a database before one
/// is needed.
pub fn statements() -> impl Iterator<Item = &'static db::Stmt> {
    let modules = [
        accounts::STATEMENTS,
        ahead::STATEMENTS,
        board::STATEMENTS,
        case_page::STATEMENTS,
        known::STATEMENTS,
        certificates::STATEMENTS,
        erase::STATEMENTS,
        expiry::STATEMENTS,
        rewrap::STATEMENTS,
        command::STATEMENTS,
        deeds::STATEMENTS,
        demonstration::STATEMENTS,
        desk::STATEMENTS,
        desk_rows::STATEMENTS,
        export_pieces::STATEMENTS,
        exports::STATEMENTS,
        exchanges::STATEMENTS,
        factors::STATEMENTS,
        feed::STATEMENTS,
        figure_hidden::STATEMENTS,
        figure_records::STATEMENTS,
        figure_values::STATEMENTS,
        figures::STATEMENTS,
        freezing::STATEMENTS,
        guard::STATEMENTS,
        homes::STATEMENTS,
        imports::STATEMENTS,
        kept::STATEMENTS,
        let_go::STATEMENTS,
        merge::STATEMENTS,
        messages::STATEMENTS,
        moving::STATEMENTS,
        numbers::STATEMENTS,
        outbox::STATEMENTS,
        passkeys::STATEMENTS,
        past_deeds::STATEMENTS,
        people::STATEMENTS,
        pledges::STATEMENTS,
        projects::STATEMENTS,
        recent::STATEMENTS,
        recount::STATEMENTS,
        releases::STATEMENTS,
        told_numbers::STATEMENTS,
        reports::STATEMENTS,
        request::STATEMENTS,
        rules::STATEMENTS,
        seal::STATEMENTS,
        search::STATEMENTS,
        sessions::STATEMENTS,
        subjects::STATEMENTS,
        told::STATEMENTS,
        verify::STATEMENTS,
        verify_deeds::STATEMENTS,
        verify_figures::STATEMENTS,
    ];
    modules.into_iter().flatten().copied()
}

/// An open store. Clones share it.
#[derive(Clone)]
pub struct Store {
    db: Db,
    keys: Arc<Keys>,
    ids: Arc<Ids>,
    tally: Arc<outbox::Tally>,
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// When the database cannot be reached or is newer than the program.
    pub async fn open(url: &str, keys: Arc<Keys>) -> Result<Self, Error> {
        Self::open_with(url, keys, &Options::default()).await
    }

    /// The same for what is thrown away when its building breaks off: it is durable once it is closed.
    ///
    /// # Errors
    /// When the database cannot be reached or is newer than the program.
    pub async fn open_to_build(url: &str, keys: Arc<Keys>) -> Result<Self, Error> {
        Self::open_with(url, keys, &Options { durable: false, ..Options::default() }).await
    }

    async fn open_with(url: &str, keys: Arc<Keys>, options: &Options) -> Result<Self, Error> {
        let db = Db::open(url, schema::MIGRATIONS, options).await?;
        Ok(Self { db, keys, ids: Arc::default(), tally: Arc::default() })
    }

    /// The database below, for backup, metrics and closing.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The secret receipt for an opening with this command id: the same whenever the command is
    /// sent again, so that a repetition answers the receipt that opens the case.
    ///
    /// Whoever can say the command id learns the receipt. For requests from outside the id must
    /// cover what was sent beside the client's own key, or a guessable key would open the case of
    /// somebody else.
    pub fn receipt_for(&self, command: &[u8; 16]) -> String {
        numbers::receipt_of(&self.keys, command)
    }

    /// The number of a case.
    pub fn number_of(&self, pack: &domain::pack::Pack, case: &Case) -> String {
        numbers::number_of(&self.keys, case.id, pack.date_of(case.opened))
    }
}

/// A value as JSON text. Facts and cases are maps of strings and numbers, which always can.
fn text_of<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sixteen bytes out of 32 hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 16]> {
    let plain = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)).flatten()
}

/// The case in a column of a row.
fn parse_case(row: &Row, column: usize) -> Result<Case, Error> {
    // The parser's own words could quote the value.
    serde_json::from_str(row.text(column)?).map_err(|_| row.corrupt(column, "not a case"))
}

/// The first 128 bits of a SHA-256: a command id made of whatever name a client gave it.
pub fn digest(name: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(name).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}
