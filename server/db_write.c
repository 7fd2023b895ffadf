/* Writes: alone on their connection, step by step through a transaction that also keeps the idempotency key's answer.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_private.h"
#include "digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What makes two requests with one key the same: target and body. */
static bool digest_request(const struct request *r, char ret[DIGEST_HEX + 1]) {
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

static bool send_claim(struct connection *c, struct request *r) {
    char digest[DIGEST_HEX + 1];
    if (!digest_request(r, digest))
        return false;
    const char *key = arena_copy(&r->arena, r->idempotency_key.text, r->idempotency_key.length);
    const char *values[] = {key, r->op->id, digest};
    return key != NULL && connection_send_statement(c, c->db->claim, values, NULL);
}

static bool send_store(struct connection *c, struct request *r) {
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
    return connection_send_statement(c, c->db->store, values, NULL);
}

/* One round trip of a write. A write without a key needs no answer before its statement: both go together. */
bool write_send_step(struct connection *c, struct db_job *job, enum step step) {
    struct request *r = job->request;
    bool sent = true;
    job->step = step;
    switch (step) {
    case STEP_BEGIN:
        job->sent_us = job->sent_us == 0 ? c->db->loop->now_us : job->sent_us;
        job->due = 3;
        sent = connection_send_plain(c, "BEGIN") && connection_send_actor(c, r);
        sent = sent && (job->keyed ? send_claim(c, r)
                                   : connection_send_statement(c, job->statement, r->arguments, r->argument_lengths));
        break;
    case STEP_STATEMENT:
        job->due = 1;
        sent = connection_send_statement(c, job->statement, r->arguments, r->argument_lengths);
        break;
    case STEP_COMMIT:
        job->due = job->keyed ? 2 : 1;
        sent = (!job->keyed || send_store(c, r)) && connection_send_plain(c, "COMMIT");
        break;
    case STEP_ROLLBACK:
        job->due = 1;
        sent = connection_send_plain(c, "ROLLBACK");
        break;
    }
    c->syncs_due++;
    return sent && PQpipelineSync(c->pg) == 1;
}

static bool is_serialization_failure(const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

/* A step of a write has been answered up to its Sync: what comes next. */
static void next_step(struct connection *c) {
    struct db *db = c->db;
    struct db_job *job = c->sent.first;
    struct request *r = job->request;
    PGresult *result = job->result;
    bool good =
        result == NULL || PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
    enum step next = STEP_ROLLBACK;

    if (job->step == STEP_ROLLBACK && job->again && r != NULL) {
        job->again = false;
        request_forget_answer(r);
        next = STEP_BEGIN;
    } else if (job->step == STEP_ROLLBACK || (job->step == STEP_COMMIT && good)) {
        jobs_pop(&c->sent);
        if (r == NULL)
            job_free(job);
        else
            job_answer(db, job);
        return;
    } else if (r == NULL) {
        next = STEP_ROLLBACK; /* nobody is there to be told: nothing is done */
    } else if (!good && is_serialization_failure(result) && ++job->tries < MAX_TRIES) {
        atomic_fetch_add_explicit(&db->loop->metrics->db_retries, 1, memory_order_relaxed);
        job->again = true;
    } else if (!good) {
        request_forget_answer(r);
        problem_from_db(r, (const struct db_result *)result);
    } else if (job->step == STEP_BEGIN && job->keyed) {
        const struct db_result *stored = (const struct db_result *)result;
        int status = db_column(stored, "status"), location = db_column(stored, "location"),
            etag = db_column(stored, "etag"), body = db_column(stored, "body");
        if (db_rows(stored) == 0 || db_is_null(stored, 0, (size_t)status)) {
            next = STEP_STATEMENT;
            job->unknown = false;
        } else {
            struct value l = db_value(stored, 0, (size_t)location), e = db_value(stored, 0, (size_t)etag);
            reply_from_stored(r, atoi(db_value(stored, 0, (size_t)status).text),
                              db_is_null(stored, 0, (size_t)location) ? NULL : arena_copy(&r->arena, l.text, l.length),
                              db_is_null(stored, 0, (size_t)etag) ? NULL : arena_copy(&r->arena, e.text, e.length),
                              db_value(stored, 0, (size_t)body));
        }
    } else {
        reply_from_rows(r, job->statement, (const struct db_result *)result);
        if (r->problem == PROBLEM_NONE && !r->reply.failed && !r->prefer_rollback)
            next = STEP_COMMIT;
    }
    PQclear(job->result);
    job->result = NULL;
    if (!write_send_step(c, job, next))
        connection_break(c);
}

void write_take_result(struct connection *c, PGresult *result) {
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
    if (job->step == STEP_COMMIT && job->due == 0 && !failed_before && job->request != NULL &&
        PQresultStatus(job->result) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(job->result), "COMMIT") != 0) {
        job->request->n_headers = 0;
        problem_set(job->request, PROBLEM_INTERNAL_ERROR, "the transaction was rolled back");
    }
}
