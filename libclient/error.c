/* What a caller is told of a failure.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <string.h>

static const struct {
    int code;
    const char *name;
} names[] = {{MK_OK, "MK_OK"},
             {MK_END, "MK_END"},
             {MK_ERR_ARGUMENT, "MK_ERR_ARGUMENT"},
             {MK_ERR_NO_MEMORY, "MK_ERR_NO_MEMORY"},
             {MK_ERR_NETWORK, "MK_ERR_NETWORK"},
             {MK_ERR_TIMEOUT, "MK_ERR_TIMEOUT"},
             {MK_ERR_REFUSED, "MK_ERR_REFUSED"},
             {MK_ERR_SERVER, "MK_ERR_SERVER"},
             {MK_ERR_PROTOCOL, "MK_ERR_PROTOCOL"},
             {MK_ERR_CALLBACK, "MK_ERR_CALLBACK"},
             {MK_ERR_FILE, "MK_ERR_FILE"},
             {MK_ERR_UNVERIFIED, "MK_ERR_UNVERIFIED"}};

const char *mk_code_name(int code) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code)
            return names[i].name;
    return "unknown";
}

/* Whether a caller's, which may be of an older program, has this member. A size of 0 is a forgotten MK_ERROR_INIT: what
 * `memory` holds is not known then, so nothing is touched. */
#define HAS(error, member) ((error) != NULL && (error)->size >= MK_END_OF(mk_error, member))

/* Gives a caller what was put together here, as far as its struct goes; the memory is the caller's then, or gone. */
static void give(mk_error *error, mk_error *made) {
    if (HAS(error, memory)) {
        mk_arena_destroy(error->memory);
    } else {
        mk_arena_destroy(made->memory);
        made->n_details = 0;
        made->details = NULL;
        made->json = NULL;
    }
    if (HAS(error, code))
        mk_struct_write(error, made, sizeof *made);
}

void mk_error_clear(mk_error *error) {
    give(error, &(mk_error){.size = 0});
}

void mk_text_tidy(char *text, size_t room) {
    size_t n = strlen(text);
    if (n == room - 1) {
        size_t start = n;
        while (start > 0 && start > n - 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
            start--;
        unsigned char lead = start == 0 ? 0 : (unsigned char)text[start - 1];
        size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
        if (n - start + 1 < needs)
            text[start - 1] = '\0';
    }
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            *text = ' ';
}

static void fail(mk_error *error, int code, int status, const char *format, va_list arguments) {
    mk_error made = {.code = code, .status = status};
    vsnprintf(made.message, sizeof made.message, format, arguments); /* the arguments may be of the error itself */
    mk_text_tidy(made.message, sizeof made.message);
    give(error, &made);
}

int mk_fail(mk_error *error, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(error, code, 0, format, arguments);
    va_end(arguments);
    return code;
}

int mk_fail_status(mk_error *error, int code, int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(error, code, status, format, arguments);
    va_end(arguments);
    return code;
}

int mk_fail_memory(mk_error *error) {
    return mk_fail(error, MK_ERR_NO_MEMORY, "out of memory");
}

int mk_fail_arena(mk_error *error, const struct mk_arena *arena) {
    return arena != NULL && mk_arena_is_full(arena)
               ? mk_fail(error, MK_ERR_PROTOCOL, "the answer takes more memory than max_memory_bytes")
               : mk_fail_memory(error);
}

void mk_error_tell_key(mk_error *error, const char *key) {
    if (HAS(error, idempotency_key))
        snprintf(error->idempotency_key, sizeof error->idempotency_key, "%s", key);
}

/* ---- out of an answer ---- */

static const char *member(const struct mk_json *object, const char *name) {
    const char *text = mk_json_text(mk_json_get(object, name));
    return text == NULL ? "" : text;
}

static void copy_text(char *to, size_t room, const char *from) {
    snprintf(to, room, "%s", from);
    mk_text_tidy(to, room);
}

/* A refused line of a delivery says where it stands by line and column. *failed: out of memory. */
static const char *where(struct mk_arena *arena, const struct mk_json *item, bool *failed) {
    const char *pointer = mk_json_text(mk_json_get(item, "pointer")), *column = member(item, "column");
    int64_t line;
    if (pointer != NULL || !mk_json_integer(mk_json_get(item, "line"), &line))
        return pointer;
    size_t room = strlen(column) + 32;
    char *text = mk_arena_alloc(arena, room);
    if (text == NULL)
        *failed = true;
    else
        snprintf(text, room, "line/%lld%s%s", (long long)line, *column == '\0' ? "" : "/", column);
    return text;
}

static void read_details(mk_error *error, struct mk_arena *arena, const struct mk_json *list) {
    if (list == NULL || list->kind != MK_JSON_ARRAY || list->n == 0)
        return;
    bool failed = false;
    mk_error_detail *details = mk_arena_alloc(arena, list->n * sizeof *details), *d = details;
    if (details == NULL)
        return;
    for (const struct mk_json *item = list->first; item != NULL && !failed; item = item->next, d++)
        *d = (mk_error_detail){where(arena, item, &failed), member(item, "code"), member(item, "detail")};
    if (failed)
        return;
    error->details = details;
    error->n_details = list->n;
}

static void write_message(mk_error *error, const struct mk_json *problem) {
    char text[sizeof error->message];
    const char *title = member(problem, "title"), *detail = member(problem, "detail");
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s%s", *title == '\0' ? error->problem : title,
                                *detail == '\0' ? "" : ": ", detail);
    for (size_t i = 0; i < error->n_details && i < 3 && n < sizeof text; i++) {
        const mk_error_detail *d = &error->details[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "; %s%s%s", d->pointer == NULL ? "" : d->pointer,
                              d->pointer == NULL ? "" : " ", d->detail);
    }
    copy_text(error->message, sizeof error->message, text);
}

