-- get_region: one region, in force or not, and the region that stands for it on a date.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :region text
-- :as_of date
SELECT r.slug, r.name, r.code, r.valid_from, r.valid_to, s.slug AS successor, p.predecessors, c.slug AS current,
    md5(concat_ws('/', r.name, r.code, r.valid_from, r.valid_to, s.slug, p.predecessors, c.slug)) AS _etag
FROM region r
CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(b.slug ORDER BY b.region_no), '[]') AS predecessors
    FROM region b WHERE b.successor_no = r.region_no
) p
LEFT JOIN region s ON s.region_no = r.successor_no
CROSS JOIN LATERAL (SELECT region_on(r.region_no, COALESCE(:as_of, today())) AS region_no OFFSET 0) n -- worked out once
JOIN region c ON c.region_no = n.region_no
WHERE r.slug = :region
