/* From path, query and body to checked values, and from those to a statement's arguments.
 * SPDX-License-Identifier: MPL-2.0 */
#include "bind.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* PostgreSQL's type number that decides how a month is written (pg_type.dat; it never changes). */
#define OID_DATE 1082u

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

/* "query/limit" and the like, for a violation; never NULL. */
static const char *bind_pointer(struct request *r, const char *where, const char *name) {
    const char *pointer = arena_printf(&r->arena, "%s/%s", where, name);
    return pointer != NULL ? pointer : where;
}

int bind_find(const struct operation *op, enum parameter_in in, const char *name) {
    for (size_t i = 0; i < op->n_parameters; i++)
        if (op->parameters[i].in == in && (in == IN_HEADER ? strcasecmp : strcmp)(op->parameters[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* ---- query ---- */

/* Decodes a name or value of a query in place. false: a bad escape, a NUL, or not UTF-8. */
static bool decode(char *text, size_t *ret_length) {
    char *out = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '+') {
            *out++ = ' ';
        } else if (*p != '%') {
            *out++ = *p;
        } else {
            int high = text_hex_value(p[1]), low = high < 0 ? -1 : text_hex_value(p[2]);
            if (low < 0 || (high == 0 && low == 0))
                return false;
            *out++ = (char)(high * 16 + low);
            p += 2;
        }
    }
    *out = '\0';
    *ret_length = (size_t)(out - text);
    return text_is_utf8(text, *ret_length, NULL);
}

static void take_pair(struct request *r, char *name, char *text) {
    struct value value = {.text = text};
    size_t name_length;
    if (!decode(name, &name_length)) {
        VIOLATION(r, "bad_encoding", "query", "a parameter's name is not UTF-8, or wrongly percent-encoded",
                  "en parameters navn er ikke UTF-8, eller forkert procentkodet");
        return;
    }
    int i = bind_find(r->op, IN_QUERY, name);
    const char *pointer = bind_pointer(r, "query", name);
    if (i < 0)
        VIOLATION(r, "unknown_parameter", pointer, "is not known here", "kendes ikke her");
    else if (r->parameters[i].text != NULL)
        VIOLATION(r, "duplicate_parameter", pointer, "is given more than once", "er angivet flere gange");
    else if (!decode(text, &value.length))
        VIOLATION(r, "bad_encoding", pointer, "is not UTF-8, or wrongly percent-encoded",
                  "er ikke UTF-8, eller forkert procentkodet");
    else
        r->parameters[i] = value;
}

static bool take_query(struct request *r) {
    if (r->query == NULL || r->query[0] == '\0')
        return true;
    char *at = arena_copy(&r->arena, r->query, strlen(r->query)), *pair;
    if (at == NULL)
        return false;
    while ((pair = strsep(&at, "&")) != NULL) {
        if (pair[0] == '\0')
            continue;
        char *value = strchr(pair, '=');
        if (value != NULL)
            *value++ = '\0';
        else
            value = pair + strlen(pair);
        take_pair(r, pair, value);
    }
    return true;
}

/* ---- parameters ---- */

static struct value header_value(const struct request *r, const char *name) {
    const struct {
        const char *name;
        struct value value;
    } headers[] = {{"If-Match", r->if_match},
                   {"If-None-Match", r->if_none_match},
                   {"Idempotency-Key", r->idempotency_key},
                   {"Prefer", r->prefer},
                   {"Content-Digest", r->content_digest}};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return (struct value){0};
}

static void take_path_and_headers(struct request *r) {
    size_t n_path = 0;
    for (size_t i = 0; i < r->op->n_parameters; i++) {
        const struct parameter *p = &r->op->parameters[i];
        if (p->in == IN_PATH)
            r->parameters[i] = r->path_values[n_path++];
        else if (p->in == IN_HEADER)
            r->parameters[i] = header_value(r, p->name);
    }
}

static void check_list(struct request *r, const struct parameter *p, struct value value, const char *pointer) {
    size_t n = 1;
    for (const char *comma = value.text; (comma = strchr(comma, ',')) != NULL; comma++)
        n++;
    if (p->max_items != 0 && n > p->max_items) {
        VIOLATION(r, "too_many_items", pointer, "has more than %u items", "har flere end %u elementer", p->max_items);
        return;
    }
    char *at = arena_copy(&r->arena, value.text, value.length);
    if (at == NULL)
        r->no_memory = true;
    while (at != NULL) {
        const char *item = strsep(&at, ",");
        schema_check_text(r, p->schema, (struct value){item, strlen(item)}, pointer);
    }
}

static void check_parameter(struct request *r, size_t i) {
    static const char *const places[] = {[IN_PATH] = "path", [IN_QUERY] = "query", [IN_HEADER] = "header"};
    const struct parameter *p = &r->op->parameters[i];
    struct value *value = &r->parameters[i];
    if (value->text != NULL) {
        const char *pointer = bind_pointer(r, places[p->in], p->name);
        if (p->list)
            check_list(r, p, *value, pointer);
        else
            schema_check_text(r, p->schema, *value, pointer);
    } else if (p->fallback != NULL) {
        *value = (struct value){p->fallback, strlen(p->fallback)};
    } else if (p->required && p->in != IN_HEADER) { /* If-Match has its own problem, 428 */
        VIOLATION(r, "required", bind_pointer(r, places[p->in], p->name), "is required", "skal angives");
    }
}

/* An export gives everything: a page of it would be taken for the whole. */
static void refuse_paging(struct request *r) {
    static const char *const names[] = {"limit", "cursor", "count"};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        int i = bind_find(r->op, IN_QUERY, names[n]);
        if (i >= 0 && r->parameters[i].text != NULL)
            VIOLATION(r, "not_applicable", bind_pointer(r, "query", names[n]),
                      "does not apply to %s, which has everything", "kan ikke bruges med %s, som har det hele",
                      r->representation->media_type);
    }
}

static bool refused_for_cpr(const struct request *r) {
    for (size_t i = 0; i < r->n_violations; i++)
        if (strcmp(r->violations[i].code, "cpr_number_not_allowed") == 0)
            return true;
    return false;
}

static enum problem_code checked(struct request *r, enum problem_code when_refused) {
    if (r->no_memory) {
        r->n_violations = 0;
        return PROBLEM_OVERLOADED;
    }
    if (r->n_violations == 0)
        return PROBLEM_NONE;
    return refused_for_cpr(r) ? PROBLEM_CPR_NUMBER_NOT_ALLOWED : when_refused;
}

enum problem_code bind_head(struct request *r) {
    CHECK_REQUEST(r);
    enum problem_code problem = bind_accept(r);
    if (problem == PROBLEM_NONE)
        problem = bind_content(r);
    if (problem != PROBLEM_NONE)
        return problem;
    if (!take_query(r))
        return PROBLEM_OVERLOADED;
    take_path_and_headers(r);
    if (r->representation != NULL && r->representation->stream)
        refuse_paging(r);
    for (size_t i = 0; i < r->op->n_parameters; i++)
        check_parameter(r, i);
    bind_prefer(r);
    problem = checked(r, PROBLEM_INVALID_PARAMETER);
    if (problem != PROBLEM_NONE)
        return problem;
    int limit = bind_find(r->op, IN_QUERY, "limit"), cursor = bind_find(r->op, IN_QUERY, "cursor");
    if (limit >= 0 && r->parameters[limit].text != NULL)
        r->limit = strtol(r->parameters[limit].text, NULL, 10);
    if (cursor >= 0 && r->parameters[cursor].text != NULL && !bind_cursor(r, r->parameters[cursor]))
        return r->no_memory ? PROBLEM_OVERLOADED : PROBLEM_INVALID_CURSOR;
    return bind_if_match(r);
}

/* ---- body ---- */

/* Whether a number, here at its first character, is longer than any quantity needs. *ret_end: behind it. */
static bool is_too_long_a_number(const char *text, const char *end, const char **ret_end) {
    static const char of_numbers[] = "0123456789+-.eE";
    const char *p = text;
    size_t exponent = 0;
    for (bool in_exponent = false; p < end && memchr(of_numbers, *p, sizeof of_numbers - 1) != NULL; p++) {
        exponent += in_exponent && *p >= '0' && *p <= '9';
        in_exponent = in_exponent || *p == 'e' || *p == 'E';
    }
    *ret_end = p;
    return p - text > JSON_NUMBER_LIMIT || exponent > JSON_EXPONENT_LIMIT;
}

/* Before parsing: a parser's stack is what deep nesting aims at, its memory what a crowd of empty values aims at (each
 * is 80 times as large there as in the body), and 0e-99999 is nothing to it but too long for PostgreSQL. NULL: none of
 * these. */
static const char *refused_form(const char *text, size_t n) {
    size_t depth = 0, values = 1;
    bool in_string = false, is_empty = false; /* is_empty: of the array or object begun just before */
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (strchr(" \t\r\n", c) != NULL && c != '\0')
            continue;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        else
            values += is_empty || c == ','; /* each value but the outermost follows a bracket or a comma */
        is_empty = c == '{' || c == '[';
        in_string = c == '"';
        if (is_empty && ++depth > JSON_DEPTH_LIMIT)
            return "nested deeper than " TEXT_OF(JSON_DEPTH_LIMIT) " levels";
        if (values > JSON_VALUES_LIMIT)
            return "more than " TEXT_OF(JSON_VALUES_LIMIT) " values";
        if (c == '-' || (c >= '0' && c <= '9')) {
            const char *end;
            if (is_too_long_a_number(text + i, text + n, &end))
                return "a number has more than " TEXT_OF(JSON_NUMBER_LIMIT) " characters or " TEXT_OF(
                    JSON_EXPONENT_LIMIT) " digits of exponent";
            i = (size_t)(end - text) - 1;
        }
    }
    return NULL;
}

