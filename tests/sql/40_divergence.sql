-- Divergence: every figure of an overview against what was worked out by hand (divergence.psql has the data).
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
\ir divergence.psql
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(94);
SELECT * FROM act_as('reader');

-- ---- rates, ranks, the rest of the country ----
-- J01CA01: DDD 59, 236, 177, 177, 59; together 708; national 708 / 472 = 1.5.
CREATE TEMP TABLE seen AS SELECT overview('2021-01', '2021-02') AS o;
CREATE TEMP VIEW a AS SELECT item(o, 'J01CA01') AS i FROM seen;
SELECT is(by_region(i, 'region'), 'nordjylland midtjylland syddanmark hovedstaden sjaelland', 'regions in their order') FROM a;
SELECT is(by_region(i, 'value'), '1 2 3 1 1', 'DDD x 1000 / inhabitants x days') FROM a;
SELECT is(by_region(i, 'rank'), '3 2 1 3 3', 'highest first, equal rates share a rank') FROM a;
-- The rest: 649 / 413, 472 / 354, 531 / 413, 531 / 295, 649 / 413. So 413 / 649, 1.5, 2.3333, 0.5556, 413 / 649.
SELECT is(by_region(i, 'ratio_to_rest'), '0.636364 1.5 2.333333 0.555556 0.636364', 'against the rest of the country, itself left out') FROM a;
-- Expected at 1.5: 88.5, 177, 88.5, 265.5, 88.5.
SELECT is(by_region(i, 'excess_ddd'), '-29.5 59 88.5 -88.5 -29.5', 'DDD above what the national rate gives') FROM a;
SELECT is(by_region(i, 'share_of_national'), '0.083333 0.333333 0.25 0.25 0.083333', 'share of national use') FROM a;
SELECT is(by_region(i, 'change_from_year_before'), '0 1 2 0 0', 'against 1 DDD per 1,000 per day in the same months of 2020') FROM a;
SELECT is(by_region(i, 'complete') || ' ' || by_region(i, 'reported_months') || ' ' || by_region(i, 'reason'),
    'true true true true true 2 2 2 2 2 - - - - -', 'all is reported') FROM a;
SELECT is(i - 'regions', '{"atc": "J01CA01", "name": null, "national": 1.5, "volume": 708, "max_min_ratio": 3,
    "max_min_ratio_reason": null, "cv_weighted": 0.471405, "cv_weighted_reason": null, "change_from_year_before": 0.5,
    "change_from_year_before_reason": null, "material": true, "reasons": ["material_ratio", "lasting"]}',
    -- cv: weights 1 2 1 3 1, squares of the distance to 1.5 .25 .25 2.25 .25 .25: sqrt(4 / 8) / 1.5.
    'national, ratio, weighted coefficient of variation, change, material') FROM a;

-- ---- nothing, returns, too little ----
-- J01CE01: 118 DDD in nordjylland in January alone. National 118 / 472 = 0.25; nordjylland 2.
CREATE TEMP VIEW b AS SELECT item(o, 'J01CE01') AS i FROM seen;
SELECT is(by_region(i, 'value'), '2 0 0 0 0', 'covered and absent is zero') FROM b;
SELECT is(i ->> 'max_min_ratio' IS NULL AND i ->> 'max_min_ratio_reason' = 'zero_denominator', true, 'a ratio to zero is null with its reason') FROM b;
SELECT is(by_region(i, 'ratio_to_rest') || ' ' || by_region(i, 'reason'), '- 0 0 0 0 zero_denominator - - - -', 'and so is one to a rest that used nothing') FROM b;
SELECT is(i ->> 'change_from_year_before_reason', 'zero_denominator', 'and one to a year before without use') FROM b;
-- Squares of the distance to .25: 3.0625 once, .0625 seven times: sqrt(3.5 / 8) / .25 = 2.645751.
SELECT is(i ->> 'cv_weighted', '2.645751', 'one region alone') FROM b;
SELECT is(i ->> 'material' || ' ' || (i ->> 'reasons'), 'false ["none_in_a_region", "not_lasting"]', 'enough, and different, but not in February') FROM b;
-- J01DH02: 50 DDD, below the minimum of 100.
SELECT is(item(o, 'J01DH02') ->> 'material' || ' ' || (item(o, 'J01DH02') ->> 'reasons'), 'false ["below_minimum_volume", "none_in_a_region"]',
    'below the minimum volume nothing is flagged') FROM seen;
