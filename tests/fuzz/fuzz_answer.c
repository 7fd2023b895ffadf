/* Fuzz target of what a server may send to the client library. Of JSON: what jansson reads, the library reads, with the
 * same values, and what jansson refuses, it refuses. What is not of the contract's struct is refused, what is of it is
 * read, written again with the same values, and the same once more. Of a problem and of a signed event: what the caller
 * is told is what stands there, worked out here a second time, and text that is whole.
 *
 * jansson differs in three things that are held apart: it reads 2048 levels and the library 64; it refuses numbers that
 * a double cannot hold, which the library keeps as text; it passes over a NUL behind a number.
 *
 * Input: the name of a struct, a line feed, the JSON; or `problem`, a status and a request id on lines of their own,
 * the body; or `event`, id, timestamp and signatures on lines of their own, the body.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../../libclient/internal.h"
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 64

static const struct mk_type *types[256];
static size_t n_types;

static void add_type(const struct mk_type *type) {
    if (type == NULL)
        return;
    for (size_t i = 0; i < n_types; i++)
        if (types[i] == type)
            return;
    MUST(n_types < sizeof types / sizeof *types);
    types[n_types++] = type;
    for (size_t i = 0; i < type->n_fields; i++)
        add_type(type->fields[i].type);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    for (const mk_operation *const *op = mk_operations(); *op != NULL; op++) {
        add_type(mk_operation_types(*op)->body);
        add_type(mk_operation_types(*op)->result);
    }
    MUST(n_types > 40);
    return 0;
}

static const struct mk_type *type_named(const char *name, size_t n) {
    for (size_t i = 0; i < n_types; i++)
        if (strlen(types[i]->name) == n && memcmp(types[i]->name, name, n) == 0)
            return types[i];
    return NULL;
}

/* ---- the reader against jansson ---- */

static size_t depth_of(const char *json, size_t n) { /* of what is JSON; by its brackets outside strings */
    size_t depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        if (in_string) {
            in_string = json[i] != '"';
            i += json[i] == '\\';
            continue;
        }
        in_string = json[i] == '"';
        depth += json[i] == '{' || json[i] == '[';
        deepest = depth > deepest ? depth : deepest;
        depth -= json[i] == '}' || json[i] == ']';
    }
    return deepest;
}

static bool is_last_of_its_name(const struct mk_json *member) {
    for (const struct mk_json *later = member->next; later != NULL; later = later->next)
        if (strcmp(later->name, member->name) == 0)
            return false;
    return true;
}

/* jansson reads whole numbers as reals here, and of members with one name keeps the last. */
static void must_be_same(const struct mk_json *mine, json_t *theirs) {
    static const json_type kinds[] = {JSON_NULL,   JSON_FALSE, JSON_TRUE,  JSON_REAL,
                                      JSON_STRING, JSON_ARRAY, JSON_OBJECT};
    MUST(json_typeof(theirs) == kinds[mine->kind]);
    if (mine->kind == MK_JSON_STRING) {
        MUST(mine->n == json_string_length(theirs) && strlen(mine->text) == mine->n);
        MUST(memcmp(mine->text, json_string_value(theirs), mine->n) == 0);
    } else if (mine->kind == MK_JSON_NUMBER) {
        MUST(mine->n == mine->n_raw && mine->text == mine->raw);
        char *digits = strndup(mine->text, mine->n);
        MUST(digits != NULL && strtod(digits, NULL) == json_real_value(theirs));
        free(digits);
    }
    const char *from = mine->raw + 1, *end = mine->raw + mine->n_raw;
    size_t n = 0, n_names = 0;
    for (const struct mk_json *child = mine->first; child != NULL; child = child->next, n++) {
        MUST(child->raw >= from && child->n_raw > 0 && child->raw + child->n_raw < end);
        from = child->raw + child->n_raw;
        MUST((child->name != NULL) == (mine->kind == MK_JSON_OBJECT));
        if (mine->kind == MK_JSON_ARRAY)
            must_be_same(child, json_array_get(theirs, n));
        else if (is_last_of_its_name(child)) {
            n_names++;
            MUST(json_object_get(theirs, child->name) != NULL);
            must_be_same(child, json_object_get(theirs, child->name));
        }
    }
    if (mine->kind == MK_JSON_ARRAY)
        MUST(mine->n == n && n == json_array_size(theirs));
    if (mine->kind == MK_JSON_OBJECT)
        MUST(mine->n == n && n_names == json_object_size(theirs));
}

