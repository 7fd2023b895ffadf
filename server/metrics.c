/* Counters of each loop, added up when they are read, as Prometheus text.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <stdlib.h>

#define CLASSES 6u /* 1xx to 5xx by number; 0: ended without an answer */

static const char *const class_names[CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

/* Every loop writes its own counters only, so relaxed operations never wait for another core. */
static void count(_Atomic uint64_t *counter, uint64_t n) {
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

struct metrics *metrics_create(void) {
    struct metrics *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->by_operation = calloc(n_operations * CLASSES, sizeof *m->by_operation);
    m->seconds_us = calloc(n_operations, sizeof *m->seconds_us);
    if (m->by_operation == NULL || m->seconds_us == NULL) {
        metrics_destroy(m);
        return NULL;
    }
    return m;
}

void metrics_destroy(struct metrics *m) {
    if (m == NULL)
        return;
    free((void *)m->by_operation);
    free((void *)m->seconds_us);
    free(m);
}

void metrics_request(struct metrics *m, const struct request *r) {
    size_t class = r->status >= 100 && r->status < 600 ? (size_t)r->status / 100 : 0;
    count(&m->requests[class], 1);
    if (r->op == NULL)
        return;
    size_t operation = (size_t)(r->op - operations);
    count(&m->by_operation[operation * CLASSES + class], 1);
    count(&m->seconds_us[operation], clock_us() - r->started_us);
}

static uint64_t read_counter(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void describe(struct buffer *out, const char *name, const char *type, const char *help) {
    buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The fields that are one number each. */
static const struct {
    const char *name, *help;
    size_t offset;
} counters[] = {
#define COUNTER(field, name, help)                                                                                     \
    { "medkoord_" name "_total", help, offsetof(struct metrics, field) }
    COUNTER(connections, "connections", "Client connections accepted."),
    COUNTER(reaped, "connections_reaped", "Connections cut because their request did not arrive in time."),
    COUNTER(db_batches, "database_batches", "Groups of statements sent with one synchronisation."),
    COUNTER(db_retries, "database_retries", "Transactions run again after a serialisation failure or deadlock."),
    COUNTER(db_reconnects, "database_reconnects", "Database connections opened again after they were lost."),
    COUNTER(db_deadline, "database_deadlines", "Requests ended because the database took too long."),
    COUNTER(db_queue_full, "database_queue_full", "Requests refused because too many were waiting for the database."),
    COUNTER(token_hits, "token_cache_hits", "Tokens found in the cache of verified tokens."),
    COUNTER(token_misses, "token_cache_misses", "Tokens verified because the cache did not have them."),
    COUNTER(token_refused, "tokens_refused", "Tokens refused."),
#undef COUNTER
};

static void write_counters(struct buffer *out, struct metrics *const *all, size_t n) {
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        uint64_t sum = 0;
        for (size_t loop = 0; loop < n; loop++)
            sum += read_counter((const _Atomic uint64_t *)((const char *)all[loop] + counters[i].offset));
        describe(out, counters[i].name, "counter", counters[i].help);
        buffer_format(out, "%s %llu\n", counters[i].name, (unsigned long long)sum);
    }
}

static void write_gauges(struct buffer *out, struct metrics *const *all, size_t n) {
    static const char *const lanes[N_LANES] = {"fast", "heavy", "write"};
    int64_t in_flight = 0, streams = 0, lane_sums[N_LANES] = {0};
    for (size_t loop = 0; loop < n; loop++) {
        in_flight += atomic_load_explicit(&all[loop]->in_flight, memory_order_relaxed);
        streams += atomic_load_explicit(&all[loop]->streams, memory_order_relaxed);
        for (size_t lane = 0; lane < N_LANES; lane++)
            lane_sums[lane] += atomic_load_explicit(&all[loop]->db_in_flight[lane], memory_order_relaxed);
    }
    describe(out, "medkoord_requests_in_flight", "gauge", "Requests being worked on.");
    buffer_format(out, "medkoord_requests_in_flight %lld\n", (long long)in_flight);
    describe(out, "medkoord_streams_in_flight", "gauge", "Uploads and exports being worked on.");
    buffer_format(out, "medkoord_streams_in_flight %lld\n", (long long)streams);
    describe(out, "medkoord_database_in_flight", "gauge", "Requests waiting for the database.");
    for (size_t lane = 0; lane < N_LANES; lane++)
        buffer_format(out, "medkoord_database_in_flight{lane=\"%s\"} %lld\n", lanes[lane], (long long)lane_sums[lane]);
    describe(out, "medkoord_loops", "gauge", "Event loops.");
    buffer_format(out, "medkoord_loops %zu\n", n);
}

static void write_operations(struct buffer *out, struct metrics *const *all, size_t n) {
    describe(out, "medkoord_operation_requests_total", "counter", "Requests by operation and class of status.");
    for (size_t i = 0; i < n_operations * CLASSES; i++) {
        uint64_t sum = 0;
        for (size_t loop = 0; loop < n; loop++)
            sum += read_counter(&all[loop]->by_operation[i]);
        if (sum > 0)
            buffer_format(out, "medkoord_operation_requests_total{operation=\"%s\",status=\"%s\"} %llu\n",
                          operations[i / CLASSES].id, class_names[i % CLASSES], (unsigned long long)sum);
    }
    describe(out, "medkoord_operation_seconds_total", "counter", "Time spent on requests by operation.");
    for (size_t i = 0; i < n_operations; i++) {
        uint64_t sum = 0;
        for (size_t loop = 0; loop < n; loop++)
            sum += read_counter(&all[loop]->seconds_us[i]);
        if (sum > 0)
            buffer_format(out, "medkoord_operation_seconds_total{operation=\"%s\"} %llu.%06llu\n", operations[i].id,
                          (unsigned long long)(sum / 1000000), (unsigned long long)(sum % 1000000));
    }
}

void metrics_write(struct buffer *out, struct metrics *const *all, size_t n) {
    describe(out, "medkoord_requests_total", "counter", "Requests by class of status.");
    for (size_t class = 0; class < CLASSES; class ++) {
        uint64_t sum = 0;
        for (size_t loop = 0; loop < n; loop++)
            sum += read_counter(&all[loop]->requests[class]);
        buffer_format(out, "medkoord_requests_total{status=\"%s\"} %llu\n", class_names[class],
                      (unsigned long long)sum);
    }
    write_operations(out, all, n);
    write_counters(out, all, n);
    write_gauges(out, all, n);
    describe(out, "medkoord_build_info", "gauge", "The version, as a label.");
    buffer_format(out, "medkoord_build_info{version=\"%s\"} 1\n", MEDKOORD_VERSION);
}
