/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm_public.h - TPMT_PUBLIC (TPM 2.0 Part 2, 12.2.4) of an attestation key.
 *
 * A public area in a proof is not signed. What it says holds only as far as the certificate authority checked it before
 * it certified the key; libattest demands that it contradicts neither the certificate nor what an AK must be.
 */
#ifndef EVIDENCE_TPM_PUBLIC_H
#define EVIDENCE_TPM_PUBLIC_H

#include <openssl/evp.h>

#include "base/digest.h"

enum { TPM_KEY_RSA = 0x0001, TPM_KEY_ECC = 0x0023 };

struct tpm_public {
	uint16_t type;       /* TPM_KEY_RSA or TPM_KEY_ECC */
	uint32_t attributes; /* TPMA_OBJECT */
	uint16_t scheme;     /* TPM_ALG_ID of the signing scheme, TPM_ALG_NULL without */
	uint16_t scheme_hash;
	const char *group; /* ECC: OpenSSL's name of the curve */
	uint32_t exponent; /* RSA */
	uint8_t x[512];    /* RSA: modulus; ECC: x. Big-endian */
	size_t x_len;
	uint8_t y[128]; /* ECC: y */
	size_t y_len;
};

attest_status tpm_public_parse(struct slice raw, struct tpm_public *ret_public, struct attest_error *error);
/* The key for libcrypto; the caller frees it. */
attest_status tpm_public_key(const struct tpm_public *public, EVP_PKEY **ret_key, struct attest_error *error);
/* sign, restricted, fixedTPM, fixedParent, sensitiveDataOrigin set, decrypt clear: ATTEST_E_AK_ATTRIBUTES. */
attest_status tpm_public_check_ak(const struct tpm_public *public, struct attest_error *error);

#endif
