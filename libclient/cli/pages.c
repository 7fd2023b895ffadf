/* Lists: all of one, page after page by the library, or the one page that was asked for.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

mk_argument *arguments_room(const mk_operation *mk) {
    size_t n = 2; /* one more for limit */
    for (const mk_parameter *const *p = mk->parameters; *p != NULL; p++)
        n++;
    return pool_alloc(n * sizeof(mk_argument));
}

const char *arguments_find(const mk_argument *arguments, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(arguments[i].name, name) == 0)
            return arguments[i].value;
    return NULL;
}

int operation_each(mk_client *client, const char *name, const mk_argument *arguments, size_t n,
                   bool (*each)(void *, const struct mk_json *), void *user, mk_error *error) {
    mk_list *list = NULL;
    const char *json;
    size_t mark = pool_mark(), n_json;
    bool more = true;
    int code = mk_call_list(client, mk_operation_find(name), arguments, n, &list, error);
    while (more && code == MK_OK && (code = mk_list_next(list, &json, &n_json, error)) == MK_OK) {
        const struct mk_json *item = tree_read(json, n_json);
        more = item == NULL || each(user, item);
        pool_release(mark);
    }
    mk_list_destroy(list);
    return code == MK_END ? MK_OK : code;
}

/* ---- a list that is shown ---- */

#define TABLE_ROWS 500 /* a long list is several tables, each as wide as its own rows need */

struct listing {
    const struct cli_operation *op;
    bool json, csv;
    size_t n, n_waiting;
    struct text waiting; /* for their table: a JSON list that is still open */
};

static void begin(const struct listing *l) {
    if (l->json)
        out_text("{\"items\": [");
    else if (l->csv)
        show_csv_head(l->op->columns);
}

static void show_waiting(struct listing *l) {
    if (l->n_waiting == 0)
        return;
    text_put(&l->waiting, "]");
    out_text(l->n == l->n_waiting ? "" : "\n");
    show_items(tree_read(l->waiting.p, l->waiting.n)->first, l->op->columns);
    l->n_waiting = 0;
    l->waiting = (struct text){0};
}

static void show_item(struct listing *l, const char *json, size_t n) {
    l->n++;
    if (l->json) {
        out_text(l->n == 1 ? "\n" : ",\n");
        out_bytes(json, n);
    } else if (l->csv) {
        show_csv_row(tree_read(json, n), l->op->columns);
    } else {
        text_put(&l->waiting, l->n_waiting++ == 0 ? "[" : ",");
        text_add(&l->waiting, json, n);
        if (l->n_waiting == TABLE_ROWS)
            show_waiting(l);
    }
}

/* `total`: -1 when it was not asked for. */
static void end(struct listing *l, int64_t total) {
    show_waiting(l);
    if (l->json && total >= 0)
        out_format("\n], \"next\": null, \"total\": %lld}\n", (long long)total);
    else if (l->json)
        out_text("\n], \"next\": null}\n");
    else if (l->n == 0 && !l->csv)
        warn("%s", T(NOTHING));
    if (!l->json && total >= 0)
        warn(T(TOTAL), (long long)total);
}

static int show_all(mk_client *client, struct listing *l, const mk_operation *mk, const mk_argument *arguments,
                    size_t n, mk_error *error) {
    mk_list *list = NULL;
    const char *json;
    size_t mark = pool_mark(), n_json;
    int code = mk_call_list(client, mk, arguments, n, &list, error);
    while (code == MK_OK && !out_closed() && (code = mk_list_next(list, &json, &n_json, error)) == MK_OK) {
        if (l->n == 0)
            begin(l);
        show_item(l, json, n_json);
        if (l->n_waiting == 0)
            pool_release(mark);
    }
    if (code == MK_END && l->n == 0)
        begin(l);
    if (code == MK_END)
        end(l, mk_list_total(list));
    else
        show_waiting(l); /* what there was until it failed */
    mk_list_destroy(list);
    return code == MK_END ? MK_OK : code;
}

static int show_one_page(mk_client *client, struct listing *l, const mk_operation *mk, const mk_argument *arguments,
                         size_t n, mk_error *error) {
    mk_response *response = NULL;
    size_t n_body;
    int code = mk_call(client, mk, arguments, n, NULL, NULL, &response, error);
    const struct mk_json *answer = code == MK_OK ? operation_answer(mk, response) : NULL;
    if (code == MK_OK && answer == NULL) {
        code = operation_strange(error);
    } else if (code == MK_OK && l->json) {
        const char *body = mk_response_body(response, &n_body);
        show_json(body, n_body, answer);
    } else if (code == MK_OK) {
        const char *total = tree_text(answer, "total");
        begin(l);
        for (const struct mk_json *item = tree_get(answer, "items")->first; item != NULL; item = item->next)
            show_item(l, item->raw, item->n_raw);
        end(l, total == NULL ? -1 : atoll(total));
    }
    mk_response_free(response);
    return code;
}

int list_show(mk_client *client, const struct cli_operation *op, mk_argument *arguments, size_t n, bool json, bool csv,
              mk_error *error) {
    const mk_operation *mk = mk_operation_find(op->name);
    struct listing l = {.op = op, .json = json, .csv = csv};
    bool limit = arguments_find(arguments, n, "limit") != NULL;
    if (!limit && arguments_find(arguments, n, "cursor") == NULL)
        return show_all(client, &l, mk, arguments, n, error);
    if (!limit)
        arguments[n++] = (mk_argument){"limit", "50"};
    return show_one_page(client, &l, mk, arguments, n, error);
}
