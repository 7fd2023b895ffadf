-- get_meeting_minutes: the minutes of a meeting, as a draft or approved.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
SELECT meeting, state, text, items, written_at, written_by, approved, etag AS _etag
FROM meeting_minutes_shown
WHERE meeting = :meeting
