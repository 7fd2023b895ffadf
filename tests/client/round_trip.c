/* Reads lines "OPERATION body|result JSON" and answers each with the JSON that the struct made of it is written as, or
 * with "! " and what is wrong. Of a list the result is its items. tests/api/test_zz_round_trip.py compares.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* Fresh memory for each, so that a sanitizer sees what is read past it. */
static bool trip(const struct mk_type *type, const struct mk_json *json, struct mk_buffer *to, char where[MK_WHERE]) {
    struct mk_arena *arena = mk_arena_create();
    void *filled = calloc(1, type->size);
    bool good = arena != NULL && filled != NULL && mk_decode(type, json, arena, filled, where) &&
                mk_encode(type, filled, to, where);
    free(filled);
    mk_arena_destroy(arena);
    return good;
}

static bool trip_items(const struct mk_type *type, const struct mk_json *items, struct mk_buffer *to,
                       char where[MK_WHERE]) {
    mk_buffer_add_text(to, "[");
    for (const struct mk_json *item = items->first; item != NULL; item = item->next) {
        if (item != items->first)
            mk_buffer_add_text(to, ",");
        if (!trip(type, item, to, where))
            return false;
    }
    mk_buffer_add_text(to, "]");
    return true;
}

static void answer(const char *operation, const char *which, const char *text) {
    const mk_operation *op = mk_operation_find(operation);
    bool body = strcmp(which, "body") == 0, memory, good;
    const struct mk_type *type = op == NULL ? NULL
                                 : body     ? mk_operation_types(op)->body
                                            : mk_operation_types(op)->result;
    struct mk_arena *arena = mk_arena_create();
    const struct mk_json *json = mk_json_read(arena, text, strlen(text), &memory);
    char where[MK_WHERE] = "no such type, or no JSON";
    struct mk_buffer to = {.limit = 0};
    if (type == NULL || json == NULL)
        good = false;
    else if (!body && op->is_list)
        good = trip_items(type, mk_json_get(json, "items"), &to, where);
    else
        good = trip(type, json, &to, where);
    printf("%s%s\n", good ? "" : "! ", good ? to.bytes : where);
    mk_buffer_clear(&to);
    mk_arena_destroy(arena);
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, stdin)) > 0) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        char *which = strchr(line, ' '), *text = which == NULL ? NULL : strchr(which + 1, ' ');
        if (text == NULL)
            return EXIT_FAILURE;
        *which = *text = '\0';
        answer(line, which + 1, text + 1);
    }
    free(line);
    return EXIT_SUCCESS;
}
