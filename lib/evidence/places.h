/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h - where a certificate says that its issuer's certificate and its CRLs are published (RFC 5280, 4.2.2.1 and
 * 4.2.1.13).
 *
 * Only what a download over plain HTTP can use: "http://" and printable ASCII. What is fetched there is not believed
 * but verified; a certificate that was not verified itself may name any place.
 */
#ifndef EVIDENCE_PLACES_H
#define EVIDENCE_PLACES_H

#include <openssl/x509v3.h>

#include "base/limits.h"
#include "evidence/certificate.h"

struct places {
	const char *urls[LIMIT_LINKS]; /* in the arena */
	size_t n;
};

/* Add to *places what there is room for. An extension that cannot be read names nothing. ATTEST_E_NO_MEMORY. */
attest_status places_of_issuer(const struct certificate *certificate, struct arena *arena, struct places *places,
			       struct attest_error *error);
attest_status places_of_crls(const struct certificate *certificate, struct arena *arena, struct places *places,
			     struct attest_error *error);
/* The names of a distribution point, unless they are relative to an issuer; or NULL. */
const GENERAL_NAMES *full_name(const DIST_POINT_NAME *point);
/* The same of a place where the certificate's own issuer publishes a CRL for all reasons; or NULL. */
const GENERAL_NAMES *whole_crl_names(const DIST_POINT *point);

#endif
