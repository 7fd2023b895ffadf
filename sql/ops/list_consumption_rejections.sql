-- list_consumption_rejections: the lines that a delivery was rejected for, as far as they are kept.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :id uuid
-- :limit int8
-- :after_1 int4
SELECT x.position, x.line, x.column_name AS "column", x.code, x.detail, x.value, x.position AS _after_1
FROM consumption_rejection x
WHERE x.delivery_no = (SELECT require_consumption_delivery(:id))
  AND x.position > CASE WHEN :after_1 IS NULL THEN 0 ELSE :after_1 END
ORDER BY x.position
LIMIT :limit
