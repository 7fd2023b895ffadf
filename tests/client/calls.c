/* Representative calls against a real server: with each allocation failing once, or from many threads at the same time.
 *
 *   calls URL TOKEN torture   each call again and again, its first allocation failing, its second, ... until none
 * fails; tests/torture/fail_nth.so is preloaded, and FAIL_NTH names the file it shares with us calls URL TOKEN threads
 * 16 threads with a handle each, all of them all calls, three times Prints a line a call, and ends with 1 when
 * something was not as it must be. test_calls.py runs it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "medkoord.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_ALLOCATIONS 5000
#define THREADS          16
#define ROUNDS           3
#define ROWS             "month,hospital,atc,ddd\n2021-06,AHH,J01AA02,143.45\n2021-07,RH,J01CA04,0.5\n"
#define SIZED            .size = sizeof

static const char *url, *token, *source_name;
static char delivery_id[37];
static atomic_int failures;

static struct { _Atomic int64_t left, failed; } * shim; /* see fail_nth.c */

/* ---- what a call came to ---- */

struct outcome {
    int code;
    uint64_t hash; /* of what it gave out; 0 when that is different each time */
    bool touched;  /* an out-parameter, although it failed */
};

static void add(struct outcome *o, const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u + 1;
}

/* Frees what a call gave out, after taking note of it. */
static void note(struct outcome *o, void *result, bool varies) {
    size_t n = 0;
    const char *json = o->code == MK_OK ? mk_result_json(result, &n) : NULL;
    o->touched |= o->code != MK_OK && result != NULL;
    if (json != NULL && !varies)
        add(o, json, n);
    mk_result_free(result);
}

static void note_response(struct outcome *o, mk_response *response) {
    size_t n = 0;
    const char *body = mk_response_body(response, &n);
    o->touched = o->code != MK_OK && response != NULL;
    add(o, body, n);
    mk_response_free(response);
}

static int take(void *user, const void *bytes, size_t n) {
    add(user, bytes, n);
    return 0;
}

static long give_rows(void *user, void *to, size_t n) {
    size_t *at = user, left = sizeof ROWS - 1 - *at;
    if (n > left)
        n = left;
    memcpy(to, ROWS + *at, n);
    *at += n;
    return (long)n;
}

static int give_again(void *user) {
    *(size_t *)user = 0;
    return 0;
}

/* ---- the calls ---- */

static void with_client(mk_client *unused, struct outcome *o, mk_error *e) {
    (void)unused;
    mk_client_options options = {SIZED options,         .url = url,       .token = token,
                                 .user_agent = "calls", .language = "da", .proxy = ""};
    mk_client *client = NULL;
    o->code = mk_client_create(&options, &client, e);
    o->touched = o->code != MK_OK && client != NULL;
    mk_client_destroy(client);
}

static void health(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_health *health = NULL;
    o->code = mk_get_health(c, NULL, &health, e);
    note(o, health, false);
}

static void region(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_get_region_options options = {SIZED options, .as_of = "2024-01-01"};
    struct mk_region *region = NULL;
    o->code = mk_get_region(c, "nordjylland", &options, &region, e);
    note(o, region, false);
}

static void hospital(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_hospital *hospital = NULL;
    o->code = mk_get_hospital(c, "AHH", NULL, &hospital, e);
    note(o, hospital, false);
}

static void regions(mk_client *c, struct outcome *o, mk_error *e) {
    mk_list *list = NULL;
    struct mk_region *item = NULL;
    o->code = mk_list_regions(c, NULL, &list, e);
    while (o->code == MK_OK && (o->code = mk_region_next(list, &item, e)) == MK_OK) {
        note(o, item, false);
        item = NULL;
    }
    o->touched |= item != NULL;
    mk_list_destroy(list);
}

static void pages(mk_client *c, struct outcome *o, mk_error *e) {
    const int64_t one = 1;
    struct mk_list_hospitals_options options = {SIZED options, .limit = &one, .count = "exact"};
    mk_list *list = NULL;
    struct mk_hospital *item = NULL;
    o->code = mk_list_hospitals(c, &options, &list, e);
    while (o->code == MK_OK && (o->code = mk_hospital_next(list, &item, e)) == MK_OK) {
        note(o, item, false);
        item = NULL;
    }
    o->touched |= item != NULL;
    mk_list_destroy(list);
}

static void items(mk_client *c, struct outcome *o, mk_error *e) {
    const mk_argument limit = {"limit", "1"};
    mk_list *list = NULL;
    const char *json;
    size_t n;
    o->code = mk_call_list(c, mk_operation_find("list_regions"), &limit, 1, &list, e);
    while (o->code == MK_OK && (o->code = mk_list_next(list, &json, &n, e)) == MK_OK)
        add(o, json, n);
    mk_list_destroy(list);
}

