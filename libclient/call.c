/* An operation and its arguments to a request, its answer to a result.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAX_HEADERS 16

const mk_operation *const *mk_operations(void) {
    return mk_all_operations;
}

const mk_operation *mk_operation_find(const char *name) {
    for (const mk_operation *const *op = mk_all_operations; name != NULL && *op != NULL; op++)
        if (strcmp((*op)->name, name) == 0)
            return *op;
    return NULL;
}

int mk_fail_options(mk_error *error) {
    return mk_fail(error, MK_ERR_ARGUMENT, "the options have no size, or something that this library does not know");
}

const char *mk_integer_text(char to[24], const int64_t *value) {
    if (value == NULL)
        return NULL;
    snprintf(to, 24, "%" PRId64, *value);
    return to;
}

const char *mk_boolean_text(char to[24], const bool *value) {
    if (value == NULL)
        return NULL;
    snprintf(to, 24, "%s", *value ? "true" : "false");
    return to;
}

/* ---- the request ---- */

struct call {
    struct mk_buffer path, body;
    mk_header headers[MAX_HEADERS];
    size_t n_headers;
    char key[37], *etag;
};

static int call_finish(struct call *call, int code, mk_error *error) {
    if (code < 0 && code != MK_ERR_ARGUMENT && *call->key != '\0')
        mk_error_tell_key(error, call->key);
    mk_buffer_clear(&call->path);
    mk_buffer_clear(&call->body);
    free(call->etag);
    return code;
}

static void add_header(struct call *call, const char *name, const char *value) {
    if (call->n_headers < MAX_HEADERS)
        call->headers[call->n_headers++] = (mk_header){name, value};
}

static void add_encoded(struct mk_buffer *to, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    while (*text != '\0') {
        size_t n = strspn(text, plain);
        mk_buffer_add(to, text, n);
        text += n;
        if (*text == '\0')
            break;
        char escaped[4];
        snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)(unsigned char)*text++);
        mk_buffer_add_text(to, escaped);
    }
}

static const char *value_of(const mk_argument *arguments, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (arguments[i].value != NULL && strcmp(arguments[i].name, name) == 0)
            return arguments[i].value;
    return NULL;
}

static bool is_parameter(const mk_operation *op, const char *name) {
    for (const mk_parameter *const *p = op->parameters; *p != NULL; p++)
        if (strcmp((*p)->name, name) == 0)
            return true;
    return false;
}

/* What a value must be before it goes anywhere. "." and ".." would change the path, however they are written. */
static int check_value(const mk_parameter *p, const char *value, mk_error *error) {
    bool path = strcmp(p->in, "path") == 0;
    if (value == NULL)
        return p->required && strcmp(p->in, "header") != 0
                   ? mk_fail(error, MK_ERR_ARGUMENT, "%s/%s is missing", p->in, p->name)
                   : MK_OK;
    if (!mk_utf8_is_good(value, strlen(value)))
        return mk_fail(error, MK_ERR_ARGUMENT, "%s/%s is not UTF-8", p->in, p->name);
    if (path && (*value == '\0' || strcmp(value, ".") == 0 || strcmp(value, "..") == 0))
        return mk_fail(error, MK_ERR_ARGUMENT, "%s/%s cannot stand in a path", p->in, p->name);
    if (strcmp(p->in, "header") == 0 && !mk_is_header_value(value))
        return mk_fail(error, MK_ERR_ARGUMENT, "%s/%s cannot stand in a header", p->in, p->name);
    return MK_OK;
}

static int check_arguments(const mk_operation *op, const mk_argument *arguments, size_t n, mk_error *error) {
    for (size_t i = 0; i < n; i++) {
        if (arguments[i].name == NULL || !is_parameter(op, arguments[i].name))
            return mk_fail(error, MK_ERR_ARGUMENT, "%s has no parameter %s", op->name,
                           arguments[i].name == NULL ? "(NULL)" : arguments[i].name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(arguments[i].name, arguments[j].name) == 0)
                return mk_fail(error, MK_ERR_ARGUMENT, "%s stands twice among the arguments", arguments[i].name);
    }
    for (const mk_parameter *const *p = op->parameters; *p != NULL; p++) {
        int code = check_value(*p, value_of(arguments, n, (*p)->name), error);
        if (code != MK_OK)
            return code;
    }
    return MK_OK;
}

