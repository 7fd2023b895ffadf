-- Snapshots of divergence: frozen to the byte, cited with a digest, without cost for those who may not see it.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
\ir divergence.psql
CREATE FUNCTION public.freeze(title text, measure text DEFAULT NULL, version int DEFAULT NULL) RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT j FROM public.listed('create_divergence_snapshot', concat_ws(', ', quote_literal(title), quote_nullable(measure),
        COALESCE(version::text, 'NULL'), $a$NULL, '2021-01-01', '2021-02-01', NULL, NULL, NULL, NULL, NULL, NULL$a$)) j
$$;

SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(31);

-- who may take one
SELECT * FROM act_as('reader,amgros,auditor');
SELECT fails_with($$ SELECT freeze('x') $$, 'forbidden', 'readers, Amgros and auditors take no snapshots');
SELECT * FROM act_as('region_coordinator', 'sjaelland');
SELECT lives_ok($$ SELECT freeze('From a coordinator') $$, 'a coordinator does');
SELECT fails_with($$ SELECT freeze('x', 'cost_per_1000') $$, 'unknown_reference', 'but not of cost, which is not there for one');
SELECT fails_with($$ SELECT freeze('x', 'no_such_measure') $$, 'unknown_reference', 'the same answer');
SELECT fails_with($$ SELECT freeze('') $$, 'divergence_snapshot_title_length', 'it has a title');
SELECT fails_with(format($$ SELECT listed('create_divergence_snapshot', %L) $$, format('%L, NULL, NULL, NULL, %L, %L, %L, NULL, NULL, NULL, NULL, NULL', 'x', '2020-01-01', '2020-02-01', clock_timestamp() + interval '1 minute')),
    'validation_failed', 'of what is known already');

-- what is in it
SELECT * FROM act_as('forum_secretariat', subject => 'secretary');
CREATE TEMP TABLE taken AS SELECT j FROM freeze('Meeting of 5 March') j;
SELECT is(j - '{id,as_of,created_at,overview,sha256,_etag,_location}'::text[], '{"title": "Meeting of 5 March", "measure": "ddd_per_1000_per_day", "measure_version": 2,
    "source": "amgros", "from_month": "2021-01", "to_month": "2021-02", "region_basis": "as_reported", "atc": null, "level": 5, "material": null, "items": 7,
    "created_by": "secretary"}', 'what was asked for, and the version of the measure') FROM taken;
SELECT is(j ->> '_location', '/v1/divergence-snapshots/' || (j ->> 'id'), 'where it is') FROM taken;
SELECT is(j ->> 'sha256', encode(sha256(convert_to(s.overview::text, 'UTF8')), 'hex'), 'its digest is that of the bytes kept') FROM taken, divergence_snapshot s WHERE s.id::text = j ->> 'id';
SELECT is((SELECT jsonb_agg(i - 'regions') FROM jsonb_array_elements(j -> 'overview' -> 'items') i),
    (SELECT jsonb_agg(i - 'regions') FROM jsonb_array_elements(overview('2021-01', '2021-02') -> 'items') i), 'the figures are the overview''s')
