-- Rosters: seats by rule, region and date; appointments and their rules; authority by seats held on a day; the merger.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL jit = off; -- as for the server
-- The day is the test's to choose; undone with the rest.
CREATE OR REPLACE FUNCTION medkoord.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE RETURN current_setting('test.today')::date;
SET LOCAL test.today = '2026-06-15';
SELECT act_as('admin') \g /dev/null

CREATE FUNCTION pg_temp.person(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM create_person(name, 'sub-' || name) $$;
CREATE FUNCTION pg_temp.no(name text) RETURNS int LANGUAGE sql AS $$ SELECT person_no FROM person WHERE subject = 'sub-' || $1 $$;
CREATE FUNCTION pg_temp.body(slug text) RETURNS smallint LANGUAGE sql AS $$ SELECT body_no FROM body b WHERE b.slug = body.slug $$;
-- A new person of this name, or the one that is there, on a seat, appointed by whoever is entitled to.
CREATE FUNCTION pg_temp.seat(name text, body text, role text, region text, from_date date DEFAULT '2026-01-01', to_date date DEFAULT NULL)
RETURNS uuid LANGUAGE sql AS $$
    SELECT a.id FROM create_appointment(COALESCE((SELECT p.id FROM person p WHERE p.subject = 'sub-' || seat.name), pg_temp.person(seat.name)), seat.body, seat.role,
        seat.region, (SELECT CASE s.appointed_by WHEN 'region' THEN seat.region ELSE s.appointed_by END FROM seat_rule s JOIN body b ON b.kind = s.kind
                      WHERE b.slug = seat.body AND s.role = seat.role), from_date, to_date, CASE WHEN to_date IS NOT NULL THEN 'x' END) a
$$;
CREATE FUNCTION pg_temp.seats(body text, on_date date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(role, ':', n), ' ' ORDER BY first)
    FROM (SELECT s.role, count(*) AS n, min(s.seat_no) AS first FROM roster_seats(pg_temp.body(body), on_date) s GROUP BY s.role) x
$$;
CREATE FUNCTION pg_temp.found(body text, on_date date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', f.code, f.severity, f.role, f.region, f.must_appoint, (SELECT string_agg(p ->> 'name', '+') FROM json_array_elements(f.persons) p)), '; ')
    FROM roster_findings(pg_temp.body(body), on_date) f WHERE f.code <> 'seat_vacant'
$$;
-- Every right by seat in a body on a day of the person, of today().
CREATE FUNCTION pg_temp.may(name text, body text) RETURNS text LANGUAGE sql AS $$
    SELECT * FROM act_as('reader', '', 'sub-' || name);
    SELECT string_agg(m, ' ' ORDER BY m) FROM unnest('{appoint,meet,minute,approve,read_draft,recuse}'::text[]) m WHERE actor_may(m, pg_temp.body(body))
$$;

SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(178);

-- ---- seats follow the rules and the regions of the day; nothing counts to five ----
SELECT is((SELECT string_agg(slug, ' ' ORDER BY slug) FROM body), 'drug-committee-hovedstaden drug-committee-midtjylland drug-committee-nordjylland '
    'drug-committee-oestdanmark drug-committee-sjaelland drug-committee-syddanmark forum health-directors steering-group working-group', 'all bodies of both texts');
SELECT is((SELECT count(*) FROM person) + (SELECT count(*) FROM appointment), 0::bigint, 'and nobody in them');
SELECT is(pg_temp.seats('forum', d), e, 'the forum on ' || d) FROM (VALUES
    ('2017-03-30'::date, NULL),
    ('2017-03-31', 'chair:1 drug_committee_chair:5 clinical_pharmacologist:5 hospital_pharmacist:1 danske_regioner:1 amgros:1 coordinator:5 secretariat:1'),
    ('2026-12-31', 'chair:1 drug_committee_chair:5 clinical_pharmacologist:5 hospital_pharmacist:1 danske_regioner:1 amgros:1 coordinator:5 secretariat:1'),
    ('2027-01-01', 'chair:1 drug_committee_chair:4 clinical_pharmacologist:4 hospital_pharmacist:1 danske_regioner:1 amgros:1 coordinator:4 secretariat:1')) AS t (d, e);
SELECT is(pg_temp.seats('steering-group', d), e, 'the steering group on ' || d) FROM (VALUES
    ('2024-02-21'::date, NULL), ('2024-02-22', 'chair:1 member:5 secretariat:1'), ('2027-01-01', 'chair:1 member:4 secretariat:1')) AS t (d, e);
SELECT is(pg_temp.seats('working-group', '2026-12-31'), 'chair:1 member:5 younger_researcher:5 secretariat:1', 'the working group');
SELECT is(pg_temp.seats('health-directors', d), e, 'the health directors on ' || d) FROM (VALUES ('2007-01-01'::date, 'director:5'), ('2027-01-01', 'director:4')) AS t (d, e);
SELECT is(pg_temp.seats('drug-committee-sjaelland', d), e, 'a committee of a region that goes, on ' || d)
FROM (VALUES ('2026-12-31'::date, 'chair:1 member:1'), ('2027-01-01', NULL)) AS t (d, e);
SELECT is((SELECT string_agg(region, ' ' ORDER BY seat_no) FROM roster_seats(pg_temp.body('health-directors'), '2027-01-01')),
    'nordjylland midtjylland syddanmark oestdanmark', 'four regions');
SELECT is((SELECT count(*) FROM roster_findings(pg_temp.body('working-group'), '2026-06-15') WHERE code = 'seat_vacant'), 7::bigint,
    'a seat that may stay empty is no vacancy');

-- ---- text of one line ----
SELECT is(is_one_line(t), true, 'a line: ' || t) FROM unnest('{x,Ærø Å,A  B, x,😀,né́}'::text[]) AS t;
SELECT is(is_one_line(t), false, 'no line: ' || to_json(t)) FROM unnest(ARRAY['', ' ', '   ', E'\n', E'x\n', E'x\ny', E'x\r', E'\tx', E'x\u0085', E'x\u2028', E'\u2029x',
    E'\u00a0', E'\u2003\u200b\ufeff', E'\u3000', E'x\u0007', E'x\u007f']) AS t;
SELECT fails_with($$ SELECT create_person(E'A\nB', NULL) $$, 'person_one_line');
SELECT fails_with($$ SELECT create_person('A', ' ') $$, 'person_one_line');

-- ---- the rules of an appointment ----
SELECT isnt(pg_temp.seat('C', 'forum', 'coordinator', 'nordjylland'), NULL, 'appointed');
SELECT fails_with($$ SELECT pg_temp.seat('D', 'forum', 'coordinator', 'nordjylland', '2030-01-01') $$, 'appointment_seat_taken', 'one at a time');
SELECT fails_with($$ SELECT pg_temp.seat('C', 'forum', 'coordinator', 'nordjylland', '2030-01-01') $$, 'appointment_person_seated_already', 'not twice');
SELECT isnt(pg_temp.seat('D', 'forum', 'coordinator', 'nordjylland', '2025-01-01', '2026-01-01'), NULL, 'until the very day on which the next begins');
SELECT isnt(pg_temp.seat('S1', 'forum', 'secretariat', 'nordjylland'), NULL, 'a secretariat');
SELECT isnt(pg_temp.seat('S2', 'forum', 'secretariat', 'nordjylland'), NULL, 'has as many as it likes');
SELECT fails_with($$ SELECT pg_temp.seat('S2', 'forum', 'secretariat', 'syddanmark') $$, 'appointment_person_seated_already', 'also from another region');
SELECT fails_with(format('SELECT pg_temp.seat(%L, %L, %L, %L, %L, %L)', 'X', body, role, region, f, t), code, concat_ws(' ', code, body, role, region, f, t))
FROM (VALUES ('forum', 'chair', NULL, '2017-03-30', NULL, 'no_such_seat'), ('forum', 'no_such', NULL, '2026-01-01', NULL, 'no_such_seat'),
    ('drug-committee-oestdanmark', 'member', 'oestdanmark', '2026-12-31', NULL, 'appointment_outside_region'),
    ('drug-committee-hovedstaden', 'member', 'hovedstaden', '2027-01-01', NULL, 'appointment_outside_region'),
    ('drug-committee-hovedstaden', 'member', 'hovedstaden', '2026-01-01', '2027-06-30', 'appointment_outside_region'),
    ('forum', 'coordinator', 'oestdanmark', '2026-12-31', NULL, 'appointment_outside_region'), ('forum', 'coordinator', 'sjaelland', '2027-01-01', NULL, 'appointment_outside_region'),
    ('forum', 'coordinator', 'sjaelland', '2026-12-31', '2027-01-02', 'appointment_outside_region'),
    ('forum', 'coordinator', 'sjaelland', '2026-03-01', '2026-02-28', 'appointment_ends_before_start'),
    ('forum', 'coordinator', 'atlantis', '2026-03-01', NULL, 'unknown_reference')) AS t (body, role, region, f, t, code);
SELECT throws_ok($$ SELECT create_appointment((SELECT id FROM person WHERE subject = 'sub-C'), 'steering-group', 'member', 'sjaelland', 'sjaelland', '2026-01-01', '2026-02-01', NULL) $$,
    'MK000', 'Say why it ends then.', 'an end has a reason');
SELECT throws_ok($$ SELECT create_appointment((SELECT id FROM person WHERE subject = 'sub-C'), 'steering-group', 'member', 'sjaelland', 'sjaelland', '2026-01-01', NULL, 'x') $$,
    'MK000', 'Say when it ends, or leave the reason out.', 'and a reason has an end');
SELECT fails_with($$ UPDATE appointment SET valid_to = '2027-01-01' WHERE person_no = pg_temp.no('C') $$, 'appointment_end_has_reason', 'whoever writes it');
SELECT fails_with($$ SELECT create_appointment((SELECT id FROM person WHERE subject = 'sub-C'), 'steering-group', 'member', 'sjaelland', 'hovedstaden', '2026-01-01', NULL, NULL) $$,
    'appointer_not_entitled', 'another region');
SELECT throws_ok($$ DELETE FROM appointment $$, '42501', NULL, 'nobody deletes an appointment');
SELECT throws_ok($$ UPDATE appointment SET person_no = 1 $$, '42501', NULL, 'or rewrites it');
SELECT throws_ok($$ UPDATE appointment SET valid_from = '2000-01-01' $$, '42501', NULL, 'or its beginning');
SELECT throws_ok($$ UPDATE seat_right SET may = 'appoint' $$, '42501', NULL, 'nobody gives a seat more rights');
SELECT throws_ok($$ INSERT INTO seat_appoints VALUES ('forum', 'amgros', 'region', 'forum') $$, '42501', NULL, 'or lets it speak for others');
SELECT throws_ok($$ DELETE FROM person $$, '42501', NULL, 'nobody deletes a person');

-- ---- authority follows the seat and the day ----
SELECT is(pg_temp.may('S1', 'forum'), 'appoint meet minute read_draft', 'a secretariat');
SELECT is(pg_temp.may('C', 'forum'), 'read_draft', 'a coordinator');
SELECT is(pg_temp.may('S1', 'steering-group'), NULL, 'nothing in another body');
SELECT is(pg_temp.may('D', 'forum'), NULL, 'nothing once it has ended');
SELECT is(pg_temp.may('nobody', 'forum'), NULL, 'nothing without a seat');
SELECT * FROM act_as('forum_secretariat,region_coordinator,amgros,auditor', 'nordjylland', 'someone');
SELECT is(actor_may('read_draft', pg_temp.body('forum')), false, 'whatever the token says');
SELECT fails_with($$ SELECT require_authority('meet', pg_temp.body('forum')) $$, 'no_authority');
SELECT fails_with($$ SELECT create_person('X', NULL) $$, 'no_authority');
SELECT fails_with($$ INSERT INTO person (name) VALUES ('X') $$, '42501', 'nor around the function');
SELECT fails_with($$ INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from)
    VALUES (pg_temp.no('C'), pg_temp.body('forum'), 'chair', 1, 'regions_jointly', '2026-01-01') $$, '42501', 'nor an appointment');
SELECT lives_ok($$ UPDATE appointment SET valid_to = valid_from $$, 'an update');
SELECT is((SELECT count(*) FROM appointment WHERE valid_to = valid_from), 0::bigint, 'finds nothing that one may change');
SELECT * FROM act_as('reader', '', 'sub-S1');
SELECT is(require_authority('meet', pg_temp.body('forum')), true, 'a seat that allows it');
SELECT is((SELECT string_agg(DISTINCT s.role, ' ' ORDER BY s.role) FROM roster_seats(pg_temp.body('forum'), '2026-06-15') s
           WHERE actor_may_appoint(pg_temp.body('forum'), s.role, s.appointed_by)),
    'chair clinical_pharmacologist drug_committee_chair hospital_pharmacist secretariat', 'a secretariat records whoever speaks for nobody');
SELECT fails_with($$ SELECT pg_temp.seat('S1', 'forum', 'chair', NULL) $$, 'no_authority', 'and nothing for themself');
SELECT fails_with($$ INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from)
    VALUES (pg_temp.no('S1'), pg_temp.body('forum'), 'chair', 1, 'regions_jointly', '2026-01-01') $$, '42501', 'nor around the function');
