-- Helper functions: who acts, problems by name, entity tags, exact decimals, addresses.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(53);

-- who acts
SELECT is(actor_subject(), NULL, 'nobody acts before _actor');
SELECT is(actor_has('reader', 'admin'), false, 'nobody has no role');
SELECT is(actor_region(), NULL, 'nobody acts for no region');
SELECT is(may_see_cost(), false, 'nobody sees no cost');

EXECUTE _actor ('tove', ',reader,region_coordinator,', 'sjaelland', 'r-1') \g /dev/null
SELECT is(actor_subject(), 'tove', 'the subject of _actor');
SELECT is(actor_region(), 'sjaelland', 'the region of _actor');
SELECT is(actor_has('reader'), true, 'a role of _actor');
SELECT is(actor_has('admin', 'region_coordinator'), true, 'one of several roles is enough');
SELECT is(actor_has('admin', 'amgros'), false, 'no other role');
SELECT is(actor_has('coordinator'), false, 'a part of a role''s name is not the role');
SELECT is(actor_has('region_coordinator,admin'), false, 'nor are two of them with a comma');
SELECT is(actor_has(''), false, 'no role has an empty name');
SELECT is(actor_has(VARIADIC '{}'), false, 'none of no roles');
SELECT is(actor_has(VARIADIC ARRAY[NULL]::text[]), false, 'a role that is not known is not held');
SELECT is(current_setting('medkoord.request_id'), 'r-1', 'the request''s id is there for the log');
EXECUTE _actor ('', '', '', '') \g /dev/null
SELECT is(actor_subject(), NULL, 'an empty subject is nobody');
SELECT is(actor_has(''), false, 'empty roles are none');
SELECT * FROM act_as('amgros');
SELECT is(may_see_cost(), true, 'amgros sees cost');
SELECT * FROM act_as('reader,region_coordinator');
SELECT is(may_see_cost(), false, 'a region coordinator does not');

-- the date in Denmark
SELECT is(today(), (now() AT TIME ZONE 'Europe/Copenhagen')::date, 'today is today in Denmark');

-- problems
SELECT throws_ok($$ SELECT problem('not_found', 'Nothing here.') $$, 'MK000', 'Nothing here.', 'a problem has its own SQLSTATE');
SELECT fails_with($$ SELECT problem('not_found', 'Nothing here.') $$, 'not_found', 'and its code in CONSTRAINT');
SELECT fails_with($$ SELECT problem('not_found', 'Nothing here.', '/region') $$, 'not_found', 'with a pointer too');
SELECT lives_ok($$ SELECT CASE WHEN false THEN problem('not_found', 'Nothing here.') ELSE true END $$,
                'a problem in a branch that is not taken is not raised');
SELECT lives_ok($$ SELECT problem('not_found', 'Nothing here.') FROM region WHERE false $$, 'nor for no row');

-- entity tags
SELECT is(require_match('3', '3'), true, 'the same tag matches');
SELECT is(require_match('*', '3'), true, 'a star matches any');
SELECT fails_with($$ SELECT require_match('2', '3') $$, 'precondition_failed');
SELECT fails_with($$ SELECT require_match('', '3') $$, 'precondition_failed');
SELECT fails_with($$ SELECT require_match(NULL, '3') $$, 'precondition_required');
SELECT is(require_no_match(NULL), true, 'nothing to match, nothing asked for');
SELECT fails_with($$ SELECT require_no_match('1') $$, 'precondition_failed');
SELECT fails_with($$ SELECT require_no_match('*') $$, 'precondition_failed');

-- exact decimals
SELECT is(to_e4(12.5), 125000::bigint, '12.5');
SELECT is(to_e4(-0.0001), -1::bigint, 'the smallest reversal');
SELECT is(to_e4(1.50000), 15000::bigint, 'zeros at the end are no decimals');
SELECT is(to_e4(1e3), 10000000::bigint, 'an exponent');
SELECT is(to_e4(NULL), NULL, 'nothing stays nothing');
SELECT is(to_e4(922337203685477), 9223372036854770000, 'the largest');
SELECT fails_with('SELECT to_e4(0.00001)', 'too_many_decimals');
SELECT fails_with('SELECT to_e4(922337203685478)', 'validation_failed');
SELECT fails_with('SELECT to_e4(-922337203685478)', 'validation_failed');
SELECT fails_with($$ SELECT to_e4('NaN') $$, 'validation_failed');
SELECT fails_with($$ SELECT to_e4('-Infinity') $$, 'validation_failed');
SELECT is(from_e4(125000)::text, '12.5', 'no zeros at the end');
SELECT is(from_e4(120000000)::text, '12000', 'a whole number');
SELECT is(from_e4(-1)::text, '-0.0001', 'a small one');
SELECT is(from_e4(9223372036854775807)::text, '922337203685477.5807', 'nothing is rounded');
SELECT is(from_e4(0)::text, '0', 'zero');

-- addresses
SELECT is(url_segment('AHH-1'), 'AHH-1', 'plain letters stay');
SELECT is(url_segment('Ærø'), '%C3%86r%C3%B8', 'others are encoded');
SELECT is(url_segment('a/b c%?'), 'a%2Fb%20c%25%3F', 'and what means something in an address');
SELECT is(url_segment(''), '', 'nothing stays nothing');

SELECT * FROM finish();
ROLLBACK;
