/* Tests of server/arena.c: the arena, growing buffers, escaping for JSON and CSV.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

START_TEST(what_the_arena_gives_is_zeroed_aligned_and_apart) {
    struct arena a = {0};
    static const size_t sizes[] = {0, 1, 15, 16, 17, 3999, 4000, 4001, 100000, 1};
    char *given[10];
    for (size_t i = 0; i < 10; i++) {
        given[i] = arena_alloc(&a, sizes[i]);
        ck_assert_ptr_nonnull(given[i]);
        ck_assert_uint_eq((uintptr_t)given[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            ck_assert_int_eq(given[i][k], 0);
        memset(given[i], (int)('a' + i), sizes[i]);
    }
    for (size_t i = 0; i < 10; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            ck_assert_int_eq(given[i][k], (int)('a' + i));
    arena_reset(&a);
    ck_assert_ptr_null(a.chunks);
    ck_assert_uint_eq(a.used, 0);
    arena_reset(&a); /* twice is as good as once */
}
END_TEST

START_TEST(the_arena_has_a_limit) {
    struct arena a = {0};
    ck_assert_ptr_null(arena_alloc(&a, ARENA_LIMIT + 1));
    ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - 14)); /* would be 0 when rounded up */
    size_t n = 0;
    while (arena_alloc(&a, 1000) != NULL)
        n++;
    ck_assert_uint_ge(n, ARENA_LIMIT / 1008 / 4 * 3);
    ck_assert_uint_le(n * 1000, ARENA_LIMIT);
    ck_assert_uint_le(a.used, ARENA_LIMIT);
    arena_reset(&a);
    ck_assert_ptr_nonnull(arena_alloc(&a, ARENA_LIMIT));
    ck_assert_ptr_null(arena_alloc(&a, 1));
    arena_reset(&a);
}
END_TEST

START_TEST(copies_end_with_a_nul) {
    struct arena a = {0};
    ck_assert_str_eq(arena_copy(&a, "Region Nordjylland", 6), "Region");
    ck_assert_str_eq(arena_copy(&a, NULL, 0), "");
    const char *with_nul = arena_copy(&a, "a\0b", 3);
    ck_assert_mem_eq(with_nul, "a\0b\0", 4);
    ck_assert_str_eq(arena_printf(&a, "%s-%04d", "TF", 42), "TF-0042");
    char *longer = arena_printf(&a, "%5000d", 7);
    ck_assert_uint_eq(strlen(longer), 5000);
    ck_assert_ptr_null(arena_printf(&a, "%2000000d", 7));
    arena_reset(&a);
}
END_TEST

START_TEST(a_buffer_grows) {
    struct buffer b = {0};
    for (int i = 0; i < 5000; i++)
        buffer_format(&b, "%d,", i % 10);
    buffer_char(&b, '\0');
    buffer_add(&b, NULL, 0);
    buffer_text(&b, "");
    ck_assert(!b.failed);
    ck_assert_uint_eq(b.length, 10001);
    ck_assert_uint_ge(b.capacity, b.length);
    ck_assert_mem_eq(b.bytes + 9990, "5,6,7,8,9,", 10);
    buffer_free(&b);
    ck_assert_ptr_null(b.bytes);
    buffer_free(&b);
}
END_TEST

START_TEST(a_failed_buffer_stays_failed_and_keeps_what_it_has) {
    struct buffer b = {0};
    buffer_text(&b, "kept");
    ck_assert(!buffer_reserve(&b, SIZE_MAX / 2));
    ck_assert(b.failed);
    buffer_text(&b, "lost");
    buffer_char(&b, 'x');
    buffer_format(&b, "%d", 1);
    buffer_json(&b, "lost", 4);
    buffer_csv(&b, "a,b", 3);
    ck_assert_uint_eq(b.length, 4);
    ck_assert_mem_eq(b.bytes, "kept", 4);
    buffer_free(&b);
    buffer_json(&b, "x", SIZE_MAX / 4);
    ck_assert(b.failed);
    buffer_free(&b);
}
END_TEST

