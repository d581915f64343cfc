/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

enum { FDS_MOST = 1024, CANNOT_RUN = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

static bool was_open[FDS_MOST];

void command_begin(void)
{
	for (int fd = 0; fd < FDS_MOST; fd++)
		was_open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* The TPM's socket is not the command's: not all of tpm2-tss marks its own. */
static void close_ours(void)
{
	for (int fd = STDERR_FILENO + 1; fd < FDS_MOST; fd++)
		if (!was_open[fd])
			(void)close(fd);
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : BY_SIGNAL + WTERMSIG(wait_status);
}

/* A terminal sends its signals to the command too; only those that were sent to us alone are passed on. */
static int wait_for(pid_t child, const sigset_t *signals)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (sigwaitinfo(signals, &info) < 0 && errno != EINTR)
			return CANNOT_RUN;
		if (info.si_signo != SIGCHLD && (info.si_code == SI_USER || info.si_code == SI_QUEUE))
			(void)kill(child, info.si_signo);
		if (info.si_signo == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
			return status_of(status);
	}
}

int command_run(char *const *argv)
{
	static const int passed[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	sigset_t signals, before;
	pid_t child;
	int status;

	(void)sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		(void)sigaddset(&signals, passed[i]);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	child = fork();
	if (child == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		close_ours();
		(void)execvp(argv[0], argv);
		report("%s: %s", argv[0], strerror(errno));
		_exit(errno == ENOENT ? NOT_FOUND : CANNOT_RUN);
	}
	if (child < 0) {
		report("no process could be started: %s", strerror(errno));
		status = CANNOT_RUN;
	} else {
		status = wait_for(child, &signals);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
