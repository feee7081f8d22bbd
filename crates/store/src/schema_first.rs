//! Migration “cells of people”: how many people came for the first time in a year, by month, and how many
//! came in each quarter and half, for whom was counted before these cells were. The course of a project
//! reads twelve cells instead of everybody.

use crate::db::Migration;

const CELLS: &str = "
INSERT INTO counts (name, unit, slot, n)
SELECT name || 'y', month, 0, COUNT(*) FROM (
  SELECT name, MIN(month) AS month FROM figure_people WHERE n > 0
  GROUP BY name, tag, SUBSTR(month, 1, 4)) AS first
GROUP BY name, month;
INSERT INTO counts (name, unit, slot, n)
SELECT name, part, 0, COUNT(DISTINCT tag) FROM (
  SELECT name, tag, SUBSTR(month, 1, 4) || '-q' || ((CAST(SUBSTR(month, 6, 2) AS INTEGER) + 2) / 3)
    AS part FROM figure_people WHERE n > 0
  UNION ALL
  SELECT name, tag, SUBSTR(month, 1, 4) || '-h' || ((CAST(SUBSTR(month, 6, 2) AS INTEGER) + 5) / 6)
    FROM figure_people WHERE n > 0) AS parts
GROUP BY name, part;
";

pub(crate) const MIGRATION: Migration =
    Migration { version: 11, name: "cells of people", lite: CELLS, pg: CELLS };