SELECT set_config('test.today', '2025-12-31', true) \g /dev/null
SELECT is(actor_may('meet', pg_temp.body('forum')), false, 'not before its first day');
SELECT set_config('test.today', '2026-01-01', true) \g /dev/null
SELECT is(actor_may('meet', pg_temp.body('forum')), true, 'on its first day');
SELECT * FROM act_as('admin');
SELECT is((SELECT string_agg(e.ends_on::text, '') FROM appointment a, end_appointment(a.id, '2026-06-01', 'x') e WHERE a.person_no = pg_temp.no('S1')), '2026-06-01', 'ended ahead');
SELECT is((SELECT string_agg(d::date::text, ' ') FROM unnest('{2025-12-31,2026-01-01,2026-05-31,2026-06-01}'::date[]) d WHERE EXISTS (SELECT FROM seats_held(pg_temp.no('S1'), d))),
    '2026-01-01 2026-05-31', 'held from the first day to the day before the end');
SELECT set_config('test.today', '2026-06-01', true) \g /dev/null
SELECT is(pg_temp.may('S1', 'forum'), NULL, 'and on that day it allows nothing');
SELECT * FROM act_as('admin');
SELECT is((SELECT string_agg(e.ends_on::text, '') FROM appointment a, end_appointment(a.id, '2026-01-01', 'x') e WHERE a.person_no = pg_temp.no('S2')), '2026-01-01', 'taken back');
SELECT is((SELECT count(*) FROM seats_held(pg_temp.no('S2'), '2026-01-01')), 0::bigint, 'it never was');
-- every version is kept, and the past is the operator's
CREATE FUNCTION pg_temp.history(name text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', h ->> 'action', h ->> 'to', h ->> 'reason'), ', ') FROM appointment_shown s, json_array_elements(s.history) h
    WHERE s.person_no = pg_temp.no(history.name)
$$;
SELECT is(pg_temp.history('S1'), 'appoint, end 2026-06-01 x', 'as it was before the end, and after');
SELECT throws_ok($$ INSERT INTO appointment_version SELECT * FROM appointment_version $$, '42501', NULL, 'nobody writes history');
SELECT throws_ok($$ UPDATE appointment_version SET end_reason = 'y' $$, '42501', NULL, 'or rewrites it');
SELECT throws_ok($$ DELETE FROM appointment_version $$, '42501', NULL, 'or takes it away');
SELECT isnt(pg_temp.seat('S5', 'forum', 'secretariat', 'nordjylland', '2020-01-01'), NULL, 'a secretariat of long standing');
SELECT * FROM act_as('reader', '', 'sub-S5');
SELECT fails_with($$ UPDATE appointment SET valid_to = '2020-01-01', end_reason = 'x' WHERE person_no = pg_temp.no('S5') $$, 'no_authority', 'takes nothing from the past');
SELECT fails_with($$ UPDATE appointment SET valid_to = '2026-05-31', end_reason = 'x' WHERE person_no = pg_temp.no('S5') $$, 'no_authority', 'not yesterday either');
SELECT * FROM act_as('admin');
UPDATE appointment SET valid_to = '2020-01-01', end_reason = 'x' WHERE person_no = pg_temp.no('S5');
SELECT is(pg_temp.history('S5'), 'appoint, end 2020-01-01 x', 'the operator does, and it is kept');
SELECT * FROM act_as('reader', '', 'sub-C');
SELECT fails_with($$ UPDATE person SET subject = 'sub-C2' $$, 'no_authority', 'whose token has the seat is the operator''s to say');
SELECT * FROM act_as('admin');
SELECT is((SELECT u.subject FROM person p, update_person(p.id, '*', '{"subject": "sub-C2"}') u WHERE p.subject = 'sub-C'), 'sub-C2', 'another token');
SELECT is(ARRAY[pg_temp.may('C', 'forum'), pg_temp.may('C2', 'forum')], ARRAY[NULL, 'read_draft'], 'takes the authority along');
SELECT * FROM act_as('admin');
SELECT is((SELECT max(version) FROM appointment WHERE subject = 'sub-C2'), 1, 'and makes no new version of the appointment');
SELECT is((SELECT u.subject FROM person p, update_person(p.id, '*', '{"subject": "sub-C"}') u WHERE p.subject = 'sub-C2'), 'sub-C', 'and back');

-- ---- what a person's subject stands in is the same whoever asks ----
SELECT * FROM act_as('amgros', '', 'sub-S1');
SELECT isnt((SELECT id FROM announce_consumption_delivery('{"source": "amgros", "label": "x", "status": "final", "control": {"rows": 0, "ddd": 0},
    "coverage": [{"region": "nordjylland", "from_month": "2024-01", "to_month": "2024-01"}]}')), NULL, 'she announced a delivery, which is open');
RESET SESSION AUTHORIZATION;
INSERT INTO idempotency_key (subject, key, operation, digest, status) VALUES ('sub-S1', 'k', 'x', 'x', 201);
INSERT INTO person_contact (person_no, email) VALUES (pg_temp.no('C'), 'c@example.org');
INSERT INTO interest (person_no, kind, party, tie, valid_from) VALUES (pg_temp.no('C'), 'project', 'X', 'x', '2026-01-01');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
CREATE FUNCTION pg_temp.traces(roles text, subject text) RETURNS text LANGUAGE sql AS $$
    SELECT * FROM act_as(roles, '', subject);
    SELECT string_agg(concat_ws(' ', t ->> 'table', t ->> 'column', t ->> 'rows'), ', ') FROM json_array_elements(subject_traces(pg_temp.no('S1'))) t
$$;
SELECT is(pg_temp.traces(roles, subject), 'appointment subject 1, consumption_delivery announced_by 1, idempotency_key subject 1, interest changed_by 1, '
    'interest created_by 1, interest_version changed_by 1, person subject 1, person_contact changed_by 1', 'of all of it, for ' || subject)
FROM (VALUES ('reader', 'sub-S1'), ('admin', 'anna'), ('auditor', 'Rev')) AS t (roles, subject);
SELECT * FROM act_as('forum_secretariat', '', 'other');
SELECT fails_with($$ SELECT subject_traces(pg_temp.no('S1')) $$, 'no_authority', 'and nobody else''s');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relforcerowsecurity
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.atttypid = 'text'::regtype
                    AND (a.attname = 'subject' OR a.attname LIKE '%\_by') AND a.attname <> 'appointed_by')
        AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*')
                        AND (p.polroles = '{0}' OR 'medkoord_owner'::regrole = ANY (p.polroles))
                        AND pg_get_expr(p.polqual, p.polrelid) ~ '^(true|.*traced_subject.*|\(\( SELECT (medkoord.)?actor_subject\(\) AS actor_subject\) IS NOT NULL\))$')
$$, 'in every table that names subjects the owner finds them');

