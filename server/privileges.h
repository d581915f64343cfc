/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges.h - what the server does not need once everything is open.
 */
#ifndef SERVER_PRIVILEGES_H
#define SERVER_PRIVILEGES_H

#include "base/error.h"

/* No core file and no reading of this process's memory by others of its user: both would have the TLS key. No new
 * privileges by exec. */
void privileges_begin(void);
/* Become this user and its groups, for good. ATTEST_E_IO. */
attest_status privileges_drop(const char *user, struct attest_error *error);

#endif
