//! Migration 5: passkeys, and exchanges: what was begun with a browser and may be finished once.
//!
//! Nothing here says anything about a person: identities are keyed hashes, the rest is sealed.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 5,
    name: "passkeys and exchanges",
    lite: "
CREATE TABLE passkeys (
  id BLOB PRIMARY KEY, account INTEGER NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL,
  since INTEGER NOT NULL, used INTEGER NOT NULL, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_account ON passkeys (account, since);
CREATE TABLE exchanges (
  token BLOB PRIMARY KEY, until INTEGER NOT NULL, key BLOB NOT NULL,
  body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX exchanges_until ON exchanges (until);
",
    pg: "
CREATE TABLE passkeys (
  id BYTEA PRIMARY KEY, account BIGINT NOT NULL, key BYTEA NOT NULL, body BYTEA NOT NULL,
  since BIGINT NOT NULL, used BIGINT NOT NULL, version BIGINT NOT NULL);
CREATE INDEX passkeys_account ON passkeys (account, since);
CREATE TABLE exchanges (
  token BYTEA PRIMARY KEY, until BIGINT NOT NULL, key BYTEA NOT NULL, body BYTEA NOT NULL);
CREATE INDEX exchanges_until ON exchanges (until);
",
};
