/* libmedkoord: the client library of medkoord.
 *
 * One function for each operation of the service's contract, and what they share: a handle, options, errors, lists,
 * streams.
 *
 *   mk_global_init();
 *   mk_client_options options = {.size = sizeof options, .url = "https://medkoord.example", .token = token};
 *   mk_client *client;
 *   mk_error error = MK_ERROR_INIT;
 *   if (mk_client_create(&options, &client, &error) != MK_OK) ...
 *   struct mk_hospital *hospital;
 *   if (mk_get_hospital(client, "AHH", NULL, &hospital, &error) == MK_OK) {
 *       puts(hospital->name);
 *       mk_hospital_free(hospital);
 *   } else
 *       fprintf(stderr, "%s\n", error.message);
 *   mk_error_clear(&error);
 *   mk_client_destroy(client);
 *   mk_global_cleanup();
 *
 * - Every function that can fail answers an enum mk_code, MK_OK (0) when it succeeded. Out-parameters (`ret_`) are
 * untouched on failure. The last parameter, a mk_error or NULL, then says what was wrong.
 * - Whatever a function gives out through `ret_` belongs to the caller and goes back with the `_free` or `_destroy`
 * named with it; both take NULL. What is handed in stays the caller's and is not kept beyond the call, unless it says
 * so.
 * - All text is UTF-8 and ends in NUL. Months are `YYYY-MM`, dates `YYYY-MM-DD`, times RFC 3339 in UTC. Decimal numbers
 * (DDD, packs, ratios) are text, exactly as the server wrote them; money is a whole number of øre.
 * - Structs that the caller fills begin with their own size, so that later versions can add to their end. Start from
 * zeroes: what is 0 or NULL is left to the library. A library that is older than the program takes what it does not
 * know only when it is zero, and is MK_ERR_ARGUMENT otherwise.
 * - A handle is for one thread at a time; different handles may be used in different threads at the same time.
 * - The library never prints, never exits, never changes locale, signal handling or allocators of the program.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_H
#define MEDKOORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MK_VERSION "0.1.0"

#if defined(__GNUC__)
#define MK_API __attribute__((visibility("default")))
#else
#define MK_API
#endif

/* ---- codes and errors ---- */

enum mk_code {
    MK_OK = 0,
    MK_END = 1, /* a list has no more items: no failure */
    MK_ERR_ARGUMENT =
        -1, /* the call itself is wrong: NULL, a value that cannot stand in a URL, a handle of another type */
    MK_ERR_NO_MEMORY = -2,
    MK_ERR_NETWORK = -3,    /* no whole answer: cannot connect, cut, TLS; whether a write happened is not known */
    MK_ERR_TIMEOUT = -4,    /* no answer in time; the same holds */
    MK_ERR_REFUSED = -5,    /* 4xx: `status` and `problem` say why */
    MK_ERR_SERVER = -6,     /* 5xx */
    MK_ERR_PROTOCOL = -7,   /* an answer that is not of the contract: no HTTP, of another media type, too large, a
                               redirect, a field missing */
    MK_ERR_CALLBACK = -8,   /* a callback of the caller's said stop */
    MK_ERR_FILE = -9,       /* a file could not be read or written */
    MK_ERR_UNVERIFIED = -10 /* an event that was not signed as it must be */
};

/* One thing that was wrong with a request. */
typedef struct mk_error_detail {
    const char *pointer; /* a JSON pointer into the body (`/coverage/0/region`), or query/NAME, path/NAME, header/NAME;
                            or NULL */
    const char *code;    /* for programs */
    const char *detail;  /* for people, in the client's language */
} mk_error_detail;

/* What went wrong. The caller's, to be set to MK_ERROR_INIT before its first use; every call that fails overwrites it.
 * Of its texts only `json` can be NULL. */
typedef struct mk_error {
    size_t size;
    int code;              /* enum mk_code */
    int status;            /* of HTTP; 0 when there was no answer */
    int64_t retry_after_s; /* what the server asked to wait, 0 when nothing */
    char problem[64];  /* the problem's code as in the contract, e.g. "precondition_failed"; empty when there is none */
    char message[512]; /* one line for people */
    char request_id[65]; /* what the server's log knows it by; empty when there was no answer */
    size_t n_details;
    const mk_error_detail *details; /* gone with mk_error_clear() or the next failure; empty when memory was short */
    const char *json;               /* the problem as it came, or NULL; gone with the details */
    void *memory;                   /* private */
    /* The key under which the request went out, when the library made one by itself; empty otherwise. Where it is not
     * known whether a write happened, the same call with this key says so, and does it if not. */
    char idempotency_key[40];
} mk_error;

