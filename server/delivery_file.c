/* A delivery's file: bytes to lines. Digests, gzip, byte order mark, quoted line feeds, charset, and the checks at the
 * end.
 * SPDX-License-Identifier: MPL-2.0 */
#include "delivery_private.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define NO_VALUE ((struct cell){0})

/* ---- making one ---- */

struct delivery_file *delivery_file_create(const struct delivery_options *options) {
    struct delivery_file *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->options = *options;
    f->hopeless = options->digest_only;
    f->line = 1;
    f->separator = ',';
    f->digest = digest_create();
    f->wire_digest = options->gzip ? digest_create() : NULL; /* otherwise both are the same */
    f->spool = spool_create(options->spool_directory);
    bool good = f->digest != NULL && f->spool != NULL && (!options->gzip || f->wire_digest != NULL);
    if (good && options->gzip) {
        f->text = malloc(TEXT_SIZE);
        f->zip_open = f->text != NULL && inflateInit2(&f->zip, 15 + 16) == Z_OK; /* 16: gzip, not zlib */
        good = f->zip_open;
    }
    if (!good) {
        delivery_file_destroy(f);
        return NULL;
    }
    if (!options->digest_only)
        delivery_write_copy_start(f);
    return f;
}

void delivery_file_destroy(struct delivery_file *f) {
    if (f == NULL)
        return;
    if (f->zip_open)
        inflateEnd(&f->zip);
    for (size_t i = 0; i < f->n_hospitals; i++)
        free(f->hospitals[i].code);
    digest_destroy(f->digest);
    digest_destroy(f->wire_digest);
    spool_destroy(f->spool);
    delivery_free_report(f);
    free(f->hospitals);
    free(f->slots);
    free(f->regions);
    free(f->text);
    free(f);
}

int delivery_month(int year, int month) {
    return year < 1900 || year > 2199 ? -1 : (year - 1900) * 12 + month - 1;
}

/* ---- what may stand in it ---- */

static struct region_months *region_of(struct delivery_file *f, int region_no) {
    for (size_t i = 0; i < f->n_regions; i++)
        if (f->regions[i].region_no == region_no)
            return &f->regions[i];
    return NULL;
}

bool delivery_file_cover(struct delivery_file *f, int region_no, int month) {
    struct region_months *r = region_of(f, region_no);
    if (month < 0 || month >= MONTHS)
        return true; /* no line can name it */
    if (r == NULL) {
        struct region_months *grown = realloc(f->regions, (f->n_regions + 1) * sizeof *grown);
        if (grown == NULL)
            return false;
        f->regions = grown;
        r = &grown[f->n_regions++];
        *r = (struct region_months){.region_no = region_no};
    }
    delivery_set_month(&r->covered, month);
    delivery_set_month(&f->any, month);
    return true;
}

static size_t slot_of(const struct delivery_file *f, const char *code, size_t n) {
    size_t i = text_hash(code, n, 0) & (f->n_slots - 1);
    while (f->slots[i] != 0 &&
           (f->hospitals[f->slots[i] - 1].length != n || memcmp(f->hospitals[f->slots[i] - 1].code, code, n) != 0))
        i = (i + 1) & (f->n_slots - 1);
    return i;
}

/* At most a quarter of the slots is ever taken. */
static bool grow_hospitals(struct delivery_file *f) {
    size_t n = f->n_slots == 0 ? 256 : 2 * f->n_slots;
    struct delivery_hospital *hospitals = realloc(f->hospitals, n / 4 * sizeof *hospitals);
    if (hospitals == NULL)
        return false;
    f->hospitals = hospitals;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (slots == NULL)
        return false;
    free(f->slots);
    f->slots = slots;
    f->n_slots = n;
    for (size_t i = 0; i < f->n_hospitals; i++)
        slots[slot_of(f, hospitals[i].code, hospitals[i].length)] = (uint32_t)i + 1;
    return true;
}

