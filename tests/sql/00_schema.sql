-- The schema as a whole: who owns what, who may do what, and that nothing was left open.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SELECT plan(14);

SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relowner <> 'medkoord_owner'::regrole
    UNION ALL
    SELECT p.proname FROM pg_proc p
    WHERE p.pronamespace = 'medkoord'::regnamespace AND p.proowner <> 'medkoord_owner'::regrole
$$, 'everything is owned by medkoord_owner');
SELECT is((SELECT rolcanlogin FROM pg_roles WHERE rolname = 'medkoord_owner'), false, 'as whom nobody logs in');
SELECT is_empty($$
    SELECT rolname FROM pg_roles
    WHERE rolname LIKE 'medkoord%' AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)
$$, 'no role of ours has special powers');
SELECT is_empty($$
    SELECT member::regrole FROM pg_auth_members WHERE member = 'medkoord_server'::regrole
$$, 'the server''s role is a member of nothing');

SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname NOT IN ('schema_migration', 'consumption_delivery_transition')  -- the same for everybody, read only
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
$$, 'every table has row policies that bind its owner too');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
      AND (has_table_privilege('medkoord_server', c.oid, 'INSERT, UPDATE, DELETE')
           OR has_any_column_privilege('medkoord_server', c.oid, 'INSERT, UPDATE'))
$$, 'a table without policies is read only');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relkind = 'v'
      AND NOT COALESCE('security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions), false)
$$, 'views show what their reader may see');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'medkoord'::regnamespace AND c.relkind IN ('r', 'p')
      AND has_table_privilege('medkoord_server', c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
$$, 'the server may not truncate, refer to or put triggers on a table');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
    WHERE p.pronamespace = 'medkoord'::regnamespace AND a.grantee = 0
$$, 'no function is open to everybody');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p
    WHERE p.pronamespace = 'medkoord'::regnamespace AND p.prosecdef
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=medkoord, pg_temp%')
$$, 'a function that runs as the owner fixes its search_path');
SELECT is_empty($$
    SELECT conname FROM pg_constraint
    WHERE connamespace = 'medkoord'::regnamespace AND contype IN ('c', 'u', 'x', 'f') AND coninhcount = 0
      AND conname !~ ('^' || (SELECT relname FROM pg_class WHERE oid = conrelid) || '_')
      AND conrelid <> 0
$$, 'constraints are named after their table');
SELECT is_empty($$
    SELECT p.polname FROM pg_policy p
    WHERE pg_get_expr(p.polqual, p.polrelid) || COALESCE(pg_get_expr(p.polwithcheck, p.polrelid), '')
          ~ '(^|[^T ]) *(actor_|may_see_cost)[a-z_]*\('
      AND pg_get_expr(p.polqual, p.polrelid) !~ 'SELECT (actor_|may_see_cost)'
$$, 'policies ask who acts in a scalar subselect, once a query');
SELECT is((SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'medkoord_server'::regrole)::text
          LIKE '%search_path=medkoord, pg_temp%', true, 'the server''s search_path ends with pg_temp');
SELECT is((SELECT array_agg(number ORDER BY number) FROM schema_migration),
          (SELECT array_agg(n) FROM generate_series(1, (SELECT max(number) FROM schema_migration)) n),
          'migrations are numbered without a gap');

SELECT * FROM finish();
ROLLBACK;
