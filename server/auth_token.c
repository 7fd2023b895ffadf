/* The token gate: from the bytes after "Bearer " to an actor, one check after the other, and a cache of what passed.
 * SPDX-License-Identifier: MPL-2.0 */
#include "auth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Nothing here allocates but jansson and auth.c: decoded segments stand on the stack, and are small because the token
 * is. A failed allocation ends in AUTH_NO_MEMORY or in another refusal, never in AUTH_OK. */

#define DECODED_MAX (TOKEN_MAX / 4u * 3u)
#define LATEST_TIME 253402300799 /* the end of the year 9999; keeps sums with the leeway far from overflow */

const char *auth_verdict_text(enum auth_verdict verdict) {
    switch (verdict) {
    case AUTH_OK:
        return "the token is valid";
    case AUTH_MALFORMED:
        return "the token is malformed";
    case AUTH_UNSUPPORTED:
        return "the token's header is not accepted";
    case AUTH_UNKNOWN_KEY: /* the same words for both: what keys there are is nobody's business */
    case AUTH_BAD_SIGNATURE:
        return "the token's signature could not be verified";
    case AUTH_EXPIRED:
        return "the token has expired";
    case AUTH_NOT_YET:
        return "the token is not valid yet";
    case AUTH_BAD_CLAIMS:
        return "the token's claims are not accepted";
    case AUTH_NO_MEMORY:
        return "the token could not be checked: memory ran out";
    }
    return "the token is not accepted";
}

/* ---- the cache: four places for each token, found by its SHA-256; a full set loses what expires first ---- */

#define WAYS 4u

struct cached {
    unsigned char hash[SHA256_LENGTH];
    int64_t expires; /* 0: free */
    struct actor actor;
};
struct auth_cache {
    struct auth_hash *hash;
    uint64_t serial; /* of the keys that the entries were verified with */
    size_t n_sets;   /* a power of two */
    bool was_hit;
    struct cached *entries;
};

struct auth_cache *auth_cache_create(size_t entries) {
    struct auth_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->n_sets = 1;
    while (cache->n_sets * WAYS < entries)
        cache->n_sets *= 2;
    cache->entries = calloc(cache->n_sets * WAYS, sizeof *cache->entries);
    cache->hash = auth_hash_create();
    if (cache->entries == NULL || cache->hash == NULL) {
        auth_cache_destroy(cache);
        return NULL;
    }
    return cache;
}

void auth_cache_destroy(struct auth_cache *cache) {
    if (cache == NULL)
        return;
    auth_hash_destroy(cache->hash);
    free(cache->entries);
    free(cache);
}

bool auth_cache_was_hit(const struct auth_cache *cache) {
    return cache->was_hit;
}

static struct cached *cache_set(struct auth_cache *cache, const unsigned char hash[SHA256_LENGTH]) {
    size_t number;
    memcpy(&number, hash, sizeof number);
    return &cache->entries[(number & (cache->n_sets - 1)) * WAYS];
}

static const struct actor *cache_find(struct auth_cache *cache, const struct auth_keys *keys,
                                      const unsigned char hash[SHA256_LENGTH], int64_t now, long leeway_s) {
    if (cache->serial != auth_keys_serial(keys)) {
        memset(cache->entries, 0, cache->n_sets * WAYS * sizeof *cache->entries);
        cache->serial = auth_keys_serial(keys);
        return NULL;
    }
    struct cached *set = cache_set(cache, hash);
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].expires != 0 && memcmp(set[i].hash, hash, SHA256_LENGTH) == 0) {
            if (now < set[i].expires + leeway_s)
                return &set[i].actor;
            set[i].expires = 0;
            return NULL;
        }
    return NULL;
}

static void cache_store(struct auth_cache *cache, const unsigned char hash[SHA256_LENGTH], const struct actor *actor) {
    struct cached *set = cache_set(cache, hash), *place = set;
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].expires < place->expires)
            place = &set[i];
    memcpy(place->hash, hash, SHA256_LENGTH);
    place->actor = *actor;
    place->expires = actor->expires;
}

/* ---- the header ---- */

