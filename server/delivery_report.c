/* What was refused in a delivery's file, and why.
 * SPDX-License-Identifier: MPL-2.0 */
#include "delivery_private.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define DUPLICATES_MAX DELIVERY_REJECTIONS_MAX
/* Findings about the file as a whole are few (at most one of each note) and kept beyond the limit of lines. */
#define KEPT_MAX (DELIVERY_REJECTIONS_MAX + N_NOTES)

const char *const delivery_code_names[N_DELIVERY_CODES] = {
    [DELIVERY_BAD_MONTH] = "bad_month",
    [DELIVERY_OUTSIDE_COVERAGE] = "outside_coverage",
    [DELIVERY_UNKNOWN_HOSPITAL] = "unknown_hospital",
    [DELIVERY_BAD_ATC] = "bad_atc",
    [DELIVERY_BAD_ARTICLE_NUMBER] = "bad_article_number",
    [DELIVERY_BAD_PRODUCT] = "bad_product",
    [DELIVERY_CPR_NUMBER] = "cpr_number_not_allowed",
    [DELIVERY_BAD_NUMBER] = "bad_number",
    [DELIVERY_NUMBER_OUT_OF_RANGE] = "number_out_of_range",
    [DELIVERY_TOO_MANY_DECIMALS] = "too_many_decimals",
    [DELIVERY_VALUE_MISSING] = "value_missing",
    [DELIVERY_DUPLICATE_KEY] = "duplicate_key",
    [DELIVERY_CONTROL_ROWS] = "control_rows",
    [DELIVERY_CONTROL_DDD] = "control_ddd",
    [DELIVERY_CONTROL_COST] = "control_cost",
    [DELIVERY_DIGEST_MISMATCH] = "digest_mismatch",
    [DELIVERY_NOT_UTF8] = "not_utf8",
    [DELIVERY_BAD_COLUMN] = "bad_column",
    [DELIVERY_BAD_LINE] = "bad_line",
    [DELIVERY_LINE_TOO_LONG] = "line_too_long",
    [DELIVERY_CUT_GZIP] = "cut_gzip",
    [DELIVERY_BAD_GZIP] = "bad_gzip",
};

const char *const delivery_column_names[N_DELIVERY_COLUMNS] = {"month",   "hospital", "atc", "article_number",
                                                               "product", "packs",    "ddd", "cost_ore"};

