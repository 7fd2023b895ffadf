-- What is read of consumption: what is in force, now and as it was known, its status, sums and changes.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
\ir consumption.psql
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(72);

-- moments
SELECT is(known_at('2026-03-01'), '2026-03-01T22:59:59.999999Z'::timestamptz, 'a date is the end of the Danish day');
SELECT is(known_at('2026-07-01'), '2026-07-01T21:59:59.999999Z'::timestamptz, 'in summer too');
SELECT is(known_at('2026-03-01T12:00:00+01:00'), '2026-03-01T11:00:00Z'::timestamptz, 'a time is itself');
SELECT is(known_at(NULL), 'infinity'::timestamptz, 'nothing is as things stand');
SELECT is(known_on('infinity'), today(), 'which is today');
SELECT is(known_on('2026-06-30T22:30:00Z'), '2026-07-01'::date, 'the date of a moment is Danish');
SELECT throws_ok($$ SELECT known_at('2026-02-31') $$, '22008', NULL, 'no such day');
SELECT results_eq($$ SELECT atc_group(a, l) FROM (VALUES ('J01CA04', 1), ('J01CA04', 2), ('J01CA04', 3), ('J01CA04', 4), ('J01CA04', 5), ('QJ01CA04', 1), ('QJ01CA04', 5), ('J01', 5), ('Q', 1)) v (a, l) $$,
    ARRAY['J', 'J01', 'J01C', 'J01CA', 'J01CA04', 'QJ', 'QJ01CA04', 'J01', 'Q'], 'groups at each level');

-- two deliveries over the same months, a withdrawal, another source
SELECT * FROM act_as('amgros');
CREATE TEMPORARY TABLE d (name text, id uuid);
INSERT INTO d SELECT 'first', deliver('amgros', 'provisional', covers('hovedstaden', '2020-01', '2020-03'),
    '[["2020-01", "AHH", "J01CA04", "", 10, 100, 1000], ["2020-01", "AHH", "J01CR02", "", null, 7, 70], ["2020-02", "AHH", "J01CA04", "", 20, 200, 2000], ["2020-03", "AHH", "N02BE01", "", 1, 1.2345, 1]]');
INSERT INTO d SELECT 'second', deliver('amgros', 'final', covers('hovedstaden', '2020-02', '2020-04') || covers('nordjylland', '2020-01', '2020-04'),
    '[["2020-02", "AHH", "J01CA04", "", 20, 190, 1900], ["2020-02", "AHH", "J01CR02", "", 1, 5, 50], ["2020-04", "AUT", "J01CA04", "", 3, 33, 330]]');
