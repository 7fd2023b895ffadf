/* Prints the regions, and the hospitals of each: lists, and how errors are told. Build: cc regions.c $(pkg-config
 * --cflags --libs medkoord)
 * SPDX-License-Identifier: MPL-2.0 */
#include <medkoord.h>
#include <stdlib.h>

static int print_hospitals(mk_client *client, const char *region, mk_error *error) {
    struct mk_list_hospitals_options options = {.size = sizeof options, .region = region};
    struct mk_hospital *hospital;
    mk_list *list;
    int code = mk_list_hospitals(client, &options, &list, error);
    if (code != MK_OK)
        return code;
    while ((code = mk_hospital_next(list, &hospital, error)) == MK_OK) {
        printf("  %s %s\n", hospital->code, hospital->name);
        mk_hospital_free(hospital);
    }
    mk_list_destroy(list);
    return code == MK_END ? MK_OK : code;
}

static int print_regions(mk_client *client, mk_error *error) {
    struct mk_region *region;
    mk_list *list;
    int code = mk_list_regions(client, NULL, &list, error);
    if (code != MK_OK)
        return code;
    while ((code = mk_region_next(list, &region, error)) == MK_OK) {
        printf("%s, from %s\n", region->name, region->valid_from);
        code = print_hospitals(client, region->slug, error);
        mk_region_free(region);
        if (code != MK_OK)
            break;
    }
    mk_list_destroy(list);
    return code == MK_END ? MK_OK : code;
}

int main(void) {
    mk_client_options options = {
        .size = sizeof options, .url = getenv("MEDKOORD_URL"), .token = getenv("MEDKOORD_TOKEN")};
    mk_client *client;
    mk_error error = MK_ERROR_INIT;

    mk_global_init();
    int code = mk_client_create(&options, &client, &error);
    if (code == MK_OK) {
        code = print_regions(client, &error);
        mk_client_destroy(client);
    }
    if (code != MK_OK)
        fprintf(stderr, "%s: %s\n", mk_code_name(code), error.message);
    mk_error_clear(&error);
    mk_global_cleanup();
    return code != MK_OK;
}
