-- Hospitals: codes, moves between regions, the merger, closing and reopening.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(74);

-- who may what
SELECT * FROM act_as('reader,region_coordinator,amgros,forum_secretariat,auditor', 'hovedstaden');
SELECT fails_with($$ EXECUTE create_hospital ('AHH', 'Amager og Hvidovre Hospital', 'hovedstaden', '2015-01-01') $$, '42501', 'only admin adds');
SELECT * FROM act_as('admin');
SELECT is((SELECT j - 'changed_at' FROM listed('create_hospital', $$'AHH', 'Amager og Hvidovre Hospital', 'hovedstaden', '2015-01-01'$$) j),
    jsonb_build_object('code', 'AHH', 'name', 'Amager og Hvidovre Hospital', 'region', CASE WHEN today() < '2027-01-01' THEN 'hovedstaden' ELSE 'oestdanmark' END,
      'status', 'open', 'closed_on', NULL, 'regions', '[{"region": "hovedstaden", "valid_from": "2015-01-01", "valid_to": null}]'::jsonb,
      'actions', '["close"]'::jsonb, '_etag', CASE WHEN today() < '2027-01-01' THEN '1-4oa' ELSE '1-6oa' END, '_location', '/v1/hospitals/AHH'), 'a new hospital');
SELECT is((SELECT j ->> '_location' FROM listed('create_hospital', $$'Ærø', 'Ærø Sygehus', 'syddanmark', '2015-01-01'$$) j),
    '/v1/hospitals/%C3%86r%C3%B8', 'an address with Danish letters');
SELECT fails_with($$ EXECUTE create_hospital ('AHH', 'Another', 'sjaelland', '2015-01-01') $$, 'hospital_code_unique');
SELECT lives_ok($$ EXECUTE create_hospital ('AhH', 'Another', 'nordjylland', '2015-01-01') $$, 'upper and lower case differ');
SELECT lives_ok($$ EXECUTE create_hospital ('Aaaaaaaaaaaaaaa1', 'Sixteen', 'nordjylland', NULL) $$, 'sixteen characters, from today');
SELECT is((SELECT valid_from FROM hospital_region WHERE valid_from = today()), today(), 'in Denmark');
SELECT fails_with(format('EXECUTE create_hospital (%L, ''X'', ''nordjylland'', ''2015-01-01'')', code), 'hospital_code_form', 'not a code: ' || to_json(code))
FROM unnest(ARRAY['', 'A B', 'A/B', 'Aaaaaaaaaaaaaaaa1', 'É', 'A' || chr(10)]) code;
SELECT fails_with($$ EXECUTE create_hospital ('X', '', 'nordjylland', '2015-01-01') $$, 'hospital_name_length');
SELECT fails_with($$ EXECUTE create_hospital ('X', 'X', 'atlantis', '2015-01-01') $$, 'unknown_reference');
SELECT fails_with($$ EXECUTE create_hospital ('X', 'X', 'oestdanmark', '2026-12-31') $$, 'region_not_in_force');
SELECT fails_with($$ EXECUTE create_hospital ('X', 'X', 'sjaelland', '2027-01-01') $$, 'region_not_in_force');
SELECT is((SELECT count(*) FROM hospital), 4::bigint, 'what failed left nothing');
SELECT throws_ok($$ UPDATE hospital SET code = 'XXX' $$, '42501', NULL, 'a code never changes');
SELECT throws_ok($$ UPDATE hospital SET closed_on = today() $$, '42501', NULL, 'closing is a transition');
SELECT throws_ok($$ UPDATE hospital SET version = 1 $$, '42501', NULL, 'nobody sets a version');
SELECT throws_ok($$ DELETE FROM hospital $$, '42501', NULL, 'nobody removes a hospital');
SELECT throws_ok($$ DELETE FROM hospital_region $$, '42501', NULL, 'or its history');
SELECT throws_ok($$ UPDATE hospital_transition SET on_date = today() $$, '42501', NULL, 'or rewrites a transition');

-- names
SELECT is((SELECT j ->> 'name' FROM listed('update_hospital', $$'AhH', '1-1oa', '{"name": "Nyt navn"}'$$) j), 'Nyt navn', 'another name');
SELECT fails_with($$ EXECUTE update_hospital ('AhH', '1-1oa', '{"name": "X"}') $$, 'precondition_failed');
SELECT fails_with($$ EXECUTE update_hospital ('AhH', NULL, '{"name": "X"}') $$, 'precondition_required');
SELECT lives_ok($$ EXECUTE update_hospital ('AhH', '2-4c', '{"name": "X"}') $$, 'a tag read as of another date, or by another role, is of the same version');
SELECT lives_ok($$ EXECUTE update_hospital ('AhH', '*', '{"name": "Y"}') $$, 'a star matches any');
SELECT is_empty($$ EXECUTE update_hospital ('Nix', '*', '{"name": "X"}') $$, 'an unknown hospital is not found');
SELECT * FROM act_as('reader');
SELECT is_empty($$ EXECUTE update_hospital ('AhH', '*', '{"name": "X"}') $$, 'for others there is nothing to change');
SELECT * FROM act_as('admin');

