/* A database connection's life: opened without blocking, the schema's version asked, every statement prepared, results
 * read, lost and opened again.
 *
 * Known of libpq 15 and kept here: no NULL follows PGRES_PIPELINE_SYNC, so results are read only while something is
 * due; the socket may change while connecting.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define CONNECT_TIMEOUT_US 10000000u
#define FIRST_RETRY_US     100000u
#define LAST_RETRY_US      2000000u

bool connection_send_statement(struct connection *c, const struct statement *s, const char *const *values,
                               const int *lengths) {
    return PQsendQueryPrepared(c->pg, s->name, (int)s->n_bindings, values, lengths, NULL, 0) == 1;
}

bool connection_send_plain(struct connection *c, const char *sql) {
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

bool connection_send_actor(struct connection *c, const struct request *r) {
    const char *values[] = {r->actor.subject, r->actor.roles_text, r->actor.region, r->id};
    return connection_send_statement(c, c->db->actor, values, NULL);
}

static void set_state(struct db *db, const char *text) {
    snprintf(db->state, sizeof db->state, "%s", text);
}

static void requeue_or_fail(struct db *db, struct db_job *job) {
    bool committing = job->lane == LANE_WRITE && job->step == STEP_COMMIT;
    PQclear(job->result);
    job->result = NULL;
    if (job->request == NULL) {
        job_free(job);
    } else if (committing && !job->keyed) {
        job_answer_problem(db, job, PROBLEM_OUTCOME_UNKNOWN);
    } else if (job->lane == LANE_WRITE && job->step == STEP_ROLLBACK && !job->again) {
        job_answer(db, job); /* what was to be answered does not depend on the rollback: the server does it by itself */
    } else if (++job->tries < MAX_TRIES && job->request->problem == PROBLEM_NONE) {
        /* Nothing was committed, or the key will tell what was. */
        request_forget_answer(job->request);
        job->again = false;
        job->unknown |= committing;
        job->alone = true;
        jobs_push(&db->queue[job->lane], job);
    } else {
        job_answer_problem(db, job,
                           committing || job->unknown ? PROBLEM_OUTCOME_UNKNOWN : PROBLEM_DATABASE_UNAVAILABLE);
    }
}

void connection_close(struct connection *c) {
    if (c->watch.fd >= 0)
        loop_unwatch(c->db->loop, &c->watch);
    c->watch.fd = -1;
    PQfinish(c->pg);
    c->pg = NULL;
    c->state = DOWN;
    c->batch = c->syncs_due = 0;
}

void connection_lose(struct connection *c, const char *why) {
    struct db *db = c->db;
    bool was_up = c->state == READY;
    struct jobs lost = c->sent;
    c->sent = (struct jobs){0};
    connection_close(c);
    c->retry_us = was_up || c->retry_us == 0        ? FIRST_RETRY_US
                  : c->retry_us * 2 > LAST_RETRY_US ? LAST_RETRY_US
                                                    : c->retry_us * 2;
    c->watch.deadline_us = 0;
    if (was_up) {
        atomic_fetch_add_explicit(&db->loop->metrics->db_reconnects, 1, memory_order_relaxed);
        log_line(LOG_WARNING, "database connection lost", "reason", why, NULL);
    } else if (strcmp(db->state, why) != 0) {
        log_line(LOG_WARNING, "waiting for the database", "reason", why, NULL); /* once for each reason */
    }
    set_state(db, why);
    for (struct db_job *job = jobs_pop(&lost); job != NULL; job = jobs_pop(&lost))
        requeue_or_fail(db, job);
}

void connection_break(struct connection *c) {
    connection_lose(c, "the server closed the connection");
}

static void watch_for(struct connection *c, uint32_t events) {
    int fd = PQsocket(c->pg);
    if (c->watch.fd != fd && c->watch.fd >= 0)
        loop_unwatch(c->db->loop, &c->watch);
    c->watch.fd = fd;
    c->watched_for = events;
    loop_watch(c->db->loop, &c->watch, events);
}

void connection_flush(struct connection *c) {
    int left = PQflush(c->pg);
    uint32_t events = left == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (left < 0)
        connection_break(c);
    else if (c->state != READY || c->watched_for != events) /* the socket changes only before it is ready */
        watch_for(c, events);
}

static void ask_version(struct connection *c) {
    c->state = ASKING_VERSION;
    c->prepare_due = 1;
    PQsetnonblocking(c->pg, 1);
    if (PQenterPipelineMode(c->pg) != 1 ||
        !connection_send_plain(c, "SELECT coalesce(max(number), 0) FROM medkoord.schema_migration") ||
        PQpipelineSync(c->pg) != 1)
        connection_break(c);
    else
        connection_flush(c);
}

static bool prepare(struct connection *c, const struct statement *s) {
    Oid types[MAX_BINDINGS];
    assert(s->n_bindings <= MAX_BINDINGS);
    for (size_t k = 0; k < s->n_bindings; k++)
        types[k] = s->bindings[k].oid;
    c->prepare_due++;
    return PQsendPrepare(c->pg, s->name, s->sql, (int)s->n_bindings, types) == 1;
}

