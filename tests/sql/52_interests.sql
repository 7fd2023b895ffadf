-- Interests, matters, recusals and waivers: what recuses whom on which day, who decides, and who may see any of it.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
-- The day is the test's to choose; undone with the rest.
CREATE OR REPLACE FUNCTION medkoord.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE RETURN current_setting('test.today')::date;
SET LOCAL test.today = '2026-06-15';
SET LOCAL jit = off; -- as for the server's role
SELECT act_as('admin') \g /dev/null

CREATE FUNCTION pg_temp.no(name text) RETURNS int LANGUAGE sql AS $$ SELECT person_no FROM person WHERE subject = 'sub-' || $1 $$;
CREATE FUNCTION pg_temp.id(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM person WHERE subject = 'sub-' || $1 $$;
CREATE FUNCTION pg_temp.body(slug text) RETURNS smallint LANGUAGE sql AS $$ SELECT body_no FROM body b WHERE b.slug = body.slug $$;
CREATE FUNCTION pg_temp.seat(name text, body text, role text, region text, from_date date DEFAULT '2026-01-01', to_date date DEFAULT NULL)
RETURNS uuid LANGUAGE sql AS $$
    SELECT a.id FROM create_appointment(COALESCE(pg_temp.id(seat.name), (SELECT p.id FROM create_person(seat.name, 'sub-' || seat.name) p)), seat.body, seat.role,
        seat.region, (SELECT CASE s.appointed_by WHEN 'region' THEN seat.region ELSE s.appointed_by END FROM seat_rule s JOIN body b ON b.kind = s.kind
                      WHERE b.slug = seat.body AND s.role = seat.role), from_date, to_date, CASE WHEN to_date IS NOT NULL THEN 'x' END) a
$$;
-- From here on, acts as a person with a reader's token.
CREATE FUNCTION pg_temp.as(name text) RETURNS SETOF text LANGUAGE sql AS $$ SELECT * FROM act_as('reader', '', 'sub-' || name) $$;
CREATE FUNCTION pg_temp.declare(name text, kind text, party text, identifier text DEFAULT NULL, tie text DEFAULT 'a fee', from_date date DEFAULT '2026-01-01', to_date date DEFAULT NULL)
RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM create_interest(pg_temp.id(name), kind, party, identifier, tie, from_date, to_date) $$;
CREATE FUNCTION pg_temp.ended_all(on_date date) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    UPDATE interest SET valid_to = on_date, end_reason = 'x';
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
CREATE FUNCTION pg_temp.sees() RETURNS text LANGUAGE sql AS $$
    SELECT concat(count(*), '/', (SELECT count(*) FROM interest_version), '/', (SELECT count(*) FROM interests_page(NULL, NULL, NULL, 2147483647, NULL)), ' ',
                  string_agg(DISTINCT p.name, ' ' ORDER BY p.name))
    FROM interest i JOIN person p USING (person_no)
$$;
-- How many pages a statement touches, once it has been planned for good.
CREATE FUNCTION pg_temp.touches(statement text) RETURNS int LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    plan json;
BEGIN
    DISCARD PLANS; -- of sequential scans, which touch the same pages whatever they find
    FOR i IN 1..12 LOOP
        EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || statement INTO plan;
    END LOOP;
    RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
END
$$;
-- Whether somebody is recused from the forum's case on a day.
CREATE FUNCTION pg_temp.out(name text, on_date date DEFAULT '2026-06-15', reference text DEFAULT 'TF-1', body text DEFAULT 'forum')
RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN recused(pg_temp.no(name), pg_temp.body(body), 'case', reference, on_date); END $$;
-- Has the secretariat register another case of the forum with these parties; its reference.
CREATE SEQUENCE pg_temp.cases;
CREATE FUNCTION pg_temp.of(parties jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caller text := actor_subject();
    made text := 'OF-' || nextval('pg_temp.cases');
BEGIN
    PERFORM set_config('medkoord.subject', 'sub-Secretary', true);
    PERFORM create_matter('forum', 'case', made, 'x', parties);
    PERFORM set_config('medkoord.subject', caller, true);
    RETURN made;
END
$$;
GRANT USAGE ON SEQUENCE pg_temp.cases TO medkoord_server;
CREATE FUNCTION pg_temp.decide(what text, name text, reference text DEFAULT 'TF-1', reason text DEFAULT 'because') RETURNS boolean LANGUAGE sql AS $$
    SELECT recused FROM decide_recusal((SELECT id FROM matter m WHERE m.reference = decide.reference AND m.kind = 'case'), pg_temp.id(name), what, reason)
$$;
CREATE FUNCTION pg_temp.listed(reference text DEFAULT 'TF-1', on_date date DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(r.name, ':', CASE WHEN r.recused THEN 'out' ELSE 'in' END, ':', json_array_length(r.grounds), ':', json_array_length(r.decisions)), ' ' ORDER BY r.name)
    FROM matter_recusals((SELECT id FROM matter m WHERE m.reference = listed.reference AND m.kind = 'case'), NULL, on_date) r
$$;

-- A resource to come: reviews of the forum's case TF-1, not for those who are recused from it.
CREATE TABLE medkoord.review_to_come AS SELECT 'good' AS said;
ALTER TABLE medkoord.review_to_come ENABLE ROW LEVEL SECURITY;
CREATE POLICY review_to_come_read ON medkoord.review_to_come TO medkoord_server
    USING (NOT (SELECT recused((SELECT actor_person()), (SELECT b.body_no FROM body b WHERE b.slug = 'forum'), 'case', 'TF-1')));
GRANT SELECT ON medkoord.review_to_come TO medkoord_server;

SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(226);

-- ---- parties ----
SELECT is(party_key(a) = party_key(b), same, concat(a, ' and ', b)) FROM (VALUES
    ('Novo  Nordisk A/S', ' novo nordisk a/s ', true), (E'Ærø\u00a0Øl', 'ÆRØ ØL', true), (E'Ha\u030ajemedicin', 'hÅJEMEDICIN', true), ('Håndkøb', 'Haandkoeb', false),
    (E'A\u030alborg', 'Ålborg', true), ('Astra', 'Astra Zeneca', false), (E'Bio\tTek', 'bio tek', true)) AS t (a, b, same);
SELECT is(cvr_number_valid(n), good, 'CVR ' || n) FROM (VALUES ('90000004', true), ('90000005', false), ('9000000', false), ('900000040', false), ('00000000', false),
    ('9000000x', false), (' 90000004', false)) AS t (n, good);

-- ---- who is there ----
SELECT isnt(pg_temp.seat('Chair', 'forum', 'chair', 'nordjylland'), NULL, 'a chair');
SELECT pg_temp.seat('Secretary', 'forum', 'secretariat', 'nordjylland'), pg_temp.seat('Member', 'forum', 'clinical_pharmacologist', 'nordjylland'),
    pg_temp.seat('Other', 'forum', 'clinical_pharmacologist', 'midtjylland'), pg_temp.seat('Gone', 'forum', 'amgros', NULL, '2025-01-01', '2026-03-01'),
    pg_temp.seat('Coming', 'forum', 'hospital_pharmacist', NULL, '2026-09-01'), pg_temp.seat('Ends', 'forum', 'clinical_pharmacologist', 'sjaelland'), pg_temp.seat('Quiet', 'forum', 'clinical_pharmacologist', 'syddanmark'),
    pg_temp.seat('Wchair', 'working-group', 'chair', NULL), pg_temp.seat('Wmember', 'working-group', 'member', 'nordjylland'),
    pg_temp.seat('Member', 'working-group', 'member', 'midtjylland') \g /dev/null
SELECT isnt((SELECT id FROM create_person('Nobody', 'sub-Nobody')), NULL, 'and somebody without a seat');
SELECT is((SELECT string_agg(p.name, ' ' ORDER BY p.name) FROM people_seated(pg_temp.body('forum'), d) s JOIN person p USING (person_no)), e, 'seated on ' || d) FROM (VALUES
    ('2026-02-28'::date, 'Chair Ends Gone Member Other Quiet Secretary'), ('2026-06-15', 'Chair Ends Member Other Quiet Secretary'), ('2026-12-31', 'Chair Coming Ends Member Other Quiet Secretary'),
    ('2027-01-01', 'Chair Coming Member Other Quiet Secretary')) AS t (d, e);

-- ---- declaring ----
SELECT * FROM pg_temp.as('Member');
SELECT is((SELECT j - '{id,changed_at,history,_location,person}'::text[] FROM listed('create_interest', $$NULL, 'company', 'Eksempel  Pharma A/S', '90000004', 'a fee', '2026-02-01', NULL$$) j),
    '{"name": "Member", "kind": "company", "party": "Eksempel  Pharma A/S", "identifier": "90000004", "tie": "a fee", "from": "2026-02-01", "to": null, "end_reason": null,
      "actions": ["end"], "_etag": "1-1a"}', 'one''s own');
SELECT fails_with($$ SELECT pg_temp.declare('Member', 'company', 'EKSEMPEL PHARMA A/S', NULL, 'A  fee', '2027-01-01') $$, 'interest_declared_already', 'the same tie twice, otherwise written');
SELECT isnt(pg_temp.declare('Member', 'company', 'Eksempel Pharma A/S', NULL, 'shares'), NULL, 'another tie to the same company');
SELECT isnt(pg_temp.declare('Member', 'company', 'Eksempel Pharma A/S', NULL, 'a fee', '2020-01-01', '2020-02-01'), NULL, 'the same tie in another time');
SELECT fails_with(format('SELECT pg_temp.declare(''Member'', %L, %L, %L, %L, %L, %L)', k, p, i, t, f, e), expected) FROM (VALUES
    ('company', 'X', '90000005', 'a fee', '2026-01-01', NULL, 'cvr_number_not_valid'), ('company', 'X', 'DK90000004', 'a fee', '2026-01-01', NULL, 'cvr_number_not_valid'),
    ('drug', 'X', 'L01', 'a fee', '2026-01-01', '2026-01-01', 'interest_ends_before_start'), ('drug', 'X', NULL, 'a fee', '2026-01-02', '2026-01-01', 'interest_ends_before_start'),
    ('drug', 'X', 'l01xc02', 'a fee', '2026-01-01', NULL, 'atc_code_not_valid'), ('drug', 'X', '90000004', 'a fee', '2026-01-01', NULL, 'atc_code_not_valid'),
    ('project', '  ', NULL, 'a fee', '2026-01-01', NULL, 'validation_failed'), ('project', 'X', NULL, ' ', '2026-01-01', NULL, 'validation_failed'), ('project', 'X', E' \u2003', 'a fee', '2026-01-01', NULL, 'validation_failed'),
    ('family', 'X', NULL, 'a fee', '2026-01-01', NULL, 'interest_kind_known'), ('project', 'X', '', 'a fee', '2026-01-01', NULL, 'validation_failed'), ('project', 'X', repeat('x', 65), 'a fee', '2026-01-01', NULL, 'interest_identifier_length')) AS t (k, p, i, t, f, e, expected);
SELECT throws_ok($$ SELECT pg_temp.declare('Member', 'company', 'X', '1', 'a fee', '2026-01-01', '2026-01-01') $$, 'MK000',
    'The identifier of a company is its CVR number: eight digits, the last of which checks the others.', 'the first fault is told, and both stand in its errors');
SELECT is((SELECT count(*)::int FROM interest), 3, 'nothing came of what was refused');
SELECT fails_with(format('SELECT pg_temp.declare(%L, ''company'', ''X'')', n), 'no_authority', 'a member declares nothing for ' || n) FROM unnest('{Other,Chair,Nobody,Gone}'::text[]) n;
SELECT fails_with($$ SELECT create_interest('00000000-0000-0000-0000-000000000000', 'company', 'X', NULL, 'a fee', '2026-01-01', NULL) $$, 'unknown_reference');
SELECT * FROM act_as('admin,auditor', '', 'sub-nobody-registered');
SELECT fails_with($$ SELECT create_interest(NULL, 'company', 'X', NULL, 'a fee', '2026-01-01', NULL) $$, 'unknown_reference', 'who is nobody declares nothing');
SELECT fails_with($$ SELECT pg_temp.declare('Member', 'company', 'X') $$, 'no_authority', 'operators and auditors declare for nobody');
SELECT * FROM pg_temp.as('Chair');
SELECT isnt(pg_temp.declare('Other', 'drug', 'Eksemplimab', 'L01XC02'), NULL, 'the chair records for a member');
SELECT isnt(pg_temp.declare('Chair', 'institution', 'Instituttet'), NULL, 'and declares');
SELECT fails_with($$ SELECT pg_temp.declare('Gone', 'company', 'X') $$, 'no_authority', 'but not for one who has left');
SELECT isnt(pg_temp.declare('Ends', 'project', 'Project 7', 'EU-7'), NULL, 'for each of them');
SELECT * FROM pg_temp.as('Secretary');
SELECT fails_with($$ SELECT pg_temp.declare('Ends', 'company', 'X') $$, 'no_authority', 'the secretariat records for nobody');
SELECT * FROM pg_temp.as('Nobody');
SELECT isnt(pg_temp.declare('Nobody', 'company', 'Eksempel Pharma A/S'), NULL, 'and who has no seat, for oneself');
SELECT * FROM pg_temp.as('Gone');
SELECT isnt(pg_temp.declare('Gone', 'company', 'Eksempel Pharma A/S'), NULL, 'or none any more');
SELECT * FROM pg_temp.as('Wmember');
SELECT isnt(pg_temp.declare('Wmember', 'company', 'Eksempel Pharma A/S'), NULL, 'or one in another body');

-- ---- who sees them: row by row, version by version, and in the list ----
SELECT * FROM pg_temp.as('Member');
SELECT is(pg_temp.sees(), '3/3/3 Member', 'oneself');
SELECT * FROM pg_temp.as('Chair');
SELECT is(pg_temp.sees(), '6/6/6 Chair Ends Member Other', 'the chair, those who sit there today');
SELECT * FROM pg_temp.as('Secretary');
SELECT is(pg_temp.sees(), '6/6/6 Chair Ends Member Other', 'the secretariat, the same');
SELECT * FROM pg_temp.as('Wchair');
SELECT is(pg_temp.sees(), '4/4/4 Member Wmember', 'the chair of another body, whoever sits there');
SELECT * FROM pg_temp.as('Other');
SELECT is(pg_temp.sees(), '1/1/1 Other', 'a member, nobody else''s');
SELECT * FROM pg_temp.as('Coming');
SELECT is(pg_temp.sees(), '0/0/0 ', 'one whose seat begins later, nobody''s');
SELECT * FROM act_as('reader,amgros,forum_secretariat,region_coordinator', 'nordjylland', 'sub-none');
SELECT is(pg_temp.sees(), '0/0/0 ', 'no role of a token lets see them');
SELECT is_empty(format('EXECUTE list_interests (%L, NULL, NULL, ''exact'', 51, NULL)', pg_temp.id('Member')), 'not in the list of a person');
SELECT is((SELECT count(*)::int FROM (SELECT i.id FROM interest i) x), 0, 'nor in a count');
SELECT is(pg_temp.touches(format('EXECUTE list_interests (%L, NULL, NULL, ''exact'', 51, NULL)', pg_temp.id('Member'))),
    pg_temp.touches(format('EXECUTE list_interests (%L, NULL, NULL, ''exact'', 51, NULL)', pg_temp.id('Coming'))), 'nor in the time it takes: not a row of theirs is read');
SELECT * FROM act_as('auditor', '', 'sub-none');
SELECT is(pg_temp.sees(), '9/9/9 Chair Ends Gone Member Nobody Other Wmember', 'but an auditor''s');
SELECT is((SELECT string_agg(j ->> 'tie', ' ') || ' ' || max((j ->> '_total')::int) FROM listed('list_interests', format($$%L, 'company', '2026-01-15', 'exact', 51, NULL$$, pg_temp.id('Member'))) j),
    'shares 1', 'of one person, kind and day, with their number');
SELECT is((SELECT j ->> 'actions' FROM listed('list_interests', format($$%L, NULL, NULL, NULL, 1, NULL$$, pg_temp.id('Member'))) j), '[]', 'who only reads');
SELECT * FROM act_as('admin', '', 'sub-none');
SELECT is(pg_temp.sees(), '9/9/9 Chair Ends Gone Member Nobody Other Wmember', 'and an operator''s');
SELECT * FROM act_as('', subject => '');
SELECT is(pg_temp.sees(), '0/0/0 ', 'nobody sees nothing');
SET LOCAL test.today = '2027-01-01';
SELECT * FROM pg_temp.as('Chair');
SELECT is(pg_temp.sees(), '5/5/5 Chair Member Other', 'the day a seat goes with its region, so does the sight of it');
SET LOCAL test.today = '2026-06-15';

-- ---- whom one has seated oneself ----
SELECT * FROM act_as('admin') \g /dev/null
SELECT pg_temp.seat('Dchair', 'drug-committee-nordjylland', 'chair', 'nordjylland') \g /dev/null
SELECT * FROM pg_temp.as('Dchair');
CREATE TEMP TABLE own AS SELECT pg_temp.seat('Nobody', 'drug-committee-nordjylland', 'member', 'nordjylland', '2026-06-15') AS id;
SELECT is(pg_temp.sees(), '0/0/0 ', 'whoever seats somebody does not see their interests by that');
SELECT fails_with($$ SELECT pg_temp.declare('Nobody', 'company', 'X') $$, 'no_authority', 'or declare any for them');
SELECT throws_ok(format($$ INSERT INTO interest (person_no, kind, party, tie, valid_from) VALUES (%s, 'company', 'X', 'y', '2026-01-01') $$, pg_temp.no('Nobody')), '42501', NULL,
    'in the table, too');
SELECT is(pg_temp.ended_all('2026-07-01'), 0, 'or end them');
SELECT isnt((SELECT id FROM create_matter('drug-committee-nordjylland', 'case', 'DC-1', 'x', '[{"kind": "company", "name": "Eksempel Pharma A/S"}]')), NULL, 'a matter');
SELECT is((SELECT concat(r.name, r.recused, r.grounds) FROM matter_recusals((SELECT id FROM matter WHERE reference = 'DC-1'), NULL, NULL) r), 'Nobodyt[]',
    'that somebody is recused is known where they sit, and not by what');
SELECT is(recusal_reasons(pg_temp.no('Nobody'), pg_temp.body('drug-committee-nordjylland'), 'case', 'DC-1')::text, NULL, 'nor why');
SELECT isnt_empty($$ SELECT end_appointment((SELECT id FROM own), '2026-06-15', 'x') $$, 'it never came to be');
SELECT * FROM act_as('admin') \g /dev/null
CREATE TEMP TABLE others AS SELECT pg_temp.seat('Nobody', 'drug-committee-nordjylland', 'member', 'nordjylland', '2026-06-15') AS id;
SELECT * FROM pg_temp.as('Dchair');
SELECT is(pg_temp.sees(), '1/1/1 Nobody', 'whom somebody else has seated, the chair sees');
SELECT is((SELECT r.grounds #>> '{0,party}' FROM matter_recusals((SELECT id FROM matter WHERE reference = 'DC-1'), NULL, NULL) r), 'Eksempel Pharma A/S', 'and by what they are recused');
SELECT isnt(pg_temp.declare('Nobody', 'company', 'X', NULL, 'a fee', '2026-07-01'), NULL, 'and declares for them');
SELECT isnt_empty($$ SELECT end_interest((SELECT id FROM interest WHERE party = 'X'), '2026-07-01', 'never agreed') $$, 'and takes back what has not begun');
SELECT * FROM act_as('admin') \g /dev/null
SELECT end_appointment((SELECT id FROM others), '2026-06-15', 'x') \g /dev/null

-- ---- ending ----
CREATE TEMP TABLE fee AS SELECT id FROM interest WHERE party LIKE 'Eksempel  Pharma%';
SELECT * FROM pg_temp.as('Other');
SELECT is_empty($$ SELECT end_interest((SELECT id FROM fee), '2026-07-01', 'x') $$, 'another''s is not found');
SELECT * FROM act_as('auditor,admin');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-07-01', 'x') $$, 'no_authority', 'who only reads ends nothing');
SELECT * FROM pg_temp.as('Secretary');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-07-01', 'x') $$, 'no_authority', 'nor does the secretariat');
SELECT * FROM pg_temp.as('Member');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-02-01', 'x') $$, 'interest_ends_before_start');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-06-14', 'x') $$, 'validation_failed', 'no end lies behind');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-09-01', E' \t') $$, 'validation_failed', 'or is without a reason');
SELECT is((SELECT concat_ws(' ', j ->> 'to', j ->> 'actions') FROM listed('transition_interest', format($$%L, 'end', '2026-09-01', 'agreed'$$, (SELECT id FROM fee))) j), '2026-09-01 ["end"]', 'an end ahead');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-09-02', 'x') $$, 'validation_failed', 'does not move away');
SELECT fails_with($$ UPDATE interest SET valid_to = NULL WHERE id = (SELECT id FROM fee) $$, 'validation_failed', 'nor go');
SELECT * FROM pg_temp.as('Chair');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-06-14', 'x') $$, 'validation_failed', 'the chair ends nothing behind, either');
SELECT is((SELECT concat_ws(' ', valid_to, end_reason, actions) FROM end_interest((SELECT id FROM fee), '2026-06-15', 'sooner')), '2026-06-15 sooner []', 'but nearer');
SELECT * FROM pg_temp.as('Member');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM fee), '2026-06-15', 'x') $$, 'transition_not_allowed', 'what has ended does not end');
SELECT isnt(pg_temp.declare('Member', 'project', 'Soon', NULL, 'a grant', '2026-06-16'), NULL, 'what has not begun');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM interest WHERE party = 'Soon'), '2026-06-15', 'x') $$, 'interest_ends_before_start');
SELECT is((SELECT concat_ws(' ', valid_from, valid_to, actions) FROM end_interest((SELECT id FROM interest WHERE party = 'Soon'), '2026-06-16', 'not granted')), '2026-06-16 2026-06-16 []',
    'ends on its first day, and never came to be');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM interest WHERE party = 'Soon'), '2026-06-16', 'x') $$, 'transition_not_allowed', 'once');
