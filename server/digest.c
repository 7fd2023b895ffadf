/* SHA-256 of what streams by, and the header that announces it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "digest.h"
#include "base.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct digest {
    EVP_MD_CTX *context;
    bool failed;
};

struct digest *digest_create(void) {
    struct digest *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->context = EVP_MD_CTX_new();
    if (d->context == NULL || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1) {
        digest_destroy(d);
        return NULL;
    }
    return d;
}

void digest_destroy(struct digest *d) {
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->context);
    free(d);
}

void digest_add(struct digest *d, const void *bytes, size_t n) {
    if (n > 0 && EVP_DigestUpdate(d->context, bytes, n) != 1)
        d->failed = true;
}

bool digest_end(struct digest *d, unsigned char ret[DIGEST_SIZE]) {
    return !d->failed && EVP_DigestFinal_ex(d->context, ret, NULL) == 1;
}

void digest_to_hex(const unsigned char digest[DIGEST_SIZE], char ret[DIGEST_HEX + 1]) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        ret[2 * i] = hex[digest[i] >> 4];
        ret[2 * i + 1] = hex[digest[i] & 15];
    }
    ret[DIGEST_HEX] = '\0';
}

bool digest_from_hex(const char *text, size_t n, unsigned char ret[DIGEST_SIZE]) {
    unsigned char bytes[DIGEST_SIZE];
    if (n != DIGEST_HEX)
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = text_hex_value(text[2 * i]), low = text_hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    memcpy(ret, bytes, sizeof bytes);
    return true;
}

/* 44 characters of base64 with one '=' are 32 bytes; EVP_DecodeBlock gives 33, the last of them padding. */
static bool from_base64(const char *text, size_t n, unsigned char ret[DIGEST_SIZE]) {
    unsigned char bytes[36];
    if (n != 44 || text[43] != '=' || text[42] == '=' ||
        EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n) != 33)
        return false;
    memcpy(ret, bytes, DIGEST_SIZE);
    return true;
}

static bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '*';
}

bool digest_from_header(const char *p, size_t n, unsigned char ret[DIGEST_SIZE], bool *ret_found) {
    const char *end = p + n;
    unsigned char digest[DIGEST_SIZE];
    bool found = false;
    for (;;) {
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        const char *key = p;
        while (p < end && is_key_character(*p))
            p++;
        size_t key_length = (size_t)(p - key);
        if (key_length == 0 || end - p < 2 || p[0] != '=' || p[1] != ':')
            return false;
        const char *value = p + 2;
        p = memchr(value, ':', (size_t)(end - value));
        if (p == NULL)
            return false;
        if (key_length == 7 && memcmp(key, "sha-256", 7) == 0) {
            if (!from_base64(value, (size_t)(p - value), digest))
                return false;
            found = true;
        }
        p++;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (p == end)
            break;
        if (*p++ != ',')
            return false;
    }
    if (found)
        memcpy(ret, digest, sizeof digest);
    *ret_found = found;
    return true;
}
