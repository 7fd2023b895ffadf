-- As things stand, an overview reads running sums by year (consumption_year); as they stood in the past, the monthly
-- roll-ups. Both say the same, whatever was delivered, corrected and withdrawn.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SELECT plan(16);
\ir divergence.psql

-- What both ways say of a window: rows that only one of them has.
CREATE FUNCTION public.differences(measure text, from_month date, to_month date, atc text, level int, basis text, codes text[])
RETURNS bigint LANGUAGE sql AS $$
    WITH q AS (
        SELECT divergence_ask(measure, NULL, 'amgros', from_month, to_month, a.as_of, basis, atc, level, false, 'query/') AS q
        FROM (VALUES (NULL), (clock_timestamp()::text)) a (as_of)  -- both of today: the regions of another day may differ
    ), answer AS (
        SELECT isfinite((q.q).as_of) AS past, v.* FROM q
        CROSS JOIN LATERAL divergence_volumes(q.q, from_month, to_month, true, codes) v
    )
    SELECT count(*) FROM (SELECT a.atc, a.region_no, a.volume, a.ddd, a.cost_ore FROM answer a
                          GROUP BY 1, 2, 3, 4, 5 HAVING count(*) <> 2 OR count(*) FILTER (WHERE a.past) <> 1) x
$$;
CREATE FUNCTION public.all_differences() RETURNS text LANGUAGE sql AS $$
    SELECT COALESCE(min(format('%s %s to %s, level %s, %s, %s', m, f, t, l, a, b)), 'none')
    FROM unnest('{ddd_per_1000_per_day,packs_per_1000,cost_per_1000}'::text[]) m,
        generate_series('2019-11-01'::timestamp, '2021-05-01', '3 months') f,
        generate_series(f, '2021-06-01', '5 months') t,
        unnest('{4,5}'::int[]) l, unnest('{NULL,J01C}'::text[]) a, unnest('{as_reported,current}'::text[]) b
    WHERE differences(m, f::date, t::date, a, l, b, NULL) > 0
$$;
CREATE FUNCTION public.running(of_region text, of_code text, of_year int) RETURNS text LANGUAGE sql AS $$
    SELECT y.months::bit(12)::text || ' ' || array_to_string(y.ddd_e4, ' ')
    FROM consumption_year y JOIN region r USING (region_no)
    WHERE y.source = 'amgros' AND r.slug = of_region AND y.atc = of_code AND y.year = of_year
$$;

SELECT * FROM act_as('admin');
SELECT is(all_differences(), 'none', 'deliveries of two years, one of them in part');
SELECT is(differences('ddd_per_1000_per_day', '2020-01-01', '2021-03-01', NULL, 5, 'as_reported', '{J01CA01,J01XX08,N02BE01}'), 0::bigint, 'of some codes alone');
SELECT is((SELECT count(DISTINCT v.atc)::int FROM divergence_volumes(divergence_ask('ddd_per_1000_per_day', NULL, 'amgros', '2021-01-01', '2021-01-01', NULL, 'as_reported', NULL, 5, false, 'query/'),
    '2021-01-01', '2021-01-01', false, '{J01CA01,J01XX08}') v), 2, 'and of no others');
SELECT is(running('nordjylland', 'J01CA01', 2020), '000000000011 0 310000 600000 600000 600000 600000 600000 600000 600000 600000 600000 600000 600000', 'element k + 1 is the sum of the first k months');
SELECT is(running('midtjylland', 'J01XX', 2021), '000000000001 0 100000 100000 100000 100000 100000 100000 100000 100000 100000 100000 100000 100000', 'and a bit for each month with a figure');

-- A code that is reported in one month with nothing in all: a figure, not an absence. Then none of it in February.
SELECT deliver('amgros', 'final', covers('sjaelland', '2021-04', '2021-06'), '[["2021-04", "SJA", "J01AA02", "", 1, 5, 100], ["2021-04", "SJA", "J01AA02", "000001", -1, -5, -100],
    ["2021-06", "SJA", "J01CA01", "", 2, 20, null]]') AS nothing \gset
SELECT is(all_differences(), 'none', 'a figure of zero');
SELECT is(running('sjaelland', 'J01AA02', 2021), '000000001000 0 0 0 0 0 0 0 0 0 0 0 0 0', 'is a figure');
SELECT is((SELECT string_agg(v.atc, ' ') FROM divergence_volumes(divergence_ask('ddd_per_1000_per_day', NULL, 'amgros', '2021-04-01', '2021-04-01', NULL, 'as_reported', NULL, 5, false, 'query/'), '2021-04-01', '2021-04-01', true, NULL) v),
    'J01AA02', 'and is in the overview of its month alone');

-- A correction of two months of one region, across the turn of the year and without one of its codes.
SELECT deliver('amgros', 'final', covers('syddanmark', '2020-12', '2021-01'), '[["2020-12", "SYD", "J01CA01", "", 7, 70, 7000], ["2021-01", "SYD", "J01CA01", "", 1, 59, 500]]') AS corrected \gset
SELECT is(all_differences(), 'none', 'a correction across the turn of the year');
SELECT is(running('syddanmark', 'J01CA01', 2020) || ', ' || running('syddanmark', 'J01CA01', 2021),
    '100000000011 0 310000 600000 600000 600000 600000 600000 600000 600000 600000 600000 600000 1300000, 000000000111 0 590000 1430000 1740000 1740000 1740000 1740000 1740000 1740000 1740000 1740000 1740000 1740000', 'changes the years it covers');
SELECT is((SELECT count(*)::int FROM consumption_year WHERE source = 'amgros' AND region_no = 3 AND atc = 'J01DH02' AND months <> 2), 0, 'what it leaves out is gone from its months and stays in the others');

-- Withdrawn: what was in force before is in force again.
SELECT state FROM transition_consumption_delivery(:'corrected', 'withdraw', 'wrong') \g /dev/null
SELECT is(all_differences(), 'none', 'a withdrawal');
SELECT is(running('syddanmark', 'J01CA01', 2020), '000000000011 0 310000 600000 600000 600000 600000 600000 600000 600000 600000 600000 600000 600000', 'brings back what was before');
SELECT state FROM transition_consumption_delivery(:'nothing', 'withdraw', 'wrong') \g /dev/null
SELECT is((SELECT count(*)::int FROM consumption_year WHERE source = 'amgros' AND region_no = 5 AND months & 56 <> 0), 0, 'or nothing, where nothing was');

-- Prices are for those who may see them, here too.
SELECT isnt_empty('SELECT FROM consumption_cost_year', 'cost is there');
SET LOCAL ROLE medkoord_server;
SELECT * FROM act_as('reader');
SELECT is_empty('SELECT FROM consumption_cost_year', 'and hidden from a reader');

SELECT * FROM finish();
ROLLBACK;
