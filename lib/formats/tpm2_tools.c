/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loose files, as tpm2-tools write them: tpm2_quote -m MSG -s SIG -o PCRS, the AK as certificate or key.
 */
#include <string.h>

#include "base/text.h"
#include "proof.h"

static struct slice part(const struct attest_bytes *bytes)
{
	return slice_of(bytes->data, bytes->data == NULL ? 0 : bytes->len);
}

static attest_status need(struct slice bytes, size_t max, const char *name, struct attest_error *error)
{
	error_where(error, "%s", name);
	if (bytes.len == 0)
		return fail(error, ATTEST_E_STRUCTURE, NULL, "missing or empty");
	if (bytes.len > max)
		return fail(error, ATTEST_E_LIMIT, NULL, "%zu bytes; at most %zu are allowed", bytes.len, max);
	error->where[0] = '\0';
	return ATTEST_OK;
}

static attest_status parse_certificates(struct proof *proof, struct slice text, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	if (text.len == 0)
		return ATTEST_OK;
	if (text.len / 2 > LIMIT_CHAIN_BYTES) /* as PEM */
		return fail(error, ATTEST_E_LIMIT, NULL, "certificates of more than %u bytes (LIMIT_CHAIN_BYTES)",
			    LIMIT_CHAIN_BYTES);
	if (!pem_begins(text))
		return proof_add_certificate(proof, text, error);
	while (status == ATTEST_OK && text.len > 0) {
		struct slice der;

		status = pem_next(proof->doc.arena, &text, "CERTIFICATE", &der, error);
		if (status == ATTEST_OK)
			status = proof_add_certificate(proof, der, error);
	}
	return status;
}

/* PEM, TPM2B_PUBLIC or TPMT_PUBLIC. A TPM2B begins with the size of what follows, and no TPMT_PUBLIC's type is such a
 * size. */
static attest_status parse_ak(struct proof *proof, struct slice bytes, struct attest_error *error)
{
	struct reader r = reader_of(bytes);
	uint16_t size = reader_u16be(&r);
	attest_status status;

	if (bytes.len == 0)
		return ATTEST_OK;
	if (pem_begins(bytes)) {
		status = pem_next(proof->doc.arena, &bytes, "PUBLIC KEY", &proof->ak_spki, error);
		if (status == ATTEST_OK && bytes.len != 0)
			status = fail(error, ATTEST_E_ENCODING, "RFC 7468, 2", "text after the PEM block");
		return status;
	}
	proof->ak_public = size == r.rest.len ? r.rest : bytes;
	return need(proof->ak_public, LIMIT_TPM_STRUCTURE, "ak", error);
}

static attest_status named(const char *name, attest_status status, struct attest_error *error)
{
	char place[sizeof(error->where)];

	if (status != ATTEST_OK && !status_is_internal(status)) {
		(void)memcpy(place, error->where, sizeof(place));
		error->where[0] = '\0';
		error_where(error, "%s%s%s", name, place[0] != '\0' ? ": " : "", place);
	}
	return status;
}

attest_status proof_parse_parts(struct proof *proof, struct arena *arena, const struct attest_parts *parts,
				struct attest_error *error)
{
	attest_status status;

	memset(proof, 0, sizeof(*proof));
	proof->format = "tpm2-tools";
	proof->doc.arena = arena;
	proof->attest = part(&parts->quote);
	proof->signature = part(&parts->signature);
	status = need(proof->attest, LIMIT_TPM_STRUCTURE, "quote", error);
	if (status == ATTEST_OK)
		status = need(proof->signature, LIMIT_TPM_STRUCTURE, "signature", error);
	if (status == ATTEST_OK)
		status = need(part(&parts->pcrs), LIMIT_PCR_FILE, "pcrs", error);
	if (status == ATTEST_OK)
		status = named("pcrs", pcr_claim_parse_file(arena, part(&parts->pcrs), &proof->pcrs, error), error);
	if (status == ATTEST_OK)
		status = named("ak_chain", parse_certificates(proof, part(&parts->ak_chain), error), error);
	if (status == ATTEST_OK)
		status = named("ak", parse_ak(proof, part(&parts->ak), error), error);
	if (status == ATTEST_OK && parts->n_logs > LIMIT_LOGS)
		status = fail(error, ATTEST_E_LIMIT, NULL, "more than %u logs (LIMIT_LOGS)", LIMIT_LOGS);
	for (size_t i = 0; status == ATTEST_OK && i < parts->n_logs; i++)
		status = named("log", proof_add_log_file(proof, part(&parts->logs[i]), error), error);
	return status;
}
