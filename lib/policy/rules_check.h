/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_check.h - one walk of all logs past the rules of all PCRs.
 */
#ifndef POLICY_RULES_CHECK_H
#define POLICY_RULES_CHECK_H

#include "policy.h"

enum { FINDINGS_EACH_PCR = 16 }; /* of each kind; the rest is counted */

struct rule_state {
	size_t n;    /* events that it took */
	bool blamed; /* a finding has named it already */
};

struct pcr_walk {
	const struct ruled *ruled; /* NULL: the PCR has no rules, or its events are not known */
	struct rule_state *states;
	size_t current;             /* of listed rules */
	const struct rule *section; /* whose name was the last event */
	struct rule_place place;
	size_t n_left, n_lacking;
};

struct rules_walk {
	const struct policy *policy;
	const struct evidence *evidence;
	struct findings *findings;
	struct arena arena; /* ends with the walk */
	struct pcr_walk pcrs[LIMIT_PCRS];
	struct matching matching;
	const struct log *log;
	size_t number; /* of the event */
};

/* rules_tell.c. The event that walk->matching holds is allowed by no rule; `nearest` may be NULL, `elsewhere` is a rule
 * that would allow it at another place, or NULL. */
attest_status rules_tell_left(struct rules_walk *walk, const struct rule *nearest, const struct rule *elsewhere,
			      struct attest_error *error);
/* `contents`: of a section, whose name was there. */
attest_status rules_tell_lacking(struct rules_walk *walk, uint8_t pcr, const struct rule *rule, bool contents,
				 struct attest_error *error);
void rules_tell_rest(struct rules_walk *walk, uint8_t pcr);

#endif
