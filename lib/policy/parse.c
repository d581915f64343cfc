/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy.h"

enum { ROOT_HASH_SIZE = 32 };

static attest_status parse_name(struct policy *policy, const struct json_node *node, const char **ret_text,
				struct attest_error *error)
{
	struct slice text;
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	*ret_text = printable(&policy->arena, text, 256);
	return *ret_text == NULL ? fail_memory(error) : ATTEST_OK;
}

/* The string is one of the choices; their position is returned. */
static attest_status parse_choice(const struct json_node *node, const char *const *choices, size_t n,
				  size_t *ret_choice, struct attest_error *error)
{
	struct slice text = {NULL, 0};
	char list[120] = "", found[60];
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	for (size_t i = 0; i < n; i++) {
		if (slice_equal(text, slice_of_string(choices[i]))) {
			*ret_choice = i;
			return ATTEST_OK;
		}
		(void)strncat(list, i == 0 ? "" : ", ", sizeof(list) - strlen(list) - 1);
		(void)strncat(list, choices[i], sizeof(list) - strlen(list) - 1);
	}
	error_expected(error, "%s", list);
	error_found(error, "\"%s\"", printable_to(text, found, sizeof(found)));
	return json_node_fail(node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "not one of the values allowed here"),
			      error);
}

static attest_status parse_digest(struct policy *policy, const struct json_node *node, const char *name,
				  struct pin *pin, struct attest_error *error)
{
	struct pin_value *value = &pin->values[pin->n_values];
	struct slice text = {NULL, 0}, bytes;
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	*value = (struct pin_value){
		name, {.alg = policy->bank, .size = digest_size(policy->bank)}
        };
	if (!slice_equal(text, slice_of_string("zero"))) {
		status = json_node_hex(node, DIGEST_MAX, &bytes, error);
		if (status != ATTEST_OK)
			return status;
		if (bytes.len != value->value.size) {
			error_expected(error, "%u bytes of hex (bank %s), or \"zero\"", value->value.size,
				       digest_name(policy->bank));
			error_found(error, "%zu bytes", bytes.len);
			return json_node_fail(
				node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "not a value of this bank"), error);
		}
		memcpy(value->value.bytes, bytes.data, bytes.len);
	}
	pin->n_values++;
	return ATTEST_OK;
}

static attest_status parse_named_values(struct policy *policy, const struct json_node *node, struct pin *pin,
					struct attest_error *error)
{
	attest_status status = ATTEST_OK;
	const char *key;
	json_t *value;

	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);
		const char *name = printable(&policy->arena, slice_of_string(key), 256);

		if (name == NULL)
			return fail_memory(error);
		status = parse_digest(policy, &member, name, pin, error);
		if (status != ATTEST_OK)
			return status;
	}
	return status;
}

/* "hex" | "zero" | "ignore" | ["hex" or "zero", …] | {"name": "hex" or "zero", …} */
static attest_status parse_pin(struct policy *policy, const struct json_node *node, struct pin *pin,
			       struct attest_error *error)
{
	size_t n = json_is_array(node->value)    ? json_array_size(node->value)
		   : json_is_object(node->value) ? json_object_size(node->value)
						 : 1;
	attest_status status = ATTEST_OK;

	if (json_is_string(node->value) && strcmp(json_string_value(node->value), "ignore") == 0) {
		pin->kind = PIN_IGNORE;
		return ATTEST_OK;
	}
	if (n == 0 || n > LIMIT_PIN_VALUES)
		return json_node_fail(node,
				      fail(error, ATTEST_E_POLICY_INVALID, NULL,
					   "a PCR needs 1 to %u allowed values (LIMIT_PIN_VALUES)", LIMIT_PIN_VALUES),
				      error);
	pin->kind = PIN_VALUES;
	pin->values = arena_alloc(&policy->arena, n, sizeof(*pin->values));
	if (pin->values == NULL)
		return fail_memory(error);
	policy->n_pins++;
	if (json_is_object(node->value))
		return parse_named_values(policy, node, pin, error);
	if (!json_is_array(node->value))
		return parse_digest(policy, node, NULL, pin, error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node element = json_node_element(node, i);

		status = parse_digest(policy, &element, NULL, pin, error);
	}
	return status;
}

