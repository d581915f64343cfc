/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - what a service tells systemd (sd_notify(3)), and what systemd keeps for it: the TLS key, in its file
 * descriptor store, so that a restart on the same boot can go on with the key that PCR 15 names. The key is in memory
 * all the while, in a file that has no name.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include "identity.h"

/* Nothing happens where there is no systemd that listens. */
void notify(const char *state);

/* ATTEST_E_IO: there is no systemd, or the key cannot be handed over. */
attest_status keep_identity(const struct identity *identity, struct attest_error *error);
/* *ret_kept is false where systemd kept none. What was kept is read and closed. */
attest_status kept_identity(struct identity *ret_identity, bool *ret_kept, struct attest_error *error);
/* Have systemd forget what it kept. */
void forget_identity(void);

#endif
