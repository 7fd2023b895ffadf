-- Meetings of bodies: agenda, attendance, minutes, and their calendar.
-- Sources: T1 2 and 5 of the terms of reference of the forum (31-03-2017): four meetings a year as a rule; its secretariat
-- calls them and writes agendas and minutes.
-- SPDX-License-Identifier: MPL-2.0

-- ---- what the caller may do and read, as sets of bodies: worked out once a query ----

-- Whose called meetings and approved minutes the caller may read: those of the forum and of the pool's bodies (they are there
-- for everybody who takes part), those of a body of one's own, and as auditor or operator those of all. The drug committees
-- and the health directors are others' bodies, which only lend their names here: theirs stay with their members.
CREATE FUNCTION actor_meeting_bodies() RETURNS smallint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(SELECT b.body_no FROM medkoord.body b
                 WHERE b.kind IN ('forum', 'steering_group', 'working_group') OR medkoord.actor_has('auditor', 'admin'))
        || medkoord.actor_bodies('read_draft');
END
$$;

-- What the caller is called in the register, for what keeps who did it.
CREATE FUNCTION actor_name() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT p.name FROM medkoord.person p WHERE p.subject = medkoord.actor_subject());
END
$$;

-- ---- states ----

-- What leads from one state to another, and the right that it takes.
CREATE TABLE meeting_step (
    from_state text NOT NULL,
    action text NOT NULL,
    to_state text NOT NULL,
    may text NOT NULL,
    CONSTRAINT meeting_step_pkey PRIMARY KEY (from_state, action)
);
INSERT INTO meeting_step (from_state, action, to_state, may) VALUES
    ('draft', 'call', 'called', 'meet'),
    ('called', 'hold', 'held', 'meet'),
    ('held', 'approve_minutes', 'minutes_approved', 'approve'),
    ('draft', 'cancel', 'cancelled', 'meet'),
    ('called', 'cancel', 'cancelled', 'meet');
ALTER TABLE meeting_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting_step FORCE ROW LEVEL SECURITY;
CREATE POLICY meeting_step_read ON meeting_step FOR SELECT USING (true);
GRANT SELECT ON meeting_step TO medkoord_server;

-- ---- meetings ----

-- One version for the meeting and all that belongs to it: whoever approves minutes approves them as they were read.
CREATE TABLE meeting (
    meeting_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(), -- what calendars know it by
    reference text COLLATE "C" NOT NULL,
    body_no smallint NOT NULL,
    title text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    place text NULL,
    state text NOT NULL DEFAULT 'draft',
    called_at timestamptz NULL,         -- never called: for members only, cancelled or not
    sequence int NOT NULL DEFAULT 0,    -- how often those who were called had to be told of another time or place
    open_changed_at timestamptz NOT NULL, -- when that of it last changed which is there for others than members, too
    body_name text NULL,                -- what the body was called when the minutes were approved
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT meeting_pkey PRIMARY KEY (meeting_no),
    CONSTRAINT meeting_id_unique UNIQUE (id),
    CONSTRAINT meeting_reference_unique UNIQUE (reference),
    CONSTRAINT meeting_body_fkey FOREIGN KEY (body_no) REFERENCES body (body_no),
    CONSTRAINT meeting_state_known CHECK (state IN ('draft', 'called', 'held', 'minutes_approved', 'cancelled')),
    CONSTRAINT meeting_period CHECK (ends_at > starts_at),
    CONSTRAINT meeting_time_finite CHECK (isfinite(starts_at) AND isfinite(ends_at)),
    CONSTRAINT meeting_length CHECK (ends_at <= starts_at + interval '7 days'),
    CONSTRAINT meeting_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT meeting_title_line CHECK (title ~ '[^[:space:]]' AND title !~ E'[\n\r\u0085\u2028\u2029]'),
    CONSTRAINT meeting_place_length CHECK (length(place) BETWEEN 1 AND 500)
);
CREATE INDEX meeting_by_time ON meeting (starts_at, reference);
CREATE INDEX meeting_by_body_and_time ON meeting (body_no, starts_at, reference);
ALTER TABLE meeting ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting FORCE ROW LEVEL SECURITY;
CREATE POLICY meeting_of_owner ON meeting TO medkoord_owner USING (true) WITH CHECK (true);
CREATE POLICY meeting_read ON meeting FOR SELECT TO medkoord_server
    USING (body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[])
           OR (called_at IS NOT NULL AND body_no = ANY ((SELECT actor_meeting_bodies())::smallint[])));
CREATE POLICY meeting_insert ON meeting FOR INSERT TO medkoord_server
    WITH CHECK (body_no = ANY ((SELECT actor_bodies('meet'))::smallint[]));
CREATE POLICY meeting_update ON meeting FOR UPDATE TO medkoord_server
    USING (body_no = ANY ((SELECT actor_bodies('meet', 'minute', 'approve'))::smallint[]));
GRANT SELECT, INSERT (body_no, title, starts_at, ends_at, place), UPDATE (title, starts_at, ends_at, place, open_changed_at)
    ON meeting TO medkoord_server;

-- The day in Denmark.
CREATE FUNCTION danish_day(at timestamptz) RETURNS date LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (at AT TIME ZONE 'Europe/Copenhagen')::date;
CREATE FUNCTION danish_midnight(on_date date) RETURNS timestamptz LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN on_date::timestamp AT TIME ZONE 'Europe/Copenhagen';

-- MT-2026-482913: drawn by lot. Counted ones would tell whoever sees some of them how many there are that they do not see.
CREATE FUNCTION number_meeting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    LOOP
        NEW.reference := concat('MT-', EXTRACT(year FROM today()), '-', lpad(floor(random() * 1000000)::int::text, 6, '0'));
        EXIT WHEN NOT EXISTS (SELECT FROM meeting m WHERE m.reference = NEW.reference);
    END LOOP;
    RETURN NEW;
END
$$;
CREATE TRIGGER meeting_a_number BEFORE INSERT ON meeting FOR EACH ROW EXECUTE FUNCTION number_meeting();

