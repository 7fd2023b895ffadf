/* Tests of what goes over the wire, against a server that misbehaves (misbehaving.py).
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "internal.h"
#include "misbehaving.h"

#include <ctype.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct misbehaving server; /* one for all tests, each of which has a process of its own */

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- answers that are none ---- */

static const struct {
    const char *path;
    int code, status; /* status: in the error */
} faults[] = {
    {"/v1/cut_before_head", MK_ERR_NETWORK, 0},  {"/v1/cut_before_head?reset=1", MK_ERR_NETWORK, 0},
    {"/v1/cut_in_head", MK_ERR_NETWORK, 0},      {"/v1/cut_in_body", MK_ERR_NETWORK, 200},
    {"/v1/cut_in_chunk", MK_ERR_NETWORK, 200},   {"/v1/cut_between_chunks", MK_ERR_NETWORK, 200},
    {"/v1/no_length", MK_ERR_PROTOCOL, 200},     {"/v1/drip", MK_ERR_TIMEOUT, 200},
    {"/v1/drip_head", MK_ERR_TIMEOUT, 0},        {"/v1/silent", MK_ERR_TIMEOUT, 0},
    {"/v1/two_lengths", MK_ERR_PROTOCOL, 200},   {"/v1/length_and_chunked", MK_ERR_PROTOCOL, 200},
    {"/v1/bad_length", MK_ERR_PROTOCOL, 0},      {"/v1/bad_chunk", MK_ERR_NETWORK, 200},
    {"/v1/huge", MK_ERR_PROTOCOL, 200},          {"/v1/redirect", MK_ERR_PROTOCOL, 302},
    {"/v1/not_modified", MK_ERR_PROTOCOL, 304},  {"/v1/odd_status", MK_ERR_PROTOCOL, 999},
    {"/v1/http09", MK_ERR_PROTOCOL, 0},          {"/v1/many_headers", MK_ERR_PROTOCOL, 0},
    {"/v1/long_header", MK_ERR_NO_MEMORY, 0}, /* libcurl calls its own limit of 100 KB so */
    {"/v1/odd_header/nul", MK_ERR_PROTOCOL, 0},  {"/v1/odd_header/colon", MK_ERR_PROTOCOL, 0},
    {"/v1/odd_header/fold", MK_ERR_PROTOCOL, 0}, {"/v1/odd_header/name", MK_ERR_PROTOCOL, 0},
};

START_TEST(faults_are_told_and_nothing_is_given_out) {
    mk_client *client =
        client_of(server.http, (mk_client_options){.timeout_ms = faults[_i].code == MK_ERR_TIMEOUT ? 700 : 10000,
                                                   .max_body_bytes = 1 << 20});
    mk_error error = MK_ERROR_INIT;
    mk_response *response = (mk_response *)&error;
    int64_t begin = now_ms();
    int code = fetch(client, "GET", faults[_i].path, &response, &error);
    ck_assert_msg(code == faults[_i].code, "%s: %s, %s", faults[_i].path, mk_code_name(code), error.message);
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(error.status == faults[_i].status, "%s: status %d", faults[_i].path, error.status);
    ck_assert_ptr_nonnull(strstr(error.message, faults[_i].path));
    ck_assert_ptr_eq(response, (mk_response *)&error); /* untouched */
    ck_assert_int_eq(count_of(&server, faults[_i].path), 1);
    ck_assert_int_lt(now_ms() - begin, 9000);
    /* The handle is as good as before. */
    ck_assert_int_eq(fetch(client, "GET", "/v1/ok", &response, &error), MK_OK);
    ck_assert_str_eq(mk_response_body(response, NULL), "{\"good\": true}");
    mk_response_free(response);
    mk_error_clear(&error);
    mk_client_destroy(client);
}
END_TEST

static const char *const good_answers[] = {"/v1/ok", "/v1/chunked", "/v1/interim", "/v1/short_length"};

START_TEST(odd_but_whole_answers_are_taken) {
    mk_client *client = client_of(server.http, (mk_client_options){0});
    size_t n;
    for (int i = 0; i < 3; i++) { /* what stood behind an answer is never the next one */
        mk_response *response = NULL;
        ck_assert_int_eq(fetch(client, "GET", good_answers[_i], &response, NULL), MK_OK);
        ck_assert_int_eq(mk_response_status(response), 200);
        ck_assert_str_eq(mk_response_body(response, &n), "{\"good\": true}");
        ck_assert_uint_eq(n, 14);
        ck_assert_str_eq(mk_response_header(response, "content-TYPE"), "application/json");
        ck_assert_ptr_null(mk_response_header(response, "X-Early"));
        ck_assert_ptr_null(mk_response_header(response, "X-Trailer"));
        mk_response_free(response);
    }
    mk_client_destroy(client);
}
END_TEST

