/* What the files of libmedkoord share; in the order in which a call meets them.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_INTERNAL_H
#define MEDKOORD_INTERNAL_H

#include "medkoord.h"

#include <stdarg.h>

/* ---- memory.c: an arena; everything of a result lives in one ---- */

struct mk_arena;
struct mk_arena *mk_arena_create(void); /* NULL when out of memory, as the others */
void mk_arena_destroy(struct mk_arena *);
void *mk_arena_alloc(struct mk_arena *, size_t n); /* zeroed, aligned for everything */
char *mk_arena_text(struct mk_arena *, const char *text, size_t n);
/* From now on it is out of memory where it would grow past this; and whether it was. */
void mk_arena_limit(struct mk_arena *, size_t limit);
bool mk_arena_is_full(const struct mk_arena *);

/* Bytes that grow. After `failed` nothing is added any more: look once, at the end. */
struct mk_buffer {
    char *bytes;           /* ended by NUL once something was added */
    size_t n, room, limit; /* limit: 0 is none */
    bool failed, too_large;
};
void mk_buffer_add(struct mk_buffer *, const void *bytes, size_t n);
void mk_buffer_add_text(struct mk_buffer *, const char *text);
void mk_buffer_clear(struct mk_buffer *);

/* Names of HTTP, with ASCII letters in either case. Whatever the program's locale: in a Turkish one strcasecmp() tells
 * I from i. */
bool mk_same(const char *a, const char *b);
bool mk_same_start(const char *text, const char *start);
bool mk_is_header_value(const char *text);

/* ---- sized.c: structs of a caller's that begin with their own size, of which `known` bytes are known here ---- */

/* How large one must be to have this member: what a later version adds behind it an older program lacks. */
#define MK_END_OF(type, member) (offsetof(type, member) + sizeof((type *)0)->member)
/* NULL, or a size that is set and nothing in what lies past the known bytes. */
bool mk_struct_is_good(const void *from, size_t known);
/* Copies one: of an older program's what it has, the rest zero; of a newer one's what is known; the copy's own size is
 * `known`. NULL is all zero. False when it is not good, or shorter than `least`. */
bool mk_struct_read(void *to, size_t known, const void *from, size_t least);
/* Fills one of a caller's, whose size is set, as far as it goes; what goes on past the known bytes becomes zero. */
void mk_struct_write(void *to, const void *from, size_t known);

/* ---- error.c ---- */

