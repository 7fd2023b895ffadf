-- get_consumption_delivery: one delivery. Its tag is of all that is shown: what supersedes it is not in its version.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :id uuid
SELECT id, source, label, status, state, coverage, region_months, control, sha256, announced_at, announced_by,
    content_sha256, content_bytes, rows, ddd, cost_ore, accepted_at, short_atc_codes, new_atc_codes, superseded_by,
    rejected_at, rejected_count, rejected_by_code, withdrawn_at, withdrawn_reason, actions,
    left(md5(d::text), 16) AS _etag
FROM (SELECT r.* FROM consumption_delivery_resource r WHERE r.id = :id OFFSET 0) d  -- OFFSET 0: worked out once
