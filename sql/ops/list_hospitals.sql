-- list_hospitals: hospitals by code, as of a date.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :region text
-- :as_of date
-- :include_closed bool
-- :count text
-- :limit int8
-- :after_1 text
WITH matching AS NOT MATERIALIZED (
    SELECT h.code, h.name, h.region, h.status, h.closed_on, h.regions, h.actions, h.changed_at
    FROM hospitals_on(COALESCE(:as_of, today())) h
    WHERE (:region IS NULL OR require_region(:region, 'query/region') IS NOT NULL)
      AND (:region IS NULL OR h.region = :region)
      AND h.region IS NOT NULL  -- it did not exist yet
      AND (:include_closed OR h.status = 'open')
)
SELECT code, name, region, status, closed_on, regions, actions, changed_at,
    CASE WHEN :count = 'exact' THEN (SELECT count(*) FROM matching) END AS _total,
    code AS _after_1
FROM matching
WHERE code > CASE WHEN :after_1 IS NULL THEN '' ELSE :after_1 END
ORDER BY code
LIMIT :limit