-- Whoever writes here, including the owner: states change by a step of the table, and only what has not been is moved.
CREATE FUNCTION check_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved boolean := true;
    shown boolean := true; -- to others than members
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.state = 'minutes_approved' THEN
            PERFORM medkoord.problem('minutes_approved', format('The minutes of %s are approved and never change.', OLD.reference));
        ELSIF NEW.state <> OLD.state AND NOT EXISTS (
            SELECT FROM medkoord.meeting_step s WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
            PERFORM medkoord.problem('transition_not_allowed', format('The meeting is %s.', OLD.state));
        END IF;
        moved := (NEW.title, NEW.starts_at, NEW.ends_at, NEW.place, NEW.body_no, NEW.reference)
            IS DISTINCT FROM (OLD.title, OLD.starts_at, OLD.ends_at, OLD.place, OLD.body_no, OLD.reference);
        IF moved AND OLD.state IN ('held', 'cancelled') THEN
            PERFORM medkoord.problem('meeting_over', format('The meeting is %s.', OLD.state));
        END IF;
        shown := moved OR NEW.state <> OLD.state OR NEW.open_changed_at <> OLD.open_changed_at;
        IF moved AND OLD.state = 'called' OR NEW.state = 'cancelled' AND OLD.state = 'called' THEN
            NEW.sequence := OLD.sequence + 1;
        END IF;
    END IF;
    IF moved AND NOT EXISTS (
        SELECT FROM medkoord.body b WHERE b.body_no = NEW.body_no
            AND daterange(b.valid_from, b.valid_to) @> medkoord.danish_day(NEW.starts_at)) THEN
        PERFORM medkoord.problem('body_not_in_force', 'The body does not exist on that day.', '/starts_at');
    END IF;
    NEW.open_changed_at := CASE WHEN shown THEN CURRENT_TIMESTAMP ELSE OLD.open_changed_at END;
    RETURN NEW;
END
$$;
CREATE TRIGGER meeting_check BEFORE INSERT OR UPDATE ON meeting FOR EACH ROW EXECUTE FUNCTION check_meeting();
CREATE TRIGGER meeting_stamp BEFORE INSERT OR UPDATE ON meeting FOR EACH ROW EXECUTE FUNCTION stamp_change();

-- ---- agenda, attendance, minutes ----

-- In their order, 1, 2, 3 ... One that is closed is there for members only, with what the minutes say of it: what is confidential
-- is dealt with in meetings that others read of.
CREATE TABLE agenda_item (
    meeting_no int NOT NULL,
    item smallint NOT NULL,
    title text NOT NULL,
    text text NULL,
    purpose text NULL,
    closed boolean NOT NULL,
    link_kind text NULL,
    link_ref text COLLATE "C" NULL,
    snapshot_no int NULL, -- the one that link_ref names: it stays for as long as the agenda cites it
    CONSTRAINT agenda_item_pkey PRIMARY KEY (meeting_no, item),
    CONSTRAINT agenda_item_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES meeting (meeting_no),
    CONSTRAINT agenda_item_snapshot_fkey FOREIGN KEY (snapshot_no) REFERENCES divergence_snapshot (snapshot_no),
    CONSTRAINT agenda_item_number CHECK (item BETWEEN 1 AND 100),
    CONSTRAINT agenda_item_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT agenda_item_title_line CHECK (title ~ '[^[:space:]]' AND title !~ E'[\n\r\u0085\u2028\u2029]'),
    CONSTRAINT agenda_item_text_length CHECK (length(text) BETWEEN 1 AND 10000),
    CONSTRAINT agenda_item_purpose_known CHECK (purpose IN ('information', 'discussion', 'decision')),
    CONSTRAINT agenda_item_link_known CHECK (link_kind IN ('case', 'snapshot', 'application', 'list')),
    CONSTRAINT agenda_item_link_whole CHECK ((link_kind IS NULL) = (link_ref IS NULL)),
    CONSTRAINT agenda_item_link_form CHECK
        (link_kind = 'snapshot' OR link_ref ~ '^[A-Z]{2}-[0-9]{4}-[0-9]{4,6}$'),
    CONSTRAINT agenda_item_link_snapshot CHECK ((snapshot_no IS NOT NULL) = COALESCE(link_kind = 'snapshot', false))
);
CREATE INDEX agenda_item_by_link ON agenda_item (link_ref);

CREATE TABLE meeting_attendance (
    meeting_no int NOT NULL,
    person_no int NOT NULL,
    attendance text NOT NULL,
    name text NULL,     -- both as of the day on which the minutes were approved: until then, as the register and the roster say
    seats text[] NULL,
    changed_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT meeting_attendance_pkey PRIMARY KEY (meeting_no, person_no),
    CONSTRAINT meeting_attendance_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES meeting (meeting_no),
    CONSTRAINT meeting_attendance_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT meeting_attendance_known CHECK (attendance IN ('present', 'apologies', 'absent')),
    CONSTRAINT meeting_attendance_frozen_whole CHECK ((name IS NULL) = (seats IS NULL))
);
CREATE INDEX meeting_attendance_by_person ON meeting_attendance (person_no);

CREATE TABLE meeting_minutes (
    meeting_no int NOT NULL,
    text text NULL,
    person_no int NULL DEFAULT actor_person(), -- who wrote them, as what they were called then
    name text NULL DEFAULT actor_name(),
    changed_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT meeting_minutes_pkey PRIMARY KEY (meeting_no),
    CONSTRAINT meeting_minutes_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES meeting (meeting_no),
    CONSTRAINT meeting_minutes_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT meeting_minutes_text_length CHECK (length(text) BETWEEN 1 AND 20000)
);
CREATE INDEX meeting_minutes_by_person ON meeting_minutes (person_no);

CREATE TABLE meeting_minutes_item (
    meeting_no int NOT NULL,
    item smallint NOT NULL,
    text text NULL,
    decision text NULL,
    CONSTRAINT meeting_minutes_item_pkey PRIMARY KEY (meeting_no, item),
    CONSTRAINT meeting_minutes_item_minutes_fkey FOREIGN KEY (meeting_no) REFERENCES meeting_minutes (meeting_no),
    CONSTRAINT meeting_minutes_item_agenda_fkey FOREIGN KEY (meeting_no, item) REFERENCES agenda_item (meeting_no, item),
    CONSTRAINT meeting_minutes_item_text_length CHECK (length(text) BETWEEN 1 AND 10000),
    CONSTRAINT meeting_minutes_item_decision_length CHECK (length(decision) BETWEEN 1 AND 4000)
);

-- Who was recused on an item when the minutes were approved. Until then that is worked out: meeting_recused().
CREATE TABLE meeting_recusal (
    meeting_no int NOT NULL,
    item smallint NOT NULL,
    person_no int NOT NULL,
    name text NOT NULL,
    CONSTRAINT meeting_recusal_pkey PRIMARY KEY (meeting_no, item, person_no),
    CONSTRAINT meeting_recusal_item_fkey FOREIGN KEY (meeting_no, item) REFERENCES agenda_item (meeting_no, item),
    CONSTRAINT meeting_recusal_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no)
);
CREATE INDEX meeting_recusal_by_person ON meeting_recusal (person_no);

