/* What is known of a URL: its entity tag, and, where there is room, its body, with what it was asked for as. The least
 * lately used goes first.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ENTRIES 1024 /* of tags, which are kept for If-Match also where no body is */

struct entry {
    struct entry *next; /* less lately used */
    uint64_t hash;
    const char *etag;
    char *body; /* its own allocation; NULL when only the tag is kept */
    const char *accept;
    size_t n_body, size; /* size: with the body */
    char path[];         /* then the tag, then what was accepted */
};

struct mk_cache {
    struct entry *entries;
    size_t n, max_bytes, bytes; /* of those that have a body */
};

struct mk_cache *mk_cache_create(size_t max_bytes) {
    struct mk_cache *cache = calloc(1, sizeof *cache);
    if (cache != NULL)
        cache->max_bytes = max_bytes;
    return cache;
}

/* FNV-1a: spares comparing paths that are alike for long. */
static uint64_t hash_of(const char *path) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
    return hash;
}

/* Where the pointer to the entry is. */
static struct entry **find(struct mk_cache *cache, const char *path) {
    uint64_t hash = hash_of(path);
    struct entry **e = &cache->entries;
    while (*e != NULL && ((*e)->hash != hash || strcmp((*e)->path, path) != 0))
        e = &(*e)->next;
    return e;
}

static void remove_at(struct mk_cache *cache, struct entry **at) {
    struct entry *e = *at;
    *at = e->next;
    cache->n--;
    if (e->body != NULL)
        cache->bytes -= e->size;
    free(e->body);
    free(e);
}

void mk_cache_destroy(struct mk_cache *cache) {
    if (cache == NULL)
        return;
    while (cache->entries != NULL)
        remove_at(cache, &cache->entries);
    free(cache);
}

static struct entry *use(struct mk_cache *cache, const char *path) {
    struct entry **at = find(cache, path), *e = *at;
    if (e == NULL)
        return NULL;
    *at = e->next;
    e->next = cache->entries;
    cache->entries = e;
    return e;
}

const char *mk_cache_etag(struct mk_cache *cache, const char *path) {
    const struct entry *e = use(cache, path);
    return e == NULL ? NULL : e->etag;
}

const char *mk_cache_body(struct mk_cache *cache, const char *path, const char *accept, size_t *ret_n,
                          const char **ret_etag) {
    const struct entry *e = use(cache, path);
    if (e == NULL || e->body == NULL || strcmp(e->accept, accept) != 0)
        return NULL;
    *ret_n = e->n_body;
    *ret_etag = e->etag;
    return e->body;
}

/* The last of those with a body, or of all. */
static void remove_last(struct mk_cache *cache, bool with_body) {
    struct entry **last = NULL;
    for (struct entry **e = &cache->entries; *e != NULL; e = &(*e)->next)
        if (!with_body || (*e)->body != NULL)
            last = e;
    if (last != NULL)
        remove_at(cache, last);
}

static struct entry *make_entry(const char *path, const char *accept, const char *etag, const char *body, size_t n) {
    size_t n_path = strlen(path) + 1, n_etag = strlen(etag) + 1, n_accept = strlen(accept) + 1;
    size_t size = sizeof(struct entry) + n_path + n_etag + n_accept;
    struct entry *e = malloc(size);
    if (e == NULL)
        return NULL;
    *e = (struct entry){.hash = hash_of(path), .size = size + n + 1, .n_body = n};
    memcpy(e->path, path, n_path);
    e->etag = memcpy(e->path + n_path, etag, n_etag);
    e->accept = memcpy(e->path + n_path + n_etag, accept, n_accept);
    e->body = body == NULL ? NULL : malloc(n + 1);
    if (e->body != NULL) {
        memcpy(e->body, body, n);
        e->body[n] = '\0';
    }
    return e;
}

void mk_cache_store(struct mk_cache *cache, const char *path, const char *accept, const char *etag, const char *body,
                    size_t n) {
    mk_cache_forget(cache, path);
    if (etag == NULL)
        return;
    size_t most = cache->max_bytes;
    size_t around = sizeof(struct entry) + strlen(path) + strlen(etag) + strlen(accept) + 4;
    if (body != NULL && (most < around || n > most - around))
        body = NULL;
    struct entry *e = make_entry(path, accept, etag, body, n);
    if (e == NULL)
        return;
    while (e->body != NULL && cache->bytes + e->size > most)
        remove_last(cache, true);
    if (cache->n == MOST_ENTRIES)
        remove_last(cache, false);
    if (e->body != NULL)
        cache->bytes += e->size;
    e->next = cache->entries;
    cache->entries = e;
    cache->n++;
}

void mk_cache_drop_bodies(struct mk_cache *cache) {
    for (struct entry *e = cache == NULL ? NULL : cache->entries; e != NULL; e = e->next) {
        free(e->body);
        e->body = NULL;
    }
    if (cache != NULL)
        cache->bytes = 0;
}

void mk_cache_forget(struct mk_cache *cache, const char *path) {
    struct entry **at = find(cache, path);
    if (*at != NULL)
        remove_at(cache, at);
}
