-- Divergence between the regions: measures with versions, the mathematics of an overview, and frozen overviews.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
--
-- The task is the forum's: to follow the regions' use and share what it sees (Kommissorium for tværregionalt forum for
-- koordination af medicin, 31-03-2017, § 2 and § 4.2). With four or five regions, z-scores and percentiles mean nothing
-- (|z| cannot exceed 1.79 with five), so an overview compares rates directly.
--
-- From the figures to an overview, each stage a function that reads only the ones before it:
--   divergence_ask        what is asked for, checked, with every default filled in
--   divergence_cells      region x month: which delivery counts, how many live there
--   divergence_regions    region: what it reported, and its exposure (the denominator of its rate)
--   divergence_sums       code x region: what was used in a run of months
--   divergence_volumes    the same by ATC level and by the regions that are shown
--   divergence_figures    code x region: every figure of the overview
--   divergence_items      code: the figures as JSON; divergence_head: what stands above them
--   divergence_overview   the overview as the contract shows it
-- Stages that are plpgsql are so for one reason: a session keeps their plans, and planning costs as much as a small
-- overview itself (62 codes: 15 ms instead of 33). Their SETs hold the plan to what was measured, whatever the
-- statistics of the day say.
--
-- Words used throughout:
--   volume    what a measure counts: DDD, packs or øre
--   exposure  what it counts against: inhabitants x days, or inhabitants
--   rate      volume x 1000 / exposure
--   compared  a region that reported every month of the window and whose population is known for all of them. Only
--             compared regions are ranked, and the national figure, the rest of the country, shares and expected use
--             are those of the compared regions together: so a missing month never looks like less use.

-- ---- measures: what is counted against what, and when a difference counts. A version is never changed ----

CREATE TABLE divergence_measure (
    name text COLLATE "C" NOT NULL,
    version int NOT NULL,
    basis text NOT NULL,
    per text NOT NULL,
    unit text NOT NULL GENERATED ALWAYS AS (
        CASE basis WHEN 'ddd' THEN 'DDD' WHEN 'packs' THEN 'packs' ELSE 'øre' END ||
        CASE per WHEN '1000_inhabitants_per_day' THEN ' per 1,000 inhabitants per day'
                 ELSE ' per 1,000 inhabitants' END) STORED,
    unit_da text NOT NULL GENERATED ALWAYS AS (
        CASE basis WHEN 'ddd' THEN 'DDD' WHEN 'packs' THEN 'pakninger' ELSE 'øre' END ||
        CASE per WHEN '1000_inhabitants_per_day' THEN ' pr. 1.000 indbyggere pr. dag'
                 ELSE ' pr. 1.000 indbyggere' END) STORED,
    definition text NOT NULL,
    definition_da text NOT NULL,
    minimum_volume numeric NOT NULL,   -- national use in the window, in the unit of the basis
    material_ratio numeric NOT NULL,   -- highest region / lowest region
    sustained_months int NOT NULL,     -- how many of the window's last months must show it, each of them
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT divergence_measure_pkey PRIMARY KEY (name, version),
    CONSTRAINT divergence_measure_basis_unique UNIQUE (name, version, basis),  -- what snapshots refer to
    CONSTRAINT divergence_measure_name_form CHECK (name ~ '^[a-z][a-z0-9_]{2,62}$'),
    CONSTRAINT divergence_measure_version_positive CHECK (version > 0),
    CONSTRAINT divergence_measure_basis CHECK (basis IN ('ddd', 'packs', 'cost_ore')),
    CONSTRAINT divergence_measure_per CHECK (per IN ('1000_inhabitants_per_day', '1000_inhabitants')),
    CONSTRAINT divergence_measure_definition_length CHECK (length(definition) BETWEEN 1 AND 2000),
    CONSTRAINT divergence_measure_definition_da_length CHECK (length(definition_da) BETWEEN 1 AND 2000),
    -- NaN is greater than every number, so the upper bounds keep it out too.
    CONSTRAINT divergence_measure_minimum_volume
        CHECK (minimum_volume BETWEEN 0 AND 1e12 AND scale(minimum_volume) <= 4),
    CONSTRAINT divergence_measure_material_ratio
        CHECK (material_ratio > 1 AND material_ratio <= 1000 AND scale(material_ratio) <= 4),
    CONSTRAINT divergence_measure_sustained_months CHECK (sustained_months BETWEEN 1 AND 24)
);