SELECT is(pg_temp.out('Member', '2026-06-16', pg_temp.of('[{"kind": "project", "name": "soon"}]')), false, 'and recuses from nothing');
SELECT isnt(pg_temp.declare('Member', 'project', 'Begun', NULL, 'a grant', '2026-06-15'), NULL, 'what begins today');
SELECT fails_with($$ SELECT end_interest((SELECT id FROM interest WHERE party = 'Begun'), '2026-06-15', 'x') $$, 'interest_ends_before_start', 'has begun');
SELECT is((SELECT string_agg(concat_ws(' ', h ->> 'action', h ->> 'to', h ->> 'reason', h ->> 'by'), '; ') FROM interest_shown s, json_array_elements(s.history) h WHERE s.id = (SELECT id FROM fee)),
    'declare sub-Member; end 2026-09-01 agreed sub-Member; end 2026-06-15 sooner sub-Chair', 'its history');
SELECT throws_ok($$ DELETE FROM interest $$, '42501', NULL, 'nobody removes an interest');
SELECT throws_ok($$ UPDATE interest SET party = 'Y' $$, '42501', NULL, 'or rewrites it');
SELECT throws_ok($$ UPDATE interest_version SET valid_to = NULL $$, '42501', NULL, 'or its history');
SELECT * FROM pg_temp.as('Other');
SELECT is(pg_temp.ended_all('2026-07-01'), 1, 'in the table, too, one reaches one''s own');
SELECT throws_ok(format($$ INSERT INTO interest (person_no, kind, party, tie, valid_from) VALUES (%s, 'company', 'X', 'y', '2026-01-01') $$, pg_temp.no('Member')), '42501', NULL, 'and adds to nobody else''s');

