/* Tests of server/reply.c: rows as JSON, the list envelope, entity tags. The results are libpq's own, made by hand.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { BOOL = 16, INT8 = 20, TEXT = 25, JSON = 114, DATE = 1082, TIMESTAMPTZ = 1184, NUMERIC = 1700 };

static const struct representation representations[] = {{.media_type = "application/json"},
                                                        {.media_type = "text/x"},
                                                        {.media_type = "text/html", .text = true},
                                                        {.media_type = "text/calendar", .text = true}};
static const struct parameter count = {.name = "count", .in = IN_QUERY};
static struct operation op;
static struct request r;

static void setup(void) {
    op = (struct operation){.id = "test",
                            .method = METHOD_GET,
                            .status = 200,
                            .representations = representations,
                            .n_representations = 4,
                            .parameters = &count,
                            .n_parameters = 1};
    r = (struct request){
        .magic = REQUEST_MAGIC, .op = &op, .representation = representations, .path = "/v1/things", .query = ""};
}

static void teardown(void) {
    buffer_free(&r.reply);
    arena_reset(&r.arena);
}

struct column {
    const char *name;
    Oid type;
};

/* cells: row by row; NULL is NULL. */
static PGresult *rows_of(int n_columns, const struct column *columns, int n_rows, const char *const *cells) {
    PGresAttDesc attributes[8] = {0};
    for (int i = 0; i < n_columns; i++)
        attributes[i] = (PGresAttDesc){.name = (char *)columns[i].name, .typid = columns[i].type};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert_int_eq(PQsetResultAttrs(result, n_columns, attributes), 1);
    for (int row = 0; row < n_rows; row++)
        for (int i = 0; i < n_columns; i++) {
            const char *cell = cells[row * n_columns + i];
            ck_assert_int_eq(PQsetvalue(result, row, i, (char *)cell, cell == NULL ? -1 : (int)strlen(cell)), 1);
        }
    return result;
}

static void reply(enum cardinality cardinality, PGresult *result) {
    const struct statement statement = {.name = "test", .cardinality = cardinality};
    reply_from_rows(&r, &statement, (const struct db_result *)result);
    PQclear(result);
}

static const char *body(void) {
    buffer_char(&r.reply, '\0');
    return r.reply.bytes;
}

static const char *header(const char *name) {
    for (size_t i = 0; i < r.n_headers; i++)
        if (strcmp(r.headers[i].name, name) == 0)
            return r.headers[i].value;
    return NULL;
}

#define ROWS(columns, cells)                                                                                           \
    rows_of(sizeof columns / sizeof *columns, columns,                                                                 \
            (int)(sizeof cells / sizeof *cells / (sizeof columns / sizeof *columns)), cells)

START_TEST(every_type_is_written_by_its_column) {
    static const struct column columns[] = {{"text", TEXT}, {"n", INT8},         {"exact", NUMERIC}, {"yes", BOOL},
                                            {"json", JSON}, {"at", TIMESTAMPTZ}, {"day", DATE},      {"none", TEXT}};
    static const char *const cells[] = {
        "a \"b\" \\ \n æ", "-12", "25286569.3400", "t", "{\"a\": [1]}", "2026-11-21 22:51:14.5+00", "2026-11-21", NULL};
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_str_eq(
        body(),
        "{\"text\":\"a \\\"b\\\" \\\\ \\n æ\",\"n\":-12,\"exact\":25286569.3400,\"yes\":true,\"json\":{\"a\": [1]},"
        "\"at\":\"2026-11-21T22:51:14.5Z\",\"day\":\"2026-11-21\",\"none\":null}");
    ck_assert_int_eq(r.status, 200);
    ck_assert_str_eq(r.content_type_out, "application/json");
}
END_TEST

START_TEST(control_columns_become_headers_and_status) {
    static const struct column columns[] = {{"_etag", TEXT}, {"name", TEXT}, {"_location", TEXT}, {"_status", INT8}};
    static const char *const cells[] = {"7", "x", "/v1/things/x", "201"};
    op.method = METHOD_POST;
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_str_eq(body(), "{\"name\":\"x\"}");
    ck_assert_str_eq(header("ETag"), "\"7\"");
    ck_assert_str_eq(header("Location"), "/v1/things/x");
    ck_assert_int_eq(r.status, 201);
}
END_TEST

START_TEST(only_control_columns_are_an_empty_object) {
    static const struct column columns[] = {{"_etag", TEXT}};
    static const char *const cells[] = {"1"};
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_str_eq(body(), "{}");
}
END_TEST

START_TEST(no_row_is_not_found) {
    static const struct column columns[] = {{"name", TEXT}};
    reply(CARDINALITY_ONE, rows_of(1, columns, 0, NULL));
    ck_assert_int_eq(r.problem, PROBLEM_NOT_FOUND);
    ck_assert_int_eq(r.status, 404);
}
END_TEST

START_TEST(no_content) {
    op.status = 204;
    reply(CARDINALITY_NONE, PQmakeEmptyPGresult(NULL, PGRES_COMMAND_OK));
    ck_assert_int_eq(r.status, 204);
    ck_assert_uint_eq(r.reply.length, 0);
}
END_TEST

static const struct {
    const char *sent;
    bool same;
} tags[] = {{"\"7\"", true},         {"W/\"7\"", true},  {"\"6\", \"7\"", true}, {"*", true}, {"\"6\"", false},
            {"\"77\"", false},       {"7", false},       {"\"7", false},         {"", false}, {"\"\"", false},
            {"\"6\",W/\"7\"", true}, {"\"6\" \"", false}};

