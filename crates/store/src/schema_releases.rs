//! Migration “releases”: which press texts have gone out, so that the public finds them. What they say
//! stands in their cases.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 10,
    name: "releases",
    lite: "
CREATE TABLE releases (case_id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX releases_at ON releases (at, case_id);
",
    pg: "
CREATE TABLE releases (case_id BIGINT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX releases_at ON releases (at, case_id);
",
};
