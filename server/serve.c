/* medkoordd serve: listening, keys, signals, and the loops, one a core.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* ---- keys ---- */

static void wake_loops(const struct shared *shared) {
    for (size_t i = 0; i < shared->n_loops; i++)
        eventfd_write(shared->loops[i]->wake_fd, 1);
}

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
    wake_loops(shared);
    log_line(LOG_INFO, "keys loaded", "from", shared->conf->jwks, "keys", count, NULL);
    return true;
}

/* ---- the program ---- */

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

static int cannot_start(const char *reason) {
    log_line(LOG_ERROR, "cannot start", "reason", reason, NULL);
    return 1;
}

static bool make_loops(struct shared *shared, const int *fds, size_t n) {
    for (size_t i = 0; i < n; i++) {
        shared->loops[i] = loop_create(shared, (int)i, fds[i]);
        if (shared->loops[i] == NULL)
            return false;
        shared->metrics[i] = shared->loops[i]->metrics;
    }
    shared->n_loops = n;
    return true;
}

static void start_loops(struct shared *shared) {
    for (size_t i = 0; i < shared->n_loops; i++)
        if (pthread_create(&shared->loops[i]->thread, NULL, loop_run, shared->loops[i]) != 0) {
            cannot_start("no thread");
            _exit(1); /* loops that run already use what is on the stack of serve_command() */
        }
}

static void stop_loops(struct shared *shared) {
    atomic_store(&shared->stopping, true);
    wake_loops(shared);
    for (size_t i = 0; i < shared->n_loops; i++) {
        pthread_join(shared->loops[i]->thread, NULL);
        loop_destroy(shared->loops[i]);
    }
}

static void prepare_signals(sigset_t *ret) {
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret, NULL); /* before any thread: all inherit it */
    signal(SIGPIPE, SIG_IGN);
}

int serve_command(const struct conf *conf) {
    size_t n = conf->loops > 0 ? (size_t)conf->loops : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    struct shared shared = {
        .conf = conf,
        .keys_lock = PTHREAD_MUTEX_INITIALIZER,
        .rules = {.issuer = conf->issuer, .audience = conf->audience, .leeway_s = conf->token_leeway_s}};
    sigset_t signals;
    prepare_signals(&signals);
    route_init();
    if (!schema_init())
        return cannot_start("no locale C.UTF-8, or out of memory");
    if (!load_keys(&shared))
        return 1;
    int *fds = calloc(n, sizeof *fds);
    shared.loops = calloc(n, sizeof *shared.loops);
    shared.metrics = calloc(n, sizeof *shared.metrics);
    long port;
    if (fds == NULL || shared.loops == NULL || shared.metrics == NULL)
        return cannot_start("out of memory");
    if (!open_listeners(conf, fds, n, &port))
        return 1;
    if (!make_loops(&shared, fds, n))
        return cannot_start("out of memory or file descriptors");
    start_loops(&shared);
    char port_text[24];
    snprintf(port_text, sizeof port_text, "%ld", port);
    bool good = conf->port_file == NULL || write_port_file(conf->port_file, port);
    if (good) {
        log_line(LOG_INFO, "serving", "version", MEDKOORD_VERSION, "address", conf->listen_address, "port", port_text,
                 NULL);
        wait_for_signals(&shared, &signals);
    }
    log_line(LOG_INFO, "stopping", NULL);
    stop_loops(&shared);
    auth_keys_unref(atomic_load(&shared.keys));
    free(shared.loops);
    free(shared.metrics);
    free(fds);
    log_line(LOG_INFO, "stopped", NULL);
    return good ? 0 : 1;
}
