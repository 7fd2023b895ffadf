/* Calls into OpenSSL, libcurl and the C library that fail: each call once, in whatever order they come. A signature
 * that could not be checked is never good, a key set that could not be read is none, a file is whole or not there.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "auth.h"
#include "delivery_file.h"
#include "digest.h"
#include "key_spool.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- calls that fail on demand; the linker sends them here (tests/unit/meson.build) ---- */

static long calls, fail_at = -1;

static bool must_fail(void) {
    if (fail_at < 0 || calls++ != fail_at)
        return false;
    errno = EIO;
    return true;
}

#define WRAPPED(type, name, parameters, arguments, failed)                                                             \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        return must_fail() ? failed : __real_##name arguments;                                                         \
    }
WRAPPED(int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX * c), (c), 0)
WRAPPED(int, ECDSA_SIG_set0, (ECDSA_SIG * s, BIGNUM *r, BIGNUM *t), (s, r, t), 0)
WRAPPED(int, i2d_ECDSA_SIG, (const ECDSA_SIG *s, unsigned char **out), (s, out), -1)
WRAPPED(int, EVP_DigestVerifyInit, (EVP_MD_CTX * c, EVP_PKEY_CTX **p, const EVP_MD *m, ENGINE *e, EVP_PKEY *k),
        (c, p, m, e, k), 0)
WRAPPED(int, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX * c, int padding), (c, padding), 0)
WRAPPED(int, EVP_PKEY_CTX_set_rsa_pss_saltlen, (EVP_PKEY_CTX * c, int length), (c, length), 0)
WRAPPED(int, EVP_DigestInit_ex, (EVP_MD_CTX * c, const EVP_MD *m, ENGINE *e), (c, m, e), 0)
WRAPPED(int, EVP_DigestUpdate, (EVP_MD_CTX * c, const void *bytes, size_t n), (c, bytes, n), 0)
WRAPPED(int, EVP_DigestFinal_ex, (EVP_MD_CTX * c, unsigned char *ret, unsigned *n), (c, ret, n), 0)
WRAPPED(int, EVP_Digest,
        (const void *bytes, size_t n, unsigned char *ret, unsigned *length, const EVP_MD *m, ENGINE *e),
        (bytes, n, ret, length, m, e), 0)
WRAPPED(EVP_MD *, EVP_MD_fetch, (OSSL_LIB_CTX * c, const char *name, const char *wanted), (c, name, wanted), NULL)
WRAPPED(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL)
WRAPPED(int, EVP_PKEY_get_bn_param, (const EVP_PKEY *k, const char *name, BIGNUM **ret), (k, name, ret), 0)
WRAPPED(int, BN_bn2binpad, (const BIGNUM *n, unsigned char *to, int length), (n, to, length), -1)
WRAPPED(int, EVP_PKEY_get_group_name, (const EVP_PKEY *k, char *name, size_t n, size_t *ret), (k, name, n, ret), 0)
WRAPPED(int, EVP_PKEY_get_raw_public_key, (const EVP_PKEY *k, unsigned char *ret, size_t *n), (k, ret, n), 0)
WRAPPED(int, PEM_write_PKCS8PrivateKey,
        (FILE * f, const EVP_PKEY *k, const EVP_CIPHER *c, const char *p, int n, pem_password_cb *ask, void *u),
        (f, k, c, p, n, ask, u), 0)
