/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM 2.0 Part 2, revision 1.59. What tss2-mu lets through (a wrong magic, TPM_ALG_NULL as the union's selector, bytes
 * that follow) is checked here.
 */
#include "quote.h"

#include <string.h>
#include <tss2/tss2_mu.h>

static const char clause[] = "TPM 2.0 Part 2, 10.12.8 (TPMS_ATTEST)";

/* "A TPM-generated structure ... shall start with TPM_GENERATED_VALUE": Part 2, 6.2; the type: Part 2, 6.9. */
static attest_status check_kind(struct slice raw, struct attest_error *error)
{
	struct reader r = reader_of(raw);
	uint32_t magic = (uint32_t)reader_u16be(&r) << 16;
	uint16_t type;

	magic |= reader_u16be(&r);
	type = reader_u16be(&r);
	if (r.failed)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "TPMS_ATTEST is only %zu bytes long", raw.len);
	if (magic != TPM2_GENERATED_VALUE) {
		error_where(error, "offset 0");
		error_expected(error, "0x%08x (TPM_GENERATED_VALUE)", (unsigned)TPM2_GENERATED_VALUE);
		error_found(error, "0x%08x", (unsigned)magic);
		return fail(error, ATTEST_E_NOT_A_QUOTE, "TPM 2.0 Part 2, 6.2 (TPM_GENERATED)",
			    "the signed data was not made by the TPM itself");
	}
	if (type != TPM2_ST_ATTEST_QUOTE) {
		error_where(error, "offset 4");
		error_expected(error, "0x%04x (TPM_ST_ATTEST_QUOTE)", (unsigned)TPM2_ST_ATTEST_QUOTE);
		error_found(error, "0x%04x", (unsigned)type);
		return fail(error, ATTEST_E_NOT_A_QUOTE, "TPM 2.0 Part 2, 6.9 (TPM_ST)",
			    "the signed structure is no quote");
	}
	return ATTEST_OK;
}

static void take_selection(const TPML_PCR_SELECTION *from, struct pcr_selection *to)
{
	to->n_banks = 0;
	for (uint32_t i = 0; i < from->count && i < LIMIT_BANKS; i++) {
		const TPMS_PCR_SELECTION *s = &from->pcrSelections[i];
		uint32_t pcrs = 0;

		for (uint8_t k = 0; k < s->sizeofSelect && k < sizeof(s->pcrSelect); k++)
			pcrs |= (uint32_t)s->pcrSelect[k] << (8 * k);
		to->banks[to->n_banks++] = (struct pcr_bank){s->hash, pcrs};
	}
}

attest_status quote_parse(struct slice raw, struct quote *ret_quote, struct attest_error *error)
{
	struct quote q = {.raw = raw};
	TPMS_ATTEST attest = {0};
	size_t offset = 0;
	attest_status status = check_kind(raw, error);

	if (status != ATTEST_OK)
		return status;
	if (Tss2_MU_TPMS_ATTEST_Unmarshal(raw.data, raw.len, &offset, &attest) != TSS2_RC_SUCCESS)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "TPMS_ATTEST does not unmarshal");
	if (offset != raw.len) {
		error_where(error, "offset %zu", offset);
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "%zu bytes follow TPMS_ATTEST", raw.len - offset);
	}
	if (attest.extraData.size > sizeof(q.extra) || attest.attested.quote.pcrDigest.size > sizeof(q.pcr_digest))
		return fail(error, ATTEST_E_LIMIT, clause, "extraData or pcrDigest is longer than a digest");
	q.extra_len = attest.extraData.size;
	memcpy(q.extra, attest.extraData.buffer, q.extra_len);
	q.clock = attest.clockInfo.clock;
	q.reset_count = attest.clockInfo.resetCount;
	q.restart_count = attest.clockInfo.restartCount;
	q.clock_safe = attest.clockInfo.safe != 0;
	q.firmware_version = attest.firmwareVersion;
	take_selection(&attest.attested.quote.pcrSelect, &q.selection);
	q.pcr_digest_len = attest.attested.quote.pcrDigest.size;
	memcpy(q.pcr_digest, attest.attested.quote.pcrDigest.buffer, q.pcr_digest_len);
	*ret_quote = q;
	return ATTEST_OK;
}
