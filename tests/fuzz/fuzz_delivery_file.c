/* libFuzzer target for delivery_file.h: any bytes, in any pieces, must come to the same and never break anything. The
 * first byte chooses format, charset and gzip, the second the size of the pieces.
 * SPDX-License-Identifier: MPL-2.0 */
#include "delivery_file.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static struct delivery_file *create(uint8_t mode) {
    struct delivery_options o = {.format = mode & 1 ? DELIVERY_NDJSON : DELIVERY_CSV,
                                 .charset = mode & 2 ? DELIVERY_LATIN1 : DELIVERY_UTF8,
                                 .gzip = mode & 4,
                                 .delivery_no = 7};
    struct delivery_file *f = delivery_file_create(&o);
    if (f == NULL)
        abort();
    for (int m = 1; m <= 12; m++)
        delivery_file_cover(f, 1, delivery_month(2021, m));
    delivery_file_hospital(f, "AHH", 3, 11, 1, delivery_month(2021, 1), delivery_month(2021, 12));
    return f;
}

static void run(uint8_t mode, const char *bytes, size_t n, size_t piece, struct buffer *rows, struct buffer *report) {
    struct delivery_file *f = create(mode);
    size_t got;
    for (size_t at = 0; at < n || delivery_file_pending(f);) {
        size_t give = n - at < piece ? n - at : piece;
        size_t taken = delivery_file_feed(f, bytes + at, give);
        if (taken > give)
            abort();
        at += taken;
        const char *p = delivery_file_rows(f, &got);
        buffer_add(rows, p, got);
        delivery_file_rows_taken(f);
    }
    delivery_file_finish(f);
    const char *p = delivery_file_rows(f, &got);
    buffer_add(rows, p, got);
    if (delivery_file_rejected(f)) {
        while (delivery_file_search(f))
            ;
        rows->length = 0; /* how many went out before the first fault depends on the pieces */
    }
    delivery_file_write_counts(f, report);
    if ((mode & 4) == 0) /* where damaged gzip is noticed depends on the pieces */
        delivery_file_write_rejections(f, report, SIZE_MAX, false);
    buffer_format(report, " %llu", (unsigned long long)delivery_file_totals(f)->rows);
    delivery_file_destroy(f);
}

static void must_equal(const struct buffer *a, const struct buffer *b) {
    if (a->length != b->length || (a->length > 0 && memcmp(a->bytes, b->bytes, a->length) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    struct buffer rows[2] = {{0}}, report[2] = {{0}};
    const char *bytes = (const char *)data + 2;
    run(data[0], bytes, size - 2, SIZE_MAX, &rows[0], &report[0]);
    run(data[0], bytes, size - 2, (size_t)data[1] + 1, &rows[1], &report[1]);
    must_equal(&rows[0], &rows[1]);
    must_equal(&report[0], &report[1]);
    json_t *json = json_loadb(report[0].bytes, report[0].length, JSON_DISABLE_EOF_CHECK, NULL);
    if (json == NULL)
        abort();
    json_decref(json);
    for (int i = 0; i < 2; i++) {
        buffer_free(&rows[i]);
        buffer_free(&report[i]);
    }
    return 0;
}
