-- Consumption: deliveries (leverancer), what they cover (dækning), their rows, and the roll-ups that are read.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0

-- ---- deliveries and their life ----

-- What may follow what. action is what a caller asks for; an upload ends accepted or rejected.
CREATE TABLE consumption_delivery_transition (
    from_state text NOT NULL,
    action text NOT NULL,
    to_state text NOT NULL,
    CONSTRAINT consumption_delivery_transition_pkey PRIMARY KEY (from_state, to_state)
);
INSERT INTO consumption_delivery_transition (from_state, action, to_state) VALUES
    ('announced', 'upload', 'accepted'),
    ('announced', 'upload', 'rejected'),
    ('rejected', 'upload', 'accepted'),
    ('rejected', 'upload', 'rejected'),
    ('announced', 'withdraw', 'withdrawn'),
    ('rejected', 'withdraw', 'withdrawn'),
    ('accepted', 'withdraw', 'withdrawn');
GRANT SELECT ON consumption_delivery_transition TO medkoord_server;

CREATE TABLE consumption_delivery (
    delivery_no int GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    source text COLLATE "C" NOT NULL,
    label text NOT NULL,
    status text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'announced',
    control_rows bigint NOT NULL,
    control_ddd_e4 bigint NOT NULL,
    sha256 text COLLATE "C" NULL,          -- of the content, as announced
    announced_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    announced_by text NOT NULL DEFAULT COALESCE(actor_subject(), current_user),
    content_sha256 text COLLATE "C" NULL,  -- of the content that was accepted, or last rejected
    content_bytes bigint NULL,
    rows bigint NULL,                      -- accepted; equal to control_rows
    accepted_at timestamptz NULL,
    accepted_by text NULL,
    report jsonb NULL,                     -- what accepting it changed, as it was answered then
    rejected_at timestamptz NULL,
    rejected_count bigint NULL,
    withdrawn_at timestamptz NULL,
    withdrawn_by text NULL,
    withdrawn_reason text NULL,
    version int NOT NULL DEFAULT 1,
    CONSTRAINT consumption_delivery_pkey PRIMARY KEY (delivery_no),
    CONSTRAINT consumption_delivery_id_unique UNIQUE (id),
    -- For consumption_coverage, which repeats both: they are what it is searched by, and they never change.
    CONSTRAINT consumption_delivery_source_status_unique UNIQUE (delivery_no, source, status),
    CONSTRAINT consumption_delivery_source_form CHECK (source ~ '^[a-z][a-z0-9-]{0,31}$'),
    CONSTRAINT consumption_delivery_label_length CHECK (length(label) BETWEEN 1 AND 200),
    CONSTRAINT consumption_delivery_status CHECK (status IN ('provisional', 'final')),
    CONSTRAINT consumption_delivery_state CHECK (state IN ('announced', 'accepted', 'rejected', 'withdrawn')),
    CONSTRAINT consumption_delivery_control_rows CHECK (control_rows >= 0),
    CONSTRAINT consumption_delivery_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT consumption_delivery_content_sha256_form CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT consumption_delivery_content_bytes CHECK (content_bytes >= 0),
    CONSTRAINT consumption_delivery_reason_length CHECK (length(withdrawn_reason) BETWEEN 1 AND 500),
    CONSTRAINT consumption_delivery_announced_is_empty CHECK (
        state <> 'announced' OR num_nonnulls(content_sha256, content_bytes, rows, accepted_at, accepted_by, report,
            rejected_at, rejected_count, withdrawn_at, withdrawn_by, withdrawn_reason) = 0),
    CONSTRAINT consumption_delivery_accepted_is_whole CHECK (
        num_nonnulls(rows, accepted_at, accepted_by, report) IN (0, 4)
        AND (accepted_at IS NULL OR (rows = control_rows AND content_bytes IS NOT NULL AND content_sha256 IS NOT NULL
             AND rejected_at IS NULL AND state IN ('accepted', 'withdrawn')))
        AND (state <> 'accepted' OR accepted_at IS NOT NULL)),
    CONSTRAINT consumption_delivery_rejected_is_whole CHECK (
        num_nonnulls(rejected_at, rejected_count) IN (0, 2) AND (state <> 'rejected' OR rejected_at IS NOT NULL)
        AND (rejected_at IS NULL OR state IN ('rejected', 'withdrawn'))  -- it may be given up as it is
        AND COALESCE(rejected_count > 0, true)),
    CONSTRAINT consumption_delivery_withdrawn_is_whole CHECK (
        num_nonnulls(withdrawn_at, withdrawn_by, withdrawn_reason) = CASE state WHEN 'withdrawn' THEN 3 ELSE 0 END)
);
CREATE INDEX consumption_delivery_by_state ON consumption_delivery (state, delivery_no);

-- Confidential like all prices, so apart from the delivery itself.
CREATE TABLE consumption_delivery_cost (
    delivery_no int NOT NULL,
    control_cost_ore bigint NULL,
    cost_ore bigint NULL,                  -- accepted; NULL: no row has a cost
    CONSTRAINT consumption_delivery_cost_pkey PRIMARY KEY (delivery_no),
    CONSTRAINT consumption_delivery_cost_delivery_fkey FOREIGN KEY (delivery_no) REFERENCES consumption_delivery,
    CONSTRAINT consumption_delivery_cost_control CHECK (cost_ore = control_cost_ore)
);

