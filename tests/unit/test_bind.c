/* Tests of server/bind.c, bind_headers.c and bind_cursor.c with operations made for the purpose.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define OID_TEXT       25u
#define OID_DATE       1082u
#define OID_INT8       20u
#define OID_JSONB      3802u
#define OID_TEXT_ARRAY 1009u

static const struct schema text = {.types = TYPE_STRING, .max_length = 40, .free_text = true, .pattern = -1};
static const struct schema plain = {.types = TYPE_STRING, .max_length = 300, .pattern = -1};
static const struct schema month = {.types = TYPE_STRING, .format = FORMAT_MONTH, .pattern = -1};
static const struct schema page = {
    .types = TYPE_INTEGER, .has_minimum = true, .minimum = 1, .has_maximum = true, .maximum = 500, .pattern = -1};
static const struct schema size = {.types = TYPE_INTEGER | TYPE_NULL, .pattern = -1};
static const struct schema slug = {
    .types = TYPE_STRING, .pattern = -1, .enumeration = (const char *const[]){"nordjylland", "sjaelland", NULL}};
static const struct schema yes = {.types = TYPE_BOOLEAN, .pattern = -1};
static const struct schema tags = {.types = TYPE_ARRAY, .pattern = -1, .items = &plain, .max_items = 3};

enum { P_REGION, P_LIMIT, P_CURSOR, P_COUNT, P_NAME, P_MONTH, P_REGIONS, N_LIST_PARAMETERS };
static const struct parameter list_parameters[] = {
    [P_REGION] = {.name = "region", .in = IN_PATH, .required = true, .schema = &slug},
    [P_LIMIT] = {.name = "limit", .in = IN_QUERY, .schema = &page, .fallback = "50"},
    [P_CURSOR] = {.name = "cursor", .in = IN_QUERY, .schema = &plain},
    [P_COUNT] = {.name = "count", .in = IN_QUERY, .schema = &plain},
    [P_NAME] = {.name = "name", .in = IN_QUERY, .schema = &text},
    [P_MONTH] = {.name = "from_month", .in = IN_QUERY, .required = true, .schema = &month},
    [P_REGIONS] = {.name = "regions", .in = IN_QUERY, .list = true, .max_items = 2, .schema = &plain},
};
static const struct binding list_bindings[] = {{FROM_PARAMETER, P_REGION, "region", OID_TEXT},
                                               {FROM_LIMIT, 0, "limit", OID_INT8},
                                               {FROM_CURSOR, 0, "after_1", OID_TEXT},
                                               {FROM_CURSOR, 1, "after_2", OID_TEXT},
                                               {FROM_PARAMETER, P_MONTH, "from_month", OID_DATE},
                                               {FROM_PARAMETER, P_REGIONS, "regions", OID_TEXT_ARRAY},
                                               {FROM_PARAMETER, P_NAME, "name", OID_TEXT},
                                               {FROM_PARAMETER, P_MONTH, "from_month", OID_TEXT}};
static const struct statement list_statement = {"list_things", "SELECT", list_bindings, 8, CARDINALITY_MANY};
static const struct representation list_representations[] = {{"application/json", NULL, false, NULL},
                                                             {"text/csv", &list_statement, true, NULL}};
static const struct operation list_things = {.id = "list_things",
                                             .method = METHOD_GET,
                                             .parameters = list_parameters,
                                             .n_parameters = N_LIST_PARAMETERS,
                                             .representations = list_representations,
                                             .n_representations = 2,
                                             .statement = &list_statement,
                                             .status = 200};

static const struct schema_property thing_properties[] = {{"big", &yes, false},
                                                          {"month", &month, false},
                                                          {"name", &text, true},
                                                          {"size", &size, false},
                                                          {"tags", &tags, false}};
static const struct schema thing = {
    .types = TYPE_OBJECT, .pattern = -1, .properties = thing_properties, .n_properties = 5};
static const struct parameter put_parameters[] = {
    {.name = "If-Match", .in = IN_HEADER, .required = true, .schema = &plain},
    {.name = "Prefer", .in = IN_HEADER, .schema = &plain},
    {.name = "Idempotency-Key", .in = IN_HEADER, .schema = &plain}};
static const struct binding put_bindings[] = {{FROM_IF_MATCH, 0, "if_match", OID_TEXT},
                                              {FROM_BODY_PROPERTY, 0, "name", OID_TEXT},
                                              {FROM_BODY_PROPERTY, 0, "big", OID_TEXT},
                                              {FROM_BODY_PROPERTY, 0, "size", OID_INT8},
                                              {FROM_BODY_PROPERTY, 0, "tags", OID_JSONB},
                                              {FROM_BODY_PROPERTY, 0, "month", OID_DATE},
                                              {FROM_BODY, 0, "body", OID_JSONB},
                                              {FROM_PREFER_ROLLBACK, 0, "prefer_rollback", 16},
                                              {FROM_PARAMETER, 2, "idempotency_key", OID_TEXT}};
static const struct statement put_statement = {"put_thing", "UPDATE", put_bindings, 9, CARDINALITY_ONE};
static const struct operation put_thing = {.id = "put_thing",
                                           .method = METHOD_PUT,
                                           .parameters = put_parameters,
                                           .n_parameters = 3,
                                           .body = &thing,
                                           .body_required = true,
                                           .needs_if_match = true,
                                           .representations = list_representations,
                                           .n_representations = 1,
                                           .statement = &put_statement,
                                           .status = 200};
static const struct operation patch_thing = {
    .id = "patch_thing", .method = METHOD_PATCH, .body = &thing, .status = 204};
static const struct operation upload = {.id = "upload",
                                        .method = METHOD_PUT,
                                        .streams = true,
                                        .consumes = (const char *const[]){"text/csv", "application/x-ndjson", NULL},
                                        .status = 200};

static struct request r;

static struct value value(const char *t) {
    return (struct value){t, t == NULL ? 0 : strlen(t)};
}

static void tear_down(void) {
    json_decref(r.json);
    buffer_free(&r.body);
    arena_reset(&r.arena);
    memset(&r, 0, sizeof r);
}

static void begin(const struct operation *op) {
    tear_down();
    r.magic = REQUEST_MAGIC;
    r.op = op;
    r.method = op->method;
    r.query = "";
    r.path = "/v1/x";
}

static enum problem_code ask(const char *query) {
    begin(&list_things);
    r.path = "/v1/regions/sjaelland/things";
    r.path_values[0] = value("sjaelland");
    r.query = query;
    return bind_head(&r);
}

/* Of the violations so far: "code pointer, code pointer". */
static const char *said(void) {
    static char list[1024];
    list[0] = '\0';
    for (size_t i = 0; i < r.n_violations && i < 8; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s %s", i == 0 ? "" : ", ", r.violations[i].code,
                 r.violations[i].pointer);
    return list;
}

