/* Tables for people: columns by display width, cut where the terminal ends.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

#define GAP   2
#define LEAST 6 /* columns narrower than this say nothing */

void table_start(struct table *t, const char *const *titles, size_t n) {
    *t = (struct table){.n_columns = n, .titles = pool_alloc((n + 1) * sizeof *t->titles)};
    for (size_t i = 0; i < n; i++)
        t->titles[i] = titles[i];
}

const char **table_row(struct table *t) {
    size_t at = t->n_rows * t->n_columns, size = t->n_columns * sizeof *t->cells;
    if (t->n_rows == t->room) {
        size_t room = 2 * t->room + 32;
        t->cells = pool_grow(t->cells, t->n_rows * size, room * size);
        t->colors = pool_grow(t->colors, t->n_rows * size, room * size);
        t->room = room;
    }
    t->n_rows++;
    for (size_t i = 0; i < t->n_columns; i++)
        t->cells[at + i] = "";
    return t->cells + at;
}

void table_color(struct table *t, size_t column, const char *sgr) {
    t->colors[(t->n_rows - 1) * t->n_columns + column] = sgr;
}

static bool is_amount(const char *p) {
    return p[0] == '\0' || strcmp(p, "\u2013") == 0 || strcmp(p, "-") == 0 ||
           (strspn(p, "-+0123456789.,") == strlen(p) && strpbrk(p, "0123456789") != NULL);
}

static const char *safe(const char *cell, int width) {
    return cell == NULL ? "" : screen_safe(cell, strlen(cell), width, false);
}

static int total_of(const int *widths, size_t n) {
    int total = 0;
    for (size_t i = 0; i < n; i++)
        total += widths[i] + (i > 0 ? GAP : 0);
    return total;
}

/* Narrows the widest columns that are no amounts until all fits; then leaves out from the right. Answers how many stay.
 */
static size_t fit(size_t n, int *widths, const bool *amounts, int width) {
    while (width > 0 && n > 1 && total_of(widths, n) > width) {
        size_t widest = n;
        for (size_t i = 0; i < n; i++)
            if (!amounts[i] && widths[i] > LEAST && (widest == n || widths[i] > widths[widest]))
                widest = i;
        if (widest < n)
            widths[widest]--;
        else
            n--;
    }
    if (width > 0 && n == 1 && widths[0] > width)
        widths[0] = width;
    return n;
}

static void write_cell(const char *cell, int width, bool right, bool last, const char *sgr) {
    const char *shown = safe(cell, width);
    int space = width - screen_text_width(shown);
    const char *on = sgr == NULL ? "" : screen_color(&screen_out, sgr),
               *off = *on == '\0' ? "" : screen_color(&screen_out, "0");
    if (right)
        out_format("%*s", space, "");
    out_format("%s%s%s", on, shown, off);
    if (!last)
        out_format("%*s", (right ? 0 : space) + GAP, "");
}

static int *widths_of(const struct table *t) {
    int *widths = pool_alloc((t->n_columns + 1) * sizeof *widths);
    for (size_t c = 0; c < t->n_columns; c++) {
        widths[c] = screen_text_width(safe(t->titles[c], 0));
        for (size_t r = 0; r < t->n_rows; r++) {
            int width = screen_text_width(safe(t->cells[r * t->n_columns + c], 0));
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    return widths;
}

int table_room(const struct table *t, int most) {
    if (screen_out.width == 0)
        return most;
    size_t mark = pool_mark();
    int room = screen_out.width - total_of(widths_of(t), t->n_columns);
    pool_release(mark);
    return room > most ? most : room < 0 ? 0 : room;
}

void table_write(struct table *t) {
    size_t mark = pool_mark(), n = t->n_columns;
    int *widths = widths_of(t);
    bool *amounts = pool_alloc((n + 1) * sizeof *amounts);
    for (size_t c = 0; c < n; c++) {
        amounts[c] = t->n_rows > 0;
        for (size_t r = 0; r < t->n_rows; r++)
            amounts[c] &= is_amount(t->cells[r * n + c]);
    }
    size_t there = n;
    while (there > 1 && widths[there - 1] == 0)
        there--;
    size_t shown = fit(there, widths, amounts, screen_out.width);
    for (size_t c = 0; c < shown; c++)
        write_cell(t->titles[c], widths[c], amounts[c], c + 1 == shown, "1");
    out_text("\n");
    for (size_t r = 0; r < t->n_rows && !out_closed(); r++) {
        size_t line = pool_mark();
        for (size_t c = 0; c < shown; c++)
            write_cell(t->cells[r * n + c], widths[c], amounts[c], c + 1 == shown, t->colors[r * n + c]);
        out_text("\n");
        pool_release(line);
    }
    if (shown < there)
        warn(T(COLUMNS_LEFT_OUT), there - shown);
    pool_release(mark);
}
