/* Tests of server/problem.c: what problems look like, and from database errors to problem codes.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

/* In place of libpq's, which gives no way to make an error's fields. */
struct error {
    const char *sqlstate, *message, *constraint, *column;
};

char *PQresultErrorField(const void *result, int field);
char *PQresultErrorField(const void *result, int field) {
    const struct error *e = result;
    return (char *)(field == 'C'   ? e->sqlstate
                    : field == 'M' ? e->message
                    : field == 'n' ? e->constraint
                    : field == 'c' ? e->column
                                   : NULL);
}

static struct request r;

static void setup(void) {
    log_set_level(LOG_ERROR + 1);
    r = (struct request){.magic = REQUEST_MAGIC, .id = "the-id", .path = "/v1/regions/atlantis"};
}

static void teardown(void) {
    buffer_free(&r.reply);
    arena_reset(&r.arena);
}

static enum problem_code from(const char *sqlstate, const char *constraint) {
    struct error e = {.sqlstate = sqlstate, .message = "secret inner message", .constraint = constraint};
    problem_from_db(&r, (const struct db_result *)&e);
    ck_assert_int_eq(r.status, problem_kinds[r.problem].status);
    ck_assert_ptr_null(r.problem_detail); /* PostgreSQL's own words are not for the caller */
    return r.problem;
}

static json_t *written(void) {
    problem_write(&r);
    json_error_t error;
    json_t *json = json_loadb(r.reply.bytes, r.reply.length, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: %.*s", error.text, (int)r.reply.length, r.reply.bytes);
    return json;
}

static const char *text_of(const json_t *json, const char *member) {
    return json_string_value(json_object_get(json, member));
}

static const char *header(const char *name) {
    for (size_t i = 0; i < r.n_headers; i++)
        if (strcmp(r.headers[i].name, name) == 0)
            return r.headers[i].value;
    return NULL;
}

START_TEST(tables_are_sorted_and_whole) {
    const struct {
        const struct problem_name *list;
        size_t n;
    } tables[] = {{problem_by_code, n_problem_by_code},
                  {problem_by_constraint, n_problem_by_constraint},
                  {problem_by_sqlstate, n_problem_by_sqlstate}};
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < tables[t].n; i++) {
            ck_assert(tables[t].list[i].code > PROBLEM_NONE && tables[t].list[i].code < PROBLEM_COUNT);
            if (i > 0)
                ck_assert_str_lt(tables[t].list[i - 1].name, tables[t].list[i].name);
        }
    for (size_t code = 1; code < PROBLEM_COUNT; code++) {
        const struct problem_kind *kind = &problem_kinds[code];
        ck_assert_msg(problem_from_code(kind->code) == code, "%s is not found by its code", kind->code);
        ck_assert(kind->status == 0 || (kind->status >= 400 && kind->status <= 599));
        ck_assert(kind->title[0] != '\0' && kind->title_da[0] != '\0');
        /* Who does not know whether it was done should look first, not try again. */
        ck_assert_msg(kind->status != 503 || kind->retry_after > 0 || code == PROBLEM_OUTCOME_UNKNOWN,
                      "%s is 503 without Retry-After", kind->code);
    }
    ck_assert_int_eq(problem_from_code("no_such_code"), PROBLEM_NONE);
    ck_assert_int_eq(problem_from_code(NULL), PROBLEM_NONE);
}
END_TEST

START_TEST(sqlstates_become_problems) {
    ck_assert_int_eq(from("23505", "nobody_knows_me"), PROBLEM_ALREADY_EXISTS);
    ck_assert_int_eq(from("40001", NULL), PROBLEM_SERIALIZATION_FAILED);
    ck_assert_int_eq(from("40P01", NULL), PROBLEM_SERIALIZATION_FAILED);
    ck_assert_int_eq(from("57014", NULL), PROBLEM_DEADLINE_EXCEEDED);
    ck_assert_int_eq(from("57P01", NULL), PROBLEM_DATABASE_UNAVAILABLE);
    ck_assert_int_eq(from("08006", NULL), PROBLEM_DATABASE_UNAVAILABLE); /* by its class */
    ck_assert_int_eq(from("53300", NULL), PROBLEM_OVERLOADED);
    ck_assert_int_eq(from("42501", NULL), PROBLEM_FORBIDDEN);
    ck_assert_int_eq(from("22012", NULL), PROBLEM_INTERNAL_ERROR);
    ck_assert_int_eq(from("XX000", NULL), PROBLEM_INTERNAL_ERROR);
    ck_assert_int_eq(from("0", NULL), PROBLEM_INTERNAL_ERROR);
    ck_assert_int_eq(from("", NULL), PROBLEM_OVERLOADED); /* libpq's own: memory */
    ck_assert_int_eq(from(NULL, NULL), PROBLEM_OVERLOADED);
}
END_TEST

START_TEST(a_known_constraint_says_more_than_its_sqlstate) {
    for (size_t i = 0; i < n_problem_by_constraint; i++)
        if (problem_kinds[problem_by_constraint[i].code].status != 0)
            ck_assert_int_eq(from("23505", problem_by_constraint[i].name), problem_by_constraint[i].code);
}
END_TEST

START_TEST(our_own_rules_speak_for_themselves) {
    struct error e = {.sqlstate = "MK000",
                      .message = "there is no region atlantis",
                      .constraint = "not_found",
                      .column = "path/region"};
    problem_from_db(&r, (const struct db_result *)&e);
    ck_assert_int_eq(r.problem, PROBLEM_NOT_FOUND);
    ck_assert_str_eq(r.problem_detail, e.message);
    ck_assert_ptr_ne(r.problem_detail, e.message); /* the result is freed before the answer is written */
    ck_assert_uint_eq(r.n_violations, 1);
    ck_assert_str_eq(r.violations[0].pointer, "path/region");
    json_t *json = written();
    const json_t *first = json_array_get(json_object_get(json, "errors"), 0);
    ck_assert_str_eq(text_of(first, "code"), "not_found");
    ck_assert_str_eq(text_of(first, "detail"), e.message);
    json_decref(json);
}
END_TEST

