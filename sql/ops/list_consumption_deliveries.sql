-- list_consumption_deliveries: deliveries, the newest first.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :source text
-- :state text
-- :status text
-- :region text
-- :month date
-- :count text
-- :limit int8
-- :after_1 int4
WITH matching AS NOT MATERIALIZED (
    SELECT d.delivery_no FROM consumption_delivery d
    WHERE (:source IS NULL OR d.source = :source)
      AND (:state IS NULL OR d.state = :state)
      AND (:status IS NULL OR d.status = :status)
      AND (:region IS NULL OR require_region(:region, 'query/region') IS NOT NULL)
      AND (:region IS NULL AND :month IS NULL OR EXISTS (
          SELECT FROM consumption_coverage c
          WHERE c.delivery_no = d.delivery_no
            AND (:month IS NULL OR c.month = :month)
            AND (:region IS NULL OR c.region_no = region_no_of(:region))))
)
SELECT r.id, r.source, r.label, r.status, r.state, r.coverage, r.region_months, r.control, r.announced_at,
    r.announced_by, r.rows, r.accepted_at, r.rejected_at, r.rejected_count, r.withdrawn_at, r.actions,
    CASE WHEN :count = 'exact' THEN (SELECT count(*) FROM matching) END AS _total,
    r.delivery_no AS _after_1
FROM (SELECT m.delivery_no FROM matching m
      WHERE m.delivery_no < CASE WHEN :after_1 IS NULL THEN 2147483647 ELSE :after_1 END
      ORDER BY m.delivery_no DESC LIMIT :limit) page
JOIN consumption_delivery_resource r ON r.delivery_no = page.delivery_no
ORDER BY r.delivery_no DESC
