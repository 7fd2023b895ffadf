-- create_waiver: waives what recuses a person from a matter.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :matter uuid
-- :person uuid
-- :reason text
SELECT person, name, roles, recused, grounds, decisions,
    md5(concat(name, roles, recused, grounds, decisions)) AS _etag, concat('/v1/matters/', :matter, '/recusals/', person) AS _location
FROM decide_recusal(:matter, :person, 'waive', :reason)
