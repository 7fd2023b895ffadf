/* Streams of operations that are called by name.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

int mk_call_to_sink(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n,
                    const char *accept, const mk_sink *sink, mk_error *error) {
    if (client == NULL || op == NULL || accept == NULL || sink == NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "the client, the operation, the media type or the sink is missing");
    return mk_call_sink(client, op, arguments, n, accept, sink, error);
}

int mk_call_from_source(mk_client *client, const mk_operation *op, const mk_argument *arguments, size_t n,
                        const mk_source *source, void **ret_result, mk_error *error) {
    if (client == NULL || op == NULL || source == NULL || ret_result == NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "the client, the operation, the source or the result is missing");
    if (!op->streams)
        return mk_fail(error, MK_ERR_ARGUMENT, "%s takes no stream", op->name);
    return mk_call_source(client, op, arguments, n, source, NULL, ret_result, error);
}