static void overview(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_get_divergence_options options = {SIZED options, .from_month = "2021-06", .to_month = "2021-07"};
    struct mk_divergence_overview *overview = NULL;
    o->code = mk_get_divergence(c, &options, &overview, e);
    note(o, overview, true); /* tells when it was asked */
}

static void export(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_list_consumption_options options = {SIZED options, .from_month = "2021-06", .to_month = "2021-07"};
    const mk_sink sink = {SIZED sink, .write = take, .user = o};
    o->code = mk_list_consumption_csv(c, &options, &sink, e);
}

static void contract(mk_client *c, struct outcome *o, mk_error *e) {
    const mk_sink sink = {SIZED sink, .write = take, .user = o};
    o->code = mk_get_contract(c, NULL, &sink, e);
}

static void chart(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_get_divergence_for_code_options options = {SIZED options, .from_month = "2021-06", .to_month = "2021-07"};
    const mk_sink sink = {SIZED sink, .write = take, .user = o};
    o->code = mk_get_divergence_for_code_svg(c, "J01AA02", &options, &sink, e);
    o->hash = 0;
}

static void create(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_create_hospital_options options = {SIZED options, .idempotency_key = "calls-create"};
    struct mk_new_hospital body = {SIZED body, .code = "CALLS", .name = "Kaldshospitalet", .region = "nordjylland",
                                   .valid_from = "2015-01-01"};
    struct mk_hospital *hospital = NULL;
    o->code = mk_create_hospital(c, &body, &options, &hospital, e);
    note(o, hospital, false); /* the same key: the first answer */
}

static void update(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_hospital_changes body = {SIZED body, .name = "Rigshospitalet"};
    struct mk_update_hospital_options options = {SIZED options, .if_match = "*"};
    struct mk_hospital *hospital = NULL;
    o->code = mk_update_hospital(c, "RH", &body, &options, &hospital, e);
    note(o, hospital, true);
}

static void refused(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_new_hospital body = {SIZED body, .code = "a b", .name = "Afd. 010180-1234", .region = "atlantis",
                                   .valid_from = "2023-02-29"};
    struct mk_hospital *hospital = NULL;
    o->code = mk_create_hospital(c, &body, NULL, &hospital, e);
    note(o, hospital, false);
}

static void missing(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_hospital *hospital = NULL;
    o->code = mk_get_hospital(c, "NOWHERE", NULL, &hospital, e);
    note(o, hospital, false);
}

static void atc_code(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_new_atc_code body = {SIZED body, .name = "Doxycyclin \xc3\xa6\xc3\xb8\xc3\xa5 \"\\\n",
                                   .name_source = "tests"};
    struct mk_put_atc_code_options options = {SIZED options, .if_match = "*"};
    struct mk_atc_code *code = NULL;
    o->code = mk_put_atc_code(c, "J01AA02", &body, &options, &code, e);
    note(o, code, true);
}

static const struct mk_coverage coverage = {SIZED(struct mk_coverage), .region = "hovedstaden", .from_month = "2021-06",
                                            .to_month = "2021-07"};
static const struct mk_coverage *const coverages[] = {&coverage};
static const struct mk_control_totals totals = {SIZED(struct mk_control_totals), .rows = 2, .ddd = "143.95"};

static struct mk_new_consumption_delivery announcement(const char *label) {
    return (struct mk_new_consumption_delivery){SIZED(struct mk_new_consumption_delivery),
                                                .source = source_name,
                                                .label = label,
                                                .status = "final",
                                                .n_coverage = 1,
                                                .coverage = coverages,
                                                .control = &totals};
}

static void announce(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_announce_consumption_delivery_options options = {SIZED options, .idempotency_key = source_name};
    struct mk_new_consumption_delivery body = announcement("announced");
    struct mk_consumption_delivery *delivery = NULL;
    o->code = mk_announce_consumption_delivery(c, &body, &options, &delivery, e);
    note(o, delivery, true);
}

static void push(mk_client *c, struct outcome *o, mk_error *e) {
    size_t at = 0;
    const mk_source source = {SIZED source, .read = give_rows, .rewind = give_again, .user = &at,
                              .length = sizeof ROWS - 1};
    const mk_push_options options = {SIZED options, .rehearse = true};
    struct mk_new_consumption_delivery body = announcement("pushed");
    struct mk_consumption_delivery_report *report = NULL;
    o->code = mk_push(c, &body, &source, &options, NULL, &report, e);
    note(o, report, true);
}

static void rows(mk_client *c, struct outcome *o, mk_error *e) {
    size_t at = 0;
    const mk_source source = {SIZED source, .read = give_rows, .rewind = give_again, .user = &at};
    struct mk_put_consumption_rows_options options = {SIZED options};
    struct mk_consumption_delivery_report *report = NULL;
    o->code =
        mk_put_consumption_rows(c, delivery_id, &source, &options, &report, e); /* accepted before: the same report */
    note(o, report, true);
}

