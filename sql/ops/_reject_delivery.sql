-- _reject_delivery: keeps why an upload was rejected, in place of what was kept of an earlier one.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :id uuid
-- :content_sha256 text
-- :bytes int8
-- :counts jsonb
-- :rejections jsonb
SELECT id, state, rejected_count AS rejected, rejected_by_code AS counts
FROM reject_delivery(:id, :content_sha256, :bytes, :counts, :rejections)
