-- Deliveries of consumption: announcing, uploading, rejecting, withdrawing, and who sees what.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
\ir consumption.psql
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(119);
CREATE FUNCTION pg_temp.body(coverage jsonb, control jsonb DEFAULT '{"rows": 0, "ddd": 0}') RETURNS text LANGUAGE sql AS $$
    SELECT format('EXECUTE announce_consumption_delivery (%L)', jsonb_build_object('source', 'amgros', 'label', 'x',
        'status', 'final', 'coverage', coverage, 'control', control))
$$;
CREATE FUNCTION pg_temp.shown(id uuid) RETURNS jsonb LANGUAGE sql AS $$ SELECT j FROM listed('get_consumption_delivery', quote_literal(id)) j $$;

-- announcing
SELECT * FROM act_as('reader,region_coordinator,forum_secretariat,auditor', 'hovedstaden');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2020-01')), 'forbidden', 'only Amgros and admin announce');
SELECT * FROM act_as('amgros', subject => 'amgros-it');
SELECT is((SELECT j - '{id,_location,_etag,announced_at}'::text[] FROM listed('announce_consumption_delivery', quote_literal(
    '{"source": "amgros", "label": "January", "status": "provisional", "sha256": null, "control": {"rows": 1, "ddd": 12.5, "cost_ore": 700},
      "coverage": [{"region": "hovedstaden", "from_month": "2020-01", "to_month": "2020-02"},
                   {"region": "nordjylland", "from_month": "2020-02", "to_month": "2020-02"},
                   {"region": "hovedstaden", "from_month": "2020-03", "to_month": "2020-03"},
                   {"region": "hovedstaden", "from_month": "2021-01", "to_month": "2021-01"}]}')) j),
    '{"source": "amgros", "label": "January", "status": "provisional", "state": "announced", "region_months": 5,
      "coverage": [{"region": "hovedstaden", "from_month": "2020-01", "to_month": "2020-03"},
                   {"region": "hovedstaden", "from_month": "2021-01", "to_month": "2021-01"},
                   {"region": "nordjylland", "from_month": "2020-02", "to_month": "2020-02"}],
      "control": {"rows": 1, "ddd": 12.5, "cost_ore": 700}, "sha256": null, "announced_by": "amgros-it", "content_sha256": null,
      "content_bytes": null, "rows": null, "ddd": null, "cost_ore": null, "accepted_at": null, "short_atc_codes": [], "new_atc_codes": [],
      "superseded_by": [], "rejected_at": null, "rejected_count": null, "rejected_by_code": null, "withdrawn_at": null,
      "withdrawn_reason": null, "actions": ["upload", "withdraw"]}', 'what is announced is shown, its coverage as runs of months');
SELECT is((SELECT j ->> '_location' = '/v1/consumption-deliveries/' || (j ->> 'id') FROM listed('announce_consumption_delivery',
    quote_literal(jsonb_build_object('source', 'amgros', 'label', 'x', 'status', 'final', 'control', '{"rows": 0, "ddd": 0}'::jsonb,
                                     'coverage', covers('sjaelland', '2007-01')))) j), true, 'with its address');
SELECT fails_with(pg_temp.body(covers('atlantis', '2020-01')), 'unknown_reference');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2020-02', '2020-01')), 'period_reversed');
SELECT fails_with(pg_temp.body(covers('hovedstaden', to_char(today() + interval '1 month', 'YYYY-MM'))), 'month_in_future');
SELECT lives_ok(pg_temp.body(covers('nordjylland', to_char(today(), 'YYYY-MM'))), 'this month may be covered');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2006-12', '2007-01')), 'region_not_in_force');
SELECT fails_with(pg_temp.body(covers('oestdanmark', '2020-01')), 'region_not_in_force');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2020-01', '2020-06') || covers('sjaelland', '2020-06') || covers('hovedstaden', '2020-06')), 'coverage_overlaps');
SELECT fails_with(pg_temp.body(covers('nordjylland', '0001-01', '2020-01')), 'region_not_in_force', 'a wide window is refused before it is unfolded');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2020-01'), '{"rows": 0, "ddd": 0.00001}'), 'too_many_decimals');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2020-01'), '{"rows": 0, "ddd": 1e300}'), 'validation_failed');
SELECT fails_with(pg_temp.body(covers('hovedstaden', '2020-01'), '{"rows": -1, "ddd": 0}'), 'consumption_delivery_control_rows');
CREATE FUNCTION pg_temp.pointer(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    pointer text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS pointer = COLUMN_NAME;
    RETURN pointer;
END
$$;
SELECT is(pg_temp.pointer(pg_temp.body(covers('hovedstaden', '2020-01') || covers('atlantis', '2020-01'))), '/coverage/1/region', 'the pointer of an unknown region');
SELECT is(pg_temp.pointer(pg_temp.body(covers('hovedstaden', '2020-02', '2020-01'))), '/coverage/0/to_month', 'of a reversed period');
SELECT is(pg_temp.pointer(pg_temp.body(covers('hovedstaden', '2020-01') || covers('hovedstaden', '2020-01'))), '/coverage/1', 'of an overlap');

-- the bound is tried with a region that exists for long enough
RESET SESSION AUTHORIZATION;
INSERT INTO region (region_no, slug, name, valid_from) VALUES (90, 'forever', 'Forever', '1700-01-01');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT lives_ok(pg_temp.body(covers('forever', '1800-01', '1999-12')), '2,400 months of regions are taken');
SELECT fails_with(pg_temp.body(covers('forever', '1800-01', '1999-12') || covers('hovedstaden', '2020-01')), 'coverage_too_large');
RESET SESSION AUTHORIZATION;
DELETE FROM consumption_coverage WHERE region_no = 90;
DELETE FROM region WHERE region_no = 90;
SET LOCAL SESSION AUTHORIZATION medkoord_server;

-- who sees an announced delivery
CREATE TEMPORARY TABLE d AS SELECT announce('amgros', 'provisional', covers('hovedstaden', '2020-01', '2020-02') || covers('nordjylland', '2020-01'),
    '{"rows": 3, "ddd": 30.5, "cost_ore": 1500}') AS id;
CREATE FUNCTION pg_temp.sees(statement text DEFAULT 'get_consumption_delivery') RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM listed(statement, quote_literal((SELECT id FROM d)))
$$;
SELECT * FROM act_as('reader');
SELECT is(pg_temp.sees(), 0::bigint, 'a reader does not see what is announced');
SELECT * FROM act_as('region_coordinator', 'hovedstaden');
SELECT is(pg_temp.sees(), 1::bigint, 'the coordinator of a covered region does');
SELECT is((pg_temp.shown(d.id)) -> 'actions', '[]', 'and may do nothing with it') FROM d;
SELECT is((pg_temp.shown(d.id)) -> 'control' -> 'cost_ore', 'null', 'nor see its cost') FROM d;
SELECT * FROM act_as('region_coordinator', 'midtjylland');
SELECT is(pg_temp.sees(), 0::bigint, 'another region''s does not');
SELECT is((SELECT count(*) FROM consumption_coverage), 0::bigint, 'nor any of its coverage');
SELECT * FROM act_as('reader', 'hovedstaden');
SELECT is(pg_temp.sees(), 0::bigint, 'a region without the role helps nobody');
SELECT * FROM act_as('forum_secretariat');
SELECT is(pg_temp.sees(), 1::bigint, 'the secretariat does');
SELECT * FROM act_as('');
SELECT is(pg_temp.sees(), 0::bigint, 'nobody without a role does');

-- what an upload is told
SELECT * FROM act_as('reader');
SELECT is(pg_temp.sees('_begin_delivery_upload'), 0::bigint, 'a reader has nothing to upload to');
SELECT * FROM act_as('amgros');
SELECT is((SELECT jsonb_agg(jsonb_build_array(j -> 'code', j -> 'region_no', j -> 'from_month', j -> 'to_month')) FROM d JOIN consumption_delivery x USING (id), listed('_upload_hospitals', x.delivery_no::text) j),
    '[["AHH", 4, "2020-01-01", "2020-02-01"], ["AUT", 1, "2020-01-01", "2020-02-01"], ["HOL", 5, "2020-02-01", "2020-02-01"]]',
    'hospitals with their regions; one that opens within a month belongs to it');
SELECT is((SELECT jsonb_agg(jsonb_build_array(j -> 'region', j -> 'month')) FROM d JOIN consumption_delivery x USING (id), listed('_upload_coverage', x.delivery_no::text) j),
    '[["nordjylland", "2020-01-01"], ["hovedstaden", "2020-01-01"], ["hovedstaden", "2020-02-01"]]', 'what is covered');

-- refused: everything that is wrong, and no trace
CREATE TEMPORARY TABLE answer AS SELECT upload(id, '[["2020-01", "AHH", "J01CA04", "012345", 1, 10, 500], ["2020-01", "AHH", "J01CA04", "012345", 1, 10, 500],
    ["2020-02", "AUT", "J01CA04", "", null, 1, null], ["2020-01", "HOL", "J01CA04", "", null, 1, null], ["2020-01", "NIX", "J01CA04", "", null, 1, null],
    ["2020-01", "AHH", "j01", "", null, 1, null], ["2020-01", "AHH", "J01CA04", "012345", 1, 10, 500]]') AS j FROM d;
SELECT is(answer.j -> 'violation_counts', '{"bad_atc": 1, "duplicate_key": 2, "outside_coverage": 2, "unknown_hospital": 1}', 'counts by reason') FROM answer;
SELECT is(jsonb_path_query_array(j, '$.violations[*] ? (@.code == "duplicate_key").line'), '[3, 8]', 'each duplicate by its line') FROM answer;
SELECT is(jsonb_path_query_first(j, '$.violations[*] ? (@.code == "duplicate_key").detail'), '"the same month, hospital, ATC code and article number stand in line 2"', 'and the line of the first') FROM answer;
SELECT is(jsonb_path_query_first(j, '$.violations[*] ? (@.code == "duplicate_key").column'), 'null', 'and no column, as the key is several') FROM answer;
SELECT is(jsonb_path_query_array(j, '$.violations[*] ? (!exists (@.detail_da))'), '[]', 'all of it in Danish too') FROM answer;
SELECT is(jsonb_path_query_first(j, '$.violations[*] ? (@.code == "duplicate_key").value'), '"2020-01 AHH J01CA04 012345"', 'and the key') FROM answer;
SELECT is(jsonb_path_query_array(j, '$.violations[*] ? (@.code == "outside_coverage").line'), '[4, 5]', 'lines outside the coverage') FROM answer;
SELECT is((SELECT count(*) FROM consumption_month), 0::bigint, 'nothing is rolled up');
SELECT is((SELECT count(*) FROM atc_code), 0::bigint, 'no code is new');
SELECT is((SELECT count(*) FROM consumption_row), 0::bigint, 'no row is kept');
SELECT is(pg_temp.shown(id) ->> 'state', 'announced', 'and the state is as before') FROM d;
TRUNCATE answer;
INSERT INTO answer SELECT upload(id, '[["2020-01", "AHH", "J01CA04", "", 1, 10, 500], ["2020-02", "AHH", "J01CA04", "", 1, 10, null]]') FROM d;
SELECT is(jsonb_path_query_array(j, '$.violations[*].detail_da'), '["der er anmeldt 3 linjer, filen har 2", "der er anmeldt 30.5 DDD, filen giver 20", "der er anmeldt 1500 øre, filen giver 500"]', 'in Danish') FROM answer;
SELECT is((SELECT jsonb_agg(v - 'detail_da') FROM jsonb_array_elements(answer.j -> 'violations') v), '[{"line": null, "column": null, "code": "control_rows", "value": "2", "detail": "3 rows were announced, the file has 2"},
    {"line": null, "column": "ddd", "code": "control_ddd", "value": "20", "detail": "30.5 DDD were announced, the file adds up to 20"},
    {"line": null, "column": "cost_ore", "code": "control_cost", "value": "500", "detail": "1500 øre were announced, the file adds up to 500"}]', 'totals that are off') FROM answer;

-- kept as rejected
SELECT is((SELECT j -> 'counts' FROM listed('_reject_delivery', format('%L, %L, 10, %L, %L', d.id, repeat('b', 64), '{"bad_atc": 1, "control_rows": 2}',
    '[{"line": 3, "column": "atc", "code": "bad_atc", "detail": "This is not an ATC code.", "value": "j01"}, {"line": null, "column": "rows", "code": "control_rows", "detail": "x", "value": null}]')) j),
    '{"bad_atc": 1, "control_rows": 2}', 'a rejection is kept') FROM d;
SELECT is(pg_temp.shown(id) #> '{rejected_by_code}', '{"bad_atc": 1, "control_rows": 2}', 'shown with the delivery') FROM d;
SELECT is(pg_temp.shown(id) #> '{rejected_count}', '3', 'with its sum') FROM d;
SELECT is(pg_temp.shown(id) #> '{actions}', '["upload", "withdraw"]', 'it may be uploaded again, or given up') FROM d;
SELECT is((SELECT jsonb_agg(j) FROM listed('list_consumption_rejections', format('%L, 10, NULL', id)) j),
    '[{"position": 1, "line": 3, "column": "atc", "code": "bad_atc", "detail": "This is not an ATC code.", "value": "j01", "_after_1": 1},
      {"position": 2, "line": null, "column": "rows", "code": "control_rows", "detail": "x", "value": null, "_after_1": 2}]', 'line by line') FROM d;
SELECT is((SELECT count(*) FROM listed('list_consumption_rejections', format('%L, 10, 1', id)) j), 1::bigint, 'paged') FROM d;
SELECT is((SELECT count(*) FROM listed('list_consumption_rejections.csv', quote_literal(id)) j), 2::bigint, 'and all at once') FROM d;
SELECT is((SELECT count(*) FROM listed('_reject_delivery', format('%L, NULL, 10, %L, %L', id, '{"not_utf8": 1}', '[{"line": null, "column": null, "code": "not_utf8", "detail": "x", "value": null}]'))), 1::bigint, 'again') FROM d;
SELECT is(pg_temp.shown(id) #> '{rejected_by_code}', '{"not_utf8": 1}', 'a later one takes its place') FROM d;
SELECT * FROM act_as('region_coordinator', 'nordjylland');
SELECT is((SELECT count(*) FROM consumption_rejection), 1::bigint, 'a covered region''s coordinator sees the lines');
SELECT * FROM act_as('region_coordinator', 'midtjylland');
SELECT is((SELECT count(*) FROM consumption_rejection) + (SELECT count(*) FROM consumption_rejection_count), 0::bigint, 'another one''s does not');
SELECT fails_with(format('EXECUTE list_consumption_rejections (%L, 10, NULL)', id), 'not_found', 'to whom the delivery does not exist') FROM d;

-- what a coordinator sees of a rejected one
SELECT * FROM act_as('amgros');
CREATE FUNCTION pg_temp.reject(id uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM listed('_reject_delivery', format('%L, NULL, 10, %L, %L', id, '{"control_cost": 1, "control_ddd": 1, "bad_number": 2, "bad_column": 2}', '[
        {"line": null, "column": "ddd", "code": "control_ddd", "detail": "x", "value": "1"}, {"line": null, "column": "cost_ore", "code": "control_cost", "detail": "x", "value": "999"},
        {"line": 1, "column": null, "code": "bad_column", "detail": "x", "value": "999"}, {"line": 1, "column": "ddd", "code": "bad_column", "detail": "x", "value": null},
        {"line": 2, "column": "ddd", "code": "bad_number", "detail": "x", "value": "1x"}, {"line": 2, "column": "cost_ore", "code": "bad_number", "detail": "x", "value": "999x"}]'))
$$;
CREATE FUNCTION pg_temp.lines(id uuid) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', j ->> 'line', j ->> 'column', j ->> 'code'), ', ' ORDER BY j -> 'position') FROM listed('list_consumption_rejections', format('%L, 10, NULL', id)) j
$$;
SELECT is(pg_temp.reject(id), 1::bigint, 'a delivery over two regions') FROM d;
CREATE TEMPORARY TABLE alone AS SELECT announce('amgros', 'provisional', covers('hovedstaden', '2020-01', '2020-02'), '{"rows": 3, "ddd": 30.5, "cost_ore": 1500}') AS id;
SELECT is(pg_temp.reject(id), 1::bigint, 'and one of a single region') FROM alone;
SELECT is(pg_temp.lines(id), 'ddd control_ddd, cost_ore control_cost, 1 bad_column, 1 ddd bad_column, 2 ddd bad_number, 2 cost_ore bad_number', 'Amgros sees all of it') FROM d;
SELECT * FROM act_as('region_coordinator', 'hovedstaden');
SELECT is(pg_temp.lines(id), 'ddd control_ddd', 'of one over several regions a coordinator sees what is wrong with the file, without cost') FROM d;
SELECT is(pg_temp.lines(id), 'ddd control_ddd, 1 ddd bad_column, 2 ddd bad_number', 'of one''s own region alone the lines too, without cost') FROM alone;
SELECT is(pg_temp.shown(id) -> 'rejected_by_code' -> 'control_cost', '1', 'how many of each code is told') FROM alone;
SELECT ok(NOT covers_only(0, ARRAY[1, 2, 3]::smallint[]) AND NOT covers_only(delivery_no, NULL), 'nothing is of no region, nor of one''s own for nobody') FROM consumption_delivery JOIN alone USING (id);
SELECT * FROM act_as('region_coordinator', 'nordjylland');
SELECT is(pg_temp.lines(id), 'ddd control_ddd', 'the other region''s does not see more') FROM d;
SELECT is((SELECT count(*) FROM consumption_rejection), 1::bigint, 'in any table');
SELECT * FROM act_as('region_coordinator,auditor', 'nordjylland');
SELECT is((SELECT count(*) FROM consumption_rejection), 12::bigint, 'who may see cost sees all');
SELECT * FROM act_as('amgros');

-- accepted
TRUNCATE answer;
INSERT INTO answer SELECT upload(id, '[["2020-01", "AHH", "J01CA04", "012345", 1.5, 10.5, 500], ["2020-01", "AHH", "J01CA04", "000001", 1, 25, 1500], ["2020-02", "AHH", "J01", "", null, -5, -500]]') FROM d;
SELECT is(answer.j - 'id', '{"violations": null, "violation_counts": null, "state": "accepted", "rows": 3, "ddd": 30.5, "cost_ore": 1500,
    "short_atc_codes": [{"atc": "J01", "rows": 1}], "new_atc_codes": ["J01", "J01CA04"], "supersedes": [],
    "changes": {"region_months_new": 3, "region_months_replaced": 0, "ddd_before": 0, "ddd_after": 30.5}}', 'what it changed') FROM answer;
SELECT is((SELECT j FROM listed('_delivery_report', quote_literal(id)) j), answer.j - '{violations,violation_counts}'::text[], 'told again when the same content comes again') FROM d, answer;
SELECT is((SELECT jsonb_build_array(j -> 'state', j -> 'copy_into', j -> 'content_sha256') FROM listed('_begin_delivery_upload', quote_literal(id)) j),
    jsonb_build_array('accepted', NULL, repeat('a', 64)), 'it takes no more rows') FROM d;
SELECT is(pg_temp.shown(id) -> 'actions', '["withdraw"]', 'it may be withdrawn') FROM d;
SELECT is(pg_temp.shown(id) -> 'ddd', '30.5', 'it shows the DDD accepted') FROM d;
SELECT is(pg_temp.shown(id) -> 'rejected_by_code', 'null', 'the earlier rejection is gone') FROM d;
SELECT is((SELECT count(*) FROM consumption_rejection JOIN consumption_delivery USING (delivery_no) WHERE id = d.id), 0::bigint, 'with its lines') FROM d;
SELECT is((SELECT jsonb_agg(jsonb_build_array(region_no, month, atc, ddd_e4, packs_e4) ORDER BY month) FROM consumption_region_month),
    '[[4, "2020-01-01", "J01CA04", 355000, 25000], [4, "2020-02-01", "J01", -50000, null]]', 'rolled up by region');
SELECT is((SELECT jsonb_agg(jsonb_build_array(region_no, month, atc, ddd_e4, packs_e4, rows) ORDER BY month) FROM consumption_hospital_month),
    '[[4, "2020-01-01", "J01CA04", 355000, 25000, 2], [4, "2020-02-01", "J01", -50000, null, 1]]', 'and by hospital');
SELECT is((SELECT jsonb_agg(cost_ore ORDER BY month) FROM consumption_cost_month), '[2000, -500]', 'cost for itself');
SELECT is((SELECT jsonb_agg(jsonb_build_array(region_no, month, ddd_e4) ORDER BY region_no, month) FROM consumption_coverage WHERE accepted_at IS NOT NULL),
    '[[1, "2020-01-01", 0], [4, "2020-01-01", 355000], [4, "2020-02-01", -50000]]', 'covered and absent is zero');
SELECT is((SELECT count(*) FROM consumption_row), 3::bigint, 'its rows can be read');
SELECT fails_with(format('EXECUTE _reject_delivery (%L, NULL, 0, %L, %L)', id, '{"x": 1}', '[]'), 'delivery_finished') FROM d;
SELECT throws_ok(format('SELECT * FROM consumption_row_%s', delivery_no), '42501', NULL, 'but only through the table of all') FROM consumption_delivery WHERE id = (SELECT id FROM d);
SELECT throws_ok(format('INSERT INTO consumption_row_%s SELECT * FROM consumption_row', delivery_no), '42501', NULL, 'and none can be added') FROM consumption_delivery WHERE id = (SELECT id FROM d);

-- who sees an accepted one
SELECT * FROM act_as('reader');
SELECT is(pg_temp.shown(id) -> 'rows', '3', 'a reader sees it') FROM d;
SELECT is(pg_temp.shown(id) #> '{control,cost_ore}', 'null', 'without cost') FROM d;
SELECT is(pg_temp.shown(id) -> 'cost_ore', 'null', 'of any kind') FROM d;
SELECT is((SELECT count(*) FROM consumption_cost_month) + (SELECT count(*) FROM consumption_delivery_cost) + (SELECT count(*) FROM consumption_row), 0::bigint, 'in any table');
SELECT is((SELECT count(*) FROM consumption_month), 2::bigint, 'the sums are for everybody');
SELECT * FROM act_as('');
SELECT is((SELECT count(*) FROM consumption_month WHERE false) + (SELECT count(*) FROM consumption_row), 0::bigint, 'rows are for nobody without a role');

-- nothing that is accepted changes
SELECT * FROM act_as('admin,amgros');
SELECT throws_ok(format('%s', s), '42501', NULL, 'the server may not: ' || s)
FROM unnest(ARRAY['UPDATE consumption_delivery SET label = ''y''', 'DELETE FROM consumption_delivery', 'UPDATE consumption_coverage SET month = month',
    'DELETE FROM consumption_coverage', 'UPDATE consumption_month SET ddd_e4 = NULL', 'DELETE FROM consumption_region_month', 'INSERT INTO consumption_row (delivery_no) VALUES (1)',
    'DELETE FROM consumption_row', 'UPDATE consumption_delivery_transition SET to_state = ''accepted''']) s;
SET LOCAL SESSION AUTHORIZATION postgres;
SELECT fails_with('UPDATE consumption_delivery SET label = ''y'' WHERE state = ''accepted''', 'transition_not_allowed', 'nor may anybody else: a label');
SELECT fails_with('UPDATE consumption_delivery SET state = ''announced'' WHERE state = ''accepted''', 'transition_not_allowed', 'a state back');
SELECT fails_with($$ UPDATE consumption_delivery SET state = 'withdrawn', withdrawn_at = now(), withdrawn_by = 'x', withdrawn_reason = 'x', label = 'y' WHERE state = 'accepted' $$,
    'delivery_finished', 'a label while it is withdrawn');
SELECT fails_with('UPDATE consumption_coverage SET accepted_at = accepted_at + interval ''1 day'' WHERE accepted_at IS NOT NULL', 'delivery_finished', 'a time of acceptance');
SELECT fails_with('INSERT INTO consumption_delivery (source, label, status, state, control_rows, control_ddd_e4) VALUES (''x'', ''x'', ''final'', ''accepted'', 0, 0)', 'transition_not_allowed', 'a delivery that begins accepted');
SELECT fails_with('INSERT INTO consumption_coverage (delivery_no, region_no, month, source, status) SELECT delivery_no, 1, ''2020-03-02'', source, status FROM consumption_delivery WHERE state = ''accepted''',
    'consumption_coverage_first_of_month');
SELECT fails_with('INSERT INTO consumption_coverage (delivery_no, region_no, month, source, status) SELECT delivery_no, 1, ''2020-03-01'', ''other'', status FROM consumption_delivery WHERE state = ''accepted''',
    'consumption_coverage_delivery_fkey', 'coverage of another source');
SET LOCAL SESSION AUTHORIZATION medkoord_server;

-- lists
SELECT * FROM act_as('admin');
SELECT is((SELECT count(*) FROM listed('list_consumption_deliveries', quote_literal('amgros') || ', NULL, NULL, NULL, NULL, NULL, 100, NULL')),
    (SELECT count(*) FROM consumption_delivery WHERE source = 'amgros'), 'all of a source');
SELECT is((SELECT jsonb_agg(j -> 'id') FROM listed('list_consumption_deliveries', 'NULL, ''accepted'', ''provisional'', ''nordjylland'', ''2020-01-01'', ''exact'', 100, NULL') j), jsonb_build_array(id), 'by state, status, region and month') FROM d;
SELECT is((SELECT count(*) FROM listed('list_consumption_deliveries', 'NULL, ''accepted'', NULL, ''nordjylland'', ''2020-02-01'', NULL, 100, NULL')), 0::bigint, 'a month that it does not cover for the region');
SELECT fails_with('EXECUTE list_consumption_deliveries (NULL, NULL, NULL, ''atlantis'', NULL, NULL, 100, NULL)', 'invalid_parameter');
SELECT is((SELECT array_agg((j ->> '_after_1')::int) FROM listed('list_consumption_deliveries', 'NULL, NULL, NULL, NULL, NULL, ''exact'', 2, ' || max(delivery_no)) j),
    (SELECT array_agg(x.delivery_no) FROM (SELECT delivery_no FROM consumption_delivery ORDER BY 1 DESC OFFSET 1 LIMIT 2) x), 'a page, the newest first')
FROM consumption_delivery;

-- withdrawing
SELECT * FROM act_as('forum_secretariat');
SELECT is_empty(format('EXECUTE transition_consumption_delivery (%L, ''withdraw'', ''x'')', id), 'others have nothing to withdraw') FROM d;
SELECT * FROM act_as('amgros', subject => 'anna');
SELECT is((SELECT jsonb_build_array(j -> 'state', j -> 'withdrawn_reason', j -> 'actions', j -> 'rows') FROM listed('transition_consumption_delivery', format('%L, ''withdraw'', ''Wrong month.''', id)) j),
    '["withdrawn", "Wrong month.", [], 3]', 'withdrawn, with the reason') FROM d;
SELECT fails_with(format('EXECUTE transition_consumption_delivery (%L, ''withdraw'', ''x'')', id), 'transition_not_allowed') FROM d;
SELECT is(pg_temp.sees('_begin_delivery_upload'), 1::bigint, 'an upload is told that it is finished');
SELECT * FROM act_as('reader');
SELECT is(pg_temp.sees(), 0::bigint, 'a reader does not see it any more');
SELECT is((SELECT count(*) FROM consumption_coverage), 3::bigint, 'but what was known then');

-- what was rejected or never sent is given up
SELECT * FROM act_as('amgros');
TRUNCATE d;
INSERT INTO d SELECT announce('amgros', 'final', covers('hovedstaden', '2020-01'), '{"rows": 1, "ddd": 1}');
SELECT is((SELECT count(*) FROM listed('_reject_delivery', format('%L, NULL, 10, %L, %L', id, '{"bad_atc": 1}', '[{"line": 2, "column": "atc", "code": "bad_atc", "detail": "x", "value": null}]'))), 1::bigint, 'rejected') FROM d;
SELECT is((SELECT jsonb_build_array(j -> 'state', j -> 'actions', j -> 'rejected_by_code', j -> 'ddd') FROM listed('transition_consumption_delivery', format('%L, ''withdraw'', ''Given up.''', id)) j),
    '["withdrawn", [], {"bad_atc": 1}, null]', 'a rejected one is withdrawn, and tells what it was rejected for') FROM d;
SELECT is((SELECT count(*) FROM listed('list_consumption_rejections', format('%L, 10, NULL', id))), 1::bigint, 'line by line') FROM d;
SELECT fails_with(format('SELECT FROM reject_delivery(%L, NULL, 1, %L, %L)', id, '{}', '[]'), 'delivery_finished', 'it takes no more rows') FROM d;
SELECT is((SELECT j ->> 'state' FROM listed('transition_consumption_delivery', format('%L, ''withdraw'', ''Given up.''', announce('amgros', 'final', covers('hovedstaden', '2020-01'), '{"rows": 1, "ddd": 1}'))) j),
    'withdrawn', 'so is one that was only announced');

SELECT * FROM finish();
ROLLBACK;
