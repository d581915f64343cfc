/* SPDX-License-Identifier: Apache-2.0 */
/* TCG TPM 2.0 Library, Parts 2 and 3, revision 1.59. */
#include "tpm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "tpm_error.h"

enum {
	NV_CHUNK_LEAST = 64, /* where the TPM does not say how much it gives at once */
	READS_MOST = N_ALGORITHMS * N_PCRS,
	MAKER_SIZE = 96,
	VENDOR_WORDS = 4, /* TPM_PT_VENDOR_STRING_1 to _4 */
};

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	struct pcr_selection banks;
	uint16_t nv_chunk;
	char maker[MAKER_SIZE];
};

/* What ESYS allocates. */
#define DEFER_ESYS DEFER(free_esys)
static void free_esys(void *p)
{
	void *block;

	memcpy(&block, p, sizeof(block));
	Esys_Free(block);
}

static uint32_t property_of(struct tpm *tpm, uint32_t property)
{
	DEFER_ESYS TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;

	if (Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES, property,
			       1, &more, &data) != TSS2_RC_SUCCESS)
		return 0;
	if (data->data.tpmProperties.count != 1 || data->data.tpmProperties.tpmProperty[0].property != property)
		return 0;
	return data->data.tpmProperties.tpmProperty[0].value;
}

/* Four characters to a property, padded with zeros or blanks. */
static size_t add_word(char *text, size_t len, uint32_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		char c = (char)(word >> shift & 0xFF);

		if (c >= ' ' && c < 0x7f)
			text[len++] = c;
	}
	text[len] = '\0';
	return len;
}

static void read_maker(struct tpm *tpm)
{
	char text[4 * (VENDOR_WORDS + 2)] = "";
	uint32_t version = property_of(tpm, TPM2_PT_FIRMWARE_VERSION_1);
	size_t len = add_word(text, 0, property_of(tpm, TPM2_PT_MANUFACTURER));

	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len++] = ' ';
	for (uint32_t i = 0; i < VENDOR_WORDS; i++)
		len = add_word(text, len, property_of(tpm, TPM2_PT_VENDOR_STRING_1 + i));
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	(void)snprintf(tpm->maker, sizeof(tpm->maker), "%s, firmware %u.%u", text, version >> 16, version & 0xFFFF);
}

static attest_status read_banks(struct tpm *tpm, struct attest_error *error)
{
	DEFER_ESYS TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS, 0, 1, &more,
					&data);

	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "say which PCR banks it has");
	for (uint32_t i = 0; i < data->data.assignedPCR.count; i++) {
		const TPMS_PCR_SELECTION *bank = &data->data.assignedPCR.pcrSelections[i];
		size_t at = digest_index(bank->hash);

		for (uint32_t byte = 0; at < N_ALGORITHMS && byte < bank->sizeofSelect && byte < N_PCRS / 8; byte++)
			tpm->banks.pcrs[at] |= (uint32_t)bank->pcrSelect[byte] << (8 * byte);
	}
	return ATTEST_OK;
}

static const char *tcti_of(const char *tcti)
{
	if (tcti == NULL)
		tcti = getenv("TPM2TOOLS_TCTI");
	return tcti == NULL ? getenv("TCTI") : tcti;
}

static attest_status connect_to(struct tpm *tpm, const char *tcti, struct attest_error *error)
{
	TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);

	error_where(error, "%s", tcti == NULL ? "the system's TPM" : tcti);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "answer");
	rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	return rc == TSS2_RC_SUCCESS ? read_banks(tpm, error) : tpm_fail(error, rc, "answer");
}

attest_status tpm_open(const char *tcti, struct tpm **ret_tpm, struct attest_error *error)
{
	struct tpm *tpm = calloc(1, sizeof(*tpm));
	attest_status status;
	uint32_t chunk;

	if (tpm == NULL)
		return fail_memory(error);
	(void)setenv("TSS2_LOG", "all+NONE", 0); /* messages are ours */
	status = connect_to(tpm, tcti_of(tcti), error);
	if (status != ATTEST_OK) {
		tpm_close(tpm);
		return status;
	}
	error_clear(error);
	chunk = property_of(tpm, TPM2_PT_NV_BUFFER_MAX);
	tpm->nv_chunk = (uint16_t)(chunk == 0                        ? NV_CHUNK_LEAST
				   : chunk > TPM2_MAX_NV_BUFFER_SIZE ? TPM2_MAX_NV_BUFFER_SIZE
								     : chunk);
	read_maker(tpm);
	*ret_tpm = tpm;
	return ATTEST_OK;
}

