-- transition_hospital: closes or reopens a hospital.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :hospital text
-- :action text
-- :on date
SELECT code, name, region, status, closed_on, regions, actions, changed_at, etag AS _etag
FROM transition_hospital(:hospital, :action, :on)
