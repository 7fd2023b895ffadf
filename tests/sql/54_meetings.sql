-- Meetings: who may what and sees what, states, agenda, attendance, minutes, the yearly count, calendars and pages.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SELECT plan(154);

-- Seated people, plainly made up; others come with a role and no seat.
INSERT INTO person (name, subject) VALUES ('Person A', 'a-secretary'), ('Person B', 'b-chair'), ('Person C', 'c-member'),
    ('Person D', 'd-committee-chair'), ('Person E', 'e-guest'), ('Person F', 'f-researcher');
INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from)
SELECT p.person_no, b.body_no, s.role, s.region_no, s.appointed_by, '2024-03-01'
FROM (VALUES ('a-secretary', 'forum', 'secretariat', 2, 'regions_jointly'), ('b-chair', 'forum', 'chair', 2, 'regions_jointly'),
             ('c-member', 'forum', 'amgros', NULL, 'amgros'), ('d-committee-chair', 'drug-committee-nordjylland', 'chair', 1, 'nordjylland'),
             ('f-researcher', 'working-group', 'younger_researcher', 1, 'nordjylland')) AS s (subject, body, role, region_no, appointed_by)
JOIN person p ON p.subject = s.subject JOIN body b ON b.slug = s.body;
INSERT INTO divergence_snapshot (id, title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level, items, overview, sha256)
SELECT '5b0c6c8e-3a0e-4a54-9d2c-0f6a3a1c7d11', 'Øjebliksbillede', m.name, m.version, m.basis, 'amgros', '2020-01-01', '2020-12-01', 'as_reported', now(), 5, 0, '{}',
    encode(sha256('{}'), 'hex') FROM divergence_measure m WHERE m.basis = 'ddd' LIMIT 1;

SET LOCAL SESSION AUTHORIZATION medkoord_server;

-- a shorter way to write them
CREATE FUNCTION pg_temp.new(body text, day date, title text DEFAULT 'Møde') RETURNS text LANGUAGE sql AS $$
    SELECT reference FROM create_meeting(body, title, day + time '10:00' AT TIME ZONE 'Europe/Copenhagen', day + time '12:00' AT TIME ZONE 'Europe/Copenhagen', NULL,
                                         '[{"title": "Velkomst"}]') $$;