static attest_status parse_pins(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	attest_status status = json_node_object(node, error);
	const char *key;
	json_t *value;

	if (status != ATTEST_OK)
		return status;
	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);
		uint8_t index;

		if (!pcr_index_parse(key, &index))
			return json_node_fail(
				&member,
				fail(error, ATTEST_E_POLICY_INVALID, NULL, "not a PCR index (\"0\" to \"31\")"), error);
		status = parse_pin(policy, &member, &policy->pins[index], error);
		if (status != ATTEST_OK)
			return status;
	}
	return ATTEST_OK;
}

static attest_status parse_platforms(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	static const char *const choices[] = {"azure", "gcp", "aws", "vendor", "added"};
	size_t n_choices = sizeof(choices) / sizeof(choices[0]), n = 0;
	attest_status status = json_node_array(node, n_choices, "platforms", &n, error);

	if (status != ATTEST_OK)
		return status;
	if (n == 0)
		return json_node_fail(node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "allows no platform at all"),
				      error);
	policy->platforms = arena_alloc(&policy->arena, n, sizeof(*policy->platforms));
	if (policy->platforms == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		struct json_node element = json_node_element(node, i);
		size_t choice = 0;

		status = parse_choice(&element, choices, n_choices, &choice, error);
		if (status != ATTEST_OK)
			return status;
		policy->platforms[policy->n_platforms++] = choices[choice];
	}
	return ATTEST_OK;
}

static attest_status parse_disk(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	attest_status status = json_node_hex(node, ROOT_HASH_SIZE, &policy->application_disk, error);

	if (status == ATTEST_OK && policy->application_disk.len != ROOT_HASH_SIZE)
		status = json_node_fail(node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "not 32 bytes of hex"), error);
	return status;
}

static attest_status parse_containers(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	attest_status status = json_node_object(node, error);
	const char *key;
	json_t *value;

	if (status != ATTEST_OK)
		return status;
	policy->containers = arena_alloc(&policy->arena, json_object_size(node->value), sizeof(*policy->containers));
	if (policy->containers == NULL)
		return fail_memory(error);
	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);
		struct container *container = &policy->containers[policy->n_containers++];
		struct slice id = {NULL, 0};

		status = json_node_string(&member, &id, error);
		if (status != ATTEST_OK)
			return status;
		container->image = arena_string(&policy->arena, slice_of_string(key));
		container->id = arena_string(&policy->arena, id);
		if (container->image == NULL || container->id == NULL)
			return fail_memory(error);
	}
	return ATTEST_OK;
}

static attest_status parse_bank(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	static const char *const choices[] = {"sha1", "sha256", "sha384", "sha512"};
	size_t choice = 0;
	attest_status status = parse_choice(node, choices, sizeof(choices) / sizeof(choices[0]), &choice, error);

	if (status == ATTEST_OK)
		policy->bank = digest_alg(choices[choice]);
	return status;
}

static attest_status parse_requirement(const struct json_node *node, enum requirement *ret_requirement,
				       struct attest_error *error)
{
	static const char *const choices[] = {"optional", "required"};
	size_t choice = 0;
	attest_status status = parse_choice(node, choices, 2, &choice, error);

	if (status == ATTEST_OK)
		*ret_requirement = choice == 1 ? REQUIRED : OPTIONAL;
	return status;
}

static attest_status parse_tls(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	return parse_requirement(node, &policy->tls, error);
}

static attest_status parse_nonce(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	return parse_requirement(node, &policy->nonce, error);
}

static attest_status parse_resettable(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	static const char *const choices[] = {"refuse", "accept"};
	size_t choice = 0;
	attest_status status = parse_choice(node, choices, 2, &choice, error);

	policy->accept_resettable = choice == 1;
	return status;
}

static attest_status parse_policy_name(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	return parse_name(policy, node, &policy->name, error);
}

static attest_status parse_format(const struct json_node *node, struct attest_error *error)
{
	static const char *const choices[] = {"libattest-policy-v1"};
	size_t choice;

	return parse_choice(node, choices, 1, &choice, error);
}

