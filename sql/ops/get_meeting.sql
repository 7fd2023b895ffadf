-- get_meeting: one meeting with its agenda.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag
FROM meeting_shown
WHERE reference = :meeting
