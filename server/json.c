/* jansson made safe: when memory runs out, and against NULs.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <stdlib.h>
#include <string.h>

/* jansson 2.14 does not look whether the buffer that it collects a string in could grow (lex_save() in its load.c):
 * when that allocation fails and the next succeeds, it copies past the end of the string. So the first failure while
 * parsing makes all later ones of that parse fail too; jansson then gives up at once, and its result is thrown away
 * besides. */

static _Thread_local enum { IDLE, PARSING, FAILED } state;
static void *(*allocate)(size_t) = malloc;

static void *allocate_or_give_up(size_t n) {
    if (state == FAILED)
        return NULL;
    void *memory = allocate(n);
    if (memory == NULL && state == PARSING)
        state = FAILED;
    return memory;
}

void json_memory_init(void *(*allocator)(size_t)) {
    allocate = allocator;
    json_set_alloc_funcs(allocate_or_give_up, free);
}

/* jansson 2.14 loses a NUL that stands behind a number or a literal: it gives the byte back to its buffer, and then
 * takes it for the buffer's end (stream_unget() and stream_get() in its load.c). */
static bool has_nul(const char *bytes, size_t n, json_error_t *ret_error) {
    const char *nul = n == 0 ? NULL : memchr(bytes, '\0', n), *line = bytes, *end;
    if (nul == NULL)
        return false;
    *ret_error = (json_error_t){.line = 1, .position = (int)(nul - bytes), .text = "a NUL byte"};
    for (; (end = memchr(line, '\n', (size_t)(nul - line))) != NULL; line = end + 1)
        ret_error->line++;
    ret_error->column = (int)(nul - line) + 1;
    return true;
}

json_t *json_parse(const char *bytes, size_t n, size_t flags, json_error_t *ret_error, bool *ret_no_memory) {
    *ret_no_memory = false;
    if (has_nul(bytes, n, ret_error))
        return NULL;
    state = PARSING;
    json_t *json = json_loadb(bytes, n, flags, ret_error);
    *ret_no_memory = state == FAILED;
    state = IDLE;
    if (*ret_no_memory) {
        json_decref(json);
        return NULL;
    }
    return json;
}
