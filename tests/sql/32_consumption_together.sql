-- Two uploads at the same time: of one delivery, and of two over the same months. What they commit is removed again.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(16);

CREATE FUNCTION pg_temp.announce(name text, label text) RETURNS uuid LANGUAGE sql AS $$
    SELECT asks(name, format($q$ SELECT id FROM announce_consumption_delivery('{"source": "together", "label": "%s", "status": "final",
        "control": {"rows": 1, "ddd": 1}, "coverage": [{"region": "hovedstaden", "from_month": "2020-01", "to_month": "2020-01"}]}') $q$, label))::uuid
$$;
-- Fills the delivery's table with one row, as COPY would.
CREATE FUNCTION pg_temp.fill(name text, id uuid) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    number int;
    bare text;
BEGIN
    SELECT t.n, t.c INTO number, bare FROM dblink(name, format('SELECT delivery_no, copy_into FROM begin_delivery_upload(%L)', id)) AS t (n int, c text);
    PERFORM does(name, format('INSERT INTO %I (delivery_no, month, hospital_no, atc, ddd_e4, line)
        SELECT %s, ''2020-01-01'', hospital_no, ''J01CA04'', 10000, 2 FROM hospital WHERE code = ''TGT''', bare, number));
    RETURN number;
END
$$;
SELECT two_sessions();
CREATE TEMPORARY TABLE d (name text, id uuid, number int) ON COMMIT DROP;
SELECT begins('one');
SELECT asks('one', 'SELECT code FROM create_hospital(''TGT'', ''Together'', ''hovedstaden'', ''2015-01-01'')') \g /dev/null
-- Known before, so that nobody waits for the other's new code.
SELECT does('one', 'INSERT INTO atc_code (atc) VALUES (''J01CA04'')');
INSERT INTO d SELECT n, pg_temp.announce('one', n) FROM unnest(ARRAY['first', 'second']) n;
SELECT does('one', 'COMMIT');

-- one delivery: the second upload is told at once
SELECT begins('one', roles => 'amgros'), begins('two', roles => 'amgros');
UPDATE d SET number = pg_temp.fill('one', id) WHERE name = 'first';
SELECT throws_ok(format('SELECT pg_temp.fill(''two'', %L)', id), 'MK000', 'This delivery is being uploaded or changed just now.', 'the second upload of a delivery is refused') FROM d WHERE name = 'first';
SELECT does('two', 'ROLLBACK'), begins('two', roles => 'amgros');
SELECT throws_ok(format('SELECT asks(''two'', %L)', format('SELECT id FROM transition_consumption_delivery(%L, ''withdraw'', ''x'')', id)),
    'MK000', 'This delivery is being uploaded or changed just now.', 'so is withdrawing it') FROM d WHERE name = 'first';
SELECT does('two', 'ROLLBACK'), begins('two', roles => 'amgros');
SELECT is(asks('two', format('SELECT state FROM consumption_delivery_resource WHERE id = %L', id)), 'announced', 'reading does not wait') FROM d WHERE name = 'first';
SELECT does('two', 'COMMIT'), does('one', 'ROLLBACK');
SELECT is((SELECT count(*) FROM pg_class WHERE relname = format('consumption_row_%s', number)), 0::bigint, 'an upload that is cut leaves nothing') FROM d WHERE name = 'first';

-- two deliveries over the same month, accepted at the same time: one after the other
SELECT begins('one', roles => 'amgros'), begins('two', roles => 'amgros');
UPDATE d SET number = pg_temp.fill(CASE name WHEN 'first' THEN 'one' ELSE 'two' END, id);
SELECT is(asks('one', format('SELECT state FROM accept_delivery(%s, repeat(''a'', 64), 1)', number)), 'accepted', 'the first is accepted') FROM d WHERE name = 'first';
SELECT sends('two', format('SELECT changes FROM accept_delivery(%s, repeat(''b'', 64), 1)', number)) FROM d WHERE name = 'second';
SELECT is(waits('two'), true, 'the second waits');
SELECT is((SELECT locktype FROM pg_locks WHERE pid = current_setting('process.two')::int AND NOT granted), 'advisory', 'for its turn in the source');
SELECT does('one', 'COMMIT');
SELECT is(outcome('two')::jsonb, '{"region_months_new": 0, "region_months_replaced": 1, "ddd_before": 1, "ddd_after": 1}', 'and then finds the first in force');
SELECT does('two', 'COMMIT');
SELECT is((SELECT count(*) FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), 1::bigint, 'one of them is in force');
SELECT is((SELECT delivery_no FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), number, 'the second') FROM d WHERE name = 'second';
SELECT is((SELECT count(*) FROM consumption_coverage WHERE source = 'together' AND accepted_at IS NULL), 0::bigint, 'both are accepted');
SELECT is((SELECT count(DISTINCT accepted_at) FROM consumption_coverage WHERE source = 'together'), 2::bigint, 'at different moments');
SELECT is((SELECT count(*) FROM consumption_row), 2::bigint, 'the rows of both are kept');
SELECT is((SELECT count(*) FROM pg_class c JOIN d ON c.relname = format('consumption_row_%s', d.number) AND c.relispartition AND c.relrowsecurity AND c.relforcerowsecurity
           AND NOT has_table_privilege('medkoord_server', c.oid, 'SELECT, INSERT, UPDATE, DELETE')), 2::bigint, 'in partitions that the server has no rights on');

-- a read that began before a withdrawal and one after it
SELECT begins('one', roles => 'amgros');
SELECT asks('one', format('SELECT id FROM transition_consumption_delivery(%L, ''withdraw'', ''x'')', id)) FROM d WHERE name = 'second' \g /dev/null
SELECT is((SELECT delivery_no FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), number, 'until it is committed the withdrawn one is in force') FROM d WHERE name = 'second';
SELECT does('one', 'COMMIT');
SELECT is((SELECT delivery_no FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), number, 'then the earlier one') FROM d WHERE name = 'first';

SELECT format('DROP TABLE consumption_row_%s', number) FROM d \gexec
DELETE FROM consumption_month WHERE delivery_no IN (SELECT number FROM d);
DELETE FROM consumption_region_month WHERE delivery_no IN (SELECT number FROM d);
DELETE FROM consumption_coverage WHERE delivery_no IN (SELECT number FROM d);
DELETE FROM consumption_delivery_cost WHERE delivery_no IN (SELECT number FROM d);
DELETE FROM consumption_delivery WHERE delivery_no IN (SELECT number FROM d);
DELETE FROM hospital_region WHERE hospital_no = (SELECT hospital_no FROM hospital WHERE code = 'TGT');
DELETE FROM hospital WHERE code = 'TGT';
DELETE FROM atc_code WHERE atc = 'J01CA04';
SELECT * FROM finish();
COMMIT;
