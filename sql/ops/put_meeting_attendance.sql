-- put_meeting_attendance: who is there, who sent apologies, who stayed away.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :if_match text
-- :attendance jsonb
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag
FROM put_attendance(:meeting, :if_match, :attendance)
