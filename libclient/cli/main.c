/* medkoord: the command. Finds what the words mean and runs it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>

const struct command commands[] = {
    {"push", TEXT_PUSH, TEXT_PUSH_USAGE, "medkoord push amgros-2021-07.csv --label 'July 2021'", push_flags, push_run},
    {"divergence", TEXT_DIVERGENCE, TEXT_DIVERGENCE_USAGE,
     "medkoord divergence J01DH02 --from-month 2020-08 --to-month 2021-07", divergence_flags, divergence_run},
    {"login", TEXT_LOGIN, TEXT_LOGIN_USAGE, "medkoord login --url https://medkoord.example --token-file token",
     login_flags, login_run},
    {"status", TEXT_STATUS, TEXT_STATUS_USAGE, "medkoord status", status_flags, status_run},
    {"api", TEXT_API, TEXT_API_USAGE, "medkoord api GET '/v1/regions?limit=2'", api_flags, api_run},
    {"completion", TEXT_COMPLETION, TEXT_COMPLETION_USAGE,
     "medkoord completion bash > ~/.local/share/bash-completion/completions/medkoord", completion_flags,
     completion_run},
    {0}};

const struct command *command_find(const char *name) {
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static const struct cli_group *group_find(const char *name) {
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        if (strcmp(g->name, name) == 0)
            return g;
    return NULL;
}

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 60, false);
}

static int unknown_command(const char *word) {
    const char *names[64];
    size_t n = 0;
    for (const struct command *c = commands; c->name != NULL; c++)
        names[n++] = c->name;
    for (const struct cli_group *g = cli_groups; g->name != NULL && n < 62; g++)
        if (command_find(g->name) == NULL)
            names[n++] = g->name;
    names[n++] = "help";
    names[n] = NULL;
    say(T(UNKNOWN_COMMAND), quoted(word));
    const char *near = nearest(word, names);
    if (near != NULL)
        warn(T(DID_YOU_MEAN), near);
    else
        warn(T(SEE_HELP), "medkoord");
    return EXIT_USAGE;
}

static int unknown_verb(const struct cli_group *group, const char *word) {
    const char *names[128];
    size_t n = 0;
    for (const struct cli_operation *op = cli_operations; op->name != NULL && n < 127; op++)
        if (strcmp(op->group, group->name) == 0)
            names[n++] = op->verb;
    names[n] = NULL;
    say(T(UNKNOWN_VERB), group->name, quoted(word));
    const char *near = nearest(word, names);
    if (near != NULL)
        warn(T(DID_YOU_MEAN), near);
    else
        warn(T(SEE_HELP), pool_format("medkoord %s", group->name));
    return EXIT_USAGE;
}

static int early_flag(const char *name) {
    say(T(FLAG_EARLY), quoted(name));
    return EXIT_USAGE;
}

/* A word that can be no verb: an ATC code has digits, or is a single letter. */
static bool is_code(const char *word) {
    return isalpha((unsigned char)word[0]) && (word[1] == '\0' || strpbrk(word, "0123456789") != NULL) &&
           strchr(word, '-') == NULL;
}

/* It stands in the list of processes already: at least it is not printed, as the value of an unknown flag would be. */
static bool holds_token(int n, char **words) {
    for (int i = 0; i < n && strcmp(words[i], "--") != 0; i++) {
        const char *name = words[i] + strspn(words[i], "-");
        if (name > words[i] && strncmp(name, "token", 5) == 0 && (name[5] == '\0' || name[5] == '='))
            return true;
    }
    return false;
}

/* Where the first word that is no flag stands; flags everywhere may come before it. n: there is none. */
static int first_word(int n, char **words, const struct command *command) {
    const struct flag *tables[3] = {flags_global};
    size_t n_tables = 1;
    if (command != NULL) { /* a group that is a command, too: its flags have values that are no verbs */
        tables[n_tables++] = command->flags;
        tables[n_tables++] = divergence_parameters();
    }
    for (int i = 0; i < n; i++) {
        if (words[i][0] != '-' || words[i][1] == '\0')
            return i;
        if (strncmp(words[i], "--", 2) != 0 || words[i][2] == '\0')
            continue;
        const char *name = words[i] + 2;
        const struct flag *f = flags_find(tables, n_tables, name, strcspn(name, "="));
        if (f != NULL && f->metavar != NULL && !f->optional && strchr(name, '=') == NULL)
            i++;
    }
    return n;
}

