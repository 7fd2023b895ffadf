/* The database work of a loop: pipelined libpq connections in lanes, so that a long statement never stands before a
 * short one; bounded queues before them; deadlines. A job whose deadline has passed is answered at once and goes on
 * without its request, because its results must still be read in order.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_QUEUED        1024 /* jobs of one lane that wait for a connection, */
#define MAX_QUEUED_OF_ONE 512  /* and of one subject: others find a place */

/* Deadlines stand in the order of the list but for the few jobs that run again; those the reaper's turn finds. */
static void end_overdue(struct db *db, struct jobs *list, uint64_t now_us) {
    if (list->first == NULL || list->first->deadline_us > now_us)
        return;
    for (struct db_job *job = list->first; job != NULL; job = job->next)
        if (job->request != NULL && job->deadline_us <= now_us)
            job_detach(db, job,
                       job->unknown || (job->lane == LANE_WRITE && job->step == STEP_COMMIT)
                           ? PROBLEM_OUTCOME_UNKNOWN
                           : PROBLEM_DEADLINE_EXCEEDED);
}

static void drop_answered(struct jobs *queue) {
    struct jobs kept = {0};
    for (struct db_job *job = jobs_pop(queue); job != NULL; job = jobs_pop(queue)) {
        if (job->request == NULL)
            job_free(job);
        else
            jobs_push(&kept, job);
    }
    *queue = kept;
}

/* Short reads go a batch at a time: what comes while one is under way goes together in the next, with one write, one
 * Sync and one wake-up on each side. A long read has the next one wait at the database, so that no time passes between
 * them. */
static bool has_room(const struct connection *c) {
    return c->lane == LANE_FAST ? c->syncs_due == 0 : c->sent.n < (c->lane == LANE_HEAVY ? 2 : 1);
}

static struct connection *least_loaded(struct db *db, enum lane lane) {
    struct connection *best = NULL;
    for (size_t i = 0; i < db->n_connections; i++) {
        struct connection *c = &db->connections[i];
        if (c->lane == lane && c->state == READY && has_room(c) && (best == NULL || c->sent.n < best->sent.n))
            best = c;
    }
    return best;
}

static void send_queued(struct db *db) {
    for (int lane = 0; lane < N_LANES; lane++) {
        struct connection *c;
        while (db->queue[lane].first != NULL && (c = least_loaded(db, (enum lane)lane)) != NULL) {
            struct db_job *job = jobs_pop(&db->queue[lane]);
            bool sent;
            if (lane == LANE_WRITE) {
                jobs_push(&c->sent, job);
                sent = write_send_step(c, job, STEP_BEGIN);
            } else {
                sent = read_send(c, job);
            }
            if (!sent)
                connection_break(c);
        }
    }
}

void db_turn(struct db *db) {
    uint64_t now_us = db->loop->now_us;
    for (size_t i = 0; i < db->n_connections; i++)
        end_overdue(db, &db->connections[i].sent, now_us);
    for (int lane = 0; lane < N_LANES; lane++)
        if (db->queue[lane].first != NULL) {
            end_overdue(db, &db->queue[lane], now_us);
            drop_answered(&db->queue[lane]);
        }
    for (size_t i = 0; i < db->n_connections; i++)
        connection_keep(&db->connections[i], now_us);
    send_queued(db);
    for (size_t i = 0; i < db->n_connections; i++) {
        struct connection *c = &db->connections[i];
        if (c->state != READY)
            continue;
        if (!read_end_batch(c))
            connection_break(c);
        else if (c->sent.first != NULL)
            connection_flush(c);
    }
}

static void earlier(uint64_t candidate, uint64_t *until) {
    if (candidate != 0 && candidate < *until)
        *until = candidate;
}

