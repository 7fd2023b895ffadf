-- list_divergence_snapshots: frozen overviews without their content, the newest first.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :measure text
-- :count text
-- :limit int8
-- :after_1 int4
SELECT s.id, s.title, s.measure, s.measure_version, s.source, divergence_month_name(s.from_month) AS from_month,
    divergence_month_name(s.to_month) AS to_month, s.region_basis, s.as_of, s.atc, s.level, s.material, s.items, s.sha256,
    s.created_at, s.created_by,
    CASE WHEN :count = 'exact'
         THEN (SELECT count(*) FROM divergence_snapshot n WHERE :measure IS NULL OR n.measure = :measure) END AS _total,
    s.snapshot_no AS _after_1
FROM divergence_snapshot s
WHERE (:measure IS NULL OR s.measure = :measure)
  AND s.snapshot_no < CASE WHEN :after_1 IS NULL THEN 2147483647 ELSE :after_1 END
ORDER BY s.snapshot_no DESC
LIMIT :limit