void tpm_close(struct tpm *tpm)
{
	if (tpm == NULL)
		return;
	Esys_Finalize(&tpm->esys);
	Tss2_TctiLdr_Finalize(&tpm->tcti);
	free(tpm);
}

const struct pcr_selection *tpm_banks(const struct tpm *tpm)
{
	return &tpm->banks;
}

const char *tpm_maker(const struct tpm *tpm)
{
	return tpm->maker;
}

/* TPMU_HA begins with the digest, whatever its algorithm. */
static attest_status set_digest(TPMT_HA *to, uint16_t alg, struct slice text, struct attest_error *error)
{
	struct digest digest;
	attest_status status = digest_compute(alg, &text, 1, &digest, error);

	if (status != ATTEST_OK)
		return status;
	to->hashAlg = alg;
	memcpy(&to->digest, digest.bytes, digest.size);
	return ATTEST_OK;
}

attest_status tpm_extend(struct tpm *tpm, unsigned pcr, struct slice text, struct attest_error *error)
{
	TPML_DIGEST_VALUES values = {0};
	attest_status status = ATTEST_OK;
	TSS2_RC rc;

	for (size_t i = 0; status == ATTEST_OK && i < N_ALGORITHMS; i++)
		if ((tpm->banks.pcrs[i] >> pcr & 1) != 0)
			status = set_digest(&values.digests[values.count++], digest_at(i), text, error);
	if (status != ATTEST_OK)
		return status;
	rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values);
	if (rc == TSS2_RC_SUCCESS)
		return ATTEST_OK;
	error_where(error, "PCR %u", pcr);
	return tpm_fail(error, rc, "extend a PCR");
}

static TPML_PCR_SELECTION to_tss(const struct pcr_selection *selection)
{
	TPML_PCR_SELECTION out = {0};

	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		TPMS_PCR_SELECTION *bank = &out.pcrSelections[out.count];

		if (selection->pcrs[i] == 0)
			continue;
		bank->hash = digest_at(i);
		bank->sizeofSelect = N_PCRS / 8;
		for (uint32_t byte = 0; byte < N_PCRS / 8; byte++)
			bank->pcrSelect[byte] = (uint8_t)(selection->pcrs[i] >> (8 * byte));
		out.count++;
	}
	return out;
}

/* One answer of TPM2_PCR_Read: some of the PCRs that were asked for. Takes them off `left`. */
static bool take_values(struct pcr_table *table, struct pcr_selection *left, const TPML_PCR_SELECTION *got,
			const TPML_DIGEST *values)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < got->count; i++) {
		const TPMS_PCR_SELECTION *bank = &got->pcrSelections[i];
		size_t at = digest_index(bank->hash);

		for (uint32_t pcr = 0; pcr < N_PCRS && pcr < 8u * bank->sizeofSelect; pcr++) {
			if ((bank->pcrSelect[pcr / 8] >> (pcr % 8) & 1) == 0)
				continue;
			if (at >= N_ALGORITHMS || next >= values->count ||
			    values->digests[next].size != digest_size(bank->hash))
				return false;
			memcpy(table->values[at][pcr], values->digests[next++].buffer, digest_size(bank->hash));
			table->has.pcrs[at] |= 1u << pcr;
			left->pcrs[at] &= ~(1u << pcr);
		}
	}
	return next > 0 && next == values->count;
}

static attest_status read_some(struct tpm *tpm, struct pcr_selection *left, struct pcr_table *table,
			       struct attest_error *error)
{
	DEFER_ESYS TPML_PCR_SELECTION *got = NULL;
	DEFER_ESYS TPML_DIGEST *values = NULL;
	TPML_PCR_SELECTION wanted = to_tss(left);
	uint32_t counter;
	TSS2_RC rc =
		Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, &counter, &got, &values);

	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "read its PCRs");
	if (take_values(table, left, got, values))
		return ATTEST_OK;
	return fail(error, ATTEST_E_IO, "TPM 2.0 Part 3, 22.4",
		    "the TPM gives no value for a PCR that was asked for; take PCRs out of --pcrs that it lacks");
}

static bool is_empty(const struct pcr_selection *selection)
{
	uint32_t all = 0;

	for (size_t i = 0; i < N_ALGORITHMS; i++)
		all |= selection->pcrs[i];
	return all == 0;
}

attest_status tpm_read(struct tpm *tpm, const struct pcr_selection *selection, struct pcr_table *ret_table,
		       struct attest_error *error)
{
	struct pcr_selection left = *selection;
	struct pcr_table table;
	attest_status status = ATTEST_OK;

	memset(&table, 0, sizeof(table));
	for (int i = 0; i < READS_MOST && status == ATTEST_OK && !is_empty(&left); i++)
		status = read_some(tpm, &left, &table, error);
	if (status == ATTEST_OK)
		*ret_table = table;
	return status;
}

