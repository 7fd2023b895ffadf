-- get_person_export: everything stored about one person. An area that stores more adds a column here.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :person uuid
SELECT p.id, p.name, p.subject, p.changed_at, subject_shown(p.changed_by, w.sees_all) AS changed_by,
    (SELECT json_build_object('organisation', c.organisation, 'title', c.title, 'email', c.email, 'phone', c.phone,
                              'changed_at', c.changed_at, 'changed_by', subject_shown(c.changed_by, w.sees_all))
     FROM person_contact c WHERE c.person_no = p.person_no) AS contact,
    (SELECT COALESCE(json_agg(json_build_object(
         'id', s.id, 'body', s.body, 'role', s.role, 'region', s.region, 'appointed_by', s.appointed_by, 'from', s.valid_from, 'to', s.ends_on,
         'ends_with', s.ends_with, 'end_reason', s.end_reason, 'history', s.history, 'created_at', s.created_at, 'created_by', s.created_by,
         'changed_at', s.changed_at, 'changed_by', subject_shown(a.changed_by, w.sees_all)) ORDER BY s.valid_from, s.appointment_no), '[]')
     FROM appointment_shown s JOIN appointment a ON a.appointment_no = s.appointment_no WHERE s.person_no = p.person_no) AS appointments,
    person_interests(p.person_no) AS interests, person_recusals(p.person_no) AS recusals,
    person_meetings(p.person_no) AS meetings,
    subject_traces(p.person_no) AS traces
FROM person p CROSS JOIN (SELECT actor_sees_subjects() AS sees_all) w
WHERE p.id = :person AND require_personal_data(p.person_no)