-- J01FA01: -10 in nordjylland, 20 in midtjylland, together 10.
CREATE TEMP VIEW f AS SELECT item(o, 'J01FA01') AS i FROM seen;
SELECT is(by_region(i, 'value'), '-0.169491525 0.169491525 0 0 0', 'reversals may leave less than nothing') FROM f;
SELECT is(i ->> 'max_min_ratio' IS NULL AND i ->> 'max_min_ratio_reason' = 'negative_denominator', true, 'a ratio to that is null too') FROM f;
SELECT is(region(i, 'midtjylland') ->> 'reason', 'negative_denominator', 'also where the rest of the country is that') FROM f;
SELECT is(by_region(i, 'share_of_national'), '-1 2 0 0 0', 'shares add up to one all the same') FROM f;

-- ---- levels and prefixes ----
SELECT is((SELECT string_agg(x ->> 'atc', ' ' ORDER BY n) FROM jsonb_array_elements(o -> 'items') WITH ORDINALITY y (x, n)),
    'J01CA01 J01CE01 J01DH02 J01FA01 J01MA02 J01XX J01XX08', 'a shorter code stays under itself at level 5') FROM seen;
SELECT is(item(o, 'J01XX') ->> 'volume' || ' ' || (item(o, 'J01XX08') ->> 'volume'), '10 20', 'and is not mixed with what it would hold') FROM seen;
SELECT is((SELECT string_agg(concat_ws(' ', x ->> 'atc', x ->> 'volume'), ', ' ORDER BY n) FROM jsonb_array_elements(overview('2021-01', '2021-02', level => 4) -> 'items') WITH ORDINALITY y (x, n)),
    'J01CA 708, J01CE 118, J01DH 50, J01FA 10, J01MA 236, J01XX 30', 'level 4');
SELECT is((SELECT string_agg(concat_ws(' ', x ->> 'atc', x ->> 'volume'), ', ') FROM jsonb_array_elements(overview('2021-01', '2021-02', level => 2) -> 'items') x),
    'J01 1152', 'level 2');
SELECT is((SELECT string_agg(x ->> 'atc', ' ') FROM jsonb_array_elements(overview('2021-01', '2021-02', atc => 'J01C') -> 'items') x), 'J01CA01 J01CE01', 'a prefix');
SELECT is(overview('2021-01', '2021-02', atc => 'C') -> 'items', '[]', 'a prefix that nothing has');

