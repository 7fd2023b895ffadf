/* json.c, codec.c, result.c: JSON to structs and back.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "internal.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory that runs out: linked with --wrap ---- */

void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static long fail_in = -1; /* the allocation that fails, counted down; -1: none */

static bool fails(void) {
    if (fail_in < 0)
        return false;
    return fail_in-- == 0;
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size) {
    return fails() ? NULL : __real_realloc(p, size);
}

/* ---- helpers ---- */

static const struct mk_type *type_of(const char *operation) {
    return mk_operation_types(mk_operation_find(operation))->result;
}

static const struct mk_type *body_of(const char *operation) {
    return mk_operation_types(mk_operation_find(operation))->body;
}

static void *result_of(const char *operation, const char *text, mk_error *error) {
    struct mk_arena *arena = mk_arena_create();
    bool memory;
    const struct mk_json *json = mk_json_read(arena, text, strlen(text), &memory);
    ck_assert_ptr_nonnull(json);
    void *result = NULL;
    int code = mk_result_create(type_of(operation), json, "\"7\"", "request-1", true, 0, &result, error);
    ck_assert_int_eq(code == MK_OK, result != NULL);
    mk_arena_destroy(arena); /* nothing of the result may be in it */
    return result;
}

/* What is said of JSON that is not of the contract. */
static void check_refused(const char *operation, const char *text, const char *said) {
    mk_error error = MK_ERROR_INIT;
    ck_assert_ptr_null(result_of(operation, text, &error));
    ck_assert_int_eq(error.code, MK_ERR_PROTOCOL);
    char expected[300];
    snprintf(expected, sizeof expected, "the answer is not of the contract: %s", said);
    ck_assert_str_eq(error.message, expected);
    mk_error_clear(&error);
}

static void check_encoded(const struct mk_type *type, const void *from, const char *expected) {
    struct mk_buffer to = {.limit = 0};
    char where[MK_WHERE];
    ck_assert_msg(mk_encode(type, from, &to, where), "%s", where);
    ck_assert_str_eq(to.bytes, expected);
    mk_buffer_clear(&to);
}

static void check_not_encoded(const struct mk_type *type, const void *from, const char *said) {
    struct mk_buffer to = {.limit = 0};
    char where[MK_WHERE];
    ck_assert(!mk_encode(type, from, &to, where));
    ck_assert_str_eq(where, said);
    mk_buffer_clear(&to);
}

/* ---- JSON ---- */

static const char *const good_json[] = {"null",
                                        " true ",
                                        "\t\n\r false",
                                        "0",
                                        "-0",
                                        "-12.5e+10",
                                        "1E5",
                                        "123456789012345678901234567890",
                                        "\"\"",
                                        "[]",
                                        "{}",
                                        "[1,2 , 3]",
                                        "{\"a\":{\"b\":[null]}}",
                                        "\"\\u00e6\\ud83d\\ude00\\n\\/\"",
                                        "\"\xc3\xa6\xf0\x9f\x98\x80\"",
                                        "{\"\":1}"};

static const char *const bad_json[] = {"",
                                       " ",
                                       "nul",
                                       "nulll",
                                       "True",
                                       "01",
                                       "-",
                                       "1.",
                                       ".5",
                                       "1e",
                                       "1e+",
                                       "+1",
                                       "0x1",
                                       "NaN",
                                       "Infinity",
                                       "\"",
                                       "\"\\\"",
                                       "\"\\x\"",
                                       "\"\\u12g4\"",
                                       "\"\\u0000\"",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\u0041\"",
                                       "\"\n\"",
                                       "\"\x1f\"",
                                       "\"\xc3\"",
                                       "\"\xc0\x80\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xf5\x80\x80\x80\"",
                                       "\"\xf0\x80\x80\x80\"",
                                       "[",
                                       "[1",
                                       "[1,",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "]",
                                       "{",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{a:1}",
                                       "{\"a\":1 \"b\":2}",
                                       "{1:2}",
                                       "[1]x",
                                       "1 2",
                                       "[}",
                                       "{]",
                                       "\xef\xbb\xbf{}",
                                       "'a'",
                                       "/**/1",
                                       "\"\\",
                                       "{\"a\\"};