START_TEST(headers_are_read_in_order) {
    mk_client *client = client_of(server.http, (mk_client_options){0});
    mk_response *response = NULL;
    const char *name, *value;
    ck_assert_int_eq(fetch(client, "GET", "/v1/ok?order", &response, NULL), MK_OK);
    ck_assert(mk_response_header_at(response, 0, &name, &value));
    ck_assert_str_eq(name, "Content-Length");
    ck_assert_str_eq(value, "14");
    ck_assert(mk_response_header_at(response, 2, &name, &value));
    ck_assert_str_eq(name, "Content-Type");
    ck_assert(!mk_response_header_at(response, 3, &name, &value));
    ck_assert(!mk_response_header_at(NULL, 0, &name, &value));
    ck_assert_int_eq(mk_response_status(NULL), 0);
    ck_assert_str_eq(mk_response_body(NULL, NULL), "");
    mk_response_free(response);
    ck_assert_int_eq(fetch(client, "HEAD", "/v1/ok", &response, NULL), MK_OK);
    ck_assert_str_eq(mk_response_body(response, NULL), "");
    mk_response_free(response);
    mk_client_destroy(client);
}
END_TEST

/* ---- the request ---- */

static json_t *echo_of(mk_client *client, const char *method, const mk_header *headers, size_t n, const char *body) {
    mk_response *response = NULL;
    mk_error error = MK_ERROR_INIT;
    int code = mk_request(client, method, "/v1/echo?a=%C3%A6&b=..%2F", headers, n, body,
                          body == NULL ? 0 : strlen(body), &response, &error);
    ck_assert_msg(code == MK_OK, "%s", error.message);
    json_t *said = json_loads(mk_response_body(response, NULL), 0, NULL);
    mk_response_free(response);
    ck_assert_ptr_nonnull(said);
    ck_assert_str_eq(json_string_value(json_object_get(said, "method")), method);
    ck_assert_str_eq(json_string_value(json_object_get(said, "target")), "/v1/echo?a=%C3%A6&b=..%2F");
    ck_assert_str_eq(json_string_value(json_object_get(said, "body")), body == NULL ? "" : body);
    return said;
}

static const char *echoed(const json_t *said, const char *header) {
    char name[100];
    for (size_t i = 0; i <= strlen(header); i++)
        name[i] = (char)tolower((unsigned char)header[i]);
    return json_string_value(json_object_get(json_object_get(said, "headers"), name));
}

START_TEST(requests_are_as_asked_whatever_came_before) {
    static const struct {
        const char *method, *body, *type, *length;
    } sent[] = {{"GET", NULL, NULL, NULL},    {"POST", "{}", "application/json", "2"},
                {"GET", NULL, NULL, NULL},    {"PATCH", "{\"a\": 1}", "application/merge-patch+json", "8"},
                {"DELETE", NULL, NULL, NULL}, {"PUT", "x", "text/plain", "1"},
                {"POST", NULL, NULL, "0"},    {"POST", "", "text/plain", "0"},
                {"GET", NULL, NULL, NULL}};
    mk_client *client =
        client_of(server.http, (mk_client_options){.token = "good", .user_agent = "tests/1", .language = "da"});
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        const mk_header headers[] = {{"X-Empty", ""}, {"Idempotency-Key", "k"}, {"Content-Type", sent[i].type}};
        json_t *said = echo_of(client, sent[i].method, headers, sent[i].type == NULL ? 2 : 3, sent[i].body);
        ck_assert_str_eq(echoed(said, "authorization"), "Bearer good");
        ck_assert_str_eq(echoed(said, "user-agent"), "tests/1 libmedkoord/" MK_VERSION);
        ck_assert_str_eq(echoed(said, "accept-language"), "da");
        ck_assert_str_eq(echoed(said, "x-empty"), "");
        ck_assert_str_eq(echoed(said, "idempotency-key"), "k");
        ck_assert_pstr_eq(echoed(said, "content-type"), sent[i].type);
        ck_assert_pstr_eq(echoed(said, "content-length"), sent[i].length);
        ck_assert_ptr_null(echoed(said, "expect"));
        ck_assert_ptr_null(echoed(said, "accept-encoding"));
        json_decref(said);
    }
    mk_client_destroy(client);
}
END_TEST

