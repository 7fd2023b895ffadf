/* The HTTP gate: what a strict server refuses of a request's head before anybody looks at it, and what of it is kept in
 * the request. Pure: it sees pointers into the received head and knows no library.
 * SPDX-License-Identifier: MPL-2.0 */
#include "http_gate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_HEADERS 100u

static bool is_token(const char *p, size_t n) {
    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return true;
}

static bool is_field_value(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
            return false;
    return true;
}

static const char *const header_names[N_KNOWN_HEADERS] = {
    "Host",           "Content-Length",  "Transfer-Encoding", "Authorization", "Content-Type",    "Content-Encoding",
    "Accept",         "Accept-Language", "If-Match",          "If-None-Match", "Idempotency-Key", "Prefer",
    "Content-Digest", "traceparent",     "X-Request-Id",      "Expect"};

bool gate_header(struct gate_head *head, const char *name, size_t name_length, const char *value, size_t length) {
    if (++head->count > MAX_HEADERS)
        return false;
    /* libmicrohttpd 0.9.75 parses in place, ends a value at a NUL, takes a bare LF as the end of a line and glues a
     * folded line to the name of its header, where a proxy sees another message. In all of these the lines do not lie
     * one behind the other, each ended by the two bytes of a CR LF. */
    if (name != head->next || value != name + name_length + 1 + strspn(name + name_length + 1, " \t") ||
        value[length + 1] != '\0')
        head->wrong = "a header line is folded, has a NUL or does not end with CR LF";
    head->next = value + length + 2;
    if (!is_token(name, name_length))
        head->wrong = "a header name is not a token";
    else if (!is_field_value(value, length))
        head->wrong = "a header value has a control character";
    for (size_t i = 0; i < N_KNOWN_HEADERS; i++) {
        if (strlen(header_names[i]) != name_length || strncasecmp(header_names[i], name, name_length) != 0)
            continue;
        if (head->known[i].text != NULL)
            head->wrong =
                i == H_AUTHORIZATION ? "Authorization stands twice" : "a header that may stand once stands twice";
        head->known[i] = (struct value){value, length};
    }
    return true;
}

static bool is_word(struct value v, const char *word) {
    return v.length == strlen(word) && strncasecmp(v.text, word, v.length) == 0;
}