-- One row for each region-month that a delivery speaks for: inside it absent means zero, outside it not reported.
-- In force at a moment is the one that was accepted last by then and not withdrawn by then.
CREATE TABLE consumption_coverage (
    delivery_no int NOT NULL,
    region_no smallint NOT NULL,
    month date NOT NULL,
    source text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    accepted_at timestamptz NULL,
    withdrawn_at timestamptz NULL,
    ddd_e4 bigint NULL,                    -- sum of what was accepted
    CONSTRAINT consumption_coverage_pkey PRIMARY KEY (delivery_no, region_no, month),
    CONSTRAINT consumption_coverage_delivery_fkey FOREIGN KEY (delivery_no, source, status)
        REFERENCES consumption_delivery (delivery_no, source, status),
    CONSTRAINT consumption_coverage_region_fkey FOREIGN KEY (region_no) REFERENCES region,
    CONSTRAINT consumption_coverage_first_of_month CHECK (EXTRACT(day FROM month) = 1),
    CONSTRAINT consumption_coverage_accepted_is_whole CHECK ((accepted_at IS NULL) = (ddd_e4 IS NULL)),
    CONSTRAINT consumption_coverage_withdrawn_later CHECK (withdrawn_at >= accepted_at),
    CONSTRAINT consumption_coverage_withdrawn_was_accepted CHECK (withdrawn_at IS NULL OR accepted_at IS NOT NULL)
);
-- Finds what was in force at a moment by stepping on one entry, however many deliveries have followed each other.
CREATE INDEX consumption_coverage_in_force
    ON consumption_coverage (source, region_no, month, accepted_at DESC, delivery_no DESC)
    WHERE accepted_at IS NOT NULL;
CREATE INDEX consumption_coverage_by_month ON consumption_coverage (month, region_no, delivery_no);

-- Up to 10,000 lines of the last rejected upload, in the order they are shown, and how many there were of each kind.
CREATE TABLE consumption_rejection (
    delivery_no int NOT NULL,
    position int NOT NULL,
    line bigint NULL,
    column_name text NULL,
    code text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    value text NULL,
    CONSTRAINT consumption_rejection_pkey PRIMARY KEY (delivery_no, position),
    CONSTRAINT consumption_rejection_delivery_fkey FOREIGN KEY (delivery_no) REFERENCES consumption_delivery,
    CONSTRAINT consumption_rejection_position CHECK (position BETWEEN 1 AND 10000),
    CONSTRAINT consumption_rejection_line CHECK (line >= 1),
    CONSTRAINT consumption_rejection_code_form CHECK (code ~ '^[a-z][a-z0-9_]*$')
);
CREATE TABLE consumption_rejection_count (
    delivery_no int NOT NULL,
    code text COLLATE "C" NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT consumption_rejection_count_pkey PRIMARY KEY (delivery_no, code),
    CONSTRAINT consumption_rejection_count_delivery_fkey FOREIGN KEY (delivery_no) REFERENCES consumption_delivery,
    CONSTRAINT consumption_rejection_count_positive CHECK (count > 0)
);

-- ---- rows ----

-- Every delivery's rows are a partition of their own. PostgreSQL takes no COPY into a table with row policies, so an
-- upload fills a bare table (begin_delivery_upload), and accept_delivery checks it as a set, gives it its key in one
-- sorted build (half the cost of growing it row by row), takes the server's INSERT away and attaches it here.
-- Wide columns first: no padding. Lengths are limited so that no partition needs a TOAST table.
-- The month's day, the hospital and the form of the code are checked once a group and not once a row: accept_delivery.
CREATE TABLE consumption_row (
    packs_e4 bigint NULL,
    ddd_e4 bigint NOT NULL,
    cost_ore bigint NULL,
    delivery_no int NOT NULL,
    month date NOT NULL,
    line int NOT NULL,
    hospital_no smallint NOT NULL,
    atc varchar(8) COLLATE "C" NOT NULL,
    article_number varchar(6) COLLATE "C" NOT NULL DEFAULT '',
    product varchar(200) NULL,
    CONSTRAINT consumption_row_pkey PRIMARY KEY (delivery_no, month, hospital_no, atc, article_number),
    CONSTRAINT consumption_row_range CHECK (
        ddd_e4 BETWEEN -1000000000000000 AND 1000000000000000
        AND packs_e4 BETWEEN -1000000000000000 AND 1000000000000000
        AND cost_ore BETWEEN -1000000000000000 AND 1000000000000000)
) PARTITION BY LIST (delivery_no);

-- ---- roll-ups ----
-- Written by accept_delivery alone, which joins every row to the delivery's own coverage, to hospitals and to codes;
-- none of these is ever deleted. Foreign keys would check the same again row by row, at more than the upload's own cost.

-- By hospital: the hospitals of a region that used a code in a month stand beside each other in one row, in no order.
-- A row each would be several times as many to write, in every upload. consumption_hospital_month and
-- consumption_hospital_cost show them one by one.
CREATE TABLE consumption_month (
    delivery_no int NOT NULL,
    month date NOT NULL,
    region_no smallint NOT NULL,
    atc varchar(8) COLLATE "C" NOT NULL,
    hospital_no smallint[] NOT NULL,
    rows int[] NOT NULL,
    ddd_e4 bigint[] NOT NULL,
    packs_e4 bigint[] NOT NULL,            -- an element may be NULL
    CONSTRAINT consumption_month_pkey PRIMARY KEY (delivery_no, region_no, month, atc)
);
CREATE TABLE consumption_region_month (
    ddd_e4 bigint NOT NULL,
    packs_e4 bigint NULL,
    delivery_no int NOT NULL,
    month date NOT NULL,
    region_no smallint NOT NULL,
    atc varchar(8) COLLATE "C" NOT NULL,
    CONSTRAINT consumption_region_month_pkey PRIMARY KEY (delivery_no, region_no, month, atc)
);
CREATE TABLE consumption_cost_month (
    cost_ore bigint NOT NULL,              -- of the region
    delivery_no int NOT NULL,
    month date NOT NULL,
    region_no smallint NOT NULL,
    atc varchar(8) COLLATE "C" NOT NULL,
    hospital_no smallint[] NOT NULL,       -- those that have a cost
    hospital_cost_ore bigint[] NOT NULL,
    CONSTRAINT consumption_cost_month_pkey PRIMARY KEY (delivery_no, region_no, month, atc)
);
CREATE VIEW consumption_hospital_month WITH (security_invoker) AS
SELECT m.delivery_no, m.region_no, m.month, m.atc, h.hospital_no, h.rows, h.ddd_e4, h.packs_e4
FROM consumption_month m
CROSS JOIN LATERAL unnest(m.hospital_no, m.rows, m.ddd_e4, m.packs_e4) AS h(hospital_no, rows, ddd_e4, packs_e4);
CREATE VIEW consumption_hospital_cost WITH (security_invoker) AS
SELECT m.delivery_no, m.region_no, m.month, m.atc, h.hospital_no, h.cost_ore
FROM consumption_cost_month m
CROSS JOIN LATERAL unnest(m.hospital_no, m.hospital_cost_ore) AS h(hospital_no, cost_ore);

