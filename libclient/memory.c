/* Memory: arenas that results live in, and bytes that grow.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK   ((size_t)1024)
#define LARGEST_CHUNK ((size_t)64 * 1024)

struct chunk {
    struct chunk *next;
    size_t room, used;
    _Alignas(max_align_t) char bytes[];
};

struct mk_arena {
    struct chunk *chunks; /* the first is the one in use */
    size_t n, limit;      /* bytes of all chunks; limit: 0 is none */
    bool full;
};

struct mk_arena *mk_arena_create(void) {
    return calloc(1, sizeof(struct mk_arena));
}

void mk_arena_destroy(struct mk_arena *arena) {
    if (arena == NULL)
        return;
    for (struct chunk *next, *c = arena->chunks; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(arena);
}

void mk_arena_limit(struct mk_arena *arena, size_t limit) {
    arena->limit = limit;
}

bool mk_arena_is_full(const struct mk_arena *arena) {
    return arena->full;
}

static struct chunk *add_chunk(struct mk_arena *arena, size_t n) {
    size_t room = arena->chunks == NULL ? FIRST_CHUNK : arena->chunks->room * 2;
    if (room > LARGEST_CHUNK)
        room = LARGEST_CHUNK;
    bool large = n > room;
    if (large)
        room = n;
    arena->full = arena->limit > 0 && (arena->n > arena->limit || room > arena->limit - arena->n);
    struct chunk *c = arena->full ? NULL : calloc(1, sizeof *c + room);
    if (c == NULL)
        return NULL;
    c->room = room;
    arena->n += room;
    if (large && arena->chunks != NULL) { /* what is left of the one in use stays in use */
        c->next = arena->chunks->next;
        arena->chunks->next = c;
    } else {
        c->next = arena->chunks;
        arena->chunks = c;
    }
    return c;
}

void *mk_arena_alloc(struct mk_arena *arena, size_t n) {
    const size_t align = _Alignof(max_align_t);
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + align - 1) / align * align;
    struct chunk *c = arena->chunks;
    if (c == NULL || n > c->room - c->used) {
        c = add_chunk(arena, n);
        if (c == NULL)
            return NULL;
    }
    void *p = c->bytes + c->used;
    c->used += n;
    return p;
}

char *mk_arena_text(struct mk_arena *arena, const char *text, size_t n) {
    char *copy = mk_arena_alloc(arena, n + 1);
    if (copy != NULL && n > 0)
        memcpy(copy, text, n);
    return copy;
}

/* ---- bytes that grow ---- */

static bool grow(struct mk_buffer *b, size_t n) {
    if (n >= SIZE_MAX / 4 || b->n >= SIZE_MAX / 4)
        return false;
    size_t room = b->room == 0 ? 1024 : b->room;
    while (room < b->n + n + 1)
        room *= 2;
    if (room == b->room)
        return true;
    char *bytes = realloc(b->bytes, room);
    if (bytes == NULL)
        return false;
    b->bytes = bytes;
    b->room = room;
    return true;
}

void mk_buffer_add(struct mk_buffer *b, const void *bytes, size_t n) {
    if (b->failed)
        return;
    b->too_large = b->limit > 0 && (b->n > b->limit || n > b->limit - b->n);
    if (b->too_large || !grow(b, n)) {
        b->failed = true;
        return;
    }
    if (n > 0)
        memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    b->bytes[b->n] = '\0';
}

void mk_buffer_add_text(struct mk_buffer *b, const char *text) {
    mk_buffer_add(b, text, strlen(text));
}

void mk_buffer_clear(struct mk_buffer *b) {
    free(b->bytes);
    *b = (struct mk_buffer){.limit = b->limit};
}

/* ---- names ---- */

static unsigned char small(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool mk_same_start(const char *text, const char *start) {
    for (; *start != '\0'; text++, start++)
        if (small(*text) != small(*start))
            return false;
    return true;
}

bool mk_same(const char *a, const char *b) {
    return strlen(a) == strlen(b) && mk_same_start(a, b);
}

bool mk_is_header_value(const char *text) {
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7F)
            return false;
    return true;
}
