/* SPDX-License-Identifier: Apache-2.0 */
#include "privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "files.h"

/* Neither core files nor the debugger of another process of the same user: both would have the TLS key. */
static void close_memory(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void privileges_begin(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	close_memory();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

attest_status privileges_drop(const char *user, struct attest_error *error)
{
	const struct passwd *entry = getpwnam(user);

	if (entry == NULL) {
		error_where(error, "%s", user);
		return fail(error, ATTEST_E_USAGE, NULL, "--user names no user of this system");
	}
	/* In this order: afterwards the earlier ones are forbidden. All threads change with this one. */
	if (initgroups(user, entry->pw_gid) != 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
		return file_fail(error, user, "attest-server cannot become this user; start it as root");
	close_memory(); /* fs.suid_dumpable may have opened it */
	if (entry->pw_uid != 0 && setuid(0) == 0)
		return fail(error, ATTEST_E_INTERNAL, NULL, "privileges were dropped and could be had again");
	return ATTEST_OK;
}