INSERT INTO d SELECT 'other', deliver('other', 'final', covers('hovedstaden', '2020-01'), '[["2020-01", "AHH", "J01CA04", "", 1, 999, 1]]');
-- as if they had been accepted on three days
SET LOCAL SESSION AUTHORIZATION postgres;
SET LOCAL session_replication_role = replica;
UPDATE consumption_coverage c SET accepted_at = t FROM consumption_delivery x, d, (VALUES ('first', '2020-05-01T12:00Z'::timestamptz), ('second', '2020-06-01T12:00Z'), ('other', '2020-07-01T12:00Z')) v (n, t)
WHERE c.delivery_no = x.delivery_no AND x.id = d.id AND d.name = v.n;
SET LOCAL session_replication_role = origin;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('reader');
CREATE FUNCTION pg_temp.in_force(source text, as_of text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %s %s', f.region_no, to_char(f.month, 'MM'), d.name, f.status), ', ' ORDER BY f.region_no, f.month)
    FROM coverage_in_force(source, '2020-01-01', '2020-12-01', known_at(as_of)) f
    LEFT JOIN consumption_delivery x USING (delivery_no) LEFT JOIN d USING (id)
$$;
SELECT is(pg_temp.in_force('amgros', NULL), '1 01 second final, 1 02 second final, 1 03 second final, 1 04 second final, 4 01 first provisional, 4 02 second final, 4 03 second final, 4 04 second final', 'the later supersedes for what it covers');
SELECT is(pg_temp.in_force('amgros', '2020-05-31'), '4 01 first provisional, 4 02 first provisional, 4 03 first provisional', 'as it was known before');
SELECT is(pg_temp.in_force('amgros', '2020-04-30'), NULL, 'and before that');
SELECT is(pg_temp.in_force('other', NULL), '4 01 other final', 'sources do not supersede each other');
SELECT is((SELECT j -> 'superseded_by' FROM d, listed('get_consumption_delivery', quote_literal(d.id)) j WHERE d.name = 'first'),
    jsonb_build_array(jsonb_build_object('id', id, 'region_months', 2)), 'a delivery tells what has superseded it') FROM d WHERE name = 'second';
SELECT is((SELECT j -> 'superseded_by' FROM d, listed('get_consumption_delivery', quote_literal(d.id)) j WHERE d.name = 'second'), '[]', 'and nothing when nothing has');
SELECT is((SELECT report -> 'supersedes' FROM consumption_delivery JOIN d USING (id) WHERE name = 'second'), jsonb_build_array(id), 'the report told so too') FROM d WHERE name = 'first';
SELECT is((SELECT report -> 'changes' FROM consumption_delivery JOIN d USING (id) WHERE name = 'second'),
    '{"region_months_new": 5, "region_months_replaced": 2, "ddd_before": 201.2345, "ddd_after": 228}', 'with what it changed');

-- status
CREATE FUNCTION pg_temp.status(arguments text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', j ->> 'month', j ->> 'region', j ->> 'state', d.name), ', ')
    FROM listed('get_data_status', arguments) j LEFT JOIN d ON d.id = (j ->> 'delivery')::uuid
$$;
SELECT is(pg_temp.status($$'amgros', '2020-03-01', '2020-04-01', NULL, '2020-05-10', 100, NULL, NULL$$),
    '2020-03 hovedstaden provisional first, 2020-03 midtjylland late, 2020-03 nordjylland late, 2020-03 sjaelland late, 2020-03 syddanmark late, '
    '2020-04 hovedstaden missing, 2020-04 midtjylland missing, 2020-04 nordjylland missing, 2020-04 sjaelland missing, 2020-04 syddanmark missing', 'on the 10th the last month is missing, the one before is late');
SELECT is(pg_temp.status($$'amgros', '2020-04-01', '2020-04-01', 'midtjylland', '2020-05-11', 100, NULL, NULL$$), '2020-04 midtjylland late', 'the day after it is late');
SELECT is(pg_temp.status($$'amgros', '2020-03-01', '2020-04-01', 'hovedstaden', NULL, 100, NULL, NULL$$), '2020-03 hovedstaden final second, 2020-04 hovedstaden final second', 'today');
SELECT is(pg_temp.status($$'amgros', '2020-03-01', '2020-04-01', NULL, '2020-05-10', 2, '2020-03-01', 'sjaelland'$$), '2020-03 syddanmark late, 2020-04 hovedstaden missing', 'a page');
SELECT is((SELECT array_agg(DISTINCT j ->> 'region') FROM listed('get_data_status', $$'amgros', '2027-01-01', '2027-01-01', NULL, NULL, 100, NULL, NULL$$) j), ARRAY['midtjylland', 'nordjylland', 'oestdanmark', 'syddanmark'], 'regions in force in the month');
SELECT is((SELECT array_agg(DISTINCT j ->> 'month' ORDER BY j ->> 'month') FROM listed('get_data_status', $$'amgros', NULL, NULL, 'hovedstaden', '2020-05-10', 100, NULL, NULL$$) j),
    (SELECT array_agg(to_char(m, 'YYYY-MM') ORDER BY m) FROM months_between('2018-05-01', '2020-04-01') m), 'without a window: 24 months up to the last that is over');
SELECT fails_with($$ EXECUTE get_data_status ('amgros', '2020-02-01', '2020-01-01', NULL, NULL, 10, NULL, NULL) $$, 'invalid_parameter', 'a reversed window');
SELECT fails_with($$ EXECUTE get_data_status ('amgros', '1970-01-01', '2020-01-01', NULL, NULL, 10, NULL, NULL) $$, 'invalid_parameter', 'one that is too long');
SELECT fails_with($$ EXECUTE get_data_status ('amgros', NULL, NULL, 'atlantis', NULL, 10, NULL, NULL) $$, 'invalid_parameter', 'an unknown region');

-- sums
CREATE FUNCTION pg_temp.sums(arguments text, page text DEFAULT '100, NULL, NULL, NULL, NULL') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', j ->> 'period', j ->> 'region', j ->> 'hospital', j ->> 'atc', j ->> 'ddd', COALESCE(j ->> 'packs', '-'), COALESCE(j ->> 'cost_ore', '-'),
        format('%s/%s', j ->> 'reported_months', j ->> 'months')), ', ')
    FROM listed('list_consumption', arguments || ', ' || page) j
