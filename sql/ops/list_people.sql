-- list_people: people by name.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :q text
-- :body text
-- :region text
-- :limit int8
-- :after_1 text
-- :after_2 int4
SELECT p.id, p.name, p.subject, p.contact, p.changed_at, p.name AS _after_1, p.person_no AS _after_2
FROM person_shown p
WHERE (p.name, p.person_no) > (CASE WHEN :after_1 IS NULL THEN '' ELSE :after_1 END, CASE WHEN :after_2 IS NULL THEN 0 ELSE :after_2 END)
  AND (:q IS NULL OR position(lower(:q COLLATE "und-x-icu") IN lower(p.name COLLATE "und-x-icu")) > 0)
  AND (:region IS NULL OR require_region(:region, 'query/region') IS NOT NULL)
  AND (:body IS NULL OR require_body(:body, 'query/body') IS NOT NULL)
  AND (:body IS NULL AND :region IS NULL OR EXISTS (
      SELECT FROM seats_held(p.person_no, today()) s
      JOIN body b ON b.body_no = s.body_no
      LEFT JOIN region r ON r.region_no = s.region_no
      WHERE (:body IS NULL OR b.slug = :body) AND (:region IS NULL OR r.slug = :region)))
ORDER BY p.name, p.person_no
LIMIT :limit
