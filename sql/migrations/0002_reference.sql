-- Reference data: regions and their successors, populations, hospitals with the regions they belong to, ATC codes.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0

-- ---- regions ----

-- valid_to and every other end in this file: the first day on which it no longer holds.
CREATE TABLE region (
    region_no smallint NOT NULL,
    slug text COLLATE "C" NOT NULL,
    name text NOT NULL,
    code text COLLATE "C" NULL,  -- the official code, where it is known
    valid_from date NOT NULL,
    valid_to date NULL,
    successor_no smallint NULL,
    CONSTRAINT region_pkey PRIMARY KEY (region_no),
    CONSTRAINT region_slug_unique UNIQUE (slug),
    CONSTRAINT region_code_unique UNIQUE (code),
    CONSTRAINT region_slug_form CHECK (slug ~ '^[a-z][a-z-]{1,30}$'),
    CONSTRAINT region_code_form CHECK (code ~ '^[0-9]{4}$'),
    CONSTRAINT region_period CHECK (valid_to > valid_from),
    CONSTRAINT region_successor_needs_end CHECK (successor_no IS NULL OR valid_to IS NOT NULL),
    -- The successor begins on the day the region ends. So a chain of successors moves forward in time and has no loop.
    CONSTRAINT region_no_valid_from_unique UNIQUE (region_no, valid_from),
    CONSTRAINT region_successor_follows FOREIGN KEY (successor_no, valid_to) REFERENCES region (region_no, valid_from)
);

INSERT INTO region (region_no, slug, name, code, valid_from, valid_to, successor_no) VALUES
    -- Its official code is not known: an operator sets it when it is.
    (6, 'oestdanmark', 'Region Østdanmark', NULL, '2027-01-01', NULL, NULL),
    (1, 'nordjylland', 'Region Nordjylland', '1081', '2007-01-01', NULL, NULL),
    (2, 'midtjylland', 'Region Midtjylland', '1082', '2007-01-01', NULL, NULL),
    (3, 'syddanmark', 'Region Syddanmark', '1083', '2007-01-01', NULL, NULL),
    (4, 'hovedstaden', 'Region Hovedstaden', '1084', '2007-01-01', '2027-01-01', 6),
    (5, 'sjaelland', 'Region Sjælland', '1085', '2007-01-01', '2027-01-01', 6);

-- After the rows: FORCE binds the owner too, and the server may only read. Regions change by migration or operator.
ALTER TABLE region ENABLE ROW LEVEL SECURITY;
ALTER TABLE region FORCE ROW LEVEL SECURITY;
CREATE POLICY region_read ON region FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
GRANT SELECT ON region TO medkoord_server;

-- These look-ups are in plpgsql, which keeps their plans for the session: an SQL function that cannot be inlined is
-- planned anew each time (0.3 ms against 5 microseconds).

-- The region that stands for this one on a date: itself, or the successor in force by then. NULL: no such region.
CREATE FUNCTION region_on(region_no smallint, on_date date) RETURNS smallint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    number smallint := region_no;
    ends date;
    successor smallint;
BEGIN
    LOOP
        SELECT r.valid_to, r.successor_no INTO ends, successor FROM medkoord.region r WHERE r.region_no = number;
        IF NOT FOUND THEN
            RETURN NULL;
        ELSIF successor IS NULL OR ends > on_date THEN
            RETURN number;
        END IF;
        number := successor;
    END LOOP;
END
$$;

-- True when the region is in force on the date.
CREATE FUNCTION region_in_force(region_no smallint, on_date date) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM medkoord.region r
                   WHERE r.region_no = region_in_force.region_no
                     AND r.valid_from <= on_date AND COALESCE(r.valid_to > on_date, true));
END
$$;

CREATE FUNCTION region_no_of(slug text) RETURNS smallint LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT r.region_no FROM medkoord.region r WHERE r.slug = region_no_of.slug);
END
$$;

