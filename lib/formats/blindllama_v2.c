/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BlindLlama v2's attestation.json. PCR 15 holds the application disk's root hash, 32 zero bytes, and SHA-256 of the
 * PEM text of the CA under which the server's TLS certificate stands.
 */
#include "proof.h"

static attest_status parse_chain(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	struct json_node chain = json_node_member(root, "cert_chain");
	size_t n = 0;
	attest_status status = json_node_array(&chain, LIMIT_CERTIFICATES, "LIMIT_CERTIFICATES", &n, error);

	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node pem = json_node_element(&chain, i);
		struct slice der;

		status = json_node_pem(&pem, "CERTIFICATE", &der, error);
		if (status == ATTEST_OK)
			status = json_node_fail(&pem, proof_add_certificate(proof, der, error), error);
	}
	return status;
}

static struct event bare(const char *type, struct slice digest)
{
	return (struct event){.kind = EVENT_BARE,
			      .pcr = PCR_TLS,
			      .measured = true,
			      .type = type,
			      .digests = {{ALG_SHA256, digest}},
			      .n_digests = 1,
			      .startup_locality = -1};
}

static attest_status parse_measured(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const uint8_t sentinel[32];
	struct json_node disk = json_node_member(root, "application_disk_roothash");
	struct json_node ca = json_node_member(root, "webserver_rootca");
	struct event before[2];
	attest_status status = json_node_hex(&disk, 32, &proof->application_disk, error);

	if (status == ATTEST_OK && proof->application_disk.len != 32)
		status = json_node_fail(&disk, fail(error, ATTEST_E_ENCODING, NULL, "not 32 bytes of hex"), error);
	before[0] = bare("application-disk", proof->application_disk);
	before[1] = bare("separator", slice_of(sentinel, sizeof(sentinel)));
	return status == ATTEST_OK ? proof_set_ca(proof, &ca, before, 2, error) : status;
}

attest_status blindllama_v2_parse(struct proof *proof, const struct json_node *root, struct attest_error *error)
{
	static const char *const members[] = {"cert_chain", "quote", "webserver_rootca", "application_disk_roothash",
					      NULL};
	attest_status status = json_node_only(root, members, error);

	if (status == ATTEST_OK)
		status = proof_parse_quote_files(proof, root, json_node_base64, error);
	if (status == ATTEST_OK)
		status = parse_chain(proof, root, error);
	return status == ATTEST_OK ? parse_measured(proof, root, error) : status;
}
