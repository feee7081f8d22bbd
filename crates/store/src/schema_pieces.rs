//! Migration “pieces”: a file that somebody takes out may be large, so it lies in pieces, each sealed by
//! itself: nobody needs the memory of the whole to write or to read it.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 13,
    name: "export pieces",
    lite: "
CREATE TABLE export_pieces (
  id BLOB NOT NULL, n INTEGER NOT NULL, until INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (id, n)) STRICT;
CREATE INDEX export_pieces_until ON export_pieces (until);
",
    pg: "
CREATE TABLE export_pieces (
  id BYTEA NOT NULL, n BIGINT NOT NULL, until BIGINT NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (id, n));
CREATE INDEX export_pieces_until ON export_pieces (until);
",
};