START_TEST(query_is_decoded_and_defaults_are_filled_in) {
    ck_assert_int_eq(ask("from_month=2026-03&name=S%C3%B8rens+pen%26a%2Bb&&regions=a%2Cb"), PROBLEM_NONE);
    ck_assert_str_eq(r.parameters[P_NAME].text, "Sørens pen&a+b");
    ck_assert_uint_eq(r.parameters[P_NAME].length, strlen("Sørens pen&a+b"));
    ck_assert_str_eq(r.parameters[P_LIMIT].text, "50");
    ck_assert_int_eq(r.limit, 50);
    ck_assert_ptr_null(r.parameters[P_CURSOR].text);
    ck_assert_str_eq(r.parameters[P_REGION].text, "sjaelland");
    ck_assert_ptr_eq(r.representation, &list_representations[0]);
    ck_assert_int_eq(ask("from_month=2026-03&name"), PROBLEM_NONE);
    ck_assert_str_eq(r.parameters[P_NAME].text, "");
    ck_assert_int_eq(ask("%66rom_month=2026-03"), PROBLEM_NONE);
}
END_TEST

START_TEST(every_mistake_of_a_query_is_told_at_once) {
    ck_assert_int_eq(ask("limit=0&limit=5&Name=x&name=%ff&regions=a,b,c&from_month=2026-3"), PROBLEM_INVALID_PARAMETER);
    ck_assert_str_eq(said(), "duplicate_parameter query/limit, unknown_parameter query/Name, bad_encoding query/name, "
                             "out_of_range query/limit, "
                             "bad_format query/from_month, too_many_items query/regions");
    ck_assert_int_eq(ask(""), PROBLEM_INVALID_PARAMETER);
    ck_assert_str_eq(said(), "required query/from_month");
}
END_TEST

