/* Configuration: defaults, the file, the environment, and every way to get them wrong, each named with its place.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char file[] = "/tmp/medkoord-conf-XXXXXX"; /* made by main() */
static struct conf conf;
static char *said;

static void write_file(const char *text, size_t n) {
    FILE *out = fopen(file, "we");
    ck_assert_uint_eq(fwrite(text, 1, n, out), n);
    ck_assert_int_eq(fclose(out), 0);
}

/* Loads the text as the file (NULL: no file); what was said is in said, with the file's name as FILE. */
static bool load_n(const char *text, size_t length) {
    size_t n = 0;
    if (text != NULL)
        write_file(text, length);
    free(said);
    said = NULL;
    FILE *err = open_memstream(&said, &n);
    bool good = conf_load(&conf, text != NULL ? file : NULL, err);
    fclose(err);
    for (char *at; (at = strstr(said, file)) != NULL;) {
        memcpy(at, "FILE", 4);
        memmove(at + 4, at + strlen(file), strlen(at + strlen(file)) + 1);
    }
    return good;
}

static bool load(const char *text) {
    return load_n(text, text != NULL ? strlen(text) : 0);
}

static void clean(void) {
    conf_free(&conf);
    free(said);
    said = NULL;
}

START_TEST(defaults) {
    ck_assert_msg(load(NULL), "%s", said);
    ck_assert_str_eq(said, "");
    ck_assert_str_eq(conf.listen_address, "127.0.0.1");
    ck_assert_int_eq(conf.port, 8080);
    ck_assert_ptr_null(conf.port_file);
    ck_assert_ptr_null(conf.jwks);
    ck_assert_str_eq(conf.audience, "medkoord");
    ck_assert_int_eq(conf.token_leeway_s, 30);
    ck_assert_int_eq(conf.max_connections, 1000);
    ck_assert_str_eq(conf.log_level, "info");
    clean();
    ck_assert_ptr_null(conf.audience);
    conf_free(NULL);
}
END_TEST

START_TEST(the_file) {
    ck_assert_msg(load("# a comment\n"
                       "\n"
                       "port = 9090\n"
                       "  loops=2   # two cores\n"
                       "\tjwks =\t/etc/medkoord/jwks.json\r\n"
                       "database = host=/run/pg dbname=m user=s options=-c#x\n"
                       "issuer = \"https://login.example.dk/#realm \\\"a\\\" \\\\ b\" # quoted\n"
                       "audience = \"  spaces  \"\n"
                       "stop_deadline_ms = 0\n"
                       "listen_address = ::1\n"
                       "log_level = warning"),
                  "%s", said);
    ck_assert_int_eq(conf.port, 9090);
    ck_assert_int_eq(conf.loops, 2);
    ck_assert_str_eq(conf.jwks, "/etc/medkoord/jwks.json");
    ck_assert_str_eq(conf.database, "host=/run/pg dbname=m user=s options=-c#x");
    ck_assert_str_eq(conf.issuer, "https://login.example.dk/#realm \"a\" \\ b");
    ck_assert_str_eq(conf.audience, "  spaces  ");
    ck_assert_int_eq(conf.stop_deadline_ms, 0);
    ck_assert_str_eq(conf.listen_address, "::1");
    ck_assert_str_eq(conf.log_level, "warning");
    clean();
}
END_TEST

START_TEST(the_environment_wins) {
    setenv("MEDKOORD_PORT", "7070", 1);
    setenv("MEDKOORD_ISSUER", "https://from.the.environment/#not-a-comment", 1);
    setenv("MEDKOORD_STATE", "/somewhere", 1);
    setenv("MEDKOORD_URL", "http://localhost:8080", 1);
    setenv("MEDKOORD_TOKEN", "abc", 1);
    setenv("MEDKOORD_TOKEN_FILE", "/somewhere/token", 1);
    ck_assert_msg(load("port = 9090\naudience = file\n"), "%s", said);
    ck_assert_int_eq(conf.port, 7070);
    ck_assert_str_eq(conf.audience, "file");
    ck_assert_str_eq(conf.issuer, "https://from.the.environment/#not-a-comment");
    clean();
}
END_TEST

