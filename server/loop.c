/* One core: an epoll loop that owns its HTTP daemon, its database connections and its memory; and the program around
 * the loops: listening, signals, keys, stopping.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
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
    uint64_t now = clock_us();
    long ms = until <= now ? 0 : (long)((until - now + 999) / 1000);
    long limits[] = {http_timeout_ms(loop->http), db_timeout_ms(loop->db, now)};
    for (size_t i = 0; i < 2; i++)
        if (limits[i] >= 0 && limits[i] < ms)
            ms = limits[i];
    return (int)ms;
}

/* ---- the turn ---- */

static void take_new_keys(struct loop *loop) {
    struct shared *shared = loop->shared;
    if (atomic_load(&shared->keys) == loop->keys)
        return;
    auth_keys_unref(loop->keys);
    pthread_mutex_lock(&shared->keys_lock); /* so that the new set is not let go between reading and counting it */
    loop->keys = auth_keys_ref(atomic_load(&shared->keys));
    pthread_mutex_unlock(&shared->keys_lock);
}

static void *run_loop(void *argument) {
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

/* ---- listening ---- */

static int listen_on(const char *address, long port, bool shared_port) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
    bool is_four = !is_six && inet_pton(AF_INET, address, &four.sin_addr) == 1;
    assert(is_six || is_four); /* conf.c has looked */
    (void)is_four;
    int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared_port)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four, is_six ? sizeof six : sizeof four) != 0 ||
        listen(fd, 1024) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static long port_of(int fd) {
    struct sockaddr_storage s;
    socklen_t n = sizeof s;
    if (getsockname(fd, (struct sockaddr *)&s, &n) != 0)
        return 0;
    return ntohs(s.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&s)->sin6_port
                                         : ((struct sockaddr_in *)&s)->sin_port);
}

/* Opens one listener a loop. A first socket without SO_REUSEPORT finds out whether somebody else has the port: with it,
 * a second server of the same user would silently take half of the connections. */
static bool open_listeners(const struct conf *conf, int *fds, size_t n, long *ret_port) {
    int probe = listen_on(conf->listen_address, conf->port, false);
    if (probe < 0) {
        fprintf(stderr,
                errno == EADDRINUSE ? "medkoordd: port %ld on %s is taken: stop what uses it, or set MEDKOORD_PORT\n"
                                    : "medkoordd: cannot listen on port %ld of %s: %m\n",
                conf->port, conf->listen_address);
        return false;
    }
    long port = port_of(probe);
    close(probe);
    for (size_t i = 0; i < n; i++) {
        fds[i] = listen_on(conf->listen_address, port, true);
        if (fds[i] < 0) {
            fprintf(stderr, "medkoordd: cannot listen on port %ld of %s: %m\n", port, conf->listen_address);
            while (i-- > 0)
                close(fds[i]);
            return false;
        }
    }
    *ret_port = port;
    return true;
}

static bool write_port_file(const char *path, long port) {
    FILE *f = fopen(path, "we");
    if (f == NULL || fprintf(f, "%ld\n", port) < 0 || fclose(f) != 0) {
        fprintf(stderr, "medkoordd: cannot write port_file %s: %m\n", path);
        return false;
    }
    return true;
}

/* ---- the program ---- */

static bool load_keys(struct shared *shared) {
    char error[256];
    struct auth_keys *keys = auth_keys_load(shared->conf->jwks, error, sizeof error);
    if (keys == NULL) {
        log_line(LOG_ERROR, "keys not loaded", "from", shared->conf->jwks, "reason", error, NULL);
        return false;
    }
    char count[24];
    snprintf(count, sizeof count, "%zu", auth_keys_count(keys));
    pthread_mutex_lock(&shared->keys_lock);
    struct auth_keys *old = atomic_exchange(&shared->keys, keys);
    pthread_mutex_unlock(&shared->keys_lock);
    auth_keys_unref(old); /* loops that still verify with it hold references of their own */
    for (size_t i = 0; i < shared->n_loops; i++)
        eventfd_write(shared->loops[i]->wake_fd, 1);
    log_line(LOG_INFO, "keys loaded", "from", shared->conf->jwks, "keys", count, NULL);
    return true;
}

static struct loop *create_loop(struct shared *shared, int index, int listen_fd) {
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

static void destroy_loop(struct loop *loop) {
    auth_cache_destroy(loop->cache);
    auth_keys_unref(loop->keys);
    metrics_destroy(loop->metrics);
    close(loop->epoll_fd);
    close(loop->wake_fd);
    free(loop);
}

static void wait_for_signals(struct shared *shared, const sigset_t *signals) {
    for (;;) {
        struct timespec refresh = {.tv_sec = shared->conf->jwks_refresh_s};
        int signal = sigtimedwait(signals, NULL, &refresh);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP || (signal < 0 && errno == EAGAIN))
            load_keys(shared); /* when it fails the old keys stay, and the log says so */
    }
}

int serve_command(const struct conf *conf) {
    size_t n = conf->loops > 0 ? (size_t)conf->loops : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    struct shared shared = {
        .conf = conf,
        .keys_lock = PTHREAD_MUTEX_INITIALIZER,
        .rules = {.issuer = conf->issuer, .audience = conf->audience, .leeway_s = conf->token_leeway_s}};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread: all inherit it */
    signal(SIGPIPE, SIG_IGN);
    json_object_seed(0);
    route_init();
    if (!schema_init()) {
        log_line(LOG_ERROR, "cannot start", "reason", "no locale C.UTF-8, or out of memory", NULL);
        return 1;
    }
    if (!load_keys(&shared))
        return 1;
    int *fds = calloc(n, sizeof *fds);
    shared.loops = calloc(n, sizeof *shared.loops);
    shared.metrics = calloc(n, sizeof *shared.metrics);
    long port;
    if (fds == NULL || shared.loops == NULL || shared.metrics == NULL) {
        log_line(LOG_ERROR, "cannot start", "reason", "out of memory", NULL);
        return 1;
    }
    if (!open_listeners(conf, fds, n, &port))
        return 1;
    for (size_t i = 0; i < n; i++) {
        shared.loops[i] = create_loop(&shared, (int)i, fds[i]);
        if (shared.loops[i] == NULL) {
            log_line(LOG_ERROR, "cannot start", "reason", "out of memory or file descriptors", NULL);
            return 1;
        }
        shared.metrics[i] = shared.loops[i]->metrics;
    }
    shared.n_loops = n;
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&shared.loops[i]->thread, NULL, run_loop, shared.loops[i]) != 0) {
            log_line(LOG_ERROR, "cannot start", "reason", "no thread", NULL);
            _exit(1); /* loops that run already use what is on this stack */
        }
    char port_text[24];
    snprintf(port_text, sizeof port_text, "%ld", port);
    bool good = conf->port_file == NULL || write_port_file(conf->port_file, port);
    if (good) {
        log_line(LOG_INFO, "serving", "version", MEDKOORD_VERSION, "address", conf->listen_address, "port", port_text,
                 NULL);
        wait_for_signals(&shared, &signals);
    }
    log_line(LOG_INFO, "stopping", NULL);
    atomic_store(&shared.stopping, true);
    for (size_t i = 0; i < n; i++)
        eventfd_write(shared.loops[i]->wake_fd, 1);
    for (size_t i = 0; i < n; i++) {
        pthread_join(shared.loops[i]->thread, NULL);
        destroy_loop(shared.loops[i]);
    }
    auth_keys_unref(atomic_load(&shared.keys));
    free(shared.loops);
    free(shared.metrics);
    free(fds);
    log_line(LOG_INFO, "stopped", NULL);
    return good ? 0 : 1;
}
