/* The HTTP side of a loop: libmicrohttpd with external polling, the gate for what it lets through, the reaper for
 * clients that drip. The only file with microhttpd.h.
 *
 * Known of libmicrohttpd 0.9.75 and handled here: it takes Content-Length together with Transfer-Encoding, and either
 * of them twice (see http_gate.c); it decodes paths; its timeout is of idleness only, and suspended connections have
 * none; a response can be queued before the body or after it, not between; nothing wakes its epoll descriptor after a
 * resume.
 * SPDX-License-Identifier: MPL-2.0 */
#include "http_gate.h"
#include "server.h"

#include <assert.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* libmicrohttpd clears all of it after each request, so a connection that sits idle has all of it. What a head leaves
 * is for the answer's: with less, a request would be worked on whose answer finds no room. */
#define CONNECTION_MEMORY   (HEAD_LIMIT + 2048u)
#define IDLE_TIMEOUT_S      75u        /* between two requests of a connection */
#define REPLY_DEADLINE_US   120000000u /* to take a whole reply */
#define SWALLOW_LIMIT       (4u * 1024u * 1024u)
#define EARLY_SWALLOW_LIMIT (4u * JSON_BODY_LIMIT)
#define STREAM_BLOCK        (32u * 1024u)
/* An upload slower than this is a drip. Who reads a streamed reply holds a connection of the database that others wait
 * for (write_deadline_ms), and may be late for less time than they wait. */
#define SLOWEST_UPLOAD_BYTES_PER_S 1024u
#define SLOWEST_READER_BYTES_PER_S (16u * 1024u)
#define READER_LATE_US             10000000u
#define HANDSHAKE_US               10000u  /* while stopping: for that of a connection which has begun */
#define FIRST_REQUEST_US           500000u /* while stopping: for the first request of a connection just taken */

struct http_connection {
    struct http *http;
    struct MHD_Connection *connection;
    struct request *request;
    char *target;
    int fd;
    uint64_t opened_us;
    uint64_t deadline_us; /* 0: somebody else keeps the time (the database's, the handler's) */
    uint64_t suspended_us;
    uint64_t streamed, taken; /* bytes of a streamed reply: given to the kernel, and acknowledged by the client's */
    struct http_connection *next, *previous;
};

struct http {
    struct loop *loop;
    const struct conf *conf;
    struct MHD_Daemon *daemon;
    struct http_connection *connections;
    size_t in_flight;
    int quiet_fd; /* the listener while it is made quiet; -1 before and after */
    uint64_t quiet_until_us;
    bool stopping; /* http_destroy(): nothing may begin or be suspended any more */
};

/* ---- from what came to r ---- */

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                   const char *value, size_t length) {
    (void)kind;
    return gate_header(cls, name, name_length, value, length) ? MHD_YES : MHD_NO;
}

static void take_head(struct request *r, const char *method, const char *url, const char *version) {
    struct gate_head head;
    gate_line(&head, r, method, url, version);
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, take_header, &head);
    gate_end(&head,
             method + MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size);
    if (gate_check(&head, r, method, version))
        request_check_head(r);
}

/* ---- the client's time ---- */

/* What a stream moves earns it time, at the slowest rate that is taken; no more can be saved up than late_us, or who
 * was fast for a while could then stand still for hours. */
static void earn_time(struct http_connection *c, uint64_t bytes, uint64_t slowest_per_s, uint64_t late_us) {
    uint64_t earned_us = c->deadline_us + bytes * 1000000u / slowest_per_s, most_us = c->http->loop->now_us + late_us;
    c->deadline_us = earned_us < most_us ? earned_us : most_us;
}

/* The kernel keeps megabytes for a client that takes nothing, and says that there is room again when a third of them is
 * gone: its queue tells what has been taken meanwhile. */
static void earn_time_by_taking(struct http_connection *c) {
    int queued = 0;
    ioctl(c->fd, SIOCOUTQ, &queued);
    uint64_t taken = c->streamed > (uint64_t)queued ? c->streamed - (uint64_t)queued : 0;
    if (taken <= c->taken)
        return;
    earn_time(c, taken - c->taken, SLOWEST_READER_BYTES_PER_S, READER_LATE_US);
    c->taken = taken;
}

static uint64_t upload_late_us(const struct request *r) {
    return (uint64_t)r->link->http->conf->stream_idle_ms * 1000u;
}

static void set_body_deadline(struct request *r) {
    bool streams = r->op != NULL && r->op->streams;
    uint64_t time_us = streams ? upload_late_us(r) : (uint64_t)r->link->http->conf->body_deadline_ms * 1000u;
    r->link->deadline_us = r->started_us + time_us;
}