START_TEST(json_is_read) {
    struct mk_arena *arena = mk_arena_create();
    bool memory;
    ck_assert_ptr_nonnull(mk_json_read(arena, good_json[_i], strlen(good_json[_i]), &memory));
    mk_arena_destroy(arena);
}
END_TEST

START_TEST(what_is_no_json_is_refused) {
    struct mk_arena *arena = mk_arena_create();
    bool memory = true;
    size_t n = strlen(bad_json[_i]);
    char *copy = malloc(n + (n == 0)); /* of this very length, so that a sanitizer sees what is read past it */
    memcpy(copy, bad_json[_i], n);
    ck_assert_ptr_null(mk_json_read(arena, copy, n, &memory));
    ck_assert(!memory);
    free(copy);
    mk_arena_destroy(arena);
}
END_TEST

START_TEST(json_is_not_read_deeper_than_it_may) {
    char deep[200];
    struct mk_arena *arena = mk_arena_create();
    bool memory;
    for (size_t depth = 60; depth < 70; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        ck_assert_int_eq(mk_json_read(arena, deep, 2 * depth, &memory) != NULL, depth <= 64);
    }
    mk_arena_destroy(arena);
}
END_TEST

START_TEST(json_says_what_stood_there) {
    static const char text[] = "{\"t\": \"a\\\"\\u00e5\\n\", \"i\": -9223372036854775808, \"d\": 0.10, \"l\": [1, 2]}";
    struct mk_arena *arena = mk_arena_create();
    bool memory;
    const struct mk_json *json = mk_json_read(arena, text, strlen(text), &memory);
    int64_t i = 0;
    ck_assert_str_eq(mk_json_text(mk_json_get(json, "t")), "a\"å\n");
    ck_assert(mk_json_integer(mk_json_get(json, "i"), &i) && i == INT64_MIN);
    ck_assert(!mk_json_integer(mk_json_get(json, "d"), &i));
    ck_assert_uint_eq(mk_json_get(json, "d")->n, 4);
    ck_assert_mem_eq(mk_json_get(json, "d")->text, "0.10", 4);
    const struct mk_json *list = mk_json_get(json, "l");
    ck_assert_uint_eq(list->n, 2);
    ck_assert_int_eq(strncmp(list->raw, "[1, 2]", list->n_raw), 0);
    ck_assert_ptr_null(mk_json_get(json, "x"));
    ck_assert_ptr_null(mk_json_get(list, "x"));
    ck_assert_ptr_null(mk_json_text(NULL));
    ck_assert_ptr_null(mk_json_text(list));
    mk_arena_destroy(arena);
}
END_TEST

START_TEST(whole_numbers_are_of_64_bits) {
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{"9223372036854775807", true},
                 {"-9223372036854775808", true},
                 {"9223372036854775808", false},
                 {"-9223372036854775809", false},
                 {"99999999999999999999", false},
                 {"1.0", false},
                 {"1e2", false},
                 {"0", true}};
    struct mk_arena *arena = mk_arena_create();
    bool memory;
    int64_t value;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(mk_json_integer(mk_json_read(arena, cases[i].text, strlen(cases[i].text), &memory), &value),
                         cases[i].good);
    mk_arena_destroy(arena);
}
END_TEST

/* ---- reading structs ---- */

#define HOSPITAL                                                                                                       \
    "{\"code\":\"AHH\",\"name\":\"Amager\",\"region\":null,\"status\":\"open\",\"closed_on\":null,\"regions\":["       \
    "{\"region\":\"hovedstaden\",\"valid_from\":\"2015-01-01\",\"valid_to\":null}],\"actions\":[],"                    \
    "\"changed_at\":\"2026-03-01T09:30:00.482913Z\"}"
#define CHANGED(from, to) change(HOSPITAL, from, to)

