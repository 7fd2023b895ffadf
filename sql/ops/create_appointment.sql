-- create_appointment: records that somebody has been appointed.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body jsonb
SELECT id, person, name, body, role, region, appointed_by, valid_from AS "from", ends_on AS "to", ends_with, end_reason, history, actions, created_at,
    created_by, changed_at, etag AS _etag, concat('/v1/appointments/', id) AS _location
FROM create_appointment((:body ->> 'person')::uuid, :body ->> 'body', :body ->> 'role', :body ->> 'region', :body ->> 'appointed_by',
                        (:body ->> 'from')::date, (:body ->> 'to')::date, :body ->> 'end_reason')
