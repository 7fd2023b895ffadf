/* Tests of bodies of any size, in both directions, against a server that misbehaves (misbehaving.py).
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "internal.h"
#include "misbehaving.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct misbehaving server;

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a source and a sink that tests steer ---- */

struct stream {
    size_t n, at;
    size_t fails_at; /* 0: never */
    int rewinds;
    int64_t told, total;
    size_t stops_at;          /* the progress callback; 0: never */
    int calls, stops_at_call; /* of it, too */
    size_t taken;             /* by the sink */
};

static long give(void *user, void *to, size_t n) {
    struct stream *s = user;
    if (s->fails_at > 0 && s->at >= s->fails_at)
        return -1;
    if (n > s->n - s->at)
        n = s->n - s->at;
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = (char)('a' + (s->at + i) * 7919 % 23);
    s->at += n;
    return (long)n;
}

static int back(void *user) {
    struct stream *s = user;
    s->at = 0;
    s->rewinds++;
    return 0;
}

static int progress(void *user, int64_t sent, int64_t total) {
    struct stream *s = user;
    s->told = sent;
    s->total = total;
    return (s->stops_at > 0 && (size_t)sent >= s->stops_at) || ++s->calls == s->stops_at_call;
}

static int take(void *user, const void *bytes, size_t n) {
    struct stream *s = user;
    (void)bytes;
    s->taken += n;
    return s->fails_at > 0 && s->taken >= s->fails_at;
}

struct upload {
    const char *path;
    bool gzip, digest, length, no_rewind, unsafe;
    int64_t idle_timeout_ms;
    int retries;
    size_t (*get_token)(void *, const char *, char *, size_t);
};

static int send(struct upload u, struct stream *s, json_t **ret_said, mk_error *error) {
    mk_client *client = client_of(server.http, (mk_client_options){.retries = u.retries,
                                                                   .idle_timeout_ms = u.idle_timeout_ms,
                                                                   .timeout_ms = 1, /* is not for streams */
                                                                   .get_token = u.get_token});
    const mk_source source = {.size = sizeof source,
                              .read = give,
                              .rewind = u.no_rewind ? NULL : back,
                              .user = s,
                              .length = u.length ? (int64_t)s->n : 0};
    const struct mk_exchange x = {.method = "PUT",
                                  .path = u.path,
                                  .source = &source,
                                  .gzip = u.gzip,
                                  .digest = u.digest,
                                  .progress = progress,
                                  .progress_user = s,
                                  .safe = !u.unsafe};
    mk_response *response = NULL;
    int code = mk_exchange_run(client, &x, &response, error);
    if (code == MK_OK)
        *ret_said = json_loads(mk_response_body(response, NULL), 0, NULL);
    ck_assert_int_eq(response != NULL, code == MK_OK);
    mk_response_free(response);
    mk_client_destroy(client);
    return code;
}

