-- Rosters that carry authority: bodies, the rules of who sits in them, what a seat allows, people, appointments, findings.
-- Sources: T1, the terms of reference of the forum (31-03-2017); T2, those of the pool (22-02-2024).
-- SPDX-License-Identifier: MPL-2.0

-- ---- text of one line ----

-- Without control characters and ends of lines, and not blank: as the server takes what has x-one-line in the contract (server/schema.c).
CREATE FUNCTION is_one_line(value text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN value ~ ('^[^\u0001-\u001f\u007f\u0085\u2028\u2029]*[^\u0001-\u001f\u007f\u0085\u2028\u2029'
    || ' \u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff][^\u0001-\u001f\u007f\u0085\u2028\u2029]*$');

-- ---- bodies ----

CREATE TABLE body (
    body_no smallint NOT NULL,
    slug text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,       -- what it is called (in Danish); committees are called different things
    region_no smallint NULL,  -- of a regional drug committee
    valid_from date NOT NULL,
    valid_to date NULL,
    source text NOT NULL,
    meetings_a_year smallint NULL, -- as a rule
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT body_pkey PRIMARY KEY (body_no),
    CONSTRAINT body_slug_unique UNIQUE (slug),
    CONSTRAINT body_slug_form CHECK (slug ~ '^[a-z][a-z-]{1,62}$'),
    CONSTRAINT body_kind_known CHECK
        (kind IN ('forum', 'steering_group', 'working_group', 'health_directors', 'drug_committee')),
    CONSTRAINT body_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT body_name_one_line CHECK (is_one_line(name)),
    CONSTRAINT body_period CHECK (valid_to > valid_from),
    CONSTRAINT body_region_of_committee CHECK ((region_no IS NOT NULL) = (kind = 'drug_committee')),
    CONSTRAINT body_region_fkey FOREIGN KEY (region_no) REFERENCES region (region_no)
);
CREATE TRIGGER body_stamp BEFORE INSERT OR UPDATE ON body FOR EACH ROW EXECUTE FUNCTION stamp_change();
INSERT INTO body (body_no, slug, kind, name, region_no, valid_from, valid_to, source, meetings_a_year) VALUES
    (1, 'forum', 'forum', 'Tværregionalt forum for koordination af medicin', NULL, '2017-03-31', NULL, 'T1', 4),
    (2, 'steering-group', 'steering_group', 'Styregruppen for Regionernes Medicin- og Behandlingspulje', NULL, '2024-02-22', NULL, 'T2', NULL),
    (3, 'working-group', 'working_group', 'Den faglige arbejdsgruppe for Regionernes Medicin- og Behandlingspulje', NULL, '2024-02-22', NULL, 'T2', NULL),
    -- Both terms of reference presuppose them and neither says since when: since there are regions.
    (4, 'health-directors', 'health_directors', 'Regionssundhedsdirektørkredsen', NULL, '2007-01-01', NULL, 'T1 4.2, T2', NULL);
-- One for each region, for as long as the region exists. An operator sets what the region calls it. Policies bind the owner,
-- too: to read the regions it has to be somebody.
SELECT set_config('medkoord.subject', current_user, true);
INSERT INTO body (body_no, slug, kind, name, region_no, valid_from, valid_to, source)
SELECT 10 + r.region_no, 'drug-committee-' || r.slug, 'drug_committee', 'Den regionale lægemiddelkomité i ' || r.name, r.region_no,
    r.valid_from, r.valid_to, 'T1 1, 3'
FROM region r;
SELECT set_config('medkoord.subject', '', true);
ALTER TABLE body ENABLE ROW LEVEL SECURITY;
ALTER TABLE body FORCE ROW LEVEL SECURITY;
CREATE POLICY body_read ON body FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY body_update ON body FOR UPDATE USING ((SELECT actor_has('admin')));
GRANT SELECT ON body TO medkoord_server;
GRANT UPDATE (name) ON body TO medkoord_server;

-- ---- the rules of composition, as dated data ----

-- Who appoints. region: the region that the seat or the committee belongs to; an appointment then names it by its slug.
CREATE TABLE appointer (
    appointer text COLLATE "C" NOT NULL,
    name text NOT NULL,
    name_da text NOT NULL,
    CONSTRAINT appointer_pkey PRIMARY KEY (appointer)
);
INSERT INTO appointer (appointer, name, name_da) VALUES
    ('region', 'the region', 'regionen'),
    ('regions_jointly', 'the regions jointly', 'regionerne i fællesskab'),
    ('health_directors', 'the regional health directors', 'regionssundhedsdirektørkredsen'),
    ('danske_regioner', 'Danske Regioner', 'Danske Regioner'),
    ('amgros', 'Amgros', 'Amgros');

-- A rule makes one seat of the body, or one for each region in force on the date.
CREATE TABLE seat_rule (
    rule_no smallint GENERATED ALWAYS AS IDENTITY, -- the order in which seats are shown
    kind text NOT NULL, -- of the body
    role text NOT NULL,
    title text NOT NULL,
    title_da text NOT NULL,
    each_region boolean NOT NULL,
    member boolean NOT NULL,   -- or only in contact with it, or serving it
    required boolean NOT NULL, -- or may stay empty
    alone boolean NOT NULL,    -- takes one at a time, or any number
    appointed_by text NOT NULL,
    must_hold_kind text NULL, -- whoever sits here must also sit in a body of this kind ...
    must_hold_role text NULL, -- ... as this, for the same region where the seat is one of a region
    must_be text NULL,        -- what that makes them
    must_be_da text NULL,
    region_of_role text NULL, -- all who sit here are of one region, preferably that of whoever holds this role
    valid_from date NOT NULL,
    valid_to date NULL,
    source text NOT NULL,
    CONSTRAINT seat_rule_pkey PRIMARY KEY (rule_no),
    CONSTRAINT seat_rule_role_form CHECK (role ~ '^[a-z][a-z_]{1,40}$'),
    CONSTRAINT seat_rule_must_hold_whole CHECK (num_nulls(must_hold_kind, must_hold_role, must_be, must_be_da) IN (0, 4)),
    CONSTRAINT seat_rule_period CHECK (valid_to > valid_from),
    CONSTRAINT seat_rule_appointer_fkey FOREIGN KEY (appointed_by) REFERENCES appointer (appointer),
    CONSTRAINT seat_rule_no_overlap EXCLUDE USING gist (kind WITH =, role WITH =, daterange(valid_from, valid_to) WITH &&)
);
INSERT INTO seat_rule (kind, role, title, title_da, each_region, member, required, alone, appointed_by, valid_from, source) VALUES
    ('forum', 'chair', 'chair', 'formand', false, true, true, true, 'regions_jointly', '2017-03-31', 'T1 3'),
    ('forum', 'drug_committee_chair', 'chair of the regional drug committee', 'formand for den regionale lægemiddelkomité',
        true, true, true, true, 'region', '2017-03-31', 'T1 3'),
    ('forum', 'clinical_pharmacologist', 'clinical pharmacologist', 'klinisk farmakolog', true, true, true, true, 'region', '2017-03-31', 'T1 3'),
    ('forum', 'hospital_pharmacist', 'hospital pharmacist', 'sygehusapoteker', false, true, true, true, 'regions_jointly', '2017-03-31', 'T1 3'),
    ('forum', 'danske_regioner', 'representative of Danske Regioner', 'repræsentant fra Danske Regioner',
        false, true, true, true, 'danske_regioner', '2017-03-31', 'T1 3'),
    ('forum', 'amgros', 'representative of Amgros', 'repræsentant fra Amgros', false, true, true, true, 'amgros', '2017-03-31', 'T1 3'),
    ('forum', 'coordinator', 'coordinator', 'tovholder', true, false, true, true, 'region', '2017-03-31', 'T1 3'),
    ('forum', 'secretariat', 'secretariat', 'sekretariat', false, false, true, false, 'regions_jointly', '2017-03-31', 'T1 5'),
    -- The text leaves open whether the chair is one of the members: a seat of its own, whose holder may hold another.
    ('steering_group', 'chair', 'chair', 'formand', false, true, true, true, 'health_directors', '2024-02-22', 'T2 Styregruppe'),
    ('steering_group', 'member', 'member', 'medlem', true, true, true, true, 'region', '2024-02-22', 'T2 Styregruppe'),
    ('steering_group', 'secretariat', 'secretariat', 'sekretariat', false, false, true, false, 'danske_regioner', '2024-02-22', 'T2 Sekretariat'),
    ('working_group', 'chair', 'chair', 'formand', false, true, true, true, 'health_directors', '2024-02-22', 'T2 Faglig arbejdsgruppe'),
    ('working_group', 'member', 'member', 'medlem', true, true, true, true, 'region', '2024-02-22', 'T2 Faglig arbejdsgruppe'),
    ('working_group', 'younger_researcher', 'younger researcher', 'yngre forsker', true, true, false, true, 'region', '2024-02-22', 'T2 Faglig arbejdsgruppe'),
    ('working_group', 'secretariat', 'secretariat', 'sekretariat', false, false, true, false, 'danske_regioner', '2024-02-22', 'T2 Sekretariat'),
    ('health_directors', 'director', 'regional health director', 'regionssundhedsdirektør', true, true, true, true, 'region', '2007-01-01', 'T1 4.2, T2'),
    ('drug_committee', 'chair', 'chair', 'formand', false, true, true, true, 'region', '2007-01-01', 'T1 3'),
    ('drug_committee', 'member', 'member', 'medlem', false, true, false, false, 'region', '2007-01-01', 'T1 4.1');
UPDATE seat_rule SET must_hold_kind = 'drug_committee', must_hold_role = 'chair', must_be = 'chair of the region''s drug committee',
    must_be_da = 'formand for regionens lægemiddelkomité' WHERE role = 'drug_committee_chair';
UPDATE seat_rule SET must_hold_kind = 'health_directors', must_hold_role = 'director', must_be = 'a regional health director',
    must_be_da = 'regionssundhedsdirektør' WHERE (kind, role) = ('steering_group', 'chair');
UPDATE seat_rule SET region_of_role = 'chair' WHERE (kind, role) = ('forum', 'secretariat');

-- What a seat allows in its own body. Nothing follows from a token's roles but that admin, the operator, may appoint
-- everywhere: somebody has to fill the first seat.
CREATE TABLE seat_right (
    kind text NOT NULL,
    role text NOT NULL,
    may text NOT NULL,
    CONSTRAINT seat_right_pkey PRIMARY KEY (kind, role, may),
    CONSTRAINT seat_right_known CHECK (may IN (
        'appoint',     -- record appointments to this body, and their ends, as the appointer decided
        'meet',        -- make, call, hold and cancel its meetings
        'minute',      -- write minutes
        'approve',     -- approve minutes
        'read_draft',  -- read draft minutes and draft agendas
        'recuse',      -- add recusals, and waive them
        'keep_people')) -- add people, and see and change how to reach them: whoever may appoint somewhere
);
INSERT INTO seat_right (kind, role, may)
SELECT k, r, m FROM (VALUES
    ('forum', 'secretariat', '{appoint,meet,minute,read_draft}'), ('forum', 'chair', '{meet,approve,read_draft,recuse}'),
    ('forum', 'drug_committee_chair', '{read_draft}'), ('forum', 'clinical_pharmacologist', '{read_draft}'),
    ('forum', 'hospital_pharmacist', '{read_draft}'), ('forum', 'danske_regioner', '{read_draft}'),
    ('forum', 'amgros', '{read_draft}'), ('forum', 'coordinator', '{read_draft}'),
    ('steering_group', 'secretariat', '{appoint,meet,minute,read_draft}'),
    ('steering_group', 'chair', '{meet,approve,read_draft,recuse}'), ('steering_group', 'member', '{read_draft}'),
    ('working_group', 'secretariat', '{appoint,meet,minute,read_draft}'),
    ('working_group', 'chair', '{meet,approve,read_draft,recuse}'), ('working_group', 'member', '{read_draft}'),
    ('working_group', 'younger_researcher', '{read_draft}'),
    ('health_directors', 'director', '{meet,minute,approve,read_draft,recuse}'),
    ('drug_committee', 'chair', '{appoint,meet,minute,approve,read_draft,recuse}'), ('drug_committee', 'member', '{read_draft}')
) AS seats (k, r, rights), unnest(rights::text[]) AS m;

-- In which other bodies a seat may record what an appointer has decided; for a region, only its own.
CREATE TABLE seat_appoints (
    kind text NOT NULL,
    role text NOT NULL,
    appointer text NOT NULL,
    in_kind text NOT NULL,
    CONSTRAINT seat_appoints_pkey PRIMARY KEY (kind, role, appointer, in_kind),
    CONSTRAINT seat_appoints_appointer_fkey FOREIGN KEY (appointer) REFERENCES appointer (appointer)
);
INSERT INTO seat_appoints (kind, role, appointer, in_kind)
SELECT k, r, a, i FROM (VALUES
    ('forum', 'coordinator', 'region', '{forum,steering_group,working_group,drug_committee}'),
    ('health_directors', 'director', 'region', '{forum,steering_group,working_group,drug_committee,health_directors}'),
    ('health_directors', 'director', 'health_directors', '{steering_group,working_group}'),
    ('forum', 'danske_regioner', 'danske_regioner', '{forum,steering_group,working_group}'),
    ('steering_group', 'secretariat', 'danske_regioner', '{forum,working_group}'),
    ('working_group', 'secretariat', 'danske_regioner', '{forum,steering_group}'),
    ('forum', 'amgros', 'amgros', '{forum}')
) AS seats (k, r, a, kinds), unnest(kinds::text[]) AS i;

INSERT INTO seat_right (kind, role, may)
SELECT kind, role, 'keep_people' FROM (SELECT kind, role FROM seat_right WHERE may = 'appoint' UNION SELECT kind, role FROM seat_appoints) k;

ALTER TABLE appointer ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointer FORCE ROW LEVEL SECURITY;
ALTER TABLE seat_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat_rule FORCE ROW LEVEL SECURITY;
ALTER TABLE seat_right ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat_right FORCE ROW LEVEL SECURITY;
ALTER TABLE seat_appoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat_appoints FORCE ROW LEVEL SECURITY;
CREATE POLICY appointer_read ON appointer FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY seat_rule_read ON seat_rule FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY seat_right_read ON seat_right FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY seat_appoints_read ON seat_appoints FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
GRANT SELECT ON appointer, seat_rule, seat_right, seat_appoints TO medkoord_server;

-- ---- people ----

-- A name, and the subject of the token that the person comes with. Contact details stand apart, so that they can go.
CREATE TABLE person (
    person_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NULL,
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (person_no),
    CONSTRAINT person_id_unique UNIQUE (id),
    CONSTRAINT person_subject_unique UNIQUE (subject),
    CONSTRAINT person_subject_length CHECK (length(subject) BETWEEN 1 AND 255),
    CONSTRAINT person_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT person_one_line CHECK (is_one_line(name) AND is_one_line(subject))
);
CREATE INDEX person_by_name ON person (name, person_no);
CREATE TRIGGER person_stamp BEFORE INSERT OR UPDATE ON person FOR EACH ROW EXECUTE FUNCTION stamp_change();

-- Written by PUT alone, which takes no idempotency key: an answer kept there would outlive the details.
CREATE TABLE person_contact (
    person_no int NOT NULL,
    organisation text NULL,
    title text NULL,
    email text NULL,
    phone text NULL,
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT person_contact_pkey PRIMARY KEY (person_no),
    CONSTRAINT person_contact_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT person_contact_lengths CHECK (length(organisation) BETWEEN 1 AND 200 AND length(title) BETWEEN 1 AND 200
        AND length(email) BETWEEN 3 AND 254 AND length(phone) BETWEEN 3 AND 40),
    CONSTRAINT person_contact_one_line CHECK (is_one_line(organisation) AND is_one_line(title)),
    -- as in the contract
    CONSTRAINT person_contact_email_form CHECK (email ~ '^[!-?A-~]+@[!-?A-~]+$'),
    CONSTRAINT person_contact_phone_form CHECK (phone ~ '^[0-9+(][0-9+() -]+$')
);
CREATE TRIGGER person_contact_stamp BEFORE INSERT OR UPDATE ON person_contact
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
-- Versions go on when details are erased and others written: no entity tag ever means two things.
CREATE SEQUENCE person_contact_version AS int;
GRANT USAGE ON SEQUENCE person_contact_version TO medkoord_server;
CREATE FUNCTION number_person_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := nextval('medkoord.person_contact_version');
    RETURN NEW;
END
$$;
CREATE TRIGGER person_contact_version BEFORE INSERT OR UPDATE ON person_contact FOR EACH ROW EXECUTE FUNCTION number_person_contact();

-- ---- appointments ----

-- Who sits where. Never deleted: ended, with a reason. An appointment to a region's seat also ends when the region does, and
-- every one with its body; the region that a chair comes from may go, and the chair stays.
CREATE TABLE appointment (
    appointment_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    person_no int NOT NULL,
    body_no smallint NOT NULL,
    role text NOT NULL,
    region_no smallint NULL, -- on behalf of which region, or from which; needed where the seat is one of a region
    -- Set by triggers: the body's kind; region_no of a seat of a region, 0 of a seat of the body; whether it takes one at a time;
    -- the subject of the person's token, and what the seat allows, so that one look-up by index says who may what.
    kind text NOT NULL,
    seat_region_no smallint NOT NULL,
    alone boolean NOT NULL,
    subject text COLLATE "C" NULL,
    allows text[] NOT NULL,
    appointed_by text COLLATE "C" NOT NULL, -- the slug of a region, or another appointer
    valid_from date NOT NULL,
    valid_to date NULL, -- as it was ended; valid_from: it never came to be
    ends_on date NULL,  -- as it ends: then, or before with the region, the body or the rule; set by triggers
    held_until date NOT NULL GENERATED ALWAYS AS (CASE WHEN ends_on IS NULL THEN date 'infinity' ELSE ends_on END) STORED,
    end_reason text NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT appointment_pkey PRIMARY KEY (appointment_no),
    CONSTRAINT appointment_id_unique UNIQUE (id),
    CONSTRAINT appointment_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT appointment_body_fkey FOREIGN KEY (body_no) REFERENCES body (body_no),
    CONSTRAINT appointment_region_fkey FOREIGN KEY (region_no) REFERENCES region (region_no),
    CONSTRAINT appointment_ends_after_start CHECK (valid_to >= valid_from),
    CONSTRAINT appointment_end_has_reason CHECK ((valid_to IS NULL) = (end_reason IS NULL)),
    CONSTRAINT appointment_end_reason_length CHECK (length(end_reason) BETWEEN 1 AND 500),
    CONSTRAINT appointment_end_reason_one_line CHECK (is_one_line(end_reason)),
    CONSTRAINT appointment_person_seated_already EXCLUDE USING gist
        (person_no WITH =, body_no WITH =, role WITH =, seat_region_no WITH =, daterange(valid_from, valid_to) WITH &&)
        WHERE (appointment_no > 0), -- all of them; keeps look-ups away from this index, to the faster one below
    CONSTRAINT appointment_seat_taken EXCLUDE USING gist
        (body_no WITH =, role WITH =, seat_region_no WITH =, daterange(valid_from, valid_to) WITH &&) WHERE (alone)
);
-- The roster of a day, however many years came before it; and what somebody holds today.
CREATE INDEX appointment_by_body_and_day ON appointment USING gist (body_no, daterange(valid_from, ends_on));
CREATE INDEX appointment_by_person ON appointment (person_no, held_until);
CREATE INDEX appointment_by_subject ON appointment (subject, held_until) INCLUDE (body_no, valid_from, allows);

-- Every version there has been, the present one too. Rows are only added, by a trigger.
CREATE TABLE appointment_version (
    appointment_no int NOT NULL,
    version int NOT NULL,
    action text NOT NULL,
    valid_to date NULL,
    ends_on date NULL,
    end_reason text NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT appointment_version_pkey PRIMARY KEY (appointment_no, version),
    CONSTRAINT appointment_version_appointment_fkey FOREIGN KEY (appointment_no) REFERENCES appointment (appointment_no),
    CONSTRAINT appointment_version_action_known CHECK (action IN ('appoint', 'end', 'follow')) -- follow: the region, the body or the rule
);

-- ---- who acts, by seat ----

-- Asked on every request in a committee's name, so: one look-up by index. Not SECURITY DEFINER: everybody may read rosters, and
-- the switch would cost as much as the look-up. plpgsql keeps plans; what is SQL becomes a part of them.

CREATE FUNCTION actor_person() RETURNS int LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT p.person_no FROM medkoord.person p WHERE p.subject = medkoord.actor_subject());
END
$$;