/* What the library says by itself is not said beside what the caller says: a server refuses what stands twice. */
START_TEST(a_header_of_the_callers_stands_alone) {
    static const mk_header own[] = {
        {"authorization", "Basic eA=="}, {"accept-language", "en;q=0.5"},       {"Accept", "text/csv"},
        {"user-agent", "mine"},          {"content-type", "application/x-own"}, {"idempotency-key", "own"},
        {"If-Match", "\"own\""},         {"If-None-Match", "\"own\""}};
    const size_t n = sizeof own / sizeof *own;
    mk_client *client = client_of(
        server.http,
        (mk_client_options){.token = "good", .user_agent = "tests/1", .language = "da", .cache_bytes = 10000});
    for (int post = 0; post < 2; post++) {
        json_t *said = echo_of(client, post ? "POST" : "GET", own, n, post ? "x" : NULL);
        for (size_t i = 0; i < n; i++)
            ck_assert_str_eq(echoed(said, own[i].name), own[i].value);
        ck_assert_str_eq(json_string_value(json_object_get(said, "twice")), "");
        json_decref(said);
    }
    mk_client_destroy(client);
}
END_TEST

static const struct {
    const char *method, *path, *name, *value;
} bad_requests[] = {{"get", "/v1/ok", "A", "b"},       {"", "/v1/ok", "A", "b"},
                    {"GET ", "/v1/ok", "A", "b"},      {"CONNECT", "/v1/ok", "A", "b"},
                    {"GET", "v1/ok", "A", "b"},        {"GET", "", "A", "b"},
                    {"GET", "/v1/ok a", "A", "b"},     {"GET", "/v1/ok\r\nX: 1", "A", "b"},
                    {"GET", "/v1/\xc3\xa6", "A", "b"}, {"GET", "/v1/ok#a", "A", "b"},
                    {"GET", "/v1/ok", "A B", "b"},     {"GET", "/v1/ok", "", "b"},
                    {"GET", "/v1/ok", "A:", "b"},      {"GET", "/v1/ok", "A", "b\r\nX-Evil: 1"},
                    {"GET", "/v1/ok", "A", "b\n"},     {"GET", "/v1/ok", "Content-Length", "1"},
                    {"GET", "/v1/ok", "host", "evil"}, {"GET", "/v1/ok", "Transfer-Encoding", "chunked"},
                    {"GET", "/v1/ok", NULL, "b"},      {"GET", "/v1/ok", "A", NULL},
                    {NULL, "/v1/ok", "A", "b"},        {"GET", NULL, "A", "b"}};

START_TEST(requests_that_cannot_be_are_not_sent) {
    mk_client *client = client_of(server.closed, (mk_client_options){0}); /* sending would be MK_ERR_NETWORK */
    const mk_header header = {bad_requests[_i].name, bad_requests[_i].value};
    mk_response *response = NULL;
    ck_assert_int_eq(
        mk_request(client, bad_requests[_i].method, bad_requests[_i].path, &header, 1, NULL, 0, &response, NULL),
        MK_ERR_ARGUMENT);
    ck_assert_ptr_null(response);
    mk_client_destroy(client);
}
END_TEST

/* ---- again ---- */

static const struct {
    const char *method, *path;
    int retries, sent, status, code;
} again[] = {
    {"GET", "/v1/status/503?times=2&id=1", 3, 3, 200, MK_OK},
    {"GET", "/v1/status/502?times=2&id=1", 3, 3, 200, MK_OK},
    {"GET", "/v1/status/504?times=2&id=1", 3, 3, 200, MK_OK},
    {"GET", "/v1/status/429?times=2&id=1", 3, 3, 200, MK_OK},
    {"GET", "/v1/status/409?times=1&code=request_in_progress", 3, 2, 200, MK_OK},
    {"GET", "/v1/status/409?times=1&code=conflict", 3, 1, 409, MK_OK},
    {"GET", "/v1/status/500?times=1", 3, 1, 500, MK_OK},
    {"GET", "/v1/status/501?times=1", 3, 1, 501, MK_OK},
    {"GET", "/v1/status/404?times=1", 3, 1, 404, MK_OK},
    {"GET", "/v1/status/503?times=9&id=2", 2, 3, 503, MK_OK},
    {"GET", "/v1/status/503?times=9&id=3", -1, 1, 503, MK_OK},
    {"GET", "/v1/cut_until?times=2", 3, 3, 200, MK_OK},
    {"GET", "/v1/cut_until?times=9", 2, 3, 0, MK_ERR_NETWORK},
    {"POST", "/v1/status/503?times=2&id=4", 3, 1, 503, MK_OK}, /* nobody knows what another one would do */
    {"POST", "/v1/cut_until?times=2&id=2", 3, 1, 0, MK_ERR_NETWORK},
    {"PATCH", "/v1/cut_before_head?id=3", 3, 1, 0, MK_ERR_NETWORK},
    {"GET", "/v1/redirect?id=2", 3, 1, 0, MK_ERR_PROTOCOL},
    {"GET", "/v1/http09?id=2", 3, 1, 0, MK_ERR_PROTOCOL},
};

