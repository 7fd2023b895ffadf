/* medkoord login: keeps where the server is and the token, for nobody else to read.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define TOKEN_ROOM 8300

const struct flag login_flags[] = {{.name = "no-check", .text = TEXT_HELP_UNCHECKED}, {0}};

/* From the terminal, not shown. What a terminal takes of a line ends at 4096 bytes, so it is read byte by byte. */
static const char *ask_token(void) {
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, silent;
    static char token[TOKEN_ROOM];
    size_t n = 0;
    char c;
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            close(fd);
        say("%s", T(TOKEN_ASK_IMPOSSIBLE));
        return NULL;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    signals_catch();
    tcsetattr(fd, TCSAFLUSH, &silent);
    (void)!write(fd, T(ASK_TOKEN), strlen(T(ASK_TOKEN)));
    while (n < sizeof token - 1 && signals_caught() == 0 && read(fd, &c, 1) == 1 && c != '\n' && c != '\r' && c != 4) {
        if (c == 0x7f || c == '\b')
            n -= n > 0;
        else
            token[n++] = c;
    }
    tcsetattr(fd, TCSAFLUSH, &before);
    (void)!write(fd, "\n", 1);
    close(fd);
    token[n] = '\0';
    if (signals_caught() != 0)
        return NULL;
    char *start = token + strspn(token, " \t");
    if (token_is_sound(start))
        return start;
    say(T(TOKEN_FORM), "/dev/tty");
    return NULL;
}

static int check_token(const struct words *w, const struct config *c) {
    static const struct words none;
    mk_client *client;
    const struct mk_json *answer;
    mk_response *response = NULL;
    mk_error error = MK_ERROR_INIT;
    int code = client_open(w, c, &client);
    if (code != EXIT_GOOD)
        return code;
    if (operation_call(client, "list_regions", NULL, &none, &answer, &response, &error) != MK_OK)
        code = say_error(&error);
    mk_response_free(response);
    mk_error_clear(&error);
    mk_client_destroy(client);
    return code;
}

/* The folders of a path, for the user alone where they are new. */
static void make_folders(const char *path) {
    for (const char *p = path + 1; (p = strchr(p, '/')) != NULL; p++)
        (void)mkdir(pool_text(path, (size_t)(p - path)), 0700);
}

static int keep(const struct config *c) {
    if (c->path == NULL) {
        say(T(CANNOT_WRITE), "~/.config/medkoord/config", "HOME?");
        return EXIT_OTHER;
    }
    make_folders(c->path);
    const char *text = pool_format("url = %s\ntoken = %s\n", c->url, c->token);
    if (!file_write(c->path, 0600, true, text, strlen(text)))
        return EXIT_OTHER;
    warn(T(LOGGED_IN), c->path);
    return EXIT_GOOD;
}

/* The URL: of the flag, the environment, or what was kept before. */
static int find_url(const struct words *w, struct config *c) {
    struct words only = *w;
    struct config before;
    c->path = config_path();
    c->url = flags_value(w, "url") != NULL ? flags_value(w, "url") : getenv("MEDKOORD_URL");
    if (c->url == NULL || c->url[0] == '\0') {
        only.n_given = 0;
        int code = config_read(&only, &before);
        if (code != EXIT_GOOD)
            return code;
        c->url = before.url;
    }
    if (c->url != NULL && c->url[strcspn(c->url, " \t\r\n")] == '\0')
        return EXIT_GOOD;
    say("%s", T(NO_URL));
    return EXIT_USAGE;
}

int login_run(int n, char **words) {
    const struct flag *tables[] = {login_flags, flags_global};
    struct words w;
    struct config c = {0};
    int code = flags_read(n, words, tables, 2, &w);
    if (code == EXIT_GOOD && flags_has(&w, "help")) {
        help_command(command_find("login"));
        return out_finish(true);
    }
    out_quiet |= code == EXIT_GOOD && flags_has(&w, "quiet");
    if (code == EXIT_GOOD && w.n_free > 0) {
        say(T(WORD_TOO_MANY), screen_safe(w.free[0], strlen(w.free[0]), 8, false)); /* it could be a token */
        code = EXIT_USAGE;
    }
    if (code == EXIT_GOOD)
        code = find_url(&w, &c);
    if (code != EXIT_GOOD)
        return code;
    const char *file = flags_value(&w, "token-file");
    file = file == NULL && !isatty(STDIN_FILENO) ? "-" : file;
    if (file != NULL)
        code = config_read_token_file(file, false, &c.token);
    else if ((c.token = ask_token()) == NULL)
        code = signals_caught() != 0 ? EXIT_SIGNAL + signals_caught() : EXIT_USAGE;
    if (code == EXIT_GOOD && !flags_has(&w, "no-check"))
        code = check_token(&w, &c);
    return code == EXIT_GOOD ? keep(&c) : code;
}
