-- get_divergence_measure: one version of a measure.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :measure text
-- :version int4
SELECT m.name, m.version, m.basis, m.per, m.unit, m.unit_da, m.definition, m.definition_da, m.minimum_volume, m.material_ratio,
    m.sustained_months, m.created_at, m.created_by, concat(m.name, '-', m.version) AS _etag
FROM divergence_measure m
WHERE m.name = :measure AND m.version = :version
