-- Measures of divergence: versions, thresholds, who may add and see them.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(27);

CREATE FUNCTION pg_temp.measure(name text, basis text DEFAULT 'ddd', per text DEFAULT '1000_inhabitants_per_day', volume text DEFAULT '10',
    ratio text DEFAULT '1.5', months int DEFAULT 6) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"name": "%s", "basis": "%s", "per": "%s", "definition": "d", "definition_da": "d", "minimum_volume": %s, "material_ratio": %s, "sustained_months": %s}',
        name, basis, per, volume, ratio, months)
$$;

-- who may see
SELECT * FROM act_as('reader');
SELECT is((SELECT string_agg(concat_ws(' ', j ->> 'name', j ->> 'version', j ->> 'unit'), ', ') FROM listed('list_divergence_measures', 'NULL, 51, NULL, NULL') j WHERE (j ->> 'version')::int = 1),
    'ddd_per_1000_per_day 1 DDD per 1,000 inhabitants per day, packs_per_1000 1 packs per 1,000 inhabitants', 'no measure of cost for a reader');
SELECT is_empty($$ EXECUTE get_divergence_measure ('cost_per_1000', 1) $$, 'nor by its name');
SELECT isnt_empty($$ EXECUTE get_divergence_measure ('packs_per_1000', 1) $$, 'others can be read');
SELECT is_empty($$ EXECUTE get_divergence_measure ('packs_per_1000', 99) $$, 'in a version that is there');
SELECT * FROM act_as('auditor');
SELECT is((SELECT j ->> 'unit_da' FROM listed('get_divergence_measure', '''cost_per_1000'', 1') j), 'øre pr. 1.000 indbyggere', 'an auditor sees cost');
SELECT * FROM act_as('', subject => '');
SELECT is_empty($$ EXECUTE list_divergence_measures (NULL, 51, NULL, NULL) $$, 'nobody sees nothing');

-- who may add
SELECT * FROM act_as('reader,amgros,auditor,region_coordinator', 'sjaelland');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure')), 'forbidden', 'neither Amgros nor coordinators add measures');
SELECT fails_with($$ INSERT INTO divergence_measure (name) VALUES ('x') $$, '42501', 'and nobody does so beside the function');
SELECT * FROM act_as('forum_secretariat');
SELECT is((SELECT j - '{created_at,definition,definition_da}'::text[] FROM listed('create_divergence_measure', quote_literal(pg_temp.measure('other_measure', volume => '0.1230', ratio => '1.50'))) j),
    '{"name": "other_measure", "version": 1, "basis": "ddd", "per": "1000_inhabitants_per_day", "unit": "DDD per 1,000 inhabitants per day",
      "unit_da": "DDD pr. 1.000 indbyggere pr. dag", "minimum_volume": 0.123, "material_ratio": 1.5, "sustained_months": 6, "created_by": "tester",
      "_etag": "other_measure-1", "_location": "/v1/divergence-measures/other_measure/versions/1"}', 'a new name begins at version 1');
SELECT is((SELECT j ->> 'version' FROM listed('create_divergence_measure', quote_literal(pg_temp.measure('other_measure'))) j), '2', 'the same name again is the next version');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', basis => 'packs')), 'divergence_measure_differs', 'which counts the same');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', per => '1000_inhabitants')), 'divergence_measure_differs', 'against the same');

-- thresholds
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', ratio => '1')), 'validation_failed', 'every region is at least once the lowest');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', volume => '-1')), 'validation_failed');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', volume => '1e30')), 'validation_failed');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', volume => '0.00001')), 'too_many_decimals');
SELECT fails_with(format('EXECUTE create_divergence_measure (%L)', pg_temp.measure('other_measure', ratio => '1.00005')), 'too_many_decimals');
RESET SESSION AUTHORIZATION;
SELECT * FROM act_as('admin');
SELECT fails_with($$ INSERT INTO divergence_measure (name, version, basis, per, definition, definition_da, minimum_volume, material_ratio, sustained_months)
    VALUES ('other_measure', 9, 'ddd', '1000_inhabitants', 'd', 'd', 'NaN', 2, 3) $$, 'divergence_measure_minimum_volume', 'NaN is no volume');
SELECT fails_with($$ INSERT INTO divergence_measure (name, version, basis, per, definition, definition_da, minimum_volume, material_ratio, sustained_months)
    VALUES ('other_measure', 9, 'ddd', '1000_inhabitants', 'd', 'd', 1, 'Infinity', 3) $$, 'divergence_measure_material_ratio', 'infinity is no ratio');

-- never changed, not even by a superuser
SELECT fails_with($$ UPDATE divergence_measure SET material_ratio = 3 $$, '23001');
SELECT fails_with($$ DELETE FROM divergence_measure $$, '23001');
SELECT fails_with($$ TRUNCATE divergence_measure CASCADE $$, '23001');

-- pages
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('reader');
SELECT is((SELECT string_agg(concat_ws(' ', j ->> 'name', j ->> 'version', j ->> '_after_1', j ->> '_after_2'), ', ') FROM listed('list_divergence_measures', '''other_measure'', 51, ''other_measure'', 1') j),
    'other_measure 2 other_measure 2', 'the next page begins after a name and version');

-- Two at once take two numbers.
RESET SESSION AUTHORIZATION;
SELECT two_sessions(), begins('one'), begins('two');
SELECT format('SELECT version FROM add_divergence_measure(%L)', pg_temp.measure('raced_measure')) AS race \gset
SELECT is(asks('one', :'race'), '1', 'the first has version 1 and is not done yet');
SELECT sends('two', :'race');
SELECT is(waits('two'), true, 'the second waits for it');
SELECT does('one', 'ROLLBACK');
SELECT is(outcome('two'), '1', 'and takes the number that the first gave up');
SELECT does('two', 'ROLLBACK');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT is((SELECT count(*)::int FROM divergence_measure WHERE name = 'raced_measure'), 0, 'the race left nothing behind');

SELECT * FROM finish();
ROLLBACK;
