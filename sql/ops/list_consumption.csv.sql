-- list_consumption.csv: sums of consumption by period, region or hospital, and code; from the roll-ups.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :source text
-- :from_month date
-- :to_month date
-- :period text
-- :by text
-- :level int4
-- :atc text
-- :region text
-- :hospital text
-- :region_basis text
-- :as_of text
WITH asked AS MATERIALIZED (
    SELECT w.from_month AS from_month, w.to_month, w.as_of,
        CASE WHEN :region IS NOT NULL
             THEN shown_region(require_region(:region, 'query/region'), :region_basis, w.as_of) END AS shown_no,
        CASE WHEN :hospital IS NOT NULL THEN require_hospital(:hospital, 'query/hospital') END AS hospital_no
    FROM reading_window(:from_month, :to_month, :as_of) w
)
SELECT period_name(x.period_from, :period) AS period, x.slug AS region, NULLIF(x.hospital, '') AS hospital, x.atc,
    (SELECT c.name FROM atc_code c WHERE c.atc = x.atc) AS name, trim_scale(x.ddd_e4 * 0.0001) AS ddd,
    trim_scale(x.packs_e4 * 0.0001) AS packs, x.cost_ore::int8 AS cost_ore, x.reported_months, x.months
FROM (
    SELECT b.period_from, s.*
    FROM asked a
    -- Period by period, so that a page costs no more than the periods it shows.
    CROSS JOIN LATERAL (SELECT b.* FROM periods_between(a.from_month, a.to_month, :period) b ORDER BY b.period_from OFFSET 0) b
    CROSS JOIN LATERAL (
        SELECT r.slug, COALESCE(h.code, '') AS hospital, s.*, p.months, p.reported_months
        FROM consumption_sums(:source, b.from_month, b.to_month, :by, :level, :atc, a.shown_no, a.hospital_no, a.as_of,
                              :region_basis) s
        JOIN reported_months(:source, b.from_month, b.to_month, a.as_of, :region_basis) p ON p.shown_no = s.shown_no
        JOIN region r ON r.region_no = s.shown_no
        LEFT JOIN hospital h ON h.hospital_no = s.hospital_no
    ) s
    OFFSET 0
) x
ORDER BY x.period_from, x.slug, x.hospital, x.atc
