/* GET /readyz: every loop has its database, the schema is ours, and the server is not on its way out.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <string.h>

static void start(struct request *r) {
    if (atomic_load(&r->loop->shared->stopping)) {
        request_problem(r, PROBLEM_STOPPING, NULL);
        return;
    }
    const char *state = db_state_text(r->loop->db);
    bool ready = db_is_ready(r->loop->db);
    for (size_t i = 0; i < r->loop->shared->n_loops; i++)
        ready = ready && atomic_load(&r->loop->shared->loops[i]->ready);
    if (!ready) {
        request_problem(r, PROBLEM_DATABASE_UNAVAILABLE,
                        strcmp(state, "ready") == 0 ? "another loop waits for the database" : state);
        return;
    }
    buffer_format(&r->reply,
                  "{\"status\":\"ready\",\"version\":\"" MEDKOORD_VERSION "\",\"schema_version\":%d,\"database\":",
                  migrate_expected_version());
    buffer_json(&r->reply, state, strlen(state));
    buffer_char(&r->reply, '}');
    request_reply(r, r->op->status, "application/json");
}

const struct handler get_readiness_handler = {.start = start};