static void raw(mk_client *c, struct outcome *o, mk_error *e) {
    const mk_header header = {"Accept", "application/json"};
    mk_response *response = NULL;
    o->code = mk_request(c, "GET", "/v1/regions?as_of=2024-01-01", &header, 1, NULL, 0, &response, e);
    note_response(o, response);
}

static void by_name(mk_client *c, struct outcome *o, mk_error *e) {
    const mk_argument arguments[] = {{"region", "nordjylland"}, {"as_of", "2024-01-01"}};
    mk_response *response = NULL;
    o->code = mk_call(c, mk_operation_find("get_region"), arguments, 2, NULL, NULL, &response, e);
    note_response(o, response);
}

static void cached(mk_client *c, struct outcome *o, mk_error *e) {
    struct mk_hospital *first = NULL, *second = NULL;
    o->code = mk_get_hospital(c, "AHH", NULL, &first, e);
    note(o, first, false);
    if (o->code != MK_OK)
        return;
    o->hash = 0;
    o->code = mk_get_hospital(c, "AHH", NULL, &second, e); /* 304, and out of the cache */
    note(o, second, false);
}

/* With a proxy (CALLS_PROXY: tests/client/misbehaving.py, which says back what it is told). */
static void through(const char *to, const char *path, struct outcome *o, mk_error *e) {
    const mk_client_options options = {SIZED options, .url = to, .token = token, .proxy = getenv("CALLS_PROXY"),
                                       .retries = -1};
    mk_client *client = NULL;
    mk_response *response = NULL;
    o->code = mk_client_create(&options, &client, e);
    if (o->code == MK_OK)
        o->code = mk_request(client, "GET", path, NULL, 0, NULL, 0, &response, e);
    note_response(o, response);
    mk_client_destroy(client);
}

static void proxied(mk_client *unused, struct outcome *o, mk_error *e) {
    (void)unused;
    through("http://medkoord.invalid", "/v1/echo?a=1&b=2", o, e);
}

static void past_proxy(mk_client *unused, struct outcome *o, mk_error *e) {
    (void)unused;
    through(url, "/v1/regions?as_of=2024-01-01&limit=1", o, e); /* no_proxy names 127.0.0.1 */
}

static void event(mk_client *unused, struct outcome *o, mk_error *e) {
    static const char *const secrets[] = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    (void)unused;
    o->code = mk_webhook_verify(secrets, 1, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "{\"test\": 2432232314}", 20, 300,
                                1614265330, e);
}

static const struct {
    const char *name;
    void (*run)(mk_client *, struct outcome *, mk_error *);
    int code;
} calls[] = {{"client", with_client, MK_OK},
             {"health", health, MK_OK},
             {"region", region, MK_OK},
             {"hospital", hospital, MK_OK},
             {"regions", regions, MK_END},
             {"pages", pages, MK_END},
             {"items", items, MK_END},
             {"overview", overview, MK_OK},
             {"export", export, MK_OK},
             {"contract", contract, MK_OK},
             {"chart", chart, MK_OK},
             {"create", create, MK_OK},
             {"update", update, MK_OK},
             {"refused", refused, MK_ERR_REFUSED},
             {"missing", missing, MK_ERR_REFUSED},
             {"atc_code", atc_code, MK_OK},
             {"announce", announce, MK_OK},
             {"push", push, MK_OK},
             {"rows", rows, MK_OK},
             {"raw", raw, MK_OK},
             {"by_name", by_name, MK_OK},
             {"cached", cached, MK_OK},
             {"proxied", proxied, MK_OK},
             {"past_proxy", past_proxy, MK_OK},
             {"event", event, MK_OK}};
#define N_CALLS (sizeof calls / sizeof *calls)

/* ---- running them ---- */

