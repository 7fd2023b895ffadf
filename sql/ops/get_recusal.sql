-- get_recusal: whether one person is recused from a matter, and why.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :matter uuid
-- :person uuid
-- :on date
SELECT person, name, roles, recused, grounds, decisions,
    md5(concat(name, roles, recused, grounds, decisions)) AS _etag
FROM matter_recusals(:matter, :person, :on)
