/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - what the composer's files share: the verifier, and one verification on its way.
 */
#ifndef RUN_H
#define RUN_H

#include <stdatomic.h>

#include "formats/proof.h"
#include "policy/policy.h"
#include "policy/signed.h"
#include "result.h"
#include "trust/ak.h"
#include "trust/revocation.h"
#include "trust/tls.h"

/* A known-good proof or log: explains mismatches, decides nothing. */
struct reference {
	const char *name;
	struct proof proof;
};

struct attest_verifier {
	struct trust_store store;
	struct arena arena; /* of the references */
	struct reference *references[LIMIT_REFERENCES];
	size_t n_references;
	struct policy *policies[LIMIT_POLICIES];
	size_t n_policies;
	struct policy_keys policy_keys; /* not empty: policies must be signed by one of them */
	atomic_bool in_use;
};

/* One verification on its way. */
struct run {
	attest_verifier *verifier;
	const struct attest_options *options;
	struct arena arena; /* for what ends with the run */
	struct proof proof;
	attest_result *result;
	struct findings *findings;
	struct chain chain;
	struct revocation revocation;
	EVP_PKEY *own_key; /* of an AK without certificate; owned */
	EVP_PKEY *key;     /* the one to verify with; borrowed, or NULL */
	struct tpm_signature signature;
	struct attest_error signature_error;
	struct quote quote;
	struct pcr_values pcrs;
	struct replay replay;
	struct slice tls_spki;
	struct digest tls_digest;
	struct attest_error tls_error;
};

/* The step's status, so far. */
bool run_passed(const struct run *run, attest_step step);
/* Signature and structure hold: the AK made this quote. */
bool run_is_authentic(const struct run *run);

/* explain.c: where PCRs that do not fit part from those of the references, as notes. */
void explain_mismatches(struct run *run);

/* links.c: what the path names and the caller might fetch. */
void links_tell(struct run *run);

/* account.c: fill the result's facts, PCRs and events, each only where a passed step proves it. */
void account_tell(struct run *run);

#endif
