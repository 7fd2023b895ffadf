/* One exchange over HTTP: the only file with curl.h.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* After the last byte of an upload the server checks and commits before it answers: idle_timeout_ms this many times. */
#define ANSWER_IDLE_TIMES 10

struct mk_transport {
    CURL *curl;
    const char *url;       /* the client's */
    const char *base_path; /* of the URL */
    bool may_be_proxied;   /* in plain text, so that the request names the whole URL */
    int64_t idle_timeout_ms;
    size_t max_body_bytes;
    char reason[CURL_ERROR_SIZE];
};

int mk_transport_global_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? MK_OK : MK_ERR_NO_MEMORY;
}

void mk_transport_global_cleanup(void) {
    curl_global_cleanup();
}

/* ---- one exchange under way ---- */

struct run {
    struct mk_transport *transport;
    const struct mk_exchange *exchange;
    struct mk_outflow *outflow;
    struct mk_inflow in;
    bool checked;          /* what went out */
    bool sent;             /* the whole outflow is */
    int64_t length, given; /* of the outflow; length -1: not known */
    curl_off_t moved;      /* bytes in both directions, and when that last changed */
    int64_t moved_ms, progress_ms;
    bool hopeless; /* see struct mk_outcome */
};

static bool stop(struct run *run, int code, const char *reason) {
    return mk_inflow_stop(&run->in, code, reason);
}

/* ---- in ---- */

static size_t take_header(char *line, size_t size, size_t n, void *user) {
    struct run *run = user;
    long status = 0;
    curl_easy_getinfo(run->transport->curl, CURLINFO_RESPONSE_CODE, &status);
    return mk_inflow_line(&run->in, (int)status, line, size * n) ? size * n : 0;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *user) {
    struct run *run = user;
    return mk_inflow_body(&run->in, bytes, size * n) ? size * n : size * n + 1;
}

/* ---- out ---- */

static size_t give_body(char *to, size_t size, size_t n, void *user) {
    struct run *run = user;
    int code = MK_ERR_CALLBACK;
    long got = mk_outflow_read(run->outflow, to, size * n, &code);
    if (got < 0) {
        stop(run, code, code == MK_ERR_FILE ? strerror(errno) : "the source said stop");
        return CURL_READFUNC_ABORT;
    }
    run->given += got;
    run->sent = got == 0 || run->given == run->length;
    /* What was announced in Content-Length is what must come. */
    if (run->length < 0 || run->given == run->length || (got > 0 && run->given < run->length))
        return (size_t)got;
    stop(run, MK_ERR_CALLBACK, "the source is not as long as it said");
    return CURL_READFUNC_ABORT;
}

static int seek_body(void *user, curl_off_t offset, int origin) {
    struct run *run = user;
    bool begin = origin == SEEK_SET && offset == 0;
    if (!begin || run->outflow == NULL || mk_outflow_rewind(run->outflow) != MK_OK)
        return CURL_SEEKFUNC_FAIL;
    run->given = 0;
    run->sent = false;
    return CURL_SEEKFUNC_OK;
}

/* ---- time ---- */

static bool tell_progress(struct run *run) {
    return run->outflow == NULL || mk_tell_progress(run->exchange, mk_outflow_taken(run->outflow)) ||
           stop(run, MK_ERR_CALLBACK, "the progress callback said stop");
}

/* Called by libcurl at every turn, and once a second where nothing happens. */
static int watch(void *user, curl_off_t d_total, curl_off_t down, curl_off_t u_total, curl_off_t up) {
    struct run *run = user;
    int64_t now = mk_now_ms(), idle = run->transport->idle_timeout_ms;
    (void)d_total, (void)u_total;
    idle *= run->sent && !run->in.head_ended ? ANSWER_IDLE_TIMES : 1;
    if (down + up != run->moved || run->moved_ms == 0) {
        run->moved = down + up;
        run->moved_ms = now;
    } else if (idle > 0 && now - run->moved_ms > idle) {
        return !stop(run, MK_ERR_TIMEOUT, "nothing moved for idle_timeout_ms");
    }
    if (now - run->progress_ms < MK_PROGRESS_MS)
        return 0;
    run->progress_ms = now;
    return !tell_progress(run);
}

/* ---- the request ---- */

static bool add_line(struct curl_slist **list, const char *name, const char *value) {
    struct mk_buffer line = {0};
    mk_buffer_add_text(&line, name);
    /* libcurl takes `Name;` for an empty value; `Name:` would leave the header out */
    mk_buffer_add_text(&line, *value == '\0' ? ";" : ": ");
    mk_buffer_add_text(&line, value);
    struct curl_slist *longer = line.failed ? NULL : curl_slist_append(*list, line.bytes);
    if (line.bytes != NULL)
        explicit_bzero(line.bytes, line.n);
    mk_buffer_clear(&line);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

static bool add_lines(struct curl_slist **list, const mk_header *headers, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!add_line(list, headers[i].name, headers[i].value))
            return false;
    return true;
}

