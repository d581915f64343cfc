/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "policy_checking.h"
#include "policy_document.h"

static const char usage[] =
	"Usage: attest-policy derive [OPTION]... PROOF...\n"
	"Make a policy of what known-good proofs have in common, on standard output. Each proof is verified first.\n\n"
	"  -t, --tier TIER          pins: values of PCRs alone; events: rules for every PCR that logs explain; "
	"without\n"
	"                           it, pins where the proofs agree and rules where they differ\n" CHECKING_USAGE
	"  -h, --help               this text\n\n"
	"Exit codes: 0 done; 1 a proof does not verify; 2 usage or input/output error.\n";

static const struct option options[] = {
	{"tier", required_argument, NULL, 't'},
	{"help", no_argument,       NULL, 'h'},
	CHECKING_OPTIONS,
	{NULL,   0,                 NULL, 0  },
};

static int take_tier(const char *value, unsigned *ret_flags)
{
	if (strcmp(value, "pins") == 0)
		*ret_flags = ATTEST_DERIVE_PINS;
	else if (strcmp(value, "events") == 0)
		*ret_flags = ATTEST_DERIVE_EVENTS;
	else
		return wrong("--tier", value, "pins or events");
	return 0;
}

/* What says that a proof was looked at and is not good, or that it is none. */
static int code_of(attest_status status)
{
	return attest_status_category(status) == ATTEST_CATEGORY_USAGE ? EXIT_USAGE : EXIT_NO;
}

static int derive_files(const struct checking *c, unsigned flags, const struct attest_document *proofs, size_t n)
{
	struct attest_error e;
	char *json = NULL;
	attest_status status = attest_policy_derive(c->verifier, &c->options, proofs, n, flags, &json, &e);

	if (status != ATTEST_OK) {
		(void)failed("derive", &e);
		return code_of(status);
	}
	return print_made(json);
}

static int read_and_derive(const struct checking *c, unsigned flags, char **names, size_t n)
{
	struct attest_document *proofs = calloc(n + 1, sizeof(*proofs));
	int rc = 0;

	if (proofs == NULL) {
		(void)fprintf(stderr, "%s: out of memory\n", program);
		rc = EXIT_USAGE;
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = document_read(names[i], &proofs[i]);
	if (rc == 0)
		rc = derive_files(c, flags, proofs, n);
	for (size_t i = 0; proofs != NULL && i < n; i++)
		document_free(&proofs[i]);
	free(proofs);
	return rc;
}

int policy_derive(int argc, char **argv)
{
	struct checking c;
	unsigned flags = 0;
	int option, rc = checking_begin(&c);

	while (rc == 0 && (option = getopt_long(argc, argv, "t:h", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			checking_end(&c);
			return finish_output();
		}
		rc = option == '?'   ? EXIT_USAGE
		     : option == 't' ? take_tier(optarg, &flags)
				     : checking_take(&c, option, optarg);
	}
	if (rc == 0 && optind == argc)
		rc = wrong("PROOF", "", "at least one proof");
	if (rc == 0)
		rc = read_and_derive(&c, flags, argv + optind, (size_t)(argc - optind));
	checking_end(&c);
	return rc;
}
