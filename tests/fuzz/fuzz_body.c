/* Fuzz target of JSON bodies: what is accepted for an operation is JSON as PostgreSQL's jsonb takes it and obeys the
 * contract's schema, both worked out here a second time; what obeys them is accepted, but for civil registration
 * numbers.
 *
 * Input: the operation's id, a line feed, the body.
 * SPDX-License-Identifier: MPL-2.0 */
#include "fuzz.h"

#include <assert.h>
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static regex_t *patterns;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    MUST(schema_init());
    patterns = calloc(n_schema_patterns + 1, sizeof *patterns);
    for (size_t i = 0; i < n_schema_patterns; i++)
        MUST(regcomp(&patterns[i], schema_patterns[i], REG_EXTENDED | REG_NOSUB) == 0);
    return 0;
}

/* ---- the schema's rules, a second time ---- */

static bool matches(const char *text,
                    const char *form) { /* 9: a digit, h: a hexadecimal one; anything else is itself */
    for (; *form != '\0'; form++, text++)
        if (*form == '9'   ? !isdigit((unsigned char)*text)
            : *form == 'h' ? !isxdigit((unsigned char)*text)
                           : *text != *form)
            return false;
    return *text == '\0';
}

static bool is_time(const char *text) {
    char day[11] = {0}, rest[32] = {0};
    int hour, minute, second, offset_hour = 0, offset_minute = 0;
    size_t n = strlen(text);
    if (n < 20 || n > 35)
        return false;
    memcpy(day, text, 10);
    strcpy(rest, text + 10);
    size_t fraction = 0;
    if (rest[9] == '.') {
        while (isdigit((unsigned char)rest[10 + fraction]))
            fraction++;
        if (fraction < 1 || fraction > 9)
            return false;
        memmove(rest + 9, rest + 10 + fraction, sizeof rest - 10 - fraction);
    }
    bool utc = matches(rest, "T99:99:99Z");
    if (!utc && !matches(rest, "T99:99:99+99:99") && !matches(rest, "T99:99:99-99:99"))
        return false;
    sscanf(rest, "T%d:%d:%d", &hour, &minute, &second);
    if (!utc)
        sscanf(rest + 10, "%d:%d", &offset_hour, &offset_minute);
    return fuzz_is_date(day) && hour < 24 && minute < 60 && second < 60 && offset_hour <= 15 && offset_minute < 60;
}

