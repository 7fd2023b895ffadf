/* One exchange after the other until one holds; tokens, waits, and what is known already.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_WAIT_MS   200
#define LONGEST_WAIT_MS 10000
#define WAIT_SLICE_MS   100 /* between two looks whether the caller wants to stop */
#define LARGEST_TOKEN   8192
#define LARGEST_REFUSAL ((size_t)1024 * 1024) /* in memory: what is in progress is told in a few words */

/* A call: all its exchanges. */
struct attempt {
    mk_client *client;
    const struct mk_exchange *exchange;
    struct mk_outflow *outflow;
    int64_t length;      /* of the outflow */
    int64_t deadline_ms; /* -1: none */
    char digest[64];
    mk_header more[6]; /* Authorization, If-None-Match, Accept-Language, Content-Type, -Encoding, -Digest */
    size_t n_more;
    char *authorization;
    bool conditional; /* by our cache */
    bool renewed;     /* the token was */
    int done;         /* how often it was sent again */
    struct mk_outcome outcome;
};

int64_t mk_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool mk_tell_progress(const struct mk_exchange *x, int64_t sent) {
    return x->progress == NULL || x->source == NULL || x->progress(x->progress_user, sent, x->source->length) == 0;
}

int mk_fail_progress(mk_error *error) {
    return mk_fail(error, MK_ERR_CALLBACK, "the progress callback said stop");
}

static const char *header_of(const struct mk_exchange *x, const char *name) {
    for (size_t i = 0; i < x->n_headers; i++)
        if (mk_same(x->headers[i].name, name))
            return x->headers[i].value;
    return NULL;
}

static const char *accepted(const struct mk_exchange *x) {
    const char *accept = header_of(x, "Accept");
    return accept == NULL ? "" : accept;
}

static bool is_get(const struct mk_exchange *x) {
    return strcmp(x->method, "GET") == 0;
}

/* Whether the answer's body depends on nothing but the path, Accept and our token: whoever says more (an Authorization,
 * a language) may be answered otherwise. */
static bool is_plain_get(const struct mk_exchange *x) {
    for (size_t i = 0; i < x->n_headers; i++)
        if (!mk_same(x->headers[i].name, "Accept"))
            return false;
    return is_get(x) && x->sink == NULL;
}

/* ---- what may be sent ---- */

static bool is_token(const char *text) {
    size_t n = strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n > 0 && text[n] == '\0';
}

static bool is_path(const char *text) {
    if (*text != '/')
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || *text == '#')
            return false;
    return true;
}

