/* Tests of delivery_file.h: bytes of an upload to rows and a report, cut into pieces in every way.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "delivery_private.h"
#include "key_spool.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEADER "month,hospital,atc,article_number,product,packs,ddd,cost_ore\n"

/* What a file comes to, as text that is easy to compare. */
struct outcome {
    struct buffer rows, counts, rejections;
    struct delivery_totals totals;
    bool rejected;
};

static void free_outcome(struct outcome *o) {
    buffer_free(&o->rows);
    buffer_free(&o->counts);
    buffer_free(&o->rejections);
}

static int64_t read_big_endian(const unsigned char **p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | *(*p)++;
    return n == 2 ? (int16_t)v : n == 4 ? (int32_t)v : (int64_t)v;
}

/* The bytes of a binary COPY as lines of text; NULL is a dash. Checks their form on the way. */
static void decode_copy(const struct buffer *copy, struct buffer *ret) {
    const unsigned char *p = (const unsigned char *)copy->bytes, *end = p + copy->length;
    ck_assert_uint_ge(copy->length, 21);
    ck_assert_mem_eq(p, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    p += 19;
    for (;;) {
        ck_assert(end - p >= 2);
        int64_t columns = read_big_endian(&p, 2);
        if (columns == -1)
            break;
        ck_assert_int_eq(columns, 10);
        for (int i = 0; i < 10; i++) {
            static const int sizes[10] = {4, 4, 2, 0, 0, 0, 8, 8, 8, 4}; /* 0: text */
            int64_t n = read_big_endian(&p, 4);
            if (i > 0)
                buffer_char(ret, '|');
            if (n == -1) {
                ck_assert(i == 5 || i == 6 || i == 8);
                buffer_char(ret, '-');
            } else if (sizes[i] == 0) {
                ck_assert(n >= 0 && n <= end - p);
                buffer_add(ret, (const char *)p, (size_t)n);
                p += n;
            } else {
                ck_assert_int_eq(n, sizes[i]);
                buffer_format(ret, "%lld", (long long)read_big_endian(&p, (size_t)n));
            }
        }
        buffer_char(ret, '\n');
    }
    ck_assert_ptr_eq(p, end);
    buffer_char(ret, '\0');
}

/* Region 1 is covered in 2021-01 to 2021-03, region 2 in 2021-02. AHH: region 1. ØST: region 2. MOV: region 1 until
 * 2021-01, region 2 from 2021-02. FAR: region 3, which is not covered. */
static struct delivery_file *create(const struct delivery_options *options) {
    struct delivery_options o = *options;
    o.delivery_no = 7;
    struct delivery_file *f = delivery_file_create(&o);
    ck_assert_ptr_nonnull(f);
    for (int m = 1; m <= 3; m++)
        ck_assert(delivery_file_cover(f, 1, delivery_month(2021, m)));
    ck_assert(delivery_file_cover(f, 2, delivery_month(2021, 2)));
    ck_assert(delivery_file_hospital(f, "AHH", 3, 11, 1, delivery_month(2021, 1), delivery_month(2021, 3)));
    ck_assert(delivery_file_hospital(f, "ØST", 4, 12, 2, delivery_month(2021, 1), delivery_month(2021, 3)));
    ck_assert(delivery_file_hospital(f, "MOV", 3, 13, 1, delivery_month(2021, 1), delivery_month(2021, 1)));
    ck_assert(delivery_file_hospital(f, "MOV", 3, 13, 2, delivery_month(2021, 2), delivery_month(2021, 3)));
    ck_assert(delivery_file_hospital(f, "FAR", 3, 14, 3, delivery_month(2021, 1), delivery_month(2021, 3)));
    return f;
}

static void take_rows(struct delivery_file *f, struct buffer *copy) {
    size_t n;
    const char *rows = delivery_file_rows(f, &n);
    buffer_add(copy, rows, n);
    delivery_file_rows_taken(f);
}

/* Reads n bytes in pieces of the given size (0: all at once). */
static struct outcome run_bytes(const struct delivery_options *options, const char *bytes, size_t n, size_t piece) {
    struct outcome o = {0};
    struct buffer copy = {0};
    struct delivery_file *f = create(options);
    for (size_t at = 0; at < n || delivery_file_pending(f);) {
        size_t give = piece == 0 || n - at < piece ? n - at : piece;
        size_t taken = delivery_file_feed(f, bytes + at, give);
        ck_assert_uint_le(taken, give);
        at += taken;
        take_rows(f, &copy);
    }
    delivery_file_finish(f);
    take_rows(f, &copy);
    ck_assert(!delivery_file_failed(f));
    o.rejected = delivery_file_rejected(f);
    if (o.rejected)
        while (delivery_file_search(f))
            ;
    else if (!options->digest_only)
        decode_copy(&copy, &o.rows);
    o.totals = *delivery_file_totals(f);
    delivery_file_write_counts(f, &o.counts);
    delivery_file_write_rejections(f, &o.rejections, SIZE_MAX, false);
    buffer_char(&o.counts, '\0');
    buffer_char(&o.rejections, '\0');
    buffer_free(&copy);
    delivery_file_destroy(f);
    return o;
}

static struct outcome run(const struct delivery_options *options, const char *text) {
    return run_bytes(options, text, strlen(text), 0);
}

/* Rows as expected, whatever the size of the pieces. */
static void expect_rows(const struct delivery_options *options, const char *text, const char *rows) {
    for (size_t piece = 0; piece < 20; piece++) {
        struct outcome o = run_bytes(options, text, strlen(text), piece);
        ck_assert_str_eq(o.counts.bytes, "{}");
        ck_assert_str_eq(o.rows.bytes, rows);
        free_outcome(&o);
    }
}

/* One rejection with this line (0: none), column (NULL: none), code and value (NULL: none). */
static void expect_rejection(const struct delivery_options *options, const char *text, long line, const char *column,
                             const char *code, const char *value) {
    struct outcome o = run(options, text);
    json_t *list = json_loads(o.rejections.bytes, 0, NULL);
    ck_assert_msg(json_array_size(list) == 1, "%s: %s", text, o.rejections.bytes);
    const json_t *r = json_array_get(list, 0), *l = json_object_get(r, "line");
    ck_assert_int_eq(line, json_is_null(l) ? 0 : json_integer_value(l));
    ck_assert_pstr_eq(json_string_value(json_object_get(r, "column")), column);
    ck_assert_str_eq(json_string_value(json_object_get(r, "code")), code);
    ck_assert_msg(json_string_length(json_object_get(r, "detail")) > 5, "%s", o.rejections.bytes);
    ck_assert_pstr_eq(json_string_value(json_object_get(r, "value")), value);
    json_decref(list);
    free_outcome(&o);
}

static void expect_line(const char *row, const char *column, const char *code, const char *value) {
    char text[20000];
    snprintf(text, sizeof text, HEADER "2021-01,AHH,J01AA02,,,,1,\n%s\n2021-01,AHH,J01AA03,,,,1,\n", row);
    expect_rejection(&(struct delivery_options){0}, text, 3, column, code, value);
}

static const struct delivery_options csv = {0};
static const struct delivery_options latin1 = {.charset = DELIVERY_LATIN1};
static const struct delivery_options ndjson = {.format = DELIVERY_NDJSON};
static const struct delivery_options gzip = {.gzip = true};

/* ---- rows ---- */

/* Days from 2000-01-01: 2021-01-01 is 7671, 2021-02-01 is 7702, 2021-03-01 is 7730. */
START_TEST(rows_of_csv) {
    expect_rows(&csv,
                HEADER "2021-01,AHH,J01AA02,012345,Doxycyclin,10,143.45,129900\n"
                       "2021-02-01,ØST,J01,,,,0,\n"
                       "2021-02,MOV,QJ01CA01,999999,\"Amoxi, \"\"forte\"\"\nvet.\",-1.5,-0.0001,-5\r\n"
                       "\n"
                       "2021-03,AHH,J,000000,,0001.5000,10000000000,1000000000000",
                "7|7671|11|J01AA02|012345|Doxycyclin|100000|1434500|129900|2\n"
                "7|7702|12|J01||-|-|0|-|3\n"
                "7|7702|13|QJ01CA01|999999|Amoxi, \"forte\"\nvet.|-15000|-1|-5|4\n"
                "7|7730|11|J|000000|-|15000|100000000000000|1000000000000|7\n");
}
END_TEST

START_TEST(columns_in_any_order_and_some_absent) {
    expect_rows(&csv, "ddd,atc,hospital,month\n1.5,J01AA02,AHH,2021-01\n", "7|7671|11|J01AA02||-|-|15000|-|2\n");
    expect_rows(&csv, "\"ddd\",\"cost_ore\",\"atc\",\"hospital\",\"month\"\r\n1,2,J01AA02,AHH,2021-01\r\n",
                "7|7671|11|J01AA02||-|-|10000|2|2\n");
}
END_TEST

START_TEST(byte_order_mark) {
    expect_rows(&csv, "\xef\xbb\xbfmonth,hospital,atc,ddd\n2021-01,AHH,J01,1\n", "7|7671|11|J01||-|-|10000|-|2\n");
    expect_rows(&csv, "\xef\xbb\xbf\"month\",hospital,atc,ddd\n2021-01,AHH,J01,1\n", "7|7671|11|J01||-|-|10000|-|2\n");
    expect_rows(&ndjson, "\xef\xbb\xbf{\"month\":\"2021-01\",\"hospital\":\"AHH\",\"atc\":\"J01\",\"ddd\":1}",
                "7|7671|11|J01||-|-|10000|-|1\n");
    expect_rejection(&csv, "\xef\xbbmonth", 1, NULL, "not_utf8", NULL);
    expect_rejection(&csv, "\xef\xbb", 1, NULL, "not_utf8", NULL);
}
END_TEST

START_TEST(danish_excel) {
    expect_rows(&csv,
                "month;hospital;atc;product;packs;ddd;cost_ore\r\n"
                "2021-01;AHH;J01AA02;a,b;1.234;143,45;1.299.000\r\n"
                "2021-01;AHH;J01AA03;\"c;d\";-1.234.567,8901;1234567;-12\r\n",
                "7|7671|11|J01AA02||a,b|12340000|1434500|1299000|2\n"
                "7|7671|11|J01AA03||c;d|-12345678901|12345670000|-12|3\n");
    static const char *const bad[] = {"1.5", "1.23", "1.2345", "1234.567", "1,2,3", "1.234.56", "0.500", ".5",
                                      ",5",  "5,",   "1 234",  "1.234.",   "--1",   "+1",       "1e3",   "-"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf(text, sizeof text, "month;hospital;atc;ddd\n2021-01;AHH;J01;%s\n", bad[i]);
        expect_rejection(&csv, text, 2, "ddd", "bad_number", bad[i]);
    }
}
END_TEST

START_TEST(iso_8859_1) {
    expect_rows(&latin1, "month,hospital,atc,product,ddd\n2021-02,\xd8ST,J01,\"Bl\xe5, \xa7\",1\n",
                "7|7702|12|J01||Blå, §|-|10000|-|2\n");
    expect_rejection(&csv, "month,hospital,atc,ddd\n2021-02,\xd8ST,J01,1\n", 2, NULL, "not_utf8", NULL);
    /* Windows-1252 that is declared as what it is not: its punctuation would become control characters. */
    expect_rejection(&latin1, "month,hospital,atc,product,ddd\n2021-02,AHH,J01,a\x96z,1\n", 2, "product", "bad_product",
                     "a\xc2\x96z");
}
END_TEST

START_TEST(json_lines) {
    expect_rows(&ndjson,
                "{\"month\": \"2021-01\", \"hospital\": \"AHH\", \"atc\": \"J01AA02\", \"ddd\": 143.45, \"cost_ore\": "
                "7, \"packs\": -2}\n"
                "\r\n"
                "{\"ddd\":0.0001,\"month\":\"2021-02\",\"hospital\":\"\\u00d8ST\",\"atc\":\"J01\",\"product\":"
                "\"a\\nb\",\"article_number\":\"000001\",\"packs\":null}\r\n"
                "{\"ddd\":9999999999.9999,\"month\":\"2021-03\",\"hospital\":\"AHH\",\"atc\":\"J01\"}",
                "7|7671|11|J01AA02||-|-20000|1434500|7|1\n"
                "7|7702|12|J01|000001|a\nb|-|1|-|3\n"
                "7|7730|11|J01||-|-|99999999999999|-|4\n");
#define LINE(rest) "{\"month\":\"2021-01\",\"hospital\":\"AHH\",\"atc\":\"J01\"," rest "}\n"
    expect_rejection(&ndjson, LINE("\"ddd\":\"1\""), 1, "ddd", "bad_number", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":1,\"cost_ore\":1.5"), 1, "cost_ore", "bad_number", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":0.00001"), 1, "ddd", "too_many_decimals", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":10000000000.1"), 1, "ddd", "number_out_of_range", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":-10000000001"), 1, "ddd", "number_out_of_range", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":1,\"patient\":1"), 1, NULL, "bad_column", "patient");
    expect_rejection(&ndjson, LINE("\"ddd\":1,\"article_number\":123456"), 1, "article_number", "bad_line", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":1,\"ddd\":2"), 1, NULL, "bad_line", NULL);
    expect_rejection(&ndjson, LINE("\"product\":\"x\""), 1, "ddd", "value_missing", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":1,\"product\":\"a\\u0000b\""), 1, NULL, "bad_line", NULL);
    expect_rejection(&ndjson, LINE("\"ddd\":1,\"product\":\"a\\u0001b\""), 1, "product", "bad_product", "a b");
    expect_rejection(&ndjson, "[1]\n", 1, NULL, "bad_line", NULL);
    expect_rejection(&ndjson, "{\"ddd\":1\n", 1, NULL, "bad_line", NULL);
