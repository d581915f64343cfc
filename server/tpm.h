/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm.h - what the server asks of a TPM 2.0, through ESYS. One thread at a time. A TPM that is gone stays gone: every
 * later call fails with ATTEST_E_IO, and the server has to be started again.
 */
#ifndef SERVER_TPM_H
#define SERVER_TPM_H

#include <tss2/tss2_esys.h>

#include "base/digest.h"
#include "base/memory.h"

enum { N_PCRS = 24 };       /* TCG PC Client Platform TPM Profile 1.05, 4.6.1 */
enum { QUOTE_SIZE = 4096 }; /* LIMIT_TPM_STRUCTURE: what a proof may hold */

/* Bit i of pcrs[b]: PCR i of the bank digest_at(b). */
struct pcr_selection {
	uint32_t pcrs[N_ALGORITHMS];
};

struct pcr_table {
	struct pcr_selection has;
	uint8_t values[N_ALGORITHMS][N_PCRS][DIGEST_MAX];
};

/* The answer of TPM2_Quote as it goes into a proof. */
struct tpm_quote {
	uint8_t attest[QUOTE_SIZE], signature[QUOTE_SIZE];
	size_t attest_len, signature_len;
	struct pcr_selection selection; /* what was quoted */
	struct digest pcr_digest;       /* its algorithm is that of the signature: TPM 2.0 Part 3, 18.4 */
};

struct tpm;

/* `tcti`: as TPM2TOOLS_TCTI, or NULL: the environment decides (TPM2TOOLS_TCTI, TCTI), then what tpm2-tss tries. */
attest_status tpm_open(const char *tcti, struct tpm **ret_tpm, struct attest_error *error);
void tpm_close(struct tpm *tpm);
DEFINE_DEFER(struct tpm, tpm_close);
/* The PCRs that each bank has; none of a bank that is not active. */
const struct pcr_selection *tpm_banks(const struct tpm *tpm);
/* "IBM SW TPM, firmware 2019.1023": who made it, by its own word. */
const char *tpm_maker(const struct tpm *tpm);

/* Extend a PCR with the hash of a text in every active bank, by one command: whatever happens, the banks agree. */
attest_status tpm_extend(struct tpm *tpm, unsigned pcr, struct slice text, struct attest_error *error);
attest_status tpm_read(struct tpm *tpm, const struct pcr_selection *selection, struct pcr_table *ret_table,
		       struct attest_error *error);
attest_status tpm_quote(struct tpm *tpm, ESYS_TR key, const struct pcr_selection *selection, struct slice extra,
			struct tpm_quote *ret_quote, struct attest_error *error);
/* The hash of the values as a quote has it, in the order of the selection. */
attest_status tpm_pcr_digest(const struct pcr_table *table, const struct pcr_selection *selection, uint16_t alg,
			     struct digest *ret_digest, struct attest_error *error);

/* A whole NV area. *ret_data is empty where the index is not defined. */
attest_status tpm_nv_read(struct tpm *tpm, uint32_t index, struct arena *arena, struct slice *ret_data,
			  struct attest_error *error);
/* A persistent key. *ret_key is ESYS_TR_NONE where there is none at that handle. */
attest_status tpm_persistent(struct tpm *tpm, uint32_t handle, ESYS_TR *ret_key, TPMT_PUBLIC *ret_public,
			     struct attest_error *error);
/* The primary key of the endorsement hierarchy that the template makes: the same one each time. */
attest_status tpm_create_primary(struct tpm *tpm, const TPMT_PUBLIC *template, ESYS_TR *ret_key,
				 TPMT_PUBLIC *ret_public, struct attest_error *error);
/* Give the TPM back the place of a key that was created. */
void tpm_flush(struct tpm *tpm, ESYS_TR key);

/* "sha256:0-15", "sha256:0,4,14,15+sha384:0-7". ATTEST_E_USAGE. */
attest_status pcr_selection_parse(const char *text, struct pcr_selection *ret_selection, struct attest_error *error);

#endif
