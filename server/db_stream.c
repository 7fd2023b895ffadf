/* Connections of their own for uploads (COPY) and exports (row by row), and work for later turns of the loop.
 *
 * Known of libpq 15 and kept here: PQputCopyData copies into a buffer that grows without end unless PQflush is watched;
 * while copying in, errors that the server has sent are not seen before the copy is ended; COMMIT of a failed
 * transaction answers COMMAND_OK with the tag ROLLBACK.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_stream.h"

#include "db_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define MAX_WAITING        64 /* of each kind, */
#define MAX_WAITING_OF_ONE 32 /* and of one subject */
#define CONNECT_TIMEOUT_US 10000000u

enum stream_state {
    STREAM_WAITING, /* for a connection that somebody else has */
    STREAM_CONNECTING,
    STREAM_IDLE, /* between two statements */
    STREAM_QUERY,
    STREAM_ROWS,       /* a query, row by row */
    STREAM_COPY,       /* in the middle of COPY FROM STDIN */
    STREAM_COPY_ENDED, /* the server ended it before we did; told, or about to be */
    STREAM_LOST
};

struct db_stream {
    struct watch watch; /* first: watch and stream have the same address */
    struct db_streams *streams;
    enum stream_state state;
    enum { OPEN_BEGIN, OPEN_ACTOR, OPEN_DONE } opening; /* what comes next of opening */
    const struct request *request;
    enum db_stream_kind kind;
    PGconn *pg;
    bool commit;      /* what runs is a COMMIT */
    bool copy_begins; /* what runs is a COPY */
    bool full, paused;
    db_stream_fn done, writable;
    db_stream_row_fn row;
    void *user;
    PGresult *result;    /* the first error, or the last result */
    struct later later;  /* tells outcome */
    struct later resume; /* reads on after a pause */
    enum db_outcome outcome;
    size_t rank;            /* how many of the same subject were there when it came */
    struct db_stream *next; /* waiting or running */
};

struct queue {
    struct db_stream *running, *waiting; /* running: has a connection, or is getting one */
    size_t n_running, n_waiting;
};

struct db_streams {
    struct loop *loop;
    PGconn **idle;
    size_t n_idle, n_open, max; /* n_open: connections, idle or not; max: running ones of a kind */
    struct queue queues[N_STREAM_KINDS];
    const struct statement *actor;
};

/* ---- the connections of a loop ---- */

/* Made when first needed: many loops never see an upload. */
static struct db_streams *streams_of(struct loop *loop) {
    if (loop->streams != NULL)
        return loop->streams;
    struct db_streams *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->loop = loop;
    s->max = (size_t)loop->shared->conf->stream_connections;
    s->actor = statement_by_name("_actor");
    s->idle = calloc(N_STREAM_KINDS * s->max, sizeof(PGconn *));
    if (s->idle == NULL) {
        free(s);
        return NULL;
    }
    loop->streams = s;
    return s;
}

void db_streams_destroy(struct loop *loop) {
    struct db_streams *s = loop->streams;
    if (s == NULL)
        return;
    for (size_t i = 0; i < N_STREAM_KINDS; i++)
        assert(s->queues[i].running == NULL && s->queues[i].waiting == NULL);
    assert(s->n_open == s->n_idle);
    for (size_t i = 0; i < s->n_idle; i++)
        PQfinish(s->idle[i]);
    free(s->idle);
    free(s);
    loop->streams = NULL;
}

/* ---- one connection ---- */

static void watch_for(struct db_stream *s, uint32_t events) {
    int fd = PQsocket(s->pg);
    if (s->watch.fd != fd && s->watch.fd >= 0)
        loop_unwatch(s->streams->loop, &s->watch);
    s->watch.fd = fd;
    loop_watch(s->streams->loop, &s->watch, events);
}

static void stop_watching(struct db_stream *s) {
    s->watch.deadline_us = 0;
    if (s->watch.fd >= 0)
        loop_unwatch(s->streams->loop, &s->watch);
    s->watch.fd = -1;
}

static void set_deadline(struct db_stream *s, long ms) {
    uint64_t idle = (uint64_t)s->streams->loop->shared->conf->stream_idle_ms;
    s->watch.deadline_us = clock_us() + (ms > 0 ? (uint64_t)ms : idle) * 1000u;
}

static void open_on(struct db_stream *);

static void tell(void *state) {
    struct db_stream *s = state;
    PGresult *result = s->result;
    db_stream_fn done = s->done;
    s->result = NULL;
    if (s->opening != OPEN_DONE && s->outcome == DB_ROWS)
        open_on(s);
    else
        done(s->user, s->outcome, (const struct db_result *)result); /* may close the stream */
    PQclear(result);
}

