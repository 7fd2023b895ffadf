/* What a file of consumption holds, by the server's own reader (server/delivery_file.h): what it adds up to, which
 * months of which regions, and what the server would refuse.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include "../../server/delivery_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PIECE        65536u
#define MONTHS       3600  /* the reader's: 1900-01 to 2199-12 */
#define DAYS_TO_2000 36524 /* from 1900-01-01: PostgreSQL counts days from 2000-01-01 */

int month_number(const char *month) {
    if (strlen(month) != 7 || strspn(month, "0123456789-") != 7 || month[4] != '-' || strchr(month, '-') != month + 4 ||
        month[6] == '-')
        return -1;
    int number = atoi(month + 5);
    return number < 1 || number > 12 ? -1 : delivery_month(atoi(month), number);
}

const char *month_text(int month) {
    return pool_format("%04d-%02d", 1900 + month / 12, 1 + month % 12);
}

const char *decimal_e4(int64_t value) {
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char *text = pool_format("%s%llu.%04llu", value < 0 ? "-" : "", (unsigned long long)(size / 10000),
                             (unsigned long long)(size % 10000));
    size_t n = strlen(text);
    while (text[n - 1] == '0')
        text[--n] = '\0';
    if (text[n - 1] == '.')
        text[--n] = '\0';
    return text;
}

/* ---- rows: which region and month each is of ---- */

struct tally {
    const struct survey_input *in;
    const char **regions; /* by number */
    size_t n_regions;
    const char **codes; /* of hospitals, by number */
    size_t n_codes;
    int16_t *region_of; /* by hospital and month; -1: none */
    int64_t *counts;    /* by region and month */
    bool started, has_cost;
};

static int find_name(const char **names, size_t n, const char *name) {
    for (size_t i = n; i-- > 0;)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

static int number_of(const char **names, size_t *n, const char *name) {
    int found = find_name(names, *n, name);
    if (found >= 0)
        return found;
    names[*n] = name;
    return (int)(*n)++;
}

static void tally_start(struct tally *t, const struct survey_input *in) {
    *t = (struct tally){.in = in,
                        .regions = pool_alloc((in->n_hospitals + 1) * sizeof *t->regions),
                        .codes = pool_alloc((in->n_hospitals + 1) * sizeof *t->codes)};
    for (size_t i = 0; i < in->n_hospitals; i++) {
        (void)number_of(t->regions, &t->n_regions, in->hospitals[i].region);
        (void)number_of(t->codes, &t->n_codes, in->hospitals[i].code);
    }
    t->region_of = pool_alloc((t->n_codes * MONTHS + 1) * sizeof *t->region_of);
    t->counts = pool_alloc((t->n_regions * MONTHS + 1) * sizeof *t->counts);
    for (size_t i = 0; i < t->n_codes * MONTHS; i++)
        t->region_of[i] = -1;
}

static bool tell_reader(struct tally *t, struct delivery_file *f) {
    const struct survey_input *in = t->in;
    bool good = true;
    for (size_t i = 0; in->covered != NULL && i < in->n_covered; i++) {
        int region = find_name(t->regions, t->n_regions, in->covered[i].region);
        good &= region < 0 || delivery_file_cover(f, region, in->covered[i].month);
    }
    for (size_t r = 0; in->covered == NULL && r < t->n_regions; r++)
        for (int m = 0; m < MONTHS; m++)
            good &= delivery_file_cover(f, (int)r, m);
    for (size_t i = 0; i < in->n_hospitals; i++) {
        const struct survey_hospital *h = &in->hospitals[i];
        int no = find_name(t->codes, t->n_codes, h->code), region = find_name(t->regions, t->n_regions, h->region);
        good &= delivery_file_hospital(f, h->code, strlen(h->code), (int16_t)no, region, h->from_month, h->to_month);
        for (int m = h->from_month < 0 ? 0 : h->from_month; m <= h->to_month && m < MONTHS; m++)
            t->region_of[(size_t)no * MONTHS + (size_t)m] = (int16_t)region;
    }
    return good;
}

static uint32_t take_32(const unsigned char *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The month, counted from January 1900, that a day is in (days since 2000-01-01). */
static int month_of_day(int32_t day) {
    int64_t days = (int64_t)day + DAYS_TO_2000;
    int year = 1900 + (int)(days / 366), month;
    for (;; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int64_t before = 0;
        static const int starts[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
        for (int y = 1900; y < year; y++)
            before += 365 + ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0);
        if (days >= before + 365 + leap)
            continue;
        for (month = 11; month > 0 && days - before < starts[month] + (leap && month > 1); month--) {}
        return (year - 1900) * 12 + month;
    }
}

/* Binary COPY (delivery_row.c: write_row()): columns delivery_no, month, hospital_no, atc, article_number, product,
 * packs, ddd, cost, line; each with its length. The first piece begins with the format's 19 bytes, the last ends in -1.
 */
static void tally_rows(struct tally *t, const char *bytes, size_t n) {
    const unsigned char *p = (const unsigned char *)bytes, *end = p + n;
    static int32_t last_day = INT32_MIN;
    static int last_month;
    if (!t->started && n >= 19) {
        p += 19;
        t->started = true;
    }
    while (end - p > 2) {
        int columns = p[0] << 8 | p[1];
        int32_t day = 0;
        unsigned hospital = 0;
        p += 2;
        for (int c = 0; c < columns; c++) {
            uint32_t length = take_32(p);
            p += 4;
            if (c == 1)
                day = (int32_t)take_32(p);
            if (c == 2)
                hospital = (unsigned)(p[0] << 8 | p[1]);
            t->has_cost |= c == 8 && length != UINT32_MAX;
            p += length == UINT32_MAX ? 0 : length;
        }
        if (day != last_day) {
            last_day = day;
            last_month = month_of_day(day);
        }
        int16_t region = t->region_of[hospital * MONTHS + (unsigned)last_month];
        if (region >= 0)
            t->counts[(size_t)region * MONTHS + (size_t)last_month]++;
    }
}

/* ---- results ---- */

static int by_region(const void *a, const void *b) {
    const struct survey_place *x = a, *y = b;
    int order = strcmp(x->region, y->region);
    return order != 0 ? order : x->month - y->month;
}

static void take_places(const struct tally *t, struct survey *s) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_regions * MONTHS; i++)
        n += t->counts[i] != 0;
    s->places = pool_alloc((n + 1) * sizeof *s->places);
    for (size_t i = 0; i < t->n_regions * MONTHS; i++)
        if (t->counts[i] != 0)
            s->places[s->n_places++] = (struct survey_place){
                .region = t->regions[i / MONTHS], .month = (int)(i % MONTHS), .rows = t->counts[i]};
    qsort(s->places, s->n_places, sizeof *s->places, by_region);
}

