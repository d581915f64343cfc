/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.h - the parts of attest_policy_lint().
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "reading.h"

/* What lint can say. The ids, severities and hints stand in lint_kinds.c; docs/policy.md lists them. */
enum lint_kind {
	LINT_ANCHOR_EXPIRED,
	LINT_ANCHOR_EXPIRES,
	LINT_ANYTHING_ANY,
	LINT_ANYTHING_IN_ORDER,
	LINT_BANK_SHA1,
	LINT_CMDLINE_CONTRADICTION,
	LINT_CMDLINE_DEAD_TEXT,
	LINT_CMDLINE_OPEN,
	LINT_CMDLINE_UNSAID,
	LINT_DUPLICATE_VALUE,
	LINT_EMPTY_RULES,
	LINT_FIRMWARE_UNSAID,
	LINT_IGNORED_WITHOUT_REASON,
	LINT_IMA_AGGREGATE_OPTIONAL,
	LINT_IMA_EXCLUDES_PROGRAMS,
	LINT_IMA_VIOLATIONS_EXCLUDED,
	LINT_KERNEL_UNSAID,
	LINT_MANY_VALUES,
	LINT_NO_GOLDEN_VALUES,
	LINT_NONCE_NOT_REQUIRED,
	LINT_ONLY_ANYTHING,
	LINT_PCR_UNASSIGNED,
	LINT_PIN_CONTRADICTS_RULES,
	LINT_PINS_CONTRADICT,
	LINT_PLATFORM_EXPIRED,
	LINT_PLATFORM_UNSAID,
	LINT_PLATFORM_VENDOR,
	LINT_PLATFORM_VOID,
	LINT_RELEASE_EXPIRED,
	LINT_RELEASE_NAMES_ALIKE,
	LINT_RELEASES_EXPIRED,
	LINT_RELEASES_NEVER_END,
	LINT_RESETTABLE_ACCEPTED,
	LINT_RESETTABLE_REFUSED,
	LINT_RULE_IMPOSSIBLE,
	LINT_RULE_TWICE,
	LINT_RULE_UNREACHABLE,
	LINT_SECURE_BOOT_OFF,
	LINT_SECURE_BOOT_UNSAID,
	LINT_SEPARATOR_ONLY,
	LINT_SET_UNUSED,
	LINT_TLS_NOT_REQUIRED,
	LINT_ZERO_FIRMWARE_PCR,
	N_LINT_KINDS
};

enum { PATH_SIZE = 160 };

struct lint {
	const struct reading *reading;
	int64_t time;
	json_t *findings;
	size_t n;          /* all, also those past the most that are listed */
	size_t n_compared; /* rules and their digests; past some number they are compared no more */
	bool ok;
};

/* `where` and the message must be printable. */
__attribute__((format(printf, 4, 5))) void lint_say(struct lint *l, enum lint_kind kind, const char *where,
						    const char *format, ...);

/* Where findings were left out, the last one says so. */
void lint_end(struct lint *l);

/* The rules of one PCR in the root (`release` NULL) or a release. */
void lint_rules(struct lint *l, const json_t *release, unsigned pcr, const json_t *ruled, const char *where);
void lint_cmdline(struct lint *l, const struct rule *rule, const char *where);
/* Values that stand twice, or very many. */
void lint_values(struct lint *l, json_t *values, const char *where);
/* Pins against the rules of the same PCR: whether any events that they take give a pinned value. */
void lint_pin_and_rules(struct lint *l, const json_t *release, unsigned pcr, json_t *pin, const json_t *ruled,
			const char *where);
/* What a rule's events are as keys of an object, so that rules can be compared: digests in hex, or the matcher as JSON.
 * NULL without memory. */
json_t *rule_keys(struct lint *l, const json_t *release, const json_t *rule);
bool rule_takes_all(const json_t *rule);
bool rule_is_needed(const json_t *rule);    /* once or some */
bool rule_is_unlimited(const json_t *rule); /* some or any */
/* Platforms that the policy names, and what libattest knows of their certificates. */
void lint_platforms(struct lint *l);

#endif
