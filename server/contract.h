/* The contract as the program sees it: the shapes that openapi/generate.py fills (openapi/contract.c in the build).
 * Everything here is constant data; nothing is parsed from the contract at run time.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_CONTRACT_H
#define MEDKOORD_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- problems: openapi/errors.yaml ---- */

/* build/problems.h (generated) has `enum problem_code { PROBLEM_NONE = 0, PROBLEM_NOT_FOUND, ... PROBLEM_COUNT }`. */
#include "problems.h"

struct problem_kind {
    const char *code;     /* "not_found" */
    int status;           /* HTTP status; 0 for codes that only stand in errors[] */
    const char *title;    /* English */
    const char *title_da; /* Danish */
    int retry_after;      /* seconds for Retry-After; 0: none */
};
extern const struct problem_kind problem_kinds[PROBLEM_COUNT];

/* Codes by name (sorted), by constraint name (sorted) and by SQLSTATE (sorted), for bsearch. */
struct problem_name {
    const char *name;
    enum problem_code code;
};
extern const struct problem_name problem_by_code[];
extern const size_t n_problem_by_code;
extern const struct problem_name problem_by_constraint[];
extern const size_t n_problem_by_constraint;
extern const struct problem_name problem_by_sqlstate[]; /* five characters, or two for a whole class */
extern const size_t n_problem_by_sqlstate;

/* ---- schemas: a closed subset of JSON Schema 2020-12; lint.py refuses what is not in it ---- */

enum schema_type { /* bits: a schema may allow several */
                   TYPE_NULL = 1,
                   TYPE_BOOLEAN = 2,
                   TYPE_INTEGER = 4,
                   TYPE_NUMBER = 8,
                   TYPE_STRING = 16,
                   TYPE_ARRAY = 32,
                   TYPE_OBJECT = 64
};
enum schema_format { FORMAT_NONE, FORMAT_DATE, FORMAT_MONTH, FORMAT_DATE_TIME, FORMAT_UUID, FORMAT_URI };

struct schema {
    uint8_t types;  /* enum schema_type bits */
    uint8_t format; /* enum schema_format, for strings */
    bool has_minimum, has_maximum;
    bool open; /* additionalProperties allowed; closed unless the contract says so */
    bool unique_items;
    bool free_text; /* string without pattern, enum or format, or x-free-text: scanned for CPR numbers, never blank */
    bool one_line;  /* x-one-line: free text in one line */
    int64_t minimum, maximum;        /* inclusive */
    uint32_t min_length, max_length; /* in code points; max_length 0: no own limit */
    uint32_t min_items, max_items;   /* max_items 0: no own limit */
    uint32_t min_properties;
    int pattern;                    /* index into schema_patterns, or -1 */
    const char *const *enumeration; /* NULL-ended, or NULL */
    const struct schema *items;
    const struct schema_property *properties;
    size_t n_properties;
};
struct schema_property {
    const char *name;
    const struct schema *schema;
    bool required;
};

/* POSIX extended regular expressions, compiled once at start-up by schema_init(). */
extern const char *const schema_patterns[];
extern const size_t n_schema_patterns;

/* ---- operations ---- */

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    N_METHODS
};
enum lane { LANE_FAST, LANE_HEAVY, LANE_WRITE, N_LANES };
enum cardinality { CARDINALITY_NONE, CARDINALITY_ONE, CARDINALITY_MANY };
enum parameter_in { IN_PATH, IN_QUERY, IN_HEADER };

struct parameter {
    const char *name; /* as on the wire */
    enum parameter_in in;
    bool required;
    bool list;                   /* comma-separated (style form, explode false): bound as text[] */
    uint32_t max_items;          /* of a list */
    const struct schema *schema; /* of the value, or of one item where list is set */
    const char *fallback;        /* the contract's default as text, or NULL */
};

