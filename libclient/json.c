/* Reads JSON into nodes of an arena: strictly RFC 8259, numbers as the text they were, members in their order.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <string.h>

#define MAX_DEPTH 64

struct reader {
    struct mk_arena *arena;
    const char *at, *end;
    int depth;
    bool no_memory;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip_space(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, char c) {
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* Space, and then this. */
static bool follows(struct reader *r, char c) {
    skip_space(r);
    return take(r, c);
}

/* ---- text ---- */

/* How many bytes the character at `s` has, of n that there are; 0 when it is none of UTF-8. */
static size_t character(const unsigned char *s, size_t n) {
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool too_long = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] >= 0xA0;
    bool past_unicode = s[0] == 0xF4 && s[1] >= 0x90;
    return too_long || surrogate || past_unicode ? 0 : length;
}

bool mk_utf8_is_good(const char *text, size_t n) {
    const unsigned char *s = (const unsigned char *)text;
    while (n > 0) {
        size_t length = character(s, n);
        if (length == 0)
            return false;
        s += length;
        n -= length;
    }
    return true;
}

static bool hexadecimal(struct reader *r, unsigned *ret_code) {
    if (r->end - r->at < 4)
        return false;
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        code = code * 16 + (unsigned)digit;
    }
    *ret_code = code;
    return true;
}

static char *put_character(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800)
        *to++ = (char)(0xC0 | code >> 6);
    else {
        if (code < 0x10000)
            *to++ = (char)(0xE0 | code >> 12);
        else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code & 0x3F));
    return to;
}