/* The details. Each takes the rejection's two numbers, in this order, where it has place for them. */
static const struct {
    enum delivery_code code;
    const char *format, *danish;
} notes[N_NOTES] = {
    [NOTE_MONTH_FORM] = {DELIVERY_BAD_MONTH, "a month is written YYYY-MM, from 1900-01 to 2199-12",
                         "en måned skrives ÅÅÅÅ-MM, fra 1900-01 til 2199-12"},
    [NOTE_MONTH_OUTSIDE] = {DELIVERY_OUTSIDE_COVERAGE, "the delivery covers no region in this month",
                            "leverancen dækker ingen region i denne måned"},
    [NOTE_REGION_OUTSIDE] = {DELIVERY_OUTSIDE_COVERAGE,
                             "the delivery does not cover the hospital's region in the row's month",
                             "leverancen dækker ikke hospitalets region i linjens måned"},
    [NOTE_HOSPITAL] = {DELIVERY_UNKNOWN_HOSPITAL, "no hospital has this code", "intet hospital har denne kode"},
    [NOTE_ATC] = {DELIVERY_BAD_ATC,
                  "an ATC code is a letter, two digits, two letters, two digits, or the beginning of one; "
                  "veterinary codes have a Q before it",
                  "en ATC-kode er et bogstav, to cifre, to bogstaver, to cifre, eller begyndelsen af en; veterinære "
                  "koder har et Q foran"},
    [NOTE_ARTICLE] = {DELIVERY_BAD_ARTICLE_NUMBER, "an article number is six digits", "et varenummer er seks cifre"},
    [NOTE_PRODUCT_LONG] = {DELIVERY_BAD_PRODUCT, "a product's name has at most 200 characters; this one has %lld",
                           "et produkts navn har højst 200 tegn; dette har %lld"},
    [NOTE_PRODUCT_CONTROL] = {DELIVERY_BAD_PRODUCT, "control characters are not taken", "styretegn tages ikke"},
    [NOTE_CPR] = {DELIVERY_CPR_NUMBER, "it holds what reads as a civil registration number; the value is not kept",
                  "der står, hvad der ligner et CPR-nummer; værdien gemmes ikke"},
    [NOTE_NUMBER_POINT] = {DELIVERY_BAD_NUMBER, "not a decimal number: digits, and a point before decimals",
                           "ikke et decimaltal: cifre, og punktum før decimaler"},
    [NOTE_NUMBER_COMMA] =
        {DELIVERY_BAD_NUMBER,
         "not a decimal number: in a file with semicolons a comma stands before decimals, "
         "a point only between thousands",
         "ikke et decimaltal: i en fil med semikolon står komma før decimaler, og punktum kun mellem tusinder"},
    [NOTE_NUMBER_JSON] = {DELIVERY_BAD_NUMBER, "not a JSON number", "ikke et JSON-tal"},
    [NOTE_COST] = {DELIVERY_BAD_NUMBER, "a cost is a whole number of øre", "et beløb er et helt antal øre"},
    [NOTE_AMOUNT_RANGE] = {DELIVERY_NUMBER_OUT_OF_RANGE,
                           "a number of packs or DDD is between -10000000000 and 10000000000",
                           "et antal pakninger eller DDD er mellem -10000000000 og 10000000000"},
    [NOTE_COST_RANGE] = {DELIVERY_NUMBER_OUT_OF_RANGE, "a cost is between -1000000000000 and 1000000000000 øre",
                         "et beløb er mellem -1000000000000 og 1000000000000 øre"},
    [NOTE_DECIMALS] = {DELIVERY_TOO_MANY_DECIMALS, "at most four decimals can be kept",
                       "der kan højst gemmes fire decimaler"},
    [NOTE_TOTAL_RANGE] = {DELIVERY_NUMBER_OUT_OF_RANGE, "the total is too large to be kept",
                          "summen er for stor til at gemmes"},
    [NOTE_MISSING] = {DELIVERY_VALUE_MISSING, "the value is missing", "værdien mangler"},
    [NOTE_DUPLICATE] = {DELIVERY_DUPLICATE_KEY,
                        "the same month, hospital, ATC code and article number stand in line %lld",
                        "samme måned, hospital, ATC-kode og varenummer står i linje %lld"},
    [NOTE_CONTROL_ROWS] = {DELIVERY_CONTROL_ROWS, "%lld rows were announced, the file has %lld",
                           "der er anmeldt %lld linjer, filen har %lld"},
    [NOTE_MORE_ROWS] = {DELIVERY_CONTROL_ROWS,
                        "%lld rows were announced, the file has more: nothing after line %lld was read",
                        "der er anmeldt %lld linjer, filen har flere: intet efter linje %lld er læst"},
    [NOTE_CONTROL_DDD] = {DELIVERY_CONTROL_DDD, NULL, NULL},
    [NOTE_CONTROL_COST] = {DELIVERY_CONTROL_COST, "%lld øre were announced, the file adds up to %lld",
                           "der er anmeldt %lld øre, filen giver %lld"},
    [NOTE_DIGEST] = {DELIVERY_DIGEST_MISMATCH,
                     "the content does not have the SHA-256 that was announced with the delivery",
                     "indholdet har ikke den SHA-256, der blev anmeldt med leverancen"},
    [NOTE_WIRE_DIGEST] = {DELIVERY_DIGEST_MISMATCH, "the bytes that arrived do not have the SHA-256 of Content-Digest",
                          "de bytes, der kom frem, har ikke SHA-256 fra Content-Digest"},
    [NOTE_UTF8] = {DELIVERY_NOT_UTF8,
                   "byte %lld of the file (counted from 0) is not UTF-8; another charset must be declared",
                   "byte %lld i filen (talt fra 0) er ikke UTF-8; et andet tegnsæt skal angives"},
    [NOTE_COLUMN_UNKNOWN] = {DELIVERY_BAD_COLUMN, "there is no such column", "kolonnen findes ikke"},
    [NOTE_COLUMN_MISSING] = {DELIVERY_BAD_COLUMN, "the column is missing", "kolonnen mangler"},
    [NOTE_COLUMN_TWICE] = {DELIVERY_BAD_COLUMN, "the column stands twice", "kolonnen står to gange"},
    [NOTE_MEMBER_UNKNOWN] = {DELIVERY_BAD_COLUMN, "there is no such member", "feltet findes ikke"},
    [NOTE_JSON_STRING] = {DELIVERY_BAD_LINE, "the value must be a JSON string", "værdien skal være en JSON-streng"},
    [NOTE_EMPTY] = {DELIVERY_BAD_COLUMN, "the file is empty: a line with the columns' names is needed",
                    "filen er tom: der skal være en linje med kolonnernes navne"},
    [NOTE_CELLS] = {DELIVERY_BAD_LINE, "the line has %lld cells, the header %lld",
                    "linjen har %lld celler, overskriften %lld"},
    [NOTE_QUOTE] =
        {DELIVERY_BAD_LINE, "a quotation mark stands where none may be: quote the whole cell and double those inside",
         "et anførselstegn står, hvor der ikke må stå et: sæt hele cellen i anførselstegn og fordobl dem indeni"},
    [NOTE_QUOTE_OPEN] = {DELIVERY_BAD_LINE, "a quotation mark is opened and not closed",
                         "et anførselstegn åbnes og lukkes ikke"},
    [NOTE_JSON] = {DELIVERY_BAD_LINE, "the line is not one JSON object with every member once",
                   "linjen er ikke ét JSON-objekt med hvert felt én gang"},
    [NOTE_LINES] = {DELIVERY_BAD_LINE, "the file has more than 2147483647 lines",
                    "filen har mere end 2147483647 linjer"},
    [NOTE_LONG] = {DELIVERY_LINE_TOO_LONG, "a line has at most 16384 bytes", "en linje har højst 16384 bytes"},
    [NOTE_GZIP_CUT] = {DELIVERY_CUT_GZIP, "the gzip data ends in the middle", "gzip-data slutter midt i"},
    [NOTE_GZIP_DAMAGED] = {DELIVERY_BAD_GZIP, "the gzip data is damaged before byte %lld",
                           "gzip-data er beskadiget før byte %lld"},
    [NOTE_GZIP_TRAILING] = {DELIVERY_BAD_GZIP, "something else follows the gzip data at byte %lld",
                            "noget andet følger efter gzip-data ved byte %lld"},
    [NOTE_GZIP_UNDECLARED] = {DELIVERY_BAD_GZIP, "the content looks like gzip: send Content-Encoding: gzip with it",
                              "indholdet ligner gzip: send Content-Encoding: gzip med"},
};

