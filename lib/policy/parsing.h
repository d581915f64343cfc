/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parsing.h - what the readers of a policy's members share. `policy` may also be a release: it owns what is read.
 */
#ifndef POLICY_PARSING_H
#define POLICY_PARSING_H

#include "policy.h"

/* A member of an object, in the order of reading. parse NULL: it is read elsewhere, or free text for people. */
struct member {
	const char *name;
	attest_status (*parse)(struct policy *, const struct json_node *, struct attest_error *);
};

/* Every member of the object must be one of these. */
attest_status parse_members(struct policy *policy, const struct json_node *object, const struct member *members,
			    size_t n, struct attest_error *error);
attest_status parse_invalid(const struct json_node *node, struct attest_error *error, const char *message);
/* Text for people, printable. */
attest_status parse_name(struct policy *policy, const struct json_node *node, const char **ret_text,
			 struct attest_error *error);
/* The same, not empty. */
attest_status parse_reason(struct policy *policy, const struct json_node *node, const char **ret_text,
			   struct attest_error *error);
attest_status parse_comment(struct policy *policy, const struct json_node *node, struct attest_error *error);
/* The string is one of the choices; their position is returned. */
attest_status parse_choice(const struct json_node *node, const char *const *choices, size_t n, size_t *ret_choice,
			   struct attest_error *error);
/* An object whose keys are indices of PCRs. */
typedef attest_status (*parse_pcr_fn)(struct policy *policy, const struct json_node *member, uint8_t index,
				      struct attest_error *error);
attest_status parse_each_pcr(struct policy *policy, const struct json_node *node, parse_pcr_fn parse,
			     struct attest_error *error);

/* "hex" | ["hex", …] | {"name": "hex", …} */
struct values_format {
	uint16_t alg;
	bool may_be_zero; /* "zero" stands for all bytes zero */
	size_t max;
	const char *limit; /* its name */
};
attest_status parse_values(struct policy *policy, const struct json_node *node, const struct values_format *format,
			   struct pin_value **ret_values, size_t *ret_n, struct attest_error *error);
/* The same as a set of up to LIMIT_SET_VALUES. */
attest_status parse_set(struct policy *policy, const struct json_node *node, uint16_t alg, struct digest_set *ret_set,
			struct attest_error *error);

/* Members of a policy and of a release. */
attest_status parse_pins(struct policy *policy, const struct json_node *node, struct attest_error *error);
attest_status parse_disk(struct policy *policy, const struct json_node *node, struct attest_error *error);
attest_status parse_containers(struct policy *policy, const struct json_node *node, struct attest_error *error);
attest_status parse_sets(struct policy *policy, const struct json_node *node, struct attest_error *error);
attest_status parse_ima(struct policy *policy, const struct json_node *node, struct attest_error *error);
attest_status parse_events(struct policy *policy, const struct json_node *node, struct attest_error *error);
attest_status parse_releases(struct policy *policy, const struct json_node *node, struct attest_error *error);

#endif
