-- create_meeting: a new meeting, as a draft.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body jsonb
-- :title text
-- :starts_at timestamptz
-- :ends_at timestamptz
-- :place text
-- :agenda jsonb
SELECT reference, body, title, starts_at, ends_at, place, state, cancel_reason, agenda, attendance, minutes, actions, changed_at, etag AS _etag,
    '/v1/meetings/' || reference AS _location
FROM create_meeting(:body ->> 'body', :title, :starts_at, :ends_at, :place, :agenda)
