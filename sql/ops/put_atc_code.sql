-- put_atc_code: the name of an ATC code, and the code itself when it is new.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :atc text
-- :name text
-- :name_source text
-- :if_match text
WITH put AS (
    INSERT INTO atc_code AS a (atc, name, name_source) VALUES (:atc, :name, :name_source)
    ON CONFLICT ON CONSTRAINT atc_code_pkey DO UPDATE SET name = EXCLUDED.name, name_source = EXCLUDED.name_source
    WHERE require_match(:if_match, a.version::text)
    RETURNING atc, level, name, name_source, first_seen_at, version
)
SELECT atc, level, name, name_source, first_seen_at, version::text AS _etag,
    CASE WHEN version > 1 THEN 200 WHEN require_no_match(:if_match) THEN 201 END AS _status,
    CASE WHEN version = 1 THEN concat('/v1/atc-codes/', atc) END AS _location
FROM put
