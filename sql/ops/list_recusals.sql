-- list_recusals: who is recused from a matter, or would be but for a waiver, and why.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :matter uuid
-- :on date
-- :limit int8
-- :after_1 int4
SELECT person, name, roles, recused, grounds, decisions, person_no AS _after_1
FROM matter_recusals(:matter, NULL, :on)
WHERE person_no > CASE WHEN :after_1 IS NULL THEN 0 ELSE :after_1 END
ORDER BY person_no
LIMIT :limit
