/* Memory of one request, freed at once; and growing byte buffers with the escaping that replies need.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4000u

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    _Alignas(16) char bytes[];
};

void *arena_alloc(struct arena *a, size_t n) {
    if (n > ARENA_LIMIT)
        return NULL;
    n = (n + 15u) & ~(size_t)15u;
    if (n == 0)
        n = 16;
    struct arena_chunk *c = a->chunks;
    if (c == NULL || c->size - c->used < n) {
        size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;
        if (a->used + size > ARENA_LIMIT)
            return NULL;
        c = malloc(sizeof *c + size);
        if (c == NULL)
            return NULL;
        c->size = size;
        c->used = 0;
        c->next = a->chunks;
        a->chunks = c;
        a->used += size;
    }
    void *p = c->bytes + c->used;
    c->used += n;
    return memset(p, 0, n);
}

char *arena_copy(struct arena *a, const char *bytes, size_t n) {
    char *p = arena_alloc(a, n + 1);
    if (p != NULL && n > 0)
        memcpy(p, bytes, n);
    return p;
}

char *arena_printf(struct arena *a, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    assert(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    if (p == NULL)
        return NULL;
    va_start(list, format);
    vsnprintf(p, (size_t)n + 1, format, list);
    va_end(list);
    return p;
}

void arena_reset(struct arena *a) {
    for (struct arena_chunk *c = a->chunks, *next; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct arena){0};
}

bool buffer_reserve(struct buffer *b, size_t extra) {
    if (b->failed)
        return false;
    if (b->capacity - b->length >= extra)
        return true;
    if (extra > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    size_t capacity = b->capacity < 256 ? 256 : b->capacity;
    while (capacity - b->length < extra)
        capacity *= 2;
    char *bytes = realloc(b->bytes, capacity);
    if (bytes == NULL) {
        b->failed = true;
        return false;
    }
    b->bytes = bytes;
    b->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *b, const char *bytes, size_t n) {
    if (!buffer_reserve(b, n) || n == 0)
        return;
    memcpy(b->bytes + b->length, bytes, n);
    b->length += n;
}

void buffer_text(struct buffer *b, const char *text) {
    buffer_add(b, text, strlen(text));
}

void buffer_char(struct buffer *b, char c) {
    buffer_add(b, &c, 1);
}

void buffer_format(struct buffer *b, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    assert(n >= 0);
    if (!buffer_reserve(b, (size_t)n + 1))
        return;
    va_start(list, format);
    vsnprintf(b->bytes + b->length, (size_t)n + 1, format, list);
    va_end(list);
    b->length += (size_t)n;
}

void buffer_json(struct buffer *b, const char *bytes, size_t n) {
    /* Six bytes is the longest escape of one; reserving once keeps the loop free of checks. */
    if (n > SIZE_MAX / 8 || !buffer_reserve(b, 6 * n + 2)) {
        b->failed = true;
        return;
    }
    static const char hex[] = "0123456789abcdef";
    char *out = b->bytes + b->length;
    *out++ = '"';
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            *out++ = (char)c;
            continue;
        }
        *out++ = '\\';
        switch (c) {
        case '"':
        case '\\':
            *out++ = (char)c;
            break;
        case '\n':
            *out++ = 'n';
            break;
        case '\r':
            *out++ = 'r';
            break;
        case '\t':
            *out++ = 't';
            break;
        default:
            memcpy(out, "u00", 3);
            out[3] = hex[c >> 4];
            out[4] = hex[c & 15];
            out += 5;
        }
    }
    *out++ = '"';
    b->length = (size_t)(out - b->bytes);
}

bool buffer_time(struct buffer *b, const char *bytes, size_t n) { /* 2026-11-21 22:51:14.5+00 */
    if (n < 22 || memcmp(bytes + n - 3, "+00", 3) != 0)
        return false;
    buffer_add(b, bytes, 10);
    buffer_char(b, 'T');
    buffer_add(b, bytes + 11, n - 14);
    buffer_char(b, 'Z');
    return true;
}

/* Of at least one byte. */
static bool is_plain_number(const char *p, size_t n) {
    size_t i = p[0] == '-' || p[0] == '+' ? 1 : 0;
    bool digits = false;
    for (; i < n; i++) {
        if (p[i] >= '0' && p[i] <= '9')
            digits = true;
        else if (p[i] != '.')
            return false;
    }
    return digits;
}

void buffer_csv(struct buffer *b, const char *bytes, size_t n) {
    /* A cell that begins with one of these is run as a formula by spreadsheets; an apostrophe makes it text (OWASP, CSV
     * injection). Numbers keep their sign. A Danish spreadsheet splits at semicolons and knows our quotes only where a
     * cell of its own begins, so what follows a semicolon or a line end within the text is a beginning too. */
    bool formula = n > 0 && memchr("=+-@\t\r\n", bytes[0], 7) != NULL && !is_plain_number(bytes, n), beginning = false;
    bool quote = formula;
    for (size_t i = 0; i < n && !quote; i++)
        quote = memchr(",;\"\r\n", bytes[i], 5) != NULL;
    if (!quote) {
        buffer_add(b, bytes, n);
        return;
    }
    buffer_char(b, '"');
    if (formula)
        buffer_char(b, '\'');
    for (size_t i = 0; i < n; i++) {
        if (beginning && memchr("=+-@", bytes[i], 4) != NULL)
            buffer_char(b, '\'');
        beginning = memchr(";\r\n", bytes[i], 3) != NULL || (beginning && memchr(" \t\"", bytes[i], 3) != NULL);
        if (bytes[i] == '"')
            buffer_char(b, '"');
        buffer_char(b, bytes[i]);
    }
    buffer_char(b, '"');
}

void buffer_free(struct buffer *b) {
    free(b->bytes);
    *b = (struct buffer){0};
}
