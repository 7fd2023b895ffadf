/* JSON for the command: a tree whose numbers stay as they were written, so that no digit is lost.
 * Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

#define DEPTH_MAX 64

struct reader {
    const char *p, *end;
    int depth;
};

static void skip_space(struct reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static bool take(struct reader *r, char c) {
    skip_space(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static int hex(struct reader *r) {
    int value = 0;
    if (r->end - r->p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = *r->p++;
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *to, unsigned c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* \uXXXX after its u, with its other half; NULL: no character. */
static char *escaped_character(struct reader *r, char *to) {
    int c = hex(r), low;
    if (c < 0 || (c >= 0xdc00 && c <= 0xdfff))
        return NULL;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
            return NULL;
        r->p += 2;
        low = hex(r);
        if (low < 0xdc00 || low > 0xdfff)
            return NULL;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_utf8(to, c == 0 ? 0xfffd : (unsigned)c); /* our texts end in NUL */
}

/* After the first quote. NULL: no string. */
static const char *read_string(struct reader *r) {
    const char *start = r->p;
    while (r->p < r->end && *r->p != '"')
        r->p += *r->p == '\\' && r->end - r->p > 1 ? 2 : 1;
    if (r->p == r->end)
        return NULL;
    char *text = pool_alloc((size_t)(r->p - start) + 1), *to = text;
    struct reader inside = {.p = start, .end = r->p++};
    while (inside.p < inside.end) {
        char c = *inside.p++;
        if ((unsigned char)c < 0x20)
            return NULL;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        const char *at;
        c = *inside.p++;
        if (c == 'u') {
            to = escaped_character(&inside, to);
            if (to == NULL)
                return NULL;
        } else if (c != '\0' && (at = strchr(escapes, c)) != NULL) {
            *to++ = meant[at - escapes];
        } else {
            return NULL;
        }
    }
    return text;
}

static size_t digits(struct reader *r) {
    const char *start = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return (size_t)(r->p - start);
}

static bool read_number(struct reader *r, struct tree *t) {
    const char *start = r->p;
    r->p += *r->p == '-';
    bool zero = r->p < r->end && *r->p == '0';
    size_t whole = digits(r);
    if (whole == 0 || (zero && whole > 1))
        return false;
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        if (digits(r) == 0)
            return false;
    }
    if (r->p < r->end && (*r->p | 32) == 'e') {
        r->p++;
        r->p += r->p < r->end && (*r->p == '+' || *r->p == '-');
        if (digits(r) == 0)
            return false;
    }
    t->kind = TREE_NUMBER;
    t->text = pool_text(start, (size_t)(r->p - start));
    return true;
}

static bool read_word(struct reader *r, struct tree *t) {
    static const char *const words[] = {"null", "false", "true"};
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i], n) == 0) {
            t->kind = (enum tree_kind)i;
            r->p += n;
            return true;
        }
    }
    return false;
}

static struct tree *read_value(struct reader *r);

static bool read_inside(struct reader *r, struct tree *t) {
    char closing = t->kind == TREE_OBJECT ? '}' : ']';
    struct tree **end = &t->first;
    if (take(r, closing))
        return true;
    do {
        const char *name = NULL;
        if (t->kind == TREE_OBJECT && (!take(r, '"') || (name = read_string(r)) == NULL || !take(r, ':')))
            return false;
        *end = read_value(r);
        if (*end == NULL)
            return false;
        (*end)->name = name;
        end = &(*end)->next;
        t->n++;
    } while (take(r, ','));
    return take(r, closing);
}

static struct tree *read_value(struct reader *r) {
    skip_space(r);
    if (r->p == r->end || r->depth == DEPTH_MAX)
        return NULL;
    struct tree *t = pool_alloc(sizeof *t);
    bool good;
    t->raw = r->p;
    if (*r->p == '{' || *r->p == '[') {
        t->kind = *r->p++ == '{' ? TREE_OBJECT : TREE_ARRAY;
        r->depth++;
        good = read_inside(r, t);
        r->depth--;
    } else if (*r->p == '"') {
        r->p++;
        t->kind = TREE_STRING;
        t->text = read_string(r);
        good = t->text != NULL;
    } else {
        good = *r->p == '-' || (*r->p >= '0' && *r->p <= '9') ? read_number(r, t) : read_word(r, t);
    }
    t->raw_n = (size_t)(r->p - t->raw);
    return good ? t : NULL;
}

struct tree *tree_read(const char *json, size_t n) {
    struct reader r = {.p = json, .end = json + n};
    struct tree *t = read_value(&r);
    skip_space(&r);
    return r.p == r.end ? t : NULL;
}

const struct tree *tree_get(const struct tree *t, const char *name) {
    if (t == NULL || t->kind != TREE_OBJECT)
        return NULL;
    for (const struct tree *m = t->first; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

const char *tree_text(const struct tree *t, const char *name) {
    const struct tree *m = tree_get(t, name);
    return m == NULL ? NULL : m->text;
}

bool tree_is_true(const struct tree *t, const char *name) {
    const struct tree *m = tree_get(t, name);
    return m != NULL && m->kind == TREE_TRUE;
}

static void new_line(struct text *to, int indent) {
    text_format(to, "\n%*s", 2 * indent, "");
}

void tree_write(const struct tree *t, int indent, struct text *to) {
    if (t->kind != TREE_OBJECT && t->kind != TREE_ARRAY) {
        if (t->kind == TREE_STRING)
            text_json(to, t->text);
        else
            text_add(to, t->raw, t->raw_n);
        return;
    }
    bool object = t->kind == TREE_OBJECT;
    text_put(to, object ? "{" : "[");
    for (const struct tree *m = t->first; m != NULL; m = m->next) {
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