static int check(const struct mk_exchange *x, mk_error *error) {
    if (strspn(x->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(x->method) || strlen(x->method) < 3 ||
        strlen(x->method) > 16 || strcmp(x->method, "CONNECT") == 0)
        return mk_fail(error, MK_ERR_ARGUMENT, "not a method of HTTP");
    if (!is_path(x->path))
        return mk_fail(error, MK_ERR_ARGUMENT, "the path must begin with / and be encoded");
    for (size_t i = 0; i < x->n_headers; i++)
        if (!is_token(x->headers[i].name) || !mk_is_header_value(x->headers[i].value))
            return mk_fail(error, MK_ERR_ARGUMENT, "header %zu has characters that cannot stand there", i + 1);
    if (x->source != NULL && x->source->media_type != NULL && !mk_is_header_value(x->source->media_type))
        return mk_fail(error, MK_ERR_ARGUMENT, "media_type has characters that cannot stand there");
    return MK_OK;
}

/* ---- the token ---- */

/* Asks the caller for one. *ret_new: there is another than before. */
static int fetch_token(mk_client *client, bool *ret_new, mk_error *error) {
    char token[LARGEST_TOKEN + 1];
    size_t n = client->options.get_token(client->options.get_token_user, client->token, token, sizeof token);
    int code = MK_OK;
    bool good = n < sizeof token, visible = good;
    for (size_t i = 0; i < n && visible; i++)
        visible = token[i] > ' ' && token[i] <= '~';
    if (!visible)
        code = mk_fail(error, MK_ERR_CALLBACK, "get_token: %s",
                       good ? "characters that no token has" : "the token is too long");
    *ret_new = code == MK_OK && n > 0 &&
               (client->token == NULL || strlen(client->token) != n || memcmp(client->token, token, n) != 0);
    if (*ret_new)
        code = mk_client_set_token(client, token, n, error);
    explicit_bzero(token, sizeof token);
    return code;
}

static void drop_authorization(struct attempt *a) {
    if (a->authorization != NULL)
        explicit_bzero(a->authorization, strlen(a->authorization));
    free(a->authorization);
    a->authorization = NULL;
}

static bool write_authorization(struct attempt *a) {
    size_t n = strlen(a->client->token) + sizeof "Bearer ";
    drop_authorization(a);
    a->authorization = malloc(n);
    if (a->authorization != NULL)
        snprintf(a->authorization, n, "Bearer %s", a->client->token);
    return a->authorization != NULL;
}

/* ---- the headers that are ours ---- */

/* A caller's own goes before ours: what stands twice is refused. */
static void add_header(struct attempt *a, const char *name, const char *value) {
    if (header_of(a->exchange, name) == NULL)
        a->more[a->n_more++] = (mk_header){name, value};
}

static int write_headers(struct attempt *a, mk_error *error) {
    const struct mk_exchange *x = a->exchange;
    mk_client *client = a->client;
    bool got;
    a->n_more = 0;
    if (!x->anonymous && client->token == NULL && client->options.get_token != NULL) {
        int code = fetch_token(client, &got, error);
        if (code != MK_OK)
            return code;
    }
    if (!x->anonymous && client->token != NULL) {
        if (!write_authorization(a))
            return mk_fail_memory(error);
        add_header(a, "Authorization", a->authorization);
    }
    size_t n;
    const char *etag;
    a->conditional = is_plain_get(x) && mk_cache_body(client->cache, x->path, accepted(x), &n, &etag) != NULL;
    if (a->conditional)
        add_header(a, "If-None-Match", etag);
    if (client->options.language != NULL)
        add_header(a, "Accept-Language", client->options.language);
    if (x->source == NULL)
        return MK_OK;
    add_header(a, "Content-Type", x->source->media_type == NULL ? "text/csv" : x->source->media_type);
    if (x->gzip || x->source->gzipped)
        add_header(a, "Content-Encoding", "gzip");
    if (*a->digest != '\0')
        add_header(a, "Content-Digest", a->digest);
    return MK_OK;
}

/* ---- the cache ---- */

/* Keeps what an answer says of a path. */
static void learn(struct attempt *a, const mk_response *r) {
    const struct mk_exchange *x = a->exchange;
    const char *etag = mk_response_header(r, "ETag"), *prefer = header_of(x, "Prefer");
    struct mk_cache *cache = a->client->cache;
    if (prefer != NULL && strstr(prefer, "rollback") != NULL)
        return;
    if (r->status == 404 || r->status == 410 || r->status == 412)
        mk_cache_forget(cache, x->path);
    if (r->status < 200 || r->status > 299)
        return;
    if (is_get(x)) {
        bool whole =
            r->status == 200 && is_plain_get(x) && r->body.bytes != NULL && mk_response_is(r, "application/json");
        mk_cache_store(cache, x->path, accepted(x), etag, whole ? r->body.bytes : NULL, whole ? r->body.n : 0);
        return;
    }
    const char *location = r->status == 201 ? mk_response_header(r, "Location") : NULL;
    mk_cache_store(cache, location != NULL && is_path(location) ? location : x->path, "", etag, NULL, 0);
}

/* Makes the 304 that our condition brought the answer that it stands for. */
static int recall(struct attempt *a, mk_response *r, mk_error *error) {
    size_t n;
    const char *etag, *body = mk_cache_body(a->client->cache, a->exchange->path, accepted(a->exchange), &n, &etag);
    if (body == NULL) /* it was there before, and nothing came between */
        return mk_fail(error, MK_ERR_PROTOCOL, "the server says not modified of what is not known");
    mk_buffer_clear(&r->body);
    mk_buffer_add(&r->body, body, n);
    if (mk_response_header(r, "ETag") == NULL) {
        mk_buffer_add(&r->head, "ETag", 5);
        mk_buffer_add(&r->head, etag, strlen(etag) + 1);
    }
    mk_buffer_add(&r->head, "Content-Type", 13);
    mk_buffer_add(&r->head, "application/json", 17);
    if (r->body.failed || r->head.failed)
        return mk_fail_memory(error);
    r->status = 200;
    return MK_OK;
}

/* ---- again? ---- */

/* Whether the body can be sent once more from its beginning. */
static bool can_resend(const struct attempt *a) {
    return a->outcome.sunk == 0 && (a->outflow == NULL || a->exchange->source->rewind != NULL);
}

/* An upload that was cut goes on, for the server, until it has noticed. */
static bool is_in_progress(const mk_response *response) {
    bool memory, found = false;
    struct mk_arena *arena = response->body.n == 0 ? NULL : mk_arena_create();
    if (arena != NULL) {
        mk_arena_limit(arena, LARGEST_REFUSAL);
        const char *code =
            mk_json_text(mk_json_get(mk_json_read(arena, response->body.bytes, response->body.n, &memory), "code"));
        found = code != NULL && (strcmp(code, "request_in_progress") == 0 || strcmp(code, "upload_in_progress") == 0);
    }
    mk_arena_destroy(arena);
    return found;
}

static bool is_passing(const struct attempt *a, int code, const mk_response *response) {
    if (code != MK_OK)
        return (code == MK_ERR_NETWORK || code == MK_ERR_TIMEOUT) && !a->outcome.hopeless;
    int status = response->status;
    return status == 429 || (status >= 502 && status <= 504) || (status == 409 && is_in_progress(response));
}

/* Twice as long each time, and of that between half and all, so that clients that failed together do not come together.
 */
static int64_t backoff_ms(int done) {
    uint32_t random = 0;
    int64_t wait = done > 5 ? LONGEST_WAIT_MS : (int64_t)FIRST_WAIT_MS << done;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = (uint32_t)(mk_now_ms() * 2654435761u);
    wait = wait > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : wait;
    return wait / 2 + (int64_t)(random % (uint32_t)(wait / 2 + 1));
}

/* How long to wait before the next; -1: it is over. */
static int64_t next_wait_ms(const struct attempt *a, int code, const mk_response *response) {
    const mk_client_options *o = &a->client->options;
    if (!a->exchange->safe || a->done >= o->retries || !is_passing(a, code, response) || !can_resend(a))
        return -1;
    int64_t wait = backoff_ms(a->done), asked = code == MK_OK ? response->retry_after_s : 0;
    if (asked > INT32_MAX)
        return -1;
    if (asked * 1000 > wait)
        wait = asked * 1000 + wait / 4;
    if (a->deadline_ms >= 0)
        return mk_now_ms() + wait < a->deadline_ms ? wait : -1;
    return o->idle_timeout_ms < 0 || wait <= o->idle_timeout_ms ? wait : -1;
}

static int wait_ms(const struct attempt *a, int64_t wait, mk_error *error) {
    for (int64_t left, end = mk_now_ms() + wait; (left = end - mk_now_ms()) > 0;) {
        int64_t slice = left < WAIT_SLICE_MS ? left : WAIT_SLICE_MS;
        struct timespec time = {slice / 1000, slice % 1000 * 1000000};
        nanosleep(&time, NULL);
        if (!mk_tell_progress(a->exchange, 0))
            return mk_fail_progress(error);
    }
    return MK_OK;
}

/* ---- the call ---- */

static int send_once(struct attempt *a, mk_response **ret_response, mk_error *error) {
    const struct mk_exchange *x = a->exchange;
    int64_t begin = mk_now_ms(), left = -1;
    int code = write_headers(a, error);
    a->outcome = (struct mk_outcome){0};
    if (code != MK_OK)
        return code;
    if (a->outflow != NULL && (code = mk_outflow_rewind(a->outflow)) != MK_OK)
        return mk_fail(error, code, "the source could not go back to its beginning");
    /* Now, as a token may have been long in coming, and a sleep longer than it was to be. */
    if (a->deadline_ms >= 0 && (left = a->deadline_ms - mk_now_ms()) <= 0)
        return mk_fail(error, MK_ERR_TIMEOUT, "%s %s: the time was over before it was sent", x->method, x->path);
    code = mk_transport_run(a->client->transport, x, a->outflow, a->length, a->more, a->n_more, left, ret_response,
                            &a->outcome, error);
    mk_log(a->client, MK_LOG_DEBUG, "%s %s: %s %d, %lld ms", x->method, x->path,
           code == MK_OK ? "status" : mk_code_name(code), code == MK_OK ? (*ret_response)->status : code,
           (long long)(mk_now_ms() - begin));
    return code;
}

/* Whether a 401 is met by another token. */
static int renew(struct attempt *a, const mk_response *response, bool *ret_again, mk_error *error) {
    *ret_again = false;
    if (response->status != 401 || a->exchange->anonymous || a->renewed || a->client->options.get_token == NULL ||
        !can_resend(a))
        return MK_OK;
    a->renewed = true;
    return fetch_token(a->client, ret_again, error);
}

/* Sends until an answer is final; *ret_response is set then. */
static int send_all(struct attempt *a, mk_response **ret_response, mk_error *error) {
    for (;;) {
        mk_response *response = NULL;
        bool again = false;
        int code = send_once(a, &response, error);
        if (code == MK_OK && (code = renew(a, response, &again, error)) != MK_OK) {
            mk_response_free(response);
            return code;
        }
        int64_t wait = again ? 0 : next_wait_ms(a, code, response);
        if (wait < 0) {
            *ret_response = response;
            return code;
        }
        a->done += !again;
        mk_log(a->client, MK_LOG_WARNING, "%s %s: %s %d; again in %lld ms", a->exchange->method, a->exchange->path,
               code == MK_OK ? "status" : mk_code_name(code), code == MK_OK ? response->status : code, (long long)wait);
        mk_response_free(response);
        if ((code = wait_ms(a, wait, error)) != MK_OK)
            return code;
    }
}

static int judge(struct attempt *a, mk_response *response, mk_error *error) {
    int status = response->status;
    if (status == 304 && a->conditional)
        return recall(a, response, error);
    bool asked = status == 304 && header_of(a->exchange, "If-None-Match") != NULL;
    if (status >= 200 && status <= 599 && (status < 300 || status >= 400 || asked)) {
        learn(a, response);
        return MK_OK;
    }
    const char *to = mk_response_header(response, "Location");
    return mk_fail_status(error, MK_ERR_PROTOCOL, status, "%s %s: an answer of status %d%s%s", a->exchange->method,
                          a->exchange->path, status, to == NULL ? "" : ", which is not followed, to ",
                          to == NULL ? "" : to);
}

static int open_outflow(struct attempt *a, mk_error *error) {
    const struct mk_exchange *x = a->exchange;
    if (x->source == NULL)
        return MK_OK;
    a->outflow = mk_outflow_create(x->source, x->gzip);
    if (a->outflow == NULL)
        return mk_fail_memory(error);
    if (x->digest && x->source->rewind != NULL)
        return mk_outflow_digest(a->outflow, x, a->digest, &a->length, error);
    if ((!x->gzip || x->source->gzipped) && x->source->length > 0)
        a->length = x->source->length;
    return MK_OK;
}

int mk_exchange_run(mk_client *client, const struct mk_exchange *x, mk_response **ret_response, mk_error *error) {
    struct attempt a = {.client = client, .exchange = x, .length = -1, .deadline_ms = -1};
    mk_response *response = NULL;
    int code = check(x, error);
    if (code != MK_OK)
        return code;
    if (client->options.timeout_ms >= 0 && x->source == NULL && x->sink == NULL)
        a.deadline_ms = mk_now_ms() + client->options.timeout_ms;
    code = open_outflow(&a, error);
    if (code == MK_OK)
        code = send_all(&a, &response, error);
    if (code == MK_OK)
        code = judge(&a, response, error);
    if (code == MK_OK) {
        *ret_response = response;
        if (a.done > 0) /* what an earlier attempt said */
            mk_error_clear(error);
    } else {
        mk_response_free(response);
    }
    drop_authorization(&a);
    mk_outflow_destroy(a.outflow);
    return code;
}
