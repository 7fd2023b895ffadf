/* text/csv of a list: rows streamed from a connection of their own, no faster than the client takes them.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_stream.h"

#include <stdlib.h>
#include <string.h>

#define CSV_HIGH_WATER (128u * 1024u) /* no more rows are read while this much waits for the client */

struct export {
    struct request *r;
    const struct statement *statement;
    struct db_stream *stream;
    struct buffer csv;
    size_t sent;                                    /* bytes of csv that the client has */
    bool header, streaming, ended, failed, waiting; /* waiting: the client is suspended until there are rows */
    const char *values[MAX_BINDINGS];
};

static void wake(struct export *e) {
    if (e->waiting) {
        e->waiting = false;
        request_wake(e->r);
    }
}

static void fail_export(struct export *e, enum db_outcome outcome, const struct db_result *error) {
    if (!e->streaming) {
        db_stream_problem(e->r, outcome, error);
        request_end(e->r);
        return;
    }
    e->ended = e->failed = true; /* half a table must not look like a whole one */
    wake(e);
}

static long read_export(struct request *r, char *buffer, size_t n) {
    struct export *e = r->handler_state;
    size_t left = e->csv.length - e->sent;
    if (left == 0 && e->ended)
        return e->failed ? -2 : -1;
    if (e->failed)
        return -2;
    if (left == 0) {
        e->waiting = true;
        request_park(r);
        return 0;
    }
    if (n > left)
        n = left;
    memcpy(buffer, e->csv.bytes + e->sent, n);
    e->sent += n;
    if (e->sent == e->csv.length)
        e->sent = e->csv.length = 0;
    if (e->csv.length - e->sent < CSV_HIGH_WATER / 2 && e->stream != NULL)
        db_stream_go_on(e->stream);
    return (long)n;
}

static void begin_reply(struct export *e) {
    if (e->streaming)
        return;
    e->streaming = true;
    request_header(e->r, "Content-Disposition", "attachment");
    http_stream_reply(e->r, 200, "text/csv; charset=utf-8; header=present", read_export);
}

static void write_csv_value(struct buffer *b, uint32_t type, struct value v) {
    enum { BOOL = 16, TIMESTAMPTZ = 1184 }; /* pg_type.dat */
    if (type == BOOL)
        buffer_text(b, v.text[0] == 't' ? "true" : "false");
    else if (type != TIMESTAMPTZ || !buffer_time(b, v.text, v.length))
        buffer_csv(b, v.text, v.length);
}

static void write_csv_line(struct buffer *b, const struct db_result *rows, bool header) {
    bool first = true;
    for (size_t i = 0; i < db_columns(rows); i++) {
        const char *name = db_column_name(rows, i);
        if (name[0] == '_')
            continue;
        if (!first)
            buffer_char(b, ',');
        first = false;
        if (header)
            buffer_csv(b, name, strlen(name));
        else if (!db_is_null(rows, 0, i))
            write_csv_value(b, db_column_type(rows, i), db_value(rows, 0, i));
    }
    buffer_text(b, "\r\n");
}

static bool take_row(void *state, const struct db_result *rows) {
    struct export *e = state;
    if (e->sent > CSV_HIGH_WATER / 2) { /* make room at the front */
        memmove(e->csv.bytes, e->csv.bytes + e->sent, e->csv.length - e->sent);
        e->csv.length -= e->sent;
        e->sent = 0;
    }
    if (!e->header) {
        e->header = true;
        write_csv_line(&e->csv, rows, true);
    }
    if (db_rows(rows) > 0)
        write_csv_line(&e->csv, rows, false);
    e->failed |= e->csv.failed;
    begin_reply(e);
    bool room = e->csv.length - e->sent < CSV_HIGH_WATER;
    /* A client that waits is woken for a good piece, not for every row; the end wakes it in any case. */
    if (!room || e->csv.length - e->sent >= CSV_HIGH_WATER / 4 || e->failed)
        wake(e);
    return room;
}

static void export_committed(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct export *e = state;
    if (outcome != DB_ROWS) {
        fail_export(e, outcome, result);
        return;
    }
    db_stream_close(e->stream);
    e->stream = NULL;
    e->ended = true;
    begin_reply(e);
    wake(e);
}

/* COMMIT is only so that the connection can be used again: by others now, while the client takes what is left. */
static void export_rows_ended(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct export *e = state;
    if (outcome != DB_ROWS)
        fail_export(e, outcome, result);
    else
        db_stream_command(e->stream, "COMMIT", 0, export_committed);
}

static void export_begun(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct export *e = state;
    if (outcome != DB_ROWS)
        fail_export(e, outcome, result);
    else
        db_stream_rows(e->stream, e->statement, e->r->arguments, e->r->argument_lengths, take_row, export_rows_ended);
}

static void release_export(struct request *r) {
    struct export *e = r->handler_state;
    if (e == NULL)
        return;
    db_stream_close(e->stream); /* the transaction only read: nothing to finish */
    buffer_free(&e->csv);
    free(e);
    r->handler_state = NULL;
}

void export_csv(struct request *r, const struct statement *statement) {
    struct export *e = calloc(1, sizeof *e);
    if (e == NULL || !bind_arguments(r, statement)) {
        free(e);
        request_problem(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    e->r = r;
    e->statement = statement;
    r->handler_state = e;
    r->release = release_export;
    e->stream = db_stream_begin(r, STREAM_EXPORT, export_begun, e);
    if (e->stream == NULL)
        request_problem(r, PROBLEM_OVERLOADED, NULL);
    else
        request_park(r);
}
