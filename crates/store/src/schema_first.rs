//! Migration “first of a year”: how many people came for the first time in a year, by month, for whom
//! was counted before these cells were. The course of a project reads twelve cells instead of everybody.

use crate::db::Migration;

const CELLS: &str = "
INSERT INTO counts (name, unit, slot, n)
SELECT name || 'y', month, 0, COUNT(*) FROM (
  SELECT name, MIN(month) AS month FROM figure_people WHERE n > 0
  GROUP BY name, tag, SUBSTR(month, 1, 4)) AS first
GROUP BY name, month;
";

pub(crate) const MIGRATION: Migration =
    Migration { version: 11, name: "first of a year", lite: CELLS, pg: CELLS };
