-- list_atc_codes: ATC codes by prefix, name and level.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :prefix text
-- :q text
-- :level int2
-- :count text
-- :limit int8
-- :after_1 text
WITH matching AS NOT MATERIALIZED (
    SELECT atc, level, name, name_source, first_seen_at
    FROM atc_code
    -- '~' sorts after all that an ATC code can hold: a range of the index.
    WHERE atc >= CASE WHEN :prefix IS NULL THEN '' ELSE :prefix END
      AND atc < CASE WHEN :prefix IS NULL THEN '~' ELSE :prefix || '~' END
      AND (:q IS NULL OR position(lower(:q COLLATE "und-x-icu") IN lower(name COLLATE "und-x-icu")) > 0)
      AND (:level IS NULL OR level = :level)
)
SELECT atc, level, name, name_source, first_seen_at,
    CASE WHEN :count = 'exact' THEN (SELECT count(*) FROM matching) END AS _total,
    atc AS _after_1
FROM matching
WHERE atc > CASE WHEN :after_1 IS NULL THEN '' ELSE :after_1 END
ORDER BY atc
LIMIT :limit
