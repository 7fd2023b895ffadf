-- list_consumption_rejections.csv: the lines that a delivery was rejected for, as far as they are kept.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :id uuid
SELECT x.position, x.line, x.column_name AS "column", x.code, x.detail, x.value
FROM consumption_rejection x
WHERE x.delivery_no = (SELECT require_consumption_delivery(:id))
ORDER BY x.position
