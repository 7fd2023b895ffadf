/* Sends what `medkoord push` has looked through, and tells what became of it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "push.h"

#include <string.h>
#include <sys/stat.h>

#define DELIVERIES_MAX 100 /* of one announcement, each superseded or withdrawn: no server has more */

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 80, false);
}

/* ---- what became of it ---- */

static int tell_rejection(const struct push *p, const char *id, const mk_error *error) {
    struct rejected rejected;
    rejected_gather(p->client, id, error, &rejected);
    say(T(FAULTS_THERE), screen_safe(error->message, strlen(error->message), 0, false));
    int code = push_tell_faults(p, rejected.list, rejected.n, rejected.of);
    rejected_free(&rejected);
    warn(T(DELIVERY_IS), id);
    return code;
}

static void print_report(const struct push *p, const struct mk_consumption_delivery_report *report) {
    size_t n;
    const char *json = mk_result_json(report, &n);
    if (flags_has(&p->words, "json")) {
        out_bytes(json, n);
        out_text("\n");
    } else if (!flags_has(&p->words, "rehearse")) {
        out_format("%s\n", quoted(report->id));
    }
}

static void tell_report(const struct push *p, const struct mk_consumption_delivery_report *report) {
    const char *rows = pool_format("%lld", (long long)report->rows);
    if (flags_has(&p->words, "rehearse"))
        warn(T(REHEARSED), rows, report->ddd, quoted(report->id));
    else
        warn(T(ACCEPTED), rows, report->ddd, quoted(report->id));
    const struct mk_consumption_delivery_report_changes *c = report->changes;
    warn(T(CHANGED), pool_format("%lld", (long long)c->region_months_new),
         pool_format("%lld", (long long)c->region_months_replaced), c->ddd_before, c->ddd_after);
    print_report(p, report);
}

/* ---- what was sent before ---- */

/* Whether the only one in its place says the same: then nobody has anything to decide. */
static bool says_the_same(const struct push *p, const struct mk_consumption_delivery *d) {
    struct mk_consumption_delivery *other = NULL;
    mk_error ignored = MK_ERROR_INIT;
    bool same = d->n_superseded_by == 1 && d->superseded_by[0]->region_months == d->region_months &&
                mk_get_consumption_delivery(p->client, d->superseded_by[0]->id, NULL, &other, &ignored) == MK_OK &&
                other->content_sha256 != NULL && strcmp(other->content_sha256, p->survey.sha256) == 0 &&
                strcmp(other->status, p->status) == 0;
    mk_consumption_delivery_free(other);
    mk_error_clear(&ignored);
    return same;
}

static void tell_superseded(const struct mk_consumption_delivery *d) {
    struct text by = {0};
    int64_t months = 0;
    for (size_t i = 0; i < d->n_superseded_by; i++) {
        text_format(&by, "%s%s", i == 0 ? "" : ", ", quoted(d->superseded_by[i]->id));
        months += d->superseded_by[i]->region_months;
    }
    warn(T(IS_SUPERSEDED), quoted(d->id), (long long)months, (long long)d->region_months, by.p);
}

/* The delivery takes no more rows: it is in force already, or the file is sent once more as a delivery of its own, so
 * that it comes into force. *ret_key is set for that. */
static int send_again(struct push *p, const char *id, bool *agreed, const char **ret_key) {
    struct mk_consumption_delivery *d = NULL;
    mk_error error = MK_ERROR_INIT;
    int code = EXIT_GOOD;
    *ret_key = NULL;
    if (mk_get_consumption_delivery(p->client, id, NULL, &d, &error) != MK_OK) {
        code = say_error(&error);
        mk_error_clear(&error);
        return code;
    }
    bool withdrawn = strcmp(d->state, "withdrawn") == 0, in_force = !withdrawn && d->n_superseded_by == 0;
    bool fixed = flags_has(&p->words, "idempotency-key");
    *agreed |= !fixed && (flags_has(&p->words, "rehearse") || (!withdrawn && !in_force && says_the_same(p, d)));
    if (in_force)
        warn(T(ACCEPTED_BEFORE), quoted(id));
    else if (withdrawn && !*agreed)
        warn(T(IS_WITHDRAWN), quoted(id));
    else if (!*agreed)
        tell_superseded(d);
    mk_consumption_delivery_free(d);
    if (in_force)
        return EXIT_GOOD;
    if (fixed) {
        say("%s", T(OTHER_KEY));
        return EXIT_REFUSED;
    }
    if (!*agreed)
        code = push_ask(p, T(ASK_AGAIN));
    *agreed = true;
    *ret_key = code == EXIT_GOOD ? pool_format("again-%s", id) : NULL;
    return code;
}

