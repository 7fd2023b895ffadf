/* medkoordd migrate with migrations of its own, against a real PostgreSQL: those that fail, that end their own
 * transaction, that lose the connection or cannot be committed. Nothing of a failed one is kept, what came before is.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

/* migrate.c is compiled once more for this program, with these in place of the contract's (tests/unit/meson.build). */
struct migration test_migrations[4];
size_t test_n_migrations;

static char folder[] = "/tmp/medkoord-migrate-XXXXXX"; /* made by main() */

static void pg(const char *words) {
    char command[512];
    snprintf(command, sizeof command, "'%s' %s", PG_SCRIPT, words);
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void start_cluster(void) {
    char words[64];
    snprintf(words, sizeof words, "start %s", folder);
    pg(words);
}

static void stop_cluster(void) {
    char command[128];
    snprintf(command, sizeof command, "stop %s --immediate", folder);
    pg(command);
}

static char *url(const char *role) {
    static char text[2][160];
    static int which;
    which = !which;
    snprintf(text[which], sizeof text[which], "host=%s port=5432 dbname=medkoord user=%s", folder, role);
    return text[which];
}

/* The first value that a statement answers, as text. */
static const char *ask(const char *sql) {
    static char answer[256];
    PGconn *db = PQconnectdb(url("postgres"));
    PGresult *result = PQexec(db, sql);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(db));
    snprintf(answer, sizeof answer, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(db);
    return answer;
}

/* As sql/roles.sql leaves the database. */
static void empty_schema(void) {
    ask("SET client_min_messages = warning; DROP SCHEMA medkoord CASCADE; "
        "CREATE SCHEMA medkoord AUTHORIZATION medkoord_owner; GRANT USAGE ON SCHEMA medkoord TO medkoord_server");
    test_n_migrations = 0;
}

static void add_migration(const char *name, const char *sql) {
    static const char *const digests[] = {SHA "1", SHA "2", SHA "3", SHA "4"};
    size_t n = test_n_migrations++;
    test_migrations[n] = (struct migration){.number = (int)n + 1, .name = name, .sha256 = digests[n], .sql = sql};
}

static struct {
    int result;
    char out[4096], err[4096];
} ran;

static void divert(FILE *stream, const char *name, int *ret_saved) {
    char path[64];
    fflush(stream);
    *ret_saved = dup(fileno(stream));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_ptr_nonnull(freopen(path, "w", stream));
}

static void put_back(FILE *stream, const char *name, int saved, char *ret, size_t n) {
    char path[64];
    fflush(stream);
    dup2(saved, fileno(stream));
    close(saved);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "re");
    ck_assert_ptr_nonnull(in);
    ret[fread(ret, 1, n - 1, in)] = '\0';
    fclose(in);
}

static void migrate(const char *role, bool dry_run) {
    struct conf conf = {.migrate_database = url(role)};
    int out, err;
    divert(stdout, "out", &out);
    divert(stderr, "err", &err);
    ran.result = migrate_command(&conf, dry_run);
    put_back(stderr, "err", err, ran.err, sizeof ran.err);
    put_back(stdout, "out", out, ran.out, sizeof ran.out);
}

static void says(const char *text) {
    ck_assert_msg(strstr(ran.err, text) != NULL, "no '%s' in: %s", text, ran.err);
}

START_TEST(migrations_are_applied_in_order_and_once) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t (n integer); SET LOCAL lock_timeout = 0; SET search_path = public");
    add_migration("second", "INSERT INTO t SELECT 1 WHERE current_setting('search_path') = 'medkoord, pg_temp'");
    migrate("medkoord_migrator", true);
    ck_assert_int_eq(ran.result, 0);
    ck_assert_str_eq(ran.out, "would apply 0001 first\nwould apply 0002 second\n");
    ck_assert_str_eq(
        ask("SELECT to_regclass('medkoord.t') IS NULL AND to_regclass('medkoord.schema_migration') IS NULL"), "t");
    migrate("medkoord_migrator", false);
    ck_assert_msg(ran.result == 0, "%s", ran.err);
    ck_assert_ptr_nonnull(strstr(ran.out, "the database is at version 2\n"));
    /* The first one's settings did not reach the second. */
    ck_assert_str_eq(ask("SELECT count(*) FROM medkoord.t"), "1");
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 0);
    ck_assert_str_eq(ran.out, "the database is at version 2 already\n");
    ck_assert_str_eq(ask("SELECT count(*) FROM medkoord.t"), "1");
    ck_assert_str_eq(ask("SELECT string_agg(number || name, ',' ORDER BY number) FROM medkoord.schema_migration"),
                     "1first,2second");
}
END_TEST

