/* What the server's files share, one banner a file, in the order in which a request meets them; base.h and request.h
 * come first. Conventions: functions answer true or 0 on success unless they say otherwise; ret_ parameters are
 * untouched on failure; destroy functions take NULL. assert() is for our own mistakes, return codes are for the
 * world's.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_SERVER_H
#define MEDKOORD_SERVER_H

#include "request.h"

#include <pthread.h>
#include <time.h>

#define MEDKOORD_VERSION "0.1.0"

struct epoll_event;

/* ============================== auth.c: tokens and keys ============================== */

/* Before anything uses OpenSSL, so that running out of memory is noticed; malloc and realloc, but for tests. */
bool auth_memory_init(void *(*allocator)(size_t), void *(*reallocator)(void *, size_t));

struct auth_keys;  /* immutable, counted by reference */
struct auth_cache; /* of one loop: verified tokens until exp, bounded */
struct auth_rules {
    const char *issuer, *audience;
    long leeway_s;
};
enum auth_verdict {
    AUTH_OK,
    AUTH_MALFORMED,
    AUTH_UNSUPPORTED,
    AUTH_UNKNOWN_KEY,
    AUTH_BAD_SIGNATURE,
    AUTH_EXPIRED,
    AUTH_NOT_YET,
    AUTH_BAD_CLAIMS,
    AUTH_NO_MEMORY
};
const char *auth_verdict_text(enum auth_verdict); /* for the log and error_description; tells nothing about keys */

/* Reads a JWKS (public members only; RSA >= 2048, P-256, Ed25519). On error NULL, with one line in error. */
struct auth_keys *auth_keys_parse(const char *jwks, size_t n, char *error, size_t error_size);
struct auth_keys *auth_keys_load(const char *file_or_url, char *error, size_t error_size);
struct auth_keys *auth_keys_ref(struct auth_keys *);
void auth_keys_unref(struct auth_keys *);
size_t auth_keys_count(const struct auth_keys *);

struct auth_cache *auth_cache_create(size_t entries);
void auth_cache_destroy(struct auth_cache *);
bool auth_cache_was_hit(const struct auth_cache *); /* the last auth_check() with this cache was answered by it */
/* token: what follows "Bearer ". ret_actor untouched unless AUTH_OK. cache may be NULL. A cache remembers which keys it
 * was filled with and empties itself when they change. */
enum auth_verdict auth_check(const struct auth_keys *, const struct auth_rules *, struct auth_cache *,
                             const char *token, size_t n, int64_t now, struct actor *ret_actor);

/* ============================== token.c: development tokens (only file with jwt.h) ============================== */

int token_command(int argc, char **argv); /* medkoordd token */

/* ============================== migrate.c ============================== */

int migrate_command(const struct conf *, bool dry_run);
int migrate_expected_version(void); /* number of the last migration built in */
/* Looks at the database as the server's role sees it; prints one line for each thing wrong, answers how many. */
size_t migrate_check(const struct conf *, FILE *out);

/* ============================== route.c ============================== */

extern const char *const method_names[N_METHODS];
void route_init(void);
/* The operation for method and segments; NULL with *ret_allowed 0 when there is no such path, or the methods (bits of
 * enum method) that the path has. Fills r->path_values. */
const struct operation *route_find(struct request *, unsigned *ret_allowed);
size_t route_allowed_text(unsigned allowed, char *ret, size_t n); /* "GET, HEAD, POST" */

/* ============================== schema.c, bind.c: from what was sent to checked arguments
 * ============================== */

bool schema_init(void); /* compiles the patterns */
/* Checks value against schema and adds every violation; pointer is the RFC 6901 pointer of value. */
void schema_check(struct request *, const struct schema *, const json_t *value, const char *pointer);
/* Checks one piece of text (path, query, header value); the same rules, code and pointer as for JSON. */
void schema_check_text(struct request *, const struct schema *, struct value, const char *pointer);

/* Parameters, Accept, cursor, If-Match, Prefer; collects violations and answers PROBLEM_NONE or what ends the request.
 */
enum problem_code bind_head(struct request *);
/* r->body to r->json, checked. */
enum problem_code bind_body(struct request *);
/* Fills r->arguments for a statement. false when out of memory. */
bool bind_arguments(struct request *, const struct statement *);
/* next= of a list: the cursor for what follows the row whose keys are given. NULL when out of memory. */
const char *bind_next_url(struct request *, const char *const *keys, size_t n);

/* ============================== db.c: pipelined PostgreSQL, lanes, deadlines ============================== */

enum db_outcome { DB_ROWS, DB_ERROR, DB_UNAVAILABLE, DB_DEADLINE, DB_OVERLOADED };
struct db;
struct db *db_create(struct loop *, const struct conf *);
void db_destroy(struct db *);
void db_turn(struct db *); /* once a turn of the loop: sends what was queued, ends what is past its deadline */
long db_timeout_ms(const struct db *, uint64_t now_us); /* until the next deadline; -1: none */
/* Runs the operation's (or representation's) statement for r with its bound arguments and actor, parks r, and when the
 * answer is there calls reply_from_rows() or problem_from_db() and wakes it. Writes get a transaction, an idempotency
 * key's protection and retries here. */