/* To be told in the next turn: for outcomes that come up within a call of the user's. */
static void tell_later(struct db_stream *s, enum db_outcome outcome) {
    s->outcome = outcome;
    if (!s->later.queued)
        later_queue(s->streams->loop, &s->later, 0);
}

static struct queue *queue_of(const struct db_stream *s) {
    return &s->streams->queues[s->kind];
}

static void append(struct db_stream **list, size_t *n, struct db_stream *s) {
    while (*list != NULL)
        list = &(*list)->next;
    *list = s;
    s->next = NULL;
    ++*n;
}

/* Also when it is not in the list. */
static void strike_out(struct db_stream **list, size_t *n, const struct db_stream *s) {
    while (*list != NULL && *list != s)
        list = &(*list)->next;
    if (*list == NULL)
        return;
    *list = s->next;
    --*n;
}

static void let_go(struct db_stream *s) {
    strike_out(&queue_of(s)->running, &queue_of(s)->n_running, s);
    stop_watching(s);
    if (s->pg == NULL)
        return;
    PQfinish(s->pg);
    s->pg = NULL;
    s->streams->n_open--;
}

static void serve_waiting(struct db_streams *);

/* The connection is lost, or given up. Whoever waits for something is told. */
static void lose(struct db_stream *s, enum db_outcome outcome) {
    enum stream_state state = s->state;
    if (s->pg != NULL && PQstatus(s->pg) == CONNECTION_BAD) {
        char reason[160];
        snprintf(reason, sizeof reason, "%s", PQerrorMessage(s->pg));
        reason[strcspn(reason, "\n")] = '\0';
        log_line(LOG_WARNING, "connection of an upload or export lost", "reason", reason, NULL);
    }
    s->state = STREAM_LOST;
    let_go(s);
    later_cancel(s->streams->loop, &s->resume);
    PQclear(s->result);
    s->result = NULL;
    if (state == STREAM_COPY)
        s->done = s->writable;
    if (state != STREAM_IDLE && state != STREAM_LOST)
        tell_later(s, outcome);
    serve_waiting(s->streams);
}

static void flush(struct db_stream *s) {
    int left = PQflush(s->pg);
    if (left < 0) {
        lose(s, DB_UNAVAILABLE);
        return;
    }
    bool read = !s->paused;
    watch_for(s, (read ? EPOLLIN : 0u) | (left == 1 ? EPOLLOUT : 0u));
    if (s->state == STREAM_COPY && left == 0) {
        s->watch.deadline_us = 0; /* now it is the client's turn, and http.c keeps the time */
        if (s->full) {
            s->full = false;
            s->writable(s->user, DB_ROWS, NULL);
        }
    }
}

/* A query has come to its end: all results are read. */
static void complete(struct db_stream *s) {
    s->watch.deadline_us = 0;
    ExecStatusType status = s->result == NULL ? PGRES_FATAL_ERROR : PQresultStatus(s->result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (good && s->commit && strcmp(PQcmdStatus(s->result), "COMMIT") != 0)
        good = false;
    s->commit = false;
    s->state = STREAM_IDLE;
    s->outcome = good ? DB_ROWS : DB_ERROR;
    tell(s);
}

static void keep_result(struct db_stream *s, PGresult *result) {
    if (s->result != NULL && PQresultStatus(s->result) == PGRES_FATAL_ERROR) {
        PQclear(result);
        return;
    }
    PQclear(s->result);
    s->result = result;
}

/* Whether reading goes on. */
static bool take_result(struct db_stream *s, PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COPY_IN && s->copy_begins) {
        s->copy_begins = false;
        PQclear(result);
        s->state = STREAM_COPY;
        s->watch.deadline_us = 0;
        s->done(s->user, DB_ROWS, NULL);
        return false;
    }
    bool row = s->state == STREAM_ROWS && (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK);
    if (!row) {
        keep_result(s, result);
        return true;
    }
    /* The last one has no row; it tells the columns of an empty result. */
    s->paused = !s->row(s->user, (const struct db_result *)result);
    if (s->paused) {
        s->watch.deadline_us = 0; /* the client's turn */
        watch_for(s, 0);
    } else {
        set_deadline(s, 0);
    }
    if (status == PGRES_TUPLES_OK)
        keep_result(s, result);
    else
        PQclear(result);
    return !s->paused;
}