/* The flag that the word at `at` could be the value of: not one of those that may stand before it. NULL: there is none.
 */
static const char *flag_before(int at, char **words, const struct command *command) {
    const char *name = at > 0 && strncmp(words[at - 1], "--", 2) == 0 ? words[at - 1] + 2 : "";
    const struct flag *tables[] = {flags_global, command == NULL ? NULL : command->flags,
                                   command == NULL ? NULL : divergence_parameters()};
    return *name == '\0' || strchr(name, '=') != NULL || flags_find(tables, 3, name, strlen(name)) != NULL ? NULL
                                                                                                           : name;
}

/* The words without the one at `at`. */
static void take_out(int *n, char **words, int at) {
    memmove(words + at, words + at + 1, (size_t)(*n - at - 1) * sizeof *words);
    --*n;
}

static bool has_word(int n, char **words, const char *a, const char *b) {
    for (int i = 0; i < n && strcmp(words[i], "--") != 0; i++)
        if (strcmp(words[i], a) == 0 || (b != NULL && strcmp(words[i], b) == 0))
            return true;
    return false;
}

static int run_group(const struct cli_group *group, int n, char **words) {
    const struct command *command = command_find(group->name);
    int at = first_word(n, words, command);
    const struct cli_operation *op = at < n ? operation_find(group->name, words[at], strlen(words[at])) : NULL;
    if (op != NULL) {
        take_out(&n, words, at);
        return operation_run(op, n, words);
    }
    const char *early = at < n ? flag_before(at, words, command) : NULL;
    if (command != NULL && (at == n || early != NULL || is_code(words[at])))
        return command->run(n, words);
    if (early != NULL)
        return early_flag(early);
    if (at < n)
        return unknown_verb(group, words[at]);
    bool asked = has_word(n, words, "--help", "-h");
    if (!asked)
        out_to_messages();
    help_group(group);
    int written = out_finish(true);
    return asked ? written : EXIT_USAGE;
}

static int run(int n, char **words) {
    if (n == 0) {
        out_to_messages();
        help_top();
        (void)out_finish(true);
        return EXIT_USAGE;
    }
    if (holds_token(n, words)) {
        say("%s", T(TOKEN_FLAG));
        return EXIT_USAGE;
    }
    int at = first_word(n, words, NULL);
    if (at == n) {
        if (has_word(n, words, "--version", NULL)) {
            out_format("medkoord %s\n", mk_version());
            return out_finish(true);
        }
        if (has_word(n, words, "--help", "-h")) {
            help_top();
            return out_finish(true);
        }
        const struct flag *tables[] = {flags_global};
        struct words w;
        int code = flags_read(n, words, tables, 1, &w);
        out_to_messages();
        if (code == EXIT_GOOD)
            help_top();
        (void)out_finish(true);
        return EXIT_USAGE;
    }
    const char *word = words[at], *early = flag_before(at, words, NULL);
    take_out(&n, words, at);
    if (strcmp(word, "help") == 0)
        return help_run(n, words);
    const struct cli_group *group = group_find(word);
    if (group != NULL)
        return run_group(group, n, words);
    const struct command *command = command_find(word);
    if (command != NULL)
        return command->run(n, words);
    return early != NULL ? early_flag(early) : unknown_command(word);
}

int main(int n, char **words) {
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is seen when writing, and ends the program quietly */
    texts_init();
    screen_init();
    (void)out_open(NULL);
    if (mk_global_init() != MK_OK) {
        say("%s", T(NO_MEMORY));
        return EXIT_OTHER;
    }
    int code = run(n - 1, words + 1);
    mk_global_cleanup();
    pool_release(0);
    return code;
}
