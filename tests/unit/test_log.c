/* The log: every line is one JSON object in one write, whatever the texts hold; nothing that should not be there.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A datagram socket keeps the bounds of each write. */
static int ends[2], saved_stderr;

static void catch_log(void) {
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
}

static void release_log(void) {
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(ends[0]);
    close(ends[1]);
    log_set_level(LOG_INFO);
}

/* The next write as JSON, NULL when there was none. */
static json_t *next_line(void) {
    char line[PIPE_BUF + 1];
    ssize_t n = recv(ends[0], line, sizeof line, 0);
    if (n < 0)
        return NULL;
    ck_assert_int_le(n, PIPE_BUF);
    ck_assert_int_eq(line[n - 1], '\n');
    ck_assert_ptr_null(memchr(line, '\n', (size_t)n - 1));
    json_error_t why;
    json_t *json = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, &why);
    ck_assert_msg(json != NULL, "%s: %.*s", why.text, (int)n, line);
    return json;
}

static const char *text_of(const json_t *line, const char *name) {
    return json_string_value(json_object_get(line, name));
}

START_TEST(a_line) {
    catch_log();
    log_line(LOG_WARNING, "database lost", "host", "db1", "reason", "none", "nothing", NULL, NULL);
    log_line(LOG_INFO, "started", NULL);
    json_t *line = next_line();
    ck_assert_str_eq(text_of(line, "level"), "warning");
    ck_assert_str_eq(text_of(line, "event"), "database lost");
    ck_assert_str_eq(text_of(line, "host"), "db1");
    ck_assert_str_eq(text_of(line, "reason"), "none");
    ck_assert(json_is_null(json_object_get(line, "nothing")));
    ck_assert_uint_eq(json_object_size(line), 6);
    regex_t time_form;
    regcomp(&time_form, "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
            REG_EXTENDED | REG_NOSUB);
    ck_assert_int_eq(regexec(&time_form, text_of(line, "time"), 0, NULL, 0), 0);
    regfree(&time_form);
    json_decref(line);
    line = next_line();
    ck_assert_uint_eq(json_object_size(line), 3);
    json_decref(line);
    ck_assert_ptr_null(next_line());
    release_log();
}
END_TEST

START_TEST(texts_are_escaped) {
    static const struct {
        const char *text, *logged;
    } texts[] = {
        {"\"\\/", "\"\\/"},
        {"a\nb\r\tc\x01\x1b[31m\x7f", "a\nb\r\tc\x01\x1b[31m\x7f"},
        {"s\xc3\xb8ren \xe2\x82\xac \xf0\x9f\x92\x8a", "s\xc3\xb8ren \xe2\x82\xac \xf0\x9f\x92\x8a"},
        {"\xff\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\",\"level\":\"error", "\",\"level\":\"error"},
        {"", ""},
    };
    catch_log();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        log_line(LOG_ERROR, "x", "text", texts[i].text, NULL);
        json_t *line = next_line();
        ck_assert_str_eq(text_of(line, "text"), texts[i].logged);
        ck_assert_str_eq(text_of(line, "level"), "error");
        json_decref(line);
    }
    for (int c = 1; c < 256; c++) { /* every byte, alone and between others, as name too */
        char text[4] = {'a', (char)c, 'b', '\0'};
        log_line(LOG_ERROR, text, text, text + 1, NULL);
        json_t *line = next_line();
        ck_assert_uint_eq(json_object_size(line), 4);
        json_decref(line);
    }
    release_log();
}
END_TEST

