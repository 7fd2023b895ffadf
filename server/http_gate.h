/* The HTTP gate's head: filled line by line, then checked as a whole.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_HTTP_GATE_H
#define MEDKOORD_HTTP_GATE_H

#include "server.h"

/* How much of a head is taken. A header costs what libmicrohttpd keeps of it besides its text. */
#define HEAD_LIMIT   (16u * 1024u)
#define HEADER_COST  64u
#define TARGET_LIMIT (8u * 1024u)

/* The headers that mean something here; each at most once. */
enum header {
    H_HOST,
    H_CONTENT_LENGTH,
    H_TRANSFER_ENCODING,
    H_AUTHORIZATION,
    H_CONTENT_TYPE,
    H_CONTENT_ENCODING,
    H_ACCEPT,
    H_ACCEPT_LANGUAGE,
    H_IF_MATCH,
    H_IF_NONE_MATCH,
    H_IDEMPOTENCY_KEY,
    H_PREFER,
    H_CONTENT_DIGEST,
    H_TRACEPARENT,
    H_REQUEST_ID,
    H_EXPECT,
    N_KNOWN_HEADERS
};
struct gate_head {
    struct value known[N_KNOWN_HEADERS];
    size_t count;
    const char *next;  /* where the next line must begin, see gate_header() */
    const char *wrong; /* what is wrong with the head, or NULL */
};

/* All texts lie in the received head, as libmicrohttpd parsed it in place. */
void gate_line(struct gate_head *, const struct request *, const char *method, const char *url, const char *version);
/* false: there are more headers than are taken, do not go on. */
bool gate_header(struct gate_head *, const char *name, size_t name_length, const char *value, size_t length);
/* After the last header that is taken, with the byte behind the head. */
void gate_end(struct gate_head *, const char *end);
/* Fills in r. false: the request has been ended with a problem. */
bool gate_check(struct gate_head *, struct request *, const char *method, const char *version);

#endif