static const struct {
    const char *text, *says;
} wrong[] = {
    {"prot = 1\n", "FILE:1: unknown option 'prot'; did you mean 'port'?\n"},
    {"Port = 1\n", "FILE:1: unknown option 'Port'; did you mean 'port'?\n"},
    {"\n\nlisten_adress = 127.0.0.1\n", "FILE:3: unknown option 'listen_adress'; did you mean 'listen_address'?\n"},
    {"zzzzzzzzzzzz = 1\n", "FILE:1: unknown option 'zzzzzzzzzzzz'\n"},
    {"= 1\n", "FILE:1: unknown option ''\n"},
    {"port\n", "FILE:1: 'port' is not 'option = value'\n"},
    {"port =\n", "FILE:1: port: '' is not a whole number\n"},
    {"port = # nothing\n", "FILE:1: port: '' is not a whole number\n"},
    {"port = 80a\n", "FILE:1: port: '80a' is not a whole number\n"},
    {"port = 0x50\n", "FILE:1: port: '0x50' is not a whole number\n"},
    {"port = 80.0\n", "FILE:1: port: '80.0' is not a whole number\n"},
    {"port = \" 80\"\n", "FILE:1: port: ' 80' is not a whole number\n"},
    {"port = +80\n", "FILE:1: port: '+80' is not a whole number\n"},
    {"port = 65536\n", "FILE:1: port: 65536 is outside 0 to 65535\n"},
    {"port = -1\n", "FILE:1: port: -1 is outside 0 to 65535\n"},
    {"port = 99999999999999999999\n", "FILE:1: port: 99999999999999999999 is outside 0 to 65535\n"},
    {"fast_connections = 0\n", "FILE:1: fast_connections: 0 is outside 1 to 16\n"},
    {"port = 1\nloops = 1\nport = 2\n", "FILE:3: port: is given twice, first on line 1\n"},
    {"issuer =\n", "FILE:1: issuer: has no value; leave the option out for its default\n"},
    {"issuer = \"abc\n", "FILE:1: issuer: the quotes do not match\n"},
    {"issuer = \"abc\" def\n", "FILE:1: issuer: the quotes do not match\n"},
    {"issuer = a\x01z\n", "FILE:1: issuer: the value has a control character\n"},
    {"listen_address = localhost\n", "FILE:1: listen_address: 'localhost' is not an IPv4 or IPv6 address\n"},
    {"listen_address = 127.0.0.256\n", "FILE:1: listen_address: '127.0.0.256' is not an IPv4 or IPv6 address\n"},
    {"log_level = loud\n", "FILE:1: log_level: 'loud' is not one of debug, info, warning or error\n"},
    {"port = -\n", "FILE:1: port: '-' is not a whole number\n"},
    {"port = -x\n", "FILE:1: port: '-x' is not a whole number\n"},
    /* the nearest of several that are near */
    {"heav_connections = 1\n", "FILE:1: unknown option 'heav_connections'; did you mean 'heavy_connections'?\n"},
    /* what is right behind what is wrong does not make it good */
    {"prot = 1\nissuer = \"a\\x\"\n", "FILE:1: unknown option 'prot'; did you mean 'port'?\n"},
    /* every error is said, not only the first */
    {"port = x\nprot = 1\nloops = 999\n", "FILE:1: port: 'x' is not a whole number\n"
                                          "FILE:2: unknown option 'prot'; did you mean 'port'?\n"
                                          "FILE:3: loops: 999 is outside 0 to 256\n"},
};

START_TEST(wrong_lines_are_named) {
    conf = (struct conf){.port = 4711};
    ck_assert(!load(wrong[_i].text));
    ck_assert_str_eq(said, wrong[_i].says);
    ck_assert_int_eq(conf.port, 4711); /* untouched */
    conf.port = 0;
    clean();
}
END_TEST

static const struct {
    const char *name, *value, *says;
} wrong_variables[] = {
    {"MEDKOORD_PORT", "x", "MEDKOORD_PORT: 'x' is not a whole number\n"},
    {"MEDKOORD_PORT", "", "MEDKOORD_PORT: '' is not a whole number\n"},
    {"MEDKOORD_PORT", "70000", "MEDKOORD_PORT: 70000 is outside 0 to 65535\n"},
    {"MEDKOORD_JWKS", "", "MEDKOORD_JWKS: has no value; leave the option out for its default\n"},
    {"MEDKOORD_JWSK", "a", "MEDKOORD_JWSK: unknown option in the environment; did you mean MEDKOORD_JWKS?\n"},
    {"MEDKOORD_DATABSE", "a", "MEDKOORD_DATABSE: unknown option in the environment; did you mean MEDKOORD_DATABASE?\n"},
    {"MEDKOORD_port", "1", "MEDKOORD_port: unknown option in the environment; did you mean MEDKOORD_PORT?\n"},
    {"MEDKOORD_SOMETHING_ELSE_ALTOGETHER", "1",
     "MEDKOORD_SOMETHING_ELSE_ALTOGETHER: unknown option in the environment\n"},
    {"MEDKOORD_", "1", "MEDKOORD_: unknown option in the environment\n"},
};