-- The seats a person holds on a day: appointed, and neither ended nor gone with the region, the body or the rule.
CREATE FUNCTION seats_held(by_person int, on_date date)
RETURNS TABLE (appointment_no int, body_no smallint, kind text, role text, region_no smallint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.appointment_no, a.body_no, a.kind, a.role, a.region_no FROM appointment a
    WHERE a.person_no = by_person AND a.valid_from <= on_date AND a.held_until > on_date;
END;

-- The caller's on a day, with what each allows.
CREATE FUNCTION actor_seats(on_date date)
RETURNS TABLE (body_no smallint, kind text, role text, region_no smallint, allows text[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.body_no, a.kind, a.role, a.region_no, a.allows FROM appointment a
    WHERE a.subject = actor_subject() AND a.valid_from <= on_date AND a.held_until > on_date;
END;

-- Of a region's committee that is no more, the committee of the region which has succeeded it: whoever sits there may deal with
-- what the old one has left, but appoint nobody to it. NULL: the body is there, or nothing has succeeded it.
CREATE FUNCTION body_successor(of_body smallint, on_date date) RETURNS smallint LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT n.body_no FROM medkoord.body b
            JOIN medkoord.body n ON n.kind = b.kind AND n.region_no = medkoord.region_on(b.region_no, on_date)
            WHERE b.body_no = of_body AND b.valid_to <= on_date);
END
$$;

-- Whether a seat held today allows it: the one check of every operation in a committee's name.
CREATE FUNCTION actor_may(what text, in_body smallint) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    day date := medkoord.today();
    heir smallint;
BEGIN
    IF EXISTS (SELECT FROM medkoord.actor_seats(day) s WHERE s.body_no = in_body AND what = ANY (s.allows)) THEN
        RETURN true;
    END IF;
    heir := medkoord.body_successor(in_body, day);
    RETURN heir IS NOT NULL AND what <> 'appoint'
        AND EXISTS (SELECT FROM medkoord.actor_seats(day) s WHERE s.body_no = heir AND what = ANY (s.allows));
END
$$;

-- The bodies where it would answer true, for policies: where a seat that the caller holds today allows any of these; none named:
-- where the caller holds one.
CREATE FUNCTION actor_bodies(VARIADIC may text[] DEFAULT '{}') RETURNS smallint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    day date := medkoord.today();
    held smallint[] := ARRAY(SELECT DISTINCT s.body_no FROM medkoord.actor_seats(day) s
                             WHERE actor_bodies.may = '{}' OR s.allows && actor_bodies.may);
BEGIN
    RETURN held || ARRAY(SELECT b.body_no FROM medkoord.body b
                         WHERE b.valid_to <= day AND medkoord.body_successor(b.body_no, day) = ANY (held));
END
$$;

-- For statements: ends with no_authority unless a seat held today allows it.
CREATE FUNCTION require_authority(what text, in_body smallint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF actor_may(what, in_body) THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', format('It takes a seat in %s that allows to %s.',
        (SELECT b.slug FROM body b WHERE b.body_no = in_body), replace(what, '_', ' ')));
END
$$;

-- Whether the caller may record what this appointer has decided on seats of this role in a body: by a seat that speaks for the
-- appointer, or as the operator; or by one of the body's own that allows it, unless whoever sits there speaks for somebody: else
-- a secretariat could give itself the voice of a region or of Amgros. A region's seats speak for what will succeed it, too.
CREATE FUNCTION actor_may_appoint(to_body smallint, to_role text, by_appointer text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    day date := medkoord.today();
BEGIN
    RETURN medkoord.actor_has('admin') OR EXISTS (
        SELECT FROM medkoord.actor_seats(day) s
        JOIN medkoord.body b ON b.body_no = to_body
        WHERE s.body_no = to_body AND 'appoint' = ANY (s.allows) AND NOT EXISTS (
                SELECT FROM medkoord.seat_appoints g WHERE g.kind = b.kind AND g.role = to_role)
            OR EXISTS (
                SELECT FROM medkoord.seat_appoints g
                LEFT JOIN medkoord.region mine ON mine.region_no = s.region_no
                LEFT JOIN medkoord.region next ON next.region_no = mine.successor_no
                WHERE g.kind = s.kind AND g.role = s.role AND g.in_kind = b.kind
                    AND (g.appointer = by_appointer OR g.appointer = 'region' AND by_appointer IN (mine.slug, next.slug))));
END
$$;

-- Whether a seat held today, in whichever body, makes the caller one who keeps the register of people.
CREATE FUNCTION actor_keeps_people() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    day date := medkoord.today();
BEGIN
    IF medkoord.actor_has('admin') THEN
        RETURN true;
    END IF;
    RETURN EXISTS (SELECT FROM medkoord.actor_seats(day) s WHERE 'keep_people' = ANY (s.allows));
END
$$;

-- Oneself, and those who sit today in a body where the caller sits. As the owner, who reads the roster of a day by its index.
CREATE FUNCTION actor_colleagues() RETURNS int[] LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
DECLARE
    day date := today();
    mine smallint[] := ARRAY(SELECT s.body_no FROM actor_seats(day) s);
BEGIN
    RETURN actor_person() || ARRAY(
        SELECT a.person_no FROM appointment a WHERE a.body_no = ANY (mine) AND daterange(a.valid_from, a.ends_on) @> day);
END
$$;

-- ---- what may be seen and written ----

ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE person FORCE ROW LEVEL SECURITY;
ALTER TABLE person_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE person_contact FORCE ROW LEVEL SECURITY;
ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment FORCE ROW LEVEL SECURITY;
ALTER TABLE appointment_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment_version FORCE ROW LEVEL SECURITY;
-- Functions that run as the owner see them all: roster_seats() reads by an index, which a policy would keep it from; and an
-- appointment ends with its region whoever moves the region's end.
CREATE POLICY person_of_owner ON person TO medkoord_owner USING (true); -- also to lock a row
CREATE POLICY appointment_of_owner ON appointment TO medkoord_owner USING (true);
CREATE POLICY region_of_owner ON region FOR SELECT TO medkoord_owner USING (true);
-- Bodies and rules change by migration: a rule ends on a date, and another one begins.
CREATE POLICY body_of_owner ON body TO medkoord_owner USING (true);
CREATE POLICY appointer_of_owner ON appointer TO medkoord_owner USING (true);
CREATE POLICY seat_rule_of_owner ON seat_rule TO medkoord_owner USING (true);
CREATE POLICY seat_right_of_owner ON seat_right TO medkoord_owner USING (true);
CREATE POLICY seat_appoints_of_owner ON seat_appoints TO medkoord_owner USING (true);

-- Names stand in rosters, which everybody may read.
CREATE POLICY person_read ON person FOR SELECT TO medkoord_server USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY person_insert ON person FOR INSERT TO medkoord_server WITH CHECK ((SELECT actor_keeps_people()));
CREATE POLICY person_update ON person FOR UPDATE TO medkoord_server
    USING ((SELECT actor_keeps_people()) OR person_no = (SELECT actor_person()));
GRANT SELECT, INSERT (name, subject), UPDATE (name, subject) ON person TO medkoord_server;
CREATE POLICY person_contact_read ON person_contact FOR SELECT TO medkoord_server
    USING ((SELECT actor_has('auditor')) OR (SELECT actor_keeps_people()) OR person_no = ANY ((SELECT actor_colleagues())::int[]));
CREATE POLICY person_contact_insert ON person_contact FOR INSERT TO medkoord_server
    WITH CHECK ((SELECT actor_keeps_people()) OR person_no = (SELECT actor_person()));
CREATE POLICY person_contact_update ON person_contact FOR UPDATE TO medkoord_server
    USING ((SELECT actor_keeps_people()) OR person_no = (SELECT actor_person()));
CREATE POLICY person_contact_erase ON person_contact FOR DELETE TO medkoord_server
    USING ((SELECT actor_keeps_people()) OR person_no = (SELECT actor_person()));
GRANT SELECT, INSERT (person_no, organisation, title, email, phone), UPDATE (organisation, title, email, phone), DELETE
    ON person_contact TO medkoord_server;
CREATE POLICY appointment_read ON appointment FOR SELECT TO medkoord_server USING ((SELECT actor_subject()) IS NOT NULL);
-- Nobody gives a seat to themself but the operator, who fills the first ones.
CREATE POLICY appointment_insert ON appointment FOR INSERT TO medkoord_server
    WITH CHECK ((SELECT actor_may_appoint(body_no, role, appointed_by))
        AND ((SELECT actor_has('admin')) OR person_no IS DISTINCT FROM (SELECT actor_person())));
CREATE POLICY appointment_update ON appointment FOR UPDATE TO medkoord_server
    USING ((SELECT actor_may_appoint(body_no, role, appointed_by)));
GRANT SELECT, INSERT (person_no, body_no, role, region_no, appointed_by, valid_from, valid_to, end_reason),
    UPDATE (valid_to, end_reason) ON appointment TO medkoord_server;
CREATE POLICY appointment_version_of_owner ON appointment_version FOR INSERT TO medkoord_owner WITH CHECK (true);
CREATE POLICY appointment_version_read ON appointment_version FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
GRANT SELECT ON appointment_version TO medkoord_server;

-- Whoever sets the subject of a person with seats hands these seats to a token: the operator alone.
CREATE FUNCTION check_person_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.subject IS DISTINCT FROM OLD.subject AND NOT medkoord.actor_has('admin') THEN
        PERFORM medkoord.problem('no_authority', 'Which token a person comes with is for the operator to change.', '/subject');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER person_check_subject BEFORE UPDATE OF subject ON person FOR EACH ROW EXECUTE FUNCTION check_person_subject();

-- An appointment against the rules in force on its first day.
CREATE FUNCTION check_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at_body medkoord.body;
    rule medkoord.seat_rule;
    follower medkoord.seat_rule;
    of_region medkoord.region;
    appointer text;
BEGIN
    -- Two at the same time: the second waits here for the first, and the constraints then see it.
    PERFORM pg_advisory_xact_lock(7090821, NEW.body_no);
    SELECT b.* INTO at_body FROM medkoord.body b WHERE b.body_no = NEW.body_no;
    SELECT r.* INTO rule FROM medkoord.seat_rule r
    WHERE r.kind = at_body.kind AND r.role = NEW.role AND daterange(r.valid_from, r.valid_to) @> NEW.valid_from;
    IF NOT FOUND THEN
        PERFORM medkoord.problem('no_such_seat', 'The body has no such seat on that date.', '/role');
    END IF;
    IF NEW.valid_to <= NEW.valid_from THEN
        PERFORM medkoord.problem('appointment_ends_before_start', 'It ends before it has begun.', '/to');
    ELSIF NEW.valid_to IS NOT NULL AND NEW.end_reason IS NULL THEN
        PERFORM medkoord.problem('validation_failed', 'Say why it ends then.', '/end_reason');
    ELSIF NEW.valid_to IS NULL AND NEW.end_reason IS NOT NULL THEN
        PERFORM medkoord.problem('validation_failed', 'Say when it ends, or leave the reason out.', '/to');
    END IF;
    IF NEW.region_no <> at_body.region_no THEN
        PERFORM medkoord.problem('validation_failed', 'The committee is another region''s.', '/region');
    END IF;
    NEW.region_no := COALESCE(NEW.region_no, at_body.region_no);
    IF NEW.region_no IS NULL THEN
        IF rule.each_region THEN
            PERFORM medkoord.problem('validation_failed', 'The seat is one of a region: say which.', '/region');
        END IF;
        -- Where one role is to be of the region of another, both say theirs, so that the roster can be held against it.
        SELECT r.* INTO follower FROM medkoord.seat_rule r
        WHERE r.kind = rule.kind AND NEW.role IN (r.role, r.region_of_role) AND r.region_of_role IS NOT NULL
            AND daterange(r.valid_from, r.valid_to) @> NEW.valid_from
        LIMIT 1;
        IF FOUND THEN
            PERFORM medkoord.problem('validation_failed', format('The %s goes by the region of the %s: say from which region this one is.',
                follower.title, replace(follower.region_of_role, '_', ' ')), '/region');
        END IF;
    END IF;
    NEW.seat_region_no := CASE WHEN rule.each_region THEN NEW.region_no ELSE 0 END;
    NEW.alone := rule.alone;
    IF NEW.region_no IS NOT NULL THEN
        SELECT r.* INTO of_region FROM medkoord.region r WHERE r.region_no = NEW.region_no;
        -- A seat of a region or its committee lasts as long as the region at most; a chair comes from one that exists on the first day.
        IF NEW.valid_from < of_region.valid_from OR NEW.valid_from >= of_region.valid_to
            OR (rule.each_region OR at_body.region_no IS NOT NULL) AND NEW.valid_to > of_region.valid_to THEN
            PERFORM medkoord.problem('appointment_outside_region',
                format('%s exists from %s%s.', of_region.name, of_region.valid_from, ' to ' || of_region.valid_to),
                CASE WHEN NEW.valid_to > of_region.valid_to AND NEW.valid_from < of_region.valid_to THEN '/to' ELSE '/from' END);
        END IF;
    END IF;
    IF NOT daterange(at_body.valid_from, at_body.valid_to) @> NEW.valid_from THEN
        PERFORM medkoord.problem('no_such_seat', 'The body does not exist on that date.', '/from');
    END IF;
    appointer := CASE WHEN rule.appointed_by = 'region' THEN of_region.slug ELSE rule.appointed_by END;
    IF NEW.appointed_by <> appointer THEN
        PERFORM medkoord.problem('appointer_not_entitled', format('This seat is appointed by: %s.', appointer), '/appointed_by');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER appointment_against_rules BEFORE INSERT ON appointment
    FOR EACH ROW EXECUTE FUNCTION check_appointment();
-- When an appointment ends, whoever ends it: the earliest of its own end and those of the region whose seat it is, of the body
-- and of the rule.
CREATE FUNCTION appointment_end(a appointment) RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NULLIF(GREATEST(a.valid_from, LEAST('infinity', a.valid_to,
        (SELECT r.valid_to FROM medkoord.region r WHERE r.region_no = a.seat_region_no),
        (SELECT b.valid_to FROM medkoord.body b WHERE b.body_no = a.body_no),
        (SELECT s.valid_to FROM medkoord.seat_rule s WHERE s.kind = a.kind AND s.role = a.role AND s.each_region = (a.seat_region_no <> 0)
         ORDER BY s.valid_from DESC LIMIT 1))), 'infinity');
END
$$;
-- What an appointment has from elsewhere, and what keeps it so when that changes. Neither misses the other when both happen at once:
-- whoever gives a person another token waits for the row of the person, whoever moves an end or a right for the lock.
CREATE FUNCTION rights_of_seat(kind text, role text) RETURNS text[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT g.may FROM seat_right g WHERE g.kind = rights_of_seat.kind AND g.role = rights_of_seat.role ORDER BY g.may);

CREATE FUNCTION derive_appointment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT p.subject INTO NEW.subject FROM person p WHERE p.person_no = NEW.person_no FOR KEY SHARE;
        PERFORM pg_advisory_xact_lock_shared(7090823);
        NEW.kind := (SELECT b.kind FROM body b WHERE b.body_no = NEW.body_no);
        NEW.allows := rights_of_seat(NEW.kind, NEW.role);
    END IF;
    NEW.ends_on := appointment_end(NEW);
    RETURN NEW;
END
$$;
CREATE TRIGGER appointment_derived BEFORE INSERT OR UPDATE ON appointment FOR EACH ROW EXECUTE FUNCTION derive_appointment();
CREATE TRIGGER appointment_stamp_insert BEFORE INSERT ON appointment FOR EACH ROW EXECUTE FUNCTION stamp_change();
-- A version of what is shown: a new token, or another right, is none.
CREATE TRIGGER appointment_stamp_update BEFORE UPDATE ON appointment FOR EACH ROW
    WHEN (OLD.valid_to IS DISTINCT FROM NEW.valid_to OR OLD.ends_on IS DISTINCT FROM NEW.ends_on OR OLD.end_reason IS DISTINCT FROM NEW.end_reason)
    EXECUTE FUNCTION stamp_change();

-- An end in the past takes from the rosters of those days somebody who acted on them. Who has not begun before today has not acted,
-- and cannot be ended before today.
CREATE FUNCTION check_appointment_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.valid_to IS DISTINCT FROM OLD.valid_to AND LEAST(NEW.valid_to, OLD.valid_to) < medkoord.today()
        AND NOT medkoord.actor_has('admin') THEN
        PERFORM medkoord.problem('no_authority', 'An end before today is for the operator to record.', '/on');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER appointment_check_end BEFORE UPDATE OF valid_to ON appointment FOR EACH ROW EXECUTE FUNCTION check_appointment_end();

-- As the owner: the server itself may not write versions.
CREATE FUNCTION keep_appointment_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
BEGIN
    IF NEW.version IS DISTINCT FROM OLD.version THEN
        INSERT INTO appointment_version (appointment_no, version, action, valid_to, ends_on, end_reason, changed_at, changed_by)
        VALUES (NEW.appointment_no, NEW.version,
                CASE WHEN TG_OP = 'INSERT' THEN 'appoint'
                     WHEN (NEW.valid_to, NEW.end_reason) IS DISTINCT FROM (OLD.valid_to, OLD.end_reason) THEN 'end' ELSE 'follow' END,
                NEW.valid_to, NEW.ends_on, NEW.end_reason, NEW.changed_at, NEW.changed_by);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER appointment_keep_version AFTER INSERT OR UPDATE ON appointment FOR EACH ROW EXECUTE FUNCTION keep_appointment_version();

CREATE FUNCTION follow_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7090823);
    UPDATE appointment a SET valid_to = a.valid_to WHERE a.ends_on IS DISTINCT FROM appointment_end(a);
    RETURN NULL;
END
$$;
CREATE TRIGGER region_ends_appointments AFTER UPDATE OF valid_to ON region FOR EACH STATEMENT EXECUTE FUNCTION follow_ends();
CREATE TRIGGER body_ends_appointments AFTER UPDATE OF valid_to ON body FOR EACH STATEMENT EXECUTE FUNCTION follow_ends();
CREATE TRIGGER seat_rule_ends_appointments AFTER UPDATE OR INSERT ON seat_rule FOR EACH STATEMENT EXECUTE FUNCTION follow_ends();

CREATE FUNCTION follow_subject() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    UPDATE appointment a SET subject = NEW.subject WHERE a.person_no = NEW.person_no;
    RETURN NULL;
END
$$;
CREATE TRIGGER person_subject_of_appointments AFTER UPDATE OF subject ON person FOR EACH ROW
    WHEN (OLD.subject IS DISTINCT FROM NEW.subject) EXECUTE FUNCTION follow_subject();

CREATE FUNCTION follow_rights() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7090823);
    UPDATE appointment a SET allows = rights_of_seat(a.kind, a.role) WHERE a.allows IS DISTINCT FROM rights_of_seat(a.kind, a.role);
    RETURN NULL;
