/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_inspect() and attest_compare() over any proof or log: an error, or a document of printable ASCII; what is
 * compared with itself is equal, if it is sound.
 */
#include "fuzz.h"

static uint8_t *known_good;
static size_t known_good_len;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	known_good = fuzz_file("testdata/boot/known-good.json", &known_good_len);
	return 0;
}

static json_t *check_document(attest_status status, char *text, const struct attest_error *e)
{
	json_t *root;

	fuzz_check_error(status, e);
	if (status != ATTEST_OK)
		return NULL;
	fuzz_check_printable(text, false);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	REQUIRE(root != NULL);
	attest_string_free(text);
	return root;
}

static bool has_differences(const json_t *root)
{
	const json_t *pcrs = json_object_get(root, "pcrs"), *pcr;
	size_t i;

	json_array_foreach(pcrs, i, pcr) if (!json_is_true(json_object_get(pcr, "equal"))) return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_inspect_options options = ATTEST_INSPECT_OPTIONS_INIT;
	struct attest_error e = {0};
	char *text = NULL;
	json_t *root;
	attest_status status;

	options.max_events = 24;
	status = attest_inspect(&options, data, size, &text, &e);
	root = check_document(status, text, &e);
	json_decref(root);
	if (root == NULL)
		return 0;
	e = (struct attest_error){0};
	status = attest_compare(&options, data, size, data, size, &text, &e);
	root = check_document(status, text, &e);
	REQUIRE(json_is_true(json_object_get(root, "equal")) ||
		json_array_size(json_object_get(json_object_get(root, "a"), "problems")) > 0);
	REQUIRE(!has_differences(root));
	json_decref(root);
	status = attest_compare(&options, known_good, known_good_len, data, size, &text, &e);
	json_decref(check_document(status, text, &e));
	return 0;
}
