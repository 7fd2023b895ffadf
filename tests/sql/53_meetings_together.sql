-- Two sessions at the same time on one meeting: a call against an emptied agenda, minutes against their approval, a seat that
-- ends while its holder waits.
-- What they commit is removed again. Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
INSERT INTO person (name, subject) VALUES ('Person A', 'a-together'), ('Person B', 'b-together');
INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from)
SELECT p.person_no, 1, CASE p.subject WHEN 'a-together' THEN 'secretariat' ELSE 'chair' END, 2, 'regions_jointly', '2024-03-01'
FROM person p WHERE p.subject ~ '^[ab]-together$';
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(19);

CREATE FUNCTION pg_temp.session(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_connect(name, format('host=%s dbname=%s user=medkoord_server', current_setting('unix_socket_directories'), current_database()));
    SELECT dblink_exec(name, 'SET search_path = medkoord, pg_temp');
$$;
-- A transaction of somebody in a session.
CREATE FUNCTION pg_temp.act(name text, who text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(name, 'BEGIN');
    SELECT * FROM dblink(name, format('SELECT set_config(''medkoord.subject'', %L, true), set_config(''medkoord.roles'', '',reader,'', true)', who)) AS t (a text, b text);
$$;
CREATE FUNCTION pg_temp.asks(name text, question text) RETURNS text LANGUAGE sql AS $$
    SELECT t.a FROM dblink(name, question) AS t (a text);
$$;
SELECT pg_temp.session('one'), pg_temp.session('two') \g /dev/null
CREATE TEMPORARY TABLE two ON COMMIT DROP AS SELECT pid FROM dblink('two', 'SELECT pg_backend_pid()') AS t (pid int);
\set make '\'SELECT reference FROM create_meeting(\'\'forum\'\', \'\'Samtidig\'\', now(), now() + interval \'\'1 hour\'\', NULL, \'\'[{"title": "X"}]\'\')\''

SELECT pg_temp.act('one', 'a-together') \g /dev/null
CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT pg_temp.asks('one', :make) AS first;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null

-- a call and an emptied agenda: one of both
SELECT pg_temp.act('one', 'a-together'), pg_temp.act('two', 'b-together') \g /dev/null
SELECT is(pg_temp.asks('one', format('SELECT state FROM put_agenda(%L, ''*'', ''[]'')', first)), 'draft', 'the first empties the agenda') FROM made;
SELECT dblink_send_query('two', format('INSERT INTO meeting_transition (meeting_no, action) SELECT meeting_no, ''call'' FROM meeting WHERE reference = %L RETURNING action', first)) FROM made \g /dev/null
SELECT is(waits(pid), true, 'who calls it waits, past the function too') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'Write its agenda first.', 'and finds no agenda');
SELECT dblink_exec('two', 'ROLLBACK'), pg_temp.act('one', 'a-together') \g /dev/null
SELECT is(pg_temp.asks('one', format('SELECT state FROM put_agenda(%L, ''*'', ''[{"title": "X"}]'')', first)), 'draft', 'with one') FROM made;
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one', 'a-together'), pg_temp.act('two', 'b-together') \g /dev/null
SELECT is(pg_temp.asks('one', format('SELECT state FROM transition_meeting(%L, NULL, ''call'', NULL)', first)), 'called', 'it is called') FROM made;
SELECT dblink_send_query('two', format('SELECT state FROM put_agenda(%L, ''*'', ''[]'')', first)) FROM made \g /dev/null
SELECT is(waits(pid), true, 'who empties it waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'The meeting has been called: its agenda cannot be empty.', 'and is refused');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null

-- a seat that ends while its holder waits: what was asked for is refused, not answered as if it had been done
SELECT dblink_connect('three', format('host=%s dbname=%s user=postgres', current_setting('unix_socket_directories'), current_database())) \g /dev/null
CREATE FUNCTION pg_temp.loses_seat(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seat text := 'UPDATE medkoord.appointment a SET (valid_to, end_reason) = (%s) FROM medkoord.person p WHERE p.person_no = a.person_no AND p.subject = ''a-together''';
    answer text;
BEGIN
    PERFORM pg_temp.act('one', 'b-together'), pg_temp.act('two', 'a-together');
    PERFORM pg_temp.asks('one', format('SELECT state FROM update_meeting(%L, ''*'', ''{"place": "X"}'')', first)) FROM made;
    PERFORM dblink_send_query('two', format(statement, first)) FROM made;
    answer := CASE WHEN waits(pid) THEN 'waits: ' END FROM two;
    PERFORM dblink_exec('three', format(seat, 'medkoord.today(), ''x''')), dblink_exec('one', 'ROLLBACK');
    answer := answer || outcome('two');
    PERFORM dblink_exec('two', 'ROLLBACK'), dblink_exec('three', format(seat, 'NULL, NULL'));
    RETURN answer;
END
$$;
SELECT is(pg_temp.loses_seat(v.statement), 'waits: It takes a seat in forum that allows to ' || v.what || '.', 'its holder has lost the seat: ' || v.statement)
FROM (VALUES ('SELECT state FROM update_meeting(%L, ''*'', ''{"title": "X"}'')', 'meet'), ('SELECT state FROM put_agenda(%L, ''*'', ''[{"title": "Y"}]'')', 'meet'),
             ('SELECT state FROM put_attendance(%L, ''*'', ''[]'')', 'minute'), ('SELECT state FROM transition_meeting(%L, NULL, ''cancel'', ''X'')', 'meet')) AS v (statement, what);

-- two write the minutes of the same version: the second finds another
SELECT pg_temp.act('one', 'a-together') \g /dev/null
SELECT is(pg_temp.asks('one', format('SELECT state FROM transition_meeting(%L, NULL, ''hold'', NULL)', first)), 'held', 'it is held') FROM made;
SELECT dblink_exec('one', 'COMMIT'), pg_temp.act('one', 'a-together'), pg_temp.act('two', 'a-together') \g /dev/null
SELECT is(pg_temp.asks('one', format('SELECT state FROM put_minutes(%L, (SELECT etag FROM meeting_shown WHERE reference = %1$L), ''Første'', ''[]'')', first)), 'draft', 'the first writes the minutes') FROM made;
SELECT dblink_send_query('two', format('SELECT state FROM put_minutes(%L, (SELECT etag FROM meeting_shown WHERE reference = %1$L), ''Anden'', ''[]'')', first)) FROM made \g /dev/null
SELECT is(waits(pid), true, 'the second waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'It has changed since you read it. Read it again and repeat your change.', 'and finds another version');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null

-- an approval and another text: what is approved is what was read
SELECT pg_temp.act('one', 'b-together'), pg_temp.act('two', 'a-together') \g /dev/null
SELECT is(pg_temp.asks('one', format('SELECT state FROM transition_meeting(%L, (SELECT etag FROM meeting_minutes_shown WHERE meeting = %1$L), ''approve_minutes'', NULL)', first)), 'minutes_approved', 'the chair approves') FROM made;
SELECT dblink_send_query('two', format('SELECT state FROM put_minutes(%L, ''*'', ''Anden'', ''[]'')', first)) FROM made \g /dev/null
SELECT is(waits(pid), true, 'who writes waits') FROM two;
SELECT dblink_exec('one', 'COMMIT') \g /dev/null
SELECT is(outcome('two'), 'The minutes are approved: nothing of the meeting changes any more.', 'and is too late');
SELECT dblink_exec('two', 'ROLLBACK') \g /dev/null
SELECT is((SELECT i.text FROM meeting_minutes i JOIN meeting m USING (meeting_no) WHERE m.title = 'Samtidig'), 'Første', 'the first stands');

SELECT dblink_disconnect('one'), dblink_disconnect('two'), dblink_disconnect('three') \g /dev/null
SELECT * FROM finish();
COMMIT;
SET session_replication_role = replica; -- for the tests after this one: nothing of this is otherwise ever removed
DELETE FROM meeting_transition;
DELETE FROM meeting_minutes;
DELETE FROM agenda_item;
DELETE FROM meeting;
DELETE FROM appointment_version v USING appointment a, person p
WHERE a.appointment_no = v.appointment_no AND p.person_no = a.person_no AND p.subject ~ '^[ab]-together$';
DELETE FROM appointment a USING person p WHERE p.person_no = a.person_no AND p.subject ~ '^[ab]-together$';
DELETE FROM person WHERE subject ~ '^[ab]-together$';
RESET session_replication_role;
