/* Tests of what of the library needs no server: memory, errors, the cache, streams, signed events, options.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "internal.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- memory ---- */

START_TEST(an_arena_gives_zeroes_apart_and_aligned) {
    struct mk_arena *arena = mk_arena_create();
    static const size_t sizes[] = {0, 1, 17, 1000, 1024, 5000, 100000, 3, 64 * 1024};
    char *given[9];
    for (size_t i = 0; i < 9; i++) {
        given[i] = mk_arena_alloc(arena, sizes[i]);
        ck_assert_ptr_nonnull(given[i]);
        ck_assert_uint_eq((uintptr_t)given[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            ck_assert_int_eq(given[i][k], 0);
        memset(given[i], (int)('a' + i), sizes[i]);
    }
    for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            ck_assert_int_eq(given[i][k], (int)('a' + i));
    ck_assert_ptr_null(mk_arena_alloc(arena, SIZE_MAX));
    ck_assert_ptr_null(mk_arena_alloc(arena, SIZE_MAX - 8));
    ck_assert_str_eq(mk_arena_text(arena, "abc", 2), "ab");
    mk_arena_destroy(arena);
    mk_arena_destroy(NULL);
}
END_TEST

START_TEST(a_buffer_grows_to_its_limit_and_then_stays_failed) {
    struct mk_buffer b = {.limit = 1000};
    for (int i = 0; i < 100; i++)
        mk_buffer_add_text(&b, "0123456789");
    ck_assert(!b.failed);
    ck_assert_uint_eq(b.n, 1000);
    ck_assert_uint_eq(strlen(b.bytes), 1000);
    mk_buffer_add(&b, "x", 1);
    ck_assert(b.failed && b.too_large);
    mk_buffer_add(&b, "", 0);
    ck_assert_uint_eq(b.n, 1000);
    mk_buffer_clear(&b);
    ck_assert(!b.failed && b.bytes == NULL && b.limit == 1000);
    mk_buffer_add(&b, "a\0b", 3);
    ck_assert_mem_eq(b.bytes, "a\0b", 4);
    mk_buffer_add(&b, "", SIZE_MAX - 1);
    ck_assert(b.failed);
    mk_buffer_clear(&b);
}
END_TEST

/* ---- errors ---- */

static mk_response *make_response(int status, const char *type, const char *body) {
    mk_response *r = calloc(1, sizeof *r);
    r->status = status;
    mk_buffer_add(&r->head, "Content-Type", 13);
    mk_buffer_add(&r->head, type, strlen(type) + 1);
    mk_buffer_add(&r->head, "X-Request-Id", 13);
    mk_buffer_add(&r->head, "from-head", 10);
    mk_buffer_add_text(&r->body, body);
    return r;
}

START_TEST(a_problem_is_told_in_full) {
    mk_error error = MK_ERROR_INIT;
    mk_response *r = make_response(
        422, "application/problem+json",
        "{\"code\": \"bad_content\", \"title\": \"T\", \"detail\": \"D\\nE\", \"status\": 422,"
        "\"request_id\": \"from-body\", \"errors\": [{\"pointer\": \"/a/0\", \"code\": \"c1\", \"detail\": "
        "\"d1\"}, {\"code\": \"c2\", \"detail\": \"d2\"}, 7]}");
    r->retry_after_s = 5;
    ck_assert_int_eq(mk_fail_response(&error, r), MK_ERR_REFUSED);
    ck_assert_int_eq(error.code, MK_ERR_REFUSED);
    ck_assert_int_eq(error.status, 422);
    ck_assert_int_eq(error.retry_after_s, 5);
    ck_assert_str_eq(error.problem, "bad_content");
    ck_assert_str_eq(error.request_id, "from-body");
    ck_assert_uint_eq(error.n_details, 3);
    ck_assert_str_eq(error.details[0].pointer, "/a/0");
    ck_assert_str_eq(error.details[0].code, "c1");
    ck_assert_str_eq(error.details[0].detail, "d1");
    ck_assert_ptr_null(error.details[1].pointer);
    ck_assert_str_eq(error.details[2].code, "");
    ck_assert_str_eq(error.message, "T: D E; /a/0 d1; d2; ");
    ck_assert_ptr_nonnull(strstr(error.json, "\"from-body\""));
    mk_response_free(r);
    ck_assert_int_eq(mk_fail(&error, MK_ERR_FILE, "%s", error.problem), MK_ERR_FILE); /* its own text as an argument */
    ck_assert_str_eq(error.message, "bad_content");
    ck_assert_str_eq(error.problem, "");
    ck_assert_uint_eq(error.n_details, 0);
    ck_assert_ptr_null(error.json);
    mk_error_clear(&error);
    mk_error_clear(&error);
    ck_assert_uint_eq(error.size, sizeof error);
}
END_TEST

START_TEST(refused_lines_are_details) {
    mk_error error = MK_ERROR_INIT;
    mk_response *r = make_response(
        422, "application/problem+json",
        "{\"code\": \"delivery_rejected\", \"title\": \"T\", \"rejections\": [{\"line\": 3, \"column\": "
        "\"hospital\", \"code\": \"u\", \"detail\": \"d\"}, {\"line\": 4, \"code\": \"v\", \"detail\": \"e\"}]}");
    mk_fail_response(&error, r);
    ck_assert_uint_eq(error.n_details, 2);
    ck_assert_str_eq(error.details[0].pointer, "line/3/hospital");
    ck_assert_str_eq(error.details[1].pointer, "line/4");
    mk_response_free(r);
    mk_error_clear(&error);
}
END_TEST

static const struct {
    int status, code;
    const char *type, *body;
} odd_answers[] = {{502, MK_ERR_SERVER, "text/html", "<html>"},
                   {500, MK_ERR_SERVER, "application/json", ""},
                   {404, MK_ERR_REFUSED, "application/problem+json", "{{{"},
                   {404, MK_ERR_REFUSED, "application/problem+json", "[1]"},
                   {404, MK_ERR_REFUSED, "application/problem+json", "{\"code\": 7}"},
                   {404, MK_ERR_REFUSED, "application/problem+json", "{\"code\": \"\"}"}};

START_TEST(an_answer_that_is_no_problem_is_told_by_its_status) {
    mk_error error = MK_ERROR_INIT;
    mk_response *r = make_response(odd_answers[_i].status, odd_answers[_i].type, odd_answers[_i].body);
    ck_assert_int_eq(mk_fail_response(&error, r), odd_answers[_i].code);
    ck_assert_int_eq(error.status, odd_answers[_i].status);
    ck_assert_str_eq(error.problem, "");
    ck_assert_str_eq(error.request_id, "from-head");
    ck_assert_ptr_null(error.json);
    ck_assert_ptr_nonnull(strstr(error.message, "the server answered"));
    ck_assert_int_eq(mk_fail_response(NULL, r), odd_answers[_i].code);
    mk_response_free(r);
    mk_error_clear(&error);
}
END_TEST

START_TEST(a_message_is_cut_between_characters) {
    mk_error error = MK_ERROR_INIT;
    char text[1200];
    for (size_t pad = 0; pad < 4; pad++) {
        static const char *const letters[] = {"\xc3\xa6", "\xe2\x82\xac", "\xf0\x9f\x92\x8a"};
        for (size_t l = 0; l < 3; l++) {
            memset(text, 'x', pad);
            text[pad] = '\0';
            while (strlen(text) < 1000)
                strcat(text, letters[l]);
            mk_fail(&error, MK_ERR_FILE, "%s", text);
            size_t n = strlen(error.message), width = strlen(letters[l]);
            ck_assert_uint_eq((n - pad) % width, 0);
            ck_assert_uint_gt(n, sizeof error.message - 1 - width);
            ck_assert_mem_eq(error.message, text, n);
        }
    }
    mk_error_clear(&error);
}
END_TEST

START_TEST(an_error_that_was_not_set_up_is_left_alone) {
    mk_error error;
    memset(&error, 0xAA, sizeof error);
    error.size = 0;
    mk_error before = error;
    ck_assert_int_eq(mk_fail(&error, MK_ERR_FILE, "x"), MK_ERR_FILE);
    mk_error_clear(&error);
    ck_assert_mem_eq(&error, &before, sizeof error);
    ck_assert_int_eq(mk_fail(NULL, MK_ERR_FILE, "x"), MK_ERR_FILE);
    mk_error_clear(NULL);
    ck_assert_str_eq(mk_code_name(MK_ERR_UNVERIFIED), "MK_ERR_UNVERIFIED");
    ck_assert_str_eq(mk_code_name(MK_OK), "MK_OK");
    ck_assert_str_eq(mk_code_name(77), "unknown");
}
END_TEST

START_TEST(a_problem_that_is_all_too_large_is_told_by_its_status) {
    mk_error error = MK_ERROR_INIT;
    struct mk_buffer body = {.limit = 0};
    mk_buffer_add_text(&body, "{\"code\": \"bad\", \"errors\": [0");
    for (int i = 0; i < 1500000; i++)
        mk_buffer_add_text(&body, ",1");
    mk_buffer_add_text(&body, "]}");
    mk_response *r = make_response(422, "application/problem+json", body.bytes);
    ck_assert_int_eq(mk_fail_response(&error, r), MK_ERR_REFUSED);
    ck_assert_str_eq(error.message, "the server answered 422");
    ck_assert_str_eq(error.request_id, "from-head");
    ck_assert_ptr_null(error.memory);
    mk_response_free(r);
    mk_buffer_clear(&body);
    mk_error_clear(&error);
}
END_TEST

/* Programs of other headers: each member that their struct has is filled, and nothing past its end. */
START_TEST(errors_of_older_and_newer_programs) {
    static const size_t sizes[] = {
        offsetof(mk_error, problem), offsetof(mk_error, n_details),       offsetof(mk_error, json),
        offsetof(mk_error, memory),  offsetof(mk_error, idempotency_key), sizeof(mk_error),
        sizeof(mk_error) + 16};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        union {
            mk_error error;
            unsigned char bytes[sizeof(mk_error) + 32];
        } e;
        size_t size = sizes[i];
        memset(&e, 0, sizeof e);
        memset(e.bytes + size, 0xAA, sizeof e - size);
        e.error.size = size;
        mk_response *r = make_response(422, "application/problem+json",
                                       "{\"code\": \"bad\", \"title\": \"T\", \"errors\": [{\"code\": \"c\"}]}");
        for (int twice = 0; twice < 2; twice++)
            ck_assert_int_eq(mk_fail_response(&e.error, r), MK_ERR_REFUSED);
        mk_error_tell_key(&e.error, "key");
        mk_response_free(r);
        ck_assert_uint_eq(e.error.size, size);
        ck_assert_int_eq(e.error.code, MK_ERR_REFUSED);
        ck_assert_int_eq(e.error.status, 422);
        if (size > offsetof(mk_error, problem)) {
            ck_assert_str_eq(e.error.problem, "bad");
            ck_assert_str_eq(e.error.message, "T; ");
            ck_assert_str_eq(e.error.request_id, "from-head");
        }
        bool whole = size >= offsetof(mk_error, idempotency_key); /* details live as long as `memory` is known */
        if (size > offsetof(mk_error, n_details))
            ck_assert_uint_eq(e.error.n_details, whole);
        if (whole)
            ck_assert_str_eq(e.error.details[0].code, "c");
        if (size >= sizeof(mk_error))
            ck_assert_str_eq(e.error.idempotency_key, "key");
        mk_error_clear(&e.error);
        for (size_t k = sizeof size; k < sizeof e; k++)
            ck_assert_uint_eq(e.bytes[k], k < size ? 0 : 0xAA);
    }
}
END_TEST

/* ---- the cache ---- */

START_TEST(the_cache_keeps_what_was_used_last) {
    struct mk_cache *cache = mk_cache_create(1000);
    char body[300];
    const char *etag = NULL;
    size_t n = 0;
    memset(body, 'x', sizeof body);
    mk_cache_store(cache, "/a", "a/b", "\"1\"", body, sizeof body);
    mk_cache_store(cache, "/b", "a/b", "\"2\"", body, sizeof body);
    ck_assert_ptr_nonnull(mk_cache_body(cache, "/a", "a/b", &n, &etag));
    ck_assert_uint_eq(n, sizeof body);
    ck_assert_str_eq(etag, "\"1\"");
    mk_cache_store(cache, "/c", "a/b", "\"3\"", body, sizeof body); /* no room for three: /b goes */
    ck_assert_ptr_null(mk_cache_body(cache, "/b", "a/b", &n, &etag));
    ck_assert_ptr_nonnull(mk_cache_body(cache, "/a", "a/b", &n, &etag));
    ck_assert_ptr_nonnull(mk_cache_body(cache, "/c", "a/b", &n, &etag));
    mk_cache_store(cache, "/a", "a/b", "\"4\"", "new", 3);
    ck_assert_str_eq(mk_cache_body(cache, "/a", "a/b", &n, &etag), "new");
    ck_assert_str_eq(mk_cache_etag(cache, "/a"), "\"4\"");
    ck_assert_ptr_null(mk_cache_body(cache, "/a", "a/c", &n, &etag)); /* of another kind */
    mk_cache_drop_bodies(cache);
    mk_cache_drop_bodies(NULL);
    ck_assert_ptr_null(mk_cache_body(cache, "/a", "a/b", &n, &etag));
    ck_assert_str_eq(mk_cache_etag(cache, "/a"), "\"4\"");
    ck_assert_str_eq(mk_cache_etag(cache, "/c"), "\"3\"");
    mk_cache_store(cache, "/c", "a/b", "\"3\"", body, sizeof body); /* and there is room for as much as before */
    mk_cache_store(cache, "/d", "a/b", "\"3\"", body, sizeof body);
    ck_assert_ptr_nonnull(mk_cache_body(cache, "/c", "a/b", &n, &etag));
    ck_assert_ptr_nonnull(mk_cache_body(cache, "/d", "a/b", &n, &etag));
    char large[2000] = "";
    mk_cache_store(cache, "/a", "a/b", "\"5\"", large, sizeof large); /* too large: its tag alone */
    ck_assert_ptr_null(mk_cache_body(cache, "/a", "a/b", &n, &etag));
    ck_assert_str_eq(mk_cache_etag(cache, "/a"), "\"5\"");
    mk_cache_store(cache, "/a", "a/b", NULL, "x", 1);
    ck_assert_ptr_null(mk_cache_etag(cache, "/a"));
    mk_cache_forget(cache, "/c");
    mk_cache_forget(cache, "/never");
    ck_assert_ptr_null(mk_cache_etag(cache, "/c"));
    mk_cache_destroy(cache);
    mk_cache_destroy(NULL);
}
END_TEST

START_TEST(the_cache_is_bounded) {
    struct mk_cache *cache = mk_cache_create(0);
    char path[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(path, sizeof path, "/%d", i);
        mk_cache_store(cache, path, "a/b", "\"t\"", "body", 4);
    }
    int known = 0;
    size_t n;
    const char *etag;
    for (int i = 0; i < 3000; i++) {
        snprintf(path, sizeof path, "/%d", i);
        known += mk_cache_etag(cache, path) != NULL;
        ck_assert_ptr_null(mk_cache_body(cache, path, "a/b", &n, &etag));
    }
    ck_assert_int_eq(known, 1024);
    ck_assert_ptr_nonnull(mk_cache_etag(cache, "/2999"));
    mk_cache_destroy(cache);
}
END_TEST

/* ---- streams ---- */

struct pattern {
    size_t n, at, piece; /* piece: how much it gives at a time */
    long fails_at;       /* -1: never */
};

static char pattern_byte(size_t i) {
    return "2021-07,AHH,J01CA04,143.45\n"[i * 7919 / 13 % 27];
}

static long read_pattern(void *user, void *to, size_t n) {
    struct pattern *p = user;
    if (p->fails_at >= 0 && (long)p->at >= p->fails_at)
        return -1;
    if (n > p->piece)
        n = p->piece;
    if (n > p->n - p->at)
        n = p->n - p->at;
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = pattern_byte(p->at + i);
    p->at += n;
    return (long)n;
}

static int rewind_pattern(void *user) {
    ((struct pattern *)user)->at = 0;
    return 0;
}

static mk_source source_of(struct pattern *p) {
    return (mk_source){.size = sizeof(mk_source), .read = read_pattern, .rewind = rewind_pattern, .user = p};
}

/* All that goes out, read `room` at a time. */
static struct mk_buffer drain(struct mk_outflow *flow, size_t room) {
    struct mk_buffer all = {0};
    char piece[100000];
    int code = MK_OK;
    for (long n; (n = mk_outflow_read(flow, piece, room, &code)) != 0;) {
        ck_assert_int_gt(n, 0);
        mk_buffer_add(&all, piece, (size_t)n);
    }
    ck_assert_int_eq(mk_outflow_read(flow, piece, room, &code), 0); /* and stays at its end */
    return all;
}

static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 1000000};