#undef LINE
    struct outcome o = run(&ndjson, "");
    ck_assert(!o.rejected);
    ck_assert_uint_eq(o.totals.rows, 0);
    free_outcome(&o);
}
END_TEST

START_TEST(every_double_with_four_decimals_is_exact) {
    for (int64_t i = 0; i < 2000; i++) {
        int64_t e4 = i * 49999999967 + i; /* up to 10^14 */
        char text[200], rows[100];
        snprintf(text, sizeof text, "{\"month\":\"2021-01\",\"hospital\":\"AHH\",\"atc\":\"J01\",\"ddd\":%lld.%04lld}",
                 (long long)(e4 / 10000), (long long)(e4 % 10000));
        snprintf(rows, sizeof rows, "7|7671|11|J01||-|-|%lld|-|1\n", (long long)e4);
        struct outcome o = run(&ndjson, text);
        ck_assert_msg(!o.rejected, "%s: %s", text, o.rejections.bytes);
        ck_assert_str_eq(o.rows.bytes, rows);
        free_outcome(&o);
    }
}
END_TEST

/* ---- reasons ---- */

START_TEST(reasons_of_lines) {
    expect_line("2021-1,AHH,J01,,,,1,", "month", "bad_month", "2021-1");
    expect_line("2021-13,AHH,J01,,,,1,", "month", "bad_month", "2021-13");
    expect_line("2021-00,AHH,J01,,,,1,", "month", "bad_month", "2021-00");
    expect_line("1899-12,AHH,J01,,,,1,", "month", "bad_month", "1899-12");
    expect_line("2200-01,AHH,J01,,,,1,", "month", "bad_month", "2200-01");
    expect_line("2021-01-02,AHH,J01,,,,1,", "month", "bad_month", "2021-01-02");
    expect_line("2021/01,AHH,J01,,,,1,", "month", "bad_month", "2021/01");
    expect_line(" 2021-01,AHH,J01,,,,1,", "month", "bad_month", " 2021-01");
    expect_line(",AHH,J01,,,,1,", "month", "value_missing", NULL);
    expect_line("2021-04,AHH,J01,,,,1,", "month", "outside_coverage", "2021-04");
    expect_line("2020-12,AHH,J01,,,,1,", "month", "outside_coverage", "2020-12");
    expect_line("2021-01,FAR,J01,,,,1,", "hospital", "outside_coverage", "FAR");
    expect_line("2021-01,ØST,J01,,,,1,", "hospital", "outside_coverage", "ØST");
    expect_line("2021-03,MOV,J01,,,,1,", "hospital", "outside_coverage", "MOV");
    expect_line("2021-01,ahh,J01,,,,1,", "hospital", "unknown_hospital", "ahh");
    expect_line("2021-01,,J01,,,,1,", "hospital", "value_missing", NULL);
    static const char atc[][12] = {"J0",  "J01A0", "J01AA0", "J01AA022", "j01aa02",  "J01AA0A",
                                   "QJ0", "1",     "Q1",     "J01AA02 ", "QJ01AA022"};
    for (size_t i = 0; i < sizeof atc / sizeof *atc; i++) {
        char row[200];
        snprintf(row, sizeof row, "2021-01,AHH,%s,,,,1,", atc[i]);
        expect_line(row, "atc", "bad_atc", atc[i]);
    }
    expect_line("2021-01,AHH,,,,,1,", "atc", "value_missing", NULL);
    expect_line("2021-01,AHH,J01,12345,,,1,", "article_number", "bad_article_number", "12345");
    expect_line("2021-01,AHH,J01,1234567,,,1,", "article_number", "bad_article_number", "1234567");
    expect_line("2021-01,AHH,J01,12345a,,,1,", "article_number", "bad_article_number", "12345a");
    expect_line("2021-01,AHH,J01,,,,,", "ddd", "value_missing", NULL);
    expect_line("2021-01,AHH,J01,,,,1.23456,", "ddd", "too_many_decimals", "1.23456");
    expect_line("2021-01,AHH,J01,,,,1.5x,", "ddd", "bad_number", "1.5x");
    expect_line("2021-01,AHH,J01,,,,1.,", "ddd", "bad_number", "1.");
    expect_line("2021-01,AHH,J01,,,,NaN,", "ddd", "bad_number", "NaN");
    expect_line("2021-01,AHH,J01,,,,10000000000.0001,", "ddd", "number_out_of_range", "10000000000.0001");
    expect_line("2021-01,AHH,J01,,,,-99999999999999999999999999999999,", "ddd", "number_out_of_range",
                "-99999999999999999999999999999999");
    expect_line("2021-01,AHH,J01,,,1;5,1,", "packs", "bad_number", "1;5");
    expect_line("2021-01,AHH,J01,,,,1,12.00", "cost_ore", "bad_number", "12.00");
    expect_line("2021-01,AHH,J01,,,,1,1000000000001", "cost_ore", "number_out_of_range", "1000000000001");
    expect_line("2021-01,AHH,J01,,,,1", NULL, "bad_line", NULL);
    expect_line("2021-01,AHH,J01,,,,1,,", NULL, "bad_line", NULL);
    expect_line("2021-01,AHH,J01,,5\" tube,,1,", NULL, "bad_line", NULL);
    expect_line("2021-01,AHH,J01,,\"a\"b,,1,", NULL, "bad_line", NULL);
    expect_line("2021-01,AHH,J01,,\xc3(,,1,", NULL, "not_utf8", NULL);
    expect_line("2021-01,AHH,J01,,a\x01z,,1,", "product", "bad_product", "a z");
}
END_TEST

