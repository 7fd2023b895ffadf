/* What the files of `medkoord push` share: push.c (all of it), push_file.c (the file and what it covers), push_send.c
 * (sending, and what became of it).
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_PUSH_H
#define MEDKOORD_PUSH_H

#include "cli.h"

struct push {
    struct words words;
    const char *path, *label, *source, *status, *rejected;
    mk_client *client;
    FILE *file;
    struct survey_input input;
    struct survey survey;
    size_t n_coverage;
    struct mk_coverage *coverage;
};

/* push.c. EXIT_GOOD: go on. */
int push_ask(const struct push *, const char *question);
int push_tell_faults(const struct push *, const struct survey_fault *, size_t n, uint64_t of);

/* push_file.c */
int push_open(struct push *);
int push_given_coverage(struct push *); /* of --coverage */
void push_guess_coverage(struct push *);

/* push_send.c */
int push_send(struct push *);

#endif
