/* Tests of server/route.c against the real contract.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

static struct request request_of(enum method method, const char *const *segments) {
    struct request r = {.magic = REQUEST_MAGIC, .method = method};
    for (; segments[r.n_segments] != NULL; r.n_segments++)
        r.segments[r.n_segments] = (struct value){segments[r.n_segments], strlen(segments[r.n_segments])};
    return r;
}

#define SEGMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(every_operation_is_found_with_its_path_values) {
    ck_assert_uint_gt(n_operations, 4);
    for (size_t i = 0; i < n_operations; i++) {
        const struct operation *op = &operations[i];
        char values[MAX_PATH_VALUES][16];
        const char *segments[MAX_PATH_VALUES + 7] = {NULL};
        size_t n_values = 0;
        for (size_t s = 0; op->segments[s] != NULL; s++) {
            segments[s] = op->segments[s];
            if (op->segments[s][0] == '{') {
                snprintf(values[n_values], sizeof values[0], "Værdi %zu", n_values);
                segments[s] = values[n_values++];
            }
        }
        struct request r = request_of(op->method, segments);
        unsigned allowed = 99;
        ck_assert_msg(route_find(&r, &allowed) == op, "%s is not found", op->id);
        for (size_t v = 0; v < n_values; v++)
            ck_assert_str_eq(r.path_values[v].text, values[v]);
    }
}
END_TEST

START_TEST(head_is_answered_by_get) {
    struct request r = request_of(METHOD_HEAD, SEGMENTS("v1", "openapi.json"));
    unsigned allowed;
    const struct operation *op = route_find(&r, &allowed);
    ck_assert_ptr_nonnull(op);
    ck_assert_str_eq(op->id, "get_contract");
}
END_TEST

START_TEST(unknown_paths_are_not_found) {
    const char *const *paths[] = {SEGMENTS("v1"),
                                  SEGMENTS("v2", "openapi.json"),
                                  SEGMENTS("v1", "openapi.json", "x"),
                                  SEGMENTS("V1", "openapi.json"),
                                  SEGMENTS("healthz", ""),
                                  SEGMENTS(""),
                                  SEGMENTS("v1", "regions", ""),
                                  SEGMENTS("v1", "region"),
                                  SEGMENTS("v1", "regionss")};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct request r = request_of(METHOD_GET, paths[i]);
        unsigned allowed = 99;
        ck_assert_msg(route_find(&r, &allowed) == NULL && allowed == 0, "path %zu", i);
    }
    struct request nothing = {.magic = REQUEST_MAGIC, .method = METHOD_GET};
    unsigned allowed = 99;
    ck_assert_ptr_null(route_find(&nothing, &allowed));
    ck_assert_uint_eq(allowed, 0);
}
END_TEST

START_TEST(another_method_is_told_what_is_allowed) {
    struct request r = request_of(METHOD_DELETE, SEGMENTS("healthz"));
    unsigned allowed = 0;
    char text[64];
    ck_assert_ptr_null(route_find(&r, &allowed));
    ck_assert_uint_eq(allowed, 1u << METHOD_GET | 1u << METHOD_HEAD);
    ck_assert_uint_eq(route_allowed_text(allowed, text, sizeof text), strlen("GET, HEAD"));
    ck_assert_str_eq(text, "GET, HEAD");
    struct request options = request_of(METHOD_OPTIONS, SEGMENTS("healthz"));
    ck_assert_ptr_null(route_find(&options, &allowed));
    ck_assert_uint_eq(allowed, 1u << METHOD_GET | 1u << METHOD_HEAD);
}
END_TEST

START_TEST(allowed_text_never_writes_past_its_room) {
    char text[64];
    memset(text, 'x', sizeof text);
    ck_assert_uint_eq(route_allowed_text((1u << N_METHODS) - 1, text, 64),
                      strlen("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    memset(text, 'x', sizeof text);
    ck_assert_uint_eq(route_allowed_text((1u << N_METHODS) - 1, text, 10), 9);
    ck_assert_str_eq(text, "GET, HEAD");
    ck_assert_int_eq(text[10], 'x');
    ck_assert_uint_eq(route_allowed_text(0, text, 1), 0);
}
END_TEST

int main(void) {
    route_init();
    route_init(); /* twice is as good as once */
    TCase *tcase = tcase_create("route");
    tcase_add_test(tcase, every_operation_is_found_with_its_path_values);
    tcase_add_test(tcase, head_is_answered_by_get);
    tcase_add_test(tcase, unknown_paths_are_not_found);
    tcase_add_test(tcase, another_method_is_told_what_is_allowed);
    tcase_add_test(tcase, allowed_text_never_writes_past_its_room);
    return run_suite("route", tcase);
}
