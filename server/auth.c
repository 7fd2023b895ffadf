/* Keys and signatures: all that the token gate does with OpenSSL.
 * SPDX-License-Identifier: MPL-2.0 */
#include "auth.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All memory here comes from OpenSSL's allocator, so that one hook can fail every allocation in the tests. */

/* OpenSSL does not always say that memory ran out: some failures look like a bad signature. So its allocations pass by
 * here, and the first that fails is remembered until the next signature. */
static _Thread_local bool allocation_failed;
static void *(*allocate)(size_t) = malloc;
static void *(*reallocate)(void *, size_t) = realloc;

static void *allocate_noticed(size_t n, const char *file, int line) {
    (void)file, (void)line;
    void *memory = n > 0 ? allocate(n) : NULL;
    allocation_failed = allocation_failed || (memory == NULL && n > 0);
    return memory;
}

static void free_memory(void *memory, const char *file, int line) {
    (void)file, (void)line;
    free(memory);
}

static void *reallocate_noticed(void *old, size_t n, const char *file, int line) {
    if (n == 0) {
        free_memory(old, file, line);
        return NULL;
    }
    void *memory = reallocate(old, n);
    allocation_failed = allocation_failed || memory == NULL;
    return memory;
}

bool auth_memory_init(void *(*allocator)(size_t), void *(*reallocator)(void *, size_t)) {
    allocate = allocator;
    reallocate = reallocator;
    /* OpenSSL 3.0 without its default context, for want of memory, would be used through a null pointer. */
    return CRYPTO_set_mem_functions(allocate_noticed, reallocate_noticed, free_memory) == 1 &&
           OSSL_LIB_CTX_get0_global_default() != NULL;
}

enum algorithm_kind { KIND_RSA_PKCS1, KIND_RSA_PSS, KIND_ECDSA_P256, KIND_ED25519 };
struct algorithm {
    const char *name; /* of the header's alg */
    const char *key_type;
    enum algorithm_kind kind;
};
/* The first algorithm of a key type is that of a key that names none. */
static const struct algorithm algorithms[] = {
    {"RS256", "RSA", KIND_RSA_PKCS1},
    {"PS256", "RSA", KIND_RSA_PSS},
    {"ES256", "EC", KIND_ECDSA_P256},
    {"EdDSA", "OKP", KIND_ED25519},
};
#define N_ALGORITHMS (sizeof algorithms / sizeof *algorithms)

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* SIGNATURE_MAX; a larger one is only good for wearing us out */

struct auth_key {
    char *kid;
    const struct algorithm *algorithm;
    EVP_PKEY *public;
};
struct auth_keys {
    _Atomic unsigned references;
    uint64_t serial;
    size_t n;
    struct auth_key keys[];
};

static void __attribute__((format(printf, 3, 4))) say(char *error, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
}

/* ---- reading a key set ---- */

enum key_result { KEY_USED, KEY_SKIPPED, KEY_WRONG };

/* A member in canonical base64url. Answers its length, 0 when it is absent, empty, not so, or too long. */
static size_t member_bytes(const json_t *jwk, const char *name, unsigned char *ret, size_t capacity) {
    const json_t *member = json_object_get(jwk, name);
    if (!json_is_string(member))
        return 0;
    size_t n = text_from_base64url(json_string_value(member), json_string_length(member), ret, capacity);
    return n == (size_t)-1 ? 0 : n;
}

static EVP_PKEY *key_from_params(const char *type, OSSL_PARAM *params) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static const char *rsa_key(const json_t *jwk, EVP_PKEY **ret) {
    unsigned char n_bytes[JWKS_MAX / 64], e_bytes[8];
    size_t n_length = member_bytes(jwk, "n", n_bytes, sizeof n_bytes);
    size_t e_length = member_bytes(jwk, "e", e_bytes, sizeof e_bytes);
    if (n_length == 0 || e_length == 0)
        return "needs n and e in base64url without padding";

    const char *wrong = "is not a usable RSA key, or memory ran out";
    BIGNUM *n = BN_bin2bn(n_bytes, (int)n_length, NULL), *e = BN_bin2bn(e_bytes, (int)e_length, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (n == NULL || e == NULL || builder == NULL)
        goto done;
    if (BN_num_bits(n) < RSA_BITS_MIN) {
        wrong = "is an RSA key of less than 2048 bits";
        goto done;
    }
    if (BN_num_bits(n) > RSA_BITS_MAX) {
        wrong = "is an RSA key of more than 8192 bits";
        goto done;
    }
    if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e)) {
        wrong = "is not an RSA key: n and e must be odd, and e at least 3";
        goto done;
    }
    if (OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *key = params == NULL ? NULL : key_from_params("RSA", params);
    if (key != NULL) {
        *ret = key;
        wrong = NULL;
    }
done:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return wrong;
}

