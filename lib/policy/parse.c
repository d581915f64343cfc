/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ima_rules.h"
#include "parsing.h"
#include "signed.h"

enum { ROOT_HASH_SIZE = 32 };

/* "zero" and digests are names that a pin may give to values too, so such a "reason" could be meant as one. */
static attest_status parse_ignore(struct policy *policy, const struct json_node *node, struct pin *pin,
				  struct attest_error *error)
{
	struct attest_error not_hex = {0};
	struct slice text = {NULL, 0}, bytes;
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	if (slice_equal(text, slice_of_string("zero")))
		return parse_invalid(node, error,
				     "ambiguous: a reason to ignore the PCR, or a value called \"ignore\"?");
	status = hex_decode(&policy->arena, text, &bytes, &not_hex);
	if (status_is_internal(status))
		return fail_memory(error);
	for (size_t i = 0; status == ATTEST_OK && i < N_ALGORITHMS; i++)
		if (bytes.len == digest_size(digest_at(i)))
			return parse_invalid(node, error,
					     "ambiguous: a reason to ignore the PCR, or a value called \"ignore\"?");
	pin->kind = PIN_IGNORE;
	return parse_reason(policy, node, &pin->reason, error);
}

/* Values, or "ignore", or {"ignore": "why"} */
static attest_status parse_pin(struct policy *policy, const struct json_node *node, uint8_t pcr,
			       struct attest_error *error)
{
	struct pin *pin = &policy->pins[pcr];
	const struct values_format format = {policy->bank, true, LIMIT_PIN_VALUES, "LIMIT_PIN_VALUES"};
	struct json_node reason = json_node_member(node, "ignore");
	attest_status status;

	if (json_is_string(node->value) && strcmp(json_string_value(node->value), "ignore") == 0) {
		pin->kind = PIN_IGNORE;
		return ATTEST_OK;
	}
	if (json_is_string(reason.value) && json_object_size(node->value) == 1)
		return parse_ignore(policy, &reason, pin, error);
	status = parse_values(policy, node, &format, &pin->values, &pin->n_values, error);
	if (status != ATTEST_OK)
		return status;
	pin->kind = PIN_VALUES;
	policy->n_pins++;
	return ATTEST_OK;
}

attest_status parse_pins(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	return parse_each_pcr(policy, node, parse_pin, error);
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

attest_status parse_disk(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	attest_status status = json_node_hex(node, ROOT_HASH_SIZE, &policy->application_disk, error);

	if (status == ATTEST_OK && policy->application_disk.len != ROOT_HASH_SIZE)
		status = json_node_fail(node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "not 32 bytes of hex"), error);
	return status;
}

attest_status parse_containers(struct policy *policy, const struct json_node *node, struct attest_error *error)
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

attest_status parse_ima(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	struct ima_rules *rules = NULL;
	attest_status status = ima_rules_parse(&policy->arena, node, &rules, error);

	policy->ima = rules;
	return status;
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

/* Where the policy came from: whatever its maker wrote there. */
static attest_status parse_origin(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	(void)policy;
	return json_node_object(node, error);
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
		{"ima",                       parse_ima        },
		{"tls",                       parse_tls        },
		{"nonce",                     parse_nonce      },
		{"resettable_pcrs",           parse_resettable },
		{"comment",                   parse_comment    },
		{"origin",                    parse_origin     },
		{"sets",                      parse_sets       },
		{"events",                    parse_events     },
		{"releases",                  parse_releases   },
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

		if (policy_is_signed(root))
			return json_node_fail(
				&format,
				fail(error, ATTEST_E_POLICY_INVALID, NULL,
				     "this policy is signed; give the key to check it with (--policy-key)"),
				error);
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

static void policy_clear(struct policy *policy)
{
	for (size_t i = 0; i < LIMIT_PCRS; i++)
		rules_free(policy->ruled[i]);
	arena_free(&policy->arena);
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
	status = json_doc_parse_policy(&doc, &policy->arena, json, error);
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
	for (size_t i = 0; i < policy->n_releases; i++)
		policy_clear(&policy->releases[i]);
	policy_clear(policy);
	free(policy);
}