bool delivery_file_hospital(struct delivery_file *f, const char *code, size_t n, int16_t hospital_no, int region_no,
                            int from_month, int to_month) {
    if (4 * (f->n_hospitals + 1) > f->n_slots && !grow_hospitals(f))
        return false;
    size_t slot = slot_of(f, code, n);
    if (f->slots[slot] == 0) {
        char *copy = malloc(n + 1);
        if (copy == NULL)
            return false;
        memcpy(copy, code, n);
        copy[n] = '\0';
        f->hospitals[f->n_hospitals++] = (struct delivery_hospital){.code = copy, .length = n, .no = hospital_no};
        f->slots[slot] = (uint32_t)f->n_hospitals;
    }
    const struct region_months *r = region_of(f, region_no);
    for (int m = from_month < 0 ? 0 : from_month; r != NULL && m <= to_month && m < MONTHS; m++)
        if (delivery_in_months(&r->covered, m))
            delivery_set_month(&f->hospitals[f->slots[slot] - 1].covered, m);
    return true;
}

/* ---- records ---- */

static bool is_ascii(const char *p, size_t n) {
    uint64_t seen = 0, word;
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        seen |= word;
    }
    for (; n > 0; p++, n--)
        seen |= (unsigned char)*p;
    return (seen & UINT64_C(0x8080808080808080)) == 0;
}

static size_t latin1_to_utf8(char *out, const char *p, size_t n) {
    char *start = out;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c >= 0x80) {
            *out++ = (char)(0xc0 | c >> 6);
            c = 0x80 | (c & 0x3f);
        }
        *out++ = (char)c;
    }
    return (size_t)(out - start);
}

static uint64_t line_feeds(const char *p, size_t n) {
    uint64_t count = 0;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        count++;
    return count;
}

/* A record without its line feed. Counts it and its place, whatever it holds. */
static void take_record(struct delivery_file *f, const char *record, size_t n) {
    uint64_t lines = 1;
    size_t length = n, bad;
    if (n > 0 && record[n - 1] == '\r')
        n--;
    bool quoted = f->options.format == DELIVERY_CSV && memchr(record, '"', n) != NULL;
    if (quoted)
        lines += line_feeds(record, n);
    if (n == 0) {
        /* an empty line says nothing */
    } else if (!is_ascii(record, n) && f->options.charset == DELIVERY_UTF8 && !text_is_utf8(record, n, &bad)) {
        bool header = f->options.format == DELIVERY_CSV && !f->have_header;
        f->totals.rows += !header;
        if (header && record[0] == '\x1f' && n > 1 && record[1] == '\x8b')
            delivery_reject(f, 0, COLUMN_NONE, NOTE_GZIP_UNDECLARED, NO_VALUE, 0, 0);
        else
            delivery_reject(f, f->line, COLUMN_NONE, NOTE_UTF8, NO_VALUE, (int64_t)(f->offset + bad), 0);
        f->hopeless |= header;
    } else {
        if (f->options.charset == DELIVERY_LATIN1 && !is_ascii(record, n)) {
            n = latin1_to_utf8(f->scratch, record, n);
            record = f->scratch;
        } else if (quoted) {
            record = memcpy(f->scratch, record, n);
        }
        delivery_take_record(f, record, n, quoted);
    }
    f->line += lines;
    f->offset += length + 1;
}