#define LARGEST_PROBLEM ((size_t)64 * 1024 * 1024) /* in memory: 10,000 rejected lines take 10 MiB */

/* Everything read lives in one arena of the error; when memory is short, the codes stand without it. */
static void read_problem(mk_error *error, const mk_response *response) {
    struct mk_arena *arena = mk_arena_create();
    bool memory = false;
    size_t n = response->body.n;
    if (arena != NULL)
        mk_arena_limit(arena, LARGEST_PROBLEM);
    char *text = arena == NULL ? NULL : mk_arena_text(arena, response->body.bytes, n);
    const struct mk_json *problem = text == NULL ? NULL : mk_json_read(arena, text, n, &memory);
    if (problem == NULL || problem->kind != MK_JSON_OBJECT || *member(problem, "code") == '\0') {
        mk_arena_destroy(arena);
        return;
    }
    error->memory = arena;
    error->json = text;
    copy_text(error->problem, sizeof error->problem, member(problem, "code"));
    if (*member(problem, "request_id") != '\0')
        copy_text(error->request_id, sizeof error->request_id, member(problem, "request_id"));
    read_details(error, arena, mk_json_get(problem, "errors"));
    if (error->n_details == 0)
        read_details(error, arena, mk_json_get(problem, "rejections"));
    write_message(error, problem);
}

int mk_fail_response(mk_error *error, const mk_response *response) {
    int status = response->status;
    int code = status >= 500 ? MK_ERR_SERVER : status >= 400 ? MK_ERR_REFUSED : MK_ERR_PROTOCOL;
    mk_error made = {.code = code, .status = status, .retry_after_s = response->retry_after_s};
    snprintf(made.message, sizeof made.message, "the server answered %d", status);
    const char *id = mk_response_header(response, "X-Request-Id"), *type = mk_response_header(response, "Content-Type");
    if (id != NULL && mk_utf8_is_good(id, strlen(id)))
        copy_text(made.request_id, sizeof made.request_id, id);
    if (error != NULL && type != NULL && strstr(type, "json") != NULL && response->body.n > 0)
        read_problem(&made, response);
    give(error, &made);
    return code;
}