CREATE FUNCTION pg_temp.step(ref text, action text, reason text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT state FROM transition_meeting(ref, (SELECT etag FROM meeting_shown WHERE reference = ref), action, reason) $$;
CREATE FUNCTION pg_temp.seen(ref text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', state, json_array_length(agenda), json_array_length(attendance), minutes, actions) FROM meeting_shown WHERE reference = ref $$;

-- who may make one
SELECT * FROM act_as('admin,forum_secretariat,region_coordinator', 'midtjylland', 'nobody-seated');
SELECT fails_with($$ SELECT pg_temp.new('forum', today()) $$, 'no_authority', 'no role of a token makes meetings, admin neither');
SELECT throws_ok($$ INSERT INTO meeting (body_no, title, starts_at, ends_at) VALUES (1, 'X', now(), now() + interval '1 hour') $$, '42501', NULL, 'nor past the function');
SELECT * FROM act_as('reader', '', 'c-member');
SELECT fails_with($$ SELECT pg_temp.new('forum', today()) $$, 'no_authority', 'nor does every seat');
SELECT * FROM act_as('reader', '', 'd-committee-chair');
SELECT fails_with($$ SELECT pg_temp.new('forum', today()) $$, 'no_authority', 'nor a seat in another body');
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT fails_with($$ SELECT pg_temp.new('drug-committee-nordjylland', today()) $$, 'no_authority', 'and the other way round');
SELECT fails_with($$ SELECT pg_temp.new('atlantis', today()) $$, 'unknown_reference');
SELECT set_config('t.one', pg_temp.new('forum', today(), 'Første'), true), set_config('t.two', pg_temp.new('forum', today() + 30, 'Senere'), true) \g /dev/null
SELECT matches(current_setting('t.one'), format('^MT-%s-[0-9]{6}$', EXTRACT(year FROM today())), 'a reference');
SELECT is((SELECT count(*) FROM generate_series(0, 3) n WHERE lpad((right(current_setting('t.one'), 6)::int + n)::text, 6, '0') = right(current_setting('t.two'), 6)), 0::bigint, 'that tells nothing of the next');
SELECT fails_with($$ SELECT pg_temp.new('forum', '2017-03-30') $$, 'body_not_in_force');
SELECT lives_ok($$ SELECT pg_temp.new('forum', '2017-03-31', 'Det første') $$, 'one may be put down afterwards');
SELECT fails_with($$ EXECUTE create_meeting ('{"body": "forum"}', 'X', '2026-03-05 10:00Z', '2026-03-05 10:00Z', NULL, NULL) $$, 'meeting_period');
SELECT fails_with($$ EXECUTE create_meeting ('{"body": "forum"}', 'X', '2026-03-05 10:00Z', '2026-03-12 10:01Z', NULL, NULL) $$, 'meeting_length');
SELECT fails_with($$ EXECUTE create_meeting ('{"body": "forum"}', '', '2026-03-05 10:00Z', '2026-03-05 11:00Z', NULL, NULL) $$, 'meeting_title_length');
SELECT fails_with(format('EXECUTE create_meeting (''{"body": "forum"}'', %L, ''2026-03-05 10:00Z'', ''2026-03-05 11:00Z'', NULL, NULL)', title), 'meeting_title_line', 'a title is a line') FROM unnest(ARRAY[' ', E'a\nb']) AS title;
SELECT fails_with(format('EXECUTE create_meeting (''{"body": "forum"}'', ''X'', ''2026-03-05 10:00Z'', ''2026-03-05 11:00Z'', NULL, %L)', '[{"title": " "}]'), 'agenda_item_title_line');
SELECT set_config('t.three', pg_temp.new('forum', today(), 'Tredje'), true) \g /dev/null
SELECT is(pg_temp.seen(current_setting('t.one')), 'draft 1 0 ["call", "cancel"]', 'a draft');

-- drafts are seen by the body's members
SELECT * FROM act_as('reader', '', 'b-chair');
SELECT is(pg_temp.seen(current_setting('t.one')), 'draft 1 0 ["call", "cancel"]', 'the chair may call it');
SELECT * FROM act_as('reader', '', 'c-member');
SELECT is(pg_temp.seen(current_setting('t.one')), 'draft 1 0 []', 'a member reads the draft');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'call') $$, 'no_authority', 'and does not call it');
SELECT fails_with($$ INSERT INTO meeting_transition (meeting_no, action) SELECT meeting_no, 'call' FROM meeting WHERE reference = current_setting('t.one') $$, 'no_authority', 'nor past the function');
SELECT fails_with($$ EXECUTE update_meeting (current_setting('t.one'), '*', '{"title": "X"}') $$, 'no_authority');
SELECT fails_with($$ EXECUTE put_meeting_agenda (current_setting('t.one'), '*', '[]') $$, 'no_authority');
SELECT fails_with($$ SELECT w.state FROM meeting m, write_meeting(m, 'meet') w WHERE m.reference = current_setting('t.one') $$, 'no_authority', 'what the policy lets not through is no success');
SELECT * FROM act_as('admin,auditor,reader,forum_secretariat', '', 'd-committee-chair');
SELECT is(pg_temp.seen(current_setting('t.one')), NULL, 'for everybody else a draft does not exist, admin and auditor too');
SELECT is_empty($$ EXECUTE get_meeting (current_setting('t.one')) $$, 'by its reference');
SELECT is_empty($$ EXECUTE "get_meeting.html" (current_setting('t.one'), NULL) $$, 'as a page');
SELECT is_empty($$ EXECUTE transition_meeting (current_setting('t.one'), '*', 'call', NULL) $$, 'to call it');
SELECT is_empty($$ EXECUTE update_meeting (current_setting('t.one'), '*', '{"title": "X"}') $$, 'to change it');
SELECT is_empty($$ EXECUTE list_meetings (NULL, NULL, NULL, NULL, NULL, NULL, 'exact', 51, NULL, NULL) $$, 'in lists and what they count');
SELECT unalike((SELECT j ->> 'calendar' FROM listed('get_meeting_calendar', '') j), '%VEVENT%', 'in calendars');
SELECT is((SELECT count(*) FROM agenda_item), 0::bigint, 'nor does its agenda');