/* Where the record ends: index of its line feed, or n. Line feeds inside quotes do not end it. */
static size_t scan_record(struct delivery_file *f, const char *p, size_t n) {
    if (f->scan != SCAN_QUOTED && f->scan != SCAN_QUOTE_SEEN) {
        const char *feed = memchr(p, '\n', n);
        size_t length = feed == NULL ? n : (size_t)(feed - p);
        if (f->options.format == DELIVERY_NDJSON || memchr(p, '"', length) == NULL) {
            if (feed != NULL)
                f->scan = SCAN_CELL_START;
            else if (n > 0)
                f->scan =
                    p[n - 1] == f->separator || (!f->have_header && p[n - 1] == ';') ? SCAN_CELL_START : SCAN_PLAIN;
            return length;
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool separator = p[i] == f->separator || (!f->have_header && p[i] == ';');
        if (f->scan == SCAN_QUOTED) {
            f->scan = p[i] == '"' ? SCAN_QUOTE_SEEN : SCAN_QUOTED;
        } else if (p[i] == '\n') {
            f->scan = SCAN_CELL_START;
            return i;
        } else if (p[i] == '"' && f->scan != SCAN_PLAIN) {
            f->scan = SCAN_QUOTED; /* the first of a cell, or the second of two */
        } else {
            f->scan = separator ? SCAN_CELL_START : SCAN_PLAIN;
        }
    }
    return n;
}

/* ---- text ---- */

static bool has_room(const struct delivery_file *f) {
    return f->out_n + ROW_MAX <= OUT_SIZE;
}

static void refuse_long_line(struct delivery_file *f, const char *p, size_t n) {
    bool open = f->scan == SCAN_QUOTED;
    delivery_reject(f, f->line, COLUMN_NONE, open ? NOTE_QUOTE_OPEN : NOTE_LONG, NO_VALUE, 0, 0);
    if (f->options.format == DELIVERY_CSV && !f->have_header)
        f->hopeless = true;
    else
        f->totals.rows++;
    f->line += line_feeds(f->carry, f->carry_n) + line_feeds(p, n);
    f->offset += f->carry_n + n;
    f->carry_n = 0;
    f->scan = SCAN_CELL_START;
    f->skipping = true;
}

/* An announcement bounds what a file may cost. What was found so far is told. */
static void stop_at_announced(struct delivery_file *f, uint64_t line) {
    if (!f->options.has_rows || f->totals.rows <= (uint64_t)f->options.rows)
        return;
    delivery_reject(f, 0, COLUMN_NONE, NOTE_MORE_ROWS, NO_VALUE, f->options.rows, (int64_t)line);
    f->over = f->hopeless = f->cut = true;
    f->zip_more = false;
}

/* Reads lines; answers how many bytes it took: fewer than n only when rows must be drained first. */
static size_t take_lines(struct delivery_file *f, const char *p, size_t n) {
    const char *start = p, *end = p + n;
    while (p < end && has_room(f) && !f->hopeless) {
        if (f->skipping) {
            const char *feed = memchr(p, '\n', (size_t)(end - p));
            const char *next = feed == NULL ? end : feed + 1;
            f->skipping = feed == NULL;
            f->line += feed != NULL;
            f->offset += (uint64_t)(next - p);
            p = next;
            continue;
        }
        size_t most = DELIVERY_LINE_MAX + 1 - f->carry_n, left = (size_t)(end - p);
        size_t look = left < most ? left : most, at = scan_record(f, p, look);
        uint64_t line = f->line;
        if (at < look) {
            if (f->carry_n == 0) {
                take_record(f, p, at);
            } else {
                memcpy(f->carry + f->carry_n, p, at);
                size_t length = f->carry_n + at;
                f->carry_n = 0;
                take_record(f, f->carry, length);
            }
            p += at + 1;
        } else if (look == most) {
            refuse_long_line(f, p, look);
            p += look;
        } else {
            memcpy(f->carry + f->carry_n, p, look);
            f->carry_n += look;
            p += look;
        }
        stop_at_announced(f, line);
    }
    return f->hopeless ? n : (size_t)(p - start);
}

/* Text without Content-Encoding. A byte order mark at its start is no part of the first line. */
static size_t take_text(struct delivery_file *f, const char *p, size_t n) {
    static const char bom[] = "\xef\xbb\xbf";
    size_t skipped = 0;
    while (!f->bom_done && skipped < n) {
        if (f->options.charset == DELIVERY_UTF8 && p[skipped] == bom[f->bom_seen]) {
            skipped++;
            f->bom_done = ++f->bom_seen == 3;
        } else {
            f->bom_done = true;
        }
        if (f->bom_done && f->bom_seen == 3)
            f->offset = 3;
        else if (f->bom_done && f->bom_seen > 0) /* it only began like one */
            (void)take_lines(f, bom, f->bom_seen);
    }
    return skipped + take_lines(f, p + skipped, n - skipped);
}

/* ---- bytes ---- */

static void refuse_gzip(struct delivery_file *f, enum delivery_note note, int64_t at) {
    delivery_reject(f, 0, COLUMN_NONE, note, NO_VALUE, at, 0);
    f->cut = true;
    f->zip_more = false;
}

/* One step of unzipping, into the empty text buffer. at: bytes of the body before these. */
static void unzip(struct delivery_file *f, uint64_t at) {
    uInt before = f->zip.avail_in;
    if (f->zip_between && before > 0) {
        if (*f->zip.next_in != 0x1f) {
            refuse_gzip(f, NOTE_GZIP_TRAILING, (int64_t)at);
            return;
        }
        inflateReset(&f->zip);
        f->zip_between = false;
    }
    f->zip.next_out = (Bytef *)f->text;
    f->zip.avail_out = TEXT_SIZE;
    int result = inflate(&f->zip, Z_NO_FLUSH);
    f->text_at = 0;
    f->text_n = TEXT_SIZE - f->zip.avail_out;
    f->zip_more = f->zip.avail_out == 0 && result == Z_OK;
    f->zip_between = result == Z_STREAM_END;
    digest_add(f->digest, f->text, f->text_n);
    f->totals.bytes += f->text_n;
    if (result == Z_MEM_ERROR)
        f->failed = true;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        refuse_gzip(f, NOTE_GZIP_DAMAGED, (int64_t)(at + before - f->zip.avail_in));
}

static size_t feed_gzip(struct delivery_file *f, const char *bytes, size_t n) {
    size_t done = 0;
    uint64_t at = f->totals.wire_bytes;
    f->zip.next_in = (Bytef *)bytes;
    f->zip.avail_in = n > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)n;
    size_t given = f->zip.avail_in;
    while (done < WORK_A_TURN) {
        if (f->text_at < f->text_n) {
            f->text_at += take_text(f, f->text + f->text_at, f->text_n - f->text_at);
            if (f->text_at < f->text_n)
                break;
        } else if (!f->cut && (f->zip.avail_in > 0 || f->zip_more)) {
            unzip(f, at + given - f->zip.avail_in);
            done += f->text_n;
        } else {
            break;
        }
    }
    return f->cut ? n : given - f->zip.avail_in; /* what follows damage is only digested */
}

