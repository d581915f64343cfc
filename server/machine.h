/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.h - the TPM, its attestation key, the logs of the system and the state of this boot, opened in their order.
 */
#ifndef SERVER_MACHINE_H
#define SERVER_MACHINE_H

#include "ak.h"
#include "demo.h"
#include "logs.h"
#include "options.h"
#include "prover_setup.h"
#include "state.h"

struct machine {
	struct demo demo;
	struct tpm *tpm;
	struct logs logs;
	struct ak ak;
	struct state *state;
	int lock;                       /* of the state's folder, until the state has it; -1 */
	struct pcr_selection selection; /* to be quoted */
};

/* So that it can be closed whether it was opened or not. */
void machine_init(struct machine *machine);
/*
 * `pcrs`: those that events of ours go to. Refuses a restart without --adopt. To be closed whatever the status is.
 * While there is one thread: --demo starts a process.
 */
attest_status machine_open(const struct options *options, uint32_t pcrs, struct machine *machine,
			   struct attest_error *error);
void machine_close(struct machine *machine);
/* What a prover needs, but for the TLS key and the configuration. */
struct prover_setup machine_setup(const struct machine *machine, uint32_t pcrs);

#endif