/* Shortened at a character's border. Control characters would not be seen (and jsonb takes no NUL). */
static uint8_t copy_value(char *ret, struct cell value) {
    if (value.p == NULL || text_has_cpr(value.p, value.n))
        return 0;
    size_t n = value.n > DELIVERY_VALUE_MAX ? DELIVERY_VALUE_MAX : value.n;
    while (n > 0 && n < value.n && ((unsigned char)value.p[n] & 0xc0) == 0x80)
        n--;
    if (!text_is_utf8(value.p, n, NULL))
        return 0;
    for (size_t i = 0; i < n; i++)
        ret[i] = (unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f ? ' ' : value.p[i];
    ret[n] = '\0';
    return (uint8_t)n;
}

static struct delivery_rejection *add_rejection(struct delivery_file *f) {
    if (f->n_rejections == f->rejections_capacity) {
        size_t capacity = f->rejections_capacity == 0 ? 64 : 2 * f->rejections_capacity;
        if (capacity > KEPT_MAX)
            capacity = KEPT_MAX;
        struct delivery_rejection *grown = realloc(f->rejections, capacity * sizeof *grown);
        if (grown == NULL || capacity == f->n_rejections) {
            f->failed |= grown == NULL;
            f->rejections = grown != NULL ? grown : f->rejections;
            return NULL;
        }
        f->rejections = grown;
        f->rejections_capacity = capacity;
    }
    return &f->rejections[f->n_rejections++];
}

void delivery_reject(struct delivery_file *f, uint64_t line, enum delivery_column column, enum delivery_note note,
                     struct cell value, int64_t a, int64_t b) {
    f->rejected = true;
    if (!f->options.keep_rows)
        f->out_n = 0;
    f->counts[notes[note].code]++;
    if (line != 0 && f->line_rejections++ >= DELIVERY_REJECTIONS_MAX)
        return;
    struct delivery_rejection *r = add_rejection(f);
    if (r == NULL)
        return;
    *r = (struct delivery_rejection){.line = line, .a = a, .b = b, .note = (uint8_t)note, .column = (uint8_t)column};
    r->value_length = copy_value(r->value, value);
}

void delivery_free_report(struct delivery_file *f) {
    free(f->rejections);
    free(f->duplicates);
}

/* ---- duplicates ---- */

static void sift_down(struct duplicate *heap, size_t n, size_t at) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && heap[child + 1].line > heap[child].line)
            child++;
        if (heap[at].line >= heap[child].line)
            return;
        struct duplicate d = heap[at];
        heap[at] = heap[child];
        heap[child] = d;
        at = child;
    }
}

