-- update_matter: another title, or other parties.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :matter uuid
-- :if_match text
-- :body jsonb
SELECT id, body, kind, reference, title, parties, created_at, created_by, changed_at, etag AS _etag
FROM update_matter(:matter, :if_match, :body)