static const char *change(const char *text, const char *from, const char *to) {
    static char changed[2048];
    const char *place = strstr(text, from);
    ck_assert_ptr_nonnull(place);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    return changed;
}

START_TEST(a_result_is_what_its_json_says) {
    mk_error error = MK_ERROR_INIT;
    struct mk_hospital *h = result_of("get_hospital", HOSPITAL, &error);
    ck_assert_str_eq(h->code, "AHH");
    ck_assert_ptr_null(h->region);
    ck_assert_uint_eq(h->n_regions, 1);
    ck_assert_str_eq(h->regions[0]->valid_from, "2015-01-01");
    ck_assert_ptr_null(h->regions[0]->valid_to);
    ck_assert_uint_eq(h->n_actions, 0);
    size_t n;
    ck_assert_str_eq(mk_result_json(h, &n), HOSPITAL);
    ck_assert_uint_eq(n, strlen(HOSPITAL));
    ck_assert_str_eq(mk_result_etag(h), "\"7\"");
    ck_assert_str_eq(mk_result_request_id(h), "request-1");
    ck_assert(mk_result_replayed(h));
    check_encoded(type_of("get_hospital"), h, HOSPITAL);
    mk_hospital_free(h);
}
END_TEST

START_TEST(nothing_is_no_result) {
    ck_assert_ptr_null(mk_result_json(NULL, NULL));
    ck_assert_ptr_null(mk_result_etag(NULL));
    ck_assert_ptr_null(mk_result_request_id(NULL));
    ck_assert(!mk_result_replayed(NULL));
    mk_hospital_free(NULL);
}
END_TEST

START_TEST(a_newer_server_is_understood) {
    mk_error error = MK_ERROR_INIT;
    const char *newer =
        CHANGED("\"status\":\"open\"", "\"beds\":{\"n\":[1,2.50,{}]},\"status\":\"merging\",\"x\":null");
    struct mk_hospital *h = result_of("get_hospital", newer, &error);
    ck_assert_ptr_nonnull(h);
    ck_assert_str_eq(h->status, "merging");
    ck_assert_ptr_nonnull(strstr(mk_result_json(h, NULL), "\"beds\":{\"n\":[1,2.50,{}]}"));
    mk_hospital_free(h);
    h = result_of("get_hospital", CHANGED("\"actions\":[]", "\"actions\":[\"close\",\"split\"]"), &error);
    ck_assert_uint_eq(h->n_actions, 2);
    ck_assert_str_eq(h->actions[1], "split");
    mk_hospital_free(h);
    h = result_of("get_hospital", CHANGED("{\"code\":\"AHH\",", "{"), &error);
    ck_assert_ptr_null(h);
    mk_error_clear(&error);
}
END_TEST

START_TEST(members_may_come_in_any_order) {
    mk_error error = MK_ERROR_INIT;
    struct mk_population *p = result_of(
        "get_population",
        "{\"changed_at\":\"t\",\"evidence\":\"e\",\"source\":\"s\",\"population\":5,\"date\":\"d\",\"region\":\"r\"}",
        &error);
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(p->population, 5);
    ck_assert_str_eq(p->changed_at, "t");
    mk_population_free(p);
}
END_TEST

