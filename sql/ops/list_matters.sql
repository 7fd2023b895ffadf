-- list_matters: matters of the bodies in which the caller sits, the latest registered first.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :body text
-- :kind text
-- :reference text
-- :limit int8
-- :after_1 int4
SELECT id, body, kind, reference, title, parties, created_at, created_by, changed_at, matter_no AS _after_1
FROM matter_shown
WHERE matter_no < CASE WHEN :after_1 IS NULL THEN 2147483647 ELSE :after_1 END
  AND (:body IS NULL OR body_no = (SELECT b.body_no FROM body b WHERE b.slug = :body))
  AND (:kind IS NULL OR kind = :kind)
  AND (:reference IS NULL OR reference = :reference)
ORDER BY matter_no DESC
LIMIT :limit
