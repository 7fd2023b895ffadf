-- Two sessions at the same time: one tie declared twice, an end and an end, a recusal and a recusal, a waiver and a waiver, a waiver by
-- the one who is being recused, the last interests that there may be. What they commit is removed again.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(20);

CREATE FUNCTION pg_temp.session(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_connect(name, format('host=%s dbname=%s user=medkoord_server', current_setting('unix_socket_directories'), current_database()));
$$;
-- A transaction of the chair in a session, or of somebody else, with an operator's token.
CREATE FUNCTION pg_temp.act(name text, who text DEFAULT 'chair') RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(name, 'BEGIN');
    SELECT * FROM dblink(name, format('SELECT set_config(''medkoord.subject'', ''together-%s'', true), set_config(''medkoord.roles'', '',admin,'', true)', who)) AS t (a text, b text);
$$;
SELECT pg_temp.session('one'), pg_temp.session('two') \g /dev/null
CREATE TEMPORARY TABLE two ON COMMIT DROP AS SELECT pid FROM dblink('two', 'SELECT pg_backend_pid()') AS t (pid int);

SELECT pg_temp.act('one', 'operator') \g /dev/null
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT t.id, t.name FROM dblink('one', 'SELECT p.id, p.name FROM (VALUES (''Together A'', ''together-chair''), (''Together B'', ''together-member'')) v (n, s), create_person(v.n, v.s) p') AS t (id uuid, name text);
SELECT t.id FROM pair, dblink('one', format('SELECT id FROM create_appointment(%L, ''working-group'', ''chair'', NULL, ''health_directors'', ''2026-01-01'', NULL, NULL)', id)) AS t (id uuid)
WHERE name = 'Together A' \g /dev/null
SELECT t.id FROM pair, dblink('one', format('SELECT id FROM create_appointment(%L, ''working-group'', ''member'', ''nordjylland'', ''nordjylland'', ''2026-01-01'', NULL, NULL)', id)) AS t (id uuid)
WHERE name = 'Together B' \g /dev/null
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one') \g /dev/null
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT t.id FROM dblink('one', 'SELECT id FROM create_matter(''working-group'', ''case'', ''TOGETHER-1'', ''x'', ''[{"kind": "project", "name": "Together"}]'')') AS t (id uuid);
CREATE FUNCTION pg_temp.declare() RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT id FROM create_interest(%L, ''project'', ''Together'', NULL, ''a fee'', ''2026-01-01'', NULL)', id) FROM pair WHERE name = 'Together B';
$$;
CREATE FUNCTION pg_temp.decide(action text, on_whom text DEFAULT 'Together B') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT recused::text FROM decide_recusal(%L, %L, %L, ''x'')', made.id, pair.id, action) FROM pair, made WHERE name = on_whom;
$$;
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one'), pg_temp.act('two') \g /dev/null

-- one tie, declared twice
CREATE TEMPORARY TABLE tie ON COMMIT DROP AS SELECT t.id FROM dblink('one', pg_temp.declare()) AS t (id uuid);
SELECT dblink_send_query('two', pg_temp.declare()) \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'conflicting key value violates exclusion constraint "interest_declared_already"', 'and finds it declared');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null

-- two waivers: the second finds nothing to waive
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT t.r FROM dblink('one', pg_temp.decide('waive')) AS t (r text)), 'false', 'the first waives');
SELECT dblink_send_query('two', pg_temp.decide('waive')) \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'There is nothing to waive.', 'and finds nothing to waive');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null

-- two recusals
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT t.r FROM dblink('one', pg_temp.decide('recuse')) AS t (r text)), 'true', 'the first recuses');
SELECT dblink_send_query('two', pg_temp.decide('recuse')) \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'That has been decided already.', 'and finds it decided');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null
SELECT is((SELECT string_agg(action, ' ' ORDER BY decision_no) FROM recusal_decision), 'waive recuse', 'two decisions were made');

-- one end and another
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT t.d FROM tie, dblink('one', format('SELECT valid_to FROM end_interest(%L, %L, ''first'')', id, today())) AS t (d date)), today(), 'the first ends it');
SELECT dblink_send_query('two', format('SELECT valid_to FROM end_interest(%L, %L, ''second'')', id, today() + 1)) FROM tie \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), format('It has ended on %s. Nothing is allowed.', today()), 'and finds it ended');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null
SELECT is((SELECT concat_ws(' ', valid_to, end_reason, version) FROM interest), today() || ' first 2', 'the first stands');
SELECT is((SELECT string_agg(concat_ws(' ', version, valid_to), ', ' ORDER BY version) FROM interest_version), '1, 2 ' || today(), 'and so does its history');

-- a waiver by the chair, who is being recused
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT t.r FROM dblink('one', pg_temp.decide('recuse', 'Together A')) AS t (r text)), 'true', 'the chair is recused');
SELECT dblink_send_query('two', pg_temp.decide('waive')) \g /dev/null
SELECT is(waits(pid), true, 'a waiver waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'You are recused from case TOGETHER-1.', 'and finds that');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null

-- the last interest that there may be, twice
SELECT pg_temp.act('one', 'member') \g /dev/null
SELECT dblink_exec('one', format('INSERT INTO interest (person_no, kind, party, tie, valid_from) SELECT actor_person(), ''project'', ''P'' || n, ''x'', ''2026-01-01'' FROM generate_series(1, 499) n')) \g /dev/null
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one', 'member'), pg_temp.act('two', 'member') \g /dev/null
SELECT isnt((SELECT t.id FROM dblink('one', 'SELECT id FROM create_interest(NULL, ''project'', ''One'', NULL, ''x'', ''2026-01-01'', NULL)') AS t (id uuid)), NULL, 'the first is declared');
SELECT dblink_send_query('two', 'SELECT id FROM create_interest(NULL, ''project'', ''Two'', NULL, ''x'', ''2026-01-01'', NULL)') \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), '500 interests of the person have not ended.', 'and is one too many');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null

-- for the tests after this one
DELETE FROM recusal_decision;
DELETE FROM matter;
DELETE FROM interest_version;
DELETE FROM interest;
DELETE FROM appointment_version;
DELETE FROM appointment;
DELETE FROM person WHERE name LIKE 'Together _';
SELECT dblink_disconnect('one'), dblink_disconnect('two') \g /dev/null
SELECT * FROM finish();
COMMIT;
