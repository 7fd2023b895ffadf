-- put_population: sets the population of one region on one date, new or anew.
-- Replacing happens under the lock of the row that is there, so If-Match is held against what is really replaced.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :region text
-- :date date
-- :population int4
-- :source text
-- :evidence text
-- :if_match text
WITH put AS (
    INSERT INTO population AS p (region_no, on_date, population, source, evidence)
    SELECT r.region_no, :date, :population, :source, :evidence FROM region r WHERE r.slug = :region
    ON CONFLICT ON CONSTRAINT population_pkey DO UPDATE
    SET population = EXCLUDED.population, source = EXCLUDED.source, evidence = EXCLUDED.evidence
    WHERE require_match(:if_match, p.version::text)
    RETURNING on_date, population, source, evidence, changed_at, version
)
SELECT :region AS region, on_date AS date, population, source, evidence, changed_at, version::text AS _etag,
    CASE WHEN version > 1 THEN 200 WHEN require_no_match(:if_match) THEN 201 END AS _status,
    CASE WHEN version = 1 THEN concat('/v1/regions/', :region, '/populations/', on_date) END AS _location
FROM put
