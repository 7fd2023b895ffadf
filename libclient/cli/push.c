/* medkoord push: looks what a file covers and adds up to, shows it, asks, and sends it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "push.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *const states[] = {"provisional", "final", NULL}, *const formats[] = {"csv", "ndjson", NULL},
                         *const charsets[] = {"utf-8", "iso-8859-1", NULL};
const struct flag push_flags[] = {
    {.name = "source", .metavar = "NAME", .text = TEXT_HELP_SOURCE},
    {.name = "label", .metavar = "TEXT", .text = TEXT_HELP_LABEL},
    {.name = "status", .metavar = "CHOICE", .text = TEXT_HELP_STATUS, .values = states},
    {.name = "coverage", .metavar = "REGION=FROM..TO", .text = TEXT_HELP_COVERAGE},
    {.name = "format", .metavar = "CHOICE", .text = TEXT_HELP_FORMAT, .values = formats},
    {.name = "charset", .metavar = "CHOICE", .text = TEXT_HELP_CHARSET, .values = charsets},
    {.name = "yes", .text = TEXT_HELP_YES},
    {.name = "rehearse", .text = TEXT_HELP_REHEARSE},
    {.name = "send-anyway", .text = TEXT_HELP_SEND_ANYWAY},
    {.name = "rejected", .metavar = "FILE", .text = TEXT_HELP_REJECTED, .file = true},
    {.name = "idempotency-key", .metavar = "KEY", .text = TEXT_HELP_IDEMPOTENCY_KEY},
    {.name = "plain", .text = TEXT_HELP_PLAIN},
    {0}};

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 80, false);
}

/* ---- what it is ---- */

static int64_t rows_of(const struct survey *s, const struct mk_coverage *c) {
    int64_t rows = 0;
    for (size_t i = 0; i < s->n_places; i++)
        if (strcmp(s->places[i].region, c->region) == 0 && s->places[i].month >= month_number(c->from_month) &&
            s->places[i].month <= month_number(c->to_month))
            rows += s->places[i].rows;
    return rows;
}

static void line(const char *name, const char *value) {
    enum { WIDTH = 10 };
    warn("  %s%*s%s", name, WIDTH - screen_text_width(name) > 0 ? WIDTH - screen_text_width(name) : 1, "",
         screen_safe(value, strlen(value), 0, false));
}

static void show(const struct push *p) {
    const struct survey *s = &p->survey;
    line(T(PUSH_FILE), pool_format("%s (%s%s%s)", p->path, s->ndjson ? "NDJSON" : "CSV", s->gzipped ? ", gzip" : "",
                                   s->latin1 ? ", ISO-8859-1" : ""));
    line(T(PUSH_LABEL), p->label);
    line(T(PUSH_SOURCE), p->source);
    line(T(PUSH_STATUS), p->status);
    line(T(PUSH_ROWS), pool_format("%llu", (unsigned long long)s->rows));
    line(T(PUSH_DDD), decimal_e4(s->ddd_e4));
    if (s->has_cost)
        line(T(PUSH_COST), pool_format("%lld øre", (long long)s->cost_ore));
    line(T(PUSH_SHA256), s->sha256);
    for (size_t i = 0; i < p->n_coverage; i++) {
        const struct mk_coverage *c = &p->coverage[i];
        long long rows = rows_of(s, c); /* of what is sound */
        line(i == 0 ? T(PUSH_COVERS) : "",
             strcmp(c->from_month, c->to_month) == 0
                 ? pool_format(T(COVERS_ONE), c->region, c->from_month, rows)
                 : pool_format(T(COVERS_ROWS), c->region, c->from_month, c->to_month, rows));
    }
    if (p->n_coverage > 0)
        warn("  %s", T(ABSENT_IS_ZERO));
}

/* ---- asking ---- */