$$;
-- arguments: source, from, to, period, by, level, atc, region, hospital, basis, as_of
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL$$),
    '2020-01 hovedstaden J01CA04 100 10 - 1/1, 2020-01 hovedstaden J01CR02 7 - - 1/1, 2020-02 hovedstaden J01CA04 190 20 - 1/1, 2020-02 hovedstaden J01CR02 5 1 - 1/1, 2020-04 nordjylland J01CA04 33 3 - 1/1',
    'by month and region, without cost');
SELECT * FROM act_as('auditor');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'quarter', 'region', 2, NULL, NULL, NULL, 'as_reported', NULL$$),
    '2020-Q1 hovedstaden J01 302 31 3020 3/3, 2020-Q2 nordjylland J01 33 3 330 1/3', 'by quarter and level, with cost, and how much was reported');
SELECT is(pg_temp.sums($$'amgros', '2020-02-01', '2020-12-01', 'year', 'hospital', 1, NULL, NULL, NULL, 'as_reported', NULL$$),
    '2020 hovedstaden AHH J 195 21 1950 3/11, 2020 nordjylland AUT J 33 3 330 3/11', 'by year and hospital, of the months asked for');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'year', 'region', 5, 'J01CR', NULL, NULL, 'as_reported', NULL$$), '2020 hovedstaden J01CR02 12 1 120 4/6', 'codes by prefix');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'year', 'region', 5, NULL, 'nordjylland', NULL, 'as_reported', NULL$$), '2020 nordjylland J01CA04 33 3 330 4/6', 'one region');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'year', 'region', 5, 'J01CA', NULL, 'AUT', 'as_reported', NULL$$), '2020 nordjylland J01CA04 33 3 330 4/6', 'one hospital, added up by region');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'year', 'region', 5, NULL, NULL, NULL, 'as_reported', '2020-05-31'$$), '2020 hovedstaden J01CA04 300 30 3000 3/6, 2020 hovedstaden J01CR02 7 - 70 3/6, 2020 hovedstaden N02BE01 1.2345 1 1 3/6', 'as it was known');
SELECT is(pg_temp.sums($$'other', '2020-01-01', '2020-06-01', 'year', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL$$), '2020 hovedstaden J01CA04 999 1 1 1/6', 'another source');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'year', 'region', 2, NULL, NULL, NULL, 'current', '2027-02-01'$$),
    '2020 nordjylland J01 33 3 330 4/6, 2020 oestdanmark J01 302 31 3020 0/6', 'in the regions of 2027: half of Østdanmark was not reported');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'year', 'region', 2, NULL, 'hovedstaden', NULL, 'current', '2027-02-01'$$), '2020 oestdanmark J01 302 31 3020 0/6', 'a predecessor stands for its successor');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-06-01', 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL$$, $$2, '2020-01-01', 'hovedstaden', '', 'J01CR02'$$),
    '2020-02 hovedstaden J01CA04 190 20 1900 1/1, 2020-02 hovedstaden J01CR02 5 1 50 1/1', 'a page');
SELECT is(pg_temp.sums($$'amgros', '2020-02-01', '2020-06-01', 'quarter', 'region', 2, NULL, NULL, NULL, 'as_reported', NULL$$, $$2, '2020-01-01', 'hovedstaden', '', 'A'$$),
    '2020-Q1 hovedstaden J01 195 21 1950 2/2, 2020-Q2 nordjylland J01 33 3 330 1/3', 'a page that begins within the first period is of the months asked for');
SELECT is((SELECT jsonb_agg(j) FROM listed('list_consumption.csv', $$'amgros', '2020-01-01', '2020-06-01', 'month', 'hospital', 5, NULL, NULL, NULL, 'as_reported', NULL$$) j),
    (SELECT jsonb_agg(j - '{_after_1,_after_2,_after_3,_after_4}'::text[]) FROM listed('list_consumption', $$'amgros', '2020-01-01', '2020-06-01', 'month', 'hospital', 5, NULL, NULL, NULL, 'as_reported', NULL, 100, NULL, NULL, NULL, NULL$$) j), 'all of it at once');
