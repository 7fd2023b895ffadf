/* Lists: page after page, following `next`.
 * Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

mk_argument *arguments_room(const mk_operation *mk) {
    size_t n = 3; /* two more for limit and cursor */
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++)
        n++;
    return pool_alloc(n * sizeof(mk_argument));
}

static bool takes(const mk_operation *mk, const char *parameter) {
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++)
        if (strcmp((*p)->name, parameter) == 0)
            return true;
    return false;
}

const char *arguments_find(const mk_argument *arguments, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(arguments[i].name, name) == 0)
            return arguments[i].value;
    return NULL;
}

/* The cursor out of the URL of the next page. */
static char *cursor_of(const char *url) {
    const char *at = strstr(url, "?cursor=");
    at = at == NULL ? strstr(url, "&cursor=") : at;
    if (at == NULL)
        return NULL;
    at += strlen("?cursor=");
    char *cursor = pool_text(at, strcspn(at, "&#")), *to = cursor;
    for (const char *p = cursor; *p != '\0'; p++) {
        char digits[3] = {p[0] == '%' ? p[1] : '\0', p[0] == '%' && p[1] != '\0' ? p[2] : '\0', '\0'}, *end;
        long c = strtol(digits, &end, 16);
        bool escaped = end == digits + 2;
        *to++ = escaped ? (char)c : *p;
        p += escaped ? 2 : 0;
    }
    *to = '\0';
    return cursor;
}

/* Page after page; without `limit` or `cursor` among the arguments all of them. */
int operation_pages(mk_client *client, const mk_operation *mk, const mk_argument *given, size_t n,
                    const struct pages *pages, mk_error *error) {
    mk_argument *arguments = arguments_room(mk);
    bool all = arguments_find(given, n, "limit") == NULL;
    char *cursor = NULL;
    size_t mark = pool_mark(), n_sent;
    for (size_t i = 0; i < n; i++)
        arguments[i] = given[i];
    if (all && takes(mk, "limit"))
        arguments[n++] = (mk_argument){"limit", "500"};
    for (;;) {
        mk_response *response;
        size_t n_body;
        n_sent = n;
        if (cursor != NULL && arguments_find(arguments, n, "cursor") == NULL)
            arguments[n_sent++] = (mk_argument){"cursor", cursor};
        int code = mk_call(client, mk, arguments, n_sent, NULL, NULL, &response, error);
        if (code != MK_OK)
            return code;
        const char *body = mk_response_body(response, &n_body);
        const struct mk_json *answer = operation_answer(mk, response);
        if (answer == NULL) {
            mk_response_free(response);
            return operation_strange(error);
        }
        const char *next = all ? tree_text(answer, "next") : NULL;
        bool more = pages->page(pages->user, answer, body, n_body, next == NULL);
        char *following = next == NULL ? NULL : cursor_of(next);
        bool circle = following != NULL && cursor != NULL && strcmp(following, cursor) == 0;
        char *kept = following == NULL || circle ? NULL : strdup(following);
        mk_response_free(response);
        pool_release(mark);
        if (!more || next == NULL || kept == NULL) {
            free(kept);
            return next != NULL && more ? operation_strange(error) : MK_OK;
        }
        cursor = pool_text(kept, strlen(kept));
        free(kept);
        for (size_t i = 0; i < n; i++) /* one that was given is for the first page */
            if (strcmp(arguments[i].name, "cursor") == 0)
                arguments[i].value = cursor;
    }
}

struct each {
    bool (*each)(void *, const struct mk_json *);
    void *user;
};

static bool each_item(void *user, const struct mk_json *answer, const char *body, size_t n, bool last) {
    const struct each *e = user;
    (void)body, (void)n, (void)last;
    for (const struct mk_json *item = tree_get(answer, "items")->first; item != NULL; item = item->next)
        if (!e->each(e->user, item))
            return false;
    return true;
}

int operation_each(mk_client *client, const char *name, const mk_argument *arguments, size_t n,
                   bool (*each)(void *, const struct mk_json *), void *user, mk_error *error) {
    struct each e = {.each = each, .user = user};
    return operation_pages(client, mk_operation_find(name), arguments, n, &(struct pages){each_item, &e}, error);
}
