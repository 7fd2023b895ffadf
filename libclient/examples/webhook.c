/* Checks an event that stands on standard input: webhook ID TIMESTAMP SIGNATURE, with the secrets in WEBHOOK_SECRET and
 * WEBHOOK_OLD_SECRET while they rotate. Build: cc webhook.c $(pkg-config --cflags --libs medkoord)
 * SPDX-License-Identifier: MPL-2.0 */
#include <medkoord.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    static char body[1 << 20];
    const char *secrets[2];
    size_t n_secrets = 0;
    mk_error error = MK_ERROR_INIT;
    const char *names[] = {"WEBHOOK_SECRET", "WEBHOOK_OLD_SECRET"};

    for (size_t i = 0; i < 2; i++)
        if (getenv(names[i]) != NULL)
            secrets[n_secrets++] = getenv(names[i]);
    if (argc != 4 || n_secrets == 0) {
        fprintf(stderr, "usage: WEBHOOK_SECRET=whsec_... webhook ID TIMESTAMP SIGNATURE < BODY\n");
        return 2;
    }
    size_t n = fread(body, 1, sizeof body, stdin);
    if (n == sizeof body) {
        fprintf(stderr, "no event is as large as 1 MiB\n");
        return 2;
    }
    int code = mk_webhook_verify(secrets, n_secrets, argv[1], argv[2], argv[3], body, n, 300, 0, &error);
    puts(code == MK_OK ? "verified" : error.message);
    mk_error_clear(&error);
    return code != MK_OK;
}
