-- What every other migration stands on: who acts, problems by name, exact decimals, change stamps, idempotency keys.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0

-- Nothing is open to everybody: what the server may call is granted by name.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- ---- who acts: the settings that sql/ops/_actor.sql sets for one transaction ----
-- A local setting reads back as '' once its transaction is over, so '' and absent are both nobody.
-- In policies and statements these stand in a scalar subselect, (SELECT actor_has('admin')): worked out once a query.

CREATE FUNCTION actor_subject() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('medkoord.subject', true), '');

CREATE FUNCTION actor_has(VARIADIC roles text[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(string_to_array(current_setting('medkoord.roles', true), ',') && array_remove(roles, ''), false);

-- The slug of the region the caller acts for; NULL when none.
CREATE FUNCTION actor_region() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('medkoord.region', true), '');

CREATE FUNCTION may_see_cost() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN actor_has('amgros', 'forum_secretariat', 'auditor', 'admin');

-- The date in Denmark. The session's own time zone is UTC, where the day turns an hour or two later.
CREATE FUNCTION today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN (CURRENT_TIMESTAMP AT TIME ZONE 'Europe/Copenhagen')::date;

-- ---- problems by name ----

-- Ends the statement with a code of openapi/errors.yaml. detail is for the caller (nothing confidential), pointer is
-- the RFC 6901 pointer of the offending member. Answers boolean so that it can stand in a CASE; never returns.
-- VOLATILE, or the planner would raise it while it plans.
CREATE FUNCTION problem(code text, detail text, pointer text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    IF pointer IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'MK000', CONSTRAINT = code, MESSAGE = detail;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'MK000', CONSTRAINT = code, MESSAGE = detail, COLUMN = pointer;
END
$$;

-- Several things wrong at once: {"code", "detail", "pointer"} each. The first names the problem, all stand in its errors.
CREATE FUNCTION problems(faults jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'MK000', CONSTRAINT = faults #>> '{0,code}', MESSAGE = faults #>> '{0,detail}',
        COLUMN = faults #>> '{0,pointer}', DETAIL = faults::text;
END
$$;

-- For a row that is locked: true when If-Match names its entity tag (or is '*'). NULL: the caller sent none.
CREATE FUNCTION require_match(if_match text, etag text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
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

-- For a PUT that has just created: If-Match asked for something that was not there.
CREATE FUNCTION require_no_match(if_match text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    IF if_match IS NULL THEN
        RETURN true;
    END IF;
    RETURN problem('precondition_failed', 'There is nothing here yet to match: leave If-Match out to create it.');
END
$$;

-- ---- exact decimals: DDD and packs are kept as whole ten-thousandths ----

-- pointer: of the value in the caller's body.
CREATE FUNCTION to_e4(value numeric, pointer text DEFAULT '') RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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

-- 125000 is 12.5. Multiplied, not divided: division would round large numbers.
CREATE FUNCTION from_e4(value bigint) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN trim_scale(value * 0.0001);

-- ---- addresses ----

-- A segment of a URL's path, for _location: everything outside RFC 3986's unreserved characters percent-encoded.
CREATE FUNCTION url_segment(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(
        CASE WHEN c.c ~ '^[A-Za-z0-9._~-]$' THEN c.c
             ELSE upper(regexp_replace(encode(convert_to(c.c, 'UTF8'), 'hex'), '(..)', '%\1', 'g')) END, '' ORDER BY c.n)
    FROM regexp_split_to_table(value, '') WITH ORDINALITY AS c (c, n);
END;

-- ---- change stamps ----

-- BEFORE INSERT OR UPDATE on tables with version, changed_at and changed_by: nobody else sets these.
CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- ---- idempotency keys ----

-- One row for each key that has been used, written in the same transaction as the effect it protects.
CREATE TABLE idempotency_key (
    subject text NOT NULL,
    key text NOT NULL,
    operation text NOT NULL,
    digest text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    status int NULL,
    location text NULL,
    etag text NULL,
    body text NULL,
    CONSTRAINT idempotency_key_pkey PRIMARY KEY (subject, key),
    CONSTRAINT idempotency_key_length CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_key_status CHECK (status BETWEEN 200 AND 299)
);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);

ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_key_own ON idempotency_key TO medkoord_server
    USING (subject = (SELECT actor_subject()))
    WITH CHECK (subject = (SELECT actor_subject()));
-- purge_idempotency_keys() runs as the owner, for everybody's keys but only the old ones.
CREATE POLICY idempotency_key_old ON idempotency_key FOR SELECT TO medkoord_owner
    USING (created_at < CURRENT_TIMESTAMP - interval '7 days');
CREATE POLICY idempotency_key_purge ON idempotency_key FOR DELETE TO medkoord_owner
    USING (created_at < CURRENT_TIMESTAMP - interval '7 days');
GRANT SELECT, INSERT ON idempotency_key TO medkoord_server;
GRANT UPDATE (status, location, etag, body) ON idempotency_key TO medkoord_server;

-- A key kept without its answer would let the effect happen again, or never be answered: no such commit.
CREATE FUNCTION check_idempotent_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM medkoord.idempotency_key k
               WHERE k.subject = NEW.subject AND k.key = NEW.key AND k.status IS NULL) THEN
        RAISE EXCEPTION 'an idempotency key was claimed and its answer not stored'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'idempotency_key_answered';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER idempotency_key_answered AFTER INSERT ON idempotency_key
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_idempotent_answer();

-- All NULL: the key is the caller's now, until the transaction ends. Otherwise the stored answer. Raises
-- request_in_progress when another transaction holds the key, idempotency_key_reused when it was for something else.
CREATE FUNCTION claim_idempotency_key(claimed text, for_operation text, with_digest text)
RETURNS TABLE (status int, location text, etag text, body text) LANGUAGE plpgsql VOLATILE AS $$
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

-- Removes up to 10,000 keys older than 7 days and tells how many.
CREATE FUNCTION purge_idempotency_keys() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = medkoord, pg_temp
BEGIN ATOMIC
    WITH old AS MATERIALIZED (
        SELECT k.subject, k.key FROM idempotency_key k
        WHERE k.created_at < CURRENT_TIMESTAMP - interval '7 days'
            AND (SELECT pg_try_advisory_xact_lock(7090812)) -- one at a time: the others have nothing to do
        ORDER BY k.created_at LIMIT 10000
    ), gone AS (
        DELETE FROM idempotency_key k USING old WHERE k.subject = old.subject AND k.key = old.key RETURNING 1
    )
    SELECT count(*) FROM gone;
END;

GRANT EXECUTE ON FUNCTION actor_subject(), actor_has(text[]), actor_region(), may_see_cost(), today(),
    problem(text, text, text), problems(jsonb), require_match(text, text), require_no_match(text), to_e4(numeric, text), from_e4(bigint), url_segment(text),
    claim_idempotency_key(text, text, text), purge_idempotency_keys() TO medkoord_server;