START_TEST(gzip_on_the_way_comes_back_and_does_not_depend_on_pieces) {
    struct pattern p = {.n = sizes[_i], .piece = 100000, .fails_at = -1};
    mk_source source = source_of(&p);
    struct mk_outflow *flow = mk_outflow_create(&source, true);
    struct mk_buffer first = drain(flow, 100000);
    ck_assert_int_eq(mk_outflow_taken(flow), (int64_t)p.n);
    ck_assert_int_eq(mk_outflow_rewind(flow), MK_OK);
    ck_assert_int_eq(mk_outflow_taken(flow), 0);
    p.piece = 777;
    struct mk_buffer second = drain(flow, 501);
    ck_assert_uint_eq(first.n, second.n);
    ck_assert_mem_eq(first.bytes, second.bytes, first.n);
    z_stream z = {.next_in = (unsigned char *)first.bytes, .avail_in = (uInt)first.n};
    ck_assert_int_eq(inflateInit2(&z, 31), Z_OK);
    unsigned char *plain = malloc(p.n + 1);
    z.next_out = plain;
    z.avail_out = (uInt)p.n + 1;
    ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq(z.total_out, p.n);
    for (size_t i = 0; i < p.n; i++)
        ck_assert_int_eq(plain[i], pattern_byte(i));
    inflateEnd(&z);
    free(plain);
    mk_buffer_clear(&first);
    mk_buffer_clear(&second);
    mk_outflow_destroy(flow);
    mk_outflow_destroy(NULL);
}
END_TEST