-- ---- recusals that follow from interests ----
SELECT is(pg_temp.out(n, d, pg_temp.of(p::jsonb)), e, concat(n, ' ', p, ' ', d)) FROM (VALUES
    ('Member', '[{"kind": "company", "name": "eksempel pharma a/s"}]', '2026-06-15'::date, true),        -- the shares
    ('Member', '[{"kind": "company", "name": "Quite another", "identifier": "90000004"}]', '2026-06-14', true),
    ('Member', '[{"kind": "company", "name": "Quite another", "identifier": "90000004"}]', '2026-06-15', true), -- ended, on the day of the matter
    ('Member', '[{"kind": "company", "name": "Quite another", "identifier": "90000004"}]', '2027-06-15', true), -- and for good
    ('Member', '[{"kind": "company", "identifier": "90000004"}]', '2026-02-01', true),
    ('Member', '[{"kind": "company", "identifier": "90000004"}]', '2026-01-31', false),                  -- not begun
    ('Member', '[{"kind": "institution", "name": "eksempel pharma a/s"}]', '2026-06-15', false),         -- of another kind
    ('Member', '[{"kind": "company", "name": "Eksempel Pharma"}]', '2026-06-15', false),
    ('Member', '[]', '2026-06-15', false), ('Member', NULL, '2026-06-15', false),
    ('Other', '[{"kind": "drug", "name": "Another brand", "identifier": "L01XC02"}]', '2026-06-15', true),
    ('Other', '[{"kind": "drug", "name": "EKSEMPLIMAB", "identifier": "L01XX99"}]', '2026-06-15', true), -- one substance, several codes
    ('Other', '[{"kind": "drug", "name": "Another brand", "identifier": "L01XC"}]', '2026-06-15', false),
    ('Ends', '[{"kind": "project", "identifier": " eu-7 "}]', '2026-06-15', true),
    ('Other', '[{"kind": "company", "name": "x"}, {"kind": "drug", "name": "eksemplimab"}]', '2026-06-30', true)) AS t (n, p, d, e);
