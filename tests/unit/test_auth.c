/* The token gate: real keys, every kind of bad token we know of, the cache, key sets, and every allocation failed once.
 * What the gate accepts, libjwt with the pinned key must accept too.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1800000000

static const struct auth_rules rules = {"https://login.example.dk", "medkoord", 30};

/* ---- allocations that fail on demand: jansson's and OpenSSL's ---- */

static long allocations, fail_at = -1;

static bool must_fail(void) {
    return fail_at >= 0 && allocations++ == fail_at;
}

static void *allocate(size_t n) {
    return must_fail() ? NULL : malloc(n);
}

static void *reallocate(void *old, size_t n) {
    return must_fail() ? NULL : realloc(old, n);
}

/* ---- keys ---- */

enum which { RS, PS, EC, ED, N_KEYS };
static const struct {
    const char *kid, *algorithm;
} named[N_KEYS] = {{"rs", "RS256"}, {"ps", "PS256"}, {"ec", "ES256"}, {"ed", "EdDSA"}};

static EVP_PKEY *private_keys[N_KEYS];
static char *private_pem[N_KEYS], *public_pem[N_KEYS];
static json_t *jwks[N_KEYS]; /* one JWK each */
static struct auth_keys *keys;

static char *pem_of(EVP_PKEY *key, bool private) {
    BIO *bio = BIO_new(BIO_s_mem());
    ck_assert_int_eq(
        private ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) : PEM_write_bio_PUBKEY(bio, key), 1);
    char *bytes;
    long n = BIO_get_mem_data(bio, &bytes);
    char *text = strndup(bytes, (size_t)n);
    BIO_free(bio);
    return text;
}

static json_t *jwk_of(const char *pem, const char *kid, const char *algorithm) {
    char error[256] = "";
    char *text = auth_public_jwks(pem, strlen(pem), kid, error, sizeof error);
    ck_assert_msg(text != NULL, "%s", error);
    json_t *set = json_loads(text, 0, NULL);
    json_t *jwk = json_deep_copy(json_array_get(json_object_get(set, "keys"), 0));
    json_object_set_new(jwk, "alg", json_string(algorithm));
    json_decref(set);
    free(text);
    return jwk;
}

/* Takes over the list. */
static struct auth_keys *parse_list(json_t *list, char *error, size_t n) {
    json_t *set = json_pack("{s:o}", "keys", list);
    char *text = json_dumps(set, 0);
    struct auth_keys *parsed = auth_keys_parse(text, strlen(text), error, n);
    free(text);
    json_decref(set);
    return parsed;
}

static void make_keys(void) {
    char error[256] = "";
    json_t *list = json_array();
    for (enum which k = RS; k < N_KEYS; k++) {
        private_keys[k] = k == EC   ? EVP_EC_gen("P-256")
                          : k == ED ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                    : EVP_RSA_gen(2048);
        private_pem[k] = pem_of(private_keys[k], true);
        public_pem[k] = pem_of(private_keys[k], false);
        jwks[k] = jwk_of(private_pem[k], named[k].kid, named[k].algorithm);
        json_array_append(list, jwks[k]);
    }
    keys = parse_list(list, error, sizeof error);
    ck_assert_msg(keys != NULL, "%s", error);
    ck_assert_uint_eq(auth_keys_count(keys), N_KEYS);
}

static void free_keys(void) {
    for (enum which k = RS; k < N_KEYS; k++) {
        EVP_PKEY_free(private_keys[k]);
        free(private_pem[k]);
        free(public_pem[k]);
        json_decref(jwks[k]);
    }
    auth_keys_unref(keys);
}

/* ---- tokens ---- */

static char *encode(const void *bytes, size_t n) {
    size_t capacity = n * 4 / 3 + 8;
    char *text = malloc(capacity);
    ck_assert(text_to_base64url(bytes, n, text, capacity) != (size_t)-1);
    return text;
}

static void raw_ecdsa(unsigned char *signature, size_t *n) {
    const unsigned char *der = signature;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)*n);
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + 32, 32);
    *n = 64;
    ECDSA_SIG_free(parsed);
}

static size_t sign_bytes(enum which k, int salt, const char *data, unsigned char *signature, size_t capacity) {
    size_t n = capacity;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *details;
    ck_assert_int_eq(EVP_DigestSignInit(context, &details, k == ED ? NULL : EVP_sha256(), NULL, private_keys[k]), 1);
    if (k == PS) {
        EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(details, salt);
    }
    ck_assert_int_eq(EVP_DigestSign(context, signature, &n, (const unsigned char *)data, strlen(data)), 1);
    EVP_MD_CTX_free(context);
    return n;
}

static char *join(const char *signed_part, const void *signature, size_t n) {
    char *third = encode(signature, n), *token;
    ck_assert_int_gt(asprintf(&token, "%s.%s", signed_part, third), 0);
    free(third);
    return token;
}

static char *signed_part_n(const char *header, size_t header_length, const char *claims, size_t claims_length) {
    char *first = encode(header, header_length), *second = encode(claims, claims_length), *both;
    ck_assert_int_gt(asprintf(&both, "%s.%s", first, second), 0);
    free(first);
    free(second);
    return both;
}

static char *sign_n(enum which k, const char *header, size_t header_length, const char *claims, size_t claims_length) {
    char *data = signed_part_n(header, header_length, claims, claims_length);
    unsigned char signature[SIGNATURE_MAX];
    size_t n = sign_bytes(k, RSA_PSS_SALTLEN_DIGEST, data, signature, sizeof signature);
    if (k == EC)
        raw_ecdsa(signature, &n);
    char *token = join(data, signature, n);
    free(data);
    return token;
}

static char *sign(enum which k, const char *header, const char *claims) {
    return sign_n(k, header, strlen(header), claims, strlen(claims));
}

#define ISS    "\"iss\":\"https://login.example.dk\","
#define AUD    "\"aud\":\"medkoord\","
#define SUB    "\"sub\":\"anna\","
#define REST   "\"iat\":1799999990,\"nbf\":1799999990,\"roles\":[\"reader\"]"
#define EXP    "\"exp\":1800000600,"
#define CLAIMS "{" ISS AUD SUB EXP REST "}"

static const char *header_of(enum which k) {
    static const char *const headers[N_KEYS] = {
        "{\"alg\":\"RS256\",\"kid\":\"rs\",\"typ\":\"JWT\"}", "{\"alg\":\"PS256\",\"kid\":\"ps\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"ec\"}", "{\"kid\":\"ed\",\"alg\":\"EdDSA\"}"};
    return headers[k];
}

static char *good_token(enum which k) {
    return sign(k, header_of(k), CLAIMS);
}

static enum auth_verdict judge_n(const char *token, size_t n, struct actor *ret) {
    return auth_check(keys, &rules, NULL, token, n, NOW, ret);
}

/* A refusal leaves the actor alone: whoever looks at it afterwards must not find somebody in it. */
static enum auth_verdict judge(const char *token) {
    struct actor actor, untouched;
    memset(&actor, 0x5a, sizeof actor);
    memset(&untouched, 0x5a, sizeof untouched);
    /* In memory of exactly its size, so that a read past its end is seen. */
    size_t n = strlen(token);
    char *exact = malloc(n > 0 ? n : 1);
    memcpy(exact, token, n);
    enum auth_verdict verdict = judge_n(exact, n, &actor);
    free(exact);
    if (verdict != AUTH_OK)
        ck_assert_mem_eq(&actor, &untouched, sizeof actor);
    return verdict;
}

static enum auth_verdict judge_and_free(char *token) {
    enum auth_verdict verdict = judge(token);
    free(token);
    return verdict;
}

/* The second opinion; libjwt knows neither PS256 nor EdDSA. */
static bool libjwt_accepts(enum which k, const char *token) {
    jwt_t *jwt = NULL;
    bool accepted = jwt_decode(&jwt, token, (const unsigned char *)public_pem[k], (int)strlen(public_pem[k])) == 0 &&
                    jwt_get_alg(jwt) == (k == RS ? JWT_ALG_RS256 : JWT_ALG_ES256) && jwt_get_grant(jwt, "sub") != NULL;
    jwt_free(jwt);
    return accepted;
}

/* ---- what is accepted ---- */

START_TEST(every_algorithm_is_accepted) {
    struct actor actor;
    char *token = good_token((enum which)_i);
    ck_assert_int_eq(judge_n(token, strlen(token), &actor), AUTH_OK);
    ck_assert_str_eq(actor.subject, "anna");
    ck_assert_str_eq(actor.region, "");
    ck_assert_str_eq(actor.roles_text, ",reader,");
    ck_assert_int_eq(actor.expires, 1800000600);
    if (_i == RS || _i == EC)
        ck_assert(libjwt_accepts((enum which)_i, token));
    free(token);
}
END_TEST

