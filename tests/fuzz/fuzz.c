/* What the fuzz targets share: failing, changing JSON, and second opinions on what PostgreSQL takes.
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void fuzz_fail(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* ---- JSON that changes and stays JSON ---- */

static unsigned random_state;

static size_t any(size_t n) { /* xorshift; good enough to choose with */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

static size_t count_values(const json_t *value) {
    size_t n = 1, i;
    const char *name;
    json_t *child;
    json_object_foreach((json_t *)value, name, child) n += count_values(child);
    json_array_foreach((json_t *)value, i, child) n += count_values(child);
    return n;
}

static const char *const odd_values[] = {"null",
                                         "true",
                                         "false",
                                         "0",
                                         "-1",
                                         "1",
                                         "\"\"",
                                         "\"x\"",
                                         "[]",
                                         "{}",
                                         "[[]]",
                                         "[{}]",
                                         "1.5",
                                         "1e0",
                                         "-0.0",
                                         "1e308",
                                         "1e-400",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "253402300799",
                                         "253402300800",
                                         "1800000000",
                                         "1799999970",
                                         "1799999971",
                                         "1800000030",
                                         "1800000031",
                                         "\"1800000600\"",
                                         "\"2024-02-29\"",
                                         "\"2023-02-29\"",
                                         "\"2024-02\"",
                                         "\"2024-13\"",
                                         "\"0000-01-01\"",
                                         "\"9999-12-31\"",
                                         "\"infinity\"",
                                         "\"now\"",
                                         "\"\\ud83d\\ude00\"",
                                         "\"\\u0085\"",
                                         "\"\\u007f\"",
                                         "\"\\n\"",
                                         "\"\\ufffe\"",
                                         "\"010180-1234\"",
                                         "\"nordjylland\"",
                                         "\"AHH\"",
                                         "\"L04AB\"",
                                         "\"medkoord\"",
                                         "[\"medkoord\"]",
                                         "[\"medkoord\",1]",
                                         "[\"reader\",\"admin\",\"x\"]",
                                         "\"https://login.example.dk\"",
                                         "\"a/b~c\"",
                                         "12345678901234.5678",
                                         "0.00005"};

static json_t *odd_value(void) {
    if (any(8) == 0) { /* a text about as long as the limits are */
        static const size_t lengths[] = {16, 17, 32, 33, 40, 41, 200, 201, 255, 256, 500, 501, 1000, 1001, 2000, 2001};
        size_t n = lengths[any(sizeof lengths / sizeof *lengths)];
        char text[2002];
        memset(text, any(2) == 0 ? 'a' : '7', n);
        return json_stringn(text, n);
    }
    return json_loads(odd_values[any(sizeof odd_values / sizeof *odd_values)], JSON_DECODE_ANY, NULL);
}

static json_t *changed(json_t *old, const char *const *names) {
    size_t n_names = 0;
    while (names[n_names] != NULL)
        n_names++;
    if (json_is_object(old) && any(4) != 0) {
        json_t *object = json_copy(old);
        const char *name = names[any(n_names)];
        void *member = json_object_iter(object);
        for (size_t skip = any(json_object_size(object) + 1); skip > 0 && member != NULL; skip--)
            member = json_object_iter_next(object, member);
        if (any(3) == 0 && member != NULL)
            json_object_del(object, json_object_iter_key(member));
        else if (any(2) == 0 && member != NULL)
            json_object_set(object, name, json_object_iter_value(member));
        else
            json_object_set_new(object, name, odd_value());
        return object;
    }
    if (json_is_array(old) && any(3) != 0) {
        json_t *array = json_copy(old);
        size_t n = json_array_size(array);
        if (n > 0 && any(2) == 0)
            json_array_remove(array, any(n));
        else if (n > 0 && any(2) == 0)
            json_array_append(array, json_array_get(array, any(n)));
        else
            json_array_append_new(array, odd_value());
        return array;
    }
    if (json_is_integer(old) && any(2) == 0)
        return json_integer((json_int_t)((uint64_t)json_integer_value(old) + any(3) - 1));
    if (json_is_string(old) && any(2) == 0) {
        char text[4096];
        size_t n = json_string_length(old);
        if (n > 0 && n < sizeof text / 2) {
            memcpy(text, json_string_value(old), n);
            json_t *string = json_stringn(text, LLVMFuzzerMutate((uint8_t *)text, n, sizeof text));
            if (string != NULL) /* it is still UTF-8 */
                return string;
        }
    }
    return odd_value();
}

/* The value with the number *left, counted as count_values() does, replaced by a changed one. */
static json_t *replaced(json_t *value, size_t *left, const char *const *names) {
    if ((*left)-- == 0)
        return changed(value, names);
    size_t i;
    const char *name;
    json_t *child, *copy = json_is_object(value)  ? json_object()
                           : json_is_array(value) ? json_array()
                                                  : json_incref(value);
    json_object_foreach(value, name, child) json_object_set_new(copy, name, replaced(child, left, names));
    json_array_foreach(value, i, child) json_array_append_new(copy, replaced(child, left, names));
    return copy;
}

size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned seed, const char *const *names) {
    random_state = seed | 1u;
    json_t *old = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (old == NULL)
        return 0;
    size_t chosen = any(count_values(old));
    json_t *new = replaced(old, &chosen, names);
    size_t n = json_dumpb(new, (char *)data, max_size, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(old);
    json_decref(new);
    return n <= max_size ? n : 0;
}

/* ---- second opinions ---- */

/* Decoded with the C library's own tables; mbrtowc() of C.UTF-8 refuses overlong forms, but it takes surrogates. */
bool fuzz_is_text(const char *bytes, size_t n) {
    static bool set;
    if (!set && setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        abort();
    set = true;
    mbstate_t state = {0};
    while (n > 0) {
        wchar_t c;
        size_t length = mbrtowc(&c, bytes, n, &state);
        if (length == 0 || length > n || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
        bytes += length;
        n -= length;
    }
    return true;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct reader {
    const char *at, *end;
};

static char next(struct reader *r) {
    return r->at < r->end ? *r->at : '\0';
}

static void skip_space(struct reader *r) {
    while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL && *r->at != '\0')
        r->at++;
}

static size_t skip_digits(struct reader *r) {
    size_t n = 0;
    for (; is_digit(next(r)); n++)
        r->at++;
    return n;
}

/* RFC 8259's grammar, in the length that the server takes; that is well inside numeric's limits. */
static bool is_number(struct reader *r) {
    const char *start = r->at;
    if (next(r) == '-')
        r->at++;
    bool zero = next(r) == '0';
    size_t before = skip_digits(r);
    if (before == 0 || (zero && before > 1))
        return false;
    if (next(r) == '.') {
        r->at++;
        if (skip_digits(r) == 0)
            return false;
    }
    size_t exponent = 0;
    if (next(r) == 'e' || next(r) == 'E') {
        r->at++;
        if (next(r) == '-' || next(r) == '+')
            r->at++;
        if ((exponent = skip_digits(r)) == 0)
            return false;
    }
    return r->at - start <= 64 && exponent <= 3;
}

static bool read_unit(struct reader *r, unsigned *ret) {
    *ret = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = next(r);
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *ret = *ret * 16 + (unsigned)digit;
    }
    return true;
}

static bool is_escape(struct reader *r) {
    if (r->at >= r->end)
        return false;
    char c = *r->at++;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    unsigned high, low;
    if (!read_unit(r, &high) || high == 0 || (high >= 0xdc00 && high <= 0xdfff))
        return false;
    if (high < 0xd800 || high > 0xdbff)
        return true;
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
        return false;
    r->at += 2;
    return read_unit(r, &low) && low >= 0xdc00 && low <= 0xdfff;
}

static bool is_string(struct reader *r) {
    if (next(r) != '"')
        return false;
    for (r->at++; r->at < r->end && *r->at != '"';) {
        if ((unsigned char)*r->at < 0x20)
            return false;
        if (*r->at++ == '\\' && !is_escape(r))
            return false;
    }
    if (r->at >= r->end)
        return false;
    r->at++;
    return true;
}

static bool is_value(struct reader *r, int depth);

static bool is_list(struct reader *r, char close, bool named, int depth) {
    r->at++;
    skip_space(r);
    if (next(r) == close)
        return r->at++, true;
    for (;;) {
        skip_space(r);
        if (named) {
            if (!is_string(r))
                return false;
            skip_space(r);
            if (next(r) != ':')
                return false;
            r->at++;
        }
        if (!is_value(r, depth + 1))
            return false;
        if (next(r) == close)
            return r->at++, true;
        if (next(r) != ',')
            return false;
        r->at++;
    }
}

static bool is_value(struct reader *r, int depth) {
    static const char *const words[] = {"true", "false", "null"};
    bool good = false;
    if (depth > 1000)
        return false;
    skip_space(r);
    char c = next(r);
    if (c == '{' || c == '[')
        good = is_list(r, c == '{' ? '}' : ']', c == '{', depth);
    else if (c == '"')
        good = is_string(r);
    else if (c == '-' || is_digit(c))
        good = is_number(r);
    for (size_t i = 0; i < 3 && !good && c >= 'a' && c <= 'z'; i++) {
        size_t n = strlen(words[i]);
        good = (size_t)(r->end - r->at) >= n && memcmp(r->at, words[i], n) == 0;
        r->at += good ? n : 0;
    }
    skip_space(r);
    return good;
}

bool fuzz_is_jsonb(const char *bytes, size_t n) {
    struct reader r = {bytes, bytes + n};
    return fuzz_is_text(bytes, n) && is_value(&r, 0) && r.at == r.end;
}

/* By counting days: what does not exist comes back as another day. */
bool fuzz_is_date(const char *text) {
    struct tm day = {0};
    char again[32];
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !is_digit(text[i]))
            return false;
    if (text[10] != '\0' || strncmp(text, "0000", 4) == 0)
        return false;
    day.tm_year = atoi(text) - 1900, day.tm_mon = atoi(text + 5) - 1, day.tm_mday = atoi(text + 8);
    timegm(&day);
    snprintf(again, sizeof again, "%04d-%02d-%02d", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
    return strcmp(again, text) == 0;
}