void db_run(struct request *, const struct statement *);
void db_cancel(struct request *);    /* the request is gone: its answer is dropped when it comes */
bool db_is_ready(const struct db *); /* fast lane connected, schema version right */
const char *db_state_text(const struct db *);
/* Accessors, so that libpq-fe.h stays in db*.c. */
size_t db_rows(const struct db_result *);
size_t db_columns(const struct db_result *);
const char *db_column_name(const struct db_result *, size_t column);
uint32_t db_column_type(const struct db_result *, size_t column);
bool db_is_null(const struct db_result *, size_t row, size_t column);
const char *db_error_field(const struct db_result *,
                           char field); /* 'C' SQLSTATE, 'M' message, 'D' detail, 'n' constraint, 'c' column; NULL */
struct value db_value(const struct db_result *, size_t row, size_t column);
int db_column(const struct db_result *, const char *name); /* -1: none */

/* ============================== db_stream.c: connections of their own for uploads and exports
 * ============================== */

void db_streams_destroy(struct loop *); /* when no request is left */

/* ============================== export.c ============================== */

/* text/csv of an operation: rows streamed in single-row mode with back-pressure. */
void export_csv(struct request *, const struct statement *);

/* ============================== reply.c, problem.c ============================== */

/* These fill in r->status, headers and r->reply, or r->problem; they do not end the request, so that a write can be
 * answered after its COMMIT only. */
void reply_from_rows(struct request *, const struct statement *, const struct db_result *);
void reply_from_stored(struct request *, int status, const char *location, const char *etag,
                       struct value body); /* idempotent replay */
/* Whether the entity tag (without quotes) is in r->if_none_match. */
bool reply_is_not_modified(const struct request *, const char *etag);
void problem_set(struct request *, enum problem_code, const char *detail);
void problem_write(struct request *); /* r->problem and violations to r->reply */
/* Maps SQLSTATE, constraint and message of a failed statement to r->problem. */
void problem_from_db(struct request *, const struct db_result *);
enum problem_code problem_from_code(const char *code);

/* ============================== ops/: renderers that the contract names (x-render) ============================== */

bool render_divergence_chart(struct request *, const struct db_result *, struct buffer *ret_body);

/* ============================== http.c: the only file with microhttpd.h ============================== */

struct http;
struct http *http_create(struct loop *, const struct conf *, int listen_fd);
int http_epoll_fd(const struct http *);
long http_timeout_ms(const struct http *); /* -1: none */
void http_run(struct http *);
void http_reap(struct http *, uint64_t now_us);
void http_quiesce(struct http *);    /* no new connections */
bool http_is_drained(struct http *); /* once a turn while stopping */
void http_destroy(struct http *);
void http_suspend(struct request *);
void http_resume(struct request *);
/* Ends the request with a body of unknown length, see http_read_fn. */
void http_stream_reply(struct request *, int status, const char *content_type, http_read_fn);

/* ============================== loop.c: one core ============================== */

struct watch {
    int fd;
    void (*ready)(struct watch *, uint32_t events);
    uint64_t deadline_us;
    void (*expired)(struct watch *);
    struct watch *next, *previous;
};
bool loop_watch(struct loop *, struct watch *, uint32_t events); /* adds or changes; also takes up a new fd */
void loop_unwatch(struct loop *, struct watch *);
/* deadline_us of a watch may be set at any time; expired() is called once when it has passed (0: none). */

/* Work for a later turn of the loop; embedded in what it works on. */
struct later {
    void (*run)(void *state);
    void *state;
    uint64_t at_us; /* not before; 0: the next turn */
    bool queued;
    struct later *next;
};
void later_queue(struct loop *, struct later *, uint64_t at_us);
void later_cancel(struct loop *, struct later *); /* also when it is not queued */

struct shared { /* what all loops read; changed only as said */
    const struct conf *conf;
    struct auth_rules rules;
    _Atomic(struct auth_keys *) keys; /* swapped on SIGHUP under keys_lock; each loop holds a reference of its own */
    pthread_mutex_t keys_lock;
    _Atomic bool stopping;
    struct metrics **metrics;
    size_t n_loops;
    struct loop **loops;
};
struct loop {
    int epoll_fd, wake_fd, index;
    struct shared *shared;
    struct http *http;
    struct db *db;
    struct db_streams *streams; /* made when first needed */
    struct auth_cache *cache;
    struct auth_keys *keys;
    struct metrics *metrics;
    struct watch *watches;
    struct later *later;        /* in order of coming */
    struct epoll_event *events; /* of this turn; loop_unwatch() strikes out what is still to come */
    int n_events;
    struct watch wake;
    bool draining;
    atomic_bool ready; /* has its database; for the others, that answer for the whole server */
    pthread_t thread;
    uint64_t now_us; /* of this turn */
};
struct loop *loop_create(struct shared *, int index, int listen_fd); /* NULL: the program cannot start */
void *loop_run(void *loop);                                          /* of its thread, until shared->stopping */
void loop_destroy(struct loop *);

/* ============================== serve.c: the program around the loops ============================== */

/* medkoordd serve: runs until SIGTERM or SIGINT; 0 after a graceful stop. SIGHUP reads the keys anew. */
int serve_command(const struct conf *);

#endif
