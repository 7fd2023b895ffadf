/* A request, and how its stages pass it on: filled from top to bottom in the order in which it walks.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_REQUEST_H
#define MEDKOORD_REQUEST_H

#include "base.h"

struct MHD_Connection;
struct loop;

/* Who asks, from a verified token (auth_check()). */
#define ACTOR_SUBJECT_MAX 255
#define ACTOR_REGION_MAX  32
struct actor {
    char subject[ACTOR_SUBJECT_MAX + 1];
    char region[ACTOR_REGION_MAX + 1]; /* slug, or "" */
    char roles_text[256];              /* ",reader,amgros," as the database's settings want it */
    uint32_t roles;                    /* bits of role_names */
    int64_t expires;                   /* exp, Unix seconds */
};

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
#define MAX_VIOLATIONS      100
#define MAX_PATH_VALUES     6
#define MAX_BINDINGS        32
#define MAX_REPLY_HEADERS   16
#define JSON_BODY_LIMIT     (256u * 1024u)
#define JSON_DEPTH_LIMIT    32
#define JSON_VALUES_LIMIT   10000 /* the largest that the contract takes has about 2,000 */
#define JSON_NUMBER_LIMIT   64    /* characters of a number */
#define JSON_EXPONENT_LIMIT 3     /* digits of its exponent */

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
    bool whole;                        /* the body has come to its end */
    bool waits;                        /* Expect: 100-continue: the client sends no body before it is told to */
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
    bool no_memory; /* memory ran out while it was checked: what was found says nothing */

    /* db.c */
    struct db_job *job; /* while waiting */

    /* reply.c, problem.c */
    int status;
    enum problem_code problem;
    const char *problem_detail;
    const char *problem_members; /* further members of the problem as JSON, each with a comma before it; or NULL */
    const char *location, *etag; /* etag without quotes */
    struct buffer reply;         /* body; given away to libmicrohttpd */
    struct value constant;       /* body when reply is empty: text of the program's own, sent from where it stands */
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
void request_forget_answer(struct request *); /* of what is tried again, or not to be answered after all */
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

#endif
