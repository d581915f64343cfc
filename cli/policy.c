/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-policy: make, read and question policies (docs/policy.md). Reads files and the clock; libattest does the rest.
 */
#include "policy.h"

#include <string.h>

const char program[] = "attest-policy";

static const struct verb verbs[] = {
	{"derive",  "make a policy of known-good proofs",                        policy_derive },
	{"predict", "make a policy of an image that has never booted",           policy_predict},
	{"explain", "say why a proof is refused, and what would have to change", policy_explain},
	{"test",    "hold a folder of proofs against a policy",                  policy_test   },
	{"show",    "say in words what a policy accepts",                        policy_show   },
	{"lint",    "say what is doubtful about a policy",                       policy_lint   },
	{"diff",    "say what one policy accepts and another does not",          policy_diff   },
	{"merge",   "allow an old and a new release both, until a date",         policy_merge  },
	{"convert", "make a policy of what BlindLlama and AICert shipped",       policy_convert},
	{"sign",    "sign a policy with a private key",                          policy_sign   },
	{"verify",  "check who signed a policy, and print it",                   policy_verify },
	{NULL,      NULL,							NULL          },
};

static int help(void)
{
	(void)fputs("Usage: attest-policy VERB [OPTION]... [FILE]...\n"
		    "Make, read and question policies: what a machine may run, for attest-verify --policy.\n\n",
		    stdout);
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		(void)printf("  %-10s %s\n", verb->name, verb->summary);
	(void)fputs("\n"
		    "  -h, --help      this text; attest-policy VERB --help has the options of a verb\n"
		    "  -V, --version   the version\n"
		    "\n"
		    "Exit codes: 0 done, or yes; 1 no (each verb says what); 2 usage or input/output error.\n"
		    "The manual page attest-policy(1) has examples.\n",
		    stdout);
	return finish_output();
}

int main(int argc, char **argv)
{
	common_start();
	if (argc < 2)
		return wrong("VERB", "", "what to do");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)printf("attest-policy (libattest) %s\n", attest_version());
		return finish_output();
	}
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		if (strcmp(argv[1], verb->name) == 0)
			return verb->run(argc - 1, argv + 1);
	return wrong("VERB", argv[1], "one of those that --help lists");
}
