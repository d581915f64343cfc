/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies, parsed and held against the evidence of testdata/demo/proof.json. A policy that finds no fault really has
 * every pin met, which is computed once more here; and no policy without a demand is accepted.
 */
#include "policy/policy.h"
#include "fuzz.h"

static struct arena kept;
static struct proof proof;
static struct quote quote;
static struct pcr_values pcrs;
static struct replay replay;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct findings findings;
	struct attest_error e = {0};
	size_t len;
	uint8_t *text = fuzz_file("testdata/demo/proof.json", &len);

	(void)argc;
	(void)argv;
	findings.arena = &kept;
	REQUIRE(proof_parse(&proof, &kept, slice_of(text, len), &e) == ATTEST_OK);
	REQUIRE(quote_parse(proof.attest, &quote, &e) == ATTEST_OK);
	REQUIRE(pcrs_match(&kept, &quote, ALG_SHA256, &proof.pcrs, &pcrs, &e) == ATTEST_OK);
	REQUIRE(replay_logs(&replay, &pcrs, proof.logs, proof.n_logs, &findings, &e) == ATTEST_OK);
	REQUIRE(replay.proven[14] && replay.proven[15]);
	return 0;
}

static void check_policy(const struct policy *policy)
{
	fuzz_check_printable(policy->name, false);
	REQUIRE(digest_size(policy->bank) != 0);
	REQUIRE(policy_has_golden_values(policy) || policy->n_platforms > 0 || policy->tls == REQUIRED ||
		policy->nonce == REQUIRED);
	for (size_t i = 0; i < LIMIT_PCRS; i++) {
		const struct pin *pin = &policy->pins[i];

		REQUIRE((pin->kind == PIN_VALUES) == (pin->n_values > 0) && pin->n_values <= LIMIT_PIN_VALUES);
		for (size_t k = 0; k < pin->n_values; k++)
			fuzz_check_printable(pin->values[k].name, false);
	}
}

static bool pin_holds(const struct policy *policy, uint8_t index)
{
	const struct pin *pin = &policy->pins[index];

	for (size_t i = 0; i < pcrs.n; i++)
		for (size_t k = 0; k < pin->n_values; k++)
			if (pcrs.values[i].index == index && pcrs.values[i].value.alg == policy->bank &&
			    memcmp(pcrs.values[i].value.bytes, pin->values[k].value.bytes, digest_size(policy->bank)) ==
				    0)
				return true;
	return false;
}

static void check_holds(const struct policy *policy, const struct evidence *evidence)
{
	bool platform = policy->n_platforms == 0 || evidence->platform == NULL;

	for (uint8_t i = 0; i < LIMIT_PCRS; i++) {
		if (policy->pins[i].kind != PIN_VALUES)
			continue;
		REQUIRE(pin_holds(policy, i));
		REQUIRE(policy->accept_resettable || (i != 16 && i != 23));
	}
	for (size_t i = 0; i < policy->n_platforms && evidence->platform != NULL; i++)
		platform = platform || strcmp(policy->platforms[i], evidence->platform) == 0;
	REQUIRE(platform);
	/* The demo has neither an application disk nor an image event. */
	REQUIRE(policy->application_disk.len == 0 && policy->n_containers == 0);
}

static void check_pins_told(const struct policy *policy)
{
	for (size_t i = 0; i < pcrs.n && policy->n_releases == 0; i++) {
		const char *name = NULL;
		enum pin_match match = policy_match_pin(policy, &pcrs.values[i], &name);

		if (match == PIN_MATCHES)
			REQUIRE(pin_holds(policy, pcrs.values[i].index));
		if (match == PIN_DIFFERS)
			REQUIRE(!pin_holds(policy, pcrs.values[i].index));
	}
}

static void evaluate(const struct policy *policy, const char *platform)
{
	struct evidence evidence = {&proof, &pcrs, &replay, platform, 0};
	struct arena arena = {NULL};
	struct findings findings = {.arena = &arena};
	struct attest_error e = {0};

	REQUIRE(policy_evaluate(policy, &evidence, &findings, &e) == ATTEST_OK);
	REQUIRE(findings.internal == ATTEST_OK);
	for (size_t i = 0; i < findings.n; i++) {
		REQUIRE(findings.items[i].step == ATTEST_STEP_POLICY);
		fuzz_check_printable(findings.items[i].message, false);
		fuzz_check_printable(findings.items[i].where, false);
		fuzz_check_printable(findings.items[i].expected, false);
		fuzz_check_printable(findings.items[i].found, false);
	}
	if (!findings.step_failed[ATTEST_STEP_POLICY])
		check_holds(policy, &evidence);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_error e = {0};
	struct policy *policy = NULL;
	attest_status status = policy_parse(slice_of(data, size), "\x1b[31mfile", &policy, &e);

	fuzz_check_error(status, &e);
	REQUIRE((policy != NULL) == (status == ATTEST_OK));
	if (policy == NULL)
		return 0;
	check_policy(policy);
	check_pins_told(policy);
	evaluate(policy, "added");
	evaluate(policy, NULL);
	policy_free(policy);
	return 0;
}