-- What belongs to a meeting changes under its lock and in its time, whoever changes it: the agenda until it is held, apologies
-- from the call, who was there and the minutes once it is held, and nothing once the minutes are approved.
CREATE FUNCTION check_meeting_part() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
DECLARE
    number int := CASE WHEN TG_OP = 'DELETE' THEN OLD.meeting_no ELSE NEW.meeting_no END;
    in_state text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.meeting_no <> OLD.meeting_no THEN
        PERFORM problem('conflict', 'It belongs to another meeting.');
    END IF;
    SELECT m.state INTO in_state FROM meeting m WHERE m.meeting_no = number FOR UPDATE;
    IF in_state = 'minutes_approved' THEN
        PERFORM problem('minutes_approved', 'The minutes are approved: nothing of the meeting changes any more.');
    ELSIF in_state = 'cancelled' THEN
        PERFORM problem('meeting_over', 'The meeting is cancelled.');
    ELSIF TG_TABLE_NAME = 'agenda_item' AND in_state = 'held' THEN
        PERFORM problem('meeting_over', 'The meeting is held: its agenda stays as it was.');
    ELSIF TG_TABLE_NAME LIKE 'meeting\_minutes%' AND in_state <> 'held' THEN
        PERFORM problem('meeting_not_held', 'There are minutes once the meeting is held.');
    ELSIF TG_TABLE_NAME = 'meeting_attendance' AND in_state = 'draft' THEN
        PERFORM problem('meeting_not_held', 'The meeting has not been called yet.');
    ELSIF TG_TABLE_NAME = 'meeting_attendance' AND in_state = 'called' AND TG_OP <> 'DELETE' THEN
        IF NEW.attendance <> 'apologies' THEN
            PERFORM problem('meeting_not_held', 'Before the meeting is held there are only apologies.');
        END IF;
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER agenda_item_check BEFORE INSERT OR UPDATE OR DELETE ON agenda_item
    FOR EACH ROW EXECUTE FUNCTION check_meeting_part();
CREATE TRIGGER meeting_attendance_check BEFORE INSERT OR UPDATE OR DELETE ON meeting_attendance
    FOR EACH ROW EXECUTE FUNCTION check_meeting_part();
CREATE TRIGGER meeting_minutes_check BEFORE INSERT OR UPDATE OR DELETE ON meeting_minutes
    FOR EACH ROW EXECUTE FUNCTION check_meeting_part();
CREATE TRIGGER meeting_minutes_item_check BEFORE INSERT OR UPDATE OR DELETE ON meeting_minutes_item
    FOR EACH ROW EXECUTE FUNCTION check_meeting_part();
CREATE TRIGGER meeting_recusal_check BEFORE INSERT OR UPDATE OR DELETE ON meeting_recusal
    FOR EACH ROW EXECUTE FUNCTION check_meeting_part();

-- Somebody has been called to it: it keeps an agenda. At the end, so that one agenda can take another's place.
CREATE FUNCTION check_agenda_is_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM meeting m WHERE m.meeting_no = OLD.meeting_no AND m.state IN ('called', 'held', 'minutes_approved'))
        AND NOT EXISTS (SELECT FROM agenda_item a WHERE a.meeting_no = OLD.meeting_no) THEN
        PERFORM problem('meeting_without_agenda', 'The meeting has been called: its agenda cannot be empty.');
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER agenda_item_left AFTER DELETE ON agenda_item
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_agenda_is_left();

ALTER TABLE agenda_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE agenda_item FORCE ROW LEVEL SECURITY;
ALTER TABLE meeting_attendance ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting_attendance FORCE ROW LEVEL SECURITY;
ALTER TABLE meeting_minutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting_minutes FORCE ROW LEVEL SECURITY;
ALTER TABLE meeting_minutes_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting_minutes_item FORCE ROW LEVEL SECURITY;
ALTER TABLE meeting_recusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting_recusal FORCE ROW LEVEL SECURITY;
CREATE POLICY agenda_item_of_owner ON agenda_item TO medkoord_owner USING (true) WITH CHECK (true);
CREATE POLICY meeting_attendance_of_owner ON meeting_attendance TO medkoord_owner USING (true) WITH CHECK (true);
CREATE POLICY meeting_minutes_of_owner ON meeting_minutes TO medkoord_owner USING (true) WITH CHECK (true);
CREATE POLICY meeting_minutes_item_of_owner ON meeting_minutes_item TO medkoord_owner USING (true) WITH CHECK (true);
CREATE POLICY meeting_recusal_of_owner ON meeting_recusal TO medkoord_owner USING (true) WITH CHECK (true);

-- The policy of the meeting holds inside, too.
CREATE POLICY agenda_item_read ON agenda_item FOR SELECT TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = agenda_item.meeting_no
                   AND (NOT agenda_item.closed OR m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]))));
CREATE POLICY agenda_item_insert ON agenda_item FOR INSERT TO medkoord_server
    WITH CHECK (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = agenda_item.meeting_no
                        AND m.body_no = ANY ((SELECT actor_bodies('meet'))::smallint[])));
CREATE POLICY agenda_item_delete ON agenda_item FOR DELETE TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = agenda_item.meeting_no
                   AND m.body_no = ANY ((SELECT actor_bodies('meet'))::smallint[])));
GRANT SELECT, INSERT, DELETE ON agenda_item TO medkoord_server;
CREATE POLICY meeting_attendance_read ON meeting_attendance FOR SELECT TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_attendance.meeting_no
                   AND (m.state = 'minutes_approved' OR m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]))));
CREATE POLICY meeting_attendance_insert ON meeting_attendance FOR INSERT TO medkoord_server
    WITH CHECK (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_attendance.meeting_no
                        AND m.body_no = ANY ((SELECT actor_bodies('minute'))::smallint[])));
CREATE POLICY meeting_attendance_delete ON meeting_attendance FOR DELETE TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_attendance.meeting_no
                   AND m.body_no = ANY ((SELECT actor_bodies('minute'))::smallint[])));
GRANT SELECT, INSERT (meeting_no, person_no, attendance), DELETE ON meeting_attendance TO medkoord_server;
CREATE POLICY meeting_minutes_read ON meeting_minutes FOR SELECT TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_minutes.meeting_no
                   AND (m.state = 'minutes_approved' OR m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]))));
CREATE POLICY meeting_minutes_insert ON meeting_minutes FOR INSERT TO medkoord_server
    WITH CHECK (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_minutes.meeting_no
                        AND m.body_no = ANY ((SELECT actor_bodies('minute'))::smallint[])));
CREATE POLICY meeting_minutes_delete ON meeting_minutes FOR DELETE TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_minutes.meeting_no
                   AND m.body_no = ANY ((SELECT actor_bodies('minute'))::smallint[])));
GRANT SELECT, INSERT (meeting_no, text), DELETE ON meeting_minutes TO medkoord_server;
CREATE POLICY meeting_minutes_item_read ON meeting_minutes_item FOR SELECT TO medkoord_server
    USING (EXISTS (SELECT FROM meeting_minutes m WHERE m.meeting_no = meeting_minutes_item.meeting_no)
           AND EXISTS (SELECT FROM agenda_item a
                       WHERE a.meeting_no = meeting_minutes_item.meeting_no AND a.item = meeting_minutes_item.item));
CREATE POLICY meeting_minutes_item_insert ON meeting_minutes_item FOR INSERT TO medkoord_server
    WITH CHECK (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_minutes_item.meeting_no
                        AND m.body_no = ANY ((SELECT actor_bodies('minute'))::smallint[])));