-- a call without agenda
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT lives_ok($$ EXECUTE put_meeting_agenda (current_setting('t.one'), '*', '[]') $$, 'the agenda of a draft may be empty');
SELECT is(pg_temp.seen(current_setting('t.one')), 'draft 0 0 ["cancel"]', 'then it cannot be called');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'call') $$, 'meeting_without_agenda');
SELECT is(pg_temp.seen(current_setting('t.one')), 'draft 0 0 ["cancel"]', 'and nothing has changed');
SELECT lives_ok($$ EXECUTE put_meeting_agenda (current_setting('t.one'), '*', '[
    {"title": "Åbent punkt", "text": "Tekst", "purpose": "decision", "link": {"kind": "case", "ref": "TF-2026-0007"}},
    {"title": "Ansøgning", "link": {"kind": "application", "ref": "AN-2026-0001"}},
    {"title": "Figurer", "link": {"kind": "snapshot", "ref": "5b0c6c8e-3a0e-4a54-9d2c-0f6a3a1c7d11"}},
    {"title": "Åben oversigt", "closed": false, "link": {"kind": "list", "ref": "PO-2026-0001"}}]') $$, 'an agenda that points at things');
SELECT is((SELECT string_agg(concat(a.item, a.closed, a.link_kind), ' ' ORDER BY a.item) FROM agenda_item a JOIN meeting m USING (meeting_no) WHERE m.reference = current_setting('t.one')),
    '1fcase 2tapplication 3fsnapshot 4flist', 'in its order; what is confidential is closed unless it is said not to be');
SELECT fails_with(format('EXECUTE put_meeting_agenda (current_setting(''t.one''), ''*'', %L)', items), code, 'a link: ' || items)
FROM (VALUES ('[{"title": "X", "link": {"kind": "snapshot", "ref": "5b0c6c8e-3a0e-4a54-9d2c-000000000000"}}]', 'unknown_reference'),
             ('[{"title": "X", "link": {"kind": "snapshot", "ref": "TF-2026-0007"}}]', 'unknown_reference'),
             ('[{"title": "X", "link": {"kind": "case", "ref": "5b0c6c8e-3a0e-4a54-9d2c-0f6a3a1c7d11"}}]', 'validation_failed'),
             ('[{"title": "X", "link": {"kind": "case", "ref": "TF-26-1"}}]', 'validation_failed')) AS v (items, code);
SELECT is(pg_temp.seen(current_setting('t.one')), 'draft 4 0 ["call", "cancel"]', 'what failed left the agenda as it was');
SELECT fails_with($$ EXECUTE put_meeting_minutes (current_setting('t.one'), '*', 'X', '[]') $$, 'meeting_not_held', 'no minutes of a draft');
SELECT fails_with($$ EXECUTE put_meeting_attendance (current_setting('t.one'), '*', '[]') $$, 'meeting_not_held', 'nobody there');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'hold') $$, 'transition_not_allowed');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'approve_minutes') $$, 'no_authority', 'the secretariat does not approve');
SELECT fails_with($$ EXECUTE transition_meeting (current_setting('t.one'), '1', 'call', NULL) $$, 'precondition_failed');
SELECT is(pg_temp.step(current_setting('t.one'), 'call'), 'called', 'called');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'call') $$, 'transition_not_allowed', 'once');
SELECT throws_ok($$ UPDATE meeting SET state = 'draft' $$, '42501', NULL, 'the server sets no state');
SELECT throws_ok($$ DELETE FROM meeting $$, '42501', NULL, 'nobody removes a meeting');
SELECT throws_ok($$ UPDATE meeting SET reference = 'MT-2026-9999' $$, '42501', NULL, 'or renumbers it');
SELECT fails_with($$ EXECUTE put_meeting_agenda (current_setting('t.one'), '*', '[]') $$, 'meeting_without_agenda', 'its agenda is not emptied any more');
DELETE FROM agenda_item a USING meeting m WHERE m.meeting_no = a.meeting_no AND m.reference = current_setting('t.two');
SELECT lives_ok($$ SELECT commit_would() $$, 'that of a draft is');
SAVEPOINT before;
DELETE FROM agenda_item a USING meeting m WHERE m.meeting_no = a.meeting_no AND m.reference = current_setting('t.one');
SELECT fails_with($$ SELECT commit_would() $$, 'meeting_without_agenda', 'nor past the function');
ROLLBACK TO before;

