/* get_divergence_for_code as image/svg+xml: the regions' use over time, from the statement's JSON columns.
 * SPDX-License-Identifier: MPL-2.0 */
#include "line_chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NOTES = 12 };

/* What the statement answered, parsed. */
struct answer {
    bool danish;
    bool in_ore; /* shown as kroner */
    json_t *measure, *window, *item, *series, *areas, *caveats;
};

/* NULL for null, and when memory ran out. */
static json_t *column(const struct db_result *rows, const char *name, bool *ret_no_memory) {
    int at = db_column(rows, name);
    if (at < 0 || db_is_null(rows, 0, (size_t)at))
        return NULL;
    struct value text = db_value(rows, 0, (size_t)at);
    json_error_t error;
    bool no_memory;
    json_t *json = json_parse(text.text, text.length, JSON_DECODE_ANY, &error, &no_memory);
    *ret_no_memory |= no_memory;
    return json;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* A figure for the chart; NAN for null. */
static double number_of(const struct answer *a, const json_t *object, const char *name, bool is_amount) {
    const json_t *value = json_object_get(object, name);
    if (!json_is_number(value))
        return NAN;
    return json_number_value(value) / (is_amount && a->in_ore ? 100 : 1);
}

static const char *say(const struct answer *a, const char *english, const char *danish) {
    return a->danish ? danish : english;
}

/* Adds pieces of text to one string in the arena. The arena stays far below its limit, so NULL means out of memory. */
static const char *joined(struct request *r, struct buffer *b) {
    buffer_char(b, '\0');
    const char *text = b->failed ? NULL : arena_copy(&r->arena, b->bytes, b->length - 1);
    buffer_free(b);
    return text;
}

static void add_number(struct buffer *b, const struct answer *a, double value) {
    char number[64];
    chart_number(number, sizeof number, value, chart_decimals(value), a->danish);
    buffer_text(b, number);
}

static void add_month(struct buffer *b, const struct answer *a, const char *month) {
    int year = 0, number = 1;
    text_to_month(month, &year, &number);
    buffer_format(b, "%s %d", chart_month_name(number, a->danish), year);
}

/* "Region Nordjylland" is Nordjylland in a chart that is about regions. */
static const char *short_name(const char *name) {
    return strncmp(name, "Region ", 7) == 0 ? name + 7 : name;
}

static const char *name_of_region(const struct answer *a, const char *slug) {
    size_t i;
    json_t *area;
    json_array_foreach(a->areas, i,
                       area) if (strcmp(text_of(area, "region"), slug) == 0) return short_name(text_of(area, "name"));
    return slug;
}

static void add_unit(struct buffer *b, const struct answer *a) {
    const char *unit = text_of(a->measure, a->danish ? "unit_da" : "unit");
    if (a->in_ore && strncmp(unit, "øre", strlen("øre")) == 0) {
        buffer_text(b, say(a, "DKK", "kr."));
        unit += strlen("øre");
    }
    buffer_text(b, unit);
}

static const char *make_title(struct request *r, const struct answer *a) {
    struct buffer b = {0};
    buffer_format(&b, "%s %s", text_of(a->item, "atc"), text_of(a->item, "name"));
    return joined(r, &b);
}

static const char *make_subtitle(struct request *r, const struct answer *a) {
    struct buffer b = {0};
    add_unit(&b, a);
    buffer_text(&b, say(a, ", month by month, ", ", måned for måned, "));
    add_month(&b, a, text_of(a->window, "from_month"));
    if (strcmp(text_of(a->window, "from_month"), text_of(a->window, "to_month")) != 0) {
        buffer_text(&b, " – ");
        add_month(&b, a, text_of(a->window, "to_month"));
    }
    return joined(r, &b);
}

static void add_change(struct buffer *b, const struct answer *a, double change) {
    char number[64];
    chart_number(number, sizeof number, change * 100, 1, a->danish);
    buffer_format(b, "%s%s %%", change > 0 ? "+" : "", number);
}

static bool all_are_compared(const struct answer *a) {
    size_t i;
    json_t *area;
    json_array_foreach(a->areas, i, area) if (!json_is_true(json_object_get(area, "compared"))) return false;
    return true;
}

/* The item's figures over the whole window, in one line. */
static const char *make_figures(struct request *r, const struct answer *a) {
    struct buffer b = {0};
    double ratio = number_of(a, a->item, "max_min_ratio", false), national = number_of(a, a->item, "national", true);
    double change = number_of(a, a->item, "change_from_year_before", false);
    buffer_text(&b, say(a, "Whole window: ", "Hele perioden: "));
    if (isnan(national)) {
        buffer_text(&b, say(a, "no region has reported every month", "ingen region har indberettet alle måneder"));
        return joined(r, &b);
    }
    buffer_text(&b, all_are_compared(a) ? say(a, "national ", "hele landet ")
                                        : say(a, "compared regions together ", "sammenlignede regioner under ét "));
    add_number(&b, a, national);
    if (!isnan(ratio)) {
        buffer_text(&b, say(a, "; highest region / lowest ", "; højeste region / laveste "));
        add_number(&b, a, ratio);
    }
    if (!isnan(change)) {
        buffer_text(&b, say(a, "; a year before ", "; i forhold til året før "));
        add_change(&b, a, change);
    }
    if (json_is_true(json_object_get(a->item, "material")))
        buffer_text(&b, say(a, "; a material difference", "; væsentlig forskel"));
    return joined(r, &b);
}

/* The main figures in words, for whoever cannot see the chart. */
static const char *make_description(struct request *r, const struct answer *a, const char *subtitle,
                                    const char *figures) {
    struct buffer b = {0};
    size_t i;
    json_t *region;
    buffer_format(&b, "%s %zu %s. %s. %s. ", say(a, "Line chart of", "Kurver for"),
                  json_array_size(json_object_get(a->series, "regions")), say(a, "regions", "regioner"), subtitle,
                  figures);
    buffer_text(&b, say(a, "Over the window: ", "Over perioden: "));
    json_array_foreach(json_object_get(a->item, "regions"), i, region) {
        double value = number_of(a, region, "value", true);
        buffer_format(&b, "%s%s ", i == 0 ? "" : "; ", name_of_region(a, text_of(region, "region")));
        if (isnan(value)) {
            buffer_text(&b, say(a, "not known", "kendes ikke"));
            continue;
        }
        add_number(&b, a, value);
        if (!json_is_true(json_object_get(region, "complete")))
            buffer_text(&b, say(a, " (not every month reported)", " (ikke alle måneder indberettet)"));
    }
    buffer_char(&b, '.');
    return joined(r, &b);
}

/* Where the figures come from. */
static const char *make_source(struct request *r, const struct answer *a, const struct db_result *rows) {
    struct buffer b = {0};
    int source = db_column(rows, "source"), basis = db_column(rows, "region_basis"), as_of = db_column(rows, "as_of");
    buffer_format(&b, "%s: %s. %s %s, version %lld.", say(a, "Source", "Kilde"), db_value(rows, 0, (size_t)source).text,
                  say(a, "Measure", "Mål"), text_of(a->measure, "name"),
                  (long long)json_integer_value(json_object_get(a->measure, "version")));
    if (strcmp(db_value(rows, 0, (size_t)basis).text, "current") == 0)
        buffer_text(&b, say(a, " Predecessors are added up into the regions of the date.",
                            " Tidligere regioner er lagt sammen til datoens regioner."));
    if (!db_is_null(rows, 0, (size_t)as_of))
        buffer_format(&b, " %s %.16s UTC.", say(a, "As known", "Som kendt"), db_value(rows, 0, (size_t)as_of).text);
    return joined(r, &b);
}

static size_t make_notes(struct request *r, const struct answer *a, const struct db_result *rows, bool has_gaps,
                         const char **notes) {
    size_t n = 0, i;
    json_t *caveat;
    json_array_foreach(a->caveats, i, caveat) if (n < MAX_NOTES - 2) notes[n++] =
        text_of(caveat, a->danish ? "text_da" : "text");
    if (has_gaps)
        notes[n++] = say(a, "A gap in a line is a month that is not reported.",
                         "Et hul i en kurve er en måned, der ikke er indberettet.");
    notes[n++] = make_source(r, a, rows);
    return n;
}

/* One line a region; provisional months are shaded. */
static bool make_lines(struct request *r, const struct answer *a, struct line_chart *chart, bool *ret_has_gaps) {
    json_t *regions = json_object_get(a->series, "regions"), *region;
    size_t l, m, n = json_array_size(regions), months = chart->n_months;
    struct chart_line *lines = arena_alloc(&r->arena, (n + 1) * sizeof *lines);
    bool *shaded = arena_alloc(&r->arena, months + 1);
    if (lines == NULL || shaded == NULL)
        return false;
    json_array_foreach(regions, l, region) {
        double *values = arena_alloc(&r->arena, (months + 1) * sizeof *values);
        if (values == NULL)
            return false;
        for (m = 0; m < months; m++)
            values[m] = NAN;
        json_t *month;
        json_array_foreach(json_object_get(region, "months"), m, month) {
            int year = 0, number = 0;
            if (!text_to_month(text_of(month, "month"), &year, &number))
                continue;
            /* A region that did not exist all through the window has fewer months than the chart. */
            long at = (year - chart->first_year) * 12L + number - chart->first_month;
            if (at < 0 || at >= (long)months)
                continue;
            values[at] = number_of(a, month, "value", true);
            *ret_has_gaps |= isnan(values[at]);
            shaded[at] |= strcmp(text_of(month, "status"), "provisional") == 0;
        }
        lines[l] = (struct chart_line){.name = short_name(text_of(region, "name")), .values = values};
    }
    chart->lines = lines;
    chart->n_lines = n;
    chart->shaded = shaded;
    return true;
}

static bool draw(struct request *r, const struct answer *a, const struct db_result *rows, struct buffer *ret_body) {
    const char *notes[MAX_NOTES] = {NULL};
    bool has_gaps = false;
    struct line_chart chart = {
        .danish = a->danish,
        .id = text_of(a->item, "atc"),
        .title = make_title(r, a),
        .subtitle = make_subtitle(r, a),
        .figures = make_figures(r, a),
        .n_months = (size_t)json_integer_value(json_object_get(a->window, "months")),
        .shade_name = say(a, "provisional figures", "foreløbige tal"),
        .no_data = say(a, "no figures", "ingen tal"),
        .last_value = say(a, "last month reported", "senest indberettede måned"),
    };
    text_to_month(text_of(a->window, "from_month"), &chart.first_year, &chart.first_month);
    if (chart.title == NULL || chart.subtitle == NULL || chart.figures == NULL || !make_lines(r, a, &chart, &has_gaps))
        return false;
    chart.description = make_description(r, a, chart.subtitle, chart.figures);
    chart.notes = notes;
    chart.n_notes = make_notes(r, a, rows, has_gaps, notes);
    if (chart.description == NULL || notes[chart.n_notes - 1] == NULL)
        return false;
    return line_chart_write(ret_body, &chart);
}

bool render_divergence_chart(struct request *r, const struct db_result *rows, struct buffer *ret_body) {
    bool no_memory = false;
    struct answer a = {
        .danish = r->danish,
        .measure = column(rows, "measure", &no_memory),
        .window = column(rows, "window", &no_memory),
        .item = column(rows, "item", &no_memory),
        .series = column(rows, "series", &no_memory),
        .areas = column(rows, "regions", &no_memory),
        .caveats = column(rows, "caveats", &no_memory),
    };
    a.in_ore = strcmp(text_of(a.measure, "basis"), "cost_ore") == 0;
    bool ok = !no_memory && a.measure != NULL && a.window != NULL && a.item != NULL && a.series != NULL &&
              draw(r, &a, rows, ret_body);
    json_decref(a.measure);
    json_decref(a.window);
    json_decref(a.item);
    json_decref(a.series);
    json_decref(a.areas);
    json_decref(a.caveats);
    return ok;
}
