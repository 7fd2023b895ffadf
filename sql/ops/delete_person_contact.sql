-- delete_person_contact: erases how to reach a person.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: none
-- :person uuid
-- :if_match text
SELECT erase_contact(:person, :if_match)