START_TEST(bad_encodings_are_refused) {
    static const char *const values[] = {"%00", "a%00b", "%", "%4", "%zz", "%c3", "%ed%a0%80", "%c0%80"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char query[64];
        snprintf(query, sizeof query, "from_month=2026-03&name=%s", values[i]);
        ck_assert_int_eq(ask(query), PROBLEM_INVALID_PARAMETER);
        ck_assert_str_eq(said(), "bad_encoding query/name");
        snprintf(query, sizeof query, "from_month=2026-03&n%s=1", values[i]);
        ck_assert_int_eq(ask(query), PROBLEM_INVALID_PARAMETER);
        ck_assert_str_eq(said(), "bad_encoding query");
    }
}
END_TEST

START_TEST(a_bad_path_value_is_named) {
    begin(&list_things);
    r.query = "from_month=2026-03";
    r.path_values[0] = value("atlantis");
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_PARAMETER);
    ck_assert_str_eq(said(), "not_in_enum path/region");
}
END_TEST

START_TEST(a_civil_registration_number_in_a_query_is_refused) {
    ck_assert_int_eq(ask("from_month=2026-03&name=010180-1234"), PROBLEM_CPR_NUMBER_NOT_ALLOWED);
    ck_assert_str_eq(said(), "cpr_number_not_allowed query/name");
}
END_TEST

static const struct {
    const char *accept;
    int chosen;
} accepts[] = {
    {NULL, 0},
    {"", 0},
    {"*/*", 0},
    {"application/json", 0},
    {"text/csv", 1},
    {"TEXT/CSV", 1},
    {"text/*", 1},
    {"text/csv;header=present", 1},
    {"application/json;q=0.5, text/csv", 1},
    {"text/csv;q=0.5, application/json;q=0.50", 0},
    {"text/csv;q=0.9,*/*;q=0.8", 1},
    {"*/*, application/json;q=0", 1},
    {"text/html, application/xhtml+xml, */*;q=0.1", 0},
    {"image/png", -1},
    {"text/csv;q=0", -1},
    {"text/csv;q=2", -1},
    {"text/csv;q=x", -1},
    {"json", -1},
    {"text/csv;a=\"x,y;q=0\"", 1},
    {",,text/csv", 1},
    {"text/csv;q=0.001", 1},
    {"application/problem+json", -1},
};

START_TEST(accept_chooses_the_representation) {
    begin(&list_things);
    r.query = "from_month=2026-03";
    r.path_values[0] = value("sjaelland");
    r.accept = value(accepts[_i].accept);
    enum problem_code problem = bind_head(&r);
    if (accepts[_i].chosen < 0) {
        ck_assert_int_eq(problem, PROBLEM_NOT_ACCEPTABLE);
        ck_assert_str_eq(r.violations[0].pointer, "header/Accept");
        ck_assert_str_eq(r.violations[0].detail, "there is: application/json, text/csv");
    } else {
        ck_assert_int_eq(problem, PROBLEM_NONE);
        ck_assert_ptr_eq(r.representation, &list_representations[accepts[_i].chosen]);
    }
}
END_TEST

START_TEST(an_export_has_no_pages) {
    begin(&list_things);
    r.path_values[0] = value("sjaelland");
    r.accept = value("text/csv");
    r.query = "from_month=2026-03&limit=50&count=exact";
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_PARAMETER);
    ck_assert_str_eq(said(), "not_applicable query/limit, not_applicable query/count");
}
END_TEST

