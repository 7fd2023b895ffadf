/* Metrics: counted by loop, added up when read, in a form that Prometheus takes.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(struct metrics *const *all, size_t n) {
    struct buffer out = {0};
    metrics_write(&out, all, n);
    buffer_char(&out, '\0');
    ck_assert(!out.failed);
    return out.bytes;
}

static void count_request(struct metrics *m, const struct operation *op, int status, uint64_t us) {
    struct request r = {.magic = REQUEST_MAGIC, .op = op, .status = status, .started_us = clock_us() - us};
    metrics_request(m, &r);
}

static void expect(const char *text, const char *line) {
    const char *at = strstr(text, line);
    ck_assert_msg(at != NULL && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n', "missing: %s in\n%s", line,
                  text);
}

START_TEST(loops_are_added_up) {
    struct metrics *all[2] = {metrics_create(), metrics_create()};
    count_request(all[0], &operations[0], 200, 0);
    count_request(all[0], &operations[0], 201, 0);
    count_request(all[1], &operations[0], 204, 0);
    count_request(all[1], &operations[0], 404, 0);
    count_request(all[1], &operations[n_operations - 1], 503, 0);
    count_request(all[1], NULL, 404, 0);
    count_request(all[1], NULL, 0, 0);
    all[0]->connections = 3;
    all[1]->connections = 4;
    all[0]->token_hits = 5;
    all[1]->db_retries = 1;
    all[0]->in_flight = 2;
    all[1]->in_flight = -1; /* begun on one, ended on the other: only the sum counts */
    all[1]->db_in_flight[LANE_HEAVY] = 7;
    all[0]->streams = 1;

    char *text = text_of(all, 2), line[200];
    expect(text, "medkoord_requests_total{status=\"2xx\"} 3");
    expect(text, "medkoord_requests_total{status=\"4xx\"} 2");
    expect(text, "medkoord_requests_total{status=\"5xx\"} 1");
    expect(text, "medkoord_requests_total{status=\"none\"} 1");
    snprintf(line, sizeof line, "medkoord_operation_requests_total{operation=\"%s\",status=\"2xx\"} 3",
             operations[0].id);
    expect(text, line);
    snprintf(line, sizeof line, "medkoord_operation_requests_total{operation=\"%s\",status=\"4xx\"} 1",
             operations[0].id);
    expect(text, line);
    snprintf(line, sizeof line, "medkoord_operation_requests_total{operation=\"%s\",status=\"5xx\"} 1",
             operations[n_operations - 1].id);
    expect(text, line);
    expect(text, "medkoord_connections_total 7");
    expect(text, "medkoord_token_cache_hits_total 5");
    expect(text, "medkoord_database_retries_total 1");
    expect(text, "medkoord_requests_in_flight 1");
    expect(text, "medkoord_database_in_flight{lane=\"heavy\"} 7");
    expect(text, "medkoord_streams_in_flight 1");
    expect(text, "medkoord_loops 2");
    free(text);

    text = text_of(all, 1);
    expect(text, "medkoord_requests_total{status=\"2xx\"} 2");
    expect(text, "medkoord_connections_total 3");
    free(text);
    metrics_destroy(all[0]);
    metrics_destroy(all[1]);
    metrics_destroy(NULL);
}
END_TEST

START_TEST(time_is_in_seconds) {
    struct metrics *m = metrics_create();
    char name[128];
    count_request(m, &operations[0], 200, 1500000);
    count_request(m, &operations[0], 200, 500000);
    char *text = text_of(&m, 1);
    snprintf(name, sizeof name, "medkoord_operation_seconds_total{operation=\"%s\"} ", operations[0].id);
    char *at = strstr(text, name);
    ck_assert_ptr_nonnull(at);
    double seconds = strtod(at + strlen(name), NULL);
    ck_assert_double_ge(seconds, 2.0);
    ck_assert_double_lt(seconds, 3.0);
    free(text);
    metrics_destroy(m);
}
END_TEST

/* Every line is a comment or a sample of a metric that was described before, once, with a type. */
START_TEST(the_form_is_right) {
    struct metrics *m = metrics_create();
    for (int status = 0; status < 700; status += 50)
        count_request(m, status % 100 == 0 ? &operations[0] : NULL, status, 10);
    char *text = text_of(&m, 1), *rest, *line, current[128] = "", described[8192] = "";
    regex_t sample;
    regcomp(&sample, "^medkoord_[a-z_]+(\\{[a-z]+=\"[^\"\\\\]*\"(,[a-z]+=\"[^\"\\\\]*\")*\\})? -?[0-9]+(\\.[0-9]+)?$",
            REG_EXTENDED | REG_NOSUB);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    size_t samples = 0;
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char type[16], kept[130];
        if (sscanf(line, "# TYPE %127s %15s", current, type) == 2) {
            ck_assert(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0);
            ck_assert_int_eq(strcmp(type, "counter") == 0,
                             strlen(current) > 6 && strcmp(current + strlen(current) - 6, "_total") == 0);
            snprintf(kept, sizeof kept, " %s ", current);
            ck_assert_msg(strstr(described, kept) == NULL, "described twice: %s", current);
            strcat(described, kept);
        } else if (strncmp(line, "# HELP ", 7) != 0) {
            ck_assert_msg(regexec(&sample, line, 0, NULL, 0) == 0, "%s", line);
            ck_assert_msg(strncmp(line, current, strlen(current)) == 0 && strchr("{ ", line[strlen(current)]) != NULL,
                          "%s under %s", line, current);
            samples++;
        }
    }
    ck_assert_uint_gt(samples, 20);
    regfree(&sample);
    free(text);
    metrics_destroy(m);
}
END_TEST

static void *count_many(void *m) {
    for (int i = 0; i < 20000; i++)
        count_request(m, &operations[0], 200, 1);
    return NULL;
}

START_TEST(nothing_is_lost_between_threads) {
    struct metrics *m = metrics_create();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, count_many, m);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    char *text = text_of(&m, 1);
    expect(text, "medkoord_requests_total{status=\"2xx\"} 40000");
    free(text);
    metrics_destroy(m);
}
END_TEST

int main(void) {
    TCase *c = tcase_create("metrics");
    tcase_add_test(c, loops_are_added_up);
    tcase_add_test(c, time_is_in_seconds);
    tcase_add_test(c, the_form_is_right);
    tcase_add_test(c, nothing_is_lost_between_threads);
    return run_suite("metrics", c);
}
