/* medkoord completion: scripts for the shells. They ask the command itself, so they know what its tables know.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

const struct flag completion_flags[] = {{0}};

static const char bash_script[] = "# medkoord: completion for bash. Made by `medkoord completion bash`.\n"
                                  "_medkoord() {\n"
                                  "    local line\n"
                                  "    COMPREPLY=()\n"
                                  "    # The words as the shell sees them: = and : are no ends of words here.\n"
                                  "    local words=(\"${COMP_WORDS[@]:1:COMP_CWORD}\")\n"
                                  "    while IFS=$'\\t' read -r line _; do\n"
                                  "        if [ \"$line\" = :files ]; then\n"
                                  "            compopt -o filenames 2>/dev/null\n"
                                  "            while IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -f "
                                  "-- \"${COMP_WORDS[COMP_CWORD]}\")\n"
                                  "        else\n"
                                  "            COMPREPLY+=(\"$line\")\n"
                                  "        fi\n"
                                  "    done < <(\"${COMP_WORDS[0]}\" completion words \"${words[@]}\" 2>/dev/null)\n"
                                  "}\n"
                                  "complete -F _medkoord medkoord\n";

static const char zsh_script[] =
    "#compdef medkoord\n"
    "# medkoord: completion for zsh. Made by `medkoord completion zsh`.\n"
    "_medkoord() {\n"
    "    local line\n"
    "    local -a found\n"
    "    for line in \"${(@f)$(\"${words[1]}\" completion words \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "        if [[ $line == :files ]]; then\n"
    "            _files\n"
    "        elif [[ -n $line ]]; then\n"
    "            found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        fi\n"
    "    done\n"
    "    (( $#found )) && _describe medkoord found\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _medkoord ]; then\n"
    "    _medkoord \"$@\"\n"
    "else\n"
    "    compdef _medkoord medkoord\n"
    "fi\n";

static const char fish_script[] = "# medkoord: completion for fish. Made by `medkoord completion fish`.\n"
                                  "function __medkoord_words\n"
                                  "    set -l tokens (commandline -opc) (commandline -ct)\n"
                                  "    set -l program $tokens[1]\n"
                                  "    for line in ($program completion words $tokens[2..-1] 2>/dev/null)\n"
                                  "        if test \"$line\" = :files\n"
                                  "            __fish_complete_path (commandline -ct)\n"
                                  "        else\n"
                                  "            printf '%s\\n' $line\n"
                                  "        end\n"
                                  "    end\n"
                                  "end\n"
                                  "complete -c medkoord -f -a '(__medkoord_words)'\n";

/* ---- what can stand where the cursor is ---- */

static bool begins(const char *word, const char *with) {
    return strncmp(word, with, strlen(with)) == 0;
}

static void offer(const char *word, const char *about, const char *typed) {
    if (!begins(word, typed))
        return;
    size_t n = about == NULL ? 0 : strcspn(about, "\n");
    out_format("%s\t%s\n", word, n == 0 ? "" : screen_safe(about, n, 80, false));
}

static void offer_flags(const struct flag *flags, const char *typed) {
    for (const struct flag *f = flags; f != NULL && f->name != NULL; f++) {
        offer(pool_format("--%s", f->name),
              f->help != NULL ? f->help
              : f->text != 0  ? texts_get(f->text)
                              : NULL,
              typed);
        if (f->nullable && begins(typed, "--no"))
            offer(pool_format("--no-%s", f->name), NULL, typed);
    }
}

static void offer_values(const struct flag *f, const char *typed) {
    if (f->file)
        out_text(":files\n");
    for (const char *const *v = f->values; v != NULL && *v != NULL; v++)
        offer(*v, NULL, typed);
}

static void offer_commands(const char *typed) {
    for (const struct command *c = commands; c->name != NULL; c++)
        offer(c->name, texts_get(c->summary), typed);
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        if (command_find(g->name) == NULL)
            offer(g->name, g->description, typed);
    offer("help", texts_get(TEXT_HELP_HELP), typed);
}

static void offer_verbs(const char *group, const char *typed) {
    for (const struct cli_operation *op = cli_operations; op->name != NULL; op++)
        if (strcmp(op->group, group) == 0)
            offer(op->verb, mk_operation_find(op->name)->summary, typed);
}