END
$$;
CREATE TRIGGER seat_right_of_appointments AFTER INSERT OR UPDATE OR DELETE ON seat_right FOR EACH STATEMENT EXECUTE FUNCTION follow_rights();

-- ---- whose subjects may be seen ----

-- A subject is what somebody's tokens name: for oneself, the keepers of the register and auditors. Every area shows who did
-- something as subject_shown(created_by, (SELECT actor_sees_subjects())).
CREATE FUNCTION actor_sees_subjects() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN medkoord.actor_keeps_people() OR medkoord.actor_has('auditor');
END
$$;
CREATE FUNCTION subject_shown(subject text, sees_all boolean) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN sees_all OR subject = actor_subject() THEN subject END;

-- ---- appointments as the contract shows them (schemas/Appointment.yaml), with their keys ----

CREATE VIEW appointment_shown WITH (security_invoker = true) AS
SELECT a.appointment_no, a.person_no, a.body_no, a.region_no, a.id, p.id AS person, p.name, b.slug AS body, a.role, r.slug AS region,
    a.appointed_by, a.valid_from, a.ends_on,
    CASE WHEN a.ends_on = a.valid_to OR a.ends_on IS NULL THEN NULL WHEN a.ends_on = s.valid_to THEN 'region'
         WHEN a.ends_on = b.valid_to THEN 'body' ELSE 'rule' END AS ends_with,
    a.end_reason, o.history, o.actions, a.created_at, o.created_by, a.changed_at,
    concat(a.version, '-', left(md5(concat(p.name, o.history, o.actions, o.created_by)), 8)) AS etag
