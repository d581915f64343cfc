/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loose tpm2-tools files. The input is six pieces: quote, signature, PCR file, AK, AK chain, log; the first five each
 * with its length before it, two bytes, big-endian. A piece of no length is absent.
 */
#include "known.h"

static attest_verifier *verifier;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t len;
	char *policy = (char *)fuzz_file("tests/cases/good-loose-log/policy.json", &len);

	(void)argc;
	(void)argv;
	policy[len] = '\0';
	verifier = fuzz_verifier(policy);
	free(policy);
	known_load();
	return 0;
}

/* A copy of its own, so that reading past it is seen. */
static struct attest_bytes take(struct reader *r, size_t len)
{
	struct slice s = reader_bytes(r, len < r->rest.len ? len : r->rest.len);
	void *copy = NULL;

	if (s.len > 0) {
		copy = malloc(s.len);
		REQUIRE(copy != NULL);
		memcpy(copy, s.data, s.len);
	}
	return (struct attest_bytes){copy, s.len};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_parts parts = ATTEST_PARTS_INIT;
	struct attest_bytes *const pieces[] = {&parts.quote, &parts.signature, &parts.pcrs,
					       &parts.ak,    &parts.ak_chain,  &parts.log};
	struct reader r = reader_of(slice_of(data, size));
	struct attest_error e = {0};
	attest_result *result = NULL;
	attest_status status;

	for (size_t i = 0; i < 6; i++)
		*pieces[i] = take(&r, i < 5 ? reader_u16be(&r) : r.rest.len);
	options.time = FUZZ_TIME;
	if (fuzz_hash(data, size) % 2 == 0) {
		options.nonce = fuzz_nonce;
		options.nonce_len = sizeof(fuzz_nonce);
	}
	status = attest_verify_parts(verifier, &options, &parts, &result, &e);
	fuzz_check_account(status, &e, result);
	if (attest_result_verdict(result) != ATTEST_REFUSED)
		REQUIRE(known_has(slice_of(parts.quote.data, parts.quote.len)));
	attest_result_free(result);
	for (size_t i = 0; i < 6; i++)
		free((void *)pieces[i]->data);
	return 0;
}