static bool is_group(const char *name) {
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        if (strcmp(g->name, name) == 0)
            return true;
    return false;
}

struct place {
    const char *first, *second; /* words that are no flags, before the cursor */
    const struct command *command;
    const struct cli_operation *op;
    const struct flag *tables[3];
    size_t n_tables;
    const struct flag *waiting; /* a flag whose value comes next */
};

static void find_tables(struct place *p) {
    p->command = p->first == NULL ? NULL : command_find(p->first);
    p->op = p->first == NULL || p->second == NULL ? NULL : operation_find(p->first, p->second, strlen(p->second));
    p->n_tables = 0;
    p->tables[p->n_tables++] = flags_global;
    if (p->op != NULL) {
        p->tables[p->n_tables++] = operation_flags(p->op);
    } else if (p->command != NULL) {
        p->tables[p->n_tables++] = p->command->flags;
        if (strcmp(p->command->name, "divergence") == 0)
            p->tables[p->n_tables++] = divergence_parameters();
    }
}

static struct place find_place(int n, char **words) {
    struct place p = {0};
    find_tables(&p);
    for (int i = 0; i < n; i++) {
        const struct flag *before = p.waiting;
        p.waiting = NULL;
        if (before != NULL && strcmp(words[i], "=") != 0)
            continue;
        if (before != NULL) { /* bash gives --name=value as three words */
            p.waiting = before;
        } else if (begins(words[i], "--")) {
            const char *name = words[i] + 2;
            const struct flag *f = flags_find(p.tables, p.n_tables, name, strlen(name));
            p.waiting = f != NULL && f->metavar != NULL && !f->optional ? f : NULL;
        } else if (p.first == NULL) {
            p.first = words[i];
        } else if (p.second == NULL) {
            p.second = words[i];
        }
        find_tables(&p);
    }
    return p;
}

static void complete(int n, char **words) {
    const char *typed = n == 0 ? "" : words[n - 1], *equals = strchr(typed, '=');
    struct place p = find_place(n > 0 ? n - 1 : 0, words);
    if (p.waiting != NULL) {
        offer_values(p.waiting, strcmp(typed, "=") == 0 ? "" : typed);
    } else if (begins(typed, "--") && equals != NULL) {
        const struct flag *f = flags_find(p.tables, p.n_tables, typed + 2, (size_t)(equals - typed - 2));
        for (const char *const *v = f == NULL ? NULL : f->values; v != NULL && *v != NULL; v++)
            offer(pool_format("%.*s=%s", (int)(equals - typed), typed, *v), NULL, typed);
    } else if (typed[0] == '-') {
        for (size_t i = p.n_tables; i-- > 0;)
            offer_flags(p.tables[i], typed);
    } else if (p.first == NULL) {
        offer_commands(typed);
    } else if (p.op == NULL && is_group(p.first) && p.second == NULL) {
        offer_verbs(p.first, typed);
    } else if (p.command != NULL && strcmp(p.first, "push") == 0) {
        out_text(":files\n");
    } else if (p.command != NULL && strcmp(p.first, "completion") == 0) {
        offer("bash", NULL, typed);
        offer("zsh", NULL, typed);
        offer("fish", NULL, typed);
    } else if (p.command != NULL && strcmp(p.first, "api") == 0 && p.second == NULL) {
        static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
        for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
            offer(methods[i], NULL, typed);
    }
}

int completion_run(int n, char **words) {
    static const struct {
        const char *name, *script;
    } shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    if (n > 0 && strcmp(words[0], "words") == 0) { /* what the scripts ask; the words up to the cursor follow */
        complete(n - 1, words + 1);
        return out_finish(true);
    }
    const struct flag *tables[] = {flags_global};
    struct words w;
    int code = flags_read(n, words, tables, 1, &w);
    if (code != EXIT_GOOD)
        return code;
    if (flags_has(&w, "help")) {
        help_command(command_find("completion"));
        return out_finish(true);
    }
    for (size_t i = 0; w.n_free == 1 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, w.free[0]) == 0) {
            out_text(shells[i].script);
            return out_finish(true);
        }
    if (w.n_free == 0)
        say(T(WORD_MISSING), "bash|zsh|fish");
    else
        say(T(BAD_SHELL), screen_safe(w.free[0], strlen(w.free[0]), 60, false));
    return EXIT_USAGE;
}
