/* medkoordd migrate: brings the database to the version that this program was built with; and what check looks at
 * there.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define ADVISORY_LOCK "7812645107391645043" /* any number that nobody else takes */
#define LOCK_TIMEOUT  "10s"                 /* rather fail than make the running servers queue behind us */

int migrate_expected_version(void) {
    return n_migrations == 0 ? 0 : migrations[n_migrations - 1].number;
}

/* ---- talking to the database ---- */

static void print_indented(FILE *out, const char *text) {
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        if (n > 0)
            fprintf(out, "    %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

static PGconn *connect_to(const char *conninfo, const char *option, FILE *out) {
    const char *const names[] = {"dbname", "fallback_application_name", "connect_timeout", NULL};
    const char *const values[] = {conninfo, "medkoordd", "10", NULL};
    PGconn *db = PQconnectdbParams(names, values, 1);
    if (PQstatus(db) == CONNECTION_OK)
        return db;
    fprintf(out, "%s: the database does not answer; is it running, and is the connection string right?\n", option);
    print_indented(out, db == NULL ? "memory ran out" : PQerrorMessage(db));
    PQfinish(db);
    return NULL;
}

static bool is_good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static const char *sqlstate(const PGresult *result) {
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return code != NULL ? code : "";
}

/* The line of the text that holds its character number position (from 1), as PostgreSQL counts. */
static int line_of(const char *text, long position) {
    int line = 1;
    for (; *text != '\0' && position > 1; text++) {
        line += *text == '\n';
        position -= (text[1] & 0xc0) != 0x80; /* counts characters, not bytes */
    }
    return line;
}

static void print_error(PGconn *db, const PGresult *result, const char *sql) {
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    if (message == NULL) {
        print_indented(stderr, PQerrorMessage(db));
        return;
    }
    fprintf(stderr, "    %s: %s\n", sqlstate(result), message);
    if (detail != NULL)
        print_indented(stderr, detail);
    if (hint != NULL)
        print_indented(stderr, hint);
    if (position != NULL && sql != NULL)
        fprintf(stderr, "    in its line %d\n", line_of(sql, strtol(position, NULL, 10)));
}

/* Runs sql; on failure says what could not be done and why. */
static bool run(PGconn *db, const char *sql, const char *what) {
    PGresult *result = PQexec(db, sql);
    bool good = is_good(result);
    if (!good) {
        fprintf(stderr, "medkoordd migrate: %s failed:\n", what);
        print_error(db, result, sql);
    }
    PQclear(result);
    return good;
}

/* ---- before the first migration ---- */

static bool take_owner_role(PGconn *db) {
    PGresult *result = PQexec(db, "SET ROLE medkoord_owner");
    bool good = is_good(result);
    if (!good && strcmp(sqlstate(result), "22023") == 0)
        fprintf(stderr, "medkoordd migrate: there is no role medkoord_owner; run sql/roles.sql as a superuser first\n");
    else if (!good && strcmp(sqlstate(result), "42501") == 0)
        fprintf(stderr,
                "medkoordd migrate: the role '%s' may not become medkoord_owner; migrate_database must name one "
                "that may, such as medkoord_migrator\n",
                PQuser(db));
    else if (!good)
        print_error(db, result, NULL);
    PQclear(result);
    return good;
}

static bool take_lock(PGconn *db) {
    PGresult *result = PQexec(db, "SELECT pg_try_advisory_lock(" ADVISORY_LOCK ")");
    bool taken = is_good(result) && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (taken)
        return true;
    fprintf(stderr, "another migration of this database is running; waiting for it\n");
    return run(db, "SELECT pg_advisory_lock(" ADVISORY_LOCK ")", "waiting for the other migration");
}

static bool has_schema(PGconn *db) {
    PGresult *result = PQexec(db, "SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner "
                                  "WHERE n.nspname = 'medkoord' AND r.rolname = 'medkoord_owner'");
    bool there = is_good(result) && PQntuples(result) == 1;
    PQclear(result);
    if (!there)
        fprintf(stderr, "medkoordd migrate: there is no schema medkoord owned by medkoord_owner in this database; run "
                        "sql/roles.sql as a superuser first\n");
    return there;
}

static bool prepare(PGconn *db) {
    /* The lock comes before the time limit on locks: waiting for another migration is fine. */
    return run(db, "SET client_min_messages = warning", "setting up") && take_owner_role(db) && take_lock(db) &&
           run(db, "SET lock_timeout = '" LOCK_TIMEOUT "'", "setting up") && has_schema(db);
}

/* ---- what is applied ---- */

#define MIGRATION_TABLE                                                                                                \
    "CREATE TABLE IF NOT EXISTS medkoord.schema_migration ("                                                           \
    "number integer CONSTRAINT schema_migration_pkey PRIMARY KEY, "                                                    \
    "name text NOT NULL, "                                                                                             \
    "sha256 text NOT NULL CONSTRAINT schema_migration_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'), "                      \
    "applied_at timestamptz NOT NULL DEFAULT now());"                                                                  \
    "GRANT SELECT ON medkoord.schema_migration TO medkoord_server"

static PGresult *read_applied(PGconn *db) {
    PGresult *result = PQexec(db, "SELECT number, name, sha256 FROM medkoord.schema_migration ORDER BY number");
    if (is_good(result))
        return result;
    bool none = strcmp(sqlstate(result), "42P01") == 0; /* only in a dry run of a new database */
    if (!none) {
        fprintf(stderr, "medkoordd migrate: reading medkoord.schema_migration failed:\n");
        print_error(db, result, NULL);
    }
    PQclear(result);
    return none ? PQmakeEmptyPGresult(db, PGRES_TUPLES_OK) : NULL;
}

/* Applied migrations must be our first ones, in order and unchanged. Answers how many, or -1 after saying why not. */
static long compare_applied(const PGresult *applied) {
    for (int row = 0; row < PQntuples(applied); row++) {
        int number = (int)strtol(PQgetvalue(applied, row, 0), NULL, 10);
        const char *name = PQgetvalue(applied, row, 1);
        if ((size_t)row >= n_migrations || number > migrate_expected_version()) {
            fprintf(stderr,
                    "medkoordd migrate: the database is newer than this program: it has %04d %s, and the last one "
                    "known here is %04d; use the newer program\n",
                    number, name, migrate_expected_version());
            return -1;
        }
        const struct migration *ours = &migrations[row];
        if (number != ours->number) {
            fprintf(stderr,
                    "medkoordd migrate: the database has %04d %s where this program has %04d %s; they come from "
                    "different histories\n",
                    number, name, ours->number, ours->name);
            return -1;
        }
        if (strcmp(PQgetvalue(applied, row, 2), ours->sha256) != 0) {
            fprintf(stderr,
                    "medkoordd migrate: %04d %s was changed after it was applied to this database; restore the "
                    "file, and put the change into a new migration\n",
                    ours->number, ours->name);
            return -1;
        }
    }
    return PQntuples(applied);
}

/* ---- one migration ---- */

static bool commit(PGconn *db, const struct migration *m) {
    PGresult *result = PQexec(db, "COMMIT");
    /* COMMIT of a failed transaction succeeds too, as a ROLLBACK. */
    bool good = is_good(result) && strcmp(PQcmdStatus(result), "COMMIT") == 0;
    if (!good) {
        fprintf(stderr, "medkoordd migrate: %04d %s could not be committed:\n", m->number, m->name);
        print_error(db, result, NULL);
    }
    PQclear(result);
    return good;
}

static bool record(PGconn *db, const struct migration *m) {
    char number[16];
    snprintf(number, sizeof number, "%d", m->number);
    const char *const values[] = {number, m->name, m->sha256};
    PGresult *result =
        PQexecParams(db, "INSERT INTO medkoord.schema_migration (number, name, sha256) VALUES ($1, $2, $3)", 3, NULL,
                     values, NULL, NULL, 0);
    bool good = is_good(result);
    if (!good) {
        fprintf(stderr, "medkoordd migrate: %04d %s could not be recorded:\n", m->number, m->name);
        print_error(db, result, NULL);
    }
    PQclear(result);
    return good;
}

static bool apply(PGconn *db, const struct migration *m) {
    uint64_t started = clock_us();
    char what[160];
    snprintf(what, sizeof what, "%04d %s", m->number, m->name);
    /* Settings that a migration changes are undone before the next one. */
    if (!run(db, "BEGIN; SET LOCAL ROLE medkoord_owner; SET LOCAL search_path = medkoord, pg_temp", what))
        return false;
    bool good = run(db, m->sql, what);
    if (good && PQtransactionStatus(db) != PQTRANS_INTRANS) {
        fprintf(stderr,
                "medkoordd migrate: %s ends its own transaction, so what it did is kept but not recorded; take COMMIT "
                "and ROLLBACK out of it, and undo what it did\n",
                what);
        return false;
    }
    if (!good || !record(db, m) || !commit(db, m)) {
        PQclear(PQexec(db, "ROLLBACK"));
        fprintf(stderr, "medkoordd migrate: nothing of %s was kept; what came before it was\n", what);
        return false;
    }
    printf("applied %s in %.2f s\n", what, (double)(clock_us() - started) / 1e6);
    fflush(stdout);
    return true;
}

static bool migrate(PGconn *db, bool dry_run) {
    if (!prepare(db) || (!dry_run && !run(db, MIGRATION_TABLE, "creating medkoord.schema_migration")))
        return false;
    PGresult *applied = read_applied(db);
    if (applied == NULL)
        return false;
    long done = compare_applied(applied);
    PQclear(applied);
    if (done < 0)
        return false;
    for (size_t i = (size_t)done; i < n_migrations; i++)
        if (dry_run)
            printf("would apply %04d %s\n", migrations[i].number, migrations[i].name);
        else if (!apply(db, &migrations[i]))
            return false;
    if ((size_t)done == n_migrations)
        printf("the database is at version %d already\n", migrate_expected_version());
    else if (!dry_run)
        printf("the database is at version %d\n", migrate_expected_version());
    return true;
}

int migrate_command(const struct conf *conf, bool dry_run) {
    PGconn *db = connect_to(conf->migrate_database, "migrate_database", stderr);
    if (db == NULL)
        return 1;
    bool good = migrate(db, dry_run);
    PQfinish(db); /* gives the lock back */
    return good ? 0 : 1;
}

/* ---- check ---- */

static size_t check_version(PGconn *db, FILE *out) {
    int expected = migrate_expected_version();
    PGresult *result = PQexec(db, "SELECT COALESCE(max(number), 0) FROM medkoord.schema_migration");
    size_t wrong = 1;
    if (!is_good(result))
        fprintf(out, "schema: found no version that this role can read; expected %d: run medkoordd migrate\n",
                expected);
    else {
        int found = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
        if (found < expected)
            fprintf(out, "schema: found version %d, expected %d: run medkoordd migrate\n", found, expected);
        else if (found > expected)
            fprintf(out,
                    "schema: found version %d, expected %d: this program is older than the database; use the newer "
                    "one\n",
                    found, expected);
        else
            wrong = 0;
    }
    PQclear(result);
    return wrong;
}

/* Each statement answers true when something is wrong. %s is the server's role. The first finding is enough: what a
 * superuser may do besides is no news. */
static const struct {
    const char *sql, *finding;
} role_checks[] = {
    {"SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
     "role %s is a superuser, for whom no row is hidden: use a role such as sql/roles.sql makes (medkoord_server)"},
    {"SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user",
     "role %s has BYPASSRLS, so no row is hidden from it: ALTER ROLE ... NOBYPASSRLS"},
    {"SELECT rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname = current_user",
     "role %s may create roles or databases, or replicate: ALTER ROLE ... NOCREATEROLE NOCREATEDB NOREPLICATION"},
    {"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'medkoord_owner' AND pg_has_role(current_user, oid, "
     "'MEMBER'))",
     "role %s may become medkoord_owner and change the schema: REVOKE medkoord_owner from it"},
    {"SELECT NOT has_schema_privilege(current_user, oid, 'USAGE') FROM pg_namespace WHERE nspname = 'medkoord'",
     "role %s may not use the schema medkoord: run sql/roles.sql as a superuser, or name medkoord_server in database"},
    {"SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'medkoord' "
     "AND c.relrowsecurity AND NOT c.relforcerowsecurity)",
     "role %s sees a table in medkoord with row-level security that is not forced: run medkoordd migrate, and look for "
     "changes made by hand"},
};

static size_t check_role(PGconn *db, FILE *out) {
    size_t wrong = 0;
    for (size_t i = 0; wrong == 0 && i < sizeof role_checks / sizeof *role_checks; i++) {
        PGresult *result = PQexec(db, role_checks[i].sql);
        if (!is_good(result)) {
            fprintf(out, "database: the role's privileges could not be read\n");
            print_indented(out, PQerrorMessage(db));
            wrong++;
        } else if (PQntuples(result) > 0 && strcmp(PQgetvalue(result, 0, 0), "t") == 0) {
            fputs("database: ", out);
            const char *finding = role_checks[i].finding, *mark = strstr(finding, "%s");
            fprintf(out, "%.*s%s%s\n", (int)(mark - finding), finding, PQuser(db), mark + 2);
            wrong++;
        }
        PQclear(result);
    }
    return wrong;
}

size_t migrate_check(const struct conf *conf, FILE *out) {
    PGconn *db = connect_to(conf->database, "database", out);
    if (db == NULL)
        return 1;
    size_t wrong = 0;
    if (PQserverVersion(db) < 150000) {
        fprintf(out, "database: PostgreSQL %d is too old: 15 or later is needed\n", PQserverVersion(db) / 10000);
        wrong++;
    }
    const char *encoding = PQparameterStatus(db, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        fprintf(out, "database: its encoding is %s: create it with ENCODING 'UTF8'\n", encoding ? encoding : "unknown");
        wrong++;
    }
    wrong += check_version(db, out) + check_role(db, out);
    PQfinish(db);
    return wrong;
}
