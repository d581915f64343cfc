/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - path building and validation for AK certificates (RFC 5280, 6.1, and the anchors' own leaf rules).
 *
 * Not checked: revocation (that is revocation.h), certificate policies.
 */
#ifndef TRUST_CHAIN_H
#define TRUST_CHAIN_H

#include "base/findings.h"
#include "trust/store.h"

struct chain {
	/* The proof's as given, the AK's first; then those that the caller gave. */
	struct certificate *certificates[2 * LIMIT_CERTIFICATES];
	size_t n_certificates, n_of_proof;
	const struct certificate *path[LIMIT_CERTIFICATES]; /* leaf to anchor */
	size_t n_path;
	bool reaches_anchor; /* the last of the path is one */
	/* Set where the path is valid: */
	const char *platform, *anchor;
	int64_t valid_from, valid_until;
};

/* Read the certificates, using the cache. Findings go to ATTEST_STEP_CHAIN. The leaf may be there even if others are
 * not. */
void chain_read(struct chain *chain, struct trust_store *store, const struct slice *ders, size_t n,
		struct findings *findings);
/* Read what the caller gives to help complete the path: certificates like those of the proof, never its leaf. */
void chain_read_given(struct chain *chain, struct trust_store *store, const struct attest_bytes *given, size_t n,
		      struct findings *findings);
/* Build the path and check it at `time`. Returns whether it is valid; remembers its certificates if so. */
bool chain_validate(struct chain *chain, struct trust_store *store, int64_t time, struct findings *findings);
/* How findings call the certificate number `i` of the path. */
void chain_where(const struct chain *chain, size_t i, struct attest_error *error);
void chain_clear(struct chain *chain);

#endif
