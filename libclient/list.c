/* Lists: items one by one, pages as they are needed.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct page {
    mk_response *response;      /* what the items' JSON stands in */
    struct mk_arena *arena;     /* NULL: there is no page yet */
    const struct mk_json *item; /* the one to give out next */
    const char *next;           /* path of the following page, NULL after the last */
    const char *request_id;
    int64_t total;
};

struct mk_list {
    mk_client *client;
    const mk_operation *operation;
    char *first; /* path of the first page */
    struct page page;
    /* Against a server that sends us round in circles (Brent's method): the path of the 1st, 2nd, 4th, 8th ... page.
     * As soon as one of them is in the circle and as far out as the circle is long, the next comes back to it. */
    char *seen;
    uint64_t n_pages, renew_at;
};

static void page_finish(struct page *page) {
    mk_response_free(page->response);
    mk_arena_destroy(page->arena);
    *page = (struct page){.total = -1};
}

int mk_list_create(mk_client *client, const mk_operation *operation, const char *path, mk_list **ret_list,
                   mk_error *error) {
    mk_list *list = calloc(1, sizeof *list);
    char *first = strdup(path);
    if (list == NULL || first == NULL) {
        free(list);
        free(first);
        return mk_fail_memory(error);
    }
    *list = (mk_list){.client = client, .operation = operation, .first = first, .page.total = -1, .renew_at = 1};
    *ret_list = list;
    return MK_OK;
}

void mk_list_destroy(mk_list *list) {
    if (list == NULL)
        return;
    page_finish(&list->page);
    free(list->first);
    free(list->seen);
    free(list);
}

int64_t mk_list_total(const mk_list *list) {
    return list == NULL ? -1 : list->page.total;
}

/* A page goes on where the list began: a server cannot send us elsewhere. */
static bool is_continuation(const char *next, const char *first) {
    size_t n = strcspn(first, "?");
    return strncmp(next, first, n) == 0 && next[n] == '?';
}

static int read_page(const mk_list *list, const char *seen, struct page *page, mk_error *error) {
    const struct mk_json *json = NULL;
    int code = mk_answer_read(page->response, page->arena, &json, error);
    if (code != MK_OK)
        return code;
    const struct mk_json *items = mk_json_get(json, "items"), *next = mk_json_get(json, "next");
    if (items == NULL || items->kind != MK_JSON_ARRAY)
        return mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: /items is no list");
    if (next == NULL || (next->kind != MK_JSON_NULL && next->kind != MK_JSON_STRING))
        return mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: /next is neither text nor null");
    if (next->kind == MK_JSON_STRING && !is_continuation(next->text, list->first))
        return mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: /next leads elsewhere");
    if (next->kind == MK_JSON_STRING && strcmp(next->text, seen) == 0)
        return mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: /next leads round in a circle");
    page->item = items->first;
    page->next = mk_json_text(next);
    page->request_id = mk_response_header(page->response, "X-Request-Id");
    page->total = list->page.total;
    if (mk_json_get(json, "total") != NULL && !mk_json_integer(mk_json_get(json, "total"), &page->total))
        return mk_fail(error, MK_ERR_PROTOCOL, "the answer is not of the contract: /total is no whole number");
    return MK_OK;
}

/* What there is stays when it fails, so that it may be tried again. */
static int fetch(mk_list *list, const char *path, mk_error *error) {
    const mk_header accept = {"Accept", list->operation->produces[0]};
    const struct mk_exchange exchange = {.method = list->operation->method,
                                         .path = path,
                                         .headers = &accept,
                                         .n_headers = 1,
                                         .produces = list->operation->produces,
                                         .safe = true,
                                         .anonymous = !list->operation->authorized};
    struct page page = {.total = -1};
    bool renew = list->n_pages + 1 == list->renew_at;
    char *seen = renew ? strdup(path) : list->seen;
    if (seen == NULL)
        return mk_fail_memory(error);
    int code = mk_exchange_run(list->client, &exchange, &page.response, error);
    if (code == MK_OK && page.response->status != 200)
        code = mk_fail_response(error, page.response);
    if (code == MK_OK && (page.arena = mk_arena_create()) == NULL)
        code = mk_fail_memory(error);
    if (code == MK_OK) {
        mk_arena_limit(page.arena, list->client->options.max_memory_bytes);
        code = read_page(list, seen, &page, error);
    }
    if (code != MK_OK) {
        if (renew)
            free(seen);
        page_finish(&page);
        return code;
    }
    if (renew) {
        free(list->seen);
        list->seen = seen;
        list->renew_at *= 2;
    }
    list->n_pages++;
    page_finish(&list->page);
    list->page = page;
    return MK_OK;
}

/* Fetches until there is an item to give out; MK_END when there is none any more. */
static int find_item(mk_list *list, mk_error *error) {
    while (list->page.item == NULL) {
        const char *path = list->page.arena == NULL ? list->first : list->page.next;
        if (path == NULL)
            return MK_END;
        int code = fetch(list, path, error);
        if (code != MK_OK)
            return code;
    }
    return MK_OK;
}

int mk_list_next(mk_list *list, const char **ret_json, size_t *ret_n, mk_error *error) {
    if (list == NULL || ret_json == NULL || ret_n == NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "there is no list, or nowhere to put the item");
    int code = find_item(list, error);
    if (code != MK_OK)
        return code;
    *ret_json = list->page.item->raw;
    *ret_n = list->page.item->n_raw;
    list->page.item = list->page.item->next;
    return MK_OK;
}

int mk_list_item(mk_list *list, const struct mk_type *type, void **ret_item, mk_error *error) {
    if (ret_item == NULL)
        return mk_fail(error, MK_ERR_ARGUMENT, "there is nowhere to put the item: ret_%s is NULL", type->name);
    if (list == NULL || mk_operation_types(list->operation)->result != type)
        return mk_fail(error, MK_ERR_ARGUMENT, "this is no list of %s", type->name);
    int code = find_item(list, error);
    if (code == MK_OK)
        code = mk_result_create(type, list->page.item, NULL, list->page.request_id, false,
                                list->client->options.max_memory_bytes, ret_item, error);
    if (code == MK_OK)
        list->page.item = list->page.item->next;
    return code;
}