static const struct {
    const char *name, *header, *claims;
} good[] = {
    {"aud in an array", NULL, "{" ISS "\"aud\":[\"other\",\"medkoord\"]," SUB EXP REST "}"},
    {"aud in an array, ours first", NULL, "{" ISS "\"aud\":[\"medkoord\",\"other\"]," SUB EXP REST "}"},
    {"a subject with a character beside the C1 ones", NULL, "{" ISS AUD "\"sub\":\"\xc2\xa9\"," EXP REST "}"},
    {"only what is required", NULL, "{" ISS AUD SUB "\"exp\":1800000600}"},
    {"the last second of the leeway", NULL, "{" ISS AUD SUB "\"exp\":1799999971}"},
    {"nbf at the end of the leeway", NULL, "{" ISS AUD SUB EXP "\"nbf\":1800000030}"},
    {"iat at the end of the leeway", NULL, "{" ISS AUD SUB EXP "\"iat\":1800000030}"},
    {"no roles", NULL, "{" ISS AUD SUB EXP "\"roles\":[]}"},
    {"only unknown roles", NULL, "{" ISS AUD SUB EXP "\"roles\":[\"root\",\"Reader\",\"reader \"]}"},
    {"other claims", NULL, "{" ISS AUD SUB EXP REST ",\"scope\":\"x\",\"address\":{\"a\":[1,2.5,null]}}"},
    {"other header members", "{\"alg\":\"RS256\",\"kid\":\"rs\",\"x5t\":\"abc\"}", CLAIMS},
    {"white space in the JSON", "{ \"alg\" : \"RS256\" ,\n\"kid\":\"rs\" }", " " CLAIMS "\n"},
    {"escapes in the JSON", "{\"\\u0061lg\":\"RS256\",\"kid\":\"\\u0072s\"}", CLAIMS},
    {"a Danish subject", NULL, "{" ISS AUD "\"sub\":\"s\xc3\xb8ren \xc3\xa5k\xc3\xa6r\"," EXP REST "}"},
    {"exp in the year 9999", NULL, "{" ISS AUD SUB "\"exp\":253402300799}"},
};

START_TEST(good_tokens_are_accepted) {
    char *token = sign(RS, good[_i].header != NULL ? good[_i].header : header_of(RS), good[_i].claims);
    ck_assert_msg(judge(token) == AUTH_OK, "refused: %s", good[_i].name);
    ck_assert_msg(libjwt_accepts(RS, token), "libjwt refuses: %s", good[_i].name);
    free(token);
}
END_TEST

START_TEST(actor_is_read) {
    struct actor actor;
    char *token = sign(EC, header_of(EC),
                       "{" ISS AUD EXP "\"sub\":\"koordinator-7\",\"region\":\"nordjylland\","
                       "\"roles\":[\"region_coordinator\",\"reader\",\"unknown\",\"reader\"]}");
    ck_assert_int_eq(judge_n(token, strlen(token), &actor), AUTH_OK);
    ck_assert_str_eq(actor.subject, "koordinator-7");
    ck_assert_str_eq(actor.region, "nordjylland");
    uint32_t expected = 0;
    for (size_t bit = 0; bit < n_roles; bit++)
        if (strcmp(role_names[bit], "region_coordinator") == 0 || strcmp(role_names[bit], "reader") == 0)
            expected |= UINT32_C(1) << bit;
    ck_assert_uint_eq(actor.roles, expected);
    ck_assert_ptr_nonnull(strstr(actor.roles_text, ",reader,"));
    ck_assert_ptr_nonnull(strstr(actor.roles_text, ",region_coordinator,"));
    ck_assert_uint_eq(strlen(actor.roles_text), strlen(",reader,region_coordinator,"));
    free(token);

    /* All roles at once find room in the text. */
    json_t *roles = json_array();
    for (size_t bit = 0; bit < n_roles; bit++)
        json_array_append_new(roles, json_string(role_names[bit]));
    json_t *claims = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o}", "iss", rules.issuer, "aud", rules.audience, "sub",
                               "all", "exp", NOW + 1, "region", "nordjylland", "roles", roles);
    char *text = json_dumps(claims, 0);
    token = sign(EC, header_of(EC), text);
    ck_assert_int_eq(judge_n(token, strlen(token), &actor), AUTH_OK);
    ck_assert_uint_eq(actor.roles, (UINT32_C(1) << n_roles) - 1);
    free(token);
    free(text);

    /* A coordinator of no region is none. */
    json_object_del(claims, "region");
    text = json_dumps(claims, 0);
    token = sign(EC, header_of(EC), text);
    ck_assert_int_eq(judge_n(token, strlen(token), &actor), AUTH_OK);
    ck_assert_ptr_null(strstr(actor.roles_text, "region_coordinator"));
    ck_assert_ptr_nonnull(strstr(actor.roles_text, ",reader,"));
    free(token);
    free(text);
    json_decref(claims);
}
END_TEST

/* ---- what is refused: signed as well as can be, so that nothing but the named fault is there ---- */

