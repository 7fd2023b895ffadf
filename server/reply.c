/* From a statement's result to the answer: JSON written straight from the rows by column type, the list envelope and
 * its cursor, entity tags, Location. The result is never copied into another form on its way.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS     64
#define MAX_CURSOR_KEYS 8

enum column_kind { COLUMN_RAW, COLUMN_TEXT, COLUMN_BOOLEAN, COLUMN_TIME, COLUMN_CONTROL };

struct columns {
    size_t n;
    struct {
        enum column_kind kind;
        size_t prefix_length;
        char prefix[72]; /* ,"name": */
    } column[MAX_COLUMNS];
    int etag, location, status, total, after[MAX_CURSOR_KEYS];
    size_t n_after;
};

static enum column_kind kind_of(uint32_t type) {
    switch (type) { /* pg_type.dat */
    case 16:
        return COLUMN_BOOLEAN;
    case 20:
    case 21:
    case 23:
    case 114:
    case 700:
    case 701:
    case 1700:
    case 3802:
        return COLUMN_RAW;
    case 1184:
        return COLUMN_TIME;
    default:
        return COLUMN_TEXT;
    }
}

static void read_columns(const struct db_result *rows, struct columns *c) {
    *c = (struct columns){.n = db_columns(rows), .etag = -1, .location = -1, .status = -1, .total = -1};
    assert(c->n <= MAX_COLUMNS);
    for (size_t i = 0; i < c->n; i++) {
        const char *name = db_column_name(rows, i);
        if (name[0] != '_') {
            c->column[i].kind = kind_of(db_column_type(rows, i));
            c->column[i].prefix_length =
                (size_t)snprintf(c->column[i].prefix, sizeof c->column[i].prefix, ",\"%s\":", name);
            continue;
        }
        c->column[i].kind = COLUMN_CONTROL;
        if (strcmp(name, "_etag") == 0)
            c->etag = (int)i;
        else if (strcmp(name, "_location") == 0)
            c->location = (int)i;
        else if (strcmp(name, "_status") == 0)
            c->status = (int)i;
        else if (strcmp(name, "_total") == 0)
            c->total = (int)i;
        else if (strncmp(name, "_after_", 7) == 0 && c->n_after < MAX_CURSOR_KEYS)
            c->after[c->n_after++] = (int)i;
    }
}

static void write_row(struct buffer *b, const struct db_result *rows, const struct columns *c, size_t row) {
    size_t begin = b->length;
    for (size_t i = 0; i < c->n; i++) {
        if (c->column[i].kind == COLUMN_CONTROL)
            continue;
        buffer_add(b, c->column[i].prefix, c->column[i].prefix_length);
        if (db_is_null(rows, row, i)) {
            buffer_add(b, "null", 4);
            continue;
        }
        struct value v = db_value(rows, row, i);
        switch (c->column[i].kind) {
        case COLUMN_RAW:
            buffer_add(b, v.text, v.length);
            break;
        case COLUMN_BOOLEAN:
            buffer_text(b, v.text[0] == 't' ? "true" : "false");
            break;
        case COLUMN_TIME:
            buffer_char(b, '"');
            if (!buffer_time(b, v.text, v.length))
                buffer_add(b, v.text, v.length);
            buffer_char(b, '"');
            break;
        default:
            buffer_json(b, v.text, v.length);
        }
    }
    if (b->failed)
        return;
    if (b->length == begin)
        buffer_char(b, '{');
    else
        b->bytes[begin] = '{'; /* in place of the first comma */
    buffer_char(b, '}');
}

static const char *copy_value(struct request *r, const struct db_result *rows, int column) {
    if (column < 0 || db_is_null(rows, 0, (size_t)column))
        return NULL;
    struct value v = db_value(rows, 0, (size_t)column);
    return arena_copy(&r->arena, v.text, v.length);
}

bool reply_is_not_modified(const struct request *r, const char *etag) {
    /* A list of tags or "*"; W/ makes no difference here (RFC 9110, section 13.1.2). */
    const char *p = r->if_none_match.text;
    if (p == NULL)
        return false;
    const char *end = p + r->if_none_match.length;
    if (end - p == 1 && *p == '*')
        return true;
    size_t n = strlen(etag);
    while (p < end) {
        const char *open = memchr(p, '"', (size_t)(end - p));
        const char *close = open == NULL ? NULL : memchr(open + 1, '"', (size_t)(end - open - 1));
        if (close == NULL)
            return false;
        if ((size_t)(close - open - 1) == n && memcmp(open + 1, etag, n) == 0)
            return true;
        p = close + 1;
    }
    return false;
}

/* The default representation's tag is the resource's own; another has one that says which (RFC 9110, section 8.8.3.3).
 */
