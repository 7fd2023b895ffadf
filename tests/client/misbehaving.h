/* tests/client/misbehaving.py, started and asked by a C test.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MISBEHAVING_H
#define MISBEHAVING_H

#include "medkoord.h"

struct misbehaving {
    int http, tls, other, expired, closed; /* ports; closed: nobody listens there */
    char ca[256];                          /* a file */
    int pid, in;
};
struct misbehaving misbehaving_start(bool tls);
void misbehaving_stop(struct misbehaving *);

/* A client of it: of one try, 5 seconds, no token, unless `options` says otherwise. */
mk_client *client_of(int port, mk_client_options options);
/* How often a path was asked for. */
int count_of(const struct misbehaving *, const char *path);
/* A request; the code. */
int fetch(mk_client *, const char *method, const char *path, mk_response **ret_response, mk_error *);

#endif