-- ---- findings ----
SELECT * FROM act_as('admin');
SELECT throws_ok(format('SELECT pg_temp.seat(%L, %L, %L, NULL)', 'X', 'forum', role), 'MK000',
    'The secretariat goes by the region of the chair: say from which region this one is.', 'a region for the ' || role)
FROM unnest('{chair,secretariat}'::text[]) AS role;
SELECT is(pg_temp.found('steering-group', '2026-06-15'), NULL, 'vacancies only');
SELECT isnt(pg_temp.seat('H', 'steering-group', 'chair', NULL), NULL, 'a chair');
SELECT is(pg_temp.found('steering-group', '2026-06-15'), 'holder_not_qualified deviation chair health_directors H', 'who is no health director');
SELECT isnt(pg_temp.seat('H', 'health-directors', 'director', 'sjaelland'), NULL, 'becomes one');
SELECT is(pg_temp.found('steering-group', '2026-12-31'), NULL, 'and all is well');
SELECT is(pg_temp.found('steering-group', '2027-01-01'), 'holder_not_qualified deviation chair health_directors H', 'until the region goes');
SELECT isnt(pg_temp.seat('S3', 'forum', 'secretariat', 'syddanmark'), NULL, 'a secretariat in Syddanmark');
SELECT isnt(pg_temp.seat('F', 'forum', 'chair', 'sjaelland'), NULL, 'a chair from Sjælland');
SELECT is(pg_temp.found('forum', '2026-06-15'), 'seat_in_other_region remark secretariat syddanmark regions_jointly S3', 'a remark');
SELECT isnt(pg_temp.seat('S4', 'forum', 'secretariat', 'hovedstaden'), NULL, 'and one in Hovedstaden');
SELECT is(pg_temp.found('forum', '2026-06-15'), 'seat_in_several_regions deviation secretariat regions_jointly S3+S4; '
    'seat_in_other_region remark secretariat hovedstaden regions_jointly S4; seat_in_other_region remark secretariat syddanmark regions_jointly S3', 'in two regions');
