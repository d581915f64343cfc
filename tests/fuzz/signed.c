/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a malicious machine with a genuine TPM can send: the input is a libattest proof whose quote and AK are replaced
 * by ones that are rightly signed over whatever its logs say. So the fuzzer gets behind the signature, into logs,
 * policy and TLS key.
 */
#include "../forge.h"
#include "fuzz.h"

static struct forge forge;
static attest_verifier *verifiers[3];

/* Three policies: golden values that hold, an image map, and one that demands a TLS key. */
static const char *const policies[3] = {
	"{\"format\":\"libattest-policy-v1\",\"platforms\":[\"added\"],\"pcrs\":{\"0\":\"zero\"}}",
	"{\"image/name\":\"sha256:0000\",\"name\":\"id\"}",
	"{\"format\":\"libattest-policy-v1\",\"tls\":\"required\",\"pcrs\":{\"0\":[\"zero\"]}}",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	forge_init(&forge);
	for (size_t i = 0; i < 3; i++) {
		REQUIRE(attest_verifier_new(&verifiers[i]) == ATTEST_OK);
		REQUIRE(attest_verifier_add_roots(verifiers[i], forge.root, strlen(forge.root), NULL, NULL) ==
			ATTEST_OK);
		REQUIRE(attest_verifier_add_policy(verifiers[i], policies[i], strlen(policies[i]), NULL, NULL) ==
			ATTEST_OK);
	}
	return 0;
}

/* SHA-256("libattest quote v1" 0x00 || length of nonce || nonce || SHA-256(SubjectPublicKeyInfo)) */
static void quote_binding(const json_t *proof, const char *pem, uint8_t ret_extra[32])
{
	const char *nonce = json_string_value(json_object_get(proof, "nonce"));
	struct forge_bytes b = {.len = 0};
	char pin[ATTEST_PIN_SIZE] = "";
	uint8_t spki[36] = {0}, byte;
	size_t len = nonce == NULL ? 0 : strlen(nonce) / 2;

	memset(ret_extra, 0, 32);
	if (pem == NULL || len > 64 || attest_pin_of(pem, strlen(pem), pin, NULL) != ATTEST_OK)
		return;
	(void)EVP_DecodeBlock(spki, (const unsigned char *)pin + 8, 44);
	forge_put(&b, "libattest quote v1", 19);
	forge_put_be(&b, len, 2);
	for (size_t i = 0; i < len; i++) {
		if (sscanf(nonce + 2 * i, "%2hhx", &byte) != 1)
			return;
		forge_put(&b, &byte, 1);
	}
	forge_put(&b, spki, 32);
	(void)SHA256(b.data, b.len, ret_extra);
}

static void sign(json_t *proof)
{
	const json_t *tls = json_object_get(proof, "tls");
	const char *pem = json_string_value(json_object_get(tls, "public_key"));
	const char *binding = json_string_value(json_object_get(tls, "binding"));
	uint8_t extra[64] = {0};
	size_t len = 0;

	if (binding != NULL && strcmp(binding, "quote") == 0) {
		quote_binding(proof, pem, extra);
		len = 32;
	} else if (json_is_string(json_object_get(proof, "nonce"))) {
		const char *nonce = json_string_value(json_object_get(proof, "nonce"));

		while (len < sizeof(extra) && sscanf(nonce + 2 * len, "%2hhx", &extra[len]) == 1)
			len++;
	}
	(void)json_object_set_new(proof, "format", json_string("libattest-proof-v1"));
	forge_proof(&forge, proof, extra, len);
}

/* Behind the signature nothing of the quote can fail. */
static void check_genuine(const attest_result *r)
{
	if (!fuzz_passed(r, ATTEST_STEP_PARSE))
		return;
	REQUIRE(fuzz_passed(r, ATTEST_STEP_CHAIN) && fuzz_passed(r, ATTEST_STEP_SIGNATURE) &&
		fuzz_passed(r, ATTEST_STEP_QUOTE) && fuzz_passed(r, ATTEST_STEP_PCRS));
	REQUIRE(attest_result_n_pcrs(r) == FORGE_PCRS);
	REQUIRE(attest_result_step(r, ATTEST_STEP_LOG) != ATTEST_FAILED || attest_result_finding(r, 0) != NULL);
}

static void verify(attest_verifier *verifier, const char *text)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_error e = {0};
	attest_result *result = NULL;
	attest_status status;

	options.time = FUZZ_TIME;
	status = attest_verify(verifier, &options, text, strlen(text), &result, &e);
	fuzz_check_account(status, &e, result);
	check_genuine(result);
	attest_result_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *proof = json_loadb((const char *)data, size, 0, NULL);
	char *text;

	if (json_is_object(proof)) {
		sign(proof);
		text = json_dumps(proof, 0);
		REQUIRE(text != NULL);
		verify(verifiers[fuzz_hash(data, size) % 3], text);
		free(text);
	}
	json_decref(proof);
	return 0;
}
