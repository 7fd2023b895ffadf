-- get_matter: one matter, and whom it concerns.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :matter uuid
SELECT id, body, kind, reference, title, parties, created_at, created_by, changed_at, etag AS _etag
FROM matter_shown
WHERE id = :matter
