/* SPDX-License-Identifier: Apache-2.0 */
#include "pcrs.h"

#include <stdio.h>
#include <string.h>

/*
 * tpm2-tools' serialized form: the C structures of the host that made it, here always little-endian.
 * TPML_PCR_SELECTION: u32 count, 16 x {u16 hash, u8 sizeofSelect, u8 select[4], u8 padding}; u32 number of lists;
 * each TPML_DIGEST: u32 count, 8 x {u16 size, u8 bytes[64]}.
 */
enum { SELECTION_SIZE = 4 + 16 * 8, LIST_SIZE = 4 + 8 * (2 + 64), DIGESTS_PER_LIST = 8, SELECT_MAX = 4 };

static const char clause[] = "TPM 2.0 Part 2, 10.12.1 (TPMS_QUOTE_INFO)";
static const char file_form[] = "tpm2_quote -o, serialized form";

bool pcr_index_parse(const char *text, uint8_t *ret_index)
{
	char canonical[4];

	for (unsigned i = 0; i < LIMIT_PCRS; i++) {
		(void)snprintf(canonical, sizeof(canonical), "%u", i);
		if (strcmp(text, canonical) == 0) {
			*ret_index = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static attest_status file_fail(const char *message, struct attest_error *error)
{
	return fail(error, ATTEST_E_PCR_SELECTION, file_form, "%s", message);
}

static attest_status read_selection(struct reader *r, struct pcr_selection *selection, struct attest_error *error)
{
	uint32_t count = reader_u32le(r);

	if (count > LIMIT_BANKS)
		return file_fail("the PCR file selects more than 16 banks", error);
	for (uint32_t i = 0; i < LIMIT_BANKS; i++) {
		struct reader bank = reader_of(reader_bytes(r, 8));
		uint16_t alg = reader_u16le(&bank);
		uint8_t size = reader_u8(&bank);
		struct slice select = reader_bytes(&bank, SELECT_MAX), unused;
		uint32_t pcrs = 0;

		unused = slice_sub(select, size, SELECT_MAX);
		if (size > SELECT_MAX || !slice_is_zero(unused) || reader_u8(&bank) != 0)
			return file_fail("unused bytes of the PCR file's selection are not zero", error);
		if (i >= count && (alg != 0 || size != 0))
			return file_fail("the PCR file's selection goes on behind its count", error);
		for (uint8_t k = 0; k < size; k++)
			pcrs |= (uint32_t)select.data[k] << (8 * k);
		if (i < count)
			selection->banks[selection->n_banks++] = (struct pcr_bank){alg, pcrs};
	}
	return ATTEST_OK;
}

static attest_status read_list(struct reader *r, struct pcr_claim *claim, struct attest_error *error)
{
	uint32_t count = reader_u32le(r);

	if (count == 0 || count > DIGESTS_PER_LIST)
		return file_fail("a digest list of the PCR file holds not 1 to 8 digests", error);
	for (uint32_t i = 0; i < DIGESTS_PER_LIST; i++) {
		uint16_t size = reader_u16le(r);
		struct slice bytes = reader_bytes(r, DIGEST_MAX);

		if (size > DIGEST_MAX || (i >= count && size != 0) ||
		    !slice_is_zero(slice_sub(bytes, size, DIGEST_MAX)))
			return file_fail("unused bytes of the PCR file's digests are not zero", error);
		if (i < count)
			claim->entries[claim->n_entries++].value = slice_sub(bytes, 0, size);
	}
	return ATTEST_OK;
}

/* A values file is a sum of digest sizes, all even, and at most 32 KiB; this length and head are the serialized form's
 * alone. */
static bool looks_serialized(struct slice raw)
{
	struct reader r = reader_of(raw);
	uint32_t count = reader_u32le(&r);
	uint16_t alg = reader_u16le(&r);

	return raw.len >= SELECTION_SIZE + 4 && (raw.len - SELECTION_SIZE - 4) % LIST_SIZE == 0 &&
	       count <= LIMIT_BANKS && (count == 0 || digest_size(alg) != 0);
}

attest_status pcr_claim_parse_file(struct arena *arena, struct slice raw, struct pcr_claim *ret_claim,
				   struct attest_error *error)
{
	struct pcr_claim claim = {.kind = PCR_CLAIM_VALUES, .raw = raw};
	struct reader r = reader_of(raw);
	attest_status status;
	uint32_t n_lists;

	if (!looks_serialized(raw)) {
		*ret_claim = claim;
		return ATTEST_OK;
	}
	claim.kind = PCR_CLAIM_SERIALIZED;
	status = read_selection(&r, &claim.selection, error);
	if (status != ATTEST_OK)
		return status;
	n_lists = reader_u32le(&r);
	if (n_lists != r.rest.len / LIST_SIZE || n_lists > PCR_VALUES_MAX / DIGESTS_PER_LIST)
		return file_fail("the PCR file's length does not fit its number of digest lists", error);
	claim.entries = arena_alloc(arena, (size_t)n_lists * DIGESTS_PER_LIST, sizeof(*claim.entries));
	if (claim.entries == NULL)
		return fail_memory(error);
	for (uint32_t i = 0; status == ATTEST_OK && i < n_lists; i++)
		status = read_list(&r, &claim, error);
	if (status == ATTEST_OK && !reader_done(&r))
		status = file_fail("bytes follow the PCR file's last digest list", error);
	if (status == ATTEST_OK)
		*ret_claim = claim;
	return status;
}

/* The signed selection: known banks, each once, and at least one PCR. */
static attest_status check_selection(const struct pcr_selection *selection, size_t *ret_n, struct attest_error *error)
{
	size_t n = 0;

	for (size_t i = 0; i < selection->n_banks; i++) {
		const struct pcr_bank *bank = &selection->banks[i];

		if (bank->pcrs != 0 && digest_size(bank->alg) == 0)
			return fail(error, ATTEST_E_ALGORITHM, clause, "the quote selects the unknown PCR bank 0x%04x",
				    bank->alg);
		for (size_t k = 0; k < i; k++)
			if (selection->banks[k].alg == bank->alg)
				return fail(error, ATTEST_E_PCR_SELECTION, clause,
					    "the quote selects the bank 0x%04x twice", bank->alg);
		n += (size_t)__builtin_popcount(bank->pcrs);
	}
	if (n == 0)
		return fail(error, ATTEST_E_PCR_SELECTION, clause,
			    "the quote selects no PCR: it says nothing about the machine");
	*ret_n = n;
	return ATTEST_OK;
}

static bool selection_equal(const struct pcr_selection *a, const struct pcr_selection *b)
{
	if (a->n_banks != b->n_banks)
		return false;
	for (size_t i = 0; i < a->n_banks; i++)
		if (a->banks[i].alg != b->banks[i].alg || a->banks[i].pcrs != b->banks[i].pcrs)
			return false;
	return true;
}

/* The claim's value for the PCR that comes next in signed order; `used` is how many were taken. */
static struct slice claimed_value(const struct pcr_claim *claim, const struct pcr_value *pcr, size_t used,
				  struct reader *raw)
{
	struct slice none = {NULL, 0};

	switch (claim->kind) {
	case PCR_CLAIM_VALUES:
		return reader_bytes(raw, pcr->value.size);
	case PCR_CLAIM_SERIALIZED:
		return used < claim->n_entries ? claim->entries[used].value : none;
	case PCR_CLAIM_KEYED:
		for (size_t i = 0; i < claim->n_entries; i++)
			if (claim->entries[i].bank == pcr->value.alg && claim->entries[i].index == pcr->index)
				return claim->entries[i].value;
	}
	return none;
}

static attest_status take_value(const struct pcr_claim *claim, struct pcr_values *values, uint16_t alg, uint8_t index,
				struct reader *raw, struct attest_error *error)
{
	struct pcr_value *pcr = &values->values[values->n];
	struct slice claimed;

	*pcr = (struct pcr_value){
		.index = index, .value = {.alg = alg, .size = digest_size(alg)}
        };
	claimed = claimed_value(claim, pcr, values->n, raw);
	if (claimed.data == NULL || claimed.len != pcr->value.size) {
		error_where(error, "PCR %u, bank %s", index, digest_name(alg));
		error_expected(error, "%u bytes", pcr->value.size);
		error_found(error, "%s", claimed.len == 0 ? "no value" : "another size");
		return fail(error, ATTEST_E_PCR_SELECTION, clause,
			    "the list of PCR values lacks a quoted PCR, or its size is wrong");
	}
	memcpy(pcr->value.bytes, claimed.data, claimed.len);
	values->n++;
	return ATTEST_OK;
}

static attest_status check_digest(struct arena *arena, const struct quote *quote, uint16_t hash,
				  const struct pcr_values *values, struct attest_error *error)
{
	struct slice quoted = slice_of(quote->pcr_digest, quote->pcr_digest_len);
	struct slice *parts = arena_alloc(arena, values->n, sizeof(*parts));
	struct digest digest;
	attest_status status;

	if (parts == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < values->n; i++)
		parts[i] = digest_slice(&values->values[i].value);
	status = digest_compute(hash, parts, values->n, &digest, error);
	if (status != ATTEST_OK || slice_equal(digest_slice(&digest), quoted))
		return status;
	return fail(error, ATTEST_E_PCR_DIGEST, clause, "the PCR values do not hash to the quoted pcrDigest");
}

attest_status pcrs_select(struct arena *arena, const struct quote *quote, const struct pcr_claim *claim,
			  struct pcr_values *ret_values, struct attest_error *error)
{
	struct pcr_values values = {0};
	struct reader raw = reader_of(claim->raw);
	size_t n = 0;
	attest_status status = check_selection(&quote->selection, &n, error);

	if (status != ATTEST_OK)
		return status;
	if (claim->kind == PCR_CLAIM_SERIALIZED && !selection_equal(&quote->selection, &claim->selection))
		return fail(error, ATTEST_E_PCR_SELECTION, clause, "the PCR file's selection is not the signed one");
	values.values = arena_alloc(arena, n, sizeof(*values.values));
	if (values.values == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < quote->selection.n_banks; i++)
		for (uint8_t k = 0; status == ATTEST_OK && k < LIMIT_PCRS; k++)
			if ((quote->selection.banks[i].pcrs >> k & 1) != 0)
				status = take_value(claim, &values, quote->selection.banks[i].alg, k, &raw, error);
	if (status != ATTEST_OK)
		return status;
	if (claim->kind == PCR_CLAIM_VALUES ? !reader_done(&raw) : claim->n_entries != n)
		return fail(error, ATTEST_E_PCR_SELECTION, clause, "the list of PCR values holds more than was quoted");
	*ret_values = values;
	return ATTEST_OK;
}

attest_status pcrs_match(struct arena *arena, const struct quote *quote, uint16_t hash, const struct pcr_claim *claim,
			 struct pcr_values *ret_values, struct attest_error *error)
{
	struct pcr_values values = {0};
	attest_status status = pcrs_select(arena, quote, claim, &values, error);

	if (status == ATTEST_OK)
		status = check_digest(arena, quote, hash, &values, error);
	if (status == ATTEST_OK)
		*ret_values = values;
	return status;
}

const struct pcr_value *pcr_values_find(const struct pcr_values *values, uint16_t bank, uint8_t index)
{
	for (size_t i = 0; i < values->n; i++)
		if (values->values[i].value.alg == bank && values->values[i].index == index)
			return &values->values[i];
	return NULL;
}