static mk_client *make_client(void) {
    mk_client_options options = {SIZED options, .url = url,    .token = token,     .cache_bytes = 100000,
                                 .proxy = "",   .retries = -1, .timeout_ms = 20000};
    mk_client *client = NULL;
    mk_error error = MK_ERROR_INIT;
    if (mk_client_create(&options, &client, &error) != MK_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return client;
}

static void complain(size_t call, long n, const char *what, const struct outcome *o, const mk_error *e) {
    failures++;
    printf("WRONG %s, allocation %ld: %s: %s, %s\n", calls[call].name, n, what, mk_code_name(o->code), e->message);
}

/* One call on a handle of its own, the n-th allocation failing (0: none). Answers whether one did. */
static bool run_one(size_t call, long n, struct outcome *ret_outcome, const struct outcome *good) {
    mk_client *client = make_client();
    mk_error error = MK_ERROR_INIT;
    struct outcome o = {0};
    if (shim != NULL) {
        shim->failed = 0;
        shim->left = n;
    }
    calls[call].run(client, &o, &error);
    bool failed = shim != NULL && shim->failed > 0;
    if (shim != NULL)
        shim->left = 0;
    bool as_good = o.code == calls[call].code;
    if (o.touched)
        complain(call, n, "an out-parameter was touched", &o, &error);
    if (!as_good && !(failed && (o.code == MK_ERR_NO_MEMORY || o.code == MK_ERR_NETWORK)))
        complain(call, n, failed ? "not told as memory" : "failed", &o, &error);
    if (as_good && good != NULL && o.hash != good->hash)
        complain(call, n, "another result", &o, &error);
    if (o.code < 0 && (error.code != o.code || *error.message == '\0'))
        complain(call, n, "the error does not say so", &o, &error);
    mk_error_clear(&error);
    mk_client_destroy(client);
    *ret_outcome = o;
    return failed;
}

static void torture(size_t call) {
    struct outcome good, o;
    long n = 1, told = 0, network = 0, survived = 0;
    run_one(call, 0, &good, NULL);
    for (; n < MOST_ALLOCATIONS && run_one(call, n, &o, &good); n++) {
        told += o.code == MK_ERR_NO_MEMORY;
        network += o.code == MK_ERR_NETWORK;
        survived += o.code == calls[call].code;
    }
    printf("%-10s %4ld allocations: %ld told as memory, %ld as network, %ld done all the same\n", calls[call].name,
           n - 1, told, network, survived);
    if (n == MOST_ALLOCATIONS || (n == 1 && shim != NULL))
        complain(call, n, "allocations that do not end, or never begin", &good, &(mk_error){.message = ""});
}

static void *run_thread(void *unused) {
    struct outcome o;
    (void)unused;
    mk_client *client = make_client();
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < N_CALLS; i++) {
            mk_error error = MK_ERROR_INIT;
            o = (struct outcome){0};
            calls[i].run(client, &o, &error);
            bool busy =
                o.code == MK_ERR_SERVER || (o.code == MK_ERR_REFUSED && error.status == 409); /* 16 write the same */
            if (o.code != calls[i].code && !busy)
                complain(i, 0, "failed", &o, &error);
            mk_error_clear(&error);
        }
    mk_client_destroy(client);
    return NULL;
}

/* ---- the world they need ---- */

static void must(int code, const mk_error *error) {
    if (code != MK_OK && error->status != 409 && error->status != 412 && error->status != 428) {
        fprintf(stderr, "%s: %s\n", mk_code_name(code), error->message);
        exit(1);
    }
}

static void prepare(void) {
    mk_client *client = make_client();
    mk_error error = MK_ERROR_INIT;
    static const char *const codes[] = {"AHH", "RH"};
    for (size_t i = 0; i < 2; i++) {
        struct mk_new_hospital body = {SIZED body, .code = codes[i], .name = codes[i], .region = "hovedstaden",
                                       .valid_from = "2015-01-01"};
        struct mk_hospital *hospital = NULL;
        must(mk_create_hospital(client, &body, NULL, &hospital, &error), &error);
        mk_hospital_free(hospital);
    }
    static char name[32];
    snprintf(name, sizeof name, "calls%ld", (long)getpid());
    source_name = name;
    size_t at = 0;
    const mk_source source = {SIZED source, .read = give_rows, .rewind = give_again, .user = &at};
    struct mk_new_consumption_delivery body = announcement("accepted");
    struct mk_consumption_delivery_report *report = NULL;
    must(mk_push(client, &body, &source, NULL, delivery_id, &report, &error), &error);
    mk_consumption_delivery_report_free(report);
    mk_error_clear(&error);
    mk_client_destroy(client);
}

static void map_shim(void) {
    const char *file = getenv("FAIL_NTH");
    int fd = file == NULL ? -1 : open(file, O_RDWR | O_CLOEXEC);
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shim, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "FAIL_NTH does not name a file of 16 bytes\n");
        exit(1);
    }
    close(fd);
    shim = memory;
}

int main(int argc, char **argv) {
    if (argc != 4 || mk_global_init() != MK_OK)
        return 2;
    url = argv[1];
    token = argv[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare();
    if (strcmp(argv[3], "torture") == 0) {
        map_shim();
        for (size_t i = 0; i < N_CALLS; i++)
            torture(i);
    } else {
        pthread_t threads[THREADS];
        for (size_t i = 0; i < THREADS; i++)
            if (pthread_create(&threads[i], NULL, run_thread, NULL) != 0)
                return 2;
        for (size_t i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        printf("%d threads, %d rounds of %zu calls\n", THREADS, ROUNDS, N_CALLS);
    }
    mk_global_cleanup();
    return failures > 0;
}
