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
-- Name: actor_has(text[]); Type: FUNCTION; Schema: medkoord; Owner: medkoord_owner
--

CREATE FUNCTION medkoord.actor_has(VARIADIC roles text[]) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((string_to_array(current_setting('medkoord.roles'::text, true), ','::text) && array_remove(roles, ''::text)), false);

ALTER FUNCTION medkoord.actor_has(VARIADIC roles text[]) OWNER TO medkoord_owner;

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
          DELETE FROM medkoord.idempotency_key AS k
            USING old
           WHERE ((k.subject = old.subject) AND (k.key = old.key))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM gone;
END;

ALTER FUNCTION medkoord.purge_idempotency_keys() OWNER TO medkoord_owner;

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
-- Name: atc_code atc_code_pkey; Type: CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.atc_code
    ADD CONSTRAINT atc_code_pkey PRIMARY KEY (atc);

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
-- Name: hospital_region_by_region; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX hospital_region_by_region ON medkoord.hospital_region USING btree (region_no);

--
-- Name: idempotency_key_created_at; Type: INDEX; Schema: medkoord; Owner: medkoord_owner
--

CREATE INDEX idempotency_key_created_at ON medkoord.idempotency_key USING btree (created_at);

--
-- Name: atc_code atc_code_stamp; Type: TRIGGER; Schema: medkoord; Owner: medkoord_owner
--

CREATE TRIGGER atc_code_stamp BEFORE INSERT OR UPDATE ON medkoord.atc_code FOR EACH ROW EXECUTE FUNCTION medkoord.stamp_change();

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
-- Name: region region_successor_follows; Type: FK CONSTRAINT; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE ONLY medkoord.region
    ADD CONSTRAINT region_successor_follows FOREIGN KEY (successor_no, valid_to) REFERENCES medkoord.region(region_no, valid_from);

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

CREATE POLICY consumption_rejection_read ON medkoord.consumption_rejection FOR SELECT USING ((( SELECT medkoord.sees_all_deliveries() AS sees_all_deliveries) OR (( SELECT medkoord.actor_has(VARIADIC ARRAY['region_coordinator'::text]) AS actor_has) AND (EXISTS ( SELECT
   FROM medkoord.consumption_coverage c
  WHERE ((c.delivery_no = consumption_rejection.delivery_no) AND (c.region_no = ANY (( SELECT medkoord.actor_regions() AS actor_regions)::smallint[]))))))));

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
-- Name: region; Type: ROW SECURITY; Schema: medkoord; Owner: medkoord_owner
--

ALTER TABLE medkoord.region ENABLE ROW LEVEL SECURITY;

--
-- Name: region region_read; Type: POLICY; Schema: medkoord; Owner: medkoord_owner
--

CREATE POLICY region_read ON medkoord.region FOR SELECT USING ((( SELECT medkoord.actor_subject() AS actor_subject) IS NOT NULL));

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
-- Name: FUNCTION actor_has(VARIADIC roles text[]); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.actor_has(VARIADIC roles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.actor_has(VARIADIC roles text[]) TO medkoord_server;

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
-- Name: FUNCTION add_divergence_measure(body jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.add_divergence_measure(body jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.add_divergence_measure(body jsonb) TO medkoord_server;

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
-- Name: FUNCTION check_population_region(); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.check_population_region() FROM PUBLIC;

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
-- Name: FUNCTION create_hospital(code text, name text, region text, valid_from date); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.create_hospital(code text, name text, region text, valid_from date) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.create_hospital(code text, name text, region text, valid_from date) TO medkoord_server;

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
-- Name: FUNCTION lock_consumption_delivery(p_id uuid); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.lock_consumption_delivery(p_id uuid) FROM PUBLIC;

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
-- Name: FUNCTION reading_window(p_from date, p_to date, p_as_of text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.reading_window(p_from date, p_to date, p_as_of text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.reading_window(p_from date, p_to date, p_as_of text) TO medkoord_server;

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
-- Name: FUNCTION require_region(slug text, pointer text); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.require_region(slug text, pointer text) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.require_region(slug text, pointer text) TO medkoord_server;

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
-- Name: TABLE divergence_snapshot; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.divergence_snapshot TO medkoord_server;

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
-- Name: FUNCTION update_hospital(hospital text, if_match text, changes jsonb); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.update_hospital(hospital text, if_match text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.update_hospital(hospital text, if_match text, changes jsonb) TO medkoord_server;

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
-- Name: FUNCTION sum_bigint(bigint); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.sum_bigint(bigint) FROM PUBLIC;

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
-- Name: TABLE schema_migration; Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

GRANT SELECT ON TABLE medkoord.schema_migration TO medkoord_server;

--
-- Name: FUNCTION divergence_last_month(p_source text, p_as_of timestamp with time zone); Type: ACL; Schema: medkoord; Owner: medkoord_owner
--

REVOKE ALL ON FUNCTION medkoord.divergence_last_month(p_source text, p_as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION medkoord.divergence_last_month(p_source text, p_as_of timestamp with time zone) TO medkoord_server;

--
-- PostgreSQL database dump complete
--