START_TEST(what_is_safe_is_sent_again_and_nothing_else) {
    mk_client *client = client_of(server.http, (mk_client_options){.retries = again[_i].retries});
    mk_response *response = NULL;
    mk_error error = MK_ERROR_INIT;
    int code = fetch(client, again[_i].method, again[_i].path, &response, &error);
    ck_assert_msg(code == again[_i].code, "%s: %s", again[_i].path, error.message);
    ck_assert_int_eq(count_of(&server, again[_i].path), again[_i].sent);
    if (code == MK_OK) {
        ck_assert_int_eq(mk_response_status(response), again[_i].status);
        ck_assert_int_eq(error.code, MK_OK); /* of the earlier tries nothing is left */
        mk_response_free(response);
    }
    mk_error_clear(&error);
    mk_client_destroy(client);
}
END_TEST

/* libcurl sends again by itself when a connection it had used before is cut without an answer. */
START_TEST(a_write_is_not_sent_twice_on_an_old_connection) {
    for (int post = 0; post < 2; post++) {
        mk_client *client = client_of(server.http, (mk_client_options){0});
        mk_response *response = NULL;
        const char *path = post ? "/v1/second_is_cut?post" : "/v1/second_is_cut?get";
        ck_assert_int_eq(fetch(client, "GET", "/v1/ok", &response, NULL), MK_OK);
        mk_response_free(response);
        ck_assert_int_eq(fetch(client, post ? "POST" : "GET", path, &response, NULL), MK_OK);
        mk_response_free(response);
        /* the POST opened a connection of its own, on which it was the first */
        ck_assert_int_eq(count_of(&server, path), post ? 1 : 2);
        mk_client_destroy(client);
    }
}
END_TEST

/* Whether a write happened is found out under the key that the library made for it. */
START_TEST(a_key_of_the_librarys_is_told_when_the_call_fails) {
    mk_client *client = client_of(server.http, (mk_client_options){0});
    const struct mk_new_hospital hospital = {.size = sizeof hospital, .code = "X", .name = "x", .region = "y"};
    struct mk_create_hospital_options options = {.size = sizeof options};
    struct mk_hospital *made = NULL;
    mk_error error = MK_ERROR_INIT;
    char key[sizeof error.idempotency_key];
    ck_assert_int_eq(mk_create_hospital(client, &hospital, NULL, &made, &error), MK_ERR_NETWORK);
    ck_assert_uint_eq(strlen(error.idempotency_key), 36);
    strcpy(key, error.idempotency_key);
    options.idempotency_key = key;
    ck_assert_int_eq(mk_create_hospital(client, &hospital, &options, &made, &error), MK_ERR_REFUSED);
    ck_assert_str_eq(error.message, "same");
    ck_assert_str_eq(error.idempotency_key, ""); /* the caller knows it */
    ck_assert_int_eq(mk_create_hospital(client, &hospital, NULL, &made, &error), MK_ERR_REFUSED);
    ck_assert_str_eq(error.message, "other");
    ck_assert_str_ne(error.idempotency_key, key);
    ck_assert_int_eq(mk_create_hospital(client, &hospital, NULL, NULL, &error), MK_ERR_ARGUMENT);
    ck_assert_str_eq(error.idempotency_key, ""); /* nothing was sent */
    mk_error_clear(&error);
    mk_client_destroy(client);
}
END_TEST

START_TEST(retry_after_is_honoured_within_the_time) {
    mk_client *client = client_of(server.http, (mk_client_options){.retries = 3, .timeout_ms = 4000});
    mk_response *response = NULL;
    int64_t begin = now_ms();
    ck_assert_int_eq(fetch(client, "GET", "/v1/status/503?times=1&retry_after=1", &response, NULL), MK_OK);
    ck_assert_int_eq(mk_response_status(response), 200);
    mk_response_free(response);
    ck_assert_int_ge(now_ms() - begin, 1000);
    ck_assert_int_lt(now_ms() - begin, 2500);
    begin = now_ms();
    ck_assert_int_eq(fetch(client, "GET", "/v1/status/429?times=1&retry_after=60", &response, NULL), MK_OK);
    ck_assert_int_eq(mk_response_status(response), 429); /* at once: there is no time to wait for it */
    ck_assert_int_lt(now_ms() - begin, 1000);
    ck_assert_int_eq(count_of(&server, "/v1/status/429?times=1&retry_after=60"), 1);
    mk_response_free(response);
    mk_client_destroy(client);
}
END_TEST

