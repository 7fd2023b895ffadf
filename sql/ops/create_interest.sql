-- create_interest: a person declares a tie, or it is recorded for the person.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :person uuid
-- :kind text
-- :party text
-- :identifier text
-- :tie text
-- :from date
-- :to date
SELECT id, person, name, kind, party, identifier, tie, valid_from AS "from", valid_to AS "to", end_reason, history, actions, changed_at,
    etag AS _etag, concat('/v1/interests/', id) AS _location
FROM create_interest(:person, :kind, :party, :identifier, :tie, :from, :to)