START_TEST(zeros_beyond_the_fourth_decimal_are_nothing) {
    expect_rows(&csv, "month,hospital,atc,ddd\n2021-01,AHH,J01,12.345600000\n", "7|7671|11|J01||-|-|123456|-|2\n");
}
END_TEST

START_TEST(products) {
    char row[2000], name[1000];
    for (int i = 0; i < 200; i++)
        memcpy(name + 2 * i, "å", 2);
    name[400] = '\0';
    snprintf(row, sizeof row, "month,hospital,atc,product,ddd\n2021-01,AHH,J01,%s,1\n", name);
    struct outcome o = run(&csv, row);
    ck_assert(!o.rejected);
    free_outcome(&o);
    char shown[61];
    memcpy(shown, name, 60);
    shown[60] = '\0';
    snprintf(row, sizeof row, "2021-01,AHH,J01,,%sx,,1,", name);
    expect_line(row, "product", "bad_product", shown);
}
END_TEST

START_TEST(civil_registration_numbers_are_never_kept) {
    expect_line("2021-01,AHH,J01,,for 010203-1234,,1,", "product", "cpr_number_not_allowed", NULL);
    expect_line("2021-01,AHH,J01,,0102031234,,1,", "product", "cpr_number_not_allowed", NULL);
    expect_line("2021-01,010203-1234,J01,,,,1,", "hospital", "unknown_hospital", NULL);
    expect_line("2021-01,AHH,J01,0102031234,,,1,", "article_number", "bad_article_number", NULL);
    expect_rejection(&csv, "month,hospital,atc,ddd,010203-1234\n", 1, NULL, "bad_column", NULL);
}
END_TEST

