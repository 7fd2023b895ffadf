/* Signed events: whether one is what it says (Standard Webhooks 1.0).
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>
#include <time.h>

#define TOLERANCE_S  300 /* what the specification's own libraries use */
#define MAC_SIZE     32
#define LARGEST_KEY  256
#define SMALLEST_KEY 16 /* the specification asks for 24 to 64 bytes; less than 16 is no secret */

/* ---- base64, the standard alphabet with its padding ---- */

static int digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many bytes; -1 when it is no base64 or does not fit. */
static long decode_base64(const char *text, size_t n, unsigned char *to, size_t room) {
    size_t pad = 0, used = 0;
    if (n == 0 || n % 4 != 0)
        return -1;
    while (pad < 2 && text[n - 1 - pad] == '=')
        pad++;
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        int d = i >= n - pad ? 0 : digit(text[i]);
        if (d < 0)
            return -1;
        bits = bits << 6 | (uint32_t)d;
        if (i % 4 != 3)
            continue;
        size_t bytes = i == n - 1 ? 3 - pad : 3;
        if (bytes > room - used)
            return -1;
        for (size_t k = 0; k < bytes; k++)
            to[used++] = (unsigned char)(bits >> (16 - 8 * k));
        if (bytes < 3 && (bits & ((1u << (8 * (3 - bytes))) - 1)) != 0)
            return -1; /* two spellings of the same bytes are one too many */
        bits = 0;
    }
    return (long)used;
}

/* ---- the signature ---- */

struct part {
    const void *bytes;
    size_t n;
};

/* Only memory can fail here. */
static bool authenticate(EVP_MAC_CTX *context, const unsigned char *key, size_t n_key, const struct part *parts,
                         size_t n_parts, unsigned char mac[MAC_SIZE]) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
    size_t n = 0;
    bool good = EVP_MAC_init(context, key, n_key, parameters) == 1;
    for (size_t i = 0; i < n_parts && good; i++)
        good = EVP_MAC_update(context, parts[i].bytes, parts[i].n) == 1;
    return good && EVP_MAC_final(context, mac, &n, MAC_SIZE) == 1 && n == MAC_SIZE;
}

/* Whether one of the signatures (`v1,BASE64`, with spaces between) is this. Those of other versions are passed over.
 * All are looked at, whichever fits, so that the time says nothing. */
static bool stands_in(const char *signatures, const unsigned char mac[MAC_SIZE]) {
    bool found = false;
    for (const char *p = signatures; *p != '\0';) {
        size_t n = strcspn(p, " ");
        unsigned char given[MAC_SIZE];
        if (n > 3 && strncmp(p, "v1,", 3) == 0 && decode_base64(p + 3, n - 3, given, sizeof given) == MAC_SIZE)
            found |= CRYPTO_memcmp(given, mac, MAC_SIZE) == 0;
        p += n + (p[n] == ' ');
    }
    return found;
}

/* MK_OK when one of the secrets made one of the signatures. */
static int verify(EVP_MAC_CTX *context, const char *const *secrets, size_t n, const struct part *parts, size_t n_parts,
                  const char *signatures, mk_error *error) {
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        const char *text = secrets[i];
        unsigned char key[LARGEST_KEY], mac[MAC_SIZE];
        if (text != NULL && strncmp(text, "whsec_", 6) == 0)
            text += 6;
        long n_key = text == NULL ? -1 : decode_base64(text, strlen(text), key, sizeof key);
        if (n_key < SMALLEST_KEY) {
            OPENSSL_cleanse(key, sizeof key);
            return mk_fail(error, MK_ERR_ARGUMENT, "secret %zu is not whsec_ and base64 of %d to %d bytes", i + 1,
                           SMALLEST_KEY, LARGEST_KEY);
        }
        bool made = authenticate(context, key, (size_t)n_key, parts, n_parts, mac);
        OPENSSL_cleanse(key, sizeof key);
        if (!made)
            return mk_fail_memory(error);
        found |= stands_in(signatures, mac);
        OPENSSL_cleanse(mac, sizeof mac); /* of a body that nobody signed, it is a signature to be had for the asking */
    }
    return found ? MK_OK : mk_fail(error, MK_ERR_UNVERIFIED, "none of the signatures is of one of the secrets");
}

static bool read_seconds(const char *text, int64_t *ret_seconds) {
    int64_t seconds = 0;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 17 || text[n] != '\0')
        return false;
    for (size_t i = 0; i < n; i++)
        seconds = seconds * 10 + (text[i] - '0');
    *ret_seconds = seconds;
    return true;
}

int mk_webhook_verify(const char *const *secrets, size_t n, const char *id, const char *timestamp,
                      const char *signature, const void *body, size_t n_body, int64_t tolerance_s, int64_t now_s,
                      mk_error *error) {
    int64_t sent_s;
    if (secrets == NULL || n == 0 || (body == NULL && n_body > 0) || tolerance_s < 0 || now_s < 0)
        return mk_fail(error, MK_ERR_ARGUMENT, "mk_webhook_verify: no secret, no body, or a negative time");
    if (id == NULL || timestamp == NULL || signature == NULL)
        return mk_fail(error, MK_ERR_UNVERIFIED, "one of webhook-id, webhook-timestamp, webhook-signature is missing");
    /* The signed text joins id, timestamp and body by points: one in the id would leave open where each ends. */
    if (*id == '\0' || strchr(id, '.') != NULL)
        return mk_fail(error, MK_ERR_UNVERIFIED, "the event's id is empty or has a point in it");
    if (!read_seconds(timestamp, &sent_s))
        return mk_fail(error, MK_ERR_UNVERIFIED, "the event's timestamp is no number of seconds");
    int64_t now = now_s == 0 ? (int64_t)time(NULL) : now_s, tolerance = tolerance_s == 0 ? TOLERANCE_S : tolerance_s;
    if (sent_s > now ? sent_s - now > tolerance : now - sent_s > tolerance)
        return mk_fail(error, MK_ERR_UNVERIFIED, "the event was sent more than %lld s from now", (long long)tolerance);
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    const struct part parts[] = {{id, strlen(id)}, {".", 1}, {timestamp, strlen(timestamp)}, {".", 1}, {body, n_body}};
    int code = context == NULL ? mk_fail_memory(error)
                               : verify(context, secrets, n, parts, sizeof parts / sizeof *parts, signature, error);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    return code;
}
