-- create_hospital: a new hospital in a region.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :code text
-- :name text
-- :region text
-- :valid_from date
SELECT code, name, region, status, closed_on, regions, actions, changed_at, etag AS _etag,
    concat('/v1/hospitals/', url_segment(code)) AS _location
FROM create_hospital(:code, :name, :region, :valid_from)
