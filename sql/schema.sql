-- The schema that the migrations make, for reading and reviews; written by tests/schema.sh, never by hand.
-- SPDX-License-Identifier: MPL-2.0
--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: medkoord; Type: SCHEMA; Schema: -; Owner: medkoord_owner
--

CREATE SCHEMA medkoord;

ALTER SCHEMA medkoord OWNER TO medkoord_owner;

--
-- Name: actor_subject(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_subject() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('medkoord.subject'::text, true), ''::text);

ALTER FUNCTION medkoord.actor_subject() OWNER TO medkoord_owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: divergence_measure; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.divergence_measure (
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    basis text NOT NULL,
    per text NOT NULL,
    unit text GENERATED ALWAYS AS ((
CASE basis
    WHEN 'ddd'::text THEN 'DDD'::text
    WHEN 'packs'::text THEN 'packs'::text
    ELSE 'øre'::text
END ||
CASE per
    WHEN '1000_inhabitants_per_day'::text THEN ' per 1,000 inhabitants per day'::text
    ELSE ' per 1,000 inhabitants'::text
END)) STORED NOT NULL,
    unit_da text GENERATED ALWAYS AS ((
CASE basis
    WHEN 'ddd'::text THEN 'DDD'::text
    WHEN 'packs'::text THEN 'pakninger'::text
    ELSE 'øre'::text
END ||
CASE per
    WHEN '1000_inhabitants_per_day'::text THEN ' pr. 1.000 indbyggere pr. dag'::text
    ELSE ' pr. 1.000 indbyggere'::text
END)) STORED NOT NULL,
    definition text NOT NULL,
    definition_da text NOT NULL,
    minimum_volume numeric NOT NULL,
    material_ratio numeric NOT NULL,
    sustained_months integer NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT divergence_measure_basis CHECK ((basis = ANY (ARRAY['ddd'::text, 'packs'::text, 'cost_ore'::text]))),
    CONSTRAINT divergence_measure_definition_da_length CHECK (((length(definition_da) >= 1) AND (length(definition_da) <= 2000))),
    CONSTRAINT divergence_measure_definition_length CHECK (((length(definition) >= 1) AND (length(definition) <= 2000))),
    CONSTRAINT divergence_measure_material_ratio CHECK (((material_ratio > (1)::numeric) AND (material_ratio <= (1000)::numeric) AND (scale(material_ratio) <= 4))),
    CONSTRAINT divergence_measure_minimum_volume CHECK ((((minimum_volume >= (0)::numeric) AND (minimum_volume <= '1000000000000'::numeric)) AND (scale(minimum_volume) <= 4))),
    CONSTRAINT divergence_measure_name_form CHECK ((name ~ '^[a-z][a-z0-9_]{2,62}$'::text)),
    CONSTRAINT divergence_measure_per CHECK ((per = ANY (ARRAY['1000_inhabitants_per_day'::text, '1000_inhabitants'::text]))),
    CONSTRAINT divergence_measure_sustained_months CHECK (((sustained_months >= 1) AND (sustained_months <= 24))),
    CONSTRAINT divergence_measure_version_positive CHECK ((version > 0))
);

ALTER TABLE ONLY medkoord.divergence_measure FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.divergence_measure OWNER TO medkoord_owner;

--
-- Name: divergence_question; Type: TYPE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TYPE medkoord.divergence_question AS (
	measure medkoord.divergence_measure,
	source text,
	from_month date,
	to_month date,
	as_of timestamp with time zone,
	region_basis text,
	atc text,
	level integer,
	one_code boolean,
	with_cost boolean
);

ALTER TYPE medkoord.divergence_question OWNER TO medkoord_owner;

--
-- Name: hospital_resource; Type: TYPE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TYPE medkoord.hospital_resource AS (
	code text,
	name text,
	region text,
	status text,
	closed_on date,
	regions json,
	actions json,
	changed_at timestamp with time zone,
	etag text
);

ALTER TYPE medkoord.hospital_resource OWNER TO medkoord_owner;

--
-- Name: accept_delivery(integer, text, bigint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.accept_delivery(p_delivery_no integer, p_content_sha256 text, p_bytes bigint) RETURNS TABLE(violations jsonb, violation_counts jsonb, id uuid, state text, rows bigint, ddd numeric, cost_ore bigint, short_atc_codes jsonb, new_atc_codes jsonb, supersedes jsonb, changes jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    SET work_mem TO '64MB'
    SET maintenance_work_mem TO '128MB'
    SET jit TO 'off'
    SET enable_sort TO 'off'
    AS $_$  -- grouping without it: only what is left is sorted
#variable_conflict use_column
DECLARE
    bare CONSTANT text := format('consumption_row_%s', p_delivery_no);
    target consumption_delivery;
    control_cost bigint;
    total record;
    wrong jsonb := '[]';
    replaced record;
    moment timestamptz;
BEGIN
    SELECT d.* INTO target FROM consumption_delivery d WHERE d.delivery_no = p_delivery_no FOR UPDATE;
    IF NOT FOUND OR target.state NOT IN ('announced', 'rejected') THEN
        PERFORM problem('delivery_finished', 'This delivery takes no more rows.');
    END IF;
    SELECT k.control_cost_ore INTO control_cost FROM consumption_delivery_cost k WHERE k.delivery_no = p_delivery_no;

    BEGIN
        EXECUTE format('REVOKE INSERT ON %I FROM medkoord_server', bare);
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I
                        PRIMARY KEY (delivery_no, month, hospital_no, atc, article_number)', bare, bare || '_pkey');
        EXECUTE format($q$
            WITH figures AS MATERIALIZED (
                SELECT r.month, r.hospital_no, r.atc, sum_bigint(r.ddd_e4) AS ddd_e4,
                    sum_bigint(r.packs_e4) AS packs_e4, sum_bigint(r.cost_ore) AS cost_ore, count(*)::int AS rows
                FROM %I r GROUP BY r.month, r.hospital_no, r.atc
            ), place AS MATERIALIZED (
                SELECT p.hospital_no, p.month, p.region_no
                FROM delivery_hospital_months($1) p
                JOIN consumption_coverage c ON c.delivery_no = $1 AND c.region_no = p.region_no AND c.month = p.month
            ), code AS MATERIALIZED (
                SELECT f.atc, sum(f.rows) AS rows, atc_level(f.atc) AS level FROM figures f GROUP BY f.atc
            ), new_code AS (
                INSERT INTO atc_code (atc)
                SELECT c.atc FROM code c
                WHERE c.level IS NOT NULL AND NOT EXISTS (SELECT FROM atc_code known WHERE known.atc = c.atc)
                ORDER BY c.atc
                ON CONFLICT DO NOTHING RETURNING atc
            ), added AS MATERIALIZED (
                SELECT p.region_no, p.month, p.atc, sum(p.rows) AS n, sum_bigint(p.ddd_e4) AS ddd_e4,
                    sum_bigint(p.packs_e4) AS packs_e4, sum_bigint(p.cost_ore) AS cost_ore,
                    array_agg(p.hospital_no) AS hospitals, array_agg(p.rows) AS rows, array_agg(p.ddd_e4) AS ddds_e4,
                    array_agg(p.packs_e4) AS packses_e4,
                    array_agg(p.hospital_no) FILTER (WHERE p.cost_ore IS NOT NULL) AS cost_hospitals,
                    array_agg(p.cost_ore) FILTER (WHERE p.cost_ore IS NOT NULL) AS costs_ore
                FROM (SELECT f.*, p.region_no FROM figures f JOIN place p USING (hospital_no, month)) p
                GROUP BY p.region_no, p.month, p.atc
            ), cell AS MATERIALIZED (  -- sorted once, so that every key below is added at the end of its index
                SELECT a.* FROM added a ORDER BY a.region_no, a.month, a.atc
            ), by_hospital AS (
                INSERT INTO consumption_month (delivery_no, month, region_no, atc, hospital_no, rows, ddd_e4, packs_e4)
                SELECT $1, c.month, c.region_no, c.atc, c.hospitals, c.rows, c.ddds_e4, c.packses_e4 FROM cell c
            ), cost AS (
                INSERT INTO consumption_cost_month (cost_ore, delivery_no, month, region_no, atc, hospital_no,
                                                    hospital_cost_ore)
                SELECT c.cost_ore, $1, c.month, c.region_no, c.atc, c.cost_hospitals, c.costs_ore FROM cell c
                WHERE c.cost_ore IS NOT NULL
            ), by_region AS (
                INSERT INTO consumption_region_month (ddd_e4, packs_e4, delivery_no, month, region_no, atc)
                SELECT c.ddd_e4, c.packs_e4, $1, c.month, c.region_no, c.atc FROM cell c
            )
            SELECT COALESCE(sum(f.rows), 0)::bigint AS rows, COALESCE(sum(f.ddd_e4), 0) AS ddd_e4,
                sum(f.cost_ore) AS cost_ore,
                COALESCE(sum(f.rows), 0) - (SELECT COALESCE(sum(c.n), 0) FROM cell c) AS homeless,
                (SELECT count(*) FROM code c WHERE c.level IS NULL) AS bad_codes,
                (SELECT COALESCE(jsonb_agg(n.atc ORDER BY n.atc), '[]')
                 FROM (SELECT n.atc FROM new_code n ORDER BY n.atc LIMIT 1000) n) AS new_codes,
                (SELECT COALESCE(jsonb_agg(jsonb_build_object('atc', c.atc, 'rows', c.rows) ORDER BY c.atc), '[]')
                 FROM (SELECT c.* FROM code c WHERE c.level < 5 ORDER BY c.atc LIMIT 1000) c) AS short_codes
            FROM figures f
            $q$, bare) INTO total USING p_delivery_no;

        IF total.rows <> target.control_rows THEN
            wrong := wrong || control_violation('control_rows', NULL, NULL, target.control_rows::text, total.rows::text);
        END IF;
        IF total.ddd_e4 <> target.control_ddd_e4 THEN
            wrong := wrong || control_violation('control_ddd', 'ddd', 'DDD', from_e4(target.control_ddd_e4)::text,
                                                trim_scale(total.ddd_e4 * 0.0001)::text);
        END IF;
        IF total.cost_ore IS DISTINCT FROM control_cost AND control_cost IS NOT NULL
           AND (total.cost_ore IS NOT NULL OR control_cost <> 0) THEN
            wrong := wrong || control_violation('control_cost', 'cost_ore', 'øre', control_cost::text,
                                                COALESCE(total.cost_ore, 0)::text);
        END IF;
        IF wrong <> '[]' OR total.homeless > 0 OR total.bad_codes > 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'MK001';
        END IF;
    EXCEPTION
        -- Everything done above is undone; what was found stays.
        WHEN SQLSTATE 'MK001' OR unique_violation THEN
            WITH v AS MATERIALIZED (
                SELECT x.violation, x.code, row_number() OVER () AS n
                FROM (SELECT w.value AS violation, w.value ->> 'code' AS code FROM jsonb_array_elements(wrong) w
                      UNION ALL
                      SELECT u.violation, u.code FROM upload_violations(bare, p_delivery_no) u) x
            )
            SELECT (SELECT jsonb_agg(v.violation ORDER BY v.n) FROM v WHERE v.n <= 10000),
                (SELECT jsonb_object_agg(c.code, c.n) FROM (SELECT v.code, count(*) AS n FROM v GROUP BY v.code) c)
            INTO violations, violation_counts;
            RETURN NEXT;
            RETURN;
    END;

    moment := next_change_of_source(target.source, p_delivery_no);
    SELECT count(*) FILTER (WHERE f.delivery_no IS NOT NULL) AS region_months, count(*) AS covered,
        COALESCE(sum(f.ddd_e4), 0) AS ddd_e4,
        COALESCE(jsonb_agg(DISTINCT o.id) FILTER (WHERE o.id IS NOT NULL), '[]') AS deliveries
    INTO replaced
    FROM consumption_coverage c
    LEFT JOIN LATERAL coverage_at(c.source, c.region_no, c.month, NULL) f ON true
    LEFT JOIN consumption_delivery o ON o.delivery_no = f.delivery_no
    WHERE c.delivery_no = p_delivery_no;

    UPDATE consumption_coverage c SET accepted_at = moment,
        ddd_e4 = COALESCE((SELECT sum(m.ddd_e4) FROM consumption_region_month m
                           WHERE m.delivery_no = p_delivery_no AND m.region_no = c.region_no AND m.month = c.month), 0)
    WHERE c.delivery_no = p_delivery_no;
    UPDATE consumption_delivery_cost k SET cost_ore = total.cost_ore WHERE k.delivery_no = p_delivery_no;
    DELETE FROM consumption_rejection x WHERE x.delivery_no = p_delivery_no;
    DELETE FROM consumption_rejection_count x WHERE x.delivery_no = p_delivery_no;
    UPDATE consumption_delivery d
    SET state = 'accepted', accepted_at = moment, accepted_by = COALESCE(actor_subject(), current_user),
        content_sha256 = p_content_sha256, content_bytes = p_bytes, rows = total.rows, rejected_at = NULL,
        rejected_count = NULL,
        report = jsonb_build_object('short_atc_codes', total.short_codes, 'new_atc_codes', total.new_codes,
            'supersedes', replaced.deliveries, 'changes', jsonb_build_object(
                'region_months_new', replaced.covered - replaced.region_months,
                'region_months_replaced', replaced.region_months,
                'ddd_before', trim_scale(replaced.ddd_e4 * 0.0001), 'ddd_after', trim_scale(total.ddd_e4 * 0.0001)))
    WHERE d.delivery_no = p_delivery_no;
    PERFORM renew_consumption_years(p_delivery_no);
    -- Without a policy of its own: read through consumption_row or not at all.
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', bare);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', bare);
    EXECUTE format('ALTER TABLE consumption_row ATTACH PARTITION %I FOR VALUES IN (%s)', bare, p_delivery_no);
    RETURN QUERY SELECT NULL::jsonb, NULL::jsonb, r.* FROM consumption_delivery_report(p_delivery_no) r;
END
$_$;

ALTER FUNCTION medkoord.accept_delivery(p_delivery_no integer, p_content_sha256 text, p_bytes bigint) OWNER TO medkoord_owner;

--
-- Name: actor_region(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_region() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('medkoord.region'::text, true), ''::text);

ALTER FUNCTION medkoord.actor_region() OWNER TO medkoord_owner;

--
-- Name: region_no_of(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.region_no_of(slug text) RETURNS smallint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN (SELECT r.region_no FROM medkoord.region r WHERE r.slug = region_no_of.slug);
END
$$;

ALTER FUNCTION medkoord.region_no_of(slug text) OWNER TO medkoord_owner;

--
-- Name: region_on(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.region_on(region_no smallint, on_date date) RETURNS smallint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    AS $$
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

ALTER FUNCTION medkoord.region_on(region_no smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: today(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.today() RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((CURRENT_TIMESTAMP AT TIME ZONE 'Europe/Copenhagen'::text))::date;

ALTER FUNCTION medkoord.today() OWNER TO medkoord_owner;

--
-- Name: actor_acts_for(smallint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_acts_for(region_no smallint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((medkoord.region_on(medkoord.region_no_of(medkoord.actor_region()), medkoord.today()) = medkoord.region_on(region_no, medkoord.today())), false);

ALTER FUNCTION medkoord.actor_acts_for(region_no smallint) OWNER TO medkoord_owner;

--
-- Name: actor_bodies(text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_bodies(VARIADIC may text[] DEFAULT '{}'::text[]) RETURNS smallint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    day date := medkoord.today();
    held smallint[] := ARRAY(SELECT DISTINCT s.body_no FROM medkoord.actor_seats(day) s
                             WHERE actor_bodies.may = '{}' OR s.allows && actor_bodies.may);
BEGIN
    RETURN held || ARRAY(SELECT b.body_no FROM medkoord.body b
                         WHERE b.valid_to <= day AND medkoord.body_successor(b.body_no, day) = ANY (held));
END
$$;

ALTER FUNCTION medkoord.actor_bodies(VARIADIC may text[]) OWNER TO medkoord_owner;

--
-- Name: actor_colleagues(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_colleagues() RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    day date := today();
    mine smallint[] := ARRAY(SELECT s.body_no FROM actor_seats(day) s);
BEGIN
    RETURN actor_person() || ARRAY(
        SELECT a.person_no FROM appointment a WHERE a.body_no = ANY (mine) AND daterange(a.valid_from, a.ends_on) @> day);
END
$$;

ALTER FUNCTION medkoord.actor_colleagues() OWNER TO medkoord_owner;

--
-- Name: actor_has(text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_has(VARIADIC roles text[]) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((string_to_array(current_setting('medkoord.roles'::text, true), ','::text) && array_remove(roles, ''::text)), false);

ALTER FUNCTION medkoord.actor_has(VARIADIC roles text[]) OWNER TO medkoord_owner;

--
-- Name: actor_keeps_people(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_keeps_people() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    day date := medkoord.today();
BEGIN
    IF medkoord.actor_has('admin') THEN
        RETURN true;
    END IF;
    RETURN EXISTS (SELECT FROM medkoord.actor_seats(day) s WHERE 'keep_people' = ANY (s.allows));
END
$$;

ALTER FUNCTION medkoord.actor_keeps_people() OWNER TO medkoord_owner;

--
-- Name: actor_may(text, smallint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_may(what text, in_body smallint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
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

ALTER FUNCTION medkoord.actor_may(what text, in_body smallint) OWNER TO medkoord_owner;

--
-- Name: actor_may_appoint(smallint, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_may_appoint(to_body smallint, to_role text, by_appointer text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
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

ALTER FUNCTION medkoord.actor_may_appoint(to_body smallint, to_role text, by_appointer text) OWNER TO medkoord_owner;

--
-- Name: actor_meeting_bodies(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_meeting_bodies() RETURNS smallint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN ARRAY(SELECT b.body_no FROM medkoord.body b
                 WHERE b.kind IN ('forum', 'steering_group', 'working_group') OR medkoord.actor_has('auditor', 'admin'))
        || medkoord.actor_bodies('read_draft');
END
$$;

ALTER FUNCTION medkoord.actor_meeting_bodies() OWNER TO medkoord_owner;

--
-- Name: actor_name(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_name() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN (SELECT p.name FROM medkoord.person p WHERE p.subject = medkoord.actor_subject());
END
$$;

ALTER FUNCTION medkoord.actor_name() OWNER TO medkoord_owner;

--
-- Name: actor_oversees(text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_oversees(VARIADIC may text[]) RETURNS integer[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    me int := medkoord.actor_person();
BEGIN
    IF me IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN me || medkoord.seated_by_others(medkoord.actor_bodies(VARIADIC may), medkoord.today());
END
$$;

ALTER FUNCTION medkoord.actor_oversees(VARIADIC may text[]) OWNER TO medkoord_owner;

--
-- Name: actor_person(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_person() RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN (SELECT p.person_no FROM medkoord.person p WHERE p.subject = medkoord.actor_subject());
END
$$;

ALTER FUNCTION medkoord.actor_person() OWNER TO medkoord_owner;

--
-- Name: region; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.region (
    region_no smallint NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    code text COLLATE pg_catalog."C",
    valid_from date NOT NULL,
    valid_to date,
    successor_no smallint,
    CONSTRAINT region_code_form CHECK ((code ~ '^[0-9]{4}$'::text)),
    CONSTRAINT region_period CHECK ((valid_to > valid_from)),
    CONSTRAINT region_slug_form CHECK ((slug ~ '^[a-z][a-z-]{1,30}$'::text)),
    CONSTRAINT region_successor_needs_end CHECK (((successor_no IS NULL) OR (valid_to IS NOT NULL)))
);

ALTER TABLE ONLY medkoord.region FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.region OWNER TO medkoord_owner;

--
-- Name: actor_regions(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_regions() RETURNS smallint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_agg(r.region_no) AS array_agg
    FROM medkoord.region r
   WHERE (( SELECT medkoord.actor_has(VARIADIC ARRAY['region_coordinator'::text]) AS actor_has) AND medkoord.actor_acts_for(r.region_no));
END;

ALTER FUNCTION medkoord.actor_regions() OWNER TO medkoord_owner;

--
-- Name: actor_rights(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_rights() RETURNS TABLE(body_no smallint, may json, appoint_for json)
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.actor_rights() OWNER TO medkoord_owner;

--
-- Name: is_one_line(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.is_one_line(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (value ~ ('^[^\u0001-\u001f\u007f\u0085\u2028\u2029]*[^\u0001-\u001f\u007f\u0085\u2028\u2029'::text || ' \u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff][^\u0001-\u001f\u007f\u0085\u2028\u2029]*$'::text));

ALTER FUNCTION medkoord.is_one_line(value text) OWNER TO medkoord_owner;

--
-- Name: appointment; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.appointment (
    appointment_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_no integer NOT NULL,
    body_no smallint NOT NULL,
    role text NOT NULL,
    region_no smallint,
    kind text NOT NULL,
    seat_region_no smallint NOT NULL,
    alone boolean NOT NULL,
    subject text COLLATE pg_catalog."C",
    allows text[] NOT NULL,
    appointed_by text NOT NULL COLLATE pg_catalog."C",
    valid_from date NOT NULL,
    valid_to date,
    ends_on date,
    held_until date GENERATED ALWAYS AS (
CASE
    WHEN (ends_on IS NULL) THEN 'infinity'::date
    ELSE ends_on
END) STORED NOT NULL,
    end_reason text,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT appointment_end_has_reason CHECK (((valid_to IS NULL) = (end_reason IS NULL))),
    CONSTRAINT appointment_end_reason_length CHECK (((length(end_reason) >= 1) AND (length(end_reason) <= 500))),
    CONSTRAINT appointment_end_reason_one_line CHECK (medkoord.is_one_line(end_reason)),
    CONSTRAINT appointment_ends_after_start CHECK ((valid_to >= valid_from))
);

ALTER TABLE ONLY medkoord.appointment FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.appointment OWNER TO medkoord_owner;

--
-- Name: actor_seats(date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_seats(on_date date) RETURNS TABLE(body_no smallint, kind text, role text, region_no smallint, allows text[])
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT a.body_no,
     a.kind,
     a.role,
     a.region_no,
     a.allows
    FROM medkoord.appointment a
   WHERE ((a.subject = medkoord.actor_subject()) AND (a.valid_from <= actor_seats.on_date) AND (a.held_until > actor_seats.on_date));
END;

ALTER FUNCTION medkoord.actor_seats(on_date date) OWNER TO medkoord_owner;

--
-- Name: actor_sees_subjects(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_sees_subjects() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN medkoord.actor_keeps_people() OR medkoord.actor_has('auditor');
END
$$;

ALTER FUNCTION medkoord.actor_sees_subjects() OWNER TO medkoord_owner;

--
-- Name: actor_stand_in_matters(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_stand_in_matters() RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.actor_stand_in_matters() OWNER TO medkoord_owner;

--
-- Name: actor_stands_in(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_stands_in() RETURNS smallint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    day date := medkoord.today();
BEGIN
    RETURN ARRAY(SELECT b.body_no FROM medkoord.body b WHERE medkoord.actor_has('admin') OR EXISTS (
        SELECT FROM medkoord.actor_seats(day) s
        WHERE s.kind = 'health_directors' AND (b.region_no = s.region_no OR b.region_no IS NULL)));
END
$$;

ALTER FUNCTION medkoord.actor_stands_in() OWNER TO medkoord_owner;

--
-- Name: add_divergence_measure(jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.add_divergence_measure(body jsonb) RETURNS SETOF medkoord.divergence_measure
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    latest divergence_measure;
    volume numeric := trim_scale((body ->> 'minimum_volume')::numeric);
    ratio numeric := trim_scale((body ->> 'material_ratio')::numeric);
BEGIN
    IF NOT actor_has('forum_secretariat', 'admin') THEN
        PERFORM problem('forbidden', 'Only the forum''s secretariat and administrators add measures.');
    END IF;
    IF NOT volume BETWEEN 0 AND 1e12 THEN
        PERFORM problem('validation_failed', 'It lies between 0 and 1,000,000,000,000.', '/minimum_volume');
    ELSIF NOT (ratio > 1 AND ratio <= 1000) THEN
        PERFORM problem('validation_failed', 'It is greater than 1 and at most 1,000.', '/material_ratio');
    ELSIF scale(volume) > 4 OR scale(ratio) > 4 THEN
        PERFORM problem('too_many_decimals', 'At most four decimals are kept.',
                        CASE WHEN scale(volume) > 4 THEN '/minimum_volume' ELSE '/material_ratio' END);
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(body ->> 'name', 7090813));
    SELECT m.* INTO latest FROM divergence_measure m WHERE m.name = body ->> 'name' ORDER BY m.version DESC LIMIT 1;
    IF latest.basis <> body ->> 'basis' OR latest.per <> body ->> 'per' THEN
        PERFORM problem('divergence_measure_differs', format(
            'The measure %s counts %s. Give what counts something else a name of its own.', latest.name, latest.unit), '/name');
    END IF;
    RETURN QUERY
    INSERT INTO divergence_measure
        (name, version, basis, per, definition, definition_da, minimum_volume, material_ratio, sustained_months)
    VALUES (body ->> 'name', COALESCE(latest.version, 0) + 1, body ->> 'basis', body ->> 'per', body ->> 'definition',
            body ->> 'definition_da', volume, ratio, (body ->> 'sustained_months')::int)
    RETURNING *;
END
$$;

ALTER FUNCTION medkoord.add_divergence_measure(body jsonb) OWNER TO medkoord_owner;

--
-- Name: danish_day(timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.danish_day(at timestamp with time zone) RETURNS date
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN ((at AT TIME ZONE 'Europe/Copenhagen'::text))::date;

ALTER FUNCTION medkoord.danish_day(at timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: meeting_etag(boolean, integer, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.meeting_etag(member boolean, version integer, shown text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat(CASE WHEN member THEN (version || '-'::text) ELSE NULL::text END, "left"(md5(shown), 20));

ALTER FUNCTION medkoord.meeting_etag(member boolean, version integer, shown text) OWNER TO medkoord_owner;

--
-- Name: meeting_obstacle(integer, timestamp with time zone, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.meeting_obstacle(number integer, starts_at timestamp with time zone, action text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN CASE
        WHEN action = 'call' AND NOT EXISTS (SELECT FROM medkoord.agenda_item a WHERE a.meeting_no = number) THEN 'meeting_without_agenda'
        WHEN action = 'hold' AND medkoord.danish_day(starts_at) > medkoord.today() THEN 'meeting_lies_ahead'
        WHEN action = 'approve_minutes' AND NOT EXISTS (SELECT FROM medkoord.meeting_minutes m WHERE m.meeting_no = number) THEN 'minutes_missing'
    END;
END
$$;

ALTER FUNCTION medkoord.meeting_obstacle(number integer, starts_at timestamp with time zone, action text) OWNER TO medkoord_owner;

--
-- Name: meeting_recused(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.meeting_recused(number integer) RETURNS TABLE(item smallint, person_no integer, person uuid, name text)
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.meeting_recused(number integer) OWNER TO medkoord_owner;

--
-- Name: meeting_recused_shown(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.meeting_recused_shown(number integer) RETURNS TABLE(item smallint, recused json)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT r.item,
     json_agg(json_build_object('person', r.person, 'name', r.name) ORDER BY r.name, r.person) AS json_agg
    FROM medkoord.meeting_recused(meeting_recused_shown.number) r(item, person_no, person, name)
   GROUP BY r.item;
END;

ALTER FUNCTION medkoord.meeting_recused_shown(number integer) OWNER TO medkoord_owner;

--
-- Name: seats_held(integer, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.seats_held(by_person integer, on_date date) RETURNS TABLE(appointment_no integer, body_no smallint, kind text, role text, region_no smallint)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT a.appointment_no,
     a.body_no,
     a.kind,
     a.role,
     a.region_no
    FROM medkoord.appointment a
   WHERE ((a.person_no = seats_held.by_person) AND (a.valid_from <= seats_held.on_date) AND (a.held_until > seats_held.on_date));
END;

ALTER FUNCTION medkoord.seats_held(by_person integer, on_date date) OWNER TO medkoord_owner;

--
-- Name: meeting; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting (
    meeting_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text NOT NULL COLLATE pg_catalog."C",
    body_no smallint NOT NULL,
    title text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    place text,
    state text DEFAULT 'draft'::text NOT NULL,
    called_at timestamp with time zone,
    sequence integer DEFAULT 0 NOT NULL,
    open_changed_at timestamp with time zone NOT NULL,
    body_name text,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT meeting_length CHECK ((ends_at <= (starts_at + '7 days'::interval))),
    CONSTRAINT meeting_period CHECK ((ends_at > starts_at)),
    CONSTRAINT meeting_place_length CHECK (((length(place) >= 1) AND (length(place) <= 500))),
    CONSTRAINT meeting_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'called'::text, 'held'::text, 'minutes_approved'::text, 'cancelled'::text]))),
    CONSTRAINT meeting_time_finite CHECK ((isfinite(starts_at) AND isfinite(ends_at))),
    CONSTRAINT meeting_title_length CHECK (((length(title) >= 1) AND (length(title) <= 200))),
    CONSTRAINT meeting_title_line CHECK (((title ~ '[^[:space:]]'::text) AND (title !~ '[
  ]'::text)))
);

ALTER TABLE ONLY medkoord.meeting FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting OWNER TO medkoord_owner;

--
-- Name: meeting_seats(integer, medkoord.meeting); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.meeting_seats(by_person integer, at medkoord.meeting) RETURNS text[]
    LANGUAGE sql STABLE
    RETURN ARRAY(SELECT DISTINCT h.role FROM medkoord.seats_held(meeting_seats.by_person, medkoord.danish_day((meeting_seats.at).starts_at)) h(appointment_no, body_no, kind, role, region_no) WHERE (h.body_no = (meeting_seats.at).body_no) ORDER BY h.role);

ALTER FUNCTION medkoord.meeting_seats(by_person integer, at medkoord.meeting) OWNER TO medkoord_owner;

--
-- Name: agenda_item; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.agenda_item (
    meeting_no integer NOT NULL,
    item smallint NOT NULL,
    title text NOT NULL,
    text text,
    purpose text,
    closed boolean NOT NULL,
    link_kind text,
    link_ref text COLLATE pg_catalog."C",
    snapshot_no integer,
    CONSTRAINT agenda_item_link_form CHECK (((link_kind = 'snapshot'::text) OR (link_ref ~ '^[A-Z]{2}-[0-9]{4}-[0-9]{4,6}$'::text))),
    CONSTRAINT agenda_item_link_known CHECK ((link_kind = ANY (ARRAY['case'::text, 'snapshot'::text, 'application'::text, 'list'::text]))),
    CONSTRAINT agenda_item_link_snapshot CHECK (((snapshot_no IS NOT NULL) = COALESCE((link_kind = 'snapshot'::text), false))),
    CONSTRAINT agenda_item_link_whole CHECK (((link_kind IS NULL) = (link_ref IS NULL))),
    CONSTRAINT agenda_item_number CHECK (((item >= 1) AND (item <= 100))),
    CONSTRAINT agenda_item_purpose_known CHECK ((purpose = ANY (ARRAY['information'::text, 'discussion'::text, 'decision'::text]))),
    CONSTRAINT agenda_item_text_length CHECK (((length(text) >= 1) AND (length(text) <= 10000))),
    CONSTRAINT agenda_item_title_length CHECK (((length(title) >= 1) AND (length(title) <= 200))),
    CONSTRAINT agenda_item_title_line CHECK (((title ~ '[^[:space:]]'::text) AND (title !~ '[
  ]'::text)))
);

ALTER TABLE ONLY medkoord.agenda_item FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.agenda_item OWNER TO medkoord_owner;

--
-- Name: body; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.body (
    body_no smallint NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    name text NOT NULL,
    region_no smallint,
    valid_from date NOT NULL,
    valid_to date,
    source text NOT NULL,
    meetings_a_year smallint,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT body_kind_known CHECK ((kind = ANY (ARRAY['forum'::text, 'steering_group'::text, 'working_group'::text, 'health_directors'::text, 'drug_committee'::text]))),
    CONSTRAINT body_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT body_name_one_line CHECK (medkoord.is_one_line(name)),
    CONSTRAINT body_period CHECK ((valid_to > valid_from)),
    CONSTRAINT body_region_of_committee CHECK (((region_no IS NOT NULL) = (kind = 'drug_committee'::text))),
    CONSTRAINT body_slug_form CHECK ((slug ~ '^[a-z][a-z-]{1,62}$'::text))
);

ALTER TABLE ONLY medkoord.body FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.body OWNER TO medkoord_owner;

--
-- Name: divergence_snapshot; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.divergence_snapshot (
    snapshot_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    title text NOT NULL,
    measure text NOT NULL COLLATE pg_catalog."C",
    measure_version integer NOT NULL,
    basis text NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    from_month date NOT NULL,
    to_month date NOT NULL,
    region_basis text NOT NULL,
    as_of timestamp with time zone NOT NULL,
    atc text COLLATE pg_catalog."C",
    level integer NOT NULL,
    material boolean,
    items integer NOT NULL,
    overview json NOT NULL,
    sha256 text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT divergence_snapshot_digest CHECK ((sha256 = encode(sha256(convert_to((overview)::text, 'UTF8'::name)), 'hex'::text))),
    CONSTRAINT divergence_snapshot_title_length CHECK (((length(title) >= 1) AND (length(title) <= 200))),
    CONSTRAINT divergence_snapshot_window CHECK ((from_month <= to_month))
);

ALTER TABLE ONLY medkoord.divergence_snapshot FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.divergence_snapshot OWNER TO medkoord_owner;

--
-- Name: meeting_attendance; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting_attendance (
    meeting_no integer NOT NULL,
    person_no integer NOT NULL,
    attendance text NOT NULL,
    name text,
    seats text[],
    changed_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    changed_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT meeting_attendance_frozen_whole CHECK (((name IS NULL) = (seats IS NULL))),
    CONSTRAINT meeting_attendance_known CHECK ((attendance = ANY (ARRAY['present'::text, 'apologies'::text, 'absent'::text])))
);

ALTER TABLE ONLY medkoord.meeting_attendance FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting_attendance OWNER TO medkoord_owner;

--
-- Name: meeting_minutes; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting_minutes (
    meeting_no integer NOT NULL,
    text text,
    person_no integer DEFAULT medkoord.actor_person(),
    name text DEFAULT medkoord.actor_name(),
    changed_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    changed_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT meeting_minutes_text_length CHECK (((length(text) >= 1) AND (length(text) <= 20000)))
);

ALTER TABLE ONLY medkoord.meeting_minutes FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting_minutes OWNER TO medkoord_owner;

--
-- Name: meeting_step; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting_step (
    from_state text NOT NULL,
    action text NOT NULL,
    to_state text NOT NULL,
    may text NOT NULL
);

ALTER TABLE ONLY medkoord.meeting_step FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting_step OWNER TO medkoord_owner;

--
-- Name: meeting_transition; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting_transition (
    transition_no integer NOT NULL,
    meeting_no integer NOT NULL,
    action text NOT NULL,
    reason text,
    person_no integer DEFAULT medkoord.actor_person(),
    name text DEFAULT medkoord.actor_name(),
    changed_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    changed_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT meeting_transition_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);

ALTER TABLE ONLY medkoord.meeting_transition FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting_transition OWNER TO medkoord_owner;

--
-- Name: person; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.person (
    person_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    subject text COLLATE pg_catalog."C",
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT person_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT person_one_line CHECK ((medkoord.is_one_line(name) AND medkoord.is_one_line(subject))),
    CONSTRAINT person_subject_length CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
);

ALTER TABLE ONLY medkoord.person FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.person OWNER TO medkoord_owner;

--
-- Name: meeting_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.meeting_shown WITH (security_invoker='true') AS
 SELECT m.meeting_no,
    m.body_no,
    m.version,
    m.reference,
    b.slug AS body,
    m.title,
    m.starts_at,
    m.ends_at,
    m.place,
    m.state,
    s.cancel_reason,
    s.agenda,
    s.attendance,
    s.minutes,
    s.actions,
        CASE
            WHEN member.yes THEN m.changed_at
            ELSE m.open_changed_at
        END AS changed_at,
    medkoord.meeting_etag(member.yes, m.version, (ROW(m.title, m.starts_at, m.ends_at, m.place, m.state, m.open_changed_at, s.*::record))::text) AS etag
   FROM (((medkoord.meeting m
     JOIN medkoord.body b ON ((b.body_no = m.body_no)))
     CROSS JOIN LATERAL ( SELECT (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['read_draft'::text]) AS actor_bodies)::smallint[])) AS yes) member)
     CROSS JOIN LATERAL ( SELECT ( SELECT t.reason
                   FROM medkoord.meeting_transition t
                  WHERE ((t.meeting_no = m.meeting_no) AND (t.action = 'cancel'::text))) AS cancel_reason,
            COALESCE(( SELECT json_agg(json_build_object('item', a.item, 'title', a.title, 'text', a.text, 'purpose', a.purpose, 'closed', a.closed, 'link',
                        CASE
                            WHEN (a.link_kind IS NOT NULL) THEN json_build_object('kind', a.link_kind, 'ref', a.link_ref, 'title', ( SELECT d.title
                               FROM medkoord.divergence_snapshot d
                              WHERE (d.snapshot_no = a.snapshot_no)))
                            ELSE NULL::json
                        END, 'recused',
                        CASE
                            WHEN (member.yes OR (m.state = 'minutes_approved'::text)) THEN COALESCE(r.recused, '[]'::json)
                            ELSE NULL::json
                        END) ORDER BY a.item) AS json_agg
                   FROM (medkoord.agenda_item a
                     LEFT JOIN medkoord.meeting_recused_shown(m.meeting_no) r(item, recused) ON ((r.item = a.item)))
                  WHERE (a.meeting_no = m.meeting_no)), '[]'::json) AS agenda,
                CASE
                    WHEN (member.yes OR (m.state = 'minutes_approved'::text)) THEN COALESCE(( SELECT json_agg(json_build_object('person', p.id, 'name', n.name, 'attendance', t.attendance, 'seats', COALESCE(t.seats, medkoord.meeting_seats(t.person_no, m.*))) ORDER BY n.name, p.id) AS json_agg
                       FROM ((medkoord.meeting_attendance t
                         JOIN medkoord.person p ON ((p.person_no = t.person_no)))
                         CROSS JOIN LATERAL ( SELECT COALESCE(t.name, p.name) AS name) n)
                      WHERE (t.meeting_no = m.meeting_no)), '[]'::json)
                    ELSE NULL::json
                END AS attendance,
                CASE
                    WHEN (EXISTS ( SELECT
                       FROM medkoord.meeting_minutes i
                      WHERE (i.meeting_no = m.meeting_no))) THEN
                    CASE
                        WHEN (m.state = 'minutes_approved'::text) THEN 'approved'::text
                        ELSE 'draft'::text
                    END
                    ELSE NULL::text
                END AS minutes,
            COALESCE(( SELECT json_agg(p.action ORDER BY p.action) AS json_agg
                   FROM medkoord.meeting_step p
                  WHERE ((p.from_state = m.state) AND medkoord.actor_may(p.may, m.body_no) AND (medkoord.meeting_obstacle(m.meeting_no, m.starts_at, p.action) IS NULL))), '[]'::json) AS actions
         OFFSET 0) s);

ALTER TABLE medkoord.meeting_shown OWNER TO medkoord_owner;

--
-- Name: announce_apologies(text, boolean); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.announce_apologies(meeting text, apologies boolean) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.announce_apologies(meeting text, apologies boolean) OWNER TO medkoord_owner;

--
-- Name: consumption_coverage; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_coverage (
    delivery_no integer NOT NULL,
    region_no smallint NOT NULL,
    month date NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    accepted_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    ddd_e4 bigint,
    CONSTRAINT consumption_coverage_accepted_is_whole CHECK (((accepted_at IS NULL) = (ddd_e4 IS NULL))),
    CONSTRAINT consumption_coverage_first_of_month CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    CONSTRAINT consumption_coverage_withdrawn_later CHECK ((withdrawn_at >= accepted_at)),
    CONSTRAINT consumption_coverage_withdrawn_was_accepted CHECK (((withdrawn_at IS NULL) OR (accepted_at IS NOT NULL)))
);

ALTER TABLE ONLY medkoord.consumption_coverage FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_coverage OWNER TO medkoord_owner;

--
-- Name: coverage_at(text, smallint, date, timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.coverage_at(p_source text, p_region_no smallint, p_month date, p_as_of timestamp with time zone) RETURNS TABLE(delivery_no integer, status text, accepted_at timestamp with time zone, ddd_e4 bigint)
    LANGUAGE sql STABLE ROWS 1 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT c.delivery_no,
     c.status,
     c.accepted_at,
     c.ddd_e4
    FROM medkoord.consumption_coverage c
   WHERE ((c.source = coverage_at.p_source) AND (c.region_no = coverage_at.p_region_no) AND (c.month = coverage_at.p_month) AND (c.accepted_at <= COALESCE(coverage_at.p_as_of, 'infinity'::timestamp with time zone)) AND ((c.withdrawn_at IS NULL) OR (c.withdrawn_at > COALESCE(coverage_at.p_as_of, 'infinity'::timestamp with time zone))))
   ORDER BY c.accepted_at DESC, c.delivery_no DESC
  LIMIT 1;
END;

ALTER FUNCTION medkoord.coverage_at(p_source text, p_region_no smallint, p_month date, p_as_of timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: from_e4(bigint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.from_e4(value bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN trim_scale(((value)::numeric * 0.0001));

ALTER FUNCTION medkoord.from_e4(value bigint) OWNER TO medkoord_owner;

--
-- Name: may_deliver(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.may_deliver() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN medkoord.actor_has(VARIADIC ARRAY['amgros'::text, 'admin'::text]);

ALTER FUNCTION medkoord.may_deliver() OWNER TO medkoord_owner;

--
-- Name: consumption_delivery; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_delivery (
    delivery_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    label text NOT NULL,
    status text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'announced'::text NOT NULL COLLATE pg_catalog."C",
    control_rows bigint NOT NULL,
    control_ddd_e4 bigint NOT NULL,
    sha256 text COLLATE pg_catalog."C",
    announced_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    announced_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    content_sha256 text COLLATE pg_catalog."C",
    content_bytes bigint,
    rows bigint,
    accepted_at timestamp with time zone,
    accepted_by text,
    report jsonb,
    rejected_at timestamp with time zone,
    rejected_count bigint,
    withdrawn_at timestamp with time zone,
    withdrawn_by text,
    withdrawn_reason text,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT consumption_delivery_accepted_is_whole CHECK (((num_nonnulls(rows, accepted_at, accepted_by, report) = ANY (ARRAY[0, 4])) AND ((accepted_at IS NULL) OR ((rows = control_rows) AND (content_bytes IS NOT NULL) AND (content_sha256 IS NOT NULL) AND (rejected_at IS NULL) AND (state = ANY (ARRAY['accepted'::text, 'withdrawn'::text])))) AND ((state <> 'accepted'::text) OR (accepted_at IS NOT NULL)))),
    CONSTRAINT consumption_delivery_announced_is_empty CHECK (((state <> 'announced'::text) OR (num_nonnulls(content_sha256, content_bytes, rows, accepted_at, accepted_by, report, rejected_at, rejected_count, withdrawn_at, withdrawn_by, withdrawn_reason) = 0))),
    CONSTRAINT consumption_delivery_content_bytes CHECK ((content_bytes >= 0)),
    CONSTRAINT consumption_delivery_content_sha256_form CHECK ((content_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT consumption_delivery_control_rows CHECK ((control_rows >= 0)),
    CONSTRAINT consumption_delivery_label_length CHECK (((length(label) >= 1) AND (length(label) <= 200))),
    CONSTRAINT consumption_delivery_reason_length CHECK (((length(withdrawn_reason) >= 1) AND (length(withdrawn_reason) <= 500))),
    CONSTRAINT consumption_delivery_rejected_is_whole CHECK (((num_nonnulls(rejected_at, rejected_count) = ANY (ARRAY[0, 2])) AND ((state <> 'rejected'::text) OR (rejected_at IS NOT NULL)) AND ((rejected_at IS NULL) OR (state = ANY (ARRAY['rejected'::text, 'withdrawn'::text]))) AND COALESCE((rejected_count > 0), true))),
    CONSTRAINT consumption_delivery_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT consumption_delivery_source_form CHECK ((source ~ '^[a-z][a-z0-9-]{0,31}$'::text)),
    CONSTRAINT consumption_delivery_state CHECK ((state = ANY (ARRAY['announced'::text, 'accepted'::text, 'rejected'::text, 'withdrawn'::text]))),
    CONSTRAINT consumption_delivery_status CHECK ((status = ANY (ARRAY['provisional'::text, 'final'::text]))),
    CONSTRAINT consumption_delivery_withdrawn_is_whole CHECK ((num_nonnulls(withdrawn_at, withdrawn_by, withdrawn_reason) =
CASE state
    WHEN 'withdrawn'::text THEN 3
    ELSE 0
END))
);

ALTER TABLE ONLY medkoord.consumption_delivery FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_delivery OWNER TO medkoord_owner;

--
-- Name: consumption_delivery_cost; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_delivery_cost (
    delivery_no integer NOT NULL,
    control_cost_ore bigint,
    cost_ore bigint,
    CONSTRAINT consumption_delivery_cost_control CHECK ((cost_ore = control_cost_ore))
);

ALTER TABLE ONLY medkoord.consumption_delivery_cost FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_delivery_cost OWNER TO medkoord_owner;

--
-- Name: consumption_delivery_transition; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_delivery_transition (
    from_state text NOT NULL,
    action text NOT NULL,
    to_state text NOT NULL
);

ALTER TABLE medkoord.consumption_delivery_transition OWNER TO medkoord_owner;

--
-- Name: consumption_rejection_count; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_rejection_count (
    delivery_no integer NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL,
    CONSTRAINT consumption_rejection_count_positive CHECK ((count > 0))
);

ALTER TABLE ONLY medkoord.consumption_rejection_count FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_rejection_count OWNER TO medkoord_owner;

--
-- Name: consumption_delivery_resource; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.consumption_delivery_resource WITH (security_invoker='true') AS
 SELECT d.delivery_no,
    d.id,
    d.source,
    d.label,
    d.status,
    d.state,
    ( SELECT json_agg(json_build_object('region', x.slug, 'from_month', to_char((x.first)::timestamp with time zone, 'YYYY-MM'::text), 'to_month', to_char((x.last)::timestamp with time zone, 'YYYY-MM'::text)) ORDER BY x.slug, x.first) AS json_agg
           FROM ( SELECT r.slug,
                    min(c.month) AS first,
                    max(c.month) AS last
                   FROM (( SELECT c_1.region_no,
                            c_1.month,
                            (((EXTRACT(year FROM c_1.month) * (12)::numeric) + EXTRACT(month FROM c_1.month)) - (row_number() OVER (PARTITION BY c_1.region_no ORDER BY c_1.month))::numeric) AS run
                           FROM medkoord.consumption_coverage c_1
                          WHERE (c_1.delivery_no = d.delivery_no)) c
                     JOIN medkoord.region r ON ((r.region_no = c.region_no)))
                  GROUP BY r.slug, c.run) x) AS coverage,
    ( SELECT count(*) AS count
           FROM medkoord.consumption_coverage c
          WHERE (c.delivery_no = d.delivery_no)) AS region_months,
    json_build_object('rows', d.control_rows, 'ddd', medkoord.from_e4(d.control_ddd_e4), 'cost_ore', k.control_cost_ore) AS control,
    d.sha256,
    d.announced_at,
    d.announced_by,
    d.content_sha256,
    d.content_bytes,
    d.rows,
        CASE
            WHEN (d.accepted_at IS NOT NULL) THEN medkoord.from_e4(d.control_ddd_e4)
            ELSE NULL::numeric
        END AS ddd,
    k.cost_ore,
    d.accepted_at,
    COALESCE((d.report -> 'short_atc_codes'::text), '[]'::jsonb) AS short_atc_codes,
    COALESCE((d.report -> 'new_atc_codes'::text), '[]'::jsonb) AS new_atc_codes,
        CASE
            WHEN (d.state = 'accepted'::text) THEN COALESCE(( SELECT json_agg(json_build_object('id', o.id, 'region_months', x.n) ORDER BY x.delivery_no) AS json_agg
               FROM (( SELECT f.delivery_no,
                        count(*) AS n
                       FROM (medkoord.consumption_coverage c
                         CROSS JOIN LATERAL medkoord.coverage_at(c.source, c.region_no, c.month, NULL::timestamp with time zone) f(delivery_no, status, accepted_at, ddd_e4))
                      WHERE ((c.delivery_no = d.delivery_no) AND (f.delivery_no <> d.delivery_no))
                      GROUP BY f.delivery_no) x
                 JOIN medkoord.consumption_delivery o ON ((o.delivery_no = x.delivery_no)))), '[]'::json)
            ELSE '[]'::json
        END AS superseded_by,
    d.rejected_at,
    d.rejected_count,
        CASE
            WHEN (d.rejected_at IS NOT NULL) THEN COALESCE(( SELECT json_object_agg(n.code, n.count ORDER BY n.code) AS json_object_agg
               FROM medkoord.consumption_rejection_count n
              WHERE (n.delivery_no = d.delivery_no)), '{}'::json)
            ELSE NULL::json
        END AS rejected_by_code,
    d.withdrawn_at,
    d.withdrawn_reason,
    COALESCE(( SELECT json_agg(DISTINCT t.action) AS json_agg
           FROM medkoord.consumption_delivery_transition t
          WHERE ((t.from_state = d.state) AND ( SELECT medkoord.may_deliver() AS may_deliver))), '[]'::json) AS actions,
    d.version
   FROM (medkoord.consumption_delivery d
     LEFT JOIN medkoord.consumption_delivery_cost k ON ((k.delivery_no = d.delivery_no)));

ALTER TABLE medkoord.consumption_delivery_resource OWNER TO medkoord_owner;

--
-- Name: announce_consumption_delivery(jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.announce_consumption_delivery(body jsonb) RETURNS SETOF medkoord.consumption_delivery_resource
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    this_month CONSTANT date := date_trunc('month', today());
    number int;
    at text;
    entry record;
    in_region smallint;
    region_months int := 0;
    fault text[];
    faults jsonb := '[]';
BEGIN
    IF NOT may_deliver() THEN
        PERFORM problem('forbidden', 'Only Amgros and administrators announce deliveries.');
    END IF;
    INSERT INTO consumption_delivery (source, label, status, control_rows, control_ddd_e4, sha256)
    VALUES (body ->> 'source', body ->> 'label', body ->> 'status', (body #>> '{control,rows}')::bigint,
            to_e4((body #>> '{control,ddd}')::numeric, '/control/ddd'), lower(body ->> 'sha256'))
    RETURNING delivery_no INTO number;
    INSERT INTO consumption_delivery_cost (delivery_no, control_cost_ore)
    VALUES (number, (body #>> '{control,cost_ore}')::bigint);

    FOR entry IN
        SELECT e.value ->> 'region' AS region, (e.value ->> 'from_month' || '-01')::date AS from_month,
            (e.value ->> 'to_month' || '-01')::date AS to_month, e.ordinality - 1 AS position
        FROM jsonb_array_elements(body -> 'coverage') WITH ORDINALITY e ORDER BY e.ordinality
    LOOP
        at := '/coverage/' || entry.position;
        in_region := (SELECT r.region_no FROM region r WHERE r.slug = entry.region);
        fault := CASE
            WHEN in_region IS NULL THEN ARRAY['unknown_reference', 'There is no such region.', at || '/region']
            WHEN entry.to_month < entry.from_month THEN ARRAY['period_reversed', 'The last month is before the first.', at || '/to_month']
            WHEN entry.to_month > this_month
                THEN ARRAY['month_in_future', format('Nothing can be known after %s.', to_char(this_month, 'YYYY-MM')), at || '/to_month']
            WHEN NOT region_in_force(in_region, entry.from_month)
                THEN ARRAY['region_not_in_force', 'The region does not exist in all of these months.', at || '/from_month']
            WHEN NOT region_in_force(in_region, entry.to_month)
                THEN ARRAY['region_not_in_force', 'The region does not exist in all of these months.', at || '/to_month']
        END;
        IF fault IS NULL THEN
            region_months := region_months + 1 + (EXTRACT(year FROM age(entry.to_month, entry.from_month)) * 12
                                                  + EXTRACT(month FROM age(entry.to_month, entry.from_month)))::int;
            IF region_months > 2400 THEN
                PERFORM problem('coverage_too_large', 'A delivery covers at most 2,400 months of regions.', '/coverage');
            END IF;
            IF EXISTS (SELECT FROM consumption_coverage c WHERE c.delivery_no = number AND c.region_no = in_region
                       AND c.month BETWEEN entry.from_month AND entry.to_month) THEN
                fault := ARRAY['coverage_overlaps', 'A month of this region is in an earlier entry already.', at];
            END IF;
        END IF;
        IF fault IS NOT NULL THEN
            faults := faults || jsonb_build_object('code', fault[1], 'detail', fault[2], 'pointer', fault[3]);
            CONTINUE;
        END IF;
        INSERT INTO consumption_coverage (delivery_no, region_no, month, source, status)
        SELECT number, in_region, m, body ->> 'source', body ->> 'status'
        FROM months_between(entry.from_month, entry.to_month) m;
    END LOOP;
    IF faults <> '[]' THEN
        PERFORM problems(faults);
    END IF;
    RETURN QUERY SELECT d.* FROM consumption_delivery_resource d WHERE d.delivery_no = number;
END
$$;

ALTER FUNCTION medkoord.announce_consumption_delivery(body jsonb) OWNER TO medkoord_owner;

--
-- Name: apply_hospital_transition(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.apply_hospital_transition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.apply_hospital_transition() OWNER TO medkoord_owner;

--
-- Name: apply_meeting_transition(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.apply_meeting_transition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.apply_meeting_transition() OWNER TO medkoord_owner;

--
-- Name: appointment_end(medkoord.appointment); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.appointment_end(a medkoord.appointment) RETURNS date
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN NULLIF(GREATEST(a.valid_from, LEAST('infinity', a.valid_to,
        (SELECT r.valid_to FROM medkoord.region r WHERE r.region_no = a.seat_region_no),
        (SELECT b.valid_to FROM medkoord.body b WHERE b.body_no = a.body_no),
        (SELECT s.valid_to FROM medkoord.seat_rule s WHERE s.kind = a.kind AND s.role = a.role AND s.each_region = (a.seat_region_no <> 0)
         ORDER BY s.valid_from DESC LIMIT 1))), 'infinity');
END
$$;

ALTER FUNCTION medkoord.appointment_end(a medkoord.appointment) OWNER TO medkoord_owner;

--
-- Name: atc_group(text, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.atc_group(atc text, level integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN "left"(atc, ((ARRAY[1, 3, 4, 5, 7])[level] + CASE WHEN starts_with(atc, 'Q'::text) THEN 1 ELSE 0 END));

ALTER FUNCTION medkoord.atc_group(atc text, level integer) OWNER TO medkoord_owner;

--
-- Name: atc_level(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.atc_level(atc text) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (CASE WHEN (atc ~ '^Q?[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$'::text) THEN CASE length(regexp_replace(atc, '^Q([A-Z])'::text, '\1'::text)) WHEN 1 THEN 1 WHEN 3 THEN 2 WHEN 4 THEN 3 WHEN 5 THEN 4 WHEN 7 THEN 5 ELSE NULL::integer END ELSE NULL::integer END)::smallint;

ALTER FUNCTION medkoord.atc_level(atc text) OWNER TO medkoord_owner;

--
-- Name: begin_delivery_upload(uuid); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.begin_delivery_upload(p_id uuid) RETURNS TABLE(delivery_no integer, state text, copy_into text, control_rows bigint, control_ddd_e4 bigint, control_cost_ore bigint, sha256 text, content_sha256 text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $$
#variable_conflict use_column
DECLARE
    target consumption_delivery;
    bare text;
BEGIN
    SELECT d.* INTO target FROM lock_consumption_delivery(p_id) d;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF target.state IN ('announced', 'rejected') THEN
        bare := format('consumption_row_%s', target.delivery_no);
        -- Only an upload that was refused and yet committed could have left one.
        EXECUTE format('DROP TABLE IF EXISTS %I', bare);
        EXECUTE format('CREATE TABLE %I (LIKE consumption_row INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
                        CONSTRAINT %I CHECK (delivery_no = %s))', bare, bare || '_own', target.delivery_no);
        EXECUTE format('GRANT INSERT ON %I TO medkoord_server', bare);
    END IF;
    RETURN QUERY
    SELECT target.delivery_no, target.state, bare, target.control_rows, target.control_ddd_e4, k.control_cost_ore,
        target.sha256, target.content_sha256
    FROM consumption_delivery_cost k WHERE k.delivery_no = target.delivery_no;
END
$$;

ALTER FUNCTION medkoord.begin_delivery_upload(p_id uuid) OWNER TO medkoord_owner;

--
-- Name: body_successor(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.body_successor(of_body smallint, on_date date) RETURNS smallint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN (SELECT n.body_no FROM medkoord.body b
            JOIN medkoord.body n ON n.kind = b.kind AND n.region_no = medkoord.region_on(b.region_no, on_date)
            WHERE b.body_no = of_body AND b.valid_to <= on_date);
END
$$;

ALTER FUNCTION medkoord.body_successor(of_body smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: check_agenda_is_left(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_agenda_is_left() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM meeting m WHERE m.meeting_no = OLD.meeting_no AND m.state IN ('called', 'held', 'minutes_approved'))
        AND NOT EXISTS (SELECT FROM agenda_item a WHERE a.meeting_no = OLD.meeting_no) THEN
        PERFORM problem('meeting_without_agenda', 'The meeting has been called: its agenda cannot be empty.');
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION medkoord.check_agenda_is_left() OWNER TO medkoord_owner;

--
-- Name: check_appointment(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_appointment() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.check_appointment() OWNER TO medkoord_owner;

--
-- Name: check_appointment_end(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_appointment_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.valid_to IS DISTINCT FROM OLD.valid_to AND LEAST(NEW.valid_to, OLD.valid_to) < medkoord.today()
        AND NOT medkoord.actor_has('admin') THEN
        PERFORM medkoord.problem('no_authority', 'An end before today is for the operator to record.', '/on');
    END IF;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.check_appointment_end() OWNER TO medkoord_owner;

--
-- Name: check_consumption_coverage(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_consumption_coverage() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    kept consumption_coverage := OLD;
BEGIN
    IF OLD.accepted_at IS NULL THEN
        kept.accepted_at := NEW.accepted_at;
        kept.ddd_e4 := NEW.ddd_e4;
    ELSIF OLD.withdrawn_at IS NULL THEN
        kept.withdrawn_at := NEW.withdrawn_at;
    END IF;
    IF NEW IS DISTINCT FROM kept THEN
        PERFORM problem('delivery_finished', 'What was announced or accepted does not change.');
    END IF;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.check_consumption_coverage() OWNER TO medkoord_owner;

--
-- Name: check_consumption_delivery(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_consumption_delivery() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    kept consumption_delivery := NEW;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'announced' THEN
            PERFORM problem('transition_not_allowed', 'A delivery begins as announced.');
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM consumption_delivery_transition t
                   WHERE t.from_state = OLD.state AND t.to_state = NEW.state) THEN
        PERFORM problem('transition_not_allowed', format('The delivery is %s. Allowed: %s.', OLD.state,
            COALESCE((SELECT string_agg(DISTINCT t.action, ', ') FROM consumption_delivery_transition t
                      WHERE t.from_state = OLD.state), 'nothing')));
    END IF;
    -- kept is the old row with what this step may change: nothing else may differ.
    kept := OLD;
    kept.state := NEW.state;
    IF NEW.state = 'withdrawn' THEN
        kept.withdrawn_at := NEW.withdrawn_at;
        kept.withdrawn_by := NEW.withdrawn_by;
        kept.withdrawn_reason := NEW.withdrawn_reason;
    ELSE
        kept.content_sha256 := NEW.content_sha256;
        kept.content_bytes := NEW.content_bytes;
        kept.rows := NEW.rows;
        kept.accepted_at := NEW.accepted_at;
        kept.accepted_by := NEW.accepted_by;
        kept.report := NEW.report;
        kept.rejected_at := NEW.rejected_at;
        kept.rejected_count := NEW.rejected_count;
    END IF;
    NEW.version := OLD.version;
    IF NEW IS DISTINCT FROM kept THEN
        PERFORM problem('delivery_finished', 'What was announced or accepted does not change.');
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.check_consumption_delivery() OWNER TO medkoord_owner;

--
-- Name: check_hospital_region(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_hospital_region() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT medkoord.region_in_force(NEW.region_no, NEW.valid_from) THEN
        PERFORM medkoord.problem('region_not_in_force', 'The region does not exist on this date.', '/region');
    END IF;
    NEW.changed_at := CURRENT_TIMESTAMP;
    NEW.changed_by := COALESCE(medkoord.actor_subject(), current_user);
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.check_hospital_region() OWNER TO medkoord_owner;

--
-- Name: check_idempotent_answer(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_idempotent_answer() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM medkoord.idempotency_key k
               WHERE k.subject = NEW.subject AND k.key = NEW.key AND k.status IS NULL) THEN
        RAISE EXCEPTION 'an idempotency key was claimed and its answer not stored'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'idempotency_key_answered';
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION medkoord.check_idempotent_answer() OWNER TO medkoord_owner;

--
-- Name: check_interest(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_interest() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.check_interest() OWNER TO medkoord_owner;

--
-- Name: check_interest_end(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_interest_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.check_interest_end() OWNER TO medkoord_owner;

--
-- Name: check_matter(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_matter() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.check_matter() OWNER TO medkoord_owner;

--
-- Name: check_meeting(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_meeting() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.check_meeting() OWNER TO medkoord_owner;

--
-- Name: check_meeting_part(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_meeting_part() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.check_meeting_part() OWNER TO medkoord_owner;

--
-- Name: check_person_subject(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_person_subject() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.subject IS DISTINCT FROM OLD.subject AND NOT medkoord.actor_has('admin') THEN
        PERFORM medkoord.problem('no_authority', 'Which token a person comes with is for the operator to change.', '/subject');
    END IF;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.check_person_subject() OWNER TO medkoord_owner;

--
-- Name: check_population_region(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_population_region() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT medkoord.region_in_force(NEW.region_no, NEW.on_date) THEN
        PERFORM medkoord.problem('region_not_in_force', 'The region does not exist on this date.');
    END IF;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.check_population_region() OWNER TO medkoord_owner;

--
-- Name: check_recusal_decision(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_recusal_decision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.check_recusal_decision() OWNER TO medkoord_owner;

--
-- Name: check_source(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_source(p_source text, pointer text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF p_source = 'amgros'
       OR EXISTS (SELECT FROM consumption_coverage c WHERE c.source = p_source AND c.accepted_at IS NOT NULL)
       OR EXISTS (SELECT FROM consumption_delivery d WHERE d.source = p_source) THEN
        RETURN;
    END IF;
    PERFORM problem('invalid_parameter', 'no delivery has this source', pointer);
END
$$;

ALTER FUNCTION medkoord.check_source(p_source text, pointer text) OWNER TO medkoord_owner;

--
-- Name: check_window(date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.check_window(p_from date, p_to date) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF p_to < p_from THEN
        PERFORM problem('invalid_parameter', 'The last month is before the first.', 'query/to_month');
    ELSIF p_to >= p_from + interval '600 months' THEN
        PERFORM problem('invalid_parameter', 'At most 600 months can be read at once.', 'query/from_month');
    END IF;
END
$$;

ALTER FUNCTION medkoord.check_window(p_from date, p_to date) OWNER TO medkoord_owner;

--
-- Name: claim_idempotency_key(text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.claim_idempotency_key(claimed text, for_operation text, with_digest text) RETURNS TABLE(status integer, location text, etag text, body text)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    found_key medkoord.idempotency_key;
BEGIN
    -- Without the lock a second request would wait for the first one's insert, holding up its connection.
    IF NOT pg_try_advisory_xact_lock(hashtextextended(actor_subject() || E'\x1f' || claimed, 7090811)) THEN
        PERFORM problem('request_in_progress', 'A request with this Idempotency-Key is still running.');
    END IF;
    SELECT k.* INTO found_key FROM idempotency_key k WHERE k.subject = actor_subject() AND k.key = claimed;
    IF NOT FOUND THEN
        INSERT INTO idempotency_key (subject, key, operation, digest)
        VALUES (actor_subject(), claimed, for_operation, with_digest);
        IF random() < 0.001 THEN -- the keys clean up after themselves: as many go as come, whoever runs the server
            PERFORM purge_idempotency_keys();
        END IF;
        RETURN QUERY SELECT NULL::int, NULL::text, NULL::text, NULL::text;
        RETURN;
    END IF;
    IF found_key.operation <> for_operation OR found_key.digest <> with_digest THEN
        PERFORM problem('idempotency_key_reused', 'This Idempotency-Key was used for another request.');
    END IF;
    RETURN QUERY SELECT found_key.status, found_key.location, found_key.etag, found_key.body;
END
$$;

ALTER FUNCTION medkoord.claim_idempotency_key(claimed text, for_operation text, with_digest text) OWNER TO medkoord_owner;

--
-- Name: consumption_cost_month; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_cost_month (
    cost_ore bigint NOT NULL,
    delivery_no integer NOT NULL,
    month date NOT NULL,
    region_no smallint NOT NULL,
    atc character varying(8) NOT NULL COLLATE pg_catalog."C",
    hospital_no smallint[] NOT NULL,
    hospital_cost_ore bigint[] NOT NULL
);

ALTER TABLE ONLY medkoord.consumption_cost_month FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_cost_month OWNER TO medkoord_owner;

--
-- Name: consumption_region_month; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_region_month (
    ddd_e4 bigint NOT NULL,
    packs_e4 bigint,
    delivery_no integer NOT NULL,
    month date NOT NULL,
    region_no smallint NOT NULL,
    atc character varying(8) NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY medkoord.consumption_region_month FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_region_month OWNER TO medkoord_owner;

--
-- Name: consumption_changes(integer, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.consumption_changes(p_before integer, p_after integer) RETURNS TABLE(month date, region_no smallint, atc text, change text, ddd_before_e4 bigint, ddd_after_e4 bigint, packs_before_e4 numeric, packs_after_e4 numeric, cost_before_ore numeric, cost_after_ore numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH covered AS (
          SELECT region_no,
             month,
             (b.delivery_no IS NOT NULL) AS in_before,
             (a.delivery_no IS NOT NULL) AS in_after,
             b.ddd_e4 AS before_e4,
             a.ddd_e4 AS after_e4
            FROM (( SELECT c.delivery_no,
                     c.region_no,
                     c.month,
                     c.source,
                     c.status,
                     c.accepted_at,
                     c.withdrawn_at,
                     c.ddd_e4
                    FROM medkoord.consumption_coverage c
                   WHERE ((c.delivery_no = consumption_changes.p_before) AND (c.accepted_at IS NOT NULL))) b
              FULL JOIN ( SELECT c.delivery_no,
                     c.region_no,
                     c.month,
                     c.source,
                     c.status,
                     c.accepted_at,
                     c.withdrawn_at,
                     c.ddd_e4
                    FROM medkoord.consumption_coverage c
                   WHERE ((c.delivery_no = consumption_changes.p_after) AND (c.accepted_at IS NOT NULL))) a USING (region_no, month))
         ), figures AS (
          SELECT m.region_no,
             m.month,
             m.atc,
             m.delivery_no,
             m.ddd_e4,
             m.packs_e4,
             NULL::bigint AS cost_ore
            FROM medkoord.consumption_region_month m
           WHERE (m.delivery_no = ANY (ARRAY[consumption_changes.p_before, consumption_changes.p_after]))
         UNION ALL
          SELECT m.region_no,
             m.month,
             m.atc,
             m.delivery_no,
             NULL::bigint,
             NULL::bigint,
             m.cost_ore
            FROM medkoord.consumption_cost_month m
           WHERE (m.delivery_no = ANY (ARRAY[consumption_changes.p_before, consumption_changes.p_after]))
         ), compared AS (
          SELECT f.region_no,
             f.month,
             f.atc,
             (COALESCE(sum(f.ddd_e4) FILTER (WHERE (f.delivery_no = consumption_changes.p_before)), (0)::numeric))::bigint AS ddd_before,
             (COALESCE(sum(f.ddd_e4) FILTER (WHERE (f.delivery_no = consumption_changes.p_after)), (0)::numeric))::bigint AS ddd_after,
             sum(f.packs_e4) FILTER (WHERE (f.delivery_no = consumption_changes.p_before)) AS packs_before,
             sum(f.packs_e4) FILTER (WHERE (f.delivery_no = consumption_changes.p_after)) AS packs_after,
             sum(f.cost_ore) FILTER (WHERE (f.delivery_no = consumption_changes.p_before)) AS cost_before,
             sum(f.cost_ore) FILTER (WHERE (f.delivery_no = consumption_changes.p_after)) AS cost_after
            FROM (figures f
              JOIN covered c ON (((c.region_no = f.region_no) AND (c.month = f.month) AND c.in_before AND c.in_after)))
           GROUP BY f.region_no, f.month, f.atc
         )
  SELECT x.month,
     x.region_no,
     x.atc,
     'figures'::text,
     x.ddd_before,
     x.ddd_after,
     x.packs_before,
     x.packs_after,
     x.cost_before,
     x.cost_after
    FROM compared x
   WHERE ((x.ddd_before <> x.ddd_after) OR (COALESCE(x.packs_before, (0)::numeric) <> COALESCE(x.packs_after, (0)::numeric)) OR (COALESCE(x.cost_before, (0)::numeric) <> COALESCE(x.cost_after, (0)::numeric)))
 UNION ALL
  SELECT c.month,
     c.region_no,
     NULL::character varying,
         CASE
             WHEN c.in_after THEN 'only_after'::text
             ELSE 'only_before'::text
         END AS "case",
     c.before_e4,
     c.after_e4,
     NULL::numeric,
     NULL::numeric,
     NULL::numeric,
     NULL::numeric
    FROM covered c
   WHERE (c.in_before <> c.in_after);
END;

ALTER FUNCTION medkoord.consumption_changes(p_before integer, p_after integer) OWNER TO medkoord_owner;

--
-- Name: consumption_delivery_report(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.consumption_delivery_report(p_delivery_no integer) RETURNS TABLE(id uuid, state text, rows bigint, ddd numeric, cost_ore bigint, short_atc_codes jsonb, new_atc_codes jsonb, supersedes jsonb, changes jsonb)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT d.id,
     d.state,
     d.rows,
     medkoord.from_e4(d.control_ddd_e4) AS from_e4,
     k.cost_ore,
     (d.report -> 'short_atc_codes'::text),
     (d.report -> 'new_atc_codes'::text),
     (d.report -> 'supersedes'::text),
     (d.report -> 'changes'::text)
    FROM (medkoord.consumption_delivery d
      LEFT JOIN medkoord.consumption_delivery_cost k ON ((k.delivery_no = d.delivery_no)))
   WHERE ((d.delivery_no = consumption_delivery_report.p_delivery_no) AND (d.accepted_at IS NOT NULL));
END;

ALTER FUNCTION medkoord.consumption_delivery_report(p_delivery_no integer) OWNER TO medkoord_owner;

--
-- Name: consumption_page(text, date, date, text, text, integer, text, text, text, text, text, date, text, text, text, bigint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.consumption_page(p_source text, p_from date, p_to date, p_period text, p_by text, p_level integer, p_atc text, p_region text, p_hospital text, p_basis text, p_as_of text, p_after date, p_after_region text, p_after_hospital text, p_after_atc text, p_limit bigint) RETURNS TABLE(period_from date, region text, hospital text, atc text, ddd_e4 numeric, packs_e4 numeric, cost_ore numeric, reported_months integer, months integer)
    LANGUAGE plpgsql STABLE
    SET work_mem TO '32MB'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    read record;
    shown smallint;
    number smallint;
    part record;
    wanted bigint := p_limit;
    given bigint;
BEGIN
    PERFORM check_source(p_source, 'query/source');
    SELECT * INTO read FROM reading_window(p_from, p_to, p_as_of);
    IF p_from IS NULL AND p_to IS NULL THEN  -- nothing asked: what there is, not an empty end of the calendar
        read.to_month := COALESCE(last_reported_month(p_source, read.as_of), read.to_month);
        read.from_month := read.to_month - interval '11 months';
    END IF;
    IF p_region IS NOT NULL THEN
        shown := shown_region(require_region(p_region, 'query/region'), p_basis, read.as_of);
    END IF;
    IF p_hospital IS NOT NULL THEN
        number := require_hospital(p_hospital, 'query/hospital');
    END IF;
    FOR part IN
        SELECT b.* FROM periods_between(GREATEST(read.from_month, p_after), read.to_month, p_period) b
    LOOP
        RETURN QUERY
        WITH sums AS MATERIALIZED (
            SELECT c.* FROM consumption_sums(p_source, part.from_month, part.to_month, p_by, p_level, p_atc, shown,
                                             number, read.as_of, p_basis) c
        ), reported AS MATERIALIZED (
            SELECT m.* FROM reported_months(p_source, part.from_month, part.to_month, read.as_of, p_basis) m
        )
        SELECT part.period_from, r.slug, COALESCE(h.code, ''), s.atc, s.ddd_e4, s.packs_e4, s.cost_ore,
            m.reported_months, m.months
        FROM sums s
        JOIN reported m ON m.shown_no = s.shown_no
        JOIN region r ON r.region_no = s.shown_no
        LEFT JOIN hospital h ON h.hospital_no = s.hospital_no
        WHERE part.period_from > p_after OR p_after IS NULL
           OR (r.slug COLLATE "C", COALESCE(h.code, '') COLLATE "C", s.atc COLLATE "C")
              > (p_after_region, p_after_hospital, p_after_atc)
        ORDER BY r.slug COLLATE "C", COALESCE(h.code, '') COLLATE "C", s.atc COLLATE "C"
        LIMIT wanted;
        GET DIAGNOSTICS given = ROW_COUNT;
        wanted := wanted - given;
        EXIT WHEN wanted = 0;
    END LOOP;
END
$$;

ALTER FUNCTION medkoord.consumption_page(p_source text, p_from date, p_to date, p_period text, p_by text, p_level integer, p_atc text, p_region text, p_hospital text, p_basis text, p_as_of text, p_after date, p_after_region text, p_after_hospital text, p_after_atc text, p_limit bigint) OWNER TO medkoord_owner;

--
-- Name: months_between(date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.months_between(from_month date, to_month date) RETURNS SETOF date
    LANGUAGE sql IMMUTABLE STRICT ROWS 24 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (m.m)::date AS m
    FROM generate_series((months_between.from_month)::timestamp without time zone, (months_between.to_month)::timestamp without time zone, '1 mon'::interval) m(m);
END;

ALTER FUNCTION medkoord.months_between(from_month date, to_month date) OWNER TO medkoord_owner;

--
-- Name: coverage_in_force(text, date, date, timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.coverage_in_force(p_source text, p_from date, p_to date, p_as_of timestamp with time zone) RETURNS TABLE(region_no smallint, month date, delivery_no integer, status text, accepted_at timestamp with time zone)
    LANGUAGE sql STABLE ROWS 144 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT r.region_no,
     m.month,
     c.delivery_no,
     c.status,
     c.accepted_at
    FROM ((medkoord.region r
      CROSS JOIN medkoord.months_between(coverage_in_force.p_from, coverage_in_force.p_to) m(month))
      CROSS JOIN LATERAL medkoord.coverage_at(coverage_in_force.p_source, r.region_no, m.month, coverage_in_force.p_as_of) c(delivery_no, status, accepted_at, ddd_e4));
END;

ALTER FUNCTION medkoord.coverage_in_force(p_source text, p_from date, p_to date, p_as_of timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: known_on(timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.known_on(as_of timestamp with time zone) RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN isfinite(as_of) THEN ((as_of AT TIME ZONE 'Europe/Copenhagen'::text))::date ELSE medkoord.today() END;

ALTER FUNCTION medkoord.known_on(as_of timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: may_see_cost(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.may_see_cost() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN medkoord.actor_has(VARIADIC ARRAY['amgros'::text, 'forum_secretariat'::text, 'auditor'::text, 'admin'::text]);

ALTER FUNCTION medkoord.may_see_cost() OWNER TO medkoord_owner;

--
-- Name: shown_region(smallint, text, timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.shown_region(p_region_no smallint, p_basis text, p_as_of timestamp with time zone) RETURNS smallint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (p_basis = 'current'::text) THEN medkoord.region_on(p_region_no, medkoord.known_on(p_as_of)) ELSE p_region_no END;

ALTER FUNCTION medkoord.shown_region(p_region_no smallint, p_basis text, p_as_of timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: consumption_hospital_cost; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.consumption_hospital_cost WITH (security_invoker='true') AS
 SELECT m.delivery_no,
    m.region_no,
    m.month,
    m.atc,
    h.hospital_no,
    h.cost_ore
   FROM (medkoord.consumption_cost_month m
     CROSS JOIN LATERAL UNNEST(m.hospital_no, m.hospital_cost_ore) h(hospital_no, cost_ore));

ALTER TABLE medkoord.consumption_hospital_cost OWNER TO medkoord_owner;

--
-- Name: consumption_month; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_month (
    delivery_no integer NOT NULL,
    month date NOT NULL,
    region_no smallint NOT NULL,
    atc character varying(8) NOT NULL COLLATE pg_catalog."C",
    hospital_no smallint[] NOT NULL,
    rows integer[] NOT NULL,
    ddd_e4 bigint[] NOT NULL,
    packs_e4 bigint[] NOT NULL
);

ALTER TABLE ONLY medkoord.consumption_month FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_month OWNER TO medkoord_owner;

--
-- Name: consumption_hospital_month; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.consumption_hospital_month WITH (security_invoker='true') AS
 SELECT m.delivery_no,
    m.region_no,
    m.month,
    m.atc,
    h.hospital_no,
    h.rows,
    h.ddd_e4,
    h.packs_e4
   FROM (medkoord.consumption_month m
     CROSS JOIN LATERAL UNNEST(m.hospital_no, m.rows, m.ddd_e4, m.packs_e4) h(hospital_no, rows, ddd_e4, packs_e4));

ALTER TABLE medkoord.consumption_hospital_month OWNER TO medkoord_owner;

--
-- Name: consumption_sums(text, date, date, text, integer, text, smallint, smallint, timestamp with time zone, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.consumption_sums(p_source text, p_from date, p_to date, p_by text, p_level integer, p_atc text, p_shown_no smallint, p_hospital_no smallint, p_as_of timestamp with time zone, p_basis text) RETURNS TABLE(shown_no smallint, hospital_no smallint, atc text, ddd_e4 numeric, packs_e4 numeric, cost_ore numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT s.shown_no,
         CASE
             WHEN (consumption_sums.p_by = 'hospital'::text) THEN x.hospital_no
             ELSE NULL::smallint
         END AS "case",
     medkoord.atc_group((x.atc)::text, consumption_sums.p_level) AS atc_group,
     sum(x.ddd_e4) AS sum,
     sum(x.packs_e4) AS sum,
     sum(x.cost_ore) AS sum
    FROM ((( SELECT r.region_no,
             medkoord.shown_region(r.region_no, consumption_sums.p_basis, consumption_sums.p_as_of) AS shown_no
            FROM medkoord.region r
          OFFSET 0) s
      JOIN medkoord.coverage_in_force(consumption_sums.p_source, consumption_sums.p_from, consumption_sums.p_to, consumption_sums.p_as_of) f(region_no, month, delivery_no, status, accepted_at) ON ((f.region_no = s.region_no)))
      CROSS JOIN LATERAL ( SELECT m.atc,
             NULL::smallint AS hospital_no,
             m.ddd_e4,
             m.packs_e4,
             NULL::bigint AS cost_ore
            FROM medkoord.consumption_region_month m
           WHERE ((consumption_sums.p_by = 'region'::text) AND (consumption_sums.p_hospital_no IS NULL) AND (m.delivery_no = f.delivery_no) AND (m.region_no = f.region_no) AND (m.month = f.month) AND ((m.atc)::text >= COALESCE(consumption_sums.p_atc, ''::text)) AND ((m.atc)::text < (COALESCE(consumption_sums.p_atc, ''::text) || '~'::text)))
         UNION ALL
          SELECT m.atc,
             m.hospital_no,
             m.ddd_e4,
             m.packs_e4,
             NULL::bigint
            FROM medkoord.consumption_hospital_month m
           WHERE (((consumption_sums.p_by = 'hospital'::text) OR (consumption_sums.p_hospital_no IS NOT NULL)) AND (m.delivery_no = f.delivery_no) AND (m.region_no = f.region_no) AND (m.month = f.month) AND ((m.atc)::text >= COALESCE(consumption_sums.p_atc, ''::text)) AND ((m.atc)::text < (COALESCE(consumption_sums.p_atc, ''::text) || '~'::text)))
         UNION ALL
          SELECT m.atc,
             NULL::smallint,
             0,
             NULL::bigint,
             m.cost_ore
            FROM medkoord.consumption_cost_month m
           WHERE (( SELECT medkoord.may_see_cost() AS may_see_cost) AND (consumption_sums.p_by = 'region'::text) AND (consumption_sums.p_hospital_no IS NULL) AND (m.delivery_no = f.delivery_no) AND (m.region_no = f.region_no) AND (m.month = f.month) AND ((m.atc)::text >= COALESCE(consumption_sums.p_atc, ''::text)) AND ((m.atc)::text < (COALESCE(consumption_sums.p_atc, ''::text) || '~'::text)))
         UNION ALL
          SELECT m.atc,
             m.hospital_no,
             0,
             NULL::bigint,
             m.cost_ore
            FROM medkoord.consumption_hospital_cost m
           WHERE (( SELECT medkoord.may_see_cost() AS may_see_cost) AND ((consumption_sums.p_by = 'hospital'::text) OR (consumption_sums.p_hospital_no IS NOT NULL)) AND (m.delivery_no = f.delivery_no) AND (m.region_no = f.region_no) AND (m.month = f.month) AND ((m.atc)::text >= COALESCE(consumption_sums.p_atc, ''::text)) AND ((m.atc)::text < (COALESCE(consumption_sums.p_atc, ''::text) || '~'::text)))) x)
   WHERE (((consumption_sums.p_shown_no IS NULL) OR (s.shown_no = consumption_sums.p_shown_no)) AND ((consumption_sums.p_hospital_no IS NULL) OR (x.hospital_no = consumption_sums.p_hospital_no)))
   GROUP BY s.shown_no,
         CASE
             WHEN (consumption_sums.p_by = 'hospital'::text) THEN x.hospital_no
             ELSE NULL::smallint
         END, (medkoord.atc_group((x.atc)::text, consumption_sums.p_level));
END;

ALTER FUNCTION medkoord.consumption_sums(p_source text, p_from date, p_to date, p_by text, p_level integer, p_atc text, p_shown_no smallint, p_hospital_no smallint, p_as_of timestamp with time zone, p_basis text) OWNER TO medkoord_owner;

--
-- Name: consumption_year_cells(integer, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.consumption_year_cells(p_delivery_no integer, p_year integer) RETURNS TABLE(source text, region_no smallint, month date, k integer, delivery_no integer)
    LANGUAGE sql STABLE ROWS 60
    BEGIN ATOMIC
 SELECT p.source,
     p.region_no,
     m.month,
     (EXTRACT(month FROM m.month))::integer AS "extract",
     f.delivery_no
    FROM ((( SELECT DISTINCT c.source,
             c.region_no
            FROM medkoord.consumption_coverage c
           WHERE ((c.delivery_no = consumption_year_cells.p_delivery_no) AND (EXTRACT(year FROM c.month) = (consumption_year_cells.p_year)::numeric))) p
      CROSS JOIN medkoord.months_between(make_date(consumption_year_cells.p_year, 1, 1), make_date(consumption_year_cells.p_year, 12, 1)) m(month))
      CROSS JOIN LATERAL medkoord.coverage_at(p.source, p.region_no, m.month, NULL::timestamp with time zone) f(delivery_no, status, accepted_at, ddd_e4));
END;

ALTER FUNCTION medkoord.consumption_year_cells(p_delivery_no integer, p_year integer) OWNER TO medkoord_owner;

--
-- Name: control_violation(text, text, text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.control_violation(p_code text, p_column text, p_unit text, p_announced text, p_found text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN jsonb_build_object('line', NULL::unknown, 'column', p_column, 'code', p_code, 'value', p_found, 'detail', CASE WHEN (p_unit IS NULL) THEN format('%s rows were announced, the file has %s'::text, p_announced, p_found) ELSE format('%s %s were announced, the file adds up to %s'::text, p_announced, p_unit, p_found) END, 'detail_da', CASE WHEN (p_unit IS NULL) THEN format('der er anmeldt %s linjer, filen har %s'::text, p_announced, p_found) ELSE format('der er anmeldt %s %s, filen giver %s'::text, p_announced, p_unit, p_found) END);

ALTER FUNCTION medkoord.control_violation(p_code text, p_column text, p_unit text, p_announced text, p_found text) OWNER TO medkoord_owner;

--
-- Name: covers_only(integer, smallint[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.covers_only(p_delivery_no integer, p_regions smallint[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    RETURN COALESCE((SELECT bool_and((c.region_no = ANY (covers_only.p_regions))) AS bool_and FROM medkoord.consumption_coverage c WHERE (c.delivery_no = covers_only.p_delivery_no)), false);

ALTER FUNCTION medkoord.covers_only(p_delivery_no integer, p_regions smallint[]) OWNER TO medkoord_owner;

--
-- Name: subject_shown(text, boolean); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.subject_shown(subject text, sees_all boolean) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (sees_all OR (subject = medkoord.actor_subject())) THEN subject ELSE NULL::text END;

ALTER FUNCTION medkoord.subject_shown(subject text, sees_all boolean) OWNER TO medkoord_owner;

--
-- Name: appointment_version; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.appointment_version (
    appointment_no integer NOT NULL,
    version integer NOT NULL,
    action text NOT NULL,
    valid_to date,
    ends_on date,
    end_reason text,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT appointment_version_action_known CHECK ((action = ANY (ARRAY['appoint'::text, 'end'::text, 'follow'::text])))
);

ALTER TABLE ONLY medkoord.appointment_version FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.appointment_version OWNER TO medkoord_owner;

--
-- Name: appointment_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.appointment_shown WITH (security_invoker='true') AS
 SELECT a.appointment_no,
    a.person_no,
    a.body_no,
    a.region_no,
    a.id,
    p.id AS person,
    p.name,
    b.slug AS body,
    a.role,
    r.slug AS region,
    a.appointed_by,
    a.valid_from,
    a.ends_on,
        CASE
            WHEN ((a.ends_on = a.valid_to) OR (a.ends_on IS NULL)) THEN NULL::text
            WHEN (a.ends_on = s.valid_to) THEN 'region'::text
            WHEN (a.ends_on = b.valid_to) THEN 'body'::text
            ELSE 'rule'::text
        END AS ends_with,
    a.end_reason,
    o.history,
    o.actions,
    a.created_at,
    o.created_by,
    a.changed_at,
    concat(a.version, '-', "left"(md5(concat(p.name, o.history, o.actions, o.created_by)), 8)) AS etag
   FROM (((((medkoord.appointment a
     JOIN medkoord.person p ON ((p.person_no = a.person_no)))
     JOIN medkoord.body b ON ((b.body_no = a.body_no)))
     LEFT JOIN medkoord.region r ON ((r.region_no = a.region_no)))
     LEFT JOIN medkoord.region s ON ((s.region_no = a.seat_region_no)))
     CROSS JOIN LATERAL ( SELECT ( SELECT json_agg(json_build_object('action', v.action, 'to', v.ends_on, 'reason', v.end_reason, 'at', v.changed_at, 'by', medkoord.subject_shown(v.changed_by, ( SELECT medkoord.actor_sees_subjects() AS actor_sees_subjects))) ORDER BY v.version) AS json_agg
                   FROM medkoord.appointment_version v
                  WHERE (v.appointment_no = a.appointment_no)) AS history,
                CASE
                    WHEN (COALESCE((a.ends_on > medkoord.today()), true) AND medkoord.actor_may_appoint(a.body_no, a.role, a.appointed_by)) THEN '["end"]'::json
                    ELSE '[]'::json
                END AS actions,
            medkoord.subject_shown(a.created_by, ( SELECT medkoord.actor_sees_subjects() AS actor_sees_subjects)) AS created_by
         OFFSET 0) o);

ALTER TABLE medkoord.appointment_shown OWNER TO medkoord_owner;

--
-- Name: create_appointment(uuid, text, text, text, text, date, date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.create_appointment(person uuid, body text, role text, region text, appointed_by text, from_date date, to_date date, reason text) RETURNS SETOF medkoord.appointment_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.create_appointment(person uuid, body text, role text, region text, appointed_by text, from_date date, to_date date, reason text) OWNER TO medkoord_owner;

--
-- Name: create_hospital(text, text, text, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.create_hospital(code text, name text, region text, valid_from date) RETURNS SETOF medkoord.hospital_resource
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.create_hospital(code text, name text, region text, valid_from date) OWNER TO medkoord_owner;

--
-- Name: party_key(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.party_key(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN NULLIF(lower((btrim(regexp_replace(NORMALIZE(name, NFKC), '\s+'::text, ' '::text, 'g'::text)) COLLATE "und-x-icu")), ''::text);

ALTER FUNCTION medkoord.party_key(name text) OWNER TO medkoord_owner;

--
-- Name: interest; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.interest (
    interest_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_no integer NOT NULL,
    kind text NOT NULL,
    party text NOT NULL,
    identifier text,
    name_key text GENERATED ALWAYS AS (((kind || '='::text) || medkoord.party_key(party))) STORED NOT NULL COLLATE pg_catalog."C",
    identifier_key text GENERATED ALWAYS AS (((kind || '#'::text) || medkoord.party_key(identifier))) STORED COLLATE pg_catalog."C",
    tie text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recuses daterange GENERATED ALWAYS AS (
CASE
    WHEN (valid_to = valid_from) THEN 'empty'::daterange
    ELSE daterange(valid_from, valid_to, '[]'::text)
END) STORED NOT NULL,
    end_reason text,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT interest_end_reason_length CHECK (((length(end_reason) >= 1) AND (length(end_reason) <= 500))),
    CONSTRAINT interest_ends_after_start CHECK ((valid_to >= valid_from)),
    CONSTRAINT interest_identifier_length CHECK (((length(identifier) >= 1) AND (length(identifier) <= 64))),
    CONSTRAINT interest_kind_known CHECK ((kind = ANY (ARRAY['company'::text, 'drug'::text, 'project'::text, 'institution'::text]))),
    CONSTRAINT interest_party_length CHECK (((length(party) >= 1) AND (length(party) <= 200))),
    CONSTRAINT interest_tie_length CHECK (((length(tie) >= 1) AND (length(tie) <= 500)))
);

ALTER TABLE ONLY medkoord.interest FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.interest OWNER TO medkoord_owner;

--
-- Name: interest_version; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.interest_version (
    interest_no integer NOT NULL,
    version integer NOT NULL,
    person_no integer NOT NULL,
    valid_to date,
    end_reason text,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL
);

ALTER TABLE ONLY medkoord.interest_version FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.interest_version OWNER TO medkoord_owner;

--
-- Name: interest_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.interest_shown WITH (security_invoker='true') AS
 SELECT i.interest_no,
    i.person_no,
    i.id,
    p.id AS person,
    p.name,
    i.kind,
    i.party,
    i.identifier,
    i.tie,
    i.valid_from,
    i.valid_to,
    i.end_reason,
    ( SELECT json_agg(json_build_object('action',
                CASE v.version
                    WHEN 1 THEN 'declare'::text
                    ELSE 'end'::text
                END, 'to', v.valid_to, 'reason', v.end_reason, 'at', v.changed_at, 'by', v.changed_by) ORDER BY v.version) AS json_agg
           FROM medkoord.interest_version v
          WHERE (v.interest_no = i.interest_no)) AS history,
        CASE
            WHEN o.open THEN '["end"]'::json
            ELSE '[]'::json
        END AS actions,
    i.changed_at,
    concat(i.version, '-', p.version,
        CASE
            WHEN o.open THEN 'a'::text
            ELSE NULL::text
        END) AS etag
   FROM ((medkoord.interest i
     JOIN medkoord.person p ON ((p.person_no = i.person_no)))
     CROSS JOIN LATERAL ( SELECT (COALESCE((i.valid_to > GREATEST(i.valid_from, medkoord.today())), true) AND (i.person_no = ANY (( SELECT medkoord.actor_oversees(VARIADIC ARRAY['recuse'::text]) AS actor_oversees)::integer[]))) AS open) o);

ALTER TABLE medkoord.interest_shown OWNER TO medkoord_owner;

--
-- Name: create_interest(uuid, text, text, text, text, date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.create_interest(person uuid, kind text, party text, identifier text, tie text, from_date date, to_date date) RETURNS SETOF medkoord.interest_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.create_interest(person uuid, kind text, party text, identifier text, tie text, from_date date, to_date date) OWNER TO medkoord_owner;

--
-- Name: party_keys(jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.party_keys(parties jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(SELECT k.key FROM (jsonb_array_elements(party_keys.parties) p(party) CROSS JOIN LATERAL (VALUES ((((p.party ->> 'kind'::text) || '='::text) || medkoord.party_key((p.party ->> 'name'::text)))), ((((p.party ->> 'kind'::text) || '#'::text) || medkoord.party_key((p.party ->> 'identifier'::text))))) k(key)) WHERE (k.key IS NOT NULL));

ALTER FUNCTION medkoord.party_keys(parties jsonb) OWNER TO medkoord_owner;

--
-- Name: matter; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.matter (
    matter_no integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    body_no smallint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    reference text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL,
    parties jsonb NOT NULL,
    keys text[] GENERATED ALWAYS AS (medkoord.party_keys(parties)) STORED NOT NULL COLLATE pg_catalog."C",
    registered_on date DEFAULT medkoord.today() NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    created_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT matter_kind_known CHECK ((kind = ANY (ARRAY['case'::text, 'application'::text, 'agenda_item'::text, 'other'::text]))),
    CONSTRAINT matter_parties_list CHECK ((jsonb_typeof(parties) = 'array'::text)),
    CONSTRAINT matter_reference_form CHECK ((reference ~ '^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$'::text)),
    CONSTRAINT matter_title_length CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

ALTER TABLE ONLY medkoord.matter FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.matter OWNER TO medkoord_owner;

--
-- Name: matter_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.matter_shown WITH (security_invoker='true') AS
 SELECT m.matter_no,
    m.body_no,
    m.id,
    b.slug AS body,
    m.kind,
    m.reference,
    m.title,
    ( SELECT COALESCE(jsonb_agg(jsonb_build_object('kind', (p.party -> 'kind'::text), 'name', (p.party -> 'name'::text), 'identifier', (p.party -> 'identifier'::text)) ORDER BY p.n), '[]'::jsonb) AS "coalesce"
           FROM jsonb_array_elements(m.parties) WITH ORDINALITY p(party, n)) AS parties,
    m.created_at,
    o.created_by,
    m.changed_at,
    concat(m.version,
        CASE
            WHEN (o.created_by IS NOT NULL) THEN '-s'::text
            ELSE NULL::text
        END) AS etag
   FROM ((medkoord.matter m
     JOIN medkoord.body b ON ((b.body_no = m.body_no)))
     CROSS JOIN LATERAL ( SELECT medkoord.subject_shown(m.created_by, ( SELECT medkoord.actor_sees_subjects() AS actor_sees_subjects)) AS created_by) o);

ALTER TABLE medkoord.matter_shown OWNER TO medkoord_owner;

--
-- Name: create_matter(text, text, text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.create_matter(body text, kind text, reference text, title text, parties jsonb) RETURNS SETOF medkoord.matter_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.create_matter(body text, kind text, reference text, title text, parties jsonb) OWNER TO medkoord_owner;

--
-- Name: create_meeting(text, text, timestamp with time zone, timestamp with time zone, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.create_meeting(body text, title text, starts_at timestamp with time zone, ends_at timestamp with time zone, place text, agenda jsonb) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.create_meeting(body text, title text, starts_at timestamp with time zone, ends_at timestamp with time zone, place text, agenda jsonb) OWNER TO medkoord_owner;

--
-- Name: person_contact; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.person_contact (
    person_no integer NOT NULL,
    organisation text,
    title text,
    email text,
    phone text,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT person_contact_email_form CHECK ((email ~ '^[!-?A-~]+@[!-?A-~]+$'::text)),
    CONSTRAINT person_contact_lengths CHECK ((((length(organisation) >= 1) AND (length(organisation) <= 200)) AND ((length(title) >= 1) AND (length(title) <= 200)) AND ((length(email) >= 3) AND (length(email) <= 254)) AND ((length(phone) >= 3) AND (length(phone) <= 40)))),
    CONSTRAINT person_contact_one_line CHECK ((medkoord.is_one_line(organisation) AND medkoord.is_one_line(title))),
    CONSTRAINT person_contact_phone_form CHECK ((phone ~ '^[0-9+(][0-9+() -]+$'::text))
);

ALTER TABLE ONLY medkoord.person_contact FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.person_contact OWNER TO medkoord_owner;

--
-- Name: person_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.person_shown WITH (security_invoker='true') AS
 SELECT p.person_no,
    p.id,
    p.name,
    o.subject,
        CASE
            WHEN (c.person_no IS NOT NULL) THEN json_build_object('organisation', c.organisation, 'title', c.title, 'email', c.email, 'phone', c.phone, 'changed_at', c.changed_at)
            ELSE NULL::json
        END AS contact,
    p.changed_at,
    concat(p.version, '-', c.version,
        CASE
            WHEN (o.subject IS NOT NULL) THEN 's'::text
            ELSE NULL::text
        END) AS etag
   FROM ((medkoord.person p
     LEFT JOIN medkoord.person_contact c ON ((c.person_no = p.person_no)))
     CROSS JOIN LATERAL ( SELECT medkoord.subject_shown(p.subject, ( SELECT medkoord.actor_sees_subjects() AS actor_sees_subjects)) AS subject) o);

ALTER TABLE medkoord.person_shown OWNER TO medkoord_owner;

--
-- Name: create_person(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.create_person(name text, subject text) RETURNS SETOF medkoord.person_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.create_person(name text, subject text) OWNER TO medkoord_owner;

--
-- Name: cvr_number_valid(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.cvr_number_valid(cvr text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (cvr ~ '^[1-9][0-9]{7}$'::text) THEN (SELECT ((sum(((d.digit)::integer * ('{2,7,6,5,4,3,2,1}'::integer[])[(d.n)::integer])) % (11)::bigint) = 0) FROM string_to_table(cvr_number_valid.cvr, NULL::text) WITH ORDINALITY d(digit, n)) ELSE false END;

ALTER FUNCTION medkoord.cvr_number_valid(cvr text) OWNER TO medkoord_owner;

--
-- Name: danish_date(date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.danish_date(on_date date) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN concat(('{mandag,tirsdag,onsdag,torsdag,fredag,lørdag,søndag}'::text[])[(EXTRACT(isodow FROM on_date))::integer], ' den ', EXTRACT(day FROM on_date), '. ', ('{januar,februar,marts,april,maj,juni,juli,august,september,oktober,november,december}'::text[])[(EXTRACT(month FROM on_date))::integer], ' ', EXTRACT(year FROM on_date));

ALTER FUNCTION medkoord.danish_date(on_date date) OWNER TO medkoord_owner;

--
-- Name: danish_midnight(date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.danish_midnight(on_date date) RETURNS timestamp with time zone
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN ((on_date)::timestamp without time zone AT TIME ZONE 'Europe/Copenhagen'::text);

ALTER FUNCTION medkoord.danish_midnight(on_date date) OWNER TO medkoord_owner;

--
-- Name: danish_time(timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.danish_time(at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (to_char((at AT TIME ZONE 'Europe/Copenhagen'::text), 'HH24.MI'::text) || CASE (at AT TIME ZONE 'Europe/Copenhagen'::text) WHEN ((at + '01:00:00'::interval) AT TIME ZONE 'Europe/Copenhagen'::text) THEN ' sommertid'::text WHEN ((at - '01:00:00'::interval) AT TIME ZONE 'Europe/Copenhagen'::text) THEN ' normaltid'::text ELSE ''::text END);

ALTER FUNCTION medkoord.danish_time(at timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: decide_recusal(uuid, uuid, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.decide_recusal(of_matter uuid, of_person uuid, action text, reason text) RETURNS TABLE(person_no integer, person uuid, name text, roles json, recused boolean, grounds json, decisions json)
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.decide_recusal(of_matter uuid, of_person uuid, action text, reason text) OWNER TO medkoord_owner;

--
-- Name: deciders(smallint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.deciders(in_body smallint) RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    day date := today();
BEGIN
    RETURN ARRAY(SELECT DISTINCT s.person_no FROM people_seated(in_body, day) s
                 JOIN body b ON b.body_no = in_body
                 JOIN seat_right g ON g.kind = b.kind AND g.role = s.role AND g.may = 'recuse');
END
$$;

ALTER FUNCTION medkoord.deciders(in_body smallint) OWNER TO medkoord_owner;

--
-- Name: hospital_region; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.hospital_region (
    hospital_no smallint NOT NULL,
    region_no smallint NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    changed_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    changed_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT hospital_region_period CHECK ((valid_to > valid_from))
);

ALTER TABLE ONLY medkoord.hospital_region FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.hospital_region OWNER TO medkoord_owner;

--
-- Name: delivery_hospital_months(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.delivery_hospital_months(p_delivery_no integer) RETURNS TABLE(hospital_no smallint, month date, region_no smallint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH place AS MATERIALIZED (
          SELECT DISTINCT ON (hr.hospital_no, m.month) hr.hospital_no,
             m.month,
             hr.region_no
            FROM (( SELECT DISTINCT c.month
                    FROM medkoord.consumption_coverage c
                   WHERE (c.delivery_no = delivery_hospital_months.p_delivery_no)) m
              JOIN medkoord.hospital_region hr ON (((hr.valid_from < (m.month + '1 mon'::interval)) AND COALESCE((hr.valid_to > m.month), true))))
           ORDER BY hr.hospital_no, m.month, hr.valid_from
         ), successor AS MATERIALIZED (
          SELECT x.region_no,
             x.month,
             medkoord.region_on(x.region_no, x.month) AS now_no
            FROM ( SELECT DISTINCT p_1.region_no,
                     p_1.month
                    FROM place p_1) x
         )
  SELECT p.hospital_no,
     p.month,
     s.now_no
    FROM (place p
      JOIN successor s ON (((s.region_no = p.region_no) AND (s.month = p.month))));
END;

ALTER FUNCTION medkoord.delivery_hospital_months(p_delivery_no integer) OWNER TO medkoord_owner;

--
-- Name: derive_appointment(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.derive_appointment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.derive_appointment() OWNER TO medkoord_owner;

--
-- Name: divergence_ask(text, integer, text, date, date, text, text, text, integer, boolean, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_ask(p_measure text, p_measure_version integer, p_source text, p_from_month date, p_to_month date, p_as_of text, p_region_basis text, p_atc text, p_level integer, p_one_code boolean, p_at text) RETURNS medkoord.divergence_question
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    q divergence_question;
    wanted divergence_measure;
BEGIN
    BEGIN
        q.as_of := known_at(p_as_of);
    EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_time_zone_displacement_value THEN
        PERFORM refuse_question(p_at, 'as_of', 'validation_failed', 'There is no such day or time.');
    END;
    -- The version asked for; else the newest of its moment; else, before there was any, the first.
    SELECT m.* INTO wanted FROM divergence_measure m
    WHERE m.name = p_measure AND m.version = COALESCE(p_measure_version, m.version)
    ORDER BY m.created_at <= q.as_of DESC, CASE WHEN m.created_at <= q.as_of THEN -m.version ELSE m.version END LIMIT 1;
    IF NOT FOUND THEN
        -- One answer for a measure that is not there and for one that the caller may not see.
        PERFORM refuse_question(p_at, 'measure', 'unknown_reference', 'There is no such measure, or not in this version.');
    END IF;
    q.measure := wanted;
    q.source := p_source;
    q.to_month := COALESCE(p_to_month, (p_from_month + interval '11 months')::date,
                           divergence_last_month(p_source, q.as_of));
    q.from_month := COALESCE(p_from_month, (q.to_month - interval '11 months')::date);
    IF q.from_month > q.to_month THEN
        PERFORM refuse_question(p_at, 'to_month', 'validation_failed', 'The last month is before the first.');
    ELSIF q.from_month + interval '120 months' <= q.to_month THEN
        PERFORM refuse_question(p_at, 'to_month', 'validation_failed', 'A window is at most 120 months long.');
    END IF;
    q.region_basis := p_region_basis;
    q.atc := COALESCE(p_atc, '');
    q.level := p_level;
    q.one_code := p_one_code;
    q.with_cost := may_see_cost();
    RETURN q;
END
$$;

ALTER FUNCTION medkoord.divergence_ask(p_measure text, p_measure_version integer, p_source text, p_from_month date, p_to_month date, p_as_of text, p_region_basis text, p_atc text, p_level integer, p_one_code boolean, p_at text) OWNER TO medkoord_owner;

--
-- Name: divergence_is_reported(integer, smallint, date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_is_reported(p_delivery_no integer, p_region_no smallint, p_month date, p_basis text) RETURNS boolean
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT
         CASE p_basis
             WHEN 'packs'::text THEN ((EXISTS ( SELECT
                FROM medkoord.consumption_region_month s
               WHERE ((s.delivery_no = divergence_is_reported.p_delivery_no) AND (s.region_no = divergence_is_reported.p_region_no) AND (s.month = divergence_is_reported.p_month) AND (s.packs_e4 IS NOT NULL)))) OR (NOT (EXISTS ( SELECT
                FROM medkoord.consumption_region_month s
               WHERE ((s.delivery_no = divergence_is_reported.p_delivery_no) AND (s.region_no = divergence_is_reported.p_region_no) AND (s.month = divergence_is_reported.p_month))))))
             WHEN 'cost_ore'::text THEN ((EXISTS ( SELECT
                FROM medkoord.consumption_cost_month s
               WHERE ((s.delivery_no = divergence_is_reported.p_delivery_no) AND (s.region_no = divergence_is_reported.p_region_no) AND (s.month = divergence_is_reported.p_month)))) OR (NOT (EXISTS ( SELECT
                FROM medkoord.consumption_region_month s
               WHERE ((s.delivery_no = divergence_is_reported.p_delivery_no) AND (s.region_no = divergence_is_reported.p_region_no) AND (s.month = divergence_is_reported.p_month))))))
             ELSE true
         END AS "case";
END;

ALTER FUNCTION medkoord.divergence_is_reported(p_delivery_no integer, p_region_no smallint, p_month date, p_basis text) OWNER TO medkoord_owner;

--
-- Name: divergence_region_map(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_region_map(q medkoord.divergence_question) RETURNS TABLE(member_no smallint, region_no smallint)
    LANGUAGE sql STABLE ROWS 6
    BEGIN ATOMIC
 SELECT r.region_no,
         CASE (divergence_region_map.q).region_basis
             WHEN 'current'::text THEN medkoord.region_on(r.region_no, medkoord.known_on((divergence_region_map.q).as_of))
             ELSE r.region_no
         END AS region_no
    FROM medkoord.region r;
END;

ALTER FUNCTION medkoord.divergence_region_map(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: population_version; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.population_version (
    region_no smallint NOT NULL,
    on_date date NOT NULL,
    version integer NOT NULL,
    population integer NOT NULL,
    source text NOT NULL,
    evidence text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL
);

ALTER TABLE ONLY medkoord.population_version FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.population_version OWNER TO medkoord_owner;

--
-- Name: divergence_cells(medkoord.divergence_question, date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_cells(q medkoord.divergence_question, p_from date, p_to date) RETURNS TABLE(region_no smallint, member_no smallint, month date, delivery_no integer, status text, not_delivered boolean, cost_reported boolean, days integer, population integer, population_on date, population_version integer)
    LANGUAGE sql STABLE ROWS 100
    BEGIN ATOMIC
 WITH shown AS MATERIALIZED (
          SELECT s_1.member_no,
             s_1.region_no
            FROM medkoord.divergence_region_map(divergence_cells.q) s_1(member_no, region_no)
         ), covered AS MATERIALIZED (
          SELECT c_1.region_no,
             c_1.month,
             c_1.delivery_no,
             c_1.status,
             (((divergence_cells.q).measure.basis = 'ddd'::text) OR medkoord.divergence_is_reported(c_1.delivery_no, c_1.region_no, c_1.month, (divergence_cells.q).measure.basis)) AS delivered
            FROM medkoord.coverage_in_force((divergence_cells.q).source, divergence_cells.p_from, divergence_cells.p_to, (divergence_cells.q).as_of) c_1(region_no, month, delivery_no, status, accepted_at)
         )
  SELECT s.region_no,
     s.member_no,
     m.month,
         CASE
             WHEN c.delivered THEN c.delivery_no
             ELSE NULL::integer
         END AS "case",
         CASE
             WHEN c.delivered THEN c.status
             ELSE NULL::text
         END AS "case",
     COALESCE((NOT c.delivered), false) AS "coalesce",
     ((divergence_cells.q).with_cost AND COALESCE(c.delivered, false) AND medkoord.divergence_is_reported(c.delivery_no, c.region_no, c.month, 'cost_ore'::text)),
     (EXTRACT(day FROM ((m.month + '1 mon'::interval) - '1 day'::interval)))::integer AS "extract",
     p.population,
     p.on_date,
     p.version
    FROM ((((medkoord.months_between(divergence_cells.p_from, divergence_cells.p_to) m(month)
      JOIN medkoord.region r ON (((r.valid_from <= m.month) AND COALESCE((r.valid_to > m.month), true))))
      JOIN shown s ON ((s.member_no = r.region_no)))
      LEFT JOIN covered c ON (((c.region_no = r.region_no) AND (c.month = m.month))))
      LEFT JOIN LATERAL ( SELECT p_1.population,
             p_1.on_date,
             p_1.version
            FROM medkoord.population_version p_1
           WHERE ((p_1.region_no = r.region_no) AND (p_1.on_date <= m.month) AND (p_1.changed_at <= (divergence_cells.q).as_of))
           ORDER BY p_1.on_date DESC, p_1.version DESC
          LIMIT 1) p ON (true));
END;

ALTER FUNCTION medkoord.divergence_cells(q medkoord.divergence_question, p_from date, p_to date) OWNER TO medkoord_owner;

--
-- Name: divergence_both_windows(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_both_windows(q medkoord.divergence_question) RETURNS TABLE(in_window boolean, region_no smallint, member_no smallint, month date, delivery_no integer, status text, not_delivered boolean, population_on date, population_version integer)
    LANGUAGE sql STABLE ROWS 200
    BEGIN ATOMIC
 SELECT true,
     c.region_no,
     c.member_no,
     c.month,
     c.delivery_no,
     c.status,
     c.not_delivered,
     c.population_on,
     c.population_version
    FROM medkoord.divergence_cells(divergence_both_windows.q, (divergence_both_windows.q).from_month, (divergence_both_windows.q).to_month) c(region_no, member_no, month, delivery_no, status, not_delivered, cost_reported, days, population, population_on, population_version)
 UNION ALL
  SELECT false,
     c.region_no,
     c.member_no,
     c.month,
     c.delivery_no,
     c.status,
     c.not_delivered,
     c.population_on,
     c.population_version
    FROM medkoord.divergence_cells(divergence_both_windows.q, (((divergence_both_windows.q).from_month - '1 year'::interval))::date, (((divergence_both_windows.q).to_month - '1 year'::interval))::date) c(region_no, member_no, month, delivery_no, status, not_delivered, cost_reported, days, population, population_on, population_version);
END;

ALTER FUNCTION medkoord.divergence_both_windows(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_code(text, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_code(p_atc text, p_level integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE p_level WHEN 5 THEN p_atc ELSE medkoord.atc_group(p_atc, p_level) END;

ALTER FUNCTION medkoord.divergence_code(p_atc text, p_level integer) OWNER TO medkoord_owner;

--
-- Name: divergence_cost_sums(medkoord.divergence_question, date, date, text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_cost_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) RETURNS TABLE(code text, region_no smallint, cost_ore double precision)
    LANGUAGE plpgsql STABLE ROWS 10000
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    asked_source text := (q).source;
    asked_atc text := (q).atc;
    asked_level int := (q).level;
    part record;
BEGIN
    IF isfinite((q).as_of) THEN
        RETURN QUERY
        WITH covered AS MATERIALIZED (
            SELECT c.region_no, c.month, c.delivery_no FROM coverage_in_force(asked_source, p_from, p_to, (q).as_of) c
        )
        SELECT divergence_code(s.atc, asked_level), s.region_no, sum(s.cost_ore::float8)
        FROM covered c
        JOIN consumption_cost_month s
          ON s.delivery_no = c.delivery_no AND s.region_no = c.region_no AND s.month = c.month
         AND s.atc >= asked_atc AND s.atc < asked_atc || '~'
         AND (p_codes IS NULL OR divergence_code(s.atc, asked_level) IN (SELECT unnest(p_codes)))
        GROUP BY s.atc, s.region_no;
        RETURN;
    END IF;
    FOR part IN SELECT y.* FROM divergence_years(p_from, p_to) y LOOP
        RETURN QUERY
        SELECT divergence_code(s.atc, asked_level), s.region_no, (s.cost_ore[part.upto] - s.cost_ore[part.past])::float8
        FROM consumption_cost_year s
        WHERE s.source = asked_source AND s.year = part.year AND s.atc >= asked_atc AND s.atc < asked_atc || '~'
          AND (p_codes IS NULL OR divergence_code(s.atc, asked_level) IN (SELECT unnest(p_codes)));
    END LOOP;
END
$$;

ALTER FUNCTION medkoord.divergence_cost_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) OWNER TO medkoord_owner;

--
-- Name: divergence_is_material(double precision, double precision, numeric); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_is_material(highest double precision, lowest double precision, material_ratio numeric) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE(((highest > (0)::double precision) AND (highest >= (((material_ratio)::double precision * lowest) * (((1)::numeric - 0.000000000001))::double precision))), false);

ALTER FUNCTION medkoord.divergence_is_material(highest double precision, lowest double precision, material_ratio numeric) OWNER TO medkoord_owner;

--
-- Name: divergence_lasting_codes(medkoord.divergence_question, smallint[], text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_lasting_codes(q medkoord.divergence_question, p_compared smallint[], p_codes text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE ROWS 500
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    sustained int := ((q).measure).sustained_months;
    left_over text[] := p_codes; -- each month is looked at for the codes that the ones before have left
    in_month date;
BEGIN
    IF divergence_month_count((q).from_month, (q).to_month) < sustained THEN
        RETURN;
    END IF;
    FOR in_month IN
        SELECT m.m FROM months_between(((q).to_month - (sustained - 1) * interval '1 month')::date, (q).to_month) AS m (m)
    LOOP
        left_over := ARRAY(
            WITH exposure AS MATERIALIZED (
                SELECT r.region_no, r.exposure FROM divergence_regions(q, in_month, in_month) r
                WHERE r.region_no = ANY (p_compared)
            ), rate AS (
                SELECT v.atc, v.volume * 1000 / e.exposure AS rate
                FROM divergence_volumes(q, in_month, in_month, false, left_over) v
                JOIN exposure e ON e.region_no = v.region_no
            )
            SELECT r.atc FROM rate r GROUP BY r.atc
            -- A compared region without a row used nothing.
            HAVING divergence_is_material(max(r.rate),
                CASE WHEN count(*) = cardinality(p_compared) THEN min(r.rate) ELSE LEAST(min(r.rate), 0) END,
                ((q).measure).material_ratio));
        EXIT WHEN left_over = '{}';
    END LOOP;
    RETURN QUERY SELECT unnest(left_over);
END
$$;

ALTER FUNCTION medkoord.divergence_lasting_codes(q medkoord.divergence_question, p_compared smallint[], p_codes text[]) OWNER TO medkoord_owner;

--
-- Name: divergence_month_count(date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_month_count(p_from date, p_to date) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (((((date_part('year'::text, p_to) - date_part('year'::text, p_from)) * (12)::double precision) + date_part('month'::text, p_to)) - date_part('month'::text, p_from)) + (1)::double precision);

ALTER FUNCTION medkoord.divergence_month_count(p_from date, p_to date) OWNER TO medkoord_owner;

--
-- Name: divergence_ratio(double precision, double precision); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_ratio(numerator double precision, denominator double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (denominator > (0)::double precision) THEN (numerator / denominator) ELSE NULL::double precision END;

ALTER FUNCTION medkoord.divergence_ratio(numerator double precision, denominator double precision) OWNER TO medkoord_owner;

--
-- Name: divergence_ratio_reason(double precision); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_ratio_reason(denominator double precision) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (denominator = (0)::double precision) THEN 'zero_denominator'::text WHEN (denominator < (0)::double precision) THEN 'negative_denominator'::text ELSE NULL::text END;

ALTER FUNCTION medkoord.divergence_ratio_reason(denominator double precision) OWNER TO medkoord_owner;

--
-- Name: divergence_regions(medkoord.divergence_question, date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_regions(q medkoord.divergence_question, p_from date, p_to date) RETURNS TABLE(region_no smallint, months integer, reported_months integer, complete boolean, population_missing boolean, exposure double precision, cost_complete boolean, not_delivered boolean)
    LANGUAGE sql STABLE ROWS 6
    BEGIN ATOMIC
 WITH by_month AS (
          SELECT c.region_no,
             c.month,
             bool_and((c.delivery_no IS NOT NULL)) AS reported,
             bool_and(c.cost_reported) AS cost_reported,
             bool_or(c.not_delivered) AS not_delivered,
             bool_or(((c.delivery_no IS NOT NULL) AND (c.population IS NULL))) AS population_missing,
             sum(
                 CASE
                     WHEN (c.delivery_no IS NULL) THEN (0)::double precision
                     WHEN ((divergence_regions.q).measure.per = '1000_inhabitants_per_day'::text) THEN ((c.population)::double precision * (c.days)::double precision)
                     ELSE ((c.population)::double precision / (medkoord.divergence_month_count(divergence_regions.p_from, divergence_regions.p_to))::double precision)
                 END) AS exposure
            FROM medkoord.divergence_cells(divergence_regions.q, divergence_regions.p_from, divergence_regions.p_to) c(region_no, member_no, month, delivery_no, status, not_delivered, cost_reported, days, population, population_on, population_version)
           GROUP BY c.region_no, c.month
         )
  SELECT b.region_no,
     (count(*))::integer AS count,
     (count(*) FILTER (WHERE b.reported))::integer AS count,
     (count(*) FILTER (WHERE b.reported) = medkoord.divergence_month_count(divergence_regions.p_from, divergence_regions.p_to)),
     bool_or(b.population_missing) AS bool_or,
         CASE
             WHEN (NOT bool_or(b.population_missing)) THEN sum(b.exposure)
             ELSE NULL::double precision
         END AS "case",
     bool_and(b.cost_reported) AS bool_and,
     bool_or(b.not_delivered) AS bool_or
    FROM by_month b
   GROUP BY b.region_no;
END;

ALTER FUNCTION medkoord.divergence_regions(q medkoord.divergence_question, p_from date, p_to date) OWNER TO medkoord_owner;

--
-- Name: divergence_round(double precision, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_round(value double precision, decimals integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (round((value * ((10)::double precision ^ (decimals)::double precision))) / ((10)::double precision ^ (decimals)::double precision));

ALTER FUNCTION medkoord.divergence_round(value double precision, decimals integer) OWNER TO medkoord_owner;

--
-- Name: divergence_volumes(medkoord.divergence_question, date, date, boolean, text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_volumes(q medkoord.divergence_question, p_from date, p_to date, p_with_cost boolean, p_codes text[]) RETURNS TABLE(atc text, region_no smallint, volume double precision, ddd double precision, cost_ore double precision)
    LANGUAGE plpgsql STABLE ROWS 10000
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    AS $$
#variable_conflict use_column
DECLARE
    by_cost boolean := ((q).measure).basis = 'cost_ore';
BEGIN
    RETURN QUERY
    WITH shown AS MATERIALIZED (SELECT m.member_no, m.region_no FROM divergence_region_map(q) m),
    sums AS (
        SELECT s.code, s.region_no, true AS used, s.amount_e4, s.ddd_e4, 0::float8 AS cost_ore
        FROM divergence_sums(q, p_from, p_to, p_codes) s
        UNION ALL
        SELECT s.code, s.region_no, false, 0, 0, s.cost_ore
        FROM divergence_cost_sums(q, p_from, p_to, p_codes) s
        WHERE p_with_cost OR by_cost
    )
    SELECT s.code, m.region_no, CASE WHEN by_cost THEN sum(s.cost_ore) ELSE sum(s.amount_e4) / 10000 END,
        sum(s.ddd_e4) / 10000, sum(s.cost_ore)
    FROM sums s JOIN shown m ON m.member_no = s.region_no
    GROUP BY s.code, m.region_no
    HAVING bool_or(s.used);
END
$$;

ALTER FUNCTION medkoord.divergence_volumes(q medkoord.divergence_question, p_from date, p_to date, p_with_cost boolean, p_codes text[]) OWNER TO medkoord_owner;

--
-- Name: divergence_figures(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_figures(q medkoord.divergence_question) RETURNS TABLE(atc text, region_no smallint, region text, value double precision, rank integer, ratio_to_rest double precision, excess_ddd double precision, excess_cost_ore bigint, share_of_national double precision, change_from_year_before double precision, reported_months integer, complete boolean, reason text, "national" double precision, volume double precision, max_min_ratio double precision, max_min_ratio_reason text, cv_weighted double precision, cv_weighted_reason text, national_change double precision, national_change_reason text, material boolean, reasons text[])
    LANGUAGE sql STABLE ROWS 10000
    BEGIN ATOMIC
 WITH area AS MATERIALIZED (
          SELECT n.region_no,
             r.slug,
             n.reported_months,
             n.complete,
             n.population_missing,
             n.exposure,
             n.cost_complete,
             n.not_delivered,
             (n.complete AND (NOT n.population_missing)) AS compared,
             b.exposure AS exposure_before,
             (n.complete AND (NOT n.population_missing) AND COALESCE((b.complete AND (NOT b.population_missing)), false)) AS compared_before
            FROM ((medkoord.divergence_regions(divergence_figures.q, (divergence_figures.q).from_month, (divergence_figures.q).to_month) n(region_no, months, reported_months, complete, population_missing, exposure, cost_complete, not_delivered)
              JOIN medkoord.region r ON ((r.region_no = n.region_no)))
              LEFT JOIN medkoord.divergence_regions(divergence_figures.q, (((divergence_figures.q).from_month - '1 year'::interval))::date, (((divergence_figures.q).to_month - '1 year'::interval))::date) b(region_no, months, reported_months, complete, population_missing, exposure, cost_complete, not_delivered) ON ((b.region_no = n.region_no)))
         ), used AS MATERIALIZED (
          SELECT v.atc,
             v.region_no,
             v.volume,
             v.ddd,
             v.cost_ore
            FROM medkoord.divergence_volumes(divergence_figures.q, (divergence_figures.q).from_month, (divergence_figures.q).to_month, (divergence_figures.q).with_cost, NULL::text[]) v(atc, region_no, volume, ddd, cost_ore)
         ), used_before AS MATERIALIZED (
          SELECT v.atc,
             v.region_no,
             v.volume
            FROM medkoord.divergence_volumes(divergence_figures.q, (((divergence_figures.q).from_month - '1 year'::interval))::date, (((divergence_figures.q).to_month - '1 year'::interval))::date, false, NULL::text[]) v(atc, region_no, volume, ddd, cost_ore)
           WHERE (EXISTS ( SELECT
                    FROM area a
                   WHERE a.compared_before))
         ), code AS (
          SELECT u.atc
            FROM used u
         UNION
          SELECT (divergence_figures.q).atc AS atc
           WHERE (divergence_figures.q).one_code
         ), grid AS MATERIALIZED (
          SELECT c.atc,
             a.region_no,
             a.slug,
             a.reported_months,
             a.complete,
             a.population_missing,
             a.compared,
             a.compared_before,
             a.not_delivered,
             a.exposure,
             COALESCE(u.volume, (0)::double precision) AS volume,
             COALESCE(u.ddd, (0)::double precision) AS ddd,
             COALESCE(u.cost_ore, (0)::double precision) AS cost_ore,
                 CASE
                     WHEN (a.reported_months > 0) THEN medkoord.divergence_ratio((COALESCE(u.volume, (0)::double precision) * (1000)::double precision), a.exposure)
                     ELSE NULL::double precision
                 END AS rate,
             a.exposure_before,
             COALESCE(b.volume, (0)::double precision) AS volume_before
            FROM (((code c
              CROSS JOIN area a)
              LEFT JOIN used u ON (((u.atc = c.atc) AND (u.region_no = a.region_no))))
              LEFT JOIN used_before b ON (((b.atc = c.atc) AND (b.region_no = a.region_no))))
         ), total AS (
          SELECT g_1.atc,
             (count(*) FILTER (WHERE g_1.compared))::integer AS compared,
             sum(g_1.volume) FILTER (WHERE g_1.compared) AS volume,
             sum(g_1.exposure) FILTER (WHERE g_1.compared) AS exposure,
             sum(g_1.ddd) FILTER (WHERE g_1.compared) AS ddd,
             sum(g_1.cost_ore) FILTER (WHERE g_1.compared) AS cost_ore,
             max(g_1.rate) FILTER (WHERE g_1.compared) AS highest,
             min(g_1.rate) FILTER (WHERE g_1.compared) AS lowest,
             array_agg(medkoord.divergence_round(g_1.rate, 9) ORDER BY g_1.rate DESC) FILTER (WHERE g_1.compared) AS rates,
             sum(((g_1.exposure * g_1.rate) * g_1.rate)) FILTER (WHERE g_1.compared) AS squares,
             sum(g_1.volume) FILTER (WHERE g_1.compared_before) AS both_volume,
             sum(g_1.exposure) FILTER (WHERE g_1.compared_before) AS both_exposure,
             sum(g_1.volume_before) FILTER (WHERE g_1.compared_before) AS before_volume,
             sum(g_1.exposure_before) FILTER (WHERE g_1.compared_before) AS before_exposure
            FROM grid g_1
           GROUP BY g_1.atc
         ), judged AS (
          SELECT t.atc,
             t.compared,
             t.volume,
             t.exposure,
             t.ddd,
             t.cost_ore,
             t.highest,
             t.lowest,
             t.rates,
             t.squares,
             t.both_volume,
             t.both_exposure,
             t.before_volume,
             t.before_exposure,
             medkoord.divergence_ratio((t.volume * (1000)::double precision), t.exposure) AS "national",
             (t.volume >= ((divergence_figures.q).measure.minimum_volume)::double precision) AS enough,
             ((t.compared >= 2) AND medkoord.divergence_is_material(t.highest, t.lowest, (divergence_figures.q).measure.material_ratio)) AS differs
            FROM total t
         ), lasting AS MATERIALIZED (
          SELECT l.atc
            FROM (( SELECT array_agg(j.atc) AS codes
                    FROM judged j
                   WHERE (j.enough AND j.differs)) x
              CROSS JOIN LATERAL medkoord.divergence_lasting_codes(divergence_figures.q, ARRAY( SELECT a.region_no
                    FROM area a
                   WHERE a.compared), x.codes) l(atc))
           WHERE (x.codes IS NOT NULL)
         ), item AS (
          SELECT j.atc,
             j.compared,
             j.rates,
             j.volume,
             j.exposure,
             j.ddd,
             j.cost_ore,
             medkoord.divergence_round(j."national", 9) AS "national",
             medkoord.divergence_round(j.volume, 4) AS shown_volume,
             medkoord.divergence_round(
                 CASE
                     WHEN (j.compared >= 2) THEN medkoord.divergence_ratio(j.highest, j.lowest)
                     ELSE NULL::double precision
                 END, 6) AS max_min_ratio,
                 CASE
                     WHEN (j.compared < 2) THEN 'fewer_than_two_regions'::text
                     ELSE medkoord.divergence_ratio_reason(j.lowest)
                 END AS max_min_ratio_reason,
             medkoord.divergence_round(
                 CASE
                     WHEN (j.compared >= 2) THEN medkoord.divergence_ratio(sqrt(GREATEST(((j.squares / j.exposure) - (j."national" * j."national")), (0)::double precision)), j."national")
                     ELSE NULL::double precision
                 END, 6) AS cv_weighted,
                 CASE
                     WHEN (j.compared < 2) THEN 'fewer_than_two_regions'::text
                     ELSE medkoord.divergence_ratio_reason(j."national")
                 END AS cv_weighted_reason,
             medkoord.divergence_round((medkoord.divergence_ratio((j.both_volume / j.both_exposure), (j.before_volume / j.before_exposure)) - (1)::double precision), 6) AS national_change,
                 CASE
                     WHEN (j.before_exposure IS NULL) THEN 'not_reported_year_before'::text
                     ELSE medkoord.divergence_ratio_reason(j.before_volume)
                 END AS national_change_reason,
             COALESCE((j.enough AND j.differs AND (l.atc IS NOT NULL)), false) AS material,
             array_remove(ARRAY[
                 CASE
                     WHEN (j.compared < 2) THEN 'fewer_than_two_regions'::text
                     ELSE NULL::text
                 END,
                 CASE
                     WHEN (NOT j.enough) THEN 'below_minimum_volume'::text
                     ELSE NULL::text
                 END,
                 CASE
                     WHEN (j.compared < 2) THEN NULL::text
                     WHEN (NOT j.differs) THEN 'below_material_ratio'::text
                     WHEN (j.lowest > (0)::double precision) THEN 'material_ratio'::text
                     ELSE 'none_in_a_region'::text
                 END,
                 CASE
                     WHEN (NOT (j.enough AND j.differs)) THEN NULL::text
                     WHEN (l.atc IS NOT NULL) THEN 'lasting'::text
                     WHEN (medkoord.divergence_month_count((divergence_figures.q).from_month, (divergence_figures.q).to_month) < (divergence_figures.q).measure.sustained_months) THEN 'window_too_short'::text
                     ELSE 'not_lasting'::text
                 END], NULL::text) AS reasons
            FROM (judged j
              LEFT JOIN lasting l ON ((l.atc = j.atc)))
         )
  SELECT g.atc,
     g.region_no,
     g.slug,
     medkoord.divergence_round(g.rate, 9) AS divergence_round,
         CASE
             WHEN g.compared THEN array_position(i.rates, medkoord.divergence_round(g.rate, 9))
             ELSE NULL::integer
         END AS "case",
     medkoord.divergence_round(
         CASE
             WHEN (g.compared AND (i.compared >= 2)) THEN medkoord.divergence_ratio(g.rate, (((i.volume - g.volume) * (1000)::double precision) / (i.exposure - g.exposure)))
             ELSE NULL::double precision
         END, 6) AS divergence_round,
         CASE
             WHEN g.compared THEN medkoord.divergence_round((g.ddd - ((g.exposure * i.ddd) / i.exposure)), 4)
             ELSE NULL::double precision
         END AS "case",
         CASE
             WHEN (g.compared AND (divergence_figures.q).with_cost AND ( SELECT bool_and(a.cost_complete) AS bool_and
                FROM area a
               WHERE a.compared)) THEN (round((g.cost_ore - ((g.exposure * i.cost_ore) / i.exposure))))::bigint
             ELSE NULL::bigint
         END AS "case",
         CASE
             WHEN g.compared THEN medkoord.divergence_round(medkoord.divergence_ratio(g.volume, i.volume), 6)
             ELSE NULL::double precision
         END AS "case",
         CASE
             WHEN g.compared_before THEN medkoord.divergence_round((medkoord.divergence_ratio((g.volume / g.exposure), (g.volume_before / g.exposure_before)) - (1)::double precision), 6)
             ELSE NULL::double precision
         END AS "case",
     g.reported_months,
     g.complete,
         CASE
             WHEN ((g.reported_months = 0) AND (NOT g.not_delivered)) THEN 'not_reported'::text
             WHEN g.population_missing THEN 'population_missing'::text
             WHEN ((NOT g.complete) AND g.not_delivered) THEN 'not_delivered'::text
             WHEN (NOT g.complete) THEN 'partly_reported'::text
             WHEN (i.compared < 2) THEN 'fewer_than_two_regions'::text
             ELSE medkoord.divergence_ratio_reason((i.volume - g.volume))
         END AS divergence_ratio_reason,
     i."national",
     i.shown_volume,
     i.max_min_ratio,
     i.max_min_ratio_reason,
     i.cv_weighted,
     i.cv_weighted_reason,
     i.national_change,
     i.national_change_reason,
     i.material,
     i.reasons
    FROM (grid g
      JOIN item i ON ((i.atc = g.atc)));
END;

ALTER FUNCTION medkoord.divergence_figures(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_head(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_head(q medkoord.divergence_question) RETURNS TABLE(caveats json, deliveries json, not_reported json, not_delivered json, regions json)
    LANGUAGE plpgsql STABLE ROWS 1
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH cell AS MATERIALIZED (SELECT c.* FROM divergence_both_windows(q) c),
    delivery AS (
        SELECT c.delivery_no, min(c.status) AS status, bool_or(c.in_window) AS in_window, bool_or(NOT c.in_window) AS before
        FROM cell c WHERE c.delivery_no IS NOT NULL GROUP BY c.delivery_no
    ), inhabitants AS (
        SELECT DISTINCT c.region_no, c.member_no, p.on_date, p.population, p.evidence, p.source
        FROM cell c JOIN population_version p
          ON p.region_no = c.member_no AND p.on_date = c.population_on AND p.version = c.population_version
        WHERE c.delivery_no IS NOT NULL
    ), marked AS (
        SELECT string_agg(x.evidence || ' ' || x.dates, '; ' ORDER BY x.evidence) AS list
        FROM (SELECT d.evidence, string_agg(d.on_date::text, ', ' ORDER BY d.on_date) AS dates
              FROM (SELECT DISTINCT i.evidence, i.on_date FROM inhabitants i WHERE i.evidence <> 'sourced') d
              GROUP BY d.evidence) x
    ), area AS (
        SELECT r.region_no, r.slug, r.name, a.months, a.reported_months, a.complete, a.population_missing
        FROM divergence_regions(q, (q).from_month, (q).to_month) a JOIN region r ON r.region_no = a.region_no
    ), gap AS (
        SELECT x.not_delivered, json_agg(json_build_object('region', x.slug, 'months', x.months) ORDER BY x.region_no) AS list
        FROM (SELECT c.not_delivered, r.region_no, r.slug, json_agg(divergence_month_name(c.month) ORDER BY c.month) AS months
              FROM cell c JOIN region r ON r.region_no = c.member_no
              WHERE c.in_window AND c.delivery_no IS NULL GROUP BY c.not_delivered, r.region_no, r.slug) x
        GROUP BY x.not_delivered
    ), left_out AS (
        SELECT string_agg(a.name, ', ' ORDER BY a.region_no) FILTER (WHERE NOT a.complete OR a.population_missing) AS list,
            bool_or(a.complete AND NOT a.population_missing) AS others_compared
        FROM area a
    ), caveat (position, code, text, text_da) AS (
        VALUES
            (1, 'no_indication', 'The figures say nothing of what a drug was used for (no indication).',
             'Tallene siger intet om, hvad et lægemiddel er brugt til (ingen indikation).'),
            (2, 'hospital_region',
             'Use is counted at the hospital''s region, not the patient''s: highly specialised hospitals inflate their region.',
             'Forbruget er talt i hospitalets region, ikke patientens: højt specialiserede hospitaler trækker deres region op.')
        UNION ALL
        SELECT 3, 'provisional', 'Some of the figures are provisional.', 'En del af tallene er foreløbige.'
        WHERE EXISTS (SELECT FROM delivery d WHERE d.status = 'provisional')
        UNION ALL
        SELECT 4, 'incomplete_regions',
            'Not compared, because not every month is reported with what the measure counts, or the inhabitants are not known: '
                || l.list || '.',
            'Indgår ikke i sammenligningen, fordi ikke alle måneder er indberettet med det, målet tæller, eller indbyggertallet ikke kendes: '
                || l.list || '.'
        FROM left_out l WHERE l.list IS NOT NULL
        UNION ALL
        SELECT 5, 'not_all_regions', 'National figures are of the compared regions alone, not of the whole country. Left out: ' || l.list || '.',
            'De nationale tal omfatter kun de sammenlignede regioner, ikke hele landet. Udeladt: ' || l.list || '.'
        FROM left_out l WHERE l.list IS NOT NULL AND l.others_compared
        UNION ALL
        SELECT 6, 'regions_changed',
            'The regions changed in the window: ' || x.list || ' existed in a part of it only. region_basis=current compares the regions that stand for them.',
            'Regionerne ændrede sig i perioden: ' || x.list || ' fandtes kun i en del af den. region_basis=current sammenligner de regioner, der er trådt i stedet.'
        FROM (SELECT string_agg(a.name, ', ' ORDER BY a.region_no) AS list FROM area a
              WHERE a.months < divergence_month_count((q).from_month, (q).to_month)) x
        WHERE x.list IS NOT NULL
        UNION ALL
        SELECT 7, 'population_evidence', 'Numbers of inhabitants that are not simply from a published table: ' || m.list || '.',
            'Indbyggertal, der ikke er taget direkte fra en offentliggjort tabel: ' || m.list || '.'
        FROM marked m WHERE m.list IS NOT NULL
        UNION ALL
        SELECT 8, 'cost_as_delivered', 'Cost is as delivered and confidential.', 'Udgifter er som leveret og fortrolige.'
        WHERE ((q).measure).basis = 'cost_ore'
    )
    SELECT
        (SELECT json_agg(json_build_object('code', c.code, 'text', c.text, 'text_da', c.text_da) ORDER BY c.position)
         FROM caveat c),
        -- A delivery withdrawn since is not everybody's to read: of it, no more than that it was used.
        COALESCE((SELECT json_agg(json_build_object('id', d.id, 'label', d.label, 'status', u.status,
                     'accepted_at', divergence_time(d.accepted_at),
                     'window', u.in_window, 'year_before', u.before) ORDER BY u.delivery_no)
                  FROM delivery u LEFT JOIN consumption_delivery d ON d.delivery_no = u.delivery_no), '[]'),
        COALESCE((SELECT g.list FROM gap g WHERE NOT g.not_delivered), '[]'),
        COALESCE((SELECT g.list FROM gap g WHERE g.not_delivered), '[]'),
        COALESCE((SELECT json_agg(json_build_object('region', a.slug, 'name', a.name, 'reported_months', a.reported_months,
                     'complete', a.complete, 'compared', a.complete AND NOT a.population_missing, 'populations', COALESCE(
                         (SELECT json_agg(json_build_object('region', r.slug, 'on', i.on_date, 'population', i.population,
                             'evidence', i.evidence, 'source', i.source) ORDER BY i.member_no, i.on_date)
                          FROM inhabitants i JOIN region r ON r.region_no = i.member_no
                          WHERE i.region_no = a.region_no), '[]')) ORDER BY a.region_no)
                  FROM area a), '[]');
END
$$;

ALTER FUNCTION medkoord.divergence_head(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_items(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_items(q medkoord.divergence_question) RETURNS TABLE(atc text, item json, material boolean, max_min_ratio double precision, excess_ddd double precision, cv_weighted double precision, change double precision)
    LANGUAGE plpgsql STABLE ROWS 2000
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH item AS (
        SELECT r.atc,
            json_agg(row_to_json(j.entry)) AS regions,
            max(r."national") AS "national", max(r.volume) AS volume,
            max(r.max_min_ratio) AS max_min_ratio, max(r.max_min_ratio_reason) AS max_min_ratio_reason,
            max(r.cv_weighted) AS cv_weighted, max(r.cv_weighted_reason) AS cv_weighted_reason,
            max(r.national_change) AS change, max(r.national_change_reason) AS change_reason,
            bool_or(r.material) AS material, max(r.reasons) AS reasons, max(r.excess_ddd) AS excess_ddd
        -- Sorted once here: sorting inside the aggregate would be a sort for each code.
        FROM (SELECT f.* FROM divergence_figures(q) f ORDER BY f.atc, f.region_no) r
        CROSS JOIN LATERAL (
            SELECT e AS entry FROM (
                SELECT r.region, r.value, r.rank, r.ratio_to_rest, r.excess_ddd, r.excess_cost_ore, r.share_of_national,
                    r.change_from_year_before, r.reported_months, r.complete, r.reason) e
        ) j
        GROUP BY r.atc
    )
    SELECT i.atc, row_to_json(j.entry), i.material, i.max_min_ratio, i.excess_ddd, i.cv_weighted, i.change
    FROM item i
    LEFT JOIN atc_code c ON c.atc = i.atc
    CROSS JOIN LATERAL (
        SELECT e AS entry FROM (
            SELECT i.atc, c.name, i.regions, i."national", i.volume, i.max_min_ratio, i.max_min_ratio_reason,
                i.cv_weighted, i.cv_weighted_reason, i.change AS change_from_year_before,
                i.change_reason AS change_from_year_before_reason, i.material, i.reasons) e
    ) j;
END
$$;

ALTER FUNCTION medkoord.divergence_items(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_measure_json(medkoord.divergence_measure); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_measure_json(m medkoord.divergence_measure) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object('name', (m).name, 'version', (m).version, 'basis', (m).basis, 'per', (m).per, 'unit', (m).unit, 'unit_da', (m).unit_da, 'definition', (m).definition, 'definition_da', (m).definition_da, 'minimum_volume', (m).minimum_volume, 'material_ratio', (m).material_ratio, 'sustained_months', (m).sustained_months);

ALTER FUNCTION medkoord.divergence_measure_json(m medkoord.divergence_measure) OWNER TO medkoord_owner;

--
-- Name: divergence_month_name(date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_month_name(p_month date) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN to_char((p_month)::timestamp without time zone, 'YYYY-MM'::text);

ALTER FUNCTION medkoord.divergence_month_name(p_month date) OWNER TO medkoord_owner;

--
-- Name: divergence_texts(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_texts() RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN '{"lasting": {"da": "Forskellen ses i hver af de seneste måneder, som målet kræver.", "en": "It shows in each of the last months that the measure asks for."}, "not_lasting": {"da": "Forskellen ses ikke i hver af de seneste måneder, som målet kræver.", "en": "It does not show in each of the last months that the measure asks for."}, "not_reported": {"da": "Ingen godkendt leverance dækker nogen måned i perioden.", "en": "No accepted delivery covers any month of the window."}, "not_delivered": {"da": "En leverance dækker måneder i perioden uden det, målet tæller (pakninger eller udgift): indgår ikke i rangering og sammenligning.", "en": "A delivery covers months of the window without what the measure counts (packs or cost): not ranked and not compared."}, "material_ratio": {"da": "Den højeste region er mindst den væsentlige faktor gange den laveste.", "en": "The highest region is at least the material ratio times the lowest."}, "partly_reported": {"da": "Ikke alle periodens måneder er indberettet: indgår ikke i rangering og sammenligning.", "en": "Not every month of the window is reported: not ranked and not compared."}, "none_in_a_region": {"da": "En region har intet forbrug, mens en anden har.", "en": "A region used none, while another did."}, "window_too_short": {"da": "Perioden har færre måneder, end en forskel skal vare.", "en": "The window has fewer months than a difference must last."}, "zero_denominator": {"da": "Det, der skulle divideres med, er nul.", "en": "What it would be divided by is zero."}, "population_missing": {"da": "Indbyggertallet kendes ikke.", "en": "The number of inhabitants is not known."}, "below_material_ratio": {"da": "Den højeste region ligger under grænsen for en væsentlig forskel fra den laveste.", "en": "The highest region is less than the material ratio times the lowest."}, "below_minimum_volume": {"da": "Det nationale forbrug er under målets mindste volumen.", "en": "National use is below the measure''s minimum volume."}, "negative_denominator": {"da": "Det, der skulle divideres med, er negativt: der er returneret mere end forbrugt.", "en": "What it would be divided by is negative: more was returned than used."}, "fewer_than_two_regions": {"da": "Færre end to regioner kan sammenlignes.", "en": "Fewer than two regions can be compared."}, "not_reported_year_before": {"da": "Ingen region har indberettet alle de samme måneder året før med det, målet tæller.", "en": "No region reported all of these months a year before with what the measure counts."}}'::jsonb;

ALTER FUNCTION medkoord.divergence_texts() OWNER TO medkoord_owner;

--
-- Name: divergence_time(timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_time(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    RETURN ((to_char((p_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS'::text) || rtrim(rtrim(to_char((p_at AT TIME ZONE 'UTC'::text), '.US'::text), '0'::text), '.'::text)) || 'Z'::text);

ALTER FUNCTION medkoord.divergence_time(p_at timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: divergence_overview(medkoord.divergence_question, boolean, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_overview(q medkoord.divergence_question, p_material boolean, p_sort text) RETURNS TABLE(measure json, "window" json, source text, region_basis text, as_of text, atc text, level integer, caveats json, texts jsonb, deliveries json, not_reported json, not_delivered json, regions json, items json)
    LANGUAGE sql STABLE ROWS 1
    SET jit TO 'off'
    BEGIN ATOMIC
 SELECT medkoord.divergence_measure_json((divergence_overview.q).measure) AS divergence_measure_json,
     json_build_object('from_month', medkoord.divergence_month_name((divergence_overview.q).from_month), 'to_month', medkoord.divergence_month_name((divergence_overview.q).to_month), 'months', medkoord.divergence_month_count((divergence_overview.q).from_month, (divergence_overview.q).to_month)) AS json_build_object,
     (divergence_overview.q).source AS source,
     (divergence_overview.q).region_basis AS region_basis,
         CASE
             WHEN isfinite((divergence_overview.q).as_of) THEN medkoord.divergence_time((divergence_overview.q).as_of)
             ELSE NULL::text
         END AS "case",
     NULLIF((divergence_overview.q).atc, ''::text) AS "nullif",
     (divergence_overview.q).level AS level,
     h.caveats,
     medkoord.divergence_texts() AS divergence_texts,
     h.deliveries,
     h.not_reported,
     h.not_delivered,
     h.regions,
     ( SELECT COALESCE(json_agg(i.item ORDER BY
                 CASE divergence_overview.p_sort
                     WHEN '-max_min_ratio'::text THEN i.max_min_ratio
                     WHEN '-excess_ddd'::text THEN i.excess_ddd
                     WHEN '-cv_weighted'::text THEN i.cv_weighted
                     WHEN '-change'::text THEN i.change
                     ELSE NULL::double precision
                 END DESC NULLS LAST, i.atc), '[]'::json) AS "coalesce"
            FROM medkoord.divergence_items(divergence_overview.q) i(atc, item, material, max_min_ratio, excess_ddd, cv_weighted, change)
           WHERE ((divergence_overview.p_material IS NULL) OR (i.material = divergence_overview.p_material))) AS "coalesce"
    FROM medkoord.divergence_head(divergence_overview.q) h(caveats, deliveries, not_reported, not_delivered, regions);
END;

ALTER FUNCTION medkoord.divergence_overview(q medkoord.divergence_question, p_material boolean, p_sort text) OWNER TO medkoord_owner;

--
-- Name: divergence_rows(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_rows(q medkoord.divergence_question) RETURNS TABLE(atc text, region_no smallint, region text, value double precision, rank integer, ratio_to_rest double precision, excess_ddd double precision, excess_cost_ore bigint, share_of_national double precision, change_from_year_before double precision, reported_months integer, complete boolean, reason text, "national" double precision, volume double precision, max_min_ratio double precision, max_min_ratio_reason text, cv_weighted double precision, cv_weighted_reason text, national_change double precision, national_change_reason text, material boolean, reasons text[])
    LANGUAGE plpgsql STABLE ROWS 10000
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.* FROM divergence_figures(q) f;
END
$$;

ALTER FUNCTION medkoord.divergence_rows(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_series(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_series(q medkoord.divergence_question) RETURNS TABLE(month date, region_no smallint, region text, hospital text, name text, value double precision, volume double precision, status text)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH cell AS MATERIALIZED (
        SELECT c.region_no, c.member_no, c.month, c.delivery_no, c.status,
            c.population::float8 * CASE ((q).measure).per WHEN '1000_inhabitants_per_day' THEN c.days ELSE 1 END AS exposure
        FROM divergence_cells(q, (q).from_month, (q).to_month) c
    ), area AS MATERIALIZED (
        SELECT c.region_no, c.month, bool_and(c.delivery_no IS NOT NULL) AS reported,
            CASE WHEN bool_and(c.exposure IS NOT NULL) THEN sum(c.exposure) END AS exposure,
            CASE WHEN bool_or(c.status = 'provisional') THEN 'provisional' ELSE 'final' END AS status
        FROM cell c GROUP BY c.region_no, c.month
    ), used AS MATERIALIZED (
        SELECT c.region_no, c.month, s.hospital_no,
            CASE ((q).measure).basis WHEN 'ddd' THEN sum(s.ddd_e4)::float8 / 10000
                                     ELSE COALESCE(sum(s.packs_e4), 0)::float8 / 10000 END AS volume
        FROM cell c JOIN consumption_hospital_month s
          ON s.delivery_no = c.delivery_no AND s.region_no = c.member_no AND s.month = c.month
         AND s.atc >= (q).atc AND s.atc < (q).atc || '~'
        WHERE ((q).measure).basis <> 'cost_ore'
        GROUP BY c.region_no, c.month, s.hospital_no
        UNION ALL
        SELECT c.region_no, c.month, s.hospital_no, sum(s.cost_ore)::float8
        FROM cell c JOIN consumption_hospital_cost s
          ON s.delivery_no = c.delivery_no AND s.region_no = c.member_no AND s.month = c.month
         AND s.atc >= (q).atc AND s.atc < (q).atc || '~'
        WHERE ((q).measure).basis = 'cost_ore'
        GROUP BY c.region_no, c.month, s.hospital_no
    ), located AS MATERIALIZED (
        -- Where each hospital belonged in each month, and where anything was counted: not both, when a hospital was moved
        -- after its figures came. Then they stand where they were counted, and there is no zero beside them.
        SELECT c.region_no, c.month, hr.hospital_no
        FROM hospital_region hr
        JOIN region r ON r.region_no = hr.region_no
        JOIN cell c ON hr.valid_from <= c.month AND COALESCE(hr.valid_to > c.month, true)
                   AND c.member_no = CASE WHEN r.valid_to <= c.month THEN region_on(hr.region_no, c.month)
                                          ELSE hr.region_no END
        WHERE NOT EXISTS (SELECT FROM used u
                          WHERE u.hospital_no = hr.hospital_no AND u.month = c.month AND u.region_no <> c.region_no)
        UNION
        SELECT u.region_no, u.month, u.hospital_no FROM used u
    )
    SELECT a.month, a.region_no, r.slug, NULL, r.name,
        CASE WHEN a.reported THEN divergence_round(divergence_ratio(COALESCE(u.volume, 0) * 1000, a.exposure), 9) END,
        CASE WHEN a.reported THEN COALESCE(u.volume, 0) END, CASE WHEN a.reported THEN a.status END
    FROM area a
    JOIN region r ON r.region_no = a.region_no
    LEFT JOIN (SELECT u.region_no, u.month, sum(u.volume) AS volume FROM used u GROUP BY u.region_no, u.month) u
           ON u.region_no = a.region_no AND u.month = a.month
    UNION ALL
    SELECT a.month, a.region_no, r.slug, h.code, h.name,
        CASE WHEN a.reported THEN divergence_round(divergence_ratio(COALESCE(u.volume, 0) * 1000, a.exposure), 9) END,
        CASE WHEN a.reported THEN COALESCE(u.volume, 0) END, CASE WHEN a.reported THEN a.status END
    FROM located l
    JOIN area a ON a.region_no = l.region_no AND a.month = l.month
    JOIN region r ON r.region_no = l.region_no
    JOIN hospital h ON h.hospital_no = l.hospital_no
    LEFT JOIN used u ON u.region_no = l.region_no AND u.month = l.month AND u.hospital_no = l.hospital_no;
END
$$;

ALTER FUNCTION medkoord.divergence_series(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_series_json(medkoord.divergence_question); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_series_json(q medkoord.divergence_question) RETURNS json
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH line AS (
          SELECT s.region_no,
             s.region,
             s.hospital,
             s.name,
             json_agg(json_build_object('month', medkoord.divergence_month_name(s.month), 'value', s.value, 'volume', s.volume, 'status', s.status) ORDER BY s.month) AS months
            FROM medkoord.divergence_series(divergence_series_json.q) s(month, region_no, region, hospital, name, value, volume, status)
           GROUP BY s.region_no, s.region, s.hospital, s.name
         )
  SELECT json_build_object('regions', COALESCE(( SELECT json_agg(json_build_object('region', l.region, 'name', l.name, 'months', l.months) ORDER BY l.region_no) AS json_agg
            FROM line l
           WHERE (l.hospital IS NULL)), '[]'::json), 'hospitals', COALESCE(( SELECT json_agg(json_build_object('hospital', l.hospital, 'name', l.name, 'region', l.region, 'months', l.months) ORDER BY l.region_no, l.hospital) AS json_agg
            FROM line l
           WHERE (l.hospital IS NOT NULL)), '[]'::json)) AS json_build_object;
END;

ALTER FUNCTION medkoord.divergence_series_json(q medkoord.divergence_question) OWNER TO medkoord_owner;

--
-- Name: divergence_sums(medkoord.divergence_question, date, date, text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) RETURNS TABLE(code text, region_no smallint, amount_e4 double precision, ddd_e4 double precision)
    LANGUAGE plpgsql STABLE ROWS 10000
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    asked_source text := (q).source;
    asked_atc text := (q).atc;
    asked_level int := (q).level;
    packs boolean := ((q).measure).basis = 'packs';
    part record;
BEGIN
    IF isfinite((q).as_of) THEN
        RETURN QUERY
        WITH covered AS MATERIALIZED (
            SELECT c.region_no, c.month, c.delivery_no FROM coverage_in_force(asked_source, p_from, p_to, (q).as_of) c
        )
        SELECT divergence_code(s.atc, asked_level), s.region_no,
            CASE WHEN packs THEN COALESCE(sum(s.packs_e4::float8), 0) ELSE sum(s.ddd_e4::float8) END, sum(s.ddd_e4::float8)
        FROM covered c
        JOIN consumption_region_month s
          ON s.delivery_no = c.delivery_no AND s.region_no = c.region_no AND s.month = c.month
         AND s.atc >= asked_atc AND s.atc < asked_atc || '~'
         AND (p_codes IS NULL OR divergence_code(s.atc, asked_level) IN (SELECT unnest(p_codes)))
        GROUP BY s.atc, s.region_no;
        RETURN;
    END IF;
    FOR part IN SELECT y.* FROM divergence_years(p_from, p_to) y LOOP
        RETURN QUERY
        SELECT divergence_code(s.atc, asked_level), s.region_no,
            CASE WHEN packs THEN (s.packs_e4[part.upto] - s.packs_e4[part.past])::float8 ELSE s.used END, s.used
        FROM (SELECT s.*, (s.ddd_e4[part.upto] - s.ddd_e4[part.past])::float8 AS used
              FROM consumption_year s
              WHERE s.source = asked_source AND s.year = part.year AND s.atc >= asked_atc AND s.atc < asked_atc || '~'
                AND s.months & part.bits <> 0
                AND (p_codes IS NULL OR divergence_code(s.atc, asked_level) IN (SELECT unnest(p_codes)))
              OFFSET 0) s;
    END LOOP;
END
$$;

ALTER FUNCTION medkoord.divergence_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) OWNER TO medkoord_owner;

--
-- Name: divergence_years(date, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_years(p_from date, p_to date) RETURNS TABLE(year smallint, past integer, upto integer, bits integer)
    LANGUAGE sql IMMUTABLE ROWS 2
    BEGIN ATOMIC
 SELECT (y.year)::smallint AS year,
     y.past,
     y.upto,
     ((1 << (y.upto - 1)) - (1 << (y.past - 1)))
    FROM ( SELECT y_1.year,
             (
                 CASE
                     WHEN ((y_1.year)::double precision = date_part('year'::text, divergence_years.p_from)) THEN date_part('month'::text, divergence_years.p_from)
                     ELSE (1)::double precision
                 END)::integer AS past,
             ((
                 CASE
                     WHEN ((y_1.year)::double precision = date_part('year'::text, divergence_years.p_to)) THEN date_part('month'::text, divergence_years.p_to)
                     ELSE (12)::double precision
                 END)::integer + 1) AS upto
            FROM generate_series((date_part('year'::text, divergence_years.p_from))::integer, (date_part('year'::text, divergence_years.p_to))::integer) y_1(year)) y;
END;

ALTER FUNCTION medkoord.divergence_years(p_from date, p_to date) OWNER TO medkoord_owner;

--
-- Name: end_appointment(uuid, date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.end_appointment(appointment uuid, on_date date, reason text) RETURNS SETOF medkoord.appointment_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.end_appointment(appointment uuid, on_date date, reason text) OWNER TO medkoord_owner;

--
-- Name: end_interest(uuid, date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.end_interest(interest uuid, on_date date, reason text) RETURNS SETOF medkoord.interest_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.end_interest(interest uuid, on_date date, reason text) OWNER TO medkoord_owner;

--
-- Name: erase_contact(uuid, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.erase_contact(person uuid, if_match text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.erase_contact(person uuid, if_match text) OWNER TO medkoord_owner;

--
-- Name: follow_ends(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.follow_ends() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7090823);
    UPDATE appointment a SET valid_to = a.valid_to WHERE a.ends_on IS DISTINCT FROM appointment_end(a);
    RETURN NULL;
END
$$;

ALTER FUNCTION medkoord.follow_ends() OWNER TO medkoord_owner;

--
-- Name: follow_rights(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.follow_rights() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7090823);
    UPDATE appointment a SET allows = rights_of_seat(a.kind, a.role) WHERE a.allows IS DISTINCT FROM rights_of_seat(a.kind, a.role);
    RETURN NULL;
END
$$;

ALTER FUNCTION medkoord.follow_rights() OWNER TO medkoord_owner;

--
-- Name: follow_subject(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.follow_subject() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    UPDATE appointment a SET subject = NEW.subject WHERE a.person_no = NEW.person_no;
    RETURN NULL;
END
$$;

ALTER FUNCTION medkoord.follow_subject() OWNER TO medkoord_owner;

--
-- Name: hospital_region_on(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.hospital_region_on(hospital_no smallint, on_date date) RETURNS smallint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN medkoord.region_on((
        SELECT hr.region_no FROM medkoord.hospital_region hr
        WHERE hr.hospital_no = hospital_region_on.hospital_no
          AND hr.valid_from <= on_date AND COALESCE(hr.valid_to > on_date, true)), on_date);
END
$$;

ALTER FUNCTION medkoord.hospital_region_on(hospital_no smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: hospital; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.hospital (
    hospital_no smallint NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    closed_on date,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT hospital_code_form CHECK ((code ~ '^([A-Za-z0-9-]|Æ|Ø|Å|æ|ø|å){1,16}$'::text)),
    CONSTRAINT hospital_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY medkoord.hospital FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.hospital OWNER TO medkoord_owner;

--
-- Name: hospital_transition; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.hospital_transition (
    hospital_no smallint NOT NULL,
    transition_no integer NOT NULL,
    action text NOT NULL,
    on_date date NOT NULL,
    changed_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    changed_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT hospital_transition_action CHECK ((action = ANY (ARRAY['close'::text, 'reopen'::text])))
);

ALTER TABLE ONLY medkoord.hospital_transition FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.hospital_transition OWNER TO medkoord_owner;

--
-- Name: hospitals_on(date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.hospitals_on(on_date date) RETURNS SETOF medkoord.hospital_resource
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT h.code,
     h.name,
     r.slug,
     s.status,
     h.closed_on,
     p.regions,
         CASE
             WHEN (NOT ( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has)) THEN '[]'::json
             WHEN (h.closed_on IS NULL) THEN '["close"]'::json
             ELSE '["reopen"]'::json
         END AS "case",
     h.changed_at,
     concat(h.version, '-', p.region_no, "left"(s.status, 1),
         CASE
             WHEN ( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has) THEN 'a'::text
             ELSE NULL::text
         END) AS concat
    FROM (((medkoord.hospital h
      CROSS JOIN LATERAL ( SELECT json_agg(json_build_object('region', pr.slug, 'valid_from', hr.valid_from, 'valid_to', hr.valid_to) ORDER BY hr.valid_from) AS regions,
             medkoord.region_on(max(hr.region_no) FILTER (WHERE (daterange(hr.valid_from, hr.valid_to) @> hospitals_on.on_date)), hospitals_on.on_date) AS region_no
            FROM (medkoord.hospital_region hr
              JOIN medkoord.region pr ON ((pr.region_no = hr.region_no)))
           WHERE (hr.hospital_no = h.hospital_no)) p)
      CROSS JOIN LATERAL ( SELECT COALESCE(( SELECT
                         CASE t.action
                             WHEN 'close'::text THEN 'closed'::text
                             ELSE NULL::text
                         END AS "case"
                    FROM medkoord.hospital_transition t
                   WHERE ((t.hospital_no = h.hospital_no) AND (t.on_date <= hospitals_on.on_date))
                   ORDER BY t.on_date DESC, t.transition_no DESC
                  LIMIT 1), 'open'::text) AS status
          OFFSET 0) s)
      LEFT JOIN medkoord.region r ON ((r.region_no = p.region_no)));
END;

ALTER FUNCTION medkoord.hospitals_on(on_date date) OWNER TO medkoord_owner;

--
-- Name: html_text(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.html_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN replace(replace(replace(replace(replace(value, '&'::text, '&amp;'::text), '<'::text, '&lt;'::text), '>'::text, '&gt;'::text), '"'::text, '&quot;'::text), ''''::text, '&#39;'::text);

ALTER FUNCTION medkoord.html_text(value text) OWNER TO medkoord_owner;

--
-- Name: ical_line(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.ical_line(line text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

ALTER FUNCTION medkoord.ical_line(line text) OWNER TO medkoord_owner;

--
-- Name: ical_text(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.ical_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN replace(replace(replace(replace(regexp_replace(value, '
|[  ]'::text, '
'::text, 'g'::text), '\'::text, '\\'::text), ';'::text, '\;'::text), ','::text, '\,'::text), '
'::text, '\n'::text);

ALTER FUNCTION medkoord.ical_text(value text) OWNER TO medkoord_owner;

--
-- Name: ical_time(timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.ical_time(at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN to_char((at AT TIME ZONE 'UTC'::text), 'YYYYMMDD"T"HH24MISS"Z"'::text);

ALTER FUNCTION medkoord.ical_time(at timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: interests_page(uuid, text, date, integer, bigint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.interests_page(of_person uuid, of_kind text, on_date date, before integer, page bigint) RETURNS SETOF medkoord.interest_shown
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.interests_page(of_person uuid, of_kind text, on_date date, before integer, page bigint) OWNER TO medkoord_owner;

--
-- Name: keep_appointment_version(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.keep_appointment_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.keep_appointment_version() OWNER TO medkoord_owner;

--
-- Name: keep_interest_version(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.keep_interest_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO interest_version (interest_no, version, person_no, valid_to, end_reason, changed_at, changed_by)
    VALUES (NEW.interest_no, NEW.version, NEW.person_no, NEW.valid_to, NEW.end_reason, NEW.changed_at, NEW.changed_by);
    RETURN NULL;
END
$$;

ALTER FUNCTION medkoord.keep_interest_version() OWNER TO medkoord_owner;

--
-- Name: keep_population_version(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.keep_population_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.keep_population_version() OWNER TO medkoord_owner;

--
-- Name: known_at(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.known_at(as_of text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (as_of IS NULL) THEN 'infinity'::timestamp with time zone WHEN (length(as_of) = 10) THEN (((((as_of)::date + 1))::timestamp without time zone AT TIME ZONE 'Europe/Copenhagen'::text) - '00:00:00.000001'::interval) ELSE (as_of)::timestamp with time zone END;

ALTER FUNCTION medkoord.known_at(as_of text) OWNER TO medkoord_owner;

--
-- Name: last_reported_month(text, timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.last_reported_month(p_source text, p_as_of timestamp with time zone) RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT max(c.month) AS max
    FROM medkoord.consumption_coverage c
   WHERE ((c.source = last_reported_month.p_source) AND (c.accepted_at <= COALESCE(last_reported_month.p_as_of, 'infinity'::timestamp with time zone)) AND ((c.withdrawn_at IS NULL) OR (c.withdrawn_at > COALESCE(last_reported_month.p_as_of, 'infinity'::timestamp with time zone))));
END;

ALTER FUNCTION medkoord.last_reported_month(p_source text, p_as_of timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: limit_divergence_snapshots(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.limit_divergence_snapshots() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.created_by, 7090881));
    IF (SELECT count(*) FROM divergence_snapshot s
        WHERE s.created_by = NEW.created_by AND s.created_at >= today()::timestamp AT TIME ZONE 'Europe/Copenhagen') >= 100 THEN
        PERFORM problem('too_many_snapshots', 'You have taken 100 snapshots today.');
    END IF;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.limit_divergence_snapshots() OWNER TO medkoord_owner;

--
-- Name: lock_consumption_delivery(uuid); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.lock_consumption_delivery(p_id uuid) RETURNS SETOF medkoord.consumption_delivery
    LANGUAGE plpgsql
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY SELECT d.* FROM consumption_delivery d WHERE d.id = p_id FOR UPDATE NOWAIT;
EXCEPTION WHEN lock_not_available THEN
    PERFORM problem('upload_in_progress', 'This delivery is being uploaded or changed just now.');
END
$$;

ALTER FUNCTION medkoord.lock_consumption_delivery(p_id uuid) OWNER TO medkoord_owner;

--
-- Name: lock_meeting(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.lock_meeting(by_reference text, may text) RETURNS medkoord.meeting
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.lock_meeting(by_reference text, may text) OWNER TO medkoord_owner;

--
-- Name: matter_number(smallint, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.matter_number(in_body smallint, of_kind text, of_reference text) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    RETURN (SELECT m.matter_no FROM matter m WHERE m.body_no = in_body AND m.kind = of_kind AND m.reference = of_reference);
END
$$;

ALTER FUNCTION medkoord.matter_number(in_body smallint, of_kind text, of_reference text) OWNER TO medkoord_owner;

--
-- Name: matter_recusals(uuid, uuid, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.matter_recusals(of_matter uuid, of_person uuid, on_date date) RETURNS TABLE(person_no integer, person uuid, name text, roles json, recused boolean, grounds json, decisions json)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.matter_recusals(of_matter uuid, of_person uuid, on_date date) OWNER TO medkoord_owner;

--
-- Name: meeting_calendar(smallint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.meeting_calendar(of_body smallint) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.meeting_calendar(of_body smallint) OWNER TO medkoord_owner;

--
-- Name: move_hospital(smallint, smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.move_hospital(number smallint, to_region smallint, from_date date) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.move_hospital(number smallint, to_region smallint, from_date date) OWNER TO medkoord_owner;

--
-- Name: next_change_of_source(text, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.next_change_of_source(p_source text, p_delivery_no integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_source, 7090812));
    RETURN (SELECT GREATEST(clock_timestamp(), max(c.accepted_at) + interval '1 microsecond')
            FROM consumption_coverage own
            JOIN consumption_coverage c ON c.source = own.source AND c.region_no = own.region_no AND c.month = own.month
            WHERE own.delivery_no = p_delivery_no AND c.accepted_at IS NOT NULL);
END
$$;

ALTER FUNCTION medkoord.next_change_of_source(p_source text, p_delivery_no integer) OWNER TO medkoord_owner;

--
-- Name: number_meeting(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.number_meeting() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    LOOP
        NEW.reference := concat('MT-', EXTRACT(year FROM today()), '-', lpad(floor(random() * 1000000)::int::text, 6, '0'));
        EXIT WHEN NOT EXISTS (SELECT FROM meeting m WHERE m.reference = NEW.reference);
    END LOOP;
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.number_meeting() OWNER TO medkoord_owner;

--
-- Name: number_person_contact(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.number_person_contact() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := nextval('medkoord.person_contact_version');
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.number_person_contact() OWNER TO medkoord_owner;

--
-- Name: open_agenda(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.open_agenda(number integer) RETURNS text
    LANGUAGE sql STABLE
    RETURN ((SELECT json_agg(a.* ORDER BY a.item) AS json_agg FROM medkoord.agenda_item a WHERE ((a.meeting_no = open_agenda.number) AND (NOT a.closed))))::text;

ALTER FUNCTION medkoord.open_agenda(number integer) OWNER TO medkoord_owner;

--
-- Name: open_meeting(text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.open_meeting(by_reference text, may text, if_match text) RETURNS medkoord.meeting
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.open_meeting(by_reference text, may text, if_match text) OWNER TO medkoord_owner;

--
-- Name: party_faults(text, text, text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.party_faults(kind text, name text, identifier text, pointer text, name_at text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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

ALTER FUNCTION medkoord.party_faults(kind text, name text, identifier text, pointer text, name_at text) OWNER TO medkoord_owner;

--
-- Name: people_seated(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.people_seated(in_body smallint, on_date date) RETURNS TABLE(person_no integer, role text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT a.person_no, a.role FROM appointment a WHERE a.body_no = in_body AND daterange(a.valid_from, a.ends_on) @> on_date;
END
$$;

ALTER FUNCTION medkoord.people_seated(in_body smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: period_name(date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.period_name(period_from date, period text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_char((period_from)::timestamp with time zone, CASE period WHEN 'month'::text THEN 'YYYY-MM'::text WHEN 'quarter'::text THEN 'YYYY-"Q"Q'::text ELSE 'YYYY'::text END);

ALTER FUNCTION medkoord.period_name(period_from date, period text) OWNER TO medkoord_owner;

--
-- Name: periods_between(date, date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.periods_between(p_from date, p_to date, p_period text) RETURNS TABLE(period_from date, from_month date, to_month date)
    LANGUAGE sql IMMUTABLE STRICT ROWS 24 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (date_trunc(periods_between.p_period, (m.month)::timestamp without time zone))::date AS period_from,
     min(m.month) AS min,
     max(m.month) AS max
    FROM medkoord.months_between(periods_between.p_from, periods_between.p_to) m(month)
   GROUP BY ((date_trunc(periods_between.p_period, (m.month)::timestamp without time zone))::date)
   ORDER BY ((date_trunc(periods_between.p_period, (m.month)::timestamp without time zone))::date);
END;

ALTER FUNCTION medkoord.periods_between(p_from date, p_to date, p_period text) OWNER TO medkoord_owner;

--
-- Name: person_interests(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.person_interests(of_person integer) RETURNS json
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN (SELECT COALESCE(json_agg(json_build_object(
                'id', s.id, 'kind', s.kind, 'party', s.party, 'identifier', s.identifier, 'tie', s.tie, 'from', s.valid_from, 'to', s.valid_to,
                'end_reason', s.end_reason, 'history', s.history) ORDER BY s.interest_no), '[]')
            FROM interest_shown s WHERE s.person_no = of_person);
END
$$;

ALTER FUNCTION medkoord.person_interests(of_person integer) OWNER TO medkoord_owner;

--
-- Name: person_meetings(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.person_meetings(of_person integer) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.person_meetings(of_person integer) OWNER TO medkoord_owner;

--
-- Name: person_recusals(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.person_recusals(of_person integer) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.person_recusals(of_person integer) OWNER TO medkoord_owner;

--
-- Name: problem(text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.problem(code text, detail text, pointer text DEFAULT NULL::text) RETURNS boolean
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
BEGIN
    IF pointer IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'MK000', CONSTRAINT = code, MESSAGE = detail;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'MK000', CONSTRAINT = code, MESSAGE = detail, COLUMN = pointer;
END
$$;

ALTER FUNCTION medkoord.problem(code text, detail text, pointer text) OWNER TO medkoord_owner;

--
-- Name: problems(jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.problems(faults jsonb) RETURNS boolean
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'MK000', CONSTRAINT = faults #>> '{0,code}', MESSAGE = faults #>> '{0,detail}',
        COLUMN = faults #>> '{0,pointer}', DETAIL = faults::text;
END
$$;

ALTER FUNCTION medkoord.problems(faults jsonb) OWNER TO medkoord_owner;

--
-- Name: idempotency_key; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.idempotency_key (
    subject text NOT NULL,
    key text NOT NULL,
    operation text NOT NULL,
    digest text NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    status integer,
    location text,
    etag text,
    body text,
    CONSTRAINT idempotency_key_length CHECK (((length(key) >= 1) AND (length(key) <= 255))),
    CONSTRAINT idempotency_key_status CHECK (((status >= 200) AND (status <= 299)))
);

ALTER TABLE ONLY medkoord.idempotency_key FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.idempotency_key OWNER TO medkoord_owner;

--
-- Name: purge_idempotency_keys(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.purge_idempotency_keys() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    BEGIN ATOMIC
 WITH old AS MATERIALIZED (
          SELECT k.subject,
             k.key
            FROM medkoord.idempotency_key k
           WHERE ((k.created_at < (CURRENT_TIMESTAMP - '7 days'::interval)) AND ( SELECT pg_try_advisory_xact_lock((7090812)::bigint) AS pg_try_advisory_xact_lock))
           ORDER BY k.created_at
          LIMIT 10000
         ), gone AS (
          DELETE FROM medkoord.idempotency_key k
            USING old
           WHERE ((k.subject = old.subject) AND (k.key = old.key))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM gone;
END;

ALTER FUNCTION medkoord.purge_idempotency_keys() OWNER TO medkoord_owner;

--
-- Name: put_agenda(text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.put_agenda(meeting text, if_match text, items jsonb) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.put_agenda(meeting text, if_match text, items jsonb) OWNER TO medkoord_owner;

--
-- Name: put_attendance(text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.put_attendance(meeting text, if_match text, attendance jsonb) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.put_attendance(meeting text, if_match text, attendance jsonb) OWNER TO medkoord_owner;

--
-- Name: meeting_minutes_item; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting_minutes_item (
    meeting_no integer NOT NULL,
    item smallint NOT NULL,
    text text,
    decision text,
    CONSTRAINT meeting_minutes_item_decision_length CHECK (((length(decision) >= 1) AND (length(decision) <= 4000))),
    CONSTRAINT meeting_minutes_item_text_length CHECK (((length(text) >= 1) AND (length(text) <= 10000)))
);

ALTER TABLE ONLY medkoord.meeting_minutes_item FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting_minutes_item OWNER TO medkoord_owner;

--
-- Name: meeting_minutes_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.meeting_minutes_shown WITH (security_invoker='true') AS
 SELECT m.meeting_no,
    m.reference AS meeting,
        CASE
            WHEN (m.state = 'minutes_approved'::text) THEN 'approved'::text
            ELSE 'draft'::text
        END AS state,
    i.text,
    s.items,
    i.changed_at AS written_at,
    s.written_by,
    s.approved,
    medkoord.meeting_etag((m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['read_draft'::text]) AS actor_bodies)::smallint[])), m.version, (ROW(i.text, i.changed_at, s.*::record))::text) AS etag
   FROM ((medkoord.meeting_minutes i
     JOIN medkoord.meeting m ON ((m.meeting_no = i.meeting_no)))
     CROSS JOIN LATERAL ( SELECT COALESCE(( SELECT json_agg(json_build_object('item', a.item, 'title', a.title, 'text', x.text, 'decision', x.decision, 'recused', COALESCE(r.recused, '[]'::json)) ORDER BY a.item) AS json_agg
                   FROM ((medkoord.agenda_item a
                     LEFT JOIN medkoord.meeting_minutes_item x ON (((x.meeting_no = a.meeting_no) AND (x.item = a.item))))
                     LEFT JOIN medkoord.meeting_recused_shown(m.meeting_no) r(item, recused) ON ((r.item = a.item)))
                  WHERE (a.meeting_no = m.meeting_no)), '[]'::json) AS items,
            ( SELECT json_build_object('person', p.id, 'name', i.name) AS json_build_object
                   FROM medkoord.person p
                  WHERE (p.person_no = i.person_no)) AS written_by,
            ( SELECT json_build_object('at', medkoord.divergence_time(t.changed_at), 'person', p.id, 'name', t.name) AS json_build_object
                   FROM (medkoord.meeting_transition t
                     LEFT JOIN medkoord.person p ON ((p.person_no = t.person_no)))
                  WHERE ((t.meeting_no = m.meeting_no) AND (t.action = 'approve_minutes'::text))) AS approved
         OFFSET 0) s);

ALTER TABLE medkoord.meeting_minutes_shown OWNER TO medkoord_owner;

--
-- Name: put_minutes(text, text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.put_minutes(meeting text, if_match text, minutes text, items jsonb) RETURNS SETOF medkoord.meeting_minutes_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.put_minutes(meeting text, if_match text, minutes text, items jsonb) OWNER TO medkoord_owner;

--
-- Name: reading_window(date, date, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.reading_window(p_from date, p_to date, p_as_of text) RETURNS TABLE(from_month date, to_month date, as_of timestamp with time zone)
    LANGUAGE plpgsql STABLE ROWS 1
    AS $$
BEGIN
    BEGIN
        as_of := known_at(p_as_of);
    EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_time_zone_displacement_value THEN
        PERFORM problem('invalid_parameter', 'There is no such day or time.', 'query/as_of');
    END;
    to_month := COALESCE(p_to, date_trunc('month', known_on(as_of)::timestamp) - interval '1 month');
    from_month := COALESCE(p_from, to_month - interval '23 months');
    PERFORM check_window(from_month, to_month);
    RETURN NEXT;
END
$$;

ALTER FUNCTION medkoord.reading_window(p_from date, p_to date, p_as_of text) OWNER TO medkoord_owner;

--
-- Name: recusal_grounds(integer[], integer, daterange); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.recusal_grounds(people integer[], of_matter integer, during daterange) RETURNS TABLE(person_no integer, waived boolean, interest_no integer, ground json)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.recusal_grounds(people integer[], of_matter integer, during daterange) OWNER TO medkoord_owner;

--
-- Name: recusal_reasons(integer, smallint, text, text, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.recusal_reasons(person_no integer, body_no smallint, matter_kind text, reference text, on_date date DEFAULT medkoord.today()) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.recusal_reasons(person_no integer, body_no smallint, matter_kind text, reference text, on_date date) OWNER TO medkoord_owner;

--
-- Name: recused(integer, smallint, text, text, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.recused(person_no integer, body_no smallint, matter_kind text, reference text, on_date date DEFAULT medkoord.today()) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    RETURN EXISTS (SELECT FROM recusal_grounds(ARRAY[person_no], matter_number(body_no, matter_kind, reference),
                                               daterange(on_date, on_date, '[]')) g
                   WHERE NOT g.waived);
END
$$;

ALTER FUNCTION medkoord.recused(person_no integer, body_no smallint, matter_kind text, reference text, on_date date) OWNER TO medkoord_owner;

--
-- Name: recused_people(smallint, text, text, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.recused_people(body_no smallint, matter_kind text, reference text, on_date date DEFAULT medkoord.today()) RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT g.person_no
        FROM recusal_grounds(ARRAY(SELECT s.person_no FROM people_seated(body_no, on_date) s),
                             matter_number(body_no, matter_kind, reference), daterange(on_date, on_date, '[]')) g
        WHERE NOT g.waived ORDER BY g.person_no);
END
$$;

ALTER FUNCTION medkoord.recused_people(body_no smallint, matter_kind text, reference text, on_date date) OWNER TO medkoord_owner;

--
-- Name: refuse_question(text, text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.refuse_question(p_at text, p_name text, p_code text, p_detail text) RETURNS boolean
    LANGUAGE sql
    RETURN medkoord.problem(CASE p_at WHEN 'query/'::text THEN 'invalid_parameter'::text ELSE p_code END, p_detail, (p_at || p_name));

ALTER FUNCTION medkoord.refuse_question(p_at text, p_name text, p_code text, p_detail text) OWNER TO medkoord_owner;

--
-- Name: refuse_rewriting(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: what is there is cited elsewhere and never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

ALTER FUNCTION medkoord.refuse_rewriting() OWNER TO medkoord_owner;

--
-- Name: region_in_force(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.region_in_force(region_no smallint, on_date date) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN EXISTS (SELECT FROM medkoord.region r
                   WHERE r.region_no = region_in_force.region_no
                     AND r.valid_from <= on_date AND COALESCE(r.valid_to > on_date, true));
END
$$;

ALTER FUNCTION medkoord.region_in_force(region_no smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: reject_delivery(uuid, text, bigint, jsonb, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.reject_delivery(p_id uuid, p_content_sha256 text, p_bytes bigint, p_counts jsonb, p_rejections jsonb) RETURNS SETOF medkoord.consumption_delivery_resource
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    target consumption_delivery;
BEGIN
    SELECT d.* INTO target FROM lock_consumption_delivery(p_id) d;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF target.state NOT IN ('announced', 'rejected') THEN
        PERFORM problem('delivery_finished', 'This delivery takes no more rows.');
    END IF;
    DELETE FROM consumption_rejection x WHERE x.delivery_no = target.delivery_no;
    DELETE FROM consumption_rejection_count x WHERE x.delivery_no = target.delivery_no;
    INSERT INTO consumption_rejection (delivery_no, position, line, column_name, code, detail, value)
    SELECT target.delivery_no, r.ordinality, (r.value ->> 'line')::bigint, r.value ->> 'column', r.value ->> 'code',
        r.value ->> 'detail', r.value ->> 'value'
    FROM jsonb_array_elements(p_rejections) WITH ORDINALITY r;
    INSERT INTO consumption_rejection_count (delivery_no, code, count)
    SELECT target.delivery_no, c.key, c.value::bigint FROM jsonb_each_text(p_counts) c;
    UPDATE consumption_delivery d
    SET state = 'rejected', rejected_at = clock_timestamp(), content_sha256 = p_content_sha256, content_bytes = p_bytes,
        rejected_count = (SELECT sum(c.value::bigint) FROM jsonb_each_text(p_counts) c)
    WHERE d.delivery_no = target.delivery_no;
    RETURN QUERY SELECT d.* FROM consumption_delivery_resource d WHERE d.delivery_no = target.delivery_no;
END
$$;

ALTER FUNCTION medkoord.reject_delivery(p_id uuid, p_content_sha256 text, p_bytes bigint, p_counts jsonb, p_rejections jsonb) OWNER TO medkoord_owner;

--
-- Name: renew_consumption_years(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.renew_consumption_years(p_delivery_no integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'medkoord', 'pg_temp'
    SET jit TO 'off'
    SET work_mem TO '64MB'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $_$
DECLARE
    renewed int;
    months text := (SELECT string_agg(format('COALESCE(max(m.%%1$s) FILTER (WHERE c.k = %1$s), 0) AS %%1$s_%1$s', k), ', ')
                    FROM generate_series(1, 12) k);
    running text := (SELECT format('ARRAY[0, %s]', string_agg(s.sum, ', ' ORDER BY s.k))
                     FROM (SELECT k, string_agg(format('x.%%1$s_%s', k), ' + ') OVER (ORDER BY k) AS sum
                           FROM generate_series(1, 12) k) s);
BEGIN
    FOR renewed IN SELECT DISTINCT EXTRACT(year FROM c.month)::int FROM consumption_coverage c
                   WHERE c.delivery_no = p_delivery_no LOOP
        DELETE FROM consumption_year y USING (SELECT DISTINCT c.source, c.region_no FROM consumption_coverage c
                                              WHERE c.delivery_no = p_delivery_no) c
        WHERE y.source = c.source AND y.year = renewed AND y.region_no = c.region_no;
        DELETE FROM consumption_cost_year y USING (SELECT DISTINCT c.source, c.region_no FROM consumption_coverage c
                                                   WHERE c.delivery_no = p_delivery_no) c
        WHERE y.source = c.source AND y.year = renewed AND y.region_no = c.region_no;
        EXECUTE format($q$
            INSERT INTO consumption_year (ddd_e4, packs_e4, months, year, region_no, source, atc)
            WITH cell AS MATERIALIZED (SELECT * FROM consumption_year_cells($1, $2))
            SELECT %s, %s, x.months, $2, x.region_no, x.source, x.atc
            FROM (SELECT c.source, c.region_no, m.atc, bit_or(1 << (c.k - 1)) AS months, %s, %s
                  FROM cell c
                  JOIN consumption_region_month m
                    ON m.delivery_no = c.delivery_no AND m.region_no = c.region_no AND m.month = c.month
                  GROUP BY c.source, c.region_no, m.atc) x
            ORDER BY x.atc, x.region_no
            $q$, format(running, 'ddd_e4'), format(running, 'packs_e4'), format(months, 'ddd_e4'),
            format(months, 'packs_e4')) USING p_delivery_no, renewed;
        EXECUTE format($q$
            INSERT INTO consumption_cost_year (cost_ore, year, region_no, source, atc)
            WITH cell AS MATERIALIZED (SELECT * FROM consumption_year_cells($1, $2))
            SELECT %s, $2, x.region_no, x.source, x.atc
            FROM (SELECT c.source, c.region_no, m.atc, %s
                  FROM cell c
                  JOIN consumption_cost_month m
                    ON m.delivery_no = c.delivery_no AND m.region_no = c.region_no AND m.month = c.month
                  GROUP BY c.source, c.region_no, m.atc) x
            ORDER BY x.atc, x.region_no
            $q$, format(running, 'cost_ore'), format(months, 'cost_ore')) USING p_delivery_no, renewed;
    END LOOP;
END
$_$;

ALTER FUNCTION medkoord.renew_consumption_years(p_delivery_no integer) OWNER TO medkoord_owner;

--
-- Name: reported_months(text, date, date, timestamp with time zone, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.reported_months(p_source text, p_from date, p_to date, p_as_of timestamp with time zone, p_basis text) RETURNS TABLE(shown_no smallint, months integer, reported_months integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT x.shown_no,
     (count(*))::integer AS count,
     (count(*) FILTER (WHERE x.reported))::integer AS count
    FROM ( SELECT medkoord.shown_region(r.region_no, reported_months.p_basis, reported_months.p_as_of) AS shown_no,
             m.month,
             bool_and((c.delivery_no IS NOT NULL)) AS reported
            FROM ((medkoord.region r
              JOIN medkoord.months_between(reported_months.p_from, reported_months.p_to) m(month) ON (((m.month >= r.valid_from) AND COALESCE((m.month < r.valid_to), true))))
              LEFT JOIN LATERAL medkoord.coverage_at(reported_months.p_source, r.region_no, m.month, reported_months.p_as_of) c(delivery_no, status, accepted_at, ddd_e4) ON (true))
           GROUP BY (medkoord.shown_region(r.region_no, reported_months.p_basis, reported_months.p_as_of)), m.month) x
   GROUP BY x.shown_no;
END;

ALTER FUNCTION medkoord.reported_months(p_source text, p_from date, p_to date, p_as_of timestamp with time zone, p_basis text) OWNER TO medkoord_owner;

--
-- Name: require_accepted_delivery(uuid, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_accepted_delivery(p_id uuid, pointer text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    target consumption_delivery;
BEGIN
    SELECT d.* INTO target FROM consumption_delivery d WHERE d.id = p_id;
    IF NOT FOUND AND pointer LIKE 'query/%' THEN
        PERFORM problem('invalid_parameter', 'There is no such delivery.', pointer);
    ELSIF NOT FOUND THEN
        PERFORM problem('not_found', 'There is no such delivery.');
    ELSIF target.accepted_at IS NULL THEN
        PERFORM problem('delivery_not_accepted', format('A delivery that is %s has no figures.', target.state),
                        pointer);
    END IF;
    RETURN target.delivery_no;
END
$$;

ALTER FUNCTION medkoord.require_accepted_delivery(p_id uuid, pointer text) OWNER TO medkoord_owner;

--
-- Name: require_appointing(smallint, text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_appointing(in_body smallint, in_role text, by_appointer text, pointer text DEFAULT NULL::text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF actor_may_appoint(in_body, in_role, by_appointer) THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', format('It takes a seat that may record what %s decides on seats of %s.', by_appointer,
        (SELECT b.slug FROM body b WHERE b.body_no = in_body)), pointer);
END
$$;

ALTER FUNCTION medkoord.require_appointing(in_body smallint, in_role text, by_appointer text, pointer text) OWNER TO medkoord_owner;

--
-- Name: require_authority(text, smallint); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_authority(what text, in_body smallint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF actor_may(what, in_body) THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', format('It takes a seat in %s that allows to %s.',
        (SELECT b.slug FROM body b WHERE b.body_no = in_body), replace(what, '_', ' ')));
END
$$;

ALTER FUNCTION medkoord.require_authority(what text, in_body smallint) OWNER TO medkoord_owner;

--
-- Name: require_body(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_body(slug text, pointer text) RETURNS smallint
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.require_body(slug text, pointer text) OWNER TO medkoord_owner;

--
-- Name: require_consumption_delivery(uuid); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_consumption_delivery(p_id uuid) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    number int := (SELECT d.delivery_no FROM consumption_delivery d WHERE d.id = p_id);
BEGIN
    IF number IS NULL THEN
        PERFORM problem('not_found', 'There is no such delivery.');
    END IF;
    RETURN number;
END
$$;

ALTER FUNCTION medkoord.require_consumption_delivery(p_id uuid) OWNER TO medkoord_owner;

--
-- Name: require_hospital(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_hospital(code text, pointer text) RETURNS smallint
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    number smallint := (SELECT h.hospital_no FROM hospital h WHERE h.code = require_hospital.code);
BEGIN
    IF number IS NULL THEN
        PERFORM problem('invalid_parameter', 'There is no such hospital.', pointer);
    END IF;
    RETURN number;
END
$$;

ALTER FUNCTION medkoord.require_hospital(code text, pointer text) OWNER TO medkoord_owner;

--
-- Name: require_interest_access(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_interest_access(person_no integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF person_no = ANY (actor_oversees('recuse')) THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', 'It takes to be this person, or to chair a body in which somebody else has seated the person.');
END
$$;

ALTER FUNCTION medkoord.require_interest_access(person_no integer) OWNER TO medkoord_owner;

--
-- Name: require_match(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_match(if_match text, etag text) RETURNS boolean
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
BEGIN
    IF if_match IS NULL THEN
        RETURN problem('precondition_required', 'Send If-Match with the entity tag of the version you have read.');
    END IF;
    IF if_match IN ('*', etag) THEN
        RETURN true;
    END IF;
    RETURN problem('precondition_failed', 'It has changed since you read it. Read it again and repeat your change.');
END
$$;

ALTER FUNCTION medkoord.require_match(if_match text, etag text) OWNER TO medkoord_owner;

--
-- Name: require_no_match(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_no_match(if_match text) RETURNS boolean
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
BEGIN
    IF if_match IS NULL THEN
        RETURN true;
    END IF;
    RETURN problem('precondition_failed', 'There is nothing here yet to match: leave If-Match out to create it.');
END
$$;

ALTER FUNCTION medkoord.require_no_match(if_match text) OWNER TO medkoord_owner;

--
-- Name: require_not_recused(smallint, text, text, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_not_recused(body_no smallint, matter_kind text, reference text, on_date date DEFAULT medkoord.today()) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF recused(actor_person(), body_no, matter_kind, reference, on_date) THEN
        RETURN problem('recused', format('You are recused from %s %s.', replace(matter_kind, '_', ' '), reference));
    END IF;
    RETURN true;
END
$$;

ALTER FUNCTION medkoord.require_not_recused(body_no smallint, matter_kind text, reference text, on_date date) OWNER TO medkoord_owner;

--
-- Name: require_person(uuid, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_person(id uuid, pointer text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.require_person(id uuid, pointer text) OWNER TO medkoord_owner;

--
-- Name: require_person_access(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_person_access(person_no integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF actor_keeps_people() OR person_no = actor_person() THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', 'It takes to be this person, or a seat that may appoint.');
END
$$;

ALTER FUNCTION medkoord.require_person_access(person_no integer) OWNER TO medkoord_owner;

--
-- Name: require_personal_data(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_personal_data(person_no integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF person_no = actor_person() OR actor_has('admin', 'auditor') THEN
        RETURN true;
    END IF;
    RETURN problem('no_authority', 'It takes to be this person, the operator or an auditor.');
END
$$;

ALTER FUNCTION medkoord.require_personal_data(person_no integer) OWNER TO medkoord_owner;

--
-- Name: require_region(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_region(slug text, pointer text) RETURNS smallint
    LANGUAGE plpgsql STABLE
    AS $$
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

ALTER FUNCTION medkoord.require_region(slug text, pointer text) OWNER TO medkoord_owner;

--
-- Name: require_snapshot(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.require_snapshot(ref text, pointer text) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $_$
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
$_$;

ALTER FUNCTION medkoord.require_snapshot(ref text, pointer text) OWNER TO medkoord_owner;

--
-- Name: seat_right; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.seat_right (
    kind text NOT NULL,
    role text NOT NULL,
    may text NOT NULL,
    CONSTRAINT seat_right_known CHECK ((may = ANY (ARRAY['appoint'::text, 'meet'::text, 'minute'::text, 'approve'::text, 'read_draft'::text, 'recuse'::text, 'keep_people'::text])))
);

ALTER TABLE ONLY medkoord.seat_right FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.seat_right OWNER TO medkoord_owner;

--
-- Name: rights_of_seat(text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.rights_of_seat(kind text, role text) RETURNS text[]
    LANGUAGE sql STABLE
    RETURN ARRAY(SELECT g.may FROM medkoord.seat_right g WHERE ((g.kind = rights_of_seat.kind) AND (g.role = rights_of_seat.role)) ORDER BY g.may);

ALTER FUNCTION medkoord.rights_of_seat(kind text, role text) OWNER TO medkoord_owner;

--
-- Name: roster_findings(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.roster_findings(of_body smallint, on_date date) RETURNS TABLE(code text, severity text, role text, region text, persons json, must_appoint text, detail text, detail_da text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.roster_findings(of_body smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: roster_seats(smallint, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.roster_seats(of_body smallint, on_date date) RETURNS TABLE(seat_no bigint, role text, title text, title_da text, region_no smallint, region text, region_name text, member boolean, required boolean, status text, alone boolean, appointed_by text, appointer text, appointer_da text, must_hold_kind text, must_hold_role text, must_be text, must_be_da text, region_of_role text, appointments json)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.roster_seats(of_body smallint, on_date date) OWNER TO medkoord_owner;

--
-- Name: seated_by_others(smallint[], date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.seated_by_others(bodies smallint[], on_date date) RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT a.person_no FROM appointment a
                 WHERE a.body_no = ANY (bodies) AND daterange(a.valid_from, a.ends_on) @> on_date AND a.created_by <> actor_subject());
END
$$;

ALTER FUNCTION medkoord.seated_by_others(bodies smallint[], on_date date) OWNER TO medkoord_owner;

--
-- Name: sees_all_deliveries(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.sees_all_deliveries() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN medkoord.actor_has(VARIADIC ARRAY['amgros'::text, 'forum_secretariat'::text, 'auditor'::text, 'admin'::text]);

ALTER FUNCTION medkoord.sees_all_deliveries() OWNER TO medkoord_owner;

--
-- Name: stamp_change(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.stamp_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.version := 1;
    ELSE
        NEW.version := OLD.version + 1;
    END IF;
    NEW.changed_at := CURRENT_TIMESTAMP;
    NEW.changed_by := COALESCE(medkoord.actor_subject(), current_user);
    RETURN NEW;
END
$$;

ALTER FUNCTION medkoord.stamp_change() OWNER TO medkoord_owner;

--
-- Name: subject_traces(integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.subject_traces(of_person integer) RETURNS json
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.subject_traces(of_person integer) OWNER TO medkoord_owner;

--
-- Name: take_divergence_snapshot(text, medkoord.divergence_question, boolean, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.take_divergence_snapshot(p_title text, p_question medkoord.divergence_question, p_material boolean, p_sort text) RETURNS SETOF medkoord.divergence_snapshot
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    q divergence_question := p_question;
    frozen text;
BEGIN
    IF NOT actor_has('forum_secretariat', 'region_coordinator', 'admin') THEN
        PERFORM problem('forbidden', 'Only the forum''s secretariat, the coordinators and administrators take snapshots.');
    END IF;
    q.with_cost := (q.measure).basis = 'cost_ore' AND may_see_cost();
    IF NOT isfinite(q.as_of) THEN
        q.as_of := clock_timestamp();
    ELSIF q.as_of > clock_timestamp() THEN
        PERFORM problem('validation_failed', 'What will be known then is not known yet (a date means the end of its day). Leave it out for now.', '/as_of');
    END IF;
    SELECT row_to_json(o)::text INTO frozen FROM divergence_overview(q, p_material, p_sort) o;
    RETURN QUERY
    INSERT INTO divergence_snapshot
        (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, atc, level, material,
         items, overview, sha256)
    VALUES (p_title, (q.measure).name, (q.measure).version, (q.measure).basis, q.source, q.from_month, q.to_month,
            q.region_basis, q.as_of, NULLIF(q.atc, ''), q.level, p_material, json_array_length(frozen::json -> 'items'),
            frozen::json, encode(sha256(convert_to(frozen, 'UTF8')), 'hex'))
    RETURNING *;
END
$$;

ALTER FUNCTION medkoord.take_divergence_snapshot(p_title text, p_question medkoord.divergence_question, p_material boolean, p_sort text) OWNER TO medkoord_owner;

--
-- Name: to_e4(numeric, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.to_e4(value numeric, pointer text DEFAULT ''::text) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
BEGIN
    -- NaN is greater than every number, so this catches it and the infinities too.
    IF abs(value) > 922337203685477 THEN
        PERFORM problem('validation_failed', 'A number is out of range.', pointer);
    END IF;
    IF scale(trim_scale(value)) > 4 THEN
        PERFORM problem('too_many_decimals', 'At most four decimals are kept.', pointer);
    END IF;
    RETURN value * 10000;
END
$$;

ALTER FUNCTION medkoord.to_e4(value numeric, pointer text) OWNER TO medkoord_owner;

--
-- Name: traced_subject(); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.traced_subject() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('medkoord.traced_subject'::text, true), ''::text);

ALTER FUNCTION medkoord.traced_subject() OWNER TO medkoord_owner;

--
-- Name: transition_consumption_delivery(uuid, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.transition_consumption_delivery(p_id uuid, p_action text, p_reason text) RETURNS SETOF medkoord.consumption_delivery_resource
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
DECLARE
    target consumption_delivery;
    next_state text;
    moment timestamptz;
BEGIN
    SELECT d.* INTO target FROM lock_consumption_delivery(p_id) d;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- An action the table does not know leaves the state as it is, which the trigger refuses, naming what is allowed.
    SELECT t.to_state INTO next_state FROM consumption_delivery_transition t
    WHERE t.from_state = target.state AND t.action = p_action AND t.action = 'withdraw';
    IF NOT FOUND THEN
        PERFORM problem('transition_not_allowed', format('The delivery is %s. Allowed: %s.', target.state,
            COALESCE((SELECT string_agg(DISTINCT t.action, ', ') FROM consumption_delivery_transition t
                      WHERE t.from_state = target.state), 'nothing')));
    END IF;
    moment := next_change_of_source(target.source, target.delivery_no);
    UPDATE consumption_coverage c SET withdrawn_at = moment
    WHERE c.delivery_no = target.delivery_no AND c.accepted_at IS NOT NULL;
    UPDATE consumption_delivery d
    SET state = next_state, withdrawn_at = moment, withdrawn_by = COALESCE(actor_subject(), current_user),
        withdrawn_reason = p_reason
    WHERE d.delivery_no = target.delivery_no;
    IF target.state = 'accepted' THEN
        PERFORM renew_consumption_years(target.delivery_no);
    END IF;
    RETURN QUERY SELECT d.* FROM consumption_delivery_resource d WHERE d.delivery_no = target.delivery_no;
END
$$;

ALTER FUNCTION medkoord.transition_consumption_delivery(p_id uuid, p_action text, p_reason text) OWNER TO medkoord_owner;

--
-- Name: transition_hospital(text, text, date); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.transition_hospital(hospital text, action text, on_date date) RETURNS SETOF medkoord.hospital_resource
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO hospital_transition (hospital_no, action, on_date)
    SELECT h.hospital_no, transition_hospital.action, COALESCE(transition_hospital.on_date, today())
    FROM hospital h WHERE h.code = transition_hospital.hospital;
    RETURN QUERY SELECT h.* FROM hospitals_on(today()) h WHERE h.code = transition_hospital.hospital;
END
$$;

ALTER FUNCTION medkoord.transition_hospital(hospital text, action text, on_date date) OWNER TO medkoord_owner;

--
-- Name: transition_meeting(text, text, text, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.transition_meeting(meeting text, if_match text, action text, reason text) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.transition_meeting(meeting text, if_match text, action text, reason text) OWNER TO medkoord_owner;

--
-- Name: seat_rule; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.seat_rule (
    rule_no smallint NOT NULL,
    kind text NOT NULL,
    role text NOT NULL,
    title text NOT NULL,
    title_da text NOT NULL,
    each_region boolean NOT NULL,
    member boolean NOT NULL,
    required boolean NOT NULL,
    alone boolean NOT NULL,
    appointed_by text NOT NULL,
    must_hold_kind text,
    must_hold_role text,
    must_be text,
    must_be_da text,
    region_of_role text,
    valid_from date NOT NULL,
    valid_to date,
    source text NOT NULL,
    CONSTRAINT seat_rule_must_hold_whole CHECK ((num_nulls(must_hold_kind, must_hold_role, must_be, must_be_da) = ANY (ARRAY[0, 4]))),
    CONSTRAINT seat_rule_period CHECK ((valid_to > valid_from)),
    CONSTRAINT seat_rule_role_form CHECK ((role ~ '^[a-z][a-z_]{1,40}$'::text))
);

ALTER TABLE ONLY medkoord.seat_rule FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.seat_rule OWNER TO medkoord_owner;

--
-- Name: body_shown; Type: VIEW; Schema: medkoord; Owner: medkoord_owner
--

CREATE VIEW medkoord.body_shown WITH (security_invoker='true') AS
 SELECT b.body_no,
    b.slug,
    b.kind,
    b.name,
    r.slug AS region,
    b.valid_from,
    b.valid_to,
    b.source,
    b.meetings_a_year,
    ( SELECT json_agg(json_build_object('role', s.role, 'title', s.title, 'title_da', s.title_da, 'each_region', s.each_region, 'member', s.member, 'required', s.required, 'alone', s.alone, 'appointed_by',
                CASE
                    WHEN (s.appointed_by = 'region'::text) THEN COALESCE(r.slug, 'region'::text)
                    ELSE s.appointed_by
                END, 'must_be', s.must_be, 'must_be_da', s.must_be_da, 'region_of_role', s.region_of_role, 'may', ( SELECT COALESCE(json_agg(g.may ORDER BY g.may), '[]'::json) AS "coalesce"
                   FROM medkoord.seat_right g
                  WHERE ((g.kind = s.kind) AND (g.role = s.role))), 'valid_from', s.valid_from, 'valid_to', s.valid_to, 'source', s.source) ORDER BY s.rule_no) AS json_agg
           FROM medkoord.seat_rule s
          WHERE (s.kind = b.kind)) AS rules,
    b.changed_at,
    b.version
   FROM (medkoord.body b
     LEFT JOIN medkoord.region r ON ((r.region_no = b.region_no)));

ALTER TABLE medkoord.body_shown OWNER TO medkoord_owner;

--
-- Name: update_body(text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.update_body(body text, if_match text, changes jsonb) RETURNS SETOF medkoord.body_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.update_body(body text, if_match text, changes jsonb) OWNER TO medkoord_owner;

--
-- Name: update_hospital(text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.update_hospital(hospital text, if_match text, changes jsonb) RETURNS SETOF medkoord.hospital_resource
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.update_hospital(hospital text, if_match text, changes jsonb) OWNER TO medkoord_owner;

--
-- Name: update_matter(uuid, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.update_matter(matter uuid, if_match text, changes jsonb) RETURNS SETOF medkoord.matter_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.update_matter(matter uuid, if_match text, changes jsonb) OWNER TO medkoord_owner;

--
-- Name: update_meeting(text, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.update_meeting(meeting text, if_match text, changes jsonb) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.update_meeting(meeting text, if_match text, changes jsonb) OWNER TO medkoord_owner;

--
-- Name: update_person(uuid, text, jsonb); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.update_person(person uuid, if_match text, changes jsonb) RETURNS SETOF medkoord.person_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.update_person(person uuid, if_match text, changes jsonb) OWNER TO medkoord_owner;

--
-- Name: upload_violations(text, integer); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.upload_violations(p_table text, p_delivery_no integer) RETURNS TABLE(violation jsonb, code text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'medkoord', 'pg_temp'
    AS $_$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH place AS MATERIALIZED (SELECT * FROM delivery_hospital_months($1)),
        found AS (
            SELECT x.line, NULL AS column_name, 'duplicate_key' AS code,  -- the key is several columns
                concat_ws(' ', to_char(x.month, 'YYYY-MM'), h.code, x.atc, NULLIF(x.article_number, '')) AS value,
                format('the same month, hospital, ATC code and article number stand in line %%s', x.first_line) AS detail,
                format('samme måned, hospital, ATC-kode og varenummer står i linje %%s', x.first_line) AS detail_da
            FROM (SELECT r.month, r.hospital_no, r.atc, r.article_number, r.line,
                      min(r.line) OVER same AS first_line
                  FROM %1$I r
                  JOIN (SELECT k.month, k.hospital_no, k.atc, k.article_number FROM %1$I k
                        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) d USING (month, hospital_no, atc, article_number)
                  WINDOW same AS (PARTITION BY r.month, r.hospital_no, r.atc, r.article_number)) x
            LEFT JOIN hospital h USING (hospital_no)
            WHERE x.line > x.first_line
            UNION ALL
            SELECT r.line, CASE WHEN h.code IS NULL THEN 'hospital' ELSE 'month' END,
                CASE WHEN h.code IS NULL THEN 'unknown_hospital'
                     WHEN EXTRACT(day FROM r.month) <> 1 THEN 'bad_month' ELSE 'outside_coverage' END,
                CASE WHEN h.code IS NULL THEN r.hospital_no::text ELSE to_char(r.month, 'YYYY-MM') END,
                CASE WHEN h.code IS NULL THEN 'there is no such hospital'
                     WHEN EXTRACT(day FROM r.month) <> 1 THEN 'a month is written as its first day'
                     WHEN p.region_no IS NULL
                     THEN 'the delivery does not cover this month, or the hospital has no region in it'
                     ELSE 'the delivery does not cover the hospital''s region in this month' END,
                CASE WHEN h.code IS NULL THEN 'hospitalet findes ikke'
                     WHEN EXTRACT(day FROM r.month) <> 1 THEN 'en måned skrives som dens første dag'
                     WHEN p.region_no IS NULL
                     THEN 'leverancen dækker ikke denne måned, eller hospitalet har ingen region i den'
                     ELSE 'leverancen dækker ikke hospitalets region i denne måned' END
            FROM %1$I r
            LEFT JOIN hospital h USING (hospital_no)
            LEFT JOIN place p USING (hospital_no, month)
            WHERE NOT EXISTS (SELECT FROM consumption_coverage c
                              WHERE c.delivery_no = $1 AND c.region_no = p.region_no AND c.month = r.month)
            UNION ALL
            SELECT r.line, 'atc', 'bad_atc', r.atc, 'this is not an ATC code', 'dette er ikke en ATC-kode'
            FROM %1$I r WHERE atc_level(r.atc) IS NULL
        )
        SELECT jsonb_build_object('line', f.line, 'column', f.column_name, 'code', f.code, 'detail', f.detail,
                                  'detail_da', f.detail_da, 'value', f.value), f.code
        FROM found f ORDER BY f.line, f.code
        $q$, p_table) USING p_delivery_no;
END
$_$;

ALTER FUNCTION medkoord.upload_violations(p_table text, p_delivery_no integer) OWNER TO medkoord_owner;

--
-- Name: url_segment(text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.url_segment(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    BEGIN ATOMIC
 SELECT string_agg(
         CASE
             WHEN (c.c ~ '^[A-Za-z0-9._~-]$'::text) THEN c.c
             ELSE upper(regexp_replace(encode(convert_to(c.c, 'UTF8'::name), 'hex'::text), '(..)'::text, '%\1'::text, 'g'::text))
         END, ''::text ORDER BY c.n) AS string_agg
    FROM regexp_split_to_table(url_segment.value, ''::text) WITH ORDINALITY c(c, n);
END;

ALTER FUNCTION medkoord.url_segment(value text) OWNER TO medkoord_owner;

--
-- Name: write_agenda(integer, jsonb, text); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.write_agenda(number integer, items jsonb, pointer text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
$_$;

ALTER FUNCTION medkoord.write_agenda(number integer, items jsonb, pointer text) OWNER TO medkoord_owner;

--
-- Name: write_apologies(integer, boolean); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.write_apologies(number integer, apologies boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'medkoord', 'pg_temp'
    AS $$
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

ALTER FUNCTION medkoord.write_apologies(number integer, apologies boolean) OWNER TO medkoord_owner;

--
-- Name: write_meeting(medkoord.meeting, text, jsonb, boolean); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.write_meeting(target medkoord.meeting, may text, changes jsonb DEFAULT '{}'::jsonb, shown boolean DEFAULT false) RETURNS SETOF medkoord.meeting_shown
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION medkoord.write_meeting(target medkoord.meeting, may text, changes jsonb, shown boolean) OWNER TO medkoord_owner;

--
-- Name: sum_bigint(bigint); Type: AGGREGATE; Schema: medkoord; Owner: medkoord_owner
--

CREATE AGGREGATE medkoord.sum_bigint(bigint) (
    SFUNC = int8pl,
    STYPE = bigint,
    COMBINEFUNC = int8pl,
    PARALLEL = safe
);

ALTER AGGREGATE medkoord.sum_bigint(bigint) OWNER TO medkoord_owner;

--
-- Name: appointer; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.appointer (
    appointer text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    name_da text NOT NULL
);

ALTER TABLE ONLY medkoord.appointer FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.appointer OWNER TO medkoord_owner;

--
-- Name: appointment_appointment_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.appointment ALTER COLUMN appointment_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.appointment_appointment_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: atc_code; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.atc_code (
    atc text NOT NULL COLLATE pg_catalog."C",
    level smallint GENERATED ALWAYS AS (medkoord.atc_level(atc)) STORED,
    name text,
    name_source text,
    first_seen_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT atc_code_form CHECK ((level IS NOT NULL)),
    CONSTRAINT atc_code_name_has_source CHECK (((name IS NULL) = (name_source IS NULL))),
    CONSTRAINT atc_code_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT atc_code_name_source_length CHECK (((length(name_source) >= 1) AND (length(name_source) <= 500)))
);

ALTER TABLE ONLY medkoord.atc_code FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.atc_code OWNER TO medkoord_owner;

--
-- Name: consumption_cost_year; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_cost_year (
    cost_ore bigint[] NOT NULL,
    year smallint NOT NULL,
    region_no smallint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    atc character varying(8) NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY medkoord.consumption_cost_year ALTER COLUMN cost_ore SET STORAGE PLAIN;

ALTER TABLE ONLY medkoord.consumption_cost_year FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_cost_year OWNER TO medkoord_owner;

--
-- Name: consumption_delivery_delivery_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_delivery ALTER COLUMN delivery_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.consumption_delivery_delivery_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: consumption_rejection; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_rejection (
    delivery_no integer NOT NULL,
    "position" integer NOT NULL,
    line bigint,
    column_name text,
    code text NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL,
    value text,
    CONSTRAINT consumption_rejection_code_form CHECK ((code ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT consumption_rejection_line CHECK ((line >= 1)),
    CONSTRAINT consumption_rejection_position CHECK ((("position" >= 1) AND ("position" <= 10000)))
);

ALTER TABLE ONLY medkoord.consumption_rejection FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_rejection OWNER TO medkoord_owner;

--
-- Name: consumption_row; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_row (
    packs_e4 bigint,
    ddd_e4 bigint NOT NULL,
    cost_ore bigint,
    delivery_no integer NOT NULL,
    month date NOT NULL,
    line integer NOT NULL,
    hospital_no smallint NOT NULL,
    atc character varying(8) NOT NULL COLLATE pg_catalog."C",
    article_number character varying(6) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    product character varying(200),
    CONSTRAINT consumption_row_range CHECK ((((ddd_e4 >= '-1000000000000000'::bigint) AND (ddd_e4 <= '1000000000000000'::bigint)) AND ((packs_e4 >= '-1000000000000000'::bigint) AND (packs_e4 <= '1000000000000000'::bigint)) AND ((cost_ore >= '-1000000000000000'::bigint) AND (cost_ore <= '1000000000000000'::bigint))))
)
PARTITION BY LIST (delivery_no);

ALTER TABLE ONLY medkoord.consumption_row FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_row OWNER TO medkoord_owner;

--
-- Name: consumption_year; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.consumption_year (
    ddd_e4 bigint[] NOT NULL,
    packs_e4 bigint[] NOT NULL,
    months integer NOT NULL,
    year smallint NOT NULL,
    region_no smallint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    atc character varying(8) NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY medkoord.consumption_year ALTER COLUMN ddd_e4 SET STORAGE PLAIN;
ALTER TABLE ONLY medkoord.consumption_year ALTER COLUMN packs_e4 SET STORAGE PLAIN;

ALTER TABLE ONLY medkoord.consumption_year FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.consumption_year OWNER TO medkoord_owner;

--
-- Name: divergence_snapshot_snapshot_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.divergence_snapshot ALTER COLUMN snapshot_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.divergence_snapshot_snapshot_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: hospital_hospital_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.hospital ALTER COLUMN hospital_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.hospital_hospital_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: hospital_transition_transition_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.hospital_transition ALTER COLUMN transition_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.hospital_transition_transition_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: interest_interest_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.interest ALTER COLUMN interest_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.interest_interest_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: matter_matter_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.matter ALTER COLUMN matter_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.matter_matter_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: meeting_meeting_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting ALTER COLUMN meeting_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.meeting_meeting_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: meeting_recusal; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.meeting_recusal (
    meeting_no integer NOT NULL,
    item smallint NOT NULL,
    person_no integer NOT NULL,
    name text NOT NULL
);

ALTER TABLE ONLY medkoord.meeting_recusal FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.meeting_recusal OWNER TO medkoord_owner;

--
-- Name: meeting_transition_transition_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_transition ALTER COLUMN transition_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.meeting_transition_transition_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: person_contact_version; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

CREATE SEQUENCE medkoord.person_contact_version
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE medkoord.person_contact_version OWNER TO medkoord_owner;

--
-- Name: person_person_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.person ALTER COLUMN person_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.person_person_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: population; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.population (
    region_no smallint NOT NULL,
    on_date date NOT NULL,
    population integer NOT NULL,
    source text NOT NULL,
    evidence text NOT NULL,
    version integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT population_evidence_known CHECK ((evidence = ANY (ARRAY['sourced'::text, 'sourced_year_inferred'::text, 'part_sourced'::text, 'recalled'::text]))),
    CONSTRAINT population_positive CHECK ((population > 0)),
    CONSTRAINT population_source_length CHECK (((length(source) >= 1) AND (length(source) <= 500)))
);

ALTER TABLE ONLY medkoord.population FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.population OWNER TO medkoord_owner;

--
-- Name: recusal_decision; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.recusal_decision (
    decision_no integer NOT NULL,
    matter_no integer NOT NULL,
    body_no smallint NOT NULL,
    person_no integer NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    covers integer[] NOT NULL,
    decided_on date DEFAULT medkoord.today() NOT NULL,
    decided_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    decided_by text DEFAULT COALESCE(medkoord.actor_subject(), (CURRENT_USER)::text) NOT NULL,
    CONSTRAINT recusal_decision_action_known CHECK ((action = ANY (ARRAY['recuse'::text, 'waive'::text]))),
    CONSTRAINT recusal_decision_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);

ALTER TABLE ONLY medkoord.recusal_decision FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.recusal_decision OWNER TO medkoord_owner;

--
-- Name: recusal_decision_decision_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.recusal_decision ALTER COLUMN decision_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.recusal_decision_decision_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: schema_migration; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT schema_migration_sha256 CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE medkoord.schema_migration OWNER TO medkoord_owner;

--
-- Name: seat_appoints; Type: TABLE; Schema: medkoord; Owner: medkoord_owner
--

CREATE TABLE medkoord.seat_appoints (
    kind text NOT NULL,
    role text NOT NULL,
    appointer text NOT NULL,
    in_kind text NOT NULL
);

ALTER TABLE ONLY medkoord.seat_appoints FORCE ROW LEVEL SECURITY;

ALTER TABLE medkoord.seat_appoints OWNER TO medkoord_owner;

--
-- Name: seat_rule_rule_no_seq; Type: SEQUENCE; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.seat_rule ALTER COLUMN rule_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME medkoord.seat_rule_rule_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: region region_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.region
    ADD CONSTRAINT region_pkey PRIMARY KEY (region_no);

--
-- Name: divergence_last_month(text, timestamp with time zone); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.divergence_last_month(p_source text, p_as_of timestamp with time zone) RETURNS date
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH last AS (
          SELECT r.region_no,
             r.valid_from,
             r.valid_to,
             max(c.month) AS month
            FROM (medkoord.region r
              JOIN medkoord.consumption_coverage c ON (((c.source = divergence_last_month.p_source) AND (c.region_no = r.region_no))))
           WHERE ((c.accepted_at <= divergence_last_month.p_as_of) AND ((c.withdrawn_at IS NULL) OR (c.withdrawn_at > divergence_last_month.p_as_of)))
           GROUP BY r.region_no
         )
  SELECT COALESCE(( SELECT min(l.month) AS min
            FROM last l
           WHERE ((l.valid_from <= newest.month) AND COALESCE((l.valid_to > newest.month), true))), ((date_trunc('month'::text, (medkoord.today())::timestamp with time zone) - '1 mon'::interval))::date) AS "coalesce"
    FROM ( SELECT max(l.month) AS month
            FROM last l) newest;
END;

ALTER FUNCTION medkoord.divergence_last_month(p_source text, p_as_of timestamp with time zone) OWNER TO medkoord_owner;

--
-- Name: agenda_item agenda_item_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.agenda_item
    ADD CONSTRAINT agenda_item_pkey PRIMARY KEY (meeting_no, item);

--
-- Name: appointer appointer_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointer
    ADD CONSTRAINT appointer_pkey PRIMARY KEY (appointer);

--
-- Name: appointment appointment_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_id_unique UNIQUE (id);

--
-- Name: appointment appointment_person_seated_already; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_person_seated_already EXCLUDE USING gist (person_no WITH =, body_no WITH =, role WITH =, seat_region_no WITH =, daterange(valid_from, valid_to) WITH &&) WHERE ((appointment_no > 0));

--
-- Name: appointment appointment_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_pkey PRIMARY KEY (appointment_no);

--
-- Name: appointment appointment_seat_taken; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_seat_taken EXCLUDE USING gist (body_no WITH =, role WITH =, seat_region_no WITH =, daterange(valid_from, valid_to) WITH &&) WHERE (alone);

--
-- Name: appointment_version appointment_version_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment_version
    ADD CONSTRAINT appointment_version_pkey PRIMARY KEY (appointment_no, version);

--
-- Name: atc_code atc_code_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.atc_code
    ADD CONSTRAINT atc_code_pkey PRIMARY KEY (atc);

--
-- Name: body body_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.body
    ADD CONSTRAINT body_pkey PRIMARY KEY (body_no);

--
-- Name: body body_slug_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.body
    ADD CONSTRAINT body_slug_unique UNIQUE (slug);

--
-- Name: consumption_cost_month consumption_cost_month_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_cost_month
    ADD CONSTRAINT consumption_cost_month_pkey PRIMARY KEY (delivery_no, region_no, month, atc);

--
-- Name: consumption_cost_year consumption_cost_year_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_cost_year
    ADD CONSTRAINT consumption_cost_year_pkey PRIMARY KEY (source, year, atc, region_no);

--
-- Name: consumption_coverage consumption_coverage_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_coverage
    ADD CONSTRAINT consumption_coverage_pkey PRIMARY KEY (delivery_no, region_no, month);

--
-- Name: consumption_delivery_cost consumption_delivery_cost_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_delivery_cost
    ADD CONSTRAINT consumption_delivery_cost_pkey PRIMARY KEY (delivery_no);

--
-- Name: consumption_delivery consumption_delivery_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_delivery
    ADD CONSTRAINT consumption_delivery_id_unique UNIQUE (id);

--
-- Name: consumption_delivery consumption_delivery_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_delivery
    ADD CONSTRAINT consumption_delivery_pkey PRIMARY KEY (delivery_no);

--
-- Name: consumption_delivery consumption_delivery_source_status_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_delivery
    ADD CONSTRAINT consumption_delivery_source_status_unique UNIQUE (delivery_no, source, status);

--
-- Name: consumption_delivery_transition consumption_delivery_transition_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_delivery_transition
    ADD CONSTRAINT consumption_delivery_transition_pkey PRIMARY KEY (from_state, to_state);

--
-- Name: consumption_month consumption_month_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_month
    ADD CONSTRAINT consumption_month_pkey PRIMARY KEY (delivery_no, region_no, month, atc);

--
-- Name: consumption_region_month consumption_region_month_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_region_month
    ADD CONSTRAINT consumption_region_month_pkey PRIMARY KEY (delivery_no, region_no, month, atc);

--
-- Name: consumption_rejection_count consumption_rejection_count_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_rejection_count
    ADD CONSTRAINT consumption_rejection_count_pkey PRIMARY KEY (delivery_no, code);

--
-- Name: consumption_rejection consumption_rejection_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_rejection
    ADD CONSTRAINT consumption_rejection_pkey PRIMARY KEY (delivery_no, "position");

--
-- Name: consumption_row consumption_row_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_row
    ADD CONSTRAINT consumption_row_pkey PRIMARY KEY (delivery_no, month, hospital_no, atc, article_number);

--
-- Name: consumption_year consumption_year_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_year
    ADD CONSTRAINT consumption_year_pkey PRIMARY KEY (source, year, atc, region_no);

--
-- Name: divergence_measure divergence_measure_basis_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.divergence_measure
    ADD CONSTRAINT divergence_measure_basis_unique UNIQUE (name, version, basis);

--
-- Name: divergence_measure divergence_measure_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.divergence_measure
    ADD CONSTRAINT divergence_measure_pkey PRIMARY KEY (name, version);

--
-- Name: divergence_snapshot divergence_snapshot_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.divergence_snapshot
    ADD CONSTRAINT divergence_snapshot_id_unique UNIQUE (id);

--
-- Name: divergence_snapshot divergence_snapshot_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.divergence_snapshot
    ADD CONSTRAINT divergence_snapshot_pkey PRIMARY KEY (snapshot_no);

--
-- Name: hospital hospital_code_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital
    ADD CONSTRAINT hospital_code_unique UNIQUE (code);

--
-- Name: hospital hospital_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital
    ADD CONSTRAINT hospital_pkey PRIMARY KEY (hospital_no);

--
-- Name: hospital_region hospital_region_no_overlap; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital_region
    ADD CONSTRAINT hospital_region_no_overlap EXCLUDE USING gist (hospital_no WITH =, daterange(valid_from, valid_to) WITH &&);

--
-- Name: hospital_region hospital_region_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital_region
    ADD CONSTRAINT hospital_region_pkey PRIMARY KEY (hospital_no, valid_from);

--
-- Name: hospital_transition hospital_transition_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital_transition
    ADD CONSTRAINT hospital_transition_pkey PRIMARY KEY (hospital_no, transition_no);

--
-- Name: idempotency_key idempotency_key_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (subject, key);

--
-- Name: interest interest_declared_already; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.interest
    ADD CONSTRAINT interest_declared_already EXCLUDE USING gist (person_no WITH =, md5(((((kind || ''::text) || medkoord.party_key(party)) || ''::text) || medkoord.party_key(tie))) WITH =, daterange(valid_from, valid_to) WITH &&);

--
-- Name: interest interest_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.interest
    ADD CONSTRAINT interest_id_unique UNIQUE (id);

--
-- Name: interest interest_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.interest
    ADD CONSTRAINT interest_pkey PRIMARY KEY (interest_no);

--
-- Name: interest_version interest_version_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.interest_version
    ADD CONSTRAINT interest_version_pkey PRIMARY KEY (interest_no, version);

--
-- Name: matter matter_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.matter
    ADD CONSTRAINT matter_id_unique UNIQUE (id);

--
-- Name: matter matter_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.matter
    ADD CONSTRAINT matter_pkey PRIMARY KEY (matter_no);

--
-- Name: matter matter_registered_already; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.matter
    ADD CONSTRAINT matter_registered_already UNIQUE (body_no, kind, reference);

--
-- Name: meeting_attendance meeting_attendance_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_attendance
    ADD CONSTRAINT meeting_attendance_pkey PRIMARY KEY (meeting_no, person_no);

--
-- Name: meeting meeting_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting
    ADD CONSTRAINT meeting_id_unique UNIQUE (id);

--
-- Name: meeting_minutes_item meeting_minutes_item_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_minutes_item
    ADD CONSTRAINT meeting_minutes_item_pkey PRIMARY KEY (meeting_no, item);

--
-- Name: meeting_minutes meeting_minutes_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_minutes
    ADD CONSTRAINT meeting_minutes_pkey PRIMARY KEY (meeting_no);

--
-- Name: meeting meeting_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting
    ADD CONSTRAINT meeting_pkey PRIMARY KEY (meeting_no);

--
-- Name: meeting_recusal meeting_recusal_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_recusal
    ADD CONSTRAINT meeting_recusal_pkey PRIMARY KEY (meeting_no, item, person_no);

--
-- Name: meeting meeting_reference_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting
    ADD CONSTRAINT meeting_reference_unique UNIQUE (reference);

--
-- Name: meeting_step meeting_step_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_step
    ADD CONSTRAINT meeting_step_pkey PRIMARY KEY (from_state, action);

--
-- Name: meeting_transition meeting_transition_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_transition
    ADD CONSTRAINT meeting_transition_pkey PRIMARY KEY (transition_no);

--
-- Name: person_contact person_contact_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.person_contact
    ADD CONSTRAINT person_contact_pkey PRIMARY KEY (person_no);

--
-- Name: person person_id_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.person
    ADD CONSTRAINT person_id_unique UNIQUE (id);

--
-- Name: person person_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (person_no);

--
-- Name: person person_subject_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.person
    ADD CONSTRAINT person_subject_unique UNIQUE (subject);

--
-- Name: population population_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.population
    ADD CONSTRAINT population_pkey PRIMARY KEY (region_no, on_date);

--
-- Name: population_version population_version_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.population_version
    ADD CONSTRAINT population_version_pkey PRIMARY KEY (region_no, on_date, version);

--
-- Name: recusal_decision recusal_decision_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.recusal_decision
    ADD CONSTRAINT recusal_decision_pkey PRIMARY KEY (decision_no);

--
-- Name: region region_code_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.region
    ADD CONSTRAINT region_code_unique UNIQUE (code);

--
-- Name: region region_no_valid_from_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.region
    ADD CONSTRAINT region_no_valid_from_unique UNIQUE (region_no, valid_from);

--
-- Name: region region_slug_unique; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.region
    ADD CONSTRAINT region_slug_unique UNIQUE (slug);

--
-- Name: schema_migration schema_migration_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (number);

--
-- Name: seat_appoints seat_appoints_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.seat_appoints
    ADD CONSTRAINT seat_appoints_pkey PRIMARY KEY (kind, role, appointer, in_kind);

--
-- Name: seat_right seat_right_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.seat_right
    ADD CONSTRAINT seat_right_pkey PRIMARY KEY (kind, role, may);

--
-- Name: seat_rule seat_rule_no_overlap; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.seat_rule
    ADD CONSTRAINT seat_rule_no_overlap EXCLUDE USING gist (kind WITH =, role WITH =, daterange(valid_from, valid_to) WITH &&);

--
-- Name: seat_rule seat_rule_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.seat_rule
    ADD CONSTRAINT seat_rule_pkey PRIMARY KEY (rule_no);

--
-- Name: agenda_item_by_link; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX agenda_item_by_link ON medkoord.agenda_item USING btree (link_ref);

--
-- Name: appointment_by_body_and_day; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX appointment_by_body_and_day ON medkoord.appointment USING gist (body_no, daterange(valid_from, ends_on));

--
-- Name: appointment_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX appointment_by_person ON medkoord.appointment USING btree (person_no, held_until);

--
-- Name: appointment_by_subject; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX appointment_by_subject ON medkoord.appointment USING btree (subject, held_until) INCLUDE (body_no, valid_from, allows);

--
-- Name: consumption_coverage_by_month; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX consumption_coverage_by_month ON medkoord.consumption_coverage USING btree (month, region_no, delivery_no);

--
-- Name: consumption_coverage_in_force; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX consumption_coverage_in_force ON medkoord.consumption_coverage USING btree (source, region_no, month, accepted_at DESC, delivery_no DESC) WHERE (accepted_at IS NOT NULL);

--
-- Name: consumption_delivery_by_state; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX consumption_delivery_by_state ON medkoord.consumption_delivery USING btree (state, delivery_no);

--
-- Name: divergence_snapshot_by_creator; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX divergence_snapshot_by_creator ON medkoord.divergence_snapshot USING btree (created_by, created_at);

--
-- Name: hospital_region_by_region; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX hospital_region_by_region ON medkoord.hospital_region USING btree (region_no);

--
-- Name: idempotency_key_created_at; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX idempotency_key_created_at ON medkoord.idempotency_key USING btree (created_at);

--
-- Name: interest_by_identifier; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX interest_by_identifier ON medkoord.interest USING btree (identifier_key, person_no);

--
-- Name: interest_by_name; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX interest_by_name ON medkoord.interest USING btree (name_key, person_no);

--
-- Name: interest_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX interest_by_person ON medkoord.interest USING btree (person_no, interest_no);

--
-- Name: meeting_attendance_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_attendance_by_person ON medkoord.meeting_attendance USING btree (person_no);

--
-- Name: meeting_by_body_and_time; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_by_body_and_time ON medkoord.meeting USING btree (body_no, starts_at, reference);

--
-- Name: meeting_by_time; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_by_time ON medkoord.meeting USING btree (starts_at, reference);

--
-- Name: meeting_minutes_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_minutes_by_person ON medkoord.meeting_minutes USING btree (person_no);

--
-- Name: meeting_recusal_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_recusal_by_person ON medkoord.meeting_recusal USING btree (person_no);

--
-- Name: meeting_transition_by_meeting; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_transition_by_meeting ON medkoord.meeting_transition USING btree (meeting_no);

--
-- Name: meeting_transition_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX meeting_transition_by_person ON medkoord.meeting_transition USING btree (person_no);

--
-- Name: person_by_name; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX person_by_name ON medkoord.person USING btree (name, person_no);

--
-- Name: recusal_decision_by_matter; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX recusal_decision_by_matter ON medkoord.recusal_decision USING btree (matter_no, person_no, decision_no);

--
-- Name: recusal_decision_by_person; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX recusal_decision_by_person ON medkoord.recusal_decision USING btree (person_no);

--
-- Name: agenda_item agenda_item_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER agenda_item_check BEFORE INSERT OR DELETE OR UPDATE ON medkoord.agenda_item FOR EACH ROW EXECUTE FUNCTION medkoord.check_meeting_part();

--
-- Name: agenda_item agenda_item_left; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE CONSTRAINT TRIGGER agenda_item_left AFTER DELETE ON medkoord.agenda_item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION medkoord.check_agenda_is_left();

--
-- Name: appointment appointment_against_rules; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER appointment_against_rules BEFORE INSERT ON medkoord.appointment FOR EACH ROW EXECUTE FUNCTION medkoord.check_appointment();

--
-- Name: appointment appointment_check_end; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER appointment_check_end BEFORE UPDATE OF valid_to ON medkoord.appointment FOR EACH ROW EXECUTE FUNCTION medkoord.check_appointment_end();

--
-- Name: appointment appointment_derived; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER appointment_derived BEFORE INSERT OR UPDATE ON medkoord.appointment FOR EACH ROW EXECUTE FUNCTION medkoord.derive_appointment();

--
-- Name: appointment appointment_keep_version; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER appointment_keep_version AFTER INSERT OR UPDATE ON medkoord.appointment FOR EACH ROW EXECUTE FUNCTION medkoord.keep_appointment_version();

--
-- Name: appointment appointment_stamp_insert; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER appointment_stamp_insert BEFORE INSERT ON medkoord.appointment FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: appointment appointment_stamp_update; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER appointment_stamp_update BEFORE UPDATE ON medkoord.appointment FOR EACH ROW WHEN (((old.valid_to IS DISTINCT FROM new.valid_to) OR (old.ends_on IS DISTINCT FROM new.ends_on) OR (old.end_reason IS DISTINCT FROM new.end_reason))) EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: atc_code atc_code_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER atc_code_stamp BEFORE INSERT OR UPDATE ON medkoord.atc_code FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: body body_ends_appointments; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER body_ends_appointments AFTER UPDATE OF valid_to ON medkoord.body FOR EACH STATEMENT EXECUTE FUNCTION medkoord.follow_ends();

--
-- Name: body body_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER body_stamp BEFORE INSERT OR UPDATE ON medkoord.body FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: consumption_coverage consumption_coverage_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER consumption_coverage_check BEFORE UPDATE ON medkoord.consumption_coverage FOR EACH ROW EXECUTE FUNCTION medkoord.check_consumption_coverage();

--
-- Name: consumption_delivery consumption_delivery_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER consumption_delivery_check BEFORE INSERT OR UPDATE ON medkoord.consumption_delivery FOR EACH ROW EXECUTE FUNCTION medkoord.check_consumption_delivery();

--
-- Name: divergence_measure divergence_measure_never_changes; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER divergence_measure_never_changes BEFORE DELETE OR UPDATE OR TRUNCATE ON medkoord.divergence_measure FOR EACH STATEMENT EXECUTE FUNCTION medkoord.refuse_rewriting();

--
-- Name: divergence_snapshot divergence_snapshot_limit; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER divergence_snapshot_limit BEFORE INSERT ON medkoord.divergence_snapshot FOR EACH ROW EXECUTE FUNCTION medkoord.limit_divergence_snapshots();

--
-- Name: divergence_snapshot divergence_snapshot_never_changes; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER divergence_snapshot_never_changes BEFORE DELETE OR UPDATE OR TRUNCATE ON medkoord.divergence_snapshot FOR EACH STATEMENT EXECUTE FUNCTION medkoord.refuse_rewriting();

--
-- Name: hospital_region hospital_region_in_force; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER hospital_region_in_force BEFORE INSERT OR UPDATE ON medkoord.hospital_region FOR EACH ROW EXECUTE FUNCTION medkoord.check_hospital_region();

--
-- Name: hospital hospital_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER hospital_stamp BEFORE INSERT OR UPDATE ON medkoord.hospital FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: hospital_transition hospital_transition_apply; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER hospital_transition_apply BEFORE INSERT ON medkoord.hospital_transition FOR EACH ROW EXECUTE FUNCTION medkoord.apply_hospital_transition();

--
-- Name: idempotency_key idempotency_key_answered; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE CONSTRAINT TRIGGER idempotency_key_answered AFTER INSERT ON medkoord.idempotency_key DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION medkoord.check_idempotent_answer();

--
-- Name: interest interest_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER interest_check BEFORE INSERT ON medkoord.interest FOR EACH ROW EXECUTE FUNCTION medkoord.check_interest();

--
-- Name: interest interest_check_end; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER interest_check_end BEFORE UPDATE ON medkoord.interest FOR EACH ROW EXECUTE FUNCTION medkoord.check_interest_end();

--
-- Name: interest interest_keep_version; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER interest_keep_version AFTER INSERT OR UPDATE ON medkoord.interest FOR EACH ROW EXECUTE FUNCTION medkoord.keep_interest_version();

--
-- Name: interest interest_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER interest_stamp BEFORE INSERT OR UPDATE ON medkoord.interest FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: matter matter_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER matter_check BEFORE INSERT OR UPDATE OF title, parties ON medkoord.matter FOR EACH ROW EXECUTE FUNCTION medkoord.check_matter();

--
-- Name: matter matter_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER matter_stamp BEFORE INSERT OR UPDATE ON medkoord.matter FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: meeting meeting_a_number; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_a_number BEFORE INSERT ON medkoord.meeting FOR EACH ROW EXECUTE FUNCTION medkoord.number_meeting();

--
-- Name: meeting_attendance meeting_attendance_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_attendance_check BEFORE INSERT OR DELETE OR UPDATE ON medkoord.meeting_attendance FOR EACH ROW EXECUTE FUNCTION medkoord.check_meeting_part();

--
-- Name: meeting meeting_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_check BEFORE INSERT OR UPDATE ON medkoord.meeting FOR EACH ROW EXECUTE FUNCTION medkoord.check_meeting();

--
-- Name: meeting_minutes meeting_minutes_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_minutes_check BEFORE INSERT OR DELETE OR UPDATE ON medkoord.meeting_minutes FOR EACH ROW EXECUTE FUNCTION medkoord.check_meeting_part();

--
-- Name: meeting_minutes_item meeting_minutes_item_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_minutes_item_check BEFORE INSERT OR DELETE OR UPDATE ON medkoord.meeting_minutes_item FOR EACH ROW EXECUTE FUNCTION medkoord.check_meeting_part();

--
-- Name: meeting_recusal meeting_recusal_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_recusal_check BEFORE INSERT OR DELETE OR UPDATE ON medkoord.meeting_recusal FOR EACH ROW EXECUTE FUNCTION medkoord.check_meeting_part();

--
-- Name: meeting meeting_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_stamp BEFORE INSERT OR UPDATE ON medkoord.meeting FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: meeting_transition meeting_transition_apply; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER meeting_transition_apply BEFORE INSERT ON medkoord.meeting_transition FOR EACH ROW EXECUTE FUNCTION medkoord.apply_meeting_transition();

--
-- Name: person person_check_subject; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER person_check_subject BEFORE UPDATE OF subject ON medkoord.person FOR EACH ROW EXECUTE FUNCTION medkoord.check_person_subject();

--
-- Name: person_contact person_contact_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER person_contact_stamp BEFORE INSERT OR UPDATE ON medkoord.person_contact FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: person_contact person_contact_version; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER person_contact_version BEFORE INSERT OR UPDATE ON medkoord.person_contact FOR EACH ROW EXECUTE FUNCTION medkoord.number_person_contact();

--
-- Name: person person_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER person_stamp BEFORE INSERT OR UPDATE ON medkoord.person FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: person person_subject_of_appointments; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER person_subject_of_appointments AFTER UPDATE OF subject ON medkoord.person FOR EACH ROW WHEN ((old.subject IS DISTINCT FROM new.subject)) EXECUTE FUNCTION medkoord.follow_subject();

--
-- Name: population population_keep_version; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER population_keep_version AFTER INSERT OR UPDATE ON medkoord.population FOR EACH ROW EXECUTE FUNCTION medkoord.keep_population_version();

--
-- Name: population population_region_in_force; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER population_region_in_force BEFORE INSERT ON medkoord.population FOR EACH ROW EXECUTE FUNCTION medkoord.check_population_region();

--
-- Name: population population_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER population_stamp BEFORE INSERT OR UPDATE ON medkoord.population FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

--
-- Name: population_version population_version_never_changes; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER population_version_never_changes BEFORE DELETE OR UPDATE OR TRUNCATE ON medkoord.population_version FOR EACH STATEMENT EXECUTE FUNCTION medkoord.refuse_rewriting();

--
-- Name: recusal_decision recusal_decision_check; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER recusal_decision_check BEFORE INSERT ON medkoord.recusal_decision FOR EACH ROW EXECUTE FUNCTION medkoord.check_recusal_decision();

--
-- Name: region region_ends_appointments; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER region_ends_appointments AFTER UPDATE OF valid_to ON medkoord.region FOR EACH STATEMENT EXECUTE FUNCTION medkoord.follow_ends();

--
-- Name: seat_right seat_right_of_appointments; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER seat_right_of_appointments AFTER INSERT OR DELETE OR UPDATE ON medkoord.seat_right FOR EACH STATEMENT EXECUTE FUNCTION medkoord.follow_rights();

--
-- Name: seat_rule seat_rule_ends_appointments; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER seat_rule_ends_appointments AFTER INSERT OR UPDATE ON medkoord.seat_rule FOR EACH STATEMENT EXECUTE FUNCTION medkoord.follow_ends();

--
-- Name: agenda_item agenda_item_meeting_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.agenda_item
    ADD CONSTRAINT agenda_item_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES medkoord.meeting(meeting_no);

--
-- Name: agenda_item agenda_item_snapshot_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.agenda_item
    ADD CONSTRAINT agenda_item_snapshot_fkey FOREIGN KEY (snapshot_no) REFERENCES medkoord.divergence_snapshot(snapshot_no);

--
-- Name: appointment appointment_body_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_body_fkey FOREIGN KEY (body_no) REFERENCES medkoord.body(body_no);

--
-- Name: appointment appointment_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: appointment appointment_region_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment
    ADD CONSTRAINT appointment_region_fkey FOREIGN KEY (region_no) REFERENCES medkoord.region(region_no);

--
-- Name: appointment_version appointment_version_appointment_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.appointment_version
    ADD CONSTRAINT appointment_version_appointment_fkey FOREIGN KEY (appointment_no) REFERENCES medkoord.appointment(appointment_no);

--
-- Name: body body_region_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.body
    ADD CONSTRAINT body_region_fkey FOREIGN KEY (region_no) REFERENCES medkoord.region(region_no);

--
-- Name: consumption_coverage consumption_coverage_delivery_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_coverage
    ADD CONSTRAINT consumption_coverage_delivery_fkey FOREIGN KEY (delivery_no, source, status) REFERENCES medkoord.consumption_delivery(delivery_no, source, status);

--
-- Name: consumption_coverage consumption_coverage_region_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_coverage
    ADD CONSTRAINT consumption_coverage_region_fkey FOREIGN KEY (region_no) REFERENCES medkoord.region(region_no);

--
-- Name: consumption_delivery_cost consumption_delivery_cost_delivery_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_delivery_cost
    ADD CONSTRAINT consumption_delivery_cost_delivery_fkey FOREIGN KEY (delivery_no) REFERENCES medkoord.consumption_delivery(delivery_no);

--
-- Name: consumption_rejection_count consumption_rejection_count_delivery_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_rejection_count
    ADD CONSTRAINT consumption_rejection_count_delivery_fkey FOREIGN KEY (delivery_no) REFERENCES medkoord.consumption_delivery(delivery_no);

--
-- Name: consumption_rejection consumption_rejection_delivery_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.consumption_rejection
    ADD CONSTRAINT consumption_rejection_delivery_fkey FOREIGN KEY (delivery_no) REFERENCES medkoord.consumption_delivery(delivery_no);

--
-- Name: divergence_snapshot divergence_snapshot_measure_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.divergence_snapshot
    ADD CONSTRAINT divergence_snapshot_measure_fkey FOREIGN KEY (measure, measure_version, basis) REFERENCES medkoord.divergence_measure(name, version, basis);

--
-- Name: hospital_region hospital_region_hospital_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital_region
    ADD CONSTRAINT hospital_region_hospital_fkey FOREIGN KEY (hospital_no) REFERENCES medkoord.hospital(hospital_no);

--
-- Name: hospital_region hospital_region_region_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital_region
    ADD CONSTRAINT hospital_region_region_fkey FOREIGN KEY (region_no) REFERENCES medkoord.region(region_no);

--
-- Name: hospital_transition hospital_transition_hospital_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.hospital_transition
    ADD CONSTRAINT hospital_transition_hospital_fkey FOREIGN KEY (hospital_no) REFERENCES medkoord.hospital(hospital_no);

--
-- Name: interest interest_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.interest
    ADD CONSTRAINT interest_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: interest_version interest_version_interest_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.interest_version
    ADD CONSTRAINT interest_version_interest_fkey FOREIGN KEY (interest_no) REFERENCES medkoord.interest(interest_no);

--
-- Name: matter matter_body_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.matter
    ADD CONSTRAINT matter_body_fkey FOREIGN KEY (body_no) REFERENCES medkoord.body(body_no);

--
-- Name: meeting_attendance meeting_attendance_meeting_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_attendance
    ADD CONSTRAINT meeting_attendance_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES medkoord.meeting(meeting_no);

--
-- Name: meeting_attendance meeting_attendance_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_attendance
    ADD CONSTRAINT meeting_attendance_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: meeting meeting_body_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting
    ADD CONSTRAINT meeting_body_fkey FOREIGN KEY (body_no) REFERENCES medkoord.body(body_no);

--
-- Name: meeting_minutes_item meeting_minutes_item_agenda_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_minutes_item
    ADD CONSTRAINT meeting_minutes_item_agenda_fkey FOREIGN KEY (meeting_no, item) REFERENCES medkoord.agenda_item(meeting_no, item);

--
-- Name: meeting_minutes_item meeting_minutes_item_minutes_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_minutes_item
    ADD CONSTRAINT meeting_minutes_item_minutes_fkey FOREIGN KEY (meeting_no) REFERENCES medkoord.meeting_minutes(meeting_no);

--
-- Name: meeting_minutes meeting_minutes_meeting_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_minutes
    ADD CONSTRAINT meeting_minutes_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES medkoord.meeting(meeting_no);

--
-- Name: meeting_minutes meeting_minutes_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_minutes
    ADD CONSTRAINT meeting_minutes_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: meeting_recusal meeting_recusal_item_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_recusal
    ADD CONSTRAINT meeting_recusal_item_fkey FOREIGN KEY (meeting_no, item) REFERENCES medkoord.agenda_item(meeting_no, item);

--
-- Name: meeting_recusal meeting_recusal_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_recusal
    ADD CONSTRAINT meeting_recusal_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: meeting_transition meeting_transition_meeting_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_transition
    ADD CONSTRAINT meeting_transition_meeting_fkey FOREIGN KEY (meeting_no) REFERENCES medkoord.meeting(meeting_no);

--
-- Name: meeting_transition meeting_transition_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.meeting_transition
    ADD CONSTRAINT meeting_transition_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: person_contact person_contact_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.person_contact
    ADD CONSTRAINT person_contact_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: population population_region_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.population
    ADD CONSTRAINT population_region_fkey FOREIGN KEY (region_no) REFERENCES medkoord.region(region_no);

--
-- Name: population_version population_version_population_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.population_version
    ADD CONSTRAINT population_version_population_fkey FOREIGN KEY (region_no, on_date) REFERENCES medkoord.population(region_no, on_date);

--
-- Name: recusal_decision recusal_decision_body_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.recusal_decision
    ADD CONSTRAINT recusal_decision_body_fkey FOREIGN KEY (body_no) REFERENCES medkoord.body(body_no);

--
-- Name: recusal_decision recusal_decision_matter_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.recusal_decision
    ADD CONSTRAINT recusal_decision_matter_fkey FOREIGN KEY (matter_no) REFERENCES medkoord.matter(matter_no);

--
-- Name: recusal_decision recusal_decision_person_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.recusal_decision
    ADD CONSTRAINT recusal_decision_person_fkey FOREIGN KEY (person_no) REFERENCES medkoord.person(person_no);

--
-- Name: region region_successor_follows; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.region
    ADD CONSTRAINT region_successor_follows FOREIGN KEY (successor_no, valid_to) REFERENCES medkoord.region(region_no, valid_from);

--
-- Name: seat_appoints seat_appoints_appointer_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.seat_appoints
    ADD CONSTRAINT seat_appoints_appointer_fkey FOREIGN KEY (appointer) REFERENCES medkoord.appointer(appointer);

--
-- Name: seat_rule seat_rule_appointer_fkey; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.seat_rule
    ADD CONSTRAINT seat_rule_appointer_fkey FOREIGN KEY (appointed_by) REFERENCES medkoord.appointer(appointer);

--
-- Name: agenda_item; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.agenda_item ENABLE ROW LEVEL SECURITY;

--
-- Name: agenda_item agenda_item_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY agenda_item_delete ON medkoord.agenda_item FOR DELETE TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = agenda_item.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['meet'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: agenda_item agenda_item_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY agenda_item_insert ON medkoord.agenda_item FOR INSERT TO medkoord_server WITH CHECK ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = agenda_item.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['meet'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: agenda_item agenda_item_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY agenda_item_of_owner ON medkoord.agenda_item TO medkoord_owner USING (true) WITH CHECK (true);

--
-- Name: agenda_item agenda_item_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY agenda_item_read ON medkoord.agenda_item FOR SELECT TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = agenda_item.meeting_no) AND ((NOT agenda_item.closed) OR (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['read_draft'::text]) AS actor_bodies)::smallint[])))))));

--
-- Name: appointer; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.appointer ENABLE ROW LEVEL SECURITY;

--
-- Name: appointer appointer_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointer_of_owner ON medkoord.appointer TO medkoord_owner USING (true);

--
-- Name: appointer appointer_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointer_read ON medkoord.appointer FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: appointment; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.appointment ENABLE ROW LEVEL SECURITY;

--
-- Name: appointment appointment_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointment_insert ON medkoord.appointment FOR INSERT TO medkoord_server WITH CHECK ((( SELECT medkoord.actor_may_appoint(appointment.body_no, appointment.role, appointment.appointed_by) AS actor_may_appoint) AND (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has) OR (person_no IS DISTINCT FROM ( SELECT medkoord.actor_person() AS actor_person)))));

--
-- Name: appointment appointment_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointment_of_owner ON medkoord.appointment TO medkoord_owner USING (true);

--
-- Name: appointment appointment_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointment_read ON medkoord.appointment FOR SELECT TO medkoord_server USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: appointment appointment_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointment_update ON medkoord.appointment FOR UPDATE TO medkoord_server USING (( SELECT medkoord.actor_may_appoint(appointment.body_no, appointment.role, appointment.appointed_by) AS actor_may_appoint));

--
-- Name: appointment_version; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.appointment_version ENABLE ROW LEVEL SECURITY;

--
-- Name: appointment_version appointment_version_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointment_version_of_owner ON medkoord.appointment_version FOR INSERT TO medkoord_owner WITH CHECK (true);

--
-- Name: appointment_version appointment_version_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY appointment_version_read ON medkoord.appointment_version FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: atc_code; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.atc_code ENABLE ROW LEVEL SECURITY;

--
-- Name: atc_code atc_code_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY atc_code_insert ON medkoord.atc_code FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text, 'amgros'::text]) AS actor_has));

--
-- Name: atc_code atc_code_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY atc_code_read ON medkoord.atc_code FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: atc_code atc_code_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY atc_code_update ON medkoord.atc_code FOR UPDATE USING (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text, 'amgros'::text]) AS actor_has));

--
-- Name: body; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.body ENABLE ROW LEVEL SECURITY;

--
-- Name: body body_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY body_of_owner ON medkoord.body TO medkoord_owner USING (true);

--
-- Name: body body_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY body_read ON medkoord.body FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: body body_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY body_update ON medkoord.body FOR UPDATE USING (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: consumption_cost_month; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_cost_month ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_cost_month consumption_cost_month_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_cost_month_insert ON medkoord.consumption_cost_month FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_cost_month consumption_cost_month_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_cost_month_read ON medkoord.consumption_cost_month FOR SELECT USING (( SELECT medkoord.may_see_cost() AS may_see_cost));

--
-- Name: consumption_cost_year; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_cost_year ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_cost_year consumption_cost_year_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_cost_year_delete ON medkoord.consumption_cost_year FOR DELETE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_cost_year consumption_cost_year_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_cost_year_insert ON medkoord.consumption_cost_year FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_cost_year consumption_cost_year_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_cost_year_read ON medkoord.consumption_cost_year FOR SELECT USING (( SELECT medkoord.may_see_cost() AS may_see_cost));

--
-- Name: consumption_coverage; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_coverage ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_coverage consumption_coverage_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_coverage_insert ON medkoord.consumption_coverage FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_coverage consumption_coverage_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_coverage_of_owner ON medkoord.consumption_coverage FOR SELECT TO medkoord_owner USING (true);

--
-- Name: consumption_coverage consumption_coverage_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_coverage_read ON medkoord.consumption_coverage FOR SELECT USING ((((accepted_at IS NOT NULL) AND (( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL)) OR ( SELECT medkoord.sees_all_deliveries() AS sees_all_deliveries) OR (region_no = ANY (( SELECT medkoord.actor_regions() AS actor_regions)::smallint[]))));

--
-- Name: consumption_coverage consumption_coverage_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_coverage_update ON medkoord.consumption_coverage FOR UPDATE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_delivery; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_delivery ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_delivery_cost; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_delivery_cost ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_delivery_cost consumption_delivery_cost_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_cost_insert ON medkoord.consumption_delivery_cost FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_delivery_cost consumption_delivery_cost_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_cost_read ON medkoord.consumption_delivery_cost FOR SELECT USING (( SELECT medkoord.may_see_cost() AS may_see_cost));

--
-- Name: consumption_delivery_cost consumption_delivery_cost_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_cost_update ON medkoord.consumption_delivery_cost FOR UPDATE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_delivery consumption_delivery_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_insert ON medkoord.consumption_delivery FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_delivery consumption_delivery_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_read ON medkoord.consumption_delivery FOR SELECT USING ((((state = 'accepted'::text) AND (( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL)) OR ( SELECT medkoord.sees_all_deliveries() AS sees_all_deliveries) OR (( SELECT medkoord.actor_has(VARIADIC ARRAY['region_coordinator'::text]) AS actor_has) AND (EXISTS ( SELECT
   FROM medkoord.consumption_coverage c
  WHERE ((c.delivery_no = consumption_delivery.delivery_no) AND (c.region_no = ANY (( SELECT medkoord.actor_regions() AS actor_regions)::smallint[]))))))));

--
-- Name: consumption_delivery consumption_delivery_traced; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_traced ON medkoord.consumption_delivery FOR SELECT TO medkoord_owner USING ((((( SELECT medkoord.traced_subject() AS traced_subject) = announced_by) OR (( SELECT medkoord.traced_subject() AS traced_subject) = accepted_by)) OR (( SELECT medkoord.traced_subject() AS traced_subject) = withdrawn_by)));

--
-- Name: consumption_delivery consumption_delivery_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_delivery_update ON medkoord.consumption_delivery FOR UPDATE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_month; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_month ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_month consumption_month_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_month_insert ON medkoord.consumption_month FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_month consumption_month_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_month_read ON medkoord.consumption_month FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: consumption_region_month; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_region_month ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_region_month consumption_region_month_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_region_month_insert ON medkoord.consumption_region_month FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_region_month consumption_region_month_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_region_month_read ON medkoord.consumption_region_month FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: consumption_rejection; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_rejection ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_rejection consumption_rejection_cost; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_cost ON medkoord.consumption_rejection AS RESTRICTIVE FOR SELECT USING ((( SELECT medkoord.may_see_cost() AS may_see_cost) OR ((column_name IS DISTINCT FROM 'cost_ore'::text) AND (code <> 'control_cost'::text) AND ((code <> 'bad_column'::text) OR (value IS NULL)))));

--
-- Name: consumption_rejection_count; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_rejection_count ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_rejection_count consumption_rejection_count_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_count_delete ON medkoord.consumption_rejection_count FOR DELETE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_rejection_count consumption_rejection_count_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_count_insert ON medkoord.consumption_rejection_count FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_rejection_count consumption_rejection_count_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_count_read ON medkoord.consumption_rejection_count FOR SELECT USING ((( SELECT medkoord.sees_all_deliveries() AS sees_all_deliveries) OR (( SELECT medkoord.actor_has(VARIADIC ARRAY['region_coordinator'::text]) AS actor_has) AND (EXISTS ( SELECT
   FROM medkoord.consumption_coverage c
  WHERE ((c.delivery_no = consumption_rejection_count.delivery_no) AND (c.region_no = ANY (( SELECT medkoord.actor_regions() AS actor_regions)::smallint[]))))))));

--
-- Name: consumption_rejection consumption_rejection_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_delete ON medkoord.consumption_rejection FOR DELETE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_rejection consumption_rejection_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_insert ON medkoord.consumption_rejection FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_rejection consumption_rejection_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_rejection_read ON medkoord.consumption_rejection FOR SELECT USING ((( SELECT medkoord.sees_all_deliveries() AS sees_all_deliveries) OR (( SELECT medkoord.actor_has(VARIADIC ARRAY['region_coordinator'::text]) AS actor_has) AND
CASE
    WHEN (line IS NOT NULL) THEN medkoord.covers_only(delivery_no, ( SELECT medkoord.actor_regions() AS actor_regions))
    ELSE (EXISTS ( SELECT
       FROM medkoord.consumption_coverage c
      WHERE ((c.delivery_no = consumption_rejection.delivery_no) AND (c.region_no = ANY (( SELECT medkoord.actor_regions() AS actor_regions)::smallint[])))))
END)));

--
-- Name: consumption_row; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_row ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_row consumption_row_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_row_read ON medkoord.consumption_row FOR SELECT USING (( SELECT medkoord.sees_all_deliveries() AS sees_all_deliveries));

--
-- Name: consumption_year; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.consumption_year ENABLE ROW LEVEL SECURITY;

--
-- Name: consumption_year consumption_year_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_year_delete ON medkoord.consumption_year FOR DELETE USING (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_year consumption_year_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_year_insert ON medkoord.consumption_year FOR INSERT WITH CHECK (( SELECT medkoord.may_deliver() AS may_deliver));

--
-- Name: consumption_year consumption_year_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY consumption_year_read ON medkoord.consumption_year FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: divergence_measure; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.divergence_measure ENABLE ROW LEVEL SECURITY;

--
-- Name: divergence_measure divergence_measure_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY divergence_measure_insert ON medkoord.divergence_measure FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['forum_secretariat'::text, 'admin'::text]) AS actor_has));

--
-- Name: divergence_measure divergence_measure_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY divergence_measure_read ON medkoord.divergence_measure FOR SELECT USING (((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL) AND ((basis <> 'cost_ore'::text) OR ( SELECT medkoord.may_see_cost() AS may_see_cost))));

--
-- Name: divergence_measure divergence_measure_traced; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY divergence_measure_traced ON medkoord.divergence_measure FOR SELECT TO medkoord_owner USING ((created_by = ( SELECT medkoord.traced_subject() AS traced_subject)));

--
-- Name: divergence_snapshot; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.divergence_snapshot ENABLE ROW LEVEL SECURITY;

--
-- Name: divergence_snapshot divergence_snapshot_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY divergence_snapshot_insert ON medkoord.divergence_snapshot FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['forum_secretariat'::text, 'region_coordinator'::text, 'admin'::text]) AS actor_has));

--
-- Name: divergence_snapshot divergence_snapshot_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY divergence_snapshot_read ON medkoord.divergence_snapshot FOR SELECT USING (((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL) AND ((basis <> 'cost_ore'::text) OR ( SELECT medkoord.may_see_cost() AS may_see_cost))));

--
-- Name: divergence_snapshot divergence_snapshot_traced; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY divergence_snapshot_traced ON medkoord.divergence_snapshot FOR SELECT TO medkoord_owner USING ((created_by = ( SELECT medkoord.traced_subject() AS traced_subject)));

--
-- Name: hospital; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.hospital ENABLE ROW LEVEL SECURITY;

--
-- Name: hospital hospital_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_insert ON medkoord.hospital FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: hospital hospital_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_read ON medkoord.hospital FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: hospital_region; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.hospital_region ENABLE ROW LEVEL SECURITY;

--
-- Name: hospital_region hospital_region_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_region_insert ON medkoord.hospital_region FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: hospital_region hospital_region_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_region_read ON medkoord.hospital_region FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: hospital_region hospital_region_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_region_update ON medkoord.hospital_region FOR UPDATE USING (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: hospital_transition; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.hospital_transition ENABLE ROW LEVEL SECURITY;

--
-- Name: hospital_transition hospital_transition_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_transition_insert ON medkoord.hospital_transition FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: hospital_transition hospital_transition_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_transition_read ON medkoord.hospital_transition FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: hospital hospital_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY hospital_update ON medkoord.hospital FOR UPDATE USING (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: idempotency_key; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.idempotency_key ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_key idempotency_key_old; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY idempotency_key_old ON medkoord.idempotency_key FOR SELECT TO medkoord_owner USING ((created_at < (CURRENT_TIMESTAMP - '7 days'::interval)));

--
-- Name: idempotency_key idempotency_key_own; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY idempotency_key_own ON medkoord.idempotency_key TO medkoord_server USING ((subject = ( SELECT medkoord.actor_subject() AS actor_subject))) WITH CHECK ((subject = ( SELECT medkoord.actor_subject() AS actor_subject)));

--
-- Name: idempotency_key idempotency_key_purge; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY idempotency_key_purge ON medkoord.idempotency_key FOR DELETE TO medkoord_owner USING ((created_at < (CURRENT_TIMESTAMP - '7 days'::interval)));

--
-- Name: idempotency_key idempotency_key_traced; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY idempotency_key_traced ON medkoord.idempotency_key FOR SELECT TO medkoord_owner USING ((subject = ( SELECT medkoord.traced_subject() AS traced_subject)));

--
-- Name: interest; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.interest ENABLE ROW LEVEL SECURITY;

--
-- Name: interest interest_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_insert ON medkoord.interest FOR INSERT TO medkoord_server WITH CHECK ((person_no = ANY (( SELECT medkoord.actor_oversees(VARIADIC ARRAY['recuse'::text]) AS actor_oversees)::integer[])));

--
-- Name: interest interest_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_of_owner ON medkoord.interest FOR SELECT TO medkoord_owner USING (true);

--
-- Name: interest interest_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_read ON medkoord.interest FOR SELECT TO medkoord_server USING (((person_no = ANY (( SELECT medkoord.actor_oversees(VARIADIC ARRAY['recuse'::text, 'appoint'::text]) AS actor_oversees)::integer[])) OR ( SELECT medkoord.actor_has(VARIADIC ARRAY['auditor'::text, 'admin'::text]) AS actor_has)));

--
-- Name: interest interest_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_update ON medkoord.interest FOR UPDATE TO medkoord_server USING ((person_no = ANY (( SELECT medkoord.actor_oversees(VARIADIC ARRAY['recuse'::text]) AS actor_oversees)::integer[])));

--
-- Name: interest_version; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.interest_version ENABLE ROW LEVEL SECURITY;

--
-- Name: interest_version interest_version_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_version_of_owner ON medkoord.interest_version FOR INSERT TO medkoord_owner WITH CHECK (true);

--
-- Name: interest_version interest_version_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_version_read ON medkoord.interest_version FOR SELECT TO medkoord_server USING (((person_no = ANY (( SELECT medkoord.actor_oversees(VARIADIC ARRAY['recuse'::text, 'appoint'::text]) AS actor_oversees)::integer[])) OR ( SELECT medkoord.actor_has(VARIADIC ARRAY['auditor'::text, 'admin'::text]) AS actor_has)));

--
-- Name: interest_version interest_version_traced; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY interest_version_traced ON medkoord.interest_version FOR SELECT TO medkoord_owner USING ((changed_by = ( SELECT medkoord.traced_subject() AS traced_subject)));

--
-- Name: matter; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.matter ENABLE ROW LEVEL SECURITY;

--
-- Name: matter matter_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY matter_insert ON medkoord.matter FOR INSERT TO medkoord_server WITH CHECK (( SELECT medkoord.actor_may('meet'::text, matter.body_no) AS actor_may));

--
-- Name: matter matter_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY matter_of_owner ON medkoord.matter FOR SELECT TO medkoord_owner USING (true);

--
-- Name: matter matter_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY matter_read ON medkoord.matter FOR SELECT TO medkoord_server USING (((body_no = ANY (( SELECT medkoord.actor_bodies() AS actor_bodies)::smallint[])) OR ( SELECT medkoord.actor_has(VARIADIC ARRAY['auditor'::text, 'admin'::text]) AS actor_has) OR (matter_no = ANY (( SELECT medkoord.actor_stand_in_matters() AS actor_stand_in_matters)::integer[]))));

--
-- Name: matter matter_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY matter_update ON medkoord.matter FOR UPDATE TO medkoord_server USING (( SELECT medkoord.actor_may('meet'::text, matter.body_no) AS actor_may));

--
-- Name: meeting; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_attendance; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_attendance ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_attendance meeting_attendance_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_attendance_delete ON medkoord.meeting_attendance FOR DELETE TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_attendance.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['minute'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: meeting_attendance meeting_attendance_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_attendance_insert ON medkoord.meeting_attendance FOR INSERT TO medkoord_server WITH CHECK ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_attendance.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['minute'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: meeting_attendance meeting_attendance_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_attendance_of_owner ON medkoord.meeting_attendance TO medkoord_owner USING (true) WITH CHECK (true);

--
-- Name: meeting_attendance meeting_attendance_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_attendance_read ON medkoord.meeting_attendance FOR SELECT TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_attendance.meeting_no) AND ((m.state = 'minutes_approved'::text) OR (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['read_draft'::text]) AS actor_bodies)::smallint[])))))));

--
-- Name: meeting meeting_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_insert ON medkoord.meeting FOR INSERT TO medkoord_server WITH CHECK ((body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['meet'::text]) AS actor_bodies)::smallint[])));

--
-- Name: meeting_minutes; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_minutes ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_minutes meeting_minutes_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_delete ON medkoord.meeting_minutes FOR DELETE TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_minutes.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['minute'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: meeting_minutes meeting_minutes_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_insert ON medkoord.meeting_minutes FOR INSERT TO medkoord_server WITH CHECK ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_minutes.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['minute'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: meeting_minutes_item; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_minutes_item ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_minutes_item meeting_minutes_item_delete; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_item_delete ON medkoord.meeting_minutes_item FOR DELETE TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_minutes_item.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['minute'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: meeting_minutes_item meeting_minutes_item_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_item_insert ON medkoord.meeting_minutes_item FOR INSERT TO medkoord_server WITH CHECK ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_minutes_item.meeting_no) AND (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['minute'::text]) AS actor_bodies)::smallint[]))))));

--
-- Name: meeting_minutes_item meeting_minutes_item_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_item_of_owner ON medkoord.meeting_minutes_item TO medkoord_owner USING (true) WITH CHECK (true);

--
-- Name: meeting_minutes_item meeting_minutes_item_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_item_read ON medkoord.meeting_minutes_item FOR SELECT TO medkoord_server USING (((EXISTS ( SELECT
   FROM medkoord.meeting_minutes m
  WHERE (m.meeting_no = meeting_minutes_item.meeting_no))) AND (EXISTS ( SELECT
   FROM medkoord.agenda_item a
  WHERE ((a.meeting_no = meeting_minutes_item.meeting_no) AND (a.item = meeting_minutes_item.item))))));

--
-- Name: meeting_minutes meeting_minutes_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_of_owner ON medkoord.meeting_minutes TO medkoord_owner USING (true) WITH CHECK (true);

--
-- Name: meeting_minutes meeting_minutes_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_minutes_read ON medkoord.meeting_minutes FOR SELECT TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE ((m.meeting_no = meeting_minutes.meeting_no) AND ((m.state = 'minutes_approved'::text) OR (m.body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['read_draft'::text]) AS actor_bodies)::smallint[])))))));

--
-- Name: meeting meeting_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_of_owner ON medkoord.meeting TO medkoord_owner USING (true) WITH CHECK (true);

--
-- Name: meeting meeting_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_read ON medkoord.meeting FOR SELECT TO medkoord_server USING (((body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['read_draft'::text]) AS actor_bodies)::smallint[])) OR ((called_at IS NOT NULL) AND (body_no = ANY (( SELECT medkoord.actor_meeting_bodies() AS actor_meeting_bodies)::smallint[])))));

--
-- Name: meeting_recusal; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_recusal ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_recusal meeting_recusal_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_recusal_of_owner ON medkoord.meeting_recusal TO medkoord_owner USING (true) WITH CHECK (true);

--
-- Name: meeting_recusal meeting_recusal_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_recusal_read ON medkoord.meeting_recusal FOR SELECT TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.agenda_item a
  WHERE ((a.meeting_no = meeting_recusal.meeting_no) AND (a.item = meeting_recusal.item)))));

--
-- Name: meeting_step; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_step ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_step meeting_step_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_step_read ON medkoord.meeting_step FOR SELECT USING (true);

--
-- Name: meeting_transition; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.meeting_transition ENABLE ROW LEVEL SECURITY;

--
-- Name: meeting_transition meeting_transition_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_transition_insert ON medkoord.meeting_transition FOR INSERT TO medkoord_server WITH CHECK ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE (m.meeting_no = meeting_transition.meeting_no))));

--
-- Name: meeting_transition meeting_transition_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_transition_of_owner ON medkoord.meeting_transition FOR SELECT TO medkoord_owner USING (true);

--
-- Name: meeting_transition meeting_transition_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_transition_read ON medkoord.meeting_transition FOR SELECT TO medkoord_server USING ((EXISTS ( SELECT
   FROM medkoord.meeting m
  WHERE (m.meeting_no = meeting_transition.meeting_no))));

--
-- Name: meeting meeting_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY meeting_update ON medkoord.meeting FOR UPDATE TO medkoord_server USING ((body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['meet'::text, 'minute'::text, 'approve'::text]) AS actor_bodies)::smallint[])));

--
-- Name: person; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.person ENABLE ROW LEVEL SECURITY;

--
-- Name: person_contact; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.person_contact ENABLE ROW LEVEL SECURITY;

--
-- Name: person_contact person_contact_erase; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_contact_erase ON medkoord.person_contact FOR DELETE TO medkoord_server USING ((( SELECT medkoord.actor_keeps_people() AS actor_keeps_people) OR (person_no = ( SELECT medkoord.actor_person() AS actor_person))));

--
-- Name: person_contact person_contact_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_contact_insert ON medkoord.person_contact FOR INSERT TO medkoord_server WITH CHECK ((( SELECT medkoord.actor_keeps_people() AS actor_keeps_people) OR (person_no = ( SELECT medkoord.actor_person() AS actor_person))));

--
-- Name: person_contact person_contact_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_contact_read ON medkoord.person_contact FOR SELECT TO medkoord_server USING ((( SELECT medkoord.actor_has(VARIADIC ARRAY['auditor'::text]) AS actor_has) OR ( SELECT medkoord.actor_keeps_people() AS actor_keeps_people) OR (person_no = ANY (( SELECT medkoord.actor_colleagues() AS actor_colleagues)::integer[]))));

--
-- Name: person_contact person_contact_traced; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_contact_traced ON medkoord.person_contact FOR SELECT TO medkoord_owner USING ((changed_by = ( SELECT medkoord.traced_subject() AS traced_subject)));

--
-- Name: person_contact person_contact_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_contact_update ON medkoord.person_contact FOR UPDATE TO medkoord_server USING ((( SELECT medkoord.actor_keeps_people() AS actor_keeps_people) OR (person_no = ( SELECT medkoord.actor_person() AS actor_person))));

--
-- Name: person person_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_insert ON medkoord.person FOR INSERT TO medkoord_server WITH CHECK (( SELECT medkoord.actor_keeps_people() AS actor_keeps_people));

--
-- Name: person person_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_of_owner ON medkoord.person TO medkoord_owner USING (true);

--
-- Name: person person_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_read ON medkoord.person FOR SELECT TO medkoord_server USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: person person_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY person_update ON medkoord.person FOR UPDATE TO medkoord_server USING ((( SELECT medkoord.actor_keeps_people() AS actor_keeps_people) OR (person_no = ( SELECT medkoord.actor_person() AS actor_person))));

--
-- Name: population; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.population ENABLE ROW LEVEL SECURITY;

--
-- Name: population population_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY population_insert ON medkoord.population FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: population population_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY population_read ON medkoord.population FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: population population_update; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY population_update ON medkoord.population FOR UPDATE USING (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: population_version; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.population_version ENABLE ROW LEVEL SECURITY;

--
-- Name: population_version population_version_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY population_version_insert ON medkoord.population_version FOR INSERT WITH CHECK (( SELECT medkoord.actor_has(VARIADIC ARRAY['admin'::text]) AS actor_has));

--
-- Name: population_version population_version_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY population_version_read ON medkoord.population_version FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: recusal_decision; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.recusal_decision ENABLE ROW LEVEL SECURITY;

--
-- Name: recusal_decision recusal_decision_insert; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY recusal_decision_insert ON medkoord.recusal_decision FOR INSERT TO medkoord_server WITH CHECK ((body_no = ANY (( SELECT (medkoord.actor_bodies(VARIADIC ARRAY['recuse'::text]) || medkoord.actor_stands_in()))::smallint[])));

--
-- Name: recusal_decision recusal_decision_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY recusal_decision_of_owner ON medkoord.recusal_decision FOR SELECT TO medkoord_owner USING (true);

--
-- Name: recusal_decision recusal_decision_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY recusal_decision_read ON medkoord.recusal_decision FOR SELECT TO medkoord_server USING (((person_no = ( SELECT medkoord.actor_person() AS actor_person)) OR (body_no = ANY (( SELECT medkoord.actor_bodies(VARIADIC ARRAY['recuse'::text, 'appoint'::text]) AS actor_bodies)::smallint[])) OR ( SELECT medkoord.actor_has(VARIADIC ARRAY['auditor'::text, 'admin'::text]) AS actor_has)));

--
-- Name: region; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.region ENABLE ROW LEVEL SECURITY;

--
-- Name: region region_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY region_of_owner ON medkoord.region FOR SELECT TO medkoord_owner USING (true);

--
-- Name: region region_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY region_read ON medkoord.region FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: seat_appoints; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.seat_appoints ENABLE ROW LEVEL SECURITY;

--
-- Name: seat_appoints seat_appoints_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY seat_appoints_of_owner ON medkoord.seat_appoints TO medkoord_owner USING (true);

--
-- Name: seat_appoints seat_appoints_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY seat_appoints_read ON medkoord.seat_appoints FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: seat_right; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.seat_right ENABLE ROW LEVEL SECURITY;

--
-- Name: seat_right seat_right_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY seat_right_of_owner ON medkoord.seat_right TO medkoord_owner USING (true);

--
-- Name: seat_right seat_right_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY seat_right_read ON medkoord.seat_right FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: seat_rule; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.seat_rule ENABLE ROW LEVEL SECURITY;

--
-- Name: seat_rule seat_rule_of_owner; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY seat_rule_of_owner ON medkoord.seat_rule TO medkoord_owner USING (true);

--
-- Name: seat_rule seat_rule_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY seat_rule_read ON medkoord.seat_rule FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

--
-- Name: SCHEMA medkoord; Type: ACL; Schema: -; Owner: medkoord_owner
--

GRANT USAGE ON SCHEMA medkoord TO medkoord_server;

--
-- Name: FUNCTION actor_subject(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_subject() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_subject() TO medkoord_server;

--
-- Name: TABLE divergence_measure; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.divergence_measure TO medkoord_server;

--
-- Name: FUNCTION accept_delivery(p_delivery_no integer, p_content_sha256 text, p_bytes bigint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.accept_delivery(p_delivery_no integer, p_content_sha256 text, p_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.accept_delivery(p_delivery_no integer, p_content_sha256 text, p_bytes bigint) TO medkoord_server;

--
-- Name: FUNCTION actor_region(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_region() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_region() TO medkoord_server;

--
-- Name: FUNCTION region_no_of(slug text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.region_no_of(slug text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.region_no_of(slug text) TO medkoord_server;

--
-- Name: FUNCTION region_on(region_no smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.region_on(region_no smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.region_on(region_no smallint, on_date date) TO medkoord_server;

--
-- Name: FUNCTION today(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.today() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.today() TO medkoord_server;

--
-- Name: FUNCTION actor_acts_for(region_no smallint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_acts_for(region_no smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_acts_for(region_no smallint) TO medkoord_server;

--
-- Name: FUNCTION actor_bodies(VARIADIC may text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_bodies(VARIADIC may text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_bodies(VARIADIC may text[]) TO medkoord_server;

--
-- Name: FUNCTION actor_colleagues(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_colleagues() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_colleagues() TO medkoord_server;

--
-- Name: FUNCTION actor_has(VARIADIC roles text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_has(VARIADIC roles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_has(VARIADIC roles text[]) TO medkoord_server;

--
-- Name: FUNCTION actor_keeps_people(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_keeps_people() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_keeps_people() TO medkoord_server;

--
-- Name: FUNCTION actor_may(what text, in_body smallint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_may(what text, in_body smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_may(what text, in_body smallint) TO medkoord_server;

--
-- Name: FUNCTION actor_may_appoint(to_body smallint, to_role text, by_appointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_may_appoint(to_body smallint, to_role text, by_appointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_may_appoint(to_body smallint, to_role text, by_appointer text) TO medkoord_server;

--
-- Name: FUNCTION actor_meeting_bodies(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_meeting_bodies() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_meeting_bodies() TO medkoord_server;

--
-- Name: FUNCTION actor_name(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_name() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_name() TO medkoord_server;

--
-- Name: FUNCTION actor_oversees(VARIADIC may text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_oversees(VARIADIC may text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_oversees(VARIADIC may text[]) TO medkoord_server;

--
-- Name: FUNCTION actor_person(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_person() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_person() TO medkoord_server;

--
-- Name: TABLE region; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.region TO medkoord_server;

--
-- Name: FUNCTION actor_regions(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_regions() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_regions() TO medkoord_server;

--
-- Name: FUNCTION actor_rights(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_rights() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_rights() TO medkoord_server;

--
-- Name: FUNCTION is_one_line(value text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.is_one_line(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.is_one_line(value text) TO medkoord_server;

--
-- Name: TABLE appointment; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.person_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(person_no) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.body_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(body_no) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.role; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(role) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.region_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(region_no) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.appointed_by; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(appointed_by) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.valid_from; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(valid_from) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.valid_to; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(valid_to),UPDATE(valid_to) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: COLUMN appointment.end_reason; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(end_reason),UPDATE(end_reason) ON TABLE medkoord.appointment TO medkoord_server;

--
-- Name: FUNCTION actor_seats(on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_seats(on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_seats(on_date date) TO medkoord_server;

--
-- Name: FUNCTION actor_sees_subjects(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_sees_subjects() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_sees_subjects() TO medkoord_server;

--
-- Name: FUNCTION actor_stand_in_matters(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_stand_in_matters() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_stand_in_matters() TO medkoord_server;

--
-- Name: FUNCTION actor_stands_in(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_stands_in() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_stands_in() TO medkoord_server;

--
-- Name: FUNCTION add_divergence_measure(body jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.add_divergence_measure(body jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.add_divergence_measure(body jsonb) TO medkoord_server;

--
-- Name: FUNCTION danish_day(at timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.danish_day(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.danish_day(at timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION meeting_etag(member boolean, version integer, shown text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.meeting_etag(member boolean, version integer, shown text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.meeting_etag(member boolean, version integer, shown text) TO medkoord_server;

--
-- Name: FUNCTION meeting_obstacle(number integer, starts_at timestamp with time zone, action text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.meeting_obstacle(number integer, starts_at timestamp with time zone, action text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.meeting_obstacle(number integer, starts_at timestamp with time zone, action text) TO medkoord_server;

--
-- Name: FUNCTION meeting_recused(number integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.meeting_recused(number integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.meeting_recused(number integer) TO medkoord_server;

--
-- Name: FUNCTION meeting_recused_shown(number integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.meeting_recused_shown(number integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.meeting_recused_shown(number integer) TO medkoord_server;

--
-- Name: FUNCTION seats_held(by_person integer, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.seats_held(by_person integer, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.seats_held(by_person integer, on_date date) TO medkoord_server;

--
-- Name: TABLE meeting; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: COLUMN meeting.body_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(body_no) ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: COLUMN meeting.title; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(title),UPDATE(title) ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: COLUMN meeting.starts_at; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(starts_at),UPDATE(starts_at) ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: COLUMN meeting.ends_at; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(ends_at),UPDATE(ends_at) ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: COLUMN meeting.place; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(place),UPDATE(place) ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: COLUMN meeting.open_changed_at; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(open_changed_at) ON TABLE medkoord.meeting TO medkoord_server;

--
-- Name: FUNCTION meeting_seats(by_person integer, at medkoord.meeting); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.meeting_seats(by_person integer, at medkoord.meeting) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.meeting_seats(by_person integer, at medkoord.meeting) TO medkoord_server;

--
-- Name: TABLE agenda_item; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE medkoord.agenda_item TO medkoord_server;

--
-- Name: TABLE body; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.body TO medkoord_server;

--
-- Name: COLUMN body.name; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(name) ON TABLE medkoord.body TO medkoord_server;

--
-- Name: TABLE divergence_snapshot; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.divergence_snapshot TO medkoord_server;

--
-- Name: TABLE meeting_attendance; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,DELETE ON TABLE medkoord.meeting_attendance TO medkoord_server;

--
-- Name: COLUMN meeting_attendance.meeting_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(meeting_no) ON TABLE medkoord.meeting_attendance TO medkoord_server;

--
-- Name: COLUMN meeting_attendance.person_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(person_no) ON TABLE medkoord.meeting_attendance TO medkoord_server;

--
-- Name: COLUMN meeting_attendance.attendance; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(attendance) ON TABLE medkoord.meeting_attendance TO medkoord_server;

--
-- Name: TABLE meeting_minutes; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,DELETE ON TABLE medkoord.meeting_minutes TO medkoord_server;

--
-- Name: COLUMN meeting_minutes.meeting_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(meeting_no) ON TABLE medkoord.meeting_minutes TO medkoord_server;

--
-- Name: COLUMN meeting_minutes.text; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(text) ON TABLE medkoord.meeting_minutes TO medkoord_server;

--
-- Name: TABLE meeting_step; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.meeting_step TO medkoord_server;

--
-- Name: TABLE meeting_transition; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.meeting_transition TO medkoord_server;

--
-- Name: COLUMN meeting_transition.meeting_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(meeting_no) ON TABLE medkoord.meeting_transition TO medkoord_server;

--
-- Name: COLUMN meeting_transition.action; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(action) ON TABLE medkoord.meeting_transition TO medkoord_server;

--
-- Name: COLUMN meeting_transition.reason; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(reason) ON TABLE medkoord.meeting_transition TO medkoord_server;

--
-- Name: TABLE person; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.person TO medkoord_server;

--
-- Name: COLUMN person.name; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(name),UPDATE(name) ON TABLE medkoord.person TO medkoord_server;

--
-- Name: COLUMN person.subject; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(subject),UPDATE(subject) ON TABLE medkoord.person TO medkoord_server;

--
-- Name: TABLE meeting_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.meeting_shown TO medkoord_server;

--
-- Name: FUNCTION announce_apologies(meeting text, apologies boolean); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.announce_apologies(meeting text, apologies boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.announce_apologies(meeting text, apologies boolean) TO medkoord_server;

--
-- Name: TABLE consumption_coverage; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_coverage TO medkoord_server;

--
-- Name: FUNCTION coverage_at(p_source text, p_region_no smallint, p_month date, p_as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.coverage_at(p_source text, p_region_no smallint, p_month date, p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.coverage_at(p_source text, p_region_no smallint, p_month date, p_as_of timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION from_e4(value bigint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.from_e4(value bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.from_e4(value bigint) TO medkoord_server;

--
-- Name: FUNCTION may_deliver(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.may_deliver() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.may_deliver() TO medkoord_server;

--
-- Name: TABLE consumption_delivery; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_delivery TO medkoord_server;

--
-- Name: TABLE consumption_delivery_cost; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_delivery_cost TO medkoord_server;

--
-- Name: TABLE consumption_delivery_transition; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_delivery_transition TO medkoord_server;

--
-- Name: TABLE consumption_rejection_count; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_rejection_count TO medkoord_server;

--
-- Name: TABLE consumption_delivery_resource; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_delivery_resource TO medkoord_server;

--
-- Name: FUNCTION announce_consumption_delivery(body jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.announce_consumption_delivery(body jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.announce_consumption_delivery(body jsonb) TO medkoord_server;

--
-- Name: FUNCTION apply_hospital_transition(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.apply_hospital_transition() FROM PUBLIC;

--
-- Name: FUNCTION apply_meeting_transition(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.apply_meeting_transition() FROM PUBLIC;

--
-- Name: FUNCTION appointment_end(a medkoord.appointment); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.appointment_end(a medkoord.appointment) FROM PUBLIC;

--
-- Name: FUNCTION atc_group(atc text, level integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.atc_group(atc text, level integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.atc_group(atc text, level integer) TO medkoord_server;

--
-- Name: FUNCTION atc_level(atc text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.atc_level(atc text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.atc_level(atc text) TO medkoord_server;

--
-- Name: FUNCTION begin_delivery_upload(p_id uuid); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.begin_delivery_upload(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.begin_delivery_upload(p_id uuid) TO medkoord_server;

--
-- Name: FUNCTION body_successor(of_body smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.body_successor(of_body smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.body_successor(of_body smallint, on_date date) TO medkoord_server;

--
-- Name: FUNCTION check_agenda_is_left(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_agenda_is_left() FROM PUBLIC;

--
-- Name: FUNCTION check_appointment(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_appointment() FROM PUBLIC;

--
-- Name: FUNCTION check_appointment_end(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_appointment_end() FROM PUBLIC;

--
-- Name: FUNCTION check_consumption_coverage(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_consumption_coverage() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.check_consumption_coverage() TO medkoord_server;

--
-- Name: FUNCTION check_consumption_delivery(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_consumption_delivery() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.check_consumption_delivery() TO medkoord_server;

--
-- Name: FUNCTION check_hospital_region(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_hospital_region() FROM PUBLIC;

--
-- Name: FUNCTION check_idempotent_answer(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_idempotent_answer() FROM PUBLIC;

--
-- Name: FUNCTION check_interest(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_interest() FROM PUBLIC;

--
-- Name: FUNCTION check_interest_end(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_interest_end() FROM PUBLIC;

--
-- Name: FUNCTION check_matter(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_matter() FROM PUBLIC;

--
-- Name: FUNCTION check_meeting(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_meeting() FROM PUBLIC;

--
-- Name: FUNCTION check_meeting_part(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_meeting_part() FROM PUBLIC;

--
-- Name: FUNCTION check_person_subject(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_person_subject() FROM PUBLIC;

--
-- Name: FUNCTION check_population_region(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_population_region() FROM PUBLIC;

--
-- Name: FUNCTION check_recusal_decision(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_recusal_decision() FROM PUBLIC;

--
-- Name: FUNCTION check_source(p_source text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_source(p_source text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.check_source(p_source text, pointer text) TO medkoord_server;

--
-- Name: FUNCTION check_window(p_from date, p_to date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_window(p_from date, p_to date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.check_window(p_from date, p_to date) TO medkoord_server;

--
-- Name: FUNCTION claim_idempotency_key(claimed text, for_operation text, with_digest text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.claim_idempotency_key(claimed text, for_operation text, with_digest text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.claim_idempotency_key(claimed text, for_operation text, with_digest text) TO medkoord_server;

--
-- Name: TABLE consumption_cost_month; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_cost_month TO medkoord_server;

--
-- Name: TABLE consumption_region_month; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_region_month TO medkoord_server;

--
-- Name: FUNCTION consumption_changes(p_before integer, p_after integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.consumption_changes(p_before integer, p_after integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.consumption_changes(p_before integer, p_after integer) TO medkoord_server;

--
-- Name: FUNCTION consumption_delivery_report(p_delivery_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.consumption_delivery_report(p_delivery_no integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.consumption_delivery_report(p_delivery_no integer) TO medkoord_server;

--
-- Name: FUNCTION consumption_page(p_source text, p_from date, p_to date, p_period text, p_by text, p_level integer, p_atc text, p_region text, p_hospital text, p_basis text, p_as_of text, p_after date, p_after_region text, p_after_hospital text, p_after_atc text, p_limit bigint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.consumption_page(p_source text, p_from date, p_to date, p_period text, p_by text, p_level integer, p_atc text, p_region text, p_hospital text, p_basis text, p_as_of text, p_after date, p_after_region text, p_after_hospital text, p_after_atc text, p_limit bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.consumption_page(p_source text, p_from date, p_to date, p_period text, p_by text, p_level integer, p_atc text, p_region text, p_hospital text, p_basis text, p_as_of text, p_after date, p_after_region text, p_after_hospital text, p_after_atc text, p_limit bigint) TO medkoord_server;

--
-- Name: FUNCTION months_between(from_month date, to_month date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.months_between(from_month date, to_month date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.months_between(from_month date, to_month date) TO medkoord_server;

--
-- Name: FUNCTION coverage_in_force(p_source text, p_from date, p_to date, p_as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.coverage_in_force(p_source text, p_from date, p_to date, p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.coverage_in_force(p_source text, p_from date, p_to date, p_as_of timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION known_on(as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.known_on(as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.known_on(as_of timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION may_see_cost(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.may_see_cost() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.may_see_cost() TO medkoord_server;

--
-- Name: FUNCTION shown_region(p_region_no smallint, p_basis text, p_as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.shown_region(p_region_no smallint, p_basis text, p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.shown_region(p_region_no smallint, p_basis text, p_as_of timestamp with time zone) TO medkoord_server;

--
-- Name: TABLE consumption_hospital_cost; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_hospital_cost TO medkoord_server;

--
-- Name: TABLE consumption_month; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_month TO medkoord_server;

--
-- Name: TABLE consumption_hospital_month; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_hospital_month TO medkoord_server;

--
-- Name: FUNCTION consumption_sums(p_source text, p_from date, p_to date, p_by text, p_level integer, p_atc text, p_shown_no smallint, p_hospital_no smallint, p_as_of timestamp with time zone, p_basis text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.consumption_sums(p_source text, p_from date, p_to date, p_by text, p_level integer, p_atc text, p_shown_no smallint, p_hospital_no smallint, p_as_of timestamp with time zone, p_basis text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.consumption_sums(p_source text, p_from date, p_to date, p_by text, p_level integer, p_atc text, p_shown_no smallint, p_hospital_no smallint, p_as_of timestamp with time zone, p_basis text) TO medkoord_server;

--
-- Name: FUNCTION consumption_year_cells(p_delivery_no integer, p_year integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.consumption_year_cells(p_delivery_no integer, p_year integer) FROM PUBLIC;

--
-- Name: FUNCTION control_violation(p_code text, p_column text, p_unit text, p_announced text, p_found text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.control_violation(p_code text, p_column text, p_unit text, p_announced text, p_found text) FROM PUBLIC;

--
-- Name: FUNCTION covers_only(p_delivery_no integer, p_regions smallint[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.covers_only(p_delivery_no integer, p_regions smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.covers_only(p_delivery_no integer, p_regions smallint[]) TO medkoord_server;

--
-- Name: FUNCTION subject_shown(subject text, sees_all boolean); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.subject_shown(subject text, sees_all boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.subject_shown(subject text, sees_all boolean) TO medkoord_server;

--
-- Name: TABLE appointment_version; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.appointment_version TO medkoord_server;

--
-- Name: TABLE appointment_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.appointment_shown TO medkoord_server;

--
-- Name: FUNCTION create_appointment(person uuid, body text, role text, region text, appointed_by text, from_date date, to_date date, reason text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_appointment(person uuid, body text, role text, region text, appointed_by text, from_date date, to_date date, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_appointment(person uuid, body text, role text, region text, appointed_by text, from_date date, to_date date, reason text) TO medkoord_server;

--
-- Name: FUNCTION create_hospital(code text, name text, region text, valid_from date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_hospital(code text, name text, region text, valid_from date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_hospital(code text, name text, region text, valid_from date) TO medkoord_server;

--
-- Name: FUNCTION party_key(name text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.party_key(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.party_key(name text) TO medkoord_server;

--
-- Name: TABLE interest; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.person_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(person_no) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.kind; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(kind) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.party; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(party) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.identifier; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(identifier) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.tie; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(tie) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.valid_from; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(valid_from) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.valid_to; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(valid_to),UPDATE(valid_to) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: COLUMN interest.end_reason; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(end_reason) ON TABLE medkoord.interest TO medkoord_server;

--
-- Name: TABLE interest_version; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.interest_version TO medkoord_server;

--
-- Name: TABLE interest_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.interest_shown TO medkoord_server;

--
-- Name: FUNCTION create_interest(person uuid, kind text, party text, identifier text, tie text, from_date date, to_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_interest(person uuid, kind text, party text, identifier text, tie text, from_date date, to_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_interest(person uuid, kind text, party text, identifier text, tie text, from_date date, to_date date) TO medkoord_server;

--
-- Name: FUNCTION party_keys(parties jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.party_keys(parties jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.party_keys(parties jsonb) TO medkoord_server;

--
-- Name: TABLE matter; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.matter TO medkoord_server;

--
-- Name: COLUMN matter.body_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(body_no) ON TABLE medkoord.matter TO medkoord_server;

--
-- Name: COLUMN matter.kind; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(kind) ON TABLE medkoord.matter TO medkoord_server;

--
-- Name: COLUMN matter.reference; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(reference) ON TABLE medkoord.matter TO medkoord_server;

--
-- Name: COLUMN matter.title; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(title),UPDATE(title) ON TABLE medkoord.matter TO medkoord_server;

--
-- Name: COLUMN matter.parties; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(parties),UPDATE(parties) ON TABLE medkoord.matter TO medkoord_server;

--
-- Name: TABLE matter_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.matter_shown TO medkoord_server;

--
-- Name: FUNCTION create_matter(body text, kind text, reference text, title text, parties jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_matter(body text, kind text, reference text, title text, parties jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_matter(body text, kind text, reference text, title text, parties jsonb) TO medkoord_server;

--
-- Name: FUNCTION create_meeting(body text, title text, starts_at timestamp with time zone, ends_at timestamp with time zone, place text, agenda jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_meeting(body text, title text, starts_at timestamp with time zone, ends_at timestamp with time zone, place text, agenda jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_meeting(body text, title text, starts_at timestamp with time zone, ends_at timestamp with time zone, place text, agenda jsonb) TO medkoord_server;

--
-- Name: TABLE person_contact; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,DELETE ON TABLE medkoord.person_contact TO medkoord_server;

--
-- Name: COLUMN person_contact.person_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(person_no) ON TABLE medkoord.person_contact TO medkoord_server;

--
-- Name: COLUMN person_contact.organisation; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(organisation),UPDATE(organisation) ON TABLE medkoord.person_contact TO medkoord_server;

--
-- Name: COLUMN person_contact.title; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(title),UPDATE(title) ON TABLE medkoord.person_contact TO medkoord_server;

--
-- Name: COLUMN person_contact.email; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(email),UPDATE(email) ON TABLE medkoord.person_contact TO medkoord_server;

--
-- Name: COLUMN person_contact.phone; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(phone),UPDATE(phone) ON TABLE medkoord.person_contact TO medkoord_server;

--
-- Name: TABLE person_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.person_shown TO medkoord_server;

--
-- Name: FUNCTION create_person(name text, subject text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_person(name text, subject text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_person(name text, subject text) TO medkoord_server;

--
-- Name: FUNCTION cvr_number_valid(cvr text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.cvr_number_valid(cvr text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.cvr_number_valid(cvr text) TO medkoord_server;

--
-- Name: FUNCTION danish_date(on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.danish_date(on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.danish_date(on_date date) TO medkoord_server;

--
-- Name: FUNCTION danish_midnight(on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.danish_midnight(on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.danish_midnight(on_date date) TO medkoord_server;

--
-- Name: FUNCTION danish_time(at timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.danish_time(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.danish_time(at timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION decide_recusal(of_matter uuid, of_person uuid, action text, reason text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.decide_recusal(of_matter uuid, of_person uuid, action text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.decide_recusal(of_matter uuid, of_person uuid, action text, reason text) TO medkoord_server;

--
-- Name: FUNCTION deciders(in_body smallint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.deciders(in_body smallint) FROM PUBLIC;

--
-- Name: TABLE hospital_region; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.hospital_region TO medkoord_server;

--
-- Name: COLUMN hospital_region.hospital_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(hospital_no) ON TABLE medkoord.hospital_region TO medkoord_server;

--
-- Name: COLUMN hospital_region.region_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(region_no),UPDATE(region_no) ON TABLE medkoord.hospital_region TO medkoord_server;

--
-- Name: COLUMN hospital_region.valid_from; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(valid_from) ON TABLE medkoord.hospital_region TO medkoord_server;

--
-- Name: COLUMN hospital_region.valid_to; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(valid_to) ON TABLE medkoord.hospital_region TO medkoord_server;

--
-- Name: FUNCTION delivery_hospital_months(p_delivery_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.delivery_hospital_months(p_delivery_no integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.delivery_hospital_months(p_delivery_no integer) TO medkoord_server;

--
-- Name: FUNCTION derive_appointment(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.derive_appointment() FROM PUBLIC;

--
-- Name: FUNCTION divergence_ask(p_measure text, p_measure_version integer, p_source text, p_from_month date, p_to_month date, p_as_of text, p_region_basis text, p_atc text, p_level integer, p_one_code boolean, p_at text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_ask(p_measure text, p_measure_version integer, p_source text, p_from_month date, p_to_month date, p_as_of text, p_region_basis text, p_atc text, p_level integer, p_one_code boolean, p_at text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_ask(p_measure text, p_measure_version integer, p_source text, p_from_month date, p_to_month date, p_as_of text, p_region_basis text, p_atc text, p_level integer, p_one_code boolean, p_at text) TO medkoord_server;

--
-- Name: FUNCTION divergence_is_reported(p_delivery_no integer, p_region_no smallint, p_month date, p_basis text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_is_reported(p_delivery_no integer, p_region_no smallint, p_month date, p_basis text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_is_reported(p_delivery_no integer, p_region_no smallint, p_month date, p_basis text) TO medkoord_server;

--
-- Name: FUNCTION divergence_region_map(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_region_map(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_region_map(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: TABLE population_version; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.population_version TO medkoord_server;

--
-- Name: FUNCTION divergence_cells(q medkoord.divergence_question, p_from date, p_to date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_cells(q medkoord.divergence_question, p_from date, p_to date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_cells(q medkoord.divergence_question, p_from date, p_to date) TO medkoord_server;

--
-- Name: FUNCTION divergence_both_windows(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_both_windows(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_both_windows(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_code(p_atc text, p_level integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_code(p_atc text, p_level integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_code(p_atc text, p_level integer) TO medkoord_server;

--
-- Name: FUNCTION divergence_cost_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_cost_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_cost_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) TO medkoord_server;

--
-- Name: FUNCTION divergence_is_material(highest double precision, lowest double precision, material_ratio numeric); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_is_material(highest double precision, lowest double precision, material_ratio numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_is_material(highest double precision, lowest double precision, material_ratio numeric) TO medkoord_server;

--
-- Name: FUNCTION divergence_lasting_codes(q medkoord.divergence_question, p_compared smallint[], p_codes text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_lasting_codes(q medkoord.divergence_question, p_compared smallint[], p_codes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_lasting_codes(q medkoord.divergence_question, p_compared smallint[], p_codes text[]) TO medkoord_server;

--
-- Name: FUNCTION divergence_month_count(p_from date, p_to date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_month_count(p_from date, p_to date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_month_count(p_from date, p_to date) TO medkoord_server;

--
-- Name: FUNCTION divergence_ratio(numerator double precision, denominator double precision); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_ratio(numerator double precision, denominator double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_ratio(numerator double precision, denominator double precision) TO medkoord_server;

--
-- Name: FUNCTION divergence_ratio_reason(denominator double precision); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_ratio_reason(denominator double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_ratio_reason(denominator double precision) TO medkoord_server;

--
-- Name: FUNCTION divergence_regions(q medkoord.divergence_question, p_from date, p_to date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_regions(q medkoord.divergence_question, p_from date, p_to date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_regions(q medkoord.divergence_question, p_from date, p_to date) TO medkoord_server;

--
-- Name: FUNCTION divergence_round(value double precision, decimals integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_round(value double precision, decimals integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_round(value double precision, decimals integer) TO medkoord_server;

--
-- Name: FUNCTION divergence_volumes(q medkoord.divergence_question, p_from date, p_to date, p_with_cost boolean, p_codes text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_volumes(q medkoord.divergence_question, p_from date, p_to date, p_with_cost boolean, p_codes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_volumes(q medkoord.divergence_question, p_from date, p_to date, p_with_cost boolean, p_codes text[]) TO medkoord_server;

--
-- Name: FUNCTION divergence_figures(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_figures(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_figures(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_head(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_head(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_head(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_items(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_items(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_items(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_measure_json(m medkoord.divergence_measure); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_measure_json(m medkoord.divergence_measure) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_measure_json(m medkoord.divergence_measure) TO medkoord_server;

--
-- Name: FUNCTION divergence_month_name(p_month date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_month_name(p_month date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_month_name(p_month date) TO medkoord_server;

--
-- Name: FUNCTION divergence_texts(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_texts() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_texts() TO medkoord_server;

--
-- Name: FUNCTION divergence_time(p_at timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_time(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_time(p_at timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION divergence_overview(q medkoord.divergence_question, p_material boolean, p_sort text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_overview(q medkoord.divergence_question, p_material boolean, p_sort text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_overview(q medkoord.divergence_question, p_material boolean, p_sort text) TO medkoord_server;

--
-- Name: FUNCTION divergence_rows(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_rows(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_rows(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_series(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_series(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_series(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_series_json(q medkoord.divergence_question); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_series_json(q medkoord.divergence_question) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_series_json(q medkoord.divergence_question) TO medkoord_server;

--
-- Name: FUNCTION divergence_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_sums(q medkoord.divergence_question, p_from date, p_to date, p_codes text[]) TO medkoord_server;

--
-- Name: FUNCTION divergence_years(p_from date, p_to date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_years(p_from date, p_to date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_years(p_from date, p_to date) TO medkoord_server;

--
-- Name: FUNCTION end_appointment(appointment uuid, on_date date, reason text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.end_appointment(appointment uuid, on_date date, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.end_appointment(appointment uuid, on_date date, reason text) TO medkoord_server;

--
-- Name: FUNCTION end_interest(interest uuid, on_date date, reason text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.end_interest(interest uuid, on_date date, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.end_interest(interest uuid, on_date date, reason text) TO medkoord_server;

--
-- Name: FUNCTION erase_contact(person uuid, if_match text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.erase_contact(person uuid, if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.erase_contact(person uuid, if_match text) TO medkoord_server;

--
-- Name: FUNCTION follow_ends(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.follow_ends() FROM PUBLIC;

--
-- Name: FUNCTION follow_rights(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.follow_rights() FROM PUBLIC;

--
-- Name: FUNCTION follow_subject(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.follow_subject() FROM PUBLIC;

--
-- Name: FUNCTION hospital_region_on(hospital_no smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.hospital_region_on(hospital_no smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.hospital_region_on(hospital_no smallint, on_date date) TO medkoord_server;

--
-- Name: TABLE hospital; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.hospital TO medkoord_server;

--
-- Name: COLUMN hospital.code; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(code) ON TABLE medkoord.hospital TO medkoord_server;

--
-- Name: COLUMN hospital.name; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(name),UPDATE(name) ON TABLE medkoord.hospital TO medkoord_server;

--
-- Name: TABLE hospital_transition; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.hospital_transition TO medkoord_server;

--
-- Name: COLUMN hospital_transition.hospital_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(hospital_no) ON TABLE medkoord.hospital_transition TO medkoord_server;

--
-- Name: COLUMN hospital_transition.action; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(action) ON TABLE medkoord.hospital_transition TO medkoord_server;

--
-- Name: COLUMN hospital_transition.on_date; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(on_date) ON TABLE medkoord.hospital_transition TO medkoord_server;

--
-- Name: FUNCTION hospitals_on(on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.hospitals_on(on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.hospitals_on(on_date date) TO medkoord_server;

--
-- Name: FUNCTION html_text(value text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.html_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.html_text(value text) TO medkoord_server;

--
-- Name: FUNCTION ical_line(line text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.ical_line(line text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.ical_line(line text) TO medkoord_server;

--
-- Name: FUNCTION ical_text(value text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.ical_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.ical_text(value text) TO medkoord_server;

--
-- Name: FUNCTION ical_time(at timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.ical_time(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.ical_time(at timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION interests_page(of_person uuid, of_kind text, on_date date, before integer, page bigint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.interests_page(of_person uuid, of_kind text, on_date date, before integer, page bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.interests_page(of_person uuid, of_kind text, on_date date, before integer, page bigint) TO medkoord_server;

--
-- Name: FUNCTION keep_appointment_version(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.keep_appointment_version() FROM PUBLIC;

--
-- Name: FUNCTION keep_interest_version(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.keep_interest_version() FROM PUBLIC;

--
-- Name: FUNCTION keep_population_version(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.keep_population_version() FROM PUBLIC;

--
-- Name: FUNCTION known_at(as_of text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.known_at(as_of text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.known_at(as_of text) TO medkoord_server;

--
-- Name: FUNCTION last_reported_month(p_source text, p_as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.last_reported_month(p_source text, p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.last_reported_month(p_source text, p_as_of timestamp with time zone) TO medkoord_server;

--
-- Name: FUNCTION limit_divergence_snapshots(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.limit_divergence_snapshots() FROM PUBLIC;

--
-- Name: FUNCTION lock_consumption_delivery(p_id uuid); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.lock_consumption_delivery(p_id uuid) FROM PUBLIC;

--
-- Name: FUNCTION lock_meeting(by_reference text, may text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.lock_meeting(by_reference text, may text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.lock_meeting(by_reference text, may text) TO medkoord_server;

--
-- Name: FUNCTION matter_number(in_body smallint, of_kind text, of_reference text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.matter_number(in_body smallint, of_kind text, of_reference text) FROM PUBLIC;

--
-- Name: FUNCTION matter_recusals(of_matter uuid, of_person uuid, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.matter_recusals(of_matter uuid, of_person uuid, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.matter_recusals(of_matter uuid, of_person uuid, on_date date) TO medkoord_server;

--
-- Name: FUNCTION meeting_calendar(of_body smallint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.meeting_calendar(of_body smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.meeting_calendar(of_body smallint) TO medkoord_server;

--
-- Name: FUNCTION move_hospital(number smallint, to_region smallint, from_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.move_hospital(number smallint, to_region smallint, from_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.move_hospital(number smallint, to_region smallint, from_date date) TO medkoord_server;

--
-- Name: FUNCTION next_change_of_source(p_source text, p_delivery_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.next_change_of_source(p_source text, p_delivery_no integer) FROM PUBLIC;

--
-- Name: FUNCTION number_meeting(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.number_meeting() FROM PUBLIC;

--
-- Name: FUNCTION number_person_contact(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.number_person_contact() FROM PUBLIC;

--
-- Name: FUNCTION open_agenda(number integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.open_agenda(number integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.open_agenda(number integer) TO medkoord_server;

--
-- Name: FUNCTION open_meeting(by_reference text, may text, if_match text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.open_meeting(by_reference text, may text, if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.open_meeting(by_reference text, may text, if_match text) TO medkoord_server;

--
-- Name: FUNCTION party_faults(kind text, name text, identifier text, pointer text, name_at text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.party_faults(kind text, name text, identifier text, pointer text, name_at text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.party_faults(kind text, name text, identifier text, pointer text, name_at text) TO medkoord_server;

--
-- Name: FUNCTION people_seated(in_body smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.people_seated(in_body smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.people_seated(in_body smallint, on_date date) TO medkoord_server;

--
-- Name: FUNCTION period_name(period_from date, period text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.period_name(period_from date, period text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.period_name(period_from date, period text) TO medkoord_server;

--
-- Name: FUNCTION periods_between(p_from date, p_to date, p_period text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.periods_between(p_from date, p_to date, p_period text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.periods_between(p_from date, p_to date, p_period text) TO medkoord_server;

--
-- Name: FUNCTION person_interests(of_person integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.person_interests(of_person integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.person_interests(of_person integer) TO medkoord_server;

--
-- Name: FUNCTION person_meetings(of_person integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.person_meetings(of_person integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.person_meetings(of_person integer) TO medkoord_server;

--
-- Name: FUNCTION person_recusals(of_person integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.person_recusals(of_person integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.person_recusals(of_person integer) TO medkoord_server;

--
-- Name: FUNCTION problem(code text, detail text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.problem(code text, detail text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.problem(code text, detail text, pointer text) TO medkoord_server;

--
-- Name: FUNCTION problems(faults jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.problems(faults jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.problems(faults jsonb) TO medkoord_server;

--
-- Name: TABLE idempotency_key; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,INSERT ON TABLE medkoord.idempotency_key TO medkoord_server;

--
-- Name: COLUMN idempotency_key.status; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(status) ON TABLE medkoord.idempotency_key TO medkoord_server;

--
-- Name: COLUMN idempotency_key.location; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(location) ON TABLE medkoord.idempotency_key TO medkoord_server;

--
-- Name: COLUMN idempotency_key.etag; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(etag) ON TABLE medkoord.idempotency_key TO medkoord_server;

--
-- Name: COLUMN idempotency_key.body; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(body) ON TABLE medkoord.idempotency_key TO medkoord_server;

--
-- Name: FUNCTION purge_idempotency_keys(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.purge_idempotency_keys() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.purge_idempotency_keys() TO medkoord_server;

--
-- Name: FUNCTION put_agenda(meeting text, if_match text, items jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.put_agenda(meeting text, if_match text, items jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.put_agenda(meeting text, if_match text, items jsonb) TO medkoord_server;

--
-- Name: FUNCTION put_attendance(meeting text, if_match text, attendance jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.put_attendance(meeting text, if_match text, attendance jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.put_attendance(meeting text, if_match text, attendance jsonb) TO medkoord_server;

--
-- Name: TABLE meeting_minutes_item; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE medkoord.meeting_minutes_item TO medkoord_server;

--
-- Name: TABLE meeting_minutes_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.meeting_minutes_shown TO medkoord_server;

--
-- Name: FUNCTION put_minutes(meeting text, if_match text, minutes text, items jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.put_minutes(meeting text, if_match text, minutes text, items jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.put_minutes(meeting text, if_match text, minutes text, items jsonb) TO medkoord_server;

--
-- Name: FUNCTION reading_window(p_from date, p_to date, p_as_of text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.reading_window(p_from date, p_to date, p_as_of text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.reading_window(p_from date, p_to date, p_as_of text) TO medkoord_server;

--
-- Name: FUNCTION recusal_grounds(people integer[], of_matter integer, during daterange); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.recusal_grounds(people integer[], of_matter integer, during daterange) FROM PUBLIC;

--
-- Name: FUNCTION recusal_reasons(person_no integer, body_no smallint, matter_kind text, reference text, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.recusal_reasons(person_no integer, body_no smallint, matter_kind text, reference text, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.recusal_reasons(person_no integer, body_no smallint, matter_kind text, reference text, on_date date) TO medkoord_server;

--
-- Name: FUNCTION recused(person_no integer, body_no smallint, matter_kind text, reference text, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.recused(person_no integer, body_no smallint, matter_kind text, reference text, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.recused(person_no integer, body_no smallint, matter_kind text, reference text, on_date date) TO medkoord_server;

--
-- Name: FUNCTION recused_people(body_no smallint, matter_kind text, reference text, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.recused_people(body_no smallint, matter_kind text, reference text, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.recused_people(body_no smallint, matter_kind text, reference text, on_date date) TO medkoord_server;

--
-- Name: FUNCTION refuse_question(p_at text, p_name text, p_code text, p_detail text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.refuse_question(p_at text, p_name text, p_code text, p_detail text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.refuse_question(p_at text, p_name text, p_code text, p_detail text) TO medkoord_server;

--
-- Name: FUNCTION refuse_rewriting(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.refuse_rewriting() FROM PUBLIC;

--
-- Name: FUNCTION region_in_force(region_no smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.region_in_force(region_no smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.region_in_force(region_no smallint, on_date date) TO medkoord_server;

--
-- Name: FUNCTION reject_delivery(p_id uuid, p_content_sha256 text, p_bytes bigint, p_counts jsonb, p_rejections jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.reject_delivery(p_id uuid, p_content_sha256 text, p_bytes bigint, p_counts jsonb, p_rejections jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.reject_delivery(p_id uuid, p_content_sha256 text, p_bytes bigint, p_counts jsonb, p_rejections jsonb) TO medkoord_server;

--
-- Name: FUNCTION renew_consumption_years(p_delivery_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.renew_consumption_years(p_delivery_no integer) FROM PUBLIC;

--
-- Name: FUNCTION reported_months(p_source text, p_from date, p_to date, p_as_of timestamp with time zone, p_basis text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.reported_months(p_source text, p_from date, p_to date, p_as_of timestamp with time zone, p_basis text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.reported_months(p_source text, p_from date, p_to date, p_as_of timestamp with time zone, p_basis text) TO medkoord_server;

--
-- Name: FUNCTION require_accepted_delivery(p_id uuid, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_accepted_delivery(p_id uuid, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_accepted_delivery(p_id uuid, pointer text) TO medkoord_server;

--
-- Name: FUNCTION require_appointing(in_body smallint, in_role text, by_appointer text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_appointing(in_body smallint, in_role text, by_appointer text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_appointing(in_body smallint, in_role text, by_appointer text, pointer text) TO medkoord_server;

--
-- Name: FUNCTION require_authority(what text, in_body smallint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_authority(what text, in_body smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_authority(what text, in_body smallint) TO medkoord_server;

--
-- Name: FUNCTION require_body(slug text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_body(slug text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_body(slug text, pointer text) TO medkoord_server;

--
-- Name: FUNCTION require_consumption_delivery(p_id uuid); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_consumption_delivery(p_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_consumption_delivery(p_id uuid) TO medkoord_server;

--
-- Name: FUNCTION require_hospital(code text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_hospital(code text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_hospital(code text, pointer text) TO medkoord_server;

--
-- Name: FUNCTION require_interest_access(person_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_interest_access(person_no integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_interest_access(person_no integer) TO medkoord_server;

--
-- Name: FUNCTION require_match(if_match text, etag text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_match(if_match text, etag text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_match(if_match text, etag text) TO medkoord_server;

--
-- Name: FUNCTION require_no_match(if_match text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_no_match(if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_no_match(if_match text) TO medkoord_server;

--
-- Name: FUNCTION require_not_recused(body_no smallint, matter_kind text, reference text, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_not_recused(body_no smallint, matter_kind text, reference text, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_not_recused(body_no smallint, matter_kind text, reference text, on_date date) TO medkoord_server;

--
-- Name: FUNCTION require_person(id uuid, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_person(id uuid, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_person(id uuid, pointer text) TO medkoord_server;

--
-- Name: FUNCTION require_person_access(person_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_person_access(person_no integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_person_access(person_no integer) TO medkoord_server;

--
-- Name: FUNCTION require_personal_data(person_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_personal_data(person_no integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_personal_data(person_no integer) TO medkoord_server;

--
-- Name: FUNCTION require_region(slug text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_region(slug text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_region(slug text, pointer text) TO medkoord_server;

--
-- Name: FUNCTION require_snapshot(ref text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_snapshot(ref text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_snapshot(ref text, pointer text) TO medkoord_server;

--
-- Name: TABLE seat_right; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.seat_right TO medkoord_server;

--
-- Name: FUNCTION rights_of_seat(kind text, role text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.rights_of_seat(kind text, role text) FROM PUBLIC;

--
-- Name: FUNCTION roster_findings(of_body smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.roster_findings(of_body smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.roster_findings(of_body smallint, on_date date) TO medkoord_server;

--
-- Name: FUNCTION roster_seats(of_body smallint, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.roster_seats(of_body smallint, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.roster_seats(of_body smallint, on_date date) TO medkoord_server;

--
-- Name: FUNCTION seated_by_others(bodies smallint[], on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.seated_by_others(bodies smallint[], on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.seated_by_others(bodies smallint[], on_date date) TO medkoord_server;

--
-- Name: FUNCTION sees_all_deliveries(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.sees_all_deliveries() FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.sees_all_deliveries() TO medkoord_server;

--
-- Name: FUNCTION stamp_change(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.stamp_change() FROM PUBLIC;

--
-- Name: FUNCTION subject_traces(of_person integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.subject_traces(of_person integer) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.subject_traces(of_person integer) TO medkoord_server;

--
-- Name: FUNCTION take_divergence_snapshot(p_title text, p_question medkoord.divergence_question, p_material boolean, p_sort text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.take_divergence_snapshot(p_title text, p_question medkoord.divergence_question, p_material boolean, p_sort text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.take_divergence_snapshot(p_title text, p_question medkoord.divergence_question, p_material boolean, p_sort text) TO medkoord_server;

--
-- Name: FUNCTION to_e4(value numeric, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.to_e4(value numeric, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.to_e4(value numeric, pointer text) TO medkoord_server;

--
-- Name: FUNCTION traced_subject(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.traced_subject() FROM PUBLIC;

--
-- Name: FUNCTION transition_consumption_delivery(p_id uuid, p_action text, p_reason text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.transition_consumption_delivery(p_id uuid, p_action text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.transition_consumption_delivery(p_id uuid, p_action text, p_reason text) TO medkoord_server;

--
-- Name: FUNCTION transition_hospital(hospital text, action text, on_date date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.transition_hospital(hospital text, action text, on_date date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.transition_hospital(hospital text, action text, on_date date) TO medkoord_server;

--
-- Name: FUNCTION transition_meeting(meeting text, if_match text, action text, reason text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.transition_meeting(meeting text, if_match text, action text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.transition_meeting(meeting text, if_match text, action text, reason text) TO medkoord_server;

--
-- Name: TABLE seat_rule; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.seat_rule TO medkoord_server;

--
-- Name: TABLE body_shown; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.body_shown TO medkoord_server;

--
-- Name: FUNCTION update_body(body text, if_match text, changes jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.update_body(body text, if_match text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.update_body(body text, if_match text, changes jsonb) TO medkoord_server;

--
-- Name: FUNCTION update_hospital(hospital text, if_match text, changes jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.update_hospital(hospital text, if_match text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.update_hospital(hospital text, if_match text, changes jsonb) TO medkoord_server;

--
-- Name: FUNCTION update_matter(matter uuid, if_match text, changes jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.update_matter(matter uuid, if_match text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.update_matter(matter uuid, if_match text, changes jsonb) TO medkoord_server;

--
-- Name: FUNCTION update_meeting(meeting text, if_match text, changes jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.update_meeting(meeting text, if_match text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.update_meeting(meeting text, if_match text, changes jsonb) TO medkoord_server;

--
-- Name: FUNCTION update_person(person uuid, if_match text, changes jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.update_person(person uuid, if_match text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.update_person(person uuid, if_match text, changes jsonb) TO medkoord_server;

--
-- Name: FUNCTION upload_violations(p_table text, p_delivery_no integer); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.upload_violations(p_table text, p_delivery_no integer) FROM PUBLIC;

--
-- Name: FUNCTION url_segment(value text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.url_segment(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.url_segment(value text) TO medkoord_server;

--
-- Name: FUNCTION write_agenda(number integer, items jsonb, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.write_agenda(number integer, items jsonb, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.write_agenda(number integer, items jsonb, pointer text) TO medkoord_server;

--
-- Name: FUNCTION write_apologies(number integer, apologies boolean); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.write_apologies(number integer, apologies boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.write_apologies(number integer, apologies boolean) TO medkoord_server;

--
-- Name: FUNCTION write_meeting(target medkoord.meeting, may text, changes jsonb, shown boolean); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.write_meeting(target medkoord.meeting, may text, changes jsonb, shown boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.write_meeting(target medkoord.meeting, may text, changes jsonb, shown boolean) TO medkoord_server;

--
-- Name: FUNCTION sum_bigint(bigint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.sum_bigint(bigint) FROM PUBLIC;

--
-- Name: TABLE appointer; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.appointer TO medkoord_server;

--
-- Name: TABLE atc_code; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.atc_code TO medkoord_server;

--
-- Name: COLUMN atc_code.atc; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(atc) ON TABLE medkoord.atc_code TO medkoord_server;

--
-- Name: COLUMN atc_code.name; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(name),UPDATE(name) ON TABLE medkoord.atc_code TO medkoord_server;

--
-- Name: COLUMN atc_code.name_source; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(name_source),UPDATE(name_source) ON TABLE medkoord.atc_code TO medkoord_server;

--
-- Name: TABLE consumption_cost_year; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_cost_year TO medkoord_server;

--
-- Name: TABLE consumption_rejection; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_rejection TO medkoord_server;

--
-- Name: TABLE consumption_row; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_row TO medkoord_server;

--
-- Name: TABLE consumption_year; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.consumption_year TO medkoord_server;

--
-- Name: TABLE meeting_recusal; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.meeting_recusal TO medkoord_server;

--
-- Name: SEQUENCE person_contact_version; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT USAGE ON SEQUENCE medkoord.person_contact_version TO medkoord_server;

--
-- Name: TABLE population; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT,INSERT ON TABLE medkoord.population TO medkoord_server;

--
-- Name: COLUMN population.population; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(population) ON TABLE medkoord.population TO medkoord_server;

--
-- Name: COLUMN population.source; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(source) ON TABLE medkoord.population TO medkoord_server;

--
-- Name: COLUMN population.evidence; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT UPDATE(evidence) ON TABLE medkoord.population TO medkoord_server;

--
-- Name: TABLE recusal_decision; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.recusal_decision TO medkoord_server;

--
-- Name: COLUMN recusal_decision.matter_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(matter_no) ON TABLE medkoord.recusal_decision TO medkoord_server;

--
-- Name: COLUMN recusal_decision.body_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(body_no) ON TABLE medkoord.recusal_decision TO medkoord_server;

--
-- Name: COLUMN recusal_decision.person_no; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(person_no) ON TABLE medkoord.recusal_decision TO medkoord_server;

--
-- Name: COLUMN recusal_decision.action; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(action) ON TABLE medkoord.recusal_decision TO medkoord_server;

--
-- Name: COLUMN recusal_decision.reason; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT INSERT(reason) ON TABLE medkoord.recusal_decision TO medkoord_server;

--
-- Name: TABLE schema_migration; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.schema_migration TO medkoord_server;

--
-- Name: TABLE seat_appoints; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.seat_appoints TO medkoord_server;

--
-- Name: FUNCTION divergence_last_month(p_source text, p_as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_last_month(p_source text, p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_last_month(p_source text, p_as_of timestamp with time zone) TO medkoord_server;

--
-- PostgreSQL database dump complete
--