START_TEST(a_rule_with_an_unknown_code_is_an_internal_error) {
    struct error e = {.sqlstate = "MK000", .message = "oops", .constraint = "no_such_code", .column = "path/region"};
    problem_from_db(&r, (const struct db_result *)&e);
    ck_assert_int_eq(r.problem, PROBLEM_INTERNAL_ERROR);
    ck_assert_uint_eq(r.n_violations, 0);
    e = (struct error){.sqlstate = "MK000"};
    problem_from_db(&r, (const struct db_result *)&e);
    ck_assert_int_eq(r.problem, PROBLEM_INTERNAL_ERROR);
}
END_TEST

START_TEST(a_problem_is_written_whole) {
    problem_set(&r, PROBLEM_NOT_FOUND, "say \"no\"\n");
    json_t *json = written();
    ck_assert_str_eq(text_of(json, "code"), "not_found");
    ck_assert_str_eq(text_of(json, "title"), problem_kinds[PROBLEM_NOT_FOUND].title);
    ck_assert_str_eq(text_of(json, "detail"), "say \"no\"\n");
    ck_assert_str_eq(text_of(json, "instance"), "/v1/regions/atlantis");
    ck_assert_str_eq(text_of(json, "request_id"), "the-id");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "status")), 404);
    ck_assert_ptr_null(json_object_get(json, "errors"));
    ck_assert_ptr_nonnull(strstr(text_of(json, "type"), "not_found"));
    ck_assert_str_eq(r.content_type_out, "application/problem+json");
    ck_assert_ptr_null(header("Retry-After"));
    ck_assert_ptr_null(header("Content-Language"));
    json_decref(json);
}
END_TEST

START_TEST(danish_and_retry_after) {
    r.danish = true;
    problem_set(&r, PROBLEM_DATABASE_UNAVAILABLE, NULL);
    json_t *json = written();
    ck_assert_str_eq(text_of(json, "title"), problem_kinds[PROBLEM_DATABASE_UNAVAILABLE].title_da);
    ck_assert_ptr_null(json_object_get(json, "detail"));
    ck_assert_int_eq(atoi(header("Retry-After")), problem_kinds[PROBLEM_DATABASE_UNAVAILABLE].retry_after);
    ck_assert_str_eq(header("Content-Language"), "da");
    json_decref(json);
}
END_TEST

START_TEST(whatever_the_path_is_the_answer_is_json) {
    char path[257] = "/";
    for (int i = 1; i < 256; i++)
        path[i] = (char)i;
    r.path = path;
    problem_set(&r, PROBLEM_MALFORMED_REQUEST, NULL);
    json_t *json = written();
    const char *instance = text_of(json, "instance");
    for (const char *p = instance; *p != '\0'; p++)
        ck_assert(*p > 0x20 && *p < 0x7f && strchr("\"\\<>", *p) == NULL);
    ck_assert_ptr_nonnull(strstr(instance, "%0A"));
    ck_assert_ptr_nonnull(strstr(instance, "%FF"));
    json_decref(json);
}
END_TEST

START_TEST(what_was_begun_is_replaced) {
    buffer_text(&r.reply, "{\"items\":[half");
    problem_set(&r, PROBLEM_OVERLOADED, NULL);
    json_decref(written());
    buffer_free(&r.reply);
    ck_assert(!buffer_reserve(&r.reply, SIZE_MAX / 2)); /* out of memory while writing the reply */
    json_decref(written());
}
END_TEST

START_TEST(violations_are_bounded_and_stay_utf8) {
    char longer[700];
    memset(longer, 'x', sizeof longer);
    memcpy(longer + 510, "\xc3\xa6", 2); /* the cut goes through it */
    longer[sizeof longer - 1] = '\0';
    request_violation(&r, "too_long", "/name", "%s", longer);
    ck_assert_uint_eq(strlen(r.violations[0].detail), 510);
    for (int i = 0; i < 200; i++)
        request_violation(&r, "required", "/a~1b\"c", "%d", i);
    ck_assert_uint_eq(r.n_violations, MAX_VIOLATIONS);
    problem_set(&r, PROBLEM_VALIDATION_FAILED, NULL);
    json_t *json = written();
    ck_assert_uint_eq(json_array_size(json_object_get(json, "errors")), MAX_VIOLATIONS);
    ck_assert_str_eq(text_of(json_array_get(json_object_get(json, "errors"), 99), "pointer"), "/a~1b\"c");
    json_decref(json);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("problem");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, tables_are_sorted_and_whole);
    tcase_add_test(tcase, sqlstates_become_problems);
    tcase_add_test(tcase, a_known_constraint_says_more_than_its_sqlstate);
    tcase_add_test(tcase, our_own_rules_speak_for_themselves);
    tcase_add_test(tcase, a_rule_with_an_unknown_code_is_an_internal_error);
    tcase_add_test(tcase, a_problem_is_written_whole);
    tcase_add_test(tcase, danish_and_retry_after);
    tcase_add_test(tcase, whatever_the_path_is_the_answer_is_json);
    tcase_add_test(tcase, what_was_begun_is_replaced);
    tcase_add_test(tcase, violations_are_bounded_and_stay_utf8);
    return run_suite("problem", tcase);
}