/* Each answers the code, so that one can `return mk_fail(...)`. `error` may be NULL. */
int mk_fail(mk_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int mk_fail_status(mk_error *error, int code, int status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int mk_fail_memory(mk_error *error);
/* The same of an arena: out of memory, or at its limit. */
int mk_fail_arena(mk_error *error, const struct mk_arena *);
/* Of a failure that was told already: the key that the library made for the request. */
void mk_error_tell_key(mk_error *error, const char *key);
/* Text that was cut to fit into `room` bytes: keeps it one line, and no character in two. */
void mk_text_tidy(char *text, size_t room);
/* Out of an answer of 400 or more. */
int mk_fail_response(mk_error *error, const mk_response *response);

/* ---- json.c: a small reader of our own: numbers stay the text they were, and memory that runs out is told from bad
 * JSON ---- */

enum mk_json_kind {
    MK_JSON_NULL,
    MK_JSON_FALSE,
    MK_JSON_TRUE,
    MK_JSON_NUMBER,
    MK_JSON_STRING,
    MK_JSON_ARRAY,
    MK_JSON_OBJECT
};
struct mk_json {
    enum mk_json_kind kind;
    const char *name;             /* of a member of an object; or NULL */
    const char *text;             /* of a string: unescaped, ends in NUL; of a number: as it stands in `raw` */
    size_t n;                     /* bytes of it; of an array or object: how many children */
    struct mk_json *first, *next; /* children; the next child of the same parent */
    const char *raw;              /* where the value stands in what was read, n_raw bytes; not ended */
    size_t n_raw;
};

/* Reads exactly one JSON value; all of the answer but `raw` and numbers lives in the arena. NULL: it is none
 * (*ret_memory false), or memory is short (true). */
struct mk_json *mk_json_read(struct mk_arena *, const char *text, size_t n, bool *ret_memory);
/* A member of an object; NULL when there is none, or `object` is NULL or none. */
const struct mk_json *mk_json_get(const struct mk_json *object, const char *name);
/* The text of a string; NULL for NULL and everything else. */
const char *mk_json_text(const struct mk_json *);
bool mk_json_integer(const struct mk_json *, int64_t *ret_value);
bool mk_json_number_is_good(const char *text, size_t n); /* as JSON writes numbers */
bool mk_utf8_is_good(const char *text, size_t n);
void mk_json_write_text(struct mk_buffer *, const char *text); /* with its quotes */

/* ---- codec.c: JSON to structs and back, by tables that are generated from the contract ---- */

enum mk_kind { MK_TEXT, MK_INTEGER, MK_DECIMAL, MK_BOOLEAN, MK_STRUCT };
enum mk_shape {
    MK_ONE,   /* required and never null: the value itself (text, decimals and structs: a pointer) */
    MK_MAYBE, /* may be missing or null: a pointer, NULL then */
    MK_MANY,  /* an array: a count and a pointer to the elements (structs: to pointers to them) */
    MK_MAP    /* an object with any names: a count and a pointer to struct mk_named_<kind or type>: name and value */
};

#define MK_WHERE 160
struct mk_type;
struct mk_field {
    const char *name; /* of the member */
    enum mk_kind kind;
    enum mk_shape shape;
    bool required; /* must be there when it is written or read */
    bool nullable;
    size_t offset, count_offset;
    const struct mk_type *type; /* of MK_STRUCT */
};
struct mk_type {
    const char *name; /* "hospital" */
    size_t size;
    bool sized; /* begins with its size, because callers fill it */
    size_t n_fields;
    const struct mk_field *fields;
};

/* Fills a struct. False: out of memory when `where` is empty, otherwise it says what is not as the contract says,
 * beginning with a JSON pointer: "/regions/0/region is missing". Members that are not known are passed over. */
bool mk_decode(const struct mk_type *, const struct mk_json *, struct mk_arena *, void *to, char where[MK_WHERE]);
/* Writes a struct that a caller filled; members that may be missing and are NULL are left out. False as in mk_decode().
 */
bool mk_encode(const struct mk_type *, const void *from, struct mk_buffer *, char where[MK_WHERE]);

/* A result is preceded by this. */
struct mk_result {
    uint32_t magic;
    const struct mk_type *type;
    struct mk_arena *arena; /* holds this, too */
    const char *json;
    size_t n_json;
    const char *etag, *request_id;
    bool replayed;
};
/* `etag` may be NULL. `limit`: of its memory; 0: none. */
int mk_result_create(const struct mk_type *, const struct mk_json *, const char *etag, const char *request_id,
                     bool replayed, size_t limit, void **ret_result, mk_error *);

/* ---- ops.c (generated) ---- */

/* What only the library knows of an operation. */
struct mk_operation_types {
    const struct mk_type *body, *result;
    const char *largest_page; /* of a list: the most that its `limit` can be; or NULL */
};
const struct mk_operation_types *mk_operation_types(const mk_operation *);
extern const mk_operation *const mk_all_operations[];

/* ---- call.c: an operation and its arguments to a request, its answer to a result ---- */

int mk_fail_options(mk_error *);
/* An argument's value; NULL for NULL. */
const char *mk_integer_text(char to[24], const int64_t *value);
const char *mk_boolean_text(char to[24], const bool *value);

/* How a source goes out, when not as it is. */
struct mk_upload {
    bool gzip, digest;
    int (*progress)(void *user, int64_t sent, int64_t total);
    void *progress_user;
};

/* What the generated functions hand over. A NULL value: not given. */
int mk_call_result(mk_client *, const mk_operation *, const mk_argument *, size_t n, const void *body,
                   void **ret_result, mk_error *);
/* A caller's source, of whatever size, copied. */
int mk_source_read(mk_source *to, const mk_source *from, mk_error *);
int mk_call_sink(mk_client *, const mk_operation *, const mk_argument *, size_t n, const char *accept, const mk_sink *,
                 mk_error *);
int mk_call_source(mk_client *, const mk_operation *, const mk_argument *, size_t n, const mk_source *,
                   const struct mk_upload *, void **ret_result, mk_error *);
/* The JSON of an answer; lives in the arena, which may have a limit, and refers to the response. */
int mk_answer_read(const mk_response *, struct mk_arena *, const struct mk_json **ret_json, mk_error *);

/* ---- list.c ---- */

int mk_list_create(mk_client *, const mk_operation *, const char *path, mk_list **ret_list, mk_error *);
int mk_list_item(mk_list *, const struct mk_type *, void **ret_item, mk_error *);

/* ---- retry.c: one exchange after the other until one holds; tokens, waits ---- */

struct mk_exchange {
    const char *method;
    const char *path;         /* from /v1 on, encoded, with its query */
    const mk_header *headers; /* of what a source brings only what is not said by the source (below) */
    size_t n_headers;
    const void *body;
    size_t n_body;
    const mk_source
        *source; /* in place of body; brings Content-Type and, when it is or becomes gzip, Content-Encoding */
    bool gzip;   /* compress the source on the way */
    bool digest; /* send Content-Digest, where the source can be read twice */
    int (*progress)(void *user, int64_t sent, int64_t total);
    void *progress_user;
    const mk_sink *sink;         /* takes the body of an answer of 2xx */
    const char *const *produces; /* media types that an answer of 2xx can have, ended by NULL; NULL: any */
    bool safe;                   /* may be sent again */
    bool anonymous;              /* without a token */
};
/* Answers MK_OK for any complete answer, whatever its status, but a redirect, which is MK_ERR_PROTOCOL.
 * A GET without sink and without headers of its own but Accept is conditional by the client's cache: what it knows for
 * this token and Accept is asked for with If-None-Match and given out as an answer of 200 when it still holds. The
 * entity tag of every answer of 2xx is kept in the cache under the path (with its query), for If-Match. */
int mk_exchange_run(mk_client *, const struct mk_exchange *, mk_response **ret_response, mk_error *);
int64_t mk_now_ms(void);  /* of a clock that nobody sets */
#define MK_PROGRESS_MS 50 /* between two calls of `progress` */
/* Tells `progress` how much of the source went out. False: it said stop. */
bool mk_tell_progress(const struct mk_exchange *, int64_t sent);
int mk_fail_progress(mk_error *);

/* ---- cache.c: what is known of a URL: its entity tag, and, where there is room, its body ---- */

struct mk_cache;
struct mk_cache *mk_cache_create(size_t max_bytes);
void mk_cache_destroy(struct mk_cache *);
/* NULL when nothing is known. Both live until the next call. A body is that of the last answer to this `accept`. */
const char *mk_cache_etag(struct mk_cache *, const char *path);
const char *mk_cache_body(struct mk_cache *, const char *path, const char *accept, size_t *ret_n,
                          const char **ret_etag);
/* Never fails: what there is no memory for is not kept. */
void mk_cache_store(struct mk_cache *, const char *path, const char *accept, const char *etag, const char *body,
                    size_t n);
void mk_cache_forget(struct mk_cache *, const char *path);
/* What one token could read another may not. */
void mk_cache_drop_bodies(struct mk_cache *);

/* ---- stream.c: gzip and digests on the way ---- */

struct mk_outflow; /* a source as it goes out: compressed or not, counted */
struct mk_outflow *mk_outflow_create(const mk_source *, bool gzip);
void mk_outflow_destroy(struct mk_outflow *);
int mk_outflow_rewind(struct mk_outflow *);
/* As mk_source.read; MK_ERR_NO_MEMORY or MK_ERR_CALLBACK in *ret_code on a negative answer. */
long mk_outflow_read(struct mk_outflow *, void *to, size_t n, int *ret_code);
int64_t mk_outflow_taken(const struct mk_outflow *); /* bytes of the source so far */
/* Reads it to its end and rewinds: the value of Content-Digest (`sha-256=:...:`), and how many bytes go out. `tells`
 * (or NULL) is told on the way, that nothing has gone out yet. */
int mk_outflow_digest(struct mk_outflow *, const struct mk_exchange *tells, char to[64], int64_t *ret_length,
                      mk_error *);
bool mk_sink_is_file(const mk_sink *);
bool mk_sink_flush(const mk_sink *); /* false: see errno */

/* ---- response.c ---- */

struct mk_response {
    int status;
    int64_t retry_after_s; /* 0: it does not say */
    struct mk_buffer head; /* "name\0value\0" again and again */
    struct mk_buffer body;
};
/* Whether its Content-Type is this, whatever its parameters. */
bool mk_response_is(const mk_response *, const char *media_type);

/* ---- inflow.c: an answer as it comes in, checked before any of its body goes anywhere ---- */

struct mk_inflow {
    const struct mk_exchange *exchange;
    const char *url;       /* where it comes from */
    mk_response *response; /* whoever takes it frees it */
    bool head_ended;
    int64_t sunk; /* bytes that the sink was given */
    int code;     /* what stopped the exchange, when that was us */
    const char *reason;
    char other_type[256]; /* a reason */
};
bool mk_inflow_start(struct mk_inflow *, const struct mk_exchange *, const char *url, size_t max_body_bytes);
/* The first counts. Answers false, as the others do once it is stopped. */
bool mk_inflow_stop(struct mk_inflow *, int code, const char *reason);
/* A line of a head or of trailers, with its end; the last of a head is empty. */
bool mk_inflow_line(struct mk_inflow *, int status, const char *line, size_t n);
bool mk_inflow_body(struct mk_inflow *, const void *bytes, size_t n);
void mk_inflow_end(struct mk_inflow *);

/* ---- transport.c: the only file with curl.h ---- */

int mk_transport_global_init(void);
void mk_transport_global_cleanup(void);
struct mk_transport;
struct mk_transport *mk_transport_create(const mk_client_options *);
void mk_transport_destroy(struct mk_transport *);
/* One exchange, sent once, with these headers added (Authorization, If-None-Match). The options are normalized (no 0
 * that stands for a default), their texts stay. `length`: of the outflow, -1 when not known. timeout_ms: -1 is none.
 * *ret_outcome is set in any case. */
struct mk_outcome {
    int64_t sunk;  /* bytes that the sink was given */
    bool hopeless; /* a failure that another attempt meets again: a certificate, a file, the proxy's name */
};
int mk_transport_run(struct mk_transport *, const struct mk_exchange *, struct mk_outflow *, int64_t length,
                     const mk_header *more, size_t n_more, int64_t timeout_ms, mk_response **ret_response,
                     struct mk_outcome *ret_outcome, mk_error *);

/* ---- client.c ---- */

struct mk_client {
    struct mk_arena *memory;
    mk_client_options
        options; /* its texts are in `memory`; no 0 stands for a default any more, `retries` is never negative */
    struct mk_transport *transport;
    struct mk_cache *cache;
    char *token; /* in use now */
};
/* Takes another token for the one in use; NULL: none. */
int mk_client_set_token(mk_client *, const char *token, size_t n, mk_error *);
void mk_log(const mk_client *, enum mk_log_level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
