/* Configuration: defaults, a file, the environment; one table says everything about every option.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_ADDRESS, OPTION_LEVEL };
struct option {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *fallback;  /* NULL: unset */
    long minimum, maximum; /* of a number */
    const char *help;
};
#define TEXT(field, fallback, help)                                                                                    \
    { #field, OPTION_TEXT, offsetof(struct conf, field), fallback, 0, 0, help }
#define NUMBER(field, fallback, least, most, help)                                                                     \
    { #field, OPTION_NUMBER, offsetof(struct conf, field), fallback, least, most, help }

static const struct option options[] = {
    {"listen_address", OPTION_ADDRESS, offsetof(struct conf, listen_address), "127.0.0.1", 0, 0,
     "IPv4 or IPv6 address to listen on"},
    NUMBER(port, "8080", 0, 65535, "TCP port; 0 takes a free one"),
    TEXT(port_file, NULL, "file that the port is written to once it is open"),
    NUMBER(loops, "0", 0, 256, "event loops, each a thread; 0: one a core"),
    TEXT(database, "dbname=medkoord user=medkoord_server", "libpq connection string of the server's own role"),
    TEXT(migrate_database, "dbname=medkoord user=medkoord_migrator",
         "libpq connection string of a role that may become medkoord_owner"),
    TEXT(jwks, NULL, "public keys of the token issuer: a JWKS file or https URL"),
    TEXT(issuer, "medkoord-development", "what a token's iss must be"),
    TEXT(audience, "medkoord", "what a token's aud must be or contain"),
    NUMBER(token_leeway_s, "30", 0, 300, "how far clocks may differ when a token's times are checked, seconds"),
    NUMBER(jwks_refresh_s, "300", 10, 86400, "how often the keys are read again, seconds"),
    NUMBER(fast_connections, "1", 1, 16, "database connections for short reads, of each loop"),
    NUMBER(heavy_connections, "1", 1, 16, "database connections for long reads, of each loop"),
    NUMBER(write_connections, "2", 1, 16, "database connections for writes, of each loop"),
    NUMBER(stream_connections, "2", 1, 64, "database connections for uploads, and as many for exports, of each loop"),
    NUMBER(fast_deadline_ms, "5000", 10, 600000, "how long a short read may take, milliseconds"),
    NUMBER(heavy_deadline_ms, "30000", 10, 3600000, "how long a long read may take, milliseconds"),
    NUMBER(write_deadline_ms, "15000", 10, 3600000, "how long a write may take, milliseconds"),
    NUMBER(stream_idle_ms, "60000", 100, 3600000, "how long an upload or export may stand still, milliseconds"),
    NUMBER(stop_deadline_ms, "30000", 0, 3600000, "how long requests in flight may finish after SIGTERM, milliseconds"),
    NUMBER(head_deadline_ms, "10000", 100, 600000, "how long a request's head may take to arrive, milliseconds"),
    NUMBER(body_deadline_ms, "30000", 100, 600000, "how long a request's JSON body may take to arrive, milliseconds"),
    NUMBER(max_connections, "1000", 1, 100000, "client connections, of each loop"),
    {"log_level", OPTION_LEVEL, offsetof(struct conf, log_level), "info", 0, 0, "debug, info, warning or error"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

#define PREFIX "MEDKOORD_"
/* Variables of the same family that other programs read. */
static const char *const not_ours[] = {PREFIX "STATE", PREFIX "URL", PREFIX "TOKEN", PREFIX "TOKEN_FILE"};

static char **text_of(struct conf *conf, const struct option *option) {
    return (char **)((char *)conf + option->offset);
}

static long *number_of(struct conf *conf, const struct option *option) {
    return (long *)((char *)conf + option->offset);
}

static const struct option *find_option(const char *name) {
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

/* PORT for port: how an option is called in the environment. */
static void environment_name(const struct option *option, char *ret, size_t n) {
    snprintf(ret, n, PREFIX "%s", option->name);
    for (char *c = ret; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
}

/* ---- near misses ---- */

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The number of letters to add, drop or change to come from one name to the other (Levenshtein). */
static size_t distance(const char *a, const char *b) {
    size_t row[64], n = strlen(b);
    assert(n < sizeof row / sizeof *row); /* b is an option's name */
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t changed = diagonal + (tolower((unsigned char)a[i]) != tolower((unsigned char)b[j]));
            diagonal = row[j + 1];
            row[j + 1] = least(changed, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[n];
}

static const struct option *nearest_option(const char *name) {
    const struct option *best = NULL;
    size_t best_distance = 0;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        size_t d = distance(name, options[i].name);
        if (d <= strlen(options[i].name) / 3 + 1 && (best == NULL || d < best_distance)) {
            best = &options[i];
            best_distance = d;
        }
    }
    return best;
}

/* ---- values ---- */

/* What is wrong with the value goes to err behind where; the option is untouched then. */
static bool set_number(struct conf *conf, const struct option *option, const char *value, const char *where,
                       FILE *err) {
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    bool plain = isdigit((unsigned char)value[0]) || (value[0] == '-' && isdigit((unsigned char)value[1]));
    if (!plain || *end != '\0') {
        fprintf(err, "%s: '%s' is not a whole number\n", where, value);
        return false;
    }
    if (errno == ERANGE || number < option->minimum || number > option->maximum) {
        fprintf(err, "%s: %s is outside %ld to %ld\n", where, value, option->minimum, option->maximum);
        return false;
    }
    *number_of(conf, option) = number;
    return true;
}

static bool check_text(const struct option *option, const char *value, const char *where, FILE *err) {
    struct in6_addr address;
    enum log_level level;
    if (value[0] == '\0') {
        fprintf(err, "%s: has no value; leave the option out for its default\n", where);
        return false;
    }
    for (const char *c = value; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c)) {
            fprintf(err, "%s: the value has a control character\n", where);
            return false;
        }
    if (option->type == OPTION_ADDRESS && inet_pton(AF_INET, value, &address) != 1 &&
        inet_pton(AF_INET6, value, &address) != 1) {
        fprintf(err, "%s: '%s' is not an IPv4 or IPv6 address\n", where, value);
        return false;
    }
    if (option->type == OPTION_LEVEL && !log_level_from_name(value, &level)) {
        fprintf(err, "%s: '%s' is not one of %s\n", where, value, option->help);
        return false;
    }
    return true;
}

static bool set_option(struct conf *conf, const struct option *option, const char *value, const char *where,
                       FILE *err) {
    if (option->type == OPTION_NUMBER)
        return set_number(conf, option, value, where, err);
    if (!check_text(option, value, where, err))
        return false;
    char *copy = strdup(value);
    if (copy == NULL) {
        fprintf(err, "%s: memory ran out\n", where);
        return false;
    }
    free(*text_of(conf, option));
    *text_of(conf, option) = copy;
    return true;
}

/* ---- the file ---- */

static char *trim(char *text) {
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* A value in double quotes is taken as it stands between them, with \" and \\ ; without, it ends before white space and
 * '#'. NULL when the quotes do not match. */
static char *read_value(char *text) {
    if (*text != '"') {
        char *comment = strchr(text, '#');
        while (comment != NULL && comment != text && !isspace((unsigned char)comment[-1]))
            comment = strchr(comment + 1, '#');
        if (comment != NULL)
            *comment = '\0';
        return trim(text);
    }
    char *out = ++text, *value = text;
    while (*text != '\0' && *text != '"') {
        if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
            text++;
        *out++ = *text++;
    }
    if (*text != '"')
        return NULL;
    char *rest = trim(text + 1);
    *out = '\0';
    return *rest == '\0' || *rest == '#' ? value : NULL;
}

static bool read_line(struct conf *conf, char *line, size_t number, size_t seen[], const char *file, FILE *err) {
    char where[256];
    snprintf(where, sizeof where, "%s:%zu", file, number);
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return true;
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        fprintf(err, "%s: '%.60s' is not 'option = value'\n", where, line);
        return false;
    }
    *equals = '\0';
    char *name = trim(line), *value = read_value(trim(equals + 1));
    const struct option *option = find_option(name);
    if (option == NULL) {
        const struct option *near = nearest_option(name);
        fprintf(err, "%s: unknown option '%.60s'%s%s%s\n", where, name, near ? "; did you mean '" : "",
                near ? near->name : "", near ? "'?" : "");
        return false;
    }
    snprintf(where, sizeof where, "%s:%zu: %s", file, number, name);
    if (value == NULL) {
        fprintf(err, "%s: the quotes do not match\n", where);
        return false;
    }
    size_t *first = &seen[option - options];
    if (*first != 0) {
        fprintf(err, "%s: is given twice, first on line %zu\n", where, *first);
        return false;
    }
    *first = number;
    return set_option(conf, option, value, where, err);
}

static bool read_file(struct conf *conf, const char *file, FILE *err) {
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        fprintf(err, "%s: %s\n", file, strerror(errno));
        return false;
    }
    size_t seen[N_OPTIONS] = {0}, capacity = 0, number = 0;
    char *line = NULL;
    ssize_t n;
    bool good = true;
    while ((n = getline(&line, &capacity, in)) >= 0) {
        number++;
        if (strlen(line) != (size_t)n) {
            fprintf(err, "%s:%zu: holds a NUL byte; is this a text file?\n", file, number);
            good = false;
            break;
        }
        good = read_line(conf, line, number, seen, file, err) && good;
    }
    if (ferror(in)) {
        fprintf(err, "%s: %s\n", file, strerror(errno));
        good = false;
    }
    free(line);
    fclose(in);
    return good;
}

/* ---- the environment ---- */

static bool is_not_ours(const char *name) {
    for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
        if (strcmp(name, not_ours[i]) == 0)
            return true;
    return false;
}

static bool read_variable(struct conf *conf, const char *name, const char *value, FILE *err) {
    char ours[64];
    for (size_t i = 0; i < N_OPTIONS; i++) {
        environment_name(&options[i], ours, sizeof ours);
        if (strcmp(name, ours) == 0)
            return set_option(conf, &options[i], value, name, err);
    }
    if (is_not_ours(name))
        return true;
    const struct option *near = nearest_option(name + strlen(PREFIX));
    if (near != NULL)
        environment_name(near, ours, sizeof ours);
    fprintf(err, "%s: unknown option in the environment%s%s%s\n", name, near ? "; did you mean " : "", near ? ours : "",
            near ? "?" : "");
    return false;
}

static bool read_environment(struct conf *conf, FILE *err) {
    bool good = true;
    for (char **entry = environ; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (strncmp(*entry, PREFIX, strlen(PREFIX)) != 0 || equals == NULL)
            continue;
        char *name = strndup(*entry, (size_t)(equals - *entry));
        if (name == NULL) {
            fprintf(err, "the environment: memory ran out\n");
            return false;
        }
        good = read_variable(conf, name, equals + 1, err) && good;
        free(name);
    }
    return good;
}

bool conf_load(struct conf *ret_conf, const char *file, FILE *err) {
    struct conf conf = {0};
    bool good = true;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].fallback != NULL)
            good = set_option(&conf, &options[i], options[i].fallback, options[i].name, err) && good;
    if (file != NULL)
        good = read_file(&conf, file, err) && good;
    good = read_environment(&conf, err) && good;
    if (!good) {
        conf_free(&conf);
        return false;
    }
    *ret_conf = conf;
    return true;
}

void conf_free(struct conf *conf) {
    if (conf == NULL)
        return;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].type != OPTION_NUMBER)
            free(*text_of(conf, &options[i]));
    *conf = (struct conf){0};
}

void conf_print_options(FILE *out) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char ours[64];
        environment_name(&options[i], ours, sizeof ours);
        fprintf(out, "  %-19s %s\n", options[i].name, options[i].help);
        fprintf(out, "  %-19s %s", "", ours);
        if (options[i].type == OPTION_NUMBER)
            fprintf(out, ", %ld to %ld", options[i].minimum, options[i].maximum);
        fprintf(out, ", %s%s\n", options[i].fallback != NULL ? "default " : "no default",
                options[i].fallback != NULL ? options[i].fallback : "");
    }
}