SELECT fails_with($$ EXECUTE list_consumption ('amgros', NULL, NULL, 'month', 'region', 5, NULL, NULL, 'NIX', 'as_reported', NULL, 10, NULL, NULL, NULL, NULL) $$, 'invalid_parameter', 'an unknown hospital');
SELECT fails_with($$ EXECUTE list_consumption ('amgros', NULL, NULL, 'month', 'region', 5, NULL, 'atlantis', NULL, 'as_reported', NULL, 10, NULL, NULL, NULL, NULL) $$, 'invalid_parameter', 'an unknown region');

SELECT is(pg_temp.sums($$'other', NULL, NULL, 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL$$), '2020-01 hovedstaden J01CA04 999 1 1 1/1', 'without a window: up to the last month reported');
SELECT is(pg_temp.sums($$'amgros', NULL, NULL, 'year', 'region', 1, NULL, NULL, NULL, 'as_reported', NULL$$), '2020 hovedstaden J 302 31 3020 4/4, 2020 nordjylland J 33 3 330 4/4', 'twelve months of it');
SELECT is(pg_temp.sums($$'amgros', NULL, NULL, 'year', 'region', 1, NULL, NULL, NULL, 'as_reported', '2020-05-31'$$), '2020 hovedstaden J 307 30 3070 3/3, 2020 hovedstaden N 1.2345 1 1 3/3', 'as it was known');
SELECT fails_with($$ EXECUTE list_consumption ('nobody', NULL, NULL, 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL, 10, NULL, NULL, NULL, NULL) $$, 'invalid_parameter', 'a source that nobody has delivered for');
SELECT fails_with($$ EXECUTE "list_consumption.csv" ('nobody', NULL, NULL, 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL) $$, 'invalid_parameter', 'nor all at once');
SELECT fails_with($$ EXECUTE get_data_status ('nobody', NULL, NULL, NULL, NULL, 10, NULL, NULL) $$, 'invalid_parameter', 'nor its status');
SELECT lives_ok($$ EXECUTE get_data_status ('other', NULL, NULL, NULL, NULL, 10, NULL, NULL) $$, 'one that somebody has');

-- changes
CREATE FUNCTION pg_temp.changes(after text, before text, page text DEFAULT '100, NULL, NULL, NULL') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', j ->> 'month', j ->> 'region', COALESCE(j ->> 'atc', '*'), j ->> 'change', COALESCE(j ->> 'ddd_before', '-'), COALESCE(j ->> 'ddd_after', '-'), j ->> 'ddd_difference',
        COALESCE(j ->> 'packs_difference', '-'), COALESCE(j ->> 'cost_difference_ore', '-')), ', ')
    FROM d a, d b, listed('compare_consumption_deliveries', format('%L, %L, %s', a.id, b.id, page)) j WHERE a.name = after AND b.name = before
$$;
SELECT is(pg_temp.changes('second', 'first'),
    '2020-01 hovedstaden * only_before 107 - -107 - -, 2020-01 nordjylland * only_after - 0 0 - -, 2020-02 hovedstaden J01CA04 figures 200 190 -10 0 -100, 2020-02 hovedstaden J01CR02 figures 0 5 5 1 50, '
    '2020-02 nordjylland * only_after - 0 0 - -, 2020-03 hovedstaden N02BE01 figures 1.2345 0 -1.2345 -1 -1, 2020-03 nordjylland * only_after - 0 0 - -, 2020-04 hovedstaden * only_after - 0 0 - -, 2020-04 nordjylland * only_after - 33 33 - -',
    'figures within what both cover, and what only one covers');
SELECT is(pg_temp.changes('first', 'first'), NULL, 'nothing differs from itself');
SELECT is(pg_temp.changes('second', 'first', $$2, '2020-02-01', 'hovedstaden', 'J01CA04'$$), '2020-02 hovedstaden J01CR02 figures 0 5 5 1 50, 2020-02 nordjylland * only_after - 0 0 - -', 'a page');
SELECT is((SELECT count(*) FROM d a, d b, listed('compare_consumption_deliveries.csv', format('%L, %L', a.id, b.id)) j WHERE a.name = 'second' AND b.name = 'first'), 9::bigint, 'all at once');
SELECT * FROM act_as('reader');
SELECT is(pg_temp.changes('second', 'first', $$1, '2020-02-01', '', ''$$), '2020-02 hovedstaden J01CA04 figures 200 190 -10 0 -', 'a reader sees no cost');
SELECT fails_with(format('EXECUTE compare_consumption_deliveries (%L, %L, 10, NULL, NULL, NULL)', id, gen_random_uuid()), 'invalid_parameter', 'an unknown one to compare with') FROM d WHERE name = 'first';
SELECT fails_with(format('EXECUTE compare_consumption_deliveries (%L, %L, 10, NULL, NULL, NULL)', gen_random_uuid(), id), 'not_found', 'an unknown one') FROM d WHERE name = 'first';
SELECT * FROM act_as('amgros');
INSERT INTO d SELECT 'announced', announce('amgros', 'final', covers('hovedstaden', '2020-01'), '{"rows": 1, "ddd": 1}');
SELECT fails_with(format('EXECUTE compare_consumption_deliveries (%L, %L, 10, NULL, NULL, NULL)', a.id, b.id), 'delivery_not_accepted') FROM d a, d b WHERE a.name = 'first' AND b.name = 'announced';