-- a called meeting of the forum is there for everybody, without what is closed
SELECT * FROM act_as('reader', '', 'nobody');
SELECT is(pg_temp.seen(current_setting('t.one')), 'called 3 []', 'what others see of it: no closed item, no attendance');
SELECT is((SELECT j ->> 'reference' FROM listed('list_meetings', 'NULL, NULL, NULL, NULL, NULL, ''TF-2026-0007'', NULL, 51, NULL, NULL') j), current_setting('t.one'), 'found by what it concerns');
SELECT is_empty($$ EXECUTE list_meetings (NULL, NULL, NULL, NULL, NULL, 'AN-2026-0001', NULL, 51, NULL, NULL) $$, 'but not by what is closed');
SELECT unalike((SELECT j ->> 'html' FROM listed('get_meeting.html', format('%L, NULL', current_setting('t.one'))) j), '%Ansøgning%', 'the page neither');
SELECT unalike((SELECT replace(j ->> 'calendar', E'\r\n ', '') FROM listed('get_meeting_calendar', '') j), '%Ansøgning%', 'nor the calendar');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'cancel', 'X') $$, 'no_authority', 'and nothing may be done to it');

-- moving it tells the calendars
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT is((SELECT sequence FROM meeting WHERE reference = current_setting('t.one')), 0, 'a sequence begins at 0');
EXECUTE update_meeting (current_setting('t.one'), '*', '{"place": "Et sted"}') \g /dev/null
SELECT is((SELECT sequence FROM meeting WHERE reference = current_setting('t.one')), 1, 'another place counts');
SELECT w.state FROM meeting m, write_meeting(m, 'meet') w WHERE m.reference = current_setting('t.one') \g /dev/null
SELECT is((SELECT sequence FROM meeting WHERE reference = current_setting('t.one')), 1, 'what is written about it does not');
SELECT fails_with(format('EXECUTE update_meeting (current_setting(''t.one''), ''*'', %L)', '{"ends_at": "2001-01-01T00:00:00Z"}'), 'meeting_period');
SELECT fails_with(format('EXECUTE update_meeting (current_setting(''t.one''), ''*'', %L)', '{"starts_at": "2001-01-01T00:00:00Z", "ends_at": "2001-01-01T01:00:00Z"}'), 'body_not_in_force');
SELECT fails_with($$ EXECUTE update_meeting (current_setting('t.one'), NULL, '{"title": "X"}') $$, 'precondition_required');
SELECT fails_with($$ EXECUTE update_meeting (current_setting('t.one'), '1-abc', '{"title": "X"}') $$, 'precondition_failed');

