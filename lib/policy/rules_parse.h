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

/* Matchers: rules_matchers.c lists them all. */
attest_status parse_secure_boot(struct rule_parsing *p, const struct json_node *node, struct attest_error *error);
attest_status parse_variable(struct rule_parsing *p, const struct json_node *node, struct attest_error *error);
attest_status parse_authority(struct rule_parsing *p, const struct json_node *node, struct attest_error *error);

/* A text or a list of them, each of which `check` allows. */
typedef attest_status (*text_fn)(const struct json_node *node, const char *text, struct attest_error *error);
attest_status parse_texts(struct rule_parsing *p, const struct json_node *node, text_fn check, struct texts *texts,
			  struct attest_error *error);
/* Other text is no command line to these rules. */
attest_status check_cmdline(const struct json_node *node, const char *text, struct attest_error *error);
/* SHA-256 in whichever bank: the rule's digests. */
attest_status parse_sha256s(struct rule_parsing *p, const struct json_node *node, struct attest_error *error);

#endif
