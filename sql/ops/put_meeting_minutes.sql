-- put_meeting_minutes: writes the minutes of a meeting, with what was decided on each item.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :if_match text
-- :text text
-- :items jsonb
SELECT meeting, state, text, items, written_at, written_by, approved, etag AS _etag
FROM put_minutes(:meeting, :if_match, :text, :items)