-- moves
SELECT is((SELECT j -> 'regions' FROM listed('update_hospital', $$'AHH', '*', '{"region": "nordjylland", "from": "2020-03-01"}'$$) j),
    '[{"region": "hovedstaden", "valid_from": "2015-01-01", "valid_to": "2020-03-01"},
      {"region": "nordjylland", "valid_from": "2020-03-01", "valid_to": null}]', 'a move ends the earlier period');
SELECT is(hospital_region_on(hospital_no, '2014-12-31'), NULL, 'no region before the first day') FROM hospital WHERE code = 'AHH';
SELECT is(hospital_region_on(hospital_no, '2020-02-29'), 4::smallint, 'the old region until the day before') FROM hospital WHERE code = 'AHH';
SELECT is(hospital_region_on(hospital_no, '2020-03-01'), 1::smallint, 'the new one from the day on') FROM hospital WHERE code = 'AHH';
SELECT is((SELECT j -> 'regions' -> 1 FROM listed('update_hospital', $$'AHH', '*', '{"region": "sjaelland", "from": "2020-03-01"}'$$) j),
    '{"region": "sjaelland", "valid_from": "2020-03-01", "valid_to": null}', 'the same day again corrects');
SELECT fails_with($$ EXECUTE update_hospital ('AHH', '*', '{"region": "nordjylland", "from": "2020-02-29"}') $$, 'hospital_moved_later');
SELECT is((SELECT jsonb_array_length(j -> 'regions') FROM listed('update_hospital', $$'AHH', '*', '{"region": "sjaelland", "from": "2021-01-01"}'$$) j), 2,
    'where it is already, nothing moves');
SELECT fails_with($$ EXECUTE update_hospital ('AHH', '*', '{"region": "oestdanmark", "from": "2026-12-31"}') $$, 'region_not_in_force');
SELECT fails_with($$ EXECUTE update_hospital ('AHH', '*', '{"region": "hovedstaden", "from": "2027-01-01"}') $$, 'region_not_in_force');
SELECT fails_with($$ EXECUTE update_hospital ('AHH', '*', '{"region": "atlantis"}') $$, 'unknown_reference');
SELECT fails_with($$ EXECUTE update_hospital ('AHH', '*', '{"name": "X", "from": "2021-01-01"}') $$, 'validation_failed', 'a day without a region');
SELECT fails_with($$ INSERT INTO hospital_region (hospital_no, region_no, valid_from) SELECT hospital_no, 1, '2022-01-01' FROM hospital WHERE code = 'AHH' $$,
    'hospital_region_no_overlap', 'never in two regions at once');
SELECT fails_with($$ UPDATE hospital_region SET valid_to = valid_from $$, 'hospital_region_period');

