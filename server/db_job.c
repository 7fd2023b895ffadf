/* Jobs: a request's database work, in lists, and how it ends.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_private.h"

#include <stdlib.h>

void jobs_push(struct jobs *list, struct db_job *job) {
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->n++;
}

struct db_job *jobs_pop(struct jobs *list) {
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

void job_free(struct db_job *job) {
    if (job->request != NULL)
        job->request->job = NULL;
    PQclear(job->result);
    free(job);
}

/* Whatever r->status and r->problem say goes out now. */
void job_answer(struct db *db, struct db_job *job) {
    struct request *r = job->request;
    if (r != NULL) {
        r->db_us = job->sent_us == 0 ? 0 : db->loop->now_us - job->sent_us;
        r->job = NULL;
        job->request = NULL;
        atomic_fetch_sub_explicit(&db->loop->metrics->db_in_flight[job->lane], 1, memory_order_relaxed);
        request_end(r);
    }
    job_free(job);
}

void job_answer_problem(struct db *db, struct db_job *job, enum problem_code code) {
    if (job->request != NULL)
        problem_set(job->request, code, NULL);
    job_answer(db, job);
}

/* The client is answered, the job goes on without it: its results must still be read in order. */
void job_detach(struct db *db, struct db_job *job, enum problem_code code) {
    struct request *r = job->request;
    atomic_fetch_add_explicit(&db->loop->metrics->db_deadline, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&db->loop->metrics->db_in_flight[job->lane], 1, memory_order_relaxed);
    r->job = NULL;
    job->request = NULL;
    r->db_us = job->sent_us == 0 ? 0 : db->loop->now_us - job->sent_us;
    r->n_headers = 0; /* of an answer that is not to be given any more */
    request_problem(r, code, NULL);
}
