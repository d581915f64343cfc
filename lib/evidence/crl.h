/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl.h - a certificate revocation list (RFC 5280, 5), and what it says about one certificate.
 *
 * Not read: delta CRLs, and indirect CRLs, which somebody else than the issuer of the certificates signs.
 */
#ifndef EVIDENCE_CRL_H
#define EVIDENCE_CRL_H

#include "evidence/certificate.h"

struct crl {
	struct asn1_crl *asn1; /* private to crl.c; its entries are not decoded */
	int64_t this_update, next_update;
	bool has_next_update;
	int signature_hash; /* NID, or NID_undef */
	X509_NAME *issuer;
	X509_EXTENSIONS *extensions; /* or NULL */
	char *issuer_text;           /* the issuer for people: RFC 4514 */
};

/* What a CRL says of a certificate. */
struct crl_entry {
	bool listed;
	int64_t time;       /* of the revocation */
	const char *reason; /* of RFC 5280, 5.3.1; static */
};

/* ATTEST_E_CRL: no DER CRL, or bytes follow it. */
attest_status crl_parse(struct slice der, struct crl **ret_crl, struct attest_error *error);
void crl_free(struct crl *crl);
/* The name of `issuer` is the one that the CRL gives. */
bool crl_names_issuer(const struct crl *crl, const struct certificate *issuer);
/* `key` made the signature, with SHA-1 or better. Nothing else of a CRL counts before. */
bool crl_is_signed_by(const struct crl *crl, EVP_PKEY *key);
/*
 * It is a whole CRL, whose scope holds this certificate of its issuer: RFC 5280, 5.2 and 6.3.3 (b). ATTEST_E_CRL with
 * what it is instead.
 */
attest_status crl_check_scope(const struct crl *crl, const struct certificate *certificate, struct attest_error *error);
/*
 * Walk the entries of a CRL whose signature holds. ATTEST_E_CRL: one is malformed, or has a critical extension that is
 * not processed (RFC 5280, 5.3); nothing is known of any certificate then.
 */
attest_status crl_find(const struct crl *crl, const struct certificate *certificate, struct crl_entry *ret_entry,
		       struct attest_error *error);
DEFINE_DEFER(struct crl, crl_free);

#endif
