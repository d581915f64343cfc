/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocation.h - what CRLs say about the certificates of a path (RFC 5280, 6.3), for CRLs that the issuer of a
 * certificate has signed itself and that cover all reasons.
 *
 * A certificate that is listed is revoked, whatever the dates: neither a date of revocation after the verification time
 * nor a CRL that has expired since makes it good again. Nobody but the holder of a stolen key knows when it was stolen.
 *
 * Not checked: delta CRLs, indirect CRLs, OCSP.
 */
#ifndef TRUST_REVOCATION_H
#define TRUST_REVOCATION_H

#include "evidence/crl.h"
#include "trust/chain.h"

struct revocation {
	struct crl *crls[LIMIT_CRLS];
	struct attest_error useless[LIMIT_CRLS]; /* why the CRL says nothing of a certificate; the first cause */
	bool settled[LIMIT_CRLS];                /* it covers a certificate, or a finding has told why it does not */
	size_t n, bytes;
};

/* Findings go to ATTEST_STEP_CHAIN. One that cannot be read is an error. */
void revocation_read(struct revocation *revocation, const struct attest_bytes *given, size_t n,
		     struct findings *findings);
/*
 * Look up all certificates of a valid path but its anchor. `required`: a certificate that names a CRL must be covered,
 * and the path is then valid no longer than the CRLs. Returns whether the path stands.
 */
bool revocation_check(struct revocation *revocation, struct chain *chain, bool required, int64_t time,
		      struct findings *findings);
void revocation_clear(struct revocation *revocation);

#endif
