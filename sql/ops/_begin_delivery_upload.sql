-- _begin_delivery_upload: locks a delivery for an upload and makes the table it fills (copy_into; NULL: finished).
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :id uuid
SELECT delivery_no, state, copy_into, control_rows, control_ddd_e4, control_cost_ore, sha256, content_sha256
FROM begin_delivery_upload(:id)
