-- get_divergence.csv: one line for each code and region; the figures of the code stand on each of its lines.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :measure text
-- :measure_version int4
-- :source text
-- :from_month date
-- :to_month date
-- :as_of text
-- :region_basis text
-- :atc text
-- :level int4
-- :material bool
-- :sort text
SELECT r.atc, c.name, r.region, r.value, r.rank, r.ratio_to_rest, r.excess_ddd, r.excess_cost_ore, r.share_of_national,
    r.change_from_year_before, r.reported_months, r.complete, r.reason, r."national", r.volume AS national_volume,
    -- The regions that national figures are of.
    string_agg(r.region, ' ') FILTER (WHERE r.rank IS NOT NULL)
        OVER (PARTITION BY r.atc ORDER BY r.region_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS national_regions,
    r.max_min_ratio, r.max_min_ratio_reason, r.cv_weighted, r.cv_weighted_reason,
    r.national_change AS national_change_from_year_before, r.national_change_reason AS national_change_reason,
    r.material, array_to_string(r.reasons, ' ') AS reasons,
    (q.measure).name AS measure, (q.measure).version AS measure_version, (q.measure).unit AS unit,
    divergence_month_name(q.from_month) AS from_month, divergence_month_name(q.to_month) AS to_month
FROM divergence_ask(:measure, :measure_version, :source, :from_month, :to_month, :as_of, :region_basis, :atc, :level, false,
                    'query/') q
CROSS JOIN LATERAL divergence_rows(q) r
LEFT JOIN atc_code c ON c.atc = r.atc
WHERE :material IS NULL OR r.material = :material
ORDER BY CASE :sort WHEN '-max_min_ratio' THEN r.max_min_ratio WHEN '-cv_weighted' THEN r.cv_weighted
                    WHEN '-change' THEN r.national_change
                    WHEN '-excess_ddd' THEN max(r.excess_ddd) OVER (PARTITION BY r.atc) END DESC NULLS LAST,
    r.atc, r.region_no
