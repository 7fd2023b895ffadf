/* A chart of lines over months for a meeting paper: readable in black and white print and by a screen reader.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_LINE_CHART_H
#define MEDKOORD_LINE_CHART_H

#include "../server.h"

struct chart_line {
    const char *name;
    const double *values; /* one a month; NAN: a gap */
};
struct line_chart {
    bool danish;
    const char *id; /* letters and digits: makes ids unique where several charts stand in one document */
    const char *title, *subtitle, *figures;
    const char *description; /* the main figures in words */
    const char *const *notes;
    size_t n_notes;
    int first_year, first_month; /* 1..12 */
    size_t n_months;
    const struct chart_line *lines;
    size_t n_lines;
    const bool *shaded;     /* months with a grey ground, or NULL */
    const char *shade_name; /* what the grey ground says */
    const char *no_data;    /* said of a line without any value */
    const char *last_value; /* what the figure beside a line's name is */
};
/* Appends an SVG document. false when out of memory. */
bool line_chart_write(struct buffer *, const struct line_chart *);

/* A number for people: decimal comma in Danish, thousands grouped, a real minus sign. */
void chart_number(char *ret, size_t n, double value, int decimals, bool danish);
/* As many decimals as show three digits that count. */
int chart_decimals(double value);
const char *chart_month_name(int month, bool danish); /* whole: "March", "marts" */

#endif
