-- _delivery_report: what accepting a delivery changed, for the same content sent again.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :id uuid
SELECT r.id, r.state, r.rows, r.ddd, r.cost_ore, r.short_atc_codes, r.new_atc_codes, r.supersedes, r.changes
FROM consumption_delivery d CROSS JOIN LATERAL consumption_delivery_report(d.delivery_no) r
WHERE d.id = :id