static enum problem_code parse(struct request *r) {
    const char *text = r->body.bytes;
    size_t n = r->body.length, bad;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        r->problem_detail = "the content starts with a byte order mark";
        return PROBLEM_MALFORMED_JSON;
    }
    if (!text_is_utf8(text, n, &bad)) {
        r->problem_detail = arena_printf(&r->arena, "not UTF-8 at byte %zu", bad);
        return PROBLEM_MALFORMED_JSON;
    }
    r->problem_detail = refused_form(text, n);
    if (r->problem_detail != NULL)
        return PROBLEM_MALFORMED_JSON;
    json_error_t error;
    bool no_memory = false;
    r->json = json_parse(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error, &no_memory);
    if (r->json != NULL)
        return PROBLEM_NONE;
    if (no_memory)
        return PROBLEM_OVERLOADED;
    switch (json_error_code(&error)) {
    case json_error_null_character:
    case json_error_null_byte_in_key:
        r->problem_detail = arena_printf(&r->arena, "line %d: the character U+0000 (\\u0000) is not taken", error.line);
        return PROBLEM_MALFORMED_JSON;
    default:
        r->problem_detail = arena_printf(&r->arena, "line %d, column %d: %s", error.line, error.column, error.text);
        return PROBLEM_MALFORMED_JSON;
    }
}

