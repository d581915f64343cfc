/* SPDX-License-Identifier: Apache-2.0 */
/*
 * separators.h - the events that part the firmware's measurements from those of what it boots.
 *
 * The type of an event is not measured. Were a separator renamed, or something else called one, then what stands before
 * and after it would mean something else; so type, digest and data must agree, and each PCR has one (PFP 1.06, 10.4.1).
 */
#ifndef TRUST_SEPARATORS_H
#define TRUST_SEPARATORS_H

#include "logs/log.h"

enum { N_FIRMWARE_PCRS = 8, N_SEPARATORS = 3 };

/* Zero it to start. */
struct separators {
	struct digest digests[N_SEPARATORS][N_ALGORITHMS]; /* of four bytes 0, of four bytes 0xff, and of 1 */
	uint32_t seen;                                     /* bit n: PCR n has had its separator */
	/* An event with a separator's digest that is not called one. Some firmware measures zeros as contents; then the
	 * separator follows. */
	struct {
		const char *type; /* NULL: there is none */
		size_t log, number;
	} renamed[N_FIRMWARE_PCRS];
};

/* Of PCR 0 to 7, the firmware's; number `number` of log `log`. ATTEST_E_LOG_STRUCTURE, or out of memory. */
attest_status separators_check(struct separators *separators, struct hasher *hasher, const struct event *event,
			       size_t log, size_t number, struct attest_error *error);
/* At the end of all logs: ATTEST_E_LOG_STRUCTURE with the log of an event that is a separator under another name. */
attest_status separators_end(const struct separators *separators, const struct log *logs, size_t *ret_log,
			     struct attest_error *error);

#endif
