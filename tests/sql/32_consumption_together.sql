-- Two uploads at the same time: of one delivery, and of two over the same months. What they commit is removed again.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
\set QUIET on
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(16);

CREATE FUNCTION pg_temp.session(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_connect(name, format('host=%s dbname=%s user=medkoord_server', current_setting('unix_socket_directories'), current_database()));
$$;
CREATE FUNCTION pg_temp.act(name text, roles text DEFAULT 'amgros') RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(name, 'BEGIN');
    SELECT * FROM dblink(name, format('SELECT set_config(''medkoord.subject'', ''anna'', true), set_config(''medkoord.roles'', '',%s,'', true)', roles)) AS t (a text, b text);
$$;
CREATE FUNCTION pg_temp.announce(name text, label text) RETURNS uuid LANGUAGE sql AS $$
    SELECT t.id FROM dblink(name, format($q$ SELECT id FROM announce_consumption_delivery('{"source": "together", "label": "%s", "status": "final",
        "control": {"rows": 1, "ddd": 1}, "coverage": [{"region": "hovedstaden", "from_month": "2020-01", "to_month": "2020-01"}]}') $q$, label)) AS t (id uuid)
$$;
-- Fills the delivery's table with one row, as COPY would.
CREATE FUNCTION pg_temp.fill(name text, id uuid) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    number int;
    bare text;
BEGIN
    SELECT t.n, t.c INTO number, bare FROM dblink(name, format('SELECT delivery_no, copy_into FROM begin_delivery_upload(%L)', id)) AS t (n int, c text);
    PERFORM dblink_exec(name, format('INSERT INTO %I (delivery_no, month, hospital_no, atc, ddd_e4, line)
        SELECT %s, ''2020-01-01'', hospital_no, ''J01CA04'', 10000, 2 FROM hospital WHERE code = ''TGT''', bare, number));
    RETURN number;
END
$$;
SELECT pg_temp.session('one'), pg_temp.session('two') \g /dev/null
CREATE TEMPORARY TABLE two ON COMMIT DROP AS SELECT pid FROM dblink('two', 'SELECT pg_backend_pid()') AS t (pid int);
CREATE TEMPORARY TABLE d (name text, id uuid, number int) ON COMMIT DROP;
SELECT pg_temp.act('one', 'admin') \g /dev/null
SELECT FROM dblink('one', 'SELECT code FROM create_hospital(''TGT'', ''Together'', ''hovedstaden'', ''2015-01-01'')') AS t (code text) \g /dev/null
-- Known before, so that nobody waits for the other's new code.
SELECT dblink_exec('one', 'INSERT INTO atc_code (atc) VALUES (''J01CA04'')') \g /dev/null
INSERT INTO d SELECT n, pg_temp.announce('one', n) FROM unnest(ARRAY['first', 'second']) n;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null

-- one delivery: the second upload is told at once
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
UPDATE d SET number = pg_temp.fill('one', id) WHERE name = 'first';
SELECT throws_ok(format('SELECT pg_temp.fill(''two'', %L)', id), 'MK000', 'This delivery is being uploaded or changed just now.', 'the second upload of a delivery is refused') FROM d WHERE name = 'first';
SELECT dblink_exec('two', 'ROLLBACK'), pg_temp.act('two') \g /dev/null
SELECT throws_ok(format('SELECT * FROM dblink(''two'', %L) AS t (id uuid)', format('SELECT id FROM transition_consumption_delivery(%L, ''withdraw'', ''x'')', id)),
    'MK000', 'This delivery is being uploaded or changed just now.', 'so is withdrawing it') FROM d WHERE name = 'first';
SELECT dblink_exec('two', 'ROLLBACK'), pg_temp.act('two') \g /dev/null
SELECT is((SELECT t.state FROM dblink('two', format('SELECT state FROM consumption_delivery_resource WHERE id = %L', id)) AS t (state text)), 'announced', 'reading does not wait') FROM d WHERE name = 'first';
SELECT dblink_exec('two', 'COMMIT'), dblink_exec('one', 'ROLLBACK') \g /dev/null
SELECT is((SELECT count(*) FROM pg_class WHERE relname = format('consumption_row_%s', number)), 0::bigint, 'an upload that is cut leaves nothing') FROM d WHERE name = 'first';

-- two deliveries over the same month, accepted at the same time: one after the other
SELECT pg_temp.act('one'), pg_temp.act('two') \g /dev/null
UPDATE d SET number = pg_temp.fill(CASE name WHEN 'first' THEN 'one' ELSE 'two' END, id);
SELECT is((SELECT t.s FROM dblink('one', format('SELECT state FROM accept_delivery(%s, repeat(''a'', 64), 1)', number)) AS t (s text)), 'accepted', 'the first is accepted') FROM d WHERE name = 'first';
SELECT dblink_send_query('two', format('SELECT changes FROM accept_delivery(%s, repeat(''b'', 64), 1)', number)) FROM d WHERE name = 'second' \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT is((SELECT locktype FROM pg_locks WHERE pid = two.pid AND NOT granted), 'advisory', 'for its turn in the source') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is((SELECT t.changes FROM dblink_get_result('two') AS t (changes jsonb)), '{"region_months_new": 0, "region_months_replaced": 1, "ddd_before": 1, "ddd_after": 1}', 'and then finds the first in force');
SELECT FROM dblink_get_result('two') AS t (changes jsonb) \g /dev/null
SELECT dblink_exec('two', 'COMMIT') \g /dev/null
SELECT is((SELECT count(*) FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), 1::bigint, 'one of them is in force');
SELECT is((SELECT delivery_no FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), number, 'the second') FROM d WHERE name = 'second';
SELECT is((SELECT count(*) FROM consumption_coverage WHERE source = 'together' AND accepted_at IS NULL), 0::bigint, 'both are accepted');
SELECT is((SELECT count(DISTINCT accepted_at) FROM consumption_coverage WHERE source = 'together'), 2::bigint, 'at different moments');
SELECT is((SELECT count(*) FROM consumption_row), 2::bigint, 'the rows of both are kept');
SELECT is((SELECT count(*) FROM pg_class c JOIN d ON c.relname = format('consumption_row_%s', d.number) AND c.relispartition AND c.relrowsecurity AND c.relforcerowsecurity
           AND NOT has_table_privilege('medkoord_server', c.oid, 'SELECT, INSERT, UPDATE, DELETE')), 2::bigint, 'in partitions that the server has no rights on');

-- a read that began before a withdrawal and one after it
SELECT pg_temp.act('one') \g /dev/null
SELECT FROM dblink('one', format('SELECT id FROM transition_consumption_delivery(%L, ''withdraw'', ''x'')', (SELECT id FROM d WHERE name = 'second'))) AS t (id uuid) \g /dev/null
SELECT is((SELECT delivery_no FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), number, 'until it is committed the withdrawn one is in force') FROM d WHERE name = 'second';
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is((SELECT delivery_no FROM coverage_in_force('together', '2020-01-01', '2020-01-01', NULL)), number, 'then the earlier one') FROM d WHERE name = 'first';

SELECT dblink_disconnect('one'), dblink_disconnect('two') \g /dev/null
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
