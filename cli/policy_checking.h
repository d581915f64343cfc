/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_checking.h - what verbs that look at proofs share: roots, a nonce, and the time.
 */
#ifndef CLI_POLICY_CHECKING_H
#define CLI_POLICY_CHECKING_H

#include "policy.h"

/* How proofs are verified, as the options say. */
struct checking {
	attest_verifier *verifier;
	struct attest_options options;
	const char *root_purpose;
	uint8_t nonce[NONCE_SIZE];
};

#define CHECKING_USAGE                                                                                                 \
	"      --root FILE          trust these certificates too: PEM, DER or a directory; repeatable\n"               \
	"      --root-purpose OID   extended key usage that AK certificates under --root must have\n"                  \
	"      --at TIME            verify as of this time (default: now)\n"

/* The options of CHECKING_USAGE, for getopt_long(). */
enum { OPT_ROOT = 512, OPT_ROOT_PURPOSE, OPT_AT };
#define CHECKING_OPTIONS                                                                                               \
	{"root", required_argument, NULL, OPT_ROOT}, {"root-purpose", required_argument, NULL, OPT_ROOT_PURPOSE},      \
	{                                                                                                              \
		"at", required_argument, NULL, OPT_AT                                                                  \
	}

/* 0 or the exit code, as all of these. */
int checking_begin(struct checking *c);
int checking_take(struct checking *c, int option, const char *value);
int checking_add_policy(struct checking *c, const char *path);
void checking_end(struct checking *c);

#endif