/* Whose authorisation reads the area: all that the server has is the empty one. */
static ESYS_TR nv_authority(const TPMS_NV_PUBLIC *public, ESYS_TR handle)
{
	if ((public->attributes & TPMA_NV_OWNERREAD) != 0)
		return ESYS_TR_RH_OWNER;
	return (public->attributes & TPMA_NV_AUTHREAD) != 0 ? handle : ESYS_TR_RH_PLATFORM;
}

static TSS2_RC nv_read_all(struct tpm *tpm, ESYS_TR authority, ESYS_TR handle, uint8_t *data, uint16_t size)
{
	TSS2_RC rc = TSS2_RC_SUCCESS;

	for (uint16_t offset = 0, n; offset < size && rc == TSS2_RC_SUCCESS; offset = (uint16_t)(offset + n)) {
		DEFER_ESYS TPM2B_MAX_NV_BUFFER *part = NULL;

		n = (uint16_t)(size - offset < tpm->nv_chunk ? size - offset : tpm->nv_chunk);
		rc = Esys_NV_Read(tpm->esys, authority, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, n, offset,
				  &part);
		if (rc == TSS2_RC_SUCCESS && part->size != n)
			rc = TSS2_TCTI_RC_MALFORMED_RESPONSE;
		if (rc == TSS2_RC_SUCCESS)
			memcpy(data + offset, part->buffer, n);
	}
	return rc;
}

/* The area is there. */
static attest_status nv_read_open(struct tpm *tpm, ESYS_TR handle, struct arena *arena, struct slice *ret_data,
				  struct attest_error *error)
{
	DEFER_ESYS TPM2B_NV_PUBLIC *public = NULL;
	DEFER_ESYS TPM2B_NAME *name = NULL;
	uint8_t *data;
	TSS2_RC rc = Esys_NV_ReadPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, &name);

	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "read an NV area");
	data = arena_alloc(arena, public->nvPublic.dataSize, 1);
	if (data == NULL)
		return fail_memory(error);
	rc = nv_read_all(tpm, nv_authority(&public->nvPublic, handle), handle, data, public->nvPublic.dataSize);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "read an NV area");
	*ret_data = slice_of(data, public->nvPublic.dataSize);
	return ATTEST_OK;
}

attest_status tpm_nv_read(struct tpm *tpm, uint32_t index, struct arena *arena, struct slice *ret_data,
			  struct attest_error *error)
{
	ESYS_TR handle = ESYS_TR_NONE;
	attest_status status;
	TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle);

	if (tpm_is_no_handle(rc)) {
		*ret_data = slice_of(NULL, 0);
		return ATTEST_OK;
	}
	status = rc == TSS2_RC_SUCCESS ? nv_read_open(tpm, handle, arena, ret_data, error)
				       : tpm_fail(error, rc, "read an NV area");
	if (status != ATTEST_OK)
		error_where(error, "NV 0x%08X", index);
	if (rc == TSS2_RC_SUCCESS)
		(void)Esys_TR_Close(tpm->esys, &handle);
	return status;
}

attest_status tpm_persistent(struct tpm *tpm, uint32_t handle, ESYS_TR *ret_key, TPMT_PUBLIC *ret_public,
			     struct attest_error *error)
{
	DEFER_ESYS TPM2B_PUBLIC *public = NULL;
	DEFER_ESYS TPM2B_NAME *name = NULL;
	DEFER_ESYS TPM2B_NAME *qualified = NULL;
	ESYS_TR key = ESYS_TR_NONE;
	TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key);

	if (tpm_is_no_handle(rc)) {
		*ret_key = ESYS_TR_NONE;
		return ATTEST_OK;
	}
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_ReadPublic(tpm->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, &name,
				     &qualified);
	if (rc != TSS2_RC_SUCCESS) {
		error_where(error, "handle 0x%08X", handle);
		return tpm_fail(error, rc, "show a persistent key");
	}
	*ret_key = key;
	*ret_public = public->publicArea;
	return ATTEST_OK;
}

attest_status tpm_create_primary(struct tpm *tpm, const TPMT_PUBLIC *template, ESYS_TR *ret_key,
				 TPMT_PUBLIC *ret_public, struct attest_error *error)
{
	DEFER_ESYS TPM2B_PUBLIC *public = NULL;
	DEFER_ESYS TPM2B_CREATION_DATA *data = NULL;
	DEFER_ESYS TPM2B_DIGEST *hash = NULL;
	DEFER_ESYS TPMT_TK_CREATION *ticket = NULL;
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PUBLIC in = {.publicArea = *template};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION pcrs = {0};
	ESYS_TR key = ESYS_TR_NONE;
	TSS2_RC rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
					&sensitive, &in, &outside, &pcrs, &key, &public, &data, &hash, &ticket);

	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "make a primary key in the endorsement hierarchy");
	*ret_key = key;
	*ret_public = public->publicArea;
	return ATTEST_OK;
}

