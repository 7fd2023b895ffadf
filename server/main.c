/* medkoordd: the commands serve, migrate, token and check.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "medkoordd: the server of medkoord, which follows hospital medicine across the Danish regions.\n"
    "\n"
    "  medkoordd serve   [--config FILE]             answer requests until SIGTERM; SIGHUP reads the keys again\n"
    "  medkoordd migrate [--config FILE] [--dry-run] bring the database to this program's version\n"
    "  medkoordd check   [--config FILE]             say what is wrong with configuration, keys and database\n"
    "  medkoordd token   ...                         development tokens and keys\n"
    "  medkoordd COMMAND --help                      more about a command\n"
    "  medkoordd --version\n"
    "\n"
    "For example:\n"
    "  MEDKOORD_DATABASE='host=/run/postgresql dbname=medkoord user=medkoord_server' \\\n"
    "  MEDKOORD_JWKS=/etc/medkoord/jwks.json medkoordd serve\n";

static const char serve_help[] =
    "medkoordd serve: answers requests until it is told to stop.\n"
    "\n"
    "SIGTERM and SIGINT let requests in flight finish; SIGHUP reads the keys again. The log goes to standard error, "
    "one\n"
    "JSON object a line. A database that is not there yet is waited for.\n"
    "\n"
    "For example:\n"
    "  medkoordd serve --config /etc/medkoord/medkoord.conf\n"
    "  MEDKOORD_PORT=9090 MEDKOORD_JWKS=https://login.example.dk/jwks.json medkoordd serve\n";

static const char migrate_help[] =
    "medkoordd migrate: applies the migrations that the database lacks, each in its own transaction, as the role\n"
    "medkoord_owner. Two at once wait for each other. sql/roles.sql must have been run once, by a superuser.\n"
    "\n"
    "  --dry-run    only say what would be applied\n"
    "\n"
    "For example:\n"
    "  MEDKOORD_MIGRATE_DATABASE='dbname=medkoord user=medkoord_migrator' medkoordd migrate --dry-run\n"
    "  medkoordd migrate --config /etc/medkoord/medkoord.conf\n";

static const char check_help[] =
    "medkoordd check: looks at the configuration, fetches the keys, and asks the database for its version and for "
    "what\n"
    "the server's role may do. One line for each thing wrong; exit status 1 if there is any.\n"
    "\n"
    "For example:\n"
    "  medkoordd check --config /etc/medkoord/medkoord.conf && systemctl restart medkoordd\n";

static const char options_help[] =
    "\n"
    "Options are read from the file, one 'option = value' a line with # comments, and then from the environment:\n"
    "\n";

/* ---- check ---- */

static size_t check_keys(const struct conf *conf) {
    char error[512];
    if (conf->jwks == NULL) {
        puts("jwks: has no value: give the file or https URL with the public keys of the token issuer");
        return 1;
    }
    struct auth_keys *keys = auth_keys_load(conf->jwks, error, sizeof error);
    if (keys == NULL) {
        printf("jwks: %s\n", error);
        return 1;
    }
    auth_keys_unref(keys);
    return 0;
}

static int check_command(const struct conf *conf) {
    size_t wrong = check_keys(conf) + migrate_check(conf, stdout);
    if (wrong == 0)
        printf("all is well: configuration, keys, database at version %d\n", migrate_expected_version());
    return wrong == 0 ? 0 : 1;
}

/* ---- the command line ---- */

static int run_serve(const struct conf *conf, bool dry_run) {
    (void)dry_run;
    return serve_command(conf);
}

static int run_check(const struct conf *conf, bool dry_run) {
    (void)dry_run;
    return check_command(conf);
}

static const struct command {
    const char *name, *help;
    int (*run)(const struct conf *, bool dry_run);
    bool takes_dry_run, needs_jwks;
    bool reports; /* what is wrong with the configuration is its result, not why there is none */
} commands[] = {{"serve", serve_help, run_serve, .needs_jwks = true},
                {"migrate", migrate_help, migrate_command, .takes_dry_run = true},
                {"check", check_help, run_check, .reports = true}};

static int complain(const char *command, const char *what) {
    const char *space = *command != '\0' ? " " : "";
    fprintf(stderr, "medkoordd%s%s: %s; see medkoordd%s%s --help\n", space, command, what, space, command);
    return 2;
}

static int print_help(const struct command *command) {
    fputs(command->help, stdout);
    fputs(options_help, stdout);
    conf_print_options(stdout);
    return 0;
}

static int run(const struct command *command, const char *file, bool dry_run) {
    struct conf conf;
    if (!conf_load(&conf, file, command->reports ? stdout : stderr))
        return command->reports ? 1 : 2;
    if (conf.jwks == NULL && command->needs_jwks) {
        conf_free(&conf);
        return complain(command->name,
                        "the option jwks has no value: give the file or https URL with the token issuer's keys");
    }
    enum log_level level = LOG_INFO;
    log_level_from_name(conf.log_level, &level);
    log_set_level(level);
    int result = command->run(&conf, dry_run);
    conf_free(&conf);
    return result;
}

static int run_command(const struct command *command, int argc, char **argv) {
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *file = NULL;
    bool dry_run = false;
    int letter;
    while ((letter = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
        switch (letter) {
        case 'c':
            file = optarg;
            break;
        case 'n':
            dry_run = true;
            break;
        case 'h':
            return print_help(command);
        default:
            return 2; /* getopt_long has said why */
        }
    if (optind < argc)
        return complain(command->name, "takes options only");
    if (dry_run && !command->takes_dry_run)
        return complain(command->name, "has no --dry-run");
    return run(command, file, dry_run);
}

int main(int argc, char **argv) {
    json_memory_init(malloc);
    if (!auth_memory_init(malloc, realloc))
        return complain("", "OpenSSL could not be set up");
    json_object_seed(0); /* before any thread: hash keys from the system's randomness, against chosen collisions */
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name == NULL)
        return complain("", "a command is needed: serve, migrate, check or token");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return fputs(usage, stdout) >= 0 ? 0 : 1;
    if (strcmp(name, "--version") == 0)
        return printf("medkoordd %s (contract %s, schema %d)\n", MEDKOORD_VERSION, contract_version,
                      migrate_expected_version()) > 0
                   ? 0
                   : 1;
    /* The commands see themselves as the program, so that getopt_long starts its lines with our name. */
    argv[1] = argv[0];
    if (strcmp(name, "token") == 0)
        return token_command(argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return run_command(&commands[i], argc - 1, argv + 1);
    char what[128];
    snprintf(what, sizeof what, "there is no command '%.60s': serve, migrate, check or token", name);
    return complain("", what);
}
