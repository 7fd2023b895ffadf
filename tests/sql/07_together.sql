-- Two sessions at the same time: one idempotency key, one population, one hospital. What they commit is removed again.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(11);

SELECT two_sessions();

-- one key
SELECT begins('one'), begins('two');
SELECT is(asks('one', 'SELECT status FROM claim_idempotency_key(''k'', ''x'', ''d'')'), NULL, 'the first claims the key');
SELECT throws_ok($$ SELECT asks('two', 'SELECT status FROM claim_idempotency_key(''k'', ''x'', ''d'')') $$,
    'MK000', 'A request with this Idempotency-Key is still running.', 'the second is told at once');
SELECT does('two', 'ROLLBACK'), does('one', 'ROLLBACK'), begins('two');
SELECT is(asks('two', 'SELECT count(*) FROM claim_idempotency_key(''k'', ''x'', ''d'')'), '1', 'when the first has failed the key is free again');
SELECT throws_ok($$ SELECT does('two', 'COMMIT') $$, '23000', 'an idempotency key was claimed and its answer not stored',
    'a claim without an answer cannot be committed');

-- one population: both create it, the second waits for the first and is refused
SELECT begins('one'), begins('two');
SELECT does('one', 'INSERT INTO population (region_no, on_date, population, source, evidence) VALUES (1, ''2007-01-01'', 577000, ''first'', ''recalled'')');
SELECT second_finds($$
    INSERT INTO population AS p (region_no, on_date, population, source, evidence) VALUES (1, '2007-01-01', 1, 'second', 'recalled')
    ON CONFLICT ON CONSTRAINT population_pkey DO UPDATE SET source = EXCLUDED.source WHERE require_match(NULL, p.version::text)
    RETURNING source $$, 'Send If-Match with the entity tag of the version you have read.', 'the second is refused');
SELECT is((SELECT source FROM population WHERE on_date = '2007-01-01'), 'first', 'the first stands');
SET session_replication_role = replica; -- for the tests after this one: versions are otherwise never removed
DELETE FROM population_version WHERE on_date = '2007-01-01';
DELETE FROM population WHERE on_date = '2007-01-01';
RESET session_replication_role;

-- one hospital: two moves with the same entity tag, the second finds another version
SELECT begins('one'), begins('two');
SELECT asks('one', 'SELECT code FROM create_hospital(''SAMTIDIG'', ''Samtidig'', ''nordjylland'', ''2015-01-01'')') \g /dev/null
SELECT does('one', 'COMMIT'), begins('one');
SELECT is(asks('one', 'SELECT code FROM update_hospital(''SAMTIDIG'', ''1'', ''{"region": "midtjylland", "from": "2020-01-01"}'')'), 'SAMTIDIG', 'the first moves it');
SELECT second_finds('SELECT code FROM update_hospital(''SAMTIDIG'', ''1'', ''{"region": "syddanmark", "from": "2020-01-01"}'')',
    'It has changed since you read it. Read it again and repeat your change.', 'the second finds that it has changed');
SELECT is((SELECT string_agg(region_no::text, ' ' ORDER BY valid_from) FROM hospital_region NATURAL JOIN (SELECT hospital_no FROM hospital WHERE code = 'SAMTIDIG') h),
    '1 2', 'one move was made');
DELETE FROM hospital_region USING hospital h WHERE h.hospital_no = hospital_region.hospital_no AND h.code = 'SAMTIDIG';
DELETE FROM hospital WHERE code = 'SAMTIDIG';

SELECT * FROM finish();
COMMIT;
