/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON. The pass that lifts long strings out must change nothing: jansson, given the same text whole, accepts
 * what libattest accepts, refuses what it refuses (but for limits), and reads the same values.
 */
#include "fuzz.h"

static void compare(const struct json_node *node, const json_t *want);

static void compare_string(const struct json_node *node, const json_t *want)
{
	struct attest_error e = {0};
	struct slice text, bytes;

	REQUIRE(json_node_string(node, &text, &e) == ATTEST_OK);
	REQUIRE(slice_equal(text, slice_of(json_string_value(want), json_string_length(want))));
	fuzz_check_error(json_node_hex(node, 4096, &bytes, &e), &e);
	error_clear(&e);
	fuzz_check_error(json_node_base64(node, 4096, &bytes, &e), &e);
	error_clear(&e);
	fuzz_check_error(json_node_pem(node, "CERTIFICATE", &bytes, &e), &e);
}

static void compare_object(const struct json_node *node, const json_t *want)
{
	static const char *const none[] = {NULL};
	struct attest_error e = {0};
	const char *key;
	json_t *value;

	REQUIRE(json_object_size(node->value) == json_object_size(want));
	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);

		compare(&member, json_object_get(want, key));
	}
	fuzz_check_error(json_node_only(node, none, &e), &e);
}

static void compare_array(const struct json_node *node, const json_t *want)
{
	struct attest_error e = {0};
	size_t n = 0;

	REQUIRE(json_node_array(node, SIZE_MAX, "LIMIT", &n, &e) == ATTEST_OK && n == json_array_size(want));
	for (size_t i = 0; i < n; i++) {
		struct json_node element = json_node_element(node, i);

		compare(&element, json_array_get(want, i));
	}
}

static void compare(const struct json_node *node, const json_t *want)
{
	struct attest_error e = {0};
	struct slice text;

	REQUIRE(want != NULL && json_typeof(node->value) == json_typeof(want));
	if (json_is_object(want))
		compare_object(node, want);
	else if (json_is_array(want))
		compare_array(node, want);
	else if (json_is_string(want))
		compare_string(node, want);
	else
		REQUIRE(json_equal(node->value, want) == 1);
	if (!json_is_string(want))
		fuzz_check_error(json_node_string(node, &text, &e), &e);
}

/* "offset N" lies in the text. */
static void check_offset(const struct attest_error *e, size_t size)
{
	unsigned long offset = 0;

	REQUIRE(sscanf(e->where, "offset %lu", &offset) == 1);
	REQUIRE(offset <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct json_doc doc;
	json_t *want = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	attest_status status = json_doc_parse(&doc, &arena, slice_of(data, size), &e);

	fuzz_check_error(status, &e);
	if (status != ATTEST_OK) {
		REQUIRE(status == ATTEST_E_LIMIT || want == NULL);
		check_offset(&e, size);
	} else {
		struct json_node root = json_doc_root(&doc);

		compare(&root, want);
		json_doc_free(&doc);
	}
	json_decref(want);
	arena_free(&arena);
	return 0;
}
