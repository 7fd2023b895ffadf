/* An answer as it comes in: its head is looked at before any of its body goes anywhere.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_HEAD ((size_t)256 * 1024)

bool mk_inflow_start(struct mk_inflow *in, const struct mk_exchange *exchange, const char *url, size_t max_body_bytes) {
    *in = (struct mk_inflow){.exchange = exchange, .url = url, .response = calloc(1, sizeof *in->response)};
    if (in->response == NULL)
        return false;
    in->response->head.limit = LARGEST_HEAD;
    in->response->body.limit = max_body_bytes;
    return true;
}

bool mk_inflow_stop(struct mk_inflow *in, int code, const char *reason) {
    if (in->code == MK_OK) {
        in->code = code;
        in->reason = reason;
    }
    return false;
}

/* ---- the head ---- */

static bool keep_header(struct mk_inflow *in, const char *line, size_t n) {
    struct mk_buffer *head = &in->response->head;
    const char *colon = memchr(line, ':', n), *end = line + n;
    if (colon == NULL || colon == line || memchr(line, '\0', n) != NULL || *line == ' ' || *line == '\t')
        return mk_inflow_stop(in, MK_ERR_PROTOCOL, "a header of the answer is malformed");
    mk_buffer_add(head, line, (size_t)(colon - line));
    mk_buffer_add(head, "", 1);
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    mk_buffer_add(head, value, (size_t)(end - value));
    mk_buffer_add(head, "", 1);
    if (head->too_large)
        return mk_inflow_stop(in, MK_ERR_PROTOCOL, "the head of the answer is too large");
    return !head->failed || mk_inflow_stop(in, MK_ERR_NO_MEMORY, NULL);
}

static size_t count_headers(const mk_response *response, const char *wanted) {
    const char *name, *value;
    size_t n = 0;
    for (size_t i = 0; mk_response_header_at(response, i, &name, &value); i++)
        n += mk_same(name, wanted);
    return n;
}

/* What answers 200 to everything, a proxy or a page to log in at, is no server of ours. Told before a sink gets any of
 * it. */
static bool check_type(struct mk_inflow *in) {
    const char *const *can = in->exchange->produces, *is = mk_response_header(in->response, "Content-Type");
    int status = in->response->status;
    if (can == NULL || status < 200 || status > 299 || (is == NULL && status == 204))
        return true;
    for (const char *const *type = can; *type != NULL; type++)
        if (mk_response_is(in->response, *type))
            return true;
    bool told = is != NULL && *is != '\0' && mk_utf8_is_good(is, strlen(is));
    snprintf(in->other_type, sizeof in->other_type, "%.100s answered %s, which is not %s", in->url,
             told && strlen(is) < 60 ? is : "no type", *can == NULL ? "empty" : *can);
    return mk_inflow_stop(in, MK_ERR_PROTOCOL, in->other_type);
}

static bool end_head(struct mk_inflow *in) {
    int status = in->response->status;
    if (status < 200) /* the real one comes after */
        return true;
    in->head_ended = true;
    /* A connection that simply ends would make half an export look like a whole one; two lengths leave open where the
     * next answer begins. */
    size_t lengths = count_headers(in->response, "Content-Length") + count_headers(in->response, "Transfer-Encoding");
    bool bodiless = status == 204 || status >= 300 || strcmp(in->exchange->method, "HEAD") == 0;
    if (lengths != 1 && !(lengths == 0 && bodiless))
        return mk_inflow_stop(in, MK_ERR_PROTOCOL,
                              lengths == 0 ? "the answer does not say where it ends" : "the answer has two lengths");
    return check_type(in);
}

bool mk_inflow_line(struct mk_inflow *in, int status, const char *line, size_t n) {
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        n--;
    if (in->head_ended) /* trailers */
        return true;
    in->response->status = status;
    if (n == 0)
        return end_head(in);
    if (n >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        in->response->head.n = 0;
        return true;
    }
    return keep_header(in, line, n);
}

/* ---- the body ---- */

static bool give_sink(struct mk_inflow *in, const void *bytes, size_t n) {
    const mk_sink *sink = in->exchange->sink;
    in->sunk += (int64_t)n;
    if (n == 0 || sink->write(sink->user, bytes, n) == 0)
        return true;
    bool file = mk_sink_is_file(sink);
    return mk_inflow_stop(in, file ? MK_ERR_FILE : MK_ERR_CALLBACK, file ? strerror(errno) : "the sink took no more");
}

bool mk_inflow_body(struct mk_inflow *in, const void *bytes, size_t n) {
    struct mk_buffer *body = &in->response->body;
    if (in->exchange->sink != NULL && in->response->status >= 200 && in->response->status < 300)
        return give_sink(in, bytes, n);
    mk_buffer_add(body, bytes, n);
    return !body->failed || mk_inflow_stop(in, body->too_large ? MK_ERR_PROTOCOL : MK_ERR_NO_MEMORY,
                                           "the answer is larger than max_body_bytes");
}

void mk_inflow_end(struct mk_inflow *in) {
    if (!in->head_ended)
        mk_inflow_stop(in, MK_ERR_NETWORK, "the connection was cut within the head of the answer");
    if (in->sunk > 0 && !mk_sink_flush(in->exchange->sink)) /* a file may have no room for what it held back */
        mk_inflow_stop(in, MK_ERR_FILE, strerror(errno));
}