START_TEST(what_is_not_of_the_contract_is_named) {
    check_refused("get_hospital", "[]", "/ is no object");
    check_refused("get_hospital", "null", "/ is no object");
    check_refused("get_hospital", CHANGED("\"code\":\"AHH\",", ""), "/code is missing");
    check_refused("get_hospital", CHANGED("\"region\":null,\"status\"", "\"status\""), "/region is missing");
    check_refused("get_hospital", CHANGED("\"AHH\"", "null"), "/code is no text");
    check_refused("get_hospital", CHANGED("\"AHH\"", "5"), "/code is no text");
    check_refused("get_hospital", CHANGED("\"actions\":[]", "\"actions\":{}"), "/actions is no list");
    check_refused("get_hospital", CHANGED("\"actions\":[]", "\"actions\":null"), "/actions is no list");
    check_refused("get_hospital", CHANGED("\"actions\":[]", "\"actions\":[\"close\",1]"), "/actions/1 is no text");
    check_refused("get_hospital", CHANGED("\"hovedstaden\"", "true"), "/regions/0/region is no text");
    check_refused("get_hospital", CHANGED("{\"region\":\"hovedstaden\",", "{"), "/regions/0/region is missing");
    check_refused("get_hospital", CHANGED("\"name\":", "\"code\":\"B\",\"name\":"), "/code stands twice");
    check_refused("get_population", "{\"population\":\"5\"}", "/population is no whole number of 64 bits");
    check_refused("get_population", "{\"population\":5.0}", "/population is no whole number of 64 bits");
    check_refused("get_divergence_measure", "{\"minimum_volume\":\"1\"}", "/minimum_volume is no number");
    check_refused("get_divergence", "{\"measure\":3}", "/measure is no object");
    check_refused("get_divergence", "{\"deliveries\":[{\"window\":1}]}",
                  "/deliveries/0/window is neither true nor false");
    check_refused("get_divergence", "{\"texts\":{\"late\":{\"en\":\"x\"}}}", "/texts/late/da is missing");
    check_refused("get_divergence", "{\"texts\":[]}", "/texts is no object");
    check_refused("get_consumption_delivery", "{\"rejected_by_code\":{\"a\":1.5}}",
                  "/rejected_by_code/a is no whole number of 64 bits");
}
END_TEST

/* Numbers stay as they were written, whatever they are. */
START_TEST(decimals_are_exact) {
    static const char *const written[] = {"0.1", "0.10", "-0.0001", "12345678901234567890.123456789", "1e3", "7", "-0"};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        char json[400];
        snprintf(json, sizeof json,
                 "{\"name\":\"n\",\"version\":1,\"basis\":\"ddd\",\"per\":\"p\",\"unit\":\"u\",\"unit_da\":\"u\","
                 "\"definition\":\"d\","
                 "\"definition_da\":\"d\",\"minimum_volume\":%s,\"material_ratio\":2,\"sustained_months\":3,\"created_"
                 "at\":\"t\","
                 "\"created_by\":\"b\"}",
                 written[i]);
        mk_error error = MK_ERROR_INIT;
        struct mk_divergence_measure *m = result_of("get_divergence_measure", json, &error);
        ck_assert_str_eq(m->minimum_volume, written[i]);
        ck_assert_str_eq(m->material_ratio, "2");
        check_encoded(type_of("get_divergence_measure"), m, json);
        mk_divergence_measure_free(m);
    }
}
END_TEST

/* Tables of our own, for what the contract has in few places. */
struct all {
    size_t size;
    const int64_t *maybe_integer;
    const bool *maybe_boolean;
    bool boolean;
    size_t n_integers;
    const int64_t *integers;
    size_t n_booleans;
    const bool *booleans;
    size_t n_decimals;
    const struct mk_named_decimal {
        const char *name;
        const char *value;
    } * decimals;
    size_t n_flags;
    const struct named_boolean {
        const char *name;
        bool value;
    } * flags;
    const char *late; /* as if it had been added later */
};
#define PLACE(member) offsetof(struct all, member)
static const struct mk_field all_fields[] = {
    {"maybe_integer", MK_INTEGER, MK_MAYBE, false, true, PLACE(maybe_integer), 0, NULL},
    {"maybe_boolean", MK_BOOLEAN, MK_MAYBE, true, true, PLACE(maybe_boolean), 0, NULL},
    {"boolean", MK_BOOLEAN, MK_ONE, true, false, PLACE(boolean), 0, NULL},
    {"integers", MK_INTEGER, MK_MANY, false, false, PLACE(integers), PLACE(n_integers), NULL},
    {"booleans", MK_BOOLEAN, MK_MANY, true, false, PLACE(booleans), PLACE(n_booleans), NULL},
    {"decimals", MK_DECIMAL, MK_MAP, true, true, PLACE(decimals), PLACE(n_decimals), NULL},
    {"flags", MK_BOOLEAN, MK_MAP, false, false, PLACE(flags), PLACE(n_flags), NULL},
    {"late", MK_TEXT, MK_MAYBE, false, false, PLACE(late), 0, NULL}};