START_TEST(the_digest_is_of_what_goes_out) {
    for (int gzip = 0; gzip < 2; gzip++) {
        struct pattern p = {.n = sizes[_i], .piece = 1234, .fails_at = -1};
        mk_source source = source_of(&p);
        struct mk_outflow *flow = mk_outflow_create(&source, gzip);
        char digest[64], expected[64];
        int64_t length = -1;
        ck_assert_int_eq(mk_outflow_digest(flow, NULL, digest, &length, NULL), MK_OK);
        struct mk_buffer all = drain(flow, 4096); /* it was rewound */
        ck_assert_int_eq(length, (int64_t)all.n);
        unsigned char sha[32], text[45];
        EVP_Digest(all.bytes == NULL ? "" : all.bytes, all.n, sha, NULL, EVP_sha256(), NULL);
        EVP_EncodeBlock(text, sha, 32);
        snprintf(expected, sizeof expected, "sha-256=:%s:", (char *)text);
        ck_assert_str_eq(digest, expected);
        mk_buffer_clear(&all);
        mk_outflow_destroy(flow);
    }
}
END_TEST

START_TEST(a_source_that_fails_says_so) {
    for (int gzip = 0; gzip < 2; gzip++) {
        struct pattern p = {.n = 200000, .piece = 1000, .fails_at = 100000};
        mk_source source = source_of(&p);
        mk_error error = MK_ERROR_INIT;
        struct mk_outflow *flow = mk_outflow_create(&source, gzip);
        char digest[64] = "untouched";
        int64_t length = -7;
        ck_assert_int_eq(mk_outflow_digest(flow, NULL, digest, &length, &error), MK_ERR_CALLBACK);
        ck_assert_str_eq(digest, "untouched");
        ck_assert_int_eq(length, -7);
        ck_assert_int_eq(error.code, MK_ERR_CALLBACK);
        mk_error_clear(&error);
        mk_outflow_destroy(flow);
    }
}
END_TEST

