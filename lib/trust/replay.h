/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - event logs against quoted PCRs (TPM 2.0 Part 1, 17.2), in every quoted bank, over all logs in their order.
 */
#ifndef TRUST_REPLAY_H
#define TRUST_REPLAY_H

#include "base/findings.h"
#include "evidence/pcrs.h"
#include "logs/log.h"

enum pcr_state {
	PCR_UNEXPLAINED, /* not its initial value, and no event */
	PCR_INITIAL,     /* its initial value, and no event */
	PCR_EXPLAINED,   /* the events replay to it */
	PCR_CONTRADICTED /* they do not */
};

struct replay {
	enum pcr_state *states;  /* one for each quoted value */
	bool proven[LIMIT_PCRS]; /* every quoted bank of the PCR that has events is explained */
};

/* Contradictions become findings of ATTEST_STEP_LOG. ATTEST_OK also then; else out of memory. */
attest_status replay_logs(struct arena *arena, const struct pcr_values *quoted, const struct log *logs, size_t n_logs,
			  struct replay *ret_replay, struct findings *findings, struct attest_error *error);

#endif
