/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed.h - policies that somebody signed: docs/policy.md, "Signed policies".
 *
 * The signature is over the words "libattest policy v1", a NUL, and the bytes of the policy, so that it is none of
 * anything else. Which algorithm it has follows from the key alone.
 */
#ifndef POLICY_SIGNED_H
#define POLICY_SIGNED_H

#include <openssl/evp.h>

#include "base/json.h"
#include "base/limits.h"

#define SIGNED_POLICY_FORMAT "libattest-signed-policy-v1"

enum { KEY_ID_SIZE = 32 }; /* SHA-256 of the DER SubjectPublicKeyInfo */

/* One that policies may be signed by; `key` is owned. */
struct policy_key {
	EVP_PKEY *key;
	uint8_t id[KEY_ID_SIZE];
};

struct policy_keys {
	struct policy_key items[LIMIT_POLICY_KEYS];
	size_t n;
};

/* Add every PUBLIC KEY of the PEM text; nothing is added where one cannot be used. ATTEST_E_ENCODING,
 * ATTEST_E_ALGORITHM, ATTEST_E_WEAK, ATTEST_E_LIMIT. */
attest_status policy_keys_add(struct policy_keys *keys, struct slice pem, struct attest_error *error);
void policy_keys_clear(struct policy_keys *keys);
/* Of a key that may sign policies: its id, and libcrypto's name of the hash (NULL: Ed25519 has its own).
 * ATTEST_E_ALGORITHM, ATTEST_E_WEAK. */
attest_status policy_key_check(EVP_PKEY *key, const char **ret_hash, struct attest_error *error);
attest_status policy_key_id(EVP_PKEY *key, uint8_t ret_id[KEY_ID_SIZE], struct attest_error *error);
/* RSA signs with PSS, whose salt is as long as the hash. */
bool policy_key_set_padding(EVP_PKEY *key, EVP_PKEY_CTX *ctx);
/* ATTEST_E_SIGNATURE, and of the key as policy_key_check(). `message` is what policy_signed_bytes() makes. */
attest_status policy_key_verify(EVP_PKEY *key, struct slice message, struct slice signature,
				struct attest_error *error);
/* What is signed, in the arena; data NULL without memory. */
struct slice policy_signed_bytes(struct arena *arena, struct slice policy);

/* Says that it is a signed policy, whether it is a good one or not. */
bool policy_is_signed(const struct json_node *root);
/* The policy inside, in the arena, once one of the keys has signed it. ATTEST_E_POLICY_INVALID: it is not signed at
 * all; ATTEST_E_KEY_MISMATCH: by another key; ATTEST_E_SIGNATURE; and what json.h says. */
attest_status signed_policy_open(struct arena *arena, struct slice json, const struct policy_keys *keys,
				 struct slice *ret_policy, struct attest_error *error);

#endif