-- apologies before, attendance after
SELECT fails_with(format('EXECUTE put_meeting_attendance (current_setting(''t.one''), ''*'', %L)', format('[{"person": "%s", "attendance": "present"}]', id)), 'meeting_not_held', 'nobody has been there yet')
FROM person WHERE subject = 'c-member';
SELECT lives_ok(format('EXECUTE put_meeting_attendance (current_setting(''t.one''), ''*'', %L)', format('[{"person": "%s", "attendance": "apologies"}]', id)), 'apologies come before')
FROM person WHERE subject = 'c-member';
SELECT * FROM act_as('reader', '', 'b-chair');
SELECT fails_with($$ EXECUTE put_meeting_attendance (current_setting('t.one'), '*', '[]') $$, 'no_authority', 'the chair calls, the secretariat writes');
SELECT * FROM act_as('reader', '', 'nobody');
SELECT fails_with($$ SELECT write_apologies(meeting_no, true) FROM meeting WHERE reference = current_setting('t.one') $$, 'no_authority', 'apologies are for those with a seat, past the function too');
SELECT * FROM act_as('reader', '', 'b-chair');
SELECT is((SELECT json_array_length(attendance) FROM announce_apologies(current_setting('t.one'), true)), 2, 'any of them');
SELECT is((SELECT t.changed_by FROM meeting_attendance t JOIN person p USING (person_no) WHERE p.subject = 'b-chair'), 'b-chair', 'each for oneself');
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT is(pg_temp.step(current_setting('t.one'), 'hold'), 'held', 'held');
SELECT lives_ok($$ EXECUTE put_meeting_agenda (current_setting('t.two'), '*', '[{"title": "X"}]') $$, 'the other one');
SELECT is(pg_temp.step(current_setting('t.two'), 'call'), 'called', 'is called');
SELECT is(pg_temp.seen(current_setting('t.two')), 'called 1 0 ["cancel"]', 'lies ahead');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.two'), 'hold') $$, 'meeting_lies_ahead', 'and is not held yet');
SELECT fails_with($$ EXECUTE put_meeting_agenda (current_setting('t.one'), '*', '[{"title": "X"}]') $$, 'meeting_over', 'the agenda stays');
SELECT fails_with($$ EXECUTE update_meeting (current_setting('t.one'), '*', '{"place": "X"}') $$, 'meeting_over', 'and time and place');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'cancel', 'X') $$, 'transition_not_allowed', 'too late to cancel');
SELECT fails_with($$ EXECUTE put_meeting_attendance (current_setting('t.one'), '*', '[{"person": "5b0c6c8e-3a0e-4a54-9d2c-000000000000", "attendance": "present"}]') $$, 'unknown_reference');
SELECT fails_with(format('EXECUTE put_meeting_attendance (current_setting(''t.one''), ''*'', %L)', format('[{"person": "%s", "attendance": "present"}, {"person": "%1$s", "attendance": "absent"}]', id)), 'validation_failed', 'nobody stands twice')
FROM person WHERE subject = 'c-member';
SELECT lives_ok(format('EXECUTE put_meeting_attendance (current_setting(''t.one''), ''*'', %L)', json_agg(json_build_object('person', id, 'attendance',
    CASE subject WHEN 'c-member' THEN 'apologies' WHEN 'd-committee-chair' THEN 'absent' ELSE 'present' END))), 'who was there') FROM person WHERE subject ~ '^[a-e]-';
SELECT is((SELECT string_agg(concat(j ->> 'name', ' ', j ->> 'attendance', ' ', j -> 'seats'), ', ') FROM meeting_shown, json_array_elements(attendance) j WHERE reference = current_setting('t.one')),
    'Person A present ["secretariat"], Person B present ["chair"], Person C apologies ["amgros"], Person D absent [], Person E present []', 'with the seats they held');

-- minutes: a draft for members, approved in the version that was read, and then never changed
SELECT * FROM act_as('reader', '', 'b-chair');
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'approve_minutes') $$, 'minutes_missing');
SELECT fails_with($$ EXECUTE put_meeting_minutes (current_setting('t.one'), '*', 'X', '[]') $$, 'no_authority');
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT fails_with($$ EXECUTE put_meeting_minutes (current_setting('t.one'), '*', 'X', '[{"item": 5, "text": "X"}]') $$, 'unknown_reference');
SELECT fails_with($$ EXECUTE put_meeting_minutes (current_setting('t.one'), '*', 'X', '[{"item": 1, "text": "X"}, {"item": 1}]') $$, 'validation_failed');
SELECT is_empty($$ EXECUTE get_meeting_minutes (current_setting('t.one')) $$, 'what failed left nothing');
SELECT is((SELECT j -> 'items' -> 1 ->> 'decision' FROM listed('put_meeting_minutes', format('%L, ''*'', ''Åbent'', ''[{"item": 1, "decision": "Ja"}, {"item": 2, "text": "Fortroligt", "decision": "Hemmeligt"}]''', current_setting('t.one'))) j),
    'Hemmeligt', 'minutes with decisions');
