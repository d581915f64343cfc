/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libattest proof v1: docs/proof-format.md. Every member is decoded and every member's name is known.
 */
#include "base/text.h"
#include "proof.h"

static attest_status parse_bank(struct proof *proof, const struct json_node *bank, uint16_t alg,
				struct attest_error *error)
{
	attest_status status = json_node_object(bank, error);
	const char *key;
	json_t *value;

	if (status != ATTEST_OK)
		return status;
	json_object_foreach (bank->value, key, value) {
		struct json_node node = json_node_member(bank, key);
		struct pcr_entry *entry = &proof->pcrs.entries[proof->pcrs.n_entries];

		entry->bank = alg;
		if (proof->pcrs.n_entries == PCR_VALUES_MAX || !pcr_index_parse(key, &entry->index))
			return json_node_fail(
				&node, fail(error, ATTEST_E_STRUCTURE, NULL, "not a PCR index (\"0\" to \"31\")"),
				error);
		status = json_node_hex(&node, DIGEST_MAX, &entry->value, error);
		if (status != ATTEST_OK)
			return status;
		proof->pcrs.n_entries++;
	}
	return ATTEST_OK;
}

static attest_status parse_pcrs(struct proof *proof, const struct json_node *pcrs, struct attest_error *error)
{
	attest_status status = json_node_object(pcrs, error);
	const char *key;
	json_t *value;

	proof->pcrs.kind = PCR_CLAIM_KEYED;
	proof->pcrs.entries = arena_alloc(proof->doc.arena, PCR_VALUES_MAX + 1, sizeof(*proof->pcrs.entries));
	if (proof->pcrs.entries == NULL)
		return fail_memory(error);
	if (status != ATTEST_OK)
		return status;
	json_object_foreach (pcrs->value, key, value) {
		struct json_node bank = json_node_member(pcrs, key);
		uint16_t alg = digest_alg(key);

		if (alg == 0)
			return json_node_fail(
				&bank,
				fail(error, ATTEST_E_STRUCTURE, NULL, "not a PCR bank (sha1, sha256, sha384, sha512)"),
				error);
		status = parse_bank(proof, &bank, alg, error);
		if (status != ATTEST_OK)
			return status;
	}
	return ATTEST_OK;
}

static attest_status parse_quote(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const char *const members[] = {"attest", "signature", "pcrs", NULL};
	struct json_node quote = json_node_member(root, "quote");
	struct json_node attest = json_node_member(&quote, "attest"), signature = json_node_member(&quote, "signature");
	struct json_node pcrs = json_node_member(&quote, "pcrs");
	attest_status status = json_node_object(&quote, error);

	if (status == ATTEST_OK)
		status = json_node_only(&quote, members, error);
	if (status == ATTEST_OK)
		status = json_node_base64(&attest, LIMIT_TPM_STRUCTURE, &proof->attest, error);
	if (status == ATTEST_OK)
		status = json_node_base64(&signature, LIMIT_TPM_STRUCTURE, &proof->signature, error);
	return status == ATTEST_OK ? parse_pcrs(proof, &pcrs, error) : status;
}

static attest_status parse_ak(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const char *const members[] = {"certificates", "public", NULL};
	struct json_node ak = json_node_member(root, "ak");
	struct json_node certificates = json_node_member(&ak, "certificates"), public = json_node_member(&ak, "public");
	size_t n = 0;
	attest_status status = json_node_object(&ak, error);

	if (status == ATTEST_OK)
		status = json_node_only(&ak, members, error);
	if (status == ATTEST_OK)
		status = json_node_array(&certificates, LIMIT_CERTIFICATES, "LIMIT_CERTIFICATES", &n, error);
	if (status == ATTEST_OK && n == 0)
		status = json_node_fail(&certificates, fail(error, ATTEST_E_STRUCTURE, NULL, "no certificate"), error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node pem = json_node_element(&certificates, i);
		struct slice der;

		status = json_node_pem(&pem, "CERTIFICATE", &der, error);
		if (status == ATTEST_OK)
			status = json_node_fail(&pem, proof_add_certificate(proof, der, error), error);
	}
	if (status == ATTEST_OK && public.value != NULL)
		status = json_node_base64(&public, LIMIT_TPM_STRUCTURE, &proof->ak_public, error);
	return status;
}

