/* The body of a request, from the flags of its members or from --body-file.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

#define BODY_MAX (1024u * 1024u) /* more than the server takes of JSON */

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 60, false);
}

/* {"region":"nordjylland",...} of region=nordjylland,... */
static int put_pairs(const struct cli_member *m, const char *value, struct text *to) {
    text_put(to, "{");
    for (const char *p = value; *p != '\0';) {
        size_t n = strcspn(p, ","), name = strcspn(p, "=");
        if (name == 0 || name >= n) {
            say(T(NOT_PAIRS), m->flag);
            return EXIT_USAGE;
        }
        text_put(to, p == value ? "" : ",");
        text_json(to, pool_text(p, name));
        text_put(to, ":");
        text_json(to, pool_text(p + name + 1, n - name - 1));
        p += n + (p[n] == ',');
    }
    text_put(to, "}");
    return EXIT_GOOD;
}

static int put_value(const struct cli_member *m, const char *value, struct text *to) {
    const struct mk_json *t;
    switch (m->kind) {
    case MEMBER_STRING:
    case MEMBER_STRINGS:
        text_json(to, value);
        return EXIT_GOOD;
    case MEMBER_BOOLEAN:
        text_put(to, value); /* flags_read() saw that it is one of the two */
        return EXIT_GOOD;
    case MEMBER_INTEGER:
    case MEMBER_NUMBER:
        t = tree_read(value, strlen(value));
        if (t == NULL || t->kind != MK_JSON_NUMBER) {
            say(T(NOT_A_NUMBER), m->flag, quoted(value));
            return EXIT_USAGE;
        }
        if (m->kind == MEMBER_INTEGER && strpbrk(t->text, ".eE") != NULL) {
            say(T(NOT_AN_INTEGER), m->flag, quoted(value));
            return EXIT_USAGE;
        }
        text_put(to, t->text);
        return EXIT_GOOD;
    case MEMBER_OBJECTS:
        if (value[0] != '{')
            return put_pairs(m, value, to);
        break;
    default:
        break;
    }
    if (tree_read(value, strlen(value)) == NULL) {
        say(T(NOT_JSON), m->flag);
        return EXIT_USAGE;
    }
    text_put(to, value);
    return EXIT_GOOD;
}

/* All that was given of a member. */
static int put_member(const struct cli_member *m, const struct words *w, struct text *to) {
    bool many = m->kind == MEMBER_STRINGS || m->kind == MEMBER_OBJECTS, first = true;
    const struct given *only = NULL;
    size_t n = 0;
    for (size_t i = 0; i < w->n_given; i++)
        if (strcmp(w->given[i].name, m->flag) == 0) {
            only = &w->given[i];
            n++;
        }
    if (n > 1 && !many) {
        say(T(FLAG_TWICE), m->flag);
        return EXIT_USAGE;
    }
    if (n == 1 && only->null) {
        text_put(to, "null");
        return EXIT_GOOD;
    }
    if (n == 1 && many && only->value[0] == '[') {
        struct cli_member whole = *m;
        whole.kind = MEMBER_JSON;
        return put_value(&whole, only->value, to);
    }
    if (many)
        text_put(to, "[");
    for (size_t i = 0; i < w->n_given; i++) {
        const struct given *g = &w->given[i];
        if (strcmp(g->name, m->flag) != 0 || g->null)
            continue;
        text_put(to, first ? "" : ",");
        first = false;
        int code = put_value(m, g->value == NULL ? "true" : g->value, to);
        if (code != EXIT_GOOD)
            return code;
    }
    if (many)
        text_put(to, "]");
    return EXIT_GOOD;
}

static int from_file(const struct cli_operation *op, const struct words *w, const char *path, const char **ret_body) {
    size_t n;
    for (const struct cli_member *m = op->members; m->path != NULL; m++)
        if (flags_has(w, m->flag)) {
            say(T(BODY_AND_FLAGS), m->flag);
            return EXIT_USAGE;
        }
    char *text = file_read(path, BODY_MAX, &n);
    if (text == NULL)
        return EXIT_OTHER;
    if (tree_read(text, n) == NULL) {
        say("%s", T(BODY_NOT_JSON));
        return EXIT_USAGE;
    }
    *ret_body = text;
    return EXIT_GOOD;
}

/* The length of the name of the object that a member is in, 0 when it is in none. */
static size_t object_of(const char *path) {
    const char *point = strchr(path, '.');
    return point == NULL ? 0 : (size_t)(point - path);
}

int body_make(const struct cli_operation *op, const struct words *w, const char **ret_body) {
    const char *path = flags_value(w, "body-file"), *open = NULL;
    struct text body = {0};
    size_t n_open = 0;
    bool first = true;
    if (path != NULL)
        return from_file(op, w, path, ret_body);
    if (op->members[0].path == NULL) {
        *ret_body = NULL;
        return EXIT_GOOD;
    }
    text_put(&body, "{");
    for (const struct cli_member *m = op->members; m->path != NULL; m++) {
        if (!flags_has(w, m->flag)) {
            if (!m->required) /* generate.py: of an object within, too, when that is itself required */
                continue;
            say(T(FLAG_MISSING), m->flag);
            return EXIT_USAGE;
        }
        size_t n = object_of(m->path);
        if (n_open > 0 && (n != n_open || strncmp(open, m->path, n) != 0)) {
            text_put(&body, "}");
            n_open = 0;
        }
        text_put(&body, first ? "" : ",");
        if (n > 0 && n_open == 0) {
            text_json(&body, pool_text(m->path, n));
            text_put(&body, ":{");
            open = m->path;
            n_open = n;
        }
        text_json(&body, m->path + (n > 0 ? n + 1 : 0));
        text_put(&body, ":");
        int code = put_member(m, w, &body);
        if (code != EXIT_GOOD)
            return code;
        first = false;
    }
    text_put(&body, n_open > 0 ? "}}" : "}");
    *ret_body = body.p;
    return EXIT_GOOD;
}
