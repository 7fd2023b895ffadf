/* Lines of a delivery's file to checked rows of PostgreSQL's binary COPY.
 * SPDX-License-Identifier: MPL-2.0 */
#include "delivery_private.h"
#include "server.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define MAX_CELLS  64
#define AMOUNT_MAX INT64_C(100000000000000) /* 10^10 in ten-thousandths */
#define COST_MAX   INT64_C(1000000000000)
#define NO_VALUE   ((struct cell){0})

/* A row as far as it has been read. */
struct row {
    struct cell cells[N_DELIVERY_COLUMNS]; /* p NULL: absent; numbers of JSON are not here */
    const json_t *numbers[N_DELIVERY_COLUMNS];
    int month;
    uint64_t atc_key;
    bool has_packs, has_cost;
    int64_t packs_e4, ddd_e4, cost_ore;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_capital(char c) {
    return c >= 'A' && c <= 'Z';
}

bool delivery_in_months(const struct months *m, int month) {
    return (m->bits[month / 8] >> (month % 8)) & 1;
}

void delivery_set_month(struct months *m, int month) {
    m->bits[month / 8] |= (uint8_t)(1 << (month % 8));
}

/* ---- one column each ---- */

static uint32_t days_since_2000(int year, int month) {
    /* Days of the first of a month: years begin in March, so that the leap day is the last (as in many calendars). */
    int y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
    int days = 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10;
    return (uint32_t)(days - 730425); /* 2000-01-01 counted the same way */
}

static int two_digits(const char *p) {
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -100000;
}

/* Month and its date go to the file's memory: the next line most often repeats them. */
static bool read_month(struct delivery_file *f, struct cell c) {
    if (c.n == f->month_text_n && memcmp(c.p, f->month_text, c.n) == 0)
        return true;
    if (c.n != 7 && !(c.n == 10 && memcmp(c.p + 7, "-01", 3) == 0))
        return false;
    int year = two_digits(c.p) * 100 + two_digits(c.p + 2), month = two_digits(c.p + 5);
    if (c.p[4] != '-' || year < 1900 || year > 2199 || month < 1 || month > 12)
        return false;
    memcpy(f->month_text, c.p, c.n);
    f->month_text_n = c.n;
    f->month = delivery_month(year, month);
    f->month_days = __builtin_bswap32(days_since_2000(year, month));
    return true;
}

static const struct delivery_hospital *find_hospital(const struct delivery_file *f, struct cell c) {
    const struct delivery_hospital *last = f->hospital;
    if (last != NULL && last->length == c.n && memcmp(last->code, c.p, c.n) == 0)
        return last;
    if (f->n_slots == 0)
        return NULL;
    for (size_t i = text_hash(c.p, c.n, 0) & (f->n_slots - 1); f->slots[i] != 0; i = (i + 1) & (f->n_slots - 1)) {
        const struct delivery_hospital *h = &f->hospitals[f->slots[i] - 1];
        if (h->length == c.n && memcmp(h->code, c.p, c.n) == 0)
            return h;
    }
    return NULL;
}

/* The code as one number, never 0; 0 when it is not of the form. Seven characters and a veterinary Q take 42 bits. */
static uint64_t read_atc(struct cell c) {
    static const char form[] = "L99LL99";
    size_t q = c.n > 1 && c.p[0] == 'Q' && is_capital(c.p[1]) ? 1 : 0, n = c.n - q;
    if (n != 7 && n != 5 && n != 4 && n != 3 && n != 1)
        return 0;
    uint64_t key = q;
    for (size_t i = 0; i < n; i++) {
        char x = c.p[q + i];
        if (form[i] == 'L' ? !is_capital(x) : !is_digit(x))
            return 0;
        key = key * 37 + (uint64_t)(is_digit(x) ? x - '0' + 1 : x - 'A' + 11);
    }
    return key;
}

static bool is_article_number(struct cell c) {
    if (c.n != 6)
        return false;
    for (size_t i = 0; i < 6; i++)
        if (!is_digit(c.p[i]))
            return false;
    return true;
}

static bool check_product(struct delivery_file *f, struct cell c) {
    size_t characters = 0, figures = 0;
    bool control = false, plain = true;
    for (size_t i = 0; i < c.n; i++) {
        unsigned char x = (unsigned char)c.p[i];
        characters += (x & 0xc0) != 0x80;
        figures += x >= '0' && x <= '9';
        plain &= x < 0x80;
        control |= (x < 0x20 && x != '\t' && x != '\n' && x != '\r') || x == 0x7f ||
                   (x == 0xc2 && i + 1 < c.n && (unsigned char)c.p[i + 1] < 0xa0);
    }
    if (characters > DELIVERY_PRODUCT_MAX)
        delivery_reject(f, f->line, COLUMN_PRODUCT, NOTE_PRODUCT_LONG, c, (int64_t)characters, 0);
    else if (control)
        delivery_reject(f, f->line, COLUMN_PRODUCT, NOTE_PRODUCT_CONTROL, c, 0, 0);
    else if ((figures >= 10 || !plain) && text_has_cpr(c.p, c.n))
        delivery_reject(f, f->line, COLUMN_PRODUCT, NOTE_CPR, NO_VALUE, 0, 0);
    else
        return true;
    return false;
}

enum number { NUMBER_GOOD, NUMBER_FORM, NUMBER_DECIMALS, NUMBER_RANGE };

/* Digits to an exact whole number of 10^-decimals. Danish: comma before decimals, points between thousands or none. */
static enum number read_number(struct cell c, bool danish, unsigned decimals, int64_t max, int64_t *ret) {
    const char *p = c.p, *end = p + c.n;
    bool negative = p < end && *p == '-', too_large = false, too_many = false;
    p += negative;
    const char *first = p;
    uint64_t v = 0;
    while (p < end) {
        if (danish && *p == '.' && p > first && p - first <= 3 && *first != '0') {
            const char *group = p; /* every group after the first has three digits, and 0.500 is nobody's 500 */
            while (end - group >= 4 && *group == '.' && is_digit(group[1]) && is_digit(group[2]) &&
                   is_digit(group[3])) {
                too_large |= v >= 1000000000000u;
                v = too_large
                        ? v
                        : v * 1000 + (uint64_t)((group[1] - '0') * 100 + (group[2] - '0') * 10 + (group[3] - '0'));
                group += 4;
            }
            if (group == p)
                return NUMBER_FORM;
            p = group;
            break;
        }
        if (!is_digit(*p))
            break;
        too_large |= v >= 100000000000000u;
        v = too_large ? v : v * 10 + (uint64_t)(*p - '0');
        p++;
    }
    if (p == first)
        return NUMBER_FORM;
    unsigned n = 0;
    if (decimals > 0 && p < end && *p == (danish ? ',' : '.')) {
        const char *fraction = ++p;
        for (; p < end && is_digit(*p); p++) {
            if (n < decimals) {
                v = v * 10 + (uint64_t)(*p - '0');
                n++;
            } else {
                too_many |= *p != '0'; /* zeros beyond the fourth decimal change nothing */
            }
        }
        if (p == fraction)
            return NUMBER_FORM;
    }
    if (p != end)
        return NUMBER_FORM;
    for (; n < decimals; n++)
        v *= 10;
    if (too_large || v > (uint64_t)max)
        return NUMBER_RANGE;
    if (too_many)
        return NUMBER_DECIMALS;
    *ret = negative ? -(int64_t)v : (int64_t)v;
    return NUMBER_GOOD;
}

/* A double is the nearest one to exactly one number of at most 15 significant digits, and 10^10 with four decimals has
 * 15: so the ten-thousandths whose nearest double it is are what was sent. */
static enum number read_json_number(const json_t *json, unsigned decimals, int64_t max, int64_t *ret) {
    if (json_is_integer(json)) {
        int64_t scale = decimals == 0 ? 1 : 10000, v = json_integer_value(json);
        if (v > max / scale || v < -(max / scale))
            return NUMBER_RANGE;
        *ret = v * scale;
        return NUMBER_GOOD;
    }
    if (!json_is_real(json) || decimals == 0)
        return NUMBER_FORM;
    double x = json_real_value(json);
    if (!(fabs(x) <= (double)max / 10000.0))
        return NUMBER_RANGE;
    int64_t v = llround(x * 10000.0);
    if ((double)v / 10000.0 != x)
        return NUMBER_DECIMALS;
    *ret = v;
    return NUMBER_GOOD;
}

/* ---- a row ---- */

static bool check_number(struct delivery_file *f, const struct row *row, enum delivery_column column, bool *ret_has,
                         int64_t *ret) {
    struct cell c = row->cells[column];
    const json_t *json = row->numbers[column];
    bool cost = column == COLUMN_COST_ORE, danish = f->separator == ';';
    *ret_has = json != NULL || c.n > 0;
    if (!*ret_has)
        return true;
    unsigned decimals = cost ? 0 : 4;
    int64_t max = cost ? COST_MAX : AMOUNT_MAX;
    enum number n =
        json != NULL ? read_json_number(json, decimals, max, ret) : read_number(c, danish, decimals, max, ret);
    if (n == NUMBER_GOOD)
        return true;
    enum delivery_note note = n == NUMBER_RANGE      ? (cost ? NOTE_COST_RANGE : NOTE_AMOUNT_RANGE)
                              : n == NUMBER_DECIMALS ? NOTE_DECIMALS
                              : cost                 ? NOTE_COST
                              : json != NULL         ? NOTE_NUMBER_JSON
                              : danish               ? NOTE_NUMBER_COMMA
                                                     : NOTE_NUMBER_POINT;
    delivery_reject(f, f->line, column, note, c, 0, 0);
    return false;
}

static bool refuse(struct delivery_file *f, const struct row *row, enum delivery_column column,
                   enum delivery_note note) {
    bool missing = row->cells[column].n == 0;
    delivery_reject(f, f->line, column, missing ? NOTE_MISSING : note, row->cells[column], 0, 0);
    return false;
}

/* Every column is looked at, so that all of a line's faults are told at once. */
static bool check_row(struct delivery_file *f, struct row *row) {
    const struct cell *c = row->cells;
    bool good = true, has_ddd;
    bool has_month =
        (c[COLUMN_MONTH].n > 0 && read_month(f, c[COLUMN_MONTH])) || refuse(f, row, COLUMN_MONTH, NOTE_MONTH_FORM);
    const struct delivery_hospital *h = c[COLUMN_HOSPITAL].n > 0 ? find_hospital(f, c[COLUMN_HOSPITAL]) : NULL;
    if (h != NULL)
        f->hospital = h;
    else
        good = refuse(f, row, COLUMN_HOSPITAL, NOTE_HOSPITAL);
    if (has_month && (h == NULL || !delivery_in_months(&h->covered, f->month))) {
        if (!delivery_in_months(&f->any, f->month))
            good = refuse(f, row, COLUMN_MONTH, NOTE_MONTH_OUTSIDE);
        else if (h != NULL)
            good = refuse(f, row, COLUMN_HOSPITAL, NOTE_REGION_OUTSIDE);
    }
    row->atc_key = c[COLUMN_ATC].n > 0 ? read_atc(c[COLUMN_ATC]) : 0;
    if (row->atc_key == 0)
        good = refuse(f, row, COLUMN_ATC, NOTE_ATC);
    if (c[COLUMN_ARTICLE_NUMBER].n > 0 && !is_article_number(c[COLUMN_ARTICLE_NUMBER]))
        good = refuse(f, row, COLUMN_ARTICLE_NUMBER, NOTE_ARTICLE);
    if (c[COLUMN_PRODUCT].n > 0)
        good &= check_product(f, c[COLUMN_PRODUCT]);
    good &= check_number(f, row, COLUMN_PACKS, &row->has_packs, &row->packs_e4);
    good &= check_number(f, row, COLUMN_DDD, &has_ddd, &row->ddd_e4);
    good &= check_number(f, row, COLUMN_COST_ORE, &row->has_cost, &row->cost_ore);
    if (!has_ddd)
        good = refuse(f, row, COLUMN_DDD, NOTE_MISSING);
    if (f->line > INT32_MAX) {
        delivery_reject(f, f->line, COLUMN_NONE, NOTE_LINES, NO_VALUE, 0, 0);
        f->hopeless = true;
        good = false;
    }
    return good && has_month;
}

/* ---- binary COPY: a count of columns, then length and bytes of each, all big-endian ---- */

static char *put_16(char *p, uint16_t v) {
    v = __builtin_bswap16(v);
    return (char *)memcpy(p, &v, 2) + 2;
}

static char *put_32(char *p, uint32_t v) {
    v = __builtin_bswap32(v);
    return (char *)memcpy(p, &v, 4) + 4;
}

static char *put_int(char *p, int32_t v) {
    return put_32(put_32(p, 4), (uint32_t)v);
}

static char *put_long(char *p, bool present, int64_t value) {
    if (!present)
        return put_32(p, UINT32_MAX); /* NULL */
    p = put_32(p, 8);
    uint64_t v = __builtin_bswap64((uint64_t)value);
    return (char *)memcpy(p, &v, 8) + 8;
}

static char *put_text(char *p, struct cell c) {
    p = put_32(p, (uint32_t)c.n);
    if (c.n > 0)
        memcpy(p, c.p, c.n);
    return p + c.n;
}

static void write_row(struct delivery_file *f, const struct row *row) {
    char *p = put_16(f->out + f->out_n, 10);
    p = put_int(p, f->options.delivery_no);
    p = put_32(p, 4);
    p = (char *)memcpy(p, &f->month_days, 4) + 4;
    p = put_16(put_32(p, 2), (uint16_t)f->hospital->no);
    p = put_text(p, row->cells[COLUMN_ATC]);
    p = put_text(p, row->cells[COLUMN_ARTICLE_NUMBER]); /* '' when there is none */
    p = row->cells[COLUMN_PRODUCT].n == 0 ? put_32(p, UINT32_MAX) : put_text(p, row->cells[COLUMN_PRODUCT]);
    p = put_long(p, row->has_packs, row->packs_e4);
    p = put_long(p, true, row->ddd_e4);
    p = put_long(p, row->has_cost, row->cost_ore);
    p = put_int(p, (int32_t)f->line);
    f->out_n = (size_t)(p - f->out);
}

void delivery_write_copy_start(struct delivery_file *f) {
    static const char start[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* no flags, no extension */
    memcpy(f->out, start, sizeof start);
    f->out_n = sizeof start;
}

void delivery_write_copy_end(struct delivery_file *f) {
    f->out_n = (size_t)(put_16(f->out + f->out_n, UINT16_MAX) - f->out);
}

static uint32_t article_key(struct cell c) {
    uint32_t key = 0;
    for (size_t i = 0; i < c.n; i++)
        key = key * 10 + (uint32_t)(c.p[i] - '0');
    return c.n == 0 ? 0 : key + 1;
}

static void take_row(struct delivery_file *f, struct row *row) {
    if (!check_row(f, row))
        return;
    f->ddd_e4 += row->ddd_e4;
    f->packs_e4 += row->has_packs ? row->packs_e4 : 0;
    f->cost_ore += row->has_cost ? row->cost_ore : 0;
    spool_add(f->spool, row->atc_key << 20 | article_key(row->cells[COLUMN_ARTICLE_NUMBER]),
              (uint32_t)f->month << 16 | (uint16_t)f->hospital->no, f->line);
    if (!f->rejected || f->options.keep_rows)
        write_row(f, row);
}

/* ---- CSV ---- */

/* Splits a record. Cells in quotes are unquoted in place. Answers how many there are (the first MAX_CELLS are stored),
 * or -1 with *ret_note. */
static int split(char *p, size_t n, char separator, bool quoted, struct cell cells[MAX_CELLS],
                 enum delivery_note *ret_note) {
    char *end = p + n, *start = p;
    int count = 0;
    for (;; p++) {
        if (quoted && p == start && p < end && *p == '"') {
            char *out = start;
            for (p++; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++) {
                p += *p == '"';
                *out++ = *p;
            }
            if (p == end) {
                *ret_note = NOTE_QUOTE_OPEN;
                return -1;
            }
            p++;
            if (p < end && *p != separator) {
                *ret_note = NOTE_QUOTE;
                return -1;
            }
            if (count < MAX_CELLS)
                cells[count] = (struct cell){start, (size_t)(out - start)};
        } else {
            if (p < end && *p != separator) {
                if (quoted && *p == '"') {
                    *ret_note = NOTE_QUOTE;
                    return -1;
                }
                continue;
            }
            if (count < MAX_CELLS)
                cells[count] = (struct cell){start, (size_t)(p - start)};
        }
        count++;
        if (p == end)
            return count;
        start = p + 1;
    }
}

static char separator_of(const char *p, size_t n) {
    bool inside = false;
    for (size_t i = 0; i < n; i++) {
        inside ^= p[i] == '"';
        if (p[i] == ';' && !inside)
            return ';';
    }
    return ',';
}

static void take_header(struct delivery_file *f, char *record, size_t n, bool quoted) {
    struct cell cells[MAX_CELLS];
    enum delivery_note note;
    bool seen[N_DELIVERY_COLUMNS] = {false};
    uint64_t before = f->line_rejections;
    f->have_header = true;
    f->separator = separator_of(record, n);
    int count = split(record, n, f->separator, quoted, cells, &note);
    if (count < 0)
        delivery_reject(f, f->line, COLUMN_NONE, note, NO_VALUE, 0, 0);
    for (int i = 0; i < count && i < MAX_CELLS; i++) {
        int column = 0;
        while (column < N_DELIVERY_COLUMNS && (strlen(delivery_column_names[column]) != cells[i].n ||
                                               strncasecmp(delivery_column_names[column], cells[i].p, cells[i].n) != 0))
            column++;
        if (column == N_DELIVERY_COLUMNS) {
            delivery_reject(f, f->line, COLUMN_NONE, NOTE_COLUMN_UNKNOWN, cells[i], 0, 0);
        } else if (seen[column]) {
            delivery_reject(f, f->line, (enum delivery_column)column, NOTE_COLUMN_TWICE, cells[i], 0, 0);
        } else {
            seen[column] = true;
            f->header[f->n_header++] = (uint8_t)column;
        }
    }
    static const enum delivery_column required[] = {COLUMN_MONTH, COLUMN_HOSPITAL, COLUMN_ATC, COLUMN_DDD};
    for (size_t i = 0; count >= 0 && i < sizeof required / sizeof *required; i++)
        if (!seen[required[i]])
            delivery_reject(f, f->line, required[i], NOTE_COLUMN_MISSING, NO_VALUE, 0, 0);
    f->hopeless = f->line_rejections > before; /* without knowing the columns nothing can be said of the lines */
}

static void take_csv(struct delivery_file *f, char *record, size_t n, bool quoted) {
    struct cell cells[MAX_CELLS];
    enum delivery_note note;
    int count = split(record, n, f->separator, quoted, cells, &note);
    if (count < 0 || (unsigned)count != f->n_header) {
        if (count >= 0)
            note = NOTE_CELLS;
        delivery_reject(f, f->line, COLUMN_NONE, note, NO_VALUE, count, f->n_header);
        return;
    }
    struct row row = {0};
    for (unsigned i = 0; i < f->n_header; i++)
        row.cells[f->header[i]] = cells[i];
    take_row(f, &row);
}

/* ---- NDJSON ---- */

static void take_json(struct delivery_file *f, const char *record, size_t n) {
    json_error_t error;
    bool no_memory;
    json_t *json = json_parse(record, n, JSON_REJECT_DUPLICATES, &error, &no_memory), *value;
    struct row row = {0};
    const char *name;
    bool good = true;
    if (no_memory) {
        f->failed = true; /* of the line nothing is known */
        return;
    }
    if (!json_is_object(json)) {
        delivery_reject(f, f->line, COLUMN_NONE, NOTE_JSON, NO_VALUE, 0, 0);
        json_decref(json);
        return;
    }
    json_object_foreach(json, name, value) {
        int column = 0;
        while (column < N_DELIVERY_COLUMNS && strcmp(delivery_column_names[column], name) != 0)
            column++;
        bool number = column == COLUMN_PACKS || column == COLUMN_DDD || column == COLUMN_COST_ORE;
        if (column == N_DELIVERY_COLUMNS) {
            delivery_reject(f, f->line, COLUMN_NONE, NOTE_MEMBER_UNKNOWN, (struct cell){name, strlen(name)}, 0, 0);
            good = false;
        } else if (number && !json_is_null(value)) {
            row.numbers[column] = value;
        } else if (json_is_string(value)) {
            row.cells[column] = (struct cell){json_string_value(value), json_string_length(value)};
        } else if (!json_is_null(value)) {
            delivery_reject(f, f->line, (enum delivery_column)column, NOTE_JSON_STRING, NO_VALUE, 0, 0);
            good = false;
        }
    }
    if (good)
        take_row(f, &row);
    json_decref(json);
}

void delivery_take_record(struct delivery_file *f, const char *record, size_t n, bool quoted) {
    if (f->options.format == DELIVERY_CSV && !f->have_header) {
        take_header(f, (char *)record, n, quoted);
        return;
    }
    f->totals.rows++;
    if (f->options.format == DELIVERY_CSV)
        take_csv(f, (char *)record, n, quoted);
    else
        take_json(f, record, n);
}
