-- Two sessions at the same time: two appointments to one seat, one person twice, an end and an end. What they commit is removed again.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(21);

CREATE FUNCTION pg_temp.session(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_connect(name, format('host=%s dbname=%s user=medkoord_server', current_setting('unix_socket_directories'), current_database()));
$$;
-- A transaction of admin anna in a session.
CREATE FUNCTION pg_temp.act(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(name, 'BEGIN');
    SELECT * FROM dblink(name, 'SELECT set_config(''medkoord.subject'', ''anna'', true), set_config(''medkoord.roles'', '',admin,'', true)') AS t (a text, b text);
$$;
SELECT pg_temp.session('one'), pg_temp.session('two') \g /dev/null
CREATE TEMPORARY TABLE one ON COMMIT DROP AS SELECT pid FROM dblink('one', 'SELECT pg_backend_pid()') AS t (pid int);
CREATE TEMPORARY TABLE two ON COMMIT DROP AS SELECT pid FROM dblink('two', 'SELECT pg_backend_pid()') AS t (pid int);

CREATE FUNCTION pg_temp.seat(person uuid) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT id FROM create_appointment(%L, ''forum'', ''coordinator'', ''nordjylland'', ''nordjylland'', ''2020-01-01'', NULL, NULL)', person);
$$;
SELECT pg_temp.act('one') \g /dev/null
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT t.id, t.name FROM dblink('one', 'SELECT p.id, p.name FROM (VALUES (''Together A''), (''Together B'')) v (n), create_person(v.n, NULL) p') AS t (id uuid, name text);
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one'), pg_temp.act('two') \g /dev/null

-- two people, one seat
SELECT isnt((SELECT t.id FROM dblink('one', pg_temp.seat(id)) AS t (id uuid)), NULL, 'the first appoints') FROM pair WHERE name = 'Together A';
SELECT dblink_send_query('two', pg_temp.seat(id)) FROM pair WHERE name = 'Together B' \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'conflicting key value violates exclusion constraint "appointment_seat_taken"', 'and finds the seat taken');
SELECT dblink_exec('two', 'ROLLBACK'), pg_temp.act('one'), pg_temp.act('two') \g /dev/null

-- one end and another
CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT a.id FROM appointment a WHERE a.role = 'coordinator' AND a.valid_from = '2020-01-01';
SELECT is((SELECT t.d FROM dblink('one', format('SELECT ends_on FROM end_appointment(%L, ''2021-01-01'', ''first'')', id)) AS t (d date)), '2021-01-01'::date, 'the first ends it') FROM made;
SELECT dblink_send_query('two', format('SELECT ends_on FROM end_appointment(%L, ''2022-01-01'', ''second'')', id)) FROM made \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'It has ended on 2021-01-01. Nothing is allowed.', 'and finds it ended');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null
SELECT is((SELECT concat_ws(' ', valid_to, end_reason, version) FROM appointment WHERE id = (SELECT id FROM made)), '2021-01-01 first 2', 'the first stands');
SELECT is((SELECT string_agg(concat_ws(' ', version, action, valid_to), ', ' ORDER BY version) FROM appointment_version), '1 appoint, 2 end 2021-01-01',
    'and so does its history');

-- the second is free to appoint once the first has failed
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT isnt((SELECT t.id FROM dblink('one', replace(pg_temp.seat(id), '2020', '2024')) AS t (id uuid)), NULL, 'appointed, and undone') FROM pair WHERE name = 'Together A';
SELECT dblink_send_query('two', replace(pg_temp.seat(id), '2020', '2024')) FROM pair WHERE name = 'Together B' \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'ROLLBACK') \g /dev/null
SELECT matches(outcome('two'), '^[0-9a-f-]{36}$', 'and succeeds');
SELECT dblink_exec('two', 'COMMIT') \g /dev/null
SELECT is((SELECT string_agg(p.name, ' ' ORDER BY a.valid_from) FROM appointment a JOIN person p USING (person_no)), 'Together A Together B', 'one after the other');

-- an appointment under way, and another token for that person: neither misses the other, whichever comes first
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT isnt((SELECT t.id FROM dblink('one', replace(pg_temp.seat(id), 'coordinator', 'clinical_pharmacologist')) AS t (id uuid)), NULL, 'appointed') FROM pair WHERE name = 'Together A';
SELECT dblink_send_query('two', format('SELECT subject FROM update_person(%L, ''*'', ''{"subject": "token-a"}'')', id)) FROM pair WHERE name = 'Together A' \g /dev/null
SELECT is(waits(pid), true, 'the token waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'token-a', 'and is set');
SELECT pg_temp.act('one') \g /dev/null
SELECT dblink_send_query('one', format('SELECT id FROM create_appointment(%L, ''forum'', ''chair'', ''nordjylland'', ''regions_jointly'', ''2024-01-01'', NULL, NULL)', id))
FROM pair WHERE name = 'Together A' \g /dev/null
SELECT is(waits((SELECT t.pid FROM one t)), true, 'the next appointment waits');
SELECT dblink_exec('two', 'COMMIT') \g /dev/null
SELECT matches(outcome('one'), '^[0-9a-f-]{36}$', 'and is made');
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is((SELECT string_agg(a.role, ' ' ORDER BY a.role) FROM appointment a WHERE a.subject = 'token-a'), 'chair clinical_pharmacologist coordinator', 'all are the token''s');

-- an appointment under way, and an end of its region that a migration moves
SELECT dblink_connect('owner', format('host=%s dbname=%s user=postgres', current_setting('unix_socket_directories'), current_database())) \g /dev/null
CREATE TEMPORARY TABLE owner ON COMMIT DROP AS SELECT pid FROM dblink('owner', 'SELECT pg_backend_pid()') AS t (pid int);
SELECT pg_temp.act('one') \g /dev/null
SELECT isnt((SELECT t.id FROM dblink('one', format('SELECT id FROM create_appointment(%L, ''working-group'', ''member'', ''midtjylland'', ''midtjylland'', ''2025-01-01'', NULL, NULL)', id))
             AS t (id uuid)), NULL, 'appointed') FROM pair WHERE name = 'Together B';
SELECT dblink_exec('owner', 'BEGIN'), dblink_send_query('owner', 'WITH moved AS (UPDATE medkoord.region SET valid_to = ''2030-01-01'' WHERE slug = ''midtjylland'' RETURNING slug) SELECT slug FROM moved') \g /dev/null
SELECT is(waits(pid), true, 'the end waits') FROM owner;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT * FROM dblink_get_result('owner') AS t (a text) \g /dev/null
SELECT * FROM dblink_get_result('owner') AS t (a text) \g /dev/null
SELECT is((SELECT t.d FROM dblink('owner', 'SELECT ends_on FROM medkoord.appointment WHERE role = ''member''') AS t (d date)), '2030-01-01'::date, 'and ends it, too');
SELECT dblink_exec('owner', 'ROLLBACK'), dblink_disconnect('owner') \g /dev/null

DELETE FROM appointment_version; -- for the tests after this one
DELETE FROM appointment;
DELETE FROM person WHERE name LIKE 'Together _';
SELECT dblink_disconnect('one'), dblink_disconnect('two') \g /dev/null
SELECT * FROM finish();
COMMIT;