START_TEST(all_faults_of_a_line_are_told) {
    struct outcome o = run(&csv, HEADER "2021-99,XXX,j,12,010203-1234,a,b,c\n2021-99,AHH,J01,,,,1,\n");
    ck_assert_str_eq(o.counts.bytes, "{\"bad_month\":2,\"unknown_hospital\":1,\"bad_atc\":1,\"bad_article_number\":1,"
                                     "\"cpr_number_not_allowed\":1,\"bad_number\":3}");
    ck_assert_uint_eq(o.totals.rows, 2);
    free_outcome(&o);
}
END_TEST

START_TEST(headers) {
    expect_rejection(&csv, "", 0, NULL, "bad_column", NULL);
    expect_rejection(&csv, "\n\n", 0, NULL, "bad_column", NULL);
    expect_rejection(&csv, "month,hospital,atc\n2021-01,AHH,J01\n", 1, "ddd", "bad_column", NULL);
    expect_rejection(&csv, "month,hospital,atc,ddd,colour\nx\n", 1, NULL, "bad_column", "colour");
    expect_rejection(&csv, "month,hospital,atc,ddd,month\nx\n", 1, "month", "bad_column", "month");
    expect_rejection(&csv, "month,hospital,atc,ddd,\nx\n", 1, NULL, "bad_column", NULL);
    expect_rejection(&csv, "month,hospital,atc,ddd\xff\nx\n", 1, NULL, "not_utf8", NULL);
    expect_rejection(&csv, "\x1f\x8b\x08\xff\n", 0, NULL, "bad_gzip", NULL);
    struct outcome o = run(&csv, "Måned;hospital;x\n1\n2\n");
    ck_assert_str_eq(o.counts.bytes, "{\"bad_column\":5}"); /* two unknown, three missing; nothing is said of lines */
    free_outcome(&o);
    o = run(&csv, "month,hospital,atc,ddd\n");
    ck_assert(!o.rejected);
    ck_assert_str_eq(o.rows.bytes, "");
    free_outcome(&o);
}
END_TEST

START_TEST(not_utf8_names_the_byte) {
    struct outcome o = run(&csv, "\xef\xbb\xbfmonth,hospital,atc,ddd\r\n\"2021-01\",AHH,J01,1\n2021-01,A\xc6H,J01,1\n");
    ck_assert_ptr_nonnull(strstr(o.rejections.bytes, "byte 56 of the file"));
    free_outcome(&o);
}
END_TEST

START_TEST(long_lines) {
    static char text[60000];
    for (size_t length = DELIVERY_LINE_MAX - 2; length <= DELIVERY_LINE_MAX + 2; length++)
        for (int quoted = 0; quoted < 2; quoted++) {
            int at = sprintf(text, "month,hospital,atc,product,ddd\n2021-01,AHH,J01,%s", quoted ? "\"" : "");
            size_t begin = strcspn(text, "\n") + 1;
            memset(text + at, quoted ? '\n' : 'x', length - ((size_t)at - begin));
            at = (int)(begin + length);
            if (quoted)
                memcpy(text + at - 3, "\",1", 3);
            sprintf(text + at, "\n2021-01,AHH,J01AA02,a,1\n2021-01,AHH,J0,a,1\n");
            struct outcome whole = run(&csv, text);
            if (length > DELIVERY_LINE_MAX)
                ck_assert_ptr_nonnull(strstr(whole.counts.bytes, "\"line_too_long\":1"));
            else
                ck_assert_ptr_nonnull(strstr(whole.counts.bytes, "\"bad_product\":1") != NULL
                                          ? whole.counts.bytes
                                          : strstr(whole.counts.bytes, "\"bad_line\":1"));
            ck_assert_ptr_nonnull(strstr(whole.counts.bytes, "\"bad_atc\":1")); /* the lines after it are still read */
            ck_assert_uint_eq(whole.totals.rows, 3);
            static const size_t pieces[] = {1, 7, 1000, 16383, 16384, 16385};
            for (size_t i = 0; i < 6; i++) {
                struct outcome o = run_bytes(&csv, text, strlen(text), pieces[i]);
                ck_assert_str_eq(o.rejections.bytes, whole.rejections.bytes);
                free_outcome(&o);
            }
            free_outcome(&whole);
        }
    /* An open quotation mark swallows at most one line's worth. */
    int at = sprintf(text, "month,hospital,atc,product,ddd\n2021-01,AHH,J01,\"open,1\n");
    while (at < 50000)
        at += sprintf(text + at, "2021-01,AHH,J01,a,1\n");
    struct outcome o = run(&csv, text);
    ck_assert_ptr_nonnull(
        strstr(o.rejections.bytes, "{\"position\":1,\"line\":2,\"column\":null,\"code\":\"bad_line\""));
    ck_assert_ptr_nonnull(strstr(o.counts.bytes, "\"duplicate_key\""));
    free_outcome(&o);
}
END_TEST

