/* What the files of the token gate share: auth.c (keys, signatures), auth_token.c (tokens, claims, cache),
 * auth_source.c (where keys are read from) and token.c (development tokens).
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_AUTH_H
#define MEDKOORD_AUTH_H

#include "server.h"

#define TOKEN_MAX      8192u          /* bytes of a token */
#define SIGNATURE_MAX  1024u          /* bytes of a signature: RSA with 8192 bits */
#define JWKS_MAX       (256u * 1024u) /* bytes of a key set */
#define KEYS_MAX       64u            /* keys of a key set */
#define KEY_ID_MAX     255u           /* bytes of a kid */
#define THUMBPRINT_MAX 44u            /* SHA-256 in base64url, with NUL */
#define SHA256_LENGTH  32u

/* ---- auth.c ---- */

struct auth_key;
const struct auth_key *auth_keys_find(const struct auth_keys *, const char *kid);
const char *auth_key_algorithm(const struct auth_key *);
bool auth_algorithm_is_known(const char *name);
/* Tells two key sets apart, even when the second was made at the address of the first. Never 0. */
uint64_t auth_keys_serial(const struct auth_keys *);
/* AUTH_OK, AUTH_BAD_SIGNATURE or AUTH_NO_MEMORY. */
enum auth_verdict auth_key_verify(const struct auth_key *, const unsigned char *signature, size_t signature_length,
                                  const unsigned char *data, size_t n);

struct auth_hash;
struct auth_hash *auth_hash_create(void);
bool auth_hash_bytes(struct auth_hash *, const void *bytes, size_t n, unsigned char ret[SHA256_LENGTH]); /* SHA-256 */
void auth_hash_destroy(struct auth_hash *);

/* A private key in PEM: made, described, and its public half as a JWKS. The kid is the RFC 7638 thumbprint. */
enum key_kind { KEY_EC_P256, KEY_RSA_3072 };
bool auth_new_key(const char *file, enum key_kind, char *error, size_t error_size); /* mode 0600; never overwrites */
bool auth_describe_key(const char *pem, size_t n, char ret_kid[THUMBPRINT_MAX], const char **ret_algorithm, char *error,
                       size_t error_size);
char *auth_public_jwks(const char *pem, size_t n, const char *kid, char *error, size_t error_size); /* free() it */

/* ---- auth_source.c ---- */

/* The bytes of a file or of what a URL answers (https; http only from this machine), at most JWKS_MAX. */
bool auth_source_read(const char *file_or_url, struct buffer *ret, char *error, size_t error_size);
bool auth_read_file(const char *file, struct buffer *ret, char *error, size_t error_size);

#endif
