/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy_checking.h"
#include "policy_document.h"

static const char usage[] =
	"Usage: attest-policy explain [OPTION]... PROOF\n"
	"Say why a proof is refused: what is not as it should be, where, and what would have to change.\n\n"
	"  -p, --policy FILE        hold it against this policy; repeatable\n"
	"  -n, --nonce HEX          the nonce that the proof was asked with\n" CHECKING_USAGE
	"  -j, --json               one JSON object instead of text\n"
	"  -h, --help               this text\n\n"
	"Exit codes: 0 there is nothing to explain, it is verified; 1 explained; 2 usage or input/output error.\n";

static const struct option options[] = {
	{"policy", required_argument, NULL, 'p'},
	{"nonce",  required_argument, NULL, 'n'},
	{"json",   no_argument,       NULL, 'j'},
	{"help",   no_argument,       NULL, 'h'},
	CHECKING_OPTIONS,
	{NULL,     0,                 NULL, 0  },
};

static void put_line(const char *what, const json_t *value)
{
	if (json_is_string(value))
		(void)printf("    %-9s %s\n", what, json_string_value(value));
}

static void put_events(const json_t *events)
{
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);
		const char *says = json_string_value(json_object_get(event, "says"));

		(void)printf("    %-9s %4lld  %s%s\n", i == 0 ? "measured" : "",
			     (long long)json_integer_value(json_object_get(event, "event")),
			     says != NULL ? says : json_string_value(json_object_get(event, "digest")),
			     json_is_true(json_object_get(event, "proven")) ? "" : " (claimed)");
	}
}

static void put_explanation(size_t i, const json_t *e)
{
	(void)printf("\n%2zu  %s: %s\n", i + 1, json_string_value(json_object_get(e, "step")),
		     json_string_value(json_object_get(e, "message")));
	put_line("where", json_object_get(e, "where"));
	put_line("expected", json_object_get(e, "expected"));
	put_line("found", json_object_get(e, "found"));
	put_events(json_object_get(e, "events"));
	put_line("to do", json_object_get(e, "next"));
	put_line("clause", json_object_get(e, "clause"));
}

static int show(const char *name, const char *text, bool as_json)
{
	json_t *root = json_loads(text, 0, NULL);
	const json_t *all = json_object_get(root, "explanations");
	bool verified = strcmp(json_string_value(json_object_get(root, "verdict")), "verified") == 0;
	int rc;

	if (as_json) {
		(void)printf("%s\n", text);
	} else {
		(void)printf("%s  ", json_string_value(json_object_get(root, "verdict")));
		put_name(stdout, name);
		(void)printf("%s\n", verified ? ": there is nothing to explain" : "");
		for (size_t i = 0; i < json_array_size(all); i++)
			put_explanation(i, json_array_get(all, i));
	}
	json_decref(root);
	rc = finish_output();
	return rc != 0 ? rc : verified ? 0 : EXIT_NO;
}

static int explain(const struct checking *c, const char *path, bool as_json)
{
	struct attest_document proof;
	struct attest_error e;
	char *text = NULL;
	int rc = document_read(path, &proof);

	if (rc != 0)
		return rc;
	rc = attest_policy_explain(c->verifier, &c->options, &proof, &text, &e) == ATTEST_OK ? show(path, text, as_json)
											     : failed(path, &e);
	attest_string_free(text);
	document_free(&proof);
	return rc;
}

int policy_explain(int argc, char **argv)
{
	struct checking c;
	bool as_json = false;
	int option, rc = checking_begin(&c);

	while (rc == 0 && (option = getopt_long(argc, argv, "p:n:jh", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			checking_end(&c);
			return finish_output();
		}
		as_json = as_json || option == 'j';
		if (option != 'j')
			rc = option == '?'   ? EXIT_USAGE
			     : option == 'p' ? checking_add_policy(&c, optarg)
			     : option == 'n' ? take_nonce(optarg, c.nonce, &c.options)
					     : checking_take(&c, option, optarg);
	}
	if (rc == 0 && argc - optind != 1)
		rc = wrong("PROOF", argc == optind ? "" : argv[optind + 1], "one proof");
	if (rc == 0)
		rc = explain(&c, argv[optind], as_json);
	checking_end(&c);
	return rc;
}
