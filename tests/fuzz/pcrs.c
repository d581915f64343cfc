/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR values against a signed selection. The input: a byte of flags; the selection (number of banks, then for each the
 * number of its algorithm and four bytes of PCRs); the rest is the file that tpm2_quote -o writes.
 *
 * Flag 1: pcrDigest is made to fit the file's values, so that only structure can refuse; 2: of those, the last bit is
 * wrong; 4: the file's values are given keyed by bank and index instead.
 */
#include "evidence/pcrs.h"
#include "fuzz.h"

enum { FIT = 1, OFF_BY_A_BIT = 2, KEYED = 4 };

static const uint16_t algs[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512, 0x0012};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void read_selection(struct reader *r, struct pcr_selection *selection)
{
	size_t n = reader_u8(r) % (LIMIT_BANKS + 1);

	for (size_t i = 0; i < n; i++) {
		struct pcr_bank *bank = &selection->banks[selection->n_banks++];

		bank->alg = algs[reader_u8(r) % (sizeof(algs) / sizeof(algs[0]))];
		bank->pcrs = reader_u32le(r);
	}
}

/* The values in the order of the signed selection, taken off the claim. */
static size_t in_order(const struct pcr_selection *selection, const struct pcr_claim *claim, struct pcr_entry *entries)
{
	struct reader raw = reader_of(claim->raw);
	size_t n = 0;

	for (size_t i = 0; i < selection->n_banks; i++)
		for (uint8_t k = 0; k < LIMIT_PCRS; k++) {
			if ((selection->banks[i].pcrs >> k & 1) == 0)
				continue;
			entries[n] = (struct pcr_entry){
				selection->banks[i].alg, k, {NULL, 0}
                        };
			if (claim->kind == PCR_CLAIM_VALUES)
				entries[n].value = reader_bytes(&raw, digest_size(entries[n].bank));
			else if (n < claim->n_entries)
				entries[n].value = claim->entries[n].value;
			n++;
		}
	return n;
}

static void fit_digest(struct quote *quote, const struct pcr_entry *entries, size_t n, bool wrong)
{
	struct slice parts[PCR_VALUES_MAX];
	struct attest_error e = {0};
	struct digest digest;

	for (size_t i = 0; i < n; i++)
		parts[i] = entries[i].value;
	REQUIRE(digest_compute(ALG_SHA256, parts, n, &digest, &e) == ATTEST_OK);
	quote->pcr_digest_len = digest.size;
	memcpy(quote->pcr_digest, digest.bytes, digest.size);
	quote->pcr_digest[digest.size - 1] ^= wrong;
}

/* No bank twice, a PCR at all, known banks: what a selection needs. */
static bool is_good_selection(const struct pcr_selection *selection)
{
	uint32_t any = 0;

	for (size_t i = 0; i < selection->n_banks; i++) {
		any |= selection->banks[i].pcrs;
		if (selection->banks[i].pcrs != 0 && digest_size(selection->banks[i].alg) == 0)
			return false;
		for (size_t k = 0; k < i; k++)
			if (selection->banks[k].alg == selection->banks[i].alg)
				return false;
	}
	return any != 0;
}

static bool sizes_fit(const struct pcr_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].value.len != digest_size(entries[i].bank))
			return false;
	return true;
}

static void check_values(const struct pcr_values *values, const struct pcr_entry *entries, size_t n)
{
	REQUIRE(values->n == n);
	for (size_t i = 0; i < n; i++) {
		const struct pcr_value *v = &values->values[i];

		REQUIRE(v->value.alg == entries[i].bank && v->index == entries[i].index);
		REQUIRE(slice_equal(digest_slice(&v->value), entries[i].value));
		REQUIRE(pcr_values_find(values, v->value.alg, v->index) == v);
	}
}

static void match(struct arena *arena, struct quote *quote, struct pcr_claim *claim, uint8_t flags)
{
	struct pcr_entry entries[PCR_VALUES_MAX];
	struct attest_error e = {0};
	struct pcr_values values;
	size_t n = in_order(&quote->selection, claim, entries);
	bool good = is_good_selection(&quote->selection) && sizes_fit(entries, n), fit = (flags & FIT) != 0;
	attest_status status;

	if (fit)
		fit_digest(quote, entries, n, (flags & OFF_BY_A_BIT) != 0);
	if ((flags & KEYED) != 0)
		*claim = (struct pcr_claim){.kind = PCR_CLAIM_KEYED, .entries = entries, .n_entries = n};
	else if (claim->kind == PCR_CLAIM_SERIALIZED)
		good = good && claim->n_entries == n &&
		       memcmp(&claim->selection, &quote->selection, sizeof(claim->selection)) == 0;
	else
		good = good && slice_find(claim->raw, 0) <= claim->raw.len;
	status = pcrs_match(arena, quote, ALG_SHA256, claim, &values, &e);
	fuzz_check_error(status, &e);
	if (status == ATTEST_OK) {
		REQUIRE(good && fit && (flags & OFF_BY_A_BIT) == 0);
		check_values(&values, entries, n);
	} else if (good && fit && (flags & OFF_BY_A_BIT) == 0) {
		REQUIRE(claim->kind == PCR_CLAIM_VALUES); /* with bytes left over */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(slice_of(data, size));
	uint8_t flags = reader_u8(&r);
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct quote quote = {0};
	struct pcr_claim claim;
	attest_status status;

	read_selection(&r, &quote.selection);
	status = pcr_claim_parse_file(&arena, r.rest, &claim, &e);
	fuzz_check_error(status, &e);
	if (status == ATTEST_OK)
		match(&arena, &quote, &claim, flags);
	arena_free(&arena);
	return 0;
}
