/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.h - the account of a verification, filled by verify.c alone.
 */
#ifndef RESULT_H
#define RESULT_H

#include "base/findings.h"

struct attest_result {
	struct arena arena;
	attest_verdict verdict;
	attest_status status;
	attest_step_status steps[ATTEST_N_STEPS];
	struct findings findings;
	struct attest_facts facts;
	struct attest_pcr *pcrs;
	const char **pin_names; /* one for each PCR: how a policy calls its value, or NULL */
	size_t n_pcrs;
	struct attest_event *events;
	size_t n_events, n_events_omitted;
	struct attest_software *software;
	size_t n_software, n_software_omitted;
	struct attest_link links[LIMIT_LINKS];
	size_t n_links;
};

#endif