-- What is in force now, by region, code and calendar year, as running sums: element k + 1 is what was used in the first
-- k months of the year, so that any run of months costs one subtraction a year, however many rows and deliveries there
-- are. Kept by renew_consumption_years(); the roll-ups above answer for the past and must give the same.
CREATE TABLE consumption_year (
    ddd_e4 bigint[] NOT NULL,
    packs_e4 bigint[] NOT NULL,            -- left out counts as zero here
    months int NOT NULL,                   -- bit k - 1: month k has a figure, zero or not
    year smallint NOT NULL,
    region_no smallint NOT NULL,
    source text COLLATE "C" NOT NULL,
    atc varchar(8) COLLATE "C" NOT NULL,
    CONSTRAINT consumption_year_pkey PRIMARY KEY (source, year, atc, region_no)
);
CREATE TABLE consumption_cost_year (
    cost_ore bigint[] NOT NULL,
    year smallint NOT NULL,
    region_no smallint NOT NULL,
    source text COLLATE "C" NOT NULL,
    atc varchar(8) COLLATE "C" NOT NULL,
    CONSTRAINT consumption_cost_year_pkey PRIMARY KEY (source, year, atc, region_no)
);
-- Read as they lie in the page: with the default storage each element read would unpack its whole array first.
ALTER TABLE consumption_year ALTER ddd_e4 SET STORAGE PLAIN, ALTER packs_e4 SET STORAGE PLAIN;
ALTER TABLE consumption_cost_year ALTER cost_ore SET STORAGE PLAIN;

-- ---- who may see and change what ----

-- The regions a coordinator acts for today, predecessors with them.
CREATE FUNCTION actor_regions() RETURNS smallint[] LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(r.region_no) FROM region r
    WHERE (SELECT actor_has('region_coordinator')) AND actor_acts_for(r.region_no);
END;
CREATE FUNCTION sees_all_deliveries() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN actor_has('amgros', 'forum_secretariat', 'auditor', 'admin');
CREATE FUNCTION may_deliver() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN actor_has('amgros', 'admin');
GRANT EXECUTE ON FUNCTION actor_regions(), sees_all_deliveries(), may_deliver() TO medkoord_server;

-- Everybody sees what has been accepted; the rest is seen by those who work with it and by the regions it speaks of.
-- Coverage stays visible when a delivery is withdrawn: it tells what was known before.
ALTER TABLE consumption_coverage ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_coverage FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_coverage_read ON consumption_coverage FOR SELECT USING (
    accepted_at IS NOT NULL AND (SELECT actor_subject()) IS NOT NULL
    OR (SELECT sees_all_deliveries())
    OR region_no = ANY ((SELECT actor_regions())::smallint[]));
CREATE POLICY consumption_coverage_insert ON consumption_coverage FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_coverage_update ON consumption_coverage FOR UPDATE USING ((SELECT may_deliver()));

ALTER TABLE consumption_delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_delivery FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_delivery_read ON consumption_delivery FOR SELECT USING (
    state = 'accepted' AND (SELECT actor_subject()) IS NOT NULL
    OR (SELECT sees_all_deliveries())
    OR ((SELECT actor_has('region_coordinator')) AND EXISTS (
        SELECT FROM consumption_coverage c
        WHERE c.delivery_no = consumption_delivery.delivery_no
          AND c.region_no = ANY ((SELECT actor_regions())::smallint[]))));
CREATE POLICY consumption_delivery_insert ON consumption_delivery FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_delivery_update ON consumption_delivery FOR UPDATE USING ((SELECT may_deliver()));

ALTER TABLE consumption_delivery_cost ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_delivery_cost FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_delivery_cost_read ON consumption_delivery_cost FOR SELECT USING ((SELECT may_see_cost()));
CREATE POLICY consumption_delivery_cost_insert ON consumption_delivery_cost
    FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_delivery_cost_update ON consumption_delivery_cost FOR UPDATE USING ((SELECT may_deliver()));

-- Rejections exist only while their delivery is rejected, or withdrawn as such: visible to the right people only.
ALTER TABLE consumption_rejection ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_rejection FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_rejection_read ON consumption_rejection FOR SELECT USING (
    (SELECT sees_all_deliveries()) OR ((SELECT actor_has('region_coordinator')) AND EXISTS (
        SELECT FROM consumption_coverage c
        WHERE c.delivery_no = consumption_rejection.delivery_no
          AND c.region_no = ANY ((SELECT actor_regions())::smallint[]))));
CREATE POLICY consumption_rejection_insert ON consumption_rejection FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_rejection_delete ON consumption_rejection FOR DELETE USING ((SELECT may_deliver()));
ALTER TABLE consumption_rejection_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_rejection_count FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_rejection_count_read ON consumption_rejection_count FOR SELECT USING (
    (SELECT sees_all_deliveries()) OR ((SELECT actor_has('region_coordinator')) AND EXISTS (
        SELECT FROM consumption_coverage c
        WHERE c.delivery_no = consumption_rejection_count.delivery_no
          AND c.region_no = ANY ((SELECT actor_regions())::smallint[]))));
CREATE POLICY consumption_rejection_count_insert ON consumption_rejection_count
    FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_rejection_count_delete ON consumption_rejection_count
    FOR DELETE USING ((SELECT may_deliver()));

-- Rows hold prices. They are readable through this table; its partitions have no grants and no policies.
ALTER TABLE consumption_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_row FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_row_read ON consumption_row FOR SELECT USING ((SELECT sees_all_deliveries()));