START_TEST(list_arguments_are_written_for_postgresql) {
    ck_assert_int_eq(ask("from_month=2026-03&regions=a%22b%5C,c&limit=10"), PROBLEM_NONE);
    ck_assert(bind_arguments(&r, &list_statement));
    ck_assert_str_eq(r.arguments[0], "sjaelland");
    ck_assert_str_eq(r.arguments[1], "11");
    ck_assert_ptr_null(r.arguments[2]);
    ck_assert_ptr_null(r.arguments[3]);
    ck_assert_str_eq(r.arguments[4], "2026-03-01");
    ck_assert_str_eq(r.arguments[5], "{\"a\\\"b\\\\\",\"c\"}");
    ck_assert_ptr_null(r.arguments[6]);
    ck_assert_str_eq(r.arguments[7], "2026-03");
    ck_assert_int_eq(r.argument_lengths[5], (int)strlen(r.arguments[5]));
    ck_assert_int_eq(r.argument_lengths[6], 0);
}
END_TEST

/* The cursor in the next URL of ask(query) with these keys. */
static char *cursor_of(const char *query, const char *first, const char *second) {
    static char copy[4096];
    ck_assert_int_eq(ask(query), PROBLEM_NONE);
    const char *url = bind_next_url(&r, (const char *const[]){first, second}, 2);
    ck_assert_ptr_nonnull(url);
    snprintf(copy, sizeof copy, "%s", url);
    return copy;
}

START_TEST(the_next_url_leads_to_the_next_page) {
    const char *url = cursor_of("limit=10&name=S%C3%B8ren+%26+co&from_month=2026-03", "Ærø", NULL);
    const char *mark = strstr(url, "cursor=");
    ck_assert_ptr_nonnull(mark);
    ck_assert_msg(strncmp(url,
                          "/v1/regions/sjaelland/things?limit=10&name=S%C3%B8ren%20%26%20co&from_month=2026-03&cursor=",
                          (size_t)(mark - url) + 7) == 0,
                  "%s", url);
    char query[4096];
    snprintf(query, sizeof query, "%s", strchr(url, '?') + 1);
    ck_assert_int_eq(ask(query), PROBLEM_NONE);
    ck_assert_uint_eq(r.n_cursor, 2);
    ck_assert(bind_arguments(&r, &list_statement));
    ck_assert_str_eq(r.arguments[2], "Ærø");
    ck_assert_ptr_null(r.arguments[3]);
    ck_assert_int_eq(r.limit, 10);
    /* Defaults are left out, and the page size may change on the way. */
    url = cursor_of("from_month=2026-03", "a", "b");
    ck_assert_ptr_null(strstr(url, "limit="));
    snprintf(query, sizeof query, "limit=7&%s", strchr(url, '?') + 1);
    ck_assert_int_eq(ask(query), PROBLEM_NONE);
    ck_assert_str_eq(r.cursor[1], "b");
}
END_TEST

START_TEST(a_cursor_belongs_to_its_list_and_filters) {
    char cursor[4096], query[8192];
    snprintf(cursor, sizeof cursor, "%s", strstr(cursor_of("from_month=2026-03", "a", "b"), "cursor="));
    snprintf(query, sizeof query, "from_month=2026-03&%s", cursor);
    ck_assert_int_eq(ask(query), PROBLEM_NONE);
    snprintf(query, sizeof query, "from_month=2026-04&%s", cursor);
    ck_assert_int_eq(ask(query), PROBLEM_INVALID_CURSOR);
    snprintf(query, sizeof query, "from_month=2026-03&name=x&%s", cursor);
    ck_assert_int_eq(ask(query), PROBLEM_INVALID_CURSOR);
    begin(&list_things);
    r.path_values[0] = value("nordjylland");
    snprintf(query, sizeof query, "from_month=2026-03&%s", cursor);
    r.query = query;
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_CURSOR);
    struct operation other = list_things;
    other.id = "list_others";
    begin(&other);
    r.path_values[0] = value("sjaelland");
    r.query = query;
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_CURSOR);
}
END_TEST