-- a cost that changes alone is a change to those who may see it
INSERT INTO d SELECT 'third', deliver('amgros', 'final', covers('hovedstaden', '2020-01'), '[["2020-01", "AHH", "J01CA04", "", 10, 100, 999], ["2020-01", "AHH", "J01CR02", "", null, 7, 70]]');
SELECT is(pg_temp.changes('third', 'first'), '2020-01 hovedstaden J01CA04 figures 100 100 0 0 -1, 2020-02 hovedstaden * only_before 200 - -200 - -, 2020-03 hovedstaden * only_before 1.2345 - -1.2345 - -', 'a price');
SELECT * FROM act_as('reader');
SELECT is(pg_temp.changes('third', 'first'), '2020-02 hovedstaden * only_before 200 - -200 - -, 2020-03 hovedstaden * only_before 1.2345 - -1.2345 - -', 'and none to others');

-- several hospitals of a region, with and without packs and cost: the roll-ups are what the rows add up to
SELECT * FROM act_as('admin');
SELECT create_hospital('BFH', 'Bispebjerg og Frederiksberg Hospital', 'hovedstaden', '2015-01-01') \g /dev/null
SELECT * FROM act_as('amgros');
INSERT INTO d SELECT 'hospitals', deliver('hospitals', 'final', covers('hovedstaden', '2019-01', '2019-02') || covers('nordjylland', '2019-01'),
    '[["2019-01", "BFH", "J01CA04", "000002", 1, 10, 100], ["2019-01", "AHH", "J01CA04", "000001", null, 2.5, null], ["2019-01", "AHH", "J01CA04", "000002", null, 0.0001, null],
      ["2019-02", "BFH", "J01CA04", "000001", 4, -3, 7], ["2019-01", "AHH", "J01CR02", "", null, 1, null], ["2019-02", "AHH", "J01CA04", "000001", 2, 1, -2],
      ["2019-01", "AUT", "J01CA04", "000001", 0, 0, 0], ["2019-01", "BFH", "J01CA04", "000001", null, 1, 5], ["2019-01", "BFH", "J01CR02", "", null, 1, null]]');
CREATE FUNCTION pg_temp.hospitals_no() RETURNS int LANGUAGE sql AS $$ SELECT x.delivery_no FROM medkoord.consumption_delivery x JOIN d USING (id) WHERE d.name = 'hospitals' $$;
SELECT results_eq($$ SELECT region_no::int, month, atc::text, hospital_no, rows::bigint, ddd_e4::numeric, packs_e4::numeric FROM consumption_hospital_month WHERE delivery_no = pg_temp.hospitals_no() ORDER BY month, atc, hospital_no $$,
    $$ SELECT CASE h.code WHEN 'AUT' THEN 1 ELSE 4 END, month, atc::text, hospital_no, count(*), sum(ddd_e4), sum(packs_e4) FROM consumption_row r JOIN hospital h USING (hospital_no) WHERE delivery_no = pg_temp.hospitals_no()
       GROUP BY month, atc, hospital_no, h.code ORDER BY month, atc, hospital_no $$, 'by hospital');
SELECT results_eq($$ SELECT month, atc::text, hospital_no, cost_ore::numeric FROM consumption_hospital_cost WHERE delivery_no = pg_temp.hospitals_no() ORDER BY month, atc, hospital_no $$,
    $$ SELECT month, atc::text, hospital_no, sum(cost_ore) FROM consumption_row WHERE delivery_no = pg_temp.hospitals_no() GROUP BY month, atc, hospital_no HAVING count(cost_ore) > 0 ORDER BY month, atc, hospital_no $$, 'cost by hospital');
