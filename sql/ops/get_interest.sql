-- get_interest: one interest, ended or not.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :interest uuid
SELECT id, person, name, kind, party, identifier, tie, valid_from AS "from", valid_to AS "to", end_reason, history, actions, changed_at,
    etag AS _etag
FROM interest_shown
WHERE id = :interest
