-- transition_consumption_delivery: withdraws a delivery, so that what it superseded is in force again.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :id uuid
-- :action text
-- :reason text
SELECT id, source, label, status, state, coverage, region_months, control, sha256, announced_at, announced_by,
    content_sha256, content_bytes, rows, ddd, cost_ore, accepted_at, short_atc_codes, new_atc_codes, superseded_by,
    rejected_at, rejected_count, rejected_by_code, withdrawn_at, withdrawn_reason, actions,
    left(md5(d::text), 16) AS _etag
FROM transition_consumption_delivery(:id, :action, :reason) d
