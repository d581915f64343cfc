/* SPDX-License-Identifier: Apache-2.0 */
/* swtpm(8) */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

enum {
	ROOT_DAYS = 30,
	START_TRIES = 500,
	START_PAUSE = 10000000, /* nanoseconds between them */
	NOT_FOUND = 127,        /* as a shell says it */
};

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

static void remove_folder(const char *folder)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

__attribute__((noreturn)) static void run_swtpm(const char *folder, pid_t parent)
{
	char state[DEMO_PATH_SIZE + 32], server[DEMO_PATH_SIZE + 32], control[DEMO_PATH_SIZE + 32];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it was gone before the kernel heard of our wish */
		_exit(NOT_FOUND);
	(void)snprintf(state, sizeof(state), "dir=%s", folder);
	(void)snprintf(server, sizeof(server), "type=unixio,path=%s/tpm", folder);
	(void)snprintf(control, sizeof(control), "type=unixio,path=%s/tpm.ctrl", folder);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	(void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server, "--ctrl", control,
		     "--flags", "not-need-init,startup-clear", (char *)NULL);
	_exit(NOT_FOUND);
}

/* Wait for the other end of the leash to be let go, by whatever end the server comes to. */
__attribute__((noreturn)) static void keep(const char *folder, int leash)
{
	pid_t self = getpid(), swtpm;
	char byte;

	/* What else the server has open, such as a TLS key that systemd kept, is neither for this process nor for
	 * swtpm. */
	leash = dup2(leash, STDERR_FILENO + 1);
	(void)close_range(STDERR_FILENO + 2, UINT_MAX, 0);
	(void)fcntl(leash, F_SETFD, FD_CLOEXEC);
	(void)setsid(); /* an interrupt at the terminal is for the server, which tells us */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	swtpm = fork();
	if (swtpm == 0) {
		(void)signal(SIGTERM, SIG_DFL);
		run_swtpm(folder, self);
	}
	while (read(leash, &byte, 1) < 0 && errno == EINTR)
		;
	if (swtpm > 0) {
		(void)kill(swtpm, SIGKILL);
		(void)waitpid(swtpm, NULL, 0);
	}
	remove_folder(folder);
	_exit(0);
}

/* That its file is there does not say that somebody listens. */
static bool is_listening(const char *folder, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.*s/%s", DEMO_PATH_SIZE, folder, name);
	is = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	if (fd >= 0)
		(void)close(fd);
	return is;
}

static bool wait_for_sockets(const char *folder)
{
	const struct timespec pause = {.tv_nsec = START_PAUSE};

	for (int i = 0; i < START_TRIES; i++) {
		if (is_listening(folder, "tpm") && is_listening(folder, "tpm.ctrl"))
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static attest_status write_root(const char *path, X509 *certificate, struct attest_error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;
	attest_status status;

	if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1)
		len = BIO_get_mem_data(bio, &text);
	status = len <= 0 ? fail_memory(error) : file_write(path, slice_of(text, (size_t)len), 0644, error);
	BIO_free(bio);
	return status;
}

static attest_status start_keeper(struct demo *demo, struct attest_error *error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return file_fail(error, demo->folder, "no pipe could be made");
	demo->keeper = fork();
	if (demo->keeper == 0) {
		(void)close(ends[1]);
		keep(demo->folder, ends[0]);
	}
	(void)close(ends[0]);
	demo->leash = ends[1];
	if (demo->keeper < 0)
		return file_fail(error, demo->folder, "no process could be started");
	if (wait_for_sockets(demo->folder))
		return ATTEST_OK;
	return fail(error, ATTEST_E_IO, NULL, "swtpm did not start; --demo needs the package swtpm");
}

static attest_status make_folder(struct demo *demo, struct attest_error *error)
{
	const char *base = getenv("TMPDIR");
	int len = snprintf(demo->folder, sizeof(demo->folder), "%s/attest-demo-XXXXXX",
			   base == NULL || base[0] != '/' ? "/tmp" : base);

	/* The name of a socket has at most 107 bytes. */
	if (len < 0 || (size_t)len >= sizeof(demo->folder)) {
		demo->folder[0] = '\0';
		return fail(error, ATTEST_E_IO, NULL, "TMPDIR is too long for the sockets of --demo");
	}
	if (mkdtemp(demo->folder) == NULL) {
		attest_status status = file_fail(error, demo->folder, "the folder of --demo cannot be made");

		demo->folder[0] = '\0';
		return status;
	}
	return ATTEST_OK;
}

attest_status demo_start(const char *root_path, struct demo *ret_demo, struct attest_error *error)
{
	struct demo demo = {.leash = -1};
	attest_status status = make_folder(&demo, error);

	if (status == ATTEST_OK)
		status = start_keeper(&demo, error);
	if (status == ATTEST_OK)
		status = issue_root("libattest DEMO root (software TPM: proves nothing)", ROOT_DAYS, &demo.ca, error);
	if (status == ATTEST_OK && root_path != NULL)
		status = write_root(root_path, demo.ca.certificate, error);
	if (status != ATTEST_OK) {
		demo_stop(&demo);
		return status;
	}
	(void)snprintf(demo.tcti, sizeof(demo.tcti), "swtpm:path=%s/tpm", demo.folder);
	*ret_demo = demo;
	return ATTEST_OK;
}

void demo_stop(struct demo *demo)
{
	if (demo->leash >= 0)
		(void)close(demo->leash);
	if (demo->keeper > 0)
		(void)waitpid(demo->keeper, NULL, 0);
	else if (demo->folder[0] != '\0')
		remove_folder(demo->folder);
	X509_free(demo->ca.certificate);
	EVP_PKEY_free(demo->ca.key);
	*demo = (struct demo){.leash = -1};
}
