/* GET /metrics: the counters of all loops, added up.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

static void start(struct request *r) {
    const struct shared *shared = r->loop->shared;
    metrics_write(&r->reply, shared->metrics, shared->n_loops);
    request_reply(r, r->op->status, "text/plain; version=0.0.4; charset=utf-8");
}

const struct handler get_metrics_handler = {.start = start};
