/* medkoord divergence: the regions' use as a heat map or bars, or of one code month by month.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define STEPS        8
#define DECIMALS_MAX 9
#define BAR_MAX      30
#define BAR_LEAST    5 /* shorter ones say nothing */

const struct flag divergence_flags[] = {{.name = "svg", .metavar = "FILE", .text = TEXT_HELP_SVG, .file = true},
                                        {.name = "bars", .text = TEXT_HELP_BARS},
                                        {.name = "heat", .text = TEXT_HELP_HEAT},
                                        {0}};

/* The flags of both operations. */
const struct flag *divergence_parameters(void) {
    static struct flag *both;
    const struct flag *parts[] = {operation_flags(operation_find("divergence", "get", 3)),
                                  operation_flags(operation_find("divergence", "get-for-code", 12))};
    size_t n = 0;
    if (both != NULL)
        return both;
    both = pool_alloc(128 * sizeof *both);
    for (size_t i = 0; i < 2; i++)
        for (const struct flag *f = parts[i]; f->name != NULL && n < 126; f++)
            if (strcmp(f->name, "accept") != 0 &&
                flags_find((const struct flag *[]){both}, 1, f->name, strlen(f->name)) == NULL)
                both[n++] = *f;
    return both;
}

/* ---- drawing ---- */

/* 0 to STEPS as a block of that height. */
static const char *block(double part) {
    static const char *const unicode[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                          "\u2585", "\u2586", "\u2587", "\u2588"},
                             *const ascii[] = {" ", ".", ".", ":", ":", "=", "=", "#", "#"};
    int step = part <= 0 ? 0 : (int)(part * STEPS + 0.5);
    step = step < 1 && part > 0 ? 1 : step > STEPS ? STEPS : step;
    return screen_out.unicode ? unicode[step] : ascii[step];
}

static const char *bar(double part, int width) {
    struct text drawn = {0};
    int full = (int)(part * width + 0.5);
    text_put(&drawn, "");
    for (int i = 0; i < full && i < width; i++)
        text_put(&drawn, screen_out.unicode ? "\u2588" : "#");
    return drawn.p;
}

/* Background by how far a rate is from the rest's: blue below, red above. */
static const char *heat(double ratio) {
    static const struct {
        double from;
        const char *sgr;
    } steps[] = {{2, "97;48;5;160"},    {1.5, "30;48;5;209"}, {1.15, "30;48;5;223"}, {0.87, "30;48;5;255"},
                 {0.67, "30;48;5;153"}, {0.5, "30;48;5;75"},  {-1e300, "97;48;5;26"}};
    size_t i = 0;
    while (ratio < steps[i].from)
        i++;
    return steps[i].sgr;
}

/* What is not known, or cannot be: the highest against a lowest of zero. */
static const char *missing(void) {
    return screen_out.unicode ? "\u2013" : "-";
}

/* A number of three digits, or of all before its point, for the eye: the exact ones are in --csv and --json. */
static const char *short_number(const char *exact) {
    if (exact == NULL)
        return missing();
    double value = mk_decimal_to_double(exact), size = value < 0 ? -value : value;
    int decimals = size >= 100 || size == 0 ? 0 : 2;
    for (double rest = size; rest > 0 && rest < 1 && decimals < DECIMALS_MAX; rest *= 10)
        decimals++;
    return pool_format("%.*f", decimals, value);
}

static double number(const struct mk_json *t, const char *name) {
    return mk_decimal_to_double(tree_text(t, name));
}

/* ---- messages around the figures ---- */

static const char *in_language(const struct mk_json *t, const char *name) {
    const char *danish = tree_text(t, pool_format("%s_da", name)), *text = tree_text(t, name);
    text = texts_danish() && danish != NULL ? danish : text;
    return text == NULL ? "" : screen_safe(text, strlen(text), 0, false);
}

