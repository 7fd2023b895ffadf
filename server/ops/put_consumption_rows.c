/* put_consumption_rows: the rows of a delivery, streamed, checked and made to count as a whole or not at all.
 *
 * One transaction on a connection of its own: lock the delivery, read what may stand in the rows, COPY them while they
 * arrive, check them as a set, commit. The first refused line ends the transaction; the rest is only checked, so that
 * everything wrong is told at once, and a second transaction keeps why. Whatever breaks in between, nothing has
 * counted.
 * SPDX-License-Identifier: MPL-2.0 */
#include "db_stream.h"
#include "delivery_file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TURN_US          5000u /* of work before other requests have their turn */
#define SHOWN_REJECTIONS 50u   /* in the answer; all of them are a list of their own, unless nothing is kept */
/* After a connection was lost: until it is clear what became of a COMMIT, or the delivery is free again. */
#define LOOKS             40
#define LOOK_EVERY_US     250000u
#define ACCEPT_IDLE_TIMES 10 /* checking as a set is one long statement: its deadline in stream_idle_ms */

struct upload {
    struct request *r;
    const char *id;
    const char *copy; /* the COPY command */
    struct delivery_options options;
    struct delivery_file *file;
    struct db_stream *stream;
    struct later later;
    bool loading;  /* COPY is under way on the stream */
    bool complete; /* the body is */
    bool file_finished;
    bool known; /* accepted before: only to see whether these are the same bytes */
    char known_sha256[DIGEST_HEX + 1], sha256[DIGEST_HEX + 1];
    uint64_t rejected;
    struct buffer counts, rejections, shown, members; /* JSON */
    bool rejection_written; /* the first three are; they wait only for the end of the loading transaction */
    bool found_committed;
    size_t n_headers; /* before those of the report, which a failing COMMIT takes back */
    int looks;
};

static void go_on(void *state);
static void copy_met_end(void *state, enum db_outcome, const struct db_result *);

/* ---- ending ---- */

static void let_stream_go(struct upload *u) {
    db_stream_close(u->stream);
    u->stream = NULL;
}

static void end_with(struct upload *u, enum problem_code code, const char *detail) {
    later_cancel(u->r->loop, &u->later);
    let_stream_go(u);
    u->r->n_headers = u->n_headers;
    request_problem(u->r, code, detail);
}

static void fail(struct upload *u, enum db_outcome outcome, const struct db_result *error) {
    later_cancel(u->r->loop, &u->later);
    u->r->n_headers = u->n_headers;
    db_stream_problem(u->r, outcome, error);
    let_stream_go(u);
    request_end(u->r);
}

static bool begin(struct upload *u, db_stream_fn done) {
    u->stream = db_stream_begin(u->r, STREAM_UPLOAD, done, u);
    return u->stream != NULL;
}

/* ---- the head ---- */

static bool is_word(struct value v, const char *word) {
    return v.length == strlen(word) && strncasecmp(v.text, word, v.length) == 0;
}

static struct value trimmed(const char *p, size_t n) {
    while (n > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        n--;
    }
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    return (struct value){p, n};
}

/* Content-Type's media type is checked already; which of the two it is, and the charset. */
static bool read_content_type(struct upload *u) {
    struct value rest = u->r->content_type;
    bool first = true, good = true;
    while (rest.length > 0) {
        const char *end = memchr(rest.text, ';', rest.length);
        size_t n = end == NULL ? rest.length : (size_t)(end - rest.text);
        struct value part = trimmed(rest.text, n);
        rest.text += n + (end != NULL);
        rest.length -= n + (end != NULL);
        if (first) {
            u->options.format = is_word(part, "application/x-ndjson") ? DELIVERY_NDJSON : DELIVERY_CSV;
            first = false;
        } else if (part.length > 8 && strncasecmp(part.text, "charset=", 8) == 0) {
            struct value charset = trimmed(part.text + 8, part.length - 8);
            if (charset.length > 2 && charset.text[0] == '"' && charset.text[charset.length - 1] == '"')
                charset = (struct value){charset.text + 1, charset.length - 2};
            if (is_word(charset, "iso-8859-1") && u->options.format == DELIVERY_CSV)
                u->options.charset = DELIVERY_LATIN1;
            else if (!is_word(charset, "utf-8") && !is_word(charset, "us-ascii"))
                good = false;
        }
    }
    return good;
}