SELECT results_eq($$ SELECT region_no, month, atc::text, m.ddd_e4::numeric, m.packs_e4::numeric, c.cost_ore::numeric FROM consumption_region_month m LEFT JOIN consumption_cost_month c USING (delivery_no, region_no, month, atc)
       WHERE delivery_no = pg_temp.hospitals_no() ORDER BY month, atc, region_no $$,
    $$ SELECT CASE h.code WHEN 'AUT' THEN 1::smallint ELSE 4::smallint END AS region_no, month, atc::text, sum(ddd_e4), sum(packs_e4), sum(cost_ore) FROM consumption_row r JOIN hospital h USING (hospital_no) WHERE delivery_no = pg_temp.hospitals_no()
       GROUP BY 1, month, atc ORDER BY month, atc, 1 $$, 'by region');
SELECT is(pg_temp.sums($$'hospitals', '2019-01-01', '2019-02-01', 'year', 'region', 5, 'J01CA04', 'hovedstaden', NULL, 'as_reported', NULL$$), '2019 hovedstaden J01CA04 11.5001 7 110 2/2', 'as they are read');
SELECT * FROM act_as('reader');
SELECT is((SELECT count(*) FROM consumption_hospital_cost), 0::bigint, 'cost by hospital is for those who may see it');
SELECT is((SELECT count(*) FROM consumption_hospital_month WHERE delivery_no = pg_temp.hospitals_no()), 7::bigint, 'the rest for everybody');

-- withdrawing brings the earlier back, and the past stays as it was known
SELECT * FROM act_as('amgros');
SELECT lives_ok(format('EXECUTE transition_consumption_delivery (%L, ''withdraw'', ''Test.'')', id), 'the second is withdrawn') FROM d WHERE name = 'second';
SELECT * FROM act_as('reader');
SELECT is(pg_temp.in_force('amgros', NULL), '4 01 third final, 4 02 first provisional, 4 03 first provisional', 'the first is in force again');
SELECT is((SELECT string_agg(format('%s %s', f.region_no, to_char(f.month, 'MM')), ', ' ORDER BY f.region_no, f.month) FROM coverage_in_force('amgros', '2020-01-01', '2020-12-01', known_at('2020-06-30')) f WHERE f.status = 'final'),
    '1 01, 1 02, 1 03, 1 04, 4 02, 4 03, 4 04', 'and at the end of June the second still was');
SELECT is((SELECT j -> 'delivery' FROM listed('get_data_status', $$'amgros', '2020-02-01', '2020-02-01', 'hovedstaden', '2020-06-30', 100, NULL, NULL$$) j), 'null', 'whose id is not for a reader to see');
SELECT is(pg_temp.sums($$'amgros', '2020-02-01', '2020-02-01', 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', '2020-06-30'$$), '2020-02 hovedstaden J01CA04 190 20 - 1/1, 2020-02 hovedstaden J01CR02 5 1 - 1/1', 'but its figures are');
SELECT * FROM act_as('amgros');
SELECT is(pg_temp.changes('second', 'first', $$1, '2020-02-01', '', ''$$), '2020-02 hovedstaden J01CA04 figures 200 190 -10 0 -100', 'a withdrawn one can still be compared');

-- the order of acceptance does not hang on the clock
SET LOCAL SESSION AUTHORIZATION postgres;
SET LOCAL session_replication_role = replica;
UPDATE consumption_coverage c SET accepted_at = '2999-01-01' FROM consumption_delivery x JOIN d USING (id) WHERE c.delivery_no = x.delivery_no AND d.name = 'third';
SET LOCAL session_replication_role = origin;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
INSERT INTO d SELECT 'fourth', deliver('amgros', 'final', covers('hovedstaden', '2020-01'), '[]');
SELECT is(pg_temp.in_force('amgros', NULL), '4 01 fourth final, 4 02 first provisional, 4 03 first provisional', 'what comes later is in force, even after a clock that ran ahead');
SELECT is(pg_temp.sums($$'amgros', '2020-01-01', '2020-01-01', 'month', 'region', 5, NULL, NULL, NULL, 'as_reported', NULL$$), NULL, 'a delivery without rows says that all is zero');
SELECT is((SELECT j ->> 'state' FROM listed('get_data_status', $$'amgros', '2020-01-01', '2020-01-01', 'hovedstaden', NULL, 100, NULL, NULL$$) j), 'final', 'which is reported');

SELECT * FROM finish();
ROLLBACK;
