/* The gates once more, for what the tests of each module leave out: heads in memory as libmicrohttpd leaves them, odd
 * headers, everything said in both languages, forged cursors, and each allocation of many requests failed once: what is
 * refused stays refused, what is good is accepted or answered with 503.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "http_gate.h"
#include "server.h"

#include <errno.h>
#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- allocations that fail on demand; the linker sends them here (tests/unit/meson.build) ---- */

static long allocations, fail_at = -1, failing_head = -1; /* the last: for take_head() */

static bool must_fail(void) {
    return fail_at >= 0 && allocations++ == fail_at;
}

#define WRAPPED(type, name, parameters, arguments, failed)                                                             \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        if (must_fail()) {                                                                                             \
            errno = ENOMEM;                                                                                            \
            return failed;                                                                                             \
        }                                                                                                              \
        return __real_##name arguments;                                                                                \
    }
WRAPPED(void *, malloc, (size_t n), (n), NULL)
WRAPPED(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAPPED(void *, realloc, (void *old, size_t n), (old, n), NULL)
WRAPPED(void *, arena_alloc, (struct arena * a, size_t n), (a, n), NULL)
WRAPPED(char *, arena_copy, (struct arena * a, const char *bytes, size_t n), (a, bytes, n), NULL)
WRAPPED(bool, buffer_reserve, (struct buffer * b, size_t n), (b, n), (b->failed = true, false))
WRAPPED(char *, json_dumps, (const json_t *json, size_t flags), (json, flags), NULL)
WRAPPED(int, regcomp, (regex_t * compiled, const char *pattern, int flags), (compiled, pattern, flags), REG_ESPACE)
WRAPPED(int, regexec, (const regex_t *p, const char *text, size_t n, regmatch_t *m, int flags), (p, text, n, m, flags),
        REG_NOMATCH)
WRAPPED(char *, setlocale, (int category, const char *locale), (category, locale), NULL)

char *__wrap_arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *__wrap_arena_printf(struct arena *a, const char *format, ...) {
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return __wrap_arena_copy(a, text, strlen(text));
}

/* ---- requests without a loop ---- */

static struct request r;

static struct value value(const char *text) {
    return (struct value){text, text == NULL ? 0 : strlen(text)};
}

static void tear_down(void) {
    fail_at = -1;
    json_decref(r.json);
    buffer_free(&r.body);
    buffer_free(&r.reply);
    arena_reset(&r.arena);
    memset(&r, 0, sizeof r);
}

static void begin(const struct operation *op) {
    tear_down();
    r.magic = REQUEST_MAGIC;
    r.op = op;
    r.method = op == NULL ? METHOD_GET : op->method;
    r.target = r.path = "/v1/x";
    r.query = "";
}

/* ---- the head, line by line ---- */

/* "METHOD target version\n" and lines "name:value\n", cut in place as libmicrohttpd does; a bar is a NUL byte. */
static bool take_head(const char *text) {
    static char bytes[20000];
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            bytes[n++] = '\0';
        bytes[n++] = *text == '\n' || *text == '|' ? '\0' : *text;
    }
    char *end = bytes + n, *first = memmem(bytes, n, "\0\0", 2);
    char *target = (char *)memchr(bytes, ' ', n) + 1,
         *version = (char *)memrchr(bytes, ' ', (size_t)(first - bytes)) + 1;
    target[-1] = version[-1] = '\0';
    begin(NULL);
    r.target = r.path = target;
    struct gate_head head;
    fail_at = failing_head;
    gate_line(&head, &r, bytes, target, version);
    for (char *line = version + strlen(version) + 2; line < end;) {
        size_t length = 0;
        while (line[length] != '\0' || line[length + 1] != '\0')
            length++;
        char *colon = memchr(line, ':', length), *start = colon + 1 + strspn(colon + 1, " \t");
        *colon = '\0';
        if (!gate_header(&head, line, (size_t)(colon - line), start, (size_t)(line + length - start)))
            break;
        line += length + 2;
    }
    gate_end(&head, end + 2);
    return gate_check(&head, &r, bytes, version);
}