static void take_duplicate(void *state, uint64_t first_line, uint64_t line) {
    struct delivery_file *f = state;
    f->counts[DELIVERY_DUPLICATE_KEY]++;
    if (f->duplicates == NULL) {
        f->duplicates = malloc(DUPLICATES_MAX * sizeof *f->duplicates);
        if (f->duplicates == NULL) {
            f->failed = true;
            return;
        }
    }
    if (f->n_duplicates == DUPLICATES_MAX) {
        if (line >= f->duplicates[0].line)
            return;
        f->duplicates[0] = (struct duplicate){line, first_line};
        sift_down(f->duplicates, f->n_duplicates, 0);
        return;
    }
    size_t at = f->n_duplicates++;
    f->duplicates[at] = (struct duplicate){line, first_line};
    while (at > 0 && f->duplicates[(at - 1) / 2].line < f->duplicates[at].line) {
        struct duplicate d = f->duplicates[at];
        f->duplicates[at] = f->duplicates[(at - 1) / 2];
        f->duplicates[(at - 1) / 2] = d;
        at = (at - 1) / 2;
    }
}

static int by_line(const void *a, const void *b) {
    const struct delivery_rejection *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column != y->column ? (int)x->column - (int)y->column : (int)x->note - (int)y->note;
}

/* The duplicates take their places among the lines; of all of them the first 10,000 stay. */
static void merge_duplicates(struct delivery_file *f) {
    struct delivery_rejection *all = realloc(f->rejections, (f->n_rejections + f->n_duplicates + 1) * sizeof *all);
    if (all == NULL) {
        f->failed = true;
        return;
    }
    f->rejections = all;
    for (size_t i = 0; i < f->n_duplicates; i++)
        all[f->n_rejections++] = (struct delivery_rejection){.line = f->duplicates[i].line,
                                                             .a = (int64_t)f->duplicates[i].first,
                                                             .note = NOTE_DUPLICATE,
                                                             .column = COLUMN_NONE}; /* the key is several */
    f->rejections_capacity = f->n_rejections;
    f->n_duplicates = 0;
    qsort(all, f->n_rejections, sizeof *all, by_line);
    if (f->n_rejections > DELIVERY_REJECTIONS_MAX)
        f->n_rejections = DELIVERY_REJECTIONS_MAX;
}