static void prepare_statements(struct connection *c) {
    const struct prepared *of_lane = &c->db->prepared[c->lane];
    c->state = PREPARING;
    c->prepare_due = 0;
    bool sent = true;
    for (size_t i = 0; i < of_lane->n && sent; i++)
        sent = prepare(c, of_lane->statements[i]);
    if (!sent || PQpipelineSync(c->pg) != 1)
        connection_break(c);
    else
        connection_flush(c);
}

static void become_ready(struct connection *c) {
    struct db *db = c->db;
    c->state = READY;
    c->retry_us = 0;
    c->watch.deadline_us = 0;
    if (!db->announced && db_is_ready(db)) {
        db->announced = true;
        char index[12];
        snprintf(index, sizeof index, "%d", db->loop->index);
        log_line(LOG_INFO, "database ready", "loop", index, NULL);
    }
}

/* Results while the connection is being set up: the schema's version, then one a prepared statement. */
static void take_setup_result(struct connection *c, PGresult *result) {
    const struct prepared *of_lane = &c->db->prepared[c->lane];
    ExecStatusType status = PQresultStatus(result);
    char why[160] = "";
    if (status == PGRES_PIPELINE_SYNC) {
        if (c->state == ASKING_VERSION)
            prepare_statements(c);
        else
            become_ready(c);
    } else if (status == PGRES_FATAL_ERROR) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        bool missing = state != NULL && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0);
        if (c->state == ASKING_VERSION && missing)
            snprintf(why, sizeof why, "the database has no schema yet: run medkoordd migrate");
        else if (c->state == ASKING_VERSION || c->prepare_due == 0) /* all are prepared, and the Sync met its end */
            snprintf(why, sizeof why, "%.120s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
        else
            snprintf(why, sizeof why, "statement %s: %.100s",
                     of_lane->statements[of_lane->n - (size_t)c->prepare_due]->name,
                     PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    } else if (c->state == ASKING_VERSION && atoi(PQgetvalue(result, 0, 0)) != migrate_expected_version()) {
        snprintf(why, sizeof why, "the schema is version %s, this program needs %d: run medkoordd migrate",
                 PQgetvalue(result, 0, 0), migrate_expected_version());
    } else {
        c->prepare_due--;
    }
    PQclear(result);
    if (why[0] != '\0')
        connection_lose(c, why);
}

static void read_results(struct connection *c) {
    if (PQconsumeInput(c->pg) != 1) {
        connection_break(c);
        return;
    }
    int empty = 0;
    while (c->pg != NULL &&
           (c->sent.first != NULL || c->syncs_due > 0 || c->state == ASKING_VERSION || c->state == PREPARING) &&
           !PQisBusy(c->pg)) {
        PGresult *result = PQgetResult(c->pg);
        if (result == NULL) {
            if (++empty > 1)
                break; /* nothing has come: not even the end of a statement's results */
            continue;
        }
        empty = 0;
        if (c->state != READY)
            take_setup_result(c, result);
        else if (c->lane == LANE_WRITE)
            write_take_result(c, result);
        else
            read_take_result(c, result);
    }
    if (c->pg != NULL && PQstatus(c->pg) == CONNECTION_BAD)
        connection_break(c);
    /* libpq 15 that had no memory for the result of a Sync never gives it: waiting would take until the deadline. */
    if (c->pg != NULL && strstr(PQerrorMessage(c->pg), "out of memory") != NULL)
        connection_lose(c, "out of memory");
}

void connection_is_ready(struct watch *w, uint32_t events) {
    struct connection *c = (struct connection *)w;
    (void)events;
    if (c->state == CONNECTING) {
        PostgresPollingStatusType status = PQconnectPoll(c->pg);
        if (status == PGRES_POLLING_FAILED) {
            char why[160];
            snprintf(why, sizeof why, "%s", PQerrorMessage(c->pg));
            why[strcspn(why, "\n")] = '\0';
            connection_lose(c, why);
        } else if (status == PGRES_POLLING_OK) {
            ask_version(c);
        } else {
            watch_for(c, status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
        }
        return;
    }
    read_results(c);
    if (c->pg != NULL)
        connection_flush(c);
}

/* Connecting took too long. */
void connection_expired(struct watch *w) {
    struct connection *c = (struct connection *)w;
    if (c->state != READY && c->state != DOWN)
        connection_lose(c, "connecting took too long");
}

static void start_connecting(struct connection *c) {
    c->pg = db_connect_start(c->db->conf, c->lane);
    c->watch.fd = -1;
    if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
        char why[160];
        snprintf(why, sizeof why, "%s", c->pg == NULL ? "out of memory" : PQerrorMessage(c->pg));
        why[strcspn(why, "\n")] = '\0';
        connection_lose(c, why);
        return;
    }
    c->state = CONNECTING;
    watch_for(c, EPOLLOUT);
    c->watch.deadline_us = c->db->loop->now_us + CONNECT_TIMEOUT_US;
}

/* A connection that is DOWN has its time of retry in watch.deadline_us, kept here because it is not watched. */
void connection_keep(struct connection *c, uint64_t now_us) {
    if (c->state == DOWN) {
        if (c->watch.deadline_us == 0)
            c->watch.deadline_us = now_us + c->retry_us;
        if (c->watch.deadline_us <= now_us)
            start_connecting(c);
    } else if (c->sent.first != NULL && c->sent.first->deadline_us + STUCK_US < now_us) {
        connection_lose(c, "the database does not answer");
    }
}