START_TEST(a_file_is_a_source_from_where_it_stands) {
    FILE *file = tmpfile();
    mk_source source = {.size = sizeof source};
    fputs("skipped\x1f\x8brest", file);
    fseek(file, 7, SEEK_SET);
    ck_assert_int_eq(mk_source_from_file(&source, file), MK_OK);
    ck_assert(source.gzipped);
    ck_assert_int_eq(source.length, 6);
    ck_assert_int_eq(ftell(file), 7);
    struct mk_outflow *flow = mk_outflow_create(&source, true); /* is gzip already: as it is */
    for (int i = 0; i < 2; i++) {
        struct mk_buffer all = drain(flow, 4);
        ck_assert_uint_eq(all.n, 6);
        ck_assert_mem_eq(all.bytes, "\x1f\x8brest", 6);
        mk_buffer_clear(&all);
        ck_assert_int_eq(mk_outflow_rewind(flow), MK_OK);
    }
    mk_outflow_destroy(flow);
    fclose(file);
    file = popen("printf 'a,b\\n'", "r"); /* a pipe is read once */
    ck_assert_int_eq(mk_source_from_file(&source, file), MK_OK);
    ck_assert_ptr_null(source.rewind);
    ck_assert_int_eq(source.length, 0);
    char got[8];
    ck_assert_int_eq(source.read(source.user, got, sizeof got), 4);
    ck_assert_int_eq(source.read(source.user, got, sizeof got), 0);
    pclose(file);
    source.size = 0;
    ck_assert_int_eq(mk_source_from_file(&source, stdin), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_source_from_file(NULL, stdin), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_sink_to_file(NULL, stdin), MK_ERR_ARGUMENT);
    source.size = offsetof(mk_source, start); /* too short to read a file */
    ck_assert_int_eq(mk_source_from_file(&source, stdin), MK_ERR_ARGUMENT);
    struct {
        mk_source source;
        char newer[16];
    } newer;
    memset(&newer, 0xAA, sizeof newer); /* only `size` is to be set before */
    newer.source.size = sizeof newer;
    ck_assert_int_eq(mk_source_from_file(&newer.source, stdin), MK_OK);
    ck_assert_uint_eq(newer.source.size, sizeof newer);
    ck_assert_int_eq(mk_source_read(&source, &newer.source, NULL), MK_OK);
    file = fopen("/dev/full", "w");
    mk_sink sink = {.size = sizeof sink};
    ck_assert_int_eq(mk_sink_to_file(&sink, file), MK_OK);
    ck_assert(mk_sink_is_file(&sink));
    setvbuf(file, NULL, _IONBF, 0);
    ck_assert_int_ne(sink.write(sink.user, "x", 1), 0);
    fclose(file);
}
END_TEST