enum problem_code bind_body(struct request *r) {
    CHECK_REQUEST(r);
    const struct operation *op = r->op;
    assert(!op->streams);
    if (op->body == NULL) {
        if (r->body.length == 0)
            return PROBLEM_NONE;
        r->problem_detail = "this operation takes no content";
        return PROBLEM_INVALID_BODY;
    }
    if (r->body.failed)
        return PROBLEM_OVERLOADED;
    if (r->body.length > JSON_BODY_LIMIT)
        return PROBLEM_CONTENT_TOO_LARGE;
    if (r->body.length == 0) {
        r->problem_detail = "a JSON object is needed";
        return op->body_required ? PROBLEM_INVALID_BODY : PROBLEM_NONE;
    }
    /* Statements get the caller's own bytes, NUL-ended. */
    if (!buffer_reserve(&r->body, 1))
        return PROBLEM_OVERLOADED;
    r->body.bytes[r->body.length] = '\0';
    enum problem_code problem = parse(r);
    if (problem != PROBLEM_NONE)
        return problem;
    schema_check(r, op->body, r->json, "");
    problem = checked(r, PROBLEM_VALIDATION_FAILED);
    if (problem != PROBLEM_NONE) { /* not held for as long as the answer waits to be sent */
        json_decref(r->json);
        r->json = NULL;
    }
    return problem;
}