START_TEST(long_texts_are_cut) {
    char *text = malloc(20001);
    catch_log();
    for (int kind = 0; kind < 3; kind++) {
        /* plain; six bytes each when escaped; many bytes a character, so that the cut falls inside one */
        for (size_t i = 0; i < 20000; i++)
            text[i] = kind == 0 ? 'x' : kind == 1 ? '\x02' : "\xf0\x9f\x92\x8a"[i % 4];
        text[20000] = '\0';
        log_line(LOG_INFO, kind == 0 ? text : "long", "first", "1", "one", text + kind, "two", text, "three", text,
                 "four", text, "last", "2", NULL);
        json_t *line = next_line();
        ck_assert_str_eq(text_of(line, "first"), "1");
        ck_assert_str_eq(text_of(line, "last"), "2"); /* short ones find room after long ones */
        json_decref(line);
    }
    release_log();
    free(text);
}
END_TEST

START_TEST(levels) {
    enum log_level level = LOG_ERROR;
    ck_assert(log_level_from_name("debug", &level) && level == LOG_DEBUG);
    ck_assert(log_level_from_name("warning", &level) && level == LOG_WARNING);
    ck_assert(!log_level_from_name("Warning", &level) && level == LOG_WARNING);
    ck_assert(!log_level_from_name("", &level));
    catch_log();
    for (enum log_level least = LOG_DEBUG; least <= LOG_ERROR; least++) {
        log_set_level(least);
        for (enum log_level l = LOG_DEBUG; l <= LOG_ERROR; l++) {
            log_line(l, "x", NULL);
            json_t *line = next_line();
            ck_assert((line != NULL) == (l >= least));
            json_decref(line);
        }
    }
    release_log();
}
END_TEST

static struct request request_of(int status) {
    struct request r = {
        .magic = REQUEST_MAGIC, .started_us = clock_us() - 1500, .db_us = 700, .status = status, .op = &operations[0]};
    r.method = METHOD_GET;
    strcpy(r.id, "req-1");
    strcpy(r.actor.subject, "s\xc3\xb8ren");
    return r;
}