static void read_results(struct db_stream *s) {
    while (!s->paused && PQisBusy(s->pg) == 0) {
        PGresult *result = PQgetResult(s->pg);
        if (result == NULL) {
            if (PQstatus(s->pg) == CONNECTION_BAD)
                lose(s, DB_UNAVAILABLE);
            else
                complete(s);
            return;
        }
        if (PQstatus(s->pg) == CONNECTION_BAD) { /* what libpq makes of a lost connection: no answer of the server's */
            PQclear(result);
            lose(s, DB_UNAVAILABLE);
            return;
        }
        if (!take_result(s, result))
            break;
    }
}

static void connect_on(struct db_stream *s) {
    switch (PQconnectPoll(s->pg)) {
    case PGRES_POLLING_READING:
        watch_for(s, EPOLLIN);
        return;
    case PGRES_POLLING_WRITING:
        watch_for(s, EPOLLOUT);
        return;
    case PGRES_POLLING_OK:
        PQsetnonblocking(s->pg, 1);
        s->state = STREAM_IDLE;
        s->watch.deadline_us = 0;
        watch_for(s, EPOLLIN);
        s->outcome = DB_ROWS;
        tell(s);
        return;
    default:
        lose(s, DB_UNAVAILABLE);
    }
}

/* Nothing of the copy is to be kept, or something is wrong with it: the server is silent while it takes rows, and
 * ending the copy brings out what it had to say. */
static void fail_copy(struct db_stream *s) {
    s->full = false;
    if (PQputCopyEnd(s->pg, "the upload was ended") < 0) {
        lose(s, DB_UNAVAILABLE);
        return;
    }
    s->state = STREAM_COPY_ENDED;
    s->done = s->writable;
    set_deadline(s, 0);
    flush(s);
}

static void ready(struct watch *w, uint32_t events) {
    struct db_stream *s = (struct db_stream *)w;
    if (s->state == STREAM_CONNECTING) {
        connect_on(s);
        return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && PQconsumeInput(s->pg) == 0) {
        lose(s, DB_UNAVAILABLE);
        return;
    }
    if (s->state == STREAM_COPY && (events & EPOLLIN) == 0) {
        flush(s); /* may call the user, who may close the stream */
        return;
    }
    if (s->state == STREAM_COPY)
        fail_copy(s);
    else if ((events & EPOLLOUT) != 0)
        flush(s);
    if (s->state == STREAM_QUERY || s->state == STREAM_ROWS || s->state == STREAM_COPY_ENDED)
        read_results(s);
}

static void expired(struct watch *w) {
    struct db_stream *s = (struct db_stream *)w;
    log_line(LOG_WARNING, "the database was silent for too long in an upload or export", NULL);
    lose(s, s->state == STREAM_CONNECTING ? DB_UNAVAILABLE : DB_DEADLINE);
}

/* ---- finding a connection ---- */

static void start_connecting(struct db_stream *s) {
    struct db_streams *all = s->streams;
    s->pg = db_connect_start(all->loop->shared->conf, N_LANES);
    all->n_open++;
    s->state = STREAM_CONNECTING;
    if (s->pg == NULL) {
        all->n_open--;
        lose(s, DB_UNAVAILABLE);
    } else if (PQstatus(s->pg) == CONNECTION_BAD) {
        lose(s, DB_UNAVAILABLE);
    } else {
        watch_for(s, EPOLLOUT);
        s->watch.deadline_us = clock_us() + CONNECT_TIMEOUT_US;
    }
}

/* An idle connection may have been closed by the server in the meantime. The first reading may only bring its farewell;
 * the second then finds the end. */
static bool take_idle(struct db_stream *s) {
    struct db_streams *all = s->streams;
    while (all->n_idle > 0) {
        PGconn *pg = all->idle[--all->n_idle];
        if (PQconsumeInput(pg) == 1 && PQconsumeInput(pg) == 1 && PQstatus(pg) == CONNECTION_OK) {
            s->pg = pg;
            s->state = STREAM_IDLE;
            watch_for(s, EPOLLIN);
            tell_later(s, DB_ROWS);
            return true;
        }
        PQfinish(pg);
        all->n_open--;
    }
    return false;
}

static void find_connection(struct db_stream *s) {
    append(&queue_of(s)->running, &queue_of(s)->n_running, s);
    if (!take_idle(s))
        start_connecting(s);
}

static size_t count_of(const struct db_stream *list, const char *subject) {
    size_t n = 0;
    for (; list != NULL; list = list->next)
        n += strcmp(list->request->actor.subject, subject) == 0;
    return n;
}