static const struct {
    const char *text;
    size_t n;
    const char *json;
} json_cases[] = {
    {"", 0, "\"\""},
    {"Sygehus Sønderjylland", 22, "\"Sygehus Sønderjylland\""},
    {"\"\\/", 3, "\"\\\"\\\\/\""},
    {"\n\r\t", 3, "\"\\n\\r\\t\""},
    {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
    {"\b\f", 2, "\"\\u0008\\u000c\""},
    {"\xf0\x9f\x92\x8a", 4, "\"\xf0\x9f\x92\x8a\""},
};

START_TEST(json_strings) {
    struct buffer b = {0};
    buffer_json(&b, json_cases[_i].text, json_cases[_i].n);
    buffer_char(&b, '\0');
    ck_assert_str_eq(b.bytes, json_cases[_i].json);
    buffer_free(&b);
}
END_TEST

START_TEST(every_byte_comes_back_from_json) {
    char text[127];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i + 1);
    struct buffer b = {0};
    for (int round = 0; round < 100; round++) {
        b.length = 0;
        buffer_json(&b, text, sizeof text);
        json_t *back = json_loadb(b.bytes, b.length, JSON_DECODE_ANY, NULL);
        ck_assert_ptr_nonnull(back);
        ck_assert_uint_eq(json_string_length(back), sizeof text);
        ck_assert_mem_eq(json_string_value(back), text, sizeof text);
        json_decref(back);
    }
    buffer_free(&b);
}
END_TEST

static const struct {
    const char *text, *csv;
} csv_cases[] = {
    {"", ""},
    {"Hovedstaden", "Hovedstaden"},
    {"Bispebjerg, Frederiksberg", "\"Bispebjerg, Frederiksberg\""},
    {"siger \"nej\"", "\"siger \"\"nej\"\"\""},
    {"to\nlinjer", "\"to\nlinjer\""},
    {"to\r\nlinjer", "\"to\r\nlinjer\""},
    /* numbers keep their sign */
    {"-12", "-12"},
    {"+12.5", "+12.5"},
    {"-.5", "-.5"},
    {"12", "12"},
    /* formulas become text */
    {"=1+1", "\"'=1+1\""},
    {"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
    {"@SUM(1,2)", "\"'@SUM(1,2)\""},
    {"+45 12345678", "\"'+45 12345678\""},
    {"-1+cmd", "\"'-1+cmd\""},
    {"-", "\"'-\""},
    {"+.", "\"'+.\""},
    {"\t=1", "\"'\t=1\""},
    {"\r=1", "\"'\r'=1\""},
    {"\n=1", "\"'\n'=1\""},
    /* where a Danish spreadsheet begins a cell of its own */
    {"a;b", "\"a;b\""},
    {"a;=1+1", "\"a;'=1+1\""},
    {"a; \"=1+1", "\"a; \"\"'=1+1\""},
    {"a\n=1+1", "\"a\n'=1+1\""},
    {"a\r\n@b", "\"a\r\n'@b\""},
    {"a-b=c@d", "a-b=c@d"},
    {"a;b=c", "\"a;b=c\""},
};

START_TEST(csv_cells) {
    struct buffer b = {0};
    buffer_csv(&b, csv_cases[_i].text, strlen(csv_cases[_i].text));
    buffer_char(&b, '\0');
    ck_assert_str_eq(b.bytes, csv_cases[_i].csv);
    buffer_free(&b);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("arena");
    tcase_add_test(tcase, what_the_arena_gives_is_zeroed_aligned_and_apart);
    tcase_add_test(tcase, the_arena_has_a_limit);
    tcase_add_test(tcase, copies_end_with_a_nul);
    tcase_add_test(tcase, a_buffer_grows);
    tcase_add_test(tcase, a_failed_buffer_stays_failed_and_keeps_what_it_has);
    tcase_add_loop_test(tcase, json_strings, 0, sizeof json_cases / sizeof *json_cases);
    tcase_add_test(tcase, every_byte_comes_back_from_json);
    tcase_add_loop_test(tcase, csv_cells, 0, sizeof csv_cases / sizeof *csv_cases);
    return run_suite("arena", tcase);
}
