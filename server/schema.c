/* Holds JSON values and single texts against the contract's schemas and collects every violation.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* Compiled once, read by all loops. */
static regex_t *patterns;

bool schema_init(void) {
    /* Bracket expressions name letters like æ: characters must be characters, not bytes. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return false;
    if (patterns != NULL)
        return true;
    regex_t *compiled = calloc(n_schema_patterns + 1, sizeof(*compiled));
    if (compiled == NULL)
        return false;
    for (size_t i = 0; i < n_schema_patterns; i++)
        if (regcomp(&compiled[i], schema_patterns[i], REG_EXTENDED | REG_NOSUB) != 0) {
            while (i > 0)
                regfree(&compiled[--i]);
            free(compiled);
            return false;
        }
    patterns = compiled;
    return true;
}

/* Where we are in the body. Written out as a JSON pointer only when there is something to say. */
struct place {
    const struct place *up;
    const char *text; /* a property's name; of the outermost place the pointer given */
    size_t index;     /* of an item, when text is NULL */
};

static void pointer_write(const struct place *place, struct buffer *out) {
    if (place->up == NULL) {
        buffer_text(out, place->text);
        return;
    }
    pointer_write(place->up, out);
    buffer_char(out, '/');
    if (place->text == NULL) {
        buffer_format(out, "%zu", place->index);
        return;
    }
    for (const char *p = place->text; *p != '\0'; p++) { /* RFC 6901, section 3 */
        if (*p == '~')
            buffer_text(out, "~0");
        else if (*p == '/')
            buffer_text(out, "~1");
        else
            buffer_char(out, *p);
    }
}

static const char *pointer(struct request *r, const struct place *place) {
    if (place->up == NULL)
        return place->text;
    struct buffer out = {0};
    pointer_write(place, &out);
    const char *text = out.failed ? NULL : arena_copy(&r->arena, out.bytes, out.length);
    buffer_free(&out);
    return text != NULL ? text : "";
}

static size_t code_points(const char *text, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static bool all_digits(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return true;
}

static int two_digits(const char *p) {
    return all_digits(p, 2) ? (p[0] - '0') * 10 + (p[1] - '0') : 100;
}

/* RFC 3339, section 5.6, without leap seconds; the offset as far as PostgreSQL takes it. */
static bool is_date_time(const char *text, size_t n) {
    char date[11];
    int y, m, d;
    if (n < 20)
        return false;
    memcpy(date, text, 10);
    date[10] = '\0';
    if (!text_to_date(date, &y, &m, &d) || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return false;
    if (two_digits(text + 11) > 23 || two_digits(text + 14) > 59 || two_digits(text + 17) > 59)
        return false;
    const char *p = text + 19;
    if (*p == '.') {
        size_t digits = strspn(p + 1, "0123456789");
        if (digits < 1 || digits > 9)
            return false;
        p += 1 + digits;
    }
    if (*p == 'Z')
        return p[1] == '\0';
    return (*p == '+' || *p == '-') && strlen(p) == 6 && p[3] == ':' && two_digits(p + 1) <= 15 &&
           two_digits(p + 4) <= 59;
}

static bool is_uuid(const char *text, size_t n) {
    if (n != 36)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') ||
                   (text[i] >= 'A' && text[i] <= 'F');
        if (dash ? text[i] != '-' : !hex)
            return false;
    }
    return true;
}

/* An absolute URI in the letters that RFC 3986 allows; what it points at is not our business. */
static bool is_uri(const char *text, size_t n) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    if (scheme == 0 || strchr(letters, text[0]) == NULL || text[scheme] != ':' || scheme + 1 >= n)
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%") == n;
}

static bool has_format(enum schema_format format, const char *text, size_t n) {
    int y, m, d;
    switch (format) {
    case FORMAT_NONE:
        return true;
    case FORMAT_DATE:
        return text_to_date(text, &y, &m, &d);
    case FORMAT_MONTH:
        return text_to_month(text, &y, &m);
    case FORMAT_DATE_TIME:
        return is_date_time(text, n);
    case FORMAT_UUID:
        return is_uuid(text, n);
    case FORMAT_URI:
        return is_uri(text, n);
    }
    return false;
}

static void check_format(struct request *r, const struct schema *s, const char *text, size_t n,
                         const struct place *at) {
    static const char *const english[] = {
        "",       "a date, YYYY-MM-DD", "a month, YYYY-MM", "a time with offset, as 2026-03-01T12:00:00Z",
        "a UUID", "an absolute URI"};
    static const char *const danish[] = {
        "",        "en dato, ÅÅÅÅ-MM-DD", "en måned, ÅÅÅÅ-MM", "et tidspunkt med tidszone, som 2026-03-01T12:00:00Z",
        "en UUID", "en absolut URI"};
    const char *form = (r->danish ? danish : english)[s->format];
    if (!has_format((enum schema_format)s->format, text, n))
        VIOLATION(r, "bad_format", pointer(r, at), "is not %s", "er ikke %s", form);
}

static void check_enumeration(struct request *r, const struct schema *s, const char *text, const struct place *at) {
    for (const char *const *e = s->enumeration; *e != NULL; e++)
        if (strcmp(*e, text) == 0)
            return;
    struct buffer list = {0};
    for (const char *const *e = s->enumeration; *e != NULL; e++)
        buffer_format(&list, "%s%s", e == s->enumeration ? "" : ", ", *e);
    VIOLATION(r, "not_in_enum", pointer(r, at), "is not one of: %.*s", "er ikke en af: %.*s", (int)list.length,
              list.failed ? "" : list.bytes);
    buffer_free(&list);
}

/* Nothing but what is not seen: spaces of any kind, the one without width, the mark of a byte order. */
static bool is_blank(const char *text) {
    mbstate_t state = {0};
    wchar_t c;
    for (size_t n; (n = mbrtowc(&c, text, MB_LEN_MAX, &state)) != 0; text += n)
        if (n > MB_LEN_MAX || (!iswspace((wint_t)c) && wcschr(L"\x85\u00a0\u2007\u200b\u202f\ufeff", c) == NULL))
            return false;
    return true;
}

static bool has_line_separator(const char *text) { /* beside the control characters */
    return strstr(text, "\xc2\x85") != NULL || strstr(text, "\xe2\x80\xa8") != NULL ||
           strstr(text, "\xe2\x80\xa9") != NULL;
}

static void check_free_text(struct request *r, const struct schema *s, const char *text, size_t n,
                            const struct place *at) {
    if (s->min_length > 0 && n > 0 && is_blank(text))
        VIOLATION(r, "validation_failed", pointer(r, at), "is blank", "er tom");
    if (s->one_line && has_line_separator(text))
        VIOLATION(r, "control_character", pointer(r, at), "is more than one line", "er mere end én linje");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool breaks = c == '\n' || c == '\r' || c == '\t';
        if ((c < 0x20 && (s->one_line || !breaks)) || c == 0x7f) {
            VIOLATION(r, "control_character", pointer(r, at), "has the control character %#04x",
                      "har kontroltegnet %#04x", c);
            break;
        }
    }
    if (text_has_cpr(text, n))
        VIOLATION(r, "cpr_number_not_allowed", pointer(r, at),
                  "has a civil registration number in it; nothing of the request was kept",
                  "indeholder et CPR-nummer; intet af forespørgslen er gemt");
}