-- ---- filter and order ----
SELECT is((SELECT string_agg(x ->> 'atc', ' ') FROM jsonb_array_elements(overview('2021-01', '2021-02', material => true) -> 'items') x), 'J01CA01 J01MA02', 'only what is material');
SELECT is(jsonb_array_length(overview('2021-01', '2021-02', material => false) -> 'items'), 5, 'only the rest');
-- J01CA01 and J01MA02 have 3 and none: the others divide by zero.
SELECT is(overview('2021-01', '2021-02', sort => '-max_min_ratio') #>> '{items,0,atc}', 'J01CA01', 'the greatest ratio first, those without one last');
-- nordjylland: 118 - 59 x 0.25 = 103.25 of J01CE01; 88.5 of J01CA01; hovedstaden: 177 - 177 x 0.5 = 88.5 of J01MA02.
SELECT is((SELECT string_agg(x ->> 'atc', ' ' ORDER BY n) FROM jsonb_array_elements(overview('2021-01', '2021-02', sort => '-excess_ddd') -> 'items') WITH ORDINALITY y (x, n) WHERE n <= 3),
    'J01CE01 J01CA01 J01MA02', 'the greatest excess first, then by code');
SELECT is(overview('2021-01', '2021-02', sort => '-change') #>> '{items,0,atc}', 'J01CA01', 'the greatest change first');
-- J01FA01: m = 10 / 472; its distances are the greatest of all against its mean.
SELECT is(overview('2021-01', '2021-02', sort => '-cv_weighted') #>> '{items,0,atc}', 'J01FA01', 'the greatest variation first');

-- ---- not reported ----
-- January to March, 90 days; without sjaelland: 90 180 90 270, together 630. DDD 90, 298, 208, 270; together 866.
CREATE TEMP TABLE march AS SELECT overview('2021-01', '2021-03') AS o;
CREATE TEMP VIEW m AS SELECT item(o, 'J01CA01') AS i FROM march;
SELECT is(o -> 'not_reported', '[{"region": "sjaelland", "months": ["2021-03"]}]', 'what is not reported is named') FROM march;
SELECT is(by_region(i, 'value'), '1 1.655555556 2.311111111 1 1', 'a rate over the months reported') FROM m;
SELECT is(by_region(i, 'rank'), '3 2 1 3 -', 'a region without full coverage is not ranked') FROM m;
SELECT is(by_region(i, 'complete') || ' ' || by_region(i, 'reported_months'), 'true true true true false 3 3 3 3 2', 'and is not complete') FROM m;
SELECT is(region(i, 'sjaelland') - '{region,value,reported_months,complete}'::text[],
    '{"rank": null, "ratio_to_rest": null, "excess_ddd": null, "excess_cost_ore": null, "share_of_national": null, "change_from_year_before": null, "reason": "partly_reported"}',
    'nor compared') FROM m;
SELECT is(i ->> 'national', '1.374603175', 'the national rate is that of the compared regions: 866 / 630') FROM m;
SELECT is(i ->> 'max_min_ratio', '2.311111', 'and so is the ratio') FROM m;
SELECT is(i ->> 'change_from_year_before_reason', 'not_reported_year_before', 'March 2020 was not reported') FROM m;
SELECT is(i ->> 'reasons', '["material_ratio", "not_lasting"]', 'all equal in March: it has not lasted') FROM m;
SELECT is((SELECT string_agg(c ->> 'code', ' ') FROM jsonb_array_elements(o -> 'caveats') c),
    'no_indication hospital_region provisional incomplete_regions not_all_regions', 'what a reader must know') FROM march;
SELECT is((SELECT c ->> 'text' FROM jsonb_array_elements(o -> 'caveats') c WHERE c ->> 'code' = 'not_all_regions'),
    'National figures are of the compared regions alone, not of the whole country. Left out: Region Sjælland.', 'whose figures are not national') FROM march;
SELECT is((SELECT string_agg(DISTINCT j ->> 'national_regions', '; ')
           FROM listed('get_divergence.csv', $$'ddd_per_1000_per_day', NULL, 'amgros', '2021-01-01', '2021-03-01', NULL, 'as_reported', NULL, 5, NULL, 'atc'$$) j),
    'nordjylland midtjylland syddanmark hovedstaden', 'on each line of the CSV too');
SELECT is((SELECT array_agg(d ->> 'id' ORDER BY d ->> 'id') FROM jsonb_array_elements(o -> 'deliveries') d),
    (SELECT array_agg(x ORDER BY x) FROM unnest(ARRAY[:'delivered_2020', :'delivered_2021', :'delivered_march']) x), 'the deliveries it was made from') FROM march;
SELECT is((SELECT d - 'accepted_at' FROM jsonb_array_elements(o -> 'deliveries') d WHERE d ->> 'id' = :'delivered_2020'),
    jsonb_build_object('id', :'delivered_2020', 'label', 'test', 'status', 'final', 'window', false, 'year_before', true), 'and what for') FROM march;
-- April: nobody.
CREATE TEMP VIEW april AS SELECT overview('2021-04', '2021-04') AS o;
SELECT is(o -> 'items', '[]', 'nothing reported, no items') FROM april;
SELECT is(jsonb_array_length(o -> 'not_reported'), 5, 'but five regions that did not report') FROM april;
SELECT is(by_region(j -> 'item', 'reason'), 'not_reported not_reported not_reported not_reported not_reported', 'a code asked for says so')
FROM listed('get_divergence_for_code', $$'J01CA01', 'ddd_per_1000_per_day', NULL, 'amgros', '2021-04-01', '2021-04-01', NULL, 'as_reported'$$) j;
-- March and April: nobody is complete.
SELECT is(item(overview('2021-03', '2021-04'), 'J01CA01') - 'regions', '{"atc": "J01CA01", "name": null, "national": null, "volume": null,
    "max_min_ratio": null, "max_min_ratio_reason": "fewer_than_two_regions", "cv_weighted": null, "cv_weighted_reason": "fewer_than_two_regions",
    "change_from_year_before": null, "change_from_year_before_reason": "not_reported_year_before", "material": false,
    "reasons": ["fewer_than_two_regions"]}', 'no complete region: nothing is compared, and each null has its reason');
SELECT is(item(overview('2021-01', '2021-01'), 'J01CA01') ->> 'reasons', '["material_ratio", "window_too_short"]', 'one month is too short for a difference that must last two');

-- ---- regions of the time, regions of a date ----
-- As of 2027, hovedstaden and sjaelland are oestdanmark: 177 + 59 = 236 DDD, 177 + 59 = 236.
CREATE TEMP TABLE later AS SELECT overview('2021-01', '2021-02', basis => 'current', as_of => '2027-06-01') AS o;
CREATE TEMP VIEW l AS SELECT item(o, 'J01CA01') AS i FROM later;
SELECT is(by_region(i, 'region'), 'nordjylland midtjylland syddanmark oestdanmark', 'predecessors are added up') FROM l;
SELECT is(by_region(i, 'value') || ', ' || by_region(i, 'rank'), '1 2 3 1, 3 2 1 3', 'their rate together') FROM l;
-- The rest 472 / 236 = 2. Expected 354.
SELECT is(region(i, 'oestdanmark') ->> 'ratio_to_rest' || ' ' || (region(i, 'oestdanmark') ->> 'excess_ddd'), '0.5 -118', 'their rest and their excess') FROM l;
SELECT is(i ->> 'national' || ' ' || (i ->> 'cv_weighted'), '1.5 0.471405', 'the country is the same') FROM l;
-- J01MA02: hovedstaden 177, sjaelland 59: one rate of 1. As reported both are 1 as well, so the ratio is null in both.
SELECT is(region(item(o, 'J01MA02'), 'oestdanmark') ->> 'share_of_national', '1', 'all of it in one region now') FROM later;
SELECT is(by_region(item(overview('2021-01', '2021-02', basis => 'current', as_of => '2026-12-31'), 'J01CA01'), 'value'), '1 2 3 1 1', 'the day before they are two');
SELECT is(by_region(item(overview('2021-01', '2021-03', basis => 'current', as_of => '2027-01-01'), 'J01CA01'), 'complete'), 'true true true false', 'whole only when every predecessor reported');
SELECT is((SELECT o -> 'regions' -> 3 -> 'populations' FROM later), '[{"region": "hovedstaden", "on": "2019-01-01", "population": 3000, "evidence": "sourced", "source": "test"},
    {"region": "sjaelland", "on": "2019-01-01", "population": 1000, "evidence": "sourced", "source": "test"}]', 'the inhabitants that were used');
-- A window across the change, as reported: nobody exists in a part of it and is complete.
SELECT is((SELECT string_agg(concat_ws(' ', r.slug, d.months), ', ' ORDER BY d.region_no)
           FROM divergence_regions(divergence_ask('ddd_per_1000_per_day', NULL, 'amgros', '2026-11-01', '2027-01-01', NULL, 'as_reported', NULL, 5, false, 'query/'), '2026-11-01', '2027-01-01') d
           JOIN region r USING (region_no)),
    'nordjylland 3, midtjylland 3, syddanmark 3, hovedstaden 2, sjaelland 2, oestdanmark 1', 'months in which a region existed');
SELECT is((SELECT count(*)::int FROM jsonb_array_elements(overview('2026-11', '2027-01') -> 'caveats') c WHERE c ->> 'code' = 'regions_changed'), 1, 'a reader is told of the change');

-- ---- inhabitants ----
SELECT * FROM act_as('admin');
INSERT INTO population (region_no, on_date, population, source, evidence) VALUES (2, '2021-02-01', 4000, 'test', 'recalled');
SELECT * FROM act_as('reader');
-- midtjylland: 236 / (2 x 31 + 4 x 28 = 174).
SELECT is(region(item(overview('2021-01', '2021-02'), 'J01CA01'), 'midtjylland') ->> 'value', '1.356321839', 'the latest known on or before the first of the month');
SELECT is((SELECT c ->> 'text' FROM jsonb_array_elements(overview('2021-01', '2021-02') -> 'caveats') c WHERE c ->> 'code' = 'population_evidence'),
    'Numbers of inhabitants that are not simply from a published table: recalled 2021-02-01.', 'a weaker mark is cited');
SELECT * FROM act_as('admin');
UPDATE population SET population = 2000, evidence = 'sourced' WHERE region_no = 2 AND on_date = '2021-02-01';
SELECT deliver('other', 'final', covers('nordjylland', '2018-12') || covers('midtjylland', '2018-12'), '[["2018-12", "AUT", "J01CA01", "", null, 5, null]]') AS ignored \gset
SELECT * FROM act_as('reader');
SELECT is(by_region(j -> 'items' -> 0, 'reason'), 'population_missing population_missing not_reported not_reported not_reported', 'before the first known number there is no rate, and sources are kept apart')
FROM listed('get_divergence', $$'ddd_per_1000_per_day', NULL, 'other', '2018-12-01', '2018-12-01', NULL, 'as_reported', NULL, 5, NULL, 'atc'$$) j;

-- ---- packs and cost ----
-- Packs 5.9, 23.6, 17.7, 17.7, 5.9 against 1, 2, 1, 3, 1 thousand.
SELECT is(by_region(item(overview('2021-01', '2021-02', measure => 'packs_per_1000'), 'J01CA01'), 'value'), '5.9 11.8 17.7 5.9 5.9', 'packs per 1,000 inhabitants');
SELECT is(item(overview('2021-01', '2021-02', measure => 'packs_per_1000'), 'J01CA01') ->> 'change_from_year_before_reason', 'not_reported_year_before', 'packs left out are not reported, which is not zero');
SELECT is(by_region(item(overview('2021-03', '2021-03', measure => 'packs_per_1000'), 'J01CA01'), 'reason'), 'not_delivered not_delivered not_delivered not_delivered not_reported', 'no packs in March: delivered without, or not delivered at all');
CREATE TEMP TABLE unpacked AS SELECT overview('2021-02', '2021-03', measure => 'packs_per_1000') AS o;
SELECT is(by_region(item(o, 'J01CA01'), 'reason'), 'not_delivered not_delivered not_delivered not_delivered partly_reported', 'of a part of the window too') FROM unpacked;
SELECT is(o -> 'not_delivered', '[{"region": "nordjylland", "months": ["2021-03"]}, {"region": "midtjylland", "months": ["2021-03"]},
    {"region": "syddanmark", "months": ["2021-03"]}, {"region": "hovedstaden", "months": ["2021-03"]}]', 'months delivered without packs are named') FROM unpacked;
SELECT is(o -> 'not_reported', '[{"region": "sjaelland", "months": ["2021-03"]}]', 'apart from those that nobody reported') FROM unpacked;
SELECT is((SELECT count(*)::int FROM unpacked, jsonb_array_elements(o -> 'caveats') c WHERE c ->> 'code' = 'not_all_regions'), 0, 'no region compared: no national figure to say anything of');
SELECT is(overview('2021-03', '2021-03') -> 'not_delivered', '[]', 'DDD are always delivered');
SELECT is(by_region(i, 'excess_cost_ore'), '- - - - -', 'no cost for a reader') FROM a;
SELECT fails_with($$ SELECT overview('2021-01', '2021-02', measure => 'cost_per_1000') $$, 'invalid_parameter', 'to a reader a measure of cost does not exist');
SELECT fails_with($$ SELECT overview('2021-01', '2021-02', measure => 'no_such_measure') $$, 'invalid_parameter', 'the same answer as for one that does not');
SELECT is_empty($$ SELECT j FROM listed('get_divergence_measure', '''cost_per_1000'', 1') j $$, 'nor can it be read');
SELECT * FROM act_as('amgros');
-- Cost 5900, 23600, 17700, 17700, 5900 øre.
SELECT is(by_region(item(overview('2021-01', '2021-02', measure => 'cost_per_1000'), 'J01CA01'), 'value'), '5900 11800 17700 5900 5900', 'cost per 1,000 inhabitants, to who may see it');
SELECT is(item(overview('2021-01', '2021-02', measure => 'cost_per_1000'), 'J01CA01') ->> 'national', '8850', '70,800 øre x 1000 / 8,000');
-- At 1.5 DDD x 100 øre: 8850, 17700, 8850, 26550, 8850 expected.
SELECT is(by_region(item(overview('2021-01', '2021-02'), 'J01CA01'), 'excess_cost_ore'), '-2950 5900 8850 -8850 -2950', 'cost above what the national rate gives');
SELECT is(by_region(item(overview('2021-01', '2021-03'), 'J01CA01'), 'excess_cost_ore'), '- - - - -', 'not where a month has no cost reported');

-- ---- as it was known ----
SELECT * FROM act_as('admin');
SELECT clock_timestamp() AS before_restatement \gset
SELECT deliver('amgros', 'final', covers('syddanmark', '2021-01', '2021-02'), '[["2021-01", "SYD", "J01CA01", "", null, 59, null]]') AS restated \gset
SELECT * FROM act_as('reader');
SELECT is(by_region(item(overview('2021-01', '2021-02'), 'J01CA01'), 'value'), '1 2 1 1 1', 'a later delivery counts');
SELECT is(by_region(item(overview('2021-01', '2021-02', as_of => to_char(:'before_restatement'::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), 'J01CA01'), 'value'), '1 2 3 1 1', 'as it was known before');

-- ---- one code ----
CREATE TEMP TABLE one AS SELECT j FROM listed('get_divergence_for_code', $$'J01CE01', 'ddd_per_1000_per_day', NULL, 'amgros', '2021-01-01', '2021-03-01', NULL, 'as_reported'$$) j;
SELECT is(j -> 'item', item(overview('2021-01', '2021-03'), 'J01CE01'), 'the item is the overview''s') FROM one;
-- nordjylland: 118 x 1000 / (1000 x 31).
SELECT is(jsonb_path_query_array(j, '$.series.regions[*] ? (@.region == "nordjylland").months[*].value'), '[3.806451613, 0, 0]', 'a month without any is zero') FROM one;
SELECT is(jsonb_path_query_array(j, '$.series.regions[*] ? (@.region == "sjaelland").months[*].value'), '[0, 0, null]', 'a month not reported is null') FROM one;
SELECT is(jsonb_path_query_array(j, '$.series.regions[*] ? (@.region == "hovedstaden").months[*].status'), '["final", "final", "provisional"]', 'with the status of each month') FROM one;
SELECT is(jsonb_path_query_array(j, '$.series.hospitals[*].hospital'), '["AUT", "MID", "SYD", "AHH", "HOL", "SJA"]', 'the hospitals of the regions') FROM one;
SELECT is(jsonb_path_query_array(j, '$.series.hospitals[*] ? (@.hospital == "AUT" || @.hospital == "SJA").months[*].volume'), '[118, 0, 0, 0, 0, null]', 'a hospital''s months') FROM one;
SELECT is(j #>> '{item,atc}' || ' ' || (j #>> '{item,volume}'), 'J01XX 30', 'a group holds everything in it')
FROM listed('get_divergence_for_code', $$'J01XX', 'ddd_per_1000_per_day', NULL, 'amgros', '2021-01-01', '2021-02-01', NULL, 'as_reported'$$) j;
SELECT is(by_region(j -> 'item', 'value') || ' ' || (j #>> '{item,max_min_ratio_reason}'), '0 0 0 0 0 zero_denominator', 'a code that nobody used in the window is zero')
FROM listed('get_divergence_for_code', $$'J01CE01', 'ddd_per_1000_per_day', NULL, 'amgros', '2020-01-01', '2020-02-01', NULL, 'as_reported'$$) j;
SELECT is_empty($$ SELECT j FROM listed('get_divergence_for_code', $a$'C01AA05', 'ddd_per_1000_per_day', NULL, 'amgros', '2021-01-01', '2021-02-01', NULL, 'as_reported'$a$) j $$, 'a code that nobody has ever seen is not found');

-- ---- CSV ----
SELECT is(count(*)::int || ' ' || string_agg(j ->> 'region', ' ' ORDER BY n) || ' ' || string_agg(j ->> 'value', ' ' ORDER BY n),
    '5 nordjylland midtjylland syddanmark hovedstaden sjaelland 1 2 1 1 1', 'one line for each code and region')
FROM listed('get_divergence.csv', $$'ddd_per_1000_per_day', NULL, 'amgros', '2021-01-01', '2021-02-01', NULL, 'as_reported', 'J01CA01', 5, NULL, 'atc'$$) WITH ORDINALITY x (j, n);
SELECT is(string_agg(concat_ws('/', j ->> 'month', j ->> 'region', j ->> 'hospital', j ->> 'volume'), ' ' ORDER BY n),
    '2021-03/nordjylland/31 2021-03/nordjylland/AUT/31 2021-03/midtjylland/62 2021-03/midtjylland/MID/62 2021-03/syddanmark/31 2021-03/syddanmark/SYD/31 2021-03/hovedstaden/93 2021-03/hovedstaden/AHH/93 2021-03/sjaelland 2021-03/sjaelland/HOL 2021-03/sjaelland/SJA',
    'one line for each month and region or hospital')
FROM listed('get_divergence_for_code.csv', $$'J01CA01', 'ddd_per_1000_per_day', NULL, 'amgros', '2021-03-01', '2021-03-01', NULL, 'as_reported'$$) WITH ORDINALITY x (j, n);
SELECT is(o -> 'window', '{"from_month": "2020-03", "to_month": "2021-02", "months": 12}', 'without a window, the twelve months up to the last that every region reported')
FROM listed('get_divergence', $$'ddd_per_1000_per_day', NULL, 'amgros', NULL, NULL, NULL, 'as_reported', NULL, 5, NULL, 'atc'$$) o;

SELECT * FROM finish();
ROLLBACK;