SET LOCAL test.today = '2026-06-16';
SELECT is(pg_temp.out('Member', '2026-06-16', pg_temp.of('[{"kind": "company", "identifier": "90000004"}]')), false, 'from what is registered after its end, nobody is recused');
SET LOCAL test.today = '2026-06-15';
SELECT is(recused(NULL, pg_temp.body('forum'), 'case', 'OF-2'), false, 'who is nobody is not recused');
SELECT is(recused(pg_temp.no('Member'), pg_temp.body('forum'), 'case', 'not-registered'), false, 'nor anybody from what is not registered');
CREATE TEMP TABLE both_of AS SELECT pg_temp.of('[{"kind": "company", "name": "eksempel pharma a/s"}, {"kind": "drug", "identifier": "L01XC02"}]') AS called;
SELECT is(recused_people(pg_temp.body('forum'), 'case', called),
    ARRAY(SELECT unnest(ARRAY[pg_temp.no('Member'), pg_temp.no('Other')]) ORDER BY 1), 'of those who sit there') FROM both_of;
SELECT is(recusal_reasons(pg_temp.no('Member'), pg_temp.body('forum'), 'case', called)::text, NULL, 'why, is not for another member') FROM both_of;
SELECT is((SELECT concat_ws(' ', j #>> '{0,tie}', j #>> '{0,matched_by}') FROM to_jsonb(recusal_reasons(pg_temp.no('Other'), pg_temp.body('forum'), 'case', called)) j),
    'a fee identifier', 'but for oneself') FROM both_of;
SELECT is(recusal_reasons(pg_temp.no('Other'), pg_temp.body('forum'), 'case', 'OF-2')::text, '[]', 'where there may be none');
SELECT fails_with(format($$ SELECT require_not_recused(pg_temp.body('forum'), 'case', %L) $$, called), 'recused', 'who is recused gets no further') FROM both_of;
SELECT is(require_not_recused(pg_temp.body('forum'), 'case', 'OF-2'), true, 'others do');
SELECT throws_ok($$ SELECT * FROM recusal_grounds('{1}', 1, '[2026-01-01,)') $$, '42501', NULL, 'the grounds themselves are not the server''s');

-- ---- matters ----
SELECT fails_with($$ SELECT create_matter('forum', 'case', 'TF-1', 'x', '[]') $$, 'no_authority', 'a member registers none');
SELECT * FROM act_as('admin');
SELECT fails_with($$ SELECT create_matter('forum', 'case', 'TF-1', 'x', '[]') $$, 'no_authority', 'nor an operator');
SELECT * FROM pg_temp.as('Secretary');
SELECT fails_with($$ SELECT create_matter('no-such', 'case', 'TF-1', 'x', '[]') $$, 'unknown_reference');
SELECT fails_with($$ SELECT create_matter('forum', 'case', 'TF-1', 'x', '[{"kind": "drug", "name": "a"}, {"kind": "company", "identifier": "1"}]') $$, 'cvr_number_not_valid');
SELECT fails_with($$ SELECT create_matter('forum', 'case', 'TF-1', 'x', '[{"kind": "company", "name": null}]') $$, 'validation_failed', 'a party without name and identifier');
SELECT is((SELECT j - '{id,created_at,changed_at,_location}'::text[] FROM listed('create_matter', $$'{"body": "forum", "kind": "case", "reference": "TF-1", "title": "T",
    "parties": [{"kind": "company", "name": "Eksempel Pharma A/S"}, {"kind": "institution", "identifier": "I1", "name": "Instituttet"}]}'$$) j),
    '{"body": "forum", "kind": "case", "reference": "TF-1", "title": "T", "created_by": "sub-Secretary", "_etag": "1-s",
      "parties": [{"kind": "company", "name": "Eksempel Pharma A/S", "identifier": null}, {"kind": "institution", "name": "Instituttet", "identifier": "I1"}]}', 'the secretariat does');
SELECT fails_with($$ SELECT create_matter('forum', 'case', 'TF-1', 'x', '[]') $$, 'matter_registered_already');
SELECT isnt((SELECT id FROM create_matter('forum', 'application', 'TF-1', 'x', NULL)), NULL, 'of another kind, it is another');
SELECT is(pg_temp.out('Member'), true, 'what is registered recuses');
SELECT is(pg_temp.out('Member', reference => 'TF-2'), false, 'from that, and nothing else');
SELECT is(pg_temp.out('Member', body => 'working-group'), false, 'in that body');
SELECT * FROM pg_temp.as('Wmember');
SELECT is((SELECT count(*)::int FROM matter), 0, 'matters are for those who sit there');
SELECT fails_with($$ SELECT * FROM matter_recusals('00000000-0000-0000-0000-000000000000', NULL, NULL) $$, 'not_found');
SELECT * FROM pg_temp.as('Chair');
SELECT fails_with($$ SELECT update_matter((SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'), '1', '{"parties": []}') $$, 'recused', 'who is recused does not take the party away');
SELECT * FROM pg_temp.as('Other');
SELECT fails_with($$ SELECT update_matter((SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'), '1', '{"title": "x"}') $$, 'no_authority');
SELECT is((SELECT string_agg(j ->> 'kind', ' ') FROM listed('list_matters', $$'forum', NULL, 'TF-1', 51, NULL$$) j), 'application case', 'a member reads them');
SELECT * FROM pg_temp.as('Secretary');
SELECT fails_with($$ SELECT update_matter((SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'), '7', '{"title": "x"}') $$, 'precondition_failed');
SELECT is((SELECT j -> 'parties' FROM listed('update_matter', format($$%L, '1', '{"parties": [{"kind": "company", "name": "Eksempel Pharma A/S"}, {"kind": "drug", "name": "Eksemplimab"}]}'$$,
    (SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'))) j) #>> '{1,name}', 'Eksemplimab', 'parties change');
SELECT is(pg_temp.listed(), 'Member:out:2:0 Other:out:1:0', 'and with them who is recused');

-- ---- decided by the chair, and waived ----
CREATE TEMP TABLE tf AS SELECT matter_no FROM matter WHERE kind = 'case' AND reference = 'TF-1';
SELECT fails_with($$ SELECT pg_temp.decide('recuse', 'Ends') $$, 'no_authority', 'the secretariat does not decide');
SELECT * FROM pg_temp.as('Member');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Member') $$, 'no_authority', 'nor who is recused');
SELECT is(pg_temp.listed(), 'Member:out:2:0', 'a member sees oneself alone');
SELECT is((SELECT count(*)::int FROM review_to_come), 0, 'and has no access to what others have reviewed');
SELECT * FROM pg_temp.as('Ends');
SELECT is(pg_temp.listed(), NULL, 'or nothing');
SELECT is((SELECT count(*)::int FROM review_to_come), 1, 'and reads on, when not recused');
SELECT is_empty(format('EXECUTE get_recusal (%L, %L, NULL)', (SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'), pg_temp.id('Member')), 'of others, not that they are there');
SELECT is(pg_temp.touches(format('EXECUTE get_recusal (%L, %L, NULL)', (SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'), pg_temp.id('Other'))),
    pg_temp.touches(format('EXECUTE get_recusal (%L, %L, NULL)', (SELECT id FROM matter WHERE kind = 'case' AND reference = 'TF-1'), pg_temp.id('Quiet'))), 'nor in the time it takes');
SELECT * FROM pg_temp.as('Chair');
SELECT fails_with($$ SELECT pg_temp.decide('recuse', 'Wmember') $$, 'not_in_body');
SELECT fails_with($$ SELECT pg_temp.decide('recuse', 'no-such') $$, 'unknown_reference');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Ends') $$, 'not_recused');
SELECT is(pg_temp.decide('waive', 'Member'), false, 'a waiver');
SELECT is(pg_temp.out('Member'), false, 'and she is back');
SELECT is(pg_temp.out('Member', '2026-06-14'), true, 'from the day it was given');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Member') $$, 'not_recused', 'nothing is waived twice');
SELECT isnt(pg_temp.declare('Member', 'drug', 'Eksemplimab'), NULL, 'what is declared later');
SELECT is(pg_temp.out('Member'), true, 'recuses again');
SELECT is(pg_temp.decide('waive', 'Member'), false, 'until that is waived, too');
SELECT is(pg_temp.decide('recuse', 'Member'), true, 'the chair may take it back');
SELECT fails_with($$ SELECT pg_temp.decide('recuse', 'Member') $$, 'already_recused');
SELECT is(pg_temp.listed(), 'Member:out:4:3 Other:out:1:0', 'with every ground and decision');
SELECT is(pg_temp.decide('recuse', 'Ends'), true, 'who has declared nothing can be recused');
SELECT is(pg_temp.decide('waive', 'Ends'), false, 'and that be waived');
SELECT is(pg_temp.decide('recuse', 'Chair'), true, 'a chair steps down');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Chair') $$, 'own_waiver');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Other') $$, 'recused', 'who is recused waives nothing');
SELECT throws_ok($$ UPDATE recusal_decision SET reason = 'x' $$, '42501', NULL, 'decisions are not rewritten');
SELECT throws_ok($$ DELETE FROM recusal_decision $$, '42501', NULL, 'or removed');
SELECT * FROM pg_temp.as('Wchair');
SELECT fails_with(format($$ INSERT INTO recusal_decision (matter_no, body_no, person_no, action, reason) VALUES (%s, %s, %s, 'recuse', 'x') $$, matter_no,
    pg_temp.body('working-group'), pg_temp.no('Wmember')), 'no_authority', 'another body''s chair decides nothing here, whatever body is named') FROM tf;
SELECT is((SELECT count(*)::int FROM recusal_decision), 0, 'another body''s chair sees none');
SELECT * FROM pg_temp.as('Member');
SELECT is(recusal_reasons(pg_temp.no('Member'), pg_temp.body('forum'), 'case', 'TF-1') -> 3 ->> 'reason', 'because', 'with the reason of the decision');
SELECT is((SELECT string_agg(action, ' ' ORDER BY decision_no) FROM recusal_decision), 'waive waive recuse', 'a member, those about oneself');
SELECT is(json_array_length(person_recusals(pg_temp.no('Member'))) || ' ' || json_array_length(person_interests(pg_temp.no('Member'))), '3 6', 'in the export of oneself');
SELECT is(person_recusals(pg_temp.no('Ends'))::text || person_interests(pg_temp.no('Ends')), '[][]', 'and not of another');

-- ---- on days to come and past: of whom sits then, and still ----
SELECT * FROM pg_temp.as('Coming');
SELECT isnt(pg_temp.declare('Coming', 'company', 'Eksempel Pharma A/S'), NULL, 'before the seat begins');
SELECT * FROM pg_temp.as('Secretary');
SELECT is(pg_temp.listed(on_date => d), e, 'on ' || d) FROM (VALUES ('2026-02-15'::date, 'Chair:in:0:1 Ends:in:0:2 Member:out:3:3 Other:out:1:0'),
    ('2026-06-15', 'Chair:out:1:1 Ends:in:0:2 Member:out:4:3 Other:out:1:0'), ('2026-10-01', 'Chair:out:1:1 Coming:out:1:0 Ends:in:0:2 Member:out:4:3 Other:out:1:0'),
    ('2027-01-01', 'Chair:out:1:1 Coming:out:1:0 Member:out:4:3 Other:out:1:0')) AS t (d, e);
SELECT is(recused_people(pg_temp.body('forum'), 'case', 'TF-1', '2026-02-15') @> ARRAY[pg_temp.no('Gone')], true, 'though whoever sat there then was');

-- ---- in the chair's place: whoever appoints the chair ----
CREATE FUNCTION pg_temp.as_if(name text, roles text) RETURNS SETOF text LANGUAGE sql AS $$ SELECT * FROM act_as(roles, '', 'sub-' || name) $$;
SELECT * FROM act_as('admin') \g /dev/null
SELECT pg_temp.seat('Director', 'health-directors', 'director', 'nordjylland'), pg_temp.seat('Sdirector', 'health-directors', 'director', 'midtjylland'),
    pg_temp.seat('Sdirector', 'steering-group', 'chair', NULL), pg_temp.seat('Smember', 'steering-group', 'member', 'nordjylland'),
    pg_temp.seat('Ssecretary', 'steering-group', 'secretariat', NULL) \g /dev/null
-- the forum's chair is recused from TF-1 by decision, so nobody in it waives anything
SELECT * FROM pg_temp.as('Director');
SELECT is((SELECT string_agg(reference, ' ') FROM matter), 'TF-1', 'a health director sees the matter that the chair cannot decide in, and no other');
SELECT is(pg_temp.listed(), 'Chair:out:1:1 Ends:in:0:2 Member:out:4:3 Other:out:1:0', 'and who is recused from it');
SELECT is(pg_temp.decide('waive', 'Other'), false, 'waives for a member');
SELECT is(pg_temp.decide('recuse', 'Quiet'), true, 'recuses one');
SELECT is(pg_temp.decide('waive', 'Chair'), false, 'waives for the chair');
SELECT is(pg_temp.listed(), 'Chair:in:0:2 Ends:in:0:2 Member:out:4:3 Other:in:1:1 Quiet:out:1:1', 'sees what came of it');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Member') $$, 'no_authority', 'and leaves the rest to the chair');
SELECT is(pg_temp.decide('recuse', 'Chair'), true, 'but for the chair''s own case');
SELECT fails_with($$ SELECT update_matter((SELECT id FROM matter), '2', '{"title": "x"}') $$, 'no_authority', 'whose matter it does not change');
SELECT isnt(pg_temp.declare('Director', 'drug', 'Eksemplimab'), NULL, 'one with an interest');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Member') $$, 'recused', 'waives nothing');
SELECT * FROM pg_temp.as('Secretary');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Chair') $$, 'no_authority', 'the secretariat, whatever it may record, does not stand in');
SELECT * FROM pg_temp.as('Wchair');
SELECT is(pg_temp.decide('waive', 'Chair'), NULL, 'nor does another body''s chair');
SELECT * FROM act_as('auditor', '', 'sub-none');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Chair') $$, 'no_authority', 'or an auditor');
SELECT * FROM act_as('admin', '', 'sub-none');
SELECT fails_with($$ SELECT pg_temp.decide('recuse', 'Dchair') $$, 'not_in_body');
SELECT is(pg_temp.decide('waive', 'Chair'), false, 'the operator does');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Member') $$, 'no_authority', 'and leaves the rest to the chair, too');
SELECT * FROM pg_temp.as_if('Chair', 'admin');
SELECT is(pg_temp.decide('recuse', 'Chair'), true, 'a chair who is the operator');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Chair') $$, 'own_waiver', 'decides for oneself no more than another');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Member') $$, 'recused');

-- the steering group, whose chair is a health director, and has an interest
SELECT * FROM pg_temp.as('Sdirector');
SELECT isnt(pg_temp.declare('Sdirector', 'company', 'Styr A/S'), NULL, 'the chair''s interest');
SELECT * FROM pg_temp.as('Smember');
SELECT isnt(pg_temp.declare('Smember', 'company', 'Styr A/S'), NULL, 'a member''s');
SELECT * FROM pg_temp.as('Ssecretary');
SELECT isnt((SELECT id FROM create_matter('steering-group', 'case', 'SG-1', 'x', '[{"kind": "company", "name": "Styr A/S"}]')), NULL, 'a matter of both');
SELECT isnt((SELECT id FROM create_matter('steering-group', 'case', 'SG-2', 'x', '[]')), NULL, 'and one of neither');
SELECT * FROM pg_temp.as('Sdirector');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Sdirector', 'SG-1') $$, 'own_waiver', 'a director who is the chair does not stand in for oneself');
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Smember', 'SG-1') $$, 'recused', 'or for others');
SELECT * FROM pg_temp.as('Director');
SELECT is((SELECT string_agg(reference, ' ' ORDER BY reference) FROM matter), 'SG-1 TF-1', 'another director sees it');
SELECT is(pg_temp.listed('SG-1'), 'Sdirector:out:1:0 Smember:out:1:0', 'with both');
SELECT is(pg_temp.decide('waive', 'Smember', 'SG-1'), false, 'waives for the member while the chair is recused');
SELECT is(pg_temp.decide('waive', 'Sdirector', 'SG-1'), false, 'and for the chair');
SELECT is(pg_temp.decide('recuse', 'Sdirector', 'SG-1'), true, 'and takes it back');
-- a committee's chair: the director of its region alone
SELECT * FROM pg_temp.as('Dchair');
SELECT isnt(pg_temp.declare('Dchair', 'company', 'Eksempel Pharma A/S'), NULL);
SELECT fails_with($$ SELECT pg_temp.decide('waive', 'Dchair', 'DC-1') $$, 'own_waiver', 'who may appoint in the committee does not stand in for oneself');
SELECT * FROM pg_temp.as('Sdirector');
SELECT is((SELECT count(*)::int FROM matter WHERE reference = 'DC-1'), 0, 'another region''s director does not see it');
SELECT * FROM pg_temp.as('Director');
SELECT is(pg_temp.decide('waive', 'Dchair', 'DC-1'), false, 'the region''s decides');

-- ---- how much is read of a roster: those who sit there ----
CREATE TEMP TABLE before AS SELECT pg_temp.touches(format('SELECT * FROM people_seated(%s::smallint, today())', pg_temp.body('forum'))) AS pages;
SELECT * FROM act_as('admin') \g /dev/null
SELECT count(pg_temp.seat('Past ' || n, 'forum', 'secretariat', 'nordjylland', '2018-01-01', '2019-01-01')) FROM generate_series(1, 300) n \g /dev/null
SELECT ok(before.pages + 5 > now.pages, format('and nobody of years past: %s pages, and %s', before.pages, now.pages))
FROM before, pg_temp.touches(format('SELECT * FROM people_seated(%s::smallint, today())', pg_temp.body('forum'))) AS now (pages);

SELECT * FROM finish();
ROLLBACK;
