/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "policy_checking.h"

static const char usage[] =
	"Usage: attest-policy test [OPTION]... FOLDER\n"
	"Hold the proofs in FOLDER/verified, FOLDER/refused and FOLDER/inconclusive against policies: each must come "
	"out\n"
	"as the name of its folder says.\n\n"
	"  -p, --policy FILE        the policy; repeatable\n" CHECKING_USAGE "  -h, --help               this text\n\n"
	"Exit codes: 0 all are as expected; 1 one is not; 2 usage or input/output error.\n";

static const struct option options[] = {
	{"policy", required_argument, NULL, 'p'},
	{"help",   no_argument,       NULL, 'h'},
	CHECKING_OPTIONS,
	{NULL,     0,                 NULL, 0  },
};

struct test {
	const struct checking *checking;
	attest_verdict expected;
	size_t n_right, n_wrong;
};

static void tell(const char *path, attest_verdict expected, attest_verdict found, const attest_result *result)
{
	(void)printf("%-8s %s", expected == found ? "ok" : "WRONG", attest_verdict_name(found));
	(void)fputs("  ", stdout);
	put_name(stdout, path);
	(void)fputc('\n', stdout);
	for (size_t i = 0; expected != found && i < attest_result_n_findings(result); i++) {
		const struct attest_finding *f = attest_result_finding(result, i);

		if (f->is_error)
			(void)printf("           %s%s%s\n", f->where == NULL ? "" : f->where,
				     f->where == NULL ? "" : ": ", f->message);
	}
}

static int test_file(const char *path, void *arg)
{
	struct test *test = arg;
	attest_result *result = NULL;
	attest_verdict found;
	struct attest_error e;
	struct input in;
	int rc = input_read(path, &in);

	if (rc != 0)
		return unreadable(path, rc);
	(void)attest_verify(test->checking->verifier, &test->checking->options, in.data, in.len, &result, &e);
	input_free(&in);
	if (result == NULL)
		return failed(path, &e);
	found = attest_result_verdict(result);
	tell(path, test->expected, found, result);
	test->n_right += found == test->expected;
	test->n_wrong += found != test->expected;
	attest_result_free(result);
	return 0;
}

static int test_folder(struct test *test, const char *folder, attest_verdict expected)
{
	size_t size = strlen(folder) + 20;
	char *path = malloc(size);
	int rc = 0;

	if (path == NULL) {
		(void)fprintf(stderr, "%s: out of memory\n", program);
		return EXIT_USAGE;
	}
	(void)snprintf(path, size, "%s/%s", folder, attest_verdict_name(expected));
	test->expected = expected;
	if (input_is_directory(path))
		rc = input_each(path, test_file, test);
	if (rc < 0)
		rc = unreadable(path, -rc);
	free(path);
	return rc;
}

static int test_all(const struct checking *c, const char *folder)
{
	struct test test = {.checking = c};
	int rc = test_folder(&test, folder, ATTEST_VERIFIED);

	if (rc == 0)
		rc = test_folder(&test, folder, ATTEST_REFUSED);
	if (rc == 0)
		rc = test_folder(&test, folder, ATTEST_INCONCLUSIVE);
	if (rc == 0 && test.n_right + test.n_wrong == 0)
		rc = wrong("FOLDER", folder, "a folder with proofs in verified/, refused/ or inconclusive/");
	if (rc != 0)
		return rc;
	(void)printf("%zu as expected, %zu not\n", test.n_right, test.n_wrong);
	rc = finish_output();
	return rc != 0 ? rc : test.n_wrong > 0 ? EXIT_NO : 0;
}

int policy_test(int argc, char **argv)
{
	struct checking c;
	int option, rc = checking_begin(&c);

	while (rc == 0 && (option = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			checking_end(&c);
			return finish_output();
		}
		rc = option == '?'   ? EXIT_USAGE
		     : option == 'p' ? checking_add_policy(&c, optarg)
				     : checking_take(&c, option, optarg);
	}
	if (rc == 0 && argc - optind != 1)
		rc = wrong("FOLDER", argc == optind ? "" : argv[optind + 1], "one folder");
	if (rc == 0)
		rc = test_all(&c, argv[optind]);
	checking_end(&c);
	return rc;
}
