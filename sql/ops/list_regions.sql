-- list_regions: the regions in force on a date.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :as_of date
-- :limit int8
-- :after_1 int2
SELECT r.slug, r.name, r.code, r.valid_from, r.valid_to, s.slug AS successor,
    COALESCE((SELECT json_agg(p.slug ORDER BY p.region_no) FROM region p WHERE p.successor_no = r.region_no), '[]')
        AS predecessors,
    r.slug AS current, r.region_no AS _after_1
FROM region r
LEFT JOIN region s ON s.region_no = r.successor_no
WHERE r.valid_from <= COALESCE(:as_of, today()) AND COALESCE(r.valid_to > COALESCE(:as_of, today()), true)
  AND r.region_no > CASE WHEN :after_1 IS NULL THEN 0 ELSE :after_1 END
ORDER BY r.region_no
LIMIT :limit
