/* SPDX-License-Identifier: Apache-2.0 */
#include "parsing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

attest_status parse_name(struct policy *policy, const struct json_node *node, const char **ret_text,
			 struct attest_error *error)
{
	struct slice text;
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	*ret_text = printable(&policy->arena, text, 256);
	return *ret_text == NULL ? fail_memory(error) : ATTEST_OK;
}

attest_status parse_choice(const struct json_node *node, const char *const *choices, size_t n, size_t *ret_choice,
			   struct attest_error *error)
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

attest_status parse_invalid(const struct json_node *node, struct attest_error *error, const char *message)
{
	return json_node_fail(node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "%s", message), error);
}

attest_status parse_reason(struct policy *policy, const struct json_node *node, const char **ret_text,
			   struct attest_error *error)
{
	attest_status status = parse_name(policy, node, ret_text, error);

	if (status == ATTEST_OK && *ret_text != NULL && (*ret_text)[strspn(*ret_text, " ")] == '\0')
		return parse_invalid(node, error, "empty: say why");
	return status;
}

attest_status parse_comment(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	struct slice text;

	(void)policy;
	return json_node_string(node, &text, error);
}

attest_status parse_each_pcr(struct policy *policy, const struct json_node *node, parse_pcr_fn parse,
			     struct attest_error *error)
{
	attest_status status = json_node_object(node, error);
	const char *key;
	json_t *value;

	if (status != ATTEST_OK)
		return status;
	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);
		uint8_t index = 0;

		if (!pcr_index_parse(key, &index))
			return parse_invalid(&member, error, "not a PCR index (\"0\" to \"31\")");
		status = parse(policy, &member, index, error);
		if (status != ATTEST_OK)
			return status;
	}
	return ATTEST_OK;
}

attest_status parse_members(struct policy *policy, const struct json_node *object, const struct member *members,
			    size_t n, struct attest_error *error)
{
	const char *names[24] = {NULL};
	attest_status status;

	for (size_t i = 0; i < n; i++)
		names[i] = members[i].name;
	status = json_node_only(object, names, error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node node = json_node_member(object, members[i].name);

		if (node.value != NULL && members[i].parse != NULL)
			status = members[i].parse(policy, &node, error);
	}
	return status;
}

static attest_status parse_value(const struct json_node *node, const struct values_format *format, const char *name,
				 struct pin_value *value, struct attest_error *error)
{
	struct slice text = {NULL, 0}, bytes;
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	*value = (struct pin_value){
		name, {.alg = format->alg, .size = digest_size(format->alg)}
        };
	if (format->may_be_zero && slice_equal(text, slice_of_string("zero")))
		return ATTEST_OK;
	status = json_node_hex(node, DIGEST_MAX, &bytes, error);
	if (status != ATTEST_OK)
		return status;
	if (bytes.len != value->value.size) {
		error_expected(error, "%u bytes of hex (%s)%s", value->value.size, digest_name(format->alg),
			       format->may_be_zero ? ", or \"zero\"" : "");
		error_found(error, "%zu bytes", bytes.len);
		return parse_invalid(node, error, "not a digest of the right size");
	}
	memcpy(value->value.bytes, bytes.data, bytes.len);
	return ATTEST_OK;
}

static attest_status parse_named_values(struct policy *policy, const struct json_node *node,
					const struct values_format *format, struct pin_value *values,
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
		status = parse_value(&member, format, name, values++, error);
		if (status != ATTEST_OK)
			return status;
	}
	return status;
}

attest_status parse_values(struct policy *policy, const struct json_node *node, const struct values_format *format,
			   struct pin_value **ret_values, size_t *ret_n, struct attest_error *error)
{
	size_t n = json_is_array(node->value)    ? json_array_size(node->value)
		   : json_is_object(node->value) ? json_object_size(node->value)
						 : 1;
	attest_status status = ATTEST_OK;
	struct pin_value *values;

	if (n == 0 || n > format->max)
		return json_node_fail(node,
				      fail(error, ATTEST_E_POLICY_INVALID, NULL,
					   "1 to %zu allowed values are needed (%s)", format->max, format->limit),
				      error);
	values = arena_alloc(&policy->arena, n, sizeof(*values));
	if (values == NULL)
		return fail_memory(error);
	if (json_is_object(node->value))
		status = parse_named_values(policy, node, format, values, error);
	else if (!json_is_array(node->value))
		status = parse_value(node, format, NULL, values, error);
	for (size_t i = 0; json_is_array(node->value) && status == ATTEST_OK && i < n; i++) {
		struct json_node element = json_node_element(node, i);

		status = parse_value(&element, format, NULL, &values[i], error);
	}
	if (status == ATTEST_OK) {
		*ret_values = values;
		*ret_n = n;
	}
	return status;
}

attest_status parse_set(struct policy *policy, const struct json_node *node, uint16_t alg, struct digest_set *ret_set,
			struct attest_error *error)
{
	const struct values_format format = {alg, false, LIMIT_SET_VALUES, "LIMIT_SET_VALUES"};
	struct digest_set set = {.name = NULL};
	attest_status status = parse_values(policy, node, &format, &set.values, &set.n, error);

	if (status != ATTEST_OK)
		return status;
	digest_set_sort(&set);
	*ret_set = set;
	return ATTEST_OK;
}
