/* medkoordd token: development tokens and their keys. The only file that uses libjwt, which is trusted to sign here and
 * nowhere to verify.
 * SPDX-License-Identifier: MPL-2.0 */
#include "auth.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#define ROLES_MAX   32
#define EXPIRES_MAX 31622400L /* a leap year */

static const char help[] =
    "medkoordd token: a signed token for development and tests, a key to sign it with, or the key's public half.\n"
    "\n"
    "  medkoordd token --new-key FILE [--kind ec|rsa]     make a private key (PEM, mode 0600; never overwrites)\n"
    "  medkoordd token --jwks --key FILE [--kid ID]       print the public key as a JWKS, for the option jwks\n"
    "  medkoordd token --key FILE --role ROLE ...         print a token\n"
    "\n"
    "  --role ROLE        a role of the token; repeat it, or separate with commas\n"
    "  --region SLUG      the region of a region_coordinator\n"
    "  --subject NAME     whom the token names (default: the first role)\n"
    "  --expires SECONDS  from now, 1 to 31622400 (default 3600)\n"
    "  --issuer TEXT, --audience TEXT   default: the options of the same names\n"
    "  --kid ID           default: the key's RFC 7638 thumbprint\n"
    "  --config FILE      read the options from FILE\n"
    "\n"
    "For example:\n"
    "  medkoordd token --new-key signing-key.pem\n"
    "  medkoordd token --jwks --key signing-key.pem > jwks.json\n"
    "  medkoordd token --key signing-key.pem --role region_coordinator --region nordjylland --subject anna\n"
    "  curl -H \"Authorization: Bearer $(medkoordd token --key signing-key.pem --role reader)\" "
    "http://127.0.0.1:8080/v1/regions\n";

struct wish {
    const char *config, *key, *new_key, *region, *subject, *issuer, *audience, *kid;
    enum key_kind kind;
    bool jwks, help;
    long expires_s;
    const char *roles[ROLES_MAX];
    size_t n_roles;
};

static int complain(const char *what, const char *value, const char *why) {
    fprintf(stderr, "medkoordd token: %s%s%s%s\n", what, value != NULL ? " " : "", value != NULL ? value : "", why);
    return 2;
}

/* ---- the command line ---- */

static int add_role(struct wish *wish, const char *role) {
    for (size_t i = 0; i < wish->n_roles; i++)
        if (strcmp(wish->roles[i], role) == 0)
            return 0;
    assert(n_roles <= ROLES_MAX); /* each is taken once */
    for (size_t bit = 0; bit < n_roles; bit++)
        if (strcmp(role_names[bit], role) == 0) {
            wish->roles[wish->n_roles++] = role_names[bit];
            return 0;
        }
    fprintf(stderr, "medkoordd token: there is no role '%s'; the roles are", role);
    for (size_t bit = 0; bit < n_roles; bit++)
        fprintf(stderr, "%s %s", bit > 0 ? "," : "", role_names[bit]);
    fputc('\n', stderr);
    return 2;
}

static int add_roles(struct wish *wish, char *list) {
    char *rest = NULL;
    for (char *role = strtok_r(list, ",", &rest); role != NULL; role = strtok_r(NULL, ",", &rest))
        if (add_role(wish, role) != 0)
            return 2;
    return 0;
}

static int set_expires(struct wish *wish, const char *text) {
    char *end;
    errno = 0;
    wish->expires_s = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0 || wish->expires_s < 1 || wish->expires_s > EXPIRES_MAX)
        return complain("--expires", text, ": not a number of seconds from 1 to 31622400");
    return 0;
}

static int set_kind(struct wish *wish, const char *text) {
    if (strcmp(text, "ec") != 0 && strcmp(text, "rsa") != 0)
        return complain("--kind", text, ": not ec or rsa");
    wish->kind = strcmp(text, "ec") == 0 ? KEY_EC_P256 : KEY_RSA_3072;
    return 0;
}

