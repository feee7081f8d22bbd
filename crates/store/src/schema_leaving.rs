//! Migration: lists that were taken out and lie ready for a while, sealed; the way from the tag on a
//! leaked copy to the deed; and which promise of confidentiality each account has given.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 6,
    name: "exports and pledges",
    lite: "
CREATE TABLE exports (
  id BLOB PRIMARY KEY, account INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL,
  kind TEXT NOT NULL, total INTEGER NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX exports_account ON exports (account, at);
CREATE INDEX exports_until ON exports (until);
CREATE INDEX deeds_exported ON deeds (detail, at, stream, seq, n) WHERE kind = 'exported';
ALTER TABLE accounts ADD COLUMN pledge TEXT NOT NULL DEFAULT '';
",
    pg: "
CREATE TABLE exports (
  id BYTEA PRIMARY KEY, account BIGINT NOT NULL, at BIGINT NOT NULL, until BIGINT NOT NULL,
  kind TEXT NOT NULL, total BIGINT NOT NULL, key BYTEA NOT NULL, body BYTEA NOT NULL);
CREATE INDEX exports_account ON exports (account, at);
CREATE INDEX exports_until ON exports (until);
CREATE INDEX deeds_exported ON deeds (detail, at, stream, seq, n) WHERE kind = 'exported';
ALTER TABLE accounts ADD COLUMN pledge TEXT NOT NULL DEFAULT '';
",
};
