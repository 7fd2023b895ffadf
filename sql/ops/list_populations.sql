-- list_populations: population figures by region and date.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :region text
-- :from date
-- :to date
-- :count text
-- :limit int8
-- :after_1 int2
-- :after_2 date
WITH matching AS NOT MATERIALIZED (
    SELECT r.slug, p.region_no, p.on_date, p.population, p.source, p.evidence, p.changed_at
    FROM population p
    JOIN region r ON r.region_no = p.region_no
    WHERE (:region IS NULL OR require_region(:region, 'query/region') IS NOT NULL)
      AND (:region IS NULL OR r.slug = :region)
      AND p.on_date >= CASE WHEN :from IS NULL THEN '-infinity' ELSE :from END
      AND p.on_date <= CASE WHEN :to IS NULL THEN 'infinity' ELSE :to END
)
SELECT slug AS region, on_date AS date, population, source, evidence, changed_at,
    CASE WHEN :count = 'exact' THEN (SELECT count(*) FROM matching) END AS _total,
    region_no AS _after_1, on_date AS _after_2
FROM matching
WHERE (region_no, on_date)
    > (CASE WHEN :after_1 IS NULL THEN 0 ELSE :after_1 END, CASE WHEN :after_2 IS NULL THEN '-infinity' ELSE :after_2 END)
ORDER BY region_no, on_date
LIMIT :limit