static const char *ec_key(const json_t *jwk, EVP_PKEY **ret) {
    unsigned char point[65] = {POINT_CONVERSION_UNCOMPRESSED};
    if (member_bytes(jwk, "x", point + 1, 32) != 32 || member_bytes(jwk, "y", point + 33, 32) != 32)
        return "needs x and y of 32 bytes each in base64url without padding";
    char group[] = "P-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY *key = key_from_params("EC", params);
    EVP_PKEY_CTX *context = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool sound = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    if (!sound) {
        EVP_PKEY_free(key);
        return "is not a point on P-256, or memory ran out";
    }
    *ret = key;
    return NULL;
}

static const char *ed25519_key(const json_t *jwk, EVP_PKEY **ret) {
    unsigned char x[32];
    if (member_bytes(jwk, "x", x, sizeof x) != sizeof x)
        return "needs x of 32 bytes in base64url without padding";
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, sizeof x);
    if (key == NULL)
        return "is not an Ed25519 key, or memory ran out";
    *ret = key;
    return NULL;
}

/* A key set may well hold keys for other purposes or of kinds we do not take (RFC 7517, 5); those are left out. */
static const struct algorithm *key_algorithm(const json_t *jwk, const char *type) {
    const json_t *use = json_object_get(jwk, "use"), *operations_allowed = json_object_get(jwk, "key_ops");
    if (use != NULL && (json_typeof(use) != JSON_STRING || strcmp(json_string_value(use), "sig") != 0))
        return NULL;
    if (operations_allowed != NULL) {
        bool verifies = false;
        for (size_t i = 0; i < json_array_size(operations_allowed); i++) {
            const char *name = json_string_value(json_array_get(operations_allowed, i));
            verifies = verifies || (name != NULL && strcmp(name, "verify") == 0);
        }
        if (!verifies)
            return NULL;
    }
    const char *curve = json_string_value(json_object_get(jwk, "crv"));
    const char *wanted = strcmp(type, "EC") == 0 ? "P-256" : strcmp(type, "OKP") == 0 ? "Ed25519" : NULL;
    if (wanted != NULL && (curve == NULL || strcmp(curve, wanted) != 0))
        return NULL;
    const json_t *name = json_object_get(jwk, "alg");
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (strcmp(type, algorithms[i].key_type) == 0 &&
            (name == NULL ||
             (json_typeof(name) == JSON_STRING && strcmp(json_string_value(name), algorithms[i].name) == 0)))
            return &algorithms[i];
    return NULL;
}

static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

/* One line in error, which names the key by its place. */
static enum key_result read_key(const json_t *jwk, size_t place, struct auth_keys *keys, char *error,
                                size_t error_size) {
    const char *type = json_string_value(json_object_get(jwk, "kty"));
    if (type == NULL) {
        say(error, error_size, "key %zu is not an object with a kty", place);
        return KEY_WRONG;
    }
    for (size_t i = 0; i < sizeof private_members / sizeof *private_members; i++)
        if (json_object_get(jwk, private_members[i]) != NULL) {
            say(error, error_size,
                "key %zu holds the private member '%s'; publish public keys only, and replace this one", place,
                private_members[i]);
            return KEY_WRONG;
        }
    const struct algorithm *algorithm = key_algorithm(jwk, type);
    if (algorithm == NULL)
        return KEY_SKIPPED;

    const json_t *kid = json_object_get(jwk, "kid");
    if (!json_is_string(kid) || json_string_length(kid) == 0 || json_string_length(kid) > KEY_ID_MAX) {
        say(error, error_size, "key %zu has no kid of 1 to %u bytes", place, KEY_ID_MAX);
        return KEY_WRONG;
    }
    if (auth_keys_find(keys, json_string_value(kid)) != NULL) {
        say(error, error_size, "key %zu has the kid of an earlier key", place);
        return KEY_WRONG;
    }
    EVP_PKEY *public = NULL;
    const char *wrong = algorithm->kind == KIND_ECDSA_P256 ? ec_key(jwk, &public)
                        : algorithm->kind == KIND_ED25519  ? ed25519_key(jwk, &public)
                                                           : rsa_key(jwk, &public);
    char *name = wrong == NULL ? OPENSSL_strdup(json_string_value(kid)) : NULL;
    if (name == NULL) {
        say(error, error_size, "key %zu %s", place, wrong != NULL ? wrong : "could not be kept: memory ran out");
        EVP_PKEY_free(public);
        return KEY_WRONG;
    }
    keys->keys[keys->n++] = (struct auth_key){name, algorithm, public};
    return KEY_USED;
}