-- True when the caller acts for this region today: for itself, or for what has succeeded it.
CREATE FUNCTION actor_acts_for(region_no smallint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(region_on(region_no_of(actor_region()), today()) = region_on(region_no, today()), false);

-- For statements: the region with this slug. pointer says where it stood ('/region' in a body, 'query/region').
CREATE FUNCTION require_region(slug text, pointer text) RETURNS smallint LANGUAGE plpgsql STABLE AS $$
DECLARE
    number smallint := region_no_of(slug);
BEGIN
    IF number IS NULL THEN
        PERFORM problem(CASE WHEN pointer LIKE 'query/%' THEN 'invalid_parameter' ELSE 'unknown_reference' END,
                        'There is no such region.', pointer);
    END IF;
    RETURN number;
END
$$;

-- ---- populations ----

CREATE TABLE population (
    region_no smallint NOT NULL,
    on_date date NOT NULL,
    population int NOT NULL,
    source text NOT NULL,
    evidence text NOT NULL,
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT population_pkey PRIMARY KEY (region_no, on_date),
    CONSTRAINT population_region_fkey FOREIGN KEY (region_no) REFERENCES region (region_no),
    CONSTRAINT population_positive CHECK (population > 0),
    CONSTRAINT population_source_length CHECK (length(source) BETWEEN 1 AND 500),
    CONSTRAINT population_evidence_known CHECK (evidence IN ('sourced', 'sourced_year_inferred', 'part_sourced', 'recalled'))
);
ALTER TABLE population ENABLE ROW LEVEL SECURITY;
ALTER TABLE population FORCE ROW LEVEL SECURITY;
CREATE POLICY population_read ON population FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY population_insert ON population FOR INSERT WITH CHECK ((SELECT actor_has('admin')));
CREATE POLICY population_update ON population FOR UPDATE USING ((SELECT actor_has('admin')));
GRANT SELECT, INSERT ON population TO medkoord_server;
GRANT UPDATE (population, source, evidence) ON population TO medkoord_server;

CREATE FUNCTION check_population_region() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT medkoord.region_in_force(NEW.region_no, NEW.on_date) THEN
        PERFORM medkoord.problem('region_not_in_force', 'The region does not exist on this date.');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER population_region_in_force BEFORE INSERT ON population
    FOR EACH ROW EXECUTE FUNCTION check_population_region();
CREATE TRIGGER population_stamp BEFORE INSERT OR UPDATE ON population
    FOR EACH ROW EXECUTE FUNCTION stamp_change();

-- Every number there has been, the present one too: figures as they were known are worked out from these. Rows are only
-- added, by the trigger below; a number was the known one from its changed_at until the next version's.
CREATE TABLE population_version (
    region_no smallint NOT NULL,
    on_date date NOT NULL,
    version int NOT NULL,
    population int NOT NULL,
    source text NOT NULL,
    evidence text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT population_version_pkey PRIMARY KEY (region_no, on_date, version),
    CONSTRAINT population_version_population_fkey FOREIGN KEY (region_no, on_date) REFERENCES population (region_no, on_date)
);
ALTER TABLE population_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE population_version FORCE ROW LEVEL SECURITY;
CREATE POLICY population_version_read ON population_version FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY population_version_insert ON population_version FOR INSERT WITH CHECK ((SELECT actor_has('admin')));
GRANT SELECT ON population_version TO medkoord_server;

-- As the owner: the server itself may not write versions. The row policies still hold for the caller.
CREATE FUNCTION keep_population_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
BEGIN
    INSERT INTO population_version (region_no, on_date, version, population, source, evidence, changed_at, changed_by)
    VALUES (NEW.region_no, NEW.on_date, NEW.version, NEW.population, NEW.source, NEW.evidence,
            -- A transaction that waited for another began before it: versions follow each other in time all the same.
            GREATEST(NEW.changed_at, (SELECT max(v.changed_at) FROM population_version v
                                      WHERE v.region_no = NEW.region_no AND v.on_date = NEW.on_date)),
            NEW.changed_by);
    RETURN NULL;
END
$$;
CREATE TRIGGER population_keep_version AFTER INSERT OR UPDATE ON population
    FOR EACH ROW EXECUTE FUNCTION keep_population_version();

-- ---- hospitals ----

CREATE TABLE hospital (
    hospital_no smallint GENERATED ALWAYS AS IDENTITY,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    closed_on date NULL,  -- as things stand now; written by hospital_transition
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT hospital_pkey PRIMARY KEY (hospital_no),
    CONSTRAINT hospital_code_unique UNIQUE (code),
    CONSTRAINT hospital_code_form CHECK (code ~ '^([A-Za-z0-9-]|Æ|Ø|Å|æ|ø|å){1,16}$'),
    CONSTRAINT hospital_name_length CHECK (length(name) BETWEEN 1 AND 200)
);
ALTER TABLE hospital ENABLE ROW LEVEL SECURITY;
ALTER TABLE hospital FORCE ROW LEVEL SECURITY;
CREATE POLICY hospital_read ON hospital FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY hospital_insert ON hospital FOR INSERT WITH CHECK ((SELECT actor_has('admin')));
CREATE POLICY hospital_update ON hospital FOR UPDATE USING ((SELECT actor_has('admin')));
-- The code is what deliveries are written with: it never changes.
GRANT SELECT, INSERT (code, name) ON hospital TO medkoord_server;
GRANT UPDATE (name) ON hospital TO medkoord_server;
CREATE TRIGGER hospital_stamp BEFORE INSERT OR UPDATE ON hospital
    FOR EACH ROW EXECUTE FUNCTION stamp_change();

-- The region a hospital belongs to, period by period. A region that has been succeeded stays here as it was:
-- hospital_region_on() follows the successor.
CREATE TABLE hospital_region (
    hospital_no smallint NOT NULL,
    region_no smallint NOT NULL,
    valid_from date NOT NULL,
    valid_to date NULL,
    changed_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT hospital_region_pkey PRIMARY KEY (hospital_no, valid_from),
    CONSTRAINT hospital_region_hospital_fkey FOREIGN KEY (hospital_no) REFERENCES hospital (hospital_no),
    CONSTRAINT hospital_region_region_fkey FOREIGN KEY (region_no) REFERENCES region (region_no),
    CONSTRAINT hospital_region_period CHECK (valid_to > valid_from),
    CONSTRAINT hospital_region_no_overlap EXCLUDE USING gist
        (hospital_no WITH =, daterange(valid_from, valid_to) WITH &&)
);
CREATE INDEX hospital_region_by_region ON hospital_region (region_no);
ALTER TABLE hospital_region ENABLE ROW LEVEL SECURITY;
ALTER TABLE hospital_region FORCE ROW LEVEL SECURITY;
CREATE POLICY hospital_region_read ON hospital_region FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY hospital_region_insert ON hospital_region FOR INSERT WITH CHECK ((SELECT actor_has('admin')));
CREATE POLICY hospital_region_update ON hospital_region FOR UPDATE USING ((SELECT actor_has('admin')));
GRANT SELECT, INSERT (hospital_no, region_no, valid_from) ON hospital_region TO medkoord_server;
GRANT UPDATE (region_no, valid_to) ON hospital_region TO medkoord_server;

CREATE FUNCTION check_hospital_region() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT medkoord.region_in_force(NEW.region_no, NEW.valid_from) THEN
        PERFORM medkoord.problem('region_not_in_force', 'The region does not exist on this date.', '/region');
    END IF;
    NEW.changed_at := CURRENT_TIMESTAMP;
    NEW.changed_by := COALESCE(medkoord.actor_subject(), current_user);
    RETURN NEW;
END
$$;
CREATE TRIGGER hospital_region_in_force BEFORE INSERT OR UPDATE ON hospital_region
    FOR EACH ROW EXECUTE FUNCTION check_hospital_region();

-- The region the hospital belongs to on a date, in the regions of that date. NULL: none.
CREATE FUNCTION hospital_region_on(hospital_no smallint, on_date date) RETURNS smallint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN medkoord.region_on((
        SELECT hr.region_no FROM medkoord.hospital_region hr
        WHERE hr.hospital_no = hospital_region_on.hospital_no
          AND hr.valid_from <= on_date AND COALESCE(hr.valid_to > on_date, true)), on_date);
END
$$;

-- Closing and reopening, in the order they were decided. Each is checked here and moves hospital.closed_on.
CREATE TABLE hospital_transition (
    hospital_no smallint NOT NULL,
    transition_no int GENERATED ALWAYS AS IDENTITY,
    action text NOT NULL,
    on_date date NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT hospital_transition_pkey PRIMARY KEY (hospital_no, transition_no),
    CONSTRAINT hospital_transition_hospital_fkey FOREIGN KEY (hospital_no) REFERENCES hospital (hospital_no),
    CONSTRAINT hospital_transition_action CHECK (action IN ('close', 'reopen'))
);
ALTER TABLE hospital_transition ENABLE ROW LEVEL SECURITY;
ALTER TABLE hospital_transition FORCE ROW LEVEL SECURITY;
CREATE POLICY hospital_transition_read ON hospital_transition FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY hospital_transition_insert ON hospital_transition FOR INSERT WITH CHECK ((SELECT actor_has('admin')));
GRANT SELECT, INSERT (hospital_no, action, on_date) ON hospital_transition TO medkoord_server;

-- As the owner: the server itself may not write closed_on. The row policies still hold for the caller.
CREATE FUNCTION apply_hospital_transition() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = medkoord, pg_temp AS $$
DECLARE
    closed date;
    earliest date;
BEGIN
    SELECT h.closed_on INTO closed FROM hospital h WHERE h.hospital_no = NEW.hospital_no FOR UPDATE;
    IF (NEW.action = 'close') <> (closed IS NULL) THEN
        PERFORM problem('transition_not_allowed', CASE WHEN closed IS NULL
            THEN 'The hospital is open. Allowed: close.'
            ELSE 'The hospital is closed, or has a date for closing. Allowed: reopen.' END);
    END IF;
    SELECT GREATEST((SELECT min(hr.valid_from) FROM hospital_region hr WHERE hr.hospital_no = NEW.hospital_no),
                    (SELECT max(t.on_date) FROM hospital_transition t WHERE t.hospital_no = NEW.hospital_no))
    INTO earliest;
    IF NEW.on_date < earliest THEN
        PERFORM problem('validation_failed', format('The date cannot be before %s.', earliest), '/on');
    END IF;
    UPDATE hospital h SET closed_on = CASE NEW.action WHEN 'close' THEN NEW.on_date END
    WHERE h.hospital_no = NEW.hospital_no;
    RETURN NEW;
END
$$;
CREATE TRIGGER hospital_transition_apply BEFORE INSERT ON hospital_transition
    FOR EACH ROW EXECUTE FUNCTION apply_hospital_transition();

-- Hospitals as the contract shows them (schemas/Hospital.yaml), on a date.
CREATE TYPE hospital_resource AS (
    code text, name text, region text, status text, closed_on date, regions json, actions json, changed_at timestamptz,
    etag text
);
CREATE FUNCTION hospitals_on(on_date date) RETURNS SETOF hospital_resource LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT h.code, h.name, r.slug, s.status, h.closed_on, p.regions,
        CASE WHEN NOT (SELECT actor_has('admin')) THEN '[]'::json
             WHEN h.closed_on IS NULL THEN '["close"]'::json ELSE '["reopen"]'::json END,
        h.changed_at,
        -- Everything the answer depends on; If-Match is held against the version alone.
        concat(h.version, '-', p.region_no, left(s.status, 1), CASE WHEN (SELECT actor_has('admin')) THEN 'a' END)
    FROM hospital h
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object('region', pr.slug, 'valid_from', hr.valid_from, 'valid_to', hr.valid_to)
                        ORDER BY hr.valid_from) AS regions,
            -- of the one period that holds the date
            region_on(max(hr.region_no) FILTER (WHERE daterange(hr.valid_from, hr.valid_to) @> on_date), on_date) AS region_no
        FROM hospital_region hr JOIN region pr ON pr.region_no = hr.region_no WHERE hr.hospital_no = h.hospital_no
    ) p
    CROSS JOIN LATERAL (
        SELECT COALESCE((SELECT CASE t.action WHEN 'close' THEN 'closed' END FROM hospital_transition t
                         WHERE t.hospital_no = h.hospital_no AND t.on_date <= hospitals_on.on_date
                         ORDER BY t.on_date DESC, t.transition_no DESC LIMIT 1), 'open') AS status
        OFFSET 0
    ) s
    LEFT JOIN region r ON r.region_no = p.region_no;
