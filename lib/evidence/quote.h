/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote.h - TPMS_ATTEST as made by TPM2_Quote (TPM 2.0 Part 2, 10.12.8).
 */
#ifndef EVIDENCE_QUOTE_H
#define EVIDENCE_QUOTE_H

#include "base/digest.h"
#include "base/limits.h"

/* PCRs of one bank; bit i of `pcrs` is PCR i (TPM 2.0 Part 2, 10.6.2). */
struct pcr_bank {
	uint16_t alg;
	uint32_t pcrs;
};

struct pcr_selection {
	size_t n_banks;
	struct pcr_bank banks[LIMIT_BANKS];
};

struct quote {
	struct slice raw; /* what was signed; borrowed */
	uint8_t extra[LIMIT_NONCE_BYTES];
	size_t extra_len;
	uint64_t clock; /* milliseconds */
	uint32_t reset_count, restart_count;
	bool clock_safe;
	uint64_t firmware_version;
	struct pcr_selection selection;
	uint8_t pcr_digest[DIGEST_MAX];
	size_t pcr_digest_len;
};

/* ATTEST_E_TPM_STRUCTURE, ATTEST_E_NOT_A_QUOTE, ATTEST_E_LIMIT. */
attest_status quote_parse(struct slice raw, struct quote *ret_quote, struct attest_error *error);

#endif
