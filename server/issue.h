/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue.h - certificates that the server issues itself: for an attestation key that it has made, under a CA that was
 * given to it, and the CA of --demo.
 */
#ifndef SERVER_ISSUE_H
#define SERVER_ISSUE_H

#include <openssl/x509.h>
#include <tss2/tss2_tpm2_types.h>

#include "base/error.h"
#include "base/memory.h"

DEFINE_DEFER(X509, X509_free);
DEFINE_DEFER(EVP_PKEY, EVP_PKEY_free);

/* A certificate authority; its members are the caller's to free. */
struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
};

/* The key of a TPM's public area: RSA, or ECC on P-256 or P-384. */
attest_status issue_public_key(const TPMT_PUBLIC *public, EVP_PKEY **ret_key, struct attest_error *error);
/* A new P-256 CA that signs itself, valid for `days`. */
attest_status issue_root(const char *name, int days, struct issuer *ret_issuer, struct attest_error *error);
/* An AK certificate (TCG EK Credential Profile 2.5, 3.5): it may sign, for nothing but attestation, and is no CA. */
attest_status issue_leaf(const struct issuer *issuer, EVP_PKEY *key, const char *name, X509 **ret_certificate,
			 struct attest_error *error);

#endif