START_TEST(a_damaged_cursor_is_refused) {
    char whole[4096], query[8192];
    snprintf(whole, sizeof whole, "%s", strstr(cursor_of("from_month=2026-03", "abcdef", "b"), "cursor=") + 7);
    for (size_t n = 0; n < strlen(whole); n++) { /* cut anywhere */
        snprintf(query, sizeof query, "from_month=2026-03&cursor=%.*s", (int)n, whole);
        enum problem_code problem = ask(query);
        ck_assert_msg(problem == PROBLEM_INVALID_CURSOR || (problem == PROBLEM_NONE && r.n_cursor == 1), "cut at %zu",
                      n);
        ck_assert(problem == PROBLEM_NONE || r.n_cursor == 0);
    }
    static const char *const nonsense[] = {"", "x", "AAAA", "!!!!", "AQAAAAAAAAAAAAE"};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        snprintf(query, sizeof query, "from_month=2026-03&cursor=%s", nonsense[i]);
        ck_assert_int_eq(ask(query), PROBLEM_INVALID_CURSOR);
    }
    char *long_key = calloc(1, 3000);
    memset(long_key, 'a', 2999);
    ck_assert_int_eq(ask("from_month=2026-03"), PROBLEM_NONE);
    ck_assert_ptr_null(bind_next_url(&r, (const char *const[]){long_key}, 1));
    free(long_key);
}
END_TEST

/* ---- bodies ---- */

static enum problem_code put_bytes(const char *bytes, size_t n) {
    begin(&put_thing);
    r.if_match = value("\"3\"");
    r.content_type = value("application/json");
    r.has_body = n > 0;
    r.content_length = n;
    enum problem_code problem = bind_head(&r);
    if (problem != PROBLEM_NONE)
        return problem;
    buffer_add(&r.body, bytes, n);
    return bind_body(&r);
}

static enum problem_code put(const char *body) {
    return put_bytes(body, strlen(body));
}

START_TEST(a_body_becomes_arguments) {
    const char *body =
        "{\"name\":\"Ærø\",\"big\":true,\"size\":9007199254740993,\"tags\":[\"a\", \"b\"],\"month\":\"2026-03\"} ";
    ck_assert_int_eq(put(body), PROBLEM_NONE);
    ck_assert(bind_arguments(&r, &put_statement));
    static const char *const expected[] = {"3", "Ærø", "true", "9007199254740993", "[\"a\",\"b\"]", "2026-03-01"};
    for (size_t i = 0; i < 6; i++)
        ck_assert_str_eq(r.arguments[i], expected[i]);
    ck_assert_str_eq(r.arguments[6], body);
    ck_assert_str_eq(r.arguments[7], "false");
    ck_assert_ptr_null(r.arguments[8]);
    ck_assert_int_eq(put("{\"name\":\"x\",\"size\":null}"), PROBLEM_NONE);
    ck_assert(bind_arguments(&r, &put_statement));
    ck_assert_ptr_null(r.arguments[2]);
    ck_assert_ptr_null(r.arguments[3]);
    ck_assert_ptr_null(r.arguments[4]);
}
END_TEST

START_TEST(a_body_that_breaks_rules_is_told_all_of_them) {
    ck_assert_int_eq(put("{\"size\":\"x\",\"other\":1}"), PROBLEM_VALIDATION_FAILED);
    ck_assert_str_eq(said(), "required /name, wrong_type /size, unknown_property /other");
    ck_assert_int_eq(put("[1]"), PROBLEM_VALIDATION_FAILED);
    ck_assert_str_eq(said(), "wrong_type ");
    ck_assert_int_eq(put("\"x\""), PROBLEM_VALIDATION_FAILED);
    ck_assert_int_eq(put("{\"name\":\"set 0101801234\",\"size\":\"x\"}"), PROBLEM_CPR_NUMBER_NOT_ALLOWED);
}
END_TEST

