/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcrs.h - PCR values: the unsigned list that comes with a quote, and its match with the signed selection.
 */
#ifndef EVIDENCE_PCRS_H
#define EVIDENCE_PCRS_H

#include "base/memory.h"
#include "evidence/quote.h"

/* Every value of a selection at the most. */
enum { PCR_VALUES_MAX = LIMIT_BANKS * LIMIT_PCRS };

struct pcr_entry {
	uint16_t bank; /* 0 where the list does not say */
	uint8_t index;
	struct slice value;
};

/* What the prover claims. Nothing in it is believed before pcrs_match(). */
struct pcr_claim {
	/* VALUES: in signed order, unlabelled; KEYED: each with bank and index, order without meaning */
	enum { PCR_CLAIM_VALUES, PCR_CLAIM_SERIALIZED, PCR_CLAIM_KEYED } kind;
	struct slice raw;               /* PCR_CLAIM_VALUES: digests end to end */
	struct pcr_selection selection; /* PCR_CLAIM_SERIALIZED: the list's own, unsigned */
	struct pcr_entry *entries;      /* the other two */
	size_t n_entries;
};

/* A quoted PCR; proven once pcrs_match() has passed. */
struct pcr_value {
	uint8_t index;
	struct digest value; /* value.alg is the bank */
};

struct pcr_values {
	struct pcr_value *values; /* in signed order */
	size_t n;
};

/* "0" to "31", without leading zeros. */
bool pcr_index_parse(const char *text, uint8_t *ret_index);
/*
 * The file that tpm2_quote writes, by its content: the serialized form begins with a little-endian count and selection
 * and has one of few lengths; anything else is the values form.
 */
attest_status pcr_claim_parse_file(struct arena *arena, struct slice raw, struct pcr_claim *ret_claim,
				   struct attest_error *error);
/* The claimed values in signed order, without a look at what they hash to: for those who only look. */
attest_status pcrs_select(struct arena *arena, const struct quote *quote, const struct pcr_claim *claim,
			  struct pcr_values *ret_values, struct attest_error *error);
/* Banks and indices come from `selection` alone; the claim must agree; the values must hash to `pcr_digest` (hash: of
 * the signature). */
attest_status pcrs_match(struct arena *arena, const struct quote *quote, uint16_t hash, const struct pcr_claim *claim,
			 struct pcr_values *ret_values, struct attest_error *error);
const struct pcr_value *pcr_values_find(const struct pcr_values *values, uint16_t bank, uint8_t index);

#endif