static bool read_content_digest(struct upload *u) {
    struct value v = u->r->content_digest;
    return v.text == NULL || digest_from_header(v.text, v.length, u->options.wire_sha256, &u->options.has_wire_sha256);
}

/* ---- opening: from BEGIN to COPY ---- */

static void copy_begun(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    if (outcome != DB_ROWS) {
        fail(u, outcome, result);
        return;
    }
    u->loading = true;
    request_wake(u->r);
}

static int month_of(struct value date) {
    int y, m, d;
    return text_to_date(date.text, &y, &m, &d) ? delivery_month(y, m) : -1;
}

static int number_of(struct value v) {
    return (int)strtol(v.text, NULL, 10);
}

static void hospitals_read(void *state, enum db_outcome outcome, const struct db_result *rows) {
    struct upload *u = state;
    if (outcome != DB_ROWS) {
        fail(u, outcome, rows);
        return;
    }
    int code = db_column(rows, "code"), no = db_column(rows, "hospital_no"), region = db_column(rows, "region_no");
    int from = db_column(rows, "from_month"), to = db_column(rows, "to_month");
    assert(code >= 0 && no >= 0 && region >= 0 && from >= 0 && to >= 0);
    for (size_t i = 0; i < db_rows(rows); i++) {
        struct value name = db_value(rows, i, (size_t)code);
        if (!delivery_file_hospital(u->file, name.text, name.length, (int16_t)number_of(db_value(rows, i, (size_t)no)),
                                    number_of(db_value(rows, i, (size_t)region)),
                                    month_of(db_value(rows, i, (size_t)from)),
                                    month_of(db_value(rows, i, (size_t)to)))) {
            end_with(u, PROBLEM_OVERLOADED, NULL);
            return;
        }
    }
    db_stream_copy(u->stream, u->copy, copy_begun, copy_met_end);
}

static void coverage_read(void *state, enum db_outcome outcome, const struct db_result *rows) {
    struct upload *u = state;
    if (outcome != DB_ROWS) {
        fail(u, outcome, rows);
        return;
    }
    int region = db_column(rows, "region_no"), month = db_column(rows, "month");
    assert(region >= 0 && month >= 0);
    for (size_t i = 0; i < db_rows(rows); i++)
        if (!delivery_file_cover(u->file, number_of(db_value(rows, i, (size_t)region)),
                                 month_of(db_value(rows, i, (size_t)month)))) {
            end_with(u, PROBLEM_OVERLOADED, NULL);
            return;
        }
    char no[12];
    snprintf(no, sizeof no, "%d", u->options.delivery_no);
    const char *values[] = {no};
    db_stream_statement(u->stream, statement_by_name("_upload_hospitals"), values, NULL, 0, hospitals_read);
}

static bool read_number(const struct db_result *rows, const char *name, int64_t *ret) {
    int column = db_column(rows, name);
    assert(column >= 0);
    if (db_is_null(rows, 0, (size_t)column))
        return false;
    *ret = strtoll(db_value(rows, 0, (size_t)column).text, NULL, 10);
    return true;
}

static const char *read_text(const struct db_result *rows, const char *name) {
    int column = db_column(rows, name);
    assert(column >= 0);
    return db_is_null(rows, 0, (size_t)column) ? NULL : db_value(rows, 0, (size_t)column).text;
}

