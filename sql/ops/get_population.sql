-- get_population: the population of one region on one date.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :region text
-- :date date
SELECT r.slug AS region, p.on_date AS date, p.population, p.source, p.evidence, p.changed_at, p.version::text AS _etag
FROM population p
JOIN region r ON r.region_no = p.region_no
WHERE r.slug = :region AND p.on_date = :date