START_TEST(wrong_variables_are_named) {
    setenv(wrong_variables[_i].name, wrong_variables[_i].value, 1);
    ck_assert(!load("port = 1\n"));
    ck_assert_str_eq(said, wrong_variables[_i].says);
    unsetenv(wrong_variables[_i].name);
    clean();
}
END_TEST

START_TEST(what_is_no_variable_is_passed_by) {
    extern char **environ;
    static char plain[] = "MEDKOORD_PORT", wrong_one[] = "MEDKOORD_PROT=1", good_one[] = "MEDKOORD_LOOPS=3";
    char **saved = environ;
    environ = (char *[]){plain, good_one, NULL};
    ck_assert_msg(load("port = 1\n"), "%s", said);
    ck_assert_int_eq(conf.port, 1);
    ck_assert_int_eq(conf.loops, 3);
    clean();
    environ = (char *[]){wrong_one, good_one, NULL};
    ck_assert(!load("port = 1\n"));
    environ = saved;
    clean();
}
END_TEST

START_TEST(files_that_are_none) {
    static const char binary[] = "port = 1\nissuer = a\0b\n";
    ck_assert(!load_n(binary, sizeof binary - 1));
    ck_assert_str_eq(said, "FILE:2: holds a NUL byte; is this a text file?\n");
    clean();
    size_t n = 0;
    FILE *err = open_memstream(&said, &n);
    ck_assert(!conf_load(&conf, "/nonexistent/medkoord.conf", err));
    ck_assert(!conf_load(&conf, "/tmp", err)); /* a folder */
    fclose(err);
    ck_assert_str_eq(said, "/nonexistent/medkoord.conf: No such file or directory\n/tmp: Is a directory\n");
    clean();
}
END_TEST

START_TEST(long_lines) {
    size_t n = 100000;
    char *text = malloc(n + 40);
    strcpy(text, "issuer = ");
    memset(text + 9, 'x', n);
    strcpy(text + 9 + n, "\nport = 77\n");
    ck_assert_msg(load(text), "%s", said);
    ck_assert_uint_eq(strlen(conf.issuer), n);
    ck_assert_int_eq(conf.port, 77);
    clean();
    memset(text, 'x', n); /* a name as long: named, cut */
    strcpy(text + n, " = 1\n");
    ck_assert(!load(text));
    ck_assert_uint_lt(strlen(said), 200);
    clean();
    free(text);
}
END_TEST

/* What is printed names every option with its default, and nothing that cannot be set. */
START_TEST(options_are_printed) {
    size_t n = 0;
    char *text = NULL, *line, *rest;
    FILE *out = open_memstream(&text, &n);
    conf_print_options(out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "MEDKOORD_PORT, 0 to 65535, default 8080\n"));
    ck_assert_ptr_nonnull(strstr(text, "MEDKOORD_JWKS, no default\n"));
    size_t options = 0;
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char name[64];
        if (line[2] == ' ' || sscanf(line, " %63s", name) != 1)
            continue;
        char entry[128];
        bool address = strcmp(name, "listen_address") == 0, level = strcmp(name, "log_level") == 0;
        snprintf(entry, sizeof entry, "%s = %s\n", name, address ? "0.0.0.0" : level ? "debug" : "100");
        bool loaded = load(entry);
        ck_assert_msg(loaded || strstr(said, "outside") != NULL, "%s: %s", name, said);
        clean();
        options++;
    }
    ck_assert_uint_eq(options, 24);
    free(text);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    extern char **environ;
    for (char **entry = environ; *entry != NULL;) {
        char name[64] = "";
        if (strncmp(*entry, "MEDKOORD_", 9) == 0 && sscanf(*entry, "%63[^=]", name) == 1)
            unsetenv(name);
        else
            entry++;
    }
    int fd = mkstemp(file);
    if (fd < 0) {
        perror(file);
        return EXIT_FAILURE;
    }
    close(fd);
    TCase *c = tcase_create("conf");
    tcase_add_test(c, defaults);
    tcase_add_test(c, the_file);
    tcase_add_loop_test(c, wrong_lines_are_named, 0, COUNT(wrong));
    tcase_add_loop_test(c, wrong_variables_are_named, 0, COUNT(wrong_variables));
    tcase_add_test(c, what_is_no_variable_is_passed_by);
    tcase_add_test(c, files_that_are_none);
    tcase_add_test(c, long_lines);
    tcase_add_test(c, options_are_printed);
    tcase_add_test(c, the_environment_wins); /* last: it leaves variables behind where tests share a process */
    int status = run_suite("conf", c);
    unlink(file);
    return status;
}