FROM taken;
SELECT is(jsonb_array_length(j -> 'overview' -> 'deliveries') || ' ' || (j #>> '{overview,regions,0,populations,0,population}') || ' ' || (j #>> '{overview,measure,version}'),
    '2 1000 2', 'with deliveries, inhabitants and measure') FROM taken;
SELECT isnt(j #>> '{overview,as_of}', NULL, 'and the moment at which it was known') FROM taken;
SELECT is((SELECT count(*)::int FROM jsonb_path_query(j, '$.overview.items[*].regions[*].excess_cost_ore ? (@ != null)')), 0,
    'no figure of cost, though its maker may see cost: everybody will read it') FROM taken;

-- it stays as it is
SELECT * FROM act_as('admin');
SELECT deliver('amgros', 'final', all_regions('2021-01', '2021-02'), '[["2021-01", "AUT", "J01CA01", "", null, 1, null]]') AS later \gset
SELECT add_divergence_measure('{"name": "ddd_per_1000_per_day", "basis": "ddd", "per": "1000_inhabitants_per_day", "definition": "d", "definition_da": "d",
    "minimum_volume": 1, "material_ratio": 9, "sustained_months": 1}') \g /dev/null
UPDATE population SET population = 77 WHERE region_no = 1;
SELECT * FROM act_as('reader');
SELECT isnt(overview('2021-01', '2021-02') -> 'items', j -> 'overview' -> 'items', 'the overview has changed') FROM taken;
SELECT is((SELECT g FROM listed('get_divergence_snapshot', quote_literal(j ->> 'id')) g), j - '_location', 'the snapshot has not') FROM taken;
SELECT is((SELECT encode(sha256(convert_to(s.overview::text, 'UTF8')), 'hex') FROM divergence_snapshot s WHERE s.id::text = j ->> 'id'), j ->> 'sha256', 'to the byte') FROM taken;
SELECT fails_with($$ UPDATE divergence_snapshot SET title = 'x' $$, '42501', 'the server may not change it');
SELECT fails_with($$ INSERT INTO divergence_snapshot (title) VALUES ('x') $$, '42501', 'nor make one up');
RESET SESSION AUTHORIZATION;
SELECT fails_with($$ UPDATE divergence_snapshot SET title = 'x' $$, '23001', 'nobody may');
SELECT fails_with($$ DELETE FROM divergence_snapshot $$, '23001');
SELECT fails_with($$ TRUNCATE divergence_snapshot CASCADE $$, '23001');
SELECT fails_with($$ INSERT INTO divergence_snapshot (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level, items, overview, sha256)
    VALUES ('x', 'ddd_per_1000_per_day', 1, 'ddd', 'amgros', '2021-01-01', '2021-02-01', 'as_reported', now(), 5, 0, '{}', repeat('0', 64)) $$, 'divergence_snapshot_digest', 'a digest that does not fit');
SELECT fails_with($$ INSERT INTO divergence_snapshot (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level, items, overview, sha256)
    VALUES ('x', 'cost_per_1000', 1, 'ddd', 'amgros', '2021-01-01', '2021-02-01', 'as_reported', now(), 5, 0, '{}', encode(sha256('{}'), 'hex')) $$, 'divergence_snapshot_measure_fkey', 'one of cost that passes for another');

-- cost
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('forum_secretariat');
CREATE TEMP TABLE priced AS
SELECT j FROM listed('create_divergence_snapshot', format('%L, %L, NULL, NULL, %L, %L, %L, NULL, NULL, NULL, NULL, NULL', 'Prices', 'cost_per_1000', '2020-01-01', '2020-02-01', now())) j;
SELECT is(j ->> 'measure', 'cost_per_1000', 'a snapshot of cost') FROM priced;
SELECT is((SELECT count(*)::int FROM listed('get_divergence_snapshot', quote_literal(j ->> 'id'))), 1, 'whoever may see cost reads it') FROM priced;
SELECT is((SELECT string_agg(l ->> 'title', ', ') FROM listed('list_divergence_snapshots', 'NULL, NULL, 51, NULL') l), 'Prices, Meeting of 5 March, From a coordinator', 'the newest first');
SELECT * FROM act_as('reader,region_coordinator', 'sjaelland');
SELECT is((SELECT count(*)::int FROM listed('get_divergence_snapshot', quote_literal(j ->> 'id'))), 0, 'to others it does not exist') FROM priced;
SELECT is((SELECT string_agg(concat_ws(' ', l ->> 'title', l ->> '_total'), ', ') FROM listed('list_divergence_snapshots', 'NULL, ''exact'', 51, NULL') l),
    'Meeting of 5 March 2, From a coordinator 2', 'nor is it listed or counted');
SELECT is((SELECT string_agg(l ->> 'title', ', ') FROM listed('list_divergence_snapshots', format('NULL, NULL, 51, %s', (SELECT max(snapshot_no) FROM divergence_snapshot))) l), 'From a coordinator', 'the next page');
SELECT is((SELECT count(*)::int FROM listed('list_divergence_snapshots', '''packs_per_1000'', NULL, 51, NULL')), 0, 'by measure');
SELECT * FROM act_as('', subject => '');
SELECT is_empty($$ SELECT j FROM listed('list_divergence_snapshots', 'NULL, NULL, 51, NULL') j $$, 'nobody sees nothing');

SELECT * FROM finish();
ROLLBACK;
