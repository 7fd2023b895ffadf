/* Keys of a file's rows: spread over partitions by hash while they are added, searched one partition at a time.
 * SPDX-License-Identifier: MPL-2.0 */
#include "key_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTITIONS     64
#define BLOCK_KEYS     1023u
#define TABLE_KEYS     131072u /* at most half of the slots are taken: 4 MiB */
#define BLOCKS_A_PIECE 16u
#define LINE_BITS      36

/* As it lies in the file: 16 KiB. A partition's blocks are chained in the order in which they were filled. */
struct block {
    uint64_t next; /* number of the partition's next block */
    uint64_t n;
    struct spool_key keys[BLOCK_KEYS];
};

struct partition {
    uint64_t n_keys, first, own; /* number of its first block, and of the one being filled */
    struct block *block;
};

struct key_spool {
    int fd; /* -1 until a block is full */
    bool failed;
    char *directory;
    uint64_t n_blocks;
    struct partition partitions[PARTITIONS];
    /* the search */
    int partition; /* PARTITIONS: done */
    unsigned pass, n_passes;
    uint64_t at; /* number of the next block to read */
    struct spool_key *table;
    size_t n_slots;
    struct block *read;
};

struct key_spool *spool_create(const char *directory) {
    struct key_spool *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->fd = -1;
    if (directory == NULL)
        directory = getenv("TMPDIR");
    s->directory = strdup(directory != NULL && *directory != '\0' ? directory : "/tmp");
    if (s->directory == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void spool_destroy(struct key_spool *s) {
    if (s == NULL)
        return;
    for (int i = 0; i < PARTITIONS; i++)
        free(s->partitions[i].block);
    if (s->fd >= 0)
        close(s->fd);
    free(s->table);
    free(s->read);
    free(s->directory);
    free(s);
}

bool spool_failed(const struct key_spool *s) {
    return s->failed;
}

static uint64_t hash_of(uint64_t a, uint64_t b) {
    uint64_t h = a ^ (b * UINT64_C(0x9e3779b97f4a7c15));
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

static int open_unlinked(const char *directory) {
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    char path[4096]; /* a file system without O_TMPFILE */
    int n = snprintf(path, sizeof path, "%s/medkoord-keys-XXXXXX", directory);
    if (n < 0 || (size_t)n >= sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static bool write_block(struct key_spool *s, uint64_t number, const struct block *block) {
    if (s->fd < 0)
        s->fd = open_unlinked(s->directory);
    const char *p = (const char *)block;
    size_t left = sizeof *block;
    off_t at = (off_t)(number * sizeof *block);
    while (s->fd >= 0 && left > 0) {
        ssize_t n = pwrite(s->fd, p, left, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        left -= (size_t)n;
        at += n;
    }
    return left == 0;
}

static bool read_block(struct key_spool *s, uint64_t number, struct block *ret) {
    size_t got = 0;
    while (got < sizeof *ret) {
        ssize_t n = pread(s->fd, (char *)ret + got, sizeof *ret - got, (off_t)(number * sizeof *ret + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

void spool_add(struct key_spool *s, uint64_t a, uint32_t b, uint64_t line) {
    if (s->failed)
        return;
    struct partition *p = &s->partitions[hash_of(a, b) % PARTITIONS];
    if (p->block == NULL) {
        p->block = calloc(1, sizeof *p->block);
        if (p->block == NULL) {
            s->failed = true;
            return;
        }
        p->first = p->own = s->n_blocks++;
    } else if (p->block->n == BLOCK_KEYS) {
        p->block->next = s->n_blocks++;
        if (!write_block(s, p->own, p->block)) {
            s->failed = true;
            return;
        }
        p->own = p->block->next;
        p->block->n = 0;
    }
    p->block->keys[p->block->n++] = (struct spool_key){a, (uint64_t)b << LINE_BITS | line};
    p->n_keys++;
}

static size_t slots_for(uint64_t n_keys) {
    size_t n = 1024;
    while (n < 2 * TABLE_KEYS && n < 2 * n_keys)
        n *= 2;
    return n;
}

/* Makes the table ready for the next pass over the partition at hand, or over the next one that has keys. */
static bool begin_pass(struct key_spool *s) {
    if (s->pass == s->n_passes) {
        do {
            if (++s->partition == PARTITIONS)
                return false;
        } while (s->partitions[s->partition].n_keys == 0);
        /* A quarter more passes than the average fills, as hashes do not spread evenly. */
        uint64_t n = s->partitions[s->partition].n_keys;
        s->n_passes = n <= TABLE_KEYS ? 1 : (unsigned)((n + n / 4) / TABLE_KEYS + 1);
        s->pass = 0;
    }
    s->n_slots = slots_for(s->partitions[s->partition].n_keys);
    memset(s->table, 0, s->n_slots * sizeof *s->table);
    s->at = s->partitions[s->partition].first;
    return true;
}

static void search_block(struct key_spool *s, const struct block *block, spool_duplicate_fn duplicate, void *state) {
    for (uint64_t i = 0; i < block->n; i++) {
        struct spool_key k = block->keys[i];
        uint64_t h = hash_of(k.a, k.b >> LINE_BITS);
        if ((h >> 40) % s->n_passes != s->pass)
            continue;
        size_t slot = (h / PARTITIONS) & (s->n_slots - 1), probes = 0;
        while (s->table[slot].a != 0 &&
               (s->table[slot].a != k.a || s->table[slot].b >> LINE_BITS != k.b >> LINE_BITS)) {
            slot = (slot + 1) & (s->n_slots - 1);
            if (++probes == s->n_slots) { /* full: cannot be, short of a broken hash */
                s->failed = true;
                return;
            }
        }
        if (s->table[slot].a == 0)
            s->table[slot] = k;
        else
            duplicate(state, s->table[slot].b & SPOOL_MAX_LINE, k.b & SPOOL_MAX_LINE);
    }
}

static bool begin_search(struct key_spool *s) {
    uint64_t most = 0;
    for (int i = 0; i < PARTITIONS; i++)
        most = s->partitions[i].n_keys > most ? s->partitions[i].n_keys : most;
    s->table = malloc(slots_for(most) * sizeof *s->table);
    s->read = malloc(sizeof *s->read);
    s->failed = s->table == NULL || s->read == NULL;
    s->partition = -1;
    return !s->failed && begin_pass(s);
}

bool spool_search(struct key_spool *s, spool_duplicate_fn duplicate, void *state) {
    if (s->failed || (s->table == NULL && !begin_search(s)) || s->partition == PARTITIONS)
        return false;
    for (unsigned i = 0; i < BLOCKS_A_PIECE; i++) {
        const struct partition *p = &s->partitions[s->partition];
        bool last = s->at == p->own; /* never written: still in memory */
        if (!last && !read_block(s, s->at, s->read)) {
            s->failed = true;
            return false;
        }
        search_block(s, last ? p->block : s->read, duplicate, state);
        if (s->failed)
            return false;
        if (!last) {
            s->at = s->read->next;
            continue;
        }
        s->pass++;
        if (!begin_pass(s))
            return false;
    }
    return true;
}
