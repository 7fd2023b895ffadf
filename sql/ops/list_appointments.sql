-- list_appointments: appointments, the latest recorded first.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :body text
-- :person uuid
-- :as_of date
-- :limit int8
-- :after_1 int4
SELECT id, person, name, body, role, region, appointed_by, valid_from AS "from", ends_on AS "to", ends_with, end_reason, history, actions, created_at,
    created_by, changed_at, appointment_no AS _after_1
FROM appointment_shown
WHERE appointment_no < CASE WHEN :after_1 IS NULL THEN 2147483647 ELSE :after_1 END
  AND (:body IS NULL OR body_no = (SELECT require_body(:body, 'query/body')))
  AND (:person IS NULL OR person_no = (SELECT p.person_no FROM person p WHERE p.id = :person))
  AND (:as_of IS NULL OR valid_from <= :as_of AND COALESCE(ends_on > :as_of, true))
ORDER BY appointment_no DESC
LIMIT :limit
