/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h - TPMT_SIGNATURE (TPM 2.0 Part 2, 11.3.4) of the kinds that may sign a quote.
 */
#ifndef EVIDENCE_SIGNATURE_H
#define EVIDENCE_SIGNATURE_H

#include "base/digest.h"
#include "base/limits.h"

enum signature_scheme { SCHEME_RSASSA = 0x0014, SCHEME_RSAPSS = 0x0016, SCHEME_ECDSA = 0x0018 };

struct tpm_signature {
	uint16_t scheme; /* enum signature_scheme */
	uint16_t hash;   /* SHA-256, SHA-384 or SHA-512 */
	uint8_t a[1024]; /* RSA: the signature; ECDSA: r. Big-endian */
	size_t a_len;
	uint8_t b[DIGEST_MAX + 4]; /* ECDSA: s */
	size_t b_len;
};

/* ATTEST_E_TPM_STRUCTURE; ATTEST_E_ALGORITHM for another scheme or a hash shorter than 256 bits. */
attest_status tpm_signature_parse(struct slice raw, struct tpm_signature *ret_signature, struct attest_error *error);
const char *signature_scheme_name(uint16_t scheme);

#endif
