/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every case folder through the C interface: verdict, all ten step statuses, and what a careless caller relies on.
 */
#include <dirent.h>

#include "case.inc.c"

/* What differs from the expected account, into `why`; false if nothing does. */
static bool differs(struct test_case *c, const attest_result *r, attest_status status, const struct attest_error *error,
		    char *why, size_t size)
{
	json_t *expect = json_object_get(c->json, "expect"), *steps = json_object_get(expect, "steps");
	const char *verdict = json_string_value(json_object_get(expect, "verdict"));
	bool verified = attest_result_verdict(r) == ATTEST_VERIFIED;

	if (verdict == NULL || strcmp(attest_verdict_name(attest_result_verdict(r)), verdict) != 0) {
		(void)snprintf(why, size, "verdict %s, expected %s", attest_verdict_name(attest_result_verdict(r)),
			       verdict);
		return true;
	}
	for (size_t i = 0; i < ATTEST_N_STEPS; i++) {
		const char *name = attest_step_name((attest_step)i);
		const char *got = attest_step_status_name(attest_result_step(r, (attest_step)i));
		const char *want = json_string_value(json_object_get(steps, name));

		if (want == NULL || strcmp(got, want) != 0) {
			(void)snprintf(why, size, "step %s %s, expected %s", name, got, want);
			return true;
		}
	}
	if (verified != (status == ATTEST_OK) || status != attest_result_status(r) ||
	    (!verified && error->status != status)) {
		(void)snprintf(why, size, "status %s does not fit the verdict", attest_status_name(status));
		return true;
	}
	if (attest_result_pin(r) != NULL && !verified) {
		(void)snprintf(why, size, "a pin without a verified proof");
		return true;
	}
	return false;
}

/* A refusal names the step: at least one error finding of the step that alone refuses, and none of another. */
static bool blames_another(const json_t *json, const attest_result *r, char *why, size_t size)
{
	const char *only = json_string_value(json_object_get(json_object_get(json, "expect"), "only"));
	size_t n = 0;

	if (only == NULL)
		return false;
	for (size_t i = 0; i < attest_result_n_findings(r); i++) {
		const struct attest_finding *f = attest_result_finding(r, i);

		if (!f->is_error)
			continue;
		n++;
		if (strcmp(attest_step_name(f->step), only) != 0) {
			(void)snprintf(why, size, "an error of step %s: %s", attest_step_name(f->step), f->message);
			return true;
		}
	}
	if (n == 0)
		(void)snprintf(why, size, "no finding says why");
	return n == 0;
}

static bool run_case(const char *directory, const char *name)
{
	struct attest_error error = {0};
	attest_result *result = NULL;
	struct test_case c;
	char why[512] = "";
	bool usage, ok;

	case_load(&c, directory, name);
	usage = json_integer_value(json_object_get(json_object_get(c.json, "expect"), "exit")) == 2;
	if (c.verifier == NULL || usage) {
		ok = c.verifier == NULL && usage;
		(void)snprintf(why, sizeof(why), "the policy was %s", ok ? "refused" : "not judged as expected");
	} else {
		attest_status status = case_verify(&c, &result, &error);

		ok = result != NULL && !differs(&c, result, status, &error, why, sizeof(why)) &&
		     !blames_another(c.json, result, why, sizeof(why));
	}
	if (!ok)
		(void)printf("FAILED %s: %s\n", name, why);
	attest_result_free(result);
	case_free(&c);
	return ok;
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : "tests/cases";
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, NULL, alphasort), n_passed = 0, n_failed = 0;

	(void)setenv("TSS2_LOG", "all+NONE", 0);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			if (run_case(directory, entries[i]->d_name))
				n_passed++;
			else
				n_failed++;
		}
		free(entries[i]);
	}
	free(entries);
	(void)printf("cases in C: %d passed, %d failed\n", n_passed, n_failed);
	return n_failed != 0 || n_passed == 0;
}
