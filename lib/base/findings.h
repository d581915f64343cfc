/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.h - what the checks report. All are collected; the first is not the last.
 */
#ifndef BASE_FINDINGS_H
#define BASE_FINDINGS_H

#include "error.h"
#include "limits.h"
#include "memory.h"

struct findings {
	struct arena *arena;
	struct attest_finding items[LIMIT_FINDINGS];
	size_t n, n_dropped;
	bool step_failed[ATTEST_N_STEPS]; /* an error finding was added to it */
	attest_status internal;           /* out of memory or worse: no verdict may be made */
};

/* `hint`: the next thing to do; static or arena text, or NULL: an error then gets what fits its step. */
void finding_error(struct findings *findings, attest_step step, const struct attest_error *error, const char *hint);
void finding_note(struct findings *findings, attest_step step, const struct attest_error *error, const char *hint);

#endif
