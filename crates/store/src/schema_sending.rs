//! Migration 2: how far a queued message has come, and files that wait for a form to be finished.
//!
//! A message is open while `due` says when to try it; then `outcome` and `why` say how it ended.
//! Messages to persons and to units wait in indexes of their own, because an installation may have
//! a gateway for one of them only.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 2,
    name: "sending",
    lite: "
ALTER TABLE outbox ADD COLUMN due INTEGER DEFAULT 0;
ALTER TABLE outbox ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN outcome TEXT;
ALTER TABLE outbox ADD COLUMN why TEXT;
DROP INDEX outbox_unit;
CREATE INDEX outbox_unit ON outbox (unit, id) WHERE unit <> '';
CREATE INDEX outbox_due_person ON outbox (due, id) WHERE unit = '' AND due IS NOT NULL;
CREATE INDEX outbox_due_unit ON outbox (due, id) WHERE unit <> '' AND due IS NOT NULL;
CREATE INDEX outbox_case ON outbox (case_id, id);
CREATE INDEX outbox_dead ON outbox (id) WHERE outcome = 'dead';
CREATE TABLE kept_files (
  draft BLOB NOT NULL, n INTEGER NOT NULL, until INTEGER NOT NULL, key BLOB NOT NULL,
  kind TEXT NOT NULL, size INTEGER NOT NULL, name BLOB NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (draft, n)) STRICT;
CREATE INDEX kept_files_until ON kept_files (until);
",
    pg: "
ALTER TABLE outbox ADD COLUMN due BIGINT DEFAULT 0;
ALTER TABLE outbox ADD COLUMN claims BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN outcome TEXT;
ALTER TABLE outbox ADD COLUMN why TEXT;
DROP INDEX outbox_unit;
CREATE INDEX outbox_unit ON outbox (unit, id) WHERE unit <> '';
CREATE INDEX outbox_due_person ON outbox (due, id) WHERE unit = '' AND due IS NOT NULL;
CREATE INDEX outbox_due_unit ON outbox (due, id) WHERE unit <> '' AND due IS NOT NULL;
CREATE INDEX outbox_case ON outbox (case_id, id);
CREATE INDEX outbox_dead ON outbox (id) WHERE outcome = 'dead';
CREATE TABLE kept_files (
  draft BYTEA NOT NULL, n BIGINT NOT NULL, until BIGINT NOT NULL, key BYTEA NOT NULL,
  kind TEXT NOT NULL, size BIGINT NOT NULL, name BYTEA NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (draft, n));
CREATE INDEX kept_files_until ON kept_files (until);
",
};
