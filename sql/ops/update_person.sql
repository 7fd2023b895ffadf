-- update_person: a person's name or subject.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :person uuid
-- :if_match text
-- :body jsonb
SELECT id, name, subject, contact, changed_at, etag AS _etag
FROM update_person(:person, :if_match, :body)
