-- transition_interest: ends an interest.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :interest uuid
-- :action text
-- :on date
-- :reason text
SELECT id, person, name, kind, party, identifier, tie, valid_from AS "from", valid_to AS "to", end_reason, history, actions, changed_at,
    etag AS _etag
FROM end_interest(:interest, :on, :reason)
WHERE :action = 'end'
