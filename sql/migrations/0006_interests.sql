-- Interests that people declare, the matters that bodies deal with and whom they concern, recusals and waivers (habilitet).
-- Neither of the terms of reference tells how; who declares, who sees and who decides is the house's own rule.
-- SPDX-License-Identifier: MPL-2.0

-- ---- parties: a company, a drug, a project, an institution ----

-- Two names, or two identifiers, are the same when these are: upper and lower case, spaces and Unicode's spellings aside. Letters are
-- kept: å is not aa. NULL: nothing but spaces. ICU, because what lower() makes of Ø must not depend on the cluster's locale.
CREATE FUNCTION party_key(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN NULLIF(lower(btrim(regexp_replace(normalize(name, NFKC), '\s+', ' ', 'g')) COLLATE "und-x-icu"), '');

-- What the parties of a matter are known by: the kind, and after = the name, after # the identifier.
CREATE FUNCTION party_keys(parties jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(SELECT k.key FROM jsonb_array_elements(parties) AS p (party)
    CROSS JOIN LATERAL (VALUES (p.party ->> 'kind' || '=' || party_key(p.party ->> 'name')),
                               (p.party ->> 'kind' || '#' || party_key(p.party ->> 'identifier'))) AS k (key)
    WHERE k.key IS NOT NULL);

-- Eight digits, weighted 2 7 6 5 4 3 2 1, sum divisible by 11.
CREATE FUNCTION cvr_number_valid(cvr text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN cvr ~ '^[1-9][0-9]{7}$'
    THEN (SELECT sum(d.digit::int * ('{2,7,6,5,4,3,2,1}'::int[])[d.n::int]) % 11 = 0
          FROM string_to_table(cvr, NULL) WITH ORDINALITY AS d (digit, n))
    ELSE false END;

-- What is wrong with a party, as problems() takes it; pointer is that of the object it stands in.
CREATE FUNCTION party_faults(kind text, name text, identifier text, pointer text, name_at text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    faults jsonb := '[]';
BEGIN
    IF name IS NULL AND identifier IS NULL THEN
        faults := faults || jsonb_build_object('code', 'validation_failed', 'detail', 'A party has a name or an identifier.', 'pointer', pointer || name_at);
    ELSIF name IS NOT NULL AND medkoord.party_key(name) IS NULL THEN
        faults := faults || jsonb_build_object('code', 'validation_failed', 'detail', 'A name of spaces is none.', 'pointer', pointer || name_at);
    END IF;
    IF identifier IS NOT NULL AND medkoord.party_key(identifier) IS NULL THEN
        faults := faults || jsonb_build_object('code', 'validation_failed', 'detail', 'An identifier of spaces is none.',
                                               'pointer', pointer || '/identifier');
    ELSIF kind = 'company' AND NOT medkoord.cvr_number_valid(identifier) THEN
        faults := faults || jsonb_build_object('code', 'cvr_number_not_valid', 'pointer', pointer || '/identifier',
            'detail', 'The identifier of a company is its CVR number: eight digits, the last of which checks the others.');
    ELSIF kind = 'drug' AND identifier IS NOT NULL AND medkoord.atc_level(identifier) IS NULL THEN
        faults := faults || jsonb_build_object('code', 'atc_code_not_valid', 'pointer', pointer || '/identifier',
            'detail', 'The identifier of a drug is its ATC code.');
    END IF;
    RETURN faults;
END
$$;

-- ---- who sits where, and whose interests the caller sees ----

-- Everybody who holds a seat of the body on a day; as seats_held(), from the other side. As the owner, as are those below that ask of
-- others: by the index of the day, from which a policy would keep them.
CREATE FUNCTION people_seated(in_body smallint, on_date date) RETURNS TABLE (person_no int, role text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT a.person_no, a.role FROM appointment a WHERE a.body_no = in_body AND daterange(a.valid_from, a.ends_on) @> on_date;
END
$$;

-- Those of them who decide on recusals: the chair; where there is none, all.
CREATE FUNCTION deciders(in_body smallint) RETURNS int[] LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
DECLARE
    day date := today();
BEGIN
    RETURN ARRAY(SELECT DISTINCT s.person_no FROM people_seated(in_body, day) s
                 JOIN body b ON b.body_no = in_body
                 JOIN seat_right g ON g.kind = b.kind AND g.role = s.role AND g.may = 'recuse');
END
$$;

-- Everybody who sits in these bodies on a day by somebody else's record than the caller's. Whoever records appointments could else
-- seat anybody, see or write what is theirs, and end it on the same day.
CREATE FUNCTION seated_by_others(bodies smallint[], on_date date) RETURNS int[] LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT a.person_no FROM appointment a
                 WHERE a.body_no = ANY (bodies) AND daterange(a.valid_from, a.ends_on) @> on_date AND a.created_by <> actor_subject());
END
$$;

-- Oneself, and everybody who sits today, by somebody else's record, in a body where a seat of the caller's allows any of these:
-- 'recuse' and 'appoint' to see interests (chair and secretariat), 'recuse' to write them (the chair).
-- Never NULL and without NULL: `= ANY` of it is true or false.
CREATE FUNCTION actor_oversees(VARIADIC may text[]) RETURNS int[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    me int := medkoord.actor_person();
BEGIN
    IF me IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN me || medkoord.seated_by_others(medkoord.actor_bodies(VARIADIC may), medkoord.today());
END
$$;

-- The bodies where the caller stands in for a chair who cannot decide: as one of those who appoint the chairs, the regional health
-- directors (the forum's for the regions jointly, a committee's for its region), or as the operator.
CREATE FUNCTION actor_stands_in() RETURNS smallint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    day date := medkoord.today();
BEGIN
    RETURN ARRAY(SELECT b.body_no FROM medkoord.body b WHERE medkoord.actor_has('admin') OR EXISTS (
        SELECT FROM medkoord.actor_seats(day) s
        WHERE s.kind = 'health_directors' AND (b.region_no = s.region_no OR b.region_no IS NULL)));
END
$$;

-- ---- interests ----

-- A tie that somebody has. Never deleted: ended, with a reason.
CREATE TABLE interest (
    interest_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    person_no int NOT NULL,
    kind text NOT NULL,
    party text NOT NULL,      -- the name of the company, drug, project or institution
    identifier text NULL,     -- of a company its CVR number, of a drug its ATC code, of others what they are filed under
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (kind || '=' || party_key(party)) STORED,        -- as party_keys()
    identifier_key text COLLATE "C" NULL GENERATED ALWAYS AS (kind || '#' || party_key(identifier)) STORED, -- as party_keys()
    tie text NOT NULL,        -- what the tie is
    valid_from date NOT NULL,
    valid_to date NULL, -- valid_from: it never came to be
    -- The days that count in matters, that of its end among them: from what is registered by then, nobody ends a recusal away.
    recuses daterange NOT NULL GENERATED ALWAYS AS
        (CASE WHEN valid_to = valid_from THEN 'empty' ELSE daterange(valid_from, valid_to, '[]') END) STORED,
    end_reason text NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT interest_pkey PRIMARY KEY (interest_no),
    CONSTRAINT interest_id_unique UNIQUE (id),
    CONSTRAINT interest_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT interest_kind_known CHECK (kind IN ('company', 'drug', 'project', 'institution')),
    CONSTRAINT interest_party_length CHECK (length(party) BETWEEN 1 AND 200),
    CONSTRAINT interest_identifier_length CHECK (length(identifier) BETWEEN 1 AND 64),
    CONSTRAINT interest_tie_length CHECK (length(tie) BETWEEN 1 AND 500),
    CONSTRAINT interest_ends_after_start CHECK (valid_to >= valid_from),
    CONSTRAINT interest_end_reason_length CHECK (length(end_reason) BETWEEN 1 AND 500),
    -- The same tie twice in the same time: the later COMMIT waits for the first and is refused.
    CONSTRAINT interest_declared_already EXCLUDE USING gist
        (person_no WITH =, md5(kind || E'\x1f' || party_key(party) || E'\x1f' || party_key(tie)) WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX interest_by_person ON interest (person_no, interest_no);
-- Whom a matter's parties concern, however many interests there are.
CREATE INDEX interest_by_name ON interest (name_key, person_no);
CREATE INDEX interest_by_identifier ON interest (identifier_key, person_no);
CREATE TRIGGER interest_stamp BEFORE INSERT OR UPDATE ON interest FOR EACH ROW EXECUTE FUNCTION stamp_change();

-- Every version there has been, the present one too. Rows are only added, by the trigger below.
CREATE TABLE interest_version (
    interest_no int NOT NULL,
    version int NOT NULL,
    person_no int NOT NULL,
    valid_to date NULL,
    end_reason text NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT interest_version_pkey PRIMARY KEY (interest_no, version),
    CONSTRAINT interest_version_interest_fkey FOREIGN KEY (interest_no) REFERENCES interest (interest_no)
);

ALTER TABLE interest ENABLE ROW LEVEL SECURITY;
ALTER TABLE interest FORCE ROW LEVEL SECURITY;
ALTER TABLE interest_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE interest_version FORCE ROW LEVEL SECURITY;
-- For recusal_grounds() and keep_interest_version(), which run as the owner.
CREATE POLICY interest_of_owner ON interest FOR SELECT TO medkoord_owner USING (true);
CREATE POLICY interest_version_of_owner ON interest_version FOR INSERT TO medkoord_owner WITH CHECK (true);
CREATE POLICY interest_version_traced ON interest_version FOR SELECT TO medkoord_owner USING (changed_by = (SELECT traced_subject()));
CREATE POLICY interest_read ON interest FOR SELECT TO medkoord_server
    USING (person_no = ANY ((SELECT actor_oversees('recuse', 'appoint'))::int[]) OR (SELECT actor_has('auditor', 'admin')));
CREATE POLICY interest_insert ON interest FOR INSERT TO medkoord_server
    WITH CHECK (person_no = ANY ((SELECT actor_oversees('recuse'))::int[]));
CREATE POLICY interest_update ON interest FOR UPDATE TO medkoord_server
    USING (person_no = ANY ((SELECT actor_oversees('recuse'))::int[]));
CREATE POLICY interest_version_read ON interest_version FOR SELECT TO medkoord_server
    USING (person_no = ANY ((SELECT actor_oversees('recuse', 'appoint'))::int[]) OR (SELECT actor_has('auditor', 'admin')));
GRANT SELECT, INSERT (person_no, kind, party, identifier, tie, valid_from, valid_to), UPDATE (valid_to, end_reason) ON interest
    TO medkoord_server;
GRANT SELECT ON interest_version TO medkoord_server;

CREATE FUNCTION check_interest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    faults jsonb := medkoord.party_faults(NEW.kind, NEW.party, NEW.identifier, '', '/party');
    most CONSTANT int := 500;
BEGIN
    IF NEW.valid_to <= NEW.valid_from THEN
        faults := faults || jsonb_build_object('code', 'interest_ends_before_start', 'detail', 'It ends before it has begun.', 'pointer', '/to');
    END IF;
    IF medkoord.party_key(NEW.tie) IS NULL THEN
        faults := faults || jsonb_build_object('code', 'validation_failed', 'detail', 'Say what the tie is.', 'pointer', '/tie');
    END IF;
    IF faults <> '[]' THEN
        PERFORM medkoord.problems(faults);
    END IF;
    -- Two at the same time: the second waits here for the first, and then counts it.
    PERFORM pg_advisory_xact_lock(7090862, NEW.person_no);
    IF (SELECT count(*) FROM medkoord.interest i
        WHERE i.person_no = NEW.person_no AND (i.valid_to > medkoord.today() OR i.valid_to IS NULL)) >= most THEN
        PERFORM medkoord.problem('too_many_interests', format('%s interests of the person have not ended.', most));
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER interest_check BEFORE INSERT ON interest FOR EACH ROW EXECUTE FUNCTION check_interest();

-- An end never lies behind: what somebody is recused from is for the chair to waive.
CREATE FUNCTION check_interest_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    day date := medkoord.today();
BEGIN
    IF OLD.valid_to <= GREATEST(OLD.valid_from, day) THEN
        PERFORM medkoord.problem('transition_not_allowed', format('It has ended on %s. Nothing is allowed.', OLD.valid_to));
    ELSIF NEW.valid_to < OLD.valid_from OR NEW.valid_to = OLD.valid_from AND OLD.valid_from <= day THEN
        PERFORM medkoord.problem('interest_ends_before_start', format('It begins on %s.', OLD.valid_from), '/on');
    ELSIF NEW.valid_to < day THEN
        PERFORM medkoord.problem('validation_failed', 'It ends today at the earliest.', '/on');
    ELSIF COALESCE(NEW.valid_to, 'infinity') > OLD.valid_to THEN
        PERFORM medkoord.problem('validation_failed', format('It ends on %s already. What lasts longer is declared anew.', OLD.valid_to), '/on');
    ELSIF medkoord.party_key(NEW.end_reason) IS NULL THEN
        PERFORM medkoord.problem('validation_failed', 'Say why.', '/reason');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER interest_check_end BEFORE UPDATE ON interest FOR EACH ROW EXECUTE FUNCTION check_interest_end();

-- As the owner: the server itself may not write versions.
CREATE FUNCTION keep_interest_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
BEGIN
    INSERT INTO interest_version (interest_no, version, person_no, valid_to, end_reason, changed_at, changed_by)
    VALUES (NEW.interest_no, NEW.version, NEW.person_no, NEW.valid_to, NEW.end_reason, NEW.changed_at, NEW.changed_by);
    RETURN NULL;
END
$$;
CREATE TRIGGER interest_keep_version AFTER INSERT OR UPDATE ON interest FOR EACH ROW EXECUTE FUNCTION keep_interest_version();

-- Interests as the contract shows them (schemas/Interest.yaml), with their keys.
CREATE VIEW interest_shown WITH (security_invoker = true) AS
SELECT i.interest_no, i.person_no, i.id, p.id AS person, p.name, i.kind, i.party, i.identifier, i.tie, i.valid_from, i.valid_to,
    i.end_reason,
    (SELECT json_agg(json_build_object('action', CASE v.version WHEN 1 THEN 'declare' ELSE 'end' END, 'to', v.valid_to,
                                       'reason', v.end_reason, 'at', v.changed_at, 'by', v.changed_by) ORDER BY v.version)
     FROM interest_version v WHERE v.interest_no = i.interest_no) AS history,
    CASE WHEN o.open THEN '["end"]'::json ELSE '[]' END AS actions, i.changed_at,
    concat(i.version, '-', p.version, CASE WHEN o.open THEN 'a' END) AS etag
FROM interest i
JOIN person p ON p.person_no = i.person_no
CROSS JOIN LATERAL (SELECT COALESCE(i.valid_to > GREATEST(i.valid_from, today()), true)
                           AND i.person_no = ANY ((SELECT actor_oversees('recuse'))::int[]) AS open) o;
GRANT SELECT ON interest_shown TO medkoord_server;

-- A page of a list of interests, the newest first. Whose they may be is worked out before any row is read: how long it takes tells
-- nothing of the others'.
CREATE FUNCTION interests_page(of_person uuid, of_kind text, on_date date, before int, page bigint) RETURNS SETOF interest_shown
LANGUAGE plpgsql STABLE AS $$
DECLARE
    reads_all boolean := actor_has('auditor', 'admin');
    people int[] := actor_oversees('recuse', 'appoint');
    number int;
BEGIN
    IF of_person IS NOT NULL THEN
        number := (SELECT p.person_no FROM person p WHERE p.id = of_person);
        people := CASE WHEN reads_all OR number = ANY (people) THEN ARRAY[number] ELSE '{}' END;
    END IF;
    IF of_person IS NULL AND reads_all THEN
        RETURN QUERY
        SELECT s.* FROM interest_shown s
        WHERE s.interest_no < before AND (of_kind IS NULL OR s.kind = of_kind)
            AND (on_date IS NULL OR daterange(s.valid_from, s.valid_to) @> on_date)
        ORDER BY s.interest_no DESC LIMIT page;
    ELSIF cardinality(people) > 0 THEN
        RETURN QUERY
        SELECT s.* FROM interest_shown s
        WHERE s.person_no = ANY (people) AND s.interest_no < before AND (of_kind IS NULL OR s.kind = of_kind)
            AND (on_date IS NULL OR daterange(s.valid_from, s.valid_to) @> on_date)
        ORDER BY s.interest_no DESC LIMIT page;
    END IF;
END
$$;

-- Ends with no_authority unless the caller writes this person's interests.
CREATE FUNCTION require_interest_access(person_no int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF person_no = ANY (actor_oversees('recuse')) THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', 'It takes to be this person, or to chair a body in which somebody else has seated the person.');
END
$$;

CREATE FUNCTION create_interest(person uuid, kind text, party text, identifier text, tie text, from_date date, to_date date)
RETURNS SETOF interest_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    of_person int := CASE WHEN create_interest.person IS NULL THEN actor_person() ELSE require_person(create_interest.person, '/person') END;
    number int;
BEGIN
    IF of_person IS NULL THEN
        PERFORM problem('unknown_reference', 'Nobody is registered with the subject of your token: say whose interest it is.', '/person');
    END IF;
    PERFORM require_interest_access(of_person);
    INSERT INTO interest (person_no, kind, party, identifier, tie, valid_from, valid_to)
    VALUES (of_person, create_interest.kind, create_interest.party, create_interest.identifier, create_interest.tie, from_date, to_date)
    RETURNING interest_no INTO number;
    RETURN QUERY SELECT s.* FROM interest_shown s WHERE s.interest_no = number;
END
$$;

-- Ends an interest on a day, today or ahead. No row: there is no such interest for the caller.
CREATE FUNCTION end_interest(interest uuid, on_date date, reason text) RETURNS SETOF interest_shown LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target interest;
BEGIN
    SELECT i.* INTO target FROM interest i WHERE i.id = end_interest.interest;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM require_interest_access(target.person_no);
    UPDATE interest i SET valid_to = COALESCE(on_date, today()), end_reason = end_interest.reason WHERE i.interest_no = target.interest_no;
    RETURN QUERY SELECT s.* FROM interest_shown s WHERE s.interest_no = target.interest_no;
END
$$;

-- ---- matters and whom they concern ----

-- What a body deals with, named as the resource that it is: a case, an application, an item of an agenda.
CREATE TABLE matter (
    matter_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    body_no smallint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    title text NOT NULL,
    parties jsonb NOT NULL, -- [{"kind", "name", "identifier"}], name or identifier or both
    keys text[] COLLATE "C" NOT NULL GENERATED ALWAYS AS (party_keys(parties)) STORED,
    registered_on date NOT NULL DEFAULT today(), -- an interest counts that has held on any day since
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT matter_pkey PRIMARY KEY (matter_no),
    CONSTRAINT matter_id_unique UNIQUE (id),
    CONSTRAINT matter_registered_already UNIQUE (body_no, kind, reference),
    CONSTRAINT matter_body_fkey FOREIGN KEY (body_no) REFERENCES body (body_no),
    CONSTRAINT matter_kind_known CHECK (kind IN ('case', 'application', 'agenda_item', 'other')),
    CONSTRAINT matter_reference_form CHECK (reference ~ '^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$'),
    CONSTRAINT matter_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT matter_parties_list CHECK (jsonb_typeof(parties) = 'array')
);
CREATE TRIGGER matter_stamp BEFORE INSERT OR UPDATE ON matter FOR EACH ROW EXECUTE FUNCTION stamp_change();

ALTER TABLE matter ENABLE ROW LEVEL SECURITY;
ALTER TABLE matter FORCE ROW LEVEL SECURITY;
CREATE POLICY matter_of_owner ON matter FOR SELECT TO medkoord_owner USING (true);
-- Those in which the caller, who appoints the chair, may have to decide: where whoever decides has an interest, or it was decided on.
CREATE FUNCTION actor_stand_in_matters() RETURNS int[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        WITH decider AS MATERIALIZED (
            SELECT b.body_no, d.person_no
            FROM unnest(actor_stands_in()) AS b (body_no) CROSS JOIN LATERAL unnest(deciders(b.body_no)) AS d (person_no)
        )
        SELECT m.matter_no
        FROM decider d
        JOIN interest i ON i.person_no = d.person_no
        CROSS JOIN LATERAL (VALUES (i.name_key), (i.identifier_key)) AS k (key)
        JOIN (SELECT m.matter_no, m.body_no, m.registered_on, unnest(m.keys) AS key FROM matter m) m
            ON m.body_no = d.body_no AND m.key = k.key
        WHERE i.recuses && daterange(m.registered_on, NULL)
        UNION
        SELECT r.matter_no FROM decider d JOIN recusal_decision r ON r.person_no = d.person_no AND r.body_no = d.body_no);
END
$$;
-- For those who sit in the body; kept by those who hold its meetings.
CREATE POLICY matter_read ON matter FOR SELECT TO medkoord_server
    USING (body_no = ANY ((SELECT actor_bodies())::smallint[]) OR (SELECT actor_has('auditor', 'admin'))
           OR matter_no = ANY ((SELECT actor_stand_in_matters())::int[]));
CREATE POLICY matter_insert ON matter FOR INSERT TO medkoord_server WITH CHECK ((SELECT actor_may('meet', body_no)));
CREATE POLICY matter_update ON matter FOR UPDATE TO medkoord_server USING ((SELECT actor_may('meet', body_no)));
GRANT SELECT, INSERT (body_no, kind, reference, title, parties), UPDATE (title, parties) ON matter TO medkoord_server;

CREATE FUNCTION check_matter() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    faults jsonb;
BEGIN
    SELECT jsonb_agg(f.fault) INTO faults
    FROM jsonb_array_elements(NEW.parties) WITH ORDINALITY AS p (party, n)
    CROSS JOIN LATERAL jsonb_array_elements(medkoord.party_faults(p.party ->> 'kind', p.party ->> 'name', p.party ->> 'identifier',
                                                                  '/parties/' || p.n - 1, '/name')) AS f (fault);
    faults := COALESCE(faults, '[]');
    IF medkoord.party_key(NEW.title) IS NULL THEN
        faults := faults || jsonb_build_object('code', 'validation_failed', 'detail', 'Say what it is about.', 'pointer', '/title');
    END IF;
    IF faults <> '[]' THEN
        PERFORM medkoord.problems(faults);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER matter_check BEFORE INSERT OR UPDATE OF title, parties ON matter FOR EACH ROW EXECUTE FUNCTION check_matter();

-- ---- recusals and waivers decided by the chair, or in the chair's place ----

-- Only added to. The last one of a person in a matter holds: `recuse` recuses whatever was waived before; `waive` lifts that, and
-- the interests known then. One that is declared later recuses again.
CREATE TABLE recusal_decision (
    decision_no int GENERATED ALWAYS AS IDENTITY,
    matter_no int NOT NULL,
    body_no smallint NOT NULL, -- the matter's
    person_no int NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    covers int[] NOT NULL, -- the interests that are waived; set by the trigger
    decided_on date NOT NULL DEFAULT today(),
    decided_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    decided_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT recusal_decision_pkey PRIMARY KEY (decision_no),
    CONSTRAINT recusal_decision_matter_fkey FOREIGN KEY (matter_no) REFERENCES matter (matter_no),
    CONSTRAINT recusal_decision_body_fkey FOREIGN KEY (body_no) REFERENCES body (body_no),
    CONSTRAINT recusal_decision_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT recusal_decision_action_known CHECK (action IN ('recuse', 'waive')),
    CONSTRAINT recusal_decision_reason_length CHECK (length(reason) BETWEEN 1 AND 500)
);
CREATE INDEX recusal_decision_by_matter ON recusal_decision (matter_no, person_no, decision_no);
CREATE INDEX recusal_decision_by_person ON recusal_decision (person_no);

ALTER TABLE recusal_decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE recusal_decision FORCE ROW LEVEL SECURITY;
CREATE POLICY recusal_decision_of_owner ON recusal_decision FOR SELECT TO medkoord_owner USING (true);
CREATE POLICY recusal_decision_read ON recusal_decision FOR SELECT TO medkoord_server
    USING (person_no = (SELECT actor_person()) OR body_no = ANY ((SELECT actor_bodies('recuse', 'appoint'))::smallint[])
           OR (SELECT actor_has('auditor', 'admin')));
CREATE POLICY recusal_decision_insert ON recusal_decision FOR INSERT TO medkoord_server
    WITH CHECK (body_no = ANY ((SELECT actor_bodies('recuse') || actor_stands_in())::smallint[]));
GRANT SELECT, INSERT (matter_no, body_no, person_no, action, reason) ON recusal_decision TO medkoord_server;

-- Why each of these people is recused from a matter in that time: an interest in one of its parties that has held on any day since it
-- was registered, or a decision. An identifier that is the same tells a party, and so does a name. Waived grounds come along. It sees
-- every interest: not for the server, which asks recused() and those below.
CREATE FUNCTION recusal_grounds(people int[], of_matter int, during daterange)
RETURNS TABLE (person_no int, waived boolean, interest_no int, ground json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target matter;
    since daterange;
BEGIN
    SELECT m.* INTO target FROM matter m WHERE m.matter_no = of_matter;
    since := daterange(LEAST(lower(during), target.registered_on), upper(during));
    RETURN QUERY
    WITH decided AS MATERIALIZED (
        SELECT DISTINCT ON (d.person_no) d.*
        FROM recusal_decision d
        WHERE d.matter_no = of_matter AND d.person_no = ANY (people) AND COALESCE(d.decided_on < upper(during), true)
        ORDER BY d.person_no, d.decision_no DESC
    )
    SELECT i.person_no, w.waived, i.interest_no,
        json_build_object('ground', 'interest', 'waived', w.waived, 'interest', i.id, 'kind', i.kind, 'party', i.party,
            'identifier', i.identifier, 'tie', i.tie,
            'matched_by', CASE WHEN i.identifier_key = ANY (target.keys) THEN 'identifier' ELSE 'name' END, 'reason', NULL)
    FROM interest i
    LEFT JOIN decided d ON d.person_no = i.person_no
    CROSS JOIN LATERAL (SELECT COALESCE(d.action = 'waive' AND i.interest_no = ANY (d.covers), false) AS waived) w
    WHERE i.person_no = ANY (people) AND (i.name_key = ANY (target.keys) OR i.identifier_key = ANY (target.keys)) AND i.recuses && since
    UNION ALL
    SELECT d.person_no, false, NULL,
        json_build_object('ground', 'decision', 'waived', false, 'interest', NULL, 'kind', NULL, 'party', NULL, 'identifier', NULL,
                          'tie', NULL, 'matched_by', NULL, 'reason', d.reason)
    FROM decided d WHERE d.action = 'recuse';
END
$$;

-- ---- what other areas ask: sql/README.md, Recusals ----

-- The matter of a body with this kind and reference; for the functions below.
CREATE FUNCTION matter_number(in_body smallint, of_kind text, of_reference text) RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    RETURN (SELECT m.matter_no FROM matter m WHERE m.body_no = in_body AND m.kind = of_kind AND m.reference = of_reference);
END
$$;

-- Whether somebody is recused from a body's matter on a day. It tells nothing else, and answers whoever asks: it stands in policies,
-- quorums and lists of who may score.
CREATE FUNCTION recused(person_no int, body_no smallint, matter_kind text, reference text, on_date date DEFAULT today())
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM recusal_grounds(ARRAY[person_no], matter_number(body_no, matter_kind, reference),
                                               daterange(on_date, on_date, '[]')) g
                   WHERE NOT g.waived);
END
$$;

-- Everybody with a seat in the body who is recused.
CREATE FUNCTION recused_people(body_no smallint, matter_kind text, reference text, on_date date DEFAULT today())
RETURNS int[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT g.person_no
        FROM recusal_grounds(ARRAY(SELECT s.person_no FROM people_seated(body_no, on_date) s),
                             matter_number(body_no, matter_kind, reference), daterange(on_date, on_date, '[]')) g
        WHERE NOT g.waived ORDER BY g.person_no);
END
$$;

-- Why, waived grounds too: a list, empty when there are none. NULL: not for this caller.
CREATE FUNCTION recusal_reasons(person_no int, body_no smallint, matter_kind text, reference text, on_date date DEFAULT today())
RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    IF COALESCE(person_no = actor_person(), false) OR actor_has('auditor', 'admin')
        OR body_no = ANY (actor_bodies('recuse', 'appoint')) AND person_no = ANY (seated_by_others(ARRAY[body_no], on_date)) THEN
        RETURN (SELECT COALESCE(json_agg(g.ground ORDER BY g.interest_no), '[]')
                FROM recusal_grounds(ARRAY[person_no], matter_number(body_no, matter_kind, reference),
                                     daterange(on_date, on_date, '[]')) g);
    END IF;
    RETURN NULL;
END
$$;

-- For statements: ends with `recused` when the caller is.
CREATE FUNCTION require_not_recused(body_no smallint, matter_kind text, reference text, on_date date DEFAULT today())
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF recused(actor_person(), body_no, matter_kind, reference, on_date) THEN
        RETURN problem('recused', format('You are recused from %s %s.', replace(matter_kind, '_', ' '), reference));
    END IF;
    RETURN true;
END
$$;

-- ---- the rules of a decision ----

-- As the owner: it sees every interest. So it asks itself who acts.
CREATE FUNCTION check_recusal_decision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
DECLARE
    target matter;
    open_grounds bigint;
    already boolean;
BEGIN
    -- Two at the same time: the second waits here for the first, and then sees what it decided, of the caller, too.
    PERFORM pg_advisory_xact_lock(7090861, NEW.matter_no);
    SELECT m.* INTO target FROM matter m WHERE m.matter_no = NEW.matter_no;
    NEW.body_no := target.body_no;
    -- Whoever stands in decides only when nobody else is left who could.
    IF NOT (NEW.body_no = ANY (actor_stands_in())
            AND deciders(NEW.body_no) <@ (NEW.person_no || recused_people(target.body_no, target.kind, target.reference))) THEN
        PERFORM require_authority('recuse', NEW.body_no);
    END IF;
    IF party_key(NEW.reason) IS NULL THEN
        PERFORM problem('validation_failed', 'Say why.', '/reason');
    END IF;
    IF NEW.action = 'waive' THEN
        IF NEW.person_no = actor_person() THEN
            PERFORM problem('own_waiver', 'Somebody else must decide on it.', '/person');
        END IF;
        PERFORM require_not_recused(target.body_no, target.kind, target.reference);
    END IF;
    IF NOT EXISTS (SELECT FROM people_seated(NEW.body_no, today()) s WHERE s.person_no = NEW.person_no) THEN
        PERFORM problem('not_in_body', 'The person holds no seat in the body today.', '/person');
    END IF;
    SELECT COALESCE(array_agg(g.interest_no) FILTER (WHERE g.interest_no IS NOT NULL), '{}'), count(*) FILTER (WHERE NOT g.waived),
        COALESCE(bool_or(g.interest_no IS NULL), false)
    INTO NEW.covers, open_grounds, already
    FROM recusal_grounds(ARRAY[NEW.person_no], NEW.matter_no, daterange(today(), NULL)) g;
    IF NEW.action = 'recuse' THEN
        NEW.covers := '{}';
        IF already THEN
            PERFORM problem('already_recused', 'That has been decided already.', '/person');
        END IF;
    ELSIF open_grounds = 0 THEN
        PERFORM problem('not_recused', 'There is nothing to waive.', '/person');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER recusal_decision_check BEFORE INSERT ON recusal_decision FOR EACH ROW EXECUTE FUNCTION check_recusal_decision();

-- ---- matters and recusals as the contract shows them ----

CREATE VIEW matter_shown WITH (security_invoker = true) AS
SELECT m.matter_no, m.body_no, m.id, b.slug AS body, m.kind, m.reference, m.title,
    (SELECT COALESCE(jsonb_agg(jsonb_build_object('kind', p.party -> 'kind', 'name', p.party -> 'name', 'identifier', p.party -> 'identifier') ORDER BY p.n), '[]')
     FROM jsonb_array_elements(m.parties) WITH ORDINALITY AS p (party, n)) AS parties,
    m.created_at, o.created_by, m.changed_at, concat(m.version, CASE WHEN o.created_by IS NOT NULL THEN '-s' END) AS etag
FROM matter m JOIN body b ON b.body_no = m.body_no
CROSS JOIN LATERAL (SELECT subject_shown(m.created_by, (SELECT actor_sees_subjects())) AS created_by) o;
GRANT SELECT ON matter_shown TO medkoord_server;

CREATE FUNCTION create_matter(body text, kind text, reference text, title text, parties jsonb) RETURNS SETOF matter_shown
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    of_body smallint := (SELECT b.body_no FROM body b WHERE b.slug = create_matter.body);
    number int;
BEGIN
    IF of_body IS NULL THEN
        PERFORM problem('unknown_reference', 'There is no such body.', '/body');
    END IF;
    PERFORM require_authority('meet', of_body);
    INSERT INTO matter (body_no, kind, reference, title, parties)
    VALUES (of_body, create_matter.kind, create_matter.reference, create_matter.title, COALESCE(create_matter.parties, '[]'))
    RETURNING matter_no INTO number;
    RETURN QUERY SELECT s.* FROM matter_shown s WHERE s.matter_no = number;
END
$$;

-- Another title, or other parties. Whoever is recused cannot take away what recuses them.
CREATE FUNCTION update_matter(matter uuid, if_match text, changes jsonb) RETURNS SETOF matter_shown LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target matter;
BEGIN
    SELECT m.* INTO target FROM matter m WHERE m.id = update_matter.matter;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM require_authority('meet', target.body_no);
    SELECT m.* INTO target FROM matter m WHERE m.matter_no = target.matter_no FOR UPDATE;
    PERFORM require_match(split_part(if_match, '-', 1), target.version::text);
    PERFORM require_not_recused(target.body_no, target.kind, target.reference);
    UPDATE matter m SET title = COALESCE(changes ->> 'title', m.title), parties = COALESCE(changes -> 'parties', m.parties)
    WHERE m.matter_no = target.matter_no;
    RETURN QUERY SELECT s.* FROM matter_shown s WHERE s.matter_no = target.matter_no;
END
$$;

-- Who of those with a seat on the day has a ground or a decision in a matter: all of them for the chair, the secretariat, whoever may
-- have to stand in, auditors and the operator; for everybody else only oneself. On days past, of those who still sit. Interests of
-- people whom the caller has seated are left out of the grounds. Ends with not_found for a matter that the caller may not see.
-- As the owner: it sees every interest, so it works out first whose it may.
CREATE FUNCTION matter_recusals(of_matter uuid, of_person uuid, on_date date)
RETURNS TABLE (person_no int, person uuid, name text, roles json, recused boolean, grounds json, decisions json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target matter;
    me int := actor_person();
    day date := COALESCE(on_date, today());
    reads_all boolean := actor_has('auditor', 'admin');
    sees_all boolean;
    people int[];
    known int[]; -- whose interests the caller may know of
    sees_subjects boolean := actor_sees_subjects();
BEGIN
    SELECT m.* INTO target FROM matter m WHERE m.id = of_matter;
    sees_all := reads_all OR target.body_no = ANY (actor_bodies('recuse', 'appoint')) OR target.matter_no = ANY (actor_stand_in_matters());
    IF target.matter_no IS NULL OR NOT (sees_all OR target.body_no = ANY (actor_bodies())) THEN
        PERFORM problem('not_found', 'There is no such matter.');
    END IF;
    people := ARRAY(SELECT s.person_no FROM people_seated(target.body_no, day) s
                    JOIN person p ON p.person_no = s.person_no
                    WHERE (sees_all OR s.person_no = me) AND (of_person IS NULL OR p.id = of_person)
                    INTERSECT SELECT s.person_no FROM people_seated(target.body_no, GREATEST(day, today())) s);
    known := CASE WHEN reads_all THEN people ELSE me || seated_by_others(ARRAY[target.body_no], GREATEST(day, today())) END;
    RETURN QUERY
    WITH ground AS MATERIALIZED (
        SELECT g.person_no, bool_or(NOT g.waived) AS recused,
            json_agg(g.ground ORDER BY g.interest_no) FILTER (WHERE g.interest_no IS NULL OR g.person_no = ANY (known)) AS grounds
        FROM recusal_grounds(people, target.matter_no, daterange(day, day, '[]')) g GROUP BY g.person_no
    ), decision AS MATERIALIZED (
        SELECT d.person_no, json_agg(json_build_object('action', d.action, 'reason', d.reason, 'at', d.decided_at,
                                                       'by', subject_shown(d.decided_by, sees_subjects))
                                     ORDER BY d.decision_no) AS decisions
        FROM recusal_decision d WHERE d.matter_no = target.matter_no AND d.person_no = ANY (people) GROUP BY d.person_no
    )
    SELECT p.person_no, p.id, p.name,
        (SELECT json_agg(DISTINCT s.role ORDER BY s.role) FROM people_seated(target.body_no, day) s WHERE s.person_no = p.person_no),
        COALESCE(g.recused, false), COALESCE(g.grounds, '[]'), COALESCE(d.decisions, '[]')
    FROM person p
    LEFT JOIN ground g ON g.person_no = p.person_no
    LEFT JOIN decision d ON d.person_no = p.person_no
    WHERE p.person_no = ANY (people) AND (of_person IS NOT NULL OR g.person_no IS NOT NULL OR d.person_no IS NOT NULL);
END
$$;

-- Recuses somebody from a matter, or waives what recuses them.
CREATE FUNCTION decide_recusal(of_matter uuid, of_person uuid, action text, reason text)
RETURNS TABLE (person_no int, person uuid, name text, roles json, recused boolean, grounds json, decisions json)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target matter;
    number int := (SELECT p.person_no FROM person p WHERE p.id = of_person);
BEGIN
    SELECT m.* INTO target FROM matter m WHERE m.id = of_matter;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF number IS NULL THEN
        PERFORM problem('unknown_reference', 'There is no such person.', '/person');
    END IF;
    INSERT INTO recusal_decision (matter_no, body_no, person_no, action, reason)
    VALUES (target.matter_no, target.body_no, number, decide_recusal.action, decide_recusal.reason);
    RETURN QUERY SELECT r.* FROM matter_recusals(of_matter, of_person, today()) r;
END
$$;

-- Everything that is kept here about one person, as far as the caller may see it; for the export of a person.
CREATE FUNCTION person_interests(of_person int) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT COALESCE(json_agg(json_build_object(
                'id', s.id, 'kind', s.kind, 'party', s.party, 'identifier', s.identifier, 'tie', s.tie, 'from', s.valid_from, 'to', s.valid_to,
                'end_reason', s.end_reason, 'history', s.history) ORDER BY s.interest_no), '[]')
            FROM interest_shown s WHERE s.person_no = of_person);
END
$$;
-- Decisions outlive the seat: the matter may no longer be there for the person, so its name comes from the owner.
CREATE FUNCTION person_recusals(of_person int) RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
BEGIN
    IF COALESCE(of_person = actor_person(), false) OR actor_has('auditor', 'admin') THEN
        RETURN (SELECT COALESCE(json_agg(json_build_object(
                    'body', b.slug, 'matter_kind', m.kind, 'reference', m.reference, 'action', d.action, 'reason', d.reason, 'at', d.decided_at,
                    'by', d.decided_by) ORDER BY d.decision_no), '[]')
                FROM recusal_decision d JOIN matter m ON m.matter_no = d.matter_no JOIN body b ON b.body_no = m.body_no
                WHERE d.person_no = of_person);
    END IF;
    RETURN '[]';
END
$$;

GRANT EXECUTE ON FUNCTION party_key(text), party_keys(jsonb), cvr_number_valid(text),
    party_faults(text, text, text, text, text), people_seated(smallint, date), seated_by_others(smallint[], date),
    actor_oversees(text[]), actor_stands_in(), interests_page(uuid, text, date, int, bigint), require_interest_access(int),
    create_interest(uuid, text, text, text, text, date, date), end_interest(uuid, date, text), actor_stand_in_matters(),
    recused(int, smallint, text, text, date), recused_people(smallint, text, text, date),
    recusal_reasons(int, smallint, text, text, date), require_not_recused(smallint, text, text, date),
    create_matter(text, text, text, text, jsonb), update_matter(uuid, text, jsonb), matter_recusals(uuid, uuid, date),
    decide_recusal(uuid, uuid, text, text), person_interests(int), person_recusals(int) TO medkoord_server;
