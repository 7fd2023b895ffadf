/* GET /v1/openapi.json: the contract that this program was built from.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

static void start(struct request *r) {
    const char *etag = arena_printf(&r->arena, "\"%s\"", contract_etag);
    if (etag != NULL)
        request_header(r, "ETag", etag);
    if (reply_is_not_modified(r, contract_etag)) {
        request_reply(r, 304, NULL);
        return;
    }
    r->constant = (struct value){contract_json, contract_json_length};
    request_reply(r, r->op->status, "application/json");
}

const struct handler get_contract_handler = {.start = start};