static int64_t said(json_t *all, const char *name) {
    json_t *value = json_object_get(all, name);
    return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

static const struct upload uploads[] = {
    {"/v1/upload?u=0", false, false, true, false, false, 0, 0, NULL},
    {"/v1/upload?u=1", false, false, false, false, false, 0, 0, NULL}, /* in chunks */
    {"/v1/upload?u=2", true, false, true, false, false, 0, 0, NULL},
    {"/v1/upload?u=3", true, true, true, false, false, 0, 0, NULL},
    {"/v1/upload?u=4", false, true, true, false, false, 0, 0, NULL},
    {"/v1/upload?u=5", true, true, false, true, false, 0, 0, NULL}, /* cannot be read twice: no digest */
    {"/v1/upload?u=6&stop_after=1000", true, true, true, false, false, 0, 3, NULL},
    {"/v1/upload?u=7&stop_after=100000&times=3", false, false, true, false, false, 0, 3, NULL},
    {"/v1/upload?u=8&stop_after=1&times=2", false, false, false, false, false, 0, 3, NULL},
};

START_TEST(uploads_arrive_whole) {
    static const size_t sizes[] = {0, 1, 5000000};
    for (size_t i = 0; i < 3; i++) {
        bool cut = strstr(uploads[_i].path, "stop_after") != NULL;
        if (cut && i < 2)
            continue;
        struct stream s = {.n = sizes[i]};
        mk_error error = MK_ERROR_INIT;
        json_t *all = NULL;
        int code = send(uploads[_i], &s, &all, &error);
        ck_assert_msg(code == MK_OK, "%s of %zu: %s", uploads[_i].path, s.n, error.message);
        ck_assert_int_eq(said(all, "n"), (int64_t)s.n);
        ck_assert_int_eq(said(all, "good"), 1);
        ck_assert_int_eq(said(all, "digest"), uploads[_i].digest && !uploads[_i].no_rewind);
        ck_assert(!uploads[_i].gzip || s.n < 1000 || said(all, "n_sent") < (int64_t)s.n / 2);
        const json_t *headers = json_object_get(all, "headers");
        ck_assert_str_eq(json_string_value(json_object_get(headers, "content-type")), "text/csv");
        ck_assert_pstr_eq(json_string_value(json_object_get(headers, "content-encoding")),
                          uploads[_i].gzip ? "gzip" : NULL);
        bool chunked = json_object_get(headers, "transfer-encoding") != NULL;
        bool known =
            (uploads[_i].digest && !uploads[_i].no_rewind) || (uploads[_i].length && !uploads[_i].gzip && s.n > 0);
        ck_assert_int_eq(chunked, !known);
        ck_assert_int_eq(s.told, (int64_t)s.n); /* the last that the progress callback heard */
        ck_assert_int_eq(s.total, uploads[_i].length ? (int64_t)s.n : 0);
        if (cut)
            ck_assert_int_ge(said(all, "nth"), 2);
        json_decref(all);
        mk_error_clear(&error);
    }
}
END_TEST

static const struct {
    struct upload upload;
    struct stream stream;
    int code, sent; /* how often the server saw it; -1: whatever */
} broken[] = {
    {{"/v1/upload?b=0&stop_after=9999", .length = true, .no_rewind = true, .retries = 3},
     {.n = 5000000},
     MK_ERR_NETWORK,
     1},
    {{"/v1/upload?b=1&stop_after=9999", .length = true, .unsafe = true, .retries = 3},
     {.n = 5000000},
     MK_ERR_NETWORK,
     1},
    {{"/v1/upload?b=2&stop_after=9999&times=9", .length = true, .retries = 1}, {.n = 5000000}, MK_ERR_NETWORK, 2},
    {{"/v1/upload?b=3", .length = true}, {.n = 5000000, .fails_at = 100000}, MK_ERR_CALLBACK, 1},
    {{"/v1/upload?b=4", .gzip = true, .digest = true}, {.n = 5000000, .fails_at = 100000}, MK_ERR_CALLBACK, 0},
    {{"/v1/upload?b=5", .gzip = true}, {.n = 50000000, .stops_at = 1000000}, MK_ERR_CALLBACK, 1},
    {{"/v1/upload?b=8", .gzip = true, .digest = true}, {.n = 50000000, .stops_at_call = 2}, MK_ERR_CALLBACK, 0},
    {{"/v1/stop_reading?b=6", .length = true, .idle_timeout_ms = 300}, {.n = 50000000}, MK_ERR_TIMEOUT, 1},
    {{"/v1/upload?b=7&then_silent=1", .length = true, .idle_timeout_ms = 150}, {.n = 1000}, MK_ERR_TIMEOUT, 1},
};

START_TEST(uploads_that_break_are_told) {
    struct stream s = broken[_i].stream;
    mk_error error = MK_ERROR_INIT;
    json_t *all = NULL;
    int64_t begin = now_ms();
    int code = send(broken[_i].upload, &s, &all, &error);
    ck_assert_msg(code == broken[_i].code, "%s: %s %s", broken[_i].upload.path, mk_code_name(code), error.message);
    ck_assert_int_eq(count_of(&server, broken[_i].upload.path), broken[_i].sent);
    ck_assert_int_lt(now_ms() - begin, 10000);
    /* after the last byte the server has ten times as long to think */
    ck_assert(strstr(broken[_i].upload.path, "then_silent") == NULL || now_ms() - begin > 1400);
    mk_error_clear(&error);
}
END_TEST

static long give_less(void *user, void *to, size_t n) {
    struct stream *s = user;
    return s->at > 1000 ? 0 : give(user, to, n > 100 ? 100 : n);
}

START_TEST(a_source_that_is_not_as_long_as_it_said_is_not_sent) {
    for (int more = 0; more < 2; more++) {
        struct stream s = {.n = 100000};
        mk_client *client = client_of(server.http, (mk_client_options){0});
        const mk_source source = {.size = sizeof source,
                                  .read = more ? give : give_less,
                                  .rewind = back,
                                  .user = &s,
                                  .length = more ? 99 : 100000};
        const struct mk_exchange x = {.method = "PUT", .path = "/v1/upload?length", .source = &source, .safe = true};
        mk_response *response = NULL;
        ck_assert_int_eq(mk_exchange_run(client, &x, &response, NULL), MK_ERR_CALLBACK);
        ck_assert_ptr_null(response);
        mk_client_destroy(client);
    }
}
END_TEST

static size_t good_token(void *user, const char *rejected, char *to, size_t n) {
    (void)user;
    return (size_t)snprintf(to, n, "%s", rejected == NULL ? "old" : "good");
}

START_TEST(an_early_no_is_heard) {
    static const char *const paths[] = {"/v1/refuse_early/413", "/v1/refuse_early/401", "/v1/refuse_early/403"};
    for (size_t i = 0; i < 3; i++) {
        struct stream s = {.n = 3000000};
        mk_error error = MK_ERROR_INIT;
        json_t *all = NULL;
        int code = send((struct upload){.path = paths[i], .gzip = true, .retries = 3, .get_token = good_token}, &s,
                        &all, &error);
        ck_assert_msg(code == MK_OK, "%s: %s", paths[i], error.message);
        ck_assert_int_eq(count_of(&server, paths[i]), i == 1 ? 2 : 1); /* 401: once more with another token */
        json_decref(all);
        mk_error_clear(&error);
    }
}
END_TEST

/* ---- down ---- */

static int receive(const char *path, struct stream *s, int retries, mk_response **ret_response, mk_error *error) {
    mk_client *client = client_of(
        server.http,
        (mk_client_options){.retries = retries, .idle_timeout_ms = 400, .timeout_ms = 1, .max_body_bytes = 1000});
    const mk_sink sink = {.size = sizeof sink, .write = take, .user = s};
    const struct mk_exchange x = {.method = "GET", .path = path, .sink = &sink, .safe = true};
    int code = mk_exchange_run(client, &x, ret_response, error);
    mk_client_destroy(client);
    return code;
}

static const struct {
    const char *path;
    struct stream stream;
    int retries, code, sent;
    size_t taken;
} exports[] = {
    {"/v1/text?lines=1000000", {0}, -1, MK_OK, 1, 5000000},
    {"/v1/text?lines=1000000&b", {.fails_at = 100000}, 3, MK_ERR_CALLBACK, 1, 0},
    {"/v1/status/503?times=2&export", {0}, 3, MK_OK, 3, 14}, /* what says no goes not to the sink */
    {"/v1/cut_before_head?export", {0}, 1, MK_ERR_NETWORK, 2, 0},
    {"/v1/cut_in_body?export", {0}, 3, MK_ERR_NETWORK, 1, 10}, /* the sink has some: not again */
    {"/v1/cut_between_chunks?export", {0}, 3, MK_ERR_NETWORK, 1, 14},
    {"/v1/no_length?export", {0}, 3, MK_ERR_PROTOCOL, 1, 0}, /* half of it would look whole */
    {"/v1/stall", {0}, 3, MK_ERR_TIMEOUT, 1, 5},
    {"/v1/silent?export", {0}, -1, MK_ERR_TIMEOUT, 1, 0},
    {"/v1/redirect?export", {0}, 3, MK_ERR_PROTOCOL, 1, 0},
};

START_TEST(exports_are_whole_or_told_to_be_not) {
    struct stream s = exports[_i].stream;
    mk_error error = MK_ERROR_INIT;
    mk_response *response = NULL;
    int code = receive(exports[_i].path, &s, exports[_i].retries, &response, &error);
    ck_assert_msg(code == exports[_i].code, "%s: %s %s", exports[_i].path, mk_code_name(code), error.message);
    ck_assert_int_eq(count_of(&server, exports[_i].path), exports[_i].sent);
    if (exports[_i].stream.fails_at == 0)
        ck_assert_uint_eq(s.taken, exports[_i].taken);
    mk_response_free(response);
    mk_error_clear(&error);
}
END_TEST

START_TEST(a_refused_export_is_told_by_its_problem) {
    struct stream s = {0};
    mk_error error = MK_ERROR_INIT;
    mk_response *response = NULL;
    ck_assert_int_eq(receive("/v1/status/403?times=9&code=forbidden&e", &s, 3, &response, &error), MK_OK);
    ck_assert_int_eq(mk_fail_response(&error, response), MK_ERR_REFUSED);
    ck_assert_str_eq(error.problem, "forbidden");
    ck_assert_uint_eq(s.taken, 0);
    mk_response_free(response);
    mk_error_clear(&error);
}
END_TEST

START_TEST(a_full_disk_is_told_as_a_file) {
    /* also when all of it fits into stdio's buffer */
    static const char *const paths[] = {"/v1/text?lines=100000&full", "/v1/text?lines=1&full"};
    mk_client *client = client_of(server.http, (mk_client_options){0});
    FILE *full = fdopen(open("/dev/full", O_WRONLY | O_CLOEXEC), "w");
    mk_sink sink = {.size = sizeof sink};
    mk_error error = MK_ERROR_INIT;
    mk_response *response = NULL;
    ck_assert_int_eq(mk_sink_to_file(&sink, full), MK_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct mk_exchange x = {.method = "GET", .path = paths[i], .sink = &sink, .safe = true};
        ck_assert_int_eq(mk_exchange_run(client, &x, &response, &error), MK_ERR_FILE);
        ck_assert_ptr_nonnull(strstr(error.message, "space"));
    }
    fclose(full);
    mk_error_clear(&error);
    mk_client_destroy(client);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("streams");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, uploads_arrive_whole, 0, sizeof uploads / sizeof *uploads);
    tcase_add_loop_test(tcase, uploads_that_break_are_told, 0, sizeof broken / sizeof *broken);
    tcase_add_test(tcase, a_source_that_is_not_as_long_as_it_said_is_not_sent);
    tcase_add_test(tcase, an_early_no_is_heard);
    tcase_add_loop_test(tcase, exports_are_whole_or_told_to_be_not, 0, sizeof exports / sizeof *exports);
    tcase_add_test(tcase, a_refused_export_is_told_by_its_problem);
    tcase_add_test(tcase, a_full_disk_is_told_as_a_file);
    mk_global_init();
    server = misbehaving_start(false);
    int status = run_suite("streams", tcase);
    misbehaving_stop(&server);
    mk_global_cleanup();
    return status;
}
