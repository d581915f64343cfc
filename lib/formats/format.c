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

/* A log object, or an array of them. */
static bool is_log(const struct json_node *root)
{
	return json_is_array(root->value) || json_node_has(root, "events") || json_node_has(root, "data");
}

static attest_status parse_logs(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	attest_status status = ATTEST_OK;
	size_t n = 1;

	if (json_is_array(root->value))
		status = json_node_array(root, LIMIT_LOGS, "LIMIT_LOGS", &n, error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node node = json_is_array(root->value) ? json_node_element(root, i) : *root;
		struct log log;

		status = log_parse(&node, &log, error);
		if (status == ATTEST_OK)
			status = proof_add_log(proof, &log, error);
	}
	return status;
}

attest_status proof_add_log_file(struct proof *proof, struct slice bytes, struct attest_error *error)
{
	struct json_doc *doc;
	struct attest_error e = {0};
	struct json_node root;
	struct log log;
	attest_status status = log_recognise(bytes, &log, &e);

	if (bytes.len == 0)
		return fail(error, ATTEST_E_STRUCTURE, NULL,
			    "the log is empty, as some systems export it: leave it out");
	if (status == ATTEST_OK)
		return proof_add_log(proof, &log, error);
	if (status != ATTEST_E_FORMAT || !json_looks_like(bytes)) {
		*error = e;
		return status;
	}
	if (proof->n_log_docs == LIMIT_LOGS)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u logs (LIMIT_LOGS)", LIMIT_LOGS);
	doc = &proof->log_docs[proof->n_log_docs];
	status = json_doc_parse(doc, proof->doc.arena, bytes, error);
	if (status != ATTEST_OK)
		return status;
	proof->n_log_docs++;
	root = json_doc_root(doc);
	return parse_logs(proof, &root, error);
}

attest_status proof_parse_any(struct proof *proof, struct arena *arena, struct slice bytes, struct attest_error *error)
{
	struct attest_error e = {0};
	struct json_node root;
	struct log log;
	attest_status status;

	memset(proof, 0, sizeof(*proof));
	proof->doc.arena = arena;
	if (log_recognise(bytes, &log, &e) == ATTEST_OK) {
		proof->format = log.format;
		return proof_add_log(proof, &log, error);
	}
	if (!json_looks_like(bytes)) {
		error_expected(error, "a proof, or a TCG, CEL, systemd or IMA log");
		return fail(error, ATTEST_E_FORMAT, NULL, "neither a proof nor an event log of a known format");
	}
	status = json_doc_parse(&proof->doc, arena, bytes, error);
	if (status != ATTEST_OK)
		return status;
	root = json_doc_root(&proof->doc);
	if (!is_log(&root))
		return parse_root(proof, &root, error);
	status = parse_logs(proof, &root, error);
	proof->format = proof->n_logs > 0 ? proof->logs[0].format : "logs";
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
	for (size_t i = 0; i < proof->n_log_docs; i++)
		json_doc_free(&proof->log_docs[i]);
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
	struct log log = {.format = "measurements",
			  .place = "PCR 15",
			  .walker = &walk_events,
			  .pcr = PCR_TLS,
			  .only_bank = ALG_SHA256,
			  .events = events,
			  .n_events = n_before + 1};
	struct event ca = {
		.kind = EVENT_TEXT, .pcr = PCR_TLS, .measured = true, .type = "tls-ca", .startup_locality = -1};
	attest_status status = json_node_pem(pem, "CERTIFICATE", &proof->tls_der, error);

	if (events == NULL)
		return fail_memory(error);
	if (status != ATTEST_OK)
		return status;
	for (size_t i = 0; i < n_before; i++)
		events[i] = before[i];
	status = json_node_string(pem, &ca.data, error);
	if (status != ATTEST_OK)
		return status;
	ca.preimage = ca.data;
	events[n_before] = ca;
	proof->tls_binding = TLS_CA_IN_PCR;
	proof->tls_is_certificate = true;
	return proof_add_log(proof, &log, error);
}
