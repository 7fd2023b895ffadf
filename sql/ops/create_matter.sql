-- create_matter: registers a matter of a body, and whom it concerns.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body jsonb
SELECT id, body, kind, reference, title, parties, created_at, created_by, changed_at, etag AS _etag,
    concat('/v1/matters/', id) AS _location
FROM create_matter(:body ->> 'body', :body ->> 'kind', :body ->> 'reference', :body ->> 'title', :body -> 'parties')