FROM appointment a
JOIN person p ON p.person_no = a.person_no
JOIN body b ON b.body_no = a.body_no
LEFT JOIN region r ON r.region_no = a.region_no
LEFT JOIN region s ON s.region_no = a.seat_region_no
CROSS JOIN LATERAL (
    SELECT
        (SELECT json_agg(json_build_object('action', v.action, 'to', v.ends_on, 'reason', v.end_reason, 'at', v.changed_at,
                                           'by', subject_shown(v.changed_by, (SELECT actor_sees_subjects()))) ORDER BY v.version)
         FROM appointment_version v WHERE v.appointment_no = a.appointment_no) AS history,
        CASE WHEN COALESCE(a.ends_on > today(), true) AND actor_may_appoint(a.body_no, a.role, a.appointed_by)
            THEN '["end"]'::json ELSE '[]' END AS actions,
        subject_shown(a.created_by, (SELECT actor_sees_subjects())) AS created_by
    OFFSET 0 -- worked out once
) o;
GRANT SELECT ON appointment_shown TO medkoord_server;

-- ---- for statements: the row that a request names, or a problem; pointer says where it stood ----

CREATE FUNCTION require_body(slug text, pointer text) RETURNS smallint LANGUAGE plpgsql STABLE AS $$
DECLARE
    number smallint := (SELECT b.body_no FROM body b WHERE b.slug = require_body.slug);
