/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members "sets" and "events" of a policy or release; the matchers are in rules_matchers.c and rules_variables.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rules_parse.h"

void rules_free(struct ruled *ruled)
{
	for (size_t i = 0; ruled != NULL && i < ruled->n; i++)
		json_decref(ruled->rules[i].object);
}

/*
 * An empty list says that there is no event, as the value of a register at its start would. Beside a rule that takes
 * anything, only rules that need their event say something.
 */
bool rules_are_golden(const struct ruled *ruled)
{
	bool takes_anything = false;

	for (size_t i = 0; i < ruled->n; i++) {
		const struct rule *rule = &ruled->rules[i];

		takes_anything = takes_anything || rule->kind == RULE_ANYTHING;
		if (rule->kind != RULE_ANYTHING && (rule->count == COUNT_ONCE || rule->count == COUNT_SOME))
			return true;
	}
	return !takes_anything;
}

const struct digest_set *find_set(const struct policy *policy, struct slice name)
{
	for (size_t i = 0; i < policy->n_sets; i++)
		if (slice_equal(slice_of_string(policy->sets[i].name), name))
			return &policy->sets[i];
	return policy->root == NULL ? NULL : find_set(policy->root, name);
}

static attest_status parse_set_member(struct policy *policy, const struct json_node *member, const char *key,
				      struct attest_error *error)
{
	struct digest_set set = {.name = NULL};
	attest_status status = parse_set(policy, member, policy->bank, &set, error);

	if (status != ATTEST_OK)
		return status;
	set.name = printable(&policy->arena, slice_of_string(key), 256);
	if (set.name == NULL)
		return fail_memory(error);
	if (strcmp(set.name, key) != 0 || key[0] == '\0')
		return parse_invalid(member, error, "the name of a set is 1 to 256 printable characters");
	if (find_set(policy, slice_of_string(key)) != NULL)
		return parse_invalid(member, error, "another set has this name");
	policy->sets[policy->n_sets++] = set;
	return ATTEST_OK;
}

attest_status parse_sets(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	attest_status status = json_node_object(node, error);
	const char *key;
	json_t *value;

	if (status != ATTEST_OK)
		return status;
	if (json_object_size(node->value) > LIMIT_SETS)
		return parse_invalid(node, error, "too many sets (LIMIT_SETS)");
	policy->sets = arena_alloc(&policy->arena, json_object_size(node->value), sizeof(*policy->sets));
	if (policy->sets == NULL)
		return fail_memory(error);
	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);

		status = parse_set_member(policy, &member, key, error);
		if (status != ATTEST_OK)
			return status;
	}
	return status;
}

static attest_status parse_count(const struct json_node *node, enum rule_count *ret_count, struct attest_error *error)
{
	static const char *const choices[] = {"once", "optional", "some", "any"};
	size_t choice = 0;
	attest_status status = node->value == NULL ? ATTEST_OK : parse_choice(node, choices, 4, &choice, error);

	*ret_count = (enum rule_count)choice;
	return status;
}

/* rule "name", or rule N */
static attest_status parse_label(struct policy *policy, const struct json_node *node, size_t number, struct rule *rule,
				 struct attest_error *error)
{
	struct json_node name = json_node_member(node, "name");
	const char *text = NULL;
	attest_status status = name.value == NULL ? ATTEST_OK : parse_reason(policy, &name, &text, error);

	if (status != ATTEST_OK)
		return status;
	rule->label = text == NULL ? arena_printf(&policy->arena, "rule %zu", number)
				   : arena_printf(&policy->arena, "rule \"%.80s\"", text);
	return rule->label == NULL ? fail_memory(error) : ATTEST_OK;
}

/* Where they are allowed to be, a comment is text. */
static attest_status parse_own_comment(struct policy *policy, const struct json_node *object,
				       struct attest_error *error)
{
	struct json_node comment = json_node_member(object, "comment");

	return comment.value == NULL ? ATTEST_OK : parse_comment(policy, &comment, error);
}

static attest_status parse_rule(struct rule_parsing *p, const struct json_node *node, size_t number,
				struct attest_error *error)
{
	struct json_node count = json_node_member(node, "count");
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = parse_own_comment(p->policy, node, error);
	if (status == ATTEST_OK)
		status = parse_label(p->policy, node, number, p->rule, error);
	if (status == ATTEST_OK)
		status = parse_count(&count, &p->rule->count, error);
	return status == ATTEST_OK ? parse_matcher(p, node, error) : status;
}

static attest_status parse_rules(struct policy *policy, const struct json_node *node, uint8_t pcr, struct ruled *ruled,
				 struct attest_error *error)
{
	size_t n = 0;
	attest_status status = json_node_array(node, LIMIT_RULES, "LIMIT_RULES", &n, error);

	if (status != ATTEST_OK)
		return status;
	ruled->rules = arena_alloc(&policy->arena, n, sizeof(*ruled->rules));
	if (ruled->rules == NULL)
		return fail_memory(error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node element = json_node_element(node, i);
		struct rule_parsing p = {policy, pcr, &ruled->rules[i]};

		ruled->n++;
		status = parse_rule(&p, &element, i, error);
	}
	return status;
}

static attest_status parse_ruled(struct policy *policy, const struct json_node *node, uint8_t pcr,
				 struct attest_error *error)
{
	static const char *const members[] = {"order", "comment", "rules", NULL};
	static const char *const orders[] = {"listed", "any"};
	struct json_node order = json_node_member(node, "order"), rules = json_node_member(node, "rules");
	struct ruled *ruled = arena_alloc(&policy->arena, 1, sizeof(*ruled));
	size_t choice = 0;
	attest_status status = json_node_object(node, error);

	if (ruled == NULL)
		return fail_memory(error);
	policy->ruled[pcr] = ruled;
	if (status == ATTEST_OK)
		status = json_node_only(node, members, error);
	if (status == ATTEST_OK)
		status = parse_own_comment(policy, node, error);
	if (status == ATTEST_OK && order.value != NULL)
		status = parse_choice(&order, orders, 2, &choice, error);
	ruled->listed = choice == 0;
	return status == ATTEST_OK ? parse_rules(policy, &rules, pcr, ruled, error) : status;
}

attest_status parse_events(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	return parse_each_pcr(policy, node, parse_ruled, error);
}