static void say_frame(const struct mk_json *answer) {
    const struct mk_json *measure = tree_get(answer, "measure"), *window = tree_get(answer, "window");
    const char *from = tree_text(window, "from_month"), *to = tree_text(window, "to_month"),
               *source = tree_text(answer, "source");
    warn(T(WINDOW), in_language(measure, "unit"), from == NULL ? "" : screen_safe(from, strlen(from), 0, false),
         to == NULL ? "" : screen_safe(to, strlen(to), 0, false),
         source == NULL ? "" : screen_safe(source, strlen(source), 0, false));
}

static void say_caveats(const struct mk_json *answer) {
    const struct mk_json *caveats = tree_get(answer, "caveats");
    for (const struct mk_json *c = caveats == NULL ? NULL : caveats->first; c != NULL; c = c->next)
        warn("* %s", in_language(c, "text"));
}

/* ---- the overview ---- */

static void overview_row(struct table *t, const struct mk_json *item, bool heat_map) {
    const struct mk_json *regions = tree_get(item, "regions");
    const char *ratio = tree_text(item, "max_min_ratio"), *name = tree_text(item, "name"),
               *code = tree_text(item, "atc");
    double highest = 0;
    size_t column = 0;
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next)
        if (number(r, "value") > highest)
            highest = number(r, "value");
    const char **row = table_row(t);
    row[column++] = code == NULL ? "" : code;
    row[column++] = name == NULL ? "" : name;
    if (tree_is_true(item, "material"))
        table_color(t, 2, "1;31");
    row[column++] = short_number(ratio);
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL && column < t->n_columns;
         r = r->next, column++) {
        const char *value = tree_text(r, "value");
        if (heat_map)
            row[column] = short_number(value);
        else /* the bars of a column stand below each other, however long its numbers are */
            row[column] = pool_format("%s %s", block(value != NULL && highest > 0 ? number(r, "value") / highest : 0),
                                      short_number(value));
        if (heat_map && value != NULL && tree_text(r, "ratio_to_rest") != NULL)
            table_color(t, column, heat(number(r, "ratio_to_rest")));
    }
}

static void show_overview(const struct mk_json *answer, bool heat_map) {
    const struct mk_json *items = tree_get(answer, "items"), *regions = tree_get(answer, "regions");
    size_t n = 3, i = 3;
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next)
        n++;
    const char **titles = pool_alloc((n + 1) * sizeof *titles);
    titles[0] = T(CODE);
    titles[1] = T(NAME);
    titles[2] = T(RATIO);
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next)
        titles[i++] = tree_text(r, "region");
    struct table table;
    table_start(&table, titles, n);
    for (const struct mk_json *item = items == NULL ? NULL : items->first; item != NULL; item = item->next)
        overview_row(&table, item, heat_map);
    if (table.n_rows > 0)
        table_write(&table);
    else
        warn("%s", T(NOTHING));
}

/* ---- one code ---- */

static void show_regions(const struct mk_json *item, bool heat_map) {
    const char *titles[] = {T(REGION), T(RANK), T(VALUE), T(TO_REST), T(EXCESS), ""};
    const struct mk_json *regions = tree_get(item, "regions");
    struct table table;
    double highest = 0;
    table_start(&table, titles, 6);
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next)
        if (number(r, "value") > highest)
            highest = number(r, "value");
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next) {
        const char **row = table_row(&table);
        const char *name = tree_text(r, "region"), *rank = tree_text(r, "rank");
        row[0] = name == NULL ? "" : name;
        row[1] = rank == NULL ? missing() : rank;
        row[2] = tree_text(r, "value") == NULL ? T(NOT_REPORTED) : short_number(tree_text(r, "value"));
        row[3] = short_number(tree_text(r, "ratio_to_rest"));
        row[4] = short_number(tree_text(r, "excess_ddd"));
        if (heat_map && tree_text(r, "ratio_to_rest") != NULL)
            table_color(&table, 3, heat(number(r, "ratio_to_rest")));
    }
    int room = table_room(&table, BAR_MAX);
    size_t cell = 5;
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next, cell += 6)
        table.cells[cell] = highest > 0 && room >= BAR_LEAST ? bar(number(r, "value") / highest, room) : "";
    table_write(&table);
}

