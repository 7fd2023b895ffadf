/* Charts: numbers for people, gaps, escaping, labels that do not touch.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "ops/line_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *number(double value, int decimals, bool danish) {
    static char text[64];
    chart_number(text, sizeof text, value, decimals, danish);
    return text;
}

START_TEST(numbers_for_people) {
    ck_assert_str_eq(number(1234567.891, 1, false), "1,234,567.9");
    ck_assert_str_eq(number(1234567.891, 1, true), "1.234.567,9");
    ck_assert_str_eq(number(999, 0, true), "999");
    ck_assert_str_eq(number(-1000, 0, true), "−1.000");
    ck_assert_str_eq(number(-0.0001, 2, false), "0.00");
    ck_assert_str_eq(number(0.25, 2, true), "0,25");
    ck_assert_int_eq(chart_decimals(0.2192), 3);
    ck_assert_int_eq(chart_decimals(12.3), 1);
    ck_assert_int_eq(chart_decimals(4567), 0);
    ck_assert_int_eq(chart_decimals(0), 0);
    ck_assert_int_eq(chart_decimals(1e-20), 8);
    ck_assert_str_eq(chart_month_name(3, true), "marts");
    ck_assert_str_eq(chart_month_name(12, false), "December");
}
END_TEST

/* A NUL-ended SVG document; to be freed. */
static char *draw(const struct line_chart *chart) {
    struct buffer b = {0};
    ck_assert(line_chart_write(&b, chart));
    buffer_char(&b, '\0');
    return b.bytes;
}

static struct line_chart chart_of(const struct chart_line *lines, size_t n, size_t n_months) {
    static const char *const notes[] = {"A note."};
    return (struct line_chart){.id = "J01",
                               .title = "Title",
                               .subtitle = "Subtitle",
                               .figures = "Figures",
                               .description = "Description",
                               .notes = notes,
                               .n_notes = 1,
                               .first_year = 2020,
                               .first_month = 11,
                               .n_months = n_months,
                               .lines = lines,
                               .n_lines = n,
                               .shade_name = "provisional",
                               .no_data = "no figures",
                               .last_value = "last month"};
}

static int count(const char *text, const char *what) {
    int n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

START_TEST(gaps_break_the_line) {
    const double values[] = {1, 2, NAN, 3, NAN, 4, 5};
    const struct chart_line line = {.name = "Sjælland", .values = values};
    struct line_chart chart = chart_of(&line, 1, 7);
    char *svg = draw(&chart);
    const char *path = strstr(svg, "stroke-linejoin");
    ck_assert_ptr_nonnull(path);
    char *d = strstr(path, " d=\"");
    char *end = strchr(d + 4, '"');
    *end = '\0';
    ck_assert_int_eq(count(d, "M"), 3); /* three pieces: 1-2, 3 alone, 4-5 */
    ck_assert_int_eq(count(d, "L"), 2);
    *end = '"';
    ck_assert_int_eq(count(svg, "<circle"), 5 + 1); /* a mark for each known month, one in the label */
    ck_assert_ptr_nonnull(strstr(svg, ">Sjælland</tspan> 5.00</text>"));
    ck_assert_ptr_nonnull(strstr(svg, ">2021</text>"));
    free(svg);
}
END_TEST

START_TEST(nothing_is_markup) {
    const double values[] = {1, 1};
    const struct chart_line line = {.name = "</text><script>", .values = values};
    struct line_chart chart = chart_of(&line, 1, 2);
    chart.title = "<svg onload=\"x\"> & \x01 \"quoted\"";
    char *svg = draw(&chart);
    ck_assert_ptr_null(strstr(svg, "<script"));
    ck_assert_ptr_null(strstr(svg, "onload=\""));
    ck_assert_ptr_null(strchr(svg, 1));
    ck_assert_ptr_nonnull(strstr(svg, "&lt;svg onload=&quot;x&quot;&gt; &amp;   &quot;quoted&quot;</title>"));
    free(svg);
}
END_TEST

START_TEST(labels_keep_their_distance) {
    enum { N = 6 };
    const double same[] = {2, 2}, none[] = {NAN, NAN};
    struct chart_line lines[N];
    for (int i = 0; i < N; i++)
        lines[i] = (struct chart_line){.name = "Nordjylland", .values = i == N - 1 ? none : same};
    struct line_chart chart = chart_of(lines, N, 2);
    char *svg = draw(&chart);
    double last = -1000;
    int n = 0;
    for (const char *at = svg; (at = strstr(at, "font-size=\"13\"")) != NULL; at++, n++) {
        const char *y = at;
        while (strncmp(y, "y=\"", 3) != 0)
            y--;
        ck_assert_double_ge(atof(y + 3) - last, 20);
        last = atof(y + 3);
    }
    ck_assert_int_eq(n, N);
    ck_assert_ptr_nonnull(strstr(svg, "no figures"));
    free(svg);
}
END_TEST

START_TEST(empty_and_negative_charts_have_an_axis) {
    const double none[] = {NAN}, below[] = {-3};
    struct chart_line line = {.name = "x", .values = none};
    struct line_chart chart = chart_of(&line, 1, 1);
    char *svg = draw(&chart);
    ck_assert_ptr_nonnull(strstr(svg, ">1.0</text>"));
    ck_assert_ptr_null(strstr(svg, "nan"));
    free(svg);
    line.values = below;
    svg = draw(&chart);
    ck_assert_ptr_nonnull(strstr(svg, ">−3</text>"));
    ck_assert_ptr_nonnull(strstr(svg, ">0</text>"));
    free(svg);
    chart = chart_of(NULL, 0, 1);
    svg = draw(&chart);
    ck_assert_ptr_nonnull(strstr(svg, "</svg>"));
    free(svg);
}
END_TEST

START_TEST(long_texts_are_wrapped_between_characters) {
    const double values[] = {1};
    const struct chart_line line = {.name = "Ææææææææææææææææææææææææææææææææææææææ", .values = values};
    struct line_chart chart = chart_of(&line, 1, 1);
    char title[600] = "";
    for (int i = 0; i < 250; i++)
        strcat(title, "ø");
    chart.title = title;
    char *svg = draw(&chart);
    size_t bad;
    ck_assert(text_is_utf8(svg, strlen(svg), &bad));
    ck_assert_ptr_nonnull(strstr(svg, "…</text>"));
    ck_assert_ptr_nonnull(strstr(svg, "…</tspan>"));
    free(svg);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("line_chart");
    tcase_add_test(tcase, numbers_for_people);
    tcase_add_test(tcase, gaps_break_the_line);
    tcase_add_test(tcase, nothing_is_markup);
    tcase_add_test(tcase, labels_keep_their_distance);
    tcase_add_test(tcase, empty_and_negative_charts_have_an_axis);
    tcase_add_test(tcase, long_texts_are_wrapped_between_characters);
    return run_suite("line_chart", tcase);
}