/* ---- signed events ---- */

/* The example that the specification's own libraries share. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER  "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ID     "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SENT   "1614265330"
#define BODY   "{\"test\": 2432232314}"
#define GOOD   "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define WRONG  "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NOW    1614265330

static const struct {
    int code;
    const char *secrets[2];
    const char *id, *sent, *signature, *body;
    int64_t tolerance, now;
} events[] = {
    {MK_OK, {SECRET}, ID, SENT, GOOD, BODY, 300, NOW},
    {MK_OK, {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, ID, SENT, GOOD, BODY, 300, NOW}, /* without whsec_ */
    {MK_OK, {OTHER, SECRET}, ID, SENT, GOOD, BODY, 300, NOW},                      /* rotating */
    {MK_OK, {SECRET, OTHER}, ID, SENT, GOOD, BODY, 300, NOW},
    {MK_OK, {SECRET}, ID, SENT, WRONG " " GOOD, BODY, 300, NOW}, /* several signatures */
    {MK_OK, {SECRET}, ID, SENT, GOOD " " WRONG, BODY, 300, NOW},
    {MK_OK,
     {SECRET},
     ID,
     SENT,
     "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== " GOOD,
     BODY,
     300,
     NOW},
    {MK_OK, {SECRET}, ID, SENT, "  " GOOD "  ", BODY, 300, NOW},
    {MK_OK, {SECRET}, ID, SENT, GOOD, BODY, 300, NOW + 300}, /* at the limits of the tolerance */
    {MK_OK, {SECRET}, ID, SENT, GOOD, BODY, 300, NOW - 300},
    {MK_OK, {SECRET}, ID, SENT, GOOD, BODY, 0, NOW + 300}, /* 0: 300 */
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, GOOD, BODY, 0, NOW + 301},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, GOOD, BODY, 300, NOW + 301}, /* old */
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, GOOD, BODY, 300, NOW - 301}, /* to come */
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, GOOD, BODY, 300, 0},         /* by the clock */
    {MK_ERR_UNVERIFIED, {OTHER}, ID, SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, WRONG, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, GOOD, "{\"test\": 2432232315}", 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, GOOD, "", 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, "msg_other", SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, "1614265331", GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, "v2" GOOD, BODY, 300, NOW}, /* another version */
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, 300, NOW},
    {MK_ERR_UNVERIFIED,
     {SECRET},
     ID,
     SENT,
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
     BODY,
     300,
     NOW}, /* no base64 */
    {MK_ERR_UNVERIFIED,
     {SECRET},
     ID,
     SENT,
     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
     BODY,
     300,
     NOW}, /* bits after the end */
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, "v1,", BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, "", BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, SENT, NULL, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, NULL, SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, NULL, GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, "", GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, "-1614265330", GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, " 1614265330", GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, "1614265330.0", GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, ID, "99999999999999999999999999", GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, "a.b", SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_UNVERIFIED, {SECRET}, "", SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_ARGUMENT, {"whsec_"}, ID, SENT, GOOD, BODY, 300, NOW}, /* an empty secret would be everybody's */
    {MK_ERR_ARGUMENT, {"whsec_AAAA"}, ID, SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_ARGUMENT, {"whsec_not base64 at all........."}, ID, SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_ARGUMENT, {NULL}, ID, SENT, GOOD, BODY, 300, NOW},
    {MK_ERR_ARGUMENT, {SECRET}, ID, SENT, GOOD, BODY, -1, NOW},
};

