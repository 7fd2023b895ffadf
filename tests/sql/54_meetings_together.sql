-- Two sessions at the same time on one meeting: a call against an emptied agenda, minutes against their approval, a seat that
-- ends while its holder waits.
-- What they commit is removed again. SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
INSERT INTO person (name, subject) VALUES ('Person A', 'a-together'), ('Person B', 'b-together');
INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from)
SELECT p.person_no, 1, CASE p.subject WHEN 'a-together' THEN 'secretariat' ELSE 'chair' END, 2, 'regions_jointly', '2024-03-01'
FROM person p WHERE p.subject ~ '^[ab]-together$';
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(19);

SELECT two_sessions();
\set make '\'SELECT reference FROM create_meeting(\'\'forum\'\', \'\'Samtidig\'\', now(), now() + interval \'\'1 hour\'\', NULL, \'\'[{"title": "X"}]\'\')\''

SELECT begins('one', 'a-together', 'reader');
CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT asks('one', :make) AS first;
SELECT does('one', 'COMMIT');

-- a call and an emptied agenda: one of both
SELECT begins('one', 'a-together', 'reader'), begins('two', 'b-together', 'reader');
SELECT is(asks('one', format('SELECT state FROM put_agenda(%L, ''*'', ''[]'')', first)), 'draft', 'the first empties the agenda') FROM made;
SELECT second_finds(format('INSERT INTO meeting_transition (meeting_no, action) SELECT meeting_no, ''call'' FROM meeting WHERE reference = %L RETURNING action', first),
    'Write its agenda first.', 'who calls it, past the function too, finds no agenda') FROM made;
SELECT begins('one', 'a-together', 'reader');
SELECT is(asks('one', format('SELECT state FROM put_agenda(%L, ''*'', ''[{"title": "X"}]'')', first)), 'draft', 'with one') FROM made;
SELECT does('one', 'COMMIT'), begins('one', 'a-together', 'reader'), begins('two', 'b-together', 'reader');
SELECT is(asks('one', format('SELECT state FROM transition_meeting(%L, NULL, ''call'', NULL)', first)), 'called', 'it is called') FROM made;
SELECT second_finds(format('SELECT state FROM put_agenda(%L, ''*'', ''[]'')', first),
    'The meeting has been called: its agenda cannot be empty.', 'who empties it is refused') FROM made;

-- a seat that ends while its holder waits: what was asked for is refused, not answered as if it had been done
SELECT connects('three', 'postgres');
CREATE FUNCTION pg_temp.loses_seat(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seat text := 'UPDATE medkoord.appointment a SET (valid_to, end_reason) = (%s) FROM medkoord.person p WHERE p.person_no = a.person_no AND p.subject = ''a-together''';
    answer text;
BEGIN
    PERFORM begins('one', 'b-together', 'reader'), begins('two', 'a-together', 'reader');
    PERFORM asks('one', format('SELECT state FROM update_meeting(%L, ''*'', ''{"place": "X"}'')', first)) FROM made;
    PERFORM sends('two', format(statement, first)) FROM made;
    answer := CASE WHEN waits('two') THEN 'waits: ' END;
    PERFORM does('three', format(seat, 'medkoord.today(), ''x''')), does('one', 'ROLLBACK');
    answer := answer || outcome('two');
    PERFORM does('two', 'ROLLBACK'), does('three', format(seat, 'NULL, NULL'));
    RETURN answer;
END
$$;
SELECT is(pg_temp.loses_seat(v.statement), 'waits: It takes a seat in forum that allows to ' || v.what || '.', 'its holder has lost the seat: ' || v.statement)
FROM (VALUES ('SELECT state FROM update_meeting(%L, ''*'', ''{"title": "X"}'')', 'meet'), ('SELECT state FROM put_agenda(%L, ''*'', ''[{"title": "Y"}]'')', 'meet'),
             ('SELECT state FROM put_attendance(%L, ''*'', ''[]'')', 'minute'), ('SELECT state FROM transition_meeting(%L, NULL, ''cancel'', ''X'')', 'meet')) AS v (statement, what);

-- two write the minutes of the same version: the second finds another
SELECT begins('one', 'a-together', 'reader');
SELECT is(asks('one', format('SELECT state FROM transition_meeting(%L, NULL, ''hold'', NULL)', first)), 'held', 'it is held') FROM made;
SELECT does('one', 'COMMIT'), begins('one', 'a-together', 'reader'), begins('two', 'a-together', 'reader');
SELECT is(asks('one', format('SELECT state FROM put_minutes(%L, (SELECT etag FROM meeting_shown WHERE reference = %1$L), ''Første'', ''[]'')', first)), 'draft', 'the first writes the minutes') FROM made;
SELECT second_finds(format('SELECT state FROM put_minutes(%L, (SELECT etag FROM meeting_shown WHERE reference = %1$L), ''Anden'', ''[]'')', first),
    'It has changed since you read it. Read it again and repeat your change.', 'the second finds another version') FROM made;

-- an approval and another text: what is approved is what was read
SELECT begins('one', 'b-together', 'reader'), begins('two', 'a-together', 'reader');
SELECT is(asks('one', format('SELECT state FROM transition_meeting(%L, (SELECT etag FROM meeting_minutes_shown WHERE meeting = %1$L), ''approve_minutes'', NULL)', first)), 'minutes_approved', 'the chair approves') FROM made;
SELECT second_finds(format('SELECT state FROM put_minutes(%L, ''*'', ''Anden'', ''[]'')', first),
    'The minutes are approved: nothing of the meeting changes any more.', 'who writes is too late') FROM made;
SELECT is((SELECT i.text FROM meeting_minutes i JOIN meeting m USING (meeting_no) WHERE m.title = 'Samtidig'), 'Første', 'the first stands');

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
