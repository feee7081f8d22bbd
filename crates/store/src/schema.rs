//! The tables, one migration a purpose, the same number in both dialects.
//!
//! Events (`entries`) are the truth; `cases`, `desk`, `people`, `links` and the counts are
//! projections that `verify` rebuilds and compares. Sealed text lives beside them in `texts`.

use crate::db::Migration;

/// All migrations, in order.
pub const MIGRATIONS: &[Migration] = &[
    CASES,
    crate::schema_sending::MIGRATION,
    PEOPLE,
    MOVES,
    crate::schema_proofs::MIGRATION,
    crate::schema_leaving::MIGRATION,
    crate::schema_rights::MIGRATION,
    crate::schema_figures::MIGRATION,
    crate::schema_keeping::MIGRATION,
    crate::schema_releases::MIGRATION,
    crate::schema_first::MIGRATION,
    crate::schema_visits::MIGRATION,
    crate::schema_pieces::MIGRATION,
];

const CASES: Migration = Migration {
    version: 1,
    name: "cases",
    lite: "
CREATE TABLE sequences (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
  pos INTEGER PRIMARY KEY AUTOINCREMENT, case_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL, command BLOB NOT NULL, facts TEXT NOT NULL,
  hash BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX entries_case ON entries (case_id, seq);
CREATE UNIQUE INDEX entries_command ON entries (command);
CREATE TABLE cases (
  id INTEGER PRIMARY KEY, version INTEGER NOT NULL, head BLOB NOT NULL, receipt BLOB NOT NULL,
  key BLOB, wake INTEGER, body TEXT NOT NULL) STRICT;
CREATE INDEX cases_wake ON cases (wake) WHERE wake IS NOT NULL;
CREATE TABLE desk (
  unit TEXT NOT NULL, state TEXT NOT NULL, tier INTEGER NOT NULL, rank INTEGER NOT NULL,
  case_id INTEGER NOT NULL, yellow INTEGER NOT NULL, grade TEXT NOT NULL, category TEXT NOT NULL,
  PRIMARY KEY (unit, state, tier, rank, case_id)) STRICT, WITHOUT ROWID;
CREATE TABLE texts (
  case_id INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (case_id, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE people (
  tag BLOB NOT NULL, case_id INTEGER NOT NULL, PRIMARY KEY (tag, case_id)) STRICT, WITHOUT ROWID;
CREATE TABLE links (
  other INTEGER NOT NULL, case_id INTEGER NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY (other, case_id, kind)) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, case_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, message TEXT NOT NULL, unit TEXT NOT NULL, sent INTEGER) STRICT;
CREATE INDEX outbox_unit ON outbox (unit, id) WHERE sent IS NULL;
CREATE TABLE files (
  case_id INTEGER NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL,
  size INTEGER NOT NULL, name BLOB NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (case_id, seq, n)) STRICT;
CREATE VIRTUAL TABLE words USING fts5(
  line, content='', contentless_delete=1, detail=none, tokenize='ascii');
INSERT INTO words (words, rank) VALUES ('automerge', 8);
INSERT INTO words (words, rank) VALUES ('crisismerge', 1000);
CREATE TABLE checkpoints (
  id INTEGER PRIMARY KEY AUTOINCREMENT, upto INTEGER NOT NULL, entries INTEGER NOT NULL,
  root BLOB NOT NULL, seal BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
  name TEXT NOT NULL, unit TEXT NOT NULL, roles TEXT NOT NULL, active INTEGER NOT NULL) STRICT;
CREATE TABLE sessions (
  token BLOB PRIMARY KEY, account INTEGER NOT NULL, csrf TEXT NOT NULL, since INTEGER NOT NULL,
  seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE imports (
  source TEXT NOT NULL, number BLOB NOT NULL, case_id INTEGER NOT NULL,
  PRIMARY KEY (source, number)) STRICT, WITHOUT ROWID;
",
    pg: "
CREATE TABLE sequences (name TEXT PRIMARY KEY, next BIGINT NOT NULL);
CREATE TABLE entries (
  pos BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id BIGINT NOT NULL,
  seq BIGINT NOT NULL, at BIGINT NOT NULL, by TEXT NOT NULL, command BYTEA NOT NULL,
  facts TEXT NOT NULL, hash BYTEA NOT NULL);
CREATE UNIQUE INDEX entries_case ON entries (case_id, seq);
CREATE UNIQUE INDEX entries_command ON entries (command);
CREATE TABLE cases (
  id BIGINT PRIMARY KEY, version BIGINT NOT NULL, head BYTEA NOT NULL, receipt BYTEA NOT NULL,
  key BYTEA, wake BIGINT, body TEXT NOT NULL);
CREATE INDEX cases_wake ON cases (wake) WHERE wake IS NOT NULL;
CREATE TABLE desk (
  unit TEXT COLLATE \"C\" NOT NULL, state TEXT COLLATE \"C\" NOT NULL, tier BIGINT NOT NULL,
  rank BIGINT NOT NULL, case_id BIGINT NOT NULL, yellow BIGINT NOT NULL, grade TEXT NOT NULL,
  category TEXT NOT NULL, PRIMARY KEY (unit, state, tier, rank, case_id));
CREATE TABLE texts (
  case_id BIGINT NOT NULL, seq BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (case_id, seq));
CREATE TABLE people (
  tag BYTEA NOT NULL, case_id BIGINT NOT NULL, PRIMARY KEY (tag, case_id));
CREATE TABLE links (
  other BIGINT NOT NULL, case_id BIGINT NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY (other, case_id, kind));
CREATE TABLE outbox (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id BIGINT NOT NULL,
  seq BIGINT NOT NULL, at BIGINT NOT NULL, message TEXT NOT NULL, unit TEXT NOT NULL, sent BIGINT);
CREATE INDEX outbox_unit ON outbox (unit, id) WHERE sent IS NULL;
CREATE TABLE files (
  case_id BIGINT NOT NULL, seq BIGINT NOT NULL, n BIGINT NOT NULL, kind TEXT NOT NULL,
  size BIGINT NOT NULL, name BYTEA NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (case_id, seq, n));
CREATE TABLE words (doc BIGINT PRIMARY KEY, line TSVECTOR NOT NULL);
CREATE INDEX words_line ON words USING GIN (line);
CREATE TABLE checkpoints (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, upto BIGINT NOT NULL,
  entries BIGINT NOT NULL, root BYTEA NOT NULL, seal BYTEA NOT NULL, at BIGINT NOT NULL);
CREATE TABLE accounts (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, username TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, roles TEXT NOT NULL,
  active BIGINT NOT NULL);
CREATE TABLE sessions (
  token BYTEA PRIMARY KEY, account BIGINT NOT NULL, csrf TEXT NOT NULL, since BIGINT NOT NULL,
  seen BIGINT NOT NULL);
CREATE TABLE imports (
  source TEXT NOT NULL, number BYTEA NOT NULL, case_id BIGINT NOT NULL,
  PRIMARY KEY (source, number));
",
};

/// What people do beside cases, and how they prove who they are.
const PEOPLE: Migration = Migration {
    version: 3,
    name: "people",
    lite: "
CREATE TABLE streams (
  id INTEGER PRIMARY KEY, version INTEGER NOT NULL, head BLOB NOT NULL) STRICT;
CREATE TABLE deeds (
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL,
  unit TEXT NOT NULL, kind TEXT NOT NULL, case_id INTEGER, whom INTEGER, detail TEXT NOT NULL,
  amount INTEGER NOT NULL, PRIMARY KEY (stream, seq, n)) STRICT, WITHOUT ROWID;
CREATE INDEX deeds_at ON deeds (at, stream, seq, n);
CREATE INDEX deeds_unit ON deeds (unit, at, stream, seq, n);
CREATE INDEX deeds_case ON deeds (case_id, at, stream, seq, n) WHERE case_id IS NOT NULL;
CREATE INDEX deeds_stream ON deeds (stream, at, seq, n);
ALTER TABLE accounts ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX accounts_unit ON accounts (unit);
CREATE TABLE factors (
  account INTEGER PRIMARY KEY, key BLOB NOT NULL, secret BLOB NOT NULL, step INTEGER NOT NULL,
  confirmed INTEGER NOT NULL) STRICT;
CREATE TABLE recovery (
  account INTEGER NOT NULL, code BLOB NOT NULL, PRIMARY KEY (account, code)) STRICT, WITHOUT ROWID;
CREATE TABLE absences (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, deputy INTEGER NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
CREATE INDEX absences_account ON absences (account, until);
CREATE INDEX absences_deputy ON absences (deputy, until);
CREATE TABLE subjects (
  issuer TEXT NOT NULL, subject TEXT NOT NULL, account INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)) STRICT, WITHOUT ROWID;
CREATE INDEX subjects_account ON subjects (account);
",
    pg: "
CREATE TABLE streams (id BIGINT PRIMARY KEY, version BIGINT NOT NULL, head BYTEA NOT NULL);
CREATE TABLE deeds (
  stream BIGINT NOT NULL, seq BIGINT NOT NULL, n BIGINT NOT NULL, at BIGINT NOT NULL,
  unit TEXT COLLATE \"C\" NOT NULL, kind TEXT NOT NULL, case_id BIGINT, whom BIGINT,
  detail TEXT NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (stream, seq, n));
CREATE INDEX deeds_at ON deeds (at, stream, seq, n);
CREATE INDEX deeds_unit ON deeds (unit, at, stream, seq, n);
CREATE INDEX deeds_case ON deeds (case_id, at, stream, seq, n) WHERE case_id IS NOT NULL;
CREATE INDEX deeds_stream ON deeds (stream, at, seq, n);
ALTER TABLE accounts ADD COLUMN must_change BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN stage BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX accounts_unit ON accounts (unit);
CREATE TABLE factors (
  account BIGINT PRIMARY KEY, key BYTEA NOT NULL, secret BYTEA NOT NULL, step BIGINT NOT NULL,
  confirmed BIGINT NOT NULL);
CREATE TABLE recovery (
  account BIGINT NOT NULL, code BYTEA NOT NULL, PRIMARY KEY (account, code));
CREATE TABLE absences (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account BIGINT NOT NULL,
  deputy BIGINT NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL);
CREATE INDEX absences_account ON absences (account, until);
CREATE INDEX absences_deputy ON absences (deputy, until);
CREATE TABLE subjects (
  issuer TEXT NOT NULL, subject TEXT NOT NULL, account BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject));
CREATE INDEX subjects_account ON subjects (account);
",
};

/// What running cases live under, and moving them: `rules` keeps the editions, `moves` who confirmed
/// which list, `moving` what of it is left to do.
const MOVES: Migration = Migration {
    version: 4,
    name: "rules and moves",
    lite: "
CREATE TABLE rules (edition TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE moves (
  id BLOB PRIMARY KEY, edition TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  total INTEGER NOT NULL, key BLOB NOT NULL, reason BLOB NOT NULL) STRICT;
CREATE INDEX moves_edition ON moves (edition, at);
CREATE TABLE moving (
  case_id INTEGER PRIMARY KEY, move BLOB NOT NULL, seen BLOB NOT NULL) STRICT;
CREATE INDEX moving_move ON moving (move, case_id);
",
    pg: "
CREATE TABLE rules (edition TEXT PRIMARY KEY, at BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE moves (
  id BYTEA PRIMARY KEY, edition TEXT NOT NULL, at BIGINT NOT NULL, by TEXT NOT NULL,
  total BIGINT NOT NULL, key BYTEA NOT NULL, reason BYTEA NOT NULL);
CREATE INDEX moves_edition ON moves (edition, at);
CREATE TABLE moving (case_id BIGINT PRIMARY KEY, move BYTEA NOT NULL, seen BYTEA NOT NULL);
CREATE INDEX moving_move ON moving (move, case_id);
",
};
