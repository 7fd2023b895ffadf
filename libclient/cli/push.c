/* medkoord push: looks what a file covers and adds up to, shows it, asks, and sends it.
 * Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

struct push {
    struct words words;
    const char *path, *label, *source, *status, *rejected;
    mk_client *client;
    FILE *file;
    struct survey_input input;
    struct survey survey;
    size_t n_coverage;
    struct mk_coverage *coverage;
};

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 80, false);
}

/* ---- the file ---- */

/* What cannot be read twice is kept in a file without a name. */
static FILE *keep_whole(FILE *from) {
    FILE *kept = tmpfile();
    char piece[65536];
    size_t n;
    while (kept != NULL && signals_caught() == 0 && (n = fread(piece, 1, sizeof piece, from)) > 0)
        if (fwrite(piece, 1, n, kept) != n)
            break;
    if (kept == NULL || ferror(from) || !feof(from) || fflush(kept) != 0) {
        if (kept != NULL)
            fclose(kept);
        return NULL;
    }
    rewind(kept);
    return kept;
}

static bool ends_in(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

/* What a spreadsheet saves by itself: a zip archive, the OLE file of old, or UTF-16 text. */
static bool is_workbook(FILE *file) {
    static const char *const starts[] = {"PK\3\4", "\xd0\xcf\x11\xe0", "\xff\xfe"};
    char first[4] = "";
    bool found = false;
    size_t n = fread(first, 1, sizeof first, file);
    rewind(file);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        found |= n >= strlen(starts[i]) && memcmp(first, starts[i], strlen(starts[i])) == 0;
    return found;
}

static int open_file(struct push *p) {
    bool standard = strcmp(p->path, "-") == 0;
    const char *format = flags_value(&p->words, "format"), *charset = flags_value(&p->words, "charset");
    FILE *file = standard ? stdin : fopen(p->path, "re");
    struct stat about;
    if (file != NULL && (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode) || standard)) {
        if (fstat(fileno(file), &about) == 0 && S_ISDIR(about.st_mode)) {
            errno = EISDIR;
            fclose(file);
            file = NULL;
        } else {
            FILE *kept = keep_whole(file);
            if (!standard)
                fclose(file);
            file = kept;
        }
    }
    if (file == NULL) {
        if (signals_caught() != 0)
            return EXIT_SIGNAL + signals_caught();
        say(T(CANNOT_READ), quoted(p->path), strerror(errno));
        return EXIT_OTHER;
    }
    p->file = file;
    int first = getc(file), second = getc(file);
    rewind(file);
    if (first == EOF) {
        say("%s", T(EMPTY_FILE));
        return EXIT_REFUSED;
    }
    if (is_workbook(file)) {
        say(T(WORKBOOK), quoted(p->path));
        return EXIT_REFUSED;
    }
    p->input.file = file;
    p->input.gzipped = first == 0x1f && second == 0x8b;
    p->input.ndjson = format != NULL ? strcmp(format, "ndjson") == 0
                                     : ends_in(p->path, ".ndjson") || ends_in(p->path, ".ndjson.gz") ||
                                           ends_in(p->path, ".jsonl") || ends_in(p->path, ".jsonl.gz") || first == '{';
    p->input.latin1 = charset != NULL && strcmp(charset, "iso-8859-1") == 0;
    p->input.stop = signals_caught;
    return EXIT_GOOD;
}

/* ---- what it covers ---- */

/* REGION=FROM..TO or REGION=MONTH. */
static bool read_coverage(const char *value, struct mk_coverage *ret) {
    const char *equals = strchr(value, '='), *months = equals == NULL ? NULL : equals + 1;
    const char *dots = months == NULL ? NULL : strstr(months, "..");
    if (equals == NULL || equals == value)
        return false;
    const char *from = dots == NULL ? months : pool_text(months, (size_t)(dots - months)),
               *to = dots == NULL ? months : dots + 2;
    if (month_number(from) < 0 || month_number(to) < month_number(from))
        return false;
    *ret = (struct mk_coverage){
        .size = sizeof *ret, .region = pool_text(value, (size_t)(equals - value)), .from_month = from, .to_month = to};
    return true;
}

