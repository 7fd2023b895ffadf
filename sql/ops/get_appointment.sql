-- get_appointment: one appointment.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :appointment uuid
SELECT id, person, name, body, role, region, appointed_by, valid_from AS "from", ends_on AS "to", ends_with, end_reason, history, actions, created_at,
    created_by, changed_at,
    etag AS _etag
FROM appointment_shown
WHERE id = :appointment