static int read_wish(struct wish *wish, int argc, char **argv) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},   {"key", required_argument, NULL, 'k'},
        {"new-key", required_argument, NULL, 'n'},  {"kind", required_argument, NULL, 't'},
        {"jwks", no_argument, NULL, 'j'},           {"role", required_argument, NULL, 'r'},
        {"region", required_argument, NULL, 'g'},   {"subject", required_argument, NULL, 's'},
        {"expires", required_argument, NULL, 'e'},  {"issuer", required_argument, NULL, 'i'},
        {"audience", required_argument, NULL, 'a'}, {"kid", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    int wrong = 0, letter;
    optind = 1;
    while (wrong == 0 && (letter = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (letter) {
        case 'c':
            wish->config = optarg;
            break;
        case 'k':
            wish->key = optarg;
            break;
        case 'n':
            wish->new_key = optarg;
            break;
        case 't':
            wrong = set_kind(wish, optarg);
            break;
        case 'j':
            wish->jwks = true;
            break;
        case 'r':
            wrong = add_roles(wish, optarg);
            break;
        case 'g':
            wish->region = optarg;
            break;
        case 's':
            wish->subject = optarg;
            break;
        case 'e':
            wrong = set_expires(wish, optarg);
            break;
        case 'i':
            wish->issuer = optarg;
            break;
        case 'a':
            wish->audience = optarg;
            break;
        case 'd':
            wish->kid = optarg;
            break;
        case 'h':
            wish->help = true;
            break;
        default:
            wrong = 2; /* getopt_long has said why */
        }
    if (wrong == 0 && optind < argc)
        wrong = complain(argv[optind], NULL, ": not an option; see medkoordd token --help");
    for (size_t i = 0; wrong == 0 && wish->region == NULL && i < wish->n_roles; i++)
        if (strcmp(wish->roles[i], "region_coordinator") == 0)
            wrong = complain("--role region_coordinator", NULL, ": which region? Add --region SLUG");
    return wrong;
}

/* ---- a token ---- */

static json_t *claims_of(const struct wish *wish, const struct conf *conf) {
    json_t *roles = json_array();
    for (size_t i = 0; i < wish->n_roles; i++)
        if (json_array_append_new(roles, json_string(wish->roles[i])) != 0) {
            json_decref(roles); /* rather no token than one with fewer roles */
            return NULL;
        }
    json_int_t now = time(NULL);
    json_t *claims =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "iss", wish->issuer != NULL ? wish->issuer : conf->issuer, "aud",
                  wish->audience != NULL ? wish->audience : conf->audience, "sub",
                  wish->subject != NULL ? wish->subject : wish->roles[0], "iat", now, "exp", now + wish->expires_s,
                  "roles", roles);
    if (claims != NULL && wish->region != NULL &&
        json_object_set_new(claims, "region", json_string(wish->region)) != 0) {
        json_decref(claims);
        return NULL;
    }
    return claims;
}

static char *sign(const char *claims, const struct buffer *pem, jwt_alg_t algorithm, const char *kid) {
    jwt_t *jwt = NULL;
    char *token = NULL;
    if (jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, claims) == 0 && jwt_add_header(jwt, "kid", kid) == 0 &&
        jwt_set_alg(jwt, algorithm, (const unsigned char *)pem->bytes, (int)pem->length) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    return token;
}

/* What the gate would refuse is not worth signing. */
static int print_accepted(const struct wish *wish, const struct conf *conf, const struct buffer *pem, const char *kid,
                          const char *token) {
    char error[256];
    char *jwks = auth_public_jwks(pem->bytes, pem->length, kid, error, sizeof error);
    struct auth_keys *keys = jwks == NULL ? NULL : auth_keys_parse(jwks, strlen(jwks), error, sizeof error);
    free(jwks);
    if (keys == NULL)
        return complain(wish->key, error, "");
    struct auth_rules rules = {wish->issuer != NULL ? wish->issuer : conf->issuer,
                               wish->audience != NULL ? wish->audience : conf->audience, 0};
    struct actor actor;
    enum auth_verdict verdict = auth_check(keys, &rules, NULL, token, strlen(token), time(NULL), &actor);
    auth_keys_unref(keys);
    if (verdict != AUTH_OK)
        return complain("such a token would be refused:", auth_verdict_text(verdict),
                        " (a region is a slug, a subject has at most 255 bytes)");
    puts(token);
    return fflush(stdout) == 0 ? 0 : complain("standard output", NULL, ": cannot be written");
}

static int print_token(const struct wish *wish, const struct conf *conf, const struct buffer *pem) {
    char error[256], thumbprint[THUMBPRINT_MAX];
    const char *algorithm;
    if (!auth_describe_key(pem->bytes, pem->length, thumbprint, &algorithm, error, sizeof error)) {
        complain(wish->key, error, "");
        return 1;
    }
    jwt_alg_t libjwt_algorithm = strcmp(algorithm, "ES256") == 0   ? JWT_ALG_ES256
                                 : strcmp(algorithm, "RS256") == 0 ? JWT_ALG_RS256
                                                                   : JWT_ALG_INVAL;
    if (libjwt_algorithm == JWT_ALG_INVAL) {
        complain(wish->key, "is an Ed25519 key", "; tokens are signed with EC P-256 or RSA keys here");
        return 1;
    }
    json_t *claims = claims_of(wish, conf);
    char *text = claims == NULL ? NULL : json_dumps(claims, JSON_COMPACT);
    json_decref(claims);
    if (text == NULL) {
        complain("the claims are not UTF-8, or memory ran out", NULL, "");
        return 1;
    }
    const char *kid = wish->kid != NULL ? wish->kid : thumbprint;
    char *token = sign(text, pem, libjwt_algorithm, kid);
    free(text);
    int result = token == NULL ? complain(wish->key, NULL, ": libjwt could not sign with it")
                               : print_accepted(wish, conf, pem, kid, token);
    free(token);
    return result == 0 ? 0 : 1;
}

static int print_jwks(const struct wish *wish, const struct buffer *pem) {
    char error[256];
    char *jwks = auth_public_jwks(pem->bytes, pem->length, wish->kid, error, sizeof error);
    if (jwks == NULL) {
        complain(wish->key, error, "");
        return 1;
    }
    bool printed = fputs(jwks, stdout) >= 0 && fflush(stdout) == 0;
    free(jwks);
    return printed ? 0 : 1;
}

static int make_key(const struct wish *wish) {
    char error[512];
    if (auth_new_key(wish->new_key, wish->kind, error, sizeof error))
        return 0;
    complain(error, NULL, "");
    return 1;
}

int token_command(int argc, char **argv) {
    struct wish wish = {.kind = KEY_EC_P256, .expires_s = 3600};
    int wrong = read_wish(&wish, argc, argv);
    if (wrong != 0)
        return wrong;
    if (wish.help) {
        fputs(help, stdout);
        return 0;
    }
    if (wish.new_key != NULL)
        return make_key(&wish);
    if (wish.key == NULL)
        return complain("--key FILE or --new-key FILE is needed; see medkoordd token --help", NULL, "");
    if (!wish.jwks && wish.n_roles == 0)
        return complain("--role ROLE is needed; see medkoordd token --help", NULL, "");

    struct conf conf;
    struct buffer pem = {0};
    char error[512];
    if (!conf_load(&conf, wish.config, stderr))
        return 2;
    int result = 1;
    if (!auth_read_file(wish.key, &pem, error, sizeof error))
        complain(error, NULL, "");
    else
        result = wish.jwks ? print_jwks(&wish, &pem) : print_token(&wish, &conf, &pem);
    if (pem.bytes != NULL)
        memset(pem.bytes, 0, pem.length);
    buffer_free(&pem);
    conf_free(&conf);
    return result;
}
