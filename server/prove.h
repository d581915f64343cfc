/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prove.h - `attest-server prove`: measure inputs, run a command, measure outputs, write the proof.
 */
#ifndef SERVER_PROVE_H
#define SERVER_PROVE_H

#include "options.h"

/* What this program failed at itself, as env(1) and timeout(1) have it; the command's own status is passed on. */
enum { EXIT_PROVE_FAILED = 125 };

/* Returns the exit status of the process. */
int prove_run(const struct options *options);

#endif
