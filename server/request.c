/* The life of a request: made with its head, walked through route, auth, bind and db or a handler, ended once.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

/* An id that no other request of any server is likely to have; nothing secret. */
static void make_id(char *ret, size_t n) {
    static _Thread_local uint64_t base[2];
    if (base[0] == 0 && getrandom(base, sizeof base, 0) != (ssize_t)sizeof base)
        base[0] = clock_us() | 1u;
    base[1]++;
    snprintf(ret, n, "%016llx%016llx", (unsigned long long)base[0], (unsigned long long)base[1]);
}

struct request *request_create(struct loop *loop, struct MHD_Connection *connection, const char *target) {
    struct request *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->magic = REQUEST_MAGIC;
    r->loop = loop;
    r->connection = connection;
    r->started_us = clock_us();
    make_id(r->id, sizeof r->id);
    const char *mark = strchr(target, '?');
    r->target = arena_copy(&r->arena, target, strlen(target));
    r->path = arena_copy(&r->arena, target, mark == NULL ? strlen(target) : (size_t)(mark - target));
    if (r->target == NULL || r->path == NULL) {
        arena_reset(&r->arena);
        free(r);
        return NULL;
    }
    r->query = mark == NULL ? "" : r->target + (mark - target) + 1;
    return r;
}

void request_destroy(struct request *r) {
    if (r == NULL)
        return;
    CHECK_REQUEST(r);
    if (r->job != NULL)
        db_cancel(r);
    if (r->release != NULL)
        r->release(r);
    else if (r->op != NULL && r->op->handler != NULL && r->op->handler->release != NULL)
        r->op->handler->release(r);
    log_request(r);
    metrics_request(r->loop->metrics, r);
    json_decref(r->json);
    buffer_free(&r->body);
    buffer_free(&r->reply);
    arena_reset(&r->arena);
    r->magic = 0;
    free(r);
}

/* ---- the walk ---- */

static enum problem_code check_token(struct request *r) {
    static const char scheme[] = "Bearer ";
    struct value a = r->authorization;
    if (a.text == NULL) {
        request_header(r, "WWW-Authenticate", "Bearer realm=\"medkoord\"");
        return PROBLEM_UNAUTHORIZED;
    }
    enum auth_verdict verdict = AUTH_MALFORMED;
    size_t n = sizeof scheme - 1;
    if (a.length > n && strncasecmp(a.text, scheme, n) == 0)
        verdict = auth_check(r->loop->keys, &r->loop->shared->rules, r->loop->cache, a.text + n, a.length - n,
                             (int64_t)time(NULL), &r->actor);
    if (verdict == AUTH_OK) {
        bool hit = auth_cache_was_hit(r->loop->cache);
        atomic_fetch_add_explicit(hit ? &r->loop->metrics->token_hits : &r->loop->metrics->token_misses, 1,
                                  memory_order_relaxed);
        return PROBLEM_NONE;
    }
    if (verdict == AUTH_NO_MEMORY)
        return PROBLEM_OVERLOADED;
    atomic_fetch_add_explicit(&r->loop->metrics->token_refused, 1, memory_order_relaxed);
    const char *challenge =
        arena_printf(&r->arena, "Bearer realm=\"medkoord\", error=\"invalid_token\", error_description=\"%s\"",
                     auth_verdict_text(verdict));
    if (challenge != NULL)
        request_header(r, "WWW-Authenticate", challenge);
    r->problem_detail = auth_verdict_text(verdict);
    return PROBLEM_INVALID_TOKEN;
}

static void add_allow(struct request *r, unsigned allowed) {
    char *text = arena_alloc(&r->arena, 64);
    if (text == NULL)
        return;
    route_allowed_text(allowed, text, 64);
    request_header(r, "Allow", text);
}

void request_check_head(struct request *r) {
    unsigned allowed = 0;
    const struct operation *op = route_find(r, &allowed);
    if (op == NULL) {
        if (allowed == 0) {
            request_problem(r, PROBLEM_NOT_FOUND, "no such path");
            return;
        }
        add_allow(r, allowed);
        if (r->method == METHOD_OPTIONS)
            request_reply(r, 204, NULL);
        else
            request_problem(r, PROBLEM_METHOD_NOT_ALLOWED, NULL);
        return;
    }
    r->op = op;
    enum problem_code problem = PROBLEM_NONE;
    if (op->roles != 0)
        problem = check_token(r);
    if (problem == PROBLEM_NONE && op->roles != 0 && (op->roles & r->actor.roles) == 0)
        problem = PROBLEM_FORBIDDEN;
    if (problem == PROBLEM_NONE)
        problem = bind_head(r);
    if (problem == PROBLEM_NONE && !op->streams && r->has_body && r->content_length != CONTENT_CHUNKED &&
        r->content_length > JSON_BODY_LIMIT)
        problem = PROBLEM_CONTENT_TOO_LARGE;
    if (problem != PROBLEM_NONE) {
        request_problem(r, problem, r->problem_detail);
        return;
    }
    if (r->has_body && !op->streams && r->content_length != CONTENT_CHUNKED)
        buffer_reserve(&r->body, (size_t)r->content_length + 1);
    r->stage = STAGE_BODY;
}

