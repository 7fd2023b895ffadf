/* A delivery's file: bytes in (in pieces of any size), rows of PostgreSQL's binary COPY and a report out.
 * No HTTP, no database, bounded memory: about 1.5 MiB, 4 MiB more while duplicates are looked for.
 *
 *   f = delivery_file_create(&options); delivery_file_cover(f, ...); delivery_file_hospital(f, ...);
 *   for each piece: until it is used up and !delivery_file_pending(f): delivery_file_feed(), take delivery_file_rows()
 *   delivery_file_finish(f); take the last delivery_file_rows();
 *   while (delivery_file_search(f)); delivery_file_rejections(f) ...
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_DELIVERY_FILE_H
#define MEDKOORD_DELIVERY_FILE_H

#include "digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELIVERY_LINE_MAX       16384u /* bytes of a line, without its line feed */
#define DELIVERY_PRODUCT_MAX    200u   /* characters */
#define DELIVERY_REJECTIONS_MAX 10000u /* kept; all are counted */
#define DELIVERY_VALUE_MAX      60u    /* bytes of a value shown */

enum delivery_format { DELIVERY_CSV, DELIVERY_NDJSON };
enum delivery_charset { DELIVERY_UTF8, DELIVERY_LATIN1 };

struct delivery_options {
    enum delivery_format format;
    enum delivery_charset charset;
    bool gzip;
    bool digest_only; /* nothing is checked, only digested: to see whether these bytes are known */
    bool keep_rows;   /* rows keep coming after a fault, of the lines that have none: for who only looks at a file */
    int32_t delivery_no;
    /* what the sender announced */
    bool has_rows, has_ddd, has_cost, has_sha256, has_wire_sha256;
    int64_t rows, ddd_e4, cost_ore;
    unsigned char sha256[DIGEST_SIZE];      /* of the content without Content-Encoding */
    unsigned char wire_sha256[DIGEST_SIZE]; /* of the content as sent (Content-Digest) */
    const char *spool_directory;            /* NULL: TMPDIR or /tmp */
};

/* Why a line or the file is refused. Names in delivery_code_names, which are the contract's. */
enum delivery_code {
    DELIVERY_BAD_MONTH,
    DELIVERY_OUTSIDE_COVERAGE,
    DELIVERY_UNKNOWN_HOSPITAL,
    DELIVERY_BAD_ATC,
    DELIVERY_BAD_ARTICLE_NUMBER,
    DELIVERY_BAD_PRODUCT,
    DELIVERY_CPR_NUMBER,
    DELIVERY_BAD_NUMBER,
    DELIVERY_NUMBER_OUT_OF_RANGE,
    DELIVERY_TOO_MANY_DECIMALS,
    DELIVERY_VALUE_MISSING,
    DELIVERY_DUPLICATE_KEY,
    DELIVERY_CONTROL_ROWS,
    DELIVERY_CONTROL_DDD,
    DELIVERY_CONTROL_COST,
    DELIVERY_DIGEST_MISMATCH,
    DELIVERY_NOT_UTF8,
    DELIVERY_BAD_COLUMN,
    DELIVERY_BAD_LINE,
    DELIVERY_LINE_TOO_LONG,
    DELIVERY_CUT_GZIP,
    DELIVERY_BAD_GZIP,
    N_DELIVERY_CODES
};
extern const char *const delivery_code_names[N_DELIVERY_CODES];

enum delivery_column {
    COLUMN_MONTH,
    COLUMN_HOSPITAL,
    COLUMN_ATC,
    COLUMN_ARTICLE_NUMBER,
    COLUMN_PRODUCT,
    COLUMN_PACKS,
    COLUMN_DDD,
    COLUMN_COST_ORE,
    N_DELIVERY_COLUMNS,
    COLUMN_NONE = N_DELIVERY_COLUMNS
};
extern const char *const delivery_column_names[N_DELIVERY_COLUMNS];

struct delivery_rejection {
    uint64_t line;  /* where the row begins; 0: the file as a whole */
    int64_t a, b;   /* numbers of the detail */
    uint8_t note;   /* which detail; private */
    uint8_t column; /* enum delivery_column */
    uint8_t value_length;
    char value[DELIVERY_VALUE_MAX + 1]; /* shortened; empty where showing it would keep a civil registration number */
};

struct delivery_totals {
    uint64_t rows, bytes, wire_bytes; /* rows: lines of data, good or not */
    int64_t ddd_e4, packs_e4, cost_ore;
    unsigned char sha256[DIGEST_SIZE], wire_sha256[DIGEST_SIZE];
};

struct delivery_file;
struct delivery_file *delivery_file_create(const struct delivery_options *); /* NULL when out of memory */
void delivery_file_destroy(struct delivery_file *);

/* Months are counted from January 1900 (delivery_month()), up to December 2199. First what is covered, then the
 * hospitals: one call for each run of months in which a hospital belongs to one region. false when out of memory. */
int delivery_month(int year, int month);
bool delivery_file_cover(struct delivery_file *, int region_no, int month);
bool delivery_file_hospital(struct delivery_file *, const char *code, size_t n, int16_t hospital_no, int region_no,
                            int from_month, int to_month);

/* Answers how many bytes were taken. Fewer than n when rows must be drained first, or when enough was done for one turn
 * of the loop: call again, with n = 0 too, as long as delivery_file_pending(). */
size_t delivery_file_feed(struct delivery_file *, const char *bytes, size_t n);
bool delivery_file_pending(const struct delivery_file *);
/* Rows for COPY that have not been taken yet; empty once anything was refused, unless keep_rows. Taking empties it. */
const char *delivery_file_rows(struct delivery_file *, size_t *ret_n);
void delivery_file_rows_taken(struct delivery_file *);

/* After the last byte, with nothing pending: the last line, the totals, the digests, the end of the COPY data. */
void delivery_file_finish(struct delivery_file *);
/* Out of memory or a digest that could not be made: nothing of the rest can be trusted. */
bool delivery_file_failed(const struct delivery_file *);
bool delivery_file_rejected(const struct delivery_file *);
/* More rows than announced: what is fed from now on is thrown away, and the digests are of a part. */
bool delivery_file_is_over(const struct delivery_file *);
/* Only of use for a refused file: looks for duplicate keys, a piece at a time; true while more is left. */
bool delivery_file_search(struct delivery_file *);

const struct delivery_totals *delivery_file_totals(const struct delivery_file *);
const uint64_t *delivery_file_counts(const struct delivery_file *); /* by enum delivery_code */
const struct delivery_rejection *delivery_file_rejections(struct delivery_file *, size_t *ret_n); /* by line */
enum delivery_code delivery_rejection_code(const struct delivery_rejection *);
size_t delivery_rejection_detail(const struct delivery_rejection *, bool danish, char *ret, size_t n); /* as snprintf */

struct buffer;
void delivery_file_write_counts(const struct delivery_file *, struct buffer *); /* {"code": n, ...} */
/* [{"line": ...}, ...]; danish: the details, which are English otherwise */
void delivery_file_write_rejections(struct delivery_file *, struct buffer *, size_t at_most, bool danish);

#endif