/* ---- pieces ---- */

static const char mixed[] = "\xef\xbb\xbfmonth,hospital,atc,article_number,product,packs,ddd,cost_ore\r\n"
                            "2021-01,AHH,J01AA02,012345,\"a \"\"b\"\"\r\n, c\",10,143.45,1\r\n"
                            "2021-01,AHH,J01AA02,012345,\"\",10,143.45,1\r\n"
                            "2021-02,ØST,J0,,å\xff,1,x,\n"
                            "2021-02,MOV,J0,,å,1,x,\n"
                            "\r\n"
                            "2021-01,AHH,J01AA02,,,1\n"
                            "2021-01,AHH,J01AA02,,\"x\" y,,1,\n"
                            "2021-01,AHH,J01AA02,,é,,-1.5,";

START_TEST(pieces_of_any_size_come_to_the_same) {
    struct outcome whole = run(&csv, mixed);
    ck_assert(whole.rejected);
    for (size_t piece = 1; piece <= sizeof mixed; piece++) {
        struct outcome o = run_bytes(&csv, mixed, sizeof mixed - 1, piece);
        ck_assert_str_eq(o.rejections.bytes, whole.rejections.bytes);
        ck_assert_str_eq(o.counts.bytes, whole.counts.bytes);
        ck_assert_mem_eq(o.totals.sha256, whole.totals.sha256, DIGEST_SIZE);
        free_outcome(&o);
    }
    free_outcome(&whole);
}
END_TEST

START_TEST(two_pieces_cut_at_every_byte_come_to_the_same) {
    static const char good[] = "\xef\xbb\xbfmonth;hospital;atc;product;ddd\r\n2021-01;AHH;J01AA02;\"a;\"\"b\"\"\r\nå\";"
                               "1.143,45\r\n\"2021-02\";ØST;J01;;1\n";
    struct outcome whole = run(&csv, good);
    ck_assert(!whole.rejected);
    for (size_t cut = 0; cut <= sizeof good - 1; cut++) {
        struct delivery_file *f = create(&csv);
        struct buffer copy = {0}, rows = {0};
        ck_assert_uint_eq(delivery_file_feed(f, good, cut), cut);
        ck_assert_uint_eq(delivery_file_feed(f, good + cut, sizeof good - 1 - cut), sizeof good - 1 - cut);
        delivery_file_finish(f);
        take_rows(f, &copy);
        decode_copy(&copy, &rows);
        ck_assert_str_eq(rows.bytes, whole.rows.bytes);
        buffer_free(&copy);
        buffer_free(&rows);
        delivery_file_destroy(f);
    }
    free_outcome(&whole);
}
END_TEST

/* ---- gzip ---- */

static size_t zip(const char *text, size_t n, char *ret, size_t capacity) {
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)ret;
    z.avail_out = (uInt)capacity;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t length = z.total_out;
    deflateEnd(&z);
    return length;
}

static const char two_rows[] = HEADER "2021-01,AHH,J01AA02,012345,a,10,143.45,1\n2021-01,AHH,J01AA03,012345,b,10,1,1\n";

START_TEST(gzip_is_as_good) {
    char zipped[1000];
    size_t n = zip(two_rows, sizeof two_rows - 1, zipped, sizeof zipped);
    struct outcome plain = run(&csv, two_rows);
    for (size_t piece = 0; piece < 40; piece++) {
        struct outcome o = run_bytes(&gzip, zipped, n, piece);
        ck_assert_str_eq(o.rows.bytes, plain.rows.bytes);
        ck_assert_mem_eq(o.totals.sha256, plain.totals.sha256, DIGEST_SIZE);
        ck_assert_mem_ne(o.totals.wire_sha256, plain.totals.sha256, DIGEST_SIZE);
        ck_assert_uint_eq(o.totals.bytes, sizeof two_rows - 1);
        ck_assert_uint_eq(o.totals.wire_bytes, n);
        free_outcome(&o);
    }
    free_outcome(&plain);
}
END_TEST

START_TEST(gzip_of_several_members) {
    char zipped[1000];
    size_t n = 0, pieces[] = {3, 70, sizeof two_rows - 1 - 73}, at = 0;
    for (size_t i = 0; i < 3; i++) {
        n += zip(two_rows + at, pieces[i], zipped + n, sizeof zipped - n);
        at += pieces[i];
    }
    struct outcome plain = run(&csv, two_rows);
    for (size_t piece = 0; piece < 40; piece++) {
        struct outcome o = run_bytes(&gzip, zipped, n, piece);
        ck_assert_str_eq(o.counts.bytes, "{}");
        ck_assert_str_eq(o.rows.bytes, plain.rows.bytes);
        free_outcome(&o);
    }
    free_outcome(&plain);
}
END_TEST

START_TEST(gzip_cut_at_every_byte) {
    char zipped[1000];
    size_t n = zip(two_rows, sizeof two_rows - 1, zipped, sizeof zipped);
    for (size_t cut = 0; cut < n; cut++)
        for (size_t piece = 0; piece < 3; piece++) {
            struct outcome o = run_bytes(&gzip, zipped, cut, piece);
            ck_assert_str_eq(o.counts.bytes, "{\"cut_gzip\":1}");
            free_outcome(&o);
        }
}
END_TEST

