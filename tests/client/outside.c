/* A program from outside: nothing of the project but the public header. Built as C11, C17 and C++17 with -pedantic, run
 * without a server: what it calls has to fail in an orderly way.
 * SPDX-License-Identifier: MPL-2.0 */
#include <medkoord.h>

#include <string.h>

int main(void) {
    mk_client_options options;
    mk_error error = MK_ERROR_INIT;
    mk_client *client = NULL;
    struct mk_region *region = NULL;
    int code;

    if (strcmp(mk_version(), MK_VERSION) != 0 || mk_global_init() != MK_OK)
        return 1;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.url = "http://127.0.0.1:1"; /* nobody listens on the port tcpmux */
    options.retries = -1;
    if (mk_client_create(&options, &client, &error) != MK_OK)
        return 2;
    code = mk_get_region(client, "hovedstaden", NULL, &region, &error);
    if (code != MK_ERR_NETWORK || region != NULL || error.code != code || error.message[0] == '\0')
        return 3;
    printf("%s: %s\n", mk_code_name(code), error.message);
    mk_region_free(region);
    mk_error_clear(&error);
    mk_client_destroy(client);
    mk_global_cleanup();
    return 0;
}