static void run(struct request *r) {
    r->stage = STAGE_RUN;
    if (r->representation != NULL && r->representation->stream)
        export_csv(r, r->representation->statement);
    else if (r->op->handler != NULL)
        r->op->handler->start(r);
    else
        db_run(r, r->representation != NULL && r->representation->statement != NULL ? r->representation->statement
                                                                                    : r->op->statement);
}

void request_start(struct request *r) {
    CHECK_REQUEST(r);
    if (!r->op->streams) {
        enum problem_code problem = bind_body(r);
        if (problem != PROBLEM_NONE)
            request_problem(r, problem, r->problem_detail);
        else
            run(r);
        return;
    }
    if (!r->started) {
        r->started = true;
        r->op->handler->start(r);
        if (r->stage != STAGE_BODY)
            return;
    }
    assert(!r->finishing);
    r->finishing = true;
    r->op->handler->finish(r);
    assert(r->stage == STAGE_PARKED || r->stage == STAGE_ANSWERED);
}

/* ---- waiting and ending ---- */

void request_park(struct request *r) {
    CHECK_REQUEST(r);
    assert(!r->suspended);
    if (r->stage != STAGE_DONE) { /* a streamed reply stays done while it waits for more */
        r->stage_before_park = r->stage;
        r->stage = STAGE_PARKED;
    }
    http_suspend(r);
}

void request_wake(struct request *r) {
    CHECK_REQUEST(r);
    if (r->stage == STAGE_PARKED)
        r->stage = r->stage_before_park;
    http_resume(r);
}

void request_end(struct request *r) {
    CHECK_REQUEST(r);
    assert(r->stage != STAGE_ANSWERED && r->stage != STAGE_DONE);
    if (r->problem == PROBLEM_NONE && (r->reply.failed || r->status == 0))
        problem_set(r, PROBLEM_OVERLOADED, NULL);
    if (r->problem != PROBLEM_NONE)
        problem_write(r);
    request_header(r, "X-Request-Id", r->id);
    request_header(r, "X-Content-Type-Options", "nosniff");
    if (r->op != NULL && r->op->roles != 0) {
        request_header(r, "Vary", "Accept, Accept-Language, Authorization");
        request_header(r, "Cache-Control",
                       r->problem != PROBLEM_NONE || r->op->not_cached ? "no-store" : "private, no-cache");
    } else {
        request_header(r, "Cache-Control",
                       r->op != NULL && !r->op->not_cached && r->problem == PROBLEM_NONE ? "no-cache" : "no-store");
    }
    r->stage = STAGE_ANSWERED;
    if (r->suspended)
        http_resume(r);
}

void request_reply(struct request *r, int status, const char *content_type) {
    r->status = status;
    r->content_type_out = content_type;
    request_end(r);
}

void request_problem(struct request *r, enum problem_code code, const char *detail) {
    problem_set(r, code, detail);
    request_end(r);
}

void request_forget_answer(struct request *r) {
    r->reply.length = 0;
    r->n_headers = 0;
}

void request_header(struct request *r, const char *name, const char *value) {
    for (size_t i = 0; i < r->n_headers; i++)
        if (strcasecmp(r->headers[i].name, name) == 0) {
            r->headers[i].value = value;
            return;
        }
    assert(r->n_headers < MAX_REPLY_HEADERS);
    r->headers[r->n_headers].name = name;
    r->headers[r->n_headers++].value = value;
}

void request_violation(struct request *r, const char *code, const char *pointer, const char *format, ...) {
    if (r->n_violations == MAX_VIOLATIONS)
        return;
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    size_t n = strlen(text), bad;
    if (!text_is_utf8(text, n, &bad)) /* cut in the middle of a character */
        n = bad;
    /* Without memory it is told less of, but never lost: what breaks a rule must not pass for what keeps it. */
    const char *where = arena_copy(&r->arena, pointer, strlen(pointer)), *detail = arena_copy(&r->arena, text, n);
    r->violations[r->n_violations++] =
        (struct violation){code, where != NULL ? where : "", detail != NULL ? detail : ""};
}