START_TEST(gzip_damaged_or_followed_by_something) {
    char zipped[1000], bad[1000];
    size_t n = zip(two_rows, sizeof two_rows - 1, zipped, sizeof zipped);
    for (size_t i = 0; i < n; i++) {
        if (i >= 3 && i < 10)
            continue; /* flags that may be anything, time, system */
        memcpy(bad, zipped, n);
        bad[i] ^= 0x55;
        struct outcome o = run_bytes(&gzip, bad, n, 0), bytes = run_bytes(&gzip, bad, n, 1);
        ck_assert_msg(strstr(o.counts.bytes, "gzip\":1") != NULL, "byte %zu: %s", i, o.counts.bytes);
        ck_assert_str_eq(o.counts.bytes, bytes.counts.bytes);
        free_outcome(&o);
        free_outcome(&bytes);
    }
    memcpy(bad, zipped, n);
    memcpy(bad + n, "tail", 4);
    for (size_t piece = 0; piece < 5; piece++) {
        struct outcome o = run_bytes(&gzip, bad, n + 4, piece);
        ck_assert_str_eq(o.counts.bytes, "{\"bad_gzip\":1}");
        free_outcome(&o);
    }
    expect_rejection(&gzip, two_rows, 0, NULL, "bad_gzip", NULL);
}
END_TEST

START_TEST(gzip_that_unpacks_to_much_is_done_in_turns) {
    size_t size = 8 * 1024 * 1024;
    char *blank = malloc(size), *zipped = malloc(size / 100);
    memset(blank, '\n', size);
    memcpy(blank, two_rows, sizeof two_rows - 1);
    size_t n = zip(blank, size, zipped, size / 100);
    struct delivery_file *f = create(&gzip);
    size_t at = 0, turns = 0;
    while (at < n || delivery_file_pending(f)) {
        at += delivery_file_feed(f, zipped + at, n - at);
        turns++;
    }
    ck_assert_uint_ge(turns, 8);
    delivery_file_finish(f);
    ck_assert(!delivery_file_rejected(f));
    ck_assert_uint_eq(delivery_file_totals(f)->bytes, size);
    delivery_file_destroy(f);
    free(blank);
    free(zipped);
}
END_TEST

/* ---- digests and totals ---- */