#ifdef __cplusplus
#define MK_ERROR_INIT                                                                                                  \
    mk_error {                                                                                                         \
        sizeof(mk_error), 0, 0, 0, {0}, {0}, {0}, 0, nullptr, nullptr, nullptr, {                                      \
            0                                                                                                          \
        }                                                                                                              \
    }
#else
#define MK_ERROR_INIT                                                                                                  \
    { .size = sizeof(mk_error) }
#endif

/* Gives back the details and empties the rest. */
MK_API void mk_error_clear(mk_error *);
/* "MK_ERR_TIMEOUT" and so on; "unknown" for what is none. Never NULL. */
MK_API const char *mk_code_name(int code);

/* ---- the library, and a handle ---- */

/* Before everything else, and once for each mk_global_cleanup(); may be repeated, and called from any thread. */
MK_API int mk_global_init(void);
MK_API void mk_global_cleanup(void);
/* The version of the library in use, like MK_VERSION, which is that of the header. */
MK_API const char *mk_version(void);

typedef struct mk_client mk_client;

enum mk_log_level { MK_LOG_DEBUG, MK_LOG_INFO, MK_LOG_WARNING };

typedef struct mk_client_options {
    size_t size;
    const char *url;   /* of the server, with or without a path before /v1: `https://medkoord.example`. Required */
    const char *token; /* a bearer token; or NULL */
    /* Called for a token when there is none and when the server answered 401 to the one in use (`rejected`, NULL the
     * first time). Writes it to `to`, ended by NUL, and answers its length; 0: there is none. */
    size_t (*get_token)(void *user, const char *rejected, char *to, size_t n);
    void *get_token_user;
    int64_t connect_timeout_ms; /* 0: 10,000 */
    int64_t timeout_ms; /* of a whole call, retries included, but not of uploads and exports; 0: 60,000; -1: none */
    int64_t idle_timeout_ms; /* how long an upload or export may stand still; 0: 60,000; -1: for ever. After its last
                              * byte the server has ten times as long to answer an upload */
    const char *ca_file;     /* PEM; NULL: the system's */
    const char *proxy;       /* URL; NULL: as the environment says (https_proxy, no_proxy); "": none */
    const char *user_agent;  /* put before the library's own; or NULL */
    const char *language;    /* of messages: "en" (NULL) or "da" */
    int retries;             /* how often a safe call is sent again; 0: 3; -1: never */
    size_t cache_bytes;      /* bodies of single resources kept for conditional reads, for as long as the token is the
                              * same; 0: none */
    size_t max_body_bytes;   /* of an answer in memory; 0: 64 MiB */
    /* Told what happens: a line without line feed. Tokens and bodies never stand in it. */
    void (*log)(void *user, enum mk_log_level, const char *line);
    void *log_user;
    size_t max_memory_bytes; /* that an answer may take once it is read: JSON of many small values takes 30 times as
                              * much as its text. 0: 256 MiB */
} mk_client_options;

/* Everything in the options is copied, but the callbacks' `user`. Destroy with mk_client_destroy(). */
MK_API int mk_client_create(const mk_client_options *, mk_client **ret_client, mk_error *);
MK_API void mk_client_destroy(mk_client *);

/* ---- results ----
 * A struct that a call gave out is freed by its own mk_<type>_free(), with everything it points to. */

/* The JSON it was read from, as it came, with fields that this version does not know. NULL for what is no result. */
MK_API const char *mk_result_json(const void *result, size_t *ret_n);
/* Its entity tag, for If-Match; NULL when it has none. Items of lists have none. */
MK_API const char *mk_result_etag(const void *result);
/* What the server's log knows the request by. */
MK_API const char *mk_result_request_id(const void *result);
/* Whether the answer was the stored one of an earlier request with the same idempotency key. */
MK_API bool mk_result_replayed(const void *result);
MK_API void mk_result_free(void *result);

/* A decimal number as a double, for what need not be exact. 0 for NULL and for what is no number. Whatever the locale.
 */
MK_API double mk_decimal_to_double(const char *decimal);