BEGIN
    IF number IS NULL THEN
        PERFORM problem(CASE WHEN pointer LIKE 'query/%' THEN 'invalid_parameter' ELSE 'unknown_reference' END,
                        'There is no such body.', pointer);
    END IF;
    RETURN number;
END
$$;

CREATE FUNCTION require_person(id uuid, pointer text) RETURNS int LANGUAGE plpgsql STABLE AS $$
DECLARE
    number int := (SELECT p.person_no FROM person p WHERE p.id = require_person.id);
BEGIN
    IF number IS NULL THEN
        PERFORM problem(CASE WHEN pointer LIKE 'query/%' THEN 'invalid_parameter' ELSE 'unknown_reference' END,
                        'There is no such person.', pointer);
    END IF;
    RETURN number;
END
$$;

-- Ends with no_authority unless the caller may record what this appointer decides on seats of this role in the body.
CREATE FUNCTION require_appointing(in_body smallint, in_role text, by_appointer text, pointer text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF actor_may_appoint(in_body, in_role, by_appointer) THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', format('It takes a seat that may record what %s decides on seats of %s.', by_appointer,
        (SELECT b.slug FROM body b WHERE b.body_no = in_body)), pointer);
END
$$;

-- The statements that write are functions, so that each can answer with what has become.