CREATE POLICY meeting_minutes_item_delete ON meeting_minutes_item FOR DELETE TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_minutes_item.meeting_no
                   AND m.body_no = ANY ((SELECT actor_bodies('minute'))::smallint[])));
GRANT SELECT, INSERT, DELETE ON meeting_minutes_item TO medkoord_server;
CREATE POLICY meeting_recusal_read ON meeting_recusal FOR SELECT TO medkoord_server
    USING (EXISTS (SELECT FROM agenda_item a WHERE a.meeting_no = meeting_recusal.meeting_no AND a.item = meeting_recusal.item));
GRANT SELECT ON meeting_recusal TO medkoord_server;

-- ---- transitions ----

CREATE TABLE meeting_transition (
    transition_no int GENERATED ALWAYS AS IDENTITY,
    meeting_no int NOT NULL,
    action text NOT NULL,
    reason text NULL,
    person_no int NULL DEFAULT actor_person(), -- as what they were called then
    name text NULL DEFAULT actor_name(),
    changed_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT meeting_transition_pkey PRIMARY KEY (transition_no),
    CONSTRAINT meeting_transition_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES meeting (meeting_no),
    CONSTRAINT meeting_transition_person_fkey FOREIGN KEY (person_no) REFERENCES person (person_no),
    CONSTRAINT meeting_transition_reason_length CHECK (length(reason) BETWEEN 1 AND 500)
);
CREATE INDEX meeting_transition_by_meeting ON meeting_transition (meeting_no);
CREATE INDEX meeting_transition_by_person ON meeting_transition (person_no);
ALTER TABLE meeting_transition ENABLE ROW LEVEL SECURITY;
ALTER TABLE meeting_transition FORCE ROW LEVEL SECURITY;
CREATE POLICY meeting_transition_of_owner ON meeting_transition FOR SELECT TO medkoord_owner USING (true);
CREATE POLICY meeting_transition_read ON meeting_transition FOR SELECT TO medkoord_server
    USING (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_transition.meeting_no));
CREATE POLICY meeting_transition_insert ON meeting_transition FOR INSERT TO medkoord_server
    WITH CHECK (EXISTS (SELECT FROM meeting m WHERE m.meeting_no = meeting_transition.meeting_no));
GRANT SELECT, INSERT (meeting_no, action, reason) ON meeting_transition TO medkoord_server;

-- The seats that somebody held in the body on the day of the meeting.
CREATE FUNCTION meeting_seats(by_person int, at meeting) RETURNS text[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT DISTINCT h.role FROM seats_held(by_person, danish_day((at).starts_at)) h WHERE h.body_no = (at).body_no ORDER BY 1);