WRAPPED(BIO *, BIO_new_mem_buf, (const void *bytes, int n), (bytes, n), NULL)
WRAPPED(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL)
WRAPPED(int, fflush, (FILE * f), (f), EOF)
WRAPPED(int, fsync, (int fd), (fd), -1)
WRAPPED(void *, realloc, (void *old, size_t n), (old, n), NULL)
WRAPPED(char *, strdup, (const char *text), (text), NULL)
WRAPPED(char *, strndup, (const char *text, size_t n), (text, n), NULL)
WRAPPED(void *, malloc, (size_t n), (n), NULL)
WRAPPED(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAPPED(CURLU *, curl_url, (void), (), NULL)
WRAPPED(CURLUcode, curl_url_get, (const CURLU *u, CURLUPart part, char **ret, unsigned flags), (u, part, ret, flags),
        CURLUE_OUT_OF_MEMORY)
WRAPPED(CURL *, curl_easy_init, (void), (), NULL)
WRAPPED(CURLcode, curl_easy_perform, (CURL * c), (c), CURLE_OUT_OF_MEMORY)
WRAPPED(CURLcode, curl_global_init, (long flags), (flags), CURLE_FAILED_INIT)

/* What takes any number of arguments takes one of a word's size from us. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define WRAPPED_VARIADIC(type, name, parameters, last, arguments, failed)                                              \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        va_list list;                                                                                                  \
        va_start(list, last);                                                                                          \
        void *word = va_arg(list, void *);                                                                             \
        va_end(list);                                                                                                  \
        return must_fail() ? failed : __real_##name arguments;                                                         \
    }
WRAPPED_VARIADIC(CURLcode, curl_easy_setopt, (CURL * c, CURLoption o, ...), o, (c, o, word), CURLE_OUT_OF_MEMORY)
WRAPPED_VARIADIC(CURLcode, curl_easy_getinfo, (CURL * c, CURLINFO i, ...), i, (c, i, word), CURLE_OUT_OF_MEMORY)
WRAPPED_VARIADIC(EVP_PKEY *, EVP_PKEY_Q_keygen, (OSSL_LIB_CTX * c, const char *q, const char *t, ...), t,
                 (c, q, t, word), NULL)

/* A file closed in spite of the failure: what fclose() does when the last bytes cannot be written. */
int __real_fclose(FILE *);
int __wrap_fclose(FILE *);
int __wrap_fclose(FILE *f) {
    bool fails = must_fail();
    int result = __real_fclose(f);
    return fails ? EOF : result;
}

/* The disk: whole calls fail, are interrupted, or move a part only. */
static enum { DISK_GOOD, DISK_INTERRUPTED, DISK_FULL, DISK_SHORT, DISK_OLD } disk;

static ssize_t moves(size_t *n) {
    static unsigned turn;
    switch (disk) {
    case DISK_INTERRUPTED:
        errno = EINTR;
        return turn++ % 2 == 0 ? -1 : 1;
    case DISK_FULL:
        errno = ENOSPC;
        return -1;
    case DISK_SHORT:
        *n = *n > 1000 ? 1000 : *n;
        return 1;
    default:
        return 1;
    }
}

ssize_t __real_pwrite64(int, const void *, size_t, off_t);
ssize_t __wrap_pwrite64(int, const void *, size_t, off_t);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at) {
    return moves(&n) < 0 ? -1 : __real_pwrite64(fd, bytes, n, at);
}
ssize_t __real_pread64(int, void *, size_t, off_t);
ssize_t __wrap_pread64(int, void *, size_t, off_t);
ssize_t __wrap_pread64(int fd, void *bytes, size_t n, off_t at) {
    return moves(&n) < 0 ? -1 : __real_pread64(fd, bytes, n, at);
}
int __real_open64(const char *, int, ...);
int __wrap_open64(const char *, int, ...);
int __wrap_open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (disk == DISK_OLD && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_open64(path, flags, mode);
}

/* Does it with the n-th call failing, n from 0, until nothing was left to fail; then looks at what came of it, with
 * `failed` telling whether a call has failed. (Check allocates when it asserts.) */
#define ROUNDS_MAX 500
#define EACH_CALL_FAILS(what, look)                                                                                    \
    for (long round = 0, failed = 1; failed; round++) {                                                                \
        ck_assert_int_lt(round, ROUNDS_MAX);                                                                           \
        calls = 0;                                                                                                     \
        fail_at = round;                                                                                               \
        what;                                                                                                          \
        failed = calls > round;                                                                                        \
        fail_at = -1;                                                                                                  \
        look;                                                                                                          \
    }

/* ---- keys ---- */

static char folder[] = "/tmp/medkoord-test-XXXXXX"; /* made by main() */

enum which { RS, PS, EC, ED, N_KEYS };
static EVP_PKEY *private_keys[N_KEYS];
static char *private_pem[N_KEYS], *set_text;
static struct auth_keys *keys;
static const char *const kids[N_KEYS] = {"rs", "ps", "ec", "ed"};