/* ---- arguments ---- */

/* PostgreSQL's text form of an array of texts, from a comma-separated list. */
static const char *array_literal(struct request *r, struct value list) {
    char *text = arena_alloc(&r->arena, list.length * 2 + 5), *out = text;
    if (text == NULL)
        return NULL;
    *out++ = '{';
    *out++ = '"';
    for (size_t i = 0; i < list.length; i++) {
        if (list.text[i] == ',') {
            memcpy(out, "\",\"", 3);
            out += 3;
            continue;
        }
        if (list.text[i] == '"' || list.text[i] == '\\')
            *out++ = '\\';
        *out++ = list.text[i];
    }
    *out++ = '"';
    *out++ = '}';
    *out = '\0';
    return text;
}

/* What a checked text is sent as: a month bound to a date is its first day. */
static const char *as_type(struct request *r, const struct schema *schema, const char *text, uint32_t oid) {
    return schema->format == FORMAT_MONTH && oid == OID_DATE ? arena_printf(&r->arena, "%s-01", text) : text;
}

static bool parameter_argument(struct request *r, const struct binding *b, const char **ret) {
    const struct parameter *p = &r->op->parameters[b->index];
    struct value value = r->parameters[b->index];
    *ret = NULL;
    if (value.text == NULL)
        return true;
    *ret = p->list ? array_literal(r, value) : as_type(r, p->schema, value.text, b->oid);
    return *ret != NULL;
}

static bool property_argument(struct request *r, const struct binding *b, const char **ret) {
    const json_t *value = json_object_get(r->json, b->name);
    *ret = NULL;
    if (value == NULL || json_typeof(value) == JSON_NULL)
        return true;
    if (json_typeof(value) == JSON_STRING) {
        const struct schema *schema = NULL;
        for (size_t i = 0; i < r->op->body->n_properties; i++)
            if (strcmp(r->op->body->properties[i].name, b->name) == 0)
                schema = r->op->body->properties[i].schema;
        *ret = schema == NULL ? NULL : as_type(r, schema, json_string_value(value), b->oid);
    } else if (json_typeof(value) == JSON_TRUE) {
        *ret = "true";
    } else if (json_typeof(value) == JSON_FALSE) {
        *ret = "false";
    } else if (json_typeof(value) == JSON_INTEGER) {
        *ret = arena_printf(&r->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        *ret = text == NULL ? NULL : arena_copy(&r->arena, text, strlen(text));
        free(text);
    }
    return *ret != NULL;
}

static bool argument(struct request *r, const struct binding *b, const char **ret) {
    int if_match;
    *ret = NULL;
    switch (b->from) {
    case FROM_PARAMETER:
        return parameter_argument(r, b, ret);
    case FROM_BODY:
        *ret = r->json != NULL ? r->body.bytes : NULL;
        return true;
    case FROM_BODY_PROPERTY:
        return property_argument(r, b, ret);
    case FROM_CURSOR:
        *ret = (size_t)b->index < r->n_cursor ? r->cursor[b->index] : NULL;
        return true;
    case FROM_LIMIT:
        *ret = arena_printf(&r->arena, "%ld", r->limit + 1);
        return *ret != NULL;
    case FROM_IF_MATCH:
        if_match = bind_find(r->op, IN_HEADER, "If-Match");
        *ret = if_match >= 0 ? r->parameters[if_match].text : NULL;
        return true;
    case FROM_PREFER_ROLLBACK:
        *ret = r->prefer_rollback ? "true" : "false";
        return true;
    case FROM_CALLER:
        break; /* internal statements never come here: their caller gives the arguments */
    }
    assert(!"a binding that bind.c does not know");
    return false;
}

bool bind_arguments(struct request *r, const struct statement *statement) {
    CHECK_REQUEST(r);
    assert(statement->n_bindings <= MAX_BINDINGS);
    for (size_t i = 0; i < statement->n_bindings; i++) {
        if (!argument(r, &statement->bindings[i], &r->arguments[i]))
            return false;
        r->argument_lengths[i] = r->arguments[i] == NULL ? 0 : (int)strlen(r->arguments[i]);
    }
    return true;
}
