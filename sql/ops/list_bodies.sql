-- list_bodies: the bodies that exist on a date, by slug.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :kind text
-- :as_of date
-- :limit int8
-- :after_1 text
SELECT slug, kind, name, region, valid_from, valid_to, source, meetings_a_year, rules, changed_at, slug AS _after_1
FROM body_shown
WHERE slug > CASE WHEN :after_1 IS NULL THEN '' ELSE :after_1 END
  AND (:kind IS NULL OR kind = :kind)
  AND daterange(valid_from, valid_to) @> COALESCE(:as_of, today())
ORDER BY slug
LIMIT :limit
