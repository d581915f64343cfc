/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole proof against verifiers that live on, as a server's would: with golden values, and without. No mutant of a
 * good proof may be accepted unless its quote is one that was really signed, and what a cache remembers changes no
 * account.
 */
#include "known.h"

static attest_verifier *with_policy, *without_policy;
static char *policy;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t len;

	(void)argc;
	(void)argv;
	policy = (char *)fuzz_file("testdata/demo/policy.json", &len);
	policy[len] = '\0';
	with_policy = fuzz_verifier(policy);
	without_policy = fuzz_verifier(NULL);
	known_load();
	return 0;
}

static char *account(attest_verifier *verifier, const struct attest_options *options, struct slice text,
		     attest_verdict *ret_verdict)
{
	struct attest_error e = {0};
	attest_result *result = NULL;
	attest_status status = attest_verify(verifier, options, text.data, text.len, &result, &e);
	char *json = NULL;

	fuzz_check_account(status, &e, result);
	REQUIRE(attest_result_json(result, NULL, &json) == ATTEST_OK);
	*ret_verdict = attest_result_verdict(result);
	attest_result_free(result);
	return json;
}

static void check_known(struct slice text)
{
	struct arena arena = {NULL};

	REQUIRE(known_has(known_attest(&arena, text)));
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	uint32_t hash = fuzz_hash(data, size);
	bool use_policy = hash % 3 != 0;
	attest_verdict verdict, again;
	char *json;

	options.time = FUZZ_TIME;
	if (hash % 2 == 0) {
		options.nonce = fuzz_nonce;
		options.nonce_len = sizeof(fuzz_nonce);
	}
	json = account(use_policy ? with_policy : without_policy, &options, slice_of(data, size), &verdict);
	if (verdict != ATTEST_REFUSED)
		check_known(slice_of(data, size));
	if (hash % 64 == 0) {
		attest_verifier *fresh = fuzz_verifier(use_policy ? policy : NULL);
		char *fresh_json = account(fresh, &options, slice_of(data, size), &again);

		REQUIRE(strcmp(json, fresh_json) == 0);
		attest_string_free(fresh_json);
		attest_verifier_free(fresh);
	}
	attest_string_free(json);
	return 0;
}
