/* A chart of lines over months as SVG. Lines are told apart by dash and mark as well as colour (Okabe-Ito), and named
 * at their ends, so that no legend has to be matched and no colour seen.
 * SPDX-License-Identifier: MPL-2.0 */
#include "line_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything in units of the view box. */
enum { WIDTH = 1000, LEFT = 76, RIGHT = 272, PLOT_HEIGHT = 330, MARGIN = 24, LABEL_STEP = 21, NOTE_STEP = 16 };
#define PLOT_WIDTH (WIDTH - LEFT - RIGHT)
#define CHARACTER  0.58 /* mean width of a character / font size; wide enough for DejaVu Sans */

struct style {
    const char *colour, *dash;
    enum mark { CIRCLE, SQUARE, TRIANGLE, DIAMOND, FLAG, CROSS } mark;
};
static const struct style styles[] = {
    {"#0072b2", "none", CIRCLE},      {"#d55e00", "9 4", SQUARE}, {"#009e73", "2 3", TRIANGLE},
    {"#000000", "14 4 3 4", DIAMOND}, {"#b0558a", "5 3", FLAG},   {"#8a6d00", "14 3 3 3 3 3", CROSS},
};
#define N_STYLES   (sizeof styles / sizeof *styles)
#define MAX_LABELS 32

struct scale {
    double low, high, step;
    int decimals;
};
struct label {
    size_t line;
    double at, shown;
    bool has_data;
};
struct drawing {
    struct buffer *out;
    const struct line_chart *chart;
    struct scale scale;
    double top; /* of the plot */
};

/* ---- text ---- */

