/* GET /healthz: the loop runs, so the server is alive.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

static void start(struct request *r) {
    buffer_text(&r->reply, "{\"status\":\"ok\",\"version\":\"" MEDKOORD_VERSION "\"}");
    request_reply(r, r->op->status, "application/json");
}

const struct handler get_health_handler = {.start = start};