/* ---- sending ---- */

static int send_under(struct push *p, const struct mk_new_consumption_delivery *announcement, const char *key,
                      char id[37], struct mk_consumption_delivery_report **ret_report, mk_error *error) {
    const struct survey *s = &p->survey;
    mk_push_options options = {.size = sizeof options,
                               .idempotency_key = key,
                               .plain = flags_has(&p->words, "plain"),
                               .rehearse = flags_has(&p->words, "rehearse"),
                               .progress = progress_show};
    mk_source source = {.size = sizeof source};
    struct stat about;
    rewind(p->file);
    int code = mk_source_from_file(&source, p->file);
    source.gzipped = s->gzipped;
    source.media_type = s->ndjson ? "application/x-ndjson" : s->latin1 ? "text/csv; charset=iso-8859-1" : "text/csv";
    progress_start(fstat(fileno(p->file), &about) == 0 ? (int64_t)about.st_size : 0);
    if (code == MK_OK)
        code = mk_push(p->client, announcement, &source, &options, id, ret_report, error);
    progress_end();
    return code;
}

static int tell_failure(const struct push *p, const char *id, const mk_error *error) {
    if (signals_caught() != 0) {
        say("%s", T(INTERRUPTED));
        return EXIT_SIGNAL + signals_caught();
    }
    if (error->code == MK_ERR_REFUSED && strcmp(error->problem, "delivery_rejected") == 0)
        return tell_rejection(p, id, error);
    int result = say_error(error);
    if (id[0] != '\0')
        warn(T(DELIVERY_IS), id);
    return result;
}

/* Under the key of the announcement, which goes on with what was interrupted; when that delivery is done with, under
 * the next one. */
static int send_until_told(struct push *p, const struct mk_new_consumption_delivery *announcement) {
    const char *key = flags_value(&p->words, "idempotency-key");
    bool agreed = false;
    for (int i = 0; i < DELIVERIES_MAX; i++) {
        struct mk_consumption_delivery_report *report = NULL;
        mk_error error = MK_ERROR_INIT;
        char id[37] = "";
        int result = EXIT_GOOD, code = send_under(p, announcement, key, id, &report, &error);
        bool before = code == MK_OK ? mk_result_replayed(report)
                                    : code == MK_ERR_REFUSED && strcmp(error.problem, "delivery_finished") == 0;
        key = NULL;
        if (before)
            result = send_again(p, id, &agreed, &key);
        else if (code == MK_OK)
            tell_report(p, report);
        else
            result = tell_failure(p, id, &error);
        if (before && code == MK_OK && key == NULL && result == EXIT_GOOD)
            print_report(p, report);
        mk_consumption_delivery_report_free(report);
        mk_error_clear(&error);
        if (key == NULL)
            return result;
    }
    say("%s", T(STRANGE_ANSWER));
    return EXIT_SERVER;
}

int push_send(struct push *p) {
    const struct survey *s = &p->survey;
    struct mk_control_totals control = {.size = sizeof control,
                                        .rows = (int64_t)s->rows,
                                        .ddd = decimal_e4(s->ddd_e4),
                                        .cost_ore = s->has_cost ? &s->cost_ore : NULL};
    const struct mk_coverage **coverage = pool_alloc((p->n_coverage + 1) * sizeof *coverage);
    for (size_t i = 0; i < p->n_coverage; i++)
        coverage[i] = &p->coverage[i];
    const struct mk_new_consumption_delivery announcement = {.size = sizeof announcement,
                                                             .source = p->source,
                                                             .label = p->label,
                                                             .status = p->status,
                                                             .n_coverage = p->n_coverage,
                                                             .coverage = coverage,
                                                             .control = &control,
                                                             .sha256 = s->sha256};
    int code = send_until_told(p, &announcement);
    if (code == EXIT_GOOD && !flags_has(&p->words, "rehearse") && !flags_has(&p->words, "rejected") &&
        p->rejected != NULL && rejected_remove(p->rejected))
        warn(T(REJECTED_REMOVED), quoted(p->rejected));
    return code;
}
