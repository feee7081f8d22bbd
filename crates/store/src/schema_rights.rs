//! Migration “rights”: certificates of erasure, what of a list is still to be erased, and how many
//! data keys each wrapping key has wrapped.
//!
//! The unit of the count `wrapped` is the head of a wrapped key in hexadecimal: suite and number.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 7,
    name: "rights",
    lite: "
CREATE TABLE certificates (
  number INTEGER PRIMARY KEY, list BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, by TEXT NOT NULL,
  rules TEXT NOT NULL, total INTEGER NOT NULL, root BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
CREATE TABLE erasing (
  case_id INTEGER PRIMARY KEY, list BLOB NOT NULL, rule TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
CREATE INDEX erasing_list ON erasing (list, case_id);
CREATE INDEX people_case ON people (case_id);
INSERT INTO counts (name, unit, slot, n)
  SELECT 'wrapped', lower(hex(substr(key, 1, 3))), 0, COUNT(*) FROM cases
  WHERE key IS NOT NULL GROUP BY 2;
",
    pg: "
CREATE TABLE certificates (
  number BIGINT PRIMARY KEY, list BYTEA NOT NULL UNIQUE, at BIGINT NOT NULL, by TEXT NOT NULL,
  rules TEXT NOT NULL, total BIGINT NOT NULL, root BYTEA NOT NULL, seal BYTEA NOT NULL);
CREATE TABLE erasing (
  case_id BIGINT PRIMARY KEY, list BYTEA NOT NULL, rule TEXT NOT NULL, seq BIGINT NOT NULL);
CREATE INDEX erasing_list ON erasing (list, case_id);
CREATE INDEX people_case ON people (case_id);
INSERT INTO counts (name, unit, slot, n)
  SELECT 'wrapped', encode(substring(key from 1 for 3), 'hex'), 0, COUNT(*) FROM cases
  WHERE key IS NOT NULL GROUP BY 2;
",
};
