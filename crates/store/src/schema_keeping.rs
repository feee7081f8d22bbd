//! Migration “keeping”: what stays of deeds whose years are over. Of each entry that left, `gone`
//! keeps position and code, which say nothing about anybody, so that older checkpoints still add up;
//! `cuts` holds one certificate a transaction; the stream says from where on its chain still stands.
//! `staff_homes` is where members of staff live, sealed, with blind tags for the proposals of whom to
//! keep out of a case.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 9,
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
CREATE TABLE staff_homes (
  account INTEGER PRIMARY KEY, key BLOB NOT NULL, body BLOB NOT NULL, phone BLOB,
  village BLOB) STRICT;
CREATE INDEX staff_homes_phone ON staff_homes (phone) WHERE phone IS NOT NULL;
CREATE INDEX staff_homes_village ON staff_homes (village) WHERE village IS NOT NULL;
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
CREATE TABLE staff_homes (
  account BIGINT PRIMARY KEY, key BYTEA NOT NULL, body BYTEA NOT NULL, phone BYTEA, village BYTEA);
CREATE INDEX staff_homes_phone ON staff_homes (phone) WHERE phone IS NOT NULL;
CREATE INDEX staff_homes_village ON staff_homes (village) WHERE village IS NOT NULL;
",
};