#define G "GET /v1/x HTTP/1.1\nHost: x\n"
static const struct {
    const char *head, *wrong; /* NULL: nothing is */
} heads[] = {
    {G, NULL},
    {"GET /v1/x HTTP/1.0\n", NULL},
    {"BREW /v1/x HTTP/1.1\nHost: x\n", NULL},
    {"HEAD / HTTP/1.1\nHost:\tx\n", NULL},
    {G "X-A:\ta\tb\n", NULL},
    {G "aZ09!#$%&'*+-.^_`|~: x\n", "token"}, /* the bar is a NUL */
    {G "aZ09!#$%&'*+-.^_`~: x\n", NULL},
    {G ": x\n", "token"},
    {G "X A: x\n", "token"},
    {G "X/: x\n", "token"},
    {G "X@: x\n", "token"},
    {G "X[: x\n", "token"},
    {G "X{: x\n", "token"},
    {G "X\x80: x\n", "token"},
    {G "X-A: a\x01\n", "control"},
    {G "X-A: a\x7f\n", "control"},
    {G "X-A: a|b\n", "control"},
    {G "X-A: \xc3\xb8\n", NULL},
    {"GET /v1/x HTTP/1.1\nX-A: b\n", "Host is missing"},
    {"GET /v1/x HTTP/1.1\nHost:\n", "Host is missing"},
    {G "Host: y\n", "stands twice"},
    {G "Authorization: a\nAuthorization: b\n", "Authorization stands twice"},
    {G "Content-Length: 0\n", NULL},
    {G "Content-Length: 012\n", NULL},
    {G "Content-Length: 999999999999999999\n", NULL},
    {G "Content-Length: 1000000000000000000\n", "not a length"},
    {G "Content-Length:\n", "not a length"},
    {G "Content-Length: +5\n", "not a length"},
    {G "Content-Length: 5:\n", "not a length"},
    {G "Content-Length: 5/\n", "not a length"},
    {G "Content-Length: 5\nTransfer-Encoding: chunked\n", "together"},
    {G "Transfer-Encoding: CHUNKED\n", NULL},
    {G "Transfer-Encoding: gzip\n", "not chunked"},
    {G "Transfer-Encoding: chunkex\n", "not chunked"},
    {G "Expect: 100-Continue\n", NULL},
    {G "Expect: 100-continuex\n", "only 100-continue"},
    {G "Expect: 200-continue\n", "only 100-continue"},
    {"GET v1/x HTTP/1.1\nHost: x\n", "slash"},
    {"GET /v1/a b HTTP/1.1\nHost: x\n", "space too many"},
    {"GET /v1|x HTTP/1.1\nHost: x\n", "space too many"},
    {"GET| /v1/x HTTP/1.1\nHost: x\n", "space too many"},
    {"GET /%41%c3%b8%C3%98/%aB/ HTTP/1.1\nHost: x\n", "not UTF-8"},
    {"GET /%41%c3%b8%C3%98// HTTP/1.1\nHost: x\n", NULL},
    {"GET /a\x1f HTTP/1.1\nHost: x\n", "percent-encoded"},
    {"GET /a\x7f HTTP/1.1\nHost: x\n", "percent-encoded"},
    {"GET /% HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%4 HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%4/1 HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%4g HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%g4 HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%4: HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%4/ HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%`0 HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%G0 HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%-0 HTTP/1.1\nHost: x\n", "hexadecimal"},
    {"GET /%00 HTTP/1.1\nHost: x\n", "%00"},
    {"GET /%2f HTTP/1.1\nHost: x\n", "%2F"},
    {"GET /. HTTP/1.1\nHost: x\n", "dot"},
    {"GET /a/%2e. HTTP/1.1\nHost: x\n", "dot"},
    {"GET /a/.b/c./..d/b. HTTP/1.1\nHost: x\n", NULL},
};

START_TEST(a_head_is_taken_or_refused) {
    bool good = take_head(heads[_i].head);
    ck_assert_msg(good == (heads[_i].wrong == NULL), "%s: %s", heads[_i].head, r.problem_detail);
    if (good) {
        ck_assert_int_eq(r.problem, PROBLEM_NONE);
        return;
    }
    ck_assert_msg(strstr(r.problem_detail, heads[_i].wrong) != NULL, "%s: %s", heads[_i].head, r.problem_detail);
    ck_assert_int_eq(r.stage, STAGE_ANSWERED);
    ck_assert_int_ge(r.status, 400);
}
END_TEST

START_TEST(a_head_is_kept_in_the_request) {
    ck_assert(
        take_head("PATCH /v1/%C3%A6/b HTTP/1.1\nHost: x\nX-Request-Id: abc-1\nIf-Match: \"3\"\nContent-Length: 12\n"
                  "Accept: text/csv\ntraceparent: t\n"));
    ck_assert_int_eq(r.method, METHOD_PATCH);
    ck_assert_uint_eq(r.n_segments, 3);
    ck_assert_str_eq(r.segments[1].text, "æ");
    ck_assert_str_eq(r.id, "abc-1");
    ck_assert(r.has_body && !r.head_only && !r.danish);
    ck_assert_uint_eq(r.content_length, 12);
    ck_assert_str_eq(r.if_match.text, "\"3\"");
    ck_assert(take_head("HEAD /v1/x HTTP/1.1\nHost: x\nContent-Length: 0\n"));
    ck_assert(r.head_only && !r.has_body);
    ck_assert(take_head("NONE /v1/x HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n"));
    ck_assert_int_eq(r.method, N_METHODS);
    ck_assert(r.has_body && r.content_length == CONTENT_CHUNKED);
    /* Ids that could be taken for something else are not the caller's. */
    static const char *const ids[] = {
        "",         "a b",   "a\"b",
        "a\\b",     "<b",    "b>",
        "\xc3\xb8", "a\x7f", "0123456789012345678901234567890123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char head[256];
        snprintf(head, sizeof head, G "X-Request-Id: %s\n", ids[i]);
        take_head(head);
        ck_assert_str_eq(r.id, "");
    }
    char deep[64] = "GET ";
    for (int i = 0; i < 20; i++)
        strcat(deep, "/a");
    strcat(deep, " HTTP/1.1\nHost: x\n");
    ck_assert(take_head(deep)); /* longer than every path: not found */
    ck_assert_uint_gt(r.n_segments, sizeof r.segments / sizeof *r.segments);
}
END_TEST

START_TEST(a_head_without_memory_is_answered_with_503) {
    long n = 0;
    for (bool good = false; !good; n++) {
        allocations = 0;
        failing_head = n;
        good = take_head("GET /v1/a/b HTTP/1.1\nHost: x\n");
        fail_at = failing_head = -1;
        ck_assert(good || r.problem == PROBLEM_OVERLOADED);
    }
    ck_assert_int_ge(n, 3); /* a segment each */
}
END_TEST