START_TEST(what_is_not_json_is_refused_with_a_reason) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *reason;
    } bodies[] = {{"{", 1, "line 1"},
                  {"{\"name\":\"a\"} x", 14, "line 1"},
                  {"\xef\xbb\xbf{}", 5, "byte order mark"},
                  {"{\"name\":\"\xff\"}", 12, "not UTF-8 at byte 9"},
                  {"{\"name\":\"a\",\"name\":\"b\"}", 23, "duplicate"},
                  {"{\"name\":\"\\u0000\"}", 17, "U+0000"},
                  {"{\"\\u0000\":1}", 12, "U+0000"},
                  {"{\"name\":\"\0\"}", 12, "line 1"},
                  {"{\"size\":1e999}", 14, "line 1"},
                  {"{\"size\":99999999999999999999}", 29, "line 1"},
                  {"{\"name\":\"\\ud800\"}", 17, "line 1"},
                  {"   ", 3, "line 1"},
                  {"{'name':1}", 10, "line 1"},
                  {"{\"size\":01}", 11, "line 1"},
                  {"{\"size\":NaN}", 12, "line 1"}};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        ck_assert_msg(put_bytes(bodies[i].bytes, bodies[i].n) == PROBLEM_MALFORMED_JSON, "body %zu", i);
        ck_assert_msg(strstr(r.problem_detail, bodies[i].reason) != NULL, "body %zu: %s", i, r.problem_detail);
        ck_assert_ptr_null(r.json);
    }
}
END_TEST

START_TEST(numbers_are_limited_in_length) {
    static const struct {
        const char *body, *reason;
    } bodies[] = {
        {"{\"size\":0e-99999}", "exponent"},
        {"{\"size\":[1,-0.5E+0001]}", "exponent"},
        {"{\"size\":1234567890123456789012345678901234567890123456789012345678901234.5}", "64 characters"},
        {"-0.0000000000000000000000000000000000000000000000000000000000000001", "64 characters"},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        ck_assert_int_eq(put(bodies[i].body), PROBLEM_MALFORMED_JSON);
        ck_assert_msg(strstr(r.problem_detail, bodies[i].reason) != NULL, "body %zu: %s", i, r.problem_detail);
    }
    ck_assert_int_eq(put("{\"name\":\"1e99999\"}"), PROBLEM_NONE);
    ck_assert_int_eq(put("[0.12345678901234567890123456789012345678901234567890123456789012]"),
                     PROBLEM_VALIDATION_FAILED);
    ck_assert_int_eq(put("[1e-300]"), PROBLEM_VALIDATION_FAILED);
    ck_assert_int_eq(put("-"), PROBLEM_MALFORMED_JSON);
    ck_assert_int_eq(put_bytes("[1\0]", 4), PROBLEM_MALFORMED_JSON); /* jansson alone takes it for [1] */
    ck_assert_int_eq(put_bytes("\n\n [true\0]", 10), PROBLEM_MALFORMED_JSON);
    ck_assert_str_eq(r.problem_detail, "line 3, column 7: a NUL byte");
}
END_TEST

START_TEST(values_are_limited_in_number) {
    char *crowd = malloc(8 * JSON_VALUES_LIMIT), *end = crowd;
    *end++ = '[';
    for (int i = 0; i < JSON_VALUES_LIMIT - 3; i++)
        end += sprintf(end, i % 2 == 0 ? "{ }," : "\",[\" ,");
    strcpy(end, "[1]]");
    ck_assert_int_eq(put(crowd), PROBLEM_VALIDATION_FAILED);
    ck_assert_ptr_null(r.json); /* what is refused is not held */
    strcpy(end, "[1,1]]");
    ck_assert_int_eq(put(crowd), PROBLEM_MALFORMED_JSON);
    ck_assert_ptr_nonnull(strstr(r.problem_detail, "values"));
    free(crowd);
}
END_TEST

