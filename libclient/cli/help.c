/* --help, on every level, with an example; of operations from the contract.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

static void title(const char *text) {
    out_format("\n%s%s:%s\n", screen_color(&screen_out, "1"), text, screen_color(&screen_out, "0"));
}

/* Text in lines, each after the first beginning under the first. */
static void wrapped(const char *text, int indent, int used) {
    int width = screen_out.width == 0 || screen_out.width > 110 ? 100 : screen_out.width;
    int at = used;
    for (const char *p = text; *p != '\0';) {
        p += strspn(p, " \n\t");
        size_t n = strcspn(p, " \n\t");
        if (n == 0)
            break;
        const char *word = pool_text(p, n);
        int wide = screen_text_width(word);
        if (at > indent && at + wide + 1 > width) {
            out_format("\n%*s", indent, "");
            at = indent;
        }
        out_format("%s%s", at > indent ? " " : "", word);
        at += wide + (at > indent);
        p += n;
    }
    out_text("\n");
}

static void entry(const char *name, const char *text) {
    enum { INDENT = 26 };
    int used = 2 + screen_text_width(name);
    out_format("  %s", name);
    if (used >= INDENT) {
        out_text("\n");
        used = 0;
    }
    out_format("%*s", INDENT - used, "");
    wrapped(text == NULL ? "" : text, INDENT, INDENT);
}

static void flag_entry(const struct flag *f) {
    struct text about = {0};
    const char *name = f->metavar == NULL ? pool_format("--%s", f->name)
                       : f->optional      ? pool_format("--%s[=%s]", f->name, f->metavar)
                                          : pool_format("--%s %s", f->name, f->metavar);
    text_put(&about, f->help != NULL ? f->help : f->text != 0 ? texts_get(f->text) : "");
    if (f->values != NULL && !f->optional) {
        text_format(&about, " (%s", T(ONE_OF));
        for (const char *const *v = f->values; *v != NULL; v++)
            text_format(&about, "%s %s", v == f->values ? ":" : ",", *v);
        text_put(&about, ")");
    }
    if (f->required)
        text_format(&about, " (%s)", T(REQUIRED));
    entry(name, about.p);
}

static void flag_entries(const char *heading, const struct flag *flags) {
    if (flags == NULL || flags->name == NULL)
        return;
    title(heading);
    for (const struct flag *f = flags; f->name != NULL; f++)
        flag_entry(f);
}

static void usage(const char *text) {
    out_format("%s%s:%s medkoord %s\n", screen_color(&screen_out, "1"), T(USAGE), screen_color(&screen_out, "0"), text);
}

static void example(const char *text) {
    title(T(EXAMPLE));
    out_format("  %s\n", text);
}

void help_top(void) {
    out_format("%s\n\n", T(TOP));
    usage(T(TOP_USAGE));
    title(T(COMMANDS));
    for (const struct command *c = commands; c->name != NULL; c++)
        entry(c->name, texts_get(c->summary));
    title(T(GROUPS));
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        entry(g->name, g->description);
    flag_entries(T(FLAGS_EVERYWHERE), flags_global);
    example("medkoord hospitals list --region hovedstaden");
    out_text("\n");
    wrapped(T(TOP_MORE), 0, 0);
    wrapped(T(EXIT_CODES), 0, 0);
}

/* ---- operations ---- */

static const char *in_shell(const char *word) {
    struct text quoted = {0};
    if (word[0] != '\0' &&
        word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/=,+@%")] == '\0')
        return word;
    text_put(&quoted, "'");
    for (const char *p = word; *p != '\0'; p++)
        text_add(&quoted, *p == '\'' ? "'\\''" : p, *p == '\'' ? 4 : 1);
    text_put(&quoted, "'");
    return quoted.p;
}

static const char *capital(const char *name) {
    char *text = pool_text(name, strlen(name));
    for (char *p = text; *p != '\0'; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p & ~32) : *p;
    return text;
}

/* The member at a path of the example of a body. */
static const struct mk_json *member_of(const struct mk_json *body, const char *path) {
    const char *point = strchr(path, '.');
    return point == NULL ? tree_get(body, path)
                         : tree_get(tree_get(body, pool_text(path, (size_t)(point - path))), point + 1);
}

static void put_example_member(struct text *to, const struct cli_member *m, const struct mk_json *value) {
    const char *first = m->kind == MEMBER_STRINGS || m->kind == MEMBER_OBJECTS ? NULL : show_cell(value);
    if (value->kind == MK_JSON_NULL) {
        text_format(to, " --no-%s", m->flag);
    } else if (m->kind == MEMBER_BOOLEAN) {
        text_format(to, " --%s=%s", m->flag, first);
    } else if (m->kind == MEMBER_JSON) {
        text_format(to, " --%s %s", m->flag, in_shell(pool_text(value->raw, value->n_raw)));
    } else if (first != NULL) {
        text_format(to, " --%s %s", m->flag, in_shell(first));
    } else {
        for (const struct mk_json *item = value->first; item != NULL; item = item->next) {
            struct text pairs = {0};
            for (const struct mk_json *p = item->first; p != NULL; p = p->next)
                text_format(&pairs, "%s%s=%s", p == item->first ? "" : ",", p->name, p->text);
            text_format(to, " --%s %s", m->flag, in_shell(item->kind == MK_JSON_STRING ? item->text : pairs.p));
        }
    }
}

/* A command line out of the contract's examples: what is required, and one thing that is not when nothing is. */
static const char *example_of(const struct cli_operation *op, const mk_operation *mk) {
    struct text line = {0};
    bool filter = false;
    text_format(&line, "medkoord %s %s", op->group, op->verb);
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++) {
        const char *value = (*p)->example == NULL ? "..." : (*p)->example;
        if (strcmp((*p)->in, "path") == 0)
            text_format(&line, " %s", in_shell(value));
    }
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++) {
        bool query = strcmp((*p)->in, "query") == 0, wanted = (*p)->required || (query && !filter);
        if (!operation_parameter_is_flag(*p) || !wanted || (*p)->example == NULL)
            continue;
        filter |= query;
        text_format(&line, " --%s%s%s", operation_flag_of((*p)->name), strcmp((*p)->type, "boolean") == 0 ? "=" : " ",
                    in_shell((*p)->example));
    }
    const struct mk_json *body =
        mk->body_example == NULL ? NULL : tree_read(mk->body_example, strlen(mk->body_example));
    for (const struct cli_member *m = op->members; m->path != NULL; m++) {
        const struct mk_json *value = member_of(body, m->path);
        if (value != NULL)
            put_example_member(&line, m, value);
    }
    if (mk->streams)
        text_put(&line, " --body-file rows.csv");
    return line.p;
}

