-- get_me: who the caller is, and what the caller may do today.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
SELECT actor_subject() AS subject, to_json(array_remove(string_to_array(current_setting('medkoord.roles', true), ','), '')) AS roles,
    actor_region() AS region,
    (SELECT json_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.person_no = actor_person()) AS person,
    (SELECT COALESCE(json_agg(json_build_object(
         'appointment', a.id, 'body', a.body, 'role', a.role, 'title', r.title, 'title_da', r.title_da, 'region', a.region,
         'from', a.valid_from, 'to', a.ends_on) ORDER BY a.body, r.rule_no, a.appointment_no), '[]')
     FROM seats_held(actor_person(), today()) s
     JOIN appointment_shown a ON a.appointment_no = s.appointment_no
     JOIN seat_rule r ON r.kind = s.kind AND r.role = s.role AND daterange(r.valid_from, r.valid_to) @> today()) AS seats,
    (SELECT COALESCE(json_agg(json_build_object('body', b.slug, 'may', r.may, 'appoint_for', r.appoint_for) ORDER BY b.slug), '[]')
     FROM actor_rights() r JOIN body b ON b.body_no = r.body_no) AS may