START_TEST(depth_and_size_are_limited) {
    char deep[256] = "";
    for (int i = 0; i < JSON_DEPTH_LIMIT; i++)
        strcat(deep, i == 0 ? "{\"x\":" : "[");
    ck_assert_int_eq(put(deep), PROBLEM_MALFORMED_JSON); /* not deep, but unfinished */
    ck_assert_ptr_nonnull(strstr(r.problem_detail, "line 1"));
    strcat(deep, "[");
    ck_assert_int_eq(put(deep), PROBLEM_MALFORMED_JSON);
    ck_assert_ptr_nonnull(strstr(r.problem_detail, "nested deeper"));
    ck_assert_int_eq(put("{\"name\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"}"), PROBLEM_NONE);
    char *big = malloc(JSON_BODY_LIMIT + 1);
    memset(big, ' ', JSON_BODY_LIMIT + 1);
    ck_assert_int_eq(put_bytes(big, JSON_BODY_LIMIT + 1), PROBLEM_CONTENT_TOO_LARGE);
    free(big);
}
END_TEST

START_TEST(a_body_is_there_when_it_must_be_and_only_then) {
    ck_assert_int_eq(put(""), PROBLEM_INVALID_BODY);
    begin(&patch_thing);
    ck_assert_int_eq(bind_head(&r), PROBLEM_NONE);
    ck_assert_int_eq(bind_body(&r), PROBLEM_NONE);
    ck_assert_ptr_null(r.json);
    begin(&list_things);
    r.has_body = true;
    r.content_type = value("application/json");
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_BODY);
}
END_TEST

static const struct {
    const struct operation *op;
    const char *type, *coding;
    bool taken;
} contents[] = {
    {&put_thing, "application/json", NULL, true},
    {&put_thing, "Application/JSON; charset=UTF-8", NULL, true},
    {&put_thing, "application/json;charset=\"utf-8\"", "identity", true},
    {&put_thing, "application/json; charset=iso-8859-1", NULL, false},
    {&put_thing, NULL, NULL, false},
    {&put_thing, "", NULL, false},
    {&put_thing, "text/json", NULL, false},
    {&put_thing, "application/json", "gzip", false},
    {&put_thing, "application/merge-patch+json", NULL, false},
    {&patch_thing, "application/merge-patch+json", NULL, true},
    {&patch_thing, "application/json", NULL, false},
    {&upload, "text/csv", NULL, true},
    {&upload, "text/csv; charset=iso-8859-1", "gzip", true},
    {&upload, "application/x-ndjson", "GZIP", true},
    {&upload, "application/json", NULL, false},
    {&upload, "text/csv", "br", false},
};

START_TEST(content_must_be_of_a_type_that_is_taken) {
    begin(contents[_i].op);
    r.if_match = value("*");
    r.has_body = true;
    r.content_type = value(contents[_i].type);
    r.content_encoding = value(contents[_i].coding);
    enum problem_code problem = bind_head(&r);
    ck_assert_int_eq(problem, contents[_i].taken ? PROBLEM_NONE : PROBLEM_UNSUPPORTED_MEDIA_TYPE);
    ck_assert_uint_eq(r.n_violations, contents[_i].taken ? 0 : 1);
}
END_TEST

/* ---- preconditions and preferences ---- */

static const struct {
    const char *header;
    enum problem_code problem;
    const char *tag;
} tags_given[] = {
    {NULL, PROBLEM_PRECONDITION_REQUIRED, NULL},
    {"  ", PROBLEM_PRECONDITION_REQUIRED, NULL},
    {"*", PROBLEM_NONE, "*"},
    {"\"3\"", PROBLEM_NONE, "3"},
    {" \"a,b\" ", PROBLEM_NONE, "a,b"},
    {"W/\"3\"", PROBLEM_PRECONDITION_FAILED, NULL},
    {"W/\"2\", \"3\"", PROBLEM_NONE, "3"},
    {"\"2\", \"3\"", PROBLEM_INVALID_PARAMETER, NULL},
    {"3", PROBLEM_INVALID_PARAMETER, NULL},
    {"\"3", PROBLEM_INVALID_PARAMETER, NULL},
    {"\"", PROBLEM_INVALID_PARAMETER, NULL},
    {"\"\"", PROBLEM_NONE, ""},
    {"w/\"3\"", PROBLEM_INVALID_PARAMETER, NULL},
};

START_TEST(if_match_names_one_version) {
    begin(&put_thing);
    r.if_match = value(tags_given[_i].header);
    ck_assert_int_eq(bind_head(&r), tags_given[_i].problem);
    if (tags_given[_i].tag == NULL)
        ck_assert_ptr_null(r.parameters[0].text);
    else
        ck_assert_str_eq(r.parameters[0].text, tags_given[_i].tag);
}
END_TEST