enum binding_from {
    FROM_PARAMETER,     /* index: into op->parameters */
    FROM_BODY,          /* the whole body, the caller's own bytes, after it has been checked */
    FROM_BODY_PROPERTY, /* name: a top-level property; scalars as text, arrays and objects as JSON; absent and null are
                           NULL */
    FROM_CURSOR,        /* index: position (0..) in the cursor, NULL on the first page */
    FROM_LIMIT,         /* page size + 1 */
    FROM_IF_MATCH,      /* entity tag of If-Match without quotes, "*" as is, NULL when absent */
    FROM_PREFER_ROLLBACK, /* true or false: Prefer: tx=rollback */
    FROM_CALLER           /* index: of an internal statement, what its C caller gives in this place */
};
struct binding {
    enum binding_from from;
    int index;
    const char *name; /* name of the statement's parameter */
    uint32_t oid;     /* PostgreSQL type */
};
struct statement {
    const char *name; /* name of the prepared statement = file name without .sql */
    const char *sql;  /* with $1..$n */
    const struct binding *bindings;
    size_t n_bindings;
    enum cardinality cardinality;
    /* For short reads: the same with NULL written in place of what a query may leave out, so that PostgreSQL's one plan
     * for it has nothing of that. NULL: nothing may be left out, or the statement is not for short reads. */
    const struct statement *bare;
    uint32_t absent; /* of a bare one: bits of the bindings that are NULL in it */
};

struct operation;
struct request;

/* A C handler (x-handler: true): for what cannot be one statement. All run on the loop's thread and never block. */
struct handler {
    /* Head checked, caller authorised, parameters bound (and the body too, unless the operation streams). Ends with
     * request_reply(), request_problem(), or leaves the request parked (request_park()). */
    void (*start)(struct request *);
    /* Streaming bodies only: takes up to n bytes and answers how many it took. Fewer than n only after request_park():
     * the rest comes again after request_wake(). */
    size_t (*data)(struct request *, const char *bytes, size_t n);
    /* Streaming bodies only: the body is complete. Ends as start does. */
    void (*finish)(struct request *);
    /* The client is gone or the request was ended by a deadline; frees r->handler_state. Also called after a reply. */
    void (*release)(struct request *);
};

/* A second representation written in C from the statement's result, e.g. image/svg+xml. */
struct db_result;
struct buffer;
typedef bool (*render_fn)(struct request *, const struct db_result *, struct buffer *ret_body);

struct representation {
    const char *media_type;            /* "application/json", "text/csv", ... ; the first is the default */
    const struct statement *statement; /* NULL: the operation's own */
    bool stream;                       /* text/csv: rows are streamed as CSV from a connection of their own */
    render_fn render;                  /* NULL: written by reply.c */
    bool text;                         /* text/html, text/calendar, ...: the statement's only column is the body */
};

struct operation {
    const char *id; /* "get_region" */
    enum method method;
    const char *const *segments; /* "v1","regions","{region}", NULL */
    uint32_t roles;              /* ROLE_* bits, any of; 0: public, no token needed */
    enum lane lane;
    const struct parameter *parameters;
    size_t n_parameters;
    const struct schema *body; /* NULL: takes no JSON body */
    const char *const
        *consumes; /* media types of a streamed body, NULL-ended; NULL: application/json (or merge-patch for PATCH) */
    bool body_required;
    bool streams; /* the body goes to handler->data piece by piece */
    bool takes_idempotency_key;
    bool needs_if_match;
    bool not_cached; /* no ETag, Cache-Control: no-store (health, metrics) */
    int status;      /* of success */
    const struct statement *statement;
    const struct representation *representations;
    size_t n_representations;
    const struct handler *handler;
};
extern const struct operation operations[];
extern const size_t n_operations;
extern const char *const role_names[]; /* by bit number: "reader", ... */
extern const size_t n_roles;

/* Every statement, sorted by name: operations' own, and sql/ops/_*.sql. */
extern const struct statement *const statements[];
extern const size_t n_statements;
const struct statement *statement_by_name(const char *name); /* NULL: none; for start-up, not for requests */

/* ---- migrations: sql/migrations/NNNN_<area>.sql, in order ---- */
struct migration {
    int number;
    const char *name;
    const char *sql;
    const char *sha256;
};
extern const struct migration migrations[];
extern const size_t n_migrations;

extern const char contract_json[]; /* the bundle served at /v1/openapi.json */
extern const size_t contract_json_length;
extern const char contract_etag[];    /* without quotes */
extern const char contract_version[]; /* info.version */

#endif
