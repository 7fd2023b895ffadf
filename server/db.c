/* The database work of a loop: pipelined libpq connections in lanes, statements prepared when a connection opens, reads
 * batched under one Sync a turn, writes alone in a transaction with their idempotency key, deadlines, reconnecting.
 *
 * Known of libpq 15 and kept here: no NULL follows PGRES_PIPELINE_SYNC, so results are read only while jobs are in flight;
 * the socket may change while connecting; an error aborts everything up to the next Sync; COMMIT of a failed transaction
 * answers COMMAND_OK with the tag ROLLBACK.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include "db_internal.h"
#include "digest.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define MAX_BATCH 16                     /* reads under one Sync: one that fails makes its neighbours run again */
#define MAX_IN_FLIGHT 64                 /* reads on one connection */
#define MAX_QUEUED 1024                  /* jobs of one lane that wait for a connection */
#define MAX_TRIES 3                      /* of a write that met 40001 or 40P01, of a job whose connection was lost */
#define CONNECT_TIMEOUT_US 10000000u
#define STUCK_US 10000000u               /* past its deadline: the connection is given up */
#define FIRST_RETRY_US 100000u
#define LAST_RETRY_US 2000000u

/* A write walks through these, one round trip each; reads know only STEP_STATEMENT. */
enum step { STEP_BEGIN, STEP_STATEMENT, STEP_COMMIT, STEP_ROLLBACK };

struct db_job {
    struct request *request;             /* NULL: it was answered without us (deadline, gone) */
    const struct statement *statement;
    enum lane lane;
    enum step step;
    bool keyed;                          /* has an idempotency key */
    bool alone;                          /* no neighbours under its Sync */
    bool again;                          /* after ROLLBACK: from the beginning */
    bool unknown;                        /* the answer to its COMMIT was lost, and the key has not yet told what became of it */
    int due;                             /* results still to come before the job (or its step) is done */
    int tries;
    uint64_t sent_us, deadline_us;
    PGresult *result;                    /* the statement's, or the first error */
    struct db_job *next;
};

struct jobs { struct db_job *first, *last; size_t n; };

enum connection_state { DOWN, CONNECTING, ASKING_VERSION, PREPARING, READY };

struct connection {
    struct watch watch;                  /* first: watch and connection have the same address */
    struct db *db;
    enum lane lane;
    enum connection_state state;
    PGconn *pg;
    struct jobs sent;                    /* in the order of their results */
    size_t batch;                        /* reads sent since the last Sync */
    struct actor batch_actor;            /* whose settings the batch has now */
    size_t syncs_due;
    int prepare_due;
    bool failed;                         /* while preparing */
    uint64_t retry_us;
};

struct db {
    struct loop *loop;
    const struct conf *conf;
    struct connection *connections;
    size_t n_connections;
    struct jobs queue[N_LANES];
    const struct statement *actor, *claim, *store;
    char state[160];                     /* why it is not ready, for readers and the log */
    bool was_ready, announced;
};

static void start_connecting(struct connection *);

/* ---- lists ---- */

static void push(struct jobs *list, struct db_job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->n++;
}

static struct db_job *pop(struct jobs *list)
{
    struct db_job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    list->n--;
    job->next = NULL;
    return job;
}

static void free_job(struct db_job *job)
{
    if (job->request != NULL)
        job->request->job = NULL;
    PQclear(job->result);
    free(job);
}

/* ---- the end of a job ---- */

/* Whatever r->status and r->problem say goes out now. */
static void answer(struct db *db, struct db_job *job)
{
    struct request *r = job->request;
    if (r != NULL) {
        r->db_us = job->sent_us == 0 ? 0 : db->loop->now_us - job->sent_us;
        r->job = NULL;
        job->request = NULL;
        atomic_fetch_sub_explicit(&db->loop->metrics->db_in_flight[job->lane], 1, memory_order_relaxed);
        request_end(r);
    }
    free_job(job);
}

static void answer_problem(struct db *db, struct db_job *job, enum problem_code code)
{
    if (job->request != NULL)
        problem_set(job->request, code, NULL);
    answer(db, job);
}

