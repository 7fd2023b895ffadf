/* Where the server is and who asks: flags, then the environment, then the configuration file.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_MAX 8192 /* what the server takes */

const char *config_path(void) {
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (folder != NULL && folder[0] == '/')
        return pool_format("%s/medkoord/config", folder);
    return home == NULL || home[0] == '\0' ? NULL : pool_format("%s/.config/medkoord/config", home);
}

static char *trim(char *p) {
    p += strspn(p, " \t\r\n");
    size_t n = strlen(p);
    while (n > 0 && strchr(" \t\r\n", p[n - 1]) != NULL)
        p[--n] = '\0';
    return p;
}

/* Printable and without spaces: fit for a header. */
bool token_is_sound(const char *token) {
    size_t n = strlen(token);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)token[i] <= 0x20 || (unsigned char)token[i] >= 0x7f)
            return false;
    return n > 0 && n <= TOKEN_MAX;
}

/* `own`: nobody else may be able to read it. Otherwise that is only said. */
int config_read_token_file(const char *path, bool own, const char **ret_token) {
    struct stat there;
    if (strcmp(path, "-") != 0 && stat(path, &there) == 0 && S_ISREG(there.st_mode) && (there.st_mode & 077) != 0) {
        if (own) {
            say(T(CONFIG_OPEN), path, path);
            return EXIT_USAGE;
        }
        warn(T(TOKEN_OPEN), path);
    }
    char *text = file_read(path, TOKEN_MAX + 64, NULL);
    if (text == NULL)
        return EXIT_USAGE;
    text = trim(text);
    if (!token_is_sound(text)) {
        say(T(TOKEN_FORM), path);
        return EXIT_USAGE;
    }
    *ret_token = text;
    return EXIT_GOOD;
}

