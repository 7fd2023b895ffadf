/* Fuzz target of the token gate: what is accepted obeys every rule as worked out here a second time, with OpenSSL and
 * jansson used directly; and what obeys them is accepted.
 *
 * Input: a byte '0' to '3' for the key that signs (RS256, PS256, ES256, EdDSA), or 'r': the rest is the token itself.
 * Then a byte and a number of two bytes, most significant first: with '.' the token stays as signed, with any other
 * byte it is changed at that place; header and claims, between them a line feed.
 * SPDX-License-Identifier: MPL-2.0 */
#include "auth.h"
#include "fuzz.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000
static const struct auth_rules rules = {"https://login.example.dk", "medkoord", 30};

enum { RS, PS, EC, ED, N_KEYS };
static const char *const kids[N_KEYS] = {"rs", "ps", "ec", "ed"};
static const char *const algorithms[N_KEYS] = {"RS256", "PS256", "ES256", "EdDSA"};
static EVP_PKEY *private_keys[N_KEYS];
static struct auth_keys *keys, *other_keys;
static struct auth_cache *cache;

/* ---- keys and signatures, by OpenSSL alone ---- */

static char *encode(const void *bytes, size_t n) {
    char *text = malloc(n / 3 * 4 + 8);
    MUST(text != NULL);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
    size_t length = strcspn(text, "=");
    text[length] = '\0';
    for (size_t i = 0; i < length; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    return text;
}

static char *number_of(EVP_PKEY *key, const char *name, int width) {
    BIGNUM *number = NULL;
    unsigned char bytes[512];
    MUST(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    int n = width > 0 ? BN_bn2binpad(number, bytes, width) : BN_bn2bin(number, bytes);
    MUST(n > 0);
    BN_free(number);
    return encode(bytes, (size_t)n);
}

static json_t *jwk_of(int k) {
    EVP_PKEY *key = private_keys[k];
    json_t *jwk = json_pack("{s:s, s:s}", "kid", kids[k], "alg", algorithms[k]);
    char *first, *second = NULL;
    if (k == EC) {
        json_object_update_new(jwk, json_pack("{s:s, s:s}", "kty", "EC", "crv", "P-256"));
        first = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
        second = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    } else if (k == ED) {
        unsigned char raw[32];
        size_t n = sizeof raw;
        json_object_update_new(jwk, json_pack("{s:s, s:s}", "kty", "OKP", "crv", "Ed25519"));
        MUST(EVP_PKEY_get_raw_public_key(key, raw, &n) == 1);
        first = encode(raw, n);
    } else {
        json_object_set_new(jwk, "kty", json_string("RSA"));
        first = number_of(key, OSSL_PKEY_PARAM_RSA_N, 0);
        second = number_of(key, OSSL_PKEY_PARAM_RSA_E, 0);
    }
    json_object_set_new(jwk, k == EC || k == ED ? "x" : "n", json_string(first));
    if (second != NULL)
        json_object_set_new(jwk, k == EC ? "y" : "e", json_string(second));
    free(first);
    free(second);
    return jwk;
}

static struct auth_keys *key_set(int from, int to) {
    char error[256] = "";
    json_t *set = json_pack("{s:[]}", "keys");
    for (int k = from; k < to; k++)
        json_array_append_new(json_object_get(set, "keys"), jwk_of(k));
    char *text = json_dumps(set, 0);
    struct auth_keys *parsed = auth_keys_parse(text, strlen(text), error, sizeof error);
    free(text);
    json_decref(set);
    MUST(parsed != NULL && auth_keys_count(parsed) == (size_t)(to - from));
    return parsed;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    private_keys[RS] = EVP_RSA_gen(2048);
    private_keys[PS] = EVP_RSA_gen(2048);
    private_keys[EC] = EVP_EC_gen("P-256");
    private_keys[ED] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    keys = key_set(RS, N_KEYS);
    other_keys = key_set(PS, PS + 1);
    cache = auth_cache_create(64);
    MUST(cache != NULL);
    return 0;
}

static EVP_MD_CTX *signature_context(int k, bool verifies) {
    EVP_PKEY_CTX *details;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    MUST((verifies ? EVP_DigestVerifyInit : EVP_DigestSignInit)(context, &details, k == ED ? NULL : EVP_sha256(), NULL,
                                                                private_keys[k]) == 1);
    if (k == PS)
        MUST(EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1);
    return context;
}

static size_t sign(int k, const char *data, size_t n, unsigned char ret[512]) {
    size_t length = 512;
    EVP_MD_CTX *context = signature_context(k, false);
    MUST(EVP_DigestSign(context, ret, &length, (const unsigned char *)data, n) == 1);
    EVP_MD_CTX_free(context);
    if (k == EC) {
        const unsigned char *der = ret;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
        MUST(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret, 32) == 32 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret + 32, 32) == 32);
        ECDSA_SIG_free(pair);
        length = 64;
    }
    return length;
}