static void write_path(struct mk_buffer *to, const mk_operation *op, const mk_argument *arguments, size_t n) {
    for (const char *p = op->path; *p != '\0';) {
        size_t plain = strcspn(p, "{");
        mk_buffer_add(to, p, plain);
        p += plain;
        if (*p == '\0')
            break;
        size_t length = strcspn(++p, "}");
        for (const mk_parameter *const *q = op->parameters; *q != NULL; q++)
            if (strlen((*q)->name) == length && strncmp((*q)->name, p, length) == 0)
                add_encoded(to, value_of(arguments, n, (*q)->name));
        p += length + 1;
    }
}

static void write_query(struct mk_buffer *to, const mk_operation *op, const mk_argument *arguments, size_t n) {
    const char *between = "?";
    for (const mk_parameter *const *p = op->parameters; *p != NULL; p++) {
        const char *value = strcmp((*p)->in, "query") == 0 ? value_of(arguments, n, (*p)->name) : NULL;
        if (value == NULL)
            continue;
        mk_buffer_add_text(to, between);
        between = "&";
        add_encoded(to, (*p)->name);
        mk_buffer_add(to, "=", 1);
        add_encoded(to, value);
    }
}

/* A random UUID (RFC 9562, version 4). */
static bool make_key(char to[37]) {
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (unsigned char)(0x40 | (b[6] & 0x0F));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
    snprintf(to, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return true;
}

/* Headers of the arguments; where none is given, a key of our own and the entity tag of the last read. */
static int write_headers(struct call *call, mk_client *client, const mk_operation *op, const mk_argument *arguments,
                         size_t n, mk_error *error) {
    for (const mk_parameter *const *p = op->parameters; *p != NULL; p++) {
        if (strcmp((*p)->in, "header") != 0)
            continue;
        const char *value = value_of(arguments, n, (*p)->name);
        if (value == NULL && strcmp((*p)->name, "Idempotency-Key") == 0) {
            if (!make_key(call->key))
                return mk_fail(error, MK_ERR_FILE, "the system gives no random numbers");
            value = call->key;
        }
        if (value == NULL && strcmp((*p)->name, "If-Match") == 0) {
            const char *known = mk_cache_etag(client->cache, call->path.bytes);
            if (known != NULL && (call->etag = strdup(known)) == NULL)
                return mk_fail_memory(error);
            value = call->etag;
        }
        if (value != NULL)
            add_header(call, (*p)->name, value);
    }
    return MK_OK;
}

static int call_start(struct call *call, mk_client *client, const mk_operation *op, const mk_argument *arguments,
                      size_t n, const char *accept, mk_error *error) {
    *call = (struct call){.n_headers = 0};
    if (client == NULL || op == NULL || (n > 0 && arguments == NULL))
        return mk_fail(error, MK_ERR_ARGUMENT, "no client or no operation");
    int code = check_arguments(op, arguments, n, error);
    if (code != MK_OK)
        return code;
    write_path(&call->path, op, arguments, n);
    write_query(&call->path, op, arguments, n);
    if (call->path.failed)
        return mk_fail_memory(error);
    if (accept == NULL)
        accept = op->produces[0];
    if (accept != NULL && !mk_is_header_value(accept))
        return mk_fail(error, MK_ERR_ARGUMENT, "header/Accept cannot stand in a header");
    if (accept != NULL)
        add_header(call, "Accept", accept);
    return write_headers(call, client, op, arguments, n, error);
}

/* Sends it; an answer that is not of success becomes the error. */
static int call_run(struct call *call, mk_client *client, const mk_operation *op, struct mk_exchange exchange,
                    mk_response **ret_response, mk_error *error) {
    exchange.method = op->method;
    exchange.path = call->path.bytes;
    exchange.headers = call->headers;
    exchange.n_headers = call->n_headers;
    exchange.safe = strcmp(op->method, "GET") == 0 || op->keyed || (op->streams && strcmp(op->method, "PUT") == 0);
    exchange.anonymous = !op->authorized;
    if (exchange.produces == NULL)
        exchange.produces = op->produces;
    mk_response *response = NULL;
    int code = mk_exchange_run(client, &exchange, &response, error);
    if (code != MK_OK)
        return code;
    if (response->status < 200 || response->status > 299) {
        code = mk_fail_response(error, response);
        mk_response_free(response);
        return code;
    }
    *ret_response = response;
    return MK_OK;
}

int mk_answer_read(const mk_response *response, struct mk_arena *arena, const struct mk_json **ret_json,
                   mk_error *error) {
    bool memory;
    const struct mk_json *json = mk_json_read(arena, response->body.bytes, response->body.n, &memory);
    if (json == NULL)
        return memory ? mk_fail_arena(error, arena) : mk_fail(error, MK_ERR_PROTOCOL, "the answer's JSON is broken");
    *ret_json = json;
    return MK_OK;
}

static int read_result(const mk_client *client, const struct mk_type *type, const mk_response *response,
                       void **ret_result, mk_error *error) {
    size_t limit = client->options.max_memory_bytes;
    struct mk_arena *arena = mk_arena_create();
    if (arena == NULL)
        return mk_fail_memory(error);
    mk_arena_limit(arena, limit);
    const struct mk_json *json = NULL;
    int code = mk_answer_read(response, arena, &json, error);
    const char *replayed = mk_response_header(response, "Idempotent-Replayed");
    if (code == MK_OK)
        code = mk_result_create(type, json, mk_response_header(response, "ETag"),
                                mk_response_header(response, "X-Request-Id"),
                                replayed != NULL && mk_same(replayed, "true"), limit, ret_result, error);
    mk_arena_destroy(arena);
    return code;
}

/* ---- what the generated functions call ---- */

/* Told before anything is sent: a write that happened must not end in a result that nobody can take. */
static int fail_nowhere(mk_error *error) {
    return mk_fail(error, MK_ERR_ARGUMENT, "there is nowhere to put the result: a ret_ argument is NULL");
}

static int run_for_result(struct call *call, mk_client *client, const mk_operation *op, struct mk_exchange exchange,
                          void **ret_result, mk_error *error) {
    const struct mk_type *type = mk_operation_types(op)->result;
    mk_response *response = NULL;
    int code = call_run(call, client, op, exchange, &response, error);
    if (code != MK_OK)
        return code;
    if (type != NULL)
        code = read_result(client, type, response, ret_result, error);
    mk_response_free(response);
    return code;
}

int mk_call_result(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n, const void *body,
                   void **ret_result, mk_error *error) {
    struct call call;
    char where[MK_WHERE];
    int code = call_start(&call, client, op, arguments, n, NULL, error);
    const struct mk_type *type = mk_operation_types(op)->body;
    if (code == MK_OK && ret_result == NULL && mk_operation_types(op)->result != NULL)
        code = fail_nowhere(error);
    if (code == MK_OK && type != NULL && body == NULL)
        code = mk_fail(error, MK_ERR_ARGUMENT, "there is no body");
    if (code == MK_OK && type != NULL) {
        add_header(&call, "Content-Type", op->consumes[0]);
        if (!mk_encode(type, body, &call.body, where))
            code = where[0] == '\0' ? mk_fail_memory(error) : mk_fail(error, MK_ERR_ARGUMENT, "body%s", where);
    }
    if (code == MK_OK)
        code = run_for_result(&call, client, op, (struct mk_exchange){.body = call.body.bytes, .n_body = call.body.n},
                              ret_result, error);
    return call_finish(&call, code, error);
}

int mk_source_read(mk_source *to, const mk_source *from, mk_error *error) {
    if (!mk_struct_read(to, sizeof *to, from, MK_END_OF(mk_source, user)) || to->read == NULL)
        return mk_fail(
            error, MK_ERR_ARGUMENT,
            "there is no source, or it has no size, no read(), or something that this library does not know");
    return MK_OK;
}

int mk_call_source(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n,
                   const mk_source *source, const struct mk_upload *upload, void **ret_result, mk_error *error) {
    struct call call;
    int code = call_start(&call, client, op, arguments, n, NULL, error);
    mk_source taken;
    if (code == MK_OK)
        code = mk_source_read(&taken, source, error);
    if (code == MK_OK && ret_result == NULL)
        code = fail_nowhere(error);
    struct mk_exchange exchange = {.source = &taken};
    if (upload != NULL) {
        exchange.gzip = upload->gzip;
        exchange.digest = upload->digest;
        exchange.progress = upload->progress;
        exchange.progress_user = upload->progress_user;
    }
    if (code == MK_OK)
        code = run_for_result(&call, client, op, exchange, ret_result, error);
    return call_finish(&call, code, error);
}

int mk_call_sink(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n, const char *accept,
                 const mk_sink *sink, mk_error *error) {
    struct call call;
    mk_response *response = NULL;
    const char *const asked[] = {accept, NULL};
    int code = call_start(&call, client, op, arguments, n, accept, error);
    mk_sink taken;
    if (code == MK_OK && (!mk_struct_read(&taken, sizeof taken, sink, MK_END_OF(mk_sink, user)) || taken.write == NULL))
        code = mk_fail(error, MK_ERR_ARGUMENT,
                       "there is no sink, or it has no size, no write(), or something that this library does not know");
    if (code == MK_OK)
        code = call_run(&call, client, op, (struct mk_exchange){.sink = &taken, .produces = asked}, &response, error);
    mk_response_free(response);
    return call_finish(&call, code, error);
}

/* The largest pages, where the caller says nothing: fewer round trips. */
static int ask_for_most(struct call *call, const mk_operation *op, const mk_argument *arguments, size_t n,
                        mk_error *error) {
    const char *most = mk_operation_types(op)->largest_page;
    if (most == NULL || value_of(arguments, n, "limit") != NULL)
        return MK_OK;
    mk_buffer_add_text(&call->path, strchr(call->path.bytes, '?') == NULL ? "?limit=" : "&limit=");
    mk_buffer_add_text(&call->path, most);
    return call->path.failed ? mk_fail_memory(error) : MK_OK;
}

int mk_call_list(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n, mk_list **ret_list,
                 mk_error *error) {
    struct call call;
    int code = call_start(&call, client, op, arguments, n, NULL, error);
    if (code == MK_OK && !op->is_list)
        code = mk_fail(error, MK_ERR_ARGUMENT, "%s answers no list", op->name);
    if (code == MK_OK && ret_list == NULL)
        code = fail_nowhere(error);
    if (code == MK_OK)
        code = ask_for_most(&call, op, arguments, n, error);
    if (code == MK_OK)
        code = mk_list_create(client, op, call.path.bytes, ret_list, error);
    return call_finish(&call, code, error);
}

/* ---- calls by name ---- */

int mk_call(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n, const char *body,
            const char *accept, mk_response **ret_response, mk_error *error) {
    struct call call;
    int code = call_start(&call, client, op, arguments, n, accept, error);
    struct mk_exchange exchange = {.body = body, .n_body = body == NULL ? 0 : strlen(body)};
    if (code == MK_OK && ret_response == NULL)
        code = fail_nowhere(error);
    if (code == MK_OK && body != NULL) {
        if (op->consumes[0] == NULL)
            code = mk_fail(error, MK_ERR_ARGUMENT, "%s takes no body", op->name);
        else
            add_header(&call, "Content-Type", op->consumes[0]);
    }
    if (code == MK_OK)
        code = call_run(&call, client, op, exchange, ret_response, error);
    return call_finish(&call, code, error);
}