START_TEST(a_program_without_migrations) {
    empty_schema();
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 0);
    ck_assert_str_eq(ran.out, "the database is at version 0 already\n");
}
END_TEST

static const struct {
    const char *sql, *said[3];
} failing[] = {
    {"SELECT 'æøå',\n'ø',\nnowhere.f()", {"3F000", "in its line 3", "nothing of 0002 second was kept"}},
    {"CREATE TABLE medkoord.k (n integer UNIQUE);\nINSERT INTO medkoord.k VALUES (7), (7)",
     {"23505", "Key (n)=(7) already exists.", "nothing of"}},
    {"SELECT count(*) FROM medkoord.t WHERE nn = 1", {"42703", "Perhaps you meant", "in its line 1"}},
    {"DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = E'one\\n\\ntwo'; END $$", {"P0001: no\n", "    one\n    two\n"}},
    /* Found out at COMMIT. */
    {"CREATE TABLE medkoord.p (n integer PRIMARY KEY, q integer REFERENCES medkoord.p DEFERRABLE INITIALLY DEFERRED);"
     "INSERT INTO medkoord.p VALUES (1, 2)",
     {"could not be committed", "23503", "nothing of"}},
    /* The INSERT that records it fails. */
    {"INSERT INTO medkoord.schema_migration VALUES (2, 'x', repeat('0', 64))",
     {"could not be recorded", "23505", "nothing of"}},
    /* Nobody is there to say more. */
    {"RESET ROLE; SELECT pg_terminate_backend(pg_backend_pid())",
     {"0002 second failed", "terminating connection", "nothing of"}},
    {"SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(60)", {"57014", "nothing of"}},
};

START_TEST(nothing_of_a_failed_migration_is_kept) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t (n integer)");
    add_migration("second", failing[_i].sql);
    add_migration("third", "CREATE TABLE medkoord.never ()");
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    for (size_t i = 0; i < 3 && failing[_i].said[i] != NULL; i++)
        says(failing[_i].said[i]);
    ck_assert_ptr_nonnull(strstr(ran.out, "applied 0001 first"));
    ck_assert_ptr_null(strstr(ran.out, "0002"));
    ck_assert_str_eq(ask("SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class "
                         "WHERE relnamespace = 'medkoord'::regnamespace AND relkind = 'r'"),
                     "schema_migration,t");
    ck_assert_str_eq(ask("SELECT max(number) FROM medkoord.schema_migration"), "1");
    /* Mended, it goes on from there. */
    test_migrations[1].sql = "INSERT INTO medkoord.t VALUES (1)";
    migrate("medkoord_migrator", false);
    ck_assert_msg(ran.result == 0, "%s", ran.err);
    ck_assert_str_eq(ask("SELECT max(number) FROM medkoord.schema_migration"), "3");
}
END_TEST

START_TEST(a_migration_that_ends_its_own_transaction_is_found_out) {
    empty_schema();
    add_migration("first", _i == 0 ? "CREATE TABLE medkoord.t (); COMMIT" : "CREATE TABLE medkoord.t (); ROLLBACK");
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    says("0001 first ends its own transaction");
    ck_assert_str_eq(ask("SELECT count(*) FROM medkoord.schema_migration"), "0");
}
END_TEST

START_TEST(another_history_is_refused) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t ()");
    add_migration("second", "CREATE TABLE medkoord.u ()");
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 0);
    test_migrations[0].sha256 = SHA "f";
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    says("0001 first was changed after it was applied");
    test_migrations[0].number = 3; /* this program's first is not the database's first */
    test_migrations[1].number = 4;
    migrate("medkoord_migrator", true);
    ck_assert_int_eq(ran.result, 1);
    says("the database has 0001 first where this program has 0003 first");
    test_migrations[0] = (struct migration){.number = 1, .name = "first", .sha256 = SHA "1", .sql = "SELECT 1"};
    test_n_migrations = 1;
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    says("the database is newer than this program: it has 0002 second, and the last one known here is 0001");
    ask("DELETE FROM medkoord.schema_migration WHERE number = 1");
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    says("the database is newer than this program: it has 0002 second");
}
END_TEST

