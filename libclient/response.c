/* What is read from an answer.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

int mk_response_status(const mk_response *response) {
    return response == NULL ? 0 : response->status;
}

/* The header at `p`, and where the next one is. */
static const char *header_at(const char *p, const char **ret_name, const char **ret_value) {
    *ret_name = p;
    *ret_value = p + strlen(p) + 1;
    return *ret_value + strlen(*ret_value) + 1;
}

bool mk_response_header_at(const mk_response *response, size_t n, const char **ret_name, const char **ret_value) {
    if (response == NULL || response->head.n == 0 || ret_name == NULL || ret_value == NULL)
        return false;
    const char *p = response->head.bytes, *end = p + response->head.n, *name, *value;
    for (; p < end; n--) {
        p = header_at(p, &name, &value);
        if (n == 0) {
            *ret_name = name;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

const char *mk_response_header(const mk_response *response, const char *name) {
    if (response == NULL || name == NULL || response->head.n == 0)
        return NULL;
    const char *p = response->head.bytes, *end = p + response->head.n, *other, *value;
    while (p < end) {
        p = header_at(p, &other, &value);
        if (mk_same(other, name))
            return value;
    }
    return NULL;
}

bool mk_response_is(const mk_response *response, const char *media_type) {
    const char *is = mk_response_header(response, "Content-Type");
    size_t n = strlen(media_type);
    return is != NULL && mk_same_start(is, media_type) && (is[n] == '\0' || is[n] == ';' || is[n] == ' ');
}

const char *mk_response_body(const mk_response *response, size_t *ret_n) {
    if (ret_n != NULL)
        *ret_n = response == NULL ? 0 : response->body.n;
    return response == NULL || response->body.bytes == NULL ? "" : response->body.bytes;
}

void mk_response_free(mk_response *response) {
    if (response == NULL)
        return;
    mk_buffer_clear(&response->head);
    mk_buffer_clear(&response->body);
    free(response);
}