SELECT is(pg_temp.found('forum', '2027-01-01'), 'seat_in_several_regions deviation secretariat regions_jointly S3+S4; '
    'seat_in_other_region remark secretariat syddanmark regions_jointly S3', 'Hovedstaden and Sjælland are one region then');
RESET SESSION AUTHORIZATION;
UPDATE appointment SET alone = false WHERE person_no = pg_temp.no('F');
UPDATE seat_rule SET alone = false WHERE (kind, role) = ('forum', 'chair');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT isnt(pg_temp.seat('F2', 'forum', 'chair', 'sjaelland'), NULL, 'a rule that allows two chairs');
RESET SESSION AUTHORIZATION;
UPDATE seat_rule SET alone = true WHERE (kind, role) = ('forum', 'chair');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is((SELECT status FROM roster_seats(pg_temp.body('forum'), '2026-06-15') WHERE role = 'chair'), 'overfilled', 'is changed');
SELECT is(split_part(pg_temp.found('forum', '2026-06-15'), ';', 1), 'seat_overfilled deviation chair regions_jointly F+F2', 'two chairs');

-- ---- the merger: nothing is written, and the day makes the difference ----
SELECT isnt(pg_temp.seat('CS', 'forum', 'coordinator', 'sjaelland'), NULL, 'a coordinator of Sjælland');
SELECT isnt(pg_temp.seat('M', 'working-group', 'member', 'midtjylland'), NULL, 'a member from Midtjylland');
SELECT isnt(pg_temp.seat('A', 'forum', 'amgros', NULL), NULL, 'one from Amgros');
SELECT isnt(pg_temp.seat('YS', 'working-group', 'younger_researcher', 'sjaelland'), NULL, 'a seat that may stay empty');
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('CS')), '2027-01-01 region', 'ends with the region');
SELECT is((SELECT count(*) FROM seats_held(pg_temp.no('CS'), d)), n, 'held on ' || d) FROM (VALUES ('2026-12-31'::date, 1::bigint), ('2027-01-01', 0)) AS t (d, n);
SELECT is((SELECT string_agg(body_no::text, '') FROM seats_held(pg_temp.no('H'), '2027-01-01')), '2', 'a chair stays');
SELECT is(pg_temp.found('working-group', '2027-01-01'), 'appointment_ended_with_region remark younger_researcher oestdanmark oestdanmark YS', 'must not, but may appoint');
SELECT is((SELECT f.must_appoint FROM roster_findings(pg_temp.body('forum'), '2027-01-01') f WHERE f.code = 'appointment_ended_with_region'), 'oestdanmark', 'the successor must appoint');
SELECT set_config('test.today', '2026-12-31', true) \g /dev/null
SELECT * FROM act_as('reader', '', 'sub-CS');
SELECT is((SELECT string_agg(a, ' ') FROM unnest('{sjaelland,hovedstaden,oestdanmark,nordjylland,regions_jointly,danske_regioner}'::text[]) a WHERE actor_may_appoint(pg_temp.body('forum'), 'coordinator', a)),
    'sjaelland oestdanmark', 'on the last day she speaks for Sjælland and for what succeeds it');
