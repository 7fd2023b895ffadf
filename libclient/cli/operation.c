/* Any operation of the contract: its flags to a call, its answer to a table, JSON or CSV.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct cli_operation *operation_find(const char *group, const char *verb, size_t n) {
    for (const struct cli_operation *op = cli_operations; op->name != NULL; op++)
        if (strcmp(op->group, group) == 0 && strlen(op->verb) == n && strncmp(op->verb, verb, n) == 0)
            return op;
    return NULL;
}

/* ---- flags ---- */

char *operation_flag_of(const char *parameter) {
    char *flag = pool_text(parameter, strlen(parameter));
    for (char *p = flag; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p;
    return flag;
}

bool operation_parameter_is_flag(const mk_parameter *p) {
    return strcmp(p->in, "path") != 0 && strcmp(p->name, "Accept-Language") != 0 &&
           strcmp(p->name, "X-Request-Id") != 0;
}

static const char *metavar_of(const char *type, const char *format, const char *const *values) {
    if (values != NULL)
        return "CHOICE";
    if (format != NULL && strcmp(format, "month") == 0)
        return "YYYY-MM";
    if (format != NULL && strcmp(format, "date") == 0)
        return "YYYY-MM-DD";
    if (format != NULL && strcmp(format, "uuid") == 0)
        return "UUID";
    return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0 ? "N" : "TEXT";
}

static const char *const truths[] = {"true", "false", NULL};

static struct flag member_flag(const struct cli_member *m) {
    static const char *const types[] = {"string", "integer", "number", "boolean", "string", "string", "string"};
    struct flag f = {.name = m->flag,
                     .help = m->description,
                     .values = m->values,
                     .nullable = m->nullable,
                     .required = m->required,
                     .metavar = metavar_of(types[m->kind], m->format, m->values)};
    if (m->kind == MEMBER_BOOLEAN) {
        f.metavar = "true|false";
        f.values = truths;
        f.optional = true;
    } else if (m->kind == MEMBER_OBJECTS) {
        f.metavar = "NAME=VALUE,...";
    } else if (m->kind == MEMBER_JSON) {
        f.metavar = "JSON";
    }
    if (m->values != NULL && (m->kind == MEMBER_INTEGER || m->kind == MEMBER_NUMBER))
        f.values = NULL;
    return f;
}

struct flag *operation_flags(const struct cli_operation *op) {
    const mk_operation *mk = mk_operation_find(op->name);
    size_t n = 4, i = 0;
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++)
        n++;
    for (const struct cli_member *m = op->members; m->path != NULL; m++)
        n++;
    struct flag *flags = pool_alloc(n * sizeof *flags);
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++) {
        if (!operation_parameter_is_flag(*p))
            continue;
        bool truth = strcmp((*p)->type, "boolean") == 0;
        flags[i++] = (struct flag){.name = operation_flag_of((*p)->name),
                                   .help = (*p)->description,
                                   .optional = truth,
                                   .metavar = truth ? "true|false" : metavar_of((*p)->type, (*p)->format, (*p)->values),
                                   .values = truth ? truths : (*p)->values,
                                   .required = (*p)->required && strcmp((*p)->in, "query") == 0};
    }
    for (const struct cli_member *m = op->members; m->path != NULL; m++)
        flags[i++] = member_flag(m);
    if (mk->consumes[0] != NULL)
        flags[i++] = (struct flag){.name = "body-file", .metavar = "FILE", .text = TEXT_HELP_BODY, .file = true};
    if (mk->streams)
        flags[i++] = (struct flag){
            .name = "content-type", .metavar = "TYPE", .text = TEXT_HELP_CONTENT_TYPE, .values = mk->consumes};
    if (mk->produces[0] != NULL && mk->produces[1] != NULL)
        flags[i++] =
            (struct flag){.name = "accept", .metavar = "TYPE", .text = TEXT_HELP_ACCEPT, .values = mk->produces};
    return flags;
}

/* ---- calls ---- */

static size_t arguments_of(const mk_operation *mk, const char *const *path, const struct words *w, mk_argument *to) {
    size_t n = 0;
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++) {
        if (strcmp((*p)->in, "path") == 0) {
            to[n++] = (mk_argument){(*p)->name, *path++};
        } else if (operation_parameter_is_flag(*p)) {
            const char *flag = operation_flag_of((*p)->name), *value = flags_value(w, flag);
            if (flags_has(w, flag))
                to[n++] = (mk_argument){(*p)->name, value == NULL ? "true" : value};
        }
    }
    return n;
}

