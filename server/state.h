/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what this boot has measured so far, in a file that outlives the process: each event is written to it, and
 * flushed, before the TPM is told. So a start can tell a new boot from a restart, and knows what the PCRs stand for.
 *
 *     attest-server events 1
 *     base 15 sha256 HEX         a value that the logs of the system explain; without such a line the PCR began at zero
 *     event 14 {"type":…}
 *
 * PCR values decide, never the file alone: it must replay to them, or to them without its last event, which then was
 * written but not extended.
 */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include "measure.h"
#include "tpm.h"

struct state;

/*
 * Lock the folder, which is made where it is missing. Before the TPM is opened: some TPMs let a second one wait for
 * ever. ATTEST_E_STATE: another server has the folder, or others than this user and root can write it.
 */
attest_status state_lock(const char *folder, int *ret_lock, struct attest_error *error);
/*
 * Read the PCRs of the mask and compare. `lock` is the state's from here on, also where this fails. `base`: what the
 * logs of the system say that the PCRs were before any event of ours; PCRs that it does not have began at zero.
 * ATTEST_E_STATE: nothing explains a PCR. ATTEST_E_IO: the folder cannot be written.
 */
attest_status state_open(const char *folder, int lock, struct tpm *tpm, uint32_t pcrs, const struct pcr_table *base,
			 struct state **ret_state, struct attest_error *error);
void state_close(struct state *state);
DEFINE_DEFER(struct state, state_close);

/* Events of ours are in the PCRs already. */
bool state_is_restart(const struct state *state);
/* Those that are. Borrowed. */
const struct measurements *state_events(const struct state *state);
/* ATTEST_E_STATE with what is measured already and what to do. */
attest_status state_refuse(const struct state *state, struct attest_error *error);
/* A tls-key event is in the PCRs. */
bool state_has_key(const struct state *state);

/*
 * Measure what of `plan` is not measured yet. ATTEST_E_STATE, and nothing extended, where what is measured already is
 * not how the plan begins.
 */
attest_status state_measure(struct state *state, struct tpm *tpm, const struct measurements *plan,
			    struct attest_error *error);

#endif
