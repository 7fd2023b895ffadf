-- transition_meeting: calls, holds or cancels a meeting, or approves its minutes.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :if_match text
-- :action text
-- :reason text
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag
FROM transition_meeting(:meeting, :if_match, :action, :reason)
