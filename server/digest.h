/* SHA-256 of what streams by, and the header that announces it.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_DIGEST_H
#define MEDKOORD_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SIZE 32u
#define DIGEST_HEX  (2u * DIGEST_SIZE)

struct digest;
struct digest *digest_create(void); /* NULL when out of memory */
void digest_destroy(struct digest *);
void digest_add(struct digest *, const void *bytes, size_t n);
bool digest_end(struct digest *, unsigned char ret[DIGEST_SIZE]); /* once; false when any step failed */

void digest_to_hex(const unsigned char digest[DIGEST_SIZE], char ret[DIGEST_HEX + 1]);
bool digest_from_hex(const char *, size_t n, unsigned char ret[DIGEST_SIZE]);

/* Content-Digest (RFC 9530): a list of `algorithm=:base64:`. *ret_found tells whether sha-256 is among them; other
 * algorithms are passed over, as the RFC asks. false when the header is not such a list. */
bool digest_from_header(const char *, size_t n, unsigned char ret[DIGEST_SIZE], bool *ret_found);

#endif
