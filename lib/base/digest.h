/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - hash algorithms by TPM_ALG_ID (TCG Algorithm Registry 1.32, 6.10), computed by libcrypto.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <openssl/evp.h>

#include "error.h"

enum { ALG_SHA1 = 0x0004, ALG_SHA256 = 0x000B, ALG_SHA384 = 0x000C, ALG_SHA512 = 0x000D, DIGEST_MAX = 64 };
enum { N_ALGORITHMS = 4 }; /* those four */

struct digest {
	uint16_t alg;
	uint8_t size;
	uint8_t bytes[DIGEST_MAX];
};

/* Size in bytes; 0 for an algorithm that libattest does not know. */
uint8_t digest_size(uint16_t alg);
/* "sha256"; NULL for an unknown one. */
const char *digest_name(uint16_t alg);
/* 0 for an unknown name. */
uint16_t digest_alg(const char *name);
const char *digest_openssl_name(uint16_t alg);
struct slice digest_slice(const struct digest *d);

/* Hash the concatenation of n parts. ATTEST_E_NO_MEMORY or ATTEST_E_INTERNAL only. */
attest_status digest_compute(uint16_t alg, const struct slice *parts, size_t n, struct digest *ret_digest,
			     struct attest_error *error);
attest_status digest_sha256(struct slice data, uint8_t ret_bytes[32], struct attest_error *error);
/* The position of an algorithm among those that libattest knows; N_ALGORITHMS for an unknown one. */
size_t digest_index(uint16_t alg);
uint16_t digest_at(size_t index);

/* What many digests in a row share. Zero it to start. */
struct hasher {
	EVP_MD_CTX *contexts[N_ALGORITHMS];
};
/* As digest_compute(). */
attest_status hasher_compute(struct hasher *hasher, uint16_t alg, const struct slice *parts, size_t n,
			     struct digest *ret_digest, struct attest_error *error);
void hasher_free(struct hasher *hasher);
/* pcr = H(pcr || event): TPM 2.0 Part 1, 17.2. */
attest_status digest_extend(struct hasher *hasher, struct digest *pcr, struct slice event, struct attest_error *error);

#endif