START_TEST(without_roles_or_schema_it_says_what_to_run) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t ()");
    migrate("medkoord_server", false);
    ck_assert_int_eq(ran.result, 1);
    says("the role 'medkoord_server' may not become medkoord_owner");
    ask("DROP SCHEMA medkoord");
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    says("there is no schema medkoord owned by medkoord_owner");
    ask("CREATE SCHEMA medkoord"); /* but it is the superuser's */
    migrate("medkoord_migrator", false);
    ck_assert_int_eq(ran.result, 1);
    says("there is no schema medkoord owned by medkoord_owner");
    ask("ALTER ROLE medkoord_owner RENAME TO was_owner");
    migrate("medkoord_migrator", false);
    ask("ALTER ROLE was_owner RENAME TO medkoord_owner");
    ck_assert_int_eq(ran.result, 1);
    says("there is no role medkoord_owner");
    migrate("nobody", false);
    ck_assert_int_eq(ran.result, 1);
    says("migrate_database: the database does not answer");
    says("role \"nobody\" does not exist");
}
END_TEST

START_TEST(what_is_applied_cannot_be_read) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t ()");
    ask("CREATE TABLE medkoord.schema_migration (number integer)");
    for (int dry_run = 0; dry_run < 2; dry_run++) {
        migrate("medkoord_migrator", dry_run);
        ck_assert_int_eq(ran.result, 1);
        says(dry_run ? "reading medkoord.schema_migration failed:\n    42"
                     : "creating medkoord.schema_migration failed:\n    42501");
    }
}
END_TEST

/* The connection ends between two statements: an event trigger ends it when the table is to be made. */
START_TEST(the_connection_is_lost_on_the_way) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t ()");
    ask("CREATE OR REPLACE FUNCTION public.end_it() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END'");
    ask("CREATE EVENT TRIGGER end_it ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION "
        "public.end_it()");
    migrate("medkoord_migrator", false);
    ask("DROP EVENT TRIGGER end_it");
    ck_assert_int_eq(ran.result, 1);
    says("creating medkoord.schema_migration failed:\n    FATAL:  terminating connection");
    ck_assert_str_eq(ask("SELECT to_regclass('medkoord.schema_migration') IS NULL"), "t");
}
END_TEST

START_TEST(two_at_once_wait_for_each_other) {
    empty_schema();
    add_migration("first", "CREATE TABLE medkoord.t ()");
    PGconn *other = PQconnectdb(url("postgres"));
    PQclear(PQexec(other, "SELECT pg_advisory_lock(7812645107391645043)"));
    /* The other one ends as soon as somebody waits for it, or dies while we wait. */
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        migrate("medkoord_migrator", false);
        bool good = _i == 0 ? ran.result == 0 && strstr(ran.out, "applied 0001") != NULL
                            : ran.result == 1 && strstr(ran.err, "waiting for the other migration failed") != NULL;
        good = good && strstr(ran.err, "another migration of this database is running; waiting for it") != NULL;
        if (!good)
            fprintf(stderr, "%d: %s%s", ran.result, ran.out, ran.err);
        _exit(good ? 0 : 1);
    }
    bool waits = false;
    for (int i = 0; i < 1000 && !waits; i++) {
        waits = strcmp(ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"), "1") == 0;
        usleep(10000);
    }
    ck_assert(waits);
    if (_i == 1)
        ask("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    else
        PQclear(PQexec(other, "SELECT pg_advisory_unlock_all()"));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    PQfinish(other);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("migrate");
    TCase *c = tcase_create("migrations");
    tcase_add_unchecked_fixture(c, start_cluster, stop_cluster);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, migrations_are_applied_in_order_and_once);
    tcase_add_test(c, a_program_without_migrations);
    tcase_add_loop_test(c, nothing_of_a_failed_migration_is_kept, 0, (int)(sizeof failing / sizeof *failing));
    tcase_add_loop_test(c, a_migration_that_ends_its_own_transaction_is_found_out, 0, 2);
    tcase_add_test(c, another_history_is_refused);
    tcase_add_test(c, without_roles_or_schema_it_says_what_to_run);
    tcase_add_test(c, what_is_applied_cannot_be_read);
    tcase_add_test(c, the_connection_is_lost_on_the_way);
    tcase_add_loop_test(c, two_at_once_wait_for_each_other, 0, 2);
    suite_add_tcase(s, c);
    return s;
}

int main(void) {
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return EXIT_FAILURE;
    }
    int status = run_cases(suite());
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 && status == EXIT_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
