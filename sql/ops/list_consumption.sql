-- list_consumption: sums of consumption by period, region or hospital, and code; from the roll-ups.
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
-- :limit int8
-- :after_1 date
-- :after_2 text
-- :after_3 text
-- :after_4 text
SELECT period_name(x.period_from, :period) AS period, x.region, NULLIF(x.hospital, '') AS hospital, x.atc,
    (SELECT c.name FROM atc_code c WHERE c.atc = x.atc) AS name, trim_scale(x.ddd_e4 * 0.0001) AS ddd,
    trim_scale(x.packs_e4 * 0.0001) AS packs, x.cost_ore::int8 AS cost_ore, x.reported_months, x.months,
    x.period_from AS _after_1, x.region AS _after_2, x.hospital AS _after_3, x.atc AS _after_4
FROM consumption_page(:source, :from_month, :to_month, :period, :by, :level, :atc, :region, :hospital,
                      :region_basis, :as_of, :after_1, :after_2, :after_3, :after_4, :limit) x
ORDER BY x.period_from, x.region COLLATE "C", x.hospital COLLATE "C", x.atc COLLATE "C"