void tpm_flush(struct tpm *tpm, ESYS_TR key)
{
	(void)Esys_FlushContext(tpm->esys, key);
}

/* The hash that a signature was made with: of the schemes that sign, each has it at the same place. */
static uint16_t hash_of(const TPMT_SIGNATURE *signature)
{
	switch (signature->sigAlg) {
	case TPM2_ALG_RSASSA:
	case TPM2_ALG_RSAPSS:
		return signature->signature.rsassa.hash;
	case TPM2_ALG_ECDSA:
		return signature->signature.ecdsa.hash;
	default:
		return 0;
	}
}

static attest_status read_attest(const TPM2B_ATTEST *attest, uint16_t alg, struct tpm_quote *quote,
				 struct attest_error *error)
{
	TPMS_ATTEST body = {0};
	const TPMS_QUOTE_INFO *info = &body.attested.quote;
	size_t offset = 0;

	if (Tss2_MU_TPMS_ATTEST_Unmarshal(attest->attestationData, attest->size, &offset, &body) != TSS2_RC_SUCCESS ||
	    body.type != TPM2_ST_ATTEST_QUOTE || info->pcrDigest.size != digest_size(alg))
		return fail(error, ATTEST_E_IO, "TPM 2.0 Part 2, 10.12.8",
			    "the TPM's answer is no quote; is the attestation key a signing key with SHA-256 or more?");
	quote->pcr_digest.alg = alg;
	quote->pcr_digest.size = (uint8_t)info->pcrDigest.size;
	memcpy(quote->pcr_digest.bytes, info->pcrDigest.buffer, info->pcrDigest.size);
	memset(&quote->selection, 0, sizeof(quote->selection));
	for (uint32_t i = 0; i < info->pcrSelect.count; i++) {
		const TPMS_PCR_SELECTION *bank = &info->pcrSelect.pcrSelections[i];

		for (uint32_t byte = 0; digest_index(bank->hash) < N_ALGORITHMS && byte < bank->sizeofSelect; byte++)
			quote->selection.pcrs[digest_index(bank->hash)] |= (uint32_t)bank->pcrSelect[byte]
									   << (8 * byte);
	}
	return ATTEST_OK;
}

attest_status tpm_quote(struct tpm *tpm, ESYS_TR key, const struct pcr_selection *selection, struct slice extra,
			struct tpm_quote *ret_quote, struct attest_error *error)
{
	DEFER_ESYS TPM2B_ATTEST *attest = NULL;
	DEFER_ESYS TPMT_SIGNATURE *signature = NULL;
	TPM2B_DATA data = {.size = (uint16_t)extra.len};
	TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the key's own */
	TPML_PCR_SELECTION pcrs = to_tss(selection);
	size_t offset = 0;
	TSS2_RC rc;

	if (extra.len > sizeof(data.buffer))
		return fail(error, ATTEST_E_LIMIT, NULL, "a quote takes at most %zu bytes of extraData",
			    sizeof(data.buffer));
	if (extra.len > 0)
		memcpy(data.buffer, extra.data, extra.len);
	rc = Esys_Quote(tpm->esys, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data, &scheme, &pcrs, &attest,
			&signature);
	if (rc == TSS2_RC_SUCCESS)
		rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, ret_quote->signature, sizeof(ret_quote->signature),
						    &offset);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_fail(error, rc, "quote");
	ret_quote->signature_len = offset;
	ret_quote->attest_len = attest->size;
	memcpy(ret_quote->attest, attest->attestationData, attest->size);
	return read_attest(attest, hash_of(signature), ret_quote, error);
}

attest_status tpm_pcr_digest(const struct pcr_table *table, const struct pcr_selection *selection, uint16_t alg,
			     struct digest *ret_digest, struct attest_error *error)
{
	struct slice parts[N_ALGORITHMS * N_PCRS];
	size_t n = 0;

	for (size_t i = 0; i < N_ALGORITHMS; i++)
		for (uint32_t pcr = 0; pcr < N_PCRS; pcr++)
			if ((selection->pcrs[i] >> pcr & 1) != 0)
				parts[n++] = slice_of(table->values[i][pcr], digest_size(digest_at(i)));
	return digest_compute(alg, parts, n, ret_digest, error);
}