/* What stands after a backslash. NUL is refused, because our texts end in one. */
static char *escape(struct reader *r, char *to) {
    static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return NULL;
    char c = *r->at++;
    const char *place = c == '\0' ? NULL : strchr(from, c);
    if (place != NULL) {
        *to++ = plain[place - from];
        return to;
    }
    unsigned code, low;
    if (c != 'u' || !hexadecimal(r, &code) || code == 0 || (code >= 0xDC00 && code < 0xE000))
        return NULL;
    if (code >= 0xD800 && code < 0xDC00) {
        if (!take(r, '\\') || !take(r, 'u') || !hexadecimal(r, &low) || low < 0xDC00 || low > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    return put_character(to, code);
}

/* A string, its first quote taken. */
static const char *read_text(struct reader *r, size_t *ret_n) {
    const char *start = r->at, *p = start;
    while (p < r->end && *p != '"')
        p += *p == '\\' && p + 1 < r->end ? 2 : 1;
    if (p >= r->end)
        return NULL;
    char *text = mk_arena_alloc(r->arena, (size_t)(p - start) + 1), *to = text;
    if (text == NULL) {
        r->no_memory = true;
        return NULL;
    }
    while (*r->at != '"') {
        unsigned char c = (unsigned char)*r->at;
        if (c == '\\') {
            r->at++;
            to = escape(r, to);
            if (to == NULL)
                return NULL;
            continue;
        }
        size_t length = c < ' ' ? 0 : character((const unsigned char *)r->at, (size_t)(r->end - r->at));
        if (length == 0)
            return NULL;
        memcpy(to, r->at, length);
        to += length;
        r->at += length;
    }
    r->at++;
    *to = '\0';
    *ret_n = (size_t)(to - text);
    return text;
}

/* ---- numbers ---- */

static const char *skip_digits(const char *p, const char *end) {
    while (p < end && is_digit(*p))
        p++;
    return p;
}

/* Where the number that begins here ends; NULL when none does. */
static const char *number_end(const char *p, const char *end) {
    if (p < end && *p == '-')
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p, end);
    if (p < end && *p == '.') {
        const char *digits = p + 1;
        p = skip_digits(digits, end);
        if (p == digits)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        const char *digits = p;
        p = skip_digits(digits, end);
        if (p == digits)
            return NULL;
    }
    return p;
}

bool mk_json_number_is_good(const char *text, size_t n) {
    return n > 0 && number_end(text, text + n) == text + n;
}

/* ---- values ---- */

static struct mk_json *read_value(struct reader *r);

static bool read_children(struct reader *r, struct mk_json *parent, char close) {
    struct mk_json **last = &parent->first;
    if (follows(r, close))
        return true;
    do {
        const char *name = NULL;
        size_t n;
        if (parent->kind == MK_JSON_OBJECT &&
            (!follows(r, '"') || (name = read_text(r, &n)) == NULL || !follows(r, ':')))
            return false;
        struct mk_json *child = read_value(r);
        if (child == NULL)
            return false;
        child->name = name;
        *last = child;
        last = &child->next;
        parent->n++;
    } while (follows(r, ','));
    return take(r, close);
}

static bool read_word(struct reader *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool read_number(struct reader *r, struct mk_json *value) {
    const char *start = r->at;
    r->at = number_end(start, r->end);
    if (r->at == NULL)
        return false;
    value->n = (size_t)(r->at - start);
    value->text = start;
    return true;
}

static bool read_kind(struct reader *r, struct mk_json *value) {
    switch (*r->at) {
    case '{':
    case '[':
        value->kind = *r->at == '{' ? MK_JSON_OBJECT : MK_JSON_ARRAY;
        r->at++;
        if (++r->depth > MAX_DEPTH || !read_children(r, value, value->kind == MK_JSON_OBJECT ? '}' : ']'))
            return false;
        r->depth--;
        return true;
    case '"':
        value->kind = MK_JSON_STRING;
        r->at++;
        value->text = read_text(r, &value->n);
        return value->text != NULL;
    case 't':
        value->kind = MK_JSON_TRUE;
        return read_word(r, "true");
    case 'f':
        value->kind = MK_JSON_FALSE;
        return read_word(r, "false");
    case 'n':
        value->kind = MK_JSON_NULL;
        return read_word(r, "null");
    default:
        value->kind = MK_JSON_NUMBER;
        return read_number(r, value);
    }
}

static struct mk_json *read_value(struct reader *r) {
    skip_space(r);
    if (r->at == r->end)
        return NULL;
    struct mk_json *value = mk_arena_alloc(r->arena, sizeof *value);
    if (value == NULL) {
        r->no_memory = true;
        return NULL;
    }
    value->raw = r->at;
    if (!read_kind(r, value))
        return NULL;
    value->n_raw = (size_t)(r->at - value->raw);
    return value;
}

struct mk_json *mk_json_read(struct mk_arena *arena, const char *text, size_t n, bool *ret_memory) {
    *ret_memory = false;
    if (n == 0)
        return NULL;
    struct reader r = {.arena = arena, .at = text, .end = text + n};
    struct mk_json *value = read_value(&r);
    *ret_memory = r.no_memory;
    if (value == NULL)
        return NULL;
    skip_space(&r);
    return r.at == r.end ? value : NULL;
}

const struct mk_json *mk_json_get(const struct mk_json *object, const char *name) {
    if (object == NULL || object->kind != MK_JSON_OBJECT)
        return NULL;
    for (const struct mk_json *member = object->first; member != NULL; member = member->next)
        if (strcmp(member->name, name) == 0)
            return member;
    return NULL;
}

const char *mk_json_text(const struct mk_json *value) {
    return value != NULL && value->kind == MK_JSON_STRING ? value->text : NULL;
}

/* Only what is written as a whole number and fits. */
bool mk_json_integer(const struct mk_json *value, int64_t *ret_value) {
    if (value == NULL || value->kind != MK_JSON_NUMBER)
        return false;
    bool negative = value->text[0] == '-';
    int64_t sum = 0;
    for (const char *p = value->text + negative; p < value->text + value->n; p++)
        if (!is_digit(*p) || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, *p - '0', &sum)) /* below zero, where there is room for one more */
            return false;
    if (!negative && sum == INT64_MIN)
        return false;
    *ret_value = negative ? sum : -sum;
    return true;
}