/* ---- answering ---- */

static ssize_t read_stream(void *cls, uint64_t position, char *buffer, size_t n) {
    (void)position;
    struct request *r = cls;
    CHECK_REQUEST(r);
    if (r->link->http->stopping)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    long got = r->read(r, buffer, n);
    r->link->streamed += got > 0 ? (uint64_t)got : 0;
    earn_time_by_taking(r->link);
    return got == -1 ? MHD_CONTENT_READER_END_OF_STREAM : got < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)got;
}

static enum MHD_Result answer(struct request *r) {
    struct MHD_Response *response;
    if (r->read != NULL) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, r, NULL);
    } else if (r->reply.length == 0) {
        const char *text = r->constant.text != NULL ? r->constant.text : "";
        response = MHD_create_response_from_buffer(r->constant.length, (void *)text, MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer_with_free_callback(r->reply.length, r->reply.bytes, free);
        if (response != NULL)
            r->reply = (struct buffer){0}; /* libmicrohttpd's now */
    }
    if (response == NULL)
        return MHD_NO;
    if (r->read != NULL &&
        r->head_only) /* or the last chunk, 0 CR LF CR LF, is sent after the head of an answer to HEAD */
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    bool added = r->content_type_out == NULL ||
                 MHD_add_response_header(response, "Content-Type", r->content_type_out) == MHD_YES;
    for (size_t i = 0; i < r->n_headers && added; i++)
        added = MHD_add_response_header(response, r->headers[i].name, r->headers[i].value) == MHD_YES;
    /* libmicrohttpd takes a bare LF in and behind chunks, and anything as a trailer, where a proxy may see another end
     * of the request: nothing that follows a chunked body is taken for the next one. */
    if (added && (r->loop->draining || r->content_length == CONTENT_CHUNKED))
        added = MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    enum MHD_Result result = added ? MHD_queue_response(r->connection, (unsigned)r->status, response) : MHD_NO;
    MHD_destroy_response(response);
    r->stage = STAGE_DONE;
    r->link->deadline_us = r->loop->now_us + (r->read != NULL ? READER_LATE_US : REPLY_DEADLINE_US);
    r->link->streamed = r->link->taken = 0;
    return result;
}

void http_stream_reply(struct request *r, int status, const char *content_type, http_read_fn read) {
    r->read = read;
    request_reply(r, status, content_type);
}

/* ---- libmicrohttpd's callbacks ---- */

static enum MHD_Result take_body(struct request *r, const char *data, size_t *size) {
    if (r->stage == STAGE_PARKED)
        return MHD_YES;
    if (r->op != NULL && r->op->streams && r->stage != STAGE_ANSWERED) {
        if (!r->started) {
            r->started = true;
            r->op->handler->start(r);
        }
        if (r->stage == STAGE_BODY) {
            size_t taken = r->op->handler->data(r, data, *size);
            r->received += taken;
            *size -= taken;
            earn_time(r->link, taken, SLOWEST_UPLOAD_BYTES_PER_S, upload_late_us(r));
            assert(*size == 0 || r->stage == STAGE_PARKED || r->stage == STAGE_ANSWERED);
        }
        if (r->stage == STAGE_PARKED)
            return MHD_YES;
    } else if (r->stage != STAGE_ANSWERED) {
        if (r->body.length + *size > JSON_BODY_LIMIT)
            request_problem(r, PROBLEM_CONTENT_TOO_LARGE, "a JSON body has at most 262144 bytes");
        else
            buffer_add(&r->body, data, *size);
        if (r->body.failed)
            request_problem(r, PROBLEM_OVERLOADED, NULL);
        r->received += r->stage == STAGE_ANSWERED ? 0 : *size;
        *size = r->stage == STAGE_ANSWERED ? *size : 0;
    }
    if (r->stage == STAGE_ANSWERED) { /* the answer has to wait for the end of the body; what is left is thrown away */
        r->received += *size;
        *size = 0;
        if (r->op != NULL && r->op->streams)
            return MHD_YES; /* until the deadline of what was taken last, however fast it comes */
        if (r->received > SWALLOW_LIMIT)
            return MHD_NO;
    }
    return MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **request) {
    struct http *http = cls;
    struct request *r = *request;
    if (r == NULL) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        assert(info != NULL); /* every connection has one */
        struct http_connection *link = info->socket_context;
        if (link == NULL || link->target == NULL || (r = request_create(http->loop, connection, link->target)) == NULL)
            return MHD_NO;
        *request = r;
        r->link = link;
        link->request = r;
        http->in_flight++;
        atomic_fetch_add_explicit(&http->loop->metrics->in_flight, 1, memory_order_relaxed);
        take_head(r, method, url, version);
        set_body_deadline(r);
        /* A body that is not much too long is read to its end before a refusal, so that the client is sure to see the
         * answer. What is answered here closes the connection: right for a head that cannot be trusted, a waste for one
         * without a body.
         */
        bool readable = r->problem != PROBLEM_MALFORMED_REQUEST && r->problem != PROBLEM_HEADERS_TOO_LARGE;
        if (r->stage == STAGE_ANSWERED && (!readable || r->waits || r->content_length > EARLY_SWALLOW_LIMIT))
            return answer(r);
        return MHD_YES;
    }
    CHECK_REQUEST(r);
    assert(r->stage != STAGE_HEAD); /* take_head() has ended it */
    if (http->stopping && r->stage == STAGE_BODY)
        request_problem(r, PROBLEM_STOPPING, NULL);
    if (*size > 0)
        return take_body(r, data, size);
    r->whole = true;
    if (r->stage == STAGE_BODY) {
        r->link->deadline_us = 0;
        request_start(r);
    }
    if (r->stage == STAGE_PARKED)
        return MHD_YES;
    assert(r->stage == STAGE_ANSWERED);
    return answer(r);
}

