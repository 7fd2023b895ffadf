/* Sends a file as the delivery of one region's month: push REGION MONTH ROWS DDD FILE. Build: cc push.c $(pkg-config
 * --cflags --libs medkoord)
 * SPDX-License-Identifier: MPL-2.0 */
#include <medkoord.h>
#include <stdlib.h>

static int progress(void *user, int64_t sent, int64_t total) {
    (void)user;
    fprintf(stderr, "\r%lld of %lld bytes", (long long)sent, (long long)total);
    return 0;
}

static int push(mk_client *client, char **words, FILE *file, mk_error *error) {
    struct mk_coverage coverage = {
        .size = sizeof coverage, .region = words[0], .from_month = words[1], .to_month = words[1]};
    const struct mk_coverage *const coverages[] = {&coverage};
    struct mk_control_totals control = {.size = sizeof control, .rows = atoll(words[2]), .ddd = words[3]};
    struct mk_new_consumption_delivery delivery = {.size = sizeof delivery,
                                                   .source = "amgros",
                                                   .label = words[1],
                                                   .status = MK_NEW_CONSUMPTION_DELIVERY_STATUS_FINAL,
                                                   .n_coverage = 1,
                                                   .coverage = coverages,
                                                   .control = &control};
    mk_push_options options = {.size = sizeof options, .progress = progress};
    mk_source source = {.size = sizeof source};
    struct mk_consumption_delivery_report *report;

    int code = mk_source_from_file(&source, file);
    if (code == MK_OK)
        code = mk_push(client, &delivery, &source, &options, NULL, &report, error);
    fputc('\n', stderr);
    if (code == MK_OK) {
        printf("%s: %lld rows, %s DDD\n", report->state, (long long)report->rows, report->ddd);
        mk_consumption_delivery_report_free(report);
    }
    return code;
}

int main(int argc, char **argv) {
    FILE *file = argc == 6 ? fopen(argv[5], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: push REGION MONTH ROWS DDD FILE\n");
        return 2;
    }
    mk_client_options options = {
        .size = sizeof options, .url = getenv("MEDKOORD_URL"), .token = getenv("MEDKOORD_TOKEN")};
    mk_client *client;
    mk_error error = MK_ERROR_INIT;

    mk_global_init();
    int code = mk_client_create(&options, &client, &error);
    if (code == MK_OK) {
        code = push(client, argv + 1, file, &error);
        mk_client_destroy(client);
    }
    fclose(file);
    if (code != MK_OK)
        fprintf(stderr, "%s: %s\n", mk_code_name(code), error.message);
    for (size_t i = 0; i < error.n_details; i++) {
        const mk_error_detail *d = &error.details[i];
        fprintf(stderr, "  %s%s%s\n", d->pointer == NULL ? "" : d->pointer, d->pointer == NULL ? "" : ": ", d->detail);
    }
    mk_error_clear(&error);
    mk_global_cleanup();
    return code != MK_OK;
}
