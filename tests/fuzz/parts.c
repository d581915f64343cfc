/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loose tpm2-tools files. The input is pieces, each with its length before it, two bytes, big-endian: quote, signature,
 * PCR file, AK, AK chain, where a piece of no length is absent; then logs until the end.
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
	void *copy = malloc(s.len == 0 ? 1 : s.len);

	REQUIRE(copy != NULL);
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	return (struct attest_bytes){copy, s.len};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_parts parts = ATTEST_PARTS_INIT;
	struct attest_bytes *const pieces[] = {&parts.quote, &parts.signature, &parts.pcrs, &parts.ak, &parts.ak_chain};
	struct attest_bytes logs[LIMIT_LOGS + 1];
	struct reader r = reader_of(slice_of(data, size));
	struct attest_error e = {0};
	attest_result *result = NULL;
	attest_status status;

	for (size_t i = 0; i < 5; i++)
		*pieces[i] = take(&r, reader_u16be(&r));
	for (parts.logs = logs; parts.n_logs < LIMIT_LOGS + 1 && r.rest.len >= 2; parts.n_logs++)
		logs[parts.n_logs] = take(&r, reader_u16be(&r));
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
	for (size_t i = 0; i < 5; i++)
		free((void *)pieces[i]->data);
	for (size_t i = 0; i < parts.n_logs; i++)
		free((void *)logs[i].data);
	return 0;
}
