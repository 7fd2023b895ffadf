-- get_person: one person.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :person uuid
SELECT id, name, subject, contact, changed_at, etag AS _etag
FROM person_shown
WHERE id = :person
