/* To be preloaded (LD_PRELOAD): makes the n-th allocation of a program, or its n-th call into libpq or libmicrohttpd,
 * fail, when a test says so. The test and the program share the file that FAIL_NTH names: three numbers of 64 bits.
 * `left` counts down with each allocation and the one that takes it to 0 fails; `failed` counts those; 0 in `left` lets
 * everything pass; `calls` does with calls what `left` does with allocations.
 * SPDX-License-Identifier: MPL-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <microhttpd.h>
#include <pwd.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct shared { _Atomic int64_t left, failed, calls; } * shared;

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);

/* dlsym() allocates while the functions are being looked up; it gets this, which is never freed. */
static _Alignas(16) char early[65536];
static size_t early_used;
static bool looking; /* the program has one thread then */

static void *take_early(size_t n) {
    void *memory = early + early_used;
    n = (n + 15) & ~(size_t)15;
    if (n > sizeof early - early_used)
        return NULL;
    early_used += n;
    return memory;
}

static void look_up(void) {
    looking = true;
    next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    looking = false;
}

static __attribute__((constructor)) void begin(void) {
    const char *file = getenv("FAIL_NTH");
    int fd = file == NULL ? -1 : open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory != MAP_FAILED)
        shared = memory;
}

/* glibc 2.36 frees twice when memory runs out within regcomp(), and ends the program within getpwuid_r(), which libpq
 * asks for a home: they fail as a whole, as one allocation. */
static _Thread_local bool in_glibc;

static bool must_fail(void) {
    if (shared == NULL || in_glibc || atomic_load(&shared->left) <= 0 || atomic_fetch_sub(&shared->left, 1) != 1)
        return false;
    atomic_fetch_add(&shared->failed, 1);
    errno = ENOMEM;
    return true;
}

__attribute__((visibility("default"))) void *malloc(size_t n) {
    if (next_malloc == NULL) {
        if (looking)
            return take_early(n);
        look_up();
    }
    return must_fail() ? NULL : next_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size) {
    if (next_malloc == NULL) {
        if (looking)
            return take_early(n * size); /* zero, since static */
        look_up();
    }
    return must_fail() ? NULL : next_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t n) {
    if (next_malloc == NULL)
        look_up();
    return must_fail() ? NULL : next_realloc(old, n);
}

/* The address sanitizer has these of its own, which would pass by the functions above. */
__attribute__((visibility("default"))) char *strndup(const char *text, size_t most) {
    size_t n = strnlen(text, most);
    char *copy = malloc(n + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

__attribute__((visibility("default"))) char *strdup(const char *text) {
    return strndup(text, SIZE_MAX);
}

__attribute__((visibility("default"))) int regcomp(regex_t *compiled, const char *pattern, int flags) {
    static int (*next_regcomp)(regex_t *, const char *, int);
    if (next_regcomp == NULL)
        next_regcomp = (int (*)(regex_t *, const char *, int))dlsym(RTLD_NEXT, "regcomp");
    if (must_fail())
        return REG_ESPACE;
    in_glibc = true;
    int result = next_regcomp(compiled, pattern, flags);
    in_glibc = false;
    return result;
}

__attribute__((visibility("default"))) int getpwuid_r(uid_t user, struct passwd *entry, char *buffer, size_t n,
                                                      struct passwd **ret_entry) {
    static int (*next_getpwuid_r)(uid_t, struct passwd *, char *, size_t, struct passwd **);
    if (next_getpwuid_r == NULL)
        next_getpwuid_r =
            (int (*)(uid_t, struct passwd *, char *, size_t, struct passwd **))dlsym(RTLD_NEXT, "getpwuid_r");
    if (must_fail()) {
        *ret_entry = NULL;
        return ENOMEM;
    }
    in_glibc = true;
    int result = next_getpwuid_r(user, entry, buffer, n, ret_entry);
    in_glibc = false;
    return result;
}

/* ---- calls into libraries: what they answer when they fail, without the call being made ---- */

static bool must_fail_call(void) {
    if (shared == NULL || atomic_load(&shared->calls) <= 0 || atomic_fetch_sub(&shared->calls, 1) != 1)
        return false;
    atomic_fetch_add(&shared->failed, 1);
    return true;
}

#define FAILING(type, name, parameters, arguments, failure)                                                            \
    __attribute__((visibility("default"))) type name parameters {                                                      \
        static type(*next) parameters;                                                                                 \
        if (next == NULL)                                                                                              \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                                        \
        return must_fail_call() ? (failure) : next arguments;                                                          \
    }

FAILING(PGconn *, PQconnectStartParams, (const char *const *names, const char *const *values, int expand),
        (names, values, expand), NULL)
FAILING(PostgresPollingStatusType, PQconnectPoll, (PGconn * pg), (pg), PGRES_POLLING_FAILED)
FAILING(int, PQenterPipelineMode, (PGconn * pg), (pg), 0)
FAILING(int, PQpipelineSync, (PGconn * pg), (pg), 0)
FAILING(int, PQsetSingleRowMode, (PGconn * pg), (pg), 0)
FAILING(int, PQconsumeInput, (PGconn * pg), (pg), 0)
FAILING(int, PQflush, (PGconn * pg), (pg), -1)
FAILING(int, PQsendPrepare, (PGconn * pg, const char *name, const char *query, int n, const Oid *types),
        (pg, name, query, n, types), 0)
FAILING(int, PQsendQueryParams,
        (PGconn * pg, const char *query, int n, const Oid *types, const char *const *values, const int *lengths,
         const int *formats, int format),
        (pg, query, n, types, values, lengths, formats, format), 0)
FAILING(int, PQsendQueryPrepared,
        (PGconn * pg, const char *name, int n, const char *const *values, const int *lengths, const int *formats,
         int format),
        (pg, name, n, values, lengths, formats, format), 0)
FAILING(int, PQputCopyData, (PGconn * pg, const char *bytes, int n), (pg, bytes, n), -1)
FAILING(int, PQputCopyEnd, (PGconn * pg, const char *reason), (pg, reason), -1)
FAILING(struct MHD_Response *, MHD_create_response_from_callback,
        (uint64_t size, size_t block, MHD_ContentReaderCallback read, void *cls, MHD_ContentReaderFreeCallback release),
        (size, block, read, cls, release), NULL)
FAILING(enum MHD_Result, MHD_queue_response,
        (struct MHD_Connection * connection, unsigned status, struct MHD_Response *response),
        (connection, status, response), MHD_NO)
