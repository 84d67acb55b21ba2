/* SPDX-License-Identifier: Apache-2.0
 * pubkey.h - public keys, and whether a signature is theirs, under the names of JSON Web Algorithms
 * (RFC 7518 section 3.1, RFC 8037).
 *
 * A key fits some algorithms only: its kind, for ECDSA its curve too. RSA keys have at least 2048
 * bits (RFC 7518 section 3.3). Owner: the caller. One thread.
 */
#ifndef LN_NET_PUBKEY_H
#define LN_NET_PUBKEY_H

#include "base/slice.h"

struct ln_pubkey;

enum { LN_PUBKEY_TEXT_MAX = 16384 }; /* bytes of a PEM */

/* "RS256", "PS384", "ES512", "EdDSA", ...; -1: no such algorithm, or none with public keys. */
int ln_pubkey_alg(struct ln_slice name);

/* All four: NULL with a sentence, which stays. A PEM is a public key (SubjectPublicKeyInfo) or a
 * certificate, whose dates and issuer are not looked at. */
struct ln_pubkey *ln_pubkey_pem(struct ln_slice text, const char **why);

/* The members of a JSON Web Key (RFC 7518 section 6, RFC 8037 section 2), decoded. */
struct ln_pubkey *ln_pubkey_rsa(struct ln_slice n, struct ln_slice e, const char **why);
struct ln_pubkey *ln_pubkey_ec(struct ln_slice curve, struct ln_slice x, struct ln_slice y,
                               const char **why);
struct ln_pubkey *ln_pubkey_okp(struct ln_slice curve, struct ln_slice x, const char **why);

void ln_pubkey_free(struct ln_pubkey *k); /* NULL is harmless */

bool ln_pubkey_fits(const struct ln_pubkey *k, int alg);

/* Is `signature`, as JSON Web Signatures have it, that of `text`? False also when the key does not
 * fit. */
bool ln_pubkey_verify(const struct ln_pubkey *k, int alg, struct ln_slice text,
                      struct ln_slice signature);

#endif
