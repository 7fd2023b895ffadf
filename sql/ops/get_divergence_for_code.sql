-- get_divergence_for_code: the overview's item for one code, and its months by region and by hospital. Also for the chart.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :atc text
-- :measure text
-- :measure_version int4
-- :source text
-- :from_month date
-- :to_month date
-- :as_of text
-- :region_basis text
SELECT divergence_measure_json(q.measure) AS measure,
    json_build_object('from_month', divergence_month_name(q.from_month), 'to_month', divergence_month_name(q.to_month),
                      'months', divergence_month_count(q.from_month, q.to_month)) AS "window",
    q.source, q.region_basis, CASE WHEN isfinite(q.as_of) THEN q.as_of END AS as_of, h.caveats, divergence_texts() AS texts,
    h.deliveries, h.not_reported, h.not_delivered, h.regions, i.item, divergence_series_json(q) AS series
FROM divergence_ask(:measure, :measure_version, :source, :from_month, :to_month, :as_of, :region_basis, :atc,
                    atc_level(:atc), true, 'query/') q
CROSS JOIN LATERAL divergence_head(q) h
CROSS JOIN LATERAL divergence_items(q) i
WHERE EXISTS (SELECT FROM atc_code c WHERE c.atc >= :atc AND c.atc < :atc || '~')
