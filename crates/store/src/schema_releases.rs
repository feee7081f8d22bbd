//! Migration “releases”: which press texts have gone out, so that the public finds them, and what was ever
//! told of a figure, so that no later table gives away what an earlier one kept back. Both stand in the
//! cases too.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 10,
    name: "releases",
    lite: "
CREATE TABLE releases (case_id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX releases_at ON releases (at, case_id);
CREATE TABLE told_numbers (
  figure TEXT NOT NULL, at INTEGER NOT NULL, case_id INTEGER NOT NULL, edition INTEGER NOT NULL,
  unit TEXT NOT NULL, own INTEGER NOT NULL, period TEXT NOT NULL, amount INTEGER,
  PRIMARY KEY (figure, at, case_id, edition, unit, own, period)) STRICT, WITHOUT ROWID;
CREATE INDEX told_numbers_case ON told_numbers (case_id);
",
    pg: "
CREATE TABLE releases (case_id BIGINT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX releases_at ON releases (at, case_id);
CREATE TABLE told_numbers (
  figure TEXT COLLATE \"C\" NOT NULL, at BIGINT NOT NULL, case_id BIGINT NOT NULL,
  edition BIGINT NOT NULL, unit TEXT COLLATE \"C\" NOT NULL, own BIGINT NOT NULL,
  period TEXT COLLATE \"C\" NOT NULL, amount BIGINT,
  PRIMARY KEY (figure, at, case_id, edition, unit, own, period));
CREATE INDEX told_numbers_case ON told_numbers (case_id);
",
};