static void completed(void *cls, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode why) {
    (void)connection;
    struct http *http = cls;
    struct request *r = *request;
    if (r == NULL)
        return;
    CHECK_REQUEST(r);
    *request = NULL;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && r->stage != STAGE_DONE)
        r->status = 499; /* in the log and the counters only: the client went away before it was answered */
    r->link->request = NULL;
    r->link->deadline_us = http->loop->now_us + IDLE_TIMEOUT_S * 1000000u;
    http->in_flight--;
    atomic_fetch_sub_explicit(&http->loop->metrics->in_flight, 1, memory_order_relaxed);
    request_destroy(r);
}

static void *take_target(void *cls, const char *uri, struct MHD_Connection *connection) {
    (void)cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    assert(info != NULL);
    struct http_connection *link = info->socket_context;
    if (link != NULL) {
        free(link->target);
        link->target = strdup(uri);
        /* Of a connection that has served before, the time so far was that of its idleness. */
        uint64_t deadline_us = link->http->loop->now_us + (uint64_t)link->http->conf->head_deadline_ms * 1000u;
        if (deadline_us < link->deadline_us)
            link->deadline_us = deadline_us;
    }
    return NULL;
}

static void connection_changed(void *cls, struct MHD_Connection *connection, void **context,
                               enum MHD_ConnectionNotificationCode code) {
    struct http *http = cls;
    struct http_connection *link = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        link = calloc(1, sizeof *link);
        *context = link;
        if (link == NULL)
            return; /* handle() refuses it */
        uint64_t now_us = clock_us();
        *link = (struct http_connection){.http = http,
                                         .connection = connection,
                                         .fd = info->connect_fd,
                                         .opened_us = now_us,
                                         .deadline_us = now_us + (uint64_t)http->conf->head_deadline_ms * 1000u,
                                         .next = http->connections};
        if (link->next != NULL)
            link->next->previous = link;
        http->connections = link;
        atomic_fetch_add_explicit(&http->loop->metrics->connections, 1, memory_order_relaxed);
        return;
    }
    if (link == NULL)
        return;
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        http->connections = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    free(link->target);
    free(link);
    *context = NULL;
}

static size_t keep_encoded(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls, (void)connection;
    return strlen(text); /* split_path() and bind.c decode, each piece once */
}

static void daemon_log(void *cls, const char *format, va_list list) {
    (void)cls;
    char text[256];
    vsnprintf(text, sizeof text, format, list);
    text[strcspn(text, "\n")] = '\0';
    log_line(LOG_DEBUG, "http", "detail", text, NULL);
}

/* ---- the loop's side ---- */

struct http *http_create(struct loop *loop, const struct conf *conf, int listen_fd) {
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return NULL;
    http->loop = loop;
    http->conf = conf;
    http->quiet_fd = -1;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, http,
        MHD_OPTION_EXTERNAL_LOGGER, daemon_log, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)conf->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, take_target, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
        MHD_OPTION_NOTIFY_COMPLETED, completed, http, MHD_OPTION_END);
    if (http->daemon == NULL) {
        free(http);
        return NULL;
    }
    return http;
}