/* The table's name comes from the database and is a plain identifier; anything else is a bug and must not be sent. */
static const char *write_copy(struct request *r, const char *table) {
    if (table == NULL || *table == '\0' || strspn(table, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(table))
        return NULL;
    return arena_printf(
        &r->arena,
        "COPY %s (delivery_no, month, hospital_no, atc, article_number, product, packs_e4, ddd_e4, cost_ore, line) "
        "FROM STDIN (FORMAT binary)",
        table);
}

static void unlocked(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    (void)outcome, (void)result; /* a lost connection has no lock either */
    let_stream_go(u);
    request_wake(u->r);
}

static void delivery_read(void *state, enum db_outcome outcome, const struct db_result *rows) {
    struct upload *u = state;
    int64_t no;
    if (outcome != DB_ROWS) {
        fail(u, outcome, rows);
        return;
    }
    if (db_rows(rows) == 0) {
        end_with(u, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    const char *found = read_text(rows, "state"), *known = read_text(rows, "content_sha256"),
               *announced = read_text(rows, "sha256");
    if (strcmp(found, "withdrawn") == 0) {
        end_with(u, PROBLEM_DELIVERY_FINISHED, "the delivery has been withdrawn");
        return;
    }
    u->known = strcmp(found, "accepted") == 0;
    u->options.digest_only = u->known;
    u->options.has_rows = read_number(rows, "control_rows", &u->options.rows);
    u->options.has_ddd = read_number(rows, "control_ddd_e4", &u->options.ddd_e4);
    u->options.has_cost = read_number(rows, "control_cost_ore", &u->options.cost_ore);
    u->options.has_sha256 = announced != NULL && digest_from_hex(announced, strlen(announced), u->options.sha256);
    u->options.delivery_no = read_number(rows, "delivery_no", &no) ? (int32_t)no : 0;
    if (u->known && known != NULL)
        snprintf(u->known_sha256, sizeof u->known_sha256, "%s", known);
    u->file = delivery_file_create(&u->options);
    if (u->file == NULL) {
        end_with(u, PROBLEM_OVERLOADED, NULL);
    } else if (u->known) {
        db_stream_command(u->stream, "ROLLBACK", 0, unlocked); /* nothing will be written */
    } else if ((u->copy = write_copy(u->r, read_text(rows, "copy_into"))) == NULL) {
        end_with(u, PROBLEM_INTERNAL_ERROR, NULL);
    } else {
        char text[12];
        snprintf(text, sizeof text, "%d", u->options.delivery_no);
        const char *values[] = {text};
        db_stream_statement(u->stream, statement_by_name("_upload_coverage"), values, NULL, 0, coverage_read);
    }
}

static void begun(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    const char *values[] = {u->id};
    if (outcome != DB_ROWS)
        fail(u, outcome, result);
    else
        db_stream_statement(u->stream, statement_by_name("_begin_delivery_upload"), values, NULL, 0, delivery_read);
}

static void start(struct request *r) {
    if (!r->has_body) {
        request_problem(r, PROBLEM_INVALID_BODY, "the rows are missing");
        return;
    }
    struct upload *u = calloc(1, sizeof *u);
    if (u == NULL) {
        request_problem(r, PROBLEM_OVERLOADED, NULL);
        return;
    }
    u->r = r;
    r->handler_state = u;
    u->later = (struct later){.run = go_on, .state = u};
    u->id = arena_copy(&r->arena, r->path_values[0].text, r->path_values[0].length);
    u->options.gzip = is_word(r->content_encoding, "gzip") || is_word(r->content_encoding, "x-gzip");
    if (r->prefer_rollback)
        request_header(r, "Preference-Applied", "tx=rollback");
    u->n_headers = r->n_headers;
    if (!read_content_type(u))
        request_problem(r, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "the charset is utf-8, or iso-8859-1 for CSV");
    else if (!read_content_digest(u))
        request_problem(r, PROBLEM_INVALID_PARAMETER, "Content-Digest is not of the form sha-256=:base64:");
    else if (u->id == NULL || !begin(u, begun))
        request_problem(r, PROBLEM_OVERLOADED, NULL);
    else
        request_park(r);
}

/* ---- the rows ---- */

static void end_load(struct upload *u);

static void load_rolled_back(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    (void)outcome, (void)result; /* a lost connection rolls back too */
    end_load(u);
}

static void load_failed(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    (void)result;
    if (outcome == DB_ERROR) /* as it should */
        db_stream_command(u->stream, "ROLLBACK", 0, load_rolled_back);
    else
        end_load(u);
}

enum drained { DRAINED, FULL, ENDED };

/* Hands over what the file has made of the bytes so far. */
static enum drained drain(struct upload *u) {
    size_t n;
    if (delivery_file_failed(u->file)) {
        end_with(u, PROBLEM_OVERLOADED, NULL);
        return ENDED;
    }
    if (delivery_file_rejected(u->file) && u->loading) {
        u->loading = false; /* nothing of it will count: the transaction and its lock need not wait for the rest */
        db_stream_copy_fail(u->stream, load_failed);
    }
    const char *rows = delivery_file_rows(u->file, &n);
    bool room = n == 0 || !u->loading || db_stream_put(u->stream, rows, n);
    delivery_file_rows_taken(u->file);
    return room ? DRAINED : FULL;
}

/* The body has come to its end, or what is left of it does not matter. */
static void finish(struct request *r) {
    struct upload *u = r->handler_state;
    u->complete = true;
    request_park(r);
    later_queue(u->r->loop, &u->later, 0);
}

static size_t take(struct request *r, const char *bytes, size_t n) {
    struct upload *u = r->handler_state;
    uint64_t until = clock_us() + TURN_US;
    for (size_t taken = 0;;) {
        taken += delivery_file_feed(u->file, bytes + taken, n - taken);
        enum drained d = drain(u);
        if (d == ENDED)
            return n;
        if (delivery_file_is_over(u->file)) {
            finish(r);
            return n;
        }
        if (d == DRAINED && taken == n && !delivery_file_pending(u->file))
            return n;
        if (d == DRAINED && clock_us() < until)
            continue;
        if (d == DRAINED)
            later_queue(u->r->loop, &u->later, 0);
        if (r->stage == STAGE_BODY) /* not ended by a failure just now */
            request_park(r);
        return taken;
    }
}

/* The server takes more, or has ended the copy. */
static void copy_met_end(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    if (outcome != DB_ROWS)
        fail(u, outcome, result);
    else
        go_on(u);
}

/* ---- the answer: rejected ---- */

/* What a rehearsal finds cannot be asked for later: all that would be kept is told at once. */
static size_t most_shown(const struct upload *u) {
    return u->r->prefer_rollback ? DELIVERY_REJECTIONS_MAX : SHOWN_REJECTIONS;
}

static void answer_rejected(struct upload *u) {
    struct request *r = u->r;
    unsigned long long n = u->rejected;
    struct buffer *members = &u->members; /* not in the arena: ten thousand rejections are some megabytes */
    buffer_format(members, ",\"rejected\":%llu,\"counts\":", n);
    buffer_add(members, u->counts.bytes, u->counts.length);
    buffer_text(members, ",\"rejections\":");
    buffer_add(members, u->shown.bytes, u->shown.length);
    buffer_free(&u->shown);
    if (!r->prefer_rollback)
        buffer_format(members, ",\"rejections_url\":\"/v1/consumption-deliveries/%s/rejections\"", u->id);
    buffer_add(members, "", 1);
    r->problem_members = members->failed ? NULL : members->bytes;
    const char *detail = arena_printf(&r->arena,
                                      r->danish ? "filen har %llu fejl; ingen af dens linjer tæller"
                                      : n == 1  ? "the file has %llu fault; none of its rows counts"
                                                : "the file has %llu faults; none of its rows counts",
                                      n);
    end_with(u, r->problem_members == NULL ? PROBLEM_OVERLOADED : PROBLEM_DELIVERY_REJECTED, detail);
}

static void rejection_committed(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    if (outcome != DB_ROWS)
        fail(u, outcome, result);
    else
        answer_rejected(u);
}

static void begin_rejection(void *state);

static void rejection_kept(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    const char *problem = outcome == DB_ERROR ? db_error_field(result, 'n') : NULL;
    if (outcome == DB_ROWS) {
        db_stream_command(u->stream, "COMMIT", 0, rejection_committed);
    } else if (problem != NULL && strcmp(problem, "upload_in_progress") == 0 && ++u->looks <= LOOKS) {
        /* If the load's connection was lost, the database holds the delivery for it until it has noticed. */
        let_stream_go(u);
        u->later.run = begin_rejection;
        later_queue(u->r->loop, &u->later, clock_us() + LOOK_EVERY_US);
    } else {
        fail(u, outcome, result);
    }
}

static void rejection_begun(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    if (outcome != DB_ROWS) {
        fail(u, outcome, result);
        return;
    }
    const uint64_t *counts = delivery_file_counts(u->file);
    bool whole = counts[DELIVERY_CUT_GZIP] + counts[DELIVERY_BAD_GZIP] == 0 &&
                 !delivery_file_is_over(u->file); /* of a part a digest says nothing */
    char bytes[24];
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)delivery_file_totals(u->file)->bytes);
    const char *values[] = {u->id, whole ? u->sha256 : NULL, bytes, u->counts.bytes, u->rejections.bytes};
    db_stream_statement(u->stream, statement_by_name("_reject_delivery"), values, NULL, 0, rejection_kept);
}

static void begin_rejection(void *state) {
    struct upload *u = state;
    if (!begin(u, rejection_begun))
        end_with(u, PROBLEM_OVERLOADED, NULL);
}

/* counts, rejections and shown are written, and the delivery is not locked by ourselves any more. */
static void keep_rejection(struct upload *u) {
    bool terminated = buffer_reserve(&u->counts, 1) && buffer_reserve(&u->rejections, 1) && !u->shown.failed;
    if (!terminated) {
        end_with(u, PROBLEM_OVERLOADED, NULL);
        return;
    }
    u->counts.bytes[u->counts.length] = u->rejections.bytes[u->rejections.length] = '\0';
    if (u->r->prefer_rollback)
        answer_rejected(u);
    else
        begin_rejection(u);
}

static void end_load(struct upload *u) {
    let_stream_go(u);
    if (u->rejection_written)
        keep_rejection(u);
}

static void reject_for_file(struct upload *u) {
    for (int i = 0; i < N_DELIVERY_CODES; i++)
        u->rejected += delivery_file_counts(u->file)[i];
    delivery_file_write_counts(u->file, &u->counts);
    if (!u->r->prefer_rollback)
        delivery_file_write_rejections(u->file, &u->rejections, DELIVERY_REJECTIONS_MAX, false);
    delivery_file_write_rejections(u->file, &u->shown, most_shown(u), u->r->danish);
    u->rejection_written = true;
    if (u->stream == NULL)
        keep_rejection(u);
}

/* The database has found what no single line shows: counts and violations as it gave them. */
static bool read_violations(struct upload *u, const char *counts, const char *violations) {
    json_error_t error;
    bool no_memory; /* shows as NULL */
    json_t *all = json_parse(violations, strlen(violations), 0, &error, &no_memory),
           *by_code = json_parse(counts, strlen(counts), 0, &error, &no_memory), *n;
    const char *code;
    bool good = json_is_array(all) && json_is_object(by_code);
    while (good && json_array_size(all) > most_shown(u))
        json_array_remove(all, json_array_size(all) - 1);
    for (size_t i = 0; good && i < json_array_size(all); i++) {
        json_t *one = json_array_get(all, i), *danish = json_object_get(one, "detail_da");
        json_object_set_new(one, "position", json_integer((json_int_t)i + 1));
        if (u->r->danish && json_is_string(danish))
            json_object_set(one, "detail", danish);
        json_object_del(one, "detail_da");
    }
    char *shown = good ? json_dumps(all, JSON_COMPACT) : NULL;
    if (shown != NULL)
        buffer_text(&u->shown, shown);
    json_object_foreach(by_code, code, n) u->rejected += (uint64_t)json_integer_value(n);
    buffer_text(&u->counts, counts);
    if (!u->r->prefer_rollback)
        buffer_text(&u->rejections, violations);
    free(shown);
    json_decref(all);
    json_decref(by_code);
    return good && shown != NULL;
}

/* ---- the answer: accepted ---- */

static void look_again(struct upload *u);

static void looked(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    (void)outcome, (void)result; /* what was seen is seen */
    let_stream_go(u);
    if (u->found_committed)
        request_end(u->r); /* the answer was written before COMMIT */
    else
        end_with(u, PROBLEM_DATABASE_UNAVAILABLE, "nothing has counted; send it again");
}

static void found_after_loss(void *state, enum db_outcome outcome, const struct db_result *rows) {
    struct upload *u = state;
    if (outcome == DB_ROWS && db_rows(rows) == 1) {
        const char *found = read_text(rows, "state"), *digest = read_text(rows, "content_sha256");
        u->found_committed = strcmp(found, "accepted") == 0 && digest != NULL && strcmp(digest, u->sha256) == 0;
        db_stream_command(u->stream, "ROLLBACK", 0, looked);
        return;
    }
    look_again(u); /* also when the delivery is still locked by the transaction whose end is not known */
}

static void looking_begun(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    const char *values[] = {u->id};
    (void)result;
    if (outcome != DB_ROWS)
        look_again(u);
    else
        db_stream_statement(u->stream, statement_by_name("_begin_delivery_upload"), values, NULL, 0, found_after_loss);
}

static void look(void *state) {
    struct upload *u = state;
    if (!begin(u, looking_begun))
        look_again(u);
}

/* COMMIT was sent and the connection lost: only the database knows whether it came about. */
static void look_again(struct upload *u) {
    let_stream_go(u);
    if (++u->looks > LOOKS) {
        end_with(u, PROBLEM_OUTCOME_UNKNOWN, "send the same bytes again: they count once");
        return;
    }
    u->later.run = look;
    later_queue(u->r->loop, &u->later, clock_us() + LOOK_EVERY_US);
}

static void committed(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    if (outcome == DB_ERROR) {
        fail(u, outcome, result);
    } else if (outcome != DB_ROWS) {
        look_again(u);
    } else {
        let_stream_go(u);
        request_end(u->r);
    }
}

static void rolled_back(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    (void)outcome, (void)result; /* a lost connection rolls back too */
    let_stream_go(u);
    request_end(u->r);
}

static void checked(void *state, enum db_outcome outcome, const struct db_result *rows) {
    struct upload *u = state;
    if (outcome != DB_ROWS || db_rows(rows) != 1) {
        fail(u, outcome, rows);
        return;
    }
    const char *violations = read_text(rows, "_violations");
    if (violations != NULL) {
        u->rejection_written = read_violations(u, read_text(rows, "_violation_counts"), violations);
        if (u->rejection_written)
            db_stream_command(u->stream, "ROLLBACK", 0, load_rolled_back);
        else
            end_with(u, PROBLEM_OVERLOADED, NULL); /* the database writes good JSON: memory ran out */
        return;
    }
    reply_from_rows(u->r, statement_by_name("_accept_delivery"), rows);
    if (u->r->prefer_rollback)
        db_stream_command(u->stream, "ROLLBACK", 0, rolled_back);
    else
        db_stream_command(u->stream, "COMMIT", 0, committed);
}

static void copied(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    if (outcome != DB_ROWS) {
        fail(u, outcome, result);
        return;
    }
    char no[12], bytes[24];
    snprintf(no, sizeof no, "%d", u->options.delivery_no);
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)delivery_file_totals(u->file)->bytes);
    const char *values[] = {no, u->sha256, bytes};
    db_stream_statement(u->stream, statement_by_name("_accept_delivery"), values, NULL,
                        ACCEPT_IDLE_TIMES * u->r->loop->shared->conf->stream_idle_ms, checked);
}

