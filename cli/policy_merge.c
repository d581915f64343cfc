/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>

#include "policy_document.h"

static const char usage[] =
	"Usage: attest-policy merge --until TIME OLD NEW\n"
	"Print a policy for the time of a rolling update: what OLD lets run is allowed until TIME, what\n"
	"NEW lets run also after it. One of the two may be - for standard input.\n\n"
	"  -u, --until TIME   RFC 3339, a date (its first second, UTC), or seconds since 1970\n"
	"  -h, --help         this text\n";

static const struct option options[] = {
	{"until", required_argument, NULL, 'u'},
	{"help",  no_argument,       NULL, 'h'},
	{NULL,    0,                 NULL, 0  },
};

static int merge(const char *old_name, const char *new_name, int64_t until)
{
	struct attest_document old = {NULL, 0, NULL}, new = {NULL, 0, NULL};
	struct attest_error e;
	char *json = NULL;
	int rc = document_read(old_name, &old);

	if (rc == 0)
		rc = document_read(new_name, &new);
	if (rc == 0)
		rc = attest_policy_merge(&old, &new, until, &json, &e) == ATTEST_OK ? print_made(json)
										    : failed("merge", &e);
	document_free(&old);
	document_free(&new);
	return rc;
}

int policy_merge(int argc, char **argv)
{
	bool has_until = false;
	int64_t until = 0;
	int option, rc;

	while ((option = getopt_long(argc, argv, "u:h", options, NULL)) != -1) {
		if (option != 'u') {
			(void)fputs(option == 'h' ? usage : "", stdout);
			return option == 'h' ? finish_output() : EXIT_USAGE;
		}
		if (attest_time_parse(optarg, &until) != ATTEST_OK)
			return wrong("--until", optarg, "an RFC 3339 time, a date, or seconds since 1970");
		has_until = true;
	}
	if (!has_until)
		return wrong("--until", "", "a time");
	rc = expect_files(argc, 2, "an old and a new policy");
	return rc != 0 ? rc : merge(argv[optind], argv[optind + 1], until);
}
