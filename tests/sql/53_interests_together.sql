-- Two sessions at the same time: one tie declared twice, an end and an end, a recusal and a recusal, a waiver and a waiver, a waiver by
-- the one who is being recused, the last interests that there may be. What they commit is removed again.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(20);

SELECT two_sessions();
SELECT begins('one', 'together-operator');
CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT asks('one', format('SELECT id FROM create_person(%L, %L)', name, subject)) AS id, name
    FROM (VALUES ('Together A', 'together-chair'), ('Together B', 'together-member')) AS v (name, subject);
SELECT asks('one', format('SELECT id FROM create_appointment(%L, ''working-group'', ''chair'', NULL, ''health_directors'', ''2026-01-01'', NULL, NULL)', id)) FROM pair WHERE name = 'Together A' \g /dev/null
SELECT asks('one', format('SELECT id FROM create_appointment(%L, ''working-group'', ''member'', ''nordjylland'', ''nordjylland'', ''2026-01-01'', NULL, NULL)', id)) FROM pair WHERE name = 'Together B' \g /dev/null
SELECT does('one', 'COMMIT'), begins('one', 'together-chair');
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT asks('one', 'SELECT id FROM create_matter(''working-group'', ''case'', ''TOGETHER-1'', ''x'', ''[{"kind": "project", "name": "Together"}]'')') AS id;
CREATE FUNCTION pg_temp.declare() RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT id FROM create_interest(%L, ''project'', ''Together'', NULL, ''a fee'', ''2026-01-01'', NULL)', id) FROM pair WHERE name = 'Together B';
$$;
CREATE FUNCTION pg_temp.decide(action text, on_whom text DEFAULT 'Together B') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT recused::text FROM decide_recusal(%L, %L, %L, ''x'')', made.id, pair.id, action) FROM pair, made WHERE name = on_whom;
$$;
SELECT does('one', 'COMMIT'), begins('one', 'together-chair'), begins('two', 'together-chair');

-- one tie, declared twice
CREATE TEMPORARY TABLE tie ON COMMIT DROP AS SELECT asks('one', pg_temp.declare()) AS id;
SELECT second_finds(pg_temp.declare(),
    'conflicting key value violates exclusion constraint "interest_declared_already"', 'the second finds it declared');

-- two waivers: the second finds nothing to waive
SELECT begins('one', 'together-chair'), begins('two', 'together-chair');
SELECT is(asks('one', pg_temp.decide('waive')), 'false', 'the first waives');
SELECT second_finds(pg_temp.decide('waive'), 'There is nothing to waive.', 'the second finds nothing to waive');

-- two recusals
SELECT begins('one', 'together-chair'), begins('two', 'together-chair');
SELECT is(asks('one', pg_temp.decide('recuse')), 'true', 'the first recuses');
SELECT second_finds(pg_temp.decide('recuse'), 'That has been decided already.', 'the second finds it decided');
SELECT is((SELECT string_agg(action, ' ' ORDER BY decision_no) FROM recusal_decision), 'waive recuse', 'two decisions were made');

-- one end and another
SELECT begins('one', 'together-chair'), begins('two', 'together-chair');
SELECT is(asks('one', format('SELECT valid_to FROM end_interest(%L, %L, ''first'')', id, today())), today()::text, 'the first ends it') FROM tie;
SELECT second_finds(format('SELECT valid_to FROM end_interest(%L, %L, ''second'')', id, today() + 1),
    format('It has ended on %s. Nothing is allowed.', today()), 'the second finds it ended') FROM tie;
SELECT is((SELECT concat_ws(' ', valid_to, end_reason, version) FROM interest), today() || ' first 2', 'the first stands');
SELECT is((SELECT string_agg(concat_ws(' ', version, valid_to), ', ' ORDER BY version) FROM interest_version), '1, 2 ' || today(), 'and so does its history');

-- a waiver by the chair, who is being recused
SELECT begins('one', 'together-chair'), begins('two', 'together-chair');
SELECT is(asks('one', pg_temp.decide('recuse', 'Together A')), 'true', 'the chair is recused');
SELECT second_finds(pg_temp.decide('waive'), 'You are recused from case TOGETHER-1.', 'a waiver finds that');

-- the last interest that there may be, twice
SELECT begins('one', 'together-member');
SELECT does('one', format('INSERT INTO interest (person_no, kind, party, tie, valid_from) SELECT actor_person(), ''project'', ''P'' || n, ''x'', ''2026-01-01'' FROM generate_series(1, 499) n'));
SELECT does('one', 'COMMIT'), begins('one', 'together-member'), begins('two', 'together-member');
SELECT isnt(asks('one', 'SELECT id FROM create_interest(NULL, ''project'', ''One'', NULL, ''x'', ''2026-01-01'', NULL)'), NULL, 'the first is declared');
SELECT second_finds('SELECT id FROM create_interest(NULL, ''project'', ''Two'', NULL, ''x'', ''2026-01-01'', NULL)',
    '500 interests of the person have not ended.', 'the second is one too many');

-- for the tests after this one
DELETE FROM recusal_decision;
DELETE FROM matter;
DELETE FROM interest_version;
DELETE FROM interest;
DELETE FROM appointment_version;
DELETE FROM appointment;
DELETE FROM person WHERE name LIKE 'Together _';
SELECT * FROM finish();
COMMIT;
