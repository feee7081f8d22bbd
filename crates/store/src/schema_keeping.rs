//! Migration “keeping”: what stays of deeds whose years are over. Of each entry that left, `gone`
//! keeps position and code, which say nothing about anybody, so that older checkpoints still add up;
//! `cuts` holds one certificate a transaction; the stream says from where on its chain still stands.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 8,
    name: "keeping",
    lite: "
ALTER TABLE streams ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN cut_head BLOB;
ALTER TABLE streams ADD COLUMN cut_seal BLOB;
CREATE TABLE gone (pos INTEGER PRIMARY KEY, hash BLOB NOT NULL, cut INTEGER NOT NULL) STRICT;
CREATE INDEX gone_cut ON gone (cut, pos);
CREATE TABLE cuts (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, years INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, total INTEGER NOT NULL, root BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
",
    pg: "
ALTER TABLE streams ADD COLUMN cut BIGINT NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN cut_head BYTEA;
ALTER TABLE streams ADD COLUMN cut_seal BYTEA;
CREATE TABLE gone (pos BIGINT PRIMARY KEY, hash BYTEA NOT NULL, cut BIGINT NOT NULL);
CREATE INDEX gone_cut ON gone (cut, pos);
CREATE TABLE cuts (
  number BIGINT PRIMARY KEY, at BIGINT NOT NULL, years BIGINT NOT NULL, since BIGINT NOT NULL,
  until BIGINT NOT NULL, total BIGINT NOT NULL, root BYTEA NOT NULL, seal BYTEA NOT NULL);
",
};