START_TEST(the_request_line) {
    catch_log();
    struct request r = request_of(200);
    r.target = "/v1/regions?q=secret-query";
    r.path = "/v1/regions";
    r.query = "q=secret-query";
    r.authorization = (struct value){"Bearer secret-token", 19};
    r.idempotency_key = (struct value){"secret-key", 10};
    r.body = (struct buffer){.bytes = (char[]){"secret-body"}, .length = 11};
    r.traceparent = (struct value){"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55};
    log_request(&r);
    log_flush();
    char raw[PIPE_BUF + 1] = "";
    ssize_t n = recv(ends[0], raw, PIPE_BUF, MSG_PEEK);
    ck_assert_int_gt(n, 0);
    ck_assert_ptr_null(strstr(raw, "secret"));
    json_t *line = next_line();
    ck_assert_str_eq(text_of(line, "event"), "request");
    ck_assert_str_eq(text_of(line, "request_id"), "req-1");
    ck_assert_str_eq(text_of(line, "method"), "GET");
    ck_assert_str_eq(text_of(line, "operation"), operations[0].id);
    ck_assert_str_eq(text_of(line, "subject"), "s\xc3\xb8ren");
    ck_assert_str_eq(text_of(line, "traceparent"), r.traceparent.text);
    ck_assert_int_eq(json_integer_value(json_object_get(line, "status")), 200);
    ck_assert_int_eq(json_integer_value(json_object_get(line, "db_us")), 700);
    ck_assert_int_ge(json_integer_value(json_object_get(line, "total_us")), 1500);
    ck_assert_ptr_null(json_object_get(line, "problem"));
    json_decref(line);
    release_log();
}
END_TEST

START_TEST(the_line_of_a_refused_request) {
    catch_log();
    struct request r = request_of(404);
    r.op = NULL;
    r.actor.subject[0] = '\0';
    r.problem = PROBLEM_NOT_FOUND;
    r.head_only = true;
    log_request(&r);
    log_flush();
    json_t *line = next_line();
    ck_assert(json_is_null(json_object_get(line, "operation")));
    ck_assert(json_is_null(json_object_get(line, "subject")));
    ck_assert_str_eq(text_of(line, "method"), "HEAD");
    ck_assert_str_eq(text_of(line, "problem"), "not_found");
    json_decref(line);
    static const struct {
        int status;
        const char *level;
    } levels_of[] = {{200, "info"}, {422, "info"}, {500, "error"}, {503, "warning"}};
    for (size_t i = 0; i < 4; i++) {
        r = request_of(levels_of[i].status);
        log_request(&r);
        log_flush();
        line = next_line();
        ck_assert_str_eq(text_of(line, "level"), levels_of[i].level);
        json_decref(line);
    }
    log_set_level(LOG_WARNING);
    r = request_of(200);
    log_request(&r);
    log_flush();
    ck_assert_ptr_null(next_line());
    release_log();
}
END_TEST

/* The bytes of the next write, 0 when there was none; adds to *lines. */
static ssize_t next_write(size_t *lines) {
    char bytes[2 * PIPE_BUF];
    ssize_t n = recv(ends[0], bytes, sizeof bytes, 0);
    if (n <= 0)
        return 0;
    ck_assert_int_eq(bytes[n - 1], '\n');
    for (ssize_t i = 0; i < n; i++)
        *lines += bytes[i] == '\n';
    return n;
}

START_TEST(request_lines_share_a_write) {
    enum { REQUESTS = 100 };
    catch_log();
    struct request r = request_of(200);
    for (size_t i = 0; i < REQUESTS; i++)
        log_request(&r);
    size_t writes = 0, lines = 0;
    for (ssize_t n; (n = next_write(&lines)) > 0; writes++)
        ck_assert_int_le(n, PIPE_BUF);
    ck_assert_uint_lt(lines, REQUESTS);
    log_line(LOG_INFO, "after them", NULL); /* at once, and never before what was logged earlier */
    ck_assert_int_gt(next_write(&lines), 0);
    ck_assert_uint_eq(lines, REQUESTS + 1);
    ck_assert_uint_gt(writes, 0);
    ck_assert_uint_lt(writes, REQUESTS / 4);
    log_flush(); /* nothing is left */
    ck_assert_ptr_null(next_line());
    release_log();
}
END_TEST

/* Several threads into one pipe: every line arrives whole. */
enum { THREADS = 4, LINES = 500 };

static void *write_lines(void *state) {
    char text[2001];
    memset(text, *(char *)state, 2000);
    text[2000] = '\0';
    for (int i = 0; i < LINES; i++)
        log_line(LOG_INFO, "x", "text", text + i % 1000, NULL);
    return NULL;
}

START_TEST(threads_do_not_mix) {
    int pipe_ends[2];
    pthread_t threads[THREADS];
    char letters[THREADS] = "abcd";
    ck_assert_int_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    close(pipe_ends[1]);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines, &letters[i]);
    FILE *in = fdopen(pipe_ends[0], "r");
    char *line = NULL;
    size_t capacity = 0;
    for (int i = 0; i < THREADS * LINES; i++) {
        ssize_t n = getline(&line, &capacity, in);
        ck_assert_int_gt(n, 0);
        json_t *json = json_loadb(line, (size_t)n, 0, NULL);
        ck_assert_ptr_nonnull(json);
        const char *text = text_of(json, "text");
        ck_assert_uint_eq(strspn(text, (char[]){text[0], '.', '\0'}), strlen(text));
        json_decref(json);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    free(line);
    fclose(in);
}
END_TEST

int main(void) {
    TCase *c = tcase_create("log");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_line);
    tcase_add_test(c, texts_are_escaped);
    tcase_add_test(c, long_texts_are_cut);
    tcase_add_test(c, levels);
    tcase_add_test(c, the_request_line);
    tcase_add_test(c, the_line_of_a_refused_request);
    tcase_add_test(c, request_lines_share_a_write);
    tcase_add_test(c, threads_do_not_mix);
    return run_suite("log", c);
}
