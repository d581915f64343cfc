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

/* One register of one bank on its way through the logs. */
struct track {
	const struct digest *quoted; /* NULL: nothing is known to compare with */
	struct digest now;
	size_t n_events;
	size_t reached;       /* events after which the quoted value stood there, plus one; 0: never */
	size_t n_missing;     /* events of this PCR without a digest for this bank */
	bool covered;         /* a log says that it holds the events of this PCR */
	bool is_spoken_of;    /* a log for all banks has events of this PCR, or says that it covers it */
	bool is_excused;      /* all that is said of it comes from logs whose producer extends one other bank */
	bool has_ima;         /* among them entries of the kernel's file log */
	bool is_padded;       /* explained only with SHA-1 digests padded with zeros: kernels before 5.8 */
	enum pcr_state state; /* PCR_EXPLAINED also where nothing was quoted */
};

struct log_account {
	size_t n_events, n_measured;
	uint32_t pcrs; /* bit n: it has a measured event of PCR n */
	bool explains; /* it covers a register that is followed */
	bool broken;   /* the walk ended in this error */
	struct attest_error error;
};

struct replay {
	bool done;
	bool is_free;                                  /* nothing was quoted: all registers are followed */
	struct track tracks[LIMIT_PCRS][N_ALGORITHMS]; /* by PCR and digest_index() of the bank */
	bool wanted[LIMIT_PCRS][N_ALGORITHMS];         /* which of them are on their way */
	struct log_account logs[LIMIT_LOGS];
	/*
	 * The events of the PCR count: it is explained in every quoted bank (but for those that a log's producer never
	 * extends), and no log is broken. One bank is not enough: firmware does not measure into every bank that is
	 * active, and what is empty can be filled by anyone.
	 */
	bool proven[LIMIT_PCRS];
	uint8_t banks; /* those that replay_demand() demands: bit n is digest_at(n) */
};

/* Follow the quoted PCRs; or all of them in all banks where `quoted` is NULL. Contradictions and malformed logs become
 * findings of ATTEST_STEP_LOG. ATTEST_OK also then; else out of memory. `quoted` is borrowed. */
attest_status replay_logs(struct replay *ret_replay, const struct pcr_values *quoted, const struct log *logs,
			  size_t n_logs, struct findings *findings, struct attest_error *error);
/* Only PCRs that are explained in all of these banks count any more: which bank is believed is the verifier's choice,
 * not the prover's. */
void replay_demand(struct replay *replay, uint8_t banks);
/* A text that can hide nothing (event_is_plain_text()), in every quoted bank of its PCR. */
bool replay_is_plain_text(const struct replay *replay, const struct event *event);
/* Of a quoted value; PCR_UNEXPLAINED before replay_logs(). */
enum pcr_state replay_state(const struct replay *replay, const struct pcr_value *quoted);
/* The bank in which an event is looked at: of those demanded, or of all that were quoted, the first for which it has a
 * digest; SHA-1 where that was extended in its place. */
uint16_t replay_bank(const struct replay *replay, const struct pcr_values *quoted, const struct event *event);
/* What the track's end means, in a sentence, for a contradicted register. */
void replay_explain(const struct track *track, char *text, size_t size);

#endif