static void take_faults(struct delivery_file *f, struct survey *s) {
    const uint64_t *counts = delivery_file_counts(f);
    const struct delivery_rejection *listed = delivery_file_rejections(f, &s->n_faults);
    for (int i = 0; i < N_DELIVERY_CODES; i++)
        s->faults += counts[i];
    s->listed = pool_alloc((s->n_faults + 1) * sizeof *s->listed);
    for (size_t i = 0; i < s->n_faults; i++) {
        char detail[512];
        (void)delivery_rejection_detail(&listed[i], texts_danish(), detail, sizeof detail);
        s->listed[i] = (struct survey_fault){
            .line = listed[i].line,
            .column = listed[i].column == COLUMN_NONE ? "" : delivery_column_names[listed[i].column],
            .code = delivery_code_names[delivery_rejection_code(&listed[i])],
            .detail = pool_text(detail, strlen(detail)),
            .value = pool_text(listed[i].value, listed[i].value_length)};
    }
}

static int read_all(const struct survey_input *in, struct delivery_file *f, struct tally *t) {
    static char piece[PIECE];
    size_t n, rows;
    const char *data;
    while ((n = fread(piece, 1, sizeof piece, in->file)) > 0) {
        if (in->stop() != 0)
            return EXIT_SIGNAL + in->stop();
        for (size_t done = 0; done < n || delivery_file_pending(f);) {
            done += delivery_file_feed(f, piece + done, n - done);
            data = delivery_file_rows(f, &rows);
            tally_rows(t, data, rows);
            delivery_file_rows_taken(f);
        }
    }
    if (in->stop() != 0)
        return EXIT_SIGNAL + in->stop();
    if (ferror(in->file)) {
        say(T(CANNOT_READ), T(PUSH_FILE), strerror(errno));
        return EXIT_OTHER;
    }
    delivery_file_finish(f);
    data = delivery_file_rows(f, &rows);
    tally_rows(t, data, rows);
    while (delivery_file_search(f)) {}
    return EXIT_GOOD;
}

int survey_file(const struct survey_input *in, struct survey *ret_survey) {
    struct delivery_options options = {.format = in->ndjson ? DELIVERY_NDJSON : DELIVERY_CSV,
                                       .charset = in->latin1 ? DELIVERY_LATIN1 : DELIVERY_UTF8,
                                       .gzip = in->gzipped,
                                       .keep_rows = true};
    struct survey s = {.gzipped = in->gzipped, .ndjson = in->ndjson, .latin1 = in->latin1};
    struct tally t;
    tally_start(&t, in);
    struct delivery_file *f = delivery_file_create(&options);
    if (f == NULL || !tell_reader(&t, f)) {
        delivery_file_destroy(f);
        say("%s", T(NO_MEMORY));
        return EXIT_OTHER;
    }
    int code = read_all(in, f, &t);
    rewind(in->file);
    if (code == EXIT_GOOD && delivery_file_failed(f)) {
        say("%s", T(NO_MEMORY));
        code = EXIT_OTHER;
    }
    if (code == EXIT_GOOD) {
        const struct delivery_totals *totals = delivery_file_totals(f);
        s.rows = totals->rows;
        s.bytes = totals->bytes;
        s.ddd_e4 = totals->ddd_e4;
        s.cost_ore = totals->cost_ore;
        s.has_cost = t.has_cost;
        for (size_t i = 0; i < DIGEST_SIZE; i++)
            (void)snprintf(s.sha256 + 2 * i, 3, "%02x", totals->sha256[i]);
        take_places(&t, &s);
        take_faults(f, &s);
        *ret_survey = s;
    }
    delivery_file_destroy(f);
    return code;
}
