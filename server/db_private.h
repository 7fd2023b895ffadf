/* What the files of the database work share: db.c (lanes and queues), db_connection.c (a connection's life), db_read.c,
 * db_write.c (the two kinds of jobs), db_job.c (lists, and how a job ends).
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_DB_PRIVATE_H
#define MEDKOORD_DB_PRIVATE_H

#include "db_internal.h"
#include "server.h"

#define MAX_TRIES 3         /* of a write that met 40001 or 40P01, of a job whose connection was lost */
#define STUCK_US  10000000u /* past its deadline: the connection is given up */

/* A write walks through these, one round trip each; reads know only STEP_STATEMENT. */
enum step { STEP_BEGIN, STEP_STATEMENT, STEP_COMMIT, STEP_ROLLBACK };

struct db_job {
    struct request *request; /* NULL: it was answered without us (deadline, gone) */
    const struct statement *statement;
    enum lane lane;
    enum step step;
    bool keyed;   /* has an idempotency key */
    bool alone;   /* no neighbours under its Sync */
    bool again;   /* after ROLLBACK: from the beginning */
    bool unknown; /* the answer to its COMMIT was lost, and the key has not yet told what became of it */
    int due;      /* results still to come before the job (or its step) is done */
    int tries;
    uint64_t sent_us, deadline_us;
    PGresult *result; /* the statement's, or the first error */
    struct db_job *next;
};

struct jobs {
    struct db_job *first, *last;
    size_t n;
};

enum connection_state { DOWN, CONNECTING, ASKING_VERSION, PREPARING, READY };

struct connection {
    struct watch watch; /* first: watch and connection have the same address */
    struct db *db;
    enum lane lane;
    enum connection_state state;
    PGconn *pg;
    uint32_t watched_for;     /* the events of watch */
    struct jobs sent;         /* in the order of their results */
    size_t batch;             /* reads sent since the last Sync */
    struct actor batch_actor; /* whose settings the batch has now */
    size_t syncs_due;
    int prepare_due;
    uint64_t retry_us;
};

/* What each connection of a lane prepares when it opens. */
struct prepared {
    const struct statement **statements;
    size_t n;
};

struct db {
    struct loop *loop;
    const struct conf *conf;
    struct connection *connections;
    size_t n_connections;
    struct jobs queue[N_LANES];
    const struct statement *actor, *claim, *store;
    struct prepared prepared[N_LANES];
    char state[160]; /* why it is not ready, for readers and the log */
    bool announced;
};

/* ---- db_job.c ---- */

void jobs_push(struct jobs *list, struct db_job *job);
struct db_job *jobs_pop(struct jobs *list);
void job_free(struct db_job *job);
void job_answer(struct db *db, struct db_job *job);
void job_answer_problem(struct db *db, struct db_job *job, enum problem_code code);
void job_detach(struct db *db, struct db_job *job, enum problem_code code);

/* ---- db_connection.c: false from a send means that the connection is lost ---- */

bool connection_send_statement(struct connection *c, const struct statement *s, const char *const *values,
                               const int *lengths);
bool connection_send_plain(struct connection *c, const char *sql);
bool connection_send_actor(struct connection *c, const struct request *r);
void connection_lose(struct connection *c, const char *why);
void connection_break(struct connection *c); /* the same, of what libpq could not send or read */
void connection_close(struct connection *c);
void connection_flush(struct connection *c);
void connection_keep(struct connection *c, uint64_t now_us);
void connection_is_ready(struct watch *w, uint32_t events);
void connection_expired(struct watch *w);

/* ---- db_read.c ---- */

bool read_send(struct connection *c, struct db_job *job);
bool read_end_batch(struct connection *c);
void read_take_result(struct connection *c, PGresult *result);

/* ---- db_write.c ---- */

bool write_send_step(struct connection *c, struct db_job *job, enum step step);
void write_take_result(struct connection *c, PGresult *result);

#endif
