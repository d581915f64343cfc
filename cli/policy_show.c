/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <string.h>

#include "policy_document.h"

static const char usage[] = "Usage: attest-policy show [OPTION]... POLICY\n"
			    "Say in words what a policy accepts. POLICY may be - for standard input.\n\n"
			    "      --color WHEN   auto (default), always or never\n"
			    "  -h, --help         this text\n";

static const struct option options[] = {
	{"color", required_argument, NULL, 'c'},
	{"help",  no_argument,       NULL, 'h'},
	{NULL,    0,                 NULL, 0  },
};

/* Headings begin at the margin. */
static void print_colored(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (*text == ' ' || n == 0)
			(void)printf("%.*s\n", (int)n, text);
		else
			(void)printf("\033[1m%.*s\033[0m\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static int show(const char *name, const char *when)
{
	struct attest_document document = {NULL, 0, NULL};
	struct attest_error e;
	char *text = NULL;
	int rc = document_read(name, &document);

	if (rc == 0 && attest_policy_show(&document, &text, &e) != ATTEST_OK)
		rc = failed(name, &e);
	document_free(&document);
	if (rc != 0)
		return rc;
	if (!want_color(when))
		return print_made(text);
	print_colored(text);
	attest_string_free(text);
	return finish_output();
}

int policy_show(int argc, char **argv)
{
	const char *when = "auto";
	int option, rc;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option != 'c') {
			(void)fputs(option == 'h' ? usage : "", stdout);
			return option == 'h' ? finish_output() : EXIT_USAGE;
		}
		when = optarg;
		if (!is_color_word(when))
			return wrong("--color", when, "auto, always or never");
	}
	rc = expect_files(argc, 1, "one policy");
	return rc != 0 ? rc : show(argv[optind], when);
}
