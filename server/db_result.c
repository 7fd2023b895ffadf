/* Opening connections, and reading results for those who have no libpq-fe.h.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_internal.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

static void ignore_notice(void *cls, const PGresult *result) {
    (void)cls, (void)result;
}

PGconn *db_connect_start(const struct conf *conf, enum lane lane) {
    /* The server ends a statement a little before we stop waiting for it, so that its connection is free again. Heavy
     * statements have filters that may be absent: planned anew each time they are many times faster. Short reads are
     * planned once: planning takes longer than most of them, and each is written so that its one plan is good
     * (HACKING.md, tests/sql/check_statements.py). */
    const long deadlines[N_LANES + 1] = {conf->fast_deadline_ms, conf->heavy_deadline_ms, conf->write_deadline_ms, 0};
    const char *plans[N_LANES + 1] = {"force_generic_plan", "force_custom_plan", "auto", "force_custom_plan"};
    char options[400];
    snprintf(options, sizeof options,
             "-c search_path=medkoord,pg_temp -c TimeZone=UTC -c DateStyle=ISO -c jit=off -c "
             "client_connection_check_interval=2000 -c statement_timeout=%ld -c lock_timeout=%ld "
             "-c idle_in_transaction_session_timeout=%ld -c plan_cache_mode=%s",
             deadlines[lane], deadlines[lane] / 2, lane == N_LANES ? conf->stream_idle_ms : 2 * conf->write_deadline_ms,
             plans[lane]);
    const char *keywords[] = {"dbname", "options", "client_encoding", "fallback_application_name", NULL};
    const char *values[] = {conf->database, options, "UTF8", "medkoordd", NULL};
    PGconn *pg = PQconnectStartParams(keywords, values, 1);
    if (pg != NULL)
        PQsetNoticeReceiver(pg, ignore_notice, NULL);
    return pg;
}

static const PGresult *pg(const struct db_result *r) {
    return (const PGresult *)r;
}

size_t db_rows(const struct db_result *r) {
    return (size_t)PQntuples(pg(r));
}

size_t db_columns(const struct db_result *r) {
    return (size_t)PQnfields(pg(r));
}

const char *db_column_name(const struct db_result *r, size_t column) {
    return PQfname(pg(r), (int)column);
}

uint32_t db_column_type(const struct db_result *r, size_t column) {
    return PQftype(pg(r), (int)column);
}

bool db_is_null(const struct db_result *r, size_t row, size_t column) {
    return PQgetisnull(pg(r), (int)row, (int)column) == 1;
}

struct value db_value(const struct db_result *r, size_t row, size_t column) {
    return (struct value){PQgetvalue(pg(r), (int)row, (int)column), (size_t)PQgetlength(pg(r), (int)row, (int)column)};
}

int db_column(const struct db_result *r, const char *name) {
    return PQfnumber(pg(r), name);
}

const char *db_error_field(const struct db_result *r, char field) {
    return PQresultErrorField(pg(r), field);
}