static char *pem_of(EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_mem());
    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    char *bytes;
    long n = BIO_get_mem_data(bio, &bytes);
    char *text = strndup(bytes, (size_t)n);
    BIO_free(bio);
    return text;
}

static void make_keys(void) {
    static const char *const algorithms[N_KEYS] = {"RS256", "PS256", "ES256", "EdDSA"};
    char error[256] = "";
    json_t *list = json_array();
    for (enum which k = RS; k < N_KEYS; k++) {
        private_keys[k] = k == EC   ? EVP_EC_gen("P-256")
                          : k == ED ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                    : EVP_RSA_gen(2048);
        private_pem[k] = pem_of(private_keys[k]);
        char *text = auth_public_jwks(private_pem[k], strlen(private_pem[k]), kids[k], error, sizeof error);
        json_t *set = json_loads(text, 0, NULL), *jwk = json_array_get(json_object_get(set, "keys"), 0);
        json_object_set_new(jwk, "alg", json_string(algorithms[k]));
        json_array_append(list, jwk);
        json_decref(set);
        free(text);
    }
    json_t *set = json_pack("{s:o}", "keys", list);
    set_text = json_dumps(set, 0);
    json_decref(set);
    keys = auth_keys_parse(set_text, strlen(set_text), error, sizeof error);
    ck_assert_msg(keys != NULL, "%s", error);
}

static void free_keys(void) {
    for (enum which k = RS; k < N_KEYS; k++) {
        EVP_PKEY_free(private_keys[k]);
        free(private_pem[k]);
    }
    auth_keys_unref(keys);
    free(set_text);
}

static size_t sign(enum which k, const char *data, unsigned char *ret, size_t capacity) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *details;
    ck_assert_int_eq(EVP_DigestSignInit(context, &details, k == ED ? NULL : EVP_sha256(), NULL, private_keys[k]), 1);
    if (k == PS) {
        EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST);
    }
    size_t n = capacity;
    ck_assert_int_eq(EVP_DigestSign(context, ret, &n, (const unsigned char *)data, strlen(data)), 1);
    EVP_MD_CTX_free(context);
    if (k == EC) { /* DER to r and s of 32 bytes each */
        const unsigned char *p = ret;
        ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &p, (long)n);
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + 32, 32);
        ECDSA_SIG_free(signature);
        n = 64;
    }
    return n;
}

START_TEST(a_signature_that_cannot_be_checked_is_not_good) {
    unsigned char good[SIGNATURE_MAX], bad[SIGNATURE_MAX];
    size_t n = sign((enum which)_i, "data", good, sizeof good);
    memcpy(bad, good, n);
    bad[n / 2] ^= 1;
    const struct auth_key *key = auth_keys_find(keys, kids[_i]);
    enum auth_verdict verdict;
    long failures = 0;
    EACH_CALL_FAILS(verdict = auth_key_verify(key, good, n, (const unsigned char *)"data", 4), {
        ck_assert_int_eq(verdict, failed ? AUTH_NO_MEMORY : AUTH_OK);
        failures += failed;
    })
    ck_assert_int_gt(failures, 0);
    EACH_CALL_FAILS(verdict = auth_key_verify(key, bad, n, (const unsigned char *)"data", 4),
                    ck_assert_int_eq(verdict, failed ? AUTH_NO_MEMORY : AUTH_BAD_SIGNATURE))
}
END_TEST

START_TEST(a_key_set_is_read_whole_or_not) {
    char error[256];
    struct auth_keys *parsed;
    EACH_CALL_FAILS(
        {
            error[0] = '\0';
            parsed = auth_keys_parse(set_text, strlen(set_text), error, sizeof error);
        },
        {
            ck_assert(parsed != NULL ? auth_keys_count(parsed) == N_KEYS : failed && error[0] != '\0');
            auth_keys_unref(parsed);
        })
}
END_TEST

