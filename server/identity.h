/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - the server's TLS key, made at start and kept in memory, and its certificate.
 */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include <openssl/ssl.h>

#include "base/error.h"

struct identity {
	EVP_PKEY *key;
	X509 *certificate; /* self-signed, with the names */
	uint8_t spki_sha256[32];
	char *public_pem; /* SubjectPublicKeyInfo */
};

/* A new P-256 key. `names`: DNS names and IP addresses, at least one. */
attest_status identity_new(const char *const *names, size_t n_names, struct identity *ret_identity,
			   struct attest_error *error);
void identity_clear(struct identity *identity);
/* A certificate signing request (PKCS #10), PEM; the caller frees it. */
attest_status identity_request(const struct identity *identity, const char *const *names, size_t n_names,
			       char **ret_pem, struct attest_error *error);
/* TLS 1.3 only; no tickets, no resumption, no early data; ALPN http/1.1. `chain_path`: PEM certificates for this key
 * in place of the self-signed one, or NULL. */
attest_status identity_context(const struct identity *identity, const char *chain_path, SSL_CTX **ret_context,
			       struct attest_error *error);

#endif
