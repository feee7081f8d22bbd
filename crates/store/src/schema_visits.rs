//! Migration “visits”: who is counted once stands under the unit that is credited, with the units above it
//! beside, and no more under each of them: one row where there was one for every level. Made from
//! what is kept beside each case (`cases.tally`), as the older rows do not say where they came from.

use crate::db::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    version: 12,
    name: "visits",
    lite: "
CREATE TABLE visits (
  figure TEXT NOT NULL, tag TEXT NOT NULL, units TEXT NOT NULL, month TEXT NOT NULL,
  n INTEGER NOT NULL, PRIMARY KEY (figure, tag, units, month)) STRICT, WITHOUT ROWID;
INSERT INTO visits (figure, tag, units, month, n)
SELECT mark.value ->> 'f' || '.' || (mark.value ->> 'v'), mark.value ->> 'k',
  ' ' || (SELECT GROUP_CONCAT(above.value, ' ')
          FROM json_each(tally -> 'c' -> 'u' -> (mark.value ->> 'u')) AS above) || ' ',
  SUBSTR(mark.value ->> 'd', 1, 7), COUNT(*)
FROM cases, json_each(tally -> 'c' -> 'm') AS mark
WHERE mark.value ->> 'k' IS NOT NULL AND json_type(mark.value, '$.m') IS NOT 'null'
GROUP BY 1, 2, 3, 4;
DROP TABLE figure_people;
",
    pg: "
CREATE TABLE visits (
  figure TEXT COLLATE \"C\" NOT NULL, tag TEXT COLLATE \"C\" NOT NULL,
  units TEXT COLLATE \"C\" NOT NULL, month TEXT COLLATE \"C\" NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (figure, tag, units, month));
INSERT INTO visits (figure, tag, units, month, n)
SELECT (mark ->> 'f') || '.' || (mark ->> 'v'), mark ->> 'k',
  ' ' || (SELECT STRING_AGG(above.unit, ' ' ORDER BY above.n)
          FROM jsonb_array_elements_text(kept -> 'c' -> 'u' -> (mark ->> 'u'))
            WITH ORDINALITY AS above (unit, n)) || ' ',
  SUBSTR(mark ->> 'd', 1, 7), COUNT(*)
FROM (SELECT tally::jsonb AS kept FROM cases WHERE tally IS NOT NULL) AS counted,
  LATERAL jsonb_array_elements(kept -> 'c' -> 'm') AS mark
WHERE mark ->> 'k' IS NOT NULL AND mark -> 'm' IS DISTINCT FROM 'null'::jsonb
GROUP BY 1, 2, 3, 4;
DROP TABLE figure_people;
",
};
