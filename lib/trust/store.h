/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - what a verifier trusts, and the certificates that it has already verified.
 */
#ifndef TRUST_STORE_H
#define TRUST_STORE_H

#include <pthread.h>

#include "base/limits.h"
#include "evidence/certificate.h"
#include "trust/anchors.h"

struct added_root {
	struct certificate *certificate;
	bool is_anchor; /* it signed itself; else an intermediate that may complete a chain */
	enum leaf_rule rule;
	char *purpose; /* LEAF_OID: the OID; owned */
};

struct trust_store {
	bool use_defaults;
	struct added_root *added;
	size_t n_added;
	/* Certificates of verified paths, each with its own issuer's key noted. Replaced in turn. */
	pthread_mutex_t lock;
	struct certificate *cache[LIMIT_CACHED_CERTIFICATES];
	size_t next;
};

attest_status trust_store_init(struct trust_store *store);
void trust_store_clear(struct trust_store *store);
/* As attest_verifier_add_roots(). */
attest_status trust_store_add(struct trust_store *store, struct slice pem_or_der, const char *leaf_purpose,
			      struct attest_error *error);
/* A certificate known by these exact bytes, with a new reference; NULL if it is not cached. */
struct certificate *trust_store_lookup(struct trust_store *store, const uint8_t der_sha256[32]);
/* Remember a certificate of a path that was verified to its anchor. It must not change from here on. */
void trust_store_remember(struct trust_store *store, struct certificate *certificate);

#endif