struct auth_keys *auth_keys_parse(const char *jwks, size_t n, char *error, size_t error_size) {
    static _Atomic uint64_t last_serial;
    if (n > JWKS_MAX) {
        say(error, error_size, "the key set has more than %u bytes", JWKS_MAX);
        return NULL;
    }
    json_error_t why;
    bool no_memory;
    json_t *set = json_parse(jwks, n, JSON_REJECT_DUPLICATES, &why, &no_memory);
    if (set == NULL && no_memory) {
        say(error, error_size, "memory ran out");
        return NULL;
    }
    if (set == NULL) {
        say(error, error_size, "the key set is not JSON: line %d, column %d: %s", why.line, why.column, why.text);
        return NULL;
    }
    struct auth_keys *keys = NULL;
    const json_t *list = json_object_get(set, "keys");
    size_t listed = json_array_size(list);
    if (!json_is_array(list) || listed > KEYS_MAX) {
        say(error, error_size, "the key set is not an object with \"keys\": an array of at most %u", KEYS_MAX);
        goto failed;
    }
    keys = OPENSSL_zalloc(sizeof *keys + listed * sizeof *keys->keys);
    if (keys == NULL) {
        say(error, error_size, "memory ran out");
        goto failed;
    }
    atomic_init(&keys->references, 1);
    keys->serial = atomic_fetch_add(&last_serial, 1) + 1;
    for (size_t i = 0; i < listed; i++)
        if (read_key(json_array_get(list, i), i + 1, keys, error, error_size) == KEY_WRONG)
            goto failed;
    if (keys->n == 0) {
        say(error, error_size, "the key set has no key for RS256, PS256, ES256 or EdDSA signatures (%zu others)",
            listed);
        goto failed;
    }
    json_decref(set);
    ERR_clear_error();
    return keys;
failed:
    auth_keys_unref(keys);
    json_decref(set);
    ERR_clear_error();
    return NULL;
}

struct auth_keys *auth_keys_load(const char *file_or_url, char *error, size_t error_size) {
    struct buffer jwks = {0};
    if (!auth_source_read(file_or_url, &jwks, error, error_size))
        return NULL;
    struct auth_keys *keys = auth_keys_parse(jwks.bytes, jwks.length, error, error_size);
    buffer_free(&jwks);
    return keys;
}

struct auth_keys *auth_keys_ref(struct auth_keys *keys) {
    atomic_fetch_add(&keys->references, 1);
    return keys;
}

void auth_keys_unref(struct auth_keys *keys) {
    if (keys == NULL || atomic_fetch_sub(&keys->references, 1) != 1)
        return;
    for (size_t i = 0; i < keys->n; i++) {
        OPENSSL_free(keys->keys[i].kid);
        EVP_PKEY_free(keys->keys[i].public);
    }
    OPENSSL_free(keys);
}

size_t auth_keys_count(const struct auth_keys *keys) {
    return keys->n;
}

uint64_t auth_keys_serial(const struct auth_keys *keys) {
    return keys->serial;
}

const struct auth_key *auth_keys_find(const struct auth_keys *keys, const char *kid) {
    for (size_t i = 0; i < keys->n; i++)
        if (strcmp(keys->keys[i].kid, kid) == 0)
            return &keys->keys[i];
    return NULL;
}

const char *auth_key_algorithm(const struct auth_key *key) {
    return key->algorithm->name;
}

bool auth_algorithm_is_known(const char *name) {
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return true;
    return false;
}

/* ---- signatures ---- */

/* OpenSSL wants ECDSA signatures in DER; tokens carry r and s, 32 bytes each. Answers the length, 0 when memory ran
 * out. */
static size_t ecdsa_to_der(const unsigned char raw[64], unsigned char *ret, size_t capacity) {
    size_t length = 0;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, 32, NULL), *s = BN_bin2bn(raw + 32, 32, NULL);
    if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
        r = s = NULL; /* they are the signature's now */
        int needed = i2d_ECDSA_SIG(signature, NULL);
        assert(needed <= (int)capacity); /* two integers of at most 33 bytes */
        if (needed > 0 && i2d_ECDSA_SIG(signature, &ret) == needed)
            length = (size_t)needed;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return length;
}

