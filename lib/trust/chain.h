/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - path building and validation for AK certificates (RFC 5280, 6.1, and the anchors' own leaf rules).
 *
 * Not checked: revocation (no CRL or OCSP is consulted), certificate policies.
 */
#ifndef TRUST_CHAIN_H
#define TRUST_CHAIN_H

#include "base/findings.h"
#include "trust/store.h"

struct chain {
	struct certificate *certificates[LIMIT_CERTIFICATES]; /* as given, the AK's first; the caller unrefs */
	size_t n_certificates;
	const struct certificate *path[LIMIT_CERTIFICATES]; /* leaf to anchor */
	size_t n_path;
	/* Set where the path is valid: */
	const char *platform, *anchor;
	int64_t valid_from, valid_until;
};

/* Read the certificates, using the cache. Findings go to ATTEST_STEP_CHAIN. The leaf may be there even if others are
 * not. */
void chain_read(struct chain *chain, struct trust_store *store, const struct slice *ders, size_t n,
		struct findings *findings);
/* Build the path and check it at `time`. Returns whether it is valid; remembers its certificates if so. */
bool chain_validate(struct chain *chain, struct trust_store *store, int64_t time, struct findings *findings);
void chain_clear(struct chain *chain);

#endif