size_t delivery_file_feed(struct delivery_file *f, const char *bytes, size_t n) {
    size_t taken;
    f->seen_bytes |= n > 0;
    if (f->options.gzip) {
        taken = feed_gzip(f, bytes, n);
        digest_add(f->wire_digest, bytes, taken);
    } else {
        taken = take_text(f, bytes, n);
        digest_add(f->digest, bytes, taken);
        f->totals.bytes += taken;
    }
    f->totals.wire_bytes += taken;
    return taken;
}

bool delivery_file_pending(const struct delivery_file *f) {
    return f->text_at < f->text_n || f->zip_more;
}

const char *delivery_file_rows(struct delivery_file *f, size_t *ret_n) {
    *ret_n = f->out_n;
    return f->out;
}

void delivery_file_rows_taken(struct delivery_file *f) {
    f->out_n = 0;
}

/* ---- the end ---- */

static void finish_text(struct delivery_file *f) {
    if (f->options.gzip && !f->cut && !f->zip_between)
        refuse_gzip(f, NOTE_GZIP_CUT, 0);
    if (f->hopeless || f->cut) /* of the line that a cut ends in nothing can be said */
        return;
    if (!f->bom_done && f->bom_seen > 0)
        (void)take_lines(f, "\xef\xbb\xbf", f->bom_seen);
    if (f->carry_n > 0) {
        size_t n = f->carry_n;
        f->carry_n = 0;
        take_record(f, f->carry, n);
    }
    if (f->options.format == DELIVERY_CSV && !f->have_header && !f->rejected)
        delivery_reject(f, 0, COLUMN_NONE, NOTE_EMPTY, NO_VALUE, 0, 0);
}