static double highest_month(const struct mk_json *regions) {
    double highest = 0;
    for (const struct mk_json *r = regions->first; r != NULL; r = r->next) {
        const struct mk_json *months = tree_get(r, "months");
        for (const struct mk_json *m = months == NULL ? NULL : months->first; m != NULL; m = m->next)
            if (number(m, "value") > highest)
                highest = number(m, "value");
    }
    return highest;
}

/* A line of blocks for each region, a block for each month: the latest, where there is no room for all. */
static void show_months(const struct mk_json *answer) {
    const struct mk_json *regions = tree_get(tree_get(answer, "series"), "regions"),
                         *window = tree_get(answer, "window");
    const char *from = tree_text(window, "from_month"), *to = tree_text(window, "to_month");
    if (regions == NULL || regions->first == NULL || from == NULL || to == NULL)
        return;
    const char *titles[] = {T(REGION), ""};
    double highest = highest_month(regions);
    struct table table;
    table_start(&table, titles, 2);
    size_t most = 0, left_out = 0, cell = 1;
    for (const struct mk_json *r = regions->first; r != NULL; r = r->next) {
        const struct mk_json *months = tree_get(r, "months");
        table_row(&table)[0] = tree_text(r, "region") == NULL ? "" : tree_text(r, "region");
        most = months != NULL && months->n > most ? months->n : most;
    }
    size_t room = (size_t)table_room(&table, (int)most);
    for (const struct mk_json *r = regions->first; r != NULL; r = r->next, cell += 2) {
        const struct mk_json *months = tree_get(r, "months");
        struct text line = {0};
        text_put(&line, "");
        size_t skipped = months == NULL || months->n <= room ? 0 : months->n - room, at = 0;
        for (const struct mk_json *m = months == NULL ? NULL : months->first; m != NULL; m = m->next, at++) {
            if (at < skipped)
                continue;
            if (at == skipped && skipped > left_out && tree_text(m, "month") != NULL) {
                left_out = skipped;
                from = tree_text(m, "month");
            }
            text_put(&line,
                     tree_text(m, "value") == NULL ? "?" : block(highest > 0 ? number(m, "value") / highest : 0));
        }
        table.cells[cell] = line.p;
    }
    table.titles[1] = pool_format(T(MONTHS), from, to);
    out_text("\n");
    table_write(&table);
    if (left_out > 0)
        warn(T(MONTHS_LEFT_OUT), left_out);
}

static void show_code(const struct mk_json *answer, bool heat_map) {
    const struct mk_json *item = tree_get(answer, "item");
    const char *code = tree_text(item, "atc"), *name = tree_text(item, "name"),
               *ratio = tree_text(item, "max_min_ratio");
    warn("%s%s%s%s%s%s%s%s", code == NULL ? "" : screen_safe(code, strlen(code), 0, false), name == NULL ? "" : " ",
         name == NULL ? "" : screen_safe(name, strlen(name), 0, false), ratio == NULL ? "" : ", ",
         ratio == NULL ? "" : T(RATIO), ratio == NULL ? "" : " ", short_number(ratio),
         tree_is_true(item, "material") ? pool_format(", %s", T(MATERIAL)) : "");
    show_regions(item, heat_map);
    show_months(answer);
}

/* ---- all of it ---- */

