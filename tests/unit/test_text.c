/* Tests of server/text.c: UTF-8, civil registration numbers, dates, base64url.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define NOT_UTF8(text, offset)                                                                                         \
    { text, sizeof text - 1, false, offset }
#define UTF8(text)                                                                                                     \
    { text, sizeof text - 1, true, 0 }
static const struct {
    const char *text;
    size_t n;
    bool good;
    size_t bad;
} utf8_cases[] = {
    UTF8(""),
    UTF8("abc"),
    UTF8("æøåÆØÅ"),
    UTF8("a\0b"),
    UTF8("\xe2\x82\xac"),
    UTF8("\xf0\x9f\x92\x8a"),
    UTF8("\xc2\x80"),
    UTF8("\xdf\xbf"),
    UTF8("\xe0\xa0\x80"),
    UTF8("\xed\x9f\xbf"),
    UTF8("\xee\x80\x80"),
    UTF8("\xef\xbf\xbf"),
    UTF8("\xf0\x90\x80\x80"),
    UTF8("\xf4\x8f\xbf\xbf"),
    NOT_UTF8("\x80", 0),
    NOT_UTF8("a\xbf", 1),
    NOT_UTF8("\xc0\x80", 0),
    NOT_UTF8("\xc1\xbf", 0), /* overlong */
    NOT_UTF8("\xe0\x9f\xbf", 0),
    NOT_UTF8("\xf0\x8f\xbf\xbf", 0),
    NOT_UTF8("\xed\xa0\x80", 0),
    NOT_UTF8("\xed\xbf\xbf", 0), /* surrogates */
    NOT_UTF8("\xf4\x90\x80\x80", 0),
    NOT_UTF8("\xf5\x80\x80\x80", 0),
    NOT_UTF8("\xff", 0),
    NOT_UTF8("ab\xc3", 2),
    NOT_UTF8("ab\xe2\x82", 2),
    NOT_UTF8("ab\xf0\x9f\x92", 2), /* cut */
    NOT_UTF8("\xc3(", 0),
    NOT_UTF8("\xe2\x82(", 0),
    NOT_UTF8("\xf0\x9f\x92(", 0),
};

START_TEST(utf8) {
    size_t bad = 77;
    char *copy = malloc(utf8_cases[_i].n + 1); /* so that the sanitizer sees a step too far */
    memcpy(copy, utf8_cases[_i].text, utf8_cases[_i].n);
    copy = realloc(copy, utf8_cases[_i].n == 0 ? 1 : utf8_cases[_i].n);
    ck_assert_int_eq(text_is_utf8(copy, utf8_cases[_i].n, &bad), utf8_cases[_i].good);
    ck_assert_uint_eq(bad, utf8_cases[_i].good ? 77 : utf8_cases[_i].bad);
    ck_assert_int_eq(text_is_utf8(copy, utf8_cases[_i].n, NULL), utf8_cases[_i].good);
    free(copy);
}
END_TEST