static bool is_signed(int k, const char *data, size_t n, const unsigned char *signature, size_t length) {
    unsigned char *der = NULL;
    if (k == EC) {
        if (length != 64)
            return false;
        ECDSA_SIG *pair = ECDSA_SIG_new();
        MUST(ECDSA_SIG_set0(pair, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL)) == 1);
        int der_length = i2d_ECDSA_SIG(pair, &der);
        ECDSA_SIG_free(pair);
        MUST(der_length > 0);
        signature = der;
        length = (size_t)der_length;
    }
    EVP_MD_CTX *context = signature_context(k, true);
    bool good = EVP_DigestVerify(context, signature, length, (const unsigned char *)data, n) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    return good;
}

/* ---- the rules, a second time ---- */

/* Canonical base64url: what is decoded must give the same letters again. NULL when it is not; free() it. */
static unsigned char *decode(const char *text, size_t n, size_t *ret_n) {
    size_t padded = (n + 3) / 4 * 4;
    unsigned char *bytes = malloc(padded + 4);
    char *letters = malloc(padded + 1);
    MUST(bytes != NULL && letters != NULL);
    memset(letters, '=', padded);
    bool good = n % 4 != 1 && memchr(text, '\0', n) == NULL;
    for (size_t i = 0; i < n; i++) {
        good = good && strchr("+/= \t\r\n", text[i]) == NULL;
        letters[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    int length = good && n > 0 ? EVP_DecodeBlock(bytes, (unsigned char *)letters, (int)padded) : 0;
    free(letters);
    good = good && length >= 0;
    if (good) {
        *ret_n = (size_t)length - (padded - n);
        char *again = encode(bytes, *ret_n);
        good = strlen(again) == n && memcmp(again, text, n) == 0;
        free(again);
    }
    if (!good) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static json_t *object_in(const char *text, size_t n) {
    size_t length;
    unsigned char *bytes = decode(text, n, &length);
    json_t *json = bytes == NULL ? NULL : json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static bool says(const json_t *object, const char *name, const char *text) {
    const json_t *member = json_object_get(object, name);
    return json_is_string(member) && strcmp(json_string_value(member), text) == 0;
}

static int signing_key(const json_t *header) {
    static const char *const refused[] = {"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (json_object_get(header, refused[i]) != NULL)
            return -1;
    if (json_object_get(header, "typ") != NULL && !says(header, "typ", "JWT") && !says(header, "typ", "at+jwt"))
        return -1;
    for (int k = 0; k < N_KEYS; k++)
        if (says(header, "kid", kids[k]))
            return says(header, "alg", algorithms[k]) ? k : -1;
    return -1;
}

static bool good_audience(const json_t *claims) {
    const json_t *aud = json_object_get(claims, "aud"), *one;
    if (!json_is_array(aud))
        return says(claims, "aud", rules.audience);
    size_t i, ours = 0;
    json_array_foreach((json_t *)aud, i, one) {
        if (!json_is_string(one))
            return false;
        ours += strcmp(json_string_value(one), rules.audience) == 0;
    }
    return ours > 0;
}

static bool good_times(const json_t *claims) {
    static const char *const names[] = {"exp", "nbf", "iat"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *time = json_object_get(claims, names[i]);
        if (time == NULL && i > 0)
            continue;
        if (!json_is_integer(time))
            return false;
        int64_t at = json_integer_value(time);
        if (at < 0 || at > 253402300799) /* the end of the year 9999 */
            return false;
        if (i == 0 ? at <= NOW - rules.leeway_s : at > NOW + rules.leeway_s)
            return false;
    }
    return true;
}

static bool good_subject(const json_t *claims) {
    const json_t *sub = json_object_get(claims, "sub");
    if (!json_is_string(sub) || json_string_length(sub) < 1 || json_string_length(sub) > 255)
        return false;
    const char *text = json_string_value(sub);
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0))
            return false;
    }
    return fuzz_is_text(text, strlen(text));
}

static bool good_region(const json_t *claims) {
    const json_t *region = json_object_get(claims, "region");
    if (region == NULL)
        return true;
    if (!json_is_string(region) || json_string_length(region) < 1 || json_string_length(region) > 32)
        return false;
    for (const char *c = json_string_value(region); *c != '\0'; c++) {
        bool letter = *c >= 'a' && *c <= 'z';
        if (!letter && (c == json_string_value(region) || ((*c < '0' || *c > '9') && *c != '-')))
            return false;
    }
    return true;
}

static bool good_roles(const json_t *claims) {
    const json_t *roles = json_object_get(claims, "roles"), *role;
    if (roles != NULL && !json_is_array(roles))
        return false;
    size_t i;
    json_array_foreach((json_t *)roles, i, role) if (!json_is_string(role)) return false;
    return true;
}

static void check_actor(const json_t *claims, const struct actor *actor) {
    const char *region = json_string_value(json_object_get(claims, "region"));
    MUST(strcmp(actor->subject, json_string_value(json_object_get(claims, "sub"))) == 0);
    MUST(strcmp(actor->region, region == NULL ? "" : region) == 0);
    MUST(actor->expires == json_integer_value(json_object_get(claims, "exp")));
    char text[512] = "";
    for (size_t bit = 0; bit < n_roles; bit++) {
        size_t i, given = 0;
        json_t *role;
        json_array_foreach(json_object_get(claims, "roles"), i, role) given +=
            strcmp(json_string_value(role), role_names[bit]) == 0;
        if (region == NULL && strcmp(role_names[bit], "region_coordinator") == 0)
            given = 0; /* a coordinator of no region is none */
        MUST(((actor->roles >> bit & 1u) != 0) == (given > 0));
        if (given > 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s,", role_names[bit]);
    }
    MUST(text[0] == '\0' ? actor->roles_text[0] == '\0'
                         : actor->roles_text[0] == ',' && strcmp(actor->roles_text + 1, text) == 0);
}

/* The claims of a token that obeys all rules; NULL of any other. */
static json_t *good_claims(const char *token, size_t n) {
    const char *end = token + n, *first = memchr(token, '.', n);
    const char *second = first == NULL ? NULL : memchr(first + 1, '.', (size_t)(end - first) - 1);
    if (second == NULL || n > 8192)
        return NULL;
    json_t *header = object_in(token, (size_t)(first - token));
    int k = header == NULL ? -1 : signing_key(header);
    json_decref(header);
    size_t length = 0;
    unsigned char *signature = k < 0 ? NULL : decode(second + 1, (size_t)(end - second) - 1, &length);
    bool good = signature != NULL && is_signed(k, token, (size_t)(second - token), signature, length);
    free(signature);
    json_t *claims = good ? object_in(first + 1, (size_t)(second - first) - 1) : NULL;
    if (claims != NULL && says(claims, "iss", rules.issuer) && good_audience(claims) && good_times(claims) &&
        good_subject(claims) && good_region(claims) && good_roles(claims))
        return claims;
    json_decref(claims);
    return NULL;
}

/* ---- one input ---- */

static void judge(const char *token, size_t n) {
    struct actor actor, untouched;
    memset(&actor, 0x5a, sizeof actor);
    memset(&untouched, 0x5a, sizeof untouched);
    enum auth_verdict verdict = auth_check(keys, &rules, NULL, token, n, NOW, &actor);
    MUST(verdict != AUTH_NO_MEMORY);
    json_t *claims = good_claims(token, n);
    MUST((verdict == AUTH_OK) == (claims != NULL));
    if (verdict == AUTH_OK)
        check_actor(claims, &actor);
    else
        MUST(memcmp(&actor, &untouched, sizeof actor) == 0);
    json_decref(claims);
    for (int i = 0; i < 2;
         i++) { /* the cache says what the gate says, also of what it has not seen or no longer holds */
        struct actor again = untouched;
        MUST(auth_check(keys, &rules, cache, token, n, NOW, &again) == verdict);
        MUST(memcmp(&again, &actor, sizeof again) == 0);
        MUST(verdict == AUTH_OK || !auth_cache_was_hit(cache));
    }
    if (verdict == AUTH_OK)
        MUST(auth_check(keys, &rules, cache, token, n, actor.expires + rules.leeway_s, &untouched) == AUTH_EXPIRED);
    enum auth_verdict elsewhere = auth_check(other_keys, &rules, cache, token, n, NOW, &untouched);
    MUST(elsewhere ==
         auth_check(other_keys, &rules, NULL, token, n, NOW, &untouched)); /* what the cache knew went with the keys */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4 || size > 16384)
        return 0;
    int k = (data[0] - '0') & (N_KEYS - 1);
    const char *header = (const char *)data + 4, *end = (const char *)data + size;
    const char *line = memchr(header, '\n', size - 4);
    if (data[0] == 'r' || line == NULL) {
        char *exact = malloc(size - 1); /* of exactly its size, so that a read past its end is seen */
        memcpy(exact, data + 1, size - 1);
        judge(exact, size - 1);
        free(exact);
        return 0;
    }
    char *first = encode(header, (size_t)(line - header)), *second = encode(line + 1, (size_t)(end - line - 1));
    size_t n = strlen(first) + 1 + strlen(second);
    char *token = malloc(n + 1024);
    snprintf(token, n + 1, "%s.%s", first, second);
    unsigned char signature[512];
    char *third = encode(signature, sign(k, token, n, signature));
    token[n++] = '.';
    memcpy(token + n, third, strlen(third));
    n += strlen(third);
    if (data[1] != '.') {
        size_t place = ((size_t)data[2] << 8 | data[3]) % n;
        if (data[1] & 0x80)
            n = place; /* cut */
        else
            token[place] = (char)data[1];
    }
    token = realloc(token, n > 0 ? n : 1);
    judge(token, n);
    free(first);
    free(second);
    free(third);
    free(token);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    static const char *const members[] = {"iss", "aud", "sub", "exp",  "nbf", "iat", "roles", "region",
                                          "alg", "kid", "typ", "crit", "jku", "jwk", "x5u",   "x5c",
                                          "b64", "zip", "enc", "none", "ISS", "Exp", "scope", NULL};
    uint8_t *line = size > 4 && data[0] != 'r' ? memchr(data + 4, '\n', size - 4) : NULL;
    if (line == NULL || seed % 4 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t at = (size_t)(line - data) + 1;
    if (seed % 4 == 1) { /* the header; then the claims move */
        uint8_t header[4096];
        size_t n = at - 5, rest = size - at + 1;
        if (n > sizeof header)
            return LLVMFuzzerMutate(data, size, max_size);
        memcpy(header, data + 4, n);
        n = fuzz_mutate_json(header, n, sizeof header, seed / 4, members);
        if (n == 0 || 4 + n + rest > max_size)
            return LLVMFuzzerMutate(data, size, max_size);
        memmove(data + 4 + n, line, rest);
        memcpy(data + 4, header, n);
        return 4 + n + rest;
    }
    size_t n = fuzz_mutate_json(data + at, size - at, max_size - at, seed / 4, members);
    return n == 0 ? LLVMFuzzerMutate(data, size, max_size) : at + n;
}
