/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - the server from its start to its end. In its order: open the TPM, look whether this boot has measured a
 * server already, find the attestation key, make the TLS key, bind, hash, let go of privileges, try a proof,
 * measure, prove, serve. What can fail comes before what is measured, and leaves no trace.
 */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include "options.h"

/* Returns the exit status of the process. */
int serve_run(const struct options *options);

#endif