int http_epoll_fd(const struct http *http) {
    return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

long http_timeout_ms(const struct http *http) {
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
        return -1;
    return ms > 60000 ? 60000 : (long)ms;
}

void http_run(struct http *http) {
    MHD_run(http->daemon);
}

/* Whether the client has closed in the middle of a body, taken or thrown away. libmicrohttpd 0.9.75 takes a read
 * shorter than its buffer as the end of what is there and waits for the next edge of its epoll set; a FIN that came
 * together with the last bytes has no edge of its own, and the connection would sit until its deadline. */
static bool is_cut(const struct http_connection *c) {
    char byte;
    const struct request *r = c->request;
    return r != NULL && (r->stage == STAGE_BODY || r->stage == STAGE_ANSWERED) && !r->whole && !r->suspended &&
           recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void http_reap(struct http *http, uint64_t now_us) {
    for (struct http_connection *c = http->connections; c != NULL; c = c->next) {
        if (is_cut(c)) {
            shutdown(c->fd, SHUT_RDWR); /* makes an edge */
            continue;
        }
        if (c->deadline_us == 0 || c->deadline_us > now_us || (c->request != NULL && c->request->suspended))
            continue;
        if (c->request != NULL && c->request->stage == STAGE_DONE && c->request->read != NULL) {
            earn_time_by_taking(c);
            if (c->deadline_us > now_us)
                continue;
        }
        c->deadline_us = 0;
        atomic_fetch_add_explicit(&http->loop->metrics->reaped, 1, memory_order_relaxed);
        shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd sees the end and lets go of everything */
    }
}

void http_quiesce(struct http *http) {
    int fd = MHD_quiesce_daemon(http->daemon);
    assert(fd >= 0); /* a daemon has a listener, and is made quiet once */
    /* Closing a listener resets what the kernel has accepted for it. So no connection may begin any more (a SYN is
     * dropped, and when it comes again it meets another server or is refused), and those that have begun are taken. */
    struct sock_filter no_syn[] = {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13}, /* the flags of the TCP header */
                                   {BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x02},
                                   {BPF_RET | BPF_K, 0, 0, 0},
                                   {BPF_RET | BPF_K, 0, 0, UINT32_MAX}};
    struct sock_fprog filter = {.len = sizeof no_syn / sizeof *no_syn, .filter = no_syn};
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
    http->quiet_fd = fd;
    http->quiet_until_us = http->loop->now_us + HANDSHAKE_US;
}

/* Connections that had begun when the listener was made quiet; it is closed once they had time for their handshake. */
static void take_begun(struct http *http) {
    struct sockaddr_storage from;
    socklen_t n = sizeof from;
    for (int client;
         (client = accept4(http->quiet_fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;
         n = sizeof from)
        MHD_add_connection(http->daemon, client, (struct sockaddr *)&from, n); /* closes client when it fails */
    if (http->loop->now_us < http->quiet_until_us)
        return;
    close(http->quiet_fd);
    http->quiet_fd = -1;
}

/* Nothing is in flight, nor about to be: no bytes wait to be read, and every connection has had time for its first
 * request. */
bool http_is_drained(struct http *http) {
    if (http->quiet_fd >= 0)
        take_begun(http);
    if (http->quiet_fd >= 0 || http->in_flight > 0)
        return false;
    for (const struct http_connection *c = http->connections; c != NULL; c = c->next) {
        int waiting = 0;
        if (ioctl(c->fd, FIONREAD, &waiting) == 0 && waiting > 0)
            return false;
        if (c->target == NULL && http->loop->now_us < c->opened_us + FIRST_REQUEST_US)
            return false;
    }
    return true;
}

void http_suspend(struct request *r) {
    assert(!r->suspended);
    r->suspended = true;
    r->link->suspended_us = r->loop->now_us;
    MHD_suspend_connection(r->connection);
}

void http_resume(struct request *r) {
    assert(r->suspended);
    r->suspended = false;
    if (r->link->deadline_us != 0) /* the client could neither send nor take while it waited for us */
        r->link->deadline_us += r->loop->now_us - r->link->suspended_us;
    MHD_resume_connection(r->connection);
}

void http_destroy(struct http *http) {
    if (http == NULL)
        return;
    /* A daemon must not be stopped with suspended connections: what still waits is answered first. */
    http->stopping = true;
    for (struct http_connection *c = http->connections; c != NULL; c = c->next)
        if (c->request != NULL && c->request->suspended) {
            if (c->request->stage == STAGE_PARKED)
                request_problem(c->request, PROBLEM_STOPPING, NULL);
            if (c->request->suspended)
                http_resume(c->request);
        }
    for (int turn = 0; turn < 100 && http->in_flight > 0; turn++)
        MHD_run(http->daemon);
    MHD_stop_daemon(http->daemon);
    if (http->quiet_fd >= 0)
        close(http->quiet_fd);
    free(http);
}
