-- transition_appointment: ends an appointment.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :appointment uuid
-- :action text
-- :on date
-- :reason text
SELECT id, person, name, body, role, region, appointed_by, valid_from AS "from", ends_on AS "to", ends_with, end_reason, history, actions, created_at,
    created_by, changed_at,
    etag AS _etag
FROM end_appointment(:appointment, :on, :reason)
WHERE :action = 'end'