/* A member of a policy, in the order of reading: pins need the bank. parse NULL: it was read before. */
struct member {
	const char *name;
	attest_status (*parse)(struct policy *, const struct json_node *, struct attest_error *);
};

static attest_status parse_members(struct policy *policy, const struct json_node *root, const struct member *members,
				   size_t n, struct attest_error *error)
{
	const char *names[16] = {NULL};
	attest_status status;

	for (size_t i = 0; i < n; i++)
		names[i] = members[i].name;
	status = json_node_only(root, names, error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node node = json_node_member(root, members[i].name);

		if (node.value != NULL && members[i].parse != NULL)
			status = members[i].parse(policy, &node, error);
	}
	return status;
}

static attest_status parse_root(struct policy *policy, const struct json_node *root, struct attest_error *error)
{
	static const struct member own[] = {
		{"format",                    NULL             },
		{"name",                      parse_policy_name},
		{"bank",                      parse_bank       },
		{"platforms",                 parse_platforms  },
		{"pcrs",                      parse_pins       },
		{"application_disk_roothash", parse_disk       },
		{"containers",                parse_containers },
		{"tls",                       parse_tls        },
		{"nonce",                     parse_nonce      },
		{"resettable_pcrs",           parse_resettable },
	};
	/* What BlindLlama and AICert ship. */
	static const struct member golden[] = {
		{"measurements",              parse_pins},
		{"application_disk_roothash", parse_disk},
	};
	attest_status status = json_node_object(root, error);

	if (status != ATTEST_OK)
		return status;
	if (json_node_has(root, "format")) { /* first, so that a proof given as a policy is called one */
		struct json_node format = json_node_member(root, "format");

		status = parse_format(&format, error);
		return status == ATTEST_OK ? parse_members(policy, root, own, sizeof(own) / sizeof(own[0]), error)
					   : status;
	}
	if (json_node_has(root, "measurements") || json_node_has(root, "application_disk_roothash"))
		return parse_members(policy, root, golden, sizeof(golden) / sizeof(golden[0]), error);
	if (json_object_size(root->value) == 0 ||
	    !json_is_string(json_object_iter_value(json_object_iter(root->value)))) {
		error_expected(
			error,
			"\"format\": \"libattest-policy-v1\", golden \"measurements\", or a map of image name to id");
		return fail(error, ATTEST_E_POLICY_INVALID, NULL, "no known kind of policy");
	}
	return parse_containers(policy, root, error);
}

static bool is_empty(const struct policy *policy)
{
	return !policy_has_golden_values(policy) && policy->n_platforms == 0 && policy->tls != REQUIRED &&
	       policy->nonce != REQUIRED;
}

attest_status policy_parse(struct slice json, const char *name, struct policy **ret_policy, struct attest_error *error)
{
	DEFER(policy_free_deferred) struct policy *policy = calloc(1, sizeof(*policy));
	struct json_doc doc;
	struct json_node root;
	attest_status status;

	if (policy == NULL)
		return fail_memory(error);
	policy->bank = ALG_SHA256;
	if (json.len > LIMIT_POLICY_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "a policy of more than %u bytes (LIMIT_POLICY_BYTES)",
			    LIMIT_POLICY_BYTES);
	status = json_doc_parse(&doc, &policy->arena, json, error);
	if (status != ATTEST_OK)
		return status;
	root = json_doc_root(&doc);
	status = parse_root(policy, &root, error);
	json_doc_free(&doc);
	if (status == ATTEST_OK && is_empty(policy)) {
		error_expected(error, "at least one pinned PCR, rule or requirement");
		status = fail(error, ATTEST_E_POLICY_INVALID, NULL,
			      "the policy is empty: it would accept every machine");
	}
	if (status == ATTEST_OK && policy->name == NULL) {
		policy->name = printable(&policy->arena, slice_of_string(name == NULL ? "policy" : name), 256);
		if (policy->name == NULL)
			status = fail_memory(error);
	}
	if (status == ATTEST_OK)
		*ret_policy = TRANSFER(policy);
	return status;
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	arena_free(&policy->arena);
	free(policy);
}
