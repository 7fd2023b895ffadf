-- Two sessions of one person that take the last snapshot of the day at the same time: one of both.
-- What they commit is removed again. Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
INSERT INTO divergence_snapshot (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level, items,
    overview, sha256, created_at, created_by)
SELECT 'together', 'ddd_per_1000_per_day', 1, 'ddd', 'amgros', '2021-01-01', '2021-01-01', 'as_reported', now(), 5, 0, '{}',
    encode(sha256('{}'), 'hex'), now() - interval '1 day' * (n / 99), 'together' FROM generate_series(0, 197) n;
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(5);

CREATE FUNCTION pg_temp.session(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_connect(name, format('host=%s dbname=%s user=medkoord_server', current_setting('unix_socket_directories'), current_database()));
    SELECT dblink_exec(name, 'SET search_path = medkoord, pg_temp');
$$;
CREATE FUNCTION pg_temp.act(name text, who text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(name, 'BEGIN');
    SELECT * FROM dblink(name, format('SELECT set_config(''medkoord.subject'', %L, true), set_config(''medkoord.roles'', '',forum_secretariat,'', true)', who)) AS t (a text, b text);
$$;
CREATE FUNCTION pg_temp.asks(name text, question text) RETURNS text LANGUAGE sql AS $$
    SELECT t.a FROM dblink(name, question) AS t (a text);
$$;
SELECT pg_temp.session('one'), pg_temp.session('two') \g /dev/null
CREATE TEMPORARY TABLE two ON COMMIT DROP AS SELECT pid FROM dblink('two', 'SELECT pg_backend_pid()') AS t (pid int);
\set take '\'SELECT title FROM take_divergence_snapshot(\'\'together\'\', divergence_ask(\'\'ddd_per_1000_per_day\'\', NULL, \'\'amgros\'\', \'\'2021-01-01\'\', \'\'2021-01-01\'\', NULL, \'\'as_reported\'\', NULL, 5, false, \'\'/\'\'), NULL, \'\'atc\'\')\''

SELECT pg_temp.act('one', 'together'), pg_temp.act('two', 'together') \g /dev/null
SELECT is(pg_temp.asks('one', :take), 'together', 'the hundredth of the day is taken; those of yesterday do not count');
SELECT dblink_send_query('two', :take) \g /dev/null
SELECT is(waits(pid), true, 'another of the same person waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'You have taken 100 snapshots today.', 'and is refused');
SELECT dblink_exec('two', 'ROLLBACK'), pg_temp.act('one', 'together-other'), pg_temp.act('two', 'together-third') \g /dev/null
SELECT is(pg_temp.asks('one', :take), 'together', 'somebody else takes one');
SELECT is(pg_temp.asks('two', :take), 'together', 'and nobody waits for others');
SELECT dblink_exec('one', 'ROLLBACK'), dblink_exec('two', 'ROLLBACK'), dblink_disconnect('one'), dblink_disconnect('two') \g /dev/null

SELECT * FROM finish();
COMMIT;
ALTER TABLE divergence_snapshot DISABLE TRIGGER divergence_snapshot_never_changes;
DELETE FROM divergence_snapshot WHERE created_by LIKE 'together%';
ALTER TABLE divergence_snapshot ENABLE TRIGGER divergence_snapshot_never_changes;