static int given_coverage(struct push *p) {
    struct survey_place *covered;
    size_t n = 0;
    p->coverage = pool_alloc((p->words.n_given + 1) * sizeof *p->coverage);
    for (size_t i = 0; i < p->words.n_given; i++) {
        if (strcmp(p->words.given[i].name, "coverage") != 0)
            continue;
        if (!read_coverage(p->words.given[i].value, &p->coverage[p->n_coverage])) {
            say(T(BAD_COVERAGE), quoted(p->words.given[i].value));
            return EXIT_USAGE;
        }
        const struct mk_coverage *c = &p->coverage[p->n_coverage++];
        n += (size_t)(month_number(c->to_month) - month_number(c->from_month) + 1);
    }
    if (p->n_coverage == 0)
        return EXIT_GOOD;
    p->input.covered = covered = pool_alloc(n * sizeof *covered);
    for (size_t i = 0; i < p->n_coverage; i++)
        for (int m = month_number(p->coverage[i].from_month); m <= month_number(p->coverage[i].to_month); m++)
            covered[p->input.n_covered++] = (struct survey_place){.region = p->coverage[i].region, .month = m};
    return EXIT_GOOD;
}

/* The runs of months of each region that have rows. */
static void guess_coverage(struct push *p) {
    const struct survey *s = &p->survey;
    p->coverage = pool_alloc((s->n_places + 1) * sizeof *p->coverage);
    for (size_t i = 0; i < s->n_places; i++) {
        const struct survey_place *place = &s->places[i];
        bool goes_on = i > 0 && strcmp(place[-1].region, place->region) == 0 && place[-1].month == place->month - 1;
        if (goes_on)
            p->coverage[p->n_coverage - 1].to_month = month_text(place->month);
        else
            p->coverage[p->n_coverage++] = (struct mk_coverage){.size = sizeof *p->coverage,
                                                                .region = place->region,
                                                                .from_month = month_text(place->month),
                                                                .to_month = month_text(place->month)};
    }
}

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
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, &before);
    if (signals_caught() == 0)
        (void)ppoll(&readable, 1, NULL, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static int ask(const struct push *p) {
    if (flags_has(&p->words, "yes"))
        return EXIT_GOOD;
    bool own = strcmp(p->path, "-") != 0 && isatty(STDIN_FILENO);
    FILE *from = own ? stdin : strcmp(p->path, "-") == 0 ? fopen("/dev/tty", "re") : NULL;
    char answer[16] = "";
    if (from == NULL) {
        say("%s", T(ASK_IMPOSSIBLE));
        return EXIT_USAGE;
    }
    fputs(T(ASK), stderr);
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

/* ---- what was refused ---- */

static int tell_faults(const struct push *p, const struct survey_fault *faults, size_t n, uint64_t of) {
    rejected_show(faults, n, of);
    for (size_t i = 0; i < n && !p->input.latin1; i++)
        if (strcmp(faults[i].code, "not_utf8") == 0) {
            warn("%s", T(OTHER_CHARSET));
            break;
        }
    if (p->rejected != NULL && rejected_write(p->rejected, faults, n, p->file, p->input.latin1))
        warn(T(FAULTS_WRITTEN), quoted(p->rejected));
    return EXIT_REFUSED;
}

static int tell_rejection(const struct push *p, const char *id, const mk_error *error) {
    struct rejected rejected;
    rejected_gather(p->client, id, error, &rejected);
    say(T(FAULTS_THERE), screen_safe(error->message, strlen(error->message), 0, false));
    int code = tell_faults(p, rejected.list, rejected.n, rejected.of);
    rejected_free(&rejected);
    warn(T(DELIVERY_IS), id);
    return code;
}

/* ---- sending ---- */

static void tell_report(const struct push *p, const struct mk_consumption_delivery_report *report) {
    size_t n;
    const char *json = mk_result_json(report, &n), *rows = pool_format("%lld", (long long)report->rows);
    if (flags_has(&p->words, "rehearse"))
        warn(T(REHEARSED), rows, report->ddd);
    else
        warn(T(ACCEPTED), rows, report->ddd, quoted(report->id));
    const struct mk_consumption_delivery_report_changes *c = report->changes;
    warn(T(CHANGED), pool_format("%lld", (long long)c->region_months_new),
         pool_format("%lld", (long long)c->region_months_replaced), c->ddd_before, c->ddd_after);
    if (flags_has(&p->words, "json")) {
        out_bytes(json, n);
        out_text("\n");
    } else {
        out_format("%s\n", quoted(report->id));
    }
}

static int send_it(struct push *p) {
    const struct survey *s = &p->survey;
    struct mk_control_totals control = {.size = sizeof control,
                                        .rows = (int64_t)s->rows,
                                        .ddd = decimal_e4(s->ddd_e4),
                                        .cost_ore = s->has_cost ? &s->cost_ore : NULL};
    const struct mk_coverage **coverage = pool_alloc((p->n_coverage + 1) * sizeof *coverage);
    for (size_t i = 0; i < p->n_coverage; i++)
        coverage[i] = &p->coverage[i];
    struct mk_new_consumption_delivery announcement = {.size = sizeof announcement,
                                                       .source = p->source,
                                                       .label = p->label,
                                                       .status = p->status,
                                                       .n_coverage = p->n_coverage,
                                                       .coverage = coverage,
                                                       .control = &control,
                                                       .sha256 = s->sha256};
    mk_push_options options = {.size = sizeof options,
                               .idempotency_key = flags_value(&p->words, "idempotency-key"),
                               .plain = flags_has(&p->words, "plain"),
                               .rehearse = flags_has(&p->words, "rehearse"),
                               .progress = progress_show};
    mk_source source = {.size = sizeof source};
    struct mk_consumption_delivery_report *report = NULL;
    mk_error error = MK_ERROR_INIT;
    char id[37] = "";
    struct stat about;
    int result = EXIT_GOOD, code = mk_source_from_file(&source, p->file);
    source.gzipped = s->gzipped;
    source.media_type = s->ndjson ? "application/x-ndjson" : s->latin1 ? "text/csv; charset=iso-8859-1" : "text/csv";
    progress_start(fstat(fileno(p->file), &about) == 0 ? (int64_t)about.st_size : 0);
    if (code == MK_OK)
        code = mk_push(p->client, &announcement, &source, &options, id, &report, &error);
    progress_end();
    if (code == MK_OK) {
        tell_report(p, report);
    } else if (signals_caught() != 0) {
        say("%s", T(INTERRUPTED));
        result = EXIT_SIGNAL + signals_caught();
    } else if (code == MK_ERR_REFUSED && strcmp(error.problem, "delivery_rejected") == 0) {
        result = tell_rejection(p, id, &error);
    } else {
        result = say_error(&error);
        if (id[0] != '\0')
            warn(T(DELIVERY_IS), id);
    }
    mk_consumption_delivery_report_free(report);
    mk_error_clear(&error);
    return result;
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
    int code = open_file(p);
    if (code == EXIT_GOOD)
        code = given_coverage(p);
    if (code == EXIT_GOOD)
        code = survey_file(&p->input, &p->survey);
    if (code != EXIT_GOOD) {
        if (signals_caught() != 0)
            say("%s", T(INTERRUPTED_ANY));
        return code;
    }
    if (p->n_coverage == 0)
        guess_coverage(p);
    show(p);
    if (p->survey.faults > 0 && !flags_has(&p->words, "send-anyway")) {
        say(T(FAULTS_HERE), (unsigned long long)p->survey.faults);
        return tell_faults(p, p->survey.listed, p->survey.n_faults, p->survey.faults);
    }
    if (p->n_coverage == 0) {
        say("%s", p->survey.faults > 0 ? T(FAULTS_COVERAGE) : T(NO_ROWS));
        return EXIT_USAGE;
    }
    code = ask(p);
    return code == EXIT_GOOD ? send_it(p) : code;
}

static int prepare(struct push *p) {
    const struct words *w = &p->words;
    if (w->n_free != 1) {
        if (w->n_free == 0)
            say(T(WORD_MISSING), "FILE");
        else
            say(T(WORD_TOO_MANY), quoted(w->free[1]));
        return EXIT_USAGE;
    }
    p->path = w->free[0];
    bool standard = strcmp(p->path, "-") == 0;
    const char *name = strrchr(p->path, '/');
    p->label = flags_value(w, "label");
    if (p->label == NULL)
        p->label = standard ? "standard input" : name == NULL ? p->path : name + 1;
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