SELECT set_config('test.today', '2027-01-01', true) \g /dev/null
SELECT is((SELECT string_agg(a, ' ') FROM unnest('{sjaelland,hovedstaden,oestdanmark,nordjylland}'::text[]) a WHERE actor_may_appoint(pg_temp.body('forum'), 'coordinator', a)), NULL, 'then for nobody');
SELECT is(actor_keeps_people(), false, 'nor does she keep the register');
SELECT * FROM act_as('admin');
SELECT isnt(pg_temp.seat('CS', 'forum', 'coordinator', 'oestdanmark', '2027-01-01'), NULL, 'until she is appointed anew');
SELECT is((SELECT count(*) FROM roster_findings(pg_temp.body('forum'), '2027-01-01') f WHERE f.code = 'appointment_ended_with_region'), 0::bigint, 'and the finding is gone');
SELECT isnt(pg_temp.seat('YE', 'working-group', 'younger_researcher', 'oestdanmark', '2027-02-01', '2029-01-01'), NULL, 'and filled for two years');
SELECT is(pg_temp.found('working-group', d), e, 'the seat on ' || d) FROM (VALUES
    ('2027-01-31'::date, 'appointment_ended_with_region remark younger_researcher oestdanmark oestdanmark YS'), ('2027-02-01', NULL), ('2029-01-02', NULL)) AS t (d, e);