static bool to_length(struct value v, uint64_t *ret) {
    uint64_t n = 0;
    if (v.length == 0 || v.length > 18)
        return false;
    for (size_t i = 0; i < v.length; i++) {
        if (v.text[i] < '0' || v.text[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(v.text[i] - '0');
    }
    *ret = n;
    return true;
}

/* Whether a list of language ranges (RFC 9110, section 12.5.4) puts Danish before English. */
static bool prefers_danish(struct value v) {
    double danish = -1, english = 0;
    bool english_seen = false;
    for (size_t i = 0; i < v.length;) {
        size_t end = i;
        while (end < v.length && v.text[end] != ',')
            end++;
        while (i < end && (v.text[i] == ' ' || v.text[i] == '\t'))
            i++;
        double q = 1;
        const char *mark = memmem(v.text + i, end - i, "q=", 2);
        if (mark != NULL) {
            char number[8] = {0};
            size_t n = (size_t)(v.text + end - (mark + 2));
            memcpy(number, mark + 2, n < sizeof number - 1 ? n : sizeof number - 1);
            q = strtod(number, NULL);
        }
        bool is_range_end = i + 2 >= end || strchr("-;, \t", v.text[i + 2]) != NULL;
        if (end - i >= 2 && is_range_end && strncasecmp(v.text + i, "da", 2) == 0 && q > 0 && danish < q &&
            !(english_seen && english >= q))
            danish = q;
        if (end - i >= 2 && is_range_end && strncasecmp(v.text + i, "en", 2) == 0 && !english_seen) {
            english = q;
            english_seen = true;
        }
        i = end + 1;
    }
    return danish > 0 && (!english_seen || danish >= english);
}

/* Splits the path at its slashes and decodes each segment once. NULL, or what is wrong. */
static const char *split_path(struct request *r) {
    size_t max = sizeof r->segments / sizeof *r->segments;
    const char *p = r->path + 1;
    for (;;) {
        size_t n = strcspn(p, "/");
        char *out = arena_alloc(&r->arena, n + 1);
        if (out == NULL) {
            r->no_memory = true;
            return "memory ran out";
        }
        size_t length = 0;
        for (size_t i = 0; i < n; i++) {
            if (p[i] != '%') {
                if ((unsigned char)p[i] <= 0x20 || (unsigned char)p[i] >= 0x7f)
                    return "a character in the path must be percent-encoded";
                out[length++] = p[i];
                continue;
            }
            int high = i + 2 < n ? text_hex_value(p[i + 1]) : -1;
            int low = high < 0 ? -1 : text_hex_value(p[i + 2]);
            if (high < 0 || low < 0)
                return "a percent sign in the path is not followed by two hexadecimal digits";
            char c = (char)(high * 16 + low);
            if (c == '\0' || c == '/')
                return "%00 and %2F are not allowed in the path";
            out[length++] = c;
            i += 2;
        }
        if ((length == 1 && out[0] == '.') || (length == 2 && out[0] == '.' && out[1] == '.'))
            return "dot segments are not allowed in the path";
        if (!text_is_utf8(out, length, NULL))
            return "the path is not UTF-8";
        if (r->n_segments < max)
            r->segments[r->n_segments++] = (struct value){out, length};
        else
            r->n_segments = max + 1; /* longer than any path of the contract: not found */
        if (r->n_segments > max)
            return NULL;
        if (p[n] == '\0')
            return NULL;
        p += n + 1;
    }
}

void gate_line(struct gate_head *head, const struct request *r, const char *method, const char *url,
               const char *version) {
    *head = (struct gate_head){.next = version + strlen(version) + 2};
    if (url != method + strlen(method) + 1 || version != url + strlen(r->target) + 1 || strchr(r->target, ' ') != NULL)
        head->wrong = "the request line has a NUL or a space too many";
}

/* The last line and the empty one behind it have no successor that would tell how they ended. */
void gate_end(struct gate_head *head, const char *end) {
    if (head->wrong == NULL && end != head->next + 2)
        head->wrong = "the last header line has no name, has a NUL, or it or the empty line does not end with CR LF";
}

static void keep_headers(struct request *r, const struct value *h) {
    bool valid_id = h[H_REQUEST_ID].length > 0 && h[H_REQUEST_ID].length < sizeof r->id;
    for (size_t i = 0; valid_id && i < h[H_REQUEST_ID].length; i++)
        valid_id = h[H_REQUEST_ID].text[i] > 0x20 && h[H_REQUEST_ID].text[i] < 0x7f &&
                   strchr("\"\\<>", h[H_REQUEST_ID].text[i]) == NULL;
    if (valid_id) {
        memcpy(r->id, h[H_REQUEST_ID].text, h[H_REQUEST_ID].length);
        r->id[h[H_REQUEST_ID].length] = '\0';
    }
    r->danish = prefers_danish(h[H_ACCEPT_LANGUAGE]);
    r->authorization = h[H_AUTHORIZATION];
    r->content_type = h[H_CONTENT_TYPE];
    r->content_encoding = h[H_CONTENT_ENCODING];
    r->accept = h[H_ACCEPT];
    r->if_match = h[H_IF_MATCH];
    r->if_none_match = h[H_IF_NONE_MATCH];
    r->idempotency_key = h[H_IDEMPOTENCY_KEY];
    r->prefer = h[H_PREFER];
    r->content_digest = h[H_CONTENT_DIGEST];
    r->traceparent = h[H_TRACEPARENT];
    r->waits = h[H_EXPECT].text != NULL;
}

/* What another server could understand differently (RFC 9112, sections 3 and 6); NULL: nothing. */
static const char *what_is_malformed(struct request *r, const struct value *h, const char *version) {
    bool chunked = h[H_TRANSFER_ENCODING].text != NULL, old = strcmp(version, "HTTP/1.0") == 0;
    if (chunked && h[H_CONTENT_LENGTH].text != NULL)
        return "Content-Length and Transfer-Encoding stand together";
    if (chunked && !is_word(h[H_TRANSFER_ENCODING], "chunked"))
        return "Transfer-Encoding is not chunked";
    if (chunked && old)
        return "HTTP/1.0 has no Transfer-Encoding";
    if (!chunked && r->has_body && !to_length(h[H_CONTENT_LENGTH], &r->content_length))
        return "Content-Length is not a length";
    if (!old && h[H_HOST].length == 0)
        return "Host is missing";
    if (r->path[0] != '/')
        return "the request target does not begin with a slash";
    return split_path(r);
}

static enum method method_of(const char *name) {
    enum method m = 0;
    while (m < N_METHODS && strcmp(name, method_names[m]) != 0)
        m++;
    return m; /* N_METHODS: one we never heard of; the router answers 405 */
}

static bool refuse(struct request *r, enum problem_code code, const char *detail) {
    request_problem(r, code, detail);
    return false;
}

bool gate_check(struct gate_head *head, struct request *r, const char *method, const char *version) {
    const struct value *h = head->known;
    keep_headers(r, h);
    bool chunked = h[H_TRANSFER_ENCODING].text != NULL;
    r->has_body = chunked || h[H_CONTENT_LENGTH].text != NULL;
    r->content_length = chunked ? CONTENT_CHUNKED : 0;
    if (head->count > MAX_HEADERS)
        return refuse(r, PROBLEM_HEADERS_TOO_LARGE, "more than 100 headers");
    if (head->wrong == NULL)
        head->wrong = what_is_malformed(r, h, version);
    if (head->wrong != NULL)
        return refuse(r, r->no_memory ? PROBLEM_OVERLOADED : PROBLEM_MALFORMED_REQUEST, head->wrong);
    if (r->content_length == 0)
        r->has_body = false;
    if (strlen(r->target) > TARGET_LIMIT)
        return refuse(r, PROBLEM_URI_TOO_LONG, "a URL has at most 8192 bytes");
    if ((size_t)(head->next - method) + head->count * HEADER_COST > HEAD_LIMIT)
        return refuse(r, PROBLEM_HEADERS_TOO_LARGE,
                      "the request line and the headers have at most 16384 bytes, each header counted as 64 more");
    if (h[H_EXPECT].text != NULL && !is_word(h[H_EXPECT], "100-continue"))
        return refuse(r, PROBLEM_EXPECTATION_FAILED, "only 100-continue can be expected");
    r->method = method_of(method);
    r->head_only = r->method == METHOD_HEAD;
    return true;
}