/* Whose turn it is: of those with the fewest of the same subject before them, the one who came first. An export lasts
 * as long as its reader likes, so nobody has two at a time; of two uploads of one delivery both must begin, so that the
 * second is told of the first. */
static struct db_stream *next_of(const struct queue *q, enum db_stream_kind kind) {
    struct db_stream *best = NULL;
    for (struct db_stream *s = q->waiting; s != NULL; s = s->next) {
        bool may = kind != STREAM_EXPORT || count_of(q->running, s->request->actor.subject) == 0;
        if (may && (best == NULL || s->rank < best->rank))
            best = s;
    }
    return best;
}

static void stop_waiting(struct db_stream *s) {
    strike_out(&queue_of(s)->waiting, &queue_of(s)->n_waiting, s);
}

static void serve_waiting(struct db_streams *all) {
    for (enum db_stream_kind kind = 0; kind < N_STREAM_KINDS; kind++) {
        struct queue *q = &all->queues[kind];
        struct db_stream *s;
        while (q->n_running < all->max && (s = next_of(q, kind)) != NULL) {
            stop_waiting(s);
            later_cancel(all->loop, &s->later);
            find_connection(s);
        }
    }
}

static void tell_or_give_up(void *state) {
    struct db_stream *s = state;
    if (s->state == STREAM_WAITING) {
        stop_waiting(s);
        s->state = STREAM_LOST;
        s->outcome = DB_OVERLOADED;
    }
    tell(s);
}

static void read_on(void *state) {
    read_results(state);
}

struct db_stream *db_stream_begin(struct request *r, enum db_stream_kind kind, db_stream_fn begun, void *user) {
    struct loop *loop = r->loop;
    struct db_streams *all = streams_of(loop);
    struct db_stream *s = all == NULL ? NULL : calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct db_stream){.watch = {.fd = -1, .ready = ready, .expired = expired},
                            .streams = all,
                            .request = r,
                            .kind = kind,
                            .done = begun,
                            .user = user,
                            .later = {.run = tell_or_give_up, .state = s},
                            .resume = {.run = read_on, .state = s}};
    atomic_fetch_add_explicit(&loop->metrics->streams, 1, memory_order_relaxed);
    struct queue *q = queue_of(s);
    s->rank = count_of(q->running, r->actor.subject) + count_of(q->waiting, r->actor.subject);
    append(&q->waiting, &q->n_waiting, s);
    serve_waiting(all);
    if (s->state != STREAM_WAITING)
        return s;
    if (q->n_waiting > MAX_WAITING || count_of(q->waiting, r->actor.subject) > MAX_WAITING_OF_ONE) {
        stop_waiting(s);
        s->state = STREAM_LOST;
        tell_later(s, DB_OVERLOADED);
    } else {
        later_queue(loop, &s->later, clock_us() + (uint64_t)loop->shared->conf->write_deadline_ms * 1000u);
    }
    return s;
}

void db_stream_close(struct db_stream *s) {
    if (s == NULL)
        return;
    struct db_streams *all = s->streams;
    stop_waiting(s);
    later_cancel(all->loop, &s->later);
    later_cancel(all->loop, &s->resume);
    bool reusable =
        s->state == STREAM_IDLE && PQstatus(s->pg) == CONNECTION_OK && PQtransactionStatus(s->pg) == PQTRANS_IDLE;
    if (reusable) {
        all->idle[all->n_idle++] = s->pg; /* as many as may run find room: one is opened only when none is idle */
        s->pg = NULL;
    }
    let_go(s); /* in the middle of something: the server sees the end of the connection and rolls back */
    PQclear(s->result);
    atomic_fetch_sub_explicit(&all->loop->metrics->streams, 1, memory_order_relaxed);
    free(s);
    serve_waiting(all);
}

/* ---- asking ---- */

static void asked(struct db_stream *s, bool sent, long deadline_ms, db_stream_fn done) {
    s->done = done;
    set_deadline(s, deadline_ms);
    if (!sent)
        lose(s, DB_UNAVAILABLE);
    else
        flush(s);
}

/* A connection may have been lost since the last answer; that is told as the outcome of the next question. */
static bool can_ask(struct db_stream *s, db_stream_fn done) {
    if (s->state == STREAM_IDLE)
        return true;
    assert(s->state == STREAM_LOST);
    s->done = done;
    tell_later(s, DB_UNAVAILABLE);
    return false;
}

