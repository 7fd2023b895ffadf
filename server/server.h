/* What the server's files share, one banner a file, in the order in which a request meets them.
 * Conventions: functions answer true or 0 on success unless they say otherwise; ret_ parameters are untouched on
 * failure; destroy functions take NULL. assert() is for our own mistakes, return codes are for the world's.
 * Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_SERVER_H
#define MEDKOORD_SERVER_H

#include "contract.h"

#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define MEDKOORD_VERSION "0.1.0"

struct MHD_Connection;
struct epoll_event;
struct loop;

/* ============================== arena.c: memory of one request, and growing buffers ============================== */

/* Everything allocated is zeroed, aligned to 16 bytes and freed at once by arena_reset(). NULL when out of memory or
 * past the limit (ARENA_LIMIT bytes a request). */
#define ARENA_LIMIT (1024u * 1024u)
struct arena {
    struct arena_chunk *chunks;
    size_t used;
};
void *arena_alloc(struct arena *, size_t n);
char *arena_copy(struct arena *, const char *bytes, size_t n); /* NUL-ended copy */
char *arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *);

/* A malloc'd, growing byte buffer. After a failed allocation `failed` is set, further appends do nothing. */
struct buffer {
    char *bytes;
    size_t length, capacity;
    bool failed;
};
bool buffer_reserve(struct buffer *, size_t extra);
void buffer_add(struct buffer *, const char *bytes, size_t n);
void buffer_text(struct buffer *, const char *text);
void buffer_char(struct buffer *, char c);
void buffer_format(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_json(struct buffer *, const char *bytes, size_t n); /* a JSON string, quoted and escaped */
void buffer_csv(struct buffer *, const char *bytes, size_t n);  /* an RFC 4180 cell, made harmless for spreadsheets */
void buffer_free(struct buffer *);

/* ============================== text.c: small checks without a home in a library ============================== */

bool text_is_utf8(const char *, size_t n, size_t *ret_bad_offset);
bool text_has_cpr(const char *, size_t n); /* a Danish civil registration number, any spelling, valid date */
bool text_to_date(const char *, int *ret_y, int *ret_m, int *ret_d); /* YYYY-MM-DD and a real day */
bool text_to_month(const char *, int *ret_y, int *ret_m);            /* YYYY-MM */
size_t text_from_base64url(const char *, size_t n, unsigned char *ret,
                           size_t capacity); /* canonical only; (size_t)-1 when not */
size_t text_to_base64url(const unsigned char *, size_t n, char *ret, size_t capacity); /* no padding, NUL-ended */
uint64_t text_hash(const void *, size_t n, uint64_t seed);
uint64_t clock_us(void); /* monotonic */

/* ============================== json.c: jansson made safe when memory runs out ============================== */

void json_memory_init(
    void *(*allocator)(size_t)); /* before any JSON and any thread; allocator: malloc, but for tests */
/* json_loadb() for everything that comes from outside. NULL: *ret_no_memory, or ret_error says why. */
json_t *json_parse(const char *bytes, size_t n, size_t flags, json_error_t *ret_error, bool *ret_no_memory);

/* ============================== conf.c: file, environment, one option table ============================== */

struct conf {
    char *listen_address;   /* 127.0.0.1 */
    long port;              /* 8080; 0 takes a free one */
    char *port_file;        /* where the taken port is written, or NULL */
    long loops;             /* threads; 0: one a core */
    char *database;         /* libpq connection string of the server's own role */
    char *migrate_database; /* of a role that may become medkoord_owner */
    char *jwks;             /* file or https URL with the public keys */
    char *issuer, *audience;
    long token_leeway_s;
    long jwks_refresh_s;
    long fast_connections, heavy_connections, write_connections, stream_connections; /* a loop */
    long fast_deadline_ms, heavy_deadline_ms, write_deadline_ms, stream_idle_ms, stop_deadline_ms;
    long head_deadline_ms,
        body_deadline_ms; /* the reaper's: from the first byte to the whole head, to the whole JSON body */
    long max_connections; /* a loop */
    char *log_level;      /* debug, info, warning, error */
};
/* Defaults, then the file (NULL: none), then MEDKOORD_*. Every error is printed to err with file and line or variable
 * name; false if there was any. */
bool conf_load(struct conf *, const char *file, FILE *err);
void conf_free(struct conf *);
void conf_print_options(FILE *);

/* ============================== log.c: JSON lines to stderr ============================== */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
void log_set_level(enum log_level);
bool log_level_from_name(const char *, enum log_level *ret);
/* log_line(LOG_WARNING, "database lost", "host", host, NULL): pairs of key and text, ended by NULL. Thread-safe, one
 * write(2). */
void log_line(enum log_level, const char *event, ...) __attribute__((sentinel));
void log_request(const struct request *); /* the access line: id, operation, subject, status, times in microseconds */

/* ============================== metrics.c: counters of each loop, added up when read ============================== */

struct metrics {
    _Atomic uint64_t requests[6];   /* by status class */
    _Atomic uint64_t *by_operation; /* n_operations x 6: requests by operation and status class */
    _Atomic uint64_t *seconds_us;   /* n_operations: time spent */
    _Atomic uint64_t connections, reaped, db_batches, db_retries, db_reconnects, db_deadline, db_queue_full, token_hits,
        token_misses, token_refused;
    _Atomic int64_t in_flight, db_in_flight[N_LANES], streams;
};
struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *);
void metrics_request(struct metrics *, const struct request *);
void metrics_write(struct buffer *, struct metrics *const *all, size_t n); /* Prometheus text format 0.0.4 */