START_TEST(events_are_what_they_say_or_refused) {
    mk_error error = MK_ERROR_INIT;
    size_t n = events[_i].secrets[1] == NULL ? 1 : 2;
    int code =
        mk_webhook_verify(events[_i].secrets, n, events[_i].id, events[_i].sent, events[_i].signature, events[_i].body,
                          strlen(events[_i].body), events[_i].tolerance, events[_i].now, &error);
    ck_assert_msg(code == events[_i].code, "%s: %s", mk_code_name(code), error.message);
    ck_assert_int_eq(error.code, code);
    mk_error_clear(&error);
}
END_TEST

START_TEST(without_secrets_nothing_is_verified) {
    const char *secrets[] = {SECRET};
    ck_assert_int_eq(mk_webhook_verify(NULL, 1, ID, SENT, GOOD, BODY, 20, 300, NOW, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_webhook_verify(secrets, 0, ID, SENT, GOOD, BODY, 20, 300, NOW, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_webhook_verify(secrets, 1, ID, SENT, GOOD, NULL, 20, 300, NOW, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_webhook_verify(secrets, 1, ID, SENT, GOOD, NULL, 0, 300, NOW, NULL), MK_ERR_UNVERIFIED);
}
END_TEST

/* ---- options, and other structs that have a size ---- */

static int write_nothing(void *user, const void *bytes, size_t n) {
    (void)user, (void)bytes, (void)n;
    return 0;
}

/* Nobody listens at the port: MK_ERR_NETWORK is a struct that was taken. */
START_TEST(sources_and_sinks_of_older_and_newer_programs) {
    const mk_client_options options = {.size = sizeof options, .url = "http://127.0.0.1:1", .retries = -1};
    const mk_operation *rows = mk_operation_find("put_consumption_rows"), *list = mk_operation_find("list_consumption");
    const mk_argument id = {"id", "x"};
    struct pattern p = {.n = 10, .piece = 10, .fails_at = -1};
    struct {
        mk_source source;
        char newer[16];
    } from = {.source = source_of(&p)};
    struct {
        mk_sink sink;
        char newer[16];
    } to = {.sink = {.write = write_nothing}};
    const struct {
        size_t source, sink;
        char newer;
        int code;
    } cases[] = {{0, 0, 0, MK_ERR_ARGUMENT},
                 {offsetof(mk_source, user), offsetof(mk_sink, user), 0, MK_ERR_ARGUMENT},
                 {offsetof(mk_source, length), sizeof(mk_sink), 0, MK_ERR_NETWORK},
                 {offsetof(mk_source, media_type), sizeof(mk_sink), 1, MK_ERR_NETWORK},
                 {sizeof from, sizeof to, 0, MK_ERR_NETWORK},
                 {sizeof from, sizeof to, 1, MK_ERR_ARGUMENT}};
    void *result = NULL;
    mk_client *client;
    mk_global_init();
    ck_assert_int_eq(mk_client_create(&options, &client, NULL), MK_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        from.source.size = cases[i].source;
        to.sink.size = cases[i].sink;
        from.newer[15] = to.newer[15] = cases[i].newer;
        if (cases[i].source < sizeof(mk_source))
            from.source.media_type = (const char *)1; /* not looked at */
        else
            from.source.media_type = NULL;
        ck_assert_int_eq(mk_call_from_source(client, rows, &id, 1, &from.source, &result, NULL), cases[i].code);
        ck_assert_int_eq(mk_call_to_sink(client, list, NULL, 0, "text/csv", &to.sink, NULL), cases[i].code);
    }
    mk_client_destroy(client);
    mk_global_cleanup();
}
END_TEST

static const mk_client_options bad_options[] = {
    {.url = NULL},
    {.url = ""},
    {.url = "example.org"},
    {.url = "ftp://example.org"},
    {.url = "file:///etc/passwd"},
    {.url = "http://"},
    {.url = "http:///v1"},
    {.url = "http://user:secret@example.org"},
    {.url = "http://example.org/?a"},
    {.url = "http://example.org/#a"},
    {.url = "http://example.org/a b"},
    {.url = "http://example.org\r\nX: 1"},
    {.url = "http://x", .token = ""},
    {.url = "http://x", .token = "a b"},
    {.url = "http://x", .token = "a\r\nX-Evil: 1"},
    {.url = "http://x", .token = "\xc3\xa6"},
    {.url = "http://x", .language = "sv"},
    {.url = "http://x", .user_agent = "a\nb"},
    {.url = "http://x", .timeout_ms = -2},
    {.url = "http://x", .connect_timeout_ms = -1},
    {.url = "http://x", .idle_timeout_ms = -2},
    {.url = "http://x", .retries = -2},
};

START_TEST(options_that_cannot_be_are_refused) {
    mk_client *client = (mk_client *)&client;
    mk_error error = MK_ERROR_INIT;
    mk_client_options options = bad_options[_i];
    options.size = sizeof options;
    mk_global_init();
    ck_assert_int_eq(mk_client_create(&options, &client, &error), MK_ERR_ARGUMENT);
    ck_assert_int_eq(error.code, MK_ERR_ARGUMENT);
    ck_assert_ptr_eq(client, &client); /* untouched */
    mk_global_cleanup();
}
END_TEST

START_TEST(options_of_older_and_newer_programs) {
    struct {
        mk_client_options options;
        char newer[16];
    } o = {.options = {
               .size = offsetof(mk_client_options, token), .url = "http://127.0.0.1/x//", .language = "not looked at"}};
    mk_client *client = NULL;
    mk_global_init();
    ck_assert_int_eq(mk_client_create(&o.options, &client, NULL), MK_OK); /* older: ends before `token` */
    ck_assert_str_eq(client->options.url, "http://127.0.0.1/x");
    ck_assert_ptr_null(client->options.language);
    ck_assert_int_eq(client->options.timeout_ms, 60000);
    ck_assert_int_eq(client->options.retries, 3);
    mk_client_destroy(client);
    o.options.language = "da";
    o.options.size = sizeof o; /* newer, and asks for nothing that we do not know */
    ck_assert_int_eq(mk_client_create(&o.options, &client, NULL), MK_OK);
    mk_client_destroy(client);
    o.newer[15] = 1; /* it does */
    ck_assert_int_eq(mk_client_create(&o.options, &client, NULL), MK_ERR_ARGUMENT);
    o.options.size = 0;
    ck_assert_int_eq(mk_client_create(&o.options, &client, NULL), MK_ERR_ARGUMENT);
    o.options.size = sizeof(size_t);
    ck_assert_int_eq(mk_client_create(&o.options, &client, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_client_create(NULL, &client, NULL), MK_ERR_ARGUMENT);
    mk_client_destroy(NULL);
    mk_global_cleanup();
}
END_TEST

START_TEST(the_library_is_opened_first) {
    mk_client *client = NULL;
    const mk_client_options options = {.size = sizeof options, .url = "http://127.0.0.1"};
    ck_assert_int_eq(mk_client_create(&options, &client, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_global_init(), MK_OK);
    ck_assert_int_eq(mk_global_init(), MK_OK);
    mk_global_cleanup();
    ck_assert_int_eq(mk_client_create(&options, &client, NULL), MK_OK);
    mk_client_destroy(client);
    mk_global_cleanup();
    mk_global_cleanup(); /* once too often */
    ck_assert_int_eq(mk_client_create(&options, &client, NULL), MK_ERR_ARGUMENT);
    ck_assert_str_eq(mk_version(), MK_VERSION);
}
END_TEST

START_TEST(names_are_the_same_in_either_case) {
    ck_assert(mk_same("X-Request-ID", "x-request-id"));
    ck_assert(mk_same("", ""));
    ck_assert(!mk_same("ETag", "ETags"));
    ck_assert(!mk_same("ETags", "ETag"));
    ck_assert(!mk_same("[", "{")); /* as far apart as A and a */
    ck_assert(!mk_same("\xc3\x86", "\xc3\xa6"));
    ck_assert(mk_same_start("HTTPS://x", "https://"));
    ck_assert(!mk_same_start("http", "https://"));
}
END_TEST

/* Nobody listens at the port: what is told is told before anything is sent. */
START_TEST(what_has_nowhere_to_go_is_not_asked_for) {
    const mk_client_options options = {.size = sizeof options, .url = "http://127.0.0.1:1", .retries = -1};
    const struct mk_new_hospital hospital = {
        .size = sizeof hospital, .code = "KL1", .name = "Et", .region = "nordjylland"};
    const struct mk_new_consumption_delivery announcement = {.size = sizeof announcement};
    const mk_argument argument = {"hospital", "KL1"};
    mk_source source = {.size = sizeof source}, file = source;
    const mk_sink sink = {.size = sizeof sink};
    struct mk_consumption_delivery_report *report;
    mk_list *list;
    mk_client *client;
    mk_global_init();
    ck_assert_int_eq(mk_client_create(&options, &client, NULL), MK_OK);
    ck_assert_int_eq(mk_get_hospital(client, "KL1", NULL, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_create_hospital(client, &hospital, NULL, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_source_from_file(&file, stdin), MK_OK);
    ck_assert_int_eq(mk_put_consumption_rows(client, "x", &file, NULL, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_push(client, &announcement, &file, NULL, NULL, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_list_consumption_csv(client, NULL, &sink, NULL), MK_ERR_ARGUMENT); /* neither has a callback */
    ck_assert_int_eq(mk_put_consumption_rows(client, "x", &source, NULL, &report, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_push(client, &announcement, &source, NULL, NULL, &report, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_list_hospitals(client, NULL, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_list_hospitals(client, NULL, &list, NULL), MK_OK);
    ck_assert_int_eq(mk_hospital_next(list, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_hospital_next(NULL, NULL, NULL), MK_ERR_ARGUMENT);
    ck_assert_int_eq(mk_call(client, mk_operation_find("get_hospital"), &argument, 1, NULL, NULL, NULL, NULL),
                     MK_ERR_ARGUMENT);
    mk_list_destroy(list);
    mk_client_destroy(client);
    mk_global_cleanup();
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("core");
    tcase_set_timeout(tcase, 60); /* sanitized, on a machine that does other things */
    tcase_add_test(tcase, an_arena_gives_zeroes_apart_and_aligned);
    tcase_add_test(tcase, a_buffer_grows_to_its_limit_and_then_stays_failed);
    tcase_add_test(tcase, a_problem_is_told_in_full);
    tcase_add_test(tcase, refused_lines_are_details);
    tcase_add_test(tcase, a_problem_that_is_all_too_large_is_told_by_its_status);
    tcase_add_loop_test(tcase, an_answer_that_is_no_problem_is_told_by_its_status, 0,
                        sizeof odd_answers / sizeof *odd_answers);
    tcase_add_test(tcase, a_message_is_cut_between_characters);
    tcase_add_test(tcase, an_error_that_was_not_set_up_is_left_alone);
    tcase_add_test(tcase, the_cache_keeps_what_was_used_last);
    tcase_add_test(tcase, the_cache_is_bounded);
    tcase_add_loop_test(tcase, gzip_on_the_way_comes_back_and_does_not_depend_on_pieces, 0,
                        sizeof sizes / sizeof *sizes);
    tcase_add_loop_test(tcase, the_digest_is_of_what_goes_out, 0, sizeof sizes / sizeof *sizes);
    tcase_add_test(tcase, a_source_that_fails_says_so);
    tcase_add_test(tcase, a_file_is_a_source_from_where_it_stands);
    tcase_add_loop_test(tcase, events_are_what_they_say_or_refused, 0, sizeof events / sizeof *events);
    tcase_add_test(tcase, without_secrets_nothing_is_verified);
    tcase_add_test(tcase, errors_of_older_and_newer_programs);
    tcase_add_test(tcase, sources_and_sinks_of_older_and_newer_programs);
    tcase_add_loop_test(tcase, options_that_cannot_be_are_refused, 0, sizeof bad_options / sizeof *bad_options);
    tcase_add_test(tcase, options_of_older_and_newer_programs);
    tcase_add_test(tcase, the_library_is_opened_first);
    tcase_add_test(tcase, names_are_the_same_in_either_case);
    tcase_add_test(tcase, what_has_nowhere_to_go_is_not_asked_for);
    return run_suite("core", tcase);
}