static void set_etag(struct request *r, const char *etag) {
    if (etag == NULL)
        return;
    if (r->representation != NULL && r->representation != r->op->representations)
        etag = arena_printf(&r->arena, "%s.%d%s", etag, (int)(r->representation - r->op->representations),
                            r->danish ? "da" : "");
    if (etag == NULL)
        return;
    r->etag = etag;
    const char *quoted = arena_printf(&r->arena, "\"%s\"", etag);
    if (quoted != NULL)
        request_header(r, "ETag", quoted);
}

/* A document in the words of the statement: its one column is the body. What a browser may do with a page is nothing
 * but to show it, with the style that it brings along. */
static void write_text(struct request *r, const struct db_result *rows, const struct columns *c) {
    const char *media_type = r->representation->media_type;
    const char *with_charset = arena_printf(&r->arena, "%s; charset=utf-8", media_type);
    if (r->status != 304)
        r->content_type_out = with_charset != NULL ? with_charset : media_type;
    if (strcmp(media_type, "text/html") == 0)
        request_header(r, "Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'");
    for (size_t i = 0; i < c->n; i++)
        if (c->column[i].kind != COLUMN_CONTROL && !db_is_null(rows, 0, i))
            buffer_add(&r->reply, db_value(rows, 0, i).text, db_value(rows, 0, i).length);
}

static void write_one(struct request *r, const struct db_result *rows, const struct columns *c) {
    if (db_rows(rows) == 0) {
        problem_set(r, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    r->status = r->op->status;
    if (c->status >= 0 && !db_is_null(rows, 0, (size_t)c->status))
        r->status = atoi(db_value(rows, 0, (size_t)c->status).text);
    set_etag(r, copy_value(r, rows, c->etag));
    r->location = copy_value(r, rows, c->location);
    if (r->location != NULL)
        request_header(r, "Location", r->location);
    if (r->op->method == METHOD_GET && r->etag != NULL && reply_is_not_modified(r, r->etag))
        r->status =
            304; /* the body is written all the same: only its length is sent, which has to be that of the 200 */
    r->content_type_out = r->status == 304            ? NULL
                          : r->representation == NULL ? "application/json"
                                                      : r->representation->media_type;
    if (r->representation != NULL && r->representation->render != NULL) {
        if (!r->representation->render(r, rows, &r->reply))
            problem_set(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    if (r->representation != NULL && r->representation->text)
        write_text(r, rows, c);
    else
        write_row(&r->reply, rows, c, 0);
}

static bool asks_for_count(const struct request *r) {
    for (size_t i = 0; i < r->op->n_parameters; i++)
        if (strcmp(r->op->parameters[i].name, "count") == 0)
            return r->parameters[i].text != NULL;
    return false;
}

static void write_many(struct request *r, const struct db_result *rows, const struct columns *c) {
    struct buffer *b = &r->reply;
    size_t n = db_rows(rows), shown = r->limit > 0 && n > (size_t)r->limit ? (size_t)r->limit : n;
    r->status = r->op->status;
    r->content_type_out = "application/json";
    buffer_text(b, "{\"items\":[");
    for (size_t row = 0; row < shown; row++) {
        if (row > 0)
            buffer_char(b, ',');
        write_row(b, rows, c, row);
    }
    buffer_text(b, "],\"next\":");
    if (shown < n && c->n_after > 0) {
        const char *keys[MAX_CURSOR_KEYS];
        for (size_t i = 0; i < c->n_after; i++)
            keys[i] = db_is_null(rows, shown - 1, (size_t)c->after[i])
                          ? NULL
                          : db_value(rows, shown - 1, (size_t)c->after[i]).text;
        const char *next = bind_next_url(r, keys, c->n_after);
        if (next == NULL)
            b->failed = true;
        else
            buffer_json(b, next, strlen(next));
    } else {
        buffer_text(b, "null");
    }
    if (c->total >= 0 && n > 0 && !db_is_null(rows, 0, (size_t)c->total))
        buffer_format(b, ",\"total\":%s", db_value(rows, 0, (size_t)c->total).text);
    else if (c->total >= 0 && n == 0 && r->n_cursor == 0 && asks_for_count(r))
        buffer_text(b, ",\"total\":0"); /* no row could carry it */
    buffer_char(b, '}');
}

void reply_from_rows(struct request *r, const struct statement *statement, const struct db_result *rows) {
    struct columns columns;
    switch (statement->cardinality) {
    case CARDINALITY_NONE:
        r->status = r->op->status;
        return;
    case CARDINALITY_ONE:
        read_columns(rows, &columns);
        write_one(r, rows, &columns);
        return;
    case CARDINALITY_MANY:
        read_columns(rows, &columns);
        write_many(r, rows, &columns);
        return;
    }
}

void reply_from_stored(struct request *r, int status, const char *location, const char *etag, struct value body) {
    r->status = status;
    set_etag(r, etag);
    if (location != NULL)
        request_header(r, "Location", location);
    request_header(r, "Idempotent-Replayed", "true");
    r->content_type_out = body.length > 0 ? "application/json" : NULL;
    buffer_add(&r->reply, body.text, body.length);
}
