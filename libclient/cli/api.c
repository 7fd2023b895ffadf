/* medkoord api: any request, its answer as it is.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>
#include <strings.h>

#define BODY_MAX (64u * 1024u * 1024u)

const struct flag api_flags[] = {{.name = "header", .metavar = "'Name: value'", .text = TEXT_HELP_HEADER},
                                 {.name = "body-file", .metavar = "FILE", .text = TEXT_HELP_BODY, .file = true},
                                 {.name = "include", .text = TEXT_HELP_INCLUDE},
                                 {0}};

static int read_headers(const struct words *w, const char *method, bool body, mk_header *headers, size_t *ret_n) {
    size_t n = 0;
    bool typed = false;
    for (size_t i = 0; i < w->n_given; i++) {
        const char *value = w->given[i].value, *colon;
        if (strcmp(w->given[i].name, "header") != 0)
            continue;
        colon = strchr(value, ':');
        if (colon == NULL || colon == value || value[strcspn(value, "\r\n")] != '\0') {
            say("%s", T(BAD_HEADER));
            return EXIT_USAGE;
        }
        const char *name = pool_text(value, (size_t)(colon - value));
        if (strcasecmp(name, "Authorization") == 0) { /* it would be in ps */
            say("%s", T(TOKEN_FLAG));
            return EXIT_USAGE;
        }
        typed |= strcasecmp(name, "Content-Type") == 0;
        headers[n++] = (mk_header){name, colon + 1 + strspn(colon + 1, " ")};
    }
    if (body && !typed)
        headers[n++] = (mk_header){"Content-Type",
                                   strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : "application/json"};
    *ret_n = n;
    return EXIT_GOOD;
}

static void show_head(const mk_response *response) {
    const char *name, *value;
    fprintf(stderr, "HTTP %d\n", mk_response_status(response));
    for (size_t i = 0; mk_response_header_at(response, i, &name, &value); i++)
        fprintf(stderr, "%s: %s\n", screen_safe(name, strlen(name), 0, false),
                screen_safe(value, strlen(value), 0, false));
}

static int run(mk_client *client, const struct words *w, const char *method, const char *body, size_t n_body) {
    mk_header *headers = pool_alloc((w->n_given + 1) * sizeof *headers);
    mk_response *response = NULL;
    mk_error error = MK_ERROR_INIT;
    size_t n;
    int code = read_headers(w, method, body != NULL, headers, &n);
    if (code != EXIT_GOOD)
        return code;
    if (mk_request(client, method, w->free[1], headers, n, body, n_body, &response, &error) != MK_OK) {
        code = say_error(&error);
        mk_error_clear(&error);
        return code;
    }
    const char *answer = mk_response_body(response, &n);
    int status = mk_response_status(response);
    if (flags_has(w, "include") || strcmp(method, "HEAD") == 0) /* which has nothing else */
        show_head(response);
    out_bytes(answer, n);
    if (n > 0 && answer[n - 1] != '\n')
        out_text("\n");
    mk_response_free(response);
    return status >= 500 ? EXIT_SERVER : status >= 400 ? EXIT_REFUSED : EXIT_GOOD;
}

static int check(const struct words *w, const char **ret_method) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    if (w->n_free != 2) {
        if (w->n_free < 2)
            say(T(WORD_MISSING), w->n_free == 0 ? T(METHOD_WORD) : T(PATH_WORD));
        else
            say(T(WORD_TOO_MANY), screen_safe(w->free[2], strlen(w->free[2]), 60, false));
        return EXIT_USAGE;
    }
    if (w->free[1][0] != '/') {
        say("%s", T(BAD_PATH));
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcasecmp(methods[i], w->free[0]) == 0) {
            *ret_method = methods[i];
            return EXIT_GOOD;
        }
    say(T(BAD_METHOD), screen_safe(w->free[0], strlen(w->free[0]), 60, false));
    return EXIT_USAGE;
}

int api_run(int n, char **words) {
    const struct flag *tables[] = {api_flags, flags_global};
    const char *method = NULL, *body = NULL;
    size_t n_body = 0;
    struct words w;
    struct config config;
    mk_client *client;
    int code = flags_read(n, words, tables, 2, &w);
    if (code == EXIT_GOOD && flags_has(&w, "help")) {
        help_command(command_find("api"));
        return out_finish(true);
    }
    out_quiet |= code == EXIT_GOOD && flags_has(&w, "quiet");
    if (code == EXIT_GOOD)
        code = check(&w, &method);
    if (code == EXIT_GOOD && flags_has(&w, "body-file") &&
        (body = file_read(flags_value(&w, "body-file"), BODY_MAX, &n_body)) == NULL)
        code = EXIT_OTHER;
    if (code == EXIT_GOOD)
        code = config_read(&w, &config);
    if (code == EXIT_GOOD)
        code = client_open(&w, &config, &client);
    if (code != EXIT_GOOD)
        return code;
    code = out_open(flags_value(&w, "output")) ? run(client, &w, method, body, n_body) : EXIT_OTHER;
    mk_client_destroy(client);
    int written = out_finish(code == EXIT_GOOD);
    return code == EXIT_GOOD ? written : code;
}
