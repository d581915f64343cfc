/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ima_rules.h - the member "ima" of a policy: which files the kernel's file log may hold. docs/policy.md, "IMA
 * allow-lists".
 *
 * A list has 10^5 files and a log as many entries, so a path is found by its hash, and nothing is kept of the log.
 */
#ifndef POLICY_IMA_RULES_H
#define POLICY_IMA_RULES_H

#include "policy.h"

/* "sha256:…"; of a file with "verity:" before it. */
struct ima_value {
	uint16_t alg;
	bool verity;
	struct slice bytes;
};

/* What one path, or one name of a buffer, may be. */
struct ima_item {
	struct slice name;
	struct ima_value *values;
	size_t n_values;
};

/* Items by name: a slot holds the number of an item, from 1; half of the slots or more are empty. */
struct ima_map {
	struct ima_item *items;
	size_t n;
	uint32_t *slots;
	size_t n_slots; /* a power of two, or 0 */
};

struct ima_pattern {
	struct slice name; /* without the star */
	bool is_prefix;
};

struct ima_rules {
	uint8_t pcr;
	struct ima_map files, keyrings;
	struct ima_pattern *excluded;
	size_t n_excluded;
	bool aggregate_is_optional;
	bool believe_violations; /* the path that the log claims for one may be an excluded one */
};

/* Everything is kept in the arena. ATTEST_E_POLICY_INVALID and what json.h says. */
attest_status ima_rules_parse(struct arena *arena, const struct json_node *node, struct ima_rules **ret_rules,
			      struct attest_error *error);
/* What the readers of lists share. "sha256:hex", "verity:sha256:hex": ATTEST_E_POLICY_INVALID, ATTEST_E_ENCODING. */
attest_status ima_value_read(struct arena *arena, struct slice text, struct ima_value *value,
			     struct attest_error *error);
/* For up to n items. */
attest_status ima_map_make_room(struct arena *arena, struct ima_map *map, size_t n, struct attest_error *error);
/* items[n], which has its name, becomes part of the map; false where the name is there already. */
bool ima_map_put(struct ima_map *map);
/* The text of an object of file names, where it is plain and without fault. Else false, and the map is of no use.
 * *status: ATTEST_OK, or out of memory. */
bool ima_files_read(struct arena *arena, struct slice text, struct ima_map *map, attest_status *ret_status);
/* NULL where there is none. */
const struct ima_item *ima_map_find(const struct ima_map *map, struct slice name);
bool ima_is_excluded(const struct ima_rules *rules, struct slice name);
/* Findings of ATTEST_STEP_POLICY, in the bank and the name of the policy or release. ATTEST_OK unless out of memory. */
attest_status ima_rules_check(const struct ima_rules *rules, const struct policy *policy,
			      const struct evidence *evidence, struct findings *findings, struct attest_error *error);

#endif
