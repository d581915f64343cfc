/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "report.h"

static struct {
	pthread_mutex_t mutex;
	struct listener *listener;
	struct chain_file *chain;
	sigset_t set;
	pthread_t thread;
	bool ended;
} signals = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void act(int number)
{
	(void)pthread_mutex_lock(&signals.mutex);
	if (signals.ended) {
		/* what could be stopped is being stopped */
	} else if (number == SIGHUP) {
		if (signals.chain != NULL)
			chain_file_reload(signals.chain);
	} else if (signals.listener != NULL) {
		report("stopping");
		listener_stop(signals.listener);
	} else {
		report("stopped before the server was ready");
		_exit(EXIT_FAILURE); /* as after a kill: the next start sees from the log how far this one came */
	}
	(void)pthread_mutex_unlock(&signals.mutex);
}

static void *take(void *arg)
{
	int number;

	(void)arg;
	while (sigwait(&signals.set, &number) == 0)
		act(number);
	return NULL;
}

attest_status signals_begin(struct attest_error *error)
{
	(void)sigemptyset(&signals.set);
	(void)sigaddset(&signals.set, SIGTERM);
	(void)sigaddset(&signals.set, SIGINT);
	(void)sigaddset(&signals.set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &signals.set, NULL) != 0 ||
	    pthread_create(&signals.thread, NULL, take, NULL) != 0)
		return fail(error, ATTEST_E_INTERNAL, NULL, "the thread that takes signals cannot be started");
	(void)pthread_detach(signals.thread);
	return ATTEST_OK;
}

void signals_serve(struct listener *listener, struct chain_file *chain)
{
	(void)pthread_mutex_lock(&signals.mutex);
	signals.listener = listener;
	signals.chain = chain;
	(void)pthread_mutex_unlock(&signals.mutex);
}

void signals_end(void)
{
	(void)pthread_mutex_lock(&signals.mutex);
	signals.ended = true;
	(void)pthread_mutex_unlock(&signals.mutex);
}
