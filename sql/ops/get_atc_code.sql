-- get_atc_code: one ATC code.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :atc text
SELECT atc, level, name, name_source, first_seen_at, version::text AS _etag FROM atc_code WHERE atc = :atc
