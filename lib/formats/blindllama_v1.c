/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BlindLlama v1 and AICert: the answer of their aTLS endpoint, and build proofs.
 *
 * Which PCR a log belongs to follows from the members alone: AICert has an output_event_log and measures inputs into
 * PCR 14, outputs into PCR 8; BlindLlama v1 has none and measures into PCR 16, which software can reset.
 */
#include "base/text.h"
#include "proof.h"

enum { PCR_INPUTS = 14, PCR_OUTPUTS = 8, PCR_BLINDLLAMA_V1 = 16 };

/* {"base64": …} */
static attest_status parse_bytes(const struct json_node *node, size_t max, struct slice *ret_bytes,
				 struct attest_error *error)
{
	static const char *const members[] = {"base64", NULL};
	struct json_node base64 = json_node_member(node, "base64");
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = json_node_only(node, members, error);
	return status == ATTEST_OK ? json_node_base64(&base64, max, ret_bytes, error) : status;
}

/* Certificates come as DER or as PEM text, in base64 either way. */
static attest_status parse_certificate(struct proof *proof, const struct json_node *node, struct attest_error *error)
{
	struct slice bytes;
	attest_status status = parse_bytes(node, LIMIT_CHAIN_BYTES, &bytes, error);

	if (status == ATTEST_OK && pem_begins(bytes)) {
		struct slice text = bytes;

		status = pem_next(proof->doc.arena, &text, "CERTIFICATE", &bytes, error);
		if (status == ATTEST_OK && text.len != 0)
			status = fail(error, ATTEST_E_ENCODING, "RFC 7468, 2", "text after the PEM block");
	}
	if (status == ATTEST_OK)
		status = proof_add_certificate(proof, bytes, error);
	return json_node_fail(node, status, error);
}

static attest_status parse_chain(struct proof *proof, const struct json_node *attestation, struct attest_error *error)
{
	struct json_node chain = json_node_member(attestation, "cert_chain");
	size_t n = 0;
	attest_status status = json_node_array(&chain, LIMIT_CERTIFICATES, "LIMIT_CERTIFICATES", &n, error);

	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node node = json_node_element(&chain, i);

		status = parse_certificate(proof, &node, error);
	}
	return status;
}

static attest_status parse_event_log(struct proof *proof, const struct json_node *root, const char *name, uint8_t pcr,
				     struct attest_error *error)
{
	struct json_node array = json_node_member(root, name);
	struct log log;
	attest_status status;

	if (array.value == NULL)
		return ATTEST_OK;
	status = text_events_parse(&array, pcr, ALG_SHA256, &log, error);
	return status == ATTEST_OK ? proof_add_log(proof, &log, error) : status;
}

static attest_status refuse_simulation(const struct json_node *attestation, struct attest_error *error)
{
	struct json_node simulation = json_node_member(attestation, "simulation_mode");
	bool simulated = false;
	attest_status status;

	if (simulation.value == NULL)
		return ATTEST_OK;
	status = json_node_bool(&simulation, &simulated, error);
	if (status == ATTEST_OK && simulated)
		status = json_node_fail(&simulation,
					fail(error, ATTEST_E_SIMULATION, NULL,
					     "the proof was made in simulation mode: no TPM stands behind it"),
					error);
	return status;
}

/* What AICert's server writes in a build proof, which names no CA. */
static bool is_empty_text(const struct json_node *node)
{
	return json_is_string(node->value) && json_string_length(node->value) == 0;
}

attest_status blindllama_v1_parse(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const char *const members[] = {"ca_cert", "event_log", "output_event_log", "remote_attestation", NULL};
	static const char *const attestation_members[] = {"quote", "cert_chain", "simulation_mode", NULL};
	struct json_node attestation = json_node_member(root, "remote_attestation");
	struct json_node ca = json_node_member(root, "ca_cert");
	uint8_t pcr = json_node_has(root, "output_event_log") ? PCR_INPUTS : PCR_BLINDLLAMA_V1;
	attest_status status = json_node_object(&attestation, error);

	if (status == ATTEST_OK)
		status = refuse_simulation(&attestation, error);
	if (status == ATTEST_OK)
		status = json_node_only(root, members, error);
	if (status == ATTEST_OK)
		status = json_node_only(&attestation, attestation_members, error);
	if (status == ATTEST_OK)
		status = proof_parse_quote_files(proof, &attestation, parse_bytes, error);
	if (status == ATTEST_OK)
		status = parse_chain(proof, &attestation, error);
	if (status == ATTEST_OK)
		status = parse_event_log(proof, root, "event_log", pcr, error);
	if (status == ATTEST_OK)
		status = parse_event_log(proof, root, "output_event_log", PCR_OUTPUTS, error);
	if (status == ATTEST_OK && ca.value != NULL && !is_empty_text(&ca))
		status = proof_set_ca(proof, &ca, NULL, 0, error);
	return status;
}
