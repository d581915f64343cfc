/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_parse.h - one event rule on its way out of JSON.
 */
#ifndef POLICY_RULES_PARSE_H
#define POLICY_RULES_PARSE_H

#include "parsing.h"

struct rule_parsing {
	struct policy *policy;
	uint8_t pcr;
	struct rule *rule;
};

/* A set of the policy or of its root; NULL where there is none of this name. */
const struct digest_set *find_set(const struct policy *policy, struct slice name);
/* All but the rule's name, comment and count. */
attest_status parse_matcher(struct rule_parsing *p, const struct json_node *node, struct attest_error *error);

#endif