START_TEST(if_none_match) {
    static const struct column columns[] = {{"_etag", TEXT}, {"name", TEXT}};
    static const char *const cells[] = {"7", "x"};
    r.if_none_match = (struct value){tags[_i].sent, strlen(tags[_i].sent)};
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_int_eq(r.status, tags[_i].same ? 304 : 200);
    ck_assert_str_eq(header("ETag"), "\"7\"");
    ck_assert_str_eq(body(), "{\"name\":\"x\"}"); /* of a 304 only its length is told (RFC 9110, section 8.6) */
}
END_TEST

START_TEST(another_representation_has_a_tag_of_its_own) {
    static const struct column columns[] = {{"_etag", TEXT}, {"name", TEXT}};
    static const char *const cells[] = {"7", "x"};
    r.representation = representations + 1;
    r.danish = true;
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_str_eq(header("ETag"), "\"7.1da\"");
}
END_TEST

START_TEST(a_document_is_the_one_column) {
    static const struct column columns[] = {{"_etag", TEXT}, {"html", TEXT}};
    static const char *const cells[] = {"7-a", "<p>\"æ\"</p>\r\n"};
    r.representation = &representations[2];
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_str_eq(body(), "<p>\"æ\"</p>\r\n");
    ck_assert_str_eq(r.content_type_out, "text/html; charset=utf-8");
    ck_assert_str_eq(header("ETag"), "\"7-a.2\"");
    ck_assert_ptr_nonnull(strstr(header("Content-Security-Policy"), "default-src 'none'"));
}
END_TEST

START_TEST(a_calendar_is_no_page) {
    static const struct column columns[] = {{"calendar", TEXT}};
    static const char *const cells[] = {NULL};
    r.representation = &representations[3];
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_str_eq(body(), "");
    ck_assert_str_eq(r.content_type_out, "text/calendar; charset=utf-8");
    ck_assert_ptr_null(header("Content-Security-Policy"));
    ck_assert_ptr_null(header("ETag"));
}
END_TEST

START_TEST(a_document_that_is_known_has_no_type) {
    static const struct column columns[] = {{"_etag", TEXT}, {"html", TEXT}};
    static const char *const cells[] = {"7", "<p>"};
    r.representation = &representations[2];
    r.if_none_match = (struct value){"\"7.2\"", 5};
    reply(CARDINALITY_ONE, ROWS(columns, cells));
    ck_assert_int_eq(r.status, 304);
    ck_assert_ptr_null(r.content_type_out);
}
END_TEST

START_TEST(lists) {
    static const struct column columns[] = {{"name", TEXT}};
    static const char *const cells[] = {"a", "b", "c"};
    r.limit = 3;
    reply(CARDINALITY_MANY, ROWS(columns, cells));
    ck_assert_str_eq(body(), "{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}],\"next\":null}");
}
END_TEST

START_TEST(a_row_too_many_means_that_there_is_more) {
    static const struct column columns[] = {{"name", TEXT}, {"_after_1", TEXT}, {"_total", INT8}};
    static const char *const cells[] = {"a", "a", "9", "b", "b", "9", "c", "c", "9"};
    r.limit = 2;
    reply(CARDINALITY_MANY, ROWS(columns, cells));
    const char *text = body();
    ck_assert_ptr_nonnull(strstr(text, "{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"next\":\"/v1/things?cursor="));
    ck_assert_ptr_nonnull(strstr(text, ",\"total\":9}"));
}
END_TEST

START_TEST(an_empty_list_counts_nothing) {
    static const struct column columns[] = {{"name", TEXT}, {"_total", INT8}};
    r.limit = 2;
    r.parameters[0] = (struct value){"exact", 5};
    reply(CARDINALITY_MANY, rows_of(2, columns, 0, NULL));
    ck_assert_str_eq(body(), "{\"items\":[],\"next\":null,\"total\":0}");
}
END_TEST

START_TEST(a_stored_answer) {
    reply_from_stored(&r, 201, "/v1/things/x", "7", (struct value){"{\"a\":1}", 7});
    ck_assert_str_eq(body(), "{\"a\":1}");
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(header("Idempotent-Replayed"), "true");
    ck_assert_str_eq(header("ETag"), "\"7\"");
    ck_assert_str_eq(header("Location"), "/v1/things/x");
}
END_TEST

int main(void) {
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, every_type_is_written_by_its_column);
    tcase_add_test(all, control_columns_become_headers_and_status);
    tcase_add_test(all, only_control_columns_are_an_empty_object);
    tcase_add_test(all, no_row_is_not_found);
    tcase_add_test(all, no_content);
    tcase_add_loop_test(all, if_none_match, 0, (int)(sizeof tags / sizeof *tags));
    tcase_add_test(all, another_representation_has_a_tag_of_its_own);
    tcase_add_test(all, a_document_is_the_one_column);
    tcase_add_test(all, a_calendar_is_no_page);
    tcase_add_test(all, a_document_that_is_known_has_no_type);
    tcase_add_test(all, lists);
    tcase_add_test(all, a_row_too_many_means_that_there_is_more);
    tcase_add_test(all, an_empty_list_counts_nothing);
    tcase_add_test(all, a_stored_answer);
    return run_suite("reply", all);
}