START_TEST(a_cache_without_memory_is_none) {
    for (long n = 0; n < 2; n++) {
        allocations = 0;
        fail_at = n;
        struct auth_cache *cache = auth_cache_create(16);
        fail_at = -1;
        ck_assert_ptr_null(cache);
    }
    struct auth_cache *cache = auth_cache_create(16);
    ck_assert_ptr_nonnull(cache);
    auth_cache_destroy(cache);
    ck_assert(!auth_memory_init(malloc, realloc)); /* OpenSSL has allocated: too late to be asked for its memory */
    ck_assert_str_eq(auth_verdict_text((enum auth_verdict)99), "the token is not accepted");
}
END_TEST

START_TEST(there_may_be_a_hundred_headers) {
    char head[8000] = G;
    for (int i = 1; i < 100; i++)
        snprintf(head + strlen(head), sizeof head - strlen(head), "X-%d: y\n", i);
    ck_assert(take_head(head));
    strcat(head, "Accept: x\n");
    ck_assert(!take_head(head));
    ck_assert_int_eq(r.problem, PROBLEM_HEADERS_TOO_LARGE);
}
END_TEST

/* Where a line does not lie right behind the one before it, libmicrohttpd has seen another message than a proxy. */
START_TEST(lines_must_lie_one_behind_the_other) {
    static const char line[] = "Name\0 value\0\0Next\0v\0\0"; /* 4, then at 6: 5 */
    struct gate_head head = {.next = line};
    ck_assert(gate_header(&head, line, 4, line + 6, 5));
    ck_assert_ptr_null(head.wrong);
    ck_assert_ptr_eq(head.next, line + 13);
    ck_assert(gate_header(&head, line + 13, 4, line + 18, 1));
    ck_assert_ptr_null(head.wrong);
    head = (struct gate_head){.next = line + 1};
    gate_header(&head, line, 4, line + 6, 5);
    ck_assert_ptr_nonnull(strstr(head.wrong, "folded"));
    head = (struct gate_head){.next = line};
    gate_header(&head, line, 4, line + 7, 4);
    ck_assert_ptr_nonnull(strstr(head.wrong, "folded"));
    head = (struct gate_head){.next = line};
    gate_header(&head, line, 4, line + 6, 3); /* no CR LF behind it */
    ck_assert_ptr_nonnull(strstr(head.wrong, "folded"));
}
END_TEST

static const struct {
    const char *languages;
    bool danish;
} languages[] = {
    {"da", true},
    {"DA-dk", true},
    {"da;q=0.5", true},
    {" \tda, en;q=0.9", true},
    {"en, da", false},
    {"en;q=0.9, da;q=0.8", false},
    {"da;q=0.8, en;q=0.9", false},
    {"da;q=0", false},
    {"d", false},
    {"dan", false},
    {"", false},
    {"*", false},
    {"en, en;q=0, da;q=0.5", false},
    {"da;q=0.2, da;q=0.7, en;q=0.5", true},
    {"da;q=0.7, da;q=0.2, en;q=0.5", true},
    {"da\tx", true},
    {"de, fr", false},
    {"en;q=0.5,\tda;q=1.000000000", true},
    {",,da", true},
    {"dax, enx, da ", true},
};

START_TEST(danish_is_spoken_to_who_prefers_it) {
    char head[256];
    snprintf(head, sizeof head, G "Accept-Language: %s\n", languages[_i].languages);
    ck_assert(take_head(head));
    ck_assert_msg(r.danish == languages[_i].danish, "%s", languages[_i].languages);
}
END_TEST

/* ---- headers and parameters ---- */

static const struct schema plain = {.types = TYPE_STRING, .max_length = 3000, .pattern = -1};
static const struct schema page = {
    .types = TYPE_INTEGER, .has_minimum = true, .minimum = 1, .has_maximum = true, .maximum = 500, .pattern = -1};
static const struct schema number = {
    .types = TYPE_NUMBER, .has_minimum = true, .minimum = 0, .has_maximum = true, .maximum = 10, .pattern = -1};
static const struct schema wide = {.types = TYPE_NUMBER, .pattern = -1};
static const struct schema flag = {.types = TYPE_BOOLEAN, .pattern = -1};
static const struct schema free_text = {
    .types = TYPE_STRING, .min_length = 2, .max_length = 20, .free_text = true, .pattern = -1};
static struct schema patterned = {.types = TYPE_STRING, .max_length = 20}; /* main() finds one of the contract's */
static const struct schema choice = {
    .types = TYPE_STRING, .pattern = -1, .enumeration = (const char *const[]){"a", "b", NULL}};
#define FORMATTED(name, what) static const struct schema name = {.types = TYPE_STRING, .format = what, .pattern = -1}
FORMATTED(date, FORMAT_DATE);
FORMATTED(month, FORMAT_MONTH);
FORMATTED(date_time, FORMAT_DATE_TIME);
FORMATTED(uuid, FORMAT_UUID);
FORMATTED(uri, FORMAT_URI);
static const struct schema list = {
    .types = TYPE_ARRAY, .pattern = -1, .items = &plain, .min_items = 1, .max_items = 2, .unique_items = true};
static const struct schema any_list = {.types = TYPE_ARRAY, .pattern = -1, .items = &page};
static const struct schema_property thing_properties[] = {
    {"choice", &choice, false}, {"list", &list, false},     {"many", &any_list, false},
    {"month", &month, false},   {"name", &free_text, true}, {"number", &number, false},
    {"size", &page, false},     {"wide", &wide, false},     {"yes", &flag, false}};
