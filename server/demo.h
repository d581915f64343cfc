/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo.h - a software TPM and a CA of its own, for trying things out. It proves nothing: whoever runs it can make it
 * say anything, and every proof says so.
 */
#ifndef SERVER_DEMO_H
#define SERVER_DEMO_H

#include <sys/types.h>

#include "issue.h"

enum { DEMO_PATH_SIZE = 96 };

/* Zero it to start. */
struct demo {
	char folder[DEMO_PATH_SIZE]; /* holds the TPM's state and sockets; gone with the server */
	char tcti[DEMO_PATH_SIZE + 16];
	struct issuer ca;
	pid_t keeper; /* the process that ends swtpm and removes the folder when this one is gone, however it ends */
	int leash;    /* a pipe to it; closed by the kernel if nobody else does */
};

/* To be called while there is one thread. `root_path`: where the CA's certificate is written, or NULL. */
attest_status demo_start(const char *root_path, struct demo *ret_demo, struct attest_error *error);
void demo_stop(struct demo *demo);

#endif
