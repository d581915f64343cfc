/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_show(), _lint(), _diff(), _merge() and _convert() over any policy: an error, the same of all, or text
 * of printable ASCII; what is made of a policy is one, and a policy means the same as itself and as what it is
 * converted to.
 */
#include "fuzz.h"

static struct attest_document other;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t len;

	(void)argc;
	(void)argv;
	other = (struct attest_document){fuzz_file("tests/policies/new.json", &len), 0, "\x1b[31mother.json"};
	other.len = len;
	return 0;
}

/* ids and severities, and at most 1001. */
static void check_findings(const struct attest_document *policy)
{
	static const char *const members[] = {"id", "severity", "where", "message", "hint"};
	char *json = NULL;
	json_t *list;

	REQUIRE(attest_policy_lint(policy, FUZZ_TIME, &json, NULL) == ATTEST_OK);
	fuzz_check_printable(json, false);
	list = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	REQUIRE(json_is_array(list) && json_array_size(list) <= 1001);
	for (size_t i = 0; i < json_array_size(list); i++)
		for (size_t k = 0; k < 5; k++)
			REQUIRE(json_string_length(json_object_get(json_array_get(list, i), members[k])) > 0);
	json_decref(list);
	attest_string_free(json);
}

static bool is_equal(const struct attest_document *a, const struct attest_document *b)
{
	char *json = NULL;
	json_t *root;
	bool equal;

	REQUIRE(attest_policy_diff(a, b, &json, NULL) == ATTEST_OK);
	fuzz_check_printable(json, false);
	root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	REQUIRE(root != NULL);
	equal = json_is_true(json_object_get(root, "equal"));
	REQUIRE(equal == (json_array_size(json_object_get(root, "differences")) == 0));
	json_decref(root);
	attest_string_free(json);
	return equal;
}

static void check_converted(const struct attest_document *policy)
{
	struct attest_document converted = {.name = policy->name};
	char *json = NULL, *again = NULL;

	REQUIRE(attest_policy_convert(policy, &json, NULL) == ATTEST_OK);
	fuzz_check_printable(json, true);
	converted.data = json;
	converted.len = strlen(json);
	REQUIRE(is_equal(policy, &converted));
	REQUIRE(attest_policy_convert(&converted, &again, NULL) == ATTEST_OK);
	REQUIRE(strcmp(json, again) == 0);
	attest_string_free(json);
	attest_string_free(again);
}

/* Where the two can be one policy, it is a policy. */
static void check_merged(const struct attest_document *old, const struct attest_document *new)
{
	struct attest_document merged = {.name = NULL};
	struct attest_error e = {0};
	char *json = NULL, *again = NULL;
	attest_status status = attest_policy_merge(old, new, FUZZ_TIME, &json, &e);

	fuzz_check_error(status, &e);
	if (status != ATTEST_OK)
		return;
	merged.data = json;
	merged.len = strlen(json);
	REQUIRE(attest_policy_convert(&merged, &again, NULL) == ATTEST_OK);
	REQUIRE(strcmp(json, again) == 0);
	REQUIRE(is_equal(&merged, &merged));
	attest_string_free(json);
	attest_string_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_document policy = {data, size, "folder/\x1b[31mfile"};
	struct attest_error e = {0}, e2 = {0};
	char *text = NULL;
	attest_status status = attest_policy_show(&policy, &text, &e);

	fuzz_check_error(status, &e);
	REQUIRE((text != NULL) == (status == ATTEST_OK));
	if (status != ATTEST_OK) {
		REQUIRE(attest_policy_lint(&policy, 0, &text, &e2) == status);
		return 0;
	}
	fuzz_check_printable(text, true);
	attest_string_free(text);
	check_findings(&policy);
	check_converted(&policy);
	(void)is_equal(&policy, &other);
	check_merged(&policy, &other);
	check_merged(&other, &policy);
	return 0;
}
