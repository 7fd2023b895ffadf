-- get_body: one body with its rules.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body text
SELECT slug, kind, name, region, valid_from, valid_to, source, meetings_a_year, rules, changed_at, version::text AS _etag
FROM body_shown
WHERE slug = :body