/* ---- the answer: known already ---- */

static void report_read(void *state, enum db_outcome outcome, const struct db_result *rows) {
    struct upload *u = state;
    if (outcome != DB_ROWS) {
        fail(u, outcome, rows);
        return;
    }
    request_header(u->r, "Idempotent-Replayed", "true");
    reply_from_rows(u->r, statement_by_name("_delivery_report"), rows);
    db_stream_command(u->stream, "ROLLBACK", 0, rolled_back); /* so that the connection can be used again */
}

static void report_begun(void *state, enum db_outcome outcome, const struct db_result *result) {
    struct upload *u = state;
    const char *values[] = {u->id};
    if (outcome != DB_ROWS)
        fail(u, outcome, result);
    else
        db_stream_statement(u->stream, statement_by_name("_delivery_report"), values, NULL, 0, report_read);
}

/* ---- the end of the body ---- */

static void search(void *state) {
    struct upload *u = state;
    uint64_t until = clock_us() + TURN_US;
    while (delivery_file_search(u->file))
        if (clock_us() >= until) {
            u->later.run = search;
            later_queue(u->r->loop, &u->later, 0);
            return;
        }
    if (delivery_file_failed(u->file))
        end_with(u, PROBLEM_OVERLOADED, NULL);
    else
        reject_for_file(u);
}