/* text is NUL-ended and has no other NUL: jansson and bind.c refuse them. */
static void check_string(struct request *r, const struct schema *s, const char *text, size_t n,
                         const struct place *at) {
    size_t length = code_points(text, n);
    if (length < s->min_length)
        VIOLATION(r, "too_short", pointer(r, at), "is shorter than %u characters", "er kortere end %u tegn",
                  s->min_length);
    if (s->max_length != 0 && length > s->max_length) {
        /* The rest is not looked at: an attacker's text may be long. */
        VIOLATION(r, "too_long", pointer(r, at), "is longer than %u characters", "er længere end %u tegn",
                  s->max_length);
        return;
    }
    if (s->enumeration != NULL)
        check_enumeration(r, s, text, at);
    errno = 0;
    bool matches = s->pattern < 0 || regexec(&patterns[s->pattern], text, 0, NULL, 0) == 0;
    if (!matches && errno == ENOMEM) /* glibc's regexec() says REG_NOMATCH of this too */
        r->no_memory = true;
    else if (!matches)
        VIOLATION(r, "bad_pattern", pointer(r, at), "does not have the form %s", "har ikke formen %s",
                  schema_patterns[s->pattern]);
    check_format(r, s, text, n, at);
    if (s->free_text)
        check_free_text(r, s, text, n, at);
}