START_TEST(a_hash_is_right_or_none) {
    unsigned char right[SHA256_LENGTH], made[SHA256_LENGTH];
    bool hashed;
    ck_assert_int_eq(EVP_Digest("a", 1, right, NULL, EVP_sha256(), NULL), 1);
    EACH_CALL_FAILS(
        {
            struct auth_hash *hash = auth_hash_create();
            hashed = hash != NULL && auth_hash_bytes(hash, "a", 1, made);
            auth_hash_destroy(hash);
        },
        ck_assert(hashed ? memcmp(made, right, sizeof right) == 0 : failed))
    EACH_CALL_FAILS(
        {
            struct digest *digest = digest_create();
            if (digest != NULL) {
                digest_add(digest, "", 0);
                digest_add(digest, "a", 1);
            }
            hashed = digest != NULL && digest_end(digest, made);
            digest_destroy(digest);
        },
        ck_assert(hashed ? memcmp(made, right, sizeof right) == 0 : failed))
}
END_TEST

/* OpenSSL's memory comes from auth.c; nothing asked for is nothing given, and no failure. */
START_TEST(no_memory_is_asked_for) {
    ck_assert_ptr_null(OPENSSL_malloc(0));
    ck_assert_ptr_null(OPENSSL_realloc(OPENSSL_malloc(8), 0)); /* and is freed */
    unsigned char signature[SIGNATURE_MAX];
    size_t n = sign(ED, "data", signature, sizeof signature);
    ck_assert_int_eq(auth_key_verify(auth_keys_find(keys, "ed"), signature, n, (const unsigned char *)"data", 4),
                     AUTH_OK);
}
END_TEST

START_TEST(a_new_key_is_whole_or_not_there) {
    char path[64], error[256];
    snprintf(path, sizeof path, "%s/new.pem", folder);
    bool made;
    EACH_CALL_FAILS(
        {
            error[0] = '\0';
            made = auth_new_key(path, KEY_EC_P256, error, sizeof error);
        },
        {
            struct stat status;
            ck_assert(made != failed && (made || error[0] != '\0'));
            ck_assert((stat(path, &status) == 0) == made);
            unlink(path);
        })
}
END_TEST

START_TEST(a_key_is_described_rightly_or_not_at_all) {
    char right[THUMBPRINT_MAX], kid[THUMBPRINT_MAX], error[256];
    const char *algorithm, *pem = private_pem[_i];
    bool described;
    ck_assert(auth_describe_key(pem, strlen(pem), right, &algorithm, error, sizeof error));
    char *whole = auth_public_jwks(pem, strlen(pem), NULL, error, sizeof error), *jwks;
    EACH_CALL_FAILS(
        {
            error[0] = '\0';
            described = auth_describe_key(pem, strlen(pem), kid, &algorithm, error, sizeof error);
        },
        ck_assert(described ? strcmp(kid, right) == 0 : failed && error[0] != '\0'))
    EACH_CALL_FAILS(
        {
            error[0] = '\0';
            jwks = auth_public_jwks(pem, strlen(pem), NULL, error, sizeof error);
        },
        {
            ck_assert(jwks != NULL ? strcmp(jwks, whole) == 0 : failed && error[0] != '\0');
            free(jwks);
        })
    free(whole);
}
END_TEST