int operation_strange(mk_error *error) {
    mk_error_clear(error);
    error->code = MK_ERR_PROTOCOL;
    (void)snprintf(error->message, sizeof error->message, "%s", T(STRANGE_ANSWER));
    return MK_ERR_PROTOCOL;
}

const struct mk_json *operation_answer(const mk_operation *mk, const mk_response *response) {
    size_t n;
    const char *body = mk_response_body(response, &n);
    const struct mk_json *answer = tree_read(body, n), *items = tree_get(answer, "items");
    bool good = answer != NULL && answer->kind == MK_JSON_OBJECT &&
                (!mk->is_list || (items != NULL && items->kind == MK_JSON_ARRAY));
    return good ? answer : NULL;
}

int operation_call(mk_client *client, const char *name, const char *const *path, const struct words *w,
                   const struct mk_json **ret_answer, mk_response **ret_response, mk_error *error) {
    const mk_operation *mk = mk_operation_find(name);
    mk_argument *arguments = arguments_room(mk);
    int code = mk_call(client, mk, arguments, arguments_of(mk, path, w, arguments), NULL, NULL, ret_response, error);
    *ret_answer = code == MK_OK ? operation_answer(mk, *ret_response) : NULL;
    return code == MK_OK && *ret_answer == NULL ? operation_strange(error) : code;
}

int operation_sink(mk_client *client, const char *name, const char *const *path, const struct words *w,
                   const char *accept, mk_error *error) {
    const mk_operation *mk = mk_operation_find(name);
    mk_argument *arguments = arguments_room(mk);
    mk_sink sink = out_sink();
    return mk_call_to_sink(client, mk, arguments, arguments_of(mk, path, w, arguments), accept, &sink, error);
}

/* ---- what comes back ---- */

static int show_answer(const struct cli_operation *op, const mk_operation *mk, const struct words *w,
                       const mk_response *response, mk_error *error) {
    size_t n;
    const char *body = mk_response_body(response, &n), *etag = mk_response_header(response, "ETag");
    const struct mk_json *answer = operation_answer(mk, response);
    if (n == 0 && (mk_response_status(response) == 204 || mk->produces[0] == NULL)) {
        warn("%s", T(DONE));
    } else if (answer == NULL) {
        return operation_strange(error);
    } else if (flags_has(w, "json") || op->columns[0] == NULL) {
        show_json(body, n, answer);
    } else if (flags_has(w, "csv")) {
        show_csv_head(op->columns);
        show_csv_row(answer, op->columns);
    } else {
        show_object(answer, "");
        if (etag != NULL && !flags_has(w, "quiet"))
            warn("ETag: %s", screen_safe(etag, strlen(etag), 0, false));
    }
    return MK_OK;
}

static bool produces(const mk_operation *mk, const char *type) {
    for (const char *const *p = mk->produces; *p != NULL; p++)
        if (strcmp(*p, type) == 0)
            return true;
    return false;
}

/* ---- a stream that goes out ---- */

static const char *guess_type(const char *path) {
    static const char *const endings[] = {".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz"};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (n > strlen(endings[i]) && strcmp(path + n - strlen(endings[i]), endings[i]) == 0)
            return "application/x-ndjson";
    return "text/csv";
}

static int send_stream(mk_client *client, const mk_operation *mk, const mk_argument *arguments, size_t n,
                       const struct words *w, mk_error *error, int *ret_exit) {
    const char *path = flags_value(w, "body-file"), *type = flags_value(w, "content-type");
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    mk_source source = {.size = sizeof source};
    void *result = NULL;
    if (file == NULL) {
        say(T(CANNOT_READ), path, strerror(errno));
        *ret_exit = EXIT_OTHER;
        return MK_ERR_FILE;
    }
    int code = mk_source_from_file(&source, file), first = getc(file);
    if (first != EOF)
        ungetc(first, file);
    source.media_type = type != NULL ? type : first == '{' ? "application/x-ndjson" : guess_type(path);
    source.gzipped = first == 0x1f; /* no text begins so */
    if (code == MK_OK)
        code = mk_call_from_source(client, mk, arguments, n, &source, &result, error);
    if (!standard)
        fclose(file);
    if (code != MK_OK)
        return code;
    size_t n_json;
    const char *json = mk_result_json(result, &n_json);
    const struct mk_json *answer = tree_read(json, n_json);
    if (flags_has(w, "json") || answer == NULL)
        show_json(json, n_json, answer);
    else
        show_object(answer, "");
    mk_result_free(result);
    return MK_OK;
}

