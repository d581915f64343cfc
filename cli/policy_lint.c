/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "policy_document.h"

static const char usage[] = "Usage: attest-policy lint [OPTION]... POLICY\n"
			    "Say what is doubtful about a policy. POLICY may be - for standard input.\n\n"
			    "  -t, --at TIME      as of this time (RFC 3339, a date, or seconds); default: now\n"
			    "  -j, --json         one JSON array on a line\n"
			    "      --color WHEN   auto (default), always or never\n"
			    "  -h, --help         this text\n\n"
			    "Exit codes: 0 nothing but notes; 1 warnings or errors; 2 usage or input/output error.\n";

static const struct option options[] = {
	{"at",    required_argument, NULL, 't'},
	{"json",  no_argument,       NULL, 'j'},
	{"color", required_argument, NULL, 'c'},
	{"help",  no_argument,       NULL, 'h'},
	{NULL,    0,                 NULL, 0  },
};

struct settings {
	int64_t at;
	bool json;
	const char *color;
};

static const char *member(const json_t *finding, const char *name)
{
	const char *text = json_string_value(json_object_get(finding, name));

	return text == NULL ? "" : text;
}

/* The findings were made by the library: they are printable. */
static void print_findings(const json_t *findings, bool color)
{
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);
		const char *severity = member(finding, "severity");
		int code = strcmp(severity, "error") == 0 ? 31 : strcmp(severity, "warning") == 0 ? 33 : 36;

		if (color)
			(void)printf("\033[1;%dm%s\033[0m", code, severity);
		else
			(void)printf("%s", severity);
		(void)printf(" %s: %s [%s]\n", member(finding, "where"), member(finding, "message"),
			     member(finding, "id"));
		(void)printf("    %s\n", member(finding, "hint"));
	}
	if (json_array_size(findings) == 0)
		(void)puts("nothing is doubtful");
}

static bool only_notes(const json_t *findings)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		if (strcmp(member(json_array_get(findings, i), "severity"), "note") != 0)
			return false;
	return true;
}

static int print(char *json, const struct settings *s)
{
	json_t *findings = json_loads(json, 0, NULL);
	int rc = only_notes(findings) ? 0 : EXIT_NO;

	if (findings == NULL) {
		(void)fprintf(stderr, "%s: out of memory\n", program);
		rc = EXIT_USAGE;
	} else if (s->json) {
		(void)puts(json);
	} else {
		print_findings(findings, want_color(s->color));
	}
	json_decref(findings);
	attest_string_free(json);
	return finish_output() == 0 ? rc : EXIT_USAGE;
}

static int take_option(struct settings *s, int option)
{
	if (option == 't' && attest_time_parse(optarg, &s->at) != ATTEST_OK)
		return wrong("--at", optarg, "an RFC 3339 time, a date, or seconds since 1970");
	if (option == 'j')
		s->json = true;
	if (option == 'c')
		s->color = optarg;
	return is_color_word(s->color) ? 0 : wrong("--color", optarg, "auto, always or never");
}

int policy_lint(int argc, char **argv)
{
	struct settings s = {(int64_t)time(NULL), false, "auto"};
	struct attest_document document = {NULL, 0, NULL};
	struct attest_error e;
	char *json = NULL;
	int option, rc = 0;

	while (rc == 0 && (option = getopt_long(argc, argv, "t:jh", options, NULL)) != -1) {
		if (option == 'h' || option == '?') {
			(void)fputs(option == 'h' ? usage : "", stdout);
			return option == 'h' ? finish_output() : EXIT_USAGE;
		}
		rc = take_option(&s, option);
	}
	if (rc == 0)
		rc = expect_files(argc, 1, "one policy");
	if (rc == 0)
		rc = document_read(argv[optind], &document);
	if (rc == 0)
		rc = attest_policy_lint(&document, s.at, &json, &e) == ATTEST_OK ? print(json, &s)
										 : failed(argv[optind], &e);
	document_free(&document);
	return rc;
}
