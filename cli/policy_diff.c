/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <jansson.h>
#include <string.h>

#include "policy_document.h"

static const char usage[] = "Usage: attest-policy diff [OPTION]... A B\n"
			    "Say what policy B accepts that A does not, and the reverse. One of the two may be -.\n\n"
			    "  -j, --json         one JSON object on a line\n"
			    "      --color WHEN   auto (default), always or never\n"
			    "  -h, --help         this text\n\n"
			    "Exit codes: 0 the two mean the same; 1 they differ; 2 usage or input/output error.\n";

static const struct option options[] = {
	{"json",  no_argument,       NULL, 'j'},
	{"color", required_argument, NULL, 'c'},
	{"help",  no_argument,       NULL, 'h'},
	{NULL,    0,                 NULL, 0  },
};

struct settings {
	bool json;
	const char *color;
};

static const char *member(const json_t *difference, const char *name)
{
	const char *text = json_string_value(json_object_get(difference, name));

	return text == NULL ? "" : text;
}

static void print_lines(const json_t *lines, char sign)
{
	for (size_t i = 0; i < json_array_size(lines); i++)
		(void)printf("    %c %s\n", sign, json_string_value(json_array_get(lines, i)));
}

/* What the library says is printable. */
static void print_differences(const json_t *root, bool color)
{
	const json_t *list = json_object_get(root, "differences"), *rest = json_object_get(root, "not_listed");

	if (json_is_true(json_object_get(root, "equal")))
		(void)puts("the two mean the same");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *difference = json_array_get(list, i);
		const char *effect = member(difference, "effect");
		int code = strcmp(effect, "more") == 0 ? 31 : strcmp(effect, "less") == 0 ? 32 : 33;

		if (color)
			(void)printf("\033[1;%dm%s\033[0m", code, effect);
		else
			(void)printf("%s", effect);
		(void)printf(" %s: %s\n", member(difference, "member"), member(difference, "message"));
		print_lines(json_object_get(difference, "removed"), '-');
		print_lines(json_object_get(difference, "added"), '+');
	}
	if (rest != NULL)
		(void)printf("and %lld more differences\n", (long long)json_integer_value(rest));
}

static int print(char *json, const struct settings *s)
{
	json_t *root = json_loads(json, 0, NULL);
	int rc = json_is_true(json_object_get(root, "equal")) ? 0 : EXIT_NO;

	if (root == NULL) {
		(void)fprintf(stderr, "%s: out of memory\n", program);
		rc = EXIT_USAGE;
	} else if (s->json) {
		(void)puts(json);
	} else {
		print_differences(root, want_color(s->color));
	}
	json_decref(root);
	attest_string_free(json);
	return finish_output() == 0 ? rc : EXIT_USAGE;
}

static int diff(const char *a_name, const char *b_name, const struct settings *s)
{
	struct attest_document a = {NULL, 0, NULL}, b = {NULL, 0, NULL};
	struct attest_error e;
	char *json = NULL;
	int rc = document_read(a_name, &a);

	if (rc == 0)
		rc = document_read(b_name, &b);
	if (rc == 0)
		rc = attest_policy_diff(&a, &b, &json, &e) == ATTEST_OK ? print(json, s) : failed("diff", &e);
	document_free(&a);
	document_free(&b);
	return rc;
}

int policy_diff(int argc, char **argv)
{
	struct settings s = {false, "auto"};
	int option, rc;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		if (option == 'h' || option == '?') {
			(void)fputs(option == 'h' ? usage : "", stdout);
			return option == 'h' ? finish_output() : EXIT_USAGE;
		}
		if (option == 'j')
			s.json = true;
		else
			s.color = optarg;
		if (!is_color_word(s.color))
			return wrong("--color", s.color, "auto, always or never");
	}
	rc = expect_files(argc, 2, "two policies");
	return rc != 0 ? rc : diff(argv[optind], argv[optind + 1], &s);
}
