/* Where the public keys are read from: a file or a URL. The only file of the server that uses libcurl.
 * SPDX-License-Identifier: MPL-2.0 */
#include "auth.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_S 5L
#define WHOLE_TIMEOUT_S   10L

static void __attribute__((format(printf, 3, 4))) say(char *error, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
}

bool auth_read_file(const char *name, struct buffer *ret, char *error, size_t error_size) {
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        say(error, error_size, "%s: %s", name, strerror(errno));
        return false;
    }
    struct buffer bytes = {0};
    size_t n = 1;
    while (n > 0 && bytes.length <= JWKS_MAX && buffer_reserve(&bytes, 16384)) {
        n = fread(bytes.bytes + bytes.length, 1, bytes.capacity - bytes.length, file);
        bytes.length += n;
    }
    bool done = false;
    if (ferror(file))
        say(error, error_size, "%s: %s", name, strerror(errno));
    else if (bytes.failed)
        say(error, error_size, "%s: memory ran out", name);
    else if (bytes.length > JWKS_MAX)
        say(error, error_size, "%s: has more than %u bytes", name, JWKS_MAX);
    else
        done = true;
    fclose(file);
    if (!done) {
        buffer_free(&bytes);
        return false;
    }
    *ret = bytes;
    return true;
}

/* localhost, 127.0.0.0/8 as four numbers, and ::1. libcurl takes localhost for these addresses without asking anyone.
 */
static bool is_loopback(const char *host) {
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

enum transport { TRANSPORT_REFUSED, TRANSPORT_HTTPS, TRANSPORT_LOOPBACK };

static enum transport check_url(const char *url, char *error, size_t error_size) {
    enum transport transport = TRANSPORT_REFUSED;
    char *scheme = NULL, *host = NULL, *user = NULL;
    CURLU *parts = curl_url();
    if (parts == NULL)
        say(error, error_size, "memory ran out");
    else if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
             curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
             curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        say(error, error_size, "the URL of the keys is not a valid URL");
    else if (curl_url_get(parts, CURLUPART_USER, &user, 0) != CURLUE_NO_USER) /* or memory ran out in looking */
        say(error, error_size, "the URL of the keys holds a user name; public keys need none");
    else if (is_loopback(host) && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0))
        transport = TRANSPORT_LOOPBACK;
    else if (strcmp(scheme, "https") == 0)
        transport = TRANSPORT_HTTPS;
    else
        say(error, error_size, "%s: keys are only fetched over https (http only from this machine)", url);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(parts);
    return transport;
}

static size_t take(char *bytes, size_t size, size_t n, void *state) {
    struct buffer *body = state;
    if (body->length + size * n > JWKS_MAX)
        return 0; /* ends the transfer */
    buffer_add(body, bytes, size * n);
    return body->failed ? 0 : size * n;
}

static CURLcode set_up(CURL *curl, const char *url, enum transport transport, struct buffer *body) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);
#define SET(option, value) code = code != CURLE_OK ? code : curl_easy_setopt(curl, option, value)
    SET(CURLOPT_PROTOCOLS_STR, transport == TRANSPORT_LOOPBACK ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* the keys come from where the configuration says, or not at all */
    SET(CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    SET(CURLOPT_TIMEOUT, WHOLE_TIMEOUT_S);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "medkoordd/" MEDKOORD_VERSION);
    SET(CURLOPT_WRITEFUNCTION, take);
    SET(CURLOPT_WRITEDATA, body);
    if (transport == TRANSPORT_LOOPBACK)
        SET(CURLOPT_PROXY, "");
#undef SET
    return code;
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_started;

static void start_curl(void) {
    curl_started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool read_url(const char *url, struct buffer *ret, char *error, size_t error_size) {
    pthread_once(&curl_once, start_curl);
    enum transport transport = check_url(url, error, error_size);
    if (transport == TRANSPORT_REFUSED)
        return false;
    CURL *curl = curl_started == CURLE_OK ? curl_easy_init() : NULL;
    struct buffer body = {0};
    long status = 0;
    CURLcode code = curl == NULL ? CURLE_OUT_OF_MEMORY : set_up(curl, url, transport, &body);
    if (code == CURLE_OK)
        code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    bool done = false;
    if (code == CURLE_WRITE_ERROR && !body.failed)
        say(error, error_size, "%s: answers more than %u bytes", url, JWKS_MAX);
    else if (code != CURLE_OK)
        say(error, error_size, "%s: %s", url, curl_easy_strerror(code));
    else if (status != 200)
        say(error, error_size, "%s: answers with status %ld", url, status);
    else
        done = true;
    curl_easy_cleanup(curl);
    if (!done) {
        buffer_free(&body);
        return false;
    }
    *ret = body;
    return true;
}

bool auth_source_read(const char *file_or_url, struct buffer *ret, char *error, size_t error_size) {
    return strstr(file_or_url, "://") != NULL ? read_url(file_or_url, ret, error, error_size)
                                              : auth_read_file(file_or_url, ret, error, error_size);
}