START_TEST(the_time_is_of_all_tries_together) {
    mk_client *client = client_of(server.http, (mk_client_options){.retries = 100, .timeout_ms = 1500});
    mk_response *response = NULL;
    mk_error error = MK_ERROR_INIT;
    int64_t begin = now_ms();
    ck_assert_int_ne(fetch(client, "GET", "/v1/cut_before_head?id=9", &response, &error), MK_OK);
    ck_assert_int_lt(now_ms() - begin, 2000);
    ck_assert_int_ge(count_of(&server, "/v1/cut_before_head?id=9"), 2);
    mk_error_clear(&error);
    mk_client_destroy(client);
}
END_TEST

/* ---- tokens ---- */

struct tokens {
    const char *next;
    char rejected[16];
    int asked, ms; /* how long one is in coming */
};

static size_t give_token(void *user, const char *rejected, char *to, size_t n) {
    struct tokens *t = user;
    t->asked++;
    nanosleep(&(struct timespec){t->ms / 1000, t->ms % 1000 * 1000000L}, NULL);
    snprintf(t->rejected, sizeof t->rejected, "%s", rejected == NULL ? "(none)" : rejected);
    return t->next == NULL ? 0 : (size_t)snprintf(to, n, "%s", t->next);
}

START_TEST(a_refused_token_is_renewed_once) {
    struct tokens t = {.next = "good"};
    mk_client *client =
        client_of(server.http, (mk_client_options){.token = "old", .get_token = give_token, .get_token_user = &t});
    mk_response *response = NULL;
    ck_assert_int_eq(fetch(client, "POST", "/v1/token?id=1", &response, NULL), MK_OK); /* a refused one did nothing */
    ck_assert_int_eq(mk_response_status(response), 200);
    mk_response_free(response);
    ck_assert_str_eq(t.rejected, "old");
    ck_assert_int_eq(fetch(client, "GET", "/v1/token?id=2", &response, NULL), MK_OK);
    ck_assert_int_eq(mk_response_status(response), 200);
    mk_response_free(response);
    ck_assert_int_eq(t.asked, 1);
    ck_assert_int_eq(count_of(&server, "/v1/token?id=1"), 2);
    ck_assert_int_eq(count_of(&server, "/v1/token?id=2"), 1);
    mk_client_destroy(client);
}
END_TEST

