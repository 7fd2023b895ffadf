-- get_divergence: how the regions' use diverges over a window, one item for each code.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
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
SELECT o.measure, o."window", o.source, o.region_basis, o.as_of, o.atc, o.level, o.caveats, o.texts, o.deliveries,
    o.not_reported, o.not_delivered, o.regions, o.items
FROM divergence_ask(:measure, :measure_version, :source, :from_month, :to_month, :as_of, :region_basis, :atc, :level, false,
                    'query/') q
CROSS JOIN LATERAL divergence_overview(q, :material, :sort) o
