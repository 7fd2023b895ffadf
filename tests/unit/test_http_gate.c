/* Tests of server/http_gate.c: what is refused of a head, and what of it is kept.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "http_gate.h"

#include <stdlib.h>
#include <string.h>

static char received[2 * HEAD_LIMIT];
static struct request r;

static void setup(void) {
    log_set_level(LOG_ERROR + 1);
}

static void teardown(void) {
    buffer_free(&r.reply);
    arena_reset(&r.arena);
}

/* Cuts text into pieces in place, as libmicrohttpd does: words and lines end with NULs. */
static bool pass(const char *text) {
    size_t n = strlen(text);
    ck_assert_uint_lt(n, sizeof received);
    memcpy(received, text, n + 1);
    char *line_end = strstr(received, "\r\n"), *url = strchr(received, ' ') + 1, *version = strchr(url, ' ') + 1;
    url[-1] = version[-1] = line_end[0] = line_end[1] = '\0';
    char *mark = strchr(url, '?'), path[sizeof received];
    snprintf(path, sizeof path, "%.*s", mark == NULL ? (int)strlen(url) : (int)(mark - url), url);
    teardown();
    r = (struct request){.magic = REQUEST_MAGIC, .target = url, .query = ""};
    r.path = arena_copy(&r.arena, path, strlen(path));
    struct gate_head head;
    gate_line(&head, &r, received, url, version);
    for (char *name = line_end + 2; *name != '\0';) {
        char *end = strstr(name, "\r\n"), *colon = memchr(name, ':', (size_t)(end - name));
        end[0] = end[1] = *colon = '\0';
        char *value = colon + 1 + strspn(colon + 1, " \t");
        if (!gate_header(&head, name, (size_t)(colon - name), value, (size_t)(end - value)))
            break;
        name = end + 2;
    }
    gate_end(&head, received + n + 2); /* and the empty line */
    return gate_check(&head, &r, received, version);
}

#define HEAD "GET /v1/regions HTTP/1.1\r\nHost: x\r\n"

START_TEST(a_good_head_is_kept) {
    ck_assert(pass(
        "PATCH /v1/hospitals/%C3%86%2dX HTTP/1.1\r\nhost: x\r\nAuthorization:   Bearer a.b.c\r\nContent-Length: 12\r\n"
        "If-Match: \"7\"\r\nAccept-Language: da\r\nX-Request-Id: mine-1\r\n"));
    ck_assert_int_eq(r.method, METHOD_PATCH);
    ck_assert_uint_eq(r.n_segments, 3);
    ck_assert_str_eq(r.segments[2].text, "Æ-X");
    ck_assert_uint_eq(r.segments[2].length, 4);
    ck_assert_str_eq(r.authorization.text, "Bearer a.b.c");
    ck_assert_uint_eq(r.content_length, 12);
    ck_assert(r.has_body && r.danish);
    ck_assert_str_eq(r.id, "mine-1");
    ck_assert_str_eq(r.if_match.text, "\"7\"");
}
END_TEST

START_TEST(bodies) {
    ck_assert(pass(HEAD) && !r.has_body && r.content_length == 0);
    ck_assert(pass(HEAD "Content-Length: 0\r\n") && !r.has_body);
    ck_assert(pass(HEAD "Transfer-Encoding: Chunked\r\n") && r.has_body && r.content_length == CONTENT_CHUNKED);
    ck_assert(pass(HEAD "Expect: 100-Continue\r\n"));
    ck_assert(pass("GET / HTTP/1.0\r\n"));
}
END_TEST

START_TEST(methods) {
    ck_assert(pass("HEAD / HTTP/1.1\r\nHost: x\r\n") && r.head_only);
    ck_assert(pass("OPTIONS / HTTP/1.1\r\nHost: x\r\n") && r.method == METHOD_OPTIONS && !r.head_only);
    ck_assert(pass("get / HTTP/1.1\r\nHost: x\r\n") && r.method == N_METHODS);
    ck_assert(pass("TRACE / HTTP/1.1\r\nHost: x\r\n") && r.method == N_METHODS);
}
END_TEST