-- The first versions. A ratio of 2 between the highest and the lowest region, seen in each of the last three months of
-- the window (one quarter, the rhythm of the forum's four meetings a year); the least volumes keep a handful of
-- patients from looking like a regional difference. The thresholds are ours, not the terms of reference's: the
-- secretariat sets its own by adding a version.
INSERT INTO divergence_measure
    (name, version, basis, per, definition, definition_da, minimum_volume, material_ratio, sustained_months)
VALUES
    ('ddd_per_1000_per_day', 1, 'ddd', '1000_inhabitants_per_day',
     'Sum of DDD x 1000 / sum over the months of (inhabitants x days of the month). Inhabitants: the latest known on or before the first day of the month.',
     'Sum af DDD x 1000 / sum over månederne af (indbyggere x månedens dage). Indbyggere: senest kendte tal på eller før den første i måneden.',
     1000, 2, 3),
    ('packs_per_1000', 1, 'packs', '1000_inhabitants',
     'Sum of packs x 1000 / mean number of inhabitants over the months of the window. Inhabitants: the latest known on or before the first day of the month.',
     'Sum af pakninger x 1000 / gennemsnitligt antal indbyggere over periodens måneder. Indbyggere: senest kendte tal på eller før den første i måneden.',
     200, 2, 3),
    ('cost_per_1000', 1, 'cost_ore', '1000_inhabitants',
     'Sum of cost in øre, as delivered, x 1000 / mean number of inhabitants over the months of the window. Inhabitants: the latest known on or before the first day of the month.',
     'Sum af udgift i øre, som leveret, x 1000 / gennemsnitligt antal indbyggere over periodens måneder. Indbyggere: senest kendte tal på eller før den første i måneden.',
     10000000, 2, 3);

ALTER TABLE divergence_measure ENABLE ROW LEVEL SECURITY;
ALTER TABLE divergence_measure FORCE ROW LEVEL SECURITY;
-- To whoever may not see cost, a measure of cost does not exist.
CREATE POLICY divergence_measure_read ON divergence_measure FOR SELECT
    USING ((SELECT actor_subject()) IS NOT NULL AND (basis <> 'cost_ore' OR (SELECT may_see_cost())));
CREATE POLICY divergence_measure_insert ON divergence_measure FOR INSERT
    WITH CHECK ((SELECT actor_has('forum_secretariat', 'admin')));
GRANT SELECT ON divergence_measure TO medkoord_server;

-- Overviews and minutes cite versions and snapshots: whoever may write here, including the owner, cannot rewrite them.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: what is there is cited elsewhere and never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER divergence_measure_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON divergence_measure
    EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER population_version_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON population_version
    EXECUTE FUNCTION refuse_rewriting();

-- Adds the next version (body: schemas/NewDivergenceMeasure.yaml, checked in form). Two callers at once get two numbers:
-- the lock is held until the transaction ends, and the highest number is read by a statement that begins after it.
CREATE FUNCTION add_divergence_measure(body jsonb) RETURNS SETOF divergence_measure
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
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

-- ---- the question ----

CREATE TYPE divergence_question AS (
    measure divergence_measure,
    source text,
    from_month date,
    to_month date,
    as_of timestamptz,       -- what was known then; 'infinity': as things stand
    region_basis text,       -- as_reported | current: predecessors added up into the region of as_of's date
    atc text,                -- prefix; '' for all
    level int,               -- 1..5
    one_code boolean,        -- atc is the one code asked for, also when nobody used it
    with_cost boolean        -- excess cost is worked out too: only for whoever may see it
);

-- The last month that every region of its time has reported; else the last that anybody has; else last month.
CREATE FUNCTION divergence_last_month(p_source text, p_as_of timestamptz) RETURNS date LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH last AS (
        SELECT r.region_no, r.valid_from, r.valid_to, max(c.month) AS month
        FROM region r
        JOIN consumption_coverage c ON c.source = p_source AND c.region_no = r.region_no
        WHERE c.accepted_at <= p_as_of AND (c.withdrawn_at IS NULL OR c.withdrawn_at > p_as_of)
        GROUP BY r.region_no
    )
    SELECT COALESCE(
        (SELECT min(l.month) FROM last l
         WHERE l.valid_from <= newest.month AND COALESCE(l.valid_to > newest.month, true)),
        (date_trunc('month', today()) - interval '1 month')::date)
    FROM (SELECT max(l.month) AS month FROM last l) newest;
END;

-- A problem with what was asked for: in the query 400, in a body 422. at is 'query/' or '/'.
CREATE FUNCTION refuse_question(p_at text, p_name text, p_code text, p_detail text) RETURNS boolean LANGUAGE sql VOLATILE
RETURN problem(CASE p_at WHEN 'query/' THEN 'invalid_parameter' ELSE p_code END, p_detail, p_at || p_name);

CREATE FUNCTION divergence_ask(
    p_measure text, p_measure_version int, p_source text, p_from_month date, p_to_month date, p_as_of text,
    p_region_basis text, p_atc text, p_level int, p_one_code boolean, p_at text)
RETURNS divergence_question LANGUAGE plpgsql STABLE AS $$
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

CREATE FUNCTION divergence_month_count(p_from date, p_to date) RETURNS int LANGUAGE sql IMMUTABLE
RETURN (date_part('year', p_to) - date_part('year', p_from)) * 12
    + date_part('month', p_to) - date_part('month', p_from) + 1;

-- The region each region is shown as.
CREATE FUNCTION divergence_region_map(q divergence_question) RETURNS TABLE (member_no smallint, region_no smallint)
LANGUAGE sql STABLE ROWS 6
BEGIN ATOMIC
    SELECT r.region_no, CASE (q).region_basis
        WHEN 'current' THEN region_on(r.region_no, known_on((q).as_of))
        ELSE r.region_no END
    FROM region r;
END;

-- A delivery may leave packs or cost out. Then they are not reported for the region-month, which is not the same as zero.
CREATE FUNCTION divergence_is_reported(p_delivery_no int, p_region_no smallint, p_month date, p_basis text)
RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE p_basis
        WHEN 'packs' THEN
            EXISTS (SELECT FROM consumption_region_month s
                    WHERE s.delivery_no = p_delivery_no AND s.region_no = p_region_no AND s.month = p_month
                      AND s.packs_e4 IS NOT NULL)
            OR NOT EXISTS (SELECT FROM consumption_region_month s
                           WHERE s.delivery_no = p_delivery_no AND s.region_no = p_region_no AND s.month = p_month)
        WHEN 'cost_ore' THEN
            EXISTS (SELECT FROM consumption_cost_month s
                    WHERE s.delivery_no = p_delivery_no AND s.region_no = p_region_no AND s.month = p_month)
            OR NOT EXISTS (SELECT FROM consumption_region_month s
                           WHERE s.delivery_no = p_delivery_no AND s.region_no = p_region_no AND s.month = p_month)
        ELSE true END;
END;

-- One row for each region that existed in a month: the delivery that counts (NULL: not reported, or not_delivered: a
-- delivery covers it without what the measure counts) and the population at the latest date on or before the month's first
-- day, as it was known (NULL: not known).
CREATE FUNCTION divergence_cells(q divergence_question, p_from date, p_to date)
RETURNS TABLE (region_no smallint, member_no smallint, month date, delivery_no int, status text, not_delivered boolean,
               cost_reported boolean, days int, population int, population_on date, population_version int)
LANGUAGE sql STABLE ROWS 100
BEGIN ATOMIC
    WITH shown AS MATERIALIZED (SELECT s.member_no, s.region_no FROM divergence_region_map(q) s),
    covered AS MATERIALIZED (
        SELECT c.region_no, c.month, c.delivery_no, c.status, ((q).measure).basis = 'ddd'
            OR divergence_is_reported(c.delivery_no, c.region_no, c.month, ((q).measure).basis) AS delivered
        FROM coverage_in_force((q).source, p_from, p_to, (q).as_of) c
    )
    SELECT s.region_no, s.member_no, m.month,
        CASE WHEN c.delivered THEN c.delivery_no END, CASE WHEN c.delivered THEN c.status END, COALESCE(NOT c.delivered, false),
        (q).with_cost AND COALESCE(c.delivered, false)
            AND divergence_is_reported(c.delivery_no, c.region_no, c.month, 'cost_ore'),
        EXTRACT(day FROM m.month + interval '1 month' - interval '1 day')::int,
        p.population, p.on_date, p.version
    FROM months_between(p_from, p_to) AS m (month)
    JOIN region r ON r.valid_from <= m.month AND COALESCE(r.valid_to > m.month, true)
    JOIN shown s ON s.member_no = r.region_no
    LEFT JOIN covered c ON c.region_no = r.region_no AND c.month = m.month
    LEFT JOIN LATERAL (
        SELECT p.population, p.on_date, p.version FROM population_version p
        WHERE p.region_no = r.region_no AND p.on_date <= m.month AND p.changed_at <= (q).as_of
        ORDER BY p.on_date DESC, p.version DESC LIMIT 1
    ) p ON true;
END;

-- What each region reported in a run of months, and its exposure over the months reported:
--   per 1,000 inhabitants per day: sum of inhabitants x days
--   per 1,000 inhabitants:         sum of inhabitants / months of the window, the mean when all are reported
-- complete: every month of the window. A region that existed in a part of it only is not complete, because its rate
-- would compare one season with a whole year; region_basis=current is the answer to that.
-- not_delivered: of some month there is a delivery, without what the measure counts.
CREATE FUNCTION divergence_regions(q divergence_question, p_from date, p_to date)
RETURNS TABLE (region_no smallint, months int, reported_months int, complete boolean, population_missing boolean,
               exposure float8, cost_complete boolean, not_delivered boolean)
LANGUAGE sql STABLE ROWS 6
BEGIN ATOMIC
    WITH by_month AS (
        SELECT c.region_no, c.month, bool_and(c.delivery_no IS NOT NULL) AS reported,
            bool_and(c.cost_reported) AS cost_reported, bool_or(c.not_delivered) AS not_delivered,
            bool_or(c.delivery_no IS NOT NULL AND c.population IS NULL) AS population_missing,
            sum(CASE WHEN c.delivery_no IS NULL THEN 0
                     WHEN ((q).measure).per = '1000_inhabitants_per_day' THEN c.population::float8 * c.days
                     ELSE c.population::float8 / divergence_month_count(p_from, p_to) END) AS exposure
        FROM divergence_cells(q, p_from, p_to) c
        GROUP BY c.region_no, c.month
    )
    SELECT b.region_no, count(*)::int, (count(*) FILTER (WHERE b.reported))::int,
        count(*) FILTER (WHERE b.reported) = divergence_month_count(p_from, p_to),
        bool_or(b.population_missing),
        CASE WHEN NOT bool_or(b.population_missing) THEN sum(b.exposure) END,
        bool_and(b.cost_reported), bool_or(b.not_delivered)
    FROM by_month b GROUP BY b.region_no;
END;

-- The calendar years that a run of months touches. In the running sums of consumption_year, what was used in it in that
-- year is running[upto] - running[past], and months & bits says whether anything was reported at all.
CREATE FUNCTION divergence_years(p_from date, p_to date)
RETURNS TABLE (year smallint, past int, upto int, bits int) LANGUAGE sql IMMUTABLE ROWS 2
BEGIN ATOMIC
    SELECT y.year::smallint, y.past, y.upto, (1 << (y.upto - 1)) - (1 << (y.past - 1))
    FROM (SELECT y.year,
              CASE WHEN y.year = date_part('year', p_from) THEN date_part('month', p_from) ELSE 1 END::int AS past,
              CASE WHEN y.year = date_part('year', p_to) THEN date_part('month', p_to) ELSE 12 END::int + 1 AS upto
          FROM generate_series(date_part('year', p_from)::int, date_part('year', p_to)::int) AS y (year)) y;
END;

-- The code at the level that is shown.
CREATE FUNCTION divergence_code(p_atc text, p_level int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_level WHEN 5 THEN p_atc ELSE atc_group(p_atc, p_level) END;

-- What was used in each region, as reported, over a run of months: rows to be added up. amount is what the basis counts
-- (packs or DDD; cost comes from the next function); whole ten-thousandths stay exact in float8 to 9 x 10^15. p_codes:
-- these codes alone; NULL: all.
-- The one place that decides what a window costs. As things stand: one row a year for each code and region, and a
-- subtraction (consumption_year). As they stood in the past: a sum over the monthly roll-up, by its primary key. Both
-- give the same; neither the rows delivered nor the history beside the window count. The settings hold the plans to
-- that, whatever the statistics of the day say.
CREATE FUNCTION divergence_sums(q divergence_question, p_from date, p_to date, p_codes text[])
RETURNS TABLE (code text, region_no smallint, amount_e4 float8, ddd_e4 float8)
LANGUAGE plpgsql STABLE ROWS 10000 SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '32MB'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_sort = off AS $$
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

-- The same for cost, which is kept apart. Row-level security leaves nothing of it to whoever may not see cost. Of a code
-- that had cost in another month of the year there may be a zero.
CREATE FUNCTION divergence_cost_sums(q divergence_question, p_from date, p_to date, p_codes text[])
RETURNS TABLE (code text, region_no smallint, cost_ore float8)
LANGUAGE plpgsql STABLE ROWS 10000 SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '32MB'
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_sort = off AS $$
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

-- Sums by code and by the regions that are shown, in DDD, packs and øre.
CREATE FUNCTION divergence_volumes(q divergence_question, p_from date, p_to date, p_with_cost boolean, p_codes text[])
RETURNS TABLE (atc text, region_no smallint, volume float8, ddd float8, cost_ore float8)
LANGUAGE plpgsql STABLE ROWS 10000 SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '32MB' AS $$
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

-- ---- the figures ----

-- Nothing is rounded before it is shown.
CREATE FUNCTION divergence_round(value float8, decimals int) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN round(value * 10 ^ decimals) / 10 ^ decimals;

-- numerator / denominator, or NULL when that says nothing. Its reason is divergence_ratio_reason().
CREATE FUNCTION divergence_ratio(numerator float8, denominator float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN denominator > 0 THEN numerator / denominator END;

CREATE FUNCTION divergence_ratio_reason(denominator float8) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN denominator = 0 THEN 'zero_denominator' WHEN denominator < 0 THEN 'negative_denominator' END;

-- Counts as different: the highest rate is at least the material ratio times the lowest. Written as a product, so that a
-- region that used nothing while another did counts too. The factor keeps the last bit of a division from deciding.
CREATE FUNCTION divergence_is_material(highest float8, lowest float8, material_ratio numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN COALESCE(highest > 0 AND highest >= material_ratio::float8 * lowest * (1 - 1e-12), false);

-- Of these codes, those whose difference lasted: it counts in each of the last sustained_months months of the window, the rates of each
-- month taken by themselves.
CREATE FUNCTION divergence_lasting_codes(q divergence_question, p_compared smallint[], p_codes text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE ROWS 500 SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '32MB'
SET enable_nestloop = off SET enable_mergejoin = off SET enable_sort = off AS $$
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

-- All figures of an overview, one row for each code and region. Inlined into the functions that use it: no SET.
CREATE FUNCTION divergence_figures(q divergence_question)
RETURNS TABLE (
    atc text, region_no smallint, region text, value float8, rank int, ratio_to_rest float8, excess_ddd float8,
    excess_cost_ore bigint, share_of_national float8, change_from_year_before float8, reported_months int, complete boolean,
    reason text, "national" float8, volume float8, max_min_ratio float8, max_min_ratio_reason text, cv_weighted float8,
    cv_weighted_reason text, national_change float8, national_change_reason text, material boolean, reasons text[])
LANGUAGE sql STABLE ROWS 10000
BEGIN ATOMIC
    WITH area AS MATERIALIZED (
        SELECT n.region_no, r.slug, n.reported_months, n.complete, n.population_missing, n.exposure, n.cost_complete,
            n.not_delivered,
            n.complete AND NOT n.population_missing AS compared,
            b.exposure AS exposure_before,
            n.complete AND NOT n.population_missing AND COALESCE(b.complete AND NOT b.population_missing, false)
                AS compared_before
        FROM divergence_regions(q, (q).from_month, (q).to_month) n
        JOIN region r ON r.region_no = n.region_no
        LEFT JOIN divergence_regions(
            q, ((q).from_month - interval '1 year')::date, ((q).to_month - interval '1 year')::date) b ON b.region_no = n.region_no
    ), used AS MATERIALIZED (
        SELECT v.atc, v.region_no, v.volume, v.ddd, v.cost_ore
        FROM divergence_volumes(q, (q).from_month, (q).to_month, (q).with_cost, NULL) v
    ), used_before AS MATERIALIZED (
        SELECT v.atc, v.region_no, v.volume FROM divergence_volumes(
            q, ((q).from_month - interval '1 year')::date, ((q).to_month - interval '1 year')::date, false, NULL) v
        WHERE EXISTS (SELECT FROM area a WHERE a.compared_before)
    ), code AS (
        SELECT u.atc FROM used u UNION SELECT (q).atc WHERE (q).one_code
    ), grid AS MATERIALIZED (
        -- Absent from what is covered is zero.
        SELECT c.atc, a.region_no, a.slug, a.reported_months, a.complete, a.population_missing, a.compared,
            a.compared_before, a.not_delivered, a.exposure, COALESCE(u.volume, 0) AS volume, COALESCE(u.ddd, 0) AS ddd, COALESCE(u.cost_ore, 0) AS cost_ore,
            CASE WHEN a.reported_months > 0 THEN divergence_ratio(COALESCE(u.volume, 0) * 1000, a.exposure) END AS rate,
            a.exposure_before, COALESCE(b.volume, 0) AS volume_before
        FROM code c CROSS JOIN area a
        LEFT JOIN used u ON u.atc = c.atc AND u.region_no = a.region_no
        LEFT JOIN used_before b ON b.atc = c.atc AND b.region_no = a.region_no
    ), total AS (
        SELECT g.atc, (count(*) FILTER (WHERE g.compared))::int AS compared,
            sum(g.volume) FILTER (WHERE g.compared) AS volume, sum(g.exposure) FILTER (WHERE g.compared) AS exposure,
            sum(g.ddd) FILTER (WHERE g.compared) AS ddd, sum(g.cost_ore) FILTER (WHERE g.compared) AS cost_ore,
            max(g.rate) FILTER (WHERE g.compared) AS highest, min(g.rate) FILTER (WHERE g.compared) AS lowest,
            -- As shown: of rates that are equal by the book, a division may leave one a last bit higher.
            array_agg(divergence_round(g.rate, 9) ORDER BY g.rate DESC) FILTER (WHERE g.compared) AS rates,
            sum(g.exposure * g.rate * g.rate) FILTER (WHERE g.compared) AS squares,
            -- This year and the year before, over the regions that reported both.
            sum(g.volume) FILTER (WHERE g.compared_before) AS both_volume,
            sum(g.exposure) FILTER (WHERE g.compared_before) AS both_exposure,
            sum(g.volume_before) FILTER (WHERE g.compared_before) AS before_volume,
            sum(g.exposure_before) FILTER (WHERE g.compared_before) AS before_exposure
        FROM grid g GROUP BY g.atc
    ), judged AS (
        SELECT t.*,
            -- National rate: the mean of the regions' rates weighted by exposure.
            divergence_ratio(t.volume * 1000, t.exposure) AS "national",
            t.volume >= ((q).measure).minimum_volume::float8 AS enough,
            t.compared >= 2
                AND divergence_is_material(t.highest, t.lowest, ((q).measure).material_ratio) AS differs
        FROM total t
    ), lasting AS MATERIALIZED (
        SELECT l.atc
        FROM (SELECT array_agg(j.atc) AS codes FROM judged j WHERE j.enough AND j.differs) x
        CROSS JOIN LATERAL divergence_lasting_codes(
            q, ARRAY(SELECT a.region_no FROM area a WHERE a.compared), x.codes) AS l (atc)
        WHERE x.codes IS NOT NULL
    ), item AS (
        SELECT j.atc, j.compared, j.rates, j.volume, j.exposure, j.ddd, j.cost_ore,
            divergence_round(j."national", 9) AS "national",
            divergence_round(j.volume, 4) AS shown_volume,
            divergence_round(CASE WHEN j.compared >= 2 THEN divergence_ratio(j.highest, j.lowest) END, 6) AS max_min_ratio,
            CASE WHEN j.compared < 2 THEN 'fewer_than_two_regions' ELSE divergence_ratio_reason(j.lowest) END
                AS max_min_ratio_reason,
            -- Weighted coefficient of variation: sqrt(sum w (x - m)^2 / sum w) / m, with weights w = exposure and m the
            -- weighted mean. sum w (x - m)^2 / sum w = sum w x^2 / sum w - m^2.
            divergence_round(CASE WHEN j.compared >= 2 THEN divergence_ratio(
                sqrt(GREATEST(j.squares / j.exposure - j."national" * j."national", 0)), j."national") END, 6)
                AS cv_weighted,
            CASE WHEN j.compared < 2 THEN 'fewer_than_two_regions' ELSE divergence_ratio_reason(j."national") END
                AS cv_weighted_reason,
            -- Against the same months a year before: rate / rate then - 1.
            divergence_round(divergence_ratio(j.both_volume / j.both_exposure, j.before_volume / j.before_exposure) - 1, 6)
                AS national_change,
            CASE WHEN j.before_exposure IS NULL THEN 'not_reported_year_before'
                 ELSE divergence_ratio_reason(j.before_volume) END AS national_change_reason,
            COALESCE(j.enough AND j.differs AND l.atc IS NOT NULL, false) AS material,
            array_remove(ARRAY[
                CASE WHEN j.compared < 2 THEN 'fewer_than_two_regions' END,
                CASE WHEN NOT j.enough THEN 'below_minimum_volume' END,
                CASE WHEN j.compared < 2 THEN NULL WHEN NOT j.differs THEN 'below_material_ratio'
                     WHEN j.lowest > 0 THEN 'material_ratio' ELSE 'none_in_a_region' END,
                CASE WHEN NOT (j.enough AND j.differs) THEN NULL WHEN l.atc IS NOT NULL THEN 'lasting'
                     WHEN divergence_month_count((q).from_month, (q).to_month) < ((q).measure).sustained_months
                     THEN 'window_too_short' ELSE 'not_lasting' END], NULL) AS reasons
        FROM judged j LEFT JOIN lasting l ON l.atc = j.atc
    )
    SELECT g.atc, g.region_no, g.slug,
        divergence_round(g.rate, 9),
        -- Equal rates share the first place that any of them has.
        CASE WHEN g.compared THEN array_position(i.rates, divergence_round(g.rate, 9)) END,
        -- The region's rate / the rate of the rest of the compared regions taken together (leave one out).
        divergence_round(CASE WHEN g.compared AND i.compared >= 2 THEN
            divergence_ratio(g.rate, (i.volume - g.volume) * 1000 / (i.exposure - g.exposure)) END, 6),
        -- Used above what the national rate would have given: DDD - exposure x national DDD / national exposure.
        CASE WHEN g.compared THEN divergence_round(g.ddd - g.exposure * i.ddd / i.exposure, 4) END,
        CASE WHEN g.compared AND (q).with_cost AND (SELECT bool_and(a.cost_complete) FROM area a WHERE a.compared)
             THEN round(g.cost_ore - g.exposure * i.cost_ore / i.exposure)::bigint END,
        CASE WHEN g.compared THEN divergence_round(divergence_ratio(g.volume, i.volume), 6) END,
        CASE WHEN g.compared_before THEN
            divergence_round(divergence_ratio(g.volume / g.exposure, g.volume_before / g.exposure_before) - 1, 6) END,
        g.reported_months, g.complete,
        CASE WHEN g.reported_months = 0 AND NOT g.not_delivered THEN 'not_reported'
             WHEN g.population_missing THEN 'population_missing'
             WHEN NOT g.complete AND g.not_delivered THEN 'not_delivered'
             WHEN NOT g.complete THEN 'partly_reported'
             WHEN i.compared < 2 THEN 'fewer_than_two_regions'
             ELSE divergence_ratio_reason(i.volume - g.volume) END,
        i."national", i.shown_volume, i.max_min_ratio, i.max_min_ratio_reason, i.cv_weighted, i.cv_weighted_reason,
        i.national_change, i.national_change_reason, i.material, i.reasons
    FROM grid g JOIN item i ON i.atc = g.atc;
END;

-- The same, with a plan that does not depend on the statistics of the day.
CREATE FUNCTION divergence_rows(q divergence_question)
RETURNS TABLE (
    atc text, region_no smallint, region text, value float8, rank int, ratio_to_rest float8, excess_ddd float8,
    excess_cost_ore bigint, share_of_national float8, change_from_year_before float8, reported_months int, complete boolean,
    reason text, "national" float8, volume float8, max_min_ratio float8, max_min_ratio_reason text, cv_weighted float8,
    cv_weighted_reason text, national_change float8, national_change_reason text, material boolean, reasons text[])
LANGUAGE plpgsql STABLE ROWS 10000 SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '32MB'
SET enable_nestloop = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.* FROM divergence_figures(q) f;
END
$$;

-- ---- the overview as the contract shows it ----

-- What the codes in an overview mean.
CREATE FUNCTION divergence_texts() RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN '{
"not_reported": {"en": "No accepted delivery covers any month of the window.", "da": "Ingen godkendt leverance dækker nogen måned i perioden."},
"not_delivered": {"en": "A delivery covers months of the window without what the measure counts (packs or cost): not ranked and not compared.", "da": "En leverance dækker måneder i perioden uden det, målet tæller (pakninger eller udgift): indgår ikke i rangering og sammenligning."},
"partly_reported": {"en": "Not every month of the window is reported: not ranked and not compared.", "da": "Ikke alle periodens måneder er indberettet: indgår ikke i rangering og sammenligning."},
"population_missing": {"en": "The number of inhabitants is not known.", "da": "Indbyggertallet kendes ikke."},
"fewer_than_two_regions": {"en": "Fewer than two regions can be compared.", "da": "Færre end to regioner kan sammenlignes."},
"zero_denominator": {"en": "What it would be divided by is zero.", "da": "Det, der skulle divideres med, er nul."},
"negative_denominator": {"en": "What it would be divided by is negative: more was returned than used.", "da": "Det, der skulle divideres med, er negativt: der er returneret mere end forbrugt."},
"not_reported_year_before": {"en": "No region reported all of these months a year before with what the measure counts.", "da": "Ingen region har indberettet alle de samme måneder året før med det, målet tæller."},
"below_minimum_volume": {"en": "National use is below the measure''s minimum volume.", "da": "Det nationale forbrug er under målets mindste volumen."},
"below_material_ratio": {"en": "The highest region is less than the material ratio times the lowest.", "da": "Den højeste region ligger under grænsen for en væsentlig forskel fra den laveste."},
"material_ratio": {"en": "The highest region is at least the material ratio times the lowest.", "da": "Den højeste region er mindst den væsentlige faktor gange den laveste."},
"none_in_a_region": {"en": "A region used none, while another did.", "da": "En region har intet forbrug, mens en anden har."},
"lasting": {"en": "It shows in each of the last months that the measure asks for.", "da": "Forskellen ses i hver af de seneste måneder, som målet kræver."},
"not_lasting": {"en": "It does not show in each of the last months that the measure asks for.", "da": "Forskellen ses ikke i hver af de seneste måneder, som målet kræver."},
"window_too_short": {"en": "The window has fewer months than a difference must last.", "da": "Perioden har færre måneder, end en forskel skal vare."}
}'::jsonb;

CREATE FUNCTION divergence_month_name(p_month date) RETURNS text LANGUAGE sql IMMUTABLE
RETURN to_char(p_month::timestamp, 'YYYY-MM');

-- As every other time in an answer: RFC 3339 in UTC, of the fraction no more than there is.
CREATE FUNCTION divergence_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE
RETURN to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || rtrim(rtrim(to_char(p_at AT TIME ZONE 'UTC', '.US'), '0'), '.') || 'Z';

CREATE FUNCTION divergence_measure_json(m divergence_measure) RETURNS json LANGUAGE sql STABLE
RETURN json_build_object('name', m.name, 'version', m.version, 'basis', m.basis, 'per', m.per, 'unit', m.unit,
    'unit_da', m.unit_da, 'definition', m.definition, 'definition_da', m.definition_da, 'minimum_volume', m.minimum_volume,
    'material_ratio', m.material_ratio, 'sustained_months', m.sustained_months);

-- The cells of the window and of the same months a year before.
CREATE FUNCTION divergence_both_windows(q divergence_question)
RETURNS TABLE (in_window boolean, region_no smallint, member_no smallint, month date, delivery_no int, status text,
               not_delivered boolean, population_on date, population_version int)
LANGUAGE sql STABLE ROWS 200
BEGIN ATOMIC
    SELECT true, c.region_no, c.member_no, c.month, c.delivery_no, c.status, c.not_delivered, c.population_on,
        c.population_version
    FROM divergence_cells(q, (q).from_month, (q).to_month) c
    UNION ALL
    SELECT false, c.region_no, c.member_no, c.month, c.delivery_no, c.status, c.not_delivered, c.population_on,
        c.population_version
    FROM divergence_cells(q, ((q).from_month - interval '1 year')::date, ((q).to_month - interval '1 year')::date) c;
END;

-- All that stands above the items: what the figures were made from, and what they cannot say.
CREATE FUNCTION divergence_head(q divergence_question)
RETURNS TABLE (caveats json, deliveries json, not_reported json, not_delivered json, regions json)
LANGUAGE plpgsql STABLE ROWS 1 SET plan_cache_mode = force_generic_plan SET jit = off AS $$
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

-- One item for each code, as JSON, and what overviews are filtered and sorted by.
CREATE FUNCTION divergence_items(q divergence_question)
RETURNS TABLE (atc text, item json, material boolean, max_min_ratio float8, excess_ddd float8, cv_weighted float8,
               change float8)
LANGUAGE plpgsql STABLE ROWS 2000 SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '32MB'
SET enable_nestloop = off SET enable_mergejoin = off AS $$
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

-- The overview: schemas/DivergenceOverview.yaml.
CREATE FUNCTION divergence_overview(q divergence_question, p_material boolean, p_sort text)
RETURNS TABLE (measure json, "window" json, source text, region_basis text, as_of text, atc text, level int,
               caveats json, texts jsonb, deliveries json, not_reported json, not_delivered json, regions json, items json)
LANGUAGE sql STABLE ROWS 1 SET jit = off
BEGIN ATOMIC
    SELECT divergence_measure_json((q).measure),
        json_build_object('from_month', divergence_month_name((q).from_month),
                          'to_month', divergence_month_name((q).to_month), 'months', divergence_month_count((q).from_month, (q).to_month)),
        (q).source, (q).region_basis, CASE WHEN isfinite((q).as_of) THEN divergence_time((q).as_of) END, NULLIF((q).atc, ''), (q).level,
        h.caveats, divergence_texts(), h.deliveries, h.not_reported, h.not_delivered, h.regions,
        (SELECT COALESCE(json_agg(i.item ORDER BY
                    CASE p_sort WHEN '-max_min_ratio' THEN i.max_min_ratio WHEN '-excess_ddd' THEN i.excess_ddd
                                WHEN '-cv_weighted' THEN i.cv_weighted WHEN '-change' THEN i.change END DESC NULLS LAST,
                    i.atc), '[]')
         FROM divergence_items(q) i WHERE p_material IS NULL OR i.material = p_material)
    FROM divergence_head(q) h;
END;

-- Month by month for one code: each region (hospital NULL) and each hospital of the regions. value NULL: not reported.
-- A hospital's rate is counted against its region's inhabitants, so that a region's hospitals add up to the region.
CREATE FUNCTION divergence_series(q divergence_question)
RETURNS TABLE (month date, region_no smallint, region text, hospital text, name text, value float8, volume float8,
               status text)
LANGUAGE plpgsql STABLE ROWS 1000 SET plan_cache_mode = force_generic_plan SET jit = off AS $$
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

-- The series as JSON: schemas/DivergenceSeries.yaml.
CREATE FUNCTION divergence_series_json(q divergence_question) RETURNS json LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH line AS (
        SELECT s.region_no, s.region, s.hospital, s.name,
            json_agg(json_build_object('month', divergence_month_name(s.month), 'value', s.value, 'volume', s.volume,
                                       'status', s.status) ORDER BY s.month) AS months
        FROM divergence_series(q) s GROUP BY s.region_no, s.region, s.hospital, s.name
    )
    SELECT json_build_object(
        'regions', COALESCE((SELECT json_agg(json_build_object('region', l.region, 'name', l.name, 'months', l.months)
                                             ORDER BY l.region_no)
                             FROM line l WHERE l.hospital IS NULL), '[]'),
        'hospitals', COALESCE((SELECT json_agg(json_build_object('hospital', l.hospital, 'name', l.name, 'region', l.region,
                                                                 'months', l.months) ORDER BY l.region_no, l.hospital)
                               FROM line l WHERE l.hospital IS NOT NULL), '[]'));
END;

-- ---- snapshots: an overview frozen for a meeting's agenda or an escalation ----

CREATE TABLE divergence_snapshot (
    snapshot_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    title text NOT NULL,
    measure text COLLATE "C" NOT NULL,
    measure_version int NOT NULL,
    basis text NOT NULL,
    source text COLLATE "C" NOT NULL,
    from_month date NOT NULL,
    to_month date NOT NULL,
    region_basis text NOT NULL,
    as_of timestamptz NOT NULL,
    atc text COLLATE "C" NULL,
    level int NOT NULL,
    material boolean NULL,
    items int NOT NULL,
    overview json NOT NULL,  -- json, not jsonb: kept to the byte
    sha256 text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    CONSTRAINT divergence_snapshot_pkey PRIMARY KEY (snapshot_no),
    CONSTRAINT divergence_snapshot_id_unique UNIQUE (id),
    CONSTRAINT divergence_snapshot_measure_fkey FOREIGN KEY (measure, measure_version, basis)
        REFERENCES divergence_measure (name, version, basis),
    CONSTRAINT divergence_snapshot_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT divergence_snapshot_window CHECK (from_month <= to_month),
    CONSTRAINT divergence_snapshot_digest CHECK (sha256 = encode(sha256(convert_to(overview::text, 'UTF8')), 'hex'))
);
ALTER TABLE divergence_snapshot ENABLE ROW LEVEL SECURITY;
ALTER TABLE divergence_snapshot FORCE ROW LEVEL SECURITY;
CREATE POLICY divergence_snapshot_read ON divergence_snapshot FOR SELECT
    USING ((SELECT actor_subject()) IS NOT NULL AND (basis <> 'cost_ore' OR (SELECT may_see_cost())));
CREATE POLICY divergence_snapshot_insert ON divergence_snapshot FOR INSERT
    WITH CHECK ((SELECT actor_has('forum_secretariat', 'region_coordinator', 'admin')));
GRANT SELECT ON divergence_snapshot TO medkoord_server;
CREATE TRIGGER divergence_snapshot_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON divergence_snapshot
    EXECUTE FUNCTION refuse_rewriting();

-- Works out the overview and keeps it with its digest. Everybody will read it, so there are figures of cost in it only
-- when it is about cost, and then it is for those alone who may see cost.
CREATE FUNCTION take_divergence_snapshot(p_title text, p_question divergence_question, p_material boolean, p_sort text)
RETURNS SETOF divergence_snapshot
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
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

-- What runs as the caller is the server's to call; the two that write check the caller's role themselves.
GRANT EXECUTE ON FUNCTION
    add_divergence_measure(jsonb), take_divergence_snapshot(text, divergence_question, boolean, text),
    divergence_ask(text, int, text, date, date, text, text, text, int, boolean, text),
    divergence_last_month(text, timestamptz), refuse_question(text, text, text, text), divergence_month_count(date, date),
    divergence_region_map(divergence_question), divergence_is_reported(int, smallint, date, text),
    divergence_cells(divergence_question, date, date), divergence_regions(divergence_question, date, date),
    divergence_years(date, date), divergence_code(text, int), divergence_sums(divergence_question, date, date, text[]),
    divergence_cost_sums(divergence_question, date, date, text[]),
    divergence_volumes(divergence_question, date, date, boolean, text[]), divergence_round(float8, int),
    divergence_ratio(float8, float8), divergence_ratio_reason(float8), divergence_is_material(float8, float8, numeric),
    divergence_lasting_codes(divergence_question, smallint[], text[]), divergence_figures(divergence_question),
    divergence_rows(divergence_question), divergence_texts(),
    divergence_month_name(date), divergence_time(timestamptz), divergence_measure_json(divergence_measure), divergence_both_windows(divergence_question),
    divergence_head(divergence_question), divergence_items(divergence_question),
    divergence_overview(divergence_question, boolean, text), divergence_series(divergence_question),
    divergence_series_json(divergence_question)
    TO medkoord_server;