static void conclude(struct upload *u) {
    digest_to_hex(delivery_file_totals(u->file)->sha256, u->sha256);
    if (u->known) {
        if (delivery_file_rejected(u->file) || strcmp(u->sha256, u->known_sha256) != 0)
            end_with(u, PROBLEM_DELIVERY_FINISHED, "the delivery has been accepted with other content");
        else if (!begin(u, report_begun))
            end_with(u, PROBLEM_OVERLOADED, NULL);
    } else if (delivery_file_rejected(u->file)) {
        search(u);
    } else {
        u->loading = false;
        db_stream_copy_end(u->stream, 0, copied);
    }
}

/* Always from the loop, never from within libmicrohttpd: the request is parked. */
static void go_on(void *state) {
    struct upload *u = state;
    if (!u->complete) {
        request_wake(u->r);
        return;
    }
    uint64_t until = clock_us() + TURN_US;
    for (;;) {
        bool pending = delivery_file_pending(u->file);
        if (pending)
            delivery_file_feed(u->file, NULL, 0);
        else if (!u->file_finished)
            delivery_file_finish(u->file);
        u->file_finished |= !pending;
        enum drained d = drain(u);
        if (d == ENDED || d == FULL)
            return; /* answered, or called again when there is room */
        if (u->file_finished) {
            conclude(u);
            return;
        }
        if (clock_us() >= until) {
            later_queue(u->r->loop, &u->later, 0);
            return;
        }
    }
}

static void release(struct request *r) {
    struct upload *u = r->handler_state;
    if (u == NULL)
        return;
    later_cancel(r->loop, &u->later);
    db_stream_close(u->stream);
    delivery_file_destroy(u->file);
    buffer_free(&u->counts);
    buffer_free(&u->rejections);
    buffer_free(&u->shown);
    buffer_free(&u->members);
    r->problem_members = NULL;
    free(u);
    r->handler_state = NULL;
}

const struct handler put_consumption_rows_handler = {
    .start = start, .data = take, .finish = finish, .release = release};