static void check_integer(struct request *r, const struct schema *s, int64_t value, const struct place *at) {
    if (s->has_minimum && value < s->minimum)
        VIOLATION(r, "out_of_range", pointer(r, at), "is less than %lld", "er mindre end %lld", (long long)s->minimum);
    if (s->has_maximum && value > s->maximum)
        VIOLATION(r, "out_of_range", pointer(r, at), "is greater than %lld", "er større end %lld",
                  (long long)s->maximum);
}

static void check_real(struct request *r, const struct schema *s, double value, const struct place *at) {
    if (s->has_minimum && value < (double)s->minimum)
        VIOLATION(r, "out_of_range", pointer(r, at), "is less than %lld", "er mindre end %lld", (long long)s->minimum);
    if (s->has_maximum && value > (double)s->maximum)
        VIOLATION(r, "out_of_range", pointer(r, at), "is greater than %lld", "er større end %lld",
                  (long long)s->maximum);
}

static void check_types(struct request *r, unsigned types, const struct place *at) {
    static const char *const english[] = {"null",   "true or false", "a whole number", "a number",
                                          "a text", "an array",      "an object"};
    static const char *const danish[] = {"null",     "true eller false", "et helt tal", "et tal",
                                         "en tekst", "en liste",         "et objekt"};
    const char *const *names = r->danish ? danish : english;
    char list[128] = "";
    for (unsigned i = 0; i < 7; i++)
        if (types & 1u << i) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof(list) - used, "%s%s",
                     used == 0   ? ""
                     : r->danish ? " eller "
                                 : " or ",
                     names[i]);
        }
    VIOLATION(r, "wrong_type", pointer(r, at), "is not %s", "er ikke %s", list);
}

static unsigned types_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return TYPE_OBJECT;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_INTEGER:
        return TYPE_INTEGER | TYPE_NUMBER;
    case JSON_REAL:
        return TYPE_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return TYPE_BOOLEAN;
    case JSON_NULL:
        return TYPE_NULL;
    }
    return 0;
}

static void check_value(struct request *r, const struct schema *s, const json_t *value, const struct place *at);

static void check_array(struct request *r, const struct schema *s, const json_t *array, const struct place *at) {
    size_t n = json_array_size(array);
    if (n < s->min_items)
        VIOLATION(r, "too_few_items", pointer(r, at), "has fewer than %u items", "har færre end %u elementer",
                  s->min_items);
    if (s->max_items != 0 && n > s->max_items) {
        VIOLATION(r, "too_many_items", pointer(r, at), "has more than %u items", "har flere end %u elementer",
                  s->max_items);
        return;
    }
    for (size_t i = 0; i < n && r->n_violations < MAX_VIOLATIONS; i++) {
        struct place item = {.up = at, .index = i};
        check_value(r, s->items, json_array_get(array, i), &item);
        /* Squared, so lint.py wants maxItems beside uniqueItems. */
        for (size_t k = 0; s->unique_items && k < i; k++)
            if (json_equal(json_array_get(array, i), json_array_get(array, k))) {
                VIOLATION(r, "duplicate_item", pointer(r, &item), "is the same as item %zu",
                          "er den samme som element %zu", k);
                break;
            }
    }
}