CREATE FUNCTION create_appointment(person uuid, body text, role text, region text, appointed_by text, from_date date, to_date date, reason text)
RETURNS SETOF appointment_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    seated int;
    in_body smallint;
    number int;
BEGIN
    IF NOT actor_keeps_people() THEN
        PERFORM problem('no_authority', 'It takes a seat that may appoint.');
    END IF;
    seated := require_person(create_appointment.person, '/person');
    in_body := require_body(create_appointment.body, '/body');
    PERFORM require_appointing(in_body, create_appointment.role, create_appointment.appointed_by, '/appointed_by');
    IF seated = actor_person() AND NOT actor_has('admin') THEN
        PERFORM problem('no_authority', 'Nobody records an appointment of themself: somebody else has to who may.', '/person');
    END IF;
    INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from, valid_to, end_reason)
    VALUES (seated, in_body, create_appointment.role,
            CASE WHEN create_appointment.region IS NOT NULL THEN require_region(create_appointment.region, '/region') END,
            create_appointment.appointed_by, from_date, to_date, reason)
    RETURNING appointment_no INTO number;
    RETURN QUERY SELECT s.* FROM appointment_shown s WHERE s.appointment_no = number;
END
$$;

-- Ends an appointment on a day, which may lie ahead, or behind for the operator. No row: there is no such appointment.
CREATE FUNCTION end_appointment(appointment uuid, on_date date, reason text) RETURNS SETOF appointment_shown
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target appointment_shown;
    ends date := COALESCE(on_date, today());
BEGIN
    SELECT s.* INTO target FROM appointment_shown s WHERE s.id = appointment;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM require_appointing(target.body_no, target.role, target.appointed_by);
    PERFORM FROM appointment a WHERE a.appointment_no = target.appointment_no FOR UPDATE;
    SELECT s.* INTO target FROM appointment_shown s WHERE s.appointment_no = target.appointment_no; -- as it is under the lock
    IF target.ends_on <= today() THEN
        PERFORM problem('transition_not_allowed', format('It has ended on %s. Nothing is allowed.', target.ends_on));
    ELSIF ends < target.valid_from THEN
        PERFORM problem('appointment_ends_before_start', format('It begins on %s.', target.valid_from), '/on');
    ELSIF ends > target.ends_on THEN
        PERFORM problem(CASE WHEN target.ends_with = 'region' THEN 'appointment_outside_region' ELSE 'validation_failed' END,
                        format('It ends on %s already.', target.ends_on), '/on');
    END IF;
    UPDATE appointment a SET valid_to = ends, end_reason = reason WHERE a.appointment_no = target.appointment_no;
    RETURN QUERY SELECT s.* FROM appointment_shown s WHERE s.appointment_no = target.appointment_no;
END
$$;

-- ---- bodies and people as the contract shows them ----

CREATE VIEW body_shown WITH (security_invoker = true) AS
SELECT b.body_no, b.slug, b.kind, b.name, r.slug AS region, b.valid_from, b.valid_to, b.source, b.meetings_a_year,
    (SELECT json_agg(json_build_object(
         'role', s.role, 'title', s.title, 'title_da', s.title_da, 'each_region', s.each_region, 'member', s.member, 'required', s.required,
         'alone', s.alone, 'appointed_by', CASE WHEN s.appointed_by = 'region' THEN COALESCE(r.slug, 'region') ELSE s.appointed_by END,
         'must_be', s.must_be, 'must_be_da', s.must_be_da, 'region_of_role', s.region_of_role,
         'may', (SELECT COALESCE(json_agg(g.may ORDER BY g.may), '[]') FROM seat_right g WHERE g.kind = s.kind AND g.role = s.role),
         'valid_from', s.valid_from, 'valid_to', s.valid_to, 'source', s.source) ORDER BY s.rule_no)
     FROM seat_rule s WHERE s.kind = b.kind) AS rules,
    b.changed_at, b.version
FROM body b LEFT JOIN region r ON r.region_no = b.region_no;
GRANT SELECT ON body_shown TO medkoord_server;

CREATE FUNCTION update_body(body text, if_match text, changes jsonb) RETURNS SETOF body_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target body;
BEGIN
    SELECT b.* INTO target FROM body b WHERE b.slug = update_body.body FOR UPDATE;
    IF FOUND AND require_match(if_match, target.version::text) THEN
        UPDATE body b SET name = COALESCE(changes ->> 'name', b.name) WHERE b.body_no = target.body_no;
        RETURN QUERY SELECT s.* FROM body_shown s WHERE s.body_no = target.body_no;
    END IF;
END
$$;

-- Contact details are for those whom the policy lets see them.
CREATE VIEW person_shown WITH (security_invoker = true) AS
SELECT p.person_no, p.id, p.name, o.subject,
    CASE WHEN c.person_no IS NOT NULL THEN json_build_object(
        'organisation', c.organisation, 'title', c.title, 'email', c.email, 'phone', c.phone, 'changed_at', c.changed_at) END AS contact,
    p.changed_at, concat(p.version, '-', c.version, CASE WHEN o.subject IS NOT NULL THEN 's' END) AS etag
FROM person p
LEFT JOIN person_contact c ON c.person_no = p.person_no
CROSS JOIN LATERAL (SELECT subject_shown(p.subject, (SELECT actor_sees_subjects())) AS subject) o;
GRANT SELECT ON person_shown TO medkoord_server;