static struct mk_json *read_json(struct mk_arena *arena, const char *text, size_t n) {
    bool memory = true;
    struct mk_json *mine = mk_json_read(arena, text, n, &memory);
    MUST(!memory);
    if (memchr(text, '\0', n) != NULL) {
        MUST(mine == NULL);
        return NULL;
    }
    json_error_t error;
    json_t *theirs = json_loadb(text, n, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
    if (theirs != NULL) {
        MUST((mine == NULL) == (depth_of(text, n) > DEEPEST));
        if (mine != NULL)
            must_be_same(mine, theirs);
    } else if (json_error_code(&error) != json_error_numeric_overflow)
        MUST(mine == NULL);
    json_decref(theirs);
    return mine;
}

/* As jansson reads it with no member twice; NULL when it does not. */
static json_t *load_strictly(const char *text, size_t n) {
    return json_loadb(text, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

/* ---- structs ---- */

static bool fits(const struct mk_type *type, json_t *object);

static bool value_fits(const struct mk_field *field, json_t *value) {
    switch (field->kind) {
    case MK_TEXT:
        return json_is_string(value);
    case MK_DECIMAL:
        return json_is_number(value);
    case MK_INTEGER:
        return json_is_integer(value);
    case MK_BOOLEAN:
        return json_is_boolean(value);
    default:
        return fits(field->type, value);
    }
}

static bool field_fits(const struct mk_field *field, json_t *value) {
    size_t i;
    const char *name;
    json_t *child;
    if (value == NULL)
        return !field->required;
    if (json_is_null(value) && (field->nullable || !field->required))
        return true;
    bool good = field->shape == MK_MANY  ? json_is_array(value)
                : field->shape == MK_MAP ? json_is_object(value)
                                         : value_fits(field, value);
    if (field->shape == MK_MANY)
        json_array_foreach(value, i, child) good = good && value_fits(field, child);
    if (field->shape == MK_MAP)
        json_object_foreach(value, name, child) good = good && value_fits(field, child);
    return good;
}

static bool fits(const struct mk_type *type, json_t *object) {
    bool good = json_is_object(object);
    for (size_t i = 0; good && i < type->n_fields; i++)
        good = field_fits(&type->fields[i], json_object_get(object, type->fields[i].name));
    return good;
}

/* What is left of JSON that fits: the members that the struct has, without those that are null and need not be there.
 */
static json_t *kept(const struct mk_type *type, json_t *object);

static json_t *kept_value(const struct mk_field *field, json_t *value) {
    return field->kind == MK_STRUCT ? kept(field->type, value) : json_incref(value);
}

static json_t *kept_field(const struct mk_field *field, json_t *value) {
    size_t i;
    const char *name;
    json_t *child, *many = field->shape == MK_MANY ? json_array() : json_object();
    if (json_is_null(value) || (field->shape != MK_MANY && field->shape != MK_MAP)) {
        json_decref(many);
        return json_is_null(value) ? json_incref(value) : kept_value(field, value);
    }
    json_array_foreach(value, i, child) json_array_append_new(many, kept_value(field, child));
    json_object_foreach(value, name, child) json_object_set_new(many, name, kept_value(field, child));
    return many;
}

static json_t *kept(const struct mk_type *type, json_t *object) {
    json_t *left = json_object();
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct mk_field *field = &type->fields[i];
        json_t *value = json_object_get(object, field->name);
        if (value != NULL && (field->required || !json_is_null(value)))
            json_object_set_new(left, field->name, kept_field(field, value));
    }
    return left;
}

static bool is_one_line(const char *text) {
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return false;
    return fuzz_is_text(text, strlen(text));
}

/* The struct written as JSON. */
static struct mk_buffer written(const struct mk_type *type, const void *from) {
    struct mk_buffer to = {.limit = 0};
    char where[MK_WHERE];
    MUST(mk_encode(type, from, &to, where));
    return to;
}

static void check_struct(const struct mk_type *type, const char *text, size_t n) {
    struct mk_arena *arena = mk_arena_create();
    struct mk_json *json = read_json(arena, text, n), *again;
    json_t *strict = json == NULL ? NULL : load_strictly(text, n);
    void *result = NULL, *same = NULL;
    mk_error error = MK_ERROR_INIT;
    int code = json == NULL ? MK_ERR_PROTOCOL : mk_result_create(type, json, NULL, NULL, false, 0, &result, &error);
    MUST(code == MK_OK ? result != NULL : code == MK_ERR_PROTOCOL && result == NULL && is_one_line(error.message));
    MUST(strict == NULL || (code == MK_OK) == fits(type, strict));
    if (code == MK_OK) {
        struct mk_buffer first = written(type, result), second;
        if (strict != NULL) {
            json_t *left = kept(type, strict), *mine = load_strictly(first.bytes, first.n);
            MUST(mine != NULL && json_equal(left, mine));
            json_decref(left);
            json_decref(mine);
        }
        MUST((again = read_json(arena, first.bytes, first.n)) != NULL);
        MUST(mk_result_create(type, again, NULL, NULL, false, 0, &same, NULL) == MK_OK);
        second = written(type, same);
        MUST(first.n == second.n && memcmp(first.bytes, second.bytes, first.n) == 0);
        mk_buffer_clear(&first);
        mk_buffer_clear(&second);
    }
    mk_result_free(result);
    mk_result_free(same);
    mk_error_clear(&error);
    json_decref(strict);
    mk_arena_destroy(arena);
}

/* ---- problems ---- */

/* Whether `text` is `whole`, or a whole character less than what would not fit, with spaces for control characters. */
static bool is_beginning(const char *text, const char *whole, size_t room) {
    size_t n = strlen(text), n_whole = strlen(whole);
    for (size_t i = 0; i < n; i++)
        if (i >= n_whole || (text[i] != whole[i] && text[i] != ' '))
            return false;
    return n == n_whole || (n < room && n + 4 >= room);
}

static json_t *list_in(json_t *problem, const char *name) {
    json_t *list = json_object_get(problem, name);
    return json_array_size(list) > 0 ? list : NULL;
}

static const char *text_in(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void check_told(const mk_error *error, json_t *problem) {
    MUST(is_beginning(error->problem, text_in(problem, "code"), sizeof error->problem));
    json_t *list = list_in(problem, "errors");
    if (list == NULL)
        list = list_in(problem, "rejections");
    MUST(error->n_details == json_array_size(list));
    for (size_t i = 0; i < error->n_details; i++) {
        const mk_error_detail *d = &error->details[i];
        json_t *item = json_array_get(list, i), *pointer = json_object_get(item, "pointer");
        MUST(strcmp(d->code, text_in(item, "code")) == 0 && strcmp(d->detail, text_in(item, "detail")) == 0);
        if (json_is_string(pointer))
            MUST(strcmp(d->pointer, json_string_value(pointer)) == 0);
        else
            MUST((d->pointer != NULL) == json_is_integer(json_object_get(item, "line")));
    }
}

static void check_problem(int status, const char *id, const char *body, size_t n) {
    struct mk_arena *arena = mk_arena_create();
    struct mk_json *json = read_json(arena, body, n);
    json_t *strict = json == NULL ? NULL : load_strictly(body, n);
    struct mk_response response = {.status = status};
    const char *const head[] = {"Content-Type", "application/problem+json", "X-Request-Id", id};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        mk_buffer_add(&response.head, head[i], strlen(head[i]) + 1);
    mk_buffer_add(&response.body, body, n);
    mk_error error = MK_ERROR_INIT;
    MUST(mk_fail_response(&error, &response) == (status >= 500 ? MK_ERR_SERVER : MK_ERR_REFUSED));
    mk_buffer_clear(&response.head);
    mk_buffer_clear(&response.body); /* nothing of the error is in the answer any more */
    MUST(error.status == status && *error.message != '\0' && is_one_line(error.message));
    MUST(is_one_line(error.problem) && is_one_line(error.request_id));
    MUST((error.json != NULL) == (*error.problem != '\0'));
    MUST(error.json == NULL || (json != NULL && strlen(error.json) == n && memcmp(error.json, body, n) == 0));
    for (size_t i = 0; i < error.n_details; i++) {
        const mk_error_detail *d = &error.details[i];
        MUST(d->pointer == NULL || fuzz_is_text(d->pointer, strlen(d->pointer)));
        MUST(fuzz_is_text(d->code, strlen(d->code)) && fuzz_is_text(d->detail, strlen(d->detail)));
    }
    if (strict != NULL && *text_in(strict, "code") != '\0')
        check_told(&error, strict);
    else if (strict != NULL)
        MUST(error.json == NULL && error.n_details == 0 &&
             is_beginning(error.request_id, fuzz_is_text(id, strlen(id)) ? id : "", sizeof error.request_id));
    mk_error_clear(&error);
    json_decref(strict);
    mk_arena_destroy(arena);
}

/* ---- signed events ---- */

#define NOW_S 1800000000

static bool is_signed(const char *key, size_t n_key, const char *id, const char *timestamp, const char *signatures,
                      const char *body, size_t n) {
    unsigned char mac[EVP_MAX_MD_SIZE], base64[4 * EVP_MAX_MD_SIZE];
    unsigned n_mac = sizeof mac;
    struct mk_buffer text = {.limit = 0};
    mk_buffer_add_text(&text, id);
    mk_buffer_add_text(&text, ".");
    mk_buffer_add_text(&text, timestamp);
    mk_buffer_add_text(&text, ".");
    mk_buffer_add(&text, body, n);
    MUST(HMAC(EVP_sha256(), key, (int)n_key, (unsigned char *)text.bytes, text.n, mac, &n_mac) != NULL);
    mk_buffer_clear(&text);
    size_t n_base64 = (size_t)EVP_EncodeBlock(base64, mac, (int)n_mac);
    bool found = false;
    for (const char *p = signatures, *end; *p != '\0'; p = end + (*end == ' ')) {
        end = strchrnul(p, ' ');
        found = found ||
                ((size_t)(end - p) == 3 + n_base64 && memcmp(p, "v1,", 3) == 0 && memcmp(p + 3, base64, n_base64) == 0);
    }
    return found;
}

static void check_event(const char *id, const char *timestamp, const char *signatures, const char *body, size_t n) {
    static const char *const secrets[] = {"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "MTExMTExMTExMTExMTExMTExMTExMTEx"};
    bool good = is_signed("0123456789abcdef01234567", 24, id, timestamp, signatures, body, n) ||
                is_signed("111111111111111111111111", 24, id, timestamp, signatures, body, n);
    char *end;
    unsigned long long sent_s = strtoull(timestamp, &end, 10);
    good = good && *id != '\0' && strchr(id, '.') == NULL && timestamp[0] >= '0' && timestamp[0] <= '9' &&
           *end == '\0' && strlen(timestamp) <= 17 && sent_s >= NOW_S - 300 && sent_s <= NOW_S + 300;
    mk_error error = MK_ERROR_INIT;
    int code = mk_webhook_verify(secrets, 2, id, timestamp, signatures, body, n, 0, NOW_S, &error);
    MUST(code == (good ? MK_OK : MK_ERR_UNVERIFIED));
    MUST(code == MK_OK || is_one_line(error.message));
}

/* ---- one input ---- */

/* The next line, ended by NUL where its line feed or its first NUL stands; NULL: there is none. The caller frees it. */
static char *take_line(const char **at, const char *end) {
    const char *start = *at, *line_feed = start == end ? NULL : memchr(start, '\n', (size_t)(end - start));
    if (line_feed == NULL)
        return NULL;
    *at = line_feed + 1;
    return strndup(start, (size_t)(line_feed - start));
}

static int check_lines(const char *name, const char *at, const char *end) {
    const struct mk_type *type = type_named(name, strlen(name));
    bool problem = strcmp(name, "problem") == 0, event = strcmp(name, "event") == 0;
    char *lines[3] = {NULL};
    size_t n_lines = problem ? 2 : event ? 3 : 0;
    int answer = type != NULL || problem || event ? 0 : -1; /* not worth keeping */
    for (size_t i = 0; i < n_lines && answer == 0; i++)
        answer = (lines[i] = take_line(&at, end)) == NULL ? -1 : 0;
    size_t n = (size_t)(end - at);
    if (answer == 0 && type != NULL)
        check_struct(type, at, n);
    else if (answer == 0 && event)
        check_event(lines[0], lines[1], lines[2], at, n);
    else if (answer == 0) {
        int status = atoi(lines[0]);
        check_problem(status >= 400 && status < 600 ? status : 400, lines[1], at, n);
    }
    for (size_t i = 0; i < n_lines; i++)
        free(lines[i]);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *at = (const char *)data, *end = at + size;
    char *name = take_line(&at, end);
    int answer = name == NULL ? -1 : check_lines(name, at, end);
    free(name);
    return answer;
}

/* ---- changing the JSON with the names that the struct knows ---- */

static void add_names(const struct mk_type *type, const char *names[], size_t *n, size_t most) {
    for (size_t i = 0; type != NULL && i < type->n_fields && *n < most; i++) {
        names[(*n)++] = type->fields[i].name;
        add_names(type->fields[i].type, names, n, most);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    static const char *const of_problems[] = {"code",    "title", "detail", "request_id", "errors",
                                              "pointer", "line",  "column", "rejections", NULL};
    const uint8_t *at = data;
    bool problem = size > 8 && memcmp(data, "problem\n", 8) == 0;
    for (int lines = problem ? 3 : 1; lines > 0 && at != NULL; lines--) {
        at = at == data + size ? NULL : memchr(at, '\n', size - (size_t)(at - data));
        at = at == NULL ? NULL : at + 1;
    }
    const struct mk_type *type = at == NULL || problem ? NULL : type_named((char *)data, (size_t)(at - data) - 1);
    if (type == NULL && (at == NULL || !problem || seed % 3 == 0))
        return LLVMFuzzerMutate(data, size, max_size);
    size_t before = (size_t)(at - data), n = 0, n_names = 1;
    const char *names[65] = {"x"};
    add_names(type, names, &n_names, 64);
    if (seed % 3 != 0)
        n = fuzz_mutate_json(data + before, size - before, max_size - before, seed / 3, problem ? of_problems : names);
    return before + (n > 0 ? n : LLVMFuzzerMutate(data + before, size - before, max_size - before));
}
