-- get_hospital: one hospital, as of a date.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :hospital text
-- :as_of date
SELECT code, name, region, status, closed_on, regions, actions, changed_at, etag AS _etag
FROM hospitals_on(COALESCE(:as_of, today()))
WHERE code = :hospital