-- Who is recused on the items that concern a case or application which the body has registered: of those with a seat, on the day of the
-- meeting. Once minutes are approved, who it was.
CREATE FUNCTION meeting_recused(number int) RETURNS TABLE (item smallint, person_no int, person uuid, name text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    target medkoord.meeting;
BEGIN
    SELECT m.* INTO target FROM medkoord.meeting m WHERE m.meeting_no = number;
    IF target.state = 'minutes_approved' THEN
        RETURN QUERY SELECT r.item, r.person_no, p.id, r.name
            FROM medkoord.meeting_recusal r JOIN medkoord.person p ON p.person_no = r.person_no WHERE r.meeting_no = number;
    ELSE
        RETURN QUERY SELECT a.item, p.person_no, p.id, p.name
            FROM medkoord.agenda_item a
            JOIN medkoord.matter x ON x.body_no = target.body_no AND x.kind = a.link_kind AND x.reference = a.link_ref
            CROSS JOIN LATERAL unnest(medkoord.recused_people(x.body_no, x.kind, x.reference, medkoord.danish_day(target.starts_at))) AS r (n)
            JOIN medkoord.person p ON p.person_no = r.n
            WHERE a.meeting_no = number;
    END IF;
END
$$;

-- The same, item by item: [{"person", "name"}].
CREATE FUNCTION meeting_recused_shown(number int) RETURNS TABLE (item smallint, recused json) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.item, json_agg(json_build_object('person', r.person, 'name', r.name) ORDER BY r.name, r.person)
    FROM meeting_recused(number) r GROUP BY r.item;
END;

-- What stands in the way of a step that the state allows: a problem code, or NULL.
CREATE FUNCTION meeting_obstacle(number int, starts_at timestamptz, action text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE
        WHEN action = 'call' AND NOT EXISTS (SELECT FROM medkoord.agenda_item a WHERE a.meeting_no = number) THEN 'meeting_without_agenda'
        WHEN action = 'hold' AND medkoord.danish_day(starts_at) > medkoord.today() THEN 'meeting_lies_ahead'
        WHEN action = 'approve_minutes' AND NOT EXISTS (SELECT FROM medkoord.meeting_minutes m WHERE m.meeting_no = number) THEN 'minutes_missing'
    END;
END
$$;

-- As the owner: the server itself may not write a state. It asks for the seat itself, whatever was asked before.
CREATE FUNCTION apply_meeting_transition() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
DECLARE
    target meeting;
    step meeting_step;
    obstacle text;
BEGIN
    SELECT m.* INTO target FROM meeting m WHERE m.meeting_no = NEW.meeting_no FOR UPDATE;
    PERFORM require_authority(COALESCE((SELECT s.may FROM meeting_step s WHERE s.action = NEW.action LIMIT 1), 'meet'), target.body_no);
    SELECT s.* INTO step FROM meeting_step s WHERE s.from_state = target.state AND s.action = NEW.action;
    IF NOT FOUND THEN
        PERFORM problem('transition_not_allowed', format('The meeting is %s. Allowed: %s.', target.state, COALESCE(
            (SELECT string_agg(s.action, ', ' ORDER BY s.action) FROM meeting_step s WHERE s.from_state = target.state), 'nothing')));
    END IF;
    obstacle := meeting_obstacle(target.meeting_no, target.starts_at, NEW.action);
    IF obstacle IS NOT NULL THEN
        PERFORM problem(obstacle, CASE obstacle
            WHEN 'meeting_without_agenda' THEN 'Write its agenda first.'
            WHEN 'meeting_lies_ahead' THEN format('It is on %s.', danish_day(target.starts_at))
            ELSE 'Write its minutes first.' END);
    ELSIF NEW.action = 'cancel' AND NEW.reason IS NULL THEN
        PERFORM problem('validation_failed', 'Say why it is cancelled.', '/reason');
    END IF;
    IF step.to_state = 'minutes_approved' THEN
        -- As they are read today they stay, whoever is called something else tomorrow or turns out to have had no seat.
        UPDATE meeting_attendance t SET name = p.name, seats = meeting_seats(t.person_no, target)
        FROM person p WHERE p.person_no = t.person_no AND t.meeting_no = target.meeting_no;
        INSERT INTO meeting_recusal (meeting_no, item, person_no, name)
        SELECT target.meeting_no, r.item, r.person_no, r.name FROM meeting_recused(target.meeting_no) r;
        target.body_name := (SELECT b.name FROM body b WHERE b.body_no = target.body_no);
    END IF;
    UPDATE meeting m SET state = step.to_state, body_name = target.body_name,
        called_at = CASE WHEN step.to_state = 'called' THEN CURRENT_TIMESTAMP ELSE m.called_at END
    WHERE m.meeting_no = NEW.meeting_no;
    RETURN NEW;
END
$$;
CREATE TRIGGER meeting_transition_apply BEFORE INSERT ON meeting_transition
    FOR EACH ROW EXECUTE FUNCTION apply_meeting_transition();

-- The entity tag of what is shown. For members it begins with the version, which If-Match is held against; others, for whom nothing
-- has changed, are not to see that something has.
CREATE FUNCTION meeting_etag(member boolean, version int, shown text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN concat(CASE WHEN member THEN version || '-' END, left(md5(shown), 20));

-- ---- meetings as the contract shows them (schemas/Meeting.yaml), with their keys ----

CREATE VIEW meeting_shown WITH (security_invoker = true) AS
SELECT m.meeting_no, m.body_no, m.version, m.reference, b.slug AS body, m.title, m.starts_at, m.ends_at, m.place, m.state,
    s.cancel_reason, s.agenda, s.attendance, s.minutes, s.actions,
    CASE WHEN member.yes THEN m.changed_at ELSE m.open_changed_at END AS changed_at,
    meeting_etag(member.yes, m.version, ROW(m.title, m.starts_at, m.ends_at, m.place, m.state, m.open_changed_at, s)::text) AS etag
FROM meeting m
JOIN body b ON b.body_no = m.body_no
CROSS JOIN LATERAL (SELECT m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]) AS yes) member
CROSS JOIN LATERAL (
    SELECT
        (SELECT t.reason FROM meeting_transition t WHERE t.meeting_no = m.meeting_no AND t.action = 'cancel') AS cancel_reason,
        COALESCE((SELECT json_agg(json_build_object(
                      'item', a.item, 'title', a.title, 'text', a.text, 'purpose', a.purpose, 'closed', a.closed,
                      'link', CASE WHEN a.link_kind IS NOT NULL THEN json_build_object(
                          'kind', a.link_kind, 'ref', a.link_ref,
                          'title', (SELECT d.title FROM divergence_snapshot d WHERE d.snapshot_no = a.snapshot_no)) END,
                      'recused', CASE WHEN (member.yes OR m.state = 'minutes_approved') THEN COALESCE(r.recused, '[]') END) ORDER BY a.item)
                  FROM agenda_item a LEFT JOIN meeting_recused_shown(m.meeting_no) r ON r.item = a.item
                  WHERE a.meeting_no = m.meeting_no), '[]') AS agenda,
        CASE WHEN (member.yes OR m.state = 'minutes_approved') THEN COALESCE(
            (SELECT json_agg(json_build_object('person', p.id, 'name', n.name, 'attendance', t.attendance,
                                               'seats', COALESCE(t.seats, meeting_seats(t.person_no, m))) ORDER BY n.name, p.id)
             FROM meeting_attendance t
             JOIN person p ON p.person_no = t.person_no
             CROSS JOIN LATERAL (SELECT COALESCE(t.name, p.name) AS name) n
             WHERE t.meeting_no = m.meeting_no), '[]') END AS attendance,
        CASE WHEN EXISTS (SELECT FROM meeting_minutes i WHERE i.meeting_no = m.meeting_no)
             THEN CASE WHEN m.state = 'minutes_approved' THEN 'approved' ELSE 'draft' END END AS minutes,
        COALESCE((SELECT json_agg(p.action ORDER BY p.action) FROM meeting_step p
                  WHERE p.from_state = m.state AND actor_may(p.may, m.body_no)
                      AND meeting_obstacle(m.meeting_no, m.starts_at, p.action) IS NULL), '[]') AS actions
    OFFSET 0 -- worked out once
) s;
GRANT SELECT ON meeting_shown TO medkoord_server;

-- Minutes as the contract shows them (schemas/MeetingMinutes.yaml).
CREATE VIEW meeting_minutes_shown WITH (security_invoker = true) AS
SELECT m.meeting_no, m.reference AS meeting, CASE WHEN m.state = 'minutes_approved' THEN 'approved' ELSE 'draft' END AS state,
    i.text, s.items, i.changed_at AS written_at, s.written_by, s.approved,
    meeting_etag(m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]), m.version, ROW(i.text, i.changed_at, s)::text) AS etag
FROM meeting_minutes i
JOIN meeting m ON m.meeting_no = i.meeting_no
CROSS JOIN LATERAL (
    SELECT
        COALESCE((SELECT json_agg(json_build_object('item', a.item, 'title', a.title, 'text', x.text, 'decision', x.decision,
                                                    'recused', COALESCE(r.recused, '[]')) ORDER BY a.item)
                  FROM agenda_item a
                  LEFT JOIN meeting_minutes_item x ON x.meeting_no = a.meeting_no AND x.item = a.item
                  LEFT JOIN meeting_recused_shown(m.meeting_no) r ON r.item = a.item
                  WHERE a.meeting_no = m.meeting_no), '[]') AS items,
        (SELECT json_build_object('person', p.id, 'name', i.name) FROM person p WHERE p.person_no = i.person_no) AS written_by,
        (SELECT json_build_object('at', divergence_time(t.changed_at), 'person', p.id, 'name', t.name)
         FROM meeting_transition t LEFT JOIN person p ON p.person_no = t.person_no
         WHERE t.meeting_no = m.meeting_no AND t.action = 'approve_minutes') AS approved
    OFFSET 0
) s;
GRANT SELECT ON meeting_minutes_shown TO medkoord_server;

-- ---- the statements that write are functions, so that each can answer with what has become ----

-- The meeting, locked, for somebody who may. NULL: there is none that the caller may see. Asked again once it is locked: whoever
-- waited for it may have lost the seat.
CREATE FUNCTION lock_meeting(by_reference text, may text) RETURNS meeting LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target meeting;
    in_body smallint := (SELECT m.body_no FROM meeting m WHERE m.reference = by_reference);
BEGIN
    IF in_body IS NOT NULL THEN
        PERFORM require_authority(may, in_body);
        SELECT m.* INTO target FROM meeting m WHERE m.reference = by_reference FOR UPDATE;
        PERFORM require_authority(may, in_body);
    END IF;
    RETURN target;
END
$$;

-- To change it, in the version that was read.
CREATE FUNCTION open_meeting(by_reference text, may text, if_match text) RETURNS meeting LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target meeting := lock_meeting(by_reference, may);
BEGIN
    IF target.state = 'minutes_approved' THEN
        PERFORM problem('minutes_approved', 'The minutes are approved: nothing of the meeting changes any more.');
    ELSIF target.meeting_no IS NOT NULL THEN
        PERFORM require_match(split_part(if_match, '-', 1), target.version::text);
    END IF;
    RETURN target;
