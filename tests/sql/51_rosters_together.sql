-- Two sessions at the same time: two appointments to one seat, one person twice, an end and an end. What they commit is removed again.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(21);

SELECT two_sessions();
CREATE FUNCTION pg_temp.seat(person text, starts date DEFAULT '2020-01-01', role text DEFAULT 'coordinator') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT id FROM create_appointment(%L, ''forum'', %L, ''nordjylland'', ''nordjylland'', %L, NULL, NULL)', person, role, starts);
$$;
SELECT begins('one');
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT asks('one', format('SELECT id FROM create_person(%L, NULL)', name)) AS id, name FROM (VALUES ('Together A'), ('Together B')) AS v (name);
SELECT does('one', 'COMMIT'), begins('one'), begins('two');

-- two people, one seat
SELECT isnt(asks('one', pg_temp.seat(id)), NULL, 'the first appoints') FROM pair WHERE name = 'Together A';
SELECT second_finds(pg_temp.seat(id),
    'conflicting key value violates exclusion constraint "appointment_seat_taken"', 'the second finds the seat taken') FROM pair WHERE name = 'Together B';
SELECT begins('one'), begins('two');

-- one end and another
CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT a.id FROM appointment a WHERE a.role = 'coordinator' AND a.valid_from = '2020-01-01';
SELECT is(asks('one', format('SELECT ends_on FROM end_appointment(%L, ''2021-01-01'', ''first'')', id)), '2021-01-01', 'the first ends it') FROM made;
SELECT second_finds(format('SELECT ends_on FROM end_appointment(%L, ''2022-01-01'', ''second'')', id),
    'It has ended on 2021-01-01. Nothing is allowed.', 'the second finds it ended') FROM made;
SELECT is((SELECT concat_ws(' ', valid_to, end_reason, version) FROM appointment WHERE id = (SELECT id FROM made)), '2021-01-01 first 2', 'the first stands');
SELECT is((SELECT string_agg(concat_ws(' ', version, action, valid_to), ', ' ORDER BY version) FROM appointment_version), '1 appoint, 2 end 2021-01-01',
    'and so does its history');

-- the second is free to appoint once the first has failed
SELECT begins('one'), begins('two');
SELECT isnt(asks('one', pg_temp.seat(id, '2024-01-01')), NULL, 'appointed, and undone') FROM pair WHERE name = 'Together A';
SELECT sends('two', pg_temp.seat(id, '2024-01-01')) FROM pair WHERE name = 'Together B';
SELECT is(waits('two'), true, 'the second waits');
SELECT does('one', 'ROLLBACK');
SELECT matches(outcome('two'), '^[0-9a-f-]{36}$', 'and succeeds');
SELECT does('two', 'COMMIT');
SELECT is((SELECT string_agg(p.name, ' ' ORDER BY a.valid_from) FROM appointment a JOIN person p USING (person_no)), 'Together A Together B', 'one after the other');

-- an appointment under way, and another token for that person: neither misses the other, whichever comes first
SELECT begins('one'), begins('two');
SELECT isnt(asks('one', pg_temp.seat(id, role => 'clinical_pharmacologist')), NULL, 'appointed') FROM pair WHERE name = 'Together A';
SELECT sends('two', format('SELECT subject FROM update_person(%L, ''*'', ''{"subject": "token-a"}'')', id)) FROM pair WHERE name = 'Together A';
SELECT is(waits('two'), true, 'the token waits');
SELECT does('one', 'COMMIT');
SELECT is(outcome('two'), 'token-a', 'and is set');
SELECT begins('one');
SELECT sends('one', format('SELECT id FROM create_appointment(%L, ''forum'', ''chair'', ''nordjylland'', ''regions_jointly'', ''2024-01-01'', NULL, NULL)', id)) FROM pair WHERE name = 'Together A';
SELECT is(waits('one'), true, 'the next appointment waits');
SELECT does('two', 'COMMIT');
SELECT matches(outcome('one'), '^[0-9a-f-]{36}$', 'and is made');
SELECT does('one', 'COMMIT');
SELECT is((SELECT string_agg(a.role, ' ' ORDER BY a.role) FROM appointment a WHERE a.subject = 'token-a'), 'chair clinical_pharmacologist coordinator', 'all are the token''s');

-- an appointment under way, and an end of its region that a migration moves
SELECT connects('owner', 'postgres');
SELECT begins('one');
SELECT isnt(asks('one', format('SELECT id FROM create_appointment(%L, ''working-group'', ''member'', ''midtjylland'', ''midtjylland'', ''2025-01-01'', NULL, NULL)', id)), NULL, 'appointed') FROM pair WHERE name = 'Together B';
SELECT does('owner', 'BEGIN'), sends('owner', 'UPDATE medkoord.region SET valid_to = ''2030-01-01'' WHERE slug = ''midtjylland'' RETURNING slug');
SELECT is(waits('owner'), true, 'the end waits');
SELECT does('one', 'COMMIT');
SELECT outcome('owner') \g /dev/null
SELECT is(asks('owner', 'SELECT ends_on FROM medkoord.appointment WHERE role = ''member'''), '2030-01-01', 'and ends it, too');
SELECT does('owner', 'ROLLBACK');

DELETE FROM appointment_version; -- for the tests after this one
DELETE FROM appointment;
DELETE FROM person WHERE name LIKE 'Together _';
SELECT * FROM finish();
COMMIT;