#define JSON(...) #__VA_ARGS__
static const struct bad {
    const char *name, *header, *claims;
    enum auth_verdict verdict;
} bad[] = {
    /* algorithms */
    {"alg none", JSON({"alg":"none","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg None", JSON({"alg":"None","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg NONE", JSON({"alg":"NONE","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg nOnE", JSON({"alg":"nOnE","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg none with a space", JSON({"alg":"none ","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg empty", JSON({"alg":"","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg missing", JSON({"kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg null", JSON({"alg":null,"kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg true", JSON({"alg":true,"kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg a number", JSON({"alg":256,"kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg an array", JSON({"alg":["RS256"],"kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg in lower case", JSON({"alg":"rs256","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg RS384", JSON({"alg":"RS384","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg RS1", JSON({"alg":"RS1","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"alg HS256", JSON({"alg":"HS256","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"PS256 with a key for RS256", JSON({"alg":"PS256","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"ES256 with an RSA key", JSON({"alg":"ES256","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"EdDSA with an RSA key", JSON({"alg":"EdDSA","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    {"Alg in capitals beside none", JSON({"alg":"none","ALG":"RS256","kid":"rs"}), NULL, AUTH_UNSUPPORTED},
    /* keys */
    {"kid missing", JSON({"alg":"RS256"}), NULL, AUTH_UNKNOWN_KEY},
    {"kid unknown", JSON({"alg":"RS256","kid":"other"}), NULL, AUTH_UNKNOWN_KEY},
    {"kid empty", JSON({"alg":"RS256","kid":""}), NULL, AUTH_UNKNOWN_KEY},
    {"kid null", JSON({"alg":"RS256","kid":null}), NULL, AUTH_UNKNOWN_KEY},
    {"kid a number", JSON({"alg":"RS256","kid":0}), NULL, AUTH_UNKNOWN_KEY},
    {"kid a prefix", JSON({"alg":"RS256","kid":"r"}), NULL, AUTH_UNKNOWN_KEY},
    {"kid in capitals", JSON({"alg":"RS256","kid":"RS"}), NULL, AUTH_UNKNOWN_KEY},
    {"kid a path", JSON({"alg":"RS256","kid":"../../dev/null"}), NULL, AUTH_UNKNOWN_KEY},
    {"kid of the key of another algorithm", JSON({"alg":"RS256","kid":"ps"}), NULL, AUTH_UNSUPPORTED},
    {"crit", JSON({"alg":"RS256","kid":"rs","crit":["exp"]}), NULL, AUTH_UNSUPPORTED},
    {"crit empty", JSON({"alg":"RS256","kid":"rs","crit":[]}), NULL, AUTH_UNSUPPORTED},
    {"crit null", JSON({"alg":"RS256","kid":"rs","crit":null}), NULL, AUTH_UNSUPPORTED},
    {"jku", JSON({"alg":"RS256","kid":"rs","jku":"https://evil.example/jwks"}), NULL, AUTH_UNSUPPORTED},
    {"jwk", JSON({"alg":"RS256","kid":"rs","jwk":{"kty":"oct","k":"AA"}}), NULL, AUTH_UNSUPPORTED},
    {"x5u", JSON({"alg":"RS256","kid":"rs","x5u":"https://evil.example/"}), NULL, AUTH_UNSUPPORTED},
    {"x5c", JSON({"alg":"RS256","kid":"rs","x5c":["AA=="]}), NULL, AUTH_UNSUPPORTED},
    {"b64", JSON({"alg":"RS256","kid":"rs","b64":false}), NULL, AUTH_UNSUPPORTED},
    {"zip", JSON({"alg":"RS256","kid":"rs","zip":"DEF"}), NULL, AUTH_UNSUPPORTED},
    {"typ of another kind", JSON({"alg":"RS256","kid":"rs","typ":"logout+jwt"}), NULL, AUTH_UNSUPPORTED},
    {"typ a number", JSON({"alg":"RS256","kid":"rs","typ":1}), NULL, AUTH_UNSUPPORTED},
    /* JSON */
    {"alg twice", JSON({"alg":"none","alg":"RS256","kid":"rs"}), NULL, AUTH_MALFORMED},
    {"kid twice, once escaped", JSON({"alg":"RS256","kid":"rs","\u006bid":"rs"}), NULL, AUTH_MALFORMED},
    {"header an array", JSON(["RS256","rs"]), NULL, AUTH_MALFORMED},
    {"header a string", JSON("RS256"), NULL, AUTH_MALFORMED},
    {"header empty", "", NULL, AUTH_MALFORMED},
    {"header with junk", JSON({"alg":"RS256","kid":"rs"}) "x", NULL, AUTH_MALFORMED},
    {"header cut", JSON({"alg":"RS256","kid":"rs") , NULL, AUTH_MALFORMED},
    {"header not UTF-8", "{\"alg\":\"RS256\",\"kid\":\"rs\",\"a\":\"\xff\"}", NULL, AUTH_MALFORMED},
    {"header with \\u0000", "{\"alg\":\"RS256\",\"kid\":\"rs\\u0000\"}", NULL, AUTH_MALFORMED},
    {"claims an array", NULL, "[]", AUTH_MALFORMED},
    {"claims null", NULL, "null", AUTH_MALFORMED},
    {"claims twice", NULL, CLAIMS CLAIMS, AUTH_MALFORMED},
    {"claims empty", NULL, "", AUTH_MALFORMED},
    {"exp twice", NULL, "{" ISS AUD SUB "\"exp\":1," EXP REST "}", AUTH_MALFORMED},
    {"a nested member twice", NULL, "{" ISS AUD SUB EXP REST ",\"x\":{\"a\":1,\"a\":2}}", AUTH_MALFORMED},
    {"exp of 20 digits", NULL, "{" ISS AUD SUB "\"exp\":99999999999999999999}", AUTH_MALFORMED},
    {"exp 1e400", NULL, "{" ISS AUD SUB "\"exp\":1e400}", AUTH_MALFORMED},
    {"NaN", NULL, "{" ISS AUD SUB "\"exp\":NaN}", AUTH_MALFORMED},
    {"subject with \\u0000", NULL, "{" ISS AUD "\"sub\":\"anna\\u0000x\"," EXP REST "}", AUTH_MALFORMED},
    /* times */
    {"exp missing", NULL, "{" ISS AUD SUB REST "}", AUTH_BAD_CLAIMS},
    {"exp a string", NULL, "{" ISS AUD SUB "\"exp\":\"1800000600\"}", AUTH_BAD_CLAIMS},
    {"exp a real number", NULL, "{" ISS AUD SUB "\"exp\":1800000600.0}", AUTH_BAD_CLAIMS},
    {"exp with an exponent", NULL, "{" ISS AUD SUB "\"exp\":18e8}", AUTH_BAD_CLAIMS},
    {"exp true", NULL, "{" ISS AUD SUB "\"exp\":true}", AUTH_BAD_CLAIMS},
    {"exp null", NULL, "{" ISS AUD SUB "\"exp\":null}", AUTH_BAD_CLAIMS},
    {"exp an array", NULL, "{" ISS AUD SUB "\"exp\":[1800000600]}", AUTH_BAD_CLAIMS},
    {"exp negative", NULL, "{" ISS AUD SUB "\"exp\":-1}", AUTH_BAD_CLAIMS},
    {"exp the largest integer", NULL, "{" ISS AUD SUB "\"exp\":9223372036854775807}", AUTH_BAD_CLAIMS},
    {"exp in the year 10000", NULL, "{" ISS AUD SUB "\"exp\":253402300800}", AUTH_BAD_CLAIMS},
    {"exp zero", NULL, "{" ISS AUD SUB "\"exp\":0}", AUTH_EXPIRED},
    {"exp at the end of the leeway", NULL, "{" ISS AUD SUB "\"exp\":1799999970}", AUTH_EXPIRED},
    {"EXP in capitals", NULL, "{" ISS AUD SUB "\"EXP\":1800000600}", AUTH_BAD_CLAIMS},
    {"nbf past the leeway", NULL, "{" ISS AUD SUB EXP "\"nbf\":1800000031}", AUTH_NOT_YET},
    {"nbf a string", NULL, "{" ISS AUD SUB EXP "\"nbf\":\"0\"}", AUTH_BAD_CLAIMS},
    {"nbf a real number", NULL, "{" ISS AUD SUB EXP "\"nbf\":1.5}", AUTH_BAD_CLAIMS},
    {"nbf null", NULL, "{" ISS AUD SUB EXP "\"nbf\":null}", AUTH_BAD_CLAIMS},
    {"nbf the smallest integer", NULL, "{" ISS AUD SUB EXP "\"nbf\":-9223372036854775808}", AUTH_BAD_CLAIMS},
    {"iat past the leeway", NULL, "{" ISS AUD SUB EXP "\"iat\":1800000031}", AUTH_NOT_YET},
    {"iat a string", NULL, "{" ISS AUD SUB EXP "\"iat\":\"1799999990\"}", AUTH_BAD_CLAIMS},
    {"iat a real number", NULL, "{" ISS AUD SUB EXP "\"iat\":1799999990.0}", AUTH_BAD_CLAIMS},
    /* issuer, audience */
    {"iss missing", NULL, "{" AUD SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"iss another", NULL, "{\"iss\":\"https://evil.example\"," AUD SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"iss with a slash", NULL, "{\"iss\":\"https://login.example.dk/\"," AUD SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"iss a prefix", NULL, "{\"iss\":\"https://login.example.d\"," AUD SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"iss an array", NULL, "{\"iss\":[\"https://login.example.dk\"]," AUD SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"iss null", NULL, "{\"iss\":null," AUD SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud missing", NULL, "{" ISS SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud begins with ours", NULL, "{" ISS "\"aud\":\"medkoordx\"," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud a prefix of ours", NULL, "{" ISS "\"aud\":\"medkoor\"," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud in capitals", NULL, "{" ISS "\"aud\":\"Medkoord\"," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud an empty array", NULL, "{" ISS "\"aud\":[]," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud an array of others", NULL, "{" ISS "\"aud\":[\"a\",\"medkoordx\"]," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud an array with a number", NULL, "{" ISS "\"aud\":[\"medkoord\",1]," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud a nested array", NULL, "{" ISS "\"aud\":[[\"medkoord\"]]," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud an object", NULL, "{" ISS "\"aud\":{\"medkoord\":1}," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud null", NULL, "{" ISS "\"aud\":null," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    {"aud empty", NULL, "{" ISS "\"aud\":\"\"," SUB EXP REST "}", AUTH_BAD_CLAIMS},
    /* subject, roles, region */
    {"sub missing", NULL, "{" ISS AUD EXP REST "}", AUTH_BAD_CLAIMS},
    {"sub empty", NULL, "{" ISS AUD "\"sub\":\"\"," EXP REST "}", AUTH_BAD_CLAIMS},
    {"sub a number", NULL, "{" ISS AUD "\"sub\":7," EXP REST "}", AUTH_BAD_CLAIMS},
    {"sub null", NULL, "{" ISS AUD "\"sub\":null," EXP REST "}", AUTH_BAD_CLAIMS},
    {"sub with a line feed", NULL, "{" ISS AUD "\"sub\":\"a\\nb\"," EXP REST "}", AUTH_BAD_CLAIMS},
    {"sub with an escape character", NULL, "{" ISS AUD "\"sub\":\"a\\u001b[2J\"," EXP REST "}", AUTH_BAD_CLAIMS},
    {"sub with DEL", NULL, "{" ISS AUD "\"sub\":\"a\\u007f\"," EXP REST "}", AUTH_BAD_CLAIMS},
    {"neither nbf nor iat has come", NULL, "{" ISS AUD SUB EXP "\"nbf\":1800000031,\"iat\":1800000031}", AUTH_NOT_YET},
    {"region after the letters", NULL, "{" ISS AUD SUB EXP "\"region\":\"{a\"}", AUTH_BAD_CLAIMS},
    {"sub with a C1 character", NULL, "{" ISS AUD "\"sub\":\"a\\u0085\"," EXP REST "}", AUTH_BAD_CLAIMS},
    {"roles a string", NULL, "{" ISS AUD SUB EXP "\"roles\":\"admin\"}", AUTH_BAD_CLAIMS},
    {"roles null", NULL, "{" ISS AUD SUB EXP "\"roles\":null}", AUTH_BAD_CLAIMS},
    {"roles an object", NULL, "{" ISS AUD SUB EXP "\"roles\":{\"admin\":true}}", AUTH_BAD_CLAIMS},
    {"roles with a number", NULL, "{" ISS AUD SUB EXP "\"roles\":[\"admin\",1]}", AUTH_BAD_CLAIMS},
    {"region in capitals", NULL, "{" ISS AUD SUB EXP "\"region\":\"Nordjylland\"}", AUTH_BAD_CLAIMS},
    {"region empty", NULL, "{" ISS AUD SUB EXP "\"region\":\"\"}", AUTH_BAD_CLAIMS},
    {"region null", NULL, "{" ISS AUD SUB EXP "\"region\":null}", AUTH_BAD_CLAIMS},
    {"region begins with a digit", NULL, "{" ISS AUD SUB EXP "\"region\":\"1nord\"}", AUTH_BAD_CLAIMS},
    {"region with a quote", NULL, "{" ISS AUD SUB EXP "\"region\":\"nord'\"}", AUTH_BAD_CLAIMS},
    {"region with a comma", NULL, "{" ISS AUD SUB EXP "\"region\":\"nord,syd\"}", AUTH_BAD_CLAIMS},
    {"region of 33", NULL, "{" ISS AUD SUB EXP "\"region\":\"abcdefghijklmnopqrstuvwxyz0123456\"}", AUTH_BAD_CLAIMS},
};

START_TEST(bad_tokens_are_refused) {
    const struct bad *b = &bad[_i];
    char *token = sign(RS, b->header != NULL ? b->header : header_of(RS), b->claims != NULL ? b->claims : CLAIMS);
    enum auth_verdict verdict = judge(token);
    ck_assert_msg(verdict == b->verdict, "%s: %d, not %d", b->name, (int)verdict, (int)b->verdict);
    free(token);
}
END_TEST

START_TEST(long_subjects) {
    char claims[600], subject[257];
    memset(subject, 's', sizeof subject);
    for (size_t n = 254; n <= 256; n++) {
        snprintf(claims, sizeof claims, "{" ISS AUD EXP "\"sub\":\"%.*s\"}", (int)n, subject);
        ck_assert_int_eq(judge_and_free(sign(EC, header_of(EC), claims)),
                         n <= ACTOR_SUBJECT_MAX ? AUTH_OK : AUTH_BAD_CLAIMS);
    }
}
END_TEST

/* A NUL byte itself, not its escape, anywhere. */
START_TEST(embedded_nul) {
    static const char header[] = "{\"alg\":\"RS256\",\"kid\":\"rs\0\"}", tail[] = CLAIMS "\0x",
                      inside[] = "{" ISS AUD "\"sub\":\"a\0b\"," EXP REST "}";
    ck_assert_int_eq(judge_and_free(sign_n(RS, header, sizeof header - 1, CLAIMS, sizeof CLAIMS - 1)), AUTH_MALFORMED);
    ck_assert_int_eq(judge_and_free(sign_n(RS, header_of(RS), strlen(header_of(RS)), tail, sizeof tail - 1)),
                     AUTH_MALFORMED);
    ck_assert_int_eq(judge_and_free(sign_n(RS, header_of(RS), strlen(header_of(RS)), inside, sizeof inside - 1)),
                     AUTH_MALFORMED);
    /* In the token itself: everywhere, and at its end. */
    char *token = good_token(EC);
    size_t n = strlen(token);
    struct actor actor;
    ck_assert_int_ne(judge_n(token, n + 1, &actor), AUTH_OK);
    for (size_t i = 0; i < n; i++) {
        char kept = token[i];
        token[i] = '\0';
        ck_assert_int_ne(judge_n(token, n, &actor), AUTH_OK);
        token[i] = kept;
    }
    free(token);
}
END_TEST

/* ---- the form of the token ---- */

static char *changed(const char *token, const char *before, const char *after) {
    char *text;
    ck_assert_int_gt(asprintf(&text, "%s%s%s", before, token, after), 0);
    return text;
}

START_TEST(forms_are_refused) {
    static const char *const texts[] = {"",          ".",         "..",         "...",           "....",
                                        " ",         "a",         "a.b",        "a.b.c",         "a.b.c.d",
                                        "a.b.c.d.e", "e30.e30.",  "e30.e30.AA", ".e30.AA",       "e30..AA",
                                        "Bearer",    "Bearer ..", "{}.{}.{}",   "\xff.\xff.\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(judge(texts[i]) != AUTH_OK, "accepted: %s", texts[i]);

    char *token = good_token(RS);
    static const char *const endings[] = {"=",  "==",   ".", ".x",   ".e30", ".e30.e30", " ",
                                          "\n", "\r\n", "A", "AAAA", ",",    "%00",      "-"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        ck_assert_msg(judge_and_free(changed(token, "", endings[i])) != AUTH_OK, "accepted with: %s", endings[i]);
    static const char *const beginnings[] = {" ", "Bearer ", ".", "e30.", "=", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        ck_assert_msg(judge_and_free(changed(token, beginnings[i], "")) != AUTH_OK, "accepted with: %s", beginnings[i]);

    /* Two segments, and a third that is empty. */
    char *dot = strrchr(token, '.');
    dot[1] = '\0';
    ck_assert_int_eq(judge(token), AUTH_MALFORMED);
    dot[0] = '\0';
    ck_assert_int_eq(judge(token), AUTH_MALFORMED);
    free(token);
}
END_TEST

/* The last character of a segment may hold bits that no byte uses; only zeros are canonical. */
START_TEST(base64url_is_canonical) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *token = good_token(EC); /* 64 bytes of signature end in a character with four unused bits */
    size_t last = strlen(token) - 1;
    char right = token[last];
    size_t accepted = 0;
    for (const char *c = alphabet; *c != '\0'; c++) {
        token[last] = *c;
        accepted += judge(token) == AUTH_OK;
        ck_assert(judge(token) != AUTH_OK || *c == right);
    }
    ck_assert_uint_eq(accepted, 1);
    free(token);

    /* The other base64 alphabet, and padding inside. */
    token = good_token(RS);
    for (char *c = token; *c != '\0'; c++)
        if (*c == '-' || *c == '_') {
            char kept = *c;
            *c = kept == '-' ? '+' : '/';
            ck_assert_int_ne(judge(token), AUTH_OK);
            *c = kept;
        }
    free(token);
}
END_TEST

START_TEST(size_is_limited) {
    char *big = malloc(70001);
    memset(big, 'A', 70000);
    big[70000] = '\0';
    ck_assert_int_eq(judge(big), AUTH_MALFORMED);
    big[100] = big[60000] = '.';
    ck_assert_int_eq(judge(big), AUTH_MALFORMED);
    big[TOKEN_MAX] = '\0';
    big[TOKEN_MAX - 100] = '.';
    ck_assert_int_ne(judge(big), AUTH_OK);
    free(big);

    /* 8192 bytes pass, one more does not. */
    char *claims = malloc(10000);
    for (size_t padding = 5000;; padding++) {
        snprintf(claims, 10000, "{" ISS AUD SUB EXP "\"x\":\"%0*d\"}", (int)padding, 0);
        char *token = sign(EC, header_of(EC), claims);
        size_t n = strlen(token);
        ck_assert_int_eq(judge(token), n <= TOKEN_MAX ? AUTH_OK : AUTH_MALFORMED);
        free(token);
        if (n > TOKEN_MAX)
            break;
        padding += n < TOKEN_MAX - 8 ? (TOKEN_MAX - n) / 4 * 3 - 3 : 0;
    }
    free(claims);
}
END_TEST

/* Deeply nested JSON must not use up the stack; it only gets this far with a signature. */
START_TEST(deep_nesting) {
    char *claims = malloc(6001);
    memset(claims, '[', 6000);
    claims[6000] = '\0';
    ck_assert_int_eq(judge_and_free(sign(EC, header_of(EC), claims)), AUTH_MALFORMED);
    ck_assert_int_eq(judge_and_free(sign(EC, claims + 1000, CLAIMS)), AUTH_MALFORMED);
    free(claims);
}
END_TEST

/* ---- signatures ---- */

START_TEST(hmac_with_the_public_key) {
    static const char *const algorithms[] = {"HS256", "hs256", "RS256"};
    for (size_t i = 0; i < 3; i++) {
        char header[80];
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"rs\"}", algorithms[i]);
        char *data = signed_part_n(header, strlen(header), CLAIMS, strlen(CLAIMS));
        unsigned char mac[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        HMAC(EVP_sha256(), public_pem[RS], (int)strlen(public_pem[RS]), (unsigned char *)data, strlen(data), mac, &n);
        ck_assert_int_eq(judge_and_free(join(data, mac, n)), i < 2 ? AUTH_UNSUPPORTED : AUTH_BAD_SIGNATURE);
        HMAC(EVP_sha256(), "", 0, (unsigned char *)data, strlen(data), mac, &n);
        ck_assert_int_ne(judge_and_free(join(data, mac, n)), AUTH_OK);
        free(data);
    }
}
END_TEST

START_TEST(signature_of_another_key) {
    EVP_PKEY *mine = private_keys[_i];
    private_keys[_i] = _i == EC   ? EVP_EC_gen("P-256")
                       : _i == ED ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                  : EVP_RSA_gen(2048);
    char *token = good_token((enum which)_i);
    EVP_PKEY_free(private_keys[_i]);
    private_keys[_i] = mine;
    ck_assert_int_eq(judge_and_free(token), AUTH_BAD_SIGNATURE);
}
END_TEST

START_TEST(ecdsa_forms) {
    char *data = signed_part_n(header_of(EC), strlen(header_of(EC)), CLAIMS, strlen(CLAIMS));
    unsigned char signature[256], raw[256] = {0};
    size_t n = sign_bytes(EC, 0, data, signature, sizeof signature);
    ck_assert_int_eq(judge_and_free(join(data, signature, n)), AUTH_BAD_SIGNATURE); /* DER */
    memcpy(raw, signature, n);
    raw_ecdsa(raw, &n);
    ck_assert_int_eq(judge_and_free(join(data, raw, 64)), AUTH_OK);
    for (size_t length = 1; length < 132; length++)
        if (length != 64)
            ck_assert_int_eq(judge_and_free(join(data, raw, length)), AUTH_BAD_SIGNATURE);
    unsigned char zeros[64] = {0}, ones[64];
    memset(ones, 0xff, sizeof ones);
    ck_assert_int_eq(judge_and_free(join(data, zeros, 64)), AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(judge_and_free(join(data, ones, 64)), AUTH_BAD_SIGNATURE);
    memset(raw, 0, 32); /* r = 0 */
    ck_assert_int_eq(judge_and_free(join(data, raw, 64)), AUTH_BAD_SIGNATURE);
    free(data);
}
END_TEST

START_TEST(pss_salt_is_exact) {
    static const struct {
        int salt;
        enum auth_verdict verdict;
    } salts[] = {{32, AUTH_OK},
                 {RSA_PSS_SALTLEN_MAX, AUTH_BAD_SIGNATURE},
                 {0, AUTH_BAD_SIGNATURE},
                 {20, AUTH_BAD_SIGNATURE},
                 {33, AUTH_BAD_SIGNATURE}};
    char *data = signed_part_n(header_of(PS), strlen(header_of(PS)), CLAIMS, strlen(CLAIMS));
    for (size_t i = 0; i < sizeof salts / sizeof *salts; i++) {
        unsigned char signature[SIGNATURE_MAX];
        size_t n = sign_bytes(PS, salts[i].salt, data, signature, sizeof signature);
        ck_assert_int_eq(judge_and_free(join(data, signature, n)), salts[i].verdict);
    }
    free(data);
    /* PKCS #1 padding where PSS is due, and the other way round. */
    EVP_PKEY *pss = private_keys[PS];
    private_keys[PS] = private_keys[RS];
    ck_assert_int_eq(judge_and_free(sign(PS, header_of(RS), CLAIMS)), AUTH_BAD_SIGNATURE);
    private_keys[PS] = pss;
    EVP_PKEY *pkcs1 = private_keys[RS];
    private_keys[RS] = private_keys[PS];
    ck_assert_int_eq(judge_and_free(sign(RS, header_of(PS), CLAIMS)), AUTH_BAD_SIGNATURE);
    private_keys[RS] = pkcs1;
}
END_TEST

/* Every character changed, and every length cut, for every algorithm. */
START_TEST(every_change_is_refused) {
    char *token = good_token((enum which)_i);
    size_t n = strlen(token);
    struct actor actor;
    for (size_t i = 0; i < n; i++) {
        char kept = token[i];
        token[i] = kept == 'A' ? 'B' : 'A';
        ck_assert_msg(judge_n(token, n, &actor) != AUTH_OK, "changed at %zu of %zu", i, n);
        token[i] = kept;
        ck_assert_msg(judge_n(token, i, &actor) != AUTH_OK, "cut at %zu of %zu", i, n);
    }
    ck_assert_int_eq(judge_n(token, n, &actor), AUTH_OK);
    free(token);
}
END_TEST

/* Random damage: what passes is the token itself. */
START_TEST(random_changes_are_refused) {
    static const char letters[] = "ABab01-_.={}\"";
    char *token = good_token(EC);
    size_t n = strlen(token);
    char *copy = malloc(n);
    struct actor actor;
    uint64_t state = 88172645463325252u;
    for (size_t round = 0; round < 20000; round++) {
        memcpy(copy, token, n);
        for (size_t k = 0; k <= round % 4; k++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            copy[state % n] = letters[state / 4096 % (sizeof letters - 1)];
        }
        ck_assert(judge_n(copy, n, &actor) != AUTH_OK || memcmp(copy, token, n) == 0);
    }
    free(copy);
    free(token);
}
END_TEST

/* ---- the cache ---- */

static enum auth_verdict judge_cached(struct auth_cache *cache, const struct auth_keys *with, const char *token,
                                      int64_t now) {
    struct actor actor = {0};
    enum auth_verdict verdict = auth_check(with, &rules, cache, token, strlen(token), now, &actor);
    if (verdict == AUTH_OK)
        ck_assert_str_eq(actor.subject, "anna");
    return verdict;
}

START_TEST(cache_remembers) {
    struct auth_cache *cache = auth_cache_create(64);
    char *token = good_token(RS);
    ck_assert_int_eq(judge_cached(cache, keys, token, NOW), AUTH_OK);
    ck_assert(!auth_cache_was_hit(cache));
    ck_assert_int_eq(judge_cached(cache, keys, token, NOW), AUTH_OK);
    ck_assert(auth_cache_was_hit(cache));
    /* A refused token is neither remembered nor mistaken for the good one. */
    token[strlen(token) - 3] ^= 1;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_ne(judge_cached(cache, keys, token, NOW), AUTH_OK);
        ck_assert(!auth_cache_was_hit(cache));
    }
    free(token);
    auth_cache_destroy(cache);
    auth_cache_destroy(NULL);
}
END_TEST

START_TEST(cache_ends_with_exp) {
    struct auth_cache *cache = auth_cache_create(64);
    char *token = good_token(EC);
    ck_assert_int_eq(judge_cached(cache, keys, token, NOW), AUTH_OK);
    ck_assert_int_eq(judge_cached(cache, keys, token, 1800000629), AUTH_OK);
    ck_assert(auth_cache_was_hit(cache));
    ck_assert_int_eq(judge_cached(cache, keys, token, 1800000630), AUTH_EXPIRED);
    ck_assert(!auth_cache_was_hit(cache));
    free(token);
    auth_cache_destroy(cache);
}
END_TEST

START_TEST(cache_is_emptied_by_new_keys) {
    char error[256] = "";
    struct auth_cache *cache = auth_cache_create(64);
    char *old_token = good_token(RS), *kept_token = good_token(EC);
    struct auth_keys *rotated = parse_list(json_pack("[OO]", jwks[EC], jwks[ED]), error, sizeof error);
    ck_assert_ptr_nonnull(rotated);
    ck_assert_int_eq(judge_cached(cache, keys, old_token, NOW), AUTH_OK);
    ck_assert_int_eq(judge_cached(cache, keys, kept_token, NOW), AUTH_OK);
    /* The RSA key is gone: its tokens are refused at once, cached or not. */
    ck_assert_int_eq(judge_cached(cache, rotated, old_token, NOW), AUTH_UNKNOWN_KEY);
    ck_assert_int_eq(judge_cached(cache, rotated, kept_token, NOW), AUTH_OK);
    ck_assert(!auth_cache_was_hit(cache));
    ck_assert_int_eq(judge_cached(cache, rotated, kept_token, NOW), AUTH_OK);
    ck_assert(auth_cache_was_hit(cache));
    /* Key sets made at one address are told apart too. */
    for (int i = 0; i < 20; i++) {
        auth_keys_unref(rotated);
        rotated = parse_list(i % 2 == 0 ? json_pack("[O]", jwks[ED]) : json_pack("[O]", jwks[EC]), error, sizeof error);
        ck_assert_int_eq(judge_cached(cache, rotated, kept_token, NOW), i % 2 == 0 ? AUTH_UNKNOWN_KEY : AUTH_OK);
    }
    auth_keys_unref(rotated);
    free(old_token);
    free(kept_token);
    auth_cache_destroy(cache);
}
END_TEST

START_TEST(cache_is_bounded) {
    enum { TOKENS = 40 };
    struct auth_cache *cache = auth_cache_create(8);
    char *tokens[TOKENS];
    size_t hits = 0;
    for (size_t i = 0; i < TOKENS; i++) {
        char claims[300];
        snprintf(claims, sizeof claims, "{" ISS AUD SUB "\"exp\":%zu}", NOW + 600 + i);
        tokens[i] = sign(ED, header_of(ED), claims);
        ck_assert_int_eq(judge_cached(cache, keys, tokens[i], NOW), AUTH_OK);
    }
    for (size_t i = TOKENS; i-- > 0;) {
        struct actor actor;
        ck_assert_int_eq(auth_check(keys, &rules, cache, tokens[i], strlen(tokens[i]), NOW, &actor), AUTH_OK);
        ck_assert_int_eq(actor.expires, NOW + 600 + (int64_t)i);
        hits += auth_cache_was_hit(cache);
        free(tokens[i]);
    }
    ck_assert_uint_ge(hits, 1);
    ck_assert_uint_le(hits, 8);
    auth_cache_destroy(cache);
}
END_TEST

/* ---- key sets ---- */

static void with_member(json_t **jwk, const char *name, const char *json) {
    *jwk = json_deep_copy(*jwk);
    if (json == NULL)
        json_object_del(*jwk, name);
    else
        json_object_set_new(*jwk, name, json_loads(json, JSON_DECODE_ANY, NULL));
}

#define EIGHTY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
static const struct {
    const char *name;
    enum which key;
    const char *member, *json; /* NULL: taken away */
    const char *says;          /* NULL: left out of the set without complaint */
} wrong_keys[] = {
    {"kty missing", RS, "kty", NULL, "kty"},
    {"kid missing", RS, "kid", NULL, "kid"},
    {"kid empty", EC, "kid", "\"\"", "kid"},
    {"kid a number", EC, "kid", "7", "kid"},
    {"kid taken", EC, "kid", "\"ed\"", "earlier"},
    {"private RSA exponent", RS, "d", "\"AQAB\"", "private"},
    {"private EC key", EC, "d", "\"AQAB\"", "private"},
    {"secret", RS, "k", "\"AQAB\"", "private"},
    {"prime", RS, "p", "\"AQAB\"", "private"},
    {"n missing", RS, "n", NULL, "n and e"},
    {"n with padding", RS, "n", "\"AQAB=\"", "n and e"},
    {"n of 24 bits", RS, "n", "\"AQAB\"", "2048"},
    {"n a number", RS, "n", "65537", "n and e"},
    {"e missing", RS, "e", NULL, "n and e"},
    {"e one", RS, "e", "\"AQ\"", "odd"},
    {"e even", RS, "e", "\"AAAC\"", "odd"},
    {"e too long", RS, "e", "\"AQEBAQEBAQEBAQEB\"", "n and e"},
    {"x missing", EC, "x", NULL, "32 bytes"},
    {"x short", EC, "x", "\"AQAB\"", "32 bytes"},
    {"x off the curve", EC, "x", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "P-256"},
    {"Ed25519 x short", ED, "x", "\"AQAB\"", "32 bytes"},
    {"for encryption", RS, "use", "\"enc\"", NULL},
    {"use a number", RS, "use", "1", NULL},
    {"key_ops without verify", RS, "key_ops", "[\"encrypt\"]", NULL},
    {"key_ops no names", RS, "key_ops", "[1,null]", NULL},
    {"y short", EC, "y", "\"AQAB\"", "32 bytes"},
    {"n even", RS, "n", "\"gAAA" EIGHTY EIGHTY EIGHTY EIGHTY "AAAAAAAAAAAAAAAAAA\"", "odd"},
    {"kid of 256 bytes", RS, "kid", "\"" EIGHTY EIGHTY EIGHTY "AAAAAAAAAAAAAAAA\"", "kid"},
    {"algorithm unknown", RS, "alg", "\"RS512\"", NULL},
    {"algorithm of another type", EC, "alg", "\"RS256\"", NULL},
    {"algorithm a number", RS, "alg", "256", NULL},
    {"curve P-384", EC, "crv", "\"P-384\"", NULL},
    {"curve X25519", ED, "crv", "\"X25519\"", NULL},
    {"curve missing", EC, "crv", NULL, NULL},
    {"type unknown", RS, "kty", "\"XYZ\"", NULL},
};

START_TEST(wrong_keys_are_named) {
    char error[256] = "";
    json_t *jwk = jwks[wrong_keys[_i].key];
    with_member(&jwk, wrong_keys[_i].member, wrong_keys[_i].json);
    struct auth_keys *parsed = parse_list(json_pack("[Oo]", jwks[ED], jwk), error, sizeof error);
    if (wrong_keys[_i].key == ED && strcmp(wrong_keys[_i].member, "kid") != 0 && wrong_keys[_i].says != NULL) {
        /* both carry the kid ed: put the damaged one first */
        auth_keys_unref(parsed);
        jwk = jwks[ED];
        with_member(&jwk, wrong_keys[_i].member, wrong_keys[_i].json);
        parsed = parse_list(json_pack("[o]", jwk), error, sizeof error);
    }
    if (wrong_keys[_i].says == NULL) {
        ck_assert_msg(parsed != NULL && auth_keys_count(parsed) == 1, "%s: %s", wrong_keys[_i].name, error);
    } else {
        ck_assert_msg(parsed == NULL, "accepted: %s", wrong_keys[_i].name);
        ck_assert_msg(strstr(error, wrong_keys[_i].says) != NULL && strchr(error, '\n') == NULL, "%s: %s",
                      wrong_keys[_i].name, error);
    }
    auth_keys_unref(parsed);
}
END_TEST

START_TEST(keys_for_verifying_are_used) {
    static const char *const used[][2] = {
        {"use", "\"sig\""}, {"key_ops", "[\"verify\"]"}, {"key_ops", "[7,\"verify\",\"sign\"]"}, {"alg", NULL}};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        char error[256] = "";
        json_t *jwk = jwks[RS];
        with_member(&jwk, used[i][0], used[i][1]);
        struct auth_keys *parsed = parse_list(json_pack("[o]", jwk), error, sizeof error);
        ck_assert_msg(parsed != NULL && auth_keys_count(parsed) == 1, "%s", error);
        auth_keys_unref(parsed);
    }
    char error[256] = "";
    json_t *many = json_array();
    for (unsigned i = 0; i <= KEYS_MAX; i++)
        json_array_append(many, jwks[RS]);
    ck_assert_ptr_null(parse_list(many, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "at most"));
}
END_TEST

START_TEST(wrong_sets_are_named) {
    static const char *const sets[] = {"",
                                       "{",
                                       "[]",
                                       "{}",
                                       "null",
                                       "{\"keys\":{}}",
                                       "{\"keys\":[]}",
                                       "{\"keys\":[1]}",
                                       "{\"keys\":[null]}",
                                       "{\"keys\":[],\"keys\":[]}",
                                       "{\"keys\":[]}x"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char error[256] = "";
        ck_assert_msg(auth_keys_parse(sets[i], strlen(sets[i]), error, sizeof error) == NULL, "accepted: %s", sets[i]);
        ck_assert_str_ne(error, "");
    }
    char error[256] = "";
    char *big = calloc(1, JWKS_MAX + 2);
    memset(big, ' ', JWKS_MAX + 1);
    ck_assert_ptr_null(auth_keys_parse(big, JWKS_MAX + 1, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "bytes"));
    free(big);
}
END_TEST

START_TEST(small_and_large_rsa_keys) {
    static const struct {
        unsigned bits;
        bool accepted;
    } sizes[] = {{1024, false}, {2040, false}, {2048, true}, {3072, true}};
    for (size_t i = 0; i < 4; i++) {
        char error[256] = "";
        EVP_PKEY *key = EVP_RSA_gen(sizes[i].bits);
        BIGNUM *n = NULL;
        EVP_PKEY_get_bn_param(key, "n", &n);
        unsigned char bytes[1024];
        int length = BN_bn2bin(n, bytes);
        char *text = encode(bytes, (size_t)length);
        struct auth_keys *parsed = parse_list(
            json_pack("[{s:s,s:s,s:s,s:s}]", "kty", "RSA", "kid", "a", "n", text, "e", "AQAB"), error, sizeof error);
        ck_assert_msg((parsed != NULL) == sizes[i].accepted, "%u bits: %s", sizes[i].bits, error);
        if (parsed != NULL)
            ck_assert_str_eq(auth_key_algorithm(auth_keys_find(parsed, "a")), "RS256");
        auth_keys_unref(parsed);
        free(text);
        BN_free(n);
        EVP_PKEY_free(key);
    }
    char error[256] = "";
    char *huge = malloc(1400);
    memset(huge, '_', 1399);
    huge[1396] = '\0'; /* 8376 bits, all ones */
    ck_assert_ptr_null(parse_list(json_pack("[{s:s,s:s,s:s,s:s}]", "kty", "RSA", "kid", "a", "n", huge, "e", "AQAB"),
                                  error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "8192"));
    free(huge);
}
END_TEST

/* Examples of RFC 7638 (3.1) and RFC 8037 (A.2, A.3): the thumbprint, and a key from outside. */
START_TEST(published_examples) {
    char error[256] = "", kid[THUMBPRINT_MAX];
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                              "-----END PRIVATE KEY-----\n";
    const char *algorithm = NULL;
    ck_assert_msg(auth_describe_key(pem, strlen(pem), kid, &algorithm, error, sizeof error), "%s", error);
    ck_assert_str_eq(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    ck_assert_str_eq(algorithm, "EdDSA");
    char *set = auth_public_jwks(pem, strlen(pem), NULL, error, sizeof error);
    ck_assert_ptr_nonnull(strstr(set, "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""));
    free(set);

    /* RFC 8037 A.4: its signature verifies with that key. */
    struct auth_keys *parsed = parse_list(json_pack("[{s:s,s:s,s:s,s:s}]", "kty", "OKP", "crv", "Ed25519", "kid", kid,
                                                    "x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
                                          error, sizeof error);
    ck_assert_msg(parsed != NULL, "%s", error);
    static const char data[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    unsigned char signature[64];
    ck_assert_uint_eq(
        text_from_base64url("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
                            86, signature, 64),
        64);
    ck_assert_int_eq(
        auth_key_verify(auth_keys_find(parsed, kid), signature, 64, (const unsigned char *)data, strlen(data)),
        AUTH_OK);
    auth_keys_unref(parsed);
}
END_TEST

START_TEST(references_are_counted) {
    char error[256] = "";
    struct auth_keys *parsed = parse_list(json_pack("[O]", jwks[EC]), error, sizeof error);
    ck_assert_ptr_eq(auth_keys_ref(parsed), parsed);
    auth_keys_unref(parsed);
    ck_assert_uint_eq(auth_keys_count(parsed), 1);
    auth_keys_unref(parsed);
    auth_keys_unref(NULL);
}
END_TEST

/* ---- where keys come from ---- */

static char folder[] = "/tmp/medkoord-test-XXXXXX"; /* made by main() */

static char *temporary(const char *name) {
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s%s%s", folder, *name ? "/" : "", name), 0);
    return path;
}

static void write_file(const char *path, const char *bytes, size_t n) {
    FILE *out = fopen(path, "we");
    ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
    ck_assert_int_eq(fclose(out), 0);
}

START_TEST(keys_from_a_file) {
    char error[512] = "", *path = temporary("jwks.json");
    ck_assert_ptr_null(auth_keys_load(path, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "No such file"));
    char *set = auth_public_jwks(private_pem[EC], strlen(private_pem[EC]), NULL, error, sizeof error);
    write_file(path, set, strlen(set));
    struct auth_keys *loaded = auth_keys_load(path, error, sizeof error);
    ck_assert_msg(loaded != NULL, "%s", error);
    ck_assert_uint_eq(auth_keys_count(loaded), 1);
    auth_keys_unref(loaded);
    char *big = malloc(JWKS_MAX + 1);
    memset(big, ' ', JWKS_MAX + 1);
    write_file(path, big, JWKS_MAX + 1);
    ck_assert_ptr_null(auth_keys_load(path, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "more than"));
    free(big);
    free(set);
    unlink(path);
    free(path);
    path = temporary("");
    ck_assert_ptr_null(auth_keys_load(path, error, sizeof error));
    free(path);
}
END_TEST

/* A web server that answers once with the bytes given. */
struct answer {
    int listener;
    const char *bytes;
    size_t n;
};

static void *answer_once(void *state) {
    struct answer *answer = state;
    char request[4096];
    int fd = accept(answer->listener, NULL, NULL);
    if (fd >= 0 && read(fd, request, sizeof request) > 0)
        for (size_t sent = 0; sent < answer->n;) {
            ssize_t n = send(fd, answer->bytes + sent, answer->n - sent, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            sent += (size_t)n;
        }
    close(fd);
    return NULL;
}

static struct auth_keys *load_from_answer(const char *status_and_headers, const char *body, size_t n, char *error,
                                          size_t error_size) {
    char url[64], *bytes;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int head = asprintf(&bytes, "HTTP/1.1 %sContent-Length: %zu\r\nConnection: close\r\n\r\n", status_and_headers, n);
    bytes = realloc(bytes, (size_t)head + n);
    memcpy(bytes + head, body, n);
    struct answer answer = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), bytes, (size_t)head + n};
    ck_assert_int_eq(bind(answer.listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(answer.listener, 1), 0);
    getsockname(answer.listener, (struct sockaddr *)&address, &length);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/jwks", ntohs(address.sin_port));
    pthread_t thread;
    pthread_create(&thread, NULL, answer_once, &answer);
    struct auth_keys *loaded = auth_keys_load(url, error, error_size);
    pthread_join(thread, NULL);
    close(answer.listener);
    free(bytes);
    return loaded;
}

START_TEST(keys_from_a_url) {
    char error[512] = "";
    char *set = auth_public_jwks(private_pem[RS], strlen(private_pem[RS]), NULL, error, sizeof error);
    struct auth_keys *loaded = load_from_answer("200 OK\r\n", set, strlen(set), error, sizeof error);
    ck_assert_msg(loaded != NULL, "%s", error);
    ck_assert_uint_eq(auth_keys_count(loaded), 1);
    auth_keys_unref(loaded);
    ck_assert_ptr_null(load_from_answer("404 Not Found\r\n", set, strlen(set), error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "404"));
    ck_assert_ptr_null(
        load_from_answer("302 Found\r\nLocation: file:///etc/passwd\r\n", set, strlen(set), error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "302"));
    char *big = malloc(JWKS_MAX * 2);
    memset(big, ' ', JWKS_MAX * 2);
    ck_assert_ptr_null(load_from_answer("200 OK\r\n", big, JWKS_MAX * 2, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "more than"));
    free(big);
    free(set);
}
END_TEST

START_TEST(other_urls_are_refused) {
    static const char *const urls[] = {"http://example.dk/jwks",
                                       "http://127.0.0.1.example.dk/",
                                       "http://localhost.example.dk/",
                                       "ftp://localhost/jwks",
                                       "file:///etc/passwd",
                                       "https://user:secret@example.dk/jwks",
                                       "gopher://localhost/",
                                       "https://",
                                       "://x"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char error[512] = "";
        ck_assert_msg(auth_keys_load(urls[i], error, sizeof error) == NULL, "%s", urls[i]);
        ck_assert_str_ne(error, "");
        ck_assert_ptr_null(strstr(error, "secret"));
    }
}
END_TEST

/* ---- private keys and the command ---- */

START_TEST(new_keys) {
    char error[512] = "", *path = temporary("new.pem");
    struct stat status;
    ck_assert_msg(auth_new_key(path, _i == 0 ? KEY_EC_P256 : KEY_RSA_3072, error, sizeof error), "%s", error);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert(!auth_new_key(path, KEY_EC_P256, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "exists"));
    struct buffer pem = {0};
    char kid[THUMBPRINT_MAX];
    const char *algorithm;
    ck_assert(auth_read_file(path, &pem, error, sizeof error));
    ck_assert(auth_describe_key(pem.bytes, pem.length, kid, &algorithm, error, sizeof error));
    ck_assert_str_eq(algorithm, _i == 0 ? "ES256" : "RS256");
    ck_assert_uint_eq(strlen(kid), 43);
    buffer_free(&pem);
    unlink(path);
    free(path);
}
END_TEST

START_TEST(not_private_keys) {
    char error[512] = "", kid[THUMBPRINT_MAX];
    const char *algorithm;
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    char *pem = pem_of(p384, true);
    ck_assert(!auth_describe_key(pem, strlen(pem), kid, &algorithm, error, sizeof error));
    ck_assert(!auth_describe_key(public_pem[EC], strlen(public_pem[EC]), kid, &algorithm, error, sizeof error));
    ck_assert(!auth_describe_key("", 0, kid, &algorithm, error, sizeof error));
    ck_assert(!auth_describe_key("x", 1, kid, &algorithm, error, sizeof error));
    free(pem);
    EVP_PKEY_free(p384);
}
END_TEST

/* Runs the command with standard output in a file, and answers what it printed. */
static int run_token(char **ret_output, const char *const *arguments) {
    char *argv[24], *path = temporary("output");
    int argc = 0;
    argv[argc++] = strdup("medkoordd");
    for (; arguments[argc - 1] != NULL; argc++)
        argv[argc] = strdup(arguments[argc - 1]);
    argv[argc] = NULL;
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    ck_assert_ptr_nonnull(freopen(path, "w", stdout));
    int result = token_command(argc, argv);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    struct buffer output = {0};
    char error[256];
    ck_assert(auth_read_file(path, &output, error, sizeof error));
    *ret_output = strndup(output.length > 0 ? output.bytes : "", output.length);
    buffer_free(&output);
    unlink(path);
    free(path);
    return result;
}
#define RUN(output, ...) run_token(output, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(token_command_signs) {
    char *pem = temporary("signing.pem"), *set = NULL, *token = NULL, error[256] = "";
    ck_assert_int_eq(RUN(&token, "--new-key", pem, "--kind", _i == 0 ? "ec" : "rsa"), 0);
    free(token);
    ck_assert_int_eq(RUN(&set, "--jwks", "--key", pem), 0);
    ck_assert_int_eq(RUN(&token, "--key", pem, "--role", "region_coordinator,reader", "--role", "auditor", "--region",
                         "syddanmark", "--subject", "anna", "--expires", "60", "--issuer", rules.issuer),
                     0);
    token[strcspn(token, "\n")] = '\0';
    struct auth_keys *its_keys = auth_keys_parse(set, strlen(set), error, sizeof error);
    ck_assert_msg(its_keys != NULL, "%s", error);
    struct actor actor;
    int64_t now = time(NULL);
    ck_assert_int_eq(auth_check(its_keys, &rules, NULL, token, strlen(token), now, &actor), AUTH_OK);
    ck_assert_str_eq(actor.subject, "anna");
    ck_assert_str_eq(actor.region, "syddanmark");
    ck_assert_ptr_nonnull(strstr(actor.roles_text, ",auditor,"));
    ck_assert_ptr_nonnull(strstr(actor.roles_text, ",region_coordinator,"));
    ck_assert(actor.expires > now && actor.expires <= now + 60);
    auth_keys_unref(its_keys);
    free(token);
    free(set);
    unlink(pem);
    free(pem);
}
END_TEST

START_TEST(token_command_refuses) {
    char *pem = temporary("refused.pem"), *output;
    ck_assert_int_eq(RUN(&output, "--new-key", pem), 0);
    free(output);
    static const struct {
        const char *arguments[3];
        int result;
    } refused[] = {
        {{"--role", "emperor"}, 2},
        {{"--expires", "0"}, 2},
        {{"--expires", "1x"}, 2},
        {{"--expires", ""}, 2},
        {{"--expires", "99999999999999999999"}, 2},
        {{"--kind", "dsa"}, 2},
        {{"extra"}, 2},
        {{"--unknown"}, 2},
        {{"--region", "Nord Jylland"}, 1},
        {{"--subject", ""}, 1},
        {{"--subject", "a\nb"}, 1},
        {{"--new-key", "/nonexistent/key.pem"}, 1},
        {{"--key", "/nonexistent/key.pem"}, 1},
        {{"--key", "/dev/null"}, 1},
        {{"--config", "/nonexistent"}, 2},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int result = RUN(&output, "--key", pem, "--role", "reader", refused[i].arguments[0], refused[i].arguments[1]);
        ck_assert_msg(result == refused[i].result, "%s: %d", refused[i].arguments[0], result);
        ck_assert_str_eq(output, "");
        free(output);
    }
    ck_assert_int_eq(RUN(&output, "--key", pem), 2);
    free(output);
    ck_assert_int_eq(RUN(&output, "--role", "reader"), 2);
    free(output);
    ck_assert_int_eq(RUN(&output, "--help"), 0);
    ck_assert_ptr_nonnull(strstr(output, "For example"));
    free(output);
    unlink(pem);
    free(pem);
}
END_TEST

/* ---- words ---- */

START_TEST(verdicts_have_words) {
    for (enum auth_verdict v = AUTH_OK; v <= AUTH_NO_MEMORY; v++) {
        ck_assert_uint_gt(strlen(auth_verdict_text(v)), 10);
        ck_assert_ptr_null(strpbrk(auth_verdict_text(v), "\"\\\r\n")); /* they stand in a header, in quotes */
    }
    ck_assert_str_eq(auth_verdict_text(AUTH_UNKNOWN_KEY), auth_verdict_text(AUTH_BAD_SIGNATURE));
}
END_TEST

/* ---- every allocation failed once ---- */

#define ROUNDS_MAX 100000

START_TEST(failed_allocations_of_good_tokens) {
    char *token = good_token((enum which)_i);
    struct actor actor = {0};
    ck_assert_int_eq(judge_n(token, strlen(token), &actor), AUTH_OK);
    long round = 0, refused = 0;
    for (;; round++) {
        allocations = 0;
        fail_at = round;
        enum auth_verdict verdict = judge_n(token, strlen(token), &actor);
        bool failed = allocations > round;
        fail_at = -1;
        if (!failed) {
            ck_assert_int_eq(verdict, AUTH_OK);
            break;
        }
        ck_assert_msg(verdict == AUTH_OK || verdict == AUTH_NO_MEMORY, "allocation %ld: %d", round, (int)verdict);
        if (verdict == AUTH_OK) /* one that was done without: then the answer is the right one */
            ck_assert_str_eq(actor.subject, "anna");
        refused += verdict == AUTH_NO_MEMORY;
        ck_assert_int_lt(round, ROUNDS_MAX);
    }
    ck_assert_int_gt(refused, 10);
    ck_assert_int_eq(judge_n(token, strlen(token), &actor), AUTH_OK);
    free(token);
}
END_TEST

static void torture_bad(char *token, const char *name) {
    struct actor actor, untouched;
    memset(&actor, 0x5a, sizeof actor);
    memset(&untouched, 0x5a, sizeof untouched);
    for (long round = 0; round < ROUNDS_MAX; round++) {
        allocations = 0;
        fail_at = round;
        enum auth_verdict verdict = judge_n(token, strlen(token), &actor);
        bool failed = allocations > round;
        fail_at = -1;
        ck_assert_msg(verdict != AUTH_OK, "%s: accepted when allocation %ld fails", name, round);
        ck_assert_mem_eq(&actor, &untouched, sizeof actor);
        if (!failed)
            break;
    }
    free(token);
}

START_TEST(failed_allocations_of_bad_tokens) {
    const struct bad *b = &bad[_i];
    torture_bad(sign(RS, b->header != NULL ? b->header : header_of(RS), b->claims != NULL ? b->claims : CLAIMS),
                b->name);
}
END_TEST

START_TEST(failed_allocations_of_bad_signatures) {
    char *token = good_token((enum which)_i);
    token[strlen(token) - 5] ^= 2;
    torture_bad(token, named[_i].algorithm);
}
END_TEST

START_TEST(failed_allocations_of_key_sets) {
    json_t *set = json_pack("{s:[OOOO]}", "keys", jwks[RS], jwks[PS], jwks[EC], jwks[ED]);
    char *text = json_dumps(set, 0), error[256];
    bool failed = true;
    for (long round = 0; failed; round++) {
        error[0] = '\0';
        allocations = 0;
        fail_at = round;
        struct auth_keys *parsed = auth_keys_parse(text, strlen(text), error, sizeof error);
        failed = allocations > round;
        fail_at = -1;
        if (parsed != NULL)
            ck_assert_uint_eq(auth_keys_count(parsed), N_KEYS);
        else
            ck_assert(failed && error[0] != '\0');
        auth_keys_unref(parsed);
        ck_assert_int_lt(round, ROUNDS_MAX);
    }
    free(text);
    json_decref(set);
}
END_TEST

START_TEST(failed_allocations_with_a_cache) {
    char *token = good_token(EC), *other = good_token(ED);
    bool failed = true;
    for (long round = 0; failed; round++) {
        struct auth_cache *cache = auth_cache_create(16);
        struct actor actor = {0};
        allocations = 0;
        fail_at = round;
        enum auth_verdict verdict = auth_check(keys, &rules, cache, token, strlen(token), NOW, &actor);
        failed = allocations > round;
        fail_at = -1;
        ck_assert(verdict == AUTH_OK || verdict == AUTH_NO_MEMORY);
        ck_assert_int_eq(auth_check(keys, &rules, cache, token, strlen(token), NOW, &actor), AUTH_OK);
        ck_assert_int_eq(auth_check(keys, &rules, cache, other, strlen(other), NOW, &actor), AUTH_OK);
        ck_assert(!auth_cache_was_hit(cache));
        auth_cache_destroy(cache);
        ck_assert_int_lt(round, ROUNDS_MAX);
    }
    failed = true;
    for (long round = 0; failed; round++) {
        allocations = 0;
        fail_at = round;
        struct auth_cache *cache = auth_cache_create(16);
        failed = allocations > round;
        fail_at = -1;
        ck_assert(cache != NULL || failed);
        auth_cache_destroy(cache);
    }
    free(token);
    free(other);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

static Suite *suite(void) {
    Suite *s = suite_create("auth");
    TCase *c = tcase_create("tokens");
    tcase_add_unchecked_fixture(c, make_keys, free_keys);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, every_algorithm_is_accepted, 0, N_KEYS);
    tcase_add_loop_test(c, good_tokens_are_accepted, 0, COUNT(good));
    tcase_add_test(c, actor_is_read);
    tcase_add_loop_test(c, bad_tokens_are_refused, 0, COUNT(bad));
    tcase_add_test(c, long_subjects);
    tcase_add_test(c, embedded_nul);
    tcase_add_test(c, forms_are_refused);
    tcase_add_test(c, base64url_is_canonical);
    tcase_add_test(c, size_is_limited);
    tcase_add_test(c, deep_nesting);
    tcase_add_test(c, hmac_with_the_public_key);
    tcase_add_loop_test(c, signature_of_another_key, 0, N_KEYS);
    tcase_add_test(c, ecdsa_forms);
    tcase_add_test(c, pss_salt_is_exact);
    tcase_add_loop_test(c, every_change_is_refused, 0, N_KEYS);
    tcase_add_test(c, random_changes_are_refused);
    tcase_add_test(c, verdicts_have_words);
    suite_add_tcase(s, c);
    c = tcase_create("cache");
    tcase_add_unchecked_fixture(c, make_keys, free_keys);
    tcase_add_test(c, cache_remembers);
    tcase_add_test(c, cache_ends_with_exp);
    tcase_add_test(c, cache_is_emptied_by_new_keys);
    tcase_add_test(c, cache_is_bounded);
    suite_add_tcase(s, c);
    c = tcase_create("keys");
    tcase_add_unchecked_fixture(c, make_keys, free_keys);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, wrong_keys_are_named, 0, COUNT(wrong_keys));
    tcase_add_test(c, keys_for_verifying_are_used);
    tcase_add_test(c, wrong_sets_are_named);
    tcase_add_test(c, small_and_large_rsa_keys);
    tcase_add_test(c, published_examples);
    tcase_add_test(c, references_are_counted);
    tcase_add_test(c, keys_from_a_file);
    tcase_add_test(c, keys_from_a_url);
    tcase_add_test(c, other_urls_are_refused);
    tcase_add_loop_test(c, new_keys, 0, 2);
    tcase_add_test(c, not_private_keys);
    tcase_add_loop_test(c, token_command_signs, 0, 2);
    tcase_add_test(c, token_command_refuses);
    suite_add_tcase(s, c);
    c = tcase_create("failed allocations");
    tcase_add_unchecked_fixture(c, make_keys, free_keys);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, failed_allocations_of_good_tokens, 0, N_KEYS);
    tcase_add_loop_test(c, failed_allocations_of_bad_tokens, 0, COUNT(bad));
    tcase_add_loop_test(c, failed_allocations_of_bad_signatures, 0, N_KEYS);
    tcase_add_test(c, failed_allocations_of_key_sets);
    tcase_add_test(c, failed_allocations_with_a_cache);
    suite_add_tcase(s, c);
    return s;
}

int main(void) {
    json_memory_init(allocate);
    if (!auth_memory_init(allocate, reallocate)) {
        fputs("OpenSSL was used before it was set up\n", stderr);
        return EXIT_FAILURE;
    }
    unsetenv("MEDKOORD_ISSUER");
    unsetenv("MEDKOORD_AUDIENCE");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return EXIT_FAILURE;
    }
    int status = run_cases(suite());
    rmdir(folder);
    return status;
}