static int call(mk_client *client, const struct words *w, const char *const *path) {
    const char *operation = path[0] == NULL ? "get_divergence" : "get_divergence_for_code";
    bool heat_map = flags_has(w, "heat") || (screen_out.color && !flags_has(w, "bars"));
    mk_error error = MK_ERROR_INIT;
    mk_response *response = NULL;
    const struct mk_json *answer = NULL;
    int code, result = EXIT_GOOD;
    if (flags_has(w, "csv") || flags_has(w, "svg")) {
        code = operation_sink(client, operation, path, w, flags_has(w, "csv") ? "text/csv" : "image/svg+xml", &error);
    } else {
        code = operation_call(client, operation, path, w, &answer, &response, &error);
        if (code == MK_OK && tree_get(answer, path[0] == NULL ? "items" : "item") == NULL)
            code = operation_strange(&error);
    }
    if (code == MK_OK && response != NULL) {
        size_t n;
        const char *body = mk_response_body(response, &n);
        if (flags_has(w, "json")) {
            show_json(body, n, answer);
        } else {
            say_frame(answer);
            if (path[0] == NULL)
                show_overview(answer, heat_map);
            else
                show_code(answer, heat_map);
            say_caveats(answer);
        }
    }
    mk_response_free(response);
    if (code != MK_OK)
        result = say_error(&error);
    mk_error_clear(&error);
    return result;
}

/* An overview's flag that the months of a code do not take. */
static const char *not_for_code(const struct words *w) {
    const struct flag *own[] = {operation_flags(operation_find("divergence", "get-for-code", 12)), divergence_flags,
                                flags_global};
    for (size_t i = 0; i < w->n_given; i++)
        if (flags_find(own, 3, w->given[i].name, strlen(w->given[i].name)) == NULL)
            return w->given[i].name;
    return NULL;
}

static int check(const struct words *w) {
    int forms = flags_has(w, "json") + flags_has(w, "csv") + flags_has(w, "svg");
    if (w->n_free > 1) {
        say(T(WORD_TOO_MANY), screen_safe(w->free[1], strlen(w->free[1]), 60, false));
        return EXIT_USAGE;
    }
    if (forms > 1) {
        say(T(FLAGS_TOGETHER), flags_has(w, "json") ? "json" : "csv", flags_has(w, "svg") ? "svg" : "csv");
        return EXIT_USAGE;
    }
    if (flags_has(w, "svg") && w->n_free == 0) {
        say("%s", T(SVG_NEEDS_CODE));
        return EXIT_USAGE;
    }
    if (flags_has(w, "svg") && flags_has(w, "output")) {
        say(T(FLAGS_TOGETHER), "svg", "output");
        return EXIT_USAGE;
    }
    const char *wrong = w->n_free == 1 ? not_for_code(w) : NULL;
    if (wrong != NULL) {
        say(T(NOT_FOR_CODE), wrong);
        return EXIT_USAGE;
    }
    return EXIT_GOOD;
}

int divergence_run(int n, char **words) {
    const struct flag *tables[] = {divergence_flags, divergence_parameters(), flags_global};
    struct words w;
    struct config config;
    mk_client *client;
    int code = flags_read(n, words, tables, 3, &w);
    if (code == EXIT_GOOD && flags_has(&w, "help")) {
        help_command(command_find("divergence"));
        return out_finish(true);
    }
    out_quiet |= code == EXIT_GOOD && flags_has(&w, "quiet");
    if (code == EXIT_GOOD)
        code = check(&w);
    if (code == EXIT_GOOD)
        code = config_read(&w, &config);
    if (code == EXIT_GOOD && config.token == NULL) {
        say("%s", T(NO_TOKEN));
        code = EXIT_USAGE;
    }
    if (code == EXIT_GOOD)
        code = client_open(&w, &config, &client);
    if (code != EXIT_GOOD)
        return code;
    const char *path[] = {NULL, NULL};
    if (w.n_free == 1) { /* codes are in capitals */
        char *capitals = pool_text(w.free[0], strlen(w.free[0]));
        for (char *p = capitals; *p != '\0'; p++)
            *p = *p >= 'a' && *p <= 'z' ? (char)(*p & ~32) : *p;
        path[0] = capitals;
    }
    code = out_open(flags_value(&w, flags_has(&w, "svg") ? "svg" : "output")) ? call(client, &w, path) : EXIT_OTHER;
    mk_client_destroy(client);
    int written = out_finish(code == EXIT_GOOD);
    return code == EXIT_GOOD ? written : code;
}