long db_timeout_ms(const struct db *db, uint64_t now_us) {
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

static bool lane_is_up(const struct db *db, enum lane lane) {
    for (size_t i = 0; i < db->n_connections; i++)
        if (db->connections[i].lane == lane && db->connections[i].state == READY)
            return true;
    return false;
}

bool db_is_ready(const struct db *db) {
    return lane_is_up(db, LANE_FAST) && lane_is_up(db, LANE_HEAVY) && lane_is_up(db, LANE_WRITE);
}

const char *db_state_text(const struct db *db) {
    return db_is_ready(db) ? "ready" : db->state;
}

static bool is_bare(const struct request *r, const struct statement *bare) {
    for (size_t i = 0; i < bare->n_bindings; i++)
        if ((bare->absent >> i & 1u) != 0 && r->arguments[i] != NULL)
            return false;
    return true;
}

static bool is_full(const struct jobs *queue, const struct request *r) {
    size_t own = 0;
    if (queue->n < MAX_QUEUED_OF_ONE)
        return false;
    for (const struct db_job *job = queue->first; job != NULL; job = job->next)
        own += job->request != NULL && strcmp(job->request->actor.subject, r->actor.subject) == 0;
    return queue->n >= MAX_QUEUED || own >= MAX_QUEUED_OF_ONE;
}

void db_run(struct request *r, const struct statement *statement) {
    struct db *db = r->loop->db;
    enum lane lane = r->op->lane;
    const long deadlines[N_LANES] = {db->conf->fast_deadline_ms, db->conf->heavy_deadline_ms,
                                     db->conf->write_deadline_ms};
    if (!bind_arguments(r, statement)) {
        request_problem(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    if (lane == LANE_FAST && statement->bare != NULL && is_bare(r, statement->bare))
        statement = statement->bare;
    if (!lane_is_up(db, lane)) {
        request_problem(r, PROBLEM_DATABASE_UNAVAILABLE, NULL);
        return;
    }
    struct db_job *job = is_full(&db->queue[lane], r) ? NULL : calloc(1, sizeof *job);
    if (job == NULL) {
        atomic_fetch_add_explicit(&db->loop->metrics->db_queue_full, 1, memory_order_relaxed);
        request_problem(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    *job = (struct db_job){.request = r,
                           .statement = statement,
                           .lane = lane,
                           .keyed = lane == LANE_WRITE && r->op->takes_idempotency_key &&
                                    r->idempotency_key.text != NULL && !r->prefer_rollback,
                           .deadline_us = db->loop->now_us + (uint64_t)deadlines[lane] * 1000u};
    r->job = job;
    atomic_fetch_add_explicit(&db->loop->metrics->db_in_flight[lane], 1, memory_order_relaxed);
    jobs_push(&db->queue[lane], job);
    request_park(r);
}

void db_cancel(struct request *r) {
    atomic_fetch_sub_explicit(&r->loop->metrics->db_in_flight[r->job->lane], 1, memory_order_relaxed);
    r->job->request = NULL;
    r->job = NULL;
}

static void add_prepared(struct db *db, enum lane lane, const struct statement *s) {
    struct prepared *list = &db->prepared[lane];
    for (size_t i = 0; i < list->n; i++)
        if (list->statements[i] == s)
            return;
    list->statements[list->n++] = s;
    if (lane == LANE_FAST && s->bare != NULL)
        list->statements[list->n++] = s->bare;
}

/* A connection's statements are those of the operations of its lane, and what goes before them. What is streamed runs
 * on connections of its own. */
static bool collect_prepared(struct db *db, enum lane lane) {
    struct prepared *list = &db->prepared[lane];
    list->statements = calloc(2 * n_statements, sizeof *list->statements); /* each may have a bare one besides */
    if (list->statements == NULL)
        return false;
    add_prepared(db, lane, db->actor);
    if (lane == LANE_WRITE) {
        add_prepared(db, lane, db->claim);
        add_prepared(db, lane, db->store);
    }
    for (const struct operation *op = operations; op < operations + n_operations; op++) {
        if (op->lane != lane)
            continue;
        if (op->statement != NULL)
            add_prepared(db, lane, op->statement);
        for (size_t i = 0; i < op->n_representations; i++)
            if (op->representations[i].statement != NULL && !op->representations[i].stream)
                add_prepared(db, lane, op->representations[i].statement);
    }
    return true;
}

static void free_db(struct db *db) {
    for (int lane = 0; lane < N_LANES; lane++)
        free(db->prepared[lane].statements);
    free(db->connections);
    free(db);
}

struct db *db_create(struct loop *loop, const struct conf *conf) {
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
    bool good = db->connections != NULL && db->actor != NULL && db->claim != NULL && db->store != NULL;
    for (int lane = 0; lane < N_LANES && good; lane++)
        good = collect_prepared(db, (enum lane)lane);
    if (!good) {
        free_db(db);
        return NULL;
    }
    snprintf(db->state, sizeof db->state, "connecting");
    for (size_t i = 0, lane = 0, left = (size_t)counts[0]; i < db->n_connections; i++, left--) {
        while (left == 0)
            left = (size_t)counts[++lane];
        db->connections[i] =
            (struct connection){.db = db,
                                .lane = (enum lane)lane,
                                .watch = {.fd = -1, .ready = connection_is_ready, .expired = connection_expired}};
    }
    return db;
}

void db_destroy(struct db *db) {
    if (db == NULL)
        return;
    for (size_t i = 0; i < db->n_connections; i++) {
        struct jobs sent = db->connections[i].sent;
        db->connections[i].sent = (struct jobs){0};
        for (struct db_job *job = jobs_pop(&sent); job != NULL; job = jobs_pop(&sent))
            job_answer_problem(db, job, PROBLEM_STOPPING);
        if (db->connections[i].pg != NULL)
            connection_close(&db->connections[i]);
    }
    for (int lane = 0; lane < N_LANES; lane++)
        for (struct db_job *job = jobs_pop(&db->queue[lane]); job != NULL; job = jobs_pop(&db->queue[lane]))
            job_answer_problem(db, job, PROBLEM_STOPPING);
    free_db(db);
}