END
$$;

-- Writes its next version, with these changes and what has been written of its parts, of which others than members see something or
-- nothing, and answers it. The policy lets no row through
-- when the seat is lost in between: that is no success.
CREATE FUNCTION write_meeting(target meeting, may text, changes jsonb DEFAULT '{}', shown boolean DEFAULT false) RETURNS SETOF meeting_shown
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    UPDATE meeting m SET
        title = COALESCE(changes ->> 'title', m.title),
        starts_at = COALESCE((changes ->> 'starts_at')::timestamptz, m.starts_at),
        ends_at = COALESCE((changes ->> 'ends_at')::timestamptz, m.ends_at),
        place = CASE WHEN changes ? 'place' THEN changes ->> 'place' ELSE m.place END,
        open_changed_at = CASE WHEN shown THEN CURRENT_TIMESTAMP ELSE m.open_changed_at END
    WHERE m.meeting_no = target.meeting_no;
    IF NOT FOUND AND require_authority(may, target.body_no) THEN
        PERFORM problem('conflict', 'The seat was lost and given back in the meantime.');
    END IF;
    RETURN QUERY SELECT s.* FROM meeting_shown s WHERE s.meeting_no = target.meeting_no;
END
$$;

-- The snapshot that a link names, if the caller may see it.
CREATE FUNCTION require_snapshot(ref text, pointer text) RETURNS int LANGUAGE plpgsql STABLE AS $$
DECLARE
    number int;
BEGIN
    IF ref ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
        number := (SELECT d.snapshot_no FROM divergence_snapshot d WHERE d.id = ref::uuid);
    END IF;
    IF number IS NULL THEN
        PERFORM problem('unknown_reference', 'There is no such snapshot.', pointer);
    END IF;
    RETURN number;
END
$$;

-- Another agenda in place of the one there is. What concerns an application or a list is closed unless it is said not to be.
CREATE FUNCTION write_agenda(number int, items jsonb, pointer text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    item jsonb;
    n int := 0;
    kind text;
    ref text;
BEGIN
    DELETE FROM agenda_item a WHERE a.meeting_no = number;
    FOR item IN SELECT e.j FROM jsonb_array_elements(items) WITH ORDINALITY AS e (j, n) ORDER BY e.n LOOP
        n := n + 1;
        kind := item #>> '{link,kind}';
        ref := item #>> '{link,ref}';
        IF kind <> 'snapshot' AND ref !~ '^[A-Z]{2}-[0-9]{4}-[0-9]{4,6}$' THEN
            PERFORM problem('validation_failed', 'It is named by a reference such as TF-2026-0042.', format('%s/%s/link/ref', pointer, n - 1));
        END IF;
        INSERT INTO agenda_item (meeting_no, item, title, text, purpose, closed, link_kind, link_ref, snapshot_no)
        VALUES (number, n, item ->> 'title', item ->> 'text', item ->> 'purpose',
                COALESCE((item ->> 'closed')::boolean, kind IN ('application', 'list'), false), kind, ref,
                CASE WHEN kind = 'snapshot' THEN require_snapshot(ref, format('%s/%s/link/ref', pointer, n - 1)) END);
    END LOOP;
END
$$;

CREATE FUNCTION create_meeting(body text, title text, starts_at timestamptz, ends_at timestamptz, place text, agenda jsonb)
RETURNS SETOF meeting_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    in_body smallint := require_body(create_meeting.body, '/body');
    number int;
BEGIN
    PERFORM require_authority('meet', in_body);
    INSERT INTO meeting (body_no, title, starts_at, ends_at, place)
    VALUES (in_body, create_meeting.title, create_meeting.starts_at, create_meeting.ends_at, create_meeting.place)
    RETURNING meeting_no INTO number;
    PERFORM write_agenda(number, COALESCE(create_meeting.agenda, '[]'), '/agenda');
    RETURN QUERY SELECT s.* FROM meeting_shown s WHERE s.meeting_no = number;
END
$$;

-- No row, here and below: there is no such meeting.
CREATE FUNCTION update_meeting(meeting text, if_match text, changes jsonb) RETURNS SETOF meeting_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target meeting := open_meeting(update_meeting.meeting, 'meet', if_match);
BEGIN
    IF target.meeting_no IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM write_meeting(target, 'meet', changes);
END
$$;

-- What others than members read of an agenda.
CREATE FUNCTION open_agenda(number int) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT json_agg(a.* ORDER BY a.item) FROM agenda_item a WHERE a.meeting_no = number AND NOT a.closed)::text;

CREATE FUNCTION put_agenda(meeting text, if_match text, items jsonb) RETURNS SETOF meeting_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target meeting := open_meeting(put_agenda.meeting, 'meet', if_match);
    before text := open_agenda(target.meeting_no);
BEGIN
    IF target.meeting_no IS NULL THEN
        RETURN;
    ELSIF target.state IN ('held', 'cancelled') THEN
        PERFORM problem('meeting_over', format('The meeting is %s: its agenda stays as it was.', target.state));
    ELSIF target.state = 'called' AND jsonb_array_length(items) = 0 THEN
        PERFORM problem('meeting_without_agenda', 'The meeting has been called: its agenda cannot be empty.', '/items');
    END IF;
    PERFORM write_agenda(target.meeting_no, items, '/items');
    RETURN QUERY SELECT * FROM write_meeting(target, 'meet', '{}', open_agenda(target.meeting_no) IS DISTINCT FROM before);
END
$$;

CREATE FUNCTION put_attendance(meeting text, if_match text, attendance jsonb) RETURNS SETOF meeting_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target meeting := open_meeting(put_attendance.meeting, 'minute', if_match);
    entry record;
    seated int;
BEGIN
    IF target.meeting_no IS NULL THEN
        RETURN;
    ELSIF target.state = 'cancelled' THEN
        PERFORM problem('meeting_over', 'The meeting is cancelled.');
    ELSIF target.state = 'draft' THEN
        PERFORM problem('meeting_not_held', 'The meeting has not been called yet.');
    END IF;
    DELETE FROM meeting_attendance t WHERE t.meeting_no = target.meeting_no;
    FOR entry IN SELECT (e.j ->> 'person')::uuid AS person, e.j ->> 'attendance' AS attendance, e.n - 1 AS at
                 FROM jsonb_array_elements(put_attendance.attendance) WITH ORDINALITY AS e (j, n) ORDER BY e.n LOOP
        seated := require_person(entry.person, format('/attendance/%s/person', entry.at));
        IF EXISTS (SELECT FROM meeting_attendance t WHERE t.meeting_no = target.meeting_no AND t.person_no = seated) THEN
            PERFORM problem('validation_failed', 'The person stands twice.', format('/attendance/%s/person', entry.at));
        END IF;
        INSERT INTO meeting_attendance (meeting_no, person_no, attendance) VALUES (target.meeting_no, seated, entry.attendance);
    END LOOP;
    RETURN QUERY SELECT * FROM write_meeting(target, 'minute');
