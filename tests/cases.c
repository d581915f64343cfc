/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every case folder through the C interface: verdict, all ten step statuses, what a careless caller relies on, and what
 * a refusal says. `cases --explain [FOLDER]` prints the latter for testdata/explanations.py.
 */
#include <dirent.h>

#include "case.inc.c"

/* Explanations. */

static void put(json_t *object, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		(void)json_object_set_new(object, key, json_string(text));
}

/* What refuses the proof or keeps it from a verdict, and what to do: all that people get to read of it. */
static json_t *explanations(const attest_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < attest_result_n_findings(r); i++) {
		const struct attest_finding *f = attest_result_finding(r, i);
		json_t *one;

		if (!f->is_error && f->status != ATTEST_E_INCONCLUSIVE &&
		    (f->step != ATTEST_STEP_POLICY || f->status != ATTEST_E_EVENT))
			continue;
		one = json_object();
		put(one, "step", attest_step_name(f->step));
		put(one, "where", f->where);
		put(one, "message", f->message);
		put(one, "expected", f->expected);
		put(one, "found", f->found);
		put(one, "next", f->hint);
		(void)json_array_append_new(list, one);
	}
	return list;
}

/* A policy, root or reference that is none. */
static json_t *explanation_of(const struct attest_error *e)
{
	json_t *list = json_array(), *one = json_object();

	put(one, "where", e->where);
	put(one, "message", e->message);
	put(one, "expected", e->expected);
	put(one, "found", e->found);
	(void)json_array_append_new(list, one);
	return list;
}

/* '*' stands for what is another with each generation of the test data, such as a digest. */
static bool matches(const char *pattern, const char *text)
{
	for (; *pattern != '*'; pattern++, text++) {
		if (*pattern != *text)
			return false;
		if (*text == '\0')
			return true;
	}
	for (;; text++) {
		if (matches(pattern + 1, text))
			return true;
		if (*text == '\0')
			return false;
	}
}

static bool tells(json_t *expected, json_t *told)
{
	const char *key;
	json_t *value;

	if (json_object_size(expected) != json_object_size(told))
		return false;
	json_object_foreach (expected, key, value) {
		const char *text = json_string_value(json_object_get(told, key));

		if (text == NULL || !matches(json_string_value(value), text))
			return false;
	}
	return true;
}

/* The case's own words for what is wrong and what to do; takes `told`. */
static bool explains_otherwise(const json_t *json, json_t *told, char *why, size_t size)
{
	json_t *expected = json_object_get(json_object_get(json, "expect"), "explanations");
	bool same = json_array_size(expected) == json_array_size(told) && json_array_size(told) > 0;

	for (size_t i = 0; same && i < json_array_size(told); i++)
		same = tells(json_array_get(expected, i), json_array_get(told, i));
	if (!same) {
		char *text = json_dumps(told, JSON_COMPACT);

		(void)snprintf(why, size, "it is explained with %s%s", text,
			       expected == NULL ? ", and the case has no explanations: testdata/explanations.py" : "");
		free(text);
	}
	json_decref(told);
	return !same;
}

/* Verdicts. */

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

static bool is_usage(const struct test_case *c)
{
	return json_integer_value(json_object_get(json_object_get(c->json, "expect"), "exit")) == 2;
}

static bool run_case(struct test_case *c, char *why, size_t size)
{
	struct attest_error error = {0};
	attest_result *result = NULL;
	attest_status status;
	bool ok;

	if (c->verifier == NULL || is_usage(c)) {
		(void)snprintf(why, size, "the policy was not judged as expected");
		return c->verifier == NULL && is_usage(c) &&
		       !explains_otherwise(c->json, explanation_of(&c->refusal), why, size);
	}
	status = case_verify(c, &result, &error);
	ok = result != NULL && !differs(c, result, status, &error, why, size) &&
	     !blames_another(c->json, result, why, size) &&
	     (status == ATTEST_OK || !explains_otherwise(c->json, explanations(result), why, size));
	attest_result_free(result);
	return ok;
}

static json_t *explain_case(struct test_case *c)
{
	attest_result *result = NULL;
	json_t *told;

	if (c->verifier == NULL)
		return explanation_of(&c->refusal);
	told = case_verify(c, &result, NULL) == ATTEST_OK || result == NULL ? NULL : explanations(result);
	attest_result_free(result);
	return told;
}

int main(int argc, char **argv)
{
	bool explain = argc > 1 && strcmp(argv[1], "--explain") == 0;
	const char *directory = argc > 1 + explain ? argv[1 + explain] : "tests/cases";
	struct dirent **entries = NULL;
	json_t *explained = json_object();
	int n = scandir(directory, &entries, NULL, alphasort), n_passed = 0, n_failed = 0;

	(void)setenv("TSS2_LOG", "all+NONE", 0);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		struct test_case c;
		char why[4096] = "no result";

		if (name[0] != '.') {
			case_load(&c, directory, name);
			if (explain) {
				(void)json_object_set_new(explained, name, explain_case(&c));
			} else if (run_case(&c, why, sizeof(why))) {
				n_passed++;
			} else {
				n_failed++;
				(void)printf("FAILED %s: %s\n", name, why);
			}
			case_free(&c);
		}
		free(entries[i]);
	}
	free(entries);
	if (explain)
		(void)json_dumpf(explained, stdout, 0);
	else
		(void)printf("cases in C: %d passed, %d failed\n", n_passed, n_failed);
	json_decref(explained);
	return !explain && (n_failed != 0 || n_passed == 0);
}
