-- _accept_delivery: checks an uploaded table as a set and makes it count, or answers why not (violations).
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :delivery_no int4
-- :content_sha256 text
-- :bytes int8
SELECT violations AS _violations, violation_counts AS _violation_counts, id, state, rows, ddd, cost_ore,
    short_atc_codes, new_atc_codes, supersedes, changes
FROM accept_delivery(:delivery_no, :content_sha256, :bytes)
