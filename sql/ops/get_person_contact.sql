-- get_person_contact: how to reach a person.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :person uuid
SELECT c.organisation, c.title, c.email, c.phone, c.changed_at, c.version::text AS _etag
FROM person p JOIN person_contact c ON c.person_no = p.person_no
WHERE p.id = :person