bool delivery_file_search(struct delivery_file *f) {
    if (f->searched)
        return false;
    if (f->spool != NULL && spool_search(f->spool, take_duplicate, f))
        return true;
    f->searched = true;
    if (f->spool != NULL && spool_failed(f->spool))
        f->failed = true; /* or duplicates would be missing from a report that says it is whole */
    merge_duplicates(f);
    return false;
}

/* ---- reading the report ---- */

const uint64_t *delivery_file_counts(const struct delivery_file *f) {
    return f->counts;
}

const struct delivery_rejection *delivery_file_rejections(struct delivery_file *f, size_t *ret_n) {
    *ret_n = f->n_rejections;
    return f->rejections;
}

enum delivery_code delivery_rejection_code(const struct delivery_rejection *r) {
    return notes[r->note].code;
}

/* Ten-thousandths as a decimal number: 125000 is 12.5. */
static void write_e4(int64_t e4, char ret[32]) {
    uint64_t size = e4 < 0 ? -(uint64_t)e4 : (uint64_t)e4;
    int n = snprintf(ret, 32, "%s%llu.%04llu", e4 < 0 ? "-" : "", (unsigned long long)(size / 10000),
                     (unsigned long long)(size % 10000));
    while (ret[n - 1] == '0')
        ret[--n] = '\0';
    if (ret[n - 1] == '.')
        ret[--n] = '\0';
}

size_t delivery_rejection_detail(const struct delivery_rejection *r, bool danish, char *ret, size_t n) {
    int length;
    if (r->note == NOTE_CONTROL_DDD) {
        char announced[32], found[32];
        write_e4(r->a, announced);
        write_e4(r->b, found);
        length = snprintf(
            ret, n, danish ? "der er anmeldt %s DDD, filen giver %s" : "%s DDD were announced, the file adds up to %s",
            announced, found);
    } else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        length =
            snprintf(ret, n, danish ? notes[r->note].danish : notes[r->note].format, (long long)r->a, (long long)r->b);
#pragma GCC diagnostic pop
    }
    return length < 0 ? 0 : (size_t)length;
}

void delivery_file_write_counts(const struct delivery_file *f, struct buffer *b) {
    char before = '{';
    for (int i = 0; i < N_DELIVERY_CODES; i++) {
        if (f->counts[i] == 0)
            continue;
        buffer_format(b, "%c\"%s\":%llu", before, delivery_code_names[i], (unsigned long long)f->counts[i]);
        before = ',';
    }
    buffer_text(b, before == '{' ? "{}" : "}");
}

void delivery_file_write_rejections(struct delivery_file *f, struct buffer *b, size_t at_most, bool danish) {
    buffer_char(b, '[');
    for (size_t i = 0; i < f->n_rejections && i < at_most; i++) {
        const struct delivery_rejection *r = &f->rejections[i];
        char detail[256];
        size_t n = delivery_rejection_detail(r, danish, detail, sizeof detail);
        buffer_format(b, "%s{\"position\":%zu,\"line\":", i == 0 ? "" : ",", i + 1);
        if (r->line == 0)
            buffer_text(b, "null");
        else
            buffer_format(b, "%llu", (unsigned long long)r->line);
        if (r->column == COLUMN_NONE)
            buffer_text(b, ",\"column\":null");
        else
            buffer_format(b, ",\"column\":\"%s\"", delivery_column_names[r->column]);
        buffer_format(b, ",\"code\":\"%s\",\"detail\":", delivery_code_names[notes[r->note].code]);
        buffer_json(b, detail, n < sizeof detail ? n : sizeof detail - 1);
        buffer_text(b, ",\"value\":");
        if (r->value_length == 0)
            buffer_text(b, "null");
        else
            buffer_json(b, r->value, r->value_length);
        buffer_char(b, '}');
    }
    buffer_char(b, ']');
}
