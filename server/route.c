/* From method and path to the operation: a tree of segments, built once from the contract.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const method_names[N_METHODS] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

struct node {
    const char *segment; /* NULL: any value, a path parameter */
    size_t length;
    struct node *child, *next; /* children: literals first, the parameter last */
    const struct operation *operations[N_METHODS];
    unsigned allowed; /* bits of enum method; HEAD with GET */
};

/* Nodes never move and are only read once requests come, so all loops share them. */
static struct node *nodes;
static size_t n_nodes;

static struct node *node_add(struct node *parent, const char *segment) {
    bool parameter = segment[0] == '{';
    struct node **link = &parent->child;
    for (; *link != NULL; link = &(*link)->next) {
        if (parameter ? (*link)->segment == NULL : (*link)->segment != NULL && strcmp((*link)->segment, segment) == 0)
            return *link;
        if ((*link)->segment == NULL)
            break; /* a new literal goes before the parameter */
    }
    struct node *node = &nodes[n_nodes++];
    node->segment = parameter ? NULL : segment;
    node->length = parameter ? 0 : strlen(segment);
    node->next = *link;
    *link = node;
    return node;
}

void route_init(void) {
    size_t most = 1;
    for (size_t i = 0; i < n_operations; i++)
        for (const char *const *s = operations[i].segments; *s != NULL; s++)
            most++;
    free(nodes);
    nodes = calloc(most, sizeof(*nodes));
    if (nodes == NULL) { /* at start-up, with nothing to save */
        fputs("medkoordd: memory ran out\n", stderr);
        exit(EXIT_FAILURE);
    }
    n_nodes = 1;
    for (size_t i = 0; i < n_operations; i++) {
        const struct operation *op = &operations[i];
        struct node *node = &nodes[0];
        for (const char *const *s = op->segments; *s != NULL; s++)
            node = node_add(node, *s);
        assert(node->operations[op->method] == NULL);
        node->operations[op->method] = op;
        node->allowed |= 1u << op->method;
        if (op->method == METHOD_GET)
            node->allowed |= 1u << METHOD_HEAD;
    }
}

/* A literal wins over a parameter, but only if the rest of the path fits too. */
static const struct node *find(const struct node *node, const struct value *segments, size_t n) {
    if (n == 0)
        return node->allowed != 0 ? node : NULL;
    for (const struct node *child = node->child; child != NULL; child = child->next) {
        bool fits = child->segment == NULL ? segments[0].length > 0
                                           : child->length == segments[0].length &&
                                                 memcmp(child->segment, segments[0].text, child->length) == 0;
        const struct node *found = fits ? find(child, segments + 1, n - 1) : NULL;
        if (found != NULL)
            return found;
    }
    return NULL;
}

const struct operation *route_find(struct request *r, unsigned *ret_allowed) {
    CHECK_REQUEST(r);
    assert(nodes != NULL);
    *ret_allowed = 0;
    const struct node *node = find(&nodes[0], r->segments, r->n_segments);
    if (node == NULL)
        return NULL;
    enum method method = r->method == METHOD_HEAD ? METHOD_GET : r->method;
    const struct operation *op =
        method == N_METHODS ? NULL : node->operations[method]; /* N_METHODS: one we never heard of */
    if (op == NULL) {
        *ret_allowed = node->allowed;
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; op->segments[i] != NULL; i++)
        if (op->segments[i][0] == '{')
            r->path_values[n++] = r->segments[i];
    return op;
}

size_t route_allowed_text(unsigned allowed, char *ret, size_t n) {
    size_t length = 0;
    assert(n > 0);
    ret[0] = '\0';
    for (unsigned m = 0; m < N_METHODS; m++) {
        size_t room = strlen(method_names[m]) + (length > 0 ? 2 : 0);
        if ((allowed & 1u << m) == 0 || length + room >= n)
            continue;
        if (length > 0)
            memcpy(ret + length, ", ", 2);
        memcpy(ret + length + (length > 0 ? 2 : 0), method_names[m], strlen(method_names[m]));
        length += room;
        ret[length] = '\0';
    }
    return length;
}
