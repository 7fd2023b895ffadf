-- get_data_status: what is known of each month and region, and by which delivery.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :source text
-- :from_month date
-- :to_month date
-- :region text
-- :as_of text
-- :limit int8
-- :after_1 date
-- :after_2 text
WITH asked AS MATERIALIZED (
    SELECT w.from_month, w.to_month, w.as_of, known_on(w.as_of) AS on_date,
        CASE WHEN :region IS NOT NULL THEN require_region(:region, 'query/region') END AS region_no
    FROM reading_window(:from_month, :to_month, :as_of) w, check_source(:source, 'query/source')
)
SELECT :source AS source, r.slug AS region, to_char(m.month, 'YYYY-MM') AS month,
    CASE WHEN c.delivery_no IS NOT NULL THEN c.status
         WHEN a.on_date > m.month + interval '1 month 9 days' THEN 'late'  -- hospitals report by the 10th
         ELSE 'missing' END AS state,
    d.id AS delivery, c.accepted_at,
    m.month AS _after_1, r.slug AS _after_2
FROM asked a
CROSS JOIN LATERAL months_between(GREATEST(a.from_month, :after_1), a.to_month) AS m(month)
JOIN region r ON r.valid_from <= m.month AND COALESCE(r.valid_to > m.month, true)
    AND (a.region_no IS NULL OR r.region_no = a.region_no)
LEFT JOIN LATERAL coverage_at(:source, r.region_no, m.month, a.as_of) c ON true
LEFT JOIN consumption_delivery d ON d.delivery_no = c.delivery_no
WHERE (m.month, r.slug)
    > (CASE WHEN :after_1 IS NULL THEN '-infinity' ELSE :after_1 END, CASE WHEN :after_2 IS NULL THEN '' ELSE :after_2 END)
ORDER BY m.month, r.slug
LIMIT :limit
