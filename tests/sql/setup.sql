-- What the pgTAP files stand on; run once by tests/sql/run, as superuser, in the database of a throwaway cluster.
-- SPDX-License-Identifier: MPL-2.0
CREATE EXTENSION IF NOT EXISTS pgtap WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public; -- sessions beside the test's own
GRANT USAGE ON SCHEMA public TO medkoord_server;

-- pgTAP keeps its count in temporary tables.
DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO medkoord_server', current_database());
END
$$;

-- The rest of the test acts with these roles, as after sql/ops/_actor.sql. Answers no row, so TAP does not see it.
CREATE OR REPLACE FUNCTION public.act_as(roles text, region text DEFAULT '', subject text DEFAULT 'tester')
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('medkoord.subject', subject, true), set_config('medkoord.region', region, true),
        set_config('medkoord.roles', CASE WHEN roles <> '' THEN ',' || roles || ',' ELSE '' END, true);
END
$$;

-- Passes when the statement fails with this constraint or problem code; failures of privilege and policy have none:
-- write their SQLSTATE.
CREATE OR REPLACE FUNCTION public.fails_with(statement text, expected text, description text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    failed_constraint text;
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS failed_constraint = CONSTRAINT_NAME;
        RETURN public.is(COALESCE(NULLIF(failed_constraint, ''), SQLSTATE), expected,
                         COALESCE(description, statement || ' fails with ' || expected))
            || CASE WHEN expected IN (failed_constraint, SQLSTATE) THEN '' ELSE E'\n' || public.diag(SQLERRM) END;
    END;
    RETURN public.ok(false, COALESCE(description, statement) || ': it did not fail');
END
$$;

-- Deferred checks as COMMIT would make them, without ending the transaction.
CREATE OR REPLACE FUNCTION public.commit_would() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;

-- The rows that a prepared statement answers, as jsonb: SELECT j ->> 'slug' FROM listed('get_region', '''sjaelland'', NULL') j
CREATE OR REPLACE FUNCTION public.listed(statement text, arguments text) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
    answer record;
BEGIN
    FOR answer IN EXECUTE 'EXECUTE ' || quote_ident(statement) || CASE WHEN arguments <> '' THEN '(' || arguments || ')' ELSE '' END LOOP
        RETURN NEXT to_jsonb(answer);
    END LOOP;
END
$$;

-- ---- sessions beside the test's own, by dblink: what they only do answers no row ----

CREATE OR REPLACE FUNCTION public.does(name text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_exec(name, statement);
END
$$;
-- Goes on without the answer: outcome() has it.
CREATE OR REPLACE FUNCTION public.sends(name text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_send_query(name, statement);
END
$$;
-- The answer, of one column.
CREATE OR REPLACE FUNCTION public.asks(name text, statement text) RETURNS text LANGUAGE sql AS $$
    SELECT t.a FROM dblink(name, statement) AS t (a text);
$$;
CREATE OR REPLACE FUNCTION public.connects(name text, role text DEFAULT 'medkoord_server') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_connect(name, format('host=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_database(), role));
    PERFORM set_config('process.' || name, asks(name, 'SELECT pg_backend_pid()'), false);
END
$$;
CREATE OR REPLACE FUNCTION public.two_sessions() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM connects('one'), connects('two');
END
$$;
-- A transaction of somebody.
CREATE OR REPLACE FUNCTION public.begins(name text, subject text DEFAULT 'anna', roles text DEFAULT 'admin') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_exec(name, 'BEGIN');
    PERFORM asks(name, format('SELECT set_config(''medkoord.subject'', %L, true) || set_config(''medkoord.roles'', %L, true)', subject, ',' || roles || ','));
END
$$;
-- Waits until the session waits for a lock, for 5 seconds at most.
CREATE OR REPLACE FUNCTION public.waits(name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..500 LOOP
        IF EXISTS (SELECT FROM pg_locks WHERE pid = current_setting('process.' || name)::int AND NOT granted) THEN
            RETURN true;
        END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN false;
END
$$;
-- The answer of what was sent to a session, or the message it failed with: dblink passes no constraint on.
CREATE OR REPLACE FUNCTION public.outcome(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SELECT t.a INTO answer FROM dblink_get_result(name) AS t (a text);
    PERFORM FROM dblink_get_result(name) AS t (a text);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    PERFORM FROM dblink_get_result(name) AS t (a text);
    RETURN SQLERRM;
END
$$;
-- Two tests: the second session waits for the first, and once that has committed this is its outcome. It is rolled back.
CREATE OR REPLACE FUNCTION public.second_finds(statement text, expected text, description text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sends('two', statement);
    RETURN NEXT public.is(waits('two'), true, description || ': it waits');
    PERFORM does('one', 'COMMIT');
    RETURN NEXT public.is(outcome('two'), expected, description);
    PERFORM does('two', 'ROLLBACK');
END
$$;