CREATE FUNCTION create_person(name text, subject text) RETURNS SETOF person_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    number int;
BEGIN
    IF NOT actor_keeps_people() THEN
        PERFORM problem('no_authority', 'It takes a seat that may appoint.');
    END IF;
    INSERT INTO person (name, subject) VALUES (create_person.name, create_person.subject) RETURNING person_no INTO number;
    RETURN QUERY SELECT s.* FROM person_shown s WHERE s.person_no = number;
END
$$;

-- True when the caller may change this person's name and contact details.
CREATE FUNCTION require_person_access(person_no int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF actor_keeps_people() OR person_no = actor_person() THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', 'It takes to be this person, or a seat that may appoint.');
END
$$;

CREATE FUNCTION update_person(person uuid, if_match text, changes jsonb) RETURNS SETOF person_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    number int := (SELECT p.person_no FROM person p WHERE p.id = update_person.person);
BEGIN
    IF number IS NULL THEN
        RETURN;
    END IF;
    UPDATE person p SET name = COALESCE(changes ->> 'name', p.name),
        subject = CASE WHEN changes ? 'subject' THEN changes ->> 'subject' ELSE p.subject END
    WHERE p.person_no = number AND require_match(split_part(if_match, '-', 1), p.version::text);
    IF NOT FOUND AND require_person_access(number) THEN -- the policy let nothing through, and would now: once more
        RAISE EXCEPTION 'access to a person came in between' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN QUERY SELECT s.* FROM person_shown s WHERE s.person_no = number;
END
$$;

-- Contact details go for good: they stand in this one row and nowhere else.
CREATE FUNCTION erase_contact(person uuid, if_match text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number int := (SELECT p.person_no FROM person p WHERE p.id = erase_contact.person);
    target person_contact;
BEGIN
    IF number IS NOT NULL THEN
        PERFORM require_person_access(number);
        SELECT c.* INTO target FROM person_contact c WHERE c.person_no = number FOR UPDATE;
    END IF;
    IF target.person_no IS NULL THEN
        PERFORM problem('not_found', 'There are no contact details.');
    END IF;
    PERFORM require_match(if_match, target.version::text);
    DELETE FROM person_contact c WHERE c.person_no = number;
    RETURN true;
END
$$;

-- Everything about one person is for the person, the operator and auditors.
CREATE FUNCTION require_personal_data(person_no int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF person_no = actor_person() OR actor_has('admin', 'auditor') THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', 'It takes to be this person, the operator or an auditor.');
END
$$;

-- Where a person's subject stands as the one who did something: table, column and how many rows. The same whoever asks, so as the owner;
-- where the owner does not see every row, it sees these by a policy of its own.
CREATE FUNCTION traced_subject() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('medkoord.traced_subject', true), '');
CREATE POLICY idempotency_key_traced ON idempotency_key FOR SELECT TO medkoord_owner USING (subject = (SELECT traced_subject()));
CREATE POLICY consumption_delivery_traced ON consumption_delivery FOR SELECT TO medkoord_owner
    USING ((SELECT traced_subject()) IN (announced_by, accepted_by, withdrawn_by));
CREATE POLICY divergence_measure_traced ON divergence_measure FOR SELECT TO medkoord_owner USING (created_by = (SELECT traced_subject()));
CREATE POLICY divergence_snapshot_traced ON divergence_snapshot FOR SELECT TO medkoord_owner USING (created_by = (SELECT traced_subject()));
CREATE POLICY person_contact_traced ON person_contact FOR SELECT TO medkoord_owner USING (changed_by = (SELECT traced_subject()));

CREATE FUNCTION subject_traces(of_person int) RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
DECLARE
    found_in record;
    rows bigint;
    traces jsonb := '[]';
BEGIN
    PERFORM require_personal_data(of_person);
    PERFORM set_config('medkoord.traced_subject', (SELECT p.subject FROM person p WHERE p.person_no = of_person), true);
    FOR found_in IN
        SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.atttypid = 'text'::regtype
            AND (a.attname = 'subject' OR a.attname LIKE '%\_by') AND a.attname <> 'appointed_by'
        ORDER BY c.relname, a.attname
    LOOP
        EXECUTE format('SELECT count(*) FROM %I WHERE %I = traced_subject()', found_in.relname, found_in.attname) INTO rows;
        IF rows > 0 THEN
            traces := traces || jsonb_build_object('table', found_in.relname, 'column', found_in.attname, 'rows', rows);
        END IF;
    END LOOP;
    PERFORM set_config('medkoord.traced_subject', '', true);
    RETURN traces;
END
$$;

-- ---- who am I ----

-- Body by body, what the caller may do today: by the seats held or as the operator, and for which appointers appointments may be recorded.
CREATE FUNCTION actor_rights() RETURNS TABLE (body_no smallint, may json, appoint_for json)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    day date := today();
BEGIN
    RETURN QUERY
    SELECT b.body_no, r.may, f.appoint_for
    FROM body b
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(DISTINCT g.may ORDER BY g.may), '[]') AS may
        FROM (SELECT r.may FROM actor_seats(day) s, unnest(s.allows) AS r (may) WHERE s.body_no = b.body_no
              UNION ALL SELECT o.may FROM unnest('{appoint,keep_people}'::text[]) AS o (may) WHERE actor_has('admin')) g
    ) r
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(a.appointer ORDER BY a.appointer), '[]') AS appoint_for
        FROM (SELECT DISTINCT x.appointer
              FROM seat_rule s
              LEFT JOIN region g ON s.appointed_by = 'region' AND (g.valid_to > day OR g.valid_to IS NULL)
                  AND (b.region_no IS NULL OR g.region_no = b.region_no)
              CROSS JOIN LATERAL (SELECT CASE WHEN s.appointed_by = 'region' THEN g.slug ELSE s.appointed_by END AS appointer) x
              WHERE s.kind = b.kind AND (s.valid_to > day OR s.valid_to IS NULL) AND actor_may_appoint(b.body_no, s.role, x.appointer)) a
        WHERE actor_keeps_people()
    ) f
    WHERE (b.valid_to > day OR b.valid_to IS NULL) AND (json_array_length(r.may) > 0 OR json_array_length(f.appoint_for) > 0);
END
$$;

-- ---- the roster of a day ----

-- Every seat that the rules and the regions in force on the day make, with who sits in it.
CREATE FUNCTION roster_seats(of_body smallint, on_date date)
RETURNS TABLE (seat_no bigint, role text, title text, title_da text, region_no smallint, region text, region_name text, member boolean,
    required boolean, status text, alone boolean, appointed_by text, appointer text, appointer_da text, must_hold_kind text, must_hold_role text,
    must_be text, must_be_da text, region_of_role text, appointments json)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH seated AS MATERIALIZED (
        SELECT a.role, a.seat_region_no, count(*) AS holders,
            json_agg(json_build_object('id', a.id, 'person', p.id, 'name', p.name, 'region', r.slug, 'appointed_by', a.appointed_by,
                                       'from', a.valid_from, 'to', a.ends_on)
                     ORDER BY a.valid_from, a.appointment_no) AS appointments
        FROM appointment a
        JOIN person p ON p.person_no = a.person_no
        LEFT JOIN region r ON r.region_no = a.region_no
        WHERE a.body_no = of_body AND daterange(a.valid_from, a.ends_on) @> on_date
        GROUP BY a.role, a.seat_region_no
    )
    SELECT row_number() OVER (ORDER BY s.rule_no, g.region_no), s.role, s.title, s.title_da, g.region_no, g.slug, g.name, s.member,
        s.required, CASE WHEN h.holders IS NULL THEN 'vacant' WHEN s.alone AND h.holders > 1 THEN 'overfilled' ELSE 'filled' END,
        s.alone, COALESCE(ar.slug, s.appointed_by), COALESCE(ar.name, ap.name), COALESCE(ar.name, ap.name_da), s.must_hold_kind,
        s.must_hold_role, s.must_be, s.must_be_da, s.region_of_role, COALESCE(h.appointments, '[]')
    FROM body b
    JOIN seat_rule s ON s.kind = b.kind AND daterange(s.valid_from, s.valid_to) @> on_date
    JOIN appointer ap ON ap.appointer = s.appointed_by
    LEFT JOIN region g ON s.each_region AND daterange(g.valid_from, g.valid_to) @> on_date
    LEFT JOIN region ar ON s.appointed_by = 'region' AND ar.region_no = COALESCE(g.region_no, b.region_no)
    LEFT JOIN seated h ON h.role = s.role AND h.seat_region_no = COALESCE(g.region_no, 0)
    WHERE b.body_no = of_body AND daterange(b.valid_from, b.valid_to) @> on_date AND s.each_region = (g.region_no IS NOT NULL)
    ORDER BY 1;
