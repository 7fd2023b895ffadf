-- get_divergence_for_code.csv: one line for each month and region, and for each month and hospital.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :atc text
-- :measure text
-- :measure_version int4
-- :source text
-- :from_month date
-- :to_month date
-- :as_of text
-- :region_basis text
SELECT divergence_month_name(s.month) AS month, s.region, s.hospital, s.name, s.value, s.volume, s.status,
    (q.measure).name AS measure, (q.measure).version AS measure_version, (q.measure).unit AS unit
FROM divergence_ask(:measure, :measure_version, :source, :from_month, :to_month, :as_of, :region_basis, :atc,
                    atc_level(:atc), true, 'query/') q
CROSS JOIN LATERAL divergence_series(q) s
ORDER BY s.month, s.region_no, s.hospital NULLS FIRST
