/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.h - the tie between the kernel's file log and the boot: its first entry, boot_aggregate, is a hash over the
 * registers of the firmware.
 */
#ifndef TRUST_AGGREGATE_H
#define TRUST_AGGREGATE_H

#include "logs/software.h"
#include "trust/replay.h"

/*
 * Each "ima.boot_aggregate" of the reader is held against the quoted registers, or against what the logs come to where
 * nothing was quoted; its value says the outcome. *ret_differs: the PCR of
 * one that fits no registers that are known, or -1.
 */
attest_status aggregate_check(struct software_reader *software, const struct replay *replay, const struct log *logs,
			      int *ret_differs, struct attest_error *error);

#endif