/* Numbers that look like an RSA key of so many bits. */
static char *rsa_pem(int bits, int exponent_bits) {
    static const char *const numbers[] = {OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
                                          OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                          OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    BIGNUM *n = BN_new(), *e = BN_new(), *small = BN_new();
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    ck_assert(BN_set_bit(n, bits - 1) && BN_set_bit(n, 0) && BN_set_bit(e, exponent_bits - 1) && BN_set_bit(e, 0) &&
              BN_set_word(small, 3));
    ck_assert(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
              OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ck_assert_int_eq(OSSL_PARAM_BLD_push_BN(builder, numbers[i], small), 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    ck_assert(EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) == 1);
    char *pem = pem_of(key);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    BN_free(small);
    return pem;
}

START_TEST(rsa_keys_of_other_sizes_are_not_described) {
    static const struct {
        int bits, exponent_bits;
        bool good;
    } sizes[] = {{2047, 17, false}, {2048, 17, true}, {8192, 17, true}, {8193, 17, false}, {2048, 8200, false}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *pem = rsa_pem(sizes[i].bits, sizes[i].exponent_bits), kid[THUMBPRINT_MAX], error[256] = "";
        const char *algorithm;
        bool good = auth_describe_key(pem, strlen(pem), kid, &algorithm, error, sizeof error);
        ck_assert_msg(good == sizes[i].good, "%d: %s", sizes[i].bits, error);
        ck_assert(good || strstr(error, "is neither RSA of 2048 to 8192 bits") != NULL);
        free(pem);
    }
    char *long_pem = calloc(1, JWKS_MAX + 2), kid[THUMBPRINT_MAX], error[256] = "";
    const char *algorithm;
    memset(long_pem, '\n', JWKS_MAX + 1);
    ck_assert(!auth_describe_key(long_pem, JWKS_MAX + 1, kid, &algorithm, error, sizeof error));
    free(long_pem);
}
END_TEST

/* ---- where keys come from ---- */

/* A web server that answers every connection with the key set, until told to stop. */
static void *answer(void *state) {
    const int *listener = state;
    char request[4096], head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             strlen(set_text));
    for (int fd; (fd = accept(*listener, NULL, NULL)) >= 0; close(fd))
        if (recv(fd, request, sizeof request, 0) > 0) {
            send(fd, head, strlen(head), MSG_NOSIGNAL);
            send(fd, set_text, strlen(set_text), MSG_NOSIGNAL);
        }
    return NULL;
}

START_TEST(keys_from_a_url_are_whole_or_none) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 8) == 0);
    getsockname(listener, (struct sockaddr *)&address, &length);
    char url[64], error[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/jwks", ntohs(address.sin_port));
    pthread_t thread;
    pthread_create(&thread, NULL, answer, &listener);
    struct buffer got = {0};
    long failures = 0;
    bool read = auth_source_read(url, &got, error, sizeof error); /* starts libcurl */
    ck_assert_msg(read, "%s", error);
    buffer_free(&got);
    EACH_CALL_FAILS(
        {
            got = (struct buffer){0};
            error[0] = '\0';
            read = auth_source_read(url, &got, error, sizeof error);
        },
        {
            ck_assert_msg(read != failed, "%ld: %s", round, error);
            ck_assert(read ? got.length == strlen(set_text) && memcmp(got.bytes, set_text, got.length) == 0
                           : error[0] != '\0' && got.bytes == NULL);
            failures += failed;
            buffer_free(&got);
        })
    ck_assert_int_gt(failures, 10);
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}
END_TEST

START_TEST(libcurl_that_does_not_start_is_told) {
    char error[256] = "";
    struct buffer got = {0};
    calls = fail_at = 0; /* the first of this process */
    ck_assert(!auth_source_read("http://127.0.0.1:1/", &got, error, sizeof error));
    fail_at = -1;
    ck_assert_ptr_nonnull(strstr(error, "http://127.0.0.1:1/: "));
    ck_assert(!auth_source_read("http://127.0.0.1:1/", &got, error, sizeof error)); /* nor later */
}
END_TEST

/* Nobody is at these; which of them is asked at all, and by which way, shows in what is said. */
START_TEST(only_this_machine_is_asked_without_tls) {
    static const struct {
        const char *url, *said;
    } urls[] = {
        {"http://[::1]:1/jwks", "connect"},     {"https://127.0.0.1:1/jwks", "connect"},
        {"http://localhost:1/jwks", "connect"}, {"https://keys.example.dk/jwks", "connect"}, /* by the proxy below */
        {"ftp://127.0.0.1:1/jwks", "only"},     {"http://keys.example.dk/jwks", "only"},
        {"http://[::2]/jwks", "only"},
    };
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char error[256] = "";
        struct buffer got = {0};
        ck_assert(!auth_source_read(urls[i].url, &got, error, sizeof error));
        ck_assert_msg(strstr(error, urls[i].said) != NULL, "%s: %s", urls[i].url, error);
    }
}
END_TEST

START_TEST(a_key_file_is_read_whole_or_not) {
    char path[64], error[256];
    snprintf(path, sizeof path, "%s/jwks.json", folder);
    FILE *out = fopen(path, "we");
    fputs(set_text, out);
    ck_assert_int_eq(fclose(out), 0);
    struct buffer got;
    bool read;
    EACH_CALL_FAILS(
        {
            got = (struct buffer){0};
            read = auth_read_file(path, &got, error, sizeof error);
        },
        {
            ck_assert(read ? got.length == strlen(set_text) : failed && got.bytes == NULL);
            buffer_free(&got);
        })
    unlink(path);
}
END_TEST

/* ---- the spool of keys ---- */

static uint64_t found;