static const struct {
    const char *head;
    enum problem_code problem;
} refused[] = {
    {"GET /v1/regions HTTP/1.1\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /v1/regions HTTP/1.2\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Host: y\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Content-Length: 2\r\ncontent-length: 2\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Transfer-Encoding: gzip, chunked\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Transfer-Encoding: identity\r\n", PROBLEM_MALFORMED_REQUEST},
    {"PUT /v1/regions HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Content-Length: +5\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Content-Length: \r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Content-Length: 18446744073709551615\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Authorization: a\r\nAuthorization: b\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "X A: b\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD ": b\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "X: a\x01\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "X: a\x7f\r\n", PROBLEM_MALFORMED_REQUEST},
    {HEAD "Expect: tea\r\n", PROBLEM_EXPECTATION_FAILED},
    {"GET v1/regions HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /a%00b HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /a%2Fb HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /a%2 HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /a% HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /%zz HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /%ff HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /a/%2e%2E HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /./a HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
    {"GET /a\xc3\xa6 HTTP/1.1\r\nHost: x\r\n", PROBLEM_MALFORMED_REQUEST},
};

START_TEST(is_refused) {
    ck_assert_msg(!pass(refused[_i].head), "%s", refused[_i].head);
    ck_assert_int_eq(r.problem, refused[_i].problem);
    ck_assert_int_eq(r.stage, STAGE_ANSWERED);
}
END_TEST

START_TEST(a_hundred_headers_and_one_more) {
    char text[8192] = HEAD;
    for (int i = 0; i < 99; i++)
        sprintf(text + strlen(text), "X-%d: y\r\n", i);
    ck_assert(pass(text));
    strcat(text, "One: more\r\n");
    ck_assert(!pass(text));
    ck_assert_int_eq(r.problem, PROBLEM_HEADERS_TOO_LARGE);
}
END_TEST

START_TEST(the_longest_url_and_one_more) {
    char text[2 * TARGET_LIMIT] = "GET /v1/regions?";
    memset(text + strlen(text), 'a', 4 + TARGET_LIMIT - strlen(text));
    strcat(text, " HTTP/1.1\r\nHost: x\r\n");
    ck_assert(pass(text));
    text[4 + TARGET_LIMIT] = 'a';
    strcpy(text + 4 + TARGET_LIMIT + 1, " HTTP/1.1\r\nHost: x\r\n");
    ck_assert(!pass(text));
    ck_assert_int_eq(r.problem, PROBLEM_URI_TOO_LONG);
}
END_TEST

START_TEST(the_largest_head_and_one_more) {
    char text[2 * HEAD_LIMIT] = HEAD "X: ";
    size_t filler = HEAD_LIMIT - 2 * HEADER_COST - strlen(text) - 2;
    memset(text + strlen(text), 'a', filler);
    strcat(text, "\r\n");
    ck_assert(pass(text));
    strcpy(text + strlen(text) - 2, "a\r\n");
    ck_assert(!pass(text));
    ck_assert_int_eq(r.problem, PROBLEM_HEADERS_TOO_LARGE);
}
END_TEST

START_TEST(a_line_that_does_not_follow_the_one_before) {
    ck_assert(pass(HEAD));
    struct gate_head head;
    char *url = received + 4, *version = url + strlen(url) + 1;
    gate_line(&head, &r, received, url, version);
    ck_assert_ptr_null(head.wrong);
    char *name = version + strlen(version) + 2;
    gate_header(&head, name + 1, 3, name + 6, 1);
    ck_assert_ptr_nonnull(head.wrong);
    for (int missing = -2; missing <= 2; missing++) { /* bytes of the last line's end and of the empty line */
        gate_line(&head, &r, received, url, version);
        gate_header(&head, name, 4, name + 6, 1);
        ck_assert_ptr_null(head.wrong);
        gate_end(&head, name + 7 + 2 + 2 - missing);
        ck_assert_msg((head.wrong == NULL) == (missing == 0), "%d", missing);
    }
    gate_line(&head, &r, received, url + 1, version);
    ck_assert_ptr_nonnull(head.wrong);
}
END_TEST

START_TEST(request_ids) {
    static const char *const bad[] = {
        "", "a b", "\"a\"", "a<b", "æ", "0123456789012345678901234567890123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text, HEAD "X-Request-Id: %s\r\n", bad[i]);
        ck_assert(pass(text));
        ck_assert_str_eq(r.id, ""); /* the one that request_create() made would stay */
    }
}
END_TEST

static const struct {
    const char *languages;
    bool danish;
} languages[] = {{"da", true},
                 {"da-DK", true},
                 {"DA", true},
                 {"en, da;q=0.8", false},
                 {"en;q=0.2, da;q=0.8", true},
                 {"da;q=0", false},
                 {"dan", false},
                 {"*", false},
                 {"", false},
                 {"fr, da;q=0.1", true},
                 {"da, en", true},
                 {"en, da", false},
                 {" da ;q=1", true},
                 {",,da", true},
                 {"en-GB;q=0.9,da;q=0.9", false}};

START_TEST(danish) {
    char text[256];
    snprintf(text, sizeof text, HEAD "Accept-Language: %s\r\n", languages[_i].languages);
    ck_assert(pass(text));
    ck_assert_msg(r.danish == languages[_i].danish, "%s", languages[_i].languages);
}
END_TEST

int main(void) {
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_good_head_is_kept);
    tcase_add_test(all, bodies);
    tcase_add_test(all, methods);
    tcase_add_loop_test(all, is_refused, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(all, a_hundred_headers_and_one_more);
    tcase_add_test(all, the_longest_url_and_one_more);
    tcase_add_test(all, the_largest_head_and_one_more);
    tcase_add_test(all, a_line_that_does_not_follow_the_one_before);
    tcase_add_test(all, request_ids);
    tcase_add_loop_test(all, danish, 0, (int)(sizeof languages / sizeof *languages));
    return run_suite("http_gate", all);
}
