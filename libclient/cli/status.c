/* medkoord status: whether the server works, who asks, and what is reported.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct flag status_flags[] = {{0}};

struct facts {
    size_t n;
    struct {
        const char *name, *shown;  /* in JSON, and to people */
        const char *value, *words; /* likewise; words NULL: as the value */
    } all[24];
};

static void add(struct facts *f, const char *name, const char *shown, const char *value, const char *words) {
    if (value == NULL || f->n == sizeof f->all / sizeof *f->all)
        return;
    f->all[f->n].name = name;
    f->all[f->n].shown = shown;
    f->all[f->n].words = words;
    f->all[f->n++].value = value;
}

/* ---- what stands in the token; the server alone judges it ---- */

static int base64_of(char c) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c == '\0' ? NULL : strchr(letters, c);
    return at == NULL ? -1 : (int)(at - letters);
}

static const struct mk_json *claims_of(const char *token) {
    const char *start = strchr(token, '.');
    struct text json = {0};
    unsigned bits = 0, n = 0;
    if (start == NULL)
        return NULL;
    for (const char *p = start + 1; *p != '.' && base64_of(*p) >= 0; p++) {
        bits = bits << 6 | (unsigned)base64_of(*p);
        n += 6;
        if (n >= 8) {
            n -= 8;
            char c = (char)(bits >> n);
            text_add(&json, &c, 1);
        }
    }
    return json.p == NULL ? NULL : tree_read(json.p, json.n);
}