SELECT * FROM act_as('admin,auditor', '', 'nobody');
SELECT is_empty($$ EXECUTE get_meeting_minutes (current_setting('t.one')) $$, 'a draft is for members');
SELECT is(pg_temp.seen(current_setting('t.one')), 'held 3 []', 'for others there are no minutes, nor any attendance');
SELECT * FROM act_as('reader', '', 'c-member');
SELECT is((SELECT j ->> 'state' FROM listed('get_meeting_minutes', format('%L', current_setting('t.one'))) j), 'draft', 'a member reads it');
SELECT * FROM act_as('reader', '', 'b-chair');
SELECT lives_ok($$ SELECT d.recused FROM create_matter('forum', 'application', 'AN-2026-0001', 'X', '[]') x, person p, decide_recusal(x.id, p.id, 'recuse', 'X') d WHERE p.subject = 'c-member' $$, 'a recusal');
SELECT is((SELECT string_agg(concat(r.item, ' ', r.name), ', ') FROM meeting m, meeting_recused(m.meeting_no) r WHERE m.reference = current_setting('t.one')), '2 Person C', 'from the item that concerns it');
SELECT fails_with(format('EXECUTE transition_meeting (current_setting(''t.one''), %L, ''approve_minutes'', NULL)', tag), 'precondition_required', 'one approves what one has read, not ' || COALESCE(tag, 'nothing'))
FROM unnest(ARRAY[NULL, '*']) AS tag;
SELECT is((SELECT j ->> 'minutes' FROM meeting_minutes_shown s, listed('transition_meeting', format('%L, %L, ''approve_minutes'', NULL', s.meeting, s.etag)) j
           WHERE s.meeting = current_setting('t.one')), 'approved', 'approved');
SELECT * FROM act_as('reader', '', 'nobody');
SELECT is((SELECT concat_ws(' ', j ->> 'state', j -> 'approved' ->> 'name', jsonb_array_length(j -> 'items'), strpos(j::text, 'Fortroligt'), strpos(j::text, 'Hemmeligt')) FROM listed('get_meeting_minutes', format('%L', current_setting('t.one'))) j),
    'approved Person B 3 0 0', 'now everybody reads them, but not what was closed');
SELECT is((SELECT count(*) FROM meeting_recusal), 0::bigint, 'nor who was recused there');
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT is((SELECT string_agg(concat(item, ' ', name), ', ') FROM meeting_recusal), '2 Person C', 'members do');
SELECT throws_ok($$ UPDATE meeting_recusal SET name = 'X' $$, '42501', NULL, 'which the server does not write');
SELECT set_config('t.before', md5(concat((SELECT m::text FROM meeting_shown m WHERE m.reference = current_setting('t.one')), (SELECT m::text FROM meeting_minutes_shown m WHERE m.meeting = current_setting('t.one')))), true) \g /dev/null
SELECT fails_with(format(statement, current_setting('t.one')), 'minutes_approved', 'approved: ' || statement)
FROM unnest(ARRAY['EXECUTE put_meeting_minutes (%L, ''*'', ''X'', ''[]'')', 'EXECUTE put_meeting_attendance (%L, ''*'', ''[]'')', 'EXECUTE put_meeting_agenda (%L, ''*'', ''[{"title": "X"}]'')',
    'EXECUTE update_meeting (%L, ''*'', ''{"title": "X"}'')', 'DELETE FROM meeting_minutes_item x USING meeting m WHERE m.meeting_no = x.meeting_no AND m.reference = %L',
    'DELETE FROM meeting_attendance x USING meeting m WHERE m.meeting_no = x.meeting_no AND m.reference = %L', 'DELETE FROM agenda_item x USING meeting m WHERE m.meeting_no = x.meeting_no AND m.reference = %L',
    'UPDATE meeting SET place = ''X'' WHERE reference = %L']) AS statement;
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.one'), 'cancel', 'X') $$, 'transition_not_allowed');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION postgres;
SELECT fails_with(format(statement, current_setting('t.one')), 'minutes_approved', 'a superuser neither: ' || statement)
FROM unnest(ARRAY['UPDATE meeting SET state = ''held'' WHERE reference = %L', 'DELETE FROM meeting_recusal WHERE meeting_no = (SELECT meeting_no FROM meeting WHERE reference = %L)', 'UPDATE meeting_minutes SET text = ''X'' WHERE meeting_no = (SELECT meeting_no FROM meeting WHERE reference = %L)']) AS statement;
SELECT fails_with(format('UPDATE meeting SET state = ''held'' WHERE reference = %L', current_setting('t.three')), 'transition_not_allowed', 'nor past a step');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('reader', '', 'a-secretary');
SELECT is(md5(concat((SELECT m::text FROM meeting_shown m WHERE m.reference = current_setting('t.one')), (SELECT m::text FROM meeting_minutes_shown m WHERE m.meeting = current_setting('t.one')))), current_setting('t.before'), 'and nothing has changed');

