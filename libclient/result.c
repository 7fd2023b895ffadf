/* What a call gives out: a struct with what it came from in front of it, all in one arena.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0x6d6b7265u

/* Of the hidden struct, so that what follows it is aligned for everything. */
#define HEAD ((sizeof(struct mk_result) + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t))

static const struct mk_result *head_of(const void *result) {
    if (result == NULL)
        return NULL;
    const struct mk_result *head = (const void *)((const char *)result - HEAD);
    return head->magic == MAGIC ? head : NULL;
}

static bool copy_text(struct mk_arena *arena, const char *text, const char **ret_copy) {
    if (text == NULL)
        return true;
    *ret_copy = mk_arena_text(arena, text, strlen(text));
    return *ret_copy != NULL;
}

int mk_result_create(const struct mk_type *type, const struct mk_json *json, const char *etag, const char *request_id,
                     bool replayed, size_t limit, void **ret_result, mk_error *error) {
    struct mk_arena *arena = mk_arena_create();
    if (arena != NULL)
        mk_arena_limit(arena, limit);
    struct mk_result *head = arena == NULL ? NULL : mk_arena_alloc(arena, HEAD + type->size);
    char where[MK_WHERE] = "";
    if (head == NULL || !mk_decode(type, json, arena, (char *)head + HEAD, where) ||
        !copy_text(arena, etag, &head->etag) || !copy_text(arena, request_id, &head->request_id) ||
        (head->json = mk_arena_text(arena, json->raw, json->n_raw)) == NULL) {
        int code = where[0] == '\0' ? mk_fail_arena(error, arena)
                                    : mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: %s", where);
        mk_arena_destroy(arena);
        return code;
    }
    head->magic = MAGIC;
    head->type = type;
    head->arena = arena;
    head->n_json = json->n_raw;
    head->replayed = replayed;
    *ret_result = (char *)head + HEAD;
    return MK_OK;
}

const char *mk_result_json(const void *result, size_t *ret_n) {
    const struct mk_result *head = head_of(result);
    if (head == NULL)
        return NULL;
    if (ret_n != NULL)
        *ret_n = head->n_json;
    return head->json;
}

const char *mk_result_etag(const void *result) {
    const struct mk_result *head = head_of(result);
    return head == NULL ? NULL : head->etag;
}

const char *mk_result_request_id(const void *result) {
    const struct mk_result *head = head_of(result);
    return head == NULL ? NULL : head->request_id;
}

bool mk_result_replayed(const void *result) {
    const struct mk_result *head = head_of(result);
    return head != NULL && head->replayed;
}

void mk_result_free(void *result) {
    const struct mk_result *head = head_of(result);
    if (head != NULL)
        mk_arena_destroy(head->arena);
}

/* The C locale is there without being made: no memory, and the program's own is not touched. */
double mk_decimal_to_double(const char *decimal) {
    if (decimal == NULL || !mk_json_number_is_good(decimal, strlen(decimal)))
        return 0;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return 0;
    double value = strtod_l(decimal, NULL, plain);
    freelocale(plain);
    return value;
}
