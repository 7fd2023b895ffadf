-- update_meeting: another title, time or place.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :if_match text
-- :body jsonb
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag
FROM update_meeting(:meeting, :if_match, :body)