END;

-- The statements that change hospitals are functions, so that each can answer with the hospital as it has become.

CREATE FUNCTION create_hospital(code text, name text, region text, valid_from date) RETURNS SETOF hospital_resource
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    in_region smallint := require_region(create_hospital.region, '/region');
    number smallint;
BEGIN
    INSERT INTO hospital (code, name) VALUES (create_hospital.code, create_hospital.name)
    RETURNING hospital_no INTO number;
    INSERT INTO hospital_region (hospital_no, region_no, valid_from)
    VALUES (number, in_region, COALESCE(create_hospital.valid_from, today()));
    RETURN QUERY SELECT h.* FROM hospitals_on(today()) h WHERE h.code = create_hospital.code;
END
$$;

-- Belongs to another region from a date on: ends the last period and begins a new one, or corrects the last one when it
-- began on that very date.
CREATE FUNCTION move_hospital(number smallint, to_region smallint, from_date date) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    last hospital_region;
BEGIN
    SELECT hr.* INTO last FROM hospital_region hr
    WHERE hr.hospital_no = number ORDER BY hr.valid_from DESC LIMIT 1 FOR UPDATE;
    IF from_date < last.valid_from THEN
        PERFORM problem('hospital_moved_later',
                        format('The hospital has belonged to its region since %s.', last.valid_from), '/from');
    ELSIF from_date = last.valid_from THEN
        UPDATE hospital_region hr SET region_no = to_region
        WHERE hr.hospital_no = number AND hr.valid_from = last.valid_from;
    ELSIF to_region <> last.region_no THEN
        UPDATE hospital_region hr SET valid_to = from_date
        WHERE hr.hospital_no = number AND hr.valid_from = last.valid_from;
        INSERT INTO hospital_region (hospital_no, region_no, valid_from) VALUES (number, to_region, from_date);
    END IF;
