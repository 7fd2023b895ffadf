/* Keys of a file's rows, kept so that duplicates can be named with both lines whatever the file's size. The first
 * megabyte stays in memory, the rest goes to an unlinked temporary file; a search takes up to 4 MiB more.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_KEY_SPOOL_H
#define MEDKOORD_KEY_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_MAX_LINE ((UINT64_C(1) << 36) - 1)

/* a: the larger part of the key, never 0. b: its smaller part above the lowest 36 bits, which are the line. */
struct spool_key {
    uint64_t a, b;
};

struct key_spool;
struct key_spool *spool_create(const char *directory); /* of the temporary file; NULL: TMPDIR or /tmp */
void spool_destroy(struct key_spool *);
/* In ascending order of lines. A failed write is remembered: the search then finds nothing. */
void spool_add(struct key_spool *, uint64_t a, uint32_t b, uint64_t line);
bool spool_failed(const struct key_spool *);

typedef void (*spool_duplicate_fn)(void *state, uint64_t first_line, uint64_t line);
/* Does a small piece of the search (well under a millisecond when the file is cached) and answers whether more is left.
 * duplicate is called for every line whose key stood in an earlier one, in no order. Nothing may be added after the
 * first call. */
bool spool_search(struct key_spool *, spool_duplicate_fn duplicate, void *state);

#endif