static attest_status parse_logs(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	struct json_node logs = json_node_member(root, "logs");
	size_t n = 0;
	attest_status status;

	if (logs.value == NULL)
		return ATTEST_OK;
	status = json_node_array(&logs, LIMIT_LOGS, "LIMIT_LOGS", &n, error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node node = json_node_element(&logs, i);
		struct log log;

		status = log_parse(&node, &log, error);
		if (status == ATTEST_OK)
			status = proof_add_log(proof, &log, error);
	}
	return status;
}

static attest_status parse_tls_binding(struct proof *proof, const struct json_node *tls, struct attest_error *error)
{
	struct json_node binding = json_node_member(tls, "binding");
	struct slice name = {NULL, 0};
	attest_status status = json_node_string(&binding, &name, error);

	if (status != ATTEST_OK)
		return status;
	if (slice_equal(name, slice_of_string("pcr")))
		proof->tls_binding = TLS_IN_EVENT;
	else if (slice_equal(name, slice_of_string("quote")))
		proof->tls_binding = TLS_IN_QUOTE;
	else
		return json_node_fail(&binding, fail(error, ATTEST_E_STRUCTURE, NULL, "neither \"pcr\" nor \"quote\""),
				      error);
	return ATTEST_OK;
}

static attest_status parse_tls(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const char *const members[] = {"public_key", "certificate", "binding", NULL};
	struct json_node tls = json_node_member(root, "tls"), key, certificate;
	attest_status status;

	if (tls.value == NULL)
		return ATTEST_OK;
	key = json_node_member(&tls, "public_key");
	certificate = json_node_member(&tls, "certificate");
	status = json_node_object(&tls, error);
	if (status == ATTEST_OK)
		status = json_node_only(&tls, members, error);
	if (status == ATTEST_OK && (key.value == NULL) == (certificate.value == NULL))
		status = json_node_fail(
			&tls, fail(error, ATTEST_E_STRUCTURE, NULL, "needs either public_key or certificate"), error);
	proof->tls_is_certificate = certificate.value != NULL;
	if (status == ATTEST_OK)
		status = proof->tls_is_certificate ? json_node_pem(&certificate, "CERTIFICATE", &proof->tls_der, error)
						   : json_node_pem(&key, "PUBLIC KEY", &proof->tls_der, error);
	return status == ATTEST_OK ? parse_tls_binding(proof, &tls, error) : status;
}

static attest_status parse_rest(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	struct json_node nonce = json_node_member(root, "nonce"), created = json_node_member(root, "created");
	struct json_node metadata = json_node_member(root, "metadata");
	struct slice text;
	int64_t time;
	attest_status status = ATTEST_OK;

	if (nonce.value != NULL) {
		proof->has_nonce = true;
		status = json_node_hex(&nonce, LIMIT_NONCE_BYTES, &proof->nonce, error);
	}
	if (status == ATTEST_OK && created.value != NULL) {
		status = json_node_string(&created, &text, error);
		if (status == ATTEST_OK && !time_parse(text, false, &time))
			status = json_node_fail(&created,
						fail(error, ATTEST_E_STRUCTURE, "RFC 3339, 5.6", "not a time"), error);
	}
	if (status == ATTEST_OK && metadata.value != NULL)
		status = json_node_object(&metadata, error);
	return status;
}

attest_status libattest_v1_parse(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const char *const members[] = {"format", "quote",   "ak",       "logs", "tls",
					      "nonce",  "created", "metadata", NULL};
	struct json_node format = json_node_member(root, "format");
	struct slice name = {NULL, 0};
	attest_status status = json_node_string(&format, &name, error);

	if (status == ATTEST_OK && !slice_equal(name, slice_of_string("libattest-proof-v1"))) {
		error_expected(error, "\"libattest-proof-v1\"");
		status = json_node_fail(&format, fail(error, ATTEST_E_FORMAT, NULL, "unknown proof format"), error);
	}
	if (status == ATTEST_OK)
		status = json_node_only(root, members, error);
	if (status == ATTEST_OK)
		status = parse_quote(proof, root, error);
	if (status == ATTEST_OK)
		status = parse_ak(proof, root, error);
	if (status == ATTEST_OK)
		status = parse_logs(proof, root, error);
	if (status == ATTEST_OK)
		status = parse_tls(proof, root, error);
	return status == ATTEST_OK ? parse_rest(proof, root, error) : status;
}
