-- Regions: validity, the merger of 2027-01-01, who may read and that nobody writes.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SELECT plan(41);

-- constraints, as the owner of the machine would meet them
SELECT fails_with($$ INSERT INTO region VALUES (7, 'nordjylland', 'X', NULL, '2030-01-01') $$, 'region_slug_unique');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'X', 'X', NULL, '2030-01-01') $$, 'region_slug_form');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'x-land', 'X', '1081', '2030-01-01') $$, 'region_code_unique');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'x-land', 'X', '108', '2030-01-01') $$, 'region_code_form');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'x-land', 'X', NULL, '2030-01-01', '2030-01-01') $$, 'region_period');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'x-land', 'X', NULL, '2020-01-01', NULL, 6) $$, 'region_successor_needs_end');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'x-land', 'X', NULL, '2020-01-01', '2026-01-01', 6) $$,
                  'region_successor_follows', 'a successor that begins on another day');
SELECT fails_with($$ INSERT INTO region VALUES (7, 'x-land', 'X', NULL, '2020-01-01', '2020-01-02', 7) $$,
                  'region_successor_follows', 'its own successor');
SELECT lives_ok($$ UPDATE region SET code = '1086' WHERE slug = 'oestdanmark' $$, 'an operator can set the code when it is known');
UPDATE region SET code = NULL WHERE slug = 'oestdanmark';

SET LOCAL SESSION AUTHORIZATION medkoord_server;

-- who may what
SELECT is_empty('SELECT * FROM region', 'nobody sees nothing');
SELECT is_empty('EXECUTE get_region (''nordjylland'', NULL)', 'through a statement too');
SELECT is(region_on(4::smallint, '2026-01-01'), NULL, 'nor through a function');
SELECT * FROM act_as('reader');
SELECT is((SELECT count(*) FROM region), 6::bigint, 'a reader sees all regions');
SELECT * FROM act_as('admin');
SELECT throws_ok($$ UPDATE region SET code = '1086' WHERE slug = 'oestdanmark' $$, '42501', NULL, 'admin does not change a region through the server');
SELECT throws_ok($$ INSERT INTO region VALUES (7, 'x-land', 'X', NULL, '2030-01-01') $$, '42501', NULL, 'nor adds one');
SELECT throws_ok($$ DELETE FROM region $$, '42501', NULL, 'nor removes one');
SELECT * FROM act_as('reader');

-- the merger
SELECT is(region_on(4::smallint, '2026-12-31'), 4::smallint, 'Hovedstaden on its last day');
SELECT is(region_on(4::smallint, '2027-01-01'), 6::smallint, 'Hovedstaden is Østdanmark the day after');
SELECT is(region_on(5::smallint, '2026-12-31'), 5::smallint, 'Sjælland on its last day');
SELECT is(region_on(5::smallint, '2027-01-01'), 6::smallint, 'Sjælland is Østdanmark the day after');
SELECT is(region_on(1::smallint, '2050-01-01'), 1::smallint, 'Nordjylland stays');
SELECT is(region_on(6::smallint, '2020-01-01'), 6::smallint, 'Østdanmark is not split backwards');
SELECT is(region_on(99::smallint, '2020-01-01'), NULL, 'no such region');
SELECT is(region_in_force(4::smallint, '2026-12-31'), true, 'in force on the last day');
SELECT is(region_in_force(4::smallint, '2027-01-01'), false, 'and no longer the day after');
SELECT is(region_in_force(6::smallint, '2026-12-31'), false, 'Østdanmark is not there the day before');
SELECT is(region_in_force(4::smallint, '2006-12-31'), false, 'no region before 2007');
SELECT is(region_no_of('sjaelland'), 5::smallint, 'by slug');
SELECT fails_with($$ SELECT require_region('atlantis', '/region') $$, 'unknown_reference');
SELECT fails_with($$ SELECT require_region('atlantis', 'query/region') $$, 'invalid_parameter');

-- a chain of two
RESET SESSION AUTHORIZATION;
INSERT INTO region VALUES (7, 'danmark', 'Region Danmark', NULL, '2040-01-01');
UPDATE region SET valid_to = '2040-01-01', successor_no = 7 WHERE region_no = 6;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is(region_on(5::smallint, '2039-12-31'), 6::smallint, 'one step');
SELECT is(region_on(5::smallint, '2040-01-01'), 7::smallint, 'two steps');
RESET SESSION AUTHORIZATION;
UPDATE region SET valid_to = NULL, successor_no = NULL WHERE region_no = 6;
DELETE FROM region WHERE region_no = 7;
SET LOCAL SESSION AUTHORIZATION medkoord_server;

-- for whom a coordinator acts, today
SELECT * FROM act_as('region_coordinator', 'hovedstaden');
SELECT is(actor_acts_for(4::smallint), true, 'for the own region');
SELECT is(actor_acts_for(5::smallint), today() >= '2027-01-01', 'for Sjælland only once both are Østdanmark');
SELECT is(actor_acts_for(1::smallint), false, 'not for Nordjylland');
SELECT * FROM act_as('region_coordinator', '');
SELECT is(actor_acts_for(1::smallint), false, 'without a region for none');

-- statements
SELECT results_eq($$ SELECT j ->> 'slug', j ->> 'code', j ->> 'valid_to', j ->> 'successor'
                     FROM listed('list_regions', '''2026-12-31'', 51, NULL') j $$,
    $$ VALUES ('nordjylland', '1081', NULL, NULL), ('midtjylland', '1082', NULL, NULL), ('syddanmark', '1083', NULL, NULL),
              ('hovedstaden', '1084', '2027-01-01', 'oestdanmark'), ('sjaelland', '1085', '2027-01-01', 'oestdanmark') $$,
    'five regions in 2026');
SELECT is((SELECT count(*) FROM listed('list_regions', '''2027-01-01'', 51, NULL')), 4::bigint, 'four in 2027');
SELECT is((SELECT string_agg(j ->> 'slug', ' ') FROM listed('list_regions', '''2026-01-01'', 2, 2') j), 'syddanmark hovedstaden', 'a page after another');
SELECT is((SELECT j - '_etag' FROM listed('get_region', '''oestdanmark'', ''2020-01-01''') j),
    '{"slug": "oestdanmark", "name": "Region Østdanmark", "code": null, "valid_from": "2027-01-01", "valid_to": null,
      "successor": null, "predecessors": ["hovedstaden", "sjaelland"], "current": "oestdanmark"}', 'Østdanmark, before it exists');
SELECT isnt((SELECT j ->> '_etag' FROM listed('get_region', '''sjaelland'', ''2026-12-31''') j),
            (SELECT j ->> '_etag' FROM listed('get_region', '''sjaelland'', ''2027-01-01''') j), 'another answer has another tag');

SELECT * FROM finish();
ROLLBACK;