/* Text as XML content or attribute value; what XML cannot hold becomes a space. */
static void add_xml(struct buffer *b, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '&')
            buffer_text(b, "&amp;");
        else if (c == '<')
            buffer_text(b, "&lt;");
        else if (c == '>')
            buffer_text(b, "&gt;");
        else if (c == '"')
            buffer_text(b, "&quot;");
        else
            buffer_char(b, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

static size_t characters(const char *text, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Bytes of text that fit into `fit` characters, broken at a space where there is one. */
static size_t line_length(const char *text, size_t fit) {
    size_t n = strlen(text), end = 0, count = 0, space = 0;
    if (characters(text, n) <= fit)
        return n;
    while (end < n && count < fit) {
        if (text[end] == ' ')
            space = end;
        do
            end++;
        while (end < n && ((unsigned char)text[end] & 0xc0) == 0x80);
        count++;
    }
    if (end < n && text[end] == ' ')
        space = end;
    return space > 0 ? space : end;
}

/* Wraps text into at most max_lines lines from y on; answers the y after the last. */
static double add_paragraph(struct buffer *b, const char *text, double y, double step, double size, int max_lines,
                            const char *attributes) {
    size_t fit = (size_t)((WIDTH - 2 * MARGIN) / (size * CHARACTER));
    for (int line = 0; *text != '\0' && line < max_lines; line++, y += step) {
        size_t n = line_length(text, fit);
        bool cut = line == max_lines - 1 && text[n] != '\0';
        buffer_format(b, "<text x=\"%d\" y=\"%.0f\" font-size=\"%.0f\" %s>", MARGIN, y, size, attributes);
        add_xml(b, text, n);
        buffer_text(b, cut ? "…</text>\n" : "</text>\n");
        for (text += n; *text == ' '; text++)
            ;
    }
    return y;
}

void chart_number(char *ret, size_t n, double value, int decimals, bool danish) {
    char digits[64];
    int length = snprintf(digits, sizeof digits, "%.*f", decimals, fabs(value));
    int whole = decimals > 0 ? length - decimals - 1 : length;
    size_t at = 0;
    bool is_zero = strspn(digits, "0.") == (size_t)length;
    if (value < 0 && !is_zero)
        at += (size_t)snprintf(ret, n, "−");
    for (int i = 0; i < length && at + 2 < n; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            ret[at++] = danish ? '.' : ',';
        ret[at++] = digits[i] == '.' && danish ? ',' : digits[i];
    }
    ret[at] = '\0';
}

int chart_decimals(double value) {
    if (value == 0 || !isfinite(value))
        return 0;
    int decimals = 2 - (int)floor(log10(fabs(value)));
    return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}

const char *chart_month_name(int month, bool danish) {
    static const char *const names[2][12] = {
        {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"},
        {"januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november",
         "december"},
    };
    return names[danish][(month - 1) % 12];
}

/* ---- scales ---- */

/* Round steps (1, 2 or 5 times a power of ten), zero always in it: a difference must not look greater than it is. */
static struct scale scale_of(const struct line_chart *chart) {
    double low = 0, high = 0;
    for (size_t l = 0; l < chart->n_lines; l++)
        for (size_t m = 0; m < chart->n_months; m++) {
            low = fmin(low, chart->lines[l].values[m]); /* fmin and fmax pass over NAN */
            high = fmax(high, chart->lines[l].values[m]);
        }
    if (high - low <= 0)
        high = low + 1;
    double power = pow(10, floor(log10((high - low) / 5)));
    double share = (high - low) / 5 / power;
    double step = power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
    int decimals = (int)-floor(log10(step) + 1e-9);
    return (struct scale){.low = floor(low / step + 1e-9) * step,
                          .high = ceil(high / step - 1e-9) * step,
                          .step = step,
                          .decimals = decimals < 0 ? 0 : decimals};
}

static double x_of(const struct drawing *d, double month) {
    return LEFT + (month + 0.5) / (double)d->chart->n_months * PLOT_WIDTH;
}

static double y_of(const struct drawing *d, double value) {
    return d->top + (d->scale.high - value) / (d->scale.high - d->scale.low) * PLOT_HEIGHT;
}

static int month_at(const struct line_chart *chart, size_t i) {
    return (int)((size_t)chart->first_month - 1 + i) % 12 + 1;
}

static int year_at(const struct line_chart *chart, size_t i) {
    return chart->first_year + (int)(((size_t)chart->first_month - 1 + i) / 12);
}

/* ---- axes ---- */

static void draw_shades(struct drawing *d) {
    const struct line_chart *chart = d->chart;
    double half = PLOT_WIDTH / (double)chart->n_months / 2;
    for (size_t i = 0, end; chart->shaded != NULL && i < chart->n_months; i = end + 1) {
        for (end = i; end < chart->n_months && chart->shaded[end]; end++)
            ;
        if (end == i)
            continue;
        double x = x_of(d, (double)i) - half, width = (double)(end - i) * 2 * half;
        buffer_format(d->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"#f0f0f0\"/>\n", x,
                      d->top, width, PLOT_HEIGHT);
        buffer_format(d->out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\" fill=\"#444\" text-anchor=\"end\">",
                      x + width - 4, d->top - 5);
        add_xml(d->out, chart->shade_name, strlen(chart->shade_name));
        buffer_text(d->out, "</text>\n");
    }
}

static void draw_y_axis(struct drawing *d) {
    const struct scale *s = &d->scale;
    int ticks = (int)lround((s->high - s->low) / s->step);
    for (int i = 0; i <= ticks; i++) {
        double value = s->low + i * s->step;
        char number[64];
        chart_number(number, sizeof number, value, s->decimals, d->chart->danish);
        bool is_zero = fabs(value) < s->step / 2;
        buffer_format(d->out, "<path d=\"M%d %.1fH%d\" stroke=\"%s\" stroke-width=\"%s\"/>\n", LEFT, y_of(d, value),
                      LEFT + PLOT_WIDTH, is_zero ? "#000" : "#ccc", is_zero ? "1.2" : "0.8");
        buffer_format(d->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                      y_of(d, value) + 4.5, number);
    }
}

/* Months between two labels: as few as leave room for the names. */
static int label_step(size_t n_months) {
    static const int steps[] = {1, 2, 3, 6, 12, 24, 60};
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof *steps && n_months / (size_t)steps[i] > 14)
        i++;
    return steps[i];
}

static void draw_x_axis(struct drawing *d) {
    const struct line_chart *chart = d->chart;
    double bottom = d->top + PLOT_HEIGHT, last_year_x = -1000;
    int step = label_step(chart->n_months);
    for (size_t i = 0; i < chart->n_months; i++) {
        int month = month_at(chart, i), year = year_at(chart, i);
        bool wanted = step < 12 ? (month - 1) % step == 0 : month == 1 && year % (step / 12) == 0;
        double x = x_of(d, (double)i);
        if (month == 1)
            buffer_format(d->out, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#e4e4e4\" stroke-width=\"0.8\"/>\n", x, d->top,
                          bottom);
        if (!wanted)
            continue;
        buffer_format(d->out, "<path d=\"M%.1f %.1fv5\" stroke=\"#000\"/>\n", x, bottom);
        if (step < 12)
            buffer_format(d->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3s</text>\n", x, bottom + 20,
                          chart_month_name(month, chart->danish));
        /* The year under each January, and under the first label when the next January leaves room for it. */
        if (month == 1 || (last_year_x < 0 && (13 - month) * PLOT_WIDTH > 44 * (int)chart->n_months)) {
            buffer_format(d->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-weight=\"bold\">%d</text>\n",
                          x, bottom + (step < 12 ? 37 : 20), year);
            last_year_x = x;
        }
    }
}

/* ---- lines ---- */

static void draw_mark(struct drawing *d, const struct style *style, double x, double y) {
    static const char *const paths[] = {
        [SQUARE] = "M-3.8-3.8h7.6v7.6h-7.6z",    [TRIANGLE] = "M0-5 4.8 3.6h-9.6z",
        [DIAMOND] = "M0-5.4 5.4 0 0 5.4-5.4 0z", [FLAG] = "M0 5 4.8-3.6h-9.6z",
        [CROSS] = "M-4-4 4 4M4-4-4 4",
    };
    if (style->mark == CIRCLE)
        buffer_format(d->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>", x, y, style->colour);
    else
        buffer_format(d->out, "<path transform=\"translate(%.1f %.1f)\" d=\"%s\" fill=\"%s\"%s%s%s/>", x, y,
                      paths[style->mark], style->mark == CROSS ? "none" : style->colour,
                      style->mark == CROSS ? " stroke-width=\"2.4\" stroke=\"" : "",
                      style->mark == CROSS ? style->colour : "", style->mark == CROSS ? "\"" : "");
}

static void draw_line(struct drawing *d, size_t l) {
    const struct chart_line *line = &d->chart->lines[l];
    const struct style *style = &styles[l % N_STYLES];
    size_t n = d->chart->n_months, every = n <= 24 ? 1 : (n + 11) / 12;
    bool open = false;
    buffer_format(d->out,
                  "<g><path fill=\"none\" stroke=\"%s\" stroke-width=\"2.2\" stroke-linejoin=\"round\" "
                  "stroke-dasharray=\"%s\" d=\"",
                  style->colour, style->dash);
    for (size_t m = 0; m < n; m++) {
        bool known = !isnan(line->values[m]);
        if (known)
            buffer_format(d->out, "%s%.1f %.1f", open ? "L" : "M", x_of(d, (double)m), y_of(d, line->values[m]));
        open = known;
    }
    buffer_text(d->out, "\"/>");
    for (size_t m = 0; m < n; m++) {
        if (isnan(line->values[m]))
            continue;
        /* A month between two gaps has no line: its mark is all there is to see. Marks of different lines take turns.
         */
        bool alone = (m == 0 || isnan(line->values[m - 1])) && (m + 1 == n || isnan(line->values[m + 1]));
        if (alone || (m + (every > 1 ? l * 2 : 0)) % every == 0)
            draw_mark(d, style, x_of(d, (double)m), y_of(d, line->values[m]));
    }
    buffer_text(d->out, "</g>\n");
}

static int compare_labels(const void *a, const void *b) {
    const struct label *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->line < y->line ? -1 : 1;
}

/* Moves labels apart, keeping their order: down from the top, then up again from the bottom. */
static void spread(struct label *labels, size_t n, double top, double bottom) {
    double least = top;
    for (size_t i = 0; i < n; i++) {
        labels[i].shown = fmax(labels[i].at, least);
        least = labels[i].shown + LABEL_STEP;
    }
    double most = fmax(bottom, top + (double)(n - 1) * LABEL_STEP);
    for (size_t i = n; i-- > 0;) {
        labels[i].shown = fmin(labels[i].shown, most);
        most = labels[i].shown - LABEL_STEP;
    }
}

static void draw_label(struct drawing *d, const struct label *label) {
    const struct chart_line *line = &d->chart->lines[label->line];
    const struct style *style = &styles[label->line % N_STYLES];
    size_t last = d->chart->n_months;
    while (last > 0 && isnan(line->values[last - 1]))
        last--;
    char said[96];
    double x = LEFT + PLOT_WIDTH + 18;
    if (last == 0) {
        snprintf(said, sizeof said, "%s", d->chart->no_data);
    } else {
        double value = line->values[last - 1];
        chart_number(said, sizeof said, value, chart_decimals(value), d->chart->danish);
        /* From a line that ends early a leader would look like more of the line: the month is said instead. */
        size_t length = strlen(said);
        if (last < d->chart->n_months)
            snprintf(said + length, sizeof said - length, ", %.3s %d",
                     chart_month_name(month_at(d->chart, last - 1), d->chart->danish), year_at(d->chart, last - 1));
        else
            buffer_format(d->out, "<path d=\"M%.1f %.1fL%.1f %.1f\" fill=\"none\" stroke=\"%s\" stroke-width=\"0.7\"/>",
                          x_of(d, (double)last - 1) + 5, y_of(d, value), x - 2, label->shown, style->colour);
    }
    buffer_format(d->out, "<path d=\"M%.1f %.1fh30\" stroke=\"%s\" stroke-width=\"2.2\" stroke-dasharray=\"%s\"/>", x,
                  label->shown, style->colour, style->dash);
    draw_mark(d, style, x + 15, label->shown);
    size_t fit = (size_t)((RIGHT - 18 - 36 - 4) / (13 * CHARACTER)), taken = characters(said, strlen(said)) + 1;
    size_t n = line_length(line->name, fit > taken + 4 ? fit - taken : 4);
    buffer_format(d->out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"13\"><tspan font-weight=\"bold\">", x + 36,
                  label->shown + 4.5);
    add_xml(d->out, line->name, n);
    buffer_text(d->out, line->name[n] == '\0' ? "</tspan> " : "…</tspan> ");
    add_xml(d->out, said, strlen(said));
    buffer_text(d->out, "</text>\n");
}

/* Each line's name and last value, beside the point where it ends; lines without any value come last. */
static void draw_labels(struct drawing *d) {
    struct label labels[MAX_LABELS];
    size_t n = d->chart->n_lines < MAX_LABELS ? d->chart->n_lines : MAX_LABELS;
    double bottom = d->top + PLOT_HEIGHT;
    for (size_t l = 0; l < n; l++) {
        labels[l] = (struct label){.line = l, .at = bottom};
        for (size_t m = 0; m < d->chart->n_months; m++)
            if (!isnan(d->chart->lines[l].values[m]))
                labels[l].at = y_of(d, d->chart->lines[l].values[m]);
    }
    qsort(labels, n, sizeof *labels, compare_labels);
    if (n > 0)
        spread(labels, n, d->top + 8, bottom);
    buffer_format(d->out, "<text x=\"%d\" y=\"%.1f\" font-size=\"11\" fill=\"#444\">", LEFT + PLOT_WIDTH + 54,
                  d->top - 5);
    add_xml(d->out, d->chart->last_value, strlen(d->chart->last_value));
    buffer_text(d->out, "</text>\n");
    for (size_t i = 0; i < n; i++)
        draw_label(d, &labels[i]);
}

/* ---- the document ---- */

static double draw_head(struct drawing *d) {
    const struct line_chart *chart = d->chart;
    double y = add_paragraph(d->out, chart->title, 38, 26, 21, 2, "font-weight=\"bold\"");
    y = add_paragraph(d->out, chart->subtitle, y - 2, 19, 14, 2, "fill=\"#222\"");
    return add_paragraph(d->out, chart->figures, y + 1, 19, 14, 2, "fill=\"#222\"");
}

static void draw_plot(struct drawing *d) {
    draw_shades(d);
    buffer_text(d->out, "<g font-size=\"12\" fill=\"#000\">\n");
    draw_y_axis(d);
    draw_x_axis(d);
    buffer_text(d->out, "</g>\n");
    for (size_t l = 0; l < d->chart->n_lines; l++)
        draw_line(d, l);
    draw_labels(d);
}

bool line_chart_write(struct buffer *b, const struct line_chart *chart) {
    /* The height is known when everything has been drawn, so the drawing is made first. */
    struct buffer body = {0};
    struct drawing d = {.out = &body, .chart = chart, .scale = scale_of(chart)};
    d.top = draw_head(&d) + 12;
    draw_plot(&d);
    double y = d.top + PLOT_HEIGHT + 66;
    for (size_t i = 0; i < chart->n_notes; i++)
        y = add_paragraph(&body, chart->notes[i], y, NOTE_STEP, 11, 4, "fill=\"#222\"");

    int height = (int)y + 4;
    buffer_format(
        b,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
        "lang=\"%s\" xml:lang=\"%s\" aria-labelledby=\"title-%s desc-%s\" "
        "font-family=\"'Liberation Sans', Arial, Helvetica, 'DejaVu Sans', sans-serif\">\n",
        WIDTH, height, WIDTH, height, chart->danish ? "da" : "en", chart->danish ? "da" : "en", chart->id, chart->id);
    buffer_format(b, "<title id=\"title-%s\">", chart->id);
    add_xml(b, chart->title, strlen(chart->title));
    buffer_format(b, "</title>\n<desc id=\"desc-%s\">", chart->id);
    add_xml(b, chart->description, strlen(chart->description));
    buffer_format(b, "</desc>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
    buffer_add(b, body.bytes, body.length);
    buffer_text(b, "</svg>\n");
    bool ok = !body.failed && !b->failed;
    buffer_free(&body);
    return ok;
}