START_TEST(a_token_that_does_not_help_ends_in_401) {
    static const struct {
        const char *next;
        int sent, code;
    } cases[] = {{"worse", 2, MK_OK},
                 {"old", 1, MK_OK},
                 {NULL, 1, MK_OK},
                 {"a b", 1, MK_ERR_CALLBACK},
                 {"a\nb", 1, MK_ERR_CALLBACK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tokens t = {.next = cases[i].next};
        mk_client *client =
            client_of(server.http, (mk_client_options){.token = "old", .get_token = give_token, .get_token_user = &t});
        mk_response *response = NULL;
        char path[64];
        snprintf(path, sizeof path, "/v1/token?case=%zu", i);
        ck_assert_int_eq(fetch(client, "GET", path, &response, NULL), cases[i].code);
        ck_assert_int_eq(count_of(&server, path), cases[i].sent);
        ck_assert_int_eq(mk_response_status(response), cases[i].code == MK_OK ? 401 : 0);
        mk_response_free(response);
        mk_client_destroy(client);
    }
}
END_TEST

static const struct {
    const char *token; /* the first */
    int ms, sent;
} slow_tokens[] = {{NULL, 400, 1}, {"old", 400, 2}, {NULL, 900, 0}, {"old", 900, 1}};

START_TEST(a_slow_token_takes_of_the_time) {
    struct tokens t = {.next = "good", .ms = slow_tokens[_i].ms};
    mk_client *client = client_of(server.http, (mk_client_options){.token = slow_tokens[_i].token,
                                                                   .get_token = give_token,
                                                                   .get_token_user = &t,
                                                                   .timeout_ms = 700});
    mk_response *response = NULL;
    mk_error error = MK_ERROR_INIT;
    char path[64];
    snprintf(path, sizeof path, "/v1/silent_for_good?slow=%d", _i);
    int64_t begin = now_ms();
    ck_assert_int_eq(fetch(client, "GET", path, &response, &error), MK_ERR_TIMEOUT);
    ck_assert_int_eq(error.code, MK_ERR_TIMEOUT);
    int64_t took = now_ms() - begin, least = t.ms > 700 ? t.ms : 700;
    ck_assert_msg(took >= least - 50 && took < least + 300, "%d ms", (int)took);
    ck_assert_int_eq(count_of(&server, path), slow_tokens[_i].sent);
    mk_error_clear(&error);
    mk_client_destroy(client);
}
END_TEST

START_TEST(without_a_token_one_is_asked_for_first) {
    struct tokens t = {.next = "good"};
    mk_client *client = client_of(server.http, (mk_client_options){.get_token = give_token, .get_token_user = &t});
    mk_response *response = NULL;
    ck_assert_int_eq(fetch(client, "GET", "/v1/token?id=3", &response, NULL), MK_OK);
    ck_assert_int_eq(mk_response_status(response), 200);
    ck_assert_str_eq(t.rejected, "(none)");
    ck_assert_int_eq(count_of(&server, "/v1/token?id=3"), 1);
    mk_response_free(response);
    mk_client_destroy(client);
}
END_TEST

/* ---- the cache ---- */

START_TEST(what_still_holds_is_not_sent_again) {
    mk_client *client = client_of(server.http, (mk_client_options){.cache_bytes = 10000});
    for (int i = 0; i < 3; i++) {
        mk_response *response = NULL;
        ck_assert_int_eq(fetch(client, "GET", "/v1/etag?id=1", &response, NULL), MK_OK);
        ck_assert_int_eq(mk_response_status(response), 200);
        ck_assert_str_eq(mk_response_body(response, NULL), "{\"nth\": 1}"); /* the body of the first */
        ck_assert_str_eq(mk_response_header(response, "ETag"), "\"v1\"");
        ck_assert_str_eq(mk_response_header(response, "Content-Type"), "application/json");
        mk_response_free(response);
    }
    ck_assert_int_eq(count_of(&server, "/v1/etag?id=1"), 3);
    mk_response *response = NULL;
    const mk_header own = {"If-None-Match", "\"v1\""}; /* who asks so is answered so */
    ck_assert_int_eq(mk_request(client, "GET", "/v1/etag?id=1", &own, 1, NULL, 0, &response, NULL), MK_OK);
    ck_assert_int_eq(mk_response_status(response), 304);
    mk_response_free(response);
    mk_client_destroy(client);
    client = client_of(server.http, (mk_client_options){0}); /* without a cache each is whole */
    for (int i = 1; i < 3; i++) {
        ck_assert_int_eq(fetch(client, "GET", "/v1/etag?id=2", &response, NULL), MK_OK);
        ck_assert_int_eq(mk_response_body(response, NULL)[8], '0' + i);
        mk_response_free(response);
    }
    mk_client_destroy(client);
}
END_TEST

/* What came for `token` and `accept`, which may be NULL. */
static void check_whose(mk_client *client, const mk_header *headers, size_t n, const char *token, const char *accept) {
    mk_response *response = NULL;
    char expected[200];
    snprintf(expected, sizeof expected, "{\"token\": \"%s\", \"accept\": \"%s\"}", token, accept);
    ck_assert_int_eq(mk_request(client, "GET", "/v1/whose", headers, n, NULL, 0, &response, NULL), MK_OK);
    ck_assert_int_eq(mk_response_status(response), 200);
    ck_assert_str_eq(mk_response_body(response, NULL), expected);
    mk_response_free(response);
}

START_TEST(what_is_kept_is_for_who_asked_as_it_was_asked) {
    struct tokens t = {.next = "b"};
    mk_client *client = client_of(
        server.http,
        (mk_client_options){.token = "a", .get_token = give_token, .get_token_user = &t, .cache_bytes = 10000});
    const mk_header json = {"Accept", "application/json"}, csv = {"Accept", "text/csv"};
    const mk_header own[] = {{"authorization", "Bearer own"}, {"Accept", "application/json"}};
    for (int i = 0; i < 2; i++) {
        check_whose(client, &json, 1, "Bearer a", "application/json");
        check_whose(client, &json, 1, "Bearer a", "application/json"); /* kept */
        check_whose(client, own, 2, "Bearer own", "application/json");
        check_whose(client, own, 2, "Bearer own", "application/json");
        check_whose(client, &csv, 1, "Bearer a", "text/csv");
        check_whose(client, NULL, 0, "Bearer a", "*/*");
    }
    mk_client_destroy(client);
    client =
        client_of(server.http,
                  (mk_client_options){
                      .token = "expired-later", .get_token = give_token, .get_token_user = &t, .cache_bytes = 10000});
    mk_cache_store(client->cache, "/v1/whose", "application/json", "\"all\"", "{\"of\": \"expired\"}", 17);
    check_whose(client, &json, 1, "Bearer b", "application/json"); /* a renewed token is another one */
    mk_client_destroy(client);
}
END_TEST

/* ---- connections ---- */

static int code_at(const char *url, mk_client_options options, mk_error *error) {
    mk_response *response = NULL;
    options.url = url;
    mk_client *client = client_of(0, options);
    int code = fetch(client, "GET", "/v1/ok", &response, error);
    mk_response_free(response);
    mk_client_destroy(client);
    return code;
}

START_TEST(only_the_right_server_is_talked_to) {
    const struct {
        const char *scheme, *host;
        int port;
        const char *ca;
        int code;
    } cases[] = {{"https", "127.0.0.1", server.tls, server.ca, MK_OK},
                 {"https", "localhost", server.tls, server.ca, MK_OK},
                 {"https", "127.0.0.1", server.tls, NULL, MK_ERR_NETWORK}, /* signed by nobody we know */
                 {"https", "127.0.0.1", server.other, server.ca, MK_ERR_NETWORK},
                 {"https", "127.0.0.1", server.expired, server.ca, MK_ERR_NETWORK},
                 {"https", "127.0.0.1", server.tls, "/etc/ssl/certs/ca-certificates.crt", MK_ERR_NETWORK},
                 {"https", "127.0.0.1", server.tls, "/nowhere.pem", MK_ERR_FILE},
                 {"https", "127.0.0.1", server.http, server.ca, MK_ERR_TIMEOUT}, /* no TLS there: both wait */
                 {"http", "127.0.0.1", server.tls, NULL, MK_ERR_NETWORK},
                 {"http", "127.0.0.1", server.closed, NULL, MK_ERR_NETWORK},
                 {"http", "no-such-host.invalid", 80, NULL, MK_ERR_NETWORK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[100];
        mk_error error = MK_ERROR_INIT;
        snprintf(url, sizeof url, "%s://%s:%d", cases[i].scheme, cases[i].host, cases[i].port);
        int64_t begin = now_ms();
        int code = code_at(
            url, (mk_client_options){.ca_file = cases[i].ca, .retries = i < 7 ? 3 : -1, .timeout_ms = 2000}, &error);
        ck_assert_msg(code == cases[i].code, "%zu %s: %s %s", i, url, mk_code_name(code), error.message);
        /* A certificate does not become better by asking again. */
        ck_assert(i >= 7 || now_ms() - begin < 600);
        mk_error_clear(&error);
    }
}
END_TEST

START_TEST(proxies_are_used_as_told) {
    char proxy[64], url[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.closed);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server.http);
    ck_assert_int_eq(code_at(url, (mk_client_options){.proxy = proxy}, NULL), MK_ERR_NETWORK);
    setenv("http_proxy", proxy, 1);
    ck_assert_int_eq(code_at(url, (mk_client_options){.proxy = ""}, NULL),
                     MK_OK);                                           /* none, whatever the environment says */
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.http); /* takes requests for anybody */
    ck_assert_int_eq(code_at("http://medkoord.invalid", (mk_client_options){.proxy = proxy}, NULL), MK_OK);
    /* and refuses tunnels, by cutting them */
    ck_assert_int_eq(code_at("https://medkoord.invalid", (mk_client_options){.proxy = proxy}, NULL), MK_ERR_NETWORK);
}
END_TEST