-- cancelling
SELECT fails_with($$ SELECT pg_temp.step(current_setting('t.two'), 'cancel') $$, 'validation_failed', 'it takes a reason');
SELECT is(pg_temp.step(current_setting('t.two'), 'cancel', 'Sygdom'), 'cancelled', 'cancelled');
SELECT fails_with($$ EXECUTE put_meeting_agenda (current_setting('t.two'), '*', '[{"title": "X"}]') $$, 'meeting_over');
SELECT fails_with($$ EXECUTE put_meeting_attendance (current_setting('t.two'), '*', '[]') $$, 'meeting_over');
SELECT fails_with($$ EXECUTE put_meeting_minutes (current_setting('t.two'), '*', 'X', '[]') $$, 'meeting_over');

-- the year's count against four; drafts are in nobody's
SELECT is((SELECT j - '_etag' FROM listed('get_meeting_count', '''forum'', 2017') j), '{"body": "forum", "year": 2017, "expected": 4, "called": 0, "held": 0, "cancelled": 0, "missing": 4}', 'a draft does not count');
SELECT is((SELECT sum((j ->> 'held')::int) || ' ' || sum((j ->> 'cancelled')::int) FROM generate_series(EXTRACT(year FROM today())::int, EXTRACT(year FROM today() + 30)::int) y, listed('get_meeting_count', '''forum'', ' || y) j), '1 1', 'held and cancelled');
SELECT is((SELECT j ->> 'expected' FROM listed('get_meeting_count', '''forum'', 2016') j), NULL, 'nothing is expected before there is a body');
SELECT is((SELECT j ->> 'missing' FROM listed('get_meeting_count', '''working-group'', 2026') j), NULL, 'or where no text says');
SELECT is_empty($$ EXECUTE get_meeting_count ('atlantis', 2026) $$, 'an unknown body is not found');

-- a committee's own meetings stay its own
SELECT * FROM act_as('reader', '', 'd-committee-chair');
SELECT is(pg_temp.step(pg_temp.new('drug-committee-nordjylland', today()), 'call'), 'called', 'a drug committee meets');
SELECT * FROM act_as('reader,forum_secretariat,region_coordinator', 'nordjylland', 'a-secretary');
SELECT is((SELECT count(*) FROM meeting WHERE body_no = 11), 0::bigint, 'others do not see it');
SELECT unalike((SELECT j ->> 'calendar' FROM listed('get_body_calendar', '''drug-committee-nordjylland''') j), '%VEVENT%', 'nor in its calendar');
SELECT is((SELECT j ->> 'called' FROM listed('get_meeting_count', format('''drug-committee-nordjylland'', %s', EXTRACT(year FROM today()))) j), '0', 'nor in its count');
SELECT * FROM act_as('auditor', '', 'nobody');
SELECT is((SELECT count(*) FROM meeting WHERE body_no = 11), 1::bigint, 'an auditor does');

-- authority ends with the seat
RESET SESSION AUTHORIZATION;
UPDATE appointment SET valid_to = today(), end_reason = 'Test' WHERE person_no = (SELECT person_no FROM person WHERE subject = 'a-secretary');
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('reader,forum_secretariat', '', 'a-secretary');
SELECT fails_with($$ SELECT pg_temp.new('forum', today()) $$, 'no_authority', 'who sits there no longer calls no meeting');

-- what a committee has left when its region goes, the committee of the region that follows deals with
RESET SESSION AUTHORIZATION;
CREATE OR REPLACE FUNCTION medkoord.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE RETURN current_setting('test.today')::date;
INSERT INTO person (name, subject) VALUES ('Person G', 'g-old-chair'), ('Person H', 'h-new-chair');
INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from)
SELECT p.person_no, b.body_no, 'chair', r.region_no, r.slug, GREATEST('2026-01-01', r.valid_from)
FROM (VALUES ('g-old-chair', 'sjaelland'), ('h-new-chair', 'oestdanmark')) AS s (subject, region)
JOIN person p ON p.subject = s.subject JOIN region r ON r.slug = s.region JOIN body b ON b.region_no = r.region_no;
SET LOCAL test.today = '2026-06-15';
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT * FROM act_as('reader', '', 'g-old-chair');
SELECT pg_temp.new('drug-committee-sjaelland', '2026-06-10', 'Det sidste') AS left_over \gset
SELECT is(pg_temp.step(:'left_over', 'call') || ' ' || pg_temp.step(:'left_over', 'hold'), 'called held', 'a meeting is held');
SELECT lives_ok(format('SELECT FROM put_minutes(%L, %L, %L, %L)', :'left_over', '*', 'Referat', '[]'), 'and minutes are written');
SELECT * FROM act_as('reader', '', 'h-new-chair');
SELECT is(pg_temp.seen(:'left_over'), NULL, 'which the other committee does not see');
SET LOCAL test.today = '2027-01-01';
SELECT matches(pg_temp.seen(:'left_over'), '^held .*approve_minutes', 'until it has followed');
SELECT is((SELECT t.state FROM meeting m, transition_meeting(m.reference, m.version::text, 'approve_minutes', NULL) t WHERE m.reference = :'left_over'),
    'minutes_approved', 'and approves them');
SELECT * FROM act_as('reader', '', 'g-old-chair');
SELECT is(pg_temp.seen(:'left_over'), NULL, 'the old chair sees them no longer');

-- text
SELECT is(ical_text(E'a\\b;c,d\ne\r\nf'), 'a\\b\;c\,d\ne\nf', 'what means something in iCalendar is escaped');
SELECT is((SELECT string_agg(octet_length(l)::text, ' ') FROM regexp_split_to_table(rtrim(ical_line('SUMMARY:' || repeat('æ€𝄞x', 40)), E'\r\n'), E'\r\n') l WHERE octet_length(l) > 75), NULL, 'no line is longer than 75 octets');
SELECT is(replace(ical_line('SUMMARY:' || repeat('æ€𝄞x', 40)), E'\r\n ', ''), 'SUMMARY:' || repeat('æ€𝄞x', 40) || E'\r\n', 'and put together it is as it was');
SELECT is(ical_line(repeat('x', n)), CASE WHEN n > 75 THEN repeat('x', 75) || E'\r\n ' || repeat('x', n - 75) ELSE repeat('x', n) END || E'\r\n', n || ' octets') FROM generate_series(74, 76) n;
SELECT is((SELECT string_agg(n::text, ' ') FROM generate_series(0, 160) n, LATERAL (SELECT repeat('x', n) || repeat('æ€𝄞', 60) AS line) v, LATERAL (SELECT ical_line(line) AS folded) f
           WHERE replace(folded, E'\r\n ', '') <> line || E'\r\n' OR EXISTS (SELECT FROM regexp_split_to_table(folded, E'\r\n') l WHERE octet_length(l) > 75)), NULL, 'wherever a character comes to lie');
SELECT is(octet_length(ical_line(repeat('𝄞', 200000))), 800000 + 11111 * 3 + 2, 'a very long line');
SELECT is(html_text('<script>"&''</script>'), '&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;', 'and in HTML');
SELECT is(danish_date('2026-03-05'), 'torsdag den 5. marts 2026', 'a date in Danish');
SELECT is(danish_day('2026-10-24 22:30Z') || ' ' || danish_time('2026-10-24 22:30Z'), '2026-10-25 00.30', 'the day in Denmark, in summer time');
SELECT is((SELECT string_agg(danish_time('2026-10-25 00:00Z'::timestamptz + n * interval '30 minutes'), ', ' ORDER BY n) FROM generate_series(-1, 4) n),
    '01.30, 02.00 sommertid, 02.30 sommertid, 02.00 normaltid, 02.30 normaltid, 03.00', 'an hour that comes twice');
SELECT is(danish_time('2026-03-29 00:30Z') || ' ' || danish_time('2026-03-29 01:30Z'), '01.30 03.30', 'and one that does not come');
SELECT * FROM finish();
ROLLBACK;