/* The bytes of one segment as a JSON object without duplicate members. */
static enum auth_verdict read_segment(const char *segment, size_t n, json_t **ret) {
    unsigned char bytes[DECODED_MAX];
    json_error_t why;
    bool no_memory;
    size_t length = text_from_base64url(segment, n, bytes, sizeof bytes);
    if (length == (size_t)-1)
        return AUTH_MALFORMED;
    json_t *json = json_parse((const char *)bytes, length, JSON_REJECT_DUPLICATES, &why, &no_memory);
    if (json == NULL)
        return no_memory ? AUTH_NO_MEMORY : AUTH_MALFORMED;
    if (json_typeof(json) != JSON_OBJECT) {
        json_decref(json);
        return AUTH_MALFORMED;
    }
    *ret = json;
    return AUTH_OK;
}

static bool is_text(const json_t *json, const char *wanted) {
    return json_is_string(json) && strcmp(json_string_value(json), wanted) == 0;
}

/* Members by which a token would choose its own key, or ask for rules that we do not know (RFC 7515, 4.1). */
static const char *const refused_members[] = {"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"};

static enum auth_verdict check_header(const struct auth_keys *keys, const json_t *header,
                                      const struct auth_key **ret_key) {
    const json_t *algorithm = json_object_get(header, "alg"), *kid = json_object_get(header, "kid");
    const json_t *type = json_object_get(header, "typ");
    if (!json_is_string(algorithm) || !auth_algorithm_is_known(json_string_value(algorithm)))
        return AUTH_UNSUPPORTED;
    for (size_t i = 0; i < sizeof refused_members / sizeof *refused_members; i++)
        if (json_object_get(header, refused_members[i]) != NULL)
            return AUTH_UNSUPPORTED;
    if (type != NULL && !is_text(type, "JWT") && !is_text(type, "at+jwt"))
        return AUTH_UNSUPPORTED;
    const struct auth_key *key = json_is_string(kid) ? auth_keys_find(keys, json_string_value(kid)) : NULL;
    if (key == NULL)
        return AUTH_UNKNOWN_KEY;
    /* The key says how it is used, the token only agrees: so no token can have an RSA key taken for an HMAC secret. */
    if (!is_text(algorithm, auth_key_algorithm(key)))
        return AUTH_UNSUPPORTED;
    *ret_key = key;
    return AUTH_OK;
}

/* ---- the claims ---- */

static bool is_audience(const json_t *aud, const char *ours) {
    if (!json_is_array(aud))
        return is_text(aud, ours);
    bool found = false;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        if (json_typeof(json_array_get(aud, i)) != JSON_STRING)
            return false;
        found = found || is_text(json_array_get(aud, i), ours);
    }
    return found;
}

/* Whole seconds since 1970, as JSON integers: a real number could be rounded past a limit. */
static bool is_time(const json_t *claim) {
    return json_is_integer(claim) && json_integer_value(claim) >= 0 && json_integer_value(claim) <= LATEST_TIME;
}

static enum auth_verdict check_times(const json_t *claims, long leeway_s, int64_t now, int64_t *ret_expires) {
    const json_t *exp = json_object_get(claims, "exp");
    if (!is_time(exp))
        return AUTH_BAD_CLAIMS;
    static const char *const beginnings[] = {"nbf", "iat"};
    bool not_yet = false;
    for (size_t i = 0; i < 2; i++) {
        const json_t *begins = json_object_get(claims, beginnings[i]);
        if (begins == NULL)
            continue;
        if (!is_time(begins))
            return AUTH_BAD_CLAIMS;
        not_yet = not_yet || json_integer_value(begins) > now + leeway_s;
    }
    if (now >= json_integer_value(exp) + leeway_s)
        return AUTH_EXPIRED;
    if (not_yet)
        return AUTH_NOT_YET;
    *ret_expires = json_integer_value(exp);
    return AUTH_OK;
}

/* The subject goes into settings, logs and records: no control characters, neither ASCII's nor Unicode's C1. */
static bool is_subject(const json_t *sub) {
    if (!json_is_string(sub) || json_string_length(sub) == 0 || json_string_length(sub) > ACTOR_SUBJECT_MAX)
        return false;
    const unsigned char *text = (const unsigned char *)json_string_value(sub);
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text == 0x7f || (text[0] == 0xc2 && text[1] <= 0x9f))
            return false;
    return true;
}