static bool has_format(const struct schema *s, const char *text) {
    char first[16];
    switch (s->format) {
    case FORMAT_DATE:
        return strlen(text) == 10 && fuzz_is_date(text);
    case FORMAT_MONTH:
        snprintf(first, sizeof first, "%.8s-01", text);
        return strlen(text) == 7 && fuzz_is_date(first);
    case FORMAT_DATE_TIME:
        return is_time(text);
    case FORMAT_UUID:
        return matches(text, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh");
    case FORMAT_URI: {
        const char *colon = strchr(text, ':');
        if (colon == NULL || colon[1] == '\0' || !isalpha((unsigned char)text[0]))
            return false;
        for (const char *c = text; *c != '\0'; c++)
            if (c < colon
                    ? !isalnum((unsigned char)*c) && strchr("+-.", *c) == NULL
                    : !isascii((unsigned char)*c) || iscntrl((unsigned char)*c) || strchr(" \"<>\\^`{|}", *c) != NULL)
                return false;
        return true;
    }
    default:
        return true;
    }
}

static bool good_string(const struct schema *s, const char *text) {
    size_t characters = mbstowcs(NULL, text, 0);
    bool good = characters >= s->min_length && (s->max_length == 0 || characters <= s->max_length);
    bool found = s->enumeration == NULL;
    for (const char *const *e = s->enumeration; !found && *e != NULL; e++)
        found = strcmp(*e, text) == 0;
    good = good && found && has_format(s, text);
    good = good && (s->pattern < 0 || regexec(&patterns[s->pattern], text, 0, NULL, 0) == 0);
    for (const char *c = text; s->free_text && *c != '\0'; c++)
        good = good && (!iscntrl((unsigned char)*c) || (!s->one_line && strchr("\r\n\t", *c) != NULL));
    if (s->free_text && good) {
        wchar_t *wide = calloc(characters + 1, sizeof *wide);
        mbstowcs(wide, text, characters + 1);
        good =
            (s->min_length == 0 ||
             wcsspn(wide, L" \t\n\r\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
                          L"\u200b\u2028\u2029\u202f\u205f\u3000\ufeff") < characters) &&
            !(s->one_line && wcspbrk(wide, L"\x85\u2028\u2029") != NULL);
        free(wide);
    }
    return good;
}

static bool good_value(const struct schema *s, json_t *value, bool *ret_cpr);

static bool good_object(const struct schema *s, json_t *object, bool *ret_cpr) {
    bool good = json_object_size(object) >= s->min_properties;
    size_t known = 0;
    for (size_t i = 0; i < s->n_properties; i++) {
        json_t *member = json_object_get(object, s->properties[i].name);
        known += member != NULL;
        good = (member != NULL ? good_value(s->properties[i].schema, member, ret_cpr) : !s->properties[i].required) &&
               good;
    }
    return good && (s->open || known == json_object_size(object));
}

static bool good_array(const struct schema *s, json_t *array, bool *ret_cpr) {
    size_t n = json_array_size(array);
    bool good = n >= s->min_items && (s->max_items == 0 || n <= s->max_items);
    for (size_t i = 0; i < n; i++) {
        good = good_value(s->items, json_array_get(array, i), ret_cpr) && good;
        for (size_t k = i + 1; s->unique_items && k < n; k++)
            good = good && !json_equal(json_array_get(array, i), json_array_get(array, k));
    }
    return good;
}

static bool good_value(const struct schema *s, json_t *value, bool *ret_cpr) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return (s->types & TYPE_OBJECT) && good_object(s, value, ret_cpr);
    case JSON_ARRAY:
        return (s->types & TYPE_ARRAY) && good_array(s, value, ret_cpr);
    case JSON_STRING:
        if (s->free_text && text_has_cpr(json_string_value(value), json_string_length(value)))
            *ret_cpr = true;
        return (s->types & TYPE_STRING) && good_string(s, json_string_value(value));
    case JSON_INTEGER:
        return (s->types & (TYPE_INTEGER | TYPE_NUMBER)) &&
               (!s->has_minimum || json_integer_value(value) >= s->minimum) &&
               (!s->has_maximum || json_integer_value(value) <= s->maximum);
    case JSON_REAL:
        return (s->types & TYPE_NUMBER) && (!s->has_minimum || json_real_value(value) >= (double)s->minimum) &&
               (!s->has_maximum || json_real_value(value) <= (double)s->maximum);
    case JSON_TRUE:
    case JSON_FALSE:
        return s->types & TYPE_BOOLEAN;
    case JSON_NULL:
        return s->types & TYPE_NULL;
    }
    return false;
}

/* ---- one input ---- */

static size_t depth_of(const json_t *value) {
    size_t deepest = 0, i;
    const char *name;
    json_t *child;
    if (!json_is_object(value) && !json_is_array(value))
        return 0;
    json_object_foreach((json_t *)value, name, child) deepest = depth_of(child) > deepest ? depth_of(child) : deepest;
    json_array_foreach((json_t *)value, i, child) deepest = depth_of(child) > deepest ? depth_of(child) : deepest;
    return deepest + 1;
}

static bool is_too_deep(const json_t *value) {
    return depth_of(value) > JSON_DEPTH_LIMIT;
}