static const struct mk_type all_type = {"all", sizeof(struct all), true, 8, all_fields};

static const char *const all_json[] = {
    "{\"maybe_boolean\":null,\"boolean\":false,\"booleans\":[],\"decimals\":null}",
    "{\"maybe_integer\":-5,\"maybe_boolean\":true,\"boolean\":true,\"integers\":[1,-2],\"booleans\":[true,false],"
    "\"decimals\":{\"a\":0.50,\"b \\\"\":1},\"flags\":{\"x\":true},\"late\":\"\\u0001 \\\\ \xc3\xa6\"}",
    "{\"maybe_boolean\":false,\"boolean\":true,\"integers\":[],\"booleans\":[false],\"decimals\":{},\"flags\":{}}"};

START_TEST(every_kind_and_shape_comes_back) {
    struct mk_arena *arena = mk_arena_create();
    bool memory;
    char where[MK_WHERE];
    struct all all = {.size = 0};
    const struct mk_json *json = mk_json_read(arena, all_json[_i], strlen(all_json[_i]), &memory);
    ck_assert_msg(mk_decode(&all_type, json, arena, &all, where), "%s", where);
    ck_assert_uint_eq(all.size, sizeof all);
    check_encoded(&all_type, &all, all_json[_i]);
    mk_arena_destroy(arena);
}
END_TEST

/* ---- writing what a caller filled ---- */

START_TEST(what_is_not_given_is_left_out) {
    struct all all = {.size = sizeof all};
    check_encoded(&all_type, &all, "{\"maybe_boolean\":null,\"boolean\":false,\"booleans\":[],\"decimals\":null}");
    const struct mk_hospital_changes nothing = {.size = sizeof nothing};
    check_encoded(body_of("update_hospital"), &nothing, "{}");
}
END_TEST

START_TEST(programs_of_other_headers_are_understood) {
    struct {
        struct all all;
        char more[8];
    } newer = {.all = {.size = sizeof newer, .late = "x"}};
    struct all older = {.size = offsetof(struct all, late), .late = (const char *)1};
    check_encoded(&all_type, &newer.all,
                  "{\"maybe_boolean\":null,\"boolean\":false,\"booleans\":[],\"decimals\":null,\"late\":\"x\"}");
    check_encoded(&all_type, &older, "{\"maybe_boolean\":null,\"boolean\":false,\"booleans\":[],\"decimals\":null}");
    newer.more[7] = 1;
    check_not_encoded(&all_type, &newer.all, "/ has members that this library does not know");
    older.size = 0;
    check_not_encoded(&all_type, &older, "/ has no size");
}
END_TEST

START_TEST(what_cannot_be_sent_is_named) {
    struct mk_control_totals control = {.size = sizeof control, .rows = 1, .ddd = "1.5"};
    struct mk_coverage coverage = {
        .size = sizeof coverage, .region = "r", .from_month = "2016-01", .to_month = "2016-02"};
    const struct mk_coverage *list[] = {&coverage, NULL};
    struct mk_new_consumption_delivery d = {.size = sizeof d,
                                            .source = "s",
                                            .label = "l",
                                            .status = MK_NEW_CONSUMPTION_DELIVERY_STATUS_FINAL,
                                            .n_coverage = 1,
                                            .coverage = list,
                                            .control = &control};
    const struct mk_type *type = body_of("announce_consumption_delivery");
    check_encoded(type, &d,
                  "{\"source\":\"s\",\"label\":\"l\",\"status\":\"final\",\"coverage\":[{\"region\":\"r\",\"from_"
                  "month\":\"2016-01\","
                  "\"to_month\":\"2016-02\"}],\"control\":{\"rows\":1,\"ddd\":1.5}}");
    d.n_coverage = 2;
    check_not_encoded(type, &d, "/coverage/1 is missing");
    d.coverage = NULL;
    check_not_encoded(type, &d, "/coverage is missing");
    d.coverage = list;
    d.n_coverage = 1;
    coverage.region = "\xff";
    check_not_encoded(type, &d, "/coverage/0/region is not UTF-8");
    coverage.region = "r";
    static const char *const no_numbers[] = {"",   " 1",  "1 ",  "1,5", "0x10", "+1", ".5",
                                             "1.", "NaN", "inf", "1e",  "--1",  "1\n"};
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++) {
        control.ddd = no_numbers[i];
        check_not_encoded(type, &d, "/control/ddd is no number");
    }
    control.ddd = NULL;
    check_not_encoded(type, &d, "/control/ddd is missing");
    d.control = NULL;
    check_not_encoded(type, &d, "/control is missing");
}
END_TEST

