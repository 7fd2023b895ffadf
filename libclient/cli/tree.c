/* JSON for the command, by the library's reader (../json.c): numbers stay as they were written, so that no digit is
 * lost.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

/* json.c takes its memory from here: what runs out ends the program. */
void *mk_arena_alloc(struct mk_arena *arena, size_t n) {
    (void)arena;
    return pool_alloc(n);
}

char *mk_arena_text(struct mk_arena *arena, const char *text, size_t n) {
    (void)arena;
    return pool_text(text, n);
}

/* Of numbers json.c promises no end: here each is a text of its own. */
static void end_numbers(struct mk_json *t) {
    if (t->kind == MK_JSON_NUMBER)
        t->text = pool_text(t->raw, t->n_raw);
    for (struct mk_json *m = t->first; m != NULL; m = m->next)
        end_numbers(m);
}

const struct mk_json *tree_read(const char *json, size_t n) {
    bool memory;
    struct mk_json *t = mk_json_read(NULL, json, n, &memory);
    if (t != NULL)
        end_numbers(t);
    return t;
}

const struct mk_json *tree_get(const struct mk_json *t, const char *name) {
    return mk_json_get(t, name);
}

const char *tree_text(const struct mk_json *t, const char *name) {
    const struct mk_json *m = tree_get(t, name);
    return m == NULL ? NULL : m->text;
}

bool tree_is_true(const struct mk_json *t, const char *name) {
    const struct mk_json *m = tree_get(t, name);
    return m != NULL && m->kind == MK_JSON_TRUE;
}

static void new_line(struct text *to, int indent) {
    text_format(to, "\n%*s", 2 * indent, "");
}

void tree_write(const struct mk_json *t, int indent, struct text *to) {
    if (t->kind != MK_JSON_OBJECT && t->kind != MK_JSON_ARRAY) {
        if (t->kind == MK_JSON_STRING)
            text_json(to, t->text);
        else
            text_add(to, t->raw, t->n_raw);
        return;
    }
    bool object = t->kind == MK_JSON_OBJECT;
    text_put(to, object ? "{" : "[");
    for (const struct mk_json *m = t->first; m != NULL; m = m->next) {
        new_line(to, indent + 1);
        if (object) {
            text_json(to, m->name);
            text_put(to, ": ");
        }
        tree_write(m, indent + 1, to);
        if (m->next != NULL)
            text_put(to, ",");
    }
    if (t->first != NULL)
        new_line(to, indent);
    text_put(to, object ? "}" : "]");
}