-- what a vanished committee has left is for the one that follows it
SELECT isnt(pg_temp.seat('KO', 'drug-committee-oestdanmark', 'chair', 'oestdanmark', '2027-01-01'), NULL, 'a chair of the new committee');
SELECT isnt(pg_temp.seat('KS', 'drug-committee-sjaelland', 'chair', 'sjaelland'), NULL, 'and one of the old');
SELECT is(pg_temp.may('KO', body), rights, 'in ' || body) FROM (VALUES ('drug-committee-oestdanmark', 'appoint approve meet minute read_draft recuse'),
    ('drug-committee-sjaelland', 'approve meet minute read_draft recuse'), ('drug-committee-nordjylland', NULL)) AS t (body, rights);
SELECT is(pg_temp.may('KS', 'drug-committee-sjaelland'), NULL, 'the old chair has nothing any more');
SELECT set_config('test.today', '2026-12-31', true) \g /dev/null
SELECT is(pg_temp.may('KO', 'drug-committee-sjaelland'), NULL, 'and the new one nothing before');
SELECT set_config('test.today', '2027-01-01', true) \g /dev/null
SELECT * FROM act_as('admin');
-- ends that move, by whoever moves them
RESET SESSION AUTHORIZATION;
UPDATE region SET valid_to = '2028-01-01' WHERE slug = 'midtjylland';
UPDATE seat_rule SET valid_to = '2029-01-01' WHERE (kind, role) = ('forum', 'amgros');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('M')), '2028-01-01 region', 'the end of a region');
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('A')), '2029-01-01 rule', 'and of a rule ends appointments');
SELECT is((SELECT count(*) FROM seats_held(pg_temp.no('A'), '2029-01-01')), 0::bigint, 'and what they allow');
RESET SESSION AUTHORIZATION;
INSERT INTO seat_right (kind, role, may) VALUES ('working_group', 'member', 'minute');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is(pg_temp.may('M', 'working-group'), 'minute read_draft', 'a right that seats are given');
RESET SESSION AUTHORIZATION;
DELETE FROM seat_right WHERE (kind, role, may) = ('working_group', 'member', 'minute');
UPDATE region SET valid_to = NULL WHERE slug = 'midtjylland';
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('M')), '', 'and an end called off opens them again');
SELECT is(pg_temp.may('M', 'working-group'), 'read_draft', 'or that is taken from them, they have or have not at once');
SELECT is(pg_temp.history('M'), 'appoint, follow 2028-01-01, follow', 'which its history says');

