/* The command's memory: a pool that ends the program when there is no more, and texts that grow in it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct piece {
    struct piece *before;
    size_t number;
    max_align_t bytes[];
};
static struct piece *last;

static _Noreturn void no_memory(void) {
    const char *message = T(NO_MEMORY);
    (void)!write(STDERR_FILENO, "medkoord: ", 10);
    (void)!write(STDERR_FILENO, message, strlen(message));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(EXIT_OTHER);
}

void *pool_alloc(size_t n) {
    struct piece *piece = n < SIZE_MAX - sizeof *piece ? calloc(1, sizeof *piece + n) : NULL;
    if (piece == NULL)
        no_memory();
    piece->before = last;
    piece->number = last == NULL ? 1 : last->number + 1;
    last = piece;
    return piece->bytes;
}

void *pool_grow(void *old, size_t old_n, size_t n) {
    void *grown = pool_alloc(n);
    if (old_n > 0)
        memcpy(grown, old, old_n);
    return grown;
}

char *pool_text(const char *text, size_t n) {
    char *copy = pool_alloc(n + 1);
    memcpy(copy, text, n);
    return copy;
}

char *pool_format(const char *format, ...) {
    char *made = NULL;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (n < 0)
        no_memory();
    char *text = pool_text(made, (size_t)n);
    free(made);
    return text;
}

size_t pool_mark(void) {
    return last == NULL ? 0 : last->number;
}

void pool_release(size_t mark) {
    while (last != NULL && last->number > mark) {
        struct piece *before = last->before;
        free(last);
        last = before;
    }
}

/* ---- texts ---- */

void text_add(struct text *t, const char *p, size_t n) {
    if (t->room - t->n <= n) {
        size_t room = 2 * (t->n + n) + 64;
        t->p = pool_grow(t->p, t->n, room);
        t->room = room;
    }
    memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void text_put(struct text *t, const char *p) {
    text_add(t, p, strlen(p));
}

void text_format(struct text *t, const char *format, ...) {
    char *made = NULL;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (n < 0)
        no_memory();
    text_add(t, made, (size_t)n);
    free(made);
}

void text_json(struct text *t, const char *p) {
    text_add(t, "\"", 1);
    for (; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            text_format(t, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            text_format(t, "\\u%04x", c);
        else
            text_add(t, p, 1);
    }
    text_add(t, "\"", 1);
}

static bool is_number(const char *p) {
    p += *p == '-';
    size_t whole = strspn(p, "0123456789");
    p += whole;
    if (*p == '.') {
        size_t part = strspn(p + 1, "0123456789");
        p += part > 0 ? part + 1 : 0;
    }
    return whole > 0 && *p == '\0';
}

void text_csv(struct text *t, const char *p) {
    bool runs =
        *p != '\0' && strchr("=+-@\t\r", *p) != NULL && !is_number(p); /* a spreadsheet would take it for a formula */
    if (!runs && strpbrk(p, ",\"\r\n;") == NULL) {
        text_put(t, p);
        return;
    }
    text_add(t, "\"'", runs ? 2 : 1);
    for (; *p != '\0'; p++)
        text_add(t, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    text_add(t, "\"", 1);
}
