/* jansson made safe when memory runs out.
 * Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <stdlib.h>

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

json_t *json_parse(const char *bytes, size_t n, size_t flags, json_error_t *ret_error, bool *ret_no_memory) {
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
