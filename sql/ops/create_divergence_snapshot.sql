-- create_divergence_snapshot: works out an overview and freezes it.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :title text
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
SELECT s.id, s.title, s.measure, s.measure_version, s.source, divergence_month_name(s.from_month) AS from_month,
    divergence_month_name(s.to_month) AS to_month, s.region_basis, s.as_of, s.atc, s.level, s.material, s.items, s.sha256,
    s.created_at, s.created_by, s.overview, s.sha256 AS _etag, '/v1/divergence-snapshots/' || s.id AS _location
FROM take_divergence_snapshot(
    :title,
    divergence_ask(COALESCE(:measure, 'ddd_per_1000_per_day'), :measure_version, COALESCE(:source, 'amgros'), :from_month,
                   :to_month, :as_of, COALESCE(:region_basis, 'as_reported'), :atc, COALESCE(:level, 5), false, '/'),
    :material, COALESCE(:sort, 'atc')) s