/* ============================== auth.c: tokens and keys ============================== */

#define ACTOR_SUBJECT_MAX 255
#define ACTOR_REGION_MAX  32
struct actor {
    char subject[ACTOR_SUBJECT_MAX + 1];
    char region[ACTOR_REGION_MAX + 1]; /* slug, or "" */
    char roles_text[256];              /* ",reader,amgros," as the database's settings want it */
    uint32_t roles;                    /* bits of role_names */
    int64_t expires;                   /* exp, Unix seconds */
};
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

/* ============================== request.c: the life of a request ============================== */

enum stage {
    STAGE_HEAD,     /* the head is being checked */
    STAGE_BODY,     /* the head is good; the body is coming */
    STAGE_RUN,      /* the work has begun */
    STAGE_PARKED,   /* suspended: waits for the database */
    STAGE_ANSWERED, /* what to answer is known */
    STAGE_DONE      /* libmicrohttpd has the answer */
};

/* Produces a streamed reply piece by piece from r->handler_state: bytes written into buffer, 0 after request_park()
 * when there is nothing yet, -1 at the end, -2 on failure (the connection is cut, so that a client never takes half an
 * export for a whole one). */
typedef long (*http_read_fn)(struct request *, char *buffer, size_t n);

struct violation {
    const char *code;
    const char *pointer;
    const char *detail;
}; /* all in the arena */
#define MAX_VIOLATIONS    100
#define MAX_PATH_VALUES   6
#define MAX_BINDINGS      32
#define MAX_REPLY_HEADERS 16
#define JSON_BODY_LIMIT   (256u * 1024u)
#define JSON_DEPTH_LIMIT  32

struct value {
    const char *text;
    size_t length;
}; /* text NULL: absent */

struct request {
    unsigned magic; /* REQUEST_MAGIC */
    struct loop *loop;
    struct MHD_Connection *connection;
    enum stage stage, stage_before_park;
    struct arena arena;
    uint64_t started_us, db_us, deadline_us;
    char id[65]; /* X-Request-Id, ours or the caller's */

    /* http.c */
    enum method method;
    bool head_only;                    /* HEAD, answered as GET without body */
    bool danish;                       /* Accept-Language prefers da */
    const char *target, *path, *query; /* raw, arena */
    struct value segments[MAX_PATH_VALUES + 6];
    size_t n_segments;
    struct value authorization, content_type, content_encoding, accept, if_match, if_none_match, idempotency_key,
        prefer, content_digest, traceparent;
    uint64_t content_length;           /* CONTENT_CHUNKED when chunked */
    uint64_t received;                 /* bytes of the body so far, taken or thrown away */
    bool has_body, started, finishing; /* the last two: of a streaming handler */
    bool suspended;
    struct http_connection *link;

