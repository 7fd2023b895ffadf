/* Which region each hospital belongs to in each month, worked out from the server's hospitals and regions.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define MONTHS 3600 /* of the reader: from 1900-01 */

struct region {
    const char *slug, *valid_to, *successor; /* NULL: no end, none */
    struct region *next;
};
struct period {
    const char *region, *from, *to;
};
struct places {
    mk_client *client;
    mk_error *error;
    int code;
    struct region *regions;
    const char *starts[MONTHS + 1]; /* the first day of each month */
    struct survey_hospital *runs;
    size_t n, room;
};

static const char *keep(const char *text) {
    return text == NULL ? NULL : pool_text(text, strlen(text));
}

/* Asked for once each; NULL with p->code. */
static const struct region *region_of(struct places *p, const char *slug) {
    static const struct words none;
    for (const struct region *r = p->regions; r != NULL; r = r->next)
        if (strcmp(r->slug, slug) == 0)
            return r;
    mk_response *response = NULL;
    const struct mk_json *answer;
    const char *path[] = {slug};
    p->code = operation_call(p->client, "get_region", path, &none, &answer, &response, p->error);
    if (p->code != MK_OK) {
        mk_response_free(response);
        return NULL;
    }
    struct region *r = pool_alloc(sizeof *r);
    *r = (struct region){.slug = keep(slug),
                         .valid_to = keep(tree_text(answer, "valid_to")),
                         .successor = keep(tree_text(answer, "successor")),
                         .next = p->regions};
    p->regions = r;
    mk_response_free(response);
    return r;
}

/* What stands for a region on a day. */
static const char *region_on(struct places *p, const char *slug, const char *day) {
    for (int steps = 0; steps < 100; steps++) {
        const struct region *r = region_of(p, slug);
        if (r == NULL)
            return NULL;
        if (r->successor == NULL || r->valid_to == NULL || strcmp(r->valid_to, day) > 0)
            return r->slug;
        slug = r->successor;
    }
    return slug;
}

static void add_month(struct places *p, const char *code, const char *region, int month) {
    struct survey_hospital *last = p->n == 0 ? NULL : &p->runs[p->n - 1];
    if (last != NULL && last->code == code && last->to_month == month - 1 && strcmp(last->region, region) == 0) {
        last->to_month = month;
        return;
    }
    if (p->n == p->room) {
        size_t room = 2 * p->room + 64;
        p->runs = pool_grow(p->runs, p->n * sizeof *p->runs, room * sizeof *p->runs);
        p->room = room;
    }
    p->runs[p->n++] = (struct survey_hospital){.code = code, .region = region, .from_month = month, .to_month = month};
}

struct gathered {
    struct gathered *next;
    const char *code;
    size_t n;
    struct period *periods;
};

static int place_hospital(struct places *p, const struct gathered *h) {
    for (int m = 0; m < MONTHS; m++) {
        const struct period *found = NULL;
        for (size_t i = 0; i < h->n; i++) {
            const struct period *x = &h->periods[i];
            bool holds = strcmp(x->from, p->starts[m + 1]) < 0 && (x->to == NULL || strcmp(x->to, p->starts[m]) > 0);
            if (holds && (found == NULL || strcmp(x->from, found->from) < 0))
                found = x;
        }
        if (found == NULL)
            continue;
        const char *region = region_on(p, found->region, p->starts[m]);
        if (region == NULL)
            return p->code;
        add_month(p, h->code, region, m);
    }
    return MK_OK;
}

/* The pool gives each page back after it was read: what stays of a hospital is kept in memory of its own until all are
 * there. */
static bool note_hospital(void *user, const struct mk_json *item) {
    FILE *to = user;
    fprintf(to, "%.*s\x1e", (int)item->n_raw, item->raw); /* what no JSON holds */
    return true;
}

static struct gathered *gather(const struct mk_json *item, struct gathered *next) {
    const struct mk_json *regions = tree_get(item, "regions");
    struct gathered *h = pool_alloc(sizeof *h);
    *h = (struct gathered){.next = next, .code = keep(tree_text(item, "code"))};
    h->periods = pool_alloc((regions == NULL ? 1 : regions->n + 1) * sizeof *h->periods);
    for (const struct mk_json *r = regions == NULL ? NULL : regions->first; r != NULL; r = r->next) {
        struct period x = {keep(tree_text(r, "region")), keep(tree_text(r, "valid_from")),
                           keep(tree_text(r, "valid_to"))};
        if (x.region != NULL && x.from != NULL)
            h->periods[h->n++] = x;
    }
    return h->code == NULL ? next : h;
}

static int place_all(struct places *p, const char *lines) {
    struct gathered *all = NULL;
    for (const char *line = lines; *line != '\0'; line += strcspn(line, "\x1e") + 1) {
        const struct mk_json *item = tree_read(line, strcspn(line, "\x1e"));
        if (item != NULL)
            all = gather(item, all);
    }
    for (const struct gathered *h = all; h != NULL; h = h->next)
        if (place_hospital(p, h) != MK_OK)
            return p->code;
    return MK_OK;
}

int places_read(mk_client *client, struct survey_hospital **ret_hospitals, size_t *ret_n, mk_error *error) {
    static const mk_argument closed_too[] = {{"include_closed", "true"}};
    struct places p = {.client = client, .error = error};
    char *lines = NULL;
    size_t n;
    FILE *to = open_memstream(&lines, &n);
    int code = to == NULL ? MK_ERR_NO_MEMORY
                          : operation_each(client, "list_hospitals", closed_too, 1, note_hospital, to, error);
    if (to != NULL && fclose(to) != 0 && code == MK_OK)
        code = MK_ERR_NO_MEMORY;
    for (int m = 0; m <= MONTHS; m++)
        p.starts[m] = pool_format("%s-01", month_text(m));
    if (code == MK_OK)
        code = place_all(&p, lines);
    free(lines);
    if (code == MK_OK) {
        *ret_hospitals = p.runs;
        *ret_n = p.n;
    }
    return code;
}
