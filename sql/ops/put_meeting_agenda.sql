-- put_meeting_agenda: another agenda in place of the one there is.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :if_match text
-- :items jsonb
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag
FROM put_agenda(:meeting, :if_match, :items)
