-- create_person: a new person.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :name text
-- :subject text
SELECT id, name, subject, contact, changed_at, etag AS _etag, concat('/v1/people/', id) AS _location
FROM create_person(:name, :subject)
