/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - where two histories of one PCR part. Explains, decides nothing.
 */
#ifndef LOGS_COMPARE_H
#define LOGS_COMPARE_H

#include "describe.h"

/* An event's place, and enough of its digest to tell it from another. */
struct place {
	size_t log, number;
	uint8_t key[20];
};

/* The measured events of one PCR in one bank, over all logs in their order. */
struct sequence {
	struct place *places;
	size_t n, room;
};

enum difference_kind {
	ONLY_A,
	ONLY_B,
	CHANGED, /* an event of a, and another at its place in b */
	MOVED    /* the same event at another place */
};

/* Positions in the sequences; a of ONLY_B and b of ONLY_A is where it would be. */
struct difference {
	enum difference_kind kind;
	size_t a, b;
};

struct differences {
	struct difference *items; /* in order; the first is where they part */
	size_t n;
};

/* The sequences of every PCR in its bank, in one walk; banks[n] is 0 where PCR n is not asked for. A malformed log ends
 * its own events there. ATTEST_OK, or out of memory. */
attest_status sequences_read(struct arena *arena, const struct log *logs, size_t n_logs,
			     const uint16_t banks[LIMIT_PCRS], struct sequence ret_sequences[LIMIT_PCRS],
			     struct attest_error *error);
attest_status sequences_compare(struct arena *arena, const struct sequence *a, const struct sequence *b,
				struct differences *ret_differences, struct attest_error *error);

#endif
