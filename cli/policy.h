/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - the parts of attest-policy: a verb is one file policy_VERB.c and one line in policy.c's table.
 */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "common.h"
#include "input.h"

/* Exit codes beside 0 and EXIT_USAGE: what was asked is not so (a policy with faults, files that differ, a proof that
 * is refused). */
enum { EXIT_NO = 1 };

struct verb {
	const char *name;
	const char *summary; /* one line, for the list of verbs */
	/* As main(): argv[0] is the verb. Has its own --help. The exit code. */
	int (*run)(int argc, char **argv);
};

/* What sign and verify share: `use` what a policy is and what the option --key names, and print what comes of it. */
typedef attest_status (*key_fn)(const struct attest_document *policy, const void *key, size_t key_len, char **ret_text,
				struct attest_error *error);
typedef int (*exit_fn)(attest_status status); /* of a failure */
int policy_with_key(int argc, char **argv, const char *usage, key_fn use, exit_fn refused);

int policy_derive(int argc, char **argv);
int policy_explain(int argc, char **argv);
int policy_test(int argc, char **argv);
int policy_sign(int argc, char **argv);
int policy_verify(int argc, char **argv);
int policy_show(int argc, char **argv);
int policy_lint(int argc, char **argv);
int policy_diff(int argc, char **argv);
int policy_merge(int argc, char **argv);
int policy_convert(int argc, char **argv);
int policy_predict(int argc, char **argv);

#endif