/* ---- all of it ---- */

static int run(mk_client *client, const struct cli_operation *op, const mk_operation *mk, const struct words *w,
               const char *body) {
    mk_argument *arguments = arguments_room(mk);
    size_t n = arguments_of(mk, w->free, w, arguments);
    mk_error error = MK_ERROR_INIT;
    mk_response *response = NULL;
    const char *accept = flags_value(w, "accept");
    bool csv = flags_has(w, "csv");
    int code, result = EXIT_GOOD;
    if (csv && accept == NULL && produces(mk, "text/csv"))
        accept = "text/csv";
    if (accept == NULL && mk->produces[0] != NULL && strstr(mk->produces[0], "json") == NULL)
        accept = mk->produces[0];
    if (mk->streams) {
        code = send_stream(client, mk, arguments, n, w, &error, &result);
    } else if (accept != NULL && strcmp(accept, "application/json") != 0) {
        mk_sink sink = out_sink();
        code = mk_call_to_sink(client, mk, arguments, n, accept, &sink, &error);
    } else if (mk->is_list) {
        code = list_show(client, op, arguments, n, flags_has(w, "json"), csv, &error);
    } else {
        code = mk_call(client, mk, arguments, n, body, accept, &response, &error);
        if (code == MK_OK)
            code = show_answer(op, mk, w, response, &error);
        mk_response_free(response);
    }
    if (code != MK_OK && result == EXIT_GOOD)
        result = say_error(&error);
    mk_error_clear(&error);
    return result;
}

static int check_words(const struct cli_operation *op, const mk_operation *mk, const struct words *w,
                       const struct flag *flags) {
    size_t n = 0;
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++) {
        if (strcmp((*p)->in, "path") != 0)
            continue;
        if (n == w->n_free) {
            say(T(WORD_MISSING), (*p)->name);
            warn(T(SEE_HELP), pool_format("medkoord %s %s", op->group, op->verb));
            return EXIT_USAGE;
        }
        n++;
    }
    if (w->n_free > n) {
        say(T(WORD_TOO_MANY), screen_safe(w->free[n], strlen(w->free[n]), 60, false));
        return EXIT_USAGE;
    }
    if (flags_has(w, "json") && flags_has(w, "csv")) {
        say(T(FLAGS_TOGETHER), "json", "csv");
        return EXIT_USAGE;
    }
    if (mk->streams && flags_value(w, "body-file") == NULL) {
        say("%s", T(BODY_MISSING));
        return EXIT_USAGE;
    }
    for (const struct flag *f = flags; f->name != NULL; f++) {
        bool member = false;
        for (const struct cli_member *m = op->members; m->path != NULL; m++)
            member |= strcmp(m->flag, f->name) == 0;
        if (f->required && !member && !flags_has(w, f->name)) {
            say(T(FLAG_MISSING), f->name);
            return EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

int operation_run(const struct cli_operation *op, int n, char **words) {
    const mk_operation *mk = mk_operation_find(op->name);
    const struct flag *flags = operation_flags(op), *tables[] = {flags, flags_global};
    struct words w;
    struct config config;
    const char *body = NULL;
    mk_client *client;
    int code = flags_read(n, words, tables, 2, &w);
    if (code == EXIT_GOOD && flags_has(&w, "help")) {
        help_operation(op);
        return out_finish(true);
    }
    out_quiet |= code == EXIT_GOOD && flags_has(&w, "quiet");
    if (code == EXIT_GOOD)
        code = check_words(op, mk, &w, flags);
    if (code == EXIT_GOOD && !mk->streams)
        code = body_make(op, &w, &body);
    if (code == EXIT_GOOD)
        code = config_read(&w, &config);
    if (code == EXIT_GOOD && mk->authorized && config.token == NULL) {
        say("%s", T(NO_TOKEN));
        code = EXIT_USAGE;
    }
    if (code == EXIT_GOOD)
        code = client_open(&w, &config, &client);
    if (code != EXIT_GOOD)
        return code;
    code = out_open(flags_value(&w, "output")) ? run(client, op, mk, &w, body) : EXIT_OTHER;
    mk_client_destroy(client);
    int written = out_finish(code == EXIT_GOOD);
    return code == EXIT_GOOD ? written : code;
}
