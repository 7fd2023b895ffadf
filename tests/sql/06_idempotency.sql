-- Idempotency keys: claimed, answered, replayed; whose they are; when they go.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(25);

SELECT * FROM act_as('admin', subject => 'anna');
SELECT results_eq($$ EXECUTE _claim_idempotency_key ('k1', 'create_hospital', 'd1') $$,
    $$ VALUES (NULL::int, NULL::text, NULL::text, NULL::text) $$, 'a free key is claimed');
SELECT fails_with($$ SELECT commit_would() $$, 'idempotency_key_answered', 'it cannot be kept without its answer');
SELECT lives_ok($$ EXECUTE _store_idempotent_answer ('k1', 201, '/v1/hospitals/X', '1', '{"code":"X"}') $$, 'the answer is stored');
SELECT lives_ok($$ SELECT commit_would() $$, 'and now it can');
SELECT results_eq($$ EXECUTE _claim_idempotency_key ('k1', 'create_hospital', 'd1') $$,
    $$ VALUES (201, '/v1/hospitals/X', '1', '{"code":"X"}') $$, 'the same again is the same answer');
SELECT fails_with($$ EXECUTE _claim_idempotency_key ('k1', 'create_hospital', 'd2') $$, 'idempotency_key_reused', 'another body');
SELECT fails_with($$ EXECUTE _claim_idempotency_key ('k1', 'transition_hospital', 'd1') $$, 'idempotency_key_reused', 'another operation');
SELECT lives_ok($$ EXECUTE _store_idempotent_answer ('k1', 200, NULL, NULL, 'other') $$, 'a stored answer ...');
SELECT is((SELECT body FROM idempotency_key), '{"code":"X"}', '... is never replaced');
SELECT fails_with($$ EXECUTE _claim_idempotency_key ('', 'x', 'd') $$, 'idempotency_key_length');
SELECT fails_with(format('EXECUTE _claim_idempotency_key (%L, ''x'', ''d'')', repeat('k', 256)), 'idempotency_key_length', 'too long');
SELECT fails_with($$ UPDATE idempotency_key SET status = 500 $$, 'idempotency_key_status', 'only success is kept');
SELECT throws_ok($$ UPDATE idempotency_key SET digest = 'd2' $$, '42501', NULL, 'what a key was for never changes');
SELECT throws_ok($$ DELETE FROM idempotency_key $$, '42501', NULL, 'nobody removes a key');

-- whose they are
SELECT * FROM act_as('admin', subject => 'bent');
SELECT is((SELECT count(*) FROM idempotency_key), 0::bigint, 'others'' keys are not seen');
SELECT results_eq($$ EXECUTE _claim_idempotency_key ('k1', 'create_hospital', 'd9') $$,
    $$ VALUES (NULL::int, NULL::text, NULL::text, NULL::text) $$, 'and the same key is free for somebody else');
EXECUTE _store_idempotent_answer ('k1', 200, NULL, NULL, 'b') \g /dev/null
SELECT fails_with($$ INSERT INTO idempotency_key (subject, key, operation, digest) VALUES ('anna', 'k3', 'x', 'd') $$, '42501', 'nobody claims for somebody else');
SELECT * FROM act_as('', subject => '');
SELECT fails_with($$ EXECUTE _claim_idempotency_key ('k4', 'x', 'd') $$, '42501', 'nobody claims as nobody');

-- a lock, so that the same request at the same time is told at once
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) > 0, true, 'a claim holds a lock until the transaction ends');

-- when they go
INSERT INTO idempotency_key (subject, key, operation, digest, created_at, status)
SELECT 'anna', 'old' || n, 'x', 'd', now() - interval '7 days 1 second', 200 FROM generate_series(1, 10001) n;
INSERT INTO idempotency_key (subject, key, operation, digest, created_at, status) VALUES ('anna', 'young', 'x', 'd', now() - interval '6 days 23 hours', 200);
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is(purge_idempotency_keys(), 10000::bigint, 'old keys go, 10,000 at a time');
SELECT is(purge_idempotency_keys(), 1::bigint, 'then the rest');
SELECT is(purge_idempotency_keys(), 0::bigint, 'then none');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(concat_ws('/', subject, key), ' ' ORDER BY subject, key) FROM idempotency_key), 'anna/k1 anna/young bent/k1', 'younger ones stay');

-- as the owner, without an actor: only what is old
INSERT INTO idempotency_key (subject, key, operation, digest, created_at, status) VALUES ('anna', 'old', 'x', 'd', now() - interval '8 days', 200);
SET LOCAL ROLE medkoord_owner;
SELECT is((SELECT string_agg(key, ' ') FROM idempotency_key), 'old', 'the owner sees old keys only');
RESET ROLE;
SELECT is((SELECT count(*) FROM idempotency_key WHERE key = 'young'), 1::bigint, 'the young one is untouched');

SELECT * FROM finish();
ROLLBACK;