END
$$;

-- As the owner, for it writes what a seat alone lets nobody write: the caller's own apologies, and nothing else of the meeting. So it
-- asks itself for the seat.
CREATE FUNCTION write_apologies(number int, apologies boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
DECLARE
    target meeting;
BEGIN
    SELECT m.* INTO target FROM meeting m WHERE m.meeting_no = number FOR UPDATE;
    PERFORM require_authority('read_draft', target.body_no);
    IF target.state = 'draft' THEN
        PERFORM problem('meeting_not_held', 'The meeting has not been called yet.');
    ELSIF target.state <> 'called' THEN
        PERFORM problem('meeting_over', 'Who was there is for those to write who write the minutes.');
    ELSIF apologies THEN
        INSERT INTO meeting_attendance (meeting_no, person_no, attendance) VALUES (number, actor_person(), 'apologies')
        ON CONFLICT ON CONSTRAINT meeting_attendance_pkey DO NOTHING;
    ELSE
        DELETE FROM meeting_attendance t WHERE t.meeting_no = number AND t.person_no = actor_person();
    END IF;
    IF FOUND THEN
        UPDATE meeting m SET title = m.title WHERE m.meeting_no = number; -- the next version
    END IF;
END
$$;

CREATE FUNCTION announce_apologies(meeting text, apologies boolean) RETURNS SETOF meeting_shown LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target meeting;
BEGIN
    SELECT m.* INTO target FROM meeting m WHERE m.reference = announce_apologies.meeting;
    IF FOUND AND require_authority('read_draft', target.body_no) THEN
        PERFORM write_apologies(target.meeting_no, announce_apologies.apologies);
        RETURN QUERY SELECT s.* FROM meeting_shown s WHERE s.meeting_no = target.meeting_no;
    END IF;
END
$$;

CREATE FUNCTION put_minutes(meeting text, if_match text, minutes text, items jsonb) RETURNS SETOF meeting_minutes_shown
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target meeting := open_meeting(put_minutes.meeting, 'minute', if_match);
    entry record;
BEGIN
    IF target.meeting_no IS NULL THEN
        RETURN;
    ELSIF target.state <> 'held' THEN
        PERFORM problem(CASE target.state WHEN 'cancelled' THEN 'meeting_over' ELSE 'meeting_not_held' END,
                        format('The meeting is %s.', target.state));
    END IF;
    DELETE FROM meeting_minutes_item x WHERE x.meeting_no = target.meeting_no;
    DELETE FROM meeting_minutes i WHERE i.meeting_no = target.meeting_no;
    INSERT INTO meeting_minutes (meeting_no, text) VALUES (target.meeting_no, minutes);
    FOR entry IN SELECT (e.j ->> 'item')::int AS item, e.j ->> 'text' AS text, e.j ->> 'decision' AS decision, e.n - 1 AS at
                 FROM jsonb_array_elements(items) WITH ORDINALITY AS e (j, n) ORDER BY e.n LOOP
        IF NOT EXISTS (SELECT FROM agenda_item a WHERE a.meeting_no = target.meeting_no AND a.item = entry.item) THEN
            PERFORM problem('unknown_reference', format('The agenda has no item %s.', entry.item), format('/items/%s/item', entry.at));
        ELSIF EXISTS (SELECT FROM meeting_minutes_item x WHERE x.meeting_no = target.meeting_no AND x.item = entry.item) THEN
            PERFORM problem('validation_failed', 'The item stands twice.', format('/items/%s/item', entry.at));
        END IF;
        INSERT INTO meeting_minutes_item (meeting_no, item, text, decision) VALUES (target.meeting_no, entry.item, entry.text, entry.decision);
    END LOOP;
    PERFORM write_meeting(target, 'minute');
    RETURN QUERY SELECT s.* FROM meeting_minutes_shown s WHERE s.meeting_no = target.meeting_no;
END
$$;

-- Minutes are approved in the version that was read, so that takes If-Match with its tag; elsewhere it is held against if it comes.
CREATE FUNCTION transition_meeting(meeting text, if_match text, action text, reason text) RETURNS SETOF meeting_shown
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target meeting := lock_meeting(transition_meeting.meeting,
                                   (SELECT s.may FROM meeting_step s WHERE s.action = transition_meeting.action LIMIT 1));
BEGIN
    IF target.meeting_no IS NULL THEN
        RETURN;
    ELSIF transition_meeting.action = 'approve_minutes' AND target.state = 'held' AND if_match IS NOT DISTINCT FROM '*' THEN
        PERFORM problem('precondition_required', 'Minutes are approved as they were read: send If-Match with their entity tag, not *.');
    ELSIF if_match IS NOT NULL OR (transition_meeting.action = 'approve_minutes' AND target.state = 'held') THEN
        PERFORM require_match(split_part(if_match, '-', 1), target.version::text);
    END IF;
    INSERT INTO meeting_transition (meeting_no, action, reason) VALUES (target.meeting_no, transition_meeting.action, transition_meeting.reason);
    RETURN QUERY SELECT s.* FROM meeting_shown s WHERE s.meeting_no = target.meeting_no;
END
$$;

-- ---- everything about one person: for get_person_export, which asks first who may have it ----

-- As the owner, for drafts that an operator or auditor does not see stand in it too; so it asks again.
CREATE FUNCTION person_meetings(of_person int) RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
BEGIN
    PERFORM require_personal_data(of_person);
    RETURN (SELECT COALESCE(json_agg(json_build_object(
                'meeting', m.reference, 'body', b.slug, 'starts_at', divergence_time(m.starts_at), 'attendance', t.attendance, 'name', t.name,
                'recused_on', ARRAY(SELECT r.item FROM meeting_recusal r WHERE r.meeting_no = m.meeting_no AND r.person_no = of_person ORDER BY 1),
                'minutes_written_as', (SELECT i.name FROM meeting_minutes i WHERE i.meeting_no = m.meeting_no AND i.person_no = of_person),
                'transitions', COALESCE((SELECT json_agg(json_build_object('action', x.action, 'reason', x.reason, 'name', x.name,
                                                                           'at', divergence_time(x.changed_at))
                                                         ORDER BY x.transition_no)
                                         FROM meeting_transition x WHERE x.meeting_no = m.meeting_no AND x.person_no = of_person), '[]'),
                'changed_at', divergence_time(t.changed_at), 'changed_by', t.changed_by) ORDER BY m.starts_at, m.meeting_no), '[]')
            FROM meeting m
            JOIN body b ON b.body_no = m.body_no
            LEFT JOIN meeting_attendance t ON t.meeting_no = m.meeting_no AND t.person_no = of_person
            WHERE t.person_no IS NOT NULL
                OR EXISTS (SELECT FROM meeting_transition x WHERE x.meeting_no = m.meeting_no AND x.person_no = of_person)
                OR EXISTS (SELECT FROM meeting_minutes i WHERE i.meeting_no = m.meeting_no AND i.person_no = of_person)
                OR EXISTS (SELECT FROM meeting_recusal r WHERE r.meeting_no = m.meeting_no AND r.person_no = of_person));
END
$$;

-- ---- documents ----

-- Text in a page, in an element or between double quotes.
CREATE FUNCTION html_text(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(replace(replace(replace(value, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');

-- torsdag den 5. marts 2026
CREATE FUNCTION danish_date(on_date date) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN concat(
    ('{mandag,tirsdag,onsdag,torsdag,fredag,lørdag,søndag}'::text[])[EXTRACT(isodow FROM on_date)::int], ' den ',
    EXTRACT(day FROM on_date), '. ',
    ('{januar,februar,marts,april,maj,juni,juli,august,september,oktober,november,december}'::text[])[EXTRACT(month FROM on_date)::int], ' ',
    EXTRACT(year FROM on_date));

-- 12.30; in the hour that comes twice when summer time ends, with which one it is.
CREATE FUNCTION danish_time(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'Europe/Copenhagen', 'HH24.MI') || CASE at AT TIME ZONE 'Europe/Copenhagen'
    WHEN (at + interval '1 hour') AT TIME ZONE 'Europe/Copenhagen' THEN ' sommertid'
    WHEN (at - interval '1 hour') AT TIME ZONE 'Europe/Copenhagen' THEN ' normaltid'
    ELSE '' END;

-- iCalendar (RFC 5545): a value of type TEXT. What other programs take for the end of a line is one.
CREATE FUNCTION ical_text(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(replace(replace(regexp_replace(value, E'\r\n|[\r\u0085\u2028\u2029]', E'\n', 'g'),
    '\', '\\'), ';', '\;'), ',', '\,'), E'\n', '\n');

CREATE FUNCTION ical_time(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"');

-- A content line: at most 75 octets, then CRLF and a space, never inside a character. With its CRLF. Cut from the octets and put
-- together at the end, so that it takes as long as the line is long.
CREATE FUNCTION ical_line(line text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    octets bytea := convert_to(line, 'UTF8');
    pieces text[] := '{}';
    at int := 0;
    room int := 75;
    n int;
BEGIN
    WHILE length(octets) - at > room LOOP
        n := room;
        WHILE get_byte(octets, at + n) & 192 = 128 LOOP -- what would come next goes on with a character
            n := n - 1;
        END LOOP;
        pieces := pieces || convert_from(substr(octets, at + 1, n), 'UTF8');
        at := at + n;
        room := 74;
    END LOOP;
    RETURN array_to_string(pieces || convert_from(substr(octets, at + 1), 'UTF8'), E'\r\n ') || E'\r\n';
END
$$;

-- The calendar of one body, or of all (NULL), as far as the caller may see them: from a year back on. It names no method
-- (a calendar to be read, not an invitation), and says nothing of the time at which it was asked for, so that the same
-- meetings are the same text. Of very many meetings, the 500 latest.
CREATE FUNCTION meeting_calendar(of_body smallint) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    called text := (SELECT b.name FROM body b WHERE b.body_no = of_body);
    since timestamptz := danish_midnight(today() - 366);
    events text;
BEGIN
    SELECT string_agg(concat(
        E'BEGIN:VEVENT\r\n',
        ical_line('UID:' || m.id),
        ical_line('DTSTAMP:' || ical_time(m.seen_changed_at)),
        ical_line('LAST-MODIFIED:' || ical_time(m.seen_changed_at)),
        ical_line('SEQUENCE:' || m.sequence),
        ical_line('DTSTART:' || ical_time(m.starts_at)),
        ical_line('DTEND:' || ical_time(m.ends_at)),
        ical_line('STATUS:' || CASE m.state WHEN 'draft' THEN 'TENTATIVE' WHEN 'cancelled' THEN 'CANCELLED' ELSE 'CONFIRMED' END),
        ical_line('SUMMARY:' || ical_text(CASE m.state WHEN 'cancelled' THEN 'AFLYST: ' WHEN 'draft' THEN 'Udkast: ' ELSE '' END || m.title)),
        ical_line('LOCATION:' || ical_text(m.place)),
        ical_line('CATEGORIES:' || ical_text(b.name)),
        ical_line('DESCRIPTION:' || ical_text(concat_ws(E'\n', m.reference, b.name,
            (SELECT 'Aflyst: ' || t.reason FROM meeting_transition t WHERE t.meeting_no = m.meeting_no AND t.action = 'cancel'),
            (SELECT E'\nDagsorden:\n' || string_agg(format('%s. %s', a.item, a.title), E'\n' ORDER BY a.item)
             FROM agenda_item a WHERE a.meeting_no = m.meeting_no)))),
        E'END:VEVENT\r\n'), '' ORDER BY m.starts_at, m.reference)
    INTO events
    FROM (SELECT n.*, CASE WHEN n.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]) THEN n.changed_at ELSE n.open_changed_at END AS seen_changed_at
          FROM meeting n
          WHERE n.starts_at >= since AND (of_body IS NULL OR n.body_no = of_body)
          ORDER BY n.starts_at DESC, n.reference DESC LIMIT 500) m
    JOIN body b ON b.body_no = m.body_no;
    -- A calendar has at least one component: without meetings, its time zone.
    RETURN concat(
        E'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//medkoord//medkoord//DA\r\nCALSCALE:GREGORIAN\r\n',
        ical_line('X-WR-CALNAME:' || ical_text(COALESCE(called, 'Møder'))),
        E'X-WR-TIMEZONE:Europe/Copenhagen\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n',
        E'BEGIN:VTIMEZONE\r\nTZID:Europe/Copenhagen\r\n',
        E'BEGIN:DAYLIGHT\r\nDTSTART:19960331T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\n',
        E'BEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\n',
        E'END:VTIMEZONE\r\n', events, E'END:VCALENDAR\r\n');
END
$$;

GRANT EXECUTE ON FUNCTION actor_meeting_bodies(), actor_name(), danish_day(timestamptz), danish_midnight(date),
    meeting_seats(int, meeting), meeting_recused(int), meeting_recused_shown(int), meeting_obstacle(int, timestamptz, text),
    lock_meeting(text, text), open_meeting(text, text, text), require_snapshot(text, text), write_agenda(int, jsonb, text),
    create_meeting(text, text, timestamptz, timestamptz, text, jsonb), update_meeting(text, text, jsonb),
    write_meeting(meeting, text, jsonb, boolean), open_agenda(int), meeting_etag(boolean, int, text),
    put_agenda(text, text, jsonb), put_attendance(text, text, jsonb), write_apologies(int, boolean),
    announce_apologies(text, boolean), put_minutes(text, text, text, jsonb), transition_meeting(text, text, text, text),
    person_meetings(int), html_text(text), danish_date(date), danish_time(timestamptz), ical_text(text), ical_time(timestamptz),
    ical_line(text), meeting_calendar(smallint) TO medkoord_server;