    /* route.c */
    const struct operation *op;
    struct value path_values[MAX_PATH_VALUES]; /* in the order of the op's path parameters; decoded, UTF-8 */

    /* auth.c */
    struct actor actor;

    /* bind.c */
    const struct representation *representation;
    struct value parameters[MAX_BINDINGS]; /* in the order of op->parameters; checked, defaults filled in */
    struct buffer body;
    json_t *json;                        /* parsed body, owned */
    const char *arguments[MAX_BINDINGS]; /* for the statement, in the order of its bindings */
    int argument_lengths[MAX_BINDINGS];
    const char *cursor[8];
    size_t n_cursor;
    long limit;
    bool prefer_rollback; /* Prefer: tx=rollback */
    struct violation violations[MAX_VIOLATIONS];
    size_t n_violations;

    /* db.c */
    struct db_job *job; /* while waiting */

    /* reply.c, problem.c */
    int status;
    enum problem_code problem;
    const char *problem_detail;
    const char *problem_members; /* further members of the problem as JSON, each with a comma before it; or NULL */
    const char *location, *etag; /* etag without quotes */
    struct buffer reply;         /* body; given away to libmicrohttpd */
    const char *content_type_out;
    struct {
        const char *name, *value;
    } headers[MAX_REPLY_HEADERS];
    size_t n_headers;

    void *handler_state;
    void (*release)(struct request *); /* frees handler_state when the request ends; set together with it */
    http_read_fn read;                 /* of a streamed reply */
};
#define CONTENT_CHUNKED  UINT64_MAX
#define REQUEST_MAGIC    0x6d6b7271u
#define CHECK_REQUEST(r) assert((r) != NULL && (r)->magic == REQUEST_MAGIC)

struct request *request_create(struct loop *, struct MHD_Connection *, const char *target); /* NULL: out of memory */
void request_destroy(struct request *);
void request_check_head(struct request *); /* route, token, roles, head; may end the request */
void request_start(struct request *);      /* everything is read: bind the body, run */
void request_end(struct request *);        /* r->reply or r->problem is what is answered; wakes a parked request */
void request_park(struct request *);       /* suspends the connection: nothing of this request happens until woken */
void request_wake(struct request *);       /* resumes it; on the loop's own thread only */
/* Ends a request with a problem. detail may be NULL. With violations collected, they become errors[]. */
void request_problem(struct request *, enum problem_code, const char *detail);
/* Ends a request with r->reply as the body. */
void request_reply(struct request *, int status, const char *content_type);
void request_header(struct request *, const char *name, const char *value); /* both must live as long as the arena */
void request_violation(struct request *, const char *code, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same in the caller's language; both formats take the same arguments. */
#define VIOLATION(r, code, pointer, english, danish_format, ...)                                                       \
    do {                                                                                                               \
        if ((r)->danish)                                                                                               \
            request_violation((r), (code), (pointer), danish_format __VA_OPT__(, ) __VA_ARGS__);                       \
        else                                                                                                           \
            request_violation((r), (code), (pointer), english __VA_OPT__(, ) __VA_ARGS__);                             \
    } while (0)

/* ============================== route.c ============================== */

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
void http_quiesce(struct http *); /* no new connections */
size_t http_in_flight(const struct http *);
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
    struct epoll_event *events; /* of this turn; loop_unwatch() strikes out what is still to come */
    int n_events;
    struct watch wake;
    bool draining;
    pthread_t thread;
    uint64_t now_us; /* of this turn */
};
/* medkoordd serve: runs until SIGTERM or SIGINT; 0 after a graceful stop. SIGHUP reads the keys anew. */
int serve_command(const struct conf *);

#endif