void db_stream_command(struct db_stream *s, const char *sql, long deadline_ms, db_stream_fn done) {
    if (!can_ask(s, done))
        return;
    s->state = STREAM_QUERY;
    s->commit = strcmp(sql, "COMMIT") == 0;
    asked(s, PQsendQueryParams(s->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1, deadline_ms, done);
}

static bool send_statement(struct db_stream *s, const struct statement *statement, const char *const *values,
                           const int *lengths) {
    Oid types[MAX_BINDINGS];
    assert(statement->n_bindings <= MAX_BINDINGS);
    for (size_t i = 0; i < statement->n_bindings; i++)
        types[i] = statement->bindings[i].oid;
    return PQsendQueryParams(s->pg, statement->sql, (int)statement->n_bindings, types, values, lengths, NULL, 0) == 1;
}

void db_stream_statement(struct db_stream *s, const struct statement *statement, const char *const *values,
                         const int *lengths, long deadline_ms, db_stream_fn done) {
    if (!can_ask(s, done))
        return;
    s->state = STREAM_QUERY;
    asked(s, send_statement(s, statement, values, lengths), deadline_ms, done);
}

/* A connection is there, or the last step of opening is done: the next one. */
static void open_on(struct db_stream *s) {
    const struct actor *actor = &s->request->actor;
    const char *values[] = {actor->subject, actor->roles_text, actor->region, s->request->id};
    if (s->opening++ == OPEN_BEGIN)
        db_stream_command(s, s->kind == STREAM_EXPORT ? "BEGIN READ ONLY" : "BEGIN", 0, s->done);
    else
        db_stream_statement(s, s->streams->actor, values, NULL, 0, s->done);
}

void db_stream_rows(struct db_stream *s, const struct statement *statement, const char *const *values,
                    const int *lengths, db_stream_row_fn row, db_stream_fn done) {
    if (!can_ask(s, done))
        return;
    s->state = STREAM_ROWS;
    s->row = row;
    s->paused = false;
    asked(s, send_statement(s, statement, values, lengths) && PQsetSingleRowMode(s->pg) == 1, 0, done);
}

void db_stream_go_on(struct db_stream *s) {
    if (s->state != STREAM_ROWS || !s->paused)
        return;
    s->paused = false;
    set_deadline(s, 0);
    watch_for(s, EPOLLIN);
    if (!s->resume.queued) /* rows that libpq holds already wake nobody */
        later_queue(s->streams->loop, &s->resume, 0);
}

void db_stream_problem(struct request *r, enum db_outcome outcome, const struct db_result *error) {
    if (outcome == DB_ERROR && error != NULL)
        problem_from_db(r, error);
    else
        problem_set(r,
                    outcome == DB_OVERLOADED ? PROBLEM_OVERLOADED
                    : outcome == DB_DEADLINE ? PROBLEM_DEADLINE_EXCEEDED
                                             : PROBLEM_DATABASE_UNAVAILABLE,
                    NULL);
}

/* ---- copying in ---- */

void db_stream_copy(struct db_stream *s, const char *sql, db_stream_fn begun, db_stream_fn writable) {
    if (!can_ask(s, begun))
        return;
    s->state = STREAM_QUERY;
    s->copy_begins = true;
    s->full = false;
    s->writable = writable;
    asked(s, PQsendQueryParams(s->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1, 0, begun);
}

bool db_stream_put(struct db_stream *s, const char *bytes, size_t n) {
    if (s->state != STREAM_COPY)
        return false; /* it ended early: writable is about to tell how */
    if (PQputCopyData(s->pg, bytes, (int)n) != 1) {
        lose(s, DB_UNAVAILABLE);
        return false;
    }
    int left = PQflush(s->pg);
    if (left < 0) {
        lose(s, DB_UNAVAILABLE);
        return false;
    }
    if (left == 0)
        return true;
    s->full = true;
    set_deadline(s, 0);
    watch_for(s, EPOLLIN | EPOLLOUT);
    return false;
}

void db_stream_copy_fail(struct db_stream *s, db_stream_fn done) {
    s->done = s->writable = done;
    if (s->state == STREAM_COPY)
        fail_copy(s);
}

void db_stream_copy_end(struct db_stream *s, long deadline_ms, db_stream_fn done) {
    if (s->state != STREAM_COPY) {
        s->done = s->writable = done; /* it ended early: that is what is told */
        return;
    }
    bool ended = PQputCopyEnd(s->pg, NULL) == 1;
    s->state = STREAM_QUERY;
    asked(s, ended, deadline_ms, done);
}