static const struct schema_property *property(const struct schema *s, const char *name) {
    for (size_t i = 0; i < s->n_properties; i++)
        if (strcmp(s->properties[i].name, name) == 0)
            return &s->properties[i];
    return NULL;
}

static void check_object(struct request *r, const struct schema *s, const json_t *object, const struct place *at) {
    for (size_t i = 0; i < s->n_properties; i++) {
        struct place child = {.up = at, .text = s->properties[i].name};
        if (s->properties[i].required && json_object_get(object, s->properties[i].name) == NULL)
            VIOLATION(r, "required", pointer(r, &child), "is required", "skal angives");
    }
    if (json_object_size(object) < s->min_properties)
        VIOLATION(r, "too_few_properties", pointer(r, at), "has fewer than %u properties", "har færre end %u felter",
                  s->min_properties);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) {
        if (r->n_violations >= MAX_VIOLATIONS)
            return;
        struct place child = {.up = at, .text = name};
        const struct schema_property *p = property(s, name);
        if (p != NULL)
            check_value(r, p->schema, value, &child);
        else if (!s->open)
            VIOLATION(r, "unknown_property", pointer(r, &child), "is not known here", "kendes ikke her");
    }
}

static void check_value(struct request *r, const struct schema *s, const json_t *value, const struct place *at) {
    if ((types_of(value) & s->types) == 0) {
        check_types(r, s->types, at);
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        check_object(r, s, value, at);
        break;
    case JSON_ARRAY:
        check_array(r, s, value, at);
        break;
    case JSON_STRING:
        check_string(r, s, json_string_value(value), json_string_length(value), at);
        break;
    case JSON_INTEGER:
        check_integer(r, s, json_integer_value(value), at);
        break;
    case JSON_REAL:
        check_real(r, s, json_real_value(value), at);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
}

void schema_check(struct request *r, const struct schema *schema, const json_t *value, const char *pointer_text) {
    CHECK_REQUEST(r);
    assert(schema != NULL && value != NULL);
    struct place outermost = {.text = pointer_text};
    check_value(r, schema, value, &outermost);
}

/* The length of the JSON number at the start of text; 0: none. *ret_whole: neither fraction nor exponent. */
static size_t number_length(const char *text, bool *ret_whole) {
    const char *p = text;
    p += *p == '-';
    size_t digits = strspn(p, "0123456789");
    if (digits == 0 || (digits > 1 && *p == '0'))
        return 0;
    p += digits;
    *ret_whole = true;
    if (*p == '.') {
        digits = strspn(p + 1, "0123456789");
        if (digits == 0)
            return 0;
        p += 1 + digits;
        *ret_whole = false;
    }
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '+' || p[1] == '-');
        digits = strspn(p, "0123456789");
        if (digits == 0)
            return 0;
        p += digits;
        *ret_whole = false;
    }
    return (size_t)(p - text);
}

void schema_check_text(struct request *r, const struct schema *s, struct value value, const char *pointer_text) {
    CHECK_REQUEST(r);
    assert(value.text != NULL);
    struct place at = {.text = pointer_text};
    bool whole = false;
    if (s->types & TYPE_STRING) {
        check_string(r, s, value.text, value.length, &at);
    } else if (s->types & TYPE_BOOLEAN) {
        if (strcmp(value.text, "true") != 0 && strcmp(value.text, "false") != 0)
            check_types(r, s->types, &at);
    } else if (value.length == 0 || value.length > 40 || number_length(value.text, &whole) != value.length) {
        check_types(r, s->types, &at);
    } else if (s->types & TYPE_NUMBER) {
        check_real(r, s, strtod(value.text, NULL), &at);
    } else if (!whole) {
        check_types(r, s->types, &at);
    } else {
        errno = 0;
        long long number = strtoll(value.text, NULL, 10);
        if (errno == ERANGE)
            VIOLATION(r, "out_of_range", pointer(r, &at), "is too large a number", "er for stort et tal");
        else
            check_integer(r, s, number, &at);
    }
}
