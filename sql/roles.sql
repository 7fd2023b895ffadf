-- Roles, schema and extension of one database, made once by a superuser: psql --dbname medkoord --file sql/roles.sql
-- Can be run again at any time. Gives nobody a password and nobody a way in: that is pg_hba.conf's work.
-- SPDX-License-Identifier: MPL-2.0
BEGIN;

-- Two runs at once (roles belong to the whole cluster) wait for each other.
SELECT pg_advisory_xact_lock(7090811) \g /dev/null

DO $roles$
BEGIN
    -- Owns everything, logs in nowhere.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'medkoord_owner') THEN
        CREATE ROLE medkoord_owner;
    END IF;
    -- Changes the schema (SET ROLE medkoord_owner).
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'medkoord_migrator') THEN
        CREATE ROLE medkoord_migrator;
    END IF;
    -- The server: sees and changes what grants and row policies let through.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'medkoord_server') THEN
        CREATE ROLE medkoord_server;
    END IF;
END
$roles$;

ALTER ROLE medkoord_owner NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE medkoord_migrator LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE medkoord_server LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT medkoord_owner TO medkoord_migrator;

CREATE SCHEMA IF NOT EXISTS medkoord AUTHORIZATION medkoord_owner;
GRANT USAGE ON SCHEMA medkoord TO medkoord_server;
-- Equality of numbers and text in exclusion constraints.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

DO $database$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO medkoord_migrator, medkoord_server', current_database());
    -- pg_temp last: a temporary table can never stand in for one of ours.
    EXECUTE format('ALTER ROLE medkoord_migrator IN DATABASE %I SET search_path = medkoord, pg_temp', current_database());
    EXECUTE format('ALTER ROLE medkoord_server IN DATABASE %I SET search_path = medkoord, pg_temp', current_database());
    -- Times are answered in UTC; a Danish date is what today() says.
    EXECUTE format('ALTER ROLE medkoord_server IN DATABASE %I SET timezone = ''UTC''', current_database());
    EXECUTE format('ALTER ROLE medkoord_server IN DATABASE %I SET datestyle = ''ISO, YMD''', current_database());
    -- Compiling a plan takes longer than any of ours runs.
    EXECUTE format('ALTER ROLE medkoord_server IN DATABASE %I SET jit = off', current_database());
END
$database$;

COMMIT;