-- the merger
SELECT is(hospital_region_on(hospital_no, '2026-12-31'), 5::smallint, 'Sjælland on its last day') FROM hospital WHERE code = 'AHH';
SELECT is(hospital_region_on(hospital_no, '2027-01-01'), 6::smallint, 'Østdanmark the day after') FROM hospital WHERE code = 'AHH';
SELECT is((SELECT string_agg(j ->> 'code', ' ') FROM listed('list_hospitals', $$'sjaelland', '2026-12-31', false, NULL, 51, NULL$$) j), 'AHH', 'listed with Sjælland');
SELECT is((SELECT string_agg(j ->> 'code', ' ') FROM listed('list_hospitals', $$'oestdanmark', '2027-01-01', false, NULL, 51, NULL$$) j), 'AHH', 'then with Østdanmark');
SELECT is_empty($$ EXECUTE list_hospitals ('sjaelland', '2027-01-01', false, NULL, 51, NULL) $$, 'and no longer with Sjælland');
SELECT is((SELECT j #>> '{regions,1,region}' FROM listed('get_hospital', $$'AHH', '2027-01-01'$$) j), 'sjaelland', 'its history stays as it was');

-- closing and reopening
SELECT fails_with($$ EXECUTE transition_hospital ('AHH', 'reopen', NULL) $$, 'transition_not_allowed', 'an open hospital is not reopened');
SELECT is((SELECT concat_ws(' ', j ->> 'status', j ->> 'closed_on', j ->> 'actions') FROM listed('transition_hospital', $$'AHH', 'close', '2022-06-01'$$) j),
    'closed 2022-06-01 ["reopen"]', 'closed');
SELECT fails_with($$ EXECUTE transition_hospital ('AHH', 'close', '2023-01-01') $$, 'transition_not_allowed', 'a closed hospital is not closed');
SELECT fails_with($$ EXECUTE transition_hospital ('AHH', 'reopen', '2022-05-31') $$, 'validation_failed', 'not reopened before it closed');
SELECT is((SELECT j ->> 'status' FROM listed('get_hospital', $$'AHH', '2022-05-31'$$) j), 'open', 'open the day before');
SELECT is((SELECT j ->> 'status' FROM listed('get_hospital', $$'AHH', '2022-06-01'$$) j), 'closed', 'closed on the day');
SELECT is((SELECT string_agg(j ->> 'code', ' ') FROM listed('list_hospitals', $$NULL, '2022-06-01', false, NULL, 51, NULL$$) j), 'AhH Ærø', 'open ones only');
SELECT is((SELECT string_agg(j ->> 'code', ' ') FROM listed('list_hospitals', $$NULL, '2022-06-01', true, NULL, 51, NULL$$) j), 'AHH AhH Ærø', 'or closed ones too');
SELECT is((SELECT concat_ws(' ', j ->> 'status', j ->> 'closed_on', j ->> 'actions') FROM listed('transition_hospital', $$'AHH', 'reopen', '2023-01-01'$$) j),
    'open ["close"]', 'reopened');
SELECT is((SELECT string_agg(status, ' ' ORDER BY d) FROM unnest('{2022-05-31,2022-06-01,2022-12-31,2023-01-01}'::date[]) d, hospitals_on(d) WHERE code = 'AHH'),
    'open closed closed open', 'the time between stays closed');
SELECT fails_with($$ EXECUTE transition_hospital ('AHH', 'close', '2022-12-31') $$, 'validation_failed', 'nothing before the last transition');
SELECT fails_with($$ EXECUTE transition_hospital ('AhH', 'close', '2014-12-31') $$, 'validation_failed', 'nothing before its first day');
SELECT is((SELECT concat_ws(' ', j ->> 'status', j ->> 'closed_on') FROM listed('transition_hospital', format($$'AHH', 'close', '%s'$$, today() + 30)) j),
    'open ' || today() + 30, 'closing may lie ahead');
SELECT is((SELECT j ->> 'status' FROM listed('transition_hospital', format($$'AHH', 'reopen', '%s'$$, today() + 30)) j), 'open', 'and be called off');
SELECT is((SELECT status FROM hospitals_on(today() + 31) WHERE code = 'AHH'), 'open', 'as if it had never been');
SELECT is_empty($$ EXECUTE transition_hospital ('Nix', 'close', NULL) $$, 'an unknown hospital is not found');
SELECT fails_with($$ INSERT INTO hospital_transition (hospital_no, action, on_date) SELECT hospital_no, 'explode', '2024-01-01' FROM hospital WHERE code = 'AhH' $$,
    'transition_not_allowed', 'no other action');
SELECT * FROM act_as('amgros');
SELECT fails_with($$ EXECUTE transition_hospital ('AhH', 'close', NULL) $$, '42501', 'only admin closes');
SELECT is((SELECT closed_on FROM hospital WHERE code = 'AhH'), NULL, 'and nothing came of it');

-- reading
SELECT is((SELECT j ->> 'actions' FROM listed('get_hospital', $$'AHH', NULL$$) j), '[]', 'others have no actions');
SELECT is((SELECT concat_ws(' ', j ->> 'region', j ->> 'status') FROM listed('get_hospital', $$'AHH', '2014-12-31'$$) j), 'open', 'before it existed it had no region');
SELECT is((SELECT concat_ws(' ', j ->> 'code', j ->> '_total') FROM listed('list_hospitals', $$NULL, '2022-06-01', true, 'exact', 1, 'AHH'$$) j), 'AhH 3', 'a page, with the total');
SELECT fails_with($$ EXECUTE list_hospitals ('atlantis', NULL, true, NULL, 51, NULL) $$, 'invalid_parameter', 'a region that does not exist');
SELECT * FROM act_as('', subject => '');
SELECT is_empty($$ EXECUTE list_hospitals (NULL, NULL, true, NULL, 51, NULL) $$, 'nobody reads nothing');

SELECT * FROM finish();
ROLLBACK;
