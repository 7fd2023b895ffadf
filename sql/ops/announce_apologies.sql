-- announce_apologies: the caller's own apologies for a meeting, or that they are taken back.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :apologies bool
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag
FROM announce_apologies(:meeting, :apologies)