/* A proxy is told the whole URL, a server the path, with what stands before /v1 in the client's URL. */
START_TEST(targets_are_whole) {
    char proxy[64], url[64], expected[100];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.http);
    for (int proxied = 0; proxied < 2; proxied++) {
        snprintf(url, sizeof url, proxied ? "http://medkoord.invalid/v1" : "http://127.0.0.1:%d/v1/", server.http);
        snprintf(expected, sizeof expected, "%s/v1/echo?a=b%%2F&c=../d", proxied ? "http://medkoord.invalid" : "");
        mk_client *client = client_of(0, (mk_client_options){.url = url, .proxy = proxied ? proxy : ""});
        mk_response *response = NULL;
        mk_error error = MK_ERROR_INIT;
        int code = fetch(client, "GET", "/echo?a=b%2F&c=../d", &response, &error);
        ck_assert_msg(code == MK_OK, "%s", error.message);
        json_t *said = json_loads(mk_response_body(response, NULL), 0, NULL);
        ck_assert_str_eq(json_string_value(json_object_get(said, "target")), expected);
        json_decref(said);
        mk_response_free(response);
        mk_client_destroy(client);
    }
}
END_TEST

/* ---- the host program ---- */

static int pipe_signals;
static void count_signal(int number) {
    (void)number;
    pipe_signals++;
}

