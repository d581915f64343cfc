/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: what is trusted and demanded, set up once.
 */
#include <openssl/err.h>
#include <stdlib.h>

#include "base/text.h"
#include "evidence/spki.h"
#include "run.h"

attest_status attest_verifier_new(attest_verifier **ret_verifier)
{
	attest_verifier *verifier = calloc(1, sizeof(*verifier));
	attest_status status = verifier == NULL ? ATTEST_E_NO_MEMORY : trust_store_init(&verifier->store);

	if (status != ATTEST_OK) {
		free(verifier);
		return status;
	}
	*ret_verifier = verifier;
	return ATTEST_OK;
}

void attest_verifier_free(attest_verifier *verifier)
{
	if (verifier == NULL)
		return;
	for (size_t i = 0; i < verifier->n_policies; i++)
		policy_free(verifier->policies[i]);
	for (size_t i = 0; i < verifier->n_references; i++)
		proof_free(&verifier->references[i]->proof);
	policy_keys_clear(&verifier->policy_keys);
	arena_free(&verifier->arena);
	trust_store_clear(&verifier->store);
	free(verifier);
}

static attest_status check_unused(attest_verifier *verifier, struct attest_error *error)
{
	return atomic_load(&verifier->in_use) ? fail(error, ATTEST_E_STATE, NULL,
						     "the verifier has verified already and cannot be changed any more")
					      : ATTEST_OK;
}

static attest_status given(attest_status status, const struct attest_error *from, struct attest_error *error)
{
	if (status != ATTEST_OK && error != NULL)
		*error = *from;
	return status;
}

attest_status attest_verifier_add_roots(attest_verifier *verifier, const void *pem_or_der, size_t len,
					const char *leaf_purpose, struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	ERR_clear_error();
	if (status == ATTEST_OK)
		status = trust_store_add(&verifier->store, slice_of(pem_or_der, len), leaf_purpose, &e);
	return given(status, &e, error);
}

attest_status attest_verifier_use_default_roots(attest_verifier *verifier, int use)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	if (status == ATTEST_OK)
		verifier->store.use_defaults = use != 0;
	return status;
}

attest_status attest_verifier_demand_signed(attest_verifier *verifier, const void *key_pem, size_t len,
					    struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	ERR_clear_error();
	if (status == ATTEST_OK && verifier->n_policies > 0)
		status = fail(&e, ATTEST_E_STATE, NULL,
			      "a policy was added before its signature was demanded: demand it first");
	if (status == ATTEST_OK)
		status = policy_keys_add(&verifier->policy_keys, slice_of(key_pem, len), &e);
	return given(status, &e, error);
}

static attest_status add_policy(attest_verifier *verifier, struct slice json, const char *name,
				struct attest_error *error)
{
	struct arena arena = {NULL};
	attest_status status = ATTEST_OK;

	if (verifier->policy_keys.n > 0)
		status = signed_policy_open(&arena, json, &verifier->policy_keys, &json, error);
	if (status == ATTEST_OK)
		status = policy_parse(json, name, &verifier->policies[verifier->n_policies], error);
	arena_free(&arena);
	return status;
}

attest_status attest_verifier_add_policy(attest_verifier *verifier, const void *json, size_t len, const char *name,
					 struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	ERR_clear_error();
	if (status == ATTEST_OK && verifier->n_policies == LIMIT_POLICIES)
		status = fail(&e, ATTEST_E_LIMIT, NULL, "more than %u policies (LIMIT_POLICIES)", LIMIT_POLICIES);
	if (status == ATTEST_OK)
		status = add_policy(verifier, slice_of(json, len), name, &e);
	if (status == ATTEST_OK)
		verifier->n_policies++;
	return given(status, &e, error);
}

static attest_status add_reference(attest_verifier *verifier, struct slice bytes, const char *name,
				   struct attest_error *error)
{
	struct reference *reference = arena_alloc(&verifier->arena, 1, sizeof(*reference));
	const void *copy = arena_copy(&verifier->arena, bytes.data, bytes.len);
	attest_status status;

	if (reference == NULL || copy == NULL)
		return fail_memory(error);
	reference->name = printable(&verifier->arena, slice_of_string(name == NULL ? "reference" : name), 80);
	if (reference->name == NULL)
		return fail_memory(error);
	status = proof_parse_any(&reference->proof, &verifier->arena, slice_of(copy, bytes.len), error);
	if (status == ATTEST_OK && reference->proof.n_logs == 0)
		status = fail(error, ATTEST_E_STRUCTURE, NULL, "the reference holds no event log");
	if (status != ATTEST_OK) {
		proof_free(&reference->proof);
		return status;
	}
	verifier->references[verifier->n_references++] = reference;
	return ATTEST_OK;
}

attest_status attest_verifier_add_reference(attest_verifier *verifier, const void *proof_or_log, size_t len,
					    const char *name, struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	if (status == ATTEST_OK && len > LIMIT_PROOF_BYTES)
		status = fail(&e, ATTEST_E_LIMIT, NULL, "more than %u bytes (LIMIT_PROOF_BYTES)", LIMIT_PROOF_BYTES);
	if (status == ATTEST_OK && verifier->n_references == LIMIT_REFERENCES)
		status = fail(&e, ATTEST_E_LIMIT, NULL, "more than %u references (LIMIT_REFERENCES)", LIMIT_REFERENCES);
	if (status == ATTEST_OK)
		status = add_reference(verifier, slice_of(proof_or_log, len), name, &e);
	return given(status, &e, error);
}

attest_status attest_pin_of(const void *pem_or_der, size_t len, char ret_pin[ATTEST_PIN_SIZE],
			    struct attest_error *error)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice text = slice_of(pem_or_der, len), der = text, spki = {NULL, 0};
	bool is_key = false;
	attest_status status = ATTEST_OK;
	static const char key_begin[] = "-----BEGIN PUBLIC KEY-----";

	if (pem_find_first(&text)) {
		is_key = slice_equal(slice_sub(text, 0, sizeof(key_begin) - 1), slice_of_string(key_begin));
		status = pem_next(&arena, &text, is_key ? "PUBLIC KEY" : "CERTIFICATE", &der, &e);
	}
	if (status == ATTEST_OK && is_key) {
		spki = der;
		status = spki_check(spki, &e);
	} else if (status == ATTEST_OK) {
		status = spki_of_certificate(der, &spki, &e);
	}
	if (status == ATTEST_OK)
		status = spki_pin(spki, ret_pin, &e);
	arena_free(&arena);
	return given(status, &e, error);
}
