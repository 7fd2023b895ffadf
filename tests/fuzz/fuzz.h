/* What the fuzz targets share.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_FUZZ_H
#define MEDKOORD_FUZZ_H

#include "server.h"

#include <stdint.h>

/* libFuzzer calls these. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Ends the run with what does not hold; libFuzzer then writes the input to a file. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fuzz_fail(#condition, __FILE__, __LINE__);                                                                 \
    } while (0)
void fuzz_fail(const char *condition, const char *file, int line) __attribute__((noreturn));

/* Changes one value, name or member of the JSON in data, so that it stays JSON; names: what members to add, NULL-ended.
 * Answers the new length, 0 when data is not JSON. */
size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned seed, const char *const *names);

/* Second opinions, written apart from the server's. */
bool fuzz_is_text(const char *bytes, size_t n);  /* UTF-8 as PostgreSQL takes it: valid, no NUL */
bool fuzz_is_jsonb(const char *bytes, size_t n); /* what PostgreSQL's jsonb takes */
bool fuzz_is_date(const char *text);             /* YYYY-MM-DD, a day that exists */

#endif