/* Made up, with valid dates. */
static const char *const with_cpr[] = {
    "0101901234",
    "010190-1234",
    "010190 1234",
    "01 01 90 1234",
    "01.01.90.1234",
    "01-01-90-1234",
    "01/01/90-1234",
    "010190 - 1234",
    "010190--1234",
    "010190_1234",
    "010190\t1234",
    "010190\n1234",
    "010190\xe2\x80\x93"
    "1234",                     /* en dash */
    "010190 \xe2\x80\x93 1234", /* en dash between spaces, as word processors make it */
    "010190\xe2\x80\x91"
    "1234", /* hyphen that does not break */
    "010190\xc2\xa0"
    "1234", /* space that does not break */
    "010190\xe2\x80\x8b"
    "1234", /* zero width space */
    "CPR:0101901234.",
    "patient0101901234",
    "(010190-1234)",
    "x 3112991234 y",
    "2902001234" /* leap day of 1900 or 2000: taken */,
    "2902961234",
    "3004501234",
    "se 12 010190-1234",
    "12,0101901234",
    "01.01.1985-1234",
    "01/01/1970-1234",
    "01-01-1985 1234",
    "01011985-1234",
    "010185 12 34",
    "01 01 85 12 34",
    "010185\xc2\xa0"
    "12\xc2\xa0"
    "34",
    "01-01-85 12 34.",
    "\xef\xbc\x90\xef\xbc\x91\xef\xbc\x90\xef\xbc\x91\xef\xbc\x98\xef\xbc\x95-1234", /* full width */
    "010185-\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4",                                       /* Arabic-Indic */
    "\xf0\x9d\x9f\x8e\xf0\x9d\x9f\x8f"
    "0185-1234", /* mathematical bold */
    "2001-90-1234 2010901234",
    "10.12.26 1300",
    "10.12.26 1300, 1500",
    "10.12.26 1500-1300",
    "10.12.26-1300-1500",
    "101226 1300-1500",
    "deadbe01-0195-4123-8abc-aaaaaaaaaaaaa",
    "xdeadbe01-0195-4123-8abc-aaaaaaaaaaaa",
    "deadbe0g-0101-4123-8abc-aaaaaaaaaaaa 010195 4123",
    "deadbeff-aaaa-4123-8abc-aaaaaa010195-1234",
    "deadbeff-aaaa-4123-8abc-aaaaaaaaaaaa 010195-1234",
    "010190-12340 og 020290-1234",
};
static const char *const without_cpr[] = {
    "",
    "123456789",
    "010190-123",
    "01019012345",
    "10101901234",
    "0001901234",
    "3201901234",
    "0113901234",
    "3102901234",
    "3104901234",
    "2902951234",
    "0100901234",
    "010190a1234",
    "010190----1234",
    "01a01901234",
    "0 101901234",
    "010190  12 34",
    "010190 12  34",
    "010190 12 345",
    "0101901 2 34",
    "12345678",
    "+45 12 34 56 78",
    "J01CR05",
    "TF-2026-0042",
    "2026-11-21T23:59:59Z",
    "20261121235959",
    "10.12.2026 12:30",
    "10.12.2026 12 personer",
    "10.12.26 1300-1500",
    "10.12.26 1300\xe2\x80\x93"
    "1500",
    "10.12.2026 1300-1500",
    "2012-11-21 23:59",
    "01.01.2020-31.12.2020",
    "31.02.1985-1234",
    "01.01.1785-1234",
    "01.01.2185-1234",
    "010119851234",
    "2010-01 - 2012-12",
    "2004-001234-12",
    "2010-020123-21",
    "2023-501234-12-00",
    "deadbe01-0195-4123-8abc-aaaaaaaaaaaa",
    "(DEADBE01-0195-4123-8ABC-AAAAAAAAAAAA)",
    "abcdefab-abcd-4bcd-8abc-ab0101012345",
    "\xef\xbc\x90\xef\xbc\x91\xef\xbc\x90\xef\xbc\x91\xef\xbc\x98\xef\xbc\x95-123",
    "4.500.000 kr.",
    "EAN 5790000000000",
    "010190-12345",
};

static bool scan(const char *text) {
    size_t n = strlen(text);
    char *copy = malloc(n == 0 ? 1 : n);
    memcpy(copy, text, n);
    bool found = text_has_cpr(copy, n);
    free(copy);
    return found;
}

START_TEST(a_civil_registration_number_is_found_in_any_spelling) {
    ck_assert_msg(scan(with_cpr[_i]), "not found in \"%s\"", with_cpr[_i]);
}
END_TEST

START_TEST(other_numbers_are_left_alone) {
    ck_assert_msg(!scan(without_cpr[_i]), "found in \"%s\"", without_cpr[_i]);
}
END_TEST

START_TEST(every_valid_date_is_found) {
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 0; month <= 13; month++)
        for (int day = 0; day <= 40; day++) {
            char text[32];
            snprintf(text, sizeof text, "%02d%02d%02d-1234", day, month, 96);
            bool valid = month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
            ck_assert_msg(scan(text) == valid, "%s", text);
        }
}
END_TEST

static const struct {
    const char *text;
    int y, m, d;
} dates[] = {{"2026-11-21", 2026, 11, 21},
             {"2024-02-29", 2024, 2, 29},
             {"2000-02-29", 2000, 2, 29},
             {"0001-01-01", 1, 1, 1},
             {"9999-12-31", 9999, 12, 31}};
static const char *const no_dates[] = {"",           "2026",       "2026-11",    "2026-11-2",  "2026-11-211",
                                       "2026-1-021", "2023-02-29", "1900-02-29", "2026-00-01", "2026-13-01",
                                       "2026-01-00", "2026-01-32", "2026-04-31", "0000-01-01", "+026-01-01",
                                       "2026/01/01", "2026-01-0a", " 026-01-01", "2026-01-1 "};

