/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h - public keys of the kinds that may sign here: RSA, and ECC on P-256, P-384 and P-521.
 *
 * They are built from their numbers, because libcrypto's general decoder takes 0.1 ms a key.
 */
#ifndef EVIDENCE_KEY_H
#define EVIDENCE_KEY_H

#include <openssl/evp.h>

#include "base/digest.h"

/* From a DER SubjectPublicKeyInfo; the caller frees it. ATTEST_E_ALGORITHM: another kind, or too long;
 * ATTEST_E_ENCODING. */
attest_status key_from_spki(struct slice spki, EVP_PKEY **ret_key, struct attest_error *error);
/* From libcrypto's name of a curve and a point (SEC 1, 2.3.3). */
attest_status key_from_point(const char *group, struct slice point, EVP_PKEY **ret_key, struct attest_error *error);
/* From a big-endian modulus. */
attest_status key_from_modulus(struct slice modulus, uint32_t exponent, EVP_PKEY **ret_key, struct attest_error *error);
/* SHA-256 over the DER SubjectPublicKeyInfo. */
attest_status key_spki_sha256(EVP_PKEY *key, uint8_t ret_digest[32], struct attest_error *error);
/* RSA of 2048 bits and more, or one of the curves; NULL is a key that could not be used. ATTEST_E_WEAK,
 * ATTEST_E_ALGORITHM. */
attest_status key_check_strength(const EVP_PKEY *key, struct attest_error *error);

#endif