START_TEST(rollback_is_done_where_offered_and_refused_elsewhere) {
    static const struct {
        const char *prefer;
        enum problem_code problem;
        bool rollback;
    } preferences[] = {
        {"tx=rollback", PROBLEM_NONE, true},       {"return=minimal, tx=\"rollback\"", PROBLEM_NONE, true},
        {"TX=rollback; x=1", PROBLEM_NONE, true},  {"tx=commit", PROBLEM_NONE, false},
        {"handling=lenient", PROBLEM_NONE, false}, {"tx=undo", PROBLEM_INVALID_PARAMETER, false},
        {"tx", PROBLEM_INVALID_PARAMETER, false}};
    for (size_t i = 0; i < sizeof preferences / sizeof preferences[0]; i++) {
        begin(&put_thing);
        r.if_match = value("*");
        r.prefer = value(preferences[i].prefer);
        ck_assert_int_eq(bind_head(&r), preferences[i].problem);
        ck_assert_int_eq(r.prefer_rollback, preferences[i].rollback);
    }
    begin(&patch_thing);
    r.prefer = value("tx=rollback");
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_PARAMETER);
    ck_assert_str_eq(said(), "not_applicable header/Prefer");
    begin(&list_things);
    r.path_values[0] = value("sjaelland");
    r.query = "from_month=2026-03";
    r.prefer = value("tx=rollback");
    ck_assert_int_eq(bind_head(&r), PROBLEM_NONE);
    ck_assert(!r.prefer_rollback);
}
END_TEST

START_TEST(danish_callers_are_told_in_danish) {
    begin(&list_things);
    r.danish = true;
    r.path_values[0] = value("sjaelland");
    ck_assert_int_eq(bind_head(&r), PROBLEM_INVALID_PARAMETER);
    ck_assert_str_eq(r.violations[0].detail, "skal angives");
}
END_TEST

int main(void) {
    if (!schema_init())
        return 1;
    TCase *tcase = tcase_create("bind");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, query_is_decoded_and_defaults_are_filled_in);
    tcase_add_test(tcase, every_mistake_of_a_query_is_told_at_once);
    tcase_add_test(tcase, bad_encodings_are_refused);
    tcase_add_test(tcase, a_bad_path_value_is_named);
    tcase_add_test(tcase, a_civil_registration_number_in_a_query_is_refused);
    tcase_add_loop_test(tcase, accept_chooses_the_representation, 0, (int)(sizeof accepts / sizeof accepts[0]));
    tcase_add_test(tcase, an_export_has_no_pages);
    tcase_add_test(tcase, list_arguments_are_written_for_postgresql);
    tcase_add_test(tcase, the_next_url_leads_to_the_next_page);
    tcase_add_test(tcase, a_cursor_belongs_to_its_list_and_filters);
    tcase_add_test(tcase, a_damaged_cursor_is_refused);
    tcase_add_test(tcase, a_body_becomes_arguments);
    tcase_add_test(tcase, a_body_that_breaks_rules_is_told_all_of_them);
    tcase_add_test(tcase, what_is_not_json_is_refused_with_a_reason);
    tcase_add_test(tcase, depth_and_size_are_limited);
    tcase_add_test(tcase, numbers_are_limited_in_length);
    tcase_add_test(tcase, values_are_limited_in_number);
    tcase_add_test(tcase, a_body_is_there_when_it_must_be_and_only_then);
    tcase_add_loop_test(tcase, content_must_be_of_a_type_that_is_taken, 0, (int)(sizeof contents / sizeof contents[0]));
    tcase_add_loop_test(tcase, if_match_names_one_version, 0, (int)(sizeof tags_given / sizeof tags_given[0]));
    tcase_add_test(tcase, rollback_is_done_where_offered_and_refused_elsewhere);
    tcase_add_test(tcase, danish_callers_are_told_in_danish);
    return run_suite("bind", tcase);
}
