/* The words of a command line: flags in any place, --name value or --name=value; -- ends them.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const struct flag flags_global[] = {
    {.name = "help", .text = TEXT_HELP_HELP},
    {.name = "url", .metavar = "URL", .text = TEXT_HELP_URL},
    {.name = "token-file", .metavar = "FILE", .text = TEXT_HELP_TOKEN_FILE, .file = true},
    {.name = "json", .text = TEXT_HELP_JSON},
    {.name = "csv", .text = TEXT_HELP_CSV},
    {.name = "output", .metavar = "FILE", .text = TEXT_HELP_OUTPUT, .file = true},
    {.name = "timeout", .metavar = "SECONDS", .text = TEXT_HELP_TIMEOUT},
    {.name = "ca-file", .metavar = "FILE", .text = TEXT_HELP_CA_FILE, .file = true},
    {.name = "proxy", .metavar = "URL", .text = TEXT_HELP_PROXY},
    {.name = "verbose", .text = TEXT_HELP_VERBOSE},
    {.name = "quiet", .text = TEXT_HELP_QUIET},
    {0}};

/* ---- the nearest word ---- */

/* Steps from one word to the other: a letter more, less, another, or two swapped. */
static size_t distance(const char *a, const char *b) {
    enum { MOST = 40 };
    size_t n = strlen(a), m = strlen(b), rows[3][MOST + 1];
    if (n > MOST || m > MOST)
        return MOST;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && twice[j - 2] + 1 < best)
                best = twice[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *nearest(const char *word, const char *const *candidates) {
    const char *found = NULL;
    size_t best = strlen(word) / 3 + 2, n = strlen(word);
    for (; *candidates != NULL; candidates++) {
        const char *noun = strchr(*candidates, '-');
        size_t steps = n >= 3 && strncmp(word, *candidates, n) == 0 ? 1 : distance(word, *candidates);
        if (noun != NULL && n >= 3 && distance(word, noun + 1) + 1 < steps) /* `snapshots` for `list-snapshots` */
            steps = distance(word, noun + 1) + 1;
        if (steps < best && steps < strlen(*candidates)) {
            best = steps;
            found = *candidates;
        }
    }
    return found;
}

/* ---- reading ---- */

const struct flag *flags_find(const struct flag *const *tables, size_t n_tables, const char *name, size_t n) {
    for (size_t i = 0; i < n_tables; i++)
        for (const struct flag *f = tables[i]; f != NULL && f->name != NULL; f++)
            if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
                return f;
    return NULL;
}

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 60, false);
}

static int refuse_unknown(const char *name, const struct flag *const *tables, size_t n_tables) {
    size_t n = 1, i = 0;
    if (strcmp(name, "token") == 0) {
        say("%s", T(TOKEN_FLAG));
        return EXIT_USAGE;
    }
    for (size_t t = 0; t < n_tables; t++)
        for (const struct flag *f = tables[t]; f != NULL && f->name != NULL; f++)
            n++;
    const char **names = pool_alloc(n * sizeof *names);
    for (size_t t = 0; t < n_tables; t++)
        for (const struct flag *f = tables[t]; f != NULL && f->name != NULL; f++)
            names[i++] = f->name;
    say(T(UNKNOWN_FLAG), quoted(name));
    const char *near = nearest(name, names);
    if (near != NULL)
        warn(T(DID_YOU_MEAN), pool_format("--%s", near));
    return EXIT_USAGE;
}

static int check_value(const struct flag *f, const char *value) {
    struct text listed = {0};
    if (f->values == NULL)
        return EXIT_GOOD;
    for (const char *const *v = f->values; *v != NULL; v++) {
        if (strcmp(*v, value) == 0)
            return EXIT_GOOD;
        text_format(&listed, "%s%s", v == f->values ? "" : ", ", *v);
    }
    say(T(NOT_ONE_OF), f->name, quoted(value), listed.p);
    return EXIT_USAGE;
}

/* One flag; *i moves on when its value is the next word. */
static int read_flag(int n, char **words, int *i, const struct flag *const *tables, size_t n_tables,
                     struct given *ret) {
    const char *name = words[*i] + 2, *equals = strchr(name, '=');
    size_t length = equals == NULL ? strlen(name) : (size_t)(equals - name);
    char *spelled = pool_text(name, length);
    for (char *p = spelled; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p;
    const struct flag *f = flags_find(tables, n_tables, spelled, length);
    if (f == NULL && strncmp(spelled, "no-", 3) == 0) {
        f = flags_find(tables, n_tables, spelled + 3, length - 3);
        if (f != NULL && f->nullable && equals == NULL) {
            *ret = (struct given){.name = f->name, .null = true};
            return EXIT_GOOD;
        }
        f = NULL;
    }
    if (f == NULL)
        return refuse_unknown(spelled, tables, n_tables);
    *ret = (struct given){.name = f->name, .value = equals == NULL ? NULL : equals + 1};
    if (f->metavar == NULL && equals != NULL) {
        say(T(TAKES_NO_VALUE), f->name);
        return EXIT_USAGE;
    }
    if (f->metavar != NULL && equals == NULL && !f->optional) {
        if (*i + 1 >= n) {
            say(T(NEEDS_VALUE), f->name);
            return EXIT_USAGE;
        }
        ret->value = words[++*i];
    }
    return ret->value == NULL ? EXIT_GOOD : check_value(f, ret->value);
}

int flags_read(int n, char **words, const struct flag *const *tables, size_t n_tables, struct words *ret_words) {
    struct words w = {.given = pool_alloc((size_t)(n + 1) * sizeof *w.given),
                      .free = pool_alloc((size_t)(n + 1) * sizeof *w.free)};
    bool over = false;
    for (int i = 0; i < n; i++) {
        if (over || words[i][0] != '-' || words[i][1] == '\0') {
            w.free[w.n_free++] = words[i];
        } else if (strcmp(words[i], "--") == 0) {
            over = true;
        } else if (strcmp(words[i], "-h") == 0) {
            w.given[w.n_given++].name = "help";
        } else if (words[i][1] != '-') {
            return refuse_unknown(words[i] + 1, tables, n_tables);
        } else {
            int code = read_flag(n, words, &i, tables, n_tables, &w.given[w.n_given]);
            if (code != EXIT_GOOD)
                return code;
            w.n_given++;
        }
    }
    *ret_words = w;
    return EXIT_GOOD;
}

bool flags_has(const struct words *w, const char *name) {
    for (size_t i = 0; i < w->n_given; i++)
        if (strcmp(w->given[i].name, name) == 0)
            return true;
    return false;
}

const char *flags_value(const struct words *w, const char *name) {
    const char *value = NULL;
    for (size_t i = 0; i < w->n_given; i++)
        if (strcmp(w->given[i].name, name) == 0)
            value = w->given[i].value;
    return value;
}