/* ---- lists ----
 * mk_list_<things>() gives out a list, mk_<thing>_next() its items one by one, which fetches the pages as they are
 * needed, of the largest size there is when the options do not say another `limit`. MK_END: there are no more. A list
 * uses its client, which must outlive it. */

typedef struct mk_list mk_list;

MK_API void mk_list_destroy(mk_list *);
/* With `count = "exact"`: how many items match in all, once the first item was asked for. -1 when it is not known. */
MK_API int64_t mk_list_total(const mk_list *);

/* ---- streams ---- */

/* Where bytes come from. */
typedef struct mk_source {
    size_t size;
    /* Puts up to n bytes at `to` and answers how many; 0 at the end; negative ends the call with MK_ERR_CALLBACK. */
    long (*read)(void *user, void *to, size_t n);
    /* Back to the first byte; 0 when that succeeded. NULL: cannot be read twice, so nothing is sent again by itself. */
    int (*rewind)(void *user);
    void *user;
    int64_t length;         /* how many bytes there are; 0: not known */
    const char *media_type; /* NULL: text/csv */
    bool gzipped;           /* the bytes are gzip already */
    FILE *file;             /* private, of mk_source_from_file() */
    int64_t start;
} mk_source;

/* Fills a source that reads an open file from where it stands; the file stays the caller's. Set `size` before, and do
 * not copy or move the struct after. Of a regular file `length` is set, and `gzipped` by how it begins; anything else
 * is read once. */
MK_API int mk_source_from_file(mk_source *, FILE *file);

/* Where bytes go. */
typedef struct mk_sink {
    size_t size;
    /* Takes all n bytes; anything but 0 ends the call with MK_ERR_CALLBACK. During calls SIGPIPE is held back in this
     * thread, so that writing to a pipe that is closed is EPIPE. */
    int (*write)(void *user, const void *bytes, size_t n);
    void *user;
} mk_sink;

/* Fills a sink that writes to an open file, which stays the caller's. Set `size` before. At the end of a call that
 * succeeds everything was handed to the system (fflush). */
MK_API int mk_sink_to_file(mk_sink *, FILE *file);

/* ---- calls by name ----
 * What the functions of medkoord_ops.h are made of, for programs that learn of operations at run time. */

typedef struct mk_parameter {
    const char *name;          /* as in the contract */
    const char *in;            /* "path", "query", "header" */
    const char *type;          /* "string", "integer", "boolean", "number" */
    const char *format;        /* "date", "month", "uuid" ...; or NULL */
    const char *description;   /* or NULL */
    const char *example;       /* or NULL */
    const char *const *values; /* those it can take, ended by NULL; or NULL */
    bool required;
} mk_parameter;

typedef struct mk_operation {
    const char *name;   /* "get_hospital" */
    const char *tag;    /* "hospitals" */
    const char *method; /* "GET" */
    const char *path;   /* "/v1/hospitals/{hospital}" */
    const char *summary;
    const char *description;               /* or NULL */
    const mk_parameter *const *parameters; /* ended by NULL: path, query, header */
    const char *const *consumes;           /* media types of the body, ended by NULL; empty: it has none */
    const char *const *produces; /* media types of the answer, ended by NULL; the first is what comes unasked */
    const char *body_type;       /* the struct's name without mk_: "new_hospital"; or NULL */
    const char *result_type;     /* of the answer, or of a list's items; NULL when it is no JSON of the contract's */
    const char *body_example;    /* JSON; or NULL */
    bool is_list;                /* answers items and next */
    bool streams;                /* takes a body of any size */
    bool keyed;                  /* takes Idempotency-Key */
    bool authorized;             /* needs a token */
} mk_operation;

/* All of them, ended by NULL, in the contract's order; static. */
MK_API const mk_operation *const *mk_operations(void);
/* NULL when there is none of this name. */
MK_API const mk_operation *mk_operation_find(const char *name);

typedef struct mk_argument {
    const char *name; /* of a parameter of the operation */
    const char *value;
} mk_argument;

typedef struct mk_header {
    const char *name, *value;
} mk_header;

typedef struct mk_response mk_response;

/* Calls an operation. `arguments`: n of them; `body`: JSON, or NULL; `accept`: a media type, or NULL. */
MK_API int mk_call(mk_client *, const mk_operation *, const mk_argument *arguments, size_t n, const char *body,
                   const char *accept, mk_response **ret_response, mk_error *);

