/* What the files of delivery_file.h share: delivery_file.c (bytes to lines), delivery_row.c (lines to checked rows) and
 * delivery_report.c (what was refused, and why).
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_DELIVERY_PRIVATE_H
#define MEDKOORD_DELIVERY_PRIVATE_H

#include "delivery_file.h"
#include "key_spool.h"

#include <zlib.h>

#define MONTHS      3600 /* 1900-01 to 2199-12 */
#define OUT_SIZE    131072u
#define ROW_MAX     1024u    /* more than any row takes: 200 characters of product are 800 bytes at most */
#define TEXT_SIZE   65536u   /* unzipped text on its way to the lines */
#define WORK_A_TURN 1048576u /* unzipped bytes in one call of feed */

enum delivery_note {
    NOTE_MONTH_FORM,
    NOTE_MONTH_OUTSIDE,
    NOTE_REGION_OUTSIDE,
    NOTE_HOSPITAL,
    NOTE_ATC,
    NOTE_ARTICLE,
    NOTE_PRODUCT_LONG,
    NOTE_PRODUCT_CONTROL,
    NOTE_CPR,
    NOTE_NUMBER_POINT,
    NOTE_NUMBER_COMMA,
    NOTE_NUMBER_JSON,
    NOTE_COST,
    NOTE_AMOUNT_RANGE,
    NOTE_COST_RANGE,
    NOTE_DECIMALS,
    NOTE_TOTAL_RANGE,
    NOTE_MISSING,
    NOTE_DUPLICATE,
    NOTE_CONTROL_ROWS,
    NOTE_MORE_ROWS,
    NOTE_CONTROL_DDD,
    NOTE_CONTROL_COST,
    NOTE_DIGEST,
    NOTE_WIRE_DIGEST,
    NOTE_UTF8,
    NOTE_COLUMN_UNKNOWN,
    NOTE_COLUMN_MISSING,
    NOTE_COLUMN_TWICE,
    NOTE_MEMBER_UNKNOWN,
    NOTE_JSON_STRING,
    NOTE_EMPTY,
    NOTE_CELLS,
    NOTE_QUOTE,
    NOTE_QUOTE_OPEN,
    NOTE_JSON,
    NOTE_LINES,
    NOTE_LONG,
    NOTE_GZIP_CUT,
    NOTE_GZIP_DAMAGED,
    NOTE_GZIP_TRAILING,
    NOTE_GZIP_UNDECLARED,
    N_NOTES
};

struct months {
    uint8_t bits[MONTHS / 8];
};
struct region_months {
    int region_no;
    struct months covered;
};
struct delivery_hospital {
    char *code;
    size_t length;
    int16_t no;
    struct months covered;
};
struct cell {
    const char *p;
    size_t n;
};
struct duplicate {
    uint64_t line, first;
};

/* Where in a CSV record the reader stands. */
enum scan { SCAN_CELL_START, SCAN_PLAIN, SCAN_QUOTED, SCAN_QUOTE_SEEN };

struct delivery_file {
    struct delivery_options options;
    bool failed, rejected, hopeless, finished, cut; /* hopeless: the lines cannot be read, only digests go on */
    bool over;                                      /* more rows than announced: what follows is not looked at */

    /* bytes */
    struct digest *digest, *wire_digest;
    z_stream zip;
    bool zip_open, zip_between, zip_more; /* between members; more output waits inside zlib */
    bool seen_bytes;
    char *text; /* unzipped, not yet read */
    size_t text_at, text_n;

    /* lines */
    unsigned bom_seen;
    bool bom_done, skipping;
    enum scan scan;
    char carry[DELIVERY_LINE_MAX + 1]; /* the part of a line that came so far */
    size_t carry_n;
    char scratch[2 * DELIVERY_LINE_MAX + 2]; /* a line that must be changed: quotes, latin-1 */
    uint64_t line, offset;                   /* of the record at hand: line number, bytes before it */

    /* header */
    bool have_header;
    char separator;
    uint8_t header[N_DELIVERY_COLUMNS]; /* by place: enum delivery_column */
    unsigned n_header;

    /* what may stand in it */
    struct region_months *regions;
    size_t n_regions;
    struct months any; /* months covered for at least one region */
    struct delivery_hospital *hospitals;
    size_t n_hospitals;
    uint32_t *slots; /* of the hospitals by hash of code: index + 1; 0: none */
    size_t n_slots;

    /* what the last good month and hospital were: most lines repeat them */
    char month_text[10];
    size_t month_text_n;
    int month;
    uint32_t month_days; /* as PostgreSQL's date, big-endian */
    const struct delivery_hospital *hospital;

    /* rows */
    char out[OUT_SIZE];
    size_t out_n;
    struct key_spool *spool;
    __int128 ddd_e4, packs_e4, cost_ore;
    struct delivery_totals totals;

    /* refused */
    uint64_t counts[N_DELIVERY_CODES];
    uint64_t line_rejections;
    struct delivery_rejection *rejections;
    size_t n_rejections, rejections_capacity;
    struct duplicate *duplicates; /* a heap, the largest line on top: the first 10,000 of the file are kept */
    size_t n_duplicates;
    bool searched;
};

/* delivery_report.c */
void delivery_reject(struct delivery_file *, uint64_t line, enum delivery_column, enum delivery_note, struct cell value,
                     int64_t a, int64_t b);
void delivery_free_report(struct delivery_file *);

/* delivery_row.c */
bool delivery_in_months(const struct months *, int month);
void delivery_set_month(struct months *, int month);
/* A whole record without its line end. quoted: it has quotes, which are taken out of it where it stands. */
void delivery_take_record(struct delivery_file *, const char *record, size_t n, bool quoted);
void delivery_write_copy_start(struct delivery_file *);
void delivery_write_copy_end(struct delivery_file *);

#endif