END
$$;

-- No row: there is no such hospital. changes: name; region and from.
CREATE FUNCTION update_hospital(hospital text, if_match text, changes jsonb) RETURNS SETOF hospital_resource
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    target hospital;
BEGIN
    SELECT h.* INTO target FROM hospital h WHERE h.code = update_hospital.hospital FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM require_match(split_part(if_match, '-', 1), target.version::text);
    IF changes ? 'region' THEN
        PERFORM move_hospital(target.hospital_no, require_region(changes ->> 'region', '/region'),
                              COALESCE((changes ->> 'from')::date, today()));
    ELSIF changes ? 'from' THEN
        PERFORM problem('validation_failed', 'A date to move from needs the region to move to.', '/region');
    END IF;
    UPDATE hospital h SET name = COALESCE(changes ->> 'name', h.name) WHERE h.hospital_no = target.hospital_no;
    RETURN QUERY SELECT h.* FROM hospitals_on(today()) h WHERE h.code = target.code;
END
$$;

CREATE FUNCTION transition_hospital(hospital text, action text, on_date date) RETURNS SETOF hospital_resource
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO hospital_transition (hospital_no, action, on_date)
    SELECT h.hospital_no, transition_hospital.action, COALESCE(transition_hospital.on_date, today())
    FROM hospital h WHERE h.code = transition_hospital.hospital;
    RETURN QUERY SELECT h.* FROM hospitals_on(today()) h WHERE h.code = transition_hospital.hospital;