START_TEST(text_is_escaped) {
    const struct mk_new_atc_code code = {
        .size = sizeof code, .name = "\"\\/\b\f\n\r\t\x1f\x7f \xc3\xa6", .name_source = ""};
    check_encoded(
        body_of("put_atc_code"), &code,
        "{\"name\":\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\\u001f\x7f \xc3\xa6\",\"name_source\":\"\"}");
}
END_TEST

START_TEST(a_place_that_is_long_is_cut) {
    char json[700] = "{\"texts\":{\"";
    size_t n = strlen(json);
    memset(json + n, 'x', 500);
    strcpy(json + n + 500, "\":5}}");
    mk_error error = MK_ERROR_INIT;
    ck_assert_ptr_null(result_of("get_divergence", json, &error));
    ck_assert_int_eq(error.code, MK_ERR_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(error.message, "/texts/xxxx"));
    ck_assert_ptr_nonnull(strstr(error.message, "x is no object"));
    mk_error_clear(&error);
}
END_TEST

/* ---- memory ---- */

/* Each allocation fails once: said to be so, and neither taken for broken JSON nor for success. */
START_TEST(memory_that_runs_out_is_told) {
    char json[4000];
    size_t n = (size_t)snprintf(json, sizeof json, "%s", CHANGED("\"actions\":[]", "\"actions\":[\"close\""));
    n -= strlen(",\"changed_at\":\"2026-03-01T09:30:00.482913Z\"}");
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(json + n, sizeof json - n, ",\"reopen\"");
    snprintf(json + n, sizeof json - n, "],\"changed_at\":\"t\"}");
    int failed = 0;
    for (long k = 0;; k++) {
        mk_error error = MK_ERROR_INIT;
        void *result = NULL;
        bool memory = false;
        struct mk_buffer to = {.limit = 0};
        char where[MK_WHERE] = "";
        fail_in = k;
        struct mk_arena *arena = mk_arena_create();
        const struct mk_json *parsed = arena == NULL ? NULL : mk_json_read(arena, json, strlen(json), &memory);
        int code = MK_ERR_NO_MEMORY;
        if (parsed != NULL)
            code = mk_result_create(type_of("get_hospital"), parsed, "e", "r", false, 0, &result, &error);
        bool encoded = code == MK_OK && mk_encode(type_of("get_hospital"), result, &to, where);
        bool done = fail_in >= 0;
        fail_in = -1;
        ck_assert(arena == NULL || parsed != NULL || memory);
        ck_assert_int_eq(code, result == NULL ? MK_ERR_NO_MEMORY : MK_OK);
        ck_assert_int_eq(where[0], '\0');
        ck_assert(!done || (encoded && strcmp(to.bytes, json) == 0));
        ck_assert(done || !encoded);
        failed += !done;
        mk_buffer_clear(&to);
        mk_result_free(result);
        mk_arena_destroy(arena);
        mk_error_clear(&error);
        if (done)
            break;
    }
    ck_assert_int_gt(failed, 8);
}
END_TEST

