-- compare_consumption_deliveries: what differs from another delivery, by month, region and code.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :id uuid
-- :against uuid
-- :limit int8
-- :after_1 date
-- :after_2 text
-- :after_3 text
WITH asked AS MATERIALIZED (
    SELECT require_accepted_delivery(:id, 'path/id') AS after_no,
        require_accepted_delivery(:against, 'query/against') AS before_no
)
SELECT r.slug AS region, to_char(c.month, 'YYYY-MM') AS month, c.atc, c.change,
    from_e4(c.ddd_before_e4) AS ddd_before, from_e4(c.ddd_after_e4) AS ddd_after,
    from_e4(COALESCE(c.ddd_after_e4, 0) - COALESCE(c.ddd_before_e4, 0)) AS ddd_difference,
    trim_scale(c.packs_before_e4 * 0.0001) AS packs_before, trim_scale(c.packs_after_e4 * 0.0001) AS packs_after,
    CASE WHEN num_nonnulls(c.packs_before_e4, c.packs_after_e4) > 0
         THEN trim_scale((COALESCE(c.packs_after_e4, 0) - COALESCE(c.packs_before_e4, 0)) * 0.0001) END
        AS packs_difference,
    c.cost_before_ore::int8 AS cost_before_ore, c.cost_after_ore::int8 AS cost_after_ore,
    CASE WHEN num_nonnulls(c.cost_before_ore, c.cost_after_ore) > 0
         THEN (COALESCE(c.cost_after_ore, 0) - COALESCE(c.cost_before_ore, 0))::int8 END AS cost_difference_ore,
    c.month AS _after_1, r.slug AS _after_2, COALESCE(c.atc, '') AS _after_3
FROM asked a
CROSS JOIN LATERAL consumption_changes(a.before_no, a.after_no) c
JOIN region r ON r.region_no = c.region_no
WHERE (c.month, r.slug, COALESCE(c.atc, ''))
    > (CASE WHEN :after_1 IS NULL THEN '-infinity' ELSE :after_1 END, CASE WHEN :after_2 IS NULL THEN '' ELSE :after_2 END,
       CASE WHEN :after_3 IS NULL THEN '' ELSE :after_3 END)
ORDER BY c.month, r.slug, COALESCE(c.atc, '')
LIMIT :limit
