/* Starts tests/client/misbehaving.py (MISBEHAVING: where it is) and asks it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "misbehaving.h"

#include <assert.h>
#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int port_of(const json_t *said, const char *name) {
    return (int)json_integer_value(json_object_get(said, name));
}

struct misbehaving misbehaving_start(bool tls) {
    int in[2], out[2];
    pid_t pid = pipe(in) == 0 && pipe(out) == 0 ? fork() : -1;
    assert(pid >= 0); /* Check's own work only within its tests */
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        unsetenv("LD_PRELOAD");
        execl("/usr/bin/python3", "python3", MISBEHAVING, tls ? "--tls" : NULL, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    FILE *file = fdopen(out[0], "r");
    char line[1024] = "";
    json_t *said = fgets(line, sizeof line, file) == NULL ? NULL : json_loads(line, 0, NULL);
    assert(said != NULL);
    fclose(file);
    struct misbehaving m = {.http = port_of(said, "http"),
                            .tls = port_of(said, "tls"),
                            .other = port_of(said, "other"),
                            .expired = port_of(said, "expired"),
                            .closed = port_of(said, "closed"),
                            .pid = (int)pid,
                            .in = in[1]};
    const char *ca = json_string_value(json_object_get(said, "ca"));
    snprintf(m.ca, sizeof m.ca, "%s", ca == NULL ? "" : ca);
    json_decref(said);
    return m;
}

void misbehaving_stop(struct misbehaving *m) {
    close(m->in); /* it ends then, and takes its files along */
    waitpid(m->pid, NULL, 0);
}

mk_client *client_of(int port, mk_client_options options) {
    char url[64];
    mk_error error = MK_ERROR_INIT;
    mk_client *client = NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    options.size = sizeof options;
    if (options.url == NULL)
        options.url = url;
    if (options.timeout_ms == 0)
        options.timeout_ms = 5000;
    if (options.retries == 0)
        options.retries = -1;
    if (options.proxy == NULL)
        options.proxy = "";
    int code = mk_client_create(&options, &client, &error);
    ck_assert_msg(code == MK_OK, "%s", error.message);
    return client;
}

int count_of(const struct misbehaving *m, const char *path) {
    char counted[256];
    mk_response *response = NULL;
    mk_client *client = client_of(m->http, (mk_client_options){0});
    snprintf(counted, sizeof counted, "/count%s", path);
    ck_assert_int_eq(mk_request(client, "GET", counted, NULL, 0, NULL, 0, &response, NULL), MK_OK);
    json_t *said = json_loads(mk_response_body(response, NULL), 0, NULL);
    int n = port_of(said, "n");
    json_decref(said);
    mk_response_free(response);
    mk_client_destroy(client);
    return n;
}

int fetch(mk_client *client, const char *method, const char *path, mk_response **ret_response, mk_error *error) {
    return mk_request(client, method, path, NULL, 0, NULL, 0, ret_response, error);
}
