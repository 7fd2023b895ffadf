-- create_divergence_measure: a new measure, or the next version of one.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body jsonb
SELECT m.name, m.version, m.basis, m.per, m.unit, m.unit_da, m.definition, m.definition_da, m.minimum_volume, m.material_ratio,
    m.sustained_months, m.created_at, m.created_by, concat(m.name, '-', m.version) AS _etag,
    concat('/v1/divergence-measures/', m.name, '/versions/', m.version) AS _location
FROM add_divergence_measure(:body) m
