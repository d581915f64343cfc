/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>

#include "policy_document.h"

static const char usage[] = "Usage: attest-policy convert [OPTION]... POLICY\n"
			    "Print golden measurements or a container map, as BlindLlama and AICert ship them, as a\n"
			    "libattest-policy-v1 with the same meaning. POLICY may be - for standard input.\n\n"
			    "  -h, --help   this text\n";

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{NULL,   0,           NULL, 0  },
};

int policy_convert(int argc, char **argv)
{
	struct attest_document document = {NULL, 0, NULL};
	struct attest_error e;
	char *json = NULL;
	int option, rc;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		(void)fputs(option == 'h' ? usage : "", stdout);
		return option == 'h' ? finish_output() : EXIT_USAGE;
	}
	rc = expect_files(argc, 1, "one policy");
	if (rc == 0)
		rc = document_read(argv[optind], &document);
	if (rc == 0)
		rc = attest_policy_convert(&document, &json, &e) == ATTEST_OK ? print_made(json)
									      : failed(argv[optind], &e);
	document_free(&document);
	return rc;
}