static const struct operation *operation_named(const char *name, size_t n) {
    for (size_t i = 0; i < n_operations; i++)
        if (operations[i].body != NULL && !operations[i].streams && strlen(operations[i].id) == n &&
            memcmp(operations[i].id, name, n) == 0)
            return &operations[i];
    return NULL;
}

static void check_arguments(struct request *r, const char *body, size_t n) {
    const struct statement *s = r->op->statement;
    if (s == NULL)
        return;
    MUST(bind_arguments(r, s));
    for (size_t i = 0; i < s->n_bindings; i++) {
        const struct binding *b = &s->bindings[i];
        const char *argument = r->arguments[i];
        if (b->from != FROM_BODY && b->from != FROM_BODY_PROPERTY)
            continue;
        const json_t *member = json_object_get(r->json, b->name);
        MUST((argument == NULL) == (b->from == FROM_BODY_PROPERTY && (member == NULL || json_is_null(member))));
        if (argument == NULL)
            continue;
        MUST(fuzz_is_text(argument, (size_t)r->argument_lengths[i]));
        if (b->from == FROM_BODY)
            MUST(strlen(argument) == n && memcmp(argument, body, n) == 0);
        else if (!json_is_string(member))
            MUST(fuzz_is_jsonb(argument, strlen(argument)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *line = size == 0 ? NULL : memchr(data, '\n', size);
    const struct operation *op =
        line == NULL ? NULL : operation_named((const char *)data, (size_t)(line - (const char *)data));
    if (op == NULL)
        return -1; /* not worth keeping */
    const char *body = line + 1;
    size_t n = size - (size_t)(body - (const char *)data);
    struct request r = {.magic = REQUEST_MAGIC, .op = op, .method = op->method, .has_body = true, .path = "/"};
    buffer_add(&r.body, body, n);
    enum problem_code problem = bind_body(&r);
    MUST(problem != PROBLEM_OVERLOADED);
    if (n == 0) {
        MUST(problem == (op->body_required ? PROBLEM_INVALID_BODY : PROBLEM_NONE));
    } else {
        bool sound = n <= JSON_BODY_LIMIT && fuzz_is_jsonb(body, n), cpr = false;
        /* Beyond jsonb: no member twice, integers of 64 bits, reals that a double can hold. */
        json_t *json = sound ? json_loadb(body, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL) : NULL;
        bool good = json != NULL && !is_too_deep(json) && good_value(op->body, json, &cpr);
        MUST(problem != PROBLEM_NONE || good);
        MUST(problem == PROBLEM_NONE || !good || cpr);
        MUST(!cpr || problem != PROBLEM_NONE || !good);
        json_decref(json);
        if (problem == PROBLEM_NONE)
            check_arguments(&r, body, n);
        else
            MUST(r.n_violations > 0 || r.problem_detail != NULL || problem == PROBLEM_CONTENT_TOO_LARGE);
    }
    json_decref(r.json);
    buffer_free(&r.body);
    arena_reset(&r.arena);
    return 0;
}

/* ---- changing the body with the names that the operation knows ---- */

static void add_names(const struct schema *s, const char *names[], size_t *n, size_t most) {
    for (size_t i = 0; s != NULL && i < s->n_properties && *n < most; i++) {
        names[(*n)++] = s->properties[i].name;
        add_names(s->properties[i].schema, names, n, most);
    }
    if (s != NULL && s->items != NULL)
        add_names(s->items, names, n, most);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    const struct operation *op = line == NULL ? NULL : operation_named((const char *)data, (size_t)(line - data));
    if (op == NULL)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t at = (size_t)(line - data) + 1, n = 0;
    if (seed % 3 != 0) {
        const char *names[65] = {"x"};
        size_t n_names = 1;
        add_names(op->body, names, &n_names, 64);
        n = fuzz_mutate_json(data + at, size - at, max_size - at, seed / 3, names);
    }
    return at + (n > 0 ? n : LLVMFuzzerMutate(data + at, size - at, max_size - at));
}
