/* One core: an epoll loop that owns its HTTP daemon, its database connections and its memory.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_EVENTS          256
#define REAP_EVERY_US       500000u
#define DRAIN_EVERY_US      10000u
#define TOKEN_CACHE_ENTRIES 4096u

/* ---- watches ---- */

bool loop_watch(struct loop *loop, struct watch *w, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = w};
    bool known = w->next != NULL || w->previous != NULL || loop->watches == w;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &e) != 0 &&
        (errno != ENOENT || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, w->fd, &e) != 0))
        return false;
    if (!known) {
        w->next = loop->watches;
        w->previous = NULL;
        if (loop->watches != NULL)
            loop->watches->previous = w;
        loop->watches = w;
    }
    return true;
}

void loop_unwatch(struct loop *loop, struct watch *w) {
    if (w->fd >= 0)
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL); /* a closed socket is gone already */
    for (int i = 0; i < loop->n_events; i++)
        if (loop->events[i].data.ptr == w)
            loop->events[i].data.ptr = NULL;
    if (w->previous != NULL)
        w->previous->next = w->next;
    else if (loop->watches == w)
        loop->watches = w->next;
    if (w->next != NULL)
        w->next->previous = w->previous;
    w->next = w->previous = NULL;
}

/* ---- later ---- */

void later_queue(struct loop *loop, struct later *l, uint64_t at_us) {
    assert(!l->queued);
    struct later **p = &loop->later;
    while (*p != NULL)
        p = &(*p)->next;
    *p = l;
    l->next = NULL;
    l->queued = true;
    l->at_us = at_us != 0 ? at_us : clock_us();
}

static void strike_out(struct later **p, struct later *l) {
    while (*p != l)
        p = &(*p)->next;
    *p = l->next;
    l->queued = false;
}

void later_cancel(struct loop *loop, struct later *l) {
    if (l->queued)
        strike_out(&loop->later, l);
}

/* What is queued from now on is for the next turn: only the present ones that are due are run, each looked up anew, as
 * running one may cancel others. */
static void run_later(struct loop *loop) {
    uint64_t now = clock_us();
    size_t n = 0;
    for (const struct later *l = loop->later; l != NULL; l = l->next)
        n++;
    for (; n > 0; n--) {
        struct later *l = loop->later;
        while (l != NULL && l->at_us > now)
            l = l->next;
        if (l == NULL)
            break;
        strike_out(&loop->later, l);
        l->run(l->state);
    }
}

/* ---- the turn ---- */

static void drain_wake(struct watch *w, uint32_t events) {
    (void)events;
    uint64_t n;
    while (read(w->fd, &n, sizeof n) > 0)
        ;
}

static void http_is_ready(struct watch *w, uint32_t events) {
    (void)w, (void)events; /* http_run() is called every turn; this only ends the wait */
}

static void expire_watches(struct loop *loop) {
    for (struct watch *w = loop->watches, *next; w != NULL; w = next) {
        next = w->next;
        if (w->deadline_us != 0 && w->deadline_us <= loop->now_us && w->expired != NULL) {
            w->deadline_us = 0;
            w->expired(w);
            next = loop->watches; /* expired() may have removed any watch: begin again, each deadline fires once */
        }
    }
}

static int wait_ms(const struct loop *loop, uint64_t reap_at_us) {
    uint64_t until = reap_at_us;
    for (const struct watch *w = loop->watches; w != NULL; w = w->next)
        if (w->deadline_us != 0 && w->deadline_us < until)
            until = w->deadline_us;
    for (const struct later *l = loop->later; l != NULL; l = l->next)
        if (l->at_us < until)
            until = l->at_us;
    uint64_t now = clock_us();
    long ms = until <= now ? 0 : (long)((until - now + 999) / 1000);
    long limits[] = {http_timeout_ms(loop->http), db_timeout_ms(loop->db, now)};
    for (size_t i = 0; i < 2; i++)
        if (limits[i] >= 0 && limits[i] < ms)
            ms = limits[i];
    return (int)ms;
}

static void take_new_keys(struct loop *loop) {
    struct shared *shared = loop->shared;
    if (atomic_load(&shared->keys) == loop->keys)
        return;
    auth_keys_unref(loop->keys);
    pthread_mutex_lock(&shared->keys_lock); /* so that the new set is not let go between reading and counting it */
    loop->keys = auth_keys_ref(atomic_load(&shared->keys));
    pthread_mutex_unlock(&shared->keys_lock);
}

void *loop_run(void *argument) {
    struct loop *loop = argument;
    struct epoll_event events[MAX_EVENTS];
    struct watch http = {.fd = http_epoll_fd(loop->http), .ready = http_is_ready};
    uint64_t reap_at_us = 0, stop_at_us = 0;
    loop->events = events;
    loop_watch(loop, &http, EPOLLIN);
    loop_watch(loop, &loop->wake, EPOLLIN);
    for (;;) {
        int n = epoll_wait(loop->epoll_fd, events, MAX_EVENTS, wait_ms(loop, reap_at_us));
        loop->now_us = clock_us();
        loop->n_events = n < 0 ? 0 : n;
        for (int i = 0; i < loop->n_events; i++) {
            struct watch *w = events[i].data.ptr;
            if (w != NULL)
                w->ready(w, events[i].events);
        }
        loop->n_events = 0;
        take_new_keys(loop);
        expire_watches(loop);
        run_later(loop);
        http_run(loop->http); /* answers what was woken, reads what came */
        db_turn(loop->db);    /* sends what was queued while reading */
        log_flush();
        atomic_store(&loop->ready, db_is_ready(loop->db));
        if (loop->now_us >= reap_at_us) {
            http_reap(loop->http, loop->now_us);
            reap_at_us = loop->now_us + REAP_EVERY_US;
        }
        if (atomic_load(&loop->shared->stopping)) {
            if (!loop->draining) {
                http_quiesce(loop->http);
                loop->draining = true;
                stop_at_us = loop->now_us + (uint64_t)loop->shared->conf->stop_deadline_ms * 1000u;
            }
            if (http_is_drained(loop->http) || loop->now_us >= stop_at_us)
                break;
            reap_at_us = loop->now_us + DRAIN_EVERY_US;
        }
    }
    loop_unwatch(loop, &http);
    db_destroy(loop->db); /* ends what waits for it with a problem, so that nothing is suspended below */
    loop->db = NULL;
    http_destroy(loop->http);
    db_streams_destroy(loop);
    log_flush();
    loop_unwatch(loop, &loop->wake);
    return NULL;
}

/* ---- making and ending one ---- */

struct loop *loop_create(struct shared *shared, int index, int listen_fd) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->index = index;
    loop->shared = shared;
    loop->now_us = clock_us();
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->wake = (struct watch){.fd = loop->wake_fd, .ready = drain_wake};
    loop->metrics = metrics_create();
    loop->cache = auth_cache_create(TOKEN_CACHE_ENTRIES);
    loop->keys = auth_keys_ref(atomic_load(&shared->keys));
    loop->db = db_create(loop, shared->conf);
    loop->http = http_create(loop, shared->conf, listen_fd);
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 || loop->metrics == NULL || loop->cache == NULL || loop->db == NULL ||
        loop->http == NULL)
        return NULL; /* the program ends: nothing is worth freeing */
    return loop;
}

void loop_destroy(struct loop *loop) {
    assert(loop->later == NULL);
    auth_cache_destroy(loop->cache);
    auth_keys_unref(loop->keys);
    metrics_destroy(loop->metrics);
    close(loop->epoll_fd);
    close(loop->wake_fd);
    free(loop);
}