START_TEST(signals_stay_as_they_were) {
    mk_client *client = client_of(server.http, (mk_client_options){0});
    struct sigaction ours = {.sa_handler = count_signal}, now;
    sigset_t before, after;
    mk_response *response = NULL;
    sigaction(SIGPIPE, &ours, NULL);
    sigaction(SIGALRM, &ours, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    fetch(client, "GET", "/v1/cut_before_head?signal", &response, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_eq(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
    sigaction(SIGPIPE, NULL, &now);
    ck_assert(now.sa_handler == count_signal);
    sigaction(SIGALRM, NULL, &now);
    ck_assert(now.sa_handler == count_signal);
    ck_assert_int_eq(pipe_signals, 0);
    sigset_t pipe; /* one that waited before us waits after us */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    pthread_kill(pthread_self(), SIGPIPE);
    ck_assert_int_eq(fetch(client, "GET", "/v1/ok", &response, NULL), MK_OK);
    mk_response_free(response);
    ck_assert_int_eq(pipe_signals, 0);
    pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
    ck_assert_int_eq(pipe_signals, 1);
    mk_client_destroy(client);
}
END_TEST

static char logged[4000];
static void keep_log(void *user, enum mk_log_level level, const char *line) {
    (void)user, (void)level;
    ck_assert_ptr_null(strchr(line, '\n'));
    strncat(logged, line, sizeof logged - strlen(logged) - 2);
    strcat(logged, "\n");
}

START_TEST(the_log_tells_tries_and_no_token) {
    mk_client *client = client_of(server.http, (mk_client_options){.token = "geheim", .retries = 2, .log = keep_log});
    mk_response *response = NULL;
    ck_assert_int_eq(fetch(client, "GET", "/v1/status/503?times=1&log", &response, NULL), MK_OK);
    mk_response_free(response);
    ck_assert_ptr_nonnull(strstr(logged, "503"));
    ck_assert_ptr_nonnull(strstr(logged, "again in"));
    ck_assert_ptr_nonnull(strstr(logged, "200"));
    ck_assert_ptr_null(strstr(logged, "geheim"));
    mk_client_destroy(client);
}
END_TEST

static void add_all(TCase *tcase) {
    tcase_add_loop_test(tcase, faults_are_told_and_nothing_is_given_out, 0, sizeof faults / sizeof *faults);
    tcase_add_loop_test(tcase, odd_but_whole_answers_are_taken, 0, sizeof good_answers / sizeof *good_answers);
    tcase_add_test(tcase, headers_are_read_in_order);
    tcase_add_test(tcase, requests_are_as_asked_whatever_came_before);
    tcase_add_test(tcase, a_header_of_the_callers_stands_alone);
    tcase_add_loop_test(tcase, requests_that_cannot_be_are_not_sent, 0, sizeof bad_requests / sizeof *bad_requests);
    tcase_add_loop_test(tcase, what_is_safe_is_sent_again_and_nothing_else, 0, sizeof again / sizeof *again);
    tcase_add_test(tcase, a_write_is_not_sent_twice_on_an_old_connection);
    tcase_add_test(tcase, a_key_of_the_librarys_is_told_when_the_call_fails);
    tcase_add_test(tcase, retry_after_is_honoured_within_the_time);
    tcase_add_test(tcase, the_time_is_of_all_tries_together);
    tcase_add_test(tcase, a_refused_token_is_renewed_once);
    tcase_add_test(tcase, a_token_that_does_not_help_ends_in_401);
    tcase_add_loop_test(tcase, a_slow_token_takes_of_the_time, 0, sizeof slow_tokens / sizeof *slow_tokens);
    tcase_add_test(tcase, without_a_token_one_is_asked_for_first);
    tcase_add_test(tcase, what_still_holds_is_not_sent_again);
    tcase_add_test(tcase, what_is_kept_is_for_who_asked_as_it_was_asked);
    tcase_add_test(tcase, only_the_right_server_is_talked_to);
    tcase_add_test(tcase, proxies_are_used_as_told);
    tcase_add_test(tcase, targets_are_whole);
    tcase_add_test(tcase, signals_stay_as_they_were);
    tcase_add_test(tcase, the_log_tells_tries_and_no_token);
}

int main(void) {
    TCase *tcase = tcase_create("transport");
    tcase_set_timeout(tcase, 60);
    add_all(tcase);
    mk_global_init();
    server = misbehaving_start(true);
    int status = run_suite("transport", tcase);
    misbehaving_stop(&server);
    mk_global_cleanup();
    return status;
}