static int64_t total_of(struct delivery_file *f, enum delivery_column column, __int128 sum) {
    if (sum <= INT64_MAX && sum >= -INT64_MAX)
        return (int64_t)sum;
    delivery_reject(f, 0, column, NOTE_TOTAL_RANGE, NO_VALUE, 0, 0);
    return 0;
}

/* Sums are only held against what was announced when every line went into them. */
static void check_totals(struct delivery_file *f) {
    const struct delivery_options *o = &f->options;
    bool whole = f->line_rejections == 0;
    f->totals.ddd_e4 = total_of(f, COLUMN_DDD, f->ddd_e4);
    f->totals.packs_e4 = total_of(f, COLUMN_PACKS, f->packs_e4);
    f->totals.cost_ore = total_of(f, COLUMN_COST_ORE, f->cost_ore);
    if (f->hopeless || f->cut)
        return;
    if (o->has_rows && (uint64_t)o->rows != f->totals.rows)
        delivery_reject(f, 0, COLUMN_NONE, NOTE_CONTROL_ROWS, NO_VALUE, o->rows, (int64_t)f->totals.rows);
    if (whole && o->has_ddd && o->ddd_e4 != f->totals.ddd_e4)
        delivery_reject(f, 0, COLUMN_DDD, NOTE_CONTROL_DDD, NO_VALUE, o->ddd_e4, f->totals.ddd_e4);
    if (whole && o->has_cost && o->cost_ore != f->totals.cost_ore)
        delivery_reject(f, 0, COLUMN_COST_ORE, NOTE_CONTROL_COST, NO_VALUE, o->cost_ore, f->totals.cost_ore);
}

static void check_digests(struct delivery_file *f) {
    const struct delivery_options *o = &f->options;
    struct delivery_totals *t = &f->totals;
    bool good = digest_end(f->digest, t->sha256);
    if (o->gzip)
        good &= digest_end(f->wire_digest, t->wire_sha256);
    else
        memcpy(t->wire_sha256, t->sha256, DIGEST_SIZE);
    if (!good) {
        f->failed = true;
        return;
    }
    if (o->has_sha256 && !f->cut && !o->digest_only && memcmp(o->sha256, t->sha256, DIGEST_SIZE) != 0)
        delivery_reject(f, 0, COLUMN_NONE, NOTE_DIGEST, NO_VALUE, 0, 0);
    if (o->has_wire_sha256 && !f->over && memcmp(o->wire_sha256, t->wire_sha256, DIGEST_SIZE) != 0)
        delivery_reject(f, 0, COLUMN_NONE, NOTE_WIRE_DIGEST, NO_VALUE, 0, 0);
}

void delivery_file_finish(struct delivery_file *f) {
    if (f->finished)
        return;
    f->finished = true;
    finish_text(f);
    if (!f->options.digest_only)
        check_totals(f);
    check_digests(f);
    if ((!f->rejected || f->options.keep_rows) && !f->options.digest_only)
        delivery_write_copy_end(f);
}

bool delivery_file_failed(const struct delivery_file *f) {
    return f->failed;
}

bool delivery_file_rejected(const struct delivery_file *f) {
    return f->rejected;
}

bool delivery_file_is_over(const struct delivery_file *f) {
    return f->over;
}

const struct delivery_totals *delivery_file_totals(const struct delivery_file *f) {
    return &f->totals;
}