static int read_lines(const char *path, FILE *file, struct config *ret) {
    char line[TOKEN_MAX + 1024];
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        char *p = trim(line), *equals = strchr(p, '=');
        if (*p == '\0' || *p == '#')
            continue;
        if (equals != NULL)
            *equals = '\0';
        const char *name = trim(p), *value = equals == NULL ? NULL : trim(equals + 1);
        if (value != NULL && strcmp(name, "url") == 0) {
            ret->url = pool_text(value, strlen(value));
        } else if (value != NULL && strcmp(name, "token") == 0) {
            ret->token = pool_text(value, strlen(value));
        } else {
            say(T(CONFIG_LINE), path, number);
            return EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

static int read_file(const char *path, struct config *ret) {
    struct stat there;
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    int code = EXIT_GOOD;
    if (file == NULL) {
        if (path == NULL || errno == ENOENT || errno == ENOTDIR)
            return EXIT_GOOD;
        say(T(CANNOT_READ), path, strerror(errno));
        return EXIT_USAGE;
    }
    if (fstat(fileno(file), &there) != 0 || (there.st_mode & 077) != 0) {
        say(T(CONFIG_OPEN), path, path);
        code = EXIT_USAGE;
    } else if (there.st_uid != geteuid()) {
        say(T(CONFIG_OWNER), path);
        code = EXIT_USAGE;
    } else {
        code = read_lines(path, file, ret);
    }
    fclose(file);
    return code;
}

static const char *from_environment(const char *name) {
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool same_server(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    while (n > 0 && a[n - 1] == '/')
        n--;
    while (m > 0 && b[m - 1] == '/')
        m--;
    return n == m && strncasecmp(a, b, n) == 0;
}

static int find_token(const struct words *w, const struct config *file, struct config *c) {
    const char *path = flags_value(w, "token-file"), *token = from_environment("MEDKOORD_TOKEN");
    if (path == NULL && token != NULL) {
        c->token = token;
        c->token_from = "MEDKOORD_TOKEN";
        if (token_is_sound(token))
            return EXIT_GOOD;
        say(T(TOKEN_FORM), "MEDKOORD_TOKEN");
        return EXIT_USAGE;
    }
    if (path == NULL)
        path = from_environment("MEDKOORD_TOKEN_FILE");
    if (path != NULL) {
        c->token_from = path;
        return config_read_token_file(path, false, &c->token);
    }
    if (file->token == NULL)
        return EXIT_GOOD;
    if (file->url != NULL && c->url != NULL && !same_server(file->url, c->url)) {
        warn(T(OTHER_SERVER), c->path, file->url, c->url);
        return EXIT_GOOD;
    }
    if (!token_is_sound(file->token)) {
        say(T(TOKEN_FORM), c->path);
        return EXIT_USAGE;
    }
    c->token = file->token;
    c->token_from = c->path;
    return EXIT_GOOD;
}

int config_read(const struct words *w, struct config *ret_config) {
    struct config c = {.path = config_path()}, file = {0};
    const char *from = flags_value(w, "token-file"), *body = flags_value(w, "body-file");
    bool data = (body != NULL && strcmp(body, "-") == 0) || (w->n_free == 1 && strcmp(w->free[0], "-") == 0);
    if (from != NULL && strcmp(from, "-") == 0 && data) {
        say("%s", T(ONE_INPUT));
        return EXIT_USAGE;
    }
    c.url = flags_value(w, "url");
    if (c.url == NULL)
        c.url = from_environment("MEDKOORD_URL");
    /* What is complete without the file is not held up by one that is wrong. */
    bool needed =
        c.url == NULL || (flags_value(w, "token-file") == NULL && from_environment("MEDKOORD_TOKEN") == NULL &&
                          from_environment("MEDKOORD_TOKEN_FILE") == NULL);
    int code = needed ? read_file(c.path, &file) : EXIT_GOOD;
    if (code == EXIT_GOOD)
        code = find_token(w, &file, &c);
    if (code != EXIT_GOOD)
        return code;
    if (c.url == NULL)
        c.url = file.url;
    if (c.url == NULL) {
        say("%s", T(NO_URL));
        return EXIT_USAGE;
    }
    *ret_config = c;
    return EXIT_GOOD;
}

/* ---- the handle ---- */

/* The whole host: localhost.example is any other. */
static bool stays_here(const char *url) {
    const char *p = url + strlen("http://");
    size_t n = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/");
    const char *host = pool_text(p, strnlen(p, n));
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static void log_line(void *user, enum mk_log_level level, const char *line) {
    bool verbose = *(bool *)user;
    (void)level;
    if (verbose)
        warn("%s", screen_safe(line, strlen(line), 0, false));
}

int client_open(const struct words *w, const struct config *c, mk_client **ret_client) {
    static bool verbose;
    mk_client_options options = {.size = sizeof options,
                                 .url = c->url,
                                 .token = c->token,
                                 .user_agent = "medkoord-cli/" MK_VERSION,
                                 .language = texts_danish() ? "da" : "en",
                                 .ca_file = flags_value(w, "ca-file"),
                                 .proxy = flags_value(w, "proxy"),
                                 .log = log_line,
                                 .log_user = &verbose};
    mk_error error = MK_ERROR_INIT;
    const char *seconds = flags_value(w, "timeout");
    verbose = flags_has(w, "verbose");
    if (seconds != NULL) {
        double value = mk_decimal_to_double(seconds);
        if (seconds[0] == '\0' || seconds[strspn(seconds, "0123456789.")] != '\0' || !(value > 0 && value < 1e9)) {
            say(T(BAD_SECONDS), screen_safe(seconds, strlen(seconds), 40, false));
            return EXIT_USAGE;
        }
        options.timeout_ms = (int64_t)(value * 1000);
        options.connect_timeout_ms = options.timeout_ms < 10000 ? options.timeout_ms : 0;
    }
    if (mk_client_create(&options, ret_client, &error) == MK_OK) {
        if (c->token != NULL && strncasecmp(c->url, "http://", 7) == 0 && !stays_here(c->url))
            warn(T(TOKEN_PLAIN), screen_safe(c->url, strlen(c->url), 0, false));
        return EXIT_GOOD;
    }
    int code = exit_of(error.code);
    if (error.code ==
        MK_ERR_ARGUMENT) /* token and times are checked: what is left is the URL, where a password may be */
        say("%s", T(BAD_URL));
    else
        (void)say_error(&error);
    mk_error_clear(&error);
    return code;
}