void help_operation(const struct cli_operation *op) {
    const mk_operation *mk = mk_operation_find(op->name);
    struct text line = {0};
    struct flag *flags = operation_flags(op), *own = flags;
    text_format(&line, "%s %s", op->group, op->verb);
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++)
        if (strcmp((*p)->in, "path") == 0)
            text_format(&line, " %s", capital((*p)->name));
    text_format(&line, " [%s]", T(FLAGS_WORD));
    wrapped(mk->summary, 0, 0);
    out_text("\n");
    usage(line.p);
    if (mk->description != NULL) {
        out_text("\n");
        wrapped(mk->description, 0, 0);
    }
    bool any = false;
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++)
        if (strcmp((*p)->in, "path") == 0) {
            if (!any)
                title(T(ARGUMENTS));
            any = true;
            entry(capital((*p)->name), (*p)->description);
        }
    size_t n_members = 0;
    for (const struct cli_member *m = op->members; m->path != NULL; m++)
        n_members++;
    if (n_members > 0) { /* they stand together, after the parameters */
        while (strcmp(own->name, op->members[0].flag) != 0)
            own++;
        title(T(BODY_FLAGS));
        for (size_t i = 0; i < n_members; i++)
            flag_entry(&own[i]);
        memmove(own, own + n_members, (size_t)4 * sizeof *own);
    }
    flag_entries(T(FLAGS), flags);
    flag_entries(T(FLAGS_EVERYWHERE), flags_global);
    example(example_of(op, mk));
}

void help_group(const struct cli_group *group) {
    out_format("%s\n\n", group->description);
    usage(pool_format("%s %s [...]", group->name, T(VERB_WORD)));
    title(T(VERBS));
    const struct cli_operation *first = NULL;
    for (const struct cli_operation *op = cli_operations; op->name != NULL; op++) {
        if (strcmp(op->group, group->name) != 0)
            continue;
        first = first == NULL ? op : first;
        entry(op->verb, mk_operation_find(op->name)->summary);
    }
    if (first != NULL)
        example(example_of(first, mk_operation_find(first->name)));
}

void help_command(const struct command *c) {
    wrapped(texts_get(c->summary), 0, 0);
    out_text("\n");
    usage(texts_get(c->usage));
    flag_entries(T(FLAGS), c->flags);
    if (strcmp(c->name, "divergence") == 0) {
        flag_entries(T(FLAGS), divergence_parameters());
        title(T(VERBS));
        for (const struct cli_operation *op = cli_operations; op->name != NULL; op++)
            if (strcmp(op->group, c->name) == 0)
                entry(op->verb, mk_operation_find(op->name)->summary);
    }
    flag_entries(T(FLAGS_EVERYWHERE), flags_global);
    example(c->example);
}

/* `medkoord help [GROUP [VERB]]`. */
int help_run(int n, char **words) {
    const struct command *command = n > 0 ? command_find(words[0]) : NULL;
    const struct cli_operation *op = n > 1 ? operation_find(words[0], words[1], strlen(words[1])) : NULL;
    const struct cli_group *group = cli_groups;
    while (n > 0 && group->name != NULL && strcmp(group->name, words[0]) != 0)
        group++;
    if (n == 0)
        help_top();
    else if (op != NULL)
        help_operation(op);
    else if (command != NULL && n == 1)
        help_command(command);
    else if (n == 1 && group->name != NULL)
        help_group(group);
    else {
        say(T(UNKNOWN_COMMAND), screen_safe(words[n > 1], strlen(words[n > 1]), 60, false));
        return EXIT_USAGE;
    }
    return out_finish(true);
}
