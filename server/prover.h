/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prover.h - makes libattest proofs v1 of what was measured, with the TPM, the attestation key and the TLS key that
 * the server started with. One thread at a time.
 */
#ifndef SERVER_PROVER_H
#define SERVER_PROVER_H

#include "base/error.h"

enum { EXPORTER_SIZE = 32 }; /* bytes of the TLS exporter value that a quote may bind */

struct prover;

/* What a proof is asked with. A caller's bytes are never quoted raw: with a nonce the binding is "quote". */
struct prover_ask {
	struct slice nonce;    /* 8 to 64 bytes; empty: the standing proof, TLS key bound in PCR 15, extraData empty */
	struct slice exporter; /* EXPORTER_SIZE bytes, or empty */
};

/* The proof as JSON text with a NUL behind it, which the caller frees. ATTEST_E_IO: the TPM or a log failed. */
attest_status prover_prove(struct prover *prover, const struct prover_ask *ask, char **ret_json, size_t *ret_len,
			   struct attest_error *error);

#endif