START_TEST(digests) {
    struct delivery_options o = {.has_sha256 = true, .has_wire_sha256 = true};
    bool found;
    struct outcome plain = run(&csv, two_rows);
    memcpy(o.sha256, plain.totals.sha256, DIGEST_SIZE);
    memcpy(o.wire_sha256, plain.totals.sha256, DIGEST_SIZE);
    expect_rows(&o, two_rows, plain.rows.bytes);
    o.sha256[5] ^= 1;
    expect_rejection(&o, two_rows, 0, NULL, "digest_mismatch", NULL);
    o.sha256[5] ^= 1;
    o.wire_sha256[31] ^= 1;
    expect_rejection(&o, two_rows, 0, NULL, "digest_mismatch", NULL);
    free_outcome(&plain);

    static const char abc[] = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
    unsigned char digest[DIGEST_SIZE];
    char hex[DIGEST_HEX + 1];
    ck_assert(digest_from_header(abc, strlen(abc), digest, &found));
    ck_assert(found);
    digest_to_hex(digest, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    unsigned char back[DIGEST_SIZE];
    ck_assert(digest_from_hex(hex, DIGEST_HEX, back));
    ck_assert_mem_eq(back, digest, DIGEST_SIZE);
    static const char two[] = "sha-512=:AAAA:, sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
    ck_assert(digest_from_header(two, strlen(two), digest, &found));
    ck_assert(found);
    ck_assert(digest_from_header("md5=:AAAA:", 10, digest, &found));
    ck_assert(!found);
    static const char *const bad[] = {"",
                                      "sha-256",
                                      "sha-256=",
                                      "sha-256=:",
                                      "sha-256=:x:",
                                      "sha-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
                                      "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:,",
                                      "SHA-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
                                      "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=:",
                                      "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa==:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!digest_from_header(bad[i], strlen(bad[i]), digest, &found), "%s", bad[i]);
}
END_TEST

START_TEST(digest_only_reads_nothing_else) {
    struct delivery_options o = {.digest_only = true};
    struct outcome digested = run(&o, "anything \xff at all"), plain = run(&csv, two_rows), again = run(&o, two_rows);
    ck_assert(!digested.rejected);
    ck_assert_mem_eq(again.totals.sha256, plain.totals.sha256, DIGEST_SIZE);
    free_outcome(&digested);
    free_outcome(&plain);
    free_outcome(&again);
}
END_TEST

START_TEST(rows_keep_coming_for_who_only_looks) {
    static const char faulty[] =
        "month,hospital,atc,ddd\n2021-01,AHH,J01CA04,1\n2021-01,AHH,=x,1\n2021-02,AHH,J01CA04,2\n"
        "2021-02,AHH,J01CA04,3\n";
    for (size_t piece = 0; piece < 40; piece += 13) {
        struct delivery_file *f = create(&(struct delivery_options){.keep_rows = true});
        struct buffer copy = {0}, rows = {0};
        for (size_t at = 0; at < strlen(faulty) || delivery_file_pending(f);) {
            size_t left = strlen(faulty) - at;
            at += delivery_file_feed(f, faulty + at, piece == 0 || left < piece ? left : piece);
            take_rows(f, &copy);
        }
        delivery_file_finish(f);
        take_rows(f, &copy);
        ck_assert(delivery_file_rejected(f));
        decode_copy(&copy, &rows); /* a whole COPY, header to end */
        const char *first = strstr(rows.bytes, "|2\n"), *third = strstr(rows.bytes, "|4\n"); /* by line */
        ck_assert(first != NULL && third > first);
        ck_assert_str_eq(strchr(third + 3, '\n'), "\n"); /* one more, of line 5, and its end */
        buffer_free(&copy);
        buffer_free(&rows);
        delivery_file_destroy(f);
    }
}
END_TEST

START_TEST(control_totals) {
    struct delivery_options o = {
        .has_rows = true, .rows = 2, .has_ddd = true, .ddd_e4 = 1444500, .has_cost = true, .cost_ore = 2};
    struct outcome plain = run(&o, two_rows);
    ck_assert(!plain.rejected);
    ck_assert_int_eq(plain.totals.packs_e4, 200000);
    free_outcome(&plain);
    o.rows = 3;
    expect_rejection(&o, two_rows, 0, NULL, "control_rows", NULL);
    o.rows = 2;
    o.ddd_e4 = -1;
    plain = run(&o, two_rows);
    ck_assert_ptr_nonnull(strstr(plain.rejections.bytes, "-0.0001 DDD were announced, the file adds up to 144.45"));
    free_outcome(&plain);
    expect_rejection(&o, two_rows, 0, "ddd", "control_ddd", NULL);
    o.ddd_e4 = 1444500;
    o.cost_ore = 1;
    expect_rejection(&o, two_rows, 0, "cost_ore", "control_cost", NULL);
    /* Sums of a file with bad lines would only confuse; the number of rows is known. */
    plain = run(&o, "month,hospital,atc,ddd\n2021-01,AHH,J01,x\n");
    ck_assert_str_eq(plain.counts.bytes, "{\"bad_number\":1,\"control_rows\":1}");
    free_outcome(&plain);
}
END_TEST

START_TEST(nothing_is_read_beyond_what_was_announced) {
    struct delivery_options o = {.has_rows = true, .rows = 2, .has_sha256 = true, .has_wire_sha256 = true};
    struct outcome found = run(&o, "month,hospital,atc,ddd\n2021-01,AHH,J0,1\n\"2021-01\",AHH,J01,1\n\n"
                                   "2021-01,AHH,J02,1\nx\nx\n");
    ck_assert_str_eq(found.counts.bytes, "{\"bad_atc\":1,\"control_rows\":1}"); /* no digest: it is of a part */
    ck_assert_ptr_nonnull(
        strstr(found.rejections.bytes, "2 rows were announced, the file has more: nothing after line 5 was read"));
    ck_assert_uint_eq(found.totals.rows, 3);
    free_outcome(&found);
}
END_TEST

/* ---- duplicates ---- */

START_TEST(duplicates_name_both_lines) {
    struct outcome o = run(&csv, "month,hospital,atc,article_number,ddd\n"
                                 "2021-01,AHH,J01,,1\n"       /* 2 */
                                 "2021-01,AHH,J01,000000,1\n" /* 3: another key */
                                 "2021-02,AHH,J01,,1\n"
                                 "2021-01,AHH,J01,,1\n" /* 5 repeats 2 */
                                 "2021-01,AHH,J01A,,1\n"
                                 "2021-01-01,AHH,J01,,1\n"     /* 7 repeats 2 */
                                 "2021-01,AHH,J01,000000,-1\n" /* 8 repeats 3 */
                                 "2021-01,AHH,J0,,1\n");       /* 9: without it the database would tell */
    json_t *list = json_loads(o.rejections.bytes, 0, NULL);
    static const struct {
        int line;
        const char *code, *first;
    } expected[] = {{5, "duplicate_key", "line 2"},
                    {7, "duplicate_key", "line 2"},
                    {8, "duplicate_key", "line 3"},
                    {9, "bad_atc", "ATC"}};
    ck_assert_uint_eq(json_array_size(list), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *r = json_array_get(list, i);
        ck_assert_int_eq(json_integer_value(json_object_get(r, "line")), expected[i].line);
        ck_assert_str_eq(json_string_value(json_object_get(r, "code")), expected[i].code);
        if (i < 3) /* the key is several columns, of which the file may lack one */
            ck_assert(json_is_null(json_object_get(r, "column")));
        ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(r, "detail")), expected[i].first));
    }
    json_decref(list);
    free_outcome(&o);
}
END_TEST

/* Both languages say something, and name the same numbers. */
START_TEST(every_detail_is_in_two_languages) {
    static const char numbers[] = "0123456789";
    for (int note = 0; note < N_NOTES; note++) {
        struct delivery_rejection r = {.line = 2, .note = (uint8_t)note, .a = 9870000, .b = 6540000};
        char english[256], danish[256], of_english[64] = "", of_danish[64] = "";
        size_t n = delivery_rejection_detail(&r, false, english, sizeof english);
        size_t m = delivery_rejection_detail(&r, true, danish, sizeof danish);
        ck_assert(n > 0 && n < sizeof english && m > 0 && m < sizeof danish);
        ck_assert_str_ne(english, danish);
        size_t at = 0, to = 0;
        for (const char *p = english; *p != '\0'; p++)
            if (strchr(numbers, *p) != NULL && at < sizeof of_english - 1)
                of_english[at++] = *p;
        for (const char *p = danish; *p != '\0'; p++)
            if (strchr(numbers, *p) != NULL && to < sizeof of_danish - 1)
                of_danish[to++] = *p;
        ck_assert_str_eq(of_english, of_danish);
    }
}
END_TEST

START_TEST(column_names_in_any_case) {
    struct outcome o = run(&csv, "Month,Hospital,ATC,DDD\n2021-01,AHH,J01,1\n");
    ck_assert(!o.rejected);
    ck_assert_uint_eq(o.totals.rows, 1);
    free_outcome(&o);
    expect_rejection(&csv, "month,MONTH,hospital,atc,ddd\n", 1, "month", "bad_column", "MONTH");
}
END_TEST

static void write_generated(struct buffer *b, size_t rows, size_t distinct) {
    buffer_text(b, "month,hospital,atc,article_number,ddd\n");
    for (size_t i = 0; i < rows; i++) {
        size_t k = i % distinct;
        buffer_format(b, "2021-0%zu,AHH,J01%c%c%02zu,%06zu,%zu.25\n", 1 + k % 3, (char)('A' + k % 26),
                      (char)('A' + k / 26 % 26), k / 676 % 100, k % 1000000, i % 7);
    }
}

