/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proof.h"

static bool is_libattest(const struct json_node *root)
{
	return json_node_has(root, "format");
}

static bool is_blindllama_v2(const struct json_node *root)
{
	return json_node_has(root, "cert_chain") && json_node_has(root, "quote");
}

static bool is_blindllama_v1(const struct json_node *root)
{
	return json_node_has(root, "remote_attestation");
}

/* The first that recognises its own wins; each then refuses members that are not its own. */
static const struct {
	const char *name;
	bool (*is)(const struct json_node *root);
	attest_status (*parse)(struct proof *, const struct json_node *, struct attest_error *);
} formats[] = {
	{"libattest-proof-v1", is_libattest,     libattest_v1_parse },
	{"blindllama-v2",      is_blindllama_v2, blindllama_v2_parse},
	{"blindllama-v1",      is_blindllama_v1, blindllama_v1_parse},
};

static attest_status parse_root(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	attest_status status = json_node_object(root, error);

	for (size_t i = 0; status == ATTEST_OK && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!formats[i].is(root))
			continue;
		proof->format = formats[i].name;
		return formats[i].parse(proof, root, error);
	}
	if (status == ATTEST_OK) {
		error_expected(error, "libattest-proof-v1, or a BlindLlama or AICert proof");
		status = fail(error, ATTEST_E_FORMAT, NULL, "JSON, but of no known proof format");
	}
	return status;
}

attest_status proof_parse(struct proof *proof, struct arena *arena, struct slice text, struct attest_error *error)
{
	struct json_node root;
	attest_status status;

	memset(proof, 0, sizeof(*proof));
	if (text.len > LIMIT_PROOF_BYTES) {
		error_expected(error, "at most %u bytes (LIMIT_PROOF_BYTES)", LIMIT_PROOF_BYTES);
		error_found(error, "%zu", text.len);
		return fail(error, ATTEST_E_LIMIT, NULL, "the proof is too large");
	}
	status = json_doc_parse(&proof->doc, arena, text, error);
	if (status != ATTEST_OK)
		return status;
	root = json_doc_root(&proof->doc);
	return parse_root(proof, &root, error);
}

void proof_free(struct proof *proof)
{
	json_doc_free(&proof->doc);
}

attest_status proof_add_certificate(struct proof *proof, struct slice der, struct attest_error *error)
{
	size_t total = der.len;

	for (size_t i = 0; i < proof->n_certificates; i++)
		total += proof->certificates[i].len;
	if (proof->n_certificates == LIMIT_CERTIFICATES)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u certificates (LIMIT_CERTIFICATES)",
			    LIMIT_CERTIFICATES);
	if (total > LIMIT_CHAIN_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "certificates of more than %u bytes (LIMIT_CHAIN_BYTES)",
			    LIMIT_CHAIN_BYTES);
	proof->certificates[proof->n_certificates++] = der;
	return ATTEST_OK;
}

attest_status proof_add_log(struct proof *proof, const struct log *log, struct attest_error *error)
{
	if (proof->n_logs == sizeof(proof->logs) / sizeof(proof->logs[0]))
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u logs (LIMIT_LOGS)", LIMIT_LOGS);
	proof->logs[proof->n_logs++] = *log;
	return ATTEST_OK;
}

attest_status proof_parse_quote_files(struct proof *proof, const struct json_node *parent,
				      attest_status (*bytes)(const struct json_node *, size_t, struct slice *,
							     struct attest_error *),
				      struct attest_error *error)
{
	static const char *const members[] = {"message", "signature", "pcr", NULL};
	struct json_node quote = json_node_member(parent, "quote");
	struct json_node message = json_node_member(&quote, "message"),
			 signature = json_node_member(&quote, "signature");
	struct json_node pcr = json_node_member(&quote, "pcr");
	struct slice file;
	attest_status status = json_node_object(&quote, error);

	if (status == ATTEST_OK)
		status = json_node_only(&quote, members, error);
	if (status == ATTEST_OK)
		status = bytes(&message, LIMIT_TPM_STRUCTURE, &proof->attest, error);
	if (status == ATTEST_OK)
		status = bytes(&signature, LIMIT_TPM_STRUCTURE, &proof->signature, error);
	if (status == ATTEST_OK)
		status = bytes(&pcr, LIMIT_PCR_FILE, &file, error);
	if (status == ATTEST_OK)
		status = json_node_fail(&pcr, pcr_claim_parse_file(proof->doc.arena, file, &proof->pcrs, error), error);
	return status;
}

attest_status proof_set_ca(struct proof *proof, const struct json_node *pem, const struct event *before,
			   size_t n_before, struct attest_error *error)
{
	struct event *events = arena_alloc(proof->doc.arena, n_before + 1, sizeof(*events));
	struct log log = {"measurements", "PCR 15", true, PCR_TLS, ALG_SHA256, events, n_before + 1};
	attest_status status = json_node_pem(pem, "CERTIFICATE", &proof->tls_der, error);

	if (events == NULL)
		return fail_memory(error);
	if (status != ATTEST_OK)
		return status;
	for (size_t i = 0; i < n_before; i++)
		events[i] = before[i];
	events[n_before].type = "tls-ca";
	events[n_before].pcr = PCR_TLS;
	status = json_node_string(pem, &events[n_before].text, error);
	if (status != ATTEST_OK)
		return status;
	proof->tls_binding = TLS_CA_IN_PCR;
	proof->tls_is_certificate = true;
	return proof_add_log(proof, &log, error);
}