static void count_duplicate(void *state, uint64_t first, uint64_t line) {
    (void)state;
    found += first < line;
}

/* Adds enough for several blocks, each key twice; answers whether all of them were found again. */
static bool spool_all(const char *directory) {
    struct key_spool *s = spool_create(directory);
    if (s == NULL)
        return false;
    for (uint64_t line = 1; line <= 2 * 70000; line++)
        spool_add(s, 1 + line % 70000, 5, line);
    found = 0;
    while (spool_search(s, count_duplicate, NULL))
        ;
    bool failed = spool_failed(s);
    spool_destroy(s);
    if (!failed && found != 70000)
        abort();
    return !failed;
}

START_TEST(a_disk_that_is_slow_or_old_is_good_enough) {
    disk = (int[]){DISK_GOOD, DISK_INTERRUPTED, DISK_SHORT, DISK_OLD}[_i];
    ck_assert(spool_all(NULL));
    setenv("TMPDIR", "", 1);
    ck_assert(spool_all(NULL));
    setenv("TMPDIR", folder, 1);
    ck_assert(spool_all(NULL));
}
END_TEST

START_TEST(a_disk_that_is_full_is_told) {
    disk = DISK_FULL;
    ck_assert(!spool_all(folder));
    disk = DISK_OLD;
    ck_assert(!spool_all("/nonexistent"));
    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert(!spool_all(name));
    disk = DISK_GOOD;
    ck_assert(!spool_all("/nonexistent"));
}
END_TEST

START_TEST(what_cannot_be_read_back_is_told) {
    struct key_spool *s = spool_create(folder);
    for (uint64_t line = 1; line <= 2 * 70000; line++)
        spool_add(s, 1 + line % 70000, 5, line);
    ck_assert(!spool_failed(s));
    disk = DISK_FULL;
    while (spool_search(s, count_duplicate, NULL))
        ;
    ck_assert(spool_failed(s));
    ck_assert(!spool_search(s, count_duplicate, NULL));
    spool_add(s, 1, 1, 1); /* of no use any more, and harmless */
    spool_destroy(s);
}
END_TEST

/* Keys of one first part lie close together in the table, and are told apart by the second. */
START_TEST(keys_that_share_a_part_are_told_apart) {
    struct key_spool *s = spool_create(folder);
    for (uint32_t b = 1; b <= 50000; b++)
        spool_add(s, 1, b, b);
    spool_add(s, 1, 7, 50001);
    found = 0;
    while (spool_search(s, count_duplicate, NULL))
        ;
    ck_assert(!spool_failed(s));
    ck_assert_uint_eq(found, 1);
    spool_destroy(s);
}
END_TEST

START_TEST(digests_are_read_in_their_forms_only) {
    static const struct {
        const char *text;
        bool good, found;
    } headers[] = {
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", true, true},
        {"\t sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=: ,\tmd5=:aa:", true, true},
        {"a.b_c*9-=:x:\t", true, false},
        {"other=:x:, sha-512=:y:", true, false},
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU:", false, false},
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==:", false, false},
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA:", false, false},
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZ!3hSuFU=:", false, false},
        {"sha-256=:", false, false},
        {"sha-256=x", false, false},
        {"sha-256:x:", false, false},
        {"sha-256", false, false},
        {"SHA-256=:x:", false, false},
        {"a=:x: b=:y:", false, false},
        {"a=:x:,", false, false},
        {"{=:x:", false, false},
        {"/=:x:", false, false},
        {":=:x:", false, false},
        {"=:x:", false, false},
        {" \t ", false, false},
        {"", false, false},
    };
    unsigned char digest[DIGEST_SIZE], empty[DIGEST_SIZE];
    char hex[DIGEST_HEX + 1];
    static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    ck_assert(digest_from_hex(empty_hex, DIGEST_HEX, empty));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool has = false;
        bool good = digest_from_header(headers[i].text, strlen(headers[i].text), digest, &has);
        ck_assert_msg(good == headers[i].good && has == headers[i].found, "%s", headers[i].text);
        if (has)
            ck_assert_mem_eq(digest, empty, DIGEST_SIZE);
    }
    ck_assert(digest_from_hex("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", DIGEST_HEX, digest));
    ck_assert_mem_eq(digest, empty, DIGEST_SIZE);
    digest_to_hex(digest, hex);
    ck_assert_str_eq(hex, empty_hex);
    ck_assert(!digest_from_hex(empty_hex, DIGEST_HEX - 1, digest));
    for (const char *wrong = "/:`g@G\x80"; *wrong != '\0'; wrong++)
        for (int place = 10; place < 12; place++) {
            memcpy(hex, empty_hex, sizeof hex);
            hex[place] = *wrong;
            ck_assert(!digest_from_hex(hex, DIGEST_HEX, digest));
        }
}
END_TEST

