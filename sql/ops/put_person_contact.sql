-- put_person_contact: sets how to reach a person, new or anew.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :person uuid
-- :organisation text
-- :title text
-- :email text
-- :phone text
-- :if_match text
WITH put AS (
    INSERT INTO person_contact AS c (person_no, organisation, title, email, phone)
    SELECT p.person_no, :organisation, :title, :email, :phone FROM person p WHERE p.id = :person AND require_person_access(p.person_no)
    ON CONFLICT ON CONSTRAINT person_contact_pkey DO UPDATE
    SET organisation = EXCLUDED.organisation, title = EXCLUDED.title, email = EXCLUDED.email, phone = EXCLUDED.phone
    WHERE require_match(:if_match, c.version::text)
    RETURNING organisation, title, email, phone, changed_at, version, xmax = 0 AS is_new -- what is replaced has been locked before
)
SELECT organisation, title, email, phone, changed_at, version::text AS _etag,
    CASE WHEN NOT is_new THEN 200 WHEN require_no_match(:if_match) THEN 201 END AS _status,
    CASE WHEN is_new THEN concat('/v1/people/', :person, '/contact') END AS _location
FROM put