/* An answer cannot take more memory than it may, whatever it is. */
START_TEST(an_answer_is_read_up_to_a_limit) {
    struct mk_buffer text = {.limit = 0};
    bool memory = false;
    mk_buffer_add_text(&text, "[0");
    for (int i = 0; i < 100000; i++)
        mk_buffer_add_text(&text, ",1");
    mk_buffer_add_text(&text, "]");
    struct mk_arena *arena = mk_arena_create();
    mk_arena_limit(arena, (size_t)8 * 1024 * 1024); /* what it takes is not 40 times as much as the text */
    ck_assert_ptr_nonnull(mk_json_read(arena, text.bytes, text.n, &memory));
    ck_assert(!mk_arena_is_full(arena));
    mk_arena_destroy(arena);
    arena = mk_arena_create();
    mk_arena_limit(arena, (size_t)1024 * 1024);
    ck_assert_ptr_null(mk_json_read(arena, text.bytes, text.n, &memory));
    ck_assert(memory && mk_arena_is_full(arena));
    ck_assert_int_eq(mk_fail_arena(NULL, arena), MK_ERR_PROTOCOL);
    mk_arena_destroy(arena);
    mk_buffer_clear(&text);
    arena = mk_arena_create();
    mk_error error = MK_ERROR_INIT;
    void *result = NULL;
    const struct mk_json *json = mk_json_read(arena, HOSPITAL, strlen(HOSPITAL), &memory);
    ck_assert_int_eq(mk_result_create(type_of("get_hospital"), json, "e", "r", false, 512, &result, &error),
                     MK_ERR_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(error.message, "max_memory_bytes"));
    ck_assert_ptr_null(result);
    mk_error_clear(&error);
    mk_arena_destroy(arena);
}
END_TEST

START_TEST(decimals_become_doubles_in_any_locale) {
    setlocale(LC_ALL, "da_DK.UTF-8"); /* where it is installed: its decimal sign is a comma */
    ck_assert_double_eq(mk_decimal_to_double("0.5"), 0.5);
    ck_assert_double_eq(mk_decimal_to_double("-12.25e2"), -1225);
    ck_assert_double_eq(mk_decimal_to_double("7"), 7);
    static const char *const none[] = {"", "1,5", "0x10", "inf", "nan", " 1", "x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_double_eq(mk_decimal_to_double(none[i]), 0);
    ck_assert_double_eq(mk_decimal_to_double(NULL), 0);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, json_is_read, 0, (int)(sizeof good_json / sizeof *good_json));
    tcase_add_loop_test(tcase, what_is_no_json_is_refused, 0, (int)(sizeof bad_json / sizeof *bad_json));
    tcase_add_test(tcase, json_is_not_read_deeper_than_it_may);
    tcase_add_test(tcase, json_says_what_stood_there);
    tcase_add_test(tcase, whole_numbers_are_of_64_bits);
    tcase_add_test(tcase, a_result_is_what_its_json_says);
    tcase_add_test(tcase, nothing_is_no_result);
    tcase_add_test(tcase, a_newer_server_is_understood);
    tcase_add_test(tcase, members_may_come_in_any_order);
    tcase_add_test(tcase, what_is_not_of_the_contract_is_named);
    tcase_add_test(tcase, decimals_are_exact);
    tcase_add_loop_test(tcase, every_kind_and_shape_comes_back, 0, (int)(sizeof all_json / sizeof *all_json));
    tcase_add_test(tcase, what_is_not_given_is_left_out);
    tcase_add_test(tcase, programs_of_other_headers_are_understood);
    tcase_add_test(tcase, what_cannot_be_sent_is_named);
    tcase_add_test(tcase, text_is_escaped);
    tcase_add_test(tcase, a_place_that_is_long_is_cut);
    tcase_add_test(tcase, memory_that_runs_out_is_told);
    tcase_add_test(tcase, an_answer_is_read_up_to_a_limit);
    tcase_add_test(tcase, decimals_become_doubles_in_any_locale);
    return run_suite("client_codec", tcase);
}
