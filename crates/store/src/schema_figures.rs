//! Migration “figures”: what each case has added to the figures (`cases.tally`), the marks by which a
//! number leads to its records, who is counted once (`figure_people`), under which definitions all
//! of it was counted, and the lists behind numbers that were frozen (`frozen`, in pieces). The numbers themselves stand in `counts`.
//!
//! `marks.rank` is the day of what happened, or the first day on whose end a stock does not hold it
//! any more; both as yyyymmdd, so that either question about a period is one range of the key.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 8,
    name: "figures",
    lite: "
ALTER TABLE cases ADD COLUMN tally TEXT;
CREATE TABLE marks (
  figure TEXT NOT NULL, unit TEXT NOT NULL, rank INTEGER NOT NULL, case_id INTEGER NOT NULL,
  n INTEGER NOT NULL, day INTEGER NOT NULL, amount INTEGER,
  PRIMARY KEY (figure, unit, rank, case_id, n)) STRICT, WITHOUT ROWID;
CREATE TABLE figure_people (
  name TEXT NOT NULL, tag TEXT NOT NULL, month TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (name, tag, month)) STRICT, WITHOUT ROWID;
CREATE TABLE figure_signature (id INTEGER PRIMARY KEY, signature BLOB NOT NULL) STRICT;
CREATE TABLE frozen (
  case_id INTEGER NOT NULL, freezing INTEGER NOT NULL, n INTEGER NOT NULL, piece INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (case_id, freezing, n, piece)) STRICT, WITHOUT ROWID;
",
    pg: "
ALTER TABLE cases ADD COLUMN tally TEXT;
CREATE TABLE marks (
  figure TEXT COLLATE \"C\" NOT NULL, unit TEXT COLLATE \"C\" NOT NULL, rank BIGINT NOT NULL,
  case_id BIGINT NOT NULL, n BIGINT NOT NULL, day BIGINT NOT NULL, amount BIGINT,
  PRIMARY KEY (figure, unit, rank, case_id, n));
CREATE TABLE figure_people (
  name TEXT COLLATE \"C\" NOT NULL, tag TEXT COLLATE \"C\" NOT NULL, month TEXT COLLATE \"C\" NOT NULL,
  n BIGINT NOT NULL, PRIMARY KEY (name, tag, month));
CREATE TABLE figure_signature (id BIGINT PRIMARY KEY, signature BYTEA NOT NULL);
CREATE TABLE frozen (
  case_id BIGINT NOT NULL, freezing BIGINT NOT NULL, n BIGINT NOT NULL, piece BIGINT NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (case_id, freezing, n, piece));
",
};