-- ---- rules change from a date on, by a migration ----
SELECT * FROM act_as('admin');
SELECT isnt(pg_temp.seat('Y', 'working-group', 'younger_researcher', 'nordjylland', '2026-01-01', '2031-01-01'), NULL, 'a younger researcher');
SELECT isnt(pg_temp.seat('P', 'forum', 'hospital_pharmacist', NULL), NULL, 'a pharmacist');
SELECT set_config('test.before', json_agg(s ORDER BY s.seat_no)::text, true) FROM roster_seats(pg_temp.body('forum'), '2029-12-31') s \g /dev/null
RESET SESSION AUTHORIZATION;
SET LOCAL ROLE medkoord_owner;
SELECT * FROM act_as('', '', ''); -- as when migrating: nobody
-- the same seat under another rule; a seat in place of another one, with its appointer and its rights; a body that ends
UPDATE seat_rule SET valid_to = '2030-01-01' WHERE (kind, role) IN (('working_group', 'younger_researcher'), ('forum', 'hospital_pharmacist'));
INSERT INTO appointer (appointer, name, name_da) VALUES ('pharmacies', 'the hospital pharmacies', 'sygehusapotekerne');
INSERT INTO seat_rule (kind, role, title, title_da, each_region, member, required, alone, appointed_by, valid_from, source) VALUES
    ('working_group', 'younger_researcher', 'younger researcher', 'yngre forsker', true, true, true, true, 'region', '2030-01-01', 'T3'),
    ('forum', 'pharmacist', 'pharmacist', 'farmaceut', true, true, true, true, 'pharmacies', '2030-01-01', 'T3');