START_TEST(a_file_of_100000_rows) {
    struct buffer b = {0};
    write_generated(&b, 100000, 100000);
    struct outcome whole = run_bytes(&csv, b.bytes, b.length, 0), pieces = run_bytes(&csv, b.bytes, b.length, 4093);
    ck_assert_str_eq(whole.counts.bytes, "{}");
    ck_assert_uint_eq(whole.totals.rows, 100000);
    int64_t sum = 0;
    for (int i = 0; i < 100000; i++)
        sum += i % 7 * 10000 + 2500;
    ck_assert_int_eq(whole.totals.ddd_e4, sum);
    ck_assert_uint_eq(whole.rows.length, pieces.rows.length);
    ck_assert_mem_eq(whole.rows.bytes, pieces.rows.bytes, whole.rows.length);
    free_outcome(&whole);
    free_outcome(&pieces);
    buffer_free(&b);
}
END_TEST

START_TEST(many_faults_are_counted_and_the_first_10000_kept) {
    struct buffer b = {0};
    write_generated(&b, 60000, 30000); /* every key twice: lines 30002 to 60001 */
    for (int i = 0; i < 20000; i++)
        buffer_text(&b, "x,AHH,J01,,1\n");
    struct outcome o = run_bytes(&csv, b.bytes, b.length, 10000);
    ck_assert_str_eq(o.counts.bytes, "{\"bad_month\":20000,\"duplicate_key\":30000}");
    json_t *list = json_loads(o.rejections.bytes, 0, NULL);
    ck_assert_uint_eq(json_array_size(list), 10000);
    for (size_t i = 0; i < 10000; i++) {
        const json_t *r = json_array_get(list, i);
        char first[40];
        snprintf(first, sizeof first, "line %zu", 2 + i);
        ck_assert_int_eq(json_integer_value(json_object_get(r, "line")), (json_int_t)(30002 + i));
        ck_assert_str_eq(json_string_value(json_object_get(r, "code")), "duplicate_key");
        const char *detail = json_string_value(json_object_get(r, "detail"));
        ck_assert_str_eq(detail + strlen(detail) - strlen(first), first);
    }
    json_decref(list);
    free_outcome(&o);
    buffer_free(&b);
}
END_TEST

/* ---- the spool by itself ---- */

struct found {
    uint64_t n, wrong, distinct;
};

static void count_found(void *state, uint64_t first_line, uint64_t line) {
    struct found *found = state;
    found->n++;
    found->wrong += line - first_line != found->distinct;
}

START_TEST(spool_of_many_passes) {
    /* Nine million distinct keys take more than one pass over each partition; 1,000 lines repeat one of them. */
    struct key_spool *s = spool_create(NULL);
    struct found found = {.distinct = 9000000};
    for (uint64_t line = 1; line <= found.distinct + 1000; line++)
        spool_add(s, (line - 1) % found.distinct + 1, (uint32_t)(line % 3), line);
    size_t pieces = 0;
    while (spool_search(s, count_found, &found))
        pieces++;
    ck_assert(!spool_failed(s));
    ck_assert_uint_ge(pieces, 1000);
    ck_assert_uint_eq(found.n, 1000);
    ck_assert_uint_eq(found.wrong, 0);
    spool_destroy(s);
}
END_TEST

START_TEST(spool_tells_keys_apart_by_both_parts) {
    struct key_spool *s = spool_create(NULL);
    struct found found = {.distinct = 1};
    spool_add(s, 1, 1, 1);
    spool_add(s, 1, 2, 2);
    spool_add(s, 2, 1, 3);
    spool_add(s, 2, 1, 4);
    while (spool_search(s, count_found, &found))
        ;
    ck_assert_uint_eq(found.n, 1);
    ck_assert_uint_eq(found.wrong, 0);
    spool_destroy(s);
}
END_TEST

START_TEST(spool_without_a_place_to_write) {
    struct key_spool *s = spool_create("/nonexistent");
    struct found found = {0};
    for (uint64_t line = 1; line <= 200000; line++)
        spool_add(s, 1 + line % 1000, 0, line);
    ck_assert(spool_failed(s));
    ck_assert(!spool_search(s, count_found, &found));
    ck_assert_uint_eq(found.n, 0);
    spool_destroy(s);
}
END_TEST

int main(void) {
    TCase *c = tcase_create("delivery_file");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, rows_of_csv);
    tcase_add_test(c, columns_in_any_order_and_some_absent);
    tcase_add_test(c, byte_order_mark);
    tcase_add_test(c, danish_excel);
    tcase_add_test(c, iso_8859_1);
    tcase_add_test(c, json_lines);
    tcase_add_test(c, every_double_with_four_decimals_is_exact);
    tcase_add_test(c, reasons_of_lines);
    tcase_add_test(c, zeros_beyond_the_fourth_decimal_are_nothing);
    tcase_add_test(c, products);
    tcase_add_test(c, civil_registration_numbers_are_never_kept);
    tcase_add_test(c, all_faults_of_a_line_are_told);
    tcase_add_test(c, headers);
    tcase_add_test(c, not_utf8_names_the_byte);
    tcase_add_test(c, long_lines);
    tcase_add_test(c, pieces_of_any_size_come_to_the_same);
    tcase_add_test(c, two_pieces_cut_at_every_byte_come_to_the_same);
    tcase_add_test(c, gzip_is_as_good);
    tcase_add_test(c, gzip_of_several_members);
    tcase_add_test(c, gzip_cut_at_every_byte);
    tcase_add_test(c, gzip_damaged_or_followed_by_something);
    tcase_add_test(c, gzip_that_unpacks_to_much_is_done_in_turns);
    tcase_add_test(c, digests);
    tcase_add_test(c, digest_only_reads_nothing_else);
    tcase_add_test(c, rows_keep_coming_for_who_only_looks);
    tcase_add_test(c, control_totals);
    tcase_add_test(c, nothing_is_read_beyond_what_was_announced);
    tcase_add_test(c, duplicates_name_both_lines);
    tcase_add_test(c, every_detail_is_in_two_languages);
    tcase_add_test(c, column_names_in_any_case);
    tcase_add_test(c, a_file_of_100000_rows);
    tcase_add_test(c, many_faults_are_counted_and_the_first_10000_kept);
    tcase_add_test(c, spool_of_many_passes);
    tcase_add_test(c, spool_tells_keys_apart_by_both_parts);
    tcase_add_test(c, spool_without_a_place_to_write);
    return run_suite("delivery_file", c);
}