/* A signal between the question and the read of its answer would be caught and then waited over. */
static void wait_for_answer(FILE *from) {
    struct pollfd readable = {.fd = fileno(from), .events = POLLIN};
    sigset_t before;
    signals_hold(&before);
    if (signals_caught() == 0)
        (void)ppoll(&readable, 1, NULL, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int push_ask(const struct push *p, const char *question) {
    if (flags_has(&p->words, "yes"))
        return EXIT_GOOD;
    bool own = strcmp(p->path, "-") != 0 && isatty(STDIN_FILENO);
    FILE *from = own ? stdin : strcmp(p->path, "-") == 0 ? fopen("/dev/tty", "re") : NULL;
    char answer[16] = "";
    if (from == NULL) {
        say("%s", T(ASK_IMPOSSIBLE));
        return EXIT_USAGE;
    }
    fputs(question, stderr);
    fflush(stderr);
    wait_for_answer(from);
    bool read = signals_caught() == 0 && fgets(answer, sizeof answer, from) != NULL;
    if (!own)
        fclose(from);
    if (read && answer[0] != '\0' && strchr(T(YES_LETTERS), answer[0]) != NULL)
        return EXIT_GOOD;
    if (signals_caught() != 0) {
        fputc('\n', stderr);
        return EXIT_SIGNAL + signals_caught();
    }
    say("%s", T(NOT_SENT));
    return EXIT_OTHER;
}

/* ---- what is wrong with it ---- */

int push_tell_faults(const struct push *p, const struct survey_fault *faults, size_t n, uint64_t of) {
    rejected_show(faults, n, of);
    for (size_t i = 0; i < n && !p->input.latin1; i++)
        if (strcmp(faults[i].code, "not_utf8") == 0) {
            warn("%s", T(OTHER_CHARSET));
            break;
        }
    bool written = p->rejected != NULL &&
                   rejected_write(p->rejected, flags_has(&p->words, "rejected"), faults, n, p->file, p->input.latin1);
    const char *name = written && strcmp(p->rejected, "-") == 0 ? T(STANDARD_OUTPUT)
                       : written                                ? quoted(p->rejected)
                                                                : "";
    if (written && n < of)
        warn(T(FAULTS_WRITTEN_FIRST), (unsigned long long)n, (unsigned long long)of, name);
    else if (written)
        warn(T(FAULTS_WRITTEN), name);
    return EXIT_REFUSED;
}

/* ---- all of it ---- */

static int survey_and_send(struct push *p) {
    struct survey_hospital *hospitals = NULL;
    mk_error error = MK_ERROR_INIT;
    if (places_read(p->client, &hospitals, &p->input.n_hospitals, &error) != MK_OK) {
        int failed = say_error(&error);
        mk_error_clear(&error);
        return failed;
    }
    p->input.hospitals = hospitals;
    int code = push_open(p);
    if (code == EXIT_GOOD)
        code = push_given_coverage(p);
    if (code == EXIT_GOOD)
        code = survey_file(&p->input, &p->survey);
    if (code != EXIT_GOOD) {
        if (signals_caught() != 0)
            say("%s", T(INTERRUPTED_ANY));
        return code;
    }
    if (p->n_coverage == 0)
        push_guess_coverage(p);
    show(p);
    if (p->survey.faults > 0 && !flags_has(&p->words, "send-anyway")) {
        say(T(FAULTS_HERE), (unsigned long long)p->survey.faults);
        return push_tell_faults(p, p->survey.listed, p->survey.n_faults, p->survey.faults);
    }
    if (p->n_coverage == 0) {
        say("%s", p->survey.faults > 0 ? T(FAULTS_COVERAGE) : T(NO_ROWS));
        return EXIT_USAGE;
    }
    code = push_ask(p, T(ASK));
    return code == EXIT_GOOD ? push_send(p) : code;
}

static int prepare(struct push *p) {
    const struct words *w = &p->words;
    if (w->n_free != 1) {
        if (w->n_free == 0)
            say(T(WORD_MISSING), T(FILE_WORD));
        else
            say(T(WORD_TOO_MANY), quoted(w->free[1]));
        return EXIT_USAGE;
    }
    if (flags_has(w, "output") && flags_has(w, "rejected") && strcmp(flags_value(w, "rejected"), "-") == 0) {
        say(T(FLAGS_TOGETHER), "output", "rejected -");
        return EXIT_USAGE;
    }
    p->path = w->free[0];
    bool standard = strcmp(p->path, "-") == 0;
    const char *name = strrchr(p->path, '/');
    p->label = flags_value(w, "label");
    if (p->label == NULL)
        p->label = standard ? "standard input" : name == NULL ? p->path : name + 1;
    if (!flags_has(w, "label")) /* a name may be of other bytes than UTF-8, and longer than the contract takes */
        p->label = screen_safe(p->label, strlen(p->label), 200, false);
    p->source = flags_value(w, "source") == NULL ? "amgros" : flags_value(w, "source");
    p->status = flags_value(w, "status") == NULL ? "provisional" : flags_value(w, "status");
    p->rejected = flags_value(w, "rejected");
    if (p->rejected == NULL && !standard)
        p->rejected = pool_format("%s.rejected.csv", p->path);
    return EXIT_GOOD;
}

int push_run(int n, char **words) {
    const struct flag *tables[] = {push_flags, flags_global};
    struct push p = {0};
    struct config config;
    int code = flags_read(n, words, tables, 2, &p.words);
    if (code == EXIT_GOOD && flags_has(&p.words, "help")) {
        help_command(command_find("push"));
        return out_finish(true);
    }
    out_quiet |= code == EXIT_GOOD && flags_has(&p.words, "quiet");
    if (code == EXIT_GOOD)
        code = prepare(&p);
    if (code == EXIT_GOOD)
        code = config_read(&p.words, &config);
    if (code == EXIT_GOOD && config.token == NULL) {
        say("%s", T(NO_TOKEN));
        code = EXIT_USAGE;
    }
    if (code == EXIT_GOOD)
        code = client_open(&p.words, &config, &p.client);
    if (code != EXIT_GOOD)
        return code;
    signals_catch();
    code = out_open(flags_value(&p.words, "output")) ? survey_and_send(&p) : EXIT_OTHER;
    if (p.file != NULL && p.file != stdin)
        fclose(p.file);
    mk_client_destroy(p.client);
    int written = out_finish(code == EXIT_GOOD);
    return code == EXIT_GOOD ? written : code;
}