INSERT INTO seat_right (kind, role, may) VALUES ('forum', 'pharmacist', 'read_draft'), ('forum', 'pharmacist', 'keep_people');
INSERT INTO seat_appoints (kind, role, appointer, in_kind) VALUES ('forum', 'pharmacist', 'pharmacies', 'forum');
UPDATE body SET valid_to = '2030-01-01' WHERE slug = 'steering-group';
RESET ROLE;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('admin');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', s.required, s.status, s.region), ', ') FROM roster_seats(pg_temp.body('working-group'), d) s
           WHERE s.role = 'younger_researcher' AND s.region = 'nordjylland'), e, 'the same seat on ' || d)
FROM (VALUES ('2029-12-31'::date, 'f filled nordjylland'), ('2030-01-01', 't filled nordjylland'), ('2031-01-01', 't vacant nordjylland')) AS t (d, e);
SELECT is(pg_temp.seats('forum', d), e, 'the forum on ' || d) FROM (VALUES
    ('2029-12-31'::date, 'chair:1 drug_committee_chair:4 clinical_pharmacologist:4 hospital_pharmacist:1 danske_regioner:1 coordinator:4 secretariat:1'),
    ('2030-01-01', 'chair:1 drug_committee_chair:4 clinical_pharmacologist:4 danske_regioner:1 coordinator:4 secretariat:1 pharmacist:4')) AS t (d, e);
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('Y')), '2031-01-01', 'who sat there sits on');
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('P')), '2030-01-01 rule', 'the other seat ends with its rule');
SELECT is(pg_temp.history('P'), 'appoint, follow 2030-01-01', 'as its history says');
SELECT is((SELECT concat_ws(' ', ends_on, ends_with) FROM appointment_shown WHERE person_no = pg_temp.no('H') AND body = 'steering-group'), '2030-01-01 body', 'or with its body');
SELECT fails_with($$ SELECT pg_temp.seat('P', 'forum', 'hospital_pharmacist', NULL, '2030-01-01') $$, 'no_such_seat', 'of that seat there is no more');
SELECT fails_with($$ SELECT pg_temp.seat('P', 'steering-group', 'member', 'nordjylland', '2030-01-01') $$, 'no_such_seat', 'nor of that body');
SELECT isnt(pg_temp.seat('P', 'forum', 'pharmacist', 'nordjylland', '2030-01-01'), NULL, 'the new one is appointed to');
SELECT set_config('test.today', '2030-01-01', true) \g /dev/null
SELECT is(pg_temp.may('P', 'forum'), 'read_draft', 'with its rights');
SELECT is(actor_may_appoint(pg_temp.body('forum'), 'pharmacist', 'pharmacies'), true, 'and it speaks for its appointer');
SELECT is((SELECT count(*) FROM json_array_elements(current_setting('test.before')::json) b, roster_seats(pg_temp.body('forum'), '2029-12-31') s
    WHERE (b ->> 'role', b ->> 'region', b ->> 'status', b ->> 'appointed_by') IS NOT DISTINCT FROM (s.role, s.region, s.status, s.appointed_by)), 16::bigint, 'before that date all is as it was');

SELECT * FROM act_as('', '', '');
SELECT is_empty($$ SELECT FROM person $$, 'nobody reads nothing');
SELECT is_empty($$ EXECUTE get_roster ('forum', '2026-06-15') $$, 'and no roster');

SELECT * FROM finish();
ROLLBACK;
