/* The log: JSON lines to stderr, made without allocating. A line is written at once, with what its thread has kept
 * before it; the lines of requests are kept until there is a pipe full of them or the loop's turn ends, because a write
 * costs as much as everything else that is done for the line.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A write fits into what a pipe takes whole, so that lines of several threads and processes never mix. Long texts are
 * cut, and what finds no room is left out; the line stays JSON. */
#define LINE_MAX_BYTES PIPE_BUF
#define TEXT_MAX_BYTES 1024u
#define ENDING         2u /* } and the line feed */

static _Atomic int threshold = LOG_INFO;

static const char *const level_names[] = {"debug", "info", "warning", "error"};
#define N_LEVELS (sizeof level_names / sizeof *level_names)

void log_set_level(enum log_level level) {
    atomic_store(&threshold, (int)level);
}

bool log_level_from_name(const char *name, enum log_level *ret) {
    for (size_t i = 0; i < N_LEVELS; i++)
        if (strcmp(level_names[i], name) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    return false;
}

struct line {
    char bytes[LINE_MAX_BYTES];
    size_t length;
    bool full;
};

/* Of each thread. */
static _Thread_local struct {
    char bytes[PIPE_BUF];
    size_t length;
} kept;
static _Thread_local struct {
    time_t second;
    char text[24]; /* 2026-11-21T22:51:14. */
} written;

static void add(struct line *line, const char *bytes, size_t n) {
    if (line->full || sizeof line->bytes - ENDING - line->length < n) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->length, bytes, n);
    line->length += n;
}

/* Length of the UTF-8 sequence at text, 0 when there is none: overlong forms, surrogates and cut ones are none. */
static size_t sequence_length(const unsigned char *text, size_t n) {
    size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc2 ? 2 : 0;
    return length != 0 && length <= n && text_is_utf8((const char *)text, length, NULL) ? length : 0;
}

static void add_text(struct line *line, const char *text) {
    if (text == NULL) {
        add(line, "null", 4);
        return;
    }
    const unsigned char *at = (const unsigned char *)text;
    size_t plain = 0;
    while (at[plain] >= 0x20 && at[plain] < 0x7f && at[plain] != '"' && at[plain] != '\\')
        plain++;
    if (at[plain] == '\0' && plain <= TEXT_MAX_BYTES) { /* nearly always */
        add(line, "\"", 1);
        add(line, text, plain);
        add(line, "\"", 1);
        return;
    }
    size_t left = strnlen(text, TEXT_MAX_BYTES + 1);
    bool cut = left > TEXT_MAX_BYTES;
    left = cut ? TEXT_MAX_BYTES : left;
    add(line, "\"", 1);
    while (left > 0) {
        size_t n = sequence_length(at, left);
        char escape[8];
        if (n == 0) {
            n = 1;
            add(line, "\\ufffd", 6);
        } else if (*at == '"' || *at == '\\') {
            add(line, (const char[]){'\\', (char)*at}, 2);
        } else if (*at < 0x20 || *at == 0x7f) {
            add(line, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *at));
        } else {
            add(line, (const char *)at, n);
        }
        at += n;
        left -= n;
    }
    if (cut)
        add(line, "...", 3);
    add(line, "\"", 1);
}

static void add_name(struct line *line, const char *name) {
    add(line, ",", 1);
    add_text(line, name);
    add(line, ":", 1);
}

/* A pair is there whole or not at all; a shorter one may still find room after one that did not. */
static void keep_whole(struct line *line, size_t before) {
    if (line->full)
        line->length = before;
    line->full = false;
}

static void add_pair(struct line *line, const char *name, const char *text) {
    size_t before = line->length;
    add_name(line, name);
    add_text(line, text);
    keep_whole(line, before);
}

static void add_number(struct line *line, const char *name, uint64_t number) {
    char digits[20];
    size_t before = line->length, n = sizeof digits;
    do
        digits[--n] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add_name(line, name);
    add(line, digits + n, sizeof digits - n);
    keep_whole(line, before);
}

static void begin(struct line *line, enum log_level level, const char *event) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != written.second || written.text[0] == '\0') {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(written.text, sizeof written.text, "%Y-%m-%dT%H:%M:%S.", &utc);
        written.second = now.tv_sec;
    }
    char micros[6];
    for (long i = 5, left = now.tv_nsec / 1000; i >= 0; i--, left /= 10)
        micros[i] = (char)('0' + left % 10);
    line->length = 0;
    line->full = false;
    add(line, "{\"time\":\"", 9);
    add(line, written.text, strlen(written.text));
    add(line, micros, sizeof micros);
    add(line, "Z\"", 2);
    add_pair(line, "level", level_names[level]);
    add_pair(line, "event", event);
}

void log_flush(void) {
    if (kept.length == 0)
        return;
    /* A log that cannot be written must not stop the server: the lines are lost. */
    int saved = errno;
    while (write(STDERR_FILENO, kept.bytes, kept.length) < 0 && errno == EINTR)
        ;
    errno = saved;
    kept.length = 0;
}

static void end(struct line *line) {
    memcpy(line->bytes + line->length, "}\n", ENDING);
    line->length += ENDING;
    if (sizeof kept.bytes - kept.length < line->length)
        log_flush();
    memcpy(kept.bytes + kept.length, line->bytes, line->length);
    kept.length += line->length;
}

void log_line(enum log_level level, const char *event, ...) {
    if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    struct line line;
    begin(&line, level, event);
    va_list pairs;
    va_start(pairs, event);
    const char *name;
    while ((name = va_arg(pairs, const char *)) != NULL)
        add_pair(&line, name, va_arg(pairs, const char *));
    va_end(pairs);
    end(&line);
    log_flush();
}

/* Neither the path nor the query: people put names, numbers and even tokens there. */
void log_request(const struct request *r) {
    enum log_level level = r->status >= 500 ? (r->status == 503 ? LOG_WARNING : LOG_ERROR) : LOG_INFO;
    if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    struct line line;
    begin(&line, level, "request");
    add_pair(&line, "request_id", r->id);
    add_pair(&line, "method", r->head_only ? "HEAD" : r->method < N_METHODS ? method_names[r->method] : NULL);
    add_pair(&line, "operation", r->op != NULL ? r->op->id : NULL);
    add_pair(&line, "subject", r->actor.subject[0] != '\0' ? r->actor.subject : NULL);
    add_number(&line, "status", (uint64_t)r->status);
    if (r->problem != PROBLEM_NONE)
        add_pair(&line, "problem", problem_kinds[r->problem].code);
    add_number(&line, "total_us", clock_us() - r->started_us);
    add_number(&line, "db_us", r->db_us);
    if (r->traceparent.text != NULL)
        add_pair(&line, "traceparent", r->traceparent.text);
    end(&line);
}
