/* Reads: batched under one Sync a turn; when one fails, its neighbours run again, each alone.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_private.h"

#include <assert.h>
#include <string.h>

#define MAX_BATCH 32 /* reads under one Sync: one that fails makes its neighbours run again */

static bool same_actor(const struct actor *a, const struct actor *b) {
    return strcmp(a->subject, b->subject) == 0 && strcmp(a->roles_text, b->roles_text) == 0 &&
           strcmp(a->region, b->region) == 0;
}

bool read_end_batch(struct connection *c) {
    if (c->batch == 0)
        return true;
    c->batch = 0;
    c->syncs_due++;
    atomic_fetch_add_explicit(&c->db->loop->metrics->db_batches, 1, memory_order_relaxed);
    return PQpipelineSync(c->pg) == 1;
}

/* The settings are local to the implicit transaction, that is to the batch: within it they are sent again only for
 * another actor. */
bool read_send(struct connection *c, struct db_job *job) {
    struct request *r = job->request;
    bool sent = !job->alone || read_end_batch(c);
    bool actor_known = c->batch > 0 && same_actor(&c->batch_actor, &r->actor);
    job->step = STEP_STATEMENT;
    job->due = actor_known ? 1 : 2;
    job->sent_us = c->db->loop->now_us;
    if (!actor_known) {
        sent = sent && connection_send_actor(c, r);
        c->batch_actor = r->actor;
    }
    sent = sent && connection_send_statement(c, job->statement, r->arguments, r->argument_lengths);
    c->batch++;
    jobs_push(&c->sent, job);
    if (job->alone || c->batch == MAX_BATCH)
        sent = sent && read_end_batch(c);
    return sent;
}

static void finish_read(struct connection *c, struct db_job *job) {
    struct db *db = c->db;
    struct request *r = job->request;
    if (r == NULL) {
        job_free(job);
        return;
    }
    const struct db_result *result = (const struct db_result *)job->result;
    if (PQresultStatus(job->result) == PGRES_TUPLES_OK || PQresultStatus(job->result) == PGRES_COMMAND_OK)
        reply_from_rows(r, job->statement, result);
    else
        problem_from_db(r, result);
    job_answer(db, job);
}

void read_take_result(struct connection *c, PGresult *result) {
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
        connection_lose(c, "the server ended the connection");
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
    jobs_pop(&c->sent);
    if (job->result != NULL) {
        finish_read(c, job);
    } else if (job->request == NULL) {
        job_free(job);
    } else { /* a neighbour failed: once more, alone */
        job->alone = true;
        jobs_push(&c->db->queue[job->lane], job);
    }
}