static void add_token(struct facts *f, const struct config *c) {
    if (c->token == NULL) {
        add(f, "token_from", T(STATUS_TOKEN), "none", T(STATUS_MISSING));
        return;
    }
    const struct mk_json *claims = claims_of(c->token), *roles = tree_get(claims, "roles");
    const char *expires = tree_text(claims, "exp");
    add(f, "token_from", T(STATUS_TOKEN), c->token_from, NULL);
    add(f, "subject", T(STATUS_SUBJECT), tree_text(claims, "sub"), NULL);
    add(f, "roles", T(STATUS_ROLES), roles == NULL ? NULL : show_cell(roles), NULL);
    add(f, "region", T(STATUS_REGION), tree_text(claims, "region"), NULL);
    if (expires == NULL)
        return;
    time_t until = (time_t)strtoll(expires, NULL, 10);
    struct tm parts;
    char text[32];
    if (gmtime_r(&until, &parts) != NULL && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
        add(f, "expires", until <= time(NULL) ? T(STATUS_EXPIRED) : T(STATUS_EXPIRES), pool_text(text, strlen(text)),
            NULL);
}

/* ---- the server ---- */

/* Answers how to end. */
static int add_server(struct facts *f, mk_client *client, const struct config *c) {
    static const struct words none;
    mk_error error = MK_ERROR_INIT;
    mk_response *response = NULL;
    const struct mk_json *answer;
    int code = EXIT_GOOD;
    if (operation_call(client, "get_readiness", NULL, &none, &answer, &response, &error) != MK_OK) {
        code = say_error(&error);
        add(f, "ready", T(STATUS_READY), "no", T(NO));
    } else {
        const char *more = show_cell(answer);
        add(f, "ready", T(STATUS_READY), pool_format("yes (%s)", more), pool_format("%s (%s)", T(YES), more));
    }
    mk_response_free(response);
    response = NULL;
    if (code == EXIT_GOOD && c->token != NULL) {
        bool good = operation_call(client, "list_regions", NULL, &none, &answer, &response, &error) == MK_OK;
        const char *problem = error.problem[0] == '\0' ? NULL : pool_text(error.problem, strlen(error.problem));
        code = good ? EXIT_GOOD : say_error(&error);
        add(f, "access", T(STATUS_ACCESS),
            good              ? "yes"
            : problem != NULL ? problem
                              : "no",
            good              ? T(YES)
            : problem != NULL ? problem
                              : T(NO));
        mk_response_free(response);
    }
    mk_error_clear(&error);
    return code;
}

/* ---- what is reported: a line a region, a letter a month ---- */

struct reported {
    size_t n;
    struct {
        char region[64], letters[64];
    } lines[32];
    char from[8], to[8];
};

static bool note_month(void *user, const struct mk_json *item) {
    struct reported *r = user;
    const char *region = tree_text(item, "region"), *state = tree_text(item, "state"),
               *month = tree_text(item, "month");
    size_t i = 0;
    if (region == NULL || state == NULL || month == NULL)
        return true;
    while (i < r->n && strncmp(r->lines[i].region, region, sizeof r->lines[i].region - 1) != 0)
        i++;
    if (i == sizeof r->lines / sizeof *r->lines)
        return true;
    if (i == r->n)
        (void)snprintf(r->lines[r->n++].region, sizeof r->lines[i].region, "%s", region);
    size_t at = strlen(r->lines[i].letters);
    if (at + 1 < sizeof r->lines[i].letters)
        r->lines[i].letters[at] = (char)(state[0] & ~32);
    if (r->from[0] == '\0' || strcmp(month, r->from) < 0)
        (void)snprintf(r->from, sizeof r->from, "%s", month);
    if (strcmp(month, r->to) > 0)
        (void)snprintf(r->to, sizeof r->to, "%s", month);
    return true;
}

static int show_reported(mk_client *client) {
    struct reported *r = pool_alloc(sizeof *r);
    mk_error error = MK_ERROR_INIT;
    int code = operation_each(client, "get_data_status", NULL, 0, note_month, r, &error);
    bool none = code == MK_ERR_REFUSED && error.status != 401; /* a server without any delivery: nothing is wrong */
    int result = code == MK_OK || none ? EXIT_GOOD : say_error(&error);
    mk_error_clear(&error);
    if (result != EXIT_GOOD || r->n == 0)
        return result;
    const char *titles[] = {T(REGION), pool_format(T(MONTHS), r->from, r->to)};
    struct table table;
    table_start(&table, titles, 2);
    for (size_t i = 0; i < r->n; i++) {
        const char **row = table_row(&table);
        row[0] = r->lines[i].region;
        row[1] = r->lines[i].letters;
    }
    out_text("\n");
    table_write(&table);
    warn("%s", T(STATUS_REPORTED));
    return EXIT_GOOD;
}

static void show_facts(const struct facts *f, bool json) {
    struct text object = {0};
    for (size_t i = 0; i < f->n; i++) {
        if (json) {
            text_put(&object, i == 0 ? "{" : ", ");
            text_json(&object, f->all[i].name);
            text_put(&object, ": ");
            text_json(&object, f->all[i].value);
            continue;
        }
        const char *value = f->all[i].words == NULL ? f->all[i].value : f->all[i].words;
        int space = 16 - screen_text_width(f->all[i].shown);
        out_format("%s%s%s%*s%s\n", screen_color(&screen_out, "1"), f->all[i].shown, screen_color(&screen_out, "0"),
                   space > 0 ? space : 1, "", screen_safe(value, strlen(value), 0, false));
    }
    if (json) {
        text_put(&object, "}\n");
        out_bytes(object.p, object.n);
    }
}

static int run(const struct words *w) {
    struct facts facts = {0};
    struct config config;
    mk_client *client;
    int code = config_read(w, &config);
    if (code == EXIT_GOOD)
        code = client_open(w, &config, &client);
    if (code != EXIT_GOOD)
        return code;
    add(&facts, "version", T(STATUS_VERSION), mk_version(), NULL);
    add(&facts, "url", T(STATUS_URL), config.url, NULL);
    add(&facts, "config", T(STATUS_CONFIG), config.path, NULL);
    add_token(&facts, &config);
    code = add_server(&facts, client, &config);
    show_facts(&facts, flags_has(w, "json"));
    if (code == EXIT_GOOD && config.token != NULL && !flags_has(w, "json"))
        code = show_reported(client);
    mk_client_destroy(client);
    return code;
}

int status_run(int n, char **words) {
    const struct flag *tables[] = {status_flags, flags_global};
    struct words w;
    int code = flags_read(n, words, tables, 2, &w);
    if (code == EXIT_GOOD && flags_has(&w, "help")) {
        help_command(command_find("status"));
        return out_finish(true);
    }
    out_quiet |= code == EXIT_GOOD && flags_has(&w, "quiet");
    if (code == EXIT_GOOD && (w.n_free > 0 || flags_has(&w, "csv"))) {
        say(w.n_free > 0 ? T(WORD_TOO_MANY) : T(NO_CSV),
            w.n_free > 0 ? screen_safe(w.free[0], strlen(w.free[0]), 60, false) : "");
        code = EXIT_USAGE;
    }
    if (code != EXIT_GOOD)
        return code;
    code = out_open(flags_value(&w, "output")) ? run(&w) : EXIT_OTHER;
    int written = out_finish(code == EXIT_GOOD);
    return code == EXIT_GOOD ? written : code;
}