ALTER TABLE consumption_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_month FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_month_read ON consumption_month FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY consumption_month_insert ON consumption_month FOR INSERT WITH CHECK ((SELECT may_deliver()));
ALTER TABLE consumption_region_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_region_month FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_region_month_read ON consumption_region_month
    FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY consumption_region_month_insert ON consumption_region_month
    FOR INSERT WITH CHECK ((SELECT may_deliver()));
ALTER TABLE consumption_cost_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_cost_month FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_cost_month_read ON consumption_cost_month FOR SELECT USING ((SELECT may_see_cost()));
CREATE POLICY consumption_cost_month_insert ON consumption_cost_month FOR INSERT WITH CHECK ((SELECT may_deliver()));
ALTER TABLE consumption_year ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_year FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_year_read ON consumption_year FOR SELECT USING ((SELECT actor_subject()) IS NOT NULL);
CREATE POLICY consumption_year_insert ON consumption_year FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_year_delete ON consumption_year FOR DELETE USING ((SELECT may_deliver()));
ALTER TABLE consumption_cost_year ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption_cost_year FORCE ROW LEVEL SECURITY;
CREATE POLICY consumption_cost_year_read ON consumption_cost_year FOR SELECT USING ((SELECT may_see_cost()));
CREATE POLICY consumption_cost_year_insert ON consumption_cost_year FOR INSERT WITH CHECK ((SELECT may_deliver()));
CREATE POLICY consumption_cost_year_delete ON consumption_cost_year FOR DELETE USING ((SELECT may_deliver()));

-- The server reads. It writes through the functions below alone, which run as the owner, for the caller's roles.
GRANT SELECT ON consumption_delivery, consumption_delivery_cost, consumption_coverage, consumption_rejection,
    consumption_rejection_count, consumption_row, consumption_month, consumption_region_month, consumption_cost_month,
    consumption_hospital_month, consumption_hospital_cost, consumption_year, consumption_cost_year TO medkoord_server;

-- ---- states and facts that do not change ----

CREATE FUNCTION check_consumption_delivery() RETURNS trigger LANGUAGE plpgsql SET search_path = medkoord, pg_temp AS $$
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
CREATE TRIGGER consumption_delivery_check BEFORE INSERT OR UPDATE ON consumption_delivery
    FOR EACH ROW EXECUTE FUNCTION check_consumption_delivery();

-- Coverage is accepted once and withdrawn once.
CREATE FUNCTION check_consumption_coverage() RETURNS trigger LANGUAGE plpgsql SET search_path = medkoord, pg_temp AS $$
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
CREATE TRIGGER consumption_coverage_check BEFORE UPDATE ON consumption_coverage
    FOR EACH ROW EXECUTE FUNCTION check_consumption_coverage();

-- ---- what is in force ----

