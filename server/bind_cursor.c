/* Cursors: the keys of the last row of a page, in a form that clients pass back and do not read.
 * SPDX-License-Identifier: MPL-2.0 */
#include "bind.h"

#include <assert.h>
#include <string.h>

/* Bytes: version; hash of the list and its filters (8); then each key as length (2, most significant first) and text,
 * where the length NULL_KEY means NULL. The hash keeps a cursor with its list; it is no secret and no protection: what
 * a forged cursor reaches, the caller may read anyhow. */
#define CURSOR_VERSION 1
#define CURSOR_HEAD    9
#define CURSOR_SIZE    1536
#define NULL_KEY       0xffff
#define MAX_KEYS       (sizeof((struct request *)0)->cursor / sizeof((struct request *)0)->cursor[0])

static bool is_paging(const struct parameter *p) {
    return p->in == IN_QUERY &&
           (strcmp(p->name, "limit") == 0 || strcmp(p->name, "cursor") == 0 || strcmp(p->name, "count") == 0);
}

/* Of the operation, its path and its filters, defaults filled in; the same on every server. */
static uint64_t fingerprint(const struct request *r) {
    uint64_t h = text_hash(r->op->id, strlen(r->op->id), CURSOR_VERSION);
    for (size_t i = 0; i < r->op->n_parameters; i++) {
        const struct parameter *p = &r->op->parameters[i];
        if (p->in == IN_HEADER || is_paging(p) || r->parameters[i].text == NULL)
            continue;
        h = text_hash(p->name, strlen(p->name) + 1, h);
        h = text_hash(r->parameters[i].text, r->parameters[i].length + 1, h);
    }
    return h;
}

static bool read_keys(struct request *r, const unsigned char *bytes, size_t n) {
    while (n > 0) {
        if (r->n_cursor == MAX_KEYS || n < 2)
            return false;
        size_t length = (size_t)bytes[0] << 8 | bytes[1];
        bytes += 2;
        n -= 2;
        if (length == NULL_KEY) {
            r->cursor[r->n_cursor++] = NULL;
            continue;
        }
        if (length > n || memchr(bytes, 0, length) != NULL || !text_is_utf8((const char *)bytes, length, NULL))
            return false;
        const char *key = arena_copy(&r->arena, (const char *)bytes, length);
        if (key == NULL) {
            r->no_memory = true;
            return false;
        }
        r->cursor[r->n_cursor++] = key;
        bytes += length;
        n -= length;
    }
    return true;
}

bool bind_cursor(struct request *r, struct value cursor) {
    unsigned char bytes[CURSOR_SIZE];
    size_t n = text_from_base64url(cursor.text, cursor.length, bytes, sizeof bytes);
    if (n == (size_t)-1 || n <= CURSOR_HEAD || bytes[0] != CURSOR_VERSION)
        return false;
    uint64_t h = fingerprint(r);
    for (size_t i = 0; i < 8; i++)
        if (bytes[1 + i] != (unsigned char)(h >> (56 - 8 * i)))
            return false;
    if (read_keys(r, bytes + CURSOR_HEAD, n - CURSOR_HEAD))
        return true;
    r->n_cursor = 0;
    return false;
}

static size_t write_cursor(const struct request *r, const char *const *keys, size_t n_keys, unsigned char *bytes) {
    uint64_t h = fingerprint(r);
    size_t at = 0;
    bytes[at++] = CURSOR_VERSION;
    for (size_t i = 0; i < 8; i++)
        bytes[at++] = (unsigned char)(h >> (56 - 8 * i));
    for (size_t i = 0; i < n_keys; i++) {
        size_t length = keys[i] == NULL ? NULL_KEY : strlen(keys[i]), text = keys[i] == NULL ? 0 : length;
        if (text >= NULL_KEY || at + 2 + text > CURSOR_SIZE)
            return 0;
        bytes[at++] = (unsigned char)(length >> 8);
        bytes[at++] = (unsigned char)length;
        if (text > 0)
            memcpy(bytes + at, keys[i], text);
        at += text;
    }
    return at;
}

/* A query's value (RFC 3986, section 3.4); what reads well and is allowed stays as it is. */
static void add_escaped(struct buffer *out, struct value value) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~,:/";
    for (size_t i = 0; i < value.length; i++) {
        if (strchr(plain, value.text[i]) != NULL)
            buffer_char(out, value.text[i]);
        else
            buffer_format(out, "%%%02X", (unsigned char)value.text[i]);
    }
}

static bool is_default(const struct parameter *p, struct value value) {
    return value.text == NULL || (p->fallback != NULL && strcmp(p->fallback, value.text) == 0);
}

const char *bind_next_url(struct request *r, const char *const *keys, size_t n) {
    CHECK_REQUEST(r);
    unsigned char bytes[CURSOR_SIZE];
    char cursor[CURSOR_SIZE / 3 * 4 + 4];
    size_t length = n > MAX_KEYS ? 0 : write_cursor(r, keys, n, bytes);
    if (length == 0)
        return NULL;
    text_to_base64url(bytes, length, cursor, sizeof cursor);
    struct buffer url = {0};
    buffer_text(&url, r->path);
    char separator = '?';
    for (size_t i = 0; i < r->op->n_parameters; i++) {
        const struct parameter *p = &r->op->parameters[i];
        if (p->in != IN_QUERY || strcmp(p->name, "cursor") == 0 || is_default(p, r->parameters[i]))
            continue;
        buffer_format(&url, "%c%s=", separator, p->name);
        add_escaped(&url, r->parameters[i]);
        separator = '&';
    }
    buffer_format(&url, "%ccursor=%s", separator, cursor);
    const char *text = url.failed ? NULL : arena_copy(&r->arena, url.bytes, url.length);
    buffer_free(&url);
    return text;
}
