-- _upload_coverage: the region-months that a delivery covers.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :delivery_no int4
SELECT c.region_no, r.slug AS region, c.month
FROM consumption_coverage c JOIN region r ON r.region_no = c.region_no
WHERE c.delivery_no = :delivery_no
ORDER BY c.region_no, c.month
