/* Sends a delivery of consumption: announced once, its rows sent until they have arrived.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <openssl/evp.h>
#include <string.h>

#define KEY_SIZE 80

/* The same announcement is the same key, and so the same delivery. */
static int make_key(const struct mk_new_consumption_delivery *announcement, char to[KEY_SIZE], mk_error *error) {
    const struct mk_type *type = mk_operation_types(mk_operation_find("announce_consumption_delivery"))->body;
    struct mk_buffer json = {.limit = 0};
    char where[MK_WHERE];
    if (!mk_encode(type, announcement, &json, where)) {
        mk_buffer_clear(&json);
        return where[0] == '\0' ? mk_fail_memory(error) : mk_fail(error, MK_ERR_ARGUMENT, "body%s", where);
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool good = EVP_Digest(json.bytes, json.n, digest, &n, EVP_sha256(), NULL) == 1;
    mk_buffer_clear(&json);
    if (!good)
        return mk_fail_memory(error);
    size_t at = (size_t)snprintf(to, KEY_SIZE, "push-");
    for (unsigned i = 0; i < n && at + 2 < KEY_SIZE; i++)
        at += (size_t)snprintf(to + at, KEY_SIZE - at, "%02x", digest[i]);
    return MK_OK;
}

/* It becomes part of a path, and programs print it. */
static bool is_uuid(const char *text) {
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : text[i] == '\0' || strchr("0123456789abcdefABCDEF", text[i]) == NULL)
            return false;
    }
    return text[36] == '\0';
}

static int announce(mk_client *client, const struct mk_new_consumption_delivery *announcement, const char *key,
                    char id[37], mk_error *error) {
    const struct mk_announce_consumption_delivery_options options = {.size = sizeof options, .idempotency_key = key};
    struct mk_consumption_delivery *delivery;
    int code = mk_announce_consumption_delivery(client, announcement, &options, &delivery, error);
    if (code != MK_OK)
        return code;
    bool good = is_uuid(delivery->id);
    if (good)
        memcpy(id, delivery->id, 37);
    mk_consumption_delivery_free(delivery);
    return good ? MK_OK : mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: /id is no UUID");
}

int mk_push(mk_client *client, const struct mk_new_consumption_delivery *announcement, const mk_source *source,
            const mk_push_options *options, char *ret_id, struct mk_consumption_delivery_report **ret_report,
            mk_error *error) {
    mk_push_options chosen;
    if (!mk_struct_read(&chosen, sizeof chosen, options, sizeof chosen.size))
        return mk_fail_options(error);
    if (client == NULL || announcement == NULL || ret_report == NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "there is no client, no announcement, or nowhere to put the report");
    mk_source taken;
    char key[KEY_SIZE], id[37];
    int code = mk_source_read(&taken, source, error);
    if (code == MK_OK && chosen.idempotency_key == NULL)
        code = make_key(announcement, key, error);
    if (code == MK_OK)
        code = announce(client, announcement, chosen.idempotency_key == NULL ? key : chosen.idempotency_key, id, error);
    if (code != MK_OK)
        return code;
    if (ret_id != NULL)
        memcpy(ret_id, id, sizeof id);
    const mk_argument arguments[] = {{"id", id}, {"Prefer", chosen.rehearse ? "tx=rollback" : NULL}};
    const struct mk_upload upload = {.gzip = !chosen.plain && !taken.gzipped,
                                     .digest = !chosen.no_digest,
                                     .progress = chosen.progress,
                                     .progress_user = chosen.progress_user};
    void *report;
    code = mk_call_source(client, mk_operation_find("put_consumption_rows"), arguments, 2, &taken, &upload, &report,
                          error);
    if (code == MK_OK)
        *ret_report = report;
    return code;
}