START_TEST(a_spool_without_memory_is_told) {
    bool good;
    EACH_CALL_FAILS(good = spool_all(folder), ck_assert(good != failed))
}
END_TEST

/* ---- a delivery's file ---- */

static char *gzip_of(const char *text, size_t n, size_t *ret_n) {
    z_stream zip = {0};
    ck_assert_int_eq(deflateInit2(&zip, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *bytes = malloc(n + 1000);
    zip.next_in = (Bytef *)(uintptr_t)text;
    zip.avail_in = (uInt)n;
    zip.next_out = (Bytef *)bytes;
    zip.avail_out = (uInt)n + 1000;
    ck_assert_int_eq(deflate(&zip, Z_FINISH), Z_STREAM_END);
    *ret_n = zip.total_out;
    deflateEnd(&zip);
    return bytes;
}

/* A good line, the same once more, and one with a fault, for each of many articles. */
static void write_faulty(struct buffer *out) {
    buffer_text(out, "month,hospital,atc,article_number,product,packs,ddd,cost_ore\n");
    for (int i = 0; i < 80000; i++)
        buffer_format(out, "2021-01,AHH,J01CA%02d,%06d,Præparat,1,1.5,100\n", 1 + i % 99, i);
    for (int i = 0; i < 200; i++) {
        buffer_format(out, "2021-01,AHH,J01CA%02d,%06d,Præparat,1,1.5,100\n", 1 + i % 99, i);
        buffer_format(out, "2021-13,NIX,J01CA%02d,%06d,Præparat,1,1.5,100\n", 1 + i % 99, i);
    }
}

/* What the file comes to: its counts and rejections as text; false when it failed. */
static bool read_file(const struct delivery_options *options, const char *bytes, size_t n, struct buffer *ret) {
    struct delivery_file *f = delivery_file_create(options);
    bool good = f != NULL && delivery_file_cover(f, 1, delivery_month(2021, 1));
    for (int i = 0; good && i < 150; i++) {
        char code[8];
        snprintf(code, sizeof code, "H%03d", i);
        good = delivery_file_hospital(f, i == 0 ? "AHH" : code, i == 0 ? 3 : 4, (int16_t)i, 1, delivery_month(2021, 1),
                                      delivery_month(2021, 12));
    }
    for (size_t at = 0; good && (at < n || delivery_file_pending(f)); delivery_file_rows_taken(f))
        at += delivery_file_feed(f, bytes + at, n - at);
    if (good) {
        delivery_file_finish(f);
        while (delivery_file_rejected(f) && delivery_file_search(f))
            ;
        delivery_file_write_counts(f, ret);
        delivery_file_write_rejections(f, ret, SIZE_MAX, true);
        buffer_char(ret, '\0');
        good = !delivery_file_failed(f) && !ret->failed;
    }
    delivery_file_destroy(f);
    return good;
}

START_TEST(a_report_is_whole_or_none) {
    struct buffer text = {0}, right = {0}, made;
    write_faulty(&text);
    size_t n;
    char *bytes = gzip_of(text.bytes, text.length, &n);
    struct delivery_options options = {.gzip = true, .spool_directory = folder};
    ck_assert(read_file(&options, bytes, n, &right));
    ck_assert_ptr_nonnull(strstr(right.bytes, "\"duplicate_key\":200"));
    bool good;
    EACH_CALL_FAILS(
        {
            made = (struct buffer){0};
            good = read_file(&options, bytes, n, &made);
        },
        {
            ck_assert(good ? strcmp(made.bytes, right.bytes) == 0 : failed);
            buffer_free(&made);
        })
    /* Neither may a disk that takes no more hide what stands twice. */
    for (disk = DISK_GOOD; disk <= DISK_OLD; disk++) {
        made = (struct buffer){0};
        good = read_file(&options, bytes, n, &made);
        ck_assert_int_eq(good, disk != DISK_FULL);
        ck_assert(!good || strcmp(made.bytes, right.bytes) == 0);
        buffer_free(&made);
    }
    free(bytes);
    buffer_free(&text);
    buffer_free(&right);
}
END_TEST

/* ---- what is made at start-up ---- */

START_TEST(the_configuration_is_whole_or_none) {
    struct conf conf;
    FILE *err = fopen("/dev/null", "we");
    bool loaded;
    setenv("MEDKOORD_ISSUER", "https://login.example.dk", 1);
    EACH_CALL_FAILS(loaded = conf_load(&conf, NULL, err), {
        ck_assert(loaded != failed);
        if (loaded) {
            ck_assert_str_eq(conf.issuer, "https://login.example.dk");
            conf_free(&conf);
        }
    })
    conf_free(NULL);
    fclose(err);
}
END_TEST

START_TEST(the_counters_are_all_there_or_none) {
    struct metrics *m;
    EACH_CALL_FAILS(m = metrics_create(), {
        ck_assert((m != NULL) != failed);
        metrics_destroy(m);
    })
}
END_TEST

START_TEST(http_is_whole_or_none) {
    struct conf conf = {.max_connections = 10};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(listen(listener, 1), 0);
    struct http *http;
    ck_assert_ptr_null(http_create(NULL, &conf, fd)); /* libmicrohttpd starts on a socket only; it has closed this */
    EACH_CALL_FAILS(
        {
            fd = dup(listener);
            http = http_create(NULL, &conf, fd);
        },
        {
            ck_assert((http != NULL) != failed);
            if (http == NULL)
                close(fd);
            http_destroy(http);
        })
    close(listener);
}
END_TEST

static Suite *suite(void) {
    Suite *s = suite_create("failing_calls");
    TCase *c = tcase_create("keys");
    tcase_add_unchecked_fixture(c, make_keys, free_keys);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, a_signature_that_cannot_be_checked_is_not_good, 0, N_KEYS);
    tcase_add_test(c, a_key_set_is_read_whole_or_not);
    tcase_add_test(c, a_hash_is_right_or_none);
    tcase_add_test(c, no_memory_is_asked_for);
    tcase_add_test(c, a_new_key_is_whole_or_not_there);
    tcase_add_loop_test(c, a_key_is_described_rightly_or_not_at_all, 0, N_KEYS);
    tcase_add_test(c, rsa_keys_of_other_sizes_are_not_described);
    tcase_add_test(c, keys_from_a_url_are_whole_or_none);
    tcase_add_test(c, libcurl_that_does_not_start_is_told);
    tcase_add_test(c, only_this_machine_is_asked_without_tls);
    tcase_add_test(c, a_key_file_is_read_whole_or_not);
    suite_add_tcase(s, c);
    c = tcase_create("spool");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, a_disk_that_is_slow_or_old_is_good_enough, 0, 4);
    tcase_add_test(c, a_disk_that_is_full_is_told);
    tcase_add_test(c, what_cannot_be_read_back_is_told);
    tcase_add_test(c, keys_that_share_a_part_are_told_apart);
    tcase_add_test(c, digests_are_read_in_their_forms_only);
    tcase_add_test(c, a_spool_without_memory_is_told);
    suite_add_tcase(s, c);
    c = tcase_create("delivery");
    tcase_set_timeout(c, 240);
    tcase_add_test(c, a_report_is_whole_or_none);
    suite_add_tcase(s, c);
    c = tcase_create("start");
    tcase_add_test(c, the_configuration_is_whole_or_none);
    tcase_add_test(c, the_counters_are_all_there_or_none);
    tcase_add_test(c, http_is_whole_or_none);
    suite_add_tcase(s, c);
    return s;
}

int main(void) {
    if (!auth_memory_init(__real_malloc, __real_realloc)) {
        fputs("OpenSSL was used before it was set up\n", stderr);
        return EXIT_FAILURE;
    }
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return EXIT_FAILURE;
    }
    int status = run_cases(suite());
    rmdir(folder);
    return status;
}