/* A token must not stay in freed memory. */
static void free_lines(struct curl_slist *list) {
    for (struct curl_slist *l = list; l != NULL; l = l->next)
        explicit_bzero(l->data, strlen(l->data));
    curl_slist_free_all(list);
}

static bool set_method(CURL *curl, const struct mk_exchange *x, int64_t length) {
    bool get = strcmp(x->method, "GET") == 0, head = strcmp(x->method, "HEAD") == 0;
    curl_easy_setopt(curl, CURLOPT_NOBODY, 0L);
    if (x->source != NULL) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
    } else if (x->body != NULL || (!get && !head && strcmp(x->method, "DELETE") != 0)) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, x->body == NULL ? "" : x->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->n_body);
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(curl, CURLOPT_NOBODY, head ? 1L : 0L);
    }
    return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, head ? NULL : x->method) == CURLE_OK;
}

/* libcurl 7.88 that has no memory for the query of a URL sends the request without it, which is another request. So it
 * is given the target apart from the URL; where a proxy must be given the whole URL, check_target() looks at what went
 * out. */
static bool set_target(const struct mk_transport *t, const char *path) {
    struct mk_buffer target = {0};
    mk_buffer_add_text(&target, t->may_be_proxied ? t->url : t->base_path);
    mk_buffer_add_text(&target, path);
    CURLoption option = t->may_be_proxied ? CURLOPT_URL : CURLOPT_REQUEST_TARGET;
    bool good = !target.failed && curl_easy_setopt(t->curl, option, target.bytes) == CURLE_OK;
    mk_buffer_clear(&target);
    return good;
}

static int check_target(CURL *curl, curl_infotype type, char *bytes, size_t n, void *user) {
    struct run *run = user;
    const char *path = run->exchange->path, *end = memchr(bytes, '\r', n);
    (void)curl;
    if (type != CURLINFO_HEADER_OUT || run->checked)
        return 0;
    run->checked = true;
    size_t n_path = strlen(path), n_version = strlen(" HTTP/1.1");
    if (end == NULL || (size_t)(end - bytes) < n_path + n_version ||
        memcmp(end - n_version - n_path, path, n_path) != 0)
        stop(run, MK_ERR_NO_MEMORY, NULL);
    return 0;
}

static bool set_request(struct run *run, const mk_header *more, size_t n_more, struct curl_slist **lines) {
    struct mk_transport *t = run->transport;
    const struct mk_exchange *x = run->exchange;
    bool typed = x->source != NULL;
    for (size_t i = 0; i < x->n_headers && !typed; i++)
        typed = mk_same(x->headers[i].name, "Content-Type");
    if (!add_lines(lines, x->headers, x->n_headers) || !add_lines(lines, more, n_more))
        return false;
    struct curl_slist *longer = typed ? *lines : curl_slist_append(*lines, "Content-Type:"); /* libcurl's own: none */
    if (longer == NULL && !typed)
        return false;
    *lines = longer;
    bool good = set_target(t, x->path);
    if (!good || !set_method(t->curl, x, run->length))
        return false;
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, *lines);
    return true;
}

/* ---- SIGPIPE ----
 * OpenSSL may write to a socket that is gone. The signal is held back in this thread only and taken out again when it
 * was us; callbacks of the caller's get EPIPE in its place. */

static void hold_pipe_signal(sigset_t *before, bool *ret_was_pending) {
    sigset_t pipe, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, before);
    *ret_was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void release_pipe_signal(const sigset_t *before, bool was_pending) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const struct timespec at_once = {0};
    while (!was_pending && sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* ---- what became of it ---- */

static int code_of(CURLcode result) {
    switch (result) {
    case CURLE_OUT_OF_MEMORY:
        return MK_ERR_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT:
        return MK_ERR_TIMEOUT;
    case CURLE_SSL_CACERT_BADFILE:
        return MK_ERR_FILE;
    case CURLE_URL_MALFORMAT:
        return MK_ERR_ARGUMENT;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: the URL's own scheme was looked at before */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
        return MK_ERR_PROTOCOL;
    default:
        return MK_ERR_NETWORK;
    }
}

/* What stays as it is, however often one asks. */
static bool is_lasting(CURLcode result) {
    return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
           result == CURLE_SSL_CERTPROBLEM || result == CURLE_COULDNT_RESOLVE_PROXY || result == CURLE_URL_MALFORMAT;
}

static int fail(struct run *run, CURLcode result, mk_error *error) {
    const struct mk_transport *t = run->transport;
    run->hopeless = is_lasting(result);
    const struct mk_inflow *in = &run->in;
    int code = in->code != MK_OK ? in->code : code_of(result), status = in->head_ended ? in->response->status : 0;
    const char *reason = in->code != MK_OK ? in->reason : *t->reason != '\0' ? t->reason : curl_easy_strerror(result);
    if (result == CURLE_OUT_OF_MEMORY && run->in.code == MK_OK && !run->in.head_ended)
        reason = "out of memory, or a header of the answer is longer than 100 KB";
    return mk_fail_status(error, code, status, "%s %s: %s", run->exchange->method, run->exchange->path,
                          code == MK_ERR_NO_MEMORY && run->in.code != MK_OK ? "out of memory" : reason);
}

/* ---- running one ---- */

static void set_run(struct run *run, int64_t timeout_ms) {
    CURL *curl = run->transport->curl;
    const struct mk_exchange *x = run->exchange;
    bool streams = x->source != NULL || x->sink != NULL;
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, run);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, run);
    curl_easy_setopt(curl, CURLOPT_READDATA, run);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, run);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, run);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, run);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, streams ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms < 0 ? 0L : (long)timeout_ms);
    /* On a connection used before that is cut without an answer, libcurl sends again by itself, whatever the method. On
     * one of its own it does not. */
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, x->safe ? 0L : 1L);
    run->transport->reason[0] = '\0';
}

