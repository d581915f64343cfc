/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ak.h - the attestation key and its certificates: as Azure and Google have put them into the TPM, as the operator
 * says, or made and certified here.
 */
#ifndef SERVER_AK_H
#define SERVER_AK_H

#include "issue.h"
#include "tpm.h"

enum { AK_CERTIFICATES_MAX = 16 }; /* LIMIT_CERTIFICATES */

struct ak_options {
	const char *key;              /* --ak: "auto", "azure", "google", "create", or a handle; NULL is "auto" */
	const char *certificate;      /* --ak-cert: "nv:INDEX" or a file; NULL where the cloud says it */
	const char *algorithm;        /* --ak-algorithm of a key made here: "rsa2048" (NULL) or "ecc256" */
	const char *chain;            /* --ak-chain: a file of PEM certificates, or NULL */
	const char *ca_cert, *ca_key; /* --ca-cert and --ca-key, PEM files, or NULL */
	const struct issuer *demo;    /* the CA of --demo, or NULL */
};

/* Zero it to start. */
struct ak {
	struct arena arena;
	ESYS_TR key;
	bool is_transient; /* it takes one of the few places for keys in the TPM */
	TPMT_PUBLIC public;
	struct slice public_bytes;                      /* TPMT_PUBLIC as it goes into a proof */
	struct slice certificates[AK_CERTIFICATES_MAX]; /* DER, the key's own first */
	size_t n_certificates;
	const char *origin; /* for people: where it comes from; static */
};

attest_status ak_open(struct tpm *tpm, const struct ak_options *options, struct ak *ret_ak, struct attest_error *error);
/* `tpm` may be NULL where the key was not opened. */
void ak_clear(struct tpm *tpm, struct ak *ak);

#endif