END
$$;

-- ---- ATC codes ----

-- 1..5 by form; veterinary codes are the same after a leading Q. NULL: not an ATC code.
CREATE FUNCTION atc_level(atc text) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN atc ~ '^Q?[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$'
    THEN CASE length(regexp_replace(atc, '^Q([A-Z])', '\1'))
         WHEN 1 THEN 1 WHEN 3 THEN 2 WHEN 4 THEN 3 WHEN 5 THEN 4 WHEN 7 THEN 5 END END::smallint;

-- Every code that has been seen in a delivery or named by somebody; the name comes when it becomes known.
CREATE TABLE atc_code (
    atc text COLLATE "C" NOT NULL,
    level smallint GENERATED ALWAYS AS (atc_level(atc)) STORED,
    name text NULL,
    name_source text NULL,
    first_seen_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    version int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT atc_code_pkey PRIMARY KEY (atc),
    CONSTRAINT atc_code_form CHECK (level IS NOT NULL),
    CONSTRAINT atc_code_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT atc_code_name_source_length CHECK (length(name_source) BETWEEN 1 AND 500),
    CONSTRAINT atc_code_name_has_source CHECK ((name IS NULL) = (name_source IS NULL))
);
ALTER TABLE atc_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE atc_code FORCE ROW LEVEL SECURITY;
CREATE POLICY atc_code_read ON atc_code FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY atc_code_insert ON atc_code FOR INSERT WITH CHECK ((SELECT actor_has('admin', 'amgros')));
CREATE POLICY atc_code_update ON atc_code FOR UPDATE USING ((SELECT actor_has('admin', 'amgros')));
GRANT SELECT, INSERT (atc, name, name_source) ON atc_code TO medkoord_server;
GRANT UPDATE (name, name_source) ON atc_code TO medkoord_server;
CREATE TRIGGER atc_code_stamp BEFORE INSERT OR UPDATE ON atc_code
    FOR EACH ROW EXECUTE FUNCTION stamp_change();

GRANT EXECUTE ON FUNCTION region_on(smallint, date), region_in_force(smallint, date), region_no_of(text),
    actor_acts_for(smallint), require_region(text, text), hospital_region_on(smallint, date),
    hospitals_on(date), create_hospital(text, text, text, date),
    move_hospital(smallint, smallint, date), update_hospital(text, text, jsonb), transition_hospital(text, text, date),
    atc_level(text) TO medkoord_server;
