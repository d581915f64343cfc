/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prover_setup.h - what a prover is made of. Everything is borrowed for as long as it lives.
 */
#ifndef SERVER_PROVER_SETUP_H
#define SERVER_PROVER_SETUP_H

#include "ak.h"
#include "logs.h"
#include "measure.h"
#include "prover.h"

struct prover_setup {
	struct tpm *tpm;
	const struct ak *ak;
	const struct logs *logs;
	const struct measurements *events; /* that are in the PCRs; may grow between proofs */
	uint32_t text_pcrs;                /* a proof has a log of each of these */
	struct pcr_selection selection;
	const char *tls_pem;     /* NULL: no TLS key is bound */
	const uint8_t *tls_spki; /* its SHA-256, 32 bytes */
	const char *config;      /* the configuration whose digest was measured, for people; may be NULL */
};

attest_status prover_new(const struct prover_setup *setup, struct prover **ret_prover, struct attest_error *error);
void prover_free(struct prover *prover);
/*
 * Make a proof and let libattest verify it, with the chain's last certificate as a root: every step must pass, but that
 * the chain may lead to no anchor that libattest knows, which is reported. Without `with_tls` it is a proof without TLS
 * key, for before the key is measured. The quoter's worker may not have been asked anything before.
 */
attest_status prover_check(struct prover *prover, bool with_tls, struct attest_error *error);
/* A proof without TLS key, whose quote has the nonce as it is: for the operator of this machine, never for a client. */
attest_status prover_prove_raw(struct prover *prover, struct slice nonce, char **ret_json, size_t *ret_len,
			       struct attest_error *error);

#endif