-- A moment from a date (its end, in Denmark) or an RFC 3339 time. NULL: as things stand, and whatever is still to come.
CREATE FUNCTION known_at(as_of text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN as_of IS NULL THEN 'infinity'::timestamptz
            WHEN length(as_of) = 10
            THEN (as_of::date + 1)::timestamp AT TIME ZONE 'Europe/Copenhagen' - interval '1 microsecond'
            ELSE as_of::timestamptz END;

-- The date in Denmark at that moment.
CREATE FUNCTION known_on(as_of timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN isfinite(as_of) THEN (as_of AT TIME ZONE 'Europe/Copenhagen')::date ELSE today() END;

-- The first of each month from one month to another. Not inlined (STRICT), so that its estimate holds: a wrong one
-- makes the planner read whole roll-ups.
CREATE FUNCTION months_between(from_month date, to_month date) RETURNS SETOF date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 24
BEGIN ATOMIC
    SELECT m::date FROM generate_series(from_month::timestamp, to_month::timestamp, interval '1 month') m;
END;

-- The functions down to the next banner are inlined into the statements that use them: one SELECT, STABLE, no SET.

-- The coverage of one region-month that was in force at a moment: one row, or none when it was not reported.
CREATE FUNCTION coverage_at(p_source text, p_region_no smallint, p_month date, p_as_of timestamptz)
RETURNS TABLE (delivery_no int, status text, accepted_at timestamptz, ddd_e4 bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT c.delivery_no, c.status, c.accepted_at, c.ddd_e4 FROM consumption_coverage c
    WHERE c.source = p_source AND c.region_no = p_region_no AND c.month = p_month
      AND c.accepted_at <= COALESCE(p_as_of, 'infinity')
      AND (c.withdrawn_at IS NULL OR c.withdrawn_at > COALESCE(p_as_of, 'infinity'))
    ORDER BY c.accepted_at DESC, c.delivery_no DESC LIMIT 1;
END;

-- The same for every region and month of a window; region-months that were not reported are not in it.
CREATE FUNCTION coverage_in_force(p_source text, p_from date, p_to date, p_as_of timestamptz)
RETURNS TABLE (region_no smallint, month date, delivery_no int, status text, accepted_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 144
BEGIN ATOMIC
    SELECT r.region_no, m.month, c.delivery_no, c.status, c.accepted_at
    FROM region r
    CROSS JOIN months_between(p_from, p_to) AS m(month)
    CROSS JOIN LATERAL coverage_at(p_source, r.region_no, m.month, p_as_of) c;
END;

-- The first characters of a code that make up its group at a level; veterinary codes have a leading Q more (there is no
-- other group Q). A shorter code stays under itself.
CREATE FUNCTION atc_group(atc text, level int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(atc, (ARRAY[1, 3, 4, 5, 7])[level] + CASE WHEN starts_with(atc, 'Q') THEN 1 ELSE 0 END);

-- The region of a moment that stands for a region: with basis current the one in force then, else itself.
CREATE FUNCTION shown_region(p_region_no smallint, p_basis text, p_as_of timestamptz) RETURNS smallint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN p_basis = 'current' THEN region_on(p_region_no, known_on(p_as_of)) ELSE p_region_no END;

-- Of the months of a window, in how many each shown region exists and was reported. A month of a region that has taken
-- over others counts as reported when all of them were.
CREATE FUNCTION reported_months(p_source text, p_from date, p_to date, p_as_of timestamptz, p_basis text)
RETURNS TABLE (shown_no smallint, months int, reported_months int) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT x.shown_no, count(*)::int, (count(*) FILTER (WHERE x.reported))::int
    FROM (SELECT shown_region(r.region_no, p_basis, p_as_of) AS shown_no, m.month,
              bool_and(c.delivery_no IS NOT NULL) AS reported
          FROM region r
          JOIN months_between(p_from, p_to) AS m(month)
            ON m.month >= r.valid_from AND COALESCE(m.month < r.valid_to, true)
          LEFT JOIN LATERAL coverage_at(p_source, r.region_no, m.month, p_as_of) c ON true
          GROUP BY 1, m.month) x
    GROUP BY x.shown_no;
END;

-- Sums of what is in force in a window, from the roll-ups alone. p_shown_no, p_hospital_no, p_atc (a prefix): NULL for
-- all. hospital_no is NULL by region. Cost is NULL for those who may not see it.
CREATE FUNCTION consumption_sums(p_source text, p_from date, p_to date, p_by text, p_level int, p_atc text,
    p_shown_no smallint, p_hospital_no smallint, p_as_of timestamptz, p_basis text)
RETURNS TABLE (shown_no smallint, hospital_no smallint, atc text, ddd_e4 numeric, packs_e4 numeric, cost_ore numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.shown_no, CASE WHEN p_by = 'hospital' THEN x.hospital_no END, atc_group(x.atc, p_level),
        sum(x.ddd_e4), sum(x.packs_e4), sum(x.cost_ore)
    FROM (SELECT r.region_no, shown_region(r.region_no, p_basis, p_as_of) AS shown_no FROM region r OFFSET 0) s
    JOIN coverage_in_force(p_source, p_from, p_to, p_as_of) f ON f.region_no = s.region_no
    CROSS JOIN LATERAL (
        SELECT m.atc, NULL::smallint AS hospital_no, m.ddd_e4, m.packs_e4, NULL::bigint AS cost_ore
        FROM consumption_region_month m
        WHERE p_by = 'region' AND p_hospital_no IS NULL
          AND m.delivery_no = f.delivery_no AND m.region_no = f.region_no AND m.month = f.month
          AND m.atc >= COALESCE(p_atc, '') AND m.atc < COALESCE(p_atc, '') || '~'
        UNION ALL
        SELECT m.atc, m.hospital_no, m.ddd_e4, m.packs_e4, NULL
        FROM consumption_hospital_month m
        WHERE (p_by = 'hospital' OR p_hospital_no IS NOT NULL)
          AND m.delivery_no = f.delivery_no AND m.region_no = f.region_no AND m.month = f.month
          AND m.atc >= COALESCE(p_atc, '') AND m.atc < COALESCE(p_atc, '') || '~'
        UNION ALL
        SELECT m.atc, NULL, 0, NULL, m.cost_ore
        FROM consumption_cost_month m
        WHERE (SELECT may_see_cost())  -- the row policy says so too, but is asked once a row
          AND p_by = 'region' AND p_hospital_no IS NULL
          AND m.delivery_no = f.delivery_no AND m.region_no = f.region_no AND m.month = f.month
          AND m.atc >= COALESCE(p_atc, '') AND m.atc < COALESCE(p_atc, '') || '~'
        UNION ALL
        SELECT m.atc, m.hospital_no, 0, NULL, m.cost_ore
        FROM consumption_hospital_cost m
        WHERE (SELECT may_see_cost())
          AND (p_by = 'hospital' OR p_hospital_no IS NOT NULL)
          AND m.delivery_no = f.delivery_no AND m.region_no = f.region_no AND m.month = f.month
          AND m.atc >= COALESCE(p_atc, '') AND m.atc < COALESCE(p_atc, '') || '~'
    ) x
    WHERE (p_shown_no IS NULL OR s.shown_no = p_shown_no) AND (p_hospital_no IS NULL OR x.hospital_no = p_hospital_no)
    GROUP BY 1, 2, 3;
END;

-- Where two deliveries differ: codes inside the region-months that both cover, and whole region-months (atc NULL) that
-- only one of them covers. before is the one compared with.
CREATE FUNCTION consumption_changes(p_before int, p_after int)
RETURNS TABLE (month date, region_no smallint, atc text, change text, ddd_before_e4 bigint, ddd_after_e4 bigint,
    packs_before_e4 numeric, packs_after_e4 numeric, cost_before_ore numeric, cost_after_ore numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH covered AS (
        SELECT region_no, month, b.delivery_no IS NOT NULL AS in_before, a.delivery_no IS NOT NULL AS in_after,
            b.ddd_e4 AS before_e4, a.ddd_e4 AS after_e4
        FROM (SELECT c.* FROM consumption_coverage c WHERE c.delivery_no = p_before AND c.accepted_at IS NOT NULL) b
        FULL JOIN (SELECT c.* FROM consumption_coverage c WHERE c.delivery_no = p_after AND c.accepted_at IS NOT NULL) a
            USING (region_no, month)
    ), figures AS (
        SELECT m.region_no, m.month, m.atc, m.delivery_no, m.ddd_e4, m.packs_e4, NULL::bigint AS cost_ore
        FROM consumption_region_month m WHERE m.delivery_no IN (p_before, p_after)
        UNION ALL
        SELECT m.region_no, m.month, m.atc, m.delivery_no, NULL, NULL, m.cost_ore
        FROM consumption_cost_month m WHERE m.delivery_no IN (p_before, p_after)
    ), compared AS (
        SELECT f.region_no, f.month, f.atc,
            COALESCE(sum(f.ddd_e4) FILTER (WHERE f.delivery_no = p_before), 0)::bigint AS ddd_before,
            COALESCE(sum(f.ddd_e4) FILTER (WHERE f.delivery_no = p_after), 0)::bigint AS ddd_after,
            sum(f.packs_e4) FILTER (WHERE f.delivery_no = p_before) AS packs_before,
            sum(f.packs_e4) FILTER (WHERE f.delivery_no = p_after) AS packs_after,
            sum(f.cost_ore) FILTER (WHERE f.delivery_no = p_before) AS cost_before,
            sum(f.cost_ore) FILTER (WHERE f.delivery_no = p_after) AS cost_after
        FROM figures f JOIN covered c ON c.region_no = f.region_no AND c.month = f.month AND c.in_before AND c.in_after
        GROUP BY f.region_no, f.month, f.atc
    )
    SELECT x.month, x.region_no, x.atc, 'figures', x.ddd_before, x.ddd_after, x.packs_before, x.packs_after,
        x.cost_before, x.cost_after
    FROM compared x
    WHERE (x.ddd_before, COALESCE(x.packs_before, 0), COALESCE(x.cost_before, 0))
        <> (x.ddd_after, COALESCE(x.packs_after, 0), COALESCE(x.cost_after, 0))
    UNION ALL
    SELECT c.month, c.region_no, NULL, CASE WHEN c.in_after THEN 'only_after' ELSE 'only_before' END,
        c.before_e4, c.after_e4, NULL, NULL, NULL, NULL
    FROM covered c WHERE c.in_before <> c.in_after;
END;

-- ---- what statements ask for by name ----

-- The number of a delivery that the caller may see, or the problem not_found.
CREATE FUNCTION require_consumption_delivery(p_id uuid) RETURNS int LANGUAGE plpgsql STABLE AS $$
DECLARE
    number int := (SELECT d.delivery_no FROM consumption_delivery d WHERE d.id = p_id);
BEGIN
    IF number IS NULL THEN
        PERFORM problem('not_found', 'There is no such delivery.');
    END IF;
    RETURN number;
END
$$;

-- The same for one that has been accepted, withdrawn since or not: the others have no figures.
CREATE FUNCTION require_accepted_delivery(p_id uuid, pointer text) RETURNS int LANGUAGE plpgsql STABLE AS $$
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

CREATE FUNCTION require_hospital(code text, pointer text) RETURNS smallint LANGUAGE plpgsql STABLE AS $$
DECLARE
    number smallint := (SELECT h.hospital_no FROM hospital h WHERE h.code = require_hospital.code);
BEGIN
    IF number IS NULL THEN
        PERFORM problem('invalid_parameter', 'There is no such hospital.', pointer);
    END IF;
    RETURN number;
END
$$;

-- A source that nobody has delivered for is a mistake in the question; what a withdrawn delivery covered stays visible.
-- The default is one from the beginning.
CREATE FUNCTION check_source(p_source text, pointer text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_source = 'amgros'
       OR EXISTS (SELECT FROM consumption_coverage c WHERE c.source = p_source AND c.accepted_at IS NOT NULL)
       OR EXISTS (SELECT FROM consumption_delivery d WHERE d.source = p_source) THEN
        RETURN;
    END IF;
    PERFORM problem('invalid_parameter', 'no delivery has this source', pointer);
END
$$;

-- The last month that anybody had reported at a moment; NULL: none.
CREATE FUNCTION last_reported_month(p_source text, p_as_of timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT max(c.month) FROM consumption_coverage c
    WHERE c.source = p_source AND c.accepted_at <= COALESCE(p_as_of, 'infinity')
      AND (c.withdrawn_at IS NULL OR c.withdrawn_at > COALESCE(p_as_of, 'infinity'));
END;

-- The window and moment a reader asks for, filled in: up to the last month that is over, 24 months.
CREATE FUNCTION reading_window(p_from date, p_to date, p_as_of text)
RETURNS TABLE (from_month date, to_month date, as_of timestamptz) LANGUAGE plpgsql STABLE ROWS 1 AS $$
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

CREATE FUNCTION check_window(p_from date, p_to date) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_to < p_from THEN
        PERFORM problem('invalid_parameter', 'The last month is before the first.', 'query/to_month');
    ELSIF p_to >= p_from + interval '600 months' THEN
        PERFORM problem('invalid_parameter', 'At most 600 months can be read at once.', 'query/from_month');
    END IF;
END
$$;

-- The periods of a window in order, the first and last cut to it. Not inlined (STRICT), as months_between.
CREATE FUNCTION periods_between(p_from date, p_to date, p_period text)
RETURNS TABLE (period_from date, from_month date, to_month date) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 24
BEGIN ATOMIC
    SELECT date_trunc(p_period, m.month::timestamp)::date AS period_from, min(m.month), max(m.month)
    FROM months_between(p_from, p_to) AS m(month)
    GROUP BY 1 ORDER BY 1;
END;

-- 2021-07, 2021-Q3 or 2021.
CREATE FUNCTION period_name(period_from date, period text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_char(period_from, CASE period WHEN 'month' THEN 'YYYY-MM' WHEN 'quarter' THEN 'YYYY-"Q"Q' ELSE 'YYYY' END);

-- Sums as list_consumption answers them, in its order: by period, region, hospital and code. Period by period, until
-- there are enough: a page costs no more than the periods it shows. p_limit NULL: all.
CREATE FUNCTION consumption_page(p_source text, p_from date, p_to date, p_period text, p_by text, p_level int,
    p_atc text, p_region text, p_hospital text, p_basis text, p_as_of text,
    p_after date, p_after_region text, p_after_hospital text, p_after_atc text, p_limit bigint)
RETURNS TABLE (period_from date, region text, hospital text, atc text, ddd_e4 numeric, packs_e4 numeric,
    cost_ore numeric, reported_months int, months int)
LANGUAGE plpgsql STABLE SET work_mem = '32MB' SET plan_cache_mode = force_generic_plan AS $$
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

-- ---- deliveries as the contract shows them (schemas/ConsumptionDelivery.yaml) ----

CREATE VIEW consumption_delivery_resource WITH (security_invoker) AS
SELECT d.delivery_no, d.id, d.source, d.label, d.status, d.state,
    -- Runs of months of one region: the number of months since year 0 less the rank is the same all through a run.
    (SELECT json_agg(json_build_object('region', x.slug, 'from_month', to_char(x.first, 'YYYY-MM'),
                                       'to_month', to_char(x.last, 'YYYY-MM')) ORDER BY x.slug, x.first)
     FROM (SELECT r.slug, min(c.month) AS first, max(c.month) AS last
           FROM (SELECT c.region_no, c.month,
                     EXTRACT(year FROM c.month) * 12 + EXTRACT(month FROM c.month)
                     - row_number() OVER (PARTITION BY c.region_no ORDER BY c.month) AS run
                 FROM consumption_coverage c WHERE c.delivery_no = d.delivery_no) c
           JOIN region r ON r.region_no = c.region_no
           GROUP BY r.slug, c.run) x) AS coverage,
    (SELECT count(*) FROM consumption_coverage c WHERE c.delivery_no = d.delivery_no) AS region_months,
    json_build_object('rows', d.control_rows, 'ddd', from_e4(d.control_ddd_e4), 'cost_ore', k.control_cost_ore)
        AS control,
    d.sha256, d.announced_at, d.announced_by, d.content_sha256, d.content_bytes, d.rows,
    CASE WHEN d.accepted_at IS NOT NULL THEN from_e4(d.control_ddd_e4) END AS ddd,  -- what was announced, or it would not be
    k.cost_ore, d.accepted_at,
    COALESCE((d.report -> 'short_atc_codes'), '[]') AS short_atc_codes,
    COALESCE((d.report -> 'new_atc_codes'), '[]') AS new_atc_codes,
    CASE WHEN d.state = 'accepted' THEN
        COALESCE((SELECT json_agg(json_build_object('id', o.id, 'region_months', x.n) ORDER BY x.delivery_no)
         FROM (SELECT f.delivery_no, count(*) AS n
               FROM consumption_coverage c
               CROSS JOIN LATERAL coverage_at(c.source, c.region_no, c.month, NULL) f
               WHERE c.delivery_no = d.delivery_no AND f.delivery_no <> d.delivery_no
               GROUP BY f.delivery_no) x
         JOIN consumption_delivery o ON o.delivery_no = x.delivery_no), '[]')
        ELSE '[]' END AS superseded_by,
    d.rejected_at, d.rejected_count,
    CASE WHEN d.rejected_at IS NOT NULL THEN
        COALESCE((SELECT json_object_agg(n.code, n.count ORDER BY n.code) FROM consumption_rejection_count n
                  WHERE n.delivery_no = d.delivery_no), '{}') END AS rejected_by_code,
    d.withdrawn_at, d.withdrawn_reason,
    COALESCE((SELECT json_agg(DISTINCT t.action) FROM consumption_delivery_transition t
              WHERE t.from_state = d.state AND (SELECT may_deliver())), '[]') AS actions,
    d.version
FROM consumption_delivery d
LEFT JOIN consumption_delivery_cost k ON k.delivery_no = d.delivery_no;
GRANT SELECT ON consumption_delivery_resource TO medkoord_server;

-- ---- announcing and withdrawing ----

-- body: schemas/NewConsumptionDelivery.yaml, checked in form.
CREATE FUNCTION announce_consumption_delivery(body jsonb) RETURNS SETOF consumption_delivery_resource
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
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

-- Locks a delivery for whoever uploads or withdraws it, without waiting for another that does. No row: not visible.
CREATE FUNCTION lock_consumption_delivery(p_id uuid) RETURNS SETOF consumption_delivery
LANGUAGE plpgsql VOLATILE SET search_path = medkoord, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT d.* FROM consumption_delivery d WHERE d.id = p_id FOR UPDATE NOWAIT;
EXCEPTION WHEN lock_not_available THEN
    PERFORM problem('upload_in_progress', 'This delivery is being uploaded or changed just now.');
END
$$;

-- What is in force changes one delivery at a time for each source. Answers the moment of the change: later than every
-- earlier one, whatever the clock says, so that the order of acceptance is never in doubt.
CREATE FUNCTION next_change_of_source(p_source text, p_delivery_no int) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = medkoord, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_source, 7090812));
    RETURN (SELECT GREATEST(clock_timestamp(), max(c.accepted_at) + interval '1 microsecond')
            FROM consumption_coverage own
            JOIN consumption_coverage c ON c.source = own.source AND c.region_no = own.region_no AND c.month = own.month
            WHERE own.delivery_no = p_delivery_no AND c.accepted_at IS NOT NULL);
END
$$;

-- The deliveries that are in force now in the years of the regions that a delivery covers.
CREATE FUNCTION consumption_year_cells(p_delivery_no int, p_year int)
RETURNS TABLE (source text, region_no smallint, month date, k int, delivery_no int) LANGUAGE sql STABLE ROWS 60
BEGIN ATOMIC
    SELECT p.source, p.region_no, m.month, EXTRACT(month FROM m.month)::int, f.delivery_no
    FROM (SELECT DISTINCT c.source, c.region_no FROM consumption_coverage c
          WHERE c.delivery_no = p_delivery_no AND EXTRACT(year FROM c.month) = p_year) p
    CROSS JOIN months_between(make_date(p_year, 1, 1), make_date(p_year, 12, 1)) AS m(month)
    CROSS JOIN LATERAL coverage_at(p.source, p.region_no, m.month, NULL) f;
END;

-- Works out anew the years of the regions that a delivery covers, after it was accepted or withdrawn. The lock that
-- next_change_of_source() took keeps two deliveries of one source from doing this at once.
-- A month's figure is taken by max(... FILTER), as there is one, and then added up: a sum for each of the twelve running
-- sums costs five times as much.
CREATE FUNCTION renew_consumption_years(p_delivery_no int) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = medkoord, pg_temp SET jit = off SET work_mem = '64MB'
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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
$$;

CREATE FUNCTION transition_consumption_delivery(p_id uuid, p_action text, p_reason text)
RETURNS SETOF consumption_delivery_resource
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
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

-- ---- uploading ----

-- The region of each hospital in each month that a delivery covers somewhere: that of the month's first day, or the
-- first one later in the month (a hospital may open in the middle of one).
CREATE FUNCTION delivery_hospital_months(p_delivery_no int)
RETURNS TABLE (hospital_no smallint, month date, region_no smallint) LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH place AS MATERIALIZED (
        SELECT DISTINCT ON (hr.hospital_no, m.month) hr.hospital_no, m.month, hr.region_no
        FROM (SELECT DISTINCT c.month FROM consumption_coverage c WHERE c.delivery_no = p_delivery_no) m
        JOIN hospital_region hr
          ON hr.valid_from < m.month + interval '1 month' AND COALESCE(hr.valid_to > m.month, true)
        ORDER BY hr.hospital_no, m.month, hr.valid_from
    ), successor AS MATERIALIZED (
        SELECT x.region_no, x.month, region_on(x.region_no, x.month) AS now_no
        FROM (SELECT DISTINCT p.region_no, p.month FROM place p) x
    )
    SELECT p.hospital_no, p.month, s.now_no
    FROM place p JOIN successor s ON s.region_no = p.region_no AND s.month = p.month;
END;

-- What an upload needs to know, and the bare table it fills (NULL when the delivery is finished). No row: not visible.
CREATE FUNCTION begin_delivery_upload(p_id uuid)
RETURNS TABLE (delivery_no int, state text, copy_into text, control_rows bigint, control_ddd_e4 bigint,
    control_cost_ore bigint, sha256 text, content_sha256 text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = medkoord, pg_temp SET client_min_messages = warning AS $$
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

-- What accepting a delivery changed (schemas/ConsumptionDeliveryReport.yaml).
CREATE FUNCTION consumption_delivery_report(p_delivery_no int)
RETURNS TABLE (id uuid, state text, rows bigint, ddd numeric, cost_ore bigint, short_atc_codes jsonb,
    new_atc_codes jsonb, supersedes jsonb, changes jsonb) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT d.id, d.state, d.rows, from_e4(d.control_ddd_e4), k.cost_ore, d.report -> 'short_atc_codes',
        d.report -> 'new_atc_codes', d.report -> 'supersedes', d.report -> 'changes'
    FROM consumption_delivery d LEFT JOIN consumption_delivery_cost k ON k.delivery_no = d.delivery_no
    WHERE d.delivery_no = p_delivery_no AND d.accepted_at IS NOT NULL;
END;

-- One violation of a whole upload, in the form of a rejection; unit: øre, DDD, or NULL for rows.
-- detail_da: the detail for an answer in Danish; what is kept is in English.
CREATE FUNCTION control_violation(p_code text, p_column text, p_unit text, p_announced text, p_found text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('line', NULL, 'column', p_column, 'code', p_code, 'value', p_found,
    'detail', CASE WHEN p_unit IS NULL THEN format('%s rows were announced, the file has %s', p_announced, p_found)
        ELSE format('%s %s were announced, the file adds up to %s', p_announced, p_unit, p_found) END,
    'detail_da', CASE WHEN p_unit IS NULL THEN format('der er anmeldt %s linjer, filen har %s', p_announced, p_found)
        ELSE format('der er anmeldt %s %s, filen giver %s', p_announced, p_unit, p_found) END);

-- The lines of a bare table that stand in its way, at most 10,000 of each kind: keys that stand twice, rows that no
-- covered region-month takes, codes that are none. Read only when something was found.
CREATE FUNCTION upload_violations(p_table text, p_delivery_no int) RETURNS TABLE (violation jsonb, code text)
LANGUAGE plpgsql STABLE SET search_path = medkoord, pg_temp AS $$
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
$$;

-- sum() of bigint works in numeric, at a third more than the time of a delivery's adding up. This one fails when a sum is
-- no bigint, as the cast of the other's result would.
CREATE AGGREGATE sum_bigint(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = safe);

-- Checks an uploaded table as a set and makes it count, or answers why not (violations) and leaves no trace.
-- One pass over the rows, then only over what they add up to.
CREATE FUNCTION accept_delivery(p_delivery_no int, p_content_sha256 text, p_bytes bigint)
RETURNS TABLE (violations jsonb, violation_counts jsonb, id uuid, state text, rows bigint, ddd numeric, cost_ore bigint,
    short_atc_codes jsonb, new_atc_codes jsonb, supersedes jsonb, changes jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = medkoord, pg_temp SET work_mem = '64MB' SET maintenance_work_mem = '128MB' SET jit = off
SET enable_sort = off AS $$  -- grouping without it: only what is left is sorted
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
$$;

-- Keeps why an upload was rejected, in place of what was kept of an earlier one. No row: not visible.
CREATE FUNCTION reject_delivery(p_id uuid, p_content_sha256 text, p_bytes bigint, p_counts jsonb, p_rejections jsonb)
RETURNS SETOF consumption_delivery_resource
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medkoord, pg_temp AS $$
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

GRANT EXECUTE ON FUNCTION check_consumption_delivery(), check_consumption_coverage(), known_at(text),
    known_on(timestamptz), months_between(date, date), coverage_at(text, smallint, date, timestamptz),
    coverage_in_force(text, date, date, timestamptz), atc_group(text, int), shown_region(smallint, text, timestamptz),
    reported_months(text, date, date, timestamptz, text), consumption_sums(text, date, date, text, int, text,
    smallint, smallint, timestamptz, text), periods_between(date, date, text), consumption_page(text, date, date,
    text, text, int, text, text, text, text, text, date, text, text, text, bigint), consumption_changes(int, int),
    require_consumption_delivery(uuid), require_accepted_delivery(uuid, text), require_hospital(text, text),
    reading_window(date, date, text), check_window(date, date), check_source(text, text),
    last_reported_month(text, timestamptz), period_name(date, text),
    announce_consumption_delivery(jsonb), transition_consumption_delivery(uuid, text, text),
    delivery_hospital_months(int), begin_delivery_upload(uuid), consumption_delivery_report(int), accept_delivery(int,
    text, bigint), reject_delivery(uuid, text, bigint, jsonb, jsonb) TO medkoord_server;