static bool is_region(const json_t *region) {
    if (json_typeof(region) != JSON_STRING || json_string_length(region) > ACTOR_REGION_MAX)
        return false;
    const char *slug = json_string_value(region);
    return *slug >= 'a' && *slug <= 'z' && slug[strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* Unknown roles are left out: tokens may carry those of other programs. So is a coordinator of no region. */
static bool read_roles(const json_t *roles, bool has_region, struct actor *actor) {
    assert(n_roles <= 32);
    for (size_t i = 0; i < json_array_size(roles); i++) {
        if (json_typeof(json_array_get(roles, i)) != JSON_STRING)
            return false;
        for (size_t bit = 0; bit < n_roles; bit++)
            if (is_text(json_array_get(roles, i), role_names[bit]) &&
                (has_region || strcmp(role_names[bit], "region_coordinator") != 0))
                actor->roles |= UINT32_C(1) << bit;
    }
    size_t at = 0;
    for (size_t bit = 0; bit < n_roles; bit++)
        if ((actor->roles & UINT32_C(1) << bit) != 0) {
            size_t length = strlen(role_names[bit]);
            assert(at + length + 3 <= sizeof actor->roles_text);
            actor->roles_text[at++] = ',';
            memcpy(actor->roles_text + at, role_names[bit], length);
            at += length;
        }
    if (at > 0)
        actor->roles_text[at++] = ',';
    return true;
}

static enum auth_verdict check_claims(const struct auth_rules *rules, const json_t *claims, int64_t now,
                                      struct actor *ret_actor) {
    struct actor actor = {0};
    const json_t *sub = json_object_get(claims, "sub"), *region = json_object_get(claims, "region");
    const json_t *roles = json_object_get(claims, "roles");
    if (!is_text(json_object_get(claims, "iss"), rules->issuer) ||
        !is_audience(json_object_get(claims, "aud"), rules->audience) || !is_subject(sub) ||
        (region != NULL && !is_region(region)) || (roles != NULL && json_typeof(roles) != JSON_ARRAY) ||
        !read_roles(roles, region != NULL, &actor))
        return AUTH_BAD_CLAIMS;
    enum auth_verdict verdict = check_times(claims, rules->leeway_s, now, &actor.expires);
    if (verdict != AUTH_OK)
        return verdict;
    memcpy(actor.subject, json_string_value(sub), json_string_length(sub));
    if (region != NULL)
        memcpy(actor.region, json_string_value(region), json_string_length(region));
    *ret_actor = actor;
    return AUTH_OK;
}

/* ---- the whole token ---- */

static enum auth_verdict check_token(const struct auth_keys *keys, const struct auth_rules *rules, const char *token,
                                     size_t n, int64_t now, struct actor *ret_actor) {
    const char *end = token + n;
    const char *first = memchr(token, '.', n);
    const char *second = first == NULL ? NULL : memchr(first + 1, '.', (size_t)(end - first - 1));
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return AUTH_MALFORMED;

    json_t *header = NULL;
    const struct auth_key *key = NULL;
    enum auth_verdict verdict = read_segment(token, (size_t)(first - token), &header);
    if (verdict == AUTH_OK)
        verdict = check_header(keys, header, &key);
    json_decref(header);
    if (verdict != AUTH_OK)
        return verdict;

    unsigned char signature[SIGNATURE_MAX];
    size_t length = text_from_base64url(second + 1, (size_t)(end - second - 1), signature, sizeof signature);
    if (length == (size_t)-1 || length == 0)
        return AUTH_MALFORMED;
    verdict = auth_key_verify(key, signature, length, (const unsigned char *)token, (size_t)(second - token));
    if (verdict != AUTH_OK)
        return verdict;

    json_t *claims = NULL;
    verdict = read_segment(first + 1, (size_t)(second - first - 1), &claims);
    if (verdict == AUTH_OK)
        verdict = check_claims(rules, claims, now, ret_actor);
    json_decref(claims);
    return verdict;
}

enum auth_verdict auth_check(const struct auth_keys *keys, const struct auth_rules *rules, struct auth_cache *cache,
                             const char *token, size_t n, int64_t now, struct actor *ret_actor) {
    unsigned char hash[SHA256_LENGTH];
    if (cache != NULL)
        cache->was_hit = false;
    if (n == 0 || n > TOKEN_MAX)
        return AUTH_MALFORMED;
    bool hashed = cache != NULL && auth_hash_bytes(cache->hash, token, n, hash);
    const struct actor *known = hashed ? cache_find(cache, keys, hash, now, rules->leeway_s) : NULL;
    if (known != NULL) {
        cache->was_hit = true;
        *ret_actor = *known;
        return AUTH_OK;
    }
    enum auth_verdict verdict = check_token(keys, rules, token, n, now, ret_actor);
    if (verdict == AUTH_OK && hashed)
        cache_store(cache, hash, ret_actor);
    return verdict;
}
