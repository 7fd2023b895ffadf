/* The library, handles and their options, requests of any kind.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- the library ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;

int mk_global_init(void) {
    pthread_mutex_lock(&lock);
    int code = users > 0 ? MK_OK : mk_transport_global_init();
    users += code == MK_OK;
    pthread_mutex_unlock(&lock);
    return code;
}

void mk_global_cleanup(void) {
    pthread_mutex_lock(&lock);
    if (users > 0 && --users == 0)
        mk_transport_global_cleanup();
    pthread_mutex_unlock(&lock);
}

static bool is_ready(void) {
    pthread_mutex_lock(&lock);
    bool ready = users > 0;
    pthread_mutex_unlock(&lock);
    return ready;
}

const char *mk_version(void) {
    return MK_VERSION;
}

void mk_log(const mk_client *client, enum mk_log_level level, const char *format, ...) {
    char line[1024];
    if (client->options.log == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *p = line; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = ' ';
    client->options.log(client->options.log_user, level, line);
}

/* ---- options ---- */

static bool is_visible(const char *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static bool is_good_url(const char *url) {
    size_t n = mk_same_start(url, "http://") ? 7 : mk_same_start(url, "https://") ? 8 : 0;
    return n > 0 && is_visible(url) && url[n] != '\0' && url[n] != '/' && strpbrk(url, "?#@\\") == NULL;
}

/* What is wrong with them, or NULL. */
static const char *find_fault(const mk_client_options *o) {
    if (o->url == NULL || !is_good_url(o->url))
        return "url must be http:// or https://, a host, and no user, query or fragment";
    if (o->token != NULL && (*o->token == '\0' || !is_visible(o->token)))
        return "token is empty or has characters that no token has";
    if (o->language != NULL && strcmp(o->language, "en") != 0 && strcmp(o->language, "da") != 0)
        return "language must be en or da";
    if (o->user_agent != NULL && (strlen(o->user_agent) > 200 || strpbrk(o->user_agent, "\r\n") != NULL))
        return "user_agent must be one line of 200 bytes at most";
    if (o->connect_timeout_ms < 0 || o->timeout_ms < -1 || o->idle_timeout_ms < -1 || o->retries < -1)
        return "a timeout or the number of retries is negative";
    return NULL;
}

static int64_t or_default(int64_t value, int64_t otherwise) {
    return value == 0 ? otherwise : value;
}

static bool keep_text(struct mk_arena *arena, const char **text) {
    if (*text == NULL)
        return true;
    *text = mk_arena_text(arena, *text, strlen(*text));
    return *text != NULL;
}

/* Makes the options the client's own. */
static bool keep_options(mk_client *client, const mk_client_options *given) {
    mk_client_options *o = &client->options;
    *o = *given;
    o->token = NULL;
    if (!keep_text(client->memory, &o->url) || !keep_text(client->memory, &o->ca_file) ||
        !keep_text(client->memory, &o->proxy) || !keep_text(client->memory, &o->user_agent) ||
        !keep_text(client->memory, &o->language))
        return false;
    char *url = (char *)o->url; /* the arena's */
    for (size_t n = strlen(url); url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    o->connect_timeout_ms = or_default(o->connect_timeout_ms, 10000);
    o->timeout_ms = or_default(o->timeout_ms, 60000);
    o->idle_timeout_ms = or_default(o->idle_timeout_ms, 60000);
    o->retries = o->retries < 0 ? 0 : (int)or_default(o->retries, 3);
    if (o->max_body_bytes == 0)
        o->max_body_bytes = (size_t)64 * 1024 * 1024;
    if (o->max_memory_bytes == 0)
        o->max_memory_bytes = (size_t)256 * 1024 * 1024;
    return true;
}

/* ---- handles ---- */

int mk_client_set_token(mk_client *client, const char *token, size_t n, mk_error *error) {
    char *copy = token == NULL ? NULL : strndup(token, n);
    if (token != NULL && copy == NULL)
        return mk_fail_memory(error);
    if (client->token != NULL)
        explicit_bzero(client->token, strlen(client->token));
    free(client->token);
    client->token = copy;
    mk_cache_drop_bodies(client->cache);
    return MK_OK;
}

int mk_client_create(const mk_client_options *given, mk_client **ret_client, mk_error *error) {
    mk_client_options options;
    if (given == NULL || ret_client == NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "mk_client_create: options or ret_client is NULL");
    if (!is_ready())
        return mk_fail(error, MK_ERR_ARGUMENT, "mk_client_create: mk_global_init() comes first");
    if (!mk_struct_read(&options, sizeof options, given, offsetof(mk_client_options, token)))
        return mk_fail(error, MK_ERR_ARGUMENT,
                       "mk_client_create: size is not set, or an option is of a newer version than %s", MK_VERSION);
    const char *fault = find_fault(&options);
    if (fault != NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "mk_client_create: %s", fault);
    mk_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return mk_fail_memory(error);
    client->memory = mk_arena_create();
    if (client->memory != NULL && keep_options(client, &options)) {
        client->cache = mk_cache_create(client->options.cache_bytes);
        client->transport = mk_transport_create(&client->options);
    }
    if (client->cache == NULL || client->transport == NULL ||
        (options.token != NULL && mk_client_set_token(client, options.token, strlen(options.token), NULL) != MK_OK)) {
        mk_client_destroy(client);
        return mk_fail_memory(error);
    }
    *ret_client = client;
    return MK_OK;
}

void mk_client_destroy(mk_client *client) {
    if (client == NULL)
        return;
    mk_client_set_token(client, NULL, 0, NULL);
    mk_transport_destroy(client->transport);
    mk_cache_destroy(client->cache);
    mk_arena_destroy(client->memory);
    free(client);
}

/* ---- requests of any kind ---- */

/* What the library says itself: said twice, a proxy and the server could each believe another one. */
static bool is_ours(const char *name) {
    static const char *const ours[] = {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect",
                                       "TE",   "Upgrade"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (mk_same(name, ours[i]))
            return true;
    return false;
}

int mk_request(mk_client *client, const char *method, const char *path, const mk_header *headers, size_t n,
               const void *body, size_t n_body, mk_response **ret_response, mk_error *error) {
    if (client == NULL || method == NULL || path == NULL || ret_response == NULL || (n > 0 && headers == NULL))
        return mk_fail(error, MK_ERR_ARGUMENT, "mk_request: an argument is NULL");
    struct mk_exchange exchange = {.method = method,
                                   .path = path,
                                   .headers = headers,
                                   .n_headers = n,
                                   .body = body,
                                   .n_body = body == NULL ? 0 : n_body,
                                   .safe = strcmp(method, "GET") == 0};
    for (size_t i = 0; i < n; i++) {
        const char *name = headers[i].name;
        if (name == NULL || headers[i].value == NULL || is_ours(name))
            return mk_fail(error, MK_ERR_ARGUMENT, "mk_request: header %zu is NULL or one that the library sets itself",
                           i + 1);
        exchange.anonymous |= mk_same(name, "Authorization"); /* the caller's own in place of the token */
    }
    return mk_exchange_run(client, &exchange, ret_response, error);
}
