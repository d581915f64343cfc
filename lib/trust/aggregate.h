/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.h - the tie between the kernel's file log and the boot: its first entry, boot_aggregate, is a hash over the
 * registers of the firmware.
 */
#ifndef TRUST_AGGREGATE_H
#define TRUST_AGGREGATE_H

#include "logs/software.h"
#include "trust/replay.h"

enum aggregate_fit {
	AGGREGATE_UNKNOWN,  /* not compared: not all registers are known in its bank */
	AGGREGATE_FITS_0_7, /* kernels before 5.8, and SHA-1 still: ima_calc_boot_aggregate_tfm() */
	AGGREGATE_FITS_0_9, /* since 5.8, where the hash is not SHA-1 */
	AGGREGATE_DIFFERS
};

/* Of which registers the event's boot_aggregate was made; AGGREGATE_UNKNOWN where the event is none. Whether it was
 * measured is not looked at. */
attest_status aggregate_find_fit(const struct replay *replay, const struct event *event, enum aggregate_fit *ret_fit,
				 struct attest_error *error);
/*
 * Each "ima.boot_aggregate" of the reader is held against the quoted registers, or against what the logs come to where
 * nothing was quoted; its value says the outcome. *ret_differs: the PCR of
 * one that fits no registers that are known, or -1.
 */
attest_status aggregate_check(struct software_reader *software, const struct replay *replay, const struct log *logs,
			      int *ret_differs, struct attest_error *error);

#endif