static const struct schema thing = {
    .types = TYPE_OBJECT, .pattern = -1, .min_properties = 2, .properties = thing_properties, .n_properties = 9};
static const struct schema open_thing = {.types = TYPE_OBJECT, .pattern = -1, .open = true};

enum { P_LIMIT, P_CURSOR, P_NAME, P_LIST, P_LONG_LIST, P_MATCH, P_PREFER, P_TRACE, P_REQUIRED, N_PARAMETERS };
static const struct parameter parameters[N_PARAMETERS] = {
    {.name = "limit", .in = IN_QUERY, .schema = &page},
    {.name = "cursor", .in = IN_QUERY, .schema = &plain},
    {.name = "name", .in = IN_QUERY, .schema = &free_text},
    {.name = "list", .in = IN_QUERY, .list = true, .max_items = 2, .schema = &choice},
    {.name = "long_list", .in = IN_QUERY, .list = true, .schema = &choice},
    {.name = "If-Match", .in = IN_HEADER, .schema = &plain},
    {.name = "Prefer", .in = IN_HEADER, .schema = &plain},
    {.name = "traceparent", .in = IN_HEADER, .schema = &plain},
    {.name = "kind", .in = IN_QUERY, .required = true, .schema = &patterned},
};
#define BINDING(from, index, name)                                                                                     \
    { from, index, name, 25 }
static const struct binding bindings[] = {
    BINDING(FROM_PARAMETER, P_NAME, "p"),     BINDING(FROM_PARAMETER, P_LIST, "l"),
    BINDING(FROM_LIMIT, 0, "limit"),          BINDING(FROM_CURSOR, 0, "after_1"),
    BINDING(FROM_IF_MATCH, 0, "m"),           BINDING(FROM_BODY, 0, "body"),
    BINDING(FROM_BODY_PROPERTY, 0, "list"),   BINDING(FROM_BODY_PROPERTY, 0, "yes"),
    BINDING(FROM_BODY_PROPERTY, 0, "size"),   BINDING(FROM_BODY_PROPERTY, 0, "wide"),
    BINDING(FROM_PREFER_ROLLBACK, 0, "back"), {FROM_BODY_PROPERTY, 0, "month", 1082},
    BINDING(FROM_BODY_PROPERTY, 0, "name"),
};
static const struct statement statement = {"s", "SELECT", bindings, sizeof bindings / sizeof *bindings,
                                           CARDINALITY_ONE};
static const struct representation representations[] = {{"application/json", NULL, false, NULL},
                                                        {"text/csv", &statement, true, NULL}};
#define OPERATION                                                                                                      \
    .parameters = parameters, .n_parameters = N_PARAMETERS, .representations = representations,                        \
    .n_representations = 2, .statement = &statement
static const struct operation get_thing = {.id = "get_thing", .method = METHOD_GET, OPERATION};
static const struct operation put_thing = {.id = "put_thing", .method = METHOD_PUT, .body = &thing, OPERATION};
static const struct operation upload = {.id = "upload",
                                        .method = METHOD_PUT,
                                        .streams = true,
                                        OPERATION,
                                        .consumes = (const char *const[]){"text/csv", "application/x-ndjson", NULL}};
static const struct operation plain_post = {.id = "plain_post", .method = METHOD_POST, .body = &open_thing};