static bool begin_verify(const struct auth_key *key, EVP_MD_CTX *context) {
    const EVP_MD *hash = key->algorithm->kind == KIND_ED25519 ? NULL : EVP_sha256();
    EVP_PKEY_CTX *details = NULL; /* belongs to context */
    if (EVP_DigestVerifyInit(context, &details, hash, NULL, key->public) != 1)
        return false;
    if (key->algorithm->kind != KIND_RSA_PSS)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static enum auth_verdict verify(const struct auth_key *key, const unsigned char *signature, size_t signature_length,
                                const unsigned char *data, size_t n) {
    unsigned char der[80];
    if (key->algorithm->kind == KIND_ECDSA_P256) {
        if (signature_length != 64)
            return AUTH_BAD_SIGNATURE;
        signature_length = ecdsa_to_der(signature, der, sizeof der);
        signature = der;
        if (signature_length == 0)
            return AUTH_NO_MEMORY;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum auth_verdict verdict = AUTH_NO_MEMORY; /* nothing but memory can fail before the signature is looked at */
    if (context != NULL && begin_verify(key, context))
        verdict = EVP_DigestVerify(context, signature, signature_length, data, n) == 1 ? AUTH_OK : AUTH_BAD_SIGNATURE;
    EVP_MD_CTX_free(context);
    return verdict;
}

enum auth_verdict auth_key_verify(const struct auth_key *key, const unsigned char *signature, size_t signature_length,
                                  const unsigned char *data, size_t n) {
    allocation_failed = false;
    enum auth_verdict verdict = verify(key, signature, signature_length, data, n);
    ERR_clear_error();
    /* No verdict that was reached with memory missing is worth anything, least of all a good one. */
    return allocation_failed ? AUTH_NO_MEMORY : verdict;
}

/* ---- the hash that the cache finds tokens by ---- */

struct auth_hash {
    EVP_MD *algorithm; /* fetched once: looking it up takes longer than hashing a token */
    EVP_MD_CTX *context;
};

struct auth_hash *auth_hash_create(void) {
    struct auth_hash *hash = OPENSSL_zalloc(sizeof *hash);
    if (hash == NULL)
        return NULL;
    hash->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hash->context = EVP_MD_CTX_new();
    if (hash->algorithm == NULL || hash->context == NULL) {
        auth_hash_destroy(hash);
        ERR_clear_error();
        return NULL;
    }
    return hash;
}

bool auth_hash_bytes(struct auth_hash *hash, const void *bytes, size_t n, unsigned char ret[SHA256_LENGTH]) {
    unsigned char made[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestInit_ex(hash->context, hash->algorithm, NULL) != 1 ||
        EVP_DigestUpdate(hash->context, bytes, n) != 1 || EVP_DigestFinal_ex(hash->context, made, &length) != 1) {
        ERR_clear_error();
        return false;
    }
    assert(length == SHA256_LENGTH);
    memcpy(ret, made, SHA256_LENGTH);
    return true;
}

void auth_hash_destroy(struct auth_hash *hash) {
    if (hash == NULL)
        return;
    EVP_MD_free(hash->algorithm);
    EVP_MD_CTX_free(hash->context);
    OPENSSL_free(hash);
}

/* ---- private keys of development tokens ---- */

bool auth_new_key(const char *file, enum key_kind kind, char *error, size_t error_size) {
    EVP_PKEY *key = kind == KEY_EC_P256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(3072u);
    if (key == NULL) {
        say(error, error_size, "OpenSSL could not make a key");
        ERR_clear_error();
        return false;
    }
    bool made = false;
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        say(error, error_size, "%s: %s", file, strerror(errno));
        if (fd >= 0) {
            close(fd);
            unlink(file);
        }
    } else {
        made =
            PEM_write_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 && fflush(out) == 0 && fsync(fd) == 0;
        made = fclose(out) == 0 && made;
        if (!made) {
            say(error, error_size, "%s: the key could not be written: %s", file, strerror(errno));
            unlink(file);
        }
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return made;
}

/* A key protected by a passphrase is refused rather than asked about: this runs in scripts. */
static int no_passphrase(char *buffer, int size, int writing, void *state) {
    (void)buffer, (void)size, (void)writing, (void)state;
    return -1;
}

static EVP_PKEY *read_private_key(const char *pem, size_t n, char *error, size_t error_size) {
    BIO *source = n > JWKS_MAX ? NULL : BIO_new_mem_buf(pem, (int)n);
    EVP_PKEY *key = source == NULL ? NULL : PEM_read_bio_PrivateKey(source, NULL, no_passphrase, NULL);
    BIO_free(source);
    ERR_clear_error();
    if (key == NULL)
        say(error, error_size, "is not a private key in PEM without passphrase");
    return key;
}

static bool number_member(const EVP_PKEY *key, const char *parameter, size_t width, char *ret, size_t capacity) {
    unsigned char bytes[RSA_BITS_MAX / 8];
    BIGNUM *number = NULL;
    bool done = EVP_PKEY_get_bn_param(key, parameter, &number) == 1;
    size_t length = done && width == 0 ? (size_t)BN_num_bytes(number) : width;
    done = done && length <= sizeof bytes && BN_bn2binpad(number, bytes, (int)length) == (int)length;
    BN_free(number);
    if (!done)
        return false;
    size_t written = text_to_base64url(bytes, length, ret, capacity);
    assert(written != (size_t)-1); /* capacity is for RSA_BITS_MAX */
    (void)written;
    return true;
}

/* The public members of a key, ordered and spaced as RFC 7638 wants them for the thumbprint. */
static const char *public_members(const EVP_PKEY *key, struct buffer *ret) {
    char first[RSA_BITS_MAX / 6 + 8], second[RSA_BITS_MAX / 6 + 8];
    if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN && EVP_PKEY_get_bits(key) <= RSA_BITS_MAX &&
        number_member(key, OSSL_PKEY_PARAM_RSA_E, 0, first, sizeof first) &&
        number_member(key, OSSL_PKEY_PARAM_RSA_N, 0, second, sizeof second)) {
        buffer_format(ret, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", first, second);
        return "RS256";
    }
    char group[32] = "";
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
        strcmp(group, "prime256v1") == 0 && number_member(key, OSSL_PKEY_PARAM_EC_PUB_X, 32, first, sizeof first) &&
        number_member(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32, second, sizeof second)) {
        buffer_format(ret, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", first, second);
        return "ES256";
    }
    unsigned char raw[32];
    size_t length = sizeof raw;
    if (EVP_PKEY_is_a(key, "ED25519") && EVP_PKEY_get_raw_public_key(key, raw, &length) == 1) {
        assert(length == sizeof raw);
        text_to_base64url(raw, length, first, sizeof first);
        buffer_format(ret, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", first);
        return "EdDSA";
    }
    return NULL;
}

/* Answers the public members (to be freed) with kid and algorithm. */
static char *describe(const char *pem, size_t n, char ret_kid[THUMBPRINT_MAX], const char **ret_algorithm, char *error,
                      size_t error_size) {
    EVP_PKEY *key = read_private_key(pem, n, error, error_size);
    if (key == NULL)
        return NULL;
    struct buffer members = {0};
    const char *algorithm = public_members(key, &members);
    EVP_PKEY_free(key);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (algorithm == NULL)
        say(error, error_size, "is neither RSA of 2048 to 8192 bits, nor EC P-256, nor Ed25519");
    else if (members.failed || EVP_Digest(members.bytes, members.length, hash, &length, EVP_sha256(), NULL) != 1)
        say(error, error_size, "could not be described: memory ran out");
    else {
        text_to_base64url(hash, length, ret_kid, THUMBPRINT_MAX);
        *ret_algorithm = algorithm;
        return members.bytes;
    }
    buffer_free(&members);
    ERR_clear_error();
    return NULL;
}

bool auth_describe_key(const char *pem, size_t n, char ret_kid[THUMBPRINT_MAX], const char **ret_algorithm, char *error,
                       size_t error_size) {
    char *members = describe(pem, n, ret_kid, ret_algorithm, error, error_size);
    free(members);
    return members != NULL;
}

char *auth_public_jwks(const char *pem, size_t n, const char *kid, char *error, size_t error_size) {
    char thumbprint[THUMBPRINT_MAX];
    const char *algorithm;
    char *members = describe(pem, n, thumbprint, &algorithm, error, error_size);
    if (members == NULL)
        return NULL;
    struct buffer jwks = {0};
    const char *name = kid != NULL ? kid : thumbprint;
    buffer_format(&jwks, "{\"keys\":[{\"kid\":");
    buffer_json(&jwks, name, strlen(name));
    buffer_format(&jwks, ",\"use\":\"sig\",\"alg\":\"%s\",%s]}\n", algorithm, members + 1);
    free(members);
    buffer_char(&jwks, '\0');
    if (jwks.failed) {
        say(error, error_size, "could not be described: memory ran out");
        buffer_free(&jwks);
        return NULL;
    }
    return jwks.bytes;
}