/* The client is answered, the job goes on without it: its results must still be read in order. */
static void detach(struct db *db, struct db_job *job, enum problem_code code)
{
    struct request *r = job->request;
    atomic_fetch_add_explicit(&db->loop->metrics->db_deadline, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&db->loop->metrics->db_in_flight[job->lane], 1, memory_order_relaxed);
    r->job = NULL;
    job->request = NULL;
    r->db_us = job->sent_us == 0 ? 0 : db->loop->now_us - job->sent_us;
    r->n_headers = 0; /* of an answer that is not to be given any more */
    request_problem(r, code, NULL);
}

/* ---- sending ---- */

static bool send_statement(struct connection *c, const struct statement *s, const char *const *values, const int *lengths)
{
    return PQsendQueryPrepared(c->pg, s->name, (int)s->n_bindings, values, lengths, NULL, 0) == 1;
}

static bool send_plain(struct connection *c, const char *sql)
{
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static bool send_actor(struct connection *c, const struct request *r)
{
    const char *values[] = {r->actor.subject, r->actor.roles_text, r->actor.region, r->id};
    return send_statement(c, c->db->actor, values, NULL);
}

static bool same_actor(const struct actor *a, const struct actor *b)
{
    return strcmp(a->subject, b->subject) == 0 && strcmp(a->roles_text, b->roles_text) == 0 && strcmp(a->region, b->region) == 0;
}

static bool end_batch(struct connection *c)
{
    if (c->batch == 0)
        return true;
    c->batch = 0;
    c->syncs_due++;
    atomic_fetch_add_explicit(&c->db->loop->metrics->db_batches, 1, memory_order_relaxed);
    return PQpipelineSync(c->pg) == 1;
}

/* The settings are local to the implicit transaction, that is to the batch: within it they are sent again only for
 * another actor. */
static bool send_read(struct connection *c, struct db_job *job)
{
    struct request *r = job->request;
    bool sent = !job->alone || end_batch(c);
    bool actor_known = c->batch > 0 && same_actor(&c->batch_actor, &r->actor);
    job->step = STEP_STATEMENT;
    job->due = actor_known ? 1 : 2;
    job->sent_us = c->db->loop->now_us;
    if (!actor_known) {
        sent = sent && send_actor(c, r);
        c->batch_actor = r->actor;
    }
    sent = sent && send_statement(c, job->statement, r->arguments, r->argument_lengths);
    c->batch++;
    push(&c->sent, job);
    if (job->alone || c->batch == MAX_BATCH)
        sent = sent && end_batch(c);
    return sent;
}

/* What makes two requests with one key the same: target and body. */
static bool digest_request(const struct request *r, char ret[DIGEST_HEX + 1])
{
    unsigned char bytes[DIGEST_SIZE];
    struct digest *digest = digest_create();
    if (digest == NULL)
        return false;
    digest_add(digest, r->target, strlen(r->target) + 1);
    digest_add(digest, r->body.bytes, r->body.length);
    bool made = digest_end(digest, bytes);
    digest_destroy(digest);
    if (made)
        digest_to_hex(bytes, ret);
    return made;
}

static bool send_claim(struct connection *c, struct request *r)
{
    char digest[DIGEST_HEX + 1];
    if (!digest_request(r, digest))
        return false;
    const char *key = arena_copy(&r->arena, r->idempotency_key.text, r->idempotency_key.length);
    const char *values[] = {key, r->op->id, digest};
    return key != NULL && send_statement(c, c->db->claim, values, NULL);
}

static bool send_store(struct connection *c, struct request *r)
{
    char status[12];
    snprintf(status, sizeof status, "%d", r->status);
    const char *key = arena_copy(&r->arena, r->idempotency_key.text, r->idempotency_key.length);
    const char *body = r->reply.length == 0 ? NULL : r->reply.bytes;
    const char *values[] = {key, status, r->location, r->etag, body};
    if (key == NULL || !buffer_reserve(&r->reply, 1))
        return false;
    if (body != NULL) {
        r->reply.bytes[r->reply.length] = '\0';
        values[4] = r->reply.bytes;
    }
    return send_statement(c, c->db->store, values, NULL);
}

/* One round trip of a write. A write without a key needs no answer before its statement: both go together. */
static bool send_step(struct connection *c, struct db_job *job, enum step step)
{
    struct request *r = job->request;
    bool sent = true;
    job->step = step;
    switch (step) {
    case STEP_BEGIN:
        job->sent_us = job->sent_us == 0 ? c->db->loop->now_us : job->sent_us;
        job->due = 3;
        sent = send_plain(c, "BEGIN") && send_actor(c, r);
        sent = sent && (job->keyed ? send_claim(c, r) : send_statement(c, job->statement, r->arguments, r->argument_lengths));
        break;
    case STEP_STATEMENT:
        job->due = 1;
        sent = send_statement(c, job->statement, r->arguments, r->argument_lengths);
        break;
    case STEP_COMMIT:
        job->due = job->keyed ? 2 : 1;
        sent = (!job->keyed || send_store(c, r)) && send_plain(c, "COMMIT");
        break;
    case STEP_ROLLBACK:
        job->due = 1;
        sent = send_plain(c, "ROLLBACK");
        break;
    }
    c->syncs_due++;
    return sent && PQpipelineSync(c->pg) == 1;
}

/* ---- a connection's life ---- */

static void set_state(struct db *db, const char *text)
{
    snprintf(db->state, sizeof db->state, "%s", text);
}

static void requeue_or_fail(struct db *db, struct db_job *job)
{
    bool committing = job->lane == LANE_WRITE && job->step == STEP_COMMIT;
    PQclear(job->result);
    job->result = NULL;
    if (job->request == NULL) {
        free_job(job);
    } else if (committing && !job->keyed) {
        answer_problem(db, job, PROBLEM_OUTCOME_UNKNOWN);
    } else if (job->lane == LANE_WRITE && job->step == STEP_ROLLBACK && !job->again) {
        answer(db, job); /* what was to be answered does not depend on the rollback: the server does it by itself */
    } else if (++job->tries < MAX_TRIES && job->request->problem == PROBLEM_NONE) {
        /* Nothing was committed, or the key will tell what was. */
        job->request->reply.length = 0;
        job->request->n_headers = 0;
        job->again = false;
        job->unknown |= committing;
        job->alone = true;
        push(&db->queue[job->lane], job);
    } else {
        answer_problem(db, job, committing || job->unknown ? PROBLEM_OUTCOME_UNKNOWN : PROBLEM_DATABASE_UNAVAILABLE);
    }
}

static void close_connection(struct connection *c)
{
    if (c->watch.fd >= 0)
        loop_unwatch(c->db->loop, &c->watch);
    c->watch.fd = -1;
    PQfinish(c->pg);
    c->pg = NULL;
    c->state = DOWN;
    c->batch = c->syncs_due = 0;
}

static void lose_connection(struct connection *c, const char *why)
{
    struct db *db = c->db;
    bool was_up = c->state == READY;
    struct jobs lost = c->sent;
    c->sent = (struct jobs){0};
    close_connection(c);
    c->retry_us = was_up || c->retry_us == 0 ? FIRST_RETRY_US : c->retry_us * 2 > LAST_RETRY_US ? LAST_RETRY_US : c->retry_us * 2;
    c->watch.deadline_us = 0;
    if (was_up) {
        atomic_fetch_add_explicit(&db->loop->metrics->db_reconnects, 1, memory_order_relaxed);
        log_line(LOG_WARNING, "database connection lost", "reason", why, NULL);
    } else if (strcmp(db->state, why) != 0) {
        log_line(LOG_WARNING, "waiting for the database", "reason", why, NULL); /* once for each reason */
    }
    set_state(db, why);
    for (struct db_job *job = pop(&lost); job != NULL; job = pop(&lost))
        requeue_or_fail(db, job);
}

static void watch_for(struct connection *c, uint32_t events)
{
    int fd = PQsocket(c->pg);
    if (c->watch.fd != fd && c->watch.fd >= 0)
        loop_unwatch(c->db->loop, &c->watch);
    c->watch.fd = fd;
    loop_watch(c->db->loop, &c->watch, events);
}

static void flush(struct connection *c)
{
    int left = PQflush(c->pg);
    if (left < 0)
        lose_connection(c, "the server closed the connection");
    else
        watch_for(c, left == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void ask_version(struct connection *c)
{
    c->state = ASKING_VERSION;
    c->failed = false;
    c->prepare_due = 1;
    PQsetnonblocking(c->pg, 1);
    if (PQenterPipelineMode(c->pg) != 1 || !send_plain(c, "SELECT coalesce(max(number), 0) FROM medkoord.schema_migration") ||
        PQpipelineSync(c->pg) != 1)
        lose_connection(c, "the server closed the connection");
    else
        flush(c);
}

static void prepare_statements(struct connection *c)
{
    c->state = PREPARING;
    c->prepare_due = (int)n_statements;
    bool sent = true;
    for (size_t i = 0; i < n_statements && sent; i++) {
        Oid types[MAX_BINDINGS];
        assert(statements[i]->n_bindings <= MAX_BINDINGS);
        for (size_t k = 0; k < statements[i]->n_bindings; k++)
            types[k] = statements[i]->bindings[k].oid;
        sent = PQsendPrepare(c->pg, statements[i]->name, statements[i]->sql, (int)statements[i]->n_bindings, types) == 1;
    }
    if (!sent || PQpipelineSync(c->pg) != 1)
        lose_connection(c, "the server closed the connection");
    else
        flush(c);
}

static void become_ready(struct connection *c)
{
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
static void take_setup_result(struct connection *c, PGresult *result)
{
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
        else if (c->state == ASKING_VERSION)
            snprintf(why, sizeof why, "%.120s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
        else
            snprintf(why, sizeof why, "statement %s: %.100s", statements[n_statements - (size_t)c->prepare_due]->name,
                     PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    } else if (c->state == ASKING_VERSION && atoi(PQgetvalue(result, 0, 0)) != migrate_expected_version()) {
        snprintf(why, sizeof why, "the schema is version %s, this program needs %d: run medkoordd migrate", PQgetvalue(result, 0, 0),
                 migrate_expected_version());
    } else {
        c->prepare_due--;
    }
    PQclear(result);
    if (why[0] != '\0')
        lose_connection(c, why);
}

/* ---- results ---- */

static void finish_read(struct connection *c, struct db_job *job)
{
    struct db *db = c->db;
    struct request *r = job->request;
    if (r == NULL) {
        free_job(job);
        return;
    }
    const struct db_result *result = (const struct db_result *)job->result;
    if (PQresultStatus(job->result) == PGRES_TUPLES_OK || PQresultStatus(job->result) == PGRES_COMMAND_OK)
        reply_from_rows(r, job->statement, result);
    else
        problem_from_db(r, result);
    answer(db, job);
}

static bool is_serialization_failure(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

/* A step of a write has been answered up to its Sync: what comes next. */
static void next_step(struct connection *c)
{
    struct db *db = c->db;
    struct db_job *job = c->sent.first;
    struct request *r = job->request;
    PGresult *result = job->result;
    bool good = result == NULL || PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
    enum step next = STEP_ROLLBACK;

    if (job->step == STEP_ROLLBACK && job->again && r != NULL) {
        job->again = false;
        r->reply.length = 0;
        r->n_headers = 0;
        next = STEP_BEGIN;
    } else if (job->step == STEP_ROLLBACK || (job->step == STEP_COMMIT && good)) {
        pop(&c->sent);
        if (r == NULL)
            free_job(job);
        else
            answer(db, job);
        return;
    } else if (r == NULL) {
        next = STEP_ROLLBACK; /* nobody is there to be told: nothing is done */
    } else if (!good && is_serialization_failure(result) && ++job->tries < MAX_TRIES) {
        atomic_fetch_add_explicit(&db->loop->metrics->db_retries, 1, memory_order_relaxed);
        job->again = true;
    } else if (!good) {
        r->reply.length = 0;
        r->n_headers = 0;
        problem_from_db(r, (const struct db_result *)result);
    } else if (job->step == STEP_BEGIN && job->keyed) {
        const struct db_result *stored = (const struct db_result *)result;
        int status = db_column(stored, "status"), location = db_column(stored, "location"), etag = db_column(stored, "etag"), body = db_column(stored, "body");
        if (db_rows(stored) == 0 || db_is_null(stored, 0, (size_t)status)) {
            next = STEP_STATEMENT;
            job->unknown = false;
        } else {
            struct value l = db_value(stored, 0, (size_t)location), e = db_value(stored, 0, (size_t)etag);
            reply_from_stored(r, atoi(db_value(stored, 0, (size_t)status).text), db_is_null(stored, 0, (size_t)location) ? NULL : arena_copy(&r->arena, l.text, l.length),
                              db_is_null(stored, 0, (size_t)etag) ? NULL : arena_copy(&r->arena, e.text, e.length), db_value(stored, 0, (size_t)body));
        }
    } else {
        reply_from_rows(r, job->statement, (const struct db_result *)result);
        if (r->problem == PROBLEM_NONE && !r->reply.failed && !r->prefer_rollback)
            next = STEP_COMMIT;
    }
    PQclear(job->result);
    job->result = NULL;
    if (!send_step(c, job, next))
        lose_connection(c, "the server closed the connection");
}

static void take_write_result(struct connection *c, PGresult *result)
{
    struct db_job *job = c->sent.first;
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        c->syncs_due--;
        next_step(c);
        return;
    }
    /* Of each step the last result counts, or the first error. COMMIT of a failed transaction says ROLLBACK. */
    job->due--;
    bool failed_before = job->result != NULL && PQresultStatus(job->result) == PGRES_FATAL_ERROR;
    if (failed_before || PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
        PQclear(result);
    } else {
        PQclear(job->result);
        job->result = result;
    }
    if (job->step == STEP_COMMIT && job->due == 0 && !failed_before && job->request != NULL && PQresultStatus(job->result) == PGRES_COMMAND_OK &&
        strcmp(PQcmdStatus(job->result), "COMMIT") != 0) {
        job->request->n_headers = 0;
        problem_set(job->request, PROBLEM_INTERNAL_ERROR, "the transaction was rolled back");
    }
}

static void take_read_result(struct connection *c, PGresult *result)
{
    struct db_job *job = c->sent.first;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
        c->syncs_due--;
        PQclear(result);
        return;
    }
    assert(job != NULL);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "ERROR") != 0) { /* FATAL: about the connection, not about this read */
        PQclear(result);
        lose_connection(c, "the server ended the connection");
        return;
    }
    job->due--;
    bool aborted = status == PGRES_PIPELINE_ABORTED;
    if (aborted || job->result != NULL || (job->due > 0 && status != PGRES_FATAL_ERROR))
        PQclear(result); /* the actor's settings, or what an error has made void */
    else
        job->result = result;
    if (job->due > 0)
        return;
    pop(&c->sent);
    if (job->result != NULL) {
        finish_read(c, job);
    } else if (job->request == NULL) {
        free_job(job);
    } else { /* a neighbour failed: once more, alone */
        job->alone = true;
        push(&c->db->queue[job->lane], job);
    }
}

static void read_results(struct connection *c)
{
    if (PQconsumeInput(c->pg) != 1) {
        lose_connection(c, "the server closed the connection");
        return;
    }
    int empty = 0;
    while (c->pg != NULL && (c->sent.first != NULL || c->syncs_due > 0 || c->state == ASKING_VERSION || c->state == PREPARING) && !PQisBusy(c->pg)) {
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
            take_write_result(c, result);
        else
            take_read_result(c, result);
    }
    if (c->pg != NULL && PQstatus(c->pg) == CONNECTION_BAD)
        lose_connection(c, "the server closed the connection");
}

static void connection_is_ready(struct watch *w, uint32_t events)
{
    struct connection *c = (struct connection *)w;
    (void)events;
    if (c->state == CONNECTING) {
        PostgresPollingStatusType status = PQconnectPoll(c->pg);
        if (status == PGRES_POLLING_FAILED) {
            char why[160];
            snprintf(why, sizeof why, "%s", PQerrorMessage(c->pg));
            why[strcspn(why, "\n")] = '\0';
            lose_connection(c, why);
        } else if (status == PGRES_POLLING_OK) {
            ask_version(c);
        } else {
            watch_for(c, status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
        }
        return;
    }
    read_results(c);
    if (c->pg != NULL)
        flush(c);
}

/* Connecting took too long. */
static void connection_expired(struct watch *w)
{
    struct connection *c = (struct connection *)w;
    if (c->state != READY && c->state != DOWN)
        lose_connection(c, "connecting took too long");
}

static void start_connecting(struct connection *c)
{
    c->pg = db_connect_start(c->db->conf, c->lane);
    c->watch.fd = -1;
    if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
        char why[160];
        snprintf(why, sizeof why, "%s", c->pg == NULL ? "out of memory" : PQerrorMessage(c->pg));
        why[strcspn(why, "\n")] = '\0';
        lose_connection(c, why);
        return;
    }
    c->state = CONNECTING;
    watch_for(c, EPOLLOUT);
    c->watch.deadline_us = c->db->loop->now_us + CONNECT_TIMEOUT_US;
}

/* ---- what the loop calls ---- */

/* A connection that is DOWN has its time of retry in watch.deadline_us, kept here because it is not watched. */
static void keep_connected(struct connection *c, uint64_t now_us)
{
    if (c->state == DOWN) {
        if (c->watch.deadline_us == 0)
            c->watch.deadline_us = now_us + c->retry_us;
        if (c->watch.deadline_us <= now_us)
            start_connecting(c);
    } else if (c->sent.first != NULL && c->sent.first->deadline_us + STUCK_US < now_us) {
        lose_connection(c, "the database does not answer");
    }
}

/* Deadlines stand in the order of the list but for the few jobs that run again; those the reaper's turn finds. */
static void end_overdue(struct db *db, struct jobs *list, uint64_t now_us)
{
    if (list->first == NULL || list->first->deadline_us > now_us)
        return;
    for (struct db_job *job = list->first; job != NULL; job = job->next)
        if (job->request != NULL && job->deadline_us <= now_us)
            detach(db, job, job->unknown || (job->lane == LANE_WRITE && job->step == STEP_COMMIT) ? PROBLEM_OUTCOME_UNKNOWN : PROBLEM_DEADLINE_EXCEEDED);
}

static void drop_answered(struct jobs *queue)
{
    struct jobs kept = {0};
    for (struct db_job *job = pop(queue); job != NULL; job = pop(queue)) {
        if (job->request == NULL)
            free_job(job);
        else
            push(&kept, job);
    }
    *queue = kept;
}

static struct connection *least_loaded(struct db *db, enum lane lane)
{
    struct connection *best = NULL;
    size_t limit = lane == LANE_WRITE ? 1 : lane == LANE_HEAVY ? 2 : MAX_IN_FLIGHT;
    for (size_t i = 0; i < db->n_connections; i++) {
        struct connection *c = &db->connections[i];
        if (c->lane == lane && c->state == READY && c->sent.n < limit && (best == NULL || c->sent.n < best->sent.n))
            best = c;
    }
    return best;
}

static void send_queued(struct db *db)
{
    for (int lane = 0; lane < N_LANES; lane++) {
        struct connection *c;
        while (db->queue[lane].first != NULL && (c = least_loaded(db, (enum lane)lane)) != NULL) {
            struct db_job *job = pop(&db->queue[lane]);
            bool sent;
            if (lane == LANE_WRITE) {
                push(&c->sent, job);
                sent = send_step(c, job, STEP_BEGIN);
            } else {
                sent = send_read(c, job);
            }
            if (!sent)
                lose_connection(c, "the server closed the connection");
        }
    }
}

void db_turn(struct db *db)
{
    uint64_t now_us = db->loop->now_us;
    for (size_t i = 0; i < db->n_connections; i++)
        end_overdue(db, &db->connections[i].sent, now_us);
    for (int lane = 0; lane < N_LANES; lane++)
        if (db->queue[lane].first != NULL) {
            end_overdue(db, &db->queue[lane], now_us);
            drop_answered(&db->queue[lane]);
        }
    for (size_t i = 0; i < db->n_connections; i++)
        keep_connected(&db->connections[i], now_us);
    send_queued(db);
    for (size_t i = 0; i < db->n_connections; i++) {
        struct connection *c = &db->connections[i];
        if (c->state != READY)
            continue;
        if (!end_batch(c))
            lose_connection(c, "the server closed the connection");
        else if (c->sent.first != NULL)
            flush(c);
    }
}

static void earlier(uint64_t candidate, uint64_t *until)
{
    if (candidate != 0 && candidate < *until)
        *until = candidate;
}

long db_timeout_ms(const struct db *db, uint64_t now_us)
{
    uint64_t until = UINT64_MAX;
    for (size_t i = 0; i < db->n_connections; i++) {
        const struct connection *c = &db->connections[i];
        if (c->state == DOWN)
            earlier(c->watch.deadline_us == 0 ? now_us : c->watch.deadline_us, &until);
        const struct db_job *job = c->sent.first;
        if (job != NULL)
            earlier(job->request == NULL ? job->deadline_us + STUCK_US : job->deadline_us, &until);
    }
    for (int lane = 0; lane < N_LANES; lane++)
        if (db->queue[lane].first != NULL)
            earlier(db->queue[lane].first->deadline_us, &until);
    return until == UINT64_MAX ? -1 : until <= now_us ? 0 : (long)((until - now_us) / 1000u + 1u);
}

static bool lane_is_up(const struct db *db, enum lane lane)
{
    for (size_t i = 0; i < db->n_connections; i++)
        if (db->connections[i].lane == lane && db->connections[i].state == READY)
            return true;
    return false;
}

bool db_is_ready(const struct db *db)
{
    return lane_is_up(db, LANE_FAST) && lane_is_up(db, LANE_HEAVY) && lane_is_up(db, LANE_WRITE);
}

const char *db_state_text(const struct db *db)
{
    return db_is_ready(db) ? "ready" : db->state;
}

void db_run(struct request *r, const struct statement *statement)
{
    struct db *db = r->loop->db;
    enum lane lane = r->op->lane;
    const long deadlines[N_LANES] = {db->conf->fast_deadline_ms, db->conf->heavy_deadline_ms, db->conf->write_deadline_ms};
    if (!bind_arguments(r, statement)) {
        request_problem(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    if (!lane_is_up(db, lane)) {
        request_problem(r, PROBLEM_DATABASE_UNAVAILABLE, NULL);
        return;
    }
    struct db_job *job = db->queue[lane].n >= MAX_QUEUED ? NULL : calloc(1, sizeof *job);
    if (job == NULL) {
        atomic_fetch_add_explicit(&db->loop->metrics->db_queue_full, 1, memory_order_relaxed);
        request_problem(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    *job = (struct db_job){.request = r, .statement = statement, .lane = lane,
        .keyed = lane == LANE_WRITE && r->op->takes_idempotency_key && r->idempotency_key.text != NULL && !r->prefer_rollback,
        .deadline_us = db->loop->now_us + (uint64_t)deadlines[lane] * 1000u};
    r->job = job;
    atomic_fetch_add_explicit(&db->loop->metrics->db_in_flight[lane], 1, memory_order_relaxed);
    push(&db->queue[lane], job);
    request_park(r);
}

void db_cancel(struct request *r)
{
    atomic_fetch_sub_explicit(&r->loop->metrics->db_in_flight[r->job->lane], 1, memory_order_relaxed);
    r->job->request = NULL;
    r->job = NULL;
}

struct db *db_create(struct loop *loop, const struct conf *conf)
{
    struct db *db = calloc(1, sizeof *db);
    const long counts[N_LANES] = {conf->fast_connections, conf->heavy_connections, conf->write_connections};
    if (db == NULL)
        return NULL;
    for (int lane = 0; lane < N_LANES; lane++)
        db->n_connections += (size_t)counts[lane];
    db->loop = loop;
    db->conf = conf;
    db->connections = calloc(db->n_connections, sizeof *db->connections);
    db->actor = statement_by_name("_actor");
    db->claim = statement_by_name("_claim_idempotency_key");
    db->store = statement_by_name("_store_idempotent_answer");
    if (db->connections == NULL || db->actor == NULL || db->claim == NULL || db->store == NULL) {
        free(db->connections);
        free(db);
        return NULL;
    }
    set_state(db, "connecting");
    for (size_t i = 0, lane = 0, left = (size_t)counts[0]; i < db->n_connections; i++, left--) {
        while (left == 0)
            left = (size_t)counts[++lane];
        db->connections[i] = (struct connection){.db = db, .lane = (enum lane)lane,
            .watch = {.fd = -1, .ready = connection_is_ready, .expired = connection_expired}};
    }
    return db;
}

void db_destroy(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < db->n_connections; i++) {
        struct jobs sent = db->connections[i].sent;
        db->connections[i].sent = (struct jobs){0};
        for (struct db_job *job = pop(&sent); job != NULL; job = pop(&sent))
            answer_problem(db, job, PROBLEM_STOPPING);
        if (db->connections[i].pg != NULL)
            close_connection(&db->connections[i]);
    }
    for (int lane = 0; lane < N_LANES; lane++)
        for (struct db_job *job = pop(&db->queue[lane]); job != NULL; job = pop(&db->queue[lane]))
            answer_problem(db, job, PROBLEM_STOPPING);
    free(db->connections);
    free(db);
}