END
$$;

-- What the terms of reference ask for and the roster of the day does not have. A remark is what they only prefer.
CREATE FUNCTION roster_findings(of_body smallint, on_date date)
RETURNS TABLE (code text, severity text, role text, region text, persons json, must_appoint text, detail text, detail_da text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH seat AS MATERIALIZED (
        SELECT s.*, concat_ws(', ', s.title, s.region_name) AS called, concat_ws(', ', s.title_da, s.region_name) AS called_da
        FROM roster_seats(of_body, on_date) s
    ), holder AS MATERIALIZED (
        SELECT s.seat_no, p.person_no, h.j ->> 'name' AS name, json_build_object('id', h.j -> 'person', 'name', h.j -> 'name') AS person,
            of_day.region_no, of_day.slug, of_day.name AS region_name
        FROM seat s
        CROSS JOIN LATERAL json_array_elements(s.appointments) AS h (j)
        JOIN person p ON p.id = (h.j ->> 'person')::uuid
        LEFT JOIN region r ON r.slug = h.j ->> 'region'
        LEFT JOIN region of_day ON of_day.region_no = region_on(r.region_no, on_date)
    )
    SELECT f.code, f.severity, f.role, f.region, f.persons, f.must_appoint, f.detail, f.detail_da FROM (
        -- vacant ever since the region, or the region's committee, was succeeded: nobody ended those appointments
        SELECT 1 AS rank, s.seat_no, 'appointment_ended_with_region' AS code, CASE WHEN s.required THEN 'deviation' ELSE 'remark' END AS severity,
            s.role, s.region, json_agg(json_build_object('id', p.id, 'name', p.name) ORDER BY r.name, p.name) AS persons,
            s.appointed_by AS must_appoint,
            format('The appointment of %s (%s, %s) ended on %s with the region. %s must appoint.', string_agg(p.name, ', ' ORDER BY r.name, p.name),
                   s.title, string_agg(DISTINCT r.name, ', '), min(r.valid_to), s.appointer) AS detail,
            format('Udpegningen af %s (%s, %s) ophørte den %s sammen med regionen. %s skal udpege.', string_agg(p.name, ', ' ORDER BY r.name, p.name),
                   s.title_da, string_agg(DISTINCT r.name, ', '), to_char(min(r.valid_to), 'DD-MM-YYYY'), s.appointer_da) AS detail_da
        FROM seat s
        JOIN body b ON b.body_no = of_body
        JOIN region r ON r.valid_to <= on_date AND region_on(r.region_no, on_date) = COALESCE(s.region_no, b.region_no)
        JOIN body was ON was.kind = b.kind AND was.region_no IS NOT DISTINCT FROM CASE WHEN b.region_no IS NOT NULL THEN r.region_no END
        JOIN appointment a ON a.body_no = was.body_no AND daterange(a.valid_from, a.ends_on) @> r.valid_to - 1
            AND (a.valid_to > r.valid_to OR a.valid_to IS NULL)
            AND a.role = s.role AND a.seat_region_no = CASE WHEN s.region_no IS NULL THEN 0 ELSE r.region_no END
        JOIN person p ON p.person_no = a.person_no
        WHERE s.status = 'vacant' AND NOT EXISTS (
            SELECT FROM appointment n WHERE n.body_no = of_body AND n.role = s.role AND n.seat_region_no = COALESCE(s.region_no, 0)
                AND daterange(n.valid_from, n.ends_on) && daterange(r.valid_to, on_date))
        GROUP BY s.seat_no, s.required, s.role, s.region, s.title, s.title_da, s.appointed_by, s.appointer, s.appointer_da
        UNION ALL
        SELECT 2, s.seat_no, 'seat_vacant', 'deviation', s.role, s.region, '[]', s.appointed_by,
            format('Vacant: %s. To be appointed by %s.', s.called, s.appointer),
            format('Ubesat: %s. Udpeges af %s.', s.called_da, s.appointer_da)
        FROM seat s WHERE s.required AND s.status = 'vacant'
        UNION ALL
        SELECT 3, s.seat_no, 'seat_overfilled', 'deviation', s.role, s.region, json_agg(h.person), s.appointed_by,
            format('%s hold one seat: %s.', string_agg(h.name, ', '), s.called),
            format('%s har samme plads: %s.', string_agg(h.name, ', '), s.called_da)
        FROM seat s JOIN holder h ON h.seat_no = s.seat_no
        WHERE s.status = 'overfilled'
        GROUP BY s.seat_no, s.role, s.region, s.appointed_by, s.called, s.called_da
        UNION ALL
        -- a chair of the steering group who is no health director; a chair in the forum who does not chair the region's committee
        SELECT 4, s.seat_no, 'holder_not_qualified', 'deviation', s.role, s.region, json_build_array(h.person), s.appointed_by,
            format('%s (%s) is not %s.', h.name, s.called, s.must_be), format('%s (%s) er ikke %s.', h.name, s.called_da, s.must_be_da)
        FROM seat s JOIN holder h ON h.seat_no = s.seat_no
        WHERE s.must_hold_role IS NOT NULL AND NOT EXISTS (
            SELECT FROM seats_held(h.person_no, on_date) o
            WHERE o.kind = s.must_hold_kind AND o.role = s.must_hold_role AND (s.region_no IS NULL OR o.region_no = s.region_no))
        UNION ALL
        -- T1 5: the secretariat is run by one region ...
        SELECT 5, s.seat_no, 'seat_in_several_regions', 'deviation', s.role, s.region, json_agg(h.person), s.appointed_by,
            format('The %s is in several regions: %s.', s.called, string_agg(DISTINCT h.region_name, ', ')),
            format('%s ligger i flere regioner: %s.', initcap(s.called_da), string_agg(DISTINCT h.region_name, ', '))
        FROM seat s JOIN holder h ON h.seat_no = s.seat_no
        WHERE s.region_of_role IS NOT NULL
        GROUP BY s.seat_no, s.role, s.region, s.appointed_by, s.called, s.called_da
        HAVING count(DISTINCT h.region_no) > 1
        UNION ALL
        -- ... preferably the one that the chair comes from
        SELECT 6, s.seat_no, 'seat_in_other_region', 'remark', s.role, h.slug, json_agg(h.person), s.appointed_by,
            format('The %s is in %s, the %s comes from %s.', s.called, h.region_name, c.title, ch.region_name),
            format('%s ligger i %s, %s kommer fra %s.', initcap(s.called_da), h.region_name, c.title_da, ch.region_name)
        FROM seat s JOIN holder h ON h.seat_no = s.seat_no
        JOIN seat c ON c.role = s.region_of_role JOIN holder ch ON ch.seat_no = c.seat_no
        WHERE h.region_no <> ch.region_no
        GROUP BY s.seat_no, s.role, s.appointed_by, s.called, s.called_da, h.slug, h.region_name, c.title, c.title_da, ch.region_name
    ) f
    ORDER BY f.seat_no, f.rank, f.region;
END
$$;

GRANT EXECUTE ON FUNCTION is_one_line(text), actor_person(), seats_held(int, date), actor_seats(date),
    body_successor(smallint, date), actor_may(text, smallint), actor_bodies(text[]), require_authority(text, smallint),
    actor_may_appoint(smallint, text, text), actor_keeps_people(), actor_colleagues(), require_body(text, text),
    require_person(uuid, text), require_appointing(smallint, text, text, text), actor_sees_subjects(),
    subject_shown(text, boolean), create_appointment(uuid, text, text, text, text, date, date, text),
    end_appointment(uuid, date, text), update_body(text, text, jsonb), create_person(text, text), require_person_access(int),
    update_person(uuid, text, jsonb), erase_contact(uuid, text), require_personal_data(int), subject_traces(int),
    actor_rights(), roster_seats(smallint, date), roster_findings(smallint, date) TO medkoord_server;