START_TEST(days) {
    int y = -1, m = -1, d = -1;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        ck_assert(text_to_date(dates[i].text, &y, &m, &d));
        ck_assert(y == dates[i].y && m == dates[i].m && d == dates[i].d);
    }
    y = m = d = -1;
    for (size_t i = 0; i < sizeof no_dates / sizeof *no_dates; i++)
        ck_assert_msg(!text_to_date(no_dates[i], &y, &m, &d), "%s", no_dates[i]);
    ck_assert(y == -1 && m == -1 && d == -1);
}
END_TEST

START_TEST(months) {
    static const char *const bad[] = {"",        "2026",     "2026-1",  "2026-13", "2026-00",
                                      "0000-01", "2026-011", "2026/01", "202a-01", "2026-01-01"};
    int y = -1, m = -1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!text_to_month(bad[i], &y, &m), "%s", bad[i]);
    ck_assert(y == -1 && m == -1);
    ck_assert(text_to_month("2026-11", &y, &m));
    ck_assert(y == 2026 && m == 11);
}
END_TEST

START_TEST(base64url_comes_back) {
    unsigned char bytes[300], back[300];
    char text[401];
    srand(1);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)rand();
        size_t length = text_to_base64url(bytes, n, text, sizeof text);
        ck_assert_uint_eq(length, (n * 4 + 2) / 3);
        ck_assert_uint_eq(strlen(text), length);
        ck_assert_uint_eq(text_from_base64url(text, length, back, n), n);
        ck_assert_mem_eq(back, bytes, n);
        if (n > 0)
            ck_assert_uint_eq(text_from_base64url(text, length, back, n - 1), (size_t)-1);
        ck_assert_uint_eq(text_to_base64url(bytes, n, text, length), (size_t)-1); /* no room for the NUL */
    }
    ck_assert_uint_eq(text_to_base64url((const unsigned char *)"\xfb\xff\xbf", 3, text, sizeof text), 4);
    ck_assert_str_eq(text, "-_-_");
}
END_TEST

START_TEST(base64url_that_is_not_canonical_is_refused) {
    static const char *const bad[] = {"A",
                                      "AAAAA",
                                      "QQ==",
                                      "QQ=",
                                      "QR",
                                      "Qf",
                                      "QUJ",
                                      "QUL",
                                      "+AAA",
                                      "/AAA",
                                      "AA A",
                                      "AA\nA",
                                      "A.AA",
                                      "\xc3\xa6"
                                      "AA"};
    unsigned char back[16];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(text_from_base64url(bad[i], strlen(bad[i]), back, sizeof back) == (size_t)-1, "%s", bad[i]);
    ck_assert_uint_eq(text_from_base64url("QQ", 2, back, sizeof back), 1);
    ck_assert_uint_eq(text_from_base64url("QUI", 3, back, sizeof back), 2);
    ck_assert_uint_eq(text_from_base64url("", 0, back, sizeof back), 0);
    ck_assert_uint_eq(text_from_base64url("AA\0A", 4, back, sizeof back), (size_t)-1);
}
END_TEST

START_TEST(hash_and_clock) {
    ck_assert_uint_eq(text_hash("", 0, 0), 0xcbf29ce484222325u);
    ck_assert_uint_eq(text_hash("a", 1, 0), 0xaf63dc4c8601ec8cu); /* published FNV-1a value */
    ck_assert_uint_ne(text_hash("a", 1, 1), text_hash("a", 1, 0));
    uint64_t before = clock_us();
    ck_assert_uint_ge(clock_us(), before);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("text");
    tcase_add_loop_test(tcase, utf8, 0, sizeof utf8_cases / sizeof *utf8_cases);
    tcase_add_loop_test(tcase, a_civil_registration_number_is_found_in_any_spelling, 0,
                        sizeof with_cpr / sizeof *with_cpr);
    tcase_add_loop_test(tcase, other_numbers_are_left_alone, 0, sizeof without_cpr / sizeof *without_cpr);
    tcase_add_test(tcase, every_valid_date_is_found);
    tcase_add_test(tcase, days);
    tcase_add_test(tcase, months);
    tcase_add_test(tcase, base64url_comes_back);
    tcase_add_test(tcase, base64url_that_is_not_canonical_is_refused);
    tcase_add_test(tcase, hash_and_clock);
    return run_suite("text", tcase);
}
