/* What every file may use and what knows nothing of requests but their names (log, counters): memory, text, JSON,
 * configuration, log, counters.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_BASE_H
#define MEDKOORD_BASE_H

#include "contract.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>

struct request;

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
/* A timestamptz as the database's sessions write it (DateStyle ISO, TimeZone UTC) as RFC 3339; false, and nothing, if
 * it is none, such as infinity. */
bool buffer_time(struct buffer *, const char *bytes, size_t n);
void buffer_free(struct buffer *);

/* ============================== text.c: small checks without a home in a library ============================== */

bool text_is_utf8(const char *, size_t n, size_t *ret_bad_offset);
bool text_has_cpr(const char *, size_t n); /* a Danish civil registration number, any spelling, valid date */
bool text_to_date(const char *, int *ret_y, int *ret_m, int *ret_d); /* YYYY-MM-DD and a real day */
bool text_to_month(const char *, int *ret_y, int *ret_m);            /* YYYY-MM */
size_t text_from_base64url(const char *, size_t n, unsigned char *ret,
                           size_t capacity); /* canonical only; (size_t)-1 when not */
size_t text_to_base64url(const unsigned char *, size_t n, char *ret, size_t capacity); /* no padding, NUL-ended */
int text_hex_value(char); /* 0 to 15, -1: no hexadecimal digit */
uint64_t text_hash(const void *, size_t n, uint64_t seed);
uint64_t clock_us(void); /* monotonic */

/* ============================== json.c: jansson made safe ============================== */

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
/* log_line(LOG_WARNING, "database lost", "host", host, NULL): pairs of key and text, ended by NULL. Thread-safe,
 * written at once. */
void log_line(enum log_level, const char *event, ...) __attribute__((sentinel));
/* The access line: id, operation, subject, status, times in microseconds. Kept until log_flush(), or until there is
 * much of it. */
void log_request(const struct request *);
void log_flush(void); /* writes what this thread has kept */

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

#endif