/* The same, with the body of an answer of 2xx going to a sink as it comes. `accept`: a media type. */
MK_API int mk_call_to_sink(mk_client *, const mk_operation *, const mk_argument *arguments, size_t n,
                           const char *accept, const mk_sink *, mk_error *);
/* The same for an operation that `streams`, with what is sent coming from a source. The result is read with
 * mk_result_json(). */
MK_API int mk_call_from_source(mk_client *, const mk_operation *, const mk_argument *arguments, size_t n,
                               const mk_source *, void **ret_result, mk_error *);

/* The same for an operation that `is_list`: its items, page after page, come from mk_list_next(). */
MK_API int mk_call_list(mk_client *, const mk_operation *, const mk_argument *arguments, size_t n, mk_list **ret_list,
                        mk_error *);
/* The next item as the JSON it came as, ret_n bytes without a NUL behind them, which live until the list is asked
 * again or destroyed. MK_END: there are no more. */
MK_API int mk_list_next(mk_list *, const char **ret_json, size_t *ret_n, mk_error *);

/* Any request. `path`: from `/v1` on, with its query; `headers`: n of them, which stand in place of the library's own
 * of the same name (Authorization, Accept-Language, User-Agent ...). An answer of 4xx or 5xx is no failure here: look
 * at mk_response_status(). It is sent once, and again only when the method is GET. */
MK_API int mk_request(mk_client *, const char *method, const char *path, const mk_header *headers, size_t n,
                      const void *body, size_t n_body, mk_response **ret_response, mk_error *);

MK_API int mk_response_status(const mk_response *);
/* The n-th header in the order received, name in the case received; false past the last. */
MK_API bool mk_response_header_at(const mk_response *, size_t n, const char **ret_name, const char **ret_value);
/* A header's first value, its name in any case; NULL when it is missing. */
MK_API const char *mk_response_header(const mk_response *, const char *name);
/* Ends in a NUL that is not counted. */
MK_API const char *mk_response_body(const mk_response *, size_t *ret_n);
MK_API void mk_response_free(mk_response *);

/* ---- signed events ---- */

/* Whether an event is what it says: signed with one of the secrets (`whsec_` and base64, n of them, the old and the new
 * one while they rotate), and sent within `tolerance_s` (0: 300) of `now_s` (seconds since 1970; 0: the clock's). `id`,
 * `timestamp`, `signature` are the values of the headers webhook-id, webhook-timestamp and webhook-signature. MK_OK, or
 * MK_ERR_UNVERIFIED. Compares in constant time. Source: Standard Webhooks 1.0,
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
MK_API int mk_webhook_verify(const char *const *secrets, size_t n, const char *id, const char *timestamp,
                             const char *signature, const void *body, size_t n_body, int64_t tolerance_s, int64_t now_s,
                             mk_error *);

#ifdef __cplusplus
}
#endif

#include "medkoord_ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sending a delivery ---- */

typedef struct mk_push_options {
    size_t size;
    /* Under which the delivery is announced: sending again under the same key goes on with the same delivery. NULL:
     * made from the announcement, so that the same announcement is the same delivery. */
    const char *idempotency_key;
    bool plain;     /* do not compress on the way */
    bool no_digest; /* send no Content-Digest: saves reading the source once more */
    bool rehearse;  /* `Prefer: tx=rollback`: check everything and keep nothing but the announcement */
    /* Told how far it is: bytes of the source that went out, of `total` (0: not known); 0 while the digest is made, for
     * which the source is read once before. Anything but 0 stops. */
    int (*progress)(void *user, int64_t sent, int64_t total);
    void *progress_user;
} mk_push_options;

/* Announces a delivery of consumption and sends its rows, in constant memory. When the connection breaks the whole file
 * is sent again (the server keeps all or nothing), as often as the client's `retries` says, if the source can rewind.
 * `ret_id` (37 bytes, or NULL) is set as soon as the delivery is announced, also when the rows are then refused:
 * MK_ERR_REFUSED with the problem `delivery_rejected` and its first lines in `details` (pointer `line/3/hospital`);
 * mk_list_consumption_rejections() has them all. */
MK_API int mk_push(mk_client *, const struct mk_new_consumption_delivery *announcement, const mk_source *,
                   const mk_push_options *, char *ret_id, struct mk_consumption_delivery_report **ret_report,
                   mk_error *);

#ifdef __cplusplus
}
#endif
#endif
