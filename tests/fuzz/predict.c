/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unified kernel image: what is predicted from it is a policy that libattest takes, with every kind of option.
 */
#include "fuzz.h"
#include "policy/policy.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void check_policy(const char *json)
{
	struct attest_error e = {0};
	struct policy *policy = NULL;

	REQUIRE(policy_parse(slice_of_string(json), "predicted", &policy, &e) == ATTEST_OK);
	REQUIRE(policy_has_golden_values(policy));
	policy_free(policy);
}

static void predict(const struct attest_predict_options *options)
{
	struct attest_error e = {0};
	char *json = NULL;
	attest_status status = attest_policy_predict(options, &json, &e);

	fuzz_check_error(status, &e);
	REQUIRE((status == ATTEST_OK) == (json != NULL));
	if (json != NULL)
		check_policy(json);
	attest_string_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const phases[] = {"", "enter-initrd"};
	struct attest_predict_options options = ATTEST_PREDICT_OPTIONS_INIT;

	options.uki = data;
	options.uki_len = size;
	predict(&options);
	options.platform = "azure";
	options.bank = "sha384";
	options.cmdline = "quiet";
	options.phases = phases;
	options.n_phases = 2;
	predict(&options);
	options.cmdline = NULL;
	options.secure_boot = 1;
	options.n_phases = 0;
	predict(&options);
	return 0;
}