static int finish(struct run *run, CURLcode result, mk_response **ret_response, mk_error *error) {
    curl_off_t wait = 0;
    if (result != CURLE_OK || run->in.code != MK_OK)
        return fail(run, result, error);
    if (!tell_progress(run))
        return fail(run, CURLE_ABORTED_BY_CALLBACK, error);
    if (curl_easy_getinfo(run->transport->curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
        run->in.response->retry_after_s = (int64_t)wait;
    *ret_response = run->in.response;
    return MK_OK;
}

int mk_transport_run(struct mk_transport *t, const struct mk_exchange *x, struct mk_outflow *outflow, int64_t length,
                     const mk_header *more, size_t n_more, int64_t timeout_ms, mk_response **ret_response,
                     struct mk_outcome *ret_outcome, mk_error *error) {
    struct run run = {.transport = t, .exchange = x, .outflow = outflow, .length = length};
    struct curl_slist *lines = NULL;
    sigset_t signals;
    bool pending;
    if (!mk_inflow_start(&run.in, x, t->url, t->max_body_bytes))
        return mk_fail_memory(error);
    int code;
    if (set_request(&run, more, n_more, &lines)) {
        set_run(&run, timeout_ms);
        hold_pipe_signal(&signals, &pending);
        CURLcode result = curl_easy_perform(t->curl);
        if (result == CURLE_OK)
            mk_inflow_end(&run.in);
        release_pipe_signal(&signals, pending);
        code = finish(&run, result, ret_response, error);
    } else {
        code = mk_fail_memory(error);
    }
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
    free_lines(lines);
    *ret_outcome = (struct mk_outcome){run.in.sunk, run.hopeless};
    if (code != MK_OK)
        mk_response_free(run.in.response);
    return code;
}

/* ---- made once a client ---- */

static bool set_text(CURL *curl, CURLoption option, const char *text) {
    return text == NULL || curl_easy_setopt(curl, option, text) == CURLE_OK;
}

static bool may_be_proxied(const mk_client_options *o) {
    if (!mk_same_start(o->url, "http://")) /* TLS goes through a tunnel */
        return false;
    if (o->proxy != NULL)
        return *o->proxy != '\0';
    return getenv("http_proxy") != NULL || getenv("all_proxy") != NULL ||
           getenv("ALL_PROXY") != NULL; /* as libcurl looks */
}

static bool set_standing(struct mk_transport *t, const mk_client_options *o) {
    CURL *c = t->curl;
    char agent[256];
    int n = snprintf(agent, sizeof agent, "%s%slibmedkoord/" MK_VERSION, o->user_agent == NULL ? "" : o->user_agent,
                     o->user_agent == NULL ? "" : " ");
    bool good = n > 0 && (size_t)n < sizeof agent && set_text(c, CURLOPT_USERAGENT, agent) &&
                set_text(c, CURLOPT_PROTOCOLS_STR, "http,https") && set_text(c, CURLOPT_PROXY, o->proxy);
    if (o->ca_file != NULL) { /* this, and not the system's besides */
        good = good && set_text(c, CURLOPT_CAINFO, o->ca_file) && set_text(c, CURLOPT_PROXY_CAINFO, o->ca_file);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(c, CURLOPT_PROXY_CAPATH, NULL);
    }
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_MAXCONNECTS, 2L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->reason);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, check_target);
    curl_easy_setopt(c, CURLOPT_VERBOSE, t->may_be_proxied ? 1L : 0L);
    return good && set_text(c, CURLOPT_URL, t->url);
}

struct mk_transport *mk_transport_create(const mk_client_options *options) {
    struct mk_transport *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->url = options->url;
    t->base_path = strchrnul(strstr(t->url, "://") + 3, '/');
    t->may_be_proxied = may_be_proxied(options);
    t->idle_timeout_ms = options->idle_timeout_ms;
    t->max_body_bytes = options->max_body_bytes;
    t->curl = curl_easy_init();
    if (t->curl == NULL || !set_standing(t, options)) {
        mk_transport_destroy(t);
        return NULL;
    }
    return t;
}

void mk_transport_destroy(struct mk_transport *t) {
    if (t == NULL)
        return;
    curl_easy_cleanup(t->curl);
    free(t);
}
