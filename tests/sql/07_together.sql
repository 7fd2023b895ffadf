-- Two sessions at the same time: one idempotency key, one population, one hospital. What they commit is removed again.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(11);

CREATE FUNCTION pg_temp.session(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_connect(name, format('host=%s dbname=%s user=medkoord_server', current_setting('unix_socket_directories'), current_database()));
$$;
-- A transaction of admin anna in a session.
CREATE FUNCTION pg_temp.act(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(name, 'BEGIN');
    SELECT * FROM dblink(name, 'SELECT set_config(''medkoord.subject'', ''anna'', true), set_config(''medkoord.roles'', '',admin,'', true)') AS t (a text, b text);
$$;
SELECT pg_temp.session('one'), pg_temp.session('two') \g /dev/null
CREATE TEMPORARY TABLE two ON COMMIT DROP AS SELECT pid FROM dblink('two', 'SELECT pg_backend_pid()') AS t (pid int);

-- one key
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT status FROM dblink('one', 'SELECT status FROM claim_idempotency_key(''k'', ''x'', ''d'')') AS t (status int)), NULL, 'the first claims the key');
SELECT throws_ok($$ SELECT * FROM dblink('two', 'SELECT status FROM claim_idempotency_key(''k'', ''x'', ''d'')') AS t (status int) $$,
    'MK000', 'A request with this Idempotency-Key is still running.', 'the second is told at once');
SELECT dblink_exec('two', 'ROLLBACK'), dblink_exec('one', 'ROLLBACK'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT count(*) FROM dblink('two', 'SELECT status FROM claim_idempotency_key(''k'', ''x'', ''d'')') AS t (status int)), 1::bigint,
    'when the first has failed the key is free again');
SELECT throws_ok($$ SELECT dblink_exec('two', 'COMMIT') $$, '23000', 'an idempotency key was claimed and its answer not stored',
    'a claim without an answer cannot be committed');

-- one population: both create it, the second waits for the first and is refused
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT dblink_exec('one', 'INSERT INTO population (region_no, on_date, population, source, evidence) VALUES (1, ''2007-01-01'', 577000, ''first'', ''recalled'')') \g /dev/null
SELECT dblink_send_query('two', $$
    INSERT INTO population AS p (region_no, on_date, population, source, evidence) VALUES (1, '2007-01-01', 1, 'second', 'recalled')
    ON CONFLICT ON CONSTRAINT population_pkey DO UPDATE SET source = EXCLUDED.source WHERE require_match(NULL, p.version::text)
    RETURNING source $$) \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'Send If-Match with the entity tag of the version you have read.', 'and is refused');
SELECT is((SELECT source FROM population WHERE on_date = '2007-01-01'), 'first', 'the first stands');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null
SET session_replication_role = replica; -- for the tests after this one: versions are otherwise never removed
DELETE FROM population_version WHERE on_date = '2007-01-01';
DELETE FROM population WHERE on_date = '2007-01-01';
RESET session_replication_role;

-- one hospital: two moves with the same entity tag, the second finds another version
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
SELECT code FROM dblink('one', 'SELECT code FROM create_hospital(''SAMTIDIG'', ''Samtidig'', ''nordjylland'', ''2015-01-01'')') AS t (code text) \g /dev/null
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one') \g /dev/null
SELECT is((SELECT code FROM dblink('one', 'SELECT code FROM update_hospital(''SAMTIDIG'', ''1'', ''{"region": "midtjylland", "from": "2020-01-01"}'')') AS t (code text)),
    'SAMTIDIG', 'the first moves it');
SELECT dblink_send_query('two', 'SELECT code FROM update_hospital(''SAMTIDIG'', ''1'', ''{"region": "syddanmark", "from": "2020-01-01"}'')') \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'It has changed since you read it. Read it again and repeat your change.', 'and finds that it has changed');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null
SELECT is((SELECT string_agg(region_no::text, ' ' ORDER BY valid_from) FROM hospital_region NATURAL JOIN (SELECT hospital_no FROM hospital WHERE code = 'SAMTIDIG') h),
    '1 2', 'one move was made');
DELETE FROM hospital_region USING hospital h WHERE h.hospital_no = hospital_region.hospital_no AND h.code = 'SAMTIDIG';
DELETE FROM hospital WHERE code = 'SAMTIDIG';

SELECT dblink_disconnect('one'), dblink_disconnect('two') \g /dev/null
SELECT * FROM finish();
COMMIT;
