/* An open-loop load generator: one GET over and over at a constant rate, whether or not the server keeps up.
 *
 *   pace PORT PATH HEADER RATE CONNECTIONS SECONDS
 *
 * Request i is due i/RATE seconds after the first and its latency is counted from that moment, also while it waits for
 * a free connection or for this program to be given a processor: nothing that a closed-loop generator would leave out
 * (coordinated omission) is left out. SIGTERM ends it early. Requests in flight at the end are waited for.
 *
 * Anything but a 200 with a whole body is a failure, a connection that closes under a request or between two as well;
 * it is opened again. One line of JSON: requests due, answered, failed; milliseconds of latency; `sent_late_p99_ms`:
 * how long after they were due requests were sent.
 * SPDX-License-Identifier: MPL-2.0 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define GIVE_UP_NS      30000000000u /* for what is in flight at the end */

struct connection {
    int fd;
    bool busy;
    uint64_t due_ns;
    size_t received, expected; /* of the answer; expected 0: its head is not there yet */
    char head[4096];
};

static struct {
    struct sockaddr_in to;
    char request[16384];
    size_t request_length;
    int epoll_fd;
    struct connection connections[MAX_CONNECTIONS];
    struct connection *idle[MAX_CONNECTIONS]; /* a ring, so that all take turns */
    size_t n_connections, idle_first, n_idle;
    uint32_t *latency_us, *late_us;
    size_t n_due, n_sent, n_answered, n_failed, size;
} all;
static volatile sig_atomic_t ended;

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void connect_to_server(struct connection *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&all.to, sizeof all.to) != 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        die("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(all.epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
    c->busy = false;
    c->received = c->expected = 0;
}

static void set_idle(struct connection *c) {
    c->busy = false;
    c->received = c->expected = 0;
    all.idle[(all.idle_first + all.n_idle++) % all.n_connections] = c;
}

/* A connection that closed; an idle one stays where it is in the ring. */
static void fail(struct connection *c) {
    bool busy = c->busy;
    all.n_failed++;
    close(c->fd);
    connect_to_server(c);
    if (busy)
        set_idle(c);
}

static uint32_t to_us(uint64_t ns) {
    return ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / 1000);
}

static void send_request(struct connection *c, uint64_t due_ns) {
    if (all.n_sent == all.size) {
        all.size = all.size == 0 ? 1 << 16 : all.size * 2;
        all.latency_us = realloc(all.latency_us, all.size * sizeof *all.latency_us);
        all.late_us = realloc(all.late_us, all.size * sizeof *all.late_us);
        if (all.latency_us == NULL || all.late_us == NULL)
            die("realloc");
    }
    all.late_us[all.n_sent++] = to_us(now_ns() - due_ns);
    c->busy = true;
    c->due_ns = due_ns;
    if (send(c->fd, all.request, all.request_length, MSG_NOSIGNAL) != (ssize_t)all.request_length)
        fail(c);
}

/* The whole length of an answer whose head is there, 0 when it is not, or -1 when it is not a 200 with a length. */
static long length_of(const struct connection *c, size_t have) {
    const char *end = memmem(c->head, have, "\r\n\r\n", 4);
    if (end == NULL)
        return have == sizeof c->head ? -1 : 0;
    const char *field = memmem(c->head, (size_t)(end - c->head), "\r\nContent-Length: ", 18);
    if (field == NULL || memcmp(c->head, "HTTP/1.1 200", 12) != 0)
        return -1;
    return end + 4 - c->head + strtol(field + 18, NULL, 10);
}

static void receive(struct connection *c) {
    static char rest[65536];
    bool in_head = c->expected == 0;
    ssize_t n = in_head ? recv(c->fd, c->head + c->received, sizeof c->head - c->received, MSG_DONTWAIT)
                        : recv(c->fd, rest, sizeof rest, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !c->busy) {
        fail(c);
        return;
    }
    c->received += (size_t)n;
    if (in_head) {
        long length = length_of(c, c->received);
        if (length < 0) {
            fail(c);
            return;
        }
        c->expected = (size_t)length;
    }
    if (c->expected == 0 || c->received < c->expected)
        return;
    if (c->received > c->expected) {
        fail(c);
        return;
    }
    all.latency_us[all.n_answered++] = to_us(now_ns() - c->due_ns);
    set_idle(c);
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(const uint32_t *sorted, size_t n, double q) {
    return n == 0 ? 0 : sorted[(size_t)(q * (double)(n - 1))] / 1000.0;
}

static void run(double rate, double seconds) {
    uint64_t start = now_ns(), stop = start + (uint64_t)(seconds * 1e9), last = 0;
    struct epoll_event events[256];
    for (;;) {
        uint64_t now = now_ns();
        if (last == 0 && (ended || now >= stop))
            last = now;
        if (last == 0)
            all.n_due = (size_t)((double)(now - start) * rate / 1e9) + 1;
        while (all.n_sent < all.n_due && all.n_idle > 0) {
            struct connection *c = all.idle[all.idle_first];
            all.idle_first = (all.idle_first + 1) % all.n_connections;
            all.n_idle--;
            send_request(c, start + (uint64_t)((double)all.n_sent * 1e9 / rate));
        }
        if (last != 0 && ((all.n_sent == all.n_due && all.n_idle == all.n_connections) || now > last + GIVE_UP_NS))
            break;
        uint64_t next = start + (uint64_t)((double)all.n_due * 1e9 / rate);
        uint64_t wait = last != 0 || all.n_idle == 0 ? 10000000 : next > now ? next - now : 0;
        struct timespec timeout = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        int n = epoll_pwait2(all.epoll_fd, events, 256, &timeout, NULL);
        if (n < 0 && errno != EINTR)
            die("epoll_pwait2");
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
    }
    all.n_failed += all.n_due - all.n_sent + all.n_connections - all.n_idle; /* given up */
}

int main(int argc, char **argv) {
    double rate = argc == 7 ? atof(argv[4]) : 0, seconds = argc == 7 ? atof(argv[6]) : 0;
    long n = argc == 7 ? atol(argv[5]) : 0;
    if (rate <= 0 || seconds <= 0 || n < 1 || n > MAX_CONNECTIONS) {
        fputs("pace PORT PATH HEADER RATE CONNECTIONS SECONDS\n", stderr);
        return 2;
    }
    all.to = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length =
        snprintf(all.request, sizeof all.request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", argv[2], argv[3]);
    assert(length > 0 && (size_t)length < sizeof all.request);
    all.request_length = (size_t)length;
    all.n_connections = (size_t)n;
    prctl(PR_SET_TIMERSLACK, 1);
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    if ((all.epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("epoll_create1");
    for (size_t i = 0; i < all.n_connections; i++) {
        connect_to_server(&all.connections[i]);
        set_idle(&all.connections[i]);
    }
    run(rate, seconds);
    qsort(all.latency_us, all.n_answered, sizeof *all.latency_us, compare);
    qsort(all.late_us, all.n_sent, sizeof *all.late_us, compare);
    printf(
        "{\"due\": %zu, \"answered\": %zu, \"failed\": %zu, \"median_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, "
        "\"max_ms\": %.3f, \"sent_late_p99_ms\": %.3f}\n",
        all.n_due, all.n_answered, all.n_failed, quantile_ms(all.latency_us, all.n_answered, 0.5),
        quantile_ms(all.latency_us, all.n_answered, 0.9), quantile_ms(all.latency_us, all.n_answered, 0.99),
        quantile_ms(all.latency_us, all.n_answered, 1), quantile_ms(all.late_us, all.n_sent, 0.99));
    return 0;
}
