-- Populations: who writes them, entity tags, dates on which a region exists.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(36);

-- who may what
SELECT * FROM act_as('reader,region_coordinator,amgros,forum_secretariat,auditor', 'hovedstaden');
SELECT fails_with($$ EXECUTE put_population ('hovedstaden', '2019-01-01', 1835562, 'FOLK1A', 'sourced', NULL) $$, '42501',
                  'only admin writes');
SELECT * FROM act_as('admin', subject => 'anna');
SELECT throws_ok('DELETE FROM population', '42501', NULL, 'nobody removes');

-- new, and anew
SELECT is((SELECT j - 'changed_at' FROM listed('put_population', $$'hovedstaden', '2019-01-01', 1835562, 'FOLK1A', 'sourced', NULL$$) j),
    '{"region": "hovedstaden", "date": "2019-01-01", "population": 1835562, "source": "FOLK1A", "evidence": "sourced", "_etag": "1",
      "_status": 201, "_location": "/v1/regions/hovedstaden/populations/2019-01-01"}', 'a new figure');
SELECT results_eq($$ SELECT version, changed_by, changed_at FROM population $$, $$ VALUES (1, 'anna', now()) $$, 'who and when is kept');
SELECT fails_with($$ EXECUTE put_population ('hovedstaden', '2019-01-01', 1, 'X', 'recalled', NULL) $$, 'precondition_required');
SELECT fails_with($$ EXECUTE put_population ('hovedstaden', '2019-01-01', 1, 'X', 'recalled', '2') $$, 'precondition_failed');
SELECT is((SELECT population FROM population), 1835562, 'nothing has changed');
SELECT * FROM act_as('admin', subject => 'bent');
SELECT is((SELECT j - 'changed_at' FROM listed('put_population', $$'hovedstaden', '2019-01-01', 1835563, 'FOLK1A 2019K1', 'part_sourced', '1'$$) j),
    '{"region": "hovedstaden", "date": "2019-01-01", "population": 1835563, "source": "FOLK1A 2019K1", "evidence": "part_sourced",
      "_etag": "2", "_status": 200, "_location": null}', 'a figure replaced');
SELECT is((SELECT changed_by FROM population), 'bent', 'by whom');
SELECT results_eq($$ SELECT version, population, source, evidence, changed_by FROM population_version ORDER BY version $$,
    $$ VALUES (1, 1835562, 'FOLK1A', 'sourced', 'anna'), (2, 1835563, 'FOLK1A 2019K1', 'part_sourced', 'bent') $$, 'what was there before is kept');
SELECT throws_ok($$ INSERT INTO population_version SELECT region_no, on_date, 9, 1, source, evidence, changed_at, changed_by FROM population $$, '42501', NULL, 'nobody makes up a version');
SELECT throws_ok($$ UPDATE population_version SET population = 1 $$, '42501', NULL, 'or rewrites one');
SELECT is((SELECT j ->> '_etag' FROM listed('put_population', $$'hovedstaden', '2019-01-01', 1835564, 'FOLK1A', 'sourced', '*'$$) j), '3',
    'a star replaces whatever is there');
SELECT fails_with($$ EXECUTE put_population ('sjaelland', '2019-01-01', 836738, 'FOLK1A', 'sourced', '1') $$, 'precondition_failed',
    'nothing there to match');
SELECT fails_with($$ EXECUTE put_population ('sjaelland', '2019-01-01', 836738, 'FOLK1A', 'sourced', '*') $$, 'precondition_failed',
    'not even with a star');
SELECT is_empty($$ EXECUTE put_population ('atlantis', '2019-01-01', 1, 'X', 'recalled', NULL) $$, 'an unknown region is not found');

-- the region must exist
SELECT fails_with($$ EXECUTE put_population ('oestdanmark', '2026-12-31', 2800000, 'X', 'recalled', NULL) $$, 'region_not_in_force');
SELECT fails_with($$ EXECUTE put_population ('sjaelland', '2027-01-01', 850000, 'X', 'recalled', NULL) $$, 'region_not_in_force');
SELECT lives_ok($$ EXECUTE put_population ('oestdanmark', '2027-01-01', 2770000, 'X', 'recalled', NULL) $$, 'on its first day it does');
SELECT lives_ok($$ EXECUTE put_population ('sjaelland', '2026-12-31', 850000, 'X', 'recalled', NULL) $$, 'on its last day too');

-- constraints
SELECT fails_with($$ EXECUTE put_population ('nordjylland', '2019-01-01', 0, 'X', 'recalled', NULL) $$, 'population_positive');
SELECT fails_with($$ EXECUTE put_population ('nordjylland', '2019-01-01', 1, '', 'recalled', NULL) $$, 'population_source_length');
SELECT fails_with($$ EXECUTE put_population ('nordjylland', '2019-01-01', 1, 'X', 'guessed', NULL) $$, 'population_evidence_known');
SELECT fails_with($$ INSERT INTO population (region_no, on_date, population, source, evidence) VALUES (99, '2019-01-01', 1, 'X', 'recalled') $$,
                  'region_not_in_force', 'no such region');
SELECT throws_ok($$ UPDATE population SET version = 7 $$, '42501', NULL, 'nobody sets a version');
SELECT throws_ok($$ UPDATE population SET region_no = 1 $$, '42501', NULL, 'or moves a figure to another region');

-- reading
SELECT * FROM act_as('reader');
SELECT is((SELECT j ->> 'population' FROM listed('get_population', $$'hovedstaden', '2019-01-01'$$) j), '1835564', 'one figure');
SELECT is_empty($$ EXECUTE get_population ('hovedstaden', '2019-01-02') $$, 'none on another day');
SELECT is((SELECT string_agg(concat_ws(' ', j ->> 'region', j ->> 'date'), ', ') FROM listed('list_populations', 'NULL, NULL, NULL, NULL, 51, NULL, NULL') j),
    'hovedstaden 2019-01-01, sjaelland 2026-12-31, oestdanmark 2027-01-01', 'all, by region and date');
SELECT is((SELECT string_agg(concat_ws(' ', j ->> 'region', j ->> '_total'), ', ') FROM listed('list_populations', 'NULL, NULL, NULL, ''exact'', 1, 4, ''2019-01-01''') j),
    'sjaelland 3', 'a page, with the total of all pages');
SELECT is((SELECT string_agg(j ->> 'region', ' ') FROM listed('list_populations', 'NULL, ''2026-12-31'', ''2026-12-31'', NULL, 51, NULL, NULL') j),
    'sjaelland', 'from and to are included');
SELECT fails_with($$ EXECUTE list_populations ('atlantis', NULL, NULL, NULL, 51, NULL, NULL) $$, 'invalid_parameter', 'a region that does not exist');
SELECT * FROM act_as('', subject => '');
SELECT is_empty($$ EXECUTE list_populations (NULL, NULL, NULL, NULL, 51, NULL, NULL) $$, 'nobody reads nothing');
SELECT is_empty($$ SELECT FROM population_version $$, 'nor what was there before');
RESET SESSION AUTHORIZATION;
SELECT fails_with($$ UPDATE population_version SET population = 1 $$, '23001', 'not even a superuser rewrites what was known');
SELECT fails_with($$ DELETE FROM population_version $$, '23001');

SELECT * FROM finish();
ROLLBACK;
