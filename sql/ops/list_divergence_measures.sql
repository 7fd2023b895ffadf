-- list_divergence_measures: every version of every measure that the caller may see.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :name text
-- :limit int8
-- :after_1 text
-- :after_2 int4
SELECT m.name, m.version, m.basis, m.per, m.unit, m.unit_da, m.definition, m.definition_da, m.minimum_volume, m.material_ratio,
    m.sustained_months, m.created_at, m.created_by, m.name AS _after_1, m.version AS _after_2
FROM divergence_measure m
WHERE (:name IS NULL OR m.name = :name)
  AND (m.name, m.version)
    > (CASE WHEN :after_1 IS NULL THEN '' ELSE :after_1 END, CASE WHEN :after_2 IS NULL THEN 0 ELSE :after_2 END)
ORDER BY m.name, m.version
LIMIT :limit
