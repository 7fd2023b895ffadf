-- update_body: what a body calls itself.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body text
-- :if_match text
-- :name text
SELECT slug, kind, name, region, valid_from, valid_to, source, meetings_a_year, rules, changed_at, version::text AS _etag
FROM update_body(:body, :if_match, jsonb_strip_nulls(jsonb_build_object('name', :name)))