/* One request, told in full, and what comes of it. */
static const struct asked {
    const struct operation *op;
    const char *query, *accept, *match, *prefer, *type, *coding, *body;
    enum problem_code problem;
    const char *violation; /* code of the first, or NULL */
} asked[] = {
    {&get_thing, "kind=x", .problem = PROBLEM_NONE},
    {&get_thing, NULL, .problem = PROBLEM_INVALID_PARAMETER, .violation = "required"},
    {&get_thing, "kind=%01", .problem = PROBLEM_INVALID_PARAMETER, .violation = "bad_pattern"},
    {&get_thing, "kind=x&name=%09a", .problem = PROBLEM_NONE},
    {&get_thing, "kind=x&name=%01a", .problem = PROBLEM_INVALID_PARAMETER, .violation = "control_character"},
    {&get_thing, "kind=x&name=a%7f", .problem = PROBLEM_INVALID_PARAMETER, .violation = "control_character"},
    {&get_thing, "kind=x&name=a%0d%0ab", .problem = PROBLEM_NONE},
    {&get_thing, "kind=x&name=a", .problem = PROBLEM_INVALID_PARAMETER, .violation = "too_short"},
    {&get_thing, "kind=x&name=aaaaaaaaaaaaaaaaaaaaa", .problem = PROBLEM_INVALID_PARAMETER, .violation = "too_long"},
    {&get_thing, "kind=x&name=010180-1234", .problem = PROBLEM_CPR_NUMBER_NOT_ALLOWED,
     .violation = "cpr_number_not_allowed"},
    {&get_thing, "kind=x&kind=x", .problem = PROBLEM_INVALID_PARAMETER, .violation = "duplicate_parameter"},
    {&get_thing, "kind=x&x=1", .problem = PROBLEM_INVALID_PARAMETER, .violation = "unknown_parameter"},
    {&get_thing, "kind=x&%ff=1", .problem = PROBLEM_INVALID_PARAMETER, .violation = "bad_encoding"},
    {&get_thing, "kind=x&name=%ff", .problem = PROBLEM_INVALID_PARAMETER, .violation = "bad_encoding"},
    {&get_thing, "kind=x&limit=501", .problem = PROBLEM_INVALID_PARAMETER, .violation = "out_of_range"},
    {&get_thing, "kind=x&limit=99999999999999999999", .problem = PROBLEM_INVALID_PARAMETER,
     .violation = "out_of_range"},
    {&get_thing, "kind=x&limit=1.5", .problem = PROBLEM_INVALID_PARAMETER, .violation = "wrong_type"},
    {&get_thing, "kind=x&list=a,b&long_list=a,b,a,b,a", .problem = PROBLEM_NONE},
    {&get_thing, "kind=x&list=a,b,a", .problem = PROBLEM_INVALID_PARAMETER, .violation = "too_many_items"},
    {&get_thing, "kind=x&list=a,c", .problem = PROBLEM_INVALID_PARAMETER, .violation = "not_in_enum"},
    {&get_thing, "kind=x&cursor=AAAA", .problem = PROBLEM_INVALID_CURSOR},
    {&get_thing, "kind=x&limit=10", "text/csv", .problem = PROBLEM_INVALID_PARAMETER, .violation = "not_applicable"},
    {&get_thing, "kind=x", "image/png, text/html;q=1", .problem = PROBLEM_NOT_ACCEPTABLE, .violation = "not_in_enum"},
    {&get_thing, "kind=x", "text/csv;q=0.2, text/csv;q=0.8,\ttext/csv;q=0.3, application/json;q=0.5",
     .problem = PROBLEM_NONE},
    {&get_thing, "kind=x", "text/*;q=0.1, */*;q=1.000, application/*;q=1.001", .problem = PROBLEM_NONE},
    {&get_thing, "kind=x", "text/plai*, texts/*, ;q=1,, \"a\\\"b,c\", text/csv; a=\"x\\\\\"; ; b=\"; c",
     .problem = PROBLEM_NONE},
    {&get_thing, "kind=x", "text/csv;q=, text/csv;q=2, text/csv;q=00, text/csv;q=0.12345, text/csv;q=/",
     .problem = PROBLEM_NOT_ACCEPTABLE, .violation = "not_in_enum"},
    {&get_thing, "kind=x", "text/csv;q=0.:, text/csv;q=0./, text/csv;q=0.1x", .problem = PROBLEM_NOT_ACCEPTABLE,
     .violation = "not_in_enum"},
    {&get_thing, "kind=x", "text/x, abcd/*, text/csv", .problem = PROBLEM_NONE},
    {&put_thing, "kind=x", .type = "application/json; x=y", .body = "{\"name\":\"ab\",\"yes\":true}",
     .problem = PROBLEM_NONE},
    {&get_thing, "kind=x", .match = "*", .problem = PROBLEM_NONE},
    {&get_thing, "kind=x", .match = "W/\"1\", W/\"2\"", .problem = PROBLEM_PRECONDITION_FAILED},
    {&get_thing, "kind=x", .match = "W/x", .problem = PROBLEM_INVALID_PARAMETER, .violation = "bad_pattern"},
    {&get_thing, "kind=x", .match = "\"a\"b\"", .problem = PROBLEM_INVALID_PARAMETER, .violation = "bad_pattern"},
    {&get_thing, "kind=x", .match = "\"a\", \"b\"", .problem = PROBLEM_INVALID_PARAMETER,
     .violation = "too_many_items"},
    {&get_thing, "kind=x", .match = "\"abc\"", .problem = PROBLEM_NONE},
    {&put_thing, "kind=x", .prefer = "tx=rollback", .problem = PROBLEM_NONE},
    {&put_thing, "kind=x", .prefer = ";x, tx=", .problem = PROBLEM_INVALID_PARAMETER, .violation = "not_in_enum"},
    {&plain_post, "", .prefer = "tx=rollback", .problem = PROBLEM_INVALID_PARAMETER, .violation = "not_applicable"},
    {&put_thing, "kind=x", .type = "text/plain", .body = "{}", .problem = PROBLEM_UNSUPPORTED_MEDIA_TYPE,
     .violation = "not_in_enum"},
    {&put_thing, "kind=x", .type = "application/json; charset=latin1", .body = "{}",
     .problem = PROBLEM_UNSUPPORTED_MEDIA_TYPE, .violation = "not_in_enum"},
    {&put_thing, "kind=x", .type = "application/json", .coding = "br", .body = "{}",
     .problem = PROBLEM_UNSUPPORTED_MEDIA_TYPE, .violation = "not_in_enum"},
    {&upload, "kind=x", .type = "text/plain", .body = "x", .problem = PROBLEM_UNSUPPORTED_MEDIA_TYPE,
     .violation = "not_in_enum"},
    {&upload, "kind=x", .type = "text/csv", .coding = "br", .body = "x", .problem = PROBLEM_UNSUPPORTED_MEDIA_TYPE,
     .violation = "not_in_enum"},
    {&get_thing, "kind=x", .body = "x", .problem = PROBLEM_INVALID_BODY},
#define BODY(text, ...)                                                                                                \
    { &put_thing, "kind=x", .type = "application/json", .body = text, __VA_ARGS__ }
    BODY("{\"name\":\"ab\",\"yes\":true}", .problem = PROBLEM_NONE),
    BODY("{\"name\":\"ab\",\"yes\":false,\"list\":[\"x\"],\"many\":[1,1],\"wide\":-1e3,\"size\":7,\"month\":\"2026-"
         "03\"}",
         .problem = PROBLEM_NONE),
    BODY("{\"name\":\"ab\",\"list\":null}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "wrong_type"),
    BODY("{\"name\":\"ab\"}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "too_few_properties"),
    BODY("{\"yes\":true,\"size\":1}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "required"),
    BODY("{\"name\":\"ab\",\"a/b~c\":1}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "unknown_property"),
    BODY("{\"name\":\"ab\",\"list\":[]}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "too_few_items"),
    BODY("{\"name\":\"ab\",\"list\":[\"a\",\"b\",\"c\"]}", .problem = PROBLEM_VALIDATION_FAILED,
         .violation = "too_many_items"),
    BODY("{\"name\":\"ab\",\"list\":[\"a\",\"a\"]}", .problem = PROBLEM_VALIDATION_FAILED,
         .violation = "duplicate_item"),
    BODY("{\"name\":\"ab\",\"number\":-0.5}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "out_of_range"),
    BODY("{\"name\":\"ab\",\"number\":10.5}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "out_of_range"),
    BODY("{\"name\":\"ab\",\"size\":0}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "out_of_range"),
    BODY("{\"name\":\"ab\",\"month\":\"2026-13\"}", .problem = PROBLEM_VALIDATION_FAILED, .violation = "bad_format"),
    BODY("{\"name\":\"010180 1234\",\"size\":1}", .problem = PROBLEM_CPR_NUMBER_NOT_ALLOWED,
         .violation = "cpr_number_not_allowed"),
    BODY("}{\"a\":[]]", .problem = PROBLEM_MALFORMED_JSON),
};

static enum problem_code ask(const struct asked *a, bool danish, long failing) {
    begin(a->op);
    r.danish = danish;
    r.query = a->query;
    r.accept = value(a->accept);
    r.if_match = value(a->match);
    r.prefer = value(a->prefer);
    r.content_type = value(a->type);
    r.content_encoding = value(a->coding);
    r.has_body = a->body != NULL;
    if (a->body != NULL)
        buffer_text(&r.body, a->body);
    fail_at = failing;
    enum problem_code problem = bind_head(&r);
    if (problem == PROBLEM_NONE && !a->op->streams)
        problem = bind_body(&r);
    return problem;
}

static const char *first_code(void) {
    return r.n_violations > 0 ? r.violations[0].code : NULL;
}

static bool same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

START_TEST(the_same_is_said_in_both_languages) {
    const struct asked *a = &asked[_i];
    ck_assert_int_eq(ask(a, false, -1), a->problem);
    ck_assert_msg(same(first_code(), a->violation), "%s", first_code());
    char english[600] = "", where[200] = "";
    if (a->violation != NULL) {
        snprintf(english, sizeof english, "%s", r.violations[0].detail);
        snprintf(where, sizeof where, "%s", r.violations[0].pointer);
    }
    ck_assert_int_eq(ask(a, true, -1), a->problem);
    ck_assert_msg(same(first_code(), a->violation), "%s", first_code());
    if (a->violation != NULL) {
        ck_assert_str_eq(r.violations[0].pointer, where);
        ck_assert_msg(strcmp(r.violations[0].detail, english) != 0, "the same in both languages: %s", english);
    }
}
END_TEST

/* The heart of it: whatever allocation fails, what is refused is refused, for its own reason or for want of memory. */
START_TEST(each_allocation_fails_once) {
    const struct asked *a = &asked[_i / 2];
    for (long n = 0;; n++) {
        allocations = 0;
        enum problem_code problem = ask(a, _i % 2 == 1, n);
        bool arguments = problem == PROBLEM_NONE && !a->op->streams && a->op->statement != NULL;
        bool bound = arguments && bind_arguments(&r, a->op->statement);
        bool reached = allocations > n;
        fail_at = -1;
        ck_assert_msg(problem == a->problem || (reached && problem == PROBLEM_OVERLOADED), "allocation %ld: %d", n,
                      problem);
        if (problem == a->problem && a->violation != NULL)
            ck_assert_msg(same(first_code(), a->violation), "allocation %ld: %s", n, first_code());
        ck_assert(!arguments || bound || reached);
        if (!reached)
            break;
        ck_assert_int_lt(n, 500);
    }
}
END_TEST

START_TEST(a_body_where_none_is_taken) {
    begin(&get_thing);
    buffer_text(&r.body, "x");
    ck_assert_int_eq(bind_body(&r), PROBLEM_INVALID_BODY);
    begin(&put_thing);
    r.body.failed = true;
    ck_assert_int_eq(bind_body(&r), PROBLEM_OVERLOADED);
    begin(&plain_post);
    buffer_text(&r.body, "{\"anything\":[true,null]}");
    ck_assert_int_eq(bind_body(&r), PROBLEM_NONE);
}
END_TEST

START_TEST(a_property_that_the_contract_does_not_know_is_no_argument) {
    static const struct binding wrong = BINDING(FROM_BODY_PROPERTY, 0, "other");
    static const struct statement s = {"s", "SELECT", &wrong, 1, CARDINALITY_ONE};
    begin(&plain_post);
    buffer_text(&r.body, "{\"other\":\"x\"}");
    ck_assert_int_eq(bind_body(&r), PROBLEM_NONE);
    ck_assert(!bind_arguments(&r, &s));
    static const struct binding match =
        BINDING(FROM_IF_MATCH, 0, "if_match"); /* of an operation that has no If-Match */
    static const struct statement other = {"s", "SELECT", &match, 1, CARDINALITY_ONE};
    ck_assert(bind_arguments(&r, &other));
    ck_assert_ptr_null(r.arguments[0]);
}
END_TEST

/* ---- cursors ---- */

START_TEST(a_forged_cursor_is_refused) {
    static const char *const one[] = {"a"};
    static const struct {
        const char *tail;
        size_t n;
        bool good;
    } tails[] = {
        {"\0\1a", 3, true},
        {"\0\1a\xff\xff\0\0", 7, true}, /* NULL, and an empty text */
        {"\0\1", 2, false},             /* longer than what is there */
        {"\0", 1, false},
        {"\0\2a\0", 4, false},   /* a NUL */
        {"\0\2a\xff", 4, false}, /* not UTF-8 */
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, true},
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18, false}, /* more keys than any list has */
    };
    unsigned char bytes[200];
    char text[300], query[400];
    begin(&get_thing);
    r.query = "kind=x";
    ck_assert_int_eq(bind_head(&r), PROBLEM_NONE);
    const char *url = bind_next_url(&r, one, 1), *cursor = strstr(url, "cursor=") + 7;
    size_t n = text_from_base64url(cursor, strlen(cursor), bytes, sizeof bytes);
    ck_assert_uint_eq(n, 9 + 3);
    for (size_t i = 0; i <= sizeof tails / sizeof *tails; i++) {
        size_t length = 9;
        if (i < sizeof tails / sizeof *tails) {
            memcpy(bytes + 9, tails[i].tail, tails[i].n);
            length += tails[i].n;
        } else {
            bytes[0]++; /* of another version */
            length += 3;
        }
        ck_assert_uint_ne(text_to_base64url(bytes, length, text, sizeof text), (size_t)-1);
        snprintf(query, sizeof query, "kind=x&cursor=%s", text);
        begin(&get_thing);
        r.query = query;
        bool good = i < sizeof tails / sizeof *tails && tails[i].good;
        ck_assert_int_eq(bind_head(&r), good ? PROBLEM_NONE : PROBLEM_INVALID_CURSOR);
        ck_assert(good == (r.n_cursor > 0));
    }
    for (long at = 0; at < 8; at++) { /* and with memory missing */
        memcpy(bytes + 9, "\0\1a", 3);
        bytes[0] = 1;
        text_to_base64url(bytes, 12, text, sizeof text);
        snprintf(query, sizeof query, "kind=x&cursor=%s", text);
        begin(&get_thing);
        r.query = query;
        allocations = 0;
        fail_at = at;
        enum problem_code problem = bind_head(&r);
        bool reached = allocations > at;
        fail_at = -1;
        ck_assert(problem == PROBLEM_NONE || (reached && problem == PROBLEM_OVERLOADED));
    }
}
END_TEST

START_TEST(keys_that_no_cursor_holds) {
    static char huge[70000];
    memset(huge, 'a', sizeof huge - 1);
    const char *many[9] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"}, *large[] = {huge};
    begin(&get_thing);
    r.query = "kind=x&name=a%20b%C3%B8";
    ck_assert_int_eq(bind_head(&r), PROBLEM_NONE);
    ck_assert_ptr_nonnull(bind_next_url(&r, many, 8));
    ck_assert_ptr_null(bind_next_url(&r, many, 9));
    ck_assert_ptr_null(bind_next_url(&r, large, 1));
    for (long at = 0; at < 3; at++) {
        allocations = 0;
        fail_at = at;
        const char *url = bind_next_url(&r, many, 1);
        bool reached = allocations > at;
        fail_at = -1;
        ck_assert(reached ? url == NULL || strstr(url, "cursor=") != NULL : url != NULL);
    }
}
END_TEST

/* ---- texts ---- */

static const struct {
    const struct schema *schema;
    const char *text;
    bool good;
} texts[] = {
    {&date_time, "2026-03-01T12:00:00Z", true},
    {&date_time, "2026-03-01T12:00:00.123456789+15:59", true},
    {&date_time, "2026-03-01T12:00:00-01:00", true},
    {&date_time, "2026-03-01T12:00:00.+01:00", false},
    {&date_time, "2026-03-01T12:00:00.1234567890Z", false},
    {&date_time, "2026-03-01 12:00:00Z", false},
    {&date_time, "2026-03-01T12-00:00Z", false},
    {&date_time, "2026-03-01T12:00-00Z", false},
    {&date_time, "2026-02-30T12:00:00Z", false},
    {&date_time, "2026-03-01T24:00:00Z", false},
    {&date_time, "2026-03-01T12:60:00Z", false},
    {&date_time, "2026-03-01T12:00:60Z", false},
    {&date_time, "2026-03-01T1/:00:00Z", false},
    {&date_time, "2026-03-01T:2:00:00Z", false},
    {&date_time, "2026-03-01T12:00:00Zx", false},
    {&date_time, "2026-03-01T12:00:00x01:00", false},
    {&date_time, "2026-03-01T12:00:00+01:000", false},
    {&date_time, "2026-03-01T12:00:00+01-00", false},
    {&date_time, "2026-03-01T12:00:00+16:00", false},
    {&date_time, "2026-03-01T12:00:00+01:60", false},
    {&date_time, "2026-03-01T12:00:00+0:0:0", false},
    {&date_time, "2026-03-01", false},
    {&uri, "https://a.example/b?c=%20", true},
    {&uri, "urn:x", true},
    {&uri, "1a:x", false},
    {&uri, "https:", false},
    {&uri, "nothing", false},
    {&uri, "", false},
    {&uri, "a:b c", false},
    {&uri, "://x", false},
    {&uuid, "00000000-0000-0000-0000-00000000afAF", true},
    {&uuid, "00000000-0000-0000-0000-00000000000", false},
    {&uuid, "00000000x0000-0000-0000-000000000000", false},
    {&uuid, "0000000g-0000-0000-0000-000000000000", false},
    {&uuid, "0000000/-0000-0000-0000-000000000000", false},
    {&uuid, "0000000:-0000-0000-0000-000000000000", false},
    {&uuid, "0000000@-0000-0000-0000-000000000000", false},
    {&uuid, "0000000`-0000-0000-0000-000000000000", false},
    {&uuid, "0000000G-0000-0000-0000-000000000000", false},
    {&date, "2024-02-29", true},
    {&date, "2023-02-29", false},
    {&month, "2024-12", true},
    {&month, "2024-00", false},
    {&flag, "true", true},
    {&flag, "false", true},
    {&flag, "1", false},
    {&wide, "-1.5e+3", true},
    {&wide, "1E-3", true},
    {&wide, "1e5", true},
    {&wide, "1e", false},
    {&wide, "1e+", false},
    {&wide, "1.", false},
    {&wide, "01", false},
    {&wide, "-", false},
    {&wide, "", false},
    {&wide, "0", true},
    {&wide, "1x", false},
    {&wide, "11111111111111111111111111111111111111111", false},
    {&number, "-0.1", false},
    {&number, "10", true},
    {&number, "10.1", false},
    {&page, "1e1", false},
    {&page, "0", false},
    {&page, "501", false},
    {&page, "99999999999999999999", false},
    {&page, "-99999999999999999999", false},
};

START_TEST(texts_have_their_form) {
    begin(&get_thing);
    schema_check_text(&r, texts[_i].schema, value(texts[_i].text), "query/x");
    ck_assert_msg((r.n_violations == 0) == texts[_i].good, "%s", texts[_i].text);
}
END_TEST

START_TEST(a_hundred_violations_are_enough) {
    struct buffer b = {0};
    buffer_text(&b, "{\"name\":\"ab\",\"many\":[");
    for (int i = 0; i < 150; i++)
        buffer_text(&b, i == 0 ? "0" : ",0");
    buffer_text(&b, "],\"u1\":1,\"u2\":1}");
    begin(&put_thing);
    buffer_add(&r.body, b.bytes, b.length);
    ck_assert_int_eq(bind_body(&r), PROBLEM_VALIDATION_FAILED);
    ck_assert_uint_eq(r.n_violations, MAX_VIOLATIONS);
    begin(&put_thing);
    b.length = 0;
    buffer_char(&b, '{');
    for (int i = 0; i < 150; i++)
        buffer_format(&b, "%s\"u%d\":1", i == 0 ? "" : ",", i);
    buffer_char(&b, '}');
    buffer_add(&r.body, b.bytes, b.length);
    ck_assert_int_eq(bind_body(&r), PROBLEM_VALIDATION_FAILED);
    ck_assert_uint_eq(r.n_violations, MAX_VIOLATIONS);
    buffer_free(&b);
}
END_TEST

/* ---- starting without memory ---- */

static bool patterns_are_compiled_or_not_at_all(void) {
    long n = 0;
    for (;; n++) {
        allocations = 0;
        fail_at = n;
        bool done = schema_init();
        bool reached = allocations > n;
        fail_at = -1;
        if (done)
            return !reached && n > 2 && schema_init();
        if (!reached)
            return false;
    }
}

int main(void) {
    json_memory_init(malloc);
    bool started = patterns_are_compiled_or_not_at_all();
    if (!started) {
        fprintf(stderr, "schema_init() with memory missing\n");
        return 1;
    }
    for (patterned.pattern = 0; patterned.pattern < (int)n_schema_patterns; patterned.pattern++) {
        begin(&get_thing);
        schema_check_text(&r, &patterned, value("x"), "query/kind");
        size_t violations = r.n_violations;
        schema_check_text(&r, &patterned, value("\x01"), "query/kind");
        if (violations == 0 && r.n_violations == 1)
            break;
    }
    TCase *tcase = tcase_create("gates");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
#define LOOP(test, table) tcase_add_loop_test(tcase, test, 0, (int)(sizeof table / sizeof *table))
    LOOP(a_head_is_taken_or_refused, heads);
    tcase_add_test(tcase, a_head_is_kept_in_the_request);
    tcase_add_test(tcase, a_head_without_memory_is_answered_with_503);
    tcase_add_test(tcase, a_cache_without_memory_is_none);
    tcase_add_test(tcase, there_may_be_a_hundred_headers);
    tcase_add_test(tcase, lines_must_lie_one_behind_the_other);
    LOOP(danish_is_spoken_to_who_prefers_it, languages);
    LOOP(the_same_is_said_in_both_languages, asked);
    tcase_add_loop_test(tcase, each_allocation_fails_once, 0, 2 * (int)(sizeof asked / sizeof *asked));
    tcase_add_test(tcase, a_body_where_none_is_taken);
    tcase_add_test(tcase, a_property_that_the_contract_does_not_know_is_no_argument);
    tcase_add_test(tcase, a_forged_cursor_is_refused);
    tcase_add_test(tcase, keys_that_no_cursor_holds);
    LOOP(texts_have_their_form, texts);
    tcase_add_test(tcase, a_hundred_violations_are_enough);
    return run_suite("gates", tcase);
}
