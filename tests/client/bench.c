/* What the client library costs: its time over plain libcurl for the same request, its memory while a delivery is
 * pushed.
 *
 *   bench URL TOKEN overhead   microseconds of one request each way, measured in turns in this one process
 *   bench URL TOKEN push MIB   memory before and in a push of so many MiB, gzip and digest included
 * Prints a line of JSON; bench.py holds it against the limits. This is also the one program outside transport.c with
 * curl.h.
 * SPDX-License-Identifier: MPL-2.0 */
#include "medkoord.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH   "/v1/regions/nordjylland?as_of=2024-01-01"
#define TURNS  200
#define A_TURN 50

static const char *url, *token;

static mk_client *make_client(void) {
    const mk_client_options options = {.size = sizeof options, .url = url, .token = token, .proxy = "", .retries = -1};
    mk_client *client = NULL;
    mk_error error = MK_ERROR_INIT;
    if (mk_client_create(&options, &client, &error) != MK_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return client;
}

static double now_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* ---- overhead ---- */

struct body {
    char *bytes;
    size_t n, room;
};

/* As anybody would collect an answer. */
static size_t collect(char *bytes, size_t size, size_t n, void *user) {
    struct body *b = user;
    n *= size;
    if (b->n + n + 1 > b->room) {
        b->room = b->n + n + 4096;
        b->bytes = realloc(b->bytes, b->room);
        if (b->bytes == NULL)
            exit(1);
    }
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    return n;
}

static CURL *make_curl(struct curl_slist **ret_headers) {
    char line[8300], target[300];
    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    *ret_headers = curl_slist_append(curl_slist_append(NULL, line), "Accept: application/json");
    snprintf(target, sizeof target, "%s" PATH, url);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, target);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *ret_headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "plain");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    return curl;
}

static void plain(CURL *curl) {
    struct body body = {0};
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    if (curl_easy_perform(curl) != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
        status != 200 || body.n == 0)
        exit(1);
    free(body.bytes);
}

static void with_library(mk_client *client) {
    const struct mk_get_region_options options = {.size = sizeof options, .as_of = "2024-01-01"};
    struct mk_region *region = NULL;
    if (mk_get_region(client, "nordjylland", &options, &region, NULL) != MK_OK)
        exit(1);
    mk_region_free(region);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, TURNS, sizeof *values, by_size);
    return values[TURNS / 2];
}

static void overhead(void) {
    static double curl_us[TURNS], library_us[TURNS], ratio[TURNS], curl_cpu[TURNS], library_cpu[TURNS];
    struct curl_slist *headers;
    CURL *curl = make_curl(&headers);
    mk_client *client = make_client();
    for (int i = 0; i < 100; i++) {
        plain(curl);
        with_library(client);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        double begin = now_us(CLOCK_MONOTONIC), cpu = now_us(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < A_TURN; i++)
            plain(curl);
        double middle = now_us(CLOCK_MONOTONIC), cpu_middle = now_us(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < A_TURN; i++)
            with_library(client);
        curl_us[turn] = (middle - begin) / A_TURN;
        library_us[turn] = (now_us(CLOCK_MONOTONIC) - middle) / A_TURN;
        ratio[turn] = library_us[turn] / curl_us[turn];
        curl_cpu[turn] = (cpu_middle - cpu) / A_TURN;
        library_cpu[turn] = (now_us(CLOCK_THREAD_CPUTIME_ID) - cpu_middle) / A_TURN;
    }
    printf(
        "{\"curl_us\": %.1f, \"library_us\": %.1f, \"ratio\": %.4f, \"curl_cpu_us\": %.1f, \"library_cpu_us\": %.1f}\n",
        median(curl_us), median(library_us), median(ratio), median(curl_cpu), median(library_cpu));
    mk_client_destroy(client);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

/* ---- memory ---- */

static long long now_kib(const char *name) {
    char line[200];
    long long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoll(line + strlen(name) + 1, NULL, 10);
    if (file == NULL)
        exit(1);
    fclose(file);
    return kib;
}

struct rows {
    int64_t n, at;
    long long most_kib; /* anonymous memory */
};

static long give(void *user, void *to, size_t n) {
    static const char row[] = "2021-07,AHH,J01CA04,012345,Amoxicillin,10,143.45,129900\n";
    struct rows *r = user;
    if ((int64_t)n > r->n - r->at)
        n = (size_t)(r->n - r->at);
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = row[(size_t)(r->at + (int64_t)i) % (sizeof row - 1)];
    for (size_t i = 0; i + 8 < n; i += 57) /* figures that differ, so that it does not compress to nothing */
        ((char *)to)[i] = (char)('0' + (r->at + (int64_t)i) * 2654435761 % 1000003 % 10);
    r->at += (int64_t)n;
    return (long)n;
}

static int back(void *user) {
    ((struct rows *)user)->at = 0;
    return 0;
}

static int look(void *user, int64_t sent, int64_t total) {
    struct rows *r = user;
    long long kib = now_kib("RssAnon:");
    (void)sent, (void)total;
    if (kib > r->most_kib)
        r->most_kib = kib;
    return 0;
}

static void push(long mib) {
    struct rows rows = {.n = (int64_t)mib << 20};
    const struct mk_coverage coverage = {
        .size = sizeof coverage, .region = "hovedstaden", .from_month = "2021-06", .to_month = "2021-07"};
    const struct mk_coverage *const coverages[] = {&coverage};
    const struct mk_control_totals control = {.size = sizeof control, .rows = 2, .ddd = "1234.5"};
    const struct mk_new_consumption_delivery body = {.size = sizeof body,
                                                     .source = "amgros",
                                                     .label = "bench",
                                                     .status = "final",
                                                     .n_coverage = 1,
                                                     .coverage = coverages,
                                                     .control = &control};
    const mk_source source = {.size = sizeof source, .read = give, .rewind = back, .user = &rows, .length = rows.n};
    const mk_push_options options = {.size = sizeof options, .progress = look, .progress_user = &rows};
    struct mk_consumption_delivery_report *report = NULL;
    mk_error error = MK_ERROR_INIT;
    long long resident = now_kib("VmHWM:"), anonymous = now_kib("RssAnon:");
    double begin = now_us(CLOCK_MONOTONIC);
    mk_client *client = make_client();
    if (mk_push(client, &body, &source, &options, NULL, &report, &error) != MK_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    printf("{\"mib\": %ld, \"seconds\": %.1f, \"before_kib\": %lld, \"peak_kib\": %lld, \"growth_kib\": %lld, "
           "\"anonymous_before_kib\": %lld, "
           "\"anonymous_peak_kib\": %lld}\n",
           mib, (now_us(CLOCK_MONOTONIC) - begin) / 1e6, resident, now_kib("VmHWM:"), now_kib("VmHWM:") - resident,
           anonymous, rows.most_kib);
    mk_consumption_delivery_report_free(report);
    mk_client_destroy(client);
}

int main(int argc, char **argv) {
    if (argc < 4 || mk_global_init() != MK_OK)
        return 2;
    url = argv[1];
    token = argv[2];
    if (strcmp(argv[3], "overhead") == 0)
        overhead();
    else
        push(argc > 4 ? atol(argv[4]) : 1024);
    mk_global_cleanup();
    return 0;
}
