/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.h - one thread takes the signals, so that no handler runs anywhere: SIGTERM and SIGINT stop the server,
 * SIGHUP reads its certificate again.
 */
#ifndef SERVER_SIGNALS_H
#define SERVER_SIGNALS_H

#include "chain_file.h"
#include "listener.h"

/* Before any other thread is started. Until signals_serve() a signal to stop ends the process. */
attest_status signals_begin(struct attest_error *error);
/* `chain` may be NULL. */
void signals_serve(struct listener *listener, struct chain_file *chain);
/* Before what signals_serve() was given is freed. */
void signals_end(void);

#endif
