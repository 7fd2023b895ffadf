-- update_hospital: another name, or another region from a date on.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :hospital text
-- :if_match text
-- :body jsonb
SELECT code, name, region, status, closed_on, regions, actions, changed_at, etag AS _etag
FROM update_hospital(:hospital, :if_match, :body)
